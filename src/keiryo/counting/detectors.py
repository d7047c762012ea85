"""Detectors over a row of counts, with thresholds calibrated by simulation.

N sigma on a sliding sum, the sequential probability ratio test, CUSUM and EWMA, each as a running
statistic. Where a closed form of the false-alarm rate does not hold (overlapping windows, resets,
a background that is itself counted), the threshold is taken from simulated rows without a source,
and checked on fresh ones.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from keiryo.counting.acceptance import interval

Kind = Literal["n_sigma", "sprt", "cusum", "ewma"]
KINDS: tuple[Kind, ...] = ("n_sigma", "sprt", "cusum", "ewma")
FEWEST_ALARMS = 100
"""Simulated rows with an alarm that a threshold needs behind it."""
MOST_COUNTS = 400_000_000
_AT_ONCE = 2_000_000


@dataclass(frozen=True, slots=True)
class Detector:
    """A detector.

    Attributes
    ----------
    kind : {"n_sigma", "sprt", "cusum", "ewma"}
    window : int
        Intervals of the sliding sum.
    rise_sigma : float
        The source that SPRT and CUSUM are made for, in square roots of the background of one
        interval.
    weight : float
        Of the newest interval in EWMA; its equivalent window is (2 - weight) / weight intervals.
    beta : float
        Chance of a missed source, which sets where SPRT begins anew.
    """

    kind: Kind
    window: int = 5
    rise_sigma: float = 1.0
    weight: float = 0.2
    beta: float = 0.01

    def statistic(self, counts: np.ndarray, mean: np.ndarray) -> np.ndarray:
        """Return the running statistic, larger for a source.

        Parameters
        ----------
        counts : ndarray, shape (rows, n)
        mean : ndarray, shape (rows,)
            Background of one interval, above 0.

        Returns
        -------
        ndarray of float, shape (rows, n)
            -inf where a window is not full yet.
        """
        if not np.all(mean > 0):
            raise ValueError("a background above 0 belongs here")
        if self.kind == "n_sigma":
            return self._sums(counts, mean)
        if self.kind == "ewma":
            return self._ewma(counts, mean)
        return self._ratios(counts, mean)

    def _sums(self, counts: np.ndarray, mean: np.ndarray) -> np.ndarray:
        found = np.full(counts.shape, -np.inf)
        if counts.shape[1] < self.window:
            return found
        whole = np.cumsum(counts, axis=1, dtype=np.float64)
        sums = whole[:, self.window - 1 :].copy()
        sums[:, 1:] -= whole[:, : -self.window]
        quiet = mean[:, None] * self.window
        found[:, self.window - 1 :] = (sums - quiet) / np.sqrt(quiet)
        return found

    def _ewma(self, counts: np.ndarray, mean: np.ndarray) -> np.ndarray:
        found, now = np.empty(counts.shape), mean.astype(np.float64)
        for step in range(counts.shape[1]):
            now = self.weight * counts[:, step] + (1 - self.weight) * now
            share = self.weight / (2 - self.weight) * (1 - (1 - self.weight) ** (2 * step + 2))
            found[:, step] = (now - mean) / np.sqrt(mean * share)
        return found

    def _ratios(self, counts: np.ndarray, mean: np.ndarray) -> np.ndarray:
        """Return the running log likelihood ratio; it begins anew at the lower limit."""
        found, now = np.empty(counts.shape), np.zeros(len(counts))
        source = mean + self.rise_sigma * np.sqrt(mean)
        each, less = np.log(source / mean), source - mean
        lower = 0.0 if self.kind == "cusum" else math.log(self.beta)
        for step in range(counts.shape[1]):
            now = now + counts[:, step] * each - less
            found[:, step] = now
            now[now <= lower] = 0.0
        return found


@dataclass(frozen=True, slots=True)
class Calibration:
    """A threshold from simulation.

    Attributes
    ----------
    threshold : float
        Alarm if the statistic is above it.
    asked : float
        Share of rows with a false alarm.
    share : float
        What came out on fresh rows.
    low, high : float
        Its 95 % interval.
    rows : int
        Behind the threshold.
    seed : int
    """

    threshold: float
    asked: float
    share: float
    low: float
    high: float
    rows: int
    seed: int

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


def largest(
    detector: Detector,
    mean: float,
    intervals: int,
    rows: int,
    random: np.random.Generator,
    background_intervals: float | None = None,
) -> np.ndarray:
    """Return the largest statistic of simulated rows without a source, shape (rows,).

    Parameters
    ----------
    background_intervals : float, optional
        Over how many intervals the background is counted for each row; None: it is known.
    """
    found = []
    at_once = max(_AT_ONCE // intervals, 1)
    for begin in range(0, rows, at_once):
        size = min(at_once, rows - begin)
        counts = random.poisson(mean, (size, intervals))
        quiet = np.full(size, float(mean))
        if background_intervals is not None:
            counted = random.poisson(mean * background_intervals, size)
            quiet = np.maximum(counted, 1) / background_intervals
        found.append(detector.statistic(counts, quiet).max(axis=1))
    return np.concatenate(found)


def calibrate(
    detector: Detector,
    mean: float,
    intervals: int,
    probability: float,
    *,
    background_intervals: float | None = None,
    rows: int | None = None,
    seed: int = 20261123,
) -> Calibration:
    """Return the threshold at which a share of rows without a source gives an alarm.

    Parameters
    ----------
    detector : Detector
    mean : float
        Background counts of one interval.
    intervals : int
        Length of a row: an occupancy, or a piece of a continuous measurement.
    probability : float
        Chance of a false alarm in a row.
    background_intervals : float, optional
        Over how many intervals the background is counted; None: it is known.
    rows : int, optional
        Rows to simulate for the threshold, by itself so many that up to 1600 of them give an
        alarm; a quarter as many fresh ones are simulated for the check.
    seed : int

    Raises
    ------
    ValueError
        If a number cannot be used, or the rows would not do or be too many.

    Notes
    -----
    Alarms of a continuous measurement come once in `intervals / probability` intervals for small
    probabilities; the detector begins anew with each row.
    """
    if not (0 < probability < 1 and 0 < mean < 1e9 and intervals >= 1):
        raise ValueError("a chance between 0 and 1, a background and intervals above 0 belong here")
    if intervals < detector.window and detector.kind == "n_sigma":
        raise ValueError("a row is at least as long as the window")
    most = int(MOST_COUNTS / intervals / 1.25)
    size = rows or min(math.ceil(16 * FEWEST_ALARMS / probability), most)
    if size > most or (rows is None and size * probability < FEWEST_ALARMS):
        raise ValueError("so rare an alarm takes more simulated counts than are allowed")
    if size * probability < FEWEST_ALARMS:
        needed = math.ceil(FEWEST_ALARMS / probability)
        raise ValueError(f"a chance of {probability:g} needs {needed} rows")
    first, second = (np.random.default_rng(one) for one in np.random.SeedSequence(seed).spawn(2))
    found = np.sort(largest(detector, mean, intervals, size, first, background_intervals))
    # The share of rows above the threshold is at most what was asked, also where values repeat.
    threshold = float(found[size - 1 - math.floor(probability * size)])
    checked = math.ceil(size / 4)
    fresh = largest(detector, mean, intervals, checked, second, background_intervals)
    over = int((fresh > threshold).sum())
    low, high = interval(over, checked)
    return Calibration(threshold, probability, over / checked, low, high, size, seed)


def equivalent_window(weight: float) -> float:
    """Return over how many samples a plain mean is as steady as EWMA with a weight."""
    if not 0 < weight <= 1:
        raise ValueError("a weight above 0 and up to 1 belongs here")
    return (2 - weight) / weight
