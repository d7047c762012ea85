"""Commitments at work: how each stands, who looks after it, when it is due, and its next step."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.cooperation.life_cycle import (
    OPEN_STATES,
    Due,
    Step,
    due_day,
    first_state,
    step_problems,
)
from keiryo.cooperation.register import Register, RegisterObject, read_recorded
from keiryo.cooperation.tables import COMMITMENT, COMMITMENT_CARE, COMMITMENT_STEP
from keiryo.dates import date_number, number_date
from keiryo.errors import ConflictError, Finding, RefusedError, Severity, UsageError
from keiryo.journal.model import Actor, Draft, Posted, Value
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.storage.engine import Database
from keiryo.storage.schema import ACT

STEP, CARE = "cooperation.step", "cooperation.care"
MOST_WORDS = 2_000


@dataclass(frozen=True, slots=True)
class StandingCommitment:
    """A commitment as it stands.

    Attributes
    ----------
    register : RegisterObject
        What the register says of it.
    state : str
    since : datetime.date
        Day of its last step, or of the act that recorded it.
    due : Due or None
        When it is due or looked at again; None where it is over.
    care : mapping
        Owner, deputy, next action, days, risk; empty where nobody looks after it yet.
    steps : tuple of mapping
        Its steps, in order.
    """

    register: RegisterObject
    state: str
    since: datetime.date
    due: Due | None
    care: Mapping[str, Any]
    steps: tuple[Mapping[str, Any], ...] = ()

    @property
    def name(self) -> str:
        """Its name in the register."""
        return self.register.name

    @property
    def is_open(self) -> bool:
        """Whether anything may still follow."""
        return self.state in OPEN_STATES

    def overdue(self, on: datetime.date) -> bool:
        """Return whether its day has passed; a day of review is nobody's duty."""
        return self.due is not None and not self.due.review and self.due.day < on

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values for JSON."""
        values, due = self.register.values, self.due
        return {
            "commitment": self.name,
            "kind": values["kind"],
            "state": self.state,
            "since": self.since.isoformat(),
            "actors": list(self.register.names("actors")),
            "modality": values["modality"],
            "strength": values["strength"],
            "action": values["action"],
            "area": values["area"],
            "condition": values["condition"],
            "condition_type": values["condition_type"],
            "under": values["under"],
            "owner": self.care.get("owner"),
            "next_action": self.care.get("next_action"),
            "due": None if due is None or due.review else due.day.isoformat(),
            "review": due.day.isoformat() if due is not None and due.review else None,
            "quotations": [
                {
                    "source": one["source"],
                    "paragraph": one["paragraph"],
                    "lines": [one["first_line"], one["last_line"]],
                    "quote": one["words"],
                }
                for one in self.register.quotations
            ],
            "line": self.register.line,
        }


def commitments(
    connection: Connection, metadata: MetaData, register: Register | None = None
) -> list[StandingCommitment]:
    """Return all commitments as they stand, in the order of the register."""
    known = read_recorded(connection, metadata) if register is None else register
    steps: dict[str, list[Mapping[str, Any]]] = {}
    for row in _rows(connection, metadata, COMMITMENT_STEP.name):
        steps.setdefault(str(row["commitment"]), []).append(row)
    care = {
        str(row["commitment"]): row for row in _rows(connection, metadata, COMMITMENT_CARE.name)
    }
    act = metadata.tables[ACT]
    days = {
        int(number): str(at)[:10]
        for number, at in connection.execute(select(act.c.act_id, act.c.recorded_at))
    }
    return [
        _standing(one, tuple(steps.get(one.name, ())), care.get(one.name, {}), days)
        for one in known.of_kind(COMMITMENT.name)
    ]


def _rows(connection: Connection, metadata: MetaData, kind: str) -> list[dict[str, Any]]:
    table = metadata.tables[kind]
    query = select(table).order_by(table.c.act_id, table.c.line_no)
    return [dict(row) for row in connection.execute(query).mappings()]


def _standing(
    one: RegisterObject,
    steps: tuple[Mapping[str, Any], ...],
    care: Mapping[str, Any],
    days: Mapping[int, str],
) -> StandingCommitment:
    values = one.values
    recorded = datetime.date.fromisoformat(days[int(values["act_id"])])
    state = first_state(str(values["kind"]), int(values["strength"]), values["condition_type"])
    since = recorded
    if steps:
        state, since = str(steps[-1]["state"]), number_date(int(steps[-1]["on_day"]))
    if state not in OPEN_STATES:
        return StandingCommitment(one, state, since, None, care, steps)
    return StandingCommitment(one, state, since, _due(one, care, recorded), care, steps)


def _due(one: RegisterObject, care: Mapping[str, Any], recorded: datetime.date) -> Due:
    if care.get("due_on"):
        return Due(number_date(int(care["due_on"])))
    if care.get("review_on"):
        return Due(number_date(int(care["review_on"])), review=True)
    stated = one.date("due") or {}
    return due_day(stated.get("value"), stated.get("latest"), recorded)


@dataclass(frozen=True, slots=True)
class StepWanted:
    """A step that somebody wants to record.

    Attributes
    ----------
    commitment, state : str
    on : datetime.date
        Day on which it happened.
    reason : str
    evidence : tuple of str
        Digests of files in the evidence store, or acts as ``act:17``.
    side : str or None
        The organisation whose act it is.
    triggered : bool
        Whether the condition has occurred.
    approved_by : str or None
        The second person who looked at the evidence.
    """

    commitment: str
    state: str
    on: datetime.date
    reason: str
    evidence: tuple[str, ...] = ()
    side: str | None = None
    triggered: bool = False
    approved_by: str | None = None


def take_step(
    database: Database,
    actor: Actor,
    wanted: StepWanted,
    *,
    seen: str | None = None,
    clock: Clock = system_clock,
) -> Posted:
    """Record a step in the life of a commitment.

    Parameters
    ----------
    seen : str, optional
        The state that the person saw; if it is another one by now, nothing is recorded.

    Raises
    ------
    RefusedError
        If the step cannot be taken: every reason, each with what to do.
    ConflictError
        If somebody took a step in between.
    NotFoundError
        If there is no such commitment.
    """

    def draft(connection: Connection) -> Draft:
        known = read_recorded(connection, database.metadata)
        known.get(wanted.commitment)
        now = {one.name: one for one in commitments(connection, database.metadata, known)}
        if wanted.commitment not in now:
            raise UsageError(f"{wanted.commitment} is no commitment", "Give the name of one.")
        standing = now[wanted.commitment]
        if seen is not None and seen != standing.state:
            raise ConflictError(
                f"{standing.name} has become {standing.state} in between; nothing was recorded",
                "Look at it again.",
            )
        if findings := _step_findings(connection, database.metadata, standing, wanted, actor):
            raise RefusedError(
                f"{standing.name} cannot become {wanted.state}; nothing was recorded",
                findings,
                "Put right what the findings say.",
            )
        values: dict[str, Value] = {
            "commitment": standing.name,
            "before": standing.state,
            "state": wanted.state,
            "on_day": date_number(wanted.on),
            "reason": wanted.reason.strip(),
            "evidence": " ".join(wanted.evidence) or None,
            "side": wanted.side,
            "approved_by": wanted.approved_by,
        }
        made = Draft(STEP, f"cooperation:{uuid.uuid4()}", reason=wanted.reason.strip())
        made.add(COMMITMENT_STEP.name, values, scope=actor.on_behalf_of)
        return made

    return post(database, draft, actor, clock=clock)


def _step_findings(
    connection: Connection,
    metadata: MetaData,
    standing: StandingCommitment,
    wanted: StepWanted,
    actor: Actor,
) -> list[Finding]:
    values = standing.register.values
    step = Step(
        state=standing.state,
        following=wanted.state,
        kind=str(values["kind"]),
        strength=int(values["strength"]),
        reason=wanted.reason,
        evidence=len(wanted.evidence),
        second_person=wanted.approved_by not in (None, actor.person),
        other_side=_is_other_side(standing, wanted.side),
        triggered=wanted.triggered,
    )
    found = [
        Finding("COMMITMENT-STEP", Severity.FORMAT, f"{standing.name}: {message}", advice)
        for message, advice in step_problems(step)
    ]
    if wanted.on < standing.since and standing.steps:
        found.append(
            Finding(
                "COMMITMENT-DAY",
                Severity.FORMAT,
                f"{standing.name}: {wanted.on} lies before its last step of {standing.since}",
                "Steps follow one another; correct the day.",
            )
        )
    found += _unknown_evidence(connection, metadata, wanted.evidence)
    return found


def _is_other_side(standing: StandingCommitment, side: str | None) -> bool:
    """Return whether an act is that of somebody other than who made the offer."""
    return side is not None and side not in standing.register.names("actors")


def _unknown_evidence(
    connection: Connection, metadata: MetaData, evidence: tuple[str, ...]
) -> list[Finding]:
    act, files = metadata.tables[ACT], metadata.tables["evidence"]
    found = []
    for one in evidence:
        kind, _colon, number = one.partition(":")
        if kind == "act" and number.isdigit():
            query = select(act.c.act_id).where(act.c.act_id == int(number))
        else:
            query = select(files.c.act_id).where(files.c.digest == one).limit(1)
        if connection.execute(query).first() is None:
            found.append(
                Finding(
                    "COMMITMENT-EVIDENCE",
                    Severity.FORMAT,
                    f"there is no evidence {one[:80]!r} in the record",
                    "Name an act (act:17), or give the file itself.",
                )
            )
    return found
