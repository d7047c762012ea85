"""Findings of inspections are recorded: terms, corrective actions, steps; one act for many rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.errors import Finding
from keiryo.journal.model import Actor
from keiryo.journal.posting import Clock, system_clock
from keiryo.security_regime.finding_record import FindingRecord, finding_register, taken_in
from keiryo.security_regime.finding_rules import security_finding_findings
from keiryo.security_regime.finding_states import ACTION_PLANNED, IMPLEMENTED, OPEN, REOPENED
from keiryo.security_regime.inspection_record import Inspection
from keiryo.security_regime.inspections import read_inspections
from keiryo.security_regime.oversight_record import (
    Context,
    Lines,
    Recorded,
    Row,
    as_day,
    record_rows,
)
from keiryo.security_regime.tables_oversight import (
    SECURITY_FINDING,
    SECURITY_FINDING_ACTION,
    SECURITY_FINDING_STEP,
)
from keiryo.storage.engine import Database

FINDING = "protection.finding"
_OWN = tuple(one.name for one in SECURITY_FINDING.own_fields if one.name != "reason")
_ACTION = tuple(one.name for one in SECURITY_FINDING_ACTION.own_fields)


@dataclass(slots=True)
class SecurityFindings:
    """All findings as they stand, and the inspections; lines can be added one by one."""

    known: dict[str, FindingRecord] = field(default_factory=dict)
    inspections: Mapping[str, Inspection] = field(default_factory=dict)

    def add(self, kind: str, line: Mapping[str, Any]) -> None:
        """Take a line in."""
        taken_in(self.known, kind, line)

    def findings(self, context: Context, kind: str, line: Mapping[str, Any]) -> Iterator[Finding]:
        """Yield what is wrong with a line that is about to be added."""
        return security_finding_findings(self.known, self.inspections, context, kind, line)


def read_findings(
    connection: Connection, metadata: MetaData, *, through_act: int | None = None
) -> SecurityFindings:
    """Return all findings with the inspections that raised them."""
    return SecurityFindings(
        finding_register(connection, metadata, through_act=through_act),
        read_inspections(connection, metadata, through_act=through_act).known,
    )


def record_findings(
    database: Database,
    actor: Actor,
    rows: Sequence[Row],
    *,
    file: str | None = None,
    findings: Sequence[Finding] = (),
    clock: Clock = system_clock,
) -> Recorded:
    """Record what inspections found, or anew: what is left out is as it was.

    Parameters
    ----------
    database, actor
    rows : sequence of mapping
        Each with ``finding``, ``inspection``, ``requirement``, ``grade`` and other fields of a
        finding; days as dates. It is raised on the last day of the inspection if no day is given.
    file, findings
        Where the rows come from, and what was wrong with them there.

    Raises
    ------
    RefusedError
        If anything does not hold: all findings; nothing is recorded.
    """
    return _record(database, actor, rows, finding_lines, file, findings, clock)


def plan_actions(
    database: Database,
    actor: Actor,
    rows: Sequence[Row],
    *,
    file: str | None = None,
    findings: Sequence[Finding] = (),
    clock: Clock = system_clock,
) -> Recorded:
    """Record corrective actions, or that they were done; with the first one a plan is there.

    Parameters
    ----------
    database, actor
    rows : sequence of mapping
        Each with ``finding``, ``action`` and optionally ``words``, ``owner``, ``due``,
        ``done_on``, ``evidence``, ``on``, ``by``.

    Raises
    ------
    RefusedError
        If anything does not hold: all findings.
    """
    return _record(database, actor, rows, action_lines, file, findings, clock)


def take_finding_steps(
    database: Database,
    actor: Actor,
    state: str,
    rows: Sequence[Row],
    *,
    file: str | None = None,
    findings: Sequence[Finding] = (),
    clock: Clock = system_clock,
) -> Recorded:
    """Record that findings are implemented, verified, closed, reopened, or extended.

    What is implemented is done: actions without a day get that of the step.

    Parameters
    ----------
    database, actor
    state : str
        The step.
    rows : sequence of mapping
        Each with ``finding``, ``on`` (date) and optionally ``by``, ``reason``, ``evidence``,
        ``due``.

    Raises
    ------
    RefusedError
        If a step cannot be taken: every reason, of all rows.
    """

    def lines(register: SecurityFindings, context: Context, row: Row) -> Lines:
        one = register.known.get(row["finding"])
        step = _step_line(context, one, row, state)
        if one is None or state != IMPLEMENTED or one.state != ACTION_PLANNED:
            return [step]
        undone = [each for each in one.actions.values() if each["done_on"] is None]
        done = [
            {**{n: each[n] for n in _ACTION}, "scope": one.scope, "done_on": step[1]["on_day"]}
            for each in undone
        ]
        return [*((SECURITY_FINDING_ACTION.name, each) for each in done), step]

    return _record(database, actor, rows, lines, file, findings, clock)


def finding_lines(register: SecurityFindings, context: Context, row: Row) -> Lines:
    """Return the line of a finding."""
    known = register.known.get(row["finding"])
    before: Mapping[str, Any] = {} if known is None else known.values
    values = {
        name: before.get(name) if row.get(name) is None else as_day(row[name]) for name in _OWN
    }
    visit = register.inspections.get(str(values["inspection"]))
    done = None if visit is None else visit.performed
    if values["raised_on"] is None and done is not None:
        values["raised_on"] = done[1]
    for name in ("inspection", "requirement", "grade"):
        values[name] = values[name] or ""
    values["scope"] = before.get("scope") or (context.state if visit is None else visit.scope)
    values["reason"] = row.get("reason")
    return [(SECURITY_FINDING.name, values)]


def action_lines(register: SecurityFindings, context: Context, row: Row) -> Lines:
    """Return the line of a corrective action, and the step that a plan is there."""
    one = register.known.get(row["finding"])
    before: Mapping[str, Any] = {} if one is None else one.actions.get(row["action"], {})
    values = {
        name: before.get(name) if row.get(name) is None else as_day(row[name]) for name in _ACTION
    }
    values["scope"] = context.state if one is None else one.scope
    for name in ("words", "owner"):
        values[name] = values[name] or ""
    lines: list[tuple[str, dict[str, Any]]] = [(SECURITY_FINDING_ACTION.name, values)]
    if one is not None and one.state in (OPEN, REOPENED):
        step = {**row, "evidence": None, "due": None, "reason": None}
        lines.append(_step_line(context, one, step, ACTION_PLANNED))
    return lines


def _step_line(
    context: Context, one: FindingRecord | None, row: Row, state: str
) -> tuple[str, dict[str, Any]]:
    values = {
        "scope": context.state if one is None else one.scope,
        "finding": row["finding"],
        "before": OPEN if one is None else one.state,
        "state": state,
        "on_day": as_day(row["on"]),
        "by_person": row.get("by") or context.person,
        "reason": row.get("reason"),
        "evidence": row.get("evidence"),
        "due": as_day(row.get("due")),
    }
    return SECURITY_FINDING_STEP.name, values


def _record(
    database: Database,
    actor: Actor,
    rows: Sequence[Row],
    lines_of: Callable[[SecurityFindings, Context, Row], Lines],
    file: str | None,
    findings: Sequence[Finding],
    clock: Clock,
) -> Recorded:
    def read(connection: Connection) -> SecurityFindings:
        return read_findings(connection, database.metadata)

    return record_rows(
        database, actor, FINDING, rows, read, lines_of, file=file, findings=findings, clock=clock
    )
