"""How an alarm case lives: from two origins through one assessment to a closed case.

After IAEA Nuclear Security Series 15 and 21, an instrument alarm and an information alert are two
origins of one assessment. A case that turns out false is closed by that. What is innocent is
closed with its decision; what is illegal or unresolved is handed over before.
"""

from __future__ import annotations

RAISED, VERIFIED, FALSE = "RAISED", "VERIFIED", "FALSE"
LOCALIZED, CHARACTERIZED, IDENTIFIED = "LOCALIZED", "CHARACTERIZED", "IDENTIFIED"
CATEGORIZED = "CATEGORIZED"
INNOCENT_DECLARED, INNOCENT_UNDECLARED = "INNOCENT_DECLARED", "INNOCENT_UNDECLARED"
ILLEGAL, UNRESOLVED = "ILLEGAL_OR_UNAUTHORIZED", "UNRESOLVED"
RESPONSE, CLOSED = "RESPONSE", "CLOSED"
ESCALATED = "ESCALATED"
"""A step that leaves the state as it is."""

INNOCENT = (INNOCENT_DECLARED, INNOCENT_UNDECLARED)
DECISIONS = (*INNOCENT, ILLEGAL, UNRESOLVED)
FINAL = frozenset({FALSE, CLOSED})
STATES = (
    *(RAISED, VERIFIED, FALSE, LOCALIZED, CHARACTERIZED, IDENTIFIED, CATEGORIZED),
    *(*DECISIONS, RESPONSE, CLOSED),
)

NEXT: dict[str, tuple[str, ...]] = {
    RAISED: (VERIFIED, FALSE),
    VERIFIED: (LOCALIZED,),
    LOCALIZED: (CHARACTERIZED,),
    CHARACTERIZED: (IDENTIFIED,),
    IDENTIFIED: (CATEGORIZED,),
    CATEGORIZED: DECISIONS,
    INNOCENT_DECLARED: (RESPONSE, CLOSED),
    INNOCENT_UNDECLARED: (RESPONSE, CLOSED),
    ILLEGAL: (RESPONSE,),
    UNRESOLVED: (RESPONSE,),
    RESPONSE: (CLOSED,),
    FALSE: (),
    CLOSED: (),
}
"""Which state may follow which."""

_ORDER = {
    RAISED: 0, VERIFIED: 1, LOCALIZED: 2, CHARACTERIZED: 3, IDENTIFIED: 4, CATEGORIZED: 5,
    **dict.fromkeys(DECISIONS, 6), RESPONSE: 7, FALSE: 8, CLOSED: 8,
}  # fmt: skip


def goes_back(state: str, step: str) -> bool:
    """Return whether a step corrects a case by putting it back to an earlier state.

    Examples
    --------
    >>> goes_back("IDENTIFIED", "LOCALIZED"), goes_back("FALSE", "RAISED")
    (True, True)
    >>> goes_back("RAISED", "VERIFIED"), goes_back("UNRESOLVED", "INNOCENT_DECLARED")
    (False, False)
    """
    return step in (RAISED, VERIFIED, LOCALIZED, CHARACTERIZED, IDENTIFIED, CATEGORIZED) and (
        _ORDER[step] < _ORDER.get(state, -1)
    )


def state_after(state: str, step: str) -> str:
    """Return the state of a case after a step."""
    return state if step == ESCALATED else step
