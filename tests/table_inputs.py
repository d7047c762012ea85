"""Tables to read in tests: workbooks and CSV files made from rows, and damaged on purpose."""

from __future__ import annotations

import datetime
import io
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

import xlsxwriter

Rows = Sequence[Sequence[Any]]

HEAD: list[list[Any]] = [
    ["Template", "Receipts"],
    ["State", "XA"],
    ["Facility", "XAF-"],
    ["MBA", "XAFA"],
    ["Report number", 104],
    ["Report date", datetime.date(2025, 5, 12)],
    ["Encoder", "ITO, K."],
    ["Period from", datetime.date(2025, 4, 1)],
    ["Period to", datetime.date(2025, 4, 30)],
]
"""Rows 1 to 9; the titles follow in row 11, the first entry in row 12."""

TITLES = [
    *("Date of change", "Type of change", "From (State/MBA)", "To (State/MBA)", "KMP"),
    *("Batch name", "Shipper's batch name", "Number of items", "Material description"),
    *("Measurement basis", "Enriched uranium (g)", "U-235 (g)", "Note"),
]
GOOD: list[Any] = [
    *(datetime.date(2025, 4, 12), "RF", "XB/XBEA", "XA/XAFA", "1"),
    *("CYL-0001", "B-77", 1, "O/G/R/B", "N", 1541260.25, 68585.1, None),
]
COLUMN = {title: number for number, title in enumerate(TITLES)}
"""Column of each title, from 0."""


def good(**changes: Any) -> list[Any]:
    """Return a row that is right but for what is named: date, code, batch, uranium and so on."""
    names = [
        *("date", "code", "shipper", "receiver", "kmp", "batch", "shipper_batch", "items"),
        *("mdc", "basis", "uranium", "u235", "note"),
    ]
    return [changes.get(name, value) for name, value in zip(names, GOOD, strict=True)]


def table(*rows: Sequence[Any], head: Rows | None = None, titles: Sequence[Any] = TITLES) -> Rows:
    """Return the rows of a sheet: head, a blank row, titles, rows."""
    return [*(HEAD if head is None else head), [], list(titles), *rows]


def workbook(
    rows: Rows | None = None,
    *,
    change: Callable[[Any, Any], None] | None = None,
    **sheets: Rows,
) -> bytes:
    """Return a workbook with the sheet Receipts, or the sheets named.

    Texts that begin with ``=`` become formulas. `change` gets the book and its first sheet.
    """
    data = io.BytesIO()
    book = xlsxwriter.Workbook(data, {"in_memory": True})
    days = book.add_format({"num_format": "yyyy-mm-dd"})
    first = None
    for name, cells in (sheets or {"Receipts": rows or []}).items():
        page = book.add_worksheet(name)
        first = first or page
        for r, row in enumerate(cells):
            for c, value in enumerate(row):
                if isinstance(value, datetime.date):
                    page.write_datetime(
                        r, c, datetime.datetime.combine(value, datetime.time()), days
                    )
                elif isinstance(value, tuple):  # formula and its stored value
                    page.write_formula(r, c, value[0], None, value[1])
                elif isinstance(value, str):
                    page.write_string(r, c, value)
                elif value is not None:
                    page.write(r, c, value)
    if change is not None:
        change(book, first)
    book.close()
    return data.getvalue()


def csv_file(rows: Rows, separator: str = ",", encoding: str = "utf-8") -> bytes:
    """Return a CSV file; values with the separator in them are quoted."""

    def text(value: Any) -> str:
        word = "" if value is None else str(value)
        return f'"{word}"' if separator in word else word

    return "\r\n".join(separator.join(map(text, row)) for row in rows).encode(encoding)


def with_part(data: bytes, name: str, content: bytes) -> bytes:
    """Return a workbook with one part added or replaced."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.namelist():
            if part != name:
                new.writestr(part, old.read(part))
        new.writestr(name, content)
    return made.getvalue()


def part_of(data: bytes, name: str) -> bytes:
    """Return one part of a workbook."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(name)
