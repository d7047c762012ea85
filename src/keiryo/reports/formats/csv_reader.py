"""Reads CSV files into grids: which encoding, which separator.

There is no telling from the file itself how it was written. Encodings: a byte order mark decides;
else UTF-8, if it is that; else Shift-JIS (code page 932), if the text has letters of Japanese;
else the Western code page 1252, said so with a warning. Separators: whichever of comma, semicolon
and tab makes out most column titles of a template.

Source: RFC 4180 for quoting; the rest is a choice of keiryo.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

from keiryo.errors import Severity
from keiryo.reports.formats.grid import Cell, Grid
from keiryo.reports.formats.table_rules import Collected
from keiryo.reports.formats.xlsx_reader import MAX_CELLS

SEPARATORS = (",", ";", "\t")

_SAMPLE_ROWS = 60
_UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")


def decode(data: bytes) -> tuple[str, str] | None:
    """Return the text of a file and the name of its encoding, or None if it is no text.

    Examples
    --------
    >>> decode("バッチ名,天然ウラン".encode("cp932"))
    ('バッチ名,天然ウラン', 'Shift-JIS')
    """
    if data.startswith(_UTF16_BOMS):
        return _try(data, "utf-16", "UTF-16")
    for encoding, first in (("utf-16-le", 1), ("utf-16-be", 0)):
        start = data[:200]
        if len(start) >= 8 and start[first::2].count(0) * 4 > len(start):
            return _try(data, encoding, "UTF-16")
    if data.startswith(_UTF8_BOM):
        return _try(data[3:], "utf-8", "UTF-8")
    made = _try(data, "utf-8", "UTF-8")
    if made is not None:
        return made
    japanese = _try(data, "cp932", "Shift-JIS")
    if japanese is not None and any(_is_japanese(sign) for sign in japanese[0]):
        western = _try(data, "cp1252", "Windows-1252")
        if western is None or _share_of_kana(japanese[0]) or _odd_in_western(data):
            return japanese
    return _try(data, "cp1252", "Windows-1252")


def _try(data: bytes, encoding: str, name: str) -> tuple[str, str] | None:
    try:
        return data.decode(encoding), name
    except UnicodeError:
        return None


def _is_japanese(sign: str) -> bool:
    return "\u3040" <= sign <= "\u30ff" or "\u4e00" <= sign <= "\u9fff" or "\uff01" <= sign <= "～"


def _share_of_kana(text: str) -> bool:
    """Return whether hiragana or katakana are among the letters that are not plain."""
    return any("\u3040" <= sign <= "\u30ff" for sign in text)


def _odd_in_western(data: bytes) -> bool:
    """Return whether bytes occur that are seldom in Western text but begin Japanese letters."""
    seldom = sum(1 for byte in data if 0x81 <= byte <= 0x90 or 0x98 <= byte <= 0x9F)
    letters = sum(1 for byte in data if byte >= 0xC0)
    return seldom > letters


def read_csv(
    data: bytes, found: Collected, titles_in: Callable[[dict[int, Cell]], int]
) -> Grid | None:
    """Return a CSV file as a grid, or None with a finding.

    Parameters
    ----------
    data : bytes
    found : Collected
    titles_in : callable
        Counts the column titles in a row, to find the separator.
    """
    made = decode(data)
    if made is None:
        found.note("FILE-KIND", "the file is no text in an encoding that keiryo knows")
        return None
    text, encoding = made
    if encoding == "Windows-1252":
        found.note("FILE-ENCODING", "the file is not UTF-8; it was read as Western (Windows-1252)")
    elif encoding == "Shift-JIS":
        found.note(
            "FILE-ENCODING",
            "the file is not UTF-8; it was read as Japanese (Shift-JIS)",
            severity=Severity.INFORMATION,
        )
    separator = _separator(text, titles_in)
    return _grid(text, separator, found, MAX_CELLS)


def _separator(text: str, titles_in: Callable[[dict[int, Cell]], int]) -> str:
    first = text[:6].replace('"', "").casefold()
    if first.startswith("sep=") and len(first) > 4 and first[4] in SEPARATORS:
        return first[4]
    scratch = Collected("")
    best, most = ",", -1
    for separator in SEPARATORS:
        sample = _grid(text, separator, scratch, MAX_CELLS, rows=_SAMPLE_ROWS)
        titles = max((titles_in(row) for row in sample.rows.values()), default=0)
        if titles > most:
            best, most = separator, titles
    return best


def _grid(text: str, separator: str, found: Collected, cells: int, rows: int | None = None) -> Grid:
    grid = Grid(separator=separator)
    try:
        for number, record in enumerate(
            csv.reader(io.StringIO(text, newline=""), delimiter=separator), 1
        ):
            if rows is not None and number > rows:
                break
            if number == 1 and separator.join(record).strip('"').casefold().startswith("sep="):
                continue
            grid.lengths[number] = len(record)
            made = {n: Cell(one) for n, one in enumerate(record, 1) if one.strip()}
            if made:
                grid.rows[number] = made
            cells -= len(made)
            if cells < 0:
                found.note("FILE-UNPACKED", f"the file has more than {MAX_CELLS} cells")
                return Grid(separator=separator)
    except csv.Error as error:
        found.note("FILE-DAMAGED", f"the file cannot be parted into cells: {error}")
        return Grid(separator=separator)
    return grid
