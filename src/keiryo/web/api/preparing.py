"""Reports made from the books by programs: prepared, read, and issued word for word as read.

The two steps of the pages: what a report would say is asked for and read, and exactly those words
are issued, or wait for release where issuing takes two people.
"""

from __future__ import annotations

import datetime
from typing import Annotated, Literal

import msgspec
from litestar import Response
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody
from msgspec import Meta

from keiryo.errors import ConflictError, UsageError
from keiryo.issuing.issue import ISSUING, issue
from keiryo.issuing.prepare import PreparedReport
from keiryo.people.permissions import needs_release
from keiryo.web.api.answering import (
    Described,
    answer_of,
    area_tag,
    changing,
    done_once,
    json_only,
    require_current,
)
from keiryo.web.api.asking import MbaCode, sound_day
from keiryo.web.api.documents import (
    Document,
    FoundDocument,
    PostedDocument,
    Request,
    found_document,
    posted_document,
)
from keiryo.web.api.releases import ReleaseDocument, release_document
from keiryo.web.once import Answer
from keiryo.web.pages.reports_prepare import (
    Wish,
    defaults_of,
    prepared_of,
    require_preparing,
    submit_report,
    text_digest,
    understood,
)
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking, Viewer

MOST_NOTES, MOST_NOTE = 200, 1_000


class ReportWanted(Request, frozen=True, kw_only=True):
    """Which report is wanted; what is left out is as the page proposes it."""

    kind: Annotated[
        Literal["I", "P", "M"],
        Meta(description="I: inventory changes, P: physical inventory listing, M: balance"),
    ]
    from_: Annotated[datetime.date | None, Meta(description="first day; none for a listing")] = (
        msgspec.field(default=None, name="from")
    )
    to: Annotated[datetime.date | None, Meta(description="last day, or day of the taking")] = None
    date: Annotated[datetime.date | None, Meta(description="date of the report")] = None
    encoder: Annotated[str, Meta(max_length=100, description="who prepares it")] | None = None
    profile: Annotated[str, Meta(max_length=60, description="rules of whom")] | None = None
    notes: Annotated[
        list[Annotated[str, Meta(max_length=MOST_NOTE)]],
        Meta(max_length=MOST_NOTES, description="each on the report, or '3: …' on entry 3"),
    ] = msgspec.field(default_factory=list)


class ReportSent(ReportWanted, frozen=True, kw_only=True):
    """Which report is wanted, and the words that were read."""

    text_digest: Annotated[str, Meta(max_length=64, description="digest of the words")]


class PreparedDocument(Document, frozen=True, kw_only=True):
    """A report as it would be issued; nothing is recorded."""

    mba: Annotated[str, Meta(description="area")]
    number: Annotated[int, Meta(description="the next number of the area")]
    kind: Annotated[str, Meta(description="I, P or M")]
    text: Annotated[str, Meta(description="its words, as labelled text")]
    text_digest: Annotated[str, Meta(description="send it to issue exactly these words")]
    blocked: Annotated[bool, Meta(description="whether a finding keeps it from being issued")]
    findings: Annotated[list[FoundDocument], Meta(description="what was found")]


class IssuedDocument(Document, frozen=True, kw_only=True):
    """A report that was issued."""

    mba: Annotated[str, Meta(description="area")]
    number: Annotated[int, Meta(description="report number")]
    posted: Annotated[PostedDocument, Meta(description="the act")]


_WAITS = ResponseSpec(
    ReleaseDocument,
    generate_examples=False,
    description="Nothing is issued yet: the report waits for a second person.",
)


@changing(
    "/areas/{mba:str}/reports/prepare",
    "reports",
    200,
    opt={"reads": "reports"},
    guards=[json_only],
    operation_class=Described,
)
def prepare_report(
    viewer: Asking, mba: MbaCode, data: JSONBody[ReportWanted]
) -> Response[PreparedDocument]:
    """Return a report as it would be issued from the books now; nothing is recorded."""
    _scope, _wish, prepared = _prepared(viewer, mba, data)
    report = prepared.report
    made = PreparedDocument(
        mba=mba,
        number=report.number,
        kind=data.kind,
        text=prepared.text,
        text_digest=text_digest(prepared),
        blocked=prepared.blocked,
        findings=[found_document(one) for one in prepared.findings],
    )
    return Response(made, media_type="application/json")


@changing(
    "/areas/{mba:str}/reports/issue",
    "reports",
    also={202: _WAITS},
    opt={"reads": "reports"},
    guards=[json_only],
)
def issue_report(
    request: AnyRequest, viewer: Asking, mba: MbaCode, data: JSONBody[ReportSent]
) -> Response[IssuedDocument]:
    """Issue the report that was read, as an act that you sign; or let it wait for release.

    If-Match takes the entity tag of the area.
    """

    def do() -> Answer:
        require_current(request, lambda: area_tag(viewer, viewer.area(mba)))
        return _sent(viewer, mba, data)

    return done_once(request, viewer, {"report": repr(data)}, do)


def _sent(viewer: Viewer, mba: str, data: ReportSent) -> Answer:
    scope, wish, prepared = _prepared(viewer, mba, data)
    if text_digest(prepared) != data.text_digest:
        raise ConflictError(
            "these are not the words that the report would have now; nothing was done",
            "Prepare it again, read it, and send the digest of its words.",
        )
    with viewer.whole.reading() as connection:
        four_eyes = needs_release(connection, viewer.metadata, ISSUING)
    if four_eyes:
        waits = submit_report(viewer, scope, wish, prepared)
        return answer_of(release_document(waits), 202, f"/api/v1/releases/{waits.request_id}")
    issued = issue(viewer.whole, prepared, viewer.actor())
    made = IssuedDocument(
        mba=mba,
        number=issued.report.number,
        posted=posted_document(issued.act, issued.repeated),
    )
    return answer_of(made, 201, f"/api/v1/reports/{mba}/{issued.report.number}")


def _prepared(viewer: Viewer, mba: str, data: ReportWanted) -> tuple[str, Wish, PreparedReport]:
    """Return scope, wish and report, as the form of the page would have them."""
    scope = require_preparing(viewer, mba, data.kind)
    for day in (data.from_, data.to, data.date):
        sound_day(day)
    given = {
        "from": data.from_ and data.from_.isoformat(),
        "to": data.to and data.to.isoformat(),
        "date": data.date and data.date.isoformat(),
        "encoder": data.encoder,
        "profile": data.profile,
        "notes": "\n".join(note.replace("\n", " ") for note in data.notes),
    }
    fields = defaults_of(viewer, mba, data.kind)
    fields |= {name: value for name, value in given.items() if value}
    wish = understood(viewer, mba, data.kind, fields)
    if wish.errors:
        told = "; ".join(f"{name}: {words}" for name, words in wish.errors.items())
        raise UsageError(told, "Put it right and ask again.")
    return scope, wish, prepared_of(viewer, wish)


SECTION = Section("api preparing", api=(prepare_report, issue_report))
