"""What an anomaly rests on, what verified an item again, what was compromised; and back.

Nodes: ``anomaly:MBA/NAME``. An anomaly rests on its line, on the device that raised it with what
that rested on, and on the lines that resolved it; those on the acts, measurements and files that
show the verification. A batch rests on its re-verifications, a containment and a device on the
reports of their compromise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.containment.register import PREFIX as CONTAINMENT
from keiryo.coverage.anomalies import PREFIX
from keiryo.coverage.evidence import evidence_node
from keiryo.coverage.tables import (
    COVERAGE_ANOMALY,
    COVERAGE_COMPROMISE,
    COVERAGE_RESOLUTION,
    COVERAGE_REVERIFICATION,
)
from keiryo.journal.dependents import LINK_LIMIT, line_of
from keiryo.journal.lines_at import line_at
from keiryo.journal.reading import line_node
from keiryo.journal.registry import Link

BATCH, DEVICES, EVIDENCE = "batch:", ("seal:", "camera:"), ("evidence:", "act:", "line:")
_RECORDED, _RAISED, _RESTS, _RESOLVED = "recorded in", "raised by", "rests on", "resolved in"
_WHERE, _SHOWN, _AGAIN = "happened at", "shown by", "verified again in"
_COMPROMISED = "compromised as reported in"
_SHOWING = (COVERAGE_RESOLUTION.name, COVERAGE_REVERIFICATION.name)
"""Lines that name evidence."""


def explain(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield what an anomaly, a batch, a containment, a device or a line of coverage rests on."""
    if node.startswith(PREFIX):
        yield from _anomaly(connection, metadata, node)
    elif node.startswith(BATCH):
        uid = node.removeprefix(BATCH)
        for row in _rows(connection, metadata, COVERAGE_REVERIFICATION.name, batch_uid=uid):
            yield Link(node, _AGAIN, line_node(row))
    elif node.startswith(CONTAINMENT):
        mba, _slash, name = node.removeprefix(CONTAINMENT).partition("/")
        for row in _rows(connection, metadata, COVERAGE_COMPROMISE.name, mba=mba, containment=name):
            yield Link(node, _COMPROMISED, line_node(row))
    elif node.startswith(DEVICES):
        for row in _rows(connection, metadata, COVERAGE_COMPROMISE.name, device=node):
            yield Link(node, _COMPROMISED, line_node(row))
    elif (place := line_of(node)) is not None:
        for kind in _SHOWING:
            shown = line_at(connection, metadata, kind, place)
            for name in str(shown["evidence"] or "").split() if shown else ():
                yield Link(node, _SHOWN, evidence_node(name))


def dependents(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield what rests on a device, a containment, a line of coverage, or a piece of evidence."""
    if node.startswith(DEVICES):
        for row in _rows(connection, metadata, COVERAGE_ANOMALY.name, device=node):
            yield Link(_name(row), _RAISED, node)
    if node.startswith(CONTAINMENT):
        mba, _slash, name = node.removeprefix(CONTAINMENT).partition("/")
        for row in _rows(connection, metadata, COVERAGE_ANOMALY.name, mba=mba, containment=name):
            yield Link(_name(row), _WHERE, node)
    table = metadata.tables[COVERAGE_ANOMALY.name]
    query = select(table).where(table.c.nodes.contains(node, autoescape=True))
    for found in connection.execute(query.limit(LINK_LIMIT)).mappings():
        if node in str(found["nodes"]).split() and node != found["device"]:
            yield Link(_name(dict(found)), _RESTS, node)
    if node.startswith(EVIDENCE):
        yield from _on_evidence(connection, metadata, node)
    if (place := line_of(node)) is not None:
        yield from _on_line(connection, metadata, node, place)


def _anomaly(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    mba, _slash, name = node.removeprefix(PREFIX).partition("/")
    for row in _rows(connection, metadata, COVERAGE_ANOMALY.name, mba=mba, anomaly=name):
        yield Link(node, _RECORDED, line_node(row))
        yield Link(node, _RAISED, str(row["device"]))
        for one in dict.fromkeys(str(row["nodes"] or "").split()):
            if one != row["device"]:
                yield Link(node, _RESTS, one)
        if row["containment"]:
            yield Link(node, _WHERE, f"{CONTAINMENT}{mba}/{row['containment']}")
    for row in _rows(connection, metadata, COVERAGE_RESOLUTION.name, mba=mba, anomaly=name):
        yield Link(node, _RESOLVED, line_node(row))


def _on_evidence(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    name = node.removeprefix("evidence:")
    for kind in _SHOWING:
        table = metadata.tables[kind]
        query = select(table).where(table.c.evidence.contains(name, autoescape=True))
        query = query.order_by(table.c.act_id, table.c.line_no).limit(LINK_LIMIT)
        for row in connection.execute(query).mappings():
            if name in str(row["evidence"]).split():
                yield Link(line_node(dict(row)), _SHOWN, node)


def _on_line(
    connection: Connection, metadata: MetaData, node: str, place: tuple[int, int]
) -> Iterator[Link]:
    if row := line_at(connection, metadata, COVERAGE_ANOMALY.name, place):
        yield Link(_name(row), _RECORDED, node)
    elif row := line_at(connection, metadata, COVERAGE_RESOLUTION.name, place):
        yield Link(_name(row), _RESOLVED, node)
    elif row := line_at(connection, metadata, COVERAGE_REVERIFICATION.name, place):
        yield Link(BATCH + row["batch_uid"], _AGAIN, node)
    elif row := line_at(connection, metadata, COVERAGE_COMPROMISE.name, place):
        if row["containment"]:
            yield Link(f"{CONTAINMENT}{row['mba']}/{row['containment']}", _COMPROMISED, node)
        if str(row["device"] or "").startswith(DEVICES):
            yield Link(str(row["device"]), _COMPROMISED, node)


def _name(row: Mapping[str, Any]) -> str:
    return f"{PREFIX}{row['mba']}/{row['anomaly']}"


def _rows(
    connection: Connection, metadata: MetaData, kind: str, **equal: str
) -> list[Mapping[str, Any]]:
    table = metadata.tables[kind]
    query = select(table).where(*(table.c[name] == value for name, value in equal.items()))
    query = query.order_by(table.c.act_id, table.c.line_no).limit(LINK_LIMIT)
    return [dict(row) for row in connection.execute(query).mappings()]
