"""What an alarm case rests on, and what rests on its evidence.

Node: ``alarm:NAME``. A case rests on its lines; a line rests on the files and acts that it names
as evidence, and an explanation on the declared transfer that it names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.alarm_cases.case_record import KINDS, NODE
from keiryo.alarm_cases.passages import PASSAGE, passage_key
from keiryo.alarm_cases.record_forms import digest_of, evidence_parts
from keiryo.alarm_cases.tables import (
    ALARM_CASE,
    ALARM_EXPLANATION,
    ALARM_IDENTIFICATION,
    ALARM_NUCLIDE,
    ALARM_PACKAGE,
    ALARM_REPORT,
    ALARM_STEP,
)
from keiryo.journal.dependents import LINK_LIMIT, line_of
from keiryo.journal.lines_at import line_at
from keiryo.journal.reading import line_node
from keiryo.journal.registry import Link

_RELATIONS = {
    ALARM_CASE.name: "recorded in",
    ALARM_STEP.name: "took the step",
    ALARM_IDENTIFICATION.name: "identified by",
    ALARM_NUCLIDE.name: "names the nuclide",
    ALARM_EXPLANATION.name: "explained by",
    ALARM_PACKAGE.name: "asked an expert by",
    ALARM_REPORT.name: "reported by",
}
_WITH_EVIDENCE = (ALARM_CASE.name, ALARM_STEP.name, ALARM_EXPLANATION.name)
_WITH_DIGEST = (ALARM_IDENTIFICATION.name, ALARM_PACKAGE.name, ALARM_REPORT.name)


def explain(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield what a case, or a line about one, rests on."""
    if node.startswith(NODE):
        name = node.removeprefix(NODE)
        for kind in KINDS:
            table = metadata.tables[kind]
            query = select(table).where(table.c.alarm == name)
            query = query.order_by(table.c.act_id, table.c.line_no).limit(LINK_LIMIT)
            for each in connection.execute(query).mappings():
                yield Link(node, _RELATIONS[kind], line_node(dict(each)))
    elif (place := line_of(node)) is not None:
        for kind in KINDS:
            row = line_at(connection, metadata, kind, place)
            if row is not None:
                yield from (Link(node, "shown by", one) for one in _nodes(kind, row))


def _nodes(kind: str, row: Mapping[str, Any]) -> Iterator[str]:
    parts = list(evidence_parts(row.get("evidence")))
    if kind in _WITH_DIGEST:
        parts.append(str(row["digest"]))
    for part in parts:
        bare = part.rpartition("#")[2]
        if part.startswith("act:"):
            yield part
        if part.startswith(PASSAGE):
            yield PASSAGE + "@".join(passage_key(part.removeprefix(PASSAGE)))
        if digest_of(bare):
            yield f"evidence:{bare}"
    if kind == ALARM_EXPLANATION.name and str(row["reference"]).startswith("line:"):
        yield str(row["reference"])


def dependents(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield what rests on a line about a case, or on a piece of evidence."""
    place = line_of(node)
    if place is not None:
        for kind in KINDS:
            row = line_at(connection, metadata, kind, place)
            if row is not None:
                yield Link(NODE + str(row["alarm"]), _RELATIONS[kind], node)
        table = metadata.tables[ALARM_EXPLANATION.name]
        query = select(table).where(table.c.reference == node).limit(LINK_LIMIT)
        for one in connection.execute(query).mappings():
            yield Link(line_node(dict(one)), "shown by", node)
    elif node.startswith(("act:", "evidence:", PASSAGE)):
        yield from _shown_by(connection, metadata, node)


def _shown_by(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    name = node.removeprefix("evidence:")
    if node.startswith(PASSAGE):  # its start may be written with another offset
        name = f"{node.partition('@')[0]}@"
    for kind in (*_WITH_EVIDENCE, *_WITH_DIGEST):
        table = metadata.tables[kind]
        column = table.c.digest if kind in _WITH_DIGEST else table.c.evidence
        query = select(table).where(column.contains(name, autoescape=True))
        query = query.order_by(table.c.act_id, table.c.line_no)
        rows = (dict(row) for row in connection.execute(query).mappings())
        for row in islice((one for one in rows if node in set(_nodes(kind, one))), LINK_LIMIT):
            yield Link(line_node(row), "shown by", node)
