"""Where in a workbook or CSV file an entry stands, so that every finding can name its cell.

The rules know a report, an entry and a label. Who filled in a table knows a sheet, a row and a
column. This module leads from the one to the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

from keiryo.errors import Finding


class Address(NamedTuple):
    """An entry of a report in a file; entry 0 is the head of the report."""

    file: str
    mba: str | None
    report: str
    entry: int


class EntryPlace(NamedTuple):
    """Where an entry stands.

    Attributes
    ----------
    row : str
        Sheet and row, e.g. ``"Receipts row 7"``.
    cells : mapping of str to str
        Sheet, row and column by label.
    """

    row: str
    cells: Mapping[str, str]


Places = Mapping[Address, EntryPlace]

NO_PLACES: Places = MappingProxyType({})


def located(findings: Iterable[Finding], places: Places) -> list[Finding]:
    """Return findings with the sheet, row and column that they are about, where there is one.

    Parameters
    ----------
    findings : iterable of Finding
        From the rules; those that name a cell already are kept as they are.
    places : Places
        Of `read_any`.
    """
    return [_located(one, places) for one in findings] if places else list(findings)


def _located(one: Finding, places: Places) -> Finding:
    if one.cell is not None or one.file is None or one.report is None:
        return one
    found = places.get(Address(one.file, one.mba, one.report, one.entry or 0))
    if found is None:
        return one
    return replace(one, cell=found.cells.get(one.label or "", found.row) or None, line=None)
