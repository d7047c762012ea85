"""Inspections are planned and their steps recorded; one act for many rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from keiryo.errors import Finding
from keiryo.journal.model import Actor
from keiryo.journal.posting import Clock, system_clock
from keiryo.security_regime.inspection_states import PLANNED
from keiryo.security_regime.inspections import Inspections, read_inspections
from keiryo.security_regime.oversight_record import (
    Context,
    Lines,
    Recorded,
    Row,
    as_day,
    full_scope,
    record_rows,
)
from keiryo.security_regime.tables_oversight import (
    SECURITY_INSPECTION,
    SECURITY_INSPECTION_STEP,
)
from keiryo.storage.engine import Database

INSPECTION = "protection.inspection"
_OWN = tuple(one.name for one in SECURITY_INSPECTION.own_fields if one.name != "reason")


def plan_inspections(
    database: Database,
    actor: Actor,
    rows: Sequence[Row],
    *,
    file: str | None = None,
    findings: Sequence[Finding] = (),
    clock: Clock = system_clock,
) -> Recorded:
    """Record inspections that are planned, or anew: what is left out is as it was.

    Parameters
    ----------
    database, actor
    rows : sequence of mapping
        Each with ``inspection``, ``facility`` and fields of an inspection; days as dates.
    file, findings
        Where the rows come from, and what was wrong with them there.

    Raises
    ------
    RefusedError
        If anything does not hold: all findings; nothing is recorded.
    """
    return _record(database, actor, rows, inspection_lines, file, findings, clock)


def take_inspection_steps(
    database: Database,
    actor: Actor,
    state: str,
    rows: Sequence[Row],
    *,
    file: str | None = None,
    findings: Sequence[Finding] = (),
    clock: Clock = system_clock,
) -> Recorded:
    """Record that inspections are performed, reported, closed or cancelled.

    Parameters
    ----------
    database, actor
    state : str
        The state from now on.
    rows : sequence of mapping
        Each with ``inspection``, ``on`` (date) and optionally ``by``, ``performed_from``,
        ``report_digest``, ``reference``, ``reason``.

    Raises
    ------
    RefusedError
        If a step cannot be taken: every reason, of all rows.
    """

    def lines(register: Inspections, context: Context, row: Row) -> Lines:
        one = register.known.get(row["inspection"])
        values = {
            "scope": context.state if one is None else one.scope,
            "inspection": row["inspection"],
            "before": PLANNED if one is None else one.state,
            "state": state,
            "on_day": as_day(row["on"]),
            "by_person": row.get("by") or context.person,
            "performed_from": as_day(row.get("performed_from")),
            **{name: row.get(name) for name in ("report_digest", "reference", "reason")},
        }
        return [(SECURITY_INSPECTION_STEP.name, values)]

    return _record(database, actor, rows, lines, file, findings, clock)


def inspection_lines(register: Inspections, context: Context, row: Row) -> Lines:
    """Return the line of an inspection."""
    known = register.known.get(row["inspection"])
    before: Mapping[str, Any] = {} if known is None else known.values
    values = {
        name: before.get(name) if row.get(name) is None else as_day(row[name]) for name in _OWN
    }
    given = row.get("facility")
    scope = before.get("scope") if given is None else full_scope(context.state, given)
    values |= {"scope": scope or "", "reason": row.get("reason"), "kind": values["kind"] or ""}
    if values["planned_to"] is None:
        values["planned_to"] = values["planned_from"]
    return [(SECURITY_INSPECTION.name, values)]


def _record(
    database: Database,
    actor: Actor,
    rows: Sequence[Row],
    lines_of: Callable[[Inspections, Context, Row], Lines],
    file: str | None,
    findings: Sequence[Finding],
    clock: Clock,
) -> Recorded:
    def read(connection: Connection) -> Inspections:
        return read_inspections(connection, database.metadata, with_findings=True)

    return record_rows(
        database, actor, INSPECTION, rows, read, lines_of, file=file, findings=findings,
        clock=clock,
    )  # fmt: skip
