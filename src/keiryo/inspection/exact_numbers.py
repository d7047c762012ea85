"""Numbers as people write them: 0.9 is nine tenths, and 45.000000000000007 is 45.

Sample sizes jump by one where a limit is met exactly, so the limits are formed in fractions of
decimals and not in binary floats: 1 − 0.99999997 is 3e-8 here, where a float gives
3.0000000039720476e-08.
"""

from __future__ import annotations

import math
from fractions import Fraction

_CEILING_TOLERANCE = Fraction(1, 2**49)
"""Relative rounding error that `ceiling` forgives: a few units of the last binary place."""


def as_fraction(value: Fraction | float) -> Fraction:
    """Return a number as the shortest decimal that stands for it: 0.1 is 1/10."""
    return value if isinstance(value, Fraction) else Fraction(repr(float(value)))


def ceiling(value: Fraction | float) -> int:
    """Return the next whole number; 45.000000000000007 is 45, and 123456789.01 is 123456790."""
    nearest = round(value)
    if abs(Fraction(value) - nearest) <= _CEILING_TOLERANCE * abs(Fraction(value)):
        return nearest
    return math.ceil(value)


def log_complement(probability: float) -> float:
    """Return log(1 − p) with the full precision of a double; minus infinity for p = 1."""
    if probability == 1:
        return -math.inf
    if probability < 0.5:
        return math.log1p(-probability)
    return math.log(1 - as_fraction(probability))


def apart(first: float, second: float) -> tuple[str, str]:
    """Return two probabilities with as many digits as it takes to see that they differ."""
    for digits in range(6, 17):
        words = f"{first:.{digits}g}", f"{second:.{digits}g}"
        if words[0] != words[1]:
            return words
    return repr(first), repr(second)
