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
    found = int(stats.poisson.isf(alpha, expected)) + 1 if expected else 1
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
