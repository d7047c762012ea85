"""The locations of a plant at which material is measured: what goes in, what goes out, what is in.

`locations.csv` names each location once with its role (input, output, inventory), and for flows
the mode: *amount* (kilograms transferred at an hour, the default) or *rate* (kilograms per hour,
sampled). The optional column ``step_h`` gives the time between two samples of a rate where it
cannot be seen in the data; a column ``unit`` may say kg (of a rate: kg/h), and nothing else.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from keiryo.process_data.lines import carriage_returns, plain_number
from keiryo.process_data.notes import Notes, shortened
from keiryo.process_data.regular_files import is_there, reason_of, trouble_with

NAME = "locations.csv"
_COLUMNS = ("location", "role", "mode", "step_h", "unit")
_LARGEST_MB = 50
UNITS = {"amount": ("kg",), "rate": ("kg", "kg/h")}
"""What a column ``unit`` may say, by mode."""
_HEADER = "The first line of locations.csv is: location,role (and mode, if a flow is a rate)."


class Role(StrEnum):
    """What a location does to the balance."""

    INPUT = "input"
    OUTPUT = "output"
    INVENTORY = "inventory"


class Mode(StrEnum):
    """What the numbers of a flow are."""

    AMOUNT = "amount"
    RATE = "rate"


@dataclass(frozen=True, slots=True)
class Location:
    """One place at which material is measured.

    Attributes
    ----------
    name : str
    role : Role
    mode : Mode
    step_h : float or None
        Of a rate: hours between two samples, if it was stated.
    """

    name: str
    role: Role
    mode: Mode = Mode.AMOUNT
    step_h: float | None = None

    @property
    def sign(self) -> int:
        """By which sign a transfer counts in MUF: +1 for an input, −1 for an output."""
        return {Role.INPUT: 1, Role.OUTPUT: -1, Role.INVENTORY: 0}[self.role]

    @property
    def label(self) -> str:
        """The name as it is shown in messages."""
        return shortened(self.name)

    @property
    def is_flow(self) -> bool:
        """Whether material goes through here into the plant or out of it."""
        return self.role is not Role.INVENTORY


def read_locations(folder: Path, notes: Notes) -> tuple[Location, ...]:
    """Return the locations that `locations.csv` names; what is wrong goes to `notes`."""
    rows = _rows(folder, notes)
    if not rows:
        return ()
    header = [name.strip().lower() for name in rows[0][1]]
    missing = [name for name in _COLUMNS[:2] if name not in header]
    extra = [shortened(name) for name in header if name and name not in _COLUMNS]
    if extra and not missing:
        notes.remark(
            "PROCESS-COLUMN-UNUSED", f"{NAME}: column {', '.join(extra)} is not used",
            f"The columns are {', '.join(_COLUMNS)}.", file=NAME, line=rows[0][0],
        )  # fmt: skip
    for name in missing:
        notes.form(
            "PROCESS-COLUMN-MISSING", f"{NAME} has no column {name!r}", _HEADER,
            file=NAME, line=rows[0][0], found=",".join(rows[0][1]),
        )  # fmt: skip
    if missing:
        return ()
    found: dict[str, Location] = {}
    for line, row in rows[1:]:
        values = dict(zip(header, (value.strip() for value in row), strict=False))
        if any(value.strip() for value in row[len(header) :]):
            notes.form(
                "PROCESS-LINE-WRONG",
                f"the line has {len(row)} values and the header {len(header)}",
                "Put a name with a comma into quotation marks, or delete what is too many.",
                file=NAME, line=line, found=",".join(row),
            )  # fmt: skip
            location = None
        else:
            location = _location(values, line, notes)
        if location is None:
            notes.rejected_names.add(values.get("location", ""))
            continue
        if location.name in found:
            notes.form(
                "PROCESS-LOCATION-TWICE", f"location {location.label!r} is named twice",
                "Name each location once; a place that is both needs two names.",
                file=NAME, line=line,
            )  # fmt: skip
            continue
        found[location.name] = location
    if not found and not notes.rejected:
        notes.form("PROCESS-FILE-EMPTY", f"{NAME} names no location", _HEADER, file=NAME)
    return tuple(found.values())


def _rows(folder: Path, notes: Notes) -> list[tuple[int, list[str]]]:
    """Return the lines of `locations.csv` that are not empty, with their numbers."""
    path = folder / NAME
    if not is_there(path):
        notes.form(
            "PROCESS-FILE-MISSING", f"there is no {NAME} in {folder}",
            f"Write one line per location: its name and role. {_HEADER}", file=NAME,
        )  # fmt: skip
        return []
    trouble = trouble_with(path, _LARGEST_MB)
    try:
        content = b"" if trouble else path.read_bytes()
        text = content.decode("utf-8-sig")
        if carriage_returns(content):
            trouble = "ends its lines with carriage returns alone"
        rows = [(n, r) for n, r in enumerate(csv.reader(io.StringIO(text)), 1) if any(r)]
    except OSError as error:
        trouble = f"cannot be read: {reason_of(error)}"
    except UnicodeDecodeError as error:
        trouble = f"is not text in UTF-8 (line {content[: error.start].count(10) + 1})"
    except csv.Error:
        trouble = trouble or "is no text with one line per location"
    if trouble:
        notes.form(
            "PROCESS-FILE-UNREADABLE", f"{NAME} {trouble}",
            "Save it as CSV in UTF-8, one line per location.", file=NAME,
        )  # fmt: skip
        return []
    if not rows:
        notes.form("PROCESS-FILE-EMPTY", f"{NAME} is empty", _HEADER, file=NAME)
    return rows


def _location(values: dict[str, str], line: int, notes: Notes) -> Location | None:
    name, role = values.get("location", ""), values.get("role", "").lower()
    mode, step = values.get("mode", "").lower() or "amount", values.get("step_h", "")
    if not name:
        notes.form(
            "PROCESS-VALUE-MISSING", "a line of locations.csv has no name of a location",
            "Give the name, or delete the line.", file=NAME, line=line,
        )  # fmt: skip
        return None
    for code, word, value, allowed in (
        ("PROCESS-ROLE-UNKNOWN", "role", role, Role),
        ("PROCESS-MODE-UNKNOWN", "mode", mode, Mode),
    ):
        if value not in set(allowed):
            choices = " or ".join(allowed)
            notes.form(
                code, f"{shortened(name)}: {word} {shortened(value)!r} is not known",
                f"The {word} is {choices}.",
                file=NAME, line=line, found=value, expected=choices,
            )  # fmt: skip
            return None
    step_h = _step(step, mode, name, line, notes)
    if role == Role.INVENTORY and mode == Mode.RATE:
        notes.form(
            "PROCESS-MODE-UNKNOWN", f"{shortened(name)}: an inventory has no rate",
            "Only inputs and outputs may have mode rate. Give the content in kg at each hour.",
            file=NAME, line=line,
        )  # fmt: skip
        return None
    unit = values.get("unit", "").lower()
    if unit and unit not in UNITS[mode]:
        notes.form(
            "PROCESS-UNIT-MIXED", f"{shortened(name)}: its unit is {shortened(unit)!r}",
            "All amounts are in kg of the element balanced, rates in kg/h: convert its values, and "
            "write kg.", file=NAME, line=line, found=unit, expected="kg",
        )  # fmt: skip
        return None
    return Location(name, Role(role), Mode(mode), step_h)


def _step(text: str, mode: str, name: str, line: int, notes: Notes) -> float | None:
    if not text:
        return None
    step_h = plain_number(text)
    if mode != Mode.RATE or step_h is None or step_h <= 0:
        notes.form(
            "PROCESS-STEP-WRONG",
            f"{shortened(name)}: step_h {shortened(text)!r} is not the time between two samples",
            "step_h is a positive number of hours, and only of a location of mode rate.",
            file=NAME, line=line,
        )  # fmt: skip
        return None
    return step_h
