"""Map of the venues of an event on the metres of their plan: no tiles, a scale bar, north up."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from keiryo.charts import palette
from keiryo.charts.drawing import begin, visible
from keiryo.charts.model import Chart, nothing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_CELLS = 20_000
_BAR: dict[str, Any] = {
    "color": palette.INK,
    "linewidth": 3,
    "clip_on": False,
    "solid_capstyle": "butt",  # the bar is as long as it says
}


def venue_map(
    title: str,
    *,
    outlines: Mapping[str, Sequence[tuple[float, float]]],
    posts: Mapping[str, tuple[float, float]],
    cells: Sequence[Mapping[str, Any]] = (),
    cell_m: float = 10.0,
    unit: str = "counts/s",
) -> Chart:
    """Return the map of a survey.

    Parameters
    ----------
    title : str
    outlines : mapping
        Corners in metres, by venue.
    posts : mapping
        Place in metres, by post.
    cells : sequence of mapping
        ``x`` and ``y`` of the lower left corner in metres, ``value`` in `unit`, ``marked``.
    cell_m : float
        Side of a cell.
    """
    if not (outlines or posts or cells):
        return nothing(title, "There is neither a venue nor a post nor a measurement.")
    if len(cells) > MOST_CELLS:
        return nothing(title, f"More than {MOST_CELLS} cells: choose larger ones.")

    def draw(figure: Figure) -> None:
        axes = begin(figure, title)
        axes.grid(visible=False)
        _cells(axes, cells, cell_m, unit)
        for name, corners in outlines.items():
            x, y = zip(*[*corners, corners[0]], strict=True)
            axes.plot(x, y, color=palette.INK, linewidth=1.2)
            axes.annotate(visible(name), (min(x), max(y)), (2, 3), textcoords="offset points")
        for name, place in posts.items():
            axes.plot(*place, marker="^", color=palette.INK, markersize=7, linestyle="none")
            axes.annotate(visible(name, 20), place, (6, 4), textcoords="offset points")
        axes.set_aspect("equal", adjustable="datalim")
        axes.set_axis_off()
        _scale_bar(axes)

    marked = sum(bool(one["marked"]) for one in cells)
    told = (
        f"{len(outlines)} venues, {len(posts)} posts, {len(cells)} cells of {cell_m:g} m, "
        f"{marked} of them marked."
    )
    return Chart(title, told, 5.2, draw)


def _cells(axes: Axes, cells: Sequence[Mapping[str, Any]], cell_m: float, unit: str) -> None:
    if not cells:
        return
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Rectangle

    squares = [Rectangle((one["x"], one["y"]), cell_m, cell_m) for one in cells]
    shown = PatchCollection(squares, cmap="YlGnBu", edgecolor="none", alpha=0.85)
    shown.set_array([float(one["value"]) for one in cells])
    axes.add_collection(shown)
    bar = axes.figure.colorbar(shown, ax=axes, shrink=0.7)
    bar.set_label(unit)
    for one in cells:
        if one["marked"]:
            corner = (one["x"], one["y"])
            axes.add_patch(
                Rectangle(corner, cell_m, cell_m, fill=False, edgecolor=palette.INK, hatch="////")
            )
    axes.autoscale_view()


def bar_length(width_m: float) -> float:
    """Return a round length of a scale bar: the longest of 1, 2, 5 x 10^n within a quarter.

    Examples
    --------
    >>> bar_length(120), bar_length(900)
    (20.0, 200.0)
    """
    if not (math.isfinite(width_m) and width_m > 0):
        return 1.0
    most = width_m / 4
    power = 10.0 ** math.floor(math.log10(most))
    return max(step * power for step in (1, 2, 5) if step * power <= most * (1 + 1e-12))


def _scale_bar(axes: Axes) -> None:
    axes.apply_aspect()
    left, right = axes.get_xlim()
    low, high = axes.get_ylim()
    length = bar_length(right - left)
    y = low - 0.04 * (high - low)
    axes.plot([left, left + length], [y, y], **_BAR)
    axes.text(left + length, y, f"  {length:g} m", va="center", clip_on=False)
    axes.text(right, y, "north ↑", va="center", ha="right", clip_on=False)
