"""What is due and what is late with the instruments of an event, at a moment.

Nothing is recorded here: it follows from the plan in force, the record of equipment and the
checks of the event. Days are compared as days in UTC, shifts and checks as moments.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.dates import days_later, number_date, parse_utc
from keiryo.equipment.calibration import calibrations
from keiryo.equipment.items import Item, items
from keiryo.equipment.loan_states import CLOSED, DONATED, RETURNED
from keiryo.equipment.loans import Loan, loans
from keiryo.public_events.acts import events_rows, plan_in_force
from keiryo.public_events.day_tables import DAILY, LENDER_REPORT, PUBLIC_EVENT_REPORT, RECEIPT
from keiryo.public_events.equipping import checks_of, daily_problem
from keiryo.public_events.plan_checks import LEAD_DAYS, Row
from keiryo.public_events.sheets import EventPlan

AHEAD, DUE, LATE, DONE, DONE_LATE = "ahead", "due", "late", "done", "done late"
NOTICE_DAYS = 14
"""Days before a due day from which it is told as due; a choice of keiryo."""
BACK = (RETURNED, CLOSED, DONATED)


@dataclass(frozen=True, slots=True)
class Duty:
    """Something that has to be done with an instrument by a day or moment.

    Attributes
    ----------
    what, about : str
        About: serial number, or the loan.
    by : str
        A day, or a moment in UTC.
    done : str or None
        When it was done.
    state : {"ahead", "due", "late", "done", "done late"}
    words : str
    """

    what: str
    about: str
    by: str
    done: str | None
    state: str
    words: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


def duties(connection: Connection, metadata: MetaData, event: str, at: str) -> list[Duty]:
    """Return everything that has to be done with the instruments of an event, by due time.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    event : str
    at : str
        The moment in UTC at which it is looked at.

    Raises
    ------
    RefusedError
        If no plan of the event is in force.
    """
    plan = plan_in_force(connection, metadata, event)
    every, known = loans(connection, metadata), items(connection, metadata)
    told = events_rows(connection, metadata, PUBLIC_EVENT_REPORT.name, event)
    reports = {
        str(one["loan"]): number_date(one["on_day"]) for one in told if one["what"] == LENDER_REPORT
    }
    received = checks_of(connection, metadata, event, RECEIPT)
    day = parse_utc(at).date()
    found: list[Duty] = []
    for row in plan.rows["instruments"]:
        if row["source"] == "lent":
            standing = every.get(row["loan"] or "")
            found += _lent(row, plan, standing, received.get(row["serial"], []), day)
    found += _calibrations(connection, metadata, plan, day)
    found += _shifts(checks_of(connection, metadata, event, DAILY), plan, at)
    for name in sorted({str(r["loan"]) for r in plan.rows["instruments"] if r["loan"]}):
        if name in every:
            found += _back(every[name], known, reports.get(name), day)
    return sorted(found, key=lambda one: (one.by, one.what, one.about))


def _lent(
    row: Row,
    plan: EventPlan,
    standing: Loan | None,
    received: list[dict[str, Any]],
    day: datetime.date,
) -> Iterator[Duty]:
    assert plan.event is not None
    lead = LEAD_DAYS if plan.event["lead_days"] is None else plan.event["lead_days"]
    needed = row["needed"] or plan.event["begins"]
    asked = None if standing is None else number_date(standing.values["requested_on"])
    by = needed - datetime.timedelta(days=lead)
    words = f"{lead} days for shipping and customs before {needed}"
    yield duty("request", row["serial"], by, asked, day, words)
    good = next((one for one in received if one["passed"]), None)
    done = None if good is None else parse_utc(good["at"]).date()
    words = "" if good or not received else "failed; not repeated with success"
    yield duty("receipt check", row["serial"], needed, done, day, words)


def _calibrations(
    connection: Connection, metadata: MetaData, plan: EventPlan, day: datetime.date
) -> Iterator[Duty]:
    assert plan.event is not None
    done = calibrations(connection, metadata)
    for row in plan.rows["instruments"]:
        rows = done.get(row["serial"], [])
        until = number_date(rows[-1]["due_on"]) if rows else None
        closes = plan.event["closes"]
        if until is not None and until >= closes:
            yield Duty(
                *("calibration", row["serial"], str(until)),
                *(str(number_date(rows[-1]["on_day"])), DONE, "holds until after the close"),
            )
        else:
            by = plan.event["begins"] if until is None else until
            yield duty("calibration", row["serial"], by, None, day, f"is to hold until {closes}")


def _shifts(daily: dict[str, list[dict[str, Any]]], plan: EventPlan, at: str) -> Iterator[Duty]:
    for sheet in ("sweeps", "shifts"):
        for row in plan.rows[sheet]:
            for serial in str(row["instruments"] or "").split():
                starts = str(row["starts"])
                held = daily.get(serial, [])
                problem = daily_problem(held, min(starts, at))
                words = f"before {row[sheet[:-1]]}" + (f": {problem}" if problem else "")
                done = None
                if problem is None:
                    done = next(o["at"] for o in reversed(held) if o["at"] <= min(starts, at))
                state = DONE if done else (LATE if starts <= at else _ahead(starts, at))
                yield Duty("daily check", serial, starts, done, state, words)


def _ahead(starts: str, at: str) -> str:
    return DUE if parse_utc(starts) - parse_utc(at) <= datetime.timedelta(hours=24) else AHEAD


def _back(
    standing: Loan, known: dict[str, Item], reported: datetime.date | None, day: datetime.date
) -> Iterator[Duty]:
    if standing.end_on is None:
        return
    by = number_date(standing.end_on)
    back = [step for step in standing.steps if step["state"] in BACK]
    lender = standing.values["lender"]
    away = [
        one
        for one in standing.serials
        if one in known
        and known[one].condition != "lost"
        and known[one].holder.organisation != lender
        and standing.state != DONATED
    ]
    done = number_date(back[0]["on_day"]) if back and not away else None
    words = f"not with {lender}: {', '.join(away)}" if away else ""
    yield duty("return", standing.name, by, done, day, words)
    yield duty("report to the lender", standing.name, by, reported, day, "")


def duty(
    what: str,
    about: str,
    by: datetime.date,
    done: datetime.date | None,
    day: datetime.date,
    words: str,
) -> Duty:
    """Return a duty with its state on a day; what is done later than that day is not done."""
    if done is not None and done <= day:
        state = DONE if done <= by else DONE_LATE
    elif by < day:
        state, done = LATE, None
    else:
        state = DUE if by <= days_later(day, NOTICE_DAYS) else AHEAD
        done = None
    return Duty(what, about, str(by), None if done is None else str(done), state, words)
