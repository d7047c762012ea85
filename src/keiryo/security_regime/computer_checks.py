"""What may be recorded of computer systems, their measures, and connections between zones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from keiryo.errors import Finding
from keiryo.security_regime.computer_record import Computers, System
from keiryo.security_regime.event_words import (
    anew_problems,
    choice_problems,
    refusing,
    telling,
    warning,
)
from keiryo.security_regime.oversight_record import (
    ID,
    REFERENCES,
    WORDS,
    Context,
    Problem,
    is_day,
    iso,
    shown,
    text_problems,
)
from keiryo.security_regime.tables_events import (
    ADMIN,
    CONNECTION_KINDS,
    FUNCTIONS,
    IN_PLACE,
    LAPSED,
    LEVELS,
    MEASURE_KINDS,
    MEASURE_STATES,
    PLANNED,
    SECURITY_SYSTEM,
    SECURITY_SYSTEM_MEASURE,
    VERIFIED,
)

STEPS: dict[str | None, frozenset[str]] = {
    None: frozenset({PLANNED, IN_PLACE}),
    PLANNED: frozenset({PLANNED, IN_PLACE, LAPSED}),
    IN_PLACE: frozenset({IN_PLACE, VERIFIED, LAPSED}),
    VERIFIED: frozenset({VERIFIED, LAPSED}),
    LAPSED: frozenset({PLANNED, IN_PLACE}),
}
"""Which state of a measure may follow which; the same again corrects it, or verifies it anew."""

_SYSTEM = {"system": ID, "zone": ID, "owner": ID, "reason": WORDS}
_MEASURE = {
    "measure": ID, "by_person": ID, "verified_by": ID, "evidence": REFERENCES, "reason": WORDS,
}  # fmt: skip
_CONNECTION = {"connection": ID, "from_zone": ID, "to_zone": ID, "reason": WORDS}


def computer_findings(
    known: Computers, context: Context, kind: str, line: Mapping[str, Any]
) -> Iterator[Finding]:
    """Yield what is wrong with a line about a system, a measure or a connection.

    Parameters
    ----------
    known : Computers
        As they stand before it.
    context : Context
    kind, line
        Line kind and values, with the scope and the person who posts.
    """
    if kind == SECURITY_SYSTEM.name:
        yield from _system(known.systems.get(line["system"]), context, line)
    elif kind == SECURITY_SYSTEM_MEASURE.name:
        one = known.systems.get(line["system"])
        if one is None:
            yield refusing(
                "COMPUTER-UNKNOWN",
                f"there is no computer system {shown(line['system'])}",
                "Record it first; 'keiryo protection computer list' lists them.",
            )
        else:
            yield from _measure(one, context, line)
    else:
        yield from _connection(known, context, line)


def _system(before: System | None, context: Context, line: Mapping[str, Any]) -> Iterator[Finding]:
    name = line["system"]
    yield from telling("COMPUTER-TEXT", name, text_problems(line, _SYSTEM, ("retired_on",)))
    choices = {"function": FUNCTIONS, "level": LEVELS, "sensitive_asset": (0, 1)}
    yield from telling("COMPUTER-VALUE", name, choice_problems(line, choices))
    wrong = context.place_problem(line["scope"])
    if wrong is not None:
        yield from telling("COMPUTER-FACILITY", name, iter([wrong]))
    old = None if before is None else before.values
    yield from telling("COMPUTER-ANEW", name, anew_problems(old, line))


def _measure(one: System, context: Context, line: Mapping[str, Any]) -> Iterator[Finding]:
    name = f"{one.name}/{line['measure']}"
    texts = list(text_problems(line, _MEASURE, ("on_day", "next_due")))
    yield from telling("COMPUTER-TEXT", name, iter(texts))
    choices = {"kind": MEASURE_KINDS, "state": MEASURE_STATES}
    wrong = list(choice_problems(line, choices))
    yield from telling("COMPUTER-VALUE", name, iter(wrong))
    yield from telling("COMPUTER-EVIDENCE", name, _shown_by(context, line))
    if not wrong:
        yield from telling("COMPUTER-STEP", name, _step(one, context, line))
    if line.get("state") == VERIFIED and line.get("verified_by") in _doers(one, line):
        yield refusing(
            "COMPUTER-SAME-PERSON",
            f"{shown(name)}: who answers for it does not verify it",
            "Somebody else than the owner, and than who put it in place, verifies it.",
        )


def _shown_by(context: Context, line: Mapping[str, Any]) -> Iterator[Problem]:
    yield from context.evidence_problems(line.get("evidence"))
    if line.get("state") == VERIFIED:
        if not line.get("evidence"):
            yield "nothing shows that it was verified", "Name an act, a digest or a reference."
        if not line.get("verified_by"):
            yield "nobody is named who verified it", "Name them: a role or a pseudonym."
    elif line.get("verified_by"):
        yield "only what is verified has somebody who did so", "Leave them out."


def _doers(one: System, line: Mapping[str, Any]) -> set[Any]:
    """Return who may not verify a measure: the owner, and who put it in place."""
    before = one.measures.get(line["measure"])
    lines = () if before is None else before.lines
    begun = [each for each in lines if each["state"] == IN_PLACE]
    doers = {begun[-1]["by_person"], begun[-1].get("person")} if begun else set()
    return (doers | {one.values["owner"]}) - {None}


def _step(one: System, context: Context, line: Mapping[str, Any]) -> Iterator[Problem]:
    if one.scope != line["scope"]:
        yield f"the system is recorded for {one.scope}", "Name that facility."
    before = one.measures.get(line["measure"])
    state = None if before is None else before.state
    if line.get("before") != state:
        told = "new" if state is None else state
        yield f"it is {told}, not {shown(line.get('before'))}", "Look at it again."
    elif line["state"] not in STEPS[state]:
        allowed = ", ".join(sorted(STEPS[state]))
        told = "new" if state is None else state
        yield f"it is {told} and cannot become {line['state']}", f"It may become: {allowed}."
    elif _says_why(state, line) and not line.get("reason"):
        yield "no reason is given", "Say why it lapsed, or what is corrected."
    if before is not None and before.kind != line["kind"]:
        yield f"it is of the kind {before.kind}", "Another kind of measure has another name."
    if not is_day(line["on_day"]):
        return
    if before is not None and line["on_day"] < before.last["on_day"]:
        yield f"it lies before what was said on {iso(before.last['on_day'])}", "Correct the day."
    if context.today is not None and line["on_day"] > context.today:
        yield "it lies ahead of today", "Record it when it is so."
    if is_day(line.get("next_due")) and line["next_due"] <= line["on_day"]:
        yield "the next verification does not lie ahead", "Correct the day."


def _says_why(state: str | None, line: Mapping[str, Any]) -> bool:
    return line["state"] == LAPSED or (line["state"] == state and state != VERIFIED)


def _connection(known: Computers, context: Context, line: Mapping[str, Any]) -> Iterator[Finding]:
    name = line["connection"]
    days = ("on_day", "removed_on")
    texts = list(text_problems(line, _CONNECTION, days))
    yield from telling("COMPUTER-TEXT", name, iter(texts))
    yield from telling("COMPUTER-VALUE", name, choice_problems(line, {"kind": CONNECTION_KINDS}))
    wrong = context.place_problem(line["scope"])
    if wrong is not None:
        yield from telling("COMPUTER-FACILITY", name, iter([wrong]))
    before = known.connections.get(name)
    old = None if before is None else before.values
    yield from telling("COMPUTER-ANEW", name, anew_problems(old, line))
    problems = []
    levels = known.levels()
    zones = [(line["scope"], line.get(one)) for one in ("from_zone", "to_zone")]
    if zones[0] == zones[1]:
        problems.append(("it leads from a zone to itself", "Name two zones."))
    for zone in zones:
        if zone not in levels:
            told = f"no system is recorded in the zone {shown(zone[1])}"
            problems.append((told, "Record a system of that zone first."))
    if line.get("on_day") is None:
        problems.append(("no day is named since which it is there", "Name it."))
    elif not texts and line.get("removed_on") and line["removed_on"] < line["on_day"]:
        problems.append(("it is removed before it is there", "Correct the days."))
    yield from telling("COMPUTER-CONNECTION", name, iter(problems))
    if not problems and line.get("removed_on") is None and line["kind"] == ADMIN:
        first, second = (min(levels[zone]) for zone in zones)  # type: ignore[index]
        if first > second:
            yield warning(
                "COMPUTER-ADMIN",
                f"{shown(name)}: a zone of level {first} administers one of level {second}",
                "Remove the connection: no zone administers a stricter one.",
            )
