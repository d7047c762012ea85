"""Upgrades are recorded: terms and steps; one act for many rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.errors import Finding
from keiryo.journal.model import Actor
from keiryo.journal.posting import Clock, system_clock
from keiryo.security_regime.event_words import carried, scope_given
from keiryo.security_regime.oversight_record import (
    Context,
    Lines,
    Recorded,
    Row,
    as_day,
    record_rows,
)
from keiryo.security_regime.tables_events import SECURITY_UPGRADE, SECURITY_UPGRADE_STEP
from keiryo.security_regime.upgrade_checks import (
    Cooperation,
    cooperation_names,
    upgrade_findings,
)
from keiryo.security_regime.upgrade_record import Upgrade, taken_in, upgrade_register
from keiryo.security_regime.upgrade_states import PLANNED
from keiryo.storage.engine import Database

UPGRADE = "protection.upgrade"
_OWN = tuple(one.name for one in SECURITY_UPGRADE.own_fields)


@dataclass(slots=True)
class Upgrades:
    """All upgrades as they stand, and what they may refer to; lines can be added one by one."""

    known: dict[str, Upgrade] = field(default_factory=dict)
    cooperation: Cooperation = field(default_factory=Cooperation)

    def add(self, kind: str, line: Mapping[str, Any]) -> None:
        """Take a line in."""
        taken_in(self.known, kind, line)

    def findings(self, context: Context, kind: str, line: Mapping[str, Any]) -> Iterator[Finding]:
        """Yield what is wrong with a line that is about to be added."""
        return upgrade_findings(self.known, self.cooperation, context, kind, line)


def read_upgrades(
    connection: Connection, metadata: MetaData, *, through_act: int | None = None
) -> Upgrades:
    """Return all upgrades with the names of the register of cooperation."""
    return Upgrades(
        upgrade_register(connection, metadata, through_act=through_act),
        cooperation_names(connection, metadata, through_act),
    )


def record_upgrades(
    database: Database,
    actor: Actor,
    rows: Sequence[Row],
    *,
    file: str | None = None,
    findings: Sequence[Finding] = (),
    clock: Clock = system_clock,
) -> Recorded:
    """Record upgrades, or anew with a reason: what is left out is as it was.

    Parameters
    ----------
    database, actor
    rows : sequence of mapping
        Each with ``upgrade``, ``facility`` and fields of an upgrade; days as dates, amounts in
        the smallest unit of the currency.
    file, findings
        Where the rows come from, and what was wrong with them there.

    Raises
    ------
    RefusedError
        If anything does not hold: all findings; nothing is recorded.
    """
    return _record(database, actor, rows, upgrade_lines, file, findings, clock)


def take_upgrade_steps(
    database: Database,
    actor: Actor,
    rows: Sequence[Row],
    *,
    file: str | None = None,
    findings: Sequence[Finding] = (),
    clock: Clock = system_clock,
) -> Recorded:
    """Record steps in the life of upgrades.

    Parameters
    ----------
    database, actor
    rows : sequence of mapping
        Each with ``upgrade``, ``state``, ``on`` (date) and optionally ``by``, ``sustained``,
        ``next_review`` (date), ``reason``, ``reference``.

    Raises
    ------
    RefusedError
        If a step cannot be taken: every reason, of all rows.
    """
    return _record(database, actor, rows, step_lines, file, findings, clock)


def _record(
    database: Database,
    actor: Actor,
    rows: Sequence[Row],
    lines_of: Callable[[Upgrades, Context, Row], Lines],
    file: str | None,
    findings: Sequence[Finding],
    clock: Clock,
) -> Recorded:
    def read(connection: Connection) -> Upgrades:
        return read_upgrades(connection, database.metadata)

    return record_rows(
        database, actor, UPGRADE, rows, read, lines_of, file=file, findings=findings, clock=clock
    )


def upgrade_lines(register: Upgrades, context: Context, row: Row) -> Lines:
    """Return the line of an upgrade."""
    known = register.known.get(row["upgrade"])
    before: Mapping[str, Any] = {} if known is None else known.values
    values = carried(_OWN, before, row, ("title", "partner", "aim"))
    return [(SECURITY_UPGRADE.name, {**values, "scope": scope_given(context, before, row)})]


def step_lines(register: Upgrades, context: Context, row: Row) -> Lines:
    """Return the line of a step."""
    one = register.known.get(row["upgrade"])
    values = {
        "scope": context.state if one is None else one.scope,
        "upgrade": row["upgrade"],
        "before": PLANNED if one is None else one.state,
        "state": row["state"],
        "on_day": as_day(row["on"]),
        "by_person": row.get("by") or context.person,
        "sustained": row.get("sustained"),
        "next_review": as_day(row.get("next_review")),
        "reason": row.get("reason"),
        "reference": row.get("reference"),
    }
    return [(SECURITY_UPGRADE_STEP.name, values)]
