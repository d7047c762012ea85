"""Places of an event: metres on the plan of a venue, degrees on Earth, outlines and tracks.

Degrees become metres east and north of the zero of a plan with the radii of curvature of WGS 84
there; over the few kilometres of a venue that is good to centimetres per hundred metres.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

_SEMI_MAJOR_M, _FLATTENING = 6378137.0, 1 / 298.257223563
MOST_CELLS = 1_000_000

XY = tuple[float, float]


def metres(latitude: float, longitude: float, zero: XY) -> XY:
    """Return metres east and north of the zero of a plan.

    Parameters
    ----------
    latitude, longitude : float
        In degrees.
    zero : (float, float)
        Latitude and longitude of the zero.

    Examples
    --------
    >>> x, y = metres(35.601, 139.7, (35.6, 139.7))
    >>> round(x, 3), round(y, 2)
    (0.0, 110.96)
    """
    eccentricity = _FLATTENING * (2 - _FLATTENING)
    phi = math.radians(zero[0])
    w = 1 - eccentricity * math.sin(phi) ** 2
    meridian = _SEMI_MAJOR_M * (1 - eccentricity) / w**1.5
    normal = _SEMI_MAJOR_M / math.sqrt(w)
    east = (longitude - zero[1] + 540) % 360 - 180
    north = math.radians(latitude - zero[0]) * meridian
    return math.radians(east) * normal * math.cos(phi), north


def on_earth(latitude: float, longitude: float) -> bool:
    """Return whether degrees are a place on Earth."""
    return abs(latitude) <= 90 and abs(longitude) <= 180


def outline(text: str | None) -> list[XY] | None:
    """Return the corners of an outline written ``0,0 120,0 120,80``; None if it is none.

    An outline has at least three corners and an area.
    """
    corners = []
    for one in (text or "").split():
        parts = one.split(",")
        try:
            x, y = (float(part) for part in parts)
        except ValueError:
            return None
        if not (abs(x) < 1e6 and abs(y) < 1e6):
            return None
        corners.append((x, y))
    return corners if len(corners) >= 3 and area(corners) > 0 else None


def area(corners: Sequence[XY]) -> float:
    """Return the area within an outline in square metres."""
    turned = [*corners[1:], *corners[:1]]
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(corners, turned, strict=True))) / 2


def inside(corners: Sequence[XY], cell_m: float) -> np.ndarray:
    """Return the centres of the cells of a grid that lie within an outline.

    Returns
    -------
    ndarray of float64, shape (n, 2)

    Raises
    ------
    ValueError
        If there were more than a million cells.
    """
    xs, ys = zip(*corners, strict=True)
    wide = math.ceil((max(xs) - min(xs)) / cell_m)
    high = math.ceil((max(ys) - min(ys)) / cell_m)
    if wide * high > MOST_CELLS:
        raise ValueError("more cells than can be looked at")
    east = min(xs) + (np.arange(wide) + 0.5) * cell_m
    north = min(ys) + (np.arange(high) + 0.5) * cell_m
    x, y = (one.ravel() for one in np.meshgrid(east, north))
    within = np.zeros(x.size, dtype=bool)
    for (ax, ay), (bx, by) in zip(corners, [*corners[1:], *corners[:1]], strict=True):
        if ay != by:
            crosses = (ay > y) != (by > y)
            within ^= crosses & (x < ax + (y - ay) * (bx - ax) / (by - ay))
    return np.column_stack([x, y])[within]


def covered(
    centres: np.ndarray, track: Sequence[tuple[float, float, float]], reach_m: float, gap_s: float
) -> np.ndarray:
    """Return which cells a track came close enough to.

    Parameters
    ----------
    centres : ndarray, shape (n, 2)
        In metres.
    track : sequence of (seconds, x, y)
        In the order of time. Between two points further apart than `gap_s` the way is unknown
        and covers nothing.
    reach_m : float
        How far from the way the instrument still sees what is searched for.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    hit = np.zeros(len(centres), dtype=bool)
    before: tuple[float, float, float] | None = None
    for one in track:
        start = one if before is None or one[0] - before[0] > gap_s else before
        hit |= _near(centres, start[1:], one[1:], reach_m)
        before = one
    return hit


def _near(centres: np.ndarray, a: XY, b: XY, reach_m: float) -> np.ndarray:
    """Return which points lie within a distance of the way from `a` to `b`."""
    along = np.array(b) - np.array(a)
    away = centres - np.array(a)
    length = float(along @ along)
    part = np.clip(away @ along / length, 0, 1) if length > 0 else np.zeros(len(centres))
    rest = away - part[:, None] * along
    near: np.ndarray = np.einsum("ij,ij->i", rest, rest) <= reach_m**2
    return near
