"""What the protection of a batch rests on, and what rests on a line or its evidence.

A batch is *protected as stated in* the line that counts; the line is *shown by* an act or a file,
where its reference names one that keiryo keeps.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.journal.dependents import LINK_LIMIT, line_of
from keiryo.journal.lines_at import line_at
from keiryo.journal.reading import line_node
from keiryo.journal.registry import Link
from keiryo.material_category.tables import PROTECTION_ATTRIBUTE

BATCH, ACT, EVIDENCE = "batch:", "act:", "evidence:"
_STATED, _SHOWN = "protected as stated in", "shown by"
_DIGEST = re.compile(r"[0-9a-f]{64}")
_ACT = re.compile(r"act:[0-9]{1,18}")


def explain(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield what a batch, or a line about its protection, rests on."""
    if node.startswith(BATCH):
        row = _counting(connection, metadata, node.removeprefix(BATCH))
        if row is not None:
            yield Link(node, _STATED, line_node(row))
    elif (place := line_of(node)) is not None:
        row = line_at(connection, metadata, PROTECTION_ATTRIBUTE.name, place)
        reference = "" if row is None else str(row["evidence_ref"] or "")
        if _ACT.fullmatch(reference):
            yield Link(node, _SHOWN, reference)
        elif _DIGEST.fullmatch(reference):
            yield Link(node, _SHOWN, EVIDENCE + reference)


def dependents(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield the batch that rests on a line, and the lines that rest on an act or a file."""
    if node.startswith((ACT, EVIDENCE)):
        table = metadata.tables[PROTECTION_ATTRIBUTE.name]
        query = (
            select(table)
            .where(table.c.evidence_ref == node.removeprefix(EVIDENCE))
            .order_by(table.c.act_id, table.c.line_no)
            .limit(LINK_LIMIT)
        )
        for found in connection.execute(query).mappings():
            yield Link(line_node(dict(found)), _SHOWN, node)
    elif (place := line_of(node)) is not None:
        row = line_at(connection, metadata, PROTECTION_ATTRIBUTE.name, place)
        if row is None:
            return
        counting = _counting(connection, metadata, row["batch_uid"])
        if counting is not None and line_node(counting) == node:
            yield Link(BATCH + row["batch_uid"], _STATED, node)


def _counting(connection: Connection, metadata: MetaData, uid: str) -> Mapping[str, Any] | None:
    """Return the line of a batch that counts."""
    table = metadata.tables[PROTECTION_ATTRIBUTE.name]
    latest = (table.c.recorded_on.desc(), table.c.act_id.desc(), table.c.line_no.desc())
    query = select(table).where(table.c.batch_uid == uid).order_by(*latest).limit(1)
    row = connection.execute(query).mappings().first()
    return None if row is None else dict(row)
