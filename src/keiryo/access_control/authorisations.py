"""Who may be where, from when to when: the authorisations that records of access are held against.

A row of the table says that a person may be in an area within [valid_from, valid_to), alone or
with an escort, or (status `excluded`) that the person may not be there. Of training and of the
check of trustworthiness only the date is known until which they hold, never their content.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from keiryo.access_control.table_files import Problems, Table, read_table
from keiryo.protection.inputs import NAME_LENGTH, Warning, raise_problems
from keiryo.protection.instants import UnreadableTimeError, day_or_time_ns

COLUMNS = (
    *("person", "area", "role", "status", "valid_from", "valid_to", "escort_required"),
    *("granted_by", "basis", "training_until", "check_until"),
)
REQUIRED = ("person", "area", "valid_from")
AUTHORISED, EXCLUDED = "authorised", "excluded"
STATUSES = (AUTHORISED, EXCLUDED)
NEVER = 2**62
"""Later than every instant."""
_YES_NO = {"": False, "no": False, "false": False, "0": False, "yes": True, "true": True, "1": True}


@dataclass(frozen=True, slots=True)
class Authorisations:
    """Authorisations of persons.

    Attributes
    ----------
    frame : polars.DataFrame
        ``person``, ``area``, ``role``, ``excluded``, ``from_ns``, ``to_ns``, ``escort``,
        ``granted_by``, ``basis``, ``training_ns``, ``check_ns`` (until when they hold), ``place``.
    pointer : str
    sha256 : str
    warnings : tuple of Warning
    """

    frame: pl.DataFrame
    pointer: str
    sha256: str
    warnings: tuple[Warning, ...]


def read_authorisations_file(
    path: Path | str, timezone: datetime.tzinfo, areas: tuple[str, ...]
) -> Authorisations:
    """Read authorisations from a CSV or JSON file.

    Parameters
    ----------
    path : Path or str
    timezone : tzinfo
        Of times without an offset, and of days: a day as `valid_to` is the last good one.
    areas : tuple of str
        The areas of the setup.

    Raises
    ------
    InputError
        ``EMPTY_FIELD``, ``NAME``, ``TIME``, ``TIME_AMBIGUOUS``, ``DATE_ORDER``, ``STATUS``,
        ``TYPE``, ``SELF_GRANTED``, and what `read_table` tells.
    """
    table = read_table(path, {name: name for name in COLUMNS}, REQUIRED)
    return read_authorisations(table, timezone, areas)


def read_authorisations(
    table: Table, timezone: datetime.tzinfo, areas: tuple[str, ...]
) -> Authorisations:
    """Read authorisations from rows; raises as `read_authorisations_file`."""
    problems, rows = Problems(), []
    for row in table.frame.iter_rows(named=True):
        read = _row({name: row[name].strip(" \t") for name in COLUMNS}, timezone)
        for code, told in read[1]:
            problems.note(code, table.at(row["place"]), told)
        rows.append({**read[0], "place": int(row["place"])})
    raise_problems(problems.listed)
    frame = pl.DataFrame(rows, schema=_SCHEMA)
    strange = frame.filter(~pl.col("area").is_in(list(areas)))
    told = "The setup has no area of this name; the row is not used."
    warnings = [Warning("AREA_UNKNOWN", table.at(place), told) for place in strange["place"]]
    return Authorisations(frame, table.pointer, table.sha256, tuple(warnings))


_SCHEMA: dict[str, Any] = {
    "person": pl.String,
    "area": pl.String,
    "role": pl.String,
    "excluded": pl.Boolean,
    "from_ns": pl.Int64,
    "to_ns": pl.Int64,
    "escort": pl.Boolean,
    "granted_by": pl.String,
    "basis": pl.String,
    "training_ns": pl.Int64,
    "check_ns": pl.Int64,
    "place": pl.Int64,
}


def _row(
    cells: dict[str, str], timezone: datetime.tzinfo
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    wrong: list[tuple[str, str]] = []
    for name in ("person", "area"):
        if not cells[name]:
            wrong.append(("EMPTY_FIELD", f"The {name} is empty."))
    for name in COLUMNS:
        text = cells[name]
        if len(text) > NAME_LENGTH or not text.isprintable():
            told = f"It has {NAME_LENGTH} characters at most, and no control characters"
            wrong.append(("NAME", f"{told}: the {name.replace('_', ' ')}."))
    if cells["status"] not in ("", *STATUSES):
        wrong.append(("STATUS", "The status is authorised or excluded."))
    if cells["escort_required"].lower() not in _YES_NO:
        wrong.append(("TYPE", "Whether an escort is required is yes or no."))
    if cells["granted_by"] and cells["granted_by"] == cells["person"]:
        told = "Nobody authorises himself or herself; name who granted it."
        wrong.append(("SELF_GRANTED", told))
    times: dict[str, int] = {}
    for name in ("valid_from", "valid_to", "training_until", "check_until"):
        try:
            if cells[name]:
                times[name] = day_or_time_ns(cells[name], timezone, end=name != "valid_from")
        except UnreadableTimeError as error:
            wrong.append((error.code, f"The {name.replace('_', ' ')}: {error}"))
    if not cells["valid_from"]:
        wrong.append(("EMPTY_FIELD", "The valid from is empty."))
    elif times.get("valid_to", NEVER) <= times.get("valid_from", 0):
        wrong.append(("DATE_ORDER", "It ends before it begins."))
    made = {
        **{name: cells[name] for name in ("person", "area", "role", "granted_by", "basis")},
        "excluded": cells["status"] == EXCLUDED,
        "from_ns": times.get("valid_from", 0),
        "to_ns": times.get("valid_to", NEVER),
        "escort": _YES_NO.get(cells["escort_required"].lower(), False),
        "training_ns": times.get("training_until", NEVER),
        "check_ns": times.get("check_until", NEVER),
    }
    return made, wrong
