"""Custody: who has an item at every moment, from the day it enters the record.

A chain begins where an item is recorded. Every hand-over names who gave, who received, for which
organisation, where it is from then on, and the moment. The giver is whoever received it last, and
the moment lies after that; so at every moment exactly one has the item: nobody is left out between
two hand-overs, and never are there two. A hand-over that was recorded wrongly is put right by the
next one, from whom it names to who really has it.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.dates import DateError, parse_utc, utc_text
from keiryo.equipment.record import BASIS, refused, unknown
from keiryo.equipment.tables import (
    EQUIPMENT_CONDITION,
    EQUIPMENT_CUSTODY,
    EQUIPMENT_ITEM,
    LOST,
    RETIRED,
)
from keiryo.errors import Finding, RefusedError, Severity, UsageError
from keiryo.journal.model import Actor, Draft, Posted, Value
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.reading import line_node, rows_of
from keiryo.journal.registry import Check, Posting, Refusal
from keiryo.storage.engine import Database

HAND_OVER = "equipment.custody"


@dataclass(frozen=True, slots=True)
class HandOver:
    """That somebody else has an item from a moment on.

    Attributes
    ----------
    serial : str
    giver : str or None
        Who had it until then; None where custody begins.
    receiver, organisation : str
        Who has it from then on, and for whom.
    place : str
    at : str
        The moment in UTC, as `keiryo.dates.utc_text` writes it: it sorts as time does.
    note : str or None
    line : str
        Its line in the record, e.g. ``line:3/2``; empty if it is not in the record yet.
    """

    serial: str
    giver: str | None
    receiver: str
    organisation: str
    place: str
    at: str
    note: str | None = None
    line: str = ""

    @property
    def day(self) -> datetime.date:
        """The day in UTC."""
        return parse_utc(self.at).date()

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            **{name: getattr(self, name) for name in ("serial", "giver", "receiver")},
            **{name: getattr(self, name) for name in ("organisation", "place", "at", "note")},
            "line": self.line or None,
        }


def instant_text(text: str) -> str:
    """Return a moment, as somebody writes it with its offset from UTC, in UTC.

    Raises
    ------
    UsageError
        If it is no moment, or does not say its offset.

    Examples
    --------
    >>> instant_text("2026-07-24T09:00+09:00")
    '2026-07-24T00:00:00.000000Z'
    """
    try:
        moment = datetime.datetime.fromisoformat(text.strip())
        return utc_text(moment)
    except (ValueError, OverflowError):
        raise UsageError(
            f"{text[:40]!r} is no moment with its offset from UTC",
            "Write day, time and offset as in 2026-07-24T09:00+09:00, or Z for UTC.",
        ) from None


def chains(
    connection: Connection, metadata: MetaData, *, through_act: int | None = None
) -> dict[str, list[HandOver]]:
    """Return the chain of custody of every item, by serial number."""
    found: dict[str, list[HandOver]] = {}
    for row in rows_of(connection, metadata, EQUIPMENT_CUSTODY.name, through_act=through_act):
        found.setdefault(row["serial"], []).append(_hand_over(row))
    return found


def _hand_over(row: Mapping[str, Any]) -> HandOver:
    return HandOver(
        row["serial"],
        row["giver"],
        row["receiver"],
        row["organisation"],
        row["place"],
        row["at"],
        row["note"],
        line_node(row),
    )


def custodian_at(chain: Sequence[HandOver], moment: datetime.datetime) -> HandOver | None:
    """Return the hand-over by which somebody has an item at a moment.

    Parameters
    ----------
    chain : sequence of HandOver
        In order.
    moment : datetime.datetime
        With a time zone.

    Returns
    -------
    HandOver or None
        The last one at or before the moment: its receiver has the item. None before the item
        entered the record.
    """
    told = utc_text(moment)
    return next((one for one in reversed(chain) if one.at <= told), None)


def hand_over_findings(last: HandOver | None, one: HandOver) -> list[Finding]:
    """Return why a hand-over does not continue a chain; empty if it does.

    Parameters
    ----------
    last : HandOver or None
        The last one of the chain; None where it begins.
    one : HandOver
    """
    found = []
    empty = [n for n in ("receiver", "organisation", "place") if not getattr(one, n).strip()]
    if empty or (one.giver is not None and not one.giver.strip()):
        found.append(
            _finding(
                "EQUIPMENT-CUSTODY-EMPTY",
                f"{one.serial}: the hand-over does not say {', '.join(empty) or 'giver'}",
                "Name who gives, who receives for which organisation, and the place.",
            )
        )
    if last is None:
        if one.giver is not None:
            found.append(
                _finding(
                    "EQUIPMENT-CUSTODY-BROKEN",
                    f"{one.serial}: nobody has it in the record, so {one.giver!r} cannot give it",
                    "Record the item with its first custodian.",
                )
            )
        return [*found, *_moment_findings(one)]
    if one.giver != last.receiver:
        found.append(
            _finding(
                "EQUIPMENT-CUSTODY-BROKEN",
                f"{one.serial}: {last.receiver!r} has had it since {_shown(last.at)}, not "
                f"{one.giver or 'nobody'!r}",
                f"Record first how it came from {last.receiver!r} to {one.giver or 'nobody'!r}, "
                "or correct the giver.",
            )
        )
    if one.at <= last.at:
        found.append(
            _finding(
                "EQUIPMENT-CUSTODY-ORDER",
                f"{one.serial}: the hand-over of {_shown(one.at)} does not lie after the last "
                f"one of {_shown(last.at)}",
                "Two would have it at once. Correct the time; hand-overs follow one another.",
            )
        )
    return [*found, *_moment_findings(one)]


def _moment_findings(one: HandOver) -> Iterator[Finding]:
    try:
        canonical = utc_text(parse_utc(one.at)) == one.at
    except DateError:
        canonical = False
    if not canonical:
        yield _finding(
            "EQUIPMENT-CUSTODY-TIME",
            f"{one.serial}: {one.at[:40]!r} is no moment in UTC",
            "Write day, time and offset as in 2026-07-24T09:00+09:00, or Z for UTC.",
        )


def future_findings(hand_overs: Iterable[HandOver], clock: Clock) -> list[Finding]:
    """Return the hand-overs that have not happened yet."""
    now = utc_text(clock())
    return [
        _finding(
            "EQUIPMENT-CUSTODY-FUTURE",
            f"{one.serial}: the hand-over of {_shown(one.at)} has not happened yet",
            "Record it when it has happened; correct the day, the time or the offset.",
        )
        for one in hand_overs
        if one.at > now
    ]


def hand_over(
    database: Database,
    actor: Actor,
    hand_overs: Sequence[HandOver],
    *,
    clock: Clock = system_clock,
) -> Posted:
    """Record hand-overs: one act, or nothing.

    Parameters
    ----------
    database, actor
    hand_overs : sequence of HandOver
        Those of one item in the order of time.

    Raises
    ------
    RefusedError
        If one does not continue the chain of its item, or lies in the future: all findings.
    """
    if early := future_findings(hand_overs, clock):
        raise RefusedError("the hand-over was refused; nothing was recorded", early)
    made = Draft(HAND_OVER, f"equipment:{uuid.uuid4()}")
    for one in hand_overs:
        made.add(EQUIPMENT_CUSTODY.name, custody_values(one), scope=actor.on_behalf_of)
    return post(database, made, actor, clock=clock)


def custody_values(one: HandOver) -> dict[str, Value]:
    """Return the fields of the line of a hand-over."""
    return {
        "serial": one.serial,
        "giver": one.giver,
        "receiver": one.receiver,
        "organisation": one.organisation,
        "place": one.place,
        "at": one.at,
        "note": one.note,
    }


def check_custody(posting: Posting) -> Iterator[Refusal]:
    """Refuse a hand-over that leaves a gap or an overlap, and an item that nobody has."""
    connection, metadata, before = posting.connection, posting.metadata, posting.act_id - 1
    known = {row["serial"] for row in rows_of(connection, metadata, EQUIPMENT_ITEM.name)}
    last: dict[str, HandOver] = {}
    gone: dict[str, str] = {}
    lines = [_hand_over(row) for row in posting.lines(EQUIPMENT_CUSTODY.name)]
    for serial in {one.serial for one in lines}:
        same = metadata.tables[EQUIPMENT_CUSTODY.name].c.serial == serial
        chain = rows_of(connection, metadata, EQUIPMENT_CUSTODY.name, same, through_act=before)
        if chain:
            last[serial] = _hand_over(chain[-1])
        same = metadata.tables[EQUIPMENT_CONDITION.name].c.serial == serial
        states = rows_of(connection, metadata, EQUIPMENT_CONDITION.name, same)
        if states and states[-1]["condition"] in (LOST, RETIRED):
            gone[serial] = states[-1]["condition"]
    for one in lines:
        if one.serial not in known:
            yield Refusal(unknown(one.serial))
            continue
        yield from refused(hand_over_findings(last.get(one.serial), one))
        if one.serial in gone:
            yield Refusal(gone_finding(one.serial, gone[one.serial]))
        last[one.serial] = one
    for line in posting.lines(EQUIPMENT_ITEM.name):
        serial = str(line["serial"])
        same = metadata.tables[EQUIPMENT_CUSTODY.name].c.serial == serial
        if not rows_of(connection, metadata, EQUIPMENT_CUSTODY.name, same):
            yield Refusal(no_custodian(serial))


def gone_finding(serial: str, condition: str) -> Finding:
    """Return the finding that an item that is lost or retired cannot be handed over."""
    return _finding(
        "EQUIPMENT-CUSTODY-GONE",
        f"{serial} is {condition}; it cannot be handed over",
        "If it was found, record first that it is serviceable or damaged.",
    )


def no_custodian(serial: str) -> Finding:
    """Return the finding that a new item has nobody who has it."""
    return _finding(
        "EQUIPMENT-CUSTODY-MISSING",
        f"{serial} would be in the record, and nobody has it",
        "Say with the item who has it, for which organisation, where, and since when.",
    )


def _shown(at: str) -> str:
    return at[:16].replace("T", " ") + " UTC"


def _finding(code: str, message: str, advice: str) -> Finding:
    return Finding(code, Severity.FORMAT, message, advice, basis=BASIS)


CUSTODY_HOLDS = Check(
    "custody of equipment",
    frozenset({EQUIPMENT_CUSTODY.name, EQUIPMENT_ITEM.name}),
    check_custody,
)
