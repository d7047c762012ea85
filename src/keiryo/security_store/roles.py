"""Who may do what in a store: compartments, kinds of records, roles and their rights, as data.

A compartment has a key of its own. A role that reads a compartment gets that key, wrapped for each
member who has the role; a role that does not read it can never open what is in it, whatever the
program would allow. The fourth compartment, `statement`, holds no more than whether a required
level is met, so that those who must know this need not know the evaluation.
"""

from __future__ import annotations

from dataclasses import dataclass

EVALUATION, ACCESS, MAINTENANCE, STATEMENT = "evaluation", "access", "maintenance", "statement"
COMPARTMENTS = (EVALUATION, ACCESS, MAINTENANCE, STATEMENT)

KINDS = {
    **dict.fromkeys(["graph", "easi", "evaluation", "review", "approval"], EVALUATION),
    **dict.fromkeys(["access_log", "two_person_rule", "authorisations", "work_orders"], ACCESS),
    **dict.fromkeys(["access_setup", "access_case", "access_result", "irregularity"], ACCESS),
    **dict.fromkeys(["compensatory_values", "trial_counts"], MAINTENANCE),
    "statement": STATEMENT,
}
"""The kinds of records, and the compartment of each."""
MADE_HERE = frozenset({"evaluation", "review", "approval", "statement"})
"""Kinds that follow from another record and are made by their own acts, in one version only."""
OWN_WAY = frozenset({"access_result", "irregularity"})
"""Kinds that a review of access makes; nobody puts them in by hand."""
BASIS_OF = {
    "evaluation": frozenset({"graph", "easi"}),
    "review": frozenset({"evaluation"}),
    "approval": frozenset({"evaluation"}),
    "statement": frozenset({"evaluation"}),
}
"""What a kind that follows from another record may follow from."""

MEMBERS, ASK, RELEASE, PURGE, AUDIT, BACKUP = (
    *("members", "ask_release", "release", "purge", "audit", "backup"),
)


@dataclass(frozen=True, slots=True)
class Role:
    """What a role may do.

    Attributes
    ----------
    reads : frozenset of str
        The compartments whose keys it gets.
    writes : frozenset of str
        The kinds of records that it may make.
    acts : frozenset of str
        ``members`` (propose and confirm changes), ``ask_release``, ``release``, ``purge``,
        ``audit`` (read the trail), ``backup``.
    alone : bool
        Whether a member with this role may have no other.
    """

    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    acts: frozenset[str] = frozenset()
    alone: bool = False


def _role(reads: str, writes: str, acts: str, alone: bool = False) -> Role:
    return Role(frozenset(reads.split()), frozenset(writes.split()), frozenset(acts.split()), alone)


ROLES = {
    "evaluator": _role("evaluation maintenance statement", "graph easi evaluation", "ask_release"),
    "reviewer": _role("evaluation statement", "review", "ask_release"),
    "approver": _role(
        "evaluation maintenance statement", "approval statement", "ask_release release members"
    ),
    "security_officer": _role(
        "access maintenance statement",
        "access_log two_person_rule authorisations work_orders access_setup access_case "
        "access_result irregularity",
        "ask_release release members purge audit backup",
    ),
    "maintainer": _role("maintenance statement", "compensatory_values trial_counts", "ask_release"),
    "auditor": _role("access statement", "", "audit", alone=True),
    "sys_admin": _role("", "", "backup", alone=True),
}
FIRST_ROLES = ("approver", "security_officer")
"""What the first member gets: together they hold every key, so that others can be let in."""


def reads(roles: frozenset[str]) -> frozenset[str]:
    """Return the compartments that somebody with these roles may read."""
    return frozenset(one for role in roles for one in ROLES[role].reads)


def writes(roles: frozenset[str]) -> frozenset[str]:
    """Return the kinds of records that somebody with these roles may make."""
    return frozenset(one for role in roles for one in ROLES[role].writes)


def acts(roles: frozenset[str]) -> frozenset[str]:
    """Return what else somebody with these roles may do."""
    return frozenset(one for role in roles for one in ROLES[role].acts)


def may_hold(roles: frozenset[str]) -> bool:
    """Return whether one person may have all of these roles together."""
    return len(roles) < 2 or not any(ROLES[role].alone for role in roles)
