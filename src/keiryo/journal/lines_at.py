"""What stands at a place of the journal, a line by its act and number.

In a walk along the evidence chain every capability asks of every line whether it is one of its
own. What was recorded never changes, so that one look tells it to all of them: which kinds an act
has lines of is asked once for each act, and a line is read once for each walk.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from sqlalchemy import Connection, MetaData, func, select

from keiryo.journal.reading import line_tables

Place = tuple[int, int]
"""Act and number of a line."""


class LinesAt:
    """The lines that one walk has seen.

    Parameters
    ----------
    connection, metadata
        An open reading transaction and the tables.
    """

    def __init__(self, connection: Connection, metadata: MetaData) -> None:
        self.connection, self.metadata = connection, metadata
        self._kinds = [kind for kind in line_tables(connection) if kind in metadata.tables]
        self._ranges: dict[int, list[tuple[str, int, int]]] = {}
        self._found: dict[Place, tuple[str, dict[str, Any]] | None] = {}

    def at(self, place: Place) -> tuple[str, dict[str, Any]] | None:
        """Return the kind and the columns of the line at a place, or None."""
        if place not in self._found:
            self._found[place] = self._read(place)
        return self._found[place]

    def _read(self, place: Place) -> tuple[str, dict[str, Any]] | None:
        if place[0] not in self._ranges:
            self._ranges[place[0]] = list(self._ranges_of(place[0]))
        for kind, first, last in self._ranges[place[0]]:
            if first <= place[1] <= last:
                row = _row(self.connection, self.metadata, kind, place)
                if row is not None:
                    return kind, row
        return None

    def _ranges_of(self, act_id: int) -> Iterator[tuple[str, int, int]]:
        """Yield the kinds of the lines of an act, each with its first and last line number."""
        for kind in self._kinds:
            table = self.metadata.tables[kind]
            query = select(func.min(table.c.line_no), func.max(table.c.line_no))
            first, last = self.connection.execute(query.where(table.c.act_id == act_id)).one()
            if first is not None:
                yield kind, int(first), int(last)


_walk: ContextVar[LinesAt | None] = ContextVar("lines that a walk has seen", default=None)


@contextmanager
def one_walk(connection: Connection, metadata: MetaData) -> Iterator[LinesAt]:
    """Let `line_at` read every line once until this ends.

    Parameters
    ----------
    connection, metadata
        An open reading transaction and the tables.
    """
    lines = LinesAt(connection, metadata)
    before = _walk.set(lines)
    try:
        yield lines
    finally:
        _walk.reset(before)


def line_at(
    connection: Connection, metadata: MetaData, kind: str, place: Place
) -> dict[str, Any] | None:
    """Return the line at a place if it is of a kind, or None.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    kind : str
        Line kind.
    place : tuple of int
        Act and number of the line.
    """
    walk = _walk.get()
    if walk is None or walk.connection is not connection:
        return _row(connection, metadata, kind, place)
    found = walk.at(place)
    return dict(found[1]) if found is not None and found[0] == kind else None


def kind_at(
    connection: Connection, metadata: MetaData, kinds: Iterable[str], place: Place
) -> str | None:
    """Return of which of some kinds the line at a place is, or None.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    kinds : iterable of str
        Line kinds.
    place : tuple of int
        Act and number of the line.
    """
    return next((k for k in kinds if line_at(connection, metadata, k, place) is not None), None)


def _row(
    connection: Connection, metadata: MetaData, kind: str, place: Place
) -> dict[str, Any] | None:
    table = metadata.tables[kind]
    query = select(table).where(table.c.act_id == place[0], table.c.line_no == place[1])
    row = connection.execute(query).mappings().first()
    return None if row is None else dict(row)
