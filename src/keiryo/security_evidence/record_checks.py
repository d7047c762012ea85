"""What is refused of records of evidence, and what is told: persons, dates, results, outages.

Tester and approver of a test differ, and the witness tested nothing; whoever verifies a
compensatory measure did not approve it. A return to service without a test that was passed, and an
outage without a verified measure, are told and stand: they are facts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from keiryo.dates import number_date
from keiryo.errors import Finding, Severity
from keiryo.journal.model import Actor
from keiryo.journal.registry import Check, Posting, Refusal
from keiryo.security_evidence.kinds import (
    ALARM,
    BASIS,
    KINDS,
    MEASURE,
    TEST,
    WORK,
    Kind,
    form_problems,
)
from keiryo.security_evidence.register import (
    OPEN_KINDS,
    Line,
    Register,
    facilities,
    in_outage,
    is_active,
    names_of,
    read_register,
    tested_after,
)

NO_TEST_AFTER_REPAIR = "EVIDENCE-NO-TEST-AFTER-REPAIR"
UNCOVERED = "EVIDENCE-UNCOVERED"


@dataclass(frozen=True, slots=True)
class Context:
    """What rules look at beside the records themselves.

    Attributes
    ----------
    person, state : str
        Who posts, and on whose behalf.
    facilities : mapping of scope to time zone
    today : int or None
        Nothing was done after this day; None: not asked.
    """

    person: str
    state: str
    facilities: Mapping[str, str]
    today: int | None = None


def context_of(posting: Posting) -> Context:
    """Return what rules look at in the middle of a posting."""
    assert posting.actor is not None
    return context(posting.actor, facilities(posting.connection, posting.metadata))


def context(actor: Actor, known: Mapping[str, str], today: int | None = None) -> Context:
    """Return what rules look at, for a person who posts."""
    return Context(actor.person, actor.on_behalf_of, known, today)


def findings(register: Register, asked: Context, kind: Kind, line: Line) -> Iterator[Finding]:
    """Yield what is wrong with a line that is about to be added to the records.

    If a value cannot stand in the record, nothing else is asked of the line.
    """
    name = f"{kind.name.replace('_', ' ')} {_shown(line.get(kind.id))}"
    wrong = [_finding("EVIDENCE-WORDS", name, *one) for one in form_problems(kind, line)]
    if line.get("scope") not in asked.facilities:
        known = ", ".join(sorted(asked.facilities)[:10])
        wrong.append(
            _finding(
                "EVIDENCE-PLACE",
                name,
                "its facility is not registered",
                f"Register an area of the facility first, or correct its code; known: {known}.",
            )
        )
    if wrong:
        yield from wrong
        return
    rule = {TEST.name: _test, WORK.name: _work, MEASURE.name: _measure, ALARM.name: _alarm}
    for code, words, advice in rule[kind.name](register, asked, line):
        told = code in (NO_TEST_AFTER_REPAIR, UNCOVERED, "EVIDENCE-TWO-PERSON")
        yield _finding(code, name, words, advice, Severity.WARNING if told else Severity.FORMAT)


_Found = Iterator[tuple[str, str, str]]
"""Code, what is wrong, what to do."""


def _test(register: Register, asked: Context, line: Line) -> _Found:
    performed, result = line["performed"], line["result"]
    testers = set(str(line["testers"] or "").split())
    if performed is None and line["planned"] is None:
        yield "EVIDENCE-RESULT", "it is neither planned nor performed", "Give one of the two days."
    if (performed is None) != (result is None):
        told = "the day on which it was performed and its result belong together"
        yield "EVIDENCE-RESULT", told, "Give both, or neither while it is only planned."
    if performed is not None and not testers:
        yield "EVIDENCE-RESULT", "nobody is named who tested", "Name the testers."
    if performed is not None and not line["signed_by"]:
        told = "nobody signs for it who did not test"
        yield "EVIDENCE-PERSONS", told, "Let somebody else sign, and name them as signed by."
    if line["signed_by"] in testers:
        told = "it is signed by one of its testers"
        yield "EVIDENCE-PERSONS", told, "Tester and approver differ; let somebody else sign."
    if line["witness"] in testers:
        told = "its witness is one of its testers"
        yield "EVIDENCE-PERSONS", told, "Name a witness who did not test, or none."
    if performed is not None and line["next_due"] is not None and line["next_due"] < performed:
        told = "it is due again before it was performed"
        yield "EVIDENCE-DAYS", told, "Correct one of the two days."
    yield from _not_to_come(asked, performed, "performed")


def _work(register: Register, asked: Context, line: Line) -> _Found:
    opened, out, returned = line["opened"], line["out_of_service_from"], line["returned"]
    if returned is not None and out is None:
        told = "it returns to service and was never out of service"
        yield "EVIDENCE-DAYS", told, "Give the first day out of service, or no return."
    elif returned is not None and returned < out:
        told = "it returns to service before it was out of service"
        yield "EVIDENCE-DAYS", told, "Correct one of the two days."
    if returned is not None and returned < opened:
        told = "the asset returns before the work was opened"
        yield "EVIDENCE-DAYS", told, "Correct one of the two days."
    yield from _not_to_come(asked, opened, "opened")
    yield from _not_to_come(asked, returned, "returned")
    if line["two_person"] == 1 and len(str(line["performers"] or "").split()) < 2:
        told = "two persons did it together, and fewer are named"
        yield "EVIDENCE-TWO-PERSON", told, "Name both, or correct it."
    yield from _named(register, line)
    if returned is not None and out is not None and out <= returned:
        test = register.get(TEST.name, line["scope"], line["post_test"])
        if not tested_after(line, test):
            told = (
                "the asset returned to service without a test"
                if test is None
                else "the asset returned to service and the test after it was not passed"
            )
            advice = "Test it and name the test that was passed, or take it out of service again."
            yield NO_TEST_AFTER_REPAIR, told, advice
    if out is not None and returned is None and not _is_covered(register, line):
        told = f"the asset is out of service from {number_date(out)} without a verified measure"
        advice = (
            "Approve a compensatory measure and have it verified by somebody else; until then "
            "the asset counts for nothing in an evaluation."
        )
        yield UNCOVERED, told, advice


def _named(register: Register, line: Line) -> _Found:
    """Yield tests and measures that a maintenance names and that are not there, or not its own."""
    scope, names = line["scope"], names_of(line)
    if line["post_test"]:
        test = register.get(TEST.name, scope, line["post_test"])
        if test is None or test["element"] not in names:
            told = "the test after it is not recorded for this asset or its element"
            yield "EVIDENCE-UNKNOWN", told, "Record the test first, or correct its name."
        else:
            start = line["out_of_service_from"] or line["opened"]
            if test["performed"] is not None and test["performed"] < start:
                told = "the test after it was performed before it"
                yield "EVIDENCE-DAYS", told, "Name a test that was performed after the work."
    if line["compensatory_measure"]:
        measure = register.get(MEASURE.name, scope, line["compensatory_measure"])
        if measure is None or measure["for_asset"] not in names:
            told = "its compensatory measure is not recorded for this asset or its element"
            yield "EVIDENCE-UNKNOWN", told, "Record the measure first, or correct its name."


def _is_covered(register: Register, line: Line) -> bool:
    """Return whether a verified measure meets an open outage anywhere."""
    start = line["out_of_service_from"]
    return any(
        one["verified_by"] and (one["end_on"] is None or one["end_on"] > start)
        for one in register.measures_for(line)
    )


def _measure(register: Register, asked: Context, line: Line) -> _Found:
    if line["end_on"] is not None and line["end_on"] < line["start_on"]:
        yield "EVIDENCE-DAYS", "it ends before it begins", "Correct one of the two days."
    if line["verified_by"] == line["approver"]:
        told = "it is approved and verified by the same person"
        yield "EVIDENCE-PERSONS", told, "Have it verified by somebody else."


def _alarm(register: Register, asked: Context, line: Line) -> _Found:
    if line["assessed_at"] is not None and line["assessed_at"] < line["at"]:
        yield "EVIDENCE-DAYS", "it was assessed before it came", "Correct one of the two moments."
    if line["assessed_at"] is not None and not line["assessor"]:
        yield "EVIDENCE-RESULT", "nobody is named who assessed it", "Name the assessor."
    if line["assessed_at"] is None and line["assessor"]:
        told = "an assessor is named and no moment"
        yield "EVIDENCE-RESULT", told, "Give the moment at which it was assessed."
    for name in ("at", "assessed_at"):
        if line[name] is not None:
            day = int(str(line[name])[:10].replace("-", ""))
            yield from _not_to_come(asked, day, "at which it came" if name == "at" else "assessed")


def _not_to_come(asked: Context, day: int | None, what: str) -> _Found:
    if asked.today is not None and day is not None and day > asked.today:
        yield "EVIDENCE-DAYS", f"the day {what} has not come yet", "Record it when it is so."


def uncovered_on(register: Register, work: Line, on: Any) -> bool:
    """Return whether an asset is out of service on a day and no verified measure is active."""
    return in_outage(work, on) and not any(
        one["verified_by"] and is_active(one, on) for one in register.measures_for(work)
    )


def _shown(name: Any) -> str:
    text = str(name)
    return text if text.isascii() and text.replace("-", "").replace("_", "").isalnum() else "?"


def _finding(
    code: str, name: str, words: str, advice: str, severity: Severity = Severity.FORMAT
) -> Finding:
    return Finding(code, severity, f"{name[:80]}: {words}", advice, basis=BASIS)


def check_evidence(posting: Posting) -> Iterator[Finding | Refusal]:
    """Hold the lines of an act, one after the other, against what stood before it."""
    asked, before = context_of(posting), posting.act_id - 1
    present = [kind for kind in KINDS if any(True for _ in posting.lines(kind))]
    register = Register()
    if any(kind in OPEN_KINDS for kind in present):
        register = read_register(posting.connection, posting.metadata, through_act=before)
    lines = [(kind, line) for kind in present for line in posting.lines(kind)]
    for kind, line in sorted(lines, key=lambda one: one[1]["line_no"]):
        found = list(findings(register, asked, KINDS[kind], line))
        yield from (one if one.severity is Severity.WARNING else Refusal(one) for one in found)
        register.add(kind, line)


EVIDENCE_HOLDS = Check("evidence of security measures", frozenset(KINDS), check_evidence)
