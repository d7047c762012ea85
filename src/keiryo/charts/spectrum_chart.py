"""The picture of a gamma spectrum: counts in each bin on a logarithmic scale, with a background.

Many channels are drawn as fewer bins of equal numbers of channels, so a picture stays small; the
axis says how many channels a bin has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from keiryo.charts import palette
from keiryo.charts.drawing import begin, finish, visible
from keiryo.charts.model import Chart

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_BINS = 2048


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """One spectrum of a picture.

    Attributes
    ----------
    name : str
    edges : ndarray, shape (channels + 1,)
        In keV, or channels where there is no energy scale.
    counts : ndarray, shape (channels,)
    live_s : float or None
    """

    name: str
    edges: Any
    counts: Any
    live_s: float | None


def spectrum_chart(trace: Trace, background: Trace | None, *, energies: bool, title: str) -> Chart:
    """Return the picture of a spectrum.

    Parameters
    ----------
    trace : Trace
    background : Trace, optional
        Drawn scaled to the live time of the spectrum, where both have one.
    energies : bool
        Edges are in keV, not channels.
    title : str
    """
    axis = "energies in keV" if energies else "channels: the file states no energy scale"
    words = f"{visible(trace.name)}: {trace.counts.sum():.10g} counts over {axis}."
    if background is not None:
        words += f" Background scaled to its live time: {visible(background.name)}."
    return Chart(
        visible(title), words, 4.0, lambda figure: _draw(figure, trace, background, energies, title)
    )


def _binned(trace: Trace) -> tuple[Any, Any, int]:
    """Return edges and counts of bins, and how many channels one has."""
    each = -(-len(trace.counts) // MOST_BINS)
    starts = np.arange(0, len(trace.counts), each)
    return (
        np.append(np.asarray(trace.edges)[starts], trace.edges[-1]),
        np.add.reduceat(np.asarray(trace.counts, dtype=np.float64), starts),
        each,
    )


def _draw(
    figure: Figure, trace: Trace, background: Trace | None, energies: bool, title: str
) -> None:
    axes = begin(figure, visible(title))
    handles: list[Any] = []
    edges, counts, each = _binned(trace)
    lowest = 0.5
    handles.append(
        axes.stairs(
            np.maximum(counts, lowest), edges, color=palette.BLUE, linewidth=0.8, baseline=lowest,
            label=visible(trace.name),
        )
    )  # fmt: skip
    if background is not None:
        scale = (trace.live_s or 0) / background.live_s if background.live_s else 1.0
        known = bool(trace.live_s and background.live_s)
        lower, values, _ = _binned(background)
        name = f"{background.name}{'' if known else ' (not scaled)'}"
        handles.append(
            axes.stairs(
                np.maximum(values * (scale if known else 1.0), lowest), lower, baseline=lowest,
                color=palette.ORANGE, linewidth=0.8, label=visible(name),
            )
        )  # fmt: skip
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.yaxis.set_minor_formatter(lambda value, _: "")
    axes.set_ylim(lowest, max(10.0, float(counts.max()) * 2))
    axes.set_xlim(float(edges[0]), float(edges[-1]))
    axes.set_xlabel("Energy, keV" if energies else "Channel (no energy scale)")
    axes.set_ylabel("Counts in a channel" if each == 1 else f"Counts in {each} channels")
    finish(figure, axes, order=handles)
