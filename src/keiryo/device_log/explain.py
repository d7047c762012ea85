"""What a key or a head rests on, and what rests on it.

Nodes: ``key:KID`` and ``head:LOG/SIZE``. A key rests on the line that registers it and on its
revocations. A head rests on the lines that record it, on the key that signed it, on the head that
it continues, and on the copies that others have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.device_log.tables import (
    DEVICE_HEAD,
    DEVICE_HEAD_ANCHOR,
    DEVICE_KEY,
    DEVICE_KEY_REVOCATION,
)
from keiryo.journal.dependents import LINK_LIMIT, line_of
from keiryo.journal.reading import line_node
from keiryo.journal.registry import Link

KEY, HEAD = "key:", "head:"
_OF_KEY = {DEVICE_KEY.name: "registered in", DEVICE_KEY_REVOCATION.name: "revoked in"}
_OF_HEAD = {DEVICE_HEAD.name: "recorded in", DEVICE_HEAD_ANCHOR.name: "copied in"}


def explain(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield what a key or a head rests on."""
    if node.startswith(KEY):
        for kind, relation in _OF_KEY.items():
            for row in _rows(connection, metadata, kind, kid=node.removeprefix(KEY)):
                yield Link(node, relation, line_node(row))
        return
    place = _head_of(node)
    if place is None:
        return
    log, size = place
    before: set[Link] = set()
    for kind, relation in _OF_HEAD.items():
        for row in _rows(connection, metadata, kind, log=log, size=size):
            yield Link(node, relation, line_node(row))
            if kind == DEVICE_HEAD.name:
                before |= set(_rests_on(node, row))
    yield from sorted(before, key=lambda link: (link.relation, link.target))


def dependents(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield what rests on a key, a head, or a line about one."""
    place = _head_of(node)
    if node.startswith(KEY):
        rows = _rows(connection, metadata, DEVICE_HEAD.name, kid=node.removeprefix(KEY))
        yield from _backwards(rows, node)
    elif place is not None:
        log, size = place
        rows = _rows(connection, metadata, DEVICE_HEAD.name, log=log, previous_size=size)
        yield from _backwards(rows, node)
    elif (line := line_of(node)) is not None:
        yield from _on_line(connection, metadata, node, line)


def _rests_on(node: str, row: Mapping[str, Any]) -> Iterator[Link]:
    yield Link(node, "signed with", KEY + row["kid"])
    if row["previous_size"] is not None and row["previous_size"] != row["size"]:
        relation = "continues" if row["standing"] == "accepted" else "contradicts"
        yield Link(node, relation, f"{HEAD}{row['log']}/{row['previous_size']}")


def _backwards(rows: list[Mapping[str, Any]], node: str) -> Iterator[Link]:
    seen = set()
    for row in rows:
        for link in _rests_on(f"{HEAD}{row['log']}/{row['size']}", row):
            if link.target == node and link not in seen:
                seen.add(link)
                yield link


def _on_line(
    connection: Connection, metadata: MetaData, node: str, place: tuple[int, int]
) -> Iterator[Link]:
    for kind, relation in {**_OF_KEY, **_OF_HEAD}.items():
        table = metadata.tables[kind]
        query = select(table).where(table.c.act_id == place[0], table.c.line_no == place[1])
        row = connection.execute(query).mappings().first()
        if row is not None:
            source = KEY + row["kid"] if kind in _OF_KEY else f"{HEAD}{row['log']}/{row['size']}"
            yield Link(source, relation, node)
            return


def _head_of(node: str) -> tuple[str, int] | None:
    """Return log and size that a node names, or None."""
    log, _slash, size = node.removeprefix(HEAD).rpartition("/")
    if not node.startswith(HEAD) or not log or not size.isdecimal() or len(size) > 16:
        return None
    return log, int(size)


def _rows(
    connection: Connection, metadata: MetaData, kind: str, **equal: str | int
) -> list[Mapping[str, Any]]:
    table = metadata.tables[kind]
    query = select(table).where(*(table.c[name] == value for name, value in equal.items()))
    query = query.order_by(table.c.act_id, table.c.line_no).limit(LINK_LIMIT)
    return [dict(row) for row in connection.execute(query).mappings()]
