"""The picture of an identification by templates: spectrum, fit, its parts, and what is left over.

Counts are by keV, as the bins of the fit are of unequal width; what is left over is in standard
deviations, those of the templates included.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keiryo.charts import palette
from keiryo.charts.drawing import begin, finish, visible
from keiryo.charts.model import Chart

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLOURS = (palette.MUTED, palette.ORANGE, palette.GREEN, palette.PURPLE, palette.SKY)


def mixture_chart(
    edges_kev: np.ndarray,
    counts: np.ndarray,
    parts: Sequence[tuple[str, np.ndarray]],
    *,
    model_error: float,
    title: str,
) -> Chart:
    """Return the picture of a spectrum and the parts that it is made of.

    Parameters
    ----------
    edges_kev : ndarray, shape (bins + 1,)
    counts : ndarray, shape (bins,)
    parts : sequence of (str, ndarray)
        Name and expected counts of each part, shape (bins,); the background first.
    model_error : float
        Share of a source by which its template may be wrong in a bin.
    title : str
    """
    shares = ", ".join(f"{visible(name)} {part.sum():.0f}" for name, part in parts)
    words = f"{counts.sum():.0f} counts between {edges_kev[0]:.0f} and {edges_kev[-1]:.0f} keV."
    words += f" Parts of the fit in counts: {shares}."
    return Chart(
        visible(title),
        words,
        5.2,
        lambda figure: _draw(figure, edges_kev, counts, parts, model_error, title),
    )


def _draw(
    figure: Figure,
    edges: np.ndarray,
    counts: np.ndarray,
    parts: Sequence[tuple[str, np.ndarray]],
    model_error: float,
    title: str,
) -> None:
    axes = begin(figure, visible(title))
    grid = figure.add_gridspec(2, 1, height_ratios=(3, 1))
    axes.set_subplotspec(grid[0])
    below = figure.add_subplot(grid[1], sharex=axes)
    width = np.diff(edges)
    whole = np.sum([part for _name, part in parts], axis=0)
    lowest = 0.5 * float(np.min(1 / width))
    drawn: list[Any] = [
        axes.stairs(
            np.maximum(counts / width, lowest), edges, color=palette.BLUE, linewidth=0.9,
            baseline=lowest, label="spectrum",
        ),
        axes.stairs(
            np.maximum(whole / width, lowest), edges, color=palette.VERMILION, linewidth=1.1,
            baseline=lowest, label="fit",
        ),
    ]  # fmt: skip
    for at, (name, part) in enumerate(parts):
        drawn.append(
            axes.stairs(
                np.maximum(part / width, lowest), edges, color=_COLOURS[at % len(_COLOURS)],
                linewidth=1.0, linestyle="--", baseline=lowest, label=visible(name),
            )
        )  # fmt: skip
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.yaxis.set_minor_formatter(lambda value, _: "")
    axes.set_ylim(lowest, max(2 * float((counts / width).max()), 10 * lowest))
    axes.set_xlim(float(edges[0]), float(edges[-1]))
    axes.set_ylabel("Counts by keV")
    sources = whole - parts[0][1]
    sigma = np.sqrt(np.maximum(whole, 1.0) + (model_error * sources) ** 2)
    below.stairs((counts - whole) / sigma, edges, color=palette.BLUE, linewidth=0.9, baseline=0)
    below.axhline(0, color=palette.MUTED, linewidth=0.8)
    below.set_xlabel("Energy, keV")
    below.set_ylabel("Left over, sigmas")
    finish(figure, axes, order=drawn)
