"""Answers that are remembered until something is posted that could change them.

The record only grows, so an answer is right for ever *as of an act*. Each is remembered with the
last act that it knows; a question about a scope asks first which act was the last one there. The
memory is one of this process, bounded, and never the only place where an answer lies.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, MetaData, func, select

from keiryo.journal.act_scopes import NAME as ACT_SCOPE
from keiryo.storage.engine import Database
from keiryo.storage.schema import ACT, CHAIN_HEAD

Answer = TypeVar("Answer")

MOST_ANSWERS = 4_000


class Remembered:
    """A bounded memory of answers, each with the act as of which it holds."""

    def __init__(self, most: int = MOST_ANSWERS) -> None:
        self.most = most
        self._answers: OrderedDict[Hashable, tuple[Hashable, Any]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, as_of: Hashable, build: Callable[[], Answer]) -> Answer:
        """Return the answer to `key` as of something, from memory or built now.

        Parameters
        ----------
        key : hashable
            The question, and whose sight it is seen through.
        as_of : hashable
            What the answer depends on: the last act, the day.
        build : callable
            Computes it; two requests at once may both do so.
        """
        with self._lock:
            found = self._answers.get(key)
            if found is not None and found[0] == as_of:
                self._answers.move_to_end(key)
                return found[1]  # type: ignore[no-any-return]
        answer = build()
        with self._lock:
            self._answers[key] = (as_of, answer)
            self._answers.move_to_end(key)
            while len(self._answers) > self.most:
                self._answers.popitem(last=False)
        return answer


class Head(NamedTuple):
    """The last act of the chain and its digest."""

    act_id: int
    digest: str


def head_of(connection: Connection, metadata: MetaData) -> Head:
    """Return the head of the chain; act 0 of an empty journal."""
    table = metadata.tables[CHAIN_HEAD]
    row = connection.execute(select(table.c.act_id, table.c.digest)).first()
    return Head(0, "") if row is None else Head(int(row[0]), str(row[1]))


def last_act_about(connection: Connection, metadata: MetaData, scope: str) -> int:
    """Return the last act with lines of a scope or of the State above it; 0 if there is none."""
    table = metadata.tables[ACT_SCOPE]
    parts = scope.split("/")
    above = ["/".join(parts[: n + 1]) for n in range(len(parts))]
    query = select(func.max(table.c.act_id)).where(table.c.scope.in_(above))
    return int(connection.execute(query).scalar() or 0)


def last_act_seen(seen: Database, metadata: MetaData) -> int:
    """Return the last act that is seen through books as somebody sees them; 0 if there is none."""
    table = metadata.tables[ACT]
    with seen.reading() as connection:
        return int(connection.execute(select(func.max(table.c.act_id))).scalar() or 0)
