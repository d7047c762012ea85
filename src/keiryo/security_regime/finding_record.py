"""Findings of inspections as they stand: state, deadline, corrective actions, repeats."""

from __future__ import annotations

import datetime
from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.dates import date_number, number_date
from keiryo.errors import NotFoundError
from keiryo.journal.reading import line_node
from keiryo.security_regime.finding_states import (
    CLOSED,
    EXTENDED,
    REOPENED,
    TO_BE_DONE,
    first_state,
    state_after,
)
from keiryo.security_regime.oversight_record import iso, recorded_rows
from keiryo.security_regime.tables_oversight import (
    GOOD_PRACTICE,
    SECURITY_FINDING,
    SECURITY_FINDING_ACTION,
    SECURITY_FINDING_STEP,
)

KINDS = (SECURITY_FINDING.name, SECURITY_FINDING_ACTION.name, SECURITY_FINDING_STEP.name)
NODE = "secfind:"
REPEAT_MONTHS = 36
"""A finding repeats another one that was raised within so many months before."""


@dataclass(frozen=True, slots=True)
class FindingRecord:
    """A finding of an inspection as it stands.

    Attributes
    ----------
    values : mapping
        Its last line.
    actions : mapping of name to mapping
        Its corrective actions: the last line of each.
    steps : tuple of mapping
        Its steps, in order.
    """

    values: Mapping[str, Any]
    actions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    steps: tuple[Mapping[str, Any], ...] = ()

    @property
    def name(self) -> str:
        """Name of the finding."""
        return str(self.values["finding"])

    @property
    def scope(self) -> str:
        """The facility where it was raised, or the State."""
        return str(self.values["scope"])

    @property
    def inspection(self) -> str:
        """The inspection that raised it."""
        return str(self.values["inspection"])

    @property
    def requirement(self) -> str:
        """Reference of the requirement."""
        return str(self.values["requirement"])

    @property
    def grade(self) -> str:
        """Deficiency, observation or good practice."""
        return str(self.values["grade"])

    @property
    def state(self) -> str:
        """State in which it is."""
        if not self.steps:
            return first_state(self.grade)
        return state_after(str(self.steps[-1]["before"]), str(self.steps[-1]["state"]))

    @property
    def due(self) -> int | None:
        """Day by which it is put right, with its extensions (YYYYMMDD)."""
        later = [int(one["due"]) for one in self.steps if one["state"] == EXTENDED]
        given = later[-1] if later else self.values.get("due")
        return None if given is None else int(given)

    @property
    def round(self) -> tuple[Mapping[str, Any], ...]:
        """Its steps since it was last opened again."""
        begun = [n for n, one in enumerate(self.steps) if one["state"] == REOPENED]
        return self.steps[begun[-1] + 1 :] if begun else self.steps

    @property
    def evidence(self) -> tuple[str, ...]:
        """What shows that it was put right: of the last round only."""
        texts = [one.get("evidence") for one in self.round]
        return tuple(dict.fromkeys(" ".join(str(one) for one in texts if one).split()))

    @property
    def owners(self) -> frozenset[str]:
        """Who puts it right: its owner and those of its actions."""
        named = (self.values.get("owner"), *(one["owner"] for one in self.actions.values()))
        return frozenset(str(one) for one in named if one)

    @property
    def closed_on(self) -> int | None:
        """Day on which it was closed, if it is; a good practice is closed when it is raised."""
        if self.state != CLOSED:
            return None
        return int(self.steps[-1]["on_day"] if self.steps else self.values["raised_on"])

    def overdue(self, on: datetime.date) -> bool:
        """Return whether its deadline passed while its owner has something to do."""
        return self.state in TO_BE_DONE and self.due is not None and self.due < date_number(on)

    def to_dict(self, on: datetime.date | None = None) -> dict[str, Any]:
        """Return it as plain data; with a day, also days left and whether it is overdue."""
        told: dict[str, Any] = {
            "finding": self.name,
            "scope": self.scope,
            "inspection": self.inspection,
            "requirement": self.requirement,
            "grade": self.grade,
            "state": self.state,
            "raised_on": iso(self.values["raised_on"]),
            "due": iso(self.due),
            "owner": self.values.get("owner"),
            "words": self.values.get("words"),
            "closed_on": iso(self.closed_on),
            "extended": any(one["state"] == EXTENDED for one in self.steps),
        }
        if on is not None:
            left = None if self.due is None else (number_date(self.due) - on).days
            told |= {
                "days_left": left if self.state in TO_BE_DONE else None,
                "overdue": self.overdue(on),
            }
        return {
            **told,
            "evidence": str(self.values.get("evidence") or "").split(),
            "actions": [
                {
                    **{n: one.get(n) for n in ("action", "words", "owner")},
                    "due": iso(one["due"]),
                    "done_on": iso(one["done_on"]),
                    "evidence": str(one.get("evidence") or "").split(),
                    "line": line_node(one),
                }
                for one in self.actions.values()
            ],
            "steps": [
                {
                    "before": one["before"],
                    "state": one["state"],
                    "on": iso(one["on_day"]),
                    "by": one["by_person"],
                    "reason": one["reason"],
                    "evidence": str(one["evidence"] or "").split(),
                    "due": iso(one["due"]),
                    "line": line_node(one),
                }
                for one in self.steps
            ],
            "node": NODE + self.name,
            "line": line_node(self.values),
        }


def taken_in(known: dict[str, FindingRecord], kind: str, line: Mapping[str, Any]) -> None:
    """Take a line into findings as they stand."""
    one = known.get(line["finding"])
    if kind == SECURITY_FINDING.name:
        known[line["finding"]] = FindingRecord(line) if one is None else replace(one, values=line)
    elif one is not None and kind == SECURITY_FINDING_ACTION.name:
        known[one.name] = replace(one, actions={**one.actions, line["action"]: line})
    elif one is not None:
        known[one.name] = replace(one, steps=(*one.steps, line))


def finding_register(
    connection: Connection,
    metadata: MetaData,
    *,
    on: datetime.date | None = None,
    through_act: int | None = None,
) -> dict[str, FindingRecord]:
    """Return all findings by name.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    on : datetime.date, optional
        As they stood on this day: what was raised or done later is left out.
    through_act : int, optional
        As known with this act.
    """
    known: dict[str, FindingRecord] = {}
    day = None if on is None else date_number(on)
    for kind, line in recorded_rows(connection, metadata, KINDS, through_act=through_act):
        dated = line.get("raised_on") or line.get("on_day")
        if day is not None and dated is not None and dated > day:
            continue
        if day is not None and (line.get("done_on") or 0) > day:
            line["done_on"] = None
        taken_in(known, kind, line)
    return known


def security_findings(
    connection: Connection,
    metadata: MetaData,
    *,
    on: datetime.date | None = None,
    scope: str | None = None,
    through_act: int | None = None,
) -> list[FindingRecord]:
    """Return the findings of a facility, or all, in the order in which they were raised."""
    every = finding_register(connection, metadata, on=on, through_act=through_act).values()
    chosen = [one for one in every if scope is None or one.scope == scope]
    return sorted(chosen, key=lambda one: (int(one.values["raised_on"]), one.name))


def security_finding(connection: Connection, metadata: MetaData, name: str) -> FindingRecord:
    """Return a finding as it stands.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    """
    found = finding_register(connection, metadata).get(name)
    if found is None:
        raise NotFoundError(
            f"there is no finding {name[:40]!r}", "'keiryo protection finding list' lists them."
        )
    return found


def repeats(
    findings: Iterable[FindingRecord], months: int = REPEAT_MONTHS
) -> Iterator[tuple[FindingRecord, FindingRecord]]:
    """Yield each finding that repeats an earlier one, with the last one before it.

    Same requirement, same facility, raised within `months`; good practices do not count. Of two
    raised on one day none repeats the other.
    """
    by_place: dict[tuple[str, str], list[FindingRecord]] = {}
    for one in findings:
        if one.grade != GOOD_PRACTICE:
            by_place.setdefault((one.scope, one.requirement), []).append(one)
    for same in by_place.values():
        last = current = None
        for one in sorted(same, key=lambda each: int(each.values["raised_on"])):
            if current is not None and current.values["raised_on"] < one.values["raised_on"]:
                last = current
            current = one
            if last is not None and is_repeat(one, last, months):
                yield one, last


def is_repeat(one: FindingRecord, before: FindingRecord, months: int = REPEAT_MONTHS) -> bool:
    """Return whether a finding repeats another one, which was raised on an earlier day."""
    first, then = before.values["raised_on"], one.values["raised_on"]
    if first >= then or (one.scope, one.requirement) != (before.scope, before.requirement):
        return False
    limit = months_later(number_date(int(first)), months)
    return GOOD_PRACTICE not in (one.grade, before.grade) and number_date(int(then)) <= limit


def months_later(day: datetime.date, months: int) -> datetime.date:
    """Return the same day some months later, or the last of that month.

    Examples
    --------
    >>> months_later(datetime.date(2024, 2, 29), 36).isoformat()
    '2027-02-28'
    """
    count = day.year * 12 + day.month - 1 + months
    year, month = count // 12, count % 12 + 1
    if year > datetime.MAXYEAR:
        return datetime.date.max
    return datetime.date(year, month, min(day.day, monthrange(year, month)[1]))
