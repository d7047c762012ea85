"""The background of a portal while nobody is there: moving mean or EWMA, frozen and guarded."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

GAMMA_S, NEUTRON_S = 20.0, 120.0
"""Over how long the mean goes by itself, as the setups of the field say."""
REJECT_SIGMA = 5.0


@dataclass(frozen=True, slots=True)
class Background:
    """The background by sample.

    Attributes
    ----------
    rate : ndarray of float, shape (n,)
        Counts a second known before the sample; NaN: none yet.
    variance : ndarray of float, shape (n,)
        Of the rate.
    age_s : ndarray of float, shape (n,)
        Since the newest sample that is in it.
    rejected : ndarray of bool, shape (n,)
        Samples that were left out because they lie too far from the mean.
    """

    rate: np.ndarray
    variance: np.ndarray
    age_s: np.ndarray
    rejected: np.ndarray

    def expected(self, time_s: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the counts expected in a time and their variance from the estimate alone."""
        return self.rate * time_s, self.variance * time_s**2


def moving_background(
    counts: np.ndarray,
    occupied: np.ndarray,
    sample_s: float,
    *,
    window_s: float = GAMMA_S,
    guard_s: float = 2.0,
    reject_sigma: float = REJECT_SIGMA,
    weight: float | None = None,
) -> Background:
    """Return the background by sample from counts while nobody was there.

    Parameters
    ----------
    counts : ndarray, shape (n,)
        Counts by sample.
    occupied : ndarray of bool, shape (n,)
    sample_s : float
    window_s : float
        Of the moving mean.
    guard_s : float
        After an occupancy, before samples count again.
    reject_sigma : float
        A sample further from the mean than so many of its square roots is left out: a source may
        have been left in the lane. It is told, and the age of the background grows.
    weight : float, optional
        Of the newest sample: EWMA instead of the moving mean; as steady as a mean over
        (2 - weight) / weight samples.
    """
    size = len(counts)
    if len(occupied) != size or not (sample_s > 0 and window_s >= sample_s and guard_s >= 0):
        raise ValueError("as many flags as counts, and times above 0, belong here")
    if weight is not None and not 0 < weight <= 1:
        raise ValueError("a weight above 0 and up to 1 belongs here")
    rate, variance = np.full(size, np.nan), np.full(size, np.nan)
    age, rejected = np.full(size, np.nan), np.zeros(size, dtype=bool)
    kept: deque[float] = deque(maxlen=max(round(window_s / sample_s), 1))
    total, guard, since, now, taken = 0.0, 0.0, np.nan, np.nan, 0
    for n in range(size):
        if taken:
            samples = len(kept) if weight is None else min(taken, (2 - weight) / weight)
            rate[n] = now / sample_s
            variance[n] = now / sample_s**2 / samples
            age[n] = since
            since += sample_s
        if occupied[n]:
            guard = guard_s
            continue
        if guard > 1e-9:
            guard -= sample_s
            continue
        one = float(counts[n])
        if taken and abs(one - now) > reject_sigma * np.sqrt(max(now, 1.0)):
            rejected[n] = True
            continue
        if weight is None:
            total += one - (kept[0] if len(kept) == kept.maxlen else 0.0)
            kept.append(one)
            now = total / len(kept)
        else:
            # Until the window is full EWMA is the plain mean, so that the first count weighs no
            # more than the others.
            share = max(weight, 1 / (taken + 1))
            now = one if not taken else share * one + (1 - share) * now
        taken, since = taken + 1, 0.0
    return Background(rate, variance, age, rejected)
