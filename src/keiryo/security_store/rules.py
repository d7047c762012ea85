"""What a person may do in a store, in the state that it is in.

These rules stand between a wish and its entry, and again between the file and whoever reads it: an
entry that somebody wrote past the program counts for nothing if its person might not have done it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from keiryo.errors import Finding, NotAllowedError, Severity
from keiryo.security_store import roles as rights
from keiryo.security_store.entries import Entry
from keiryo.security_store.state import Proposal, State

CHANGES = ("grant", "revoke", "withdraw", "destroy_record", "destroy_store")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why somebody may not do something, and what to do."""

    code: str
    message: str
    advice: str = ""

    def error(self) -> NotAllowedError:
        """Return the error that says so."""
        finding = Finding(self.code, Severity.INCONSISTENCY, self.message, self.advice)
        return NotAllowedError("this is not for this member to do now", [finding])


Told = dict[str, Any]


def permitted(state: State, entry: Entry) -> Refusal | None:
    """Return why an entry may not follow in a state, or None if it may."""
    rule = _RULES.get(entry.action)
    if rule is None:
        return Refusal("STORE-RIGHT", f"entry {entry.seq} is of no known kind")
    if entry.action == "create":
        return None if state.seq == 0 else Refusal("STORE-RIGHT", "the store was made before")
    if state.seq == 0:
        return Refusal("STORE-RIGHT", "the trail does not begin with the making of the store")
    member = state.members.get(entry.person)
    if entry.action != "enrol" and (member is None or member.withdrawn):
        return Refusal("STORE-MEMBER", "the person is not a member of this store")
    if state.destroyed and entry.action not in {"open", "wrong_passphrase", "audit", "backup"}:
        return Refusal("STORE-DESTROYED", "the keys of this store were destroyed")
    try:
        return rule(state, entry, entry.told)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        return Refusal("STORE-RIGHT", f"entry {entry.seq} lacks what an entry of its kind has")


def _act(state: State, person: str, act: str) -> Refusal | None:
    if act in rights.acts(state.roles(person)):
        return None
    able = sorted(name for name, role in rights.ROLES.items() if act in role.acts)
    return Refusal(
        "STORE-ROLE", "no role of this member allows it", f"It is for: {', '.join(able)}."
    )


def _reads(state: State, person: str, compartment: str) -> Refusal | None:
    if compartment in rights.reads(state.roles(person)):
        return None
    able = sorted(name for name, role in rights.ROLES.items() if compartment in role.reads)
    return Refusal(
        "STORE-ROLE",
        f"this member has no key of the compartment {compartment}",
        f"It is for: {', '.join(able)}.",
    )


def _anyone(state: State, entry: Entry, told: Told) -> Refusal | None:
    return None


def _enrol(state: State, entry: Entry, told: Told) -> Refusal | None:
    known = state.members.get(entry.person)
    if known is not None and not known.withdrawn:
        return Refusal(
            "STORE-MEMBER",
            "a member of this name is enrolled",
            "Take another name; or have the old membership withdrawn first.",
        )
    return None


# --- changes that two persons make ---------------------------------------------------------------


def _propose(state: State, entry: Entry, told: Told) -> Refusal | None:
    proposal = Proposal(
        *(told["proposal"], told["change"], told["about"], told["role"], told["fingerprint"]),
        *(entry.person, entry.at, entry.reason or ""),
    )
    if proposal.id in state.proposals or proposal.change not in CHANGES:
        return Refusal("STORE-RIGHT", "there is a proposal with this id")
    able = state.managers()
    leaves = proposal.change == "withdraw" and proposal.about == entry.person
    if not leaves and (refusal := _act(state, entry.person, rights.MEMBERS)):
        return refusal
    if proposal.change == "destroy_store":
        if len(able) < 2:
            return Refusal("STORE-TWO-PERSONS", "a store is destroyed by two persons, never by one")
        return None
    if proposal.change == "destroy_record":
        record = state.records.get(proposal.about)
        if record is None or record.destroyed:
            return Refusal("STORE-RECORD", "there is no such record, or its keys are destroyed")
        return None
    return _about_member(state, proposal)


def _about_member(state: State, proposal: Proposal) -> Refusal | None:
    """Return why a change of membership may not be made now."""
    member = state.members.get(proposal.about)
    if member is None or member.withdrawn:
        return Refusal("STORE-MEMBER", "nobody of this name is enrolled", "Let them enrol first.")
    if proposal.fingerprint != member.fingerprint:
        return Refusal(
            "STORE-FINGERPRINT",
            "the keys of this person are not those that the proposal names",
            "Compare the fingerprint with the person, not by mail, and propose it anew.",
        )
    if proposal.change == "withdraw":
        return _last_one(state, proposal.about, frozenset())
    if proposal.role not in rights.ROLES:
        return Refusal("STORE-ROLE", "there is no such role", f"There are {_names()}.")
    if proposal.change == "revoke":
        if proposal.role not in member.roles:
            return Refusal("STORE-ROLE", "the member does not have this role")
        return _last_one(state, proposal.about, member.roles - {proposal.role})
    if proposal.by == proposal.about:
        return Refusal("STORE-SELF", "nobody gives a role to themselves")
    if proposal.role in member.roles:
        return Refusal("STORE-ROLE", "the member has this role")
    if not rights.may_hold(member.roles | {proposal.role}):
        return Refusal(
            "STORE-ROLE",
            "auditor and sys_admin stand alone: who has one of them has no other role",
        )
    return None


def _last_one(state: State, person: str, left: frozenset[str]) -> Refusal | None:
    """Return why a person may not lose roles: nobody else would hold a key or let members in."""
    others = [one for one in state.members if one != person]
    kept = {one for other in others for one in rights.reads(state.roles(other))}
    lost = rights.reads(state.roles(person)) - rights.reads(left) - kept
    if lost:
        return Refusal(
            "STORE-LAST",
            f"nobody else holds a key of {', '.join(sorted(lost))}",
            "Give the role to another person first; what only one can open is soon lost.",
        )
    if state.managers() == [person] and rights.MEMBERS not in rights.acts(left):
        return Refusal("STORE-LAST", "nobody else could let members in")
    return None


def _confirm(state: State, entry: Entry, told: Told) -> Refusal | None:
    proposal = state.proposals.get(told["proposal"])
    if proposal is None or proposal.state != "open":
        return Refusal("STORE-PROPOSAL", "there is no open proposal with this id")
    agrees = proposal.change == "withdraw" and proposal.about == entry.person
    if not agrees and (refusal := _act(state, entry.person, rights.MEMBERS)):
        return refusal
    left = proposal.change == "withdraw" and proposal.about == proposal.by
    if not left and _act(state, proposal.by, rights.MEMBERS):
        return Refusal("STORE-PROPOSAL", "whoever proposed it could not propose it any more")
    if entry.person == proposal.by and not alone(state, proposal):
        return Refusal(
            "STORE-TWO-PERSONS",
            "whoever proposed it does not confirm it",
            f"One of these does: {', '.join(p for p in state.managers() if p != entry.person)}.",
        )
    if proposal.change.startswith("destroy"):
        record = state.records.get(proposal.about)
        if proposal.change == "destroy_record" and (record is None or record.destroyed):
            return Refusal("STORE-RECORD", "there is no such record, or its keys are destroyed")
        return None
    if refusal := _about_member(state, proposal):
        return refusal
    if proposal.change == "grant":
        return _grant(state, entry, told, proposal)
    return None


def alone(state: State, proposal: Proposal) -> bool:
    """Return whether one person may make a change: the only one who could."""
    return state.managers() == [proposal.by] and proposal.change in ("grant", "revoke", "withdraw")


def _grant(state: State, entry: Entry, told: Told, proposal: Proposal) -> Refusal | None:
    if proposal.about == entry.person:
        return Refusal("STORE-SELF", "nobody gives a role to themselves")
    wanted = rights.ROLES[proposal.role].reads
    own = rights.reads(state.roles(entry.person))
    if missing := sorted(wanted - own):
        return Refusal(
            "STORE-KEY",
            f"this member cannot give a key that they do not hold: {', '.join(missing)}",
            "A member who holds it confirms the proposal.",
        )
    new = wanted - rights.reads(state.roles(proposal.about))
    places = {f"{one}/{n}" for one in new for n in range(1, state.epochs(one) + 1)}
    if set(told["wraps"]) != places:
        return Refusal("STORE-RIGHT", "the keys that were given are not those of the role")
    return None


def _refuse_proposal(state: State, entry: Entry, told: Told) -> Refusal | None:
    proposal = state.proposals.get(told["proposal"])
    if proposal is None or proposal.state != "open":
        return Refusal("STORE-PROPOSAL", "there is no open proposal with this id")
    return None if entry.person == proposal.by else _act(state, entry.person, rights.MEMBERS)


def _rotate(state: State, entry: Entry, told: Told) -> Refusal | None:
    compartment = str(entry.compartment)
    if refusal := _reads(state, entry.person, compartment):
        return refusal
    if sorted(told["wraps"]) != state.readers(compartment):
        return Refusal("STORE-RIGHT", "the new key is not wrapped for those who may read")
    return None


# --- records -------------------------------------------------------------------------------------


def _put(state: State, entry: Entry, told: Told) -> Refusal | None:
    known = state.records.get(str(entry.record))
    kind = told["kind"]
    if kind not in rights.KINDS or rights.KINDS[kind] != entry.compartment:
        return Refusal("STORE-RIGHT", "there is no such kind of record in this compartment")
    if kind not in rights.writes(state.roles(entry.person)):
        able = sorted(name for name, role in rights.ROLES.items() if kind in role.writes)
        return Refusal(
            "STORE-ROLE",
            f"no role of this member makes a record of kind {kind}",
            f"It is for: {', '.join(able)}.",
        )
    if known is not None and (known.kind != kind or known.destroyed or kind in rights.MADE_HERE):
        return Refusal("STORE-RECORD", f"record {known.id} takes no such version")
    if entry.version != (1 if known is None else known.last.number + 1):
        return Refusal("STORE-RIGHT", "the versions of a record follow one another")
    if told["epoch"] != state.epochs(rights.KINDS[kind]):
        return Refusal("STORE-RIGHT", "the record is not sealed under the newest key")
    if rights.KINDS[kind] in state.rotation_due:
        return Refusal("STORE-RIGHT", "somebody left: the compartment needs a new key first")
    if kind not in rights.BASIS_OF:
        return None
    return _follows(state, entry, kind, (str(told["basis"][0]), int(told["basis"][1])))


def _follows(state: State, entry: Entry, kind: str, basis: tuple[str, int]) -> Refusal | None:
    """Return why a record may not follow from another one."""
    before = state.records.get(basis[0])
    if before is None or before.kind not in rights.BASIS_OF[kind]:
        return Refusal("STORE-RECORD", f"a record of kind {kind} does not follow from this record")
    if before.destroyed or not 1 <= basis[1] <= before.last.number:
        return Refusal("STORE-RECORD", "this version of the record cannot be read")
    if kind == "evaluation":
        return None
    authors = {one.by for one in before.versions}
    if before.basis is not None:
        graph, version = state.records[before.basis[0]], before.basis[1]
        authors |= {one.by for one in graph.versions if one.number <= version}
    if entry.person in authors:
        return Refusal(
            "STORE-SELF",
            f"who made the evaluation or its input does not make its {kind}",
            "Another member with the role does.",
        )
    return None


def _read(state: State, entry: Entry, told: Told) -> Refusal | None:
    if refusal := _reads(state, entry.person, str(entry.compartment)):
        return refusal
    if entry.record is None:
        return None
    record = state.records.get(entry.record)
    if record is None or record.compartment != entry.compartment:
        return Refusal("STORE-RECORD", "there is no such record")
    if record.destroyed:
        return Refusal("STORE-RECORD", f"the keys of record {record.id} were destroyed")
    if entry.version is not None and not 1 <= entry.version <= record.last.number:
        return Refusal("STORE-RECORD", f"record {record.id} has no such version")
    return None


# --- what leaves the store -----------------------------------------------------------------------


def _ask(state: State, entry: Entry, told: Told) -> Refusal | None:
    if told["request"] in state.requests:
        return Refusal("STORE-RIGHT", "there is a request with this id")
    return _act(state, entry.person, rights.ASK) or _read(state, entry, told)


def _answer(state: State, entry: Entry, told: Told) -> Refusal | None:
    request = state.requests.get(told["request"])
    if request is None or request.state != "open":
        return Refusal(
            "STORE-REQUEST",
            "there is no open request with this id",
            "A request is answered once; ask again for another copy.",
        )
    if entry.action == "withdraw_request":
        if request.asked_by == entry.person:
            return None
        return Refusal("STORE-REQUEST", "whoever asked for it withdraws it")
    if refusal := _act(state, entry.person, rights.RELEASE):
        return refusal
    if entry.person == request.asked_by:
        return Refusal("STORE-TWO-PERSONS", "whoever asked for it does not release it")
    if entry.action == "refuse_release":
        return _reads(state, entry.person, state.records[request.record].compartment)
    if (entry.record, entry.version) != (request.record, request.version):
        return Refusal("STORE-RIGHT", "what is released is not what was asked for")
    compartment = state.records[request.record].compartment
    if _act(state, request.asked_by, rights.ASK) or _reads(state, request.asked_by, compartment):
        return Refusal("STORE-REQUEST", "whoever asked for it could not ask for it any more")
    if told["copy"] != state.copies + 1:
        return Refusal("STORE-RIGHT", "the copies are numbered one after the other")
    return _read(state, entry, told)


# --- keeping -------------------------------------------------------------------------------------


def _retention(state: State, entry: Entry, told: Told) -> Refusal | None:
    if not (isinstance(told["retention_days"], int) and 1 <= told["retention_days"] <= 36_600):
        return Refusal("STORE-RETENTION", "a retention is a number of days from 1 to 36600")
    return _act(state, entry.person, rights.PURGE)


def _purge(state: State, entry: Entry, told: Told) -> Refusal | None:
    if set(told["records"]) - set(past_retention(state, entry.instant)):
        return Refusal("STORE-RETENTION", "a record is not past its retention")
    return _act(state, entry.person, rights.PURGE)


def past_retention(state: State, now: datetime) -> list[str]:
    """Return the access records whose newest version is older than the retention."""
    limit = now - timedelta(days=state.retention_days)
    return [
        one.id
        for one in state.records.values()
        if one.compartment == rights.ACCESS
        and not one.destroyed
        and datetime.fromisoformat(one.last.at) < limit
    ]


def _audit(state: State, entry: Entry, told: Told) -> Refusal | None:
    return _act(state, entry.person, rights.AUDIT)


def _backup(state: State, entry: Entry, told: Told) -> Refusal | None:
    return _act(state, entry.person, rights.BACKUP)


_RULES: dict[str, Callable[[State, Entry, Told], Refusal | None]] = {
    **dict.fromkeys(["create", "open", "wrong_passphrase", "passphrase"], _anyone),
    "enrol": _enrol,
    "propose": _propose,
    "confirm": _confirm,
    "refuse_proposal": _refuse_proposal,
    "rotate": _rotate,
    "put": _put,
    **dict.fromkeys(["read", "list", "search"], _read),
    "ask_release": _ask,
    "release": _answer,
    "refuse_release": _answer,
    "withdraw_request": _answer,
    "retention": _retention,
    "purge": _purge,
    "audit": _audit,
    "backup": _backup,
}


def _names() -> str:
    return ", ".join(sorted(rights.ROLES))
