"""Statistics of counting: exact thresholds, backgrounds of finite time, sequential tests."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy import special, stats


def poisson_threshold(expected: float, alpha: float) -> int:
    """Return the smallest count of which a background has a chance of alpha at most.

    Parameters
    ----------
    expected : float
        Counts that the background gives.
    alpha : float
        Between 0 and 1.

    Raises
    ------
    ValueError

    Examples
    --------
    >>> poisson_threshold(2.64, 1e-4), poisson_threshold(6.5, 1e-6)
    (11, 23)
    """
    if not (math.isfinite(expected) and expected >= 0 and 0 < alpha < 1):
        raise ValueError("counts of 0 or more and a chance between 0 and 1 belong here")
    near = float(stats.poisson.isf(alpha, expected)) if expected else 0.0
    found = int(near if math.isfinite(near) else expected) + 1  # no number for the least chances
    while found > 0 and poisson_tail(found - 1, expected) <= alpha:
        found -= 1
    while poisson_tail(found, expected) > alpha:
        found += 1
    return found


def poisson_tail(count: int, expected: float) -> float:
    """Return the chance of so many counts or more, exactly to double precision."""
    if count <= 0:
        return 1.0
    return float(special.gammainc(count, expected)) if expected else 0.0


def count_above(background: float, n_sigma: float) -> int:
    """Return the smallest count strictly above a background plus so many of its square roots."""
    return math.floor(background + n_sigma * math.sqrt(background)) + 1


def on_off_p_value(count: int, time_s: float, background: int, background_s: float) -> float:
    """Return the chance of a count if no source were there, the background known from a time.

    Without a source n of n + m counts is binomial with t / (t + T).
    """
    share = time_s / (time_s + background_s)
    return float(stats.binom.sf(count - 1, count + background, share))


def on_off_threshold(background: int, background_s: float, time_s: float, alpha: float) -> int:
    """Return the smallest count of which `on_off_p_value` is alpha at most.

    It also serves a background in which nothing was counted, where an exact rate of 0 would make
    a single count an alarm.

    Examples
    --------
    >>> on_off_threshold(0, 120, 1, 1e-6), on_off_threshold(320, 120, 1, 1e-6)
    (3, 14)
    """
    if background < 0 or not (0 < alpha < 1 and background_s > 0 and time_s > 0):
        raise ValueError("counts of 0 or more, times above 0 and a chance belong here")
    found = poisson_threshold(background * time_s / background_s, alpha) if background else 1
    while found > 0 and on_off_p_value(found - 1, time_s, background, background_s) <= alpha:
        found -= 1
    while on_off_p_value(found, time_s, background, background_s) > alpha:
        found += 1
    return found


def li_ma(count: int, time_s: float, background: int, background_s: float) -> float:
    """Return the significance of Li and Ma of a count against a background of finite time.

    References
    ----------
    T. Li, Y. Ma, Astrophysical Journal 272 (1983) 317, equation 17.
    """
    a = time_s / background_s
    whole = count + background
    one = count * math.log((1 + a) / a * count / whole) if count else 0.0
    other = background * math.log((1 + a) * background / whole) if background else 0.0
    return math.sqrt(2) * math.sqrt(max(one + other, 0.0))


@dataclass(frozen=True, slots=True)
class SequentialLimits:
    """Limits of a sequential probability ratio test (Wald)."""

    alarm: float
    clear: float

    @classmethod
    def of(cls, alpha: float, beta: float) -> SequentialLimits:
        """Return the limits for two error rates."""
        return cls(math.log((1 - beta) / alpha), math.log(beta / (1 - alpha)))


def log_ratios(counts: Iterable[int], quiet: float, source: float) -> np.ndarray:
    """Return the running log likelihood ratio of a source rate against a quiet one."""
    given = np.asarray(list(counts), dtype=np.float64)
    return np.cumsum(given * math.log(source / quiet) - (source - quiet))


def ewma(counts: Iterable[float], mean: float, weight: float) -> tuple[np.ndarray, np.ndarray]:
    """Return an exponentially weighted mean that begins at `mean`, and its deviation in sigmas.

    Parameters
    ----------
    counts : iterable of float
    mean : float
        Of a quiet background, also its variance.
    weight : float
        Of the newest count, above 0 and up to 1.
    """
    values, deviations, now = [], [], mean
    for step, one in enumerate(counts, 1):
        now = weight * one + (1 - weight) * now
        variance = mean * weight / (2 - weight) * (1 - (1 - weight) ** (2 * step))
        values.append(now)
        deviations.append((now - mean) / math.sqrt(variance))
    return np.array(values), np.array(deviations)
