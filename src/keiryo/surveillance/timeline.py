"""Cameras, seals, declared operations and reviews of an area on one axis of time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.containment.values import DeviceSpans
from keiryo.dates import utc_text
from keiryo.journal.reading import rows_of
from keiryo.seals.values import seal_spans
from keiryo.surveillance.cameras import cameras
from keiryo.surveillance.conclusions import conclusions
from keiryo.surveillance.declared_operations import operations
from keiryo.surveillance.reviews import reviews
from keiryo.surveillance.tables import SCREENED_EVENT


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval of a row.

    Attributes
    ----------
    begin, end : datetime
        Cut to the period that was asked for.
    label : str
        Value of a device, kind of an event, state of an operation, conclusion of a review.
    reason : str
        Code or words.
    node : str
        For ``keiryo why``.
    """

    begin: datetime
    end: datetime
    label: str
    reason: str
    node: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "begin": utc_text(self.begin),
            "end": utc_text(self.end),
            "label": self.label,
            "reason": self.reason,
            "node": self.node,
        }


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the timeline.

    Attributes
    ----------
    kind : str
        ``camera``, ``events``, ``seal``, ``operation`` or ``review``.
    name : str
    node : str
    intervals : tuple of Interval
        In the order of time; those of a camera or seal do not overlap.
    """

    kind: str
    name: str
    node: str
    intervals: tuple[Interval, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        told = {"kind": self.kind, "name": self.name, "node": self.node}
        return {**told, "intervals": [one.to_dict() for one in self.intervals]}


def timeline(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    begin: datetime,
    end: datetime,
    *,
    camera: str | None = None,
    known_at: datetime | None = None,
    through_act: int | None = None,
) -> list[Row]:
    """Return what the devices, operations and reviews of an area say in a period.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    mba : str
        Material balance area.
    begin, end : datetime
        Half-open.
    camera : str, optional
        Only this camera, with the seals and operations of the area.
    known_at, through_act : optional
        As known at an instant, or with an act: all that is on the line, reviews and cameras
        included; default: everything.
    """
    from keiryo.surveillance.values import camera_spans

    known: dict[str, Any] = {"known_at": known_at, "through_act": through_act}
    asked = _Asked(begin, end)
    rows: list[Row] = []
    names = [
        name
        for name, one in cameras(connection, metadata, **known).items()
        if one.mba == mba and camera in (None, name)
    ]
    for name in names:
        told = camera_spans(connection, metadata, name, begin=begin, end=end, **known)
        rows.append(Row("camera", name, f"camera:{name}", tuple(asked.spans(told))))
        events = tuple(_events(connection, metadata, name, asked, known))
        rows.append(Row("events", name, f"camera:{name}", events))
    seals: dict[str, list[Interval]] = {}
    for cover in seal_spans(connection, metadata, mbas=[mba], **known).values():
        if cover.mba == mba:
            seals.setdefault(cover.spans.device, []).extend(asked.spans(cover.spans))
    for device, intervals in sorted(seals.items()):
        if intervals:
            ordered = tuple(sorted(intervals, key=lambda one: one.begin))
            rows.append(Row("seal", device.removeprefix("seal:"), device, ordered))
    wanted: dict[str, Any] = {"mba": mba, "begin": begin, "end": end, "withdrawn": True}
    for op in operations(connection, metadata, **wanted, **known):
        state = "declared" if op.stands else "withdrawn"
        told_as = op.values["type"] or ""
        cut = tuple(asked.cut(op.begin, op.end, state, told_as, f"operation:{op.name}"))
        if cut:
            rows.append(Row("operation", op.name, f"operation:{op.name}", cut))
    rows += _reviews(connection, metadata, mba, camera, asked, known)
    return rows


def _events(
    connection: Connection,
    metadata: MetaData,
    camera: str,
    asked: _Asked,
    known: dict[str, Any],
) -> Iterator[Interval]:
    table = metadata.tables[SCREENED_EVENT.name]
    conditions = (
        table.c.camera == camera,
        table.c.begin_at < utc_text(asked.end),
        table.c.end_at >= utc_text(asked.begin),
    )
    for row in rows_of(connection, metadata, SCREENED_EVENT.name, *conditions, **known):
        node = f"line:{row['act_id']}/{row['line_no']}"
        told = _moment(row["begin_at"]), _moment(row["end_at"])
        yield from asked.cut(*told, row["kind"], row["zones"] or "", node)


def _reviews(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    camera: str | None,
    asked: _Asked,
    known: dict[str, Any],
) -> Iterator[Row]:
    told = conclusions(connection, metadata, **known)
    for one in reviews(connection, metadata, mba=mba, **known):
        node = f"review:{one.name}"
        mine = [
            c.values
            for c in told
            if c.values["review"] == one.name and camera in (None, c.values["camera"])
        ]
        intervals = list(asked.cut(_moment(one.begin), _moment(one.end), "open", "", node))
        for row in mine:
            line = f"line:{row['act_id']}/{row['line_no']}"
            words = f"{row['camera']}: {row['reason']}" if row["reason"] else row["camera"]
            part = _moment(row["begin_at"]), _moment(row["end_at"])
            intervals += asked.cut(*part, row["conclusion"], words, line)
        if intervals and (camera is None or camera in one.cameras):
            yield Row("review", one.name, node, tuple(intervals))


@dataclass(frozen=True, slots=True)
class _Asked:
    begin: datetime
    end: datetime

    def spans(self, told: DeviceSpans) -> Iterator[Interval]:
        for one in told.spans:
            end = self.end if one.end is None else one.end
            node = one.nodes[0] if one.nodes else told.device
            yield from self.cut(one.begin, end, one.value.name, one.reason, node)

    def cut(
        self, begin: datetime, end: datetime, label: str, reason: str, node: str
    ) -> Iterator[Interval]:
        """Yield an interval as far as it lies in the period."""
        if begin < self.end and self.begin <= end:
            low, high = max(begin, self.begin), min(end, self.end)
            yield Interval(low, high, label, reason, node)


def _moment(at: str) -> datetime:
    from keiryo.dates import parse_utc

    return parse_utc(at)
