"""How long batches were in their area: from the day they begin to the day nothing is left.

A batch is gone when entries took away what had come; until then its stay is open. A pool stays as
long as the area. Days are days of the facility.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Connection, MetaData, case, func, select

from keiryo.accounts.model import Knowledge
from keiryo.accounts.tables import BATCH, INVENTORY_CHANGE, PHYSICAL_INVENTORY, effective
from keiryo.dates import number_date
from keiryo.vocabulary import ENTRY_CODES


@dataclass(frozen=True, slots=True)
class Stay:
    """A batch in an area.

    Attributes
    ----------
    batch_uid, mba : str
    start : date
    end : date or None
        The day on which the last of it left; None: it is there.
    """

    batch_uid: str
    mba: str
    start: datetime.date
    end: datetime.date | None

    def text(self) -> str:
        """Return it as ``2025-03-01..2025-09-30``, open with nothing after the dots."""
        return f"{self.start}..{self.end or ''}"


def stays(
    connection: Connection,
    metadata: MetaData,
    *,
    uids: Iterable[str] | None = None,
    mbas: Iterable[str] | None = None,
    most: int | None = None,
) -> list[Stay]:
    """Return the stays of batches, by the day on which they begin.

    Parameters
    ----------
    connection, metadata
        An open reading transaction and the tables.
    uids : iterable of str, optional
        Which batches; default: all.
    mbas : iterable of str, optional
        In which areas; default: all.
    most : int, optional
        How many at most.
    """
    begins = metadata.tables[BATCH.name]
    query = select(
        begins.c.batch_uid, begins.c.mba, func.min(begins.c.event_date).label("day")
    ).group_by(begins.c.batch_uid, begins.c.mba)
    if uids is not None:
        query = query.where(begins.c.batch_uid.in_(list(uids)))
    if mbas is not None:
        query = query.where(begins.c.mba.in_(list(mbas)))
    rows = connection.execute(query.order_by("day", begins.c.batch_uid).limit(most)).all()
    gone = _gone(connection, metadata, {str(row[0]): int(row[2]) for row in rows})
    return [
        Stay(str(uid), str(mba), number_date(day), gone.get(str(uid))) for uid, mba, day in rows
    ]


def _gone(
    connection: Connection, metadata: MetaData, begun: dict[str, int]
) -> dict[str, datetime.date]:
    """Return the day of the last decrease of those of which nothing is left."""
    found: dict[str, datetime.date] = {}
    uids = list(begun)
    for first in range(0, len(uids), _AT_ONCE):
        some = uids[first : first + _AT_ONCE]
        opening = _opening(connection, metadata, some, begun)
        for uid, moved, last in _moved(connection, metadata, some):
            if last is not None and opening.get(uid, 0) + moved <= 0:
                found[uid] = number_date(last)
    return found


_AT_ONCE = 500
"""Batches that are asked for at once: databases take so many names in a question."""


def _moved(
    connection: Connection, metadata: MetaData, uids: list[str]
) -> list[tuple[str, int, int | None]]:
    """Return what entries did to batches in milligrams, and the day of the last decrease."""
    change = metadata.tables[INVENTORY_CHANGE.name]
    signed = case(*((change.c.code == c, s) for c, s in _signs().items() if s), else_=0)
    query = (
        select(
            change.c.batch_uid,
            func.sum(signed * change.c.element_mg),
            func.max(case((signed < 0, change.c.event_date))),
        )
        .where(change.c.batch_uid.in_(uids), effective(change, Knowledge()))
        .group_by(change.c.batch_uid)
    )
    return [(str(uid), int(total or 0), last) for uid, total, last in connection.execute(query)]


def _opening(
    connection: Connection, metadata: MetaData, uids: list[str], begun: dict[str, int]
) -> dict[str, int]:
    """Return what batches weighed that begin with an inventory listing, in milligrams."""
    listing = metadata.tables[PHYSICAL_INVENTORY.name]
    query = (
        select(listing.c.batch_uid, listing.c.pit_date, func.sum(listing.c.element_mg))
        .where(listing.c.batch_uid.in_(uids), effective(listing, Knowledge()))
        .group_by(listing.c.batch_uid, listing.c.pit_date)
    )
    return {
        str(uid): int(weight or 0)
        for uid, day, weight in connection.execute(query)
        if int(day) <= begun[str(uid)]
    }


@cache
def _signs() -> dict[str, int]:
    return {code: entry.batch_sign for code, entry in ENTRY_CODES().items()}
