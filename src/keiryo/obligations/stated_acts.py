"""Statements about labels become acts: what is new of them, if all of it holds, or nothing.

Every statement goes this way, whether it was read from a file or made by a command: it is looked
at with the books as they stand in the transaction, compared with what was recorded before, and
posted with the lines of each thing together.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.dates import date_number, utc_text
from keiryo.errors import Finding, RefusedError, Severity, UsageError
from keiryo.journal.evidence import add_evidence, keep_file
from keiryo.journal.model import Act, Actor, Draft, Value
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.tables import FINDING
from keiryo.obligations.intake import LISTS, ReadLine, RegisterFile, read_file
from keiryo.obligations.known_books import KnownBooks
from keiryo.obligations.register_checks import REFUSING, statement_findings
from keiryo.obligations.stated import Row
from keiryo.obligations.tables import BEGINNING, OPENING
from keiryo.places.tables import areas
from keiryo.storage.engine import Database

RECORDING, BEGINNING_ACT = "obligations.record", "obligations.begin"
ACT_OF_LIST = {
    "receipts": "obligations.receipt",
    "designations": "obligations.designate",
    "exchanges": "obligations.exchange",
    "relabellings": "obligations.relabel",
}
"""Acts that hold one list only; everything else, and lists together, are a register."""

NAMED: Mapping[str, tuple[str, ...]] = {
    "labels": ("label",),
    "members": ("label", "state", "valid_from"),
    "rules": ("rule",),
    "places": ("mba", "attaches", "attaches_to", "consent_for", "decay", "valid_from"),
    "consents": ("consent",),
    "openings": ("mba", "batch", "category"),
    "receipts": ("mba", "batch", "event_date"),
    "designations": ("mba", "event_date", "code", "batch", "category"),
    "exchanges": ("exchange",),
    "relabellings": ("relabelling",),
}
"""What names an object of each list; its lines are recorded together."""

Name = tuple[str, ...]
Told = frozenset[tuple[str, tuple[tuple[str, Value], ...]]]


@dataclass(frozen=True, slots=True)
class RecordedStatements:
    """What became of what was stated.

    Attributes
    ----------
    act : Act or None
        None if nothing in it is new.
    recorded, unchanged : int
        Objects (a receipt with its cells is one) that were recorded, and that stood already.
    findings : tuple of Finding
        Warnings of the act; with anything worse nothing is recorded.
    """

    act: Act | None
    recorded: int
    unchanged: int
    findings: tuple[Finding, ...]


def record_statements(
    database: Database,
    actor: Actor,
    file: RegisterFile,
    *,
    reason: str | None = None,
    clock: Clock = system_clock,
) -> RecordedStatements:
    """Record what was read from a file, or stated without one; raises as `record_register`."""
    objects = _objects(file)
    lists = {name[0] for name in objects}
    act_kind = ACT_OF_LIST.get(next(iter(lists)), RECORDING) if len(lists) == 1 else RECORDING
    counts = {"new": 0}

    def draft(connection: Connection) -> Draft:
        new, findings = _judged(connection, database.metadata, file, objects)
        _require_sound(file, findings)
        counts["new"] = len(new)
        if not new:
            raise _NothingNew
        made = Draft(act_kind, f"obligations:{uuid.uuid4()}", reason=reason)
        lines = [line for some in new.values() for line in some]
        _add_lines(made, database, connection, actor, file, lines, clock)
        return made

    act = _posted(database, actor, draft, clock)
    recorded = counts["new"] if act is not None else 0
    return RecordedStatements(act, recorded, len(objects) - recorded, _findings_of(database, act))


def begin_labels(
    database: Database,
    actor: Actor,
    openings: RegisterFile,
    on_day: datetime.date,
    reason: str,
    *,
    clock: Clock = system_clock,
) -> RecordedStatements:
    """Begin to keep labels at the end of a day, with the labels that holdings then are under.

    Parameters
    ----------
    openings : RegisterFile
        Openings that were read by `keiryo.obligations.intake.read_file` or ``read_rows``; what
        nobody names is under no label. They replace those of an earlier beginning.
    on_day : datetime.date
        It may lie in a period that was reported.
    reason : str
        On what they rest.

    Raises
    ------
    RefusedError
        If an opening does not hold, or something else is in the file.
    UsageError
        If no reason is given.
    """
    objects = _objects(openings)
    stated = required_reason(reason)
    begin: dict[str, Value] = {"on_day": date_number(on_day), "reason": stated}

    def draft(connection: Connection) -> Draft:
        known = KnownBooks(connection, database.metadata)
        lines: list[tuple[str, Row]] = [(BEGINNING.name, begin)]
        lines += [(line.kind, line.values) for line in openings.lines]
        findings = list(openings.findings)
        for name, some in objects.items():
            if name[0] != "openings":
                openings.wrong(
                    f"{name[0]} are recorded before the opening",
                    "Send them with 'keiryo obligations import' first; here openings only.",
                    some[0].row,
                )
                findings.append(openings.findings.pop())
        for place, one in statement_findings(known, lines):
            row = openings.lines[place - 1].row if place else None
            findings.append(openings.placed(one, row))
        _require_sound(openings, findings)
        if _stands(connection, database.metadata, begin, openings.lines):
            raise _NothingNew
        made = Draft(BEGINNING_ACT, f"obligations:{uuid.uuid4()}", reason=stated)
        made.add(BEGINNING.name, begin, scope=actor.on_behalf_of)
        _add_lines(made, database, connection, actor, openings, openings.lines, clock)
        return made

    act = _posted(database, actor, draft, clock)
    recorded = len(objects) if act is not None else 0
    return RecordedStatements(act, recorded, len(objects) - recorded, _findings_of(database, act))


def check_register(
    database: Database, name: str, content: bytes, kind: str | None = None
) -> tuple[int, list[Finding]]:
    """Return how many objects a file holds and what is wrong with it; nothing is recorded."""
    file = read_file(name, content, kind)
    objects = _objects(file)
    with database.reading() as connection:
        _new, found = _judged(connection, database.metadata, file, objects)
    return len(objects), found


class _NothingNew(Exception):
    """All of it stands in the books in the same words."""


def required_reason(reason: str) -> str:
    """Return a reason without blanks around it; raises `UsageError` if there is none."""
    if not reason.strip():
        raise UsageError("no reason is given", "Say why; it stands in the record.")
    return reason.strip()


def _require_sound(file: RegisterFile, findings: Sequence[Finding]) -> None:
    if any(one.severity in REFUSING for one in findings):
        what = "the file" if file.name else "the statement"
        raise RefusedError(
            f"{what} was refused; nothing was recorded",
            findings,
            "Put right what the findings say and send it again.",
        )


def _posted(database: Database, actor: Actor, draft: Any, clock: Clock) -> Act | None:
    try:
        return post(database, draft, actor, clock=clock).act
    except _NothingNew:
        return None


def _add_lines(
    made: Draft,
    database: Database,
    connection: Connection,
    actor: Actor,
    file: RegisterFile,
    lines: Sequence[ReadLine],
    clock: Clock,
) -> None:
    """Add the lines of an act, each for the area that it is about, and the file as evidence."""
    places = areas(connection, database.metadata)
    scopes = [
        places[str(mba)].scope if (mba := line.values.get("mba")) in places else actor.on_behalf_of
        for line in lines
    ]
    if file.content is not None and file.name is not None:
        kept = keep_file(database.evidence, file.name, file.content)
        scope = scopes[0] if len(set(scopes)) == 1 else actor.on_behalf_of
        add_evidence(made, kept, scope, "register", utc_text(clock()))
    for line, scope in zip(lines, scopes, strict=True):
        made.add(line.kind, line.values, scope=scope)


def _objects(file: RegisterFile) -> dict[Name, list[ReadLine]]:
    found: dict[Name, list[ReadLine]] = {}
    for order in LISTS:
        for line in file.lines:
            if line.row.list == order:
                found.setdefault(_name(order, line.values), []).append(line)
    return found


def _name(order: str, values: Row) -> Name:
    return (order, *(str(values[one] or "") for one in NAMED[order]))


def _told(lines: Sequence[tuple[str, Row]]) -> Told:
    return frozenset(
        (kind, tuple(sorted((k, v) for k, v in values.items() if v is not None)))
        for kind, values in lines
    )


def _lines_told(lines: Sequence[ReadLine]) -> Told:
    return _told([(line.kind, line.values) for line in lines])


def recorded_objects(
    connection: Connection, metadata: MetaData, lists: Collection[str] = tuple(LISTS)
) -> dict[Name, Told]:
    """Return what stands in the books about the objects of some lists: lines of the last act."""
    found: dict[Name, dict[int, list[tuple[str, Row]]]] = {}
    for order, kind in LISTS.items():
        if kind is OPENING or order not in lists:
            continue
        table = metadata.tables[kind.name]
        fields = [one.name for one in kind.own_fields]
        for row in connection.execute(select(table).order_by(table.c.act_id)).mappings():
            own = {name: row[name] for name in fields}
            by_act = found.setdefault(_name(order, own), {})
            by_act.setdefault(int(row["act_id"]), []).append((kind.name, own))
    return {name: _told(by_act[max(by_act)]) for name, by_act in found.items()}


def _stands(
    connection: Connection, metadata: MetaData, begin: Row, lines: Sequence[ReadLine]
) -> bool:
    """Return whether the last beginning says the same, with the same openings."""
    table, opening = metadata.tables[BEGINNING.name], metadata.tables[OPENING.name]
    query = select(table).order_by(table.c.act_id.desc(), table.c.line_no.desc()).limit(1)
    last = connection.execute(query).mappings().first()
    if last is None or any(last[name] != value for name, value in begin.items()):
        return False
    fields = [one.name for one in OPENING.own_fields]
    rows = connection.execute(select(opening).where(opening.c.act_id == last["act_id"])).mappings()
    told = _told([(OPENING.name, {name: row[name] for name in fields}) for row in rows])
    return told == _lines_told(lines)


def _judged(
    connection: Connection,
    metadata: MetaData,
    file: RegisterFile,
    objects: Mapping[Name, Sequence[ReadLine]],
) -> tuple[dict[Name, Sequence[ReadLine]], list[Finding]]:
    """Return the objects that are new, and what does not hold of them, each with its row."""
    told = recorded_objects(connection, metadata, {name[0] for name in objects})
    new = {name: some for name, some in objects.items() if _lines_told(some) != told.get(name)}
    found = list(file.findings)
    for (order, *_), some in new.items():
        if len(some) > 1 and order not in ("openings", "receipts", "designations"):
            words = " ".join(one for one in _name(order, some[1].values)[1:] if one)
            twice = Finding(
                "OBLIGATION-TWICE",
                Severity.FORMAT,
                f"{words[:80]} stands in the file twice",
                "Say it once.",
            )
            found.append(file.placed(twice, some[1].row))
    lines = [line for some in new.values() for line in some]
    known = KnownBooks(connection, metadata)
    for place, one in statement_findings(known, [(line.kind, line.values) for line in lines]):
        found.append(file.placed(replace(one, cell=None), lines[place].row))
    return new, found


def _findings_of(database: Database, act: Act | None) -> tuple[Finding, ...]:
    """Return what the checks of the posting pipeline said of an act."""
    if act is None:
        return ()
    table = database.metadata.tables[FINDING.name]
    query = select(table).where(table.c.act_id == act.act_id).order_by(table.c.line_no)
    with database.reading() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
    return tuple(
        Finding(
            str(row["code"]),
            Severity(row["severity"]),
            str(row["message"]),
            str(row["advice"] or ""),
            found=row["found"],
            expected=row["expected"],
            basis=row["basis"],
            mba=row["mba"],
        )
        for row in rows
    )
