"""Findings of inspections: the list, and the page of one with its life and corrective actions."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from litestar import Response, get
from litestar.params import FromPath
from litestar.response import Stream

from keiryo.dates import date_number
from keiryo.security_regime.finding_record import NODE, FindingRecord, repeats
from keiryo.security_regime.finding_recording import FINDING
from keiryo.security_regime.finding_states import (
    ACTION_PLANNED,
    CLOSED,
    EXTENDED,
    IMPLEMENTED,
    INDEPENDENT,
    REOPENED,
    STEPS,
    TO_BE_DONE,
    VERIFIED,
)
from keiryo.security_regime.tables_oversight import GOOD_PRACTICE
from keiryo.web.listing import ListColumn, RowList, shown_list
from keiryo.web.pages.boards import Entered, first_shown
from keiryo.web.pages.cooperation_known import done_act
from keiryo.web.pages.equipment_standing import why_address
from keiryo.web.pages.protection_known import (
    FINDINGS,
    HOME,
    READING,
    day_of_step,
    day_or_none,
    facility_address,
    finding_address,
    inspection_address,
    known,
    life_rows,
    require_finding,
    scope_words,
    step_labels,
)
from keiryo.web.pages.protection_tabs import tabs
from keiryo.web.pages.protection_words import FINDING_STATES, GRADES, badge
from keiryo.web.pictures.loan_steps import DONE, LATE, NEXT, OPEN, Station, loan_steps
from keiryo.web.rendering import render
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

OVERDUE, IN_TIME = sentence("overdue"), sentence("in time")
_STATES = {name: word for name, word in FINDING_STATES.items() if name != EXTENDED}

FINDING_COLUMNS = (
    ListColumn(
        "finding", sentence("Finding"), "code", href=lambda row: finding_address(row["finding"])
    ),
    ListColumn(
        "facility", sentence("Facility"), "code", href=lambda row: facility_address(row["scope"])
    ),
    ListColumn("requirement", sentence("Requirement"), "code"),
    ListColumn("grade", sentence("Grade"), choices=tuple(GRADES.values())),
    ListColumn("state", sentence("State"), choices=tuple(_STATES.values())),
    ListColumn("due", sentence("By when"), "date"),
    ListColumn("standing", sentence("Deadline"), choices=(OVERDUE, IN_TIME)),
    ListColumn("owner", sentence("Who puts it right")),
    ListColumn(
        "inspection",
        sentence("Inspection"),
        "code",
        href=lambda row: inspection_address(row["inspection"]),
    ),
    ListColumn("raised_on", sentence("Raised"), "date", hidden=True),
    ListColumn("closed_on", sentence("Closed on"), "date", hidden=True),
    ListColumn("words", sentence("What was found"), hidden=True),
)


def finding_row(viewer: Viewer, one: FindingRecord) -> dict[str, Any]:
    """Return a finding as a row of a list."""
    on = viewer.today
    standing = OVERDUE if one.overdue(on) else IN_TIME if one.state in TO_BE_DONE else None
    return {
        "finding": one.name,
        "href": finding_address(one.name),
        "scope": one.scope,
        "facility": one.scope.rpartition("/")[2],
        "requirement": one.requirement,
        "grade": GRADES.get(one.grade, one.grade),
        "grade_name": one.grade,
        "state": FINDING_STATES.get(one.state, one.state),
        "state_name": one.state,
        "due": one.due,
        "standing": standing,
        "late": standing == OVERDUE,
        "owner": one.values.get("owner"),
        "inspection": one.inspection,
        "raised_on": one.values["raised_on"],
        "closed_on": one.closed_on,
        "words": one.values.get("words"),
    }


@get(FINDINGS, sync_to_thread=True, opt=READING)
def findings_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """List findings, those that are due first."""
    never = 99_999_999
    rows = [finding_row(viewer, one) for one in known(viewer).findings.values()]
    rows.sort(key=lambda row: (row["standing"] is None, row["due"] or never, row["finding"]))
    table = shown_list(request, RowList(rows, FINDING_COLUMNS), "security-findings")
    if isinstance(table, Response | Stream):
        return table
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        cells["grade"] = badge(GRADES, row["grade_name"])
        cells["state"] = badge(FINDING_STATES, row["state_name"])
        if row["standing"]:
            kind = "error" if row["late"] else "plain"
            cells["standing"] = {"text": _(row["standing"]), "badge": kind}
    return render(
        request,
        "protection/findings.html",
        listed=table,
        total=len(rows),
        tabs=tabs(viewer, FINDINGS),
        crumbs=[(_("Physical security"), HOME), (_("Findings"), None)],
    )


@get(FINDINGS + "/{name:str}", sync_to_thread=True, opt=READING)
def finding_page(request: AnyRequest, viewer: Asking, name: FromPath[str]) -> Response[Any]:
    """Show a finding: its life, its corrective actions, what shows that it was put right."""
    require_finding(viewer, name)
    return show_finding(request, viewer, name, first_shown(viewer, finding_address(name)))


def show_finding(
    request: AnyRequest, viewer: Viewer, name: str, entered: Entered, which: str = ""
) -> Response[Any]:
    """Return the page of a finding; with what was typed, where a form comes back.

    Parameters
    ----------
    which : str
        The form that comes back: action or step.
    """
    one, on = require_finding(viewer, name), viewer.today
    may = viewer.may_post(FINDING, one.scope) and one.grade != GOOD_PRACTICE
    following = _following(viewer, one)
    same = [each for each in known(viewer).findings.values() if each.scope == one.scope]
    before = [earlier.name for each, earlier in repeats(same) if each.name == name]
    return render(
        request,
        "protection/finding.html",
        http_status=entered.status,
        one=one,
        values=one.values,
        standing=badge(FINDING_STATES, one.state),
        grade=badge(GRADES, one.grade),
        late=one.overdue(on),
        due=day_or_none(one.due),
        first_due=day_or_none(one.values.get("due")),
        raised=day_or_none(one.values["raised_on"]),
        facility=(scope_words(viewer, one.scope), facility_address(one.scope)),
        inspection=(one.inspection, inspection_address(one.inspection)),
        repeats=[(each, finding_address(each)) for each in before],
        evidence=evidence(str(one.values.get("evidence") or "").split()),
        shown_by=evidence(one.evidence),
        picture=loan_steps(
            stations(one, on), labels=step_labels(_("Life of the finding %(name)s", name=name))
        ),
        rounds=sum(step["state"] == REOPENED for step in one.steps),
        actions=[_action(each, on) for each in one.actions.values()],
        life=life_rows(viewer, one.steps, FINDING_STATES),
        may_act=may and one.state in TO_BE_DONE,
        may_step=may and bool(following),
        own=may and bool(_independent(one)) and _is_theirs(viewer, one),
        following=[(step, _(FINDING_STATES[step])) for step in following],
        takes_due=EXTENDED in following,
        act=one.values["act_id"],
        why=why_address(f"{NODE}{name}"),
        entered=entered,
        which=which,
        done=done_act(request),
        here=finding_address(name),
        crumbs=[(_("Physical security"), HOME), (_("Findings"), FINDINGS), (name, None)],
    )


def _following(viewer: Viewer, one: FindingRecord) -> list[str]:
    """Return the steps that the viewer may take; the plan of action comes with the first action."""
    allowed = STEPS[one.state] - {ACTION_PLANNED}
    if _is_theirs(viewer, one):
        allowed -= INDEPENDENT
    return [step for step in FINDING_STATES if step in allowed]


def _independent(one: FindingRecord) -> frozenset[str]:
    return STEPS[one.state] & INDEPENDENT


def _is_theirs(viewer: Viewer, one: FindingRecord) -> bool:
    """Return whether the viewer puts it right, or recorded that, so that somebody else verifies."""
    theirs: set[Any] = {*one.owners, *(each.get("person") for each in one.actions.values())}
    for step in one.steps:
        if step["state"] in (ACTION_PLANNED, IMPLEMENTED):
            theirs |= {step["by_person"], step.get("person")}
    return viewer.person.person in theirs


def _action(line: Mapping[str, Any], on: datetime.date) -> dict[str, Any]:
    done = line["done_on"]
    late = done is None and int(line["due"]) < date_number(on)
    return {
        "action": line["action"],
        "words": line["words"],
        "owner": line["owner"],
        "due": day_or_none(line["due"]),
        "done": day_or_none(done),
        "late": late,
        "evidence": evidence(str(line.get("evidence") or "").split()),
        "act": line["act_id"],
    }


def evidence(named: Any) -> list[tuple[str, str | None]]:
    """Return what is named as evidence, with the page of an act; other references lead nowhere."""
    return [
        (one if len(one) < 40 else f"{one[:12]}…", f"/journal/acts/{one.removeprefix('act:')}")
        if one.startswith("act:")
        else (one if len(one) < 40 else f"{one[:12]}…", None)
        for one in named
    ]


def stations(one: FindingRecord, on: datetime.date) -> list[Station]:
    """Return the stations of a finding: of its last round, where it was opened again."""
    raised = day_or_none(one.values["raised_on"]) or ""
    made = [Station(_("finding"), DONE, raised, (one.requirement,))]
    if one.grade == GOOD_PRACTICE:
        return [*made, Station(_("good practice"), DONE)]
    opened = [step for step in one.steps if step["state"] == REOPENED]
    if opened:
        made.append(Station(_("opened again"), DONE, day_of_step(opened[-1])))
    taken = {str(step["state"]): step for step in one.round}
    words = {
        ACTION_PLANNED: _("plan of action"),
        IMPLEMENTED: _("implementation"),
        VERIFIED: _("verification"),
        CLOSED: _("final closing"),
    }
    until = (_("by %(day)s", day=day_or_none(one.due)),) if one.due is not None else ()
    for state, word in words.items():
        step = taken.get(state)
        if step is not None:
            made.append(Station(word, DONE, day_of_step(step), (str(step["by_person"]),)))
        elif state in STEPS[one.state]:
            made.append(Station(word, LATE if one.overdue(on) else NEXT, "", until))
        else:
            made.append(Station(word, OPEN))
    return made
