"""Acceptance and performance tests of instruments: what their trials show, what is due next.

Runs of a test belong to a campaign; those of one campaign are judged together, and the last one
counts: trials of years ago say nothing of the instrument of today.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.dates import date_number, days_later, number_date
from keiryo.detection_sites.register import Register, read_register
from keiryo.detection_sites.trial_numbers import requirement, told

Row = Mapping[str, Any]
CAMPAIGN_LEFT_OUT = "(all)"


def results_of_tests(
    connection: Connection,
    metadata: MetaData,
    *,
    instrument: str | None = None,
    on: datetime.date | None = None,
    known_at: datetime.datetime | None = None,
    through_act: int | None = None,
) -> list[dict[str, Any]]:
    """Return for each test of an instrument what the trials of its last campaign show.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    instrument : str, optional
        Only of this one.
    on : date, optional
        Only trials until this day; default: all that are recorded.
    known_at, through_act
        As the record stood.

    Returns
    -------
    list of dict
        ``verdict`` is passed, failed, open (the planned trials are not done), not shown (no
        number was planned, and what was done does not show it) or untested; with the one-sided
        ``bound``, the exact two-sided interval ``low`` to ``high``, ``further_trials`` (how many
        more, all good, would show it) and ``next_due``, a day.
    """
    register = read_register(connection, metadata, known_at=known_at, through_act=through_act)
    return [
        result_of_test(register, plan, on)
        for _name, plan in sorted(register["test"].items())
        if instrument in (None, plan["instrument"])
    ]


def result_of_test(
    register: Register, plan: Row, on: datetime.date | None = None
) -> dict[str, Any]:
    """Return what the trials of the last campaign of a test show; see `results_of_tests`."""
    until = 99999999 if on is None else date_number(on)
    every = [row for key, row in register["trial"].items() if key[0] == plan["test"]]
    runs = [row for row in every if row["on_day"] <= until]
    last = max(runs, key=lambda row: (row["on_day"], row["act_id"], row["line_no"]), default=None)
    campaign = None if last is None else last["campaign"]
    runs = [row for row in runs if row["campaign"] == campaign]
    wanted = requirement(plan)
    events, trials = (sum(row[one] for row in runs) for one in ("alarms", "trials"))
    return {
        "instrument": plan["instrument"],
        "requirement": plan["requirement"],
        "purpose": plan["purpose"],
        "confidence": wanted.confidence,
        "source": plan["source"],
        "conditions": plan["conditions"],
        "campaign": campaign or (CAMPAIGN_LEFT_OUT if runs else None),
        "runs": len(runs),
        **told(wanted, events, trials, plan["trials_planned"]),
        "last_on": None if last is None else number_date(last["on_day"]).isoformat(),
        "next_due": _next_due(plan, None if last is None else last["on_day"]),
    }


def _next_due(plan: Row, last_on: int | None) -> str | None:
    """Return the day by which a test is to be done again; None: only once, or never done."""
    if plan["every_days"] is None or last_on is None:
        return None
    return days_later(number_date(last_on), plan["every_days"]).isoformat()


def due_tests(
    register: Register, on: datetime.date, within: int
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield tests that failed, are overdue, or are due within some days: instrument and row."""
    for _name, plan in sorted(register["test"].items()):
        found = result_of_test(register, plan, on)
        why = None
        if found["verdict"] == "failed":
            why = "failed"
        elif found["next_due"] is not None:
            left = (datetime.date.fromisoformat(found["next_due"]) - on).days
            why = "overdue" if left < 0 else "soon" if left < within else None
        if why is not None:
            row = {
                "check": f"test {plan['test']}",
                "why": why,
                "done_on": found["last_on"],
                "due_on": found["next_due"],
            }
            yield str(plan["instrument"]), row
