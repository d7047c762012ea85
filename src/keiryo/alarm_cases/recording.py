"""Alarm cases are recorded: raised, assessed, explained, decided, handed over, closed.

Each verb is one act, or nothing: all that stands against it is told at once. Which permission a
step needs follows from the case: what is grave is an act ``alarm.headquarters``.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from keiryo.alarm_cases.case_record import AlarmCase
from keiryo.alarm_cases.case_rules import unknown_case
from keiryo.alarm_cases.declared import declared_transfers
from keiryo.alarm_cases.desk import Desk
from keiryo.alarm_cases.explaining import (
    COMMODITY_ROW,
    PHARMACEUTICAL_ROW,
    commodity_findings,
    matching_commodities,
    patient_findings,
)
from keiryo.alarm_cases.hard_rules import ASSESS, DECIDE, act_kind_of
from keiryo.alarm_cases.record_forms import refusing, written
from keiryo.alarm_cases.results import Answer, NamedNuclide
from keiryo.alarm_cases.states import IDENTIFIED
from keiryo.alarm_cases.tables import (
    ALARM_CASE,
    ALARM_EXPLANATION,
    ALARM_IDENTIFICATION,
    ALARM_LIMIT,
    ALARM_NUCLIDE,
    ALARM_PACKAGE,
    ALARM_REPORT,
    ALARM_STEP,
    ALARM_TABLE_ROW,
    COMMODITY,
    DECLARATION,
    PATIENT,
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
    """What was recorded: the act, its kind, how many lines about cases, files that were kept."""

    act: Act
    lines: int
    files: tuple[KeptFile, ...] = ()


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
    count = 0

    def draft(connection: Connection) -> Draft:
        nonlocal count
        desk = Desk(connection, database.metadata)
        desk.more_files = {_digest(content) for _name, content in files}
        made = Draft(act_kind(desk), f"alarm:{uuid.uuid4()}", reason=reason)
        asked, told = desk.context(actor, made.kind, now + CLOCKS_APART), list(findings)
        lines: list[tuple[str, dict[str, Any]]] = []
        for one in lines_of(desk):
            if isinstance(one, Finding):
                told.append(one)
                continue
            kind, given = one
            values = {"scope": actor.on_behalf_of, **given}
            place = {"act_id": 1 << 61, "line_no": len(lines) + 1, "person": actor.person}
            whole = {**dict.fromkeys(_names(kind)), **values, **place}
            found = list(desk.findings(asked, kind, whole))
            told += found
            lines.append((kind, {k: v for k, v in values.items() if v is not None}))
            if not found:
                desk.add(kind, whole)
        _refuse(told)
        kept[:] = [keep_file(database.evidence, *one) for one in files]
        for file in {one.digest: one for one in kept}.values():
            add_evidence(made, file, actor.on_behalf_of, "alarm case", utc_text(now))
        for kind, line in lines:
            made.add(kind, line)
        count = len(lines)
        return made

    act = post(database, draft, actor, clock=clock).act
    return Recorded(act, count, tuple(kept))


def _refuse(told: Sequence[Finding]) -> None:
    """Refuse the whole if anything stands against it."""
    some = list(dict.fromkeys(told))
    if any(one.severity is not Severity.WARNING for one in some):
        advice = "Put right what the findings say and send it again."
        raise RefusedError("it was refused; nothing was recorded", some, advice)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _names(kind: str) -> tuple[str, ...]:
    return {ALARM_CASE.name: _CASE, ALARM_STEP.name: _STEP}.get(
        kind, ("void", "evidence", "words", "person")
    )


def _shown_by(given: Any, files: Sequence[GivenFile]) -> str | None:
    parts = [*str(given or "").split(), *(_digest(content) for _name, content in files)]
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
        Fields of `ALARM_CASE`; ``zone`` for a moment without offset.
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
        for row in rows:
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
            given = _shown_by(f"{old} {row.get('evidence') or ''}", files)
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
            yield from identification_lines(case, answer[0], _digest(answer[2]), "software")
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
            "evidence": _shown_by(row.get("evidence"), every),
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


def explain_case(
    database: Database,
    actor: Actor,
    alarm: str,
    *,
    commodity: bool = False,
    treatment: str | None = None,
    days: float | None = None,
    rate_usv_h: float | None = None,
    declared: bool = False,
    evidence: str | None = None,
    files: Sequence[GivenFile] = (),
    clock: Clock = system_clock,
) -> Recorded:
    """Record what explains nuclides of a case: its goods, a patient, a declared transfer.

    Parameters
    ----------
    database, actor
    alarm : str
    commodity : bool
        Look up the declared goods of the case.
    treatment : str, optional
        Row of the table of radiopharmaceuticals, with `days` since it and optionally the dose
        rate at 1 m.
    declared : bool
        Look for a declared transfer in the books and licences.

    Raises
    ------
    RefusedError
        If nothing explains it.
    """

    def lines(desk: Desk) -> Iterator[tuple[str, dict[str, Any]] | Finding]:
        case = desk.cases.get(alarm)
        if case is None:
            yield unknown_case(alarm)
            return
        shown = _shown_by(evidence, files)
        if commodity:
            yield from _by_goods(desk, case, shown)
        if treatment is not None:
            yield from _by_patient(desk, case, treatment, days, rate_usv_h, shown)
        if declared:
            yield from _by_declaration(desk, case, shown)
        if not (commodity or declared or treatment is not None):
            yield refusing(
                "ALARM-INCOMPLETE", f"{alarm}: nothing is named that explains it",
                "Name the commodity, a treatment, or a declared transfer.",
            )  # fmt: skip

    return record(database, actor, lines, act_kind=lambda _desk: ASSESS, files=files, clock=clock)


def _by_goods(
    desk: Desk, case: AlarmCase, shown: str | None
) -> Iterator[tuple[str, dict[str, Any]] | Finding]:
    code, words = case.values.get("commodity_code"), case.values.get("commodity")
    rows = matching_commodities(desk.rows.values(), code, words)
    if not rows:
        yield commodity_findings(case.name, code, words)
    for one in rows:
        given = {"row": COMMODITY_ROW, "code": code, "words": words}
        told = f"declared goods: {one.name}" + ("" if one.confirmed_by else "; not confirmed here")
        yield _line(case, COMMODITY, one.reference, one.nuclides, given, told, shown)


def _by_patient(
    desk: Desk,
    case: AlarmCase,
    treatment: str,
    days: float | None,
    rate_usv_h: float | None,
    shown: str | None,
) -> Iterator[tuple[str, dict[str, Any]] | Finding]:
    row = desk.rows.get((PHARMACEUTICAL_ROW, treatment))
    if row is None or days is None:
        told = float("nan") if days is None else days
        yield from patient_findings(case.name, row, treatment, told, rate_usv_h)
        return
    given = {"days": days, "rate_usv_h": rate_usv_h}
    words = f"patient, {row.name}, {days:g} days after the treatment"
    yield _line(case, PATIENT, row.reference, row.nuclides, given, words, shown)


def _by_declaration(
    desk: Desk, case: AlarmCase, shown: str | None
) -> Iterator[tuple[str, dict[str, Any]] | Finding]:
    some = declared_transfers(desk.connection, desk.metadata, case, desk.limits_for(case))
    good = [one for one in some if not one.against]
    if not good:
        near = f"; nearest: {some[0].words} ({'; '.join(some[0].against)})" if some else ""
        yield refusing(
            "ALARM-DECLARATION",
            f"{case.name}: no declared transfer explains it{near}",
            "What is not declared is escalated.",
        )
    for one in good[:5]:
        given = {"container": case.values.get("container"), "licence": one.licence}
        yield _line(case, DECLARATION, one.reference, one.nuclides, given, one.words, shown)


def _line(
    case: AlarmCase,
    kind: str,
    reference: str,
    nuclides: Iterable[str],
    given: Mapping[str, Any],
    words: str,
    shown: str | None,
) -> tuple[str, dict[str, Any]]:
    return ALARM_EXPLANATION.name, {
        "alarm": case.name,
        "kind": kind,
        "reference": reference,
        "nuclides": " ".join(nuclides),
        "given": json.dumps(given, sort_keys=True),
        "words": words,
        "void": 0,
        "evidence": shown,
    }


def void_explanation(
    database: Database, actor: Actor, alarm: str, reference: str, *, clock: Clock = system_clock
) -> Recorded:
    """Take an explanation back: the line stays, another says that it no longer holds."""

    def lines(desk: Desk) -> Iterator[tuple[str, dict[str, Any]] | Finding]:
        case = desk.cases.get(alarm)
        held = [
            one
            for one in (() if case is None else case.standing_explanations)
            if one["reference"] == reference
        ]
        if case is None or not held:
            yield refusing(
                "ALARM-UNKNOWN", f"{alarm} has no explanation {reference}", "Name one that stands."
            )
        for one in held:
            values = {name.name: one[name.name] for name in ALARM_EXPLANATION.own_fields}
            yield ALARM_EXPLANATION.name, {**values, "void": 1}

    return record(database, actor, lines, act_kind=lambda _desk: ASSESS, clock=clock)


def record_expert_answer(
    database: Database,
    actor: Actor,
    row: Row,
    nuclides: Sequence[NamedNuclide],
    content: GivenFile,
    *,
    findings: Sequence[Finding] = (),
    clock: Clock = system_clock,
) -> Recorded:
    """Record the answer of an expert elsewhere: words, and an identification of nuclides.

    Parameters
    ----------
    database, actor
    row : mapping
        ``alarm``, ``package``, ``expert``, ``at``, ``words``, ``undecided``, ``residual_passed``.
    nuclides : sequence of NamedNuclide
    content : (name, bytes)
        The answer itself.
    """

    def lines(desk: Desk) -> Iterator[tuple[str, dict[str, Any]] | Finding]:
        yield (
            ALARM_PACKAGE.name,
            {
                "alarm": str(row.get("alarm")),
                "package": str(row.get("package")),
                "direction": "answered",
                "at": written(row.get("at") or utc_text(clock())),
                "expert": str(row.get("expert") or ""),
                "digest": _digest(content[1]),
                "words": row.get("words"),
            },
        )
        case = desk.cases.get(str(row.get("alarm")))
        if case is not None:
            passed = row.get("residual_passed")
            undecided = bool(row.get("undecided"))
            answer = Answer("expert", tuple(nuclides), undecided, passed and not undecided)
            yield from identification_lines(
                case, answer, _digest(content[1]), str(row.get("expert")), row.get("words")
            )

    return record(
        database, actor, lines, act_kind=lambda _desk: EXPERT, files=[content],
        findings=findings, clock=clock,
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


def record_package(
    database: Database, actor: Actor, values: Row, content: GivenFile,
    *, clock: Clock = system_clock,
) -> Recorded:  # fmt: skip
    """Record that a package was made for an expert; the package is kept as evidence."""
    line = {**values, "direction": "sent", "digest": _digest(content[1])}
    return record(
        database, actor, lambda _desk: iter([(ALARM_PACKAGE.name, line)]),
        act_kind=lambda _desk: ASSESS, files=[content], clock=clock,
    )  # fmt: skip


def record_report(
    database: Database, actor: Actor, values: Row, content: GivenFile | None,
    *, clock: Clock = system_clock,
) -> Recorded:  # fmt: skip
    """Record that an incident report was drafted, or that somebody else released it."""
    digest = values.get("digest") if content is None else _digest(content[1])
    line = {**values, "digest": digest}
    kind = RELEASE if values.get("state") == "released" else REPORT
    return record(
        database, actor, lambda _desk: iter([(ALARM_REPORT.name, line)]),
        act_kind=lambda _desk: kind, files=[] if content is None else [content], clock=clock,
    )  # fmt: skip
