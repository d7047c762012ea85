"""What the life of a security plan allows: terms, steps, and one version in force at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from keiryo.errors import Finding, Severity
from keiryo.security_regime.oversight_record import (
    BASIS,
    DIGEST,
    ID,
    REFERENCE,
    TITLE,
    VERSION,
    WORDS,
    Context,
    is_day,
    iso,
    shown,
    text_problems,
)
from keiryo.security_regime.plan_states import (
    APPROVED,
    DECISIONS,
    DRAFT,
    FIXED,
    NEEDS_REASON,
    STEPS,
    SUBMITTED,
    SUPERSEDED,
)
from keiryo.security_regime.plan_version import Plan
from keiryo.security_regime.tables_oversight import (
    COVERAGES,
    PLAN_KINDS,
    SECURITY_PLAN,
    SECURITY_PLAN_STEP,
)

Known = Mapping[tuple[str, str], Plan]

_TERMS = {
    "plan": ID, "version": VERSION, "title": TITLE, "digest": DIGEST, "reference": TITLE,
    "basis": TITLE, "threat_ref": REFERENCE, "reason": WORDS,
}  # fmt: skip
_TERM_DAYS = ("valid_from", "valid_until", "review_on")
_STEP = {"by_person": ID, "reason": WORDS, "reference": TITLE}
_COVERAGE = {"requirement": REFERENCE, "chapter": REFERENCE}


def plan_findings(
    known: Known, context: Context, kind: str, line: Mapping[str, Any]
) -> Iterator[Finding]:
    """Yield what is wrong with a line about a plan.

    Parameters
    ----------
    known : mapping of (plan, version) to Plan
        As they stand before it.
    context : Context
    kind, line
        Line kind and values, with the scope and the person who posts.
    """
    name = shown(f"{line['plan']}/{line['version']}")
    if kind == SECURITY_PLAN.name:
        yield from _terms(known, context, name, line)
        return
    plan = known.get((line["plan"], line["version"]))
    if plan is None:
        yield _finding(
            "PLAN-UNKNOWN",
            f"there is no plan {name}",
            "Record the version first; 'keiryo protection plan list' lists them.",
        )
        return
    if plan.scope != line["scope"]:
        yield _other_scope(name, plan.scope)
    if kind == SECURITY_PLAN_STEP.name:
        for message, advice in text_problems(line, _STEP, ("on_day",)):
            yield _finding("PLAN-TEXT", f"{name}: {message}", advice)
        if is_day(line["on_day"]):
            yield from _step(known, context, plan, line)
        return
    for message, advice in text_problems(line, _COVERAGE):
        yield _finding("PLAN-TEXT", f"{name}: {message}", advice)
    if line["coverage"] not in COVERAGES:
        yield _finding(
            "PLAN-COVERAGE",
            f"{name}: {shown(line['coverage'])} does not say how far it addresses a requirement",
            f"One of {', '.join(COVERAGES)}.",
        )


def _terms(known: Known, context: Context, name: str, line: Mapping[str, Any]) -> Iterator[Finding]:
    problems = list(text_problems(line, _TERMS, _TERM_DAYS))
    for message, advice in problems:
        yield _finding("PLAN-TEXT", f"{name}: {message}", advice)
    wrong = context.place_problem(line["scope"])
    if wrong is not None:
        yield _finding("PLAN-FACILITY", f"{name}: {wrong[0]}", wrong[1])
    same = [one for key, one in known.items() if key[0] == line["plan"]]
    if line["kind"] not in PLAN_KINDS:
        yield _finding(
            "PLAN-KIND",
            f"{name}: {shown(line['kind'])} is no kind of plan",
            f"One of {', '.join(PLAN_KINDS)}.",
        )
    elif any(one.kind != line["kind"] for one in same if one.key[1] != line["version"]):
        yield _finding(
            "PLAN-KIND",
            f"{name}: its other versions are of the kind {same[0].kind}",
            "Another kind of plan has a name of its own.",
        )
    if any(one.scope != line["scope"] for one in same):
        yield _other_scope(name, same[0].scope)
    first, last, review = (line.get(one) for one in _TERM_DAYS)
    later = [day for day in (last, review) if day is not None]
    if not problems and first is not None and any(day < first for day in later):
        yield _finding(
            "PLAN-DAYS",
            f"{name}: it would end or be reviewed before it begins on {iso(first)}",
            "Correct the days.",
        )
    plan = known.get((line["plan"], line["version"]))
    if plan is not None and plan.state != DRAFT:
        yield from _fixed(plan, line)


def _fixed(plan: Plan, line: Mapping[str, Any]) -> Iterator[Finding]:
    changed = [one for one in FIXED if plan.values.get(one) != line.get(one)]
    if changed:
        yield _finding(
            "PLAN-FIXED",
            f"{plan.name} is {plan.state}: {', '.join(one.replace('_', ' ') for one in changed)} "
            "stand fixed",
            "Record what changes as a version of its own and submit that.",
        )
    elif not line.get("reason"):
        yield _finding(
            "PLAN-FIXED",
            f"{plan.name} is {plan.state} and is recorded anew without a reason",
            "Say why title or reference are corrected.",
        )


def _step(known: Known, context: Context, plan: Plan, line: Mapping[str, Any]) -> Iterator[Finding]:
    state = line["state"]
    if line["before"] != plan.state:
        yield _finding(
            "PLAN-STEP",
            f"{plan.name} is {plan.state}, not {shown(line['before'])}",
            "Look at it again: somebody took a step in between.",
        )
        return
    if state not in STEPS[plan.state]:
        allowed = ", ".join(sorted(STEPS[plan.state])) or "nothing: another version is recorded"
        yield _finding(
            "PLAN-STEP",
            f"{plan.name} is {plan.state} and cannot become {shown(state)}",
            f"It may become: {allowed}.",
        )
        return
    if state in NEEDS_REASON and not line.get("reason"):
        yield _finding(
            "PLAN-STEP", f"{plan.name}: no reason is given", "Say why; it stands in the record."
        )
    yield from _when(context, plan, line)
    if state in (SUBMITTED, APPROVED):
        yield from _complete(plan, state)
    if state in DECISIONS:
        yield from _somebody_else(plan, line)
    if state == SUPERSEDED:
        yield from _successor(known, plan, line)
    if state == APPROVED:
        yield from _alone(known, plan, line)


def _when(context: Context, plan: Plan, line: Mapping[str, Any]) -> Iterator[Finding]:
    if plan.steps and line["on_day"] < plan.steps[-1]["on_day"]:
        yield _finding(
            "PLAN-DAY",
            f"{plan.name}: the step lies before its last one of {iso(plan.steps[-1]['on_day'])}",
            "Steps follow one another; correct the day.",
        )
    ahead = context.today is not None and line["on_day"] > context.today
    if ahead and line["state"] != SUPERSEDED:
        yield _finding(
            "PLAN-DAY", f"{plan.name}: the step lies ahead of today", "Record it when it is taken."
        )


def _complete(plan: Plan, state: str) -> Iterator[Finding]:
    values = plan.values
    missing = ["the digest of the plan"] if values.get("digest") is None else []
    if state == APPROVED:
        if values.get("valid_from") is None:
            missing.append("the first day")
        if values.get("valid_until") is None and values.get("review_on") is None:
            missing.append("a last day or a day of review")
        if values.get("basis") is None:
            missing.append("the basis")
    if missing:
        yield _finding(
            "PLAN-INCOMPLETE",
            f"{plan.name} cannot be {state}: {', '.join(missing)} is missing",
            "Record it with the plan while it is a draft; what was submitted without is rejected.",
        )


def _somebody_else(plan: Plan, line: Mapping[str, Any]) -> Iterator[Finding]:
    submitted = plan.step(SUBMITTED)
    assert submitted is not None
    theirs = {submitted["by_person"], submitted.get("person")} - {None}
    if theirs & {line["by_person"], line.get("person")}:
        yield _finding(
            "PLAN-SAME-PERSON",
            f"{plan.name}: who submitted it does not decide on it",
            "Somebody else approves or rejects it, and records that under their own name.",
        )


def _successor(known: Known, plan: Plan, line: Mapping[str, Any]) -> Iterator[Finding]:
    named, _slash, version = str(line.get("successor") or "").partition("/")
    other = known.get((named, version))
    same = other is not None and (other.scope, other.kind) == (plan.scope, plan.kind)
    if other is None or not same or other.state not in (SUBMITTED, APPROVED):
        yield _finding(
            "PLAN-SUCCESSOR",
            f"{plan.name}: nothing that was submitted takes its place",
            "A version is superseded by the approval of another one of its kind and facility.",
        )


def _alone(known: Known, plan: Plan, line: Mapping[str, Any]) -> Iterator[Finding]:
    """Refuse a second plan of a kind in force on the same day."""
    approved = Plan(plan.values, (*plan.steps, line)).force
    for other in known.values():
        same = (other.scope, other.kind) == (plan.scope, plan.kind) and other.key != plan.key
        force = other.force
        if not same or force is None or approved is None:
            continue
        if approved[0] < force[1] and force[0] < approved[1]:
            yield _finding(
                "PLAN-TWO-IN-FORCE",
                f"{plan.name} and {other.name} would be in force on the same days",
                "Choose a first day on which it takes the place of the other, or withdraw one.",
            )


def _other_scope(name: str, scope: str) -> Finding:
    return _finding(
        "PLAN-SCOPE",
        f"{name} is recorded for {scope}",
        "Name that facility; a plan of another one has another name.",
    )


def _finding(code: str, message: str, advice: str) -> Finding:
    return Finding(code, Severity.FORMAT, message, advice, basis=BASIS)
