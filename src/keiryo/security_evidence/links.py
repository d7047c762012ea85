"""What an asset of physical protection rests on in the evidence chain.

Node: ``secasset:XA/XFA-/E-1``, an asset or element of a facility; it rests on its tests, on the
work on it and on the measures that stood in for it. A facility on a day leads to the assets that
were out of service on it.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, MetaData, or_

from keiryo.dates import DateError, parse_date
from keiryo.journal.dependents import LINK_LIMIT, line_of
from keiryo.journal.lines_at import line_at
from keiryo.journal.reading import line_node, rows_of
from keiryo.journal.registry import Link
from keiryo.security_evidence.kinds import KINDS, MEASURE, TEST, WORK
from keiryo.security_evidence.register import in_outage, read_register

ASSET, FACILITY = "secasset:", "facility:"
_RELATIONS = {
    TEST.name: "tested in",
    WORK.name: "worked on in",
    MEASURE.name: "stood in for by",
}


def asset_node(scope: str, name: str) -> str:
    """Return the node of an asset."""
    return f"{ASSET}{scope}/{name}"


def explain(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield what an asset or a facility rests on."""
    if node.startswith(ASSET):
        scope, _, name = node.removeprefix(ASSET).rpartition("/")
        for kind, relation in _RELATIONS.items():
            for row in _about(connection, metadata, kind, scope, name):
                yield Link(node, relation, line_node(row))
    elif node.startswith(FACILITY):
        yield from _out_of_service(connection, metadata, node)


def dependents(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield the assets that rest on a line, and the facility that an asset is out of service in."""
    if (place := line_of(node)) is not None:
        for kind, relation in _RELATIONS.items():
            row = line_at(connection, metadata, kind, place)
            if row is not None:
                for name in _names(kind, row):
                    yield Link(asset_node(str(row["scope"]), name), relation, node)
    elif node.startswith(ASSET):
        scope = node.removeprefix(ASSET).rpartition("/")[0]
        links = _out_of_service(connection, metadata, f"{FACILITY}{scope}")
        yield from (link for link in links if link.target == node)


def _names(kind: str, row: Mapping[str, Any]) -> list[str]:
    found = [row[KINDS[kind].about]]
    if kind == WORK.name:
        found.append(row["element"])
    return [str(one) for one in dict.fromkeys(found) if one]


def _about(
    connection: Connection, metadata: MetaData, kind: str, scope: str, name: str
) -> list[dict[str, Any]]:
    """Return the lines about an asset; of a record that was made anew, the last one."""
    table, spec = metadata.tables[kind], KINDS[kind]
    named = table.c[spec.about] == name
    if kind == WORK.name:
        named = or_(named, table.c.element == name)
    rows = rows_of(connection, metadata, kind, table.c.scope == scope, named)
    last = {row[spec.id]: row for row in rows}
    return list(last.values())[:LINK_LIMIT]


def _out_of_service(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    scope, at, text = node.removeprefix(FACILITY).partition("@")
    try:
        day = parse_date(text) if at else datetime.date.today()
    except DateError:
        return
    register = read_register(connection, metadata, (WORK.name,), scope=scope)
    names = {
        str(work["element"] or work["asset"])
        for work in register.of(WORK.name)
        if in_outage(work, day)
    }
    for name in sorted(names)[:LINK_LIMIT]:
        yield Link(node, "had out of service", asset_node(scope, name))
