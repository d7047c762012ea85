"""Records of access to zones, read from a CSV file into arrays.

A file that is plain and sound (no quotes, times of one form) is read by columns, ten million rows
in seconds. Any other one is read row by row, which finds everything that is wrong with it: both
ways give the same records. An identical row again is told and counted once.
"""

from __future__ import annotations

import codecs
import csv
import datetime
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from keiryo.protection.access_log_fast import Columns, read_plain
from keiryo.protection.inputs import NAME_LENGTH, InputError, Problem, Warning, raise_problems
from keiryo.protection.two_person_rule import UnreadableTimeError, time_ns

REQUIRED = ("time", "zone", "person", "reader", "direction")
COLUMNS = (*REQUIRED, "seq")
DIRECTIONS = {"in": True, "out": False}
MOST_PROBLEMS = 1_000
"""Problems of one code that are listed; the next one says that there are more."""
_SEQ_LIMIT = 2**62


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
    header = _header(path)
    columns = read_plain(path, header, timezone) or _read_rows(path, timezone)
    return _sorted(columns, _extra(header))


def _header(path: Path) -> list[str]:
    """Return the names of the columns."""
    for row in _rows(path):
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
        return row
    raise_problems(
        Problem("COLUMN_MISSING", "line 1", f"The column {name} is missing.") for name in REQUIRED
    )
    return []


def _extra(header: list[str]) -> list[Warning]:
    told = "A column is not known and was not read."
    return [Warning("EXTRA_COLUMN", "line 1", told) for name in header if name not in COLUMNS]


def _rows(path: Path) -> Iterator[list[str]]:
    """Yield the rows of a file; the number of a row's last line is not needed for most."""
    for row, _ in _numbered_rows(path):
        yield row


def _numbered_rows(path: Path) -> Iterator[tuple[list[str], int]]:
    """Yield the rows with the line on which each begins."""
    line = 0
    try:
        if not path.is_file():
            told = "The file cannot be read: it is not there, or it is no regular file."
            raise InputError([Problem("FILE", "", told)])
        with path.open("rb") as stream:
            reader = csv.reader(_lines(stream), strict=True)
            for row in reader:
                first, line = line + 1, reader.line_num
                if row:
                    yield row, first
    except csv.Error:
        told = "The quotes or the length of this field are not those of a CSV file."
        raise InputError([Problem("SYNTAX", f"line {line + 1}", told)]) from None
    except OSError as error:
        told = f"The file cannot be read: {error.strerror or 'no reason given'}."
        raise InputError([Problem("FILE", "", told)]) from error


def _lines(stream: Any) -> Iterator[str]:
    for number, content in enumerate(stream, 1):
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            told = "The file is not in UTF-8."
            raise InputError([Problem("ENCODING", f"line {number}", told)]) from None
        yield text.removeprefix(codecs.BOM_UTF8.decode()) if number == 1 else text


class _Problems:
    """Collects problems, of each code so many at most."""

    def __init__(self) -> None:
        self.listed: list[Problem] = []
        self.counts: dict[str, int] = {}

    def note(self, code: str, line: int, message: str) -> None:
        self.counts[code] = self.counts.get(code, 0) + 1
        if self.counts[code] <= MOST_PROBLEMS:
            self.listed.append(Problem(code, f"line {line}", message))
        elif self.counts[code] == MOST_PROBLEMS + 1:
            told = "There are more of these; mend those that are listed first."
            self.listed.append(Problem(code, f"line {line}", told))


def _read_rows(path: Path, timezone: datetime.tzinfo) -> Columns:
    """Read row by row; every problem is found."""
    rows = _numbered_rows(path)
    header, _ = next(rows)
    places = {name: header.index(name) for name in COLUMNS if name in header}
    problems = _Problems()
    made = Columns.empty()
    codes: dict[str, dict[str, int]] = {"zone": {}, "person": {}, "reader": {}}
    times: dict[str, int] = {}
    for row, line in rows:
        cells = {name: row[at] if at < len(row) else "" for name, at in places.items()}
        if len(row) > len(header):
            problems.note("FIELD_COUNT", line, "The row has more fields than the header.")
            continue
        sound = _is_sound(cells, line, problems)
        time = _time(cells["time"], timezone, times, line, problems)
        seq = _seq(cells.get("seq", ""), line, problems)
        if not sound or time is None or seq is None:
            continue
        made.time_ns.append(time)
        for name in ("zone", "person", "reader"):
            known = codes[name]
            getattr(made, name).append(known.setdefault(cells[name], len(known)))
        made.entering.append(DIRECTIONS[cells["direction"]])
        made.seq.append(seq[0])
        made.counted.append(seq[1])
        made.line.append(line)
    raise_problems(problems.listed)
    return made.finished(*(list(codes[name]) for name in ("zone", "person", "reader")))


def _is_sound(cells: dict[str, str], line: int, problems: _Problems) -> bool:
    """Return whether the fields of a row may stand, noting what may not."""
    before = sum(problems.counts.values())
    for name in ("zone", "person", "reader"):
        text = cells[name]
        if not text.strip():
            problems.note("EMPTY_FIELD", line, f"The field {name} is empty.")
        elif len(text) > NAME_LENGTH:
            problems.note("NAME", line, f"The {name} is longer than {NAME_LENGTH} characters.")
        elif any(unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") for sign in text):
            problems.note("NAME", line, f"The {name} has control characters in it.")
    if not cells["direction"].strip():
        problems.note("EMPTY_FIELD", line, "The field direction is empty.")
    elif cells["direction"] not in DIRECTIONS:
        problems.note("DIRECTION", line, "The direction must be in or out.")
    return sum(problems.counts.values()) == before


def _time(
    text: str, timezone: datetime.tzinfo, known: dict[str, int], line: int, problems: _Problems
) -> int | None:
    if not text.strip():
        problems.note("EMPTY_FIELD", line, "The field time is empty.")
        return None
    if text in known:
        return known[text]
    try:
        found = time_ns(text, timezone)
    except UnreadableTimeError as error:
        problems.note(error.code, line, str(error))
        return None
    if len(known) < 1_000_000:
        known[text] = found
    return found


def _seq(text: str, line: int, problems: _Problems) -> tuple[int, bool] | None:
    """Return the sequence number, and whether it was given."""
    if not text.strip():
        return line, False
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal()):
        problems.note("TYPE", line, "The sequence number must be a whole number, or empty.")
        return None
    if len(digits) > 18 or abs(int(text)) >= _SEQ_LIMIT:
        problems.note("NUMBER_SIZE", line, "The sequence number has too many digits.")
        return None
    return int(text), True


def _sorted(columns: Columns, warnings: list[Warning]) -> AccessLog:
    """Return the records in order, each once."""
    order = _order(columns)
    if order is not None:
        columns = columns.taken(order)
    again = _again(columns)
    if again.size:
        told = "The same row stands in the file before; it was counted once."
        lines = np.sort(columns.line[again])
        warnings += [Warning("DUPLICATE_EVENT", f"line {line}", told) for line in lines.tolist()]
        keep = np.ones(len(columns.line), dtype=bool)
        keep[again] = False
        columns = columns.taken(np.flatnonzero(keep))
    last = int(columns.time_ns[-1]) if len(columns.time_ns) else None
    return AccessLog(
        *(columns.time_ns, columns.zone, columns.person, columns.reader, columns.entering),
        *(columns.seq, columns.line, columns.zones, columns.persons, columns.readers),
        *(last, tuple(warnings)),
    )


def _order(columns: Columns) -> np.ndarray | None:
    """Return the order by time, sequence number and line; None: they stand so."""
    time, seq, line = columns.time_ns, columns.seq, columns.line
    if len(time) < 2:
        return None
    step = np.diff(time)
    if (step >= 0).all():
        tied = np.flatnonzero(step == 0)
        if (seq[tied + 1] >= seq[tied]).all():
            same = tied[seq[tied + 1] == seq[tied]]
            if (line[same + 1] > line[same]).all():
                return None
    return np.lexsort((line, seq, time))


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
