"""Bars of parts on top of each other, with the total as somebody printed it.

The total is not drawn from the parts: it is a mark of its own with its number, so that a reader
sees where the two differ. A bar of which a part is not known says so at its foot, and is no total.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keiryo.charts import palette
from keiryo.charts.drawing import begin, finish, number, visible
from keiryo.charts.model import Chart, nothing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LOOKS = (
    (palette.BLUE, ""),
    (palette.ORANGE, "//"),
    (palette.GREEN, "\\\\"),
    (palette.SKY, "xx"),
    (palette.PURPLE, ".."),
)
"""Colour and hatch of the parts, from the bottom."""

_HEIGHT_IN, _FEWEST_BARS, _MOST_BARS = 3.9, 8, 40


@dataclass(frozen=True, slots=True)
class Stacks:
    """What a stacked chart shows.

    Attributes
    ----------
    title, axis, unit : str
        Title of the chart, name of the vertical axis, unit of every number in it.
    bars : tuple of str
        What to call each bar, e.g. a year.
    parts : mapping of str to sequence of float or None
        By name of the part, one value per bar; None: not printed. At most as many as `LOOKS`.
    totals : tuple of str or None
        The total of each bar as printed; None: not printed.
    incomplete : frozenset of int
        Places of the bars of which a part is not known.
    """

    title: str
    axis: str
    unit: str
    bars: tuple[str, ...]
    parts: Mapping[str, Sequence[float | None]]
    totals: tuple[str | None, ...]
    incomplete: frozenset[int] = frozenset()


def stacked_chart(stacks: Stacks) -> Chart:
    """Return the chart of stacks; of none, a chart that says so.

    Raises
    ------
    ValueError
        If there are more parts than can be told apart, or more bars than can be read.
    """
    if len(stacks.parts) > len(LOOKS) or len(stacks.bars) > _MOST_BARS:
        raise ValueError(
            f"{len(stacks.parts)} parts in {len(stacks.bars)} bars cannot be told apart"
        )
    if not stacks.bars:
        return nothing(stacks.title, f"Nothing to show: no figure is printed in {stacks.unit}.")
    return Chart(stacks.title, _in_words(stacks), _HEIGHT_IN, lambda figure: _draw(figure, stacks))


def _in_words(stacks: Stacks) -> str:
    """Return every number of the chart in sentences."""
    words = [
        f"{stacks.axis}, one bar for each of {len(stacks.bars)}; all numbers in {stacks.unit}."
    ]
    for place, name in enumerate(stacks.bars):
        known = [
            f"{part} {_figure(values[place])}"
            for part, values in stacks.parts.items()
            if values[place] is not None
        ]
        total = stacks.totals[place]
        known.append("no total printed" if total is None else f"total as printed {total}")
        if place in stacks.incomplete:
            known.append("a part is not printed in this unit")
        words.append(f"{name}: {', '.join(known)}.")
    return " ".join(words)


def _figure(value: float | None) -> str:
    return "" if value is None else number(value, 7)


def _draw(figure: Figure, stacks: Stacks) -> None:
    axes = begin(figure, stacks.title)
    places = range(len(stacks.bars))
    below = [0.0] * len(stacks.bars)
    for (name, values), (color, hatch) in zip(stacks.parts.items(), LOOKS, strict=False):
        if all(value is None for value in values):
            continue  # keeps its look for the charts beside this one
        heights = [0.0 if value is None else value for value in values]
        axes.bar(
            places, heights, 0.66, bottom=below, color=color, hatch=hatch,
            edgecolor=palette.PAPER, linewidth=0, label=visible(name), zorder=3,
        )  # fmt: skip
        below = [low + high for low, high in zip(below, heights, strict=True)]
    _draw_totals(axes, stacks, below)
    names = [
        visible(name, 10) + ("*" if place in stacks.incomplete else "")
        for place, name in enumerate(stacks.bars)
    ]
    axes.set_xticks(list(places), names)
    axes.set_ylabel(visible(f"{stacks.axis}, {stacks.unit}", 70))
    axes.tick_params(axis="x", length=0)
    axes.set_xlim(-0.6, max(len(stacks.bars), _FEWEST_BARS) - 0.4)
    if stacks.incomplete:
        axes.set_xlabel("* a part is not printed in this unit: the bar is no total")
    axes.set_ylim(0, 1.12 * max([*below, *(float(total) for total in stacks.totals if total)]))
    finish(figure, axes)


def _draw_totals(axes: Axes, stacks: Stacks, tops: Sequence[float]) -> None:
    label: str | None = "Total as printed"
    for place, total in enumerate(stacks.totals):
        if total is None:
            continue
        value = float(total)
        axes.plot(
            [place - 0.42, place + 0.42], [value, value], color=palette.INK, linewidth=1.4,
            zorder=4, label=label,
        )  # fmt: skip
        label = None
        axes.annotate(
            total, (place, max(value, tops[place])), xytext=(0, 3), textcoords="offset points",
            ha="center", va="bottom", fontsize=7.5, color=palette.INK,
        )  # fmt: skip
