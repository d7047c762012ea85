"""The questions of a designer: threshold, detection probability, detectable loss, power curve.

Where the distribution is known the answer is exact: Page's test and the largest SITMUF at every
balance, the tests made once at the end. The others (MUF, CUMUF, EWMA, GEMUF at every balance) are
simulated and carry a 95 % interval. A detection probability counts an alarm anywhere in the
campaign; the time to detection counts from the beginning of the loss to the closing of the
balance with the first alarm, over campaigns whose first alarm is not before the loss.

A finer division of time does not by itself make a protracted loss easier to detect at a fixed
false-alarm probability of the campaign; what it buys is time.

Source: Avenhaus and Jaech; Page, Biometrika 41 (1954); Picard 1987.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from keiryo.compute.runner import Progress, Runner, chosen_runner
from keiryo.design.case import INDEPENDENT, Campaign
from keiryo.errors import UsageError
from keiryo.material_balance import detection as exact
from keiryo.material_balance import thresholds
from keiryo.material_balance.factoring import contradictions, factor
from keiryo.material_balance.simulation import simulated_power, simulated_threshold
from keiryo.material_balance.thresholds import Threshold

Floats = npt.NDArray[np.float64]

SEQUENTIAL = ("page", "sitmuf", "muf", "cumuf", "ewma", "gemuf_v1", "gemuf_v5")
AT_END = ("cumuf_end", "gemuf_v1_end", "neyman_pearson")
STATISTICS = (*SEQUENTIAL, *AT_END)
_EXACT_THRESHOLD = ("page", "sitmuf", "gemuf_v1")
_EXACT_POWER = ("page", "sitmuf", *AT_END)


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is simulated, and where.

    Attributes
    ----------
    realizations, seed : int
    processes : int or None
        Local processes; None: as many as the work deserves.
    cluster : str or None
        Address of a Dask scheduler.
    progress : callable or None
    """

    realizations: int = 200_000
    seed: int = 1
    processes: int | None = None
    cluster: str | None = None
    progress: Progress | None = None

    def runner(self, width: int) -> Runner:
        """Return who does the work."""
        return chosen_runner(
            self.realizations, width, processes=self.processes, cluster=self.cluster
        )


@dataclass(frozen=True, slots=True)
class Power:
    """The answer to "would this loss be detected, and when".

    Attributes
    ----------
    statistic, method : str
        Method: exact or simulated.
    probability : float
    interval : tuple of float or None
        95 % interval of a simulated probability.
    alpha, threshold : float
    k : float or None
    loss_kg : array of float, shape (P,)
    first_alarm : array of float, shape (P,)
        Probability that the first alarm comes at each balance.
    time_to_detection_h, median_time_h : float or None
        Hours from the beginning of the loss to the closing with the first alarm.
    false_before : float
        Probability that the first alarm comes before the loss begins.
    contradicts : bool
        Whether the loss falls in a balance that the declared errors leave no room in: it then
        shows with certainty, whatever the statistic.
    """

    statistic: str
    method: str
    probability: float
    interval: tuple[float, float] | None
    alpha: float
    threshold: float
    k: float | None
    loss_kg: Floats
    first_alarm: Floats
    time_to_detection_h: float | None
    median_time_h: float | None
    false_before: float
    contradicts: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as plain data."""
        return {
            "detection_probability": self.probability,
            "interval": None if self.interval is None else list(self.interval),
            "time_to_detection": self.time_to_detection_h,
            "time_to_detection_median": self.median_time_h,
            "statistic": self.statistic,
            "method": self.method,
            "alpha": self.alpha,
            "threshold": self.threshold,
            "k": self.k,
            "first_alarm": self.first_alarm.tolist(),
            "false_alarm_before_loss": self.false_before,
            "contradicts_declared_errors": self.contradicts,
            "loss_by_balance": self.loss_kg.tolist(),
        }


def _known(statistic: str, allowed: Sequence[str]) -> None:
    if statistic not in allowed:
        raise UsageError(
            f"there is no statistic {statistic!r} here", f"Choose one of {', '.join(allowed)}."
        )


def campaign_threshold(
    campaign: Campaign | int,
    statistic: str,
    alpha: float = 0.05,
    *,
    k: float = 0.5,
    effort: Effort | None = None,
) -> Threshold:
    """Return the threshold that a statistic exceeds in a campaign without loss with `alpha`.

    Parameters
    ----------
    campaign : Campaign or int
        A number stands for so many balances that are independent; Page, SITMUF and GEMUF V1 need
        no more than it, whatever the covariance.
    statistic : str
        One of `SEQUENTIAL`.
    alpha : float
        False-alarm probability of the whole campaign.
    k : float
        Reference value of Page's test.
    effort : Effort, optional
        Used where there is no exact method.

    Raises
    ------
    UsageError
        If the statistic is not known or a number makes no sense.
    """
    _known(statistic, SEQUENTIAL)
    work = effort or Effort()
    balances = campaign if isinstance(campaign, int) else _usable(campaign)
    if statistic == "page":
        return thresholds.page_threshold(balances, alpha, k)
    if statistic == "sitmuf":
        return thresholds.shewhart_threshold(balances, alpha)
    if statistic == "gemuf_v1":
        return thresholds.gemuf_v1_threshold(balances, alpha)
    if isinstance(campaign, int) and statistic == "muf":
        found = thresholds.shewhart_threshold(balances, alpha)
        return Threshold(found.threshold, alpha, balances, "muf", "exact")
    if isinstance(campaign, int) and statistic == "cumuf":
        return thresholds.independent_cumuf_threshold(balances, alpha)
    covariance = np.eye(campaign) if isinstance(campaign, int) else campaign.covariance
    return simulated_threshold(
        covariance, statistic, alpha, k=k, realizations=work.realizations, seed=work.seed,
        runner=work.runner(covariance.shape[0]), progress=work.progress,
    )  # fmt: skip


def threshold_assumptions(campaign: Campaign | int, statistic: str) -> tuple[str, ...]:
    """Return what a threshold rests on, in words."""
    if statistic in _EXACT_THRESHOLD:
        return (
            "SITMUF is standard normal and independent over balances when nothing is missing and "
            "the error model is right.",
        )
    return (INDEPENDENT,) if isinstance(campaign, int) else campaign.assumptions


def power(
    campaign: Campaign,
    loss_kg: Floats,
    statistic: str,
    alpha: float = 0.05,
    *,
    k: float = 0.5,
    begin_h: float | None = None,
    effort: Effort | None = None,
) -> Power:
    """Return how probably and how soon a loss is detected.

    Parameters
    ----------
    campaign : Campaign
    loss_kg : array of float, shape (P,)
    statistic : str
        One of `STATISTICS`.
    alpha, k : float
    begin_h : float, optional
        Hour at which the loss begins; default: the opening of the first balance with a loss.
    effort : Effort, optional

    Raises
    ------
    UsageError
        If the statistic is not known, or nothing can be computed.
    """
    _known(statistic, STATISTICS)
    if not (np.isfinite(loss_kg).all() and loss_kg.sum() >= 0):
        raise UsageError("a loss is a positive number of kilograms", "Give what is removed.")
    work = effort or Effort()
    if statistic in _EXACT_POWER:
        found = exact.detection(loss_kg, campaign.covariance, statistic, alpha=alpha, k=k)
        first, interval, method = found.first_alarm, None, "exact"
        probability, value, reference = found.probability, found.threshold, found.k
    else:
        limit = campaign_threshold(campaign, statistic, alpha, k=k, effort=work)
        estimate = simulated_power(
            campaign.covariance, loss_kg, limit, realizations=work.realizations,
            seed=work.seed + 1, runner=work.runner(campaign.balances), progress=work.progress,
        )  # fmt: skip
        first = np.asarray(estimate.first_alarms, dtype=np.float64) / work.realizations
        interval, method = estimate.interval, "simulated"
        probability, value = estimate.detection_probability, limit.threshold
        reference = limit.k
    certain = _certain(campaign, loss_kg)
    if certain is not None:
        first = first.copy()
        first[certain + 1 :] = 0.0
        first[certain] = 1.0 - float(first[:certain].sum())
        probability, interval = 1.0, None
    mean, median, before = _times(campaign, loss_kg, first, begin_h)
    return Power(
        statistic, method, probability, interval, alpha, value, reference, loss_kg, first, mean,
        median, before, certain is not None,
    )  # fmt: skip


def _certain(campaign: Campaign, loss_kg: Floats) -> int | None:
    """Return the first balance whose MUF no measurement error could explain, or None.

    A balance without any error, or one that the earlier ones determine, cannot be tested; but a
    loss in it contradicts the declared errors, and that is seen with certainty.
    """
    rest = contradictions(loss_kg, campaign.covariance, factor(campaign.covariance))
    wrong = np.flatnonzero(np.nan_to_num(rest) != 0.0)
    return int(wrong[0]) if wrong.size else None


def _times(
    campaign: Campaign, loss_kg: Floats, first_alarm: Floats, begin_h: float | None
) -> tuple[float | None, float | None, float]:
    """Return mean and median hours to detection, and the probability of an alarm before."""
    lossy = np.flatnonzero(loss_kg)
    if lossy.size == 0:
        return None, None, 0.0
    begin = int(lossy[0])
    late = first_alarm[begin:]
    total = float(late.sum())
    before = float(first_alarm[:begin].sum())
    if total <= 0:
        return None, None, before
    opened = float(campaign.closings_h[begin]) if begin_h is None else begin_h
    hours = campaign.closings_h[begin + 1 :] - opened
    mean = float(late @ hours) / total
    middle = int(np.searchsorted(np.cumsum(late), total / 2))
    return mean, float(hours[min(middle, hours.size - 1)]), before


def detectable_loss(
    campaign: Campaign,
    pattern: Floats,
    statistic: str = "page",
    *,
    probability: float = 0.95,
    alpha: float = 0.05,
    k: float = 0.5,
    effort: Effort | None = None,
) -> float:
    """Return the loss of a pattern that is detected with a probability, kg.

    Exact statistics are solved for; for the others the simulated detection probability (the same
    random numbers for every loss, so that it rises steadily) is bisected to a thousandth.

    Raises
    ------
    UsageError
        If no loss of this pattern reaches the probability.
    """
    _known(statistic, STATISTICS)
    if statistic in _EXACT_POWER:
        return exact.detectable_loss(
            pattern, campaign.covariance, statistic, probability=probability, alpha=alpha, k=k
        )
    work = effort or Effort()
    guess = exact.detectable_loss(
        pattern, campaign.covariance, "page", probability=probability, alpha=alpha, k=k
    )
    limit = campaign_threshold(campaign, statistic, alpha, k=k, effort=work)
    unit = pattern / pattern.sum()

    def reached(loss: float) -> bool:
        found = simulated_power(
            campaign.covariance, unit * loss, limit, realizations=work.realizations,
            seed=work.seed + 1, runner=work.runner(campaign.balances),
        )  # fmt: skip
        return found.detection_probability >= probability

    low, high = 0.0, guess
    for _ in range(30):
        if reached(high):
            break
        low, high = high, 2 * high
    else:
        raise UsageError(
            f"no loss of this pattern is detected with probability {probability:g} by {statistic}",
            "Choose another statistic or pattern.",
        )
    while high - low > 1e-3 * high:
        middle = (low + high) / 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high


def power_curve(
    campaign: Campaign,
    pattern: Floats,
    losses_kg: Sequence[float],
    statistics: Sequence[str] = ("page", "sitmuf", "cumuf_end"),
    *,
    alpha: float = 0.05,
    k: float = 0.5,
    effort: Effort | None = None,
) -> dict[str, list[Power]]:
    """Return the detection probability of each statistic for each loss, spread like `pattern`."""
    unit = pattern / pattern.sum()
    return {
        statistic: [
            power(campaign, unit * loss, statistic, alpha, k=k, effort=effort) for loss in losses_kg
        ]
        for statistic in statistics
    }


@dataclass(frozen=True, slots=True)
class Improvement:
    """What it would buy to make the errors of one source smaller.

    Attributes
    ----------
    source : str
    factor : float
        What its standard deviations are multiplied with.
    sigma_muf_kg : float
        Largest standard deviation of a balance afterwards.
    sigma_cumuf_kg : float
        Standard deviation of the cumulated MUF at the end.
    detection_probability : float
    detectable_kg : float or None
        Loss of the pattern that is detected with the wanted probability.
    """

    source: str
    factor: float
    sigma_muf_kg: float
    sigma_cumuf_kg: float
    detection_probability: float
    detectable_kg: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "source": self.source,
            "factor": self.factor,
            "sigma_muf": self.sigma_muf_kg,
            "sigma_cumuf": self.sigma_cumuf_kg,
            "detection_probability": self.detection_probability,
            "detectable_loss": self.detectable_kg,
        }


def what_if(
    campaign: Campaign,
    loss_kg: Floats,
    statistic: str = "page",
    *,
    factor: float = 0.5,
    probability: float = 0.95,
    alpha: float = 0.05,
    k: float = 0.5,
    effort: Effort | None = None,
) -> list[Improvement]:
    """Return what it buys to multiply the errors of each source with `factor`, best first.

    The first row is the campaign as it is, named ``"as it is"``.

    Raises
    ------
    UsageError
        If the error sources of the campaign are not known, or the factor is negative.
    """
    if campaign.errors is None:
        raise UsageError(
            "the error sources of a bare covariance are not known",
            "Give the process data with its sources.",
        )
    if not (math.isfinite(factor) and factor >= 0):
        raise UsageError(f"a standard deviation cannot be multiplied with {factor}", "Try 0.5.")
    cases = [("as it is", 1.0, campaign.covariance)]
    cases += [
        (source, factor, campaign.errors.scaled({source: factor}).covariance())
        for source in campaign.errors.sources
    ]
    found = []
    for source, by, covariance in cases:
        changed = Campaign(covariance, campaign.closings_h, None)
        try:
            probable = power(changed, loss_kg, statistic, alpha, k=k, effort=effort).probability
            least: float | None = detectable_loss(
                changed, loss_kg, statistic, probability=probability, alpha=alpha, k=k,
                effort=effort,
            )  # fmt: skip
        except UsageError:
            if source == "as it is":
                raise
            probable, least = 1.0, None  # nothing is left that could be wrong
        largest = math.sqrt(max(float(np.diagonal(covariance).max()), 0.0))
        total = math.sqrt(max(float(covariance.sum()), 0.0))
        found.append(Improvement(source, by, largest, total, probable, least))
    return found[:1] + sorted(
        found[1:],
        key=lambda i: (i.detectable_kg is not None, i.detectable_kg or 0.0, i.sigma_cumuf_kg),
    )


def _usable(campaign: Campaign) -> int:
    """Return the number of balances that can be tested."""
    count = factor(campaign.covariance).count
    if count == 0:
        raise UsageError(
            "no balance has a measurement error, so no test can be computed",
            "Give error sources that apply to the locations.",
        )
    return count
