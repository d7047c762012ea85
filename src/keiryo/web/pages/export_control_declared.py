"""What is announced and declared: the clock of advance notifications, and a quarter's exports.

Transfers of nuclear material out of the State are announced by effective kilograms (INFCIRC/153,
paragraph 92); exports of the equipment and materials of Annex II are declared quarter by quarter
(INFCIRC/540, article 2.a.(ix)).
"""

from __future__ import annotations

import datetime
from fractions import Fraction
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get
from litestar.response import Stream

from keiryo.dates import Period, days_later
from keiryo.errors import UsageError
from keiryo.export_control.books import EXPORT, IMPORT
from keiryo.export_control.declaration import declaration, quarter
from keiryo.export_control.notification import (
    BEFORE,
    LIMIT_EFFECTIVE_KG,
    MONTHS,
    NotificationDue,
    PlannedTransfer,
    months_before,
)
from keiryo.export_control.recording import RECORDING
from keiryo.quantities import effective_kg_text
from keiryo.web.listing import ListColumn, RowList, shown_list
from keiryo.web.pages.areas_list import ExportedNumber
from keiryo.web.pages.boards import asked_flag
from keiryo.web.pages.evaluation_asked import plain_finding
from keiryo.web.pages.export_control_known import (
    AHEAD_DAYS,
    DECLARATION,
    NOTICES,
    READING,
    Known,
    known,
)
from keiryo.web.pages.export_control_words import (
    crumbs,
    quantity_shown,
    record_address,
    tabs,
    word,
)
from keiryo.web.rendering import render
from keiryo.web.speaking import day_text
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

# --- notifications ---------------------------------------------------------------------------

CLOCK_COLUMNS = (
    ListColumn("on", sentence("Day"), "date"),
    ListColumn("reference", sentence("Shipment"), "code"),
    ListColumn("partner", sentence("Other State")),
    ListColumn("effective_kg", sentence("Effective kilograms"), "number", filterable=False),
    ListColumn("window", sentence("Sum of three months"), "number", filterable=False),
    ListColumn("prepared_on", sentence("Prepared for shipping"), "date"),
    ListColumn("notified", sentence("Announced"), choices=("yes", "no")),
    ListColumn("due", sentence("To be announced by"), "date"),
)


@get(NOTICES, sync_to_thread=True, opt=READING)
def notices_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show what is to be announced and by when, and the clock that says so."""
    found, on = known(viewer), viewer.today
    every = asked_flag(request, "all")
    rows = _clock_rows(found)
    table = shown_list(request, RowList(rows, CLOCK_COLUMNS), "advance-notifications")
    if isinstance(table, Response | Stream):
        return table
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        for name in ("effective_kg", "window"):
            cells[name] = quantity_shown(None if row[name] is None else str(row[name]))
        announced = row["notified"] == "yes"
        cells["notified"] = {"badge": "ok", "text": word("yes")} if announced else word("no")
        cells["_kind"] = "error" if row["due"] is not None and row["due"] < on else None
    return render(
        request,
        "export_control/notices.html",
        listed=table,
        total=len(rows),
        due=[_due(found, one, on) for one in asked_notices(found, on, every=every)],
        all=every,
        all_count=len(found.notices.due),
        hidden=found.hidden,
        findings=[plain_finding(one) for one in found.notices.findings],
        months=MONTHS,
        days=BEFORE.days,
        limit=effective_kg_text(LIMIT_EFFECTIVE_KG),
        may_record=viewer.may_post(RECORDING, viewer.state),
        tabs=tabs(NOTICES),
        crumbs=crumbs((_("Notifications"), None)),
    )


def asked_notices(found: Known, on: datetime.date, *, every: bool) -> list[NotificationDue]:
    """Return what is to be announced; of shipments that all lie before a day only if asked."""
    days = {one.reference: one.on for one in found.notices.shipments}
    return [
        one
        for one in found.notices.due
        if every or any(days[name] >= on for name in one.references)
    ]


def near_notices(viewer: Viewer, found: Known) -> list[dict[str, Any]]:
    """Return what is to be announced within the next days, or should have been."""
    on = viewer.today
    some = asked_notices(found, on, every=False)
    return [_due(found, one, on) for one in some if one.due <= days_later(on, AHEAD_DAYS)]


def _due(found: Known, one: NotificationDue, on: datetime.date) -> dict[str, Any]:
    late = one.due < on
    return {
        "due": day_text(one.due),
        "badge": "error" if late else "warning",
        "state": word("late" if late else "due"),
        "partner": one.destination,
        "effective_kg": quantity_shown(effective_kg_text(one.sum_effective_kg)),
        "window_from": "" if one.window_from is None else day_text(one.window_from),
        "shipments": [_reference(found, name) for name in one.references],
        "_kind": "error" if late else None,
    }


def _reference(found: Known, name: str) -> dict[str, Any]:
    """Return a shipment as text, with the form that says it was announced, if it has a name."""
    href = record_address("transfers", name) if name in found.transfers else None
    return {"text": name, "href": href}


def _clock_rows(found: Known) -> list[dict[str, Any]]:
    due = {name: one.due for one in found.notices.due for name in one.references}
    windows = _windows(found.notices.shipments) if not found.hidden else {}
    rows = [
        {
            "on": one.on,
            "reference": one.reference,
            "partner": one.destination,
            "effective_kg": ExportedNumber(one.effective_kg),
            "window": windows.get(one.reference),
            "prepared_on": one.prepared_on,
            "notified": "yes" if one.notified else "no",
            "due": due.get(one.reference),
        }
        for one in found.notices.shipments
    ]
    return sorted(rows, key=lambda row: row["on"], reverse=True)


def _windows(shipped: tuple[PlannedTransfer, ...]) -> dict[str, ExportedNumber]:
    """Return what the window of each shipment holds that does not exceed the limit by itself."""
    small: dict[str, list[PlannedTransfer]] = {}
    for one in shipped:
        if one.effective_kg <= LIMIT_EFFECTIVE_KG:
            small.setdefault(one.destination, []).append(one)
    found = {}
    for some in small.values():
        first = 0
        for one in some:
            start = months_before(one.on)
            while some[first].on <= start:
                first += 1
            inside = [other for other in some[first:] if other.on <= one.on]
            found[one.reference] = ExportedNumber(
                sum((o.effective_kg for o in inside), Fraction(0))
            )
    return found


# --- declaration -----------------------------------------------------------------------------

ENTRY_COLUMNS = (
    ListColumn("annex_entry", sentence("Entry of Annex II"), "code"),
    ListColumn("item", sentence("Item"), "code"),
    ListColumn("title", sentence("What it is")),
    ListColumn("identity", sentence("Identity")),
    ListColumn("quantity", sentence("Quantity"), filterable=False),
    ListColumn("unit", sentence("Unit")),
    ListColumn("partner", sentence("Other State")),
    ListColumn("location", sentence("Place of intended use")),
    ListColumn("end_user", sentence("End user")),
    ListColumn("on", sentence("Day"), "date"),
    ListColumn("expected", sentence("Expected only"), choices=("yes", "no")),
    ListColumn("transfer", sentence("Shipment"), "code"),
    ListColumn("act", sentence("Act"), "act"),
)
MOST_QUARTERS = 8


@get(DECLARATION, sync_to_thread=True, opt=READING)
def declaration_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show the data of a quarter's declaration, to be taken away as CSV, XLSX or JSON."""
    query = request.query_params
    asked = str(query.get("quarter", "")).strip()
    imports = asked_flag(request, "imports")
    period = quarter(asked) if asked else last_quarter(viewer.today)
    if not 1900 <= period.start.year <= 9000:
        raise UsageError(f"{asked[:40]!r} is no quarter of our times", "Write it as 2026-Q1.")
    data = declared(viewer, period, imports=imports)
    rows = [
        {
            **entry,
            "on": datetime.date.fromisoformat(entry["on"]),
            "expected": "yes" if entry["expected"] else "no",
            "act": int(entry["line"].partition("/")[0]),
        }
        for entry in data["entries"]
    ]
    name = f"declaration-{'imports-' if imports else ''}{data['quarter']}"
    table = shown_list(request, RowList(rows, ENTRY_COLUMNS), name)
    if isinstance(table, Response | Stream):
        return table
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        cells["quantity"] = quantity_shown(row["quantity"])
        cells["expected"] = word(row["expected"])
    return render(
        request,
        "export_control/declaration.html",
        listed=table,
        data=data,
        imports=imports,
        total=len(rows),
        first=day_text(period.start),
        last=day_text(period.end),
        due=None if data["due"] is None else day_text(data["due"]),
        quarters=_quarters(viewer.today, data["quarter"], imports=imports),
        api=f"/api/v1/export-control/declarations/{data['quarter']}"
        f"{'?direction=import' if imports else ''}",
        other=_declaration_href(data["quarter"], imports=not imports),
        tabs=tabs(DECLARATION),
        crumbs=crumbs((_("Declaration"), None)),
    )


def declared(viewer: Viewer, period: Period, *, imports: bool = False) -> dict[str, Any]:
    """Return the data of the declaration of a quarter as the viewer sees it."""
    with viewer.books.reading() as connection:
        way = IMPORT if imports else EXPORT
        return declaration(connection, viewer.metadata, period, direction=way)


def last_quarter(day: datetime.date) -> Period:
    """Return the last quarter that is over.

    Examples
    --------
    >>> last_quarter(datetime.date(2026, 1, 10)).start.isoformat()
    '2025-10-01'
    """
    number = day.year * 4 + (day.month - 1) // 3 - 1
    return quarter(f"{number // 4}-Q{number % 4 + 1}")


def _quarters(day: datetime.date, chosen: str, *, imports: bool) -> list[dict[str, Any]]:
    """Return the quarters that may be chosen: the running one and those before it."""
    now = day.year * 4 + (day.month - 1) // 3
    names = [f"{n // 4}-Q{n % 4 + 1}" for n in range(now, now - MOST_QUARTERS, -1)]
    if chosen not in names:
        names.append(chosen)
    return [
        {
            "name": name,
            "href": _declaration_href(name, imports=imports),
            "current": name == chosen,
        }
        for name in names
    ]


def _declaration_href(name: str, *, imports: bool) -> str:
    asked = {"quarter": name, **({"imports": "1"} if imports else {})}
    return f"{DECLARATION}?{urlencode(asked)}"
