"""What a test would detect: power curves, and how long detection takes.

A power curve gives the probability that a loss is detected, for losses of growing size. Its most
asked number is the loss that is detected with 95 % probability. Curves that were simulated come
with the confidence band of the simulation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from keiryo.charts import palette
from keiryo.charts.drawing import begin, finish, number, visible
from keiryo.charts.model import Chart, nothing
from keiryo.charts.sequences import Floats, balance_axis, floats
from keiryo.charts.variance import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True, eq=False)
class PowerCurve:
    """Detection probability against the size of a loss.

    Attributes
    ----------
    name : str
        Statistic or scenario, e.g. ``"Page, uniform loss"``.
    loss_kg, probability : array of float, shape (N,)
    lower, upper : array of float, optional
        Confidence band of the probability.
    """

    name: str
    loss_kg: Any
    probability: Any
    lower: Any = None
    upper: Any = None


def loss_detected_at(loss_kg: Any, probability: Any, target: float = 0.95) -> float | None:
    """Return the smallest loss that is detected with a probability, between points by a line.

    Returns
    -------
    float or None
        In kg; None if the curve does not reach `target`.
    """
    loss, power = _ordered(loss_kg, probability)
    reached = np.flatnonzero(power >= target)
    if reached.size == 0:
        return None
    place = int(reached[0])
    if place == 0:
        return float(loss[0])
    below, above = power[place - 1], power[place]
    part = (target - below) / (above - below)
    return float(loss[place - 1] + part * (loss[place] - loss[place - 1]))


def _ordered(loss_kg: Any, *columns: Any) -> tuple[Floats, ...]:
    """Return the columns in the order of the loss, without the points that are not known."""
    arrays = [floats(loss_kg), *(floats(c) for c in columns)]
    known = np.isfinite(arrays[0]) & np.isfinite(arrays[1])
    order = np.argsort(arrays[0][known], kind="stable")
    return tuple(a[known][order] for a in arrays)


def power_curves(
    curves: Sequence[PowerCurve],
    *,
    target: float = 0.95,
    alpha: float | None = None,
    unit: str = "kg",
    title: str = "Probability that a loss is detected",
) -> Chart:
    """Return detection probability against loss, with the loss read off at `target`.

    Parameters
    ----------
    curves : sequence of PowerCurve
    target : float
        The probability at which losses are read off.
    alpha : float, optional
        False-alarm probability of the campaign, drawn as the floor of the curves.
    """
    usable = [c for c in curves if _ordered(c.loss_kg, c.probability)[0].size]
    if not usable:
        return nothing(title, "Nothing to show: no detection probability was computed.")
    found = {id(c): loss_detected_at(c.loss_kg, c.probability, target) for c in usable}
    told = "; ".join(f"{visible(c.name)} {_read_off(found[id(c)], unit, target)}" for c in usable)
    words = f"Loss that is detected with {target * 100:.4g} % probability: {told}."
    if alpha is not None:
        words += f" False-alarm probability of the campaign {alpha * 100:.4g} %."
    return Chart(
        title, words, 4.0, lambda figure: _draw_power(figure, title, usable, target, alpha, unit)
    )


def _read_off(loss: float | None, unit: str, target: float) -> str:
    return f"{number(loss)} {unit}" if loss is not None else f"{target * 100:.4g} % not reached"


def _draw_power(
    figure: Figure, title: str, curves: Sequence[PowerCurve], target: float,
    alpha: float | None, unit: str,
) -> None:  # fmt: skip
    axes = begin(figure, title)
    handles: list[Any] = []
    for place, curve in enumerate(curves):
        look = palette.CURVES[place % len(palette.CURVES)]
        handles.append(_draw_curve(axes, curve, look, target, unit))
    axes.axhline(target, color=palette.MUTED, linewidth=0.9, zorder=1.6)
    axes.annotate(
        f"{target * 100:.4g} %", (0, target), xycoords=axes.get_yaxis_transform(),
        xytext=(4, 2), textcoords="offset points", ha="left", va="bottom", fontsize=8.5,
        color=palette.MUTED,
    )  # fmt: skip
    if alpha is not None:
        handles.append(
            axes.axhline(
                alpha, color=palette.MUTED, linewidth=0.9, linestyle=(0, (1.5, 2)), zorder=1.6,
                label=f"False alarms, {alpha * 100:.4g} %",
            )
        )  # fmt: skip
    axes.set_ylim(0, 1.04)
    axes.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1], ["0", "20", "40", "60", "80", "100"])
    axes.set_xlim(left=0)
    axes.set_xlabel(f"Loss, {unit}")
    axes.set_ylabel("Probability of detection, %")
    finish(figure, axes, order=handles)


def _draw_curve(
    axes: Axes, curve: PowerCurve, look: tuple[str, Any, str], target: float, unit: str
) -> Any:
    color, style, marker = look
    loss, power = _ordered(curve.loss_kg, curve.probability)
    read = loss_detected_at(loss, power, target)
    if curve.lower is not None and curve.upper is not None:
        x, _, low, high = _ordered(curve.loss_kg, curve.probability, curve.lower, curve.upper)
        axes.fill_between(x, low, high, color=color, alpha=0.16, linewidth=0, zorder=2)
    every = max(1, loss.size // 12)
    found = axes.plot(
        loss, power, color=color, linestyle=style, marker=marker, markevery=every, markersize=4.5,
        linewidth=1.5, label=f"{visible(curve.name)}: {_read_off(read, unit, target)}", zorder=3,
    )  # fmt: skip
    if read is not None:
        axes.plot([read, read], [0, target], color=color, linewidth=0.9, linestyle=style, zorder=2)
        axes.plot(
            [read], [target], color=color, marker=marker, markersize=7.5, linestyle="", zorder=4,
            markeredgecolor=palette.PAPER,
        )  # fmt: skip
    return found[0]


def time_to_detection(
    probability: Any,
    *,
    labels: Sequence[object] | None = None,
    first_loss: int | None = None,
    title: str = "When a loss is detected",
) -> Chart:
    """Return the probability that the first alarm comes at each balance, and so far in all.

    Parameters
    ----------
    probability : array of float, shape (P,)
        Probability that the first alarm comes at that balance; what is missing to 1 is the
        probability that the loss is not detected.
    labels : sequence, optional
        Hour or date of each closing.
    first_loss : int, optional
        The balance in which the loss begins, from 1; alarms before it are false.
    """
    first = floats(probability)
    if first.size == 0 or not np.isfinite(first).any():
        return nothing(title, "Nothing to show: no detection time was computed.")
    first = np.nan_to_num(first)
    total = np.cumsum(first)
    half = np.flatnonzero(total >= 0.5)
    words = f"The first alarm comes within {first.size} balances with {percent(float(total[-1]))}"
    words += f" probability; {percent(max(0.0, 1 - float(total[-1])))} are never detected."
    words += (
        f" Half of the losses are detected by balance {int(half[0]) + 1}."
        if half.size
        else " Fewer than half of the losses are detected."
    )
    return Chart(
        title, words, 3.5, lambda figure: _draw_times(figure, title, first, labels, first_loss)
    )


def _draw_times(
    figure: Figure, title: str, first: Floats, labels: Sequence[object] | None,
    first_loss: int | None,
) -> None:  # fmt: skip
    axes = begin(figure, title)
    count = first.size
    edges = np.arange(count + 1) + 0.5
    total = np.cumsum(first)
    bars = axes.stairs(
        first * 100, edges, fill=True, facecolor=palette.SKY, edgecolor=palette.PAPER,
        linewidth=0.6 if count <= 60 else 0, label="First alarm at this balance", zorder=2.5,
    )  # fmt: skip
    line = axes.plot(
        np.repeat(edges, 2)[1:-1], np.repeat(total * 100, 2), color=palette.INK, linewidth=1.4,
        linestyle=(0, (6, 2)), label="Detected so far", zorder=3,
    )[0]  # fmt: skip
    handles: list[Any] = [bars, line]
    if first_loss is not None:
        handles.append(
            axes.axvline(
                first_loss - 0.5, color=palette.VERMILION, linewidth=1.2,
                linestyle=(0, (1.5, 1.5)), label="Loss begins",
            )
        )  # fmt: skip
    axes.set_xlim(0.5 - 0.01 * count, count + 0.5 + 0.01 * count)
    axes.set_ylim(0, 104)
    axes.set_ylabel("Probability, %")
    balance_axis(axes, count, labels)
    finish(figure, axes, order=handles)
