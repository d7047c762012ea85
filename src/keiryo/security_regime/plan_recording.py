"""Security plans are recorded: versions, steps, what they address; one act for many rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from keiryo.errors import Finding
from keiryo.journal.model import Actor
from keiryo.journal.posting import Clock, system_clock
from keiryo.security_regime.oversight_record import (
    Context,
    Lines,
    Recorded,
    Row,
    as_day,
    full_scope,
    record_rows,
)
from keiryo.security_regime.plan_states import APPROVED, DRAFT, SUBMITTED, SUPERSEDED
from keiryo.security_regime.plan_version import Plan
from keiryo.security_regime.plans import Plans, read_plans
from keiryo.security_regime.tables_oversight import (
    FULL,
    SECURITY_PLAN,
    SECURITY_PLAN_COVERAGE,
    SECURITY_PLAN_STEP,
)
from keiryo.storage.engine import Database

PLAN = "protection.plan"
_OWN = tuple(one.name for one in SECURITY_PLAN.own_fields if one.name != "reason")


def record_plans(
    database: Database,
    actor: Actor,
    rows: Sequence[Row],
    *,
    file: str | None = None,
    findings: Sequence[Finding] = (),
    clock: Clock = system_clock,
) -> Recorded:
    """Record versions of plans, or anew: what is left out is as it was.

    Parameters
    ----------
    database, actor
    rows : sequence of mapping
        Each with ``plan``, ``version``, ``facility`` (a code, a scope, or the State) and fields of
        a plan; days as dates.
    file, findings
        Where the rows come from, and what was wrong with them there.

    Raises
    ------
    RefusedError
        If anything does not hold: all findings; nothing is recorded.
    """
    return _record(database, actor, rows, plan_lines, file, findings, clock)


def take_plan_steps(
    database: Database,
    actor: Actor,
    state: str,
    rows: Sequence[Row],
    *,
    file: str | None = None,
    findings: Sequence[Finding] = (),
    clock: Clock = system_clock,
) -> Recorded:
    """Record that plans are submitted, approved, rejected or withdrawn.

    With its approval a version takes the place of the one in force, in the same act.

    Parameters
    ----------
    database, actor
    state : str
        The state from now on.
    rows : sequence of mapping
        Each with ``plan``, ``version``, ``on`` (date) and optionally ``by``, ``reason``,
        ``reference``.

    Raises
    ------
    RefusedError
        If a step cannot be taken: every reason, of all rows.
    """

    def lines(register: Plans, context: Context, row: Row) -> Lines:
        return step_lines(register, context, row, state)

    return _record(database, actor, rows, lines, file, findings, clock)


def cover(
    database: Database,
    actor: Actor,
    rows: Sequence[Row],
    *,
    file: str | None = None,
    findings: Sequence[Finding] = (),
    clock: Clock = system_clock,
) -> Recorded:
    """Record how far plans address requirements.

    Parameters
    ----------
    database, actor
    rows : sequence of mapping
        Each with ``plan``, ``version``, ``requirement`` and optionally ``coverage`` (full, part,
        none) and ``chapter``.

    Raises
    ------
    RefusedError
        If anything does not hold: all findings.
    """
    return _record(database, actor, rows, coverage_lines, file, findings, clock)


def _record(
    database: Database,
    actor: Actor,
    rows: Sequence[Row],
    lines_of: Callable[[Plans, Context, Row], Lines],
    file: str | None,
    findings: Sequence[Finding],
    clock: Clock,
) -> Recorded:
    def read(connection: Connection) -> Plans:
        return read_plans(connection, database.metadata)

    return record_rows(
        database, actor, PLAN, rows, read, lines_of, file=file, findings=findings, clock=clock
    )


def plan_lines(register: Plans, context: Context, row: Row) -> Lines:
    """Return the line of a version of a plan."""
    known = register.known.get((row["plan"], row["version"]))
    before: Mapping[str, Any] = {} if known is None else known.values
    values = {
        name: before.get(name) if row.get(name) is None else as_day(row[name]) for name in _OWN
    }
    given = row.get("facility")
    scope = before.get("scope") if given is None else full_scope(context.state, given)
    values |= {"scope": scope or "", "reason": row.get("reason")}
    for name in ("kind", "title"):
        values[name] = values[name] or ""
    return [(SECURITY_PLAN.name, values)]


def step_lines(register: Plans, context: Context, row: Row, state: str) -> Lines:
    """Return the step of a plan, and before it those of the plans whose place it takes."""
    plan = register.known.get((row["plan"], row["version"]))
    values = {
        "scope": context.state if plan is None else plan.scope,
        "plan": row["plan"],
        "version": row["version"],
        "before": DRAFT if plan is None else plan.state,
        "state": state,
        "on_day": as_day(row["on"]),
        "by_person": row.get("by") or context.person,
        "reason": row.get("reason"),
        "reference": row.get("reference"),
        "successor": None,
    }
    lines = [(SECURITY_PLAN_STEP.name, values)]
    if plan is None or (plan.state, state) != (SUBMITTED, APPROVED):
        return lines
    start = max(int(values["on_day"]), int(plan.values["valid_from"] or 0))
    ended = [one for one in register.beside(plan) if _goes_on(one, start)]
    return [*(_superseded(one, plan, start, values) for one in ended), *lines]


def _goes_on(plan: Plan, day: int) -> bool:
    return (
        plan.state == APPROVED and plan.force is not None and (plan.force[0] < day < plan.force[1])
    )


def _superseded(
    plan: Plan, by: Plan, day: int, values: Mapping[str, Any]
) -> tuple[str, dict[str, Any]]:
    line = {
        **values,
        "plan": plan.key[0],
        "version": plan.key[1],
        "before": plan.state,
        "state": SUPERSEDED,
        "on_day": day,
        "successor": by.name,
    }
    return SECURITY_PLAN_STEP.name, line


def coverage_lines(register: Plans, context: Context, row: Row) -> Lines:
    """Return the line that says how far a plan addresses a requirement."""
    plan = register.known.get((row["plan"], row["version"]))
    values = {
        "scope": context.state if plan is None else plan.scope,
        "plan": row["plan"],
        "version": row["version"],
        "requirement": row["requirement"],
        "coverage": row.get("coverage") or FULL,
        "chapter": row.get("chapter"),
    }
    return [(SECURITY_PLAN_COVERAGE.name, values)]
