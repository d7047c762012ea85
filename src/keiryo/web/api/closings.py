"""Closing and evaluating balances by programs."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from litestar import Response
from litestar.params import JSONBody
from msgspec import Meta

from keiryo.accounts.closing import close_period
from keiryo.dates import parse_date
from keiryo.evaluation.false_alarms import LEAST_ALPHA, MOST_ALPHA, STANDARD_ALPHA
from keiryo.evaluation.recorded import recorded_evaluations
from keiryo.evaluation.recording import KIND as EVALUATING
from keiryo.evaluation.recording import record_evaluations
from keiryo.web.api.answering import (
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
from keiryo.web.api.areas import BalanceDocument, balance_document
from keiryo.web.api.asking import MbaCode, sound_day
from keiryo.web.api.documents import Document, PostedDocument, Request, posted_document
from keiryo.web.api.jobs import JobDocument, begun
from keiryo.web.jobs import JobKind, Tell
from keiryo.web.once import Answer
from keiryo.web.pages.evaluation_asked import options_of
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking, Viewer

CLOSING = "period.close"
JOB = "api-evaluate"


class ClosingRequest(Request, frozen=True, kw_only=True):
    """Which balance is to be closed."""

    pit: Annotated[
        datetime.date | None,
        Meta(description="day of the physical inventory taking that ended it; null: the last"),
    ] = None
    rounding: (
        Annotated[str, Meta(max_length=60, description="profile whose rounding it takes")] | None
    ) = None


class ClosedDocument(Document, frozen=True, kw_only=True):
    """A balance that was closed."""

    posted: PostedDocument
    balance: BalanceDocument


class EvaluationDocument(Document, frozen=True, kw_only=True):
    """What was concluded from a closed balance."""

    mba: Annotated[str, Meta(description="area")]
    period_from: Annotated[datetime.date, Meta(description="first day")]
    period_to: Annotated[datetime.date, Meta(description="last day")]
    category: Annotated[str, Meta(description="element category")]
    quantity: Annotated[str, Meta(description="element or isotope")]
    muf_mg: Annotated[int, Meta(description="material unaccounted for, in milligrams")]
    sigma_muf_kg: Annotated[
        float | None, Meta(description="standard deviation of MUF in kilograms, if known")
    ]
    verdict: Annotated[str, Meta(description="the verdict in a word")]
    statement: Annotated[str, Meta(description="the verdict in words")]
    alpha: Annotated[float, Meta(description="probability of a false alarm that it is made at")]
    standard: Annotated[bool, Meta(description="whether that is the standard of 0.05")]
    assumptions: Annotated[list[str], Meta(description="what was assumed")]
    through_act: Annotated[int, Meta(description="last act that it takes into account")]
    inputs_digest: Annotated[str, Meta(description="digest of all that went into it")]
    act: Annotated[int, Meta(description="act that recorded it")]
    line: Annotated[int, Meta(description="its line in the act")]


class EvaluationList(Document, frozen=True, kw_only=True):
    """The evaluations of an area that stand."""

    items: Annotated[list[EvaluationDocument], Meta(description="by period and category")]


class EvaluationRequest(Request, frozen=True, kw_only=True):
    """What is to be evaluated; by default every balance and category of the area."""

    category: Annotated[
        Literal["N", "D", "E", "U", "P", "T"] | None, Meta(description="only this category")
    ] = None
    period_from: Annotated[datetime.date | None, Meta(description="from this day on")] = None
    period_to: Annotated[datetime.date | None, Meta(description="to this day")] = None
    alpha: Annotated[
        float,
        Meta(
            ge=LEAST_ALPHA,
            le=MOST_ALPHA,
            description="probability of a false alarm, of each balance; another one than the "
            "standard of 0.05 is recorded beside what stands",
        ),
    ] = STANDARD_ALPHA
    rules: Annotated[
        str, Meta(max_length=40, description="shipped limits that it is held against")
    ] = "general"


@changing("/areas/{mba:str}/closings", "areas", guards=[json_only])
def post_closing(
    request: AnyRequest, viewer: Asking, mba: MbaCode, data: JSONBody[ClosingRequest]
) -> Response[ClosedDocument]:
    """Close the balance that a physical inventory taking ended, as an act that you sign.

    If-Match takes the entity tag of the area. Closed again as it was, nothing new is recorded.
    """
    area = viewer.area(mba)
    viewer.require_post(CLOSING, area.scope)
    sound_day(data.pit)

    def do() -> Answer:
        require_current(request, lambda: area_tag(viewer, area))
        books = still_current(request, viewer, lambda: area_tag(viewer, area))
        closed = close_period(
            books, area.code, data.pit, viewer.actor(), rounding_profile=data.rounding
        )
        made = ClosedDocument(
            posted=posted_document(closed.act, closed.repeated),
            balance=balance_document(closed.balance),
        )
        return answer_of(made, 201, f"/api/v1/acts/{closed.act.act_id}")

    return done_once(request, viewer, {"pit": data.pit, "rounding": data.rounding}, do)


@reading("/areas/{mba:str}/evaluations", "evaluation", opt={"reads": "evaluation"})
def list_evaluations(request: AnyRequest, viewer: Asking, mba: MbaCode) -> Response[EvaluationList]:
    """List the evaluations of an area that stand: MUF, its uncertainty and the verdict."""
    area = viewer.area(mba)

    def build() -> EvaluationList:
        with viewer.books.reading() as connection:
            found = recorded_evaluations(connection, viewer.metadata, area.code)
        return EvaluationList(items=[_evaluation(one) for one in found])

    return answered(request, viewer, as_of_area(viewer, area), build)


def _evaluation(found: Mapping[str, Any]) -> EvaluationDocument:
    renamed = {"period_from": "from", "period_to": "to", "sigma_muf_kg": "sigma_muf"}
    values = {n: found[renamed.get(n, n)] for n in EvaluationDocument.__struct_fields__}
    for name in ("period_from", "period_to"):
        values[name] = parse_date(str(values[name]))
    return EvaluationDocument(**values)


@changing("/areas/{mba:str}/evaluations", "evaluation", 202, guards=[json_only])
def post_evaluation(
    request: AnyRequest, viewer: Asking, mba: MbaCode, data: JSONBody[EvaluationRequest]
) -> Response[JobDocument]:
    """Evaluate closed balances and record what is concluded: a job, to be looked at later.

    If-Match takes the entity tag of the area; Location is the job.
    """
    area = viewer.area(mba)
    viewer.require_post(EVALUATING, area.scope)
    sound_day(data.period_from)
    sound_day(data.period_to)
    options_of(data.alpha, data.rules)
    asked = {
        "mba": area.code,
        "category": data.category,
        "period_from": data.period_from and data.period_from.isoformat(),
        "period_to": data.period_to and data.period_to.isoformat(),
        "alpha": data.alpha,
        "rules": data.rules,
    }

    def do() -> Answer:
        require_current(request, lambda: area_tag(viewer, area))
        return begun(request, viewer, JOB, "Evaluation of balances", asked)

    return done_once(request, viewer, asked, do)


def run_evaluation(viewer: Viewer, parameters: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Evaluate and record; the result names the acts only."""
    tell(0, 1, "")
    start, end = (parameters[name] for name in ("period_from", "period_to"))
    _, posted = record_evaluations(
        viewer.whole,
        parameters["mba"],
        viewer.actor(),
        category=parameters["category"],
        start=start and parse_date(start),
        end=end and parse_date(end),
        options=options_of(parameters["alpha"], parameters["rules"]),
    )
    tell(1, 1, "")
    return {"acts": [one.act.act_id for one in posted]}


SECTION = Section(
    "api closings",
    api=(post_closing, list_evaluations, post_evaluation),
    jobs=(JobKind(JOB, run_evaluation),),
)
