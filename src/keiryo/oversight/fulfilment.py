"""What fulfils a duty: reports accepted and issued, entries that they state, notices given.

Read once for a board, as of a day: a report counts from its date (label 003).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, MetaData, and_, case, exists, literal, or_, select

from keiryo.accounts.model import NOW
from keiryo.accounts.tables import INVENTORY_CHANGE, effective, entry_line, unindexed
from keiryo.dates import date_number, number_date
from keiryo.oversight.tables import ADVANCE_NOTICE
from keiryo.reports.tables import ISSUED_RECORD, ISSUED_REPORT, REPORT, REPORTING_CONTEXT

Answer = tuple[str, date]
"""Number of a report, and its date."""

NEVER = 99_999_999
"""Stands for no day: after every day that can be written YYYYMMDD."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """A notified or planned transfer out of or into the State, as last recorded."""

    notice: str
    direction: str
    partner: str
    notified_on: date | None
    prepared_on: date | None
    transfer_on: date | None
    safeguarded: bool | None
    confirmed_on: date | None


class Fulfilment:
    """Reports, reported entries and notices of some areas, as of a day."""

    def __init__(
        self,
        connection: Connection,
        metadata: MetaData,
        on: date,
        mbas: Sequence[str],
        *,
        by_day: bool = False,
    ) -> None:
        self.connection, self.metadata, self.on, self.mbas = connection, metadata, on, list(mbas)
        self._to, self._by_day = date_number(on), by_day
        self._issued_on = self._issue_dates()
        self._reports: dict[tuple[str, str], list[Any]] = {}
        for row in self._all_reports():
            self._reports.setdefault((row["mba"], row["report_type"]), []).append(row)
        self._prior = self._prior_inventories()
        self._transfers: dict[str, list[Transfer]] | None = None
        self._stated: dict[str, dict[int, dict[str, set[Answer | None]]]] = {}
        for mba, day, code, answer in self._entries():
            slot = self._stated.setdefault(mba, {}).setdefault(day, {})
            slot.setdefault(code, set()).add(answer)

    def prior_inventory(self, mba: str) -> date | None:
        """Return the day of the inventory with which the books of an area begin, if stated."""
        return self._prior.get(mba)

    def reported_inventories(self, mba: str) -> set[date]:
        """Return the days of takings that a listing or a balance reports."""
        return {
            number_date(row["period_to"])
            for letter in ("P", "M")
            for row in self._reports.get((mba, letter), ())
            if row["period_to"]
        }

    def report_for(self, mba: str, letter: str | None, end: date) -> Answer | None:
        """Return the first report of a type whose period ends on a day; for ICRs, in its month."""
        if letter is None:
            return None
        day, found = date_number(end), []
        for row in self._reports.get((mba, letter), ()):
            to = row["period_to"]
            if to and (to == day or (letter == "I" and to // 100 == day // 100)):
                found.append((number_date(row["report_date"]), str(row["report_no"])))
        return None if not found else (min(found)[1], min(found)[0])

    def changes(
        self, mba: str, concerns: Callable[[str], bool], *, by_day: bool
    ) -> Iterator[tuple[str, date, set[Answer | None]]]:
        """Yield each month (or day) with changes: its text, a day in it, what states its entries.

        An answer of None stands for changes that no report states yet.
        """
        months: dict[int, set[Answer | None]] = {}
        for day, by_code in sorted(self._stated.get(mba, {}).items()):
            answers = [a for code, stated in by_code.items() if concerns(code) for a in stated]
            if answers:
                key = day if by_day else day // 100 * 100 + 1
                months.setdefault(key, set()).update(answers)
        for key, every in months.items():
            first = number_date(key)
            yield first.isoformat() if by_day else f"{first:%Y-%m}", first, every

    def transfers(self, mba: str) -> list[Transfer]:
        """Return the transfers of an area that were not withdrawn, each as last recorded."""
        if self._transfers is None:
            self._transfers = self._all_transfers()
        return self._transfers.get(mba, [])

    def _all_transfers(self) -> dict[str, list[Transfer]]:
        table = self.metadata.tables[ADVANCE_NOTICE.name]
        query = select(table).order_by(table.c.act_id, table.c.line_no)
        latest = {str(row["notice"]): row for row in self.connection.execute(query).mappings()}
        found: dict[str, list[Transfer]] = {}
        for name, row in latest.items():
            if row["state"] == "withdrawn":
                continue
            transfer = Transfer(
                notice=name,
                direction=row["direction"],
                partner=row["partner"],
                notified_on=_day(row["notified_on"]),
                prepared_on=_day(row["prepared_on"]),
                transfer_on=_day(row["transfer_on"]),
                safeguarded=None if row["safeguarded"] is None else bool(row["safeguarded"]),
                confirmed_on=_day(row["confirmed_on"]),
            )
            found.setdefault(row["mba"], []).append(transfer)
        return found

    def _issue_dates(self) -> dict[tuple[str, int], date]:
        """Return the dates of the reports issued by the day of the board, of all areas."""
        table = self.metadata.tables[ISSUED_REPORT.name]
        query = select(table.c.mba, table.c.report_no, table.c.report_date)
        query = query.where(table.c.report_date <= self._to)
        return {
            (str(mba), int(number)): number_date(int(dated))
            for mba, number, dated in self.connection.execute(query)
        }

    def _all_reports(self) -> Iterator[Any]:
        received, issued = self.metadata.tables[REPORT.name], self._issued_tables()[1]
        names = ("mba", "report_no", "report_type", "report_date", "period_to")
        for table in (received, issued):
            query = select(*(table.c[name] for name in names)).where(
                table.c.mba.in_(self.mbas), table.c.report_date <= self._to
            )
            if table is received:
                query = query.where(table.c.outcome == "accepted")
            yield from self.connection.execute(query).mappings()

    def _prior_inventories(self) -> dict[str, date]:
        table = self.metadata.tables[REPORTING_CONTEXT.name]
        query = select(table.c.mba, table.c.prior_pit).order_by(table.c.act_id, table.c.line_no)
        return {str(mba): number_date(int(day)) for mba, day in self.connection.execute(query)}

    # Entries by the day (or month) that asks for a report, with the report that states them. The
    # database puts together what is alike; where it can, from the index by day alone, because to
    # look into a line takes several times as long as to pass over it.

    def _entries(self) -> Iterator[tuple[str, int, str, Answer | None]]:
        table = self.metadata.tables[INVENTORY_CHANGE.name]
        yield from self._reported(table)
        if self._issued_on:
            yield from self._issued(table)
        yield from self._unreported(table)
        yield from self._corrected(table)

    def _reported(self, table: Any) -> Iterator[tuple[str, int, str, Answer | None]]:
        """Yield first statements of changes; what corrects them later does not make them late."""
        day = unindexed(table.c.event_date, NEVER)  # by the index of what is reported
        query = (
            select(table.c.mba, self._key(day), table.c.code, table.c.report_no, table.c.known_on)
            .where(
                table.c.mba.in_(self.mbas),
                day <= self._to,
                table.c.report_no.is_not(None),
                _is_first(table),
            )
            .distinct()
        )
        for mba, key, code, number, known_on in self.connection.execute(query):
            late = int(known_on) > self._to
            answer = None if late else (str(number), number_date(int(known_on)))
            yield mba, self._first_day(key), code, answer

    def _issued(self, table: Any) -> Iterator[tuple[str, int, str, Answer | None]]:
        """Yield changes that reports made from the books state.

        A report states an entry by its first line. The others are found apart: an entry has more
        than one line only where it has more than one category.
        """
        record = self._issued_tables()[0]
        further = table.alias("further")
        head = and_(
            table.c.act_id == record.c.source_act,
            table.c.line_no == record.c.source_line,
            entry_line(table) == table.c.line_no,
        )
        more = and_(
            further.c.act_id == record.c.source_act,
            further.c.entry_line == record.c.source_line,
            further.c.entry_line != further.c.line_no,
            further.c.mba.in_(self.mbas),
        )
        same = and_(further.c.act_id == table.c.act_id, further.c.line_no == table.c.line_no)
        wanted = set(self.mbas)
        for source in (
            record.join(table, head),
            further.join(record, more).join(table, same),
        ):
            query = (
                select(
                    *(table.c.mba, self._key(table.c.event_date), table.c.code),
                    *(record.c.mba, record.c.report_no),
                )
                .select_from(source)
                .where(
                    unindexed(table.c.event_date, NEVER) <= self._to,
                    table.c.report_no.is_(None),
                    _is_first(table),
                )
                .distinct()
            )
            for mba, key, code, reporting, number in self.connection.execute(query):
                dated = self._issued_on.get((str(reporting), int(number)))
                if mba in wanted and dated is not None:
                    yield mba, self._first_day(key), code, (str(number), dated)

    def _unreported(self, table: Any) -> Iterator[tuple[str, int, str, Answer | None]]:
        """Yield the days (or months) of new changes of which no report states some.

        Of each day and code, one line is enough.
        """
        known = table.alias("known")
        days = (
            select(known.c.mba, known.c.event_date, known.c.code)
            .where(known.c.mba.in_(self.mbas), known.c.event_date <= self._to)
            .distinct()
            .subquery("days")
        )
        one = (
            select(literal(1))
            .where(
                table.c.mba == days.c.mba,
                table.c.event_date == days.c.event_date,
                table.c.code == days.c.code,
                table.c.report_no.is_(None),
                _is_first(table),
                effective(table, NOW),
                *self._unissued(table),
            )
            .limit(1)
            .scalar_subquery()
        )
        query = select(days.c.mba, self._key(days.c.event_date), days.c.code)
        query = query.where(one.is_not(None))
        if not self._by_day:  # else they differ already, and SQLite would look into every line
            query = query.distinct()
        for mba, key, code in self.connection.execute(query):
            yield mba, self._first_day(key), code, None

    def _corrected(self, table: Any) -> Iterator[tuple[str, int, str, Answer | None]]:
        """Yield what corrects, adds or deletes and is not reported, by when it came.

        What corrects an entry that no report states yet takes its place and counts as new.
        """
        older, marked = table.alias("older"), table.alias("marked")
        replaces_new = exists(
            select(older.c.act_id).where(
                older.c.act_id == table.c.supersedes_act,
                older.c.line_no == table.c.supersedes_line,
                older.c.report_no.is_(None),
                _is_first(older),
                *self._unissued(older),
            )
        )
        same = and_(marked.c.act_id == table.c.act_id, marked.c.line_no == table.c.line_no)
        standing = effective(table, NOW)
        new = and_(
            *(table.c.status == "C", replaces_new, standing),
            unindexed(table.c.event_date, NEVER) <= self._to,
        )
        later = and_(
            *(~replaces_new, or_(standing, table.c.status == "D")),
            unindexed(table.c.known_on, NEVER) <= self._to,
        )
        when = case((new, table.c.event_date), else_=table.c.known_on)
        query = (
            select(table.c.mba, self._key(when), table.c.code)
            .select_from(marked.join(table, same))
            .where(
                marked.c.mba.in_(self.mbas),
                marked.c.status.in_(("C", "A", "D")),
                table.c.report_no.is_(None),
                *self._unissued(table),
                or_(new, later),
            )
            .distinct()
        )
        for mba, key, code in self.connection.execute(query):
            yield mba, self._first_day(key), code or "", None

    def _unissued(self, table: Any) -> Iterator[ColumnElement[bool]]:
        """Yield the condition that no report made from the books states a line's entry."""
        if not self._issued_on:
            return
        record, report = self._issued_tables()
        yield ~exists(
            select(record.c.act_id)
            .join(report, _same_report(record, report))
            .where(
                record.c.source_act == table.c.act_id,
                record.c.source_line == entry_line(table),
                report.c.report_date <= self._to,
            )
        )

    def _issued_tables(self) -> tuple[Any, Any]:
        tables = self.metadata.tables
        return tables[ISSUED_RECORD.name], tables[ISSUED_REPORT.name]

    def _key(self, column: Any) -> Any:
        return column if self._by_day else column // 100

    def _first_day(self, key: int) -> int:
        return int(key) if self._by_day else int(key) * 100 + 1


def _is_first(table: Any) -> ColumnElement[bool]:
    """Return the condition that a line states something for the first time."""
    return or_(table.c.status.is_(None), table.c.status == "N")


def _same_report(record: Any, report: Any) -> ColumnElement[bool]:
    return and_(record.c.mba == report.c.mba, record.c.report_no == report.c.report_no)


def _day(number: int | None) -> date | None:
    return None if number is None else number_date(int(number))
