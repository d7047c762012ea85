"""The general ledger of an area, the history of a batch, and the accounts that stand against it."""

from __future__ import annotations

import datetime
from typing import Any

import polars as pl
from sqlalchemy import ColumnElement, Connection, MetaData, and_, func, select

from keiryo.accounts import books
from keiryo.accounts.balance import REBATCHING, opening_inventory
from keiryo.accounts.book_sums import are_most_lines
from keiryo.accounts.equations import book_sign
from keiryo.accounts.model import ZERO, Amount, Knowledge, Lines
from keiryo.accounts.tables import (
    INVENTORY_CHANGE,
    PHYSICAL_INVENTORY,
    effective,
    entry_line,
    known,
    resolved,
    unindexed,
)
from keiryo.dates import Period, date_number, number_date
from keiryo.errors import NotFoundError
from keiryo.places.tables import area, areas
from keiryo.quantities import Category
from keiryo.vocabulary import entry_code

LEDGER_SCHEMA = {
    "date": pl.Date,
    "report": pl.Int64,
    "entry": pl.Int64,
    "code": pl.String,
    "batch": pl.String,
    "category": pl.String,
    "element_change_mg": pl.Int64,
    "fissile_change_mg": pl.Int64,
    "element_book_mg": pl.Int64,
    "fissile_book_mg": pl.Int64,
    "act": pl.Int64,
    "line": pl.Int64,
}

HISTORY_SCHEMA = {
    "date": pl.Date,
    "what": pl.String,
    "report": pl.Int64,
    "entry": pl.Int64,
    "status": pl.String,
    "effective": pl.Boolean,
    "category": pl.String,
    "element_mg": pl.Int64,
    "fissile_mg": pl.Int64,
    "items": pl.Int64,
    "kmp": pl.String,
    "mdc": pl.String,
    "known_on": pl.Date,
    "act": pl.Int64,
    "line": pl.Int64,
}


def general_ledger(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    period: Period,
    *,
    category: Category | None = None,
    knowledge: Knowledge | None = None,
) -> pl.DataFrame:
    """Return the running book of an area: what it began with, and each effective change.

    Parameters
    ----------
    connection, metadata
        An open reading transaction and the tables.
    mba : str
    period : Period
    category : Category, optional
        Default: all, one after the other.
    knowledge : Knowledge, optional

    Returns
    -------
    polars.DataFrame
        Columns as in `LEDGER_SCHEMA`; weights in milligrams. Within a day increases come before
        category changes and decreases. Rebatching does not touch the book of the area.
    """
    area(connection, metadata, mba)
    seen = resolved(connection, metadata, knowledge or Knowledge())
    opening = opening_inventory(connection, metadata, mba, period.start, seen)
    table = metadata.tables[INVENTORY_CHANGE.name]
    query = select(table).where(
        table.c.mba == mba,
        table.c.code.not_in(REBATCHING),
        table.c.event_date.between(date_number(period.start), date_number(period.end)),
        effective(table, seen),
    )
    changes = sorted(
        connection.execute(query).mappings(),
        key=lambda r: (r["event_date"], entry_code(r["code"]).day_rank, r["act_id"], r["line_no"]),
    )
    rows: list[tuple[Any, ...]] = []
    present = {*opening, *(Category(row["category"]) for row in changes)}
    for wanted in [c for c in Category if c in present and category in (None, c)]:
        book = opening.get(wanted, ZERO)
        before = period.start - datetime.timedelta(days=1)
        first = [before, None, None, "PB", None, str(wanted), None, None]
        rows.append((*first, book.element_mg, book.fissile_mg, None, None))
        for row in changes:
            if row["category"] == wanted:
                book = book + _change(row, wanted)
                rows.append(_ledger_row(row, wanted, book))
    return pl.DataFrame(rows, schema=LEDGER_SCHEMA, orient="row")


def _change(row: Any, category: Category) -> Amount:
    sign = -1 if row["code"] == "DI" else book_sign(row["code"], category)
    fissile = row["fissile_mg"]
    return Amount(int(row["element_mg"]), None if fissile is None else int(fissile)).times(sign)


def _ledger_row(row: Any, category: Category, book: Amount) -> tuple[Any, ...]:
    change = _change(row, category)
    return (
        number_date(row["event_date"]),
        row["report_no"],
        row["entry_no"],
        row["code"],
        row["batch"],
        str(category),
        change.element_mg,
        change.fissile_mg,
        book.element_mg,
        book.fissile_mg,
        row["act_id"],
        row["line_no"],
    )


def of_batch(
    connection: Connection, metadata: MetaData, table: Any, mba: str, batch: str
) -> ColumnElement[bool]:
    """Return the condition that a line of an area is of a batch.

    There is no index of batches: to keep one would make an import take a third longer. Where an
    area has a large part of the lines, all lines are read through instead of those of the area.
    """
    place = table.c.mba
    if table.name == INVENTORY_CHANGE.name and are_most_lines(connection, metadata, mba):
        place = unindexed(place, "")
    return and_(table.c.batch == batch, place == mba)


def batch_history(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    batch: str,
    knowledge: Knowledge | None = None,
) -> pl.DataFrame:
    """Return everything that was stated about a batch name in an area, superseded lines too.

    Raises
    ------
    NotFoundError
        If nothing was.
    """
    area(connection, metadata, mba)
    seen = resolved(connection, metadata, knowledge or Knowledge())
    rows: list[tuple[Any, ...]] = []
    for name, day, what in (
        (PHYSICAL_INVENTORY.name, "pit_date", "physical inventory"),
        (INVENTORY_CHANGE.name, "event_date", "code"),
    ):
        table = metadata.tables[name]
        query = (
            select(table, effective(table, seen).label("counts"))
            .where(of_batch(connection, metadata, table, mba, batch), known(table, seen))
            .order_by(table.c.act_id, table.c.line_no)
        )
        for row in connection.execute(query).mappings():
            rows.append(
                (
                    None if row[day] is None else number_date(row[day]),
                    row["code"] if what == "code" else what,
                    row["report_no"],
                    row["entry_no"],
                    row["status"],
                    bool(row["counts"]),
                    *(row[c] for c in ("category", "element_mg", "fissile_mg")),
                    *(row[c] for c in ("items", "kmp", "mdc")),
                    number_date(row["known_on"]),
                    row["act_id"],
                    row["line_no"],
                )
            )
    if not rows:
        raise NotFoundError(
            f"nothing is recorded about a batch {batch!r} of {mba}",
            f"List what is there with 'keiryo inventory {mba} --on DATE'.",
        )
    rows.sort(key=lambda r: (r[0] or datetime.date.min, r[-2], r[-1]))
    return pl.DataFrame(rows, schema=HISTORY_SCHEMA, orient="row")


def counter_accounts(
    connection: Connection,
    metadata: MetaData,
    mbas: list[str],
    on: datetime.date,
    knowledge: Knowledge | None = None,
) -> dict[str, dict[Category, Amount]]:
    """Return what stands against the books of some areas: by account, by category.

    Every change takes from one account and gives to another: what the book of an area gains, some
    account loses. The retained-waste and exemption registers are two of these accounts. Together
    with the books they add up to nothing but the opening inventories.
    """
    seen = resolved(connection, metadata, knowledge or Knowledge())
    period = Period(datetime.date(1900, 1, 1), on)
    changed: Lines = books.changes(connection, metadata, mbas, period, seen)
    accounts: dict[str, dict[Category, Amount]] = {}
    for code, by_category in changed.items():
        if code in REBATCHING:
            continue
        name = entry_code(code).counter
        for category, amount in by_category.items():
            sign = 1 if code == "DI" else -book_sign(code, category)
            slot = accounts.setdefault(name, {})
            slot[category] = slot.get(category, ZERO) + amount.times(sign)
    return {name: {c: by[c] for c in Category if c in by} for name, by in sorted(accounts.items())}


def summary(connection: Connection, metadata: MetaData) -> dict[str, int]:
    """Return how much the books hold: areas, entries, corrections."""
    table = metadata.tables[INVENTORY_CHANGE.name]
    entries = select(func.count()).select_from(table).where(entry_line(table) == table.c.line_no)
    corrections = select(func.count()).select_from(table).where(table.c.status.in_(("C", "D")))
    return {
        "areas": len(areas(connection, metadata)),
        "entries": int(connection.execute(entries).scalar() or 0),
        "corrections": int(connection.execute(corrections).scalar() or 0),
    }
