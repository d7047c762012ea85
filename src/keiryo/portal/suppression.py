"""Baseline suppression: a vehicle shadows the ground, and the background falls while it is there.

Two ways to allow for it, each with its error rates by simulation. Whatever the way, an estimate of
the suppression stands beside the result, for an unseen one costs sensitivity: with a fraction s
the net counts of an alarm are N √B + s B instead of N √B.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from keiryo.counting.acceptance import interval
from keiryo.portal.occupancy import Occupancy
from keiryo.portal.sliding_windows import sliding_sums

POSITIONS = 50
Way = Literal["none", "profile", "local"]
WAYS: tuple[Way, ...] = ("none", "profile", "local")


def net_needed(background: float, n_sigma: float, suppression: float) -> float:
    """Return the net counts of an alarm where the background falls by a share.

    Examples
    --------
    >>> round(net_needed(1533, 5, 0.20), 1)
    502.4
    """
    return n_sigma * math.sqrt(background) + suppression * background


@dataclass(frozen=True, slots=True)
class Profile:
    """The relative background of empty passages along the vehicle.

    Attributes
    ----------
    mean, variance : ndarray of float, shape (50,)
        By position; the variance is that between passages, without what counting brings.
    passages : int
    """

    mean: np.ndarray
    variance: np.ndarray
    passages: int

    def at(self, windows: int) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and variance by window of a passage."""
        places = np.linspace(0, POSITIONS - 1, windows)
        where = np.arange(POSITIONS)
        return np.interp(places, where, self.mean), np.interp(places, where, self.variance)


def site_profile(
    passages: Sequence[Occupancy], panels: Sequence[int] = (0, 1, 2, 3)
) -> Profile | None:
    """Return the profile of passages that are known to be empty; None: there are under five.

    Parameters
    ----------
    passages : sequence of Occupancy
        Of one class of vehicles.
    panels : sequence of int
        Which panels are summed.
    """
    chosen, places = [], np.linspace(0, 1, POSITIONS)
    noise = []
    for one in passages:
        window = one.setup.window
        sums = sliding_sums(one.gamma, window)[:, list(panels)].sum(axis=1)
        if one.background is None or not len(sums):
            continue
        quiet = sum(one.background[n] for n in panels) * window / 5
        if quiet > 0:
            chosen.append(np.interp(places, np.linspace(0, 1, len(sums)), sums / quiet))
            noise.append(1 / quiet)
    if len(chosen) < 5:
        return None
    table = np.array(chosen)
    mean = table.mean(axis=0)
    spread = table.var(axis=0, ddof=1) - mean * np.mean(noise)
    # An average over neighbours: the spread of few passages is itself uncertain.
    spread = np.convolve(np.pad(np.maximum(spread, 0), 2, mode="edge"), np.ones(5) / 5, "valid")
    return Profile(mean, spread, len(chosen))


def local_baseline(sums: np.ndarray, reach: int) -> np.ndarray:
    """Return what is expected at each window from those before and after, for a narrow rise.

    Parameters
    ----------
    sums : ndarray, shape (..., n)
        Counts by window.
    reach : int
        Windows between a place and those that it is compared with.

    Returns
    -------
    ndarray of float, shape (..., n)
        The lower one of the means of three windows before and after; at an end the other side
        alone.
    """
    size = sums.shape[-1]
    smooth = np.empty(sums.shape, dtype=np.float64)
    for n in range(size):
        smooth[..., n] = sums[..., max(n - 1, 0) : n + 2].mean(axis=-1)
    places = np.arange(size)
    left, right = places - reach, places + reach
    before = np.where(left >= 0, smooth[..., np.maximum(left, 0)], np.inf)
    after = np.where(right < size, smooth[..., np.minimum(right, size - 1)], np.inf)
    found = np.minimum(before, after)
    return np.where(np.isfinite(found), found, smooth.min(axis=-1, keepdims=True))


def excess(
    way: Way, sums: np.ndarray, quiet: float, profile: Profile | None = None, reach: int = 12
) -> np.ndarray:
    """Return the excess of sums over what is expected, in its standard deviations.

    Parameters
    ----------
    way : {"none", "profile", "local"}
    sums : ndarray, shape (..., n)
    quiet : float
        Background before the passage, counts of a window.
    """
    if way == "none":
        return (sums - quiet) / math.sqrt(quiet)
    if way == "local":
        expected = np.maximum(local_baseline(sums, reach), 1.0)
        local: np.ndarray = (sums - expected) / np.sqrt(expected)
        return local
    if profile is None:
        raise ValueError("a profile of empty passages belongs here")
    mean, variance = profile.at(sums.shape[-1])
    expected = quiet * mean
    found: np.ndarray = (sums - expected) / np.sqrt(expected + quiet**2 * variance)
    return found


@dataclass(frozen=True, slots=True)
class ErrorRates:
    """Shares of simulated passages: false alarms at a threshold, and detections of a source."""

    way: Way
    threshold: float
    false_alarms: float
    false_interval: tuple[float, float]
    detections: float
    detection_interval: tuple[float, float]
    passages: int


def simulated_passages(
    profile: Profile,
    cps: float,
    passages: int,
    random: np.random.Generator,
    *,
    intervals: int = 60,
    window: int = 5,
    source_cps: float = 0.0,
    width: float = 5.0,
) -> np.ndarray:
    """Return window sums of passages that shadow as the profile says, shape (passages, n).

    The depth varies from passage to passage as in the profile. A source passes in the middle third
    as a Gaussian of `width` intervals with `source_cps` at its top.
    """
    mean, variance = profile.at(intervals)
    depth = random.normal(0, 1, (passages, 1)) * np.sqrt(variance)
    rate = np.maximum(mean + depth, 0.05) * cps / 5
    if source_cps:
        middle = random.uniform(intervals / 3, 2 * intervals / 3, (passages, 1))
        shape = np.exp(-((np.arange(intervals) - middle) ** 2) / (2 * width**2))
        rate = rate + source_cps / 5 * shape
    whole = np.cumsum(random.poisson(rate), axis=1)
    sums = whole[:, window - 1 :].astype(np.float64)
    sums[:, 1:] -= whole[:, :-window]
    return sums


def error_rates(
    way: Way,
    profile: Profile,
    cps: float,
    source_cps: float,
    *,
    probability: float = 1e-2,
    passages: int = 20_000,
    seed: int = 20261123,
) -> ErrorRates:
    """Return both error rates of a way, its threshold set to a false-alarm share by simulation.

    The threshold comes from one set of empty passages; the shares from others.
    """
    streams = [np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(3)]

    def most(random: np.random.Generator, source: float) -> np.ndarray:
        sums = simulated_passages(profile, cps, passages, random, source_cps=source)
        found: np.ndarray = excess(way, sums, cps, profile).max(axis=1)
        return found

    ordered = np.sort(most(streams[0], 0.0))
    threshold = float(ordered[passages - 1 - math.floor(probability * passages)])
    false = int((most(streams[1], 0.0) > threshold).sum())
    seen = int((most(streams[2], source_cps) > threshold).sum())
    return ErrorRates(
        way,
        threshold,
        false / passages,
        interval(false, passages),
        seen / passages,
        interval(seen, passages),
        passages,
    )
