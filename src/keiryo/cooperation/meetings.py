"""Meetings of bodies as the books hold them: items by working group, attendance, decisions.

An item is open until a meeting closes it; the open items of the last meeting and the body's open
commitments make the agenda of the next one.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.cooperation.commitments import StandingCommitment
from keiryo.cooperation.meeting_tables import (
    CANCELLED,
    MEETING,
    MEETING_ATTENDANCE,
    MEETING_DECISION,
    MEETING_ITEM,
    ON_COMMITMENT,
    WORKING_GROUP,
)
from keiryo.cooperation.register import Register
from keiryo.dates import date_number, number_date
from keiryo.errors import NotFoundError
from keiryo.journal.model import Value

ITEM_FIELDS = tuple(one.name for one in MEETING_ITEM.own_fields)
MEETING_FIELDS = tuple(one.name for one in MEETING.own_fields)


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a meeting: its last line.

    Attributes
    ----------
    values : mapping
        The fields of its line, with the act and the number of the line.
    """

    values: Mapping[str, Any]

    @property
    def number(self) -> int:
        """Its number within the meeting."""
        return int(self.values["item"])

    @property
    def name(self) -> str:
        """Meeting and number, ``m.commission-6/3``."""
        return f"{self.values['meeting']}/{self.number}"

    @property
    def is_open(self) -> bool:
        """Whether the next meeting takes it up."""
        return bool(self.values["open"])

    @property
    def before(self) -> tuple[str, int] | None:
        """The item that it takes up: meeting and number."""
        if self.values["before_meeting"] is None:
            return None
        return str(self.values["before_meeting"]), int(self.values["before_item"])

    @property
    def due(self) -> datetime.date | None:
        """By when it is to be done."""
        return None if self.values["due_on"] is None else number_date(int(self.values["due_on"]))

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values for JSON."""
        plain = {name: self.values[name] for name in ITEM_FIELDS if name != "meeting"}
        due = self.due
        plain["due_on"] = None if due is None else due.isoformat()
        plain["open"], plain["public"] = self.is_open, bool(self.values["public"])
        return {**plain, "line": f"{self.values['act_id']}/{self.values['line_no']}"}


@dataclass(frozen=True, slots=True)
class Meeting:
    """A meeting: its last line, its items, who took part, what it decided."""

    values: Mapping[str, Any]
    items: tuple[Item, ...] = ()
    attendance: tuple[Mapping[str, Any], ...] = ()
    decisions: tuple[Mapping[str, Any], ...] = ()

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.values["meeting"])

    @property
    def body(self) -> str:
        """Name of the body in the register."""
        return str(self.values["body"])

    @property
    def state(self) -> str:
        """Planned, held or cancelled."""
        return str(self.values["state"])

    @property
    def on(self) -> datetime.date:
        """Its first day."""
        return number_date(int(self.values["on_day"]))

    @property
    def last_day(self) -> datetime.date:
        """Its last day."""
        return number_date(int(self.values["last_day"]))

    @property
    def is_public(self) -> bool:
        """Whether its minutes may be published."""
        return bool(self.values["public"])

    def item(self, number: int) -> Item:
        """Return an item.

        Raises
        ------
        NotFoundError
            If it has none of that number.
        """
        for one in self.items:
            if one.number == number:
                return one
        raise NotFoundError(
            f"{self.name} has no item {number}",
            f"'keiryo cooperation meeting show {self.name}' lists its items.",
        )

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values for JSON."""
        own = {name: self.values[name] for name in MEETING_FIELDS}
        own |= {"on_day": self.on.isoformat(), "last_day": self.last_day.isoformat()}
        seated = ("organisation", "persons", "head")
        decided = ("item", "commitment", "words", "words_ja")
        return {
            **own,
            "public": self.is_public,
            "items": [one.to_dict() for one in self.items],
            "attendance": [{name: row[name] for name in seated} for row in self.attendance],
            "decisions": [{name: row[name] for name in decided} for row in self.decisions],
            "line": f"{self.values['act_id']}/{self.values['line_no']}",
        }


@dataclass(frozen=True, slots=True)
class Meetings:
    """All meetings by name, and the working groups of every body."""

    meetings: Mapping[str, Meeting] = field(default_factory=dict)
    groups: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)

    def get(self, name: str) -> Meeting:
        """Return a meeting.

        Raises
        ------
        NotFoundError
            If there is none of that name.
        """
        found = self.meetings.get(name)
        if found is None:
            raise NotFoundError(
                f"there is no meeting {name[:60]!r}",
                "'keiryo cooperation meeting list' lists them; "
                "'keiryo cooperation meeting plan' records one.",
            )
        return found

    def of_body(self, body: str) -> list[Meeting]:
        """Return the meetings of a body in the order of their days."""
        return sorted(
            (one for one in self.meetings.values() if one.body == body),
            key=lambda one: (one.on, one.name),
        )

    def before(self, meeting: Meeting) -> Meeting | None:
        """Return the last meeting of the same body before another one; not a cancelled one."""
        earlier = [
            one
            for one in self.of_body(meeting.body)
            if (one.on, one.name) < (meeting.on, meeting.name) and one.state != CANCELLED
        ]
        return earlier[-1] if earlier else None

    def group(self, body: str, name: str | None) -> Mapping[str, Any] | None:
        """Return a working group of a body; None for the plenary or if there is none."""
        groups = self.groups.get(body, ())
        return next((one for one in groups if one["working_group"] == name), None)

    def group_of_area(self, body: str, area: str | None) -> str | None:
        """Return the working group that looks after an area; None: the plenary."""
        for one in self.groups.get(body, ()):
            if area is not None and area in str(one["areas"] or "").split():
                return str(one["working_group"])
        return None

    def place(self, body: str, group: str | None) -> int:
        """Return the place of a working group on the agenda; the plenary comes first."""
        found = self.group(body, group)
        return 0 if found is None else int(found["place"])


def read_meetings(
    connection: Connection, metadata: MetaData, through_act: int | None = None
) -> Meetings:
    """Return the meetings as the books hold them.

    Parameters
    ----------
    connection, metadata
        An open reading transaction and the tables; of what is not seen there is nothing.
    through_act : int, optional
        Only acts up to this number.
    """

    def rows(kind: str) -> Iterator[dict[str, Any]]:
        table = metadata.tables[kind]
        query = select(table).order_by(table.c.act_id, table.c.line_no)
        if through_act is not None:
            query = query.where(table.c.act_id <= through_act)
        for row in connection.execute(query).mappings():
            yield dict(row)

    own = {str(row["meeting"]): row for row in rows(MEETING.name)}
    items: dict[str, dict[int, Item]] = {}
    for row in rows(MEETING_ITEM.name):
        items.setdefault(str(row["meeting"]), {})[int(row["item"])] = Item(row)
    seats: dict[str, list[dict[str, Any]]] = {}
    for row in rows(MEETING_ATTENDANCE.name):
        seated = seats.setdefault(str(row["meeting"]), [])
        if seated and seated[-1]["act_id"] != row["act_id"]:
            seated.clear()
        seated.append(row)
    decided: dict[str, list[dict[str, Any]]] = {}
    for row in rows(MEETING_DECISION.name):
        decided.setdefault(str(row["meeting"]), []).append(row)
    groups: dict[str, dict[str, dict[str, Any]]] = {}
    for row in rows(WORKING_GROUP.name):
        groups.setdefault(str(row["body"]), {})[str(row["working_group"])] = row
    return Meetings(
        {
            name: Meeting(
                row,
                tuple(one for _number, one in sorted(items.get(name, {}).items())),
                tuple(seats.get(name, ())),
                tuple(decided.get(name, ())),
            )
            for name, row in own.items()
        },
        {
            body: tuple(sorted(some.values(), key=lambda one: (one["place"], one["act_id"])))
            for body, some in groups.items()
        },
    )


def body_and_below(register: Register, body: str) -> frozenset[str]:
    """Return a body and the bodies and programmes that stand under it, at any depth."""
    found, waiting = {body}, [body]
    while waiting:
        for one in register.under(waiting.pop()):
            if one.kind in ("cooperation_body", "programme") and one.name not in found:
                found.add(one.name)
                waiting.append(one.name)
    return frozenset(found)


def agenda_items(
    meetings: Meetings,
    register: Register,
    standing: Sequence[StandingCommitment],
    meeting: Meeting,
    also: Sequence[str] = (),
) -> list[dict[str, Value]]:
    """Return the items that a meeting's agenda does not have yet, by working group.

    First come the open items of the last meeting of the body, then its open commitments.

    Parameters
    ----------
    meetings, register, standing
        As the books hold them.
    meeting : Meeting
    also : sequence of str
        Instruments, bodies or programmes whose open commitments belong on the agenda too.

    Returns
    -------
    list of dict
        Values of lines of the kind ``meeting_item``, numbered on from the items that there are.
    """
    made: list[dict[str, Value]] = []
    taken = {one.before for one in meeting.items if one.before is not None}
    told = {str(one.values["commitment"]) for one in meeting.items}
    by_name = {one.name: one for one in standing}
    last = meetings.before(meeting)
    for item in last.items if last is not None else ():
        if item.is_open and (last.name, item.number) not in taken:  # type: ignore[union-attr]
            about = by_name.get(str(item.values["commitment"]))
            made.append(_taken_up(meeting, item, about))
            told.add(str(item.values["commitment"]))
    under = body_and_below(register, meeting.body) | set(also)
    for one in standing:
        if one.is_open and one.name not in told and one.register.values["under"] in under:
            group = meetings.group_of_area(meeting.body, one.register.values["area"])
            made.append(_on_commitment(meeting, one, group))

    def place(one: dict[str, Value]) -> int:
        group = one["working_group"]
        return meetings.place(meeting.body, None if group is None else str(group))

    made.sort(key=place)
    first = max((one.number for one in meeting.items), default=0) + 1
    return [{**one, "item": number} for number, one in enumerate(made, start=first)]


def _taken_up(meeting: Meeting, item: Item, about: StandingCommitment | None) -> dict[str, Value]:
    """Return an item that goes on: as it was, or as its commitment is looked after by now."""
    now = {} if about is None else _care_of(about)
    kept = ("kind", "working_group", "title", "title_ja", "commitment")
    carried = ("next_step", "owner", "due_on")
    return {
        **{name: item.values[name] for name in kept},
        **{name: now.get(name) or item.values[name] for name in carried},
        "meeting": meeting.name,
        "before_meeting": str(item.values["meeting"]),
        "before_item": item.number,
        "open": 1,
        "public": 0,
    }


def _on_commitment(
    meeting: Meeting, one: StandingCommitment, group: str | None
) -> dict[str, Value]:
    return {
        "meeting": meeting.name,
        "kind": ON_COMMITMENT,
        "working_group": group,
        "title": promised(one),
        "commitment": one.name,
        **_care_of(one),
        "open": 1,
        "public": 0,
    }


def _care_of(one: StandingCommitment) -> dict[str, Value]:
    due = None if one.due is None or one.due.review else date_number(one.due.day)
    return {
        "next_step": one.care.get("next_action"),
        "owner": one.care.get("owner"),
        "due_on": due,
    }


def promised(one: StandingCommitment) -> str:
    """Return what is promised, with its verb as written: an action alone would say too much."""
    values = one.register.values
    return f"“{values['modality']}” {values['action']}"
