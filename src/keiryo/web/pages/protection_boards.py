"""Boards of the security regime: what is due, and which requirement is addressed by which plan."""

from __future__ import annotations

from typing import Any

from litestar import Response, get
from litestar.response import Stream

from keiryo.errors import NotFoundError
from keiryo.security_regime.compliance import ComplianceRow, compliance, shipped_checklist
from keiryo.web.listing import ListColumn, RowList, shown_list
from keiryo.web.pages.protection_known import (
    CAPABILITY,
    COMPLIANCE,
    DUE_BOARD,
    HOME,
    READING,
    due_now,
    due_row,
    facilities,
    facility_address,
    finding_address,
    inspection_address,
    page_of_node,
    plan_address,
    scope_words,
)
from keiryo.web.pages.protection_tabs import tabs
from keiryo.web.pages.protection_words import ADDRESSED, DUE, badge
from keiryo.web.rendering import render
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

OVERDUE, DUE_LATER, WAITS = sentence("overdue"), sentence("to come"), sentence("waits")

DUE_COLUMNS = (
    ListColumn("what", sentence("What"), choices=tuple(DUE.values())),
    ListColumn("name", sentence("Record"), "code", href=lambda row: row["href"]),
    ListColumn(
        "facility", sentence("Facility"), "code", href=lambda row: facility_address(row["scope"])
    ),
    ListColumn("due", sentence("By when"), "date"),
    ListColumn("standing", sentence("Deadline"), choices=(OVERDUE, DUE_LATER, WAITS)),
    ListColumn("days_left", sentence("Days left"), "number", filterable=False),
    ListColumn("owner", sentence("Who has to do it")),
)


@get(DUE_BOARD, sync_to_thread=True, opt=READING)
def due_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """List what is due as of today, or waits for somebody; the most urgent first."""
    items = due_now(viewer)
    rows = []
    for one in items:
        standing = WAITS if one.days_left is None else OVERDUE if one.overdue else DUE_LATER
        rows.append(
            {
                "what": DUE[one.what],
                "name": one.name,
                "href": page_of_node(one.node),
                "scope": one.scope,
                "facility": one.scope.rpartition("/")[2],
                "due": one.due,
                "standing": standing,
                "days_left": one.days_left,
                "owner": one.owner,
                "item": one,
            }
        )
    table = shown_list(request, RowList(rows, DUE_COLUMNS), "security-due")
    if isinstance(table, Response | Stream):
        return table
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        cells["what"] = _(row["what"])
        shown = due_row(viewer, row["item"])
        cells["standing"] = {"text": _(row["standing"]), "badge": shown["badge"]}
    return render(
        request,
        "protection/due.html",
        listed=table,
        total=len(rows),
        tabs=tabs(viewer, DUE_BOARD),
        crumbs=[(_("Physical security"), HOME), (_("What is due"), None)],
    )


# --- compliance ------------------------------------------------------------------------------

COMPLIANCE_COLUMNS = (
    ListColumn("requirement", sentence("Requirement"), "code"),
    ListColumn("title", sentence("Title")),
    ListColumn("addressed", sentence("Addressed"), choices=tuple(ADDRESSED.values())),
    ListColumn("plans", sentence("Plans in force")),
    ListColumn("last_inspected", sentence("Last inspected"), "date"),
    ListColumn("inspection", sentence("Inspection"), "code", hidden=True),
    ListColumn("open_findings", sentence("Findings open")),
    ListColumn("overdue", sentence("Findings overdue"), "number", filterable=False),
    ListColumn("source", sentence("Source"), hidden=True),
    ListColumn("in_checklist", sentence("On the checklist"), "number", hidden=True),
)


@get(COMPLIANCE, sync_to_thread=True, opt=READING)
def compliance_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Tell which requirement is addressed at a facility, and when it was inspected."""
    scopes = facilities(viewer)
    asked = str(request.query_params.get("facility", ""))
    scope = next((o for o in scopes if o.rpartition("/")[2] == asked), None)
    if asked and scope is None:
        raise NotFoundError(
            f"there is no facility {asked[:20]!r} that you may see",
            "The page of physical security lists those that you may see.",
        )
    if scope is None:
        inner = [one for one in scopes if one != viewer.state]
        scope = (inner or scopes or [viewer.state])[0]
    rows = [_row(one) for one in _compliance(viewer, scope)]
    code = scope.rpartition("/")[2]
    table = shown_list(request, RowList(rows, COMPLIANCE_COLUMNS), f"compliance-{code}")
    if isinstance(table, Response | Stream):
        return table
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        cells["title"] = _(row["title"]) if row["title"] else None
        cells["addressed"] = badge(ADDRESSED, row["name"])
        cells["_plans"] = [(each, plan_address(*each.split("/", 1))) for each in row["plan_names"]]
        cells["_findings"] = [(each, finding_address(each)) for each in row["found"]]
        if row["inspection"]:
            cells["_visit"] = inspection_address(row["inspection"])
    return render(
        request,
        "protection/compliance.html",
        listed=table,
        total=len(rows),
        facility=scope_words(viewer, scope),
        code=code,
        options=[(one.rpartition("/")[2], scope_words(viewer, one)) for one in scopes],
        counts=[
            (badge(ADDRESSED, name), sum(row["name"] == name for row in rows)) for name in ADDRESSED
        ],
        tabs=tabs(viewer, COMPLIANCE),
        crumbs=[(_("Physical security"), HOME), (_("Compliance"), None)],
    )


def _compliance(viewer: Viewer, scope: str) -> list[ComplianceRow]:
    on = viewer.today

    def find() -> list[ComplianceRow]:
        with viewer.books.reading() as connection:
            return compliance(connection, viewer.metadata, scope, shipped_checklist(), on)

    last = viewer.server.last_acts.by(CAPABILITY, viewer.head)
    key = ("security compliance", scope, viewer.sight)
    return viewer.server.remembered.get(key, (last, on), find)


def _row(one: ComplianceRow) -> dict[str, Any]:
    return {
        "requirement": one.requirement.ref,
        "title": one.requirement.title,
        "source": one.requirement.source,
        "addressed": ADDRESSED[one.addressed],
        "name": one.addressed,
        "plans": ", ".join(one.plans) or None,
        "plan_names": one.plans,
        "last_inspected": one.last_inspected,
        "inspection": one.inspection,
        "open_findings": ", ".join(one.open_findings) or None,
        "found": one.open_findings,
        "overdue": one.overdue,
        "in_checklist": int(one.in_checklist),
    }
