"""How an inspection lives: planned, performed, reported, closed; or cancelled before it began."""

from __future__ import annotations

PLANNED, PERFORMED, REPORTED = "planned", "performed", "reported"
CLOSED, CANCELLED = "closed", "cancelled"

STEPS: dict[str, frozenset[str]] = {
    PLANNED: frozenset({PERFORMED, CANCELLED}),
    PERFORMED: frozenset({REPORTED}),
    REPORTED: frozenset({CLOSED}),
    CLOSED: frozenset(),
    CANCELLED: frozenset(),
}
"""Which state may follow which; the last two are final."""

DONE = frozenset({PERFORMED, REPORTED, CLOSED})
"""States in which it took place."""
OPEN_STATES = frozenset(state for state, following in STEPS.items() if following)
