"""Campaigns of conversion: the worked down-blending, taking back, and everything that is left."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from cases.making import Entry, change, listed
from keiryo.accounts.model import Knowledge
from keiryo.cli import conversion
from keiryo.conversion.campaign import Campaign, campaign
from keiryo.errors import NotFoundError, UsageError
from small_books import SmallBooks, area, batch

HEU = batch("CORE", 1, "B/Q/2/F", _630="45000", _670="41917.5")
"""45 kg uranium at 93.15 %: 1.6767 significant quantities."""

REACTOR = area(
    "item",
    HEU,
    batch("NAT", 1, _610="173.486002"),
    batch("LEU", 1, "B/Q/2/F", _630="100", _670="19.999"),
)
AWAY = {"shipper": "XH/XHRA", "receiver": "US/USYC"}
TO_STORE = {"shipper": "XH/XHRA", "receiver": "XH/XHRB"}


@pytest.fixture
def books(sqlite_url: str) -> SmallBooks:
    """Return the books of a reactor with high enriched fuel, a store, and a bulk plant."""
    return SmallBooks(sqlite_url, XHRA=REACTOR, XHRB=area("item"), XHRC=area("bulk"))


def seen(books: SmallBooks, on: str = "2025-12-30", *mbas: str, **known: Any) -> Campaign:
    """Return the campaign of the reactor, or of other areas."""
    with books.database.reading() as connection:
        metadata = books.database.metadata
        day = date.fromisoformat(on)
        found = campaign(connection, metadata, mbas or ("XHRA",), day, Knowledge(**known))
    steps = [step.change.element_mg for step in found.steps]
    if "XHRC" not in mbas:  # where batches are followed, what is there is what the steps left
        assert sum(steps) == found.on_hand.element_mg
    return found


def sent(books: SmallBooks, number: int, *entries: Entry, mba: str = "XHRA") -> None:
    """Send changes of January 2025."""
    outcome = books.send(mba, number, *entries, reason="a test")
    assert outcome.outcome == "accepted", outcome.findings


def codes(found: Campaign) -> list[str]:
    """Return the codes of what stands against the statement."""
    return [finding.code for finding in found.findings]


def fuel(code: str, content: str = "630:45000 670:41917.5", **more: Any) -> Entry:
    """Return a change of the high enriched fuel."""
    day = more.pop("day", "20250110")
    return change(code, day, "CORE", content, mdc="B/Q/2/F", items=1, **more)


def test_what_is_there_in_significant_quantities(books: SmallBooks) -> None:
    found = seen(books)
    data = found.to_dict()
    assert data["on_hand"] == {"element_g": "45000", "fissile_g": "41917.5", "sq": "1.6767"}
    assert data["low_enriched_on_hand"]["element_g"] == "100"
    assert [(row["batch"], row["category"]) for row in data["held"]] == [("CORE", "E")]
    assert [step.kind for step in found.steps] == ["in the first inventory taking"]
    assert data["levels"] == [{"date": "2024-12-31", **data["on_hand"]}]
    assert codes(found) == ["CONVERSION-LEFT"] and not found.nothing_left
    assert "cannot be confirmed" in found.statement


def test_taken_back_and_nothing_left(books: SmallBooks) -> None:
    sent(books, 1, fuel("SF", "630:15000 670:13972.5", **AWAY))
    part = seen(books)
    assert part.to_dict()["on_hand"]["element_g"] == "30000" and not part.nothing_left
    sent(books, 2, fuel("SF", "630:30000 670:27945", day="20250120", **AWAY))
    found = seen(books)
    data = found.to_dict()
    assert found.nothing_left and codes(found) == []
    assert data["taken_back"] == {"element_g": "45000", "fissile_g": "41917.5", "sq": "1.6767"}
    assert [level["sq"] for level in data["levels"]] == ["1.6767", "1.1178", "0"]
    assert [step["with"] for step in data["steps"]] == [None, "US/USYC", "US/USYC"]
    assert len(found.acts) == 3 and found.acts[-1] == found.last_act and len(found.digest) == 64
    assert "The last of it went on 2025-01-20" in found.statement
    earlier = seen(books, "2025-01-15")
    assert codes(earlier) == ["CONVERSION-LEFT"] and earlier.on_hand.element_mg == 30_000_000


def test_the_worked_down_blending(books: SmallBooks) -> None:
    """45 kg at 93.15 % with natural uranium to 19.75 %: 218.486 kg, no longer high enriched."""
    sent(
        books,
        1,
        change("NE", "20250110", "NAT", "610:173.486002 630:173486.002 670:1233.485 770:1233.485"),
        fuel("RM"),
        change("RM", "20250110", "NAT", "630:173486.002 670:1233.485", items=1),
        change("RP", "20250110", "BLEND", "630:218486.002 670:43150.985", items=1),
    )
    found = seen(books)
    (blend,) = found.to_dict()["blends"]
    assert blend["high_enriched"] == {"element_g": "45000", "fissile_g": "41917.5", "sq": "1.6767"}
    assert blend["product"]["element_g"] == "218486.002"
    assert blend["product"]["sq"] == "0.575346466667"
    assert found.nothing_left and found.steps[-1].kind == "blended down"


def test_diluted_within_the_batch(books: SmallBooks) -> None:
    sent(books, 1, fuel("DE", "620:200 630:200000 670:500 780:500"))
    (blend,) = seen(books).blends
    assert blend.mixed.element_mg == 45_000_000 and blend.product.element_mg == 245_000_000
    assert seen(books).nothing_left


def test_rebatching_alone_is_no_blending(books: SmallBooks) -> None:
    half = change("RP", "20250110", "A", "630:22500 670:20958.75", mdc="B/Q/2/F", items=1)
    other = change("RP", "20250110", "B", "630:22500 670:20958.75", mdc="B/Q/2/F", items=1)
    sent(books, 1, fuel("RM"), half, other)
    found = seen(books)
    assert found.blends == () and {step.kind for step in found.steps[1:]} == {"re-batched"}
    assert found.to_dict()["on_hand"]["sq"] == "1.6767" and len(found.held) == 2


def test_exactly_twenty_per_cent_is_high_enriched(sqlite_url: str) -> None:
    edge = area("item", batch("EDGE", 1, _630="1000", _670="200"))
    below = area("item", batch("LOW", 1, _630="1000", _670="199.999"))
    books = SmallBooks(sqlite_url, XHRA=edge, XHRB=below)
    assert codes(seen(books)) == ["CONVERSION-LEFT"]
    low = seen(books, "2025-12-30", "XHRB")
    assert low.nothing_left and "never had" in low.statement and low.low.element_mg == 1_000_000


def test_burnt_below_twenty_per_cent_on_a_day(sqlite_url: str) -> None:
    core = area("item", batch("CORE", 1, "B/Q/1/G", _630="1000", _670="210"))
    books = SmallBooks(sqlite_url, XHRA=core)
    sent(books, 1, change("LN", "20250110", "CORE", "630:20 670:20", mdc="B/Q/1/G", items=1))
    found = seen(books)
    assert [(step.kind, step.day) for step in found.steps[1:]] == [
        ("fell below 20 %", date(2025, 1, 10))
    ]
    assert found.nothing_left


def test_burn_up_told_in_two_lines_makes_nothing_high_enriched(sqlite_url: str) -> None:
    """Between the category change and the loss, the weights are no composition of the batch."""
    spent = area("item", batch("A02", 1, "B/Q/1/G", _630="400000", _670="18000"))
    books = SmallBooks(sqlite_url, XHRA=spent)
    moved = "630:380000 620:380 670:2000 780:2000"
    sent(
        books,
        1,
        change("ED", "20250110", "A02", moved, mdc="B/Q/1/G", items=1),
        change("LN", "20250110", "A02", "630:20000 670:16000", mdc="B/Q/1/G", items=1),
    )
    found = seen(books)
    assert found.steps == () and found.nothing_left and "never had" in found.statement


def test_an_inventory_taking_restates_the_book(books: SmallBooks) -> None:
    rest = [listed("NAT", "610:173.486002", items=1)]
    rest += [listed("LEU", "630:100 670:19.999", mdc="B/Q/2/F", items=1)]
    books.send("XHRA", 1, listed("CORE", "630:44000 670:41000", mdc="B/Q/2/F", items=1), *rest,
               kind="P", date="20250415", period="20250331", reason="a test")  # fmt: skip
    step = seen(books).steps[-1]
    assert step.kind == "restated by the inventory taking" and step.code == "PE"
    assert step.change.element_mg == -1_000_000 and step.day == date(2025, 3, 31)


def test_on_its_way_until_it_is_received(books: SmallBooks) -> None:
    sent(books, 1, fuel("SD", **TO_STORE))
    found = seen(books)
    (one,) = found.findings
    assert one.code == "CONVERSION-TRANSIT" and (one.report, one.entry) == ("1", 1)
    assert "XH/XHRB" in one.message
    assert codes(seen(books, "2025-12-30", "XHRB")) == ["CONVERSION-TRANSIT"]
    sent(books, 1, fuel("RD", day="20250112", shipper_batch="CORE", **TO_STORE), mba="XHRB")
    assert seen(books).nothing_left
    assert codes(seen(books, "2025-12-30", "XHRA", "XHRB")) == ["CONVERSION-LEFT"]
    assert codes(seen(books, "2025-01-11")) == ["CONVERSION-TRANSIT"]


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("TW", "CONVERSION-WASTE"),
        ("EU", "CONVERSION-EXEMPT"),
        ("EQ", "CONVERSION-EXEMPT"),
        ("LA", "CONVERSION-LOST"),
        ("SN", "CONVERSION-LOST"),
    ],
)
def test_off_the_book_is_not_gone(books: SmallBooks, code: str, told: str) -> None:
    sent(books, 1, fuel(code))
    found = seen(books)
    assert codes(found) == [told] and found.on_hand.element_mg == 0
    (one,) = found.findings
    assert one.advice and one.found == "45000 g" and "1.6767 SQ" in one.message


def test_what_comes_back_from_retained_waste(books: SmallBooks) -> None:
    sent(books, 1, fuel("TW"))
    sent(books, 2, fuel("FW", "630:40000 670:37260", day="20250112"))
    assert codes(seen(books)) == ["CONVERSION-LEFT", "CONVERSION-WASTE"]
    assert seen(books).findings[1].found == "5000 g"


def test_a_pool_hides_it(books: SmallBooks) -> None:
    into = {"shipper": "US/USYC", "receiver": "XH/XHRC", "shipper_batch": "X"}
    sent(
        books,
        1,
        change("RF", "20250110", "HEU-P", "630:100 670:93", **into),
        change("RF", "20250110", "LEU-P", "630:9000 670:180", **into),
        mba="XHRC",
    )
    found = seen(books, "2025-12-30", "XHRC")
    assert codes(found) == ["CONVERSION-POOL"] and not found.nothing_left
    assert "HEU-P" in found.findings[0].message and found.findings[0].found == "100 g"


def test_an_impossible_book_has_no_enrichment(books: SmallBooks) -> None:
    sent(books, 1, fuel("SF", "630:45000 670:41917.5", **AWAY))
    sent(books, 2, fuel("LN", "630:10 670:9", day="20250111"))
    assert codes(seen(books)) == ["CONVERSION-UNKNOWN"]


def test_bad_questions(books: SmallBooks) -> None:
    with pytest.raises(NotFoundError):
        seen(books, "2025-12-30", "XXXX")
    with books.database.reading() as connection, pytest.raises(UsageError, match="needs an area"):
        campaign(connection, books.database.metadata, [], date(2025, 1, 1))


def test_command(books: SmallBooks, sqlite_url: str) -> None:
    sent(books, 1, fuel("SF", **AWAY))
    app = typer.Typer()
    app.callback()(lambda: None)
    conversion.register(app)
    asked = ["conversion", "show", "XHRA", "--on", "2025-12-30", "--db", sqlite_url]
    shown = CliRunner().invoke(app, [*asked, "--format", "json"])
    data = json.loads(shown.output)
    assert data["nothing_left"] is True and data["findings"] == []
    assert data["taken_back"]["sq"] == "1.6767" and data["steps"][-1]["what"] == "exported"
    table = CliRunner().invoke(app, asked)
    assert table.exit_code == 0 and "No high enriched uranium is left at XHRA" in table.output
