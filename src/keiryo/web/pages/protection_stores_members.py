"""Members of a sealed store, changes that take two of them, and the trail of all that was done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from litestar import Response, get, post
from litestar.params import FromPath

from keiryo.errors import UsageError
from keiryo.web.pages.protection_stores_known import (
    HIDDEN,
    Held,
    done_once,
    held,
    shown,
    state_badge,
)
from keiryo.web.pages.protection_stores_records import STORE
from keiryo.web.pages.protection_stores_words import ACTIONS, CHANGES, COMPARTMENTS, ROLES
from keiryo.web.sections import Section
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import instant_text
from keiryo.web.viewer import AnyRequest, Asking

if TYPE_CHECKING:
    from keiryo.security_store.entries import Entry
    from keiryo.security_store.state import Proposal

MEMBERS = STORE + "/members"
LAST = 500
"""Entries of the trail that a page shows."""
MANAGES = "members"


@get(MEMBERS, sync_to_thread=True, opt=HIDDEN)
def members_page(request: AnyRequest, viewer: Asking, store: FromPath[str]) -> Response[Any]:
    """List members with their roles, and what is proposed."""
    mine = held(viewer, store)
    if isinstance(mine, Response):
        return mine
    from keiryo.security_store.membership import proposals

    members = mine.opened.members()
    manages = MANAGES in mine.acts
    found = proposals(mine.opened, every=True) if manages else []
    rows = [_proposal(mine, one) for one in reversed(found)]
    records = mine.store.state().records
    return shown(
        request,
        mine,
        "members",
        "members",
        crumb=_("Members"),
        members=[
            {
                **one,
                "state": state_badge(one["state"]),
                "roles": ", ".join(_(ROLES.get(role, role)) for role in one["roles"]),
            }
            for one in members
        ],
        manages=manages,
        waiting=[row for row in rows if row["open"]],
        decided=[row for row in rows if not row["open"]],
        changes=[(name, _(words)) for name, words in CHANGES.items()],
        roles=[(name, _(words)) for name, words in ROLES.items()],
        about=[
            *((one["person"], one["person"]) for one in members if one["state"] != "withdrawn"),
            *((name, name) for name, one in list(records.items()) if not one.destroyed),
        ],
    )


def _proposal(mine: Held, one: Proposal) -> dict[str, Any]:
    words = CHANGES.get(one.change)
    return {
        "proposal": one.id,
        "change": _(words) if words else one.change,
        "about": one.about,
        "role": _(ROLES[one.role]) if one.role in ROLES else "",
        "fingerprint": one.fingerprint,
        "by": one.by,
        "at": instant_text(one.at),
        "reason": one.reason,
        "open": one.state == "open",
        "state": state_badge(one.state),
        "decided_by": one.decided_by,
        "own": one.by == mine.person,
    }


@post(MEMBERS + "/proposals", status_code=200, sync_to_thread=True, opt=HIDDEN)
def propose_change(viewer: Asking, store: FromPath[str]) -> Response[Any]:
    """Propose a change of membership or the destruction of a record."""
    mine = held(viewer, store)
    if isinstance(mine, Response):
        return mine
    from keiryo.security_store.membership import propose

    change = viewer.field("change")
    if change not in CHANGES:
        raise UsageError("choose what is to change", "The form lists what can be proposed here.")
    about, reason = viewer.field("about"), viewer.field("reason")
    role = viewer.field("role") if change in ("grant", "revoke") else ""
    told = viewer.field("fingerprint") or None
    if change == "grant" and told is None:
        raise UsageError(
            "the fingerprint is missing", "Let the person read it out to you, and type it."
        )
    return done_once(
        viewer,
        mine,
        f"{mine.address}/members?done=proposed",
        lambda: propose(
            mine.opened, change, about, reason, role=role, fingerprint=told if role else None
        ),
    )


@post(MEMBERS + "/answers", status_code=200, sync_to_thread=True, opt=HIDDEN)
def answer_proposal(viewer: Asking, store: FromPath[str]) -> Response[Any]:
    """Confirm what another member proposed, or refuse it."""
    mine = held(viewer, store)
    if isinstance(mine, Response):
        return mine
    from keiryo.security_store.membership import confirm, refuse

    proposal, answer = viewer.field("proposal"), viewer.field("answer")
    reason = viewer.field("reason")
    if answer not in ("confirm", "refuse"):
        raise UsageError("choose what becomes of the proposal", "Confirm it, or refuse it.")

    def do() -> None:
        if answer == "confirm":
            confirm(mine.opened, proposal)
        else:
            refuse(mine.opened, proposal, reason)

    said = "confirmed" if answer == "confirm" else "refused"
    return done_once(viewer, mine, f"{mine.address}/members?done={said}", do)


@get(STORE + "/trail", sync_to_thread=True, opt=HIDDEN)
def trail_page(request: AnyRequest, viewer: Asking, store: FromPath[str]) -> Response[Any]:
    """Show who did what, when and why, reading included; looking at it is recorded too."""
    mine = held(viewer, store)
    if isinstance(mine, Response):
        return mine
    found = mine.opened.audit(last=LAST)
    return shown(
        request,
        mine,
        "trail",
        "trail",
        crumb=_("Trail"),
        rows=[_entry(one) for one in reversed(found)],
        total=found[-1].seq if found else 0,
        head=mine.store.head_hash,
    )


def _entry(one: Entry) -> dict[str, Any]:
    words = ACTIONS.get(one.action)
    return {
        "seq": one.seq,
        "at": instant_text(one.at),
        "exactly": one.at,
        "person": one.person,
        "action": _(words) if words else one.action,
        "compartment": _(COMPARTMENTS[one.compartment]) if one.compartment else "",
        "record": one.record,
        "version": one.version,
        "reason": one.reason,
        "_kind": "warning" if one.action == "wrong_passphrase" else None,
    }


SECTION = Section(
    "protection_stores_members",
    handlers=(members_page, propose_change, answer_proposal, trail_page),
)
"""Pages of the members and the trail of a store."""
