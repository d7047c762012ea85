"""The general ledger page by page is the general ledger."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cases.making import change
from keiryo.accounts import book_sums, ledger_pages
from keiryo.accounts.ledger import batch_history, general_ledger
from keiryo.accounts.ledger_pages import Ledger, LedgerFilter, LedgerLine, line_counts
from keiryo.accounts.model import Knowledge
from keiryo.accounts.tables import resolved
from keiryo.capabilities import installed_registry
from keiryo.dates import Period
from keiryo.errors import NotFoundError
from keiryo.quantities import Category
from keiryo.storage.engine import Database
from small_books import PLANT, STORE, SmallBooks
from web.site import copy_of, demonstration_books

PERIODS = (
    Period(datetime.date(2025, 1, 1), datetime.date(2025, 12, 31)),
    Period(datetime.date(2025, 2, 14), datetime.date(2025, 11, 3)),
    Period(datetime.date(2025, 3, 3), datetime.date(2025, 3, 20)),
)
STATES = (Knowledge(), Knowledge(known_on=datetime.date(2025, 7, 1)), Knowledge(through_act=6))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(copy_of(demonstration_books(), tmp_path), installed_registry())
    yield made
    made.close()


def ledger(
    connection: Any, database: Database, period: Period, wanted: LedgerFilter, asked: Knowledge
) -> Ledger:
    seen = resolved(connection, database.metadata, asked)
    counts = line_counts(connection, database.metadata, "XAFA", period, seen)
    return Ledger("XAFA", period, wanted, seen, tuple(counts))


def plain(line: LedgerLine) -> tuple[Any, ...]:
    fissile = line.category in (Category.ENRICHED, Category.UNIFIED)
    books = (line.element_book_mg, line.fissile_book_mg if fissile else None)
    return line.date, line.code, line.act, line.line, line.element_change_mg, *books


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("asked", STATES)
def test_pages_add_up_to_the_ledger(database: Database, period: Period, asked: Knowledge) -> None:
    metadata = database.metadata
    with database.reading() as connection:
        for category in (*Category,):
            frame = general_ledger(
                connection, metadata, "XAFA", period, category=category, knowledge=asked
            ).drop_nulls("act")
            fissile = category in (Category.ENRICHED, Category.UNIFIED)
            expected = [
                (
                    *(row["date"], row["code"], row["act"], row["line"], row["element_change_mg"]),
                    *(row["element_book_mg"], row["fissile_book_mg"] if fissile else None),
                )
                for row in frame.to_dicts()
            ]
            found = ledger(connection, database, period, LedgerFilter(category), asked)
            assert found.total(connection, metadata) == len(expected)
            paged: list[LedgerLine] = []
            while page := found.page(connection, metadata, len(paged), 7):
                paged += page
            assert [plain(line) for line in paged] == expected
            assert list(found.lines(connection, metadata)) == paged


def test_all_categories_follow_each_other_by_day(database: Database) -> None:
    metadata, period = database.metadata, PERIODS[0]
    with database.reading() as connection:
        found = ledger(connection, database, period, LedgerFilter(), Knowledge())
        every = list(found.lines(connection, metadata))
        assert [line.date for line in every] == sorted(line.date for line in every)
        assert found.page(connection, metadata, 13, 9) == every[13:22]
        assert found.page(connection, metadata, len(every), 9) == []


def test_a_filter_that_leaves_gaps_shows_no_running_book(database: Database) -> None:
    metadata, period = database.metadata, PERIODS[0]
    with database.reading() as connection:
        every = list(
            ledger(connection, database, period, LedgerFilter(), Knowledge()).lines(
                connection, metadata
            )
        )
        batch = next(line.batch for line in every if line.batch)
        for wanted, chosen in (
            (LedgerFilter(code="RD"), [x for x in every if x.code == "RD"]),
            (LedgerFilter(report=102), [x for x in every if x.report == 102]),
            (LedgerFilter(batch=batch.lower()), [x for x in every if batch in (x.batch or "")]),
        ):
            found = ledger(connection, database, period, wanted, Knowledge())
            page = found.page(connection, metadata, 0, 500)
            assert [(x.act, x.line) for x in page] == [(x.act, x.line) for x in chosen]
            assert all(x.element_book_mg is None for x in page)
            assert found.total(connection, metadata) == len(page)
            assert list(found.lines(connection, metadata)) == page


def test_it_counts_and_pages_on_both_databases(database_url: str) -> None:
    books = SmallBooks(database_url, XHFA=PLANT)
    entries = [
        change("GA", f"202501{day:02d}", f"X-{day}", "630:1 670:0.1") for day in range(2, 12)
    ]
    assert books.send("XHFA", 1, *entries).outcome == "accepted"
    metadata = books.database.metadata
    period = Period(datetime.date(2024, 12, 15), datetime.date(2025, 2, 10))
    with books.database.reading() as connection:
        counts = tuple(line_counts(connection, metadata, "XHFA", period, Knowledge()))
        assert [(count.when, count.lines) for count in counts] == [(202501, 10)]
        found = Ledger("XHFA", period, LedgerFilter(Category.ENRICHED), Knowledge(), counts)
        page = found.page(connection, metadata, 4, 3)
        assert [line.batch for line in page] == ["X-6", "X-7", "X-8"]
        opening = page[0].element_book_mg
        assert opening is not None
        assert [line.element_book_mg for line in page] == [opening + 1_000 * n for n in range(3)]
        assert list(found.lines(connection, metadata))[4:7] == page
    books.database.close()


@pytest.mark.parametrize("read_for_one", [0, 4, 10**6])
def test_however_a_batch_is_sought_the_same_is_found(
    database_url: str, read_for_one: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the index of days, or by reading all lines through: as many, the same, in order."""
    for module in (book_sums, ledger_pages):
        monkeypatch.setattr(module, "LINES_READ_FOR_ONE", read_for_one)
    books = SmallBooks(database_url, XHFA=PLANT, XHST=STORE)
    entries = [
        change("GA", f"202501{day:02d}", f"X-{day % 4}", "630:1 670:0.1") for day in range(2, 22)
    ]
    assert books.send("XHFA", 1, *entries).outcome == "accepted"
    metadata = books.database.metadata
    period = Period(datetime.date(2025, 1, 4), datetime.date(2025, 1, 19))
    with books.database.reading() as connection:
        counts = tuple(line_counts(connection, metadata, "XHFA", period, Knowledge()))
        for name, days in (("x-1", (5, 9, 13, 17)), ("X-", range(4, 20)), ("Y", ())):
            found = Ledger("XHFA", period, LedgerFilter(batch=name), Knowledge(), counts)
            total = found.total(connection, metadata)
            assert total == len(days)
            pages = [found.page(connection, metadata, at, 3, total) for at in (0, 3, 15, 18)]
            told = [found.page(connection, metadata, at, 3) for at in (0, 3, 15, 18)]
            assert pages == told
            assert [[line.date.day for line in page] for page in pages] == [
                list(days)[at : at + 3] for at in (0, 3, 15, 18)
            ]
        history = batch_history(connection, metadata, "XHFA", "X-2")
        assert [day.day for day in history["date"]] == [2, 6, 10, 14, 18]
        with pytest.raises(NotFoundError):
            batch_history(connection, metadata, "XHST", "X-2")
    books.database.close()


def test_all_lines_are_read_through_only_where_most_are_meant(sqlite_url: str) -> None:
    books = SmallBooks(sqlite_url, XHFA=PLANT, XHST=STORE)
    entries = [change("GA", f"202501{day:02d}", f"X-{day}", "630:1 670:0.1") for day in range(2, 9)]
    assert books.send("XHFA", 1, *entries).outcome == "accepted"
    other = books.send("XHST", 1, change("LD", "20250104", "FA-1", "630:1 670:0.1"))
    assert other.outcome == "accepted", other.findings
    metadata = books.database.metadata
    with books.database.reading() as connection:
        assert book_sums.are_most_lines(connection, metadata, "XHFA")
        assert book_sums.are_most_lines(connection, metadata, "XHFA", 2)
        assert not book_sums.are_most_lines(connection, metadata, "XHFA", 1)
        assert not book_sums.are_most_lines(connection, metadata, "XHST")
    books.database.close()
