"""What is done on the pages of security plans: versions, their steps, what they address."""

from __future__ import annotations

from functools import partial
from typing import Any

from litestar import post
from litestar.params import FromPath

from keiryo.security_regime.plan_recording import PLAN, cover, record_plans, take_plan_steps
from keiryo.security_regime.plan_states import NEEDS_REASON, STEPS, SUPERSEDED
from keiryo.security_regime.plan_version import Plan
from keiryo.security_regime.tables_oversight import (
    COVERAGES,
    PLAN_KINDS,
    SECURITY_PLAN,
    SECURITY_PLAN_COVERAGE,
    SECURITY_PLAN_STEP,
)
from keiryo.web.pages.boards import Entered, typed_again
from keiryo.web.pages.protection_asked import MOST_NAME, Asked, Shown, done
from keiryo.web.pages.protection_known import (
    PLANS,
    READING,
    acts_since,
    facilities_to_post,
    plan_address,
    require_plan,
)
from keiryo.web.pages.protection_plans import show_plan, show_plans
from keiryo.web.speaking import gettext as _
from keiryo.web.viewer import AnyRequest, Asking, Viewer

_ABOUT = (SECURITY_PLAN, SECURITY_PLAN_STEP, SECURITY_PLAN_COVERAGE)
_TERM_DAYS = ("valid_from", "valid_until", "review_on")
_TERM_TEXTS = ("title", "reference", "basis", "threat_ref")


def _since(viewer: Viewer, plan: str, version: str, head: int) -> list[int]:
    return acts_since(viewer, _ABOUT, {"plan": plan, "version": version}, head)


def _of_plan(request: AnyRequest, viewer: Viewer, one: Plan, which: str) -> Asked:
    entered = typed_again(viewer)
    here = plan_address(*one.key)
    again = partial(show_plan, request, viewer, one.key, entered, which)
    since = partial(_since, viewer, *one.key)
    return Asked(viewer, one.name, which, entered, here, again, since)


def _terms(asked: Asked) -> dict[str, Any]:
    """Return the terms of a version; what is left empty is as it was."""
    return {
        **{name: asked.text(name, most=MOST_NAME) for name in _TERM_TEXTS},
        **{name: asked.day(name) for name in _TERM_DAYS},
        "digest": asked.digest("digest", "document"),
        "reason": asked.text("terms_reason"),
    }


@post(PLANS, status_code=200, sync_to_thread=True, opt=READING)
def record_plan(request: AnyRequest, viewer: Asking) -> Shown:
    """Record a version of a plan; where it is there already, its terms anew."""
    entered: Entered = typed_again(viewer)
    plan, version = viewer.field("plan")[:MOST_NAME], viewer.field("version")[:MOST_NAME]
    of_page = viewer.field("which") == "terms"
    one = require_plan(viewer, plan, version) if of_page else None
    if one is not None:
        viewer.require_post(PLAN, one.scope)
        asked = _of_plan(request, viewer, one, "terms")
        facility, kind = one.scope, viewer.field("kind") or one.kind
    else:
        again = partial(show_plans, request, viewer, entered, "plan")
        since = partial(_since, viewer, plan, version)
        asked = Asked(viewer, f"{plan}/{version}", "plan", entered, PLANS, again, since)
        allowed = [scope for scope, _words in facilities_to_post(viewer, PLAN)]
        if not allowed:
            viewer.require_post(PLAN, viewer.state)
        facility = asked.chosen("facility", allowed, _("Choose the facility."))
        kind = asked.chosen("kind", PLAN_KINDS, _("Choose the kind of plan."))
        asked.text("plan", _("Name the plan."), MOST_NAME)
        asked.text("version", _("Say which version it is."), MOST_NAME)
        asked.text("title", _("Give the plan a title."), MOST_NAME)
    row = {"plan": plan, "version": version, "facility": facility, "kind": kind, **_terms(asked)}
    return done(
        asked,
        lambda: record_plans(viewer.whole, viewer.actor(), [row]),
        plan_address(plan, version),
    )


@post(PLANS + "/{plan:str}/{version:str}/steps", status_code=200, sync_to_thread=True, opt=READING)
def step_of_plan(
    request: AnyRequest, viewer: Asking, plan: FromPath[str], version: FromPath[str]
) -> Shown:
    """Submit, approve, reject or withdraw a version of a plan."""
    one = require_plan(viewer, plan, version)
    viewer.require_post(PLAN, one.scope)
    asked = _of_plan(request, viewer, one, "step")
    allowed = [state for state in STEPS if state != SUPERSEDED]
    state = asked.chosen("step_state", allowed, _("Choose what it becomes."))
    day = asked.day("step_on", required=True)
    needed = _("Say why; it stands in the record.") if state in NEEDS_REASON else ""
    row = {
        "plan": plan,
        "version": version,
        "on": day,
        "by": asked.text("step_by", most=MOST_NAME),
        "reason": asked.text("step_reason", needed),
        "reference": asked.text("step_reference", most=MOST_NAME),
    }
    return done(asked, lambda: take_plan_steps(viewer.whole, viewer.actor(), state, [row]))


@post(
    PLANS + "/{plan:str}/{version:str}/coverage",
    status_code=200,
    sync_to_thread=True,
    opt=READING,
)
def cover_plan(
    request: AnyRequest, viewer: Asking, plan: FromPath[str], version: FromPath[str]
) -> Shown:
    """Record how far a version addresses requirements."""
    one = require_plan(viewer, plan, version)
    viewer.require_post(PLAN, one.scope)
    asked = _of_plan(request, viewer, one, "coverage")
    named = asked.listed("requirements", _("Name the requirements, e.g. FP-H."))
    coverage = asked.chosen("coverage", COVERAGES, _("Choose how far it is addressed."))
    chapter = asked.text("chapter", most=MOST_NAME)
    rows = [
        {
            "plan": plan,
            "version": version,
            "requirement": requirement,
            "coverage": coverage,
            "chapter": chapter,
        }
        for requirement in (named or "").split()
    ]
    return done(asked, lambda: cover(viewer.whole, viewer.actor(), rows))
