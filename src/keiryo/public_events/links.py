"""What a public event rests on in the evidence chain: node ``public-event:NAME``."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, MetaData

from keiryo.journal.dependents import line_of
from keiryo.journal.lines_at import line_at
from keiryo.journal.reading import line_node, rows_of
from keiryo.journal.registry import Link
from keiryo.public_events.day_tables import DAY_KINDS
from keiryo.public_events.tables import PUBLIC_EVENT_PLAN, PUBLIC_EVENT_STEP

EVENT = "public-event:"
_RELATIONS = {
    PUBLIC_EVENT_PLAN.name: "planned in",
    PUBLIC_EVENT_STEP.name: "decided in",
    **{kind.name: "told in" for kind in DAY_KINDS},
}


def explain(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield the versions of the plan of an event, the decisions on them, and what was done."""
    if not node.startswith(EVENT):
        return
    name = node.removeprefix(EVENT)
    for kind, relation in _RELATIONS.items():
        same = metadata.tables[kind].c.event == name
        for row in rows_of(connection, metadata, kind, same):
            yield Link(node, relation, line_node(row))


def dependents(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield the event that rests on a line."""
    if (place := line_of(node)) is None:
        return
    for kind, relation in _RELATIONS.items():
        row = line_at(connection, metadata, kind, place)
        if row is not None:
            yield Link(f"{EVENT}{row['event']}", relation, node)
