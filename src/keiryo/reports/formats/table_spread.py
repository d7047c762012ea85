"""What is said once in a table and meant for several rows: merged cells and ditto marks.

A cell that is merged over several rows shows one value beside all of them, and a ditto mark stands
for the value above. What merged cells tell about a change (day, type, parties, place, material)
holds for each of the rows, which is said with a warning. A weight, a number of items or the name of
a batch beside several rows can be meant for each of them or for all together; it counts for the
first row only.

Source: choice of keiryo; Code 10 says nothing about tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from keiryo.reports.formats.grid import Grid, Merge
from keiryo.reports.formats.table_layout import Layout
from keiryo.reports.formats.table_rules import Collected
from keiryo.reports.rule_table import shown

_OF_EACH_ROW = frozenset(
    {"date", "code", "shipper", "receiver", "kmp", "mdc", "basis", "basis_kmp", "basis_method"}
)
_DITTO = frozenset(
    {"〃", "々", "″", '"', "''", "同上", "同じ", "ditto", "dto", "dto.", "do.", "dito"}
)


def spread(grid: Grid, layout: Layout, rows: Sequence[int], found: Collected) -> None:
    """Write into each row of a grid what is said for several; how goes to `found`."""
    _merged(grid, layout, rows, found)
    _dittos(grid, layout, rows, found)


def _merged(grid: Grid, layout: Layout, rows: Sequence[int], found: Collected) -> None:
    known, last = set(rows), max(rows, default=0)
    for_all: dict[tuple[int, int], list[Merge]] = {}
    for merge in sorted(grid.merges, key=lambda m: (m.top, m.left)):
        if merge.bottom <= layout.last or merge.top > last:
            continue
        columns = [n for n in layout.columns if merge.left <= n <= merge.right]
        if not columns or (merge.top not in known and merge.bottom not in known):
            continue
        column = layout.columns[columns[0]]
        said = merge.top in known and merge.left in grid.rows[merge.top]
        if said and merge.left == merge.right and column.name in _OF_EACH_ROW:
            for_all.setdefault((merge.top, merge.bottom), []).append(merge)
            continue
        found.note(
            "TABLE-MERGED",
            f"the cells {merge.name} are merged; what they say counts for row {merge.top} "
            f"of {column.title!r} only",
            grid.place(merge.top, merge.left),
        )
    for (top, bottom), merges in for_all.items():
        beneath = [row for row in rows if top < row <= bottom]
        for merge in merges:
            for row in beneath:
                grid.rows[row].setdefault(merge.left, grid.rows[top][merge.left])
        names = ", ".join(merge.name for merge in merges)
        found.note(
            "TABLE-MERGED",
            f"the cells {names} are merged; what they say was read for each of the rows "
            f"{top} to {bottom}",
            grid.place(top, merges[0].left),
        )


def _dittos(grid: Grid, layout: Layout, rows: Sequence[int], found: Collected) -> None:
    for number, column in layout.columns.items():
        for above, row in pairwise(rows):
            mark = grid.text(row, number)
            if mark.casefold() not in _DITTO or number not in grid.rows[above]:
                continue
            cell = grid.rows[row][number] = grid.rows[above][number]
            found.note(
                "CELL-READ-AS",
                f"{shown(mark)} was read as {shown(cell.text)}, which stands above",
                grid.place(row, number),
                label=column.label,
                found=mark,
            )
