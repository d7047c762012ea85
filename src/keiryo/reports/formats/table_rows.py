"""The rows of a table: which of them are entries, and what each entry says.

Rows of totals, examples, remarks and repeated titles are not entries. Every row that is passed
over is named in a finding, but for blank rows and the example of the template.

Source: IAEA SG-FM-1172, Model Subsidiary Arrangement Code 10, labelled format, section 3.2;
which rows are no entries is a choice of keiryo.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import NamedTuple, TypeVar

from keiryo import vocabulary
from keiryo.errors import NotFoundError, Severity
from keiryo.reports.formats import cell_numbers, cell_values
from keiryo.reports.formats.cell_numbers import Signs
from keiryo.reports.formats.cell_values import CellAt, Unread
from keiryo.reports.formats.grid import Grid
from keiryo.reports.formats.table_layout import MIN_TITLES, Layout, titles_in
from keiryo.reports.formats.table_rules import Collected
from keiryo.reports.formats.templates import is_title, spelling, templates
from keiryo.reports.model import Entry, Reference, Weight

T = TypeVar("T")

_TOTALS = frozenset(
    {
        *("total", "totals", "sum", "subtotal", "subtotals", "grandtotal", "summe", "gesamt"),
        *("zwischensumme", "gesamtsumme", "somme", "suma", "totale", "総合計", "累計"),
        *("合計", "小計", "総計", "計"),
    }
)
_EXAMPLE = ("example", "例", "記入例")
_MAKES_AN_ENTRY = frozenset({"date", "code", "mdc", "kmp", "basis", "status", "refers_report"})
_FEW = 1
_LONGEST_WORD = 16
_LONGEST_TOTAL = 40
_SPLIT = re.compile(r"[:\s]+")


class Row(NamedTuple):
    """An entry as read from a row, with the concise note beside it."""

    entry: Entry
    note: str | None


def data_rows(grid: Grid, layout: Layout, found: Collected) -> list[int]:
    """Return the rows that are entries; the others are named in findings."""
    rows = []
    usual = _usual_length(grid, layout)
    for row in sorted(r for r in grid.rows if r > layout.last):
        cells = grid.rows[row]
        columns = [n for n in cells if n in layout.columns or n in layout.field_columns]
        first = spelling(grid.text(row, min(cells)))
        if first.startswith(_EXAMPLE):
            _example(grid, layout, row, found)
            continue
        if _is_title_row(grid, layout, row, found):
            if layout.repeated(grid, row):
                continue
            break
        if _ragged(grid, layout, row, usual):
            found.note(
                "TABLE-RAGGED",
                f"the row has {grid.lengths[row]} cells, but there are "
                f"{grid.lengths[layout.last]} columns",
                grid.place(row),
            )
            continue
        if not _is_entry(grid, layout, row, columns, found):
            continue
        if row in grid.hidden_rows:
            found.note("TABLE-HIDDEN", "the row is hidden; it was read", grid.place(row))
        rows.append(row)
    return rows


def _is_title_row(grid: Grid, layout: Layout, row: int, found: Collected) -> bool:
    """Return whether a row repeats the titles or begins a second table, and say so."""
    cells = grid.rows[row]
    if not any(
        cell.kind == "text" and is_title(cell.text) for _, cell in sorted(cells.items())[:2]
    ):
        return False
    if layout.repeated(grid, row):
        found.note("TABLE-STRAY", "the titles are repeated in this row", grid.place(row))
        return True
    if titles_in(cells) < MIN_TITLES or any(c.kind != "text" for c in cells.values()):
        return False
    found.note(
        "TABLE-HEADER",
        "a second table begins here; put it on a sheet or into a file of its own",
        grid.place(row),
    )
    return True


def _example(grid: Grid, layout: Layout, row: int, found: Collected) -> None:
    """Speak up if a row that is marked as an example is not the one of a template."""
    said = {
        column.name: grid.text(row, number)
        for number, column in layout.columns.items()
        if column.name != "entry" and number in grid.rows[row]
    }
    if said and all(said != template.example for template in templates().values()):
        found.note(
            "TABLE-STRAY",
            "the row is marked as an example and was not read, but it is not the example of a "
            "template; if it is an entry, delete the mark in its first cell",
            grid.place(row),
            severity=Severity.FORMAT,
        )


def _usual_length(grid: Grid, layout: Layout) -> int:
    """Return the length of all rows, if they agree; empty cells may trail in every row."""
    lengths = {
        length for row, length in grid.lengths.items() if row > layout.last and row in grid.rows
    }
    return lengths.pop() if len(lengths) == 1 else 0


def _ragged(grid: Grid, layout: Layout, row: int, usual: int) -> bool:
    length = grid.lengths.get(row, 0)
    most = grid.lengths.get(layout.last, 0)
    if length <= most:
        return False
    beyond = any(number > most for number in grid.rows[row])
    return beyond or length != usual


def _is_entry(
    grid: Grid, layout: Layout, row: int, columns: Sequence[int], found: Collected
) -> bool:
    cells = grid.rows[row]
    if _is_remark(grid, layout, row):
        text = grid.text(row, min(cells))
        message = f"the row holds {text[:40]!r} and is no entry"
        found.note("TABLE-STRAY", message, grid.place(row), found=text)
        return False
    names = {layout.columns[n].name: n for n in columns if n in layout.columns}
    if not any(
        name in _MAKES_AN_ENTRY and not _is_total(grid.text(row, n)) for name, n in names.items()
    ):
        if any(c.kind == "text" and _is_total(grid.text(row, n)) for n, c in cells.items()):
            found.note("TABLE-TOTAL", "the row holds totals; it was not read", grid.place(row))
            return False
        if set(names) == {"entry"} and len(cells) == 1 and grid.text(row, min(cells)).isdigit():
            return False  # rows that wait for an entry, numbered in advance
        if len(names) <= _FEW:
            text = grid.text(row, min(cells))
            message = f"the row holds {text[:40]!r} and is no entry"
            found.note("TABLE-STRAY", message, grid.place(row), found=text)
            return False
    return True


def _is_remark(grid: Grid, layout: Layout, row: int) -> bool:
    """Return whether a row holds nothing but a sentence in one cell, in whatever column."""
    ((number, cell),) = grid.rows[row].items() if len(grid.rows[row]) == 1 else ((0, None),)
    if cell is None or cell.kind != "text" or number not in layout.columns:
        return False
    text = grid.text(row, number)
    return (
        layout.columns[number].name != "status"
        and not _is_total(text)
        and (" " in text or not text.isascii() or len(text) > _LONGEST_WORD)
    )


def _is_total(text: str) -> bool:
    if len(text) > _LONGEST_TOTAL:
        return False
    return spelling(text) in _TOTALS or spelling(_SPLIT.split(text)[0]) in _TOTALS


def signs_of_weights(grid: Grid, layout: Layout, rows: Sequence[int]) -> Signs:
    """Return how the weights of a table write decimals and thousands, as far as they show it."""
    return cell_numbers.signs_of(
        grid.text(row, number)
        for number, column in layout.columns.items()
        if column.is_weight
        for row in rows
        if number in grid.rows[row] and grid.rows[row][number].kind == "text"
    )


@dataclass(slots=True)
class _Cells:
    """The cells of one row by name of the column."""

    grid: Grid
    layout: Layout
    row: int
    found: Collected
    signs: Signs
    numbers: dict[str, int] = field(default_factory=dict)
    unreadable: list[tuple[str, str]] = field(default_factory=list)

    def value(self, name: str, read: Callable[[CellAt], T]) -> T | None:
        """Return what `read` makes of a column; None if there is nothing or it is not clear."""
        number = self.numbers.get(name)
        cell = None if number is None else self.grid.rows[self.row].get(number)
        if number is None or cell is None:
            return None
        column = self.layout.columns[number]
        at = CellAt(
            cell,
            self.grid.place(self.row, number),
            column.title,
            column.label,
            self.found,
            bool(self.grid.name),
            self.signs,
        )
        try:
            return cell_values.answer(at, read)
        except Unread:
            self.unreadable.append((column.label, cell.text))
            return None

    def text(self, name: str, *, capitals: bool = False) -> str | None:
        """Return a column as text."""
        return self.value(name, lambda at: cell_values.read_text(at, capitals=capitals))


def read_row(
    grid: Grid,
    layout: Layout,
    row: int,
    found: Collected,
    *,
    country: str,
    mba: str | None,
    signs: Signs,
) -> Row:
    """Return the entry that a row states; its number is 0 if the row does not say it.

    Parameters
    ----------
    grid, layout, row
        The sheet, what is where, and the row.
    found : Collected
    country, mba : str, str or None
        Who reports.
    signs : Signs
        How the table writes decimals and thousands.
    """
    numbers = {column.name: number for number, column in layout.columns.items()}
    cells = _Cells(grid, layout, row, found, signs, numbers)
    code = cells.value("code", cell_values.read_code)
    status = cells.value("status", cell_values.read_status)
    if status is None:
        status = "" if any(label == "309" for label, _ in cells.unreadable) else "N"
    number = cells.value("entry", lambda at: cell_values.read_number_of(at, "an entry"))
    shipper, receiver = _parties(cells, code, status, country, mba)
    basis, basis_kmp, basis_method = _basis(cells)
    note = cells.text("note", capitals=True)
    entry = Entry(
        number=number or 0,
        status=status,
        refers=_refers(cells, country),
        state_record_id=cells.text("state_record_id", capitals=True),
        shipper=shipper,
        receiver=receiver,
        note_indicator=note is not None
        or cells.value("note_indicator", cell_values.read_yes) is True,
        kmp=cells.text("kmp", capitals=True),
        code=code,
        date=cells.value("date", cell_values.read_day),
        mdc=cells.value("mdc", cell_values.read_mdc),
        operator_mdc=cells.text("operator_mdc", capitals=True),
        description=cells.text("description", capitals=True),
        non_latin=cells.text("non_latin"),
        batch=cells.text("batch", capitals=True),
        shipper_batch=cells.text("shipper_batch", capitals=True),
        basis=basis,
        basis_kmp=basis_kmp,
        basis_method=basis_method,
        items=cells.value("items", cell_values.read_items),
        weights=_weights(cells),
        unreadable=tuple(cells.unreadable),
        file=found.file,
        line=row,
    )
    return Row(entry, note)


def continued(rows: Sequence[Row]) -> list[Row]:
    """Put rows together that continue the entry above: one row for each element.

    Such a row repeats the number of the entry and gives other weights; what else it says agrees
    with the first row, or is left out. Rows that contradict each other stay apart.
    """
    made: list[Row] = []
    for row in rows:
        joined = _joined(made[-1], row) if made else None
        if joined is None:
            made.append(row)
        else:
            made[-1] = joined
    return made


def _joined(first: Row, second: Row) -> Row | None:
    one, other = first.entry, second.entry
    if not one.number or one.number != other.number:
        return None
    if {w.label for w in one.weights} & {w.label for w in other.weights} or not other.weights:
        return None
    merged = {}
    for part in fields(Entry):
        name = part.name
        if name in ("weights", "unreadable", "file", "line", "note_indicator"):
            continue
        own, more = getattr(one, name), getattr(other, name)
        if more is not None and own is not None and more != own:
            return None
        merged[name] = own if own is not None else more
    if first.note is not None and second.note not in (None, first.note):
        return None
    entry = replace(
        one,
        weights=tuple(sorted((*one.weights, *other.weights), key=lambda weight: weight.label)),
        unreadable=(*one.unreadable, *other.unreadable),
        note_indicator=one.note_indicator or other.note_indicator,
        **merged,
    )
    return Row(entry, first.note or second.note)


def _parties(
    cells: _Cells, code: str | None, status: str, country: str, mba: str | None
) -> tuple[str | None, str | None]:
    """Return shipper and receiver; whose table it is need not be said in every row."""
    try:
        known = vocabulary.entry_code(code or "")
    except NotFoundError:
        known = None
    made = {}
    for side in ("shipper", "receiver"):
        partner = known is not None and known.own_side not in (None, side)
        domestic = partner and code in ("SD", "RD")

        def read(at: CellAt, domestic: bool = domestic) -> str | None:
            return cell_values.read_party(at, country, mba, domestic=domestic)

        made[side] = cells.value(side, read)
    own = known.own_side if known is not None and known.needs_parties else None
    change = "date" in cells.numbers  # a line of a balance has no parties
    if own is not None and made[own] is None and status != "D" and mba and change:
        made[own] = f"{country}/{mba}"
    return made["shipper"], made["receiver"]


def _basis(cells: _Cells) -> tuple[str | None, str | None, str | None]:
    """Return basis, KMP and method; all three may stand in the first column with slashes."""
    text = cells.text("basis", capitals=True)
    kmp, method = cells.text("basis_kmp"), cells.text("basis_method")
    if text is not None and "/" in text and text.count("/") <= 2:
        first, second, third = (part.strip() or None for part in f"{text}/".split("/")[:3])
        return first, kmp or second, method or third
    return text, kmp, method


def _refers(cells: _Cells, country: str) -> Reference | None:
    made = cells.value("refers_report", lambda at: cell_values.read_reference(at, country))
    entry = cells.value("refers_entry", lambda at: cell_values.read_number_of(at, "an entry"))
    if made is None:
        return None
    number = entry or made.entry
    return Reference(made.country, made.report, number) if number else None


def _weights(cells: _Cells) -> tuple[Weight, ...]:
    made = []
    for name, number in cells.numbers.items():
        if not cells.layout.columns[number].is_weight:
            continue
        unit = cells.layout.units.get(number)
        if unit == "%":
            if number in cells.grid.rows[cells.row]:
                cells.unreadable.append((name, cells.grid.text(cells.row, number)))
            continue

        def read(at: CellAt, name: str = name, unit: str | None = unit) -> Weight | None:
            return cell_values.read_weight(at, name, unit)

        weight = cells.value(name, read)
        if weight is not None:
            made.append(weight)
    return tuple(sorted(made, key=lambda weight: weight.label))
