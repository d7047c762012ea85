"""The opening: what holdings hold when labels begin to be kept, divided as it was stated."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from fractions import Fraction
from math import ceil

from sqlalchemy import Connection, MetaData

from keiryo.accounts.inventory import inventory
from keiryo.dates import number_date
from keiryo.obligations.apportion import apportioned
from keiryo.obligations.holdings import (
    BOOK,
    OPENING_SHORT,
    POOL,
    Holding,
    Holdings,
    Line,
    Noted,
    by_shares,
)
from keiryo.obligations.labels import UNOBLIGATED
from keiryo.obligations.stated import Opening, Stated
from keiryo.places.model import MaterialBalanceArea


def book_on(
    connection: Connection, metadata: MetaData, place: MaterialBalanceArea, day: int
) -> dict[Holding, int]:
    """Return what the ledger says that each holding of an area holds at the end of a day."""
    found: dict[Holding, int] = {}
    for row in inventory(connection, metadata, place.code, number_date(day)).batches:
        name = row.batch if place.batch_follow_up else POOL
        holding = Holding(place.code, BOOK, name, str(row.category))
        found[holding] = found.get(holding, 0) + row.amount.element_mg
    return found


def opening_moves(
    connection: Connection,
    metadata: MetaData,
    stated: Stated,
    places: Mapping[str, MaterialBalanceArea],
    mbas: Collection[str],
    holdings: Holdings,
) -> None:
    """Make the moves that fill the holdings of some areas on the day on which labels begin."""
    assert stated.begins is not None and stated.begin_line is not None
    for mba in sorted(mbas):
        for holding in [h for h in holdings.cells if h.mba == mba]:
            del holdings.cells[holding]
        for holding, held in sorted(
            book_on(connection, metadata, places[mba], stated.begins).items()
        ):
            batch = None if holding.name == POOL else holding.name
            opening = stated.openings.get((mba, batch, holding.category))
            line = stated.begin_line if opening is None else opening.line
            cells = _cells(opening, holding, held, stated.begins, holdings, line)
            outside = holding._replace(account="opening", name="")
            holdings.moved(mba, stated.begins, "OPENING", outside, holding, cells, line)
            holdings.add(holding, cells)


def _cells(
    opening: Opening | None,
    holding: Holding,
    held_mg: int,
    day: int,
    holdings: Holdings,
    line: Line,
) -> dict[str, int]:
    if opening is None or held_mg <= 0:
        return {UNOBLIGATED: held_mg} if held_mg else {}
    exact = opening.cells(held_mg)
    if any(value < 0 for value in exact.values()):
        stated = {key: value for key, value in exact.items() if value > 0}
        whole = sum(stated.values(), Fraction(0))
        missing = ceil(whole - held_mg)
        holdings.noted.append(Noted(OPENING_SHORT, holding.mba, day, holding, missing, line))
        return by_shares({key: value / whole for key, value in stated.items()}, held_mg)
    return {key: mg for key, mg in apportioned(exact.items(), held_mg).items() if mg}
