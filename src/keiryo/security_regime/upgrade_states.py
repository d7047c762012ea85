"""How an upgrade lives: from the plan to the hand-over, and reviewed from then on.

What is not accepted is started again. A review leaves the state as it is: what was handed over
stays so until it ends.
"""

from __future__ import annotations

PLANNED, STARTED, SUSPENDED = "planned", "started", "suspended"
INSTALLED, ACCEPTED, HANDED_OVER = "installed", "accepted", "handed_over"
REVIEWED, ENDED, CANCELLED = "reviewed", "ended", "cancelled"

STEPS: dict[str, frozenset[str]] = {
    PLANNED: frozenset({STARTED, CANCELLED}),
    STARTED: frozenset({INSTALLED, SUSPENDED, CANCELLED}),
    SUSPENDED: frozenset({STARTED, CANCELLED}),
    INSTALLED: frozenset({ACCEPTED, STARTED, CANCELLED}),
    ACCEPTED: frozenset({HANDED_OVER}),
    HANDED_OVER: frozenset({REVIEWED, ENDED}),
    ENDED: frozenset(),
    CANCELLED: frozenset(),
}
"""Which step may be taken in which state; the last two are final."""

STATES = tuple(STEPS)
DEADLINES = {
    PLANNED: ("start_by", "install_by", "accept_by", "hand_over_by"),
    STARTED: ("install_by", "accept_by", "hand_over_by"),
    SUSPENDED: ("install_by", "accept_by", "hand_over_by"),
    INSTALLED: ("accept_by", "hand_over_by"),
    ACCEPTED: ("hand_over_by",),
}
"""Planned days that are still to come in a state; the first one that was named counts."""

NEEDS_REASON = frozenset({SUSPENDED, CANCELLED, ENDED})
NEEDS_REVIEW = frozenset({HANDED_OVER, REVIEWED})
"""Steps that name the day of the next review of sustainability."""


def state_after(state: str, step: str) -> str:
    """Return the state of an upgrade after a step.

    Examples
    --------
    >>> state_after("handed_over", "reviewed"), state_after("planned", "started")
    ('handed_over', 'started')
    """
    return state if step == REVIEWED else step


def needs_reason(state: str, step: str) -> bool:
    """Return whether a step says why: what stops, and what is done again.

    Examples
    --------
    >>> needs_reason("installed", "started"), needs_reason("planned", "started")
    (True, False)
    """
    return step in NEEDS_REASON or (state == INSTALLED and step == STARTED)
