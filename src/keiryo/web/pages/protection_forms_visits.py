"""What is done on the pages of inspections and findings: steps, findings, corrective actions."""

from __future__ import annotations

from functools import partial

from litestar import post
from litestar.params import FromPath

from keiryo.security_regime import finding_states, inspection_states
from keiryo.security_regime.finding_record import FindingRecord
from keiryo.security_regime.finding_recording import (
    FINDING,
    plan_actions,
    record_findings,
    take_finding_steps,
)
from keiryo.security_regime.finding_states import ACTION_PLANNED, EXTENDED, NEEDS_REASON
from keiryo.security_regime.inspection_record import Inspection
from keiryo.security_regime.inspection_recording import (
    INSPECTION,
    plan_inspections,
    take_inspection_steps,
)
from keiryo.security_regime.inspection_states import CANCELLED, PERFORMED, REPORTED
from keiryo.security_regime.tables_oversight import (
    GRADES,
    INSPECTION_KINDS,
    SECURITY_FINDING,
    SECURITY_FINDING_ACTION,
    SECURITY_FINDING_STEP,
    SECURITY_INSPECTION,
    SECURITY_INSPECTION_STEP,
)
from keiryo.web.pages.boards import typed_again
from keiryo.web.pages.protection_asked import MOST_NAME, Asked, Shown, done
from keiryo.web.pages.protection_findings import show_finding
from keiryo.web.pages.protection_inspections import show_inspection, show_inspections
from keiryo.web.pages.protection_known import (
    FINDINGS,
    INSPECTIONS,
    READING,
    acts_since,
    facilities_to_post,
    finding_address,
    inspection_address,
    require_finding,
    require_inspection,
)
from keiryo.web.speaking import gettext as _
from keiryo.web.viewer import AnyRequest, Asking, Viewer

_OF_VISIT = (SECURITY_INSPECTION, SECURITY_INSPECTION_STEP)
_OF_FINDING = (SECURITY_FINDING, SECURITY_FINDING_ACTION, SECURITY_FINDING_STEP)


def _visit_since(viewer: Viewer, name: str, head: int) -> list[int]:
    return acts_since(viewer, _OF_VISIT, {"inspection": name}, head)


def _finding_since(viewer: Viewer, name: str, head: int) -> list[int]:
    return acts_since(viewer, _OF_FINDING, {"finding": name}, head)


def _of_visit(request: AnyRequest, viewer: Viewer, one: Inspection, which: str) -> Asked:
    entered, here = typed_again(viewer), inspection_address(one.name)
    again = partial(show_inspection, request, viewer, one.name, entered, which)
    since = partial(_visit_since, viewer, one.name)
    return Asked(viewer, one.name, which, entered, here, again, since)


def _of_finding(request: AnyRequest, viewer: Viewer, one: FindingRecord, which: str) -> Asked:
    entered, here = typed_again(viewer), finding_address(one.name)
    again = partial(show_finding, request, viewer, one.name, entered, which)
    since = partial(_finding_since, viewer, one.name)
    return Asked(viewer, one.name, which, entered, here, again, since)


# --- inspections -----------------------------------------------------------------------------


@post(INSPECTIONS, status_code=200, sync_to_thread=True, opt=READING)
def plan_visit(request: AnyRequest, viewer: Asking) -> Shown:
    """Record an inspection that is planned."""
    entered, name = typed_again(viewer), viewer.field("inspection")[:MOST_NAME]
    again = partial(show_inspections, request, viewer, entered)
    since = partial(_visit_since, viewer, name)
    asked = Asked(viewer, name, "plan", entered, INSPECTIONS, again, since)
    allowed = [scope for scope, _words in facilities_to_post(viewer, INSPECTION)]
    if not allowed:
        viewer.require_post(INSPECTION, viewer.state)
    asked.text("inspection", _("Name the inspection."), MOST_NAME)
    row = {
        "inspection": name,
        "facility": asked.chosen("facility", allowed, _("Choose the facility.")),
        "kind": asked.chosen("kind", INSPECTION_KINDS, _("Choose the kind of inspection.")),
        "planned_from": asked.day("planned_from", required=True),
        "planned_to": asked.day("planned_to"),
        "team": asked.listed("team"),
        "requirements": asked.listed("requirements"),
        "follows": asked.text("follows", most=MOST_NAME),
        "reason": asked.text("plan_reason"),
    }
    return done(
        asked,
        lambda: plan_inspections(viewer.whole, viewer.actor(), [row]),
        inspection_address(name),
    )


@post(INSPECTIONS + "/{name:str}/steps", status_code=200, sync_to_thread=True, opt=READING)
def step_of_visit(request: AnyRequest, viewer: Asking, name: FromPath[str]) -> Shown:
    """Record that an inspection was performed, reported, closed or cancelled."""
    one = require_inspection(viewer, name)
    viewer.require_post(INSPECTION, one.scope)
    asked = _of_visit(request, viewer, one, "step")
    state = asked.chosen("step_state", tuple(inspection_states.STEPS), _("Choose what it becomes."))
    day = asked.day("step_on", required=True)
    needed = _("Say why; it stands in the record.") if state == CANCELLED else ""
    row = {
        "inspection": name,
        "on": day,
        "by": asked.text("step_by", most=MOST_NAME),
        "reason": asked.text("step_reason", needed),
        "reference": asked.text("step_reference", most=MOST_NAME),
        "performed_from": (asked.day("performed_from") or day) if state == PERFORMED else None,
        "report_digest": asked.digest("digest", "document") if state == REPORTED else None,
    }
    return done(asked, lambda: take_inspection_steps(viewer.whole, viewer.actor(), state, [row]))


# --- findings --------------------------------------------------------------------------------


@post(INSPECTIONS + "/{name:str}/findings", status_code=200, sync_to_thread=True, opt=READING)
def record_finding(request: AnyRequest, viewer: Asking, name: FromPath[str]) -> Shown:
    """Record what an inspection found."""
    visit = require_inspection(viewer, name)
    viewer.require_post(FINDING, visit.scope)
    asked = _of_visit(request, viewer, visit, "finding")
    finding = asked.text("finding", _("Name the finding."), MOST_NAME) or ""
    newer = partial(_finding_since, viewer, finding)
    asked = Asked(
        viewer, f"{name}/{finding}", "finding", asked.entered, asked.here, asked.again, newer
    )
    row = {
        "finding": finding,
        "inspection": name,
        "requirement": asked.text("requirement", _("Name the requirement, e.g. FP-H."), MOST_NAME),
        "grade": asked.chosen("grade", GRADES, _("Choose the grade.")),
        "raised_on": asked.day("raised_on"),
        "due": asked.day("finding_due"),
        "owner": asked.text("owner", most=MOST_NAME),
        "words": asked.text("words"),
        "evidence": asked.listed("finding_evidence"),
        "reason": asked.text("finding_reason"),
    }
    return done(
        asked,
        lambda: record_findings(viewer.whole, viewer.actor(), [row]),
        finding_address(finding),
    )


@post(FINDINGS + "/{name:str}/actions", status_code=200, sync_to_thread=True, opt=READING)
def record_action(request: AnyRequest, viewer: Asking, name: FromPath[str]) -> Shown:
    """Record a corrective action, or that it was done."""
    one = require_finding(viewer, name)
    viewer.require_post(FINDING, one.scope)
    asked = _of_finding(request, viewer, one, "action")
    row = {
        "finding": name,
        "action": asked.text("action", _("Name the action, e.g. A1."), MOST_NAME) or "",
        "words": asked.text("action_words"),
        "owner": asked.text("action_owner", most=MOST_NAME),
        "due": asked.day("action_due"),
        "done_on": asked.day("action_done"),
        "evidence": asked.listed("action_evidence"),
        "on": asked.day("action_on", required=True),
        "by": asked.text("action_by", most=MOST_NAME),
    }
    return done(asked, lambda: plan_actions(viewer.whole, viewer.actor(), [row]))


@post(FINDINGS + "/{name:str}/steps", status_code=200, sync_to_thread=True, opt=READING)
def step_of_finding(request: AnyRequest, viewer: Asking, name: FromPath[str]) -> Shown:
    """Record that a finding is implemented, verified, closed, opened again, or extended."""
    one = require_finding(viewer, name)
    viewer.require_post(FINDING, one.scope)
    asked = _of_finding(request, viewer, one, "step")
    allowed = {state for following in finding_states.STEPS.values() for state in following}
    state = asked.chosen(
        "step_state", sorted(allowed - {ACTION_PLANNED}), _("Choose what it becomes.")
    )
    day, due = asked.day("step_on", required=True), asked.day("step_due")
    if state == EXTENDED and due is None:
        asked.wrong("step_due", _("Say by which day it is put right."))
    needed = _("Say why; it stands in the record.") if state in NEEDS_REASON else ""
    row = {
        "finding": name,
        "on": day,
        "by": asked.text("step_by", most=MOST_NAME),
        "reason": asked.text("step_reason", needed),
        "evidence": asked.listed("step_evidence"),
        "due": due if state == EXTENDED else None,
    }
    return done(asked, lambda: take_finding_steps(viewer.whole, viewer.actor(), state, [row]))
