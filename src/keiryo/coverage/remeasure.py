"""The items of an area: their coverage at an instant, and the list of those to re-measure.

On the list for a period is every item whose continuity of knowledge was lost in it and that no
later re-verification made good, with the masses that the book holds of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, MetaData, select

from keiryo.accounts.inventory import BatchOnHand, inventory
from keiryo.accounts.model import Knowledge
from keiryo.accounts.tables import BATCH
from keiryo.containment.instants import shown
from keiryo.containment.register import contents
from keiryo.containment.values import Value
from keiryo.coverage.descent import POOL
from keiryo.coverage.facts import facts_of
from keiryo.coverage.item import ItemCoverage, item_coverage
from keiryo.coverage.loss import NEVER, Loss, history
from keiryo.errors import UsageError
from keiryo.places.tables import area
from keiryo.quantities import format_weight


@dataclass(frozen=True, slots=True)
class Mass:
    """What the book holds of an item in one category.

    Attributes
    ----------
    category : str
    element_mg : int
    fissile_mg : int or None
        None where it is not stated.
    unit : str
        Unit in which the element weight is reported: ``g`` or ``kg``.
    """

    category: str
    element_mg: int
    fissile_mg: int | None
    unit: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data: milligrams, and texts in the units of reports."""
        return {
            "category": self.category,
            "element_mg": self.element_mg,
            "fissile_mg": self.fissile_mg,
            "element": format_weight(self.element_mg, self.unit),
            "unit": self.unit,
        }


@dataclass(frozen=True, slots=True)
class ToRemeasure:
    """An item of the re-measure list.

    Attributes
    ----------
    batch_uid, name : str
    losses : tuple of Loss
        Those of the period that nothing made good.
    held_in : tuple of str
        Containments in which it is at the end of the period.
    masses : tuple of Mass
        Empty: the book holds nothing of it by name.
    """

    batch_uid: str
    name: str
    losses: tuple[Loss, ...]
    held_in: tuple[str, ...]
    masses: tuple[Mass, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        first = self.losses[0]
        return {
            "batch": self.batch_uid,
            "name": self.name,
            "lost_since": shown(first.since),
            "value": first.value.name,
            "held_in": list(self.held_in),
            "masses": [one.to_dict() for one in self.masses],
        }


@dataclass(frozen=True, slots=True)
class RemeasureList:
    """The items of an area to be re-measured or re-verified for a period.

    Attributes
    ----------
    mba : str
    begin, end : datetime
        The period, half-open.
    items : tuple of ToRemeasure
    never : tuple of str
        Batches on the book that were never in a containment: they had no continuity to lose.
    """

    mba: str
    begin: datetime
    end: datetime
    items: tuple[ToRemeasure, ...]
    never: tuple[str, ...]

    def totals(self) -> tuple[Mass, ...]:
        """Return the masses of all items by category."""
        found: dict[str, Mass] = {}
        for mass in (mass for item in self.items for mass in item.masses):
            one = found.get(mass.category, Mass(mass.category, 0, 0, mass.unit))
            known = one.fissile_mg is not None and mass.fissile_mg is not None
            fissile = (one.fissile_mg or 0) + (mass.fissile_mg or 0) if known else None
            element_mg = one.element_mg + mass.element_mg
            found[mass.category] = Mass(mass.category, element_mg, fissile, mass.unit)
        return tuple(found[category] for category in sorted(found))

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "mba": self.mba,
            "from": shown(self.begin),
            "to": shown(self.end),
            "items": [one.to_dict() for one in self.items],
            "totals": [one.to_dict() for one in self.totals()],
            "never_in_containment": list(self.never),
        }


@dataclass(frozen=True, slots=True)
class AreaCoverage:
    """The coverage of the items of an area at an instant."""

    mba: str
    at: datetime
    known_at: datetime | None
    through_act: int | None
    items: tuple[ItemCoverage, ...]

    def totals(self) -> dict[str, int]:
        """Return how many items have each value."""
        counted = Counter(one.value.name for one in self.items)
        return {value.name: counted[value.name] for value in Value}

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        continuity = Counter(one.continuity for one in self.items)
        return {
            "mba": self.mba,
            "at": shown(self.at),
            "known_at": None if self.known_at is None else shown(self.known_at),
            "through_act": self.through_act,
            "items": len(self.items),
            "totals": self.totals(),
            "continuity": dict(sorted(continuity.items())),
            "batches": [one.to_dict() for one in self.items],
        }


def coverage_of_area(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    at: datetime,
    *,
    known_at: datetime | None = None,
    through_act: int | None = None,
) -> AreaCoverage:
    """Return the coverage of every item of an area at an instant.

    Items are the batches on the book at the end of that day in the zone of the area, and what is
    in a containment then.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    mba : str
    at : datetime
    known_at, through_act
        See `keiryo.coverage.item.coverage_at`.

    Raises
    ------
    NotFoundError
        If the area is not registered.
    """
    on_book = _on_book(connection, metadata, mba, at, through_act)
    held = contents(connection, metadata, mba, known_at=known_at, through_act=through_act)
    uids = sorted({*on_book, *(one.batch_uid for one in held if one.time.holds(at))})
    facts = facts_of(connection, metadata, uids, known_at=known_at, through_act=through_act)
    items = tuple(item_coverage(facts, uid, at) for uid in uids)
    return AreaCoverage(mba, at, known_at, through_act, items)


def remeasure_list(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    begin: datetime,
    end: datetime,
    *,
    known_at: datetime | None = None,
    through_act: int | None = None,
) -> RemeasureList:
    """Return the items of an area that are to be re-measured or re-verified for a period.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    mba : str
    begin, end : datetime
        The period, half-open.
    known_at, through_act
        See `keiryo.coverage.item.coverage_at`.

    Returns
    -------
    RemeasureList
        An item that is no longer on the book and in no containment is left out: its material is
        in what it became, which inherits its past.

    Raises
    ------
    NotFoundError
        If the area is not registered.
    UsageError
        If the period ends before it begins.
    """
    if end <= begin:
        raise UsageError("the period ends before it begins", "Give --from before --to.")
    on_book = _on_book(connection, metadata, mba, end, through_act)
    stays = contents(connection, metadata, mba, known_at=known_at, through_act=through_act)
    held: dict[str, list[str]] = {}
    for one in stays:
        if one.time.begin < end and (one.time.end is None or end <= one.time.end):
            held.setdefault(one.batch_uid, []).append(f"{mba}/{one.containment}")
    uids = sorted({*on_book, *held})
    facts = facts_of(connection, metadata, uids, known_at=known_at, through_act=through_act)
    items, never = [], []
    for uid in uids:
        past = history(facts, uid)
        lost = tuple(x for x in past.losses if x.restored is None and x.since < end)
        if lost:
            name = facts.origin(uid).name
            masses = tuple(_mass(row) for row in on_book.get(uid, ()))
            items.append(
                ToRemeasure(uid, name, lost, tuple(sorted(set(held.get(uid, ())))), masses)
            )
        elif past.continuity == NEVER:
            never.append(uid)
    return RemeasureList(mba, begin, end, tuple(items), tuple(never))


def _mass(row: BatchOnHand) -> Mass:
    fissile = row.amount.fissile_mg if row.amount.bases else None
    return Mass(str(row.category), row.amount.element_mg, fissile, row.category.unit)


def _on_book(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    at: datetime,
    through_act: int | None,
) -> dict[str, list[BatchOnHand]]:
    """Return what the book holds by identity at the end of the day of an instant."""
    zone = area(connection, metadata, mba).zone
    day = _day_of(at, zone)
    rows = inventory(connection, metadata, mba, day, Knowledge(through_act=through_act)).batches
    latest = _latest_uids(connection, metadata, mba, through_act, {row.batch for row in rows})
    found: dict[str, list[BatchOnHand]] = {}
    for row in rows:
        uid = row.batch_uid or latest.get(row.batch)
        if uid is not None:
            found.setdefault(uid, []).append(row)
    return found


def _day_of(at: datetime, zone: str) -> date:
    """Return the day of an instant; midnight belongs to the day that ends with it."""
    return (at - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).date()


def _latest_uids(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    through_act: int | None,
    names: Iterable[str],
) -> dict[str, str]:
    """Return the latest identity of each name in an area, without pools."""
    table, known = metadata.tables[BATCH.name], set(names)
    query = (
        select(table.c.name, table.c.batch_uid)
        .where(table.c.mba == mba, table.c.kind != POOL)
        .order_by(table.c.act_id, table.c.line_no)
    )
    if through_act is not None:
        query = query.where(table.c.act_id <= through_act)
    return {row[0]: row[1] for row in connection.execute(query) if row[0] in known}
