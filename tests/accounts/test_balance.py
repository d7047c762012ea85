"""The material balance: its lines, its period, from when it is seen, and what was reported."""

from __future__ import annotations

import datetime

import pytest

from cases.making import change, line, listed
from keiryo.accounts.balance import state_balance
from keiryo.accounts.model import Knowledge
from keiryo.accounts.tables import resolved
from keiryo.dates import Period, utc_text
from keiryo.errors import NotFoundError, UsageError
from keiryo.journal.posting import system_clock
from small_books import PLANT, STORE, SmallBooks, area, batch

HALF = ("2025-01-01", "2025-06-30")
YEAR = "20250101/20251231"


@pytest.fixture
def plant(sqlite_url: str) -> SmallBooks:
    return SmallBooks(sqlite_url, XHFA=PLANT)


def grams(element: str, fissile: str) -> dict[str, dict[str, str]]:
    return {"E": {"element": element, "fissile": fissile}}


def test_increases_decreases_difference_and_category_change(database_url: str) -> None:
    books = SmallBooks(database_url, XHFA=PLANT)
    outcome = books.send(
        "XHFA", 1,
        change("GA", "20250103", "X-1", "630:10.5 670:0.5"),
        change("LD", "20250104", "X-2", "630:0.25 670:0.01"),
        change("NE", "20250105", "X-3", "610:2 630:2000 670:14.22 770:14.22"),
        change("DI", "20250106", "X-4", "630:-1 670:0.1"),
        change("RM", "20250107", "LEU-1", "630:1000 670:45"),
        change("RP", "20250107", "X-5", "630:1000 670:45"),
    )  # fmt: skip
    assert outcome.outcome == "accepted"
    lines = books.lines("XHFA", *HALF)
    assert lines["PB"] == grams("1000", "45") | {"N": {"element": "50"}}
    assert lines["GA"] == grams("10.5", "0.5")
    assert lines["LD"] == grams("0.25", "0.01")
    assert lines["NE"] == grams("2000", "14.22") | {"N": {"element": "2"}}
    assert lines["BE"] == grams("3010.25", "59.71") | {"N": {"element": "48"}}
    assert lines["DI"] == grams("-1", "0.1")
    assert lines["BA"] == grams("3011.25", "59.61") | {"N": {"element": "48"}}
    assert not {"RM", "RP", "PE", "MF"} & lines.keys()
    assert list(lines) == ["PB", "GA", "NE", "LD", "BE", "DI", "BA"]


def test_the_optional_fissile_weight_of_depleted_uranium_is_not_balanced(sqlite_url: str) -> None:
    stated = area("bulk", batch("D-1", _620="10", _780="20"), batch("D-2", _620="1"))
    books = SmallBooks(sqlite_url, XHFA=stated)
    assert books.lines("XHFA", *HALF)["BA"] == {"D": {"element": "11"}}
    rows = books.inventory("XHFA", HALF[0])["batches"]
    assert [row["fissile"] for row in rows] == ["20", None]


def test_beginning_is_what_was_reported_and_not_the_sum_of_the_listing(sqlite_url: str) -> None:
    reported = {"E": {"element": "1000", "fissile": "45"}}
    listed_batches = (batch("A", _630="500.3", _670="22.6"), batch("B", _630="500.1", _670="22.7"))
    books = SmallBooks(
        sqlite_url,
        XHFA=area("bulk", *listed_batches, previous_PE=reported),
        XHFB=area("bulk", *listed_batches),
    )
    assert books.lines("XHFA", *HALF)["PB"] == grams("1000", "45")
    assert books.lines("XHFB", *HALF)["PB"] == grams("1000.4", "45.3")


def test_ending_inventory_and_the_period_it_ends(plant: SmallBooks) -> None:
    with pytest.raises(UsageError, match="no period"):
        plant.balance("XHFA")
    plant.listing("XHFA", 1, [listed("LEU-2", "630:999.5 670:45.1"), listed("NAT-1", "610:50")])
    found = plant.balance("XHFA")
    assert (found.period.start, found.period.end) == (
        datetime.date(2025, 1, 1),
        datetime.date(2025, 12, 31),
    )
    lines = plant.lines("XHFA")
    assert lines["MF"] == grams("0.5", "-0.1") | {"N": {"element": "0"}}
    rest = Period(datetime.date(2025, 3, 1), datetime.date(2025, 12, 31))
    assert plant.balance("XHFA", "2025-03-01").period == rest


@pytest.mark.parametrize(
    ("period", "error"),
    [
        (("2025-06-01", "2025-01-01"), "ends"),
        ((None, "2024-06-30"), "before"),
        (("2026-06-01", None), "after"),
    ],
)
def test_period_that_makes_no_sense(
    plant: SmallBooks, period: tuple[str | None, str | None], error: str
) -> None:
    with pytest.raises(UsageError, match=error):
        plant.balance("XHFA", *period)
    with pytest.raises(NotFoundError):
        plant.balance("XHZZ", *HALF)


def test_as_known_on_a_day_through_an_act_and_at_a_time(plant: SmallBooks) -> None:
    first = plant.send("XHFA", 1, change("LD", "20250104", "X", "630:5 670:0.2"))
    between = utc_text(system_clock())
    second = plant.send("XHFA", 2, change("LD", "20250104", "X", "630:6 670:0.2",
                        status="C/XH;1/1"), date="20250315")  # fmt: skip
    assert plant.lines("XHFA", *HALF)["LD"] == grams("6", "0.2")
    for known in (
        {"through_act": first.act_id},
        {"known_on": datetime.date(2025, 3, 14)},
        {"recorded_by": between},
        {"through_act": second.act_id, "known_on": datetime.date(2025, 2, 28)},
    ):
        assert plant.lines("XHFA", *HALF, **known)["LD"] == grams("5", "0.2"), known
    assert "LD" not in plant.lines("XHFA", *HALF, known_on=datetime.date(2025, 2, 27))
    assert plant.lines("XHFA", *HALF, known_on=datetime.date(2024, 12, 30)) == {
        "PB": {}, "BE": {}, "BA": {},
    }  # fmt: skip
    with plant.database.reading() as connection:
        seen = resolved(connection, plant.database.metadata, Knowledge(recorded_by=between))
    assert first.act_id <= (seen.through_act or 0) < second.act_id


RIGHT = [
    ("PB", "610:50 630:1000 670:45"),
    ("LD", "630:6 670:0"),
    ("BE", "610:50 630:994 670:45"),
    ("DI", "630:1 670:0"),
    ("BA", "610:50 630:993 670:45"),
    ("PE", "610:50 630:992 670:44"),
    ("MF", "610:0 630:1 670:1"),
    ("RALD", "630:1 670:0"),
]


def reported(plant: SmallBooks, **changed: str) -> None:
    plant.send(
        "XHFA", 1,
        change("LD", "20250104", "X", "630:4 670:0"),
        change("LD", "20250104", "Y", "630:3 670:0"),
        change("DI", "20250104", "Z", "630:1 670:0"),
    )  # fmt: skip
    plant.listing("XHFA", 2, [listed("LEU-2", "630:992 670:44"), listed("NAT-1", "610:50")])
    lines = [line(code, changed.get(code, text)) for code, text in RIGHT]
    reason = "to see what the books say" if changed else None
    outcome = plant.send("XHFA", 3, *lines, date="20260115", period=YEAR, kind="M", reason=reason)
    assert outcome.outcome == "accepted", outcome.findings


def test_rounded_balance_that_agrees_is_given_as_reported(plant: SmallBooks) -> None:
    reported(plant)
    found = plant.balance("XHFA")
    assert (found.source, found.findings) == ("report", ())
    lines = plant.lines("XHFA")
    assert lines["LD"] == grams("6", "0")
    assert lines["RALD"] == grams("1", "0")
    assert list(lines)[-1] == "RALD"
    # Another period, or knowledge from before the report, has only the books.
    assert plant.balance("XHFA", *HALF).source == "books"
    assert plant.balance("XHFA", known_on=datetime.date(2026, 1, 1)).source == "books"


@pytest.mark.parametrize(
    ("code", "text", "rules"),
    [
        ("LD", "630:5 670:0", {"ICR-MBR", "BE-ARITH", "BA-ARITH"}),
        ("RALD", "630:2 670:0", {"ICR-MBR"}),
        ("DI", "630:2 670:0", {"DI-MBR", "BA-ARITH"}),
        ("PB", "610:50 630:1000 670:44", {"PB-CONT", "BE-ARITH", "BA-ARITH"}),
        ("BE", "610:50 630:995 670:45", {"BE-ARITH"}),
        ("BA", "610:50 630:994 670:45", {"BA-ARITH", "MF-ARITH"}),
        ("PE", "610:51 630:992 670:44", {"PIL-PE", "MF-ARITH"}),
        ("MF", "610:0 630:1 670:2", {"MF-ARITH"}),
    ],
)
def test_rounded_balance_that_disagrees_is_not_believed(
    plant: SmallBooks, code: str, text: str, rules: set[str]
) -> None:
    reported(plant, **{code: text})
    found = plant.balance("XHFA")
    assert found.source == "books"
    assert {finding.code for finding in found.findings} == rules
    assert plant.lines("XHFA")["LD"] == grams("7", "0")
    for finding in found.findings:
        assert finding.found != finding.expected
        assert finding.advice and finding.basis and finding.category


def test_adjustment_may_state_one_weight_only(plant: SmallBooks) -> None:
    reported(plant, RALD="630:1")
    assert plant.balance("XHFA").source == "report"
    assert plant.lines("XHFA")["RALD"] == {"E": {"element": "1"}}


def test_adjustment_of_the_fissile_weight_alone(plant: SmallBooks) -> None:
    plant.listing("XHFA", 1, [listed("LEU-2", "630:1000 670:44"), listed("NAT-1", "610:50")])
    whole = "610:50 630:1000 670:45"
    lines = [line(code, whole) for code in ("PB", "BE", "BA", "PE")]
    lines += [line("MF", "610:0 630:0 670:0"), line("RAPE", "670:-1")]
    outcome = plant.send("XHFA", 2, *lines, date="20260115", period=YEAR, kind="M")
    assert outcome.outcome == "accepted", outcome.findings
    assert plant.lines("XHFA")["RAPE"] == grams("0", "-1")


def test_whole_state(sqlite_url: str) -> None:
    books = SmallBooks(sqlite_url, XHFA=PLANT, XHSA=STORE)
    parties = {"shipper": "XH/XHFA", "receiver": "XH/XHSA", "mdc": "B/Q/2/F", "items": 1}
    books.send(
        "XHFA", 1,
        change("SD", "20250110", "FA-3", "630:100 670:4.5", **parties),
        change("SD", "20250111", "FA-4", "630:110 670:5", **parties),
    )  # fmt: skip
    books.send("XHSA", 1, change("RD", "20250120", "FA-3", "630:100 670:4.5", basis="N",
                                 shipper_batch="FA-3", **parties))  # fmt: skip
    with books.database.reading() as connection:
        day = datetime.date
        found = state_balance(
            connection, books.database.metadata, "XH", start=day(2025, 1, 1), end=day(2025, 6, 30)
        ).to_dict()["lines"]
        with pytest.raises(UsageError, match="XB"):
            state_balance(connection, books.database.metadata, "XB")
    assert found["TRANSIT"] == grams("110", "5")
    assert not {"SD", "RD"} & found.keys()
    assert found["PB"]["E"] == {"element": "1700", "fissile": "66"}
    assert found["BA"]["E"] == {"element": "1590", "fissile": "61"}


def test_whole_state_needs_one_period(sqlite_url: str) -> None:
    books = SmallBooks(sqlite_url, XHFA=PLANT, XHSA=STORE)
    books.listing("XHFA", 1, [listed("LEU-2", "630:1000 670:45")])
    books.send("XHSA", 1, listed("FA-1", "630:400 670:18", items=1), date="20250715",
               period="20250630", kind="P")  # fmt: skip
    with (
        books.database.reading() as connection,
        pytest.raises(UsageError, match="different last periods"),
    ):
        state_balance(connection, books.database.metadata, "XH")
