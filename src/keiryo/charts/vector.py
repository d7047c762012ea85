"""Drawings written as SVG directly: boxes, lines and words at places, safe to put into a page.

A drawing may be as wide as it needs to be, and its words may be in any script. It takes its
colours from `keiryo.charts.palette` as attributes, so that a dark page can replace them; it has no
script, no style, no link, and no ids but those of its title and description.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from keiryo.charts import palette
from keiryo.charts.drawing import visible

FAMILY = "'DejaVu Sans', Verdana, Arial, sans-serif"
SIZE = 11.0
_NAMESPACE = "http://www.w3.org/2000/svg"
_COLOURS = " ".join(
    f'[fill="{light}"] {{ fill: {dark}; }} [stroke="{light}"] {{ stroke: {dark}; }}'
    for light, dark in palette.DARK.items()
)
_DARK = f"@media screen and (prefers-color-scheme: dark) {{ {_COLOURS} }}"


@dataclass(frozen=True, slots=True, eq=False)
class Vector:
    """One drawing, ready to be written as SVG.

    Attributes
    ----------
    title : str
    description : str
        What the drawing shows, in plain sentences, for readers who cannot see it.
    width, height : float
        In CSS pixels.
    draw : callable
        Puts the drawing on a `Sheet`.
    """

    title: str
    description: str
    width: float
    height: float
    draw: Callable[[Sheet], None] = field(repr=False)

    def svg(self, identifier: str = "chart", *, alone: bool = False) -> str:
        """Return the drawing as SVG.

        Parameters
        ----------
        identifier : str
            What the ids inside begin with; drawings of one page need different ones.
        alone : bool
            For a file of its own, which takes dark colours by itself; a page forbids styles but
            its own and does that for all its drawings.
        """
        size = {"width": place(self.width), "height": place(self.height)}
        root = Element("svg", {"xmlns": _NAMESPACE, **size})
        root.set("viewBox", f"0 0 {size['width']} {size['height']}")
        root.set("role", "img")
        root.set("aria-labelledby", f"{identifier}-title")
        root.set("aria-describedby", f"{identifier}-description")
        root.set("font-family", FAMILY)
        for tag, name, text in (
            ("title", "title", self.title),
            ("desc", "description", self.description),
        ):
            ElementTree.SubElement(root, tag, id=f"{identifier}-{name}").text = visible(text, 9_999)
        if alone:
            ElementTree.SubElement(root, "style").text = _DARK
        sheet = Sheet(root)
        sheet.box(0, 0, self.width, self.height, fill=palette.PAPER)
        self.draw(sheet)
        return ElementTree.tostring(root, encoding="unicode") + "\n"


@dataclass(frozen=True, slots=True)
class Sheet:
    """Where a drawing is put: every method adds one thing on top of what is there."""

    root: Element

    def group(self, title: str = "") -> Sheet:
        """Return a sheet for what belongs together; the title is shown when one points at it."""
        group = ElementTree.SubElement(self.root, "g")
        if title:
            ElementTree.SubElement(group, "title").text = visible(title, 400)
        return Sheet(group)

    def moved(self, x: float, y: float) -> Sheet:
        """Return a sheet whose places are moved to the right and down."""
        moved = f"translate({place(x)} {place(y)})"
        return Sheet(ElementTree.SubElement(self.root, "g", transform=moved))

    def box(
        self, x: float, y: float, width: float, height: float, *, fill: str = "none",
        stroke: str = "none", line: float = 1.0, radius: float = 0.0, dash: str = "",
    ) -> None:  # fmt: skip
        """Add a rectangle."""
        found = self._add("rect", x=x, y=y, width=width, height=height)
        if radius:
            found.set("rx", place(radius))
        _paint(found, fill, stroke, line, dash)

    def line(
        self, x1: float, y1: float, x2: float, y2: float, *, stroke: str = palette.MUTED,
        line: float = 1.0, dash: str = "",
    ) -> None:  # fmt: skip
        """Add a straight line."""
        _paint(self._add("line", x1=x1, y1=y1, x2=x2, y2=y2), "none", stroke, line, dash)

    def path(
        self, steps: str, *, stroke: str = "none", line: float = 1.0, dash: str = "",
        fill: str = "none",
    ) -> None:  # fmt: skip
        """Add a path, given as SVG path data."""
        found = ElementTree.SubElement(self.root, "path", d=steps)
        _paint(found, fill, stroke, line, dash)

    def circle(
        self, x: float, y: float, radius: float, *, fill: str, stroke: str = "none",
        line: float = 1.0,
    ) -> None:  # fmt: skip
        """Add a circle."""
        _paint(self._add("circle", cx=x, cy=y, r=radius), fill, stroke, line, "")

    def words(
        self, x: float, y: float, text: str, *, size: float = SIZE, anchor: str = "start",
        fill: str = palette.INK, bold: bool = False,
    ) -> None:  # fmt: skip
        """Add words on one line; `y` is where their line stands."""
        found = self._add("text", x=x, y=y)
        found.set("font-size", place(size))
        found.set("fill", fill)
        if anchor != "start":
            found.set("text-anchor", anchor)
        if bold:
            found.set("font-weight", "bold")
        found.text = visible(text, 400)

    def _add(self, tag: str, **at: float) -> Element:
        return ElementTree.SubElement(self.root, tag, {key: place(one) for key, one in at.items()})


def _paint(element: Element, fill: str, stroke: str, line: float, dash: str) -> None:
    element.set("fill", fill)
    if stroke != "none":
        element.set("stroke", stroke)
        element.set("stroke-width", place(line))
        element.set("stroke-linejoin", "round")
        if dash:
            element.set("stroke-dasharray", dash)


def place(value: float) -> str:
    """Return a coordinate with at most two decimals, always written alike.

    Examples
    --------
    >>> place(12.0), place(-0.001), place(3.14159)
    ('12', '0', '3.14')
    """
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def polygon(*points: tuple[float, float]) -> str:
    """Return the path data of a closed figure with these corners."""
    corners = " L".join(f"{place(x)} {place(y)}" for x, y in points)
    return f"M{corners} Z"


def diamond(x: float, y: float, half: float) -> str:
    """Return the path data of a square on its tip."""
    return polygon((x, y - half), (x + half, y), (x, y + half), (x - half, y))


def width_of(text: str, size: float = SIZE, *, bold: bool = False) -> float:
    """Return about how wide a text is, on the safe side; East Asian letters count full."""
    wide = sum(1 for c in text if unicodedata.east_asian_width(c) in ("W", "F"))
    narrow = sum(1 for c in text if c in "il.,:;'|!() fjtr-/")
    broad = sum(1 for c in text if c in "MWmw%@&#—…±+=−<>~^")
    capital = sum(1 for c in text if "A" <= c <= "Z" and c not in "MW")
    other = len(text) - wide - narrow - broad - capital
    plain = wide * 1.02 + broad * 1.01 + capital * 0.79 + other * 0.652 + narrow * 0.45
    return size * plain * (1.1 if bold else 1.0)


def fitted(text: str, width: float, size: float = SIZE, *, bold: bool = False) -> str:
    """Return a text that fits into a width, cut with an ellipsis where it does not."""
    clean = visible(text, 300)
    if width_of(clean, size, bold=bold) <= width:
        return clean
    while clean and width_of(clean + "…", size, bold=bold) > width:
        clean = clean[:-1]
    return clean + "…"


def wrapped(text: str, width: float, size: float = SIZE) -> list[str]:
    """Return the lines of a text; a script without spaces is broken between any two letters."""
    lines, line = [], ""
    for word in _pieces(visible(text, 2_000)):
        if line and width_of(line + word.rstrip(), size) > width:
            lines.append(line.rstrip())
            line = ""
        line += word if line else word.lstrip()
    return [*lines, line.rstrip()] if line.strip() else lines


def _pieces(text: str) -> Sequence[str]:
    pieces = [""]
    for letter in text:
        if unicodedata.east_asian_width(letter) in ("W", "F") and letter not in "、。）」":
            pieces.append("")
        pieces[-1] += letter
        if letter == " ":
            pieces.append("")
    return pieces


def round_step(span: float, most: int) -> float:
    """Return the least step of 1, 2 or 5 times a power of ten with which a span has few ticks."""
    if span <= 0:
        return 1.0
    power = 10.0**-(12)
    while True:
        for factor in (1, 2, 5):
            if span / (factor * power) <= most:
                return factor * power
        power *= 10
