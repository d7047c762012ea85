"""Registers of export control are recorded: a file as one act, or nothing of it.

What stands in the books in the same words is left alone, so that the same file may be sent again.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.dates import date_number, utc_text
from keiryo.errors import Finding, RefusedError, Severity, UsageError
from keiryo.export_control.intake import LISTS, ReadLine, RegisterFile, read_file
from keiryo.export_control.licences import MODES
from keiryo.export_control.register_checks import known_before, line_findings
from keiryo.export_control.tables import LICENCE_RULE, LINE_KINDS
from keiryo.journal.evidence import add_evidence, keep_file
from keiryo.journal.model import Act, Actor, Draft, Posted, Value
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.tables import FINDING
from keiryo.storage.engine import Database

RECORDING, RULING = "export.record", "export.rule"
_REFUSING = (Severity.FORMAT, Severity.INCONSISTENCY)
_NAMED: Mapping[str, tuple[str, ...]] = {
    "items": ("item",),
    "licences": ("licence", "amendment"),
    "steps": ("licence", "on_day", "state"),
    "assurances": ("assurance",),
    "transfers": ("transfer",),
    "recognitions": ("recognition",),
    "traders": ("trader", "programme", "since_day"),
    "consignments": ("consignment",),
}
"""What names an object of each list; its lines are recorded together."""

Name = tuple[str, ...]
Told = frozenset[tuple[str, tuple[tuple[str, Value], ...]]]


@dataclass(frozen=True, slots=True)
class RecordedFile:
    """What became of a file.

    Attributes
    ----------
    act : Act or None
        None if nothing in it is new.
    recorded, unchanged : int
        Objects (a licence with its lines is one) that were recorded, and that stood already.
    findings : tuple of Finding
        Warnings of the act; with anything worse nothing is recorded.
    """

    act: Act | None
    recorded: int
    unchanged: int
    findings: tuple[Finding, ...]


def record_file(
    database: Database,
    actor: Actor,
    name: str,
    content: bytes,
    kind: str | None = None,
    *,
    clock: Clock = system_clock,
) -> RecordedFile:
    """Record a file of items, licences, assurances, transfers, traders or consignments.

    Parameters
    ----------
    database, actor
    name, content
        CSV, TOML or JSON; see `keiryo.export_control.intake`.
    kind : str, optional
        Which list a CSV file is.

    Raises
    ------
    RefusedError
        If anything in it does not hold: all findings, each with its row; nothing is recorded.
    """
    file = read_file(name, content, kind)
    objects = _objects(file)
    counts = {"new": 0}

    def draft(connection: Connection) -> Draft:
        told = recorded_objects(connection, database.metadata)
        new = {key: some for key, some in objects.items() if _told(some) != told.get(key)}
        findings = [*file.findings, *_wrong(connection, database.metadata, file, new)]
        if any(one.severity in _REFUSING for one in findings):
            raise RefusedError(
                "the file was refused; nothing was recorded",
                findings,
                "Put right what the findings say and send it again.",
            )
        counts["new"] = len(new)
        if not new:
            raise _NothingNew
        made = Draft(RECORDING, f"export-control:{uuid.uuid4()}")
        kept = keep_file(database.evidence, file.name, content)
        add_evidence(made, kept, actor.on_behalf_of, "register", utc_text(clock()))
        for lines in new.values():
            for line in lines:
                made.add(line.kind, line.values, scope=actor.on_behalf_of)
        return made

    try:
        act: Act | None = post(database, draft, actor, clock=clock).act
    except _NothingNew:
        act = None
    recorded = counts["new"] if act is not None else 0
    return RecordedFile(act, recorded, len(objects) - recorded, _findings_of(database, act))


def check_file(
    database: Database, name: str, content: bytes, kind: str | None = None
) -> tuple[int, list[Finding]]:
    """Return how many objects a file holds and what is wrong with it; nothing is recorded."""
    file = read_file(name, content, kind)
    objects = _objects(file)
    with database.reading() as connection:
        told = recorded_objects(connection, database.metadata)
        new = {key: some for key, some in objects.items() if _told(some) != told.get(key)}
        found = [*file.findings, *_wrong(connection, database.metadata, file, new)]
    return len(objects), found


def set_rule(
    database: Database,
    actor: Actor,
    mode: str,
    reason: str,
    *,
    from_day: datetime.date | None = None,
    clock: Clock = system_clock,
) -> Posted:
    """Record what happens to a shipment that no licence covers.

    Parameters
    ----------
    mode : str
        ``refuse``, ``warn`` or ``off``.
    reason : str
    from_day : datetime.date, optional
        Earlier shipments are noted and never refused; default: the first day of any licence.

    Raises
    ------
    UsageError
        If there is no such mode, or no reason is given.
    """
    if mode not in MODES:
        raise UsageError(f"there is no rule {mode[:40]!r}", f"One of {', '.join(MODES)}.")
    if not reason.strip():
        raise UsageError("no reason is given", "Say why; it stands in the record.")
    made = Draft(RULING, f"export-control:{uuid.uuid4()}", reason=reason.strip())
    values: dict[str, Value] = {
        "mode": mode,
        "from_day": None if from_day is None else date_number(from_day),
        "reason": reason.strip(),
    }
    made.add(LICENCE_RULE.name, values, scope=actor.on_behalf_of)
    return post(database, made, actor, clock=clock)


class _NothingNew(Exception):
    """All of it stands in the books in the same words."""


def _objects(file: RegisterFile) -> dict[Name, list[ReadLine]]:
    found: dict[Name, list[ReadLine]] = {}
    for order in LISTS:
        for line in file.lines:
            if line.row.list != order:
                continue
            own = line.values
            if order == "licences" and "amendment" not in own:  # a line, not its head
                own = {**own, "amendment": int(line.row.texts["amendment"])}
            found.setdefault(_name(order, own), []).append(line)
    return found


def _name(order: str, values: Mapping[str, Value]) -> Name:
    return (order, *(str(values[one]) for one in _NAMED[order]))


def _told(lines: Sequence[ReadLine]) -> Told:
    return frozenset((line.kind, _plain(line.values)) for line in lines)


def _plain(values: Mapping[str, Value]) -> tuple[tuple[str, Value], ...]:
    return tuple(sorted((name, value) for name, value in values.items() if value is not None))


def recorded_objects(connection: Connection, metadata: MetaData) -> dict[Name, Told]:
    """Return what stands in the books about every object: the lines of its last act."""
    found: dict[Name, dict[int, set[tuple[str, tuple[tuple[str, Value], ...]]]]] = {}
    for order, kinds in LISTS.items():
        amendments: dict[tuple[str, int], int] = {}
        for kind in kinds:
            fields = [one.name for one in kind.own_fields]
            for row in _rows(connection, metadata, kind.name):
                own = {name: row[name] for name in fields}
                named = dict(own)
                if order == "licences":
                    place = (str(row["licence"]), int(row["act_id"]))
                    if "amendment" in own:
                        amendments[place] = int(row["amendment"])
                    named["amendment"] = amendments.get(place, 0)
                by_act = found.setdefault(_name(order, named), {})
                by_act.setdefault(int(row["act_id"]), set()).add((kind.name, _plain(own)))
    return {name: frozenset(by_act[max(by_act)]) for name, by_act in found.items()}


def _rows(connection: Connection, metadata: MetaData, kind: str) -> Iterator[Mapping[str, Any]]:
    table = metadata.tables[kind]
    query = select(table).order_by(table.c.act_id, table.c.line_no)
    for row in connection.execute(query).mappings():
        yield dict(row)


def _wrong(
    connection: Connection,
    metadata: MetaData,
    file: RegisterFile,
    new: Mapping[Name, Sequence[ReadLine]],
) -> list[Finding]:
    """Return what does not hold of the lines that are new, with the row of each."""
    known = known_before(connection, metadata, None)
    found: list[Finding] = []
    for (order, *_), lines in new.items():
        if len(lines) > 1 and order not in ("licences", "transfers"):
            row = lines[1].row
            words = f"{' '.join(_name(order, lines[1].values)[1:])} stands in the file twice"
            file.wrong(words, "Say it once.", row)
            found.append(file.findings.pop())
        for line in lines:
            for one in line_findings(known, line.kind, line.values):
                place = replace(one, file=file.name, line=line.row.line, cell=line.row.cell)
                found.append(place)
    return found


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


assert {kind.name for some in LISTS.values() for kind in some} == {
    kind.name for kind in LINE_KINDS if kind is not LICENCE_RULE
}
