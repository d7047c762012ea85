"""Dates of accounting: days at a facility, periods, and instants in UTC.

An accounting date is a calendar day at the facility (`datetime.date`); a physical inventory is
taken as of 24:00 of its day. Tables keep days as integers YYYYMMDD, which sort as days do.
The instants at which acts are recorded are UTC with microseconds.

Source: IAEA SG-FM-1172, Model Subsidiary Arrangement Code 10, labels 003, 015 and 412 (dates
YYYYMMDD or YYMMDD). The model does not say which century two digits mean; see
`parse_code10_date` for our choice.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta, timezone
from typing import NamedTuple
from zoneinfo import ZoneInfo

_EIGHT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_SIX = re.compile(r"([0-9]{2})([0-9]{2})([0-9]{2})")
_UTC = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,6}))?Z"
)
_TIME = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?", re.ASCII
)

_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


class DateError(ValueError):
    """A text or number that is not a day; the message says why in plain words."""


def date_number(day: date) -> int:
    """Return a day as the integer YYYYMMDD."""
    return day.year * 10_000 + day.month * 100 + day.day


def number_date(number: int) -> date:
    """Return the day that an integer YYYYMMDD means.

    Raises
    ------
    DateError
        If there is no such day, or the number has not eight digits.
    """
    if not 1000_01_01 <= number <= 9999_12_31:
        raise DateError(f"{number} is not a day written YYYYMMDD")
    return _day(number // 10_000, number // 100 % 100, number % 100, str(number))


def parse_date(text: str) -> date:
    """Return the day written YYYYMMDD or YYYY-MM-DD.

    Raises
    ------
    DateError
        If the text has another form or there is no such day.
    """
    match = _EIGHT.fullmatch(text) or _ISO.fullmatch(text)
    if match is None:
        raise DateError(f"{_shown(text)} is not a date: write YYYY-MM-DD or YYYYMMDD")
    year, month, day = (int(part) for part in match.groups())
    return _day(year, month, day, text)


def parse_code10_date(text: str, *, pivot: int = 70) -> date:
    """Return the day of a Code 10 report, written YYYYMMDD or YYMMDD.

    Parameters
    ----------
    text : str
    pivot : int
        Two-digit years below the pivot are 20YY, the others 19YY. With the default, 00 to 69
        mean 2000 to 2069 and 70 to 99 mean 1970 to 1999: the first safeguards agreements that
        ask for such reports are of the early seventies.

    Raises
    ------
    DateError
        If the text has another form or there is no such day.

    Examples
    --------
    >>> parse_code10_date("991231"), parse_code10_date("20250214")
    (datetime.date(1999, 12, 31), datetime.date(2025, 2, 14))
    """
    match = _EIGHT.fullmatch(text) or _SIX.fullmatch(text)
    if match is None:
        raise DateError(f"{_shown(text)} is not a date: write YYYYMMDD (or YYMMDD), digits only")
    year, month, day = (int(part) for part in match.groups())
    if len(text) == 6:
        year += 2000 if year < pivot else 1900
    return _day(year, month, day, text)


def end_of_month(day: date) -> date:
    """Return the last day of the month of `day`."""
    return day.replace(day=monthrange(day.year, day.month)[1])


def next_day(day: date) -> date:
    """Return the day after `day`."""
    return day + timedelta(days=1)


def days_later(day: date, days: int) -> date:
    """Return the day some days later, or earlier; never beyond the calendar.

    Examples
    --------
    >>> days_later(date(2025, 2, 28), 30)
    datetime.date(2025, 3, 30)
    """
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.max if days > 0 else date.min


def previous_day(day: date) -> date:
    """Return the day before `day`."""
    return day - timedelta(days=1)


class _Days(NamedTuple):
    start: date
    end: date


class Period(_Days):
    """A run of days from `start` to `end`, both included.

    Raises
    ------
    DateError
        If the end lies before the start.
    """

    __slots__ = ()

    def __new__(cls, start: date, end: date) -> Period:
        """Check the order of the two days."""
        if end < start:
            raise DateError(f"a period cannot end ({end}) before it starts ({start})")
        return super().__new__(cls, start, end)

    def contains(self, day: date) -> bool:
        """Return whether `day` lies in the period."""
        return self.start <= day <= self.end

    def overlaps(self, other: Period) -> bool:
        """Return whether the two periods share a day."""
        return self.start <= other.end and other.start <= self.end

    @property
    def days(self) -> int:
        """Number of days, both ends counted."""
        return (self.end - self.start).days + 1


def facility_date(instant: datetime, zone: str) -> date:
    """Return the calendar day at a facility at an instant.

    Parameters
    ----------
    instant : datetime
        With a time zone.
    zone : str
        IANA name of the zone that the facility lies in, e.g. ``"Asia/Tokyo"``.

    Raises
    ------
    DateError
        If the instant has no zone, or the zone is not known.
    """
    _aware(instant)
    try:
        there = ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        raise DateError(
            f"{_shown(zone)} is not a known time zone: use a name such as 'Europe/Vienna'"
        ) from error
    return instant.astimezone(there).date()


def utc_text(instant: datetime) -> str:
    """Return an instant as UTC text with six decimals, e.g. ``2026-11-21T22:39:41.123456Z``.

    Raises
    ------
    DateError
        If the instant has no zone.
    """
    _aware(instant)
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def parse_utc(text: str) -> datetime:
    """Return the instant that UTC text means; it must end in ``Z``.

    Raises
    ------
    DateError
        If the text has another form or there is no such instant.
    """
    match = _UTC.fullmatch(text)
    if match is None:
        raise DateError(
            f"{_shown(text)} is not an instant in UTC: write it as 2026-11-21T22:39:41.123456Z"
        )
    *numbers, part = match.groups()
    year, month, day, hour, minute, second = (int(number) for number in numbers)
    _day(year, month, day, text)
    try:
        return datetime(
            year, month, day, hour, minute, second, int((part or "").ljust(6, "0")), tzinfo=UTC
        )
    except ValueError as error:
        raise DateError(f"{_shown(text)} has no such time of day") from error


def parse_time(text: str, zone: str | None = None) -> datetime | None:
    """Return the one instant that a time means, with its offset; None where it means none.

    Parameters
    ----------
    text : str
        ISO 8601 with offset or ``Z``; without, as the clock of `zone` shows it.
    zone : str, optional
        IANA name of a time zone. A local time that does not occur in it, or occurs twice, means
        no one instant.

    Examples
    --------
    >>> parse_time("2027-05-31 09:00", "Asia/Tokyo").isoformat()
    '2027-05-31T09:00:00+09:00'
    >>> parse_time("2027-03-28 02:30", "Europe/Vienna") is None
    True
    """
    if not _TIME.fullmatch(text):
        return None
    try:
        found = datetime.fromisoformat(text)
        if found.utcoffset() is None:
            if not zone:
                return None
            first, second = (found.replace(tzinfo=ZoneInfo(zone), fold=fold) for fold in (0, 1))
            offset = first.utcoffset()
            if offset is None or offset != second.utcoffset():
                return None
            found = found.replace(tzinfo=timezone(offset))
        found.astimezone(UTC)  # within the calendar there, too
    except (KeyError, ValueError, OverflowError, OSError):
        return None
    return found


def _aware(instant: datetime) -> None:
    if instant.utcoffset() is None:
        raise DateError("an instant needs a time zone; this one has none")


def _day(year: int, month: int, day: int, text: str) -> date:
    if year < 1:
        raise DateError(f"{_shown(text)}: there is no year 0")
    if not 1 <= month <= 12:
        raise DateError(f"{_shown(text)}: there is no month {month}")
    last = monthrange(year, month)[1]
    if not 1 <= day <= last:
        raise DateError(
            f"{_shown(text)}: {_MONTHS[month - 1]} {year} has days 1 to {last}, not {day}"
            + (" (not a leap year)" if (month, day) == (2, 29) else "")
        )
    return date(year, month, day)


def _shown(text: str) -> str:
    """Return `text` quoted and short enough for a message."""
    return repr(text if len(text) <= 40 else f"{text[:37]}...")
