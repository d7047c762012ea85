"""Coverage of an item at an instant, as known at another one.

A way has the best value of its devices and an item the worst of its ways; an item in no
containment, and one in a containment without a recorded way, is NOT_COVERED: an empty list never
counts as "every way is covered". What was split, merged or received inherits the worst past of
what it came from.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.containment.instants import day_begins, shown
from keiryo.containment.values import Value, best, worst
from keiryo.coverage.dual import Judged, Level, Result, dependency_warnings, level, system_result
from keiryo.coverage.facts import Facts, facts_of
from keiryo.coverage.line import Line, worst_of
from keiryo.coverage.loss import HELD, History, history
from keiryo.errors import Finding


@dataclass(frozen=True, slots=True)
class PathCoverage:
    """What the devices of one way say at an instant.

    Attributes
    ----------
    containment : str
        ``MBA/NAME``.
    path : str
    value : Value
    devices : tuple of Judged
    level : Level
    result : Result
    consequence : str
    inherited_from : str or None
        Identity of the batch that was there then, if it is not the item itself.
    """

    containment: str
    path: str
    value: Value
    devices: tuple[Judged, ...]
    level: Level
    result: Result
    consequence: str
    inherited_from: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "containment": self.containment,
            "path": self.path,
            "value": self.value.name,
            "devices": [
                {
                    "device": one.device,
                    "value": one.value.name,
                    "reason": one.reason,
                    "mechanism": one.mechanism,
                    "depends_on": sorted(one.depends_on),
                }
                for one in self.devices
            ],
            "level": str(self.level),
            "result": str(self.result),
            "consequence": self.consequence,
            "inherited_from": self.inherited_from,
        }


@dataclass(frozen=True, slots=True)
class ItemCoverage:
    """The coverage of an item at an instant, as known.

    Attributes
    ----------
    batch_uid, mba, name : str
    at : datetime
    known_at : datetime or None
    through_act : int or None
    value : Value
    paths : tuple of PathCoverage
    held_in : tuple of str
        Containments in which the item is at that instant, as ``MBA/NAME``.
    history : History
        Whether continuity of knowledge is held.
    findings : tuple of Finding
        Devices that would be independent and share something.
    """

    batch_uid: str
    mba: str
    name: str
    at: datetime
    known_at: datetime | None
    through_act: int | None
    value: Value
    paths: tuple[PathCoverage, ...]
    held_in: tuple[str, ...]
    history: History
    findings: tuple[Finding, ...] = ()

    @property
    def continuity(self) -> str:
        """``held``, ``lost``, or ``none``: the item was never in a containment."""
        return self.history.continuity

    @property
    def lost_since(self) -> datetime | None:
        """From when continuity of knowledge is lost; None: it is not, or never began."""
        return self.history.lost_since

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        since = self.lost_since
        return {
            "batch": self.batch_uid,
            "mba": self.mba,
            "name": self.name,
            "at": shown(self.at),
            "known_at": None if self.known_at is None else shown(self.known_at),
            "through_act": self.through_act,
            "value": self.value.name,
            "held_in": list(self.held_in),
            "paths": [one.to_dict() for one in self.paths],
            "continuity": self.continuity,
            "lost_since": None if since is None else shown(since),
            "re_verify": self.continuity != HELD,
        }


def coverage_at(
    connection: Connection,
    metadata: MetaData,
    batch_uid: str,
    at: datetime,
    *,
    known_at: datetime | None = None,
    through_act: int | None = None,
) -> ItemCoverage:
    """Return the coverage of an item at an instant.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    batch_uid : str
        Identity of the batch or item, ``MBA/NAME#n``.
    at : datetime
        The instant asked about.
    known_at : datetime, optional
        Only what had been seen, examined or concluded by this instant; default: everything.
    through_act : int, optional
        Only what had been recorded with this act; default: everything.
    """
    facts = facts_of(connection, metadata, [batch_uid], known_at=known_at, through_act=through_act)
    return item_coverage(facts, batch_uid, at)


def coverage_line(
    connection: Connection,
    metadata: MetaData,
    batch_uid: str,
    *,
    known_at: datetime | None = None,
    through_act: int | None = None,
) -> Line:
    """Return the coverage of an item over time; parameters as of `coverage_at`."""
    facts = facts_of(connection, metadata, [batch_uid], known_at=known_at, through_act=through_act)
    return item_line(facts, batch_uid)


def item_line(facts: Facts, uid: str) -> Line:
    """Return the coverage of an item over time: a value at every instant.

    Parameters
    ----------
    facts : Facts
    uid : str
        Identity of the item.
    """
    parts = [
        _own_line(facts, name).clipped(None, until) for name, until in facts.reach(uid).items()
    ]
    return worst_of(parts, Value.NOT_COVERED)


def item_value(facts: Facts, uid: str, at: datetime) -> Value:
    """Return the coverage of an item at an instant: what `item_line` has there, found faster."""
    found: list[Value] = []
    for name, until in facts.reach(uid).items():
        if until is not None and at >= until:
            continue
        stays = [stay for stay in facts.stays.get(name, ()) if stay.time.holds(at)]
        said = [facts.containment_line(stay.name).at(at) for stay in stays]
        found += [value for value in said if value is not None]
        day_after = _day_after(facts, name)
        if not stays and (day_after is None or at >= day_after):
            found.append(Value.NOT_COVERED)
    return worst(found)


def item_coverage(facts: Facts, uid: str, at: datetime) -> ItemCoverage:
    """Return the coverage of an item at an instant; see `coverage_at`."""
    origin = facts.origin(uid)
    paths, warnings = [], list[Finding]()
    for name, until in facts.reach(uid).items():
        if until is None or at < until:
            inherited = None if name == uid else name
            places = {s.name: None for s in facts.stays.get(name, ()) if s.time.holds(at)}
            for place in places:
                paths += [replace(one, inherited_from=inherited) for one in _at(facts, place, at)]
    for one in paths:
        warnings += dependency_warnings(f"{one.containment} way {one.path}", one.devices)
    held = [stay.name for stay in facts.stays.get(uid, ()) if stay.time.holds(at)]
    value = item_value(facts, uid, at)
    return ItemCoverage(
        uid,
        origin.mba,
        origin.name,
        at,
        facts.known_at,
        facts.through_act,
        value,
        tuple(paths),
        tuple(sorted(set(held))),
        history(facts, uid, at),
        tuple(dict.fromkeys(warnings)),
    )


def _at(facts: Facts, name: str, at: datetime) -> tuple[PathCoverage, ...]:
    """Return what the ways into a containment say at an instant; worked out once."""
    key = ("paths", name, at)
    if key not in facts.shared:
        facts.shared[key] = tuple(_paths(facts, name, at))
    found: tuple[PathCoverage, ...] = facts.shared[key]
    return found


def _paths(facts: Facts, name: str, at: datetime) -> Iterator[PathCoverage]:
    place = facts.containments.get(name)
    for way in () if place is None else place.ways:
        if not way.time.holds(at):
            continue
        every = facts.ways.get((way.mba, way.containment, way.path), ())
        judged = [device.judged(at) for device in every]
        active = tuple(one for one in judged if one.value is not Value.NOT_COVERED)
        yield PathCoverage(
            name,
            way.path,
            best([one.value for one in active]),
            active,
            level(active),
            *system_result(active),
        )


def _own_line(facts: Facts, uid: str) -> Line:
    """Return what a batch itself says: silent before it was made of others, unless it was held.

    After the day on which it began to exist it is NOT_COVERED wherever it is in no containment.
    """
    held, day_after = facts.held_line(uid), _day_after(facts, uid)
    if day_after is None:
        return held.filled(Value.NOT_COVERED)
    return worst_of([held, held.filled(Value.NOT_COVERED).clipped(day_after, None)])


def _day_after(facts: Facts, uid: str) -> datetime | None:
    """Return the end of the day on which a batch was made of others; None: it was not."""
    origin = facts.origin(uid)
    if not origin.parents:
        return None
    first = min(parent.day for parent in origin.parents)
    born = first if origin.born is None else min(origin.born, first)
    return day_begins(born + timedelta(days=1), facts.zones.get(origin.mba, "UTC"))
