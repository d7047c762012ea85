"""What is done for an event becomes an act: lines, and the files that show them as evidence."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.dates import parse_time, utc_text
from keiryo.errors import Finding, RefusedError
from keiryo.journal.evidence import add_evidence, keep_file
from keiryo.journal.model import Actor, Draft, Posted, Value
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.reading import rows_of
from keiryo.public_events.plans import in_force, plan_of
from keiryo.public_events.sheets import EventPlan, plan_finding
from keiryo.sheet_rows import SheetTable
from keiryo.storage.engine import Database

File = tuple[str, bytes]


def refuse(findings: Iterable[Finding], what: str) -> None:
    """Raise all findings at once; nothing, if there are none."""
    if told := list(findings):
        raise RefusedError(f"{what} was refused; nothing was recorded", told)


def plan_in_force(
    connection: Connection, metadata: MetaData, event: str, *, through_act: int | None = None
) -> EventPlan:
    """Return the plan of an event that was approved last.

    Raises
    ------
    RefusedError
        If no version was approved: without a plan nothing is done.
    """
    found = in_force(connection, metadata, event, through_act=through_act)
    if found is None:
        raise RefusedError(
            "nothing was recorded", [_no_plan(event)], "'keiryo public-event list' lists the plans."
        )
    return plan_of(connection, metadata, event, str(found.values["version"]))


def _no_plan(event: str) -> Finding:
    return plan_finding(
        "PUBLIC-EVENT-NO-PLAN",
        f"no version of a plan of {event[:40]!r} is approved",
        "Record a plan and have somebody else approve it.",
    )


def named(plan: EventPlan, sheet: str, column: str) -> dict[str, Mapping[str, Any]]:
    """Return the rows of a sheet by one of its columns."""
    return {str(row[column]): row for row in plan.rows[sheet]}


def events_rows(
    connection: Connection,
    metadata: MetaData,
    kind: str,
    event: str,
    *,
    through_act: int | None = None,
) -> list[dict[str, Any]]:
    """Return the lines of a kind that are about an event, in order."""
    same = metadata.tables[kind].c.event == event
    return rows_of(connection, metadata, kind, same, through_act=through_act)


def record(
    database: Database,
    actor: Actor,
    kind: str,
    lines: Sequence[tuple[str, Mapping[str, Value]]],
    *,
    file: File | None = None,
    reason: str | None = None,
    clock: Clock = system_clock,
) -> Posted:
    """Record lines as one act of the kind ``public_event.KIND``.

    Parameters
    ----------
    database, actor, kind
    lines : sequence of (str, mapping)
        Kind of line and values; ``evidence`` is filled in where a file shows them.
    file : (name, content), optional
        Kept as evidence.

    Raises
    ------
    RefusedError
        If the record does not allow it: all findings.
    """
    made = Draft(f"public_event.{kind}", f"public-event:{uuid.uuid4()}", reason=reason)
    shown: dict[str, Value] = {}
    if file is not None:
        held = keep_file(database.evidence, *file)
        add_evidence(made, held, actor.on_behalf_of, "public event", utc_text(clock()))
        shown = {"evidence": held.digest}
    for name, values in lines:
        made.add(name, {**values, **shown}, scope=actor.on_behalf_of)
    return post(database, made, actor, clock=clock)


def future(moments: Iterable[str], clock: Clock) -> list[Finding]:
    """Return findings for moments that have not come yet."""
    now = utc_text(clock())
    return [
        plan_finding(
            "PUBLIC-EVENT-FUTURE",
            f"{one[:16].replace('T', ' ')} UTC has not come yet",
            "Record what has happened; correct the day, the time or the offset.",
        )
        for one in sorted({one for one in moments if one > now})
    ]


def as_json(value: object) -> str:
    """Return a value as JSON with keys in order; no number that is none."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False)


def day_table(
    columns: Sequence[str], needed: Sequence[str], *, wholes: Iterable[str] = (), lists: str = ""
) -> SheetTable:
    """Return how a sheet of the days of an event is read."""
    return SheetTable(
        tuple(columns),
        tuple(needed),
        lambda words, advice: plan_finding("PUBLIC-EVENT-DAY-SHEET", words, advice),
        lambda words, advice: plan_finding("PUBLIC-EVENT-DAY-CELL", words, advice),
        wholes=frozenset(wholes),
        lists=frozenset(lists.split()),
    )


def at_row(found: Finding, name: str, row: Mapping[str, Any]) -> Finding:
    """Return a finding with the place of the row of a sheet that it is about."""
    return replace(found, file=name, line=row["line"])


def moment(text: object) -> str | None:
    """Return a moment with its offset in UTC; None if it is none."""
    read = parse_time(str(text or ""))
    return None if read is None else utc_text(read)


def bad_cell(words: str, advice: str = "Correct the row or take it out.") -> Finding:
    """Return the finding that a value in a sheet of the days cannot be."""
    return plan_finding("PUBLIC-EVENT-DAY-CELL", words, advice)


def not_planned(noun: str, name: object) -> Finding:
    """Return the finding that the plan in force does not have what is named."""
    return plan_finding(
        "PUBLIC-EVENT-NOT-PLANNED",
        f"the plan in force has no {noun} {str(name)[:40]!r}",
        "Correct the name, or have a version of the plan approved that has it.",
    )
