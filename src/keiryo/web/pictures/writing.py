"""How weights, numbers and days are written in a picture: the page decides, by its language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date


def plain_weight(weight_mg: int) -> str:
    """Return a weight in the unit in which it reads best, exact to the milligram.

    Examples
    --------
    >>> plain_weight(1541260000), plain_weight(354600), plain_weight(-3), plain_weight(0)
    ('1,541.26 kg', '354.6 g', '−3 mg', '0 kg')
    """
    sign, size = ("−" if weight_mg < 0 else ""), abs(weight_mg)
    if size == 0:
        return "0 kg"
    per_unit, unit, places = (
        (1_000_000, "kg", 6)
        if size >= 1_000_000
        else (1_000, "g", 3)
        if size >= 1_000
        else (1, "mg", 0)
    )
    whole, rest = divmod(size, per_unit)
    decimals = f"{rest:0{places}d}".rstrip("0") if places else ""
    return f"{sign}{whole:,}{'.' + decimals if decimals else ''} {unit}"


def plain_count(count: int) -> str:
    """Return a number of things."""
    return f"{count:,}"


def plain_month(day: date) -> str:
    """Return a month on an axis."""
    return f"{day:%Y-%m}"


@dataclass(frozen=True, slots=True)
class Writing:
    """The functions that write numbers and days.

    Attributes
    ----------
    weight : callable
        From milligrams to text with a unit.
    count : callable
        From a number of things to text.
    day, month, year : callable
        From a day to text: the day, its month, its year.
    """

    weight: Callable[[int], str] = plain_weight
    count: Callable[[int], str] = plain_count
    day: Callable[[date], str] = date.isoformat
    month: Callable[[date], str] = plain_month
    year: Callable[[date], str] = lambda day: f"{day.year}"


PLAIN = Writing()
"""Days as in ISO 8601, weights with commas and a point."""
