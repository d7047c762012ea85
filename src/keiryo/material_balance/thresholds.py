"""Thresholds: how high a statistic may rise before the campaign's false-alarm probability is used.

A policy states the false-alarm probability alpha per campaign or year, not per balance. The
threshold is the value that a statistic exceeds at any of the P balances with probability alpha
when nothing is missing. Statistics of SITMUF are functions of independent N(0, 1) values, so their
thresholds depend on P and alpha alone and are computed exactly; statistics of correlated
quantities (MUF, CUMUF) get a conservative threshold here, or one by simulation.

Source: Page, Biometrika 41 (1954); Šidák, J. Amer. Statist. Assoc. 62 (1967); Slepian (1962) for
the conservative thresholds of positively correlated statistics; Seifert (1986) for GEMUF.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import chdtri, ndtri

from keiryo.errors import UsageError
from keiryo.material_balance import gemuf_propagation, page_propagation, walk_propagation
from keiryo.material_balance.error_variables import MAX_BALANCES

Floats = npt.NDArray[np.float64]
Method = Literal["exact", "simulated", "conservative"]

EXACT_GEMUF_UP_TO = 120
"""Most balances for which the common p-value of GEMUF V1 is computed exactly."""

EXACT_WALK_UP_TO = 150
"""Most balances for which the threshold of cumulated independent balances is computed exactly."""

_SMALL_ALPHA = 1e-3


@dataclass(frozen=True, slots=True)
class Threshold:
    """The value above which a statistic raises an alarm, and how it was found.

    Attributes
    ----------
    threshold : float
        The alarm is raised when the statistic is above this. For ``"muf"`` and ``"cumuf"`` the
        statistic is in units of its own standard deviation (MUF/σ). For ``"gemuf_v1"`` the
        threshold is the common p-value: alarm when the chi-square probability of reaching the
        statistic is *below* it.
    alpha : float
        False-alarm probability of the whole campaign.
    balances : int
    statistic : str
    method : str
        ``"exact"``, ``"simulated"`` (then `interval`, `realizations`, `seed` are given) or
        ``"conservative"`` (the true false-alarm probability is at most `alpha`).
    k : float, optional
        Reference value of Page's test.
    interval : tuple of float, optional
        95 % interval of a simulated threshold.
    realizations, seed : int, optional
    generator : str, optional
        Name of the generator of a simulated threshold.
    """

    threshold: float
    alpha: float
    balances: int
    statistic: str
    method: Method
    k: float | None = None
    interval: tuple[float, float] | None = None
    realizations: int | None = None
    seed: int | None = None
    generator: str | None = None


def page_threshold(
    balances: int, alpha: float = 0.05, k: float = 0.5, *, start: float = 0.0
) -> Threshold:
    """Return the exact threshold of Page's test on SITMUF.

    Raises
    ------
    UsageError
        If `alpha` is not in (0, 1), `balances` not in 1..20 000, `k` or `start` negative, or `k`
        so large that even a threshold of 0 uses less than `alpha`.

    Examples
    --------
    >>> round(page_threshold(8).threshold, 9)
    2.93352014
    """
    check_campaign(balances, alpha)
    check_reference(k, start)
    value = _page_root(int(balances), float(alpha), float(k), float(start))
    return Threshold(value, alpha, balances, "page", "exact", k=k)


def page_false_alarm(balances: int, h: float, k: float = 0.5, *, start: float = 0.0) -> float:
    """Return the probability that Page's statistic exceeds `h` when nothing is missing."""
    check_campaign(balances, 0.05)
    check_reference(k, start)
    if not (math.isfinite(h) and h >= 0):
        raise UsageError(f"a threshold of {h} is not a number of at least 0", "Try h = 4.")
    return page_propagation.alarm_probability(balances, h, k, start)


def page_run_length(
    h: float, k: float = 0.5, shift: float = 0.0, *, start: float = 0.0, two_sided: bool = False
) -> float:
    """Return the mean number of balances until Page's alarm, by the integral equation.

    `shift` is the mean of the standardised residual of every balance. With `two_sided`, a second
    test watches for gains (start 0): 1/ARL = 1/ARL(shift) + 1/ARL(−shift).
    """
    check_reference(k, start)
    if not (math.isfinite(h) and h >= 0 and math.isfinite(shift)):
        raise UsageError(
            f"threshold {h} and shift {shift} must be numbers, the threshold at least 0",
            "Common: h = 4 or 5 with k = 0.5.",
        )
    upper = page_propagation.run_length(h, k, shift, start)
    if not two_sided:
        return upper
    lower = page_propagation.run_length(h, k, -shift, start)
    return 1.0 / (1.0 / upper + 1.0 / lower)


def joint_page_thresholds(
    balances: int, alpha: float = 0.05, ks: Sequence[float] = (0.25, 1.5)
) -> tuple[Threshold, ...]:
    """Return thresholds of several Page tests that together use at most `alpha`.

    Each gets alpha/len(ks) and is exact for that share. Their alarms overlap, so together they
    use less than `alpha` (0.0444 of 0.05 for 15 balances and the default pair).
    """
    check_campaign(balances, alpha)
    if not ks:
        raise UsageError("no k was given", "Give two, e.g. 0.25 (protracted) and 1.5 (abrupt).")
    share = alpha / len(ks)
    return tuple(
        Threshold(
            page_threshold(balances, share, k).threshold,
            alpha,
            balances,
            "page",
            "conservative",
            k=k,
        )
        for k in ks
    )


def shewhart_threshold(balances: int, alpha: float = 0.05) -> Threshold:
    """Return the exact threshold of SITMUF tested at every balance: Φ⁻¹((1−α)^{1/P})."""
    check_campaign(balances, alpha)
    return Threshold(-float(ndtri(each_alpha(balances, alpha))), alpha, balances, "sitmuf", "exact")


def conservative_threshold(
    balances: int, alpha: float, statistic: str, *, positively_correlated: bool = True
) -> Threshold:
    """Return a threshold for P standard normal statistics of unknown correlation.

    Šidák's value, as if they were independent, when all correlations are at least 0 (Slepian's
    inequality: the true false-alarm probability is then at most `alpha`); otherwise Bonferroni's
    z_{1−α/P}, which always holds and is a little higher.
    """
    check_campaign(balances, alpha)
    each = each_alpha(balances, alpha) if positively_correlated else alpha / balances
    method: Method = "exact" if balances == 1 else "conservative"
    return Threshold(-float(ndtri(each)), alpha, balances, statistic, method)


def single_balance_threshold(alpha: float = 0.05, sigma_kg: float = 1.0) -> float:
    """Return z_{1−α}σ, above which one MUF tested alone is significant, kg."""
    check_campaign(1, alpha)
    check_positive(sigma_kg, "the standard deviation of MUF")
    return -float(ndtri(alpha)) * sigma_kg


def gemuf_v1_threshold(balances: int, alpha: float = 0.05) -> Threshold:
    """Return the common p-value at which GEMUF V1 is tested at every balance.

    Exact up to `EXACT_GEMUF_UP_TO` balances; beyond, 1 − (1−α)^{1/P}, which is conservative
    because the sums Z_i rise and fall together.
    """
    check_campaign(balances, alpha)
    if balances > EXACT_GEMUF_UP_TO:
        return Threshold(each_alpha(balances, alpha), alpha, balances, "gemuf_v1", "conservative")
    return Threshold(_gemuf_root(balances, alpha), alpha, balances, "gemuf_v1", "exact")


def gemuf_v1_limits(threshold: Threshold, balances: int) -> Floats:
    """Return the values of GEMUF V1 above which each of the first balances alarms, shape (P,).

    The chi-square quantiles of the common p-value, for a chart of Z_i with its limit.
    """
    return np.asarray(chdtri(np.arange(1, balances + 1), threshold.threshold), dtype=np.float64)


@lru_cache(maxsize=128)
def independent_cumuf_threshold(balances: int, alpha: float = 0.05) -> Threshold:
    """Return the threshold of CUMUF/σ tested at every balance, for independent like balances.

    The cumulated MUF is then a random walk, W_i/√i > h. Exact up to `EXACT_WALK_UP_TO` balances;
    beyond, Šidák's value (conservative: all correlations √(i/j) are positive).
    """
    check_campaign(balances, alpha)
    if balances > EXACT_WALK_UP_TO:
        return conservative_threshold(balances, alpha, "cumuf")

    def uses(h: float) -> float:
        return 1.0 - walk_propagation.no_alarm_probability(balances, h)

    h = _decreasing_root(uses, alpha, -float(ndtri(alpha)) * 1.1)
    return Threshold(h, alpha, balances, "cumuf", "exact")


def needed_sigma(
    loss_kg: float, *, alpha: float = 0.05, detection_probability: float = 0.95
) -> float:
    """Return the σ(MUF) at which one balance detects `loss_kg`: L/(z_{1−α} + z_{1−β}), kg.

    Raises
    ------
    UsageError
        If the loss is not positive, or the detection probability is not above `alpha` (then every
        standard deviation is good enough).
    """
    check_positive(loss_kg, "the loss")
    check_campaign(1, alpha)
    if not (math.isfinite(detection_probability) and alpha < detection_probability < 1):
        raise UsageError(
            f"the detection probability {detection_probability} must lie between alpha = {alpha}"
            " and 1",
            "A common target is 0.95, or 0.9.",
        )
    return loss_kg / (float(ndtri(detection_probability)) - float(ndtri(alpha)))


def each_alpha(balances: int, alpha: float) -> float:
    """Return 1 − (1−α)^{1/P}, the share of each of P independent tests."""
    return -math.expm1(math.log1p(-alpha) / balances)


def check_campaign(balances: int, alpha: float) -> None:
    """Refuse a campaign without balances, or an alpha that is no probability."""
    if not isinstance(balances, int | np.integer) or not 1 <= balances <= MAX_BALANCES:
        raise UsageError(
            f"{balances} is not a number of balances between 1 and {MAX_BALANCES}",
            "Give the number of balances of the campaign or year that alpha stands for.",
        )
    if not (math.isfinite(alpha) and 0 < alpha < 1):
        raise UsageError(
            f"alpha = {alpha} is not a probability between 0 and 1",
            "alpha is the false-alarm probability of the whole campaign; 0.05 is common.",
        )


def check_reference(k: float, start: float = 0.0) -> None:
    """Refuse a reference value or start of Page's test that is negative or not a number."""
    if not (math.isfinite(k) and k >= 0):
        raise UsageError(
            f"the reference value k = {k} of Page's test is not a number of at least 0",
            "k = 0.5 is usual: half the shift per balance, in standard deviations, to be found.",
        )
    if not (math.isfinite(start) and start >= 0):
        raise UsageError(
            f"Page's test cannot start at {start}", "Start at 0, or at a positive head start."
        )


def check_positive(value: float, name: str) -> None:
    """Refuse a quantity that is not a positive number."""
    if not (math.isfinite(value) and value > 0):
        raise UsageError(f"{name} is {value}, not a positive number", "Give it in kg, above 0.")


@lru_cache(maxsize=512)
def _page_root(balances: int, alpha: float, k: float, start: float) -> float:
    def uses(h: float) -> float:
        if alpha < _SMALL_ALPHA:
            return page_propagation.alarm_probability(balances, h, k, start)
        return 1.0 - page_propagation.no_alarm_probability(balances, h, k, start)

    most = uses(0.0)
    if most < alpha:
        raise UsageError(
            f"with k = {k:g} even a threshold of 0 uses only {most:.3g} of alpha = {alpha:g}"
            f" in {balances} balance{'s' if balances > 1 else ''}",
            "Choose a smaller k, or test SITMUF itself.",
        )
    guess = (
        2.3 * math.sqrt(balances) + 0.5
        if k == 0
        else min(
            2.3 * math.sqrt(balances), math.log(1.0 + balances * 2.0 * k * k / alpha) / (2 * k)
        )
    )
    return _decreasing_root(uses, alpha, max(guess, 0.2))


@lru_cache(maxsize=128)
def _gemuf_root(balances: int, alpha: float) -> float:
    if balances == 1:
        return alpha

    def misses(log_p: float) -> float:
        used = 1.0 - gemuf_propagation.no_alarm_probability(balances, math.exp(log_p))
        return used - alpha

    low, high = math.log(alpha / balances) - 1e-6, math.log(alpha)
    return math.exp(float(brentq(misses, low, high, xtol=1e-13, rtol=1e-14)))


def _decreasing_root(uses: Callable[[float], float], alpha: float, guess: float) -> float:
    """Return the h > 0 with ``uses(h) == alpha``, for a decreasing probability `uses`.

    Solved on the probit scale, where such functions are nearly straight.
    """

    def misses(h: float) -> float:
        return float(ndtri(min(max(uses(h), 1e-300), 1.0 - 1e-16))) - target

    target = float(ndtri(alpha))
    low = high = guess
    at = misses(guess)
    if at > 0:
        while misses(high) > 0:
            low, high = high, high * 1.4 + 0.1
    else:
        while low > 1e-12 and misses(low) < 0:
            low, high = low / 1.4 - 0.05 if low > 0.2 else low / 4.0, low
        if low <= 1e-12:
            return 0.0
    return float(brentq(misses, low, high, xtol=1e-13, rtol=1e-14))
