"""What an adjudication desk shows: the queue with reasons, a case, which steps are open.

The queue ranks and never closes. First comes what is forced to be escalated, then neutrons, then
category, dose rate, sigmas and age; the status of a trusted trader comes last and only for goods,
so that it never puts a grave case behind others.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.alarm_cases.case_record import AlarmCase, May, case_register, told_line
from keiryo.alarm_cases.case_rules import needs
from keiryo.alarm_cases.desk import Desk, read_limits
from keiryo.alarm_cases.hard_rules import (
    Limits,
    act_kind_of,
    escalation_reasons,
    explained_by,
    hard_findings,
    unexplained,
)
from keiryo.alarm_cases.states import ESCALATED, NEXT
from keiryo.alarm_cases.tables import INDUSTRIAL, MEDICAL, MIXED, NORM, NUCLEAR, UNKNOWN
from keiryo.export_control.traders import Traders, read_traders
from keiryo.journal.model import Actor
from keiryo.journal.reading import line_node

_GRAVITY = {NUCLEAR: 6, MIXED: 5, UNKNOWN: 4, None: 4, INDUSTRIAL: 3, MEDICAL: 1, NORM: 0}
_STEP = (
    *("before", "state", "at", "by_person", "reason", "evidence", "place", "dose_rate_usv_h"),
    *("neutrons", "category", "fault", "receiver", "reference"),
)


@dataclass(frozen=True, slots=True)
class Place:
    """A case in the queue: where it stands and why."""

    case: AlarmCase
    rank: tuple[float, ...]
    reasons: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        values = self.case.values
        return {
            "alarm": self.case.name,
            "state": self.case.state,
            "site": values["site"],
            "lane": values.get("lane"),
            "raised_at": values["raised_at"],
            "category": self.case.category,
            "escalated": self.case.escalated,
            "reasons": list(self.reasons),
        }


def queue(
    connection: Connection,
    metadata: MetaData,
    now: datetime.datetime,
    *,
    site: str | None = None,
    at: datetime.datetime | None = None,
) -> list[Place]:
    """Return the open cases, the gravest first.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    now : datetime.datetime
        With zone: for the age of a case.
    site : str, optional
    at : datetime.datetime, optional
        As the cases stood at this moment.
    """
    limits, traders = read_limits(connection, metadata), read_traders(connection, metadata)
    found = []
    for case in case_register(connection, metadata, at=at).values():
        if case.is_open and site in (None, case.values["site"]):
            name = str(case.values["site"])
            held = limits.get(name) or limits.get("*") or Limits()
            found.append(place_of(case, held, traders, now))
    return sorted(found, key=lambda one: (tuple(-each for each in one.rank), one.case.name))


def place_of(case: AlarmCase, limits: Limits, traders: Traders, now: datetime.datetime) -> Place:
    """Return the place of a case: each number of its rank counts before the next."""
    forced = escalation_reasons(case, limits)
    category = case.category or (case.contents() if case.identified else None)
    sigma = float(case.values.get("max_sigma") or 0.0)
    hours = (now - case.raised) / datetime.timedelta(hours=1)
    tier, words = 0, ""
    trader = case.values.get("trader")
    if trader:
        status = traders.status(str(trader), case.raised.date())
        tier, words = (status.tier if status.in_force else 0), status.reason
    reasons = [f"must be escalated: {one}" for one in forced]
    if case.neutrons:
        reasons.append("neutrons")
    reasons.append(f"category {category}" if category else "not identified yet")
    if case.loudest_usv_h:
        reasons.append(f"{case.loudest_usv_h:g} µSv/h")
    if sigma:
        reasons.append(f"{sigma:.1f} sigma")
    reasons.append(f"{hours:.1f} h old")
    if trader:
        reasons.append(f"trader {trader}: {words}, {'later' if tier else 'no credit'}")
    rank = (
        *(float(bool(forced)), float(case.neutrons), float(_GRAVITY.get(category, 4))),
        *(case.loudest_usv_h, round(sigma, 1), -float(tier), hours),
    )
    return Place(case, rank, tuple(reasons))


def next_steps(
    connection: Connection,
    metadata: MetaData,
    name: str,
    actor: Actor,
    may: May | None = None,
) -> list[dict[str, Any]]:
    """Return which steps of a case are open to a person, and why others are not.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    name : str
        Of the case.
    actor : Actor
        Who would take the step.
    may : callable, optional
        Whether they may post acts of a kind under a scope; None: not asked.

    Returns
    -------
    list of dict
        Each with ``step``, ``open``, ``permission``, ``needs`` (what is to be given with it) and
        ``against`` (codes and words of what stands against it).
    """
    desk = Desk(connection, metadata)
    case = desk.cases.get(name)
    if case is None:
        return []
    limits, told = desk.limits_for(case), []
    steps = (*NEXT[case.state], *((ESCALATED,) if case.is_open else ()))
    for step in steps:
        line = {"state": step, "person": actor.person, "by_person": actor.person}
        kind = act_kind_of(case, step, limits)
        against = [] if step == ESCALATED else list(hard_findings(case, limits, line))
        against += desk.passage_told(name, step)
        stands = [{"code": one.code, "message": one.message} for one in against]
        if may is not None and not may(kind, case.scope):
            stands.append({"code": "PERMISSION", "message": f"you may not post acts {kind}"})
        wanted = [one.message.partition(": ")[2] for one in needs(case, line)]
        told.append(
            {
                "step": step,
                "open": not stands,
                "permission": kind,
                "needs": wanted,
                "against": stands,
            }
        )
    return told


def case_view(connection: Connection, metadata: MetaData, case: AlarmCase) -> dict[str, Any]:
    """Return everything about a case as plain data: what is known, by whom, on what evidence."""
    limits = read_limits(connection, metadata)
    held = limits.get(str(case.values["site"])) or limits.get("*") or Limits()
    own = ("act_id", "line_no", "salt", "scope", "agreement", "caveat", "recorded_at", "person")
    values = {k: v for k, v in case.values.items() if k not in own and v is not None}
    return {
        **values,
        "scope": case.scope,
        "state": case.state,
        "category": case.category,
        "decision": case.decision,
        "raised_by": case.raised_by,
        "neutrons_seen": case.neutrons,
        "must_be_escalated": escalation_reasons(case, held),
        "escalated": case.escalated,
        "limits": {
            "safety_stop_usv_h": held.safety_stop_usv_h,
            "declaration_days": held.declaration_days,
            "source": held.source,
        },
        "nuclides": [_nuclide(case, one) for one in case.identified],
        "unexplained": unexplained(case),
        "identifications": [
            {
                **told_line(one, ("run", "by_whom", "method", "digest", "words")),
                "undecided": bool(one["undecided"]),
                "residual_passed": None
                if one["residual_passed"] is None
                else bool(one["residual_passed"]),
                "stands": int(one["run"]) in case.runs,
            }
            for one in case.identifications
        ],
        "explanations": [
            told_line(one, ("kind", "reference", "nuclides", "words", "evidence"))
            for one in case.standing_explanations
        ],
        "packages": [
            told_line(one, ("package", "direction", "at", "expert", "digest", "words"))
            for one in case.packages
        ],
        "reports": [
            told_line(one, ("report", "state", "at", "digest", "incident_group"))
            for one in case.reports
        ],
        "steps": [told_line(one, _STEP) for one in case.steps],
        "evidence": list(case.evidence),
        "node": f"alarm:{case.name}",
        "line": line_node(case.values),
    }


def _nuclide(case: AlarmCase, one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "nuclide": one["nuclide"],
        "given": one["given"],
        "probability": None if one["probability"] is None else float(one["probability"]),
        "category": one["category"],
        "explained_by": explained_by(case, one),
    }
