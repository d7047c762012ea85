"""Instants as people write them: day, time and offset from UTC, never a local time alone.

Seals, cameras and inspectors are in different zones and their clocks are changed twice a year; an
instant without its offset could be any of several. Days are days of an area, in the area's zone.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from keiryo.dates import DateError, parse_date, utc_text
from keiryo.errors import UsageError

_INSTANT = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}([.,]\d{1,6})?)?(?P<offset>Z|[+-]\d{2}:?\d{2})?"
)
_ADVICE = "Write day, time and offset as in 2026-07-24T09:00+09:00, or Z for UTC."


def instant(text: str) -> datetime:
    """Return an instant, as somebody writes it with its offset from UTC.

    Parameters
    ----------
    text : str
        ``2026-07-24T09:00+09:00`` or ``2026-07-24T00:00:00Z``; seconds and up to six decimals
        may follow the minute.

    Returns
    -------
    datetime.datetime
        In UTC.

    Raises
    ------
    UsageError
        If it is no instant, is a day alone, or does not say its offset.

    Examples
    --------
    >>> instant("2026-07-24T09:00+09:00").isoformat()
    '2026-07-24T00:00:00+00:00'
    """
    told = text.strip()
    match = _INSTANT.fullmatch(told)
    if match is not None and match["offset"] is None:
        raise UsageError(f"{told[:40]!r} does not say its offset from UTC", _ADVICE)
    try:
        if match is None:
            raise ValueError
        found = datetime.fromisoformat(told.replace(",", ".")).astimezone(UTC)
        utc_text(found)
    except (ValueError, OverflowError):
        raise UsageError(f"{told[:40]!r} is no moment with its offset from UTC", _ADVICE) from None
    return found


def instant_utc(text: str) -> str:
    """Return an instant, as somebody writes it, in UTC as the record holds it.

    Raises
    ------
    UsageError
        As `instant`.

    Examples
    --------
    >>> instant_utc("2026-07-24T09:00+09:00")
    '2026-07-24T00:00:00.000000Z'
    """
    return utc_text(instant(text))


def day_begins(day: date, zone: str) -> datetime:
    """Return the instant at which a day begins in a zone, in UTC.

    Parameters
    ----------
    day : datetime.date
    zone : str
        IANA name of the zone, e.g. ``"Asia/Tokyo"``.

    Raises
    ------
    UsageError
        If the zone is not known.
    """
    try:
        there = ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise UsageError(
            f"{zone[:40]!r} is not a known time zone", "Use a name such as 'Europe/Vienna'."
        ) from None
    return datetime.combine(day, time(), there).astimezone(UTC)


def instant_or_day_end(text: str, zone: str) -> datetime:
    """Return an instant; of a day alone, its end (24:00) in a zone.

    Parameters
    ----------
    text : str
        As `instant` takes it, or ``2026-07-24``.
    zone : str
        The zone of the area that it is asked about.

    Raises
    ------
    UsageError
        If it is neither.
    """
    day = _day(text)
    if day is None:
        return instant(text)
    return day_begins(day + timedelta(days=1), zone)


def instant_or_day_begin(text: str, zone: str) -> datetime:
    """Return an instant; of a day alone, its beginning (00:00) in a zone.

    Raises
    ------
    UsageError
        If it is neither.
    """
    day = _day(text)
    return instant(text) if day is None else day_begins(day, zone)


def shown(moment: datetime) -> str:
    """Return an instant for people: UTC with Z, seconds, and decimals only where there are any."""
    told = utc_text(moment)
    return told.replace(".000000Z", "Z")


def _day(text: str) -> date | None:
    try:
        return parse_date(text.strip())
    except DateError:
        return None
