"""Two energy windows for triage: whether a rise is harder or softer than the background.

It ranks a queue and never closes a case: industrial sources look like natural radioactivity, and
patients like nuclear material.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np

LOW_KEV, MIDDLE_KEV, HIGH_KEV = 60.0, 400.0, 3000.0
SIGMAS = 3.0
LEAST_COUNTS, MOST_COUNTS = 1e-9, 1e15
"""Rates may stand for counts, as small as the first; no window counts more than the second."""


@dataclass(frozen=True, slots=True)
class WindowRatio:
    """The ratio of two windows by that of the background.

    Attributes
    ----------
    ratio, uncertainty : float
        R = (L/H) / (L_B/H_B).
    z : float
        (R - 1) / u.
    sense : {"hard", "soft", "as background"}
        With 3 sigmas.
    """

    ratio: float
    uncertainty: float
    z: float
    sense: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data; `closes` is always False."""
        return {**asdict(self), "closes": False}


def window_ratio(
    low: float,
    high: float,
    background_low: float,
    background_high: float,
    *,
    background_counted: bool = True,
) -> WindowRatio | None:
    """Return the ratio of two windows; None: one of them has no counts.

    Parameters
    ----------
    low, high : float
        Counts of the lower and the higher window.
    background_low, background_high : float
    background_counted : bool
        False: the background was measured for so long that its uncertainty does not count.

    Examples
    --------
    >>> one = window_ratio(200, 100, 20000, 10000)
    >>> one.ratio, one.sense
    (1.0, 'as background')
    """
    counts = (low, high, background_low, background_high)
    if not all(0 <= one <= MOST_COUNTS for one in counts):
        raise ValueError("counts of 0 or more belong here")
    if any(0 < one < LEAST_COUNTS for one in counts):
        raise ValueError("a window with so small a part of a count tells nothing")
    if min(counts) == 0:
        return None
    ratio = (low / high) / (background_low / background_high)
    parts = 1 / low + 1 / high
    if background_counted:
        parts += 1 / background_low + 1 / background_high
    uncertainty = ratio * math.sqrt(parts)
    z = (ratio - 1) / uncertainty
    sense = "as background" if abs(z) < SIGMAS else "soft" if z > 0 else "hard"
    return WindowRatio(ratio, uncertainty, z, sense)


def windows_of(
    counts: np.ndarray,
    edges_kev: np.ndarray,
    bounds_kev: tuple[float, float, float] = (LOW_KEV, MIDDLE_KEV, HIGH_KEV),
) -> tuple[float, float]:
    """Return the counts of the two windows of a spectrum.

    Parameters
    ----------
    counts : ndarray, shape (n,)
    edges_kev : ndarray, shape (n + 1,) or (n,)
        Edges of the channels; a channel belongs where its lower edge lies.
    """
    lower = np.asarray(edges_kev)[: len(counts)]
    if len(lower) != len(counts):
        raise ValueError("as many lower edges as channels belong here")
    first, second, third = bounds_kev
    soft = (lower >= first) & (lower < second)
    hard = (lower >= second) & (lower < third)
    return float(np.sum(counts[soft])), float(np.sum(counts[hard]))


def gross_windows(
    counts: Sequence[float],
    bounds_kev: Sequence[tuple[float, float]],
    middle_kev: float = MIDDLE_KEV,
) -> tuple[float, float]:
    """Return the counts of the two windows from gross counts with energy windows (N42.42).

    Parameters
    ----------
    counts : sequence of float
        One by window of the instrument.
    bounds_kev : sequence of tuple of float
        Start and end of each window. A window around others is no part of its own: where none of
        the others lies above the middle, the higher window is what it holds beyond them.

    Raises
    ------
    ValueError
        If windows overlap otherwise, one lies across the middle, or the counts contradict.
    """
    if len(counts) != len(bounds_kev) or not counts:
        raise ValueError("as many counts as windows belong here")
    around = [
        any(k != n and bounds_kev[k] != one and _within(bounds_kev[k], one)
            for k in range(len(bounds_kev)))
        for n, one in enumerate(bounds_kev)
    ]  # fmt: skip
    parts = sorted((*bounds_kev[n], counts[n]) for n in range(len(counts)) if not around[n])
    if any(one[1] > other[0] for one, other in pairwise(parts)):
        raise ValueError("the windows overlap")
    if any(start < middle_kev < end for start, end, _count in parts):
        raise ValueError("a window lies across the middle")
    low = math.fsum(count for _start, end, count in parts if end <= middle_kev)
    high = math.fsum(count for start, _end, count in parts if start >= middle_kev)
    whole = [counts[n] for n, one in enumerate(bounds_kev) if around[n] and one[1] > middle_kev]
    if whole and not any(start >= middle_kev for start, _end, _count in parts):
        high = max(whole) - low
    if high < 0:
        raise ValueError("a window holds fewer counts than those within it")
    return low, high


def _within(inner: tuple[float, float], outer: tuple[float, float]) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1]
