"""Which method verifies how many items: three methods together, strata, and the variables mode.

Large falsifications are few and are found by a quick measurement of many items; small ones are
many and are found by a precise measurement of few. So a plan has a quick method (H), a better one
(F) and destructive analysis (B). For each, the total number of items is computed for the
smallest falsification that it can see; an item measured by a better method serves the weaker ones
too.

Source: attribute mode, variable in the attribute mode and variables mode of international
safeguards; the nesting of total sizes is keiryo's own reading of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any

from keiryo.errors import Finding, UsageError
from keiryo.inspection.exact_numbers import as_fraction, ceiling, log_complement
from keiryo.inspection.limits import MAX_ITEMS, MIN_ITEM_KG, check_alpha, check_weight
from keiryo.inspection.plan_checks import goal_above, variables_unreachable
from keiryo.inspection.sampling import AttributePlan, plan_for_goal

MAX_DRAWS = MAX_ITEMS
"""Most draws that are planned for."""

_NORMAL = NormalDist()
_MAX_SD = 100.0  # relative; beyond it a measurement says nothing at all
_OF_ONE_METHOD = ("DETECTION-UNREACHABLE", "FALSIFICATION-BELOW-GOAL")


@dataclass(frozen=True, slots=True)
class Method:
    """A method of verification.

    Attributes
    ----------
    name : str
        E.g. ``"H"``, ``"F"``, ``"B"``.
    falsified : float
        γ, the smallest fraction of its content whose lack the method sees in one item.
    per_item : float
        Probability that it sees that.
    """

    name: str
    falsified: float
    per_item: float = 1.0


THREE_METHODS = (Method("H", 1.0), Method("F", 0.3), Method("B", 0.06))
"""Gross, partial and bias defects, with fractions to begin with; use those of your instruments."""


@dataclass(frozen=True, slots=True)
class MethodSize:
    """How many items one method measures.

    Attributes
    ----------
    method : Method
    plan : AttributePlan
        Total number that must be measured by this method or a better one.
    own : int
        Items measured by this method and by no better one.
    """

    method: Method
    plan: AttributePlan
    own: int

    def to_dict(self) -> dict[str, Any]:
        """Return the size as plain data."""
        return {
            "method": self.method.name,
            "falsified": self.method.falsified,
            "own": self.own,
            **self.plan.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class MethodsPlan:
    """Nested sample sizes of several methods for one stratum.

    Attributes
    ----------
    items : int
    item_kg, goal_kg, detection_wanted : float
    methods : tuple of MethodSize
        The weakest method first.
    findings : tuple of Finding
    """

    items: int
    item_kg: float
    goal_kg: float
    detection_wanted: float
    methods: tuple[MethodSize, ...]
    findings: tuple[Finding, ...]

    @property
    def sample_size(self) -> int:
        """Items that are verified by any method."""
        return sum(m.own for m in self.methods)

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as plain data, without its findings."""
        return {
            "items": self.items,
            "item_kg": self.item_kg,
            "goal_kg": self.goal_kg,
            "detection_wanted": self.detection_wanted,
            "sample_size": self.sample_size,
            "methods": [m.to_dict() for m in self.methods],
        }


@dataclass(frozen=True, slots=True)
class VariablesPlan:
    """How many items to measure so that the D statistic finds a falsification spread over all.

    Attributes
    ----------
    items : int
    goal_kg, detection_wanted : float
    alpha : float
        False-alarm probability of the one-sided test of D.
    sample_size : int
        N where even all items do not achieve it.
    reached : bool
    sigma_d_kg : float
        Standard deviation of D with that sample.
    sigma_wanted_kg : float
        The largest that achieves what is wanted, M/(z_{1−α} + z_{1−β}).
    achieved : float
        Probability of detection.
    findings : tuple of Finding
    """

    items: int
    goal_kg: float
    detection_wanted: float
    alpha: float
    sample_size: int
    reached: bool
    sigma_d_kg: float
    sigma_wanted_kg: float
    achieved: float
    findings: tuple[Finding, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as plain data, without its findings."""
        names = [n for n in self.__slots__ if n != "findings"]
        return {**{name: getattr(self, name) for name in names}, "side": "one-sided"}


def per_item_detection(falsified: float, relative_sd: float, limit: float = 3.0) -> float:
    """Return the probability that one item falsified by γ shows a difference above the limit.

    The instrument serves as go or no-go: a defect is found when |o − i| > t·σ. This is the
    variable in the attribute mode; give the result as `per_item`.

    Parameters
    ----------
    falsified : float
        γ, a fraction of the declared content.
    relative_sd : float
        σ of o − i relative to the declared content, √(δ_o² + δ_i²).
    limit : float
        t.

    Raises
    ------
    UsageError
        If a number makes no sense.
    """
    if not 0 < falsified <= 1:
        words = f"a defect cannot be falsified by a fraction of {falsified} of its content"
        raise UsageError(words, "Give a fraction above 0 and at most 1.")
    if not (relative_sd >= 0 and math.isfinite(relative_sd)):
        words = f"{relative_sd} is no relative standard deviation"
        raise UsageError(words, "Give it as a fraction, e.g. 0.05 for 5 %.")
    if not (limit > 0 and math.isfinite(limit)):
        raise UsageError(f"{limit} is no limit", "Give a limit in standard deviations, e.g. 3.")
    if relative_sd == 0:
        return 1.0
    shift = falsified / relative_sd
    return min(1.0, _NORMAL.cdf(shift - limit) + _NORMAL.cdf(-shift - limit))


def methods_plan(
    items: int,
    item_kg: float,
    goal_kg: float,
    detection_wanted: float,
    methods: Sequence[Method] = THREE_METHODS,
) -> MethodsPlan:
    """Return nested sample sizes: the best method first takes its items, the next what lacks.

    Parameters
    ----------
    items : int
        N items of equal size.
    item_kg, goal_kg : float
        x and M, kg.
    detection_wanted : float
        1 − β, for each method against the falsification that it can see.
    methods : sequence of Method
        In any order; the one that sees the smallest falsification is the best.

    Raises
    ------
    UsageError
        If a number makes no sense, there is no method, or two have one name.
    """
    if not methods or len({m.name for m in methods}) < len(methods):
        words = "every method needs a name of its own" if methods else "no method was given"
        raise UsageError(words, "Name the methods, e.g. H, F and B.")
    taken = 0
    sizes: list[MethodSize] = []
    findings: list[Finding] = []
    for method in sorted(methods, key=lambda m: m.falsified):
        plan = plan_for_goal(
            items,
            item_kg,
            goal_kg,
            detection_wanted,
            falsified=method.falsified,
            per_item=method.per_item,
        )
        own = max(0, plan.sample_size - taken)
        taken += own
        sizes.append(MethodSize(method, plan, own))
        findings += [
            replace(f, message=f"method {method.name}: {f.message}")
            if f.code in _OF_ONE_METHOD
            else f
            for f in plan.findings
            if f.code not in {g.code for g in findings} or f.code in _OF_ONE_METHOD
        ]
    return MethodsPlan(
        items, item_kg, goal_kg, detection_wanted, tuple(reversed(sizes)), tuple(findings)
    )


def variables_plan(
    items: int,
    item_kg: float,
    goal_kg: float,
    detection_wanted: float,
    *,
    alpha: float = 0.05,
    random_sd: float,
    systematic_sd: float,
) -> VariablesPlan:
    """Return the smallest sample whose D statistic finds M kg spread evenly over all items.

    Parameters
    ----------
    items : int
    item_kg, goal_kg : float
        x and M, kg.
    detection_wanted, alpha : float
        1 − β, and the false-alarm probability of the one-sided test of D.
    random_sd, systematic_sd : float
        Relative standard deviations of operator and inspector together: √(δ_or² + δ_ir²) and
        √(δ_os² + δ_is²).

    Raises
    ------
    UsageError
        If a number makes no sense.

    Notes
    -----
    Var(D) = N²x²δ_r²/n + (Nx)²δ_s²: no sample size brings it below the systematic part.
    """
    check_alpha(alpha)
    check_weight("the content of an item", item_kg, MIN_ITEM_KG)
    check_weight("the goal quantity", goal_kg, MIN_ITEM_KG)
    if not 0 < detection_wanted < 1:
        words = f"a detection probability of {detection_wanted} cannot be planned for"
        raise UsageError(words, "Give a probability between 0 and 1, e.g. 0.9.")
    for name, value in (("random", random_sd), ("systematic", systematic_sd)):
        if not 0 <= value <= _MAX_SD:
            words = f"the {name} error is {value}"
            raise UsageError(words, f"Give it as a fraction, from 0 to {_MAX_SD:g}.")
    if not 1 <= items <= MAX_ITEMS:
        words = f"{items} items cannot be sampled"
        raise UsageError(words, f"Give the number of items, from 1 to {MAX_ITEMS:,}.")
    z_alpha, z_beta = _NORMAL.inv_cdf(1 - alpha), _NORMAL.inv_cdf(detection_wanted)
    if z_alpha + z_beta <= 0:
        words = f"a detection probability of {detection_wanted} is had by chance at alpha {alpha}"
        raise UsageError(words, "Give a detection probability above alpha.")
    wanted = goal_kg / (z_alpha + z_beta)
    total = items * item_kg
    room = wanted**2 - (total * systematic_sd) ** 2
    needed = (total * random_sd) ** 2 / room if room > 0 else math.inf
    reached = math.isfinite(needed) and ceiling(needed) <= items
    size = max(1, ceiling(needed)) if reached else items
    sigma = math.sqrt((total * random_sd) ** 2 / size + (total * systematic_sd) ** 2)
    achieved = _NORMAL.cdf(goal_kg / sigma - z_alpha) if sigma else 1.0
    findings: list[Finding] = []
    if as_fraction(item_kg) * items < as_fraction(goal_kg):
        findings.append(goal_above(total, goal_kg))
    if not reached:
        blamed = room > 0
        findings.append(variables_unreachable(items, detection_wanted, achieved, random=blamed))
    return VariablesPlan(
        items, goal_kg, detection_wanted, alpha, size, reached, sigma, wanted, achieved,
        tuple(findings),
    )  # fmt: skip


def proportional_draws(total_kg: float, goal_kg: float, detection_wanted: float) -> int:
    """Return how many draws proportional to size find a diversion of M kg out of a total.

    Returns
    -------
    int
        1 if the goal is all there is, or more.

    Raises
    ------
    UsageError
        If a number makes no sense, or more than `MAX_DRAWS` draws would be needed.

    Notes
    -----
    With draws proportional to size every diverted kilogram is as likely to be met as any other,
    so the sizes of the items do not matter: Q = (1 − M/T)^n. Defects that lack only a part γ of
    their content hold M/γ; give that as the goal.
    """
    if not 0 < detection_wanted < 1:
        words = f"a detection probability of {detection_wanted} cannot be planned for"
        raise UsageError(words, "Give a probability between 0 and 1, e.g. 0.9.")
    check_weight("the content of all items", total_kg, MIN_ITEM_KG)
    check_weight("the goal quantity", goal_kg, MIN_ITEM_KG)
    if goal_kg >= total_kg:
        return 1
    share = as_fraction(goal_kg) / as_fraction(total_kg)
    escape = math.log1p(-float(share)) if share < 0.5 else math.log(1 - share)
    draws = log_complement(detection_wanted) / escape
    if not draws <= MAX_DRAWS:
        words = f"{goal_kg:g} kg out of {total_kg:g} kg would take {draws:.3g} draws"
        raise UsageError(words, "Look whether both are in kg; otherwise divide the population.")
    return max(1, ceiling(draws))
