"""What an object of the register rests on, and what rests on it: down to the sentence.

Nodes: ``cooperation:NAME``, with the name in the register (``cooperation:c004``). An object rests
on its line, on the words that are quoted for it, and on the instrument, body or programme under
which it stands; quoted words rest on their document; a step rests on its commitment's words, on
the claim that it answers and on its evidence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, MetaData, func, select

from keiryo.cooperation.tables import (
    ABOUT,
    COMMITMENT_CARE,
    COMMITMENT_CLAIM,
    COMMITMENT_STEP,
    COOPERATION_SOURCE,
    NAMED_BY,
    QUOTATION,
)
from keiryo.journal.dependents import LINK_LIMIT, line_of
from keiryo.journal.lines_at import line_at
from keiryo.journal.registry import Link

PREFIX = "cooperation:"
_ABOVE = ("under", "event", "instrument", "succeeds", "follows", "parent")
"""Fields that name the object under which another one stands."""
_WORK = (COMMITMENT_STEP.name, COMMITMENT_CLAIM.name, COMMITMENT_CARE.name)


def explain(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield what an object of the register, or a line about one, rests on."""
    if node.startswith(PREFIX):
        yield from _object(connection, metadata, node, node.removeprefix(PREFIX))
        return
    place = line_of(node)
    if place is None:
        return
    for kind in (QUOTATION.name, *_WORK):
        row = line_at(connection, metadata, kind, place)
        if row is not None:
            yield from _rests_on(connection, metadata, node, kind, row)
            return


def dependents(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield what rests on an object of the register, or on a line of it."""
    if node.startswith(PREFIX):
        name = node.removeprefix(PREFIX)
        for kind, column in NAMED_BY.items():
            table = metadata.tables[kind]
            for field in (one for one in _ABOVE if one in table.c and one != column):
                for other in _last_names(connection, metadata, kind, column, field, name):
                    yield Link(PREFIX + other, "stands under", node)
        for kind in _WORK:
            for row in _about(connection, metadata, kind, "commitment", name):
                yield Link(_node(row), "is about", node)
        return
    place = line_of(node)
    if place is None:
        return
    for kind, column in {**NAMED_BY, **ABOUT}.items():
        found = line_at(connection, metadata, kind, place)
        if found is None:
            continue
        name = str(found[column])
        last = _last(connection, metadata, name)
        if last is not None and last[1]["act_id"] == found["act_id"]:
            yield _part(PREFIX + name, kind, node)
        if kind == COOPERATION_SOURCE.name:
            for quoted in _about(connection, metadata, QUOTATION.name, "source", name):
                yield Link(_node(quoted), "quoted from", node)
        return
    claim = line_at(connection, metadata, COMMITMENT_CLAIM.name, place)
    if claim is not None:
        for row in _about(connection, metadata, COMMITMENT_STEP.name, "claim_act", place[0]):
            if row["commitment"] == claim["commitment"]:
                yield Link(_node(row), "answers the claim", node)


def _part(node: str, kind: str, line: str) -> Link:
    if kind == QUOTATION.name:
        return Link(node, "rests on the words", line)
    return Link(node, "recorded in", line)


def _object(connection: Connection, metadata: MetaData, node: str, name: str) -> Iterator[Link]:
    last = _last(connection, metadata, name)
    if last is None:
        return
    own, row = last
    yield Link(node, "recorded in", _node(row))
    for kind, column in ABOUT.items():
        for part in _about(connection, metadata, kind, column, name):
            if part["act_id"] == row["act_id"]:
                yield _part(node, kind, _node(part))
    above = [str(row[f]) for f in _ABOVE if f != NAMED_BY[own] and row.get(f)]
    for other in dict.fromkeys(above):
        yield Link(node, "stands under", PREFIX + other)


def _rests_on(
    connection: Connection, metadata: MetaData, node: str, kind: str, row: Mapping[str, Any]
) -> Iterator[Link]:
    if kind == QUOTATION.name:
        last = _last(connection, metadata, str(row["source"]))
        if last is not None:
            yield Link(node, "quoted from", _node(last[1]))
        return
    yield Link(node, "is about", PREFIX + str(row["commitment"]))
    for one in str(row.get("evidence") or "").split():
        yield Link(node, "shown by", one if one.startswith("act:") else f"evidence:{one}")
    if row.get("claim_act") is not None:
        claims = _about(connection, metadata, COMMITMENT_CLAIM.name, "act_id", row["claim_act"])
        for claim in claims:
            if claim["commitment"] == row["commitment"]:
                yield Link(node, "answers the claim", _node(claim))


def _last(
    connection: Connection, metadata: MetaData, name: str
) -> tuple[str, Mapping[str, Any]] | None:
    """Return the last line of an object, with its kind."""
    found: tuple[str, Mapping[str, Any]] | None = None
    for kind, column in NAMED_BY.items():
        table = metadata.tables[kind]
        query = select(table).where(table.c[column] == name)
        query = query.order_by(table.c.act_id.desc(), table.c.line_no.desc()).limit(1)
        row = connection.execute(query).mappings().first()
        if row is not None and (found is None or row["act_id"] > found[1]["act_id"]):
            found = (kind, dict(row))
    return found


def _last_names(
    connection: Connection, metadata: MetaData, kind: str, column: str, field: str, name: str
) -> list[str]:
    """Return the objects of a kind whose last line names another object in a field."""
    table = metadata.tables[kind]
    last = select(table.c[column].label("name"), func.max(table.c.act_id).label("act_id"))
    newest = last.group_by(table.c[column]).subquery()
    query = (
        select(table.c[column])
        .join(newest, (newest.c.name == table.c[column]) & (newest.c.act_id == table.c.act_id))
        .where(table.c[field] == name)
        .order_by(table.c.act_id, table.c.line_no)
        .limit(LINK_LIMIT)
    )
    return [str(one) for one in connection.execute(query).scalars()]


def _about(
    connection: Connection, metadata: MetaData, kind: str, column: str, value: Any
) -> list[Mapping[str, Any]]:
    table = metadata.tables[kind]
    query = select(table).where(table.c[column] == value)
    query = query.order_by(table.c.act_id, table.c.line_no).limit(LINK_LIMIT)
    return [dict(row) for row in connection.execute(query).mappings()]


def _node(row: Mapping[str, Any]) -> str:
    return f"line:{row['act_id']}/{row['line_no']}"
