"""Who must be notified of a security event, until when, and how late it was.

The time runs from detection, in exact instants. It is measured against the table of rules that
held on the day of detection, by the clock of the place, or against one that is given. Without a
table, or where no row of it fits, nothing is computed and that is told.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.journal.reading import line_node
from keiryo.security_regime.event_record import CLOSED, SecurityEvent, security_events
from keiryo.security_regime.event_rule_table import (
    NOTIFICATION,
    RuleTable,
    in_force,
    rule_tables,
)
from keiryo.security_regime.event_words import hours, instant, utc

NO_TABLE = "no table of rules held on the day of detection: nothing can be said of lateness"
NO_ROW = "no row of the table of rules fits: nothing can be said of lateness"
NO_INCIDENT = "material is out of regulatory control, and no report to the incident database stands"
IN_TIME, LATE, WAITING, OVERDUE = "in_time", "late", "waiting", "overdue"


@dataclass(frozen=True, slots=True)
class Notification:
    """A notification that the rules require.

    Attributes
    ----------
    recipient : str
    within_minutes : int
        The strictest of the rows that fit.
    due : datetime.datetime
    notified_at : datetime.datetime or None
    at : datetime.datetime
        The instant as of which this is said.
    rule, notice : str or None
        Where both stand in the record.
    basis : str or None
    """

    recipient: str
    within_minutes: int
    due: datetime.datetime
    notified_at: datetime.datetime | None
    at: datetime.datetime
    rule: str | None = None
    notice: str | None = None
    basis: str | None = None

    @property
    def late_by(self) -> datetime.timedelta:
        """How late it was, or is by now; nothing while there is time."""
        span = (self.notified_at or self.at) - self.due
        return max(span, datetime.timedelta())

    @property
    def status(self) -> str:
        """``in_time``, ``late``, ``waiting`` or ``overdue``; notified when due is in time."""
        if self.notified_at is not None:
            return LATE if self.late_by else IN_TIME
        return OVERDUE if self.late_by else WAITING

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "to": self.recipient,
            "within_hours": self.within_minutes / 60,
            "due": utc(self.due),
            "notified_at": None if self.notified_at is None else utc(self.notified_at),
            "status": self.status,
            "hours_late": hours(self.late_by),
            "basis": self.basis,
            "rule": self.rule,
            "notice": self.notice,
        }


@dataclass(frozen=True, slots=True)
class EventDue:
    """What an event requires.

    Attributes
    ----------
    event : SecurityEvent
    rules : str or None
        Name of the table.
    notifications : tuple of Notification
    told : tuple of str
        What is missing and is not made up.
    """

    event: SecurityEvent
    rules: str | None
    notifications: tuple[Notification, ...]
    told: tuple[str, ...]

    @property
    def outstanding(self) -> tuple[Notification, ...]:
        """Notifications that were not given."""
        return tuple(one for one in self.notifications if one.notified_at is None)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "event": self.event.name,
            "scope": self.event.scope,
            "state": self.event.state,
            "type": self.event.values["type"],
            "severity": self.event.values["severity"],
            "rules": self.rules,
            "notifications": [one.to_dict() for one in self.notifications],
            "told": list(self.told),
            "node": self.event.to_dict()["node"],
            "line": line_node(self.event.values),
        }


def required(event: SecurityEvent, table: RuleTable | None, at: datetime.datetime) -> EventDue:
    """Return what an event requires as of an instant.

    Parameters
    ----------
    event : SecurityEvent
    table : RuleTable or None
        None: there is none.
    at : datetime.datetime
        With a time zone. A notice that was given later is not yet known then.
    """
    told = []
    values = event.values
    if values["out_of_control"] and not values.get("incident_ref"):
        told.append(NO_INCIDENT)
    if table is None:
        return EventDue(event, None, (), (NO_TABLE, *told))
    strictest: dict[str, Any] = {}
    for row in table.rows:
        fits = (
            row["type"] in (None, values["type"])
            and row["category"] in (None, values["category"])
            and row["severity_at_least"] <= values["severity"]
        )
        before = strictest.get(row["recipient"])
        if fits and (before is None or row["within_minutes"] < before["within_minutes"]):
            strictest[row["recipient"]] = row
    if not strictest:
        told.insert(0, NO_ROW)
    made = [_notification(event, table, row, at) for row in strictest.values()]
    made.sort(key=lambda one: (one.due, one.recipient))
    return EventDue(event, table.name, tuple(made), tuple(told))


def _notification(
    event: SecurityEvent, table: RuleTable, row: Any, at: datetime.datetime
) -> Notification:
    due = event.detected + datetime.timedelta(minutes=row["within_minutes"])
    notice = event.notified(row["recipient"])
    given = None if notice is None else instant(notice["notified_at"])
    if notice is None or given is None or given > at:
        notice, given = None, None
    return Notification(
        row["recipient"],
        row["within_minutes"],
        due,
        given,
        at,
        table.line(row),
        None if notice is None else line_node(notice),
        row["basis"],
    )


def due_of(
    event: SecurityEvent,
    tables: Sequence[RuleTable],
    at: datetime.datetime,
    given: RuleTable | None = None,
) -> EventDue:
    """Return what an event requires under the table of its day, or under one that is given."""
    return required(event, given or in_force(tables, event.detected_on), at)


def events_due(
    connection: Connection,
    metadata: MetaData,
    at: datetime.datetime,
    *,
    scope: str | None = None,
    rules: RuleTable | None = None,
    through_act: int | None = None,
    whole: bool = False,
) -> list[EventDue]:
    """Return what security events require as of an instant.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    at : datetime.datetime
        With a time zone.
    scope : str, optional
        Only of this facility.
    rules : RuleTable, optional
        Measure against this table instead of those in the record.
    through_act : int, optional
        As known with this act.
    whole : bool
        All events; default: those that are open, were late, or of which something is told.
    """
    tables = rule_tables(connection, metadata, NOTIFICATION, through_act)
    known = security_events(connection, metadata, scope=scope, through_act=through_act)
    every: Iterable[EventDue] = (
        due_of(one, tables, at, rules) for one in known if one.detected <= at
    )
    return [one for one in every if whole or _asks(one)]


def _asks(one: EventDue) -> bool:
    late = any(each.late_by for each in one.notifications)
    return late or bool(one.told) or one.event.state != CLOSED
