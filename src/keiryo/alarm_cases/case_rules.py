"""What may be recorded about an alarm case: order, evidence, words; and the hard rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from keiryo.alarm_cases.case_record import AlarmCase, Register
from keiryo.alarm_cases.hard_rules import Limits, hard_findings, neutrons_declared
from keiryo.alarm_cases.record_forms import (
    DECIMAL,
    HS_CODE,
    ID,
    MOMENT,
    WORDS,
    Form,
    evidence_parts,
    evidence_problems,
    moment,
    refusing,
    shown,
    telling,
)
from keiryo.alarm_cases.states import (
    CATEGORIZED,
    CHARACTERIZED,
    CLOSED,
    ESCALATED,
    FALSE,
    IDENTIFIED,
    INNOCENT_DECLARED,
    LOCALIZED,
    NEXT,
    RESPONSE,
    STATES,
    VERIFIED,
    goes_back,
)
from keiryo.alarm_cases.tables import (
    CATEGORIES,
    INFORMATION_ALERT,
    INSTRUMENT_ALARM,
    ORIGINS,
    UNKNOWN,
)
from keiryo.errors import Finding

_CASE: dict[str, Form] = {
    "alarm": ID, "raised_at": MOMENT, "site": ID, "lane": ID, "partner": WORDS, "instrument": ID,
    "occupancy": MOMENT, "max_sigma": DECIMAL, "dose_rate_usv_h": DECIMAL, "subject": WORDS,
    "container": ID, "consignee": WORDS, "trader": WORDS, "commodity_code": HS_CODE,
    "commodity": WORDS, "words": WORDS, "reason": WORDS,
}  # fmt: skip
_STEP: dict[str, Form] = {
    "at": MOMENT, "by_person": ID, "reason": WORDS, "place": WORDS, "dose_rate_usv_h": DECIMAL,
    "receiver": WORDS, "reference": WORDS,
}  # fmt: skip
NEEDS_EVIDENCE = frozenset({VERIFIED, FALSE, LOCALIZED, CHARACTERIZED, IDENTIFIED, RESPONSE})
"""Steps that name what shows them."""
_FIXED = ("origin", "raised_at", "site", "instrument", "occupancy")


@dataclass(frozen=True, slots=True)
class Context:
    """What rules look at beside the cases.

    Attributes
    ----------
    person, state : str
        Who posts, and on whose behalf.
    files, acts : callable
        Whether a file by its digest, an act by its number, is in the record.
    limits : callable
        The limits of a site.
    act_kind : str
        Kind of the act.
    now : datetime or None
        No step lies after it; None: not asked.
    """

    person: str
    state: str
    files: Callable[[str], bool]
    acts: Callable[[int], bool]
    limits: Callable[[str], Limits]
    act_kind: str | None = None
    now: Any = None


def case_findings(known: Register, context: Context, line: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong with the line of a case."""
    name = line.get("alarm")
    yield from telling("ALARM-TEXT", name, _texts(line, _CASE))
    for field in ("alarm", "raised_at", "site"):
        if not line.get(field):
            told = f"{shown(name)}: its {field.replace('_', ' ')} is missing"
            yield refusing("ALARM-TEXT", told, "Give it.")
    yield from telling(
        "ALARM-EVIDENCE", name, evidence_problems(line.get("evidence"), context.files, context.acts)
    )
    if line.get("origin") not in ORIGINS:
        yield refusing(
            "ALARM-ORIGIN",
            f"{shown(name)}: {shown(line.get('origin'))} is no origin",
            f"One of {', '.join(ORIGINS)}.",
        )
    if not evidence_parts(line.get("evidence")):
        yield refusing(
            "ALARM-EVIDENCE",
            f"{shown(name)}: no evidence is named",
            "Give the portal record, the occupancy, or the message by which the alert came.",
        )
    gamma, neutron = line.get("gamma_alarm"), line.get("neutron_alarm")
    if line.get("origin") == INSTRUMENT_ALARM and (line.get("instrument") is None or gamma is None):
        yield refusing(
            "ALARM-INSTRUMENT",
            f"{shown(name)}: an instrument alarm names the instrument and what it alarmed on",
            "Give the instrument, and gamma and neutron alarm as yes or no.",
        )
    elif line.get("origin") == INSTRUMENT_ALARM and not (gamma or neutron):
        yield refusing(
            "ALARM-INSTRUMENT",
            f"{shown(name)}: neither a gamma nor a neutron alarm is told of",
            "A passage without alarm is no case; a tip is an INFORMATION_ALERT.",
        )
    if line.get("origin") == INFORMATION_ALERT and not line.get("words"):
        yield refusing(
            "ALARM-TEXT", f"{shown(name)}: an alert tells in words what was said", "Give words."
        )
    yield from _ahead(context, name, line.get("raised_at"))
    before = known.get(str(name))
    if before is None:
        return
    changed = [one for one in _FIXED if before.values.get(one) != line.get(one)]
    if changed or before.scope != line.get("scope") or not line.get("reason"):
        yield refusing(
            "ALARM-ANEW",
            f"{shown(name)} is a case already: it is stated anew with a reason, and its origin, "
            "moment, site, instrument and occupancy stay as they are",
            "Give a reason; another alarm has another name.",
        )
    if not before.is_open:
        yield refusing(
            "ALARM-ANEW", f"{shown(name)} is {before.state}", "Put it back with a reason first."
        )
    missing = set(evidence_parts(before.values.get("evidence"))) - set(
        evidence_parts(line.get("evidence"))
    )
    if missing:
        yield refusing(
            "ALARM-ANEW", f"{shown(name)}: evidence would be left out", "Evidence is only added."
        )


def step_findings(known: Register, context: Context, line: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield everything that stands against a step, hard rules included."""
    case = known.get(str(line.get("alarm")))
    if case is None:
        yield unknown_case(line.get("alarm"))
        return
    problems = list(telling("ALARM-TEXT", case.name, _texts(line, _STEP)))
    yield from problems
    yield from telling(
        "ALARM-EVIDENCE",
        case.name,
        evidence_problems(line.get("evidence"), context.files, context.acts),
    )
    if case.scope != line.get("scope"):
        yield refusing(
            "ALARM-SCOPE", f"the case {case.name} belongs to {case.scope}", "Name that scope."
        )
    step = str(line["state"])
    if step != ESCALATED and step not in STATES:
        yield refusing(
            "ALARM-STEP", f"{shown(step)} is no state of a case", f"One of {', '.join(STATES)}."
        )
        return
    yield from _order(case, line)
    if not str(line.get("reason") or "").strip():
        yield refusing(
            "ALARM-REASON", f"{case.name}: no reason is given", "Say why in a few words."
        )
    yield from needs(case, line)
    yield from _ahead(context, case.name, line.get("at"))
    if not problems and line.get("at"):
        last = max([case.values["raised_at"], *(one["at"] for one in case.steps)], key=moment)
        if moment(str(line["at"])) < moment(str(last)):
            yield refusing(
                "ALARM-TIME",
                f"{case.name}: the step lies before {last}, the moment of what went before",
                "Steps follow one another; correct the moment.",
            )
    if step != ESCALATED:
        limits = context.limits(str(case.values["site"]))
        yield from hard_findings(case, limits, {**line, "act_kind": context.act_kind})


def _order(case: AlarmCase, line: Mapping[str, Any]) -> Iterator[Finding]:
    step, state = str(line["state"]), case.state
    if line.get("before") != state:
        yield refusing(
            "ALARM-STEP",
            f"{case.name} has the status {state}, not {shown(line.get('before'))}",
            "Look at it again: somebody took a step in between.",
        )
    elif step == ESCALATED:
        if not case.is_open:
            yield refusing(
                "ALARM-STEP", f"{case.name} is {state}", "Put it back with a reason first."
            )
    elif step not in NEXT[state] and not goes_back(state, step):
        allowed = ", ".join(NEXT[state]) or "nothing, unless it is put back with a reason"
        yield refusing(
            "ALARM-STEP",
            f"{case.name} is {state} and cannot become {step}",
            f"It may become: {allowed}.",
        )


def needs(case: AlarmCase, line: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what a step lacks: evidence, place, dose rate, neutrons, category, receiver."""
    step = str(line["state"])
    if goes_back(case.state, step):
        return
    source = step == INNOCENT_DECLARED and case.loud_neutrons and neutrons_declared(case)
    if (step in NEEDS_EVIDENCE or source) and not evidence_parts(line.get("evidence")):
        yield refusing(
            "ALARM-EVIDENCE",
            f"{case.name}: nothing shows that it is {step}",
            "Give a file, an act, or an occupancy or measurement by instrument and start.",
        )
    handed, shown_there = case.handover, bool(evidence_parts(line.get("evidence")))
    if step == CLOSED and handed is not None and not (handed["reference"] or shown_there):
        yield refusing(
            "ALARM-EVIDENCE",
            f"{case.name}: nothing shows that {handed['receiver']} took it over",
            "Give the receipt as evidence; or hand it over with its --reference.",
        )
    wanted = {
        LOCALIZED: ("place",),
        CHARACTERIZED: ("dose_rate_usv_h", "neutrons"),
        CATEGORIZED: ("category",),
        RESPONSE: ("receiver",),
        ESCALATED: ("receiver",),
    }.get(step, ())
    for name in wanted:
        if line.get(name) in (None, ""):
            yield refusing(
                "ALARM-INCOMPLETE",
                f"{case.name}: {name.replace('_', ' ')} is missing for {step}",
                "What was not measured cannot be left out: measure it.",
            )
    if line.get("neutrons") not in (None, 0, 1) or line.get("fault") not in (None, 0, 1):
        yield refusing("ALARM-TEXT", f"{case.name}: neither yes nor no", "Write yes or no.")
    if step == IDENTIFIED and not case.runs:
        yield refusing(
            "ALARM-INCOMPLETE",
            f"{case.name}: no identification stands since it was characterized",
            "Give the answer of 'keiryo spectrum identify', or of an expert.",
        )
    if step == CATEGORIZED and line.get("category") is not None:
        yield from _category(case, str(line["category"]))


def _category(case: AlarmCase, category: str) -> Iterator[Finding]:
    follows = case.contents()
    if category not in CATEGORIES:
        yield refusing(
            "ALARM-CATEGORY",
            f"{case.name}: {shown(category)} is no category",
            f"One of {', '.join(CATEGORIES)}.",
        )
    elif category not in (follows, UNKNOWN):
        yield refusing(
            "ALARM-CATEGORY",
            f"{case.name}: the nuclides that were identified make it {follows}, not {category}",
            f"Give {follows}, or UNKNOWN; if the identification is wrong, put the case back to "
            "CHARACTERIZED and identify anew.",
        )


def _texts(line: Mapping[str, Any], forms: Mapping[str, Form]) -> Iterator[tuple[str, str]]:
    for name, form in forms.items():
        given = line.get(name)
        if given not in (None, "") and not (isinstance(given, str) and form.fits(given)):
            yield f"its {name.replace('_', ' ')} cannot be recorded", form.advice


def _ahead(context: Context, name: Any, at: Any) -> Iterator[Finding]:
    if context.now is None or not isinstance(at, str) or not MOMENT.fits(at):
        return
    if moment(at) > context.now:
        yield refusing(
            "ALARM-TIME", f"{shown(name)}: {at} lies ahead of now", "Record it when it is there."
        )


def unknown_case(name: Any) -> Finding:
    """Return the finding that there is no such case."""
    return refusing(
        "ALARM-UNKNOWN",
        f"there is no alarm case {shown(name)}",
        "Raise it first; 'keiryo alarms queue' lists them.",
    )
