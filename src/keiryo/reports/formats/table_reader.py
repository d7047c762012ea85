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

from keiryo.reports.formats.cell_numbers import unit_behind
from keiryo.reports.formats.csv_reader import read_csv
from keiryo.reports.formats.grid import Grid
from keiryo.reports.formats.table_head import Head, read_head
from keiryo.reports.formats.table_layout import Layout, find_layout, titles_in
from keiryo.reports.formats.table_rows import Row, continued, data_rows, read_row, shows_commas
from keiryo.reports.formats.table_rules import Collected
from keiryo.reports.formats.xlsx_reader import read_xlsx
from keiryo.reports.model import Entry, Note, Report

_SHEETS_PASSED_OVER = frozenset({"codes"})


@dataclass(slots=True)
class _Part:
    """The rows of one sheet, with what its head says and what was found in it."""

    grid: Grid
    found: Collected
    head: Head
    rows: list[Row] = field(default_factory=list)


def read_workbook(data: bytes, file: str) -> tuple[list[Report], Collected]:
    """Read the reports of an XLSX file; never raises on bad data."""
    found = Collected(file)
    return _reports(read_xlsx(data, found), found), found


def read_csv_table(data: bytes, file: str) -> tuple[list[Report], Collected]:
    """Read the report of a CSV file; never raises on bad data."""
    found = Collected(file)
    grid = read_csv(data, found, titles_in)
    return _reports([] if grid is None else [grid], found), found


def _reports(grids: list[Grid], found: Collected) -> list[Report]:
    if not grids:
        return []
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
        return []
    for grid in without:
        found.note("TABLE-SHEET", f"the sheet {grid.name!r} holds no table of reports", grid.name)
    return _put_together(parts, found)


def _part(grid: Grid, layout: Layout, found: Collected) -> _Part | None:
    if grid.hidden:
        found.note("TABLE-HIDDEN", f"the sheet {grid.name!r} is hidden; it was read", grid.name)
    _units_missing(grid, layout, found)
    rows = data_rows(grid, layout, found)
    _merged(grid, layout, set(rows), found)
    head = read_head(grid, layout, rows, found)
    if not rows:
        found.note(
            "TABLE-EMPTY", "no row under the column titles is an entry", grid.place(layout.last)
        )
        return None
    commas = shows_commas(grid, layout, rows)
    read = [
        read_row(grid, layout, row, found, country=head.state, mba=head.mba, commas=commas)
        for row in rows
    ]
    head.settle_type(read, grid, layout, found)
    if not head.good:
        return None
    return _Part(grid, found, head, continued(read))


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


def _merged(grid: Grid, layout: Layout, rows: set[int], found: Collected) -> None:
    last = max(rows, default=0)
    for merge in grid.merges:
        if merge.bottom <= layout.last or merge.top > last:
            continue
        columns = [n for n in layout.columns if merge.left <= n <= merge.right]
        if columns and (merge.top in rows or merge.bottom in rows):
            found.note(
                "TABLE-MERGED",
                f"the cells {merge.name} are merged; what they say counts for row {merge.top} "
                f"of {layout.columns[columns[0]].title!r} only",
                grid.place(merge.top, merge.left),
            )


def _put_together(parts: Iterable[_Part], found: Collected) -> list[Report]:
    by_key: dict[tuple[str, str, int], list[_Part]] = {}
    for part in parts:
        head = part.head
        by_key.setdefault((head.state, head.mba or "", head.number), []).append(part)
    reports = []
    for same in by_key.values():
        heads = [part.head for part in same]
        for part in same[1:]:
            if part.head.as_report() != heads[0].as_report():
                part.found.note(
                    "TABLE-HEADER",
                    f"the sheets {heads[0].sheet!r} and {part.head.sheet!r} have the same report "
                    "number, but differ in what else stands above the table",
                    part.head.sheet or None,
                )
        report = _report(heads[0], [row for part in same for row in part.rows], found.file)
        reports.append(report)
        if report.number == 0:
            same[0].found.note(
                "TABLE-SOURCE",
                f"there is no report number; the {len(report.entries)} rows are lines of the "
                f"facility for {report.mba}",
            )
        numbers = iter(report.entries)
        for part in same:
            entries = {part.grid.place(row.entry.line): next(numbers).number for row in part.rows}
            found.kept += part.found.about(report.mba, report.number, entries)
    return reports


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
