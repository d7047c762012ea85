"""A version of a security plan as it stands: its terms, its steps, what it addresses."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from keiryo.dates import date_number, next_day, number_date
from keiryo.journal.reading import line_node
from keiryo.security_regime.oversight_record import iso
from keiryo.security_regime.plan_states import APPROVED, DRAFT, SUBMITTED
from keiryo.security_regime.tables_oversight import SECURITY_PLAN

NODE = "secplan:"
_FIELDS = tuple(one.name for one in SECURITY_PLAN.own_fields)
_DAYS = ("valid_from", "valid_until", "review_on")
_NEVER = 9999_99_99


@dataclass(frozen=True, slots=True)
class Plan:
    """A version of a security plan as it stands.

    Attributes
    ----------
    values : mapping
        Its last line.
    steps : tuple of mapping
        Its steps, in order.
    coverage : mapping of requirement to mapping
        How far it addresses which requirement: the last line of each.
    """

    values: Mapping[str, Any]
    steps: tuple[Mapping[str, Any], ...] = ()
    coverage: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str]:
        """Name and version."""
        return str(self.values["plan"]), str(self.values["version"])

    @property
    def name(self) -> str:
        """``PLAN/VERSION``."""
        return "/".join(self.key)

    @property
    def scope(self) -> str:
        """The facility that it is for, or the State."""
        return str(self.values["scope"])

    @property
    def kind(self) -> str:
        """Kind of plan."""
        return str(self.values["kind"])

    @property
    def state(self) -> str:
        """State in which it is."""
        return str(self.steps[-1]["state"]) if self.steps else DRAFT

    def step(self, state: str) -> Mapping[str, Any] | None:
        """Return the step by which it came into a state, or None."""
        return next((one for one in self.steps if one["state"] == state), None)

    @property
    def force(self) -> tuple[int, int] | None:
        """First day in force and first day no more (YYYYMMDD), or None if it never is."""
        approved = self.step(APPROVED)
        if approved is None:
            return None
        start = max(int(approved["on_day"]), int(self.values["valid_from"] or 0))
        stop, until = _NEVER, self.values["valid_until"]
        if until is not None:
            stop = date_number(next_day(number_date(int(until))))
        if self.state != APPROVED:
            stop = min(stop, int(self.steps[-1]["on_day"]))
        return (start, stop) if start < stop else None

    def in_force(self, on: datetime.date) -> bool:
        """Return whether it is in force on a day."""
        force = self.force
        return force is not None and force[0] <= date_number(on) < force[1]

    def review_overdue(self, on: datetime.date) -> bool:
        """Return whether it is in force and its day of review has passed."""
        review = self.values["review_on"]
        return self.in_force(on) and review is not None and int(review) < date_number(on)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        told = {name: self.values[name] for name in _FIELDS if name != "reason"}
        told |= {name: iso(told[name]) for name in _DAYS}
        submitted, approved = self.step(SUBMITTED), self.step(APPROVED)
        return {
            "plan": told.pop("plan"),
            "version": told.pop("version"),
            "scope": self.scope,
            **told,
            "state": self.state,
            "submitted_by": None if submitted is None else submitted["by_person"],
            "submitted_on": None if submitted is None else iso(submitted["on_day"]),
            "approved_by": None if approved is None else approved["by_person"],
            "approved_on": None if approved is None else iso(approved["on_day"]),
            "steps": [
                {
                    "before": one["before"],
                    "state": one["state"],
                    "on": iso(one["on_day"]),
                    "by": one["by_person"],
                    "reason": one["reason"],
                    "reference": one["reference"],
                    "successor": one["successor"],
                    "line": line_node(one),
                }
                for one in self.steps
            ],
            "addresses": [
                {
                    "requirement": one["requirement"],
                    "coverage": one["coverage"],
                    "chapter": one["chapter"],
                    "line": line_node(one),
                }
                for _name, one in sorted(self.coverage.items())
            ],
            "node": NODE + self.name,
            "line": line_node(self.values),
        }
