"""Evaluations as they would come out now, by programs: studied, not recorded.

At any probability of a false alarm and by any shipped limits. Of a large area it is a job, whose
file is the same document.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Annotated, Any

from litestar import Response
from litestar.params import JSONBody
from msgspec import Meta

from keiryo.dates import parse_date
from keiryo.evaluation.false_alarms import LEAST_ALPHA, MOST_ALPHA, STANDARD_ALPHA, is_standard
from keiryo.evaluation.model import ELEMENT, Options
from keiryo.places.model import MaterialBalanceArea
from keiryo.web.api.answering import (
    answer_of,
    area_tag,
    changing,
    done_once,
    json_only,
    require_current,
)
from keiryo.web.api.asking import MbaCode
from keiryo.web.api.documents import Document, FoundDocument, Request
from keiryo.web.api.evaluation import Letter
from keiryo.web.api.jobs import ANSWER_AS_JOB, begun, written
from keiryo.web.jobs import JobKind, Tell
from keiryo.web.once import Answer
from keiryo.web.pages.evaluation_asked import (
    NotYetError,
    Plain,
    evaluated_area,
    evaluations_of,
    options_of,
)
from keiryo.web.pages.evaluation_shown import quantities_of
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking, Viewer

JOB = "api-evaluation-study"
TITLE = "Evaluation of balances"


class StudyAsked(Request, frozen=True, kw_only=True):
    """How the balances of an area are to be evaluated."""

    category: Annotated[
        Letter | None, Meta(description="only this category; null: all that the balances have")
    ] = None
    alpha: Annotated[
        float,
        Meta(
            ge=LEAST_ALPHA,
            le=MOST_ALPHA,
            description="probability of a false alarm, of each balance",
        ),
    ] = STANDARD_ALPHA
    rules: Annotated[
        str, Meta(max_length=40, description="shipped limits that it is held against")
    ] = "general"


class ShareDocument(Document, frozen=True, kw_only=True):
    """The part of the variance of MUF that a source brings in a stratum."""

    source: Annotated[str, Meta(description="error source")]
    component: Annotated[str, Meta(description="kind of error")]
    stratum: Annotated[str, Meta(description="stratum, or between strata")]
    share: Annotated[float, Meta(description="part of the variance; all of them add to 1")]
    act: Annotated[int | None, Meta(description="act of the error source")]
    line: Annotated[int | None, Meta(description="its line")]


class LimitTestDocument(Document, frozen=True, kw_only=True):
    """A balance held against a limit."""

    test: Annotated[str, Meta(description="name of the limit")]
    form: Annotated[str, Meta(description="what is compared")]
    value: Annotated[float | None, Meta(description="in the unit of the form")]
    limit: Annotated[float | None, Meta(description="at most this")]
    passed: Annotated[bool | None, Meta(description="null: cannot be computed")]
    basis: Annotated[str, Meta(description="rule or decision behind it")]
    verified: Annotated[bool, Meta(description="whether the source was read for it")]


class QuantityDocument(Document, frozen=True, kw_only=True):
    """MUF of one quantity of a balance, and what it means."""

    quantity: Annotated[str, Meta(description="element, or the isotope")]
    muf_mg: Annotated[int, Meta(description="material unaccounted for, in milligrams")]
    sigma_muf_kg: Annotated[float | None, Meta(description="standard deviation of MUF, if known")]
    planned: Annotated[
        bool, Meta(description="whether that is only what is expected of such a facility")
    ]
    z: Annotated[float | None, Meta(description="MUF in standard deviations")]
    p_loss: Annotated[
        float | None, Meta(description="probability of as much or more without any loss")
    ]
    p_two_sided: Annotated[
        float | None, Meta(description="probability of as much in either direction")
    ]
    verdict: Annotated[str, Meta(description="the verdict in a word")]
    statement: Annotated[str, Meta(description="the verdict in words")]
    assumptions: Annotated[list[str], Meta(description="what was assumed")]
    shares: Annotated[list[ShareDocument], Meta(description="where the variance comes from")]
    shares_by_term: Annotated[
        dict[str, float], Meta(description="the same variance by term of the balance")
    ]
    tests: Annotated[list[LimitTestDocument], Meta(description="limits that it was held against")]
    amounts_kg: Annotated[dict[str, float], Meta(description="sums by term of the balance")]
    active_inventory_kg: Annotated[float, Meta(description="all amounts that do not cancel")]
    cancelled_lines: Annotated[int, Meta(description="lines that cancel")]
    cancelled_kg: Annotated[float, Meta(description="what cancels")]
    goal_quantity_kg: Annotated[float | None, Meta(description="one significant quantity")]
    detection_probability: Annotated[
        float | None, Meta(description="with which a loss of that much would be seen")
    ]


class BalanceStudy(Document, frozen=True, kw_only=True):
    """What is concluded about one closed balance."""

    period_from: Annotated[datetime.date, Meta(description="first day")]
    period_to: Annotated[datetime.date, Meta(description="last day")]
    verdict: Annotated[str, Meta(description="the worse of element and isotope")]
    inputs_digest: Annotated[str, Meta(description="digest of all that goes into it")]
    quantities: Annotated[list[QuantityDocument], Meta(description="the element, the isotope")]
    findings: Annotated[list[FoundDocument], Meta(description="what was found on the way")]


class AlarmDocument(Document, frozen=True, kw_only=True):
    """A statistic of the sequence of balances that is beyond its threshold."""

    quantity: Annotated[str, Meta(description="element or isotope")]
    balance: Annotated[int, Meta(description="number of the balance, from 1")]
    statistic: Annotated[str, Meta(description="its name", examples=["Page"])]
    value: Annotated[float | None, Meta(description="in the unit of the statistic")]
    threshold: Annotated[float | None, Meta(description="in the same unit")]
    reason: Annotated[str, Meta(description="why, in words")]


class CategoryStudy(Document, frozen=True, kw_only=True):
    """The closed balances of a category, one after the other."""

    category: Annotated[str, Meta(description="element category")]
    verdict: Annotated[str, Meta(description="the worst of the last balance and the sequence")]
    sequence_verdict: Annotated[str | None, Meta(description="of the sequence, if there is one")]
    sequence_statement: Annotated[str | None, Meta(description="the same in words")]
    alarms: Annotated[list[AlarmDocument], Meta(description="alarms of the sequence")]
    through_act: Annotated[int, Meta(description="last act that it takes into account")]
    balances: Annotated[list[BalanceStudy], Meta(description="by period")]
    findings: Annotated[list[FoundDocument], Meta(description="of all of them")]


class StudyDocument(Document, frozen=True, kw_only=True):
    """What the balances of an area say; nothing is recorded."""

    mba: Annotated[str, Meta(description="area")]
    alpha: Annotated[float, Meta(description="probability of a false alarm that it is made at")]
    standard: Annotated[bool, Meta(description="whether that is the standard of 0.05")]
    rules: Annotated[list[str], Meta(description="shipped limits that it is held against")]
    categories: Annotated[list[CategoryStudy], Meta(description="the main one first")]


@changing(
    "/areas/{mba:str}/evaluations/study",
    "evaluation",
    200,
    also={202: ANSWER_AS_JOB},
    opt={"reads": "evaluation"},
    guards=[json_only],
)
def study_balances(
    request: AnyRequest, viewer: Asking, mba: MbaCode, data: JSONBody[StudyAsked]
) -> Response[StudyDocument]:
    """Return what the closed balances of an area say now; nothing is recorded.

    If-Match takes the entity tag of the area.
    """
    area = evaluated_area(viewer, mba)
    options = options_of(data.alpha, data.rules)
    asked = {"category": data.category, "alpha": data.alpha, "rules": data.rules}

    def do() -> Answer:
        require_current(request, lambda: area_tag(viewer, area))
        try:
            found = evaluations_of(viewer, area, options)
        except NotYetError:
            return begun(request, viewer, JOB, TITLE, {"mba": area.code, **asked})
        return answer_of(_study(area, options, found, data.category), 200)

    return done_once(request, viewer, asked, do)


def run_study(viewer: Viewer, parameters: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Evaluate a large area, and write what comes out as JSON."""
    area = evaluated_area(viewer, parameters["mba"])
    options = options_of(parameters["alpha"], parameters["rules"])
    tell(0, 1, "")
    found = evaluations_of(viewer, area, options, at_once=True)
    tell(1, 1, "")
    made = _study(area, options, found, parameters["category"])
    return written(made, f"evaluation-{area.code}.json")


def _study(
    area: MaterialBalanceArea, options: Options, found: list[Plain], category: str | None
) -> StudyDocument:
    return StudyDocument(
        mba=area.code,
        alpha=options.alpha,
        standard=is_standard(options.alpha),
        rules=list(options.rules),
        categories=[_category(one) for one in found if category in (None, one["category"])],
    )


def _category(plain: Plain) -> CategoryStudy:
    return CategoryStudy(
        category=plain["category"],
        verdict=plain["verdict"],
        sequence_verdict=plain["sequence_verdict"],
        sequence_statement=plain["sequence_statement"],
        alarms=_alarms(plain["sequence"]),
        through_act=plain["through_act"],
        balances=[_balance(one) for one in plain["balances"]],
        findings=[_found(one) for one in plain["findings"]],
    )


def _alarms(sequence: Plain | None) -> list[AlarmDocument]:
    if sequence is None:
        return []
    named = [(ELEMENT, sequence)]
    if sequence.get("isotope"):
        named.append(("isotope", sequence["isotope"]))
    given = [name for name in AlarmDocument.__struct_fields__ if name != "quantity"]
    return [
        AlarmDocument(quantity=quantity, **{name: alarm[name] for name in given})
        for quantity, found in named
        for alarm in found["alarms"]
    ]


def _balance(plain: Plain) -> BalanceStudy:
    return BalanceStudy(
        period_from=parse_date(plain["from"]),
        period_to=parse_date(plain["to"]),
        verdict=plain["verdict"],
        inputs_digest=plain["inputs_digest"],
        quantities=[_quantity(one) for one in quantities_of(plain)],
        findings=[_found(one) for one in plain["findings"]],
    )


_RENAMED = {
    "sigma_muf_kg": "sigma_muf",
    "planned": "sigma_is_planning_value",
    "amounts_kg": "amounts",
    "active_inventory_kg": "active_inventory",
    "cancelled_kg": "cancelled",
    "goal_quantity_kg": "goal_quantity",
}


def _quantity(plain: Plain) -> QuantityDocument:
    values = {n: plain[_RENAMED.get(n, n)] for n in QuantityDocument.__struct_fields__}
    values["verdict"] = plain.get("element_verdict", plain["verdict"])
    values["shares"] = [ShareDocument(**one) for one in plain["shares"]]
    values["tests"] = [LimitTestDocument(**one) for one in plain["tests"]]
    return QuantityDocument(**values)


def _found(plain: Plain) -> FoundDocument:
    names = FoundDocument.__struct_fields__
    return FoundDocument(**{name: plain[name] for name in names if name in plain})


SECTION = Section("api evaluation study", api=(study_balances,), jobs=(JobKind(JOB, run_study),))
