"""A chart: what it is called, what it shows in words, and how it is drawn.

A chart is made from plain arrays and drawn only when somebody asks for it. The same chart gives
the same bytes every time and on every machine: the typeface comes with the drawing library, no
settings of the user and no time stamp enter the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from keiryo.charts import palette
from keiryo.charts.drawing import Draw, begin, drawn, finish, png_bytes, svg_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True, eq=False)
class Chart:
    """One chart, ready to be written as SVG or PNG.

    Attributes
    ----------
    title : str
    description : str
        What the chart shows, in plain sentences, for readers who cannot see it.
    height_in : float
        Height in inches; all charts are equally wide.
    draw : callable
        Puts the chart on an empty figure.
    """

    title: str
    description: str
    height_in: float = field(repr=False)
    draw: Draw = field(repr=False)

    def figure(self) -> Figure:
        """Return the chart as a figure of the drawing library, to look at what stands where."""
        return drawn(self.draw, self.height_in)

    def svg(self, identifier: str = "chart") -> str:
        """Return the chart as SVG: text as text, without script, style sheet or outside link.

        Parameters
        ----------
        identifier : str
            What the ids inside begin with; charts of one page need different ones.
        """
        return svg_text(self.draw, self.height_in, self.title, self.description, identifier)

    def png(self, dpi: int = 150) -> bytes:
        """Return the chart as PNG, `dpi` dots per inch."""
        return png_bytes(self.draw, self.height_in, dpi)


def nothing(title: str, why: str) -> Chart:
    """Return a chart that says in words why there is nothing to show."""

    def draw(figure: Figure) -> None:
        axes = begin(figure, title)
        axes.set_axis_off()
        axes.text(
            0.5, 0.45, why, ha="center", va="center", color=palette.MUTED, transform=axes.transAxes
        )
        finish(figure, axes)

    return Chart(title, why, 1.4, draw)


def write_charts(
    charts: Mapping[str, Chart], folder: Path | str, formats: Iterable[str] = ("svg", "png")
) -> tuple[Path, ...]:
    """Write each chart to ``NAME.svg`` and ``NAME.png`` in a folder, which is made if need be.

    Returns
    -------
    tuple of Path
        The files written, in order.

    Raises
    ------
    ValueError
        If a format is neither ``"svg"`` nor ``"png"``, or a name would leave the folder.
    OSError
        If the folder cannot be written.
    """
    wanted = tuple(formats)
    if unknown := [name for name in wanted if name not in {"svg", "png"}]:
        raise ValueError(f"charts are written as svg or png, not as {unknown[0]}")
    top = Path(folder)
    if wrong := [n for n in charts if Path(n).name != n or not n.strip(".") or "\\" in n]:
        raise ValueError(f"{wrong[0]!r} cannot be the name of a file")
    top.mkdir(parents=True, exist_ok=True)
    written = []
    for name, chart in charts.items():
        for form in wanted:
            path = top / f"{name}.{form}"
            path.write_bytes(chart.svg(name).encode() if form == "svg" else chart.png())
            written.append(path)
    return tuple(written)
