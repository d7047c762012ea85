"""Anomalies: conclusive negative results of devices, and the verification that resolves each.

An anomaly is no evidence by itself that material was removed: it is resolved by verifying the
material, never by a verdict of the program. Every negative interval of a device is one, also
where another device keeps the way POSITIVE. Those found are listed whether they are recorded or
not; recorded, each has a name.

A compromise is told at once: a seal broken by accident, a camera that must be switched off.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.containment.instants import shown
from keiryo.containment.register import Interval, contents, parted
from keiryo.containment.values import Span, Value
from keiryo.coverage.devices import Placed, devices
from keiryo.coverage.evidence import File, kept, require_past, require_result
from keiryo.coverage.tables import (
    COVERAGE_ANOMALY,
    COVERAGE_COMPROMISE,
    COVERAGE_RESOLUTION,
    DISCREPANT,
    VERIFIED,
)
from keiryo.dates import parse_utc, utc_text
from keiryo.errors import NotFoundError, UsageError
from keiryo.journal.model import Actor, Draft, Posted
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.reading import line_node
from keiryo.places.tables import area
from keiryo.storage.engine import Database

ANOMALY, RESOLVE, COMPROMISE = "coverage.anomaly", "coverage.resolve", "coverage.compromise"
PREFIX = "anomaly:"
"""What the node of an anomaly begins with."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """That the material was verified after an anomaly."""

    at: datetime
    result: str
    by: str
    reason: str
    evidence: tuple[str, ...]
    line: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "at": shown(self.at),
            **{name: getattr(self, name) for name in ("result", "by", "reason")},
            "evidence": list(self.evidence),
            "line": self.line,
        }


@dataclass(frozen=True, slots=True)
class Anomaly:
    """A conclusive negative result of a device.

    Attributes
    ----------
    name : str or None
        Its name within the area; None: it was found and is not recorded yet.
    time : Interval
        When the result is negative.
    reason : str
        Code of the reason.
    items : tuple of str
        Identities of what was in the containment then.
    nodes : tuple of str
        What the result rests on.
    resolution : Resolution or None
        None: nobody has verified the material since.
    """

    mba: str
    name: str | None
    device: str
    containment: str | None
    time: Interval
    reason: str
    items: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    resolution: Resolution | None = None

    @property
    def state(self) -> str:
        """``found`` (not recorded yet), ``open`` or ``resolved``."""
        if self.resolution is not None:
            return "resolved"
        return "open" if self.name else "found"

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "anomaly": None if self.name is None else f"{self.mba}/{self.name}",
            "state": self.state,
            **{name: getattr(self, name) for name in ("mba", "device", "containment", "reason")},
            **self.time.to_dict(),
            "items": list(self.items),
            "resolution": None if self.resolution is None else self.resolution.to_dict(),
        }


def anomalies(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    *,
    known_at: datetime | None = None,
    through_act: int | None = None,
) -> list[Anomaly]:
    """Return the anomalies of an area: those recorded, and those found and not recorded yet.

    Parameters
    ----------
    connection, metadata
        An open transaction and the tables.
    mba : str
    known_at, through_act
        See `keiryo.containment.register.containments`.

    Returns
    -------
    list of Anomaly
        In the order of time.
    """
    every = recorded(connection, metadata, mba, known_at=known_at, through_act=through_act)
    every += _found(connection, metadata, mba, every, known_at, through_act)
    return sorted(every, key=lambda one: (one.time.begin, one.device))


def recorded(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    *,
    known_at: datetime | None = None,
    through_act: int | None = None,
) -> list[Anomaly]:
    """Return the anomalies of an area that are recorded; see `anomalies`."""
    resolved: dict[str, Resolution] = {}
    for row in _rows(connection, metadata, COVERAGE_RESOLUTION.name, mba, through_act):
        at = parse_utc(row["at"])
        if known_at is None or at <= known_at:
            resolved[row["anomaly"]] = Resolution(
                *(at, row["result"], row["verified_by"], row["reason"]),
                tuple(row["evidence"].split()),
                line_node(row),
            )
    found = []
    for row in _rows(connection, metadata, COVERAGE_ANOMALY.name, mba, through_act):
        begin = parse_utc(row["begin_at"])
        if known_at is not None and begin > known_at:
            continue
        end = None if row["end_at"] is None else parse_utc(row["end_at"])
        found.append(
            Anomaly(
                *(mba, row["anomaly"], row["device"], row["containment"]),
                Interval(begin, end, line_node(row)),
                row["reason"],
                parted(row["items"]),
                tuple(str(row["nodes"] or "").split()),
                resolved.get(row["anomaly"]),
            )
        )
    return found


def anomaly(connection: Connection, metadata: MetaData, mba: str, name: str) -> Anomaly:
    """Return a recorded anomaly.

    Raises
    ------
    NotFoundError
        If the area has none of that name.
    """
    for one in recorded(connection, metadata, mba):
        if one.name == name:
            return one
    raise NotFoundError(
        f"there is no anomaly {mba[:10]}/{name[:40]}",
        f"'keiryo coverage anomalies {mba[:10]}' lists them; --record gives those found a name.",
    )


def record_anomalies(
    database: Database, actor: Actor, mba: str, *, clock: Clock = system_clock
) -> Posted | None:
    """Record the anomalies of an area that were found: one act, or nothing.

    Returns
    -------
    Posted or None
        None if every one is recorded already.

    Raises
    ------
    NotFoundError
        If the area is not registered.
    """
    with database.reading() as connection:
        area(connection, database.metadata, mba)
        if all(one.name for one in anomalies(connection, database.metadata, mba)):
            return None

    def draft(connection: Connection) -> Draft:
        metadata = database.metadata
        scope = area(connection, metadata, mba).scope
        before = recorded(connection, metadata, mba)
        made = Draft(ANOMALY, f"coverage:{uuid.uuid4()}")
        new = [one for one in anomalies(connection, metadata, mba) if one.name is None]
        for number, one in enumerate(new, start=len(before) + 1):
            made.add(
                COVERAGE_ANOMALY.name,
                scope=scope,
                mba=mba,
                anomaly=f"A-{number}",
                device=one.device,
                containment=one.containment,
                begin_at=utc_text(one.time.begin),
                end_at=None if one.time.end is None else utc_text(one.time.end),
                reason=one.reason,
                items=" | ".join(one.items) or None,
                nodes=" ".join(one.nodes) or None,
            )
        return made

    return post(database, draft, actor, clock=clock)


def resolve(
    database: Database,
    actor: Actor,
    mba: str,
    name: str,
    *,
    at: datetime,
    result: str,
    by: str,
    reason: str,
    evidence: Sequence[str] = (),
    files: Sequence[File] = (),
    clock: Clock = system_clock,
) -> Posted:
    """Resolve an anomaly by a verification of the material.

    Parameters
    ----------
    database, actor
    mba, name : str
        The anomaly.
    at : datetime
        When the material was verified.
    result : str
        ``verified`` or ``discrepant``.
    by, reason : str
        Who verified it, and what happened, in words.
    evidence : sequence of str
        The verification: an act (``act:17``), a line (``line:12/3``), a file by its digest.
    files : sequence of (name, content)
        Files that show it; they are kept.

    Raises
    ------
    NotFoundError
        If there is no such anomaly.
    RefusedError
        If nothing shows the verification, it is not known, or the anomaly is resolved already.
    """
    require_past(at, clock)
    require_result(f"{mba}/{name}", result, (VERIFIED, DISCREPANT))

    def draft(connection: Connection) -> Draft:
        scope = area(connection, database.metadata, mba).scope
        anomaly(connection, database.metadata, mba, name)
        shows = kept(database, evidence, files)
        made = Draft(RESOLVE, f"coverage:{uuid.uuid4()}", reason=reason or None)
        shows.add_files(made, scope, clock)
        made.add(
            COVERAGE_RESOLUTION.name,
            scope=scope,
            mba=mba,
            anomaly=name,
            at=utc_text(at),
            result=result,
            verified_by=by.strip(),
            reason=reason.strip(),
            evidence=shows.text or "",
        )
        return made

    return post(database, draft, actor, clock=clock)


def report_compromise(
    database: Database,
    actor: Actor,
    mba: str,
    *,
    at: datetime,
    reason: str,
    told: str,
    by: str,
    containment: str | None = None,
    device: str | None = None,
    clock: Clock = system_clock,
) -> Posted:
    """Record that containment or surveillance was or may have to be compromised, at once.

    Parameters
    ----------
    at : datetime
        When it happened; it may lie ahead where it has to happen.
    reason, told, by : str
        What happened or has to; who was told and how; who reports it.
    containment, device : str, optional
        What is concerned: at least one of them.

    Raises
    ------
    UsageError
        If neither is named.
    RefusedError
        If the report does not hold: all findings.
    """
    if not (containment or device):
        raise UsageError("nothing says what is compromised", "Name the containment or the device.")

    def draft(connection: Connection) -> Draft:
        made = Draft(COMPROMISE, f"coverage:{uuid.uuid4()}", reason=reason or None)
        made.add(
            COVERAGE_COMPROMISE.name,
            scope=area(connection, database.metadata, mba).scope,
            mba=mba,
            containment=containment,
            device=device,
            at=utc_text(at),
            reason=reason.strip(),
            told=told.strip(),
            reported_by=by.strip(),
        )
        return made

    return post(database, draft, actor, clock=clock)


def compromises(connection: Connection, metadata: MetaData, mba: str) -> list[dict[str, Any]]:
    """Return the compromises reported in an area, in the order of their reports, as plain data."""
    found = []
    for row in _rows(connection, metadata, COVERAGE_COMPROMISE.name, mba, None):
        fields = ("mba", "containment", "device", "reason", "told", "reported_by")
        told = {name: row[name] for name in fields}
        found.append({**told, "at": shown(parse_utc(row["at"])), "line": line_node(row)})
    return found


def _found(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    known: Sequence[Anomaly],
    known_at: datetime | None,
    through_act: int | None,
) -> list[Anomaly]:
    """Return the negative intervals of devices that no recorded anomaly stands for."""
    every = devices(connection, metadata, mbas=[mba], known_at=known_at, through_act=through_act)
    negative = [
        (placed, span)
        for placed in every.placed
        for span in placed.spans.spans
        if span.value is Value.NEGATIVE and not _stands_for(known, placed, span)
    ]
    if not negative:
        return []
    held = contents(connection, metadata, mba, known_at=known_at, through_act=through_act)
    found = []
    for placed, span in negative:
        time = Interval(span.begin, span.end)
        inside = {
            one.batch_uid
            for one in held
            if one.containment == placed.containment and one.time.overlaps(time)
        }
        inside |= {
            one.batch_uid
            for one in every.sealed
            if one.containment == placed.containment and Interval(one.begin, one.end).overlaps(time)
        }
        found.append(
            Anomaly(
                *(mba, None, placed.spans.device, placed.containment, time, span.reason),
                tuple(sorted(inside)),
                span.nodes,
            )
        )
    return found


def _stands_for(known: Sequence[Anomaly], placed: Placed, span: Span) -> bool:
    """Return whether a recorded anomaly of the device is about an interval, or a part of it."""
    time = Interval(span.begin, span.end)
    device = placed.spans.device
    return any(one.device == device and one.time.overlaps(time) for one in known)


def _rows(
    connection: Connection, metadata: MetaData, kind: str, mba: str, through_act: int | None
) -> list[Mapping[str, Any]]:
    table = metadata.tables[kind]
    query = select(table).where(table.c.mba == mba).order_by(table.c.act_id, table.c.line_no)
    if through_act is not None:
        query = query.where(table.c.act_id <= through_act)
    return [dict(row) for row in connection.execute(query).mappings()]
