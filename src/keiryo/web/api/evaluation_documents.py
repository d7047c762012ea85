"""Documents of the evaluation: what was concluded, limits, measurements and lines behind it.

Weights are whole milligrams; standard deviations and statistics are kilograms.
"""

from __future__ import annotations

import datetime
from typing import Annotated

from msgspec import Meta

from keiryo.web.api.documents import Document


class ConcludedDocument(Document, frozen=True, kw_only=True):
    """What was last recorded about a balance of an area; nulls: nothing was recorded yet."""

    mba: Annotated[str, Meta(description="area")]
    period_from: Annotated[datetime.date | None, Meta(description="first day")] = None
    period_to: Annotated[datetime.date | None, Meta(description="last day")] = None
    category: Annotated[str | None, Meta(description="element category")] = None
    muf_mg: Annotated[int | None, Meta(description="MUF of the element, in milligrams")] = None
    sigma_muf_kg: Annotated[
        float | None, Meta(description="standard deviation of MUF in kilograms, if known")
    ] = None
    verdict: Annotated[
        str | None, Meta(description="in a word, the worse of element and isotope")
    ] = None
    statement: Annotated[str | None, Meta(description="the verdict in words")] = None
    sequence: Annotated[
        str | None, Meta(description="what the sequence of balances says, if more than chance")
    ] = None
    needs: Annotated[bool, Meta(description="whether the verdict needs somebody")]
    alpha: Annotated[
        float | None, Meta(description="probability of a false alarm that it was made at")
    ] = None
    standard: Annotated[bool | None, Meta(description="whether that is the standard of 0.05")] = (
        None
    )
    state: Annotated[
        str,
        Meta(
            description="current, outdated, books changed (of a large area: not computed whether "
            "it matters), not at the standard, nothing recorded"
        ),
    ]
    recorded_at: Annotated[str | None, Meta(description="UTC time")] = None
    act: Annotated[int | None, Meta(description="act that recorded it")] = None
    line: Annotated[int | None, Meta(description="its line in the act")] = None


class ConcludedPage(Document, frozen=True, kw_only=True):
    """A page of what was concluded, by area, category and balance."""

    as_of_act: Annotated[int, Meta(description="last act that it takes into account")]
    items: Annotated[list[ConcludedDocument], Meta(description="of areas that you see")]
    next: Annotated[str | None, Meta(description="cursor of the next page; null after the last")]


class LimitDocument(Document, frozen=True, kw_only=True):
    """A limit that balances are held against."""

    name: Annotated[str, Meta(description="its name")]
    form: Annotated[str, Meta(description="what is compared", examples=["sigma"])]
    value: Annotated[float, Meta(description="at most this, in the unit of the form")]
    floor_kg: Annotated[float | None, Meta(description="only from this amount on")]
    mba: Annotated[str | None, Meta(description="only in this area")]
    categories: Annotated[str | None, Meta(description="only of these categories")]
    quantity: Annotated[str | None, Meta(description="element or isotope")]
    basis: Annotated[str, Meta(description="rule or decision behind it")]
    verified: Annotated[bool, Meta(description="whether the source was read for it")]
    enrichment: Annotated[str | None, Meta(description="only of high or low enriched uranium")]
    act: Annotated[int | None, Meta(description="act that recorded it; null: shipped")]


class LimitList(Document, frozen=True, kw_only=True):
    """The limits in force, and the false alarms that an evaluation may be made at."""

    on: Annotated[datetime.date, Meta(description="day on which they are in force")]
    rules: Annotated[list[str], Meta(description="shipped sets of limits that may be asked for")]
    standard_alpha: Annotated[float, Meta(description="standard probability of a false alarm")]
    least_alpha: Annotated[float, Meta(description="the least that may be asked for")]
    most_alpha: Annotated[float, Meta(description="the most that may be asked for")]
    items: Annotated[list[LimitDocument], Meta(description="those recorded, then those shipped")]


class RecordedDocument(Document, frozen=True, kw_only=True):
    """A recorded evaluation, with what it changed against the one before of the same balance."""

    mba: Annotated[str, Meta(description="area")]
    period_from: Annotated[datetime.date, Meta(description="first day")]
    period_to: Annotated[datetime.date, Meta(description="last day")]
    category: Annotated[str, Meta(description="element category")]
    quantity: Annotated[str, Meta(description="element or isotope")]
    muf_mg: Annotated[int, Meta(description="material unaccounted for, in milligrams")]
    muf_change_mg: Annotated[int | None, Meta(description="against the one before")]
    sigma_muf_kg: Annotated[float | None, Meta(description="standard deviation of MUF")]
    sigma_change_kg: Annotated[float | None, Meta(description="against the one before")]
    verdict: Annotated[str, Meta(description="the verdict in a word")]
    verdict_before: Annotated[str | None, Meta(description="of the one before")]
    statement: Annotated[str, Meta(description="the verdict in words")]
    alpha: Annotated[float, Meta(description="probability of a false alarm that it is made at")]
    standard: Annotated[bool, Meta(description="whether that is the standard of 0.05")]
    state: Annotated[
        str,
        Meta(description="current, outdated, books changed, not at the standard, corrected"),
    ]
    inputs_digest: Annotated[str, Meta(description="digest of all that went into it")]
    recorded_at: Annotated[str, Meta(description="UTC time")]
    person: Annotated[str, Meta(description="who recorded it, by pseudonym")]
    act: Annotated[int, Meta(description="act that recorded it")]
    line: Annotated[int, Meta(description="its line in the act")]


class RecordedPage(Document, frozen=True, kw_only=True):
    """A page of recorded evaluations, the latest first."""

    items: Annotated[list[RecordedDocument], Meta(description="recorded evaluations")]
    next: Annotated[str | None, Meta(description="cursor of the next page; null after the last")]


class SourceDocument(Document, frozen=True, kw_only=True):
    """An error source in force behind a balance; standard deviations are one sigma."""

    source: Annotated[str, Meta(description="its name")]
    share: Annotated[
        float, Meta(description="largest part of the variance of MUF of any quantity, 0 to 1")
    ]
    method: Annotated[str | None, Meta(description="measurement method")]
    kind: Annotated[str, Meta(description="random, epoch or long")]
    basis: Annotated[str, Meta(description="mass, volume, concentration, enrichment, ...")]
    relative_sd: Annotated[float | None, Meta(description="relative, as a fraction")]
    absolute_sd_kg: Annotated[float | None, Meta(description="absolute, in kilograms")]
    one_error_per: Annotated[str | None, Meta(description="what shares a random error")]
    valid_from: Annotated[datetime.date | None, Meta(description="first day; null: always")]
    valid_to: Annotated[datetime.date | None, Meta(description="last day; null: always")]
    reference: Annotated[str | None, Meta(description="where the figure comes from")]
    act: Annotated[int, Meta(description="act that says so")]
    line: Annotated[int, Meta(description="its line")]


class StratumDocument(Document, frozen=True, kw_only=True):
    """A stratum that is measured."""

    stratum: Annotated[str, Meta(description="its name")]
    samples: Annotated[int, Meta(description="samples averaged for one result")]
    analyses: Annotated[int, Meta(description="analyses of each sample")]
    act: Annotated[int, Meta(description="act that says so")]
    line: Annotated[int, Meta(description="its line")]


class MeasurementsDocument(Document, frozen=True, kw_only=True):
    """How well a balance is measured."""

    mba: Annotated[str, Meta(description="area")]
    category: Annotated[str, Meta(description="element category")]
    period_from: Annotated[datetime.date, Meta(description="first day of the balance")]
    period_to: Annotated[datetime.date, Meta(description="last day of the balance")]
    quantities: Annotated[list[str], Meta(description="the element and, if stated, the isotope")]
    sources: Annotated[list[SourceDocument], Meta(description="those that matter most first")]
    strata: Annotated[list[StratumDocument], Meta(description="strata that are measured")]


class BalanceLine(Document, frozen=True, kw_only=True):
    """An amount that enters a balance, with its sign."""

    term: Annotated[str, Meta(description="term of the balance", examples=["PB"])]
    code: Annotated[str | None, Meta(description="code of the change, or of the listing")]
    day: Annotated[datetime.date | None, Meta(description="day of the line")]
    batch: Annotated[str | None, Meta(description="batch")]
    kmp: Annotated[str | None, Meta(description="key measurement point")]
    mdc: Annotated[str | None, Meta(description="material description code")]
    basis: Annotated[str | None, Meta(description="measurement basis")]
    items: Annotated[int | None, Meta(description="items")]
    element_mg: Annotated[int, Meta(description="element weight, signed")]
    fissile_mg: Annotated[int | None, Meta(description="isotope weight, signed")]
    stratum: Annotated[str | None, Meta(description="stratum of the measurement")]
    measurement: Annotated[int, Meta(description="number of the measurement behind it")]
    cancels: Annotated[
        bool, Meta(description="whether the same measurement stands on both sides alike")
    ]
    act: Annotated[int | None, Meta(description="act of the line; null: no line behind it")]
    line: Annotated[int | None, Meta(description="its line in the act")]


class BalanceLinePage(Document, frozen=True, kw_only=True):
    """A page of the amounts that enter a balance."""

    period_from: Annotated[datetime.date, Meta(description="first day of the balance")]
    period_to: Annotated[datetime.date, Meta(description="last day of the balance")]
    isotope: Annotated[str | None, Meta(description="isotope of the isotope weights, if known")]
    muf_mg: Annotated[int, Meta(description="what all of them sum up to")]
    muf_fissile_mg: Annotated[int | None, Meta(description="what the isotope weights sum up to")]
    items: Annotated[list[BalanceLine], Meta(description="by term, day, act and line")]
    next: Annotated[str | None, Meta(description="cursor of the next page; null after the last")]
