"""In which order the events of a review are shown, and which of them are shown together.

First come events outside the times of declared operations; then changes of the scene in a zone
of interest; what lasts before what passes; what is unlike anything that was found benign before;
then what changed most. The order hides nothing: every event is in it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.dates import utc_text
from keiryo.journal.reading import rows_of
from keiryo.surveillance.cameras import camera as read_camera
from keiryo.surveillance.correlation import CLOCK_S
from keiryo.surveillance.declared_operations import operations
from keiryo.surveillance.images_of import micros
from keiryo.surveillance.marks import BENIGN, marks
from keiryo.surveillance.review_events import ReviewEvent, review_events, versions_of
from keiryo.surveillance.review_record import split
from keiryo.surveillance.reviews import review as read_review
from keiryo.surveillance.tables import SCREENED_EVENT
from keiryo.surveillance.zones import zones_of

ALIKE = 0.25
"""Distance up to which two events are alike."""
NEVER_SEEN = 9.0
"""Distance of an event where nothing was ever found benign."""
GROUP_S = 60.0
_DAY = 86_400_000_000
Features = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Ranked:
    """An event with its rank.

    Attributes
    ----------
    rank : int
        From 1.
    event : ReviewEvent
    declared : tuple of str
        Declared operations in whose time it lies.
    interest : bool
        Whether it changes the scene in a zone of interest.
    rarity : float
        Distance to the nearest event that was found benign; `NEVER_SEEN` if none was.
    group : int
        Events of one number are shown together.
    """

    rank: int
    event: ReviewEvent
    declared: tuple[str, ...]
    interest: bool
    rarity: float
    group: int

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "rank": self.rank,
            **self.event.to_dict(),
            "declared": list(self.declared),
            "interest": self.interest,
            "rarity": round(self.rarity, 3),
            "group": self.group,
        }


def ranked(connection: Connection, metadata: MetaData, review: str) -> list[Ranked]:
    """Return the events of a review in the order in which they should be looked at.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    review : str

    Raises
    ------
    NotFoundError
        If there is no such review.
    """
    one = read_review(connection, metadata, review)
    events = review_events(connection, metadata, review)
    benign = _benign(connection, metadata, one.cameras)
    intervals = {
        name: read_camera(connection, metadata, name).interval_s or 0.0 for name in one.cameras
    }
    interest = _interest(connection, metadata, review, events)
    declared = operations(connection, metadata, mba=one.mba)
    groups = _groups(events, intervals)
    found = []
    for number, event in enumerate(events):
        margin = int((intervals[event.camera] + CLOCK_S) * 1_000_000)
        device = f"camera:{event.camera}"
        inside = tuple(
            op.name
            for op in declared
            if device in op.sensors
            and micros(utc_text(op.begin)) - margin <= micros(event.end)
            and micros(event.begin) <= micros(utc_text(op.end)) + margin
        )
        known = [f for end, f in benign.get(event.camera, ()) if end < event.begin]
        mine = features(event.values)
        rarity = min((distance(mine, other) for other in known), default=NEVER_SEEN)
        found.append((event, inside, interest[event.key], rarity, groups[number]))
    found.sort(key=_order)
    return [Ranked(rank, *one) for rank, one in enumerate(found, 1)]


def _order(one: tuple[ReviewEvent, tuple[str, ...], bool, float, int]) -> tuple[Any, ...]:
    event, declared, interest, rarity, _group = one
    return (
        bool(declared),
        not interest,
        not event.is_state_change,
        -round(rarity, 1),
        -event.values["score_ppm"],
        event.begin,
        event.key,
    )


def features(row: Mapping[str, Any]) -> Features:
    """Return an event as a few numbers: kind, size, length, time of day; zones are compared."""
    begin, end = micros(row["begin_at"]), micros(row["end_at"])
    angle = 2 * math.pi * (begin % _DAY) / _DAY
    return (
        float(row["kind"] == "state-change"),
        math.log10(max(row["score_ppm"], 1)) / 2,
        math.log10(1 + (end - begin) / 1_000_000) / 2,
        math.sin(angle) / 4,
        math.cos(angle) / 4,
        _zone_code(split(row["zones"])),
    )


def _zone_code(zones: Iterable[str]) -> float:
    """Return a number that is the same for the same zones; others lie far apart."""
    from zlib import crc32

    told = " | ".join(sorted(zones))
    return 0.0 if not told else 1.0 + crc32(told.encode()) % 1000


def distance(one: Features, other: Features) -> float:
    """Return how unlike two events are; another kind or other zones make them very unlike."""
    *near, zones = one
    *far, others = other
    apart = math.dist(near, far)
    return apart if zones == others else apart + 1.0


def similar(
    connection: Connection, metadata: MetaData, review: str, screening: str, event: int
) -> list[ReviewEvent]:
    """Return the events of a review that are like one, and that nobody has marked yet.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    review, screening : str
    event : int
        Number of the event within the screening.

    Returns
    -------
    list of ReviewEvent
        Of the same camera, without the event itself; the most similar first. The events that
        nobody looked at are among them: a mark on those is refused.
    """
    every = review_events(connection, metadata, review)
    mine = next((one for one in every if one.key == (screening, event)), None)
    if mine is None:
        return []
    at = features(mine.values)
    found = [
        (distance(at, features(one.values)), one)
        for one in every
        if one.key != mine.key and one.camera == mine.camera and one.mark is None
    ]
    near = [(apart, one) for apart, one in found if apart <= ALIKE]
    return [one for _apart, one in sorted(near, key=lambda pair: (pair[0], pair[1].begin))]


def _benign(
    connection: Connection, metadata: MetaData, cameras: Sequence[str]
) -> dict[str, list[tuple[str, Features]]]:
    """Return the events that were found benign in any review, by camera."""
    table = metadata.tables[SCREENED_EVENT.name]
    told = {
        key for key, every in marks(connection, metadata).items() if every[-1].verdict == BENIGN
    }
    if not told:
        return {}
    found: dict[str, list[tuple[str, Features]]] = {}
    for row in rows_of(connection, metadata, SCREENED_EVENT.name, table.c.camera.in_(cameras)):
        if (row["screening"], row["event"]) in told:
            found.setdefault(row["camera"], []).append((row["end_at"], features(row)))
    return found


def _interest(
    connection: Connection, metadata: MetaData, review: str, events: Sequence[ReviewEvent]
) -> dict[tuple[str, int], bool]:
    """Return which events change the scene in a zone of interest."""
    versions = versions_of(connection, metadata, review)
    zones: dict[tuple[str, int], set[str]] = {}
    found = {}
    for event in events:
        view = event.camera, versions[event.key[0]]
        if view not in zones:
            listed = zones_of(connection, metadata, *view)
            zones[view] = {one.zone.name for one in listed if one.zone.type == "INTEREST"}
        found[event.key] = event.is_state_change and bool(zones[view] & set(event.zones))
    return found


def _groups(events: Sequence[ReviewEvent], intervals: Mapping[str, float]) -> list[int]:
    """Return which events are shown together: those of a camera that lie close to each other."""
    numbers: list[int] = []
    last: dict[str, tuple[int, int]] = {}
    count = 0
    for event in events:
        reach = int(max(2 * intervals[event.camera], GROUP_S) * 1_000_000)
        before = last.get(event.camera)
        if before is not None and micros(event.begin) - before[0] < reach:
            number = before[1]
        else:
            count += 1
            number = count
        end = micros(event.end) if before is None else max(micros(event.end), before[0])
        last[event.camera] = (end, number)
        numbers.append(number)
    return numbers
