"""Gaps of computer security: measures that a level requires and that are missing or overdue.

What a level requires is said by the State's table of rules, recorded or given as a file; where it
says nothing of a level that is in use, that is told. Connections are looked at beside it: no zone
administers a stricter one.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.dates import date_number, days_later, number_date
from keiryo.errors import Severity
from keiryo.journal.reading import line_node
from keiryo.security_regime.computer_record import Computers, Measure, System, computers
from keiryo.security_regime.event_rule_table import MEASURE, RuleTable, in_force, rule_tables
from keiryo.security_regime.tables_events import ADMIN, IN_PLACE, LAPSED, PLANNED, TWO_WAY


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that is missing, overdue, or connected as it should not be.

    Attributes
    ----------
    code : str
    severity : Severity
    scope, name : str
        Where, and the system, zone or connection.
    message, advice : str
    level : int or None
    kind : str or None
        Kind of the measure, or of the connection.
    measure : str or None
    due : datetime.date or None
        The day that has passed.
    line : str or None
        Where what it is about stands in the record.
    rule : str or None
    """

    code: str
    severity: Severity
    scope: str
    name: str
    message: str
    advice: str
    level: int | None = None
    kind: str | None = None
    measure: str | None = None
    due: datetime.date | None = None
    line: str | None = None
    rule: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "scope": self.scope,
            "name": self.name,
            "level": self.level,
            "kind": self.kind,
            "measure": self.measure,
            "due": None if self.due is None else self.due.isoformat(),
            "message": self.message,
            "advice": self.advice,
            "line": self.line,
            "rule": self.rule,
        }


def computer_gaps(
    connection: Connection,
    metadata: MetaData,
    on: datetime.date,
    *,
    scope: str | None = None,
    rules: RuleTable | None = None,
    through_act: int | None = None,
) -> list[Gap]:
    """Return the gaps of computer security on a day.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    on : datetime.date
    scope : str, optional
        Only of this facility.
    rules : RuleTable, optional
        Measure against this table instead of the one in the record.
    through_act : int, optional
        As known with this act.
    """
    known = computers(connection, metadata, on=on, scope=scope, through_act=through_act)
    tables = rule_tables(connection, metadata, MEASURE, through_act)
    table = rules or in_force(tables, date_number(on))
    return gaps_of(known, table, on)


def gaps_of(known: Computers, table: RuleTable | None, on: datetime.date) -> list[Gap]:
    """Return the gaps of some systems and connections under a table of rules."""
    used = [one for one in known.systems.values() if one.in_use(on)]
    found = [
        *_without_rule(used, table),
        *(gap for one in used for gap in _of_system(one, table, on)),
        *_zones(known, on),
        *_connections(known, on),
    ]
    order = {Severity.INCONSISTENCY: 0, Severity.WARNING: 1}
    return sorted(found, key=lambda gap: (order[gap.severity], gap.scope, gap.name))


def _without_rule(used: Sequence[System], table: RuleTable | None) -> Iterator[Gap]:
    ruled = set() if table is None else {int(row["level"]) for row in table.rows}
    places = {(one.scope, one.level) for one in used}
    for scope, level in sorted(one for one in places if one[1] not in ruled):
        words = "no table of rules holds" if table is None else "the rules say nothing"
        yield Gap(
            "COMPUTER-NO-RULE",
            Severity.WARNING,
            scope,
            f"level {level}",
            f"{words} for level {level}: nothing can be said of what is missing",
            "Record the State's table: 'keiryo protection computer rules'.",
            level,
        )


def _of_system(one: System, table: RuleTable | None, on: datetime.date) -> Iterator[Gap]:
    rows = () if table is None else [row for row in table.rows if row["level"] == one.level]
    required = {str(row["kind"]) for row in rows}
    for row in rows:
        same = [each for each in one.measures.values() if each.kind == row["kind"]]
        found = [_gap(one, row, each, on) for each in same]
        if not found:
            yield _missing(one, row, None, "is missing")
        elif all(gap is not None for gap in found):
            yield next(gap for gap in reversed(found) if gap is not None)
    for each in one.measures.values():
        due = each.next_due
        asked = each.kind not in required and each.state not in (PLANNED, LAPSED)
        if asked and due is not None and due < date_number(on):
            yield _overdue(one, {}, each, number_date(due), Severity.WARNING)


def _gap(one: System, row: Mapping[str, Any], each: Measure, on: datetime.date) -> Gap | None:
    """Return why a measure does not do what a row of rules requires, or None if it does."""
    if each.state == PLANNED:
        return _missing(one, row, each, "is only planned")
    if each.state == LAPSED:
        return _missing(one, row, each, "has lapsed")
    days = [] if each.next_due is None else [number_date(each.next_due)]
    if row["within_days"] is not None:
        if each.state == IN_PLACE or each.verified_on is None:
            return _missing(one, row, each, "is in place and not verified")
        days.append(days_later(number_date(each.verified_on), int(row["within_days"])))
    if days and min(days) < on:
        return _overdue(one, row, each, min(days), Severity.INCONSISTENCY)
    return None


def _missing(one: System, row: Mapping[str, Any], each: Measure | None, words: str) -> Gap:
    kind = str(row["kind"])
    return Gap(
        "COMPUTER-MISSING",
        Severity.INCONSISTENCY,
        one.scope,
        one.name,
        f"{one.name} (level {one.level}): {kind} {words}",
        "Put it in place and let somebody else than the owner verify it.",
        one.level,
        kind,
        None if each is None else each.name,
        line=line_node(one.values if each is None else each.last),
        rule=line_node(row) if "act_id" in row else None,
    )


def _overdue(
    one: System, row: Mapping[str, Any], each: Measure, due: datetime.date, severity: Severity
) -> Gap:
    return Gap(
        "COMPUTER-OVERDUE",
        severity,
        one.scope,
        one.name,
        f"{one.name} (level {one.level}): {each.kind} was to be verified by {due}",
        "Verify it again and record that.",
        one.level,
        each.kind,
        each.name,
        due,
        line_node(each.last),
        line_node(row) if "act_id" in row else None,
    )


def _zones(known: Computers, on: datetime.date) -> Iterator[Gap]:
    for (scope, zone), levels in known.levels(on).items():
        if len(levels) > 1:
            listed = ", ".join(str(one) for one in sorted(levels))
            yield Gap(
                "COMPUTER-ZONE",
                Severity.WARNING,
                scope,
                zone,
                f"zone {zone} holds systems of the levels {listed}; it counts as {min(levels)}",
                "Give systems of another level a zone of their own, or raise their level.",
                min(levels),
            )


def _connections(known: Computers, on: datetime.date) -> Iterator[Gap]:
    levels = known.levels(on)
    for one in known.connections.values():
        first, second = (min(levels.get(zone, {0})) for zone in one.zones)
        if not one.there(on) or not first or not second or first == second:
            continue
        if one.kind == ADMIN and first > second:
            yield Gap(
                "COMPUTER-ADMIN",
                Severity.INCONSISTENCY,
                one.scope,
                one.name,
                f"{one.name}: a zone of level {first} administers one of level {second}",
                "Remove the connection: no zone administers a stricter one.",
                second,
                one.kind,
                line=line_node(one.values),
            )
        elif one.kind == TWO_WAY:
            yield Gap(
                "COMPUTER-TWO-WAY",
                Severity.WARNING,
                one.scope,
                one.name,
                f"{one.name}: zones of level {first} and {second} are connected both ways",
                "Make it one way, from the stricter zone to the other, or say why not.",
                min(first, second),
                one.kind,
                line=line_node(one.values),
            )
