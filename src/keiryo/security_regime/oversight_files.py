"""Rows of records and steps from a file that somebody keeps: CSV, JSON or TOML, in UTF-8.

In CSV the first row names the columns; JSON is a list of objects, TOML has tables ``[[row]]``.
Every row is read, and all that is wrong is told at once with its place.
"""

from __future__ import annotations

import datetime
import json
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from keiryo.dates import DateError, parse_date
from keiryo.errors import Finding, Severity
from keiryo.security_regime.oversight_record import BASIS
from keiryo.sheet_text import (
    SheetTextError,
    column_name,
    csv_lines,
    plain,
    text_of,
    unprotected,
)

MAX_TEXT = 20_000
_Raw = tuple[int, str, Mapping[str, Any]]
"""Line, where values stand in words, and values by column."""


@dataclass(frozen=True, slots=True)
class Table:
    """What the rows of a file hold.

    Attributes
    ----------
    columns : tuple of str
        All of them.
    needed : tuple of str
        Those that no row lacks.
    days : frozenset of str
        Those with a day.
    lists : frozenset of str
        Those with several names: joined by a space, or a list in JSON and TOML.
    table_finding, cell_finding : callable
        Make the finding that a file, or a value in it, cannot be read.
    """

    columns: tuple[str, ...]
    needed: tuple[str, ...]
    days: frozenset[str]
    lists: frozenset[str]
    table_finding: Callable[[str, str], Finding]
    cell_finding: Callable[[str, str], Finding]


def read_rows(
    table: Table, name: str, content: bytes
) -> tuple[list[dict[str, Any]], list[Finding]]:
    """Return the rows of a file that could be read, and everything that is wrong.

    Parameters
    ----------
    table : Table
    name : str
        Name of the file; its ending says what it is.
    content : bytes
    """
    try:
        raw = list(_raw_rows(name, content))
    except _FileError as error:
        found = replace(table.table_finding(error.message, error.advice), file=name)
        return [], [replace(found, line=error.line)]
    known = f"The columns are {', '.join(table.columns)}."
    odd = sorted({column for _line, _where, row in raw for column in row} - set(table.columns))
    findings = [
        replace(table.table_finding(f"{one[:60]!r} is not known here", known), file=name)
        for one in odd
    ]
    if not raw:
        words = "the file has no rows"
        findings.append(replace(table.table_finding(words, known), file=name))
    rows = []
    for line, where, given in raw:
        row, wrong = _read_row(table, given)
        findings += [replace(one, file=name, line=line, cell=where or None) for one in wrong]
        if not wrong:
            rows.append({**row, "line": line})
    return rows, findings


def _read_row(table: Table, given: Mapping[str, Any]) -> tuple[dict[str, Any], list[Finding]]:
    row, wrong = {}, []
    for column in table.columns:
        value = given.get(column)
        try:
            row[column] = _value(table, column, value)
        except _FileError as error:
            wrong.append(table.cell_finding(f"{column}: {error.message}", error.advice))
            continue
        if row[column] is None and column in table.needed:
            wrong.append(table.cell_finding(f"{column} is missing", f"Fill in the {column}."))
    return row, wrong


def _value(table: Table, column: str, value: Any) -> Any:
    if isinstance(value, list) and column in table.lists:
        if not all(isinstance(one, str) for one in value):
            raise _FileError("not every name is a text", "Write a list of texts.")
        value = " ".join(value)
    if value is None or value == "":
        return None
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        value = value.isoformat()
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise _FileError("a short text belongs here", "Write a text, or leave it out.")
    if column in table.days:
        try:
            return parse_date(value)
        except DateError:
            raise _FileError("this is no day", "Write a day as in 2027-05-31.") from None
    return " ".join(value.split()) if column in table.lists else value


class _FileError(Exception):
    def __init__(self, message: str, advice: str, line: int | None = None) -> None:
        super().__init__(message)
        self.message, self.advice, self.line = message, advice, line


def _raw_rows(name: str, content: bytes) -> Iterator[_Raw]:
    try:
        text = text_of(content)
        if name.lower().endswith((".json", ".toml")):
            yield from _objects(name, text)
            return
        lines = csv_lines(text)
    except SheetTextError as error:
        raise _FileError(error.message, error.advice) from None
    header = [column_name(cell) for cell in lines[0][1]]
    if len(set(header)) < len(header):
        raise _FileError("a column stands there twice", "Remove or rename it.", lines[0][0])
    for number, cells in lines[1:]:
        if any(cell.strip() for cell in cells[len(header) :]):
            told = f"the row has more values than the first row has columns ({len(header)})"
            raise _FileError(told, "Put a text with a comma in quotation marks.", number)
        pairs = zip(header, cells, strict=False)
        yield number, "", {k: plain(unprotected(cell)) for k, cell in pairs if k}


def _objects(name: str, text: str) -> Iterator[_Raw]:
    try:
        if name.lower().endswith(".json"):
            data = json.loads(text, object_pairs_hook=_object)
        else:
            data = tomllib.loads(text).get("row")
    except (ValueError, RecursionError):
        kind = name.rpartition(".")[2].upper()
        raise _FileError(f"the file is no {kind}", "Check it with an editor.") from None
    if not isinstance(data, list) or not all(isinstance(one, dict) for one in data):
        told = "the file holds no list of rows"
        raise _FileError(told, "JSON: a list of objects; TOML: tables [[row]].")
    for number, one in enumerate(data, start=1):
        yield number, f"row {number}", one


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("the same key twice")
    return made


def plan_table(columns: tuple[str, ...], needed: tuple[str, ...]) -> Table:
    """Return a table about plans."""
    days = frozenset({"valid_from", "valid_until", "review_on", "on"})
    return Table(columns, needed, days, frozenset(), _plan_table, _plan_cell)


def inspection_table(columns: tuple[str, ...], needed: tuple[str, ...]) -> Table:
    """Return a table about inspections."""
    days = frozenset({"planned_from", "planned_to", "performed_from", "on"})
    lists = frozenset({"team", "requirements"})
    return Table(columns, needed, days, lists, _inspection_table, _inspection_cell)


def finding_table(columns: tuple[str, ...], needed: tuple[str, ...]) -> Table:
    """Return a table about findings."""
    days = frozenset({"raised_on", "due", "done_on", "on"})
    return Table(columns, needed, days, frozenset({"evidence"}), _finding_table, _finding_cell)


def checklist_table() -> Table:
    """Return the table of a checklist of requirements."""
    columns = ("requirement_ref", "title", "source", "status")
    return Table(columns, columns[:3], frozenset(), frozenset(), _list_table, _list_cell)


def _plan_table(message: str, advice: str) -> Finding:
    return _finding("PLAN-TABLE", message, advice)


def _plan_cell(message: str, advice: str) -> Finding:
    return _finding("PLAN-CELL", message, advice)


def _inspection_table(message: str, advice: str) -> Finding:
    return _finding("SECINSP-TABLE", message, advice)


def _inspection_cell(message: str, advice: str) -> Finding:
    return _finding("SECINSP-CELL", message, advice)


def _finding_table(message: str, advice: str) -> Finding:
    return _finding("SECFIND-TABLE", message, advice)


def _finding_cell(message: str, advice: str) -> Finding:
    return _finding("SECFIND-CELL", message, advice)


def _list_table(message: str, advice: str) -> Finding:
    return _finding("CHECKLIST-TABLE", message, advice)


def _list_cell(message: str, advice: str) -> Finding:
    return _finding("CHECKLIST-CELL", message, advice)


def _finding(code: str, message: str, advice: str) -> Finding:
    return Finding(code, Severity.FORMAT, message, advice, basis=BASIS)
