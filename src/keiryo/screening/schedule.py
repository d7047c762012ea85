"""Time-gap analysis: which images of a schedule are missing, and how much of a period is covered.

Times are seconds. For consecutive images dt apart, with the schedule's interval T and tolerance
e: missing = max(0, floor(dt/T + 0.5) - 1), half up; the spacing is a gap if dt > T + e and at
least one image is missing, late if dt > T + e and none is, extra if dt < T - e. From the
beginning of the period to the first image, and from the last to its end, the same T + e is
allowed, and missing = max(0, floor((d - e)/T)). The period is half-open.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import floor
from statistics import median

TOLERANCE_SHARE = 0.05
VIDEO_FRAMES, VIDEO_S = 3.0, 1.0
_REGULAR_SHARE = 0.6


class SpacingKind(StrEnum):
    """What a spacing between two images is."""

    GAP = "GAP"
    LATE = "LATE"
    EXTRA = "EXTRA"
    HEAD = "HEAD"
    TAIL = "TAIL"


@dataclass(frozen=True, slots=True)
class Schedule:
    """When images are due.

    Attributes
    ----------
    interval_s : float
        Picture-taking interval T.
    tolerance_s : float
        By how much a spacing may exceed it, e.
    """

    interval_s: float
    tolerance_s: float

    def __post_init__(self) -> None:
        if not (self.interval_s > 0 and self.tolerance_s >= 0):
            raise ValueError("an interval is positive and a tolerance not negative")

    @property
    def allowed_s(self) -> float:
        """Longest spacing that is no loss, T + e."""
        return self.interval_s + self.tolerance_s


@dataclass(frozen=True, slots=True)
class Spacing:
    """A spacing that is not as the schedule has it.

    Attributes
    ----------
    kind : SpacingKind
    from_s, to_s : float
    missing : int
        Images of the schedule that are not there.
    excess_s : float
        By how much it exceeds T + e.
    """

    kind: SpacingKind
    from_s: float
    to_s: float
    missing: int
    excess_s: float


@dataclass(frozen=True, slots=True)
class Coverage:
    """How a period is covered by images.

    Attributes
    ----------
    share : float
        1 - (sum of excesses)/(length of the period); 0 if there is no image.
    nominal : int
        Images that the schedule asks for.
    present, extra, missing : int
    spacings : tuple of Spacing
        Those that are not as the schedule has them, in time order.
    """

    share: float
    nominal: int
    present: int
    extra: int
    missing: int
    spacings: tuple[Spacing, ...]

    @property
    def gaps(self) -> tuple[Spacing, ...]:
        """The spacings in which images are missing, at the ends of the period too."""
        return tuple(one for one in self.spacings if one.missing)


@dataclass(frozen=True, slots=True)
class Coverages:
    """Coverage by all images, and by those with a healthy view.

    Attributes
    ----------
    recorded, valid : Coverage
        Only the second may support a conclusion.
    """

    recorded: Coverage
    valid: Coverage


def pti_schedule(interval_s: float) -> Schedule:
    """Return the schedule of pictures taken at intervals: tolerance 5 % of the interval."""
    return Schedule(interval_s, TOLERANCE_SHARE * interval_s)


def video_schedule(frame_s: float) -> Schedule:
    """Return the schedule of a video: a spacing above three frame times and 1 s is a gap."""
    return Schedule(frame_s, max(VIDEO_FRAMES * frame_s, VIDEO_S) - frame_s)


def missing(dt_s: float, interval_s: float) -> int:
    """Return how many images are missing between two that are `dt_s` apart.

    Examples
    --------
    >>> [missing(dt, 600) for dt in (630, 899, 900, 1500)]
    [0, 0, 1, 2]
    """
    return max(0, floor(dt_s / interval_s + 0.5) - 1)


def missing_at_end(d_s: float, schedule: Schedule) -> int:
    """Return how many images are missing between an end of the period and the image next to it."""
    return max(0, floor((d_s - schedule.tolerance_s) / schedule.interval_s))


def nominal(begin_s: float, end_s: float, interval_s: float) -> int:
    """Return how many images the schedule asks for in [begin, end)."""
    return floor((end_s - begin_s) / interval_s + 0.5)


def falls(times: Sequence[float]) -> list[tuple[float, float]]:
    """Return where time falls from one image to the next, in the order of their numbers."""
    return [(a, b) for a, b in itertools.pairwise(times) if b < a]


def coverage(times: Iterable[float], schedule: Schedule, period: tuple[float, float]) -> Coverage:
    """Return how a period is covered by scheduled images.

    Parameters
    ----------
    times : iterable of float
        Times of the scheduled images in seconds, in any order; those outside the period are left
        out.
    schedule : Schedule
    period : (float, float)
        Half-open.
    """
    begin, end = period
    kept = sorted(t for t in times if begin <= t < end)
    asked = nominal(begin, end, schedule.interval_s)
    if not kept or end <= begin:
        whole = (Spacing(SpacingKind.GAP, begin, end, asked, max(0.0, end - begin)),)
        return Coverage(0.0, asked, 0, 0, asked, whole if end > begin else ())
    odd = []
    head = _at_end(SpacingKind.HEAD, begin, kept[0], schedule)
    odd += [head] if head else []
    for a, b in itertools.pairwise(kept):
        dt = b - a
        if dt > schedule.allowed_s:
            lost = missing(dt, schedule.interval_s)
            kind = SpacingKind.GAP if lost else SpacingKind.LATE
            odd.append(Spacing(kind, a, b, lost, dt - schedule.allowed_s))
        elif dt < schedule.interval_s - schedule.tolerance_s:
            odd.append(Spacing(SpacingKind.EXTRA, a, b, 0, 0.0))
    tail = _at_end(SpacingKind.TAIL, kept[-1], end, schedule)
    odd += [tail] if tail else []
    share = 1 - sum(one.excess_s for one in odd) / (end - begin)
    extra = sum(one.kind is SpacingKind.EXTRA for one in odd)
    absent = sum(one.missing for one in odd)
    return Coverage(share, asked, len(kept), extra, absent, tuple(odd))


def _at_end(kind: SpacingKind, a: float, b: float, schedule: Schedule) -> Spacing | None:
    if b - a <= schedule.allowed_s:
        return None
    lost = missing_at_end(b - a, schedule)
    return Spacing(kind, a, b, lost, b - a - schedule.allowed_s)


def coverages(
    times: Sequence[float],
    healthy: Sequence[bool],
    schedule: Schedule,
    period: tuple[float, float],
) -> Coverages:
    """Return recorded coverage, by all images, and valid coverage, by those with a healthy view."""
    valid = [t for t, good in zip(times, healthy, strict=True) if good]
    return Coverages(coverage(times, schedule, period), coverage(valid, schedule, period))


def gaps(
    times: Iterable[float], schedule: Schedule, period: tuple[float, float]
) -> tuple[Spacing, ...]:
    """Return the spacings in which images of the schedule are missing; as `coverage`."""
    return coverage(times, schedule, period).gaps


def usual_interval(times: Iterable[float]) -> tuple[float | None, bool]:
    """Return the median spacing of images, and whether it is regular enough to be a schedule.

    Regular: at least 60 % of the spacings are within 5 % of the median. Images with one time
    count once.
    """
    kept = sorted(set(times))
    steps = [b - a for a, b in itertools.pairwise(kept)]
    if not steps:
        return None, False
    middle = median(steps)
    near = sum(abs(step - middle) <= max(TOLERANCE_SHARE * middle, 1e-6) for step in steps)
    return middle, near >= _REGULAR_SHARE * len(steps)
