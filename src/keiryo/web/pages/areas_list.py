"""The list of areas, and their part of the overview: what stands on each book today."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Any

from litestar import Response, get
from litestar.response import Stream

from keiryo.accounts import books
from keiryo.accounts.balance import opening_inventory
from keiryo.accounts.inventory import inventory
from keiryo.accounts.model import NOW, Amount
from keiryo.dates import Period, next_day
from keiryo.journal.tables import JOURNAL
from keiryo.oversight.finding_state import open_by_area
from keiryo.places.model import MaterialBalanceArea
from keiryo.places.registration import KIND as REGISTERING
from keiryo.quantities import Category
from keiryo.web.listing import ListColumn, RowList, shown_list
from keiryo.web.pages.areas_frame import FINDINGS, address, element_text, figure_address
from keiryo.web.pages.areas_inventory import lines_to_read
from keiryo.web.rendering import render
from keiryo.web.speaking import day_text, number_text
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

MOST_LINES = 1_000
"""Lines of an area up to which its effective kilograms are counted while a page waits."""
EXPORTED_DECIMALS = 12

CATEGORY_TITLES: Mapping[str, str] = {
    "N": sentence("Natural U"),
    "D": sentence("Depleted U"),
    "E": sentence("Enriched U"),
    "U": sentence("Unified U"),
    "P": sentence("Plutonium"),
    "T": sentence("Thorium"),
}


@dataclass(frozen=True, slots=True)
class AreaNow:
    """An area as it stands today.

    Effective kilograms and significant quantities are counted batch by batch; None where the
    batches are too many to be followed while a page waits.
    """

    area: MaterialBalanceArea
    last_pit: datetime.date | None
    days_since: int | None
    book: Mapping[Category, Amount]
    open_findings: int
    effective_kg: Fraction | None = None
    significant: Fraction | None = None


def areas_now(viewer: Viewer) -> tuple[AreaNow, ...]:
    """Return the areas that the viewer sees, as they stand today.

    Each is remembered until something is recorded about it.
    """
    if not viewer.reads("accounts"):
        return tuple(AreaNow(area, None, None, {}, 0) for area in viewer.areas.values())
    findings = open_findings(viewer)
    return tuple(
        replace(_remembered_now(viewer, area), open_findings=findings.get(code, 0))
        for code, area in viewer.areas.items()
    )


def open_findings(viewer: Viewer) -> Mapping[str | None, int]:
    """Return how many findings are open about each area that has any.

    They come and go more often than books change, and are remembered by themselves.
    """

    def count() -> dict[str | None, int]:
        with viewer.books.reading() as connection:
            return open_by_area(connection, viewer.metadata)

    last = viewer.server.last_acts.by(JOURNAL.name, viewer.head)
    return viewer.server.remembered.get(("open findings", viewer.sight), last, count)


def _remembered_now(viewer: Viewer, area: MaterialBalanceArea) -> AreaNow:
    """Return an area as it stands, without its findings."""
    last = viewer.server.last_acts.about_books(area.scope, viewer.head)
    key = ("area now", viewer.sight, area.scope)
    as_of = (last, viewer.today)
    return viewer.server.remembered.get(key, as_of, partial(_area_now, viewer, area))


def _area_now(viewer: Viewer, area: MaterialBalanceArea) -> AreaNow:
    metadata, today, code = viewer.metadata, viewer.today, area.code
    with viewer.books.reading() as connection:
        pits = books.pit_dates(connection, metadata, code, NOW)
        book = opening_inventory(connection, metadata, code, next_day(today), NOW)
        effective = significant = None
        if lines_to_read(connection, metadata, code, pits, today, NOW) <= MOST_LINES:
            found = inventory(connection, metadata, code, today)
            effective = found.effective_kg()[0]
            significant = sum(found.significant_quantities().values(), Fraction(0))
    last = max((pit for pit in pits if pit <= today), default=None)
    days = None if last is None else (today - last).days
    return AreaNow(area, last, days, book, 0, effective, significant)


def area_columns(rows: Sequence[AreaNow], *, with_accounts: bool) -> tuple[ListColumn, ...]:
    """Return the columns of the list of areas: the categories that are on any book."""
    columns = [
        ListColumn("mba", sentence("Area"), "code", href=_area_href if with_accounts else None),
        ListColumn("facility", sentence("Facility"), "code"),
        ListColumn("type", sentence("Type"), choices=("item", "bulk", "LOF")),
    ]
    if any(row.area.name for row in rows):
        columns.insert(1, ListColumn("name", sentence("Name")))
    if not with_accounts:
        return tuple(columns)
    columns.append(ListColumn("last_pit", sentence("Last PIT"), "date", filterable=False))
    columns.append(ListColumn("days_since", sentence("Days since"), "number", filterable=False))
    columns.append(
        ListColumn(
            "open_findings",
            sentence("Findings"),
            "number",
            filterable=False,
            href=lambda row: address(FINDINGS, mba=row["mba"]) if row["open_findings"] else None,
        )
    )
    columns.append(ListColumn("effective_kg", sentence("Effective kg"), "number", filterable=False))
    columns.append(ListColumn("sq", sentence("SQ"), "number", filterable=False))
    for category in categories_on_books(rows):
        columns.append(
            ListColumn(
                f"{category}_mg",
                CATEGORY_TITLES[category],
                "mass",
                filterable=False,
                href=partial(_why_href, category),
            )
        )
    return tuple(columns)


class ExportedNumber(float):
    """A number that is ordered as one and written with twelve decimals, as services write it."""

    text: str

    def __new__(cls, value: Fraction) -> ExportedNumber:
        """Keep how an exact value is written."""
        made = super().__new__(cls, value)
        decimal = Decimal(round(value * 10**EXPORTED_DECIMALS)).scaleb(-EXPORTED_DECIMALS)
        made.text = format(decimal, "f").rstrip("0").rstrip(".")
        return made

    def __str__(self) -> str:
        return self.text


def _counted(value: Fraction | None, *, exact: bool) -> float | None:
    if value is None:
        return None
    return ExportedNumber(value) if exact else round(float(value), 3)


def _why_href(category: Category, row: Mapping[str, Any]) -> str | None:
    found: str | None = row["_why"].get(category)
    return found


def _area_href(row: Mapping[str, Any]) -> str:
    return address("/areas", row["mba"])


def categories_on_books(rows: Sequence[AreaNow]) -> list[Category]:
    """Return the categories that are on any book."""
    return [c for c in Category if any(c in r.book and not r.book[c].is_zero for r in rows)]


def book_address(now: AreaNow, category: Category, today: datetime.date) -> str:
    """Return where the book inventory of today is explained: its chain, or the itemised list."""
    begin = None if now.last_pit is None else next_day(now.last_pit)
    if begin is None or begin > today:
        return address("/areas", now.area.code, "inventory")
    return figure_address(now.area.code, Period(begin, today), "BA", category)


def area_row(now: AreaNow, today: datetime.date, *, exact: bool) -> dict[str, Any]:
    """Return an area as a row of the list; weights in milligrams.

    Effective kilograms and significant quantities have three decimals on pages; `exact`, for
    exports, twelve: they are fractions that may have no end.
    """
    return {
        "mba": now.area.code,
        "name": now.area.name,
        "facility": now.area.facility,
        "type": now.area.type,
        "last_pit": now.last_pit,
        "days_since": now.days_since,
        "open_findings": now.open_findings,
        "effective_kg": _counted(now.effective_kg, exact=exact),
        "sq": _counted(now.significant, exact=exact),
        "_why": {category: book_address(now, category, today) for category in now.book},
        **{f"{category}_mg": amount.element_mg for category, amount in now.book.items()},
    }


@get("/areas", sync_to_thread=True, opt={"reads": "places"})
def areas_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show the areas that the viewer sees."""
    rows = areas_now(viewer)
    columns = area_columns(rows, with_accounts=viewer.reads("accounts"))
    exact = bool(request.query_params.get("format"))
    shown = [area_row(row, viewer.today, exact=exact) for row in rows]
    listed = shown_list(request, RowList(shown, columns), "areas")
    if isinstance(listed, Response | Stream):
        return listed
    return render(
        request,
        "areas.html",
        listed=listed,
        may_register=viewer.may_post_somewhere(REGISTERING),
        crumbs=[(_("Areas"), None)],
    )


def sees_books(viewer: Viewer) -> bool:
    """Return whether the viewer reads the books of any area."""
    return viewer.reads("accounts") and bool(viewer.areas)


def overview_areas(viewer: Viewer) -> Mapping[str, Any] | None:
    """Return the areas with their book inventory, for the overview; None if there are none."""
    rows = areas_now(viewer)
    if not rows:
        return None
    present = categories_on_books(rows)
    return {
        "columns": [
            {"key": "mba", "title": _("Area")},
            {"key": "last_pit", "title": _("Last PIT"), "kind": "date"},
            {"key": "days_since", "title": _("Days since"), "kind": "number"},
            *(
                {"key": str(c), "title": _(CATEGORY_TITLES[c]), "kind": "number", "unit": c.unit}
                for c in present
            ),
            {"key": "effective_kg", "title": _("Effective kg"), "kind": "number"},
            {"key": "sq", "title": _("SQ"), "kind": "number"},
            {"key": "open_findings", "title": _("Findings"), "kind": "number"},
        ],
        "rows": [_overview_row(row, present, viewer.today) for row in rows],
    }


def _counted_text(row: AreaNow, value: Fraction | None) -> tuple[str, str]:
    """Return a count with the way to the batches that it was counted over."""
    text = "…" if value is None else number_text(float(value), 3)
    return text, address("/areas", row.area.code, "inventory")


def _overview_row(
    row: AreaNow, present: Sequence[Category], today: datetime.date
) -> dict[str, Any]:
    code = row.area.code
    title = f"{code} {row.area.name}" if row.area.name else code
    cells: dict[str, Any] = {
        "mba": (title, address("/areas", code)),
        "last_pit": day_text(row.last_pit) if row.last_pit else _("none yet"),
        "days_since": row.days_since,
        "open_findings": row.open_findings or None,
        "effective_kg": _counted_text(row, row.effective_kg),
        "sq": _counted_text(row, row.significant),
    }
    if row.open_findings:
        cells["open_findings"] = (number_text(row.open_findings), address(FINDINGS, mba=code))
    for category in present:
        if category in row.book:
            text = element_text(category, row.book[category].element_mg)
            cells[str(category)] = (text, book_address(row, category, today))
    return cells
