"""Times of the records of a portal: with a day and a zone, or the time of day alone."""

from __future__ import annotations

import datetime
import re

_DAY_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d(?:\.\d{1,6})?) ?(Z|[+-]\d\d(?::?\d\d)?)?$", re.ASCII
)
_TIME = re.compile(r"([01]\d|2[0-3])-([0-5]\d)-([0-5]\d(?:\.\d{1,6})?)$", re.ASCII)
_DAY_S = 86_400


def moment_of(text: str) -> str | None:
    """Return the time of a record: ISO 8601 where it has a day, else the time of day alone.

    Examples
    --------
    >>> moment_of("2016-06-01 15:05:00.655 -07"), moment_of("15-05-00.655"), moment_of("000000")
    ('2016-06-01T15:05:00.655-07:00', '15:05:00.655', None)
    """
    text = text.strip()
    if match := _DAY_TIME.match(text):
        day, clock, offset = match.groups()
        shift = ""
        if offset:
            shift = "Z" if offset == "Z" else f"{offset[:3]}:{offset[3:].lstrip(':') or '00'}"
        found = f"{day}T{clock}{shift}"
        try:
            datetime.datetime.fromisoformat(found)
        except ValueError:
            return None
        return found
    if match := _TIME.match(text):
        return ":".join(match.groups())
    return None


def seconds_between(first: str, last: str) -> float | None:
    """Return the seconds from one time of a file to another; None: they cannot be compared.

    Without a day, the shorter way round the clock counts: midnight passes once, and a clock that
    was set back by less than half a day gives a negative number.
    """
    try:
        if "T" in first and "T" in last:
            one, other = (datetime.datetime.fromisoformat(text) for text in (first, last))
            return (other - one).total_seconds()
        if "T" in first or "T" in last:
            return None
        one_s, other_s = (_seconds(text) for text in (first, last))
    except (ValueError, TypeError):
        return None
    apart = (other_s - one_s) % _DAY_S
    return round(apart - _DAY_S if apart > _DAY_S / 2 else apart, 6)


def _seconds(text: str) -> float:
    hour, minute, second = text.split(":")
    return int(hour) * 3600 + int(minute) * 60 + float(second)
