"""Lines of process data read one by one, to say what is wrong with each.

The slow but explaining way: used for those parts of a file that the fast reader did not accept.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from keiryo.process_data.notes import Notes, shortened

_WITH_UNIT = re.compile(r"[-+]?\d+([.,]\d+)?\s*[A-Za-zµ%]+.*")
_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a file of flows or inventories."""

    line: int
    hour: float
    location: str
    kg: float
    unit: str = ""


def plain_number(text: str) -> float | None:
    """Return a finite number written in ASCII digits, or None."""
    if not text.isascii() or "_" in text:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def carriage_returns(text: bytes) -> bool:
    """Return whether lines end with carriage returns alone, as on the oldest Macintosh."""
    return b"\r" in text.replace(b"\r\n", b"").rstrip(b"\r")


def rows_of(
    text: bytes, first_line: int, names: Sequence[str], file: str, notes: Notes
) -> list[Row]:
    """Return the lines that can be read; of the others, say what is wrong."""
    try:
        plain = text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        plain = text.decode("utf-8", errors="replace")
        line = first_line + text[: error.start].count(b"\n")
        notes.form(
            "PROCESS-FILE-UNREADABLE", f"line {line} is not text in UTF-8",
            "Save the file as CSV in UTF-8.", file=file, line=line,
        )  # fmt: skip
    rows = []
    at = {name: names.index(name) for name in ("hour", "location", "kg", "unit") if name in names}
    for offset, single in enumerate(plain.split("\n")):
        if not single.strip():
            continue
        try:
            values = next(csv.reader(io.StringIO(single.rstrip("\r"))), [])
        except csv.Error:
            notes.form(
                "PROCESS-LINE-WRONG", "the line is no text of values with commas between them",
                "Correct the line, or delete it.", file=file, line=first_line + offset,
            )  # fmt: skip
            continue
        row = _row(values, first_line + offset, at, len(names), file, notes)
        if row is not None:
            rows.append(row)
    return rows


def _row(
    values: list[str], line: int, at: dict[str, int], columns: int, file: str, notes: Notes
) -> Row | None:
    if len(values) != columns:
        advice = "Write decimals with a point: a decimal comma splits a number into two."
        notes.form(
            "PROCESS-LINE-WRONG", f"the line has {len(values)} values and the header {columns}",
            advice if len(values) > columns else "Complete the line, or delete it.",
            file=file, line=line, found=",".join(values),
        )  # fmt: skip
        return None
    location = values[at["location"]].strip()
    if not location:
        notes.form(
            "PROCESS-VALUE-MISSING", "the line names no location", "Give the location.",
            file=file, line=line,
        )  # fmt: skip
    hour = _number(values[at["hour"]].strip(), "hour", line, file, notes)
    kg = _number(values[at["kg"]].strip(), "kg", line, file, notes)
    if hour is None or kg is None or not location:
        return None
    unit = values[at["unit"]].strip() if "unit" in at else ""
    return Row(line, hour, location, kg, unit)


def _number(text: str, column: str, line: int, file: str, notes: Notes) -> float | None:
    value = plain_number(text)
    if value is not None:
        return value
    if not text:
        notes.form(
            "PROCESS-VALUE-MISSING", f"the {column} is empty",
            "What was not transferred has no line; what was not measured must not be counted as 0.",
            file=file, line=line,
        )  # fmt: skip
        return None
    advice = "Write a plain decimal number, e.g. 12.5."
    if _DECIMAL_COMMA.fullmatch(text):
        advice = "Write the decimals with a point and not with a comma."
    elif not text.isascii() and any(letter.isdigit() for letter in text):
        advice = "Write it with the digits 0 to 9."
    elif _WITH_UNIT.fullmatch(text):
        advice = f"Write the number alone: {column} is the unit of the whole column."
    elif text.lower().lstrip("+-") in ("nan", "inf", "infinity"):
        advice = "What was not measured is left out; it cannot stand as a number."
    notes.form(
        "PROCESS-VALUE-NO-NUMBER", f"the {column} {shortened(text)!r} is not a finite number",
        advice, file=file, line=line, found=text,
    )  # fmt: skip
    return None
