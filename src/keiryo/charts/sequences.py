"""Control charts of a sequence of balances: MUF, CUMUF, SITMUF, Page, EWMA, GEMUF.

Each shows one statistic per closed balance, what it is held against, and which balances raised
an alarm, by their numbers. Limits are steps, because each holds for one balance. Tests for loss
are one-sided: the upper limit raises alarms; the lower one is for the quality of the data, since
a large negative MUF is an anomaly too.

Sources: R. Picard, *Sequential analysis of materials balances*, Nucl. Mater. Manage. 16 (1987)
(standardized independent MUF); E. S. Page, Biometrika 41 (1954) 100 (CUSUM); S. W. Roberts,
Technometrics 1 (1959) 239 (EWMA).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from keiryo.charts import palette
from keiryo.charts.drawing import begin, finish, number, visible
from keiryo.charts.model import Chart, nothing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = npt.NDArray[np.float64]

MOST_MARKED = 150
"""Series up to this long show each value with a marker, longer ones as a line."""
MOST_DRAWN = 1_200
"""Longer series are thinned to about this many points; highest and lowest values are kept."""
_MOST_ALARMS, _MOST_LABELS, _HEIGHT_IN = 400, 40, 3.5


@dataclass(frozen=True, slots=True)
class Line:
    """A limit or band of a control chart.

    Attributes
    ----------
    label : str
    upper : array of float, shape (P,)
        NaN where there is none.
    lower : array of float, optional
        With it the limit has two sides.
    kind : str
        ``"threshold"``: raises alarms; ``"band"``: shaded; ``"below"``, ``"guide"``,
        ``"far guide"``: for orientation.
    """

    label: str
    upper: Floats
    lower: Floats | None = None
    kind: str = "threshold"


@dataclass(frozen=True, slots=True)
class Series:
    """One statistic per balance with what it is held against.

    Attributes
    ----------
    title, name, axis : str
        Title of the chart, name of the statistic, name of the vertical axis with unit.
    values : array of float, shape (P,)
    lines : tuple of Line
    alarms : tuple of int
        Numbers of balances, from 1.
    labels : sequence, optional
        What to call each balance: hour or date of its closing.
    unit : str
    reference : float or None
        A thin line at this value.
    alarm_name : str
    """

    title: str
    name: str
    axis: str
    values: Floats
    lines: tuple[Line, ...] = ()
    alarms: tuple[int, ...] = ()
    labels: Sequence[object] | None = None
    unit: str = ""
    reference: float | None = 0.0
    alarm_name: str = field(default="Alarm, number of the balance")


def floats(values: Any) -> Floats:
    """Return values as an array; None and infinite values become NaN: they are not drawn."""
    found = np.array(
        [np.nan if v is None else v for v in values] if isinstance(values, list) else values,
        dtype=np.float64,
    )
    return np.where(np.isfinite(found), found, np.nan)


def series_chart(series: Series) -> Chart:
    """Return the chart of a series; of an empty one, a chart that says so."""
    values = series.values
    if values.size == 0:
        return nothing(series.title, "Nothing to show: no balance is closed yet.")
    if not np.isfinite(values).any():
        return nothing(
            series.title, f"Nothing to show: {series.name} could not be computed for any balance."
        )
    return Chart(series.title, _in_words(series), _HEIGHT_IN, lambda figure: _draw(figure, series))


def _in_words(series: Series) -> str:
    """Return the chart in sentences."""
    values = series.values
    finite = np.isfinite(values)
    low, high = int(np.nanargmin(values)), int(np.nanargmax(values))
    unit = f" {series.unit}" if series.unit else ""
    words = [
        f"{series.name} of {_count(values.size, 'balance')}: from {number(values[low])}{unit} in "
        f"balance {low + 1} to {number(values[high])}{unit} in balance {high + 1}."
        if finite.sum() > 1
        else f"{series.name} of {_count(values.size, 'balance')}: {number(values[high])}{unit} "
        f"in balance {high + 1}."
    ]
    if missing := int((~finite).sum()):
        words.append(f"It is not defined or missing for {_count(missing, 'balance')}.")
    if any(line.kind == "threshold" for line in series.lines):
        if series.alarms:
            shown = ", ".join(str(n) for n in series.alarms[:12])
            more = f" and {len(series.alarms) - 12} more" if len(series.alarms) > 12 else ""
            words.append(f"Alarm in balance {shown}{more}.")
        else:
            words.append("No balance raised an alarm.")
    return " ".join(words)


def _count(size: int, noun: str) -> str:
    return f"{size} {noun}" if size == 1 else f"{size} {noun}s"


# --- drawing -------------------------------------------------------------------------------------


def _draw(figure: Figure, series: Series) -> None:
    axes = begin(figure, series.title)
    count = series.values.size
    handles: list[Any] = []
    if series.reference is not None:
        axes.axhline(series.reference, color=palette.MUTED, linewidth=0.8, zorder=1.5)
    handles.append(draw_values(axes, series.values, label=series.name))
    for line in series.lines:
        handles.append(_draw_line(axes, line))
    handles.append(_draw_alarms(axes, series))
    axes.set_xlim(0.5 - 0.01 * count, count + 0.5 + 0.01 * count)
    axes.use_sticky_edges = False
    axes.margins(y=0.12)
    axes.set_ylabel(series.axis)
    balance_axis(axes, count, series.labels)
    finish(figure, axes, order=handles)


def draw_values(axes: Axes, values: Floats, *, label: str, color: str = palette.BLUE) -> Any:
    """Draw a series over the numbers of its balances, with gaps where values are missing."""
    count = values.size
    marker = "o" if count <= MOST_MARKED else ""
    size = 4.5 if count <= 60 else 3
    x, y = thinned(values)
    found = axes.plot(
        x, y, color=color, linewidth=1.3 if count <= MOST_DRAWN else 0.8, marker=marker,
        markersize=size, label=label, zorder=3,
    )  # fmt: skip
    if not marker:  # a value between two gaps has no line to be seen by
        gap = np.concatenate(([True], np.isnan(values), [True]))
        alone = np.flatnonzero(~gap[1:-1] & gap[:-2] & gap[2:])[:_MOST_ALARMS]
        if alone.size:
            axes.plot(alone + 1, values[alone], color=color, marker=".", linestyle="", zorder=3)
    return found[0]


def thinned(values: Floats, most: int = MOST_DRAWN) -> tuple[Floats, Floats]:
    """Return numbers and values of a series, of a long one only lows and highs of each stretch.

    Parameters
    ----------
    values : array of float, shape (P,)
    most : int
        About how many points are kept.
    """
    count = values.size
    x = np.arange(1, count + 1, dtype=np.float64)
    if count <= most:
        return x, values
    step = -(-2 * count // most)
    rows = -(-count // step)
    padded = np.full(rows * step, np.nan)
    padded[:count] = values
    blocks = padded.reshape(rows, step)
    empty = np.isnan(blocks).all(axis=1)
    low = np.where(np.isnan(blocks), np.inf, blocks).argmin(axis=1)
    high = np.where(np.isnan(blocks), -np.inf, blocks).argmax(axis=1)
    kept = np.sort(np.stack((low, high), axis=1), axis=1)
    places = kept + np.arange(rows)[:, None] * step
    y = padded[places]
    y[empty] = np.nan
    return (places + 1).astype(np.float64).ravel(), y.ravel()


def _steps(upper: Floats, lower: Floats | None) -> tuple[Floats, Floats, Floats | None]:
    """Return edges and heights of steps, one a balance; of a long series one a stretch."""
    count = upper.size
    step = -(-2 * count // MOST_DRAWN) if count > MOST_DRAWN else 1
    starts = np.arange(0, count, step)
    edges = np.append(starts, count) + 0.5
    above = np.fmax.reduceat(upper, starts)
    return edges, above, None if lower is None else np.fmin.reduceat(lower, starts)


_LOOK: dict[str, dict[str, Any]] = {
    "threshold": {"color": palette.VERMILION, "linewidth": 1.4, "linestyle": "-"},
    "below": {"color": palette.VERMILION, "linewidth": 0.9, "linestyle": (0, (4, 3))},
    "guide": {"color": palette.MUTED, "linewidth": 1.0, "linestyle": (0, (5, 2))},
    "far guide": {"color": palette.INK, "linewidth": 1.1, "linestyle": (0, (1.5, 1.5))},
}


def _draw_line(axes: Axes, line: Line) -> Any:
    edges, upper, lower = _steps(line.upper, line.lower)
    if not np.isfinite(upper).any():
        return None
    if line.kind == "band":
        bottom = np.full_like(upper, np.nan) if lower is None else lower
        both = np.isfinite(upper) & np.isfinite(bottom)
        top = np.where(both, upper, np.nan)
        patch = axes.stairs(
            top, edges, baseline=np.where(both, bottom, np.nan), fill=True, color=palette.BAND,
            linewidth=0, label=line.label, zorder=1,
        )  # fmt: skip
        return patch
    look = _LOOK[line.kind]
    x = np.repeat(edges, 2)[1:-1]
    found = axes.plot(x, np.repeat(upper, 2), label=line.label, zorder=2.5, **look)
    if lower is not None:
        axes.plot(x, np.repeat(lower, 2), zorder=2.5, **look)
    return found[0]


def _draw_alarms(axes: Axes, series: Series) -> Any:
    count = series.values.size
    places = np.array(
        sorted({n for n in series.alarms if 1 <= n <= count and np.isfinite(series.values[n - 1])}),
        dtype=np.intp,
    )
    if places.size == 0:
        return None
    shown = places[:: -(-places.size // _MOST_ALARMS)]
    found = axes.plot(
        shown, series.values[shown - 1], linestyle="", marker="D", zorder=4,
        markersize=8 if count <= MOST_MARKED else 5, markerfacecolor="none",
        markeredgecolor=palette.VERMILION, markeredgewidth=1.6 if count <= MOST_MARKED else 1.1,
        label=series.alarm_name,
    )  # fmt: skip
    last, room = -np.inf, count * 0.026 * (1 + len(str(count)) / 3)
    for labelled in shown[:_MOST_LABELS]:
        if labelled - last < room:
            continue
        last = float(labelled)
        value = series.values[labelled - 1]
        axes.annotate(
            str(labelled), (labelled, value), xytext=(0, 7 if value >= 0 else -7),
            textcoords="offset points", ha="center", va="bottom" if value >= 0 else "top",
            fontsize=8.5, weight="bold", color=palette.VERMILION, zorder=5,
            bbox={"boxstyle": "square,pad=0.1", "facecolor": palette.PAPER, "edgecolor": "none"},
        )  # fmt: skip
    return found[0]


def balance_axis(axes: Axes, count: int, labels: Sequence[object] | None) -> None:
    """Name the balances along the axis: by number, and below it by hour or date of closing."""
    texts = None if labels is None else [visible(label, 16) for label in labels]
    width = max((len(t) for t in texts), default=0) if texts else 0
    room = max(3, min(16, int(88 / max(width + 2, len(str(count)) + 3))))
    step = _round_step(-(-count // room))
    ticks = [1, *range(step, count + 1, step)] if step > 1 else list(range(1, count + 1))
    if len(ticks) > 1 and ticks[1] - ticks[0] < step * 0.6:
        ticks.pop(1 if count < 2 * step else 0)
    if texts is None:
        named = [f"{n}" for n in ticks]
    else:
        named = [f"{n}\n{texts[n - 1]}" if n <= len(texts) else f"{n}" for n in ticks]
    axes.set_xticks(ticks, named)
    axes.set_xlabel("Balance" if texts is None else "Balance and its closing")


def _round_step(step: int) -> int:
    """Return the next step among 1, 2, 5, 10, 20, 50 and so on."""
    power = 1
    while True:
        for factor in (1, 2, 5):
            if step <= factor * power:
                return factor * power
        power *= 10


# --- the charts ----------------------------------------------------------------------------------


def muf_chart(
    muf_kg: Any,
    sigma_kg: Any = None,
    *,
    threshold: float | None = None,
    alarms: Iterable[int] = (),
    labels: Sequence[object] | None = None,
    unit: str = "kg",
    title: str = "MUF of each balance",
) -> Chart:
    """Return MUF per balance with its ±2σ band and the limit that raises alarms.

    Parameters
    ----------
    muf_kg, sigma_kg : array of float, shape (P,)
        MUF and its standard deviation, in `unit`; NaN where unknown.
    threshold : float, optional
        An alarm is raised where MUF exceeds this many standard deviations; drawn on both sides.
    alarms : iterable of int
        Numbers of the balances that raised an alarm, from 1.
    labels : sequence, optional
        Hour or date of each closing.
    """
    return _with_sigma("MUF", title, muf_kg, sigma_kg, threshold, alarms, labels, unit)


def cumuf_chart(
    cumuf_kg: Any,
    sigma_kg: Any = None,
    *,
    threshold: float | None = None,
    alarms: Iterable[int] = (),
    labels: Sequence[object] | None = None,
    unit: str = "kg",
    title: str = "CUMUF, the running sum of MUF",
) -> Chart:
    """Return the running sum of MUF with its ±2σ band and limit; parameters as `muf_chart`."""
    return _with_sigma("CUMUF", title, cumuf_kg, sigma_kg, threshold, alarms, labels, unit)


def _with_sigma(
    name: str, title: str, values: Any, sigma: Any, threshold: float | None,
    alarms: Iterable[int], labels: Sequence[object] | None, unit: str,
) -> Chart:  # fmt: skip
    series = floats(values)
    lines: list[Line] = []
    if sigma is not None:
        sd = floats(sigma)
        lines.append(Line("±2σ", 2 * sd, -2 * sd, "band"))
        if threshold is not None and np.isfinite(threshold):
            upper = threshold * sd
            lines.append(Line(f"Limit for loss, {number(threshold)}σ", upper))
            lines.append(Line("The same below, a check of the data", -upper, None, "below"))
    found = Series(
        title, name, f"{name}, {unit}", series, tuple(lines), tuple(alarms), labels, unit
    )
    return series_chart(found)


def _standardized(
    name: str, title: str, axis: str, values: Any, limit: Any, label: str,
    alarms: Iterable[int], labels: Sequence[object] | None, extra: tuple[Line, ...] = (),
) -> Chart:  # fmt: skip
    series = floats(values)
    lines = list(extra)
    if limit is not None:
        upper = np.broadcast_to(floats(limit), series.shape)
        if np.isfinite(upper).any():
            lines.append(Line(label, upper))
    return series_chart(Series(title, name, axis, series, tuple(lines), tuple(alarms), labels))


def sitmuf_chart(
    sitmuf: Any,
    *,
    threshold: float | None = None,
    alarms: Iterable[int] = (),
    labels: Sequence[object] | None = None,
    title: str = "SITMUF, what each balance adds that is new",
) -> Chart:
    """Return the standardized independent MUF, without loss standard normal, and its threshold."""
    label = "" if threshold is None else f"Threshold {number(threshold)}"
    values = floats(sitmuf)
    two = np.full(values.shape, 2.0)
    extra = (Line("±2", two, -two, "band"),)
    return _standardized(
        "SITMUF", title, "SITMUF, in σ", values, threshold, label, alarms, labels, extra
    )


def page_chart(
    page: Any,
    *,
    threshold: float | None = None,
    k: float | None = None,
    alarms: Iterable[int] = (),
    labels: Sequence[object] | None = None,
    title: str = "Page's test, the cumulated sum of SITMUF",
) -> Chart:
    """Return Page's statistic with its threshold h; `k` is what each balance takes off the sum."""
    allowance = "" if k is None else f" with k = {number(k)}"
    label = "" if threshold is None else f"Threshold h = {number(threshold)}{allowance}"
    return _standardized("Page", title, "S, in σ", page, threshold, label, alarms, labels)


def ewma_chart(
    ewma: Any,
    *,
    threshold: float | None = None,
    weight: float | None = None,
    alarms: Iterable[int] = (),
    labels: Sequence[object] | None = None,
    title: str = "EWMA, the weighted mean of SITMUF",
) -> Chart:
    """Return the standardized, exponentially weighted mean of SITMUF with its threshold."""
    share = "" if weight is None else f" with λ = {number(weight)}"
    label = "" if threshold is None else f"Threshold {number(threshold)}{share}"
    return _standardized("EWMA", title, "EWMA, in σ", ewma, threshold, label, alarms, labels)


def gemuf_chart(
    gemuf: Any,
    *,
    threshold: Any = None,
    version: str = "V1",
    alarms: Iterable[int] = (),
    labels: Sequence[object] | None = None,
    title: str | None = None,
) -> Chart:
    """Return GEMUF of each balance; `threshold` is one number, or one for each balance.

    Without loss, version V1 has the number of balances so far (of those with a value) as its
    mean, drawn for orientation.
    """
    values = floats(gemuf)
    extra: tuple[Line, ...] = ()
    if version == "V1":
        mean = np.cumsum(np.isfinite(values)).astype(np.float64)
        extra = (Line("Mean without loss", mean, None, "guide"),)
    single = threshold is not None and np.ndim(threshold) == 0
    label = f"Threshold {number(float(threshold))}" if single else "Threshold"
    name = f"GEMUF {version}"
    return _standardized(
        name, title or f"{name}, the loss over its uncertainty", name, values, threshold, label,
        alarms, labels, extra,
    )  # fmt: skip


def control_chart(
    values: Any,
    sd: Any,
    *,
    centre: float = 0.0,
    labels: Sequence[object] | None = None,
    unit: str = "",
    name: str = "Difference",
    title: str = "Control chart",
) -> Chart:
    """Return values, such as differences of pairs, with lines at 2σ (warning) and 3σ (action).

    Parameters
    ----------
    values : array of float, shape (N,)
    sd : float or array of float
        Standard deviation of each value.
    centre : float
        What the values are expected to be.
    """
    found = floats(values)
    spread = np.broadcast_to(floats(sd), found.shape)
    lines = (
        Line("Warning, 2σ", centre + 2 * spread, centre - 2 * spread, "guide"),
        Line("Action, 3σ", centre + 3 * spread, centre - 3 * spread, "far guide"),
    )
    outside = np.flatnonzero(np.abs(found - centre) > 3 * spread) + 1
    axis = f"{name}, {unit}" if unit else name
    series = Series(
        title, name, axis, found, lines, tuple(int(n) for n in outside), labels, unit, centre,
        "Outside 3σ, with its number",
    )  # fmt: skip
    return series_chart(series)
