"""What the replay of labels reads: lines of the ledger, takings, moves as they are recorded."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Connection, MetaData, and_, func, or_, select

from keiryo.accounts import books
from keiryo.accounts.model import Knowledge
from keiryo.accounts.tables import INVENTORY_CHANGE, PHYSICAL_INVENTORY, effective
from keiryo.dates import date_number
from keiryo.obligations.holdings import FOLLOWED, TRANSIT, CellsOfHolding, Holding, Line
from keiryo.obligations.stated import Row
from keiryo.obligations.sums import HOLDING
from keiryo.obligations.tables import MOVE

RecordedRows = dict[tuple[Any, ...], int]
"""Weights of recorded moves by everything else about them, as `Move.key` has it."""

_CHANGE_COLUMNS = (
    *("act_id", "line_no", "mba", "event_date", "code", "shipper", "receiver"),
    *("shipper_batch", "batch", "category", "element_mg", "fissile_mg"),
)


def changes_since(
    connection: Connection, metadata: MetaData, mbas: Collection[str], since: int
) -> list[Row]:
    """Return the effective inventory changes of some areas from a day on."""
    table = metadata.tables[INVENTORY_CHANGE.name]
    query = select(*(table.c[name] for name in _CHANGE_COLUMNS)).where(
        table.c.mba.in_(sorted(mbas)), table.c.event_date >= since, effective(table, Knowledge())
    )
    rows = sorted(map(tuple, connection.execute(query)))  # begins with act and line
    return [dict(zip(_CHANGE_COLUMNS, row, strict=True)) for row in rows if row[-2] is not None]


def takings_since(
    connection: Connection, metadata: MetaData, mba: str, since: int
) -> tuple[list[Row], list[tuple[int, Line]]]:
    """Return the listed batches of the takings of an area from a day on, and the takings."""
    table = metadata.tables[PHYSICAL_INVENTORY.name]
    pits = [
        number
        for day in books.pit_dates(connection, metadata, mba, Knowledge())
        if (number := date_number(day)) >= since
    ]
    if not pits:
        return [], []
    where = and_(table.c.mba == mba, table.c.pit_date.in_(pits))
    names = ("act_id", "line_no", "pit_date", "batch", "category", "element_mg")
    listed = select(*(table.c[name] for name in names)).where(where, effective(table, Knowledge()))
    rows: list[Row] = [dict(row) for row in connection.execute(listed).mappings()]
    first: dict[int, Line] = {}
    every = select(table.c.pit_date, table.c.act_id, func.min(table.c.line_no)).where(where)
    for day, act, line in connection.execute(every.group_by(table.c.pit_date, table.c.act_id)):
        own = Line(int(act), int(line))
        first[int(day)] = min(first.get(int(day), own), own)
    return rows, sorted(first.items())


def current_cells(
    connection: Connection, metadata: MetaData, mbas: Collection[str], shippers: Collection[str]
) -> CellsOfHolding:
    """Return what some areas hold now, and what is on its way from some shippers."""
    table = metadata.tables[HOLDING]
    others = sorted(frozenset(shippers) - frozenset(mbas))
    here = and_(table.c.mba.in_(sorted(mbas)), table.c.account.in_(sorted(FOLLOWED)))
    if others:
        here = or_(here, and_(table.c.mba.in_(others), table.c.account == TRANSIT))
    names = ("mba", "account", "holding", "category", "labels", "element_mg")
    query = select(*(table.c[name] for name in names)).where(here, table.c.element_mg != 0)
    found: CellsOfHolding = {}
    for mba, account, name, category, labels, mg in connection.execute(query):
        own = found.setdefault(Holding(mba, account, name, category), {})
        own[labels] = own.get(labels, 0) + int(mg)
    return found


def moves_since(
    connection: Connection, metadata: MetaData, mbas: Collection[str], since: int
) -> RecordedRows:
    """Return the recorded moves of some areas from a day on."""
    table = metadata.tables[MOVE.name]
    where = and_(table.c.mba.in_(sorted(mbas)), table.c.event_date >= since)
    return recorded_rows(connection, table, [where])


def transit_moves(
    connection: Connection,
    metadata: MetaData,
    shippers: Collection[str],
    without: Collection[str],
    since: int,
) -> RecordedRows:
    """Return other areas' moves into, and out of, what is on its way from some shippers."""
    table = metadata.tables[MOVE.name]
    others = and_(table.c.event_date >= since, table.c.mba.not_in(sorted(without)))
    known = sorted(shippers)
    into = and_(table.c.to_account == "domestic_transit", table.c.to_mba.in_(known), others)
    out = and_(table.c.from_account == "domestic_transit", table.c.from_mba.in_(known), others)
    return recorded_rows(connection, table, [into, out])


def recorded_rows(connection: Connection, table: Any, conditions: Iterable[Any]) -> RecordedRows:
    """Return the moves that fulfil any of some conditions, as they stand after reversals."""
    sides = ("mba", "account", "holding", "category", "labels")
    columns = [table.c[name] for name in ("act_id", "mba", "event_date", "kind")]
    columns += [table.c[f"{side}_{name}"] for side in ("from", "to") for name in sides]
    columns += [table.c.element_mg, table.c.of_act, table.c.of_line]
    found: RecordedRows = {}
    interned: dict[tuple[str, ...], Holding] = {}
    for condition in conditions:
        for row in connection.execute(select(*columns).where(condition)):
            source = interned.setdefault(row[4:8], Holding(*row[4:8]))
            target = interned.setdefault(row[9:13], Holding(*row[9:13]))
            of_act = row[0] if row[15] is None else row[15]
            line = Line(of_act, row[16])
            key = (row[1], row[2], row[3], source, row[8], target, row[13], line)
            found[key] = found.get(key, 0) + row[14]
    return {key: mg for key, mg in found.items() if mg}
