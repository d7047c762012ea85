"""What the life of an inspection allows: its terms and its steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from keiryo.errors import Finding, Severity
from keiryo.security_regime.finding_record import FindingRecord
from keiryo.security_regime.finding_states import CLOSED as FINDING_CLOSED
from keiryo.security_regime.inspection_record import Inspection
from keiryo.security_regime.inspection_states import (
    CANCELLED,
    CLOSED,
    PERFORMED,
    PLANNED,
    REPORTED,
    STEPS,
)
from keiryo.security_regime.oversight_record import (
    BASIS,
    DIGEST,
    ID,
    IDS,
    REFERENCES,
    TITLE,
    WORDS,
    Context,
    is_day,
    iso,
    shown,
    text_problems,
)
from keiryo.security_regime.tables_oversight import (
    FOLLOW_UP,
    INSPECTION_KINDS,
    SECURITY_INSPECTION,
)

Known = Mapping[str, Inspection]

_TERMS = {
    "inspection": ID, "team": IDS, "requirements": REFERENCES, "follows": ID, "reason": WORDS,
}  # fmt: skip
_TERM_DAYS = ("planned_from", "planned_to")
_STEP = {"by_person": ID, "report_digest": DIGEST, "reference": TITLE, "reason": WORDS}
_STEP_DAYS = ("on_day", "performed_from")


def inspection_findings(
    known: Known,
    raised: Mapping[str, FindingRecord],
    context: Context,
    kind: str,
    line: Mapping[str, Any],
) -> Iterator[Finding]:
    """Yield what is wrong with a line about an inspection.

    Parameters
    ----------
    known : mapping of name to Inspection
        As they stand before it.
    raised : mapping of name to FindingRecord
        What they found.
    context : Context
    kind, line
        Line kind and values, with the scope and the person who posts.
    """
    name, one = shown(line["inspection"]), known.get(line["inspection"])
    if kind == SECURITY_INSPECTION.name:
        yield from _terms(known, context, name, line)
        return
    if one is None:
        yield _finding(
            "SECINSP-UNKNOWN",
            f"there is no inspection {name}",
            "Plan it first; 'keiryo protection inspection list' lists them.",
        )
        return
    if one.scope != line["scope"]:
        yield _other_scope(one)
    problems = list(text_problems(line, _STEP, _STEP_DAYS))
    for message, advice in problems:
        yield _finding("SECINSP-TEXT", f"{name}: {message}", advice)
    if is_day(line["on_day"]) and (
        line["performed_from"] is None or is_day(line["performed_from"])
    ):
        yield from _step(raised, context, one, line)


def _terms(known: Known, context: Context, name: str, line: Mapping[str, Any]) -> Iterator[Finding]:
    for message, advice in text_problems(line, _TERMS, _TERM_DAYS):
        yield _finding("SECINSP-TEXT", f"{name}: {message}", advice)
    wrong = context.place_problem(line["scope"])
    if wrong is not None:
        yield _finding("SECINSP-FACILITY", f"{name}: {wrong[0]}", wrong[1])
    if line["kind"] not in INSPECTION_KINDS:
        yield _finding(
            "SECINSP-KIND",
            f"{name}: {shown(line['kind'])} is no kind of inspection",
            f"One of {', '.join(INSPECTION_KINDS)}.",
        )
    if int(line["planned_from"] or 0) > int(line["planned_to"] or 0) or not line["planned_from"]:
        yield _finding(
            "SECINSP-DAYS",
            f"{name}: it has no first day, or would end before it begins",
            "Correct the planned days.",
        )
    followed = known.get(str(line.get("follows")))
    if (line["kind"] == FOLLOW_UP) != (line.get("follows") is not None) or (
        line.get("follows") is not None
        and (followed is None or followed.scope != line["scope"] or followed.performed is None)
    ):
        yield _finding(
            "SECINSP-FOLLOWS",
            f"{name}: a follow-up, and nothing else, follows an inspection of the same facility "
            "that was performed",
            "Name the inspection that it follows, or choose another kind.",
        )
    one = known.get(line["inspection"])
    if one is None:
        return
    if one.scope != line["scope"]:
        yield _other_scope(one)
    fixed = [n for n in ("kind", *_TERM_DAYS, "follows") if one.values.get(n) != line.get(n)]
    if one.state in (CLOSED, CANCELLED) or (one.state != PLANNED and fixed):
        yield _finding(
            "SECINSP-FIXED",
            f"{name} is {one.state}: what was planned stands fixed",
            "Plan another inspection.",
        )
    elif not line.get("reason"):
        yield _finding(
            "SECINSP-FIXED",
            f"{name} is planned anew without a reason",
            "Say why it is planned anew; an inspection of another name is another one.",
        )


def _step(
    raised: Mapping[str, FindingRecord],
    context: Context,
    one: Inspection,
    line: Mapping[str, Any],
) -> Iterator[Finding]:
    state = line["state"]
    if line["before"] != one.state:
        yield _finding(
            "SECINSP-STEP",
            f"{one.name} is {one.state}, not {shown(line['before'])}",
            "Look at it again: somebody took a step in between.",
        )
        return
    if state not in STEPS[one.state]:
        allowed = ", ".join(sorted(STEPS[one.state])) or "nothing: it is over"
        yield _finding(
            "SECINSP-STEP",
            f"{one.name} is {one.state} and cannot become {shown(state)}",
            f"It may become: {allowed}.",
        )
        return
    if one.steps and line["on_day"] < one.steps[-1]["on_day"]:
        yield _finding(
            "SECINSP-DAY",
            f"{one.name}: the step lies before its last one of {iso(one.steps[-1]['on_day'])}",
            "Steps follow one another; correct the day.",
        )
    if context.today is not None and line["on_day"] > context.today:
        yield _finding(
            "SECINSP-DAY",
            f"{one.name}: the step lies ahead of today",
            "Record it when it is taken.",
        )
    for words, missing in (
        ("its first day is missing", state == PERFORMED and line["performed_from"] is None),
        ("it was performed by nobody", state == PERFORMED and not one.values.get("team")),
        ("the digest of the report is missing", state == REPORTED and not line["report_digest"]),
        ("no reason is given", state == CANCELLED and not line.get("reason")),
    ):
        if missing:
            yield _finding(
                "SECINSP-INCOMPLETE",
                f"{one.name} cannot become {state}: {words}",
                "Record it with the step; the team stands with the inspection.",
            )
    if line["performed_from"] is not None and line["performed_from"] > line["on_day"]:
        yield _finding(
            "SECINSP-DAYS", f"{one.name}: it would end before it begins", "Correct the days."
        )
    left = sorted(
        f.name for f in raised.values() if f.inspection == one.name and f.state != FINDING_CLOSED
    )
    if state == CLOSED and left:
        yield _finding(
            "SECINSP-OPEN",
            f"{one.name} has findings that are not closed: {', '.join(left[:10])}",
            "Close the findings first.",
        )


def _other_scope(one: Inspection) -> Finding:
    return _finding(
        "SECINSP-SCOPE",
        f"{one.name} is an inspection of {one.scope}",
        "Name that facility; an inspection of another one has another name.",
    )


def _finding(code: str, message: str, advice: str) -> Finding:
    return Finding(code, Severity.FORMAT, message, advice, basis=BASIS)
