"""What is in force of the measurements, as each viewer sees it: lists, series, targets.

Error sources, calibrations and control measurements are lines of the whole State. Who sees an area
only, sees those error sources that the strata of the area name: they stand, in words, in every
evaluation of it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote

from sqlalchemy import func, select

from keiryo.charts.model import Chart
from keiryo.charts.sequences import control_chart
from keiryo.errors import KeiryoError, NotFoundError, Severity, UsageError
from keiryo.measurement.control_charts import ControlChart
from keiryo.measurement.estimates import estimate_series
from keiryo.measurement.forms import FORMS
from keiryo.measurement.in_force import control_measurements, stratum_methods, target_values
from keiryo.measurement.intake import lines_in_force
from keiryo.measurement.outdated import without_their_measurements
from keiryo.measurement.series import SeriesEstimate
from keiryo.measurement.tables import CONTROL_MEASUREMENT, ERROR_SOURCE, STRATUM_METHOD
from keiryo.measurement.target_comparison import TargetComparison, compare_targets
from keiryo.web.listing import ListColumn, Row
from keiryo.web.pages.evaluation_asked import sees_state_measurements
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import Viewer

Answer = TypeVar("Answer")
HOME = "/measurements"

TITLES = {
    "sources": sentence("Error sources"),
    "strata": sentence("Strata"),
    "results": sentence("Results"),
    "calibrations": sentence("Calibrations"),
    "controls": sentence("Control measurements"),
    "targets": sentence("Target values"),
}
DAY, NUMBER = "date", "number"
_TYPES = {"day": DAY, "whole": NUMBER}
_WORDS = {
    "source": sentence("Error source"), "method": sentence("Method"), "kind": sentence("Kind"),
    "basis": sentence("Quantity"), "relative_sd": sentence("Relative, one sigma"),
    "absolute_sd_kg": sentence("Absolute, kg"), "one_error_per": sentence("One error per"),
    "closing_epoch": sentence("Closing counts as"), "valid_from": sentence("From"),
    "valid_to": sentence("To"), "reference": sentence("Reference"), "mba": sentence("Area"),
    "stratum": sentence("Stratum"), "rank": sentence("Rank"), "codes": sentence("Codes"),
    "kmps": sentence("KMPs"), "mdc": sentence("Material description"),
    "batches": sentence("Batches"), "element_sources": sentence("Sources of the element"),
    "isotope_sources": sentence("Sources of the isotope"), "samples": sentence("Samples"),
    "analyses": sentence("Analyses"), "items_only": sentence("Sealed items"),
    "result": sentence("Result"), "batch": sentence("Batch"),
    "instrument": sentence("Instrument"), "measured_on": sentence("Measured on"),
    "value": sentence("Value"), "unit": sentence("Unit"), "replicates": sentence("Replicates"),
    "source_document": sentence("Source document"),
    "calibrated_on": sentence("Calibrated on"), "standard": sentence("Standard"),
    "certificate": sentence("Certificate"), "series": sentence("Series"),
    "session": sentence("Session"), "item": sentence("Item"), "measured": sentence("Measured"),
    "edition": sentence("Edition"), "material": sentence("Material"),
    "random_percent": sentence("Random, %"), "systematic_percent": sentence("Systematic, %"),
    "conditions": sentence("Conditions"), "verified": sentence("Verified"),
    "origin": sentence("Origin"),
}  # fmt: skip
"""What the columns of the tables are called."""


def form_asked(name: str) -> str:
    """Return the table that is asked for.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    """
    if name not in FORMS:
        raise NotFoundError(_("there is no such table"), _("The tables are on this page."))
    return name


def _line_href(row: Row) -> str:
    return f"/why?of=line:{row['act']}/{row['line']}"


def _series_href(row: Row) -> str:
    return f"/measurements/series?name={quote(str(row['series']), safe='')}"


def list_columns(form: str) -> tuple[ListColumn, ...]:
    """Return the columns of a table as a list; the last leads to the line's reasons."""
    types = {column.name: column.type for column in FORMS[form].columns}
    words = {column.name: column.words for column in FORMS[form].columns}
    found = []
    for field in FORMS[form].kind.own_fields:
        if field.name == "state":
            continue
        kind = _TYPES.get(types[field.name], "text")
        if types[field.name] in ("positive", "not negative", "amount"):
            kind = NUMBER
        href = _series_href if field.name == "series" else None
        title, choices = _WORDS.get(field.name, field.name), words[field.name]
        found.append(ListColumn(field.name, title, kind, choices=choices, href=href))
    found.append(ListColumn("act", sentence("Act"), NUMBER, href=_line_href))
    found.append(ListColumn("line", sentence("Line"), NUMBER, filterable=False, hidden=True))
    if form == "sources":
        found.append(ListColumn("outdated", sentence("State"), filterable=False))
    return tuple(found)


def rows_shown(viewer: Viewer, form: str) -> list[dict[str, Any]]:
    """Return the lines of a table in force that the viewer sees, plain."""
    return _remembered(viewer, f"measurement {form}", partial(_rows, viewer, form))


def _rows(viewer: Viewer, form: str) -> list[dict[str, Any]]:
    whole = sees_state_measurements(viewer)
    narrowed = form == "sources" and not whole
    database = viewer.whole if narrowed else viewer.books
    with database.reading() as connection:
        lines = lines_in_force(connection, viewer.metadata, form)
        marks = {}
        if form == "sources" and whole:
            stale = without_their_measurements(connection, viewer.metadata)
            marks = {(one.source.act, one.source.line): one.words for one in stale}
    if narrowed:
        used = sources_of_areas(viewer)
        lines = [line for line in lines if line["source"] in used]
    flags = {c.name for c in FORMS[form].columns if c.type == "flag"}
    names = [f.name for f in FORMS[form].kind.own_fields if f.name != "state"]
    rows = []
    for line in lines:
        row = {name: line[name] for name in names}
        for name in flags:
            row[name] = None if row[name] is None else ("yes" if row[name] else "no")
        at = (line["act_id"], line["line_no"])
        rows.append({**row, "act": at[0], "line": at[1], "outdated": marks.get(at)})
    return rows


def sources_of_areas(viewer: Viewer) -> set[str]:
    """Return the names of the error sources that the strata of the viewer's areas use."""
    with viewer.books.reading() as connection:
        methods = stratum_methods(connection, viewer.metadata)
    return {name for m in methods for name in (*m.element_sources, *m.isotope_sources)}


def _remembered(viewer: Viewer, name: str, build: Callable[[], Answer]) -> Answer:
    """Return an answer that holds until something of measurement is posted."""
    kinds = {form.kind.name for form in FORMS.values()} | {ERROR_SOURCE.name, STRATUM_METHOD.name}
    with viewer.whole.reading() as connection:
        tables = [viewer.metadata.tables[kind] for kind in sorted(kinds)]
        last = tuple(connection.execute(select(func.max(t.c.act_id))).scalar() for t in tables)
    return viewer.server.remembered.get((name, viewer.sight), last, build)


# --- series of control measurements ---------------------------------------------------------------


def series_rows(viewer: Viewer) -> list[dict[str, Any]]:
    """Return the series of control measurements that the viewer sees, each with its state."""

    def build() -> list[dict[str, Any]]:
        table = viewer.metadata.tables[CONTROL_MEASUREMENT.name]
        query = select(table.c.series).distinct().order_by(table.c.series)
        with viewer.books.reading() as connection:
            names = [str(name) for name in connection.execute(query).scalars()]
        return [row for name in names if (row := _series_row(viewer, name)) is not None]

    return _remembered(viewer, "control series of", build)


def _series_row(viewer: Viewer, name: str) -> dict[str, Any] | None:
    try:
        found = estimate(viewer, name)
    except NotFoundError:  # all of it was withdrawn
        return None
    except KeiryoError:
        return {"series": name, "state": "cannot be evaluated"}
    return {
        "series": name,
        "kind": found.kind,
        "method": found.method,
        "count": found.count,
        "sessions": found.sessions,
        "first": found.first,
        "last": found.last,
        "state": series_state(found),
    }


def series_state(found: SeriesEstimate) -> str:
    """Return whether a method is in control, in words that lists filter by."""
    for finding in found.findings:
        if finding.code == "CONTROL-CHART" and finding.severity is not Severity.INFORMATION:
            return "out of control"
    return "in control" if found.chart is not None else "too few to say"


SERIES_BADGES = {
    sentence("in control"): "ok",
    sentence("out of control"): "warning",
    sentence("too few to say"): "open",
    sentence("cannot be evaluated"): "query",
}
SERIES_COLUMNS = (
    ListColumn("series", sentence("Series"), href=_series_href),
    ListColumn("method", sentence("Method"), "code"),
    ListColumn("kind", sentence("Kind"), choices=("standard", "replicate", "paired")),
    ListColumn("count", sentence("Measurements"), NUMBER, filterable=False),
    ListColumn("sessions", sentence("Sessions"), NUMBER, filterable=False),
    ListColumn("first", sentence("From"), DAY, filterable=False),
    ListColumn("last", sentence("To"), DAY, filterable=False),
    ListColumn("state", sentence("State"), choices=tuple(SERIES_BADGES)),
)


def estimate(viewer: Viewer, name: str, *, relative: bool = True) -> SeriesEstimate:
    """Return what a series of control measurements says.

    Raises
    ------
    NotFoundError
        If the viewer sees no measurement of it in force.
    RefusedError
        If the measurements do not belong together, or are too few.
    """

    def build() -> SeriesEstimate:
        with viewer.books.reading() as connection:
            if not control_measurements(connection, viewer.metadata, series=name):
                raise NotFoundError(
                    _("there is no such series of control measurements in force"),
                    _("The table of control measurements lists the series."),
                )
            return estimate_series(connection, viewer.metadata, name, relative=relative)

    return _remembered(viewer, f"estimate {relative} {name}", build)


def charts_of(found: SeriesEstimate) -> dict[str, Chart]:
    """Return the control charts of a series: of its measurements, of the means of sessions."""
    unit = "" if found.relative else found.unit
    named = {
        "measurements": (found.chart, f"Control chart of {found.series}"),
        "sessions": (found.session_chart, f"Control chart of the sessions of {found.series}"),
    }
    charts = {}
    for name, (chart, title) in named.items():
        if chart is not None and chart.standardized:
            kind = "Relative deviation" if found.relative else "Deviation"
            charts[name] = control_chart(
                charted(chart), chart.sd, centre=chart.centre, unit=unit, name=kind, title=title
            )
    return charts


def charted(chart: ControlChart) -> list[float]:
    """Return the values that a control chart shows."""
    return [chart.centre + z * chart.sd for z in chart.standardized]


# --- target values ------------------------------------------------------------


def editions(viewer: Viewer) -> list[str]:
    """Return the editions of target values in force that the viewer sees."""
    with viewer.books.reading() as connection:
        return sorted({t.edition for t in target_values(connection, viewer.metadata)})


def comparison(viewer: Viewer, edition: str) -> TargetComparison:
    """Return the error sources of today beside the target values of an edition.

    Raises
    ------
    NotFoundError, UsageError
        If there is no such edition.
    """

    def build() -> TargetComparison:
        with viewer.books.reading() as connection:
            return compare_targets(connection, viewer.metadata, viewer.today, edition=edition)

    if len(edition) > 200:
        raise UsageError(_("there is no such edition"), _("Choose one of the list."))
    return _remembered(viewer, f"targets {edition} {viewer.today}", build)
