"""What a seal rests on, which containment it closes, what it holds; and back.

Nodes: ``seal:BODY/NUMBER``. A batch is *sealed by* a seal that was ever attached over it; a seal
rests on its line of the register, on everything that happened to it, on reports and refusals, and
*closes* the containments to which it was attached. Lines rest on photographs and on the line that
they correct.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.journal.dependents import LINK_LIMIT, line_of
from keiryo.journal.lines_at import line_at
from keiryo.journal.registry import Link
from keiryo.seals.numbers import SealKey
from keiryo.seals.tables import (
    SEAL,
    SEAL_DOCUMENT,
    SEAL_EVENT,
    SEAL_INTERVAL,
    SEAL_ITEM,
    SEAL_REFUSED,
    SEAL_REPORT,
)

PREFIX, BATCH, CONTAINMENT, EVIDENCE = "seal:", "batch:", "containment:", "evidence:"
_OF_SEAL = {
    SEAL.name: "registered in",
    SEAL_EVENT.name: "happened to it",
    SEAL_INTERVAL.name: "its log shows",
    SEAL_REFUSED.name: "reported and refused in",
    SEAL_REPORT.name: "compromise reported in",
    SEAL_DOCUMENT.name: "named by a shipping document in",
}
"""How a seal rests on a line of each kind."""
_FILES = {
    SEAL_EVENT.name: ("evidence", "reference", "log"),
    SEAL_REFUSED.name: ("evidence",),
    SEAL_REPORT.name: ("evidence",),
}
"""Lines that name files, and in which fields."""
_SEALED, _CLOSES, _SHOWN, _CORRECTS = "sealed by", "closes", "shown by", "corrects"
_HOLDS_LINE = "sealed as stated in"


def explain(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield what a seal, a batch under seal, or a line about a seal rests on."""
    if node.startswith(BATCH):
        uid = node.removeprefix(BATCH)
        for row in _rows(connection, metadata, SEAL_ITEM.name, batch_uid=uid):
            yield Link(node, _SEALED, _key(row).node)
            yield Link(node, _HOLDS_LINE, _line_node(row))
    elif node.startswith(PREFIX):
        yield from _seal(connection, metadata, node)
    elif (place := line_of(node)) is not None:
        yield from _line(connection, metadata, node, place)


def dependents(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield what rests on a seal, a containment, a line, or a piece of evidence."""
    if node.startswith(PREFIX):
        key = _key_of_node(node)
        for row in _rows(connection, metadata, SEAL_ITEM.name, body=key.body, number=key.number):
            yield Link(BATCH + row["batch_uid"], _SEALED, node)
    elif node.startswith(CONTAINMENT):
        mba, _slash, name = node.removeprefix(CONTAINMENT).partition("/")
        for row in _rows(connection, metadata, SEAL_EVENT.name, mba=mba, containment=name):
            yield Link(_key(row).node, _CLOSES, node)
    elif node.startswith(EVIDENCE):
        yield from _on_evidence(connection, metadata, node)
    elif (place := line_of(node)) is not None:
        yield from _on_line(connection, metadata, node, place)


def _seal(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    key = _key_of_node(node)
    for kind, relation in _OF_SEAL.items():
        for row in _rows(connection, metadata, kind, body=key.body, number=key.number):
            yield Link(node, relation, _line_node(row))
            if row.get("containment"):
                yield Link(node, _CLOSES, f"{CONTAINMENT}{row['mba']}/{row['containment']}")


def _line(
    connection: Connection, metadata: MetaData, node: str, place: tuple[int, int]
) -> Iterator[Link]:
    for kind, columns in _FILES.items():
        row = line_at(connection, metadata, kind, place)
        if row is None:
            continue
        for column in columns:
            for digest in str(row[column] or "").split():
                yield Link(node, _SHOWN, EVIDENCE + digest)
        if row.get("corrects_act") is not None:
            yield Link(node, _CORRECTS, f"line:{row['corrects_act']}/{row['corrects_line']}")
        return


def _on_evidence(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    digest = node.removeprefix(EVIDENCE)
    for kind, columns in _FILES.items():
        table = metadata.tables[kind]
        for column in columns:
            named = table.c[column].contains(digest, autoescape=True)
            query = select(table).where(named).order_by(table.c.act_id, table.c.line_no)
            for row in connection.execute(query.limit(LINK_LIMIT)).mappings():
                if digest in str(row[column]).split():
                    yield Link(_line_node(dict(row)), _SHOWN, node)


def _on_line(
    connection: Connection, metadata: MetaData, node: str, place: tuple[int, int]
) -> Iterator[Link]:
    for kind, relation in _OF_SEAL.items():
        row = line_at(connection, metadata, kind, place)
        if row is not None:
            yield Link(_key(row).node, relation, node)
            break
    row = line_at(connection, metadata, SEAL_ITEM.name, place)
    if row is not None:
        yield Link(BATCH + row["batch_uid"], _HOLDS_LINE, node)
    table = metadata.tables[SEAL_EVENT.name]
    query = select(table).where(table.c.corrects_act == place[0], table.c.corrects_line == place[1])
    for found in connection.execute(query.limit(LINK_LIMIT)).mappings():
        yield Link(_line_node(dict(found)), _CORRECTS, node)


def _key_of_node(node: str) -> SealKey:
    body, _slash, number = node.removeprefix(PREFIX).partition("/")
    return SealKey(body, number)


def _key(row: Mapping[str, Any]) -> SealKey:
    return SealKey(str(row["body"]), str(row["number"]))


def _line_node(row: Mapping[str, Any]) -> str:
    return f"line:{row['act_id']}/{row['line_no']}"


def _rows(
    connection: Connection, metadata: MetaData, kind: str, **equal: str
) -> list[dict[str, Any]]:
    table = metadata.tables[kind]
    query = select(table).where(*(table.c[name] == value for name, value in equal.items()))
    query = query.order_by(table.c.act_id, table.c.line_no).limit(LINK_LIMIT)
    return [dict(row) for row in connection.execute(query).mappings()]
