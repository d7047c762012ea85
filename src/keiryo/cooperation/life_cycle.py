"""How a commitment lives: from what was proposed to what was done, step by step.

What sleeps until something happens is dormant; a limit such as "as resources permit" does not make
it so. Nothing is fulfilled without evidence and a second person, an offer becomes an agreement by
an act of the other side only, and what is over is taken up again as a new commitment.
"""

from __future__ import annotations

import calendar
import datetime
from collections.abc import Collection
from dataclasses import dataclass

PROPOSED, AGREED, ACTIVE, DORMANT = "proposed", "agreed", "active", "dormant"
SUSPENDED, FULFILLED, PARTLY = "suspended", "fulfilled", "partially_fulfilled"
LAPSED, SUPERSEDED, WITHDRAWN = "lapsed", "superseded", "withdrawn"

STEPS: dict[str, frozenset[str]] = {
    PROPOSED: frozenset({AGREED, WITHDRAWN, LAPSED}),
    DORMANT: frozenset({PROPOSED, AGREED, LAPSED, WITHDRAWN}),
    AGREED: frozenset({ACTIVE, SUPERSEDED, WITHDRAWN, LAPSED}),
    ACTIVE: frozenset({SUSPENDED, FULFILLED, PARTLY, LAPSED, SUPERSEDED, WITHDRAWN}),
    SUSPENDED: frozenset({ACTIVE, LAPSED, WITHDRAWN}),
    PARTLY: frozenset({ACTIVE, FULFILLED, LAPSED}),
    FULFILLED: frozenset(),
    LAPSED: frozenset(),
    SUPERSEDED: frozenset(),
    WITHDRAWN: frozenset(),
}
"""Which state may follow which; the last four are final."""

OPEN_STATES = frozenset(state for state, following in STEPS.items() if following)

REMIND_DAYS = (-90, -30, -7, 0, 7)
ESCALATE_DAYS = 14
REVIEW_DAYS = 180
"""Days until something without a due day is looked at again."""


def first_state(kind: str, strength: int, condition_type: str | None) -> str:
    """Return the state of a commitment when it is imported.

    Examples
    --------
    >>> first_state("commitment", 3, None), first_state("offer", 3, None)
    ('agreed', 'proposed')
    >>> first_state("commitment", 2, "trigger"), first_state("commitment", 2, "limit")
    ('dormant', 'agreed')
    """
    if condition_type == "trigger":
        return DORMANT
    return PROPOSED if kind == "offer" or strength < 2 else AGREED


@dataclass(frozen=True, slots=True)
class Step:
    """A step that somebody wants to take with a commitment.

    Attributes
    ----------
    state, following : str
    kind : str
        Kind of the commitment.
    strength : int
    reason : str
    evidence : int
        Pieces of evidence that are there.
    second_person : bool
        Whether somebody else approved it.
    other_side : bool
        Whether an act of the other side is referred to.
    triggered : bool
        Whether the condition is recorded to have occurred.
    """

    state: str
    following: str
    kind: str = "commitment"
    strength: int = 3
    reason: str = ""
    evidence: int = 0
    second_person: bool = False
    other_side: bool = False
    triggered: bool = False


def step_problems(step: Step) -> list[tuple[str, str]]:
    """Return why a step cannot be taken, each with what to do; empty if it can."""
    found: list[tuple[str, str]] = []
    if step.following not in STEPS.get(step.state, frozenset()):
        allowed = ", ".join(sorted(STEPS.get(step.state, ()))) or "nothing: it is over"
        found.append(
            (
                f"from {step.state} it cannot become {step.following}",
                f"It may become: {allowed}. What is over is taken up as a new commitment.",
            )
        )
    if not step.reason.strip():
        found.append(("no reason is given", "Say what happened; it stands in the record."))
    if step.following == FULFILLED:
        if not step.evidence:
            found.append(("nothing shows that it was done", "Add at least one piece of evidence."))
        if not step.second_person:
            found.append(("nobody else approved it", "Let a second person look at the evidence."))
    if step.state == DORMANT and step.following in (PROPOSED, AGREED):
        if not step.triggered:
            found.append(
                ("its condition is not recorded to have occurred", "Record the event first.")
            )
        elif step.following != (AGREED if step.strength >= 2 else PROPOSED):
            found.append(
                ("it wakes as its words are: what was a wish is proposed", "Propose it first.")
            )
    if step.kind == "offer" and step.following == AGREED and not step.other_side:
        found.append(
            ("an offer is one-sided", "Refer to the act by which the other side accepted it.")
        )
    return found


@dataclass(frozen=True, slots=True)
class Due:
    """When something is due, or looked at again.

    Attributes
    ----------
    day : datetime.date
    review : bool
        Whether it is a day of review, because nothing says when it is due.
    """

    day: datetime.date
    review: bool = False


def due_day(value: str | None, latest: str | None, last_review: datetime.date) -> Due:
    """Return the day on which something is due.

    Parameters
    ----------
    value : str or None
        ``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``: the last day of what it names.
    latest : str or None
        The last day of a period; a period with a first day only is open.
    last_review : datetime.date
        Day of the import, or of the last review.

    Examples
    --------
    >>> due_day("2012-12", None, datetime.date(2026, 1, 1)).day.isoformat()
    '2012-12-31'
    """
    text = value or latest
    if not text:
        return Due(last_review + datetime.timedelta(days=REVIEW_DAYS), review=True)
    parts = [int(part) for part in text.split("-")]
    year, month = parts[0], parts[1] if len(parts) > 1 else 12
    day = parts[2] if len(parts) > 2 else calendar.monthrange(year, month)[1]
    return Due(datetime.date(year, month, day))


@dataclass(frozen=True, slots=True)
class Reminder:
    """A reminder to an owner, or to who stands above them."""

    on: datetime.date
    days: int
    escalated: bool = False


def reminders(
    due: Due, state: str, on: datetime.date, sent: Collection[int] = ()
) -> list[Reminder]:
    """Return the reminders that are to be sent by a day and were not, in order.

    Nothing is ever marked as fulfilled by a date.
    """
    if state not in OPEN_STATES or state in (DORMANT, SUSPENDED):
        return []
    found = []
    for days in (*REMIND_DAYS, ESCALATE_DAYS):
        when = due.day + datetime.timedelta(days=days)
        if when <= on and days not in sent:
            found.append(Reminder(when, days, days == ESCALATE_DAYS))
    return found
