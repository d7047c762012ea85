"""Corrections by programs: what would follow from a wrong entry, and then the posting.

The same two steps as on the pages: a plan is asked for and read, and exactly that plan is posted,
or waits for release where corrections take two people. If the books changed in between so that
something else would follow, nothing is done.
"""

from __future__ import annotations

import datetime
from typing import Annotated, Any

from litestar import Response
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody, PathParameter
from msgspec import Meta

from keiryo.corrections.model import CorrectionPlan
from keiryo.corrections.plan_data import plan_dict
from keiryo.errors import ConflictError, UsageError
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
from keiryo.web.api.documents import Document, FoundDocument, Request, found_document
from keiryo.web.api.journal import LARGEST
from keiryo.web.api.releases import ReleaseDocument, release_document
from keiryo.web.once import Answer
from keiryo.web.pages.corrections import (
    CORRECTING,
    Wish,
    narrowed,
    plan_digest,
    plan_wish,
    post_wish,
    submit_wish,
    wish_of,
)
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking, Viewer

ReportNumber = Annotated[int, PathParameter(ge=1, le=LARGEST, description="Report number.")]
EntryNumber = Annotated[int, PathParameter(ge=1, le=LARGEST, description="Entry number.")]
MOST_REASON, MOST_VALUE = 2_000, 200
_PLACE = "/areas/{mba:str}/reports/{number:int}/entries/{entry:int}"


class CorrectionWanted(Request, frozen=True, kw_only=True):
    """What an entry should say."""

    wanted: Annotated[
        dict[str, str] | None,
        Meta(
            description="fields that should say something else, by name or weight label, e.g. "
            "{'630': '1541250'}; an empty text takes a field out; null deletes the entry"
        ),
    ]
    reason: Annotated[str, Meta(max_length=MOST_REASON, description="becomes the concise note")]
    report_date: Annotated[datetime.date, Meta(description="date of the new reports")]
    follow_listing: Annotated[
        bool, Meta(description="correct listings that repeat the weight, too")
    ] = False
    only_own: Annotated[bool, Meta(description="reports of partners' areas stay proposals")] = False


class CorrectionSent(CorrectionWanted, frozen=True, kw_only=True):
    """What an entry should say, and the plan that was read."""

    plan_digest: Annotated[str, Meta(max_length=64, description="digest of the plan")]


class PlanDocument(Document, frozen=True, kw_only=True):
    """Everything that would follow from a wrong entry, as far as it is for you to see."""

    digest: Annotated[str, Meta(description="send it to post exactly this plan")]
    possible: Annotated[bool, Meta(description="whether it can be posted")]
    hidden_reports: Annotated[int, Meta(description="reports of areas that you do not see")]
    plan: Annotated[dict[str, Any], Meta(description="steps, reports, decisions, effects")]
    findings: Annotated[list[FoundDocument], Meta(description="what speaks against it")]


class CorrectedDocument(Document, frozen=True, kw_only=True):
    """A correction that was posted."""

    act: Annotated[int, Meta(description="the act of the plan; the reports follow it")]


_WAITS = ResponseSpec(
    ReleaseDocument,
    generate_examples=False,
    description="Nothing is recorded yet: the plan waits for a second person.",
)


@changing(
    f"{_PLACE}/correction-plan",
    "reports",
    200,
    opt={"reads": "reports"},
    guards=[json_only],
    operation_class=Described,
)
def plan_correction(
    viewer: Asking,
    mba: MbaCode,
    number: ReportNumber,
    entry: EntryNumber,
    data: JSONBody[CorrectionWanted],
) -> Response[PlanDocument]:
    """Return what would follow from correcting an entry; nothing is recorded."""
    _wish, made = _planned(viewer, mba, number, entry, data)
    return Response(_document(viewer, made), media_type="application/json")


@changing(
    f"{_PLACE}/correction",
    "reports",
    also={202: _WAITS},
    opt={"reads": "reports"},
    guards=[json_only],
)
def correct_entry(
    request: AnyRequest,
    viewer: Asking,
    mba: MbaCode,
    number: ReportNumber,
    entry: EntryNumber,
    data: JSONBody[CorrectionSent],
) -> Response[CorrectedDocument]:
    """Post the plan that was read, as acts that you sign; or let it wait for a second person.

    If-Match takes the entity tag of the area.
    """

    def do() -> Answer:
        require_current(request, lambda: area_tag(viewer, viewer.area(mba)))
        return _sent(viewer, mba, number, entry, data)

    return done_once(request, viewer, {"correction": repr(data)}, do)


def _sent(viewer: Viewer, mba: str, number: int, entry: int, data: CorrectionSent) -> Answer:
    wish, made = _planned(viewer, mba, number, entry, data)
    if plan_digest(made) != data.plan_digest:
        raise ConflictError(
            "this is not the plan that would follow now; nothing was done",
            "Ask for the plan again, read it, and send its digest.",
        )
    with viewer.whole.reading() as connection:
        four_eyes = needs_release(connection, viewer.metadata, CORRECTING)
    if four_eyes:
        waits = submit_wish(viewer, wish, made)
        return answer_of(release_document(waits), 202, f"/api/v1/releases/{waits.request_id}")
    act = post_wish(viewer, wish, made)
    return answer_of(CorrectedDocument(act=act), 201, f"/api/v1/acts/{act}")


def _planned(
    viewer: Viewer, mba: str, number: int, entry: int, data: CorrectionWanted
) -> tuple[Wish, CorrectionPlan]:
    """Return the wish as the form of the page would have it, and the plan that follows."""
    sound_day(data.report_date)
    filings, _filed, wish = wish_of(viewer, mba, number, entry)
    if unknown := sorted(set(data.wanted or ()) - set(wish.current)):
        raise UsageError(
            f"{', '.join(unknown)[:200]} cannot be corrected in this entry",
            f"Its fields are: {', '.join(sorted(wish.current))}.",
        )
    wish.fields |= {
        **(data.wanted or {}),
        "way": "delete" if data.wanted is None else "change",
        "reason": data.reason,
        "report_date": data.report_date.isoformat(),
        "follow_listing": "yes" if data.follow_listing else "",
        "only_own": "yes" if data.only_own else "",
    }
    made = plan_wish(viewer, wish, filings)
    if made is None:
        raise UsageError("; ".join(wish.errors.values()), "Put it right and ask again.")
    return wish, made


def _document(viewer: Viewer, made: CorrectionPlan) -> PlanDocument:
    whole = plan_dict(made)
    shown = narrowed(viewer, whole)
    return PlanDocument(
        digest=plan_digest(made),
        possible=made.possible,
        hidden_reports=len(whole["reports"]) - len(shown["reports"]),
        plan=shown,
        findings=[
            found_document(one)
            for one in made.findings
            if one.mba is None or one.mba in viewer.areas
        ],
    )


SECTION = Section("api corrections", api=(plan_correction, correct_entry))
