"""What is due of instruments: checks, calibrations, tests, the end of a loan."""

from __future__ import annotations

import datetime
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.dates import date_number, number_date
from keiryo.detection_sites.calibrating import history_of
from keiryo.detection_sites.instrument_state import (
    FAILED,
    NONE,
    calibration_state,
    item_of,
    loan_of,
)
from keiryo.detection_sites.instrument_tests import due_tests
from keiryo.detection_sites.register import Register, read_register
from keiryo.equipment.calibration import calibrations
from keiryo.equipment.items import items
from keiryo.equipment.loans import loans


def due(
    connection: Connection, metadata: MetaData, on: datetime.date, within: int = 0
) -> list[dict[str, Any]]:
    """Return what failed, is overdue, or is due within some days, by instrument.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    on : date
    within : int
        How many days ahead; with 0, only what failed or is overdue.

    Returns
    -------
    list of dict
        ``instrument``, ``check`` (its name, calibration, a test or a loan), ``why`` (failed,
        overdue or soon), ``done_on``, ``due_on``. What is due on the day itself is in time.
    """
    register = read_register(connection, metadata)
    every, lent = items(connection, metadata), loans(connection, metadata)
    done = calibrations(connection, metadata)
    found = _checks(register, on, within)
    for (name,), row in register["instrument"].items():
        serial, _how = item_of(row, every)
        history = history_of(register, name, done.get(serial or "", []))
        state, last = calibration_state(history, on)
        if state != NONE:
            why = FAILED if state == FAILED else _why(last["due"], on, within)
            found.append(_row(name, "calibration", why, last["on"], last["due"]))
        loan = None if serial is None else loan_of(serial, lent)
        if loan is not None and loan.end_on is not None:
            end = number_date(loan.end_on).isoformat()
            found.append(_row(name, f"loan {loan.name}", _why(end, on, within), None, end))
    found += [{"instrument": name, **row} for name, row in due_tests(register, on, within)]
    wanted = [row for row in found if row["why"] is not None]
    return sorted(wanted, key=lambda row: (row["instrument"], row["check"]))


def _checks(register: Register, on: datetime.date, within: int) -> list[dict[str, Any]]:
    """Return the last check of each kind; calibrations are looked at with the certificates."""
    last: dict[tuple[str, str], dict[str, Any]] = {}
    for row in register["check"].values():
        key = (row["instrument"], row["check_name"])
        if row["on_day"] <= date_number(on) and (
            key not in last or last[key]["on_day"] <= row["on_day"]
        ):
            last[key] = row
    found = []
    for (instrument, check), row in last.items():
        if check.casefold() != "calibration":
            until = None if row["due_on"] is None else number_date(row["due_on"]).isoformat()
            why = FAILED if row["result"] == FAILED else _why(until, on, within)
            day = number_date(row["on_day"]).isoformat()
            found.append(_row(instrument, check, why, day, until))
    return found


def _why(until: str | None, on: datetime.date, within: int) -> str | None:
    if until is None:
        return None
    left = (datetime.date.fromisoformat(until) - on).days
    return "overdue" if left < 0 else "soon" if left < within else None


def _row(
    instrument: str, check: str, why: str | None, done: str | None, until: str | None
) -> dict[str, Any]:
    return {
        "instrument": instrument,
        "check": check,
        "why": why,
        "done_on": done,
        "due_on": until,
    }
