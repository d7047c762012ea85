"""How a loan lives: from the request to the closing, step by step.

What happens to one item of a loan (damaged, lost) is a condition of the item and leaves the state
of the loan as it is; so does an extension. A loan that is converted to a donation is over, and the
items belong to the borrower. That a request or an offer may be withdrawn is a choice of keiryo.
No date ever changes a state.
"""

from __future__ import annotations

from dataclasses import dataclass

from keiryo.equipment.tables import DAMAGED, LOST, PASSED

REQUESTED, OFFERED, AGREED, SHIPPED = "requested", "offered", "agreed", "shipped"
RECEIVED, IN_USE, RECALLED, EXPIRING = "received", "in_use", "recalled", "expiring"
RETURNED, CLOSED, WITHDRAWN = "returned", "closed", "withdrawn"
DONATED, EXTENDED = "converted_to_donation", "extended"

STEPS: dict[str, frozenset[str]] = {
    REQUESTED: frozenset({OFFERED, WITHDRAWN}),
    OFFERED: frozenset({AGREED, WITHDRAWN}),
    AGREED: frozenset({SHIPPED, EXTENDED, WITHDRAWN}),
    SHIPPED: frozenset({RECEIVED, RECALLED, EXTENDED}),
    RECEIVED: frozenset({IN_USE, RECALLED, EXTENDED, DONATED}),
    IN_USE: frozenset({RECALLED, EXPIRING, EXTENDED, DONATED}),
    RECALLED: frozenset({RETURNED, DONATED}),
    EXPIRING: frozenset({RECALLED, RETURNED, EXTENDED, DONATED}),
    RETURNED: frozenset({CLOSED}),
    CLOSED: frozenset(),
    DONATED: frozenset(),
    WITHDRAWN: frozenset(),
}
"""Which step may be taken in which state; an extension leads back, see `state_after`."""

OUT = frozenset({SHIPPED, RECEIVED, IN_USE, RECALLED, EXPIRING, RETURNED})
"""States in which the items are out under the loan."""
BOUND = OUT | {AGREED}
"""States in which the items are promised or out."""
OPEN_STATES = frozenset(state for state, following in STEPS.items() if following)


def state_after(state: str, step: str) -> str:
    """Return the state of a loan after a step.

    Examples
    --------
    >>> state_after("expiring", "extended"), state_after("received", "extended")
    ('in_use', 'received')
    """
    if step != EXTENDED:
        return step
    return IN_USE if state == EXPIRING else state


@dataclass(frozen=True, slots=True)
class ItemOnLoan:
    """What matters of an item when its loan takes a step.

    Attributes
    ----------
    serial, condition : str
    with_lender : bool
        Whether the chain of custody says that the lender has it.
    elsewhere : str or None
        Another loan under which it is promised for the same days, or out.
    """

    serial: str
    condition: str = "serviceable"
    with_lender: bool = True
    elsewhere: str | None = None


@dataclass(frozen=True, slots=True)
class LoanStep:
    """A step that somebody wants to take with a loan.

    Attributes
    ----------
    state, step : str
    items : tuple of ItemOnLoan
    missing_terms : tuple of str
        Terms without which it cannot be agreed, and that are not there.
    reason : str
    evidence : int
        Pieces of evidence that are there.
    end_on, new_end_on : int or None
        Day by which the items are to be back, and the one after an extension.
    acceptance, decontamination, function : str or None
        Last results of the tests: ``passed`` or ``failed``.
    """

    state: str
    step: str
    items: tuple[ItemOnLoan, ...] = ()
    missing_terms: tuple[str, ...] = ()
    reason: str = ""
    evidence: int = 0
    end_on: int | None = None
    new_end_on: int | None = None
    acceptance: str | None = None
    decontamination: str | None = None
    function: str | None = None

    @property
    def present(self) -> tuple[ItemOnLoan, ...]:
        """The items that are not lost."""
        return tuple(one for one in self.items if one.condition != LOST)


Problem = tuple[str, str]
"""What is wrong, and what to do."""


def step_problems(step: LoanStep) -> list[Problem]:
    """Return why a step cannot be taken, each with what to do; empty if it can."""
    found: list[Problem] = []
    if step.step not in STEPS.get(step.state, frozenset()):
        allowed = ", ".join(sorted(STEPS.get(step.state, ()))) or "nothing: it is over"
        found.append((f"from {step.state} it cannot become {step.step}", f"Possible: {allowed}."))
    if not step.reason.strip():
        found.append(("no reason is given", "Say what happened; it stands in the record."))
    if (step.new_end_on is not None) != (step.step == EXTENDED):
        found.append(
            ("a new end belongs to an extension, and to nothing else", "Give it with 'extended'.")
        )
    elif step.new_end_on is not None and step.new_end_on <= (step.end_on or 0):
        found.append(("the new end does not lie after the old one", "Give a later day."))
    if step.step in (AGREED, SHIPPED):
        found += _before_it_leaves(step)
    if step.step in (AGREED, SHIPPED, EXTENDED):
        found += [
            (
                f"{one.serial} is promised or out under the loan {one.elsewhere}",
                "Lend another item, or choose other days.",
            )
            for one in step.items
            if one.elsewhere is not None
        ]
    if step.step == RECEIVED and step.acceptance is None:
        found.append(("nothing says how the acceptance test went", "Give its result."))
    if step.step == IN_USE and step.acceptance != PASSED:
        found.append(
            ("the acceptance test was not passed", "Repeat it and give its result, or recall it.")
        )
    if step.step == DONATED and not step.evidence:
        found.append(("nothing shows the donation", "Add the letter or agreement as evidence."))
    return [*found, *_when_it_comes_back(step)]


def _before_it_leaves(step: LoanStep) -> list[Problem]:
    found: list[Problem] = []
    if step.missing_terms:
        found.append(
            (f"it has no {', '.join(step.missing_terms)}", "Record the terms of the loan first.")
        )
    if not step.items:
        found.append(("it has no items", "Say by serial number what is lent."))
    for one in step.items:
        if one.condition != "serviceable":
            found.append(
                (f"{one.serial} is {one.condition}", "Lend another item, or repair it first.")
            )
    return found


def _when_it_comes_back(step: LoanStep) -> list[Problem]:
    found: list[Problem] = []
    if step.step == RETURNED and step.present:
        for name, result in (
            ("decontamination check", step.decontamination),
            ("function test", step.function),
        ):
            if result is None:
                found.append((f"nothing says how the {name} went", "Give its result."))
    if step.step != CLOSED or not step.present:
        return found
    if step.decontamination != PASSED:
        found.append(
            (
                "the decontamination check was not passed",
                "Clean what is contaminated, check it again and give the result.",
            )
        )
    harmed = any(one.condition != "serviceable" for one in step.items)
    if step.function != PASSED and not harmed:
        found.append(
            (
                "the function test was not passed and no item is recorded as damaged",
                f"Record which item is {DAMAGED}, or repeat the test and give the result.",
            )
        )
    away = [one.serial for one in step.present if not one.with_lender]
    if away:
        found.append(
            (
                f"the chain of custody does not say that the lender has {', '.join(away)}",
                "Record the hand-over to the lender first.",
            )
        )
    return found
