"""What is done with meetings on their pages: planned, given an agenda, minuted, decided."""

from __future__ import annotations

import datetime
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from keiryo.cooperation.meeting_acts import (
    Attendance,
    ItemChange,
    MeetingPlan,
    Minutes,
    WorkingGroup,
    make_agenda,
    plan_meeting,
    record_group,
    record_minutes,
    revise_item,
)
from keiryo.cooperation.meeting_decisions import Decision, decide
from keiryo.cooperation.meeting_tables import WORKING_GROUP
from keiryo.errors import UsageError
from keiryo.web.pages.boards import Entered, first_shown, typed_again
from keiryo.web.pages.cooperation_known import READING, known
from keiryo.web.pages.meetings_asked import (
    acts_about,
    day_in,
    names_in,
    sent_once,
    text_in,
    uploads,
    with_current,
)
from keiryo.web.pages.meetings_shown import (
    AGENDA,
    DECIDE,
    GROUP,
    MEETINGS,
    MINUTES,
    PLAN,
    REVISE,
    SEATS,
    known_meetings,
    meeting_address,
    newer_acts,
    show_item,
    show_meeting,
)
from keiryo.web.rendering import render
from keiryo.web.speaking import gettext as _
from keiryo.web.typed_numbers import whole_number
from keiryo.web.viewer import AnyRequest, Asking, Viewer

NEW = "/cooperation/plan-meeting"


# --- planning --------------------------------------------------------------------------------


@get(NEW, sync_to_thread=True, opt=READING)
def plan_form(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Ask for a meeting that is planned."""
    viewer.require_post(PLAN, viewer.state)
    body = str(request.query_params.get("body", ""))[:200]
    return _plan_page(request, viewer, first_shown(viewer, NEW, {"body": body}))


@post(NEW, status_code=200, sync_to_thread=True, opt=READING)
def plan_new(request: AnyRequest, viewer: Asking) -> Response[Any] | Redirect:
    """Plan a meeting of a body."""
    viewer.require_post(PLAN, viewer.state)
    entered = typed_again(viewer)
    name = text_in(viewer, entered, "name", _("Give the meeting a name, e.g. m.commission-6."))
    body = text_in(viewer, entered, "body", _("Choose the body that meets."))
    plan = _plan(viewer, entered, name or "", body, required=True)

    def do() -> str:
        if plan.meeting in known_meetings(viewer).meetings:
            raise UsageError(
                _("there is a meeting of this name"), _("It is moved or called off on its page.")
            )
        done = plan_meeting(viewer.whole, viewer.actor(), plan)
        return f"{meeting_address(plan.meeting)}?done={done.act.act_id}"

    return sent_once(viewer, entered, NEW, do, lambda one: _plan_page(request, viewer, one))


def _plan(
    viewer: Viewer, entered: Entered, name: str, body: str | None, *, required: bool
) -> MeetingPlan:
    first = day_in(viewer, entered, "on", required=required)
    last = day_in(viewer, entered, "last_day")
    if first is not None and last is not None and last < first:
        entered.errors["last_day"] = _("The last day lies before the first.")
    texts = {n: text_in(viewer, entered, n) for n in ("title", "title_ja", "location")}
    return MeetingPlan(name, body, first, last, **texts, cancelled=bool(viewer.field("cancelled")))


def _plan_page(request: AnyRequest, viewer: Viewer, entered: Entered) -> Response[Any]:
    register = known(viewer).register
    bodies = [
        (one.name, f"{one.name}: {one.title}"[:120])
        for one in register.of_kind("cooperation_body", "programme")
    ]
    return render(
        request,
        "meetings/plan.html",
        http_status=entered.status,
        entered=entered,
        here=NEW,
        bodies=with_current(bodies, first=_("choose")),
        crumbs=[(_("Meetings"), MEETINGS), (_("Plan a meeting"), None)],
    )


@post(MEETINGS + "/{name:str}/plan", status_code=200, sync_to_thread=True, opt=READING)
def plan_anew(request: AnyRequest, viewer: Asking, name: FromPath[str]) -> Response[Any] | Redirect:
    """Move a meeting, or call it off."""
    known_meetings(viewer).get(name)
    viewer.require_post(PLAN, viewer.state)
    entered = typed_again(viewer)
    plan = _plan(viewer, entered, name, None, required=False)
    return _done(
        *(request, viewer, name, "plan", entered),
        lambda: plan_meeting(viewer.whole, viewer.actor(), plan).act.act_id,
    )


def _done(
    request: AnyRequest, viewer: Viewer, name: str, which: str, entered: Entered, do: Any
) -> Response[Any] | Redirect:
    here = meeting_address(name)
    return sent_once(
        *(viewer, entered, here),
        lambda: f"{here}?done={do()}",
        lambda one: show_meeting(request, viewer, name, one, which),
        newer_acts(viewer, name),
    )


@post(MEETINGS + "/{name:str}/groups", status_code=200, sync_to_thread=True, opt=READING)
def add_group(request: AnyRequest, viewer: Asking, name: FromPath[str]) -> Response[Any] | Redirect:
    """Record a working group of the body that meets."""
    body = known_meetings(viewer).get(name).body
    viewer.require_post(GROUP, viewer.state)
    entered = typed_again(viewer)
    group = WorkingGroup(
        body,
        text_in(viewer, entered, "group_name", _("Give the group a short name.")) or "",
        text_in(viewer, entered, "group_title", _("Give the group its full name.")) or "",
        text_in(viewer, entered, "group_title_ja"),
        names_in(viewer, "group_areas"),
    )
    here = meeting_address(name)
    return sent_once(
        *(viewer, entered, here),
        lambda: f"{here}?done={record_group(viewer.whole, viewer.actor(), group).act.act_id}",
        lambda one: show_meeting(request, viewer, name, one, "group"),
        lambda head: acts_about(viewer, {WORKING_GROUP.name: "body"}, body, head),
    )


@post(MEETINGS + "/{name:str}/agenda", status_code=200, sync_to_thread=True, opt=READING)
def put_agenda(
    request: AnyRequest, viewer: Asking, name: FromPath[str]
) -> Response[Any] | Redirect:
    """Put on the agenda what is open."""
    known_meetings(viewer).get(name)
    viewer.require_post(AGENDA, viewer.state)
    entered = typed_again(viewer)
    also = names_in(viewer, "also")

    def do() -> int:
        done = make_agenda(viewer.whole, viewer.actor(), name, also)
        return 0 if done is None else done.act.act_id

    return _done(request, viewer, name, "agenda", entered, do)


# --- items -----------------------------------------------------------------------------------


_TEXTS = (
    *("title", "title_ja", "working_group", "commitment", "words", "words_ja"),
    *("change", "next_step", "owner"),
)


def _change(viewer: Viewer, entered: Entered, number: int | None) -> ItemChange:
    """Return what a form says of an item; of one that is there, an empty field empties it."""
    texts: dict[str, Any] = {field: text_in(viewer, entered, field) for field in _TEXTS}
    due: datetime.date | None = day_in(viewer, entered, "due_on")
    if number is None:
        work = viewer.field("kind") == "work_plan"
        return ItemChange(None, **texts, work_plan=work, due_on=due)
    texts = {field: text or "" for field, text in texts.items()}
    return ItemChange(
        number,
        **texts,
        due_on=due,
        open=bool(viewer.field("open")),
        public=bool(viewer.field("public")),
    )


@post(MEETINGS + "/{name:str}/items", status_code=200, sync_to_thread=True, opt=READING)
def add_item(request: AnyRequest, viewer: Asking, name: FromPath[str]) -> Response[Any] | Redirect:
    """Add an item to a meeting: a topic, or work to be done."""
    known_meetings(viewer).get(name)
    viewer.require_post(REVISE, viewer.state)
    entered = typed_again(viewer)
    change = _change(viewer, entered, None)
    return _done(
        *(request, viewer, name, "item", entered),
        lambda: revise_item(viewer.whole, viewer.actor(), name, change)[0].act.act_id,
    )


@post(
    MEETINGS + "/{name:str}/items/{number:int}", status_code=200, sync_to_thread=True, opt=READING
)
def change_item(
    request: AnyRequest, viewer: Asking, name: FromPath[str], number: FromPath[int]
) -> Response[Any] | Redirect:
    """Record what is said of an item now: its wording, what changed, who does what by when."""
    known_meetings(viewer).get(name).item(number)
    viewer.require_post(REVISE, viewer.state)
    entered = typed_again(viewer)
    change, seen = _change(viewer, entered, number), whole_number(viewer.field("seen"))

    def do() -> int:
        done = revise_item(viewer.whole, viewer.actor(), name, change, seen=seen)
        return done[0].act.act_id

    return _item_done(request, viewer, name, number, "item", entered, do)


def _item_done(
    request: AnyRequest,
    viewer: Viewer,
    name: str,
    number: int,
    which: str,
    entered: Entered,
    do: Any,
) -> Response[Any] | Redirect:
    here = meeting_address(name, number)

    def newer(head: int) -> list[int]:
        found = newer_acts(viewer, name)(head)
        last = known_meetings(viewer).get(name).item(number).values["act_id"]
        decided = (int(one["act_id"]) for one in known_meetings(viewer).get(name).decisions)
        return [act for act in found if act in {last, *decided}]

    return sent_once(
        *(viewer, entered, here),
        lambda: f"{here}?done={do()}",
        lambda one: show_item(request, viewer, name, number, one, which),
        newer,
    )


@post(
    MEETINGS + "/{name:str}/items/{number:int}/decisions",
    status_code=200,
    sync_to_thread=True,
    opt=READING,
)
def decide_item(
    request: AnyRequest, viewer: Asking, name: FromPath[str], number: FromPath[int]
) -> Response[Any] | Redirect:
    """Record a commitment that a meeting decided; it rests on the words of the minutes."""
    known_meetings(viewer).get(name).item(number)
    viewer.require_post(DECIDE, viewer.state)
    entered = typed_again(viewer)
    actors = names_in(viewer, "actors")
    if not actors:
        entered.errors["actors"] = _("Say who is to do it, by names of the register.")
    decision = Decision(
        actors,
        text_in(viewer, entered, "modality", _("Give the verb as the minutes write it.")) or "",
        text_in(viewer, entered, "action", _("Say what is to be done.")) or "",
        text_in(viewer, entered, "decided"),
        text_in(viewer, entered, "decided_ja"),
        text_in(viewer, entered, "commitment_name"),
        area=text_in(viewer, entered, "area"),
        due=day_in(viewer, entered, "decided_due"),
        owner=text_in(viewer, entered, "decided_owner"),
        follows=text_in(viewer, entered, "follows"),
    )
    return _item_done(
        *(request, viewer, name, number, "decide", entered),
        lambda: decide(viewer.whole, viewer.actor(), name, number, decision)[0].act.act_id,
    )


# --- minutes ---------------------------------------------------------------------------------


@post(MEETINGS + "/{name:str}/minutes", status_code=200, sync_to_thread=True, opt=READING)
def record_held(
    request: AnyRequest, viewer: Asking, name: FromPath[str]
) -> Response[Any] | Redirect:
    """Record that a meeting was held: who took part, and its joint text in both languages."""
    known_meetings(viewer).get(name)
    viewer.require_post(MINUTES, viewer.state)
    entered = typed_again(viewer)
    minutes = Minutes(
        tuple(_seats(viewer, entered)),
        text_in(viewer, entered, "joint_words"),
        text_in(viewer, entered, "joint_words_ja"),
        bool(viewer.field("joint_public")),
        files=tuple(uploads(viewer, "minutes_files")),
    )
    return _done(
        *(request, viewer, name, "minutes", entered),
        lambda: record_minutes(viewer.whole, viewer.actor(), name, minutes).act.act_id,
    )


def _seats(viewer: Viewer, entered: Entered) -> list[Attendance]:
    found = []
    for row in range(1, SEATS + 1):
        organisation = viewer.field(f"seat_{row}")
        if not organisation:
            continue
        persons = viewer.field(f"persons_{row}")
        number = whole_number(persons)
        if persons and not (number and number < 1_000_000):
            entered.errors[f"persons_{row}"] = _("Write a number of persons, or leave it empty.")
        head = text_in(viewer, entered, f"head_{row}")
        found.append(Attendance(organisation[:200], number or None, head))
    if len({one.organisation for one in found}) < len(found):
        entered.errors["seat_1"] = _("Name each organisation once.")
    return found


HANDLERS = (
    *(plan_form, plan_new, plan_anew, add_group, put_agenda),
    *(add_item, change_item, decide_item, record_held),
)
