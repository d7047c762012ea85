"""What trials of an instrument prove: exact bounds, how many trials are needed, pass or fail.

A passed test is no statement about the chance that the unit is good (Burr and Gavron, Modern
Instrumentation 1 (2012) 27-33); it bounds how often a bad one would pass.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from scipy import special, stats


def _checked(successes: int, trials: int, confidence: float) -> None:
    if not 0 <= successes <= trials or trials < 1 or not 0 < confidence < 1:
        raise ValueError("successes among at least one trial, and a confidence between 0 and 1")


def lower_bound(successes: int, trials: int, confidence: float = 0.95) -> float:
    """Return the one-sided lower bound of a probability (Clopper and Pearson).

    Examples
    --------
    >>> round(lower_bound(59, 60), 6)
    0.92336
    """
    _checked(successes, trials, confidence)
    if successes == 0:
        return 0.0
    return float(special.betaincinv(successes, trials - successes + 1, 1 - confidence))


def upper_bound(successes: int, trials: int, confidence: float = 0.95) -> float:
    """Return the one-sided upper bound of a probability (Clopper and Pearson)."""
    _checked(successes, trials, confidence)
    return 1 - lower_bound(trials - successes, trials, confidence)


def interval(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the two-sided interval of a probability (Clopper and Pearson)."""
    each = (1 + confidence) / 2
    return lower_bound(successes, trials, each), upper_bound(successes, trials, each)


def rate_bound(alarms: int, time: float, confidence: float = 0.95) -> float:
    """Return the one-sided upper bound of a rate from events in a time (Garwood)."""
    if alarms < 0 or not 0 < time < math.inf or not 0 < confidence < 1:
        raise ValueError("events of 0 or more, a time above 0, a confidence between 0 and 1")
    return float(special.gammaincinv(alarms + 1, confidence)) / time


def trials_without_failure(probability: float, confidence: float = 0.95) -> int:
    """Return how many trials, all of them successes, prove at least a probability.

    Examples
    --------
    >>> trials_without_failure(0.9), trials_without_failure(0.999)
    (29, 2995)
    """
    if not (0 < probability < 1 and 0 < confidence < 1):
        raise ValueError("a probability and a confidence lie between 0 and 1")
    found = max(math.ceil(math.log1p(-confidence) / math.log(probability)), 1)
    while found > 1 and probability ** (found - 1) <= 1 - confidence:
        found -= 1
    return found


def trials_without_alarm(rate: float, confidence: float = 0.95) -> int:
    """Return how many trials without an alarm prove fewer alarms by trial than a rate."""
    return trials_without_failure(1 - rate, confidence)


def smallest_passing(trials: int, probability: float, confidence: float = 0.95) -> int | None:
    """Return the fewest successes that prove at least a probability; None: even all do not.

    Examples
    --------
    >>> smallest_passing(20, 0.5)
    15
    """
    _checked(0, trials, confidence)
    if not 0 < probability < 1:
        raise ValueError("a probability lies between 0 and 1")
    found = int(stats.binom.isf(1 - confidence, trials, probability)) + 1
    while found > 0 and stats.binom.sf(found - 2, trials, probability) <= 1 - confidence:
        found -= 1
    while found <= trials and stats.binom.sf(found - 1, trials, probability) > 1 - confidence:
        found += 1
    return found if found <= trials else None


@dataclass(frozen=True, slots=True)
class Requirement:
    """One line of a test plan; its numbers come from the plan, not from here.

    Attributes
    ----------
    name : str
    kind : {"detection", "false_alarm", "false_alarm_rate"}
        At least a probability by trial; at most one by trial; at most a rate by unit of time.
    limit : float
    confidence : float
    """

    name: str
    kind: Literal["detection", "false_alarm", "false_alarm_rate"]
    limit: float
    confidence: float = 0.95


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a requirement is met, and the bound that says so; None: there are no trials."""

    name: str
    passed: bool | None
    bound: float | None
    limit: float
    events: int
    trials: float

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


def judged(wanted: Requirement, events: int, trials: float) -> Verdict:
    """Return whether trials meet a requirement.

    Parameters
    ----------
    wanted : Requirement
    events : int
        Detections, or false alarms.
    trials : float
        Passages, or for a rate the time of the test.
    """
    if trials == 0 and events == 0:
        return Verdict(wanted.name, None, None, wanted.limit, 0, 0)
    if wanted.kind == "false_alarm_rate":
        bound = rate_bound(events, trials, wanted.confidence)
        return Verdict(wanted.name, bound <= wanted.limit, bound, wanted.limit, events, trials)
    if trials != int(trials):
        raise ValueError("trials are whole")
    if wanted.kind == "detection":
        bound = lower_bound(events, int(trials), wanted.confidence)
        passed = bound >= wanted.limit
    else:
        bound = upper_bound(events, int(trials), wanted.confidence)
        passed = bound <= wanted.limit
    return Verdict(wanted.name, passed, bound, wanted.limit, events, trials)


@dataclass(frozen=True, slots=True)
class DailyCheck:
    """A daily operational check: the reading, its limits, and whether it lies within them."""

    name: str
    reading: float | None
    low: float | None
    high: float | None
    passed: bool | None
    """None: there is no reading, which is no pass."""


def daily_checks(
    readings: Mapping[str, float | None],
    limits: Mapping[str, tuple[float | None, float | None]],
) -> Sequence[DailyCheck]:
    """Return the checks of a day: background, source response, peak position, neutrons, clock.

    Parameters
    ----------
    readings : mapping
        By the name of the check; a missing one is told as such.
    limits : mapping
        Lowest and highest good reading, None where there is no such limit.
    """
    found = []
    for name, (low, high) in limits.items():
        one = readings.get(name)
        passed = None
        if one is not None:
            passed = math.isfinite(one) and (low is None or one >= low)
            passed = passed and (high is None or one <= high)
        found.append(DailyCheck(name, one, low, high, passed))
    return found
