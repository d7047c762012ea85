"""Questions to the books: physical inventories, sums of changes, reported balances."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, MetaData, and_, case, func, or_, select

from keiryo.accounts.book_sums import NAME as BOOK_SUM_NAME
from keiryo.accounts.model import ZERO, Amount, Knowledge, Lines
from keiryo.accounts.tables import (
    INVENTORY_CHANGE,
    PHYSICAL_INVENTORY,
    REPORTED_BALANCE,
    effective,
    known,
)
from keiryo.dates import Period, date_number, next_day, number_date
from keiryo.quantities import Category


def pit_dates(
    connection: Connection, metadata: MetaData, mba: str, knowledge: Knowledge
) -> list[datetime.date]:
    """Return the days of the physical inventory takings of an MBA, in order.

    A listing of which every entry was deleted is withdrawn; an empty area reports status U.
    """
    table = metadata.tables[PHYSICAL_INVENTORY.name]
    deletions = func.sum(case((table.c.status == "D", 1), else_=0))
    query = (
        select(table.c.pit_date, deletions, func.count())
        .where(table.c.mba == mba, known(table, knowledge))
        .group_by(table.c.pit_date)
        .order_by(table.c.pit_date)
    )
    days = []
    for day, deleted, lines in connection.execute(query).all():
        standing = and_(
            table.c.mba == mba,
            table.c.pit_date == day,
            or_(effective(table, knowledge), and_(table.c.status == "U", known(table, knowledge))),
        )
        left = select(table.c.act_id).where(standing).limit(1)
        if not deleted or (lines > deleted and connection.execute(left).first() is not None):
            days.append(number_date(int(day)))
    return days


def physical_inventory(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    pit: datetime.date,
    knowledge: Knowledge,
) -> dict[Category, Amount]:
    """Return the sums of a physical inventory by category."""
    table = metadata.tables[PHYSICAL_INVENTORY.name]
    where = and_(
        table.c.mba == mba, table.c.pit_date == date_number(pit), effective(table, knowledge)
    )
    return {c: a for (_, c), a in _sums(connection, table, where, code=None).items()}


def changes(
    connection: Connection,
    metadata: MetaData,
    mbas: Iterable[str],
    period: Period,
    knowledge: Knowledge,
) -> Lines:
    """Return the sums of effective changes of some MBAs in a period, by code and category.

    What is known now is summed from the projection; an earlier state of knowledge, from lines.
    """
    if knowledge.through_act is None and knowledge.known_on is None:
        sums = _projected(connection, metadata, list(mbas), period)
    else:
        table = metadata.tables[INVENTORY_CHANGE.name]
        where = and_(
            table.c.mba.in_(list(mbas)),
            table.c.event_date.between(date_number(period.start), date_number(period.end)),
            effective(table, knowledge),
        )
        sums = _sums(connection, table, where, code="code")
    lines: Lines = {}
    for (code, category), amount in sorted(sums.items()):
        lines.setdefault(code, {})[category] = amount
    return lines


def reported_balance(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    period: Period,
    knowledge: Knowledge,
) -> Lines:
    """Return the effective lines of the balance that was reported for a period; empty if none."""
    table = metadata.tables[REPORTED_BALANCE.name]
    where = and_(
        table.c.mba == mba,
        table.c.period_to == date_number(period.end),
        table.c.period_from == date_number(period.start),
        effective(table, knowledge),
    )
    lines: Lines = {}
    for (code, category), amount in _sums(connection, table, where, code="code").items():
        lines.setdefault(code, {})[category] = amount
    return lines


def reported_ending(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    pit: datetime.date,
    knowledge: Knowledge,
) -> dict[Category, Amount]:
    """Return the physical inventory that a balance ending on `pit` reported (PE); {} if none."""
    table = metadata.tables[REPORTED_BALANCE.name]
    where = and_(
        table.c.mba == mba,
        table.c.period_to == date_number(pit),
        table.c.code == "PE",
        effective(table, knowledge),
    )
    return {c: a for (_, c), a in _sums(connection, table, where, code="code").items()}


def months_and_days(
    period: Period,
) -> tuple[list[tuple[int, int]], tuple[int, int] | None]:
    """Split a period into ranges of days (YYYYMMDD) and one range of whole months (YYYYMM)."""
    first_of_next = next_day(period.end)
    month_from = period.start if period.start.day == 1 else _next_month(period.start)
    month_to = first_of_next.replace(day=1)
    if month_from >= month_to:
        return [(date_number(period.start), date_number(period.end))], None
    days = []
    if period.start < month_from:
        before = month_from - datetime.timedelta(days=1)
        days.append((date_number(period.start), date_number(before)))
    if month_to <= period.end:
        days.append((date_number(month_to), date_number(period.end)))
    last_month = month_to - datetime.timedelta(days=1)
    return days, (date_number(month_from) // 100, date_number(last_month) // 100)


def _next_month(day: datetime.date) -> datetime.date:
    return (day.replace(day=1) + datetime.timedelta(days=32)).replace(day=1)


def _projected(
    connection: Connection, metadata: MetaData, mbas: list[str], period: Period
) -> dict[tuple[str, Category], Amount]:
    """Sum the whole months from the projection, and the days around them from the lines."""
    days, months = months_and_days(period)
    sums: dict[tuple[str, Category], Amount] = {}
    if months is not None:
        sums = _month_sums(connection, metadata, mbas, months)
    lines = metadata.tables[INVENTORY_CHANGE.name]
    for first, last in days:
        where = and_(
            lines.c.mba.in_(mbas),
            lines.c.event_date.between(first, last),
            effective(lines, Knowledge()),
        )
        for key, amount in _sums(connection, lines, where, code="code").items():
            sums[key] = sums.get(key, ZERO) + amount
    return sums


def _month_sums(
    connection: Connection, metadata: MetaData, mbas: list[str], months: tuple[int, int]
) -> dict[tuple[str, Category], Amount]:
    table = metadata.tables[BOOK_SUM_NAME]
    query = (
        select(
            table.c.code,
            table.c.category,
            table.c.fissile_basis,
            func.sum(table.c.element_mg),
            func.sum(table.c.fissile_mg),
            func.sum(table.c.line_count),
            func.sum(table.c.fissile_count),
        )
        .where(table.c.mba.in_(mbas), table.c.month.between(*months), table.c.line_count > 0)
        .group_by(table.c.code, table.c.category, table.c.fissile_basis)
    )
    return _collected(connection.execute(query))


def _sums(
    connection: Connection, table: Any, where: Any, *, code: str | None
) -> dict[tuple[str, Category], Amount]:
    keys = [table.c.category, table.c.fissile_basis]
    if code is not None:
        keys.insert(0, table.c[code])
    query = (
        select(
            *keys,
            func.sum(table.c.element_mg),
            func.sum(table.c.fissile_mg),
            func.count(),
            func.count(table.c.fissile_mg),
        )
        .where(where)
        .group_by(*keys)
    )
    rows = connection.execute(query)
    return _collected(rows if code else (("", *row) for row in rows))


def _collected(rows: Iterable[Any]) -> dict[tuple[str, Category], Amount]:
    sums: dict[tuple[str, Category], Amount] = {}
    for code, letter, basis, element, fissile, count, fissile_count in rows:
        known_fissile = int(fissile or 0) if int(fissile_count) == int(count) else None
        bases = frozenset({str(basis)}) if basis else frozenset()
        key = (str(code), Category(letter))
        sums[key] = sums.get(key, ZERO) + Amount(int(element), known_fissile, bases)
    return sums
