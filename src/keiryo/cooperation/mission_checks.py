"""Rules of missions, in the posting pipeline: which step may be taken, and what it needs.

Nothing is prepared without terms of reference, nobody sets out without a team, days and sites, no
report is final or released without the host, and no mission is closed over open findings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from keiryo.cooperation.caveats import BASIS, CAVEATS, marking
from keiryo.cooperation.exchange_tables import (
    EXPERT_MISSION,
    MISSION_FINDING,
    MISSION_MEMBER,
    MISSION_STEP,
)
from keiryo.cooperation.information_checks import (
    days_refused,
    evidence_refusals,
    name_refusals,
    organisation_refusals,
    under_refusals,
)
from keiryo.cooperation.missions import (
    CANCELLED,
    CLOSED,
    DECLINED,
    DRAFT,
    FINAL,
    FINDING_KINDS,
    FINDING_STEPS,
    FIRST,
    KINDS,
    PARTS,
    PLANNED,
    PREPARED,
    RELEASED,
    REQUESTED,
    SETTLED,
    STEPS,
    TERMS,
    UNDER_WAY,
    UNPREPARED,
    Mission,
    day_text,
    missions,
)
from keiryo.dates import date_number
from keiryo.errors import Finding, Severity
from keiryo.journal.registry import Check, Posting, Refusal


def check_missions(posting: Posting) -> Iterator[Refusal]:
    """Refuse what a mission cannot become, and lines about none."""
    kinds = (EXPERT_MISSION, MISSION_STEP, MISSION_MEMBER, MISSION_FINDING)
    lines = {kind.name: list(posting.lines(kind.name)) for kind in kinds}
    undated = [one for some in lines.values() for one in days_refused(some)]
    if undated:
        yield from undated
        return
    before = missions(posting.connection, posting.metadata, posting.act_id - 1)
    now = missions(posting.connection, posting.metadata, posting.act_id)
    for line in lines[EXPERT_MISSION.name]:
        yield from _request_refusals(posting, before, line)
    for kind in kinds[1:]:
        for line in lines[kind.name]:
            mission = now.get(str(line["mission"]))
            if mission is None:
                yield _unknown(str(line["mission"]))
            elif line["caveat"] != marking(mission.caveats):
                yield _refusal(
                    "CAVEAT-LOST", f"a line about {mission.name} lacks its caveats", "Add them."
                )
            elif kind is MISSION_STEP:
                old = before.get(mission.name, Mission(mission.name, mission.values))
                yield from _step_refusals(posting, old, mission, line)
            elif kind is MISSION_FINDING:
                old = before.get(mission.name, Mission(mission.name, mission.values))
                yield from _finding_refusals(posting, now, old, line)
            else:
                yield from _member_refusals(posting, line)


def _member_refusals(posting: Posting, line: Mapping[str, Any]) -> Iterator[Refusal]:
    if line["organisation"]:
        yield from organisation_refusals(posting, [str(line["organisation"])])
    if line["part"] not in PARTS:
        yield _refusal(
            "MISSION-KIND",
            f"{line['mission']}: there is no part {str(line['part'])[:60]!r} in a team",
            f"Parts are: {', '.join(PARTS)}.",
        )


def _request_refusals(
    posting: Posting, before: Mapping[str, Mission], line: Mapping[str, Any]
) -> Iterator[Refusal]:
    name, follows = str(line["mission"]), line["follows"]
    yield from organisation_refusals(posting, [str(line["host"]), str(line["provider"])])
    yield from under_refusals(posting, line["under"])
    yield from name_refusals(posting, EXPERT_MISSION.name, name)
    caveats = frozenset(str(line["caveats"] or "").split())
    for caveat in sorted(caveats - set(CAVEATS)):
        yield _refusal(
            "CAVEAT-UNKNOWN",
            f"{name}: there is no caveat {caveat[:60]!r}",
            f"Caveats are: {', '.join(CAVEATS)}.",
        )
    earlier = [before[one] for one in (name, str(follows)) if one in before]
    if line["caveat"] != marking(caveats) or any(not e.caveats <= caveats for e in earlier):
        yield _refusal(
            "CAVEAT-LOST",
            f"{name} does not say all caveats of what it follows, or not on its line",
            "A mission bears the caveats of the one that it follows up; add them.",
        )
    if line["kind"] not in KINDS:
        yield _refusal(
            "MISSION-KIND",
            f"{name}: there is no kind of mission {str(line['kind'])[:60]!r}",
            f"Kinds are: {', '.join(KINDS)}.",
        )
    if follows is not None and (follows not in before or before[follows].period is None):
        yield _refusal(
            "MISSION-FOLLOWS",
            f"{name} would follow up {follows!r}, which is no mission that took place",
            "Name the mission that is followed up, or leave it out.",
        )


def _step_refusals(
    posting: Posting, before: Mission, now: Mission, line: Mapping[str, Any]
) -> Iterator[Refusal]:
    yield from evidence_refusals(posting, now.name, line["evidence"])
    for message, advice in step_problems(before, now, line):
        yield _refusal("MISSION-STEP", f"{now.name}: {message}", advice)
    earlier = before.steps[-1]["on_day"] if before.steps else now.values["requested_on"]
    period = now.period
    if period is not None and period[1] < period[0]:
        yield _refusal(
            "MISSION-DAY",
            f"{now.name}: its last day {period[1]} lies before its first, {period[0]}",
            "Correct the days.",
        )
    if int(line["on_day"]) < int(earlier):
        yield _refusal(
            "MISSION-DAY",
            f"{now.name}: the step lies before its last one of {day_text(earlier)}",
            "Steps follow one another; correct the day.",
        )


def step_problems(
    before: Mission, now: Mission, line: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """Yield why a mission cannot take a step, each with what to do."""
    state, kind = str(line["state"]), str(now.values["kind"])
    allowed = STEPS.get(before.state, frozenset())
    if before.state == TERMS and kind in UNPREPARED:
        allowed |= {PLANNED}
    if line["before"] != before.state:
        yield f"it is {before.state}, not {line['before']}", "Look at it again."
    elif state not in allowed:
        may = ", ".join(sorted(allowed)) or "nothing: it is over"
        yield f"from {before.state} it cannot become {state}", f"It may become: {may}."
    if not str(line["reason"]).strip():
        yield "no reason is given", "Say what happened; it stands in the record."
    period = now.period
    if state == TERMS and not (now.said("terms") or line["evidence"]):
        yield "there are no terms of reference", "Give them in words or as a file."
    if state == PREPARED and not now.said("prepared_on"):
        yield "the preparatory meeting has no day", "Give the day on which it was held."
    if state in (PLANNED, UNDER_WAY) and not (now.team and period and now.said("sites")):
        yield "team, days or sites are missing", "Say who goes, from when to when, and where."
    if state == PLANNED and now.team and not any(m["part"] == "leader" for m in now.team):
        yield "the team has no leader", "Name who leads it."
    if state == UNDER_WAY and period and int(line["on_day"]) < date_number(period[0]):
        yield f"it begins on {period[0]} only", "Record it when it has begun."
    if state in (DRAFT, FINAL) and not line["evidence"]:
        yield "the report is not there", "Give the report as a file; it is kept as evidence."
    if state in (FINAL, RELEASED) and line["side"] != now.values["host"]:
        host = now.values["host"]
        yield f"the host {host} has not agreed to it", "Name the side whose act it is: the host."
    if state == CLOSED:
        still = sorted(n for n, one in now.found.items() if one["state"] not in SETTLED)
        if still:
            yield f"these findings are open: {', '.join(still)}", "Settle them, or keep it open."


def _finding_refusals(
    posting: Posting, now: Mapping[str, Mission], before: Mission, line: Mapping[str, Any]
) -> Iterator[Refusal]:
    yield from evidence_refusals(posting, before.name, line["evidence"])
    for message, advice in finding_problems(now, before, line):
        text = f"{before.name}, finding {line['number']}: {message}"
        yield _refusal("MISSION-FINDING", text, advice)


def finding_problems(
    now: Mapping[str, Mission], before: Mission, line: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """Yield why a finding cannot become what is wanted, each with what to do."""
    old, kind, state = before.found.get(str(line["number"])), str(line["kind"]), str(line["state"])
    if kind not in FINDING_KINDS or not str(line["words"]).strip():
        yield "its kind or its words are missing", f"A kind is one of {', '.join(FINDING_KINDS)}."
    if old is None:
        if before.state in (REQUESTED, TERMS, PREPARED, PLANNED, DECLINED, CANCELLED, CLOSED):
            yield f"the mission is {before.state}", "Record findings once it is under way."
        if kind in FIRST and state != FIRST[kind]:
            yield f"it cannot begin as {state}", f"A {kind} begins as {FIRST[kind]}."
    else:
        if state not in FINDING_STEPS.get(str(old["state"]), frozenset()):
            allowed = ", ".join(sorted(FINDING_STEPS.get(str(old["state"]), ()))) or "nothing"
            yield f"from {old['state']} it cannot become {state}", f"It may become: {allowed}."
        changed = old["words"] != line["words"] or old["kind"] != kind
        if changed and before.state in (FINAL, RELEASED, CLOSED):
            yield "the report is final; its words stay", "Record what is done about it instead."
    if state in ("accepted", "in_progress") and not (
        line["owner"] and line["plan"] and line["due_on"]
    ):
        yield "owner, plan or day is missing", "Say who does what by when."
    if state == "rejected" and not str(line["reason"] or "").strip():
        yield "no reason is given", "Say why it is not followed; it stands in the record."
    if state in ("done", "verified") and not line["evidence"]:
        yield "nothing shows that it was done", "Add at least one piece of evidence."
    if state == "verified":
        again = now.get(str(line["follow_up"]))
        if again is None or again.values["follows"] != before.name:
            yield "no follow-up mission looked at it", "Name a mission that follows this one up."


def _unknown(name: str) -> Refusal:
    return _refusal(
        "MISSION-UNKNOWN",
        f"there is no mission {name[:60]!r}",
        "'keiryo cooperation mission list' lists them.",
    )


def _refusal(code: str, message: str, advice: str) -> Refusal:
    return Refusal(Finding(code, Severity.FORMAT, message, advice, basis=BASIS))


MISSIONS_HOLD = Check(
    "steps of missions",
    frozenset({EXPERT_MISSION.name, MISSION_STEP.name, MISSION_MEMBER.name, MISSION_FINDING.name}),
    check_missions,
)
