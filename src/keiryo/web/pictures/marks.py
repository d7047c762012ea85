"""Symbols of events and duties: each is told from the others by its shape."""

from __future__ import annotations

from keiryo.web.pictures.svg import Drawn, box, element, joined, path


def symbol(shape: str, x: float, y: float, size: float = 6.0) -> Drawn:
    """Return a symbol around a place.

    Parameters
    ----------
    shape : str
        up, down, diamond, cross, square, bolt, tick, exclamation; anything else is a ring.
    x, y : float
    size : float
        Half its width.
    """
    s = size
    if shape in _OUTLINES:
        steps: list[str | float] = []
        for n, (across, down) in enumerate(_OUTLINES[shape]):
            steps += [("M", "L")[n > 0], x + across * s, y + down * s]
        return path("pic-symbol", *steps, "Z")
    ring = element("circle", cx=x, cy=y, r=s, class_="pic-symbol")
    strokes: list[str | float]
    if shape == "cross":
        h = s / 2
        strokes = ["M", x - h, y - h, "L", x + h, y + h, "M", x - h, y + h, "L", x + h, y - h]
        return joined(ring, path("pic-symbol", *strokes))
    if shape == "tick":
        strokes = ["M", x - s * 0.5, y, "L", x - s * 0.1, y + s * 0.45, x + s * 0.5, y - s * 0.4]
        return joined(ring, path("pic-tick-out", *strokes))
    if shape == "exclamation":
        strokes = ["M", x, y - s * 0.6, "V", y + s * 0.2, "M", x, y + s * 0.45, "V", y + s * 0.7]
        square = box(x - s, y - s, 2 * s, 2 * s, "pic-symbol", radius=2)
        return joined(square, path("pic-tick-in", *strokes))
    return ring


_OUTLINES: dict[str, tuple[tuple[float, float], ...]] = {
    "up": ((0, -1), (1, 0.8), (-1, 0.8)),
    "down": ((0, 1), (1, -0.8), (-1, -0.8)),
    "diamond": ((0, -1), (1, 0), (0, 1), (-1, 0)),
    "square": ((-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85)),
    "bolt": ((0.3, -1), (-0.7, 0.2), (0, 0.2), (-0.3, 1), (0.7, -0.2), (0, -0.2)),
}

SHAPE_OF_EVENT = {
    "increase": "up",
    "decrease": "down",
    "loss": "cross",
    "rebatching": "diamond",
    "category_change": "bolt",
    "taking": "square",
    "measurement": "ring",
    "adjustment": "ring",
}
"""Symbol of an event in the life of a batch, by its kind."""

CLASS_OF_EVENT = {
    "increase": "pic-plus",
    "decrease": "pic-minus",
    "loss": "pic-minus",
    "rebatching": "pic-rebatching",
    "category_change": "pic-category",
    "taking": "pic-pit",
    "measurement": "pic-measured",
    "adjustment": "pic-adjustment",
}
"""Class of an event, for its colour."""
