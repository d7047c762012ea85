"""Tables of items, hand-overs and plans that people keep in a spreadsheet: CSV (UTF-8).

The first row names the columns. Every row is read and held against the record and the other rows;
all that is wrong is told at once, with file, row and column, and then nothing is recorded. What
stands in the record like this is left alone, so that the same file may be sent again.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from keiryo.dates import DateError, date_number, parse_date, utc_text
from keiryo.equipment.custody import (
    HAND_OVER,
    HandOver,
    custody_values,
    future_findings,
    gone_finding,
    hand_over_findings,
    instant_text,
    no_custodian,
)
from keiryo.equipment.items import REGISTER, Item, ItemEntry, add_entries, item_findings, items
from keiryo.equipment.plans import PLAN, plan_findings, plan_name, plans
from keiryo.equipment.record import BASIS, unknown
from keiryo.equipment.tables import EQUIPMENT_CUSTODY, EQUIPMENT_ITEM, EQUIPMENT_PLAN, LOST, RETIRED
from keiryo.errors import Finding, RefusedError, Severity, UsageError
from keiryo.journal.evidence import add_evidence, keep_file
from keiryo.journal.model import Act, Actor, Draft, Value
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.sheet_text import (
    SheetTextError,
    column_letters,
    column_name,
    csv_lines,
    text_of,
    unprotected,
)
from keiryo.sheet_text import plain as plain_text
from keiryo.storage.engine import Database

CUSTODIAN = ("custodian", "organisation", "place", "since")
"""Columns of items that say where custody begins; empty for an item that is in the record."""
_ITEM_FIELDS = tuple(field.name for field in EQUIPMENT_ITEM.own_fields)
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "items": (*_ITEM_FIELDS, *CUSTODIAN),
    "hand-overs": ("serial", "giver", "receiver", "organisation", "place", "at", "note"),
    "plans": tuple(field.name for field in EQUIPMENT_PLAN.own_fields),
}
"""What can be imported, and the columns of each."""
_NEEDED = {
    "items": ("serial", "type", "model", "owner"),
    "hand-overs": ("serial", "giver", "receiver", "organisation", "place", "at"),
    "plans": COLUMNS["plans"],
}
_WHOLE = frozenset({"source_activity_bq", "value", "count"})
_DAY = frozenset({"source_reference_on", "first_day", "last_day"})
_MOMENT = frozenset({"since", "at"})


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: where it stands, and its values by column."""

    line: int
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a table.

    Attributes
    ----------
    act : Act or None
        None if nothing in it is new.
    recorded, unchanged : int
        Rows that were recorded, and that stand in the record like this.
    """

    act: Act | None
    recorded: int
    unchanged: int


def read_rows(kind: str, name: str, content: bytes) -> tuple[list[Row], list[Finding]]:
    """Read a table; return the rows that could be read and everything that is wrong.

    Parameters
    ----------
    kind : str
        ``items``, ``hand-overs`` or ``plans``.
    name, content
        The file.
    """
    try:
        lines = csv_lines(text_of(content))
    except SheetTextError as error:
        return [], [_finding("EQUIPMENT-TABLE", error.message, error.advice, name)]
    header = [column_name(cell) for cell in lines[0][1]]
    wrong = []
    for column in header:
        if column and (column not in COLUMNS[kind] or header.count(column) > 1):
            twice = "stands there twice" if column in COLUMNS[kind] else "is not known"
            wrong.append((f"the column {column[:60]!r} {twice}", "Remove or rename it"))
    wrong += [
        (f"there is no column {column}", "Add it")
        for column in _NEEDED[kind]
        if column not in header
    ]
    if not lines[1:]:
        wrong.append(("the table has no rows below the names of its columns", "Add the rows"))
    if wrong:
        known = f"the columns are {', '.join(COLUMNS[kind])}."
        findings = [
            _finding("EQUIPMENT-TABLE", words, f"{advice}; {known}", name, lines[0][0])
            for words, advice in dict.fromkeys(wrong)
        ]
        return [], findings
    rows, findings = [], []
    for number, cells in lines[1:]:
        values, found = _read_row(header, cells, name, number, _NEEDED[kind])
        findings += found
        if not found:
            rows.append(Row(number, values))
    return rows, findings


def _read_row(
    header: Sequence[str], cells: Sequence[str], name: str, number: int, needed: Sequence[str]
) -> tuple[dict[str, Value], list[Finding]]:
    values: dict[str, Value] = {}
    found = []
    if any(cell.strip() for cell in cells[len(header) :]):
        words = f"the row has {len(cells)} values, the first row names {len(header)} columns"
        advice = "Put a text with a comma in quotation marks."
        found.append(_finding("EQUIPMENT-CELL", words, advice, name, number))
    for place, column in enumerate(header):
        text = plain_text(unprotected(cells[place])) if place < len(cells) else ""
        if not column:
            continue
        where = f"column {column_letters(place + 1)} ({column})"
        try:
            values[column] = _value(column, text) if text else None
        except UsageError as error:
            found.append(
                replace(
                    _finding("EQUIPMENT-CELL", error.message, error.advice, name, number),
                    cell=where,
                )
            )
        if not text and column in needed:
            words, advice = f"{column} is empty", f"Fill in the {column}."
            found.append(
                replace(_finding("EQUIPMENT-CELL", words, advice, name, number), cell=where)
            )
    return values, found


def _value(column: str, text: str) -> Value:
    if column in _MOMENT:
        return instant_text(text)
    if column in _WHOLE:
        if not (text.isascii() and text.isdigit() and len(text) <= 18):
            raise UsageError(f"{text[:40]!r} is no whole number", "Write digits only.")
        return int(text)
    if column in _DAY:
        try:
            return date_number(parse_date(text))
        except DateError as error:
            raise UsageError(str(error), "Write the day as 2026-07-24.") from None
    if len(text) > 1000 or not text.isprintable():
        raise UsageError(
            "the text is too long or holds control characters", "Write plain text on one line."
        )
    return text


_Prepare = Callable[[Connection, list[Row]], tuple[Draft, int, list[tuple[Row, Finding]]]]


def import_table(
    database: Database,
    actor: Actor,
    kind: str,
    name: str,
    content: bytes,
    *,
    clock: Clock = system_clock,
) -> Imported:
    """Record a table of items, hand-overs or plans: one act, or nothing.

    Parameters
    ----------
    database, actor
    kind : str
        ``items``, ``hand-overs`` or ``plans``.
    name, content
        The file, which is kept as evidence.

    Raises
    ------
    RefusedError
        If anything in it does not hold: all findings, of all rows.
    UsageError
        If there is no such kind.
    """
    if kind not in COLUMNS:
        raise UsageError(f"{kind[:40]!r} cannot be imported", f"One of {', '.join(COLUMNS)}.")
    rows, findings = read_rows(kind, name, content)
    prepare: dict[str, _Prepare] = {
        "items": lambda connection, some: _items(connection, database, actor, some, clock),
        "hand-overs": lambda connection, some: _hand_overs(
            connection, database, actor, some, clock
        ),
        "plans": lambda connection, some: _plans(connection, database, actor, some),
    }
    count = 0

    def draft(connection: Connection) -> Draft:
        nonlocal count
        made, count, found = prepare[kind](connection, rows)
        told = [*findings, *(replace(one, file=name, line=row.line) for row, one in found)]
        if told:
            raise RefusedError(
                f"{name} was refused; nothing was recorded",
                sorted(told, key=lambda one: one.line or 0),
                "Put right what the findings say and send it again.",
            )
        if not count:
            raise _NothingNewError
        held = keep_file(database.evidence, name, content)
        add_evidence(made, held, actor.on_behalf_of, kind, utc_text(clock()))
        return made

    try:
        act: Act | None = post(database, draft, actor, clock=clock).act
    except _NothingNewError:
        act = None
    return Imported(act, count, len(rows) - count)


class _NothingNewError(Exception):
    """All of it stands in the record like this."""


def _items(
    connection: Connection, database: Database, actor: Actor, rows: list[Row], clock: Clock
) -> tuple[Draft, int, list[tuple[Row, Finding]]]:
    known = items(connection, database.metadata)
    made = Draft(REGISTER, f"equipment:{uuid.uuid4()}")
    entries: list[ItemEntry] = []
    found: list[tuple[Row, Finding]] = []
    last: dict[str, Mapping[str, Value]] = {s: one.values for s, one in known.items()}
    for row in rows:
        serial = str(row.values["serial"])
        values = {**dict.fromkeys(_ITEM_FIELDS), **_as_it_was(row, last.get(serial))}
        wrong = item_findings(values, last.get(serial))
        first, more = _first(row, known.get(serial), serial in last)
        wrong += [*more, *([] if first is None else hand_over_findings(None, first))]
        wrong += [] if first is None else future_findings([first], clock)
        found += [(row, one) for one in wrong]
        before = last.get(serial)
        if before is None or any(values[f] != before[f] for f in values if f != "reason"):
            entries.append(ItemEntry(values, first))
        last[serial] = values
    add_entries(made, entries, actor)
    return made, len(entries), found


def _as_it_was(row: Row, before: Mapping[str, Value] | None) -> dict[str, Value]:
    """Return the fields of an item: those of a column that the table does not have stay."""
    kept = {} if before is None else {f: before[f] for f in _ITEM_FIELDS if f != "reason"}
    return {**kept, **{f: row.values[f] for f in _ITEM_FIELDS if f in row.values}}


def _first(row: Row, known: Item | None, seen: bool) -> tuple[HandOver | None, list[Finding]]:
    """Return where the custody of a new item begins; an item that is known has its chain."""
    serial = str(row.values["serial"])
    told = [row.values.get(column) for column in CUSTODIAN]
    if not seen:
        if None in told:
            return None, [no_custodian(serial)]
        receiver, organisation, place, at = (str(one) for one in told)
        return HandOver(serial, None, receiver, organisation, place, at), []
    begun = None if known is None else known.chain[0]
    same = begun is not None and told == [
        *(begun.receiver, begun.organisation, begun.place, begun.at)
    ]
    if same or not any(told):
        return None, []
    words = f"{serial} is in the record; its custody has begun and goes on by hand-overs"
    advice = "Leave the columns of the custodian empty, and record a hand-over."
    return None, [_finding("EQUIPMENT-CUSTODY-BEGUN", words, advice)]


def _hand_overs(
    connection: Connection, database: Database, actor: Actor, rows: list[Row], clock: Clock
) -> tuple[Draft, int, list[tuple[Row, Finding]]]:
    known = items(connection, database.metadata)
    made = Draft(HAND_OVER, f"equipment:{uuid.uuid4()}")
    last = {serial: one.holder for serial, one in known.items()}
    found: list[tuple[Row, Finding]] = []
    for row, one in sorted(_read_hand_overs(rows), key=lambda pair: (pair[1].serial, pair[1].at)):
        item = known.get(one.serial)
        if item is None:
            found.append((row, unknown(one.serial)))
            continue
        if any(replace(old, line="", note=one.note) == one for old in item.chain):
            continue
        wrong = hand_over_findings(last[one.serial], one)
        wrong += future_findings([one], clock)
        if item.condition in (LOST, RETIRED):
            wrong.append(gone_finding(one.serial, item.condition))
        found += [(row, finding) for finding in wrong]
        last[one.serial] = one
        made.add(EQUIPMENT_CUSTODY.name, custody_values(one), scope=actor.on_behalf_of)
    return made, len(made.lines), found


def _read_hand_overs(rows: Iterable[Row]) -> Iterator[tuple[Row, HandOver]]:
    for row in rows:
        serial, giver, receiver, organisation, place, at = (
            str(row.values[column]) for column in _NEEDED["hand-overs"]
        )
        note = row.values.get("note")
        told = None if note is None else str(note)
        yield row, HandOver(serial, giver, receiver, organisation, place, at, told)


def _plans(
    connection: Connection, database: Database, actor: Actor, rows: list[Row]
) -> tuple[Draft, int, list[tuple[Row, Finding]]]:
    known = {plan_name(row): row for row in plans(connection, database.metadata)}
    made = Draft(PLAN, f"equipment:{uuid.uuid4()}")
    found: list[tuple[Row, Finding]] = []
    for row in rows:
        values = dict(row.values)
        found += [(row, one) for one in plan_findings(values)]
        before = known.get(plan_name(values), {})
        if any(values[column] != before.get(column) for column in COLUMNS["plans"]):
            made.add(EQUIPMENT_PLAN.name, values, scope=actor.on_behalf_of)
    return made, len(made.lines), found


def _finding(
    code: str, message: str, advice: str, file: str | None = None, line: int | None = None
) -> Finding:
    return Finding(code, Severity.FORMAT, message, advice, file=file, line=line, basis=BASIS)
