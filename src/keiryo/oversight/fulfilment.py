"""What fulfils a duty: reports accepted and issued, entries that they state, notices given.

Read once for a board, as of a day: a report counts from its date (label 003).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, MetaData, and_, exists, or_, select

from keiryo.accounts.model import NOW
from keiryo.accounts.tables import INVENTORY_CHANGE, effective, entry_line
from keiryo.dates import date_number, end_of_month, number_date
from keiryo.oversight.tables import ADVANCE_NOTICE
from keiryo.reports.tables import REPORT, REPORTING_CONTEXT

Answer = tuple[str, date]
"""Number of a report, and its date."""


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
        self._reports = list(self._all_reports())
        self._prior = self._prior_inventories()
        self._stated: dict[str, dict[int, dict[str, list[Answer | None]]]] = {}
        for mba, day, code, answer in self._entries(by_day):
            slot = self._stated.setdefault(mba, {}).setdefault(day, {})
            slot.setdefault(code, []).append(answer)

    def prior_inventory(self, mba: str) -> date | None:
        """Return the day of the inventory with which the books of an area begin, if stated."""
        return self._prior.get(mba)

    def reported_inventories(self, mba: str) -> set[date]:
        """Return the days of takings that a listing or a balance reports."""
        return {
            number_date(row["period_to"])
            for row in self._reports
            if row["mba"] == mba and row["report_type"] in ("P", "M") and row["period_to"]
        }

    def report_for(self, mba: str, letter: str | None, end: date) -> Answer | None:
        """Return the first report of a type whose period ends on a day; for ICRs, in its month."""
        if letter is None:
            return None
        found = []
        for row in self._reports:
            if row["mba"] != mba or row["report_type"] != letter or not row["period_to"]:
                continue
            to = number_date(row["period_to"])
            if to == end or (letter == "I" and end_of_month(to) == end_of_month(end)):
                found.append((number_date(row["report_date"]), str(row["report_no"])))
        return None if not found else (min(found)[1], min(found)[0])

    def changes(
        self, mba: str, concerns: Callable[[str], bool], *, by_day: bool
    ) -> Iterator[tuple[str, date, list[Answer | None]]]:
        """Yield each month (or day) with changes: its text, a day in it, what states its entries.

        An answer of None stands for changes that no report states yet.
        """
        months: dict[int, list[Answer | None]] = {}
        for day, by_code in sorted(self._stated.get(mba, {}).items()):
            answers = [a for code, listed in by_code.items() if concerns(code) for a in listed]
            if answers:
                key = day if by_day else day // 100 * 100 + 1
                months.setdefault(key, []).extend(answers)
        for key, answers in months.items():
            first = number_date(key)
            yield first.isoformat() if by_day else f"{first:%Y-%m}", first, answers

    def transfers(self, mba: str) -> list[Transfer]:
        """Return the transfers of an area that were not withdrawn, each as last recorded."""
        table = self.metadata.tables[ADVANCE_NOTICE.name]
        query = select(table).order_by(table.c.act_id, table.c.line_no)
        latest = {str(row["notice"]): row for row in self.connection.execute(query).mappings()}
        return [
            Transfer(
                notice=name,
                direction=row["direction"],
                partner=row["partner"],
                notified_on=_day(row["notified_on"]),
                prepared_on=_day(row["prepared_on"]),
                transfer_on=_day(row["transfer_on"]),
                safeguarded=None if row["safeguarded"] is None else bool(row["safeguarded"]),
                confirmed_on=_day(row["confirmed_on"]),
            )
            for name, row in latest.items()
            if row["mba"] == mba and row["state"] != "withdrawn"
        ]

    def _all_reports(self) -> Iterator[Any]:
        received, issued = self.metadata.tables[REPORT.name], self.metadata.tables["issued_report"]
        names = ("mba", "report_no", "report_type", "report_date", "period_to")
        for table in (received, issued):
            query = select(*(table.c[name] for name in names)).where(
                table.c.mba.in_(self.mbas), table.c.report_date <= date_number(self.on)
            )
            if table is received:
                query = query.where(table.c.outcome == "accepted")
            yield from self.connection.execute(query).mappings()

    def _prior_inventories(self) -> dict[str, date]:
        table = self.metadata.tables[REPORTING_CONTEXT.name]
        query = select(table.c.mba, table.c.prior_pit).order_by(table.c.act_id, table.c.line_no)
        return {str(mba): number_date(int(day)) for mba, day in self.connection.execute(query)}

    # Entries by the day (or month) that asks for a report, with the report that states them.

    def _entries(self, by_day: bool) -> Iterator[tuple[str, int, str, Answer | None]]:
        table = self.metadata.tables[INVENTORY_CHANGE.name]
        yield from self._reported(table, by_day)
        yield from self._issued(table, by_day)
        yield from self._unreported(table, by_day)

    def _reported(self, table: Any, by_day: bool) -> Iterator[tuple[str, int, str, Answer | None]]:
        """Yield first statements of changes; what corrects them later does not make them late."""
        day = _key(table.c.event_date, by_day)
        query = (
            select(table.c.mba, day, table.c.code, table.c.report_no, table.c.known_on)
            .where(
                self._happened(table),
                table.c.report_no.is_not(None),
                or_(table.c.status.is_(None), table.c.status == "N"),
            )
            .distinct()
        )
        for mba, key, code, number, known_on in self.connection.execute(query):
            late = int(known_on) > date_number(self.on)
            answer = None if late else (str(number), number_date(int(known_on)))
            yield mba, _first_day(int(key), by_day), code, answer

    def _issued(self, table: Any, by_day: bool) -> Iterator[tuple[str, int, str, Answer | None]]:
        record, report = self._issued_tables()
        day = _key(table.c.event_date, by_day)
        query = (
            select(table.c.mba, day, table.c.code, report.c.report_no, report.c.report_date)
            .join(record, self._states(record, table))
            .join(report, _same_report(record, report))
            .where(
                self._happened(table),
                table.c.report_no.is_(None),
                or_(table.c.status.is_(None), table.c.status == "N"),
                report.c.report_date <= date_number(self.on),
            )
            .distinct()
        )
        for mba, key, code, number, dated in self.connection.execute(query):
            answer = (str(number), number_date(int(dated)))
            yield mba, _first_day(int(key), by_day), code, answer

    def _unreported(
        self, table: Any, by_day: bool
    ) -> Iterator[tuple[str, int, str, Answer | None]]:
        """Yield what no report states: a new change by its day, a correction by when it came.

        What corrects an entry that no report states yet takes its place and counts as new.
        """
        older = table.alias("older")
        replaces_new = exists(
            select(older.c.act_id).where(
                older.c.act_id == table.c.supersedes_act,
                older.c.line_no == table.c.supersedes_line,
                older.c.report_no.is_(None),
                or_(older.c.status.is_(None), older.c.status == "N"),
                ~self._is_issued(older),
            )
        )
        first = or_(table.c.status.is_(None), table.c.status == "N")
        new = and_(or_(first, and_(table.c.status == "C", replaces_new)), effective(table, NOW))
        later = and_(
            table.c.status.in_(("C", "A", "D")),
            ~replaces_new,
            or_(effective(table, NOW), table.c.status == "D"),
        )
        for condition, when in ((new, table.c.event_date), (later, table.c.known_on)):
            query = (
                select(table.c.mba, _key(when, by_day), table.c.code)
                .where(
                    table.c.mba.in_(self.mbas),
                    when <= date_number(self.on),
                    table.c.report_no.is_(None),
                    condition,
                    ~self._is_issued(table),
                )
                .distinct()
            )
            for mba, key, code in self.connection.execute(query):
                yield mba, _first_day(int(key), by_day), code or "", None

    def _is_issued(self, table: Any) -> ColumnElement[bool]:
        record, report = self._issued_tables()
        return exists(
            select(record.c.act_id)
            .join(report, _same_report(record, report))
            .where(self._states(record, table), report.c.report_date <= date_number(self.on))
        )

    def _happened(self, table: Any) -> ColumnElement[bool]:
        return and_(table.c.mba.in_(self.mbas), table.c.event_date <= date_number(self.on))

    def _issued_tables(self) -> tuple[Any, Any]:
        return self.metadata.tables["issued_record"], self.metadata.tables["issued_report"]

    @staticmethod
    def _states(record: Any, table: Any) -> ColumnElement[bool]:
        return and_(
            record.c.source_act == table.c.act_id, record.c.source_line == entry_line(table)
        )


def _same_report(record: Any, report: Any) -> ColumnElement[bool]:
    return and_(record.c.mba == report.c.mba, record.c.report_no == report.c.report_no)


def _key(column: Any, by_day: bool) -> Any:
    return column if by_day else column // 100


def _first_day(key: int, by_day: bool) -> int:
    return key if by_day else key * 100 + 1


def _day(number: int | None) -> date | None:
    return None if number is None else number_date(int(number))
