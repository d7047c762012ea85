"""What a public event rests on in the evidence chain: node ``public-event:NAME``."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, MetaData

from keiryo.alarm_cases.case_record import NODE
from keiryo.journal.dependents import line_of
from keiryo.journal.lines_at import line_at
from keiryo.journal.reading import line_node, rows_of
from keiryo.journal.registry import Link
from keiryo.public_events.day_tables import DAY_KINDS, PUBLIC_EVENT_ALARM
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
    for case in _cases(connection, metadata, name):
        yield Link(node, "assessed in", f"{NODE}{case}")


def _cases(connection: Connection, metadata: MetaData, event: str) -> list[str]:
    """Return the alarm cases that the log of an event names, as it stands."""
    rows = rows_of(
        *(connection, metadata, PUBLIC_EVENT_ALARM.name),
        metadata.tables[PUBLIC_EVENT_ALARM.name].c.event == event,
    )
    last = {row["alarm"]: row["alarm_case"] for row in rows}
    return sorted({str(one) for one in last.values() if one})


def dependents(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield the event that rests on a line or on an alarm case."""
    if node.startswith(NODE):
        table, name = metadata.tables[PUBLIC_EVENT_ALARM.name], node.removeprefix(NODE)
        rows = rows_of(connection, metadata, PUBLIC_EVENT_ALARM.name, table.c.alarm_case == name)
        for event in sorted({str(row["event"]) for row in rows}):
            if name in _cases(connection, metadata, event):
                yield Link(f"{EVENT}{event}", "assessed in", node)
        return
    if (place := line_of(node)) is None:
        return
    for kind, relation in _RELATIONS.items():
        row = line_at(connection, metadata, kind, place)
        if row is not None:
            yield Link(f"{EVENT}{row['event']}", relation, node)
