"""Tables of declared operations (CSV) as an operator sends them: everything, or nothing."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation

from keiryo.containment.instants import instant
from keiryo.errors import Finding, RefusedError, Severity, UsageError
from keiryo.journal.model import Act, Actor
from keiryo.journal.posting import Clock, system_clock
from keiryo.storage.engine import Database
from keiryo.surveillance.camera_record import BASIS
from keiryo.surveillance.cameras import split_list
from keiryo.surveillance.declared_operations import OperationEntry, declare, unchanged

COLUMNS = (
    *("operation", "from", "to", "type", "items", "sensors"),
    *("events", "min_visible_s", "process", "step"),
)
REQUIRED = ("operation", "from", "to", "sensors")
MAX_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a table.

    Attributes
    ----------
    act : Act or None
        None if nothing was new.
    declared, unchanged : int
        Rows that were declared, and rows that stood in the record like this.
    """

    act: Act | None
    declared: int
    unchanged: int


def read_operations(name: str, content: bytes, mba: str) -> list[OperationEntry]:
    """Return the operations of a CSV table (UTF-8, named columns).

    Parameters
    ----------
    name : str
        Of the file, for findings.
    content : bytes
    mba : str
        Area in which they take place.

    Raises
    ------
    RefusedError
        If a row cannot be read: all findings, with their lines.
    UsageError
        If it is no such table.
    """
    if len(content) > MAX_BYTES:
        raise UsageError(f"{name} is larger than {MAX_BYTES} bytes", "Split the table.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{name} is not in UTF-8", "Save the table as CSV in UTF-8.") from None
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    columns = [str(one).strip() for one in reader.fieldnames or ()]
    missing = [one for one in REQUIRED if one not in columns]
    unknown = [one for one in columns if one not in COLUMNS]
    if missing or unknown or len(set(columns)) != len(columns):
        told = (
            f"lacks {', '.join(missing)}" if missing else f"has {', '.join(unknown) or 'doubles'}"
        )
        raise UsageError(f"{name} {told}", f"The columns are {', '.join(COLUMNS)}.")
    reader.fieldnames = columns
    found: list[OperationEntry] = []
    wrong: list[Finding] = []
    try:
        for row in reader:
            if any((value or "").strip() for key, value in row.items() if key is not None):
                _read_row(name, reader.line_num, row, mba, found, wrong)
    except csv.Error as error:
        wrong.append(_finding(name, reader.line_num, str(error)))
    if wrong:
        raise RefusedError(f"{name} is not recorded", wrong, "Correct the rows and send it again.")
    if not found:
        raise UsageError(f"{name} has no rows", "Give at least one operation.")
    return found


def import_operations(
    database: Database,
    actor: Actor,
    mba: str,
    name: str,
    content: bytes,
    *,
    cameras_seen: Collection[str] | None = None,
    clock: Clock = system_clock,
) -> Imported:
    """Declare the operations of a table; what stands in the record like this is left alone.

    Parameters
    ----------
    database, actor
    mba : str
        Material balance area.
    name : str
    content : bytes
        The table, as `read_operations` takes it.
    cameras_seen : collection of str, optional
        As `keiryo.surveillance.declared_operations.declare`.
    clock : callable

    Raises
    ------
    RefusedError, UsageError
        As `read_operations` and `keiryo.surveillance.declared_operations.declare`.
    """
    entries = read_operations(name, content, mba)
    with database.reading() as connection:
        new = [one for one in entries if not unchanged(connection, database.metadata, one)]
    if not new:
        return Imported(None, 0, len(entries))
    done = declare(database, actor, new, cameras_seen=cameras_seen, clock=clock)
    return Imported(done.act, len(new), len(entries) - len(new))


def _read_row(
    name: str,
    line: int,
    row: Mapping[str, str | None],
    mba: str,
    found: list[OperationEntry],
    wrong: list[Finding],
) -> None:
    if None in row:
        wrong.append(_finding(name, line, "the row has more cells than the table has columns"))
        return
    cells = {key: (value or "").strip() for key, value in row.items()}
    before = len(wrong)
    begin, end = (_moment(name, line, key, cells, wrong) for key in ("from", "to"))
    whole = {key: _whole(name, line, key, cells, wrong) for key in ("events", "step")}
    visible = _milliseconds(name, line, cells.get("min_visible_s", ""), wrong)
    if len(wrong) > before or begin is None or end is None:
        return
    found.append(
        OperationEntry(
            cells["operation"],
            mba,
            begin,
            end,
            tuple(split_list(cells["sensors"])),
            cells.get("type") or None,
            tuple(split_list(cells.get("items"))),
            whole["events"],
            visible,
            cells.get("process") or None,
            whole["step"],
        )
    )


def _moment(
    name: str, line: int, key: str, cells: Mapping[str, str], wrong: list[Finding]
) -> datetime | None:
    try:
        return instant(cells[key])
    except UsageError as error:
        wrong.append(_finding(name, line, f"{key}: {error.message}"))
        return None


def _whole(
    name: str, line: int, key: str, cells: Mapping[str, str], wrong: list[Finding]
) -> int | None:
    given = cells.get(key, "")
    if not given:
        return None
    if not (given.isascii() and given.isdecimal() and len(given) < 10):
        wrong.append(_finding(name, line, f"{key}: {given[:40]!r} is no whole number"))
        return None
    return int(given)


def _milliseconds(name: str, line: int, given: str, wrong: list[Finding]) -> int | None:
    if not given:
        return None
    try:
        value = Decimal(given) * 1000
        if not value.is_finite() or abs(value) > 10**12:
            raise InvalidOperation
        return int(value.to_integral_value())
    except InvalidOperation:
        wrong.append(_finding(name, line, f"min_visible_s: {given[:40]!r} is no time in seconds"))
        return None


def _finding(name: str, line: int, message: str) -> Finding:
    return Finding(
        "OPERATION-ROW",
        Severity.FORMAT,
        message,
        "Write times as 2026-07-24T09:00+09:00 or with Z, numbers without units.",
        file=name,
        line=line,
        basis=BASIS,
    )
