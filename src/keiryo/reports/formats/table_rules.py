"""The table of findings about spreadsheets, CSV tables and JSON files of reports.

These findings speak of how a file was filled in: which row, which cell. What the report then says
is judged by the same rules as any other report. Where a finding means the same as in labelled
text (a weight too fine, no such day), the code of `rule_table` is used.

A table is read in the way that a careful colleague would: another spelling that can mean one
thing only is taken and said so (I or W); what can mean two things is asked for (F), never guessed.

Source: choice of keiryo; Code 10 says nothing about tables.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from keiryo.errors import Finding, Severity
from keiryo.reports.formats.finding_groups import Group, Kind, kind_of
from keiryo.reports.rule_table import RULES, Rule

MAX_SAME_FINDINGS = 20_000
"""Findings of one code about one file or report that are shown one by one."""

F, W, INFO = Severity.FORMAT, Severity.WARNING, Severity.INFORMATION
_OURS = "Choice of keiryo"


def _rule(severity: Severity, title: str, advice: str, basis: str = _OURS) -> Rule:
    return Rule(severity, title, basis, advice, "reader")


_NEW_FILE = "Save it anew from the program that made it, and send it again."
_LOOK = "Nothing needs to be done if that is what was meant; else correct the cell."

TABLE_RULES: dict[str, Rule] = {
    # What is wrong with a file.
    "FILE-KIND": _rule(F, "Not a kind of file that keiryo reads",
        "Send labelled Code 10, an XLSX workbook, CSV or JSON; a program for tables can save "
        "its file as XLSX."),
    "FILE-OLD-EXCEL": _rule(F, "A workbook in the old binary format",
        "Open it and save it as 'Excel workbook (.xlsx)'."),
    "FILE-ENCRYPTED": _rule(F, "The file is protected by a password",
        "Remove the password (save without encryption) and send it again."),
    "FILE-DAMAGED": _rule(F, "The workbook is incomplete or damaged", _NEW_FILE),
    "FILE-UNPACKED": _rule(F, "The workbook is larger inside than keiryo reads",
        "Delete empty formatted rows and unused sheets, or split the table."),
    "FILE-ENTITY": _rule(F, "The workbook declares XML entities, which no honest workbook does",
        "Do not open the file. Ask the sender where it comes from."),
    "FILE-ENCODING": _rule(W, "The character encoding was found by trial",
        "Check names with other than plain letters; saving as UTF-8 avoids the question."),
    "FILE-MACRO": _rule(INFO, "The workbook holds macros", "They were not run and not read."),
    "FILE-LINK": _rule(W, "The workbook refers to other files",
        "They were not opened; the values last stored were read. Paste values before sending."),
    # What is wrong with a table.
    "TABLE-NONE": _rule(F, "No table of reports was found",
        "Use a template (`keiryo reports template list`); at least three of its column titles "
        "must stand in one row."),
    "TABLE-SHEET": _rule(W, "A sheet holds no table of reports",
        "It was not read; nothing needs to be done if it belongs to something else."),
    "TABLE-HIDDEN": _rule(W, "A hidden sheet, row or column was read",
        "Hidden is not deleted. Delete it if it should not count."),
    "TABLE-TWO-HEADERS": _rule(INFO, "The column titles take two rows", _LOOK),
    "TABLE-COLUMN": _rule(W, "A column that keiryo does not know",
        "It was not read. If it should be, give it a title of the template."),
    "TABLE-COLUMN-SPELLING": _rule(W, "A column title was understood in spite of its spelling",
        "Check that this column is meant; the titles of the template avoid the question."),
    "TABLE-COLUMN-DUP": _rule(F, "Two columns say the same",
        "Keep one of them; values of the second were not read."),
    "TABLE-COLUMN-UNCLEAR": _rule(F, "A column title can mean several things",
        "Say in the title which of them, as in the template."),
    "TABLE-UNIT": _rule(F, "A weight without a unit",
        "Write the unit into the column title, as in 'Plutonium (g)', or behind the number.",
        "Code 10 labels 600 to 800"),
    "TABLE-HEADER": _rule(F, "The head of the table lacks something or contradicts itself",
        "Write State, MBA and the rest above the table, title and value side by side."),
    "TABLE-KIND": _rule(W, "The kind of report had to be worked out",
        "Write it above the table: Template, and beside it Receipts, Inventory or another kind."),
    "TABLE-EMPTY": _rule(F, "The table has no rows",
        "Fill in the rows; if there is nothing to report, write U in the column Status of one "
        "row."),
    "TABLE-SOURCE": _rule(INFO, "The table has no report number",
        "Its rows are lines of the facility's own books. Give a number to make it a report."),
    "TABLE-TOTAL": _rule(W, "A row of totals", "It was not read; keiryo adds up itself."),
    "TABLE-STRAY": _rule(W, "A row that is no entry",
        "It was not read; delete it, or fill in the other columns."),
    "TABLE-RAGGED": _rule(F, "A row has more cells than there are columns",
        "A decimal comma may have split a number: put '.' or quotation marks, or separate the "
        "cells by ';'. The row was not read."),
    "TABLE-MERGED": _rule(W, "Merged cells",
        "Check that this is what was meant; split the cells and fill in each row to be sure."),
    # What is wrong with a cell.
    "CELL-FORMULA": _rule(W, "The value of a formula was read",
        "Check it; paste values before sending, so that it cannot change."),
    "CELL-NO-VALUE": _rule(F, "A formula without a stored value",
        "Open the workbook in a program for tables, let it calculate, and save it."),
    "CELL-ERROR": _rule(F, "A formula ended in an error", "Correct the formula or write a value."),
    "CELL-READ-AS": _rule(INFO, "A value in another spelling was taken over", _LOOK),
    "CELL-CAPITALS": _rule(W, "Small letters were read as capitals",
        "Write capital letters, as Code 10 asks.", "Code 10 section 3"),
    "CELL-THOUSANDS": _rule(W, "A number with separated thousands",
        "Check the number as read; write it without separators."),
    "CELL-NUMBER-UNCLEAR": _rule(F, "A number that can be read in two ways",
        "Write '.' as decimal sign and no separators for thousands."),
    "CELL-DATE-UNCLEAR": _rule(F, "A date that can be read in two ways",
        "Write year, month, day, as in 2025-04-01."),
    "CELL-DATE-NUMBER": _rule(W, "A number was read as a day",
        "Check the day as read; format the cell as a date."),
    "CELL-IS-DATE": _rule(F, "The spreadsheet made a date of something else",
        "Format the cell as text and type the value again."),
    "CELL-PERCENT": _rule(F, "A percentage where a weight is asked for",
        "Write the weight; take it from the source data rather than from a rounded percentage."),
    # What is wrong with a JSON file.
    "JSON-SYNTAX": _rule(F, "The file is not JSON", _NEW_FILE, "RFC 8259"),
    "JSON-SHAPE": _rule(F, "A value does not have the form asked for",
        "Correct the value at the place named; "
        "`keiryo reports template changes --out x.json` shows the form."),
}  # fmt: skip
"""The rules by code, in the order in which the reference page shows them."""


def finding(
    code: str,
    message: str,
    file: str,
    cell: str | None = None,
    *,
    severity: Severity | None = None,
    label: str | None = None,
    found: str | None = None,
    expected: str | None = None,
) -> Finding:
    """Return a finding about a file or a cell of it, by `TABLE_RULES` or `rule_table.RULES`."""
    rule = TABLE_RULES.get(code) or RULES[code]
    return Finding(
        code,
        severity or rule.severity,
        message,
        rule.advice,
        file=file,
        cell=cell,
        label=label,
        found=None if found is None else found[:200],
        expected=expected,
        basis=rule.basis,
    )


@dataclass(slots=True)
class Collected:
    """Findings about one file; of very many of one code only the first are kept.

    Notes and warnings of one kind about one column become one finding; see `finding_groups`.

    Attributes
    ----------
    file : str
        The file that they are about.
    kept : list of Finding
    made : int
        How many there were.
    """

    file: str
    kept: list[Finding] = field(default_factory=list)
    _count: Counter[tuple[str, Severity, str | None, str | None]] = field(default_factory=Counter)
    _first_cut: dict[tuple[str, Severity, str | None, str | None], Finding] = field(
        default_factory=dict
    )
    _groups: dict[Kind, tuple[int, Group]] = field(default_factory=dict)
    made: int = 0

    def add(self, new: Finding) -> None:
        """Keep a finding, or only count it."""
        self.made += 1
        known = kind_of(new)
        if known is not None:
            kind, row = known
            if kind in self._groups and self._groups[kind][1].add(row, new.found):
                return
            if kind not in self._groups:
                self._groups[kind] = (len(self.kept), Group(new))
                self._groups[kind][1].add(row, new.found)
        key = (new.code, new.severity, new.mba, new.report)
        self._count[key] += 1
        if self._count[key] <= MAX_SAME_FINDINGS:
            self.kept.append(new)
        else:
            self._first_cut.setdefault(key, new)

    def extend(self, new: Iterable[Finding]) -> None:
        """Keep several findings."""
        for one in new:
            self.add(one)

    def note(
        self,
        code: str,
        message: str,
        cell: str | None = None,
        *,
        severity: Severity | None = None,
        label: str | None = None,
        found: str | None = None,
        expected: str | None = None,
    ) -> None:
        """Make a finding about this file and keep it."""
        self.add(
            finding(
                code,
                message,
                self.file,
                cell,
                severity=severity,
                label=label,
                found=found,
                expected=expected,
            )
        )

    def about(
        self, mba: str | None, report: int, entries: Mapping[str, int] | None = None
    ) -> tuple[Finding, ...]:
        """Return all findings with the report that they are about.

        Parameters
        ----------
        mba : str or None
        report : int
            0 if the rows are no report.
        entries : mapping of str to int, optional
            Entry numbers by the place of their rows.
        """
        number = str(report) if report else None
        return tuple(
            replace(
                one,
                mba=one.mba or mba,
                report=one.report or number,
                entry=(entries or {}).get(
                    (one.cell or "").rpartition(" column ")[0] or one.cell or ""
                ),
            )
            for one in self.all()
        )

    def all(self) -> tuple[Finding, ...]:
        """Return the findings kept, and one for each kind that was cut."""
        cut = [
            replace(
                first,
                message=f"{self._count[key] - MAX_SAME_FINDINGS} more findings like the ones shown",
                found=None,
                expected=None,
            )
            for key, first in self._first_cut.items()
        ]
        kept = list(self.kept)
        for position, group in self._groups.values():
            if position < len(kept) and kept[position] is group.first:
                kept[position] = group.finding()
        return (*kept, *cut)
