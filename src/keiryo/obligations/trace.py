"""Where material came from: the way back, through every mixing, to the first receipts.

The steps are the moves without their labels. The way is walked from the latest step back: what a
holding got after the day that is asked about did not become what is asked about.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any

from sqlalchemy import Connection, MetaData, and_, or_, select

from keiryo.accounts.tables import INVENTORY_CHANGE, PHYSICAL_INVENTORY
from keiryo.dates import date_number, number_date
from keiryo.errors import NotFoundError, UsageError
from keiryo.obligations.balances import holdings_on, require_labels
from keiryo.obligations.holdings import BOOK, FOLLOWED, POOL, TRANSIT, Holding, Line
from keiryo.obligations.labels import labels_of
from keiryo.obligations.sums import STEP
from keiryo.obligations.tables import MOVE
from keiryo.places.tables import area
from keiryo.quantities import Category, format_weight

ASKED_ONE_BY_ONE = 400
"""Holdings that are looked up one by one before all steps of the books are read at once."""

PASSING = "rebatching"
"""Account between batches that are mixed and batches that are made of them."""

_SIDE = ("mba", "account", "holding", "category")


@dataclass(frozen=True, slots=True)
class Step:
    """A quantity that went from one holding to another.

    Attributes
    ----------
    line : Line
        The line of the record from which it follows.
    element_mg : int
    """

    line: Line
    kind: str
    day: int
    source: Holding
    target: Holding
    element_mg: int


@dataclass(frozen=True, slots=True)
class Trace:
    """What is asked about, its cells, and the way back, the latest step first.

    Attributes
    ----------
    asked : str
    pooled : bool
        Whether the way is that of the area's pool, because batches are not followed there.
    cells : dict of Holding to cells
    path : tuple of Step
    """

    asked: str
    on: datetime.date
    pooled: bool
    cells: dict[Holding, dict[str, int]]
    path: tuple[Step, ...]


def trace(
    connection: Connection,
    metadata: MetaData,
    asked: str,
    *,
    on: datetime.date | None = None,
    partner: str | None = None,
) -> Trace:
    """Return where a batch, or the pool that it is part of, came from.

    Parameters
    ----------
    connection, metadata
        An open reading transaction and the tables.
    asked : str
        ``MBA/BATCH``, or ``MBA`` for the pools of an area.
    on : datetime.date, optional
        As it was at the end of this day; default: as it is now.
    partner : str, optional
        Only the way of what is under this label.

    Raises
    ------
    UsageError
        If labels are not kept.
    NotFoundError
        If there is no such area, or nothing is recorded about the batch.
    """
    require_labels(connection, metadata)
    mba, _, batch = asked.partition("/")
    place = area(connection, metadata, mba)
    day = datetime.date(9999, 12, 31) if on is None else on
    if place.batch_follow_up and batch in ("", POOL):
        raise UsageError(
            f"{mba} follows its batches, so there is no pool to trace",
            f"Name the batch: {mba}/NAME; 'keiryo inventory {mba} --on DATE' lists them.",
        )
    categories = _categories(connection, metadata, mba, batch) if batch else set("NDEUPT")
    if batch and not categories:
        raise NotFoundError(
            f"nothing is recorded about a batch {batch!r} of {mba}",
            f"List what is there with 'keiryo inventory {mba} --on DATE'.",
        )
    name = batch if place.batch_follow_up else POOL
    held = holdings_on(connection, metadata, day, [mba])
    cells = {
        holding: {
            key: mg for key, mg in own.items() if partner is None or partner in labels_of(key)
        }
        for holding, own in held.items()
        if holding.name == name and holding.category in categories
    }
    starts = [Holding(mba, BOOK, name, category) for category in sorted(categories)]
    allowed = None if partner is None else _carrying(connection, metadata, partner)
    steps = _Steps(connection, metadata, allowed)
    path = tuple(_walk(steps, starts, date_number(day)))
    return Trace(asked, day if on else datetime.date.today(), name == POOL, cells, path)


def _categories(connection: Connection, metadata: MetaData, mba: str, batch: str) -> set[str]:
    """Return the categories of a batch, as the ledger or the moves know them."""
    found: set[str] = set()
    steps = metadata.tables[STEP]
    where = and_(steps.c.to_mba == mba, steps.c.to_account == BOOK, steps.c.to_holding == batch)
    found |= {str(row[0]) for row in connection.execute(select(steps.c.to_category).where(where))}
    if found:
        return found
    for kind in (INVENTORY_CHANGE.name, PHYSICAL_INVENTORY.name):
        table = metadata.tables[kind]
        query = (
            select(table.c.category)
            .where(table.c.mba == mba, table.c.batch == batch, table.c.category.is_not(None))
            .distinct()
        )
        found |= {str(row[0]) for row in connection.execute(query)}
    return found


Carrying = frozenset[tuple[Line, Holding, Holding]]


def _carrying(connection: Connection, metadata: MetaData, partner: str) -> Carrying:
    """Return the steps in which something under a label went along."""
    table = metadata.tables[MOVE.name]
    has = or_(
        *(("+" + table.c[f"{s}_labels"] + "+").contains(f"+{partner}+") for s in ("from", "to"))
    )
    columns = [table.c[name] for name in ("act_id", "of_act", "of_line")]
    columns += [table.c[f"{side}_{name}"] for side in ("from", "to") for name in _SIDE]
    return frozenset(
        (
            Line(row[0] if row[1] is None else row[1], row[2]),
            Holding(*row[3:7]),
            Holding(*row[7:11]),
        )
        for row in connection.execute(select(*columns).where(has))
    )


class _Steps:
    """The steps into a holding: looked up one by one, and from some number on all at once."""

    def __init__(
        self, connection: Connection, metadata: MetaData, allowed: Carrying | None
    ) -> None:
        self.connection, self.allowed = connection, allowed
        self.table = metadata.tables[STEP]
        self.moves = metadata.tables[MOVE.name]
        names = [f"to_{name}" for name in _SIDE]
        names += ["event_date", "kind", "from_act", "from_line"]
        names += [f"from_{name}" for name in _SIDE] + ["element_mg"]
        self.columns = [self.table.c[name] for name in names]
        self.asked = 0
        self.every: dict[tuple[str, ...], list[Any]] | None = None

    def into(self, holding: Holding, until: int) -> Iterator[Step]:
        """Yield the steps into a holding up to a day."""
        for row in self._rows(holding):
            if row[4] > until or not row[12]:
                continue
            source = Holding(*row[8:12])
            step = Step(Line(row[6], row[7]), row[5], row[4], source, holding, row[12])
            if self.allowed is None or (step.line, source, holding) in self.allowed:
                yield step

    def other_side(self, step: Step) -> Iterable[Holding]:
        """Return the holding with which labels changed places."""
        table = self.moves
        act = step.line.act
        query = select(*(table.c[f"to_{name}"] for name in _SIDE)).where(
            or_(table.c.of_act == act, and_(table.c.of_act.is_(None), table.c.act_id == act)),
            table.c.of_line == step.line.line,
            table.c.kind == "EXCHANGE",
        )
        found = {Holding(*row) for row in self.connection.execute(query)}
        return found - {step.target}

    def _rows(self, holding: Holding) -> Iterable[Any]:
        if self.every is not None:
            return self.every.get(tuple(holding), ())
        self.asked += 1
        if self.asked > ASKED_ONE_BY_ONE:
            self.every = self._all()
            return self.every.get(tuple(holding), ())
        table = self.table
        where = (table.c[f"to_{name}"] == value for name, value in zip(_SIDE, holding, strict=True))
        return self.connection.execute(select(*self.columns).where(*where)).all()

    def _all(self) -> dict[tuple[str, ...], list[Any]]:
        names = ", ".join(column.name for column in self.columns)
        statement = f"SELECT {names} FROM {STEP} WHERE to_account <> 'abroad'"
        found: dict[tuple[str, ...], list[Any]] = {}
        for row in self.connection.exec_driver_sql(statement).cursor.fetchall():  # type: ignore[union-attr]
            key = row[:4]
            if key in found:
                found[key].append(row)
            else:
                found[key] = [row]
        return found


def _walk(steps: _Steps, starts: Iterable[Holding], until: int) -> Iterator[Step]:
    """Yield the steps on the way back, the latest first."""
    waiting: list[tuple[int, Holding]] = []
    for holding in starts:
        heappush(waiting, (-until, holding))
    seen: set[Holding] = set()
    gathered: list[Step] = []
    while waiting:
        bound, holding = heappop(waiting)
        if holding in seen:
            continue
        seen.add(holding)
        for step in steps.into(holding, -bound):
            gathered.append(step)
            sources = [step.source]
            if step.kind == "EXCHANGE":
                sources = list(steps.other_side(step))
            for source in sources:
                if source not in seen and source.account in (*FOLLOWED, PASSING):
                    heappush(waiting, (-step.day, source))
    gathered.sort(key=lambda step: (-step.day, step.line, step.source, step.target))
    yield from gathered


def place_text(holding: Holding) -> str:
    """Return a holding in words: an area and batch, an account, or another State's place.

    Examples
    --------
    >>> place_text(Holding("XAFA", "book", "CYL-1", "E"))
    'XAFA/CYL-1'
    >>> place_text(Holding("XAFA", "domestic_transit", "XARA/FA-1", "E"))
    'on its way XAFA to XARA/FA-1'
    """
    if holding.account == BOOK:
        return f"{holding.mba}/{holding.name}"
    if holding.account == TRANSIT:
        return f"on its way {holding.mba} to {holding.name}"
    if holding.account == "abroad":
        return holding.name or "abroad"
    words = holding.account.replace("_", " ")
    if holding.account in FOLLOWED:
        return f"{holding.mba}/{holding.name} ({words})"
    return f"{holding.mba} ({words})"


def to_dict(found: Trace) -> dict[str, object]:
    """Return a trace as plain data; weights are exact decimals in the unit of the category."""
    return {
        "object": found.asked,
        "holding": "pool" if found.pooled else "batch",
        "cells": [
            {
                "category": holding.category,
                "labels": sorted(labels_of(key)),
                "element": format_weight(mg, Category(holding.category).unit),
                "unit": Category(holding.category).unit,
            }
            for holding, cells in found.cells.items()
            for key, mg in cells.items()
        ],
        "path": [
            {
                "act": step.line.act,
                "line": step.line.line,
                "kind": step.kind,
                "date": number_date(step.day).isoformat(),
                "from": place_text(step.source),
                "to": place_text(step.target),
                "category": step.target.category,
                "element": format_weight(step.element_mg, Category(step.target.category).unit),
                "unit": Category(step.target.category).unit,
            }
            for step in found.path
        ],
    }
