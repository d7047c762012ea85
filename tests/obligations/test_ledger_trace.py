"""The way back of a batch: every step to the first receipts, and nothing else."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

import pytest

from keiryo.obligations import trace as tracing
from keiryo.obligations.trace import Step, Trace, to_dict, trace
from obligations.ledger_books import (
    LabelBooks,
    change,
    exchanged,
    imported,
    rebatched,
    receipt,
    received,
    shipped,
)


@pytest.fixture
def books(database_url: str) -> Iterator[LabelBooks]:
    made = LabelBooks(database_url, pools="XAPA XAPB", batches="XABA XABB")
    made.post(
        imported("XAPA", 20250110, "A", "E", 100, of="US/USAA"),
        receipt("XAPA", "A", "US"),
        imported("XAPA", 20250111, "B", "E", 100, of="KZ/KZAA"),
        receipt("XAPA", "B", "KZ"),
    )
    made.post(shipped("XAPA", "XABA", 20250201, "S-1", "E", 60))
    made.post(received("XABA", "XAPA", 20250202, "R-1", "E", 60, shipper_batch="S-1"))
    made.post(imported("XABA", 20250203, "C", "E", 40, of="CA/CAAA"), receipt("XABA", "C", "CA"))
    made.post(*rebatched("XABA", 20250204, "E", [("R-1", 60), ("C", 40)], [("M", 100)]))
    made.post(imported("XAPA", 20250301, "L", "E", 5), receipt("XAPA", "L", "US"))
    made.post(imported("XABA", 20250301, "X", "E", 5), receipt("XABA", "X", "US"))
    yield made
    made.database.close()


def asked(books: LabelBooks, what: str, **more: object) -> Trace:
    with books.database.reading() as connection:
        return trace(connection, books.metadata, what, **more)  # type: ignore[arg-type]


def told(found: Trace) -> list[tuple[int, str, str, int]]:
    return [
        (step.day, step.kind, step.source.name or step.source.account, step.element_mg)
        for step in found.path
    ]


def test_the_way_back_to_the_first_receipts(books: LabelBooks) -> None:
    found = asked(books, "XABA/M")
    assert told(found) == [
        (20250204, "BLEND", "R-1", 60),
        (20250204, "BLEND", "C", 40),
        (20250203, "RECEIPT", "CA/CAAA", 40),
        (20250202, "RECEIPT", "XABA/S-1", 60),
        (20250201, "SHIPMENT", "(pool)", 60),
        (20250111, "RECEIPT", "KZ/KZAA", 100),
        (20250110, "RECEIPT", "US/USAA", 100),
    ]
    (cells,) = found.cells.values()
    assert cells == {"CA": 40, "KZ": 30, "US": 30}
    assert isinstance(found.path[0], Step)
    assert list(found.path[1:3]) == [found.path[1], found.path[2]]


@pytest.mark.parametrize("one_by_one", [0, 2, 1000])
def test_all_steps_at_once_say_the_same(
    books: LabelBooks, monkeypatch: pytest.MonkeyPatch, one_by_one: int
) -> None:
    wanted = to_dict(asked(books, "XABA/M"))
    monkeypatch.setattr(tracing, "ASKED_ONE_BY_ONE", one_by_one)
    assert to_dict(asked(books, "XABA/M")) == wanted


def test_the_way_of_one_partner(books: LabelBooks) -> None:
    assert [step[2] for step in told(asked(books, "XABA/M", partner="CA"))] == ["C", "CA/CAAA"]
    sources = [step[2] for step in told(asked(books, "XABA/M", partner="KZ"))]
    assert sources == ["R-1", "XABA/S-1", "(pool)", "KZ/KZAA"]


def test_as_it_was_on_a_day(books: LabelBooks) -> None:
    found = asked(books, "XABA/R-1", on=datetime.date(2025, 2, 3))
    assert list(found.cells.values()) == [{"KZ": 30, "US": 30}]
    assert len(found.path) == 4


def test_an_exchange_leads_to_the_other_side(books: LabelBooks) -> None:
    books.post(imported("XAPB", 20250110, "Y", "E", 50, of="AU/AUAA"), receipt("XAPB", "Y", "AU"))
    books.post(exchanged("X-1", 20250401, ("XAPA", "US"), ("XAPB", "AU"), "E", 50))
    sources = [step[2] for step in told(asked(books, "XAPB"))]
    assert {"US/USAA", "KZ/KZAA", "AU/AUAA"} <= set(sources)


def test_what_came_later_did_not_go_that_way(books: LabelBooks) -> None:
    books.post(change("XABA", "GA", 20250301, "R-1", "E", 1))
    assert len(asked(books, "XABA/M").path) == 7
