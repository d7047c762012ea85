"""What a sampling plan may say besides its numbers: goals that are too large, or out of reach."""

from __future__ import annotations

from keiryo.errors import Finding, Severity
from keiryo.inspection.exact_numbers import apart, as_fraction

BASIS = "Hypergeometric attribute sampling"
BASIS_VARIABLES = "Variables sampling by the D statistic"


def goal_above(content_kg: float, goal_kg: float) -> Finding:
    """Say that all items together hold less than the goal quantity."""
    held, wanted = apart(content_kg, goal_kg)
    return Finding(
        "GOAL-ABOVE-STRATUM",
        Severity.INFORMATION,
        f"all items together hold {held} kg, less than the goal quantity of {wanted} kg: it cannot "
        "be diverted here alone; the plan takes all items as falsified",
        "Nothing, if the weights are right. Plan for the strata together if material can be "
        "taken from several.",
        found=held,
        expected=wanted,
        basis=BASIS,
    )


def defects_above(items: int, defects: int) -> Finding:
    """Say that the goal quantity takes more defects than there are items."""
    return Finding(
        "GOAL-ABOVE-STRATUM",
        Severity.INFORMATION,
        f"{defects} defects would be needed, more than there are items ({items}): the goal "
        "quantity cannot be diverted here alone; the plan takes all items as falsified",
        "Nothing, if the numbers are right. Plan for the strata together if material can be "
        "taken from several.",
        found=str(items),
        expected=str(defects),
        basis=BASIS,
    )


def goal_not_positive(goal_kg: float) -> Finding:
    """Say that there is no goal quantity to be found."""
    return Finding(
        "GOAL-NOT-POSITIVE",
        Severity.WARNING,
        f"the goal quantity is {goal_kg} kg; the plan is made to find a single defect",
        "Give the goal quantity in kg of the element or isotope, e.g. 8 for plutonium.",
        basis=BASIS,
    )


def falsification_too_small(
    items: int, item_kg: float, goal_kg: float, falsified: float
) -> Finding:
    """Say that defects of this size do not make up the goal quantity, though the items hold it."""
    lacks, wanted = apart(items * item_kg * falsified, goal_kg)
    return Finding(
        "FALSIFICATION-BELOW-GOAL",
        Severity.INFORMATION,
        f"even if all {items} items lack a fraction of {falsified:g}, that is {lacks} kg together "
        f"and not the goal quantity of {wanted} kg; the plan takes all items as falsified so",
        "Nothing: falsifications that make up the goal quantity are larger, and are found more "
        "surely.",
        found=lacks,
        expected=wanted,
        basis=BASIS,
    )


def unreachable(items: int, defects: int, wanted: float, best: float, missed: float) -> Finding:
    """Say that even all items do not detect the defects as wanted."""
    words = apart(best, wanted)
    said = f"are found with probability {words[0]} only; {words[1]} was wanted"
    if best > 0.999:  # where it would look like 1
        escape, allowed = apart(missed, float(1 - as_fraction(wanted)))
        said = f"are all missed with probability {escape}; at most {allowed} was wanted"
    return Finding(
        "DETECTION-UNREACHABLE",
        Severity.INCONSISTENCY,
        f"even if all {items} items are verified, {defects} defects {said}",
        "Verify with a method that finds a single defect more surely, or repeat measurements.",
        found=words[0],
        expected=words[1],
        basis=BASIS,
    )


def variables_unreachable(items: int, wanted: float, best: float, *, random: bool) -> Finding:
    """Say that measuring all items does not bring σ_D down enough; `random` if that is why."""
    words = apart(best, wanted)
    why = (
        "The random errors are too large for so few items. Measure with a more precise method, or "
        "every item several times."
        if random
        else "The systematic errors are too large for this goal. Verify with a better calibrated "
        "method; more items do not help."
    )
    return Finding(
        "DETECTION-UNREACHABLE",
        Severity.INCONSISTENCY,
        f"even if all {items} items are measured, D finds the goal quantity with probability "
        f"{words[0]} only; {words[1]} was wanted",
        why,
        found=words[0],
        expected=words[1],
        basis=BASIS_VARIABLES,
    )
