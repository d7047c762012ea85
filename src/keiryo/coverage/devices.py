"""What watches each way: seals while they are attached, cameras while a watch is stated.

The only place that knows where devices keep what they say: `keiryo.seals.values` and
`keiryo.surveillance.values`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, MetaData, select

from keiryo.containment.register import Watch, watches
from keiryo.containment.values import DeviceSpans, Value
from keiryo.coverage.dual import Judged
from keiryo.coverage.line import Line, line_of_spans
from keiryo.surveillance.tables import CAMERA

CAMERA_PREFIX = "camera:"
WayName = tuple[str, str, str]
"""Area, containment, way."""


@dataclass(frozen=True, slots=True)
class DeviceOn:
    """A device on a way, and for which time it is there.

    Attributes
    ----------
    spans : DeviceSpans
    begin, end : datetime or None
        Its period on the way; None: its spans say it all.
    """

    spans: DeviceSpans
    begin: datetime | None = None
    end: datetime | None = None

    def coverage(self) -> Line:
        """Return what it says on this way; nothing outside its period."""
        return line_of_spans(self.spans.spans).clipped(self.begin, self.end)

    def judged(self, moment: datetime) -> Judged:
        """Return what it says at an instant."""
        there = (self.begin is None or self.begin <= moment) and (
            self.end is None or moment < self.end
        )
        span = self.spans.at(moment) if there else None
        value, reason = (
            (Value.NOT_COVERED, "NOT-ACTIVE") if span is None else (span.value, span.reason)
        )
        spans = self.spans
        return Judged(spans.device, spans.mechanism, spans.depends_on, value, reason)


@dataclass(frozen=True, slots=True)
class SealedItem:
    """That a seal period names an item: it is in the containment while the seal is there."""

    mba: str
    containment: str
    batch_uid: str
    begin: datetime
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Placed:
    """A device, and where it is or was: a seal in one of its periods, or a camera."""

    spans: DeviceSpans
    mba: str
    containment: str | None


@dataclass(slots=True)
class Devices:
    """Every device as known.

    Attributes
    ----------
    ways : dict of (area, containment, way) to list of DeviceOn
        What covers each way.
    sealed : list of SealedItem
        Items named by seal periods.
    placed : list of Placed
        Every device with its place, whether or not it covers a recorded way.
    """

    ways: dict[WayName, list[DeviceOn]] = field(default_factory=dict)
    sealed: list[SealedItem] = field(default_factory=list)
    placed: list[Placed] = field(default_factory=list)

    def add(self, mba: str, containment: str, path: str, one: DeviceOn) -> None:
        """Add a device on a way."""
        self.ways.setdefault((mba, containment, path), []).append(one)


def devices(
    connection: Connection,
    metadata: MetaData,
    *,
    mbas: Iterable[str] | None = None,
    known_at: datetime | None = None,
    through_act: int | None = None,
) -> Devices:
    """Return what every device says, as known.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    mbas : iterable of str, optional
        Devices in these areas only; default: all.
    known_at, through_act
        See `keiryo.containment.register.containments`.
    """
    wanted = None if mbas is None else frozenset(mbas)
    found = Devices()
    _add_seals(found, connection, metadata, wanted, known_at, through_act)
    _add_cameras(found, connection, metadata, wanted, known_at, through_act)
    return found


def _add_seals(
    found: Devices,
    connection: Connection,
    metadata: MetaData,
    wanted: frozenset[str] | None,
    known_at: datetime | None,
    through_act: int | None,
) -> None:
    from keiryo.seals.values import seal_spans

    covers = seal_spans(
        connection, metadata, known_at=known_at, through_act=through_act, mbas=wanted
    )
    for cover in covers.values():
        if wanted is not None and cover.mba not in wanted:
            continue
        found.placed.append(Placed(cover.spans, cover.mba, cover.containment))
        for path in cover.paths:  # its spans end where it was detached, or found broken
            found.add(cover.mba, cover.containment, path, DeviceOn(cover.spans))
        spans = cover.spans.spans
        end = spans[-1].end if spans else cover.detached_at
        for uid in cover.items:
            found.sealed.append(
                SealedItem(cover.mba, cover.containment, uid, cover.attached_at, end)
            )


def _add_cameras(
    found: Devices,
    connection: Connection,
    metadata: MetaData,
    wanted: frozenset[str] | None,
    known_at: datetime | None,
    through_act: int | None,
) -> None:
    used = _camera_areas(connection, metadata, through_act)
    stated = [
        one
        for one in watches(connection, metadata, known_at=known_at, through_act=through_act)
        if wanted is None or one.mba in wanted
    ]
    for one in stated:
        used[one.device] = (one.mba, one.containment)
    spans: dict[str, DeviceSpans] = {}
    for device, (mba, containment) in used.items():
        if wanted is None or mba in wanted:
            from keiryo.surveillance.values import camera_spans

            name = device.removeprefix(CAMERA_PREFIX)
            spans[device] = camera_spans(
                connection, metadata, name, known_at=known_at, through_act=through_act
            )
            found.placed.append(Placed(spans[device], mba, containment))
    for one in stated:
        watched = DeviceOn(_as_watched(spans[one.device], one), one.time.begin, one.time.end)
        found.add(one.mba, one.containment, one.path, watched)


def _as_watched(spans: DeviceSpans, one: Watch) -> DeviceSpans:
    """Return a camera as its watch states it: its mechanism there, and all that it depends on."""
    shared = spans.depends_on | one.depends_on
    return DeviceSpans(one.device, one.mechanism, shared, spans.spans)


def _camera_areas(
    connection: Connection, metadata: MetaData, through_act: int | None
) -> dict[str, tuple[str, str | None]]:
    table = metadata.tables[CAMERA.name]
    query = select(table.c.camera, table.c.mba).order_by(table.c.act_id, table.c.line_no)
    if through_act is not None:
        query = query.where(table.c.act_id <= through_act)
    return {CAMERA_PREFIX + row[0]: (str(row[1]), None) for row in connection.execute(query)}
