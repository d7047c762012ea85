"""Lists that an inspector brings: items, strata, paired results, shipments; as CSV files.

Everything that is wrong in a list is said at once, with its line. Units stand in the column names
(``operator_kg``); a list in another unit, or with element and compound weights mixed, is refused
and never converted silently.
"""

from __future__ import annotations

import csv
import difflib
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from keiryo.errors import Finding, Severity, UsageError
from keiryo.inspection.limits import MAX_ITEMS, MAX_KG, MIN_ITEM_KG, has_control, printable

MAX_BYTES = 500_000_000
"""Largest list that is read."""

_OTHER_UNITS = ("_g", "_mg", "_t", "_lb")
_SIGNS = {"+": 1, "+1": 1, "1": 1, "-": -1, "-1": -1, "−": -1, "−1": -1}
_MAX_FINDINGS = 200
_SHARED_TEXTS = 10_000  # texts that are kept once and not for every row
_PHYSICAL_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "a text"
    WEIGHT = f"a weight in kg, from 0 to {MAX_KG:g}"
    CONTENT = f"a weight in kg, above 0 (from {MIN_ITEM_KG:g} to {MAX_KG:g})"
    COUNT = f"a whole number, from 0 to {MAX_ITEMS}"
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
    lines : list of int
        The lines of the rows that could be understood.
    values : dict
        Their values, column by column.
    findings : tuple of Finding
    """

    name: str
    columns: tuple[str, ...]
    lines: list[int]
    values: dict[str, list[Any]]
    findings: tuple[Finding, ...]

    @property
    def rows(self) -> tuple[ListRow, ...]:
        """The rows one by one; for long lists use the columns."""
        names = list(self.values)
        each = zip(self.lines, *self.values.values(), strict=True)
        return tuple(ListRow(n, dict(zip(names, v, strict=True))) for n, *v in each)

    def __len__(self) -> int:
        """Return the number of rows that could be understood."""
        return len(self.lines)


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
    name = printable(path.name)
    text, problem = _text(path)
    if problem:
        return _unusable(name, [problem], columns)
    reader, findings = _Records(text), list[Finding]()
    listed = ListFile(name, (), [], {c.name: [] for c in columns}, ())
    try:
        header = _read_rows(reader, columns, listed, findings)
    except csv.Error as error:
        words = f"the line cannot be read: {error}"
        advice = "Look for a quotation mark that is not closed, or a field of enormous length."
        findings.append(list_finding("LIST-UNREADABLE", words, advice, name, reader.line))
        return _unusable(name, findings, columns)
    if header is None:
        return _unusable(name, findings, columns)
    if reader.count < 2:
        words = "there is no row in the list" if reader.count else "the list is empty"
        advice = f"The first line names the columns: {', '.join(c.name for c in columns)}."
        findings = [list_finding("LIST-EMPTY", words, advice, name)]
        return _unusable(name, findings, columns)
    findings += _twice(listed.lines, [listed.values[c] for c in once], name)
    there = tuple(c.name for c in columns if c.name in header)
    return replace(listed, columns=there, findings=shortened(findings, name))


def _read_rows(
    reader: _Records, columns: Sequence[Column], listed: ListFile, findings: list[Finding]
) -> list[str] | None:
    """Add rows and findings; return the heading, or None if nothing can be read under it."""
    header: list[str] = []
    texts: dict[str, str] = {}
    bases: list[tuple[int, str]] = []
    name = listed.name
    for number, fields in reader:
        if not header:
            header = [printable(field.strip().lower()) for field in fields]
            findings += _header_findings(header, columns, name)
            if any(f.severity is Severity.FORMAT for f in findings):
                return None
            continue
        if len(fields) != len(header):
            words = f"the line has {len(fields)} fields, the heading {len(header)}"
            advice = "Look for a comma within a number or a name; put such a name in quotes."
            findings.append(list_finding("LIST-ROW", words, advice, name, number))
            continue
        given = dict(zip(header, (f.strip() for f in fields), strict=True))
        problems = list(_unit_findings(given, name, number))
        row = [_value(c, given, name, number, problems) for c in columns]
        if "basis" in given:
            bases.append((number, given["basis"]))
        findings += problems
        if not problems:
            listed.lines.append(number)
            for column, value in zip(columns, row, strict=True):
                listed.values[column.name].append(_shared(value, texts))
    findings += _basis(bases, name)
    return header


def _unusable(name: str, findings: Sequence[Finding], columns: Sequence[Column]) -> ListFile:
    """Return a list without rows."""
    return ListFile(name, (), [], {c.name: [] for c in columns}, shortened(findings, name))


def _shared(value: Any, texts: dict[str, str]) -> Any:
    """Return a text that was there before as the same object; a stratum has many items."""
    if not isinstance(value, str) or (value not in texts and len(texts) >= _SHARED_TEXTS):
        return value
    return texts.setdefault(value, value)


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
            words = f"{printable(str(path))} is larger than {MAX_BYTES // 10**6} MB"
            raise UsageError(words, "Give it in several files.")
        content = path.read_bytes()
    except OSError as error:
        words = f"{printable(str(path))} cannot be read: {error.strerror}"
        raise UsageError(words, "Give the path of a CSV file.") from error
    advice = "Save the list as CSV in UTF-8."
    if b"\0" in content:
        words = "this is no text but a binary file"
        return "", list_finding("LIST-UNREADABLE", words, advice, printable(path.name))
    try:
        return content.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        words = "the text is not in UTF-8"
        return "", list_finding("LIST-UNREADABLE", words, advice, printable(path.name), line)


class _Records:
    """The records of a text that are not blank, with the lines at which they begin."""

    def __init__(self, text: str) -> None:
        first = next((line for line in self._physical(text) if line.strip()), "")
        self._reader = csv.reader(self._physical(text), delimiter=max(",;\t", key=first.count))
        self.line = 1
        self.count = 0

    @staticmethod
    def _physical(text: str) -> Iterator[str]:
        return (found[0] for found in _PHYSICAL_LINE.finditer(text))

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        for fields in self._reader:
            begun, self.line = self.line, self._reader.line_num + 1
            if any(field.strip() for field in fields):
                self.count += 1
                yield begun, fields


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
        if has_control(text):
            words = f"{column.name} has control characters: {printable(text[:80])}"
            advice = "Write the name in one line, in letters, digits and signs that can be seen."
            problems.append(list_finding("LIST-CONTROL-CHARACTER", words, advice, name, line))
        return text
    value = _SIGNS.get(text) if column.kind is Kind.SIGN else _number(text, column.kind)
    if value is None:
        problems.append(
            list_finding(
                "LIST-NUMBER",
                f"{column.name} is {text[:80]!r}; it must be {column.kind}",
                "Write the number alone, with a decimal point, without unit and thousands marks.",
                name,
                line,
                found=printable(text[:80]),
                expected=str(column.kind),
            )
        )
    return value


def _number(text: str, kind: Kind) -> float | int | None:
    """Return a number of that kind, or None if it is none."""
    if kind is Kind.COUNT:
        if not (text.isascii() and text.isdigit() and len(text) < 16):
            return None
        return int(text) if int(text) <= MAX_ITEMS else None
    if "_" in text:  # Python would read 1_000
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    least = MIN_ITEM_KG if kind is Kind.CONTENT else 0.0
    most = 1.0 if kind is Kind.SD else MAX_KG
    if not (math.isfinite(value) and least <= value <= most):
        return None
    return abs(value)  # and not −0.0


def _unit_findings(given: dict[str, str], name: str, line: int) -> Iterable[Finding]:
    unit = given.get("unit", "")
    if unit and unit != "kg":
        words = f"the unit is {unit[:80]!r}; weights are given in kg here"
        advice = "Convert the whole list to kg of the element or isotope."
        yield list_finding(
            "LIST-UNIT", words, advice, name, line, found=printable(unit), expected="kg"
        )


def _basis(said: Sequence[tuple[int, str]], name: str) -> Iterable[Finding]:
    """Say where element and compound, or two isotopes, are mixed in one list."""
    for number, basis in said:
        if basis != said[0][1]:
            words = f"the basis is {basis[:80] or 'empty'!r}, further up it is {said[0][1][:80]!r}"
            advice = "Give one list per element or isotope, on one basis."
            yield list_finding("LIST-UNIT", words, advice, name, number)
            return


def _twice(lines: Sequence[int], keys: Sequence[list[Any]], name: str) -> Iterable[Finding]:
    """Say which rows have the same values in the columns that must not repeat."""
    if not keys or len(set(zip(*keys, strict=True))) == len(lines):
        return
    seen: dict[tuple[Any, ...], int] = {}
    for line, *values in zip(lines, *keys, strict=True):
        key = tuple(values)
        if all(k is None for k in key):
            continue
        if key in seen:
            what = " ".join(str(k) for k in key if k is not None)
            words = f"{what} is in the list already, in line {seen[key]}"
            yield list_finding("LIST-TWICE", words, "Give everything once.", name, line)
        seen.setdefault(key, line)
