"""Reading declared operations from a CSV file: what the operator says was done, and when.

Columns ``operation``, ``from`` and ``to``; times are instants with Z or an offset, or plain
seconds since the first image. Optional: ``min_visible_s``, ``count``, ``capacity``, ``process``
and ``step``. A row that cannot be used is told and left out; the others are used.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from keiryo.errors import Finding, NotFoundError, Severity, UsageError
from keiryo.screening.matching import Operation
from keiryo.screening.sources.picture_times import instant_seconds

NEEDED = ("operation", "from", "to")
MAX_BYTES = 20_000_000
_SECONDS = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_WRITE = "Write an instant as 2026-01-14T10:30:00Z, or seconds since the first image."


@dataclass(frozen=True, slots=True)
class Declared:
    """What a declaration file says.

    Attributes
    ----------
    operations : tuple of Operation
        Their times in seconds since the first image.
    instants : bool
        Whether any of them was given by an instant, so that two clocks are compared.
    findings : tuple of Finding
    """

    operations: tuple[Operation, ...]
    instants: bool
    findings: tuple[Finding, ...]


def read_declared(path: str | Path, origin_s: float | None) -> Declared:
    """Read declared operations.

    Parameters
    ----------
    path : str or Path
    origin_s : float or None
        When the first image was taken, seconds since 1970; None if nobody knows.

    Raises
    ------
    NotFoundError, UsageError
        If there is no such file, or it is no table with the columns needed.
    """
    place = Path(path)
    try:
        if place.stat().st_size > MAX_BYTES:
            raise UsageError(f"{place} is too large for a list of operations", "Give a CSV file.")
        data = place.read_bytes()
    except FileNotFoundError as error:
        raise NotFoundError(f"{place} is not there", "Give the path of a CSV file.") from error
    except OSError as error:
        raise UsageError(
            f"{place} cannot be read: {error.strerror or error}", "Give the path of a CSV file."
        ) from error
    return parse_declared(data, place.name, origin_s)


def parse_declared(data: bytes, name: str, origin_s: float | None) -> Declared:
    """Read declared operations from the content of a file; as `read_declared`."""
    text = _text(data, name)
    head = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise UsageError(f"{name} is no CSV table: {error}", "Save it as CSV.") from error
    columns = [cell.strip().lower() for cell in lines[0]] if lines else []
    lacking = [column for column in NEEDED if column not in columns]
    if lacking:
        raise UsageError(
            f"{name} has no column {', '.join(lacking)}",
            "Its first line names the columns: operation,from,to.",
        )
    reader = _Rows(name, origin_s)
    number = 1
    for number, cells in enumerate(lines[1:], 2):
        if any(cell.strip() for cell in cells):
            row = {c: v.strip() for c, v in zip(columns, cells, strict=False)}
            reader.take(number, row)
    if not reader.operations and not reader.findings:
        reader.tell("DECLARED-EMPTY", "no operation is declared", "Add a line per operation.", 1)
    return Declared(tuple(reader.operations), reader.instants, tuple(reader.findings))


def _text(data: bytes, name: str) -> str:
    for encoding in ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig",):
        try:
            return data.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
        except UnicodeDecodeError:
            continue
    if b"\0" in data:
        raise UsageError(f"{name} is no text", "Save the table as CSV in UTF-8.")
    return data.decode("cp1252", "replace").replace("\r\n", "\n").replace("\r", "\n")


class _Rows:
    """The rows taken so far."""

    def __init__(self, name: str, origin_s: float | None) -> None:
        self.name, self.origin_s = name, origin_s
        self.operations: list[Operation] = []
        self.findings: list[Finding] = []
        self.instants = False
        self.names: dict[str, int] = {}

    def tell(self, code: str, message: str, advice: str, line: int) -> None:
        severity = Severity.INCONSISTENCY
        if code in ("DECLARED-TWICE", "DECLARED-EMPTY"):
            severity = Severity.WARNING
        self.findings.append(Finding(code, severity, message, advice, file=self.name, line=line))

    def take(self, line: int, row: dict[str, str]) -> None:
        before = len(self.findings)
        name = row.get("operation", "")
        if not name:
            self.tell("DECLARED-NAME", "the operation has no name", "Name every operation.", line)
        times = [self._time(row.get(column, ""), column, line) for column in ("from", "to")]
        extra = {
            "min_visible_s": self._number(row, "min_visible_s", line),
            "count": self._number(row, "count", line),
            "capacity": self._number(row, "capacity", line),
            "step": self._number(row, "step", line),
        }
        begin, end = times
        if begin is not None and end is not None and begin > end:
            self.tell(
                "DECLARED-PERIOD",
                f"{name or 'the operation'} ends before it begins",
                "Exchange the two times, or correct one.",
                line,
            )
        if len(self.findings) > before or begin is None or end is None:
            return
        if name in self.names:
            self.tell(
                "DECLARED-TWICE",
                f"{name} stands in line {self.names[name]} already",
                "Give each operation its own name; both are compared.",
                line,
            )
        self.names.setdefault(name, line)
        self.operations.append(
            Operation(
                name,
                begin,
                end,
                min_visible_s=extra["min_visible_s"],
                count=None if extra["count"] is None else int(extra["count"]),
                capacity=max(1, int(extra["capacity"] or 1)),
                process=row.get("process", ""),
                step=int(extra["step"] or 0),
            )
        )

    def _time(self, text: str, column: str, line: int) -> float | None:
        if _SECONDS.fullmatch(text) and isfinite(float(text)):
            return float(text)
        try:
            moment = instant_seconds(text)
        except ValueError:
            what = f"is {text!r}" if text else "is empty"
            self.tell("DECLARED-TIME", f"{column} {what}, which is no time", _WRITE, line)
            return None
        if self.origin_s is None:
            self.tell(
                "DECLARED-TIME",
                f"{column} is an instant, but nobody knows when the first image was taken",
                "Give the time of the first image: --start 2026-01-14T10:30:00Z.",
                line,
            )
            return None
        self.instants = True
        return moment - self.origin_s

    def _number(self, row: dict[str, str], column: str, line: int) -> float | None:
        text = row.get(column, "")
        if not text:
            return None
        if _SECONDS.fullmatch(text):
            value = float(text)
            if (
                isfinite(value)
                and value >= 0
                and (column == "min_visible_s" or value == int(value))
            ):
                return value
        self.tell(
            "DECLARED-NUMBER",
            f"{column} is {text!r}, which is no number that fits",
            "Write a whole number, or seconds for min_visible_s; or leave it empty.",
            line,
        )
        return None
