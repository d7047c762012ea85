"""Small shapes that tell the kinds of nodes apart without colour."""

from __future__ import annotations

from keiryo.web.pictures.svg import Drawn, element, group, path


def _rows(x: float, y: float) -> Drawn:
    return path("pic-icon", "M", x, y + 3, "H", x + 14, "M", x, y + 8, "H", x + 14,
                "M", x, y + 13, "H", x + 9)  # fmt: skip


def _page(x: float, y: float) -> Drawn:
    return path("pic-icon", "M", x + 1, y, "H", x + 9, "L", x + 13, y + 4, "V", y + 16, "H", x + 1,
                "Z", "M", x + 9, y, "V", y + 4, "H", x + 13,
                "M", x + 4, y + 8, "H", x + 10, "M", x + 4, y + 12, "H", x + 10)  # fmt: skip


def _seal(x: float, y: float) -> Drawn:
    return path("pic-icon", "M", x + 7, y, "L", x + 14, y + 4, "V", y + 12, "L", x + 7, y + 16,
                x, y + 12, "V", y + 4, "Z",
                "M", x + 4, y + 8, "L", x + 6.5, y + 10.5, x + 10.5, y + 5.5)  # fmt: skip


def _cylinder(x: float, y: float) -> Drawn:
    return path("pic-icon", "M", x + 1, y + 3, "V", y + 13, "C", x + 1, y + 17, x + 13, y + 17,
                x + 13, y + 13, "V", y + 3, "C", x + 13, y - 1, x + 1, y - 1, x + 1, y + 3,
                "C", x + 1, y + 7, x + 13, y + 7, x + 13, y + 3)  # fmt: skip


def _sigma(x: float, y: float) -> Drawn:
    return path("pic-icon", "M", x + 12, y + 4, "V", y + 1, "H", x + 2, "L", x + 8, y + 8,
                x + 2, y + 15, "H", x + 12, "V", y + 12)  # fmt: skip


def _clip(x: float, y: float) -> Drawn:
    return path("pic-icon", "M", x + 11, y + 4, "V", y + 11, "C", x + 11, y + 17, x + 3, y + 17,
                x + 3, y + 11, "V", y + 4, "C", x + 3, y, x + 9, y, x + 9, y + 4, "V", y + 11,
                "C", x + 9, y + 13.5, x + 5.5, y + 13.5, x + 5.5, y + 11, "V", y + 5)  # fmt: skip


def _scales(x: float, y: float) -> Drawn:
    return path("pic-icon", "M", x + 7, y + 1, "V", y + 15, "M", x + 3, y + 15, "H", x + 11,
                "M", x + 1, y + 4, "H", x + 13, "M", x + 1, y + 4, "L", x - 1, y + 9, "H", x + 4,
                "Z", "M", x + 13, y + 4, "L", x + 10.5, y + 9, "H", x + 15.5, "Z")  # fmt: skip


def _target(x: float, y: float) -> Drawn:
    outer = element("circle", cx=x + 7, cy=y + 8, r=6.5, class_="pic-icon")
    inner = element("circle", cx=x + 7, cy=y + 8, r=2, class_="pic-icon-full")
    return group("pic-source", outer, inner)


def _several(x: float, y: float) -> Drawn:
    return path("pic-icon", "M", x, y + 5, "H", x + 10, "V", y + 15, "H", x, "Z",
                "M", x + 3, y + 5, "V", y + 1, "H", x + 14, "V", y + 11, "H", x + 10)  # fmt: skip


def _dot(x: float, y: float) -> Drawn:
    return element("circle", cx=x + 7, cy=y + 8, r=4, class_="pic-icon")


_SHAPES = {
    "figure": _sigma,
    "line": _rows,
    "entry": _rows,
    "act": _seal,
    "report": _page,
    "batch": _cylinder,
    "evidence": _clip,
    "evaluation": _scales,
    "source": _target,
    "folded": _several,
}


def icon(kind: str, x: float, y: float) -> Drawn:
    """Return the shape of a kind, 14 wide and 16 high, with its left upper corner at a place."""
    return _SHAPES.get(kind, _dot)(x, y)
