"""What every part of device logs shares: findings, instants, lines of record."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from keiryo.dates import DateError, parse_utc, utc_text
from keiryo.errors import Finding, Severity, UsageError

BASIS = "docs/theory/surveillance.md"


def instant(text: str) -> datetime.datetime:
    """Return an instant, as somebody writes it with its offset from UTC, in UTC.

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
    try:
        if len(told) <= 10:
            raise ValueError
        return parse_utc(utc_text(datetime.datetime.fromisoformat(told)))
    except (ValueError, OverflowError):
        raise UsageError(
            f"{told[:40]!r} is no moment with its offset from UTC",
            "Write day, time and offset as in 2026-07-24T09:00+09:00, or Z for UTC.",
        ) from None


def device_time(record: Mapping[str, Any]) -> datetime.datetime | None:
    """Return the time that a record states in its field ``t`` (RFC 3339, UTC); None if none."""
    try:
        return parse_utc(str(record["t"]))
    except (KeyError, DateError):
        return None


def shown(moment: datetime.datetime) -> str:
    """Return an instant as messages show it, e.g. ``2026-07-24T00:00:00Z``."""
    told = utc_text(moment)
    return told.replace(".000000Z", "Z")


def inconsistent(code: str, message: str, advice: str, **where: Any) -> Finding:
    """Return a finding that asks for an answer."""
    return Finding(code, Severity.INCONSISTENCY, message, advice, basis=BASIS, **where)
