"""Whether a store is as its trail says: chain, signatures, rights, sealed bytes, keys, triggers.

No passphrase is needed, and nothing is opened. What cannot be seen from the file alone is that all
of it was exchanged for an older copy of itself; a head that was noted elsewhere shows that too.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

from keiryo.errors import Finding, Severity
from keiryo.security_store import sealing
from keiryo.security_store.entries import Entry, after
from keiryo.security_store.file import TRIGGERS, connect, transaction
from keiryo.security_store.state import State
from keiryo.security_store.trail import Trail, wrong_with

BACK = timedelta(seconds=5)


def verify(store: Trail, known_head: str | None = None) -> list[Finding]:
    """Return what is wrong with a store; an empty list if nothing is.

    Parameters
    ----------
    known_head : str, optional
        ``SEQ:DIGEST`` as it was noted elsewhere. The trail must hold this entry.
    """
    with closing(connect(store.path)) as connection, transaction(connection, store.path):
        found = list(_file(connection))
        state, hashes = State(), {0: ""}
        found += _trail(connection, state, hashes)
        if not any(one.code == "STORE-CHAIN" for one in found):
            found += _rows(connection, state)
        if known_head is not None:
            found += _head(known_head, hashes)
    return found


def _file(connection: sqlite3.Connection) -> Iterator[Finding]:
    for (told,) in connection.execute("PRAGMA integrity_check"):
        if told != "ok":
            yield _finding("STORE-FILE", "the database file is damaged")
            break
    chosen = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    there = dict(connection.execute(chosen).fetchall())
    for name, sql in TRIGGERS.items():
        if there.pop(name, None) != sql:
            yield _finding("STORE-TRIGGER", f"the trigger {name} is missing or another")
    for name in there:
        yield _finding("STORE-TRIGGER", f"there is a trigger {name} that is none of the store's")


def _trail(
    connection: sqlite3.Connection, state: State, hashes: dict[int, str]
) -> Iterator[Finding]:
    """Take the whole trail into a state, and tell what is wrong with it."""
    last: Entry | None = None
    for entry in after(connection, 0):
        hashes[entry.seq] = entry.hash
        if problem := wrong_with(state, entry, every=True):
            told = f"entry {entry.seq}: {problem.message}"
            yield _finding(problem.code, told)
            if problem.code == "STORE-CHAIN":
                return  # what follows rests on nothing
        try:
            state.take(entry)
        except (KeyError, TypeError, ValueError, AssertionError):
            yield _finding("STORE-CHAIN", f"entry {entry.seq} cannot be taken")
            return
        if last is not None and entry.instant < last.instant - BACK:
            told = f"entry {entry.seq} is dated before the one before it"
            yield _finding("STORE-CLOCK", told, Severity.WARNING)
        last = entry
    if last is None:
        yield _finding("STORE-CHAIN", "there is no entry")


def _rows(connection: sqlite3.Connection, state: State) -> Iterator[Finding]:
    """Compare what lies beside the trail with it."""
    yield from _records(connection, state)
    wraps = {
        (compartment, epoch, person): sealing.digest(box)
        for compartment, epoch, person, box in connection.execute("SELECT * FROM wrap")
    }
    for at in sorted(wraps.keys() | state.wraps.keys()):
        if wraps.get(at) != state.wraps.get(at):
            told = f"the key {at[1]} of {at[0]} for {at[2]}"
            yield _finding("STORE-WRAP", f"{told} is {_how(at in wraps, at in state.wraps)}")
    members = {
        person: sealing.digest(sealed.encode())
        for person, sealed in connection.execute("SELECT person, sealed FROM member")
    }
    for person in sorted(members.keys() | state.members.keys()):
        known = state.members.get(person)
        if members.get(person) != (known and known.sealed):
            told = _how(person in members, known is not None)
            yield _finding("STORE-KEYS", f"the sealed keys of {person} are {told}")


def _records(connection: sqlite3.Connection, state: State) -> Iterator[Finding]:
    expected = {(r.id, v.number): (r, v) for r in state.records.values() for v in r.versions}
    boxes: dict[tuple[str, int], dict[str, int]] = {}
    chosen = "SELECT record, version, part, length(box) FROM sealed"
    for record, version, part, size in connection.execute(chosen):
        boxes.setdefault((record, version), {})[part] = size
    keys = {
        (record, version): (compartment, epoch, box)
        for record, version, compartment, epoch, box in connection.execute(
            "SELECT record, version, compartment, epoch, box FROM record_key"
        )
    }
    for at in sorted(boxes.keys() | keys.keys()):
        if at not in expected:
            yield _finding("STORE-ORPHAN", f"{_at(at)} lies in the file, and no entry tells of it")
    for at, (record, version) in expected.items():
        if set(boxes.get(at, ())) != {"title", "content"}:
            yield _finding("STORE-RECORD-MISSING", f"{_at(at)} is missing or has other parts")
        elif record.destroyed:
            if at in keys:
                told = f"the key of {_at(at)} is there, though it was destroyed"
                yield _finding("STORE-KEY-LEFT", told)
        elif at not in keys:
            yield _finding("STORE-KEY-MISSING", f"the key of {_at(at)} is missing")
        else:
            compartment, epoch, box = keys[at]
            chosen = "SELECT box FROM sealed WHERE record = ? AND version = ? AND part = ?"
            parts = [
                connection.execute(chosen, (*at, part)).fetchone()[0]
                for part in ("title", "content")
            ]
            same = (compartment, epoch) == (record.compartment, version.epoch)
            if not same or sealing.digest(*parts, box) != version.digest:
                told = f"{_at(at)} is not what was sealed"
                yield _finding("STORE-CIPHERTEXT", told)


def _head(known: str, hashes: dict[int, str]) -> Iterator[Finding]:
    seq, _, digest = known.partition(":")
    if not seq.isascii() or not seq.isdigit() or hashes.get(int(seq)) != digest:
        told = "the trail does not hold the head that was noted: this is an older or another copy"
        yield _finding("STORE-ROLLBACK", told)


def _at(at: tuple[str, int]) -> str:
    return f"record {at[0]}, version {at[1]}"


def _how(there: bool, told: bool) -> str:
    if there and told:
        return "not what was kept"
    return "there, and no entry tells of it" if there else "missing"


def _finding(code: str, message: str, severity: Severity = Severity.INCONSISTENCY) -> Finding:
    advice = "Keep the file as it is, and compare it with the last backup."
    return Finding(code, severity, message, advice)
