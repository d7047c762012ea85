"""Gaps, missing images and coverage: the numbers of the specification, section 3.4."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keiryo.screening.schedule import (
    Schedule,
    SpacingKind,
    coverage,
    coverages,
    falls,
    gaps,
    missing,
    missing_at_end,
    nominal,
    pti_schedule,
    usual_interval,
    video_schedule,
)

SCHEDULE = Schedule(600, 30)
TIMES = [0, 600, 1200, 3000, 3610, 3600]
PERIOD = (0, 4200)


def test_the_example() -> None:
    assert falls(TIMES) == [(3610, 3600)]
    told = coverage(TIMES, SCHEDULE, PERIOD)
    assert [(s.kind, s.from_s, s.to_s, s.missing, s.excess_s) for s in told.spacings] == [
        (SpacingKind.GAP, 1200, 3000, 2, 1170),
        (SpacingKind.EXTRA, 3600, 3610, 0, 0),
    ]
    assert (told.nominal, told.present, told.extra, told.missing) == (7, 6, 1, 2)
    assert told.nominal == told.present - told.extra + told.missing
    assert told.share == pytest.approx(0.7214285714285714, abs=1e-15)


def test_one_dark_image_takes_valid_coverage() -> None:
    both = coverages(TIMES, [t != 1200 for t in TIMES], SCHEDULE, PERIOD)
    assert both.recorded.share == pytest.approx(0.7214285714285714, abs=1e-15)
    assert both.valid.share == pytest.approx(0.5785714285714286, abs=1e-15)
    assert [(s.from_s, s.to_s, s.excess_s) for s in both.valid.gaps] == [(600, 3000, 1770)]


@pytest.mark.parametrize(
    ("dt", "kind", "lost"),
    [
        (600, None, 0),
        (570, None, 0),
        (569, SpacingKind.EXTRA, 0),
        (630, None, 0),
        (631, SpacingKind.LATE, 0),
        (899, SpacingKind.LATE, 0),
        (900, SpacingKind.GAP, 1),
        (1500, SpacingKind.GAP, 2),
    ],
)
def test_spacings(dt: float, kind: SpacingKind | None, lost: int) -> None:
    told = coverage([0, dt], SCHEDULE, (0, dt + 600))
    assert [(s.kind, s.missing) for s in told.spacings] == ([] if kind is None else [(kind, lost)])
    assert missing(dt, 600) == lost


def test_half_up_and_not_to_even() -> None:
    assert missing(2.5 * 600, 600) == 2
    assert round(2.5) - 1 == 1  # what Python's own rounding would give


def test_head_and_tail() -> None:
    told = coverage([640, 1240], SCHEDULE, (0, 1840))
    assert [(s.kind, s.missing, s.excess_s) for s in told.spacings] == [(SpacingKind.HEAD, 1, 10)]
    assert missing_at_end(640, SCHEDULE) == 1
    told = coverage([0], SCHEDULE, (0, 1800))
    assert [(s.kind, s.missing, s.excess_s) for s in told.spacings] == [(SpacingKind.TAIL, 2, 1170)]


def test_no_image_is_no_coverage() -> None:
    told = coverage([], SCHEDULE, PERIOD)
    assert (told.share, told.nominal, told.missing, told.present) == (0.0, 7, 7, 0)
    assert [(s.from_s, s.to_s) for s in told.gaps] == [(0, 4200)]


def test_the_period_is_half_open() -> None:
    assert coverage([0, 600, 1200], SCHEDULE, (0, 1200)).present == 2
    assert nominal(0, 4200, 600) == 7
    assert nominal(0, 900, 600) == 2


def test_an_empty_period() -> None:
    told = coverage([], SCHEDULE, (0, 0))
    assert (told.share, told.nominal, told.spacings) == (0.0, 0, ())


def test_tolerances() -> None:
    assert pti_schedule(600).tolerance_s == 30
    assert video_schedule(0.04).allowed_s == pytest.approx(1)
    assert video_schedule(0.5).allowed_s == pytest.approx(1.5)
    with pytest.raises(ValueError, match="positive"):
        Schedule(0, 1)


def test_gaps_of_a_video() -> None:
    times = [n / 25 for n in range(50)] + [10 + n / 25 for n in range(50)]
    found = gaps(times, video_schedule(0.04), (0, 12))
    assert [(s.from_s, s.to_s) for s in found] == [(49 / 25, 10)]


def test_usual_interval() -> None:
    assert usual_interval([0, 600, 1200, 3000, 3600]) == (600, True)
    assert usual_interval([5]) == (None, False)
    assert usual_interval([0, 1, 3, 7, 20, 21.5]) == (2, False)


@given(st.lists(st.integers(0, 6999), max_size=40), st.integers(1, 900), st.integers(0, 90))
def test_healthy_images_never_cover_more(times: list[int], interval: int, tolerance: int) -> None:
    schedule = Schedule(interval, tolerance)
    both = coverages(times, [t % 3 != 0 for t in times], schedule, (0, 7000))
    assert -1e-9 <= both.valid.share <= both.recorded.share + 1e-9 <= 1 + 2e-9
    assert all(s.excess_s >= 0 for s in both.recorded.spacings)
