"""Personnel exchanges: who works where for how long, with which access, cleared until when.

Steps follow a table. Nobody begins without a clearance that reaches as high as the access and as
long as the period. While an exchange is only agreed these are findings, and so is a person who
would be in two places at once, be it on another exchange or in the team of a mission.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.cooperation.caveats import BASIS
from keiryo.cooperation.exchange_tables import (
    MISSION_MEMBER,
    MISSION_STEP,
    PERSONNEL_EXCHANGE,
    PERSONNEL_STEP,
)
from keiryo.cooperation.information import add_files, next_name
from keiryo.cooperation.information_checks import (
    days_refused,
    evidence_refusals,
    name_refusals,
    organisation_refusals,
    under_refusals,
)
from keiryo.cooperation.information_log import rows_of
from keiryo.cooperation.missions import CANCELLED, DECLINED, Mission, day_text, missions
from keiryo.dates import date_number
from keiryo.errors import Finding, NotFoundError, Severity
from keiryo.journal.evidence import keep_file
from keiryo.journal.model import Actor, Draft, Posted, Value
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.registry import Check, Posting, Refusal
from keiryo.storage.engine import Database

AGREE, STEP = "cooperation.exchange", "cooperation.exchange_step"
ACCESS_LEVELS = ("open", "official", "confidential", "secret", "top-secret")
"""Levels of access and of clearance, the lowest first; no clearance reaches as far as open."""

AGREED, CLEARED, STARTED = "agreed", "cleared", "started"
INTERRUPTED, ENDED, REPORTED, CALLED_OFF = "interrupted", "ended", "reported", "cancelled"
STEPS: dict[str, frozenset[str]] = {
    AGREED: frozenset({CLEARED, CALLED_OFF}),
    CLEARED: frozenset({STARTED, CALLED_OFF}),
    STARTED: frozenset({INTERRUPTED, ENDED}),
    INTERRUPTED: frozenset({STARTED, ENDED}),
    ENDED: frozenset({REPORTED}),
    REPORTED: frozenset(),
    CALLED_OFF: frozenset(),
}
"""Which state may follow which."""

_OPEN_DAYS = ("clearance_from", "clearance_until", "visa_from", "visa_until")


@dataclass(frozen=True, slots=True)
class Exchange:
    """An exchange as it stands: what was agreed, and its steps."""

    name: str
    values: Mapping[str, Any]
    steps: tuple[Mapping[str, Any], ...] = ()

    @property
    def state(self) -> str:
        """How it stands."""
        return str(self.steps[-1]["state"]) if self.steps else AGREED

    @property
    def stay(self) -> Stay | None:
        """Where the person is for how long; None if it was called off."""
        if self.state == CALLED_OFF:
            return None
        values, last = self.values, int(self.values["last_day"])
        if self.state in (ENDED, REPORTED):
            left = next(int(s["on_day"]) for s in self.steps if s["state"] == ENDED)
            last = min(last, left)
        return Stay(
            str(values["person"]), self.name, str(values["host"]), int(values["first_day"]), last
        )

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values for JSON."""
        names = ("person", "home", "host", "topic", "access_level", "clearance_level", "equipment")
        days = ("agreed_on", "first_day", "last_day", *_OPEN_DAYS)
        return {
            "exchange": self.name,
            **{name: self.values[name] for name in names},
            **{name: day_text(self.values[name]) for name in days},
            "state": self.state,
            "output": next((s["output"] for s in reversed(self.steps) if s["output"]), None),
            "under": self.values["under"],
            "steps": [
                {"state": s["state"], "on": day_text(s["on_day"]), "reason": s["reason"]}
                for s in self.steps
            ],
        }


@dataclass(frozen=True, slots=True)
class Stay:
    """That a person is somewhere, from a first to a last day (YYYYMMDD).

    What is `marked` stands under a handling caveat: a finding, which others read, does not name it.
    """

    person: str
    name: str
    place: str
    first_day: int
    last_day: int
    marked: bool = False

    @property
    def words(self) -> str:
        """It in words that everybody may read."""
        return "under a handling caveat" if self.marked else f"{self.name} at {self.place}"

    def meets(self, other: Stay) -> bool:
        """Return whether two stays of one person have a day in common."""
        same = _plain(self.person) == _plain(other.person) and self.name != other.name
        return same and self.first_day <= other.last_day and other.first_day <= self.last_day


def _plain(person: str) -> str:
    return " ".join(person.casefold().split())


def exchanges(
    connection: Connection, metadata: MetaData, through_act: int | None = None
) -> dict[str, Exchange]:
    """Return all exchanges by name, as they stand or stood after an act."""
    steps: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows_of(connection, metadata, PERSONNEL_STEP.name, through_act):
        steps.setdefault(str(row["exchange"]), []).append(row)
    agreed = rows_of(connection, metadata, PERSONNEL_EXCHANGE.name, through_act)
    last = {str(row["exchange"]): row for row in agreed}
    return {name: Exchange(name, row, tuple(steps.get(name, ()))) for name, row in last.items()}


def stays(known: Mapping[str, Exchange], teams: Mapping[str, Mission]) -> list[Stay]:
    """Return where everybody is and will be: on exchanges, and in the teams of missions."""
    found = [one.stay for one in known.values()]
    result = [stay for stay in found if stay is not None]
    for mission in teams.values():
        period = mission.period
        if period is None or mission.state in (CANCELLED, DECLINED):
            continue
        first, last = (date_number(day) for day in period)
        result += [
            Stay(
                *(str(one["person"]), mission.name, str(mission.values["host"]), first, last),
                marked=bool(mission.caveats),
            )
            for one in mission.team
            if one["part"] != "host"
        ]
    return result


def exchange_findings(known: Mapping[str, Exchange], teams: Mapping[str, Mission]) -> list[Finding]:
    """Return what is wrong with exchanges as they stand: all of it, each pair of stays once."""
    found = [one for exchange in known.values() for one in clearance_findings(exchange)]
    everywhere = stays(known, teams)
    for number, stay in enumerate(everywhere):
        found += [_two_places(stay, other) for other in everywhere[:number] if stay.meets(other)]
    return found


def _two_places(one: Stay, other: Stay) -> Finding:
    first, last = max(one.first_day, other.first_day), min(one.last_day, other.last_day)
    when = f"{day_text(first)} to {day_text(last)}"
    return _finding(
        "PERSONNEL-TWO-PLACES",
        f"{one.person} is in two places from {when}: {one.words}, {other.words}",
        "Move one of the two, or send somebody else.",
        (other if one.marked else one).name if not (one.marked and other.marked) else "",
    )


def clearance_findings(exchange: Exchange) -> Iterator[Finding]:
    """Find a clearance that does not reach as high, or as long, as the exchange needs."""
    if exchange.state in (CALLED_OFF, ENDED, REPORTED):
        return
    values, name = exchange.values, exchange.name
    access, level = str(values["access_level"]), str(values["clearance_level"] or "open")
    if access not in ACCESS_LEVELS or level not in ACCESS_LEVELS:
        return
    if ACCESS_LEVELS.index(access) > ACCESS_LEVELS.index(level):
        yield _finding(
            "PERSONNEL-ACCESS",
            f"{name}: the work needs access to what is {access}; the clearance is {level}",
            "Lower the access, or have the clearance raised first.",
            name,
        )
    first, last = int(values["first_day"]), int(values["last_day"])
    for what in ("clearance", "visa"):
        begins, ends = values[f"{what}_from"], values[f"{what}_until"]
        needed = what == "visa" or access != ACCESS_LEVELS[0]
        if needed and (int(begins or 0) > first or int(ends or 9999_12_31) < last):
            yield _finding(
                "PERSONNEL-CLEARANCE",
                f"{name}: the {what} ({day_text(begins) or '…'} to {day_text(ends) or '…'}) does "
                f"not last from {day_text(first)} to {day_text(last)}",
                f"Have the {what} extended, or shorten the stay.",
                name,
            )


@dataclass(frozen=True, slots=True)
class ExchangeAgreed:
    """An exchange that was agreed; see the fields of `personnel_exchange`.

    Attributes
    ----------
    name : str or None
        Of an exchange whose days or clearance changed; None: the next number.
    """

    person: str
    home: str
    host: str
    topic: str
    on: datetime.date
    first_day: datetime.date
    last_day: datetime.date
    access_level: str = "open"
    clearance_level: str | None = None
    days: Mapping[str, datetime.date | None] = field(default_factory=dict)
    radiation_record: str | None = None
    equipment: str | None = None
    under: str | None = None
    note: str | None = None
    name: str | None = None


def agree_exchange(
    database: Database, actor: Actor, wanted: ExchangeAgreed, *, clock: Clock = system_clock
) -> tuple[str, Posted]:
    """Record that an exchange was agreed, or agreed anew under its name.

    Returns
    -------
    (str, Posted)
        Its name, and the act.

    Raises
    ------
    NotFoundError
        If a name is given and there is no such exchange.
    RefusedError
        If it does not hold together: every reason.
    """
    named = []

    def draft(connection: Connection) -> Draft:
        if wanted.name is not None:
            get_exchange(connection, database.metadata, wanted.name)
        known = exchanges(connection, database.metadata)
        named.append(wanted.name or next_name("exchange", known))
        given = {"first_day": wanted.first_day, "last_day": wanted.last_day}
        opened = {name: wanted.days.get(name) for name in _OPEN_DAYS}
        values: dict[str, Value] = {
            "exchange": named[-1],
            "person": wanted.person,
            "home": wanted.home,
            "host": wanted.host,
            "topic": wanted.topic,
            "agreed_on": date_number(wanted.on),
            "access_level": wanted.access_level,
            "clearance_level": wanted.clearance_level,
            "radiation_record": wanted.radiation_record,
            "equipment": wanted.equipment,
            "under": wanted.under,
            "note": wanted.note,
            **{
                name: None if day is None else date_number(day)
                for name, day in (*given.items(), *opened.items())
            },
        }
        made = Draft(AGREE, f"cooperation:{uuid.uuid4()}")
        made.add(PERSONNEL_EXCHANGE.name, values, scope=actor.on_behalf_of)
        return made

    done = post(database, draft, actor, clock=clock)
    return named[-1], done


@dataclass(frozen=True, slots=True)
class ExchangeStep:
    """A step of an exchange."""

    exchange: str
    state: str
    on: datetime.date
    reason: str
    output: str | None = None
    files: tuple[tuple[str, bytes], ...] = ()
    evidence: tuple[str, ...] = ()


def take_exchange_step(
    database: Database, actor: Actor, wanted: ExchangeStep, *, clock: Clock = system_clock
) -> Posted:
    """Record a step of an exchange.

    Raises
    ------
    NotFoundError
        If there is no such exchange.
    RefusedError
        If the step cannot be taken: every reason.
    """

    def draft(connection: Connection) -> Draft:
        exchange = get_exchange(connection, database.metadata, wanted.exchange)
        kept = [keep_file(database.evidence, *one) for one in wanted.files]
        made = Draft(STEP, f"cooperation:{uuid.uuid4()}")
        add_files(made, kept, actor, clock, None)
        shown = " ".join(dict.fromkeys((*wanted.evidence, *(one.digest for one in kept))))
        values: dict[str, Value] = {
            "exchange": exchange.name,
            "before": exchange.state,
            "state": wanted.state,
            "on_day": date_number(wanted.on),
            "reason": wanted.reason.strip(),
            "output": wanted.output,
            "evidence": shown or None,
        }
        made.add(PERSONNEL_STEP.name, values, scope=actor.on_behalf_of)
        return made

    return post(database, draft, actor, clock=clock)


def get_exchange(connection: Connection, metadata: MetaData, name: str) -> Exchange:
    """Return an exchange as it stands.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    """
    known = exchanges(connection, metadata)
    if name not in known:
        raise NotFoundError(
            f"there is no exchange {name[:60]!r}", "'keiryo cooperation exchange list' lists them."
        )
    return known[name]


def check_exchanges(posting: Posting) -> Iterator[Finding | Refusal]:
    """Refuse steps that cannot be taken; find who is in two places, or not cleared."""
    agreed = list(posting.lines(PERSONNEL_EXCHANGE.name))
    steps = list(posting.lines(PERSONNEL_STEP.name))
    undated = [*days_refused(agreed), *days_refused(steps)]
    if undated:
        yield from undated
        return
    before = exchanges(posting.connection, posting.metadata, posting.act_id - 1)
    now = exchanges(posting.connection, posting.metadata, posting.act_id)
    for line in agreed:
        yield from _agreed_refusals(posting, line)
        yield from clearance_findings(now[str(line["exchange"])])
    for line in steps:
        exchange = now.get(str(line["exchange"]))
        if exchange is None:
            yield _refusal(
                "PERSONNEL-UNKNOWN",
                f"there is no exchange {str(line['exchange'])[:60]!r}",
                "'keiryo cooperation exchange list' lists them.",
            )
            continue
        old = before.get(exchange.name, Exchange(exchange.name, exchange.values))
        yield from _step_refusals(posting, old, exchange, line)
    touched = {str(line["exchange"]) for line in agreed}
    for kind in (MISSION_STEP.name, MISSION_MEMBER.name):
        touched |= {str(line["mission"]) for line in posting.lines(kind)}
    if touched:
        everywhere = stays(now, missions(posting.connection, posting.metadata, posting.act_id))
        for number, stay in enumerate(everywhere):
            for other in everywhere[:number]:
                if {stay.name, other.name} & touched and stay.meets(other):
                    yield _two_places(stay, other)


def _agreed_refusals(posting: Posting, line: Mapping[str, Any]) -> Iterator[Refusal]:
    name = str(line["exchange"])
    yield from organisation_refusals(posting, [str(line["home"]), str(line["host"])])
    yield from under_refusals(posting, line["under"])
    yield from name_refusals(posting, PERSONNEL_EXCHANGE.name, name)
    if int(line["last_day"]) < int(line["first_day"]):
        yield _refusal(
            "PERSONNEL-DAY", f"{name}: the last day lies before the first", "Correct the days."
        )
    for column in ("access_level", "clearance_level"):
        if line[column] is not None and line[column] not in ACCESS_LEVELS:
            yield _refusal(
                "PERSONNEL-LEVEL",
                f"{name}: there is no level {str(line[column])[:60]!r}",
                f"Levels are: {', '.join(ACCESS_LEVELS)}.",
            )


def _step_refusals(
    posting: Posting, before: Exchange, now: Exchange, line: Mapping[str, Any]
) -> Iterator[Refusal]:
    yield from evidence_refusals(posting, now.name, line["evidence"])
    state, allowed = str(line["state"]), STEPS.get(before.state, frozenset())
    if line["before"] != before.state or state not in allowed:
        may = ", ".join(sorted(allowed)) or "nothing: it is over"
        yield _refusal(
            "PERSONNEL-STEP",
            f"{now.name} is {before.state}; it cannot become {state}",
            f"It may become: {may}.",
        )
    if not str(line["reason"]).strip():
        yield _refusal(
            "PERSONNEL-STEP",
            f"{now.name}: no reason is given",
            "Say what happened, for the record.",
        )
    if state == REPORTED and not (line["output"] or line["evidence"]):
        yield _refusal(
            "PERSONNEL-STEP",
            f"{now.name}: nothing says what came of it",
            "Say it in words, or give the report as a file.",
        )
    earlier = before.steps[-1]["on_day"] if before.steps else now.values["agreed_on"]
    began = state == STARTED and int(line["on_day"]) < int(now.values["first_day"])
    if int(line["on_day"]) < int(earlier) or began:
        yield _refusal(
            "PERSONNEL-DAY",
            f"{now.name}: {day_text(line['on_day'])} lies before its first day or its last step",
            "Steps follow one another; correct the day.",
        )
    if state in (CLEARED, STARTED):
        yield from (Refusal(one) for one in clearance_findings(now))
        access, until = now.values["access_level"], now.values["clearance_until"]
        if access != ACCESS_LEVELS[0] and until is None:
            yield _refusal(
                "PERSONNEL-CLEARANCE",
                f"{now.name}: nothing says until when the person is cleared",
                "Record the days of the clearance: 'keiryo cooperation exchange agree --name'.",
            )


def _finding(code: str, message: str, advice: str, name: str) -> Finding:
    return Finding(code, Severity.INCONSISTENCY, message, advice, found=name, basis=BASIS)


def _refusal(code: str, message: str, advice: str) -> Refusal:
    return Refusal(Finding(code, Severity.FORMAT, message, advice, basis=BASIS))


EXCHANGES_HOLD = Check(
    "steps of personnel exchanges",
    frozenset(
        {PERSONNEL_EXCHANGE.name, PERSONNEL_STEP.name, MISSION_STEP.name, MISSION_MEMBER.name}
    ),
    check_exchanges,
)
