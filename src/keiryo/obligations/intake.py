"""Registers of obligated material as files: TOML, JSON or CSV become lines, all faults at once.

In TOML and JSON a file holds lists by name (``labels``, ``members``, ``rules``, ``places``,
``consents``, ``openings``, ``receipts``, ``designations``, ``exchanges``, ``relabellings``); the
cells of an opening, a receipt or a designation stand together under ``cells``, a label set with
its weight (``"AU+US" = "600 kg"``) or share (``"7/15"``). A CSV file is one list with a row for
each cell. Label sets are brought into their one order, and cells that become equal are added up.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from keiryo.errors import Finding, Severity
from keiryo.journal.model import LineKind, Value
from keiryo.obligations.stated_texts import BASIS, SHARE, WrongTextError, value_of, weight_mg
from keiryo.obligations.tables import (
    CONSENT,
    DESIGNATION,
    EXCHANGE,
    LABEL,
    LABEL_MEMBER,
    OPENING,
    ORIGIN_RULE,
    PLACE_RULE,
    RECEIPT_LABELS,
    RELABELLING,
)
from keiryo.sheet_text import SheetTextError, column_name, csv_lines, plain, text_of, unprotected

LISTS: Mapping[str, LineKind] = {
    "labels": LABEL,
    "members": LABEL_MEMBER,
    "rules": ORIGIN_RULE,
    "places": PLACE_RULE,
    "consents": CONSENT,
    "openings": OPENING,
    "receipts": RECEIPT_LABELS,
    "designations": DESIGNATION,
    "exchanges": EXCHANGE,
    "relabellings": RELABELLING,
}
"""What a file may hold, in the order in which it is recorded, and the lines that it becomes."""

WITH_CELLS = ("openings", "receipts", "designations")
"""Lists of which several lines are about one thing: its cells."""

_COLUMNS = {"on": "event_date", "day": "event_date", "set": "labels"}
MAX_NUMBER = 10**30


def _finding(code: str, message: str, advice: str, found: str | None = None) -> Finding:
    return Finding(code, Severity.FORMAT, message, advice, found=found, basis=BASIS)


@dataclass(slots=True)
class FileRow:
    """A row of a file: which list it is of, where it stands, and its texts by column."""

    list: str
    line: int | None
    cell: str
    texts: dict[str, str]


@dataclass(frozen=True, slots=True)
class ReadLine:
    """A line that is to be recorded, and the row that it was read from."""

    kind: str
    values: dict[str, Value]
    row: FileRow


@dataclass(slots=True)
class RegisterFile:
    """What was read: its lines, and everything that is wrong with their form.

    Attributes
    ----------
    name : str or None
        None if people stated it without a file.
    content : bytes or None
        The file as it was sent.
    lines : list of ReadLine
    findings : list of Finding
    """

    name: str | None
    content: bytes | None = None
    lines: list[ReadLine] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def placed(self, finding: Finding, row: FileRow | None, column: str | None = None) -> Finding:
        """Return a finding with the place in the file."""
        if row is None:
            return replace(finding, file=self.name)
        cell = f"{row.cell} ({column})" if column else row.cell
        return replace(finding, file=self.name, line=row.line, cell=cell)

    def wrong(
        self, message: str, advice: str, row: FileRow | None = None, column: str | None = None
    ) -> None:
        """Note that the form of something is wrong."""
        found = _finding("OBLIGATION-FORM", message, advice)
        self.findings.append(self.placed(found, row, column))


def read_file(name: str, content: bytes, kind: str | None = None) -> RegisterFile:
    """Read a register file.

    Parameters
    ----------
    name, content : str, bytes
        A name that ends in ``.json`` or ``.toml`` is read as that, any other as CSV.
    kind : str, optional
        Which list a CSV file is, one of `LISTS`; default: seen from the name of the file.
    """
    file = RegisterFile(name.replace("\\", "/").rpartition("/")[2] or name, content)
    suffix = name.lower().rpartition(".")[2]
    try:
        text = text_of(content)
        if suffix in ("json", "toml"):
            rows = _listed_rows(file, _data(file, text, suffix))
        else:
            rows = _csv_rows(file, text, kind or _kind_of(file.name or ""))
    except SheetTextError as error:
        file.wrong(error.message, error.advice)
        return file
    _add_lines(file, rows)
    return file


def read_rows(kind: str, rows: Sequence[Mapping[str, Any]]) -> RegisterFile:
    """Read what somebody stated without a file: objects of one list, with texts as in a file."""
    file = RegisterFile(None)
    found: list[FileRow] = []
    for number, one in enumerate(rows, start=1):
        cell = f"{kind} {number}" if len(rows) > 1 else ""
        given = {key: value for key, value in one.items() if value is not None}
        found += _flat(file, FileRow(kind, None, cell, {}), given)
    _add_lines(file, found)
    return file


def _kind_of(name: str) -> str | None:
    stem = column_name(name.rpartition(".")[0])
    return next((one for one in LISTS if one in stem), None)


def _data(file: RegisterFile, text: str, suffix: str) -> Mapping[str, Any]:
    try:
        if suffix == "json":
            found = json.loads(text, parse_float=str, parse_constant=str)
        else:
            found = tomllib.loads(text, parse_float=str)
    except (ValueError, RecursionError) as error:
        words = f"the file is no {suffix.upper()}: {error}"[:300]
        file.wrong(words, "Correct the place that is named.")
        return {}
    if not isinstance(found, dict) or not found:
        file.wrong("the file holds no lists by name", f"Lists are: {', '.join(LISTS)}.")
        return {}
    return found


def _listed_rows(file: RegisterFile, data: Mapping[str, Any]) -> list[FileRow]:
    rows: list[FileRow] = []
    for key in data:
        if key not in LISTS:
            file.wrong(f"{key[:60]!r} is not known here", f"Lists are: {', '.join(LISTS)}.")
    for key in LISTS:
        given = data.get(key, [])
        if not isinstance(given, list):
            file.wrong(f"{key} is no list", "Write a list of objects.")
            continue
        for number, one in enumerate(given, start=1):
            place = FileRow(key, None, f"{key} {number}", {})
            if isinstance(one, dict):
                rows += _flat(file, place, one)
            else:
                file.wrong("this is no object with names and values", "Write one.", place)
    return rows


def _flat(file: RegisterFile, place: FileRow, one: Mapping[str, Any]) -> Iterable[FileRow]:
    """Yield a row for each cell of an object, with what belongs to all of them."""
    common = _texts(file, place, {k: v for k, v in one.items() if k != "cells"})
    if "cells" not in one:
        yield replace(place, texts=common)
        return
    cells = one["cells"]
    if not isinstance(cells, Mapping) or not cells or place.list not in WITH_CELLS:
        advice = f'Of {", ".join(WITH_CELLS)} write e.g. cells = {{"AU+US" = "600 kg"}}.'
        file.wrong("cells are no label sets with weights or shares", advice, place, "cells")
        return
    for key, value in cells.items():
        cell = f"{place.cell} {key}".strip()[:80]
        row = FileRow(place.list, None, cell, dict(common))
        text = _texts(file, row, {"value": value}).get("value")
        if text is None:
            continue
        is_share = SHARE.fullmatch(text) and "unit" not in common
        row.texts |= {"labels": str(key), "share" if is_share else "weight": text}
        yield row


def _texts(file: RegisterFile, row: FileRow, given: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for key, value in given.items():
        if isinstance(value, bool):
            value = "yes" if value else "no"
        elif isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
            value = " ".join(value)
        elif hasattr(value, "isoformat"):
            value = value.isoformat()[:10]
        elif isinstance(value, int | Fraction) and -MAX_NUMBER < value < MAX_NUMBER:
            value = str(value)
        if value is None:
            continue
        if not isinstance(value, str):
            file.wrong("this is neither a text nor a number", "Write one value.", row, key)
            continue
        found[column_name(key)] = plain(value)
    return found


def _csv_rows(file: RegisterFile, text: str, kind: str | None) -> list[FileRow]:
    if kind is None or kind not in LISTS:
        advice = f"Say it (--as), or name the file after it: {', '.join(LISTS)}."
        file.wrong("it is not said which list the file is", advice)
        return []
    listed = csv_lines(text)
    names = [column_name(cell) for cell in listed[0][1]]
    rows = []
    for number, cells in listed[1:]:
        row = FileRow(kind, number, f"row {number}", {})
        if any(cell.strip() for cell in cells[len(names) :]):
            words = f"the row has {len(cells)} values, the first row names {len(names)} columns"
            file.wrong(words, "Put a text with a comma in quotation marks.", row)
        row.texts = {
            name: unprotected(plain(cell))
            for name, cell in zip(names, cells, strict=False)
            if name and cell.strip()
        }
        rows.append(row)
    if not rows:
        file.wrong("the file names columns but has no rows", "Add the rows and send it again.")
    return rows


def _add_lines(file: RegisterFile, rows: Sequence[FileRow]) -> None:
    for row in rows:
        row.texts = {_COLUMNS.get(key, key): text for key, text in row.texts.items()}
        if row.list == "exchanges":
            for moved, whole in (("moved", "labels"), ("other_moved", "other_labels")):
                if whole in row.texts:
                    row.texts.setdefault(moved, row.texts[whole])
        kind, count = LISTS[row.list], len(file.findings)
        _require_known_columns(file, row, kind)
        values = _values(file, row, kind)
        if len(file.findings) == count:
            file.lines.append(ReadLine(kind.name, values, row))
    file.lines = merged(file.lines)


def _require_known_columns(file: RegisterFile, row: FileRow, kind: LineKind) -> None:
    known = {one.name for one in kind.own_fields}
    if "element_mg" in known:
        known |= {"weight", "unit"}
    for key in (one for one in row.texts if one not in known):
        if re.match(r"fissile|isotope|u_?23[35]|pu_?2", key):
            found = _finding(
                "OBLIGATION-FISSILE",
                f"{key[:40]!r}: no fissile weight is stated under a label",
                "Leave it out: a batch has one composition, and the fissile weight of a cell "
                "follows from its share of the element.",
                key[:40],
            )
            file.findings.append(file.placed(found, row, key[:40]))
        else:
            names = ", ".join(sorted(known))
            file.wrong(f"{key[:60]!r} is not known here", f"Names are: {names}.", row, key[:40])


def _values(file: RegisterFile, row: FileRow, kind: LineKind) -> dict[str, Value]:
    values: dict[str, Value] = {}

    def take(name: str, column: str, read: Callable[[], Value]) -> None:
        try:
            values[name] = read()
        except WrongTextError as error:
            file.findings.append(file.placed(error.finding, row, column))

    for one in kind.own_fields:
        name, text = one.name, row.texts.get(one.name, "")
        values[name] = None
        if name == "element_mg":
            weight, unit = row.texts.get("weight", ""), row.texts.get("unit", "")
            if weight:
                take(name, "weight", lambda w=weight, u=unit: weight_mg(w, u))  # type: ignore[misc]
            elif text:
                take(name, name, lambda t=text: weight_mg(t, "mg"))  # type: ignore[misc]
            elif one.required:
                file.wrong("no weight is given", "Write e.g. weight = 600 kg.", row, "weight")
        elif text:
            take(name, name, lambda n=name, t=text: value_of(n, t))  # type: ignore[misc]
        elif one.required:
            file.wrong(f"{name} is missing", f"Fill in the {name}.", row, name)
    return values


def merged(lines: Sequence[ReadLine]) -> list[ReadLine]:
    """Return the lines with cells of one thing under one label set added up."""
    found: dict[tuple[Any, ...], ReadLine] = {}
    for number, line in enumerate(lines):
        own = line.values
        names = ("mba", "batch", "event_date", "code", "category", "labels")
        kind = (line.kind, own.get("share") is None)
        key: tuple[Any, ...] = (*kind, *(own.get(name) for name in names))
        if line.row.list not in WITH_CELLS:
            key = (number,)
        before = found.get(key)
        if before is None:
            found[key] = line
        elif own.get("share") is None:
            whole = sum(int(one.get("element_mg") or 0) for one in (before.values, own))
            found[key] = replace(before, values={**before.values, "element_mg": whole})
        else:
            both = Fraction(str(before.values["share"])) + Fraction(str(own["share"]))
            found[key] = replace(before, values={**before.values, "share": str(both)})
    return list(found.values())
