"""Instants of physical protection: whole nanoseconds of UTC, and how files name them.

A local time needs a time zone and must exist once in it. A day begins at its first instant; as
the end of something it is over when the next one begins.
"""

from __future__ import annotations

import datetime
import re
from fractions import Fraction
from zoneinfo import ZoneInfo

from keiryo.protection.inputs import Fields

NS = 1_000_000_000
FIRST_YEAR, LAST_YEAR = 1700, 2250
"""Years whose nanoseconds fit into 64 bits."""
_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?"
    r"([Zz]|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII,
)
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_YEARS = f"The year is not from {FIRST_YEAR} to {LAST_YEAR}."


class UnreadableTimeError(ValueError):
    """A text is no time, or not one time.

    Attributes
    ----------
    code : str
        ``TIME`` or ``TIME_AMBIGUOUS``.
    """

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


def time_ns(text: str, zone: datetime.tzinfo) -> int:
    """Return the instant that a text names, in nanoseconds since 1970 in UTC.

    Parameters
    ----------
    text : str
        ISO 8601, e.g. ``2027-05-31T08:00:00.25+09:00``; without an offset it is local time.
    zone : tzinfo
        Of a local time.

    Raises
    ------
    UnreadableTimeError
        If it is no time, or a local time that does not exist or occurs twice.
    """
    match = _TIME.fullmatch(text)
    if match is None:
        raise UnreadableTimeError("TIME", "Write a time as 2027-05-31T08:00:00Z.")
    year, month, day, hour, minute = (int(part) for part in match.groups()[:5])
    second, part, offset = int(match[6] or 0), (match[7] or "").rstrip("0"), match[8]
    if len(part) > 9:
        raise UnreadableTimeError("TIME", "The time is finer than a nanosecond.")
    midnight = hour == 24 and minute == second == 0 and not part
    try:
        local = datetime.datetime(year, month, day, 0 if midnight else hour, minute, second)
        local += datetime.timedelta(days=int(midnight))
        known = _utc(local, offset, zone)
    except UnreadableTimeError:
        raise
    except (ValueError, OverflowError):
        raise UnreadableTimeError("TIME", "There is no such day or time of day.") from None
    if not FIRST_YEAR <= known.year <= LAST_YEAR:
        raise UnreadableTimeError("TIME", _YEARS)
    whole = (known - _EPOCH) // datetime.timedelta(seconds=1)
    return whole * NS + int(part.ljust(9, "0") or 0)


def _utc(local: datetime.datetime, offset: str | None, zone: datetime.tzinfo) -> datetime.datetime:
    if offset is None:
        early, late = local.replace(tzinfo=zone), local.replace(tzinfo=zone, fold=1)
        if early.utcoffset() != late.utcoffset():
            told = "The local time does not exist or occurs twice; write its offset from UTC."
            raise UnreadableTimeError("TIME_AMBIGUOUS", told)
        return early.astimezone(datetime.UTC)
    if offset in ("Z", "z"):
        return local.replace(tzinfo=datetime.UTC)
    hours, minutes = int(offset[1:3]), int(offset[3:].lstrip(":") or 0)
    if minutes > 59:
        raise ValueError("no offset")
    ahead = datetime.timedelta(hours=hours, minutes=minutes)
    ahead = -ahead if offset[0] == "-" else ahead
    return local.replace(tzinfo=datetime.timezone(ahead)).astimezone(datetime.UTC)


def midnight_ns(day: datetime.date, zone: datetime.tzinfo) -> int:
    """Return when a day begins: its first instant, also where a clock skips midnight."""
    local = datetime.datetime.combine(day, datetime.time(), zone)
    return round(local.timestamp()) * NS


def day_or_time_ns(text: str, zone: datetime.tzinfo, *, end: bool = False) -> int:
    """Return the instant that a day or a time names; raises as `time_ns`.

    Parameters
    ----------
    text : str
        A day as ``2027-05-31``, or a time.
    zone : tzinfo
        Of a day, and of a local time.
    end : bool
        Whether something ends then: the day itself is part of it, and a day beyond `LAST_YEAR`,
        which other systems write for "without an end", counts as the last one of that year.
    """
    if len(text) != 10:
        return time_ns(text, zone)
    try:
        day = datetime.date.fromisoformat(text)
    except ValueError:
        raise UnreadableTimeError("TIME", "Write a day as 2027-05-31.") from None
    if day.year < FIRST_YEAR or (day.year > LAST_YEAR and not end):
        raise UnreadableTimeError("TIME", _YEARS)
    if not end:
        return midnight_ns(day, zone)
    last = min(day, datetime.date(LAST_YEAR, 12, 31))
    return midnight_ns(last + datetime.timedelta(days=1), zone)


def read_timezone(top: Fields, code: str) -> datetime.tzinfo:
    """Return the time zone that a file names, UTC if none; a problem of `code` if there is none."""
    name = top.text("timezone", required=False)
    if name is None or name.upper() == "UTC":
        return datetime.UTC
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        top.note(code, "There is no time zone of this name; write e.g. Asia/Tokyo.", "timezone")
        return datetime.UTC


def read_instant(
    fields: Fields,
    name: str,
    zone: datetime.tzinfo,
    *,
    required: bool = False,
    days: bool = False,
    end: bool = False,
) -> int | None:
    """Return the instant that stands in a file, or None with a problem noted.

    Parameters
    ----------
    fields : Fields
    name : str
    zone : tzinfo
        Of days and local times.
    required : bool
    days : bool
        Whether a day may stand there for a time; with `end` as in `day_or_time_ns`.
    end : bool
    """
    value = fields.required(name) if required else fields.optional(name)
    if name not in fields:
        return None
    if isinstance(value, datetime.date):  # TOML has days and times of its own
        value = value.isoformat()
    if not isinstance(value, str):
        wanted = "A day or a time" if days else "A time"
        fields.note("TYPE", f"{wanted} belongs here, such as 2027-05-31T14:00:00Z.", name)
        return None
    try:
        return day_or_time_ns(value, zone, end=end) if days else time_ns(value, zone)
    except UnreadableTimeError as error:
        fields.note(error.code, str(error), name)
        return None


def read_clock_offsets(top: Fields, code: str) -> dict[str, Fraction]:
    """Return how far the clock of each reader may be off, in seconds: ``clock.max_offset_s``."""
    clock = top.object("clock", ("max_offset_s",), required=False)
    if clock is None or "max_offset_s" not in clock:
        return {}
    given = clock.value["max_offset_s"]
    known = given if isinstance(given, dict) else ()
    fields = Fields(given, clock.at("max_offset_s"), top.problems, known)
    found = {}
    for reader in fields.value:
        value = fields.number(reader, low=0, code=code)
        if value is not None:
            found[str(reader)] = value
    return found
