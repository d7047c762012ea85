"""Losses that a design is tried against: how much, and when.

A loss at one hour is abrupt: it falls in the balance whose period ``(T_{i-1}, T_i]`` holds the
hour. A loss from one hour to another is protracted: it is spread evenly over that time and falls
in each balance by the part of its period.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from keiryo.errors import UsageError

MOST_KG = 1e9
"""More than all the nuclear material there is."""

Floats = npt.NDArray[np.float64]


def loss_vector(loss_kg: float, from_h: float, to_h: float, closings_h: Floats) -> Floats:
    """Return what a loss takes from each balance, kg.

    Parameters
    ----------
    loss_kg : float
        Total, not negative.
    from_h, to_h : float
        Equal for an abrupt loss.
    closings_h : array of float, shape (P + 1,)

    Returns
    -------
    array of float, shape (P,)

    Raises
    ------
    UsageError
        If a number is not finite, the loss ends before it begins, or it lies outside the balances.

    Examples
    --------
    >>> loss_vector(12.0, 5.0, 20.0, np.array([0.0, 10.0, 20.0])).tolist()
    [4.0, 8.0]
    >>> loss_vector(12.0, 10.0, 10.0, np.array([0.0, 10.0, 20.0])).tolist()
    [12.0, 0.0]
    """
    if not all(math.isfinite(value) for value in (loss_kg, from_h, to_h)):
        raise UsageError("the loss and its hours must be numbers", "Give kilograms and hours.")
    if loss_kg < 0 or loss_kg > MOST_KG:
        raise UsageError(
            f"a loss of {loss_kg:g} kg makes no sense",
            f"Give what is removed as a number from 0 to {MOST_KG:g}.",
        )
    if to_h < from_h:
        raise UsageError(
            f"the loss ends at hour {to_h:g}, before it begins at {from_h:g}",
            "Give the same hour twice for an abrupt loss.",
        )
    first, last = float(closings_h[0]), float(closings_h[-1])
    within = first < from_h <= last if from_h == to_h else first <= from_h and to_h <= last
    if not within:
        raise UsageError(
            f"the loss from hour {from_h:g} to {to_h:g} is not within the closed balances, "
            f"which run from {first:g} to {last:g}",
            "Choose hours within them; what happens after the last closing is seen by none.",
        )
    starts, ends = closings_h[:-1], closings_h[1:]
    if from_h == to_h:
        found = np.zeros(ends.size)
        found[int(np.searchsorted(ends, from_h, side="left"))] = loss_kg
        return found
    overlap = np.minimum(ends, to_h) - np.maximum(starts, from_h)
    share = np.maximum(overlap, 0.0) / (to_h - from_h)
    return np.asarray(loss_kg * share, dtype=np.float64)
