"""Detection probability: would a loss have been noticed, and when.

Under a loss vector M (kg truly removed in each balance) the mean of MUF is M and that of SITMUF is
L⁻¹M; the spread stays the same while the loss is small. So the detection probability of each test
is computed exactly from Σ and M, without simulation. Report at least an abrupt loss in each
balance, a uniform protracted loss, and the worst case for the CUMUF test, M ∝ Σ1.

A finer division of time does not raise the probability of detecting a protracted loss at a fixed
campaign alpha; it buys timeliness (Avenhaus and Jaech).

Source: Avenhaus and Jaech; Picard 1987; Page, Biometrika 41 (1954).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import chdtri, ndtr, ndtri
from scipy.stats import ncx2

from keiryo.errors import UsageError
from keiryo.material_balance import page_propagation, thresholds
from keiryo.material_balance.factoring import Factor, checked_covariance, factor
from keiryo.material_balance.statistics import standardise
from keiryo.material_balance.thresholds import Threshold

Floats = npt.NDArray[np.float64]

EXACT_STATISTICS = ("page", "sitmuf", "neyman_pearson", "cumuf_end", "gemuf_v1_end", "single")
"""Statistics whose detection probability `detection` computes exactly."""


@dataclass(frozen=True, slots=True)
class Detection:
    """How probably, and when, a loss is detected by one test.

    Attributes
    ----------
    statistic : str
    probability : float
        Probability of an alarm in the campaign, early false alarms included.
    alpha : float
        False-alarm probability of the same test.
    threshold : float
    first_alarm : array of float, shape (P,)
        Probability that the first alarm comes at each balance; a test at the end has all of it
        in the last balance. Sums to `probability`.
    first_loss : int
        Number of the first balance with a loss, from 1; 0 if there is none.
    k : float, optional
    """

    statistic: str
    probability: float
    alpha: float
    threshold: float
    first_alarm: Floats
    first_loss: int
    k: float | None = None

    @property
    def time_to_detection(self) -> float:
        """Mean number of balances from the first with a loss to the alarm (1: in the same one).

        Given that the alarm comes, and not before the loss begins; NaN if that cannot happen.
        """
        late = self.first_alarm[max(self.first_loss - 1, 0) :]
        total = float(late.sum())
        if total <= 0:
            return math.nan
        return float(late @ np.arange(1, late.size + 1)) / total

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain data, NaN as None."""
        time = self.time_to_detection
        return {
            "statistic": self.statistic,
            "detection_probability": self.probability,
            "alpha": self.alpha,
            "threshold": self.threshold,
            "k": self.k,
            "first_alarm": self.first_alarm.tolist(),
            "first_loss": self.first_loss,
            "time_to_detection": None if math.isnan(time) else time,
        }


def uniform(balances: int, loss_kg: float, *, first: int = 1, last: int | None = None) -> Floats:
    """Return a loss spread evenly over balances `first`..`last` (from 1), kg."""
    end = balances if last is None else last
    if not 1 <= first <= end <= balances:
        raise UsageError(
            f"balances {first} to {end} are not within 1 to {balances}",
            "Count balances from 1, first before last.",
        )
    found = np.zeros(balances)
    found[first - 1 : end] = loss_kg / (end - first + 1)
    return found


def abrupt(balances: int, loss_kg: float, balance: int) -> Floats:
    """Return a loss that happens all in one balance (from 1), kg."""
    return uniform(balances, loss_kg, first=balance, last=balance)


def worst_case(covariance: npt.ArrayLike, loss_kg: float) -> Floats:
    """Return the loss that the best test finds hardest: M = L Σ1 / (1ᵀΣ1), kg.

    Its Neyman–Pearson test is the CUMUF test at the end, the lowest of all patterns.

    References
    ----------
    Avenhaus and Jaech.

    Raises
    ------
    UsageError
        If the cumulated MUF has no variance.
    """
    rows = checked_covariance(covariance).sum(axis=1)
    total = float(rows.sum())
    if total <= 0:
        raise UsageError(
            "the cumulated MUF has no variance, so there is no worst case",
            "Give error sources, or a pattern of your own.",
        )
    return np.asarray(loss_kg * rows / total, dtype=np.float64)


def single_balance_power(loss_kg: float, sigma_kg: float, alpha: float = 0.05) -> float:
    """Return Φ(L/σ − z_{1−α}), the detection probability of one balance."""
    thresholds.check_campaign(1, alpha)
    thresholds.check_positive(sigma_kg, "the standard deviation of MUF")
    if not math.isfinite(loss_kg):
        raise UsageError(f"a loss of {loss_kg} is not a number", "Give it in kg.")
    return float(ndtr(loss_kg / sigma_kg + ndtri(alpha)))


def detection(
    loss_kg: npt.ArrayLike,
    covariance: npt.ArrayLike,
    statistic: str,
    *,
    alpha: float = 0.05,
    k: float = 0.5,
    threshold: Threshold | None = None,
    factored: Factor | None = None,
) -> Detection:
    """Return the exact detection probability of one test under a loss.

    Parameters
    ----------
    loss_kg : array_like, shape (P,)
        True removal in each balance.
    covariance : array_like, shape (P, P)
        kg².
    statistic : str
        ``"page"`` or ``"sitmuf"`` (tested at every balance); ``"neyman_pearson"`` (the pattern is
        known: the upper bound of all tests), ``"cumuf_end"``, ``"gemuf_v1_end"`` (tested once,
        after the last balance); ``"single"`` (P = 1: MUF/σ).
    alpha : float
        False-alarm probability of the campaign; `threshold` comes before it.
    k : float
        Reference value of Page's test.
    threshold : Threshold, optional
        A threshold other than the exact one, for ``"page"`` and ``"sitmuf"``.
    factored : Factor, optional
        The factor of `covariance`, to save computing it again.

    Raises
    ------
    UsageError
        If the statistic cannot be computed exactly (simulate it), or the input makes no sense.
    """
    sigma = np.asarray(covariance, dtype=np.float64)
    factored = factored or factor(sigma)
    loss = _checked_loss(loss_kg, factored)
    mean = standardise(loss, factored)
    if factored.count == 0:
        raise UsageError(
            "no balance has a measurement error, so no test can be computed",
            "Give error sources; without them any MUF at all is a mistake to look into.",
        )
    if statistic == "page":
        limit = threshold or thresholds.page_threshold(factored.count, alpha, k)
        reference = k if limit.k is None else limit.k
        found = page_propagation.first_alarm(mean, limit.threshold, reference)
        return _result(statistic, found, limit.alpha, limit.threshold, loss, reference)
    if statistic == "sitmuf":
        limit = threshold or thresholds.shewhart_threshold(factored.count, alpha)
        found = _shewhart_first_alarm(mean, limit.threshold)
        return _result(statistic, found, limit.alpha, limit.threshold, loss)
    thresholds.check_campaign(factored.count, alpha)
    power, value = _at_end(statistic, loss, mean, sigma, factored, alpha)
    found = np.zeros(loss.size)
    found[np.flatnonzero(factored.usable)[-1]] = power
    return _result(statistic, found, alpha, value, loss)


def _at_end(
    statistic: str, loss: Floats, mean: Floats, sigma: Floats, factored: Factor, alpha: float
) -> tuple[float, float]:
    """Return detection probability and threshold of a test made once, after the last balance."""
    quantile = -float(ndtri(alpha))
    noncentral = float(np.nansum(mean * mean))
    if statistic == "neyman_pearson":
        return float(ndtr(math.sqrt(noncentral) - quantile)), quantile
    if statistic == "cumuf_end" or (statistic == "single" and loss.size == 1):
        total = float(sigma.sum())
        if total <= 1e-12 * float(np.diagonal(sigma).sum()):
            raise UsageError(
                "the cumulated MUF has no variance, so its test cannot be computed",
                "Look at the single balances, or at the error sources of the flows.",
            )
        return float(ndtr(float(loss.sum()) / math.sqrt(total) - quantile)), quantile
    if statistic == "gemuf_v1_end":
        value = float(chdtri(factored.count, alpha))
        if noncentral == 0:
            return alpha, value
        return float(ncx2.sf(value, factored.count, noncentral)), value
    raise UsageError(
        f"the detection probability of {statistic!r} cannot be computed exactly here",
        f"Simulate it, or ask for one of {', '.join(EXACT_STATISTICS)} (single: one balance).",
    )


def detectable_loss(
    pattern: npt.ArrayLike,
    covariance: npt.ArrayLike,
    statistic: str,
    *,
    probability: float = 0.95,
    alpha: float = 0.05,
    k: float = 0.5,
) -> float:
    """Return the total loss, spread like `pattern`, that is detected with `probability`, kg.

    Found by bisection of `detection`.

    Raises
    ------
    UsageError
        If the pattern is not a loss, the probability not between `alpha` and 1, or no loss of
        this pattern reaches it.
    """
    shape = np.asarray(pattern, dtype=np.float64)
    total = float(shape.sum())
    if not (np.isfinite(shape).all() and total > 0):
        raise UsageError("the loss pattern does not add up to a loss", "Give amounts above 0.")
    if not (math.isfinite(probability) and alpha < probability < 1):
        raise UsageError(
            f"the probability {probability} must lie between alpha = {alpha} and 1",
            "A common target is 0.95.",
        )
    factored = factor(covariance)
    unit = shape / total
    size = float(np.sqrt(np.nansum(standardise(unit, factored) ** 2)))
    if size == 0:
        raise UsageError(
            "the loss lies in balances that cannot be tested", "Give their error sources."
        )

    def misses(loss: float) -> float:
        found = detection(
            unit * loss, covariance, statistic, alpha=alpha, k=k, factored=factored
        )  # fmt: skip
        return found.probability - probability

    return _root(misses, 2.0 / size)


def _root(misses: Callable[[float], float], guess: float) -> float:
    high = guess
    for _ in range(60):
        if misses(high) >= 0:
            break
        high *= 2.0
    else:
        raise UsageError(
            "no loss of this pattern is detected with that probability by this test",
            "Choose another statistic or pattern.",
        )
    return float(brentq(misses, 0.0, high, xtol=1e-12 * high, rtol=1e-13))


@dataclass(frozen=True, slots=True)
class PowerReport:
    """Detection probabilities that belong together for one test and one total loss.

    Attributes
    ----------
    statistic : str
    loss_kg, alpha : float
    abrupt : tuple of Detection
        The loss all in one balance, each balance in turn.
    uniform, worst_case : Detection
    """

    statistic: str
    loss_kg: float
    alpha: float
    abrupt: tuple[Detection, ...]
    uniform: Detection
    worst_case: Detection

    @property
    def abrupt_least(self) -> float:
        """The lowest detection probability of an abrupt loss."""
        return min(d.probability for d in self.abrupt)

    @property
    def abrupt_mean(self) -> float:
        """The mean detection probability of an abrupt loss, all balances equally likely."""
        return sum(d.probability for d in self.abrupt) / len(self.abrupt)


def power_report(
    covariance: npt.ArrayLike,
    loss_kg: float,
    statistic: str,
    *,
    alpha: float = 0.05,
    k: float = 0.5,
) -> PowerReport:
    """Return the detection probability of abrupt (each balance), uniform and worst-case losses."""
    sigma = np.asarray(covariance, dtype=np.float64)
    factored = factor(sigma)
    size = factored.balances

    def of(loss: Floats) -> Detection:
        return detection(loss, sigma, statistic, alpha=alpha, k=k, factored=factored)

    return PowerReport(
        statistic,
        loss_kg,
        alpha,
        tuple(of(abrupt(size, loss_kg, b + 1)) for b in range(size)),
        of(uniform(size, loss_kg)),
        of(worst_case(sigma, loss_kg)),
    )


def _checked_loss(loss_kg: npt.ArrayLike, factored: Factor) -> Floats:
    loss = np.asarray(loss_kg, dtype=np.float64)
    if loss.shape != (factored.balances,):
        raise UsageError(
            f"the loss has shape {loss.shape}, but there are {factored.balances} balances",
            "Give the kilograms removed in each balance, 0 where nothing is.",
        )
    if not np.isfinite(loss).all():
        first = int(np.flatnonzero(~np.isfinite(loss))[0])
        raise UsageError(
            f"the loss of balance {first + 1} is not a finite number",
            "Give the kilograms removed in each balance, 0 where nothing is.",
        )
    return loss


def _shewhart_first_alarm(mean: Floats, threshold: float) -> Floats:
    """Return the probability of the first alarm at each balance when y_i > h is tested."""
    at = np.where(np.isnan(mean), 0.0, ndtr(mean - threshold))
    quiet = np.concatenate([[0.0], np.cumsum(np.log1p(-np.minimum(at, 1.0 - 1e-16)))[:-1]])
    return np.asarray(at * np.exp(quiet), dtype=np.float64)


def _result(
    statistic: str,
    first_alarm: Floats,
    alpha: float,
    threshold: float,
    loss: Floats,
    k: float | None = None,
) -> Detection:
    where = np.flatnonzero(loss)
    first = int(where[0]) + 1 if where.size else 0
    total = min(1.0, float(first_alarm.sum()))
    return Detection(statistic, total, alpha, threshold, first_alarm, first, k)
