"""What the chart of book inventory is drawn from: curves of the book, and takings."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class BookCurve:
    """The book of one category over time.

    Attributes
    ----------
    category : str
        N, D, E, U, P or T.
    points : tuple of (date, int or None)
        From which day on the book stands at how many milligrams, in order of days; None: from
        that day on it is not known.
    fissile : bool
        Whether it is the fissile weight instead of the element weight.
    label : str
        A name of its own, if it has one.
    """

    category: str
    points: tuple[tuple[date, int | None], ...]
    fissile: bool = False
    label: str = ""

    @property
    def key(self) -> str:
        """Name by which takings refer to it: ``"E"`` or ``"E fissile"``."""
        return f"{self.category} fissile" if self.fissile else self.category


@dataclass(frozen=True, slots=True)
class Taking:
    """What a physical inventory taking found, in milligrams by key of the curve."""

    day: date
    found_mg: Mapping[str, int]


def book_on(curve: BookCurve, day: date) -> int | None:
    """Return the book of a curve in the evening of a day, in milligrams; None: not known."""
    at = bisect_right(curve.points, day, key=lambda point: point[0])
    return curve.points[at - 1][1] if at else None
