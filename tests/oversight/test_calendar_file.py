"""The calendar file, read back by a reader that is not ours."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import icalendar
from hypothesis import given, settings
from hypothesis import strategies as st

from keiryo.oversight.calendar_file import calendar_text, duty_uid, escaped, folded
from keiryo.oversight.deadlines import Duty

STAMP = datetime(2026, 1, 18, 12, 30, tzinfo=UTC)
ICR = Duty(
    *("XAFA", "ICR", "2025-12", date(2026, 1, 30), "due soon", "inventory change report"),
    *(None, None, 12),
)


def events(duties: list[Duty]) -> list[icalendar.Event]:
    text = calendar_text(duties, name="Deadlines; XA, code10", stamp=STAMP)
    calendar = icalendar.Calendar.from_ical(text)
    assert str(calendar["VERSION"]) == "2.0"
    assert str(calendar["X-WR-CALNAME"]) == "Deadlines; XA, code10"
    found = calendar.walk("VEVENT")
    assert all(not event.errors for event in found)
    return list(found)


def test_an_event() -> None:
    (event,) = events([ICR])
    assert str(event["SUMMARY"]) == "ICR XAFA 2025-12 due"
    assert event.decoded("DTSTART") == date(2026, 1, 30)
    assert event.decoded("DTEND") == date(2026, 1, 31)
    assert event.decoded("DTSTAMP") == STAMP
    assert [str(c) for c in event["CATEGORIES"].cats] == ["XAFA", "ICR"]
    (alarm,) = event.walk("VALARM")
    assert str(alarm["ACTION"]) == "DISPLAY"
    # Nine in the morning of 23 January, a week before.
    assert alarm.decoded("TRIGGER") == -(timedelta(days=7) - timedelta(hours=9))


def test_what_is_done_rings_no_more() -> None:
    done = replace(ICR, state="done late", report="112", dated=date(2026, 2, 3), form="4")
    (event,) = events([done])
    assert str(event["SUMMARY"]) == "ICR XAFA 2025-12 (done late)"
    assert "Done on 2026-02-03, 112" in str(event["DESCRIPTION"])
    assert "Form: 4" in str(event["DESCRIPTION"])
    assert not event.walk("VALARM")


def test_uids_last_and_differ() -> None:
    later = replace(ICR, state="done", report="112", dated=date(2026, 1, 20), days_left=-5)
    assert duty_uid(ICR) == duty_uid(later) == duty_uid(replace(ICR, due=date(2026, 1, 15)))
    others = [
        replace(ICR, mba="XARA"), replace(ICR, kind="PIL"), replace(ICR, period="2025-11"),
        replace(ICR, subject="N1"),
    ]  # fmt: skip
    assert len({duty_uid(duty) for duty in [ICR, *others]}) == 5
    pit = replace(ICR, kind="PIT", period="2026-01-01/2026-12-31")
    assert duty_uid(pit) == duty_uid(replace(pit, period="2026-01-01/2027-02-28"))


def test_an_empty_calendar() -> None:
    assert events([]) == []


texts = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\u2028\u2029\x85"),
    max_size=300,
)


@settings(max_examples=30)
@given(texts, texts, texts)
def test_any_text_comes_back(title: str, subject: str, kind: str) -> None:
    (event,) = events([replace(ICR, title=title, subject=subject or None, kind=kind)])
    told = str(event["DESCRIPTION"]).split("\n")
    assert told[0] == title
    assert not subject or told[-1] == subject
    assert str(event["SUMMARY"]) == f"{kind} XAFA 2025-12 due"


@given(st.text(max_size=400))
def test_lines_are_short_and_end_in_crlf(title: str) -> None:
    text = calendar_text([replace(ICR, title=title)], name=title, stamp=STAMP)
    assert text.endswith("END:VCALENDAR\r\n")
    lines = text.encode("utf-8", "surrogatepass").split(b"\r\n")
    assert all(len(part) <= 75 for part in lines)
    assert all(b"\n" not in part and b"\r" not in part for part in lines)


def test_japanese_is_folded_between_characters() -> None:
    line = "SUMMARY:" + "在庫変動報告" * 20
    parts = folded(line).split("\r\n ")
    assert "".join(parts) == line and len(parts) > 4
    assert escaped("a\\b;c,d\r\ne") == "a\\\\b\\;c\\,d\\ne"
