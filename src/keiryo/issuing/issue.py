"""Issuing a report: what was prepared is recorded word for word, and can be sent.

One act ``report.issue`` holds the header of the report, its digest, and every record as labelled
text with the entry of the books that it states. The books themselves do not change: they keep what
was measured, the records keep what was said.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy import Connection

from keiryo.dates import Period, date_number
from keiryo.errors import ConflictError, RefusedError
from keiryo.issuing.prepare import PreparedReport, prepare
from keiryo.journal.model import Act, Actor, Draft
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.reading import act_by_client_id
from keiryo.journal.tables import FINDING, finding_values
from keiryo.places.tables import area
from keiryo.reports.issued import Source, issued_reports
from keiryo.reports.model import Report
from keiryo.reports.tables import ISSUED_RECORD, ISSUED_REPORT
from keiryo.storage.engine import Database

__all__ = ["IssuedReport", "issue", "issued_reports"]

ISSUING = "report.issue"


@dataclass(frozen=True, slots=True)
class IssuedReport:
    """A report that was issued, and the act that did it; `repeated` if it was issued before."""

    report: Report
    act: Act
    repeated: bool


def issue(
    database: Database,
    prepared: PreparedReport,
    actor: Actor,
    *,
    clock: Clock = system_clock,
) -> IssuedReport:
    """Issue a prepared report.

    Parameters
    ----------
    database : Database
    prepared : PreparedReport
    actor : Actor
        Who answers for the report.
    clock : callable, optional

    Returns
    -------
    IssuedReport
        The same report again is recognised and changes nothing.

    Raises
    ------
    RefusedError
        If a finding of severity F or E speaks against the report.
    ConflictError
        If the books changed since it was prepared, so that it would say something else now.
    """
    text = prepared.text
    digest = hashlib.sha256(text.encode()).hexdigest()
    client_id = f"{ISSUING}:{prepared.report.key}:{digest}"

    def draft(connection: Connection) -> Draft:
        known = act_by_client_id(connection, database.metadata, client_id)
        if known is not None:
            raise _IssuedBeforeError(known)
        if prepared.blocked:
            raise _refused(prepared)
        again = _require_current(connection, database, prepared)
        if again.blocked:
            raise _refused(again)
        return _draft(connection, database, prepared, client_id, digest)

    try:
        act = post(database, draft, actor, clock=clock).act
    except _IssuedBeforeError as before:
        return IssuedReport(prepared.report, before.act, True)
    return IssuedReport(prepared.report, act, False)


class _IssuedBeforeError(Exception):
    """The same report was issued already."""

    def __init__(self, act: Act) -> None:
        super().__init__(act.client_id)
        self.act = act


def _refused(prepared: PreparedReport) -> RefusedError:
    return RefusedError(
        f"report {prepared.report.key} cannot be issued; nothing was posted",
        prepared.findings,
        "Put right what the findings say, then prepare it again.",
    )


def _require_current(
    connection: Connection, database: Database, prepared: PreparedReport
) -> PreparedReport:
    """Make the report again, now that nobody else can post, and compare."""
    report = prepared.report
    assert report.mba and report.date and report.period_from and report.period_to
    again = prepare(
        connection,
        database.metadata,
        report.mba,
        report.type,
        Period(report.period_from, report.period_to),
        report_date=report.date,
        encoder=report.encoder or "",
        profile_name=prepared.profile,
        notes=[(note.on_entry, note.text or "") for note in report.notes],
    )
    if again.report != report or again.sources != prepared.sources:
        raise ConflictError(
            f"the books changed since report {report.key} was prepared: it would be another "
            f"report now, {again.report.key} with {len(again.report.entries)} entries",
            "Prepare it again, look at it, and issue that.",
        )
    return again


def _draft(
    connection: Connection,
    database: Database,
    prepared: PreparedReport,
    client_id: str,
    digest: str,
) -> Draft:
    report = prepared.report
    assert report.mba and report.date and report.period_from and report.period_to
    scope = area(connection, database.metadata, report.mba).scope
    made = Draft(ISSUING, client_id)
    made.add(
        ISSUED_REPORT.name,
        scope=scope,
        country=report.country,
        mba=report.mba,
        facility=report.facility,
        report_no=report.number,
        report_type=report.type,
        report_date=date_number(report.date),
        encoder=report.encoder,
        period_from=date_number(report.period_from),
        period_to=date_number(report.period_to),
        through_act=prepared.through_act,
        profile=prepared.profile,
        entry_count=len(report.entries),
        digest=digest,
    )
    numbers: list[tuple[str, int, Source | None]] = [
        ("OI", entry.number, source)
        for entry, source in zip(report.entries, prepared.sources, strict=True)
    ]
    numbers += [("NC", note.number, None) for note in report.notes]
    records = prepared.text.removesuffix("\n").split("\n")
    for content, (kind, number, source) in zip(records, numbers, strict=True):
        made.add(
            ISSUED_RECORD.name,
            scope=scope,
            mba=report.mba,
            report_no=report.number,
            record_kind=kind,
            record_no=number,
            content=content,
            source_act=None if source is None else source[0],
            source_line=None if source is None else source[1],
        )
    for finding in prepared.findings:
        made.add(FINDING.name, finding_values(finding, scope))
    return made
