"""Reports out of the books: built anew from the recorded lines, not copied from the files."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
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


def recorded_reports(
    connection: Connection, metadata: MetaData, mba: str | None = None
) -> Iterator[Report]:
    """Yield the accepted reports of an MBA (None: of all, textual ones too) as recorded."""
    table = metadata.tables[REPORT.name]
    query = select(table).where(table.c.outcome == "accepted").order_by(table.c.act_id)
    if mba is not None:
        query = query.where(table.c.mba == mba)
    for header in connection.execute(query).mappings().all():
        yield _report(connection, metadata, header)


def export_reports(
    connection: Connection, metadata: MetaData, mba: str, folder: Path
) -> list[Path]:
    """Write the accepted reports of an MBA as labelled text, one file each.

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
    reports = list(recorded_reports(connection, metadata, mba))
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


def _report(connection: Connection, metadata: MetaData, header: Any) -> Report:
    entries: tuple[Entry, ...] = ()
    if header["report_type"] in TABLE_OF_TYPE:
        name = TABLE_OF_TYPE[header["report_type"]]
        entries = tuple(_entries(connection, metadata, name, int(header["act_id"])))
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
        entries=entries,
        notes=tuple(_notes(connection, metadata, int(header["act_id"]))),
    )


def _day(number: int | None) -> datetime.date | None:
    return None if number is None else number_date(int(number))


def _notes(connection: Connection, metadata: MetaData, act_id: int) -> Iterator[Note]:
    table = metadata.tables[NOTE.name]
    query = select(table).where(table.c.act_id == act_id).order_by(table.c.line_no)
    for row in connection.execute(query).mappings():
        yield Note(
            number=row["note_no"],
            total=row["note_total"],
            text=row["note_text"],
            reference=row["reference"],
            report_type=row["report_type"],
            non_latin=row["non_latin"],
        )


def _entries(connection: Connection, metadata: MetaData, name: str, act_id: int) -> Iterator[Entry]:
    table, isotopes = metadata.tables[name], metadata.tables[ISOTOPE_WEIGHT.name]
    query = (
        select(table, entry_line(table).label("first_line"))
        .where(table.c.act_id == act_id, table.c.report_no.is_not(None))
        .order_by(table.c.line_no)
    )
    groups: dict[int, list[Any]] = {}
    for row in connection.execute(query).mappings():
        groups.setdefault(int(row["first_line"]), []).append(row)
    children: dict[int, list[tuple[str, int]]] = {}
    parents = select(isotopes.c.parent_line, isotopes.c.nuclide, isotopes.c.mass_mg).where(
        isotopes.c.act_id == act_id
    )
    for parent, nuclide, mass_mg in connection.execute(parents):
        children.setdefault(int(parent), []).append((str(nuclide), int(mass_mg)))
    for rows in groups.values():
        weights = [w for row in rows for w in _weights(row, children.get(row["line_no"], []))]
        yield _entry(rows[0], tuple(sorted(weights, key=lambda weight: weight.label)))


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


def _entry(row: Any, weights: tuple[Weight, ...]) -> Entry:
    fields = dict(row)
    basis = [part or None for part in (fields.get("basis") or "").split("/")]
    basis += [None] * (3 - len(basis))
    return Entry(
        number=fields["entry_no"],
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
