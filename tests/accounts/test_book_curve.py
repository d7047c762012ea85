"""The book over time says of each day what the balances say of it, whatever is known."""

from __future__ import annotations

import datetime
import random
from collections.abc import Iterator

import pytest

from cases.making import change, line, listed
from keiryo.accounts.balance import computed_lines, opening_inventory
from keiryo.accounts.book_curve import BookHistory, beginning_of_books, book_curve
from keiryo.accounts.model import Amount, Knowledge
from keiryo.accounts.tables import resolved
from keiryo.dates import Period, next_day
from keiryo.quantities import Category
from keiryo.storage.engine import Database
from small_books import PLANT, SmallBooks
from web.site import copy_of, demonstration_books

D = datetime.date


@pytest.fixture
def demonstration(tmp_path: object) -> Iterator[Database]:
    from pathlib import Path

    from keiryo.capabilities import installed_registry

    place = copy_of(demonstration_books(), Path(str(tmp_path)))
    database = Database(place, installed_registry())
    yield database
    database.close()


def weights(book: object) -> dict[Category, tuple[int, int | None]]:
    assert isinstance(book, dict)
    with_fissile = (Category.ENRICHED, Category.UNIFIED)
    amounts: dict[Category, Amount] = book
    return {
        c: (a.element_mg, a.fissile_mg if c in with_fissile else None)
        for c, a in amounts.items()
        if not a.is_zero
    }


def told(history: BookHistory, day: datetime.date) -> dict[Category, tuple[int, int | None]]:
    return weights(dict([book for at, book in history.points if at <= day][-1]))


def agree(database: Database, mba: str, knowledge: Knowledge, seed: int) -> None:
    chance, metadata = random.Random(seed), database.metadata
    with database.reading() as connection:
        seen = resolved(connection, metadata, knowledge)
        first = D(2024, 12, 20) + datetime.timedelta(days=chance.randrange(60))
        last = first + datetime.timedelta(days=chance.randrange(20, 420))
        daily = first + datetime.timedelta(days=chance.randrange(400))
        history = book_curve(
            connection, metadata, mba, first, last, knowledge=knowledge, daily_from=daily
        )
        assert [day for day, _ in history.points] == sorted({day for day, _ in history.points})
        pits = dict(history.takings)
        for day, book in history.points:
            if day in pits:
                begun = max((pit for pit in pits if pit < day), default=None)
                start = first if begun is None else next_day(begun)
                if start <= day:
                    lines = computed_lines(connection, metadata, mba, Period(start, day), seen)
                    assert weights(dict(book)) == weights(lines["BA"]), (mba, day, knowledge)
                after = opening_inventory(connection, metadata, mba, next_day(day), seen)
                assert weights(dict(pits[day])) == weights(after)
            else:
                expected = opening_inventory(connection, metadata, mba, next_day(day), seen)
                assert weights(dict(book)) == weights(expected), (mba, day, knowledge)
        for _ in range(4):  # also on days between the points of the daily stretch
            day = max(daily, first) + datetime.timedelta(days=chance.randrange(400))
            if day <= last and day not in pits:
                expected = opening_inventory(connection, metadata, mba, next_day(day), seen)
                assert told(history, day) == weights(expected), (mba, day, knowledge)


@pytest.mark.parametrize("mba", ["XAFA", "XARA", "XALA"])
def test_it_says_what_the_balances_say(demonstration: Database, mba: str) -> None:
    for seed in range(6):
        agree(demonstration, mba, Knowledge(), seed)
        agree(demonstration, mba, Knowledge(known_on=D(2025, 4, 1)), seed)
        agree(demonstration, mba, Knowledge(through_act=5), seed)


def test_on_the_day_of_a_taking_it_ends_at_the_book_compared_with_it(database_url: str) -> None:
    books = SmallBooks(database_url, XHFA=PLANT)
    first = change("GA", "20250103", "X-1", "630:10.5 670:0.5")
    second = change("LD", "20250611", "X-2", "630:0.25 670:0.01")
    books.send("XHFA", 1, first)
    books.send("XHFA", 2, second, date="20250630", period="20250601/20250630")
    listing = [listed("LEU-1", "630:1010 670:45.5"), listed("NAT-1", "610:50")]
    lines = [
        *(line("PB", "630:1000 670:45"), line("PB", "610:50")),
        *(line("GA", "630:10.5 670:0.5"), line("LD", "630:0.25 670:0.01")),
        *(line("BA", "630:1010.25 670:45.49"), line("BA", "610:50")),
        *(line("PE", "630:1010 670:45.5"), line("PE", "610:50")),
        *(line("MF", "630:0.25 670:-0.01"), line("MF", "610:0")),
    ]
    year = "20250101/20250615"
    books.send("XHFA", 3, *listing, date="20250701", period="20250615", kind="P", reason="test")
    books.send("XHFA", 4, *lines, date="20250701", period=year, kind="M", reason="test")
    with books.database.reading() as connection:
        metadata = books.database.metadata
        assert beginning_of_books(connection, metadata, "XHFA") == D(2024, 12, 31)
        first, last, daily = D(2025, 1, 1), D(2025, 7, 31), D(2025, 6, 1)
        history = book_curve(connection, metadata, "XHFA", first, last, daily_from=daily)
        by_day = book_curve(connection, metadata, "XHFA", first, last)
    assert [day for day, _ in by_day.points][:3] == [D(2024, 12, 31), D(2025, 1, 3), D(2025, 6, 11)]
    enriched = {day: book[Category.ENRICHED].element_mg for day, book in history.points}
    assert enriched == {
        D(2024, 12, 31): 1_000_000,
        D(2025, 1, 31): 1_010_500,
        D(2025, 6, 11): 1_010_250,
        D(2025, 6, 15): 1_010_250,
        D(2025, 6, 16): 1_010_000,
        D(2025, 7, 31): 1_010_000,
    }
    assert [(day, book[Category.ENRICHED].fissile_mg) for day, book in history.takings] == [
        (D(2025, 6, 15), 45_500)
    ]
    assert history.categories == (Category.NATURAL, Category.ENRICHED)
    books.database.close()


def test_an_area_without_lines_has_a_flat_curve(sqlite_url: str) -> None:
    books = SmallBooks(sqlite_url, XHFA=PLANT)
    with books.database.reading() as connection:
        metadata = books.database.metadata
        assert beginning_of_books(connection, metadata, "XHZZ") is None
        history = book_curve(connection, metadata, "XHZZ", D(2025, 1, 1), D(2025, 2, 1))
    assert [dict(book) for _, book in history.points] == [{}, {}]
    books.database.close()
