"""Reports sent by programs: checked with nothing recorded, or checked and accepted as one set.

What is sent goes through the same checks as on the pages: reports of areas that the sender may not
speak for stop the whole set, and so does a workbook that unpacks to very much more than it is.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Literal

import msgspec
from litestar import Response
from litestar.concurrency import sync_to_thread
from litestar.datastructures import UploadFile
from litestar.exceptions import HTTPException
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example, OpenAPIMediaType, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIType
from msgspec import Meta

from keiryo.errors import Finding, RefusedError, UsageError
from keiryo.reports.service import ImportSummary, import_reports
from keiryo.web.api.answering import (
    Change,
    Described,
    answer_of,
    as_of_seen,
    changing,
    content_kind,
    done_once,
    entity_tag,
    require_current,
    require_writing,
    still_current,
)
from keiryo.web.api.documents import Document, FoundDocument, Request, found_document
from keiryo.web.api.releases import ReleaseDocument, release_document
from keiryo.web.once import Answer
from keiryo.web.pages.reports_checked import (
    ACCEPTING,
    CheckedSet,
    check_set,
    may_send_somewhere,
)
from keiryo.web.pages.reports_kept import KeptSet, safe_name
from keiryo.web.pages.reports_receiving import submit_set, waits_for_another
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking, NotPermittedError, Viewer

MOST_REASON = 2_000
FORM = "multipart/form-data"


class SentFile(Request, frozen=True, kw_only=True):
    """A file: labelled text, CSV or JSON as it is, XLSX in base64."""

    name: Annotated[str, Meta(min_length=1, max_length=500, description="file name")]
    content: Annotated[str, Meta(description="its content")]
    encoding: Annotated[
        Literal["text", "base64"], Meta(description="how the content is written")
    ] = "text"


class SentReports(Request, frozen=True, kw_only=True):
    """Files with reports, as one set."""

    files: Annotated[list[SentFile], Meta(min_length=1, description="the files")]
    context: Annotated[SentFile | None, Meta(description="what came before the reports")] = None
    accept_reason: (
        Annotated[
            str,
            Meta(
                max_length=MOST_REASON,
                description="why reports with findings of severity E are accepted all the same; "
                "for who receives reports for the State",
            ),
        ]
        | None
    ) = None


class CheckedReport(Document, frozen=True, kw_only=True):
    """A report among those that were sent."""

    mba: Annotated[str | None, Meta(description="area")]
    number: Annotated[int, Meta(description="report number")]
    type: Annotated[str | None, Meta(description="I, P, M or T")]
    file: Annotated[str, Meta(description="file that it is in")]
    outcome: Annotated[
        str, Meta(description="accepted: it would be; asked: only with a reason; refused")
    ]


class CheckDocument(Document, frozen=True, kw_only=True):
    """What was found about files; nothing was recorded."""

    acceptable: Annotated[bool, Meta(description="whether all of it would be accepted")]
    reports: Annotated[list[CheckedReport], Meta(description="the reports in the files")]
    findings: Annotated[list[FoundDocument], Meta(description="what was found")]


class ImportedReport(Document, frozen=True, kw_only=True):
    """What became of a report."""

    report: Annotated[str, Meta(description="State/area/number, or the file name")]
    outcome: Annotated[str, Meta(description="accepted, refused or recorded before")]
    act: Annotated[int, Meta(description="act that recorded it")]
    findings: Annotated[list[FoundDocument], Meta(description="recorded with it")]


class ImportDocument(Document, frozen=True, kw_only=True):
    """What became of a set of reports."""

    complete: Annotated[bool, Meta(description="whether every report was accepted")]
    context_act: Annotated[int | None, Meta(description="act that recorded the context")]
    reports: Annotated[list[ImportedReport], Meta(description="by day")]
    open_findings: Annotated[
        list[FoundDocument], Meta(description="questions between reports that are new")
    ]


@dataclass
class _Sending(Change):
    """A request with files, as JSON or as a form."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.request_body = _body()


@dataclass
class _Checking(Described):
    """A request with files that records nothing."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.request_body = _body()


def _body() -> RequestBody:
    """Return the description of the content of both requests."""
    text = Schema(type=OpenAPIType.STRING)
    short = Schema(type=OpenAPIType.STRING, max_length=MOST_REASON)
    file = Schema(
        type=OpenAPIType.OBJECT,
        properties={
            "name": Schema(type=OpenAPIType.STRING, min_length=1, max_length=500),
            "content": text,
            "encoding": Schema(type=OpenAPIType.STRING, enum=["text", "base64"], default="text"),
        },
        required=["name", "content"],
        additional_properties=False,
    )
    sent = Schema(
        type=OpenAPIType.OBJECT,
        properties={
            "files": Schema(type=OpenAPIType.ARRAY, items=file, min_items=1),
            "context": Schema(one_of=[file, Schema(type=OpenAPIType.NULL)]),
            "accept_reason": Schema(one_of=[short, Schema(type=OpenAPIType.NULL)]),
        },
        required=["files"],
        additional_properties=False,
    )
    binary = Schema(type=OpenAPIType.STRING, content_media_type="application/octet-stream")
    form = Schema(
        type=OpenAPIType.OBJECT,
        properties={
            "files": Schema(type=OpenAPIType.ARRAY, items=binary, min_items=1),
            "context": binary,
            "accept_reason": short,
        },
        required=["files"],
    )
    example = {"files": [{"name": "XAFA-110.txt", "content": "001:OI/XA;110#002:1/1#…"}]}
    return RequestBody(
        content={
            "application/json": OpenAPIMediaType(
                schema=sent, examples={"one file": Example(value=example)}
            ),
            FORM: OpenAPIMediaType(schema=form),
        },
        description="Files as JSON, or as a form with parts named files.",
        required=True,
    )


@changing(
    "/reports/check",
    "reports",
    200,
    threaded=False,
    opt={"reads": "reports"},
    operation_class=_Checking,
)
async def check_reports(request: AnyRequest, viewer: Asking) -> Response[CheckDocument]:
    """Check files with reports as if you were to send them; nothing is recorded.

    It takes what sending takes: a role that may report for an area, and a token that may write.
    """
    kept, _ = await _sent(request, viewer)
    return await sync_to_thread(partial(_check, viewer, kept))


_WAITS = ResponseSpec(
    ReleaseDocument,
    generate_examples=False,
    description="Nothing is recorded yet: what was sent waits for somebody who receives reports.",
)


@changing(
    "/reports",
    "reports",
    threaded=False,
    also={202: _WAITS},
    opt={"reads": "reports"},
    operation_class=_Sending,
)
async def post_reports(request: AnyRequest, viewer: Asking) -> Response[ImportDocument]:
    """Accept files with reports as one set: all of them, or none if a check refuses one.

    Where reports are recorded under the four-eyes rule, those of somebody who does not receive
    reports for the State wait until somebody does: the answer is 202, with the request.
    If-Match takes the entity tag of the list of reports, asked for without parameters. Reports
    that are recorded already are not recorded again.
    """
    kept, reason = await _sent(request, viewer)
    return await sync_to_thread(partial(_accept, request, viewer, kept, reason))


def _check(viewer: Viewer, kept: KeptSet) -> Response[CheckDocument]:
    found = check_set(viewer, kept)
    made = CheckDocument(
        acceptable=found.acceptable,
        reports=[_checked(found, report) for report in found.reports],
        findings=[found_document(one) for one in found.findings],
    )
    return Response(made, media_type="application/json")


def _checked(found: CheckedSet, report: Any) -> CheckedReport:
    outcome = "asked" if report.key in found.asking else "accepted"
    if report.key in found.stopping:
        outcome = "refused"
    return CheckedReport(
        mba=report.mba,
        number=report.number,
        type=report.type or None,
        file=report.file,
        outcome=outcome,
    )


def _accept(
    request: AnyRequest, viewer: Viewer, kept: KeptSet, reason: str | None
) -> Response[Any]:
    def do() -> Answer:
        require_current(request, lambda: _tag(viewer))
        found = check_set(viewer, kept)
        _require_acceptable(found, reason)
        if waits_for_another(viewer, found):
            waits = submit_set(viewer, kept, found)
            return answer_of(release_document(waits), 202, f"/api/v1/releases/{waits.request_id}")
        summary = import_reports(
            still_current(request, viewer, lambda: _tag(viewer)),
            kept.files,
            viewer.actor(),
            context=kept.context,
            accept_reason=reason,
        )
        if summary.context_findings and summary.context_act is None and kept.context is not None:
            raise RefusedError(
                "the context cannot be used; nothing was recorded", summary.context_findings
            )
        return answer_of(_imported(viewer, summary), 201)

    return done_once(request, viewer, {"digest": kept.digest, "reason": reason}, do)


def _tag(viewer: Viewer) -> str:
    """Return the entity tag of the list of reports, asked for without parameters."""
    return entity_tag(viewer, ("/api/v1/reports", "", "json"), as_of_seen(viewer))


def _require_acceptable(found: CheckedSet, reason: str | None) -> None:
    """Refuse a set of which something would not be accepted."""
    if found.not_yours:
        words = "there are reports among these that are not yours to send"
    elif found.stopping or (not found.reports and found.findings):
        words = "a check refused these files"
    elif not found.reports:
        raise UsageError("there is no report in these files", "Send files with reports.")
    elif found.asking and not (reason and found.receives):
        words = "some reports have findings of severity E"
    else:
        return
    raise RefusedError(
        f"{words}; nothing was recorded",
        found.findings,
        "Put right what the findings say, and send the files again.",
    )


def _imported(viewer: Viewer, summary: ImportSummary) -> ImportDocument:
    mine: Iterable[Finding] = (
        f for f in summary.open_findings if f.mba is None or f.mba in viewer.areas
    )
    return ImportDocument(
        complete=summary.complete,
        context_act=summary.context_act,
        reports=[
            ImportedReport(
                report=one.report,
                outcome=one.outcome,
                act=one.act_id,
                findings=[found_document(f) for f in one.findings],
            )
            for one in summary.outcomes
        ],
        open_findings=[found_document(f) for f in mine],
    )


async def _sent(request: AnyRequest, viewer: Viewer) -> tuple[KeptSet, str | None]:
    """Return what was sent, as JSON or as a form.

    Raises
    ------
    UsageError
        If there are no files, too many, or content that cannot be decoded.
    NotPermittedError
        If the viewer may not send reports of any area.
    """
    require_writing(viewer)
    if not may_send_somewhere(viewer):
        raise NotPermittedError(
            f"you hold no role that may do this ({ACCEPTING})",
            "Ask a colleague who may, or an administrator for the role.",
        )
    kind = content_kind(request)
    if kind == "application/json":
        try:
            sent = msgspec.json.decode(await request.body(), type=SentReports)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UsageError(f"the content is not as described: {error}") from None
        given = [(one.name, _decoded(one)) for one in sent.files]
        context = sent.context
        before = None if context is None else (context.name, _decoded(context))
        reason = sent.accept_reason
    elif kind == FORM:
        given, before, reason = _from_form(viewer)
    else:
        raise HTTPException(status_code=415, detail=f"send application/json or {FORM}")
    return _set(viewer, given, before), (reason or "").strip() or None


def _from_form(
    viewer: Viewer,
) -> tuple[list[tuple[str, bytes]], tuple[str, bytes] | None, str | None]:
    form = viewer.form
    listed = [] if form is None else [f for f in form.getall("files", []) if _is_file(f)]
    context = [] if form is None else [f for f in form.getall("context", []) if _is_file(f)]
    reason = viewer.field("accept_reason")
    if len(reason) > MOST_REASON:
        raise UsageError("the reason is too long", f"Say it in {MOST_REASON} characters.")
    given = [(one.filename or "file", one.file.read()) for one in listed]
    before = (context[0].filename or "context", context[0].file.read()) if context else None
    return given, before, reason


def _is_file(one: object) -> bool:
    return isinstance(one, UploadFile)


def _decoded(one: SentFile) -> bytes:
    if one.encoding == "text":
        return one.content.encode()
    try:
        return base64.b64decode(one.content, validate=True)
    except (binascii.Error, ValueError):
        raise UsageError(f"the content of {one.name[:80]!r} is no base64") from None


def _set(
    viewer: Viewer, given: list[tuple[str, bytes]], before: tuple[str, bytes] | None
) -> KeptSet:
    most = viewer.server.settings.upload_files
    if not 0 < len(given) <= most:
        raise UsageError(f"these are {len(given)} files", f"Send 1 to {most} at once.")
    names: list[str] = []
    files = []
    digest = hashlib.sha256()
    for name, content in given:
        names.append(safe_name(name, names))
        files.append((names[-1], content))
    context = None if before is None else (safe_name(before[0], names), before[1])
    for name, content in (*files, *([context] if context else [])):
        digest.update(f"{name}\n{hashlib.sha256(content).hexdigest()}\n".encode())
    digest.update(b"context" if context else b"")
    return KeptSet(digest.hexdigest(), tuple(files), context)


SECTION = Section("api report import", api=(check_reports, post_reports))
