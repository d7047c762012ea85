"""What is wrong with an event plan: every gap at once, each with the row that it is about.

A plan is looked at as a whole: places that name nothing, posts without people or instruments,
instruments in two places, calibrations, certificates and loans that end too early, venues that
were not surveyed or are swept after they are locked.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise
from typing import Any

from keiryo.dates import parse_utc
from keiryo.errors import Finding
from keiryo.public_events.sheets import EventPlan, plan_finding

LEAD_DAYS = 60
"""Days between the request for a lent instrument and its first use, where the plan says nothing:
shipping and customs take weeks to months."""
SOURCES = ("own", "lent")
Row = Mapping[str, Any]
Named = Mapping[str, Row]


def plan_findings(plan: EventPlan) -> list[Finding]:
    """Return everything that is wrong with a plan, in the order of its sheets."""
    by = {
        name: {str(row[name[:-1]]): row for row in plan.rows[name]}
        for name in ("venues", "zones", "posts")
    }
    by["instruments"] = {str(row["serial"]): row for row in plan.rows["instruments"]}
    return [
        *_days(plan),
        *_names(plan, by),
        *_venues(plan, by),
        *_places(plan),
        *_instruments(plan),
        *_people(plan),
        *_shifts(plan, by),
        *_two_places(plan),
        *_neutrons(plan, by),
    ]


def _days(plan: EventPlan) -> Iterator[Finding]:
    event = plan.event
    if event is not None and event["closes"] < event["begins"]:
        yield plan_finding(
            "PUBLIC-EVENT-DAYS",
            "the event would close before it begins",
            "Correct the days.",
            event,
        )
    for row in plan.rows["phases"]:
        if row["to"] < row["from"]:
            yield plan_finding(
                "PUBLIC-EVENT-DAYS",
                f"the phase {row['phase']} would end before it begins",
                "Correct the days.",
                row,
            )
    for sheet in ("shifts", "sweeps"):
        for row in plan.rows[sheet]:
            if _whole(row) and row["ends"] <= row["starts"]:
                yield plan_finding(
                    "PUBLIC-EVENT-DAYS",
                    f"{row[sheet[:-1]]} would end before it begins",
                    "Correct the moments.",
                    row,
                )


def _names(plan: EventPlan, by: Mapping[str, Named]) -> Iterator[Finding]:
    teams = {row["team"] for row in plan.rows["teams"]}
    asked: list[tuple[Row, str, Any, Collection[str]]] = [
        *((row, "venue", row["venue"], by["venues"]) for row in plan.rows["zones"]),
        *((row, "venue", row["venue"], by["venues"]) for row in plan.rows["sweeps"]),
        *((row, "zone", row["zone"], by["zones"]) for row in plan.rows["posts"]),
        *((row, "post", row["post"], by["posts"]) for row in plan.rows["shifts"]),
    ]
    for sheet in ("shifts", "sweeps"):
        for row in plan.rows[sheet]:
            asked += [(row, "team", row["team"], teams)] if row["team"] else []
            asked += [(row, "instrument", one, by["instruments"]) for one in _serials(row)]
    for row, noun, name, known in asked:
        if name not in known:
            yield plan_finding(
                "PUBLIC-EVENT-UNKNOWN",
                f"there is no {noun} {str(name)[:40]!r} in the plan",
                f"Add it to the sheet {noun}s, or correct the name.",
                row,
            )


def _venues(plan: EventPlan, by: Mapping[str, Named]) -> Iterator[Finding]:
    swept = {row["venue"] for row in plan.rows["sweeps"]}
    for name, row in by["venues"].items():
        if row["surveyed"] is None:
            yield plan_finding(
                "PUBLIC-EVENT-NO-SURVEY",
                f"the background of the venue {name} was not surveyed",
                "Survey it before the event and fill in the day: without a baseline no rise "
                "can be told from the ground.",
                row,
            )
        elif plan.event is not None and row["surveyed"] > plan.event["begins"]:
            yield plan_finding(
                "PUBLIC-EVENT-SURVEY-LATE",
                f"the venue {name} would be surveyed after the event began",
                "Survey it before: what is there on the day would be taken for background.",
                row,
            )
        if name not in swept:
            yield plan_finding(
                "PUBLIC-EVENT-NO-SWEEP",
                f"no sweep of the venue {name} is planned",
                "Add a sweep that ends before its lock-down.",
                row,
            )
        if row["lockdown"] is None:
            yield plan_finding(
                "PUBLIC-EVENT-NO-LOCKDOWN",
                f"the venue {name} has no moment of lock-down",
                "Fill it in: what was swept and is not locked must be swept again.",
                row,
            )
    for row in plan.rows["sweeps"]:
        locked = by["venues"].get(row["venue"], {}).get("lockdown")
        if locked is not None and row["ends"] is not None and row["ends"] > locked:
            yield plan_finding(
                "PUBLIC-EVENT-SWEEP-LATE",
                f"the sweep {row['sweep']} ends after the lock-down of {row['venue']}",
                "Sweep first, then lock; or move the lock-down.",
                row,
            )
        if not row["team"] or not row["instruments"]:
            yield plan_finding(
                "PUBLIC-EVENT-SWEEP-BARE",
                f"the sweep {row['sweep']} has no {'instrument' if row['team'] else 'team'}",
                "Say who sweeps and with what.",
                row,
            )


def _places(plan: EventPlan) -> Iterator[Finding]:
    for row in plan.rows["posts"]:
        on_plan = row["x"] is not None and row["y"] is not None
        on_earth = row["latitude"] is not None and row["longitude"] is not None
        if not on_plan and not on_earth:
            yield plan_finding(
                "PUBLIC-EVENT-NO-PLACE",
                f"the post {row['post']} has no coordinates",
                "Fill in x and y in metres on the plan, or latitude and longitude.",
                row,
            )
        elif on_earth and not (abs(row["latitude"]) <= 90 and abs(row["longitude"]) <= 180):
            yield plan_finding(
                "PUBLIC-EVENT-NO-PLACE",
                f"the post {row['post']} lies nowhere on Earth",
                "Latitudes go to 90 degrees, longitudes to 180; perhaps they are exchanged.",
                row,
            )


def _instruments(plan: EventPlan) -> Iterator[Finding]:
    event = plan.event
    for row in plan.rows["instruments"]:
        lent, serial = row["source"] == "lent", row["serial"]
        if row["source"] not in SOURCES:
            yield plan_finding(
                "PUBLIC-EVENT-SOURCE",
                f"the instrument {serial} is neither own nor lent",
                "Write own or lent.",
                row,
            )
        if lent and not row["loan"]:
            yield plan_finding(
                "PUBLIC-EVENT-NO-LOAN",
                f"the lent instrument {serial} names no loan",
                "Name the loan that it comes under.",
                row,
            )
        if event is not None:
            yield from _in_time(row, event, lent)


def _in_time(row: Row, event: Row, lent: bool) -> Iterator[Finding]:
    serial, due, ends = row["serial"], row["calibration_due"], row["loan_ends"]
    if due is None or due < event["closes"]:
        told = "has no calibration" if due is None else f"is calibrated only until {due}"
        yield plan_finding(
            "PUBLIC-EVENT-CALIBRATION",
            f"the instrument {serial} {told}; the event closes on {event['closes']}",
            "Have it calibrated before the event, or assign another one.",
            row,
        )
    if not lent:
        return
    if ends is None or ends < event["closes"]:
        told = "says no end" if ends is None else f"ends on {ends}"
        yield plan_finding(
            "PUBLIC-EVENT-LOAN-ENDS",
            f"the loan of {serial} {told}; the event closes on {event['closes']}",
            "Agree with the lender on an end after the close.",
            row,
        )
    lead = LEAD_DAYS if event["lead_days"] is None else event["lead_days"]
    needed = row["needed"] or event["begins"]
    if row["requested"] is None or (needed - row["requested"]).days < lead:
        left = None if row["requested"] is None else (needed - row["requested"]).days
        told = "has no day of request" if left is None else f"is requested {left} days before use"
        yield plan_finding(
            "PUBLIC-EVENT-LEAD-TIME",
            f"the lent instrument {serial} {told}; {lead} are reckoned for shipping and customs",
            "Ask earlier, ask a regional stock, or plan with an instrument of your own.",
            row,
        )


def _people(plan: EventPlan) -> Iterator[Finding]:
    event = plan.event
    for row in plan.rows["teams"]:
        until = row["valid_until"]
        if row["certificate"] is None:
            told = "has no certificate"
        elif until is None:
            told = "has a certificate that does not say until when it is valid"
        elif event is not None and until < event["closes"]:
            told = f"is certified only until {until}; the event closes on {event['closes']}"
        else:
            continue
        yield plan_finding(
            "PUBLIC-EVENT-CERTIFICATE",
            f"{row['person']} of the team {row['team']} {told}",
            "Train and certify before the event, or name somebody else.",
            row,
        )


def _shifts(plan: EventPlan, by: Mapping[str, Named]) -> Iterator[Finding]:
    manned = {row["post"] for row in plan.rows["shifts"]}
    for name, row in by["posts"].items():
        if name not in manned:
            yield plan_finding(
                "PUBLIC-EVENT-POST-EMPTY",
                f"the post {name} has no shift",
                "Add its shifts, or take the post out.",
                row,
            )
    for row in plan.rows["shifts"]:
        what = f"the post {row['post']} in the shift {row['shift']}"
        if not row["team"]:
            yield plan_finding("PUBLIC-EVENT-NO-TEAM", f"{what} has no team", "Name the team.", row)
        if not row["instruments"]:
            yield plan_finding(
                "PUBLIC-EVENT-NO-INSTRUMENT", f"{what} has no instrument", "Assign one.", row
            )


def _two_places(plan: EventPlan) -> Iterator[Finding]:
    """Look at each instrument and team: what it does in the order of the day must not overlap.

    Overlap with any earlier duty is found by keeping the duty that ends last.
    """
    duties: dict[tuple[str, str], list[tuple[str, str, Row, str]]] = {}
    for sheet, place in (("shifts", "post"), ("sweeps", "venue")):
        for row in plan.rows[sheet]:
            if not _whole(row):
                continue
            names = [("instrument", one) for one in _serials(row)]
            names += [("team", str(row["team"]))] if row["team"] else []
            for name in dict.fromkeys(names):
                duty = (row["starts"], row["ends"], row, str(row[place]))
                duties.setdefault(name, []).append(duty)
    for (noun, what), held in duties.items():
        held.sort(key=lambda one: one[:2])
        last = held[0]
        for _before, one in pairwise(held):
            if one[0] < last[1]:
                code = "PUBLIC-EVENT-TWO-PLACES"
                yield plan_finding(
                    code,
                    f"the {noun} {what} would be at {last[3]} and at {one[3]} at the same time",
                    "Assign another one, or move one of the two.",
                    one[2],
                )
            last = max(last, one, key=lambda duty: duty[1])


def _neutrons(plan: EventPlan, by: Mapping[str, Named]) -> Iterator[Finding]:
    for row in plan.rows["shifts"]:
        zone = by["zones"].get(by["posts"].get(row["post"], {}).get("zone", ""), {})
        seen = any(by["instruments"].get(one, {}).get("neutrons") for one in _serials(row))
        if zone.get("neutrons") and _serials(row) and not seen:
            yield plan_finding(
                "PUBLIC-EVENT-NO-NEUTRONS",
                f"no instrument of the post {row['post']} in {row['shift']} sees neutrons",
                f"The zone {zone['zone']} asks for them: assign one that does.",
                row,
            )


def _serials(row: Row) -> list[str]:
    return str(row["instruments"] or "").split()


def _whole(row: Row) -> bool:
    return row["starts"] is not None and row["ends"] is not None


def hours_of(row: Row) -> float:
    """Return how long a shift or sweep lasts, in hours."""
    length: datetime.timedelta = parse_utc(row["ends"]) - parse_utc(row["starts"])
    return length.total_seconds() / 3600
