"""Versions of event plans are recorded, approved or rejected; each is an act."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from keiryo.dates import date_number
from keiryo.errors import Finding, RefusedError, Severity
from keiryo.journal.model import Actor, Draft, Posted, Value
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.registry import Check, Posting, Refusal
from keiryo.public_events.book_checks import book_findings
from keiryo.public_events.plan_checks import plan_findings
from keiryo.public_events.plans import plan_of, row_content, versions
from keiryo.public_events.sheets import EventPlan, plan_finding
from keiryo.public_events.tables import (
    APPROVED,
    PUBLIC_EVENT_PLAN,
    PUBLIC_EVENT_ROW,
    PUBLIC_EVENT_STEP,
)
from keiryo.storage.engine import Database


def record_plan(
    database: Database,
    actor: Actor,
    plan: EventPlan,
    version: str,
    *,
    findings: Sequence[Finding] = (),
    clock: Clock = system_clock,
) -> tuple[Posted, list[Finding]]:
    """Record a version of a plan as a draft; return the act and the gaps that the plan has.

    Gaps do not keep a draft from being recorded, but from being approved.

    Parameters
    ----------
    database, actor, plan
    version : str
    findings : sequence of Finding
        What was wrong when the sheets were read.

    Raises
    ------
    RefusedError
        If the sheets could not be read as they are, or the version is there.
    """
    event = plan.event
    if findings or event is None or event["closes"] < event["begins"]:
        told = [*findings, *plan_findings(plan)]
        raise RefusedError("the plan was refused; nothing was recorded", told, "Mend the sheets.")
    named: dict[str, Value] = {"event": event["event"], "version": version}
    made = Draft("public_event.plan", f"public-event:{uuid.uuid4()}")
    rows = [(sheet, row) for sheet, listed in plan.rows.items() for row in listed]
    values: dict[str, Value] = {
        **named,
        "title": event["title"],
        "basis": event["agreement"],
        "begins": date_number(event["begins"]),
        "closes": date_number(event["closes"]),
        "digest": plan.digest,
        "row_count": len(rows),
    }
    made.add(PUBLIC_EVENT_PLAN.name, values, scope=actor.on_behalf_of)
    for sheet, row in rows:
        content = {**named, "sheet": sheet, "content": row_content(sheet, row)}
        made.add(PUBLIC_EVENT_ROW.name, content, scope=actor.on_behalf_of)
    posted = post(database, made, actor, clock=clock)
    with database.reading() as connection:
        gaps = [*plan_findings(plan), *book_findings(plan, connection, database.metadata)]
    return posted, gaps


def decide(
    database: Database,
    actor: Actor,
    event: str,
    version: str,
    state: str,
    *,
    on: datetime.date,
    reason: str | None = None,
    clock: Clock = system_clock,
) -> Posted:
    """Approve or reject a version of a plan.

    Raises
    ------
    RefusedError
        If the version is not there or was decided on, if the same person recorded it, or if a
        version that is to be approved has gaps: all of them.
    """
    made = Draft(
        "public_event.approve" if state == APPROVED else "public_event.reject",
        f"public-event:{uuid.uuid4()}",
        reason=reason,
    )
    values: dict[str, Value] = {
        "event": event,
        "version": version,
        "state": state,
        "on_day": date_number(on),
    }
    more: dict[str, Value] = {} if reason is None else {"reason": reason}
    made.add(PUBLIC_EVENT_STEP.name, {**values, **more}, scope=actor.on_behalf_of)
    return post(database, made, actor, clock=clock)


def check_plans(posting: Posting) -> Iterator[Refusal]:
    """Refuse a version that is there, and a decision that nobody may take."""
    known = versions(posting.connection, posting.metadata, through_act=posting.act_id - 1)
    for line in posting.lines(PUBLIC_EVENT_PLAN.name):
        if (line["event"], line["version"]) in known:
            words = f"the plan {line['event']} has a version {line['version']} already"
            yield _refusal("PUBLIC-EVENT-VERSION", words, "Record what changes as another one.")
    for line in posting.lines(PUBLIC_EVENT_ROW.name):
        if (line["event"], line["version"]) in known:
            words = f"rows were added to {line['event']} version {line['version']}"
            yield _refusal("PUBLIC-EVENT-VERSION", words, "Record what changes as another one.")
    for line in posting.lines(PUBLIC_EVENT_STEP.name):
        name = f"{line['event']} version {line['version']}"
        found = known.get((line["event"], line["version"]))
        if found is None:
            yield _refusal("PUBLIC-EVENT-STEP", f"there is no plan {name}", "Record it first.")
            continue
        if found.step is not None:
            words = f"{name} was {found.state} already"
            yield _refusal("PUBLIC-EVENT-STEP", words, "Record another version.")
        if posting.actor is None or posting.actor.person == found.person:
            yield _refusal(
                "PUBLIC-EVENT-SAME-PERSON",
                f"{name}: who recorded it does not decide on it",
                "Somebody else approves or rejects it under their own name.",
            )
        if line["state"] == APPROVED:
            yield from _gaps(posting.connection, posting, line["event"], line["version"])


def _gaps(connection: Connection, posting: Posting, event: str, version: str) -> Iterator[Refusal]:
    plan = plan_of(connection, posting.metadata, event, version)
    found = [*plan_findings(plan), *book_findings(plan, connection, posting.metadata)]
    yield from (Refusal(replace(one, severity=Severity.FORMAT)) for one in found)


def _refusal(code: str, message: str, advice: str) -> Refusal:
    return Refusal(replace(plan_finding(code, message, advice), severity=Severity.FORMAT))


PLANS_HOLD = Check(
    "plans of public events",
    frozenset({PUBLIC_EVENT_PLAN.name, PUBLIC_EVENT_ROW.name, PUBLIC_EVENT_STEP.name}),
    check_plans,
)
