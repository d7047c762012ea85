"""Reads XLSX workbooks into grids, whoever made them and whatever is in them.

The XML is read directly, and not through a library for workbooks, for two reasons: value, formula
and hiddenness of a cell are needed at once; and a workbook of a few bytes can ask a library to
make millions of cells (merged blocks, lonely cells far out). Here the time taken grows with what
is unpacked, and that has a limit. Document type declarations are refused, macros never looked at,
other files never opened.

Source: ECMA-376 (Office Open XML), part 1: workbook, shared strings, styles and sheets; the
numbers of days are those of its section on dates. Limits: choice of keiryo.
"""

from __future__ import annotations

import io
import posixpath
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from xml.etree.ElementTree import ParseError

from keiryo.reports.formats.grid import Cell, Grid, Merge, column_number
from keiryo.reports.formats.table_rules import Collected

MAX_UNPACKED_BYTES = 128 * 1024 * 1024
"""What is unpacked of one workbook at most."""

MAX_CELLS = 1_000_000
"""Cells that are read of one file at most."""

_MAX_PARTS = 5000
_MAX_TAGS = 5_000_000
_MAX_ROW, _MAX_COLUMN = 1_048_576, 16_384
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    ParseError,
    EOFError,
    OSError,
    RuntimeError,  # encrypted, or packed in a way that is not known here
    OverflowError,
    LookupError,
    ValueError,
)
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_BLOCK = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7}):\$?([A-Z]{1,3})\$?([0-9]{1,7})")
_ISO_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(T.*)?")
_DATE_FORMATS = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
_PERCENT_FORMATS = frozenset({9, 10})
_NO_LETTERS_OF_DATES = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]|general|e[+-]', re.IGNORECASE)
_SIGNIFICANT_DIGITS = 15
_FIRST_DAY = date(1899, 12, 30)
_LAST_SERIAL = 2_958_465
_DAYS_1904 = 1462


class _TooLarge(Exception):
    """The workbook is larger inside than we read."""


@dataclass(frozen=True, slots=True)
class _Style:
    date: bool = False
    percent: bool = False
    zeros: int = 0


@dataclass(slots=True)
class _Book:
    """The parts of a workbook, unpacked one by one against a common limit."""

    archive: zipfile.ZipFile
    left: int
    cells_left: int = MAX_CELLS
    strings: list[str] = field(default_factory=list)
    styles: list[_Style] = field(default_factory=list)
    from_1904: bool = False

    def part(self, name: str) -> bytes | None:
        """Return an unpacked part, or None if there is none."""
        try:
            info = self.archive.getinfo(name)
        except KeyError:
            return None
        with self.archive.open(info) as member:
            data = member.read(self.left + 1)
        self.left -= len(data)
        if self.left < 0:
            raise _TooLarge
        return data

    def elements(self, name: str) -> Iterator[tuple[str, Any]]:
        """Yield the elements of a part as they end, by name without namespace."""
        # Both libraries are needed only once a workbook comes.
        from defusedxml.ElementTree import iterparse  # type: ignore[import-untyped]

        data = self.part(name)
        if data is None:
            return
        if data.count(b"<") > _MAX_TAGS:
            raise _TooLarge
        for _, element in iterparse(io.BytesIO(data), events=("end",), forbid_dtd=True):
            yield _local(element.tag), element


def read_xlsx(data: bytes, found: Collected) -> list[Grid]:
    """Return the sheets of a workbook, hidden ones too; what is wrong goes to `found`.

    Parameters
    ----------
    data : bytes
        The file; it begins with ``PK`` or is taken for damaged.
    found : Collected

    Returns
    -------
    list of Grid
        Empty if the file cannot be read; never raises on bad data.
    """
    from defusedxml.common import (  # type: ignore[import-untyped]
        DTDForbidden,
        EntitiesForbidden,
    )

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _grids(archive, found)
    except (DTDForbidden, EntitiesForbidden):
        found.note("FILE-ENTITY", "a part of the workbook declares a document type or entities")
    except _TooLarge:
        found.note(
            "FILE-UNPACKED",
            f"the workbook unpacks to more than {MAX_UNPACKED_BYTES // 1024**2} MB "
            f"or {MAX_CELLS} cells",
        )
    except _DAMAGE:
        found.note("FILE-DAMAGED", "the workbook cannot be unpacked; parts are missing or damaged")
    return []


def _grids(archive: zipfile.ZipFile, found: Collected) -> list[Grid]:
    infos = archive.infolist()
    if len(infos) > _MAX_PARTS:
        raise _TooLarge
    names = {info.filename for info in infos}
    if any(info.flag_bits & 1 for info in infos):
        found.note("FILE-ENCRYPTED", "the archive is encrypted")
        return []
    book = _Book(archive, MAX_UNPACKED_BYTES)
    top = _main_part(book)
    if top not in names or not top.endswith(".xml"):
        what = "a binary workbook (.xlsb)" if top.endswith(".bin") else "a ZIP archive"
        found.note("FILE-KIND", f"the file is {what}, and not an XLSX workbook")
        return []
    if any(name.endswith("vbaProject.bin") for name in names):
        found.note("FILE-MACRO", "the workbook holds macros")
    if any("/externalLinks/" in name for name in names):
        found.note("FILE-LINK", "the workbook refers to other workbooks")
    targets = _relations(book, top)
    sheets = []
    for name, element in book.elements(top):
        if name == "workbookPr":
            book.from_1904 = element.get("date1904") in ("1", "true")
        elif name == "sheet":
            target = next((targets[v] for k, v in element.items() if _is_id(k, v, targets)), "")
            hidden = element.get("state", "visible") != "visible"
            sheets.append((str(element.get("name", "")), hidden, target))
    if not sheets:
        raise zipfile.BadZipFile
    _read_strings(book, _target(targets, "sharedStrings.xml", top))
    _read_styles(book, _target(targets, "styles.xml", top))
    grids = []
    for title, hidden, target in sheets:
        if target not in names:
            raise zipfile.BadZipFile
        grids.append(_sheet(book, target, title, hidden))
    return grids


def _is_id(name: str, value: str, targets: dict[str, str]) -> bool:
    return name.endswith("}id") and value in targets


def _main_part(book: _Book) -> str:
    """Return the part that lists the sheets."""
    for name, element in book.elements("_rels/.rels"):
        if name == "Relationship" and element.get("Type", "").endswith("/officeDocument"):
            return str(element.get("Target", "")).lstrip("/")
    return "xl/workbook.xml"


def _relations(book: _Book, top: str) -> dict[str, str]:
    folder, file = posixpath.split(top)
    targets = {}
    for name, element in book.elements(f"{folder}/_rels/{file}.rels".lstrip("/")):
        if name == "Relationship" and element.get("TargetMode") != "External":
            target = str(element.get("Target", ""))
            full = target[1:] if target.startswith("/") else posixpath.join(folder, target)
            targets[str(element.get("Id"))] = posixpath.normpath(full)
    return targets


def _target(targets: dict[str, str], file: str, top: str) -> str:
    default = posixpath.join(posixpath.dirname(top), file)
    return next((t for t in targets.values() if posixpath.basename(t) == file), default)


def _read_strings(book: _Book, part: str) -> None:
    for name, element in book.elements(part):
        if name == "si":
            book.strings.append(_text_of(element))
            element.clear()


def _text_of(element: Any) -> str:
    """Return the text of a string; the phonetic guide of Japanese words is left out."""
    words = []
    for child in element:
        name = _local(child.tag)
        if name == "t":
            words.append(child.text or "")
        elif name == "r":
            words += [part.text or "" for part in child if _local(part.tag) == "t"]
    return "".join(words)


def _read_styles(book: _Book, part: str) -> None:
    codes: dict[int, str] = {}
    for name, element in book.elements(part):
        if name == "numFmt":
            codes[int(element.get("numFmtId", "0"))] = str(element.get("formatCode", ""))
        elif name == "cellXfs":
            for form in element:
                number = int(form.get("numFmtId", "0"))
                book.styles.append(_style(number, codes.get(number)))


def _style(number: int, code: str | None) -> _Style:
    if code is None:
        return _Style(date=number in _DATE_FORMATS, percent=number in _PERCENT_FORMATS)
    bare = _NO_LETTERS_OF_DATES.sub("", code.split(";")[0])
    zeros = len(bare) if bare and not bare.strip("0") and len(bare) > 1 else 0
    dated = any(letter in bare.casefold() for letter in "ymdhsge")
    return _Style(date=dated, percent="%" in bare, zeros=zeros)


def _sheet(book: _Book, part: str, title: str, hidden: bool) -> Grid:
    grid = Grid(title, hidden=hidden)
    before = 0
    for name, element in book.elements(part):
        if name == "row":
            before = _row(book, element, before + 1, grid)
            element.clear()
        elif name == "col":
            if element.get("hidden") in ("1", "true"):
                first = max(1, int(element.get("min", "1")))
                last = min(_MAX_COLUMN, int(element.get("max", "1")))
                grid.hidden_columns.update(range(first, last + 1))
        elif name == "mergeCell":
            match = _BLOCK.fullmatch(element.get("ref", ""))
            if match:
                left, top, right, bottom = match.groups()
                merge = Merge(int(top), column_number(left), int(bottom), column_number(right))
                grid.merges.append(merge)
    return grid


def _row(book: _Book, element: Any, expected: int, grid: Grid) -> int:
    number = int(element.get("r", expected))
    if not 1 <= number <= _MAX_ROW:
        raise zipfile.BadZipFile
    cells = grid.rows.setdefault(number, {})
    column = 0
    for child in element:
        if _local(child.tag) != "c":
            continue
        match = _REFERENCE.fullmatch(child.get("r", ""))
        column = column_number(match[1]) if match else column + 1
        if column > _MAX_COLUMN:
            raise zipfile.BadZipFile
        cell = _cell(book, child)
        if cell is not None:
            cells[column] = cell
            book.cells_left -= 1
            if book.cells_left < 0:
                raise _TooLarge
    if not cells:
        del grid.rows[number]
    elif element.get("hidden") in ("1", "true"):
        grid.hidden_rows.add(number)
    return number


def _cell(book: _Book, element: Any) -> Cell | None:
    value, formula, inline, stored = None, False, None, False
    for child in element:
        name = _local(child.tag)
        if name == "v":
            value, stored = child.text, True
        elif name == "f":
            formula = True
        elif name == "is":
            inline = _text_of(child)
    kind = element.get("t", "n")
    if kind == "inlineStr":
        value, kind = inline, "str"
    if not value:  # a formula may well have an empty text as its stored value
        return Cell("", formula=True) if formula and not (stored and kind == "str") else None
    if kind == "s":
        index = int(value)
        if not 0 <= index < len(book.strings):
            raise zipfile.BadZipFile
        value, kind = book.strings[index], "str"
    if kind == "str":
        return Cell(value, formula=formula) if value.strip() or formula else None
    if kind == "e":
        return Cell(value, "error", formula=formula)
    if kind == "b":
        return Cell("TRUE" if value == "1" else "FALSE", formula=formula)
    if kind == "d":
        match = _ISO_DAY.fullmatch(value)
        day = date.fromisoformat(match[1]) if match else None
        return Cell(value if day is None else str(day), "date", day, formula)
    return _number(book, value, int(element.get("s", "0")), formula)


def _number(book: _Book, value: str, index: int, formula: bool) -> Cell:
    style = book.styles[index] if 0 <= index < len(book.styles) else _Style()
    text = number_text(value)
    if style.date:
        serial = _serial(value)
        day = None if serial is None else serial_day(serial[0], from_1904=book.from_1904)
        if serial is not None and day is not None:
            return Cell(str(day), "date", day, formula, timed=serial[1])
    if style.zeros and text.isdigit():
        text = text.zfill(style.zeros)
    return Cell(text, "number", formula=formula, percent=style.percent)


def number_text(value: str) -> str:
    """Return a stored number as plain decimal text, with the 15 digits that a program shows.

    Binary fractions have digits beyond those which nobody typed (0.1 + 0.2 is stored as
    0.30000000000000004). What is no number comes back as it is.
    """
    try:
        number = Decimal(value)
        if not number.is_finite() or abs(number.adjusted()) > 40:
            return value
    except InvalidOperation:
        return value
    digits = len(number.as_tuple().digits)
    if digits > _SIGNIFICANT_DIGITS and not value.strip("+-").isdigit():
        number = Decimal(f"{number:.{_SIGNIFICANT_DIGITS - 1}e}")
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _serial(value: str) -> tuple[int, bool] | None:
    try:
        number = Decimal(value)
        if not 1 <= number <= _LAST_SERIAL:
            return None
    except InvalidOperation:
        return None
    return int(number), number != int(number)


def serial_day(serial: int, *, from_1904: bool = False) -> date | None:
    """Return the day that a workbook stores as a number, or None if there is none.

    Workbooks count from 1900 as if that had been a leap year; 60 is the day that never was.
    """
    if from_1904:
        serial += _DAYS_1904
    elif serial == 60:
        return None
    elif serial < 60:
        serial += 1
    if not 1 <= serial <= _LAST_SERIAL:
        return None
    return _FIRST_DAY + timedelta(days=serial)


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
