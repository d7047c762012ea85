"""Traces of occupancies of a radiation portal: counts, background, threshold, and alarms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from keiryo.charts import palette
from keiryo.charts.drawing import begin, visible
from keiryo.charts.model import Chart, nothing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_SHOWN = 12
"""Occupancies of one picture; one of many is chosen by its place in the file."""
_HEIGHT_IN = 1.75


def occupancy_traces(traces: Sequence[Mapping[str, Any]], name: str = "") -> Chart:
    """Return the picture of occupancies, gamma on the left and neutrons on the right.

    Parameters
    ----------
    traces : sequence of mapping
        By occupancy: ``title``, ``gamma`` (counts a window of all panels that count), ``time_s``,
        ``background`` and ``threshold`` in the same counts (None: not evaluated), ``replayed`` and
        ``flagged`` (by window: alarm of the replay, of the instrument), ``group`` (the sums that
        are compared), ``neutron``, ``neutron_limit``, ``told``.
    name : str
        Of the file.
    """
    title = f"Occupancies of {name}" if name else "Occupancies"
    if not traces:
        return nothing(title, "The file has no occupancy.")
    shown = traces[:MOST_SHOWN]

    def draw(figure: Figure) -> None:
        begin(figure, title).remove()
        panels = figure.subplots(len(shown), 2, squeeze=False, width_ratios=(3, 1))
        for row, one in zip(panels, shown, strict=True):
            _gamma(row[0], one)
            _neutron(row[1], one)
        panels[-1][0].set_xlabel("seconds by the order of the records", fontsize=8)
        panels[-1][1].set_xlabel("seconds", fontsize=8)
        figure.tight_layout(rect=(0, 0, 1, 1 - 0.45 / figure.get_figheight()))

    described = " ".join(str(one["told"]) for one in shown)
    if len(traces) > len(shown):
        described += f" {len(traces) - len(shown)} more are not drawn."
    return Chart(title, described, 0.6 + _HEIGHT_IN * len(shown), draw)


def _gamma(axes: Axes, one: Mapping[str, Any]) -> None:
    axes.set_title(visible(str(one["title"]), 80), fontsize=8, loc="left")
    times, counts = one["time_s"], one["gamma"]
    if not len(counts):
        axes.text(0.5, 0.5, "not evaluated", ha="center", transform=axes.transAxes)
        return
    axes.plot(times, counts, color=palette.BLUE, linewidth=1.1, label="sum of a window")
    if one["background"] is not None:
        axes.axhline(one["background"], color=palette.MUTED, linewidth=0.8, label="background")
        axes.axhline(
            one["threshold"], color=palette.VERMILION, linewidth=0.9, linestyle=(0, (6, 2)),
            label="threshold",
        )  # fmt: skip
    _marks(axes, times, counts, one["replayed"], palette.VERMILION, "s", "alarm, replayed")
    _marks(axes, times, counts, one["flagged"], palette.INK, "x", "alarm, instrument")
    axes.set_ylabel("gamma", fontsize=8)
    axes.legend(fontsize=5.5, loc="upper left", frameon=False)
    axes.tick_params(labelsize=7)


def _marks(
    axes: Axes, times: Any, counts: Any, where: Any, color: str, marker: str, label: str
) -> None:
    if where.any():
        axes.plot(
            times[where], counts[where], marker, color=color, markersize=3.2, label=label,
            markerfacecolor="none", markeredgewidth=0.8, linestyle="",
        )  # fmt: skip


def _neutron(axes: Axes, one: Mapping[str, Any]) -> None:
    counts = one["neutron"]
    axes.tick_params(labelsize=7)
    axes.set_ylabel("neutrons", fontsize=8)
    if not len(counts):
        axes.text(0.5, 0.5, "none recorded", ha="center", fontsize=7, transform=axes.transAxes)
        return
    axes.step(range(1, len(counts) + 1), counts, where="mid", color=palette.GREEN, linewidth=1.1)
    if one["neutron_limit"] is not None:
        axes.axhline(
            one["neutron_limit"], color=palette.VERMILION, linewidth=0.9, linestyle=(0, (6, 2))
        )
        over = [n for n, c in enumerate(counts) if c >= one["neutron_limit"]]
        if over:
            axes.plot([n + 1 for n in over], [counts[n] for n in over], "s", markersize=3.2,
                      color=palette.VERMILION)  # fmt: skip
    axes.set_ylim(bottom=0)
