"""Tables that a measurement-control engineer edits: CSV from a spreadsheet, or TOML.

In CSV (UTF-8; commas, semicolons or tabs) the first row names the columns; in TOML every row is a
table such as ``[[source]]``. Both are read into the same texts, so that a decimal stays the
decimal that was written. Whatever cannot be read is a finding with file, line and cell, and all of
them are found at once. What the columns mean is said in `keiryo.measurement.forms`.
"""

from __future__ import annotations

import datetime
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from keiryo.dates import DateError, date_number, parse_date
from keiryo.errors import Finding, Severity
from keiryo.journal.model import Value
from keiryo.sheet_text import (
    MAX_ROWS,
    SheetTextError,
    column_letters,
    column_name,
    csv_lines,
    plain,
    text_of,
    unprotected,
)

FORMAT = "MEASUREMENT-FORMAT"
_DECIMAL = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?")
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table that is imported.

    Attributes
    ----------
    name : str
        Also the field of the line, unless the form makes something else of it.
    type : str
        ``text``, ``list`` (words with commas between), ``day``, ``whole`` (above zero), ``flag``
        (yes or no), ``amount`` (decimal), ``positive`` or ``not negative`` (decimal).
    required : bool
    words : tuple of str
        The only words allowed; empty: any.
    """

    name: str
    type: str = "text"
    required: bool = False
    words: tuple[str, ...] = ()

    @property
    def free(self) -> bool:
        """Whether any text may stand there."""
        return self.type in ("text", "list") and not self.words


@dataclass(slots=True)
class TableRow:
    """One row: its texts by column, and where it stands."""

    line: int
    cell: str
    texts: dict[str, str]
    values: dict[str, Value] = field(default_factory=dict)


@dataclass(slots=True)
class ReadTable:
    """A file that was read.

    Attributes
    ----------
    file : str
    rows : list of TableRow
    findings : list of Finding
    positions : dict of str to int
        In CSV, the number of each column, from 1.
    """

    file: str
    rows: list[TableRow] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    positions: dict[str, int] = field(default_factory=dict)

    def wrong(
        self,
        message: str,
        advice: str,
        row: TableRow | None = None,
        column: str | None = None,
        *,
        code: str = FORMAT,
        severity: Severity = Severity.FORMAT,
        found: str | None = None,
        expected: str | None = None,
        mba: str | None = None,
    ) -> None:
        """Note that something is wrong, in a row and column if they are given."""
        cell = None if row is None else row.cell
        if row is not None and column is not None:
            position = self.positions.get(column)
            letters = "" if position is None else f" column {column_letters(position)}"
            cell = f"{row.cell}{letters} ({column})".strip()
        self.findings.append(
            Finding(
                code,
                severity,
                message,
                advice,
                file=self.file or None,
                line=None if row is None else row.line,
                mba=mba,
                found=found,
                expected=expected,
                basis="Choice of keiryo",
                cell=cell,
            )
        )


def read_table_file(
    name: str,
    content: bytes,
    columns: Sequence[Column],
    *,
    heading: str,
    also_called: Mapping[str, str] | None = None,
) -> ReadTable:
    """Read a table from a CSV or TOML file.

    Parameters
    ----------
    name, content : str, bytes
        A name that ends in ``.toml`` is read as TOML, any other as CSV.
    columns : sequence of Column
        Others are a finding, for they may be misspelt.
    heading : str
        Name of a row in TOML, e.g. ``"source"`` for ``[[source]]``.
    also_called : mapping, optional
        Other names of columns, to ours.

    Returns
    -------
    ReadTable
        Rows with typed values; what is empty is None.
    """
    table = ReadTable(name.replace("\\", "/").rpartition("/")[2] or name)
    toml = name.lower().endswith(".toml")
    try:
        text = text_of(content)
        if toml:
            _read_toml(table, text, heading, dict(also_called or {}), columns)
        else:
            _read_csv(table, csv_lines(text), dict(also_called or {}), columns)
    except SheetTextError as error:
        advice = "Check that this is the right file, saved as UTF-8." if toml else error.advice
        table.wrong(error.message, advice)
        return table
    if len(table.rows) > MAX_ROWS:
        table.rows.clear()
        table.wrong(f"the file has more than {MAX_ROWS} rows", "Divide the file.")
    for row in table.rows:
        type_row(table, row, columns)
    return table


def _read_toml(
    table: ReadTable,
    text: str,
    heading: str,
    also_called: dict[str, str],
    columns: Sequence[Column],
) -> None:
    try:
        data = tomllib.loads(text, parse_float=str)
    except tomllib.TOMLDecodeError as error:
        table.wrong(f"the file is no TOML: {error}", "Correct the line that is named.")
        return
    except (RecursionError, ValueError) as error:
        table.wrong(f"the file is no TOML: {error}"[:200], "Check that this is the right file.")
        return
    listed = data.get(heading)
    for other in sorted(set(data) - {heading}):
        table.wrong(
            f"{other[:60]!r} is not known", f"Rows begin with [[{heading}]]. Remove or rename it."
        )
    if not isinstance(listed, list) or not listed:
        table.wrong("the file holds no rows", f"Begin every row with [[{heading}]].")
        return
    pattern = re.compile(rf"^\s*\[\[\s*\"?{re.escape(heading)}\"?\s*\]\]", re.MULTILINE)
    lines = [text.count("\n", 0, match.end()) + 1 for match in pattern.finditer(text)]
    known = {c.name for c in columns}
    for number, given in enumerate(listed, start=1):
        line = lines[number - 1] if len(lines) == len(listed) else 1
        row = TableRow(line, f"{heading} {number}", {})
        if not isinstance(given, dict):
            table.wrong("a row is a table of names and values", f"Write [[{heading}]].", row)
            continue
        for key, value in given.items():
            name = also_called.get(key.lower(), key.lower())
            written = _plain_value(value)
            if name not in known:
                _unknown_column(table, key, columns, row)
            elif written is None:
                table.wrong(
                    f"{name} holds neither a text, number, date nor a list of texts",
                    "Write one value in quotation marks.", row, name,
                )  # fmt: skip
            else:
                row.texts[name] = written
        table.rows.append(row)


def _plain_value(value: object) -> str | None:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str | int):
        return plain(str(value)) if not isinstance(value, int) or abs(value) < 10**40 else None
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return value.isoformat()
    if isinstance(value, list) and all(isinstance(v, str) and "," not in v for v in value):
        return ",".join(plain(v) for v in value)
    return None


def _read_csv(
    table: ReadTable,
    listed: Sequence[tuple[int, list[str]]],
    also_called: dict[str, str],
    columns: Sequence[Column],
) -> None:
    header = TableRow(listed[0][0], "first row", {})
    known = {c.name for c in columns}
    for number, cell in enumerate(listed[0][1], start=1):
        name = column_name(cell)
        name = also_called.get(name, name)
        if name and name not in known:
            _unknown_column(table, cell, columns, header)
        elif name in table.positions:
            table.wrong(f"there are two columns {name}", "Remove one of them.", header)
        elif name:
            table.positions[name] = number
    for column in columns:
        if column.required and column.name not in table.positions:
            needed = ", ".join(c.name for c in columns if c.required)
            table.wrong(
                f"there is no column {column.name}",
                f"The first row names the columns; needed are: {needed}.", header,
            )  # fmt: skip
    if table.findings:
        return
    width = max(table.positions.values(), default=0)
    free = {c.name for c in columns if c.free}
    for number, cells in listed[1:]:
        row = TableRow(number, f"row {number}", {})
        if any(cell.strip() for cell in cells[width:]):
            table.wrong(
                f"the row has {len(cells)} values, the first row names {width} columns",
                "Put a text with a comma in quotation marks; write decimals with a point.", row,
            )  # fmt: skip
        for name, position in table.positions.items():
            cell = plain(cells[position - 1]) if position <= len(cells) else ""
            row.texts[name] = unprotected(cell) if name in free else cell
        table.rows.append(row)
    if not table.rows:
        table.wrong("the file names columns but has no rows", "Add the rows and send it again.")


def _unknown_column(table: ReadTable, name: str, columns: Sequence[Column], row: TableRow) -> None:
    table.wrong(
        f"{name.strip()[:60]!r} is not known as a column",
        f"The columns are: {', '.join(c.name for c in columns)}. Remove or rename it.",
        row,
        found=name.strip()[:200],
    )


def type_row(table: ReadTable, row: TableRow, columns: Sequence[Column]) -> None:
    """Fill in the values of a row from its texts, adding findings to the table."""
    for column in columns:
        text = row.texts.get(column.name, "")
        row.values[column.name] = None
        if not text:
            if column.required:
                table.wrong(
                    f"{column.name} is empty", f"Fill in the {column.name}.", row, column.name
                )
            continue
        problem, advice, value = _typed(column, text)
        if problem:
            table.wrong(problem, advice, row, column.name, found=text[:200])
        row.values[column.name] = value


def _typed(column: Column, text: str) -> tuple[str, str, Value]:
    """Return what is wrong with a text, what to do, and its value."""
    if column.words:
        word = next((w for w in column.words if w.casefold() == text.casefold()), None)
        return (
            ("", "", word)
            if word is not None
            else (f"{_shown(text)} is not allowed here", f"Write {_or(column.words)}.", None)
        )
    if column.type == "day":
        return _typed_day(text)
    if column.type == "flag":
        flags = {"yes": 1, "true": 1, "1": 1, "no": 0, "false": 0, "0": 0}
        if text.casefold() in flags:
            return "", "", flags[text.casefold()]
        return f"{_shown(text)} is neither yes nor no", "Write yes or no.", None
    if column.type == "whole":
        if text.isascii() and text.isdigit() and len(text) <= 9 and int(text):
            return "", "", int(text)
        return f"{_shown(text)} is no whole number above zero", "Write digits only.", None
    if column.type in ("amount", "positive", "not negative"):
        return _typed_decimal(column.type, text)
    if _FORBIDDEN.search(text) or len(text) > 1000:
        return "the text is too long or holds control characters", "Write plain text.", None
    if column.type == "list":
        return "", "", ",".join(w.strip() for w in text.split(",") if w.strip()) or None
    return "", "", text


def _typed_day(text: str) -> tuple[str, str, Value]:
    try:
        day = parse_date(text)
    except DateError as error:
        return str(error), "Write the day as 2025-12-31.", None
    if not 1900 <= day.year <= 2200:
        return f"{day} is hardly meant", "Check the year.", None
    return "", "", date_number(day)


def _typed_decimal(kind: str, text: str) -> tuple[str, str, Value]:
    if not _DECIMAL.fullmatch(text):
        return (
            f"{_shown(text)} is no plain decimal number",
            "Write it with a point and without exponent, e.g. 0.0005.",
            None,
        )
    value = Decimal(text)
    if kind == "positive" and value <= 0:
        return f"{_shown(text)} is not above zero", "A standard deviation is above zero.", None
    if kind == "not negative" and value < 0:
        return f"{_shown(text)} is below zero", "Write zero or more.", None
    return "", "", text.removeprefix("+")


def _or(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:37]}...")
