"""What a containment rests on, which items it holds, which cameras watch it; and back.

Nodes: ``containment:MBA/NAME``. A batch is *held in* a containment, as a line states; a
containment rests on the line that describes it, on the lines of its ways and watches, on its
inspections, and on the cameras that watch it. Seals add themselves (`keiryo.seals.explain`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.containment.register import PREFIX
from keiryo.containment.tables import (
    CONTAINMENT,
    CONTAINMENT_CONTENT,
    CONTAINMENT_INSPECTION,
    CONTAINMENT_PATH,
    CONTAINMENT_WATCH,
)
from keiryo.journal.dependents import LINK_LIMIT, line_of
from keiryo.journal.lines_at import line_at
from keiryo.journal.reading import line_node
from keiryo.journal.registry import Link

BATCH, CAMERA, EVIDENCE = "batch:", "camera:", "evidence:"
_OF_CONTAINMENT = {
    CONTAINMENT_PATH.name: "entered by the way in",
    CONTAINMENT_WATCH.name: "watched as stated in",
    CONTAINMENT_INSPECTION.name: "inspected in",
}
"""How a containment rests on a line of each kind."""
_HELD, _HELD_LINE, _WATCHED, _SHOWN = "held in", "held as stated in", "watched by", "shown by"


def explain(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield what a batch, a containment, or a line about one rests on."""
    if node.startswith(BATCH):
        uid = node.removeprefix(BATCH)
        for row in _rows(connection, metadata, CONTAINMENT_CONTENT.name, batch_uid=uid):
            yield Link(node, _HELD, _place(row))
            yield Link(node, _HELD_LINE, line_node(row))
    elif node.startswith(PREFIX):
        yield from _containment(connection, metadata, node)
    elif (place := line_of(node)) is not None:
        looked = line_at(connection, metadata, CONTAINMENT_INSPECTION.name, place)
        for digest in str(looked["evidence"] or "").split() if looked else ():
            yield Link(node, _SHOWN, EVIDENCE + digest)


def dependents(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield what rests on a containment, a camera, a line, or a piece of evidence."""
    if node.startswith(PREFIX):
        mba, _slash, name = node.removeprefix(PREFIX).partition("/")
        kind = CONTAINMENT_CONTENT.name
        for row in _rows(connection, metadata, kind, mba=mba, containment=name):
            yield Link(BATCH + row["batch_uid"], _HELD, node)
    elif node.startswith(CAMERA):
        for row in _rows(connection, metadata, CONTAINMENT_WATCH.name, device=node):
            yield Link(_place(row), _WATCHED, node)
    elif node.startswith(EVIDENCE):
        yield from _on_evidence(connection, metadata, node)
    elif (place := line_of(node)) is not None:
        yield from _on_line(connection, metadata, node, place)


def _containment(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    mba, _slash, name = node.removeprefix(PREFIX).partition("/")
    row = _last(connection, metadata, mba, name)
    if row is None:
        return
    yield Link(node, "described in", line_node(row))
    for kind, relation in _OF_CONTAINMENT.items():
        for one in _rows(connection, metadata, kind, mba=mba, containment=name):
            yield Link(node, relation, line_node(one))
            if kind == CONTAINMENT_WATCH.name:
                yield Link(node, _WATCHED, str(one["device"]))


def _on_evidence(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    digest = node.removeprefix(EVIDENCE)
    table = metadata.tables[CONTAINMENT_INSPECTION.name]
    query = select(table).where(table.c.evidence.contains(digest, autoescape=True))
    query = query.order_by(table.c.act_id, table.c.line_no).limit(LINK_LIMIT)
    for row in connection.execute(query).mappings():
        if digest in str(row["evidence"]).split():
            yield Link(line_node(dict(row)), _SHOWN, node)


def _on_line(
    connection: Connection, metadata: MetaData, node: str, place: tuple[int, int]
) -> Iterator[Link]:
    row = line_at(connection, metadata, CONTAINMENT_CONTENT.name, place)
    if row is not None:
        yield Link(BATCH + row["batch_uid"], _HELD_LINE, node)
        return
    for kind, relation in _OF_CONTAINMENT.items():
        row = line_at(connection, metadata, kind, place)
        if row is not None:
            if _last(connection, metadata, row["mba"], row["containment"]) is not None:
                yield Link(_place(row), relation, node)
            return
    row = line_at(connection, metadata, CONTAINMENT.name, place)
    if row is not None:
        last = _last(connection, metadata, row["mba"], row["name"])
        if last is not None and line_node(last) == node:
            yield Link(f"{PREFIX}{row['mba']}/{row['name']}", "described in", node)


def _place(row: Mapping[str, Any]) -> str:
    return f"{PREFIX}{row['mba']}/{row['containment']}"


def _last(
    connection: Connection, metadata: MetaData, mba: str, name: str
) -> Mapping[str, Any] | None:
    table = metadata.tables[CONTAINMENT.name]
    query = select(table).where(table.c.mba == mba, table.c.name == name)
    query = query.order_by(table.c.act_id.desc(), table.c.line_no.desc()).limit(1)
    row = connection.execute(query).mappings().first()
    return None if row is None else dict(row)


def _rows(
    connection: Connection, metadata: MetaData, kind: str, **equal: str
) -> list[Mapping[str, Any]]:
    table = metadata.tables[kind]
    query = select(table).where(*(table.c[name] == value for name, value in equal.items()))
    query = query.order_by(table.c.act_id, table.c.line_no).limit(LINK_LIMIT)
    return [dict(row) for row in connection.execute(query).mappings()]
