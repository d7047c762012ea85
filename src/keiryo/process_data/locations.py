"""The locations of a plant at which material is measured: what goes in, what goes out, what is in.

`locations.csv` names each location once with its role (input, output, inventory), and for flows
the mode: *amount* (kilograms transferred at an hour, the default) or *rate* (kilograms per hour,
sampled). The optional column ``step_h`` gives the time between two samples of a rate where it
cannot be seen in the data.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from keiryo.process_data.notes import Notes

NAME = "locations.csv"
_COLUMNS = ("location", "role", "mode", "step_h")
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
    def is_flow(self) -> bool:
        """Whether material goes through here into the plant or out of it."""
        return self.role is not Role.INVENTORY


def read_locations(folder: Path, notes: Notes) -> tuple[Location, ...]:
    """Return the locations that `locations.csv` names; what is wrong goes to `notes`."""
    path = folder / NAME
    try:
        text = path.read_bytes().decode("utf-8-sig")
        rows = [(n, r) for n, r in enumerate(csv.reader(io.StringIO(text)), 1) if any(r)]
    except FileNotFoundError:
        notes.form(
            "PROCESS-FILE-MISSING", f"there is no {NAME} in {folder}",
            f"Write one line per location: its name and role. {_HEADER}", file=NAME,
        )  # fmt: skip
        return ()
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        notes.form(
            "PROCESS-FILE-UNREADABLE", f"{NAME} cannot be read as text: {error}",
            "Save it as CSV in UTF-8.", file=NAME,
        )  # fmt: skip
        return ()
    if not rows:
        notes.form("PROCESS-FILE-EMPTY", f"{NAME} is empty", _HEADER, file=NAME)
        return ()
    header = [name.strip().lower() for name in rows[0][1]]
    missing = [name for name in _COLUMNS[:2] if name not in header]
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
        location = _location(values, line, notes)
        if location is None:
            continue
        if location.name in found:
            notes.form(
                "PROCESS-LOCATION-TWICE", f"location {location.name!r} is named twice",
                "Name each location once; a place that is both needs two names.",
                file=NAME, line=line,
            )  # fmt: skip
            continue
        found[location.name] = location
    if not found and not notes.rejected:
        notes.form("PROCESS-FILE-EMPTY", f"{NAME} names no location", _HEADER, file=NAME)
    return tuple(found.values())


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
                code, f"{name}: {word} {value!r} is not known", f"The {word} is {choices}.",
                file=NAME, line=line, found=value, expected=choices,
            )  # fmt: skip
            return None
    step_h = _step(step, mode, name, line, notes)
    if role == Role.INVENTORY and mode == Mode.RATE:
        notes.form(
            "PROCESS-MODE-UNKNOWN", f"{name}: an inventory has no rate",
            "Only inputs and outputs may have mode rate. Give the content in kg at each hour.",
            file=NAME, line=line,
        )  # fmt: skip
        return None
    return Location(name, Role(role), Mode(mode), step_h)


def _step(text: str, mode: str, name: str, line: int, notes: Notes) -> float | None:
    if not text:
        return None
    try:
        step_h = float(text)
    except ValueError:
        step_h = -1.0
    if mode != Mode.RATE or not 0 < step_h < float("inf"):
        notes.form(
            "PROCESS-STEP-WRONG", f"{name}: step_h {text!r} is not the time between two samples",
            "step_h is a positive number of hours, and only of a location of mode rate.",
            file=NAME, line=line,
        )  # fmt: skip
        return None
    return step_h
