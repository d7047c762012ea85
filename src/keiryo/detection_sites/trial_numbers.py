"""How many trials a test needs, and what its trials say so far.

A test whose number of trials was decided before the first is judged when they are done, or as soon
as nothing that may follow can change it. One without such a number is judged by what is there: to
go on until it passes makes a bad instrument pass more often than the confidence says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keiryo.counting.acceptance import Requirement, Verdict, interval, judged
from keiryo.detection_sites.tables import DETECTION, FALSE_ALARM_RATE

UNTESTED, OPEN, PASSED, FAILED, NOT_SHOWN = "untested", "open", "passed", "failed", "not shown"
MOST = 10**15
"""No test has more trials."""


def requirement(plan: Mapping[str, Any]) -> Requirement:
    """Return the requirement of a test as it is recorded."""
    numbers = float(plan["required"]), float(plan["confidence"])
    return Requirement(str(plan["test"]), plan["requirement"], *numbers)


def trials_needed(wanted: Requirement, bad: int = 0) -> int | None:
    """Return how many trials show what is required although some of them are bad.

    Parameters
    ----------
    wanted : Requirement
    bad : int
        Missed detections, or false alarms.

    Returns
    -------
    int or None
        For a rate the time in its unit, rounded up. None: more than any test has.

    Examples
    --------
    >>> trials_needed(Requirement("", "detection", 0.9)), trials_needed(
    ...     Requirement("", "detection", 0.9), 1
    ... )
    (29, 46)
    >>> trials_needed(Requirement("", "false_alarm", 0.001))
    2995
    """
    return _first(wanted, lambda trials: _meets(wanted, bad, trials), max(bad, 1))


def further_trials(wanted: Requirement, events: int, trials: int) -> int | None:
    """Return how many more trials, all of them good, would show what is required.

    Parameters
    ----------
    wanted : Requirement
    events : int
        Detections, or false alarms, so far.
    trials : int
        So far.
    """
    bad = _bad(wanted, events, trials)
    total = _first(wanted, lambda n: _meets(wanted, bad, n), max(trials, 1))
    return None if total is None else total - trials


def verdict(wanted: Requirement, events: int, trials: int, planned: int | None) -> str:
    """Return what the trials say: one of the five words of this module.

    Parameters
    ----------
    wanted : Requirement
    events, trials : int
    planned : int or None
        Number of trials that was decided before the first.
    """
    if not trials:
        return UNTESTED
    bad = _bad(wanted, events, trials)
    if planned is None:
        return PASSED if _meets(wanted, bad, trials) else NOT_SHOWN
    left = planned - trials
    if left <= 0:
        return PASSED if _meets(wanted, bad, trials) else FAILED
    if not _meets(wanted, bad, planned):
        return FAILED
    bounded = wanted.kind != FALSE_ALARM_RATE
    return PASSED if bounded and _meets(wanted, bad + left, planned) else OPEN


def most_bad(wanted: Requirement, planned: int) -> int | None:
    """Return how many of the planned trials may be bad; None: not even none may.

    Examples
    --------
    >>> most_bad(Requirement("", "detection", 0.5), 20)
    5
    """
    if not _meets(wanted, 0, planned):
        return None
    low, high = 0, 1
    while high < MOST and _meets(wanted, high, planned):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _meets(wanted, middle, planned) else (low, middle)
    return low


def told(wanted: Requirement, events: int, trials: int, planned: int | None) -> dict[str, Any]:
    """Return what the trials say as plain data: verdict, bound, exact interval, what is missing."""
    found: Verdict = judged(wanted, events, trials)
    word = verdict(wanted, events, trials, planned)
    share = low = high = None
    if trials:
        share = events / trials
        if wanted.kind == FALSE_ALARM_RATE:
            low, high = rate_interval(events, trials, wanted.confidence)
        else:
            low, high = interval(events, trials, wanted.confidence)
    return {
        **found.to_dict(),
        "passed": {PASSED: True, FAILED: False, NOT_SHOWN: False}.get(word),
        "verdict": word,
        "estimate": share,
        "low": low,
        "high": high,
        "trials_planned": planned,
        "most_bad": None if planned is None else most_bad(wanted, planned),
        "further_trials": further_trials(wanted, events, trials),
    }


def rate_interval(events: int, time: float, confidence: float) -> tuple[float, float]:
    """Return the two-sided interval of a rate (Garwood, Biometrika 28 (1936) 437)."""
    from scipy import special

    tail = (1 - confidence) / 2
    low = float(special.gammaincinv(events, tail)) if events else 0.0
    return low / time, float(special.gammaincinv(events + 1, 1 - tail)) / time


def _bad(wanted: Requirement, events: int, trials: int) -> int:
    return trials - events if wanted.kind == DETECTION else events


def _meets(wanted: Requirement, bad: int, trials: int) -> bool:
    """Return whether trials of which some were bad show what is required."""
    if wanted.kind != FALSE_ALARM_RATE and bad > trials:
        return False
    events = trials - bad if wanted.kind == DETECTION else bad
    return bool(judged(wanted, events, trials).passed)


def _first(wanted: Requirement, meets: Any, least: int) -> int | None:
    """Return the smallest number from `least` on that meets it; more trials never harm."""
    if meets(least):
        return least
    low, high = least, least * 2
    while not meets(high):
        if high > MOST:
            return None
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if meets(middle) else (middle, high)
    return high
