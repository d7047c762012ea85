"""Review of a video or a folder of images from outside the books: what is there to look at.

One pass: pictures are decoded, screened and let go. What is missing, unreadable or seen in a bad
view never counts as quiet; a declared operation that falls there is not covered.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from math import inf
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from keiryo.errors import Finding, Severity
from keiryo.screening.declared import Declared, read_declared
from keiryo.screening.detection_limit import DetectionLimit
from keiryo.screening.mask import mask_findings, read_mask
from keiryo.screening.matching import Blind, Matching, Observation, Sensor, State, match
from keiryo.screening.model import (
    Condition,
    Event,
    HealthCode,
    Note,
    Picture,
    Plane,
    Screened,
    SettledScene,
    Standing,
    Zone,
)
from keiryo.screening.schedule import (
    Coverages,
    Schedule,
    SpacingKind,
    coverages,
    pti_schedule,
    usual_interval,
    video_schedule,
)
from keiryo.screening.screen import METHOD, METHOD_VERSION, Screening
from keiryo.screening.sources import Source, Unreadable, open_source
from keiryo.screening.sources.picture_times import utc_words
from keiryo.screening.tally import Tally, presented_images, reasons, tally

CLOCK_UNCERTAINTY_S = 10.0
"""Between a camera's clock and that of the declarations, where these are given by instants."""
TIME_LAPSE_S = 5.0
"""From this spacing of its frames on, a video is judged like pictures taken at intervals."""
_EVERY = 50
KEPT = 6  # quiet pictures
Progress = Callable[[int, int, str], None]
_Dated = TypeVar("_Dated", Event, Note, SettledScene, Condition)


@dataclass(frozen=True, slots=True)
class DeclaredState:
    """What became of a declared operation, or of an event that nobody declared.

    Attributes
    ----------
    operation : str or None
        None for an event that nobody declared.
    state : State
    event : int or None
        Position of the first event that supports it.
    events : tuple of int
        Positions of all events that do.
    """

    operation: str | None
    state: State
    event: int | None
    events: tuple[int, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it as commands print it."""
        return {
            "operation": self.operation,
            "state": self.state.value,
            "event": self.event,
            "events": list(self.events),
        }


@dataclass(frozen=True, slots=True)
class ReviewResult:
    """What a review found.

    Attributes
    ----------
    frames : int
        Images received, readable or not.
    span_s : float
        From the first image to the last.
    schedule : Schedule or None
    estimated : bool
        Whether the schedule was worked out from the images.
    gaps : tuple of (float, float)
    health : tuple of Condition
    events : tuple of Event
    declared : tuple of DeclaredState
    presented : int
        Images to look at.
    coverages : Coverages or None
    tally : Tally
    notes : tuple of Note
    scenes : tuple of SettledScene
    findings : tuple of Finding
    origin_s : float or None
        When the first image was taken, seconds since 1970.
    limit : DetectionLimit
        The smallest things that screening finds in quiet pictures of this camera.
    """

    frames: int
    span_s: float
    schedule: Schedule | None
    estimated: bool
    gaps: tuple[tuple[float, float], ...]
    health: tuple[Condition, ...]
    events: tuple[Event, ...]
    declared: tuple[DeclaredState, ...]
    presented: int
    coverages: Coverages | None
    tally: Tally
    notes: tuple[Note, ...]
    scenes: tuple[SettledScene, ...]
    findings: tuple[Finding, ...]
    origin_s: float | None
    limit: DetectionLimit

    @property
    def presented_fraction(self) -> float:
        """Share of the images received that somebody has to look at; 0 if there are none."""
        return self.presented / self.frames if self.frames else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the review as data for programs; findings are left to the command."""
        both = self.coverages
        return {
            "frames": self.frames,
            "span_s": self.span_s,
            "gaps": [{"from_s": a, "to_s": b} for a, b in self.gaps],
            "health": [one.to_dict() for one in self.health],
            "events": [event.to_dict() for event in self.events],
            "declared": [one.to_dict() for one in self.declared],
            "presented_fraction": self.presented_fraction,
            "presented": self.presented,
            "tally": self.tally.to_dict(),
            "coverage": {
                "recorded": both.recorded.share if both else 0.0,
                "valid": both.valid.share if both else 0.0,
            },
            "schedule": {
                "interval_s": self.schedule.interval_s if self.schedule else None,
                "tolerance_s": self.schedule.tolerance_s if self.schedule else None,
                "estimated": self.estimated,
            },
            "first_image_at": None if self.origin_s is None else utc_words(self.origin_s),
            "notes": [
                {"code": one.code, "from_s": one.from_s, "to_s": one.to_s} for one in self.notes
            ],
            "scenes": [
                {"number": one.number, "from_s": one.from_s, "to_s": one.to_s}
                for one in self.scenes
            ],
            "detection_limit": self.limit.to_dict(),
            "method": {"name": METHOD, "version": METHOD_VERSION},
        }


def review(
    path: str | Path,
    *,
    interval_s: float | None = None,
    start: datetime | None = None,
    mask: str | Path | None = None,
    declared: str | Path | None = None,
    zones: tuple[Zone, ...] = (),
    progress: Progress | None = None,
    source: Source | None = None,
) -> ReviewResult:
    """Screen a video or a folder of images.

    Parameters
    ----------
    path : str or Path
    interval_s : float, optional
        Time between two images in seconds.
    start : datetime, optional
        When the first image was taken.
    mask : str or Path, optional
        A picture that is white where changes matter.
    declared : str or Path, optional
        CSV table of declared operations.
    zones : tuple of Zone
    progress : callable, optional
        Is told how many images are done, how many there are, and the time reached.
    source : Source, optional
        The source if it is open already; it is left open.

    Raises
    ------
    NotFoundError, UsageError
        If what is given is not there or makes no sense.
    """
    plane = None if mask is None else read_mask(mask)
    opened = source or open_source(path, interval_s=interval_s, start=start)
    try:
        told = None if declared is None else read_declared(declared, opened.origin_s)
        passage = _Passage(opened, plane, str(mask or ""), zones)
        passage.run(progress)
        return passage.result(told)
    finally:
        if source is None:
            opened.close()


class _Passage:
    """One passage through a source."""

    def __init__(
        self, source: Source, mask: Plane | None, mask_name: str, zones: tuple[Zone, ...]
    ) -> None:
        self.source, self.mask, self.mask_name = source, mask, mask_name
        self.screening = Screening(source.interval_s, mask, zones)
        self.received = 0
        self.unreadable: list[int] = []
        self.findings: list[Finding] = []
        self.screened: Screened | None = None
        self.kept: list[Picture] = []
        self.next_kept = 0

    def run(self, progress: Progress | None) -> None:
        """Take all pictures."""
        seen = False
        for one in self.source.pictures():
            self.received += 1
            if isinstance(one, Unreadable):
                self.unreadable.append(one.index)
            else:
                if not seen and self.mask is not None:
                    name = Path(self.mask_name).name
                    self.findings += mask_findings(self.mask, one.luma.shape, name)
                seen = True
                standing = self.screening.see(one)
                if standing is Standing.QUIET and one.index >= self.next_kept:
                    self._keep(one)
            if progress is not None and self.received % _EVERY == 0:
                total = max(self.source.expected or 0, self.received + 1)
                progress(self.received, total, f"{one.time_s:.0f} s")
        if progress is not None:
            progress(self.received, self.received, "")
        self.screened = self.screening.finish() if seen else None

    def _keep(self, picture: Picture) -> None:
        """Keep a quiet picture, to measure what would be seen in it; ever more rarely."""
        grey = replace(picture, luma=picture.luma.copy(), chroma=None, digest=None)
        self.kept = [*self.kept, grey][-KEPT:]
        self.next_kept = picture.index + 1 + picture.index // 16

    def _schedule(self) -> Schedule | None:
        interval_s = self.source.interval_s
        times = self.source.times
        if self.source.video and self.source.estimated:
            interval_s = usual_interval(times)[0] or interval_s
        if not interval_s:
            return None
        frames = self.source.video and self.source.estimated and interval_s < TIME_LAPSE_S
        if frames or interval_s < 1:
            return video_schedule(interval_s)
        return pti_schedule(interval_s)

    def result(self, told: Declared | None) -> ReviewResult:
        """Put together what was found."""
        times = self.source.times
        schedule = self._schedule()
        events, notes, scenes, seen = self._dated()
        health = sorted(
            [*seen, *self._unreadable_conditions(), *self.source.time_jumps],
            key=lambda one: (one.from_s, one.to_s, one.code.value),
        )
        standing = np.zeros(self.received, np.uint8)
        if self.screened is not None:
            told_of = self.screened.standing[: self.received]
            standing[: len(told_of)] = told_of
        why = reasons(self.received, standing, [h for h in health if h.last >= h.first], notes)
        span = max(times) - min(times) if self.received else 0.0
        end = max([span, *(one.to_s for one in self.source.lost)])
        both = None
        if schedule is not None and self.received:
            period = (0.0, end + schedule.interval_s)
            both = coverages(times, [reason is None for reason in why], schedule, period)
        shown = presented_images(self.received, events)
        if told is not None and told.instants and self.source.local_clock:
            self.findings.append(
                Finding(
                    "DECLARED-LOCAL-CLOCK",
                    Severity.WARNING,
                    "operations are declared by instants, and the camera's times have no offset "
                    "from UTC: they are compared as if the camera kept UTC",
                    "Give the time of the first image with its offset: --start; until then what "
                    "was not seen may only stand at another hour.",
                )
            )
        matching = self._matching(told, events, both, schedule, end) if told else None
        return ReviewResult(
            self.received,
            round(span, 6),
            schedule,
            self.source.estimated,
            _gaps(both),
            tuple(health),
            events,
            () if told is None or matching is None else _declared(told, matching),
            int(shown.sum()),
            both,
            tally(why, shown, scenes, both.recorded if both else None, self.source.duplicates),
            notes,
            scenes,
            (*self.source.findings, *self.findings, *(told.findings if told else ())),
            self.source.origin_s,
            self.screening.limit(self.kept),
        )

    def _dated(
        self,
    ) -> tuple[
        tuple[Event, ...], tuple[Note, ...], tuple[SettledScene, ...], tuple[Condition, ...]
    ]:
        """Return what screening found with the times that the images themselves carry."""
        if self.screened is None:
            return (), (), (), ()
        told, times = self.screened, self.source.times
        if not self.source.video or not self.source.time_jumps:
            return told.events, told.notes, told.scenes, told.conditions
        return (
            tuple(_with_times(one, times) for one in told.events),
            tuple(_with_times(one, times) for one in told.notes),
            tuple(_with_times(one, times) for one in told.scenes),
            tuple(_with_times(one, times) for one in told.conditions),
        )

    def _unreadable_conditions(self) -> list[Condition]:
        times = self.source.times
        runs: list[list[int]] = []
        for n in self.unreadable:
            if runs and runs[-1][1] == n - 1:
                runs[-1][1] = n
            else:
                runs.append([n, n])
        found = [
            _with_times(Condition(HealthCode.UNREADABLE, a, b, 0.0, 0.0), times) for a, b in runs
        ]
        for lost in self.source.lost:  # no image shows it: its numbers lie after the last
            at = self.received
            found.append(
                Condition(HealthCode.UNREADABLE, at, at - 1, lost.from_s, lost.to_s, lost.images)
            )
        return found

    def _matching(
        self,
        told: Declared,
        events: tuple[Event, ...],
        both: Coverages | None,
        schedule: Schedule | None,
        end: float,
    ) -> Matching:
        blind = [Blind(-inf, 0.0), Blind(end, inf)]
        if both is None:
            blind.append(Blind(-inf, inf))
        else:
            blind += [Blind(s.from_s, s.to_s) for s in both.valid.spacings if s.excess_s > 0]
        blind += [Blind(jump.from_s, jump.to_s) for jump in self.source.time_jumps]
        blind += [Blind(lost.from_s, lost.to_s) for lost in self.source.lost]
        sensor = Sensor(
            interval_s=schedule.interval_s if schedule else 0.0,
            tolerance_s=schedule.tolerance_s if schedule else 0.0,
            clock_s=CLOCK_UNCERTAINTY_S if told.instants else 0.0,
        )
        seen = [Observation(event.from_s, event.to_s) for event in events]
        return match(told.operations, seen, blind, sensors=[sensor])


def _with_times(one: _Dated, times: array[float]) -> _Dated:
    a, b = times[one.first], times[one.last]
    return replace(one, from_s=min(a, b), to_s=max(a, b))


def _gaps(both: Coverages | None) -> tuple[tuple[float, float], ...]:
    if both is None:
        return ()
    ends = (SpacingKind.GAP, SpacingKind.TAIL, SpacingKind.HEAD)
    return tuple((s.from_s, s.to_s) for s in both.recorded.gaps if s.kind in ends)


def _declared(told: Declared, matching: Matching) -> tuple[DeclaredState, ...]:
    rows = [
        DeclaredState(
            one.operation.name,
            one.state,
            one.observations[0] if one.observations else None,
            one.observations,
        )
        for one in matching.operations
    ]
    rows += [DeclaredState(None, State.SEEN_NOT_DECLARED, n, (n,)) for n in matching.undeclared]
    return tuple(rows)
