"""The records of evidence as they stand: tests, maintenance, measures, alarms, by their names."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.dates import date_number, number_date
from keiryo.errors import NotFoundError
from keiryo.journal.reading import line_node, rows_of
from keiryo.places.tables import areas
from keiryo.protection.outages import in_force
from keiryo.security_evidence.kinds import KINDS, MEASURE, TEST, WORK
from keiryo.security_evidence.tables import PASS

Line = Mapping[str, Any]
Key = tuple[str, str]
"""Scope of the facility and name of the record."""
OPEN_KINDS = (TEST.name, WORK.name, MEASURE.name)


@dataclass(slots=True)
class Register:
    """Records as they stand, by kind, facility and name; lines can be added one by one."""

    lines: dict[str, dict[Key, Line]] = field(default_factory=dict)

    def add(self, kind: str, line: Line) -> None:
        """Take a line in; it takes the place of an earlier one of its name."""
        self.lines.setdefault(kind, {})[(line["scope"], line[KINDS[kind].id])] = line

    def get(self, kind: str, scope: str, name: Any) -> Line | None:
        """Return a record, or None."""
        return self.lines.get(kind, {}).get((scope, str(name)))

    def of(self, kind: str, scope: str | None = None) -> list[Line]:
        """Return the records of a kind, of one facility or all, in the order of their names."""
        known = self.lines.get(kind, {})
        return [known[key] for key in sorted(known) if scope in (None, key[0])]

    def measures_for(self, work: Line) -> list[Line]:
        """Return the measures that stand in for what a maintenance works on."""
        names = names_of(work)
        return [one for one in self.of(MEASURE.name, work["scope"]) if one["for_asset"] in names]


def names_of(work: Line) -> frozenset[str]:
    """Return what a maintenance concerns: the asset, and the element that it is a part of."""
    return frozenset(str(one) for one in (work["asset"], work.get("element")) if one)


def element_of(work: Line) -> str:
    """Return the element of the graph that a maintenance concerns."""
    return str(work.get("element") or work["asset"])


def in_outage(work: Line, on: datetime.date) -> bool:
    """Return whether an asset is out of service on a day because of a maintenance."""
    start = work["out_of_service_from"]
    return start is not None and in_force(on, number_date(start), day_of(work["returned"]))


def is_active(measure: Line, on: datetime.date) -> bool:
    """Return whether a compensatory measure stands on a day."""
    return in_force(on, number_date(measure["start_on"]), day_of(measure["end_on"]))


def tested_after(work: Line, test: Line | None) -> bool:
    """Return whether a test after a maintenance was passed."""
    return (
        test is not None
        and test["result"] == PASS
        and test["performed"] is not None
        and test["performed"] >= work["out_of_service_from"]
    )


def day_of(number: Any) -> datetime.date | None:
    """Return a day of the record, or None."""
    return None if number is None else number_date(int(number))


def iso(number: Any) -> str | None:
    """Return a day of the record as text, or None."""
    day = day_of(number)
    return None if day is None else day.isoformat()


def read_register(
    connection: Connection,
    metadata: MetaData,
    kinds: Iterable[str] = OPEN_KINDS,
    *,
    scope: str | None = None,
    through_act: int | None = None,
) -> Register:
    """Return the records of some kinds.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    kinds : iterable of str
    scope : str, optional
        Of one facility; default: all.
    through_act : int, optional
        As known with this act; default: now.
    """
    found = Register()
    for kind in kinds:
        table = metadata.tables[kind]
        conditions = () if scope is None else (table.c.scope == scope,)
        for row in rows_of(connection, metadata, kind, *conditions, through_act=through_act):
            found.add(kind, row)
    return found


def history(
    connection: Connection, metadata: MetaData, kind: str, scope: str, name: str
) -> list[dict[str, Any]]:
    """Return what was recorded under a name, the oldest first.

    Raises
    ------
    NotFoundError
        If there is nothing.
    """
    table = metadata.tables[kind]
    named = (table.c.scope == scope, table.c[KINDS[kind].id] == name)
    rows = rows_of(connection, metadata, kind, *named)
    if not rows:
        raise NotFoundError(
            f"{scope} has no {kind.replace('_', ' ')} {name[:40]!r}",
            "'keiryo protection evidence status FACILITY' lists what there is.",
        )
    return [record_dict(kind, row) for row in rows]


def record_dict(kind: str, line: Line) -> dict[str, Any]:
    """Return a record as plain data: days as texts, names in a list as lists."""
    spec, made = KINDS[kind], {"facility": line["scope"]}
    for name in (*spec.fields, "reason"):
        value = line.get(name)
        if name in spec.days:
            value = iso(value)
        elif name in spec.lists:
            value = str(value or "").split()
        elif name == "two_person":
            value = None if value is None else bool(value)
        made[name] = value
    return {**made, "line": line_node(line)}


def full_scope(state: str, given: Any) -> str:
    """Return the scope that a person means by a facility code or a scope.

    Examples
    --------
    >>> full_scope("XA", "XFA-"), full_scope("XA", "XA/XFA-")
    ('XA/XFA-', 'XA/XFA-')
    """
    text = str(given or "")
    return text if "/" in text else f"{state}/{text}"


def facilities(connection: Connection, metadata: MetaData) -> dict[str, str]:
    """Return the registered facilities by scope, each with its time zone."""
    found: dict[str, str] = {}
    for one in areas(connection, metadata).values():
        found.setdefault(one.scope.rpartition("/")[0], one.zone)
    return found


def zone_of(connection: Connection, metadata: MetaData, scope: str) -> str:
    """Return the time zone of a facility.

    Raises
    ------
    NotFoundError
        If it is not registered.
    """
    known = facilities(connection, metadata)
    if scope not in known:
        raise NotFoundError(
            f"{scope[:20]!r} is no registered facility",
            f"Known: {', '.join(sorted(known)[:10])}; 'keiryo areas list' lists their areas.",
        )
    return known[scope]


def last_lines(
    connection: Connection, metadata: MetaData, kind: str, **equal: str
) -> list[dict[str, Any]]:
    """Return the lines of a kind with some values, in the order of the record."""
    table = metadata.tables[kind]
    query = select(table).where(*(table.c[name] == value for name, value in equal.items()))
    query = query.order_by(table.c.act_id, table.c.line_no)
    return [dict(row) for row in connection.execute(query).mappings()]


def as_number(day: Any) -> Any:
    """Return a day of a row, a date or YYYYMMDD, as the record has it."""
    return date_number(day) if isinstance(day, datetime.date) else day
