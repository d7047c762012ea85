"""Inspections of the regulator and peer reviews: the list, and the page of one."""

from __future__ import annotations

import datetime
from typing import Any

from litestar import Response, get
from litestar.params import FromPath
from litestar.response import Stream

from keiryo.dates import number_date
from keiryo.security_regime.finding_recording import FINDING
from keiryo.security_regime.inspection_record import NODE, Inspection
from keiryo.security_regime.inspection_recording import INSPECTION
from keiryo.security_regime.inspection_states import (
    CANCELLED,
    CLOSED,
    PERFORMED,
    PLANNED,
    REPORTED,
    STEPS,
)
from keiryo.web.listing import ListColumn, RowList, shown_list
from keiryo.web.pages.boards import Entered, first_shown
from keiryo.web.pages.cooperation_known import done_act
from keiryo.web.pages.equipment_standing import why_address
from keiryo.web.pages.protection_findings import finding_row
from keiryo.web.pages.protection_known import (
    HOME,
    INSPECTIONS,
    READING,
    day_of_step,
    day_or_none,
    facilities_to_post,
    facility_address,
    inspection_address,
    known,
    life_rows,
    require_inspection,
    scope_words,
    step_labels,
)
from keiryo.web.pages.protection_tabs import tabs
from keiryo.web.pages.protection_words import (
    FINDING_STATES,
    GRADES,
    INSPECTION_KINDS,
    INSPECTION_STATES,
    badge,
)
from keiryo.web.pictures.loan_steps import DONE, LATE, NEVER, NEXT, OPEN, Station, loan_steps
from keiryo.web.rendering import render
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

INSPECTION_COLUMNS = (
    ListColumn(
        "inspection",
        sentence("Inspection"),
        "code",
        href=lambda row: inspection_address(row["inspection"]),
    ),
    ListColumn(
        "facility", sentence("Facility"), "code", href=lambda row: facility_address(row["scope"])
    ),
    ListColumn("kind", sentence("Kind"), choices=tuple(INSPECTION_KINDS.values())),
    ListColumn("state", sentence("State"), choices=tuple(INSPECTION_STATES.values())),
    ListColumn("planned_from", sentence("Planned from"), "date"),
    ListColumn("planned_to", sentence("Planned to"), "date"),
    ListColumn("performed_to", sentence("Performed until"), "date"),
    ListColumn("findings", sentence("Findings"), "number", filterable=False),
    ListColumn("open", sentence("Findings open"), "number", filterable=False),
    ListColumn("requirements", sentence("Requirements"), hidden=True),
    ListColumn("follows", sentence("Follows"), hidden=True),
)


@get(INSPECTIONS, sync_to_thread=True, opt=READING)
def inspections_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """List inspections: kind, state, days, how many findings they have."""
    return show_inspections(request, viewer, first_shown(viewer, INSPECTIONS))


def show_inspections(
    request: AnyRequest, viewer: Viewer, entered: Entered
) -> Response[Any] | Stream:
    """Show the list of inspections, with the form of a new one as it was typed."""
    rows = [_row(viewer, one) for one in known(viewer).inspections.values()]
    table = shown_list(request, RowList(rows, INSPECTION_COLUMNS), "security-inspections")
    if isinstance(table, Response | Stream):
        return table
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        cells["kind"] = _(row["kind"])
        cells["state"] = badge(INSPECTION_STATES, row["state_name"])
        if row["late"]:
            cells["planned_to"] = {"text": day_or_none(row["planned_to"]), "badge": "error"}
    return render(
        request,
        "protection/inspections.html",
        http_status=entered.status,
        listed=table,
        total=len(rows),
        tabs=tabs(viewer, INSPECTIONS),
        may_plan=facilities_to_post(viewer, INSPECTION),
        kinds=[(name, _(word)) for name, word in INSPECTION_KINDS.items()],
        entered=entered,
        here=INSPECTIONS,
        crumbs=[(_("Physical security"), HOME), (_("Inspections"), None)],
    )


def _row(viewer: Viewer, one: Inspection) -> dict[str, Any]:
    raised = known(viewer).raised_in(one.name)
    done = one.performed
    last = number_date(int(one.values["planned_to"]))
    return {
        "inspection": one.name,
        "scope": one.scope,
        "facility": one.scope.rpartition("/")[2],
        "kind": INSPECTION_KINDS.get(str(one.values["kind"]), str(one.values["kind"])),
        "state": INSPECTION_STATES.get(one.state, one.state),
        "state_name": one.state,
        "late": one.state == PLANNED and last < viewer.today,
        "planned_from": one.values["planned_from"],
        "planned_to": one.values["planned_to"],
        "performed_to": None if done is None else done[1],
        "findings": len(raised),
        "open": sum(each.state != CLOSED for each in raised),
        "requirements": " ".join(one.requirements),
        "follows": one.values["follows"],
    }


@get(INSPECTIONS + "/{name:str}", sync_to_thread=True, opt=READING)
def inspection_page(request: AnyRequest, viewer: Asking, name: FromPath[str]) -> Response[Any]:
    """Show an inspection: its life, what it looked at, what it found."""
    require_inspection(viewer, name)
    entered = first_shown(viewer, inspection_address(name))
    return show_inspection(request, viewer, name, entered)


def show_inspection(
    request: AnyRequest, viewer: Viewer, name: str, entered: Entered, which: str = ""
) -> Response[Any]:
    """Return the page of an inspection; with what was typed, where a form comes back.

    Parameters
    ----------
    which : str
        The form that comes back: step or finding.
    """
    one = require_inspection(viewer, name)
    may = viewer.may_post(INSPECTION, one.scope)
    following = [state for state in INSPECTION_STATES if state in STEPS[one.state]]
    follows, done, reported = one.values["follows"], one.performed, one.step(REPORTED)
    findings = [
        {
            **finding_row(viewer, each),
            "state": badge(FINDING_STATES, each.state),
            "grade": badge(GRADES, each.grade),
            "due": day_or_none(each.due),
        }
        for each in known(viewer).raised_in(name)
    ]
    kind = str(one.values["kind"])
    return render(
        request,
        "protection/inspection.html",
        http_status=entered.status,
        one=one,
        kind=_(INSPECTION_KINDS.get(kind, kind)),
        standing=badge(INSPECTION_STATES, one.state),
        facility=(scope_words(viewer, one.scope), facility_address(one.scope)),
        planned=(day_or_none(one.values["planned_from"]), day_or_none(one.values["planned_to"])),
        performed=None if done is None else (day_or_none(done[0]), day_or_none(done[1])),
        team=str(one.values["team"] or "").split(),
        follows=None if not follows else (follows, inspection_address(str(follows))),
        digest=None if reported is None else reported["report_digest"],
        picture=loan_steps(
            stations(one, viewer.today),
            labels=step_labels(_("Life of the inspection %(name)s", name=name)),
        ),
        life=life_rows(viewer, one.steps, INSPECTION_STATES),
        findings=findings,
        left=sum(each.state != CLOSED for each in known(viewer).raised_in(name)),
        may_step=may and bool(following),
        following=[(state, _(INSPECTION_STATES[state])) for state in following],
        takes_report=REPORTED in following,
        takes_first=PERFORMED in following,
        may_find=one.state in (PERFORMED, REPORTED) and viewer.may_post(FINDING, one.scope),
        grades=[(grade, _(word)) for grade, word in GRADES.items()],
        act=one.values["act_id"],
        why=why_address(f"{NODE}{name}"),
        entered=entered,
        which=which,
        done=done_act(request),
        here=inspection_address(name),
        crumbs=[(_("Physical security"), HOME), (_("Inspections"), INSPECTIONS), (name, None)],
    )


def stations(one: Inspection, on: datetime.date) -> list[Station]:
    """Return the stations of an inspection, from its plan to its closing."""
    first, last = (number_date(int(one.values[name])) for name in ("planned_from", "planned_to"))
    made = [Station(_("plan"), DONE, day_or_none(one.values["planned_from"]) or "")]
    if one.state == CANCELLED:
        return [*made, Station(_("cancellation"), NEVER, day_of_step(one.steps[-1]))]
    words = {PERFORMED: _("performance"), REPORTED: _("report"), CLOSED: _("final closing")}
    for state, word in words.items():
        step = one.step(state)
        if step is not None:
            made.append(Station(word, DONE, day_of_step(step), (str(step["by_person"]),)))
        elif state in STEPS[one.state]:
            late = state == PERFORMED and last < on
            notes = (_("to %(day)s", day=day_or_none(one.values["planned_to"])),)
            shown = notes if state == PERFORMED and first <= last else ()
            made.append(Station(word, LATE if late else NEXT, "", shown))
        else:
            made.append(Station(word, OPEN))
    return made
