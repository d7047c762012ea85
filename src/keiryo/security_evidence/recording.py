"""Recording tests, maintenance, measures and alarms: one act for one record or for many."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, select

from keiryo.dates import date_number
from keiryo.errors import Finding, RefusedError, Severity, UsageError
from keiryo.journal.model import Act, Actor, Draft, Value
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.tables import FINDING
from keiryo.security_evidence.kinds import ALARM, TEST, Kind, moment
from keiryo.security_evidence.record_checks import Context, context, findings
from keiryo.security_evidence.register import (
    OPEN_KINDS,
    Line,
    Register,
    as_number,
    facilities,
    full_scope,
    read_register,
)
from keiryo.storage.engine import Database

Row = Mapping[str, Any]
"""Values of one record; ``line`` is its line in a file, where it came from one."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of rows.

    Attributes
    ----------
    act : Act or None
        None if all of it stands in the record like this.
    lines, unchanged : int
        Rows that were recorded, and that stand in the record like this.
    findings : tuple of Finding
        What was told of them.
    """

    act: Act | None
    lines: int
    unchanged: int
    findings: tuple[Finding, ...]


def record(
    database: Database,
    actor: Actor,
    kind: Kind,
    rows: Sequence[Row],
    *,
    file: str | None = None,
    found: Sequence[Finding] = (),
    reason: str | None = None,
    clock: Clock = system_clock,
) -> Recorded:
    """Record rows of one kind in one act, or nothing; what is left out of a row is as it was.

    Parameters
    ----------
    database, actor
    kind : Kind
        ``kinds.TEST``, ``WORK``, ``MEASURE`` or ``ALARM``.
    rows : sequence of mapping
        Each with ``facility`` (a code or a scope), the name of the record, and its fields; days as
        dates, moments as texts with their offset.
    file : str, optional
        Name of the file that the rows come from.
    found : sequence of Finding
        What was wrong already when the file was read.
    reason : str, optional
        Why, for the act.

    Raises
    ------
    RefusedError
        If anything does not hold: all findings, of all rows.
    UsageError
        If there are no rows.
    """
    if not rows and not found:
        raise UsageError("nothing is given", "Name a record, or give a file with rows.")
    today = date_number(clock().date() + datetime.timedelta(days=1))  # it is tomorrow somewhere
    same: list[str] = []

    def draft(connection: Connection) -> Draft:
        same.clear()
        made = Draft(kind.act, f"security-evidence:{uuid.uuid4()}", reason=reason)
        asked = context(actor, facilities(connection, database.metadata), today)
        kinds = (ALARM.name,) if kind is ALARM else OPEN_KINDS
        register = read_register(connection, database.metadata, kinds)
        told = [*found]
        for row in rows:
            wrong, stands = _add(made, register, asked, kind, row)
            told += [replace(one, file=file, line=row.get("line")) for one in wrong]
            same.extend(stands)
        _refuse(told, file)
        if not made.lines:
            raise _NothingNewError
        if made.reason is None and len(made.lines) == 1:
            given = made.lines[0][1]["reason"]
            made.reason = None if given is None else str(given)
        return made

    try:
        act = post(database, draft, actor, clock=clock).act
    except _NothingNewError:
        return Recorded(None, 0, len(same), ())
    told = _told_of(database, act.act_id)
    return Recorded(act, act.line_count - len(told), len(same), told)


def _add(
    made: Draft, register: Register, asked: Context, kind: Kind, row: Row
) -> tuple[list[Finding], list[str]]:
    """Add the line of a row to an act; return what is wrong, and its name if it stands so."""
    values = _values(register, asked, kind, row)
    wrong = list(findings(register, asked, kind, values))
    before = register.get(kind.name, values["scope"], values[kind.id])
    if before is not None and all(before[name] == values[name] for name in kind.fields):
        return wrong, [str(values[kind.id])]
    register.add(kind.name, values)
    line: dict[str, Value] = {k: v for k, v in values.items() if k != "scope"}
    made.add(kind.name, line, scope=values["scope"])
    return wrong, []


def _refuse(told: Sequence[Finding], file: str | None) -> None:
    if any(one.severity is not Severity.WARNING for one in told):
        raise RefusedError(
            f"{file or 'it'} was refused; nothing was recorded",
            sorted(told, key=lambda one: one.line or 0),
            "Put right what the findings say and send it again.",
        )


class _NothingNewError(Exception):
    """All of it stands in the record like this."""


def _values(register: Register, asked: Context, kind: Kind, row: Row) -> dict[str, Any]:
    """Return the line of a row: what it leaves out is as it was, or a default."""
    scope = full_scope(asked.state, row.get("facility"))
    before: Line = register.get(kind.name, scope, row.get(kind.id)) or {}
    values: dict[str, Any] = {"scope": scope}
    for name in kind.fields:
        given = row.get(name)
        if given is None or given == "":
            given = before.get(name, (kind.defaults or {}).get(name))
        elif name in kind.days:
            given = as_number(given)
        elif name in kind.moments:
            given = moment(given)
        elif isinstance(given, bool):
            given = int(given)
        elif name in kind.lists:
            given = " ".join(given.split() if isinstance(given, str) else given)
        values[name] = given
    values["reason"] = row.get("reason") or None
    testers = str(values.get("testers") or "").split()
    if kind is TEST and values["performed"] and not values["signed_by"]:
        values["signed_by"] = None if asked.person in testers else asked.person
    if "approver" in values and not values["approver"]:
        values["approver"] = asked.person
    return values


def _told_of(database: Database, act_id: int) -> tuple[Finding, ...]:
    table = database.metadata.tables[FINDING.name]
    query = select(table).where(table.c.act_id == act_id).order_by(table.c.line_no)
    with database.reading() as connection:
        return tuple(
            Finding(row["code"], Severity(row["severity"]), row["message"], row["advice"] or "")
            for row in connection.execute(query).mappings()
        )
