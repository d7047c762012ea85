"""Plans of posts: how many items of a type each post has during an event.

A plan goes by event, post and type; recorded anew, the last line counts. What is there is counted
from the chain of custody, see `keiryo.equipment.alarms.counted`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.dates import DateError, number_date
from keiryo.equipment.record import BASIS, refused
from keiryo.equipment.tables import EQUIPMENT_PLAN, TYPES
from keiryo.errors import Finding, Severity
from keiryo.journal.model import Actor, Draft, Posted, Value
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.reading import rows_of
from keiryo.journal.registry import Check, Posting, Refusal
from keiryo.storage.engine import Database

PLAN = "equipment.plan"


def plans(connection: Connection, metadata: MetaData) -> list[dict[str, Any]]:
    """Return the plans of posts in force, in the order of event, post and type."""
    rows = rows_of(connection, metadata, EQUIPMENT_PLAN.name)
    last = {plan_name(row): row for row in rows}
    return [last[name] for name in sorted(last)]


def plan_name(row: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return what a plan goes by: event, post and type."""
    return str(row["event"]), str(row["post"]), str(row["type"])


def record_plans(
    database: Database,
    actor: Actor,
    rows: Sequence[Mapping[str, Value]],
    *,
    clock: Clock = system_clock,
) -> Posted:
    """Record plans of posts: one act, or nothing.

    Parameters
    ----------
    database, actor
    rows : sequence of mapping
        Fields of ``equipment_plan`` lines.

    Raises
    ------
    RefusedError
        If one does not hold: all findings.
    """
    made = Draft(PLAN, f"equipment:{uuid.uuid4()}")
    for row in rows:
        made.add(EQUIPMENT_PLAN.name, row, scope=actor.on_behalf_of)
    return post(database, made, actor, clock=clock)


def plan_findings(row: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong with a plan of a post."""
    where = f"{row['event']}, {row['post']}"
    try:
        in_order = number_date(row["first_day"]) <= number_date(row["last_day"])
    except DateError:
        in_order = False
    if not in_order or row["count"] < 0 or not (row["event"].strip() and row["post"].strip()):
        yield _finding(
            "EQUIPMENT-PLAN",
            f"{where}: a plan names an event and a post, a first day that does not lie after the "
            "last one, and how many items (0 or more)",
            "Correct the plan of the post.",
        )
    if row["type"] not in TYPES:
        yield _finding(
            "EQUIPMENT-TYPE",
            f"{where}: {row['type'][:60]!r} is no type of equipment",
            f"One of {', '.join(TYPES)}.",
        )


def check_plans(posting: Posting) -> Iterator[Refusal]:
    """Refuse plans that cannot be."""
    for line in posting.lines(EQUIPMENT_PLAN.name):
        yield from refused(plan_findings(line))


def _finding(code: str, message: str, advice: str) -> Finding:
    return Finding(code, Severity.FORMAT, message, advice, basis=BASIS)


PLANS_HOLD = Check("plans of posts", frozenset({EQUIPMENT_PLAN.name}), check_plans)
