"""Where the uncertainty of a balance comes from, and how balances hang together.

The waterfall shows the parts of the variance of MUF that each error source brings in each
stratum. Shares of the variance add up to one; standard deviations do not, so the kilograms beside
a bar say what σ would be if there were nothing but that part. A part can be negative: where an
error enters with both signs, as when inputs and products are weighed on one scale, it cancels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keiryo.charts import palette
from keiryo.charts.drawing import begin, finish, number, visible
from keiryo.charts.model import Chart, nothing
from keiryo.charts.sequences import Floats, balance_axis, floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_ROWS = 16
"""Most bars of a waterfall; smaller parts are put together in one."""
MOST_CELLS = 300
"""Most rows of a heat map; of more balances each cell shows the largest of several."""
_NAMES = {
    "random": "Random", "epoch": "Systematic, one calibration", "long": "Systematic, long-term",
    "": "Other",
}  # fmt: skip


def variance_waterfall(
    names: Sequence[object],
    variance_kg2: Any,
    *,
    components: Sequence[str] | None = None,
    total_kg2: float | None = None,
    unit: str = "kg",
    title: str = "Where the variance of MUF comes from",
) -> Chart:
    """Return the parts of a variance, largest first, with their sum.

    Parameters
    ----------
    names : sequence
        Error source of each part, with its stratum if there is one.
    variance_kg2 : array of float, shape (N,)
        Parts of the variance, in `unit` squared; negative where errors cancel.
    components : sequence of str, optional
        Kind of the error source of each part: ``"random"``, ``"epoch"``, ``"long"``.
    total_kg2 : float, optional
        The variance. If the parts do not add up to it, the difference is shown as a part.
    """
    values = floats(variance_kg2)
    kinds = ["" if c not in _NAMES else c for c in components or [""] * values.size]
    known = np.isfinite(values)
    parts = [
        (visible(name, 36), float(value), kind)
        for name, value, kind, good in zip(names, values, kinds, known, strict=True)
        if good and value != 0
    ]
    total = sum(value for _, value, _ in parts) if total_kg2 is None else float(total_kg2)
    if not parts or not np.isfinite(total) or total <= 0:
        return nothing(title, "Nothing to show: no error source brings any variance.")
    parts.sort(key=lambda part: (-part[1], part[0]))
    rest = total - sum(value for _, value, _ in parts)
    if abs(rest) > 1e-6 * total:
        parts.append(("not assigned to a source", rest, ""))
    parts = _shortened(parts)
    height = 1.45 + 0.26 * (len(parts) + 1)
    return Chart(
        title,
        _waterfall_words(parts, total, unit),
        height,
        lambda figure: _draw_waterfall(figure, title, parts, total, unit),
    )


Parts = list[tuple[str, float, str]]


def _shortened(parts: Parts) -> Parts:
    """Return at most `MOST_ROWS` parts: the smallest are put together."""
    if len(parts) <= MOST_ROWS:
        return parts
    order = sorted(parts, key=lambda part: -abs(part[1]))
    kept, small = set(order[: MOST_ROWS - 2]), order[MOST_ROWS - 2 :]
    found = [part for part in parts if part in kept]
    for sign, words in ((1, "smaller parts"), (-1, "smaller parts that cancel")):
        values = [value for _, value, _ in small if value * sign > 0]
        if values:
            found.append((f"{len(values)} {words}", sum(values), ""))
    return found


def _waterfall_words(parts: Parts, total: float, unit: str) -> str:
    largest = sorted(parts, key=lambda part: -abs(part[1]))[:3]
    shown = "; ".join(f"{name} {percent(value / total)}" for name, value, _ in largest)
    words = f"σ is {number(total**0.5)} {unit}. The largest parts of the variance: {shown}."
    cancelled = sum(value for _, value, _ in parts if value < 0)
    if cancelled < 0:
        words += f" Errors that cancel take off {percent(-cancelled / total)}."
    return words + (
        " Shares of the variance add up to 100 %; the kilograms beside them do not,"
        " they say what σ would be from that part alone."
        if unit == "kg"
        else ""
    )


def percent(share: float) -> str:
    """Return a share in per cent, with one decimal."""
    return f"{share * 100:.1f} %".replace("-", "−")


def _draw_waterfall(figure: Figure, title: str, parts: Parts, total: float, unit: str) -> None:
    axes = begin(figure, title)
    rows = len(parts) + 1
    begun = 0.0
    handles: dict[str, Any] = {}
    for row, (_, value, kind) in enumerate(parts):
        color, hatch = palette.COMPONENTS[kind] if value >= 0 else palette.CANCELS
        label = _NAMES[kind] if value >= 0 else "Cancels"
        share = value / total * 100
        bars = axes.barh(
            row, share, left=begun, height=0.62, color=color, hatch=hatch, edgecolor=palette.PAPER,
            linewidth=0, label=label, zorder=3,
        )  # fmt: skip
        handles.setdefault(label, bars)
        begun += share
        axes.plot([begun, begun], [row, row + 1], color=palette.MUTED, linewidth=0.7, zorder=2)
    axes.barh(rows - 1, 100, height=0.62, color=palette.INK, zorder=3)
    axes.axvline(0, color=palette.MUTED, linewidth=0.8)
    _waterfall_texts(axes, parts, total, unit)
    axes.set_yticks(range(rows), [*(name for name, _, _ in parts), "Variance of MUF"])
    axes.get_yticklabels()[-1].set_fontweight("bold")
    axes.tick_params(axis="y", length=0)
    axes.use_sticky_edges = False
    low, high = axes.get_xlim()
    axes.set_xlim(0 if low > -5 else low, high + 0.02 * (high - low))
    axes.set_ylim(rows - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("Share of the variance, %")
    finish(figure, axes, order=list(handles.values()) if len(handles) > 1 else [])


def _waterfall_texts(axes: Axes, parts: Parts, total: float, unit: str) -> None:
    rows: list[tuple[float, tuple[str, str], str]] = [
        (-0.72, ("share", f"σ alone, {unit}"), "normal")
    ]
    for row, value in enumerate([*(value for _, value, _ in parts), total]):
        sd = number(abs(value) ** 0.5)
        texts = (percent(value / total), sd if value >= 0 else f"−{sd}")
        rows.append((row, texts, "bold" if row == len(parts) else "normal"))
    for place, texts, weight in rows:
        for offset, words in zip((46, 104), texts, strict=True):
            axes.annotate(
                words, (1, place), xycoords=axes.get_yaxis_transform(), xytext=(offset, 0),
                textcoords="offset points", ha="right", va="bottom" if place < 0 else "center",
                fontsize=8 if place < 0 else 8.5, weight=weight,
                color=palette.MUTED if place < 0 else palette.INK, annotation_clip=False,
            )  # fmt: skip


def correlation_map(
    covariance: Any,
    *,
    labels: Sequence[object] | None = None,
    title: str = "Correlation of the balances",
) -> Chart:
    """Return the correlation matrix of the MUF of a sequence as a heat map.

    Parameters
    ----------
    covariance : array of float, shape (P, P)
        Covariance of MUF; balances without variance are left blank.
    labels : sequence, optional
        Hour or date of each closing.
    """
    found = floats(covariance)
    count = found.shape[0] if found.ndim == 2 else 0
    if count == 0:
        return nothing(title, "Nothing to show: there is no covariance of balances.")
    correlation = correlations(found)
    if not np.isfinite(correlation).any():
        return nothing(title, "Nothing to show: no balance has a known variance.")
    step = -(-count // MOST_CELLS)
    return Chart(
        title,
        _map_words(correlation, step),
        5.2,
        lambda figure: _draw_map(figure, title, correlation, step, labels),
    )


def correlations(covariance: Floats) -> Floats:
    """Return the correlations of a covariance, NaN where a variance is not positive."""
    variance = np.diag(covariance)
    sd = np.sqrt(np.where(variance > 0, variance, np.nan))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(covariance / np.outer(sd, sd), dtype=np.float64)


def _map_words(correlation: Floats, step: int) -> str:
    count = correlation.shape[0]
    if count == 1:
        return "Correlation of 1 balance with itself."
    next_one = np.diag(correlation, 1)
    known = next_one[np.isfinite(next_one)]
    upper = correlation[np.triu_indices(count, 1)]
    upper = upper[np.isfinite(upper)]
    words = f"Correlation of the MUF of {count} balances."
    if known.size:
        words += (
            f" Neighbours, which share an inventory: {number(float(known.min()), 2)} to"
            f" {number(float(known.max()), 2)}."
        )
    if upper.size:
        words += f" All pairs: {number(float(upper.min()), 2)} to {number(float(upper.max()), 2)}."
    if step > 1:
        words += f" Each cell shows the largest of {step} by {step} balances."
    return words


def _blocks(correlation: Floats, step: int) -> Floats:
    """Return of each block of cells the one that is farthest from 0."""
    if step == 1:
        return correlation
    starts = np.arange(0, correlation.shape[0], step)
    high = np.fmax.reduceat(np.fmax.reduceat(correlation, starts, axis=0), starts, axis=1)
    low = np.fmin.reduceat(np.fmin.reduceat(correlation, starts, axis=0), starts, axis=1)
    return np.where(high >= -low, high, low)


def _draw_map(
    figure: Figure, title: str, correlation: Floats, step: int, labels: Sequence[object] | None
) -> None:
    axes = begin(figure, title)
    count = correlation.shape[0]
    shown = _blocks(correlation, step)
    image = axes.imshow(
        shown, cmap="RdBu_r", vmin=-1, vmax=1, interpolation="none",
        extent=(0.5, count + 0.5, count + 0.5, 0.5),
    )  # fmt: skip
    axes.grid(visible=False)
    axes.set_facecolor(palette.GRID)
    balance_axis(axes, count, labels)
    ticks = [t for t in axes.get_xticks() if 1 <= t <= count]
    axes.set_yticks(ticks, [f"{t:.0f}" for t in ticks])
    axes.set_ylabel("Balance")
    if count <= 12:
        for (row, column), value in np.ndenumerate(shown):
            if np.isfinite(value):
                axes.text(
                    column + 1, row + 1, number(round(float(value), 2), 2), ha="center",
                    va="center", fontsize=8,
                    color=palette.FIXED_LIGHT if abs(value) > 0.6 else palette.FIXED_DARK,
                )  # fmt: skip
    bar = figure.colorbar(image, ax=axes, shrink=0.85, pad=0.02)
    bar.set_label("Correlation: blue negative, white none, red positive")
    finish(figure, axes)
