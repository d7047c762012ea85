"""Showing answers: tables for people, JSON and CSV for programs; findings and errors."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from keiryo.cli.options import Format

if TYPE_CHECKING:
    import polars as pl

    from keiryo.errors import Finding, KeiryoError

WIDTH_WITHOUT_TERMINAL = 160
_RIGHT = ("element", "fissile", "items", "act", "line", "acts", "lines", "mg", "kg", "entry")


def show_json(data: object) -> None:
    """Print `data` as JSON."""
    print(json.dumps(data, ensure_ascii=False, indent=2, default=str))


def show_rows(
    rows: Sequence[dict[str, Any]],
    chosen: Format,
    *,
    title: str | None = None,
    columns: Sequence[str] | None = None,
    empty: str = "Nothing to show.",
) -> None:
    """Print rows as a table, JSON or CSV."""
    if chosen is Format.JSON:
        show_json(list(rows))
        return
    names = list(columns or (rows[0] if rows else ()))
    if chosen is Format.CSV:
        writer = csv.DictWriter(sys.stdout, names, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return
    if not rows:
        print(empty)
        return
    _table(rows, names, title)


def show_frame(frame: pl.DataFrame, chosen: Format, *, title: str | None = None) -> None:
    """Print a frame as a table, JSON or CSV."""
    rows = [
        {k: str(v) if hasattr(v, "isoformat") else v for k, v in row.items()}
        for row in frame.to_dicts()
    ]
    show_rows(rows, chosen, title=title, columns=frame.columns)


def _table(rows: Sequence[dict[str, Any]], names: Sequence[str], title: str | None) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        right = any(word in name.lower() for word in _RIGHT)
        table.add_column(
            name.replace("_", " "), justify="right" if right else "left", overflow="fold"
        )
    for row in rows:
        table.add_row(*(Text("" if row.get(n) is None else str(row[n])) for n in names))
    if title:  # beside the table and not in it, where a narrow table would break it
        console.print(Text(title, style="italic"), soft_wrap=True)
    console.print(table)


def finding_dict(finding: Finding) -> dict[str, Any]:
    """Return a finding as plain data."""
    return {
        "rule": finding.code,
        "severity": str(finding.severity),
        "mba": finding.mba,
        "report": finding.report,
        "entry": finding.entry,
        "label": finding.label,
        "category": finding.category,
        "found": finding.found,
        "expected": finding.expected,
        "message": finding.message,
        "advice": finding.advice or None,
        "file": finding.file,
        "line": finding.line,
        "cell": finding.cell,
        "basis": finding.basis,
    }


_WORDS = {"F": "form", "E": "inconsistent", "W": "warning", "I": "note"}


def show_findings(findings: Iterable[Finding], *, to_error: bool = False) -> None:
    """Print findings for a person: what, where, what to do."""
    stream = sys.stderr if to_error else sys.stdout
    for finding in findings:
        place = finding.place
        head = f"{finding.code} ({_WORDS[str(finding.severity)]})"
        print(f"  {head}{' at ' + place if place else ''}: {finding.message}", file=stream)
        if finding.advice:
            print(f"    → {finding.advice}", file=stream)


def show_with_findings(
    data: dict[str, Any],
    rows: Sequence[dict[str, Any]],
    findings: Sequence[Finding],
    chosen: Format,
    *,
    title: str | None = None,
    empty: str = "Nothing to show.",
) -> None:
    """Print an answer and what was found about it; in CSV the rows only."""
    if chosen is Format.JSON:
        show_json({**data, "findings": [finding_dict(f) for f in findings]})
        return
    show_rows(rows, chosen, title=title, empty=empty)
    if chosen is Format.TABLE:
        show_findings(findings)


def exit_code(findings: Iterable[Finding]) -> int:
    """Return 1 if something found is wrong in form or inconsistent, else 0."""
    return int(any(str(f.severity) in ("F", "E") for f in findings))


def report_error(error: KeiryoError) -> int:
    """Print an error and return the exit code."""
    from keiryo.errors import RefusedError

    print(f"Error: {error.message.rstrip('.')}.", file=sys.stderr)
    if error.advice:
        print(f"  → {error.advice}", file=sys.stderr)
    if isinstance(error, RefusedError):
        show_findings(error.findings, to_error=True)
        return 1
    return 2


class Progress:
    """One line on the terminal that says how far long work has come; silent elsewhere."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.shown = sys.stderr.isatty()

    def __call__(self, done: int, total: int, detail: str = "") -> None:
        """Show progress."""
        if self.shown:
            share = 100 * done // total if total else 100
            print(
                f"\r{self.what}: {share:3d} % {detail[:50]:<50}",
                end="",
                file=sys.stderr,
                flush=True,
            )
            if done >= total:
                print("\r" + " " * 79 + "\r", end="", file=sys.stderr, flush=True)
