"""The head of a table: State, MBA, report number, dates, and the kind of report.

Each is read from the lines above the table, or from a column if it stands there with one value in
all rows. Only State and MBA are asked for here, because without them there is no report to speak
of; what else is missing is found by `rules.check_report`.

Source: IAEA SG-FM-1172, Model Subsidiary Arrangement Code 10, labelled format, labels 001 to 307.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from keiryo.reports.formats import cell_values
from keiryo.reports.formats.cell_values import CellAt, Unread
from keiryo.reports.formats.grid import Cell, Grid, plain
from keiryo.reports.formats.table_layout import Layout
from keiryo.reports.formats.table_rows import Row
from keiryo.reports.formats.table_rules import Collected
from keiryo.reports.formats.templates import head_field, head_fields, spelling, templates, words
from keiryo.reports.model import REPORT_TYPES, Report

T = TypeVar("T")

_BALANCE_CODE = re.compile(r"PB|PE|BA|BE|MF|RA[A-Z]{2}")
_STATE = re.compile(r"[A-Z0-9]{2}")
_TWO_DAYS = re.compile(r"(.*[0-9日])\s*(?:/|〜|~|～|\bto\b|–| - )\s*([^/]*)")
_TYPE_WORDS = {
    **{spelling(kind): template.type for kind, template in templates().items()},
    **{spelling(template.title): template.type for template in templates().values()},
    **{spelling(name): letter for letter, name in REPORT_TYPES.items() if letter != "T"},
    "icr": "I",
    "pil": "P",
    "mbr": "M",
    "i": "I",
    "p": "P",
    "m": "M",
}


@dataclass(slots=True)
class Head:
    """What holds for all rows of a table.

    Attributes
    ----------
    state, mba, facility, encoder : str
    number : int
        0 if the table is no report.
    type : str
        I, P or M; settled after the rows are read.
    good : bool
        False if there is no report to speak of.
    sheet : str
    """

    state: str = ""
    number: int = 0
    type: str = ""
    mba: str | None = None
    facility: str | None = None
    report_date: datetime.date | None = None
    encoder: str | None = None
    period_from: datetime.date | None = None
    period_to: datetime.date | None = None
    period_single: bool = False
    note: str | None = None
    good: bool = True
    sheet: str = ""
    unreadable: list[tuple[str, str]] = field(default_factory=list)

    def as_report(self) -> Report:
        """Return a report with this head and no entries."""
        return Report(
            country=self.state,
            number=self.number,
            type=self.type,
            date=self.report_date,
            encoder=self.encoder,
            period_from=self.period_from,
            period_to=self.period_to,
            period_single=self.period_single,
            facility=self.facility,
            mba=self.mba,
            unreadable=tuple(self.unreadable),
        )

    def settle_type(
        self, rows: Sequence[Row], grid: Grid, layout: Layout, found: Collected
    ) -> None:
        """Work out the report type from the rows, if the head does not say it."""
        if self.type:
            return
        codes = [row.entry.code for row in rows if row.entry.code]
        if any(_BALANCE_CODE.fullmatch(code) for code in codes):
            self.type = "M"
        elif codes or any(row.entry.date for row in rows):
            self.type = "I"
        else:
            self.type = "P"
        found.note(
            "TABLE-KIND",
            f"the head does not say which kind of table this is; it was read as "
            f"{_ARTICLES[self.type]} {REPORT_TYPES[self.type]}",
            grid.place(layout.first),
        )


_ARTICLES = {"I": "an", "P": "a", "M": "a"}


@dataclass(slots=True)
class _Values:
    """The cells of a head by name of the field."""

    grid: Grid
    layout: Layout
    found: Collected
    unreadable: list[tuple[str, str]]
    columns: dict[str, CellAt] = field(default_factory=dict)

    def cell(self, name: str) -> CellAt | None:
        """Return the cell of a field, or None."""
        place = self.layout.fields.get(name)
        if place is None:
            return self.columns.get(name)
        cell = self.grid.rows[place.row][place.column]
        before, colon, after = plain(cell.text).partition(":")
        if colon and head_field(before) is not None and cell.kind == "text":
            cell = Cell(after.strip(), "text", formula=cell.formula)
        field_ = head_fields()[name]
        return CellAt(
            cell,
            self.grid.place(place.row, place.column),
            field_.title,
            field_.label,
            self.found,
            bool(self.grid.name),
        )

    def value(self, name: str, read: Callable[[CellAt], T]) -> T | None:
        """Return what `read` makes of a field; None if it is missing or could not be read."""
        at = self.cell(name)
        if at is None:
            return None
        try:
            return cell_values.answer(at, read)
        except Unread:
            if at.label is not None:
                self.unreadable.append((at.label, at.cell.text))
            return None


def read_head(grid: Grid, layout: Layout, rows: Sequence[int], found: Collected) -> Head:
    """Return what holds for all rows of a table."""
    head = Head(sheet=grid.name)
    values = _Values(grid, layout, found, head.unreadable)
    _from_columns(values, rows)

    def capitals(at: CellAt) -> str | None:
        return cell_values.read_text(at, capitals=True)

    state = values.value("state", capitals)
    head.mba = values.value("mba", capitals)
    head.facility = values.value("facility", capitals)
    head.encoder = values.value("encoder", capitals)
    head.note = values.value("report_note", capitals)
    head.report_date = values.value("report_date", cell_values.read_day)
    number = values.value("report_number", lambda at: cell_values.read_number_of(at, "a report"))
    head.number = number or 0
    head.type = _type(values) or ""
    _period(values, head)
    for name, value in (("state", state), ("mba", head.mba)):
        if value is None:
            _missing(values, name, head)
    if state is not None and _STATE.fullmatch(state) is None:
        at = values.cell("state")
        found.note(
            "TABLE-HEADER",
            f"{state[:40]!r} is not a State, which is two letters",
            at.place if at else None,
            label="001",
            found=state,
            expected="as in XA",
        )
        head.good = False
    if number is None and any(label == "001" for label, _ in head.unreadable):
        head.good = False  # a number that could not be read is not the same as none
    head.state = state or ""
    return head


def _missing(values: _Values, name: str, head: Head) -> None:
    head.good = False
    if any(label == head_fields()[name].label for label, _ in head.unreadable):
        return
    field_ = head_fields()[name]
    at = values.cell(name)
    values.found.note(
        "TABLE-HEADER",
        f"{field_.title} is missing above the table",
        at.place if at else values.grid.place(values.layout.first),
        label=field_.label,
        expected=field_.text,
    )


def _from_columns(values: _Values, rows: Sequence[int]) -> None:
    """Take fields that stand in columns, if they say the same in all rows."""
    grid = values.grid
    for number, field_ in values.layout.field_columns.items():
        first: CellAt | None = None
        for row in rows:
            cell = grid.rows[row].get(number)
            if cell is None:
                continue
            at = CellAt(
                cell,
                grid.place(row, number),
                field_.title,
                field_.label,
                values.found,
                bool(grid.name),
            )
            if first is None:
                first = at
            elif plain(cell.text) != plain(first.cell.text):
                at.note(
                    "TABLE-HEADER",
                    f"{field_.title} is {plain(cell.text)[:40]!r} here, but "
                    f"{plain(first.cell.text)[:40]!r} before; make one table for each",
                    expected=plain(first.cell.text),
                )
                break
        if first is not None:
            values.columns.setdefault(field_.name, first)


def _type(values: _Values) -> str | None:
    at = values.cell("template")
    if at is None:
        return None
    key = spelling(at.cell.text)
    letter = _TYPE_WORDS.get(key) or next(iter(words("type").get(key, ())), None)
    if letter is None and plain(at.cell.text):
        kinds = ", ".join(template.title for template in templates().values())
        values.found.note(
            "TABLE-KIND",
            f"{plain(at.cell.text)[:40]!r} is not a kind of table that keiryo knows",
            at.place,
            found=at.cell.text,
            expected=kinds,
        )
    return letter


def _period(values: _Values, head: Head) -> None:
    """Read the period: two days, two days in one cell, or the day of the inventory taking."""
    day = cell_values.read_day
    head.period_from = values.value("period_from", day)
    head.period_to = values.value("period_to", day)
    taking = values.value("pit_date", day)
    if head.period_from is None and head.period_to is None:
        at = values.cell("period")
        match = _TWO_DAYS.fullmatch(plain(at.cell.text)) if at else None
        if at is not None and match is not None:
            first, last = (_part_of(at, text) for text in match.groups())
            try:
                head.period_from, head.period_to = day(first), day(last)
            except Unread:
                head.unreadable.append(("015", at.cell.text))
        elif at is not None and at.cell.text.strip():
            taking = taking or values.value("period", day)
    if taking is not None:
        if head.period_to is None:
            head.period_from, head.period_to, head.period_single = taking, taking, True
        elif head.period_to != taking:
            pit = values.cell("pit_date")
            values.found.note(
                "TABLE-HEADER",
                f"the PIT date is {taking}, but the period ends on {head.period_to}",
                pit.place if pit else None,
                label="015",
                found=str(taking),
                expected=str(head.period_to),
            )
    elif (head.period_from is None) != (head.period_to is None) and not any(
        label == "015" for label, _ in head.unreadable
    ):
        name = "Period from" if head.period_from is None else "Period to"
        values.found.note(
            "TABLE-HEADER",
            f"{name} is missing above the table",
            values.grid.place(values.layout.first),
            label="015",
        )


def _part_of(at: CellAt, text: str) -> CellAt:
    return CellAt(Cell(text.strip()), at.place, at.title, at.label, at.found)
