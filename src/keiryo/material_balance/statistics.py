"""Test statistics of a sequence of balances, vectorised over realizations.

Arrays have shape (..., P): the last axis is the balance, the others are realizations. A loss is
positive and all tests are one-sided for loss. With Σ = L Lᵀ (lower Cholesky), the standardised
independent residuals y = L⁻¹ MUF (SITMUF) are N(0, 1) and independent when nothing is missing; the
other sequential tests are functions of y.

A balance without measurement error, or one that the earlier balances determine completely, has no
standardised residual: it is NaN in y and skipped by the tests, and a finding says so.

Source: Picard, "Sequential analysis of material balances", J. Inst. Nucl. Mater. Manag. 15 (1987);
Page, "Continuous inspection schemes", Biometrika 41 (1954); Seifert (1986) for GEMUF; Avenhaus
and Jaech for tests of cumulative MUF; Robbins (1970) for tests of power one; Wald (1947).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import linalg, signal
from scipy.special import chdtrc, chdtri

from keiryo.errors import UsageError
from keiryo.material_balance.factoring import Factor, factor
from keiryo.material_balance.thresholds import check_reference

__all__ = [
    "Factor",
    "SprtBounds",
    "cumuf",
    "ewma",
    "factor",
    "gemuf_v1",
    "gemuf_v1_probability",
    "gemuf_v5",
    "itmuf",
    "joint_page",
    "neyman_pearson",
    "page",
    "power_one_boundary",
    "power_one_constant",
    "sigma_cumuf",
    "sigma_itmuf",
    "sitmuf",
    "sprt",
    "sprt_bounds",
    "standardise",
]

Floats = npt.NDArray[np.float64]


def standardise(values: npt.ArrayLike, factor: Factor) -> Floats:
    """Return L⁻¹ of each row of `values`, shape (..., P); NaN where a balance is left out.

    Raises
    ------
    UsageError
        If the last axis is not the balances of `factor`, or a value that is used is not finite.
    """
    given = np.asarray(values, dtype=np.float64)
    if given.ndim == 0 or given.shape[-1] != factor.balances:
        raise UsageError(
            f"{given.shape[-1] if given.ndim else 1} balances were given, but the covariance is"
            f" of {factor.balances}",
            "Give one MUF for each balance of the covariance, in the same order.",
        )
    used = given[..., factor.usable]
    if not np.isfinite(used).all():
        bad = np.isfinite(used).reshape(-1, used.shape[-1]).all(axis=0)
        first = int(np.flatnonzero(factor.usable)[~bad][0])
        raise UsageError(
            f"the MUF of balance {first + 1} is not a finite number",
            "Give its value, or leave the balance out of the covariance (leave_out).",
        )
    found = np.full(given.shape, np.nan)
    if factor.count:
        flat = used.reshape(-1, factor.count)
        solved = linalg.solve_triangular(factor.lower, flat.T, lower=True, check_finite=False)
        found[..., factor.usable] = solved.T.reshape(used.shape)
    return found


def sitmuf(muf: npt.ArrayLike, factor: Factor) -> Floats:
    """Return the standardised independent residuals y = L⁻¹ MUF.

    y_i is the difference between MUF_i and what the earlier balances predict for it, divided by
    its standard deviation. N(0, 1) and independent when nothing is missing; it uses balances up
    to i only, so a later balance never changes it.

    References
    ----------
    Picard (1987).
    """
    return standardise(muf, factor)


def itmuf(muf: npt.ArrayLike, factor: Factor) -> Floats:
    """Return MUF_i minus its prediction Σ_{i,<i} Σ_{<i}⁻¹ MUF_{<i} from earlier balances, kg."""
    return np.asarray(standardise(muf, factor) * sigma_itmuf(factor), dtype=np.float64)


def sigma_itmuf(factor: Factor) -> Floats:
    """Return the standard deviation of ITMUF, the diagonal of L, kg; shape (P,)."""
    found = np.full(factor.balances, np.nan)
    found[factor.usable] = np.diagonal(factor.lower)
    return found


def cumuf(muf: npt.ArrayLike) -> Floats:
    """Return the running sum of MUF, kg; a missing balance (NaN) makes all later ones NaN."""
    return np.asarray(np.cumsum(np.asarray(muf, dtype=np.float64), axis=-1), dtype=np.float64)


def sigma_cumuf(covariance: npt.ArrayLike) -> Floats:
    """Return the standard deviation of CUMUF after each balance, √(1ᵀ Σ_{1..i} 1), kg.

    Inner inventories cancel: only the first and last closing and the flows matter. Variances of
    the balances must never be added up instead.
    """
    sigma = np.asarray(covariance, dtype=np.float64)
    size = sigma.shape[-1]
    steps = np.array([sigma[i, i] + 2.0 * sigma[i, :i].sum() for i in range(size)])
    variance = np.cumsum(steps)
    rounding = 1e-12 * np.cumsum(np.abs(np.diagonal(sigma)))
    variance[np.abs(variance) <= rounding] = 0.0
    if (variance < 0).any():
        first = int(np.flatnonzero(variance < 0)[0])
        raise UsageError(
            f"the variance of the cumulated MUF is negative at balance {first + 1}",
            "A covariance cannot do that; build it from error sources, or check its signs.",
        )
    return np.asarray(np.sqrt(variance), dtype=np.float64)


def page(y: npt.ArrayLike, k: float = 0.5, start: float = 0.0) -> Floats:
    """Return Page's statistic S_i = max(0, S_{i−1} + y_i − k), S_0 = `start`.

    Balances with NaN are skipped: S stays as it was, and the value there is NaN.

    Parameters
    ----------
    y : array_like, shape (..., P)
        Standardised residuals.
    k : float
        Reference value in standard deviations, half the shift per balance to be detected.
    start : float
        S_0, at least 0.

    Raises
    ------
    UsageError
        If `k` is negative or not finite, or `start` is negative or not finite.
    """
    check_reference(k, start)
    given = np.asarray(y, dtype=np.float64)
    found = np.empty_like(given)
    state = np.full(given.shape[:-1], float(start))
    for i in range(given.shape[-1]):
        here = given[..., i]
        moved = np.maximum(0.0, state + here - k)
        missing = np.isnan(here)
        found[..., i] = moved
        state = np.where(missing, state, moved) if missing.any() else moved
    return found


def joint_page(y: npt.ArrayLike, ks: Sequence[float]) -> Floats:
    """Return Page's statistic for several k, shape (len(ks), ..., P).

    A small k finds protracted losses, a large one abrupt losses; the alarm is raised if any of
    them is above its own threshold (see `thresholds.joint_page_thresholds`).
    """
    return np.stack([page(y, k) for k in ks])


def ewma(y: npt.ArrayLike, weight: float = 0.2) -> Floats:
    """Return the exponentially weighted mean of y, divided by its exact standard deviation.

    Notes
    -----
    z_i = λ y_i + (1 − λ) z_{i−1}, Var(z_i) = λ/(2−λ)·[1 − (1−λ)^{2i}], λ = `weight` in (0, 1].
    Balances with NaN are skipped; i counts the others.

    Raises
    ------
    UsageError
        If `weight` is outside (0, 1].
    """
    if not (math.isfinite(weight) and 0 < weight <= 1):
        raise UsageError(
            f"an EWMA weight of {weight} is outside (0, 1]", "Common weights are 0.1 to 0.3."
        )
    given = np.asarray(y, dtype=np.float64)
    missing = np.isnan(given)
    if not missing.any():
        used = np.broadcast_to(np.arange(1, given.shape[-1] + 1), given.shape)
        value = np.asarray(signal.lfilter([weight], [1.0, weight - 1.0], given, axis=-1))
    else:
        used = np.cumsum(~missing, axis=-1)
        value = np.empty_like(given)
        state = np.zeros(given.shape[:-1])
        for i in range(given.shape[-1]):
            moved = weight * given[..., i] + (1.0 - weight) * state
            value[..., i] = moved
            state = np.where(missing[..., i], state, moved)
    variance = np.ones(given.shape)
    if weight < 1:
        rest = -np.expm1(2.0 * np.maximum(used, 1) * np.log1p(-weight))
        variance = weight / (2.0 - weight) * rest
    return np.asarray(value / np.sqrt(variance), dtype=np.float64)


def gemuf_v1(y: npt.ArrayLike) -> Floats:
    """Return GEMUF with the MUF itself as estimated loss: Z_i = Σ_{j≤i} y_j².

    The Mahalanobis distance of the first i balances, chi-square with i degrees of freedom when
    nothing is missing. It reacts to apparent gains too. NaN balances are skipped.

    References
    ----------
    Seifert (1986).
    """
    given = np.asarray(y, dtype=np.float64)
    found = np.cumsum(np.where(np.isnan(given), 0.0, given * given), axis=-1)
    return np.asarray(np.where(np.isnan(given), np.nan, found), dtype=np.float64)


def gemuf_v1_probability(gemuf: npt.ArrayLike) -> Floats:
    """Return the chi-square probability of reaching each GEMUF V1 value when nothing is missing."""
    given = np.asarray(gemuf, dtype=np.float64)
    freedom = np.cumsum(~np.isnan(given), axis=-1)
    return np.asarray(chdtrc(np.maximum(freedom, 1), given), dtype=np.float64)


def gemuf_v1_limits(gemuf: npt.ArrayLike, probability: float) -> Floats:
    """Return the GEMUF V1 that is reached with a probability when nothing is missing.

    Parameters
    ----------
    gemuf : array_like
        The values; where there is none (NaN), there is no limit.
    probability : float
        Common to all balances: chi-square with as many degrees of freedom as there are so far.
    """
    known = np.isfinite(np.asarray(gemuf, dtype=np.float64))
    limits = chdtri(np.maximum(np.cumsum(known, axis=-1), 1), probability)
    return np.asarray(np.where(known, limits, np.nan), dtype=np.float64)


def smoothed_loss(muf: npt.ArrayLike) -> Floats:
    """Return M̂ of GEMUF V5B3, shape (..., P): the weighted mean of five balances, kg.

    (MUF_{i−2} + MUF_{i−1} + 3 MUF_i + MUF_{i+1} + MUF_{i+2})/7; 0 in the first two and last two.

    References
    ----------
    Seifert (1986).
    """
    given = np.asarray(muf, dtype=np.float64)
    found = np.zeros_like(given)
    if given.shape[-1] >= 5:
        sides = given[..., :-4] + given[..., 1:-3] + given[..., 3:-1] + given[..., 4:]
        found[..., 2:-2] = (sides + 3.0 * given[..., 2:-2]) / 7.0
    return found


def gemuf_v5(muf: npt.ArrayLike, factor: Factor) -> Floats:
    """Return GEMUF V5B3: Z_i = M̂ᵀ Σ⁻¹ MUF over balances 1..i with a smoothed loss estimate M̂.

    Notes
    -----
    M̂_i = (MUF_{i−2} + MUF_{i−1} + 3 MUF_i + MUF_{i+1} + MUF_{i+2})/7 estimates the loss of balance
    i with less variance than MUF_i, and needs two later balances. It does not exist for the first
    two and last two balances: their Z is NaN, and they count as no loss in M̂. Balances that
    are left out of `factor` are left out of the windows as well.

    References
    ----------
    Seifert (1986).
    """
    given = np.asarray(muf, dtype=np.float64)
    y = standardise(given, factor)
    found = np.full(given.shape, np.nan)
    count = factor.count
    if count < 5:
        return found
    used = given[..., factor.usable]
    estimate = smoothed_loss(used)
    inner = slice(2, count - 2)
    spread = np.zeros_like(given)
    spread[..., factor.usable] = estimate
    summed = np.cumsum((standardise(spread, factor) * y)[..., factor.usable], axis=-1)
    where = np.flatnonzero(factor.usable)[inner]
    found[..., where] = summed[..., inner]
    return found


def neyman_pearson(muf: npt.ArrayLike, loss_kg: npt.ArrayLike, factor: Factor) -> Floats:
    """Return Mᵀ Σ⁻¹ MUF / √(Mᵀ Σ⁻¹ M): the best test against the known loss pattern M.

    N(0, 1) when nothing is missing; alarm above z_{1−α}. Its detection probability is the upper
    bound of that of any test.

    Raises
    ------
    UsageError
        If the loss is zero in all balances that can be tested.
    """
    m = np.nan_to_num(standardise(loss_kg, factor))
    size = math.sqrt(float(np.sum(m * m)))
    if size == 0:
        raise UsageError(
            "the loss pattern is zero in every balance that can be tested",
            "Give a loss of at least one balance that has a measurement error.",
        )
    y = np.nan_to_num(standardise(muf, factor))
    return np.asarray(y @ m / size, dtype=np.float64)


def power_one_constant(probability: float) -> float:
    """Return the constant a of the test of power one: √(−2 ln probability).

    2.4477… for 0.05: the probability that |Σy| ever crosses the boundary is at most this.
    """
    _check_probability(probability, "the false-alarm probability")
    return math.sqrt(-2.0 * math.log(probability))


def power_one_boundary(
    balances: npt.ArrayLike, *, m: float = 5.0, probability: float = 0.05
) -> Floats:
    """Return the boundary of Robbins' test of power one for Σ_{j≤i} y_j, at i = `balances`.

    Notes
    -----
    √((i + m)(a² + ln(i/m + 1))) with a² = −2 ln(probability). The test never has to stop: with
    nothing missing, |Σy| ever crosses it with at most this probability.

    References
    ----------
    Robbins (1970), Ann. Math. Statist. 41.
    """
    if not (math.isfinite(m) and m > 0):
        raise UsageError(f"m = {m} must be positive", "m = 5 puts the best power near balance 5.")
    a = power_one_constant(probability)
    i = np.asarray(balances, dtype=np.float64)
    return np.asarray(np.sqrt((i + m) * (a * a + np.log(i / m + 1.0))), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class SprtBounds:
    """Bounds of Wald's sequential probability ratio test, for the log likelihood ratio.

    Attributes
    ----------
    alarm : float
        ln((1−β)/α): the loss is accepted as real above this.
    no_alarm : float
        ln(β/(1−α)): the hypothesis of no loss is accepted below this.
    """

    alarm: float
    no_alarm: float


def sprt_bounds(alpha: float, beta: float) -> SprtBounds:
    """Return Wald's bounds for false-alarm probability `alpha` and non-detection `beta`."""
    _check_probability(alpha, "alpha")
    _check_probability(beta, "beta")
    if alpha + beta >= 1:
        raise UsageError(
            f"alpha + beta = {alpha + beta} leaves nothing to decide", "Keep their sum below 1."
        )
    return SprtBounds(math.log((1.0 - beta) / alpha), math.log(beta / (1.0 - alpha)))


def sprt(y: npt.ArrayLike, mean: npt.ArrayLike) -> Floats:
    """Return the log likelihood ratio of y ~ N(`mean`, 1) against N(0, 1) after each balance.

    `mean` is L⁻¹M, the mean of the standardised residuals under the loss that is to be detected.
    NaN balances are skipped.
    """
    given = np.asarray(y, dtype=np.float64)
    mu = np.asarray(mean, dtype=np.float64)
    steps = mu * given - 0.5 * mu * mu
    summed = np.cumsum(np.nan_to_num(steps), axis=-1)
    return np.asarray(np.where(np.isnan(steps), np.nan, summed), dtype=np.float64)


def _check_probability(value: float, name: str) -> None:
    if not (math.isfinite(value) and 0 < value < 1):
        raise UsageError(
            f"{name} is {value}, not a probability between 0 and 1",
            "0.05 is a common false-alarm probability for a year of balances.",
        )
