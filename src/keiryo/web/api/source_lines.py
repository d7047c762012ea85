"""Source lines by programs: checked with nothing recorded, recorded as one act, not reported yet.

The services of the pages on which source lines are written. Weights are whole milligrams as they
are everywhere here, whatever unit a report states them in: a source line is what was measured, and
is rounded only in a report. Material that goes to retained waste or is exempted is recorded here,
too, with the codes TW, FW, EU, DU, EQ and DQ. A finding names the row in `entry`, from 1, and its
field in `cell`, as a JSON Pointer (RFC 6901) into what was sent.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, Literal

import msgspec
from litestar import Response
from litestar.params import JSONBody, QueryParameter
from msgspec import Meta

from keiryo.accounts.books import pit_dates
from keiryo.accounts.model import NOW
from keiryo.errors import Finding, RefusedError, Severity
from keiryo.issuing.lines import (
    BookEntry,
    Issued,
    superseded_chain,
    waiting_batches,
    waiting_changes,
)
from keiryo.issuing.source import RECORDING, record_source
from keiryo.issuing.source_findings import set_findings
from keiryo.journal.posting import system_clock
from keiryo.journal.reading import act
from keiryo.places.model import MaterialBalanceArea
from keiryo.reports.entries import TABLE_OF_TYPE
from keiryo.reports.model import Entry, Report
from keiryo.web.api.answering import (
    Described,
    answer_of,
    answered,
    area_tag,
    as_of_area,
    changing,
    done_once,
    json_only,
    reading,
    require_current,
    still_current,
)
from keiryo.web.api.asking import MbaCode, sound_day
from keiryo.web.api.cursors import NEXT_LINK, Cursor, Limit, asked_page, paged
from keiryo.web.api.documents import (
    Document,
    FoundDocument,
    PostedDocument,
    Request,
    found_document,
    posted_document,
)
from keiryo.web.api.reports import EntryWeight, IsotopeDocument
from keiryo.web.api.source_rows import SourceRow, Words, entries_of, pointed
from keiryo.web.once import Answer
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking, NotPermittedError, Viewer

MOST_ROWS = 1_000
FILE_NAME = "source-lines.json"
_PLACE = "/areas/{mba:str}/source-lines"
_LAST_DAY = datetime.date(9000, 12, 31)

Kind = Annotated[
    Literal["I", "P"],
    Meta(description="I: inventory changes, P: the listing of a physical inventory taking"),
]


class SourceLines(Request, frozen=True, kw_only=True):
    """Rows of an area that no report states yet; all of them are recorded, or none."""

    kind: Kind
    rows: Annotated[
        list[SourceRow],
        Meta(max_length=MOST_ROWS, description="without rows, a listing says: the area was empty"),
    ]
    pit_date: Annotated[
        datetime.date | None,
        Meta(description="day of the taking, of a listing; it counts as of 24:00"),
    ] = None
    known_on: Annotated[
        datetime.date | None,
        Meta(description="day from which the rows count as known; null: today"),
    ] = None


class SourceLinesSent(SourceLines, frozen=True, kw_only=True):
    """Rows that are to be recorded."""

    accept_reason: (
        Annotated[Words, Meta(description="why, in spite of findings of severity E")] | None
    ) = None


class SourceCheck(Document, frozen=True, kw_only=True):
    """What was found about rows; nothing was recorded."""

    recordable: Annotated[bool, Meta(description="whether they can be recorded as they are")]
    needs_reason: Annotated[
        bool, Meta(description="whether they can be recorded with a reason only (severity E)")
    ]
    findings: Annotated[list[FoundDocument], Meta(description="by row and field")]


class SourceRecorded(Document, frozen=True, kw_only=True):
    """Rows that were recorded."""

    posted: Annotated[PostedDocument, Meta(description="the act")]
    entries: Annotated[int, Meta(description="entries of the books that the rows make")]
    findings: Annotated[list[FoundDocument], Meta(description="recorded with it")]


class WaitingEntry(Document, frozen=True, kw_only=True):
    """An entry of the books that no report states yet, as measured."""

    act: Annotated[int, Meta(description="act that recorded it")]
    line: Annotated[int, Meta(description="its first line in the act")]
    day: Annotated[datetime.date, Meta(description="day of the change, or of the taking")]
    status: Annotated[
        str,
        Meta(
            description="N: new; C, D: corrects or deletes a reported entry; U: the area is empty"
        ),
    ]
    code: Annotated[str | None, Meta(description="type of change, label 411")]
    kmp: Annotated[str | None, Meta(description="key measurement point, label 407")]
    batch: Annotated[str | None, Meta(description="batch name, label 446")]
    shipper_batch: Annotated[str | None, Meta(description="label 447")]
    shipper: Annotated[str | None, Meta(description="label 370")]
    receiver: Annotated[str | None, Meta(description="label 372")]
    mdc: Annotated[str | None, Meta(description="material description code, label 430")]
    description: Annotated[str | None, Meta(description="label 436")]
    basis: Annotated[str | None, Meta(description="basis of measurement, label 469")]
    items: Annotated[int | None, Meta(description="number of items, label 470")]
    weights: Annotated[list[EntryWeight], Meta(description="by category")]


class WaitingPage(Document, frozen=True, kw_only=True):
    """A page of entries that no report states yet."""

    items: Annotated[list[WaitingEntry], Meta(description="by day and act")]
    next: Annotated[str | None, Meta(description="cursor of the next page; null after the last")]


@reading(_PLACE, "source lines", opt={"reads": "reports"}, headers=[NEXT_LINK])
def list_source_lines(
    request: AnyRequest,
    viewer: Asking,
    mba: MbaCode,
    limit: Limit = 100,
    cursor: Cursor = None,
    kind: Annotated[
        Literal["I", "P"],
        QueryParameter(description="I: changes, P: batches of physical inventory listings."),
    ] = "I",
    to: Annotated[
        datetime.date | None, QueryParameter(description="Only what is dated up to this day.")
    ] = None,
) -> Response[WaitingPage]:
    """List what is recorded of an area and stated in no report yet, by day.

    Corrections and deletions of what was reported are among it until a report states them.
    """
    area = viewer.area(mba)
    sound_day(to)
    if not all(viewer.sight.sees(one, area.scope) for one in ("reports", "accounts")):
        raise NotPermittedError(
            f"you do not see which lines of {area.code} were reported",
            "An administrator grants roles.",
        )
    asked = asked_page(request, viewer, limit, cursor)
    as_of, last = as_of_area(viewer, area), to or _LAST_DAY

    def build() -> Response[WaitingPage]:
        key = ("api source lines", area.code, viewer.sight, kind, last)
        found = viewer.server.remembered.get(
            key, as_of, partial(_waiting, viewer, area.code, kind, last)
        )
        rows = found
        if asked.after is not None:
            rows = [one for one in found if _order(one) > asked.after]
        return paged(
            *(request, viewer, asked, rows[: limit + 1], _order),
            lambda shown, more: WaitingPage(items=[_entry(one) for one in shown], next=more),
        )

    return answered(request, viewer, as_of, build)


def _order(one: BookEntry) -> list[str | int]:
    return [one.day.isoformat(), *one.source]


def _waiting(viewer: Viewer, mba: str, kind: str, last: datetime.date) -> list[BookEntry]:
    """Return what no report states yet, in order, but for what was taken back before any report."""
    with viewer.books.reading() as connection:
        if kind == "I":
            found = waiting_changes(connection, viewer.metadata, mba, last)
        else:
            days = pit_dates(connection, viewer.metadata, mba, NOW)
            found = [
                one
                for day in days
                if day <= last
                for one in waiting_batches(connection, viewer.metadata, mba, day)
            ]
        if any(one.supersedes is not None for one in found):
            issued = Issued(connection, viewer.metadata, mba)
            table, kept = TABLE_OF_TYPE[kind], []
            for one in found:
                chain = superseded_chain(connection, viewer.metadata, table, one.supersedes)
                stated = any(reported or source in issued.by_source for source, reported in chain)
                if one.supersedes is None or stated:
                    kept.append(one)
                elif one.entry.status != "D":
                    kept.append(replace(one, entry=replace(one.entry, status="N")))
            found = kept
    return sorted((one for one in found if one.day <= last), key=_order)


def _entry(one: BookEntry) -> WaitingEntry:
    entry = one.entry
    same = ("code", "kmp", "batch", "shipper_batch", "shipper", "receiver", "mdc", "description")
    basis = [entry.basis, entry.basis_kmp, entry.basis_method]
    return WaitingEntry(
        act=one.source[0],
        line=one.source[1],
        day=one.day,
        status=entry.status,
        **{name: getattr(entry, name) for name in same},
        basis="/".join(part or "" for part in basis).rstrip("/") or None,
        items=entry.items,
        weights=[
            EntryWeight(
                category=str(group.category),
                element_mg=group.element_mg,
                fissile_mg=group.fissile_mg,
                fissile_basis=group.fissile_basis,
                isotopes=[IsotopeDocument(nuclide=n, mass_mg=mg) for n, mg in group.isotopes],
            )
            for group in entry.groups()
        ],
    )


@changing(
    f"{_PLACE}/check",
    "source lines",
    200,
    opt={"reads": "reports"},
    guards=[json_only],
    operation_class=Described,
)
def check_source_lines(
    viewer: Asking, mba: MbaCode, data: JSONBody[SourceLines]
) -> Response[SourceCheck]:
    """Check rows as if they were to be recorded; nothing is recorded.

    It takes what recording takes. Findings name the row in `entry`, from 1, and the field in
    `cell`, as a JSON Pointer into what was sent.
    """
    area = _recording(viewer, mba, data)
    reports, found = _read(area, data)
    with viewer.whole.reading() as connection:
        found += set_findings(connection, viewer.metadata, reports, system_clock)
    severities = {one.severity for one in found}
    made = SourceCheck(
        recordable=not severities & {Severity.FORMAT, Severity.INCONSISTENCY},
        needs_reason=Severity.INCONSISTENCY in severities and Severity.FORMAT not in severities,
        findings=[found_document(pointed(one)) for one in found],
    )
    return Response(made, media_type="application/json")


@changing(_PLACE, "source lines", opt={"reads": "reports"}, guards=[json_only])
def post_source_lines(
    request: AnyRequest, viewer: Asking, mba: MbaCode, data: JSONBody[SourceLinesSent]
) -> Response[SourceRecorded]:
    """Record rows as one act that you sign: all of them, or none if a check refuses one.

    Findings of severity F forbid it; those of severity E, unless a reason is given. Rows that are
    recorded already are recognised and not recorded again. If-Match takes the entity tag of the
    area. A finding of a refusal names the row in `entry`, from 1, and the field in `cell`, as a
    JSON Pointer into what was sent.
    """
    area = _recording(viewer, mba, data)
    do = partial(_recorded, request, viewer, area, data)
    return done_once(request, viewer, {"lines": repr(data)}, do)


def _recorded(
    request: AnyRequest, viewer: Viewer, area: MaterialBalanceArea, data: SourceLinesSent
) -> Answer:
    current = partial(area_tag, viewer, area)
    require_current(request, current)
    reports, found = _read(area, data)
    outcome = record_source(
        still_current(request, viewer, current),
        reports,
        viewer.actor(),
        files=[(FILE_NAME, msgspec.json.encode(data))],
        findings=found,
        accept_reason=(data.accept_reason or "").strip() or None,
    )
    findings = [pointed(one) for one in outcome.findings]
    if outcome.act_id is None:
        raise RefusedError(
            "the source lines were refused; nothing was recorded",
            findings,
            "Put right what the findings say, and send the rows again.",
        )
    with viewer.whole.reading() as connection:
        posted = act(connection, viewer.metadata, outcome.act_id)
    made = SourceRecorded(
        posted=posted_document(posted, outcome.outcome == "recorded before"),
        entries=outcome.entries,
        findings=[found_document(one) for one in findings],
    )
    return answer_of(made, 201, f"/api/v1/acts/{outcome.act_id}")


def _recording(viewer: Viewer, mba: str, data: SourceLines) -> MaterialBalanceArea:
    """Return the area, if the viewer may record lines there and the days are days."""
    area = viewer.area(mba)
    viewer.require_post(RECORDING, area.scope)
    for day in (data.pit_date, data.known_on, *(row.date for row in data.rows)):
        sound_day(day)
    return area


def _read(area: MaterialBalanceArea, data: SourceLines) -> tuple[Sequence[Report], list[Finding]]:
    """Return what was sent as rows without a report, and what is wrong with their weights."""
    entries, found = entries_of(area.code, data.rows)
    return _reports(area, data, entries), found


def _reports(
    area: MaterialBalanceArea, data: SourceLines, entries: tuple[Entry, ...]
) -> Sequence[Report]:
    listing = data.kind == "P"
    if not entries and not listing:
        return ()
    report = Report(
        country=area.state,
        number=0,
        type=data.kind,
        date=data.known_on,
        period_from=data.pit_date if listing else None,
        period_to=data.pit_date if listing else None,
        facility=area.facility,
        mba=area.code,
        entries=entries,
    )
    return (report,)


SECTION = Section(
    "api source lines", api=(list_source_lines, check_source_lines, post_source_lines)
)
