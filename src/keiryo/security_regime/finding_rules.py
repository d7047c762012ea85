"""What the life of a finding allows: nobody verifies, closes or extends what is theirs to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from keiryo.errors import Finding, Severity
from keiryo.security_regime.finding_record import FindingRecord, is_repeat
from keiryo.security_regime.finding_states import (
    ACTION_PLANNED,
    CLOSED,
    EXTENDED,
    IMPLEMENTED,
    INDEPENDENT,
    NEEDS_REASON,
    STEPS,
    TO_BE_DONE,
    VERIFIED,
)
from keiryo.security_regime.inspection_record import Inspection
from keiryo.security_regime.inspection_states import CANCELLED, PLANNED
from keiryo.security_regime.inspection_states import CLOSED as INSPECTION_CLOSED
from keiryo.security_regime.oversight_record import (
    BASIS,
    ID,
    REFERENCE,
    REFERENCES,
    WORDS,
    Context,
    is_day,
    iso,
    shown,
    text_problems,
)
from keiryo.security_regime.tables_oversight import (
    GOOD_PRACTICE,
    GRADES,
    SECURITY_FINDING,
    SECURITY_FINDING_ACTION,
)

Known = Mapping[str, FindingRecord]

_TERMS = {
    "finding": ID, "inspection": ID, "requirement": REFERENCE, "owner": ID, "words": WORDS,
    "evidence": REFERENCES, "reason": WORDS,
}  # fmt: skip
_ACTION = {"action": ID, "words": WORDS, "owner": ID, "evidence": REFERENCES}
_STEP = {"by_person": ID, "reason": WORDS, "evidence": REFERENCES}
_FIXED = ("inspection", "requirement", "grade", "raised_on", "due")


def security_finding_findings(
    known: Known,
    inspections: Mapping[str, Inspection],
    context: Context,
    kind: str,
    line: Mapping[str, Any],
) -> Iterator[Finding]:
    """Yield what is wrong with a line about a finding.

    Parameters
    ----------
    known : mapping of name to FindingRecord
        As they stand before it.
    inspections : mapping of name to Inspection
    context : Context
    kind, line
        Line kind and values, with the scope and the person who posts.
    """
    name, one = shown(line["finding"]), known.get(line["finding"])
    for message, advice in context.evidence_problems(line.get("evidence")):
        yield _finding("SECFIND-EVIDENCE", f"{name}: {message}", advice)
    if kind == SECURITY_FINDING.name:
        yield from _terms(known, inspections, name, line)
        return
    if one is None:
        yield _finding(
            "SECFIND-UNKNOWN",
            f"there is no finding {name}",
            "Record it first; 'keiryo protection finding list' lists them.",
        )
        return
    if one.scope != line["scope"]:
        yield _other_scope(one)
    if kind == SECURITY_FINDING_ACTION.name:
        yield from _action(context, one, line)
        return
    problems = list(text_problems(line, _STEP, ("on_day", "due")))
    for message, advice in problems:
        yield _finding("SECFIND-TEXT", f"{name}: {message}", advice)
    if is_day(line["on_day"]) and (line["due"] is None or is_day(line["due"])):
        yield from _step(context, one, line)


def _terms(
    known: Known, inspections: Mapping[str, Inspection], name: str, line: Mapping[str, Any]
) -> Iterator[Finding]:
    problems = list(text_problems(line, _TERMS, ("raised_on", "due")))
    for message, advice in problems:
        yield _finding("SECFIND-TEXT", f"{name}: {message}", advice)
    yield from _where(inspections, name, line)
    good = line["grade"] == GOOD_PRACTICE
    if line["grade"] not in GRADES:
        yield _finding(
            "SECFIND-GRADE",
            f"{name}: {shown(line['grade'])} is no grade",
            f"One of {', '.join(GRADES)}.",
        )
    elif good and line.get("due") is not None:
        yield _finding(
            "SECFIND-DUE", f"{name}: a good practice has no deadline", "Leave the day out."
        )
    elif not good and (line.get("due") is None or not line.get("owner")):
        yield _finding(
            "SECFIND-DUE",
            f"{name}: nobody, or no day, is named for putting it right",
            "Give an owner, by role or pseudonym, and the day by which it is put right.",
        )
    elif not good and not problems and (line["due"] or 0) < (line["raised_on"] or 0):
        yield _finding(
            "SECFIND-DUE", f"{name}: it would be due before it was raised", "Correct the days."
        )
    one = known.get(line["finding"])
    if one is not None:
        yield from _anew(one, line)
    elif not problems and line["grade"] in GRADES and line["raised_on"]:
        yield from _repeat(known, FindingRecord(line))


def _repeat(known: Known, new: FindingRecord) -> Iterator[Finding]:
    """Tell that a finding repeats another one."""
    earlier = [one for one in known.values() if is_repeat(new, one)]
    before = max(earlier, key=lambda one: int(one.values["raised_on"]), default=None)
    if before is not None:
        yield Finding(
            "SECFIND-REPEAT",
            Severity.WARNING,
            f"{new.name} repeats {before.name}, raised on {iso(before.values['raised_on'])} "
            f"against {new.requirement}",
            "Look why what was done then did not last.",
            basis=BASIS,
        )


def _where(
    inspections: Mapping[str, Inspection], name: str, line: Mapping[str, Any]
) -> Iterator[Finding]:
    visit = inspections.get(line["inspection"])
    if visit is None or visit.state in (PLANNED, CANCELLED, INSPECTION_CLOSED):
        yield _finding(
            "SECFIND-INSPECTION",
            f"{name}: {shown(line['inspection'])} is no inspection that was performed and is open",
            "Record that it was performed first; what is found after its closing belongs to the "
            "next one.",
        )
        return
    if visit.scope != line["scope"]:
        yield _finding(
            "SECFIND-SCOPE",
            f"{name}: {visit.name} is an inspection of {visit.scope}",
            "A finding belongs to the facility that was inspected.",
        )
    done = visit.performed
    if done is not None and is_day(line["raised_on"]) and line["raised_on"] < done[0]:
        yield _finding(
            "SECFIND-DAY",
            f"{name}: it would be raised before the inspection began on {iso(done[0])}",
            "Correct the day.",
        )


def _anew(one: FindingRecord, line: Mapping[str, Any]) -> Iterator[Finding]:
    fixed = [each for each in _FIXED if one.values.get(each) != line.get(each)]
    if one.scope != line["scope"]:
        yield _other_scope(one)
    if (one.steps and fixed) or one.state == CLOSED:
        yield _finding(
            "SECFIND-FIXED",
            f"{one.name} is {one.state}: {', '.join(_FIXED).replace('_', ' ')} stand fixed",
            "A deadline is extended by a step; anything else is another finding.",
        )
    elif not line.get("reason"):
        yield _finding(
            "SECFIND-FIXED",
            f"{one.name} is recorded anew without a reason",
            "Say what is corrected; a finding of another name is another one.",
        )
    if line.get("person") in one.owners:
        yield _finding(
            "SECFIND-OWNER",
            f"{one.name}: its owner does not record it anew",
            "Who raised it, or another officer, corrects it.",
        )


def _action(context: Context, one: FindingRecord, line: Mapping[str, Any]) -> Iterator[Finding]:
    problems = list(text_problems(line, _ACTION, ("due", "done_on")))
    for message, advice in problems:
        yield _finding("SECFIND-TEXT", f"{one.name}/{shown(line['action'])}: {message}", advice)
    if one.state not in TO_BE_DONE:
        yield _finding(
            "SECFIND-ACTION",
            f"{one.name} is {one.state}: there is nothing to plan",
            "Open it again first.",
        )
        return
    if not line["words"] or not line["owner"] or not line["due"]:
        yield _finding(
            "SECFIND-ACTION",
            f"{one.name}/{shown(line['action'])}: what is done, by whom or by when is missing",
            "Give all three.",
        )
        return
    before = one.actions.get(line["action"])
    later = one.due is not None and line["due"] > one.due
    if later and (before is None or before["due"] != line["due"]):
        yield _finding(
            "SECFIND-ACTION",
            f"{one.name}/{shown(line['action'])}: it would end after the deadline of the finding, "
            f"{iso(one.due)}",
            "Choose an earlier day, or have the deadline extended.",
        )
    done = line.get("done_on")
    ahead = done is not None and context.today is not None and done > context.today
    if ahead or (done is not None and done < one.values["raised_on"]):
        yield _finding(
            "SECFIND-DAY",
            f"{one.name}/{shown(line['action'])}: it was done before the finding was raised, or "
            "lies ahead of today",
            "Correct the day.",
        )


def _step(context: Context, one: FindingRecord, line: Mapping[str, Any]) -> Iterator[Finding]:
    step = line["state"]
    if line["before"] != one.state:
        yield _finding(
            "SECFIND-STEP",
            f"{one.name} is {one.state}, not {shown(line['before'])}",
            "Look at it again: somebody took a step in between.",
        )
        return
    if one.grade == GOOD_PRACTICE or step not in STEPS[one.state]:
        allowed = () if one.grade == GOOD_PRACTICE else STEPS[one.state]
        yield _finding(
            "SECFIND-STEP",
            f"{one.name} is {one.state} and cannot become {shown(step)}",
            f"It may become: {', '.join(sorted(allowed)) or 'nothing: a good practice is closed'}.",
        )
        return
    last = one.steps[-1]["on_day"] if one.steps else one.values["raised_on"]
    if line["on_day"] < last:
        yield _finding(
            "SECFIND-DAY",
            f"{one.name}: the step lies before {iso(last)}, the day of what went before",
            "Steps follow one another; correct the day.",
        )
    if context.today is not None and line["on_day"] > context.today:
        yield _finding(
            "SECFIND-DAY",
            f"{one.name}: the step lies ahead of today",
            "Record it when it is taken.",
        )
    if step in NEEDS_REASON and not line.get("reason"):
        yield _finding(
            "SECFIND-STEP", f"{one.name}: no reason is given", "Say why; it stands in the record."
        )
    if (line["due"] is not None) != (step == EXTENDED) or (
        step == EXTENDED and (line["due"] or 0) <= (one.due or 0)
    ):
        yield _finding(
            "SECFIND-DUE",
            f"{one.name}: a later day belongs to an extension, and to nothing else",
            f"Give a day after {iso(one.due)} with the extension.",
        )
    yield from _shown(one, line)
    if step in INDEPENDENT:
        yield from _independent(one, line)


def _shown(one: FindingRecord, line: Mapping[str, Any]) -> Iterator[Finding]:
    """Refuse a step for which actions or evidence are wanting."""
    step = line["state"]
    if step in (ACTION_PLANNED, IMPLEMENTED) and not one.actions:
        yield _finding(
            "SECFIND-ACTION",
            f"{one.name} has no corrective action",
            "Record what is done, by whom and by when.",
        )
    left = [name for name, each in one.actions.items() if each["done_on"] is None]
    if step == IMPLEMENTED and left:
        yield _finding(
            "SECFIND-ACTION",
            f"{one.name}: {', '.join(sorted(left)[:10])} is not done",
            "Record the day on which each action was done.",
        )
    if step in (VERIFIED, CLOSED) and not (one.evidence or line.get("evidence")):
        yield _finding(
            "SECFIND-EVIDENCE",
            f"{one.name}: nothing shows that it was put right",
            "Name what shows it: an act as act:17, a digest or a reference.",
        )


def _independent(one: FindingRecord, line: Mapping[str, Any]) -> Iterator[Finding]:
    """Refuse a step of the regulator that is taken by who puts the finding right."""
    theirs: set[str | None] = set(one.owners)
    for each in one.steps:
        if each["state"] in (ACTION_PLANNED, IMPLEMENTED):
            theirs |= {each["by_person"], each.get("person")}
    theirs |= {each.get("person") for each in one.actions.values()}
    if (theirs - {None}) & {line["by_person"], line.get("person")}:
        yield _finding(
            "SECFIND-OWNER",
            f"{one.name}: who puts it right, or recorded that, does not make it {line['state']}",
            "Somebody independent does it, and records it under their own name.",
        )


def _other_scope(one: FindingRecord) -> Finding:
    return _finding(
        "SECFIND-SCOPE",
        f"{one.name} is a finding at {one.scope}",
        "Name that facility; a finding at another one has another name.",
    )


def _finding(code: str, message: str, advice: str) -> Finding:
    return Finding(code, Severity.FORMAT, message, advice, basis=BASIS)
