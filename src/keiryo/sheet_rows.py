"""Records in a file that somebody keeps: CSV, JSON or TOML, in UTF-8.

In CSV the first row names the columns; JSON is a list of objects, TOML has tables ``[[row]]``.
Every row is read, and all that is wrong is told at once with its place. What the columns mean is
said by a `SheetTable`.
"""

from __future__ import annotations

import datetime
import json
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from keiryo.dates import DateError, parse_date
from keiryo.errors import Finding
from keiryo.sheet_text import (
    SheetTextError,
    column_name,
    csv_lines,
    plain,
    text_of,
    unprotected,
)

MAX_TEXT = 20_000
_YES_NO = {"yes": 1, "true": 1, "1": 1, "no": 0, "false": 0, "0": 0}


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row of a file.

    Attributes
    ----------
    line : int
        Its line in CSV, else its number.
    place : str
        Where it stands, in words; empty where the line says it.
    values : mapping
        By column: texts in CSV; numbers stand as texts in JSON, as they are written.
    """

    line: int
    place: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SheetTable:
    """What the rows of a file hold.

    Attributes
    ----------
    columns : tuple of str
        All of them.
    needed : tuple of str
        Those that no row lacks.
    table_finding, cell_finding : callable
        Make the finding that a file, or a value in it, cannot be read, of words and advice.
    days : frozenset of str
        Columns with a day.
    lists : frozenset of str
        Those with several names: joined by a space, or a list in JSON and TOML.
    wholes : frozenset of str
        Those with a whole number of 0 or more.
    flags : frozenset of str
        Those with yes or no, read as 1 or 0.
    """

    columns: tuple[str, ...]
    needed: tuple[str, ...]
    table_finding: Callable[[str, str], Finding]
    cell_finding: Callable[[str, str], Finding]
    days: frozenset[str] = frozenset()
    lists: frozenset[str] = frozenset()
    wholes: frozenset[str] = frozenset()
    flags: frozenset[str] = frozenset()

    def read(self, name: str, content: bytes) -> tuple[list[dict[str, Any]], list[Finding]]:
        """Return the rows of a file that could be read, and everything that is wrong.

        Parameters
        ----------
        name : str
            Name of the file; its ending says what it is.
        content : bytes
        """
        try:
            return self.read_rows(name, read_sheet(name, content))
        except SheetTextError as error:
            found = self.table_finding(error.message, error.advice)
            return [], [replace(found, file=name, line=error.line)]

    def read_rows(
        self, name: str, sheet: Sequence[SheetRow]
    ) -> tuple[list[dict[str, Any]], list[Finding]]:
        """Return the rows of a sheet that could be read, and everything that is wrong."""
        known = f"The columns are {', '.join(self.columns)}."
        odd = sorted({column for one in sheet for column in one.values} - set(self.columns))
        wrong = [f"{one[:60]!r} is not known here" for one in odd]
        if not sheet:
            wrong.append("the file has no rows")
        findings = [replace(self.table_finding(words, known), file=name) for words in wrong]
        rows = []
        for one in sheet:
            row, found = self._read_row(one.values)
            findings += [
                replace(bad, file=name, line=one.line, cell=one.place or None) for bad in found
            ]
            if not found:
                rows.append({**row, "line": one.line})
        return rows, findings

    def _read_row(self, given: Mapping[str, Any]) -> tuple[dict[str, Any], list[Finding]]:
        row, wrong = {}, []
        for column in self.columns:
            try:
                row[column] = self._value(column, given.get(column))
            except SheetTextError as error:
                wrong.append(self.cell_finding(f"{column}: {error.message}", error.advice))
                continue
            if row[column] is None and column in self.needed:
                wrong.append(self.cell_finding(f"{column} is missing", f"Fill in the {column}."))
        return row, wrong

    def _value(self, column: str, value: Any) -> Any:
        if isinstance(value, list) and column in self.lists:
            if not all(isinstance(one, str) for one in value):
                raise SheetTextError("not every name is a text", "Write a list of texts.")
            value = " ".join(value)
        if value is None or value == "":
            return None
        if isinstance(value, bool):
            value = "yes" if value else "no"
        elif isinstance(value, int):
            value = str(value)
        elif isinstance(value, datetime.date | datetime.time):  # TOML has them of its own
            value = value.isoformat()
        if not isinstance(value, str) or len(value) > MAX_TEXT:
            raise SheetTextError("a short text belongs here", "Write a text, or leave it out.")
        if column in self.days:
            return _day(value)
        if column in self.flags:
            return _flag(value)
        if column in self.wholes:
            return _whole(value)
        return " ".join(value.split()) if column in self.lists else value


def _day(text: str) -> datetime.date:
    try:
        return parse_date(text)
    except DateError:
        raise SheetTextError("this is no day", "Write a day as in 2027-05-31.") from None


def _flag(text: str) -> int:
    if text.lower() not in _YES_NO:
        raise SheetTextError("this is neither yes nor no", "Write yes or no.")
    return _YES_NO[text.lower()]


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise SheetTextError("this is no whole number", "Write digits only.")
    return int(text)


def read_sheet(name: str, content: bytes) -> list[SheetRow]:
    """Return the rows of a file.

    Parameters
    ----------
    name : str
        Its ending says what it is: ``.json``, ``.toml``, anything else is CSV.
    content : bytes

    Raises
    ------
    SheetTextError
        If the file as a whole cannot be read; with the line where it is known.
    """
    text = text_of(content)
    if name.lower().endswith((".json", ".toml")):
        return [
            SheetRow(number, f"row {number}", one)
            for number, one in enumerate(_objects(name, text), start=1)
        ]
    lines = csv_lines(text)
    header = [column_name(cell) for cell in lines[0][1]]
    named = [one for one in header if one]
    if len(set(named)) < len(named):
        raise SheetTextError("a column stands there twice", "Remove or rename it.", lines[0][0])
    rows = []
    for number, cells in lines[1:]:
        if any(cell.strip() for cell in cells[len(header) :]):
            words = f"the row has more values than the first row has columns ({len(header)})"
            raise SheetTextError(words, "Put a text with a comma in quotation marks.", number)
        pairs = zip(header, cells, strict=False)
        values = {column: plain(unprotected(cell)) for column, cell in pairs if column}
        rows.append(SheetRow(number, "", values))
    return rows


def _objects(name: str, text: str) -> list[dict[str, Any]]:
    try:
        if name.lower().endswith(".json"):
            data = json.loads(
                text,
                parse_int=str,
                parse_float=str,
                parse_constant=str,
                object_pairs_hook=_object,
            )
        else:
            data = tomllib.loads(text, parse_float=str).get("row")
    except (ValueError, RecursionError):
        kind = name.rpartition(".")[2].upper()
        raise SheetTextError(f"the file is no {kind}", "Check it with an editor.") from None
    if not isinstance(data, list) or not all(isinstance(one, dict) for one in data):
        words = "the file holds no list of rows"
        raise SheetTextError(words, "JSON: a list of objects; TOML: tables [[row]].")
    return data


def _object(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    listed = list(pairs)
    made = dict(listed)
    if len(made) < len(listed):
        raise ValueError("the same key twice")
    return made
