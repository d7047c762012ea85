"""Whether methods of measurement are in control and good enough: control series, target values."""

from __future__ import annotations

import datetime
from typing import Annotated, Any

from litestar import Response
from litestar.params import PathParameter, QueryParameter
from msgspec import Meta

from keiryo.errors import NotFoundError, RefusedError
from keiryo.measurement.control_charts import ControlChart
from keiryo.measurement.series import SeriesEstimate
from keiryo.web.api.answering import answered, reading
from keiryo.web.api.asking import PLAIN, plain_name
from keiryo.web.api.cursors import NEXT_LINK, Cursor, Limit, asked_page, paged
from keiryo.web.api.documents import Document, FoundDocument, found_document
from keiryo.web.api.measurements import CAPABILITY, HOME, as_of_measurements
from keiryo.web.pages.evaluation_asked import sees_state_measurements
from keiryo.web.pages.measurements_shown import (
    charted,
    comparison,
    editions,
    estimate,
    series_rows,
    series_state,
)
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking, NotPermittedError

_ESTIMATES = (
    *("random", "components", "bias", "two_instruments"),
    *("outlier_test", "session_outlier_test"),
)


class ControlSeries(Document, frozen=True, kw_only=True):
    """A series of control measurements, and whether its method is in control."""

    series: Annotated[str, Meta(description="its name")]
    state: Annotated[
        str,
        Meta(description="in control, out of control, too few to say or cannot be evaluated"),
    ]
    kind: Annotated[str | None, Meta(description="standard, replicate or paired")] = None
    method: Annotated[str | None, Meta(description="method of measurement")] = None
    count: Annotated[int | None, Meta(description="measurements that were evaluated")] = None
    sessions: Annotated[int | None, Meta(description="calibrations, shifts, inspections")] = None
    first: Annotated[datetime.date | None, Meta(description="day of the first one")] = None
    last: Annotated[datetime.date | None, Meta(description="day of the last one")] = None


class ControlSeriesPage(Document, frozen=True, kw_only=True):
    """A page of the series of control measurements."""

    items: Annotated[list[ControlSeries], Meta(description="by name")]
    next: Annotated[str | None, Meta(description="cursor of the next page; null after the last")]


class ChartSignalDocument(Document, frozen=True, kw_only=True):
    """Something on a control chart that calls for an explanation."""

    rule: Annotated[str, Meta(description="rule of the chart", examples=["3 sigma"])]
    index: Annotated[int, Meta(description="number of the value with which it shows, from 0")]
    words: Annotated[str, Meta(description="what shows")]


class ControlChartDocument(Document, frozen=True, kw_only=True):
    """A control chart, in order of time."""

    centre: Annotated[float, Meta(description="centre line")]
    sd: Annotated[float, Meta(description="one sigma; warning at two, action at three")]
    sd_from: Annotated[str, Meta(description="given or moving range")]
    values: Annotated[list[float], Meta(description="what is charted; none if all are the same")]
    standardized: Annotated[list[float], Meta(description="distances from the centre, in sigma")]
    outside_two: Annotated[list[int], Meta(description="values outside two sigma, from 0")]
    outside_three: Annotated[list[int], Meta(description="values outside three sigma, from 0")]
    signals: Annotated[list[ChartSignalDocument], Meta(description="what calls for an explanation")]
    in_control: Annotated[bool, Meta(description="whether there is no signal")]


class WholeControlSeries(ControlSeries, frozen=True, kw_only=True):
    """What a series of control measurements says of its method."""

    problem: Annotated[str | None, Meta(description="why it cannot be evaluated")] = None
    unit: Annotated[
        str | None, Meta(description="unit of deviations and standard deviations, or relative")
    ] = None
    left_out: Annotated[
        int | None, Meta(description="measurements without session, beside named sessions")
    ] = None
    confidence: Annotated[
        float | None, Meta(description="level of the intervals and of the bias")
    ] = None
    acts: Annotated[list[int], Meta(description="acts that recorded the measurements")]
    deviations: Annotated[list[float], Meta(description="in order of time")]
    estimates: Annotated[
        dict[str, Any],
        Meta(
            description="random error, components (random and systematic), bias, "
            "two_instruments (of pairs), outlier tests; null: cannot be estimated"
        ),
    ]
    control_chart: Annotated[
        ControlChartDocument | None,
        Meta(description="of the measurements, each against its session"),
    ] = None
    session_control_chart: Annotated[
        ControlChartDocument | None, Meta(description="of the means of the sessions")
    ] = None
    findings: Annotated[list[FoundDocument], Meta(description="what deserves an answer")]


class ComparedMethodDocument(Document, frozen=True, kw_only=True):
    """The error sources of a method beside a target value; in per cent, one sigma."""

    method: Annotated[str, Meta(description="method of measurement")]
    basis: Annotated[str, Meta(description="quantity that is measured")]
    material: Annotated[str | None, Meta(description="of the target value; null: there is none")]
    random_percent: Annotated[float, Meta(description="all random sources together")]
    systematic_percent: Annotated[float, Meta(description="all systematic sources together")]
    target_random_percent: Annotated[float | None, Meta(description="its target")]
    target_systematic_percent: Annotated[float | None, Meta(description="its target")]
    verified: Annotated[
        bool | None, Meta(description="whether the target was checked against the edition")
    ]
    meets: Annotated[bool | None, Meta(description="whether neither exceeds its target")]
    sources: Annotated[list[str], Meta(description="names of the error sources")]


class TargetsDocument(Document, frozen=True, kw_only=True):
    """All methods of the error sources in force today beside target values."""

    edition: Annotated[str, Meta(description="edition of the target values")]
    editions: Annotated[list[str], Meta(description="all editions in force")]
    on: Annotated[datetime.date, Meta(description="today, in UTC")]
    methods: Annotated[list[ComparedMethodDocument], Meta(description="by method")]
    findings: Annotated[list[FoundDocument], Meta(description="what was not met or compared")]


@reading(f"{HOME}/series", "measurements", opt={"reads": CAPABILITY}, headers=[NEXT_LINK])
def list_control_series(
    request: AnyRequest, viewer: Asking, limit: Limit = 100, cursor: Cursor = None
) -> Response[ControlSeriesPage]:
    """List the series of control measurements, each with whether its method is in control."""
    asked = asked_page(request, viewer, limit, cursor)

    def build() -> Response[ControlSeriesPage]:
        rows = sorted(series_rows(viewer), key=lambda row: str(row["series"]))
        if asked.after is not None:
            rows = [row for row in rows if row["series"] > asked.after[0]]
        return paged(
            *(request, viewer, asked, rows[: limit + 1], lambda row: [row["series"]]),
            lambda shown, more: ControlSeriesPage(
                items=[ControlSeries(**row) for row in shown], next=more
            ),
        )

    return answered(request, viewer, as_of_measurements(viewer), build)


@reading(f"{HOME}/series/{{name:path}}", "measurements", opt={"reads": CAPABILITY})
def get_control_series(
    request: AnyRequest,
    viewer: Asking,
    name: Annotated[str, PathParameter(description="Its name; / in it may stand as it is.")],
    relative: Annotated[
        bool,
        QueryParameter(description="Whether deviations are relative; else they have a unit."),
    ] = True,
) -> Response[WholeControlSeries]:
    """Return what a series of control measurements says: estimates and control charts."""
    series = plain_name(name.removeprefix("/"), "series of control measurements")
    try:
        found = estimate(viewer, series, relative=relative)
        made = _series(found)
    except RefusedError as error:
        made = WholeControlSeries(
            series=series,
            state="cannot be evaluated",
            problem=error.message,
            acts=[],
            deviations=[],
            estimates={},
            findings=[found_document(one) for one in error.findings],
        )
    return answered(request, viewer, as_of_measurements(viewer), lambda: made)


def _series(found: SeriesEstimate) -> WholeControlSeries:
    plain = found.to_dict()
    same = ("series", "kind", "method", "count", "sessions", "first", "last", "left_out")
    return WholeControlSeries(
        **{name: getattr(found, name) for name in (*same, "confidence")},
        state=series_state(found),
        unit=plain["unit"],
        acts=list(found.acts),
        deviations=list(found.deviations),
        estimates={name: plain[name] for name in _ESTIMATES},
        control_chart=_chart(found.chart),
        session_control_chart=_chart(found.session_chart),
        findings=[found_document(one) for one in found.findings],
    )


def _chart(chart: ControlChart | None) -> ControlChartDocument | None:
    if chart is None:
        return None
    return ControlChartDocument(
        centre=chart.centre,
        sd=chart.sd,
        sd_from=chart.sd_from,
        values=charted(chart),
        standardized=list(chart.standardized),
        outside_two=list(chart.outside_two),
        outside_three=list(chart.outside_three),
        signals=[
            ChartSignalDocument(rule=one.rule, index=one.index, words=one.words)
            for one in chart.signals
        ],
        in_control=chart.in_control,
    )


@reading(f"{HOME}/target-comparison", "measurements", opt={"reads": CAPABILITY})
def get_target_comparison(
    request: AnyRequest,
    viewer: Asking,
    edition: Annotated[
        str | None,
        QueryParameter(max_length=200, pattern=PLAIN, description="Edition; default: the last."),
    ] = None,
) -> Response[TargetsDocument]:
    """Return the error sources of today beside the target values of an edition.

    Error sources belong to the whole State: it is for those who see its measurements.
    """
    if not sees_state_measurements(viewer):
        raise NotPermittedError(
            "error sources belong to the whole State, of which you see areas only",
            "Ask a colleague who may see all of them.",
        )
    names = editions(viewer)
    if not names or (edition or names[-1]) not in names:
        raise NotFoundError(
            "no such target values are in force",
            f"In force are: {', '.join(names) or 'none yet; import a table of them'}.",
        )
    chosen = edition or names[-1]

    def build() -> TargetsDocument:
        found = comparison(viewer, chosen)
        own = ComparedMethodDocument.__struct_fields__
        methods = [{n: getattr(m, n) for n in own} for m in found.methods]
        return TargetsDocument(
            edition=found.edition,
            editions=names,
            on=found.on,
            methods=[
                ComparedMethodDocument(**{**m, "sources": list(m["sources"])}) for m in methods
            ],
            findings=[found_document(one) for one in found.findings],
        )

    as_of = as_of_measurements(viewer, viewer.today)
    return answered(request, viewer, as_of, build)


SECTION = Section(
    "api measurement series", api=(list_control_series, get_control_series, get_target_comparison)
)
