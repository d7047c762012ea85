"""Texts in tables that people open, edit and save with a spreadsheet program.

What goes out is protected, so that no program takes a text for a formula; what comes in is UTF-8
with commas, semicolons or tabs between the columns. What the columns mean is not known here.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata

MAX_ROWS = 200_000
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
"""Beginnings that make a spreadsheet program compute, in full width as well."""


class SheetTextError(ValueError):
    """A file is no table that can be read.

    Parameters
    ----------
    message, advice : str
        What is wrong with the file, and what to do about it.
    line : int, optional
        Where.
    """

    def __init__(self, message: str, advice: str, line: int | None = None) -> None:
        super().__init__(message)
        self.message, self.advice, self.line = message, advice, line


def protected(text: str) -> str:
    """Return a text that no spreadsheet program takes for a formula; `unprotected` undoes it.

    Examples
    --------
    >>> protected("=A1"), protected("'=A1"), protected("A1")
    ("'=A1", "''=A1", 'A1')
    """
    return f"'{text}" if _FORMULA.match(text) else text


def unprotected(text: str) -> str:
    """Return what `protected` was given.

    Examples
    --------
    >>> unprotected("'=A1"), unprotected("'s-Gravenhage")
    ('=A1', "'s-Gravenhage")
    """
    return text[1:] if text[:1] == "'" and _FORMULA.match(text) else text


def plain(text: str) -> str:
    """Return a text trimmed, with full-width letters and digits as plain ones."""
    return unicodedata.normalize("NFKC", text).strip()


def column_name(cell: str) -> str:
    """Return the name of a column as it stands in the first row, in the way names are written.

    Examples
    --------
    >>> column_name(" Element-weight  g")
    'element_weight_g'
    """
    return "_".join(plain(cell).lower().replace("-", " ").replace("_", " ").split())


def column_letters(column: int) -> str:
    """Return the letters of a column in a spreadsheet.

    Examples
    --------
    >>> column_letters(3), column_letters(28)
    ('C', 'AB')
    """
    letters = ""
    while column > 0:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def text_of(content: bytes) -> str:
    """Return the text of a file that was sent, with or without a byte order mark.

    Raises
    ------
    SheetTextError
        If it is not UTF-8, or empty.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SheetTextError(
            f"the file is not UTF-8 text (byte {error.start + 1})", "Save it as 'CSV UTF-8'."
        ) from None
    if "\0" in text or not text.strip():
        words = "holds no rows" if not text.strip() else "holds NUL characters"
        raise SheetTextError(
            f"the file {words}", "Check that this is the right file, saved as CSV."
        )
    return text


def csv_lines(text: str) -> list[tuple[int, list[str]]]:
    """Return the rows of a CSV text that hold anything, each with its line number.

    Whether commas, semicolons or tabs stand between the columns is seen from the first row.

    Raises
    ------
    SheetTextError
        If it cannot be read, or has no rows or too many.
    """
    first = text.lstrip("\r\n").splitlines()[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))
    try:
        listed = [(reader.line_num, cells) for cells in reader if any(c.strip() for c in cells)]
    except csv.Error as error:
        raise SheetTextError(f"the file is no CSV: {error}", "Save it as CSV again.") from None
    if not listed:
        raise SheetTextError(
            "the file holds no rows", "Check that this is the right file, saved as CSV."
        )
    if len(listed) - 1 > MAX_ROWS:
        raise SheetTextError(f"the file has more than {MAX_ROWS} rows", "Divide the file.")
    return listed
