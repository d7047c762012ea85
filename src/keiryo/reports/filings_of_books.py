"""What the areas have filed, out of the books: the accepted reports and what came before them."""

from __future__ import annotations

import datetime
from collections import defaultdict
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.accounts.tables import PHYSICAL_INVENTORY, REPORTED_BALANCE, entry_line
from keiryo.dates import number_date
from keiryo.journal.tables import EVIDENCE
from keiryo.places.tables import areas
from keiryo.quantities import Category
from keiryo.reports.context import AreaContext, Context, read_context
from keiryo.reports.export import entry_of_rows, isotopes_of_acts, recorded_reports
from keiryo.reports.filed import Filings
from keiryo.reports.filing import file_reports, in_order_of_date
from keiryo.reports.issued import issued_reports
from keiryo.reports.model import Entry
from keiryo.reports.tables import EARLIER_REPORT, REPORTING_CONTEXT
from keiryo.storage.evidence import EvidenceStore


def filings_of_books(
    connection: Connection,
    metadata: MetaData,
    evidence: EvidenceStore | None = None,
    *,
    known_on: datetime.date | None = None,
) -> Filings:
    """Return everything that was received or issued, with corrections applied.

    Areas whose books are kept from movements alone, without reports, are left out. With the
    evidence store, registers that the books began with (retained waste, exemptions, loss limits)
    are read from the contexts that are kept there. With `known_on`, only reports dated by that
    day count.
    """
    reports = list(recorded_reports(connection, metadata))
    issued = list(issued_reports(connection, metadata))
    if issued:  # a plant's own reports and what came in beside them, in the order of their dates
        reports = in_order_of_date([*reports, *issued])
    context = context_of_books(connection, metadata, evidence)
    if known_on is not None:
        reports = [r for r in reports if r.date is not None and r.date <= known_on]
    return file_reports(reports, context, areas(connection, metadata))


def context_of_books(
    connection: Connection, metadata: MetaData, evidence: EvidenceStore | None = None
) -> Context | None:
    """Return what came before the first reports, put together from all contexts recorded.

    Where areas began on different days, the books as a whole begin on the earliest; each area
    keeps its own opening.
    """
    table = metadata.tables[REPORTING_CONTEXT.name]
    rows = connection.execute(select(table).order_by(table.c.act_id)).mappings().all()
    if not rows:
        return None
    registered = areas(connection, metadata)
    inventories = _inventories(connection, metadata)
    endings = _endings(connection, metadata)
    earlier = _earlier(connection, metadata)
    found: dict[str, AreaContext] = {}
    began: dict[str, int] = {}
    for row in rows:
        mba = str(row["mba"])
        place = registered.get(mba)
        if place is None or mba in found:
            continue
        began[mba] = int(row["prior_pit"])
        key = (mba, began[mba])
        found[mba] = AreaContext(
            place,
            row["last_report_no"],
            earlier.get(mba, {}),
            tuple(inventories.get(key, ())),
            endings.get(key, {}),
            prior_pit=number_date(began[mba]),
        )
    days = [row["as_of"] for row in rows if row["as_of"] is not None]
    limits = [r["transit_limit_days"] for r in rows if r["transit_limit_days"] is not None]
    context = Context(
        next(iter(registered.values())).state,
        number_date(max(days)) if days else None,
        number_date(min(began.values())),
        min(limits) if limits else None,
        found,
    )
    if evidence is None:
        return context
    return _with_registers(connection, metadata, evidence, context)


def _with_registers(
    connection: Connection, metadata: MetaData, evidence: EvidenceStore, context: Context
) -> Context:
    """Return the context with the registers that its files state; the first word counts."""
    table, began = metadata.tables[EVIDENCE.name], metadata.tables[REPORTING_CONTEXT.name]
    query = (
        select(table.c.digest, table.c.name)
        .where(table.c.role == "context", table.c.kept == 1)
        .where(table.c.act_id.in_(select(began.c.act_id)))
        .order_by(table.c.act_id)
    )
    for digest, name in connection.execute(query):
        stated, _ = read_context(evidence.get(str(digest)), str(name))
        if stated is None:
            continue
        registers = {
            mba: replace(
                own,
                retained_waste=own.retained_waste or stated.areas[mba].retained_waste,
                loss_limits_mg=own.loss_limits_mg or stated.areas[mba].loss_limits_mg,
            )
            if mba in stated.areas
            else own
            for mba, own in context.areas.items()
        }
        context = replace(
            context,
            areas=registers,
            exempted=context.exempted or stated.exempted,
            entry_into_force=context.entry_into_force or stated.entry_into_force,
        )
    return context


def _inventories(connection: Connection, metadata: MetaData) -> dict[tuple[str, int], list[Entry]]:
    """Return the opening inventories by area and day."""
    table = metadata.tables[PHYSICAL_INVENTORY.name]
    context = metadata.tables[REPORTING_CONTEXT.name]
    query = (
        select(table, entry_line(table).label("first_line"))
        .where(table.c.report_no.is_(None), table.c.category.is_not(None))
        .where(table.c.act_id.in_(select(context.c.act_id)))
        .order_by(table.c.act_id, table.c.line_no)
    )
    rows = connection.execute(query).mappings().all()
    isotopes = isotopes_of_acts(connection, metadata, {int(row["act_id"]) for row in rows})
    groups: dict[tuple[int, int], list[Any]] = defaultdict(list)
    for row in rows:
        groups[(int(row["act_id"]), int(row["first_line"]))].append(row)
    found: dict[tuple[str, int], list[Entry]] = defaultdict(list)
    for same in groups.values():
        listed = found[(str(same[0]["mba"]), int(same[0]["pit_date"]))]
        listed.append(entry_of_rows(same, isotopes, number=len(listed) + 1))
    return found


def _endings(
    connection: Connection, metadata: MetaData
) -> dict[tuple[str, int], dict[Category, tuple[int, int | None]]]:
    """Return the ending inventories that were reported before the books began."""
    table = metadata.tables[REPORTED_BALANCE.name]
    query = select(table).where(table.c.report_no.is_(None), table.c.code == "PE")
    found: dict[tuple[str, int], dict[Category, tuple[int, int | None]]] = defaultdict(dict)
    for row in connection.execute(query).mappings():
        amounts = found[(str(row["mba"]), int(row["period_to"]))]
        amounts[Category(row["category"])] = (int(row["element_mg"]), row["fissile_mg"])
    return found


def _earlier(connection: Connection, metadata: MetaData) -> dict[str, dict[int, int]]:
    table = metadata.tables[EARLIER_REPORT.name]
    found: dict[str, dict[int, int]] = defaultdict(dict)
    for row in connection.execute(select(table)).mappings():
        found[str(row["mba"])][int(row["report_no"])] = int(row["entry_count"])
    return found
