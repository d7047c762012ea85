"""Standing answers: boards over the whole State that are never waited for twice.

What is on its way, what is due: such a board needs all that was ever filed, and takes a while in
large books. It is made once for all viewers, as of an act, and narrowed to what each of them sees
afterwards. When something was posted since, a quick board is made anew at once; a slow one is
shown as it was, with the act as of which it holds, while a new one is made in the background. A
viewer who posted something since always waits for the new one: they want to see what they did.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock, Thread
from time import monotonic
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, MetaData, select

from keiryo.reports.filed import Filings
from keiryo.reports.filings_of_books import filings_of_books
from keiryo.storage.schema import ACT
from keiryo.web.remembered import head_of
from keiryo.web.server import Server
from keiryo.web.viewer import Viewer

Answer = TypeVar("Answer")

QUICK_S = 0.4
"""What takes no longer is made at once; nobody notices."""

EVERY_S = 3.0
"""How often a slow answer is made anew at most."""

MOST_ANSWERS = 24
"""Answers of one kind (days, profiles) that are kept."""

log = logging.getLogger("keiryo.web")


@dataclass(frozen=True, slots=True)
class Standing(Generic[Answer]):
    """An answer, and as of when it holds.

    Attributes
    ----------
    answer
        Shared by all viewers: to be narrowed, never changed.
    as_of_act : int
        The last act that it knows.
    head_act : int
        The last act that there is.
    """

    answer: Answer
    as_of_act: int
    head_act: int

    @property
    def current(self) -> bool:
        """Whether nothing was posted since."""
        return self.as_of_act >= self.head_act


@dataclass(slots=True)
class _Kept:
    """One answer in the memory of a server process."""

    lock: Lock = field(default_factory=Lock)
    answer: Any = None
    as_of_act: int = -1
    took_s: float = 0.0
    began_s: float = float("-inf")
    refreshing: Thread | None = None


class StandingAnswer(Generic[Answer]):
    """Answers of one kind, each made once for all viewers of a server process.

    Parameters
    ----------
    build : callable
        Takes (server, connection, metadata, *parameters); the connection reads one state of the
        whole books, and what it returns holds as of the last act in them.
    quick_s : float, optional
        An answer that took no longer is made anew at once, in seconds.
    every_s : float, optional
        Shortest time between two beginnings of making a slow one, in seconds.
    beside : frozenset of str, optional
        Capabilities whose lines change nothing in the answer: it still holds after their acts.

    Notes
    -----
    What the parameters are must not depend on who asks: what is kept is for everybody.
    """

    def __init__(
        self,
        build: Callable[..., Answer],
        *,
        quick_s: float = QUICK_S,
        every_s: float = EVERY_S,
        most: int = MOST_ANSWERS,
        beside: frozenset[str] = frozenset(),
    ) -> None:
        self.beside = beside
        self.build, self.quick_s, self.every_s, self.most = build, quick_s, every_s, most
        self._kept: WeakKeyDictionary[Server, OrderedDict[Hashable, _Kept]] = WeakKeyDictionary()
        self._lock = Lock()

    def get(self, viewer: Viewer, *parameters: Hashable) -> Standing[Answer]:
        """Return the answer for some parameters, as new as the viewer has a right to expect.

        Parameters
        ----------
        viewer : Viewer
            Whose own last act the answer knows in any case.
        parameters : hashable
            What is asked for: the day, a profile.
        """
        server = viewer.server
        kept = self._slot(server, parameters)
        as_of, answer = kept.as_of_act, kept.answer
        if viewer.head is not None and as_of >= viewer.head.act_id:
            return Standing(answer, as_of, as_of)
        with server.database.reading() as connection:
            newest = head_of(connection, server.database.metadata)
            head, known = newest.act_id, kept.as_of_act
            if 0 <= known < head and self.beside:
                last = server.last_acts.beyond(self.beside, connection, newest)
                if last is not None and last <= known == kept.as_of_act:
                    kept.as_of_act = head  # nothing since then changes it
            waits = kept.as_of_act < 0 or kept.took_s <= self.quick_s
            if not waits and kept.as_of_act < head:
                metadata = server.database.metadata
                waits = _acted_since(connection, metadata, viewer, kept.as_of_act)
        if kept.as_of_act < head:
            if waits:
                with kept.lock:
                    if kept.as_of_act < head:  # somebody else may have made it meanwhile
                        self._make(server, kept, parameters)
            else:
                self._refresh(server, kept, parameters)
        as_of, answer = kept.as_of_act, kept.answer
        return Standing(answer, as_of, max(head, as_of))

    def wait(self, server: Server) -> None:
        """Wait until nothing is being made in the background."""
        for kept in list(self._kept.get(server, {}).values()):
            thread = kept.refreshing
            if thread is not None:
                thread.join()

    def _slot(self, server: Server, parameters: Hashable) -> _Kept:
        with self._lock:
            slots = self._kept.setdefault(server, OrderedDict())
            found = slots.get(parameters)
            if found is None:
                found = slots[parameters] = _Kept()
            slots.move_to_end(parameters)
            while len(slots) > self.most:
                slots.popitem(last=False)
            return found

    def _make(self, server: Server, kept: _Kept, parameters: tuple[Hashable, ...]) -> None:
        began = kept.began_s = monotonic()
        metadata = server.database.metadata
        with server.database.reading() as connection:
            as_of = head_of(connection, metadata).act_id
            answer = self.build(server, connection, metadata, *parameters)
        kept.took_s = monotonic() - began
        kept.answer = answer  # the act last: who reads both sees no newer act than answer
        kept.as_of_act = as_of

    def _refresh(self, server: Server, kept: _Kept, parameters: tuple[Hashable, ...]) -> None:
        """Begin to make an answer anew in the background, unless one is being made."""

        def run() -> None:
            try:
                with kept.lock:
                    self._make(server, kept, parameters)
            except Exception:  # the old answer stands, and the next request tries again
                log.exception("a board could not be made anew")
            finally:
                kept.refreshing = None

        with self._lock:
            if kept.refreshing is not None or monotonic() - kept.began_s < self.every_s:
                return
            thread = kept.refreshing = Thread(target=run, name="standing answer", daemon=True)
            thread.start()


def _acted_since(connection: Connection, metadata: MetaData, viewer: Viewer, act_id: int) -> bool:
    """Return whether the viewer posted anything after an act; reads the acts since only."""
    table = metadata.tables[ACT]
    query = (
        select(table.c.act_id)
        .where(table.c.act_id > act_id, table.c.person == viewer.person.person)
        .limit(1)
    )
    return connection.execute(query).first() is not None


def filings_remembered(server: Server, connection: Connection, metadata: MetaData) -> Filings:
    """Return all that was filed, read once for each head of the chain and process.

    Not narrowed: for boards that are narrowed afterwards.
    """
    head = head_of(connection, metadata)
    return server.remembered.get(
        "filings", head, lambda: filings_of_books(connection, metadata, server.database.evidence)
    )
