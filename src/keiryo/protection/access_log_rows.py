"""Records of access read row by row: everything that is wrong with a row is told, with its line."""

from __future__ import annotations

import codecs
import csv
import datetime
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from keiryo.protection.inputs import NAME_LENGTH, InputError, Problem, raise_problems
from keiryo.protection.instants import UnreadableTimeError, time_ns

REQUIRED = ("time", "zone", "person", "reader", "direction")
COLUMNS = (*REQUIRED, "seq")
NAMES = ("zone", "person", "reader")
DIRECTIONS = {"in": True, "out": False}
MOST_PROBLEMS = 1_000
"""Problems of one code that are listed; the next one says that there are more."""
_SEQ_LIMIT = 2**62
_TIMES_KEPT = 1_000_000


@dataclass(slots=True)
class Columns:
    """Records as they stand in a file; `counted` tells where a sequence number was given."""

    time_ns: Any = field(default_factory=list)
    zone: Any = field(default_factory=list)
    person: Any = field(default_factory=list)
    reader: Any = field(default_factory=list)
    entering: Any = field(default_factory=list)
    seq: Any = field(default_factory=list)
    counted: Any = field(default_factory=list)
    line: Any = field(default_factory=list)
    zones: list[str] = field(default_factory=list)
    persons: list[str] = field(default_factory=list)
    readers: list[str] = field(default_factory=list)

    def taken(self, places: np.ndarray) -> Columns:
        """Return the records at some places."""
        return Columns(
            **{name: getattr(self, name)[places] for name in KINDS},
            zones=self.zones,
            persons=self.persons,
            readers=self.readers,
        )


KINDS: dict[str, Any] = {
    "time_ns": np.int64,
    "zone": np.int32,
    "person": np.int32,
    "reader": np.int32,
    "entering": np.bool_,
    "seq": np.int64,
    "counted": np.bool_,
    "line": np.int64,
}


class Problems:
    """Collects problems, of each code so many at most."""

    def __init__(self) -> None:
        self.listed: list[Problem] = []
        self.counts: dict[str, int] = {}

    def note(self, code: str, line: int, message: str) -> None:
        """Note a problem of a line."""
        self.counts[code] = self.counts.get(code, 0) + 1
        if self.counts[code] <= MOST_PROBLEMS:
            self.listed.append(Problem(code, f"line {line}", message))
        elif self.counts[code] == MOST_PROBLEMS + 1:
            told = "There are more of these; mend those that are listed first."
            self.listed.append(Problem(code, f"line {line}", told))


class CarefulRows:
    """Records that were read row by row, and what is wrong with those that could not be.

    Parameters
    ----------
    header : list of str
    timezone : tzinfo
        Of times without an offset.
    """

    def __init__(self, header: list[str], timezone: datetime.tzinfo) -> None:
        self.width = len(header)
        self.places = {name: header.index(name) for name in COLUMNS if name in header}
        self.timezone = timezone
        self.problems = Problems()
        self.made = Columns()
        self.codes: dict[str, dict[str, int]] = {name: {} for name in NAMES}
        self._times: dict[str, int] = {}

    def add_row(self, row: list[str], line: int) -> None:
        """Add a row of the file."""
        if len(row) > self.width:
            self.problems.note("FIELD_COUNT", line, "The row has more fields than the header.")
            return
        self.add({name: row[at] if at < len(row) else "" for name, at in self.places.items()}, line)

    def add(self, cells: dict[str, str], line: int) -> None:
        """Add a row of which the known columns are given."""
        sound = self._is_sound(cells, line)
        time = self._time(cells["time"], line)
        seq = self._seq(cells.get("seq", ""), line)
        if not sound or time is None or seq is None:
            return
        made = self.made
        made.time_ns.append(time)
        for name, known in self.codes.items():
            getattr(made, name).append(known.setdefault(cells[name], len(known)))
        made.entering.append(DIRECTIONS[cells["direction"]])
        made.seq.append(seq[0])
        made.counted.append(seq[1])
        made.line.append(line)

    def taken(self) -> dict[str, np.ndarray]:
        """Return the records by columns, and begin anew."""
        made, self.made = self.made, Columns()
        return {name: np.asarray(getattr(made, name), dtype=kind) for name, kind in KINDS.items()}

    def names(self) -> list[list[str]]:
        """Return the zones, the persons and the readers."""
        return [list(known) for known in self.codes.values()]

    def _is_sound(self, cells: dict[str, str], line: int) -> bool:
        """Return whether the fields of a row may stand, noting what may not."""
        wrong = []
        for name in NAMES:
            text = cells[name]
            if not text.strip():
                wrong.append(("EMPTY_FIELD", f"The field {name} is empty."))
            elif len(text) > NAME_LENGTH:
                wrong.append(("NAME", f"The {name} is longer than {NAME_LENGTH} characters."))
            elif not is_plain(text):
                wrong.append(("NAME", f"The {name} has control characters in it."))
        if not cells["direction"].strip():
            wrong.append(("EMPTY_FIELD", "The field direction is empty."))
        elif cells["direction"] not in DIRECTIONS:
            wrong.append(("DIRECTION", "The direction must be in or out."))
        for code, told in wrong:
            self.problems.note(code, line, told)
        return not wrong

    def _time(self, text: str, line: int) -> int | None:
        if not text.strip():
            self.problems.note("EMPTY_FIELD", line, "The field time is empty.")
            return None
        if text in self._times:
            return self._times[text]
        try:
            found = time_ns(text, self.timezone)
        except UnreadableTimeError as error:
            self.problems.note(error.code, line, str(error))
            return None
        if len(self._times) < _TIMES_KEPT:
            self._times[text] = found
        return found

    def _seq(self, text: str, line: int) -> tuple[int, bool] | None:
        """Return the sequence number, and whether it was given."""
        if not text.strip():
            return line, False
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdecimal()):
            told = "The sequence number must be a whole number, or empty."
            self.problems.note("TYPE", line, told)
            return None
        if len(digits) > 18 or abs(int(text)) >= _SEQ_LIMIT:
            self.problems.note("NUMBER_SIZE", line, "The sequence number has too many digits.")
            return None
        return int(text), True


def is_plain(text: str) -> bool:
    """Return whether a name has no control characters in it."""
    return text.isprintable() or not any(
        unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") for sign in text
    )


def numbered_rows(path: Path) -> Iterator[tuple[list[str], int, int]]:
    """Yield the rows of a file with the first and the last line of each; empty lines are none."""
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
                    yield row, first, line
    except csv.Error:
        raise quotes_error(line + 1) from None
    except OSError as error:
        told = f"The file cannot be read: {error.strerror or 'no reason given'}."
        raise InputError([Problem("FILE", "", told)]) from error


def _lines(stream: Any) -> Iterator[str]:
    for number, content in enumerate(stream, 1):
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            raise encoding_error(number) from None
        yield text.removeprefix(codecs.BOM_UTF8.decode()) if number == 1 else text


def quotes_error(line: int) -> InputError:
    """Return what is told of a row that is not one of a CSV file."""
    told = "The quotes or the length of this field are not those of a CSV file."
    return InputError([Problem("SYNTAX", f"line {line}", told)])


def encoding_error(line: int) -> InputError:
    """Return what is told of a line that is not text."""
    return InputError([Problem("ENCODING", f"line {line}", "The file is not in UTF-8.")])


def read_rows(path: Path, timezone: datetime.tzinfo) -> Columns:
    """Read a file row by row; every problem is found.

    Raises
    ------
    InputError
        With everything that is wrong in it.
    """
    rows = numbered_rows(path)
    header, *_ = next(rows)
    careful = CarefulRows(header, timezone)
    for row, line, _ in rows:
        careful.add_row(row, line)
    raise_problems(careful.problems.listed)
    zones, persons, readers = careful.names()
    made: dict[str, Any] = careful.taken()
    return Columns(**made, zones=zones, persons=persons, readers=readers)
