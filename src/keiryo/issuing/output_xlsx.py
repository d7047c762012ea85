"""A report as a spreadsheet for people: one row per entry and element category.

Weights are numbers with the decimals that the report states, and text where a spreadsheet could
not hold every digit. Nothing in a cell is a formula, whatever a batch is called. The file has the
time of the act that stands behind the report, so the same act gives the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]

from keiryo.dates import parse_utc
from keiryo.issuing.copies import ReportCopy
from keiryo.issuing.output import (
    Row,
    Words,
    header_lines,
    legend,
    measurement_text,
    rows,
    status_text,
    sums,
    trace_lines,
)
from keiryo.quantities import format_weight

FONT = "BIZ UDPGothic"
MAX_DIGITS = 15
"""Digits that a number of a spreadsheet holds exactly."""

_COLUMNS = {
    "I": (
        *("entry", "status", "date", "code", "kmp", "batch", "shipper_batch", "shipper"),
        *("receiver", "items", "mdc", "measurement", "category", "element", "unit", "fissile"),
        *("isotope", "isotopes", "description"),
    ),
    "P": (
        *("entry", "status", "kmp", "batch", "items", "mdc", "measurement", "category"),
        *("element", "unit", "fissile", "isotope", "isotopes", "description"),
    ),
    "M": ("entry", "status", "code", "meaning", "category", "element", "unit", "fissile",
          "isotope"),
}  # fmt: skip
_WIDTHS = {"status": 14, "date": 12, "batch": 20, "shipper_batch": 20, "shipper": 11,
           "receiver": 11, "mdc": 11, "element": 17, "fissile": 17, "isotope": 13,
           "isotopes": 26, "description": 30, "meaning": 34, "category": 10}  # fmt: skip
_WEIGHTS = ("element", "fissile")


class _Sheets:
    """The workbook while it is written."""

    def __init__(self, target: io.BytesIO, copy: ReportCopy, words: Words) -> None:
        self.copy = copy
        self.words = words
        options = {
            "in_memory": True,
            "strings_to_numbers": False,
            "strings_to_formulas": False,
            "strings_to_urls": False,
        }
        self.book = xlsxwriter.Workbook(target, options)
        created = parse_utc(copy.act.recorded_at).replace(tzinfo=None, microsecond=0)
        self.book.set_properties(
            {"title": f"{words[f'title_{_kind(copy)}']} {copy.report.key}", "author": "keiryo",
             "created": created}
        )  # fmt: skip
        self.formats: dict[tuple[tuple[str, Any], ...], Any] = {}

    def format(self, **more: Any) -> Any:
        """Return a cell format, made once."""
        key = tuple(sorted(more.items()))
        if key not in self.formats:
            plain = {"font_name": FONT, "font_size": 10, "valign": "top"}
            self.formats[key] = self.book.add_format(plain | more)
        return self.formats[key]

    def weight(self, sheet: Any, row: int, column: int, text: str, **more: Any) -> None:
        """Write an exact decimal: a number if a spreadsheet holds all its digits."""
        if not text:
            sheet.write_blank(row, column, None, self.format(**more))
            return
        decimals = len(text.partition(".")[2])
        if len(text.lstrip("-").replace(".", "").lstrip("0")) > MAX_DIGITS:
            sheet.write_string(row, column, text, self.format(align="right", **more))
            return
        shown = "#,##0" + ("." + "0" * decimals if decimals else "")
        number = float(Decimal(text))
        sheet.write_number(row, column, number, self.format(num_format=shown, **more))


def as_xlsx(copy: ReportCopy, language: str = "en") -> bytes:
    """Return a report as the bytes of an XLSX file.

    Parameters
    ----------
    copy : ReportCopy
    language : {"en", "ja"}
    """
    target = io.BytesIO()
    words = Words(language)
    sheets = _Sheets(target, copy, words)
    _report_sheet(sheets)
    _legend_sheet(sheets)
    sheets.book.close()
    return target.getvalue()


def _kind(copy: ReportCopy) -> str:
    return copy.report.type or "T"


def _report_sheet(sheets: _Sheets) -> None:
    copy, words = sheets.copy, sheets.words
    sheet = sheets.book.add_worksheet(words["sheet"])
    title = sheets.format(font_size=16, bold=True)
    sheet.write_string(0, 0, words[f"title_{_kind(copy)}"], title)
    sheet.write_string(1, 0, words["basis"], sheets.format(font_color="#555555"))
    line = 3
    for name, content in header_lines(copy, words):
        sheet.write_string(line, 0, name, sheets.format(bold=True))
        sheet.write_string(line, 3, content, sheets.format())
        line += 1
    line += 1
    if copy.report.entries:
        line = _table(sheets, sheet, line)
    for note in copy.report.notes:
        on = words["on_report"]
        if note.on_entry is not None:
            on = f"{words['on_entry']} {note.on_entry}"
        sheet.write_string(line, 0, f"{words['notes']} ({on})", sheets.format(bold=True))
        sheet.write_string(line, 5, note.text or "", sheets.format())
        line += 1
    line += 1
    for name, content in trace_lines(copy, words):
        sheet.write_string(line, 0, name, sheets.format(font_color="#555555"))
        sheet.write_string(line, 3, content, sheets.format(font_color="#555555"))
        line += 1
    sheet.hide_gridlines(2)
    sheet.set_paper(9)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.set_footer(f"&L{copy.report.key.replace('&', '&&')}&R&P / &N")


def _table(sheets: _Sheets, sheet: Any, line: int) -> int:
    """Write headings, rows and sums; return the line after them."""
    copy, words = sheets.copy, sheets.words
    columns = _COLUMNS.get(copy.report.type, _COLUMNS["I"])
    for number, name in enumerate(columns):
        sheet.set_column(number, number, _WIDTHS.get(name, 9))
        head = sheets.format(bold=True, bg_color="#DDE5EC", bottom=1, text_wrap=True)
        sheet.write_string(line, number, words.line(name), head)
        if name in words.table["columns"]:
            hint = str(words.table["columns"][name])
            sheet.write_comment(line, number, hint, {"author": "keiryo"})
    sheet.freeze_panes(line + 1, 0)
    sheet.repeat_rows(line)
    begin = line
    for row in rows(copy.report.entries):
        line += 1
        edge = {"top": 4, "top_color": "#999999"} if row.first else {}
        for number, name in enumerate(columns):
            content = _cell(row, name, words)
            if name in _WEIGHTS:
                sheets.weight(sheet, line, number, content, **edge)
            elif name in ("entry", "items") and content:
                sheet.write_number(line, number, int(content), sheets.format(**edge))
            else:
                sheet.write_string(line, number, content, sheets.format(**edge))
    sheet.autofilter(begin, 0, line, len(columns) - 1)
    return _sums(sheets, sheet, line + 2, columns)


def _sums(sheets: _Sheets, sheet: Any, line: int, columns: Sequence[str]) -> int:
    added = sums(sheets.copy)
    if not added:
        return line
    sheet.write_string(line, 0, sheets.words["sums"], sheets.format(bold=True))
    for code, group in added:
        line += 1
        row = {
            "code": code,
            "category": str(group.category),
            "unit": group.category.unit,
            "isotope": group.fissile_basis or "",
        }
        for number, name in enumerate(columns):
            if name == "element":
                text = format_weight(group.element_mg, group.category.unit)
                sheets.weight(sheet, line, number, text)
            elif name == "fissile" and group.fissile_mg is not None:
                sheets.weight(sheet, line, number, format_weight(group.fissile_mg, "g"))
            elif row.get(name):
                sheet.write_string(line, number, row[name], sheets.format())
    return line + 2


def _cell(row: Row, name: str, words: Words) -> str:
    entry = row.entry
    if name in ("category", "element", "unit", "fissile", "isotope"):
        return str(getattr(row, name))
    if name == "isotopes":
        return "; ".join(f"{nuclide} {weight}" for nuclide, weight in row.isotopes)
    if name == "entry":
        return str(entry.number)
    contents = {
        "status": status_text(entry),
        "date": entry.date.isoformat() if entry.date else "",
        "measurement": measurement_text(entry),
        "meaning": words.code(entry.code or ""),
        "items": "" if entry.items is None or not row.first else str(entry.items),
    }
    return contents[name] if name in contents else str(getattr(entry, name) or "")


def _legend_sheet(sheets: _Sheets) -> None:
    sections = legend(sheets.copy, sheets.words)
    if not sections:
        return
    sheet = sheets.book.add_worksheet(sheets.words["sheet_legend"])
    sheet.set_column(0, 0, 14)
    sheet.set_column(1, 1, 90)
    line = 0
    for title, pairs in sections:
        sheet.write_string(line, 0, title, sheets.format(bold=True))
        for code, meaning in pairs:
            line += 1
            sheet.write_string(line, 0, code, sheets.format())
            sheet.write_string(line, 1, meaning, sheets.format())
        line += 2
