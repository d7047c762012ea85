"""What events, upgrades, computer systems and statements rest on, and what rests on them.

Nodes: ``secevent:NAME``, ``secupgrade:NAME``, ``secsystem:NAME``, ``secconnection:NAME``,
``secstatement:NAME`` and ``secreview:NAME``. Each rests on its lines. An upgrade also rests on the
commitment and instrument under which it was agreed (``cooperation:c004``), and the commitment is
carried out by it. ``facility:XA/XFA-`` stands under the statements in force today and under the
reviews of access that are about today; ``facility:XA/XFA-@2027-05-31`` under those of a day.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.dates import DateError, parse_date
from keiryo.journal.dependents import LINK_LIMIT, line_of
from keiryo.journal.lines_at import line_at
from keiryo.journal.reading import line_node
from keiryo.journal.registry import Link
from keiryo.security_regime import computer_record, event_record, statement_record, upgrade_record
from keiryo.security_regime.statement_record import access_reviews, statements_in_force
from keiryo.security_regime.tables_events import (
    ACCESS_REVIEW,
    PROTECTION_STATEMENT,
    SECURITY_EVENT,
    SECURITY_EVENT_NOTICE,
    SECURITY_EVENT_STEP,
    SECURITY_SYSTEM,
    SECURITY_SYSTEM_MEASURE,
    SECURITY_UPGRADE,
    SECURITY_UPGRADE_STEP,
    SECURITY_ZONE_CONNECTION,
)

EVENT, UPGRADE, SYSTEM = event_record.NODE, upgrade_record.NODE, computer_record.NODE
STATEMENT, REVIEW = statement_record.NODE, statement_record.REVIEW_NODE
FACILITY, COOPERATION = "facility:", "cooperation:"
_UNDER = {"commitment": "agreed as", "instrument": "stands under"}


@dataclass(frozen=True, slots=True)
class Part:
    """How a node rests on lines of a kind.

    Attributes
    ----------
    kind : str
    column : str
        Where its name stands in them.
    relation : str
    key : tuple of str or None
        The last line counts for each value of these fields; None: every line counts.
    """

    kind: str
    column: str
    relation: str
    key: tuple[str, ...] | None = ()


_PARTS: dict[str, tuple[Part, ...]] = {
    EVENT: (
        Part(SECURITY_EVENT.name, "event", "recorded in"),
        Part(SECURITY_EVENT_NOTICE.name, "event", "notified in", ("notice",)),
        Part(SECURITY_EVENT_STEP.name, "event", "took the step", None),
    ),
    UPGRADE: (
        Part(SECURITY_UPGRADE.name, "upgrade", "recorded in"),
        Part(SECURITY_UPGRADE_STEP.name, "upgrade", "took the step", None),
    ),
    SYSTEM: (
        Part(SECURITY_SYSTEM.name, "system", "recorded in"),
        Part(SECURITY_SYSTEM_MEASURE.name, "system", "protected by", ("measure",)),
    ),
    computer_record.CONNECTION_NODE: (
        Part(SECURITY_ZONE_CONNECTION.name, "connection", "recorded in"),
    ),
    STATEMENT: (Part(PROTECTION_STATEMENT.name, "statement", "recorded in"),),
    REVIEW: (Part(ACCESS_REVIEW.name, "review", "recorded in"),),
}


def explain(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield what a facility, an event, an upgrade, a system, a statement or a line rests on."""
    prefix, name = _split(node)
    if prefix == FACILITY:
        yield from _facility(connection, metadata, node)
    elif prefix == COOPERATION:
        for row in _rows(connection, metadata, SECURITY_UPGRADE.name, {"commitment": name}):
            if _counts(connection, metadata, _PARTS[UPGRADE][0], row):
                yield Link(node, "carried out by", f"{UPGRADE}{row['upgrade']}")
    elif (place := line_of(node)) is not None:
        measure = line_at(connection, metadata, SECURITY_SYSTEM_MEASURE.name, place)
        if measure is not None:
            yield from (Link(node, "shown by", one) for one in _evidence_nodes(measure))
    for part in _PARTS.get(prefix, ()):
        for row in _rows(connection, metadata, part.kind, {part.column: name}):
            if _counts(connection, metadata, part, row):
                yield Link(node, part.relation, line_node(row))
                yield from _beyond(node, part, row)


def dependents(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield what rests on a line, a commitment, a system, a statement, or evidence."""
    prefix, name = _split(node)
    if (place := line_of(node)) is not None:
        for above, parts in _PARTS.items():
            for part in parts:
                row = line_at(connection, metadata, part.kind, place)
                if row is not None and _counts(connection, metadata, part, row):
                    yield Link(f"{above}{row[part.column]}", part.relation, node)
    elif prefix in ("act:", "evidence:"):
        yield from _shown_by(connection, metadata, node)
    elif prefix == COOPERATION:
        yield from _pointing(connection, metadata, node, name, UPGRADE, tuple(_UNDER))
    elif prefix == SYSTEM:
        yield from _pointing(connection, metadata, node, name, EVENT, ("system",))
    elif prefix == UPGRADE:
        last = _last(connection, metadata, _PARTS[UPGRADE][0], name)
        if last is not None and last["commitment"]:
            yield Link(f"{COOPERATION}{last['commitment']}", "carried out by", node)
    elif prefix in (STATEMENT, REVIEW):
        last = _last(connection, metadata, _PARTS[prefix][0], name)
        if last is not None:
            facility = f"{FACILITY}{last['scope']}"
            links = _facility(connection, metadata, facility)
            yield from (link for link in links if link.target == node)


def _split(node: str) -> tuple[str, str]:
    prefix, colon, name = node.partition(":")
    return prefix + colon, name


def _facility(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    scope, at, text = node.removeprefix(FACILITY).partition("@")
    try:
        day = parse_date(text) if at else datetime.date.today()
    except DateError:
        return
    for one in statements_in_force(connection, metadata, scope, day):
        yield Link(node, "stated in", STATEMENT + one.name)
    for review in access_reviews(connection, metadata, scope, day):
        yield Link(node, "access reviewed in", REVIEW + review.name)


def _beyond(node: str, part: Part, row: Mapping[str, Any]) -> Iterator[Link]:
    """Yield what a node rests on beside its line."""
    if part.kind == SECURITY_EVENT.name and row["system"]:
        yield Link(node, "affected", f"{SYSTEM}{row['system']}")
    if part.kind == SECURITY_UPGRADE.name:
        for column, relation in _UNDER.items():
            if row[column]:
                yield Link(node, relation, f"{COOPERATION}{row[column]}")


def _pointing(
    connection: Connection,
    metadata: MetaData,
    node: str,
    name: str,
    above: str,
    columns: tuple[str, ...],
) -> Iterator[Link]:
    part = _PARTS[above][0]
    for column in columns:
        for row in _rows(connection, metadata, part.kind, {column: name}):
            if _counts(connection, metadata, part, row):
                source = f"{above}{row[part.column]}"
                yield from (link for link in _beyond(source, part, row) if link.target == node)


def _evidence_nodes(row: Mapping[str, Any]) -> Iterator[str]:
    for one in str(row["evidence"] or "").split():
        if one.startswith("act:"):
            yield one
        elif len(one) == 64 and all(sign in "0123456789abcdef" for sign in one):
            yield f"evidence:{one}"


def _shown_by(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    name = node.removeprefix("evidence:")
    table = metadata.tables[SECURITY_SYSTEM_MEASURE.name]
    query = select(table).where(table.c.evidence.contains(name, autoescape=True))
    query = query.order_by(table.c.act_id, table.c.line_no).limit(LINK_LIMIT)
    for row in connection.execute(query).mappings():
        if name in str(row["evidence"]).split():
            yield Link(line_node(dict(row)), "shown by", node)


def _counts(connection: Connection, metadata: MetaData, part: Part, row: Mapping[str, Any]) -> bool:
    """Return whether a line counts: steps always, of what is recorded anew the last one."""
    if part.key is None:
        return True
    more = {name: row[name] for name in part.key}
    last = _last(connection, metadata, part, row[part.column], more)
    return last is not None and line_node(last) == line_node(row)


def _last(
    connection: Connection,
    metadata: MetaData,
    part: Part,
    name: Any,
    more: Mapping[str, Any] | None = None,
) -> dict[str, Any] | None:
    table = metadata.tables[part.kind]
    named = {part.column: name, **(more or {})}
    query = select(table).where(*(table.c[key] == value for key, value in named.items()))
    query = query.order_by(table.c.act_id.desc(), table.c.line_no.desc()).limit(1)
    row = connection.execute(query).mappings().first()
    return None if row is None else dict(row)


def _rows(
    connection: Connection, metadata: MetaData, kind: str, named: Mapping[str, Any]
) -> list[dict[str, Any]]:
    table = metadata.tables[kind]
    query = select(table).where(*(table.c[key] == value for key, value in named.items()))
    query = query.order_by(table.c.act_id, table.c.line_no).limit(LINK_LIMIT)
    return [dict(row) for row in connection.execute(query).mappings()]
