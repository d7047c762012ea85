"""Lists that an inspector brings: items, strata, paired results, shipments; as CSV files.

Everything that is wrong in a list is said at once, with its line. Units stand in the column names
(``operator_kg``); a list in another unit, or with element and compound weights mixed, is refused
and never converted silently.
"""

from __future__ import annotations

import csv
import difflib
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from keiryo.errors import Finding, Severity, UsageError

MAX_BYTES = 500_000_000
"""Largest list that is read."""

_OTHER_UNITS = ("_g", "_mg", "_t", "_lb")
_SIGNS = {"+": 1, "+1": 1, "1": 1, "-": -1, "-1": -1, "−": -1, "−1": -1}
_MAX_FINDINGS = 200


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "a text"
    WEIGHT = "a weight in kg, 0 or more"
    CONTENT = "a weight in kg, above 0"
    COUNT = "a whole number, 0 or more"
    SD = "a relative standard deviation from 0 to 1, e.g. 0.005 for 0.5 %"
    SIGN = "+1 or -1"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a list."""

    name: str
    kind: Kind
    required: bool = False


@dataclass(frozen=True, slots=True)
class ListRow:
    """A row of a list: its line in the file, and its values; None where there is none."""

    line: int
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ListFile:
    """A list that was read.

    Attributes
    ----------
    name : str
    columns : tuple of str
        The known columns that are there.
    rows : tuple of ListRow
        Rows that could be understood.
    findings : tuple of Finding
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[ListRow, ...]
    findings: tuple[Finding, ...]


def read_list(path: Path, columns: Sequence[Column], *, once: Sequence[str] = ()) -> ListFile:
    """Read a CSV file whose columns are known.

    Parameters
    ----------
    path : Path
        Comma, semicolon or tab between the fields, UTF-8, names of columns in the first line.
    columns : sequence of Column
    once : sequence of str
        Columns whose values together must not come twice.

    Returns
    -------
    ListFile
        With all findings.

    Raises
    ------
    UsageError
        If the file cannot be opened.
    """
    name = path.name
    text, problem = _text(path)
    if problem:
        return ListFile(name, (), (), (problem,))
    lines = _lines(text)
    if len(lines) < 2:
        words = "there is no row in the list" if lines else "the list is empty"
        advice = f"The first line names the columns: {', '.join(c.name for c in columns)}."
        return ListFile(name, (), (), (list_finding("LIST-EMPTY", words, advice, name),))
    header = [field.strip().lower() for field in lines[0][1]]
    findings = list(_header_findings(header, columns, name))
    if any(f.severity is Severity.FORMAT for f in findings):
        return ListFile(name, (), (), tuple(findings))
    rows: list[ListRow] = []
    for number, fields in lines[1:]:
        if len(fields) != len(header):
            words = f"the line has {len(fields)} fields, the heading {len(header)}"
            advice = "Look for a comma within a number or a name; put such a name in quotes."
            findings.append(list_finding("LIST-ROW", words, advice, name, number))
            continue
        given = dict(zip(header, (f.strip() for f in fields), strict=True))
        problems = list(_unit_findings(given, name, number))
        row = ListRow(number, {c.name: _value(c, given, name, number, problems) for c in columns})
        findings += problems
        if not problems:
            rows.append(row)
    findings += _twice(rows, once, name)
    findings += _basis(lines, header, name)
    there = tuple(c.name for c in columns if c.name in header)
    return ListFile(name, there, tuple(rows), shortened(findings, name))


def list_finding(
    code: str, message: str, advice: str, file: str | None, line: int | None = None, **more: Any
) -> Finding:
    """Return a finding about a list that cannot be used as it is."""
    return Finding(code, Severity.FORMAT, message, advice, file=file, line=line, **more)


def shortened(findings: Sequence[Finding], name: str) -> tuple[Finding, ...]:
    """Return the findings, of many only the first and how many more there are."""
    if len(findings) <= _MAX_FINDINGS:
        return tuple(findings)
    more = len(findings) - _MAX_FINDINGS
    words = f"{more} more findings are not shown"
    return (*findings[:_MAX_FINDINGS], list_finding("LIST-ROW", words, "Correct these.", name))


def _text(path: Path) -> tuple[str, Finding | None]:
    try:
        if path.stat().st_size > MAX_BYTES:
            words = f"{path} is larger than {MAX_BYTES // 10**6} MB"
            raise UsageError(words, "Give it in several files.")
        content = path.read_bytes()
    except OSError as error:
        words = f"{path} cannot be read: {error.strerror}"
        raise UsageError(words, "Give the path of a CSV file.") from error
    advice = "Save the list as CSV in UTF-8."
    if b"\0" in content:
        words = "this is no text but a binary file"
        return "", list_finding("LIST-UNREADABLE", words, advice, path.name)
    try:
        return content.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        words = "the text is not in UTF-8"
        return "", list_finding("LIST-UNREADABLE", words, advice, path.name, line)


def _lines(text: str) -> list[tuple[int, list[str]]]:
    """Return the lines that are not blank, with their numbers."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    found: list[tuple[int, list[str]]] = []
    begun = 1
    for fields in reader:
        if any(field.strip() for field in fields):
            found.append((begun, fields))
        begun = reader.line_num + 1
    return found


def _header_findings(
    header: Sequence[str], columns: Sequence[Column], name: str
) -> Iterable[Finding]:
    known = {c.name: c for c in columns} | {"unit": None, "basis": None}
    for twice in sorted({h for h in header if h in known and header.count(h) > 1}):
        words = f"the column {twice} is there twice"
        yield list_finding("LIST-TWICE", words, "Leave one of them out.", name, 1)
    for column in columns:
        stem = column.name.removesuffix("_kg")
        other = [stem + u for u in _OTHER_UNITS if stem + u in header]
        if stem != column.name and other:
            both = "beside" if column.name in header else "instead of"
            words = f"the column {other[0]} is there {both} {column.name}"
            advice = "Give all weights in kg of the element or isotope, in one column."
            yield list_finding(
                "LIST-UNIT", words, advice, name, 1, found=other[0], expected=column.name
            )
        elif column.required and column.name not in header:
            words = f"the column {column.name} is missing ({column.kind})"
            advice = f"The columns of this list: {', '.join(c.name for c in columns)}."
            yield list_finding("LIST-COLUMN-MISSING", words, advice, name, 1, expected=column.name)
    absent = [c.name for c in columns if c.name not in header]
    units = {c.removesuffix("_kg") + u for c in known for u in _OTHER_UNITS if c.endswith("_kg")}
    for unknown in [h for h in header if h and h not in known and h not in units]:
        near = difflib.get_close_matches(unknown, absent, 1, 0.85)
        if near:
            yield Finding(
                "LIST-COLUMN-SPELLING",
                Severity.WARNING,
                f"the column {unknown} is not known and was not used; was {near[0]} meant?",
                f"If so, write {near[0]}.",
                file=name,
                line=1,
                found=unknown,
                expected=near[0],
            )


def _value(
    column: Column, given: dict[str, str], name: str, line: int, problems: list[Finding]
) -> Any:
    text = given.get(column.name, "")
    if not text:
        if column.required:
            words = f"{column.name} is empty"
            advice = f"Give {column.kind}, or leave the line out."
            problems.append(list_finding("LIST-VALUE-MISSING", words, advice, name, line))
        return None
    if column.kind is Kind.TEXT:
        return text
    value = _SIGNS.get(text) if column.kind is Kind.SIGN else _number(text, column.kind)
    if value is None:
        problems.append(
            list_finding(
                "LIST-NUMBER",
                f"{column.name} is {text!r}; it must be {column.kind}",
                "Write the number alone, with a decimal point, without unit and thousands marks.",
                name,
                line,
                found=text,
                expected=str(column.kind),
            )
        )
    return value


def _number(text: str, kind: Kind) -> float | int | None:
    """Return a number of that kind, or None if it is none."""
    if kind is Kind.COUNT:
        return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
    if "_" in text:  # Python would read 1_000
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    if not math.isfinite(value) or value < 0:
        return None
    if (kind is Kind.CONTENT and value == 0) or (kind is Kind.SD and value > 1):
        return None
    return value


def _unit_findings(given: dict[str, str], name: str, line: int) -> Iterable[Finding]:
    unit = given.get("unit", "")
    if unit and unit != "kg":
        words = f"the unit is {unit!r}; weights are given in kg here"
        advice = "Convert the whole list to kg of the element or isotope."
        yield list_finding("LIST-UNIT", words, advice, name, line, found=unit, expected="kg")


def _basis(
    lines: Sequence[tuple[int, list[str]]], header: Sequence[str], name: str
) -> Iterable[Finding]:
    """Say where element and compound, or two isotopes, are mixed in one list."""
    if "basis" not in header:
        return
    place = header.index("basis")
    said = [(n, f[place].strip()) for n, f in lines[1:] if len(f) > place]
    for number, basis in said:
        if basis != said[0][1]:
            words = f"the basis is {basis or 'empty'!r}, further up it is {said[0][1]!r}"
            advice = "Give one list per element or isotope, on one basis."
            yield list_finding("LIST-UNIT", words, advice, name, number)
            return


def _twice(rows: Iterable[ListRow], once: Sequence[str], name: str) -> Iterable[Finding]:
    seen: dict[tuple[Any, ...], int] = {}
    for row in rows:
        key = tuple(row.values[c] for c in once)
        if not once or all(k is None for k in key):
            continue
        if key in seen:
            what = " ".join(str(k) for k in key if k is not None)
            words = f"{what} is in the list already, in line {seen[key]}"
            yield list_finding("LIST-TWICE", words, "Give everything once.", name, row.line)
        seen.setdefault(key, row.line)
