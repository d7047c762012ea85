"""From a chart to a file: figures with fixed settings, and SVG that is safe to put into a page.

The drawing library writes styles as ``style`` attributes and ids that repeat from chart to chart.
Here they become presentation attributes and ids with a prefix: so a page may forbid every style
but its own, show several charts, and still change their colours on a dark screen.
"""

from __future__ import annotations

import io
import re
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast
from xml.etree import ElementTree

from keiryo.charts import palette

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SVG, _LINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_FAMILY = "'DejaVu Sans', Verdana, Arial, sans-serif"
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"
    "\ud800-\udfff\ufffe\uffff]"
)
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_LOCK = threading.RLock()
WIDTH_IN = 7.5
_MARGIN_IN, _TITLE_IN = 0.08, 0.34
MOST_CHARACTERS = 44

_SETTINGS: dict[str, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 9.0,
    "text.parse_math": False,  # a name such as "$x" is a name
    "text.color": palette.INK,
    "svg.fonttype": "none",
    "svg.hashsalt": "keiryo",
    "svg.image_inline": True,
    "figure.facecolor": palette.PAPER,
    "axes.facecolor": palette.PAPER,
    "axes.edgecolor": palette.MUTED,
    "axes.labelcolor": palette.INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": palette.GRID,
    "grid.linewidth": 0.7,
    "xtick.color": palette.MUTED,
    "ytick.color": palette.MUTED,
    "xtick.labelcolor": palette.INK,
    "ytick.labelcolor": palette.INK,
    "hatch.linewidth": 0.5,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "axes.formatter.limits": [-4, 6],
}


def visible(text: object, most: int = MOST_CHARACTERS) -> str:
    """Return a text for a chart: on one line, invisible characters written out, not too long."""
    line = " ".join(str(text).split())
    line = _HIDDEN.sub(lambda match: f"\\u{ord(match[0]):04x}", line)
    return line if len(line) <= most else line[: most - 1] + "…"


@contextmanager
def _settings() -> Iterator[None]:
    """Draw with our settings only, whatever the user's are; one thread at a time."""
    import matplotlib as mpl

    with _LOCK, mpl.rc_context(), warnings.catch_warnings():
        # A name in a script that the typeface lacks: the SVG shows it with another one.
        warnings.filterwarnings("ignore", message="Glyph .* missing", category=UserWarning)
        warnings.filterwarnings("ignore", message="Matplotlib currently does not support")
        mpl.rcdefaults()
        cast(Any, mpl.rcParams).update(_SETTINGS)
        yield


Draw = Callable[["Figure"], None]


def drawn(draw: Draw, height_in: float) -> Figure:
    """Return the figure of a chart, as it is drawn."""
    from matplotlib.figure import Figure

    with _settings():
        figure = Figure(figsize=(WIDTH_IN, height_in))
        draw(figure)
    return figure


def png_bytes(draw: Draw, height_in: float, dpi: int) -> bytes:
    """Return a chart as PNG without time stamp or name of a program."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    with _settings():
        figure = drawn(draw, height_in)
        out = io.BytesIO()
        FigureCanvasAgg(figure)
        figure.savefig(out, format="png", dpi=dpi, metadata={"Software": None})
    return out.getvalue()


def svg_text(draw: Draw, height_in: float, title: str, description: str, identifier: str) -> str:
    """Return a chart as SVG with title and description, safe to put into a page."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    with _settings():
        figure = drawn(draw, height_in)
        out = io.StringIO()
        cast(Any, FigureCanvasSVG(figure)).print_svg(out, metadata={"Date": None})
    root = _cleaned(out.getvalue(), identifier)
    root.set("stroke-linejoin", "round")
    root.set("role", "img")
    root.set("aria-labelledby", f"{identifier}-title")
    root.set("aria-describedby", f"{identifier}-description")
    for place, (tag, name, words) in enumerate(
        (("title", "title", title), ("desc", "description", description))
    ):
        element = ElementTree.Element(f"{{{_SVG}}}{tag}")
        element.text = visible(words, 10_000)
        element.set("id", f"{identifier}-{name}")
        root.insert(place, element)
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", _LINK)
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _cleaned(text: str, identifier: str) -> ElementTree.Element:
    """Return the drawing without notes about itself, style sheets and ids that nobody uses."""
    root = ElementTree.fromstring(text)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in {f"{{{_SVG}}}metadata", f"{{{_SVG}}}style"}:
                parent.remove(child)
    names = _referenced(root, identifier)
    for element in root.iter():
        _plain_style(element)
        own = element.attrib.pop("id", None)
        if own in names:
            element.set("id", names[own])
        for key, value in element.attrib.items():
            if key.endswith("href") and value.startswith("#"):
                element.set(key, "#" + names[value[1:]])
            elif key != "id":
                element.set(key, _REFERENCE.sub(lambda m: f"url(#{names[m[1]]})", value))
    return root


def _referenced(root: ElementTree.Element, identifier: str) -> dict[str, str]:
    """Return a new id for each id that something refers to."""
    used: dict[str, str] = {}
    for element in root.iter():
        for key, value in element.attrib.items():
            if key.endswith("href") and value.startswith("#"):
                used.setdefault(value[1:], "")
            for match in _REFERENCE.finditer(value):
                used.setdefault(match[1], "")
    return {name: f"{identifier}-{number}" for number, name in enumerate(used)}


def _plain_style(element: ElementTree.Element) -> None:
    """Write the ``style`` of an element as presentation attributes."""
    for entry in element.attrib.pop("style", "").split(";"):
        name, _, value = (part.strip() for part in entry.partition(":"))
        if not name:
            continue
        if name == "font-family":
            value = _FAMILY
        element.set(name, value)


# --- what all charts have in common --------------------------------------------------------------


def begin(figure: Figure, title: str) -> Axes:
    """Write the title and return axes for the chart below it."""
    top = 1 - _MARGIN_IN / figure.get_figheight()
    figure.text(
        0.11 / WIDTH_IN, top, visible(title, 84), va="top", ha="left", weight="bold", fontsize=11
    )
    return figure.add_subplot()


def finish(figure: Figure, axes: Axes, *, order: Sequence[Artist] | None = None) -> None:
    """Write the legend under the title, in as few rows as fit, and lay out the rest below it."""
    handles, labels = axes.get_legend_handles_labels()
    if order is not None:
        handles = [h for h in order if h is not None]
        labels = [str(h.get_label()) for h in handles]
    used = _MARGIN_IN + _TITLE_IN
    height = figure.get_figheight()
    if handles:
        for columns in range(min(len(handles), 5), 0, -1):
            legend = figure.legend(
                handles, labels, loc="upper left", ncols=columns, borderaxespad=0, borderpad=0,
                bbox_to_anchor=(0.13 / WIDTH_IN, 1 - used / height), columnspacing=1.6,
                handlelength=2.4,
            )  # fmt: skip
            extent = legend.get_window_extent(_renderer(figure))
            if extent.width <= (WIDTH_IN - 0.3) * figure.dpi or columns == 1:
                break
            legend.remove()
        used += extent.height / figure.dpi + 0.08
    figure.set_layout_engine(
        "constrained", rect=(0, 0, 1, 1 - used / height), h_pad=0.06, w_pad=0.08
    )


def _renderer(figure: Figure) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    return cast(Any, FigureCanvasAgg(figure)).get_renderer()


def number(value: float, digits: int = 4) -> str:
    """Return a number for a sentence or label: `digits` significant digits, a true minus sign."""
    if value != value or value in (float("inf"), float("-inf")):
        return "–"
    text = f"{value:.{digits}g}"
    if "e" in text:
        mantissa, _, power = text.partition("e")
        text = f"{mantissa}e{int(power)}" if not -5 < int(power) < 9 else f"{value:.0f}"
    return text.replace("-", "−")
