"""Changes that take two persons: roles, withdrawal of members, destruction of keys.

One member proposes, another confirms. As long as there is only one who could do either, that one
does both. Whoever confirms a role gives its keys, and so holds them.
"""

from __future__ import annotations

from typing import Any

from keiryo.errors import NotFoundError
from keiryo.security_store import roles as rights
from keiryo.security_store import rules, sealing
from keiryo.security_store.entries import check_reason
from keiryo.security_store.opened import Opened, add_wraps, drop_keys, drop_wraps, new_id
from keiryo.security_store.state import Proposal
from keiryo.security_store.trail import Writing, wrap_at


def propose(
    opened: Opened,
    change: str,
    about: str,
    reason: str,
    *,
    role: str = "",
    fingerprint: str | None = None,
) -> Proposal:
    """Propose a change, and make it at once if nobody else could confirm it.

    Parameters
    ----------
    change : str
        ``grant``, ``revoke``, ``withdraw`` (about a person), ``destroy_record`` (about a record)
        or ``destroy_store``.
    fingerprint : str, optional
        What the person read out as the fingerprint of their keys; refused if it is another.
        Default: the one that the store has.

    Returns
    -------
    Proposal
        Its state says whether it is done.
    """
    reason = check_reason(reason)
    with opened.acting() as act:
        member = act.state.members.get(about)
        of_person = change in ("grant", "revoke", "withdraw")
        known = member.fingerprint if member is not None and of_person else ""
        told = {
            "proposal": new_id("M"),
            "change": change,
            "about": about,
            "role": role,
            "fingerprint": known if fingerprint is None else fingerprint.strip().lower(),
        }
        opened.append(act, "propose", reason=reason, **told)
        proposal = act.state.proposals[told["proposal"]]
        if rules.alone(act.state, proposal):
            _confirm(opened, act, proposal)
        return act.state.proposals[proposal.id]


def confirm(opened: Opened, proposal: str) -> Proposal:
    """Confirm what another member proposed, and do it."""
    with opened.acting() as act:
        _confirm(opened, act, _known(act, proposal))
        return act.state.proposals[proposal]


def refuse(opened: Opened, proposal: str, reason: str) -> Proposal:
    """Refuse what was proposed, or take one's own proposal back."""
    reason = check_reason(reason)
    with opened.acting() as act:
        _known(act, proposal)
        opened.append(act, "refuse_proposal", reason=reason, proposal=proposal)
        return act.state.proposals[proposal]


def proposals(opened: Opened, *, every: bool = False) -> list[Proposal]:
    """Return the open proposals, or all."""
    known = opened.state().proposals.values()
    return [one for one in known if every or one.state == "open"]


def _known(act: Writing, proposal: str) -> Proposal:
    if proposal not in act.state.proposals:
        raise NotFoundError(f"there is no proposal {proposal}")
    return act.state.proposals[proposal]


def _confirm(opened: Opened, act: Writing, proposal: Proposal) -> None:
    told: dict[str, Any] = {"proposal": proposal.id}
    wraps: dict[tuple[str, int, str], bytes] = {}
    if proposal.change == "grant":
        wraps = _wraps_for(opened, act, proposal)
        told["wraps"] = {f"{one}/{n}": sealing.digest(box) for (one, n, _), box in wraps.items()}
    opened.append(act, "confirm", record=_record_of(proposal), **told)
    add_wraps(act, wraps)
    drop_wraps(act)
    drop_keys(act)
    if act.state.destroyed:
        return
    for compartment in sorted(act.state.rotation_due):
        if compartment in rights.reads(act.state.roles(opened.person)):
            opened.rotate(act, compartment)


def _record_of(proposal: Proposal) -> str | None:
    return proposal.about if proposal.change == "destroy_record" else None


def _wraps_for(
    opened: Opened, act: Writing, proposal: Proposal
) -> dict[tuple[str, int, str], bytes]:
    """Return the keys of a role, wrapped for the person who is to have it.

    Keys that the confirming member does not hold are left out; the rule then refuses the entry.
    """
    state, person = act.state, proposal.about
    if person not in state.members or proposal.role not in rights.ROLES:
        return {}
    new = rights.ROLES[proposal.role].reads - rights.reads(state.roles(person))
    own = rights.reads(state.roles(opened.person))
    reading = state.members[person].keys.reading
    return {
        (one, epoch, person): sealing.wrap(
            opened.compartment_key(act, one, epoch),
            reading,
            wrap_at(state.store, one, epoch, person),
        )
        for one in sorted(new & own)
        for epoch in range(1, state.epochs(one) + 1)
    }
