"""Stores for tests: made once with all members, then copied; passphrases that cost little."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from keiryo.security_store import membership, sealing
from keiryo.security_store.opened import Opened
from keiryo.security_store.store import Store, create

CHEAP = sealing.Cost(1, 64, 1)
"""Far below what is refused outside of tests."""
PEOPLE = {
    "Ada": (),  # the first member: approver and security_officer
    "Ben": ("approver",),
    "Cy": ("security_officer",),
    "Eva": ("evaluator",),
    "Rob": ("reviewer",),
    "Mia": ("maintainer",),
    "Ann": ("auditor",),
    "Sys": ("sys_admin",),
    "Non": (),
}


def phrase(person: str) -> str:
    return f"{person} carries wet umbrellas"


@dataclass
class Watch:
    """A clock that the test moves."""

    at: datetime = field(default_factory=lambda: datetime(2026, 3, 1, 9, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.at

    def go(self, **by: float) -> None:
        self.at += timedelta(**by)


@dataclass
class Made:
    """A store with a clock, and its members."""

    store: Store
    watch: Watch

    def open(self, person: str) -> Opened:
        return self.store.open(person, phrase(person))

    def copied(self, path: Path) -> Made:
        shutil.copy(self.store.path, path)
        path.chmod(0o600)
        watch = Watch(self.watch.at)
        return Made(Store(path, watch, CHEAP), watch)

    def raw(self, *statements: str, values: tuple[object, ...] = ()) -> None:
        """Change the file past the program, as somebody with the file would."""
        connection = sqlite3.connect(self.store.path)
        triggers = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        for one in statements:
            connection.execute(one, values)
        for _, sql in triggers:
            connection.execute(sql)
        connection.commit()
        connection.close()

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        connection = sqlite3.connect(self.store.path)
        try:
            return connection.execute(statement).fetchall()
        finally:
            connection.close()


def full_store(folder: Path) -> Made:
    """Return a store where every role has a member."""
    watch = Watch()
    store = create(folder / "a.store", "XA/XFA-", "Ada", phrase("Ada"), clock=watch, cost=CHEAP)
    made = Made(store, watch)
    ada = made.open("Ada")
    ben: Opened | None = None
    for person, roles in PEOPLE.items():
        if person == "Ada":
            continue
        store.enrol(person, phrase(person))
        for role in roles:
            asked = membership.propose(ada, "grant", person, "by order", role=role)
            if ben is not None:  # the second who could confirm
                confirmer = made.open("Cy") if role == "security_officer" else ben
                if role in ("security_officer", "auditor"):
                    # who holds these keys is the first member alone: the other one proposes
                    membership.refuse(ada, asked.id, "the other way round")
                    asked = membership.propose(ben, "grant", person, "by order", role=role)
                    confirmer = ada
                membership.confirm(confirmer, asked.id)
        if person == "Ben":
            ben = made.open("Ben")
    return made
