"""Reports per supplier party beside the ordinary ones (Japan): lines, due days, agreement.

The same events as in the ordinary reports, broken down by label set: inventory changes,
differences and re-batching (paragraph 5), mixing that changes a breakdown (6), nuclear production
and loss (10), physical inventory (12). By batch where batches are followed, otherwise by the pool
of the area. Every report is compared with the ordinary one of the same events.

Numbers of forms stand as data; how the forms are laid out is not claimed. Paragraph numbers and
days: `keiryo.obligations.due_dates`.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, MetaData, func, select

from keiryo.accounts.books import physical_inventory, pit_dates
from keiryo.accounts.model import Knowledge
from keiryo.accounts.tables import INVENTORY_CHANGE, effective
from keiryo.dates import date_number, days_later, end_of_month, number_date, previous_day
from keiryo.errors import Finding, NotFoundError, Severity
from keiryo.obligations.balances import holdings_on
from keiryo.obligations.due_dates import (
    CHANGE,
    DISCHARGE,
    INVENTORY,
    MIXING,
    DueReport,
    reports_due,
)
from keiryo.obligations.holdings import BOOK, Holding, Line, Move
from keiryo.obligations.stated import read_stated
from keiryo.obligations.statement_reading import ledger_rows, move_table, read_listed
from keiryo.obligations.supplier_mixing import MIXING_KINDS, Mixing, mixings, targets
from keiryo.places.model import MaterialBalanceArea
from keiryo.places.tables import area, areas
from keiryo.vocabulary import entry_code

BASIS = "docs/theory/obligations.md"
PRODUCED_AND_LOST = ("NP", "LN")
_SAME_HOLDING = ("SETTLED", "EXCHANGE", "RELABEL")
_REBATCHING = ("RM", "RP")
"""What takes from a batch, and what adds to one."""

_SHOWN_BACK_DAYS = 31


@dataclass(frozen=True, slots=True)
class SupplierLine:
    """A quantity under one label set in a report.

    Attributes
    ----------
    date : datetime.date
    what : str
        Type of change (label 411), ``mixed``, ``after mixing`` or ``inventory``.
    direction : str
        ``increase``, ``decrease`` or empty.
    batch : str
        Batch, or the pool.
    category, labels : str
    element_mg : int
    record : str or None
        The line from which it follows, as act/line.
    """

    date: datetime.date
    what: str
    direction: str
    batch: str
    category: str
    labels: str
    element_mg: int
    record: str | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """What a report and the ordinary one say of the same, signed: they have to agree."""

    what: str
    category: str
    ordinary_mg: int
    by_party_mg: int

    @property
    def agrees(self) -> bool:
        """Whether both say the same."""
        return self.ordinary_mg == self.by_party_mg


@dataclass(frozen=True, slots=True)
class SupplierReport:
    """A report per supplier party.

    Attributes
    ----------
    mba : str
    due : DueReport
        Paragraph, title, forms, and by when.
    first, last : datetime.date
        What it is about.
    per_batch : bool
    through_act : int
        Last act that it takes into account.
    lines : tuple of SupplierLine
    agreements : tuple of Agreement
    """

    mba: str
    due: DueReport
    first: datetime.date
    last: datetime.date
    per_batch: bool
    through_act: int
    lines: tuple[SupplierLine, ...]
    agreements: tuple[Agreement, ...]

    def findings(self) -> list[Finding]:
        """Return where it does not agree with the ordinary report."""
        return [
            Finding(
                "SUPPLIER-REPORT-DIFFERS",
                Severity.INCONSISTENCY,
                f"{one.what} of category {one.category}: the lines per supplier party add up to "
                f"{one.by_party_mg} mg, the ordinary report to {one.ordinary_mg} mg",
                "Look whether labels were kept when it happened, and whether batches hold what "
                "was taken from them.",
                mba=self.mba,
                category=one.category,
                found=str(one.by_party_mg),
                expected=str(one.ordinary_mg),
                basis=BASIS,
            )
            for one in self.agreements
            if not one.agrees
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values for JSON; weights in milligrams."""
        return {
            "mba": self.mba,
            "paragraphs": list(self.due.report.paragraphs),
            "title": self.due.report.title,
            "forms": list(self.due.forms),
            "basis": self.due.report.basis,
            "from": self.first.isoformat(),
            "to": self.last.isoformat(),
            "due": self.due.due.isoformat(),
            "per_batch": self.per_batch,
            "through_act": self.through_act,
            "lines": [
                {
                    "date": one.date.isoformat(),
                    "what": one.what,
                    "direction": one.direction or None,
                    "batch": one.batch,
                    "category": one.category,
                    "labels": one.labels,
                    "element_mg": one.element_mg,
                    "record": one.record,
                }
                for one in self.lines
            ],
            "agreement": [
                {
                    "what": one.what,
                    "category": one.category,
                    "ordinary_mg": one.ordinary_mg,
                    "by_party_mg": one.by_party_mg,
                    "agrees": one.agrees,
                }
                for one in self.agreements
            ],
        }


def supplier_reports(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    month: datetime.date,
    *,
    facility_kind: str | None = None,
) -> list[SupplierReport]:
    """Return the reports per supplier party that the events of a month make due.

    Parameters
    ----------
    mba : str
        Material balance area.
    month : datetime.date
        Any day of it.
    facility_kind : str, optional
        ``"reactor"`` or ``"spent fuel store"``: of these, mixing is not asked.

    Raises
    ------
    NotFoundError
        If there is no such area, or no labels were kept in that month.
    """
    place = area(connection, metadata, mba)
    first, last = month.replace(day=1), end_of_month(month)
    begins = read_stated(connection, metadata).begins
    if begins is None or begins > date_number(last):
        raise NotFoundError(
            f"no labels were kept in {first:%Y-%m}",
            "Record from which day on labels are kept, or ask for a later month.",
        )
    table = move_table(metadata)
    period = table.c.event_date.between(date_number(first), date_number(last))
    moves = read_listed(connection, metadata, [period, table.c.mba == mba])
    through = int(
        connection.execute(select(func.max(metadata.tables["act"].c.act_id))).scalar() or 0
    )
    reading = _Month(connection, metadata, place, first, last, moves, through, facility_kind)
    return [*reading.changes(), *reading.mixing(), *reading.inventories()]


@dataclass(frozen=True, slots=True)
class _Month:
    connection: Connection
    metadata: MetaData
    place: MaterialBalanceArea
    first: datetime.date
    last: datetime.date
    moves: Sequence[Move]
    through_act: int
    facility_kind: str | None

    def changes(self) -> Iterator[SupplierReport]:
        """Yield the reports of paragraphs 5 and 10."""
        rows = ledger_rows(self.connection, self.metadata, {m.line for m in self.moves})
        codes = {line: str(row["code"]) for line, row in rows.items()}
        ordinary = _ordinary(self.connection, self.metadata, self.place, self.first, self.last)
        for occasion, wanted in ((CHANGE, False), (DISCHARGE, True)):
            mine = [
                m
                for m in self.moves
                if m.line in codes
                and m.kind not in _SAME_HOLDING
                and (codes[m.line] in PRODUCED_AND_LOST) == wanted
            ]
            lines = tuple(change_lines(mine, codes, self.place.code))
            sums = {
                key: mg for key, mg in ordinary.items() if (key[0] in PRODUCED_AND_LOST) == wanted
            }
            if lines or any(sums.values()):
                agreements = tuple(agreement(lines, sums))
                yield from self._reports(occasion, self.last, lines, agreements)

    def mixing(self) -> Iterator[SupplierReport]:
        """Yield the report of paragraph 6."""
        found = _mixings(self.connection, self.metadata, self.place.code, self.moves)
        if found:
            first = number_date(found[0].day)
            yield from self._reports(MIXING, first, tuple(mixing_lines(found)), ())

    def inventories(self) -> Iterator[SupplierReport]:
        """Yield the reports of paragraph 12."""
        mba = self.place.code
        for pit in pit_dates(self.connection, self.metadata, mba, Knowledge()):
            if not self.first <= pit <= self.last:
                continue
            cells = holdings_on(self.connection, self.metadata, pit, [mba])
            lines = tuple(
                SupplierLine(pit, "inventory", "", one.name, one.category, key, mg, None)
                for one, own in sorted(cells.items())
                for key, mg in sorted(own.items())
            )
            found = physical_inventory(self.connection, self.metadata, mba, pit, Knowledge())
            sums = {("inventory", str(category)): one.element_mg for category, one in found.items()}
            yield from self._reports(INVENTORY, pit, lines, tuple(agreement(lines, sums)), pit)

    def _reports(
        self,
        occasion: str,
        day: datetime.date,
        lines: tuple[SupplierLine, ...],
        agreements: tuple[Agreement, ...],
        only: datetime.date | None = None,
    ) -> Iterator[SupplierReport]:
        per_batch = self.place.batch_follow_up
        kind = self.facility_kind
        for due in reports_due(occasion, day, per_batch=per_batch, facility_kind=kind):
            if due.report.per_supplier_party:
                days = (only or self.first, only or self.last)
                yield SupplierReport(
                    *(self.place.code, due, *days, per_batch, self.through_act, lines, agreements)
                )


def change_lines(
    moves: Iterable[Move], codes: Mapping[Line, str], mba: str
) -> Iterator[SupplierLine]:
    """Yield what moves change in the book of an area, by line, batch and label set."""
    sums: dict[tuple[int, Line, str, Holding, str, bool], int] = {}
    for move in moves:
        for holding, key, sign in (
            (move.source, move.labels_from, -1),
            (move.target, move.labels_to, 1),
        ):
            if holding.account == BOOK and holding.mba == mba:
                code = codes[move.line]
                if code in _REBATCHING:
                    code = _REBATCHING[sign > 0]
                name = (move.day, move.line, code, holding, key, sign > 0)
                sums[name] = sums.get(name, 0) + move.element_mg
    for (day, line, code, holding, key, raised), mg in sorted(sums.items()):
        if mg:
            yield SupplierLine(
                *(number_date(day), code, "increase" if raised else "decrease", holding.name),
                *(holding.category, key, mg, f"{line.act}/{line.line}"),
            )


def mixing_lines(found: Iterable[Mixing]) -> Iterator[SupplierLine]:
    """Yield what was mixed and what came of it, by label set."""
    for one in found:
        day, record = number_date(one.day), f"{one.line.act}/{one.line.line}"
        category = one.target.category
        for name, cells in one.sources:
            for key, mg in sorted(cells.items()):
                yield SupplierLine(day, "mixed", "", name, category, key, mg, record)
        for key, mg in sorted(one.cells.items()):
            yield SupplierLine(day, "after mixing", "", one.target.name, category, key, mg, record)


def agreement(
    lines: Iterable[SupplierLine], ordinary: Mapping[tuple[str, str], int]
) -> Iterator[Agreement]:
    """Yield whether lines add up to the ordinary report, by type of change and category."""
    sums: dict[tuple[str, str], int] = {}
    for one in lines:
        sign = -1 if one.direction == "decrease" else 1
        key = (one.what, one.category)
        sums[key] = sums.get(key, 0) + sign * one.element_mg
    for what, category in sorted({*sums, *ordinary}):
        key = (what, category)
        yield Agreement(what, category, ordinary.get(key, 0), sums.get(key, 0))


def _ordinary(
    connection: Connection,
    metadata: MetaData,
    place: MaterialBalanceArea,
    first: datetime.date,
    last: datetime.date,
) -> dict[tuple[str, str], int]:
    """Return what the effective changes of a month do to the book, by code and category."""
    table = metadata.tables[INVENTORY_CHANGE.name]
    total = func.sum(table.c.element_mg)
    query = (
        select(table.c.code, table.c.category, total)
        .where(
            table.c.mba == place.code,
            table.c.event_date.between(date_number(first), date_number(last)),
            effective(table, Knowledge()),
        )
        .group_by(table.c.code, table.c.category)
    )
    found: dict[tuple[str, str], int] = {}
    for code, category, mg in connection.execute(query):
        entry = entry_code(code)
        sign = entry.sign
        if entry.old_category is not None:
            sign = -1 if category == str(entry.old_category) else 1
        elif entry.kind == "rebatching":
            sign = entry.batch_sign if place.batch_follow_up else 0
        if sign:
            found[str(code), str(category)] = sign * int(mg)
    return found


def _mixings(
    connection: Connection, metadata: MetaData, mba: str, moves: Sequence[Move]
) -> list[Mixing]:
    """Return the mixings among all moves of an area from a day on, in the order of their days."""
    wanted = targets(moves, mba)
    if not wanted:
        return []
    start = previous_day(number_date(min(wanted)))
    held = holdings_on(connection, metadata, start, [mba])
    before: dict[tuple[int, Holding], Mapping[str, int]] = {}
    for day, some in groupby(sorted(moves, key=lambda one: one.day), key=lambda one: one.day):
        if day > date_number(start):
            for holding in wanted.get(day, ()):
                before[day, holding] = dict(held.get(holding, {}))
            for move in some:
                for side, key, sign in (
                    (move.source, move.labels_from, -1),
                    (move.target, move.labels_to, 1),
                ):
                    own = held.setdefault(side, {})
                    own[key] = own.get(key, 0) + sign * move.element_mg
    return mixings(moves, before, mba)


def due_list(
    connection: Connection,
    metadata: MetaData,
    on: datetime.date,
    *,
    facility_kinds: Mapping[str, str] | None = None,
) -> list[dict[str, Any]]:
    """Return what is due around a day in all areas, the earliest first.

    What fell due in the month before is shown, too: whether it was sent is not known here.

    Parameters
    ----------
    on : datetime.date
    facility_kinds : mapping of area to kind, optional
        See `supplier_reports`.
    """
    since = days_later(on.replace(day=1), -100).replace(day=1)
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for mba, place in areas(connection, metadata).items():
        kind = (facility_kinds or {}).get(mba)
        for occasion, day in _occasions(connection, metadata, mba, since):
            for due in reports_due(
                occasion, day, per_batch=place.batch_follow_up, facility_kind=kind
            ):
                if due.due >= days_later(on, -_SHOWN_BACK_DAYS):
                    period = day.isoformat() if occasion == INVENTORY else f"{day:%Y-%m}"
                    row = _due_row(mba, due, period, on)
                    found.setdefault((mba, due.report.paragraphs, period), row)
    return sorted(found.values(), key=lambda row: (row["due"], row["mba"], row["paragraphs"]))


def _due_row(mba: str, due: DueReport, period: str, on: datetime.date) -> dict[str, Any]:
    return {
        "due": due.due.isoformat(),
        "mba": mba,
        "period": period,
        "title": due.report.title,
        "forms": list(due.forms),
        "per_supplier_party": due.report.per_supplier_party,
        "paragraphs": list(due.report.paragraphs),
        "day_passed": due.due < on,
        "basis": due.report.basis,
    }


def _occasions(
    connection: Connection, metadata: MetaData, mba: str, since: datetime.date
) -> Iterator[tuple[str, datetime.date]]:
    """Yield what makes reports due in an area since a day; changes by the end of their month."""
    table = metadata.tables[INVENTORY_CHANGE.name]
    query = (
        select(table.c.code, func.min(table.c.event_date))
        .where(
            table.c.mba == mba,
            table.c.event_date >= date_number(since),
            effective(table, Knowledge()),
        )
        .group_by(table.c.code, table.c.event_date // 100)
    )
    for code, day in connection.execute(query):
        occasion = DISCHARGE if code in PRODUCED_AND_LOST else CHANGE
        yield occasion, end_of_month(number_date(int(day)))
    moves = move_table(metadata)
    later = moves.c.event_date >= date_number(since)
    mixing = moves.c.kind.in_(MIXING_KINDS)
    if connection.execute(
        select(moves.c.act_id).where(moves.c.mba == mba, later, mixing).limit(1)
    ).first():
        every = read_listed(connection, metadata, [moves.c.mba == mba, later])
        yield from (
            (MIXING, number_date(m.day)) for m in _mixings(connection, metadata, mba, every)
        )
    for pit in pit_dates(connection, metadata, mba, Knowledge()):
        if pit >= since:
            yield INVENTORY, pit
