"""What is done with meetings: planned, given an agenda, minuted, and commitments come of them.

Each is one act. What may follow what is checked where acts are posted (see ``meeting_rules``).
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from keiryo.cooperation.commitments import commitments
from keiryo.cooperation.meeting_tables import (
    CANCELLED,
    HELD,
    MEETING,
    MEETING_ATTENDANCE,
    MEETING_ITEM,
    PLANNED,
    TOPIC,
    WORK_PLAN,
    WORKING_GROUP,
)
from keiryo.cooperation.meetings import (
    ITEM_FIELDS,
    MEETING_FIELDS,
    Meeting,
    Meetings,
    agenda_items,
    read_meetings,
)
from keiryo.cooperation.register import read_recorded
from keiryo.cooperation.tables import COOPERATION_DATE, COOPERATION_EVENT
from keiryo.dates import date_number, utc_text
from keiryo.errors import ConflictError, Finding, RefusedError, Severity, UsageError
from keiryo.journal.evidence import add_evidence, keep_file
from keiryo.journal.model import Actor, Draft, Posted, Value
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.storage.engine import Database

PLAN, GROUP, AGENDA = "cooperation.meeting", "cooperation.working_group", "cooperation.agenda"
REVISE, MINUTES = "cooperation.meeting_item", "cooperation.minutes"
BASIS = "docs/theory/cooperation.md"

File = tuple[str, bytes]
"""Name and content."""


@dataclass(frozen=True, slots=True)
class MeetingPlan:
    """A meeting that somebody plans, moves or calls off; what is None stays as it was."""

    meeting: str
    body: str | None = None
    on: datetime.date | None = None
    last_day: datetime.date | None = None
    title: str | None = None
    title_ja: str | None = None
    location: str | None = None
    cancelled: bool = False


def plan_meeting(
    database: Database, actor: Actor, plan: MeetingPlan, *, clock: Clock = system_clock
) -> Posted:
    """Plan a meeting of a body, or plan it anew.

    Raises
    ------
    RefusedError
        If the body is not in the register, or the meeting was held already.
    UsageError
        If a new meeting has no body or no day.
    """

    def draft(connection: Connection) -> Draft:
        known = read_meetings(connection, database.metadata).meetings.get(plan.meeting)
        before: Mapping[str, Any] = known.values if known is not None else {}
        body, on = plan.body or before.get("body"), before.get("on_day")
        if plan.on is not None:
            on = date_number(plan.on)
        if body is None or on is None:
            raise UsageError(
                "a meeting is planned for a body and a day", "Give the body and --on DATE."
            )
        last = on if plan.on is not None or known is None else before["last_day"]
        body_object = read_recorded(connection, database.metadata).objects.get(str(body))
        title = plan.title or before.get("title")
        if title is None:
            title = body_object.title if body_object is not None else str(body)
        values: dict[str, Value] = {
            **{name: before.get(name) for name in MEETING_FIELDS},
            "meeting": plan.meeting,
            "body": str(body),
            "title": str(title),
            "title_ja": plan.title_ja or before.get("title_ja"),
            "on_day": on,
            "last_day": date_number(plan.last_day) if plan.last_day is not None else last,
            "location": plan.location or before.get("location"),
            "state": CANCELLED if plan.cancelled else PLANNED,
            "public": 0,
        }
        made = Draft(PLAN, f"cooperation:{uuid.uuid4()}")
        _add_meeting(made, values, (), actor)
        return made

    return post(database, draft, actor, clock=clock)


def _add_meeting(
    made: Draft, values: Mapping[str, Value], participants: Sequence[str], actor: Actor
) -> None:
    """Add a meeting, and the event as which it stands in the register."""
    scope, name = actor.on_behalf_of, values["meeting"]
    made.add(MEETING.name, values, scope=scope)
    made.add(
        COOPERATION_EVENT.name,
        {
            "event": name,
            "title": values["title"],
            "place": values["location"],
            "participants": " ".join(participants) or None,
            "note": None if values["state"] == HELD else str(values["state"]),
        },
        scope=scope,
    )
    first, last = (_iso(values[day]) for day in ("on_day", "last_day"))
    several = first != last
    made.add(
        COOPERATION_DATE.name,
        {
            "about": name,
            "what": "date",
            "value": None if several else first,
            "precision": "period" if several else "day",
            "basis": "stated",
            "earliest": first if several else None,
            "latest": last if several else None,
        },
        scope=scope,
    )


def _iso(day: Value) -> str:
    digits = f"{day:08d}"
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"


@dataclass(frozen=True, slots=True)
class WorkingGroup:
    """A working group of a body, with the areas of cooperation that it looks after."""

    body: str
    name: str
    title: str
    title_ja: str | None = None
    areas: tuple[str, ...] = ()


def record_group(
    database: Database, actor: Actor, group: WorkingGroup, *, clock: Clock = system_clock
) -> Posted:
    """Record a working group of a body; a new one comes after those that there are.

    Raises
    ------
    RefusedError
        If the body is not in the register, or an area has its group already.
    """

    def draft(connection: Connection) -> Draft:
        known = read_meetings(connection, database.metadata)
        groups = known.groups.get(group.body, ())
        place = known.place(group.body, group.name) or len(groups) + 1
        made = Draft(GROUP, f"cooperation:{uuid.uuid4()}")
        values: dict[str, Value] = {
            "body": group.body,
            "working_group": group.name,
            "title": group.title.strip(),
            "title_ja": group.title_ja,
            "areas": " ".join(group.areas) or None,
            "place": place,
        }
        made.add(WORKING_GROUP.name, values, scope=actor.on_behalf_of)
        return made

    return post(database, draft, actor, clock=clock)


def proposed_agenda(
    connection: Connection, database: Database, meeting: str, also: Sequence[str] = ()
) -> list[dict[str, Value]]:
    """Return the items that an agenda would get: see `agenda_items`.

    Raises
    ------
    NotFoundError
        If there is no such meeting, or nothing of a name in `also`.
    """
    meetings = read_meetings(connection, database.metadata)
    register = read_recorded(connection, database.metadata)
    standing = commitments(connection, database.metadata, register)
    for name in also:
        register.get(name)
    return agenda_items(meetings, register, standing, meetings.get(meeting), also)


def make_agenda(
    database: Database,
    actor: Actor,
    meeting: str,
    also: Sequence[str] = (),
    *,
    clock: Clock = system_clock,
) -> Posted | None:
    """Put on the agenda what is open; what stands there already stays.

    Returns
    -------
    Posted or None
        None if there is nothing to add.

    Raises
    ------
    NotFoundError
        If there is no such meeting.
    RefusedError
        If it was called off.
    """

    def draft(connection: Connection) -> Draft:
        items = proposed_agenda(connection, database, meeting, also)
        if not items:
            raise _NothingToAdd
        made = Draft(AGENDA, f"cooperation:{uuid.uuid4()}")
        for values in items:
            made.add(MEETING_ITEM.name, values, scope=actor.on_behalf_of)
        return made

    try:
        return post(database, draft, actor, clock=clock)
    except _NothingToAdd:
        return None


class _NothingToAdd(Exception):
    """All that is open stands on the agenda."""


@dataclass(frozen=True, slots=True)
class ItemChange:
    """What is said of an item; what is None stays as it was.

    Attributes
    ----------
    number : int or None
        None: a new item.
    work_plan : bool
        Whether a new item is a piece of work, with an owner and a day.
    open, public : bool or None
        Whether the next meeting takes it up; whether it may be published.
    """

    number: int | None = None
    title: str | None = None
    title_ja: str | None = None
    working_group: str | None = None
    work_plan: bool = False
    commitment: str | None = None
    words: str | None = None
    words_ja: str | None = None
    change: str | None = None
    next_step: str | None = None
    owner: str | None = None
    due_on: datetime.date | None = None
    open: bool | None = None
    public: bool | None = None


def revise_item(
    database: Database,
    actor: Actor,
    meeting: str,
    change: ItemChange,
    *,
    seen: int | None = None,
    clock: Clock = system_clock,
) -> tuple[Posted, int]:
    """Record what is said of an item of a meeting, or add one.

    Parameters
    ----------
    seen : int, optional
        The act of the item's line that the person saw.

    Returns
    -------
    Posted
    int
        Number of the item.

    Raises
    ------
    NotFoundError
        If there is no such meeting or item.
    ConflictError
        If somebody said something else of the item in between.
    RefusedError
        If it cannot stand so: every reason.
    """
    numbers: list[int] = []

    def draft(connection: Connection) -> Draft:
        known = read_meetings(connection, database.metadata).get(meeting)
        values = changed_item(known, change)
        if seen is not None and change.number is not None:
            last = known.item(change.number).values["act_id"]
            if last != seen:
                raise ConflictError(
                    f"{meeting}/{change.number} was recorded anew in act {last}; "
                    "nothing was recorded",
                    "Look at it again.",
                )
        numbers[:] = [int(str(values["item"]))]
        made = Draft(REVISE, f"cooperation:{uuid.uuid4()}")
        made.add(MEETING_ITEM.name, values, scope=actor.on_behalf_of)
        return made

    return post(database, draft, actor, clock=clock), numbers[0]


def changed_item(meeting: Meeting, change: ItemChange) -> dict[str, Value]:
    """Return the line of an item with what is said of it now.

    Raises
    ------
    NotFoundError
        If there is no such item.
    """
    if change.number is None:
        values: dict[str, Value] = {
            "meeting": meeting.name,
            "item": max((one.number for one in meeting.items), default=0) + 1,
            "kind": WORK_PLAN if change.work_plan else TOPIC,
            "title": (change.title or change.words or change.words_ja or "").strip(),
            "open": 1,
            "public": 0,
        }
    else:
        known = meeting.item(change.number).values
        values = {name: known[name] for name in ITEM_FIELDS}
    said: dict[str, Value] = {
        name: value.strip() for name in _SAID if (value := getattr(change, name)) is not None
    }
    if change.due_on is not None:
        said["due_on"] = date_number(change.due_on)
    for name, flag in (("open", change.open), ("public", change.public)):
        if flag is not None:
            said[name] = int(flag)
    return {
        name: None if value == "" and name != "title" else value
        for name, value in {**values, **said}.items()
    }


_SAID = (
    *("title", "title_ja", "working_group", "commitment", "words", "words_ja"),
    *("change", "next_step", "owner"),
)


@dataclass(frozen=True, slots=True)
class Attendance:
    """That an organisation took part: how many persons, who led them."""

    organisation: str
    persons: int | None = None
    head: str | None = None


@dataclass(frozen=True, slots=True)
class Minutes:
    """The minutes of a meeting; what is None or empty stays as it was.

    Attributes
    ----------
    attendance : tuple of Attendance
    words, words_ja : str or None
        The joint text in both languages.
    public : bool or None
        Whether the minutes may be published.
    items : tuple of ItemChange
    files : tuple of (name, content)
        The signed minutes and the like, kept as evidence.
    """

    attendance: tuple[Attendance, ...] = ()
    words: str | None = None
    words_ja: str | None = None
    public: bool | None = None
    items: tuple[ItemChange, ...] = ()
    files: tuple[File, ...] = ()


def record_minutes(
    database: Database,
    actor: Actor,
    meeting: str,
    minutes: Minutes,
    *,
    clock: Clock = system_clock,
) -> Posted:
    """Record that a meeting was held: who took part, its joint text, its items.

    Raises
    ------
    NotFoundError
        If there is no such meeting or item.
    RefusedError
        If it lies ahead, nobody took part, or an item cannot stand so.
    """

    def draft(connection: Connection) -> Draft:
        known: Meetings = read_meetings(connection, database.metadata)
        held = known.get(meeting)
        require_past(held, clock)
        values: dict[str, Value] = {name: held.values[name] for name in MEETING_FIELDS}
        values["state"] = HELD
        for name, words in (("words", minutes.words), ("words_ja", minutes.words_ja)):
            if words is not None:
                values[name] = words.strip() or None
        if minutes.public is not None:
            values["public"] = int(minutes.public)
        seated = [one.organisation for one in minutes.attendance] or [
            str(row["organisation"]) for row in held.attendance
        ]
        made = Draft(MINUTES, f"cooperation:{uuid.uuid4()}")
        for name, content in minutes.files:
            kept = keep_file(database.evidence, name, content)
            add_evidence(made, kept, actor.on_behalf_of, "minutes", utc_text(clock()))
        _add_meeting(made, values, seated, actor)
        _add_attendance(made, meeting, minutes.attendance, actor)
        _add_items(made, held, minutes.items, actor)
        return made

    return post(database, draft, actor, clock=clock)


def _add_attendance(
    made: Draft, meeting: str, attendance: Sequence[Attendance], actor: Actor
) -> None:
    for seat in attendance:
        row: dict[str, Value] = {"meeting": meeting, "organisation": seat.organisation}
        row |= {"persons": seat.persons, "head": seat.head}
        made.add(MEETING_ATTENDANCE.name, row, scope=actor.on_behalf_of)


def _add_items(made: Draft, held: Meeting, items: Sequence[ItemChange], actor: Actor) -> None:
    number = max((one.number for one in held.items), default=0)
    for change in items:
        values = changed_item(held, change)
        if change.number is None:
            number += 1
            values["item"] = number
        made.add(MEETING_ITEM.name, values, scope=actor.on_behalf_of)


def require_past(meeting: Meeting, clock: Callable[[], datetime.datetime]) -> None:
    """Refuse what a meeting cannot have said because it lies ahead, in any time zone.

    Raises
    ------
    RefusedError
    """
    if meeting.on > clock().date() + datetime.timedelta(days=1):
        ahead = Finding(
            "MEETING-DAY",
            Severity.FORMAT,
            f"{meeting.name} takes place on {meeting.on}: it has no minutes yet",
            "Correct its day with 'keiryo cooperation meeting plan', or wait for it.",
            basis=BASIS,
        )
        raise RefusedError("the meeting lies ahead; nothing was recorded", [ahead])
