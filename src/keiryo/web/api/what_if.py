"""What if, by programs: other standard deviations, more measurements, another test, a loss.

Nothing is recorded, and nothing is computed in another way than in the evaluation itself. Of a
large area it is a job, whose file is the same document.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import partial
from typing import Annotated, Any

import msgspec
from litestar import Response
from litestar.params import JSONBody
from msgspec import Meta

from keiryo.errors import UsageError
from keiryo.evaluation.false_alarms import LEAST_ALPHA, MOST_ALPHA, STANDARD_ALPHA
from keiryo.evaluation.what_if import (
    MOST_REPEATS,
    Basis,
    Compared,
    Judged,
    field_name,
    read_change,
    usable,
    what_if,
)
from keiryo.places.model import MaterialBalanceArea
from keiryo.web.api.answering import (
    answer_of,
    area_tag,
    changing,
    done_once,
    json_only,
    require_current,
)
from keiryo.web.api.asking import MbaCode, sound_day
from keiryo.web.api.documents import Document, FoundDocument, Request, found_document
from keiryo.web.api.evaluation import Letter, number_of_balance
from keiryo.web.api.jobs import ANSWER_AS_JOB, begun, written
from keiryo.web.api.journal import LARGEST
from keiryo.web.jobs import JobKind, Tell
from keiryo.web.once import Answer
from keiryo.web.pages.evaluation_asked import evaluated_area, takes_long
from keiryo.web.pages.evaluation_items import basis_of
from keiryo.web.pages.evaluation_what_if import WHAT_IF_TITLE
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking, Viewer

JOB = "api-what-if"
MOST_CHANGES = 1_000
MOST_SD_KG, MOST_LOSS_KG = 100_000.0, 1_000_000.0
DECIMALS = 12
"""Decimals of the numbers that a change is made of, in per cent and grams."""

_Number = Annotated[int, Meta(ge=1, le=LARGEST)]
_REPEATS = Meta(ge=1, le=MOST_REPEATS)
_LOSS = Meta(ge=0, le=MOST_LOSS_KG)


class SourceChange(Request, frozen=True, kw_only=True):
    """Another standard deviation, one sigma, of an error source; null: as it is."""

    act: Annotated[_Number, Meta(description="act of the source, as `measurements` tells it")]
    line: Annotated[_Number, Meta(description="its line")]
    relative_sd: (
        Annotated[float, Meta(ge=0, lt=1, description="relative, as a fraction")] | None
    ) = None
    absolute_sd_kg: (
        Annotated[float, Meta(ge=0, le=MOST_SD_KG, description="absolute, in kilograms")] | None
    ) = None


class StratumChange(Request, frozen=True, kw_only=True):
    """Another number of measurements of a stratum; null: as it is."""

    act: Annotated[_Number, Meta(description="act of the stratum, as `measurements` tells it")]
    line: Annotated[_Number, Meta(description="its line")]
    samples: (
        Annotated[int, _REPEATS, Meta(description="samples averaged for one result")] | None
    ) = None
    analyses: Annotated[int, _REPEATS, Meta(description="analyses of each sample")] | None = None


class WhatIfAsked(Request, frozen=True, kw_only=True):
    """What would be otherwise; what is left out stays as it is."""

    category: Annotated[Letter, Meta(description="element category")] = "E"
    balance: Annotated[
        datetime.date | None, Meta(description="last day of the balance; null: the last one")
    ] = None
    sources: Annotated[
        list[SourceChange], Meta(max_length=MOST_CHANGES, description="error sources")
    ] = msgspec.field(default_factory=list)
    strata: Annotated[list[StratumChange], Meta(max_length=MOST_CHANGES, description="strata")] = (
        msgspec.field(default_factory=list)
    )
    alpha: Annotated[
        float,
        Meta(ge=LEAST_ALPHA, le=MOST_ALPHA, description="probability of a false alarm"),
    ] = STANDARD_ALPHA
    loss_element_kg: (
        Annotated[
            float,
            _LOSS,
            Meta(description="loss of the element from each balance; null: significant quantity"),
        ]
        | None
    ) = None
    loss_isotope_kg: (
        Annotated[float, _LOSS, Meta(description="loss of the isotope; null: significant quantity")]
        | None
    ) = None


class JudgedDocument(Document, frozen=True, kw_only=True):
    """What can be said of a quantity with certain measurements; null: cannot be computed."""

    sigma_muf_kg: Annotated[float | None, Meta(description="standard deviation of MUF")]
    z: Annotated[float | None, Meta(description="MUF in standard deviations")]
    threshold_kg: Annotated[float | None, Meta(description="MUF above which a loss is indicated")]
    loss_kg: Annotated[float | None, Meta(description="the loss that is held against it")]
    detection_probability: Annotated[
        float | None, Meta(description="with which that loss is seen in this balance")
    ]
    detectable_kg: Annotated[
        float | None, Meta(description="loss that is seen with a probability of 0.95")
    ]
    goal_kg: Annotated[float | None, Meta(description="one significant quantity")]
    goal_probability: Annotated[float | None, Meta(description="with which its loss is seen")]
    sequence_probability: Annotated[
        float | None, Meta(description="of Page's test, if that is lost from each balance")
    ]
    sequence_threshold: Annotated[float | None, Meta(description="threshold of Page's test")]


class ComparedDocument(Document, frozen=True, kw_only=True):
    """One quantity of the balance, as it is and as it would be."""

    quantity: Annotated[str, Meta(description="element, or the isotope")]
    muf_mg: Annotated[int, Meta(description="material unaccounted for, in milligrams")]
    before: Annotated[JudgedDocument, Meta(description="as it is, at the standard of 0.05")]
    after: Annotated[JudgedDocument, Meta(description="as it would be")]


class WhatIfDocument(Document, frozen=True, kw_only=True):
    """What a change of the measurements or of the test would buy; nothing is recorded."""

    mba: Annotated[str, Meta(description="area")]
    category: Annotated[str, Meta(description="element category")]
    period_from: Annotated[datetime.date, Meta(description="first day of the balance")]
    period_to: Annotated[datetime.date, Meta(description="last day of the balance")]
    quantities: Annotated[list[ComparedDocument], Meta(description="the element, the isotope")]
    findings: Annotated[list[FoundDocument], Meta(description="what looks unlikely in the change")]


@changing(
    "/areas/{mba:str}/evaluations/what-if",
    "evaluation",
    200,
    also={202: ANSWER_AS_JOB},
    opt={"reads": "evaluation"},
    guards=[json_only],
)
def ask_what_if(
    request: AnyRequest, viewer: Asking, mba: MbaCode, data: JSONBody[WhatIfAsked]
) -> Response[WhatIfDocument]:
    """Return what other measurements, another test or a loss would mean; nothing is recorded.

    If-Match takes the entity tag of the area.
    """
    area = evaluated_area(viewer, mba)
    sound_day(data.balance)
    asked = msgspec.to_builtins(data)

    def do() -> Answer:
        require_current(request, lambda: area_tag(viewer, area))
        if takes_long(viewer, area):
            return begun(request, viewer, JOB, WHAT_IF_TITLE, {"mba": area.code, "asked": asked})
        return answer_of(_answered(area, basis_of(viewer, area, data.category), data), 200)

    return done_once(request, viewer, {"what_if": repr(data)}, do)


def run_what_if(viewer: Viewer, parameters: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Read what stands behind the balances of a large area, and write the answer as JSON."""
    area = evaluated_area(viewer, parameters["mba"])
    data = msgspec.convert(parameters["asked"], WhatIfAsked)
    tell(0, 2, "")
    basis = basis_of(viewer, area, data.category, at_once=True)
    tell(1, 2, "")
    made = _answered(area, basis, data)
    tell(2, 2, "")
    return written(made, f"what-if-{area.code}-{data.category}-{made.period_to}.json")


def _answered(area: MaterialBalanceArea, basis: Basis, data: WhatIfAsked) -> WhatIfDocument:
    number = number_of_balance(basis, data.balance)
    change, findings = read_change(basis, _texts(basis, data))
    if not usable(findings):
        raise UsageError(
            "; ".join(f"{one.cell}: {one.message}" for one in findings)[:500],
            "Put it right and ask again.",
        )
    period = basis.items.periods[number]
    return WhatIfDocument(
        mba=area.code,
        category=data.category,
        period_from=period.start,
        period_to=period.end,
        quantities=[_compared(one) for one in what_if(basis, change, number=number)],
        findings=[found_document(one) for one in findings],
    )


def _texts(basis: Basis, data: WhatIfAsked) -> dict[str, str]:
    """Return the change by field, as the form of the page would have it.

    Raises
    ------
    UsageError
        If an error source or stratum is none of those behind the balances.
    """
    sources, strata = list(data.sources), list(data.strata)
    _require_known("error source", sources, ((s.act, s.line) for s in basis.sources))
    _require_known("stratum", strata, ((s.act, s.line) for s in basis.strata))
    given: dict[str, Any] = {
        "alpha": _text(data.alpha, 100),
        "loss-element": _text(data.loss_element_kg),
        "loss-isotope": _text(data.loss_isotope_kg),
    }
    for source in sources:
        field = partial(field_name, at=(source.act, source.line))
        given[field("sd")] = _text(source.relative_sd, 100)
        given[field("absolute")] = _text(source.absolute_sd_kg, 1_000)
    for stratum in strata:
        field = partial(field_name, at=(stratum.act, stratum.line))
        given[field("samples")] = None if stratum.samples is None else str(stratum.samples)
        given[field("analyses")] = None if stratum.analyses is None else str(stratum.analyses)
    return {name: text for name, text in given.items() if text is not None}


def _require_known(
    what: str,
    asked: Iterable[SourceChange | StratumChange],
    known: Iterable[tuple[int, int]],
) -> None:
    """Refuse a line that is behind no balance, rather than leave it out without a word."""
    there = set(known)
    for one in asked:
        if (one.act, one.line) not in there:
            raise UsageError(
                f"line {one.line} of act {one.act} is no {what} behind these balances",
                "GET .../evaluations/measurements tells act and line of those that are.",
            )


def _text(value: float | None, factor: int = 1) -> str | None:
    """Return a number as it would be typed, exact to the decimals that are read."""
    return None if value is None else f"{Decimal(repr(value)) * factor:.{DECIMALS}f}"


def _compared(one: Compared) -> ComparedDocument:
    return ComparedDocument(
        quantity=one.quantity,
        muf_mg=one.muf_mg,
        before=_judged(one.before),
        after=_judged(one.after),
    )


def _judged(one: Judged) -> JudgedDocument:
    names = [name for name in JudgedDocument.__struct_fields__ if name != "sigma_muf_kg"]
    return JudgedDocument(sigma_muf_kg=one.sigma_kg, **{name: getattr(one, name) for name in names})


SECTION = Section("api what if", api=(ask_what_if,), jobs=(JobKind(JOB, run_what_if),))
