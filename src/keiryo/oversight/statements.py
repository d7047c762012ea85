"""Statements of book inventory as the inspectorate keeps it, compared with the own books.

Twice a year, normally, the Agency sends the State the book inventory that follows from the reports
it received. A statement that differs from the own book shows that a report was lost, misread or
corrected on one side only. It is recorded with the file it came in and compared with the book at
its date: with all that is known now, and with what had been reported by that date.

Source: INFCIRC/153 (Corrected), paragraph 66.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.accounts.model import Amount
from keiryo.dates import date_number, number_date, utc_text
from keiryo.errors import NotFoundError, RefusedError
from keiryo.journal.evidence import add_evidence, keep_file
from keiryo.journal.model import Act, Actor, Draft, Value
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.reading import act_by_client_id
from keiryo.oversight.received_rows import ReceivedRows, Row, read_rows
from keiryo.oversight.register_entries import weights_dict
from keiryo.oversight.tables import BOOK_STATEMENT
from keiryo.places.tables import areas
from keiryo.quantities import Category
from keiryo.storage.engine import Database
from keiryo.vocabulary import ENTRY_CODES

CODE = "STATEMENT-FORMAT"
_REQUIRED = ("mba", "date", "category", "element")
_OPTIONAL = ("unit", "fissile", "report", "entry", "code", "event_date", "batch")
_ALSO_CALLED = {
    "fissile_g": "fissile",
    "fissile_weight": "fissile",
    "element_weight": "element",
    "report_no": "report",
    "entry_no": "entry",
    "change_date": "event_date",
    "stated_on": "date",
    "batch_name": "batch",
}


@dataclass(frozen=True, slots=True)
class StatedBook:
    """The book of one category as a statement has it; weights in milligrams."""

    category: Category
    element_mg: int
    fissile_mg: int | None


@dataclass(frozen=True, slots=True)
class StatedEntry:
    """An entry that a statement knows; weights in milligrams."""

    report: int
    entry: int
    code: str | None
    day: datetime.date | None
    batch: str | None
    category: Category
    element_mg: int
    fissile_mg: int | None


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement about one area at the end of a day.

    Attributes
    ----------
    name : str
        Name of the statement, by default that of its file.
    mba : str
    on : datetime.date
    books : tuple of StatedBook
    entries : tuple of StatedEntry
        Empty where the statement gives sums only.
    act : int or None
        The act that recorded it.
    """

    name: str
    mba: str
    on: datetime.date
    books: tuple[StatedBook, ...]
    entries: tuple[StatedEntry, ...]
    act: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the statement as plain data, weights as exact decimals in the report's unit."""
        return {
            "statement": self.name,
            "mba": self.mba,
            "date": self.on.isoformat(),
            "books": [
                {"category": str(b.category), **shown(b.category, b.element_mg, b.fissile_mg)}
                for b in self.books
            ],
            "entries": len(self.entries),
            "act": self.act,
        }


def shown(category: Category, element_mg: int, fissile_mg: int | None) -> dict[str, Any]:
    """Return weights as texts in the units of reports."""
    return weights_dict(category, Amount(element_mg, fissile_mg))


def read_statements(
    name: str, content: bytes, *, statement: str | None = None, mbas: Sequence[str] | None = None
) -> tuple[list[Statement], ReceivedRows]:
    """Read statements from a CSV file, one for each area and day in it.

    A row with a report and entry number is an entry that the statement knows, any other a sum.
    Columns: mba, date (of the statement), category, element, unit (default: kg for N, D and T,
    g otherwise), fissile (g); for entries report, entry, code, event_date, batch. Without a
    column event_date, the date of an entry's row is the day of the change, and the entry belongs
    to the first statement of the area on or after that day.

    Parameters
    ----------
    name, content : str, bytes
    statement : str, optional
        Name of the statement; default: the name of the file.
    mbas : sequence of str, optional
        The registered areas; others are findings.

    Returns
    -------
    list of Statement, ReceivedRows
        What could be read; and the table with all its findings (STATEMENT-FORMAT).
    """
    table = read_rows(
        name, content, CODE, required=_REQUIRED, optional=_OPTIONAL, also_called=_ALSO_CALLED
    )
    title = statement or name.replace("\\", "/").rpartition("/")[2]
    sums: dict[tuple[str, datetime.date], dict[Category, StatedBook]] = {}
    entries: list[tuple[Row, str, datetime.date, StatedEntry]] = []
    for row in table.rows:
        before = len(table.findings)
        mba = row.text("mba", required=True)
        day = row.day("date", required=True)
        category = row.category("category", required=True)
        unit = row.unit("unit", category)
        element_mg = row.weight_mg("element", unit or "g", required=True)
        fissile_mg = row.weight_mg("fissile", "g")
        if mba is not None and mbas is not None and mba not in mbas:
            table.wrong(
                f"there is no MBA {mba!r} in the books",
                f"Registered are: {', '.join(mbas) or 'none yet'}.",
                row=row,
                column="mba",
                found=mba,
            )
        stated = _entry(row, category, element_mg, fissile_mg)
        if len(table.findings) > before or mba is None or day is None:
            continue
        if stated is not None:
            entries.append((row, mba, day, stated))
        elif category is not None and element_mg is not None:
            _add_sum(sums, row, (mba, day), StatedBook(category, element_mg, fissile_mg))
    belonging = _belonging(table, sums, entries)
    return [
        Statement(title, mba, on, tuple(by[c] for c in Category if c in by), belonging[mba, on])
        for (mba, on), by in sorted(sums.items())
    ], table


def _entry(
    row: Row, category: Category | None, element_mg: int | None, fissile_mg: int | None
) -> StatedEntry | None:
    """Return the entry that a row states; None if the row is a sum, or wrong."""
    named = [n for n in ("report", "entry", "code", "event_date", "batch") if row.values.get(n)]
    if not named:
        if element_mg is not None and fissile_mg is not None and fissile_mg > element_mg:
            row.table.wrong(
                "more fissile than element weight is stated",
                "Check the unit of the element; the fissile weight is in g.",
                row=row,
                column="fissile",
            )
        return None
    report = row.number_of("report", required=True)
    entry = row.number_of("entry", required=True)
    code = row.text("code")
    if code is not None and code not in ENTRY_CODES():
        row.table.wrong(
            f"{code!r} is no type of inventory change", "Write a code of label 411, e.g. SD.",
            row=row, column="code", found=code,
        )  # fmt: skip
    has_day = "event_date" in row.table.columns
    day = row.day("event_date" if has_day else "date")
    if report is None or entry is None or category is None or element_mg is None:
        return None
    return StatedEntry(
        report, entry, code, day, row.text("batch"), category, element_mg, fissile_mg
    )


def _add_sum(
    sums: dict[tuple[str, datetime.date], dict[Category, StatedBook]],
    row: Row,
    key: tuple[str, datetime.date],
    stated: StatedBook,
) -> None:
    by_category = sums.setdefault(key, {})
    before = by_category.get(stated.category)
    if before is not None:
        row.table.wrong(
            f"the book of {key[0]} in category {stated.category} on {key[1]} is stated twice"
            + ("" if before == stated else ", with different weights"),
            "Keep one row for each area, day and category; give entries a report and entry number.",
            row=row,
            column="category",
        )
    by_category[stated.category] = stated


def _belonging(
    table: ReceivedRows,
    sums: dict[tuple[str, datetime.date], dict[Category, StatedBook]],
    entries: Sequence[tuple[Row, str, datetime.date, StatedEntry]],
) -> dict[tuple[str, datetime.date], tuple[StatedEntry, ...]]:
    """Return the entries by area and day of the statement that they belong to."""
    result: dict[tuple[str, datetime.date], list[StatedEntry]] = {key: [] for key in sums}
    seen: set[tuple[str, int, int, Category]] = set()
    exact = "event_date" in table.columns
    for row, mba, day, entry in entries:
        days = sorted(on for area, on in sums if area == mba)
        own = [on for on in days if (on == day if exact else on >= day)]
        if not own:
            words = f"no sums of {mba} are stated for {day}" if exact else (
                f"no sums of {mba} are stated for {day} or later")  # fmt: skip
            table.wrong(
                f"{words}, so the entry belongs to no statement",
                "Add the rows with the book of the area at the date of the statement.",
                row=row,
                column="date",
            )
            continue
        key = (mba, entry.report, entry.entry, entry.category)
        if key in seen:
            table.wrong(
                f"entry {entry.report}/{entry.entry} of {mba} is stated twice in category "
                f"{entry.category}",
                "Keep one row for each entry and category.",
                row=row,
                column="entry",
            )
        seen.add(key)
        result[mba, own[0]].append(entry)
    return {key: tuple(found) for key, found in result.items()}


@dataclass(frozen=True, slots=True)
class RecordedStatements:
    """What became of a file: its statements, the act, and whether it was recorded before."""

    statements: tuple[Statement, ...]
    act: Act
    repeated: bool


def record_statements(
    database: Database,
    actor: Actor,
    file: str,
    content: bytes,
    *,
    statement: str | None = None,
    clock: Clock = system_clock,
) -> RecordedStatements:
    """Record the statements of a CSV file, with the file as evidence.

    Parameters
    ----------
    database, actor
    file, content : str, bytes
    statement : str, optional
        Name of the statement; default: the name of the file.

    Raises
    ------
    RefusedError
        If anything in the file is wrong; its findings name rows and columns, and nothing is
        recorded.
    """
    with database.reading() as connection:
        places = areas(connection, database.metadata)
    statements, table = read_statements(file, content, statement=statement, mbas=list(places))
    if table.findings:
        raise RefusedError(
            "the statement was refused; nothing was recorded",
            table.findings,
            "Put right what the findings say and import the file again.",
        )
    name = statements[0].name
    identity = hashlib.sha256(name.encode() + b"\0" + content).hexdigest()
    client_id = f"statement.record:{identity}"
    kept = keep_file(database.evidence, file, content)

    def draft(connection: Connection) -> Draft:
        before = act_by_client_id(connection, database.metadata, client_id)
        if before is not None:
            raise _RecordedBefore(before)
        made = Draft("statement.record", client_id)
        add_evidence(made, kept, actor.on_behalf_of, "book statement", utc_text(clock()))
        for stated in statements:
            for values in _lines(stated):
                made.add(BOOK_STATEMENT.name, values, scope=places[stated.mba].scope)
        return made

    try:
        act, repeated = post(database, draft, actor, clock=clock).act, False
    except _RecordedBefore as before:
        act, repeated = before.act, True
    return RecordedStatements(tuple(statements), act, repeated)


class _RecordedBefore(Exception):
    def __init__(self, act: Act) -> None:
        super().__init__()
        self.act = act


def _lines(stated: Statement) -> list[dict[str, Value]]:
    head: dict[str, Value] = {
        "statement": stated.name,
        "mba": stated.mba,
        "stated_on": date_number(stated.on),
    }
    lines: list[dict[str, Value]] = [
        {
            **head,
            "kind": "book",
            "category": str(b.category),
            "element_mg": b.element_mg,
            "fissile_mg": b.fissile_mg,
        }
        for b in stated.books
    ]
    lines += [
        {
            **head,
            "kind": "entry",
            "category": str(e.category),
            "element_mg": e.element_mg,
            "fissile_mg": e.fissile_mg,
            "report_no": e.report,
            "entry_no": e.entry,
            "code": e.code,
            "event_date": None if e.day is None else date_number(e.day),
            "batch": e.batch,
        }
        for e in stated.entries
    ]
    return lines


def statements_recorded(
    connection: Connection,
    metadata: MetaData,
    *,
    mba: str | None = None,
    name: str | None = None,
) -> list[Statement]:
    """Return the recorded statements, of each area and day the last of a name, by day.

    Raises
    ------
    NotFoundError
        If a name is given and no statement has it.
    """
    table = metadata.tables[BOOK_STATEMENT.name]
    query = select(table).order_by(table.c.act_id, table.c.line_no)
    if mba is not None:
        query = query.where(table.c.mba == mba)
    if name is not None:
        query = query.where(table.c.statement == name)
    latest: dict[tuple[str, str, int], tuple[int, list[Any]]] = {}
    for row in connection.execute(query).mappings():
        key = (str(row["statement"]), str(row["mba"]), int(row["stated_on"]))
        act, rows = latest.get(key, (0, []))
        if act != row["act_id"]:
            rows = []
        rows.append(row)
        latest[key] = (int(row["act_id"]), rows)
    if name is not None and not latest:
        raise NotFoundError(
            f"there is no statement {name!r}", "List them with 'keiryo statements list'."
        )
    found = [_statement(key, act, rows) for key, (act, rows) in latest.items()]
    return sorted(found, key=lambda s: (s.on, s.mba, s.name))


def _statement(key: tuple[str, str, int], act: int, rows: Sequence[Any]) -> Statement:
    books = [
        StatedBook(Category(r["category"]), int(r["element_mg"]), _whole(r["fissile_mg"]))
        for r in rows
        if r["kind"] == "book"
    ]
    entries = [
        StatedEntry(
            report=int(r["report_no"]),
            entry=int(r["entry_no"]),
            code=r["code"],
            day=None if r["event_date"] is None else number_date(int(r["event_date"])),
            batch=r["batch"],
            category=Category(r["category"]),
            element_mg=int(r["element_mg"]),
            fissile_mg=_whole(r["fissile_mg"]),
        )
        for r in rows
        if r["kind"] == "entry"
    ]
    return Statement(key[0], key[1], number_date(key[2]), tuple(books), tuple(entries), act)


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)
