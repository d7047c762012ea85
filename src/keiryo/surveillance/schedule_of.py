"""How the recorded images of a camera fit its schedule: what is missing, where there are gaps.

Scheduled images are held against the interval at which the camera takes pictures; those that
something triggered are left out of the count, and help to cover the time. Recorded coverage
counts every authentic image, valid coverage only those with a healthy view: only the second may
support a conclusion. No image at all is no coverage.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keiryo.screening.schedule import (
    Coverage,
    Schedule,
    Spacing,
    SpacingKind,
    coverage,
    pti_schedule,
    usual_interval,
    video_schedule,
)
from keiryo.surveillance.images_of import Images, instant_of, micros

SECOND = 1_000_000
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Gap:
    """Time between two images that is longer than the schedule allows.

    Attributes
    ----------
    code : str
        ``gap`` where at least one image is missing, else ``late``.
    begin, end : int
        Microseconds.
    missing : int
    measured_s, threshold_s : float
    """

    code: str
    begin: int
    end: int
    missing: int
    measured_s: float
    threshold_s: float


@dataclass(frozen=True, slots=True)
class ScheduleOf:
    """What the schedule says of the images of a period.

    Attributes
    ----------
    interval_us, tolerance_us : int
    nominal, scheduled, missing, extra, drift : int
        ``scheduled - extra + missing + drift = nominal``.
    recorded_ppm, valid_ppm : int
        Coverage in millionths.
    gaps : tuple of Gap
        Between all authentic images; what something triggered covers time as well.
    """

    interval_us: int
    tolerance_us: int
    nominal: int
    scheduled: int
    missing: int
    extra: int
    recorded_ppm: int
    valid_ppm: int
    gaps: tuple[Gap, ...]

    @property
    def drift(self) -> int:
        """Images that fall away because pictures come a little late, within the tolerance."""
        return self.nominal - (self.scheduled - self.extra + self.missing)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "interval_s": self.interval_us / SECOND,
            "tolerance_s": self.tolerance_us / SECOND,
            **{n: getattr(self, n) for n in ("nominal", "scheduled", "missing", "extra", "drift")},
            "recorded_coverage": self.recorded_ppm / MILLION,
            "valid_coverage": self.valid_ppm / MILLION,
            "gaps": [
                {
                    "code": one.code,
                    "from": instant_of(one.begin),
                    "to": instant_of(one.end),
                    "missing": one.missing,
                    "seconds": one.measured_s,
                }
                for one in self.gaps
            ],
        }


def schedule_of(
    images: Images,
    authentic: NDArray[np.bool_],
    healthy: NDArray[np.bool_],
    begin: str,
    end: str,
    interval_ms: int | None,
    tolerance_ms: int | None,
) -> ScheduleOf:
    """Hold the images of a period against the schedule of their camera.

    Parameters
    ----------
    images : Images
        Those with ``begin <= time < end``.
    authentic, healthy : NDArray of bool
        For every image whether it is signed as it should be, and whether its view counts.
    begin, end : str
        The period, half-open, UTC.
    interval_ms, tolerance_ms : int or None
        Of the camera; None for video, and for a tolerance that is not recorded.
    """
    period = micros(begin), micros(end)
    asked = images.at[authentic & images.scheduled].tolist()
    schedule = _schedule(asked, interval_ms, tolerance_ms)
    every = images.at[authentic].tolist()
    planned = coverage(asked, schedule, period)
    recorded = planned if len(every) == len(asked) else coverage(every, schedule, period)
    valid = coverage(images.at[authentic & healthy].tolist(), schedule, period)
    gaps = [one for one in recorded.spacings if one.kind is not SpacingKind.EXTRA]
    recorded_ppm, valid_ppm = (_ppm(one, period) for one in (recorded, valid))
    return ScheduleOf(
        *(int(schedule.interval_s), int(schedule.tolerance_s), planned.nominal, planned.present),
        *(planned.missing, planned.extra, recorded_ppm, min(valid_ppm, recorded_ppm)),
        tuple(_gap(one, schedule) for one in gaps),
    )


def _schedule(asked: list[int], interval_ms: int | None, tolerance_ms: int | None) -> Schedule:
    """Return the schedule of a camera in microseconds: whole numbers are compared exactly."""
    if interval_ms is not None:
        told = pti_schedule(interval_ms * 1000)
        tolerance = int(told.tolerance_s) if tolerance_ms is None else tolerance_ms * 1000
        return Schedule(interval_ms * 1000, tolerance)
    usual, _regular = usual_interval(asked)
    frame_s = max((usual or SECOND) / SECOND, 0.001)
    told = video_schedule(frame_s)
    tolerance = round(told.tolerance_s * SECOND) if tolerance_ms is None else tolerance_ms * 1000
    return Schedule(round(frame_s * SECOND), tolerance)


def _gap(one: Spacing, schedule: Schedule) -> Gap:
    begin, end = int(one.from_s), int(one.to_s)
    code = "gap" if one.missing else "late"
    return Gap(code, begin, end, one.missing, (end - begin) / SECOND, schedule.allowed_s / SECOND)


def _ppm(found: Coverage, period: tuple[int, int]) -> int:
    """Return coverage in millionths, rounded down."""
    length = period[1] - period[0]
    if not found.present:
        return 0
    beyond = sum(int(one.excess_s) for one in found.spacings)
    return max(0, MILLION * (length - beyond) // length)
