"""The tables of rules of the State: who is notified of which events, which measures a level needs.

Nothing of them is built in. A table is recorded whole, under a name and with its first day; the
last one that began counts. Where there is none, or no row fits, that is told, and nothing is
assumed.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.dates import date_number
from keiryo.errors import Finding, RefusedError
from keiryo.journal.model import Actor
from keiryo.journal.posting import Clock, system_clock
from keiryo.journal.reading import line_node
from keiryo.security_regime.event_files import MEASURE_RULES, NOTIFICATION_RULES, minutes_of
from keiryo.security_regime.event_words import choice_problems, telling, whole_problems
from keiryo.security_regime.oversight_record import (
    ID,
    TITLE,
    Context,
    Lines,
    Recorded,
    Row,
    record_rows,
    recorded_rows,
    shown,
    text_problems,
)
from keiryo.security_regime.tables_events import (
    CATEGORIES,
    EVENT_TYPES,
    LEVELS,
    MEASURE_KINDS,
    SECURITY_MEASURE_RULE,
    SECURITY_NOTIFICATION_RULE,
    SEVERITIES,
)
from keiryo.sheet_rows import SheetTable
from keiryo.storage.engine import Database

RULES = "protection.rules"
NOTIFICATION, MEASURE = SECURITY_NOTIFICATION_RULE.name, SECURITY_MEASURE_RULE.name
KINDS = (NOTIFICATION, MEASURE)
_KEYS = {
    NOTIFICATION: ("type", "category", "severity_at_least", "recipient"),
    MEASURE: ("level", "kind"),
}


@dataclass(frozen=True, slots=True)
class RuleTable:
    """A table of rules.

    Attributes
    ----------
    name : str
    rows : tuple of mapping
        Its rows, as the lines of the record have them.
    """

    name: str
    rows: tuple[Mapping[str, Any], ...]

    def line(self, row: Mapping[str, Any]) -> str | None:
        """Return where a row stands in the record; None where it was read from a file."""
        return line_node(row) if "act_id" in row else None


@dataclass(slots=True)
class RulesWritten:
    """Rows of rules that are about to be recorded; the same row does not stand there twice."""

    seen: set[tuple[Any, ...]] = field(default_factory=set)
    first_days: dict[Any, Any] = field(default_factory=dict)

    def add(self, kind: str, line: Mapping[str, Any]) -> None:
        """Take a line in."""
        self.seen.add(_key(kind, line))
        self.first_days[line["rules"]] = line["valid_from"]

    def findings(self, context: Context, kind: str, line: Mapping[str, Any]) -> Iterator[Finding]:
        """Yield what is wrong with a line that is about to be added."""
        yield from rule_findings(self.seen, kind, line, context)
        if self.first_days.get(line["rules"], line["valid_from"]) != line["valid_from"]:
            code = "SECEVENT-RULES" if kind == NOTIFICATION else "COMPUTER-RULES"
            told = ("the table would begin on two days", "Give each table a name of its own.")
            yield from telling(code, f"table {line['rules']}", iter([told]))


def _key(kind: str, line: Mapping[str, Any]) -> tuple[Any, ...]:
    return (kind, line.get("rules"), *(line.get(name) for name in _KEYS[kind]))


def rule_findings(
    seen: set[tuple[Any, ...]], kind: str, line: Mapping[str, Any], context: Context | None = None
) -> Iterator[Finding]:
    """Yield what is wrong with a row of rules."""
    code = "SECEVENT-RULES" if kind == NOTIFICATION else "COMPUTER-RULES"
    name = f"table {line.get('rules')}"
    if context is not None and line.get("scope") != context.state:
        foreign = ("the rules are those of the State", f"Record them for {context.state}.")
        yield from telling(code, name, iter([foreign]))
    texts = {"rules": ID, "basis": TITLE}
    if kind == NOTIFICATION:
        choices = {"type": EVENT_TYPES, "category": CATEGORIES, "severity_at_least": SEVERITIES}
        problems = [
            *choice_problems(line, choices, ("type", "category")),
            *text_problems(line, {**texts, "recipient": ID}, ("valid_from",)),
        ]
        if line.get("within_minutes") is None:
            words = "its time is no number of hours that makes whole minutes"
            problems.append((words, "Write e.g. 0.5, 24 or 72."))
    else:
        problems = [
            *choice_problems(line, {"level": LEVELS, "kind": MEASURE_KINDS}),
            *text_problems(line, texts, ("valid_from",)),
            *whole_problems(line, ("within_days",), needed=False),
        ]
        if line.get("within_days") == 0:
            problems.append(("within 0 days says nothing", "Write 1 or more, or leave it out."))
    yield from telling(code, name, iter(problems))
    if _key(kind, line) in seen:
        twice = ("the same row stands there twice", "Leave one of them.")
        yield from telling(code, name, iter([twice]))


def rule_lines(kind: str, table: str, valid_from: int) -> Callable[[Any, Context, Row], Lines]:
    """Return what makes the line of a row of a file."""

    def lines(_register: Any, context: Context, row: Row) -> Lines:
        values = _values(kind, row)
        return [(kind, {"scope": context.state, "rules": table, "valid_from": valid_from} | values)]

    return lines


def _values(kind: str, row: Row) -> dict[str, Any]:
    if kind == MEASURE:
        return {name: row.get(name) for name in ("level", "kind", "within_days", "basis")}
    return {
        "type": row.get("type"),
        "category": row.get("category"),
        "severity_at_least": row.get("severity_at_least"),
        "recipient": row.get("to") or "",
        "within_minutes": minutes_of(row.get("within_hours")),
        "basis": row.get("basis"),
    }


def record_rules(
    database: Database,
    actor: Actor,
    kind: str,
    name: str,
    valid_from: datetime.date,
    rows: Sequence[Row],
    *,
    file: str | None = None,
    findings: Sequence[Finding] = (),
    clock: Clock = system_clock,
) -> Recorded:
    """Record a table of rules of the State, whole; under the same name it replaces what was there.

    Parameters
    ----------
    database, actor
    kind : str
        ``security_notification_rule`` or ``security_measure_rule``.
    name : str
        Name of the table.
    valid_from : datetime.date
        First day on which it holds.
    rows : sequence of mapping
        With ``type, category, severity_at_least, to, within_hours, basis``, or with ``level,
        kind, within_days, basis``.

    Raises
    ------
    RefusedError
        If anything does not hold: all findings; nothing is recorded.
    """
    lines = rule_lines(kind, name, date_number(valid_from))

    def read(_connection: Connection) -> RulesWritten:
        return RulesWritten()

    return record_rows(
        database, actor, RULES, rows, read, lines, file=file, findings=findings, clock=clock
    )


def rules_of_file(kind: str, name: str, content: bytes) -> RuleTable:
    """Return a table of rules that somebody keeps as a file.

    Raises
    ------
    RefusedError
        If it cannot be read or does not hold: all findings.
    """
    rows, findings = sheet_of(kind).read(name, content)
    seen: set[tuple[Any, ...]] = set()
    told = []
    for row in rows:
        values = {"rules": "FILE", **_values(kind, row)}
        findings += rule_findings(seen, kind, values)
        seen.add(_key(kind, values))
        told.append(values)
    if findings:
        raise RefusedError(f"the rules {name} cannot be used", findings, "Correct the file.")
    return RuleTable(shown(name), tuple(told))


def sheet_of(kind: str) -> SheetTable:
    """Return what a file with rules of a kind holds."""
    return NOTIFICATION_RULES if kind == NOTIFICATION else MEASURE_RULES


def rule_tables(
    connection: Connection, metadata: MetaData, kind: str, through_act: int | None = None
) -> list[RuleTable]:
    """Return the recorded tables of a kind in the order in which they begin to hold."""
    acts: dict[str, list[Mapping[str, Any]]] = {}
    for _kind, row in recorded_rows(connection, metadata, (kind,), through_act=through_act):
        rows = acts.get(row["rules"], [])
        same = rows and rows[0]["act_id"] == row["act_id"]
        acts[row["rules"]] = [*rows, row] if same else [row]
    tables = [RuleTable(name, tuple(rows)) for name, rows in acts.items()]
    return sorted(tables, key=lambda one: (one.rows[0]["valid_from"], one.rows[0]["act_id"]))


def in_force(tables: Sequence[RuleTable], on: int) -> RuleTable | None:
    """Return the table that holds on a day (YYYYMMDD), or None."""
    begun = [one for one in tables if int(one.rows[0].get("valid_from") or 0) <= on]
    return begun[-1] if begun else None
