"""Recording what happens to seals: one act, or nothing; and what is refused is kept.

A report that does not fit is refused, because a seal cannot be in two places or be examined before
it was taken off. What somebody saw in the field is never thrown away all the same: the refused
report is posted as an act of its own, with its findings, its words and its photographs.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.accounts.tables import BATCH
from keiryo.dates import utc_text
from keiryo.errors import Finding, NotAllowedError, RefusedError, Severity, UsageError
from keiryo.journal.evidence import KeptFile, add_evidence, keep_file
from keiryo.journal.model import Actor, Draft, Posted, Value
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.registry import Check, Posting
from keiryo.places.tables import areas
from keiryo.seals.events import SealEvent
from keiryo.seals.life_check import (
    WITHOUT_NOTICE,
    form_findings,
    future,
    judged,
    unknown_type,
    ways,
    world_findings,
)
from keiryo.seals.numbers import SealKey
from keiryo.seals.register import seal_events, seal_lines, standings, type_of
from keiryo.seals.seal_types import SEAL_TYPES
from keiryo.seals.tables import SEAL, SEAL_EVENT, SEAL_INTERVAL, SEAL_ITEM, SEAL_REFUSED
from keiryo.storage.engine import Database

File = tuple[str, bytes]
"""Name and content."""


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval that a log shows: instants in UTC as the record holds them."""

    code: str
    begin_at: str
    end_at: str | None
    value: str


@dataclass(frozen=True, slots=True)
class SealReport:
    """What somebody reports of a seal, with what shows it.

    Attributes
    ----------
    event : SealEvent
        Items may be named as ``MBA/NAME``; they are resolved to their identity.
    photos : tuple of File
    reference, log : File or None
        The reference image; the log as it was read out.
    intervals : tuple of Interval
        What the log shows.
    seal : dict or None
        Of a receipt: type, delivery and the other fields of the register.
    """

    event: SealEvent
    photos: tuple[File, ...] = ()
    reference: File | None = None
    log: File | None = None
    intervals: tuple[Interval, ...] = ()
    seal: dict[str, Value] | None = None


def record(
    database: Database,
    actor: Actor,
    reports: Sequence[SealReport],
    *,
    clock: Clock = system_clock,
) -> Posted:
    """Record what happened to seals: one act, or nothing.

    Parameters
    ----------
    database, actor
    reports : sequence of SealReport
        In the order in which it happened.
    clock : callable
        Returns the time in UTC; nothing may lie after it.

    Raises
    ------
    RefusedError
        If one of them cannot be: all findings. The reports are then kept as ``seal.refused``.
    NotAllowedError
        If this is not for the actor to do; then nothing is kept.
    """
    if not reports:
        raise UsageError("there is nothing to record", "Name at least one seal.")
    files = _Files(database, actor, clock)
    ready = [files.shown(_as_it_counts(one)) for one in reports]
    kind = _kind(ready)

    def draft(connection: Connection) -> Draft:
        resolved = [_resolved(connection, database.metadata, one) for one in ready]
        found = _findings(connection, database.metadata, resolved, files.digests, clock)
        if found:
            raise RefusedError("the report was refused", found)
        made = Draft(kind, f"seals:{uuid.uuid4()}", reason=ready[0].event.reason)
        scopes = _scopes(connection, database.metadata, resolved, actor)
        files.add_to(made, scopes[0])
        for one, scope in zip(resolved, scopes, strict=True):
            _add(made, one, scope)
        return made

    try:
        return post(database, draft, actor, clock=clock)
    except NotAllowedError:
        raise
    except RefusedError as error:
        act = _keep_refused(database, actor, ready, error.findings, files, clock).act.act_id
        raise RefusedError(
            f"the report was refused; it is kept with its findings in act {act}",
            error.findings,
            "Put right what the findings say and report again; nothing else was changed.",
        ) from error


def receive(
    database: Database,
    actor: Actor,
    keys: Sequence[SealKey],
    type_: str,
    event: SealEvent,
    *,
    reference: File | None = None,
    clock: Clock = system_clock,
    **register: Value,
) -> Posted:
    """Bring seals into stock.

    Parameters
    ----------
    database, actor
    keys : sequence of SealKey
    type_ : str
        One of `keiryo.seals.seal_types.SEAL_TYPES`.
    event : SealEvent
        Who received them, when and where; body and number are taken from `keys`.
    reference : File, optional
        The reference image, for a single seal.
    register
        ``delivery``, ``key_id``, ``soh_interval_s``, ``battery_limit_mv``, ``note``.

    Raises
    ------
    UsageError
        If there is no such type.
    RefusedError
        As `record`.
    """
    if type_ not in SEAL_TYPES:
        raise UsageError(unknown_type(type_).message, unknown_type(type_).advice)
    reports = [
        SealReport(
            replace(event, body=key.body, number=key.number, event="receive"),
            reference=reference,
            seal={"type": type_, **register},
        )
        for key in keys
    ]
    return record(database, actor, reports, clock=clock)


class _Files:
    """The files of some reports: kept before the act, and named in it."""

    def __init__(self, database: Database, actor: Actor, clock: Clock) -> None:
        self.database = database
        self.actor = actor
        self.at = utc_text(clock())
        self.kept: dict[str, tuple[KeptFile, str]] = {}

    @property
    def digests(self) -> set[str]:
        """Digests of the files that come with the reports."""
        return set(self.kept)

    def shown(self, report: SealReport) -> SealReport:
        """Return a report whose event names its files by digest."""
        event = report.event
        photos = [*(event.evidence or "").split(), *(self._keep(o) for o in report.photos)]
        changed: dict[str, Any] = {"evidence": " ".join(dict.fromkeys(photos)) or None}
        if report.reference is not None:
            changed["reference"] = self._keep(report.reference, "reference image of a seal")
        if report.log is not None:
            changed["log"] = self._keep(report.log, "log of a seal")
        return replace(report, event=replace(event, **changed))

    def add_to(self, made: Draft, scope: str) -> None:
        """Add the lines that name the files to a draft."""
        for file, role in self.kept.values():
            add_evidence(made, file, scope, role, self.at)

    def _keep(self, file: File, role: str = "seal") -> str:
        kept = keep_file(self.database.evidence, *file)
        self.kept.setdefault(kept.digest, (kept, role))
        return kept.digest


def _as_it_counts(report: SealReport) -> SealReport:
    """Return a report as the life of seals takes it: removed without notice is found broken."""
    event = report.event
    if event.event == "detach" and event.by_operator and not (event.notice or "").strip():
        words = " | ".join(one for one in (event.reason, event.remark) if one) or None
        event = replace(event, event="broken", reason=WITHOUT_NOTICE, remark=words, notice=None)
    return replace(report, event=event)


def _kind(reports: Sequence[SealReport]) -> str:
    events = {one.event.event for one in reports}
    if events == {"withdraw"} or any(one.event.corrects_act for one in reports):
        return "seal.correct"
    return f"seal.{events.pop()}" if len(events) == 1 else "seal.record"


def _resolved(connection: Connection, metadata: MetaData, report: SealReport) -> SealReport:
    """Return a report with items by their identity, and the only way where none was named."""
    event = report.event
    if event.event != "attach":
        return report
    items = tuple(dict.fromkeys(batch_identity(connection, metadata, one) for one in event.items))
    changed: dict[str, Any] = {"items": items}
    if not event.path_names and event.mba and event.containment:
        there = {one["path"] for one in ways(connection, metadata, event.mba, event.containment)}
        if len(there) == 1:
            changed["paths"] = there.pop()
    return replace(report, event=replace(event, **changed))


def batch_identity(connection: Connection, metadata: MetaData, named: str) -> str:
    """Return the identity of the batch that somebody names; the name itself if there is none."""
    asked = named.strip().removeprefix("batch:")
    mba, _, name = asked.partition("/")
    table = metadata.tables[BATCH.name]
    query = (
        select(table.c.batch_uid)
        .where((table.c.batch_uid == asked) | ((table.c.mba == mba) & (table.c.name == name)))
        .order_by(table.c.act_id.desc(), table.c.line_no.desc())
        .limit(1)
    )
    found = connection.execute(query).scalar()
    return asked if found is None else str(found)


def _findings(
    connection: Connection,
    metadata: MetaData,
    reports: Sequence[SealReport],
    new_files: set[str],
    clock: Clock,
) -> list[Finding]:
    """Return everything that is against some reports."""
    keys = {one.event.key for one in reports}
    lines = seal_lines(connection, metadata, keys)
    known = seal_events(connection, metadata, keys)
    now = utc_text(clock())
    found: list[Finding] = []
    for report in reports:
        event = report.event
        found += form_findings(event)
        found += future(event, now)
        found += world_findings(connection, metadata, event, new_files=new_files)
        line = lines.get(event.key) or report.seal
        before = known.setdefault(event.key, [])
        found += judged(event.key, type_of(line), before, event)[0]
        before.append(event)
    return list(dict.fromkeys(found))


def _scopes(
    connection: Connection, metadata: MetaData, reports: Sequence[SealReport], actor: Actor
) -> list[str]:
    """Return whose the lines of each report are: those of a seal in an area are the area's."""
    known = areas(connection, metadata)
    before = standings(connection, metadata, {one.event.key for one in reports})
    found = []
    for report in reports:
        standing = before.get(report.event.key)
        mba = report.event.mba or (None if standing is None else standing.mba)
        found.append(known[mba].scope if mba in known else actor.on_behalf_of)
    return found


def _add(made: Draft, report: SealReport, scope: str) -> None:
    """Add the lines of a report to a draft."""
    event = report.event
    key: dict[str, Value] = {"body": event.body, "number": event.number}
    if report.seal is not None:
        made.add(SEAL.name, {**key, **report.seal}, scope=scope)
    line = made.add(SEAL_EVENT.name, event.values(), scope=scope)
    for uid in event.items:
        made.add(SEAL_ITEM.name, key, scope=scope, event_line=line, batch_uid=uid)
    for one in report.intervals:
        made.add(
            SEAL_INTERVAL.name,
            key,
            scope=scope,
            event_line=line,
            code=one.code,
            begin_at=one.begin_at,
            end_at=one.end_at,
            value=one.value,
        )


def _keep_refused(
    database: Database,
    actor: Actor,
    reports: Sequence[SealReport],
    findings: Sequence[Finding],
    files: _Files,
    clock: Clock,
) -> Posted:
    """Post reports that were refused, with why, what was seen, and their files."""
    told = [
        {"code": one.code, "severity": str(one.severity), "message": one.message}
        | {"advice": one.advice, "basis": one.basis or ""}
        for one in findings
    ]
    codes = " ".join(dict.fromkeys(one.code for one in findings))

    def draft(connection: Connection) -> Draft:
        made = Draft("seal.refused", f"seals:{uuid.uuid4()}", reason=codes)
        scopes = _scopes(connection, database.metadata, reports, actor)
        files.add_to(made, scopes[0])
        for number, (report, scope) in enumerate(zip(reports, scopes, strict=True)):
            event = report.event
            made.add(
                SEAL_REFUSED.name,
                scope=scope,
                body=event.body or "?",
                number=event.number or "?",
                event=event.event,
                at=event.at,
                person=event.person or "?",
                codes=codes,
                findings=json.dumps(told if number == 0 else [], ensure_ascii=False),
                seen=json.dumps(event.to_dict(), ensure_ascii=False),
                evidence=_all_files(event),
            )
        return made

    return post(database, draft, actor, clock=clock)


def _all_files(event: SealEvent) -> str | None:
    named = [*(event.evidence or "").split(), *filter(None, (event.reference, event.log))]
    return " ".join(dict.fromkeys(named)) or None


def findings_of_refused(posting: Posting) -> Iterator[Finding]:
    """Yield the findings because of which reports were refused, so that they are kept."""
    for row in posting.lines(SEAL_REFUSED.name):
        for one in json.loads(row["findings"]):
            yield Finding(
                one["code"],
                Severity(one["severity"]),
                one["message"],
                one["advice"],
                basis=one["basis"],
            )


REFUSED_ARE_KEPT = Check(
    "refused reports of seals", frozenset({SEAL_REFUSED.name}), findings_of_refused
)
