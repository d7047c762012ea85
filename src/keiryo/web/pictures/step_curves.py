"""Panels of the chart of book inventory: which curves share one, and its scale of weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from keiryo.web.pictures.inventory_data import BookCurve, Taking
from keiryo.web.pictures.time_axis import TimeScale

MOST_RATIO = 12
"""Curves share a panel unless one is this many times as high as the other."""


@dataclass(frozen=True, slots=True)
class Panel:
    """Curves that share a scale of weights, from `low_mg` to `high_mg`."""

    curves: tuple[BookCurve, ...]
    top: float
    bottom: float
    low_mg: int
    high_mg: int

    def y(self, weight_mg: int) -> float:
        """Return the place of a weight."""
        part = (weight_mg - self.low_mg) / (self.high_mg - self.low_mg)
        return self.bottom - part * (self.bottom - self.top)

    def ticks(self) -> list[int]:
        """Return round weights with room for their labels, nothing among them."""
        return ticks(self.low_mg, self.high_mg, max(2, int((self.bottom - self.top) / 42)))


def ticks(low_mg: int, high_mg: int, most: int) -> list[int]:
    """Return at most about `most` round numbers from low to high: steps of 1, 2 or 5.

    Examples
    --------
    >>> ticks(0, 3_100_000, 4)
    [0, 1000000, 2000000, 3000000]
    >>> ticks(-3, 4, 4)
    [-2, 0, 2, 4]
    """
    power = 1
    while True:
        for factor in (1, 2, 5):
            step = factor * power
            if (high_mg - low_mg) <= step * most:
                first = -(-low_mg // step) * step
                return list(range(first, high_mg + 1, step))
        power *= 10


def _largest(curve: BookCurve, taken: Sequence[Taking]) -> int:
    book = max((abs(weight) for _, weight in curve.points if weight is not None), default=0)
    return max([book, *(t.found_mg.get(curve.key, 0) for t in taken)])


def panels_of(
    curves: Sequence[BookCurve],
    taken: Sequence[Taking],
    top: float,
    *,
    few: float,
    many: float,
    gap: float,
) -> list[Panel]:
    """Return the panels from above to below, those of the largest curves first.

    Parameters
    ----------
    curves, taken
        At least one curve.
    top : float
        Where the first begins.
    few, many : float
        Height of the panel if there is one, and if there are several.
    gap : float
    """
    groups: list[list[BookCurve]] = []
    highest = 0
    for curve in sorted(curves, key=lambda c: -_largest(c, taken)):
        size = _largest(curve, taken)
        if not groups or 0 < size * MOST_RATIO < highest:
            groups.append([])
            highest = size
        groups[-1].append(curve)
    height = few if len(groups) == 1 else many
    panels = []
    for members in groups:
        weights = [w for c in members for _, w in c.points if w is not None]
        weights += [t.found_mg[c.key] for c in members for t in taken if c.key in t.found_mg]
        low, high = min([0, *weights]), max([0, *weights])
        room = max((high - low) // 12, 1)
        low = low - room if low < 0 else 0
        high = high + room if high > 0 or low == 0 else 0
        order = tuple(c for c in curves if any(c is member for member in members))
        panels.append(Panel(order, top, top + height, low, high))
        top += height + gap
    return panels


def thinned(
    points: Sequence[tuple[date, int | None]], scale: TimeScale
) -> list[tuple[float, int | None]]:
    """Return the points of a curve in pixels, at most four in each column of pixels.

    First, lowest, highest and last of a column are kept: the curve looks the same.
    """
    columns: dict[int, list[tuple[float, int | None]]] = {}
    for day, weight in points:
        x = scale.x(day)
        columns.setdefault(int(x), []).append((x, weight))
    found: list[tuple[float, int | None]] = []
    for column in columns.values():
        if len(column) <= 4:
            found += column
            continue
        known = [n for n, (_, weight) in enumerate(column) if weight is not None]
        kept = {0, len(column) - 1}
        if known:
            kept.add(min(known, key=lambda n: column[n][1] or 0))
            kept.add(max(known, key=lambda n: column[n][1] or 0))
        found += [column[n] for n in sorted(kept)]
    return found
