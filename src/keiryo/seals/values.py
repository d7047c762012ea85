"""What each seal says of every instant of its periods.

A seal is worth something inside a period only, attach <= t < detach; a finding that it is broken
or missing belongs to the period itself. Up to the last check that is able to verify the type the
seal is POSITIVE; after it PENDING, until an examination, a verification or the log decides. A
broken or missing seal is NEGATIVE from after that check to the finding. An authentic log narrows
that to what was open; after the closing it is INCONCLUSIVE until the containment was looked over.
Source: docs/theory/surveillance.md, coverage rules 1 and 4.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.containment.tables import CONTAINMENT_INSPECTION
from keiryo.containment.values import DeviceSpans, Span, Value
from keiryo.dates import parse_utc, utc_text
from keiryo.journal.reading import rows_of
from keiryo.seals.events import SealEvent
from keiryo.seals.life_check import WITHOUT_NOTICE
from keiryo.seals.numbers import SealKey
from keiryo.seals.register import by_key, keys_in_areas, keys_on_batches, rows_of_keys, standings
from keiryo.seals.seal_types import SealType
from keiryo.seals.standing import Period, Standing
from keiryo.seals.tables import SEAL_INTERVAL, SEAL_REPORT

TICK = timedelta(microseconds=1)
"""The record's resolution: an interval that includes its end goes on for one tick."""
AUTHENTIC = ("signed", "reader")
"""States of a log that may narrow what is unknown."""


@dataclass(frozen=True, slots=True)
class SealCover:
    """What a seal says in one of its periods.

    Attributes
    ----------
    spans : DeviceSpans
    mba, containment : str
    paths : tuple of str
        Names of the ways that it closes.
    items : tuple of str
        Identities of the batches or items that it holds.
    attached_at : datetime
    detached_at : datetime or None
        Also the finding that it is broken or missing; None while the period is open.
    """

    spans: DeviceSpans
    mba: str
    containment: str
    paths: tuple[str, ...]
    items: tuple[str, ...]
    attached_at: datetime
    detached_at: datetime | None


def seal_spans(
    connection: Connection,
    metadata: MetaData,
    *,
    known_at: datetime | None = None,
    through_act: int | None = None,
    batches: Collection[str] | None = None,
    mbas: Collection[str] | None = None,
    keys: Collection[SealKey] | None = None,
) -> dict[str, SealCover]:
    """Return what seals say, by period: ``seal:BODY/NUMBER@ACT/LINE`` of the attachment.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    known_at : datetime, optional
        An event, examination or inspection counts when its own time is not later; default: all.
    through_act : int, optional
        What was recorded with this act; default: everything.
    batches : collection of str, optional
        Only seals that were ever attached over one of these batches.
    mbas : collection of str, optional
        Only seals that were ever attached in one of these areas; with `batches`, those too.
    keys : collection of SealKey, optional
        Only these seals.
    """
    if batches is not None or mbas is not None:
        keys = set(keys or ()) | keys_on_batches(connection, metadata, batches or ())
        keys = keys | keys_in_areas(connection, metadata, mbas or ())
    until = None if known_at is None else utc_text(known_at)
    every = standings(connection, metadata, keys, through_act=through_act, known_at=until)
    intervals = by_key(
        rows_of_keys(connection, metadata, SEAL_INTERVAL.name, keys, through_act=through_act)
    )
    reports = by_key(
        row
        for row in rows_of_keys(
            connection, metadata, SEAL_REPORT.name, keys, through_act=through_act
        )
        if until is None or row["reported_at"] <= until
    )
    inspected = _intact(connection, metadata, through_act, until)
    found: dict[str, SealCover] = {}
    for key, standing in every.items():
        for period in standing.periods:
            place = (str(period.attached.mba), str(period.attached.containment))
            shown = [one for one in intervals.get(key, ()) if _of_period(one, period)]
            known = _Known(shown, reports.get(key, []), inspected.get(place, []))
            found[period.key] = _cover(standing, period, known)
    return found


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known beside the events: intervals of logs, reports, intact containments."""

    intervals: list[dict[str, Any]]
    reports: list[dict[str, Any]]
    intact: list[tuple[datetime, str]]


def _intact(
    connection: Connection, metadata: MetaData, through_act: int | None, until: str | None
) -> dict[tuple[str, str], list[tuple[datetime, str]]]:
    """Return when containments were looked over and found intact, with the line."""
    found: dict[tuple[str, str], list[tuple[datetime, str]]] = {}
    for row in rows_of(connection, metadata, CONTAINMENT_INSPECTION.name, through_act=through_act):
        if row["result"] == "intact" and (until is None or row["at"] <= until):
            place = (str(row["mba"]), str(row["containment"]))
            line = f"line:{row['act_id']}/{row['line_no']}"
            found.setdefault(place, []).append((parse_utc(row["at"]), line))
    return {place: sorted(times) for place, times in found.items()}


def _of_period(row: dict[str, Any], period: Period) -> bool:
    """Return whether an interval is of a log that was read in or after a period."""
    place = (row["act_id"], row["event_line"])
    return any(place == one.place_in_record for one in _logs(period))


def _logs(period: Period) -> list[SealEvent]:
    """Return the events of a period that bring a log."""
    verdict = () if period.verdict is None else (period.verdict,)
    return [one for one in (*period.checks, *verdict) if one.log is not None]


def _cover(standing: Standing, period: Period, known: _Known) -> SealCover:
    attached, closed = period.attached, period.closed
    begin = parse_utc(attached.at)
    end = None if closed is None else parse_utc(closed.at)
    last = end + TICK if end is not None and period.failed else end
    canvas = _Canvas(begin, last, standing.key.node)
    _Painter(standing.type, period, known, canvas).paint()
    return SealCover(
        DeviceSpans(standing.key.node, standing.type.mechanism, attached.shared, canvas.spans()),
        str(attached.mba),
        str(attached.containment),
        attached.path_names,
        attached.items,
        begin,
        end,
    )


@dataclass(slots=True)
class _Canvas:
    """A period on which intervals are painted over one another."""

    begin: datetime
    end: datetime | None
    node: str
    _parts: list[Span] = field(default_factory=list)

    def paint(
        self,
        begin: datetime,
        end: datetime | None,
        value: Value,
        reason: str,
        *nodes: str,
    ) -> None:
        """Paint an interval over what was painted before; what lies outside is cut off."""
        begin = max(begin, self.begin)
        if self.end is not None:
            end = self.end if end is None else min(end, self.end)
        if end is not None and end <= begin:
            return
        kept = []
        for one in self._parts:
            if (end is not None and one.begin >= end) or (one.end is not None and one.end <= begin):
                kept.append(one)
                continue
            if one.begin < begin:
                kept.append(Span(one.begin, begin, one.value, one.reason, one.nodes))
            if end is not None and (one.end is None or end < one.end):
                kept.append(Span(end, one.end, one.value, one.reason, one.nodes))
        kept.append(Span(begin, end, value, reason, (*nodes, self.node)))
        self._parts = sorted(kept, key=lambda one: one.begin)

    def spans(self) -> tuple[Span, ...]:
        """Return the intervals in order, neighbours that say the same as one."""
        found: list[Span] = []
        for one in self._parts:
            last = found[-1] if found else None
            if (
                last is not None
                and last.end == one.begin
                and (last.value, last.reason, last.nodes) == (one.value, one.reason, one.nodes)
            ):
                found[-1] = Span(last.begin, one.end, one.value, one.reason, one.nodes)
            else:
                found.append(one)
        return tuple(found)


class _Painter:
    """Paints what is known of one period."""

    def __init__(self, type_: SealType, period: Period, known: _Known, canvas: _Canvas) -> None:
        self.type = type_
        self.period = period
        self.known = known
        self.canvas = canvas
        self.unverified = canvas.begin
        """From when on no check has verified anything."""
        self.damage: list[tuple[datetime, datetime | None, Value, str]] = []
        """Wire or containment not in order: no examination of the seal makes that good."""

    def paint(self) -> None:
        """Paint everything, what counts more over what counts less."""
        self._waits(self.canvas.begin, self.period.attached.node)
        self._checks()
        self._ending()
        self._verdict()
        self._logs()
        for begin, end, value, node in self.damage:
            self.canvas.paint(begin, end, value, "SEAL-CHECK-NOT-OK", node)
        self._intervals()

    def _waits(self, since: datetime, node: str) -> None:
        reason = "NOT-YET-CHECKED" if self.type.verifiable_in_place else "NOT-YET-EXAMINED"
        self.canvas.paint(since, None, Value.PENDING, reason, node)

    def _checks(self) -> None:
        """Paint what checks and reports of compromise say, in the order of their times."""
        told: list[tuple[str, SealEvent | dict[str, Any]]] = [
            (one.at, one) for one in self.period.checks
        ]
        told += [(one["at"], one) for one in self.known.reports if self._inside(one["at"])]
        bad = False
        for at, one in sorted(told, key=lambda pair: pair[0]):
            moment = parse_utc(at)
            if isinstance(one, dict):
                node = f"line:{one['act_id']}/{one['line_no']}"
                since = max(moment, self.unverified)
                self.canvas.paint(since, None, Value.INCONCLUSIVE, "SEAL-COMPROMISE", node)
            else:
                bad = self._check(one, moment, bad)

    def _inside(self, at: str) -> bool:
        moment, end = parse_utc(at), self.canvas.end
        return self.canvas.begin <= moment and (end is None or moment < end)

    def _check(self, check: SealEvent, moment: datetime, bad: bool) -> bool:
        """Paint what a check says; return whether the seal is known to be out of order since."""
        paint = self.canvas.paint
        if "not-ok" in check.components:
            told = (self.unverified, moment + TICK, Value.NEGATIVE, check.node)
            after = (moment + TICK, None, Value.INCONCLUSIVE, check.node)
            for begin, end, value, node in (told, after):
                paint(begin, end, value, "SEAL-CHECK-NOT-OK", node)
            if "not-ok" in (check.wire, check.enclosure):
                self.damage += [told, after]
            return True
        if not check.number_agrees:
            paint(self.unverified, None, Value.INCONCLUSIVE, "SEAL-NUMBER-READ", check.node)
        elif check.all_good and self.type.verifiable_in_place:
            if not bad:
                paint(self.unverified, moment + TICK, Value.POSITIVE, "CHECKED", check.node)
            self._waits(moment + TICK, check.node)
            self.unverified = moment + TICK
            self.damage = [
                (begin, moment + TICK if end is None else end, value, node)
                for begin, end, value, node in self.damage
            ]
            return False
        return bad

    def _ending(self) -> None:
        """Paint that it was found broken or missing, or was lost before it was verified."""
        closed, lost = self.period.closed, self.period.lost
        if closed is not None and self.period.failed:
            removed = closed.reason == WITHOUT_NOTICE
            reason = "SEAL-REMOVED-WITHOUT-NOTICE" if removed else f"SEAL-{closed.event.upper()}"
            self.canvas.paint(self.unverified, None, Value.NEGATIVE, reason, closed.node)
        elif lost is not None:
            self.canvas.paint(self.unverified, None, Value.INCONCLUSIVE, "SEAL-LOST", lost.node)

    def _verdict(self) -> None:
        """Paint what an examination or a verification says."""
        period, verdict = self.period, self.period.verdict
        if verdict is None or verdict.finding is None:
            return
        if period.upgraded:
            self.canvas.paint(self.canvas.begin, None, Value.POSITIVE, "EXAMINED", verdict.node)
        elif verdict.finding in ("tampered", "substituted"):
            reason = f"SEAL-{verdict.finding.upper()}"
            self.canvas.paint(self.unverified, None, Value.NEGATIVE, reason, verdict.node)
        elif not period.failed:
            self.canvas.paint(
                self.unverified, None, Value.INCONCLUSIVE, "SEAL-NOT-VERIFIABLE", verdict.node
            )

    def _logs(self) -> None:
        """Paint what logs make known where they can be relied on."""
        for event in _logs(self.period):
            final = event is self.period.verdict
            until = None if final else parse_utc(event.at) + TICK
            opened = any(
                one["code"] == "opening" and one["act_id"] == event.act
                for one in self.known.intervals
            )
            if event.log_state in AUTHENTIC:
                if self.period.lost is None and (opened or not self.period.failed):
                    self.canvas.paint(
                        self.canvas.begin, until, Value.POSITIVE, "LOG-INTACT", event.node
                    )
            elif final and not self.period.failed:
                self.canvas.paint(
                    self.unverified, None, Value.INCONCLUSIVE, "LOG-NOT-AUTHENTIC", event.node
                )

    def _intervals(self) -> None:
        """Paint the intervals of logs: what is unknown first, what was open over it."""
        for row in self.known.intervals:
            begin, end, node = _of(row)
            if row["value"] == "INCONCLUSIVE":
                reason = f"LOG-{row['code'].upper()}"
                self.canvas.paint(begin, end, Value.INCONCLUSIVE, reason, node)
            elif row["code"] == "tamper":
                self.canvas.paint(begin, None, Value.INCONCLUSIVE, "SEAL-CASE-TAMPER", node)
            elif end is not None:
                self._not_inspected(end, node)
        for row in self.known.intervals:
            begin, end, node = _of(row)
            if row["value"] == "NEGATIVE":
                tamper = row["code"] == "tamper"
                until = begin + TICK if tamper else None if end is None else end + TICK
                reason = "SEAL-CASE-TAMPER" if tamper else "SEAL-OPENED"
                self.canvas.paint(begin, until, Value.NEGATIVE, reason, node)

    def _not_inspected(self, closed: datetime, node: str) -> None:
        """Paint that nobody looked over the containment since an opening was closed."""
        looked = next(((at, line) for at, line in self.known.intact if at >= closed), None)
        until = None if looked is None else max(looked[0], closed + TICK)
        nodes = (node,) if looked is None else (node, looked[1])
        self.canvas.paint(
            closed + TICK, until, Value.INCONCLUSIVE, "CONTAINMENT-NOT-INSPECTED", *nodes
        )


def _of(row: dict[str, Any]) -> tuple[datetime, datetime | None, str]:
    end = None if row["end_at"] is None else parse_utc(row["end_at"])
    return parse_utc(row["begin_at"]), end, f"line:{row['act_id']}/{row['line_no']}"
