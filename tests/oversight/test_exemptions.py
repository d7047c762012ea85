"""Exemptions of a State against the limits of INFCIRC/153 paragraph 37."""

from __future__ import annotations

import datetime
from fractions import Fraction

import pytest

from cases.making import change
from keiryo.errors import UsageError
from keiryo.oversight.exemptions import Exemptions, exemptions, percent
from keiryo.oversight.register_entries import parse_amount
from keiryo.quantities import Category
from small_books import SmallBooks, area, batch

LAB = area(
    "bulk",
    batch("PU-1", _700="5000"),
    batch("HEU-1", _630="2000", _670="1800"),
    batch("LEU-1", _630="100000", _670="4000"),
    batch("DEP-1", _620="50000"),
    batch("NAT-1", _610="50000"),
)
PLUTONIUM = change("EQ", "20250110", "PU-1", "700:200")
HIGH = change("EQ", "20250111", "HEU-1", "630:500 670:450")
LOW = change("EQ", "20250112", "LEU-1", "630:20000 670:800")
MORE = change("EQ", "20250120", "LEU-1", "630:30000 670:1200")


def books(url: str) -> SmallBooks:
    return SmallBooks(url, XHFA=LAB, XHFB=LAB)


def board(kept: SmallBooks, on: str = "2025-12-31") -> Exemptions:
    with kept.database.reading() as connection:
        day = datetime.date.fromisoformat(on)
        return exemptions(connection, kept.database.metadata, day)


def test_worked_numbers(database_url: str) -> None:
    kept = books(database_url)
    kept.send("XHFA", 1, PLUTONIUM, HIGH, LOW)
    found = board(kept)
    limit = found.limits[0]
    assert (limit.letter, limit.counted_kg, limit.room_kg) == (
        "a",
        Fraction("0.81"),
        Fraction("0.19"),
    )
    assert limit.to_dict()["used_percent"] == "81.0"
    assert [c.counted_kg for c in found.quantity_entries] == [
        *(Fraction("0.2"), Fraction("0.45"), Fraction("0.16"))
    ]
    assert not found.findings
    # A further 30 kg at 4 % would be 1.05 kg; 23 kg fit.
    tried = found.trial([parse_amount("E:30000:1200")])
    assert tried.after[0].counted_kg == Fraction("1.05")
    assert (tried.fits, tried.exceeded) == (False, ("a",))
    assert found.trial([parse_amount("E:23000:920")]).fits
    assert found.trial([parse_amount("D:20000")]).fits
    assert not found.trial([parse_amount("D:20000.000001")]).fits
    assert tried.to_dict()["after"][0]["used_percent"] == "105.0"
    # When it is done all the same, it is a finding, from that day on.
    kept.send("XHFA", 2, MORE, date="20250310")
    (finding,) = board(kept).findings
    assert (finding.code, finding.mba, finding.report, finding.entry) == (
        *("EXEMPT-LIMIT", "XHFA", "2", 1),
    )
    assert "1.05 kg" in finding.message
    assert not board(kept, "2025-01-19").findings


def test_the_worst_day_counts_not_only_today(sqlite_url: str) -> None:
    kept = books(sqlite_url)
    back = change("DQ", "20250125", "LEU-1", "630:30000 670:1200")
    kept.send("XHFA", 1, PLUTONIUM, HIGH, LOW, MORE, back)
    found = board(kept)
    limit = found.limits[0]
    assert limit.counted_kg == Fraction("0.81")
    assert (limit.worst_kg, limit.worst_on) == (Fraction("1.05"), datetime.date(2025, 1, 20))
    assert [f.code for f in found.findings] == ["EXEMPT-LIMIT"]
    # Before the exemption of the 20th there seems to be room, but what is recorded later counts.
    early = board(kept, "2025-01-12")
    assert early.limits[0].room_kg == Fraction("0.19")
    assert not early.trial([parse_amount("P:100")]).fits


def test_the_limit_is_one_for_the_whole_state(sqlite_url: str) -> None:
    kept = books(sqlite_url)
    kept.send("XHFA", 1, change("EQ", "20250110", "PU-1", "700:600"))
    kept.send("XHFB", 1, change("EQ", "20250110", "PU-1", "700:400"))
    assert not board(kept).findings  # exactly 1 kg does not exceed it
    kept.send("XHFB", 2, change("EQ", "20250115", "PU-1", "700:0.001"), date="20250310")
    (finding,) = board(kept).findings
    assert finding.mba == "XHFB"


def test_natural_and_depleted_have_limits_of_their_own(sqlite_url: str) -> None:
    kept = books(sqlite_url)
    kept.send(
        "XHFA",
        1,
        change("EQ", "20250110", "NAT-1", "610:4000"),
        change("EQ", "20250110", "DEP-1", "620:6000 780:36000"),  # 0.6 %: counts under (b)
        change("EQ", "20250111", "DEP-1", "620:700 780:1400"),  # 0.2 %
        change("EQ", "20250112", "DEP-1", "620:300"),  # not stated: 0.5 % or less is assumed
    )
    found = board(kept)
    counted = {limit.letter: limit.counted_kg for limit in found.limits}
    assert counted == {"a": 0, "b": 10000, "c": 1000, "d": 0}
    assert [c.assumed for c in found.quantity_entries] == [False, False, False, True]
    assert not found.findings


def test_no_more_comes_back_than_was_exempted(sqlite_url: str) -> None:
    kept = books(sqlite_url)
    kept.send(
        "XHFA",
        1,
        change("EU", "20250110", "NAT-1", "610:10"),
        change("DQ", "20250111", "NAT-1", "610:10"),
    )
    kept.send("XHFB", 1, change("DU", "20250112", "NAT-1", "610:4"))
    (finding,) = board(kept).findings
    assert finding.code == "EXEMPT-LIMIT"
    assert "than the State had exempted on quantity (EQ)" in finding.message
    use = board(kept).to_dict()["use"]
    assert use == [{"category": "N", "element": "6", "unit": "kg", "fissile": None}]


@pytest.mark.parametrize(
    "text", ["", "E", "E:", "E:30000", "X:1:1", "E:1:2", "E:-1:0", "E:1e3:1", "P:1:0:0", "E:1:x"]
)
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_amount(text)
    assert "E:30000:1200" in refused.value.advice


def test_amounts_are_in_the_units_of_reports() -> None:
    assert parse_amount("E:30000:1200") == (Category.ENRICHED, 30_000_000, 1_200_000)
    assert parse_amount("D:1.5") == (Category.DEPLETED, 1_500_000, None)
    assert percent(Fraction(2, 3), Fraction(1)) == "66.7"
