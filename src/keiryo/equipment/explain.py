"""What an item or a loan rests on, and what rests on it: down to the promise that a loan fulfils.

Nodes: ``equipment:SERIAL`` and ``loan:NAME``. An item rests on the line that describes it, on the
hand-over by which somebody has it, on its last calibration, on what happened to it, and on the
loans to which it belongs. A hand-over rests on the one before it. A loan rests on its terms, on
its steps, and on the commitment that it fulfils (``cooperation:NAME`` of the register).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.equipment.tables import (
    EQUIPMENT_CALIBRATION,
    EQUIPMENT_CONDITION,
    EQUIPMENT_CUSTODY,
    EQUIPMENT_ITEM,
    EQUIPMENT_LOAN,
    EQUIPMENT_LOAN_ITEM,
    EQUIPMENT_LOAN_STEP,
)
from keiryo.journal.dependents import LINK_LIMIT, line_of
from keiryo.journal.lines_at import line_at
from keiryo.journal.reading import line_node
from keiryo.journal.registry import Link

ITEM, LOAN, COOPERATION = "equipment:", "loan:", "cooperation:"
_LAST_OF_ITEM = (EQUIPMENT_ITEM.name, EQUIPMENT_CUSTODY.name, EQUIPMENT_CALIBRATION.name)
"""Of these lines of an item the last one counts."""
_SHOWN = {
    EQUIPMENT_CALIBRATION.name: "certificate",
    EQUIPMENT_CONDITION.name: "evidence",
    EQUIPMENT_LOAN_STEP.name: "evidence",
}
"""Lines that name evidence, and in which field."""


def explain(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield what an item, a loan, or a line about one rests on."""
    if node.startswith(ITEM):
        yield from _item(connection, metadata, node, node.removeprefix(ITEM))
    elif node.startswith(LOAN):
        yield from _loan(connection, metadata, node, node.removeprefix(LOAN))
    elif (place := line_of(node)) is not None:
        yield from _line_links(connection, metadata, node, place)


def dependents(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield what rests on an item's line, a loan, a commitment, or a piece of evidence."""
    if node.startswith(LOAN):
        yield from _on_loan(connection, metadata, node, node.removeprefix(LOAN))
    elif node.startswith(COOPERATION):
        name = node.removeprefix(COOPERATION)
        for row in _rows(connection, metadata, EQUIPMENT_LOAN.name, commitment=name):
            if _is_last(connection, metadata, EQUIPMENT_LOAN.name, "loan", row):
                yield Link(LOAN + row["loan"], "fulfils", node)
    elif node.startswith(("evidence:", "act:")):
        yield from _on_evidence(connection, metadata, node)
    elif (place := line_of(node)) is not None:
        yield from _on_line(connection, metadata, node, place)


def _item(connection: Connection, metadata: MetaData, node: str, serial: str) -> Iterator[Link]:
    for kind in _LAST_OF_ITEM:
        row = _last(connection, metadata, kind, "serial", serial)
        if row is not None:
            yield _counts(node, kind, line_node(row))
    for row in _rows(connection, metadata, EQUIPMENT_CONDITION.name, serial=serial):
        yield Link(node, "happened to it", line_node(row))
    for row in _rows(connection, metadata, EQUIPMENT_LOAN_ITEM.name, serial=serial):
        if _belongs(connection, metadata, row):
            yield Link(node, "lent under", LOAN + row["loan"])


def _counts(node: str, kind: str, line: str) -> Link:
    """Return how an item rests on the last line of a kind."""
    if kind == EQUIPMENT_CUSTODY.name:
        return Link(node, "in the custody of", line)
    if kind == EQUIPMENT_CALIBRATION.name:
        return Link(node, "calibrated in", line)
    return Link(node, "recorded in", line)


def _loan(connection: Connection, metadata: MetaData, node: str, name: str) -> Iterator[Link]:
    row = _last(connection, metadata, EQUIPMENT_LOAN.name, "loan", name)
    if row is None:
        return
    yield Link(node, "recorded in", line_node(row))
    for part in _rows(connection, metadata, EQUIPMENT_LOAN_ITEM.name, loan=name):
        if part["act_id"] == row["act_id"]:
            yield Link(node, "recorded in", line_node(part))
    for step in _rows(connection, metadata, EQUIPMENT_LOAN_STEP.name, loan=name):
        yield Link(node, "took the step", line_node(step))
    if row["commitment"]:
        yield Link(node, "fulfils", COOPERATION + row["commitment"])


def _line_links(
    connection: Connection, metadata: MetaData, node: str, place: tuple[int, int]
) -> Iterator[Link]:
    row = line_at(connection, metadata, EQUIPMENT_CUSTODY.name, place)
    if row is not None:
        before = _neighbour(connection, metadata, row, earlier=True)
        if before is not None:
            yield Link(node, "handed over after", line_node(before))
        return
    for kind, column in _SHOWN.items():
        row = line_at(connection, metadata, kind, place)
        if row is not None:
            for one in str(row[column] or "").split():
                yield Link(node, "shown by", one if one.startswith("act:") else f"evidence:{one}")
            if row.get("loan") and kind == EQUIPMENT_CONDITION.name:
                yield Link(node, "happened under", LOAN + row["loan"])
            return


def _on_loan(connection: Connection, metadata: MetaData, node: str, name: str) -> Iterator[Link]:
    for row in _rows(connection, metadata, EQUIPMENT_LOAN_ITEM.name, loan=name):
        if _belongs(connection, metadata, row):
            yield Link(ITEM + row["serial"], "lent under", node)
    for row in _rows(connection, metadata, EQUIPMENT_CONDITION.name, loan=name):
        yield Link(line_node(row), "happened under", node)


def _on_evidence(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    name = node.removeprefix("evidence:")
    for kind, column in _SHOWN.items():
        table = metadata.tables[kind]
        query = select(table).where(table.c[column].contains(name, autoescape=True))
        query = query.order_by(table.c.act_id, table.c.line_no).limit(LINK_LIMIT)
        for row in connection.execute(query).mappings():
            if name in str(row[column]).split():
                yield Link(line_node(dict(row)), "shown by", node)


def _on_line(
    connection: Connection, metadata: MetaData, node: str, place: tuple[int, int]
) -> Iterator[Link]:
    for kind in _LAST_OF_ITEM:
        row = line_at(connection, metadata, kind, place)
        if row is None:
            continue
        if _is_last(connection, metadata, kind, "serial", row):
            yield _counts(ITEM + row["serial"], kind, node)
        if kind == EQUIPMENT_CUSTODY.name:
            after = _neighbour(connection, metadata, row, earlier=False)
            if after is not None:
                yield Link(line_node(after), "handed over after", node)
        return
    row = line_at(connection, metadata, EQUIPMENT_CONDITION.name, place)
    if row is not None:
        yield Link(ITEM + row["serial"], "happened to it", node)
        return
    row = line_at(connection, metadata, EQUIPMENT_LOAN_STEP.name, place)
    if row is not None:
        yield Link(LOAN + row["loan"], "took the step", node)
        return
    row = line_at(connection, metadata, EQUIPMENT_LOAN_ITEM.name, place)
    if row is not None and _belongs(connection, metadata, row):
        yield Link(LOAN + row["loan"], "recorded in", node)
        return
    row = line_at(connection, metadata, EQUIPMENT_LOAN.name, place)
    if row is not None and _is_last(connection, metadata, EQUIPMENT_LOAN.name, "loan", row):
        yield Link(LOAN + row["loan"], "recorded in", node)


def _belongs(connection: Connection, metadata: MetaData, row: Mapping[str, Any]) -> bool:
    """Return whether a line that an item belongs to a loan is of the loan's last act."""
    last = _last(connection, metadata, EQUIPMENT_LOAN.name, "loan", row["loan"])
    return last is not None and last["act_id"] == row["act_id"]


def _is_last(
    connection: Connection, metadata: MetaData, kind: str, column: str, row: Mapping[str, Any]
) -> bool:
    last = _last(connection, metadata, kind, column, row[column])
    return last is not None and line_node(last) == line_node(row)


def _last(
    connection: Connection, metadata: MetaData, kind: str, column: str, value: str
) -> Mapping[str, Any] | None:
    table = metadata.tables[kind]
    query = select(table).where(table.c[column] == value)
    if kind == EQUIPMENT_CALIBRATION.name:
        query = query.order_by(table.c.on_day.desc())
    query = query.order_by(table.c.act_id.desc(), table.c.line_no.desc()).limit(1)
    row = connection.execute(query).mappings().first()
    return None if row is None else dict(row)


def _neighbour(
    connection: Connection, metadata: MetaData, row: Mapping[str, Any], *, earlier: bool
) -> Mapping[str, Any] | None:
    """Return the hand-over of the same item before or after one."""
    table = metadata.tables[EQUIPMENT_CUSTODY.name]
    beside = table.c.at < row["at"] if earlier else table.c.at > row["at"]
    query = select(table).where(table.c.serial == row["serial"], beside)
    query = query.order_by(table.c.at.desc() if earlier else table.c.at).limit(1)
    found = connection.execute(query).mappings().first()
    return None if found is None else dict(found)


def _rows(
    connection: Connection, metadata: MetaData, kind: str, **equal: str
) -> list[Mapping[str, Any]]:
    table = metadata.tables[kind]
    query = select(table).where(*(table.c[name] == value for name, value in equal.items()))
    query = query.order_by(table.c.act_id, table.c.line_no).limit(LINK_LIMIT)
    return [dict(row) for row in connection.execute(query).mappings()]
