"""Reports by programs: those received and those issued, one by one with their entries."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from litestar import Response
from litestar.params import PathParameter, QueryParameter
from msgspec import Meta
from sqlalchemy import Connection, MetaData, String, cast, func, literal, null, select, tuple_

from keiryo.dates import number_date
from keiryo.errors import NotFoundError
from keiryo.quantities import Category
from keiryo.reports.entries import TABLE_OF_TYPE
from keiryo.reports.export import entry_of_rows, isotopes_of_acts, note_of_row, report_of_row
from keiryo.reports.formats.code10_reader import read
from keiryo.reports.formats.code10_writer import write
from keiryo.reports.model import Entry, Note, Report
from keiryo.reports.tables import ISSUED_RECORD, ISSUED_REPORT, NOTE, REPORT
from keiryo.web.api.answering import (
    TextOrJson,
    answered,
    as_of_area,
    as_of_seen,
    reading,
    wants_text,
)
from keiryo.web.api.asking import MbaCode
from keiryo.web.api.cursors import NEXT_LINK, Cursor, Limit, asked_page, paged
from keiryo.web.api.documents import Document
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking

_HEADER = (
    *("act_id", "line_no", "country", "report_no", "mba", "facility", "report_type"),
    *("report_date", "encoder", "period_from", "period_to", "entry_count", "digest"),
)


class ReportDocument(Document, frozen=True, kw_only=True):
    """The header of a report."""

    mba: Annotated[str | None, Meta(description="area; null in a textual report")]
    number: Annotated[int, Meta(description="report number, label 001", examples=[102])]
    type: Annotated[str | None, Meta(description="I, P, M or T, label 010")]
    direction: Annotated[str, Meta(description="received, or issued here")]
    outcome: Annotated[str, Meta(description="accepted, refused or issued")]
    country: Annotated[str, Meta(description="country code")]
    facility: Annotated[str | None, Meta(description="facility code, label 207")]
    date: Annotated[datetime.date | None, Meta(description="label 003")]
    encoder: Annotated[str | None, Meta(description="label 006")]
    period_from: Annotated[datetime.date | None, Meta(description="first day, label 015")]
    period_to: Annotated[datetime.date | None, Meta(description="last day, label 015")]
    entry_count: Annotated[int, Meta(description="number of entries")]
    digest: Annotated[str, Meta(description="SHA-256 of the labelled text, hexadecimal")]
    act: Annotated[int, Meta(description="act that recorded it")]
    line: Annotated[int, Meta(description="its line in the act")]


class ReportPage(Document, frozen=True, kw_only=True):
    """A page of reports, in the order in which they were recorded."""

    items: Annotated[list[ReportDocument], Meta(description="headers of reports that you see")]
    next: Annotated[str | None, Meta(description="cursor of the next page; null after the last")]


class IsotopeDocument(Document, frozen=True, kw_only=True):
    """The weight of a further isotope."""

    nuclide: Annotated[str, Meta(description="nuclide", examples=["Pu-239"])]
    mass_mg: Annotated[int, Meta(description="weight in milligrams")]


class EntryWeight(Document, frozen=True, kw_only=True):
    """The weights of an entry in one element category."""

    category: Annotated[str, Meta(description="element category")]
    element_mg: Annotated[int, Meta(description="element weight in milligrams")]
    fissile_mg: Annotated[int | None, Meta(description="fissile weight in milligrams")]
    fissile_basis: Annotated[str | None, Meta(description="what that stands for")]
    isotopes: Annotated[list[IsotopeDocument], Meta(description="further isotopes")]


class EntryDocument(Document, frozen=True, kw_only=True):
    """An entry of a report, as it was stated."""

    number: Annotated[int, Meta(description="label 002")]
    status: Annotated[str, Meta(description="label 309: N, U, C, D or A")]
    code: Annotated[str | None, Meta(description="label 411")]
    date: Annotated[datetime.date | None, Meta(description="label 412")]
    kmp: Annotated[str | None, Meta(description="label 407")]
    batch: Annotated[str | None, Meta(description="label 446")]
    shipper_batch: Annotated[str | None, Meta(description="label 447")]
    shipper: Annotated[str | None, Meta(description="label 370")]
    receiver: Annotated[str | None, Meta(description="label 372")]
    mdc: Annotated[str | None, Meta(description="label 430")]
    description: Annotated[str | None, Meta(description="label 436")]
    basis: Annotated[str | None, Meta(description="label 469")]
    items: Annotated[int | None, Meta(description="label 470")]
    weights: Annotated[list[EntryWeight], Meta(description="labels 600 to 800 by category")]


class NoteDocument(Document, frozen=True, kw_only=True):
    """A concise note of a report."""

    number: Annotated[int, Meta(description="label 002")]
    reference: Annotated[str | None, Meta(description="label 099")]
    text: Annotated[str | None, Meta(description="label 391")]
    non_latin: Annotated[str | None, Meta(description="label 445")]


class WholeReport(ReportDocument, frozen=True, kw_only=True):
    """A report with its entries and notes; those of a refused one are in its file only."""

    entries: Annotated[list[EntryDocument], Meta(description="by number")]
    notes: Annotated[list[NoteDocument], Meta(description="by number")]


@reading("/reports", "reports", opt={"reads": "reports"}, headers=[NEXT_LINK])
def list_reports(
    request: AnyRequest,
    viewer: Asking,
    limit: Limit = 100,
    cursor: Cursor = None,
    mba: Annotated[
        str | None, QueryParameter(max_length=40, description="Only of this area.")
    ] = None,
    outcome: Annotated[
        Literal["accepted", "refused", "issued"] | None,
        QueryParameter(description="Only those that were so dealt with."),
    ] = None,
) -> Response[ReportPage]:
    """List the reports that were received or issued, in the order of recording."""
    asked = asked_page(request, viewer, limit, cursor)
    parts = []
    for table, columns in _headers(viewer.metadata):
        query = select(*columns)
        if asked.after is not None:
            place = tuple_(table.c.act_id, table.c.line_no)
            query = query.where(place > tuple_(*asked.after))
        if mba is not None:
            query = query.where(table.c.mba == mba.replace("\0", ""))
        parts.append(query)
    both = parts[0].union_all(parts[1]).subquery("both")
    wanted = select(both).order_by(both.c.act_id, both.c.line_no).limit(limit + 1)
    if outcome is not None:
        wanted = wanted.where(both.c.outcome == outcome)

    def build() -> Response[ReportPage]:
        with viewer.books.reading() as connection:
            rows = connection.execute(wanted).mappings().all()
        return paged(
            *(request, viewer, asked, rows, lambda row: [row["act_id"], row["line_no"]]),
            lambda shown, more: ReportPage(
                items=[ReportDocument(**_header(row)) for row in shown], next=more
            ),
        )

    return answered(request, viewer, as_of_seen(viewer), build)


@reading(
    "/reports/{mba:str}/{number:int}",
    "reports",
    opt={"reads": "reports"},
    operation_class=TextOrJson,
)
def get_report(
    request: AnyRequest,
    viewer: Asking,
    mba: MbaCode,
    number: Annotated[
        int, PathParameter(ge=1, le=999_999_999, description="Report number, label 001.")
    ],
    form: Annotated[
        Literal["json", "text"] | None,
        QueryParameter(
            name="format",
            description="text: as labelled text, as with the header Accept: text/plain.",
        ),
    ] = None,
    act: Annotated[
        int | None,
        QueryParameter(
            ge=1,
            le=2**63 - 1,
            description="Act that recorded it, where a number was used more than once; without "
            "it the report that was accepted or issued last.",
        ),
    ] = None,
) -> Response[WholeReport]:
    """Return a report with its entries and notes, as JSON or as labelled text."""
    area = viewer.area(mba)
    as_text = form == "text" or (form is None and wants_text(request))
    with viewer.books.reading() as connection:
        row = _row_of(connection, viewer.metadata, area.code, number, act)
        if as_text and row["outcome"] == "refused":
            raise NotFoundError("a refused report is in its file only", "Ask for it as JSON.")

    def build() -> Any:
        with viewer.books.reading() as connection:
            report, text = _content(connection, viewer.metadata, row)
        if as_text:
            return Response(text, media_type="text/plain; charset=us-ascii")
        return WholeReport(
            **_header(row),
            entries=[_entry(entry) for entry in report.entries],
            notes=[_note(note) for note in report.notes],
        )

    return answered(request, viewer, as_of_area(viewer, area, (as_text, act)), build)


def _headers(metadata: MetaData) -> list[tuple[Any, list[Any]]]:
    """Return the tables of received and issued reports with the columns of their headers."""
    received, issued = metadata.tables[REPORT.name], metadata.tables[ISSUED_REPORT.name]
    single = received.c.period_single
    return [
        (
            received,
            [
                *(received.c[name] for name in _HEADER),
                received.c.outcome,
                func.coalesce(single, 0).label("period_single"),
                literal("received").label("direction"),
            ],
        ),
        (
            issued,
            [
                *(issued.c[name] for name in _HEADER),
                literal("issued").label("outcome"),
                cast(null(), single.type).label("period_single"),
                cast(literal("issued"), String).label("direction"),
            ],
        ),
    ]


def _row_of(
    connection: Connection, metadata: MetaData, mba: str, number: int, act: int | None
) -> Mapping[Any, Any]:
    """Return the header of a report: the one of an act, else the last one issued or accepted.

    Where all of a number were refused, it is the one that was refused last.
    """
    found: list[Mapping[Any, Any]] = []
    for table, columns in _headers(metadata):
        query = select(*columns).where(table.c.mba == mba, table.c.report_no == number)
        if act is not None:
            query = query.where(table.c.act_id == act)
        found += connection.execute(query).mappings().all()
    if not found:
        which = "" if act is None else f" in act {act}"
        raise NotFoundError(f"there is no report {number} of {mba} that you may see{which}")
    standing = [row for row in found if row["outcome"] != "refused"]
    return max(standing or found, key=lambda row: int(row["act_id"]))


def _header(row: Mapping[Any, Any]) -> dict[str, Any]:
    same = ("mba", "direction", "outcome", "country", "facility", "encoder", "entry_count")
    days = ("period_from", "period_to")
    return {
        **{name: row[name] for name in (*same, "digest")},
        **{name: _day(row[name]) for name in days},
        "number": row["report_no"],
        "type": row["report_type"],
        "date": _day(row["report_date"]),
        "act": row["act_id"],
        "line": row["line_no"],
    }


def _day(number: int | None) -> datetime.date | None:
    return None if number is None else number_date(int(number))


def _content(
    connection: Connection, metadata: MetaData, row: Mapping[Any, Any]
) -> tuple[Report, str]:
    """Return a report as recorded, and as labelled text."""
    act_id, number = int(row["act_id"]), int(row["report_no"])
    if row["direction"] == "issued":
        table = metadata.tables[ISSUED_RECORD.name]
        query = select(table.c.content).where(table.c.act_id == act_id, table.c.report_no == number)
        records = connection.execute(query.order_by(table.c.line_no)).scalars()
        text = "".join(f"{record}\n" for record in records)
        return read(text.encode(), f"{row['mba']} report {number}").reports[0], text
    entries = _entries(connection, metadata, row)
    report = report_of_row(row, entries, _notes(connection, metadata, act_id))
    return report, write([report])


def _entries(connection: Connection, metadata: MetaData, row: Mapping[Any, Any]) -> list[Entry]:
    """Return the entries that the act of a report recorded."""
    if row["report_type"] not in TABLE_OF_TYPE or row["outcome"] == "refused":
        return []
    act_id = int(row["act_id"])
    table = metadata.tables[TABLE_OF_TYPE[row["report_type"]]]
    query = select(table).where(table.c.act_id == act_id, table.c.report_no.is_not(None))
    isotopes = isotopes_of_acts(connection, metadata, {act_id})
    groups: dict[int, list[Any]] = {}
    for line in connection.execute(query.order_by(table.c.line_no)).mappings():
        groups.setdefault(int(line["entry_line"] or line["line_no"]), []).append(line)
    return [entry_of_rows(rows, isotopes) for rows in groups.values()]


def _notes(connection: Connection, metadata: MetaData, act_id: int) -> list[Note]:
    table = metadata.tables[NOTE.name]
    query = select(table).where(table.c.act_id == act_id).order_by(table.c.line_no)
    return [note_of_row(row) for row in connection.execute(query).mappings()]


def _entry(entry: Entry) -> EntryDocument:
    named = [name for name in EntryDocument.__struct_fields__ if name not in ("weights", "basis")]
    basis = [entry.basis, entry.basis_kmp, entry.basis_method]
    return EntryDocument(
        **{name: getattr(entry, name) for name in named},
        basis="/".join(part or "" for part in basis).rstrip("/") or None,
        weights=[
            EntryWeight(
                category=str(Category(group.category)),
                element_mg=group.element_mg,
                fissile_mg=group.fissile_mg,
                fissile_basis=group.fissile_basis,
                isotopes=[IsotopeDocument(nuclide=n, mass_mg=mg) for n, mg in group.isotopes],
            )
            for group in entry.groups()
        ],
    )


def _note(note: Note) -> NoteDocument:
    return NoteDocument(
        number=note.number, reference=note.reference, text=note.text, non_latin=note.non_latin
    )


SECTION = Section("api reports", api=(list_reports, get_report))
