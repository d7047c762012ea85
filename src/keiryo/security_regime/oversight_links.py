"""What plans, inspections and findings rest on, and what rests on them.

Nodes: ``secplan:PLAN/VERSION``, ``secinsp:NAME``, ``secfind:NAME``, and ``facility:XA/XFA-``, which
is protected under the plans in force today; ``facility:XA/XFA-@2027-05-31`` under those of a day.
A plan rests on its line, its steps and the version that took its place; an inspection on its line,
its steps and the inspection that it follows; a finding on its line, its actions and steps, and on
its inspection. Steps and actions rest on their evidence.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.dates import DateError, parse_date
from keiryo.journal.dependents import LINK_LIMIT, line_of
from keiryo.journal.lines_at import line_at
from keiryo.journal.reading import line_node
from keiryo.journal.registry import Link
from keiryo.security_regime import finding_record, inspection_record, plan_version
from keiryo.security_regime.plans import plans_in_force
from keiryo.security_regime.tables_oversight import (
    SECURITY_FINDING,
    SECURITY_FINDING_ACTION,
    SECURITY_FINDING_STEP,
    SECURITY_INSPECTION,
    SECURITY_INSPECTION_STEP,
    SECURITY_PLAN,
    SECURITY_PLAN_COVERAGE,
    SECURITY_PLAN_STEP,
)

PLAN, INSPECTION = plan_version.NODE, inspection_record.NODE
FINDING, FACILITY = finding_record.NODE, "facility:"

_RELATIONS = {
    SECURITY_PLAN.name: "recorded in",
    SECURITY_PLAN_STEP.name: "took the step",
    SECURITY_PLAN_COVERAGE.name: "addresses",
    SECURITY_INSPECTION.name: "recorded in",
    SECURITY_INSPECTION_STEP.name: "took the step",
    SECURITY_FINDING.name: "recorded in",
    SECURITY_FINDING_ACTION.name: "put right by",
    SECURITY_FINDING_STEP.name: "took the step",
}
"""How a node rests on the lines about it."""
_LAST_COUNTS = {
    SECURITY_PLAN.name: (),
    SECURITY_INSPECTION.name: (),
    SECURITY_FINDING.name: (),
    SECURITY_PLAN_COVERAGE.name: ("requirement",),
    SECURITY_FINDING_ACTION.name: ("action",),
}
"""Kinds of which the last line counts, for each value of these fields."""
_SHOWN = (SECURITY_FINDING.name, SECURITY_FINDING_ACTION.name, SECURITY_FINDING_STEP.name)


def explain(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield what a facility, a plan, an inspection, a finding, or a line about one rests on."""
    if node.startswith(FACILITY):
        yield from _facility(connection, metadata, node)
    elif (place := line_of(node)) is not None:
        for kind in _SHOWN:
            row = line_at(connection, metadata, kind, place)
            if row is not None:
                yield from (Link(node, "shown by", one) for one in _evidence_nodes(row))
    elif (about := _about(node)) is not None:
        yield from _record(connection, metadata, node, about)


def dependents(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield what rests on a line, a plan, an inspection, or a piece of evidence."""
    if (place := line_of(node)) is not None:
        for kind in _RELATIONS:
            row = line_at(connection, metadata, kind, place)
            if row is not None and _counts(connection, metadata, kind, row):
                yield Link(_node_of(kind, row), _RELATIONS[kind], node)
    elif node.startswith(("act:", "evidence:")):
        yield from _shown_by(connection, metadata, node)
    elif node.startswith(PLAN):
        name = node.removeprefix(PLAN)
        for row in _rows(connection, metadata, SECURITY_PLAN_STEP.name, {"successor": name}):
            yield Link(_node_of(SECURITY_PLAN_STEP.name, row), "superseded by", node)
        plan = _last(connection, metadata, SECURITY_PLAN.name, _about(node))
        if plan is not None:
            facility = FACILITY + plan["scope"]
            yield from (
                link for link in _facility(connection, metadata, facility) if link.target == node
            )
    elif node.startswith(INSPECTION):
        name = node.removeprefix(INSPECTION)
        yield from _on_inspection(connection, metadata, node, name)


def _about(node: str) -> tuple[tuple[str, ...], dict[str, str]] | None:
    """Return the kinds of line about a node, and the fields by which they name it."""
    prefix, _colon, name = node.partition(":")
    if prefix + ":" == PLAN:
        plan, _slash, version = name.partition("/")
        kinds = (SECURITY_PLAN.name, SECURITY_PLAN_STEP.name, SECURITY_PLAN_COVERAGE.name)
        return kinds, {"plan": plan, "version": version}
    if prefix + ":" == INSPECTION:
        return (SECURITY_INSPECTION.name, SECURITY_INSPECTION_STEP.name), {"inspection": name}
    return (finding_record.KINDS, {"finding": name}) if prefix + ":" == FINDING else None


def _node_of(kind: str, row: Mapping[str, Any]) -> str:
    if "plan" in row:
        return f"{PLAN}{row['plan']}/{row['version']}"
    if kind in finding_record.KINDS:
        return FINDING + str(row["finding"])
    return INSPECTION + str(row["inspection"])


def _facility(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    scope, at, text = node.removeprefix(FACILITY).partition("@")
    try:
        day = parse_date(text) if at else datetime.date.today()
    except DateError:
        return
    for plan in plans_in_force(connection, metadata, scope, day):
        yield Link(node, "protected under", PLAN + plan.name)


def _record(
    connection: Connection,
    metadata: MetaData,
    node: str,
    about: tuple[tuple[str, ...], dict[str, str]],
) -> Iterator[Link]:
    kinds, named = about
    for kind in kinds:
        for row in _rows(connection, metadata, kind, named):
            if _counts(connection, metadata, kind, row):
                yield Link(node, _RELATIONS[kind], line_node(row))
            if row.get("successor"):
                yield Link(node, "superseded by", PLAN + row["successor"])
    last = _last(connection, metadata, kinds[0], about)
    if last is not None and last.get("follows"):
        yield Link(node, "follows", INSPECTION + last["follows"])
    if last is not None and kinds[0] == SECURITY_FINDING.name:
        yield Link(node, "found in", INSPECTION + last["inspection"])


def _on_inspection(
    connection: Connection, metadata: MetaData, node: str, name: str
) -> Iterator[Link]:
    for kind, column, relation in (
        (SECURITY_FINDING.name, "inspection", "found in"),
        (SECURITY_INSPECTION.name, "follows", "follows"),
    ):
        for row in _rows(connection, metadata, kind, {column: name}):
            if _counts(connection, metadata, kind, row):
                yield Link(_node_of(kind, row), relation, node)


def _evidence_nodes(row: Mapping[str, Any]) -> Iterator[str]:
    for one in str(row["evidence"] or "").split():
        if one.startswith("act:"):
            yield one
        elif len(one) == 64 and all(sign in "0123456789abcdef" for sign in one):
            yield f"evidence:{one}"


def _shown_by(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    name = node.removeprefix("evidence:")
    for kind in _SHOWN:
        table = metadata.tables[kind]
        query = select(table).where(table.c.evidence.contains(name, autoescape=True))
        query = query.order_by(table.c.act_id, table.c.line_no).limit(LINK_LIMIT)
        for row in connection.execute(query).mappings():
            if name in str(row["evidence"]).split():
                yield Link(line_node(dict(row)), "shown by", node)


def _counts(connection: Connection, metadata: MetaData, kind: str, row: Mapping[str, Any]) -> bool:
    """Return whether a line counts: steps always, of what is recorded anew the last one."""
    if kind not in _LAST_COUNTS:
        return True
    about = _about(_node_of(kind, row))
    assert about is not None
    named = {**about[1], **{name: row[name] for name in _LAST_COUNTS[kind]}}
    last = _last(connection, metadata, kind, ((kind,), named))
    return last is not None and line_node(last) == line_node(row)


def _last(
    connection: Connection,
    metadata: MetaData,
    kind: str,
    about: tuple[tuple[str, ...], dict[str, str]] | None,
) -> dict[str, Any] | None:
    assert about is not None
    table = metadata.tables[kind]
    query = select(table).where(*(table.c[name] == value for name, value in about[1].items()))
    query = query.order_by(table.c.act_id.desc(), table.c.line_no.desc()).limit(1)
    row = connection.execute(query).mappings().first()
    return None if row is None else dict(row)


def _rows(
    connection: Connection, metadata: MetaData, kind: str, named: Mapping[str, str]
) -> list[dict[str, Any]]:
    table = metadata.tables[kind]
    query = select(table).where(*(table.c[name] == value for name, value in named.items()))
    query = query.order_by(table.c.act_id, table.c.line_no).limit(LINK_LIMIT)
    return [dict(row) for row in connection.execute(query).mappings()]
