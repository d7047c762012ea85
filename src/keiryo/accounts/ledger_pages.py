"""The general ledger of an area page by page, however many lines it has.

A page is found by counting lines by month (in the projection `book_sum` where everything recorded
counts), and its running book begins with the book of the evening before its first line; no line of
another month is touched. The lines, their order and their running book are those of
`keiryo.accounts.ledger.general_ledger`, all categories in one sequence of days.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, MetaData, case, func, select

from keiryo.accounts import books
from keiryo.accounts.balance import REBATCHING, book_since, opening_inventory
from keiryo.accounts.book_sums import LINES_READ_FOR_ONE, are_most_lines
from keiryo.accounts.book_sums import NAME as BOOK_SUM_NAME
from keiryo.accounts.equations import book_sign
from keiryo.accounts.model import NOW, ZERO, Amount, Knowledge
from keiryo.accounts.tables import INVENTORY_CHANGE, effective, unindexed
from keiryo.dates import Period, date_number, number_date, previous_day
from keiryo.quantities import Category
from keiryo.vocabulary import ENTRY_CODES

_WITH_FISSILE = (Category.ENRICHED, Category.UNIFIED)


@dataclass(frozen=True, slots=True)
class LedgerFilter:
    """Which lines of a general ledger are wanted; None means any.

    Attributes
    ----------
    category : Category, optional
    code : str, optional
        Type of inventory change, label 411.
    batch : str, optional
        Text that the batch name contains, in any case of letters.
    report : int, optional
        Report number.
    """

    category: Category | None = None
    code: str | None = None
    batch: str | None = None
    report: int | None = None

    @property
    def has_book(self) -> bool:
        """Whether the lines follow each other without gaps, so that they have a running book."""
        return self.code is None and self.batch is None and self.report is None


class LineCount(NamedTuple):
    """How many lines of a code and category fall on a month (YYYYMM) or a day (YYYYMMDD)."""

    when: int
    code: str
    category: Category
    lines: int


class LedgerLine(NamedTuple):
    """A line of the general ledger; weights in milligrams.

    The books are those of the line's category after it; None where the filter leaves gaps.
    """

    date: datetime.date
    report: int | None
    entry: int | None
    code: str
    batch: str | None
    category: Category
    element_change_mg: int
    fissile_change_mg: int | None
    element_book_mg: int | None
    fissile_book_mg: int | None
    act: int
    line: int


def line_counts(
    connection: Connection, metadata: MetaData, mba: str, period: Period, knowledge: Knowledge
) -> list[LineCount]:
    """Return how many lines the general ledger has, by month and by the days around whole months.

    Parameters
    ----------
    connection, metadata
        An open reading transaction and the tables.
    mba : str
    period : Period
    knowledge : Knowledge
        Resolved. An earlier state than everything recorded is counted from lines.
    """
    lines = metadata.tables[INVENTORY_CHANGE.name]
    days, months = books.months_and_days(period)
    found: list[LineCount] = []
    if months is not None and knowledge == NOW:
        sums = metadata.tables[BOOK_SUM_NAME]
        keys = (sums.c.month, sums.c.code, sums.c.category)
        query = (
            select(*keys, func.sum(sums.c.line_count))
            .where(sums.c.mba == mba, sums.c.month.between(*months), sums.c.line_count > 0)
            .where(sums.c.code.not_in(REBATCHING))
            .group_by(*keys)
        )
        found += _as_counts(connection.execute(query))
    elif months is not None:
        span = (months[0] * 100, months[1] * 100 + 99)
        found += _counted(connection, lines, lines.c.event_date // 100, mba, span, knowledge)
    for span in days:
        found += _counted(connection, lines, lines.c.event_date, mba, span, knowledge)
    return sorted(found, key=lambda c: _first_day(c.when))


def _counted(
    connection: Connection, lines: Any, key: Any, mba: str, span: tuple[int, int], seen: Knowledge
) -> Iterator[LineCount]:
    keys = (key, lines.c.code, lines.c.category)
    query = select(*keys, func.count()).where(*_of_area(lines, mba, span, seen)).group_by(*keys)
    yield from _as_counts(connection.execute(query))


def _as_counts(rows: Iterable[Any]) -> Iterator[LineCount]:
    for when, code, letter, lines in rows:
        yield LineCount(int(when), str(code), Category(letter), int(lines))


def _first_day(when: int) -> int:
    return when * 100 + 1 if when < 1_000_000 else when


def _of_area(
    lines: Any, mba: str, span: tuple[int, int], knowledge: Knowledge, *, through: bool = False
) -> tuple[ColumnElement[bool], ...]:
    place, day = lines.c.mba, lines.c.event_date
    if through:  # all lines are read through
        place, day = unindexed(place, ""), unindexed(day, 0)
    return (
        place == mba,
        day.between(*span),
        lines.c.code.not_in(REBATCHING),
        effective(lines, knowledge),
    )


@dataclass(frozen=True, slots=True)
class Ledger:
    """The general ledger of an area over a period, to be read page by page.

    Attributes
    ----------
    mba : str
    period : Period
    wanted : LedgerFilter
    knowledge : Knowledge
        Resolved (`keiryo.accounts.tables.resolved`).
    counts : tuple of LineCount
        From `line_counts` for the same area, period and knowledge.
    """

    mba: str
    period: Period
    wanted: LedgerFilter
    knowledge: Knowledge
    counts: tuple[LineCount, ...]

    def total(self, connection: Connection, metadata: MetaData) -> int:
        """Return the number of lines that are wanted."""
        if self.wanted.batch is None and self.wanted.report is None:
            return sum(c.lines for c in self._counts())
        lines = metadata.tables[INVENTORY_CHANGE.name]
        through = self._is_read_through(connection, metadata)
        query = select(func.count()).select_from(lines).where(*self._where(lines, through=through))
        return int(connection.execute(query).scalar_one())

    def page(
        self,
        connection: Connection,
        metadata: MetaData,
        offset: int,
        most: int,
        total: int | None = None,
    ) -> list[LedgerLine]:
        """Return at most so many lines from a place on, counted from 0.

        Parameters
        ----------
        connection, metadata
            An open reading transaction and the tables.
        offset, most : int
        total : int, optional
            How many lines are wanted in all, if that is known: few are sought in another way.
        """
        if total is not None and offset >= total:
            return []
        first, skipped = self._month_of(offset)
        few = total is not None and (offset + most) * LINES_READ_FOR_ONE > total
        through = few and self._is_read_through(connection, metadata)
        rows = list(
            self._rows(connection, metadata, first, offset - skipped, most, through=through)
        )
        if not rows:
            return []
        if not self.wanted.has_book:
            return [_line(row, None) for row in rows]
        if offset == 0:  # nothing of what is wanted comes before
            return list(_running(rows, self._opening(connection, metadata)))
        book = self._book_before(connection, metadata, rows[0])
        return list(_running(rows, book))

    def lines(self, connection: Connection, metadata: MetaData) -> Iterator[LedgerLine]:
        """Yield all lines that are wanted, in order, bounded in memory."""
        rows = self._rows(connection, metadata, date_number(self.period.start), 0, None)
        if not self.wanted.has_book:
            yield from (_line(row, None) for row in rows)
            return
        yield from _running(rows, self._opening(connection, metadata))

    def _counts(self) -> Iterator[LineCount]:
        for count in self.counts:
            if self.wanted.category not in (None, count.category):
                continue
            if self.wanted.code in (None, count.code):
                yield count

    def _month_of(self, offset: int) -> tuple[int, int]:
        """Return the first day of the month (or the day) that a place is in, and what is before."""
        first = date_number(self.period.start)
        if self.wanted.batch is not None or self.wanted.report is not None:
            return first, 0
        before: dict[int, int] = {}
        for count in self._counts():
            before[count.when] = before.get(count.when, 0) + count.lines
        skipped = 0
        for when, count_of in before.items():
            if skipped + count_of > offset:
                return max(_first_day(when), first), skipped
            skipped += count_of
        return first, 0

    def _is_read_through(self, connection: Connection, metadata: MetaData) -> bool:
        """Return whether a batch is better sought among all lines than by the index of days."""
        if self.wanted.batch is None or self.wanted.report is not None:
            return False
        among = sum(count.lines for count in self.counts)
        return are_most_lines(connection, metadata, self.mba, among)

    def _where(
        self, lines: Any, first: int | None = None, *, through: bool = False
    ) -> list[ColumnElement[bool]]:
        """Return the conditions of the lines that are wanted, from a day on.

        One span of days, because a second bound would not narrow what the index is read for.
        """
        start = date_number(self.period.start)
        span = (start if first is None else first, date_number(self.period.end))
        where = [*_of_area(lines, self.mba, span, self.knowledge, through=through)]
        if self.wanted.category is not None:
            where.append(lines.c.category == str(self.wanted.category))
        if self.wanted.code is not None:
            where.append(lines.c.code == self.wanted.code)
        if self.wanted.report is not None:
            where.append(lines.c.report_no == self.wanted.report)
        if self.wanted.batch is not None:
            name = func.lower(lines.c.batch)
            # First, because SQLite asks in this order, and this leaves the fewest.
            where.insert(0, name.contains(self.wanted.batch.lower(), autoescape=True))
        return where

    def _rows(
        self,
        connection: Connection,
        metadata: MetaData,
        first: int,
        offset: int,
        most: int | None,
        *,
        through: bool = False,
    ) -> Iterator[Any]:
        lines = metadata.tables[INVENTORY_CHANGE.name]
        columns = (
            *("event_date", "report_no", "entry_no", "code", "batch", "category"),
            *("element_mg", "fissile_mg", "act_id", "line_no"),
        )
        query = (
            select(*(lines.c[name] for name in columns))
            .where(*self._where(lines, first, through=through))
            .order_by(lines.c.event_date, _rank(lines), lines.c.act_id, lines.c.line_no)
        )
        if most is not None:
            query = query.limit(most).offset(offset)
        yield from connection.execute(query, execution_options={"yield_per": 5_000}).mappings()

    def _opening(self, connection: Connection, metadata: MetaData) -> dict[Category, Amount]:
        start = self.period.start
        return dict(opening_inventory(connection, metadata, self.mba, start, self.knowledge))

    def _book_before(
        self, connection: Connection, metadata: MetaData, row: Any
    ) -> dict[Category, Amount]:
        """Return the book before a line: of the evening before, and what is before it that day."""
        day, start = number_date(row["event_date"]), self.period.start
        book = base = self._opening(connection, metadata)
        if day > start:
            pit, evening = previous_day(start), previous_day(day)
            book = book_since(connection, metadata, self.mba, pit, evening, base, self.knowledge)
        same_day = Ledger(self.mba, Period(day, day), self.wanted, self.knowledge, ())
        for earlier in same_day._rows(connection, metadata, row["event_date"], 0, None):
            if (earlier["act_id"], earlier["line_no"]) == (row["act_id"], row["line_no"]):
                break
            category = Category(earlier["category"])
            book[category] = book.get(category, ZERO) + _change(earlier)
        return book


@lru_cache(maxsize=16)
def _rank(lines: Any) -> ColumnElement[int]:
    """Return the order within a day: increases before category changes and decreases.

    Made once for each table: a case of that many codes takes as long as to read a page of lines.
    """
    ranks = {code: entry.day_rank for code, entry in ENTRY_CODES().items()}
    return case(ranks, value=lines.c.code, else_=max(ranks.values()) + 1)


def _change(row: Any) -> Amount:
    category = Category(row["category"])
    sign = -1 if row["code"] == "DI" else book_sign(row["code"], category)
    fissile = row["fissile_mg"]
    if category not in _WITH_FISSILE:
        fissile = None
    return Amount(int(row["element_mg"]), None if fissile is None else int(fissile)).times(sign)


def _running(rows: Iterable[Any], book: dict[Category, Amount]) -> Iterator[LedgerLine]:
    for row in rows:
        category = Category(row["category"])
        book[category] = book.get(category, ZERO) + _change(row)
        yield _line(row, book[category])


def _line(row: Any, book: Amount | None) -> LedgerLine:
    change, category = _change(row), Category(row["category"])
    fissile = None if book is None or category not in _WITH_FISSILE else book.fissile_mg
    return LedgerLine(
        number_date(row["event_date"]),
        *(row["report_no"], row["entry_no"], row["code"], row["batch"], category),
        *(change.element_mg, change.fissile_mg),
        None if book is None else book.element_mg,
        fissile,
        *(row["act_id"], row["line_no"]),
    )
