"""Security events are recorded: terms, notices, closing; one act for many rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.errors import Finding
from keiryo.journal.model import Actor
from keiryo.journal.posting import Clock, system_clock
from keiryo.security_regime.event_checks import event_findings
from keiryo.security_regime.event_record import (
    RECORDED,
    SecurityEvent,
    event_register,
    taken_in,
)
from keiryo.security_regime.event_rule_table import NOTIFICATION, RuleTable, rule_tables
from keiryo.security_regime.event_words import INSTANT, carried, scope_given, written, yes_or_no
from keiryo.security_regime.oversight_record import (
    Context,
    Lines,
    Recorded,
    Row,
    as_day,
    record_rows,
)
from keiryo.security_regime.tables_events import (
    RESTRICTED,
    SECURITY_EVENT,
    SECURITY_EVENT_NOTICE,
    SECURITY_EVENT_STEP,
    SECURITY_SYSTEM,
)
from keiryo.storage.engine import Database

EVENT = "protection.event"
_OWN = tuple(one.name for one in SECURITY_EVENT.own_fields)
_TIMES = ("occurred_at", "detected_at", "reported_at", "restored_at")


@dataclass(slots=True)
class SecurityEvents:
    """All events as they stand, with what they are held against; lines can be added."""

    known: dict[str, SecurityEvent] = field(default_factory=dict)
    systems: frozenset[str] = frozenset()
    tables: Sequence[RuleTable] = ()

    def add(self, kind: str, line: Mapping[str, Any]) -> None:
        """Take a line in, unless its times are none: it is refused, and others are read on."""
        times = (line[name] for name in (*_TIMES, "notified_at") if line.get(name) is not None)
        if all(INSTANT.fits(str(one)) for one in times):
            taken_in(self.known, kind, line)

    def findings(self, context: Context, kind: str, line: Mapping[str, Any]) -> Iterator[Finding]:
        """Yield what is wrong with a line that is about to be added."""
        return event_findings(self.known, self.systems, self.tables, context, kind, line)


def read_events(
    connection: Connection, metadata: MetaData, *, through_act: int | None = None
) -> SecurityEvents:
    """Return all events with the systems and the rules that their lines are held against."""
    table = metadata.tables[SECURITY_SYSTEM.name]
    query = select(table.c.system).distinct()
    if through_act is not None:
        query = query.where(table.c.act_id <= through_act)
    return SecurityEvents(
        event_register(connection, metadata, through_act=through_act),
        frozenset(str(row[0]) for row in connection.execute(query)),
        rule_tables(connection, metadata, NOTIFICATION, through_act),
    )


def record_events(
    database: Database,
    actor: Actor,
    rows: Sequence[Row],
    *,
    file: str | None = None,
    findings: Sequence[Finding] = (),
    clock: Clock = system_clock,
) -> Recorded:
    """Record security events, or anew with a reason: what is left out is as it was.

    Parameters
    ----------
    database, actor
    rows : sequence of mapping
        Each with ``event``, ``facility`` and fields of an event; times as ISO 8601 with offset,
        or as the clock of ``zone`` shows them.
    file, findings
        Where the rows come from, and what was wrong with them there.

    Raises
    ------
    RefusedError
        If anything does not hold: all findings; nothing is recorded.
    """
    return _record(database, actor, rows, event_lines, file, findings, clock)


def record_notices(
    database: Database,
    actor: Actor,
    rows: Sequence[Row],
    *,
    file: str | None = None,
    findings: Sequence[Finding] = (),
    clock: Clock = system_clock,
) -> Recorded:
    """Record who was notified of events, and when.

    Parameters
    ----------
    database, actor
    rows : sequence of mapping
        Each with ``event``, ``to``, ``at`` and optionally ``notice`` (one that
        stands there is corrected), ``zone``, ``by``, ``reference``, ``void``.

    Raises
    ------
    RefusedError
        If anything does not hold: all findings.
    """
    return _record(database, actor, rows, notice_lines, file, findings, clock)


def take_event_steps(
    database: Database,
    actor: Actor,
    state: str,
    rows: Sequence[Row],
    *,
    file: str | None = None,
    findings: Sequence[Finding] = (),
    clock: Clock = system_clock,
) -> Recorded:
    """Close events with what was learnt or a report, or open them again with a reason.

    Parameters
    ----------
    database, actor
    state : str
        ``closed`` or ``reopened``.
    rows : sequence of mapping
        Each with ``event``, ``on`` (date) and optionally ``by``, ``lessons``, ``reference``,
        ``reason``.

    Raises
    ------
    RefusedError
        If a step cannot be taken: every reason, of all rows.
    """

    def lines(register: SecurityEvents, context: Context, row: Row) -> Lines:
        return step_lines(register, context, row, state)

    return _record(database, actor, rows, lines, file, findings, clock)


def _record(
    database: Database,
    actor: Actor,
    rows: Sequence[Row],
    lines_of: Callable[[SecurityEvents, Context, Row], Lines],
    file: str | None,
    findings: Sequence[Finding],
    clock: Clock,
) -> Recorded:
    def read(connection: Connection) -> SecurityEvents:
        return read_events(connection, database.metadata)

    return record_rows(
        database, actor, EVENT, rows, read, lines_of, file=file, findings=findings, clock=clock
    )


def event_lines(register: SecurityEvents, context: Context, row: Row) -> Lines:
    """Return the line of an event."""
    known = register.known.get(row["event"])
    before: Mapping[str, Any] = {} if known is None else known.values
    values = carried(_OWN, before, row, ("type", "title", "detected_at"))
    for name in _TIMES:
        if row.get(name) is not None:
            values[name] = written(row[name], row.get("zone"))
    values["scope"] = scope_given(context, before, row)
    values["classification"] = values["classification"] or RESTRICTED
    values["out_of_control"] = yes_or_no(values["out_of_control"] or 0)
    return [(SECURITY_EVENT.name, values)]


def notice_lines(register: SecurityEvents, context: Context, row: Row) -> Lines:
    """Return the line of a notice."""
    event = register.known.get(row["event"])
    notices = {} if event is None else event.notices
    name = row.get("notice") or f"N{len(notices) + 1}"
    before = notices.get(name, {})
    at = before.get("notified_at")
    if row.get("at") is not None:
        at = written(row["at"], row.get("zone"))
    values = {
        "scope": context.state if event is None else event.scope,
        "event": row["event"],
        "notice": name,
        "recipient": row.get("to") or before.get("recipient") or "",
        "notified_at": at or "",
        "by_person": row.get("by") or before.get("by_person") or context.person,
        "reference": row.get("reference") or before.get("reference"),
        "void": yes_or_no(row.get("void") or 0),
    }
    return [(SECURITY_EVENT_NOTICE.name, values)]


def step_lines(register: SecurityEvents, context: Context, row: Row, state: str) -> Lines:
    """Return the line of a step."""
    event = register.known.get(row["event"])
    values = {
        "scope": context.state if event is None else event.scope,
        "event": row["event"],
        "before": RECORDED if event is None else event.state,
        "state": state,
        "on_day": as_day(row["on"]),
        "by_person": row.get("by") or context.person,
        "lessons": row.get("lessons"),
        "reference": row.get("reference"),
        "reason": row.get("reason"),
    }
    return [(SECURITY_EVENT_STEP.name, values)]
