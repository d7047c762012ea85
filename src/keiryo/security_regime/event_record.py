"""Security events as they stand: who was notified when, whether they are closed."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.dates import date_number
from keiryo.errors import NotFoundError
from keiryo.journal.reading import line_node
from keiryo.security_regime.event_words import hours, instant, local_day
from keiryo.security_regime.oversight_record import iso, recorded_rows
from keiryo.security_regime.tables_events import (
    SECURITY_EVENT,
    SECURITY_EVENT_NOTICE,
    SECURITY_EVENT_STEP,
)

KINDS = (SECURITY_EVENT.name, SECURITY_EVENT_NOTICE.name, SECURITY_EVENT_STEP.name)
NODE = "secevent:"
RECORDED, NOTIFIED, CLOSED, REOPENED = "recorded", "notified", "closed", "reopened"

STEPS: dict[str, frozenset[str]] = {
    RECORDED: frozenset({CLOSED}),
    NOTIFIED: frozenset({CLOSED}),
    CLOSED: frozenset({REOPENED}),
}
"""Which step may be taken in which state; with the first notice a recorded event is notified."""

_SHOWN = tuple(
    one.name
    for one in SECURITY_EVENT.own_fields
    if one.name not in ("event", "out_of_control", "reason")
)


@dataclass(frozen=True, slots=True)
class SecurityEvent:
    """A security event as it stands.

    Attributes
    ----------
    values : mapping
        Its last line.
    notices : mapping of name to mapping
        Who was notified: the last line of each notice.
    steps : tuple of mapping
        Its steps, in order.
    """

    values: Mapping[str, Any]
    notices: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    steps: tuple[Mapping[str, Any], ...] = ()

    @property
    def name(self) -> str:
        """Name of the event."""
        return str(self.values["event"])

    @property
    def scope(self) -> str:
        """The facility where it occurred, or the State."""
        return str(self.values["scope"])

    @property
    def state(self) -> str:
        """Recorded, notified or closed."""
        if self.steps and self.steps[-1]["state"] == CLOSED:
            return CLOSED
        return NOTIFIED if self.given else RECORDED

    @property
    def given(self) -> tuple[Mapping[str, Any], ...]:
        """Notices that stand, by time."""
        standing = [one for one in self.notices.values() if not one["void"]]
        return tuple(sorted(standing, key=lambda one: instant(one["notified_at"])))

    @property
    def detected(self) -> datetime.datetime:
        """When it was detected."""
        return instant(self.values["detected_at"])

    @property
    def detected_on(self) -> int:
        """Day (YYYYMMDD) on which it was detected, as the clock there showed it."""
        return local_day(self.values["detected_at"])

    def notified(self, recipient: str) -> Mapping[str, Any] | None:
        """Return the first notice to somebody, or None."""
        return next((one for one in self.given if one["recipient"] == recipient), None)

    def hours_between(self, first: str, last: str) -> float | None:
        """Return the hours between two of its times, or None where one is not known."""
        begin, end = self.values.get(first), self.values.get(last)
        if begin is None or end is None:
            return None
        return hours(instant(end) - instant(begin))

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "event": self.name,
            "scope": self.scope,
            "state": self.state,
            **{name: self.values.get(name) for name in _SHOWN},
            "out_of_control": bool(self.values["out_of_control"]),
            "hours_to_detection": self.hours_between("occurred_at", "detected_at"),
            "hours_of_outage": self.hours_between("detected_at", "restored_at"),
            "notified": [
                {
                    "notice": one["notice"],
                    "to": one["recipient"],
                    "at": one["notified_at"],
                    "by": one["by_person"],
                    "reference": one["reference"],
                    "line": line_node(one),
                }
                for one in self.given
            ],
            "steps": [
                {
                    "before": one["before"],
                    "state": one["state"],
                    "on": iso(one["on_day"]),
                    "by": one["by_person"],
                    "lessons": one["lessons"],
                    "reference": one["reference"],
                    "reason": one["reason"],
                    "line": line_node(one),
                }
                for one in self.steps
            ],
            "node": NODE + self.name,
            "line": line_node(self.values),
        }


def taken_in(known: dict[str, SecurityEvent], kind: str, line: Mapping[str, Any]) -> None:
    """Take a line into events as they stand."""
    one = known.get(line["event"])
    if kind == SECURITY_EVENT.name:
        known[line["event"]] = SecurityEvent(line) if one is None else replace(one, values=line)
    elif one is not None and kind == SECURITY_EVENT_NOTICE.name:
        known[one.name] = replace(one, notices={**one.notices, line["notice"]: line})
    elif one is not None:
        known[one.name] = replace(one, steps=(*one.steps, line))


def event_register(
    connection: Connection,
    metadata: MetaData,
    *,
    on: datetime.date | None = None,
    through_act: int | None = None,
) -> dict[str, SecurityEvent]:
    """Return all security events by name.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    on : datetime.date, optional
        As they stood on this day, by the clock of the place: what was detected, notified or done
        later is left out.
    through_act : int, optional
        As known with this act.
    """
    known: dict[str, SecurityEvent] = {}
    day = None if on is None else date_number(on)
    for kind, line in recorded_rows(connection, metadata, KINDS, through_act=through_act):
        if day is None or _day_of(kind, line) <= day:
            taken_in(known, kind, line)
        elif kind == SECURITY_EVENT_NOTICE.name and line["event"] in known:
            one = known[line["event"]]  # corrected to a later time: not given yet on that day
            rest = {k: v for k, v in one.notices.items() if k != line["notice"]}
            known[one.name] = replace(one, notices=rest)
        elif kind == SECURITY_EVENT.name:
            known.pop(line["event"], None)
    return known


def _day_of(kind: str, line: Mapping[str, Any]) -> int:
    if kind == SECURITY_EVENT.name:
        return local_day(line["detected_at"])
    if kind == SECURITY_EVENT_NOTICE.name:
        return local_day(line["notified_at"])
    return int(line["on_day"])


def security_events(
    connection: Connection,
    metadata: MetaData,
    *,
    on: datetime.date | None = None,
    scope: str | None = None,
    through_act: int | None = None,
) -> list[SecurityEvent]:
    """Return the events of a facility, or all, in the order in which they were detected."""
    every = event_register(connection, metadata, on=on, through_act=through_act).values()
    chosen = [one for one in every if scope is None or one.scope == scope]
    return sorted(chosen, key=lambda one: (one.detected, one.name))


def security_event(connection: Connection, metadata: MetaData, name: str) -> SecurityEvent:
    """Return an event as it stands.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    """
    found = event_register(connection, metadata).get(name)
    if found is None:
        raise NotFoundError(
            f"there is no security event {name[:40]!r}",
            "'keiryo protection event list' lists them.",
        )
    return found
