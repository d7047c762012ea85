"""Meetings of bodies as pages show them: a meeting with its status sheet, an item with its history.

A meeting's page is its status sheet: by working group one line for each item, with the last
meeting's wording, what changed, the next step, who does it and by when, and the act behind each.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from litestar import Response

from keiryo.cooperation.meeting_tables import (
    CANCELLED,
    HELD,
    MEETING,
    MEETING_ATTENDANCE,
    MEETING_DECISION,
    MEETING_ITEM,
    PLANNED,
)
from keiryo.cooperation.meetings import Item, Meeting, Meetings, agenda_items, read_meetings
from keiryo.cooperation.status_report import StatusLine, status_report
from keiryo.dates import number_date
from keiryo.people.accounts import names_of
from keiryo.web.pages.boards import Entered
from keiryo.web.pages.cooperation_known import CAPABILITY, carers, known, linked, state_badge
from keiryo.web.pages.meetings_asked import (
    AHEAD_DAYS,
    acts_about,
    done_act,
    lines_about,
    organisations,
    why,
    with_current,
)
from keiryo.web.pages.meetings_words import ITEM_KINDS, MEETING_STATES, badge_of, word_of
from keiryo.web.rendering import render
from keiryo.web.speaking import day_text
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Viewer

MEETINGS, WORK = "/cooperation/meetings", "/cooperation/work-plan"
PLAN, GROUP, AGENDA = "cooperation.meeting", "cooperation.working_group", "cooperation.agenda"
REVISE, MINUTES = "cooperation.meeting_item", "cooperation.minutes"
DECIDE = "cooperation.decide"
ABOUT = {
    kind.name: "meeting" for kind in (MEETING, MEETING_ITEM, MEETING_ATTENDANCE, MEETING_DECISION)
}
SEATS, MORE_SEATS = 60, 3
"""Rows of attendance that a form may have, and empty ones that it offers."""


def known_meetings(viewer: Viewer) -> Meetings:
    """Return the meetings that are seen; read anew when something about them was posted."""

    def find() -> Meetings:
        with viewer.books.reading() as connection:
            return read_meetings(connection, viewer.metadata)

    last = viewer.server.last_acts.by(CAPABILITY, viewer.head)
    return viewer.server.remembered.get(("meetings", viewer.sight), last, find)


def meeting_address(name: str, item: int | None = None) -> str:
    """Return the page of a meeting, or of an item of it."""
    here = f"{MEETINGS}/{quote(name, safe='')}"
    return here if item is None else f"{here}/items/{item}"


def days_text(meeting: Meeting) -> str:
    """Return the days of a meeting in words."""
    days = dict.fromkeys((meeting.on, meeting.last_day))
    return " – ".join(day_text(day) for day in days)


def urgency(due: datetime.date | None, on: datetime.date) -> str:
    """Return how urgent something is that is due on a day."""
    if due is None:
        return sentence("without a day")
    if due < on:
        return sentence("overdue")
    near = (due - on).days <= AHEAD_DAYS
    return sentence("due soon") if near else sentence("due later")


def open_items(meetings: Meetings) -> list[tuple[Meeting, Item]]:
    """Return the items that are open and that no later meeting took up, what is due first."""
    standing = [one for one in meetings.meetings.values() if one.state != CANCELLED]
    taken = {item.before for one in standing for item in one.items}
    found = [
        (one, item)
        for one in standing
        for item in one.items
        if item.is_open and (one.name, item.number) not in taken
    ]
    never = datetime.date.max
    found.sort(key=lambda pair: (pair[1].due or never, pair[0].on, pair[0].name, pair[1].number))
    return found


def owner_names(viewer: Viewer, owners: set[str]) -> dict[str, str]:
    """Return how owners are called: people by their names, roles and organisations as they are."""
    return names_of(viewer.whole, {one for one in owners if one})


# --- a meeting -------------------------------------------------------------------------------


def show_meeting(
    request: AnyRequest, viewer: Viewer, name: str, entered: Entered, which: str = ""
) -> Response[Any]:
    """Return the page of a meeting; with what was typed, where a form comes back.

    Parameters
    ----------
    which : str
        The form that comes back: plan, group, agenda, item or minutes.

    Raises
    ------
    NotFoundError
        If there is no meeting of that name that is seen.
    """
    meetings = known_meetings(viewer)
    meeting = meetings.get(name)
    with viewer.books.reading() as connection:
        sheet = status_report(connection, viewer.metadata, name, on=viewer.today)
    owners = {str(line.item.values["owner"] or "") for line in sheet.lines}
    called = owner_names(viewer, owners)
    register = known(viewer).register
    values = meeting.values
    return render(
        request,
        "meetings/meeting.html",
        http_status=entered.status,
        meeting=meeting,
        title=values["title"],
        badge=badge_of(MEETING_STATES, meeting.state),
        body=linked(register, meeting.body),
        body_title=sheet.body_title,
        days=days_text(meeting),
        previous=_other(sheet.previous),
        following=_other(_after(meetings, meeting)),
        groups=[
            {
                "title": _("Plenary") if group is None else str(group["title"]),
                "title_ja": None if group is None else group["title_ja"],
                "act": None if group is None else group["act_id"],
                "rows": [_line_shown(viewer, line, called) for line in lines],
            }
            for group, lines in sheet.groups
        ],
        attendance=[
            {**seat, "organisation": linked(register, str(seat["organisation"]))}
            for seat in meeting.attendance
        ],
        decisions=[
            {
                **one,
                "commitment": linked(register, str(one["commitment"])),
                "href": meeting_address(name, int(one["item"])),
            }
            for one in meeting.decisions
        ],
        history=_history(viewer, name),
        concerned=sorted({str(i.values["commitment"]) for i in meeting.items} - {"None"}),
        here=meeting_address(name),
        why=why(f"cooperation:{name}"),
        done=done_act(request),
        entered=entered if which in ("plan", "minutes") else _with(entered, _given(meeting)),
        which=which,
        **_forms(viewer, meetings, meeting),
        crumbs=[(_("Meetings"), MEETINGS), (name, None)],
    )


def _with(entered: Entered, fields: Mapping[str, str]) -> Entered:
    """Return a form with what stands in the books wherever nothing else was typed."""
    return replace(entered, fields={**fields, **entered.fields})


def _given(meeting: Meeting) -> dict[str, str]:
    """Return a meeting as the fields of its forms."""
    values = meeting.values
    given = {
        "location": str(values["location"] or ""),
        "on": meeting.on.isoformat(),
        "last_day": meeting.last_day.isoformat(),
        "joint_words": str(values["words"] or ""),
        "joint_words_ja": str(values["words_ja"] or ""),
        "joint_public": "yes" if meeting.is_public else "",
    }
    for row, seat in enumerate(meeting.attendance, start=1):
        given[f"seat_{row}"] = str(seat["organisation"])
        given[f"persons_{row}"] = str(seat["persons"] or "")
        given[f"head_{row}"] = str(seat["head"] or "")
    return given


def _given_item(item: Item) -> dict[str, str]:
    """Return an item as the fields of its form."""
    values = item.values
    texts = ("title", "title_ja", "working_group", "commitment", "words", "words_ja")
    given = {n: str(values[n] or "") for n in (*texts, "change", "next_step", "owner")}
    given["due_on"] = "" if item.due is None else item.due.isoformat()
    return given | {n: "yes" if values[n] else "" for n in ("open", "public")}


def _other(meeting: Meeting | None) -> dict[str, Any] | None:
    if meeting is None:
        return None
    return {"name": meeting.name, "href": meeting_address(meeting.name), "days": days_text(meeting)}


def _after(meetings: Meetings, meeting: Meeting) -> Meeting | None:
    later = meetings.of_body(meeting.body)
    place = later.index(meeting) + 1
    return next((one for one in later[place:] if one.state != CANCELLED), None)


def _line_shown(viewer: Viewer, line: StatusLine, called: Mapping[str, str]) -> dict[str, Any]:
    item, commitment = line.item, line.commitment
    values, owner = item.values, str(item.values["owner"] or "")
    register = known(viewer).register
    about = values["commitment"]
    return {
        "number": item.number,
        "href": meeting_address(str(values["meeting"]), item.number),
        "title": values["title"],
        "title_ja": values["title_ja"],
        "kind": word_of(ITEM_KINDS, values["kind"]),
        "words": values["words"] or values["words_ja"],
        "about": linked(register, str(about)) if about else None,
        "about_state": None if commitment is None else state_badge(commitment.state),
        "before": _before(line),
        "change": values["change"],
        "steps": [
            {
                "day": day_text(number_date(int(step["on_day"]))),
                "state": state_badge(str(step["state"])),
                "act": step["act_id"],
            }
            for step in line.steps
        ],
        "next_step": values["next_step"],
        "owner": called.get(owner, owner),
        "due": item.due,
        "overdue": line.overdue,
        "open": item.is_open,
        "public": bool(values["public"]),
        "act": values["act_id"],
        "_kind": "error" if line.overdue else None,
    }


def _before(line: StatusLine) -> dict[str, Any] | None:
    if line.before is None:
        return None
    values = line.before.values
    return {
        "href": meeting_address(str(values["meeting"]), line.before.number),
        "name": line.before.name,
        "words": values["words"] or values["words_ja"] or values["title"],
    }


def _history(viewer: Viewer, name: str) -> list[dict[str, Any]]:
    """Return what was recorded of a meeting as a whole, the last first."""
    seats: dict[int, int] = {}
    for seat in lines_about(viewer, MEETING_ATTENDANCE.name, meeting=name):
        seats[int(seat["act_id"])] = seats.get(int(seat["act_id"]), 0) + 1
    return [
        {
            "badge": badge_of(MEETING_STATES, str(row["state"])),
            "days": " – ".join(
                dict.fromkeys(day_text(number_date(int(row[d]))) for d in ("on_day", "last_day"))
            ),
            "location": row["location"],
            "seats": seats.get(int(row["act_id"])),
            "public": bool(row["public"]),
            "who": row["who"],
            "act": row["act_id"],
        }
        for row in reversed(lines_about(viewer, MEETING.name, meeting=name))
    ]


def _forms(viewer: Viewer, meetings: Meetings, meeting: Meeting) -> dict[str, Any]:
    """Return which forms the viewer may use, and what they offer."""
    stands = meeting.state != CANCELLED

    def may(kind: str) -> bool:
        return viewer.may_post(kind, viewer.state)

    found = known(viewer)
    register = found.register
    proposed = []
    if stands and may(AGENDA):
        proposed = agenda_items(meetings, register, list(found.standing.values()), meeting)
    also = [
        (one.name, f"{one.name}: {one.title}"[:120])
        for one in register.of_kind("instrument", "programme", "cooperation_body")
    ]
    seats = min(len(meeting.attendance) + MORE_SEATS, SEATS)
    return {
        "may_plan": may(PLAN) and meeting.state != HELD,
        "may_agenda": stands and may(AGENDA),
        "may_revise": stands and may(REVISE),
        "may_minutes": stands and may(MINUTES) and meeting.on <= viewer.today,
        "may_group": stands and may(GROUP),
        "planned": meeting.state == PLANNED,
        "proposed": proposed,
        "also": with_current(also, first=_("nothing else")),
        "seats": range(1, seats + 1),
        "organisations": with_current(organisations(register), first=_("choose")),
        **item_choices(viewer, meetings, meeting),
    }


def item_choices(
    viewer: Viewer, meetings: Meetings, meeting: Meeting, item: Item | None = None
) -> dict[str, Any]:
    """Return what the fields of an item offer: working groups, commitments, owners."""
    found = known(viewer)
    values: Mapping[str, Any] = {} if item is None else item.values
    groups = [
        (str(one["working_group"]), str(one["title"]))
        for one in meetings.groups.get(meeting.body, ())
    ]
    commitments = [
        (one.name, f"{one.name}: {one.register.title}"[:120]) for one in found.standing.values()
    ]
    if not viewer.may_post(REVISE, viewer.state):
        return {"group_options": [], "commitment_options": [], "owner_options": []}
    people = [*carers(viewer), *organisations(found.register)]
    return {
        "group_options": with_current(groups, values.get("working_group"), first=_("the plenary")),
        "commitment_options": with_current(
            commitments, values.get("commitment"), first=_("no commitment")
        ),
        "owner_options": with_current(people, values.get("owner"), first=_("nobody yet")),
    }


# --- an item ---------------------------------------------------------------------------------


def show_item(
    request: AnyRequest,
    viewer: Viewer,
    name: str,
    number: int,
    entered: Entered,
    which: str = "",
) -> Response[Any]:
    """Return the page of an item: all that was said of it, and the forms for what is said now.

    Raises
    ------
    NotFoundError
        If there is no such meeting or item that is seen.
    """
    meetings = known_meetings(viewer)
    meeting = meetings.get(name)
    item = meeting.item(number)
    register, values = known(viewer).register, item.values
    about = values["commitment"]
    standing = known(viewer).standing.get(str(about))
    group = meetings.group(meeting.body, values["working_group"])
    seated = [str(one["organisation"]) for one in meeting.attendance]
    stands = meeting.state != CANCELLED
    called = owner_names(viewer, {str(values["owner"] or "")})
    return render(
        request,
        "meetings/item.html",
        http_status=entered.status,
        meeting=meeting,
        item=item,
        values=values,
        days=days_text(meeting),
        kind=word_of(ITEM_KINDS, values["kind"]),
        group=_("Plenary") if group is None else group["title"],
        about=linked(register, str(about)) if about else None,
        about_state=None if standing is None else state_badge(standing.state),
        owner=called.get(str(values["owner"]), values["owner"]),
        overdue=item.is_open and item.due is not None and item.due < viewer.today,
        chain=_chain(meetings, meeting, item),
        history=_said(viewer, item),
        decisions=[
            {**one, "commitment": linked(register, str(one["commitment"]))}
            for one in meeting.decisions
            if int(one["item"]) == number
        ],
        may_revise=stands and viewer.may_post(REVISE, viewer.state),
        may_decide=stands and viewer.may_post(DECIDE, viewer.state) and meeting.on <= viewer.today,
        seated=" ".join(seated),
        here=meeting_address(name, number),
        above=meeting_address(name),
        why=why(f"meeting:{name}/{number}"),
        done=done_act(request),
        entered=entered if which == "item" else _with(entered, _given_item(item)),
        which=which,
        **item_choices(viewer, meetings, meeting, item),
        crumbs=[(_("Meetings"), MEETINGS), (name, meeting_address(name)), (str(number), None)],
    )


def _chain(meetings: Meetings, meeting: Meeting, item: Item) -> list[dict[str, Any]]:
    """Return the item through the meetings, the first first: what each said of it."""
    found, seen = [(meeting, item)], {item.name}
    while (before := found[0][1].before) is not None and before[0] in meetings.meetings:
        earlier = meetings.get(before[0])
        one = earlier.item(before[1])
        if one.name in seen:
            break
        seen.add(one.name)
        found.insert(0, (earlier, one))
    while True:
        last = found[-1]
        later = (
            (other, one)
            for other in meetings.of_body(meeting.body)
            for one in other.items
            if one.before == (last[0].name, last[1].number) and one.name not in seen
        )
        following = next(later, None)
        if following is None:
            break
        seen.add(following[1].name)
        found.append(following)
    return [
        {
            "name": one.name,
            "href": meeting_address(other.name, one.number),
            "days": days_text(other),
            "here": one.name == item.name,
            "words": one.values["words"] or one.values["words_ja"],
            "next_step": one.values["next_step"],
            "due": one.due,
            "open": one.is_open,
            "act": one.values["act_id"],
        }
        for other, one in found
    ]


_FIELDS: Mapping[str, str] = {
    "title": sentence("Title"),
    "title_ja": sentence("Title in Japanese"),
    "working_group": sentence("Working group"),
    "commitment": sentence("Commitment"),
    "words": sentence("Wording in English"),
    "words_ja": sentence("Wording in Japanese"),
    "change": sentence("What changed"),
    "next_step": sentence("What is done next"),
    "owner": sentence("Who does it"),
    "due_on": sentence("By when"),
    "open": sentence("Open"),
    "public": sentence("May be published"),
}


def _said(viewer: Viewer, item: Item) -> list[dict[str, Any]]:
    """Return what each act said anew of an item, the last first."""
    name, number = str(item.values["meeting"]), item.number
    rows: list[dict[str, Any]] = []
    before: Mapping[str, Any] = {}
    lines = lines_about(viewer, MEETING_ITEM.name, meeting=name, item=number)
    called = owner_names(viewer, {str(one["owner"] or "") for one in lines})
    for row in lines:
        told = [
            (_(label), _field_shown(field, row[field], called))
            for field, label in _FIELDS.items()
            if row[field] != before.get(field) and (row[field] or before.get(field))
        ]
        rows.append({"told": told, "who": row["who"], "act": row["act_id"]})
        before = row
    return rows[::-1]


def _field_shown(field: str, value: Any, called: Mapping[str, str]) -> str:
    if field in ("open", "public"):
        return _("yes") if value else _("no")
    if value is None:
        return _("nothing any more")
    if field == "due_on":
        return day_text(number_date(int(value)))
    return called.get(str(value), str(value)) if field == "owner" else str(value)


def newer_acts(viewer: Viewer, name: str) -> Any:
    """Return what says which acts about a meeting were posted after an act."""
    return lambda head: acts_about(viewer, ABOUT, name, head)
