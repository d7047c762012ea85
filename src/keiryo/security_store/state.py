"""What a store's trail says: members and their roles, records, requests, copies, keys.

The trail is the only source. The state is built by taking one entry after the other, and an entry
counts only if its person might do it then (`rules`). Rows beside the trail hold sealed bytes; what
they should be is known from here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from keiryo.security_store import roles as rights
from keiryo.security_store.entries import GENESIS, Entry
from keiryo.security_store.sealing import PublicKeys

DEFAULT_RETENTION_DAYS = 365


@dataclass(frozen=True, slots=True)
class Member:
    """A person who enrolled.

    Attributes
    ----------
    roles : frozenset of str
        Empty until two persons, or the only one, gave some.
    withdrawn : bool
    sealed : str
        The digest of the sealed private keys.
    """

    person: str
    keys: PublicKeys
    enrolled_at: str
    sealed: str
    roles: frozenset[str] = frozenset()
    withdrawn: bool = False

    @property
    def fingerprint(self) -> str:
        """What stands for the member's keys."""
        return self.keys.fingerprint

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        state = "withdrawn" if self.withdrawn else "member" if self.roles else "enrolled"
        return {
            "person": self.person,
            "state": state,
            "roles": sorted(self.roles),
            "fingerprint": self.fingerprint,
            "enrolled_at": self.enrolled_at,
        }


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change that needs a second person.

    Attributes
    ----------
    change : str
        ``grant``, ``revoke``, ``withdraw``, ``destroy_record`` or ``destroy_store``.
    about : str
        The person or the record; empty for the whole store.
    fingerprint : str
        Of the keys that the person had when it was proposed.
    state : str
        ``open``, ``done`` or ``refused``.
    """

    id: str
    change: str
    about: str
    role: str
    fingerprint: str
    by: str
    at: str
    reason: str
    state: str = "open"
    decided_by: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "proposal": self.id,
            "change": self.change,
            "about": self.about,
            "role": self.role,
            "fingerprint": self.fingerprint,
            "proposed_by": self.by,
            "at": self.at,
            "reason": self.reason,
            "state": self.state,
            "decided_by": self.decided_by,
        }


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a record: who made it, when, and the digest of what was sealed."""

    number: int
    by: str
    at: str
    epoch: int
    digest: str


@dataclass(frozen=True, slots=True)
class Record:
    """A record; its title and content are sealed.

    Attributes
    ----------
    basis : tuple of (str, int) or None
        The record and version that it follows from.
    destroyed : bool
        Whether its keys were destroyed.
    """

    id: str
    kind: str
    versions: tuple[Version, ...]
    basis: tuple[str, int] | None = None
    destroyed: bool = False

    @property
    def compartment(self) -> str:
        """Where it is kept."""
        return rights.KINDS[self.kind]

    @property
    def last(self) -> Version:
        """The newest version."""
        return self.versions[-1]


@dataclass(frozen=True, slots=True)
class Request:
    """A request that a record leaves the store.

    Attributes
    ----------
    state : str
        ``open``, ``released``, ``refused`` or ``withdrawn``.
    copy : int or None
        The number of the copy that was made.
    digest : str
        Of the bytes of that copy.
    """

    id: str
    record: str
    version: int
    recipient: str
    reason: str
    asked_by: str
    asked_at: str
    state: str = "open"
    decided_by: str = ""
    decided_at: str = ""
    copy: int | None = None
    digest: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "request": self.id,
            "record": self.record,
            "version": self.version,
            "recipient": self.recipient,
            "reason": self.reason,
            "asked_by": self.asked_by,
            "asked_at": self.asked_at,
            "state": self.state,
            "decided_by": self.decided_by,
            "decided_at": self.decided_at,
            "copy": self.copy,
            "sha256": self.digest,
        }


@dataclass(slots=True)
class State:
    """What holds after the entries that were taken.

    Attributes
    ----------
    commitments : dict
        For each compartment the commitments to its keys, the oldest first; epochs count from 1.
    rotation_due : set of str
        Compartments that somebody left: what is put next gets a new key first.
    wraps : dict
        For each compartment, epoch and person the digest of the wrapped key.
    wrong : dict
        For each person the wrong passphrases since the last right one, and when the last was.
    """

    store: str = ""
    facility: str = ""
    created_at: str = ""
    seq: int = 0
    head: str = GENESIS
    last_at: str = ""
    members: dict[str, Member] = field(default_factory=dict)
    proposals: dict[str, Proposal] = field(default_factory=dict)
    records: dict[str, Record] = field(default_factory=dict)
    requests: dict[str, Request] = field(default_factory=dict)
    commitments: dict[str, list[str]] = field(default_factory=dict)
    rotation_due: set[str] = field(default_factory=set)
    wraps: dict[tuple[str, int, str], str] = field(default_factory=dict)
    wrong: dict[str, tuple[int, datetime]] = field(default_factory=dict)
    copies: int = 0
    retention_days: int = DEFAULT_RETENTION_DAYS
    destroyed: bool = False

    def roles(self, person: str) -> frozenset[str]:
        """Return the roles that a person has now."""
        member = self.members.get(person)
        return member.roles if member is not None and not member.withdrawn else frozenset()

    def readers(self, compartment: str) -> list[str]:
        """Return who may read a compartment."""
        return sorted(p for p in self.members if compartment in rights.reads(self.roles(p)))

    def managers(self) -> list[str]:
        """Return who may propose and confirm changes of membership."""
        return sorted(p for p in self.members if rights.MEMBERS in rights.acts(self.roles(p)))

    def epochs(self, compartment: str) -> int:
        """Return how many keys a compartment has had."""
        return len(self.commitments.get(compartment, ()))

    def take(self, entry: Entry) -> None:
        """Take one entry that was found to be right."""
        _TAKE.get(entry.action, _nothing)(self, entry, entry.told)
        self.seq, self.head, self.last_at = entry.seq, entry.hash, entry.at


def _nothing(state: State, entry: Entry, told: dict[str, Any]) -> None:
    """Reads, lists, audits and backups change nothing."""


def _create(state: State, entry: Entry, told: dict[str, Any]) -> None:
    state.store, state.facility, state.created_at = told["store"], told["facility"], entry.at
    state.retention_days = told["retention_days"]
    _enrol(state, entry, told)
    person = state.members[entry.person]
    state.members[entry.person] = replace(person, roles=frozenset(rights.FIRST_ROLES))
    for compartment, key in told["compartments"].items():
        state.commitments[compartment] = [key["commitment"]]
        state.wraps[compartment, 1, entry.person] = key["wrap"]


def _enrol(state: State, entry: Entry, told: dict[str, Any]) -> None:
    keys = PublicKeys(told["reading"], told["signing"])
    state.members[entry.person] = Member(entry.person, keys, entry.at, told["sealed"])
    state.wrong.pop(entry.person, None)


def _wrong(state: State, entry: Entry, told: dict[str, Any]) -> None:
    count, _ = state.wrong.get(entry.person, (0, None))
    state.wrong[entry.person] = (count + 1, entry.instant)


def _open(state: State, entry: Entry, told: dict[str, Any]) -> None:
    state.wrong.pop(entry.person, None)


def _passphrase(state: State, entry: Entry, told: dict[str, Any]) -> None:
    member = state.members[entry.person]
    state.members[entry.person] = replace(member, sealed=told["sealed"])


def _propose(state: State, entry: Entry, told: dict[str, Any]) -> None:
    state.proposals[told["proposal"]] = Proposal(
        *(told["proposal"], told["change"], told["about"], told["role"], told["fingerprint"]),
        *(entry.person, entry.at, entry.reason or ""),
    )


def _decide(state: State, entry: Entry, told: dict[str, Any]) -> None:
    proposal = state.proposals[told["proposal"]]
    done = "done" if entry.action == "confirm" else "refused"
    state.proposals[proposal.id] = replace(proposal, state=done, decided_by=entry.person)
    if done == "refused":
        return
    if proposal.change == "destroy_record":
        _destroyed(state, [proposal.about])
    elif proposal.change == "destroy_store":
        _destroyed(state, list(state.records))
        state.wraps.clear()
        state.destroyed = True
    else:
        _membership(state, proposal, told)


def _membership(state: State, proposal: Proposal, told: dict[str, Any]) -> None:
    member = state.members[proposal.about]
    before = rights.reads(member.roles)
    if proposal.change == "grant":
        now = replace(member, roles=member.roles | {proposal.role})
    elif proposal.change == "revoke":
        now = replace(member, roles=member.roles - {proposal.role})
    else:
        now = replace(member, roles=frozenset(), withdrawn=True)
    state.members[member.person] = now
    for place, wrapped in told.get("wraps", {}).items():
        compartment, epoch = place.split("/")
        state.wraps[compartment, int(epoch), member.person] = wrapped
    left = before - rights.reads(now.roles)
    for compartment, epoch, person in list(state.wraps):
        if person == member.person and compartment in left:
            del state.wraps[compartment, epoch, person]
    state.rotation_due |= left


def _rotate(state: State, entry: Entry, told: dict[str, Any]) -> None:
    assert entry.compartment is not None
    state.commitments[entry.compartment].append(told["commitment"])
    epoch = state.epochs(entry.compartment)
    for person, wrapped in told["wraps"].items():
        state.wraps[entry.compartment, epoch, person] = wrapped
    state.rotation_due.discard(entry.compartment)


def _put(state: State, entry: Entry, told: dict[str, Any]) -> None:
    assert entry.record is not None and entry.version is not None and entry.digest is not None
    version = Version(entry.version, entry.person, entry.at, told["epoch"], entry.digest)
    known = state.records.get(entry.record)
    if known is not None:
        state.records[known.id] = replace(known, versions=(*known.versions, version))
        return
    basis = (told["basis"][0], told["basis"][1]) if told.get("basis") else None
    state.records[entry.record] = Record(entry.record, told["kind"], (version,), basis)


def _ask(state: State, entry: Entry, told: dict[str, Any]) -> None:
    assert entry.record is not None and entry.version is not None
    state.requests[told["request"]] = Request(
        *(told["request"], entry.record, entry.version, told["recipient"], entry.reason or ""),
        *(entry.person, entry.at),
    )


def _answer(state: State, entry: Entry, told: dict[str, Any]) -> None:
    request = state.requests[told["request"]]
    decided = {
        "release": "released",
        "refuse_release": "refused",
        "withdraw_request": "withdrawn",
    }[entry.action]
    copy = told.get("copy")
    state.requests[request.id] = replace(
        request,
        state=decided,
        decided_by=entry.person,
        decided_at=entry.at,
        copy=copy,
        digest=entry.digest or "",
    )
    state.copies = copy or state.copies


def _retention(state: State, entry: Entry, told: dict[str, Any]) -> None:
    state.retention_days = told["retention_days"]


def _purge(state: State, entry: Entry, told: dict[str, Any]) -> None:
    _destroyed(state, told["records"])


def _destroyed(state: State, records: list[str]) -> None:
    for one in records:
        state.records[one] = replace(state.records[one], destroyed=True)


_TAKE = {
    "create": _create,
    "enrol": _enrol,
    "wrong_passphrase": _wrong,
    "open": _open,
    "passphrase": _passphrase,
    "propose": _propose,
    "confirm": _decide,
    "refuse_proposal": _decide,
    "rotate": _rotate,
    "put": _put,
    "ask_release": _ask,
    "release": _answer,
    "refuse_release": _answer,
    "withdraw_request": _answer,
    "retention": _retention,
    "purge": _purge,
}
