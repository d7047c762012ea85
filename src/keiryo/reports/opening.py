"""The opening inventory of an area: the lines with which its books begin."""

from __future__ import annotations

from sqlalchemy import Connection, MetaData, select

from keiryo.accounts.batches import BatchBook
from keiryo.accounts.tables import PHYSICAL_INVENTORY
from keiryo.dates import date_number
from keiryo.errors import Finding, RefusedError, Severity
from keiryo.journal.model import Draft, Value
from keiryo.reports.context import AreaContext, Context
from keiryo.reports.entries import basis_text


def require_new_books(
    connection: Connection, metadata: MetaData, context: Context, name: str
) -> None:
    """Refuse a context for an area whose books have begun: its opening would count twice."""
    table = metadata.tables[PHYSICAL_INVENTORY.name]
    query = select(table.c.mba).where(table.c.mba.in_(list(context.areas))).distinct()
    begun = sorted(str(mba) for (mba,) in connection.execute(query))
    if begun:
        raise RefusedError(
            "the context was refused",
            [
                Finding(
                    "CONTEXT-EXISTS",
                    Severity.FORMAT,
                    f"the books of {mba} have begun; a second opening inventory would count twice",
                    "Leave the context out, or take this area out of it.",
                    file=name,
                    mba=mba,
                    basis="INFCIRC/153 para 102",
                )
                for mba in begun
            ],
        )


def add_opening(
    connection: Connection,
    metadata: MetaData,
    draft: Draft,
    context: Context,
    area_context: AreaContext,
) -> None:
    """Add the opening inventory of an area: its batches, and the ending that was reported."""
    place = area_context.area
    day = date_number(context.prior_pit)
    batches = BatchBook(connection, metadata, place, draft)
    common: dict[str, Value] = {"scope": place.scope, "mba": place.code, "known_on": day}
    for entry in area_context.inventory:
        assert entry.batch is not None
        uid = batches.present(entry.batch, day)
        groups = entry.groups()
        for group in groups:
            batches.merge(uid, day, group.category)
        first = len(draft.lines) + 1
        for group in groups:
            draft.add(
                "physical_inventory",
                common,
                pit_date=day,
                entry_line=first if len(groups) > 1 else None,
                kmp=entry.kmp,
                batch=entry.batch,
                batch_uid=uid,
                items=entry.items,
                mdc=entry.mdc,
                basis=basis_text(entry),
                category=str(group.category),
                element_mg=group.element_mg,
                fissile_mg=group.fissile_mg,
                fissile_basis=group.fissile_basis,
            )
        for number, group in enumerate(groups):
            for nuclide, mass_mg in group.isotopes:
                draft.add(
                    "isotope_weight",
                    scope=place.scope,
                    parent_line=first + number,
                    nuclide=nuclide,
                    mass_mg=mass_mg,
                )
    if not area_context.inventory:
        draft.add("physical_inventory", common, pit_date=day, status="U")
    for category, (element_mg, fissile_mg) in area_context.ending.items():
        draft.add(
            "reported_balance",
            common,
            code="PE",
            period_from=day,
            period_to=day,
            category=str(category),
            element_mg=element_mg,
            fissile_mg=fissile_mg,
            fissile_basis=None if fissile_mg is None else "U-235",
        )
