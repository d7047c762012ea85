"""The book inventory by batch: followed in item areas, a pool in bulk areas."""

from __future__ import annotations

import datetime

import pytest

from cases.making import EMPTY, change, deleted, listed
from keiryo.errors import NotFoundError
from small_books import PLANT, STORE, SmallBooks, area, batch


def rows(found: object) -> list[tuple[object, ...]]:
    return [
        (b["batch"], b["category"], b["items"], b["element"], b["fissile"])
        for b in found["batches"]  # type: ignore[index]
    ]


def test_batches_of_an_item_area_are_followed(database_url: str) -> None:
    books = SmallBooks(database_url, XHSA=STORE)
    assert rows(books.inventory("XHSA", "2024-12-31")) == [
        ("FA-1", "E", 1, "400", "18"),
        ("FA-2", "E", 1, "300", "3"),
        ("FA-2", "P", 1, "2", None),
    ]
    leaves = {"mdc": "B/Q/1/G", "items": 1, "shipper": "XH/XHSA", "receiver": "XB"}
    books.send(
        "XHSA", 1,
        change("LN", "20250105", "FA-1", "630:10 670:12", mdc="B/Q/1/G", items=1),
        change("NP", "20250105", "FA-1", "700:3.5", mdc="B/Q/1/G", items=1),
        change("SF", "20250106", "FA-2", "630:300 670:3 700:2", **leaves),
        change("RM", "20250110", "FA-1", "700:3.5", mdc="B/Q/1/G", items=1),
        change("RP", "20250110", "FA-9", "700:3.5", mdc="B/Q/1/G", items=1),
        change("DI", "20250111", "FA-9", "700:-0.5", mdc="B/Q/1/G", items=1),
    )  # fmt: skip
    found = books.inventory("XHSA", "2025-01-05")
    assert rows(found) == [
        ("FA-1", "E", 1, "390", "6"),
        ("FA-1", "P", 1, "3.5", None),
        ("FA-2", "E", 1, "300", "3"),
        ("FA-2", "P", 1, "2", None),
    ]
    found = books.inventory("XHSA", "2025-01-31")
    assert ("FA-9", "P", 1, "4", None) in rows(found)
    assert {c: t["element"] for c, t in found["totals"].items()} == {"E": "390", "P": "4"}
    assert "FA-2" not in {row[0] for row in rows(found)}


def test_bulk_material_is_in_the_pool_and_items_keep_their_name(database_url: str) -> None:
    books = SmallBooks(database_url, XHFA=PLANT)
    assert [row[0] for row in rows(books.inventory("XHFA", "2024-12-31"))] == ["LEU-1", "NAT-1"]
    receipt = {"shipper": "XB", "receiver": "XH/XHFA", "shipper_batch": "UNKNOWN", "basis": "N"}
    books.send(
        "XHFA", 1,
        change("RF", "20250105", "CYL-1", "630:500 670:22", mdc="O/G/R/B", items=1, **receipt),
        change("LD", "20250106", "LIQ-1", "630:2 670:0.1", mdc="U/J/5/E"),
        change("NE", "20250107", "BLD-1", "610:1 630:1000 670:7", mdc="G/Q/N/B"),
    )  # fmt: skip
    found = books.inventory("XHFA", "2025-01-31")
    assert rows(found) == [
        ("(pool)", "E", 0, "1998", "51.9"),
        ("(pool)", "N", 0, "49", None),
        ("CYL-1", "E", 1, "500", "22"),
    ]
    assert found["totals"]["E"] == {"element": "2498", "fissile": "73.9", "sq": "0.000985"}


def test_depleted_material_keeps_the_enrichment_that_the_ledger_knows(sqlite_url: str) -> None:
    rod = area("item", batch("R-1", 1, "B/Q/4/G", _630="5000", _670="29"))
    books = SmallBooks(sqlite_url, XHSA=rod)
    books.send("XHSA", 1, change("ED", "20250105", "R-1", "620:5 630:5000 670:29 780:29",
                                 mdc="B/Q/1/G", items=1))  # fmt: skip
    books.listing("XHSA", 2, [listed("R-1", "620:5", mdc="B/Q/1/G", items=1)])
    found = books.inventory("XHSA", "2025-12-31")
    assert (found["effective_kg"], found["effective_kg_assumed"]) == ("0.0005", False)
    assert found["batches"][0]["enrichment"] == "0.0058"
    unknown = area("item", batch("D-1", 1, "O/D/1/A", _620="5"))
    books.begin({"XHTA": unknown})
    found = books.inventory("XHTA", "2025-12-31")
    assert (found["effective_kg"], found["effective_kg_assumed"]) == ("0.00025", True)


def test_empty_area_and_days_before_the_books(sqlite_url: str) -> None:
    books = SmallBooks(sqlite_url, XHSA=area("item"), XHFA=PLANT)
    books.listing("XHSA", 1, [EMPTY])
    found = books.inventory("XHSA", "2025-12-31")
    assert (found["batches"], found["totals"], found["effective_kg"]) == ([], {}, "0")
    assert found["physical_inventory_of"] == "2025-12-31"
    before = books.inventory("XHFA", "2020-01-01")
    assert (before["batches"], before["physical_inventory_of"]) == ([], None)
    with pytest.raises(NotFoundError):
        books.inventory("XHZZ", "2025-01-01")


def test_inventory_as_known_and_after_a_deletion(sqlite_url: str) -> None:
    books = SmallBooks(sqlite_url, XHSA=STORE)
    taken = books.listing(
        "XHSA", 1,
        [listed("FA-1", "630:400 670:18", mdc="B/Q/2/F", items=1),
         listed("FA-2", "630:300 670:3 700:2", mdc="B/Q/1/G", items=1)],
    )  # fmt: skip
    gone = books.send("XHSA", 2, deleted("XH;1/2"), date="20260120", period="20251231", kind="P")
    assert (taken.outcome, gone.outcome) == ("accepted", "accepted"), gone.findings
    assert [row[0] for row in rows(books.inventory("XHSA", "2025-12-31"))] == ["FA-1"]
    known = {"known_on": datetime.date(2026, 1, 19)}
    assert len(rows(books.inventory("XHSA", "2025-12-31", **known))) == 3
    known = {"known_on": datetime.date(2026, 1, 14)}
    found = books.inventory("XHSA", "2025-12-31", **known)
    assert found["physical_inventory_of"] == "2024-12-31"
