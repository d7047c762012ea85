"""What watches each way: seals while they are attached, cameras while a watch is stated.

The only place that knows where devices keep what they say: `keiryo.seals.values` and
`keiryo.surveillance.values`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
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
    line : str
        The line that states it, where there is one.
    """

    spans: DeviceSpans
    begin: datetime | None = None
    end: datetime | None = None
    line: str = ""

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
class Devices:
    """Every device as known, by the way that it covers.

    Attributes
    ----------
    ways : dict of (area, containment, way) to list of DeviceOn
    sealed : tuple of SealedItem
        Items named by seal periods.
    places : dict of str to (area, containment or None)
        Where each device is or was last, for what it raises.
    """

    ways: dict[WayName, list[DeviceOn]]
    sealed: tuple[SealedItem, ...] = ()
    places: tuple[tuple[DeviceSpans, str, str | None], ...] = ()


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
    found = Devices({}, (), ())
    sealed: list[SealedItem] = []
    places: list[tuple[DeviceSpans, str, str | None]] = []
    _seals(connection, metadata, wanted, known_at, through_act, found.ways, sealed, places)
    _cameras(connection, metadata, wanted, known_at, through_act, found.ways, places)
    return Devices(found.ways, tuple(sealed), tuple(places))


def _seals(
    connection: Connection,
    metadata: MetaData,
    wanted: frozenset[str] | None,
    known_at: datetime | None,
    through_act: int | None,
    ways: dict[WayName, list[DeviceOn]],
    sealed: list[SealedItem],
    places: list[tuple[DeviceSpans, str, str | None]],
) -> None:
    from keiryo.seals.values import seal_spans

    covers = seal_spans(connection, metadata, known_at=known_at, through_act=through_act)
    for node, cover in covers.items():
        if wanted is not None and cover.mba not in wanted:
            continue
        places.append((cover.spans, cover.mba, cover.containment))
        line = "line:" + node.rpartition("@")[2] if "@" in node else ""
        one = DeviceOn(cover.spans, cover.attached_at, cover.detached_at, line)
        for path in cover.paths:
            ways.setdefault((cover.mba, cover.containment, path), []).append(one)
        for uid in cover.items:
            sealed.append(
                SealedItem(
                    cover.mba, cover.containment, uid, cover.attached_at, cover.detached_at
                )
            )


def _cameras(
    connection: Connection,
    metadata: MetaData,
    wanted: frozenset[str] | None,
    known_at: datetime | None,
    through_act: int | None,
    ways: dict[WayName, list[DeviceOn]],
    places: list[tuple[DeviceSpans, str, str | None]],
) -> None:
    from keiryo.surveillance.values import camera_spans

    spans: dict[str, DeviceSpans] = {}
    used: dict[str, tuple[str, str | None]] = _camera_areas(connection, metadata, through_act)
    stated = [
        one
        for one in watches(connection, metadata, known_at=known_at, through_act=through_act)
        if wanted is None or one.mba in wanted
    ]
    for one in stated:
        used[one.device] = (one.mba, one.containment)
    for device, (mba, containment) in used.items():
        if wanted is None or mba in wanted:
            name = device.removeprefix(CAMERA_PREFIX)
            spans[device] = camera_spans(
                connection, metadata, name, known_at=known_at, through_act=through_act
            )
            places.append((spans[device], mba, containment))
    for one in stated:
        made = DeviceOn(_as_watched(spans[one.device], one), one.time.begin, one.time.end)
        ways.setdefault((one.mba, one.containment, one.path), []).append(made)


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
