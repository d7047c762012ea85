"""The log of alarms of an event by post: read from a sheet, recorded, counted with intervals.

False alarm: no radiation was there. Innocent: radiation with a legitimate reason. Response: handed
to those who respond. An alarm is assessed in its alarm case; the log names the case in words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scipy import special
from sqlalchemy import Connection, MetaData

from keiryo.counting.acceptance import interval, rate_bound
from keiryo.errors import Finding
from keiryo.journal.model import Actor, Posted, Value
from keiryo.journal.posting import Clock, system_clock
from keiryo.public_events.acts import (
    File,
    at_row,
    bad_cell,
    day_table,
    events_rows,
    future,
    moment,
    record,
    refuse,
)
from keiryo.public_events.day_tables import (
    ALARM_STATES,
    FALSE,
    INNOCENT,
    OPEN,
    PUBLIC_EVENT_ALARM,
    RESPONSE,
    SEEN,
)
from keiryo.public_events.plan_checks import hours_of
from keiryo.public_events.sheets import EventPlan
from keiryo.storage.engine import Database

COLUMNS = ("time", "alarm", "post", "serial", "seen", "state", "alarm_case", "words")
_NEEDED = ("time", "alarm", "post", "seen", "state", "words")


def read_alarms(name: str, content: bytes) -> tuple[list[dict[str, Any]], list[Finding]]:
    """Return the rows of an alarm log with their moments in UTC, and all that is wrong with it."""
    rows, findings = day_table(COLUMNS, _NEEDED).read(name, content)
    read, names = [], set()
    for row in rows:
        at, problem = moment(row["time"]), None
        if at is None:
            problem = "time: this is no moment with an offset"
        elif row["seen"] not in SEEN or row["state"] not in ALARM_STATES:
            problem = f"seen is one of {', '.join(SEEN)}; state one of {', '.join(ALARM_STATES)}"
        elif row["alarm"] in names:
            problem = f"the alarm {row['alarm'][:40]!r} stands there twice"
        if problem is not None:
            findings.append(at_row(bad_cell(problem), name, row))
            continue
        names.add(row["alarm"])
        read.append({one: row[one] for one in COLUMNS[1:]} | {"at": at})
    return read, findings


def record_alarms(
    database: Database, actor: Actor, event: str, file: File, *, clock: Clock = system_clock
) -> tuple[Posted, int]:
    """Record a log of alarms; return the act and how many rows were new or changed.

    A row that stands in the record as it is written is not recorded again: the log of the day
    grows and is handed in more than once.

    Raises
    ------
    RefusedError
        If the sheet cannot be read as it is, nothing in it is new, or the plan or the record does
        not allow a row: all findings.
    """
    rows, findings = read_alarms(*file)
    refuse([*findings, *future((one["at"] for one in rows), clock)], "the log of alarms")
    with database.reading() as connection:
        known = alarms(connection, database.metadata, event)
    fresh = [
        one
        for one in rows
        if one["alarm"] not in known or any(known[one["alarm"]][k] != one[k] for k in one)
    ]
    if not fresh:
        refuse([bad_cell("nothing in the log is new", "Nothing is to be done.")], "the log")
    lines: list[tuple[str, Mapping[str, Value]]] = [
        (PUBLIC_EVENT_ALARM.name, {"event": event, **one}) for one in fresh
    ]
    return record(database, actor, "alarm", lines, clock=clock), len(fresh)


def alarms(
    connection: Connection, metadata: MetaData, event: str, *, through_act: int | None = None
) -> dict[str, dict[str, Any]]:
    """Return the alarms of an event as they stand, by name, in the order of time."""
    rows = events_rows(
        connection, metadata, PUBLIC_EVENT_ALARM.name, event, through_act=through_act
    )
    last = {row["alarm"]: row for row in rows}
    return dict(sorted(last.items(), key=lambda one: (one[1]["at"], one[0])))


def rate_interval(events: int, hours: float, confidence: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of a rate from events in a time (Garwood 1936).

    Examples
    --------
    >>> [round(one, 4) for one in rate_interval(0, 10)]
    [0.0, 0.3689]
    >>> [round(one, 3) for one in rate_interval(10, 1)]
    [4.795, 18.39]
    """
    each = (1 + confidence) / 2
    low = 0.0 if events == 0 else float(special.gammaincinv(events, 1 - each)) / hours
    return low, rate_bound(events, hours, each)


def statistics(
    plan: EventPlan, told: Sequence[Mapping[str, Any]], confidence: float = 0.95
) -> list[dict[str, Any]]:
    """Return counts and rates by post and for all posts, with exact intervals.

    Alerts by information are counted apart: no instrument raised them. Hours are those of the
    shifts of the plan. Fractions are of the alarms that were decided.
    """
    hours: dict[str, float] = {}
    for row in plan.rows["shifts"]:
        hours[row["post"]] = hours.get(row["post"], 0.0) + max(hours_of(row), 0.0)
    posts = sorted({*hours, *(str(one["post"]) for one in told)})
    found = [
        _of(name, hours.get(name, 0.0), [one for one in told if one["post"] == name], confidence)
        for name in posts
    ]
    return [*found, _of("all posts", sum(hours.values()), list(told), confidence)]


def _of(
    name: str, hours: float, told: list[Mapping[str, Any]], confidence: float
) -> dict[str, Any]:
    raised = [one for one in told if one["seen"] != "information"]
    states = [one["state"] for one in raised]
    decided = [one for one in states if one != OPEN]
    made: dict[str, Any] = {
        "post": name,
        "hours": hours,
        "alarms": len(raised),
        "information": len(told) - len(raised),
        "open": len(states) - len(decided),
        "with_neutrons": sum(one["seen"] in ("neutron", "both") for one in raised),
    }
    made["rate_per_h"] = len(raised) / hours if hours else None
    made["rate_interval"] = list(rate_interval(len(raised), hours, confidence)) if hours else None
    for state in (FALSE, INNOCENT, RESPONSE):
        number = decided.count(state)
        made[state] = number
        made[f"{state}_interval"] = (
            list(interval(number, len(decided), confidence)) if decided else None
        )
    return {**made, "confidence": confidence}
