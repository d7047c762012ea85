"""What rates are shares of."""

from __future__ import annotations

import datetime

import pytest

from detection_sites.port_books import PORTAL, passage, put, read, take
from keiryo.api import Books
from keiryo.detection_sites.denominators import COUNTED, denominators, instrument_days
from keiryo.errors import UsageError


def test_passages_time_and_faults_by_day(books: Books) -> None:
    tamper = b"TT,10-02-00.000\r\nTC,10-03-00.000\r\n"
    take(books, passage("10:00:00.000") + passage("10:05:00.000", counts=120) + tamper)
    take(books, passage("11:00:00.000"), "b.csv", day=datetime.date(2027, 6, 1))
    rows = read(books, instrument_days)
    assert [(row["day"], row["occupancies"], row["alarms"]) for row in rows] == [
        ("2027-05-31", 2, 1),
        ("2027-06-01", 1, 0),
    ]
    assert (rows[0]["seconds_in_operation"], rows[0]["tampers"]) == (300.0, 1)
    assert (rows[0]["lane"], rows[0]["site"], rows[0]["partner"]) == ("L1", "PORT-1", None)
    last = datetime.date(2027, 6, 1)
    assert len(read(books, instrument_days, first=last, last=last)) == 1


def test_a_day_of_a_lane_with_two_instruments_is_one_day(books: Books) -> None:
    put(books, "instrument", {**PORTAL, "instrument": "P2", "serial": "18"})
    take(books, passage("10:00:00.000"))
    rows = read(books, instrument_days)
    both = [*rows, *({**row, "instrument": "P2"} for row in rows)]
    lane = denominators(both)[0]
    assert (lane["lane"], lane["occupancies"], lane["days"]) == ("L1", 2, 1)
    assert [row["days"] for row in denominators(both, "instrument")] == [1, 1]
    assert denominators(both, "partner")[0]["partner"] is None
    with pytest.raises(UsageError):
        denominators(both, "colour")


def test_groups_add_up(books: Books) -> None:
    take(books, passage("23:59:00.000") + passage("00:01:00.000") + passage("10:00:00.000"))
    rows = read(books, instrument_days)
    for by in ("instrument", "lane", "site", "partner", "month", "day"):
        every = denominators(rows, by)
        assert all(sum(r[n] for r in every) == sum(r[n] for r in rows) for n in COUNTED)


def test_a_fault_that_two_files_tell_counts_once(books: Books) -> None:
    tamper = b"TT,10-01-00.000\r\nTC,10-02-00.000\r\n"
    content = passage("10:00:00.000") + tamper
    take(books, content)
    take(books, content + b"XX,unknown\r\n", "whole.csv")
    assert sum(row["tampers"] for row in read(books, instrument_days)) == 1


def test_the_register_is_that_of_the_time(books: Books) -> None:
    take(books, passage("10:00:00.000"))
    long_ago = datetime.datetime(2001, 1, 1, tzinfo=datetime.UTC)
    assert read(books, instrument_days, known_at=long_ago) == []
