"""What tests and records prove of a measure: bounds on detection, availability, alarm rates.

A probability of detection is shown by x detections in n independent trials. What an evaluation may
use is the lower one-sided Clopper-Pearson bound: the smallest probability at which x or more
detections would still be seen with a chance of alpha.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from scipy import special

from keiryo.protection.inputs import Problem, raise_problems

ALPHA = Fraction(1, 20)
MOST_TRIALS = 1_000_000
"""More trials than this are no plan."""
_NEAR = 1e-9
"""Within this of a limit the limit is compared exactly."""

Number = Fraction | Decimal | float | int


@dataclass(frozen=True, slots=True)
class Trials:
    """Independent trials under one set of conditions.

    Attributes
    ----------
    trials, successes : int
    conditions : str
        Name of the conditions; trials of one name belong together.
    """

    trials: int
    successes: int
    conditions: str = ""


def lower_bound(successes: int, trials: int, alpha: Number = ALPHA) -> float | None:
    """Return the lower one-sided Clopper-Pearson bound of a probability.

    Parameters
    ----------
    successes, trials : int
    alpha : number
        One minus the confidence, between 0 and 1.

    Returns
    -------
    float or None
        None without trials: nothing is known.

    Raises
    ------
    InputError
        ``TRIALS_RANGE`` for numbers that are negative, not whole, or more successes than trials;
        ``ALPHA_RANGE``.

    Examples
    --------
    >>> round(lower_bound(30, 30), 12)
    0.904966147145
    >>> lower_bound(0, 0) is None
    True
    """
    raise_problems(_count_problems(successes, trials) + _alpha_problems(alpha))
    if trials == 0:
        return None
    return _lower(successes, trials, float(alpha))


def two_sided_interval(
    successes: int, trials: int, alpha: Number = ALPHA
) -> tuple[float, float] | None:
    """Return the Clopper-Pearson interval of a probability, half of alpha on each side.

    Parameters, result without trials, and errors are those of `lower_bound`.
    """
    raise_problems(_count_problems(successes, trials) + _alpha_problems(alpha))
    if trials == 0:
        return None
    half, failures = float(alpha) / 2, trials - successes
    return _lower(successes, trials, half), 1 - _lower(failures, trials, half)


def _lower(successes: int, trials: int, alpha: float) -> float:
    if successes == 0:
        return 0.0
    if successes == trials:
        return math.pow(alpha, 1 / trials)
    return float(special.betaincinv(successes, trials - successes + 1, alpha))


def pooled(sets: Sequence[Trials], reason: str | None = None) -> Trials:
    """Return sets of trials as one.

    Raises
    ------
    InputError
        ``NOT_POOLED`` if their conditions differ and no reason is recorded; ``TRIALS_RANGE``.
    """
    problems = []
    for place, one in enumerate(sets):
        problems += _count_problems(one.successes, one.trials, f"/sets/{place}")
    names = dict.fromkeys(one.conditions for one in sets)
    if len(names) > 1 and not (reason or "").strip():
        told = "Trials under different conditions are not pooled without a recorded reason."
        problems.append(Problem("NOT_POOLED", "/reason", told))
    raise_problems(problems)
    together = sum(one.trials for one in sets), sum(one.successes for one in sets)
    return Trials(*together, " ".join(names))


def result_problems(trials: int, successes: int, result: str) -> list[Problem]:
    """Return what contradicts the result of a test: ``pass``, ``fail`` or ``inconclusive``.

    A test without trials shows nothing, so it is neither passed nor failed; one without a single
    success is not passed. One in which every trial succeeded may have failed for another reason.
    """
    found = _count_problems(successes, trials)
    if found:
        return found
    told = None
    if trials == 0 and result != "inconclusive":
        told = "A test without trials is inconclusive."
    elif result == "pass" and successes == 0:
        told = "A test without any success is not passed."
    return [] if told is None else [Problem("RESULT", "/result", told)]


def trials_needed(p: Number, confidence: Number, failures: int = 0) -> int:
    """Return how many trials show a probability at a confidence with some failures at most.

    It is the smallest n of which the lower bound with n - failures successes reaches `p`: the
    smallest n for which so few failures would be seen with a chance of 1 - confidence at most, if
    the probability were `p`.

    Parameters
    ----------
    p, confidence : number
        Between 0 and 1. A `Fraction` or `Decimal` is taken exactly; a float as it is printed.
    failures : int

    Raises
    ------
    InputError
        ``PROB_RANGE``, ``CONFIDENCE_RANGE``, ``TRIALS_RANGE``; ``TRIALS_MANY`` if a million
        trials are not enough.

    Examples
    --------
    >>> trials_needed(0.9, 0.95), trials_needed(0.9, 0.95, 1)
    (29, 46)
    """
    exact_p, exact_confidence = _exact(p), _exact(confidence)
    problems = []
    if exact_p is None or not 0 < exact_p < 1:
        problems.append(Problem("PROB_RANGE", "/p", "It must lie between 0 and 1."))
    if exact_confidence is None or not 0 < exact_confidence < 1:
        problems.append(Problem("CONFIDENCE_RANGE", "/confidence", "It must lie between 0 and 1."))
    if not _whole(failures) or failures < 0:
        problems.append(Problem("TRIALS_RANGE", "/failures", "It must be 0, 1, 2 …"))
    raise_problems(problems)
    assert exact_p is not None and exact_confidence is not None
    alpha, low, high = 1 - exact_confidence, failures, failures + 1
    while not _shown(high, failures, exact_p, alpha):
        low, high = high, 2 * high
        if low > MOST_TRIALS:
            told = f"More than {MOST_TRIALS} trials would be needed."
            raise_problems([Problem("TRIALS_MANY", "/p", told)])
    while high - low > 1:  # low trials do not show it, high trials do
        middle = (low + high) // 2
        if _shown(middle, failures, exact_p, alpha):
            high = middle
        else:
            low = middle
    return high


def _shown(trials: int, failures: int, p: Fraction, alpha: Fraction) -> bool:
    """Return whether so few failures in so many trials have a chance of alpha at most."""
    chance, limit = float(special.bdtr(failures, trials, float(1 - p))), float(alpha)
    if abs(chance - limit) > _NEAR * limit:
        return chance < limit
    # so near that rounding could decide: in whole numbers
    success, whole = p.numerator, p.denominator
    ways = sum(
        math.comb(trials, k) * (whole - success) ** k * success ** (trials - k)
        for k in range(failures + 1)
    )
    return bool(ways * alpha.denominator <= alpha.numerator * whole**trials)


def composite_detection(*parts: Number) -> Fraction:
    """Return the probability that all parts of a detection work: sensing, transmission, assessment.

    Parameters
    ----------
    parts : number
        Probabilities; the product is exact.

    Raises
    ------
    InputError
        ``PROB_RANGE``.

    Examples
    --------
    >>> composite_detection(0.90, 0.99, 0.95)
    Fraction(16929, 20000)
    """
    product, problems = Fraction(1), []
    for place, part in enumerate(parts):
        exact = _exact(part)
        if exact is None or not 0 <= exact <= 1:
            problems.append(Problem("PROB_RANGE", f"/{place}", "It must lie from 0 to 1."))
        else:
            product *= exact
    raise_problems(problems)
    return product


def availability(up_h: Number, repair_h: Number) -> float:
    """Return the share of time in which something works.

    Parameters
    ----------
    up_h : number
        Mean time in which it works between failures.
    repair_h : number
        Mean time until it works again.

    Raises
    ------
    InputError
        ``TIME_RANGE`` if one is negative or both are 0.

    Examples
    --------
    >>> availability(2000, 4)
    0.998003992015968
    """
    exact = {"up_h": _exact(up_h), "repair_h": _exact(repair_h)}
    raise_problems(
        Problem("TIME_RANGE", f"/{name}", "It must be 0 or more.")
        for name, value in exact.items()
        if value is None or value < 0
    )
    up, repair = exact["up_h"] or Fraction(0), exact["repair_h"] or Fraction(0)
    if up + repair == 0:
        raise_problems([Problem("TIME_RANGE", "/up_h", "Both times are 0.")])
    return float(up / (up + repair))


@dataclass(frozen=True, slots=True)
class Times:
    """Times from alarm to assessment.

    Attributes
    ----------
    count : int
    median_s : float or None
        The middle one; of an even number the mean of the two in the middle. None: there is none.
    p95_s : float or None
        The smallest time that 95 % of them do not exceed: the one of rank ceil(0.95 n).
    """

    count: int
    median_s: float | None
    p95_s: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {"count": self.count, "median_s": self.median_s, "p95_s": self.p95_s}


def times_to_assessment(seconds: Iterable[float]) -> Times:
    """Return median and 95th percentile of times, as `Times` defines them.

    Raises
    ------
    InputError
        ``TIME_RANGE`` for a time that is negative or not finite.
    """
    given = list(seconds)
    raise_problems(
        Problem("TIME_RANGE", f"/{place}", "It must be 0 or more.")
        for place, one in enumerate(given)
        if not (math.isfinite(one) and one >= 0)
    )
    ordered = sorted(given)
    if not ordered:
        return Times(0, None, None)
    middle = len(ordered) // 2
    median = ordered[middle]
    if len(ordered) % 2 == 0:
        median = (ordered[middle - 1] + ordered[middle]) / 2
    rank = (95 * len(ordered) + 99) // 100
    return Times(len(ordered), float(median), float(ordered[rank - 1]))


@dataclass(frozen=True, slots=True)
class Rate:
    """Events per day, with the exact two-sided interval of a Poisson rate (Garwood)."""

    count: int
    days: float
    per_day: float
    low: float
    high: float

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "count": self.count,
            "days": self.days,
            "per_day": self.per_day,
            "interval": [self.low, self.high],
        }


def rate_per_day(count: int, days: Number, alpha: Number = ALPHA) -> Rate | None:
    """Return how many events a day there are, e.g. nuisance alarms of a sensor.

    Parameters
    ----------
    count : int
    days : number
        How long was watched; None is returned for 0.
    alpha : number
        One minus the confidence of the interval, half of it on each side.

    Raises
    ------
    InputError
        ``TRIALS_RANGE``, ``TIME_RANGE``, ``ALPHA_RANGE``.
    """
    watched = _exact(days)
    problems = _alpha_problems(alpha)
    if not _whole(count) or count < 0:
        problems.append(Problem("TRIALS_RANGE", "/count", "It must be 0, 1, 2 …"))
    if watched is None or watched < 0:
        problems.append(Problem("TIME_RANGE", "/days", "It must be 0 or more."))
    raise_problems(problems)
    if not watched:
        return None
    half, long = float(alpha) / 2, float(watched)
    low = 0.0 if count == 0 else float(special.gammaincinv(count, half))
    high = float(special.gammainccinv(count + 1, half))
    return Rate(count, long, count / long, low / long, high / long)


def _exact(value: Number) -> Fraction | None:
    """Return a number exactly; a float as it is printed. None: it is none, or not finite."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, Decimal) and not value.is_finite():
        return None
    return Fraction(value) if isinstance(value, Fraction | Decimal | int) else None


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _count_problems(successes: int, trials: int, at: str = "") -> list[Problem]:
    problems = [
        Problem("TRIALS_RANGE", f"{at}/{name}", "It must be a whole number, 0 or more.")
        for name, value in (("successes", successes), ("trials", trials))
        if not _whole(value) or value < 0
    ]
    if not problems and successes > trials:
        told = "There are more successes than trials."
        problems.append(Problem("TRIALS_RANGE", f"{at}/successes", told))
    return problems


def _alpha_problems(alpha: Number) -> list[Problem]:
    exact = _exact(alpha)
    if exact is not None and 0 < exact < 1:
        return []
    return [Problem("ALPHA_RANGE", "/alpha", "It must lie between 0 and 1.")]
