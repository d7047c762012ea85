"""The close of an event: lessons, what is still open, statistics, and the final report."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.dates import date_number
from keiryo.errors import Finding
from keiryo.journal.model import Actor, Posted, Value
from keiryo.journal.posting import Clock, system_clock
from keiryo.public_events.acts import (
    File,
    as_json,
    at_row,
    bad_cell,
    day_table,
    events_rows,
    plan_in_force,
    record,
    refuse,
)
from keiryo.public_events.alarm_log import alarms, statistics
from keiryo.public_events.case_links import CASE_COLUMNS, disagreements, with_cases
from keiryo.public_events.day_tables import (
    DAILY,
    EVENT_REPORT,
    LENDER_REPORT,
    OPEN,
    PUBLIC_EVENT_LESSON,
    PUBLIC_EVENT_REPORT,
    PUBLIC_EVENT_SPOT,
    PUBLIC_EVENT_SURVEY,
    PUBLIC_EVENT_SWEEP,
    RECEIPT,
)
from keiryo.public_events.equipping import checks_of
from keiryo.public_events.exchange import releases
from keiryo.public_events.hand_back import loans_of, open_returns
from keiryo.public_events.sheets import plan_finding
from keiryo.public_events.sweeping import open_spots, unfit_sweeps
from keiryo.storage.engine import Database

LESSON_COLUMNS = ("lesson", "words", "action", "owner")


def record_lessons(
    database: Database, actor: Actor, event: str, file: File, *, clock: Clock = system_clock
) -> Posted:
    """Record the lessons of a sheet; each has a name, what was seen, what follows, and an owner."""
    rows, findings = day_table(LESSON_COLUMNS, LESSON_COLUMNS).read(*file)
    names: set[str] = set()
    lines: list[tuple[str, Mapping[str, Value]]] = []
    for row in rows:
        if row["lesson"] in names:
            words = f"the lesson {row['lesson'][:40]!r} stands there twice"
            findings.append(at_row(bad_cell(words), file[0], row))
        names.add(row["lesson"])
        values = {one: row[one] for one in LESSON_COLUMNS}
        lines.append((PUBLIC_EVENT_LESSON.name, {"event": event, **values}))
    refuse(findings, "the sheet of lessons")
    return record(database, actor, "lesson", lines, clock=clock)


def open_matters(
    connection: Connection, metadata: MetaData, event: str, on: datetime.date
) -> list[Finding]:
    """Return what keeps an event from being closed on a day."""
    plan = plan_in_force(connection, metadata, event)
    assert plan.event is not None
    found = []
    if on < plan.event["closes"]:
        found.append(
            _open("PUBLIC-EVENT-NOT-OVER", f"{event} lasts until {plan.event['closes']}", "Wait.")
        )
    told_alarms = alarms(connection, metadata, event)
    for one in told_alarms.values():
        if one["state"] == OPEN:
            words = f"the alarm {one['alarm'][:40]} at {one['post']} is open"
            found.append(
                _open("PUBLIC-EVENT-ALARM-OPEN", words, "Decide on it and record the log.")
            )
    found += disagreements(connection, metadata, told_alarms)
    for spot in open_spots(connection, metadata, event):
        words = f"{spot['spot'][:40]} in {spot['venue']} is open"
        found.append(_open("PUBLIC-EVENT-SPOT-OPEN", words, "Find out what it is and close it."))
    if not events_rows(connection, metadata, PUBLIC_EVENT_LESSON.name, event):
        words = f"no lesson of {event} is recorded"
        found.append(
            _open("PUBLIC-EVENT-NO-LESSON", words, "Ask the posts, and record what they say.")
        )
    told = events_rows(connection, metadata, PUBLIC_EVENT_REPORT.name, event)
    reported = {one["loan"] for one in told if one["what"] == LENDER_REPORT}
    for name in loans_of(plan):
        if name not in reported:
            words = f"the lender of {name[:40]} has no final report"
            advice = "Record it with 'keiryo public-event lender-report'."
            found.append(_open("PUBLIC-EVENT-NOT-REPORTED", words, advice))
    return [*found, *open_returns(connection, metadata, event)]


def _open(code: str, words: str, advice: str) -> Finding:
    return plan_finding(code, words, advice)


def final_report(
    connection: Connection,
    metadata: MetaData,
    event: str,
    *,
    on: datetime.date,
    confidence: float = 0.95,
) -> dict[str, Any]:
    """Return the final report of an event as plain data.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    event : str
    on : datetime.date
        Day of the report.
    confidence : float
        Of the intervals: exact, of Garwood for rates and of Clopper and Pearson for fractions.
    """
    plan = plan_in_force(connection, metadata, event)
    assert plan.event is not None

    def rows(kind: str, *names: str) -> list[dict[str, Any]]:
        read = events_rows(connection, metadata, kind, event)
        return [{name: one[name] for name in names} for one in read]

    told = alarms(connection, metadata, event)
    names = ("alarm", "post", "serial", "at", "seen", "state", "alarm_case", *CASE_COLUMNS, "words")
    return {
        "event": event,
        "title": plan.event["title"],
        "agreement": plan.event["agreement"],
        "begins": plan.event["begins"].isoformat(),
        "closes": plan.event["closes"].isoformat(),
        "on": on.isoformat(),
        "plan": plan.digest,
        "surveys": rows(
            PUBLIC_EVENT_SURVEY.name, *("venue", "instrument", "starts", "ends", "evidence")
        ),
        "sweeps": _sweeps(connection, metadata, event),
        "spots": rows(PUBLIC_EVENT_SPOT.name, "venue", "spot", "state", "at", "words"),
        "checks": _checks(connection, metadata, event),
        "alarms": [{n: one[n] for n in names} for one in with_cases(connection, metadata, told)],
        "statistics": statistics(plan, list(told.values()), confidence),
        "releases": releases(connection, metadata, event),
        "lessons": rows(PUBLIC_EVENT_LESSON.name, *LESSON_COLUMNS),
        "open": [one.message for one in open_matters(connection, metadata, event, on)],
    }


def _sweeps(connection: Connection, metadata: MetaData, event: str) -> list[dict[str, Any]]:
    """Return the sweeps, what they covered, and what their instruments lacked."""
    names = ("sweep", "venue", "team", "instruments", "starts", "ends")
    unfit = unfit_sweeps(connection, metadata, event)
    return [
        {
            **{name: one[name] for name in names},
            "evidence": one["evidence"],
            "covered": one["covered_ppm"] / 1e6,
            "needed": one["needed_ppm"] / 1e6,
            "not_fit": [each.message for each in unfit[one["act_id"], one["line_no"]]],
        }
        for one in events_rows(connection, metadata, PUBLIC_EVENT_SWEEP.name, event)
    ]


def _checks(connection: Connection, metadata: MetaData, event: str) -> list[dict[str, Any]]:
    """Return how many checks of a kind an instrument had, and how many failed."""
    return [
        {
            "serial": serial,
            "what": what,
            "checks": len(held),
            "failed": sum(not one["passed"] for one in held),
        }
        for what in (RECEIPT, DAILY)
        for serial, held in sorted(checks_of(connection, metadata, event, what).items())
    ]


def close(
    database: Database,
    actor: Actor,
    event: str,
    *,
    on: datetime.date,
    clock: Clock = system_clock,
) -> tuple[Posted, dict[str, Any]]:
    """Close an event: record its final report, whose JSON is the evidence.

    Raises
    ------
    RefusedError
        If anything is open: instruments, alarms, spots, lessons; or the event is closed already.
    """
    with database.reading() as connection:
        found = open_matters(connection, database.metadata, event, on)
        found = [one for one in found if one.code != "PUBLIC-EVENT-LOST"]
        refuse(found, "the close")
        told = final_report(connection, database.metadata, event, on=on)
    file = (f"{event}-final.json", (as_json(told) + "\n").encode())
    values: dict[str, Value] = {"event": event, "what": EVENT_REPORT, "on_day": date_number(on)}
    lines = [(PUBLIC_EVENT_REPORT.name, values)]
    return record(database, actor, "report", lines, file=file, clock=clock), told
