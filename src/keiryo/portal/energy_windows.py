"""Two energy windows for triage: whether a rise is harder or softer than the background.

It ranks a queue and never closes a case: industrial sources look like natural radioactivity, and
patients like nuclear material.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

LOW_KEV, MIDDLE_KEV, HIGH_KEV = 60.0, 400.0, 3000.0
SIGMAS = 3.0


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
    if not all(math.isfinite(one) and one >= 0 for one in counts):
        raise ValueError("counts of 0 or more belong here")
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
    counts: tuple[float, ...] | list[float],
    bounds_kev: list[tuple[float, float]],
    middle_kev: float = MIDDLE_KEV,
) -> tuple[float, float]:
    """Return the counts of the two windows from gross counts with energy windows (N42.42).

    Parameters
    ----------
    counts : sequence of float
        One by window of the instrument.
    bounds_kev : list of tuple of float
        Start and end of each window; it belongs where its start lies.
    """
    if len(counts) != len(bounds_kev):
        raise ValueError("as many counts as windows belong here")
    low = math.fsum(c for c, (start, _end) in zip(counts, bounds_kev, strict=True)
                    if start < middle_kev)  # fmt: skip
    return low, math.fsum(counts) - low
