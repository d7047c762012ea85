"""Background of an instrument by the hour, from the daily files that are kept.

A portal writes its gamma background every few seconds while the lane is empty, in counts a second
by panel. Nothing of this is recorded but the files themselves: it is worked out anew each time.
A record that two files tell counts once. Records of a file without days and without a passage have
no day, and are left out.
"""

from __future__ import annotations

import datetime
import zoneinfo
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sqlalchemy import Connection, MetaData

from keiryo.detection_sites import tables
from keiryo.detection_sites.register import read_register, utc
from keiryo.errors import NotFoundError, StorageError
from keiryo.journal.reading import rows_of
from keiryo.portal.record_times import moment_of

PANELS = 4
_CODES = (b"GB", b"GH", b"GL")
_HALF_A_DAY_S = 43_200.0
Row = Mapping[str, Any]


@dataclass(slots=True)
class _Hour:
    counts: dict[tuple[str, tuple[int, ...]], None] = field(default_factory=dict)
    faults: dict[tuple[str, bytes], None] = field(default_factory=dict)


def background_hours(
    connection: Connection,
    metadata: MetaData,
    content_of: Callable[[str], bytes],
    instrument: str,
    *,
    first: datetime.date | None = None,
    last: datetime.date | None = None,
    through_act: int | None = None,
) -> list[dict[str, Any]]:
    """Return the gamma background of an instrument, one row for each hour of UTC.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    content_of : callable
        Gives the bytes of a kept file by its digest.
    instrument : str
    first, last : date, optional
        First and last day in UTC, both taken in.
    through_act : int, optional
        As the record stood with this act; default: now.

    Returns
    -------
    list of dict
        ``hour``, ``records``, ``panel_1`` to ``panel_4`` and ``all`` (means in counts a second),
        ``least`` and ``most`` (of the sum of the panels), ``high`` and ``low`` (fault records).

    Raises
    ------
    NotFoundError
        If there is no such instrument.
    """
    register = read_register(connection, metadata, through_act=through_act)
    known = register["instrument"].get((instrument,))
    if known is None:
        raise NotFoundError(
            f"there is no instrument {instrument[:60]!r}",
            "'keiryo portals list instrument' lists what there is.",
        )
    zone = str(register["site"][(known["site"],)]["zone"])
    table = metadata.tables[tables.DETECTION_FILE.name]
    same = table.c.instrument == instrument
    hours: dict[str, _Hour] = {}
    for row in rows_of(connection, metadata, table.name, same, through_act=through_act):
        try:
            content = content_of(row["digest"])
        except (NotFoundError, StorageError):
            continue  # the file is no longer kept
        for code, counts, moment in _records(content, row["begins"], zone):
            day = moment[:10]
            if (first and day < first.isoformat()) or (last and day > last.isoformat()):
                continue
            one = hours.setdefault(moment[:13], _Hour())
            if code == _CODES[0]:
                one.counts[moment, counts] = None
            else:
                one.faults[moment, code] = None
    return [_row(hour, hours[hour]) for hour in sorted(hours)]


def _row(hour: str, one: _Hour) -> dict[str, Any]:
    counts = np.array([counts for _moment, counts in one.counts], dtype=float).reshape(-1, PANELS)
    sums, some = counts.sum(axis=1), len(counts) > 0
    means = counts.mean(axis=0).tolist() if some else [None] * PANELS
    return {
        "hour": f"{hour}:00Z",
        "records": len(counts),
        **{f"panel_{number}": mean for number, mean in enumerate(means, 1)},
        "all": float(sums.mean()) if some else None,
        "least": int(sums.min()) if some else None,
        "most": int(sums.max()) if some else None,
        "high": sum(code == b"GH" for _moment, code in one.faults),
        "low": sum(code == b"GL" for _moment, code in one.faults),
    }


def _records(
    content: bytes, begins: str | None, zone: str
) -> Iterator[tuple[bytes, tuple[int, ...], str]]:
    """Yield code, counts and moment in UTC of the background records of a file."""
    given = list(_lines(content))
    for (code, counts, time), day in zip(given, _days(given, begins, zone), strict=True):
        if code and (day is not None or "T" in time):
            moment = utc(time if day is None else f"{day.isoformat()}T{time}", zone)
            if moment is not None:
                yield code, counts, moment


def _lines(content: bytes) -> Iterator[tuple[bytes, tuple[int, ...], str]]:
    """Yield background records; the first record of a passage comes with an empty code."""
    passage = False
    for line in content.replace(b"\r", b"\n").split(b"\n"):
        code = line[:2]
        scan = code in (b"GS", b"GA", b"NS", b"NA") and line[2:3] == b","
        if not scan and (code not in _CODES or line[2:3] != b","):
            continue
        fields = line.split(b",")
        time = moment_of(fields[-1].decode("latin-1"))
        if time is None:
            continue
        if scan:
            if not passage:
                yield b"", (), time
            passage = True
        elif len(fields) == PANELS + 2 and all(one.strip().isdigit() for one in fields[1:-1]):
            yield code, tuple(int(one) for one in fields[1:-1]), time


def _days(
    given: list[tuple[bytes, tuple[int, ...], str]], begins: str | None, zone: str
) -> list[datetime.date | None]:
    """Return the days of times that have none, from the start of the first passage in UTC.

    The day changes where the clock falls back by more than half a day.
    """
    since: int | None = None
    last_s, days = 0.0, 0
    walked: list[int | None] = []
    for code, _counts, time in given:
        if "T" in time:
            walked.append(None)
            continue
        hour, minute, second = time.split(":")
        now_s = int(hour) * 3600 + int(minute) * 60 + float(second)
        days += last_s - now_s > _HALF_A_DAY_S
        last_s = now_s
        walked.append(days)
        if not code:
            since = days
    if begins is None or since is None:
        return [None] * len(given)
    first = datetime.datetime.fromisoformat(begins).astimezone(zoneinfo.ZoneInfo(zone)).date()
    return [None if one is None else first + datetime.timedelta(days=one - since) for one in walked]
