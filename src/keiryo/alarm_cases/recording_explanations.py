"""What explains nuclides of a case is recorded, or taken back: goods, a patient, a transfer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from keiryo.alarm_cases.case_record import AlarmCase
from keiryo.alarm_cases.case_rules import unknown_case
from keiryo.alarm_cases.declared import declared_transfers
from keiryo.alarm_cases.desk import Desk
from keiryo.alarm_cases.explaining import (
    COMMODITY_ROW,
    PHARMACEUTICAL_ROW,
    commodity_findings,
    matching_commodities,
    patient_findings,
)
from keiryo.alarm_cases.hard_rules import ASSESS
from keiryo.alarm_cases.record_forms import refusing
from keiryo.alarm_cases.recording import GivenFile, Recorded, record, shown_by
from keiryo.alarm_cases.tables import ALARM_EXPLANATION, COMMODITY, DECLARATION, PATIENT
from keiryo.errors import Finding
from keiryo.journal.model import Actor
from keiryo.journal.posting import Clock, system_clock
from keiryo.storage.engine import Database


def explain_case(
    database: Database,
    actor: Actor,
    alarm: str,
    *,
    commodity: bool = False,
    treatment: str | None = None,
    days: float | None = None,
    rate_usv_h: float | None = None,
    declared: bool = False,
    evidence: str | None = None,
    files: Sequence[GivenFile] = (),
    clock: Clock = system_clock,
) -> Recorded:
    """Record what explains nuclides of a case: its goods, a patient, a declared transfer.

    Parameters
    ----------
    database, actor
    alarm : str
    commodity : bool
        Look up the declared goods of the case.
    treatment : str, optional
        Row of the table of radiopharmaceuticals, with `days` since it and optionally the dose
        rate at 1 m.
    declared : bool
        Look for a declared transfer in the books and licences.

    Raises
    ------
    RefusedError
        If nothing explains it.
    """

    def lines(desk: Desk) -> Iterator[tuple[str, dict[str, Any]] | Finding]:
        case = desk.cases.get(alarm)
        if case is None:
            yield unknown_case(alarm)
            return
        shown = shown_by(evidence, files)
        if commodity:
            yield from _by_goods(desk, case, shown)
        if treatment is not None:
            yield from _by_patient(desk, case, treatment, days, rate_usv_h, shown)
        if declared:
            yield from _by_declaration(desk, case, shown)
        if not (commodity or declared or treatment is not None):
            yield refusing(
                "ALARM-INCOMPLETE", f"{alarm}: nothing is named that explains it",
                "Name the commodity, a treatment, or a declared transfer.",
            )  # fmt: skip

    return record(database, actor, lines, act_kind=lambda _desk: ASSESS, files=files, clock=clock)


def _by_goods(
    desk: Desk, case: AlarmCase, shown: str | None
) -> Iterator[tuple[str, dict[str, Any]] | Finding]:
    code, words = case.values.get("commodity_code"), case.values.get("commodity")
    rows = matching_commodities(desk.rows.values(), code, words)
    if not rows:
        yield commodity_findings(case.name, code, words)
    for one in rows:
        given = {"row": COMMODITY_ROW, "code": code, "words": words}
        told = f"declared goods: {one.name}" + ("" if one.confirmed_by else "; not confirmed here")
        yield _line(case, COMMODITY, one.reference, one.nuclides, given, told, shown)


def _by_patient(
    desk: Desk,
    case: AlarmCase,
    treatment: str,
    days: float | None,
    rate_usv_h: float | None,
    shown: str | None,
) -> Iterator[tuple[str, dict[str, Any]] | Finding]:
    row = desk.rows.get((PHARMACEUTICAL_ROW, treatment))
    if row is None or days is None:
        told = float("nan") if days is None else days
        yield from patient_findings(case.name, row, treatment, told, rate_usv_h)
        return
    given = {"days": days, "rate_usv_h": rate_usv_h}
    words = f"patient, {row.name}, {days:g} days after the treatment"
    yield _line(case, PATIENT, row.reference, row.nuclides, given, words, shown)


def _by_declaration(
    desk: Desk, case: AlarmCase, shown: str | None
) -> Iterator[tuple[str, dict[str, Any]] | Finding]:
    some = declared_transfers(desk.connection, desk.metadata, case, desk.limits_for(case))
    good = [one for one in some if not one.against]
    if not good:
        near = f"; nearest: {some[0].words} ({'; '.join(some[0].against)})" if some else ""
        yield refusing(
            "ALARM-DECLARATION",
            f"{case.name}: no declared transfer explains it{near}",
            "What is not declared is escalated.",
        )
    for one in good[:5]:
        given = {
            "container": case.values.get("container"),
            "licence": one.licence,
            "neutron_emitters": list(one.neutron_emitters),
        }
        yield _line(case, DECLARATION, one.reference, one.nuclides, given, one.words, shown)


def _line(
    case: AlarmCase,
    kind: str,
    reference: str,
    nuclides: Iterable[str],
    given: Mapping[str, Any],
    words: str,
    shown: str | None,
) -> tuple[str, dict[str, Any]]:
    return ALARM_EXPLANATION.name, {
        "alarm": case.name,
        "kind": kind,
        "reference": reference,
        "nuclides": " ".join(nuclides),
        "given": json.dumps(given, sort_keys=True),
        "words": words,
        "void": 0,
        "evidence": shown,
    }


def void_explanation(
    database: Database, actor: Actor, alarm: str, reference: str, *, clock: Clock = system_clock
) -> Recorded:
    """Take an explanation back: the line stays, another says that it no longer holds."""

    def lines(desk: Desk) -> Iterator[tuple[str, dict[str, Any]] | Finding]:
        case = desk.cases.get(alarm)
        held = [
            one
            for one in (() if case is None else case.standing_explanations)
            if one["reference"] == reference
        ]
        if case is None or not held:
            yield refusing(
                "ALARM-UNKNOWN", f"{alarm} has no explanation {reference}", "Name one that stands."
            )
        for one in held:
            values = {name.name: one[name.name] for name in ALARM_EXPLANATION.own_fields}
            yield ALARM_EXPLANATION.name, {**values, "void": 1}

    return record(database, actor, lines, act_kind=lambda _desk: ASSESS, clock=clock)
