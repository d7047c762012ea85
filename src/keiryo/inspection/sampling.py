"""Attribute sampling: how many of N items to verify so that a diversion would be found.

An inspector verifies n of N items, drawn at random without replacement. If d of them are defects
and each verified defect is found with probability p, all of them escape with probability

    Q = Σ_j C(d, j) C(N−d, n−j) / C(N, n) · (1−p)^j.

The sample size is the smallest n with Q ≤ β. It is computed from Q itself; the approximations in
common use are given beside it, for comparison with plans made by hand.

Source: hypergeometric sampling; the usual formula n = N(1 − β^{γx/M}) as used for international
safeguards; the improvement ascribed to J. L. Jaech, n = ½(1 − β^{1/d})(2N − d + 1).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from keiryo.errors import Finding, UsageError
from keiryo.inspection.exact_numbers import as_fraction, ceiling, log_complement
from keiryo.inspection.limits import MAX_ITEMS, MIN_ITEM_KG, check_weight
from keiryo.inspection.plan_checks import (
    defects_above,
    falsification_too_small,
    goal_above,
    goal_not_positive,
    unreachable,
)

_NEAR = 1e-9  # distance of logarithms at which floats no longer decide
_TIE = 1e-12  # relative distance that counts as none where exact arithmetic would take too long
_EXACT_ITEMS = 50_000  # most items for which exact arithmetic takes no noticeable time
_EXACT_ITEMS_IMPERFECT = 2_000
_EXACT_FEW = 60  # or so few defects or verified items among any number
_EXACT_DIGITS = 40
_VANISHED = 800.0  # exp(-800) is 0 in a double


@dataclass(frozen=True, slots=True)
class Approximation:
    """The sample size by an approximate formula.

    Attributes
    ----------
    value : float
        What the formula gives.
    sample_size : int
        Rounded up, between 0 and N.
    """

    value: float
    sample_size: int

    def to_dict(self) -> dict[str, Any]:
        """Return the approximation as plain data."""
        return {"value": self.value, "sample_size": self.sample_size}


@dataclass(frozen=True, slots=True)
class AttributePlan:
    """How many items to verify, and what that achieves.

    Attributes
    ----------
    items, defects : int
        N, and the number of defects that make up the goal quantity.
    detection_wanted : float
        1 − β.
    per_item : float
        Probability p that a verified defect is found.
    sample_size : int
        The smallest n that achieves it; N where even all items do not.
    reached : bool
    nondetection : float
        Q of that sample size.
    nondetection_one_fewer : float or None
        Q of one item fewer, which is not enough.
    achieved : float
        1 − Q.
    formula, jaech : Approximation
        The usual formula and Jaech's, both for p = 1.
    findings : tuple of Finding
    """

    items: int
    defects: int
    detection_wanted: float
    per_item: float
    sample_size: int
    reached: bool
    nondetection: float
    nondetection_one_fewer: float | None
    achieved: float
    formula: Approximation
    jaech: Approximation
    findings: tuple[Finding, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as plain data, without its findings."""
        return {
            "sample_size": self.sample_size,
            "achieved": self.achieved,
            "items": self.items,
            "defects": self.defects,
            "detection_wanted": self.detection_wanted,
            "per_item": self.per_item,
            "reached": self.reached,
            "nondetection": self.nondetection,
            "nondetection_one_fewer": self.nondetection_one_fewer,
            "formula": self.formula.to_dict(),
            "jaech": self.jaech.to_dict(),
        }


def nondetection(items: int, defects: int, sample_size: int, per_item: float = 1.0) -> float:
    """Return the probability that a sample finds no defect, Q.

    Parameters
    ----------
    items, defects, sample_size : int
        N, d and n, with d ≤ N and n ≤ N.
    per_item : float
        Probability p that a verified defect is found.

    Returns
    -------
    float
        With a relative error below 1e-11; 0.0 where Q is below the smallest double.

    Raises
    ------
    UsageError
        If the numbers make no sense.
    """
    return math.exp(log_nondetection(items, defects, sample_size, per_item))


def detection(items: int, defects: int, sample_size: int, per_item: float = 1.0) -> float:
    """Return the probability that a sample finds at least one defect, 1 − Q.

    Raises
    ------
    UsageError
        If the numbers make no sense.
    """
    return _one_minus_exp(log_nondetection(items, defects, sample_size, per_item))


def log_nondetection(items: int, defects: int, sample_size: int, per_item: float = 1.0) -> float:
    """Return the natural logarithm of Q; minus infinity where nothing can escape.

    Raises
    ------
    UsageError
        If the numbers make no sense.
    """
    _check_population(items, per_item)
    for name, number in (("defects", defects), ("sampled items", sample_size)):
        if not 0 <= number <= items:
            words = f"there cannot be {number} {name} among {items} items"
            raise UsageError(words, f"Give a number from 0 to {items}.")
    return _log_q(items, defects, sample_size, per_item)


def nondetection_exact(
    items: int, defects: int, sample_size: int, per_item: Fraction | float = 1
) -> Fraction:
    """Return Q as an exact fraction; slow for large numbers.

    Parameters
    ----------
    items, defects, sample_size : int
    per_item : Fraction or float
        A float counts as the shortest decimal that stands for it: 0.9 is 9/10.
    """
    escape = 1 - as_fraction(per_item)
    few, many = sorted((defects, sample_size))  # Q is the same with d and n exchanged
    every = math.comb(items, few)
    if escape == 0:
        return Fraction(math.comb(items - many, few), every)
    upper, lower = escape.numerator, escape.denominator
    total = sum(
        math.comb(many, j) * math.comb(items - many, few - j) * upper**j * lower ** (few - j)
        for j in range(max(0, few + many - items), few + 1)
    )
    return Fraction(total, every * lower**few)


def attribute_plan(
    items: int,
    defects: int,
    detection_wanted: float,
    *,
    per_item: float = 1.0,
    goal_in_items: float | None = None,
) -> AttributePlan:
    """Return the exact smallest sample that finds a defect with the wanted probability.

    Parameters
    ----------
    items : int
        N.
    defects : int
        d; more than N counts as N, and a finding says so.
    detection_wanted : float
        1 − β, above 0 and at most 1. A float counts as the decimal that stands for it.
    per_item : float
        Probability p that a verified defect is found.
    goal_in_items : float, optional
        M/(γx), the goal quantity in defects before rounding up, for the usual formula.
        Without it the formula uses d.

    Raises
    ------
    UsageError
        If a probability or a number makes no sense.
    """
    _check_population(items, per_item)
    _beta(detection_wanted)
    if defects < 1:
        words = f"{defects} defects: there is nothing to detect"
        raise UsageError(words, "Give the number of defects, at least 1.")
    findings: list[Finding] = []
    if defects > items:
        findings.append(defects_above(items, defects))
        defects = items
    size = _smallest(0, items, lambda n: _enough(items, defects, n, per_item, detection_wanted))
    if size is None:
        best = _one_minus_exp(_log_q(items, defects, items, per_item))
        missed = math.exp(_log_q(items, defects, items, per_item))
        findings.append(unreachable(items, defects, detection_wanted, best, missed))
    chosen = items if size is None else size
    log_q = _log_q(items, defects, chosen, per_item)
    fewer = math.exp(_log_q(items, defects, chosen - 1, per_item)) if chosen else None
    return AttributePlan(
        items=items,
        defects=defects,
        detection_wanted=detection_wanted,
        per_item=per_item,
        sample_size=chosen,
        reached=size is not None,
        nondetection=math.exp(log_q),
        nondetection_one_fewer=fewer,
        achieved=_one_minus_exp(log_q),
        formula=_usual_formula(items, goal_in_items or float(defects), detection_wanted),
        jaech=_jaech(items, defects, detection_wanted),
        findings=tuple(findings),
    )


def plan_for_goal(
    items: int,
    item_kg: float,
    goal_kg: float,
    detection_wanted: float,
    *,
    falsified: float = 1.0,
    per_item: float = 1.0,
) -> AttributePlan:
    """Return the smallest sample that finds the diversion of a goal quantity.

    Parameters
    ----------
    items : int
        N items of equal size.
    item_kg : float
        x, kg of the element or isotope in one item.
    goal_kg : float
        M, kg. If it is 0 or less, any defect counts: d = 1.
    detection_wanted : float
        1 − β.
    falsified : float
        γ, the fraction of its content by which a defect is falsified.
    per_item : float
        Probability p that a verified defect is found.

    Raises
    ------
    UsageError
        If a number makes no sense.
    """
    needed = _defects(goal_kg, item_kg, falsified)
    plan = attribute_plan(
        items,
        max(1, min(items, ceiling(needed))),
        detection_wanted,
        per_item=per_item,
        goal_in_items=float(min(needed, Fraction(10**300))) if needed > 0 else None,
    )
    found = list(plan.findings)
    if needed <= 0:
        found.insert(0, goal_not_positive(goal_kg))
    elif as_fraction(item_kg) * items < as_fraction(goal_kg):
        found.insert(0, goal_above(items * item_kg, goal_kg))
    elif ceiling(needed) > items:
        found.insert(0, falsification_too_small(items, item_kg, goal_kg, falsified))
    return replace(plan, findings=tuple(found))


def defects_needed(goal_kg: float, item_kg: float, falsified: float = 1.0) -> int:
    """Return d = ⌈M/(γx)⌉, at least 1; a hair above a whole number is that number.

    Raises
    ------
    UsageError
        If a weight is not finite or beyond all measure, the item has no content, or γ is not
        above 0 and at most 1.
    """
    return max(1, ceiling(_defects(goal_kg, item_kg, falsified)))


def detectable_defects(
    items: int, sample_size: int, detection_wanted: float, *, per_item: float = 1.0
) -> int | None:
    """Return the smallest number of defects that a sample of n finds as wanted.

    Returns
    -------
    int or None
        None if not even N defects are found with that probability.

    Raises
    ------
    UsageError
        If a probability or a number makes no sense.
    """
    _check_population(items, per_item)
    _beta(detection_wanted)
    if not 0 <= sample_size <= items:
        words = f"{sample_size} of {items} items cannot be sampled"
        raise UsageError(words, f"Give a sample size from 0 to {items}.")
    return _smallest(1, items, lambda d: _enough(items, d, sample_size, per_item, detection_wanted))


def _defects(goal_kg: float, item_kg: float, falsified: float) -> Fraction:
    """Return M/(γx), the goal quantity in defects; 0 where the goal is not above 0."""
    check_weight("the goal quantity", goal_kg)
    check_weight("the content of an item", item_kg, MIN_ITEM_KG)
    if not 0 < falsified <= 1:
        words = f"a defect cannot be falsified by a fraction of {falsified} of its content"
        raise UsageError(words, "Give a fraction above 0 and at most 1; 1 is a missing item.")
    if goal_kg <= 0:
        return Fraction(0)
    return as_fraction(goal_kg) / (as_fraction(falsified) * as_fraction(item_kg))


def _check_population(items: int, per_item: float) -> None:
    if not 1 <= items <= MAX_ITEMS:
        words = f"a population of {items} items cannot be sampled"
        raise UsageError(words, f"Give the number of items, from 1 to {MAX_ITEMS:,}.")
    if not 0 < per_item <= 1:
        words = f"a defect cannot be found with probability {per_item} when it is verified"
        raise UsageError(words, "Give a probability above 0 and at most 1.")


def _beta(detection_wanted: float) -> Fraction:
    """Return 1 − P, exact in decimals."""
    if not 0 < detection_wanted <= 1:
        words = f"a detection probability of {detection_wanted} cannot be planned for"
        raise UsageError(words, "Give a probability above 0 and at most 1, e.g. 0.9.")
    return 1 - as_fraction(detection_wanted)


def _enough(items: int, defects: int, size: int, per_item: float, wanted: float) -> bool:
    """Whether 1 − Q is at least what is wanted; where rounding could decide, exactly."""
    log_q = _log_q(items, defects, size, per_item)
    log_beta = log_complement(wanted)
    if log_beta == -math.inf:
        return log_q == -math.inf
    gap = log_q - log_beta
    if abs(gap) > _NEAR:
        return gap < 0
    if _exactly(items, min(defects, size), per_item):
        return nondetection_exact(items, defects, size, per_item) <= _beta(wanted)
    return gap <= _TIE * abs(log_beta)


def _exactly(items: int, few: int, per_item: float) -> bool:
    """Whether exact arithmetic takes no noticeable time."""
    if per_item == 1:
        return few <= _EXACT_FEW or items <= _EXACT_ITEMS
    short = as_fraction(per_item).denominator < 10**_EXACT_DIGITS
    return few <= _EXACT_FEW or (items <= _EXACT_ITEMS_IMPERFECT and short)


def _smallest(least: int, most: int, enough: Callable[[int], bool]) -> int | None:
    """Return the smallest number that is enough; what is enough stays so with more."""
    if not enough(most):
        return None
    while least < most:
        middle = (least + most) // 2
        if enough(middle):
            most = middle
        else:
            least = middle + 1
    return least


def _log_q(items: int, defects: int, size: int, per_item: float) -> float:
    if defects == 0 or size == 0:
        return 0.0
    if per_item < 1:
        return _log_q_imperfect(items, defects, size, per_item)
    if size > items - defects:
        return -math.inf
    if size / items * defects > _VANISHED:  # Q ≤ (1 − d/N)^n
        return -math.inf
    few, many = sorted((defects, size))
    left = items - np.arange(few, dtype=np.float64)
    return float(np.sum(np.log1p(-many / left))) if many < left[-1] else -math.inf


def _log_q_imperfect(items: int, defects: int, size: int, per_item: float) -> float:
    """Return log Σ_j w_j (1−p)^j − log Σ_j w_j, each sum around its own largest term."""
    if size / items * defects * per_item > _VANISHED:  # Q ≤ (1 − p d/N)^n
        return -math.inf
    log_escape = log_complement(per_item)
    if size == items:
        return defects * log_escape
    if defects == items:
        return size * log_escape
    least, most = max(0, size + defects - items), min(defects, size)

    def log_ratios(j: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Return log w_{j+1} − log w_j."""
        found: np.ndarray[Any, Any] = np.log((defects - j) * (size - j)) - np.log(
            (j + 1.0) * (items - defects - size + j + 1.0)
        )
        return found

    def largest(tilt: float) -> int:
        """Return the j of the largest term w_j e^{tilt j}; the ratios fall with j."""

        def falling(j: int) -> bool:
            return j == most or float(log_ratios(np.array([float(j)]))[0]) + tilt <= 0

        found = _smallest(least, most, falling)
        assert found is not None
        return found

    def log_sum(peak: int, tilt: float) -> float:
        """Return the logarithm of the sum of terms divided by the largest one."""
        spread = 60 + 12 * math.isqrt(most - least + 1)
        low, high = max(least, peak - spread), min(most, peak + spread)
        up = np.cumsum(log_ratios(np.arange(peak, high, dtype=np.float64)) + tilt)
        below = np.arange(peak - 1, low - 1, -1, dtype=np.float64)
        down = np.cumsum(-(log_ratios(below) + tilt))
        return math.log1p(float(np.exp(up).sum() + np.exp(down).sum()))

    # 60 terms and 12 square roots of their number on each side: over 24 standard deviations.
    plain, tilted = largest(0.0), largest(log_escape)
    between = float(log_ratios(np.arange(tilted, plain, dtype=np.float64)).sum())
    return tilted * log_escape - between + log_sum(tilted, log_escape) - log_sum(plain, 0.0)


def _one_minus_exp(log_q: float) -> float:
    return 0.0 - math.expm1(log_q) if log_q > -math.inf else 1.0  # and not −0.0


def _usual_formula(items: int, goal_in_items: float, wanted: float) -> Approximation:
    value = items * _one_minus_exp(log_complement(wanted) / goal_in_items)
    return Approximation(value, min(items, ceiling(value)))


def _jaech(items: int, defects: int, wanted: float) -> Approximation:
    value = (items - (defects - 1) / 2) * _one_minus_exp(log_complement(wanted) / defects)
    return Approximation(value, min(items, ceiling(value)))
