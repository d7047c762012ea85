"""What is due in the security regime, and how findings stand: boards and statistics of a day."""

from __future__ import annotations

import datetime
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.dates import date_number, days_later, number_date
from keiryo.journal.reading import line_node
from keiryo.security_regime.finding_record import (
    REPEAT_MONTHS,
    FindingRecord,
    repeats,
    security_findings,
)
from keiryo.security_regime.finding_states import CLOSED, IMPLEMENTED, TO_BE_DONE, VERIFIED
from keiryo.security_regime.inspection_states import PERFORMED, PLANNED
from keiryo.security_regime.inspections import inspections
from keiryo.security_regime.plan_states import SUBMITTED
from keiryo.security_regime.plan_version import Plan
from keiryo.security_regime.plans import plans
from keiryo.security_regime.tables_oversight import GOOD_PRACTICE, GRADES

PLAN_REVIEW, PLAN_END, PLAN_LAPSED = "plan review", "plan end", "plan lapsed"
PLAN_DECISION, INSPECTION, REPORT = "plan decision", "inspection", "inspection report"
FINDING, ACTION, VERIFICATION = "finding", "corrective action", "verification"


@dataclass(frozen=True, slots=True)
class DueItem:
    """Something that is due, or waits for somebody.

    Attributes
    ----------
    what : str
        E.g. ``plan review``, ``finding``.
    scope, name : str
        Where, and the record.
    due : datetime.date or None
        None where it waits without a deadline.
    days_left : int or None
        Negative where the day has passed.
    owner : str or None
    node, line : str
        For ``keiryo why``.
    """

    what: str
    scope: str
    name: str
    due: datetime.date | None
    days_left: int | None
    owner: str | None
    node: str
    line: str

    @property
    def overdue(self) -> bool:
        """Whether its day has passed."""
        return self.days_left is not None and self.days_left < 0

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "what": self.what,
            "scope": self.scope,
            "name": self.name,
            "due": None if self.due is None else self.due.isoformat(),
            "days_left": self.days_left,
            "overdue": self.overdue,
            "owner": self.owner,
            "node": self.node,
            "line": self.line,
        }


def due_items(
    connection: Connection,
    metadata: MetaData,
    on: datetime.date,
    *,
    scope: str | None = None,
    within_days: int | None = None,
    through_act: int | None = None,
) -> list[DueItem]:
    """Return what is due for a facility, or in the State, as of a day: the most urgent first.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    on : datetime.date
    scope : str, optional
        One facility only.
    within_days : int, optional
        Only what is due by so many days from then; what waits without a deadline is left in.
    through_act : int, optional
        As known with this act.
    """
    asked: dict[str, Any] = {"on": on, "scope": scope, "through_act": through_act}
    found = [
        *_plans(plans(connection, metadata, **asked), on),
        *_inspections(connection, metadata, on, asked),
        *_findings(security_findings(connection, metadata, **asked), on),
    ]
    if within_days is not None:
        last = days_later(on, within_days)
        found = [one for one in found if one.due is None or one.due <= last]
    return sorted(found, key=lambda o: (o.due or datetime.date.max, o.scope, o.what, o.name))


def _plans(known: list[Plan], on: datetime.date) -> Iterator[DueItem]:
    in_force = {(one.scope, one.kind) for one in known if one.in_force(on)}
    lapsed: dict[tuple[str, str], tuple[int, Plan]] = {}
    for one in known:
        force = one.force
        if one.in_force(on):
            for what, column in ((PLAN_REVIEW, "review_on"), (PLAN_END, "valid_until")):
                if one.values[column] is not None:
                    yield _plan_item(what, one, number_date(int(one.values[column])), on)
        elif force is not None and force[1] <= date_number(on):
            place = (one.scope, one.kind)
            if place not in in_force and force[1] > lapsed.get(place, (0, one))[0]:
                lapsed[place] = force[1], one
        if one.state == SUBMITTED:
            yield _plan_item(PLAN_DECISION, one, None, on)
    for stop, one in lapsed.values():
        yield _plan_item(PLAN_LAPSED, one, number_date(stop), on)


def _plan_item(what: str, one: Plan, due: datetime.date | None, on: datetime.date) -> DueItem:
    told = one.to_dict()
    days = None if due is None else (due - on).days
    if what == PLAN_LAPSED and days is not None:
        days = min(days, -1)  # nothing is in force, from the first day on
    return DueItem(
        what, one.scope, one.name, due, days, told["submitted_by"], told["node"], told["line"]
    )


def _inspections(
    connection: Connection, metadata: MetaData, on: datetime.date, asked: Mapping[str, Any]
) -> Iterator[DueItem]:
    for one in inspections(connection, metadata, **asked):
        told = one.to_dict()
        last = number_date(int(one.values["planned_to"]))
        if one.state == PLANNED:
            days = (last - on).days
            yield DueItem(
                INSPECTION, one.scope, one.name, last, days, None, told["node"], told["line"]
            )
        elif one.state == PERFORMED:
            yield DueItem(REPORT, one.scope, one.name, None, None, None, told["node"], told["line"])


def _findings(known: list[FindingRecord], on: datetime.date) -> Iterator[DueItem]:
    for one in known:
        told = one.to_dict(on)
        node, line = told["node"], told["line"]
        due = None if one.due is None else number_date(one.due)
        if one.state in (IMPLEMENTED, VERIFIED):
            yield DueItem(VERIFICATION, one.scope, one.name, None, None, None, node, line)
        if one.state not in TO_BE_DONE or due is None:
            continue
        yield DueItem(FINDING, one.scope, one.name, due, (due - on).days, told["owner"], node, line)
        for name, action in one.actions.items():
            if action["done_on"] is None:
                day = number_date(int(action["due"]))
                whole, days = f"{one.name}/{name}", (day - on).days
                yield DueItem(
                    *(ACTION, one.scope, whole, day, days, action["owner"], node),
                    line_node(action),
                )


@dataclass(frozen=True, slots=True)
class FindingStatistics:
    """How the findings of a facility, or of the State, stand.

    Attributes
    ----------
    scope : str or None
        None: everything.
    raised, open : mapping of grade to int
    overdue, closed : int
        A good practice is in neither.
    median_days_to_close : float or None
        From the day raised to the last closing.
    repeats : tuple of (str, str)
        Findings that repeat another one, with that one.
    """

    scope: str | None
    raised: Mapping[str, int]
    open: Mapping[str, int]
    overdue: int
    closed: int
    median_days_to_close: float | None
    repeats: tuple[tuple[str, str], ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "scope": self.scope,
            "raised": dict(self.raised),
            "open": dict(self.open),
            "overdue": self.overdue,
            "closed": self.closed,
            "median_days_to_close": self.median_days_to_close,
            "repeats": [{"finding": one, "repeats": before} for one, before in self.repeats],
        }


def finding_statistics(
    connection: Connection,
    metadata: MetaData,
    on: datetime.date,
    *,
    scope: str | None = None,
    repeat_months: int = REPEAT_MONTHS,
    through_act: int | None = None,
) -> FindingStatistics:
    """Return how findings stand as of a day; parameters as of `due_items`."""
    known = security_findings(connection, metadata, on=on, scope=scope, through_act=through_act)
    days = [
        (number_date(one.closed_on) - number_date(int(one.values["raised_on"]))).days
        for one in known
        if one.closed_on is not None and one.grade != GOOD_PRACTICE
    ]
    return FindingStatistics(
        scope,
        {grade: sum(one.grade == grade for one in known) for grade in GRADES},
        {
            grade: sum(one.grade == grade and one.state != CLOSED for one in known)
            for grade in GRADES
            if grade != GOOD_PRACTICE
        },
        sum(one.overdue(on) for one in known),
        len(days),
        float(statistics.median(days)) if days else None,
        tuple((one.name, before.name) for one, before in repeats(known, repeat_months)),
    )
