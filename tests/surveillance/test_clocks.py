"""Clocks of cameras: offsets, drift between readings, how far it may be off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keiryo.errors import NotFoundError, RefusedError
from keiryo.surveillance.clocks import (
    ClockCorrection,
    ClockReading,
    correction,
    readings,
    record_reading,
)
from surveillance.camera_books import START, Site, codes, fill, make_site

ZERO = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def site(sqlite_url: str, tmp_path: Path) -> Site:
    return make_site(sqlite_url, tmp_path)


def after(seconds: float) -> datetime:
    return ZERO + timedelta(seconds=seconds)


def read(site: Site, at: datetime, offset_ms: int, camera: str = "CAM-01") -> int:
    return record_reading(*site.given, camera, at, offset_ms, clock=site.clock).act.act_id


def test_drift_is_that_of_the_seal_formula() -> None:
    """Offset 0 s at 0, +90 s at 7 776 000 s of the device: 2 592 000 s is at 2 592 030 s."""
    clock = ClockCorrection([ClockReading(ZERO, 0), ClockReading(after(7_776_090), 90_000)])
    assert clock.true_time(after(2_592_000)) == after(2_592_030)
    assert clock.true_time(after(7_776_000)) == after(7_776_090)
    assert clock.true_time(after(-10)) == after(-10)
    assert clock.true_time(after(8_000_000)) == after(8_000_090)
    assert clock.uncertainty_ms(ZERO) == 0
    assert clock.uncertainty_ms(after(2_592_000)) == 60_000
    assert clock.uncertainty_ms(after(7_776_000 + 86_400)) == 1_000


def test_without_readings_nothing_is_corrected_and_nothing_certain() -> None:
    assert ClockCorrection().true_time(ZERO) == ZERO
    assert ClockCorrection().uncertainty_ms(ZERO) is None
    one = ClockCorrection([ClockReading(ZERO, 5_000)])
    assert one.true_time(after(100)) == after(105)
    assert one.uncertainty_ms(after(100)) is None and one.readings == 1


@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(-5_000, 5_000)), max_size=5),
    st.integers(-(10**5), 10**6),
)
def test_between_readings_the_offset_lies_between_theirs(
    told: list[tuple[int, int]], at: int
) -> None:
    clock = ClockCorrection([ClockReading(after(s), o) for s, o in told])
    moved = (clock.true_time(after(at)) - after(at)) / timedelta(milliseconds=1)
    offsets = [o for _, o in told] or [0]
    assert min(offsets) - 1 <= moved <= max(offsets) + 1


def test_readings_are_recorded_and_corrected(site: Site) -> None:
    read(site, START, 1_000)
    first = read(site, START + timedelta(days=10), 11_000)
    read(site, START + timedelta(days=10), 12_000)
    database = site.books.database
    with database.reading() as connection:
        metadata = database.metadata
        assert [one.offset_ms for one in readings(connection, metadata, "CAM-01")] == [
            1_000,
            12_000,
        ]
        then = readings(connection, metadata, "CAM-01", through_act=first)
        assert [one.offset_ms for one in then] == [1_000, 11_000]
        early = correction(connection, metadata, "CAM-01", known_at=START)
    assert early.readings == 1


def test_readings_that_cannot_be(site: Site) -> None:
    with pytest.raises(RefusedError) as error:
        read(site, START, 10**14)
    assert codes(error.value) == ["CLOCK-OFFSET"]
    with pytest.raises(NotFoundError):
        read(site, START, 0, "CAM-09")


def test_a_clock_that_went_backwards_is_told(site: Site) -> None:
    read(site, START, 0)
    read(site, START + timedelta(hours=1), 2 * 3_600_000)
    assert [row["code"] for row in site.rows("finding")] == ["CLOCK-BACKWARD"]


def test_a_later_reading_tells_of_images_that_stand(site: Site) -> None:
    site.ingest(Path(fill(site.folder / "in", 3)[0]).parent)
    read(site, START, 400)
    read(site, START + timedelta(days=1), 90_000)
    told = site.rows("finding")
    assert [row["code"] for row in told] == ["VIEW-NONE", "CLOCK-IMAGES-STAND"]
    assert "2 images" in told[1]["message"] or "1 images" in told[1]["message"]
