"""Rows of texts from a CSV or JSON file, with the place of each, for the readers of this folder.

JSON is a list of objects, or an object with one list in it, as control systems export it. A value
that is no text is read as it is written; null and a missing key are empty.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from keiryo.protection.inputs import InputError, Problem, raise_problems, read_text

LARGEST_BYTES = 2 * 1024**3
"""A larger CSV file is refused: export a shorter time."""
MOST_PROBLEMS = 1_000
"""Problems of one code that are listed; the next one says that there are more."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of texts.

    Attributes
    ----------
    frame : polars.DataFrame
        The wanted columns under their own names, and `place`: the line of a CSV file, the number
        of the record in a JSON file.
    pointer : str
        ``line`` or ``record``.
    extra : tuple of str
        Columns that are not known.
    sha256 : str
        Of the file.
    """

    frame: pl.DataFrame
    pointer: str
    extra: tuple[str, ...]
    sha256: str

    def at(self, place: Any) -> str:
        """Return the pointer of a row."""
        return f"{self.pointer} {place}"


class Problems:
    """Collects problems, of each code so many at most."""

    def __init__(self) -> None:
        self.listed: list[Problem] = []
        self.counts: dict[str, int] = {}

    def note(self, code: str, pointer: str, message: str) -> None:
        """Note a problem."""
        self.counts[code] = self.counts.get(code, 0) + 1
        if self.counts[code] <= MOST_PROBLEMS:
            self.listed.append(Problem(code, pointer, message))
        elif self.counts[code] == MOST_PROBLEMS + 1:
            told = "There are more of these; mend those that are listed first."
            self.listed.append(Problem(code, pointer, told))

    def note_rows(self, table: Table, code: str, wrong: pl.Expr, message: str) -> None:
        """Note a problem of each row for which an expression holds."""
        found = table.frame.filter(wrong)["place"]
        for place in found.head(MOST_PROBLEMS + 1):
            self.note(code, table.at(place), message)


def read_table(path: Path | str, columns: dict[str, str], required: Iterable[str]) -> Table:
    """Read the columns of a file.

    Parameters
    ----------
    path : Path or str
        Ends in .csv or .json.
    columns : dict
        Our name of each column, and its name in the file.
    required : iterable of str
        Our names of the columns that must be there.

    Raises
    ------
    InputError
        ``FILE``, ``ENCODING``, ``SYNTAX``, ``COLUMN_MISSING``, ``DUPLICATE_KEY``, ``FIELD_COUNT``
        and ``TYPE``, each with its place.
    """
    path = Path(path)
    kind = path.suffix.lower()
    if kind == ".json":
        text = read_text(path)
        return _from_json(text, columns, tuple(required), _digest(text.encode()))
    if kind != ".csv":
        raise InputError([Problem("FILE", "", "The file name must end in .csv or .json.")])
    return parse_csv(_content(path), columns, tuple(required))


def parse_json(content: bytes, columns: dict[str, str], required: Sequence[str]) -> Table:
    """Read columns from the content of a JSON file; raises as `read_table`."""
    return _from_json(_text(content), columns, required, _digest(content))


def parse_csv(content: bytes, columns: dict[str, str], required: Sequence[str]) -> Table:
    """Read columns from the content of a CSV file; raises as `read_table`."""
    text = _text(content)
    header = _header(text)
    _check_header(header, columns, required)
    wanted = {ours: theirs for ours, theirs in columns.items() if theirs in header}
    frame = _by_columns(content, text, header) if '"' not in text else None
    if frame is None:
        frame = _by_rows(text, header)
    made = frame.select(
        *(pl.col(f"c{header.index(theirs)}").alias(ours) for ours, theirs in wanted.items()),
        *(pl.lit("").alias(ours) for ours in columns if ours not in wanted),
        "place",
    )
    known = set(columns.values())
    return Table(made, "line", tuple(n for n in header if n not in known), _digest(content))


def _content(path: Path) -> bytes:
    try:
        if not path.is_file():  # a pipe would be waited for, without end
            told = "The file cannot be read: it is not there, or it is no regular file."
            raise InputError([Problem("FILE", "", told)])
        if path.stat().st_size > LARGEST_BYTES:
            told = "The file is larger than 2 GiB; export a shorter time."
            raise InputError([Problem("FILE", "", told)])
        return path.read_bytes()
    except OSError as error:
        told = f"The file cannot be read: {error.strerror or 'no reason given'}."
        raise InputError([Problem("FILE", "", told)]) from error


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(
            [Problem("ENCODING", f"line {line}", "The file is not in UTF-8.")]
        ) from None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _header(text: str) -> list[str]:
    first = text[: text.find("\n") + 1] or text
    try:
        return next(csv.reader([first], strict=True), [])
    except csv.Error:
        told = "The quotes of the header are not those of a CSV file."
        raise InputError([Problem("SYNTAX", "line 1", told)]) from None


def _check_header(header: list[str], columns: dict[str, str], required: Sequence[str]) -> None:
    problems = [
        Problem("COLUMN_MISSING", "line 1", f"The column of the {name} is missing.")
        for name in required
        if columns[name] not in header
    ]
    problems += [
        Problem("DUPLICATE_KEY", "line 1", f"The column of the {name} stands twice.")
        for name, theirs in columns.items()
        if header.count(theirs) > 1
    ]
    raise_problems(problems)


def _by_columns(content: bytes, text: str, header: list[str]) -> pl.DataFrame | None:
    """Return the rows of a file without quotes, or None if it wants a closer look."""
    if "\r" in text.replace("\r\n", "\n") or "\n\n" in text or "\r\n\r\n" in text:
        return None
    names = [f"c{place}" for place in range(len(header))]
    try:
        frame = pl.read_csv(
            io.BytesIO(content.removeprefix(codecs.BOM_UTF8)),
            has_header=False,
            skip_rows=1,
            new_columns=names,
            schema=dict.fromkeys(names, pl.String),
            quote_char=None,
            raise_if_empty=False,
        )
    except (pl.exceptions.PolarsError, OSError):
        return None
    lines = text.count("\n") + (not text.endswith("\n")) - 1
    if frame.height != lines:
        return None
    # no row has more fields than the header, so with all separators there none has fewer
    if text.count(",") != (len(header) - 1) * (lines + 1):
        return None
    return frame.fill_null("").with_row_index("place", 2)


def _by_rows(text: str, header: list[str]) -> pl.DataFrame:
    """Return the rows of a file, or raise with everything that is wrong with their form."""
    problems, rows, places, line = Problems(), [], [], 0
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            first, line = line + 1, reader.line_num
            if not row or first == 1:
                continue
            if len(row) != len(header):
                told = f"The row has {len(row)} fields and the header {len(header)}."
                problems.note("FIELD_COUNT", f"line {first}", told)
                continue
            rows.append(row)
            places.append(first)
    except csv.Error:
        told = "The quotes or the length of this field are not those of a CSV file."
        problems.note("SYNTAX", f"line {line + 1}", told)
    raise_problems(problems.listed)
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(header)
    made = {f"c{place}": pl.Series(values, dtype=pl.String) for place, values in enumerate(columns)}
    return pl.DataFrame(made).with_columns(pl.Series("place", places, dtype=pl.UInt32))


def _from_json(text: str, columns: dict[str, str], required: Sequence[str], sha256: str) -> Table:
    records = _records(text)
    problems = Problems()
    known, extra = set(columns.values()), dict[str, None]()
    made: dict[str, list[str]] = {name: [] for name in columns}
    for number, record in enumerate(records, 1):
        if not isinstance(record, dict):
            problems.note("TYPE", f"record {number}", "An object belongs here.")
            continue
        extra.update(dict.fromkeys(name for name in record if name not in known))
        for ours, theirs in columns.items():
            value = _value(record.get(theirs))
            if value is None:
                problems.note("TYPE", f"record {number}", f"The {ours} is no text or number.")
            made[ours].append(value or "")
    if records and not problems.listed:
        for name in required:
            if not any(columns[name] in record for record in records):
                told = f"No record has the key of the {name}."
                problems.note("COLUMN_MISSING", "record 1", told)
    raise_problems(problems.listed)
    frame = pl.DataFrame(
        {name: pl.Series(values, dtype=pl.String) for name, values in made.items()}
    )
    return Table(frame.with_row_index("place", 1), "record", tuple(extra), sha256)


def _records(text: str) -> list[Any]:
    try:
        value = json.loads(text, parse_float=Decimal, parse_constant=str, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        told = f"This is not JSON: {error.msg}."
        raise InputError([Problem("SYNTAX", f"line {error.lineno}", told)]) from None
    except (RecursionError, ValueError, ArithmeticError):
        raise InputError([Problem("SYNTAX", "line 1", "This cannot be read as JSON.")]) from None
    if isinstance(value, dict):
        lists = [one for one in value.values() if isinstance(one, list)]
        value = lists[0] if len(lists) == 1 else None
    if not isinstance(value, list):
        told = "A list of records belongs here, or an object with one list in it."
        raise InputError([Problem("TYPE", "", told)])
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        told = "The same key stands twice in one object."
        raise InputError([Problem("DUPLICATE_KEY", "", told)])
    return made


def _value(value: Any) -> str | None:
    """Return a value as text; None: it is none."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    return str(value)
