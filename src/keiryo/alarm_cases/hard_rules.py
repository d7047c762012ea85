"""Rules that no decision goes around: neutrons, nuclear material, dose rate, masking.

Software proposes and ranks; it never closes. A case with neutrons, with nuclear material or with a
dose rate above the safety stop value of its site is escalated, and decided by a person of
headquarters who did not raise it. A case is innocent only if every nuclide that was identified is
explained, nothing is left over in the spectrum, and no neutrons are there, unless headquarters
verified a declared and licensed neutron source.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from keiryo.alarm_cases.case_record import AlarmCase
from keiryo.alarm_cases.record_forms import refusing
from keiryo.alarm_cases.states import (
    CATEGORIZED,
    CHARACTERIZED,
    CLOSED,
    FALSE,
    IDENTIFIED,
    INNOCENT,
    INNOCENT_DECLARED,
    RESPONSE,
    goes_back,
)
from keiryo.alarm_cases.tables import DECLARATION, NORM, NUCLEAR, PATIENT, UNKNOWN
from keiryo.errors import Finding

ASSESS, DECIDE, HEADQUARTERS = "alarm.assess", "alarm.decide", "alarm.headquarters"


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a site.

    Attributes
    ----------
    safety_stop_usv_h : float
        Dose rate above which work stops.
    declaration_days : int
        Days by which a declared transfer may lie off.
    source : str
    """

    safety_stop_usv_h: float = 100.0
    declaration_days: int = 7
    source: str = "value that keiryo ships; to be confirmed for the site"


def escalation_reasons(case: AlarmCase, limits: Limits) -> list[str]:
    """Return why a case must be escalated; empty if nothing forces it.

    What was once seen counts: a later identification, or stating the case anew, takes nothing
    back.
    """
    reasons = []
    nuclear = sorted({str(one["nuclide"]) for one in case.nuclides if one["category"] == NUCLEAR})
    stated = any(one.get("category") == NUCLEAR for one in case.steps)
    if nuclear or stated:
        reasons.append(f"nuclear material: {', '.join(nuclear) or 'the category is NUCLEAR'}")
    unknown = any(one.get("category") == UNKNOWN for one in (*case.steps, *case.nuclides))
    unknown = unknown or (case.step(IDENTIFIED) is not None and not case.identified)
    if unknown and case.neutrons:
        reasons.append("neutrons, and the category is UNKNOWN")
    if case.loudest_usv_h > limits.safety_stop_usv_h:
        reasons.append(
            f"{case.loudest_usv_h:g} µSv/h is above the safety stop value "
            f"{limits.safety_stop_usv_h:g} µSv/h"
        )
    return reasons


def act_kind_of(case: AlarmCase, step: str, limits: Limits, category: str | None = None) -> str:
    """Return which kind of act a step is, and with it which permission it needs."""
    grave = case.neutrons or bool(escalation_reasons(case, limits))
    back = goes_back(case.state, step)
    as_norm = step == CATEGORIZED and category == NORM and case.neutrons
    ends = step in (*INNOCENT, FALSE, CLOSED) or as_norm
    if grave and (ends or back):
        return HEADQUARTERS
    if back and case.state in (FALSE, CLOSED):
        return HEADQUARTERS
    return ASSESS if _assesses(step) or back else DECIDE


def _assesses(step: str) -> bool:
    return step not in (*INNOCENT, "ILLEGAL_OR_UNAUTHORIZED", "UNRESOLVED", FALSE, RESPONSE, CLOSED)


def hard_findings(case: AlarmCase, limits: Limits, line: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield which hard rules stand against a step of a case.

    Parameters
    ----------
    case : AlarmCase
        As it stands before the step.
    limits : Limits
        Of its site.
    line : mapping
        The step, with ``person`` who posts it and ``act_kind``.
    """
    step, name = str(line["state"]), case.name
    yield from _permission(case, limits, line)
    reasons = escalation_reasons(case, limits)
    ends = step in (*INNOCENT, FALSE, CLOSED)
    if reasons and ends and not case.escalated and case.handover is None:
        yield refusing(
            "ALARM-ESCALATE",
            f"{name} must be escalated before it can become {step}: {'; '.join(reasons)}",
            "Escalate it to headquarters, or hand it over to those who respond.",
        )
    if step in INNOCENT or (step == CLOSED and case.decision in INNOCENT and not case.handover):
        chosen = step if step in INNOCENT else str(case.decision)
        yield from innocence_findings(case, chosen)


def _permission(case: AlarmCase, limits: Limits, line: Mapping[str, Any]) -> Iterator[Finding]:
    step = str(line["state"])
    wanted = act_kind_of(case, step, limits, line.get("category"))
    given = line.get("act_kind")
    allowed = {wanted, HEADQUARTERS} | ({DECIDE} if wanted == ASSESS else set())
    if given is not None and given not in allowed:
        yield refusing(
            "ALARM-ROLE",
            f"{case.name}: this step is an act {wanted}, not {given}",
            "Somebody who may post such acts takes the step.",
        )
    ends = step in (*INNOCENT, FALSE, CLOSED) or (
        step == CATEGORIZED and line.get("category") == NORM
    )
    theirs = {line.get("person"), line.get("by_person")} - {None}
    if wanted == HEADQUARTERS and ends and case.raised_by in theirs:
        why = "had a neutron alarm" if case.neutrons else "had to be escalated"
        yield refusing(
            "ALARM-SAME-PERSON",
            f"{case.name} {why}: who raised it does not make it {step}",
            "Another person, of headquarters, decides; the software never does.",
        )


def innocence_findings(case: AlarmCase, decision: str) -> Iterator[Finding]:
    """Yield what stands against the innocence of a case: all of it, at once."""
    name, told = case.name, case.identification
    if case.step(CHARACTERIZED) is not None and not case.neutron_quiet:
        yield from _neutrons(case, decision)
    if told is None or not case.identified:
        yield refusing(
            "ALARM-NOT-IDENTIFIED",
            f"{name}: no nuclide is identified, so nothing can explain the alarm",
            "Measure longer, or ask an expert elsewhere; else it is UNRESOLVED.",
        )
        return
    if any(one["undecided"] for one in case.identifications if int(one["run"]) == case.runs[-1]):
        yield refusing(
            "ALARM-UNDECIDED",
            f"{name}: the identification is undecided",
            "Measure longer, or ask an expert elsewhere.",
        )
    if told["residual_passed"] != 1:
        words = "did not pass" if told["residual_passed"] == 0 else "was not done"
        yield refusing(
            "ALARM-RESIDUAL",
            f"{name}: the test that nothing is left over in the spectrum {words}",
            "Something else may be hidden under what was identified: measure again or ask.",
        )
    yield from _unexplained(case, decision)


def _neutrons(case: AlarmCase, decision: str) -> Iterator[Finding]:
    if decision == INNOCENT_DECLARED and case.escalated and neutrons_declared(case):
        return
    declared = (
        "Bring it before headquarters, who verify the declared source and decide INNOCENT_DECLARED."
        if neutrons_declared(case)
        else "Measure neutrons at the place. If they stay, a declared and licensed neutron source "
        "explains them ('keiryo alarms explain --declared'); anything else is handed over."
    )
    yield refusing(
        "ALARM-NEUTRONS",
        f"{case.name}: neutrons were found above background, or nobody measured them",
        declared,
    )


def declared_emitters(explanation: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the nuclides that a declared transfer is declared to emit neutrons with."""
    try:
        told = json.loads(str(explanation["given"])).get("neutron_emitters", ())
        return tuple(map(str, told))
    except (ValueError, KeyError, TypeError, AttributeError):
        return ()


def neutrons_declared(case: AlarmCase) -> bool:
    """Return whether a declared transfer explains the neutrons of a case.

    A nuclide that was identified, and that the transfer is declared to emit neutrons with, is
    explained by that transfer.
    """
    seen = {str(one["nuclide"]) for one in case.identified}
    return any(
        one["kind"] == DECLARATION
        and set(declared_emitters(one)) & seen & set(str(one["nuclides"]).split())
        for one in case.standing_explanations
    )


def _unexplained(case: AlarmCase, decision: str) -> Iterator[Finding]:
    left = unexplained(case)
    if left:
        yield refusing(
            "ALARM-UNEXPLAINED",
            f"{case.name}: nothing explains {', '.join(left)}; all identified nuclides count, "
            "not the strongest alone",
            "Find the commodity, patient or declaration that explains each, or escalate it.",
        )
    by_patient = [
        str(one["nuclide"])
        for one in case.identified
        if set(explained_by(case, one)) and set(explained_by(case, one)) <= {PATIENT}
    ]
    if decision == INNOCENT_DECLARED and by_patient:
        yield refusing(
            "ALARM-DECLARED",
            f"{case.name}: {', '.join(by_patient)} is explained by a patient, not by a declaration",
            "It is INNOCENT_UNDECLARED.",
        )
    if case.category == UNKNOWN:
        yield refusing(
            "ALARM-CATEGORY",
            f"{case.name} has the category UNKNOWN and cannot be innocent",
            "Put it back to IDENTIFIED and give the category that follows from the nuclides.",
        )


def explained_by(case: AlarmCase, nuclide: Mapping[str, Any]) -> list[str]:
    """Return the kinds of explanation that hold for a nuclide of a case.

    Nuclear material is explained by a declared transfer or licence alone: never by goods that
    happen to contain uranium or thorium, and never by a patient.
    """
    found = []
    for one in case.standing_explanations:
        covers = str(nuclide["nuclide"]) in str(one["nuclides"]).split()
        if covers and (nuclide["category"] != NUCLEAR or one["kind"] == DECLARATION):
            found.append(str(one["kind"]))
    return found


def unexplained(case: AlarmCase) -> list[str]:
    """Return the identified nuclides that nothing explains."""
    return [str(one["nuclide"]) for one in case.identified if not explained_by(case, one)]
