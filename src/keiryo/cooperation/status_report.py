"""The status report of a meeting: one line per item, by working group.

A line says the last meeting's wording, what changed, the next step, who does it and by when. Where
an item is about a commitment, the line carries it as it is promised: the verb as written and its
degree, its state, when it is due, and the words it rests on with source and paragraph.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.cooperation.commitments import StandingCommitment, commitments
from keiryo.cooperation.meetings import Item, Meeting, Meetings, read_meetings
from keiryo.cooperation.register import read_recorded
from keiryo.dates import number_date
from keiryo.errors import Finding, RefusedError, Severity
from keiryo.storage.schema import ACT

BASIS = "docs/theory/cooperation.md"


@dataclass(frozen=True, slots=True)
class StatusLine:
    """An item of a meeting as it stands.

    Attributes
    ----------
    item : Item
    before : Item or None
        The item of the last meeting that it takes up.
    commitment : StandingCommitment or None
        What it is about.
    steps : tuple of mapping
        Steps of the commitment since the last meeting.
    overdue : bool
        Whether its own day, or that of its commitment, has passed.
    """

    item: Item
    before: Item | None
    commitment: StandingCommitment | None
    steps: tuple[Mapping[str, Any], ...]
    overdue: bool

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values for JSON."""
        before = self.before
        return {
            **self.item.to_dict(),
            "last_meeting": None
            if before is None
            else {
                "item": before.name,
                "words": before.values["words"],
                "words_ja": before.values["words_ja"],
            },
            "steps": [
                {
                    "before": one["before"],
                    "state": one["state"],
                    "on": number_date(int(one["on_day"])).isoformat(),
                    "reason": one["reason"],
                }
                for one in self.steps
            ],
            "overdue": self.overdue,
            "commitment": None if self.commitment is None else self.commitment.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class StatusReport:
    """How the matters of a meeting stand.

    Attributes
    ----------
    meeting : Meeting
    body_title : str
    previous : Meeting or None
        The last meeting of the body before it.
    on : datetime.date
        Day on which due days are looked at.
    groups : tuple of (mapping or None, tuple of StatusLine)
        Lines by working group; None is the plenary.
    titles : mapping of str to str
        Full names of the organisations that took part.
    act_id, digest, recorded_at
        The last act that it takes into account.
    public_only : bool
        Whether it holds only what may be published.
    """

    meeting: Meeting
    body_title: str
    previous: Meeting | None
    on: datetime.date
    groups: tuple[tuple[Mapping[str, Any] | None, tuple[StatusLine, ...]], ...]
    titles: Mapping[str, str]
    act_id: int
    digest: str
    recorded_at: str
    public_only: bool = False

    @property
    def lines(self) -> Iterator[StatusLine]:
        """All lines, by working group."""
        for _group, lines in self.groups:
            yield from lines

    def decisions(self) -> list[Mapping[str, Any]]:
        """Return the decisions of the meeting on the items that the report holds."""
        shown = {one.item.number for one in self.lines}
        return [one for one in self.meeting.decisions if int(one["item"]) in shown]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values for JSON."""
        told = self.meeting.to_dict()
        held = ("meeting", "body", "title", "title_ja", "on_day", "last_day", "location", "state")
        numbers = {int(one["item"]) for one in self.decisions()}
        return {
            **{name: told[name] for name in held},
            "last_meeting": None if self.previous is None else self.previous.name,
            "on": self.on.isoformat(),
            "groups": [
                {
                    "working_group": None if group is None else group["working_group"],
                    "title": None if group is None else group["title"],
                    "lines": [one.to_dict() for one in lines],
                }
                for group, lines in self.groups
            ],
            "attendance": told["attendance"],
            "decisions": [one for one in told["decisions"] if one["item"] in numbers],
            "act": self.act_id,
            "digest": self.digest,
        }


def status_report(
    connection: Connection,
    metadata: MetaData,
    meeting: str,
    *,
    on: datetime.date | None = None,
    public_only: bool = False,
) -> StatusReport:
    """Return how the matters of a meeting stand.

    Parameters
    ----------
    connection, metadata
        An open reading transaction and the tables; of what is not seen there is nothing.
    meeting : str
    on : datetime.date, optional
        Day on which due days are looked at; by default the first day of the meeting.
    public_only : bool
        Only the items that may be published.

    Raises
    ------
    NotFoundError
        If there is no such meeting.
    RefusedError
        If what may be published is asked for, and the minutes may not.
    """
    meetings = read_meetings(connection, metadata)
    found = meetings.get(meeting)
    if public_only and not found.is_public:
        closed = Finding(
            "MEETING-NOT-PUBLIC",
            Severity.FORMAT,
            f"the minutes of {meeting} may not be published",
            "Say so with 'keiryo cooperation meeting minutes --public', or leave --public out.",
            basis=BASIS,
        )
        raise RefusedError("nothing of it may be published", [closed])
    register = read_recorded(connection, metadata)
    standing = {one.name: one for one in commitments(connection, metadata, register)}
    day = on or found.on
    act = metadata.tables[ACT]
    last = select(act.c.act_id, act.c.digest, act.c.recorded_at).order_by(act.c.act_id.desc())
    number, digest, recorded_at = connection.execute(last.limit(1)).one()
    body = register.objects.get(found.body)
    seated = (str(row["organisation"]) for row in found.attendance)
    return StatusReport(
        found,
        found.body if body is None else body.title,
        meetings.before(found),
        day,
        tuple(_grouped(meetings, found, standing, day, public_only)),
        {one: register.objects[one].title for one in seated if one in register.objects},
        int(number),
        str(digest),
        str(recorded_at),
        public_only,
    )


def _grouped(
    meetings: Meetings,
    meeting: Meeting,
    standing: Mapping[str, StandingCommitment],
    day: datetime.date,
    public_only: bool,
) -> Iterator[tuple[Mapping[str, Any] | None, tuple[StatusLine, ...]]]:
    groups: list[Mapping[str, Any] | None] = [None, *meetings.groups.get(meeting.body, ())]
    for group in groups:
        name = None if group is None else group["working_group"]
        lines = tuple(
            _line(meetings, meeting, item, standing, day)
            for item in meeting.items
            if item.values["working_group"] == name and (item.values["public"] or not public_only)
        )
        if lines:
            yield group, lines


def _line(
    meetings: Meetings,
    meeting: Meeting,
    item: Item,
    standing: Mapping[str, StandingCommitment],
    day: datetime.date,
) -> StatusLine:
    before, named = None, item.before
    if named is not None and named[0] in meetings.meetings:
        before = meetings.get(named[0]).item(named[1])
    commitment = standing.get(str(item.values["commitment"]))
    last = meetings.before(meeting)
    steps = tuple(
        one
        for one in (commitment.steps if commitment is not None else ())
        if last is None or number_date(int(one["on_day"])) > last.last_day
    )
    late = item.is_open and item.due is not None and item.due < day
    if commitment is not None:
        late = late or commitment.overdue(day)
    return StatusLine(item, before, commitment, steps, late)
