"""Computer systems, measures and connections are recorded; one act for many rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.errors import Finding
from keiryo.journal.model import Actor
from keiryo.journal.posting import Clock, system_clock
from keiryo.security_regime.computer_checks import computer_findings
from keiryo.security_regime.computer_record import Computers, computers
from keiryo.security_regime.event_words import carried, scope_given, yes_or_no
from keiryo.security_regime.oversight_record import (
    Context,
    Lines,
    Recorded,
    Row,
    as_day,
    record_rows,
)
from keiryo.security_regime.tables_events import (
    SECURITY_SYSTEM,
    SECURITY_SYSTEM_MEASURE,
    SECURITY_ZONE_CONNECTION,
)
from keiryo.storage.engine import Database

COMPUTER = "protection.computer"
_SYSTEM = tuple(one.name for one in SECURITY_SYSTEM.own_fields)
_CONNECTION = tuple(one.name for one in SECURITY_ZONE_CONNECTION.own_fields)


@dataclass(slots=True)
class ComputerRegister:
    """All systems and connections as they stand; lines can be added one by one."""

    known: Computers = field(default_factory=Computers)

    def add(self, kind: str, line: Mapping[str, Any]) -> None:
        """Take a line in."""
        self.known.take(kind, line)

    def findings(self, context: Context, kind: str, line: Mapping[str, Any]) -> Iterator[Finding]:
        """Yield what is wrong with a line that is about to be added."""
        return computer_findings(self.known, context, kind, line)


def read_computers(
    connection: Connection, metadata: MetaData, *, through_act: int | None = None
) -> ComputerRegister:
    """Return all systems and connections."""
    return ComputerRegister(computers(connection, metadata, through_act=through_act))


def record_systems(
    database: Database,
    actor: Actor,
    rows: Sequence[Row],
    *,
    file: str | None = None,
    findings: Sequence[Finding] = (),
    clock: Clock = system_clock,
) -> Recorded:
    """Record computer systems, or anew with a reason: what is left out is as it was.

    Parameters
    ----------
    database, actor
    rows : sequence of mapping
        Each with ``system``, ``facility`` and fields of a system.
    file, findings
        Where the rows come from, and what was wrong with them there.

    Raises
    ------
    RefusedError
        If anything does not hold: all findings; nothing is recorded.
    """
    return _record(database, actor, rows, system_lines, file, findings, clock)


def record_measures(
    database: Database,
    actor: Actor,
    rows: Sequence[Row],
    *,
    file: str | None = None,
    findings: Sequence[Finding] = (),
    clock: Clock = system_clock,
) -> Recorded:
    """Record how measures stand.

    Parameters
    ----------
    database, actor
    rows : sequence of mapping
        Each with ``system``, ``measure``, ``state``, ``on`` (date), for a new one ``kind``, and
        optionally ``by``, ``verified_by``, ``evidence``, ``next_due`` (date), ``reason``.

    Raises
    ------
    RefusedError
        If anything does not hold: all findings.
    """
    return _record(database, actor, rows, measure_lines, file, findings, clock)


def record_connections(
    database: Database,
    actor: Actor,
    rows: Sequence[Row],
    *,
    file: str | None = None,
    findings: Sequence[Finding] = (),
    clock: Clock = system_clock,
) -> Recorded:
    """Record connections between zones, or anew with a reason.

    Parameters
    ----------
    database, actor
    rows : sequence of mapping
        Each with ``connection``, ``facility``, ``from_zone``, ``to_zone``, ``kind``, ``on``
        (date) and optionally ``removed_on``, ``reason``.

    Raises
    ------
    RefusedError
        If anything does not hold: all findings.
    """
    return _record(database, actor, rows, connection_lines, file, findings, clock)


def _record(
    database: Database,
    actor: Actor,
    rows: Sequence[Row],
    lines_of: Callable[[ComputerRegister, Context, Row], Lines],
    file: str | None,
    findings: Sequence[Finding],
    clock: Clock,
) -> Recorded:
    def read(connection: Connection) -> ComputerRegister:
        return read_computers(connection, database.metadata)

    return record_rows(
        database, actor, COMPUTER, rows, read, lines_of, file=file, findings=findings, clock=clock
    )


def system_lines(register: ComputerRegister, context: Context, row: Row) -> Lines:
    """Return the line of a system."""
    known = register.known.systems.get(row["system"])
    before: Mapping[str, Any] = {} if known is None else known.values
    values = carried(_SYSTEM, before, row, ("function", "zone", "owner"))
    values["scope"] = scope_given(context, before, row)
    values["sensitive_asset"] = yes_or_no(values["sensitive_asset"] or 0)
    return [(SECURITY_SYSTEM.name, values)]


def measure_lines(register: ComputerRegister, context: Context, row: Row) -> Lines:
    """Return the line of a measure."""
    one = register.known.systems.get(row["system"])
    before = None if one is None else one.measures.get(row["measure"])
    values = {
        "scope": context.state if one is None else one.scope,
        "system": row["system"],
        "measure": row["measure"],
        "kind": row.get("kind") or ("" if before is None else before.kind),
        "before": None if before is None else before.state,
        "state": row["state"],
        "on_day": as_day(row["on"]),
        "by_person": row.get("by") or context.person,
        "verified_by": row.get("verified_by"),
        "evidence": row.get("evidence"),
        "next_due": as_day(row.get("next_due")),
        "reason": row.get("reason"),
    }
    return [(SECURITY_SYSTEM_MEASURE.name, values)]


def connection_lines(register: ComputerRegister, context: Context, row: Row) -> Lines:
    """Return the line of a connection."""
    known = register.known.connections.get(row["connection"])
    before: Mapping[str, Any] = {} if known is None else known.values
    given = {**row, "on_day": row.get("on")}
    values = carried(_CONNECTION, before, given, ("from_zone", "to_zone", "kind"))
    return [(SECURITY_ZONE_CONNECTION.name, {**values, "scope": scope_given(context, before, row)})]
