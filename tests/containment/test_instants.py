"""Instants as people write them: never a local time alone."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from keiryo.containment.instants import (
    day_begins,
    instant,
    instant_or_day_begin,
    instant_or_day_end,
    instant_utc,
    shown,
)
from keiryo.errors import UsageError


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2026-07-24T09:00+09:00", "2026-07-24T00:00:00.000000Z"),
        ("2026-07-24T00:00:00Z", "2026-07-24T00:00:00.000000Z"),
        (" 2026-07-24 09:00:01.5+0900 ", "2026-07-24T00:00:01.500000Z"),
        ("2026-07-24T00:00:00,123456Z", "2026-07-24T00:00:00.123456Z"),
        ("2026-10-25T02:30+02:00", "2026-10-25T00:30:00.000000Z"),
        ("2026-10-25T02:30+01:00", "2026-10-25T01:30:00.000000Z"),
    ],
)
def test_instants(text: str, told: str) -> None:
    assert instant_utc(text) == told
    assert instant(text).tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        *("", "now", "2026-07-24", "20260724", "2026-07-24T09:00", "2026-07-24T09:00:00"),
        *("2026-02-30T09:00Z", "2026-07-24T25:00Z", "2026-07-24T09:00+25:00", "09:00Z"),
        *("0001-01-01T00:00+05:00", "9999-12-31T23:59-05:00", "2026-07-24T09:00 Europe/Vienna"),
    ],
)
def test_what_is_no_instant(text: str) -> None:
    with pytest.raises(UsageError) as error:
        instant(text)
    assert "Z for UTC" in error.value.advice


def test_days_are_days_of_the_area() -> None:
    assert instant_or_day_end("2026-07-24", "Asia/Tokyo") == datetime(2026, 7, 24, 15, tzinfo=UTC)
    begin = datetime(2026, 7, 23, 15, tzinfo=UTC)
    assert instant_or_day_begin("2026-07-24", "Asia/Tokyo") == begin
    assert instant_or_day_end("2026-07-24T09:00Z", "Asia/Tokyo").hour == 9
    lengths = [
        day_begins(date(2026, 3, 29), "Europe/Vienna"),
        day_begins(date(2026, 3, 30), "Europe/Vienna"),
    ]
    assert (lengths[1] - lengths[0]).total_seconds() == 23 * 3600
    with pytest.raises(UsageError):
        day_begins(date(2026, 3, 29), "Mars/Base")


def test_instants_for_people() -> None:
    assert shown(instant("2026-07-24T09:00+09:00")) == "2026-07-24T00:00:00Z"
    assert shown(instant("2026-07-24T00:00:00.25Z")) == "2026-07-24T00:00:00.250000Z"
