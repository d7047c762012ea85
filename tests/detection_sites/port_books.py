"""A port with one lane and one portal, and daily files that tests make."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import pytest

from keiryo.api import Books
from keiryo.detection_sites.importing import Imported, import_file
from keiryo.detection_sites.register import record
from keiryo.errors import RefusedError

SITE = {"site": "PORT-1", "name": "Port", "site_type": "seaport", "zone": "Asia/Tokyo"}
PORTAL = {
    "instrument": "P1",
    "site": "PORT-1",
    "lane": "L1",
    "instrument_class": "portal",
    "maker": "M",
    "model": "X",
    "serial": "17",
}
DAY = datetime.date(2027, 5, 31)


def passage(clock: str, counter: int = 7, counts: int = 80, intervals: int = 10) -> bytes:
    time = clock.replace(":", "-")
    scans = "".join(f"GS,{counts:06d},{counts:06d},000080,000080,{time}\r\n" * intervals)
    background = f"GB,000400,000400,000400,000400,{time}\r\n"
    return f"{background}{scans}GX,{counter:06d},002391,000000,000000,{time}\r\n".encode()


def put(books: Books, word: str, *rows: dict[str, Any]) -> None:
    record(books.database, books.actor, word, rows)


def take(books: Books, content: bytes, name: str = "a.csv", **more: Any) -> Imported:
    given = {"day": DAY, **more}
    return import_file(books.database, books.actor, "P1", name, content, **given)


def read(books: Books, function: Any, *given: Any, **more: Any) -> Any:
    with books.database.reading() as connection:
        found = function(connection, books.database.metadata, *given, **more)
        return list(found) if isinstance(found, Iterator) else found


def refused(function: Any, *given: Any, **more: Any) -> set[str]:
    with pytest.raises(RefusedError) as error:
        function(*given, **more)
    return {one.code for one in error.value.findings}
