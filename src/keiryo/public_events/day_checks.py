"""What the record of the days of an event allows: checked in the posting pipeline.

Everything belongs to a plan that is in force. An alarm is closed as its alarm case was, and never
without one if it had neutrons; an alarm that went to the response stays there. Information goes
to a partner when a second person whom the plan entitles has released it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from keiryo.errors import Finding, RefusedError, Severity
from keiryo.journal.registry import Check, Posting, Refusal
from keiryo.public_events.acts import events_rows, named, not_planned, plan_in_force
from keiryo.public_events.case_links import case_findings
from keiryo.public_events.day_tables import (
    ASKED,
    DAY_KINDS,
    DONE,
    EVENT_REPORT,
    OPEN,
    PUBLIC_EVENT_ALARM,
    PUBLIC_EVENT_CHECK,
    PUBLIC_EVENT_LOCK,
    PUBLIC_EVENT_RELEASE,
    PUBLIC_EVENT_REPORT,
    PUBLIC_EVENT_SPOT,
    PUBLIC_EVENT_SURVEY,
    PUBLIC_EVENT_SWEEP,
    RESPONSE,
)
from keiryo.public_events.instrument_checks import twice_finding
from keiryo.public_events.sheets import EventPlan, plan_finding
from keiryo.storage.schema import ACT

RELEASE = "release information"
"""The decision in the sheet of authority that entitles to release information to partners."""
Line = Mapping[str, Any]
_AFTERWARDS = frozenset({PUBLIC_EVENT_RELEASE.name, PUBLIC_EVENT_REPORT.name})
"""What may follow the close: reports to lenders, and what partners are told."""


def check_days(posting: Posting) -> Iterator[Refusal]:
    """Refuse what the plan in force or the record of an event does not allow."""
    plans: dict[str, EventPlan | None] = {}
    for kind in DAY_KINDS:
        for line in posting.lines(kind.name):
            event = str(line["event"])
            if event not in plans:
                plans[event] = _plan(posting, event)
                if plans[event] is None:
                    words = f"no version of a plan of {event[:40]!r} is approved"
                    advice = "Record a plan and have somebody else approve it."
                    yield _refusal(plan_finding("PUBLIC-EVENT-NO-PLAN", words, advice))
            plan = plans[event]
            if kind.name not in _AFTERWARDS and _closed(posting, event):
                words = f"{event[:40]} is closed: nothing is added to its days"
                yield _refusal(plan_finding("PUBLIC-EVENT-CLOSED", words, "Nothing is to be done."))
                continue
            look = _LOOKS.get(kind.name)
            if plan is not None and look is not None:
                yield from (_refusal(one) for one in look(posting, plan, line))
    yield from (_refusal(one) for one in case_findings(posting))


def _closed(posting: Posting, event: str) -> bool:
    rows = events_rows(
        *(posting.connection, posting.metadata, PUBLIC_EVENT_REPORT.name, event),
        through_act=posting.act_id - 1,
    )
    return any(one["what"] == EVENT_REPORT for one in rows)


def _plan(posting: Posting, event: str) -> EventPlan | None:
    try:
        return plan_in_force(
            posting.connection, posting.metadata, event, through_act=posting.act_id - 1
        )
    except RefusedError:
        return None


def _earlier(posting: Posting, kind: str, line: Line) -> list[dict[str, Any]]:
    """Return the lines of a kind about the same event before this one, in order."""
    rows = events_rows(posting.connection, posting.metadata, kind, str(line["event"]))
    place = (line["act_id"], line["line_no"])
    return [one for one in rows if (one["act_id"], one["line_no"]) < place]


def _known(plan: EventPlan, sheet: str, column: str, name: Any) -> Iterator[Finding]:
    if name not in named(plan, sheet, column):
        yield not_planned(column, name)


def _check(posting: Posting, plan: EventPlan, line: Line) -> Iterator[Finding]:
    yield from _known(plan, "instruments", "serial", line["serial"])
    same = ("serial", "what", "at")
    if any(
        all(one[k] == line[k] for k in same)
        for one in _earlier(posting, PUBLIC_EVENT_CHECK.name, line)
    ):
        yield twice_finding(line["serial"], line["at"])


def _survey(posting: Posting, plan: EventPlan, line: Line) -> Iterator[Finding]:
    yield from _known(plan, "venues", "venue", line["venue"])
    earlier = _earlier(posting, PUBLIC_EVENT_SURVEY.name, line)
    if any((one["venue"], one["evidence"]) == (line["venue"], line["evidence"]) for one in earlier):
        yield _same_file(line["venue"])


def _sweep(posting: Posting, plan: EventPlan, line: Line) -> Iterator[Finding]:
    yield from _known(plan, "sweeps", "sweep", line["sweep"])
    for serial in str(line["instruments"]).split():
        yield from _known(plan, "instruments", "serial", serial)
    earlier = _earlier(posting, PUBLIC_EVENT_SWEEP.name, line)
    if any(one["evidence"] == line["evidence"] for one in earlier):
        yield _same_file(line["sweep"])


def _same_file(name: str) -> Finding:
    return plan_finding(
        "PUBLIC-EVENT-FILE-TWICE",
        f"{name}: the same file is recorded already",
        "Nothing is to be done; another measurement has a file of its own.",
    )


def _spot(posting: Posting, plan: EventPlan, line: Line) -> Iterator[Finding]:
    yield from _known(plan, "venues", "venue", line["venue"])
    same = [
        one
        for one in _earlier(posting, PUBLIC_EVENT_SPOT.name, line)
        if one["spot"] == line["spot"]
    ]
    standing = same[-1] if same else None
    if line["state"] == DONE and (standing is None or standing["state"] != OPEN):
        words = f"there is no open spot {line['spot'][:40]!r}"
        yield plan_finding("PUBLIC-EVENT-SPOT", words, "Look which spots are open.")
    if standing is not None and standing["venue"] != line["venue"]:
        words = f"the spot {line['spot'][:40]!r} is in {standing['venue']}"
        yield plan_finding("PUBLIC-EVENT-SPOT", words, "Give another spot a name of its own.")
    if standing is not None and line["at"] < standing["at"]:
        yield _order(line["spot"])


def _lock(posting: Posting, plan: EventPlan, line: Line) -> Iterator[Finding]:
    yield from _known(plan, "venues", "venue", line["venue"])
    same = [
        one
        for one in _earlier(posting, PUBLIC_EVENT_LOCK.name, line)
        if one["venue"] == line["venue"]
    ]
    before = same[-1]["state"] if same else "unlocked"
    if line["state"] == before:
        words = f"{line['venue']} is {before} already"
        yield plan_finding("PUBLIC-EVENT-LOCK", words, "Look at the state of the venue.")
    if same and line["at"] <= same[-1]["at"]:
        yield _order(line["venue"])


def _order(name: str) -> Finding:
    return plan_finding(
        "PUBLIC-EVENT-ORDER",
        f"{name}: the moment lies before that of the last line",
        "What happens follows in order; correct the moment.",
    )


def _alarm(posting: Posting, plan: EventPlan, line: Line) -> Iterator[Finding]:
    yield from _known(plan, "posts", "post", line["post"])
    name = f"the alarm {line['alarm'][:40]}"
    if line["serial"] is not None:
        yield from _known(plan, "instruments", "serial", line["serial"])
    elif line["seen"] != "information":
        words = f"{name} does not say which instrument raised it"
        yield plan_finding("PUBLIC-EVENT-ALARM", words, "Name the serial number.")
    same = [
        one
        for one in _earlier(posting, PUBLIC_EVENT_ALARM.name, line)
        if one["alarm"] == line["alarm"]
    ]
    if not same:
        return
    fixed = [one for one in ("post", "serial", "at", "seen") if same[-1][one] != line[one]]
    if fixed:
        words = f"{name}: {', '.join(fixed)} would change"
        advice = "Another alarm has a name of its own; what was seen stands fixed."
        yield plan_finding("PUBLIC-EVENT-ALARM", words, advice)
    elif same[-1]["state"] != OPEN and same[-1]["state"] != line["state"] != RESPONSE:
        words = f"{name} is {same[-1]['state']} and would become {line['state']}"
        advice = "What was decided goes to the response, or stays."
        yield plan_finding("PUBLIC-EVENT-ALARM", words, advice)


def release_of(rows: list[dict[str, Any]], line: Line) -> dict[str, Any] | None:
    """Return the last line about the same information for the same partner, or None."""
    return next(
        (
            one
            for one in reversed(rows)
            if (one["information"], one["organisation"])
            == (line["information"], line["organisation"])
        ),
        None,
    )


def _release(posting: Posting, plan: EventPlan, line: Line) -> Iterator[Finding]:
    if line["state"] == ASKED:
        return
    name = f"{line['information']} for {line['organisation']}"
    last = release_of(_earlier(posting, PUBLIC_EVENT_RELEASE.name, line), line)
    if last is None or last["state"] != ASKED:
        words = f"nobody has asked for the release of {name}"
        yield plan_finding("PUBLIC-EVENT-RELEASE", words, "Ask for it first.")
        return
    if last["purpose"] != line["purpose"]:
        words = f"{name} was asked for another purpose"
        yield plan_finding("PUBLIC-EVENT-RELEASE", words, "Release it for what was asked.")
    act = posting.metadata.tables[ACT]
    query = select(act.c.person).where(act.c.act_id == last["act_id"])
    asked_by = posting.connection.execute(query).scalar()
    person = None if posting.actor is None else posting.actor.person
    if person is None or person == asked_by:
        words = f"{name}: who asked does not release it"
        advice = "Somebody else, whom the plan entitles, releases or refuses it."
        yield plan_finding("PUBLIC-EVENT-SAME-PERSON", words, advice)
    rows = [one for one in plan.rows["authority"] if one["decision"] == RELEASE]
    entitled = {one[column] for one in rows for column in ("holder", "deputy")} - {None}
    if person not in entitled:
        yield plan_finding(
            "PUBLIC-EVENT-AUTHORITY",
            f"{person} is not entitled by the plan to release {name}",
            f"For {RELEASE!r} it names: {', '.join(sorted(entitled)) or 'nobody'}.",
        )


def _report(posting: Posting, plan: EventPlan, line: Line) -> Iterator[Finding]:
    del plan
    earlier = _earlier(posting, PUBLIC_EVENT_REPORT.name, line)
    if line["what"] == EVENT_REPORT and any(one["what"] == EVENT_REPORT for one in earlier):
        words = f"{line['event']} is closed already"
        yield plan_finding("PUBLIC-EVENT-CLOSED", words, "Nothing is to be done.")


_LOOKS = {
    PUBLIC_EVENT_CHECK.name: _check,
    PUBLIC_EVENT_SURVEY.name: _survey,
    PUBLIC_EVENT_SWEEP.name: _sweep,
    PUBLIC_EVENT_SPOT.name: _spot,
    PUBLIC_EVENT_LOCK.name: _lock,
    PUBLIC_EVENT_ALARM.name: _alarm,
    PUBLIC_EVENT_RELEASE.name: _release,
    PUBLIC_EVENT_REPORT.name: _report,
}


def _refusal(found: Finding) -> Refusal:
    return Refusal(replace(found, severity=Severity.FORMAT))


DAY_HOLDS = Check("days of public events", frozenset(kind.name for kind in DAY_KINDS), check_days)
