"""SVG as text, safe by construction: everything is escaped, numbers are rounded, bytes repeat.

There is no way to write a style, an id, a script or an event handler: the pages forbid inline
styles and scripts (Content-Security-Policy), and ids of two pictures on a page would clash.

References
----------
SVG 2 (W3C), chapters 5 and 9; XML 1.0, section 2.2 (characters that may stand in a document);
SVG Accessibility API Mappings (W3C) for titles, descriptions and roles.
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from keiryo.charts.drawing import visible

_NAME = re.compile(r"[a-z][A-Za-z0-9]*(-[a-z]+)*")
_FORBIDDEN = frozenset({"style", "id", "script", "foreignObject", "image", "use", "set"})
_ADDRESS = re.compile(r"(/(?![/\\])|\?|#)[^\s\x00-\x1f\x7f\\]*|/")
TITLE_CHARACTERS = 400

Value = str | int | float | None


@dataclass(frozen=True, slots=True)
class Drawn:
    """A piece of SVG that is safe as it stands; made by the functions of this module only."""

    text: str


def number(value: float) -> str:
    """Return a coordinate with at most two decimals, always written alike.

    Raises
    ------
    ValueError
        If it is no finite number.

    Examples
    --------
    >>> number(12.0), number(-0.001), number(3.14159)
    ('12', '0', '3.14')
    """
    if not math.isfinite(value):
        raise ValueError(f"{value} is no place in a picture")
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def element(name: str, *children: Drawn | str, **attributes: Value) -> Drawn:
    """Return an element.

    Parameters
    ----------
    name : str
    children : Drawn or str
        A string is text and is escaped.
    attributes : str, number or None
        Underscores become hyphens and one at the end is dropped (``class_``); None is left out.

    Raises
    ------
    ValueError
        If a name is none, or one that a picture must not have.
    """
    _permitted(name)
    parts = [name]
    for key, value in attributes.items():
        if value is None:
            continue
        attribute = "viewBox" if key == "viewBox" else key.rstrip("_").replace("_", "-")
        _permitted(attribute)
        shown = value if isinstance(value, str) else number(value)
        parts.append(f"{attribute}={quoteattr(_clean(shown))}")
    inside = "".join(c.text if isinstance(c, Drawn) else escape(_clean(c)) for c in children)
    opening = " ".join(parts)
    return Drawn(f"<{opening}>{inside}</{name}>" if inside else f"<{opening}/>")


def _permitted(name: str) -> None:
    if not _NAME.fullmatch(name) or name in _FORBIDDEN or name.lower().startswith("on"):
        raise ValueError(f"a picture must not have {name!r}")


def _clean(text: str) -> str:
    """Replace what may not stand in XML, and what would turn the text around it."""
    return visible(text, len(text) * 6 + 1) if _is_odd(text) else text


def _is_odd(text: str) -> bool:
    return any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Cn", "Zl", "Zp") for c in text)


def joined(*pieces: Drawn) -> Drawn:
    """Return pieces one after the other."""
    return Drawn("".join(piece.text for piece in pieces))


def group(class_: str, *pieces: Drawn, title: str | None = None) -> Drawn:
    """Return pieces that belong together, with a title that is shown when one points at them."""
    heading = () if title is None else (element("title", shortened(title, TITLE_CHARACTERS)),)
    return element("g", *heading, *pieces, class_=class_)


def words(x: float, y: float, text: str, class_: str, *, anchor: str | None = None) -> Drawn:
    """Return text at a place; `anchor` is ``"middle"`` or ``"end"``."""
    return element("text", text, x=x, y=y, class_=class_, text_anchor=anchor)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Drawn:
    """Return a straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def box(
    x: float, y: float, width: float, height: float, class_: str, *, radius: float | None = None
) -> Drawn:
    """Return a rectangle."""
    return element("rect", x=x, y=y, width=width, height=height, rx=radius, class_=class_)


def path(class_: str, *steps: str | float) -> Drawn:
    """Return a path from letters and numbers, e.g. ``path("pic-edge", "M", 0, 0, "H", 9)``."""
    written = [step if isinstance(step, str) else number(step) for step in steps]
    return element("path", d=" ".join(written), class_=class_)


def linked(address: str | None, *pieces: Drawn, name: str | None = None) -> Drawn:
    """Return pieces that lead to a page of this server; without a link if `address` is none.

    Parameters
    ----------
    address : str or None
        Path, query or fragment; an address of elsewhere is not followed.
    name : str, optional
        What the link is called for those who do not see it.
    """
    if address is None or not _ADDRESS.fullmatch(address):
        return joined(*pieces)
    label = None if name is None else shortened(name, TITLE_CHARACTERS)
    return element("a", *pieces, href=address, aria_label=label, class_="pic-link")


def picture(
    width: float,
    height: float,
    *pieces: Drawn,
    title: str,
    description: str,
    class_: str,
    with_links: bool = False,
    fixed: bool = False,
) -> str:
    """Return a whole picture as SVG text.

    Parameters
    ----------
    width, height : float
        Size in CSS pixels.
    title, description : str
        What it is, and what it says: for those who do not see it.
    with_links : bool
        Its role is then ``group``: what has the role ``img`` must hold nothing to press.
    fixed : bool
        Whether it keeps its size (and is scrolled) instead of taking the width of the page.
    """
    size = {"width": width, "height": height} if fixed else {}
    return element(
        "svg",
        element("title", shortened(title, TITLE_CHARACTERS)),
        element("desc", shortened(description, 4 * TITLE_CHARACTERS)),
        *pieces,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {number(width)} {number(height)}",
        class_=f"pic {class_}",
        role="group" if with_links else "img",
        **size,
    ).text


def shortened(text: str, most: int) -> str:
    """Return a text on one line, invisible characters written out, not longer than `most`."""
    return visible(text, most)


def width_of(text: str, size: float = 12.0) -> float:
    """Return about how wide a text is in pixels, on the safe side; East Asian letters count full.

    Parameters
    ----------
    text : str
    size : float
        Size of the letters in pixels.
    """
    wide = sum(1 for c in text if unicodedata.east_asian_width(c) in ("W", "F"))
    narrow = sum(1 for c in text if c in "il.,:;'|!() fjtr1-/")
    return size * (wide * 1.02 + narrow * 0.40 + (len(text) - wide - narrow) * 0.63)


def fitted(text: str, width: float, size: float = 12.0) -> str:
    """Return a text that fits into a width, cut with an ellipsis where it does not."""
    clean = visible(text, 300)
    if width_of(clean, size) <= width:
        return clean
    while clean and width_of(clean + "…", size) > width:
        clean = clean[:-1]
    return clean + "…"
