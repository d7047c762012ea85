"""Sampling plans for several strata, and strata made from items of various sizes.

Each stratum is planned as if the whole goal quantity were diverted from it. If it is divided over
several strata instead, each finds its part with less probability, but all together find it about
as surely: with n = N(1 − β^{γx/M}) the probabilities of non-detection multiply to β.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from keiryo.errors import Finding
from keiryo.inspection.methods import THREE_METHODS, Method, MethodsPlan, methods_plan
from keiryo.inspection.selection import stratify
from keiryo.inspection.verification_lists import PlanStratum


@dataclass(frozen=True, slots=True)
class StrataPlan:
    """Plans of several strata.

    Attributes
    ----------
    strata : tuple of PlanStratum
    plans : tuple of MethodsPlan or None
        None for a stratum without items.
    findings : tuple of Finding
    """

    strata: tuple[PlanStratum, ...]
    plans: tuple[MethodsPlan | None, ...]
    findings: tuple[Finding, ...]

    @property
    def sample_size(self) -> int:
        """Items that are verified in all strata."""
        return sum(p.sample_size for p in self.plans if p)

    def rows(self) -> list[dict[str, Any]]:
        """Return one row for each stratum and method."""
        found: list[dict[str, Any]] = []
        for stratum, plan in zip(self.strata, self.plans, strict=True):
            for size in plan.methods if plan else ():
                found.append(
                    {
                        "stratum": stratum.name,
                        "items": stratum.items,
                        "item_kg": stratum.item_kg,
                        "goal_kg": plan.goal_kg if plan else None,
                        "method": size.method.name,
                        "falsified": size.method.falsified,
                        "defects": size.plan.defects,
                        "own": size.own,
                        "sample_size": size.plan.sample_size,
                        "achieved": size.plan.achieved,
                        "formula": size.plan.formula.sample_size,
                        "jaech": size.plan.jaech.sample_size,
                    }
                )
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return the plans as plain data, without findings."""
        return {
            "sample_size": self.sample_size,
            "strata": [
                {"stratum": s.name, **(p.to_dict() if p else {"items": 0, "sample_size": 0})}
                for s, p in zip(self.strata, self.plans, strict=True)
            ],
        }


def plan_strata(
    strata: Sequence[PlanStratum],
    detection_wanted: float,
    methods: Sequence[Method] = THREE_METHODS,
    *,
    goal_kg: float | None = None,
    file: str | None = None,
) -> StrataPlan:
    """Plan each stratum for its own goal quantity, or for the common one.

    Parameters
    ----------
    strata : sequence of PlanStratum
    detection_wanted : float
    methods : sequence of Method
    goal_kg : float, optional
        For strata without a goal quantity of their own.
    file : str, optional
        Where the strata stand, for findings.

    Raises
    ------
    UsageError
        If a number makes no sense.
    """
    plans: list[MethodsPlan | None] = []
    findings: list[Finding] = []
    for stratum in strata:
        if stratum.items == 0:
            plans.append(None)
            continue
        goal = stratum.goal_kg if stratum.goal_kg is not None else goal_kg
        plan = methods_plan(stratum.items, stratum.item_kg, goal or 0.0, detection_wanted, methods)
        plans.append(plan)
        findings += [
            replace(f, message=f"stratum {stratum.name}: {f.message}", file=file)
            for f in plan.findings
        ]
    return StrataPlan(tuple(strata), tuple(plans), tuple(findings))


def stratify_items(
    strata: Sequence[str | None], item_kg: Sequence[float], ratio: float = 1.5
) -> list[dict[str, Any]]:
    """Return strata of like items, as rows of a list that `plan_strata` can plan.

    Parameters
    ----------
    strata : sequence of str or None
        The stratum of each item as it is now; each is divided by itself.
    item_kg : sequence of float
        Content of each item, kg.
    ratio : float
        Largest to smallest item of a stratum, at the most.

    Returns
    -------
    list of dict
        ``item_kg`` is the largest of the stratum, so that a plan is on the safe side.

    Raises
    ------
    UsageError
        If a weight is not above 0, or the ratio below 1.
    """
    rows: list[dict[str, Any]] = []
    unnamed = "size"
    while unnamed in strata:
        unnamed += "-of-others"
    for name in dict.fromkeys(strata):
        sizes = [x for x, s in zip(item_kg, strata, strict=True) if s == name]
        rows += [
            {
                "stratum": f"{name or unnamed}-{n}",
                "items": len(found.members),
                "item_kg": found.largest_kg,
                "smallest_kg": found.smallest_kg,
                "total_kg": found.total_kg,
            }
            for n, found in enumerate(stratify(sizes, ratio), 1)
        ]
    return rows
