"""An event plan held against the register of equipment: loans, items and calibrations."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, MetaData

from keiryo.dates import number_date
from keiryo.equipment.calibration import calibrations
from keiryo.equipment.items import items
from keiryo.equipment.loans import loans
from keiryo.errors import Finding
from keiryo.public_events.sheets import EventPlan, plan_finding


def book_findings(plan: EventPlan, connection: Connection, metadata: MetaData) -> Iterator[Finding]:
    """Yield where the plan and the register of equipment do not agree."""
    if plan.event is None:
        return
    closes = plan.event["closes"]
    every, lent = items(connection, metadata), loans(connection, metadata)
    done = calibrations(connection, metadata)
    for row in plan.rows["instruments"]:
        serial, loan = row["serial"], lent.get(row["loan"] or "")
        if serial not in every:
            yield plan_finding(
                "PUBLIC-EVENT-NOT-REGISTERED",
                f"the instrument {serial} is not in the register of equipment",
                "Record it with 'keiryo equipment' first, or correct the serial number.",
                row,
            )
        elif serial not in done or number_date(done[serial][-1]["due_on"]) < closes:
            yield plan_finding(
                "PUBLIC-EVENT-CALIBRATION-RECORD",
                f"no calibration of {serial} in the register holds until the close on {closes}",
                "Record the calibration that the plan speaks of; the register counts.",
                row,
            )
        if row["source"] != "lent" or not row["loan"]:
            continue
        if loan is None or serial not in loan.serials:
            yield plan_finding(
                "PUBLIC-EVENT-LOAN-RECORD",
                f"the register has no loan {row['loan'][:40]!r} with the instrument {serial}",
                "Record the loan with its items first.",
                row,
            )
        elif loan.values["end_on"] is None or number_date(loan.values["end_on"]) < closes:
            yield plan_finding(
                "PUBLIC-EVENT-LOAN-RECORD",
                f"the loan {row['loan']} in the register does not last until the close on {closes}",
                "Have the loan extended and record that.",
                row,
            )
