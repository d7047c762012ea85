"""Reading acts and lines back, in the order in which they were posted."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, MetaData, Table, inspect, select, text

from keiryo.dates import utc_text
from keiryo.errors import NotFoundError
from keiryo.journal.canonical import leaf_digest, line_bytes
from keiryo.journal.model import Act, Value
from keiryo.storage.frames import column_list
from keiryo.storage.schema import ACT

LINE_COLUMNS = frozenset({"act_id", "line_no", "salt"})


@dataclass(frozen=True, slots=True)
class StoredLine:
    """A line as it lies in its table."""

    act_id: int
    line_no: int
    kind: str
    salt: bytes
    values: dict[str, Value]

    @property
    def canonical(self) -> bytes:
        """Its canonical bytes."""
        return line_bytes(self.kind, self.line_no, self.values)

    @property
    def leaf(self) -> bytes:
        """Its salted leaf."""
        return leaf_digest(self.salt, self.canonical)


def line_tables(connection: Connection) -> dict[str, list[str]]:
    """Return the tables of record that the database has, each with its field names.

    They are recognised by their columns ``act_id``, ``line_no`` and ``salt``, so that a journal
    can be verified by a program that does not know every capability that wrote to it.
    """
    inspector = inspect(connection)
    found = {}
    for name in inspector.get_table_names():
        columns = [c["name"] for c in inspector.get_columns(name)]
        if set(columns) >= LINE_COLUMNS:
            found[name] = [c for c in columns if c not in LINE_COLUMNS]
    return found


def act_from_row(row: Any) -> Act:
    """Return an act from a row of its table."""
    return Act(**{name: row[name] for name in Act.__slots__})


def act(connection: Connection, metadata: MetaData, act_id: int) -> Act:
    """Return one act.

    Raises
    ------
    NotFoundError
        If there is none with that number.
    """
    table = metadata.tables[ACT]
    row = connection.execute(select(table).where(table.c.act_id == act_id)).mappings().first()
    if row is None:
        raise NotFoundError(
            f"there is no act {act_id}", "List the acts with 'keiryo journal acts'."
        )
    return act_from_row(row)


def act_by_client_id(connection: Connection, metadata: MetaData, client_id: str) -> Act | None:
    """Return the act that was posted under a client id, or None."""
    table = metadata.tables[ACT]
    query = select(table).where(table.c.client_id == client_id)
    row = connection.execute(query).mappings().first()
    return None if row is None else act_from_row(row)


def acts(
    connection: Connection, metadata: MetaData, first: int = 1, last: int | None = None
) -> Iterator[Act]:
    """Yield acts in order."""
    table: Table = metadata.tables[ACT]
    query = select(table).where(table.c.act_id >= first).order_by(table.c.act_id)
    if last is not None:
        query = query.where(table.c.act_id <= last)
    result = connection.execute(query, execution_options={"yield_per": 1000})
    for row in result.mappings():
        yield act_from_row(row)


def line_stream(connection: Connection, metadata: MetaData, act_id: int) -> Iterator[StoredLine]:
    """Yield the lines of one act in order, whatever tables they lie in."""
    del metadata
    streams = [
        _table_lines(connection, name, columns, act_id)
        for name, columns in line_tables(connection).items()
    ]
    yield from heapq.merge(*streams, key=lambda line: line.line_no)


def _table_lines(
    connection: Connection, name: str, columns: list[str], act_id: int
) -> Iterator[StoredLine]:
    listed = column_list(["line_no", "salt", *columns])
    query = text(f"SELECT {listed} FROM {name} WHERE act_id = :act_id ORDER BY line_no")
    result = connection.execute(query, {"act_id": act_id})
    while rows := result.fetchmany(5000):
        for line_no, salt, *values in rows:
            fields = dict(zip(columns, values, strict=True))
            yield StoredLine(act_id, line_no, name, bytes(salt), fields)


def last_act_recorded_by(connection: Connection, metadata: MetaData, instant: str) -> int:
    """Return the number of the last act recorded at or before a UTC time; 0 if there is none."""
    table = metadata.tables[ACT]
    query = (
        select(table.c.act_id)
        .where(table.c.recorded_at <= instant)
        .order_by(table.c.act_id.desc())
        .limit(1)
    )
    return int(connection.execute(query).scalar() or 0)


def head(connection: Connection, metadata: MetaData) -> Act:
    """Return the last act.

    Raises
    ------
    NotFoundError
        If the journal is empty.
    """
    table = metadata.tables[ACT]
    query = select(table).order_by(table.c.act_id.desc()).limit(1)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFoundError("the journal has no acts", "Open it with 'keiryo init --state XX'.")
    return act_from_row(row)


def rows_of(
    connection: Connection,
    metadata: MetaData,
    kind: str,
    *conditions: ColumnElement[bool],
    known_at: datetime | None = None,
    through_act: int | None = None,
) -> list[dict[str, Any]]:
    """Return the lines of a kind in the order in which they were recorded.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    kind : str
        Line kind.
    conditions
        Conditions on its columns.
    known_at : datetime, optional
        Only lines of acts that were recorded by this instant; default: everything.
    through_act : int, optional
        Only lines of this act and those before; default: everything.
    """
    table = metadata.tables[kind]
    query = select(table).where(*conditions).order_by(table.c.act_id, table.c.line_no)
    if through_act is not None:
        query = query.where(table.c.act_id <= through_act)
    if known_at is not None:
        act = metadata.tables[ACT]
        query = query.join(act, act.c.act_id == table.c.act_id)
        query = query.where(act.c.recorded_at <= utc_text(known_at))
    return [dict(row) for row in connection.execute(query).mappings()]


def line_node(row: Mapping[str, Any]) -> str:
    """Return the node of a line, e.g. ``line:3/1``."""
    return f"line:{row['act_id']}/{row['line_no']}"
