"""The trail in the file of a store: read once and followed; one writer at a time adds to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock
from typing import Any

from keiryo.errors import JournalError
from keiryo.security_store import rules, sealing
from keiryo.security_store.entries import (
    UNSIGNED,
    Entry,
    after,
    insert,
    instant_text,
    plain_json,
    signed_bytes,
)
from keiryo.security_store.file import connect, transaction
from keiryo.security_store.state import State

LIGHT = frozenset({"read", "list", "search", "open", "audit"})
"""Entries that change nothing; their signatures are looked at by `verify` alone."""

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """Return the computer's time in UTC."""
    return datetime.now(UTC)


@dataclass(slots=True)
class Writing:
    """A transaction on the file of a store: what is appended in it comes about together."""

    trail: Trail
    connection: sqlite3.Connection
    state: State
    now: datetime
    touched: bool = False

    def append(
        self,
        keys: sealing.MemberKeys | None,
        person: str,
        action: str,
        *,
        compartment: str | None = None,
        record: str | None = None,
        version: int | None = None,
        reason: str | None = None,
        digest: str | None = None,
        **detail: Any,
    ) -> Entry:
        """Add an entry that a person signs; refuse it if the person may not do it.

        Raises
        ------
        NotAllowedError
        """
        entry = Entry(
            *(self.state.seq + 1, instant_text(self.now), person, action, compartment, record),
            *(version, reason, plain_json(detail), digest, self.state.head),
        )
        if refusal := rules.permitted(self.state, entry):
            raise refusal.error()
        entry = replace(entry, hash=entry.own_hash(self.trail.id))
        if keys is not None:
            entry = replace(entry, signature=keys.sign(signed_bytes(entry.hash)))
        self.touched = True
        insert(self.connection, entry)
        self.state.take(entry)
        return entry


@dataclass(slots=True)
class Trail:
    """What is recorded in a file, and what follows from it.

    Parameters
    ----------
    path : Path
    clock : callable
        Returns the time in UTC.
    cost : sealing.Cost
        What a guess at a passphrase costs; keys sealed for less are refused.
    """

    path: Path
    clock: Clock = field(default=system_clock, repr=False)
    cost: sealing.Cost = field(default=sealing.COST, repr=False)
    id: str = field(default="", repr=False)
    _state: State | None = field(default=None, repr=False)
    _lock: Any = field(default_factory=RLock, repr=False)

    @property
    def facility(self) -> str:
        """The facility whose store it is."""
        return self.state().facility

    @property
    def head_hash(self) -> str:
        """The sequence number and digest of the last entry, ``SEQ:DIGEST``.

        Recorded elsewhere it shows that an older copy of the file was put back.
        """
        state = self.state()
        return f"{state.seq}:{state.head}"

    def state(self) -> State:
        """Return what holds now; not to be changed.

        Raises
        ------
        JournalError
            If the trail is damaged, or the file was exchanged while it was in use.
        """
        with self._lock, self._connected() as connection, transaction(connection, self.path):
            return self._caught_up(connection)

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        """Do something in the store: all of it, or nothing; one at a time."""
        with self._lock, self._connected() as connection:
            act: Writing | None = None
            try:
                with transaction(connection, self.path):
                    state = self._caught_up(connection)
                    act = Writing(self, connection, state, self.clock())
                    yield act
            except BaseException:
                if act is not None and act.touched:
                    self._state = None  # it took entries that did not come about
                raise

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        connection = connect(self.path)
        try:
            yield connection
        finally:
            connection.close()

    def _caught_up(self, connection: sqlite3.Connection) -> State:
        known = self._state
        if known is None:
            known = State()
        elif known.seq:
            chosen = "SELECT hash FROM entry WHERE seq = ?"
            row = connection.execute(chosen, (known.seq,)).fetchone()
            if row is None or row[0] != known.head:
                raise JournalError(
                    "the file of the store is not the one that was in use: an older or another "
                    "copy was put in its place",
                    known.seq,
                    "Keep both files, and find out who exchanged them.",
                )
        self._state = None  # until all is read
        for entry in after(connection, known.seq):
            if problem := wrong_with(known, entry):
                raise JournalError(
                    f"the trail of the store is damaged at entry {entry.seq}: {problem.message}",
                    entry.seq,
                    "Look at it with 'store verify', and compare it with the last backup.",
                )
            known.take(entry)
        if not known.seq:
            raise JournalError("the trail of the store is empty", 1)
        self._state, self.id = known, known.store
        return known

    def reseal(self, act: Writing, keys: sealing.MemberKeys, person: str, passphrase: str) -> None:
        """Seal a member's keys under another passphrase, inside a transaction."""
        at = keys_at(self._id(), person)
        sealed = sealing.seal_keys(keys, passphrase, at, self.cost)
        act.append(keys, person, "passphrase", sealed=sealing.digest(sealed.encode()))
        change = "UPDATE member SET sealed = ? WHERE person = ?"
        act.connection.execute(change, (sealed, person))

    def _id(self) -> str:
        return self.id or self.state().store


def wrong_with(state: State, entry: Entry, *, every: bool = False) -> rules.Refusal | None:
    """Return what speaks against an entry that follows a state in the file.

    Parameters
    ----------
    every : bool
        Also look at the signatures of entries that change nothing.
    """
    if entry.seq != state.seq + 1 or entry.previous != state.head:
        return rules.Refusal("STORE-CHAIN", "it does not follow the entry before it")
    try:
        told = entry.told
        store = state.store or str(told.get("store", ""))
        if entry.hash != entry.own_hash(store):
            return rules.Refusal("STORE-CHAIN", "it was changed after it was written")
        if entry.action in ("create", "enrol"):
            keys = sealing.PublicKeys(told["reading"], told["signing"])
        else:
            keys = state.members[entry.person].keys
        light = entry.action in LIGHT and not every
        signed = light or keys.signed(signed_bytes(entry.hash), entry.signature)
    except (KeyError, TypeError, ValueError, AttributeError):
        return rules.Refusal("STORE-SIGNATURE", "nobody known has signed it")
    if entry.action not in UNSIGNED and not signed:
        return rules.Refusal("STORE-SIGNATURE", "its person has not signed it")
    return rules.permitted(state, entry)


def keys_at(store: str, person: str) -> bytes:
    """Return the place of a member's sealed keys."""
    return sealing.place("member", store, person)


def key_at(store: str, compartment: str, epoch: int) -> bytes:
    """Return the place of a compartment's key."""
    return sealing.place("key", store, compartment, epoch)


def wrap_at(store: str, compartment: str, epoch: int, person: str) -> bytes:
    """Return the place of a wrapped key."""
    return sealing.place("wrap", store, compartment, epoch, person)
