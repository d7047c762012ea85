"""Zones of a view as a transparent drawing that lies over a picture of the camera.

The drawing is 1000 units wide and as high as the picture is for its width, so that it covers the
picture at any size. What a zone does is told by its edge and by its title, colours repeat it: full
for a zone that matters first, dashed for one that is ignored, double for a line of crossing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from keiryo.surveillance.zones import UNITS, Corner
from keiryo.web.pictures.svg import Drawn, element, number, words

WIDE = 1000
LOOKS = {"INTEREST": "zone-interest", "IGNORE": "zone-ignore", "TRIP": "zone-trip"}


@dataclass(frozen=True, slots=True)
class DrawnZone:
    """A zone as it is drawn.

    Attributes
    ----------
    row : int
        Its number in the table or form beside the picture.
    type : str
        ``INTEREST``, ``IGNORE`` or ``TRIP``.
    corners : tuple of (x, y)
        In ten-thousandths of width and height.
    told : str
        What it is, for who points at it or does not see it.
    """

    row: int
    type: str
    corners: tuple[Corner, ...]
    told: str


def zone_overlay(zones: Sequence[DrawnZone], ratio: float, *, title: str) -> str:
    """Return the drawing as SVG text.

    Parameters
    ----------
    zones : sequence of DrawnZone
    ratio : float
        Height of the picture over its width.
    title : str
        What is to be seen, in words.
    """
    high = max(1.0, WIDE * ratio)
    drawn = [_zone(one, high) for one in zones if one.corners]
    return element(
        "svg",
        element("title", title),
        *drawn,
        viewBox=f"0 0 {WIDE} {number(high)}",
        role="img",
        aria_label=title,
        class_="zone-overlay",
    ).text


def _zone(one: DrawnZone, high: float) -> Drawn:
    places = [(x * WIDE / UNITS, y * high / UNITS) for x, y in one.corners]
    points = " ".join(f"{number(x)},{number(y)}" for x, y in places)
    middle = [sum(axis) / len(places) for axis in zip(*places, strict=True)]
    edge = element("polygon", points=points, class_="zone-edge")
    inner = element("polygon", points=points, class_="zone-line")
    name = words(middle[0], middle[1], str(one.row), "zone-number", anchor="middle")
    look = LOOKS.get(one.type, "zone-interest")
    told = element("title", one.told)
    return element("g", told, edge, inner, name, class_=f"zone {look}", data_row=str(one.row))
