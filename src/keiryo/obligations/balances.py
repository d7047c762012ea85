"""Obligation balances: what is under which labels at the end of a day.

Cells are disjoint and add up to the book. What is under one partner is derived from them and
never stored: over all partners it may be more than the book (several labels on one quantity) or
less (material under none). The fissile weight of a cell is derived by its share of the element,
batch by batch where batches are followed, because a batch has one composition.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData, and_, func, select

from keiryo.accounts.balance import opening_inventory
from keiryo.accounts.inventory import inventory
from keiryo.accounts.model import Amount, Knowledge
from keiryo.accounts.tables import resolved
from keiryo.dates import date_number, next_day
from keiryo.errors import UsageError
from keiryo.obligations.apportion import apportioned
from keiryo.obligations.cells import exact_share
from keiryo.obligations.following_rows import current_cells
from keiryo.obligations.holdings import (
    BOOK,
    FOLLOWED,
    TRANSIT,
    CellsOfHolding,
    Holding,
    Holdings,
)
from keiryo.obligations.labels import labels_of
from keiryo.obligations.stated import labels, labels_are_kept
from keiryo.obligations.sums import SUM
from keiryo.obligations.tables import MOVE
from keiryo.places.model import MaterialBalanceArea
from keiryo.places.tables import areas
from keiryo.quantities import Category, format_weight

CellsOfArea = dict[tuple[str, str], dict[str, int]]
"""Cells by area and element category."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A quantity of an area under one label set.

    Attributes
    ----------
    mba, category, labels : str
    element_mg : int
    fissile_mg : int or None
        Derived by share; None where the books do not state a fissile weight.
    """

    mba: str
    category: str
    labels: str
    element_mg: int
    fissile_mg: int | None


def require_labels(connection: Connection, metadata: MetaData) -> None:
    """Raise unless labels are kept in these books.

    Raises
    ------
    UsageError
    """
    if labels_are_kept(connection, metadata):
        return
    raise UsageError(
        "no obligation labels are kept in these books yet",
        "Begin with 'keiryo obligations open FILE --on DAY --reason …'; the file may state the "
        "labels of what is there, or nothing if nothing is obligated.",
    )


def cells_on(
    connection: Connection,
    metadata: MetaData,
    day: datetime.date,
    mbas: Iterable[str] | None = None,
    knowledge: Knowledge | None = None,
) -> CellsOfArea:
    """Return what is on the book under each label set at the end of a day.

    Parameters
    ----------
    connection, metadata
        An open reading transaction and the tables.
    day : datetime.date
    mbas : iterable of str, optional
        Default: all areas.
    knowledge : Knowledge, optional
        Default: everything recorded.

    Returns
    -------
    dict of (mba, category) to dict of label set to int
        Element weights in milligrams; cells without material are left out.
    """
    wanted = sorted(areas(connection, metadata) if mbas is None else mbas)
    seen = resolved(connection, metadata, knowledge or Knowledge())
    found: CellsOfArea = {}
    if seen.through_act is None and seen.known_on is None:
        first = day.replace(day=1)
        whole = next_day(day).day == 1
        months = date_number(day) // 100 - (0 if whole else 1)
        _add_months(connection, metadata, wanted, months, found)
        if not whole:
            _add_days(connection, metadata, wanted, (date_number(first), day), None, found)
    else:
        _add_days(connection, metadata, wanted, (0, day), seen.through_act, found)
    present = {
        key: {labels: mg for labels, mg in sorted(cells.items()) if mg}
        for key, cells in sorted(found.items())
    }
    return {key: cells for key, cells in present.items() if cells}


def _add_months(
    connection: Connection, metadata: MetaData, mbas: list[str], through: int, found: CellsOfArea
) -> None:
    table = metadata.tables[SUM]
    query = (
        select(table.c.mba, table.c.category, table.c.labels, func.sum(table.c.element_mg))
        .where(table.c.mba.in_(mbas), table.c.account == BOOK, table.c.month <= through)
        .group_by(table.c.mba, table.c.category, table.c.labels)
    )
    _add(connection.execute(query), found, 1)


def _add_days(
    connection: Connection,
    metadata: MetaData,
    mbas: list[str],
    days: tuple[int, datetime.date],
    through_act: int | None,
    found: CellsOfArea,
) -> None:
    table = metadata.tables[MOVE.name]
    where = and_(table.c.mba.in_(mbas), table.c.event_date.between(days[0], date_number(days[1])))
    if through_act is not None:
        where = and_(where, table.c.act_id <= through_act)
    for side, sign in (("to", 1), ("from", -1)):
        columns = [table.c[f"{side}_{name}"] for name in ("mba", "category", "labels")]
        query = (
            select(*columns, func.sum(table.c.element_mg))
            .where(where, table.c[f"{side}_account"] == BOOK)
            .group_by(*columns)
        )
        _add(connection.execute(query), found, sign)


def _add(rows: Iterable[Any], found: CellsOfArea, sign: int) -> None:
    for mba, category, key, mg in rows:
        own = found.setdefault((str(mba), str(category)), {})
        own[key] = own.get(key, 0) + sign * int(mg)


def holdings_on(
    connection: Connection,
    metadata: MetaData,
    day: datetime.date,
    mbas: Iterable[str] | None = None,
    accounts: Collection[str] = (BOOK,),
) -> CellsOfHolding:
    """Return the cells of every holding at the end of a day: now less what came since.

    Parameters
    ----------
    connection, metadata, day, mbas
        See `cells_on`.
    accounts : collection of str
        Of `keiryo.obligations.holdings.FOLLOWED`.
    """
    wanted = sorted(areas(connection, metadata) if mbas is None else mbas)
    holdings = Holdings(current_cells(connection, metadata, wanted, ()))
    table = metadata.tables[MOVE.name]
    later = table.c.event_date > date_number(day)
    sides = ("mba", "account", "holding", "category", "labels")
    for side, sign in (("to", -1), ("from", 1)):
        columns = [table.c[f"{side}_{name}"] for name in sides]
        own, account = table.c[f"{side}_mba"], table.c[f"{side}_account"]
        # Of other areas' moves only those touch these that take what was shipped to them.
        elsewhere = and_(account == TRANSIT, own.in_(wanted), table.c.mba.not_in(wanted))
        for where in (and_(table.c.mba.in_(wanted), account.in_(sorted(FOLLOWED))), elsewhere):
            query = select(*columns, func.sum(table.c.element_mg)).where(where, later)
            for row in connection.execute(query.group_by(*columns)):
                if row[0] in wanted:
                    holdings.add(Holding(*row[:4]), {row[4]: sign * int(row[5])})
    return {h: cells for h, cells in sorted(holdings.cells.items()) if h.account in accounts}


def balance_of_cells(
    connection: Connection,
    metadata: MetaData,
    day: datetime.date,
    *,
    partner: str | None = None,
    mbas: Iterable[str] | None = None,
    knowledge: Knowledge | None = None,
) -> list[Cell]:
    """Return the obligation balance at the end of a day, with fissile weights.

    Parameters
    ----------
    partner : str, optional
        Only what is under this label.

    Raises
    ------
    UsageError
        If labels are not kept, or the partner is no known label.
    """
    require_labels(connection, metadata)
    known = labels(connection, metadata)
    if partner is not None and known and partner not in known:
        raise UsageError(
            f"{partner!r} is no label that is known here", f"Known are: {', '.join(known)}."
        )
    places = areas(connection, metadata)
    found: list[Cell] = []
    every = cells_on(connection, metadata, day, mbas, knowledge)
    by_area: dict[str, dict[str, dict[str, int]]] = {}
    for (mba, category), cells in every.items():
        by_area.setdefault(mba, {})[category] = cells
    for mba, categories in by_area.items():
        wanted = {
            category: cells
            for category, cells in categories.items()
            if partner is None or any(partner in labels_of(key) for key in cells)
        }
        fissile = _fissile(connection, metadata, places[mba], day, wanted, knowledge)
        for category, cells in wanted.items():
            for key, mg in cells.items():
                if partner is None or partner in labels_of(key):
                    known_mg = fissile.get(category)
                    own = None if known_mg is None else known_mg.get(key, 0)
                    found.append(Cell(mba, category, key, mg, own))
    return found


def _fissile(
    connection: Connection,
    metadata: MetaData,
    place: MaterialBalanceArea,
    day: datetime.date,
    categories: dict[str, dict[str, int]],
    knowledge: Knowledge | None,
) -> dict[str, dict[str, int] | None]:
    """Return the fissile weight of each cell of an area, by category."""
    stating = [c for c in categories if Category(c) in (Category.ENRICHED, Category.UNIFIED)]
    if not stating:
        return {}
    seen = knowledge or Knowledge()
    if not place.batch_follow_up:
        book = opening_inventory(connection, metadata, place.code, next_day(day), seen)
        return {
            letter: _by_share(categories[letter], book.get(Category(letter))) for letter in stating
        }
    if seen != Knowledge():
        return {}
    amounts = {
        (row.batch, str(row.category)): row.amount
        for row in inventory(connection, metadata, place.code, day, seen).batches
    }
    found: dict[str, dict[str, int] | None] = {letter: {} for letter in stating}
    for holding, cells in holdings_on(connection, metadata, day, [place.code]).items():
        total = found.get(holding.category)
        if total is None:
            continue
        own = _by_share(cells, amounts.get((holding.name, holding.category)))
        if own is None:
            found[holding.category] = None
            continue
        for key, mg in own.items():
            total[key] = total.get(key, 0) + mg
    return found


def _by_share(cells: dict[str, int], amount: Amount | None) -> dict[str, int] | None:
    """Return the fissile weight of cells by their share of the element."""
    if amount is None or amount.fissile_mg is None or not amount.bases:
        return None
    held = {key: mg for key, mg in cells.items() if mg > 0}
    whole = sum(held.values())
    if not 0 <= amount.fissile_mg <= whole:
        return None
    if not amount.fissile_mg:
        return dict.fromkeys(held, 0)
    shares = exact_share(held, amount.fissile_mg)
    return apportioned(shares.items(), amount.fissile_mg, at_most=held)


def to_dict(
    cells: Iterable[Cell], day: datetime.date, partner: str | None = None
) -> dict[str, object]:
    """Return a balance as plain data; weights are exact decimals in the unit of the category."""
    return {
        "partner": partner,
        "on": day.isoformat(),
        "cells": [
            {
                "mba": one.mba,
                "category": one.category,
                "labels": sorted(labels_of(one.labels)),
                "element": format_weight(one.element_mg, Category(one.category).unit),
                "fissile": None if one.fissile_mg is None else format_weight(one.fissile_mg, "g"),
                "unit": Category(one.category).unit,
            }
            for one in cells
        ],
    }
