"""The sheets of an event plan: one folder, one table per noun, as CSV, JSON or TOML.

The sheets are ``event``, ``phases``, ``venues``, ``zones``, ``posts``, ``teams``, ``instruments``,
``shifts``, ``sweeps`` and ``authority``. Moments carry their offset (``2027-07-20T08:00+09:00``).
Coordinates are metres on the plan of the venue (``x``, ``y``) or degrees (``latitude``,
``longitude``); those of a venue say where the zero of its plan lies, north up. The structure
follows the phases of IAEA Nuclear Security Series No. 18.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from keiryo.dates import parse_time, utc_text
from keiryo.errors import Finding, Severity, UsageError
from keiryo.sheet_rows import SheetTable

BASIS = "event plan"
MAX_SHEET_BYTES = 20_000_000
ENDINGS = (".csv", ".json", ".toml")


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the rows of one sheet hold; the first columns, `key`, name a row."""

    columns: tuple[str, ...]
    needed: tuple[str, ...]
    key: tuple[str, ...]
    days: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    wholes: tuple[str, ...] = ()
    moments: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()


_PLACE = ("x", "y", "latitude", "longitude")
SHEETS: Mapping[str, Sheet] = {
    "event": Sheet(
        ("event", "title", "agreement", "begins", "closes", "lead_days"),
        ("event", "title", "agreement", "begins", "closes"),
        ("event",),
        days=("begins", "closes"),
        wholes=("lead_days",),
    ),
    "phases": Sheet(
        ("phase", "from", "to"), ("phase", "from", "to"), ("phase",), days=("from", "to")
    ),
    "venues": Sheet(
        ("venue", "title", "outline", "surveyed", "lockdown", "latitude", "longitude"),
        ("venue",),
        ("venue",),
        days=("surveyed",),
        lists=("outline",),
        moments=("lockdown",),
        numbers=("latitude", "longitude"),
    ),
    "zones": Sheet(
        ("zone", "venue", "title", "neutrons"), ("zone", "venue"), ("zone",), flags=("neutrons",)
    ),
    "posts": Sheet(("post", "zone", *_PLACE), ("post", "zone"), ("post",), numbers=_PLACE),
    "teams": Sheet(
        ("team", "person", "certificate", "valid_until"),
        ("team", "person"),
        ("team", "person"),
        days=("valid_until",),
    ),
    "instruments": Sheet(
        (
            *("serial", "kind", "source", "loan", "neutrons", "calibration_due"),
            *("requested", "needed", "loan_ends"),
        ),
        ("serial", "kind", "source"),
        ("serial",),
        days=("calibration_due", "requested", "needed", "loan_ends"),
        flags=("neutrons",),
    ),
    "shifts": Sheet(
        ("shift", "post", "team", "starts", "ends", "instruments"),
        ("shift", "post", "starts", "ends"),
        ("shift", "post"),
        lists=("instruments",),
        moments=("starts", "ends"),
    ),
    "sweeps": Sheet(
        ("sweep", "venue", "team", "starts", "ends", "instruments"),
        ("sweep", "venue", "starts", "ends"),
        ("sweep",),
        lists=("instruments",),
        moments=("starts", "ends"),
    ),
    "authority": Sheet(("decision", "holder", "deputy"), ("decision", "holder"), ("decision",)),
}
OPTIONAL = frozenset({"phases"})


@dataclass(frozen=True, slots=True)
class EventPlan:
    """An event plan as its sheets tell it.

    Attributes
    ----------
    rows : mapping of str to tuple of mapping
        By sheet; each row with ``line`` and ``file``. Moments are texts in UTC, numbers floats.
    digest : str
        SHA-256 over names and contents of the sheets.
    """

    rows: Mapping[str, tuple[Mapping[str, Any], ...]]
    digest: str

    @property
    def event(self) -> Mapping[str, Any] | None:
        """The row of the event, where there is exactly one."""
        found = self.rows["event"]
        return found[0] if len(found) == 1 else None


def read_folder(folder: Path) -> tuple[EventPlan, list[Finding]]:
    """Return the plan that a folder of sheets holds, and everything that is wrong with them.

    Raises
    ------
    UsageError
        If it is no folder.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder", "Name the folder with the sheets of the plan.")
    contents, findings = {}, []
    for sheet in SHEETS:
        files = [folder / f"{sheet}{end}" for end in ENDINGS if (folder / f"{sheet}{end}").exists()]
        if len(files) > 1:
            findings.append(
                plan_finding(
                    "PUBLIC-EVENT-SHEET",
                    f"the sheet {sheet} is there {len(files)} times",
                    "Keep one of them: CSV, JSON or TOML.",
                )
            )
        elif not files and sheet not in OPTIONAL:
            findings.append(
                plan_finding(
                    "PUBLIC-EVENT-SHEET",
                    f"the sheet {sheet} is missing",
                    f"Add {sheet}.csv, .json or .toml.",
                )
            )
        for file in files[:1]:
            contents[sheet] = (file.name, _content(file, findings))
    plan, found = read_sheets(contents)
    return plan, findings + found


def _content(file: Path, findings: list[Finding]) -> bytes:
    try:
        if file.stat().st_size <= MAX_SHEET_BYTES:
            return file.read_bytes()
        told = f"the file has more than {MAX_SHEET_BYTES} bytes"
    except OSError as error:
        told = f"the file cannot be read: {error.strerror}"
    found = plan_finding("PUBLIC-EVENT-SHEET", told, "Look at the file.")
    findings.append(replace(found, file=file.name))
    return b""


def read_sheets(
    contents: Mapping[str, tuple[str, bytes]],
) -> tuple[EventPlan, list[Finding]]:
    """Return the plan in sheets given as (file name, content) by sheet, and what is wrong."""
    digest, findings = hashlib.sha256(), []
    rows: dict[str, tuple[Mapping[str, Any], ...]] = dict.fromkeys(SHEETS, ())
    for name, sheet in SHEETS.items():
        if name not in contents:
            continue
        file, content = contents[name]
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
        if content:
            read, found = _table(sheet).read(file, content)
            kept = [{**row, "file": file} for row in read]
            findings += [*found, *_values(sheet, kept), *_twice(sheet, kept)]
            rows[name] = tuple(kept)
        elif not any(one.file == file for one in findings):
            findings.append(
                replace(
                    plan_finding("PUBLIC-EVENT-SHEET", "the file is empty", "Fill it in."),
                    file=file,
                )
            )
    if "event" in contents and len(rows["event"]) > 1:
        findings.append(
            plan_finding(
                "PUBLIC-EVENT-SHEET",
                "the sheet event has more than one row",
                "A folder holds the plan of one event.",
            )
        )
    return EventPlan(rows, digest.hexdigest()), findings


def _table(sheet: Sheet) -> SheetTable:
    return SheetTable(
        sheet.columns,
        sheet.needed,
        lambda words, advice: plan_finding("PUBLIC-EVENT-SHEET", words, advice),
        lambda words, advice: plan_finding("PUBLIC-EVENT-CELL", words, advice),
        days=frozenset(sheet.days),
        lists=frozenset(sheet.lists),
        wholes=frozenset(sheet.wholes),
        flags=frozenset(sheet.flags),
    )


def _values(sheet: Sheet, rows: list[dict[str, Any]]) -> list[Finding]:
    """Read moments and numbers in place; a value that is none is told and taken out."""
    found = []
    for row in rows:
        for column in (*sheet.moments, *sheet.numbers):
            if row[column] is None:
                continue
            moment = column in sheet.moments
            value = _moment(row[column]) if moment else _number(row[column])
            if value is None:
                told = "is no moment with an offset" if moment else "is no number"
                advice = "Write 2027-07-20T08:00+09:00." if moment else "Write e.g. 35.6586."
                bad = plan_finding("PUBLIC-EVENT-CELL", f"{column}: this {told}", advice)
                found.append(replace(bad, file=row["file"], line=row["line"]))
            row[column] = value
    return found


def _moment(text: str) -> str | None:
    read = parse_time(text)
    return None if read is None else utc_text(read)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _twice(sheet: Sheet, rows: list[dict[str, Any]]) -> list[Finding]:
    seen, found = set(), []
    for row in rows:
        key = tuple(row[one] for one in sheet.key)
        if key in seen:
            words = f"{' '.join(str(one)[:40] for one in key)!r} stands there twice"
            bad = plan_finding("PUBLIC-EVENT-TWICE", words, "Keep one of the rows.")
            found.append(replace(bad, file=row["file"], line=row["line"]))
        seen.add(key)
    return found


def plan_finding(
    code: str, message: str, advice: str, row: Mapping[str, Any] | None = None
) -> Finding:
    """Return a finding about a plan, with the place of the row that it is about."""
    made = Finding(code, Severity.INCONSISTENCY, message, advice, basis=BASIS)
    return made if row is None else replace(made, file=row["file"], line=row["line"])
