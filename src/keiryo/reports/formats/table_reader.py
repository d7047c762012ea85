"""Reads tables of reports: from the sheets of a file to reports, with a finding for each doubt.

Each sheet with a table is one report, or a part of one: sheets of a workbook that name the same
report are put together in their order. Rows become entries; without numbers of their own they are
numbered from 1. A table without report number gives a report of number 0: its rows are lines of
the facility's own books.

What the report says is judged by `rules.check_report` as of any other report.

Source: contents by IAEA SG-FM-1172, Model Subsidiary Arrangement Code 10, labelled format,
sections 3 and 4; the reading of tables is a choice of keiryo.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from keiryo.reports.formats.cell_numbers import unit_behind
from keiryo.reports.formats.csv_reader import read_csv
from keiryo.reports.formats.grid import Grid
from keiryo.reports.formats.table_head import Head, read_head
from keiryo.reports.formats.table_layout import Layout, find_layout, titles_in
from keiryo.reports.formats.table_places import Address, EntryPlace
from keiryo.reports.formats.table_rows import Row, continued, data_rows, read_row, signs_of_weights
from keiryo.reports.formats.table_rules import Collected
from keiryo.reports.formats.table_spread import spread
from keiryo.reports.formats.templates import head_fields
from keiryo.reports.formats.xlsx_reader import read_xlsx
from keiryo.reports.model import Entry, Note, Report

_SHEETS_PASSED_OVER = frozenset({"codes"})


@dataclass(slots=True)
class _Part:
    """The rows of one sheet, with what its head says and what was found in it."""

    grid: Grid
    layout: Layout
    found: Collected
    head: Head
    rows: list[Row] = field(default_factory=list)


class TablesRead(NamedTuple):
    """The reports of a file, what was found in it, and where their entries stand."""

    reports: list[Report]
    found: Collected
    places: dict[Address, EntryPlace]


def read_workbook(data: bytes, file: str) -> TablesRead:
    """Read the reports of an XLSX file; never raises on bad data."""
    read = TablesRead([], Collected(file), {})
    _reports(read_xlsx(data, read.found), read)
    return read


def read_csv_table(data: bytes, file: str) -> TablesRead:
    """Read the report of a CSV file; never raises on bad data."""
    read = TablesRead([], Collected(file), {})
    grid = read_csv(data, read.found, titles_in)
    _reports([] if grid is None else [grid], read)
    return read


def _reports(grids: list[Grid], read: TablesRead) -> None:
    if not grids:
        return
    found = read.found
    parts = []
    without: list[Grid] = []
    some = False
    for grid in grids:
        if grid.name.casefold() in _SHEETS_PASSED_OVER or not grid.rows:
            continue
        of_sheet = Collected(found.file)
        layout = find_layout(grid, of_sheet)
        if layout is None:
            without.append(grid)
            continue
        some = True
        part = _part(grid, layout, of_sheet)
        if part is not None:
            parts.append(part)
        else:
            found.kept += of_sheet.all()
    if not some:
        if not any(one.code.startswith("FILE-") and one.severity == "F" for one in found.kept):
            found.note(
                "TABLE-NONE",
                "no row with the column titles of a template was found"
                if without
                else "the file holds no rows",
            )
        return
    for grid in without:
        found.note("TABLE-SHEET", f"the sheet {grid.name!r} holds no table of reports", grid.name)
    _put_together(parts, read)


def _part(grid: Grid, layout: Layout, found: Collected) -> _Part | None:
    if grid.hidden:
        found.note("TABLE-HIDDEN", f"the sheet {grid.name!r} is hidden; it was read", grid.name)
    _units_missing(grid, layout, found)
    rows = data_rows(grid, layout, found)
    spread(grid, layout, rows, found)
    head = read_head(grid, layout, rows, found)
    if not rows:
        found.note(
            "TABLE-EMPTY", "no row under the column titles is an entry", grid.place(layout.last)
        )
        return None
    signs = signs_of_weights(grid, layout, rows)
    read = [
        read_row(grid, layout, row, found, country=head.state, mba=head.mba, signs=signs)
        for row in rows
    ]
    head.settle_type(read, grid, layout, found)
    if not head.good:
        return None
    return _Part(grid, layout, found, head, continued(read))


def _units_missing(grid: Grid, layout: Layout, found: Collected) -> None:
    """Refuse columns of weights that say no unit, neither in the title nor behind the numbers."""
    for number, column in layout.columns.items():
        if not column.is_weight:
            continue
        place = grid.place(layout.last, number)
        unit, title = layout.units.get(number), layout.titles[number]
        if unit == "%":
            found.note(
                "CELL-PERCENT",
                f"the column {title!r} holds percentages, not weights; it was not read",
                place,
                label=column.label,
                found=title,
            )
        elif unit is None and _numbers_without_unit(grid, layout, number):
            found.note(
                "TABLE-UNIT",
                f"the column {title!r} does not say whether it is in g or in kg; it was not read",
                place,
                label=column.label,
                found=title,
                expected=column.title,
            )


def _numbers_without_unit(grid: Grid, layout: Layout, number: int) -> bool:
    for row, cells in grid.rows.items():
        if row > layout.last and number in cells:
            text, unit = unit_behind(grid.text(row, number))
            if unit is None and text.strip("0.,+- "):
                return True
    return False


def _put_together(parts: Iterable[_Part], read: TablesRead) -> None:
    by_key: dict[tuple[str, str, int], list[_Part]] = {}
    for part in parts:
        head = part.head
        by_key.setdefault((head.state, head.mba or "", head.number), []).append(part)
    for same in by_key.values():
        _without_copies(same)
        heads = [part.head for part in same]
        for part in same[1:]:
            if part.head.as_report() != heads[0].as_report():
                part.found.note(
                    "TABLE-HEADER",
                    f"the sheets {heads[0].sheet!r} and {part.head.sheet!r} have the same report "
                    "number, but differ in what else stands above the table",
                    part.head.sheet or None,
                )
        report = _report(heads[0], [row for part in same for row in part.rows], read.found.file)
        read.reports.append(report)
        if report.number == 0:
            same[0].found.note(
                "TABLE-SOURCE",
                f"there is no report number; the {len(report.entries)} rows are lines of the "
                f"facility for {report.mba}",
            )
        numbers = iter(report.entries)
        for part in same:
            entries = {part.grid.place(row.entry.line): next(numbers).number for row in part.rows}
            read.found.kept += part.found.about(report.mba, report.number, entries)
            _keep_places(part, report, entries, read)


def _without_copies(same: list[_Part]) -> None:
    """Leave out sheets that say nothing but what a sheet before them says, and say so."""
    seen: dict[tuple[object, ...], str] = {}
    for part in same:
        rows: tuple[tuple[Entry, object, str | None], ...] = tuple(
            (replace(row.entry, number=0), row.entry.unreadable, row.note) for row in part.rows
        )
        first = seen.setdefault((part.head.as_report(), rows), part.grid.name)
        if first != part.grid.name and any(entry.batch for entry, _, _ in rows):
            part.rows.clear()
            part.found.kept.clear()
            part.found.note(
                "TABLE-SHEET",
                f"the sheet {part.grid.name!r} says the same as the sheet {first!r}; it was read "
                "once only",
                part.grid.name,
            )


def _keep_places(part: _Part, report: Report, entries: dict[str, int], read: TablesRead) -> None:
    """Keep where each entry and the head stand, for findings of the rules."""
    grid, layout = part.grid, part.layout
    number = str(report.number)
    columns: dict[str, int] = {}
    for at, column in layout.columns.items():
        columns.setdefault(column.label, at)
    for row in part.rows:
        place = grid.place(row.entry.line)
        cells = {label: grid.place(row.entry.line, at) for label, at in columns.items()}
        address = Address(read.found.file, report.mba, number, entries[place])
        read.places[address] = EntryPlace(place, cells)
    head = Address(read.found.file, report.mba, number, 0)
    above = {
        field_.label: grid.place(layout.fields[name].row, layout.fields[name].column)
        for name, field_ in reversed(list(head_fields().items()))
        if name in layout.fields and field_.label is not None
    }
    if "report_number" in layout.fields:
        at_number = layout.fields["report_number"]
        above["001"] = grid.place(at_number.row, at_number.column)
    read.places.setdefault(head, EntryPlace(above.get("001", grid.name), above))


def _report(head: Head, rows: list[Row], file: str) -> Report:
    entries: list[Entry] = []
    notes: list[tuple[str, str, int]] = []
    for position, row in enumerate(rows, 1):
        number = row.entry.number or position
        total = len(rows) if position == 1 else None
        entries.append(replace(row.entry, number=number, total=total))
        if row.note is not None:
            notes.append((row.note, f"E/{number}", row.entry.line))
    if head.note is not None:
        notes.append((head.note, "R", 0))
    made = tuple(
        Note(
            number=n,
            total=len(notes) if n == 1 else None,
            text=text,
            reference=reference,
            file=file,
            line=line,
        )
        for n, (text, reference, line) in enumerate(notes, 1)
    )
    return replace(head.as_report(), entries=tuple(entries), notes=made)
