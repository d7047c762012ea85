"""Reports out of the books: built anew from the recorded lines, not copied from the files."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.accounts.tables import ISOTOPE_WEIGHT, entry_line
from keiryo.dates import number_date
from keiryo.errors import NotFoundError, UsageError
from keiryo.places.tables import area
from keiryo.quantities import LABEL_OF_FISSILE_BASE, Category
from keiryo.reports.entries import TABLE_OF_TYPE
from keiryo.reports.formats.code10_writer import write
from keiryo.reports.issued import issued_reports
from keiryo.reports.model import (
    PLUTONIUM_ISOTOPE_LABELS,
    URANIUM_ISOTOPE_LABELS,
    Entry,
    Note,
    Reference,
    Report,
    Weight,
)
from keiryo.reports.tables import NOTE, REPORT

_FISSILE_OF_SOURCE = {Category.NATURAL: "770", Category.DEPLETED: "780"}
_ISOTOPE_LABELS = {
    **{nuclide: label for label, nuclide in URANIUM_ISOTOPE_LABELS.items()},
    **{nuclide: label for label, nuclide in PLUTONIUM_ISOTOPE_LABELS.items()},
}
_MANY_ACTS = 500
"""Beyond so many acts all are read rather than each named."""


def recorded_reports(
    connection: Connection, metadata: MetaData, mba: str | None = None
) -> Iterator[Report]:
    """Yield the accepted reports of an MBA (None: of all, textual ones too) as recorded."""
    table = metadata.tables[REPORT.name]
    query = select(table).where(table.c.outcome == "accepted").order_by(table.c.act_id)
    if mba is not None:
        query = query.where(table.c.mba == mba)
    headers = connection.execute(query).mappings().all()
    notes = _notes(connection, metadata, mba)
    entries: dict[int, list[Entry]] = {}
    for name in set(TABLE_OF_TYPE.values()):
        entries |= _entries(connection, metadata, name, mba)
    for header in headers:
        act_id = int(header["act_id"])
        yield report_of_row(header, entries.get(act_id, []), notes.get(act_id, []))


def export_reports(
    connection: Connection, metadata: MetaData, mba: str, folder: Path
) -> list[Path]:
    """Write the accepted and issued reports of an MBA as labelled text, one file each.

    Returns
    -------
    list of Path
        The files written, e.g. ``XA-XAFA-102-I.txt``.

    Raises
    ------
    NotFoundError
        If the MBA is not registered or has no reports.
    UsageError
        If the folder cannot be written.
    """
    area(connection, metadata, mba)
    reports = [
        *recorded_reports(connection, metadata, mba),
        *issued_reports(connection, metadata, mba),
    ]
    if not reports:
        raise NotFoundError(f"no report of {mba} is recorded", "Import reports first.")
    paths = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for report in reports:
            path = folder / f"{report.country}-{mba}-{report.number}-{report.type or 'T'}.txt"
            path.write_text(write([report]), encoding="ascii", newline="\n")
            paths.append(path)
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}") from error
    return paths


def report_of_row(header: Any, entries: Sequence[Entry], notes: Sequence[Note]) -> Report:
    """Return the report whose header a line of the books is, with its entries and notes."""
    return Report(
        country=header["country"],
        number=header["report_no"],
        type=header["report_type"] or "",
        date=_day(header["report_date"]),
        encoder=header["encoder"],
        period_from=_day(header["period_from"]),
        period_to=_day(header["period_to"]),
        period_single=bool(header["period_single"]),
        facility=header["facility"],
        mba=header["mba"],
        entries=tuple(entries),
        notes=tuple(notes),
    )


def _day(number: int | None) -> datetime.date | None:
    return None if number is None else number_date(int(number))


def _notes(connection: Connection, metadata: MetaData, mba: str | None) -> dict[int, list[Note]]:
    """Return the notes by act."""
    table = metadata.tables[NOTE.name]
    query = select(table).order_by(table.c.act_id, table.c.line_no)
    if mba is not None:
        query = query.where(table.c.mba == mba)
    found: dict[int, list[Note]] = defaultdict(list)
    for row in connection.execute(query).mappings():
        found[int(row["act_id"])].append(note_of_row(row))
    return found


def note_of_row(row: Any) -> Note:
    """Return the note that a line of the books is."""
    return Note(
        number=row["note_no"],
        total=row["note_total"],
        text=row["note_text"],
        reference=row["reference"],
        report_type=row["report_type"],
        non_latin=row["non_latin"],
    )


Isotopes = dict[tuple[int, int], list[tuple[str, int]]]
"""Nuclides and milligrams by act and line."""


def isotopes_of_acts(connection: Connection, metadata: MetaData, acts: Collection[int]) -> Isotopes:
    """Return the further isotopes of lines, by act and parent line."""
    table = metadata.tables[ISOTOPE_WEIGHT.name]
    query = select(table.c.act_id, table.c.parent_line, table.c.nuclide, table.c.mass_mg)
    if len(acts) <= _MANY_ACTS:
        query = query.where(table.c.act_id.in_(sorted(acts)))
    found: Isotopes = defaultdict(list)
    for act_id, parent, nuclide, mass_mg in connection.execute(query):
        found[(int(act_id), int(parent))].append((str(nuclide), int(mass_mg)))
    return found


def _entries(
    connection: Connection, metadata: MetaData, name: str, mba: str | None
) -> dict[int, list[Entry]]:
    """Return the reported entries of one table by act."""
    table = metadata.tables[name]
    query = (
        select(table, entry_line(table).label("first_line"))
        .where(table.c.report_no.is_not(None))
        .order_by(table.c.act_id, table.c.line_no)
    )
    if mba is not None:
        query = query.where(table.c.mba == mba)
    groups: dict[tuple[int, int], list[Any]] = defaultdict(list)
    for row in connection.execute(query).mappings():
        groups[(int(row["act_id"]), int(row["first_line"]))].append(row)
    isotopes = isotopes_of_acts(connection, metadata, {act_id for act_id, _ in groups})
    found: dict[int, list[Entry]] = defaultdict(list)
    for (act_id, _), rows in groups.items():
        found[act_id].append(entry_of_rows(rows, isotopes))
    return found


def entry_of_rows(rows: Sequence[Any], isotopes: Isotopes, number: int | None = None) -> Entry:
    """Return the entry that some lines of the books make, one line a category."""
    weights = [
        weight
        for row in rows
        for weight in _weights(row, isotopes.get((int(row["act_id"]), int(row["line_no"])), []))
    ]
    ordered = tuple(sorted(weights, key=lambda weight: weight.label))
    return _entry(rows[0], ordered, number)


def _weights(row: Any, isotopes: list[tuple[str, int]]) -> Iterator[Weight]:
    if row["category"] is None:
        return
    category = Category(row["category"])
    yield Weight(category.label, int(row["element_mg"]))
    if row["fissile_mg"] is not None:
        label = _FISSILE_OF_SOURCE.get(category) or LABEL_OF_FISSILE_BASE[row["fissile_basis"]]
        yield Weight(label, int(row["fissile_mg"]))
    for nuclide, mass_mg in isotopes:
        yield Weight(_ISOTOPE_LABELS[nuclide], mass_mg)


def _entry(row: Any, weights: tuple[Weight, ...], number: int | None = None) -> Entry:
    fields = dict(row)
    basis = [part or None for part in (fields.get("basis") or "").split("/")]
    basis += [None] * (3 - len(basis))
    return Entry(
        number=fields["entry_no"] if number is None else number,
        total=fields["entry_total"],
        status=fields["status"] or "N",
        refers=_reference(fields["refers"]),
        state_record_id=fields["state_record_id"],
        shipper=fields.get("shipper"),
        receiver=fields.get("receiver"),
        note_indicator=bool(fields["note_indicator"]),
        kmp=fields.get("kmp"),
        code=fields.get("code"),
        date=_day(fields.get("event_date")),
        mdc=fields.get("mdc"),
        operator_mdc=fields.get("operator_mdc"),
        description=fields.get("description"),
        non_latin=fields.get("non_latin"),
        batch=fields.get("batch"),
        shipper_batch=fields.get("shipper_batch"),
        basis=basis[0],
        basis_kmp=basis[1],
        basis_method=basis[2],
        items=fields.get("items"),
        weights=weights,
    )


def _reference(text: str | None) -> Reference | None:
    if text is None:
        return None
    country, _, rest = text.partition(";")
    report, _, entry = rest.partition("/")
    return Reference(country, int(report), int(entry))
