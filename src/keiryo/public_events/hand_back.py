"""Instruments back to their lender: whether everything is back, and the final report to the lender.

What the report says of an instrument is what stands in the record of equipment and in the checks
of the event: condition, hand-overs, calibrations, checks on receipt and of the days, damage.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.dates import date_number, number_date
from keiryo.equipment.calibration import calibration_dict, calibrations
from keiryo.equipment.items import Item, items
from keiryo.equipment.loan_states import CLOSED, DONATED, RETURNED
from keiryo.equipment.loans import Loan, loan, loans
from keiryo.errors import Finding
from keiryo.journal.model import Actor, Posted, Value
from keiryo.journal.posting import Clock, system_clock
from keiryo.public_events.acts import as_json, plan_in_force, record
from keiryo.public_events.day_tables import (
    DAILY,
    LENDER_REPORT,
    PUBLIC_EVENT_REPORT,
    RECEIPT,
)
from keiryo.public_events.equipping import checks_of
from keiryo.public_events.sheets import EventPlan, plan_finding
from keiryo.storage.engine import Database


def loans_of(plan: EventPlan) -> list[str]:
    """Return the loans that a plan names, in order."""
    return sorted({str(row["loan"]) for row in plan.rows["instruments"] if row["loan"]})


def open_returns(connection: Connection, metadata: MetaData, event: str) -> list[Finding]:
    """Return what of the lent instruments of an event is not back, or not whole."""
    plan = plan_in_force(connection, metadata, event)
    every, known = loans(connection, metadata), items(connection, metadata)
    found: list[Finding] = []
    for name in loans_of(plan):
        if name in every:
            found += _open(every[name], known)
        else:
            words = f"the loan {name[:40]} is not in the register"
            found.append(_not_back(words, "Record the loan with 'keiryo equipment lend'."))
    return found


def _open(standing: Loan, known: Mapping[str, Item]) -> Iterator[Finding]:
    lender = standing.values["lender"]
    if standing.state == DONATED:
        return
    if standing.state not in (RETURNED, CLOSED):
        yield _not_back(
            f"the loan {standing.name} is {standing.state}",
            "Hand the items back and take the step 'returned' with the results of the tests.",
        )
    for serial in standing.serials:
        one = known[serial]
        if one.condition == "lost":
            words = f"{serial} of the loan {standing.name} is lost"
            advice = "Agree with the lender on what follows; the report to the lender says it."
            yield plan_finding("PUBLIC-EVENT-LOST", words, advice)
        elif one.holder.organisation != lender:
            yield _not_back(
                f"{serial} of the loan {standing.name} is with {one.holder.receiver} for "
                f"{one.holder.organisation} at {one.holder.place}",
                f"Hand it over to {lender}: 'keiryo equipment hand-over'.",
            )


def _not_back(words: str, advice: str) -> Finding:
    return plan_finding("PUBLIC-EVENT-NOT-BACK", words, advice)


def lender_report(
    connection: Connection, metadata: MetaData, event: str, name: str, *, on: datetime.date
) -> dict[str, Any]:
    """Return the final report to the lender of a loan, as plain data.

    Raises
    ------
    NotFoundError
        If there is no such loan.
    RefusedError
        If no plan of the event is in force.
    """
    plan = plan_in_force(connection, metadata, event)
    assert plan.event is not None
    standing, known = loan(connection, metadata, name), items(connection, metadata)
    done = calibrations(connection, metadata)
    received = checks_of(connection, metadata, event, RECEIPT)
    daily = checks_of(connection, metadata, event, DAILY)
    told = standing.to_dict()
    rows = []
    for serial in standing.serials:
        one = known[serial]
        checks = daily.get(serial, [])
        rows.append(
            {
                "serial": serial,
                "type": one.values["type"],
                "model": one.values["model"],
                "condition": one.condition,
                "what_happened": [
                    {
                        "on": number_date(state["on_day"]).isoformat(),
                        "condition": state["condition"],
                        "reason": state["reason"],
                    }
                    for state in one.conditions
                    if state["loan"] == name
                ],
                "calibrations": [calibration_dict(row) for row in done.get(serial, [])],
                "receipt_checks": [
                    {"at": row["at"], "passed": bool(row["passed"])}
                    for row in received.get(serial, [])
                ],
                "daily_checks": len(checks),
                "daily_checks_failed": [row["at"] for row in checks if not row["passed"]],
                "hand_overs": [passed.to_dict() for passed in one.chain],
                "with_lender": one.holder.organisation == standing.values["lender"],
            }
        )
    return {
        "event": event,
        "title": plan.event["title"],
        "loan": name,
        "lender": standing.values["lender"],
        "borrower": standing.values["borrower"],
        "agreement": standing.values["agreement_reference"],
        "on": on.isoformat(),
        "state": standing.state,
        "end_on": told["end_on"],
        "decontamination_check": told["decontamination_check"],
        "function_test": told["function_test"],
        "instruments": rows,
        "open": [one.message for one in _open(standing, known)],
    }


def report_to_lender(
    database: Database,
    actor: Actor,
    event: str,
    name: str,
    *,
    on: datetime.date,
    clock: Clock = system_clock,
) -> tuple[Posted, dict[str, Any]]:
    """Record the final report to the lender; its JSON is the evidence."""
    with database.reading() as connection:
        told = lender_report(connection, database.metadata, event, name, on=on)
    file = (f"{event}-{name}.json", (as_json(told) + "\n").encode())
    values: dict[str, Value] = {"event": event, "what": LENDER_REPORT, "loan": name}
    line = (PUBLIC_EVENT_REPORT.name, {**values, "on_day": date_number(on)})
    return record(database, actor, "report", [line], file=file, clock=clock), told
