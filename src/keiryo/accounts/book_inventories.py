"""The book inventories of all areas on a date, in a few questions to the database.

For each area that is what its last physical inventory taking left on the book, and every change
since (INFCIRC/153, paragraph 102): whole months from the projection `book_sum`, the days around
them from the lines. The answers are those of `keiryo.accounts.balance`, area by area.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, MetaData, and_, func, or_, select

from keiryo.accounts import books
from keiryo.accounts.balance import assembled, opening_inventory
from keiryo.accounts.book_sums import NAME as BOOK_SUM_NAME
from keiryo.accounts.model import ZERO, Amount, Knowledge, Lines
from keiryo.accounts.tables import (
    INVENTORY_CHANGE,
    PHYSICAL_INVENTORY,
    effective,
    known,
    resolved,
)
from keiryo.dates import Period, date_number, next_day, number_date
from keiryo.places.tables import areas
from keiryo.quantities import Category

BEGINNING = datetime.date(1900, 1, 1)


def book_inventories(
    connection: Connection,
    metadata: MetaData,
    on: datetime.date,
    knowledge: Knowledge | None = None,
) -> dict[str, dict[Category, Amount]]:
    """Return the book inventory of every registered area at the end of a day, by category.

    Parameters
    ----------
    connection, metadata
        An open reading transaction and the tables.
    on : datetime.date
    knowledge : Knowledge, optional
        Default: everything recorded.

    References
    ----------
    INFCIRC/153 (Corrected), paragraph 102.
    """
    seen = resolved(connection, metadata, knowledge or Knowledge())
    taken = _last_takings(connection, metadata, on, seen)
    together: dict[datetime.date | None, list[str]] = {}
    for mba in areas(connection, metadata):
        together.setdefault(taken.get(mba), []).append(mba)
    found: dict[str, dict[Category, Amount]] = {}
    for pit, mbas in together.items():
        changed: dict[str, Lines] = {}
        if pit != on:
            period = Period(next_day(pit) if pit else BEGINNING, on)
            changed = changes_by_area(connection, metadata, mbas, period, seen)
        for mba in mbas:
            base: dict[Category, Amount] = {}
            if pit is not None:
                base = opening_inventory(connection, metadata, mba, next_day(pit), seen)
            found[mba] = dict(assembled(base, changed.get(mba, {}), None)["BA"])
    return dict(sorted(found.items()))


def _last_takings(
    connection: Connection, metadata: MetaData, on: datetime.date, knowledge: Knowledge
) -> dict[str, datetime.date]:
    """Return the day of the last physical inventory taking up to a day, by area."""
    table = metadata.tables[PHYSICAL_INVENTORY.name]
    states = or_(table.c.status.is_(None), table.c.status != "D")
    query = (
        select(table.c.mba, func.max(table.c.pit_date))
        .where(known(table, knowledge), states, table.c.pit_date <= date_number(on))
        .group_by(table.c.mba)
    )
    return {str(mba): number_date(int(day)) for mba, day in connection.execute(query)}


def changes_by_area(
    connection: Connection,
    metadata: MetaData,
    mbas: Sequence[str],
    period: Period,
    knowledge: Knowledge,
) -> dict[str, Lines]:
    """Return the sums of effective changes of some areas in a period: by area, code, category."""
    lines = metadata.tables[INVENTORY_CHANGE.name]
    days = [(date_number(period.start), date_number(period.end))]
    found: dict[str, Lines] = {}
    if knowledge.through_act is None and knowledge.known_on is None:
        days, months = books.months_and_days(period)
        if months is not None:
            sums = metadata.tables[BOOK_SUM_NAME]
            where = and_(sums.c.mba.in_(mbas), sums.c.month.between(*months), sums.c.line_count > 0)
            stated = (func.sum(sums.c.line_count), func.sum(sums.c.fissile_count))
            _add(found, connection.execute(_by_area(sums, stated, where)))
    for pair in days:
        where = and_(
            lines.c.mba.in_(mbas), lines.c.event_date.between(*pair), effective(lines, knowledge)
        )
        counts = (func.count(), func.count(lines.c.fissile_mg))
        _add(found, connection.execute(_by_area(lines, counts, where)))
    return found


def _by_area(table: Any, counts: tuple[Any, Any], where: Any) -> Any:
    keys = (table.c.mba, table.c.code, table.c.category, table.c.fissile_basis)
    sums = (func.sum(table.c.element_mg), func.sum(table.c.fissile_mg))
    return select(*keys, *sums, *counts).where(where).group_by(*keys)


def _add(found: dict[str, Lines], rows: Iterable[Any]) -> None:
    for mba, code, letter, basis, element, fissile, count, fissile_count in rows:
        amount = Amount(
            int(element),
            int(fissile or 0) if int(fissile_count) == int(count) else None,
            frozenset({str(basis)}) if basis else frozenset(),
        )
        by_category = found.setdefault(str(mba), {}).setdefault(str(code), {})
        category = Category(letter)
        by_category[category] = by_category.get(category, ZERO) + amount
