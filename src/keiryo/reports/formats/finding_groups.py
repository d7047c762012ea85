"""Many small notes of one kind about one column, said once.

A column of two hundred days in the Japanese calendar deserves one sentence and not two hundred.
Notes and warnings of the same kind about the same column of a sheet, or about rows of it, are put
together into one finding that names the rows. What has to be answered (severities F and E) stays
by itself, cell by cell.

Source: choice of keiryo.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from keiryo.errors import Finding, Severity
from keiryo.reports.rule_table import shown

_CELL = re.compile(r"(?:(.*) )?row ([0-9]+)(?: column ([A-Z]+))?", re.DOTALL)
_VALUES = re.compile(r"'(?:[^'\\]|\\.)*'|\"[^\"]*\"|-?[0-9][0-9.,-]*")
_WORDS_OF_KIND = 6
_ALONE = frozenset({"TABLE-COLUMN", "TABLE-TWO-HEADERS", "TABLE-KIND", "TABLE-MERGED"})
_MOST_RANGES = 8
_MOST_VALUES = 3


class Kind(NamedTuple):
    """What findings have in common that are said once."""

    code: str
    severity: Severity
    sheet: str | None
    column: str | None
    label: str | None
    words: str


@dataclass(slots=True)
class Group:
    """Findings of one kind: the first of them, the rows, and what else was found there."""

    first: Finding
    rows: list[int] = field(default_factory=list)
    values: dict[str, None] = field(default_factory=dict)

    def add(self, row: int, found: str | None) -> bool:
        """Count another finding of this kind; not a second one about the same cell."""
        if self.rows and self.rows[-1] == row:
            return False
        self.rows.append(row)
        if found is not None and len(self.values) <= _MOST_VALUES + 1:
            self.values[found] = None
        return True

    def finding(self) -> Finding:
        """Return one finding for all."""
        rows = sorted(set(self.rows))
        if len(rows) < 2:
            return self.first
        match = _CELL.fullmatch(self.first.cell or "")
        assert match is not None, self.first
        others = [row for row in rows if row != int(match[2])]
        values = [shown(v) for v in self.values if v != self.first.found]
        some = ", ".join(values[:_MOST_VALUES]) + (" ..." if len(values) > _MOST_VALUES else "")
        words = [match[1] or "", row_names(rows), f"column {match[3]}" if match[3] else ""]
        return replace(
            self.first,
            message=f"{self.first.message}; likewise in {row_names(others)}"
            + (f" ({some})" if some else ""),
            cell=" ".join(word for word in words if word),
        )


def kind_of(one: Finding) -> tuple[Kind, int] | None:
    """Return the kind of a finding and its row, or None if it stays by itself."""
    if one.severity in (Severity.FORMAT, Severity.INCONSISTENCY) or one.code in _ALONE:
        return None
    match = _CELL.fullmatch(one.cell or "")
    if match is None:
        return None
    words = " ".join(_VALUES.sub("", one.message).split()[:_WORDS_OF_KIND])
    return Kind(one.code, one.severity, match[1], match[3], one.label, words), int(match[2])


def row_names(rows: Iterable[int]) -> str:
    """Return rows in words.

    Examples
    --------
    >>> row_names([5]), row_names([5, 6, 7, 9, 12, 13])
    ('row 5', 'rows 5 to 7, 9, 12 and 13')
    """
    numbers = sorted(rows)
    if len(numbers) == 1:
        return f"row {numbers[0]}"
    parts: list[str] = []
    named = 0
    for first, last in _ranges(numbers):
        if len(parts) >= _MOST_RANGES:
            break
        named += last - first + 1
        if last - first > 1:
            parts.append(f"{first} to {last}")
        else:
            parts += [str(row) for row in range(first, last + 1)]
    if named < len(numbers):
        return f"rows {', '.join(parts)} and {len(numbers) - named} more"
    if len(parts) == 1:
        return f"rows {parts[0]}"
    return f"rows {', '.join(parts[:-1])} and {parts[-1]}"


def _ranges(rows: list[int]) -> Iterator[tuple[int, int]]:
    first = last = rows[0]
    for row in rows[1:]:
        if row != last + 1:
            yield first, last
            first = row
        last = row
    yield first, last
