"""What is done with expert missions on their pages: requested, agreed, carried out, followed up."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from keiryo.cooperation.caveats import CAVEATS
from keiryo.cooperation.missions import (
    FindingStep,
    MissionRequest,
    MissionStep,
    record_mission_finding,
    request_mission,
    take_mission_step,
)
from keiryo.web.pages.boards import Entered, first_shown, typed_again
from keiryo.web.pages.cooperation_known import READING, known
from keiryo.web.pages.meetings_asked import (
    day_in,
    evidence_in,
    lines_in,
    organisations,
    sent_once,
    text_in,
    under_in,
    with_current,
)
from keiryo.web.pages.meetings_words import CAVEAT_WORDS, MISSION_KINDS, options_of
from keiryo.web.pages.missions_shown import (
    FOUND,
    MEMBER_ROWS,
    MISSIONS,
    REQUEST,
    STEP,
    known_missions,
    mission_address,
    mission_seen,
    newer_about_mission,
    show_mission,
)
from keiryo.web.rendering import render
from keiryo.web.speaking import gettext as _
from keiryo.web.viewer import AnyRequest, Asking, Viewer

NEW = "/cooperation/request-mission"


@get(NEW, sync_to_thread=True, opt=READING)
def request_form(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Ask for a mission that is asked for."""
    viewer.require_post(REQUEST, viewer.state)
    return _request_page(request, viewer, first_shown(viewer, NEW))


@post(NEW, status_code=200, sync_to_thread=True, opt=READING)
def request_new(request: AnyRequest, viewer: Asking) -> Response[Any] | Redirect:
    """Record that a mission of experts was asked for."""
    viewer.require_post(REQUEST, viewer.state)
    entered = typed_again(viewer)
    missing = {
        "kind": _("Choose a kind of mission."),
        "title": _("Say what it is about."),
        "host": _("Choose who is visited."),
        "provider": _("Choose who sends the experts."),
    }
    given = {name: text_in(viewer, entered, name, words) or "" for name, words in missing.items()}
    follows = text_in(viewer, entered, "follows")
    if follows is not None and follows not in known_missions(viewer):
        entered.errors["follows"] = _("There is no such mission.")
    wanted = MissionRequest(
        **given,
        on=day_in(viewer, entered, "on", required=True) or viewer.today,
        requested_by=text_in(viewer, entered, "requested_by"),
        follows=follows,
        caveats=tuple(one for one in CAVEATS if viewer.field(f"caveat_{one}")),
        under=under_in(viewer, entered, known(viewer).register),
        note=text_in(viewer, entered, "note"),
    )

    def do() -> str:
        name, done = request_mission(viewer.whole, viewer.actor(), wanted)
        seen = name in known_missions(viewer)
        return f"{mission_address(name) if seen else MISSIONS}?done={done.act.act_id}"

    return sent_once(viewer, entered, NEW, do, lambda one: _request_page(request, viewer, one))


def _request_page(request: AnyRequest, viewer: Viewer, entered: Entered) -> Response[Any]:
    taken = [
        (one.name, f"{one.name}: {one.values['title']}"[:120])
        for one in known_missions(viewer).values()
        if one.period is not None
    ]
    return render(
        request,
        "missions/request.html",
        http_status=entered.status,
        entered=entered,
        here=NEW,
        kinds=[("", _("choose")), *options_of(MISSION_KINDS)],
        organisations=with_current(organisations(known(viewer).register), first=_("choose")),
        earlier=with_current(taken, first=_("none")),
        caveats=options_of(CAVEAT_WORDS),
        crumbs=[(_("Expert missions"), MISSIONS), (_("Request a mission"), None)],
    )


@post(MISSIONS + "/{name:str}/steps", status_code=200, sync_to_thread=True, opt=READING)
def step_mission(
    request: AnyRequest, viewer: Asking, name: FromPath[str]
) -> Response[Any] | Redirect:
    """Record a step of a mission, with what becomes known by it."""
    mission_seen(viewer, name)
    viewer.require_post(STEP, viewer.state)
    entered = typed_again(viewer)
    wanted = MissionStep(
        name,
        text_in(viewer, entered, "state", _("Choose what it becomes.")) or "",
        day_in(viewer, entered, "step_on", required=True) or viewer.today,
        text_in(viewer, entered, "reason", _("Say what happened; it stands in the record.")) or "",
        text_in(viewer, entered, "terms"),
        day_in(viewer, entered, "prepared_on"),
        day_in(viewer, entered, "first_day"),
        day_in(viewer, entered, "last_day"),
        lines_in(viewer, "sites"),
        text_in(viewer, entered, "side"),
        tuple(_team(viewer, entered)),
        **evidence_in(viewer, entered, "step"),
    )
    here = mission_address(name)

    def do() -> str:
        done = take_mission_step(viewer.whole, viewer.actor(), wanted)
        return f"{here}?done={done.act.act_id}"

    return sent_once(
        *(viewer, entered, here, do),
        lambda one: show_mission(request, viewer, name, one, "step"),
        newer_about_mission(viewer, name),
    )


def _team(viewer: Viewer, entered: Entered) -> list[tuple[str, str | None, str]]:
    found = []
    for row in range(1, MEMBER_ROWS + 1):
        person = text_in(viewer, entered, f"person_{row}")
        part = viewer.field(f"part_{row}")
        organisation = viewer.field(f"organisation_{row}") or None
        if person is None and (part or organisation):
            entered.errors[f"person_{row}"] = _("Name the person, or leave the row empty.")
        elif person is not None and not part:
            entered.errors[f"part_{row}"] = _("Choose what the person does in the team.")
        elif person is not None:
            found.append((person, organisation, part))
    return found


@post(MISSIONS + "/{name:str}/findings", status_code=200, sync_to_thread=True, opt=READING)
def record_finding(
    request: AnyRequest, viewer: Asking, name: FromPath[str]
) -> Response[Any] | Redirect:
    """Record what a mission found, or what is done about it."""
    mission = mission_seen(viewer, name)
    viewer.require_post(FOUND, viewer.state)
    entered = typed_again(viewer)
    number = text_in(viewer, entered, "number", _("Give its number in the report, e.g. R1.")) or ""
    texts: dict[str, Any] = {
        field: text_in(viewer, entered, f"finding_{field}")
        for field in ("kind", "words", "state", "reason", "owner", "plan", "follow_up")
    }
    if texts["follow_up"] is not None and texts["follow_up"] not in known_missions(viewer):
        entered.errors["finding_follow_up"] = _("There is no such mission.")
    if number not in mission.found and not (texts["kind"] and texts["words"]):
        entered.errors["finding_words"] = _("Of a new finding give the kind and the words.")
    wanted = FindingStep(
        name,
        number,
        day_in(viewer, entered, "finding_on", required=True) or viewer.today,
        **texts,
        due_on=day_in(viewer, entered, "finding_due_on"),
        **evidence_in(viewer, entered, "finding"),
    )
    here = mission_address(name)

    def do() -> str:
        done = record_mission_finding(viewer.whole, viewer.actor(), wanted)
        return f"{here}?done={done.act.act_id}"

    return sent_once(
        *(viewer, entered, here, do),
        lambda one: show_mission(request, viewer, name, one, "finding"),
        newer_about_mission(viewer, name),
    )


HANDLERS = (request_form, request_new, step_mission, record_finding)
