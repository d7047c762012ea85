"""Security plans: the list of versions, and the page of one with its life and what it addresses."""

from __future__ import annotations

import datetime
from typing import Any

from litestar import Response, get
from litestar.params import FromPath
from litestar.response import Stream

from keiryo.dates import number_date
from keiryo.security_regime.plan_recording import PLAN
from keiryo.security_regime.plan_states import (
    APPROVED,
    DECISIONS,
    DRAFT,
    REJECTED,
    STEPS,
    SUBMITTED,
    SUPERSEDED,
    WITHDRAWN,
)
from keiryo.security_regime.plan_version import NODE, Plan
from keiryo.web.listing import ListColumn, RowList, shown_list
from keiryo.web.pages.boards import Entered, first_shown
from keiryo.web.pages.cooperation_known import done_act
from keiryo.web.pages.equipment_standing import why_address
from keiryo.web.pages.protection_known import (
    HOME,
    PLANS,
    READING,
    day_of_step,
    day_or_none,
    facilities_to_post,
    facility_address,
    known,
    life_rows,
    plan_address,
    require_plan,
    scope_words,
    step_labels,
)
from keiryo.web.pages.protection_tabs import tabs
from keiryo.web.pages.protection_words import COVERAGES, PLAN_KINDS, PLAN_STATES, badge
from keiryo.web.pictures.loan_steps import DONE, LATE, NEVER, NEXT, OPEN, Station, loan_steps
from keiryo.web.rendering import render
from keiryo.web.speaking import day_text
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

IN_FORCE, NOT_IN_FORCE = sentence("now in force"), sentence("not in force")

PLAN_COLUMNS = (
    ListColumn("name", sentence("Plan"), "code", href=lambda row: row["href"]),
    ListColumn(
        "facility", sentence("Facility"), "code", href=lambda row: facility_address(row["scope"])
    ),
    ListColumn("kind", sentence("Kind of plan"), choices=tuple(PLAN_KINDS.values())),
    ListColumn("title", sentence("Title")),
    ListColumn("state", sentence("State"), choices=tuple(PLAN_STATES.values())),
    ListColumn("in_force", sentence("In force today"), choices=(IN_FORCE, NOT_IN_FORCE)),
    ListColumn("valid_from", sentence("Valid from"), "date"),
    ListColumn("valid_until", sentence("Valid until"), "date"),
    ListColumn("review_on", sentence("To be reviewed by"), "date"),
    ListColumn("basis", sentence("Legal basis"), hidden=True),
    ListColumn("reference", sentence("Kept under"), hidden=True),
    ListColumn("threat_ref", sentence("Number of the threat assessment"), hidden=True),
    ListColumn("digest", sentence("Digest of the document"), hidden=True),
)


def plan_row(viewer: Viewer, one: Plan) -> dict[str, Any]:
    """Return a version of a plan as a row of a list."""
    values = one.values
    columns = ("title", "valid_from", "valid_until", "review_on", "basis", "reference")
    return {
        "name": one.name,
        "href": plan_address(*one.key),
        "scope": one.scope,
        "facility": one.scope.rpartition("/")[2],
        "kind": PLAN_KINDS.get(one.kind, one.kind),
        "state": PLAN_STATES.get(one.state, one.state),
        "in_force": IN_FORCE if one.in_force(viewer.today) else NOT_IN_FORCE,
        "late": one.review_overdue(viewer.today),
        **{name: values[name] for name in (*columns, "threat_ref", "digest")},
        "review": day_or_none(values["review_on"]),
        "until": day_or_none(values["valid_until"]),
    }


@get(PLANS, sync_to_thread=True, opt=READING)
def plans_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """List the versions of security plans: state, whether in force, when to be reviewed."""
    return show_plans(request, viewer, first_shown(viewer, PLANS))


def show_plans(
    request: AnyRequest, viewer: Viewer, entered: Entered, _which: str = ""
) -> Response[Any] | Stream:
    """Show the list of plans, with the form of a new one as it was typed."""
    rows = [plan_row(viewer, one) for one in known(viewer).plans.values()]
    table = shown_list(request, RowList(rows, PLAN_COLUMNS), "security-plans")
    if isinstance(table, Response | Stream):
        return table
    names = {word: name for name, word in PLAN_STATES.items()}
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        cells["kind"] = _(row["kind"])
        cells["state"] = badge(PLAN_STATES, names[str(row["state"])])
        kind = "ok" if row["in_force"] == IN_FORCE else "plain"
        cells["in_force"] = {"text": _(row["in_force"]), "badge": kind}
        if row["late"]:
            cells["review_on"] = {"text": row["review"], "badge": "error"}
    return render(
        request,
        "protection/plans.html",
        http_status=entered.status,
        listed=table,
        total=len(rows),
        tabs=tabs(viewer, PLANS),
        may_record=facilities_to_post(viewer, PLAN),
        kinds=[(name, _(word)) for name, word in PLAN_KINDS.items()],
        entered=entered,
        here=PLANS,
        crumbs=[(_("Physical security"), HOME), (_("Plans"), None)],
    )


@get(PLANS + "/{plan:str}/{version:str}", sync_to_thread=True, opt=READING)
def plan_page(
    request: AnyRequest, viewer: Asking, plan: FromPath[str], version: FromPath[str]
) -> Response[Any]:
    """Show a version of a plan: its life, what it addresses, the other versions."""
    one = require_plan(viewer, plan, version)
    entered = first_shown(viewer, plan_address(*one.key))
    return show_plan(request, viewer, one.key, entered)


def show_plan(
    request: AnyRequest,
    viewer: Viewer,
    key: tuple[str, str],
    entered: Entered,
    which: str = "",
) -> Response[Any]:
    """Return the page of a version of a plan; with what was typed, where a form comes back.

    Parameters
    ----------
    which : str
        The form that comes back: terms, step or coverage.
    """
    one, on = require_plan(viewer, *key), viewer.today
    may = viewer.may_post(PLAN, one.scope)
    following = _following(viewer, one)
    versions = [
        {**plan_row(viewer, other), "state": badge(PLAN_STATES, other.state)}
        for other in known(viewer).plans.values()
        if other.key[0] == one.key[0]
    ]
    return render(
        request,
        "protection/plan.html",
        http_status=entered.status,
        one=one,
        values=one.values,
        kind=_(PLAN_KINDS.get(one.kind, one.kind)),
        standing=badge(PLAN_STATES, one.state),
        in_force=one.in_force(on),
        late=one.review_overdue(on),
        facility=(scope_words(viewer, one.scope), facility_address(one.scope)),
        days=[(_(words), day_or_none(one.values[name])) for name, words in _DAYS],
        picture=loan_steps(
            stations(one, on), labels=step_labels(_("Life of the plan %(plan)s", plan=one.name))
        ),
        life=life_rows(viewer, one.steps, PLAN_STATES),
        coverage=[_covered(each) for _name, each in sorted(one.coverage.items())],
        versions=versions,
        may_step=may and bool(following),
        own=_is_own(viewer, one) and one.state == SUBMITTED,
        following=[(state, _(PLAN_STATES[state])) for state in following],
        may_record=may,
        fixed=one.state != DRAFT,
        kinds=[(name, _(word)) for name, word in PLAN_KINDS.items()],
        coverages=[(name, _(word)) for name, word in COVERAGES.items()],
        act=one.values["act_id"],
        why=why_address(f"{NODE}{one.name}"),
        entered=entered,
        which=which,
        done=done_act(request),
        here=plan_address(*one.key),
        crumbs=[(_("Physical security"), HOME), (_("Plans"), PLANS), (one.name, None)],
    )


_DAYS = (
    ("valid_from", sentence("Valid from")),
    ("valid_until", sentence("Valid until")),
    ("review_on", sentence("To be reviewed by")),
)


def _is_own(viewer: Viewer, one: Plan) -> bool:
    """Return whether the viewer submitted it, or recorded that, so that somebody else decides."""
    step = one.step(SUBMITTED)
    return step is not None and viewer.person.person in (step["by_person"], step.get("person"))


def _following(viewer: Viewer, one: Plan) -> list[str]:
    """Return the steps that the viewer may take; what takes a place is done by an approval."""
    allowed = STEPS[one.state] - {SUPERSEDED}
    if _is_own(viewer, one):
        allowed -= DECISIONS
    return [state for state in PLAN_STATES if state in allowed]


def _covered(line: Any) -> dict[str, Any]:
    return {
        "requirement": line["requirement"],
        "coverage": badge(COVERAGES, str(line["coverage"])),
        "chapter": line["chapter"],
        "act": line["act_id"],
    }


def stations(one: Plan, on: datetime.date) -> list[Station]:
    """Return the stations of a version of a plan, from the draft to its end."""
    submitted, approved = one.step(SUBMITTED), one.step(APPROVED)
    begun = one.values["valid_from"]
    made = [Station(_("draft"), DONE)]
    made.append(_station(_("submission"), submitted, one.state == DRAFT))
    for state, words in ((REJECTED, _("rejection")), (WITHDRAWN, _("withdrawal"))):
        if one.state == state:
            decided = [_station(_("approval"), approved, False)] if approved is not None else []
            return [*made, *decided, _station(words, one.steps[-1], False)]
    made.append(_station(_("approval"), approved, one.state == SUBMITTED))
    force = one.force
    if force is not None and force[0] > int(on.strftime("%Y%m%d")):
        made.append(Station(_("time in force"), NEXT, day_text(number_date(force[0]))))
    else:
        when = day_or_none(begun if force is None else force[0]) or ""
        made.append(Station(_("time in force"), DONE if force is not None else OPEN, when))
    review = one.values["review_on"]
    if review is not None:
        late = one.review_overdue(on)
        made.append(Station(_("review"), LATE if late else OPEN, day_or_none(review) or ""))
    if one.state == SUPERSEDED:
        last = one.steps[-1]
        notes = (str(last["successor"]),) if last.get("successor") else ()
        return [*made, Station(_("superseded"), DONE, day_of_step(last), notes)]
    until = one.values["valid_until"]
    if until is not None:
        over = number_date(int(until)) < on
        made.append(Station(_("end"), LATE if over else OPEN, day_or_none(until) or ""))
    return made


def _station(words: str, step: Any, is_next: bool) -> Station:
    if step is None:
        return Station(words, NEXT if is_next else OPEN)
    bad = step["state"] in (REJECTED, WITHDRAWN)
    return Station(words, NEVER if bad else DONE, day_of_step(step), (str(step["by_person"]),))
