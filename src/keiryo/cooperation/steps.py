"""What is done with a commitment: it is claimed to be fulfilled, takes a step, is looked after.

Every rule stands in the posting pipeline, whatever the face that asks: which state may follow
which, that nothing is fulfilled without evidence and the act of a second person, that an offer
becomes an agreement by the other side only. No date ever changes a state.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.cooperation.commitments import StandingCommitment, commitments
from keiryo.cooperation.life_cycle import FULFILLED, Step, step_problems
from keiryo.cooperation.tables import (
    COMMITMENT_CARE,
    COMMITMENT_CLAIM,
    COMMITMENT_STEP,
)
from keiryo.dates import date_number, number_date, utc_text
from keiryo.errors import ConflictError, Finding, NotFoundError, Severity, UsageError
from keiryo.journal.evidence import KeptFile, add_evidence, keep_file
from keiryo.journal.model import Actor, Draft, Posted, Value
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.registry import Check, Posting, Refusal
from keiryo.journal.tables import EVIDENCE
from keiryo.storage.engine import Database
from keiryo.storage.schema import ACT

CLAIM, STEP, CARE = "cooperation.claim", "cooperation.step", "cooperation.care"
BASIS = "docs/theory/cooperation.md"

File = tuple[str, bytes]
"""Name and content."""


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
        Digests of files of evidence, or acts as ``act:17``.
    files : tuple of (name, content)
        Files that are kept as evidence with the step.
    side : str or None
        The organisation whose act it is.
    occurred : str or None
        What occurred, where the commitment slept until then.
    claim_act : int or None
        The act of somebody else who claimed that it is fulfilled.
    """

    commitment: str
    state: str
    on: datetime.date
    reason: str
    evidence: tuple[str, ...] = ()
    files: tuple[File, ...] = ()
    side: str | None = None
    occurred: str | None = None
    claim_act: int | None = None


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
        standing = standing_commitment(connection, database.metadata, wanted.commitment)
        if seen is not None and seen != standing.state:
            raise ConflictError(
                f"{standing.name} has become {standing.state} in between; nothing was recorded",
                "Look at it again.",
            )
        values: dict[str, Value] = {
            "commitment": standing.name,
            "before": standing.state,
            "state": wanted.state,
            "on_day": date_number(wanted.on),
            "reason": wanted.reason.strip(),
            "side": wanted.side,
            "occurred": wanted.occurred,
            "claim_act": wanted.claim_act,
        }
        shown = _kept(database, wanted.evidence, wanted.files)
        made = Draft(STEP, f"cooperation:{uuid.uuid4()}", reason=wanted.reason.strip() or None)
        values["evidence"] = shown.text or None
        return shown.added(made, COMMITMENT_STEP.name, values, actor, clock)

    return post(database, draft, actor, clock=clock)


def turn_down(
    database: Database,
    actor: Actor,
    commitment: str,
    claim_act: int,
    *,
    on: datetime.date,
    reason: str,
    clock: Clock = system_clock,
) -> Posted:
    """Turn down a claim that a commitment is fulfilled, or take back one's own.

    The commitment stays as it is; the claim is answered.

    Raises
    ------
    RefusedError
        If there is no such claim, it was answered already, or no reason is given.
    NotFoundError
        If there is no such commitment.
    """

    def draft(connection: Connection) -> Draft:
        standing = standing_commitment(connection, database.metadata, commitment)
        made = Draft(STEP, f"cooperation:{uuid.uuid4()}", reason=reason.strip() or None)
        values: dict[str, Value] = {
            "commitment": commitment,
            "before": standing.state,
            "state": standing.state,
            "on_day": date_number(on),
            "reason": reason.strip(),
            "claim_act": claim_act,
        }
        made.add(COMMITMENT_STEP.name, values, scope=actor.on_behalf_of)
        return made

    return post(database, draft, actor, clock=clock)


def claim_fulfilled(
    database: Database,
    actor: Actor,
    commitment: str,
    *,
    on: datetime.date,
    reason: str,
    evidence: tuple[str, ...] = (),
    files: tuple[File, ...] = (),
    clock: Clock = system_clock,
) -> Posted:
    """Claim that a commitment is fulfilled; a second person looks at the evidence and decides.

    Raises
    ------
    RefusedError
        If it cannot be fulfilled as it stands, or nothing shows it.
    NotFoundError
        If there is no such commitment.
    """

    def draft(connection: Connection) -> Draft:
        standing_commitment(connection, database.metadata, commitment)
        values: dict[str, Value] = {
            "commitment": commitment,
            "on_day": date_number(on),
            "reason": reason.strip(),
        }
        shown = _kept(database, evidence, files)
        made = Draft(CLAIM, f"cooperation:{uuid.uuid4()}", reason=reason.strip() or None)
        values["evidence"] = shown.text
        return shown.added(made, COMMITMENT_CLAIM.name, values, actor, clock)

    return post(database, draft, actor, clock=clock)


@dataclass(frozen=True, slots=True)
class Care:
    """Who looks after a commitment, and what comes next."""

    owner: str | None = None
    deputy: str | None = None
    next_action: str | None = None
    next_on: datetime.date | None = None
    due_on: datetime.date | None = None
    review_on: datetime.date | None = None
    risk: str | None = None


def take_care(
    database: Database,
    actor: Actor,
    commitment: str,
    care: Care,
    *,
    clock: Clock = system_clock,
) -> Posted:
    """Record who looks after a commitment; what is left out is as it was.

    Raises
    ------
    NotFoundError
        If there is no such commitment.
    UsageError
        If nothing is said.
    """
    given: dict[str, Value] = {
        "owner": care.owner,
        "deputy": care.deputy,
        "next_action": care.next_action,
        "risk": care.risk,
        **{
            name: None if day is None else date_number(day)
            for name, day in (
                ("next_on", care.next_on),
                ("due_on", care.due_on),
                ("review_on", care.review_on),
            )
        },
    }
    if not any(value is not None for value in given.values()):
        raise UsageError("nothing is said about it", "Give an owner, a day or what is done next.")

    def draft(connection: Connection) -> Draft:
        standing = standing_commitment(connection, database.metadata, commitment)
        values: dict[str, Value] = {"commitment": commitment}
        for name, value in given.items():
            values[name] = standing.care.get(name) if value is None else value
        made = Draft(CARE, f"cooperation:{uuid.uuid4()}")
        made.add(COMMITMENT_CARE.name, values, scope=actor.on_behalf_of)
        return made

    return post(database, draft, actor, clock=clock)


def standing_commitment(
    connection: Connection, metadata: MetaData, name: str
) -> StandingCommitment:
    """Return a commitment as it stands.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    """
    for one in commitments(connection, metadata):
        if one.name == name:
            return one
    raise NotFoundError(
        f"there is no commitment {name[:60]!r} in the register",
        "'keiryo cooperation commitments' lists their names.",
    )


@dataclass(frozen=True, slots=True)
class _Shown:
    """What shows that something was done: names of evidence, and files kept just now."""

    names: tuple[str, ...]
    files: tuple[KeptFile, ...]

    @property
    def text(self) -> str:
        """The names as they are recorded."""
        return " ".join(dict.fromkeys((*self.names, *(one.digest for one in self.files))))

    def added(
        self, made: Draft, kind: str, values: Mapping[str, Value], actor: Actor, clock: Clock
    ) -> Draft:
        """Add the files and then the line to a draft."""
        for one in self.files:
            add_evidence(made, one, actor.on_behalf_of, "commitment", utc_text(clock()))
        made.add(kind, values, scope=actor.on_behalf_of)
        return made


def _kept(database: Database, names: tuple[str, ...], files: tuple[File, ...]) -> _Shown:
    return _Shown(names, tuple(keep_file(database.evidence, *one) for one in files))


def check_steps(posting: Posting) -> Iterator[Refusal]:
    """Refuse a step or a claim that the life of a commitment does not allow."""
    before = posting.act_id - 1
    now = {
        one.name: one
        for one in commitments(posting.connection, posting.metadata, through_act=before)
    }
    for line in posting.lines(COMMITMENT_STEP.name):
        standing = now.get(str(line["commitment"]))
        if standing is None:
            yield _unknown(str(line["commitment"]))
            continue
        yield from _step_refusals(posting, standing, line)
    for line in posting.lines(COMMITMENT_CLAIM.name):
        standing = now.get(str(line["commitment"]))
        if standing is None:
            yield _unknown(str(line["commitment"]))
            continue
        step = _step(standing, FULFILLED, line, second=True)
        yield from _problems(standing, step)
        yield from _evidence_refusals(posting, standing.name, line["evidence"])


def _step_refusals(
    posting: Posting, standing: StandingCommitment, line: Mapping[str, Any]
) -> Iterator[Refusal]:
    if line["before"] != standing.state:
        yield _refusal(
            "COMMITMENT-STEP",
            f"{standing.name} is {standing.state}, not {line['before']}",
            "Look at it again: somebody took a step in between.",
        )
        return
    if line["claim_act"] is not None and line["state"] == standing.state:
        yield from _answer_refusals(posting, standing, line)
        return
    claim = _claim(posting, line) if line["claim_act"] is not None else None
    evidence = claim["evidence"] if claim is not None else line["evidence"]
    step = _step(standing, str(line["state"]), {**line, "evidence": evidence}, claim is not None)
    yield from _problems(standing, step)
    if standing.steps and number_date(int(line["on_day"])) < standing.since:
        yield _refusal(
            "COMMITMENT-DAY",
            f"{standing.name}: the step lies before its last one of {standing.since}",
            "Steps follow one another; correct the day.",
        )
    yield from _evidence_refusals(posting, standing.name, line["evidence"])


def _answer_refusals(
    posting: Posting, standing: StandingCommitment, line: Mapping[str, Any]
) -> Iterator[Refusal]:
    """Refuse to turn down what nobody claims."""
    table = posting.table(COMMITMENT_CLAIM.name)
    query = select(table.c.act_id).where(
        table.c.act_id == line["claim_act"], table.c.commitment == standing.name
    )
    claimed = posting.connection.execute(query).first() is not None
    if not claimed or any(one["claim_act"] == line["claim_act"] for one in standing.steps):
        yield _refusal(
            "COMMITMENT-CLAIM",
            f"{standing.name}: act {line['claim_act']} holds no claim that waits for an answer",
            "Look at the commitment again; a claim is answered once.",
        )
    if not str(line["reason"]).strip():
        yield _refusal(
            "COMMITMENT-STEP",
            f"{standing.name}: no reason is given",
            "Say what the evidence does not show; it stands in the record.",
        )


def _claim(posting: Posting, line: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the claim of somebody else about the same commitment, if the step names one."""
    table, act = posting.table(COMMITMENT_CLAIM.name), posting.metadata.tables[ACT]
    query = (
        select(table)
        .join(act, act.c.act_id == table.c.act_id)
        .where(
            table.c.act_id == line["claim_act"],
            table.c.commitment == line["commitment"],
            act.c.person != (posting.actor.person if posting.actor is not None else ""),
        )
    )
    found = posting.connection.execute(query).mappings().first()
    return None if found is None else dict(found)


def _step(standing: StandingCommitment, state: str, line: Mapping[str, Any], second: bool) -> Step:
    values, side = standing.register.values, line.get("side")
    return Step(
        state=standing.state,
        following=state,
        kind=str(values["kind"]),
        strength=int(values["strength"]),
        reason=str(line["reason"]),
        evidence=len(str(line["evidence"] or "").split()),
        second_person=second,
        other_side=side is not None and side not in standing.register.names("actors"),
        triggered=bool(line.get("occurred")),
    )


def _problems(standing: StandingCommitment, step: Step) -> Iterator[Refusal]:
    for message, advice in step_problems(step):
        yield _refusal("COMMITMENT-STEP", f"{standing.name}: {message}", advice)


def _evidence_refusals(posting: Posting, name: str, given: Any) -> Iterator[Refusal]:
    act, files = posting.metadata.tables[ACT], posting.table(EVIDENCE.name)
    for one in str(given or "").split():
        kind, _colon, number = one.partition(":")
        if kind == "act" and number.isdecimal() and len(number) < 19:
            query = select(act.c.act_id).where(
                act.c.act_id == int(number), act.c.act_id < posting.act_id
            )
        else:
            query = select(files.c.act_id).where(files.c.digest == one).limit(1)
        if posting.connection.execute(query).first() is None:
            yield _refusal(
                "COMMITMENT-EVIDENCE",
                f"{name}: there is no evidence {one[:80]!r} in the record",
                "Name an act that was posted before (act:17), or give the file itself.",
            )


def _unknown(name: str) -> Refusal:
    return _refusal(
        "COMMITMENT-UNKNOWN",
        f"there is no commitment {name[:60]!r} in the register",
        "'keiryo cooperation commitments' lists their names.",
    )


def _refusal(code: str, message: str, advice: str) -> Refusal:
    return Refusal(Finding(code, Severity.FORMAT, message, advice, basis=BASIS))


STEPS_HOLD = Check(
    "steps of commitments",
    frozenset({COMMITMENT_STEP.name, COMMITMENT_CLAIM.name}),
    check_steps,
)
