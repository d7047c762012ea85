"""The smallest bad input of each finding about the days of an event."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from keiryo.equipment.calibration import Calibration, calibrate
from keiryo.equipment.conditions import record_condition
from keiryo.errors import RefusedError, UsageError
from keiryo.journal.model import Actor
from keiryo.public_events import (
    alarm_log,
    closing,
    equipping,
    exchange,
    hand_back,
    survey,
    sweeping,
)
from keiryo.public_events.acts import record
from keiryo.public_events.day_tables import PUBLIC_EVENT_RELEASE
from played_public_event import EVENT, HEAD, LENDER, LOAN, OFFICER, OUR, Played, day, opened, utc

RECEIPT = b"time,serial,test,kind,limit,confidence,events,trials\n"
SPOT = b"time,venue,spot,state,words\n"
ALARM = b"time,alarm,post,serial,seen,state,alarm_case,words\n"
LIMITS = (
    b"serial,background_low,background_high,source_reference,source_tolerance,neutron_low,clock_s\n"
)
DAILY = b"time,serial,background,source,neutron,clock\n"
AT = b"2025-07-20T12:00+09:00,"


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """Return books in which the loan is shipped; tests leave them as they are."""
    played = opened(tmp_path_factory.mktemp("shipped"))
    played.loan()
    yield played
    played.database.close()


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """Return books after the day; an alarm and a spot were left open, nothing is back."""
    made = opened(tmp_path_factory.mktemp("played"))
    made.loan()
    made.receipt()
    made.before()
    made.day()
    yield made
    made.database.close()


def codes(work: Callable[..., object], *given: object, **more: Any) -> set[str]:
    with pytest.raises(RefusedError) as error:
        work(*given, **more)
    assert all(one.message and one.advice for one in error.value.findings)
    return {one.code.removeprefix("PUBLIC-EVENT-") for one in error.value.findings}


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        (b"", "DAY-SHEET"),
        (b"2025-06-12T10:00,RIID-1,a,seen,,,1,1\n", "DAY-CELL"),
        (b"2025-06-12T10:00Z,RIID-1,a,seen,,,2,1\n", "DAY-CELL"),
        (b"2025-06-12T10:00Z,RIID-1,a,detection,0,0.95,1,1\n", "DAY-CELL"),
        (b"2025-06-12T10:00Z,RIID-1,a,detection,0.9,1,1,1\n", "DAY-CELL"),
        (b"2025-06-12T10:00Z,RIID-1,a,detection,nan,,1,1\n", "DAY-CELL"),
        (b"2025-06-12T10:00Z,RIID-1,a,false_alarm_rate,1,,1,0\n", "DAY-CELL"),
        (b"2025-06-12T10:00Z,RIID-1,a,seen,,,0.5,1\n", "DAY-CELL"),
        (b"2025-06-12T10:00Z,RIID-1,a,seen,,,1e999,1e999\n", "DAY-CELL"),
        (b"2025-06-12T10:00Z,RIID-9,a,seen,,,1,1\n", "CHECK-SERIAL"),
        (b"2025-06-12T10:00Z,RIID-1,a,seen,,,1,1\n" * 2, "CHECK-TWICE"),
        (b"9025-06-12T10:00Z,RIID-1,a,seen,,,1,1\n", "FUTURE"),
    ],
)
def test_receipt(shipped: Played, rows: bytes, code: str) -> None:
    file = ("r.csv", RECEIPT + rows)
    assert codes(equipping.record_receipt, *shipped.books, EVENT, file) == {code}


def test_a_loan_is_not_received_unchecked(shipped: Played) -> None:
    given = (*shipped.books, EVENT, LOAN)
    assert codes(equipping.receive, *given, on=day(6, 13)) == {"NOT-CHECKED"}


def test_nothing_is_done_without_a_plan(shipped: Played) -> None:
    file = ("r.csv", RECEIPT + b"2025-06-12T10:00Z,RIID-1,a,seen,,,1,1\n")
    assert codes(equipping.record_receipt, *shipped.books, "other", file) == {"NO-PLAN"}
    lesson = ("l.csv", b"lesson,words,action,owner\na,b,c,d\n")
    assert codes(closing.record_lessons, *shipped.books, "other", lesson) == {"NO-PLAN"}


@pytest.mark.parametrize(
    "limits",
    [
        b"",
        b"RIID-1,2,1,5,,,\n",
        b"RIID-1,x,1,5,,,\n",
        b"RIID-1,1,2,0,,,\n",
        b"RIID-1,1,2,5,1,,\n",
        b"RIID-1,1,2,-5,,,\n",
        b"RIID-1,1,2,5,,,\n" * 2,
        b"PPM-1,1,2,5,,,\n",
    ],
)
def test_limits(shipped: Played, limits: bytes) -> None:
    files = (("d.csv", DAILY + AT + b"RIID-1,1,2,3,4\n"), ("l.csv", LIMITS + limits))
    assert "LIMITS" in codes(equipping.record_daily, *shipped.books, EVENT, *files)


@pytest.mark.parametrize("row", [b"RIID-1,-1,2,3,4\n", b"RIID-1,nan,2,3,4\n", b"RIID-1,1,2,x,4\n"])
def test_daily_readings(shipped: Played, row: bytes) -> None:
    files = (("d.csv", DAILY + AT + row), ("l.csv", LIMITS + b"RIID-1,1,2,5,,,\n"))
    assert codes(equipping.record_daily, *shipped.books, EVENT, *files) == {"DAY-CELL"}


def test_a_check_is_recorded_once(played: Played) -> None:
    files = (played.file("daily.csv"), played.file("limits.csv"))
    assert codes(equipping.record_daily, *played.books, EVENT, *files) == {"CHECK-TWICE"}


def test_an_instrument_that_is_not_fit_goes_nowhere(shipped: Played) -> None:
    given: dict[str, Any] = {"receiver": "x", "organisation": OUR}
    given["at"] = utc("2025-07-20T07:50+09:00")
    assign = (equipping.assign, *shipped.books, EVENT)
    assert codes(*assign, "PPM-1", "north", **given) == {"NOT-THERE", "UNFIT"}
    assert codes(*assign, "RIID-1", "north", **given) == {"UNFIT"}
    assert codes(*assign, "RIID-9", "north", **given) == {"NOT-THERE", "CHECK-SERIAL"}


@pytest.mark.parametrize(
    ("state", "seen", "case", "code"),
    [
        (b"open", b"light", b"", "DAY-CELL"),
        (b"shut", b"gamma", b"", "DAY-CELL"),
        (b"innocent", b"both", b"", "NEUTRONS"),
        (b"innocent", b"neutron", b"", "NEUTRONS"),
    ],
)
def test_alarms(played: Played, state: bytes, seen: bytes, case: bytes, code: str) -> None:
    row = b",".join([AT + b"B-1", b"north", b"RIID-1", seen, state, case, b"words\n"])
    assert codes(alarm_log.record_alarms, *played.books, EVENT, ("a.csv", ALARM + row)) == {code}


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (AT + b"B-1,west,RIID-1,gamma,open,,w\n", "NOT-PLANNED"),
        (AT + b"B-1,north,RIID-9,gamma,open,,w\n", "NOT-PLANNED"),
        (AT + b"B-1,north,,gamma,open,,w\n", "ALARM"),
        (AT + b"B-1,north,RIID-1,gamma,open,,w\n" * 2, "DAY-CELL"),
        (b"2025-07-20T12:00,B-1,north,RIID-1,gamma,open,,w\n", "DAY-CELL"),
        (b"2025-07-20T09:12+09:00,A-001,south,RIID-1,gamma,innocent,,w\n", "ALARM"),
        (b"2025-07-20T09:12+09:00,A-001,north,RIID-1,gamma,open,,w\n", "ALARM"),
    ],
)
def test_alarm_rows(played: Played, row: bytes, code: str) -> None:
    file = ("a.csv", (ALARM + row).replace(b"time,", b"time,", 1))
    found = codes(alarm_log.record_alarms, *played.books, EVENT, file)
    assert code in found


def test_a_log_without_news_is_told(played: Played) -> None:
    file = played.file("alarms-closed.csv")
    assert codes(alarm_log.record_alarms, *played.books, EVENT, file) == {"DAY-CELL"}


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (b"stadium,S-9,closed,w\n", "SPOT"),
        (b"stadium,S-1,closed,w\n", "SPOT"),
        (b"arena,S-9,open,w\n", "NOT-PLANNED"),
        (b"stadium,S-9,ajar,w\n", "DAY-CELL"),
    ],
)
def test_spots(played: Played, row: bytes, code: str) -> None:
    file = ("s.csv", SPOT + AT + row)
    assert codes(sweeping.record_spots, *played.books, EVENT, file) == {code}


def test_spots_and_locks_follow_in_order(played: Played) -> None:
    file = ("s.csv", SPOT + b"2025-07-20T01:00Z,stadium,S-1,open,w\n")
    early = file[0], file[1].replace(b"07-20T01", b"07-01T01")
    assert codes(sweeping.record_spots, *played.books, EVENT, early) == {"ORDER"}
    lock = (sweeping.lock, *played.books, EVENT, "stadium")
    given: dict[str, Any] = {"at": utc("2025-07-20T09:00+09:00"), "words": "w"}
    assert codes(*lock, **given) == {"LOCK"}
    given["at"] = utc("2025-07-20T01:00+09:00")
    assert codes(*lock, **given, unlock=True) == {"ORDER"}


def test_files_are_recorded_once(played: Played) -> None:
    given = (*played.books, EVENT, "stadium", played.file("survey.csv"))
    assert codes(survey.record_survey, *given) == {"FILE-TWICE"}
    made = sweeping.SweepMade("sweep1", "red", ("BP-1",), 4.5)
    track = (*played.books, EVENT, made, played.file("track.csv"))
    assert codes(sweeping.record_sweep, *track) == {"FILE-TWICE"}


def test_surveys_and_sweeps_stand_in_the_plan(shipped: Played) -> None:
    file = shipped.file("survey.csv")
    given = (survey.record_survey, *shipped.books, EVENT)
    assert codes(*given, "arena", file) == {"NOT-PLANNED"}
    assert codes(*given, "stadium", ("s.csv", file[1].replace(b"BP-1", b"X"))) == {"NOT-PLANNED"}
    track, work = shipped.file("track.csv"), (sweeping.record_sweep, *shipped.books, EVENT)
    assert codes(*work, sweeping.SweepMade("s9", "red", (), 4.5), track) == {"NOT-PLANNED"}
    made = sweeping.SweepMade("sweep1", "red", ("BP-1",), 4.5)
    for rows in (b"2025-07-20T05:00+09:00,1\n", b"x,1,1\n", b"2025-07-20T05:00Z,1,1\n" * 2):
        assert codes(*work, made, ("t.csv", b"time,x,y\n" + rows)) == {"DAY-CELL"}
    for reach in (0.0, float("nan"), -1.0):
        with pytest.raises(UsageError):
            sweeping.record_sweep(
                *shipped.books, EVENT, sweeping.SweepMade("sweep1", "red", (), reach), track
            )


def test_release_needs_a_second_entitled_person(played: Played) -> None:
    asked: dict[str, Any] = {"on": day(7, 21), "words": "w"}
    free = (played.database, OFFICER, EVENT, "info.0001", "US.DOE")
    assert codes(exchange.release, *free, **asked) == {"RELEASE"}
    exchange.ask(*free, "lessons", **asked)
    assert codes(exchange.release, *free, **asked) == {"SAME-PERSON", "AUTHORITY"}
    other = (played.database, Actor("P-11", "JP"), *free[2:])
    assert codes(exchange.release, *other, **asked) == {"AUTHORITY"}
    line = {"event": EVENT, "information": "info.0001", "organisation": "US.DOE"}
    more = {"purpose": "other", "state": "released", "on_day": 20250721, "words": "w"}
    lines = [(PUBLIC_EVENT_RELEASE.name, {**line, **more})]
    assert codes(record, played.database, HEAD, "release", lines) == {"RELEASE"}
    posted, handed = exchange.release(played.database, HEAD, *free[2:], **asked, no=True)
    assert handed is None and posted.act.act_id > 0


def test_a_caveat_keeps_information_back(played: Played) -> None:
    told: dict[str, Any] = {"from_organisation": OUR, "to_organisation": OUR, "on": day(7, 21)}
    name = exchange.keep_log(*played.books, EVENT, caveats=("no-foreign",), **told)
    asked: dict[str, Any] = {"on": day(7, 21), "words": "w"}
    given = (*played.books, EVENT, name, LENDER, "lessons")
    assert codes(exchange.ask, *given, **asked) == {"CAVEAT-FOREIGN"}


def test_an_event_is_closed_when_nothing_is_open(tmp_path: Any) -> None:
    played = opened(tmp_path)
    played.loan()
    played.receipt()
    files = (played.file("daily.csv"), played.file("limits.csv"))
    equipping.record_daily(*played.books, EVENT, *files)
    short = b"".join(played.file("track.csv")[1].splitlines(keepends=True)[:40])
    made = sweeping.SweepMade("sweep1", "red", ("BP-1",), 4.5)
    sweeping.record_sweep(*played.books, EVENT, made, ("track.csv", short))
    at = utc("2025-07-20T04:00+09:00")
    sweeping.lock(*played.books, EVENT, "stadium", at=at, words="w")
    sweeping.record_spots(*played.books, EVENT, ("s.csv", SPOT + AT + b"stadium,S,open,w\n"))
    alarm = ALARM + AT + b"B,north,RIID-1,gamma,open,,w\n"
    alarm_log.record_alarms(*played.books, EVENT, ("a.csv", alarm))
    with played.database.reading() as connection:
        found = sweeping.readiness(connection, played.database.metadata, EVENT)["stadium"]
    assert {one.code[13:] for one in found} == {"COVERAGE", "SPOT-OPEN"}
    sweeping.record_sweep(*played.books, EVENT, made, played.file("track.csv"))
    with played.database.reading() as connection:
        found = sweeping.readiness(connection, played.database.metadata, EVENT)["stadium"]
    assert {one.code[13:] for one in found} == {"NOT-LOCKED", "SPOT-OPEN"}
    why = {"NOT-OVER", "ALARM-OPEN", "SPOT-OPEN", "NO-LESSON", "NOT-REPORTED", "NOT-BACK"}
    assert codes(closing.close, *played.books, EVENT, on=day(7, 20)) == why
    record_condition(*played.books, "BP-1", "lost", on=day(7, 21), reason="left in a taxi")
    with played.database.reading() as connection:
        back = hand_back.open_returns(connection, played.database.metadata, EVENT)
    assert {one.code[13:] for one in back} == {"NOT-BACK", "LOST"}
    played.database.close()


def test_an_event_is_closed_once(tmp_path: Any) -> None:
    played = opened(tmp_path)
    played.loan()
    played.receipt()
    played.before()
    played.day()
    played.back()
    played.end()
    assert codes(closing.close, *played.books, EVENT, on=day(9, 1)) == {"CLOSED"}
    spot = ("s.csv", SPOT + AT + b"stadium,S,open,w\n")
    assert codes(sweeping.record_spots, *played.books, EVENT, spot) == {"CLOSED"}
    played.database.close()


def test_a_sweep_needs_an_instrument_that_is_fit(tmp_path: Any) -> None:
    played = opened(tmp_path)
    played.loan()
    played.receipt()
    made = sweeping.SweepMade("sweep1", "red", ("BP-1",), 4.5)
    sweeping.record_sweep(*played.books, EVENT, made, played.file("track.csv"))
    at = utc("2025-07-20T07:45+09:00")
    sweeping.lock(*played.books, EVENT, "stadium", at=at, words="w")
    assert unready(played) == ["SWEEP-UNFIT"]
    files = (played.file("daily.csv"), played.file("limits.csv"))
    equipping.record_daily(*played.books, EVENT, *files)  # the check of 04:20, told of late
    assert unready(played) == []
    early = Calibration("BP-1", day(1, 20), day(7, 18), "laboratory")
    calibrate(*played.books, early)
    assert unready(played) == ["SWEEP-UNFIT"]
    with played.database.reading() as connection:
        metadata = played.database.metadata
        told = closing.final_report(connection, metadata, EVENT, on=day(9, 1))
    assert "overdue" in told["sweeps"][0]["not_fit"][0]
    played.database.close()


def unready(played: Played) -> list[str]:
    with played.database.reading() as connection:
        found = sweeping.readiness(connection, played.database.metadata, EVENT)["stadium"]
    return [one.code.removeprefix("PUBLIC-EVENT-") for one in found]
