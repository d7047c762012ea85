"""Simulated thresholds and detection probabilities of sequences of balances.

Statistics of correlated quantities (the sequences of MUF, CUMUF, GEMUF V5) have no exact threshold:
it is found by simulating many campaigns in which nothing is missing. What is drawn, at which level
of detail, and why the distribution is exact at each, is told in
`keiryo.material_balance.simulation_draws`. Results depend on the seed and on the number of
realizations; never on chunk size, number of processes or computer (`keiryo.compute.streams`).
Memory is bounded whatever the number of realizations.

Source: order statistics as quantiles with distribution-free intervals: David and Nagaraja, "Order
Statistics", 3rd ed., section 7.1; interval of a proportion: E. B. Wilson, J. Amer. Statist. Assoc.
22 (1927) 209.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from keiryo.compute import streams
from keiryo.compute.runner import SERIAL_NUMBERS, Progress, Runner, Serial
from keiryo.compute.streams import Provenance, significant
from keiryo.errors import UsageError
from keiryo.material_balance.factoring import factor
from keiryo.material_balance.simulation_draws import (
    Draw,
    ErrorLevel,
    ErrorModel,
    covariance_of,
    drawing,
)
from keiryo.material_balance.simulation_scores import STATISTICS, Simulation, simulation
from keiryo.material_balance.thresholds import Threshold

__all__ = [
    "STATISTICS",
    "CovarianceEstimate",
    "DetectionEstimate",
    "simulated_covariance",
    "simulated_power",
    "simulated_threshold",
]

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

_PILOT_BLOCKS = 64
_Z95 = 1.959963984540054
_RANK = 0.025


def simulated_threshold(
    model: ErrorModel,
    statistic: str,
    alpha: float,
    *,
    k: float = 0.5,
    ewma_weight: float = 0.2,
    realizations: int,
    seed: int,
    errors: ErrorLevel = "balance",
    runner: Runner | None = None,
    progress: Progress | None = None,
    blocks_per_task: int | None = None,
) -> Threshold:
    """Return the value that a statistic exceeds in a campaign with probability `alpha`.

    An order statistic of the campaigns' largest values, rounded to 10 significant digits, with the
    distribution-free 95 % interval between two others.

    Parameters
    ----------
    model : ErrorVariables, PeriodAmounts, SampledAmounts or array of float, shape (P, P)
        The measurement errors, or the covariance of MUF, kg².
    statistic : {"muf", "cumuf", "sitmuf", "page", "ewma", "gemuf_v1", "gemuf_v5"}
        MUF and CUMUF in units of their standard deviation. For GEMUF V1 the result is the common
        p-value, see `Threshold`.
    alpha : float
        False-alarm probability of the whole campaign.
    k, ewma_weight : float
        Reference value of Page's test; weight of the EWMA.
    realizations, seed : int
        At most 10⁸ realizations.
    errors : {"balance", "period", "sample"}
        The distribution is the same at each level of detail.
    runner, progress, blocks_per_task : optional
        See `keiryo.compute.runner.chosen_runner`; none of the three changes the result.

    Raises
    ------
    UsageError
        If `alpha` is not between 0 and 1, the realizations are too few for an interval or more
        than 10⁸, or the covariance is not one.

    Notes
    -----
    A pilot of 65 536 campaigns brackets the threshold; of the others only values within the bracket
    are kept and the rest is counted: the order statistic is exact, and memory bounded.
    """
    _check_request(realizations, alpha)
    plan = simulation(
        model, statistic, k=k, weight=ewma_weight, errors=errors,
        seed=streams.checked_seed(seed), realizations=realizations,
    )  # fmt: skip
    ranks = _ranks(realizations, alpha)
    work = _Work(runner or Serial(), progress, blocks_per_task)
    low, found, high = (significant(v) for v in _order_statistics(plan, ranks, work))
    if statistic == "gemuf_v1":
        low, found, high = -high, -found, -low
    return Threshold(
        threshold=found,
        alpha=alpha,
        balances=plan.factor.balances,
        statistic=statistic,
        method="simulated",
        k=k if statistic == "page" else None,
        interval=(low, high),
        realizations=realizations,
        seed=plan.seed,
        generator=streams.GENERATOR,
    )


@dataclass(frozen=True, slots=True)
class DetectionEstimate:
    """How often, and how fast, a simulated loss is detected.

    Attributes
    ----------
    detection_probability : float
        Share of campaigns with an alarm in any balance.
    interval : tuple of float
        Its 95 % interval (Wilson).
    standard_error : float
        √(DP(1−DP)/R).
    first_alarms : tuple of int
        Number of campaigns whose first alarm is in each balance.
    undetected : int
        Number of campaigns without an alarm.
    alarms_before_loss : int
        Number of campaigns whose first alarm is before the first balance with a loss: false ones.
        They count as detections, as in the exact detection probabilities.
    time_to_detection_mean, time_to_detection_median : float or None
        Balances from the first one with a loss (which is 1) to the first alarm, over campaigns
        whose first alarm is not before the loss. None if there is none.
    threshold : Threshold
    provenance : Provenance
        Generator, seed, number of realizations, versions.
    """

    detection_probability: float
    interval: tuple[float, float]
    standard_error: float
    first_alarms: tuple[int, ...]
    undetected: int
    alarms_before_loss: int
    time_to_detection_mean: float | None
    time_to_detection_median: float | None
    threshold: Threshold
    provenance: Provenance


def simulated_power(
    model: ErrorModel,
    loss_kg: npt.ArrayLike,
    threshold: Threshold,
    *,
    ewma_weight: float = 0.2,
    realizations: int,
    seed: int,
    errors: ErrorLevel = "balance",
    runner: Runner | None = None,
    progress: Progress | None = None,
    blocks_per_task: int | None = None,
) -> DetectionEstimate:
    """Return how often and how fast a loss is detected by one statistic.

    The loss shifts MUF; that it also makes the measured amounts, and so their errors, a little
    smaller is neglected, which is right while it is small beside them.

    Parameters
    ----------
    model : ErrorVariables, PeriodAmounts, SampledAmounts or array of float, shape (P, P)
    loss_kg : array_like, shape (P,)
        What is removed in each balance, kg.
    threshold : Threshold
        Names the statistic too, and k of Page's test.
    ewma_weight, realizations, seed, errors, runner, progress, blocks_per_task
        As for `simulated_threshold`.

    Raises
    ------
    UsageError
        If loss or threshold do not belong to these balances, or as for `simulated_threshold`.
    """
    streams.checked_realizations(realizations)
    plan = simulation(
        model, threshold.statistic, loss_kg=loss_kg,
        k=0.5 if threshold.k is None else threshold.k, weight=ewma_weight, errors=errors,
        seed=streams.checked_seed(seed), realizations=realizations,
    )  # fmt: skip
    balances = plan.factor.balances
    if threshold.balances != balances:
        raise UsageError(
            f"The threshold is for {threshold.balances} balances, the campaign has {balances}.",
            "Find the threshold for the number of balances of this campaign.",
        )
    tasks = streams.tasks(realizations, plan.draw.width, blocks_per_task)
    payload = plan, plan.limits(threshold.threshold)
    counts = np.zeros(balances + 1, dtype=np.int64)
    for found in (runner or Serial()).run(_first_alarms, payload, tasks, progress):
        counts += found
    return _estimate(counts, plan, threshold)


@dataclass(frozen=True, slots=True)
class CovarianceEstimate:
    """Covariance of simulated MUF, with its sampling error.

    Attributes
    ----------
    covariance : array of float, shape (P, P)
        Mean of the products of errors of MUF (their mean is known: 0), kg².
    standard_error : array of float, shape (P, P)
        √((Σ_ii Σ_jj + Σ_ij²)/R), kg².
    provenance : Provenance
    """

    covariance: Floats
    standard_error: Floats
    provenance: Provenance


def simulated_covariance(
    model: ErrorModel,
    *,
    realizations: int,
    seed: int,
    errors: ErrorLevel = "period",
    runner: Runner | None = None,
    progress: Progress | None = None,
    blocks_per_task: int | None = None,
) -> CovarianceEstimate:
    """Return the covariance of simulated MUF: a check of the analytic one, and of the levels.

    Parameters are those of `simulated_threshold`.
    """
    streams.checked_realizations(realizations)
    known = None if errors != "balance" else factor(covariance_of(model))
    draw = drawing(model, errors, known)
    payload = draw, streams.checked_seed(seed), realizations
    tasks = streams.tasks(realizations, draw.width, blocks_per_task)
    total: Floats | None = None
    for sums in (runner or Serial()).run(_products, payload, tasks, progress):
        for one in sums:  # block by block, in order, so that rounding is the same for all chunks
            total = one if total is None else total + one
    assert total is not None
    covariance = streams.rounded(total / realizations)
    variance = np.diagonal(covariance)
    error = np.sqrt((np.outer(variance, variance) + covariance**2) / realizations)
    return CovarianceEstimate(
        covariance, streams.rounded(error), streams.provenance(seed, realizations)
    )


# --- one task ----------------------------------------------------------------------------------


def _each_slice(plan: Simulation, task: streams.Task) -> Iterator[Floats]:
    """Yield the values of the statistic in every slice of the task's blocks."""
    for block in range(*task):
        rows = streams.rows_of(block, plan.realizations)
        for numbers in streams.normal_slices(plan.seed, plan.draw.width, block, rows):
            yield plan.values(numbers)


def _scores_within(
    payload: tuple[Simulation, float, float], task: streams.Task
) -> tuple[int, Floats]:
    """Return how many scores are at most `low`, and those above it that are at most `high`."""
    plan, low, high = payload
    kept, below = [], 0
    for values in _each_slice(plan, task):
        scores = plan.scores(values, low)
        under = scores <= low
        below += int(under.sum())
        kept.append(scores[(scores <= high) & ~under])
    return below, np.concatenate(kept)


def _first_alarms(payload: tuple[Simulation, Floats], task: streams.Task) -> Indices:
    """Return how many campaigns have their first alarm in each balance, and how many none."""
    plan, limits = payload
    balances = plan.factor.balances
    counts = np.zeros(balances + 1, dtype=np.int64)
    for values in _each_slice(plan, task):
        alarm = values > limits
        first = np.where(alarm.any(axis=1), plan.columns[alarm.argmax(axis=1)], balances)
        counts += np.bincount(first, minlength=balances + 1)
    return counts


def _products(payload: tuple[Draw, int, int], task: streams.Task) -> list[Floats]:
    """Return the sum of MUFᵀ MUF of each block."""
    draw, seed, realizations = payload
    found = []
    for block in range(*task):
        total: Floats | None = None
        rows = streams.rows_of(block, realizations)
        for numbers in streams.normal_slices(seed, draw.width, block, rows):
            muf = draw.muf(numbers)
            total = muf.T @ muf if total is None else total + muf.T @ muf
        assert total is not None
        found.append(total)
    return found


# --- putting tasks together --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Work:
    runner: Runner
    progress: Progress | None
    blocks_per_task: int | None

    def tasks(self, plan: Simulation, blocks: tuple[int, int]) -> list[streams.Task]:
        """Return the tasks of a range of blocks."""
        begin, end = blocks
        count = (end - begin) * streams.BLOCK
        pieces = streams.tasks(count, plan.draw.width, self.blocks_per_task)
        return [(begin + first, begin + last) for first, last in pieces]

    def scores(
        self, plan: Simulation, low: float, high: float, blocks: tuple[int, int]
    ) -> tuple[int, Floats]:
        """Return how many scores are at most `low`, and those up to `high`, in some blocks."""
        tasks = self.tasks(plan, blocks)
        # To start processes for little work would take longer than to do it.
        small = len(tasks) * plan.draw.width * streams.BLOCK < SERIAL_NUMBERS // 10
        runner = Serial() if small and blocks[0] == 0 else self.runner
        below, kept = 0, [np.zeros(0)]
        payload = plan, low, high
        for under, values in runner.run(_scores_within, payload, tasks, self._told(plan, blocks)):
            below += under
            kept.append(values)
        return below, np.concatenate(kept)

    def _told(self, plan: Simulation, blocks: tuple[int, int]) -> Progress | None:
        """Return progress that counts blocks of the whole simulation."""
        progress, (begin, end) = self.progress, blocks
        if progress is None:
            return None
        every = streams.block_count(plan.realizations)
        return lambda done, total: progress(begin + (end - begin) * done // total, every)


def _order_statistics(plan: Simulation, ranks: list[int], work: _Work) -> list[float]:
    """Return the scores of these ranks (from 1, ascending) among all realizations."""
    blocks = streams.block_count(plan.realizations)
    first = min(blocks, _PILOT_BLOCKS)
    _, values = work.scores(plan, -np.inf, np.inf, (0, first))
    pilot = np.sort(values)
    if first == blocks:
        return [float(pilot[rank - 1]) for rank in ranks]
    deviations = 7.0
    while True:
        low, high = _bracket(pilot, ranks, plan.realizations, deviations)
        below, values = work.scores(plan, low, high, (first, blocks))
        inside = pilot[(pilot > low) & (pilot <= high)]
        below += int((pilot <= low).sum())
        kept = np.sort(np.concatenate([inside, values]))
        if below < min(ranks) and max(ranks) <= below + kept.size:
            return [float(kept[rank - 1 - below]) for rank in ranks]
        deviations *= 2.0  # happens once in 10¹¹ simulations


def _bracket(
    pilot: Floats, ranks: list[int], realizations: int, deviations: float
) -> tuple[float, float]:
    """Return values that the order statistics of these ranks lie between, all but surely."""
    found = []
    for rank, side in ((min(ranks), -1), (max(ranks), 1)):
        share = rank / realizations
        margin = deviations * math.sqrt(share * (1 - share) * pilot.size) + deviations
        at = math.floor(share * pilot.size + side * margin)
        found.append(float(pilot[at]) if 0 <= at < pilot.size else side * math.inf)
    return found[0], found[1]


def _check_request(realizations: int, alpha: float) -> None:
    if not (math.isfinite(alpha) and 0 < alpha < 1):
        raise UsageError(
            f"alpha is {alpha}, not a probability between 0 and 1.",
            "0.05 is a common false-alarm probability for a year of balances.",
        )
    streams.checked_realizations(realizations, alpha)


def _ranks(realizations: int, alpha: float) -> list[int]:
    """Return ranks of the threshold's lower bound, the threshold and its upper bound."""
    from scipy.stats import binom  # large, and not needed by processes that only draw

    middle = realizations - math.floor(alpha * realizations + 1e-9)
    low = int(binom.ppf(_RANK, realizations, 1 - alpha))
    high = int(binom.ppf(1 - _RANK, realizations, 1 - alpha)) + 1
    if low < 1 or high > realizations:
        share = min(alpha, 1 - alpha)
        needed = math.ceil(math.log(_RANK) / math.log1p(-share)) + 1
        raise UsageError(
            f"{realizations} realizations are too few for a threshold at alpha {alpha:g} with an "
            "interval.",
            f"Ask for at least {needed}; 100 000 is a good beginning.",
        )
    return [low, middle, high]


def _estimate(counts: Indices, plan: Simulation, threshold: Threshold) -> DetectionEstimate:
    """Return probability and times from the counts of first alarms."""
    first, undetected = counts[:-1], int(counts[-1])
    realizations = plan.realizations
    share = (realizations - undetected) / realizations
    lossy = np.flatnonzero(plan.loss_kg)
    begin = int(lossy[0]) if lossy.size else 0
    timely = first[begin:]
    mean = median = None
    if lossy.size and timely.sum():
        times = np.arange(1, timely.size + 1)
        mean = significant(float(int((times * timely).sum()) / int(timely.sum())))
        median = _median(times, timely)
    return DetectionEstimate(
        detection_probability=share,
        interval=_wilson(realizations - undetected, realizations),
        standard_error=significant(math.sqrt(share * (1 - share) / realizations)),
        first_alarms=tuple(int(n) for n in first),
        undetected=undetected,
        alarms_before_loss=int(first[:begin].sum()),
        time_to_detection_mean=mean,
        time_to_detection_median=median,
        threshold=threshold,
        provenance=streams.provenance(plan.seed, realizations),
    )


def _median(values: Indices, counts: Indices) -> float:
    """Return the median of values that occur so many times each."""
    reached = np.cumsum(counts)
    total = int(reached[-1])
    middle = [int(values[np.searchsorted(reached, n)]) for n in ((total + 1) // 2, total // 2 + 1)]
    return sum(middle) / 2


def _wilson(found: int, total: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a proportion."""
    share, z2 = found / total, _Z95**2
    centre = (share + z2 / (2 * total)) / (1 + z2 / total)
    spread = share * (1 - share) / total + z2 / (4 * total * total)
    half = _Z95 * math.sqrt(spread) / (1 + z2 / total)
    return (
        0.0 if found == 0 else significant(max(0.0, centre - half)),
        1.0 if found == total else significant(min(1.0, centre + half)),
    )
