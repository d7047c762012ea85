"""Closing a balance: what the books give for a period becomes a recorded checkpoint.

A closed period is not locked. A later correction that reaches back is a new act, the balance is
computed anew, and closing again corrects the earlier closing; what was closed stays as it was.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData, func, select

from keiryo.accounts import books
from keiryo.accounts.balance import balance, in_order, opening_inventory
from keiryo.accounts.model import Amount, Balance, Knowledge, Lines
from keiryo.accounts.rounding import Terms, rounded_balance
from keiryo.accounts.tables import CLOSING, INVENTORY_CHANGE, PHYSICAL_INVENTORY, effective
from keiryo.dates import Period, date_number, next_day, number_date
from keiryo.errors import UsageError
from keiryo.journal.model import Act, Actor, Draft
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.places.tables import area
from keiryo.quantities import Category
from keiryo.storage.engine import Database
from keiryo.vocabulary import profile


@dataclass(frozen=True, slots=True)
class Closed:
    """A closed balance and the act that closed it."""

    balance: Balance
    act: Act
    repeated: bool


def close_period(
    database: Database,
    mba: str,
    pit: datetime.date | None,
    actor: Actor,
    *,
    rounding_profile: str | None = None,
    clock: Clock = system_clock,
) -> Closed:
    """Close the balance of an MBA that a physical inventory taking ended.

    Parameters
    ----------
    database : Database
    mba : str
    pit : datetime.date or None
        Day of the taking; None for the last one.
    actor : Actor
    rounding_profile : str, optional
        Name of a profile whose rounding the balance takes, with its adjustments.

    Raises
    ------
    UsageError
        If no physical inventory was taken on that day, or none before it.
    """
    closed: list[Balance] = []

    def draft(connection: Connection) -> Draft:
        metadata = database.metadata
        period = _period(connection, metadata, mba, pit)
        found = balance(connection, metadata, mba, start=period.start, end=period.end)
        if rounding_profile is not None:
            found = _rounded(connection, metadata, found, rounding_profile)
        closed[:] = [found]
        return _draft(connection, metadata, found)

    posted = post(database, draft, actor, clock=clock)
    return Closed(closed[0], posted.act, posted.repeated)


def _period(
    connection: Connection, metadata: MetaData, mba: str, pit: datetime.date | None
) -> Period:
    pits = books.pit_dates(connection, metadata, mba, Knowledge())
    end = pit or (pits[-1] if pits else None)
    if end is None or end not in pits:
        listed = ", ".join(str(day) for day in pits) or "none"
        raise UsageError(
            f"no physical inventory of {mba} was taken on {end}", f"Takings known: {listed}."
        )
    earlier = [day for day in pits if day < end]
    if not earlier:
        raise UsageError(
            f"the inventory of {end} is the first of {mba}: no period ends with it",
            "The books begin there.",
        )
    return Period(next_day(earlier[-1]), end)


def _draft(connection: Connection, metadata: MetaData, found: Balance) -> Draft:
    scope = area(connection, metadata, found.place).scope
    lines = [
        (code, category, amount)
        for code, by_category in found.lines.items()
        for category, amount in by_category.items()
    ]
    content = repr([(c, k, a.element_mg, a.fissile_mg, sorted(a.bases)) for c, k, a in lines])
    digest = hashlib.sha256(content.encode()).hexdigest()[:16]
    end = date_number(found.period.end)
    previous = last_closing_act(connection, metadata, found.place, found.period.end)
    act, table = metadata.tables["act"], metadata.tables[CLOSING.name]
    last = connection.execute(
        select(act.c.client_id, act.c.corrects).where(act.c.act_id == previous)
    ).first()
    if last is not None and str(last[0]).endswith(digest):  # closed so before: the same draft
        client_id, corrects = str(last[0]), last[1]
        newest = select(func.max(table.c.through_act)).where(table.c.act_id == previous)
    else:
        client_id = f"period.close:{found.place}:{end}:{previous or 0}:{digest}"
        corrects, newest = previous, select(func.max(act.c.act_id))
    through = connection.execute(newest).scalar()
    made = Draft("period.close", client_id, corrects=corrects)
    for code, category, amount in lines:
        made.add(
            CLOSING.name,
            scope=scope,
            mba=found.place,
            period_from=date_number(found.period.start),
            period_to=end,
            code=code,
            category=str(category),
            element_mg=amount.element_mg,
            fissile_mg=amount.fissile_mg,
            fissile_basis="+".join(sorted(amount.bases)) or None,
            through_act=int(through or 0),
        )
    return made


def last_closing_act(
    connection: Connection, metadata: MetaData, mba: str, end: datetime.date
) -> int | None:
    """Return the last act that closed the period of an MBA ending on a day, or None."""
    table = metadata.tables[CLOSING.name]
    query = select(func.max(table.c.act_id)).where(
        table.c.mba == mba, table.c.period_to == date_number(end)
    )
    found = connection.execute(query).scalar()
    return None if found is None else int(found)


def closed_lines(
    connection: Connection, metadata: MetaData, mba: str, end: datetime.date
) -> tuple[int, Lines] | None:
    """Return the last closing of a period: its act and lines; None if it was never closed."""
    act_id = last_closing_act(connection, metadata, mba, end)
    if act_id is None:
        return None
    table = metadata.tables[CLOSING.name]
    query = select(table).where(
        table.c.act_id == act_id, table.c.mba == mba, table.c.period_to == date_number(end)
    )
    lines: Lines = {}
    for row in connection.execute(query).mappings():
        lines.setdefault(row["code"], {})[Category(row["category"])] = _amount(row)
    return act_id, in_order(lines)


def closings(connection: Connection, metadata: MetaData) -> list[dict[str, Any]]:
    """Return all closings in order: act, MBA, period."""
    table = metadata.tables[CLOSING.name]
    query = (
        select(table.c.act_id, table.c.mba, table.c.period_from, table.c.period_to)
        .distinct()
        .order_by(table.c.act_id)
    )
    return [
        {"act": int(a), "mba": str(m), "from": number_date(f), "to": number_date(t)}
        for a, m, f, t in connection.execute(query)
    ]


def _rounded(connection: Connection, metadata: MetaData, found: Balance, name: str) -> Balance:
    rules = profile(name, found.period.end)
    steps = {category: rules.rounding_step_mg[category.unit] for category in Category}
    lines = rounded_balance(_terms(connection, metadata, found), steps)
    return Balance(found.place, found.period, found.knowledge, lines, "books", found.findings)


def _terms(connection: Connection, metadata: MetaData, found: Balance) -> Terms:
    """Return the unrounded terms of a balance, one per entry or batch."""
    terms: dict[str, dict[Category, list[Amount]]] = {}
    opening = opening_inventory(connection, metadata, found.place, found.period.start, Knowledge())
    terms["PB"] = {category: [amount] for category, amount in opening.items()}
    start, end = date_number(found.period.start), date_number(found.period.end)
    change = metadata.tables[INVENTORY_CHANGE.name]
    query = select(change).where(
        change.c.mba == found.place,
        change.c.event_date.between(start, end),
        change.c.code.not_in(("RM", "RP")),
        effective(change, Knowledge()),
    )
    for row in connection.execute(query).mappings():
        _append(terms, str(row["code"]), row)
    listing = metadata.tables[PHYSICAL_INVENTORY.name]
    query = select(listing).where(
        listing.c.mba == found.place,
        listing.c.pit_date == end,
        effective(listing, Knowledge()),
    )
    terms.setdefault("PE", {})
    for row in connection.execute(query).mappings():
        _append(terms, "PE", row)
    return terms


def _append(
    terms: dict[str, dict[Category, list[Amount]]], code: str, row: Mapping[Any, Any]
) -> None:
    terms.setdefault(code, {}).setdefault(Category(row["category"]), []).append(_amount(row))


def _amount(row: Mapping[Any, Any]) -> Amount:
    fissile = row["fissile_mg"]
    bases = frozenset(str(row["fissile_basis"]).split("+")) if row["fissile_basis"] else frozenset()
    return Amount(int(row["element_mg"]), None if fissile is None else int(fissile), bases)
