"""Writes tables of reports: empty templates to fill in, and reports filled into them.

A template explains itself: each title has a comment, codes come from drop-down lists, a sheet
lists their meanings, and one row, which is never read, shows how it is done. The same template or
report gives the same bytes each time.

Source: contents by IAEA SG-FM-1172, Model Subsidiary Arrangement Code 10, labelled format,
sections 3 and 4; the layout is a choice of keiryo.
"""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from keiryo import vocabulary
from keiryo.errors import UsageError
from keiryo.quantities import format_weight
from keiryo.reports.formats.cell_values import CellAt, Unread, read_text
from keiryo.reports.formats.grid import Cell
from keiryo.reports.formats.table_reader import read_csv_table
from keiryo.reports.formats.table_rules import Collected
from keiryo.reports.formats.templates import Column, Template, columns, head_fields, template
from keiryo.reports.model import REPORT_TYPES, Entry, Note, Report, weight_unit

FORMS = ("xlsx", "csv")
"""Kinds of file that are written."""

EXAMPLE = "Example (not read)"
CODES_SHEET = "Codes"

_KIND_OF_TYPE = {"I": "changes", "P": "inventory", "M": "balance"}
_REPORTS_OF_TYPE = {"I": "ICR", "M": "MBR"}
_CREATED = datetime.datetime(2020, 1, 1)
_FIRST_STORABLE = datetime.date(1900, 3, 1)
_EMPTY_ROWS = 200
_MAX_STORED_DIGITS = 15
_WIDTHS = {"entry": 18, "batch": 18, "shipper_batch": 18, "note": 40, "description": 30}
_HINT_WIDTH = 60


class _Value(NamedTuple):
    """A cell to write; `number` is its decimal text if it is a number."""

    text: str
    day: datetime.date | None = None
    number: str | None = None


class _Sheet(NamedTuple):
    """A table to write: head and rows."""

    template: Template
    columns: tuple[Column, ...]
    head: dict[str, _Value]
    rows: list[dict[str, _Value]]
    blank: bool


def write_template(kind: str, form: str = "xlsx") -> bytes:
    """Return an empty template.

    Parameters
    ----------
    kind : str
        One of `templates.templates`, e.g. ``"receipts"``.
    form : {"xlsx", "csv"}

    Raises
    ------
    NotFoundError
        If there is no such template.
    UsageError
        If the form is another.
    """
    made = template(kind)
    example = {name: _plain_value(name, text) for name, text in made.example.items()}
    rows = [{**example, "entry": _Value(EXAMPLE)}]
    head = {"template": _Value(made.title)}
    return _write(_Sheet(made, made.columns, head, rows, blank=True), form)


def example_report(kind: str) -> Report:
    """Return the example of a template as a report, for showing other forms of the same.

    Raises
    ------
    NotFoundError
        If there is no such template.
    """
    made = template(kind)
    head = {
        "template": made.title,
        "state": "XA",
        "facility": "XAF-",
        "mba": "XAFA",
        "report_number": "104",
        "report_date": "2025-12-31",
        "encoder": "ITO, K.",
        **(
            {"pit_date": "2025-12-31"}
            if made.type == "P"
            else {"period_from": "2025-04-01", "period_to": "2025-12-31"}
        ),
    }
    rows = [{name: _Value(text) for name, text in made.example.items()}]
    values = {name: _Value(text) for name, text in head.items()}
    read = read_csv_table(_csv(_Sheet(made, made.columns, values, rows, False)), "example")
    (report,) = read.reports
    entries = tuple(replace(entry, file="", line=0) for entry in report.entries)
    return replace(report, entries=entries)


def write_tables(report: Report, form: str = "xlsx") -> bytes:
    """Return a report as the filled-in template of its type.

    Reading it back gives an equal report.

    Parameters
    ----------
    report : Report
    form : {"xlsx", "csv"}

    Raises
    ------
    UsageError
        If the report says what a table cannot carry: textual reports, labels that Code 10 does
        not know, several notes on one entry, numbers that do not run from 1.
    """
    kind = _KIND_OF_TYPE.get(report.type)
    reasons = _cannot_carry(report)
    if kind is None:
        name = REPORT_TYPES.get(report.type, "report of no type")
        reasons = [f"there is no table for a {name}"]
    if kind is None or reasons:
        raise UsageError(
            f"report {report.key} cannot be written as a table: {'; '.join(reasons)}",
            "Write it as labelled Code 10 or as JSON.",
        )
    made = template(kind)
    notes = {note.on_entry: note for note in report.notes if note.on_entry is not None}
    rows = [_row(report, entry, notes.get(entry.number)) for entry in report.entries]
    used = {name for row in rows for name in row}
    extra = [c for name, c in columns().items() if name in used and c not in made.columns]
    return _write(_Sheet(made, (*made.columns, *extra), _head(report, made), rows, False), form)


def _cannot_carry(report: Report) -> list[str]:
    reasons = []
    if [entry.number for entry in report.entries] != list(range(1, len(report.entries) + 1)):
        reasons.append("its entries are not numbered from 1 without gaps")
    if any(entry.unknown or entry.unreadable for entry in report.entries) or report.unreadable:
        reasons.append("it holds labels that Code 10 does not know or that could not be read")
    references = [note.reference for note in report.notes if note.reference not in (None, "R")]
    if len(set(references)) < len(references) or len(report.notes) - len(references) > 1:
        reasons.append("there are several notes on one entry or on the report")
    numbers = {entry.number for entry in report.entries}
    if any(n.reference not in (None, "R") and n.on_entry not in numbers for n in report.notes):
        reasons.append("a note does not speak of an entry of the report")
    if any(note.report_type or note.non_latin or note.unknown for note in report.notes):
        reasons.append("a note carries more than its text")
    if any(entry.status == "" for entry in report.entries):
        reasons.append("an entry has no status")
    if not report.number:
        reasons.append("it has no number")
    return reasons


def _head(report: Report, made: Template) -> dict[str, _Value]:
    values: dict[str, _Value | None] = {
        "template": _Value(made.title),
        "state": _text(report.country),
        "facility": _text(report.facility),
        "mba": _text(report.mba),
        "report_number": _number(report.number),
        "report_date": _day(report.date),
        "encoder": _text(report.encoder),
        "report_note": _text(next((n.text for n in report.notes if n.on_report), None)),
    }
    if report.period_single:
        values["pit_date"] = _day(report.period_to)
    else:
        values["period_from"] = _day(report.period_from)
        values["period_to"] = _day(report.period_to)
    return {name: value for name, value in values.items() if value is not None}


def _row(report: Report, entry: Entry, note: Note | None) -> dict[str, _Value]:
    refers = entry.refers
    report_number = None
    if refers is not None:
        own = refers.country == report.country
        report_number = (
            _number(refers.report) if own else _Value(f"{refers.country};{refers.report}")
        )
    values: dict[str, _Value | None] = {
        "entry": _number(entry.number),
        "status": None if entry.status == "N" else _Value(entry.status),
        "refers_report": report_number,
        "refers_entry": None if refers is None else _number(refers.entry),
        "date": _day(entry.date),
        "items": None if entry.items is None else _number(entry.items),
        "note_indicator": _Value("Y") if entry.note_indicator and note is None else None,
        "note": None if note is None else _text(note.text),
    }
    for name in (
        *("code", "shipper", "receiver", "kmp", "batch", "shipper_batch", "mdc", "basis"),
        *("basis_kmp", "basis_method", "state_record_id", "operator_mdc", "description"),
        "non_latin",
    ):
        values[name] = _text(getattr(entry, name))
    for weight in entry.weights:
        digits = format_weight(weight.mg, weight_unit(weight.label))
        values[weight.label] = _Value(digits, number=digits)
    return {name: value for name, value in values.items() if value is not None}


def _plain_value(name: str, text: str) -> _Value:
    column = columns()[name]
    if name == "date":
        return _Value(text, datetime.date.fromisoformat(text))
    return _Value(text, number=text) if column.is_weight or name == "items" else _Value(text)


def _number(number: int) -> _Value:
    return _Value(str(number), number=str(number))


def _day(day: datetime.date | None) -> _Value | None:
    return None if day is None else _Value(str(day), day)


def _text(text: str | None) -> _Value | None:
    """Return a text so that it is read back as it is: in quotes if it could mean nothing."""
    if text is None:
        return None
    at = CellAt(Cell(text), "", "", None, Collected(""))
    try:
        same = read_text(at, capitals=True) == text
    except Unread:
        same = False
    return _Value(text if same else f'"{text}"')


def _write(sheet: _Sheet, form: str) -> bytes:
    if form == "xlsx":
        return _xlsx(sheet)
    if form == "csv":
        return _csv(sheet)
    raise UsageError(
        f"tables are written as {' or '.join(FORMS)}, not as {form[:20]!r}",
        "Choose the ending of the file accordingly.",
    )


def _head_lines(sheet: _Sheet) -> list[tuple[str, _Value | None, str]]:
    """Return the lines of the head: title, value, hint."""
    shown = {field.name for field in sheet.template.fields}
    return [
        (field.title, sheet.head.get(name), field.text if sheet.blank else "")
        for name, field in head_fields().items()
        if name in sheet.head or (name in shown and not _other_period(sheet, name))
    ]


def _other_period(sheet: _Sheet, name: str) -> bool:
    """Return whether a field of the period stays away because the others are there."""
    periods = {"pit_date", "period_from", "period_to"}
    return name in periods and bool(periods & set(sheet.head))


def _csv(sheet: _Sheet) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    for title, value, hint in _head_lines(sheet):
        words = [title, value.text if value else "", hint]
        writer.writerow(words if hint else words[:2])
    writer.writerow([])
    writer.writerow([column.title for column in sheet.columns])
    for row in sheet.rows:
        writer.writerow([row[c.name].text if c.name in row else "" for c in sheet.columns])
    made = text.getvalue()
    # Programs for tables take a file without byte order mark for the encoding of the country.
    return made.encode("ascii") if made.isascii() else made.encode("utf-8-sig")


def _xlsx(sheet: _Sheet) -> bytes:
    import xlsxwriter  # type: ignore[import-untyped]

    data = io.BytesIO()
    book = xlsxwriter.Workbook(data, {"in_memory": True})
    book.set_properties({"title": sheet.template.title, "created": _CREATED})
    forms = {
        "title": book.add_format({"bold": True, "text_wrap": True, "valign": "top", "border": 1}),
        "head": book.add_format({"bold": True}),
        "hint": book.add_format({"italic": True, "font_color": "#666666"}),
        "text": book.add_format({"num_format": "@"}),
        "day": book.add_format({"num_format": "yyyy-mm-dd"}),
        # A cell without a form of its own takes that of its column, which may be one of days.
        "number": book.add_format({"num_format": "0"}),
        "example": book.add_format(
            {"italic": True, "font_color": "#888888", "bg_color": "#EEEEEE"}
        ),
        "example_day": book.add_format(
            {
                "italic": True,
                "font_color": "#888888",
                "bg_color": "#EEEEEE",
                "num_format": "yyyy-mm-dd",
            }
        ),
    }
    page = book.add_worksheet(sheet.template.title)
    page.set_default_row(15)
    line = 0
    for title, value, hint in _head_lines(sheet):
        page.write_string(line, 0, title, forms["head"])
        if value is not None:
            _cell(page, line, 1, value, forms, "number" if value.number else "")
        else:
            days = "date" in title or "Period" in title
            page.write_blank(line, 1, None, forms["day" if days else "text"])
        if hint:
            page.write_string(line, 2, hint, forms["hint"])
        line += 1
    titles = line + 1
    for number, column in enumerate(sheet.columns):
        page.write_string(titles, number, column.title, forms["title"])
        comment = f"{column.text} (Code 10 label {column.label})"
        page.write_comment(titles, number, comment, {"author": "keiryo", "x_scale": 2})
        page.set_column(number, number, _WIDTHS.get(column.name, 14), _column_form(column, forms))
    for row, values in enumerate(sheet.rows, titles + 1):
        for number, column in enumerate(sheet.columns):
            if column.name in values:
                _cell(page, row, number, values[column.name], forms, _look(sheet))
    page.freeze_panes(titles + 1, 1)
    if sheet.blank:
        _lists(page, sheet, titles + 1)
        _codes_page(book, sheet.template, forms)
    book.close()
    return data.getvalue()


def _look(sheet: _Sheet) -> str:
    return "example" if sheet.blank else ""


def _column_form(column: Column, forms: dict[str, Any]) -> Any:
    if column.name == "date":
        return forms["day"]
    return None if column.is_weight or column.name == "items" else forms["text"]


def _cell(
    page: Any, row: int, number: int, value: _Value, forms: dict[str, Any], look: str
) -> None:
    form = forms[look] if look else None
    if value.day is not None and value.day >= _FIRST_STORABLE:
        at = datetime.datetime.combine(value.day, datetime.time())
        page.write_datetime(row, number, at, forms["example_day" if look == "example" else "day"])
    elif value.number is not None and _stored_exactly(value.number):
        page.write_number(row, number, float(value.number), form)
    else:
        page.write_string(row, number, value.text, form or forms["text"])


def _stored_exactly(number: str) -> bool:
    """Return whether a workbook keeps a number exactly; longer ones are written as text."""
    return len(number.lstrip("-").replace(".", "").lstrip("0")) <= _MAX_STORED_DIGITS


def _lists(page: Any, sheet: _Sheet, first: int) -> None:
    """Add drop-down lists; other values are allowed with a warning."""
    choices: dict[str, Sequence[str]] = {
        "code": _codes_of(sheet.template),
        "status": ("N", "C", "D", "A", "U"),
        "basis": tuple(vocabulary.measurement_bases()),
    }
    for number, column in enumerate(sheet.columns):
        source = choices.get(column.name)
        if source:
            page.data_validation(
                first,
                number,
                first + _EMPTY_ROWS,
                number,
                {
                    "validate": "list",
                    "source": list(source),
                    "error_type": "warning",
                    "error_title": column.title,
                    "error_message": "This is not in the list. Keep it all the same?",
                },
            )


def _codes_of(made: Template) -> tuple[str, ...]:
    if made.codes:
        return made.codes
    kind = _REPORTS_OF_TYPE.get(made.type, "")
    return tuple(c.code for c in vocabulary.ENTRY_CODES().values() if kind in c.reports)


def _codes_page(book: Any, made: Template, forms: dict[str, Any]) -> None:
    """Add the sheet that explains the codes."""
    page = book.add_worksheet(CODES_SHEET)
    page.set_column(0, 0, 12)
    page.set_column(1, 1, _HINT_WIDTH * 1.5)
    blocks: list[tuple[str, list[tuple[str, str]]]] = []
    codes = [(code, vocabulary.entry_code(code).meaning) for code in _codes_of(made)]
    if codes:
        blocks.append(("Type of change (label 411)", codes))
    blocks += [
        (
            "Status (label 309)",
            [(s.letter, s.meaning) for s in vocabulary.entry_statuses().values()],
        ),
    ]
    if made.type != "M":
        bases = [(b.letter, b.meaning) for b in vocabulary.measurement_bases().values()]
        blocks.append(("Measurement basis (label 469)", bases))
        for position, name in enumerate(
            ("physical_form", "chemical_form", "containment", "quality"), 1
        ):
            title = f"Material description, position {position}: {name.replace('_', ' ')}"
            blocks.append((title, list(vocabulary.mdc_table(name).items())))
    blocks.append(("Columns", [(c.title, c.text) for c in made.columns]))
    line = 0
    for title, pairs in blocks:
        page.write_string(line, 0, title, forms["head"])
        for offset, (code, text) in enumerate(pairs, 1):
            page.write_string(line + offset, 0, code)
            page.write_string(line + offset, 1, text)
        line += len(pairs) + 2
