"""Records of evidence from a file that somebody keeps: CSV, JSON or TOML, in UTF-8.

A file holds records of one kind; the column with their names says which: ``test``,
``maintenance``, ``measure`` or ``alarm``. In CSV the first row names the columns; JSON is a list
of objects, TOML has tables ``[[row]]``. All that is wrong is told at once with its place.
"""

from __future__ import annotations

import datetime
import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keiryo.dates import DateError, parse_date
from keiryo.errors import Finding, Severity
from keiryo.security_evidence.kinds import ALARM, BASIS, KINDS, Kind, moment, told
from keiryo.sheet_text import (
    SheetTextError,
    column_name,
    csv_lines,
    plain,
    text_of,
    unprotected,
)

SENSITIVE = frozenset(
    {"trials", "successes", "p_detection", "delay", "mean_s", "sd_s", "delay_mean_s", "delay_sd_s"}
)
"""Columns whose content has no place in the books."""
MAX_TEXT = 2_000
_YES_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class FileOfRecords:
    """What a file holds: records of one kind, and everything that is wrong with it."""

    kind: Kind
    rows: tuple[Mapping[str, Any], ...]
    findings: tuple[Finding, ...]


def read_file(
    name: str, content: bytes, *, facility: str | None = None, zone: str | None = None
) -> FileOfRecords:
    """Read a file of records.

    Parameters
    ----------
    name : str
        Its ending says what it is: ``.json``, ``.toml``, anything else is CSV.
    content : bytes
    facility : str, optional
        The facility of rows that name none.
    zone : str, optional
        IANA name of the time zone of moments without an offset.
    """
    try:
        raw = list(_raw_rows(name, content))
    except _FileError as error:
        found = _finding("EVIDENCE-TABLE", error.message, error.advice, name, error.line)
        return FileOfRecords(ALARM, (), (found,))
    columns = list(dict.fromkeys(column for _line, row in raw for column in row))
    kinds = [one for one in KINDS.values() if one.id in columns]
    if len(kinds) != 1 or not raw:
        words = "the file has no rows" if not raw else "no one column says what the records are"
        advice = "One column is named test, maintenance, measure or alarm and names the records."
        found = _finding("EVIDENCE-TABLE", words, advice, name)
        return FileOfRecords(ALARM, (), (found,))
    kind = kinds[0]
    known = ("facility", *kind.fields, "reason")
    findings = [_odd(one, known, name) for one in columns if one not in known]
    rows = []
    for line, given in raw:
        row, wrong = _read_row(kind, known, given, zone)
        row["facility"] = row.get("facility") or facility
        if row["facility"] is None:
            wrong.append(("facility is missing", "Fill in the facility, or name one for all."))
        findings += [_finding("EVIDENCE-CELL", *one, name, line) for one in wrong]
        if not wrong:
            rows.append({**row, "line": line})
    return FileOfRecords(kind, tuple(rows), tuple(findings))


def _odd(column: str, known: Sequence[str], name: str) -> Finding:
    if column in SENSITIVE:
        return _finding(
            "EVIDENCE-SENSITIVE",
            f"the column {column} has no place in the books",
            "Take it out: numbers from which the value of an element follows are kept in the "
            "sealed store; name its record in counts_ref or values_ref.",
            name,
        )
    advice = f"The columns are {', '.join(known)}."
    return _finding("EVIDENCE-TABLE", f"the column {column[:40]!r} is not known", advice, name)


def _read_row(
    kind: Kind, known: Sequence[str], given: Mapping[str, Any], zone: str | None
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    row: dict[str, Any] = {}
    wrong = []
    for column in known:
        try:
            row[column] = _value(kind, column, given.get(column), zone)
        except _FileError as error:
            wrong.append((f"{told(column)}: {error.message}", error.advice))
    if not wrong and row[kind.id] is None:
        wrong.append((f"{kind.id} is missing", "Give every record its name."))
    return row, wrong


def _value(kind: Kind, column: str, value: Any, zone: str | None) -> Any:
    if isinstance(value, list) and column in kind.lists:
        if not all(isinstance(one, str) for one in value):
            raise _FileError("not every name is a text", "Write a list of texts.")
        value = " ".join(value)
    if column == "two_person" and isinstance(value, str) and value:
        if value.lower() not in _YES_NO:
            raise _FileError("it is neither yes nor no", "Write yes or no.")
        return _YES_NO[value.lower()]
    if value is None or value == "" or (column == "two_person" and isinstance(value, bool)):
        return None if value == "" else value
    if isinstance(value, datetime.date):
        value = value.isoformat()
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise _FileError("a short text belongs here", "Write a text, or leave it out.")
    if column in kind.days:
        try:
            return parse_date(value)
        except DateError:
            raise _FileError("this is no day", "Write a day as in 2027-05-31.") from None
    return moment(value, zone) if column in kind.moments else value


class _FileError(Exception):
    def __init__(self, message: str, advice: str, line: int | None = None) -> None:
        super().__init__(message)
        self.message, self.advice, self.line = message, advice, line


def _raw_rows(name: str, content: bytes) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        text = text_of(content)
        if name.lower().endswith((".json", ".toml")):
            yield from enumerate(_objects(name, text), start=1)
            return
        lines = csv_lines(text)
    except SheetTextError as error:
        raise _FileError(error.message, error.advice) from None
    header = [column_name(cell) for cell in lines[0][1]]
    named = [one for one in header if one]
    if len(set(named)) < len(named):
        raise _FileError("a column stands there twice", "Remove or rename it.", lines[0][0])
    for number, cells in lines[1:]:
        if any(cell.strip() for cell in cells[len(header) :]):
            words = f"the row has more values than the first row has columns ({len(header)})"
            raise _FileError(words, "Put a text with a comma in quotation marks.", number)
        pairs = zip(header, cells, strict=False)
        yield number, {k: plain(unprotected(cell)) for k, cell in pairs if k}


def _objects(name: str, text: str) -> list[dict[str, Any]]:
    try:
        if name.lower().endswith(".json"):
            data = json.loads(text, object_pairs_hook=_object)
        else:
            data = tomllib.loads(text).get("row")
    except (ValueError, RecursionError):
        kind = name.rpartition(".")[2].upper()
        raise _FileError(f"the file is no {kind}", "Check it with an editor.") from None
    if not isinstance(data, list) or not all(isinstance(one, dict) for one in data):
        words = "the file holds no list of rows"
        raise _FileError(words, "JSON: a list of objects; TOML: tables [[row]].")
    return data


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("the same key twice")
    return made


def _finding(code: str, message: str, advice: str, file: str, line: int | None = None) -> Finding:
    return Finding(code, Severity.FORMAT, message, advice, file=file, line=line, basis=BASIS)
