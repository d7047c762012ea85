"""Where in a sheet the table is: its head, the row of titles, and what each column holds.

A table begins with the row in which most titles of a template stand. The titles may take two rows
(groups above, units below, or two languages). What stands above are pairs of title and value, side
by side, one above the other, or in one cell with a colon.

Source: choice of keiryo.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from keiryo.reports.formats.grid import Cell, Grid
from keiryo.reports.formats.table_rules import Collected
from keiryo.reports.formats.templates import (
    UNCLEAR_TITLES,
    Column,
    HeadField,
    Meaning,
    head_field,
    head_fields,
    meaning,
    spelling,
    split_unit,
    without_weight,
)

MIN_TITLES = 3
"""Titles that must stand in one row for it to be the head of a table."""

_ROWS_SEARCHED = 100


@dataclass(frozen=True, slots=True)
class Place:
    """A cell by row and column, from 1."""

    row: int
    column: int


@dataclass(slots=True)
class Layout:
    """What is where in a sheet.

    Attributes
    ----------
    first, last : int
        Rows of the titles.
    columns : dict of int to Column
        By number; columns that are not read are left out.
    units : dict of int to str
        Units in the titles of weights.
    titles : dict of int to str
    fields : dict of str to Place
        Where the values of the head stand, by name of the field.
    field_columns : dict of int to HeadField
        What belongs in the head but stands in a column.
    """

    first: int
    last: int
    columns: dict[int, Column] = field(default_factory=dict)
    units: dict[int, str] = field(default_factory=dict)
    titles: dict[int, str] = field(default_factory=dict)
    fields: dict[str, Place] = field(default_factory=dict)
    field_columns: dict[int, HeadField] = field(default_factory=dict)

    def number_of(self, name: str) -> int | None:
        """Return the number of a column by name, or None."""
        return next((n for n, column in self.columns.items() if column.name == name), None)

    def repeated(self, grid: Grid, row: int) -> bool:
        """Return whether a row says the titles again."""
        same = sum(self.titles.get(n) == grid.text(row, n) for n in grid.rows[row])
        return same >= MIN_TITLES


def titles_in(row: dict[int, Cell]) -> int:
    """Return how many different columns of templates a row names."""
    return len({m.column.name for m in (meaning(c.text) for c in row.values()) if m.column})


def find_layout(grid: Grid, found: Collected) -> Layout | None:
    """Return where the table of a sheet is, or None if there is none.

    What is odd about the titles goes to `found`.
    """
    rows = sorted(grid.rows)[:_ROWS_SEARCHED]
    best = max(rows, key=lambda row: (titles_in(grid.rows[row]), -row), default=0)
    if best == 0:
        return None
    first, last = best, best
    alone = titles_in(grid.rows[best])
    above, below = best - 1, best + 1
    if above in grid.rows and _score(_pair(grid, above, best)) > alone:
        first = above
    elif below in grid.rows and (
        _is_second_title_row(grid.rows[below]) or _score(_pair(grid, best, below)) > alone
    ):
        last = below
    meanings = _single(grid, best) if first == last else _pair(grid, first, last)
    if _score(meanings) < MIN_TITLES:
        return None
    layout = Layout(first, last)
    if first != last:
        found.note(
            "TABLE-TWO-HEADERS",
            f"the titles in rows {first} and {last} were read together",
            grid.place(first),
        )
    _take_columns(grid, layout, meanings, found)
    _take_fields(grid, layout)
    return layout


def _score(meanings: dict[int, Meaning]) -> int:
    return len({m.column.name for m in meanings.values() if m.column})


def _single(grid: Grid, row: int) -> dict[int, Meaning]:
    return {column: meaning(cell.text) for column, cell in grid.rows[row].items()}


def _is_second_title_row(row: dict[int, Cell]) -> bool:
    """Return whether a row under the titles holds units, labels or titles only."""

    def is_title(text: str) -> bool:
        bare, unit = split_unit(text)
        known = meaning(text)
        exact = (known.column is not None or known.field is not None) and not known.respelled
        return exact or (not bare and unit is not None)

    return bool(row) and all(c.kind != "date" and is_title(c.text) for c in row.values())


def _pair(grid: Grid, upper: int, lower: int) -> dict[int, Meaning]:
    """Return what two rows of titles mean together.

    A group title counts for the merged cells beneath it and for the empty ones to its right.
    """
    numbers = sorted({*grid.rows[upper], *grid.rows[lower]})
    groups: dict[int, str] = {}
    group, until = "", 0
    for number in numbers:
        if number in grid.rows[upper]:
            group = grid.text(upper, number)
            spans = [m for m in grid.merges if m.top <= upper <= m.bottom and m.left == number]
            until = spans[0].right if spans else 0
        groups[number] = group if until == 0 or number <= until else ""
    made = {}
    for number in numbers:
        above, below = groups[number], grid.text(lower, number)
        own = grid.text(upper, number)
        unit = split_unit(below)[1]
        tries = (
            [f"{below} in {above}", f"{above} {below}", f"{below} {above}", below]
            if above and below
            else [below]
        )
        tries += [own] if own else [above]
        found = next((m for m in map(meaning, tries) if m.column and not m.respelled), None)
        if found is None:
            found = next((m for m in map(meaning, tries) if m.column or m.field), Meaning())
        made[number] = found._replace(unit=found.unit or unit)
    return made


def _take_columns(
    grid: Grid, layout: Layout, meanings: dict[int, Meaning], found: Collected
) -> None:
    taken: dict[str, int] = {}
    for number, known in sorted(meanings.items()):
        title = grid.text(layout.last, number) or grid.text(layout.first, number)
        layout.titles[number] = title
        place = grid.place(layout.last, number)
        if known.field is not None:
            layout.field_columns[number] = known.field
            continue
        column = known.column
        if column is None:
            _unknown_column(grid, layout, number, title, found)
            continue
        if column.name in taken and not _filled(grid, layout, number):
            continue
        if column.name in taken:
            other = grid.place(layout.last, taken[column.name])
            found.note(
                "TABLE-COLUMN-DUP",
                f"the column {title!r} means the same as the one at {other}: {column.title}",
                place,
                label=column.label,
                found=title,
            )
            continue
        taken[column.name] = number
        if known.respelled:
            found.note(
                "TABLE-COLUMN-SPELLING",
                f"the column title {title!r} was read as {column.title!r}",
                place,
                found=title,
                expected=column.title,
            )
        if number in grid.hidden_columns and _filled(grid, layout, number):
            message = f"the column {title!r} is hidden; it was read"
            found.note("TABLE-HIDDEN", message, place)
        layout.columns[number] = column
        if known.unit is not None:
            layout.units[number] = known.unit
        elif column.is_weight and _is_label(title, column):
            layout.units[number] = column.unit or "g"
    for number in sorted({n for r in grid.rows if r > layout.last for n in grid.rows[r]}):
        if number not in meanings and not grid.lengths:
            _unknown_column(grid, layout, number, "", found)


def _is_label(title: str, column: Column) -> bool:
    return spelling(title) == column.label


def _filled(grid: Grid, layout: Layout, number: int) -> bool:
    return any(number in cells for row, cells in grid.rows.items() if row > layout.last)


def _unknown_column(grid: Grid, layout: Layout, number: int, title: str, found: Collected) -> None:
    if not _filled(grid, layout, number):
        return
    place = grid.place(layout.last, number)
    key = spelling(split_unit(title)[0])
    if key in UNCLEAR_TITLES or without_weight(key) in UNCLEAR_TITLES:
        found.note(
            "TABLE-COLUMN-UNCLEAR",
            f"the column {title!r} does not say which element and category it weighs",
            place,
            found=title,
            expected="as in 'Natural uranium (kg)', 'Enriched uranium (g)', 'Plutonium (g)'",
        )
        return
    name = f"the column {title!r}" if title else "a column without title"
    found.note("TABLE-COLUMN", f"{name} is not known; it was not read", place, found=title or None)


def _take_fields(grid: Grid, layout: Layout) -> None:
    """Find the values of the head above the titles."""
    used: set[tuple[int, int]] = set()
    for row in sorted(r for r in grid.rows if r < layout.first):
        for number, cell in sorted(grid.rows[row].items()):
            if (row, number) in used or cell.kind != "text":
                continue
            text = grid.text(row, number)
            title = text.rstrip(": =").strip()
            named = head_field(title)
            if named is None:
                if ":" in text:
                    named = head_field(text.partition(":")[0])
                    if named is not None:
                        layout.fields.setdefault(named.name, Place(row, number))
                continue
            place = _value_of(grid, layout, row, number)
            if place is not None:
                used.add((place.row, place.column))
                layout.fields.setdefault(named.name, place)


def _value_of(grid: Grid, layout: Layout, row: int, number: int) -> Place | None:
    """Return where the value of a title stands: to its right, else beneath it."""
    if not _titles_in_line(grid, row):
        for right in sorted(n for n in grid.rows[row] if n > number):
            text = grid.text(row, right)
            if head_field(text.rstrip(": ")) is None and text not in _hints():
                return Place(row, right)
            break
        return None
    beneath = row + 1
    if beneath < layout.first and number in grid.rows.get(beneath, {}):
        return Place(beneath, number)
    return None


@cache
def _hints() -> frozenset[str]:
    """Return what the template itself writes behind the values."""
    return frozenset(line.text for line in head_fields().values())


def _titles_in_line(grid: Grid, row: int) -> bool:
    """Return whether a row above the table holds titles only, at least two of them."""
    cells = grid.rows[row].values()
    named = [c for c in cells if head_field(c.text.rstrip(": "))]
    return len(named) >= 2 and len(named) == len(cells)
