"""Where material came from: the way back, through every mixing, to the first receipts.

The steps are the moves without their labels. The way is walked from the latest step back: what a
holding got after the day that is asked about did not become what is asked about.
"""

from __future__ import annotations

import datetime
import gc
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from heapq import heappop, heappush
from operator import itemgetter
from typing import Any, overload

from sqlalchemy import Connection, MetaData, and_, or_, select, text

from keiryo.accounts.tables import INVENTORY_CHANGE, PHYSICAL_INVENTORY
from keiryo.dates import date_number, number_date
from keiryo.errors import NotFoundError, UsageError
from keiryo.obligations.balances import holdings_on, require_labels
from keiryo.obligations.following_rows import current_cells
from keiryo.obligations.holdings import BOOK, FOLLOWED, POOL, TRANSIT, Holding, Line
from keiryo.obligations.labels import labels_of
from keiryo.obligations.sums import MARK, STEP
from keiryo.obligations.tables import MOVE
from keiryo.places.tables import area
from keiryo.quantities import Category, format_weight

ASKED_ONE_BY_ONE = 1000
"""Holdings that are looked up one by one before all steps of the books are read at once."""

PASSING = "rebatching"
"""Account between batches that are mixed and batches that are made of them."""

_WALKED = frozenset({*FOLLOWED, PASSING})

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


_Row = tuple[str, int, str, int, int, str, int]
"""Where to, day, kind, act, line, where from, weight: a step as it is walked."""


def step_key(holding: Holding) -> str:
    """Return a holding as one text; the name stands last, for it may hold anything."""
    return MARK.join((holding.mba, holding.account, holding.category, holding.name))


def holding_of(key: str) -> Holding:
    """Return the holding that one text names."""
    mba, account, category, name = key.split(MARK, 3)
    return Holding(mba, account, name, category)


class Path(Sequence[Step]):
    """The steps of a way, each made when it is asked for: there may be very many."""

    def __init__(self, rows: list[_Row]) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, place: int) -> Step: ...

    @overload
    def __getitem__(self, place: slice) -> Path: ...

    def __getitem__(self, place: int | slice) -> Step | Path:
        if isinstance(place, slice):
            return Path(self.rows[place])
        target, day, kind, act, line, source, mg = self.rows[place]
        return Step(Line(act, line), kind, day, holding_of(source), holding_of(target), mg)


@dataclass(frozen=True, slots=True)
class Trace:
    """What is asked about, its cells, and the way back, the latest step first.

    Attributes
    ----------
    asked : str
    pooled : bool
        Whether the way is that of the area's pool, because batches are not followed there.
    cells : dict of Holding to cells
    path : sequence of Step
    """

    asked: str
    on: datetime.date
    pooled: bool
    cells: dict[Holding, dict[str, int]]
    path: Sequence[Step]


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
    held = (
        current_cells(connection, metadata, [mba], ())
        if on is None
        else holdings_on(connection, metadata, day, [mba])
    )
    cells = {
        holding: {
            key: mg for key, mg in own.items() if partner is None or partner in labels_of(key)
        }
        for holding, own in sorted(held.items())
        if holding.account == BOOK and holding.name == name and holding.category in categories
    }
    starts = [Holding(mba, BOOK, name, category) for category in sorted(categories)]
    allowed = None if partner is None else _carrying(connection, metadata, partner)
    steps = _Steps(connection, metadata, allowed)
    with _collector_at_rest():
        path = Path(_walk(steps, [step_key(start) for start in starts], date_number(day)))
    return Trace(asked, day if on else datetime.date.today(), name == POOL, cells, path)


def _categories(connection: Connection, metadata: MetaData, mba: str, batch: str) -> set[str]:
    """Return the categories of a batch, as the ledger or the moves know them."""
    found: set[str] = set()
    steps = metadata.tables[STEP]
    keys = [step_key(Holding(mba, BOOK, batch, letter)) for letter in "NDEUPT"]
    query = select(steps.c.to_key).where(steps.c.to_key.in_(keys)).distinct()
    found |= {holding_of(str(row[0])).category for row in connection.execute(query)}
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


Carrying = frozenset[tuple[int, int, str, str]]
"""Act and line, where from and where to."""


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
            row[0] if row[1] is None else row[1],
            row[2],
            step_key(Holding(*row[3:7])),
            step_key(Holding(*row[7:11])),
        )
        for row in connection.execute(select(*columns).where(has))
    )


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Keep Python from searching many plain rows for cycles that they cannot form."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


_ROWS = (
    f"SELECT to_key, event_date, kind, from_act, from_line, from_key, element_mg FROM {STEP} "
    "WHERE element_mg <> 0"
)
_INTO = text(f"{_ROWS} AND to_key = :key")
_EVERY = text(_ROWS)


class _Steps:
    """The steps into a holding: looked up one by one, and from some number on all at once."""

    def __init__(
        self, connection: Connection, metadata: MetaData, allowed: Carrying | None
    ) -> None:
        self.connection, self.allowed = connection, allowed
        self.moves = metadata.tables[MOVE.name]
        self.asked = 0
        self.seen: set[str] = set()
        self.every: dict[str, list[_Row]] | None = None

    def into(self, key: str) -> list[_Row]:
        """Return the steps into a holding; from none of them twice."""
        if self.every is None and self.asked < ASKED_ONE_BY_ONE:
            self.asked += 1
            if key in self.seen:
                return []
            self.seen.add(key)
            rows = [tuple(row) for row in self.connection.execute(_INTO, {"key": key})]
        else:
            if self.every is None:
                self.every = self._all()
                for known in self.seen:
                    self.every.pop(known, None)
            rows = self.every.pop(key, [])
        if self.allowed is None:
            return rows
        return [row for row in rows if (row[3], row[4], row[5], row[0]) in self.allowed]

    def may_lead_to(self, key: str) -> bool:
        """Return whether steps into a holding may be left to walk: it is not outside."""
        known = key in self.every if self.every is not None else key not in self.seen
        return known and key.split(MARK, 2)[1] in _WALKED

    def other_side(self, row: _Row) -> Iterable[str]:
        """Return the holding with which labels changed places."""
        table = self.moves
        act, line = row[3], row[4]
        query = select(*(table.c[f"to_{name}"] for name in _SIDE)).where(
            or_(table.c.of_act == act, and_(table.c.of_act.is_(None), table.c.act_id == act)),
            table.c.of_line == line,
            table.c.kind == "EXCHANGE",
        )
        return {step_key(Holding(*found)) for found in self.connection.execute(query)} - {row[0]}

    def _all(self) -> dict[str, list[_Row]]:
        found: defaultdict[str, list[_Row]] = defaultdict(list)
        cursor: Any = self.connection.execute(_EVERY).cursor
        for row in cursor.fetchall():
            found[row[0]].append(row)
        return dict(found)


_IN_ORDER = itemgetter(3, 4, 5, 0)


def _walk(steps: _Steps, starts: Iterable[str], until: int) -> list[_Row]:
    """Return the steps on the way back, the latest first.

    Day by day from the last one: what a holding got later than the latest day on which something
    left it on the way did not go that way.
    """
    waiting: defaultdict[int, list[str]] = defaultdict(list, {until: list(starts)})
    days = [-until]
    gathered: defaultdict[int, list[_Row]] = defaultdict(list)
    while days:
        bound = -heappop(days)
        today = waiting.pop(bound)
        while today:
            rows, every = steps.into(today.pop()), steps.every
            for row in rows:
                day = row[1]
                if day > bound:
                    continue
                gathered[day].append(row)
                if every is not None and row[5] not in every and row[2] != "EXCHANGE":
                    continue
                for source in (row[5],) if row[2] != "EXCHANGE" else steps.other_side(row):
                    if not steps.may_lead_to(source):
                        continue
                    if day == bound:
                        today.append(source)
                        continue
                    if day not in waiting:
                        heappush(days, -day)
                    waiting[day].append(source)
    found: list[_Row] = []
    for day in sorted(gathered, reverse=True):
        found += sorted(gathered[day], key=_IN_ORDER)
    return found


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
