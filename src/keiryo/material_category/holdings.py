"""The category of an area on a day: the batches on the book, and what is recorded about them."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from fractions import Fraction

from sqlalchemy import Connection, MetaData, select

from keiryo.accounts.inventory import POOL, BatchOnHand, inventory
from keiryo.accounts.model import Knowledge
from keiryo.accounts.tables import BATCH
from keiryo.material_category.register import recorded_attributes
from keiryo.protection.category import Policy
from keiryo.protection.category_lots import Attributes, Lot, Material
from keiryo.protection.category_report import AreaCategory, area_category
from keiryo.quantities import MG_PER_UNIT, Category

KINDS = {
    Category.PLUTONIUM: "plutonium",
    Category.NATURAL: "natural",
    Category.DEPLETED: "depleted",
    Category.ENRICHED: "enriched",
    Category.UNIFIED: "unified",
    Category.THORIUM: "thorium",
}
"""What the categories of the books are called in the table."""


def category_on(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    on: datetime.date,
    policy: Policy = Policy.PER_ROW_MAX,
    *,
    through_act: int | None = None,
) -> AreaCategory:
    """Return the category of an area, and of its places, at the end of a day.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    mba : str
    on : datetime.date
    policy : Policy
    through_act : int, optional
        Only what had been recorded with this act; default: everything.

    Raises
    ------
    NotFoundError
        If the area is not registered.
    keiryo.protection.inputs.InputError
        If a lot cannot be (``LOT_INVALID``).
    """
    lots = lots_on_hand(connection, metadata, mba, on, through_act=through_act)
    return area_category(mba, on, lots, policy)


def lots_on_hand(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    on: datetime.date,
    *,
    through_act: int | None = None,
) -> list[Lot]:
    """Return what an area holds at the end of a day as lots of the table of categories.

    Notes
    -----
    What a bulk area holds in its pool is one lot for each category of the books; it has the
    attributes of the pool, and its place is called ``(pool)`` where none is recorded.
    """
    found = inventory(connection, metadata, mba, on, Knowledge(through_act=through_act))
    known = recorded_attributes(connection, metadata, mba, on, through_act=through_act)
    pools = _pool_uids(connection, metadata, mba, through_act) if known else {}
    by_name: dict[str, list[BatchOnHand]] = {}
    for row in found.batches:
        name = _pool_name(row.category) if row.batch == POOL else row.batch
        by_name.setdefault(name, []).append(row)
    lots = []
    for name, rows in by_name.items():
        uids = [uid for row in rows if (uid := row.batch_uid or pools.get(name)) is not None]
        told = next((known[uid] for uid in uids if uid in known), None)
        kmp = next((row.kmp for row in rows if row.kmp), None)
        place = told.place if told is not None and told.place else kmp or POOL
        attributes = Attributes() if told is None else told.attributes
        lots.append(Lot(name, _materials(rows), place, attributes))
    return lots


def _materials(rows: Iterable[BatchOnHand]) -> tuple[Material, ...]:
    return tuple(_material(row) for row in rows)


def _material(row: BatchOnHand) -> Material:
    kind, element = KINDS[row.category], _kg(row.amount.element_mg)
    if row.category not in (Category.ENRICHED, Category.UNIFIED):
        return Material(kind, element)
    if row.amount.fissile_mg is None or not row.amount.bases:
        return Material(kind, element, enrichment=row.known_enrichment)
    fissile = _kg(row.amount.fissile_mg)
    if row.amount.bases == {"U-235"}:
        return Material(kind, element, u235_kg=fissile)
    if row.amount.bases == {"U-233"}:
        return Material(kind, element, u233_kg=fissile)
    return Material(kind, element, fissile_kg=fissile)


def _pool_uids(
    connection: Connection, metadata: MetaData, mba: str, through_act: int | None
) -> dict[str, str]:
    """Return the identities of the pools of an area by their names."""
    table = metadata.tables[BATCH.name]
    query = (
        select(table.c.name, table.c.batch_uid)
        .where(table.c.mba == mba, table.c.name.in_([_pool_name(one) for one in Category]))
        .order_by(table.c.act_id, table.c.line_no)
    )
    if through_act is not None:
        query = query.where(table.c.act_id <= through_act)
    return {str(name): str(uid) for name, uid in connection.execute(query)}


def _pool_name(category: Category) -> str:
    return f"(pool {category})"


def _kg(mass_mg: int) -> Fraction:
    return Fraction(mass_mg, MG_PER_UNIT["kg"])
