"""A sheet as it lies in a file, before anybody asks what it means: cells by row and column.

CSV and XLSX files both become grids, so that one reader of tables serves both. A grid keeps what
a person would see and what they would not: hidden rows, merged cells, formulas.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass, field
from typing import Literal

from keiryo.sheet_text import column_letters

CellKind = Literal["text", "number", "date", "error"]

_FULL_WIDTH = {0xFF01 + n: 0x21 + n for n in range(94)} | {0x3000: 0x20, 0xFFE5: 0xA5}
_BLANKS = re.compile(r"\s+")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]")
_QUOTED = re.compile(r'"(.*)"', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell that holds something.

    Attributes
    ----------
    text : str
        What it says; numbers as plain decimal text, days as YYYY-MM-DD.
    kind : {"text", "number", "date", "error"}
        How the file stores it.
    day : datetime.date or None
        The day, if `kind` is ``"date"``.
    formula : bool
        The value is the stored result of a formula.
    percent : bool
        A number shown as a percentage; `text` is the number stored, 0.05 for 5 %.
    timed : bool
        A date with a time of day.
    """

    text: str
    kind: CellKind = "text"
    day: datetime.date | None = None
    formula: bool = False
    percent: bool = False
    timed: bool = False


@dataclass(frozen=True, slots=True)
class Merge:
    """A block of merged cells; rows and columns count from 1 and belong to it."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def name(self) -> str:
        """The block as spreadsheets name it, e.g. ``"B2:C4"``."""
        return f"{column_letters(self.left)}{self.top}:{column_letters(self.right)}{self.bottom}"


@dataclass(slots=True)
class Grid:
    """One sheet.

    Attributes
    ----------
    name : str
        Name of the sheet; empty for a CSV file.
    rows : dict of int to dict of int to Cell
        By row and column, both from 1; only cells that hold something.
    lengths : dict of int to int
        Number of cells of each row of a CSV file.
    hidden : bool
    hidden_rows, hidden_columns : set of int
    merges : list of Merge
    separator : str
        Of a CSV file.
    """

    name: str = ""
    rows: dict[int, dict[int, Cell]] = field(default_factory=dict)
    lengths: dict[int, int] = field(default_factory=dict)
    hidden: bool = False
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    merges: list[Merge] = field(default_factory=list)
    separator: str = ""

    def place(self, row: int, column: int | None = None) -> str:
        """Return where a cell or row is, e.g. ``"Receipts row 7 column C"``."""
        words = [self.name] if self.name else []
        words.append(f"row {row}")
        if column is not None:
            words.append(f"column {column_letters(column)}")
        return " ".join(words)

    def text(self, row: int, column: int) -> str:
        """Return the plain text of a cell, or an empty text."""
        cell = self.rows.get(row, {}).get(column)
        return "" if cell is None else plain(cell.text)


def column_number(letters: str) -> int:
    """Return the number of a column from its letters, capitals A to Z."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def plain(text: str) -> str:
    """Return text with full-width signs made plain, control characters out, blanks single.

    Examples
    --------
    >>> plain("ＲＦ　１２ ")
    'RF 12'
    """
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    return _BLANKS.sub(" ", _CONTROL.sub("", text.translate(_FULL_WIDTH))).strip()


def literal(text: str) -> str | None:
    """Return what stands between double quotes, if the whole text is quoted, or None.

    A cell such as ``"-"`` with its quotes is taken as it is; without, ``-`` means nothing.
    """
    match = _QUOTED.fullmatch(text)
    return match[1] if match and match[1] else None


def has_control(text: str) -> bool:
    """Return whether text holds control characters or other signs that are no text."""
    return not text.isprintable() and _CONTROL.search(text) is not None


def has_full_width(text: str) -> bool:
    """Return whether text holds full-width letters, digits or signs."""
    return not text.isascii() and any(0xFF01 <= ord(sign) <= 0xFF5E for sign in text)
