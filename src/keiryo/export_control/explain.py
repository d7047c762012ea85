"""What a licence rests on, and a shipment on its licence; and the same turned around.

Nodes: ``licence:NUMBER``, ``control:ITEM``, ``assurance:NAME``. A licence rests on the lines of its
last amendment, on the states that it took, and on the assurances that speak of it; a line of a
licence rests on its item; a shipment of the books, or an export of other goods, rests on the
licence that covers it, and on the export that was recorded for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, MetaData, func, select

from keiryo.accounts.tables import INVENTORY_CHANGE
from keiryo.export_control.books import (
    DIRECTION_OF_CODE,
    MatchedShipment,
    last_transfers,
    match_shipments,
    shipments,
)
from keiryo.export_control.items import recorded_items
from keiryo.export_control.licences import LicenceRegister, read_licences
from keiryo.export_control.matching import MATCHED, OVER_CEILING, WITH_EXCESS
from keiryo.export_control.tables import (
    CONTROL_ITEM,
    EXPORT_TRANSFER,
    GOVERNMENT_ASSURANCE,
    LICENCE,
    LICENCE_LINE,
    LICENCE_STEP,
)
from keiryo.journal.dependents import LINK_LIMIT, line_of
from keiryo.journal.lines_at import line_at
from keiryo.journal.registry import Link
from keiryo.storage.schema import ACT

LICENCE_NODE, ITEM_NODE, ASSURANCE_NODE = "licence:", "control:", "assurance:"
PREFIXES = (LICENCE_NODE, ITEM_NODE, ASSURANCE_NODE)


def explain(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield what a licence, an item, an assurance or a shipment rests on."""
    if node.startswith(PREFIXES):
        yield from _of_register(connection, metadata, node)
        return
    place = line_of(node)
    if place is None:
        return
    line = line_at(connection, metadata, LICENCE_LINE.name, place)
    if line is not None:
        yield Link(node, "of the item", ITEM_NODE + str(line["item"]))
        return
    if _crosses_border(connection, metadata, place):
        for one in _covered(connection, metadata):
            if (one.shipment.act, one.shipment.line_no) == place:
                yield from _shipment_links(connection, metadata, one)


def dependents(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield what rests on a licence, an item, an assurance, or on a line of them."""
    name = node.partition(":")[2]
    if node.startswith(LICENCE_NODE):
        for one in _covered(connection, metadata)[:LINK_LIMIT]:
            if one.ceiling is not None and one.ceiling.licence == name:
                yield Link(one.shipment.node, "under the licence", node)
    elif node.startswith(ITEM_NODE):
        table = metadata.tables[LICENCE_LINE.name]
        query = select(table.c.act_id, table.c.line_no).where(table.c.item == name)
        order = query.order_by(table.c.act_id, table.c.line_no).limit(LINK_LIMIT)
        for act, line in connection.execute(order):
            yield Link(f"line:{act}/{line}", "of the item", node)
    elif node.startswith(ASSURANCE_NODE):
        for source in _assured_by(read_licences(connection, metadata), name):
            yield Link(source, "assured by", node)
    elif (place := line_of(node)) is not None:
        yield from _of_line(connection, metadata, node, place)


def _of_register(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    name = node.partition(":")[2]
    if node.startswith(ITEM_NODE):
        item = recorded_items(connection, metadata).get(name)
        if item is not None:
            yield Link(node, "recorded in", f"line:{item.line}")
        return
    register = read_licences(connection, metadata)
    if node.startswith(ASSURANCE_NODE):
        for assurance in register.assurances:
            if assurance.name == name:
                yield Link(node, "recorded in", f"line:{assurance.line}")
        return
    licence = register.licences.get(name)
    if licence is None:
        return
    yield Link(node, "recorded in", f"line:{licence.line}")
    for line in licence.lines:
        yield Link(node, "has the line", f"line:{line.line}")
    for row in _rows(connection, metadata, LICENCE_STEP.name, "licence", name):
        yield Link(node, "took the state", f"line:{row['act_id']}/{row['line_no']}")
    for assurance in register.assurances:
        if node in _assured_by(register, assurance.name):
            yield Link(node, "assured by", ASSURANCE_NODE + assurance.name)


def _assured_by(register: LicenceRegister, name: str) -> list[str]:
    """Return the licences of which an assurance speaks, and that ask for one."""
    found = []
    for assurance in register.assurances:
        if assurance.name != name:
            continue
        for licence in register.licences.values():
            named = not assurance.licences or licence.number in assurance.licences
            asks = any(line.needs_assurance for line in licence.lines)
            if named and asks and licence.partner == assurance.government:
                found.append(LICENCE_NODE + licence.number)
    return found


def _of_line(
    connection: Connection, metadata: MetaData, node: str, place: tuple[int, int]
) -> Iterator[Link]:
    """Yield what rests on a line of the registers: what it records, if it is the last to."""
    for kind, column, prefix in (
        (LICENCE.name, "licence", LICENCE_NODE),
        (LICENCE_LINE.name, "licence", LICENCE_NODE),
        (LICENCE_STEP.name, "licence", LICENCE_NODE),
        (GOVERNMENT_ASSURANCE.name, "assurance", ASSURANCE_NODE),
        (CONTROL_ITEM.name, "item", ITEM_NODE),
    ):
        row = line_at(connection, metadata, kind, place)
        if row is None:
            continue
        for link in _of_register(connection, metadata, prefix + str(row[column])):
            if link.target == node:
                yield link
        return
    if line_at(connection, metadata, EXPORT_TRANSFER.name, place) is not None:
        for one in _covered(connection, metadata):
            for link in _shipment_links(connection, metadata, one):
                if link.target == node:
                    yield link


def _shipment_links(
    connection: Connection, metadata: MetaData, one: MatchedShipment
) -> Iterator[Link]:
    shipment = one.shipment
    if one.ceiling is not None:
        yield Link(shipment.node, "under the licence", LICENCE_NODE + one.ceiling.licence)
    if shipment.transfer is None:
        return
    for row in last_transfers(connection, metadata).get(shipment.transfer, ()):
        target = f"line:{row['act_id']}/{row['line_no']}"
        if int(row["line"]) == shipment.transfer_line and target != shipment.node:
            yield Link(shipment.node, "announced as", target)


Covered = tuple[MetaData, int | None, list[MatchedShipment]]
_COVERED: WeakKeyDictionary[Any, Covered] = WeakKeyDictionary()
"""What was found in a transaction: a figure may rest on a thousand shipments."""


def _covered(connection: Connection, metadata: MetaData) -> list[MatchedShipment]:
    """Return the shipments that draw on a licence; found once for each transaction and head."""
    act = metadata.tables[ACT]
    head = connection.execute(select(func.max(act.c.act_id))).scalar()
    transaction = connection.get_transaction()
    known = None if transaction is None else _COVERED.get(transaction)
    if known is not None and known[0] is metadata and known[1] == head:
        return known[2]
    register, good = read_licences(connection, metadata), ({MATCHED}, {WITH_EXCESS}, {OVER_CEILING})
    found: list[MatchedShipment] = []
    if register.licences:
        every, _drawing = match_shipments(register, shipments(connection, metadata))
        found = [m for m in every if m.shipment.draws and {m.result, *m.failed} in good]
    if transaction is not None:
        _COVERED[transaction] = metadata, head, found
    return found


def _crosses_border(connection: Connection, metadata: MetaData, place: tuple[int, int]) -> bool:
    row = line_at(connection, metadata, INVENTORY_CHANGE.name, place)
    if row is not None:
        return row["code"] in DIRECTION_OF_CODE
    return line_at(connection, metadata, EXPORT_TRANSFER.name, place) is not None


def _rows(
    connection: Connection, metadata: MetaData, kind: str, column: str, value: str
) -> list[dict[str, Any]]:
    table = metadata.tables[kind]
    query = select(table).where(table.c[column] == value)
    query = query.order_by(table.c.act_id, table.c.line_no).limit(LINK_LIMIT)
    return [dict(row) for row in connection.execute(query).mappings()]
