"""Security plans as they stand: their versions, which one is in force, what it addresses."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.dates import date_number
from keiryo.errors import Finding, NotFoundError
from keiryo.security_regime.oversight_record import Context, facility_of, recorded_rows
from keiryo.security_regime.plan_rules import plan_findings
from keiryo.security_regime.plan_version import Plan
from keiryo.security_regime.tables_oversight import (
    NONE,
    PHYSICAL_PROTECTION,
    SECURITY_PLAN,
    SECURITY_PLAN_COVERAGE,
    SECURITY_PLAN_STEP,
)

KINDS = (SECURITY_PLAN.name, SECURITY_PLAN_STEP.name, SECURITY_PLAN_COVERAGE.name)


@dataclass(slots=True)
class Plans:
    """All plans as they stand, by name and version; lines can be added one by one."""

    known: dict[tuple[str, str], Plan] = field(default_factory=dict)

    def add(self, kind: str, line: Mapping[str, Any]) -> None:
        """Take a line in."""
        key = (line["plan"], line["version"])
        plan = self.known.get(key)
        if kind == SECURITY_PLAN.name:
            self.known[key] = Plan(line) if plan is None else _with(plan, values=line)
        elif plan is not None and kind == SECURITY_PLAN_STEP.name:
            self.known[key] = _with(plan, steps=(*plan.steps, line))
        elif plan is not None:
            coverage = {**plan.coverage, line["requirement"]: line}
            if line["coverage"] == NONE:
                del coverage[line["requirement"]]
            self.known[key] = _with(plan, coverage=coverage)

    def findings(self, context: Context, kind: str, line: Mapping[str, Any]) -> Iterator[Finding]:
        """Yield what is wrong with a line that is about to be added."""
        return plan_findings(self.known, context, kind, line)

    def beside(self, plan: Plan) -> list[Plan]:
        """Return the other versions and plans of its kind for the same facility."""
        return [
            one
            for one in self.known.values()
            if (one.scope, one.kind) == (plan.scope, plan.kind) and one.key != plan.key
        ]


def _with(plan: Plan, **changed: Any) -> Plan:
    told = {"values": plan.values, "steps": plan.steps, "coverage": plan.coverage}
    return Plan(**{**told, **changed})


def read_plans(
    connection: Connection,
    metadata: MetaData,
    *,
    on: datetime.date | None = None,
    through_act: int | None = None,
) -> Plans:
    """Return all plans.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    on : datetime.date, optional
        As they stood on this day: later steps are left out. Default: all that is recorded.
    through_act : int, optional
        As known with this act. Default: now.
    """
    found, day = Plans(), None if on is None else date_number(on)
    for kind, line in recorded_rows(connection, metadata, KINDS, through_act=through_act):
        if day is None or line.get("on_day") is None or line["on_day"] <= day:
            found.add(kind, line)
    return found


def plans(
    connection: Connection,
    metadata: MetaData,
    *,
    on: datetime.date | None = None,
    scope: str | None = None,
    through_act: int | None = None,
) -> list[Plan]:
    """Return the plans of a facility, or all, in the order of facility, kind, name, recording."""
    every = read_plans(connection, metadata, on=on, through_act=through_act).known.values()
    chosen = [one for one in every if scope is None or one.scope == scope]
    return sorted(chosen, key=lambda one: (one.scope, one.kind, one.key[0]))


def plan(connection: Connection, metadata: MetaData, name: str, version: str) -> Plan:
    """Return a version of a plan as it stands.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    found = read_plans(connection, metadata).known.get((name, version))
    if found is None:
        raise NotFoundError(
            f"there is no plan {name[:40]!r} version {version[:20]!r}",
            "'keiryo protection plan list' lists them.",
        )
    return found


def plans_in_force(
    connection: Connection,
    metadata: MetaData,
    facility_scope: str,
    on: datetime.date,
    through_act: int | None = None,
) -> tuple[Plan, ...]:
    """Return the plans that are in force for a facility on a day: one of each kind at most.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    facility_scope : str
        ``XA/XFA-``, or a scope within it; or the State.
    on : datetime.date
    through_act : int, optional
        As known with this act.
    """
    scope = facility_of(facility_scope)
    known = plans(connection, metadata, scope=scope, through_act=through_act)
    return tuple(one for one in known if one.in_force(on))


def plan_in_force(
    connection: Connection,
    metadata: MetaData,
    facility_scope: str,
    on: datetime.date,
    through_act: int | None = None,
    *,
    kind: str = PHYSICAL_PROTECTION,
) -> Plan | None:
    """Return the plan of a kind that is in force for a facility on a day, or None.

    Parameters are those of `plans_in_force`; `kind` is one of ``PLAN_KINDS``.
    """
    found = plans_in_force(connection, metadata, facility_scope, on, through_act)
    return next((one for one in found if one.kind == kind), None)
