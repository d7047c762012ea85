"""Missions of experts: asked for, prepared, carried out, reported, followed up.

Which state may follow which is a table; what a state needs (terms of reference, a team, days, a
report) is said once and held by the posting pipeline. The report is the host's to release. A
recommendation or suggestion has an owner, a plan and a day, and is closed by evidence.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.cooperation.caveats import caveat_names, marking
from keiryo.cooperation.exchange_tables import (
    EXPERT_MISSION,
    MISSION_FINDING,
    MISSION_MEMBER,
    MISSION_STEP,
)
from keiryo.cooperation.information import add_files, next_name
from keiryo.cooperation.information_log import rows_of
from keiryo.dates import date_number, number_date
from keiryo.errors import NotFoundError
from keiryo.journal.evidence import keep_file
from keiryo.journal.model import Actor, Draft, Posted, Value
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.storage.engine import Database

REQUEST, STEP, FOUND = (
    "cooperation.mission",
    "cooperation.mission_step",
    "cooperation.mission_finding",
)
KINDS = ("IPPAS", "INSServ", "ISSAS", "ORPAS", "technical-visit", "training", "other")
UNPREPARED = ("technical-visit", "training")
"""Kinds for which no preparatory meeting is held."""

REQUESTED, TERMS, PREPARED, PLANNED = "requested", "terms_agreed", "prepared", "planned"
UNDER_WAY, DRAFT, REVIEW = "under_way", "report_draft", "host_review"
FINAL, RELEASED, CLOSED = "report_final", "report_released", "closed"
DECLINED, CANCELLED = "declined", "cancelled"

STEPS: dict[str, frozenset[str]] = {
    REQUESTED: frozenset({TERMS, DECLINED, CANCELLED}),
    TERMS: frozenset({PREPARED, CANCELLED}),
    PREPARED: frozenset({PLANNED, CANCELLED}),
    PLANNED: frozenset({PLANNED, UNDER_WAY, CANCELLED}),
    UNDER_WAY: frozenset({DRAFT, CANCELLED}),
    DRAFT: frozenset({REVIEW}),
    REVIEW: frozenset({DRAFT, FINAL}),
    FINAL: frozenset({RELEASED, CLOSED}),
    RELEASED: frozenset({CLOSED}),
    CLOSED: frozenset(),
    DECLINED: frozenset(),
    CANCELLED: frozenset(),
}
"""Which state may follow which; a plan may be made anew, and a review may ask for a new draft."""

PARTS = ("leader", "expert", "observer", "host", "left")
"""What somebody does in a team; who left is no longer in it."""

FINDING_KINDS = ("recommendation", "suggestion", "good-practice")
FINDING_STEPS: dict[str, frozenset[str]] = {
    "open": frozenset({"open", "accepted", "rejected"}),
    "accepted": frozenset({"accepted", "in_progress", "done"}),
    "in_progress": frozenset({"in_progress", "done"}),
    "done": frozenset({"in_progress", "verified"}),
    "verified": frozenset(),
    "rejected": frozenset(),
    "noted": frozenset({"noted"}),
}
"""How a finding goes on; a good practice is noted, and nothing is due."""

FIRST = {"recommendation": "open", "suggestion": "open", "good-practice": "noted"}
SETTLED = frozenset({"done", "verified", "rejected", "noted"})
_SITES = " | "


@dataclass(frozen=True, slots=True)
class Mission:
    """A mission as it stands: what was asked for, its steps, its team, what it found."""

    name: str
    values: Mapping[str, Any]
    steps: tuple[Mapping[str, Any], ...] = ()
    members: tuple[Mapping[str, Any], ...] = ()
    findings: tuple[Mapping[str, Any], ...] = ()

    @property
    def state(self) -> str:
        """How it stands."""
        return str(self.steps[-1]["state"]) if self.steps else REQUESTED

    @property
    def caveats(self) -> frozenset[str]:
        """Its caveats, which all its lines bear."""
        return frozenset(str(self.values["caveats"] or "").split())

    def said(self, column: str) -> Any:
        """Return the last value of a field that its steps gave."""
        return next((s[column] for s in reversed(self.steps) if s[column] is not None), None)

    @property
    def team(self) -> tuple[Mapping[str, Any], ...]:
        """Who belongs to the team."""
        last = {str(one["person"]): one for one in self.members}
        return tuple(one for one in last.values() if one["part"] != "left")

    @property
    def found(self) -> Mapping[str, Mapping[str, Any]]:
        """Its findings as they stand, by number."""
        return {str(one["number"]): one for one in self.findings}

    @property
    def period(self) -> tuple[datetime.date, datetime.date] | None:
        """Its first and last day, if they are known."""
        first, last = self.said("first_day"), self.said("last_day")
        return (number_date(first), number_date(last)) if first and last else None

    def to_dict(self, on: datetime.date) -> dict[str, Any]:
        """Return it as plain values for JSON; a finding is overdue by a day."""
        period, values = self.period, self.values
        names = ("kind", "title", "host", "provider", "requested_by", "follows", "under", "note")
        return {
            "mission": self.name,
            **{name: values[name] for name in names},
            "requested_on": day_text(values["requested_on"]),
            "state": self.state,
            "caveats": sorted(self.caveats),
            "terms": self.said("terms"),
            "prepared_on": day_text(self.said("prepared_on")),
            "first_day": period[0].isoformat() if period else None,
            "last_day": period[1].isoformat() if period else None,
            "sites": [one for one in str(self.said("sites") or "").split(_SITES) if one],
            "team": [{k: m[k] for k in ("person", "organisation", "part")} for m in self.team],
            "steps": [
                {"state": s["state"], "on": day_text(s["on_day"]), "reason": s["reason"]}
                for s in self.steps
            ],
            "findings": [_finding_dict(one, on) for one in self.found.values()],
        }


def day_text(number: Any) -> str | None:
    """Return a recorded day as ISO 8601 writes it; None if there is none."""
    return None if number is None else number_date(int(number)).isoformat()


def _finding_dict(one: Mapping[str, Any], on: datetime.date) -> dict[str, Any]:
    names = ("number", "kind", "words", "state", "reason", "owner", "plan", "follow_up")
    late = one["due_on"] and one["due_on"] < date_number(on) and one["state"] not in SETTLED
    return {
        **{name: one[name] for name in names},
        "due": day_text(one["due_on"]),
        "overdue": bool(late),
        "evidence": str(one["evidence"] or "").split(),
    }


def missions(
    connection: Connection, metadata: MetaData, through_act: int | None = None
) -> dict[str, Mission]:
    """Return all missions by name, as they stand or stood after an act."""
    about: dict[str, dict[str, list[Mapping[str, Any]]]] = {}
    for kind in (MISSION_STEP.name, MISSION_MEMBER.name, MISSION_FINDING.name):
        for row in rows_of(connection, metadata, kind, through_act):
            about.setdefault(str(row["mission"]), {}).setdefault(kind, []).append(row)
    last = {
        str(row["mission"]): row
        for row in rows_of(connection, metadata, EXPERT_MISSION.name, through_act)
    }
    return {
        name: Mission(
            name,
            row,
            *(
                tuple(about.get(name, {}).get(kind, ()))
                for kind in (MISSION_STEP.name, MISSION_MEMBER.name, MISSION_FINDING.name)
            ),
        )
        for name, row in last.items()
    }


@dataclass(frozen=True, slots=True)
class MissionRequest:
    """A mission that is asked for; see the fields of `expert_mission`."""

    kind: str
    title: str
    host: str
    provider: str
    on: datetime.date
    requested_by: str | None = None
    follows: str | None = None
    caveats: tuple[str, ...] = ()
    under: str | None = None
    note: str | None = None


def request_mission(
    database: Database, actor: Actor, wanted: MissionRequest, *, clock: Clock = system_clock
) -> tuple[str, Posted]:
    """Record that a mission was asked for.

    Returns
    -------
    (str, Posted)
        Its name, and the act.

    Raises
    ------
    RefusedError
        If it does not hold together: every reason.
    """
    named = []

    def draft(connection: Connection) -> Draft:
        known = missions(connection, database.metadata)
        caveats = caveat_names(wanted.caveats)
        if wanted.follows in known:
            caveats |= known[str(wanted.follows)].caveats
        named.append(next_name("mission", known))
        values: dict[str, Value] = {
            "mission": named[-1],
            "kind": wanted.kind,
            "title": wanted.title,
            "host": wanted.host,
            "provider": wanted.provider,
            "requested_by": wanted.requested_by,
            "requested_on": date_number(wanted.on),
            "follows": wanted.follows,
            "caveats": " ".join(sorted(caveats)) or None,
            "under": wanted.under,
            "note": wanted.note,
        }
        made = Draft(REQUEST, f"cooperation:{uuid.uuid4()}")
        made.add(EXPERT_MISSION.name, values, scope=actor.on_behalf_of, caveat=marking(caveats))
        return made

    done = post(database, draft, actor, clock=clock)
    return named[-1], done


@dataclass(frozen=True, slots=True)
class MissionStep:
    """A step of a mission, with what becomes known by it; see the fields of `mission_step`.

    Attributes
    ----------
    team : tuple of (person, organisation, part)
        Who joins the team, or leaves it (part ``left``).
    files : tuple of (name, content)
        Kept as evidence: the terms of reference, the report.
    """

    mission: str
    state: str
    on: datetime.date
    reason: str
    terms: str | None = None
    prepared_on: datetime.date | None = None
    first_day: datetime.date | None = None
    last_day: datetime.date | None = None
    sites: tuple[str, ...] = ()
    side: str | None = None
    team: tuple[tuple[str, str | None, str], ...] = ()
    files: tuple[tuple[str, bytes], ...] = ()
    evidence: tuple[str, ...] = ()


def take_mission_step(
    database: Database, actor: Actor, wanted: MissionStep, *, clock: Clock = system_clock
) -> Posted:
    """Record a step of a mission.

    Raises
    ------
    NotFoundError
        If there is no such mission.
    RefusedError
        If the step cannot be taken: every reason.
    """

    def draft(connection: Connection) -> Draft:
        mission = get_mission(connection, database.metadata, wanted.mission)
        marked = marking(mission.caveats)
        kept = [keep_file(database.evidence, *one) for one in wanted.files]
        made = Draft(STEP, f"cooperation:{uuid.uuid4()}")
        add_files(made, kept, actor, clock, marked)
        shown = " ".join(dict.fromkeys((*wanted.evidence, *(one.digest for one in kept))))
        days = {
            name: None if day is None else date_number(day)
            for name, day in (
                ("prepared_on", wanted.prepared_on),
                ("first_day", wanted.first_day),
                ("last_day", wanted.last_day),
            )
        }
        for person, organisation, part in wanted.team:
            member: dict[str, Value] = {"mission": mission.name, "person": person}
            member |= {"organisation": organisation, "part": part}
            made.add(MISSION_MEMBER.name, member, scope=actor.on_behalf_of, caveat=marked)
        values: dict[str, Value] = {
            "mission": mission.name,
            "before": mission.state,
            "state": wanted.state,
            "on_day": date_number(wanted.on),
            "reason": wanted.reason.strip(),
            "terms": wanted.terms,
            **days,
            "sites": _SITES.join(wanted.sites) or None,
            "side": wanted.side,
            "evidence": shown or None,
        }
        made.add(MISSION_STEP.name, values, scope=actor.on_behalf_of, caveat=marked)
        return made

    return post(database, draft, actor, clock=clock)


@dataclass(frozen=True, slots=True)
class FindingStep:
    """A finding of a mission, or a step of one; what is left out is as it was."""

    mission: str
    number: str
    on: datetime.date
    kind: str | None = None
    words: str | None = None
    state: str | None = None
    reason: str | None = None
    owner: str | None = None
    plan: str | None = None
    due_on: datetime.date | None = None
    follow_up: str | None = None
    files: tuple[tuple[str, bytes], ...] = ()
    evidence: tuple[str, ...] = ()


def record_mission_finding(
    database: Database, actor: Actor, wanted: FindingStep, *, clock: Clock = system_clock
) -> Posted:
    """Record a finding of a mission, or what is done about it.

    Raises
    ------
    NotFoundError
        If there is no such mission.
    RefusedError
        If it cannot become what is wanted: every reason.
    """

    def draft(connection: Connection) -> Draft:
        mission = get_mission(connection, database.metadata, wanted.mission)
        before = mission.found.get(wanted.number, {})
        marked = marking(mission.caveats)
        kept = [keep_file(database.evidence, *one) for one in wanted.files]
        made = Draft(FOUND, f"cooperation:{uuid.uuid4()}")
        add_files(made, kept, actor, clock, marked)
        old = str(before.get("evidence") or "").split()
        shown = dict.fromkeys((*old, *wanted.evidence, *(one.digest for one in kept)))
        kind = wanted.kind or before.get("kind") or ""
        due = None if wanted.due_on is None else date_number(wanted.due_on)
        said: dict[str, Value] = {
            "words": wanted.words,
            "state": wanted.state,
            "owner": wanted.owner,
            "plan": wanted.plan,
            "due_on": due,
            "follow_up": wanted.follow_up,
        }
        values = {name: before.get(name) if v is None else v for name, v in said.items()}
        values |= {"mission": mission.name, "number": wanted.number, "kind": kind}
        values |= {"state": values["state"] or FIRST.get(kind, "open")}
        values |= {"words": values["words"] or "", "on_day": date_number(wanted.on)}
        values |= {"reason": wanted.reason, "evidence": " ".join(shown) or None}
        made.add(MISSION_FINDING.name, values, scope=actor.on_behalf_of, caveat=marked)
        return made

    return post(database, draft, actor, clock=clock)


def get_mission(connection: Connection, metadata: MetaData, name: str) -> Mission:
    """Return a mission as it stands.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    """
    known = missions(connection, metadata)
    if name not in known:
        raise NotFoundError(
            f"there is no mission {name[:60]!r}", "'keiryo cooperation mission list' lists them."
        )
    return known[name]
