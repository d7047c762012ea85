"""Instruments of an event through the record of equipment: received, given to posts, handed back.

There is one chain of custody, that of `keiryo.equipment`: what is done here becomes its hand-overs
and steps of loans, after the plan and the checks of the event were asked.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.dates import date_number, parse_utc
from keiryo.equipment.calibration import calibration_on, calibrations
from keiryo.equipment.custody import HandOver, hand_over
from keiryo.equipment.items import items
from keiryo.equipment.loan_states import RECEIVED, SHIPPED
from keiryo.equipment.loans import StepWanted, loan, take_step
from keiryo.equipment.tables import FAILED, PASSED
from keiryo.errors import Finding
from keiryo.journal.model import Actor, Posted, Value
from keiryo.journal.posting import Clock, system_clock
from keiryo.public_events.acts import (
    File,
    events_rows,
    future,
    named,
    plan_in_force,
    record,
    refuse,
)
from keiryo.public_events.day_tables import DAILY, PUBLIC_EVENT_CHECK, RECEIPT
from keiryo.public_events.instrument_checks import (
    InstrumentCheck,
    read_daily,
    read_limits,
    read_receipt,
)
from keiryo.public_events.sheets import EventPlan, plan_finding
from keiryo.storage.engine import Database

CHECK_HOURS = 24
"""A daily check holds for so many hours; a choice of keiryo."""


def record_receipt(
    database: Database, actor: Actor, event: str, file: File, *, clock: Clock = system_clock
) -> tuple[Posted, list[InstrumentCheck]]:
    """Record the receipt checks of a sheet.

    Raises
    ------
    RefusedError
        If the sheet cannot be read as it is, or names what is not in the plan in force.
    """
    with database.reading() as connection:
        plan = plan_in_force(connection, database.metadata, event)
    checks, findings = read_receipt(*file, named(plan, "instruments", "serial"))
    return _recorded(database, actor, event, RECEIPT, checks, findings, file, clock)


def record_daily(
    database: Database,
    actor: Actor,
    event: str,
    file: File,
    limits: File,
    *,
    clock: Clock = system_clock,
) -> tuple[Posted, list[InstrumentCheck]]:
    """Record the daily checks of a sheet, held against a sheet of limits; as `record_receipt`."""
    with database.reading() as connection:
        plan = plan_in_force(connection, database.metadata, event)
    wanted, wrong = read_limits(*limits)
    checks, findings = read_daily(*file, wanted, named(plan, "instruments", "serial"))
    told = [*wrong, *findings]
    return _recorded(database, actor, event, DAILY, checks, told, file, clock)


def _recorded(
    database: Database,
    actor: Actor,
    event: str,
    what: str,
    checks: list[InstrumentCheck],
    findings: list[Finding],
    file: File,
    clock: Clock,
) -> tuple[Posted, list[InstrumentCheck]]:
    refuse([*findings, *future((one.at for one in checks), clock)], "the sheet of checks")
    lines: list[tuple[str, Mapping[str, Value]]] = [
        (
            PUBLIC_EVENT_CHECK.name,
            {
                "event": event,
                "serial": one.serial,
                "what": what,
                "at": one.at,
                "passed": int(one.passed),
                "content": one.content,
            },
        )
        for one in checks
    ]
    return record(database, actor, "check", lines, file=file, clock=clock), checks


def checks_of(
    connection: Connection, metadata: MetaData, event: str, what: str
) -> dict[str, list[dict[str, Any]]]:
    """Return the checks of a kind by serial number, in the order of time."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in events_rows(connection, metadata, PUBLIC_EVENT_CHECK.name, event):
        if row["what"] == what:
            found.setdefault(row["serial"], []).append(row)
    for rows in found.values():
        rows.sort(key=lambda row: (row["at"], row["act_id"], row["line_no"]))
    return found


def last_by(rows: list[dict[str, Any]], at: str) -> dict[str, Any] | None:
    """Return the last check at or before a moment, or None."""
    return next((one for one in reversed(rows) if one["at"] <= at), None)


def receive(
    database: Database,
    actor: Actor,
    event: str,
    name: str,
    *,
    on: datetime.date,
    clock: Clock = system_clock,
) -> Posted:
    """Take the step ``received`` of a loan with the result of the receipt checks of its items.

    Raises
    ------
    RefusedError
        If an item was not checked on receipt, or the loan cannot take the step.
    NotFoundError
        If there is no such loan.
    """
    with database.reading() as connection:
        standing = loan(connection, database.metadata, name)
        plan = plan_in_force(connection, database.metadata, event)
        held = checks_of(connection, database.metadata, event, RECEIPT)
    lent = {row["serial"] for row in plan.rows["instruments"] if row["loan"] == name}
    missing = [one for one in standing.serials if one not in held]
    refuse(
        [
            *(_not_checked(one) for one in missing),
            *(_not_planned(one) for one in standing.serials if one not in lent),
        ],
        "the receipt",
    )
    last = {one: held[one][-1] for one in standing.serials}
    result = PASSED if all(one["passed"] for one in last.values()) else FAILED
    words = ", ".join(f"{one} {PASSED if last[one]['passed'] else FAILED}" for one in last)
    wanted = StepWanted(
        name,
        RECEIVED,
        on,
        f"checked on receipt for {event}: {words}",
        evidence=tuple(dict.fromkeys(f"act:{one['act_id']}" for one in last.values())),
        acceptance_test=result,
    )
    return take_step(database, actor, wanted, seen=SHIPPED, clock=clock)


def _not_checked(serial: str) -> Finding:
    return plan_finding(
        "PUBLIC-EVENT-NOT-CHECKED",
        f"{serial} has no check on receipt",
        "Check it and record the sheet with 'keiryo public-event receipt'.",
    )


def _not_planned(serial: str) -> Finding:
    return plan_finding(
        "PUBLIC-EVENT-CHECK-SERIAL",
        f"{serial} came under the loan and is not among the lent instruments of the plan",
        "Bring the plan up to date, or correct the items of the loan.",
    )


def assign(
    database: Database,
    actor: Actor,
    event: str,
    serial: str,
    post: str,
    *,
    receiver: str,
    organisation: str,
    at: str,
    clock: Clock = system_clock,
) -> Posted:
    """Hand an instrument to a post of the plan, through the chain of custody.

    Parameters
    ----------
    receiver, organisation : str
        Who receives it, and for whom.
    at : str
        The moment in UTC.

    Raises
    ------
    RefusedError
        If the plan does not have it there, or it is not fit for use: every reason.
    """
    with database.reading() as connection:
        plan = plan_in_force(connection, database.metadata, event)
        found = list(_unfit(connection, database.metadata, event, plan, serial, at))
        known = items(connection, database.metadata)
    places = {row["post"] for row in plan.rows["shifts"] if serial in _serials(row)}
    if post not in places:
        found.insert(
            0,
            plan_finding(
                "PUBLIC-EVENT-NOT-THERE",
                f"the plan in force does not have {serial[:40]} at the post {post[:40]}",
                f"It has it at: {', '.join(sorted(places)) or 'no post'}. Change the plan first.",
            ),
        )
    refuse(found, "the hand-over to the post")
    holder = known[serial].holder
    passed = HandOver(serial, holder.receiver, receiver, organisation, post, at, f"for {event}")
    return hand_over(database, actor, [passed], clock=clock)


def _unfit(
    connection: Connection,
    metadata: MetaData,
    event: str,
    plan: EventPlan,
    serial: str,
    at: str,
) -> Iterator[Finding]:
    """Yield why an instrument is not fit for use at a moment."""
    row = named(plan, "instruments", "serial").get(serial)
    known = items(connection, metadata).get(serial)
    if row is None or known is None:
        words = f"the instrument {serial[:40]!r} is not in the plan in force or not in the register"
        yield plan_finding("PUBLIC-EVENT-CHECK-SERIAL", words, "Correct the serial number.")
        return
    if known.condition != "serviceable":
        words = f"{serial} is {known.condition}"
        yield _unfit_finding(words, "Assign another one, or have it repaired and record that.")
    day = parse_utc(at).date()
    trusted = calibration_on(calibrations(connection, metadata).get(serial, []), day)
    if trusted is None or trusted["due_on"] < date_number(day):
        yield _unfit_finding(f"{serial} has no calibration that holds", "Have it calibrated.")
    received = last_by(checks_of(connection, metadata, event, RECEIPT).get(serial, []), at)
    if row["source"] == "lent" and (received is None or not received["passed"]):
        told = "was not checked on receipt" if received is None else "failed its check on receipt"
        yield _unfit_finding(f"{serial} {told}", "Check it again and record the sheet.")
    daily = checks_of(connection, metadata, event, DAILY).get(serial, [])
    if told_daily := daily_problem(daily, at):
        yield _unfit_finding(f"{serial} {told_daily}", "Check it and record the sheet of the day.")


def daily_problem(rows: list[dict[str, Any]], at: str) -> str | None:
    """Return what is wrong with the daily checks of an instrument at a moment; None if nothing."""
    last = last_by(rows, at)
    if last is None or parse_utc(at) - parse_utc(last["at"]) > datetime.timedelta(
        hours=CHECK_HOURS
    ):
        return f"was not checked in the {CHECK_HOURS} hours before"
    return None if last["passed"] else "failed its last daily check"


def _unfit_finding(words: str, advice: str) -> Finding:
    return plan_finding("PUBLIC-EVENT-UNFIT", words, advice)


def _serials(row: Mapping[str, Any]) -> list[str]:
    return str(row["instruments"] or "").split()
