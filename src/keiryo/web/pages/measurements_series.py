"""A series of control measurements: what it says of a method, and its control charts."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from litestar import Response, get
from litestar.params import FromPath

from keiryo.errors import NotFoundError, RefusedError
from keiryo.measurement.estimate_findings import rows_of
from keiryo.web.pages.evaluation import drawing
from keiryo.web.pages.evaluation_asked import plain_finding
from keiryo.web.pages.measurements_shown import (
    HOME,
    SERIES_BADGES,
    TITLES,
    charted,
    charts_of,
    estimate,
    series_state,
)
from keiryo.web.rendering import render
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import number_text
from keiryo.web.viewer import AnyRequest, Asking


@get(HOME + "/series", opt={"reads": "measurement"}, sync_to_thread=True)
def series_page(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Show what a series of control measurements says: estimates and control charts."""
    name, relative = _series_asked(request)
    crumbs = [(_("Measurements"), HOME), (_(TITLES["controls"]), f"{HOME}/controls"), (name, None)]
    try:
        found = estimate(viewer, name, relative=relative)
    except RefusedError as error:
        findings = [plain_finding(f) for f in error.findings]
        return render(
            request, "measurements/series.html", name=name, problem=error, findings=findings,
            crumbs=crumbs,
        )  # fmt: skip
    rows = rows_of(found)
    keys = list(rows[0]) if rows else []
    asked = urlencode({"name": name, **({} if relative else {"absolute": "yes"})})
    charts = [
        {"title": chart.title, "alt": chart.description,
         "src": f"{HOME}/series/{key}.svg?{asked}"}
        for key, chart in charts_of(found).items()
    ]  # fmt: skip
    state = series_state(found)
    values = [] if found.chart is None else charted(found.chart)
    return render(
        request,
        "measurements/series.html",
        name=name,
        problem=None,
        found=found,
        state=_(state),
        badge=SERIES_BADGES[state],
        columns=[{"key": key, "title": _(key), "kind": "text"} for key in keys],
        rows=rows,
        charts=charts,
        values=[
            {"number": number_text(n + 1), "value": f"{value:.6g}", "z": number_text(z, 2)}
            for n, (value, z) in enumerate(
                zip(values, found.chart.standardized if found.chart else (), strict=True)
            )
        ],
        relative=relative,
        findings=[plain_finding(f) for f in found.findings],
        crumbs=crumbs,
    )


@get(HOME + "/series/{chart:str}", opt={"reads": "measurement"}, sync_to_thread=True)
def series_chart(request: AnyRequest, viewer: Asking, chart: FromPath[str]) -> Response[str]:
    """Hand out a control chart as a picture."""
    name, relative = _series_asked(request)
    charts = charts_of(estimate(viewer, name, relative=relative))
    chosen = chart.removesuffix(".svg")
    if chosen not in charts or not chart.endswith(".svg"):
        raise NotFoundError(_("there is no such chart"), _("The page of the series shows all."))
    return drawing(charts[chosen].svg(chosen), str(request.query_params.get("look", "")))


def _series_asked(request: AnyRequest) -> tuple[str, bool]:
    query = request.query_params
    name = str(query.get("name", ""))[:300].replace("\0", "")
    return name, str(query.get("absolute", "")) != "yes"
