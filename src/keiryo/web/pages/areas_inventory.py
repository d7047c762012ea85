"""The book inventory of an area by batch on a day: the itemised list, also in national categories.

Following the batches means reading every change since the last physical inventory taking. Where
those are many, the list is made as a job.
"""

from __future__ import annotations

import csv
import datetime
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Stream
from sqlalchemy import Connection, MetaData, func, select

from keiryo.accounts.balance import opening_inventory
from keiryo.accounts.book_sums import NAME as BOOK_SUM_NAME
from keiryo.accounts.inventory import POOL, Inventory, inventory
from keiryo.accounts.ledger_pages import line_counts
from keiryo.accounts.model import Amount, Knowledge
from keiryo.accounts.national_view import NationalBatch, national_inventory
from keiryo.api import knowledge_of
from keiryo.dates import Period, next_day, parse_date
from keiryo.errors import KeiryoError, NotFoundError
from keiryo.places.tables import area as registered_area
from keiryo.profiles import profile, profile_names
from keiryo.quantities import Category
from keiryo.web.jobs import JobKind, Tell
from keiryo.web.listing import ListColumn, RowList, safe_cell, shown_list
from keiryo.web.pages.areas_frame import (
    AreaPage,
    batch_address,
    category_name,
    element_text,
    has_fissile,
    why_address,
)
from keiryo.web.rendering import render
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import mass_g, number_text
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

MOST_AT_ONCE = 20_000
"""Lines to be read up to which the list is made while the page waits."""

CODE_10 = "code10"
ITEMISED = sentence("Itemised list of an area")

QUICKER = 4
"""How much quicker it is to read what was stated of an enrichment than to follow a change."""


@dataclass(frozen=True, slots=True)
class ItemisedList:
    """The book inventory by batch, with national categories where they are asked for."""

    found: Inventory
    national: Mapping[tuple[str, Category], NationalBatch]
    effective_kg: Fraction
    assumed: bool
    significant: Mapping[Category, Fraction]


@get("/areas/{mba:str}/inventory", sync_to_thread=True, opt={"reads": "accounts"})
def inventory_page(
    request: AnyRequest, viewer: Asking, mba: FromPath[str]
) -> Response[Any] | Stream:
    """Show what the area holds at the end of a day, batch by batch."""
    page = AreaPage(request, viewer, mba)
    on, names = page.day("on", page.today), _names(request)
    pits, seen = page.standing.pits, page.knowledge
    lines = page.remembered(
        "lines to read",
        lambda c: lines_to_read(c, viewer.metadata, page.mba, pits, on, seen),
        on,
    )
    common: dict[str, Any] = {
        **page.frame("inventory"),
        "on": on,
        "names": names,
        "profiles": [name for name in profile_names() if name != CODE_10],
        "standing": page.standing,
        "totals": _totals(page, on),
        "lines": lines,
    }
    found = None
    if lines <= MOST_AT_ONCE:
        found = page.remembered(
            "inventory", lambda c: _itemised(c, viewer, page.mba, on, page.knowledge, names),
            on, names,
        )  # fmt: skip
    if found is None:
        return render(request, "area_inventory.html", **common, listed=None, found=None)
    listed = shown_list(
        request, RowList(_rows(found), _columns(page, found)), f"inventory-{page.mba}-{on}"
    )
    if isinstance(listed, Response | Stream):
        return listed
    return render(
        request,
        "area_inventory.html",
        **common,
        listed=listed,
        found=found,
        is_taking=on in page.standing.pits,
        effective_kg=number_text(float(found.effective_kg), 3),
        significant=[(category_name(c), number_text(float(v), 3))
                     for c, v in found.significant.items()],
    )  # fmt: skip


def _names(request: AnyRequest) -> str:
    """Return the profile whose categories are asked for; empty: those of Code 10."""
    asked = str(request.query_params.get("names", ""))
    return asked if asked in profile_names() else ""


def lines_to_read(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    pits: Sequence[datetime.date],
    on: datetime.date,
    knowledge: Knowledge,
) -> int:
    """Return how many lines are to be read for a list, those that are read quickly as a part.

    These are the changes since the last taking, and whatever was ever stated of the enrichment of
    natural and depleted uranium.
    """
    earlier = [pit for pit in pits if pit <= on]
    first = next_day(earlier[-1]) if earlier else datetime.date(1900, 1, 1)
    lines = 0
    if first <= on:
        counts = line_counts(connection, metadata, mba, Period(first, on), knowledge)
        lines = sum(count.lines for count in counts)
    sums = metadata.tables[BOOK_SUM_NAME]
    query = select(func.sum(sums.c.fissile_count)).where(
        sums.c.mba == mba,
        sums.c.category.in_(("N", "D")),
        sums.c.month <= on.year * 100 + on.month,
    )
    stated = int(connection.execute(query).scalar() or 0)
    return lines + stated // QUICKER


def _totals(page: AreaPage, on: datetime.date) -> list[dict[str, Any]]:
    def build(connection: Any) -> dict[Category, Amount]:
        metadata, evening = page.viewer.metadata, next_day(on)
        return opening_inventory(connection, metadata, page.mba, evening, page.knowledge)

    return [
        {
            "label": category_name(category),
            "value": element_text(category, amount.element_mg),
            "unit": f"{category.unit} {category.element}",
            "note": _("fissile %(weight)s g", weight=mass_g(amount.fissile_mg))
            if has_fissile(category, amount)
            else "",
        }
        for category, amount in page.remembered("book on", build, on).items()
    ]


def _itemised(
    connection: Any, viewer: Viewer, mba: str, on: datetime.date, seen: Knowledge, names: str
) -> ItemisedList:
    found = inventory(connection, viewer.metadata, mba, on, seen)
    national: dict[tuple[str, Category], NationalBatch] = {}
    if names:
        rules = profile(names, on)
        view = national_inventory(connection, viewer.metadata, mba, on, rules, seen)
        national = {(row.batch.batch, row.batch.category): row for row in view.batches}
    effective, assumed = found.effective_kg()
    return ItemisedList(found, national, effective, assumed, found.significant_quantities())


def _rows(made: ItemisedList) -> list[dict[str, Any]]:
    rows = []
    for batch in made.found.batches:
        national = made.national.get((batch.batch, batch.category))
        fissile = batch.amount.fissile_mg if batch.amount.bases else None
        rows.append(
            {
                "batch": batch.batch,
                "kmp": batch.kmp,
                "mdc": batch.mdc,
                "category": str(batch.category),
                "national": None if national is None else national.category,
                "items": batch.items,
                "element_mg": batch.amount.element_mg,
                "fissile_mg": fissile,
                "enrichment_percent": _percent(batch.enrichment),
                "remark": None if national is None else national.remark or None,
                "batch_uid": batch.batch_uid,
            }
        )
    return rows


def _percent(enrichment: Fraction | None) -> float | None:
    return None if enrichment is None else round(float(enrichment * 100), 4)


def _columns(page: AreaPage, made: ItemisedList) -> tuple[ListColumn, ...]:
    def batch_href(row: Mapping[str, Any]) -> str | None:
        return None if row["batch"] == POOL else batch_address(page, row["batch"])

    def why_href(row: Mapping[str, Any]) -> str | None:
        return why_address(f"batch:{row['batch_uid']}") if row["batch_uid"] else None

    letters = tuple(str(c) for c in Category)
    columns = [
        ListColumn("batch", sentence("Batch"), "code", href=batch_href),
        ListColumn("kmp", sentence("KMP"), "code"),
        ListColumn("mdc", sentence("MDC"), "code"),
        ListColumn("category", sentence("Category"), "code", choices=letters),
        ListColumn("items", sentence("Items"), "number", filterable=False),
        ListColumn("element_mg", sentence("Element"), "mass", filterable=False, href=why_href),
        ListColumn("fissile_mg", sentence("Fissile"), "mass", filterable=False),
        ListColumn("enrichment_percent", sentence("Enrichment, %"), "number", filterable=False),
        ListColumn("batch_uid", sentence("Identity"), "code", hidden=True, filterable=False),
    ]
    if made.national:
        columns.insert(4, ListColumn("national", sentence("National category"), "code"))
    if any(row.remark for row in made.national.values()):
        columns.append(ListColumn("remark", sentence("Remark"), filterable=False))
    return tuple(columns)


@post(
    "/areas/{mba:str}/inventory/list",
    status_code=200,
    sync_to_thread=True,
    opt={"reads": "accounts"},
)
def start_inventory(request: AnyRequest, viewer: Asking, mba: FromPath[str]) -> Response[Any]:
    """Start making the itemised list of an area with very many changes."""
    asked = list_asked(viewer, mba, viewer.field("on")[:20], viewer.field("known")[:60])
    number = request.app.state.jobs.start(viewer, INVENTORY_JOB.name, ITEMISED, asked)
    return Redirect(f"/jobs/{number}", status_code=303)


def list_asked(viewer: Viewer, mba: str, on: str, known: str) -> dict[str, str]:
    """Return the parameters of the job that makes an itemised list.

    Parameters
    ----------
    on : str
        Day; empty: today at the facility.
    known : str
        Number of an act, or a day; empty: as known now.

    Raises
    ------
    NotFoundError
        If there is no such area that the viewer sees.
    UsageError
        If the state of knowledge makes no sense.
    """
    area = viewer.area(mba)
    knowledge_of(known or None, None)
    return {"mba": area.code, "on": on or str(viewer.today_at(area.code)), "known": known}


def run_inventory(viewer: Viewer, parameters: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Make the itemised list and hand it out as a file; exact, and never localised."""
    mba = str(parameters["mba"])
    known = knowledge_of(str(parameters["known"]) or None, None)
    try:
        on = parse_date(str(parameters["on"]))
    except ValueError as error:
        raise KeiryoError(str(error), "Write the day as 2025-12-31.") from None
    tell(0, 2, "")
    with viewer.books.reading() as connection:
        if mba not in viewer.areas:
            raise NotFoundError(f"there is no MBA {mba} that you may see")
        registered_area(connection, viewer.metadata, mba)
        found = inventory(connection, viewer.metadata, mba, on, known)
    tell(1, 2, "")
    handle, path = tempfile.mkstemp(prefix="keiryo-inventory-", suffix=".csv")
    frame = found.frame()
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(frame.columns)
        writer.writerows([safe_cell(value) for value in row] for row in frame.iter_rows())
    tell(2, 2, "")
    return {"file": path, "file_name": f"inventory-{mba}-{on}.csv", "batches": len(found.batches)}


INVENTORY_JOB = JobKind("inventory", run_inventory)
