"""Registers of export control as files: CSV, TOML or JSON become lines, with all that is wrong.

In TOML and JSON a file holds lists by name (``items``, ``licences``, ``steps``, ``assurances``,
``transfers``, ``recognitions``, ``traders``, ``consignments``); what belongs to all lines of a
licence or a shipment stands once, its lines under ``lines``. A CSV file is one list; a licence of
three lines has three rows that repeat what belongs to all of them. All are read into the same
texts, so that a decimal stays the decimal that was written.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from keiryo.dates import DateError, date_number, parse_date
from keiryo.errors import Finding, Severity
from keiryo.export_control.matching import UNITS
from keiryo.export_control.tables import (
    CONSIGNMENT,
    CONTROL_ITEM,
    EXPORT_TRANSFER,
    GOVERNMENT_ASSURANCE,
    LICENCE,
    LICENCE_LINE,
    LICENCE_STEP,
    MUTUAL_RECOGNITION,
    TRUSTED_TRADER,
)
from keiryo.journal.model import FieldType, LineKind, Value
from keiryo.quantities import WeightError, parse_weight_mg
from keiryo.sheet_text import SheetTextError, column_name, csv_lines, plain, text_of, unprotected

BASIS = "docs/theory/export-control.md"
LISTS: Mapping[str, tuple[LineKind, ...]] = {
    "items": (CONTROL_ITEM,),
    "licences": (LICENCE, LICENCE_LINE),
    "steps": (LICENCE_STEP,),
    "assurances": (GOVERNMENT_ASSURANCE,),
    "transfers": (EXPORT_TRANSFER,),
    "recognitions": (MUTUAL_RECOGNITION,),
    "traders": (TRUSTED_TRADER,),
    "consignments": (CONSIGNMENT,),
}
"""What a file may hold, in the order in which it is recorded, and the lines that it becomes."""

WORDS: Mapping[str, tuple[str, ...]] = {
    "material": ("nuclear", "other"),
    "direction": ("export", "import"),
    "counts": ("element", "fissile"),
    "route": ("low", "usual", "high"),
    "origin": ("low", "usual", "high"),
    "commodity": ("low", "unknown", "high"),
    "documents": ("none", "one", "more"),
    "history": ("clean", "unknown", "finding"),
}
STATES: Mapping[str, tuple[str, ...]] = {
    "licences": ("applied", "issued", "amended", "exhausted", "expired", "suspended", "revoked"),
    "steps": ("applied", "issued", "amended", "exhausted", "expired", "suspended", "revoked"),
    "transfers": ("planned", "done", "withdrawn"),
    "recognitions": ("intended", "in-force", "suspended"),
    "traders": ("in-force", "suspended", "removed"),
}
DEFAULTS: Mapping[str, Mapping[str, str]] = {
    "items": {"material": "other"},
    "licences": {"amendment": "0", "direction": "export", "needs_assurance": "yes"},
    "transfers": {"line": "1", "direction": "export", "state": "planned"},
    "traders": {"state": "in-force"},
    "recognitions": {"state": "in-force", "highest_tier": "3"},
    "consignments": {"density_anomaly": "no", "radiation_alarm": "no", "seal_mismatch": "no"},
}
_FLAGS = {"yes": 1, "true": 1, "1": 1, "no": 0, "false": 0, "0": 0}
_DAYS = ("valid_from", "valid_to", "on_day", "issued_on", "given_on", "prepared_on", "notified_on")
DAY_FIELDS = frozenset({*_DAYS, "since_day", "passed_on"})
_FLAG_FIELDS = frozenset({"needs_assurance", "density_anomaly", "radiation_alarm", "seal_mismatch"})
_COUNTRY_FIELDS = frozenset({"partner", "government"})
_LETTER_FIELDS = frozenset({"categories", "category"})
_NAMES = frozenset({"item", "licence", "assurance", "transfer", "trader", "recognition"})
DECIMAL = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
MAX_TEXT, MAX_NUMBER = 2000, 10**30


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
    """A file that was read: its lines, and everything that is wrong with their form."""

    name: str
    lines: list[ReadLine] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def wrong(
        self, message: str, advice: str, row: FileRow | None = None, column: str | None = None
    ) -> None:
        """Note that the form of something is wrong."""
        cell = None if row is None else f"{row.cell} ({column})" if column else row.cell
        line = None if row is None else row.line
        self.findings.append(
            Finding(
                "LICENCE-FORM",
                Severity.FORMAT,
                message,
                advice,
                file=self.name or None,
                line=line,
                cell=cell,
                basis=BASIS,
            )
        )


def read_file(name: str, content: bytes, kind: str | None = None) -> RegisterFile:
    """Read a file of export control.

    Parameters
    ----------
    name, content : str, bytes
        A name that ends in ``.json`` or ``.toml`` is read as that, any other as CSV.
    kind : str, optional
        Which list a CSV file is, one of `LISTS`; default: seen from the name of the file.
    """
    file = RegisterFile(name.replace("\\", "/").rpartition("/")[2] or name)
    suffix = name.lower().rpartition(".")[2]
    try:
        text = text_of(content)
        if suffix in ("json", "toml"):
            rows = _listed_rows(file, _data(file, text, suffix))
        else:
            rows = _csv_rows(file, text, kind or _kind_of(file.name))
    except SheetTextError as error:
        file.wrong(error.message, error.advice)
        return file
    _add_lines(file, rows)
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
            if not isinstance(one, dict):
                file.wrong("this is no object with names and values", "Write one.", place)
                continue
            rows += _flat(file, place, one)
    return rows


def _flat(file: RegisterFile, place: FileRow, one: Mapping[str, Any]) -> Iterable[FileRow]:
    """Yield a row for each line of an object, with what belongs to all of them."""
    common = _texts(file, place, {k: v for k, v in one.items() if k != "lines"})
    if "lines" not in one:
        yield FileRow(place.list, None, place.cell, common)
        return
    lines = one["lines"]
    if not isinstance(lines, list) or not lines or place.list not in ("licences", "transfers"):
        file.wrong("lines is no list of lines", "Write a list of objects.", place, "lines")
        return
    for number, part in enumerate(lines, start=1):
        row = FileRow(place.list, None, f"{place.cell} line {number}", {})
        if not isinstance(part, dict):
            file.wrong("this is no object with names and values", "Write one.", row)
            continue
        row.texts = {**common, "line": str(number), **_texts(file, row, part)}
        yield row


def _texts(file: RegisterFile, row: FileRow, given: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for key, value in given.items():
        if isinstance(value, bool):
            value = "yes" if value else "no"
        elif isinstance(value, list) and all(isinstance(one, str) for one in value):
            value = " ".join(value)
        elif hasattr(value, "isoformat"):
            value = value.isoformat()[:10]
        elif isinstance(value, int) and abs(value) < MAX_NUMBER:
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
        file.wrong(
            "it is not said which list the file is",
            f"Say it (--as), or name the file after it: {', '.join(LISTS)}.",
        )
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
    heads: dict[tuple[str, str], dict[str, Value]] = {}
    for row in rows:
        kinds = LISTS[row.list]
        _number_line(row, heads)
        for key, text in DEFAULTS.get(row.list, {}).items():
            row.texts.setdefault(key, text)
        known = {one.name for kind in kinds for one in kind.own_fields} | {"fissile_g"}
        for key in (one for one in row.texts if one not in known):
            names = ", ".join(sorted(known))
            file.wrong(f"{key[:60]!r} is not known here", f"Names are: {names}.", row, key)
        count = len(file.findings)
        typed = [(kind, _values(file, row, kind)) for kind in kinds]
        if len(file.findings) > count:
            continue
        for kind, values in typed:
            if kind is LICENCE:
                head = (str(values["licence"]), str(values["amendment"]))
                if head in heads and heads[head] != values:
                    words = f"licence {head[0]} is described in two ways"
                    file.wrong(words, "What belongs to all its lines is the same in each.", row)
                if head in heads:
                    continue
                heads[head] = values
            file.lines.append(ReadLine(kind.name, values, row))


def _number_line(row: FileRow, heads: dict[tuple[str, str], dict[str, Value]]) -> None:
    """Number the line of a licence that has one only."""
    key = (row.texts.get("licence", ""), row.texts.get("amendment", "0"))
    if row.list == "licences" and "line" not in row.texts and key not in heads:
        row.texts["line"] = "1"


def _values(file: RegisterFile, row: FileRow, kind: LineKind) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for one in kind.own_fields:
        text = row.texts.get(one.name, "")
        if one.name == "fissile_mg" and "fissile_g" in row.texts:
            values[one.name] = _weight(file, row, row.texts["fissile_g"])
        elif not text:
            values[one.name] = None
            if one.required:
                file.wrong(f"{one.name} is missing", f"Fill in the {one.name}.", row, one.name)
        else:
            problem, advice, value = _typed(row.list, one.name, one.type, text)
            if problem:
                file.wrong(problem, advice, row, one.name)
            values[one.name] = value
    return values


def _weight(file: RegisterFile, row: FileRow, text: str) -> int | None:
    try:
        found = parse_weight_mg(text, "g")
    except WeightError as error:
        file.wrong(str(error), "Write the weight in grams, e.g. 41.5.", row, "fissile_g")
        return None
    if found < 0:
        file.wrong("a weight is below zero", "Check the sign.", row, "fissile_g")
    return found


def _typed(kind: str, name: str, type_: FieldType, text: str) -> tuple[str, str, Value]:
    """Return what is wrong with a text, what to do about it, and its value."""
    shown = repr(text if len(text) <= 40 else f"{text[:37]}...")
    words = STATES.get(kind, ()) if name == "state" else WORDS.get(name, ())
    if words:
        good = next((one for one in words if one == text.casefold()), None)
        return (
            (f"{shown} is not known here", f"One of: {', '.join(words)}.", None)
            if (good is None)
            else ("", "", good)
        )
    if name in DAY_FIELDS:
        try:
            return "", "", date_number(parse_date(text))
        except DateError as error:
            return str(error), "Write the day as 2026-12-31.", None
    if name in _FLAG_FIELDS:
        flag = _FLAGS.get(text.casefold())
        return ("", "", flag) if flag is not None else (f"{shown} is no yes or no", "Write one.", 0)
    if type_ is FieldType.INTEGER:
        if text.isascii() and text.isdigit() and len(text) < 7:
            return "", "", int(text)
        return f"{shown} is no whole number", "Write digits only.", None
    if name in ("quantity", "tolerance"):
        if DECIMAL.fullmatch(text):
            return "", "", text.removeprefix("+")
        return f"{shown} is no plain decimal number", "Write it as 1250.5.", None
    if name == "unit":
        return ("", "", text) if text in UNITS else (
            f"there is no unit {shown} here", f"Units are: {', '.join(UNITS)}.", None,
        )  # fmt: skip
    return _typed_text(name, text, shown)


def _typed_text(name: str, text: str, shown: str) -> tuple[str, str, Value]:
    if name in _COUNTRY_FIELDS and not re.fullmatch("[A-Z]{2}", text):
        return f"{shown} is no code of a State", "Write two capital letters.", None
    if name in _LETTER_FIELDS:
        letters = "".join(dict.fromkeys(one for one in text.upper() if one not in " ,"))
        if not letters or set(letters) - set("NDEUPT"):
            return f"{shown} are no element categories", "Letters are N, D, E, U, P, T.", None
        return "", "", letters
    if name in _NAMES and len(text) > 80:
        return f"{shown} is too long for a name", "Write at most 80 characters.", None
    if len(text) > MAX_TEXT or _CONTROL.search(text):
        return "the text is too long or holds control characters", "Write plain text.", None
    return "", "", text


def decimal(text: Any) -> Fraction:
    """Return the number that a decimal text of the record states; none is zero."""
    return Fraction(str(text)) if text is not None else Fraction(0)
