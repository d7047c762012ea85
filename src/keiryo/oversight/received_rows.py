"""Rows of a CSV file that somebody sent: read by the names in its first line, with their place.

The file is UTF-8, with or without byte order mark; commas, semicolons or tabs stand between the
columns. Whatever cannot be read is a finding with row and column, and all of them are found at
once. Nothing here knows what the rows mean.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from keiryo.dates import DateError, parse_date
from keiryo.errors import Finding, Severity
from keiryo.quantities import Category, WeightError, parse_weight_mg
from keiryo.sheet_text import (
    SheetTextError,
    column_letters,
    column_name,
    csv_lines,
    plain,
    text_of,
)


@dataclass(slots=True)
class ReceivedRows:
    """A file that was read: its rows by column name, and what was wrong.

    Attributes
    ----------
    file : str
    code : str
        Rule code of all findings about the file.
    columns : dict
        Number of each column, from 1, by its name.
    rows : list of Row
    findings : list of Finding
    """

    file: str
    code: str
    columns: dict[str, int] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def wrong(
        self,
        message: str,
        advice: str,
        *,
        row: Row | None = None,
        column: str | None = None,
        found: str | None = None,
    ) -> None:
        """Note that something is wrong, in a row and column if they are given."""
        cell = None
        if row is not None and column is not None and column in self.columns:
            cell = f"row {row.number} column {column_letters(self.columns[column])} ({column})"
        elif row is not None:
            cell = f"row {row.number}"
        self.findings.append(
            Finding(
                self.code,
                Severity.FORMAT,
                message,
                advice,
                file=self.file,
                line=None if row is None else row.number,
                cell=cell,
                found=found,
                basis="Choice of keiryo",
            )
        )


@dataclass(slots=True)
class Row:
    """One row: its number in the file and its texts, trimmed, by column name."""

    number: int
    values: dict[str, str]
    table: ReceivedRows

    def text(self, column: str, *, required: bool = False) -> str | None:
        """Return a text; None, and a finding if it is required, where there is none."""
        value = self.values.get(column, "")
        if value:
            return value
        if required:
            self.table.wrong(
                f"{column} is empty", f"Fill in the {column}.", row=self, column=column
            )
        return None

    def day(self, column: str, *, required: bool = False) -> datetime.date | None:
        """Return a day written YYYY-MM-DD or YYYYMMDD."""
        value = self.text(column, required=required)
        if value is None:
            return None
        try:
            day = parse_date(value)
        except DateError as error:
            self._wrong(column, str(error), "Write the day as 2025-12-31.")
            return None
        if not plausible(day):
            self._wrong(column, f"{day} is hardly meant", "Check the year.")
            return None
        return day

    def number_of(self, column: str, *, required: bool = False) -> int | None:
        """Return a whole number above zero."""
        value = self.text(column, required=required)
        if value is None:
            return None
        if value.isascii() and value.isdigit() and 0 < len(value) <= 9 and int(value):
            return int(value)
        self._wrong(column, f"{value!r} is no whole number above zero", "Write digits only.")
        return None

    def category(self, column: str, *, required: bool = False) -> Category | None:
        """Return an element category."""
        value = self.text(column, required=required)
        if value is None:
            return None
        if value in list(Category):
            return Category(value)
        self._wrong(column, f"{value!r} is no category", "Write N, D, E, U, P or T.")
        return None

    def weight_mg(self, column: str, unit: str, *, required: bool = False) -> int | None:
        """Return a weight stated in a unit, in milligrams."""
        value = self.text(column, required=required)
        if value is None:
            return None
        try:
            return parse_weight_mg(value, unit)
        except WeightError as error:
            self._wrong(column, str(error), "Write the weight as 1541260.25.")
            return None

    def unit(self, column: str, category: Category | None) -> str | None:
        """Return the unit of the element weight, by default that of reports; None if unknown."""
        value = self.text(column)
        if value is None:
            return None if category is None else category.unit
        named = _UNITS.get(value.lower())
        if named is None:
            self._wrong(column, f"{value!r} is no unit of weight", "Write g or kg.")
        return named

    def _wrong(self, column: str, message: str, advice: str) -> None:
        self.table.wrong(
            message, advice, row=self, column=column, found=self.values.get(column, "")[:200]
        )


def plausible(day: datetime.date) -> bool:
    """Return whether a day can be meant: reports of nuclear material are of our time."""
    return 1900 <= day.year <= 2200


_UNITS = {"g": "g", "kg": "kg", "k": "kg"}


def read_rows(
    name: str,
    content: bytes,
    code: str,
    *,
    required: Sequence[str],
    optional: Sequence[str],
    also_called: Mapping[str, str],
) -> ReceivedRows:
    """Read a CSV file.

    Parameters
    ----------
    name, content : str, bytes
    code : str
        Rule code of the findings.
    required, optional : sequence of str
        Names of columns; others are a finding, for they may be misspelt.
    also_called : mapping
        Other names that people use, to ours.
    """
    table = ReceivedRows(name, code)
    try:
        listed = csv_lines(text_of(content))
    except SheetTextError as error:
        table.wrong(error.message, error.advice)
        return table
    _header(table, listed[0][1], required, optional, also_called)
    if not table.findings:
        _fill(table, listed[1:])
    return table


def _header(
    table: ReceivedRows,
    cells: Sequence[str],
    required: Sequence[str],
    optional: Sequence[str],
    also_called: Mapping[str, str],
) -> None:
    known = {*required, *optional}
    for number, cell in enumerate(cells, start=1):
        name = column_name(cell)
        name = also_called.get(name, name)
        if not name:
            continue
        if name not in known:
            table.wrong(
                f"column {column_letters(number)} ({cell.strip()[:60]!r}) is not known",
                f"The columns are: {', '.join((*required, *optional))}. Remove or rename it.",
                found=cell.strip()[:200],
            )
        elif name in table.columns:
            table.wrong(f"there are two columns {name}", "Remove one of them.")
        else:
            table.columns[name] = number
    for name in required:
        if name not in table.columns:
            table.wrong(
                f"there is no column {name}",
                f"The first row names the columns; needed are: {', '.join(required)}.",
            )


def _fill(table: ReceivedRows, listed: Sequence[tuple[int, list[str]]]) -> None:
    width = max(table.columns.values())
    for number, cells in listed:
        values = {
            name: plain(cells[column - 1])
            for name, column in table.columns.items()
            if column <= len(cells)
        }
        row = Row(number, values, table)
        if any(cell.strip() for cell in cells[width:]):
            table.wrong(
                f"the row has {len(cells)} values, the first row names {width} columns",
                "Put a text with a comma in quotation marks; write weights with a point.",
                row=row,
            )
        table.rows.append(row)
    if not table.rows:
        table.wrong("the file names columns but has no rows", "Add the rows and send it again.")
