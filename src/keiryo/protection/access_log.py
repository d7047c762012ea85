"""Records of access to zones, read from a CSV file into arrays.

A large file is read by columns, ten million rows in seconds; a small one row by row. Both ways
give the same records and the same problems. An identical row again is told and counted once.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from keiryo.protection.access_log_fast import read_columns
from keiryo.protection.access_log_rows import (
    COLUMNS,
    REQUIRED,
    Columns,
    numbered_rows,
    read_rows,
)
from keiryo.protection.inputs import Problem, Warning, raise_problems
from keiryo.protection.orders import order_of

WORTH_IT_BYTES = 1024 * 1024
"""A smaller file is read row by row in no time."""


@dataclass(frozen=True, slots=True)
class AccessLog:
    """Records of access, sorted by time, sequence number and line.

    Attributes
    ----------
    time_ns : ndarray of int64
    zone, person, reader : ndarray of int32
        Places in `zones`, `persons` and `readers`.
    entering : ndarray of bool
    seq, line : ndarray of int64
    zones, persons, readers : list of str
    last_ns : int or None
        The last event of the whole file.
    warnings : tuple of Warning
    again : ndarray of int64
        Lines of rows that stand in the file before; they were counted once.
    """

    time_ns: np.ndarray
    zone: np.ndarray
    person: np.ndarray
    reader: np.ndarray
    entering: np.ndarray
    seq: np.ndarray
    line: np.ndarray
    zones: list[str]
    persons: list[str]
    readers: list[str]
    last_ns: int | None
    warnings: tuple[Warning, ...]
    again: np.ndarray


def read_access_log(path: Path | str, timezone: datetime.tzinfo) -> AccessLog:
    """Read records of access.

    Parameters
    ----------
    path : Path or str
        CSV in UTF-8 with a header line.
    timezone : tzinfo
        Of times without an offset.

    Raises
    ------
    InputError
        ``FILE``, ``ENCODING``, ``SYNTAX``, ``COLUMN_MISSING``, ``DUPLICATE_KEY``,
        ``DIRECTION``, ``EMPTY_FIELD``, ``FIELD_COUNT``, ``NAME``, ``TIME``, ``TIME_AMBIGUOUS``,
        ``TYPE`` and ``NUMBER_SIZE``, each with its line.
    """
    path = Path(path)
    header, lines = _header(path)
    if path.stat().st_size < WORTH_IT_BYTES:
        columns = read_rows(path, timezone)
    else:
        columns = read_columns(path, header, lines, timezone)
    return _sorted(columns, _extra(header))


def _header(path: Path) -> tuple[list[str], int]:
    """Return the names of the columns, and the line on which the header ends."""
    for row, _, last in numbered_rows(path):
        problems = [
            Problem("COLUMN_MISSING", "line 1", f"The column {name} is missing.")
            for name in REQUIRED
            if name not in row
        ]
        problems += [
            Problem("DUPLICATE_KEY", "line 1", f"The column {name} stands twice.")
            for name in COLUMNS
            if row.count(name) > 1
        ]
        raise_problems(problems)
        return row, last
    raise_problems(
        Problem("COLUMN_MISSING", "line 1", f"The column {name} is missing.") for name in REQUIRED
    )
    return [], 0


def _extra(header: list[str]) -> list[Warning]:
    told = "A column is not known and was not read."
    return [Warning("EXTRA_COLUMN", "line 1", told) for name in header if name not in COLUMNS]


def _sorted(columns: Columns, warnings: list[Warning]) -> AccessLog:
    """Return the records in order, each once."""
    order = order_of(columns.time_ns, columns.seq, columns.line)
    if order is not None:
        columns = columns.taken(order)
    places = _again(columns)
    again = np.sort(columns.line[places])
    if again.size:
        keep = np.ones(len(columns.line), dtype=bool)
        keep[places] = False
        columns = columns.taken(np.flatnonzero(keep))
    last = int(columns.time_ns[-1]) if len(columns.time_ns) else None
    return AccessLog(
        *(columns.time_ns, columns.zone, columns.person, columns.reader, columns.entering),
        *(columns.seq, columns.line, columns.zones, columns.persons, columns.readers),
        *(last, tuple(warnings), again),
    )


def _again(columns: Columns) -> np.ndarray:
    """Return the places of rows that stand before with the same content."""
    time = columns.time_ns
    if len(time) < 2:
        return np.empty(0, dtype=np.int64)
    same = np.diff(time) == 0
    tied = np.zeros(len(time), dtype=bool)
    tied[1:] |= same
    tied[:-1] |= same
    places: np.ndarray = np.flatnonzero(tied)
    if not places.size:
        return places
    places = places[_alike(columns, places)]
    if not places.size:
        return places
    seq = np.where(columns.counted[places], columns.seq[places], 0)
    frame = pl.DataFrame(
        {
            "at": time[places],
            **{name: getattr(columns, name)[places] for name in ("zone", "person", "reader")},
            "entering": columns.entering[places],
            "seq": seq,
            "counted": columns.counted[places],
            "line": columns.line[places],
            "place": places,
        }
    )
    fields = [name for name in frame.columns if name not in ("line", "place")]
    first = frame.sort("line").unique(subset=fields, keep="first", maintain_order=True)
    again: np.ndarray = np.setdiff1d(places, first["place"].to_numpy())
    return again


def _alike(columns: Columns, places: np.ndarray) -> np.ndarray:
    """Return which rows may be alike: those of which another has the same mixed number."""
    mixed = columns.time_ns[places].astype(np.uint64)
    seq = np.where(columns.counted[places], columns.seq[places], -1)
    for values in (columns.zone, columns.person, columns.reader, columns.entering):
        mixed = mixed * _MIX + values[places].astype(np.uint64)
    mixed = mixed * _MIX + seq.astype(np.uint64)
    ordered: np.ndarray = np.sort(mixed)
    twice: np.ndarray = ordered[1:][ordered[1:] == ordered[:-1]]
    alike: np.ndarray = np.isin(mixed, twice)
    return alike


_MIX = np.uint64(0x9E3779B97F4A7C15)
