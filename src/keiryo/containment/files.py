"""Tables of what is held where, that people keep in a spreadsheet: CSV (UTF-8).

The first row names the columns: mba, containment, batch, from, to, note. All that is wrong is told
at once, with file and row, and then nothing is recorded. What stands in the record like this is
left alone, so that the same file may be sent again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, MetaData

from keiryo.containment.checks import BASIS
from keiryo.containment.instants import instant_utc
from keiryo.containment.recording import batch_uid, record_contents
from keiryo.containment.register import contents
from keiryo.dates import utc_text
from keiryo.errors import Finding, NotFoundError, RefusedError, Severity, UsageError
from keiryo.journal.model import Act, Actor, Value
from keiryo.journal.posting import Clock, system_clock
from keiryo.sheet_text import SheetTextError, column_name, csv_lines, text_of, unprotected
from keiryo.storage.engine import Database

COLUMNS = ("mba", "containment", "batch", "from", "to", "note")
_NEEDED = ("mba", "containment", "batch", "from")


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


def import_contents(
    database: Database, actor: Actor, name: str, content: bytes, *, clock: Clock = system_clock
) -> Imported:
    """Record a table of what is held where: all of it that is new, or nothing.

    Parameters
    ----------
    database, actor
    name, content
        The file.

    Raises
    ------
    RefusedError
        If something in it does not hold: all findings, each with its row.
    """
    rows, findings = _read(name, content)
    now = utc_text(clock())
    with database.reading() as connection:
        made = []
        for number, row in rows:
            try:
                made.append(_values(connection, database.metadata, row, now))
            except (UsageError, NotFoundError) as error:
                findings.append(_finding(error.message, error.advice, name, number))
        known = _standing(connection, database.metadata, {str(one["mba"]) for one in made})
    if findings:
        raise RefusedError(f"{name}: nothing was recorded", findings)
    new = [one for one in made if _key(one) not in known]
    if not new:
        return Imported(None, 0, len(made))
    done = record_contents(database, actor, new, clock=clock)
    return Imported(done.act, len(new), len(made) - len(new))


def _read(name: str, content: bytes) -> tuple[list[tuple[int, Mapping[str, str]]], list[Finding]]:
    try:
        lines = csv_lines(text_of(content))
    except SheetTextError as error:
        return [], [_finding(error.message, error.advice, name, None)]
    header = [column_name(cell) for cell in lines[0][1]]
    known = f"The columns are {', '.join(COLUMNS)}."
    wrong = [f"there is no column {one}" for one in _NEEDED if one not in header]
    wrong += [
        f"the column {one[:60]!r} is not known, or stands there twice"
        for one in dict.fromkeys(header)
        if one and (one not in COLUMNS or header.count(one) > 1)
    ]
    if not lines[1:]:
        wrong.append("the table has no rows below the names of its columns")
    if wrong:
        return [], [_finding(words, known, name, lines[0][0]) for words in wrong]
    return list(_rows(header, lines[1:])), []


def _rows(
    header: Sequence[str], lines: Sequence[tuple[int, list[str]]]
) -> Iterator[tuple[int, Mapping[str, str]]]:
    for number, cells in lines:
        yield (
            number,
            {
                column: unprotected(cell).strip()
                for column, cell in zip(header, cells, strict=False)
                if column
            },
        )


def _values(
    connection: Connection, metadata: MetaData, row: Mapping[str, str], now: str
) -> dict[str, Value]:
    """Return the fields of the line of a row.

    Raises
    ------
    UsageError, NotFoundError
        If something is missing, is no instant, has not come yet, or the batch is not known.
    """
    empty = [column for column in _NEEDED if not row.get(column)]
    if empty:
        raise UsageError(f"the row does not say {', '.join(empty)}", "Fill these columns.")
    begin = instant_utc(row["from"])
    end = instant_utc(row["to"]) if row.get("to") else None
    if max(begin, end or begin) > now:
        raise UsageError(
            f"{row['to'] if end else row['from']} has not come yet",
            "Record it when it has happened; correct the day, the time or the offset.",
        )
    return {
        "mba": row["mba"],
        "containment": row["containment"],
        "batch_uid": batch_uid(connection, metadata, row["mba"], row["batch"]),
        "begin_at": begin,
        "end_at": end,
        "note": row.get("note") or None,
    }


def _key(row: Mapping[str, Value]) -> tuple[Value, ...]:
    names = ("mba", "containment", "batch_uid", "begin_at", "end_at", "note")
    return tuple(row[name] for name in names)


def _standing(connection: Connection, metadata: MetaData, mbas: set[str]) -> set[tuple[Value, ...]]:
    found: set[tuple[Value, ...]] = set()
    for mba in mbas:
        for one in contents(connection, metadata, mba):
            begin, end = one.time.begin, one.time.end
            told = None if end is None else utc_text(end)
            place = (one.mba, one.containment, one.batch_uid)
            found.add((*place, utc_text(begin), told, one.note))
    return found


def _finding(message: str, advice: str, file: str, line: int | None) -> Finding:
    return Finding(
        "CONTAINMENT-TABLE", Severity.FORMAT, message, advice, file=file, line=line, basis=BASIS
    )
