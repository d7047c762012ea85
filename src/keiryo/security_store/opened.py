"""A store that a member has opened: records in and out, each reading recorded before it is shown.

It lasts ten minutes after it was last used, and an hour at the most. What the member may do is
looked up for every act, so that a role that was taken away is gone at once.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from keiryo.errors import (
    Finding,
    JournalError,
    NotAllowedError,
    NotFoundError,
    Severity,
    UsageError,
)
from keiryo.security_store import roles as rights
from keiryo.security_store import sealing
from keiryo.security_store.contents import MEDIA_TYPES, check_content
from keiryo.security_store.entries import Entry, after, check_name, check_reason
from keiryo.security_store.state import Record, State
from keiryo.security_store.trail import Trail, Writing, key_at, wrap_at

if TYPE_CHECKING:
    from typing import NoReturn

IDLE, LONGEST = timedelta(minutes=10), timedelta(minutes=60)
CLOCK_TOLERANCE = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Title:
    """What a record is called; sealed as its content is.

    Attributes
    ----------
    note : str
        For an approval the decision; else empty.
    """

    record: str
    kind: str
    version: int
    title: str = field(repr=False)
    media_type: str
    by: str
    at: str
    note: str = field(default="", repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "record": self.record,
            "kind": self.kind,
            "version": self.version,
            "title": self.title,
            "media_type": self.media_type,
            "by": self.by,
            "at": self.at,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class Content:
    """A version of a record, in the clear."""

    head: Title
    content: bytes = field(repr=False)

    @property
    def text(self) -> str:
        """The content as text."""
        return self.content.decode()


class Opened:
    """A store in the hands of one member, until it expires or is closed."""

    __slots__ = ("_keys", "_last", "_opened", "person", "store")

    def __init__(self, store: Trail, person: str, keys: sealing.MemberKeys, now: datetime) -> None:
        self.store, self.person = store, person
        self._keys: sealing.MemberKeys | None = keys
        self._opened = self._last = now

    def __repr__(self) -> str:
        return f"<Opened by {self.person}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an opened store is not kept")

    def close(self) -> None:
        """Forget the keys."""
        self._keys = None

    @property
    def expires_at(self) -> datetime:
        """When it closes if it is not used before."""
        return min(self._last + IDLE, self._opened + LONGEST)

    @property
    def keys(self) -> sealing.MemberKeys:
        """The member's keys.

        Raises
        ------
        NotAllowedError
            If it was closed or has expired.
        """
        now = self.store.clock()
        if now >= self.expires_at or now < self._last - CLOCK_TOLERANCE:
            self.close()
        if self._keys is None:
            told = "the store was open for its time, or was closed"
            finding = Finding("STORE-EXPIRED", Severity.INCONSISTENCY, told, "Open it again.")
            raise NotAllowedError("the store is closed", [finding])
        return self._keys

    @contextmanager
    def acting(self) -> Iterator[Writing]:
        """Do something in the store as this member: all of it, or nothing."""
        keys = self.keys
        with self.store.writing() as act:
            member = act.state.members.get(self.person)
            if member is None or member.withdrawn or member.keys != keys.public:
                self.close()
                raise NotAllowedError(
                    "the person is not a member of this store any more",
                    [Finding("STORE-MEMBER", Severity.INCONSISTENCY, "the membership ended")],
                )
            yield act
        self._last = max(self._last, self.store.clock())

    def state(self) -> State:
        """Return what the trail says, as long as the store is open; not to be changed."""
        with self.acting() as act:
            return act.state

    def append(self, act: Writing, action: str, **told: Any) -> Entry:
        """Add an entry that this member signs; see `Writing.append`."""
        return act.append(self.keys, self.person, action, **told)

    # --- keys ------------------------------------------------------------------------------------

    def compartment_key(self, act: Writing, compartment: str, epoch: int) -> bytes:
        """Return a key of a compartment, as it was wrapped for this member.

        Raises
        ------
        JournalError
            If it is not the key that the trail tells of.
        """
        chosen = "SELECT box FROM wrap WHERE compartment = ? AND epoch = ? AND person = ?"
        row = act.connection.execute(chosen, (compartment, epoch, self.person)).fetchone()
        expected = act.state.wraps.get((compartment, epoch, self.person))
        if row is None or expected != sealing.digest(row[0]):
            raise _damaged(f"the key of {compartment} for {self.person}")
        store = act.state.store
        try:
            at = wrap_at(store, compartment, epoch, self.person)
            key = sealing.unwrap(row[0], self.keys.reading, at)
        except sealing.SealError:
            raise _damaged(f"the key of {compartment} for {self.person}") from None
        told = act.state.commitments[compartment][epoch - 1]
        if sealing.commitment(key, key_at(store, compartment, epoch)) != told:
            raise _damaged(f"the key of {compartment}")
        return key

    def rotate(self, act: Writing, compartment: str) -> None:
        """Give a compartment a new key for what is put from now on."""
        epoch, store = act.state.epochs(compartment) + 1, act.state.store
        key = os.urandom(sealing.KEY_BYTES)
        wraps = {
            one: sealing.wrap(
                key, act.state.members[one].keys.reading, wrap_at(store, compartment, epoch, one)
            )
            for one in act.state.readers(compartment)
        }
        self.append(
            act,
            "rotate",
            compartment=compartment,
            commitment=sealing.commitment(key, key_at(store, compartment, epoch)),
            wraps={one: sealing.digest(box) for one, box in wraps.items()},
        )
        add_wraps(act, {(compartment, epoch, one): box for one, box in wraps.items()})

    # --- records ---------------------------------------------------------------------------------

    def put(
        self,
        kind: str,
        title: str,
        media_type: str,
        content: bytes,
        reason: str,
        *,
        record: str | None = None,
    ) -> str:
        """Seal a record, or a new version of one, and return its id.

        Raises
        ------
        RefusedError
            If the content is not what a record of this kind is.
        """
        made = rights.MADE_HERE | rights.OWN_WAY
        if kind not in rights.KINDS or kind in made:
            able = ", ".join(sorted(set(rights.KINDS) - made))
            raise UsageError(f"no record of kind {kind!r} is put", f"There are {able}.")
        check_content(kind, media_type, content)
        with self.acting() as act:
            return self.seal(act, kind, title, media_type, content, reason, record=record)

    def seal(
        self,
        act: Writing,
        kind: str,
        title: str,
        media_type: str,
        content: bytes,
        reason: str,
        *,
        record: str | None = None,
        basis: tuple[str, int] | None = None,
        note: str = "",
    ) -> str:
        """Seal a record inside a transaction; see `put`."""
        title, reason = check_name(title, "the title"), check_reason(reason)
        if media_type not in MEDIA_TYPES:
            raise UsageError(f"{media_type!r} is no type of a record")
        if record is not None and record not in act.state.records:
            raise NotFoundError(f"there is no record {record}")
        number = 1 if record is None else act.state.records[record].last.number + 1
        record, compartment = record or new_id("R"), rights.KINDS[kind]
        if compartment in act.state.rotation_due:
            self.rotate(act, compartment)
        epoch, own = act.state.epochs(compartment), os.urandom(sealing.KEY_BYTES)
        head = json.dumps({"title": title, "media_type": media_type, "note": note}).encode()
        places = _places(act.state.store, record, number, kind)
        boxes = [
            sealing.seal(own, head, places["title"]),
            sealing.seal(own, content, places["content"]),
        ]
        # The rule is asked before the key is: who may not put gets told so.
        self.append(
            act,
            "put",
            compartment=compartment,
            record=record,
            version=number,
            reason=reason,
            digest=(
                wrapped := _Wrapped(self, act, compartment, epoch, own, places["key"], boxes)
            ).digest,
            kind=kind,
            epoch=epoch,
            **({"basis": list(basis)} if basis else {}),
        )
        for part, box in zip(("title", "content"), boxes, strict=True):
            row = (record, number, part, box)
            act.connection.execute("INSERT INTO sealed VALUES (?, ?, ?, ?)", row)
        act.connection.execute(
            "INSERT INTO record_key VALUES (?, ?, ?, ?, ?)",
            (record, number, compartment, epoch, wrapped.box),
        )
        return record

    def read(self, record: str, reason: str, *, version: int | None = None) -> Content:
        """Return a record; that it is read is recorded first.

        Parameters
        ----------
        version : int, optional
            Default: the newest.
        """
        reason = check_reason(reason)
        with self.acting() as act:
            known = act.state.records.get(record)
            if known is None:
                raise NotFoundError(f"there is no record {record}")
            number = version or known.last.number
            self.append(
                act,
                "read",
                compartment=known.compartment,
                record=record,
                version=number,
                reason=reason,
            )
            sealed = Sealed.of(self, act, known, number)
        return sealed.content()  # after the entry has come about

    def titles(
        self,
        compartment: str | None = None,
        *,
        kind: str | None = None,
        containing: str | None = None,
    ) -> list[Title]:
        """Return the titles of the records in the compartments that this member may read.

        Titles are sealed too, so that listing is a reading. What was searched for is not recorded,
        only that there was a search.
        """
        action = "list" if containing is None else "search"
        with self.acting() as act:
            own = rights.reads(act.state.roles(self.person))
            chosen = sorted(own) if compartment is None else [compartment]
            for one in chosen:
                self.append(act, action, compartment=one)
            sealed = [
                Sealed.of(self, act, one, one.last.number, head_only=True)
                for one in act.state.records.values()
                if one.compartment in chosen and not one.destroyed and kind in (None, one.kind)
            ]
        titles = [one.title() for one in sealed]
        wanted = (containing or "").casefold()
        return [one for one in titles if wanted in one.title.casefold()]

    def audit(
        self, *, person: str | None = None, record: str | None = None, last: int | None = None
    ) -> list[Entry]:
        """Return entries of the trail, the oldest first; that they are read is recorded first."""
        with self.acting() as act:
            self.append(act, "audit", record=record)
            found = [
                entry
                for entry in after(act.connection, 0)
                if person in (None, entry.person) and record in (None, entry.record)
            ]
        return found if last is None else found[-last:]

    def members(self) -> list[dict[str, Any]]:
        """Return who is enrolled, with what roles and keys."""
        return [one.to_dict() for one in self.state().members.values()]

    def change_passphrase(self, passphrase: str) -> None:
        """Seal this member's keys under another passphrase."""
        sealing.check_passphrase(passphrase, self.person)
        with self.acting() as act:
            self.store.reseal(act, self.keys, self.person, passphrase)


class _Wrapped:
    """The key of a version, sealed under that of its compartment, and the digest of all."""

    __slots__ = ("box", "digest")

    def __init__(
        self,
        opened: Opened,
        act: Writing,
        compartment: str,
        epoch: int,
        own: bytes,
        at: bytes,
        boxes: list[bytes],
    ) -> None:
        if (compartment, epoch, opened.person) in act.state.wraps:
            self.box = sealing.seal(opened.compartment_key(act, compartment, epoch), own, at)
        else:
            self.box = b""  # the member has no key, and no right: the entry will be refused
        self.digest = sealing.digest(*boxes, self.box)


@dataclass(frozen=True, slots=True)
class Sealed:
    """A version of a record as it lies in the file, with the key that opens it."""

    store: str
    record: Record
    number: int
    own: bytes = field(repr=False)
    boxes: tuple[bytes, bytes] = field(repr=False)

    @classmethod
    def of(
        cls, opened: Opened, act: Writing, record: Record, number: int, *, head_only: bool = False
    ) -> Sealed:
        """Return a version, if it is as its entry says; else raise JournalError."""
        at = (record.id, number)
        chosen = "SELECT box FROM sealed WHERE record = ? AND version = ? AND part = ?"
        parts = ("title",) if head_only else ("title", "content")
        rows = [act.connection.execute(chosen, (*at, part)).fetchone() for part in parts]
        chosen = "SELECT epoch, box FROM record_key WHERE record = ? AND version = ?"
        key = act.connection.execute(chosen, at).fetchone()
        version = next(one for one in record.versions if one.number == number)
        if key is None or None in rows or key[0] != version.epoch:
            raise _damaged(f"record {record.id}, version {number}")
        boxes = [row[0] for row in rows]
        if not head_only and sealing.digest(*boxes, key[1]) != version.digest:
            raise _damaged(f"record {record.id}, version {number}")
        places = _places(act.state.store, record.id, number, record.kind)
        compartment_key = opened.compartment_key(act, record.compartment, version.epoch)
        try:
            own = sealing.unseal(compartment_key, key[1], places["key"])
        except sealing.SealError:
            raise _damaged(f"record {record.id}, version {number}") from None
        return cls(act.state.store, record, number, own, (boxes[0], b"".join(boxes[1:])))

    def title(self) -> Title:
        """Return what it is called."""
        told = json.loads(self._open("title", self.boxes[0]))
        version = next(one for one in self.record.versions if one.number == self.number)
        return Title(
            *(self.record.id, self.record.kind, self.number, told["title"], told["media_type"]),
            *(version.by, version.at, told["note"]),
        )

    def content(self) -> Content:
        """Return it in the clear."""
        return Content(self.title(), self._open("content", self.boxes[1]))

    def _open(self, part: str, box: bytes) -> bytes:
        at = _places(self.store, self.record.id, self.number, self.record.kind)[part]
        try:
            return sealing.unseal(self.own, box, at)
        except sealing.SealError:
            raise _damaged(f"record {self.record.id}, version {self.number}") from None


def _places(store: str, record: str, version: int, kind: str) -> dict[str, bytes]:
    where = (store, record, version, kind, rights.KINDS[kind])
    return {part: sealing.place(part, *where) for part in ("title", "content", "key")}


def add_wraps(act: Writing, wraps: dict[tuple[str, int, str], bytes]) -> None:
    """Keep wrapped keys beside the trail."""
    for (compartment, epoch, person), box in wraps.items():
        row = (compartment, epoch, person, box)
        act.connection.execute("INSERT INTO wrap VALUES (?, ?, ?, ?)", row)


def drop_wraps(act: Writing) -> None:
    """Delete the wrapped keys that nobody has any more, as the state says."""
    rows = act.connection.execute("SELECT compartment, epoch, person FROM wrap").fetchall()
    for row in rows:
        if tuple(row) not in act.state.wraps:
            act.connection.execute(
                "DELETE FROM wrap WHERE compartment = ? AND epoch = ? AND person = ?", row
            )


def drop_keys(act: Writing) -> None:
    """Delete the keys of records that are destroyed, as the state says."""
    state: State = act.state
    rows = act.connection.execute("SELECT DISTINCT record FROM record_key").fetchall()
    for (record,) in rows:
        if record in state.records and state.records[record].destroyed:
            act.connection.execute("DELETE FROM record_key WHERE record = ?", (record,))


def new_id(letter: str) -> str:
    """Return a new id that tells nothing, e.g. ``R-7KQ2MHB5XA``."""
    return f"{letter}-{base64.b32encode(os.urandom(7)).decode()[:10]}"


def _damaged(what: str) -> JournalError:
    return JournalError(
        f"{what}: what lies in the file is not what the trail tells of",
        None,
        "Look at it with 'store verify', and compare it with the last backup.",
    )
