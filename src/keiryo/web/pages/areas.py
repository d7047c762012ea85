"""The books of the areas: the list, the page of an area, and what hangs on it.

The page of an area shows its material balance over a period, every figure with the way to the acts
behind it, what was reported beside what the books give, and the book inventory over time, as known
now or on an earlier day (INFCIRC/153 (Corrected), paragraphs 67, 98, 102 and 113).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from litestar import Response, get
from litestar.params import FromPath

from keiryo.accounts import books
from keiryo.accounts.balance import balance, computed_lines, in_order, opening_inventory
from keiryo.accounts.book_curve import BookHistory, beginning_of_books, book_curve
from keiryo.accounts.model import Amount, Lines
from keiryo.dates import Period, next_day
from keiryo.errors import Finding
from keiryo.places.tables import key_measurement_points
from keiryo.quantities import Category
from keiryo.web.pages.areas_audit import AUDIT_PACK, may_take_pack, start_pack
from keiryo.web.pages.areas_batches import batch_by_query, batch_page, batches_page
from keiryo.web.pages.areas_closed import changed_since, figure_rows
from keiryo.web.pages.areas_coverage import area_coverage
from keiryo.web.pages.areas_frame import (
    FINDINGS,
    AreaPage,
    address,
    category_name,
    element_text,
    figure_address,
    has_fissile,
)
from keiryo.web.pages.areas_inventory import INVENTORY_JOB, inventory_page, start_inventory
from keiryo.web.pages.areas_ledger import ledger_page
from keiryo.web.pages.areas_list import (
    areas_page,
    open_findings,
    overview_areas,
    sees_books,
)
from keiryo.web.pages.areas_register import (
    may_register,
    new_area_page,
    register_area,
    register_page,
    register_point,
)
from keiryo.web.pages.areas_reports import closings_page, reports_page
from keiryo.web.pages.areas_search import find_areas, find_batches
from keiryo.web.pictures.inventory_chart import InventoryLabels, inventory_chart
from keiryo.web.pictures.inventory_data import BookCurve, Taking
from keiryo.web.pictures.inventory_pointed import (
    GRAMS,
    KILOGRAMS,
    WeightUnit,
    inventory_pointed,
)
from keiryo.web.pictures.writing import Writing
from keiryo.web.rendering import render
from keiryo.web.sections import MenuEntry, OverviewPart, Section, reads
from keiryo.web.speaking import day_text, language, mass_g, number_text
from keiryo.web.speaking import gettext as _
from keiryo.web.terms import entry_code_meaning
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking

CHART_YEARS = 5


@dataclass(frozen=True, slots=True)
class AreaBalance:
    """The balance of a period: as computed from the books, and as it was reported."""

    period: Period
    computed: Lines
    reported: Lines
    agrees: bool
    findings: tuple[Finding, ...]

    @property
    def codes(self) -> list[str]:
        """The lines of the balance, in the order of a material balance report."""
        together: dict[str, Mapping[Category, Amount]] = {**self.reported, **self.computed}
        return list(in_order(together))

    @property
    def categories(self) -> list[Category]:
        """The categories that occur."""
        lines = (*self.computed.values(), *self.reported.values())
        present = {c for by_category in lines for c in by_category}
        return [c for c in Category if c in present]


@get("/areas/{mba:str}", sync_to_thread=True, opt={"reads": "accounts"})
def area_page(request: AnyRequest, viewer: Asking, mba: FromPath[str]) -> Response[Any]:
    """Show an area: what it is, its balance over a period, its book over time."""
    page = AreaPage(request, viewer, mba)
    period, standing = page.period(), page.standing
    shown = closed_by = changed = None
    if period is not None:
        shown = page.remembered("balance", lambda c: _balance(c, page, period), period)
        closed_by = standing.closed.get(period.end)
    if period is not None and shown is not None and closed_by is not None:
        lines, act = shown.computed, closed_by
        changed = page.remembered(
            "changed since closed", lambda c: changed_since(c, page, period, act, lines), period
        )
    return render(
        request,
        "area.html",
        **page.frame(""),
        points=page.remembered("points", lambda c: _points(c, page)),
        cards=_book_cards(page),
        open_findings=open_findings(viewer).get(page.mba, 0),
        findings_href=address(FINDINGS, mba=page.mba),
        standing=standing,
        last_pit=standing.pits[-1] if standing.pits else None,
        days_since=(page.today - standing.pits[-1]).days if standing.pits else None,
        period=period,
        period_choices=_period_choices(page, period),
        closed_by=closed_by,
        changed=changed,
        changed_rows=figure_rows(changed),
        table=None if shown is None else _table(page, shown),
        shown=shown,
        chart=page.remembered("chart", lambda c: _chart(c, page), language()),
        may_register=may_register(viewer, page.area),
        may_take_pack=may_take_pack(viewer, page.area),
        pack_period=period,
        watched=area_coverage(page),
    )


def _balance(connection: Any, page: AreaPage, period: Period) -> AreaBalance:
    metadata, mba, seen = page.viewer.metadata, page.mba, page.knowledge
    found = balance(connection, metadata, mba, start=period.start, end=period.end, knowledge=seen)
    computed: Mapping[str, Mapping[Category, Amount]] = found.lines
    if found.source != "books":
        computed = computed_lines(connection, metadata, mba, period, seen)
    reported = books.reported_balance(connection, metadata, mba, period, seen)
    lines: Lines = {code: dict(by_category) for code, by_category in computed.items()}
    return AreaBalance(period, lines, reported, found.source == "report", found.findings)


def _points(connection: Any, page: AreaPage) -> dict[str, tuple[str, str | None]]:
    return key_measurement_points(connection, page.viewer.metadata, page.mba)


def _book_cards(page: AreaPage) -> list[dict[str, Any]]:
    """Return the book inventory of today by category, each with the way to what it rests on."""

    def build(connection: Any) -> dict[Category, Amount]:
        evening = next_day(page.today)
        metadata = page.viewer.metadata
        return opening_inventory(connection, metadata, page.mba, evening, page.knowledge)

    now, cards = page.standing.open, []
    for category, amount in page.remembered("book", build).items():
        note = ""
        if has_fissile(category, amount):
            note = _("fissile %(weight)s g", weight=mass_g(amount.fissile_mg))
        href = None if now is None else figure_address(page.mba, now, "BA", category)
        cards.append(
            {
                "label": category_name(category),
                "value": element_text(category, amount.element_mg),
                "unit": f"{category.unit} {category.element}",
                "href": href,
                "note": note,
                "negative": amount.element_mg < 0,
            }
        )
    return cards


def _period_choices(page: AreaPage, chosen: Period | None) -> list[tuple[str, str]]:
    standing, choices = page.standing, []
    for period in standing.periods:
        words = f"{day_text(period.start)} – {day_text(period.end)}"
        if period == standing.open:
            words = _("%(period)s, open", period=words)
        elif period.end in standing.closed:
            words = _("%(period)s, closed", period=words)
        else:
            words = _("%(period)s, not closed yet", period=words)
        choices.append((f"{period.start}..{period.end}", words))
    if chosen is not None and chosen not in standing.periods:
        words = f"{day_text(chosen.start)} – {day_text(chosen.end)}"
        choices.insert(0, (f"{chosen.start}..{chosen.end}", words))
    return choices


def _table(page: AreaPage, shown: AreaBalance) -> dict[str, Any]:
    """Return the balance as a table: a row for each line, columns for each category."""
    columns = []
    for category in shown.categories:
        columns.append((category, "element"))
        amounts = (by.get(category) for by in shown.computed.values())
        if any(has_fissile(category, amount) for amount in amounts):
            columns.append((category, "fissile"))
    rows = []
    for code in shown.codes:
        computed, reported = shown.computed.get(code, {}), shown.reported.get(code, {})
        cells = [
            _cell(page, shown, code, category, what, computed.get(category), reported.get(category))
            for category, what in columns
        ]
        rows.append({"code": code, "meaning": entry_code_meaning(code), "cells": cells})
    heads = [(c, category_name(c), sum(1 for x, _w in columns if x == c)) for c in shown.categories]
    units = [
        f"{c.unit} {c.element}" if what == "element" else _("g fissile") for c, what in columns
    ]
    return {"heads": heads, "units": units, "rows": rows, "any_reported": bool(shown.reported)}


def _cell(
    page: AreaPage,
    shown: AreaBalance,
    code: str,
    category: Category,
    what: str,
    computed: Amount | None,
    reported: Amount | None,
) -> dict[str, Any] | None:
    """Return one figure: what the books give, and what was reported where that is another."""
    own, stated = _weight(computed, what), _weight(reported, what)
    if own is None and stated is None:
        return None
    differs = stated is not None and stated != own

    def text(weight_mg: int) -> str:
        return element_text(category, weight_mg) if what == "element" else mass_g(weight_mg)

    href = figure_address(page.mba, shown.period, code, category)
    return {
        "text": None if own is None else text(own),
        "href": href if len(code) <= 4 else None,
        "reported": text(stated) if differs and stated is not None else None,
        "missing": bool(shown.reported) and stated is None and code in shown.reported and own != 0,
    }


def _weight(amount: Amount | None, what: str) -> int | None:
    if amount is None:
        return None
    return amount.element_mg if what == "element" else amount.fissile_mg


def _chart(connection: Any, page: AreaPage) -> dict[str, Any] | None:
    """Return the book inventory of the last years; None if the books are empty.

    As a picture, and as the data of the chart that can be pointed at.
    """
    metadata, last = page.viewer.metadata, page.today
    if page.knowledge.known_on is not None:
        last = min(last, page.knowledge.known_on)
    begin = beginning_of_books(connection, metadata, page.mba, page.knowledge)
    if begin is None or begin > last:
        return None
    first = max(next_day(begin), last.replace(year=last.year - CHART_YEARS, day=1))
    if first > last:
        first = last
    history = book_curve(connection, metadata, page.mba, first, last, knowledge=page.knowledge)
    drawn, labels = curves(history), _chart_labels(page.mba)
    takings = [
        Taking(day, {str(c): _mg(book, c) for c in history.categories})
        for day, book in history.takings
    ]
    writing = Writing(count=number_text, day=day_text)
    picture = inventory_chart(
        drawn,
        takings=takings,
        today=page.today if last == page.today else None,
        labels=labels,
        writing=writing,
    )
    data = inventory_pointed(
        drawn,
        takings=takings,
        units={str(c): _weight_unit(c) for c in Category},
        labels=labels,
        writing=writing,
        date_label=_("Date"),
    )
    return {"picture": picture, "data": data}


def _weight_unit(category: Category) -> WeightUnit:
    digits = KILOGRAMS if category.unit == "kg" else GRAMS
    return WeightUnit(f"{category.unit} {category.element}", digits)


def _chart_labels(mba: str) -> InventoryLabels:
    return InventoryLabels(
        title=_("Book inventory of %(mba)s", mba=mba),
        description=_(
            "Book inventory from {first} to {last} as step curves: {curves}. "
            "{takings} physical inventory takings."
        ),
        no_data=_("Nothing is in the books yet."),
        today=_("today"),
        taking=_("physical inventory"),
        difference=_("book less physical inventory"),
        negative=_("negative book"),
        fissile=_("fissile"),
        categories={str(c): category_name(c) for c in Category},
    )


def _mg(book: Mapping[Category, Amount], category: Category) -> int:
    return book[category].element_mg if category in book else 0


def curves(history: BookHistory) -> list[BookCurve]:
    """Return the book over time as curves of element weight."""
    return [
        BookCurve(str(c), tuple((day, _mg(book, c)) for day, book in history.points))
        for c in history.categories
    ]


SECTION = Section(
    "areas",
    handlers=(
        *(areas_page, area_page, ledger_page, inventory_page, start_inventory),
        *(batches_page, batch_page, batch_by_query, reports_page, closings_page),
        *(new_area_page, register_page, register_area, register_point, start_pack),
    ),
    menu=(MenuEntry(sentence("Areas"), "/areas", "Books", 10, reads("places"), key="m"),),
    overview=(
        OverviewPart(
            "areas",
            sentence("Areas"),
            60,
            sees_books,
            overview_areas,
            "areas/overview.html",
            wide=True,
        ),
    ),
    search=(find_areas, find_batches),
    jobs=(AUDIT_PACK, INVENTORY_JOB),
)
