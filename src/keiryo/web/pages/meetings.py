"""Meetings of bodies: the list, the work plan, each meeting and item, the status report as a file.

Agendas are made of what is open, minutes say what was agreed, and what a meeting decides becomes a
commitment of the register. What is due of the work plan stands on the overview.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from litestar import Response, get
from litestar.params import FromPath
from litestar.response import Stream

from keiryo.cooperation.meeting_tables import ON_COMMITMENT
from keiryo.cooperation.meetings import Item, Meeting
from keiryo.cooperation.status_report import status_report
from keiryo.cooperation.status_report_forms import as_file_of
from keiryo.web.listing import ListColumn, RowList, download_headers, shown_list
from keiryo.web.pages.boards import asked_day, asked_flag, first_shown
from keiryo.web.pages.cooperation import GROUP as MENU_GROUP
from keiryo.web.pages.cooperation_known import BOARD, CAPABILITY, READING
from keiryo.web.pages.meetings_asked import AHEAD_DAYS
from keiryo.web.pages.meetings_forms import HANDLERS, NEW
from keiryo.web.pages.meetings_shown import (
    MEETINGS,
    PLAN,
    WORK,
    known_meetings,
    meeting_address,
    open_items,
    owner_names,
    show_item,
    show_meeting,
    urgency,
)
from keiryo.web.pages.meetings_words import (
    ITEM_KINDS,
    MEETING_STATES,
    URGENCY,
    state_choices,
)
from keiryo.web.rendering import render
from keiryo.web.sections import Hit, MenuEntry, OverviewPart, Section, reads
from keiryo.web.speaking import day_text
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

SHOWN_ON_OVERVIEW = 8
MEDIA = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
    "md": "text/markdown; charset=utf-8",
}


# --- lists -----------------------------------------------------------------------------------

COLUMNS = (
    ListColumn("on", sentence("First day"), "date"),
    ListColumn(
        "meeting", sentence("Name"), "code", href=lambda row: meeting_address(row["meeting"])
    ),
    ListColumn("title", sentence("Title")),
    ListColumn("body", sentence("Body")),
    ListColumn("location", sentence("Place")),
    ListColumn("state", sentence("State"), choices=state_choices(MEETING_STATES)),
    ListColumn("items", sentence("Items"), "number", filterable=False),
    ListColumn("open", sentence("Open items"), "number", filterable=False),
    ListColumn("decisions", sentence("Decisions"), "number", filterable=False),
    ListColumn("act", sentence("Act"), "act"),
    ListColumn("to", sentence("Last day"), "date", hidden=True),
    ListColumn("public", sentence("May be published"), hidden=True),
)


@get(MEETINGS, sync_to_thread=True, opt=READING)
def meetings_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show the meetings, the last one first."""
    every = sorted(known_meetings(viewer).meetings.values(), key=lambda m: (m.on, m.name))
    rows = [_meeting_row(one) for one in reversed(every)]
    table = shown_list(request, RowList(rows, COLUMNS), "meetings")
    if isinstance(table, Response | Stream):
        return table
    by_word = {word: badge for badge, word in MEETING_STATES.values()}
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        cells["state"] = {"text": _(row["state"]), "badge": by_word[row["state"]]}
    return render(
        request,
        "meetings/meetings.html",
        listed=table,
        total=len(rows),
        may_plan=viewer.may_post(PLAN, viewer.state),
        new=NEW,
        work=WORK,
        work_count=len(open_items(known_meetings(viewer))),
        crumbs=[(_("Meetings"), None)],
    )


def _meeting_row(one: Meeting) -> dict[str, Any]:
    return {
        "on": one.on,
        "to": one.last_day,
        "meeting": one.name,
        "title": one.values["title"],
        "body": one.body,
        "location": one.values["location"],
        "state": MEETING_STATES[one.state][1],
        "items": len(one.items),
        "open": sum(item.is_open for item in one.items),
        "decisions": len(one.decisions),
        "act": one.values["act_id"],
        "public": one.is_public,
    }


WORK_COLUMNS = (
    ListColumn("when", sentence("Urgency"), choices=tuple(URGENCY)),
    ListColumn("due", sentence("By when"), "date"),
    ListColumn(
        "item",
        sentence("Item"),
        "code",
        href=lambda row: meeting_address(row["meeting"], row["number"]),
    ),
    ListColumn("title", sentence("What it is about")),
    ListColumn("kind", sentence("Kind"), choices=tuple(ITEM_KINDS.values())),
    ListColumn("group", sentence("Working group")),
    ListColumn("next_step", sentence("What is done next")),
    ListColumn("owner", sentence("Who does it")),
    ListColumn(
        "commitment",
        sentence("Commitment"),
        "code",
        href=lambda row: f"{BOARD}/{quote(row['commitment'], safe='')}",
    ),
    ListColumn("act", sentence("Act"), "act"),
    ListColumn("body", sentence("Body"), hidden=True),
    ListColumn("words", sentence("Wording in English"), hidden=True),
    ListColumn("words_ja", sentence("Wording in Japanese"), hidden=True),
)


@get(WORK, sync_to_thread=True, opt=READING)
def work_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show what meetings left open, what is due first."""
    pairs = open_items(known_meetings(viewer))
    called = owner_names(viewer, {str(item.values["owner"] or "") for _m, item in pairs})
    rows = [_work_row(viewer, meeting, item, called) for meeting, item in pairs]
    table = shown_list(request, RowList(rows, WORK_COLUMNS), "work-plan")
    if isinstance(table, Response | Stream):
        return table
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        cells["when"] = {"text": _(row["when"]), "badge": URGENCY[row["when"]]}
        cells["kind"] = _(row["kind"])
        cells["_kind"] = "error" if URGENCY[row["when"]] == "error" else None
    return render(
        request,
        "meetings/work_plan.html",
        listed=table,
        total=len(rows),
        crumbs=[(_("Meetings"), MEETINGS), (_("Open items"), None)],
    )


def _work_row(
    viewer: Viewer, meeting: Meeting, item: Item, called: dict[str, str]
) -> dict[str, Any]:
    values, owner = item.values, str(item.values["owner"] or "")
    names = ("title", "next_step", "commitment", "words", "words_ja")
    return {
        **{name: values[name] for name in names},
        "when": urgency(item.due, viewer.today),
        "due": item.due,
        "meeting": meeting.name,
        "number": item.number,
        "item": item.name,
        "kind": ITEM_KINDS[str(values["kind"])],
        "group": values["working_group"],
        "owner": called.get(owner, owner) or None,
        "act": values["act_id"],
        "body": meeting.body,
    }


# --- a meeting, an item ----------------------------------------------------------------------


@get(MEETINGS + "/{name:str}", sync_to_thread=True, opt=READING)
def meeting_page(request: AnyRequest, viewer: Asking, name: FromPath[str]) -> Response[Any]:
    """Show a meeting: its status sheet, who took part, what it decided."""
    known_meetings(viewer).get(name)
    return show_meeting(request, viewer, name, first_shown(viewer, meeting_address(name)))


@get(MEETINGS + "/{name:str}/items/{number:int}", sync_to_thread=True, opt=READING)
def item_page(
    request: AnyRequest, viewer: Asking, name: FromPath[str], number: FromPath[int]
) -> Response[Any]:
    """Show an item: what each meeting said of it, and each act."""
    known_meetings(viewer).get(name).item(number)
    entered = first_shown(viewer, meeting_address(name, number))
    return show_item(request, viewer, name, number, entered)


@get(MEETINGS + "/{name:str}/status-report", sync_to_thread=True, opt=READING)
def report_file(request: AnyRequest, viewer: Asking, name: FromPath[str]) -> Response[bytes]:
    """Hand out the status report of a meeting as a Word document, PDF or Markdown."""
    form = str(request.query_params.get("form", "pdf"))
    language = str(request.query_params.get("language", viewer.language))
    first = known_meetings(viewer).get(name).on
    on: datetime.date = asked_day(request, "on", first)
    public = asked_flag(request, "public")
    with viewer.books.reading() as connection:
        made = status_report(connection, viewer.metadata, name, on=on, public_only=public)
    content = as_file_of(made, form, language)
    title = f"{name}-status-report-{language}.{form.lower().removeprefix('.')}"
    return Response(
        content,
        media_type=MEDIA[form.lower().removeprefix(".")],
        headers=download_headers(title),
    )


# --- overview and search ---------------------------------------------------------------------


def overview_part(viewer: Viewer) -> dict[str, Any] | None:
    """Return what of the work plans is overdue and due in the next days.

    Items on commitments are left out: the commitments stand on the overview themselves.
    """
    meetings = known_meetings(viewer)
    if not meetings.meetings:
        return None
    on = viewer.today
    work = [one for one in open_items(meetings) if one[1].values["kind"] != ON_COMMITMENT]
    near = [one for one in work if one[1].due and (one[1].due - on).days <= AHEAD_DAYS]
    called = owner_names(viewer, {str(item.values["owner"] or "") for _m, item in near})
    ahead = [one for one in meetings.meetings.values() if one.state == "planned" and one.on >= on]
    ahead.sort(key=lambda one: (one.on, one.name))
    return {
        "ahead_days": AHEAD_DAYS,
        "near_count": len(near),
        "near": [
            {
                "badge": URGENCY[urgency(item.due, on)],
                "when": _(urgency(item.due, on)),
                "name": item.name,
                "href": meeting_address(meeting.name, item.number),
                "title": item.values["title"],
                "owner": called.get(str(item.values["owner"]), ""),
                "day": "" if item.due is None else day_text(item.due),
            }
            for meeting, item in near[:SHOWN_ON_OVERVIEW]
        ],
        "ahead": [
            {
                "name": one.name,
                "href": meeting_address(one.name),
                "title": one.values["title"],
                "day": day_text(one.on),
            }
            for one in ahead[:3]
        ],
    }


def find_meetings(viewer: Viewer, words: str, most: int) -> Iterator[Hit]:
    """Yield meetings and items by name, title and wording."""
    if not viewer.reads(CAPABILITY):
        return
    wanted, count = words.casefold(), 0
    for one in known_meetings(viewer).meetings.values():
        values = one.values
        said = (one.name, values["title"], values["title_ja"], values["words"], values["words_ja"])
        if count < most and wanted in _text(*said):
            count += 1
            address = meeting_address(one.name)
            yield Hit(sentence("meeting"), one.name, address, str(values["title"]))
        for item in one.items:
            fields = ("title", "title_ja", "words", "words_ja", "change", "next_step")
            if count < most and wanted in _text(item.name, *(item.values[n] for n in fields)):
                count += 1
                address = meeting_address(one.name, item.number)
                title = str(item.values["title"])
                yield Hit(sentence("item of a meeting"), item.name, address, title)


def _text(*said: Any) -> str:
    return "\n".join(str(one) for one in said if one).casefold()


SECTION = Section(
    "meetings",
    handlers=(
        *(meetings_page, work_page, meeting_page, item_page, report_file),
        *HANDLERS,
    ),
    menu=(MenuEntry(sentence("Meetings"), MEETINGS, MENU_GROUP, 30, reads(CAPABILITY)),),
    overview=(
        OverviewPart(
            "work-plan",
            sentence("Meetings and their work plan"),
            26,
            reads(CAPABILITY),
            overview_part,
            "meetings/overview.html",
        ),
    ),
    search=(find_meetings,),
)
