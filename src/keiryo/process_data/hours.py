"""Hours of a campaign and the closings of its balances, exact in decimals.

Closings lie at whole multiples of the period, counted from hour 0, and a transfer at a closing
belongs to the period that ends there. Binary numbers cannot hold a tenth of an hour: a third
closing computed as 3 × 0.1 would lie after a transfer written as 0.3. Therefore all hours,
read or computed, are taken to the nearest billionth of an hour (4 microseconds).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from keiryo.errors import UsageError

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

DECIMALS = 9
_FRACTION = re.compile(r"\s*\d+\s*/\s*\d+\s*")
MAX_HOUR = 4_000_000.0
"""Latest hour (456 years) that is still exact to a billionth; more is no hour of a campaign."""


def exact(hours: Floats) -> Floats:
    """Return hours taken to the nearest billionth."""
    return np.round(hours, DECIMALS)


@dataclass(frozen=True, slots=True)
class Closings:
    """The times at which balances may close: whole multiples of a period, from hour 0."""

    period: Fraction

    @property
    def period_h(self) -> float:
        """The period in hours."""
        return float(self.period)

    def hour(self, number: int) -> float:
        """Return the hour of a closing."""
        billionths = round(self.period * number * 10**DECIMALS)
        return float(Fraction(billionths, 10**DECIMALS))

    def hours(self, numbers: Indices) -> Floats:
        """Return the hours of several closings."""
        return np.array([self.hour(int(n)) for n in numbers], dtype=np.float64)

    def last(self, hour: float) -> int:
        """Return the number of the last closing that is not after an hour."""
        return math.floor(Fraction(round(hour * 10**DECIMALS), 10**DECIMALS) / self.period)

    def nearest(self, hours: Floats) -> tuple[Indices, Floats]:
        """Return for each hour the number of the nearest closing, and its hour.

        Of two closings equally near, the earlier one.
        """
        number = np.ceil(hours / self.period_h - 0.5).astype(np.intp)
        names, inverse = np.unique(number, return_inverse=True)
        return number, self.hours(names)[inverse]


def closings_every(period_h: float | str | Decimal) -> Closings:
    """Return the closings of a period given in hours.

    Raises
    ------
    UsageError
        If the period is not a positive number of hours.
    """
    text = str(period_h).strip()
    try:
        period = Decimal(text if text.isascii() and "_" not in text else "NaN")
    except InvalidOperation:
        period = Decimal("NaN")
    if not period.is_finite():
        why = "a fraction is written as a decimal" if _FRACTION.fullmatch(text) else "not a number"
    elif period <= 0:
        why = "not above 0"
    elif period > Decimal(MAX_HOUR):
        why = f"above {MAX_HOUR:.0f} hours, which are 456 years"
    elif period < Decimal("1e-6"):
        why = "below a millionth of an hour; times are exact to a billionth"
    else:
        return Closings(Fraction(period))
    raise UsageError(
        f"a balance period of {text[:40]!r} hours makes no sense: {why}",
        "Give the hours between two closings as a positive number, e.g. --period 416 or 0.25.",
    )
