"""Recording containments: their ways, what goes in and out, what watches, what was looked over.

Each function posts one act, or nothing. Days and times are instants; what is held or looked over
lies in the past, for a plan is no fact.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.accounts.tables import BATCH
from keiryo.containment.checks import BASIS
from keiryo.containment.instants import shown
from keiryo.containment.register import containment, contents
from keiryo.containment.tables import (
    CONTAINMENT,
    CONTAINMENT_CONTENT,
    CONTAINMENT_INSPECTION,
    CONTAINMENT_PATH,
    CONTAINMENT_WATCH,
)
from keiryo.dates import utc_text
from keiryo.errors import Finding, NotFoundError, RefusedError, Severity, UsageError
from keiryo.journal.evidence import add_evidence, keep_file
from keiryo.journal.model import Actor, Draft, Posted, Value
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.places.tables import area
from keiryo.storage.engine import Database

ADD, PATH, HOLD = "containment.add", "containment.path", "containment.hold"
RELEASE, WATCH, INSPECT = "containment.release", "containment.watch", "containment.inspect"

INSPECTION_RESULTS = ("intact", "damaged", "not-conclusive")
"""What somebody who looked a containment over can say."""

File = tuple[str, bytes]
"""Name and content."""


def add_containment(
    database: Database,
    actor: Actor,
    mba: str,
    name: str,
    kind: str,
    *,
    kmp: str | None = None,
    location: str | None = None,
    note: str | None = None,
    clock: Clock = system_clock,
) -> Posted:
    """Record a containment, or one anew: the last line of its name counts.

    Raises
    ------
    RefusedError
        If it does not hold.
    NotFoundError
        If the area is not registered.
    """
    values = {"name": name, "kind": kind, "kmp": kmp, "location": location, "note": note}
    return _post(database, actor, ADD, CONTAINMENT.name, mba, [values], clock)


def add_path(
    database: Database,
    actor: Actor,
    mba: str,
    name: str,
    path: str,
    begin: datetime,
    *,
    end: datetime | None = None,
    note: str | None = None,
    clock: Clock = system_clock,
) -> Posted:
    """Record a way into a containment; with the same beginning, it is stated anew."""
    values = {"containment": name, "path": path, **_interval(begin, end), "note": note}
    return _post(database, actor, PATH, CONTAINMENT_PATH.name, mba, [values], clock)


def hold(
    database: Database,
    actor: Actor,
    mba: str,
    name: str,
    batches: Sequence[str],
    at: datetime,
    *,
    note: str | None = None,
    clock: Clock = system_clock,
) -> Posted:
    """Record that items are in a containment from an instant on: all of them, or none.

    Parameters
    ----------
    database, actor
    mba, name : str
        The containment.
    batches : sequence of str
        Names in the area (the latest batch of the name), or identities ``MBA/NAME#n``.
    at : datetime

    Raises
    ------
    RefusedError
        If one is not known, is in it already, or `at` has not come yet: all findings.
    """
    _require_past(at, clock, "hold")
    uids = _found_uids(database, mba, batches)
    rows = [
        {"containment": name, "batch_uid": uid, **_interval(at, None), "note": note} for uid in uids
    ]
    return _post(database, actor, HOLD, CONTAINMENT_CONTENT.name, mba, rows, clock)


def release(
    database: Database,
    actor: Actor,
    mba: str,
    name: str,
    batches: Sequence[str],
    at: datetime,
    *,
    note: str | None = None,
    clock: Clock = system_clock,
) -> Posted:
    """Record that items leave a containment at an instant: all of them, or none.

    Parameters
    ----------
    batches : sequence of str
        As of `hold`; empty: everything that is in it then.

    Raises
    ------
    RefusedError
        If one is not in it then, or `at` has not come yet: all findings.
    """
    _require_past(at, clock, "release")
    with database.reading() as connection:
        metadata = database.metadata
        containment(connection, metadata, mba, name)
        inside = {
            one.batch_uid: one
            for one in contents(connection, metadata, mba, containment=name)
            if one.time.begin < at and one.time.end is None
        }
    uids = _found_uids(database, mba, batches) if batches else sorted(inside)
    absent = [
        _finding(
            "CONTAINMENT-NOT-HELD",
            f"{uid} is not recorded in {mba}/{name} before {shown(at)}",
            "Record first that it went in, or correct the name or the time; "
            f"'keiryo containment show {mba}/{name}' lists what it holds.",
        )
        for uid in uids
        if uid not in inside
    ]
    if not uids:
        absent.append(
            _finding(
                "CONTAINMENT-NOT-HELD",
                f"nothing is in {mba}/{name} before {shown(at)}",
                "Name what leaves another containment, or correct the time.",
            )
        )
    if absent:
        raise RefusedError("the release was refused; nothing was recorded", absent)
    rows = [
        {
            "containment": name,
            "batch_uid": uid,
            **_interval(inside[uid].time.begin, at),
            "note": inside[uid].note if note is None else note,
        }
        for uid in uids
    ]
    return _post(database, actor, RELEASE, CONTAINMENT_CONTENT.name, mba, rows, clock)


def watch(
    database: Database,
    actor: Actor,
    mba: str,
    name: str,
    path: str,
    device: str,
    begin: datetime,
    *,
    mechanism: str = "optical-camera",
    depends_on: Iterable[str] = (),
    end: datetime | None = None,
    function: str | None = None,
    note: str | None = None,
    clock: Clock = system_clock,
) -> Posted:
    """Record that a camera watches a way; with the same beginning, it is stated anew.

    Parameters
    ----------
    device : str
        ``camera:NAME``.
    depends_on : iterable of str
        Power feeds, data links, mountings and clocks that it shares with others.
    function : str, optional
        Which statement of the operator it can confirm.
    """
    shared = " | ".join(sorted({one.strip() for one in depends_on if one.strip()})) or None
    values = {
        "containment": name,
        "path": path,
        "device": device,
        "mechanism": mechanism,
        "depends_on": shared,
        **_interval(begin, end),
        "function": function,
        "note": note,
    }
    return _post(database, actor, WATCH, CONTAINMENT_WATCH.name, mba, [values], clock)


def inspect(
    database: Database,
    actor: Actor,
    mba: str,
    name: str,
    at: datetime,
    inspectors: Sequence[str],
    result: str,
    *,
    note: str | None = None,
    files: Sequence[File] = (),
    digests: Sequence[str] = (),
    clock: Clock = system_clock,
) -> Posted:
    """Record that a containment was looked over, with what shows it.

    Parameters
    ----------
    inspectors : sequence of str
    result : str
        ``intact``, ``damaged`` or ``not-conclusive``.
    files : sequence of (name, content)
        Photographs and the like; they are kept.
    digests : sequence of str
        Files that are in the record already.
    """
    if result not in INSPECTION_RESULTS:
        raise UsageError(
            f"{result[:40]!r} is no result of an inspection",
            f"One of {', '.join(INSPECTION_RESULTS)}.",
        )
    _require_past(at, clock, "inspection")
    kept = [keep_file(database.evidence, *one) for one in files]
    shows = " ".join(dict.fromkeys([*digests, *(one.digest for one in kept)])) or None
    values = {
        "containment": name,
        "at": utc_text(at),
        "result": result,
        "note": note,
        "inspectors": " | ".join(one.strip() for one in inspectors),
        "evidence": shows,
    }

    def draft(connection: Connection) -> Draft:
        scope = area(connection, database.metadata, mba).scope
        made = Draft(INSPECT, f"containment:{uuid.uuid4()}")
        for one in kept:
            add_evidence(made, one, scope, "containment", utc_text(clock()))
        made.add(CONTAINMENT_INSPECTION.name, {"mba": mba, **values}, scope=scope)
        return made

    return post(database, draft, actor, clock=clock)


def record_contents(
    database: Database,
    actor: Actor,
    rows: Sequence[Mapping[str, Value]],
    *,
    clock: Clock = system_clock,
) -> Posted:
    """Record statements of what is held where: one act, or nothing.

    Parameters
    ----------
    rows : sequence of mapping
        Fields of ``containment_content`` lines, instants as `keiryo.dates.utc_text` writes them.
    """

    def draft(connection: Connection) -> Draft:
        made = Draft(HOLD, f"containment:{uuid.uuid4()}")
        scopes: dict[str, str] = {}
        for row in rows:
            mba = str(row["mba"])
            if mba not in scopes:
                scopes[mba] = area(connection, database.metadata, mba).scope
            made.add(CONTAINMENT_CONTENT.name, row, scope=scopes[mba])
        return made

    return post(database, draft, actor, clock=clock)


def batch_uid(connection: Connection, metadata: MetaData, mba: str, name: str) -> str:
    """Return the identity of a batch by its name in an area (the latest), or by its identity.

    Raises
    ------
    NotFoundError
        If the books know none.
    """
    table = metadata.tables[BATCH.name]
    query = (
        select(table.c.batch_uid)
        .where(
            (table.c.batch_uid == name)
            | ((table.c.mba == mba) & (table.c.name == name.removeprefix(f"{mba}/")))
        )
        .order_by(table.c.act_id.desc(), table.c.line_no.desc())
        .limit(1)
    )
    found = connection.execute(query).scalar()
    if found is None:
        raise NotFoundError(
            f"the books of {mba} know no batch {name[:60]!r}",
            f"'keiryo inventory {mba}' lists the batches on hand.",
        )
    return str(found)


def _found_uids(database: Database, mba: str, batches: Sequence[str]) -> list[str]:
    """Return the identities of batches, each once; all that are not known are told at once."""
    found, wrong = [], []
    with database.reading() as connection:
        area(connection, database.metadata, mba)
        for name in batches:
            try:
                found.append(batch_uid(connection, database.metadata, mba, name))
            except NotFoundError as error:
                wrong.append(_finding("CONTAINMENT-BATCH", error.message, error.advice))
    if wrong:
        raise RefusedError("the act was refused; nothing was recorded", wrong)
    return list(dict.fromkeys(found))


def _require_past(at: datetime, clock: Clock, what: str) -> None:
    if at > clock():
        raise RefusedError(
            f"the {what} was refused; nothing was recorded",
            [
                _finding(
                    "CONTAINMENT-FUTURE",
                    f"{shown(at)} has not come yet",
                    "Record it when it has happened; correct the day, the time or the offset.",
                )
            ],
        )


def _interval(begin: datetime, end: datetime | None) -> dict[str, str | None]:
    return {"begin_at": utc_text(begin), "end_at": None if end is None else utc_text(end)}


def _post(
    database: Database,
    actor: Actor,
    act: str,
    kind: str,
    mba: str,
    rows: Sequence[Mapping[str, Any]],
    clock: Clock,
) -> Posted:
    def draft(connection: Connection) -> Draft:
        scope = area(connection, database.metadata, mba).scope
        made = Draft(act, f"containment:{uuid.uuid4()}")
        for row in rows:
            made.add(kind, {"mba": mba, **row}, scope=scope)
        return made

    return post(database, draft, actor, clock=clock)


def _finding(code: str, message: str, advice: str) -> Finding:
    return Finding(code, Severity.FORMAT, message, advice, basis=BASIS)
