"""Boards of physical security: events, upgrades, computer security, evidence of the measures."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

from litestar import Response, get
from litestar.response import Stream

from keiryo.errors import Severity
from keiryo.security_evidence.links import asset_node
from keiryo.security_evidence.register import facilities as recorded_facilities
from keiryo.security_evidence.status import OUT_OF_SERVICE, Asset, assets_on
from keiryo.security_regime.computer_gaps import Gap, computer_gaps
from keiryo.security_regime.event_due import EventDue, events_due
from keiryo.security_regime.event_record import NODE as EVENT_NODE
from keiryo.security_regime.upgrade_record import NODE as UPGRADE_NODE
from keiryo.security_regime.upgrade_record import Upgrade, upgrades
from keiryo.web.listing import ListColumn, RowList, shown_list
from keiryo.web.pages.protection_known import (
    CAPABILITY,
    COMPUTERS,
    EVENTS,
    EVIDENCE,
    EVIDENCE_CAPABILITY,
    HOME,
    READING,
    UPGRADES,
    facility_address,
)
from keiryo.web.pages.protection_measure_words import (
    EVENT_STATES,
    EVENT_TYPES,
    EVIDENCE_FINDINGS,
    NOTICES,
    RESULTS,
    SERVICE,
    UPGRADE_STATES,
    badge,
)
from keiryo.web.pages.protection_tabs import tabs
from keiryo.web.rendering import render
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

_T = TypeVar("_T")
Cells = Callable[[dict[str, Any], Mapping[str, Any]], None]


def why_address(node: str) -> str:
    """Return the page that shows what a record rests on."""
    return f"/why?of={quote(node, safe='')}"


def _found(viewer: Viewer, name: str, capability: str, find: Callable[[Any], _T], *more: Any) -> _T:
    """Return what a reading of the books gives; read anew when something was posted about it."""

    def read() -> _T:
        with viewer.books.reading() as connection:
            return find(connection)

    last = viewer.server.last_acts.by(capability, viewer.head)
    return viewer.server.remembered.get((name, viewer.sight), (last, *more), read)


_FACILITY = ListColumn(
    "facility", sentence("Facility"), "code", href=lambda row: facility_address(row["scope"])
)


def _board(
    request: AnyRequest,
    viewer: Viewer,
    path: str,
    rows: Sequence[dict[str, Any]],
    columns: Sequence[ListColumn],
    words: tuple[str, str, str],
    cells: Cells,
) -> Response[Any] | Stream:
    """Show a list: title, what is said where there is nothing, and a note."""
    title, empty, note = words
    table = shown_list(request, RowList(rows, tuple(columns)), path.rpartition("/")[2])
    if isinstance(table, Response | Stream):
        return table
    for shown, row in zip(table.rows, table.found.rows, strict=True):
        cells(shown, row)
    return render(
        request,
        "protection/board.html",
        listed=table,
        total=len(rows),
        heading=title,
        empty=empty,
        note=note,
        name=path.rpartition("/")[2],
        tabs=tabs(viewer, path),
        crumbs=[(_("Physical security"), HOME), (title, None)],
    )


# --- events ----------------------------------------------------------------------------------

EVENT_COLUMNS = (
    ListColumn(
        "name", sentence("Event"), "code", href=lambda row: why_address(EVENT_NODE + row["name"])
    ),
    _FACILITY,
    ListColumn("type", sentence("Type"), choices=tuple(EVENT_TYPES.values())),
    ListColumn("severity", sentence("Severity"), "number"),
    ListColumn("detected", sentence("Detected")),
    ListColumn("state", sentence("Stands"), choices=tuple(EVENT_STATES.values())),
    ListColumn("recipient", sentence("Notify next"), "code"),
    ListColumn("due", sentence("Until")),
    ListColumn("standing", sentence("Notification"), choices=tuple(NOTICES.values())),
)


@get(EVENTS, sync_to_thread=True, opt=READING)
def events_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """List security events with the State's deadlines: what is open, met, late."""
    at = datetime.datetime.now(datetime.UTC).replace(second=0, microsecond=0)

    def find(connection: Any) -> list[EventDue]:
        return events_due(connection, viewer.metadata, at, whole=True)

    found = _found(viewer, "security events", CAPABILITY, find, at)
    return _board(
        *(request, viewer, EVENTS, [_event(one) for one in found], EVENT_COLUMNS),
        (
            _("Security events"),
            _("No security event is in the record."),
            _("Deadlines are those of the rules of notification that the State recorded."),
        ),
        _event_cells,
    )


def _event(one: EventDue) -> dict[str, Any]:
    open_ones = sorted(one.outstanding, key=lambda each: each.due)
    late = [each for each in one.notifications if each.status == "late"]
    worst = open_ones[0] if open_ones else late[0] if late else None
    if worst is None and one.notifications:
        worst = one.notifications[-1]
    values = one.event.values
    return {
        "name": one.event.name,
        "scope": one.event.scope,
        "facility": one.event.scope.rpartition("/")[2],
        "type": EVENT_TYPES[str(values["type"])],
        "severity": int(values["severity"]),
        "detected": str(values["detected_at"]),
        "state": EVENT_STATES[one.event.state],
        "recipient": worst.recipient if worst is not None and open_ones else None,
        "due": worst.due.isoformat(" ", "minutes") if worst is not None and open_ones else None,
        "standing": NOTICES["none" if worst is None else worst.status],
        "status": "none" if worst is None else worst.status,
    }


def _event_cells(cells: dict[str, Any], row: Mapping[str, Any]) -> None:
    cells["type"], cells["state"] = _(row["type"]), _(row["state"])
    cells["standing"] = badge(NOTICES, row["status"])


# --- upgrades --------------------------------------------------------------------------------

UPGRADE_COLUMNS = (
    ListColumn(
        "name",
        sentence("Upgrade"),
        "code",
        href=lambda row: why_address(UPGRADE_NODE + row["name"]),
    ),
    _FACILITY,
    ListColumn("partner", sentence("Partner"), "code"),
    ListColumn("commitment", sentence("Agreed as"), "code", href=lambda row: row["commitment_at"]),
    ListColumn("state", sentence("Stands"), choices=tuple(UPGRADE_STATES.values())),
    ListColumn("due", sentence("By when"), "date"),
    ListColumn("days_left", sentence("Days left"), "number", filterable=False),
)


@get(UPGRADES, sync_to_thread=True, opt=READING)
def upgrades_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """List upgrades agreed with partners, each with what comes next."""

    def find(connection: Any) -> list[Upgrade]:
        return list(upgrades(connection, viewer.metadata))

    found = _found(viewer, "security upgrades", CAPABILITY, find)
    rows = [_upgrade(viewer, one) for one in found]
    return _board(
        *(request, viewer, UPGRADES, rows, UPGRADE_COLUMNS),
        (
            _("Upgrades of protection"),
            _("No upgrade is in the record."),
            _("An upgrade is linked to the commitment under which it was agreed."),
        ),
        _upgrade_cells,
    )


def _upgrade(viewer: Viewer, one: Upgrade) -> dict[str, Any]:
    told = one.to_dict(viewer.today)
    due = None if told["due"] is None else datetime.date.fromisoformat(told["due"])
    return {
        "name": one.name,
        "scope": one.scope,
        "facility": one.scope.rpartition("/")[2],
        "partner": one.partner,
        "commitment": one.commitment,
        "commitment_at": None
        if one.commitment is None
        else why_address(f"cooperation:{one.commitment}"),
        "state": UPGRADE_STATES[one.state],
        "code": one.state,
        "due": due,
        "days_left": told["days_left"],
        "overdue": told["overdue"],
    }


def _upgrade_cells(cells: dict[str, Any], row: Mapping[str, Any]) -> None:
    cells["state"] = badge(UPGRADE_STATES, row["code"])
    cells["_kind"] = "error" if row["overdue"] else None


# --- computer security -----------------------------------------------------------------------

GAP_COLUMNS = (
    ListColumn("name", sentence("System, zone or connection"), "code"),
    _FACILITY,
    ListColumn("level", sentence("Level"), "number"),
    ListColumn("message", sentence("What is missing"), filterable=False),
    ListColumn("advice", sentence("What to do"), filterable=False),
    ListColumn("due", sentence("By when"), "date"),
)


@get(COMPUTERS, sync_to_thread=True, opt=READING)
def computers_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """List the gaps of computer security against the rules of the State."""

    def find(connection: Any) -> list[Gap]:
        return computer_gaps(connection, viewer.metadata, viewer.today)

    found = _found(viewer, "computer gaps", CAPABILITY, find, viewer.today)
    rows = [
        {
            "name": one.name,
            "scope": one.scope,
            "facility": one.scope.rpartition("/")[2],
            "level": one.level,
            "message": one.message,
            "advice": one.advice,
            "due": one.due,
            "severe": one.severity is not Severity.WARNING,
        }
        for one in found
    ]
    return _board(
        *(request, viewer, COMPUTERS, rows, GAP_COLUMNS),
        (
            _("Gaps of computer security"),
            _("Nothing is missing by the rules in force."),
            _("Systems and measures are recorded with the command protection computer."),
        ),
        lambda cells, row: cells.update(_kind="error" if row["severe"] else None),
    )


# --- evidence --------------------------------------------------------------------------------

EVIDENCE_COLUMNS = (
    ListColumn(
        "name",
        sentence("Element or asset"),
        "code",
        href=lambda row: why_address(asset_node(row["scope"], row["name"])),
    ),
    _FACILITY,
    ListColumn("state", sentence("Stands"), choices=tuple(SERVICE.values())),
    ListColumn("measure", sentence("Compensatory measure"), "code"),
    ListColumn("last_test", sentence("Last test"), "code"),
    ListColumn("result", sentence("Result"), choices=tuple(RESULTS.values())),
    ListColumn("next_due", sentence("Tested again by"), "date"),
    ListColumn("remarks", sentence("Worth a look"), filterable=False),
)


@get(EVIDENCE, sync_to_thread=True, opt={"reads": EVIDENCE_CAPABILITY})
def evidence_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """List what is in service, out of it, tested, due: no value of any element."""

    def find(connection: Any) -> list[Asset]:
        known = recorded_facilities(connection, viewer.metadata)
        return [
            one
            for scope in sorted(known)
            for one in assets_on(connection, viewer.metadata, scope, viewer.today)
        ]

    found = _found(viewer, "security evidence", EVIDENCE_CAPABILITY, find, viewer.today)
    rows = [_asset(one) for one in found]
    return _board(
        *(request, viewer, EVIDENCE, rows, EVIDENCE_COLUMNS),
        (
            _("Evidence of the measures"),
            _("No test, maintenance or compensatory measure is in the record."),
            _("Values of elements are not in the books; they are kept in the sealed store."),
        ),
        _asset_cells,
    )


def _asset(one: Asset) -> dict[str, Any]:
    return {
        "name": one.name,
        "scope": one.scope,
        "facility": one.scope.rpartition("/")[2],
        "state": SERVICE[one.state],
        "code": one.state,
        "measure": one.measure,
        "last_test": one.last_test,
        "result": None if one.last_result is None else RESULTS[one.last_result],
        "outcome": one.last_result,
        "next_due": one.next_due,
        "remarks": None,
        "codes": one.findings,
        "late": bool(one.findings) or one.state == OUT_OF_SERVICE,
    }


def _asset_cells(cells: dict[str, Any], row: Mapping[str, Any]) -> None:
    cells["state"] = badge(SERVICE, row["code"])
    if row["outcome"] is not None:
        cells["result"] = badge(RESULTS, row["outcome"])
    cells["remarks"] = "; ".join(_(_words(EVIDENCE_FINDINGS, one)) for one in row["codes"]) or None


def _words(known: Mapping[str, str], code: str) -> str:
    return known.get(code, code)
