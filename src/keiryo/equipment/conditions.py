"""What happens to items: damaged, lost, serviceable again, retired.

Whoever had an item when it was lost stays its custodian: the chain goes on when it is found. What
happens while an item is out under a loan names the loan.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from keiryo.dates import date_number, number_date
from keiryo.equipment.items import item, items
from keiryo.equipment.loan_states import OUT
from keiryo.equipment.loans import loan_out, loans
from keiryo.equipment.record import BASIS, File, evidence_findings, kept, refused, unknown
from keiryo.equipment.tables import (
    CONDITIONS,
    DAMAGED,
    EQUIPMENT_CONDITION,
    LOST,
    RETIRED,
    SERVICEABLE,
)
from keiryo.errors import Finding, Severity
from keiryo.journal.model import Actor, Draft, Posted, Value
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.registry import Check, Posting, Refusal
from keiryo.storage.engine import Database

CONDITION = "equipment.condition"

CHANGES: dict[str, frozenset[str]] = {
    SERVICEABLE: frozenset({DAMAGED, LOST, RETIRED}),
    DAMAGED: frozenset({SERVICEABLE, LOST, RETIRED}),
    LOST: frozenset({SERVICEABLE, DAMAGED, RETIRED}),
    RETIRED: frozenset(),
}
"""Which condition may follow which; what is retired stays retired."""


def record_condition(
    database: Database,
    actor: Actor,
    serial: str,
    condition: str,
    *,
    on: datetime.date,
    reason: str,
    evidence: tuple[str, ...] = (),
    files: tuple[File, ...] = (),
    clock: Clock = system_clock,
) -> Posted:
    """Record that an item is damaged, lost, serviceable again, or retired.

    If it is out under a loan, the line names the loan.

    Raises
    ------
    RefusedError
        If that cannot follow.
    NotFoundError
        If there is no such item.
    """

    def draft(connection: Connection) -> Draft:
        standing = item(connection, database.metadata, serial)
        under = loan_out(loans(connection, database.metadata), serial)
        values: dict[str, Value] = {
            "serial": serial,
            "before": standing.condition,
            "condition": condition,
            "on_day": date_number(on),
            "reason": reason.strip(),
            "loan": None if under is None else under.name,
        }
        shown = kept(database, evidence, files)
        values["evidence"] = shown.text
        made = Draft(CONDITION, f"equipment:{uuid.uuid4()}", reason=reason.strip() or None)
        return shown.added(made, EQUIPMENT_CONDITION.name, values, actor, clock)

    return post(database, draft, actor, clock=clock)


def check_conditions(posting: Posting) -> Iterator[Refusal]:
    """Refuse a condition that cannot follow."""
    known = items(posting.connection, posting.metadata)
    every = loans(posting.connection, posting.metadata)
    before_act = posting.act_id - 1
    earlier_items = items(posting.connection, posting.metadata, through_act=before_act)
    now = {serial: (one.condition, one.conditions) for serial, one in earlier_items.items()}
    for line in posting.lines(EQUIPMENT_CONDITION.name):
        serial = line["serial"]
        if serial not in known:
            yield Refusal(unknown(serial))
            continue
        before, earlier = now.get(serial, (SERVICEABLE, ()))
        yield from refused(_condition_findings(line, before, earlier))
        yield from refused(evidence_findings(posting, serial, line["evidence"]))
        named = line["loan"]
        if named is not None and (
            named not in every
            or serial not in every[named].serials
            or every[named].state not in OUT
        ):
            yield Refusal(
                _finding(
                    "EQUIPMENT-CONDITION-LOAN",
                    f"{serial} is not out under the loan {named[:60]!r}",
                    "Name the loan under which it is out, or none.",
                )
            )
        now[serial] = (line["condition"], (*earlier, line))


def _condition_findings(
    line: Mapping[str, Any], before: str, earlier: Sequence[Mapping[str, Any]]
) -> Iterator[Finding]:
    serial, condition = line["serial"], line["condition"]
    if line["before"] != before or condition not in CHANGES[before]:
        allowed = ", ".join(one for one in CONDITIONS if one in CHANGES[before])
        yield _finding(
            "EQUIPMENT-CONDITION",
            f"{serial} is {before}; it cannot be recorded from {line['before']} to {condition}",
            f"It may become: {allowed or 'nothing any more'}.",
        )
    elif earlier and line["on_day"] < earlier[-1]["on_day"]:
        yield _finding(
            "EQUIPMENT-CONDITION",
            f"{serial}: the day lies before {number_date(earlier[-1]['on_day'])}, when it "
            f"became {before}",
            "What happens to an item follows in order; correct the day.",
        )
    if not line["reason"].strip():
        yield _finding(
            "EQUIPMENT-REASON",
            f"{serial}: nothing says what happened",
            "Say what happened; it stands in the record.",
        )


def _finding(code: str, message: str, advice: str) -> Finding:
    return Finding(code, Severity.FORMAT, message, advice, basis=BASIS)


CONDITIONS_FOLLOW = Check(
    "conditions of equipment", frozenset({EQUIPMENT_CONDITION.name}), check_conditions
)
