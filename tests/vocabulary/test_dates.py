"""Accounting days, periods and instants."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keiryo.dates import (
    DateError,
    Period,
    date_number,
    end_of_month,
    facility_date,
    next_day,
    number_date,
    parse_code10_date,
    parse_date,
    parse_time,
    parse_utc,
    previous_day,
    utc_text,
)

BAD_DAYS = {
    "20250229": "not a leap year",
    "19000229": "not a leap year",
    "20250431": "April 2025 has days 1 to 30, not 31",
    "20251301": "no month 13",
    "20250001": "no month 0",
    "20250100": "days 1 to 31, not 0",
    "00000101": "no year 0",
    "2025021": "is not a date",
    "202502145": "is not a date",
    "": "is not a date",
    "20250214 ": "is not a date",
    "20250214\n": "is not a date",
    "\uff12\uff10\uff12\uff15\uff10\uff12\uff11\uff14": "is not a date",
    "2025/02/14": "is not a date",
    "+2025021": "is not a date",
    "14.02.2025": "is not a date",
}


@given(st.dates(min_value=date(1000, 1, 1)))
def test_numbers_and_texts_mean_days(day: date) -> None:
    number = date_number(day)
    assert number_date(number) == day
    assert parse_date(day.isoformat()) == parse_date(f"{number:08d}") == day
    assert parse_code10_date(f"{number:08d}") == day


@given(st.dates(), st.dates())
def test_numbers_sort_as_days(first: date, second: date) -> None:
    assert (date_number(first) < date_number(second)) == (first < second)


@pytest.mark.parametrize("number", [0, -20250101, 20250229, 99991232, 100000101, 250214])
def test_numbers_that_are_no_day(number: int) -> None:
    with pytest.raises(DateError):
        number_date(number)


@pytest.mark.parametrize("text", BAD_DAYS)
def test_texts_that_are_no_day(text: str) -> None:
    with pytest.raises(DateError, match=BAD_DAYS[text]):
        parse_date(text)
    with pytest.raises(DateError, match=BAD_DAYS[text]):
        parse_code10_date(text)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("250214", date(2025, 2, 14)),
        ("000229", date(2000, 2, 29)),
        ("691231", date(2069, 12, 31)),
        ("700101", date(1970, 1, 1)),
        ("991231", date(1999, 12, 31)),
        ("19991231", date(1999, 12, 31)),
    ],
)
def test_two_digit_years(text: str, day: date) -> None:
    assert parse_code10_date(text) == day


def test_two_digit_years_by_another_pivot() -> None:
    assert parse_code10_date("700101", pivot=80) == date(2070, 1, 1)
    with pytest.raises(DateError, match="not a leap year"):
        parse_code10_date("990229")
    with pytest.raises(DateError):
        parse_date("250214")
    with pytest.raises(DateError):
        parse_code10_date("2025-02-14")


def test_neighbouring_days() -> None:
    assert end_of_month(date(2024, 2, 1)) == date(2024, 2, 29)
    assert end_of_month(date(2025, 12, 31)) == date(2025, 12, 31)
    assert next_day(date(2025, 12, 31)) == date(2026, 1, 1)
    assert previous_day(date(2024, 3, 1)) == date(2024, 2, 29)


def test_period() -> None:
    year = Period(date(2025, 1, 1), date(2025, 12, 31))
    assert year.days == 365
    assert year.contains(year.start)
    assert year.contains(year.end)
    assert not year.contains(date(2026, 1, 1))
    assert year.overlaps(Period(date(2025, 12, 31), date(2026, 1, 1)))
    assert not year.overlaps(Period(date(2026, 1, 1), date(2026, 1, 1)))
    assert len({year, Period(date(2025, 1, 1), date(2025, 12, 31))}) == 1
    with pytest.raises(DateError, match="before it starts"):
        Period(date(2025, 1, 2), date(2025, 1, 1))
    with pytest.raises(AttributeError):
        year.start = date(2024, 1, 1)  # type: ignore[misc]


def test_facility_date() -> None:
    instant = datetime(2025, 12, 31, 16, 0, tzinfo=UTC)
    assert facility_date(instant, "Asia/Tokyo") == date(2026, 1, 1)
    assert facility_date(instant, "Europe/Vienna") == date(2025, 12, 31)
    assert facility_date(datetime(2026, 1, 1, 1, tzinfo=UTC), "America/Toronto").year == 2025


@pytest.mark.parametrize("zone", ["", "Nowhere/Land", "/etc/passwd", "../x", "a\x00b"])
def test_unknown_zone(zone: str) -> None:
    with pytest.raises(DateError, match="time zone"):
        facility_date(datetime(2025, 1, 1, tzinfo=UTC), zone)


def test_instants() -> None:
    instant = datetime(2026, 11, 21, 22, 39, 41, 123456, tzinfo=UTC)
    assert utc_text(instant) == "2026-11-21T22:39:41.123456Z"
    east = timezone(timedelta(hours=9))
    assert utc_text(datetime(2026, 1, 1, tzinfo=east)) == "2025-12-31T15:00:00.000000Z"
    assert parse_utc("2026-11-21T22:39:41Z") == instant.replace(microsecond=0)
    assert parse_utc("2026-11-21T22:39:41.5Z").microsecond == 500_000
    for naive in (utc_text, lambda moment: facility_date(moment, "UTC")):
        with pytest.raises(DateError, match="needs a time zone"):
            naive(datetime(2026, 1, 1))


@pytest.mark.parametrize(
    ("text", "zone", "instant"),
    [
        ("2027-05-31T09:00+09:00", None, "2027-05-31T00:00:00.000000Z"),
        ("2027-05-31 09:00:01.5", "Asia/Tokyo", "2027-05-31T00:00:01.500000Z"),
        ("2027-05-31T09:00Z", "Asia/Tokyo", "2027-05-31T09:00:00.000000Z"),
        ("2027-05-31 09:00", None, None),
        ("2027-05-31 09:00", "Nowhere/Land", None),
        ("2027-05-31", "Asia/Tokyo", None),
        ("2027-03-28 02:30", "Europe/Vienna", None),
        ("2027-10-31 02:30", "Europe/Vienna", None),
        ("2027-10-31 03:00", "Europe/Vienna", "2027-10-31T02:00:00.000000Z"),
        ("2027-02-29T09:00Z", None, None),
        ("0001-01-01T00:00+01:00", None, None),
        ("٢٠٢٧-05-31T09:00Z", None, None),
    ],
)
def test_times_that_mean_one_instant(text: str, zone: str | None, instant: str | None) -> None:
    found = parse_time(text, zone)
    assert (None if found is None else utc_text(found)) == instant


@given(st.datetimes(timezones=st.just(UTC)))
def test_instants_read_back_and_sort(instant: datetime) -> None:
    text = utc_text(instant)
    assert len(text) == 27
    assert parse_utc(text) == instant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-21",
        "2026-11-21T22:39:41",
        "2026-11-21T22:39:41+00:00",
        "2026-11-21 22:39:41Z",
        "2026-11-21T24:00:00Z",
        "2026-11-21T22:60:00Z",
        "2025-02-29T00:00:00Z",
        "2026-11-21T22:39:41.1234567Z",
    ],
)
def test_texts_that_are_no_instant(text: str) -> None:
    with pytest.raises(DateError):
        parse_utc(text)
