"""What to look at: calibrations that end too early, gaps, loans, licences, posts without devices.

An alarm is a finding with what to do. None is recorded and none changes a state: they are worked
out for a day from what stands in the record, and are gone when their cause is.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.dates import date_number, days_later, number_date
from keiryo.equipment.calibration import calibration_on, calibrations
from keiryo.equipment.custody import HandOver
from keiryo.equipment.items import Item, items
from keiryo.equipment.loan_states import (
    EXPIRING,
    IN_USE,
    OUT,
    RECALLED,
    RECEIVED,
    RETURNED,
    SHIPPED,
)
from keiryo.equipment.loans import Loan, loans
from keiryo.equipment.plans import plans
from keiryo.equipment.record import BASIS
from keiryo.equipment.tables import (
    CALIBRATED_TYPES,
    DAMAGED,
    DOMESTIC,
    FAILED,
    LOST,
    RETIRED,
    SERVICEABLE,
)
from keiryo.errors import Finding, Severity

NOTICE_DAYS = 30
"""Days before the end of a loan from which it is told that it ends; a choice of keiryo."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """A finding about equipment, and what it is about."""

    finding: Finding
    serial: str | None = None
    loan: str | None = None
    post: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "code": self.finding.code,
            "severity": str(self.finding.severity),
            "message": self.finding.message,
            "advice": self.finding.advice,
            "serial": self.serial,
            "loan": self.loan,
            "post": self.post,
        }


@dataclass(frozen=True, slots=True)
class _Standing:
    """Everything that alarms are worked out from."""

    on: datetime.date
    items: Mapping[str, Item]
    loans: Mapping[str, Loan]
    calibrations: Mapping[str, list[dict[str, Any]]]
    plans: tuple[Mapping[str, Any], ...]


def alarms(connection: Connection, metadata: MetaData, on: datetime.date) -> list[Alarm]:
    """Return what is to be looked at on a day.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    on : datetime.date
        States and custody are those of the record; days are compared with this one.

    Returns
    -------
    list of Alarm
        By loan, item and post.
    """
    standing = _Standing(
        on,
        items(connection, metadata),
        loans(connection, metadata),
        calibrations(connection, metadata),
        tuple(plans(connection, metadata)),
    )
    found = [
        *_loan_alarms(standing),
        *_item_alarms(standing),
        *_post_alarms(standing),
    ]
    return sorted(found, key=lambda one: (one.loan or "~", one.serial or "~", one.post or "~"))


def _loan_alarms(standing: _Standing) -> Iterator[Alarm]:
    for loan in standing.loans.values():
        if loan.is_open:
            for finding in (*_end_findings(loan, standing.on), *_licence_findings(loan, standing)):
                yield Alarm(finding, loan=loan.name)
            for serial in loan.serials:
                gap = custody_gap(loan, standing.items[serial].holder, standing.on)
                if gap:
                    yield Alarm(_gap(loan, serial, standing, gap), serial, loan.name)


def _end_findings(loan: Loan, on: datetime.date) -> Iterator[Finding]:
    end, last_use = loan.end_on, loan.values["last_use_on"]
    if end is None:
        return
    if last_use is not None and end < last_use:
        yield _finding(
            "EQUIPMENT-LOAN-END",
            f"{loan.name} ends on {number_date(end)}, before the last day of use "
            f"{number_date(last_use)}",
            "Agree on a later end with the lender and take the step 'extended', or use the items "
            "for a shorter time.",
        )
    if loan.state not in OUT - {RETURNED}:
        return
    if date_number(on) > end:
        yield _finding(
            "EQUIPMENT-LOAN-OVERDUE",
            f"{loan.name} ended on {number_date(end)} and the items are not back",
            "Return them and take the step 'returned', or agree on an extension.",
        )
    elif loan.state == IN_USE and days_later(on, NOTICE_DAYS) >= number_date(end):
        yield _finding(
            "EQUIPMENT-LOAN-ENDING",
            f"{loan.name} ends on {number_date(end)}",
            "Take the step 'expiring' and plan the return, or agree on an extension.",
            Severity.INFORMATION,
        )


def _licence_findings(loan: Loan, standing: _Standing) -> Iterator[Finding]:
    values = loan.values
    if values["customs_regime"] == DOMESTIC or (values["import_licence"] or "").strip():
        return
    holding = [serial for serial in loan.serials if standing.items[serial].has_source]
    if holding:
        yield _finding(
            "EQUIPMENT-IMPORT-LICENCE",
            f"{loan.name}: {', '.join(holding)} {_contain(holding)} a radioactive source, and no "
            "import licence is recorded",
            "Obtain the licence of the borrower's State before shipment and record it with the "
            "terms; where none is needed, record the exemption in its place.",
        )


def _contain(serials: list[str]) -> str:
    return "contains" if len(serials) == 1 else "contain"


def custody_gap(loan: Loan, holder: HandOver, on: datetime.date) -> int:
    """Return for how many days the chain of custody has not followed a loan.

    Parameters
    ----------
    loan : Loan
    holder : HandOver
        The last hand-over of an item of it.
    on : datetime.date

    Returns
    -------
    int
        Days since the step; the day of the step counts as the first. 0: the chain says what the
        state says: shipped, somebody took it over since; with the borrower; back with the lender.
    """
    state, since = loan.state, loan.since
    if state == SHIPPED:
        followed = holder.day >= days_later(since, -1)
    elif state == RETURNED:
        followed = holder.organisation == loan.values["lender"]
    elif state in (RECEIVED, IN_USE, RECALLED, EXPIRING):
        on_its_way = state in (RECALLED, EXPIRING) and holder.day >= since
        followed = on_its_way or holder.organisation == loan.values["borrower"]
        arrived = [int(one["on_day"]) for one in loan.steps if one["state"] == RECEIVED]
        since = number_date(arrived[-1]) if arrived else since
    else:
        followed = True
    if followed:
        return 0
    return max((on - since).days + 1, 0)


def _gap(loan: Loan, serial: str, standing: _Standing, days: int) -> Finding:
    holder = standing.items[serial].holder
    return _finding(
        "EQUIPMENT-CUSTODY-GAP",
        f"{serial}: {loan.name} is {loan.state}, but the chain of custody still says "
        f"{holder.receiver} for {holder.organisation} at {holder.place}; gap of {days} "
        f"{'day' if days == 1 else 'days'}",
        "Find out who has it and record the hand-overs that are missing.",
    )


def _item_alarms(standing: _Standing) -> Iterator[Alarm]:
    for one in standing.items.values():
        if one.condition == LOST:
            yield Alarm(
                _finding(
                    "EQUIPMENT-LOST",
                    f"{one.serial} is lost; {one.holder.receiver} had it last at "
                    f"{one.holder.place}"
                    + (", and it contains a radioactive source" if one.has_source else ""),
                    "Search for it, tell its owner"
                    + (", the regulator and the police" if one.has_source else "")
                    + "; record that it was found, or retire it.",
                ),
                one.serial,
            )
        elif one.condition == DAMAGED:
            yield Alarm(
                _finding(
                    "EQUIPMENT-DAMAGED",
                    f"{one.serial} is damaged",
                    "Tell its owner and have it repaired; record that it is serviceable again, or "
                    "retire it. Check first whether its source is intact."
                    if one.has_source
                    else "Tell its owner and have it repaired; record that it is serviceable "
                    "again, or retire it.",
                    Severity.WARNING,
                ),
                one.serial,
            )
        if one.condition not in (LOST, RETIRED) and one.values["type"] in CALIBRATED_TYPES:
            yield from _calibration_alarms(one, standing)


def _calibration_alarms(one: Item, standing: _Standing) -> Iterator[Alarm]:
    needed, loan = _needed_until(one, standing)
    last = calibration_on(standing.calibrations.get(one.serial, []), standing.on)
    if last is None:
        finding = _finding(
            "EQUIPMENT-CALIBRATION-NONE",
            f"{one.serial} ({one.values['type']}) has no calibration in the record",
            "Have it calibrated, or record the calibration with its certificate.",
        )
        yield Alarm(finding, one.serial, loan)
        return
    if last["due_on"] < date_number(needed):
        until = "" if needed == standing.on else f", before the last day of use {needed}"
        finding = _finding(
            "EQUIPMENT-CALIBRATION-DUE",
            f"{one.serial}: the calibration ends on {number_date(last['due_on'])}{until}",
            "Have it calibrated before that day, or use another item.",
        )
        yield Alarm(finding, one.serial, loan)
    if last["check_source_result"] == FAILED:
        finding = _finding(
            "EQUIPMENT-CHECK-SOURCE",
            f"{one.serial} failed the check with {last['check_source']} on "
            f"{number_date(last['on_day'])}",
            "Take it out of use until it has passed a check.",
        )
        yield Alarm(finding, one.serial, loan)


def _needed_until(one: Item, standing: _Standing) -> tuple[datetime.date, str | None]:
    """Return the last day on which an item is used: of a loan, of the plan of its post, today."""
    last, name = standing.on, None
    for loan in standing.loans.values():
        day = loan.values["last_use_on"]
        lent = loan.is_open and one.serial in loan.serials
        if lent and day is not None and number_date(day) > last:
            last, name = number_date(day), loan.name
    for plan in standing.plans:
        here = plan["post"] == one.holder.place and plan["type"] == one.values["type"]
        if here and plan["count"] and number_date(plan["last_day"]) > last:
            last = number_date(plan["last_day"])
    return last, name


def _post_alarms(standing: _Standing) -> Iterator[Alarm]:
    day = date_number(standing.on)
    there = counted(standing.items.values(), standing.on)
    for plan in standing.plans:
        if not plan["first_day"] <= day <= plan["last_day"]:
            continue
        count = there[plan["post"], plan["type"]]
        if count != plan["count"]:
            more = count > plan["count"]
            finding = Finding(
                "EQUIPMENT-POST-COUNT",
                Severity.INCONSISTENCY,
                f"{plan['post']} has {count} serviceable {plan['type']}, the plan of "
                f"{plan['event']} says {plan['count']}",
                "Record the hand-overs that are missing, or bring what is "
                + ("too many to where it belongs." if more else "missing there."),
                found=str(count),
                expected=str(plan["count"]),
                basis=BASIS,
            )
            yield Alarm(finding, post=plan["post"])


def counted(every: Iterable[Item], on: datetime.date) -> Counter[tuple[str, str]]:
    """Return how many serviceable items of each type are at each place at the end of a day, UTC.

    Returns
    -------
    Counter
        By place and type.
    """
    found: Counter[tuple[str, str]] = Counter()
    for one in every:
        if one.condition == SERVICEABLE:
            by_then = [o for o in one.chain if o.day <= on]
            if by_then:
                found[by_then[-1].place, str(one.values["type"])] += 1
    return found


def _finding(
    code: str, message: str, advice: str, severity: Severity = Severity.INCONSISTENCY
) -> Finding:
    return Finding(code, severity, message, advice, basis=BASIS)
