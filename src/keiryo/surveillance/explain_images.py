"""What a camera, a set of images or a declared operation rests on, and what rests on them.

Nodes: ``camera:NAME``, ``set:NAME``, ``operation:NAME``. A camera rests on the line that describes
it last, on its views, on the zones that count, and on the readings of its clock. A set rests on
its lines, on the list that came with it, and on its camera; an image on its set and its file; a
view on its mask and reference picture; an operation on its last declaration.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.journal.dependents import LINK_LIMIT, line_of
from keiryo.journal.lines_at import line_at
from keiryo.journal.reading import line_node
from keiryo.journal.registry import Link
from keiryo.surveillance.tables import (
    CAMERA,
    CAMERA_CLOCK,
    CAMERA_VIEW,
    CAMERA_ZONE,
    DECLARED_OPERATION,
    IMAGE,
    IMAGE_REMOVAL,
    IMAGE_SET,
)

CAMERA_NODE, SET_NODE, OPERATION_NODE, FILE_NODE = "camera:", "set:", "operation:", "evidence:"

_OF_CAMERA = {
    CAMERA.name: "recorded in",
    CAMERA_VIEW.name: "sees what is stated in",
    CAMERA_ZONE.name: "with the zone of",
    CAMERA_CLOCK.name: "its clock was read in",
}
_FILES = {
    CAMERA_VIEW.name: (("mask", "masked by"), ("reference", "compared with")),
    IMAGE_SET.name: (("manifest", "listed in"),),
    IMAGE.name: (("digest", "is the file"),),
    IMAGE_REMOVAL.name: (("digest", "removed"),),
}
"""Fields of lines that name files, with how the line rests on them."""


def explain(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield what a camera, a set, an operation, or a line about one rests on."""
    if node.startswith(CAMERA_NODE):
        name = node.removeprefix(CAMERA_NODE)
        for kind, relation in _OF_CAMERA.items():
            for row in _standing(connection, metadata, kind, name):
                yield Link(node, relation, line_node(row))
    elif node.startswith(SET_NODE):
        rows = _rows(connection, metadata, IMAGE_SET.name, set_name=node.removeprefix(SET_NODE))
        for row in rows:
            yield Link(node, "recorded in", line_node(row))
        for camera in sorted({row["camera"] for row in rows}):
            yield Link(node, "taken by", CAMERA_NODE + camera)
    elif node.startswith(OPERATION_NODE):
        name = node.removeprefix(OPERATION_NODE)
        for row in _rows(connection, metadata, DECLARED_OPERATION.name, operation=name)[-1:]:
            yield Link(node, "declared in", line_node(row))
    elif (place := line_of(node)) is not None:
        for kind, fields in _FILES.items():
            line = line_at(connection, metadata, kind, place)
            if line is not None:
                for field, relation in fields:
                    if line[field] is not None:
                        yield Link(node, relation, FILE_NODE + line[field])
                if kind == IMAGE.name:
                    yield Link(node, "came in", SET_NODE + line["set_name"])
                return


def dependents(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield what rests on a camera, a set, a file, or a line; `explain` turned around."""
    if node.startswith(CAMERA_NODE):
        table, name = metadata.tables[IMAGE_SET.name], node.removeprefix(CAMERA_NODE)
        query = select(table.c.set_name).distinct().where(table.c.camera == name)
        for (set_name,) in connection.execute(query.order_by(table.c.set_name).limit(LINK_LIMIT)):
            yield Link(SET_NODE + set_name, "taken by", node)
    elif node.startswith(SET_NODE):
        for row in _rows(connection, metadata, IMAGE.name, set_name=node.removeprefix(SET_NODE)):
            yield Link(line_node(row), "came in", node)
    elif node.startswith(FILE_NODE):
        digest = node.removeprefix(FILE_NODE)
        for kind, fields in _FILES.items():
            for field, relation in fields:
                for row in _rows(connection, metadata, kind, **{field: digest}):
                    yield Link(line_node(row), relation, node)
    elif (place := line_of(node)) is not None:
        yield from _on_line(connection, metadata, node, place)


def _on_line(
    connection: Connection, metadata: MetaData, node: str, place: tuple[int, int]
) -> Iterator[Link]:
    for kind, relation in _OF_CAMERA.items():
        line = line_at(connection, metadata, kind, place)
        if line is not None:
            standing = _standing(connection, metadata, kind, line["camera"])
            if any(line_node(row) == node for row in standing):
                yield Link(CAMERA_NODE + line["camera"], relation, node)
            return
    line = line_at(connection, metadata, IMAGE_SET.name, place)
    if line is not None:
        yield Link(SET_NODE + line["set_name"], "recorded in", node)
        return
    line = line_at(connection, metadata, DECLARED_OPERATION.name, place)
    if line is not None:
        name = line["operation"]
        last = _rows(connection, metadata, DECLARED_OPERATION.name, operation=name)[-1]
        if line_node(last) == node:
            yield Link(OPERATION_NODE + name, "declared in", node)


def _standing(
    connection: Connection, metadata: MetaData, kind: str, camera: str
) -> list[Mapping[str, Any]]:
    """Return the lines of a kind that count for a camera."""
    rows = _rows(connection, metadata, kind, camera=camera)
    if kind == CAMERA.name:
        return rows[-1:]
    if kind == CAMERA_VIEW.name:
        return list({row["version"]: row for row in rows}.values())
    if kind == CAMERA_ZONE.name:
        last = {row["version"]: row["act_id"] for row in rows}
        return [row for row in rows if row["act_id"] == last[row["version"]]]
    return list({row["at"]: row for row in rows}.values())


def _rows(
    connection: Connection, metadata: MetaData, kind: str, **equal: str
) -> list[Mapping[str, Any]]:
    """Return lines in the order of the record; of very many the last ones."""
    table = metadata.tables[kind]
    query = select(table).where(*(table.c[name] == value for name, value in equal.items()))
    query = query.order_by(table.c.act_id.desc(), table.c.line_no.desc()).limit(LINK_LIMIT)
    found: list[Mapping[str, Any]] = [dict(row) for row in connection.execute(query).mappings()]
    return found[::-1]
