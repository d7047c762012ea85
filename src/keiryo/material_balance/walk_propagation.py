"""The cumulated MUF of independent like balances, followed exactly.

W_i = Σ_{j≤i} y_j with independent y ~ N(0, 1), tested at every balance: alarm when W_i/√i > h. The
density of W_i without an alarm so far lives on (−∞, h√i]; it is carried from balance to balance
with Gauss–Legendre nodes on [−8√i, h√i], outside of which it is below 1e-14.

Source: sequential tests of cumulative material balances, Avenhaus and Jaech.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

Floats = npt.NDArray[np.float64]

_BELOW = 8.0
_SPACING = 0.45


def no_alarm_probability(balances: int, h: float) -> float:
    """Return the probability that W_i/√i stays at or below `h` at all of the `balances`."""
    if balances == 1:
        return float(ndtr(h))
    x, w = _nodes(1, h)
    mass = w * np.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)
    for i in range(2, balances):
        ahead, weights = _nodes(i, h)
        apart = ahead[:, None] - x[None, :]
        density = np.exp(-0.5 * apart * apart) @ mass / math.sqrt(2.0 * math.pi)
        x, mass = ahead, weights * density
    return float(mass @ ndtr(h * math.sqrt(balances) - x))


def _nodes(i: int, h: float) -> tuple[Floats, Floats]:
    low, high = -_BELOW * math.sqrt(i), h * math.sqrt(i)
    count = max(64, 16 * math.ceil(math.pi * (high - low) / (2.0 * _SPACING) / 16.0))
    nodes, weights = _legendre(count)
    half = 0.5 * (high - low)
    return low + half * (nodes + 1.0), half * weights


def _legendre(count: int) -> tuple[Floats, Floats]:
    if count not in _KNOWN:
        _KNOWN[count] = np.polynomial.legendre.leggauss(count)
    return _KNOWN[count]


_KNOWN: dict[int, tuple[Floats, Floats]] = {}
