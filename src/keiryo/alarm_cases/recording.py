"""Alarm cases are recorded: raised, assessed, explained, decided, handed over, closed.

Each verb is one act, or nothing: all that stands against it is told at once. Which permission a
step needs follows from the case: what is grave is an act ``alarm.headquarters``.
"""

from __future__ import annotations

import datetime
import hashlib
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from keiryo.alarm_cases.case_record import AlarmCase
from keiryo.alarm_cases.desk import Desk
from keiryo.alarm_cases.hard_rules import ASSESS, DECIDE, act_kind_of
from keiryo.alarm_cases.passages import facts_of_passage, with_facts
from keiryo.alarm_cases.record_forms import written
from keiryo.alarm_cases.results import Answer
from keiryo.alarm_cases.states import IDENTIFIED
from keiryo.alarm_cases.tables import (
    ALARM_CASE,
    ALARM_IDENTIFICATION,
    ALARM_LIMIT,
    ALARM_NUCLIDE,
    ALARM_STEP,
    ALARM_TABLE_ROW,
)
from keiryo.dates import utc_text
from keiryo.errors import Finding, RefusedError, Severity, UsageError
from keiryo.journal.evidence import KeptFile, add_evidence, keep_file
from keiryo.journal.model import Act, Actor, Draft
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.storage.engine import Database

RAISE, EXPERT, TABLES = "alarm.raise", "alarm.expert", "alarm.tables"
REPORT, RELEASE = "alarm.report", "alarm.release"
MAX_FILE = 256 << 20
CLOCKS_APART = datetime.timedelta(minutes=5)
"""By which the clock of a lane may be ahead of that of the books."""
Lines = Iterable[tuple[str, dict[str, Any]]]
GivenFile = tuple[str, bytes]
Row = Mapping[str, Any]
_CASE = tuple(one.name for one in ALARM_CASE.own_fields)
_STEP = tuple(one.name for one in ALARM_STEP.own_fields)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was recorded: the act, how many lines, about which cases, files that were kept."""

    act: Act
    lines: int
    files: tuple[KeptFile, ...] = ()
    cases: tuple[str, ...] = ()


def record(
    database: Database,
    actor: Actor,
    lines_of: Callable[[Desk], Iterator[tuple[str, dict[str, Any]] | Finding]],
    *,
    act_kind: Callable[[Desk], str],
    files: Sequence[GivenFile] = (),
    findings: Sequence[Finding] = (),
    clock: Clock = system_clock,
    reason: str | None = None,
) -> Recorded:
    """Record lines about cases in one act, or nothing.

    Parameters
    ----------
    database, actor
    lines_of : callable
        Yields lines and findings, given the desk; the desk already knows the lines before.
    act_kind : callable
        Returns the kind of the act, given the desk.
    files : sequence of (name, content)
        Kept as evidence with the act.
    findings : sequence of Finding
        What was wrong already.

    Raises
    ------
    RefusedError
        If anything does not hold: all findings.
    """
    if any(not content or len(content) > MAX_FILE for _name, content in files):
        raise UsageError("a file is empty or larger than 256 MB", "Give the file itself.")
    now = clock()
    kept: list[KeptFile] = []
    names: list[str] = []
    count = 0

    def draft(connection: Connection) -> Draft:
        nonlocal count
        desk = Desk(connection, database.metadata)
        desk.more_files = {digest_of_bytes(content) for _name, content in files}
        made = Draft(act_kind(desk), f"alarm:{uuid.uuid4()}", reason=reason)
        asked, told = desk.context(actor, made.kind, now + CLOCKS_APART), list(findings)
        lines: list[tuple[str, dict[str, Any]]] = []
        for one in lines_of(desk):
            if isinstance(one, Finding):
                told.append(one)
                continue
            kind, given = one
            values = {"scope": desk.scope_of(kind, given, actor.on_behalf_of), **given}
            place = {"act_id": 1 << 61, "line_no": len(lines) + 1, "person": actor.person}
            whole = {**dict.fromkeys(_names(kind)), **values, **place}
            found = list(desk.findings(asked, kind, whole))
            told += found
            lines.append((kind, {k: v for k, v in values.items() if v is not None}))
            if not found:
                desk.add(kind, whole)
        _refuse(told)
        kept[:] = [keep_file(database.evidence, *one) for one in files]
        _add_files(made, kept, lines, actor, now)
        for kind, line in lines:
            made.add(kind, line)
        count = len(lines)
        names[:] = dict.fromkeys(str(line["alarm"]) for _kind, line in lines if "alarm" in line)
        return made

    act = post(database, draft, actor, clock=clock).act
    return Recorded(act, count, tuple(kept), tuple(names))


def _add_files(
    made: Draft,
    kept: Sequence[KeptFile],
    lines: Sequence[tuple[str, Row]],
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """Add files to an act: they go where its case goes; of cases of several sites, to the State."""
    scopes = {str(line["scope"]) for _kind, line in lines}
    scope = scopes.pop() if len(scopes) == 1 else actor.on_behalf_of
    for file in {one.digest: one for one in kept}.values():
        add_evidence(made, file, scope, "alarm case", utc_text(now))


def _refuse(told: Sequence[Finding]) -> None:
    """Refuse the whole if anything stands against it."""
    some = list(dict.fromkeys(told))
    if any(one.severity is not Severity.WARNING for one in some):
        advice = "Put right what the findings say and send it again."
        raise RefusedError("it was refused; nothing was recorded", some, advice)


def digest_of_bytes(content: bytes) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _names(kind: str) -> tuple[str, ...]:
    return {ALARM_CASE.name: _CASE, ALARM_STEP.name: _STEP}.get(
        kind, ("void", "evidence", "words", "person")
    )


def shown_by(given: Any, files: Sequence[GivenFile]) -> str | None:
    """Return evidence that was named, with the files that were given, as the record has it."""
    parts = [*str(given or "").split(), *(digest_of_bytes(content) for _name, content in files)]
    return " ".join(dict.fromkeys(parts)) or None


def raise_alarms(
    database: Database,
    actor: Actor,
    rows: Sequence[Row],
    *,
    file: str | None = None,
    files: Sequence[GivenFile] = (),
    findings: Sequence[Finding] = (),
    clock: Clock = system_clock,
) -> Recorded:
    """Raise cases, or state them anew with a reason: what is left out is as it was.

    Parameters
    ----------
    database, actor
    rows : sequence of mapping
        Fields of `ALARM_CASE`; ``zone`` for a moment without offset; ``passage`` as
        ``INSTRUMENT@START`` for one of the record, whose facts are taken over.
    files : sequence of (name, content)
        Evidence of each of them.

    Raises
    ------
    RefusedError
        If anything does not hold: all findings, of all rows.
    """
    if not rows and not findings:
        raise UsageError("nothing is given", "Name an alarm, or give a file with rows.")

    def lines(desk: Desk) -> Iterator[tuple[str, dict[str, Any]] | Finding]:
        for given_row in rows:
            row, wrong = given_row, list[Finding]()
            if row.get("passage"):
                facts, wrong = facts_of_passage(
                    desk.connection, desk.metadata, database.evidence.get, str(row["passage"])
                )
                row = with_facts(facts, row)
            yield from wrong
            if wrong:
                continue
            known = desk.cases.get(str(row.get("alarm")))
            before: Row = {} if known is None else known.values
            values = {n: before.get(n) if row.get(n) is None else row[n] for n in _CASE}
            for name in ("raised_at", "occupancy"):
                if row.get(name) is not None:
                    values[name] = written(row[name], row.get("zone"))
            values["reason"] = row.get("reason")
            values["raised_at"], values["site"] = values["raised_at"] or "", values["site"] or ""
            if values["container"]:
                values["container"] = "".join(str(values["container"]).split()).upper()
            if values["commodity_code"]:
                values["commodity_code"] = str(values["commodity_code"]).replace(".", "")
            old = str(before.get("evidence") or "")
            given = shown_by(f"{old} {row.get('evidence') or ''}", files)
            values["evidence"] = given or ""
            yield ALARM_CASE.name, values

    told = [replace(one, file=file) if file and not one.file else one for one in findings]
    return record(
        database, actor, lines, act_kind=lambda _desk: RAISE, files=files, findings=told,
        clock=clock, reason=str(rows[0]["reason"]) if len(rows) == 1 and rows[0].get("reason")
        else None,
    )  # fmt: skip


def take_step(
    database: Database,
    actor: Actor,
    state: str,
    row: Row,
    *,
    files: Sequence[GivenFile] = (),
    answer: tuple[Answer, str, bytes] | None = None,
    findings: Sequence[Finding] = (),
    clock: Clock = system_clock,
) -> Recorded:
    """Take a step of a case, or put it back to an earlier state with a reason.

    Parameters
    ----------
    database, actor
    state : str
        The step.
    row : mapping
        ``alarm``, ``at``, ``reason``, and what the step needs.
    answer : (Answer, name, content), optional
        An identification, recorded before the step IDENTIFIED.

    Raises
    ------
    RefusedError
        If anything stands against it: all findings.
    """

    def lines(desk: Desk) -> Iterator[tuple[str, dict[str, Any]] | Finding]:
        case = desk.cases.get(str(row.get("alarm")))
        every = [*files, *([answer[1:]] if answer else [])]
        if answer is not None and case is not None:
            yield from identification_lines(case, answer[0], digest_of_bytes(answer[2]), "software")
        if answer is not None and case is not None and case.state not in ("CHARACTERIZED",):
            return  # another identification of a case that came further: no step
        values = {name: row.get(name) for name in _STEP}
        values |= {
            "alarm": str(row.get("alarm")),
            "before": "RAISED" if case is None else case.state,
            "state": state,
            "at": written(row.get("at") or utc_text(clock()), row.get("zone")),
            "by_person": row.get("by_person") or actor.person,
            "reason": row.get("reason") or "",
            "evidence": shown_by(row.get("evidence"), every),
        }
        yield ALARM_STEP.name, values

    def kind(desk: Desk) -> str:
        case = desk.cases.get(str(row.get("alarm")))
        if case is None:
            return ASSESS if state == IDENTIFIED else DECIDE
        return act_kind_of(case, state, desk.limits_for(case), row.get("category"))

    given = [*files, *([answer[1:]] if answer else [])]
    return record(
        database, actor, lines, act_kind=kind, files=given, findings=findings, clock=clock,
        reason=row.get("reason"),
    )  # fmt: skip


def identification_lines(
    case: AlarmCase, answer: Answer, digest: str, by_whom: str, words: str | None = None
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the lines of an identification."""
    run, passed = len(case.identifications) + 1, answer.residual_passed
    yield (
        ALARM_IDENTIFICATION.name,
        {
            "alarm": case.name,
            "run": run,
            "by_whom": by_whom,
            "method": answer.method,
            "undecided": int(answer.undecided),
            "residual_passed": None if passed is None else int(passed),
            "digest": digest,
            "words": words,
        },
    )
    for one in answer.nuclides:
        yield (
            ALARM_NUCLIDE.name,
            {
                "alarm": case.name, "run": run, "nuclide": one.nuclide, "given": one.given,
                "probability": one.probability, "category": one.category,
            },
        )  # fmt: skip


def record_limits(
    database: Database, actor: Actor, rows: Sequence[Row], *, clock: Clock = system_clock
) -> Recorded:
    """Record limits of sites; each row is a line of `ALARM_LIMIT`."""
    every = [(ALARM_LIMIT.name, dict(row)) for row in rows]
    return record(
        database, actor, lambda _desk: iter(every), act_kind=lambda _desk: TABLES, clock=clock
    )


def record_table_rows(
    database: Database,
    actor: Actor,
    rows: Sequence[Row],
    *,
    findings: Sequence[Finding] = (),
    clock: Clock = system_clock,
) -> Recorded:
    """Record rows of a State's own tables; each is a line of `ALARM_TABLE_ROW`."""
    every = [(ALARM_TABLE_ROW.name, dict(row)) for row in rows]
    return record(
        database, actor, lambda _desk: iter(every), act_kind=lambda _desk: TABLES,
        findings=findings, clock=clock,
    )  # fmt: skip
