"""What closing a period would record, before anybody closes it.

The same steps as `keiryo.accounts.closing.close_period`, up to the posting: the period that a
taking ended, its balance with or without rounding, and whether it was closed in these very words
before.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from sqlalchemy import Connection, MetaData, func, select

from keiryo.accounts import books, closing
from keiryo.accounts.balance import balance, computed_lines
from keiryo.accounts.model import NOW, Balance, Lines
from keiryo.accounts.tables import INVENTORY_CHANGE, PHYSICAL_INVENTORY, effective
from keiryo.dates import Period, date_number
from keiryo.storage.schema import ACT


@dataclass(frozen=True, slots=True)
class ClosingPreview:
    """What closing would record, and how that lies beside what was reported and closed.

    Attributes
    ----------
    balance : Balance
        What closing records.
    computed : Lines
        The balance from the books, unrounded.
    reported : Lines
        The balance as reported for the period; empty if it was not.
    closed_act : int or None
        The last act that closed the period.
    same : bool
        Whether that act records the same; closing again would record nothing.
    """

    balance: Balance
    computed: Lines
    reported: Lines
    closed_act: int | None
    same: bool

    @property
    def period(self) -> Period:
        """The period."""
        return self.balance.period


def closing_preview(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    pit: datetime.date | None = None,
    *,
    rounding_profile: str | None = None,
) -> ClosingPreview:
    """Return what closing a period would record.

    Parameters
    ----------
    connection, metadata
        An open reading transaction and the tables.
    mba : str
    pit : datetime.date, optional
        Day of the taking that ended the period; default: the last one.
    rounding_profile : str, optional
        Name of a profile whose rounding the balance takes.

    Raises
    ------
    UsageError
        If no physical inventory was taken on that day, or none before it.
    NotFoundError
        If the area or the profile is not there.
    """
    period = closing._period(connection, metadata, mba, pit)
    plain = balance(connection, metadata, mba, start=period.start, end=period.end)
    found = plain
    if rounding_profile is not None:
        found = closing._rounded(connection, metadata, plain, rounding_profile)
    computed = dict(plain.lines)
    if plain.source != "books":
        computed = dict(computed_lines(connection, metadata, mba, period, plain.knowledge))
    reported = books.reported_balance(connection, metadata, mba, period, plain.knowledge)
    closed_act = closing.last_closing_act(connection, metadata, mba, period.end)
    same = False
    if closed_act is not None:
        act = metadata.tables[ACT]
        query = select(act.c.client_id).where(act.c.act_id == closed_act)
        last = connection.execute(query).scalar()
        same = closing._draft(connection, metadata, found).client_id == last
    return ClosingPreview(
        found, {c: dict(by) for c, by in computed.items()}, reported, closed_act, same
    )


def takings(connection: Connection, metadata: MetaData, mba: str) -> list[datetime.date]:
    """Return the days of the physical inventory takings of an area that are known now."""
    return books.pit_dates(connection, metadata, mba, NOW)


@dataclass(frozen=True, slots=True)
class Listing:
    """How much a physical inventory listing has: batches, lines, and the reports it came in."""

    batches: int
    lines: int
    reports: tuple[int, ...]


def listing_of(connection: Connection, metadata: MetaData, mba: str, pit: datetime.date) -> Listing:
    """Return what was listed at a taking, as it is effective now."""
    table = metadata.tables[PHYSICAL_INVENTORY.name]
    where = (
        table.c.mba == mba,
        table.c.pit_date == date_number(pit),
        effective(table, NOW),
    )
    query = select(func.count(), func.count(table.c.batch.distinct())).where(*where)
    lines, batches = connection.execute(query).one()
    numbers = select(table.c.report_no).where(*where, table.c.report_no.is_not(None)).distinct()
    reports = sorted(int(number) for number in connection.execute(numbers).scalars())
    return Listing(int(batches), int(lines), tuple(reports))


def reaches_back(
    connection: Connection, metadata: MetaData, mba: str, period: Period, after_act: int
) -> list[int]:
    """Return the acts after an act with lines of an area that reach into a period, in order."""
    change, listed = (metadata.tables[k.name] for k in (INVENTORY_CHANGE, PHYSICAL_INVENTORY))
    start, end = date_number(period.start), date_number(period.end)
    found: set[int] = set()
    for table, day in ((change, change.c.event_date), (listed, listed.c.pit_date)):
        query = (
            select(table.c.act_id)
            .where(table.c.mba == mba, day.between(start, end), table.c.act_id > after_act)
            .distinct()
        )
        found.update(int(number) for number in connection.execute(query).scalars())
    return sorted(found)
