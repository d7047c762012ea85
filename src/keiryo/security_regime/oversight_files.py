"""What the rows of files about plans, inspections and findings hold; see `keiryo.sheet_rows`."""

from __future__ import annotations

from keiryo.errors import Finding, Severity
from keiryo.security_regime.oversight_record import BASIS
from keiryo.sheet_rows import SheetTable


def plan_table(columns: tuple[str, ...], needed: tuple[str, ...]) -> SheetTable:
    """Return a table about plans."""
    days = frozenset({"valid_from", "valid_until", "review_on", "on"})
    return SheetTable(columns, needed, _plan_table, _plan_cell, days)


def inspection_table(columns: tuple[str, ...], needed: tuple[str, ...]) -> SheetTable:
    """Return a table about inspections."""
    days = frozenset({"planned_from", "planned_to", "performed_from", "on"})
    lists = frozenset({"team", "requirements"})
    return SheetTable(columns, needed, _inspection_table, _inspection_cell, days, lists)


def finding_table(columns: tuple[str, ...], needed: tuple[str, ...]) -> SheetTable:
    """Return a table about findings."""
    days = frozenset({"raised_on", "due", "done_on", "on"})
    return SheetTable(columns, needed, _finding_table, _finding_cell, days, frozenset({"evidence"}))


def checklist_table() -> SheetTable:
    """Return the table of a checklist of requirements."""
    columns = ("requirement_ref", "title", "source", "status")
    return SheetTable(columns, columns[:3], _list_table, _list_cell)


def _plan_table(message: str, advice: str) -> Finding:
    return _finding("PLAN-TABLE", message, advice)


def _plan_cell(message: str, advice: str) -> Finding:
    return _finding("PLAN-CELL", message, advice)


def _inspection_table(message: str, advice: str) -> Finding:
    return _finding("SECINSP-TABLE", message, advice)


def _inspection_cell(message: str, advice: str) -> Finding:
    return _finding("SECINSP-CELL", message, advice)


def _finding_table(message: str, advice: str) -> Finding:
    return _finding("SECFIND-TABLE", message, advice)


def _finding_cell(message: str, advice: str) -> Finding:
    return _finding("SECFIND-CELL", message, advice)


def _list_table(message: str, advice: str) -> Finding:
    return _finding("CHECKLIST-TABLE", message, advice)


def _list_cell(message: str, advice: str) -> Finding:
    return _finding("CHECKLIST-CELL", message, advice)


def _finding(code: str, message: str, advice: str) -> Finding:
    return Finding(code, Severity.FORMAT, message, advice, basis=BASIS)
