"""Clocks of cameras: how far off they were when read, and what time it truly was in between.

A reading says how much a camera's clock was off at an instant: true time minus the camera's time.
Between two readings the offset is taken to change linearly, as for the clocks of seals::

    t_true = t + o1 + (o2 - o1) * (t - t1) / (t2 - t1)

with t1, t2 the camera's times of the readings. Before the first and after the last reading its
offset holds. The uncertainty is how far the offset may be from the line if the clock did not go
evenly: between readings up to the larger difference from the two, outside them what the rate of
the nearest two readings gives over the distance, and unknown where there is one reading only.
"""

from __future__ import annotations

import uuid
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.dates import parse_utc, utc_text
from keiryo.errors import Finding, Severity
from keiryo.journal.model import Actor, Draft, Posted
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.reading import line_node, rows_of
from keiryo.journal.registry import Check, Posting, Refusal
from keiryo.storage.engine import Database
from keiryo.surveillance.camera_record import (
    BASIS,
    bad,
    known_camera,
    scope_of_camera,
    unknown_camera,
)
from keiryo.surveillance.tables import CAMERA_CLOCK, IMAGE

READ_CLOCK = "surveillance.clock"
MAX_OFFSET_MS = 40 * 366 * 86_400_000
"""Forty years: a clock that fell back to the first day of its era is off by no more."""
MOVED_MS = 1_000
"""Times of images that stand are told of when a reading would move them by more."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class ClockReading:
    """A reading of a camera's clock.

    Attributes
    ----------
    at : datetime
        True time.
    offset_ms : int
        True time minus the camera's time.
    note, line : str or None
    """

    at: datetime
    offset_ms: int
    note: str | None = None
    line: str | None = None

    @property
    def camera_us(self) -> int:
        """The camera's time, in microseconds since 1970."""
        return (self.at - _EPOCH) // _US - self.offset_ms * 1000

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "at": utc_text(self.at),
            "offset_ms": self.offset_ms,
            "note": self.note,
            "line": self.line,
        }


class ClockCorrection:
    """What time it truly was when a camera's clock showed a time.

    Parameters
    ----------
    readings : sequence of ClockReading
        In any order; of readings at the same instant the later one in the sequence counts.
    """

    def __init__(self, readings: list[ClockReading] | tuple[ClockReading, ...] = ()) -> None:
        by_time = {one.camera_us: one for one in {one.at: one for one in readings}.values()}
        self._times = sorted(by_time)
        self._offsets = [by_time[time].offset_ms * 1000 for time in self._times]

    @property
    def readings(self) -> int:
        """How many readings there are."""
        return len(self._times)

    def true_time(self, camera_time: datetime) -> datetime:
        """Return the true time of a time that the camera stated."""
        stated = (camera_time - _EPOCH) // _US
        return _EPOCH + (stated + self._offset_us(stated)) * _US

    def uncertainty_ms(self, camera_time: datetime) -> int | None:
        """Return how far the true time may be off, in ms; None where nothing says it."""
        stated, times, offsets = (camera_time - _EPOCH) // _US, self._times, self._offsets
        if not times:
            return None
        if stated in times:
            return 0
        if len(times) == 1:
            return None
        place = bisect_right(times, stated)
        if 0 < place < len(times):
            here = self._offset_us(stated)
            far = max(abs(here - offsets[place - 1]), abs(here - offsets[place]))
        else:
            first = 0 if place == 0 else len(times) - 2
            change = abs(offsets[first + 1] - offsets[first])
            distance = abs(stated - times[0 if place == 0 else -1])
            far = -(-change * distance // (times[first + 1] - times[first]))
        return -(-far // 1000)

    def _offset_us(self, stated: int) -> int:
        times, offsets = self._times, self._offsets
        if not times:
            return 0
        place = bisect_right(times, stated)
        if place == 0:
            return offsets[0]
        if place == len(times):
            return offsets[-1]
        t1, t2, o1, o2 = *times[place - 1 : place + 1], *offsets[place - 1 : place + 1]
        return o1 + (2 * (o2 - o1) * (stated - t1) + (t2 - t1)) // (2 * (t2 - t1))


def readings(
    connection: Connection,
    metadata: MetaData,
    camera: str,
    *,
    known_at: datetime | None = None,
    through_act: int | None = None,
) -> list[ClockReading]:
    """Return the readings of a camera's clock in the order of time.

    Of readings at the same instant the last one recorded counts.
    """
    table = metadata.tables[CAMERA_CLOCK.name]
    rows = rows_of(
        connection, metadata, CAMERA_CLOCK.name, table.c.camera == camera, through_act=through_act
    )
    last = {
        row["at"]: ClockReading(parse_utc(row["at"]), row["offset_ms"], row["note"], line_node(row))
        for row in rows
    }
    every = sorted(last.values(), key=lambda one: one.at)
    return [one for one in every if known_at is None or one.at <= known_at]


def correction(
    connection: Connection,
    metadata: MetaData,
    camera: str,
    *,
    known_at: datetime | None = None,
    through_act: int | None = None,
) -> ClockCorrection:
    """Return what the readings of a camera's clock say of its times."""
    return ClockCorrection(
        readings(connection, metadata, camera, known_at=known_at, through_act=through_act)
    )


def record_reading(
    database: Database,
    actor: Actor,
    camera: str,
    at: datetime,
    offset_ms: int,
    *,
    note: str | None = None,
    clock: Clock = system_clock,
) -> Posted:
    """Record how far a camera's clock was off.

    Parameters
    ----------
    database, actor
    camera : str
    at : datetime
        True time of the reading.
    offset_ms : int
        True time minus the camera's time, in milliseconds.
    note : str, optional
        How it was read.

    Raises
    ------
    RefusedError
        If it does not hold: all findings.
    NotFoundError
        If there is no such camera.
    """

    def draft(connection: Connection) -> Draft:
        made = Draft(READ_CLOCK, f"surveillance:{uuid.uuid4()}")
        made.add(
            CAMERA_CLOCK.name,
            scope=scope_of_camera(connection, database.metadata, camera),
            camera=camera,
            at=utc_text(at),
            offset_ms=offset_ms,
            note=note,
        )
        return made

    return post(database, draft, actor, clock=clock)


def check_readings(posting: Posting) -> Iterator[Finding | Refusal]:
    """Refuse readings of unknown cameras, readings that cannot be, clocks that ran backwards."""
    for line in posting.lines(CAMERA_CLOCK.name):
        camera = line["camera"]
        if known_camera(posting.connection, posting.metadata, camera) is None:
            yield Refusal(unknown_camera(camera))
            continue
        if abs(line["offset_ms"]) > MAX_OFFSET_MS:
            yield Refusal(
                bad(
                    "CLOCK-OFFSET",
                    f"{camera}: by this reading its clock is {abs(line['offset_ms'])} ms off, more "
                    "than 40 years",
                    "Read the clock again, and give true time minus the camera's time in "
                    "milliseconds.",
                )
            )
            continue
        every = readings(posting.connection, posting.metadata, camera)
        stated = [one.camera_us for one in every]
        if stated != sorted(set(stated)):
            yield Finding(
                "CLOCK-BACKWARD",
                Severity.WARNING,
                f"{camera}: between two readings the clock was set back, or went backwards",
                "Say when it was set: a time that it showed twice belongs to two true times, and "
                "images in between are uncertain by the offset.",
                basis=BASIS,
            )
        yield from _moved_images(posting, camera)


def _moved_images(posting: Posting, camera: str) -> Iterator[Finding]:
    """Tell of images whose recorded true time is another than the readings now say."""
    now = correction(posting.connection, posting.metadata, camera)
    table = posting.table(IMAGE.name)
    query = select(table.c.camera_at, table.c.at).where(table.c.camera == camera).distinct()
    count = largest = 0
    for stated, at in posting.connection.execute(query):
        moved = abs((now.true_time(parse_utc(stated)) - parse_utc(at)) // (1000 * _US))
        if moved > MOVED_MS:
            count, largest = count + 1, max(largest, moved)
    if count:
        yield Finding(
            "CLOCK-IMAGES-STAND",
            Severity.WARNING,
            f"{camera}: {count} images stand in the record with times that this reading would "
            f"move by up to {largest // 1000} s",
            "Their times were corrected by the readings known when they came in. Screen the "
            "period anew if so much matters; declared operations are matched with more room.",
            basis=BASIS,
            found=f"{largest} ms",
        )


CLOCKS_HOLD = Check("clocks of cameras", frozenset({CAMERA_CLOCK.name}), check_readings)
