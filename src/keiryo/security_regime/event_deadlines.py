"""What is due of events, upgrades, computer security and statements: one board of a day.

The items are those of `keiryo.security_regime.due`, so that one list can hold both.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.dates import days_later, number_date
from keiryo.journal.reading import line_node
from keiryo.security_regime.computer_gaps import Gap, computer_gaps
from keiryo.security_regime.computer_record import NODE as SYSTEM_NODE
from keiryo.security_regime.due import DueItem
from keiryo.security_regime.event_due import EventDue, events_due
from keiryo.security_regime.event_record import CLOSED
from keiryo.security_regime.event_record import NODE as EVENT_NODE
from keiryo.security_regime.statement_record import EXPIRED, IN_FORCE, Statements, read_statements
from keiryo.security_regime.upgrade_record import Upgrade, upgrades
from keiryo.security_regime.upgrade_states import HANDED_OVER

NOTIFICATION, INCIDENT_REPORT = "notification", "incident report"
OPEN_EVENT, UPGRADE, REVIEW = "open event", "upgrade", "sustainability review"
MEASURE, STATEMENT = "computer security measure", "protection statement"
END_OF_DAY = datetime.time(23, 59, 59, tzinfo=datetime.UTC)


def event_due_items(
    connection: Connection,
    metadata: MetaData,
    on: datetime.date,
    *,
    scope: str | None = None,
    within_days: int | None = None,
    through_act: int | None = None,
) -> list[DueItem]:
    """Return what is due of events, upgrades, computer security and statements, soonest first.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    on : datetime.date
        The day counts to its end in UTC.
    scope : str, optional
        Only of this facility.
    within_days : int, optional
        Only what is due within so many days, or overdue, or waits without a deadline.
    through_act : int, optional
        As known with this act.
    """
    asked: dict[str, Any] = {"scope": scope, "through_act": through_act}
    end = datetime.datetime.combine(on, END_OF_DAY)
    found = [
        *(item for one in events_due(connection, metadata, end, **asked) for item in _event(one)),
        *_upgrades(upgrades(connection, metadata, on=on, **asked), on),
        *_measures(computer_gaps(connection, metadata, on, **asked), on),
        *_statements(read_statements(connection, metadata, **asked), on),
    ]
    if within_days is not None:
        last = days_later(on, within_days)
        found = [one for one in found if one.due is None or one.due <= last]
    return sorted(found, key=lambda o: (o.due or datetime.date.max, o.scope, o.what, o.name))


def _event(one: EventDue) -> Iterator[DueItem]:
    event = one.event
    node, line = EVENT_NODE + event.name, line_node(event.values)
    for each in one.outstanding:
        due = each.due.astimezone(datetime.UTC).date()
        days = (each.at.date() - due).days
        left = min(-days, -1) if each.late_by else -days
        name = f"{event.name}/{each.recipient}"
        yield DueItem(NOTIFICATION, event.scope, name, due, left, None, node, line)
    if event.values["out_of_control"] and not event.values["incident_ref"]:
        yield DueItem(INCIDENT_REPORT, event.scope, event.name, None, None, None, node, line)
    if event.state != CLOSED and not one.outstanding:
        yield DueItem(OPEN_EVENT, event.scope, event.name, None, None, None, node, line)


def _upgrades(known: list[Upgrade], on: datetime.date) -> Iterator[DueItem]:
    for one in known:
        if one.due is None:
            continue
        told, due = one.to_dict(on), number_date(one.due)
        what = REVIEW if one.state == HANDED_OVER else UPGRADE
        yield DueItem(
            what, one.scope, one.name, due, (due - on).days, None, told["node"], told["line"]
        )


def _measures(gaps: list[Gap], on: datetime.date) -> Iterator[DueItem]:
    for one in gaps:
        if one.measure is None or one.line is None:
            continue
        days = None if one.due is None else (one.due - on).days
        name = f"{one.name}/{one.measure}"
        node = SYSTEM_NODE + one.name
        yield DueItem(MEASURE, one.scope, name, one.due, days, None, node, one.line)


def _statements(known: Statements, on: datetime.date) -> Iterator[DueItem]:
    for one in known.statements.values():
        if known.standing(one, on) not in (IN_FORCE, EXPIRED):
            continue
        told: Mapping[str, Any] = one.to_dict()
        last = number_date(int(one.values["valid_until"]))
        days, person = (last - on).days, str(one.values["evaluated_by"])
        yield DueItem(
            STATEMENT, one.scope, one.name, last, days, person, told["node"], told["line"]
        )
