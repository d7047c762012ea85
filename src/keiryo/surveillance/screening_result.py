"""What screening says of recorded images: every image's standing, events, conditions, coverage.

Screening numbers the pictures that it was shown; the record numbers images, readable or not. Here
the one is turned into the other. An image that screening says nothing about is not quiet: it has
the reason why nobody could look at it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keiryo.screening.model import NOT_TESTABLE, Event, EventKind, HealthCode, Screened
from keiryo.surveillance.images_of import UNAUTHENTIC, Images, instant_of, micros
from keiryo.surveillance.schedule_of import ScheduleOf, schedule_of

QUIET, IN_EVENT, UNHEALTHY = 0, 1, 2
STANDINGS = ("quiet", "event", "unhealthy")
UNDECIDED = "undecided"
"""Code of an image that belongs to no event that screening reports, and to no settled scene."""


@dataclass(frozen=True, slots=True)
class Run:
    """Successive images that stand alike; see the line kind ``surveillance_run``."""

    standing: str
    code: str | None
    first: int
    last: int
    event: int | None
    created_by: int | None

    @property
    def images(self) -> int:
        """How many there are."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Bad:
    """An interval in which a camera saw nothing that counts.

    Attributes
    ----------
    code : str
    begin, end : int
        Microseconds; from the last image before that counts to the first one after.
    images : int
    measured, threshold : float or None
    """

    code: str
    begin: int
    end: int
    images: int
    measured: float | None = None
    threshold: float | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """The result of screening the images of one view of a camera.

    Attributes
    ----------
    images : Images
    begin, end : str
        The period.
    events : tuple of Event
        With positions among the images of the record.
    runs : tuple of Run
    conditions : tuple of Bad
    schedule : ScheduleOf
    notes : list of dict
        Changes of the light and tests that were impossible.
    scenes : list of dict
        The settled scenes with the intervals in which they stood.
    """

    images: Images
    begin: str
    end: str
    events: tuple[Event, ...]
    runs: tuple[Run, ...]
    conditions: tuple[Bad, ...]
    schedule: ScheduleOf
    notes: list[dict[str, Any]]
    scenes: list[dict[str, Any]]

    def counted(self, standing: str) -> int:
        """Return how many images stand so."""
        return sum(run.images for run in self.runs if run.standing == standing)

    def at(self, position: int) -> str:
        """Return the time of an image."""
        return instant_of(self.images.at[position])

    def to_dict(self) -> dict[str, Any]:
        """Return the whole result as plain data, the same for the same images and version."""
        counts = {name: self.counted(name) for name in STANDINGS}
        return {
            "camera": self.images.camera,
            "from": self.begin,
            "to": self.end,
            "received": self.images.count,
            "images_digest": images_digest(self.images),
            "tally": {
                "presented": counts["event"],
                "quiet": counts["quiet"],
                "unhealthy": counts["unhealthy"],
                "missing": self.schedule.missing,
            },
            "schedule": self.schedule.to_dict(),
            "events": [self._event(n, one) for n, one in enumerate(self.events, 1)],
            "conditions": [_bad_dict(one) for one in self.conditions],
            "runs": [self._run(one) for one in self.runs],
            "notes": self.notes,
            "scenes": self.scenes,
        }

    def _event(self, number: int, one: Event) -> dict[str, Any]:
        return {
            "event": number,
            "kind": one.kind.value,
            **{name: self.at(getattr(one, name)) for name in ("first", "last", "peak")},
            "images": one.last - one.first + 1,
            "score": round(one.score, 6),
            "zones": list(one.zones),
            "against": one.against,
            "returned_to": one.returned_to,
        }

    def _run(self, run: Run) -> dict[str, Any]:
        return {
            "standing": run.standing,
            "code": run.code,
            "images": run.images,
            "first": self.at(run.first),
            "last": self.at(run.last),
            "event": run.event,
            "created_by": run.created_by,
        }


def images_digest(images: Images) -> str:
    """Return a digest of which images these are, in order."""
    told = hashlib.sha256()
    for at, digest, frame, state in zip(
        images.at.tolist(), images.digest, images.frame, images.state, strict=True
    ):
        told.update(f"{at} {digest} {'' if frame is None else frame} {state}\n".encode())
    return told.hexdigest()


def result_of(
    images: Images,
    period: tuple[str, str],
    shown: NDArray[np.int64],
    reasons: dict[int, str],
    screened: Screened,
    rhythm: tuple[int | None, int | None],
) -> Result:
    """Return what screening says, in terms of the record.

    Parameters
    ----------
    images : Images
        All images of the period.
    period : (str, str)
        Half-open, UTC.
    shown : NDArray of int64
        Positions of the images that screening was shown, in order.
    reasons : dict of int to str
        Position and reason of every image that it was not shown.
    screened : Screened
    rhythm : (int or None, int or None)
        Interval and tolerance of the camera, ms.
    """
    assert screened.frames == len(shown) and len(shown) + len(reasons) == images.count
    events = tuple(_moved(one, shown) for one in screened.events)
    standing, codes, told = _standings(images, shown, reasons, screened)
    event_of = _event_numbers(events, images.count)
    standing[(standing == QUIET) & (event_of > 0)] = IN_EVENT
    lost = (standing == IN_EVENT) & (event_of == 0)
    settled = np.zeros(images.count, dtype=np.bool_)
    for one in screened.scenes:
        settled[shown[one.first : one.last + 1]] = True
    standing[lost & settled] = QUIET  # the image by which a scene was found to have settled
    lost &= ~settled
    standing[lost], codes[lost] = UNHEALTHY, told.setdefault(UNDECIDED, len(told))
    healthy = standing != UNHEALTHY
    authentic = np.array([one not in UNAUTHENTIC for one in images.state], dtype=np.bool_)
    schedule = schedule_of(images, authentic, healthy, *period, *rhythm)
    runs = tuple(_runs(standing, codes, tuple(told), event_of, _creators(events, images.count)))
    conditions = [*_gaps(schedule), *_conditions(images, period, shown, screened, runs, healthy)]
    return Result(
        images,
        *period,
        events,
        runs,
        tuple(sorted(conditions, key=lambda one: (one.begin, one.end, one.code))),
        schedule,
        [_note(one, shown, images) for one in screened.notes],
        [{"scene": s.number, **_span(s, shown, images)} for s in screened.scenes],
    )


def _moved(one: Event, shown: NDArray[np.int64]) -> Event:
    first, last, peak = (int(shown[n]) for n in (one.first, one.last, one.peak))
    return replace(one, first=first, last=last, peak=peak)


def _standings(
    images: Images, shown: NDArray[np.int64], reasons: dict[int, str], screened: Screened
) -> tuple[NDArray[np.uint8], NDArray[np.int64], dict[str, int]]:
    """Return standing and code of every image; code 0 is none."""
    told: dict[str, int] = {"": 0}
    standing = np.full(images.count, UNHEALTHY, dtype=np.uint8)
    codes = np.full(images.count, told.setdefault(UNDECIDED, len(told)), dtype=np.int64)
    standing[shown] = screened.standing
    for jump in (True, False):
        for one in screened.conditions:
            if (one.code is HealthCode.TIME_JUMP) is jump:
                within = shown[one.first : one.last + 1]
                codes[within] = told.setdefault(one.code.value, len(told))
                if not jump:
                    standing[within] = UNHEALTHY
    for note in screened.notes:
        if note.code == NOT_TESTABLE:
            within = shown[note.first : note.last + 1]
            within = within[(standing[within] == UNHEALTHY) & (codes[within] == told[UNDECIDED])]
            codes[within] = told.setdefault(NOT_TESTABLE, len(told))
    for position, reason in reasons.items():
        codes[position] = told.setdefault(reason, len(told))
    codes[standing != UNHEALTHY] = 0
    return standing, codes, told


def _event_numbers(events: tuple[Event, ...], count: int) -> NDArray[np.int64]:
    """Return for every image the number of its event, from 1; 0 where there is none."""
    numbers = np.zeros(count, dtype=np.int64)
    for number, one in enumerate(events, 1):
        numbers[one.first : one.last + 1] = number
    return numbers


def _creators(events: tuple[Event, ...], count: int) -> NDArray[np.int64]:
    """Return for every image the event that left the scene as it stands there; 0: none did."""
    creators = np.zeros(count, dtype=np.int64)
    made: dict[int, int] = {0: 0}
    current = 0
    for number, one in enumerate(events, 1):
        made.setdefault(one.against, current)
        if one.kind is EventKind.STATE_CHANGE:
            back = one.returned_to
            current = number if back is None else made.get(back, number)
            creators[one.last + 1 :] = current
    return creators


def _runs(
    standing: NDArray[np.uint8],
    codes: NDArray[np.int64],
    told: tuple[str, ...],
    event_of: NDArray[np.int64],
    creators: NDArray[np.int64],
) -> Iterator[Run]:
    if not len(standing):
        return
    creators = np.where(standing == QUIET, creators, 0)
    every = np.stack([standing.astype(np.int64), codes, event_of, creators])
    starts = np.flatnonzero(np.r_[True, (every[:, 1:] != every[:, :-1]).any(axis=0)])
    ends = np.r_[starts[1:], len(standing)] - 1
    for first, last in zip(starts.tolist(), ends.tolist(), strict=True):
        kind, code, event, creator = (int(n) for n in every[:, first])
        yield Run(STANDINGS[kind], told[code] or None, first, last, event or None, creator or None)


def _gaps(schedule: ScheduleOf) -> Iterator[Bad]:
    for one in schedule.gaps:
        yield Bad(one.code, one.begin, one.end, 0, one.measured_s, one.threshold_s)


def _conditions(
    images: Images,
    period: tuple[str, str],
    shown: NDArray[np.int64],
    screened: Screened,
    runs: tuple[Run, ...],
    healthy: NDArray[np.bool_],
) -> Iterator[Bad]:
    """Yield the intervals of bad images, from the last good image to the next one."""
    good = np.flatnonzero(healthy)
    measured = {}
    for one in screened.conditions:
        first = int(shown[one.first])
        if one.code is HealthCode.TIME_JUMP:
            begin, end = int(images.at[first]), int(images.at[shown[one.last]])
            if begin < end:
                yield Bad(one.code.value, begin, end, 0, one.measured, one.threshold)
        else:
            measured[one.code.value, first] = (one.measured, one.threshold)
    limits = micros(period[0]), micros(period[1])
    for code, first, last in _bad_stretches(runs):
        before = int(np.searchsorted(good, first)) - 1
        after = before + 1
        begin = limits[0] if before < 0 else int(images.at[good[before]])
        end = limits[1] if after >= len(good) else int(images.at[good[after]])
        values = measured.get((code, first), (None, None))
        yield Bad(code, begin, max(end, begin + 1), last - first + 1, *values)


def _bad_stretches(runs: tuple[Run, ...]) -> Iterator[tuple[str, int, int]]:
    """Yield successive bad images of one code, whatever events they are in."""
    open_: tuple[str, int, int] | None = None
    for run in runs:
        if run.standing == STANDINGS[UNHEALTHY] and run.code is not None:
            if open_ is not None and open_[0] == run.code:
                open_ = (run.code, open_[1], run.last)
                continue
            if open_ is not None:
                yield open_
            open_ = (run.code, run.first, run.last)
        elif open_ is not None:
            yield open_
            open_ = None
    if open_ is not None:
        yield open_


def _bad_dict(one: Bad) -> dict[str, Any]:
    return {
        "code": one.code,
        "from": instant_of(one.begin),
        "to": instant_of(one.end),
        "images": one.images,
        "measured": one.measured,
        "threshold": one.threshold,
    }


def _note(one: Any, shown: NDArray[np.int64], images: Images) -> dict[str, Any]:
    return {"code": one.code, **_span(one, shown, images)}


def _span(one: Any, shown: NDArray[np.int64], images: Images) -> dict[str, Any]:
    first, last = (images.at[shown[n]] for n in (one.first, one.last))
    return {"from": instant_of(first), "to": instant_of(last)}
