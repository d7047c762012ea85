"""All that coverage is worked out from, as known: items, where they were, what covered each way.

Read once for as many items as are asked about; the lines of containments are computed once each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.containment.register import Containment, Interval, containments, contents
from keiryo.containment.values import Value
from keiryo.coverage.descent import Became, Origin, became, origins, reach
from keiryo.coverage.devices import DeviceOn, Devices, WayName, devices
from keiryo.coverage.line import Line, best_of, worst_of
from keiryo.coverage.reverification import Reverification, reverifications
from keiryo.places.tables import areas


@dataclass(frozen=True, slots=True)
class Stay:
    """That an item was in a containment.

    Attributes
    ----------
    mba, containment : str
    time : Interval
    sealed : bool
        Whether only a seal period says so, which names the item.
    """

    mba: str
    containment: str
    time: Interval
    sealed: bool = False

    @property
    def name(self) -> str:
        """``MBA/CONTAINMENT``."""
        return f"{self.mba}/{self.containment}"


@dataclass(slots=True)
class Facts:
    """What coverage of some items is worked out from.

    Attributes
    ----------
    containments : mapping of str to Containment
        By ``MBA/NAME``.
    ways : mapping of (area, containment, way) to sequence of DeviceOn
    stays : mapping of str to sequence of Stay
        By identity of the item.
    origins : mapping of str to Origin
    zones : mapping of str to str
        Time zone by area.
    reverified : mapping of str to sequence of Reverification
    known_at, through_act
        What they were read with.
    """

    containments: Mapping[str, Containment] = field(default_factory=dict)
    ways: Mapping[WayName, Sequence[DeviceOn]] = field(default_factory=dict)
    stays: Mapping[str, Sequence[Stay]] = field(default_factory=dict)
    origins: Mapping[str, Origin] = field(default_factory=dict)
    zones: Mapping[str, str] = field(default_factory=dict)
    reverified: Mapping[str, Sequence[Reverification]] = field(default_factory=dict)
    known_at: datetime | None = None
    through_act: int | None = None
    _lines: dict[str, Line] = field(default_factory=dict, repr=False)
    _held: dict[tuple[Stay, ...], Line] = field(default_factory=dict, repr=False)
    _links: dict[str, list[Became]] = field(default_factory=dict, repr=False)
    shared: dict[tuple[object, ...], Any] = field(default_factory=dict, repr=False)
    """What was worked out once for all items that were in the same places at the same times."""

    def containment_line(self, name: str) -> Line:
        """Return what the ways into a containment say together: never silent."""
        if name not in self._lines:
            one = self.containments.get(name)
            ways = () if one is None else one.ways
            lines = [
                best_of(
                    [
                        device.coverage()
                        for device in self.ways.get((way.mba, way.containment, way.path), ())
                    ],
                    Value.NOT_COVERED,
                ).clipped(way.time.begin, way.time.end)
                for way in ways
            ]
            self._lines[name] = worst_of(lines, Value.NOT_COVERED)
        return self._lines[name]

    def held_line(self, uid: str) -> Line:
        """Return what the containments say in which an item was; silent while it was in none."""
        places = self.places(uid)
        if places not in self._held:
            self._held[places] = worst_of(
                self.containment_line(stay.name).clipped(stay.time.begin, stay.time.end)
                for stay in places
            )
        return self._held[places]

    def places(self, uid: str) -> tuple[Stay, ...]:
        """Return where an item was and when, without the lines that state it."""
        return tuple(
            replace(stay, time=Interval(stay.time.begin, stay.time.end), sealed=False)
            for stay in self.stays.get(uid, ())
        )

    def origin(self, uid: str) -> Origin:
        """Return a batch with what it came from; a bare one if the books do not know it."""
        known = self.origins.get(uid)
        return known or Origin(uid, uid.partition("/")[0], uid.partition("/")[2])

    def links(self, uid: str) -> list[Became]:
        """Return what an item came from, with the instants until which they share the past."""
        if uid not in self._links:
            stays = {
                name: [stay.time for stay in self.stays.get(name, ())]
                for name in (uid, *(p.uid for p in self.origin(uid).parents))
            }
            self._links[uid] = became(self.origin(uid), stays, self.zones)
        return self._links[uid]

    def reach(self, uid: str) -> dict[str, datetime | None]:
        """Return all that an item came from; see `keiryo.coverage.descent.reach`."""
        waiting, links = [uid], dict[str, list[Became]]()
        while waiting:
            one = waiting.pop()
            if one not in links:
                links[one] = self.links(one)
                waiting += [link.parent for link in links[one]]
        return reach(uid, links)


def facts_of(
    connection: Connection,
    metadata: MetaData,
    batches: Iterable[str],
    *,
    known_at: datetime | None = None,
    through_act: int | None = None,
) -> Facts:
    """Read what the coverage of some items is worked out from.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    batches : iterable of str
        Identities of the items.
    known_at, through_act
        See `keiryo.containment.register.containments`.
    """
    known_on = None if known_at is None else known_at.date()
    come = origins(connection, metadata, batches, known_on=known_on, through_act=through_act)
    every = devices(connection, metadata, known_at=known_at, through_act=through_act)
    stays = _stays(connection, metadata, come, every, known_at, through_act)
    return Facts(
        containments(connection, metadata, known_at=known_at, through_act=through_act),
        every.ways,
        stays,
        come,
        {code: one.zone for code, one in areas(connection, metadata).items()},
        reverifications(
            connection, metadata, batches=come, known_at=known_at, through_act=through_act
        ),
        known_at,
        through_act,
    )


def _stays(
    connection: Connection,
    metadata: MetaData,
    come: Mapping[str, Origin],
    every: Devices,
    known_at: datetime | None,
    through_act: int | None,
) -> dict[str, list[Stay]]:
    """Return where items were: as stated, and where nobody stated it, as their seals say."""
    found: dict[str, list[Stay]] = {}
    stated = contents(
        connection, metadata, batches=come, known_at=known_at, through_act=through_act
    )
    for one in stated:
        found.setdefault(one.batch_uid, []).append(Stay(one.mba, one.containment, one.time))
    known = {(one.batch_uid, one.mba, one.containment) for one in stated}
    for item in every.sealed:
        place = (item.batch_uid, item.mba, item.containment)
        if item.batch_uid in come and place not in known:
            time = Interval(item.begin, item.end)
            found.setdefault(item.batch_uid, []).append(
                Stay(item.mba, item.containment, time, sealed=True)
            )
    return found
