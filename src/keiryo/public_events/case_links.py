"""Alarms of an event and their alarm cases: what the log may say follows from the case.

An alarm that names a case is false or innocent in the log only when the case was closed so. An
alarm with neutrons becomes false or innocent through its case alone, and that case tells of the
neutrons. Handing over to the response is never held up; what the log and a case say differently is
told at the close of the event.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.alarm_cases import states
from keiryo.alarm_cases.case_record import AlarmCase, Register, case_register
from keiryo.alarm_cases.record_forms import moment
from keiryo.dates import parse_utc
from keiryo.errors import Finding
from keiryo.journal.registry import Posting
from keiryo.public_events.acts import events_rows
from keiryo.public_events.day_tables import (
    FALSE,
    INNOCENT,
    OPEN,
    PUBLIC_EVENT_ALARM,
    RESPONSE,
)
from keiryo.public_events.sheets import plan_finding

Line = Mapping[str, Any]
CASE_COLUMNS = ("case_state", "case_decision", "case_category")
_NEUTRONS = ("neutron", "both")


def borne_out(case: AlarmCase) -> tuple[str, ...]:
    """Return which states of an alarm in the log a case bears out as it stands."""
    if case.state == states.FALSE:
        return (FALSE,)
    if case.state == states.CLOSED:
        told = (INNOCENT,) if case.decision in states.INNOCENT else ()
        return told if case.handover is None else (*told, RESPONSE)
    return (OPEN, RESPONSE)


def case_findings(posting: Posting) -> Iterator[Finding]:
    """Yield what stands between the alarms of a posting and the cases that they name."""
    lines = list(posting.lines(PUBLIC_EVENT_ALARM.name))
    if not lines:
        return
    connection, metadata = posting.connection, posting.metadata
    cases: Register = {}
    if any(one["alarm_case"] for one in lines):
        cases = case_register(connection, metadata, through_act=posting.act_id)
    named: dict[tuple[str, str], str | None] = {}
    for event in {str(one["event"]) for one in lines}:
        kind, before = PUBLIC_EVENT_ALARM.name, posting.act_id - 1
        for row in events_rows(connection, metadata, kind, event, through_act=before):
            named[event, row["alarm"]] = row["alarm_case"]
    for line in lines:
        key = str(line["event"]), str(line["alarm"])
        yield from _of(line, named.get(key), cases)
        named[key] = line["alarm_case"]


def _of(line: Line, before: str | None, cases: Register) -> Iterator[Finding]:
    name, wanted = f"the alarm {str(line['alarm'])[:40]}", line["alarm_case"]
    decided = line["state"] in (FALSE, INNOCENT)
    if wanted is None:
        if before is not None:
            yield plan_finding(
                "PUBLIC-EVENT-CASE",
                f"{name} is assessed in {before} and would have no case any more",
                "Name the case again, or the one in which it is assessed now.",
            )
        elif decided and line["seen"] in _NEUTRONS:
            yield plan_finding(
                "PUBLIC-EVENT-NEUTRONS",
                f"{name} has neutrons and would be {line['state']} without an alarm case",
                "Raise a case and have it assessed by somebody entitled; then name it here.",
            )
        return
    case = cases.get(str(wanted))
    if case is None or not _within(case.scope, str(line["scope"])):
        yield plan_finding(
            "PUBLIC-EVENT-NO-CASE",
            f"{name}: there is no alarm case {str(wanted)[:40]!r}",
            "Raise it with 'keiryo alarms raise', or correct its name.",
        )
    elif decided:
        yield from _decided(name, line, case)


def _within(scope: str, whole: str) -> bool:
    return scope == whole or scope.startswith(f"{whole}/")


def _decided(name: str, line: Line, case: AlarmCase) -> Iterator[Finding]:
    if line["state"] not in borne_out(case):
        stands = case.state + (f", decided {case.decision}" if case.decision else "")
        yield plan_finding(
            "PUBLIC-EVENT-CASE",
            f"{name} would be {line['state']}; its case {case.name} is {stands}",
            "Close the case first; the log then says what was decided there.",
        )
    if line["seen"] in _NEUTRONS and not case.neutrons:
        yield plan_finding(
            "PUBLIC-EVENT-CASE",
            f"{name} has neutrons, and its case {case.name} tells of none",
            "State the case anew with the neutron alarm and a reason; it is then assessed so.",
        )
    if not case.is_open and moment(str(case.steps[-1]["at"])) < parse_utc(str(line["at"])):
        yield plan_finding(
            "PUBLIC-EVENT-CASE",
            f"{name}: its case {case.name} was closed before the alarm",
            "Name the case in which this alarm was assessed.",
        )


def with_cases(
    connection: Connection, metadata: MetaData, told: Mapping[str, Line]
) -> list[dict[str, Any]]:
    """Return alarms of a log with the state, decision and category of their cases, as data.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    told : mapping
        Lines of alarms by name, as `keiryo.public_events.alarm_log.alarms` returns them.
    """
    cases = _named_cases(connection, metadata, told)
    found = []
    for one in told.values():
        case = cases.get(str(one["alarm_case"])) if one["alarm_case"] else None
        more: tuple[str | None, ...] = (None, None, None)
        if case is not None:
            more = (case.state, case.decision, case.category)
        found.append({**one, **dict(zip(CASE_COLUMNS, more, strict=True))})
    return found


def _named_cases(connection: Connection, metadata: MetaData, told: Mapping[str, Line]) -> Register:
    if not any(one["alarm_case"] for one in told.values()):
        return {}
    return case_register(connection, metadata)


def disagreements(
    connection: Connection, metadata: MetaData, told: Mapping[str, Line]
) -> Iterator[Finding]:
    """Yield where decided alarms and their cases say different things as both stand now."""
    cases = _named_cases(connection, metadata, told)
    for one in told.values():
        name, case = f"the alarm {one['alarm'][:40]}", cases.get(str(one["alarm_case"]))
        if one["alarm_case"] is None and one["seen"] in _NEUTRONS:
            words = f"{name} at {one['post']} had neutrons and has no alarm case"
            yield plan_finding("PUBLIC-EVENT-NEUTRONS", words, "Raise a case and name it here.")
        if one["state"] == OPEN or case is None or one["state"] in borne_out(case):
            continue
        stands = case.state + (f", decided {case.decision}" if case.decision else "")
        yield plan_finding(
            "PUBLIC-EVENT-CASE",
            f"{name} is {one['state']} in the log; its case {case.name} is {stands}",
            "Close the case, or record the alarm as what the case says.",
        )
