"""Answers that are remembered until something is posted that could change them.

The record only grows, so an answer is right for ever *as of an act*. Each is remembered with the
last act that it knows; a question about a scope asks first which act was the last one there. The
memory is one of this process, bounded, and never the only place where an answer lies.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Event, Lock
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, MetaData, func, select

from keiryo.journal.act_scopes import NAME as ACT_SCOPE
from keiryo.storage.engine import Database
from keiryo.storage.schema import ACT, CHAIN_HEAD

BESIDE_THE_BOOKS = frozenset({"journal", "people", "oversight"})
"""Capabilities whose lines (findings, answers, roles, notices) change nothing in any book."""

Answer = TypeVar("Answer")

MOST_ANSWERS = 4_000


class Remembered:
    """A bounded memory of answers, each with the act as of which it holds."""

    def __init__(self, most: int = MOST_ANSWERS) -> None:
        self.most = most
        self._answers: OrderedDict[Hashable, tuple[Hashable, Any]] = OrderedDict()
        self._being_built: dict[tuple[Hashable, Hashable], Event] = {}
        self._lock = Lock()

    def get(self, key: Hashable, as_of: Hashable, build: Callable[[], Answer]) -> Answer:
        """Return the answer to `key` as of something, from memory or built now.

        Where several ask at once, one builds it and the others wait for it; if that fails, each
        builds it, and hears what is wrong.

        Parameters
        ----------
        key : hashable
            The question, and whose sight it is seen through.
        as_of : hashable
            What the answer depends on: the last act, the day.
        build : callable
            Computes it. It may ask for other answers, never for this one.
        """
        one = (key, as_of)
        with self._lock:
            found = self._answers.get(key)
            if found is not None and found[0] == as_of:
                self._answers.move_to_end(key)
                return found[1]  # type: ignore[no-any-return]
            other = self._being_built.get(one)
            if other is None:
                built = self._being_built[one] = Event()
        if other is not None:
            other.wait()
            with self._lock:
                found = self._answers.get(key)
            if found is not None and found[0] == as_of:
                return found[1]  # type: ignore[no-any-return]
            return build()
        try:
            answer = build()
            with self._lock:
                self._answers[key] = (as_of, answer)
                self._answers.move_to_end(key)
                while len(self._answers) > self.most:
                    self._answers.popitem(last=False)
        finally:
            with self._lock:
                del self._being_built[one]
            built.set()
        return answer

    def held(self, key: Hashable, as_of: Hashable) -> Any:
        """Return the answer to `key` as of something if it is in memory, otherwise None."""
        with self._lock:
            found = self._answers.get(key)
            return found[1] if found is not None and found[0] == as_of else None


class Head(NamedTuple):
    """The last act of the chain and its digest."""

    act_id: int
    digest: str


def head_of(connection: Connection, metadata: MetaData) -> Head:
    """Return the head of the chain; act 0 of an empty journal."""
    table = metadata.tables[CHAIN_HEAD]
    row = connection.execute(select(table.c.act_id, table.c.digest)).first()
    return Head(0, "") if row is None else Head(int(row[0]), str(row[1]))


class LastActs:
    """The last act about every scope: read anew only where the chain has grown since.

    What is said here holds as of an act at least as new as the one that the asker knows. Whoever
    remembers an answer by it asks here first and reads the books after, so that no answer is ever
    older than the act by which it is remembered.

    Parameters
    ----------
    database : Database
        The books themselves.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self._through = 0
        self._last: dict[str, int] = {}
        self._last_of_books: dict[str, int] = {}
        self._last_of: dict[str, int] = {}
        self._lock = Lock()

    def about(self, scope: str, head: Head | None) -> int:
        """Return the last act with lines of a scope or of what is above it; 0: there is none.

        Parameters
        ----------
        scope : str
        head : Head or None
            The newest act that the asker knows; None: whichever is the newest now.
        """
        self._catch_up(head)
        return max(self._last.get(one, 0) for one in _and_above(scope))

    def about_books(self, scope: str, head: Head | None) -> int:
        """Return the last act that could have changed the books of a scope; 0: there is none."""
        self._catch_up(head)
        return max(self._last_of_books.get(one, 0) for one in _and_above(scope))

    def by(self, capability: str, head: Head | None) -> int:
        """Return the last act with lines of a capability, wherever; 0: there is none."""
        self._catch_up(head)
        return self._last_of.get(capability, 0)

    def of_capability(self, capability: str, connection: Connection, head: Head) -> int | None:
        """Return the last act of a capability, as of the head that a transaction sees.

        None if newer acts are known here already: the transaction began before they were posted.
        """
        with self._lock:
            if self._through < head.act_id:
                self._read(connection, head)
            return self._last_of.get(capability, 0) if self._through == head.act_id else None

    def beyond(self, beside: frozenset[str], connection: Connection, head: Head) -> int | None:
        """Return the last act with lines of any capability but some, as of a transaction's head.

        None if newer acts are known here already: the transaction began before they were posted.
        """
        with self._lock:
            if self._through < head.act_id:
                self._read(connection, head)
            if self._through != head.act_id:
                return None
            return max((act for c, act in self._last_of.items() if c not in beside), default=0)

    def _catch_up(self, head: Head | None) -> None:
        if head is not None and self._through >= head.act_id:
            return
        with self.database.reading() as connection:
            newest = head_of(connection, self.database.metadata)
            with self._lock:
                if self._through < newest.act_id:
                    self._read(connection, newest)

    def _read(self, connection: Connection, head: Head) -> None:
        """Take in the acts up to a head that the transaction sees; called under the lock."""
        table = self.database.metadata.tables[ACT_SCOPE]
        keys = (table.c.scope, table.c.capability)
        query = (
            select(*keys, func.max(table.c.act_id))
            .where(table.c.act_id > self._through, table.c.act_id <= head.act_id)
            .group_by(*keys)
        )
        for scope, capability, act_id in connection.execute(query):
            kept = [(self._last, scope), (self._last_of, capability)]
            if capability not in BESIDE_THE_BOOKS:
                kept.append((self._last_of_books, scope))
            for acts, key in kept:
                acts[key] = max(acts.get(key, 0), int(act_id))
        self._through = head.act_id


def _and_above(scope: str) -> list[str]:
    parts = scope.split("/")
    return ["/".join(parts[: n + 1]) for n in range(len(parts))]


def last_act_about(connection: Connection, metadata: MetaData, scope: str) -> int:
    """Return the last act with lines of a scope or of the State above it; 0 if there is none."""
    table = metadata.tables[ACT_SCOPE]
    query = select(func.max(table.c.act_id)).where(table.c.scope.in_(_and_above(scope)))
    return int(connection.execute(query).scalar() or 0)


def last_act_seen(seen: Database, metadata: MetaData) -> int:
    """Return the last act that is seen through books as somebody sees them; 0 if there is none."""
    table = metadata.tables[ACT]
    with seen.reading() as connection:
        return int(connection.execute(select(func.max(table.c.act_id))).scalar() or 0)
