"""Measurements by programs: what is in force, tables checked and imported, lines withdrawn.

The same tables as on the pages: error sources, strata, results, calibrations, control
measurements, target values. A file is imported as one act, or nothing of it is; what is wrong with
it is said all at once, each with its line and column.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any

from litestar import Response
from litestar.concurrency import sync_to_thread
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import Meta

from keiryo.dates import number_date
from keiryo.measurement.forms import FORMS
from keiryo.web.api.answering import (
    AsOf,
    answer_of,
    answered,
    changing,
    done_once,
    entity_tag,
    json_only,
    reading,
    require_current,
    require_writing,
    still_current,
)
from keiryo.web.api.cursors import NEXT_LINK, Cursor, Limit, asked_page, paged
from keiryo.web.api.documents import (
    Document,
    FoundDocument,
    PostedDocument,
    Request,
    found_document,
    posted_document,
)
from keiryo.web.api.jobs import JobDocument, begun
from keiryo.web.api.journal import LARGEST
from keiryo.web.api.received_tables import (
    FileName,
    TableChange,
    TableCheck,
    name_of_file,
    table_sent,
)
from keiryo.web.listing import download_headers
from keiryo.web.once import Answer
from keiryo.web.pages.measurements import (
    AT_ONCE_BYTES,
    IMPORT_JOB,
    IMPORT_TITLE,
    MOST_REASON,
    exported,
    kept_for_import,
    may_import,
    may_withdraw,
    require_import,
    withdraw_named,
)
from keiryo.web.pages.measurements_checked import check_table, import_sent
from keiryo.web.pages.measurements_shown import form_asked, rows_shown
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking, Viewer

HOME = "/measurements"
CAPABILITY = "measurement"
_Row = Mapping[str, Any]

FormName = Annotated[
    str,
    PathParameter(
        max_length=40,
        description="Name of the table: sources, strata, results, calibrations, controls, targets.",
        schema_extra={"enum": list(FORMS)},
    ),
]
Again = Annotated[
    bool,
    QueryParameter(
        description="Whether rows that were withdrawn count again; otherwise they are left out."
    ),
]


class TableColumn(Document, frozen=True, kw_only=True):
    """A column of a table that is imported."""

    name: Annotated[str, Meta(description="its name in the first row of the file")]
    type: Annotated[
        str,
        Meta(
            description="text, list (words with commas between), day, whole (above zero), flag "
            "(yes or no), amount, positive or not negative (decimals)"
        ),
    ]
    required: Annotated[bool, Meta(description="whether it must be filled in")]
    words: Annotated[list[str], Meta(description="the only words allowed; none: any")]


class MeasurementTable(Document, frozen=True, kw_only=True):
    """A table of measurement."""

    form: Annotated[str, Meta(description="its name", examples=["sources"])]
    holds: Annotated[str, Meta(description="what it holds, in words")]
    columns: Annotated[list[TableColumn], Meta(description="what a file may have")]
    lines: Annotated[int, Meta(description="lines in force that you see")]
    may_import: Annotated[bool, Meta(description="whether you may import rows somewhere")]
    may_withdraw: Annotated[bool, Meta(description="whether you may withdraw lines somewhere")]


class MeasurementTableList(Document, frozen=True, kw_only=True):
    """The tables of measurement."""

    items: Annotated[list[MeasurementTable], Meta(description="all of them")]


class MeasurementLine(Document, frozen=True, kw_only=True):
    """A line of a table in force."""

    act: Annotated[int, Meta(description="act that recorded it")]
    line: Annotated[int, Meta(description="its number in the act")]
    values: Annotated[
        dict[str, str | int | None],
        Meta(description="by column; days YYYY-MM-DD, flags yes or no, decimals as texts"),
    ]
    outdated: Annotated[
        str | None,
        Meta(description="why an error source no longer rests on measurements; null: it does"),
    ]


class MeasurementPage(Document, frozen=True, kw_only=True):
    """A page of the lines of a table in force."""

    form: Annotated[str, Meta(description="the table")]
    items: Annotated[list[MeasurementLine], Meta(description="in the order they were recorded in")]
    next: Annotated[str | None, Meta(description="cursor of the next page; null after the last")]


class CheckedMeasurements(Document, frozen=True, kw_only=True):
    """What would become of a file; nothing was recorded."""

    acceptable: Annotated[bool, Meta(description="whether it would be imported as it is")]
    recorded: Annotated[int, Meta(description="rows that would be recorded")]
    unchanged: Annotated[int, Meta(description="rows that are in force in the same words")]
    withdrawn: Annotated[
        int, Meta(description="rows that would be left out because they were withdrawn")
    ]
    findings: Annotated[list[FoundDocument], Meta(description="with line and column")]


class ImportedMeasurements(Document, frozen=True, kw_only=True):
    """What became of a file."""

    posted: Annotated[PostedDocument | None, Meta(description="the act; null if nothing is new")]
    recorded: Annotated[int, Meta(description="rows that were recorded")]
    unchanged: Annotated[int, Meta(description="rows that are in force in the same words")]
    withdrawn: Annotated[
        int, Meta(description="rows that were left out because they were withdrawn")
    ]
    findings: Annotated[list[FoundDocument], Meta(description="warnings")]


class MeasurementWithdrawal(Request, frozen=True, kw_only=True):
    """Which line is withdrawn, and why."""

    act: Annotated[int, Meta(ge=1, le=LARGEST, description="act that recorded it")]
    line: Annotated[int, Meta(ge=1, le=LARGEST, description="its number in the act")]
    reason: Annotated[str, Meta(max_length=MOST_REASON, description="stands in the record")]


class WithdrawnMeasurement(Document, frozen=True, kw_only=True):
    """A line that was withdrawn."""

    posted: Annotated[PostedDocument, Meta(description="the act")]
    withdrawn: Annotated[int, Meta(description="how many lines it withdrew")]


# --- what is in force -----------------------------------------------------------------------


@reading(HOME, "measurements", opt={"reads": CAPABILITY})
def list_measurement_tables(request: AnyRequest, viewer: Asking) -> Response[MeasurementTableList]:
    """List the tables of measurement with their columns."""

    def build() -> MeasurementTableList:
        return MeasurementTableList(items=[_form(viewer, name) for name in FORMS])

    return answered(request, viewer, as_of_measurements(viewer), build)


def _form(viewer: Viewer, name: str) -> MeasurementTable:
    return MeasurementTable(
        form=name,
        holds=FORMS[name].words,
        columns=[
            TableColumn(name=c.name, type=c.type, required=c.required, words=list(c.words))
            for c in FORMS[name].columns
        ],
        lines=len(rows_shown(viewer, name)),
        may_import=may_import(viewer, name),
        may_withdraw=may_withdraw(viewer, name),
    )


@reading(f"{HOME}/{{form:str}}", "measurements", opt={"reads": CAPABILITY}, headers=[NEXT_LINK])
def list_measurements(
    request: AnyRequest,
    viewer: Asking,
    form: FormName,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response[MeasurementPage]:
    """List what is in force of a table, as far as you see it.

    Error sources belong to the whole State; who sees areas only, sees those that the strata of
    these areas name. Asked for without parameters, its entity tag is the one to send as If-Match
    with an import or a withdrawal.
    """
    form_asked(form)
    asked = asked_page(request, viewer, limit, cursor)

    def build() -> Response[MeasurementPage]:
        rows = sorted(rows_shown(viewer, form), key=_place)
        if asked.after is not None:
            rows = [row for row in rows if _place(row) > asked.after]
        return paged(*(request, viewer, asked, rows[: limit + 1], _place), partial(_lines, form))

    return answered(request, viewer, as_of_measurements(viewer), build)


def _place(row: _Row) -> list[int]:
    return [row["act"], row["line"]]


def _lines(form: str, rows: Sequence[_Row], more: str | None) -> MeasurementPage:
    days = {c.name for c in FORMS[form].columns if c.type == "day"}
    beside = ("act", "line", "outdated")

    def values(row: _Row) -> dict[str, Any]:
        return {
            name: number_date(value).isoformat() if name in days and value is not None else value
            for name, value in row.items()
            if name not in beside
        }

    return MeasurementPage(
        form=form,
        items=[MeasurementLine(**{n: row[n] for n in beside}, values=values(row)) for row in rows],
        next=more,
    )


@reading(
    f"{HOME}/{{form:str}}/export",
    "measurements",
    opt={"reads": CAPABILITY},
    media_type="text/csv",
)
def export_measurements(request: AnyRequest, viewer: Asking, form: FormName) -> Response[str]:
    """Return what is in force of a table as CSV that can be edited and imported again."""
    form_asked(form)
    day = viewer.today.isoformat()

    def build() -> Response[str]:
        return Response(
            exported(viewer, form),
            media_type="text/csv; charset=utf-8",
            headers=download_headers(f"{form}-{day}.csv"),
        )

    return answered(request, viewer, as_of_measurements(viewer), build)


def as_of_measurements(viewer: Viewer, more: Any = None) -> AsOf:
    """Return what an answer about measurements depends on: the last act about any."""
    return AsOf(viewer.server.last_acts.by(CAPABILITY, viewer.head), more)


def _tag(viewer: Viewer, form: str) -> str:
    """Return the entity tag of the list of a table, asked for without parameters."""
    of = (f"/api/v1{HOME}/{form}", "", "json")
    return entity_tag(viewer, of, as_of_measurements(viewer))


# --- import and withdrawal ------------------------------------------------------------------


@changing(
    f"{HOME}/{{form:str}}/check",
    "measurements",
    200,
    threaded=False,
    opt={"reads": CAPABILITY},
    operation_class=TableCheck,
)
async def check_measurements(
    request: AnyRequest,
    viewer: Asking,
    form: FormName,
    file: FileName = None,
    again: Again = False,
) -> Response[CheckedMeasurements]:
    """Check a table as if you were to import it; nothing is recorded.

    It takes what importing takes. A file whose name ends in .toml is read as TOML.
    """
    content = await _sent(request, viewer, form)
    name = name_of_file(file, f"{form}.csv")

    def build() -> Response[CheckedMeasurements]:
        found = check_table(viewer, form, name, content, again=again)
        made = CheckedMeasurements(
            acceptable=found.acceptable,
            recorded=found.recorded,
            unchanged=found.unchanged,
            withdrawn=found.withdrawn,
            findings=[found_document(one) for one in found.findings],
        )
        return Response(made, media_type="application/json")

    return await sync_to_thread(build)


_NOTHING_NEW = ResponseSpec(
    ImportedMeasurements,
    generate_examples=False,
    description="Nothing in it is new; nothing was recorded.",
)
_LARGE = ResponseSpec(
    JobDocument,
    generate_examples=False,
    description="The file is large: a job imports it. Location is the job.",
)


@changing(
    f"{HOME}/{{form:str}}/import",
    "measurements",
    threaded=False,
    also={200: _NOTHING_NEW, 202: _LARGE},
    opt={"reads": CAPABILITY},
    operation_class=TableChange,
)
async def import_measurements(
    request: AnyRequest,
    viewer: Asking,
    form: FormName,
    file: FileName = None,
    again: Again = False,
) -> Response[ImportedMeasurements]:
    """Import a table as one act that you sign, with the file as evidence; or nothing of it.

    If-Match takes the entity tag of the list of this table, asked for without parameters. Rows
    that are in force in the same words are not recorded again.
    """
    content = await _sent(request, viewer, form)
    name = name_of_file(file, f"{form}.csv")
    return await sync_to_thread(partial(_imported, request, viewer, form, name, content, again))


async def _sent(request: AnyRequest, viewer: Viewer, form: str) -> bytes:
    """Return the table that was sent, by somebody who may import it."""
    require_writing(viewer)
    require_import(viewer, form_asked(form))
    return await table_sent(request)


def _imported(
    request: AnyRequest, viewer: Viewer, form: str, name: str, content: bytes, again: bool
) -> Response[Any]:
    def do() -> Answer:
        require_current(request, lambda: _tag(viewer, form))
        if len(content) > AT_ONCE_BYTES:
            kept = kept_for_import(request.app.state.jobs, form, name, content, again=again)
            return begun(request, viewer, IMPORT_JOB, IMPORT_TITLE, kept)
        books = still_current(request, viewer, lambda: _tag(viewer, form))
        done = import_sent(viewer, books, form, name, content, again=again)
        made = ImportedMeasurements(
            posted=None if done.act is None else posted_document(done.act, repeated=False),
            recorded=done.recorded,
            unchanged=done.unchanged,
            withdrawn=done.withdrawn,
            findings=[found_document(one) for one in done.findings],
        )
        if done.act is None:
            return answer_of(made, 200)
        return answer_of(made, 201, f"/api/v1/acts/{done.act.act_id}")

    digest = hashlib.sha256(content).hexdigest()
    return done_once(request, viewer, {"table": digest}, do)


@changing(
    f"{HOME}/{{form:str}}/withdrawals",
    "measurements",
    opt={"reads": CAPABILITY},
    guards=[json_only],
)
def withdraw_measurement(
    request: AnyRequest, viewer: Asking, form: FormName, data: JSONBody[MeasurementWithdrawal]
) -> Response[WithdrawnMeasurement]:
    """Withdraw a line that is in force, with a reason, as an act that you sign.

    If-Match takes the entity tag of the list of this table, asked for without parameters.
    """
    form_asked(form)

    def do() -> Answer:
        require_current(request, lambda: _tag(viewer, form))
        books = still_current(request, viewer, lambda: _tag(viewer, form))
        line, reason = f"{data.act}/{data.line}", data.reason.strip()
        act, count = withdraw_named(viewer, books, form, line, reason)
        made = WithdrawnMeasurement(posted=posted_document(act, repeated=False), withdrawn=count)
        return answer_of(made, 201, f"/api/v1/acts/{act.act_id}")

    return done_once(request, viewer, {"withdrawal": repr(data)}, do)


SECTION = Section(
    "api measurements",
    api=(
        list_measurement_tables,
        list_measurements,
        export_measurements,
        check_measurements,
        import_measurements,
        withdraw_measurement,
    ),
)
