"""Physical security: categories of material, plans, inspections and findings by facility.

The first page lists the facilities; each has a page with the category of its areas and places, the
plans in force, what inspections found, and what is due. Plans, inspections, findings, the board of
what is due and the compliance view have pages of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from litestar import Response, get
from litestar.params import FromPath
from litestar.response import Stream

from keiryo.errors import NotFoundError
from keiryo.security_regime.finding_states import CLOSED
from keiryo.security_regime.tables_oversight import GOOD_PRACTICE
from keiryo.web.listing import ListColumn, RowList, shown_list
from keiryo.web.pages.protection_boards import compliance_page, due_page
from keiryo.web.pages.protection_categories import (
    area_rows,
    areas_of,
    category_badge,
    found_category,
    is_undecided,
    strictest_of,
)
from keiryo.web.pages.protection_findings import finding_page, findings_page
from keiryo.web.pages.protection_forms import cover_plan, record_plan, step_of_plan
from keiryo.web.pages.protection_forms_visits import (
    plan_visit,
    record_action,
    record_finding,
    step_of_finding,
    step_of_visit,
)
from keiryo.web.pages.protection_inspections import inspection_page, inspections_page
from keiryo.web.pages.protection_known import (
    CAPABILITY,
    CATEGORY,
    DUE_BOARD,
    FACILITIES,
    HOME,
    READING,
    due_now,
    due_row,
    facilities,
    facility_address,
    finding_address,
    inspection_address,
    known,
    overdue_count,
    plan_address,
    scope_words,
    urgent,
)
from keiryo.web.pages.protection_measures import (
    computers_page,
    events_page,
    evidence_page,
    upgrades_page,
)
from keiryo.web.pages.protection_plans import plan_page, plan_row, plans_page
from keiryo.web.pages.protection_tabs import tabs
from keiryo.web.pages.protection_words import (
    CATEGORIES,
    DUE,
    GRADES,
    PLAN_KINDS,
    PLAN_STATES,
    badge,
)
from keiryo.web.rendering import render
from keiryo.web.sections import Hit, MenuEntry, OverviewPart, Section, reads
from keiryo.web.speaking import day_text
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

SHOWN_ON_OVERVIEW = 8
MOST_IN_FULL = 4
"""So many facilities are shown with their areas on the first page; of more, each on its own."""

FACILITY_COLUMNS = (
    ListColumn("facility", sentence("Facility"), "code", href=lambda row: row["href"]),
    ListColumn("category", sentence("Strictest category"), choices=tuple(CATEGORIES.values())),
    ListColumn("undecided", sentence("Areas to be decided on"), "number", filterable=False),
    ListColumn("plans", sentence("Plans in force")),
    ListColumn("open", sentence("Findings open"), "number", filterable=False),
    ListColumn("overdue", sentence("Findings overdue"), "number", filterable=False),
    ListColumn("next", sentence("Due next"), filterable=False, sortable=False),
    ListColumn("next_on", sentence("By when"), "date"),
)


@get(HOME, sync_to_thread=True, opt=READING)
def protection_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """List the facilities: category of material, plans in force, findings, what is due next."""
    scopes = facilities(viewer)
    rows = [_facility_row(viewer, scope) for scope in scopes]
    table = shown_list(request, RowList(rows, FACILITY_COLUMNS), "facilities")
    if isinstance(table, Response | Stream):
        return table
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        cells["category"] = _(row["category"]) if row["category"] else None
        cells["next"] = _(row["next"]) if row["next"] else None
        cells["_kind"] = "error" if row["overdue"] else None
    shown = [scope for scope in scopes if areas_of(viewer, scope)]
    return render(
        request,
        "protection/overview_page.html",
        listed=table,
        total=len(rows),
        tabs=tabs(viewer, HOME),
        in_full=[_facility(viewer, one) for one in shown] if len(shown) <= MOST_IN_FULL else [],
        day=day_text(viewer.today),
        crumbs=[(_("Physical security"), None)],
    )


def _facility_row(viewer: Viewer, scope: str) -> dict[str, Any]:
    found, on = known(viewer), viewer.today
    areas = [found_category(viewer, area) for area in areas_of(viewer, scope)]
    category = strictest_of(areas)
    left = [one for one in found.findings.values() if one.scope == scope and one.state != CLOSED]
    due = [one for one in due_now(viewer) if one.scope == scope and one.due is not None]
    return {
        "facility": scope.rpartition("/")[2],
        "href": facility_address(scope),
        "category": None if category is None else CATEGORIES[str(category)],
        "undecided": sum(is_undecided(one) for one in areas) or None,
        "plans": ", ".join(one.name for one in found.in_force(scope, on)) or None,
        "open": len(left),
        "overdue": sum(one.overdue(on) for one in left),
        "next": DUE[due[0].what] if due else None,
        "next_on": due[0].due if due else None,
    }


@get(FACILITIES + "/{facility:str}", sync_to_thread=True, opt=READING)
def facility_page(request: AnyRequest, viewer: Asking, facility: FromPath[str]) -> Response[Any]:
    """Show a facility: category of its areas and places, plans, findings, what is due."""
    scope = next((o for o in facilities(viewer) if o.rpartition("/")[2] == facility), None)
    if scope is None:
        raise NotFoundError(
            f"there is no facility {facility[:20]!r} that you may see",
            "The page of physical security lists those that you may see.",
        )
    return render(
        request,
        "protection/facility.html",
        one=_facility(viewer, scope),
        day=day_text(viewer.today),
        crumbs=[(_("Physical security"), HOME), (scope_words(viewer, scope), None)],
    )


def _facility(viewer: Viewer, scope: str) -> dict[str, Any]:
    """Return all that a page shows of a facility."""
    found, on = known(viewer), viewer.today
    areas = [found_category(viewer, area) for area in areas_of(viewer, scope)]
    category = strictest_of(areas)
    left = [
        one
        for one in found.findings.values()
        if one.scope == scope and one.state != CLOSED and one.grade != GOOD_PRACTICE
    ]
    due = [one for one in due_now(viewer) if one.scope == scope]
    return {
        "code": scope.rpartition("/")[2],
        "words": scope_words(viewer, scope),
        "href": facility_address(scope),
        "compliance": f"/protection/compliance?facility={scope.rpartition('/')[2]}",
        "category": None if category is None else category_badge(category),
        "areas": area_rows(viewer, areas),
        "may_category": viewer.reads(CATEGORY),
        "plans": [
            {
                **plan_row(viewer, one),
                "kind": _(PLAN_KINDS.get(one.kind, one.kind)),
                "state": badge(PLAN_STATES, one.state),
            }
            for one in found.in_force(scope, on)
        ],
        "open": len(left),
        "overdue": sum(one.overdue(on) for one in left),
        "by_grade": [
            (badge(GRADES, grade), count)
            for grade in GRADES
            if (count := sum(one.grade == grade for one in left))
        ],
        "due": [due_row(viewer, one) for one in due[:SHOWN_ON_OVERVIEW]],
        "due_count": len(due),
    }


# --- overview and search ---------------------------------------------------------------------


def overview_part(viewer: Viewer) -> dict[str, Any] | None:
    """Return what of the security regime is late, near, or waits for somebody."""
    found, items = known(viewer), due_now(viewer)
    if not found.plans and not found.inspections and not found.findings:
        return None
    near = urgent(items)
    return {
        "near": [due_row(viewer, one) for one in near[:SHOWN_ON_OVERVIEW]],
        "near_count": len(near),
        "overdue": overdue_count(items),
        "board": DUE_BOARD,
    }


def find_protection(viewer: Viewer, words: str, most: int) -> Iterator[Hit]:
    """Yield plans by name, title or reference, inspections and findings by name or requirement."""
    if not viewer.reads(CAPABILITY):
        return
    found, wanted = known(viewer), words.casefold()
    hits: list[tuple[tuple[Any, ...], Hit]] = []
    for plan in found.plans.values():
        text = (plan.name, plan.values["title"], plan.values["reference"], plan.values["basis"])
        kind, href = sentence("security plan"), plan_address(*plan.key)
        hits.append((text, Hit(kind, plan.name, href, str(plan.values["title"]))))
    for visit in found.inspections.values():
        kind, href = sentence("security inspection"), inspection_address(visit.name)
        where = scope_words(viewer, visit.scope)
        hits.append(((visit.name, *visit.requirements), Hit(kind, visit.name, href, where)))
    for one in found.findings.values():
        kind, href = sentence("security finding"), finding_address(one.name)
        detail = f"{one.requirement}, {scope_words(viewer, one.scope)}"
        hits.append(((one.name, one.requirement), Hit(kind, one.name, href, detail)))
    chosen = [hit for text, hit in hits if wanted in "\n".join(map(str, text)).casefold()]
    yield from sorted(chosen, key=lambda hit: wanted not in hit.title.casefold())[:most]


GROUP = sentence("Security")

SECTION = Section(
    "protection",
    handlers=(
        *(protection_page, facility_page, plans_page, plan_page, inspections_page),
        *(inspection_page, findings_page, finding_page, due_page, compliance_page),
        *(events_page, upgrades_page, computers_page, evidence_page),
        *(record_plan, step_of_plan, cover_plan, plan_visit, step_of_visit),
        *(record_finding, record_action, step_of_finding),
    ),
    menu=(MenuEntry(sentence("Physical security"), HOME, GROUP, 10, reads(CAPABILITY)),),
    overview=(
        OverviewPart(
            "protection",
            sentence("Physical security"),
            46,
            reads(CAPABILITY),
            overview_part,
            "protection/overview.html",
        ),
    ),
    search=(find_protection,),
)
"""What physical security brings to the pages."""
