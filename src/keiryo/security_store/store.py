"""A store: its file, its members, and how one of them opens it.

Nothing of a store exists until somebody makes one. Whoever has the file may count what is in it and
verify its trail; only a member with a passphrase opens it, for some minutes, and sees what the
member's keys open.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any

from keiryo.errors import (
    Finding,
    JournalError,
    KeiryoError,
    NotAllowedError,
    NotFoundError,
    Severity,
    StorageError,
    UsageError,
)
from keiryo.security_store import roles as rights
from keiryo.security_store import sealing
from keiryo.security_store.entries import check_name
from keiryo.security_store.file import ENDING, making
from keiryo.security_store.opened import Opened
from keiryo.security_store.state import DEFAULT_RETENTION_DAYS, State
from keiryo.security_store.trail import (
    Clock,
    Trail,
    Writing,
    key_at,
    keys_at,
    system_clock,
    wrap_at,
)

FOLDER = "KEIRYO_SECURITY_STORES"
FREE_TRIES = 3
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(minutes=15)


@dataclass(slots=True)
class Store(Trail):
    """The store of a facility. Its methods may be called from several threads.

    Parameters
    ----------
    path : Path
    clock : callable
        Returns the time in UTC.
    cost : sealing.Cost
        What a guess at a passphrase costs; keys sealed for less are refused.
    """

    _opening: Any = field(default_factory=Lock, repr=False)

    def enrol(self, person: str, passphrase: str) -> str:
        """Enrol a person with a passphrase of their own; return the fingerprint of their keys.

        The person can do nothing until members of the store give a role to these very keys.
        """
        person = check_name(person, "the name")
        sealing.check_passphrase(passphrase, person)
        keys = sealing.MemberKeys.new()
        sealed = sealing.seal_keys(keys, passphrase, keys_at(self._id(), person), self.cost)
        with self.writing() as act:
            entry = enrolment(keys, sealed)
            act.append(keys, person, "enrol", **entry)
            act.connection.execute("DELETE FROM member WHERE person = ?", (person,))
            act.connection.execute("INSERT INTO member VALUES (?, ?)", (person, sealed))
        return keys.public.fingerprint

    def open(self, person: str, passphrase: str, now: datetime | None = None) -> Opened:
        """Open the store with a passphrase, for some minutes.

        Parameters
        ----------
        now : datetime, optional
            Default: the time of the store's clock.

        Raises
        ------
        NotAllowedError
            The same for a wrong name and a wrong passphrase; or the wait after wrong ones is not
            over.
        """
        with self._opening:
            keys = self._try(person, passphrase, now or self.clock())
            if keys is None:
                raise _not_opened()
            with self.writing() as act:
                act.append(keys, person, "open")
        return Opened(self, person, keys, self.clock())

    def _try(self, person: str, passphrase: str, now: datetime) -> sealing.MemberKeys | None:
        state = self.state()
        member = state.members.get(person)
        if member is None or member.withdrawn:
            sealing.spend(passphrase, self.cost)
            return None
        _check_wait(state, person, now)
        sealed = self._sealed_keys(person)
        try:
            if sealing.digest(sealed.encode()) != member.sealed:
                raise sealing.SealError
            at = keys_at(state.store, person)
            keys = sealing.unseal_keys(sealed, passphrase, at, self.cost)
        except sealing.SealError:
            with self.writing() as act:
                act.append(None, person, "wrong_passphrase")
            return None
        return keys if keys.public == member.keys else None

    def _sealed_keys(self, person: str) -> str:
        with self._connected() as connection:
            chosen = "SELECT sealed FROM member WHERE person = ?"
            row = connection.execute(chosen, (person,)).fetchone()
        return str(row[0]) if row else ""

    def counts(self) -> dict[str, Any]:
        """Return how much is in the store; nothing of what it is."""
        state = self.state()
        kinds: dict[str, int] = {}
        for record in state.records.values():
            kinds[record.kind] = kinds.get(record.kind, 0) + (not record.destroyed)
        return {
            "facility": state.facility,
            "entries": state.seq,
            "members": sum(bool(one.roles) for one in state.members.values()),
            "records": kinds,
            "copies": state.copies,
            "retention_days": state.retention_days,
            "destroyed": state.destroyed,
        }


def enrolment(keys: sealing.MemberKeys, sealed: str) -> dict[str, Any]:
    """Return what an entry says about a new member's keys."""
    public = keys.public
    return {
        "reading": public.reading,
        "signing": public.signing,
        "sealed": sealing.digest(sealed.encode()),
    }


def _check_wait(state: State, person: str, now: datetime) -> None:
    """Refuse a try before the wait after wrong passphrases is over."""
    count, last = state.wrong.get(person, (0, now))
    if count < FREE_TRIES:
        return
    wait = min(FIRST_WAIT * 2 ** min(count - FREE_TRIES, 10), LONGEST_WAIT)
    if timedelta(0) <= now - last < wait:
        left = int((wait - (now - last)).total_seconds()) + 1
        told = f"{count} wrong passphrases were given for this member: wait {left} seconds"
        finding = Finding("STORE-WAIT", Severity.INCONSISTENCY, told)
        raise NotAllowedError("the store does not open now", [finding])


def _not_opened() -> NotAllowedError:
    told = "there is no such member, or the passphrase is another"
    advice = "Every wrong passphrase is recorded, and makes the next try wait longer."
    finding = Finding("STORE-OPEN", Severity.INCONSISTENCY, told, advice)
    return NotAllowedError("the store does not open", [finding])


# --- making and finding --------------------------------------------------------------------------


def create(
    path: Path,
    facility: str,
    person: str,
    passphrase: str,
    *,
    retention_days: int = DEFAULT_RETENTION_DAYS,
    clock: Clock = system_clock,
    cost: sealing.Cost = sealing.COST,
) -> Store:
    """Make the store of a facility; its first member holds every key until there are others.

    Parameters
    ----------
    path : Path
        The new file, or a folder, in which a file with a name that tells nothing is made.
    person : str
        The first member: approver and security officer.
    """
    if path.is_dir():
        path = path / f"{os.urandom(8).hex()}{ENDING}"
    facility, person = check_name(facility, "the facility"), check_name(person, "the name")
    sealing.check_passphrase(passphrase, person)
    if not 1 <= retention_days <= 36_600:
        raise UsageError("a retention is a number of days from 1 to 36600")
    store = Store(path, clock, cost, os.urandom(16).hex())
    keys = sealing.MemberKeys.new()
    sealed = sealing.seal_keys(keys, passphrase, keys_at(store.id, person), cost)
    made = {one: os.urandom(sealing.KEY_BYTES) for one in rights.COMPARTMENTS}
    wraps = {
        one: sealing.wrap(key, keys.public.reading, wrap_at(store.id, one, 1, person))
        for one, key in made.items()
    }
    compartments = {
        one: {
            "commitment": sealing.commitment(key, key_at(store.id, one, 1)),
            "wrap": sealing.digest(wraps[one]),
        }
        for one, key in made.items()
    }
    told: dict[str, Any] = {
        "store": store.id,
        "facility": facility,
        "retention_days": retention_days,
        "compartments": compartments,
        **enrolment(keys, sealed),
    }
    with making(path) as connection:
        act = Writing(store, connection, State(), clock())
        act.append(keys, person, "create", **told)
        connection.execute("INSERT INTO member VALUES (?, ?)", (person, sealed))
        for one, wrapped in wraps.items():
            connection.execute("INSERT INTO wrap VALUES (?, 1, ?, ?)", (one, person, wrapped))
    return store


def look_in(folder: Path, **settings: Any) -> tuple[list[Store], list[KeiryoError]]:
    """Return the sound stores in a folder, and what is wrong with the others."""
    stores: list[Store] = []
    problems: list[KeiryoError] = []
    for path in sorted(folder.glob(f"*{ENDING}")) if folder.is_dir() else ():
        store = Store(path, **settings)
        try:
            store.state()
        except (StorageError, JournalError) as error:
            problems.append(error)
        else:
            stores.append(store)
    return stores, problems


def stores_in(folder: Path, **settings: Any) -> list[Store]:
    """Return the sound stores in a folder."""
    return look_in(folder, **settings)[0]


def named(wanted: str | None, **settings: Any) -> Store:
    """Return the store that is meant: a file, or a facility in the folder of stores.

    The folder is named by KEIRYO_SECURITY_STORES; without it there is none.

    Raises
    ------
    NotFoundError
    """
    if wanted is not None and Path(wanted).exists():
        return Store(Path(wanted), **settings)
    folder = os.environ.get(FOLDER)
    stores = stores_in(Path(folder), **settings) if folder else []
    found = [one for one in stores if wanted in (None, one.facility)]
    if len(found) == 1:
        return found[0]
    told = "there is no such store" if not found else "several stores could be meant"
    raise NotFoundError(told, f"Name its file with --store, or set {FOLDER} and name the facility.")
