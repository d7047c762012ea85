"""Background of an instrument by the hour."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from detection_sites.port_books import DAY, passage, read, take
from keiryo.api import Books
from keiryo.detection_sites.background_hours import background_hours
from keiryo.errors import NotFoundError


def hours(books: Books, instrument: str = "P1", **more: Any) -> list[dict[str, Any]]:
    content_of = books.database.evidence.get
    return list(read(books, background_hours, content_of, instrument, **more))


def quiet(clock: str, *counts: int, code: str = "GB") -> bytes:
    return f"{code},{','.join(f'{one:06d}' for one in counts)},{clock}\r\n".encode()


def test_means_by_hour_and_panel(books: Books) -> None:
    content = quiet("09-59-55.000", 1, 2, 3, 4) + quiet("09-59-58.000", 3, 4, 5, 6)
    high = quiet("10-30-00.000", 9000, 400, 400, 400, code="GH")
    take(books, content + passage("10:00:00.000") + high + b"GB,1,2,x,4,10-31-00.000\r\n")
    early, late = hours(books)
    assert early == {
        "hour": "2027-05-31T00:00Z",
        "records": 2,
        "all": 14.0,
        "least": 10,
        "most": 18,
        "panel_1": 2.0,
        "panel_2": 3.0,
        "panel_3": 4.0,
        "panel_4": 5.0,
        "high": 0,
        "low": 0,
    }
    assert (late["hour"], late["records"], late["all"], late["high"]) == (
        *("2027-05-31T01:00Z", 1, 1600.0, 1),
    )


def test_the_day_changes_and_a_record_counts_once(books: Books) -> None:
    before = quiet("23-59-00.000", 1, 1, 1, 1)
    content = before + passage("00:01:00.000") + quiet("00-02-00.000", 1, 1, 1, 1)
    take(books, content, day=DAY)
    take(books, content + quiet("00-03-00.000", 1, 1, 1, 1), "whole.csv", day=DAY)
    found = hours(books)
    assert [(one["hour"], one["records"]) for one in found] == [
        ("2027-05-31T14:00Z", 1),
        ("2027-05-31T15:00Z", 3),
    ]
    day = datetime.date(2027, 6, 1)
    assert hours(books, first=day) == []


def test_an_instrument_that_is_not_there(books: Books) -> None:
    with pytest.raises(NotFoundError):
        hours(books, "P9")
