"""The grid in which source lines are written: rows of fields that become a table as it is read.

What is typed becomes a CSV table of the shipped templates, read by the same reader as a file that
somebody filled in, and kept as the evidence of the act. A row without a batch and without a code
goes on with the entry above it: a further element category, or a further isotope.

Source of the fields: IAEA SG-FM-1172, Model Subsidiary Arrangement Code 10, labelled format,
labels 309 to 800.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from keiryo.errors import Finding, Severity
from keiryo.places.model import MaterialBalanceArea
from keiryo.quantities import Category
from keiryo.reports.formats.any_reader import read_any
from keiryo.reports.formats.templates import columns, head_fields, template
from keiryo.reports.model import (
    OTHER_FISSILE_LABELS,
    PLUTONIUM_ISOTOPE_LABELS,
    URANIUM_ISOTOPE_LABELS,
    WEIGHT_LABELS,
    Report,
)
from keiryo.web.typed_numbers import whole_number

FIRST_ROWS, MORE_ROWS, MOST_ROWS = 8, 8, 160
FILE_NAME = "composed.csv"
CHANGES, LISTING = "I", "P"

_TRANSFER = ("shipper", "receiver", "shipper_batch")
_PLAIN = {
    CHANGES: (
        *("date", "code", "batch", "kmp", "mdc", "items", "basis"),
        *_TRANSFER,
    ),
    LISTING: ("batch", "kmp", "mdc", "items", "basis"),
}
_WEIGHTS = ("category", "element", "isotope", "fissile")
FIELDS = {
    kind: (
        *(name for name in plain if name not in _TRANSFER),
        *_WEIGHTS,
        *(name for name in plain if name in _TRANSFER),
    )
    for kind, plain in _PLAIN.items()
}
"""Fields of a row, by kind of source lines, in the order of the grid."""

ISOTOPES = tuple(
    dict.fromkeys([*URANIUM_ISOTOPE_LABELS.values(), *PLUTONIUM_ISOTOPE_LABELS.values()])
)
_LABEL_OF_ISOTOPE = {
    nuclide: label
    for labels in (URANIUM_ISOTOPE_LABELS, PLUTONIUM_ISOTOPE_LABELS)
    for label, nuclide in labels.items()
}
_OTHER_FISSILE = {element: label for label, element in OTHER_FISSILE_LABELS.items()}
_ROW_OF_CELL = re.compile(r"\brow ([0-9]{1,6})\b")
_ROW_FIELD = re.compile(r"r([1-9][0-9]{0,2})_([a-z_]+)")


@dataclass(slots=True)
class Composed:
    """What was typed, as a table and as read.

    Attributes
    ----------
    content : bytes
        The table, CSV.
    reports : tuple of Report
        Number 0: rows without a report.
    findings : list of Finding
        What came up while it was read.
    rows_of_entry, rows_of_line : dict of int to int
        From entries, and from lines of the table, to rows of the grid.
    """

    content: bytes = b""
    reports: tuple[Report, ...] = ()
    findings: list[Finding] = field(default_factory=list)
    rows_of_entry: dict[int, int] = field(default_factory=dict)
    rows_of_line: dict[int, int] = field(default_factory=dict)

    def row_of(self, one: Finding) -> int | None:
        """Return the row of the grid that a finding is about, or None."""
        place = _ROW_OF_CELL.search(one.cell or "")
        if place is not None and int(place[1]) in self.rows_of_line:
            return self.rows_of_line[int(place[1])]
        return self.rows_of_entry.get(one.entry or 0)


def typed_rows(fields: Mapping[str, str], kind: str) -> dict[int, dict[str, str]]:
    """Return the rows in which something was typed, by number."""
    rows: dict[int, dict[str, str]] = {}
    for name, value in fields.items():
        match = _ROW_FIELD.fullmatch(name)
        text = value.strip()
        if match and text and match[2] in FIELDS[kind] and int(match[1]) <= MOST_ROWS:
            rows.setdefault(int(match[1]), {})[match[2]] = text
    return {number: rows[number] for number in sorted(rows)}


def row_count(fields: Mapping[str, str], kind: str) -> int:
    """Return how many rows the grid shows: as many as were asked for, and all that are filled."""
    shown = whole_number(fields.get("rows", ""), 3) or FIRST_ROWS
    filled = max(typed_rows(fields, kind), default=0)
    return min(max(shown, filled, FIRST_ROWS), MOST_ROWS)


def composed(place: MaterialBalanceArea, kind: str, fields: Mapping[str, str]) -> Composed:
    """Return what was typed, made into a table and read as one."""
    made = Composed()
    lines: list[dict[str, str]] = []
    starts: list[int] = []
    for number, row in typed_rows(fields, kind).items():
        goes_on = not any(row.get(name) for name in _PLAIN[kind]) and bool(lines)
        if not goes_on:
            lines.append({name: row[name] for name in _PLAIN[kind] if name in row})
            starts.append(number)
        _add_weights(made, lines[-1], row, number)
    made.rows_of_entry = dict(enumerate(starts, start=1))
    made.content = _table(made, place, kind, fields, lines, starts)
    result = read_any([(FILE_NAME, made.content)], source_lines=True)
    made.reports = result.reports
    made.findings += result.findings
    return made


def _add_weights(made: Composed, line: dict[str, str], row: Mapping[str, str], number: int) -> None:
    """Put the weights of a row under the labels that they have."""
    letter, element = row.get("category", ""), row.get("element", "")
    isotope, fissile = row.get("isotope", ""), row.get("fissile", "")
    label = Category(letter).label if letter in tuple(Category) else ""
    if bool(label) != bool(element):
        made.findings.append(_weight_finding(number, "a category and its element weight"))
    elif label:
        _put(made, line, label, element, number)
    if isotope and not fissile:
        made.findings.append(_weight_finding(number, "an isotope and its weight"))
    elif fissile:
        nuclide = isotope or "U-235"
        named = _LABEL_OF_ISOTOPE.get(nuclide, "670")
        if nuclide == "U-235":
            named = _OTHER_FISSILE.get(label, named)
        _put(made, line, named, fissile, number)


def _put(made: Composed, line: dict[str, str], label: str, text: str, number: int) -> None:
    if label in line:
        made.findings.append(
            Finding(
                "ROW-WEIGHT",
                Severity.FORMAT,
                f"row {number} states the weight of label {label} a second time for one entry",
                "Give each weight once; begin a new entry with its batch.",
                label=label,
                cell=f"row {number}",
                basis="Code 10, labels 600 to 800",
            )
        )
        return
    line[label] = text


def _weight_finding(number: int, both: str) -> Finding:
    return Finding(
        "ROW-WEIGHT",
        Severity.FORMAT,
        f"in row {number}, {both} go together; one of them is missing",
        "Fill in the other, or leave both out.",
        cell=f"row {number}",
        basis="Code 10, labels 600 to 800",
    )


def _table(
    made: Composed,
    place: MaterialBalanceArea,
    kind: str,
    fields: Mapping[str, str],
    lines: list[dict[str, str]],
    starts: list[int],
) -> bytes:
    """Return the rows as a CSV table of the template, and note which line is which row."""
    form = template("changes" if kind == CHANGES else "inventory")
    heads, known = head_fields(), columns()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    head = [("template", form.title), ("state", place.state), ("facility", place.facility)]
    head += [("mba", place.code)]
    if fields.get("known_on", "").strip():
        head.append(("report_date", fields["known_on"].strip()))
    if kind == LISTING:
        head.append(("pit_date", fields.get("pit_date", "").strip()))
    for name, value in head:
        writer.writerow([heads[name].title, value])
    writer.writerow([])
    weights = [label for label in WEIGHT_LABELS if any(label in line for line in lines)]
    names = [*_PLAIN[kind], *(weights or ["630"])]
    writer.writerow([known[name].title for name in names])
    first = len(head) + 3
    for offset, line in enumerate(lines):
        writer.writerow([line.get(name, "") for name in names])
        made.rows_of_line[first + offset] = starts[offset]
    # Findings of the grid itself name rows of the grid, those of the reader lines of the table.
    made.findings = [_in_table(made, one) for one in made.findings]
    return text.getvalue().encode()


def _in_table(made: Composed, one: Finding) -> Finding:
    """Return a finding about a row of the grid as one about the line that it went into."""
    place = _ROW_OF_CELL.search(one.cell or "")
    if place is None:
        return one
    before = [line for line, row in made.rows_of_line.items() if row <= int(place[1])]
    return replace(one, cell=f"row {max(before)}") if before else one
