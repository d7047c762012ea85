"""Deadlines as a calendar file, for the calendar that people already use.

Each duty is an all-day event on its due date with an alarm a week before. Its UID stays the same
from one export to the next, so that a calendar updates the event and does not double it; what is
done is marked as such and rings no more.

Source: RFC 5545 (iCalendar), sections 3.1 (folding), 3.3.11 (text), 3.6.1 and 3.6.6 (event and
alarm).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from keiryo.dates import next_day
from keiryo.oversight.deadlines import Duty

ALARM_DAYS = 7
"""Days before the deadline on which the alarm rings, at nine in the morning."""

_LINE_OCTETS = 75


def calendar_text(duties: Iterable[Duty], *, name: str, stamp: datetime) -> str:
    """Return duties as the text of an iCalendar file.

    Parameters
    ----------
    duties : iterable of Duty
    name : str
        Title of the calendar.
    stamp : datetime
        When it is written, with a time zone.

    Returns
    -------
    str
        Lines end in CRLF and are at most 75 octets long in UTF-8.
    """
    written = stamp.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//keiryo//deadlines//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME;VALUE=TEXT:{escaped(name)}",  # no RFC, but what calendars read
    ]
    for duty in duties:
        lines += _event(duty, written)
    lines.append("END:VCALENDAR")
    return "".join(f"{folded(line)}\r\n" for line in lines)


def duty_uid(duty: Duty) -> str:
    """Return the name of a duty that stays the same from export to export."""
    words = (duty.mba, duty.kind, _lasting_period(duty), duty.subject or "")
    digest = hashlib.sha256("\0".join(words).encode()).hexdigest()
    return f"{digest[:32]}@deadlines.keiryo"


def escaped(text: str) -> str:
    """Return a text as a value of type TEXT."""
    for plain, safe in (("\\", "\\\\"), (";", "\\;"), (",", "\\,")):
        text = text.replace(plain, safe)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\\n".join("".join(c for c in line if c >= " " or c == "\t") for line in lines)


def folded(line: str) -> str:
    """Return a content line broken where it is too long, never within a character."""
    parts, part, octets, limit = [], "", 0, _LINE_OCTETS
    for character in line:
        size = len(character.encode("utf-8"))
        if octets + size > limit:
            parts.append(part)
            part, octets, limit = "", 0, _LINE_OCTETS - 1  # the blank that begins the next line
        part, octets = part + character, octets + size
    return "\r\n ".join([*parts, part])


def _lasting_period(duty: Duty) -> str:
    """Return the period without its due date, which another profile may move."""
    return duty.period.partition("/")[0] if duty.kind == "PIT" else duty.period


def _event(duty: Duty, written: str) -> list[str]:
    what = f"{duty.kind} {duty.mba} {duty.period}"
    summary = f"{what} ({duty.state})" if duty.done else f"{what} due"
    told = [duty.title, f"State on export: {duty.state}"]
    if duty.form:
        told.append(f"Form: {duty.form}")
    if duty.subject:
        told.append(duty.subject)
    if duty.dated is not None:
        told.append(f"Done on {duty.dated}" + (f", {duty.report}" if duty.report else ""))
    lines = [
        "BEGIN:VEVENT",
        f"UID:{duty_uid(duty)}",
        f"DTSTAMP:{written}",
        f"DTSTART;VALUE=DATE:{duty.due:%Y%m%d}",
        f"DTEND;VALUE=DATE:{next_day(duty.due):%Y%m%d}",
        f"SUMMARY:{escaped(summary)}",
        f"DESCRIPTION:{escaped(chr(10).join(told))}",
        f"CATEGORIES:{escaped(duty.mba)},{escaped(duty.kind)}",
        "TRANSP:TRANSPARENT",
    ]
    if not duty.done:
        before = timedelta(days=ALARM_DAYS) - timedelta(hours=9)
        hours = int(before.total_seconds()) // 3600
        lines += [
            "BEGIN:VALARM",
            "ACTION:DISPLAY",
            f"DESCRIPTION:{escaped(summary)}",
            f"TRIGGER:-P{hours // 24}DT{hours % 24}H",
            "END:VALARM",
        ]
    return [*lines, "END:VEVENT"]
