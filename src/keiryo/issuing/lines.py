"""Entries of the books that are still to be reported, and what was said of those that were.

An entry of the books is *reported* if it came in with a report (it has a report number), or if a
record of an issued report states it. All others are still to be reported; so are corrections and
deletions that were recorded in the books after their entry had been reported.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, MetaData, Table, and_, exists, or_, select

from keiryo.accounts.model import Knowledge
from keiryo.accounts.tables import (
    INVENTORY_CHANGE,
    ISOTOPE_WEIGHT,
    PHYSICAL_INVENTORY,
    effective,
    entry_line,
)
from keiryo.dates import Period, date_number, number_date
from keiryo.quantities import LABEL_OF_FISSILE_BASE, Category
from keiryo.reports.issued import Source, reports_with_sources
from keiryo.reports.model import (
    PLUTONIUM_ISOTOPE_LABELS,
    URANIUM_ISOTOPE_LABELS,
    Entry,
    Reference,
    Report,
    Weight,
)
from keiryo.reports.tables import ISSUED_RECORD

_FISSILE_OF_SOURCE = {Category.NATURAL: "770", Category.DEPLETED: "780"}
_URANIUM = (*_FISSILE_OF_SOURCE, Category.ENRICHED, Category.UNIFIED)
_ISOTOPE_LABELS = {
    nuclide: label
    for labels in (URANIUM_ISOTOPE_LABELS, PLUTONIUM_ISOTOPE_LABELS)
    for label, nuclide in labels.items()
}


@dataclass(frozen=True, slots=True)
class BookEntry:
    """An entry of the books.

    Attributes
    ----------
    source : (act, line)
    entry : Entry
        As a report would state it, unrounded, number 0. Status N, C, D or U; for C and D
        `supersedes` is the entry that it speaks of.
    day : datetime.date
        Day of the change, or of the physical inventory taking.
    supersedes : (act, line), optional
    reported_as : Reference, optional
        If it came in with a report.
    """

    source: Source
    entry: Entry
    day: datetime.date
    supersedes: Source | None = None
    reported_as: Reference | None = None


@dataclass(frozen=True, slots=True)
class IssuedEntry:
    """An entry as an issued report states it."""

    reference: Reference
    entry: Entry


class Issued:
    """All that was issued for an area: the reports, and by which record an entry was stated."""

    def __init__(self, connection: Connection, metadata: MetaData, mba: str) -> None:
        self.reports: list[Report] = []
        self.by_source: dict[Source, IssuedEntry] = {}
        for report, sources in reports_with_sources(connection, metadata, mba):
            self.reports.append(report)
            for entry, source in zip(report.entries, sources, strict=True):
                if source is not None:
                    reference = Reference(report.country, report.number, entry.number)
                    self.by_source[source] = IssuedEntry(reference, entry)

    def of_type(self, kind: str) -> list[Report]:
        """Return the issued reports of a type, oldest first."""
        return [report for report in self.reports if report.type == kind]


def changes(
    connection: Connection, metadata: MetaData, mba: str, period: Period
) -> list[BookEntry]:
    """Return the effective changes of an area in a period, by day."""
    table = metadata.tables[INVENTORY_CHANGE.name]
    days = date_number(period.start), date_number(period.end)
    where = and_(
        table.c.mba == mba, table.c.event_date.between(*days), effective(table, Knowledge())
    )
    return _by_day(_entries(connection, metadata, table, where))


def waiting_changes(
    connection: Connection, metadata: MetaData, mba: str, last: datetime.date
) -> list[BookEntry]:
    """Return what no report stated yet: effective changes up to a day, and deletions.

    Deletions have the day of what they delete, or else the day on which they were recorded.
    """
    table = metadata.tables[INVENTORY_CHANGE.name]
    due = and_(effective(table, Knowledge()), table.c.event_date <= date_number(last))
    where = and_(table.c.mba == mba, or_(due, table.c.status == "D"), _unstated(table, metadata))
    return _by_day(_entries(connection, metadata, table, where))


def listing(
    connection: Connection, metadata: MetaData, mba: str, pit: datetime.date
) -> list[BookEntry]:
    """Return the effective entries of a physical inventory listing.

    An empty area has one entry of status U, if that was recorded.
    """
    table = metadata.tables[PHYSICAL_INVENTORY.name]
    standing = or_(effective(table, Knowledge()), table.c.status == "U")
    where = and_(table.c.mba == mba, table.c.pit_date == date_number(pit), standing)
    return sorted(_entries(connection, metadata, table, where), key=lambda found: found.source)


def waiting_batches(
    connection: Connection, metadata: MetaData, mba: str, pit: datetime.date
) -> list[BookEntry]:
    """Return the batches of a listing that no report stated yet, and deletions."""
    table = metadata.tables[PHYSICAL_INVENTORY.name]
    due = or_(effective(table, Knowledge()), table.c.status == "D")
    where = and_(table.c.mba == mba, table.c.pit_date == date_number(pit), due)
    found = _entries(connection, metadata, table, and_(where, _unstated(table, metadata)))
    return sorted(found, key=lambda one: one.source)


def _by_day(found: Iterable[BookEntry]) -> list[BookEntry]:
    return sorted(found, key=lambda one: (one.day, one.source))


def _unstated(table: Table, metadata: MetaData) -> ColumnElement[bool]:
    """Return the condition that a line came in with no report and that none that went out has it.

    Asked of the database, because a plant's records may be millions, all stated but a few.
    """
    record = metadata.tables[ISSUED_RECORD.name]
    stated = exists(
        select(record.c.act_id).where(
            record.c.source_act == table.c.act_id, record.c.source_line == entry_line(table)
        )
    )
    return and_(table.c.report_no.is_(None), ~stated)


def superseded_chain(
    connection: Connection, metadata: MetaData, kind: str, first: Source | None
) -> Iterator[tuple[Source, Reference | None]]:
    """Yield an entry that was corrected and those that it had corrected, newest first.

    Each with the number under which it came in with a report, if it did.
    """
    table = metadata.tables[kind]
    while first is not None:
        query = select(table).where(table.c.act_id == first[0], table.c.line_no == first[1])
        row = connection.execute(query).mappings().first()
        if row is None:
            return
        yield first, _reported_as(row)
        first = _pointer(row)


def _reported_as(row: Any) -> Reference | None:
    if row["report_no"] is None:
        return None
    country = str(row["scope"]).partition("/")[0]
    return Reference(country, int(row["report_no"]), int(row["entry_no"]))


def _pointer(row: Any) -> Source | None:
    if row["supersedes_act"] is None:
        return None
    return int(row["supersedes_act"]), int(row["supersedes_line"])


def _entries(
    connection: Connection, metadata: MetaData, table: Table, where: Any
) -> Iterator[BookEntry]:
    query = select(table).where(where).order_by(table.c.act_id, table.c.line_no)
    groups: dict[Source, list[Mapping[Any, Any]]] = {}
    for row in connection.execute(query).mappings():
        key = (int(row["act_id"]), int(row["entry_line"] or row["line_no"]))
        groups.setdefault(key, []).append(row)
    isotopes = _isotopes(connection, metadata, {act for act, _ in groups})
    for source, rows in groups.items():
        weights = [w for row in rows for w in _weights(row, isotopes)]
        first = rows[0]
        number = first["event_date"] if "event_date" in first else first["pit_date"]
        day = number_date(int(number if number is not None else first["known_on"]))
        ordered = tuple(sorted(weights, key=lambda weight: weight.label))
        entry = _entry(first, ordered)
        yield BookEntry(source, entry, day, _pointer(first), _reported_as(first))


def _isotopes(
    connection: Connection, metadata: MetaData, acts: Iterable[int]
) -> dict[Source, list[tuple[str, int]]]:
    table = metadata.tables[ISOTOPE_WEIGHT.name]
    found: dict[Source, list[tuple[str, int]]] = {}
    for act_id in sorted(acts):
        query = select(table.c.parent_line, table.c.nuclide, table.c.mass_mg).where(
            table.c.act_id == act_id
        )
        for parent, nuclide, mass_mg in connection.execute(query):
            found.setdefault((act_id, int(parent)), []).append((str(nuclide), int(mass_mg)))
    return found


def _weights(
    row: Mapping[Any, Any], isotopes: Mapping[Source, list[tuple[str, int]]]
) -> Iterator[Weight]:
    if row["category"] is None:
        return
    category = Category(row["category"])
    yield Weight(category.label, int(row["element_mg"]))
    if row["fissile_mg"] is not None and category in _URANIUM:
        basis = row["fissile_basis"] or "U-235"
        label = _FISSILE_OF_SOURCE.get(category) or LABEL_OF_FISSILE_BASE[basis]
        yield Weight(label, int(row["fissile_mg"]))
    for nuclide, mass_mg in isotopes.get((int(row["act_id"]), int(row["line_no"])), ()):
        if nuclide in _ISOTOPE_LABELS:  # what a plant follows beyond Code 10 stays in the books
            yield Weight(_ISOTOPE_LABELS[nuclide], mass_mg)


def _entry(row: Mapping[Any, Any], weights: tuple[Weight, ...]) -> Entry:
    basis = [part or None for part in (row["basis"] or "").split("/")]
    basis += [None] * (3 - len(basis))
    event_date = row.get("event_date")
    entry = Entry(
        number=0,
        status=row["status"] or "N",
        state_record_id=row["state_record_id"],
        shipper=row.get("shipper"),
        receiver=row.get("receiver"),
        kmp=row["kmp"],
        code=row.get("code"),
        date=None if event_date is None else number_date(int(event_date)),
        mdc=row["mdc"],
        operator_mdc=row["operator_mdc"],
        description=row["description"],
        non_latin=row["non_latin"],
        batch=row["batch"],
        shipper_batch=row.get("shipper_batch"),
        basis=basis[0],
        basis_kmp=basis[1],
        basis_method=basis[2],
        items=row["items"],
        weights=weights,
    )
    if entry.status in ("U", "D"):
        return Entry(number=0, status=entry.status, state_record_id=entry.state_record_id)
    return entry
