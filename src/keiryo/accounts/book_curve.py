"""The book inventory of an area over time, without going through all its lines.

Far back, the book is told at the end of each month, from the projection `book_sum`; in the last
stretch, and in months in the middle of which a physical inventory was taken, on each day, from the
lines of those days. On the day of a taking the curve ends at the book that the taking is compared
with (BA); from the day after it stands at what was found (INFCIRC/153 (Corrected), paragraphs 102
and 113). What is told of a day is what the balances say of it.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, MetaData, func, select

from keiryo.accounts import books
from keiryo.accounts.balance import REBATCHING, opening_inventory
from keiryo.accounts.book_sums import NAME as BOOK_SUM_NAME
from keiryo.accounts.equations import book_sign
from keiryo.accounts.model import NOW, ZERO, Amount, Knowledge
from keiryo.accounts.tables import INVENTORY_CHANGE, effective, resolved
from keiryo.dates import date_number, end_of_month, next_day, number_date, previous_day
from keiryo.quantities import Category

MOST_DAILY_LINES = 5_000
"""Lines of the last months of which the book is told on each day."""

Books = Mapping[Category, Amount]
_Change = tuple[datetime.date, Category, Amount]


@dataclass(frozen=True, slots=True)
class BookHistory:
    """The book inventory of an area over time.

    Attributes
    ----------
    mba : str
    knowledge : Knowledge
    points : tuple of (date, mapping of Category to Amount)
        The book in the evening of a day, in order of days; it begins on the day before the first.
    takings : tuple of (date, mapping of Category to Amount)
        What stood on the book after each physical inventory taking.
    """

    mba: str
    knowledge: Knowledge
    points: tuple[tuple[datetime.date, Books], ...]
    takings: tuple[tuple[datetime.date, Books], ...]

    @property
    def categories(self) -> tuple[Category, ...]:
        """The categories that ever stood on the book, in the order of `Category`."""
        present = {c for _, book in (*self.points, *self.takings) for c in book}
        return tuple(c for c in Category if c in present)


def beginning_of_books(
    connection: Connection, metadata: MetaData, mba: str, knowledge: Knowledge | None = None
) -> datetime.date | None:
    """Return the first day about which the books of an area say anything; None: no day.

    Parameters
    ----------
    connection, metadata
        An open reading transaction and the tables.
    mba : str
    knowledge : Knowledge, optional
        Default: everything recorded. Of the changes, the first month ever known counts.
    """
    seen = resolved(connection, metadata, knowledge or NOW)
    table = metadata.tables[BOOK_SUM_NAME]
    query = select(func.min(table.c.month)).where(table.c.mba == mba, table.c.line_count > 0)
    month = connection.execute(query).scalar()
    days = books.pit_dates(connection, metadata, mba, seen)[:1]
    if month is not None:
        days.append(number_date(int(month) * 100 + 1))
    return min(days, default=None)


def book_curve(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    first: datetime.date,
    last: datetime.date,
    *,
    knowledge: Knowledge | None = None,
    daily_from: datetime.date | None = None,
) -> BookHistory:
    """Return the book inventory of an area over time.

    Parameters
    ----------
    connection, metadata
        An open reading transaction and the tables.
    mba : str
    first, last : datetime.date
        The days between which it is told.
    knowledge : Knowledge, optional
        Default: everything recorded. An earlier state is summed from lines.
    daily_from : datetime.date, optional
        From the month of this day on, each day with a change is told; default: as far back as
        `MOST_DAILY_LINES` reach, and in the month of `last` in any case.

    Returns
    -------
    BookHistory
        Weights in milligrams; the fissile weight of enriched and unified uranium only.

    References
    ----------
    INFCIRC/153 (Corrected), paragraphs 102 and 113.
    """
    seen = resolved(connection, metadata, knowledge or NOW)
    every = books.pit_dates(connection, metadata, mba, seen)
    pits = [pit for pit in every if first <= pit <= last]
    found = {pit: opening_inventory(connection, metadata, mba, next_day(pit), seen) for pit in pits}
    if daily_from is None:
        daily_from = _last_stretch(connection, metadata, mba, first, last)
    daily = _daily_months(first, last, pits, daily_from)
    changed: dict[datetime.date, list[_Change]] = {}
    for change in _changes(connection, metadata, mba, first, last, daily, seen):
        changed.setdefault(change[0], []).append(change)
    book = opening_inventory(connection, metadata, mba, first, seen)
    points = {previous_day(first): _stated(book)}
    for day in sorted({*changed, *pits, last}):
        for _, category, amount in changed.get(day, ()):
            book[category] = book.get(category, ZERO) + amount
        points[day] = _stated(book)
        if day in found:
            book = dict(found[day])
            if day < last:
                points[next_day(day)] = _stated(book)
    taken = tuple((pit, _stated(found[pit])) for pit in pits)
    return BookHistory(mba, seen, tuple(sorted(points.items(), key=lambda p: p[0])), taken)


def _stated(book: Books) -> dict[Category, Amount]:
    """Return a book with the fissile weights that are balanced, as the balance has them."""
    with_fissile = (Category.ENRICHED, Category.UNIFIED)
    return {
        c: book[c] if c in with_fissile else Amount(book[c].element_mg, None)
        for c in Category
        if c in book
    }


def _last_stretch(
    connection: Connection, metadata: MetaData, mba: str, first: datetime.date, last: datetime.date
) -> datetime.date:
    """Return the day from which on there are few enough lines to tell of each day."""
    sums = metadata.tables[BOOK_SUM_NAME]
    query = (
        select(sums.c.month, func.sum(sums.c.line_count))
        .where(sums.c.mba == mba, sums.c.month.between(_month(first), _month(last)))
        .group_by(sums.c.month)
        .order_by(sums.c.month.desc())
    )
    lines = 0
    for month, count in connection.execute(query):
        lines += int(count)
        if lines > MOST_DAILY_LINES:
            return next_day(end_of_month(number_date(int(month) * 100 + 1)))
    return first


def _daily_months(
    first: datetime.date,
    last: datetime.date,
    pits: Iterable[datetime.date],
    daily_from: datetime.date,
) -> set[int]:
    """Return the months (YYYYMM) of which each day is told."""
    daily = {_month(pit) for pit in pits if pit != end_of_month(pit)}
    if first.day != 1:
        daily.add(_month(first))
    day = max(daily_from, first).replace(day=1)
    while day <= last:
        daily.add(_month(day))
        day = next_day(end_of_month(day))
    if last != end_of_month(last):
        daily.add(_month(last))
    return daily


def _month(day: datetime.date) -> int:
    return day.year * 100 + day.month


def _changes(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    first: datetime.date,
    last: datetime.date,
    daily: set[int],
    knowledge: Knowledge,
) -> Iterator[_Change]:
    """Yield what changed the book: by day in some months, by the last day of the others."""
    lines = metadata.tables[INVENTORY_CHANGE.name]
    known_now = knowledge.through_act is None and knowledge.known_on is None
    month = lines.c.event_date // 100
    where = [lines.c.mba == mba, lines.c.code.not_in(REBATCHING), effective(lines, knowledge)]
    spans = [_span(m, first, last) for m in sorted(daily)]
    whole = [m for m in _months(first, last) if m not in daily]
    for span in _joined(spans):  # each on its own: an OR of spans would read all lines of the area
        query = _sums(lines, lines.c.event_date, [*where, lines.c.event_date.between(*span)])
        yield from _signed((number_date(int(row[0])), row) for row in connection.execute(query))
    if not whole:
        return
    if known_now:
        sums = metadata.tables[BOOK_SUM_NAME]
        query = (
            select(
                sums.c.month,
                *(sums.c.code, sums.c.category, sums.c.fissile_basis),
                func.sum(sums.c.element_mg),
                func.sum(sums.c.fissile_mg),
                func.sum(sums.c.line_count),
                func.sum(sums.c.fissile_count),
            )
            .where(
                sums.c.mba == mba,
                sums.c.month.between(whole[0], whole[-1]),
                sums.c.line_count > 0,
                sums.c.code.not_in(REBATCHING),
            )
            .group_by(sums.c.month, sums.c.code, sums.c.category, sums.c.fissile_basis)
        )
    else:
        span = (whole[0] * 100, whole[-1] * 100 + 99)
        query = _sums(lines, month, [*where, lines.c.event_date.between(*span)])
    wanted = set(whole)
    rows = (row for row in connection.execute(query) if int(row[0]) in wanted)
    yield from _signed((end_of_month(number_date(int(row[0]) * 100 + 1)), row) for row in rows)


def _sums(lines: Any, key: Any, where: Sequence[ColumnElement[bool]]) -> Any:
    keys = (key, lines.c.code, lines.c.category, lines.c.fissile_basis)
    sums = (func.sum(lines.c.element_mg), func.sum(lines.c.fissile_mg))
    counts = (func.count(), func.count(lines.c.fissile_mg))
    return select(*keys, *sums, *counts).where(*where).group_by(*keys)


def _signed(rows: Iterable[tuple[datetime.date, Any]]) -> Iterator[_Change]:
    """Yield sums with the sign that they have for the book of their category."""
    for day, (_, code, letter, basis, element, fissile, count, fissile_count) in rows:
        category = Category(letter)
        sign = -1 if code == "DI" else book_sign(str(code), category)
        known_fissile = int(fissile or 0) if int(fissile_count) == int(count) else None
        bases = frozenset({str(basis)}) if basis else frozenset()
        yield day, category, Amount(int(element), known_fissile, bases).times(sign)


def _months(first: datetime.date, last: datetime.date) -> list[int]:
    """Return the months (YYYYMM) from one day to another."""
    found, day = [], first.replace(day=1)
    while day <= last:
        found.append(_month(day))
        day = next_day(end_of_month(day))
    return found


def _span(month: int, first: datetime.date, last: datetime.date) -> tuple[int, int]:
    """Return the days (YYYYMMDD) of a month that lie between two days."""
    begin = number_date(month * 100 + 1)
    return date_number(max(begin, first)), date_number(min(end_of_month(begin), last))


def _joined(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return spans of days, those that follow each other as one."""
    joined: list[tuple[int, int]] = []
    for begin, end in spans:
        if joined and next_day(number_date(joined[-1][1])) == number_date(begin):
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((begin, end))
    return joined
