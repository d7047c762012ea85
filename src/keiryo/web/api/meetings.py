"""Meetings of bodies by programs: agenda, items, decisions, minutes, the status report."""

from __future__ import annotations

import base64
import binascii
import datetime
from collections.abc import Callable, Iterable
from typing import Annotated, Any

import msgspec
from litestar import Response
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import Meta

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
from keiryo.cooperation.meeting_decisions import Decision
from keiryo.cooperation.meeting_decisions import decide as record_decision
from keiryo.cooperation.meeting_tables import STATES
from keiryo.cooperation.meetings import Meeting
from keiryo.cooperation.status_report import status_report
from keiryo.errors import UsageError
from keiryo.journal.model import Posted
from keiryo.storage.engine import Database
from keiryo.web.api.answering import (
    AsOf,
    answer_of,
    answered,
    changing,
    done_once,
    entity_tag,
    json_only,
    reading,
    require_current,
    still_current,
)
from keiryo.web.api.asking import PLAIN, On, sound_day
from keiryo.web.api.cooperation import MOST_FILES, MOST_NAME, MOST_TEXT, FileSent
from keiryo.web.api.cursors import NEXT_LINK, Cursor, Limit, asked_page, paged
from keiryo.web.api.documents import Document, PostedDocument, Request, posted_document
from keiryo.web.api.journal import LARGEST
from keiryo.web.once import Answer
from keiryo.web.pages.cooperation_known import CAPABILITY, READING
from keiryo.web.pages.meetings_shown import (
    AGENDA,
    DECIDE,
    GROUP,
    MINUTES,
    PLAN,
    REVISE,
    known_meetings,
    newer_acts,
)
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking, Viewer

TAG = "meetings"
Values = dict[str, Any]
Text = Annotated[str, Meta(min_length=1, max_length=MOST_TEXT, pattern=r"^[^\x00]*$")]
Short = Annotated[str, Meta(min_length=1, max_length=MOST_NAME, pattern=PLAIN)]
AFile = Annotated[
    list[FileSent], Meta(max_length=MOST_FILES, description="files of evidence, kept")
]
_Number = Annotated[int, Meta(ge=1, le=999_999)]
Shorts = Annotated[list[Short], Meta(max_length=60)]
MeetingName = Annotated[
    str, PathParameter(max_length=MOST_NAME, description="Name, e.g. m.commission-6.")
]
ItemNumber = Annotated[int, PathParameter(ge=1, le=LARGEST, description="Number of the item.")]


class MeetingDocument(Document, frozen=True, kw_only=True):
    """A meeting of a body."""

    meeting: Annotated[str, Meta(description="name of the meeting")]
    body: Annotated[str, Meta(description="name of the body in the register")]
    title: Annotated[str, Meta(description="title")]
    on: Annotated[datetime.date, Meta(description="first day")]
    last_day: Annotated[datetime.date, Meta(description="last day")]
    location: Annotated[str | None, Meta(description="where")]
    state: Annotated[str, Meta(description="planned, held or cancelled")]
    public: Annotated[bool, Meta(description="whether its minutes may be published")]
    open_items: Annotated[int, Meta(description="items that the next meeting takes up")]
    line: Annotated[str, Meta(description="line of the record", examples=["32/1"])]


class MeetingPage(Document, frozen=True, kw_only=True):
    """A page of meetings."""

    items: Annotated[list[MeetingDocument], Meta(description="meetings by name")]
    next: Annotated[str | None, Meta(description="cursor of the next page; null after the last")]


class WholeMeeting(MeetingDocument, frozen=True, kw_only=True):
    """A meeting with all that belongs to it."""

    title_ja: Annotated[str | None, Meta(description="title in Japanese")]
    words: Annotated[str | None, Meta(description="joint text in English")]
    words_ja: Annotated[str | None, Meta(description="joint text in Japanese")]
    items: Annotated[list[Values], Meta(description="items of the agenda and the work plan")]
    attendance: Annotated[list[Values], Meta(description="organisations that took part")]
    decisions: Annotated[list[Values], Meta(description="commitments that it decided")]


class StatusDocument(Document, frozen=True, kw_only=True):
    """The status report of a meeting as data."""

    report: Annotated[Values, Meta(description="lines by working group, decisions, attendance")]


class PlanSent(Request, frozen=True, kw_only=True):
    """A meeting that is planned, moved or called off; what is null stays as it was."""

    meeting: Annotated[Short, Meta(description="name, which begins with m.")]
    body: Annotated[Short | None, Meta(description="body that meets; for a new meeting")] = None
    on: Annotated[datetime.date | None, Meta(description="first day")] = None
    last_day: Annotated[datetime.date | None, Meta(description="last day")] = None
    title: Annotated[Text | None, Meta(description="title")] = None
    title_ja: Annotated[Text | None, Meta(description="title in Japanese")] = None
    location: Annotated[Short | None, Meta(description="where")] = None
    cancelled: Annotated[bool, Meta(description="whether it is called off")] = False


class GroupSent(Request, frozen=True, kw_only=True):
    """A working group of the body that meets."""

    name: Annotated[Short, Meta(description="short name, without a space")]
    title: Annotated[Text, Meta(description="full name")]
    title_ja: Annotated[Text | None, Meta(description="full name in Japanese")] = None
    areas: Annotated[Shorts, Meta(description="areas of cooperation")] = msgspec.field(
        default_factory=list
    )


class AgendaSent(Request, frozen=True, kw_only=True):
    """What belongs on the agenda beside what is open for the body."""

    also: Annotated[Shorts, Meta(description="instruments or programmes")] = msgspec.field(
        default_factory=list
    )


class ItemSent(Request, frozen=True, kw_only=True):
    """What is said of an item; what is null stays as it was."""

    number: Annotated[_Number | None, Meta(description="null: a new item")] = None
    title: Annotated[Text | None, Meta(description="what it is about")] = None
    title_ja: Annotated[Text | None, Meta(description="the same in Japanese")] = None
    working_group: Annotated[Short | None, Meta(description="working group")] = None
    work_plan: Annotated[bool, Meta(description="whether a new item is work to be done")] = False
    commitment: Annotated[Short | None, Meta(description="what it is about")] = None
    words: Annotated[Text | None, Meta(description="wording of the minutes in English")] = None
    words_ja: Annotated[Text | None, Meta(description="the wording in Japanese")] = None
    change: Annotated[Text | None, Meta(description="what changed")] = None
    next_step: Annotated[Text | None, Meta(description="what is done next")] = None
    owner: Annotated[Short | None, Meta(description="who does it")] = None
    due_on: Annotated[datetime.date | None, Meta(description="by when")] = None
    open: Annotated[bool | None, Meta(description="whether the next meeting takes it up")] = None
    public: Annotated[bool | None, Meta(description="whether it may be published")] = None


class DecisionSent(Request, frozen=True, kw_only=True):
    """A commitment that a meeting decided; it rests on the words of the minutes."""

    actors: Annotated[Shorts, Meta(min_length=1, description="who is to do it")]
    modality: Annotated[Short, Meta(description="the verb as the minutes write it")]
    action: Annotated[Text, Meta(description="what is to be done")]
    words: Annotated[Text | None, Meta(description="the words that decide; null: all")] = None
    words_ja: Annotated[Text | None, Meta(description="the words in Japanese")] = None
    name: Annotated[Short | None, Meta(description="name of the commitment")] = None
    area: Annotated[Short | None, Meta(description="area of cooperation")] = None
    due: Annotated[datetime.date | None, Meta(description="as the minutes fix it")] = None
    owner: Annotated[Short | None, Meta(description="who looks after it")] = None
    follows: Annotated[Short | None, Meta(description="commitment that it takes up")] = None


class SeatSent(Request, frozen=True, kw_only=True):
    """That an organisation took part."""

    organisation: Annotated[Short, Meta(description="name in the register")]
    persons: Annotated[_Number | None, Meta(description="how many")] = None
    head: Annotated[Short | None, Meta(description="who led them")] = None


class MinutesSent(Request, frozen=True, kw_only=True):
    """That a meeting was held; what is null or empty stays as it was."""

    attendance: Annotated[list[SeatSent], Meta(max_length=100, description="who took part")] = (
        msgspec.field(default_factory=list)
    )
    words: Annotated[Text | None, Meta(description="joint text in English")] = None
    words_ja: Annotated[Text | None, Meta(description="joint text in Japanese")] = None
    public: Annotated[bool | None, Meta(description="whether it may be published")] = None
    files: AFile = msgspec.field(default_factory=list)


# --- what several modules need ---------------------------------------------------------------


def files_sent(sent: Iterable[FileSent]) -> tuple[tuple[str, bytes], ...]:
    """Return files by name and content.

    Raises
    ------
    UsageError
        If a content is no base64.
    """
    try:
        return tuple((one.name, base64.b64decode(one.content, validate=True)) for one in sent)
    except (binascii.Error, ValueError):
        raise UsageError(
            "the content of a file is no base64", "Encode it as RFC 4648 says, section 4."
        ) from None


def as_of(viewer: Viewer, more: Any = None) -> AsOf:
    """Return what an answer about cooperation depends on."""
    return AsOf(viewer.server.last_acts.by(CAPABILITY, viewer.head), more)


def tag_of(viewer: Viewer, newer: Callable[[int], list[int]], name: str) -> str:
    """Return the entity tag of something: anything posted about it ends it."""
    return entity_tag(viewer, ("exchanged", name), AsOf(max(newer(0), default=0)))


def posted_once(
    request: AnyRequest,
    viewer: Viewer,
    kind: str,
    asked: str,
    change: Callable[[Database], Posted],
    current: Callable[[], str] | None = None,
) -> Response[PostedDocument]:
    """Post something once, if it is what the sender saw.

    Parameters
    ----------
    current : callable, optional
        Returns the entity tag of what is changed; left out for something new.
    """
    viewer.require_post(kind, viewer.state)

    def do() -> Answer:
        books = viewer.whole
        if current is not None:
            require_current(request, current)
            books = still_current(request, viewer, current)
        posted = change(books)
        made = posted_document(posted.act, posted.repeated)
        return answer_of(made, 201, f"/api/v1/acts/{posted.act.act_id}")

    return done_once(request, viewer, {"asked": asked}, do)


# --- reading ---------------------------------------------------------------------------------


@reading("/cooperation/meetings", TAG, opt=READING, headers=[NEXT_LINK])
def list_meetings(
    request: AnyRequest,
    viewer: Asking,
    limit: Limit = 100,
    cursor: Cursor = None,
    of: Annotated[
        str | None, QueryParameter(max_length=MOST_NAME, description="Only those of a body.")
    ] = None,
    status: Annotated[
        str | None, QueryParameter(max_length=40, description=f"Only: {', '.join(STATES)}.")
    ] = None,
) -> Response[MeetingPage]:
    """List the meetings by name."""
    if status not in (None, *STATES):
        raise UsageError(f"there is no state {status!r}", f"One of {', '.join(STATES)}.")
    asked = asked_page(request, viewer, limit, cursor)

    def build() -> Response[MeetingPage]:
        every = known_meetings(viewer).meetings.values()
        rows = sorted(
            (one for one in every if of in (None, one.body) and status in (None, one.state)),
            key=_place,
        )
        if asked.after is not None:
            rows = [one for one in rows if _place(one) > asked.after]
        return paged(
            *(request, viewer, asked, rows[: limit + 1], _place),
            lambda shown, more: MeetingPage(
                items=[MeetingDocument(**_meeting(one)) for one in shown], next=more
            ),
        )

    return answered(request, viewer, as_of(viewer), build)


def _place(one: Meeting) -> list[str]:
    return [one.name]


def _meeting(one: Meeting) -> dict[str, Any]:
    return {
        "meeting": one.name,
        "body": one.body,
        "title": one.values["title"],
        "on": one.on,
        "last_day": one.last_day,
        "location": one.values["location"],
        "state": one.state,
        "public": one.is_public,
        "open_items": sum(item.is_open for item in one.items),
        "line": f"{one.values['act_id']}/{one.values['line_no']}",
    }


@reading("/cooperation/meetings/{name:str}", TAG, opt=READING)
def get_meeting(request: AnyRequest, viewer: Asking, name: MeetingName) -> Response[WholeMeeting]:
    """Return a meeting with its items, attendance and decisions. Its entity tag is for If-Match."""
    one = known_meetings(viewer).get(name)
    told = one.to_dict()
    names = ("title_ja", "words", "words_ja", "items", "attendance", "decisions")
    return answered(
        *(request, viewer, as_of(viewer)),
        lambda: WholeMeeting(**_meeting(one), **{n: told[n] for n in names}),
        tag=tag_of(viewer, newer_acts(viewer, name), name),
    )


@reading("/cooperation/meetings/{name:str}/status-report", TAG, opt=READING)
def get_status_report(
    request: AnyRequest,
    viewer: Asking,
    name: MeetingName,
    on: On = None,
    public: Annotated[
        bool, QueryParameter(description="Only the items that may be published.")
    ] = False,
) -> Response[StatusDocument]:
    """Return the status report of a meeting as data."""
    sound_day(on)
    known_meetings(viewer).get(name)

    def build() -> StatusDocument:
        with viewer.books.reading() as connection:
            made = status_report(connection, viewer.metadata, name, on=on, public_only=public)
        return StatusDocument(report=made.to_dict())

    return answered(request, viewer, AsOf(viewer.head.act_id if viewer.head else 0), build)


# --- changes ---------------------------------------------------------------------------------


def _changed(
    request: AnyRequest,
    viewer: Viewer,
    name: str,
    kind: str,
    data: Any,
    change: Callable[[Database], Posted],
) -> Response[PostedDocument]:
    known_meetings(viewer).get(name)
    newer = newer_acts(viewer, name)
    return posted_once(
        *(request, viewer, kind, repr(data), change), lambda: tag_of(viewer, newer, name)
    )


@changing("/cooperation/meetings", TAG, opt=READING, guards=[json_only])
def post_plan(
    request: AnyRequest, viewer: Asking, data: JSONBody[PlanSent]
) -> Response[PostedDocument]:
    """Plan a meeting, move it or call it off, as an act that you sign."""
    for day in (data.on, data.last_day):
        sound_day(day)
    plan = MeetingPlan(**msgspec.structs.asdict(data))
    return posted_once(
        *(request, viewer, PLAN, repr(data)),
        lambda books: plan_meeting(books, viewer.actor(), plan),
        lambda: tag_of(viewer, newer_acts(viewer, data.meeting), data.meeting),
    )


@changing("/cooperation/meetings/{name:str}/groups", TAG, opt=READING, guards=[json_only])
def post_group(
    request: AnyRequest, viewer: Asking, name: MeetingName, data: JSONBody[GroupSent]
) -> Response[PostedDocument]:
    """Record a working group of the body that meets."""
    group = WorkingGroup(
        *(known_meetings(viewer).get(name).body, data.name, data.title, data.title_ja),
        tuple(data.areas),
    )
    return posted_once(
        *(request, viewer, GROUP, repr(data)),
        lambda books: record_group(books, viewer.actor(), group),
    )


@changing("/cooperation/meetings/{name:str}/agenda", TAG, opt=READING, guards=[json_only])
def post_agenda(
    request: AnyRequest, viewer: Asking, name: MeetingName, data: JSONBody[AgendaSent]
) -> Response[PostedDocument]:
    """Put on the agenda what is open; what stands there already stays."""

    def change(books: Database) -> Posted:
        done = make_agenda(books, viewer.actor(), name, tuple(data.also))
        if done is None:
            raise UsageError(
                "all that is open is on the agenda; nothing was recorded", "Nothing is to be done."
            )
        return done

    return _changed(request, viewer, name, AGENDA, data, change)


@changing("/cooperation/meetings/{name:str}/items", TAG, opt=READING, guards=[json_only])
def post_item(
    request: AnyRequest, viewer: Asking, name: MeetingName, data: JSONBody[ItemSent]
) -> Response[PostedDocument]:
    """Record what is said of an item, or add one. If-Match takes the tag of the meeting."""
    sound_day(data.due_on)
    said = ItemChange(**msgspec.structs.asdict(data))
    return _changed(
        *(request, viewer, name, REVISE, data),
        lambda books: revise_item(books, viewer.actor(), name, said)[0],
    )


@changing(
    "/cooperation/meetings/{name:str}/items/{number:int}/decisions",
    TAG,
    opt=READING,
    guards=[json_only],
)
def post_decision(
    request: AnyRequest,
    viewer: Asking,
    name: MeetingName,
    number: ItemNumber,
    data: JSONBody[DecisionSent],
) -> Response[PostedDocument]:
    """Record a commitment that a meeting decided. If-Match takes the tag of the meeting."""
    sound_day(data.due)
    given = {**msgspec.structs.asdict(data), "actors": tuple(data.actors)}
    decision = Decision(**given)
    return _changed(
        *(request, viewer, name, DECIDE, data),
        lambda books: record_decision(books, viewer.actor(), name, number, decision)[0],
    )


@changing("/cooperation/meetings/{name:str}/minutes", TAG, opt=READING, guards=[json_only])
def post_minutes(
    request: AnyRequest, viewer: Asking, name: MeetingName, data: JSONBody[MinutesSent]
) -> Response[PostedDocument]:
    """Record that a meeting was held, with its joint text. If-Match takes its tag."""
    seats = tuple(Attendance(one.organisation, one.persons, one.head) for one in data.attendance)
    files = files_sent(data.files)
    minutes = Minutes(seats, data.words, data.words_ja, data.public, files=files)
    return _changed(
        *(request, viewer, name, MINUTES, data),
        lambda books: record_minutes(books, viewer.actor(), name, minutes),
    )


SECTION = Section(
    "api meetings",
    api=(
        *(list_meetings, get_meeting, get_status_report),
        *(post_plan, post_group, post_agenda, post_item, post_decision, post_minutes),
    ),
)
