"""How a finding lives: a plan of action, its implementation, verification by somebody else.

An extension of the deadline leaves the state as it is. A good practice is closed from the
beginning: there is nothing to put right.
"""

from __future__ import annotations

from keiryo.security_regime.tables_oversight import GOOD_PRACTICE

OPEN, ACTION_PLANNED, IMPLEMENTED = "open", "action_planned", "implemented"
VERIFIED, CLOSED, REOPENED = "verified", "closed", "reopened"
EXTENDED = "extended"

STEPS: dict[str, frozenset[str]] = {
    OPEN: frozenset({ACTION_PLANNED, EXTENDED}),
    ACTION_PLANNED: frozenset({IMPLEMENTED, EXTENDED}),
    IMPLEMENTED: frozenset({VERIFIED, REOPENED}),
    VERIFIED: frozenset({CLOSED, REOPENED}),
    CLOSED: frozenset({REOPENED}),
    REOPENED: frozenset({ACTION_PLANNED, EXTENDED}),
}
"""Which step may be taken in which state."""

TO_BE_DONE = frozenset({OPEN, ACTION_PLANNED, REOPENED})
"""States in which the owner still has something to do: only these can be overdue."""
INDEPENDENT = frozenset({VERIFIED, CLOSED, EXTENDED})
"""Steps of somebody else than who puts it right."""
NEEDS_REASON = frozenset({REOPENED, EXTENDED})


def first_state(grade: str) -> str:
    """Return the state of a finding that was just raised.

    Examples
    --------
    >>> first_state("deficiency"), first_state("good_practice")
    ('open', 'closed')
    """
    return CLOSED if grade == GOOD_PRACTICE else OPEN


def state_after(state: str, step: str) -> str:
    """Return the state of a finding after a step.

    Examples
    --------
    >>> state_after("open", "extended"), state_after("open", "action_planned")
    ('open', 'action_planned')
    """
    return state if step == EXTENDED else step
