"""What the life of a security event allows: its terms, notices, closing and opening again."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from keiryo.dates import number_date
from keiryo.errors import Finding
from keiryo.security_regime.event_due import NO_INCIDENT, due_of
from keiryo.security_regime.event_record import CLOSED, REOPENED, STEPS, SecurityEvent
from keiryo.security_regime.event_rule_table import RuleTable
from keiryo.security_regime.event_words import (
    INSTANT,
    anew_problems,
    choice_problems,
    instant,
    refusing,
    telling,
    warning,
)
from keiryo.security_regime.oversight_record import (
    ID,
    REFERENCE,
    TITLE,
    WORDS,
    Context,
    is_day,
    iso,
    shown,
    text_problems,
)
from keiryo.security_regime.tables_events import (
    CATEGORIES,
    CLASSIFICATIONS,
    EVENT_TYPES,
    SECURITY_EVENT,
    SECURITY_EVENT_NOTICE,
    SEVERITIES,
)

_TIMES = ("occurred_at", "detected_at", "reported_at", "restored_at")
_TEXTS = {
    "event": ID, "title": TITLE, "incident_ref": REFERENCE, "system": ID, "reference": REFERENCE,
    "reason": WORDS,
}  # fmt: skip
_CHOICES = {
    "type": EVENT_TYPES,
    "category": CATEGORIES,
    "severity": SEVERITIES,
    "classification": CLASSIFICATIONS,
    "out_of_control": (0, 1),
}
_NOTICE = {"notice": ID, "recipient": ID, "by_person": ID, "reference": REFERENCE}
_STEP = {"by_person": ID, "lessons": WORDS, "reference": REFERENCE, "reason": WORDS}


def event_findings(
    known: Mapping[str, SecurityEvent],
    systems: frozenset[str],
    tables: Sequence[RuleTable],
    context: Context,
    kind: str,
    line: Mapping[str, Any],
) -> Iterator[Finding]:
    """Yield what is wrong with a line about a security event.

    Parameters
    ----------
    known : mapping of name to SecurityEvent
        As they stand before it.
    systems : frozenset of str
        Computer systems that are recorded.
    tables : sequence of RuleTable
        Tables of notification.
    context : Context
    kind, line
        Line kind and values, with the scope and the person who posts.
    """
    event = known.get(line["event"])
    if kind == SECURITY_EVENT.name:
        yield from _terms(event, systems, context, line)
        return
    if event is None:
        yield refusing(
            "SECEVENT-UNKNOWN",
            f"there is no security event {shown(line['event'])}",
            "Record it first; 'keiryo protection event list' lists them.",
        )
    elif kind == SECURITY_EVENT_NOTICE.name:
        yield from _notice(event, context, line)
    else:
        yield from _step(event, tables, context, line)


def _terms(
    before: SecurityEvent | None,
    systems: frozenset[str],
    context: Context,
    line: Mapping[str, Any],
) -> Iterator[Finding]:
    name = line["event"]
    yield from telling("SECEVENT-TEXT", name, text_problems(line, _TEXTS))
    yield from telling("SECEVENT-VALUE", name, choice_problems(line, _CHOICES, ("category",)))
    wrong = context.place_problem(line["scope"])
    if wrong is not None:
        yield from telling("SECEVENT-FACILITY", name, iter([wrong]))
    times = [*text_problems(line, dict.fromkeys(_TIMES, INSTANT))]
    yield from telling("SECEVENT-TIME", name, iter(times))
    if not times:
        yield from telling("SECEVENT-TIME", name, _order(context, line))
    old = None if before is None else before.values
    yield from telling("SECEVENT-ANEW", name, anew_problems(old, line))
    if line.get("system") and line["system"] not in systems:
        yield refusing(
            "SECEVENT-SYSTEM",
            f"{shown(name)}: there is no computer system {shown(line['system'])}",
            "Record it first; 'keiryo protection computer list' lists them.",
        )
    if line.get("out_of_control") == 1 and not line.get("incident_ref"):
        yield warning(
            "SECEVENT-INCIDENT",
            f"{shown(name)}: {NO_INCIDENT}",
            "Report it and record the event anew with the reference of the report.",
        )


def _order(context: Context, line: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    times = {name: instant(line[name]) for name in _TIMES if line.get(name)}
    detected, advice = times["detected_at"], "Correct the times, or their offsets."
    if times.get("occurred_at", detected) > detected:
        yield "it was detected before it occurred", advice
    if times.get("reported_at", detected) < detected:
        yield "it was reported before it was detected", advice
    restored = times.get("restored_at")
    if restored is not None and restored < times.get("occurred_at", detected):
        yield "what failed worked again before it failed", advice
    if any(_ahead(context, one) for one in times.values()):
        yield "a time lies ahead of now", "Record it when it has come."


def _ahead(context: Context, moment: datetime.datetime) -> bool:
    if context.today is None:
        return False
    day = datetime.datetime.combine(number_date(context.today), datetime.time(), datetime.UTC)
    return moment >= day + datetime.timedelta(days=1)


def _notice(event: SecurityEvent, context: Context, line: Mapping[str, Any]) -> Iterator[Finding]:
    name = event.name
    yield from telling("SECEVENT-TEXT", name, text_problems(line, _NOTICE))
    times = list(text_problems(line, {"notified_at": INSTANT}))
    if event.scope != line["scope"]:
        times.append((f"it is recorded for {event.scope}", "Name that facility."))
    if line.get("void") not in (0, 1):
        times.append(("void is neither yes nor no", "Write yes or no."))
    elif line["void"] and line["notice"] not in event.notices:
        times.append(("there is no such notice to take back", "Name one that stands there."))
    if event.state == CLOSED:
        times.append(("it is closed", "Open it again first, with a reason."))
    if not times:
        moment = instant(line["notified_at"])
        if moment < event.detected:
            times.append(("nobody is notified before it was detected", "Correct the time."))
        if _ahead(context, moment):
            times.append(("the notice lies ahead of now", "Record it when it is given."))
    yield from telling("SECEVENT-NOTICE", name, iter(times))


def _step(
    event: SecurityEvent,
    tables: Sequence[RuleTable],
    context: Context,
    line: Mapping[str, Any],
) -> Iterator[Finding]:
    name, state = event.name, line["state"]
    yield from telling("SECEVENT-TEXT", name, text_problems(line, _STEP, ("on_day",)))
    wrong = []
    if event.scope != line["scope"]:
        wrong.append((f"it is recorded for {event.scope}", "Name that facility."))
    if line["before"] != event.state:
        told = f"it is {event.state}, not {shown(line['before'])}"
        wrong.append((told, "Look at it again: somebody took a step in between."))
    elif state not in STEPS[event.state]:
        allowed = ", ".join(sorted(STEPS[event.state]))
        told = f"it is {event.state} and cannot become {shown(state)}"
        wrong.append((told, f"It may become: {allowed}."))
    elif state == CLOSED and not (line.get("lessons") or line.get("reference")):
        told = "neither what was learnt nor a final report is named"
        wrong.append((told, "Give one of them."))
    elif state == REOPENED and not line.get("reason"):
        wrong.append(("no reason is given", "Say why; it stands in the record."))
    if is_day(line["on_day"]):
        wrong += _when(event, context, int(line["on_day"]))
    yield from telling("SECEVENT-STEP", name, iter(wrong))
    if not wrong and state == CLOSED:
        yield from _closing(event, tables)


def _when(event: SecurityEvent, context: Context, day: int) -> Iterator[tuple[str, str]]:
    first = int(event.steps[-1]["on_day"]) if event.steps else event.detected_on
    if day < first:
        yield f"the step lies before {iso(first)}", "Steps follow one another; correct the day."
    if context.today is not None and day > context.today:
        yield "the step lies ahead of today", "Record it when it is taken."


def _closing(event: SecurityEvent, tables: Sequence[RuleTable]) -> Iterator[Finding]:
    end = datetime.datetime.max.replace(tzinfo=datetime.UTC)
    due = due_of(event, tables, end)
    if due.outstanding:
        names = ", ".join(one.recipient for one in due.outstanding)
        yield refusing(
            "SECEVENT-OUTSTANDING",
            f"{event.name} cannot be closed: {names} must be notified",
            "Record the notices, late as they are; then close it.",
        )
    elif not due.notifications:
        yield warning(
            "SECEVENT-NO-RULE",
            f"{event.name}: {due.told[0]}",
            "Record the State's table of rules: 'keiryo protection event rules'.",
        )
