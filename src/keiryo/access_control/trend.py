"""Repeated small differences of one sign: an exact sign test."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np


@dataclass(frozen=True, slots=True)
class SignTrend:
    """How many differences are above and below zero, and how rarely chance does that.

    Attributes
    ----------
    positive, negative : int
        Differences of exactly zero are left out.
    p_value : float
        The chance of as many or more of one sign, either one, if both were as likely.
    """

    positive: int
    negative: int
    p_value: float


def sign_trend(values: np.ndarray, alpha: float, least: int) -> SignTrend | None:
    """Return the trend of some differences, or None if chance explains it.

    Parameters
    ----------
    values : ndarray of float
        Any unit: only the signs count, so that neither an outlier nor an unknown standard
        deviation makes or hides a trend.
    alpha : float
        The greatest chance at which a trend is told.
    least : int
        So many differences other than zero are needed.

    Examples
    --------
    >>> sign_trend(np.array([-1.0] * 8), 0.01, 8)
    SignTrend(positive=0, negative=8, p_value=0.0078125)
    """
    positive, negative = int((values > 0).sum()), int((values < 0).sum())
    number, many = positive + negative, max(positive, negative)
    if number < least:
        return None
    p_value = two_sided(number, many)
    return SignTrend(positive, negative, float(p_value)) if p_value <= alpha else None


def two_sided(number: int, many: int) -> Fraction:
    """Return the chance of `many` or more of one sign among `number`, either sign, exactly."""
    if 2 * many == number:
        return Fraction(1)
    tail = sum(math.comb(number, k) for k in range(many, number + 1))
    return min(Fraction(2 * tail, 2**number), Fraction(1))
