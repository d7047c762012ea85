"""What a review, its conclusions and a screening rest on: down to the images of the record.

Nodes: ``review:NAME`` and ``screening:NAME``; ``camera:NAME`` rests on the reviews that concluded
about it. A review rests on the line that opened it last, on its screenings, marks and
conclusions. A mark rests on the event, and on the declared operation that explains it; a
conclusion on the images that it names. A screening rests on its line, on its result, and on the
sets in which its images came.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.journal.dependents import LINK_LIMIT, line_of
from keiryo.journal.lines_at import line_at
from keiryo.journal.reading import line_node
from keiryo.journal.registry import Link
from keiryo.surveillance.review_record import split
from keiryo.surveillance.tables import (
    CONCLUSION,
    IMAGE,
    MARK,
    REVIEW,
    SCREENED_EVENT,
    SCREENING,
)

CAMERA, REVIEWED, SCREENED = "camera:", "review:", "screening:"
SET, OPERATION, FILE = "set:", "operation:", "evidence:"


def explain(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield what a camera, a review, a screening, or a line of one rests on."""
    if node.startswith(CAMERA):
        for name in _concluded(connection, metadata, node.removeprefix(CAMERA)):
            yield Link(node, "concluded in", REVIEWED + name)
    elif node.startswith(REVIEWED):
        yield from _review(connection, metadata, node, node.removeprefix(REVIEWED))
    elif node.startswith(SCREENED):
        yield from _screening(connection, metadata, node, node.removeprefix(SCREENED))
    elif (place := line_of(node)) is not None:
        yield from _line_links(connection, metadata, node, place)


def dependents(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield what rests on a review, a screening, a set, an operation, a file, or a line."""
    if node.startswith(REVIEWED):
        rows = _rows(connection, metadata, CONCLUSION.name, review=node.removeprefix(REVIEWED))
        for camera in sorted({row["camera"] for row in rows}):
            yield Link(CAMERA + camera, "concluded in", node)
    elif node.startswith(SCREENED):
        yield from _on_screening(connection, metadata, node, node.removeprefix(SCREENED))
    elif node.startswith(SET):
        yield from _on_set(connection, metadata, node, node.removeprefix(SET))
    elif node.startswith(OPERATION):
        name = node.removeprefix(OPERATION)
        for row in _rows(connection, metadata, MARK.name, operation=name):
            yield Link(line_node(row), "explained by", node)
    elif node.startswith(FILE):
        yield from _on_file(connection, metadata, node, node.removeprefix(FILE))
    elif (place := line_of(node)) is not None:
        yield from _on_line(connection, metadata, node, place)


def _review(connection: Connection, metadata: MetaData, node: str, name: str) -> Iterator[Link]:
    row = _last(connection, metadata, name)
    if row is None:
        return
    yield Link(node, "opened in", line_node(row))
    for screening in split(row["screenings"]):
        yield Link(node, "reviews", SCREENED + screening)
    for one in _rows(connection, metadata, MARK.name, review=name):
        yield Link(node, "marked in", line_node(one))
    for one in _rows(connection, metadata, CONCLUSION.name, review=name):
        yield Link(node, "concluded in", line_node(one))


def _screening(connection: Connection, metadata: MetaData, node: str, name: str) -> Iterator[Link]:
    for row in _rows(connection, metadata, SCREENING.name, screening=name):
        yield Link(node, "recorded in", line_node(row))
        yield Link(node, "its result is", FILE + row["result"])
        for one in _sets(connection, metadata, row):
            yield Link(node, "screened images of", SET + one)


def _line_links(
    connection: Connection, metadata: MetaData, node: str, place: tuple[int, int]
) -> Iterator[Link]:
    row = line_at(connection, metadata, MARK.name, place)
    if row is not None:
        event = _event(connection, metadata, row)
        if event is not None:
            yield Link(node, "marks", line_node(event))
        if row["operation"]:
            yield Link(node, "explained by", OPERATION + row["operation"])
        return
    row = line_at(connection, metadata, CONCLUSION.name, place)
    if row is not None:
        for digest in (row["evidence"] or "").split():
            yield Link(node, "shown by", FILE + digest)
        return
    row = line_at(connection, metadata, SCREENED_EVENT.name, place)
    if row is not None:
        yield Link(node, "found in", SCREENED + row["screening"])


def _on_screening(
    connection: Connection, metadata: MetaData, node: str, name: str
) -> Iterator[Link]:
    table = metadata.tables[REVIEW.name]
    query = select(table.c.review).where(table.c.screenings.contains(name, autoescape=True))
    for (review,) in connection.execute(query.distinct().order_by(table.c.review)):
        row = _last(connection, metadata, review)
        if row is not None and name in split(row["screenings"]):
            yield Link(REVIEWED + review, "reviews", node)
    for one in _rows(connection, metadata, SCREENED_EVENT.name, screening=name):
        yield Link(line_node(one), "found in", node)


def _on_set(connection: Connection, metadata: MetaData, node: str, name: str) -> Iterator[Link]:
    image, screening = metadata.tables[IMAGE.name], metadata.tables[SCREENING.name]
    query = (
        select(screening.c.screening)
        .join(
            image,
            (image.c.camera == screening.c.camera)
            & (image.c.at >= screening.c.begin_at)
            & (image.c.at < screening.c.end_at)
            & (image.c.act_id <= screening.c.through_act),
        )
        .where(image.c.set_name == name)
    )
    for (one,) in connection.execute(query.distinct().order_by(screening.c.screening)):
        yield Link(SCREENED + one, "screened images of", node)


def _on_file(connection: Connection, metadata: MetaData, node: str, digest: str) -> Iterator[Link]:
    for row in _rows(connection, metadata, SCREENING.name, result=digest):
        yield Link(SCREENED + row["screening"], "its result is", node)
    table = metadata.tables[CONCLUSION.name]
    query = select(table).where(table.c.evidence.contains(digest, autoescape=True))
    query = query.order_by(table.c.act_id, table.c.line_no).limit(LINK_LIMIT)
    for one in connection.execute(query).mappings():
        if digest in (one["evidence"] or "").split():
            yield Link(line_node(dict(one)), "shown by", node)


def _on_line(
    connection: Connection, metadata: MetaData, node: str, place: tuple[int, int]
) -> Iterator[Link]:
    row = line_at(connection, metadata, SCREENING.name, place)
    if row is not None:
        yield Link(SCREENED + row["screening"], "recorded in", node)
    row = line_at(connection, metadata, REVIEW.name, place)
    if row is not None:
        last = _last(connection, metadata, row["review"])
        if last is not None and line_node(last) == node:
            yield Link(REVIEWED + row["review"], "opened in", node)
    row = line_at(connection, metadata, MARK.name, place)
    if row is not None:
        yield Link(REVIEWED + row["review"], "marked in", node)
    row = line_at(connection, metadata, CONCLUSION.name, place)
    if row is not None:
        yield Link(REVIEWED + row["review"], "concluded in", node)
    row = line_at(connection, metadata, SCREENED_EVENT.name, place)
    if row is not None:
        key = {"screening": row["screening"], "event": row["event"]}
        for one in _rows(connection, metadata, MARK.name, **key):
            yield Link(line_node(one), "marks", node)


def _concluded(connection: Connection, metadata: MetaData, camera: str) -> list[str]:
    """Return the reviews that concluded about a camera."""
    table = metadata.tables[CONCLUSION.name]
    query = select(table.c.review).where(table.c.camera == camera).distinct()
    return sorted(str(row[0]) for row in connection.execute(query))


def _sets(connection: Connection, metadata: MetaData, row: Mapping[str, Any]) -> list[str]:
    """Return the sets in which the images of a screening came."""
    table = metadata.tables[IMAGE.name]
    query = select(table.c.set_name).where(
        table.c.camera == row["camera"],
        table.c.at >= row["begin_at"],
        table.c.at < row["end_at"],
        table.c.act_id <= row["through_act"],
    )
    return sorted(str(one[0]) for one in connection.execute(query.distinct()))


def _event(
    connection: Connection, metadata: MetaData, row: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    key = {"screening": row["screening"], "event": row["event"]}
    return next(iter(_rows(connection, metadata, SCREENED_EVENT.name, **key)), None)


def _last(connection: Connection, metadata: MetaData, review: str) -> Mapping[str, Any] | None:
    table = metadata.tables[REVIEW.name]
    query = select(table).where(table.c.review == review)
    query = query.order_by(table.c.act_id.desc(), table.c.line_no.desc()).limit(1)
    row = connection.execute(query).mappings().first()
    return None if row is None else dict(row)


def _rows(
    connection: Connection, metadata: MetaData, kind: str, **equal: Any
) -> list[Mapping[str, Any]]:
    table = metadata.tables[kind]
    query = select(table).where(*(table.c[name] == value for name, value in equal.items()))
    query = query.order_by(table.c.act_id, table.c.line_no).limit(LINK_LIMIT)
    return [dict(row) for row in connection.execute(query).mappings()]
