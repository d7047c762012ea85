"""Source lines: what a facility writes down before any report, taken into the books as measured.

A facility records receipts, discards, listings and so on from its source documents, with weights
as measured and not rounded (INFCIRC/153 paragraphs 51, 54 and 115). They become lines of the books
that were not reported yet: they have no report number and no status. A report that states them is
made later, by `keiryo.issuing.prepare`, and changes nothing in them.

Everything that was given is taken in one act, or nothing is. A row that would be refused in a
report is refused here, where the source document is still at hand.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, MetaData

from keiryo.accounts.batches import BatchBook
from keiryo.dates import utc_text
from keiryo.errors import Finding, RefusedError, Severity
from keiryo.issuing.source_findings import completed, set_findings
from keiryo.journal.evidence import add_evidence, keep_file
from keiryo.journal.model import Act, Actor, Draft
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.reading import act_by_client_id
from keiryo.journal.tables import FINDING, finding_values
from keiryo.places.model import MaterialBalanceArea
from keiryo.places.tables import areas
from keiryo.reports.entries import EntryRecorder
from keiryo.reports.formats.code10_writer import write
from keiryo.reports.model import Entry, Report
from keiryo.storage.engine import Database

RECORDING = "source.record"
_BLOCKING = (Severity.FORMAT, Severity.INCONSISTENCY)
_MEANT_AS_SOURCE = "TABLE-SOURCE"
"""Says that a table has no report number; here that is what was asked for, and no question."""


@dataclass(frozen=True, slots=True)
class SourceOutcome:
    """What became of a set of source lines.

    Attributes
    ----------
    outcome : str
        ``"recorded"``, ``"refused"`` (nothing was posted) or ``"recorded before"``.
    act_id : int or None
    entries : int
        Entries of the books that the set makes.
    findings : tuple of Finding
    """

    outcome: str
    act_id: int | None
    entries: int
    findings: tuple[Finding, ...] = ()


def record_source(
    database: Database,
    reports: Sequence[Report],
    actor: Actor,
    *,
    files: Sequence[tuple[str, bytes]] = (),
    findings: Sequence[Finding] = (),
    accept_reason: str | None = None,
    clock: Clock = system_clock,
) -> SourceOutcome:
    """Record the source lines of facilities: all of them in one act, or none.

    Parameters
    ----------
    database : Database
    reports : sequence of Report
        As read from templates, number 0: type I for changes, P for the listing of a physical
        inventory taking (`period_to`; without entries: the area was empty). Weights as measured,
        in milligrams. `date` is the day from which the lines count as known; None: today.
    actor : Actor
    files : sequence of (name, content)
        The files that they were read from; kept as evidence of the act.
    findings : sequence of Finding
        What came up while the files were read; F and E among them forbid recording.
    accept_reason : str, optional
        Record in spite of findings of severity E (not F), for this reason.
    clock : callable, optional

    Returns
    -------
    SourceOutcome
        Findings are data; only what the computer cannot do raises. The same content again is
        recognised, whatever the file is called.
    """
    findings = [finding for finding in findings if finding.code != _MEANT_AS_SOURCE]
    client_id = f"{RECORDING}:{_digest(reports)}"
    total = sum(max(1, len(report.entries)) for report in reports)
    every: list[Finding] = []

    def draft(connection: Connection) -> Draft:
        known = act_by_client_id(connection, database.metadata, client_id)
        if known is not None:
            raise _RecordedBeforeError(known)
        every[:] = [*findings, *set_findings(connection, database.metadata, reports, clock)]
        if _blocks(every, accept_reason):
            raise RefusedError("the source lines were refused; nothing was posted", every)
        reason = accept_reason if any(f.severity in _BLOCKING for f in every) else None
        made = Draft(RECORDING, client_id, reason=reason)
        for name, content in files:
            kept = keep_file(database.evidence, name, content)
            add_evidence(made, kept, actor.on_behalf_of, "source data", utc_text(clock()))
        registered = areas(connection, database.metadata)
        _add_entries(connection, database.metadata, made, reports, registered, clock)
        for finding in every:
            scope = registered[finding.mba].scope if finding.mba in registered else None
            made.add(FINDING.name, finding_values(finding, scope or actor.on_behalf_of))
        return made

    try:
        act = post(database, draft, actor, clock=clock).act
    except _RecordedBeforeError as before:
        return SourceOutcome("recorded before", before.act.act_id, total, tuple(findings))
    except RefusedError as error:
        found = [*every, *(f for f in error.findings if f not in every)]
        return SourceOutcome("refused", None, total, tuple(found))
    return SourceOutcome("recorded", act.act_id, total, tuple(every))


class _RecordedBeforeError(Exception):
    """The same content is recorded already."""

    def __init__(self, act: Act) -> None:
        super().__init__(act.client_id)
        self.act = act


def _digest(reports: Sequence[Report]) -> str:
    """Return a digest of what the lines say, whatever file and order of areas they came in."""
    texts = []
    for report in reports:
        header = (report.type, report.mba, str(report.period_to) if report.type == "P" else "")
        plain = replace(report, date=None, encoder=None, period_from=None, period_to=None)
        texts.append(repr(header) + write([plain]))
    return hashlib.sha256("\f".join(sorted(texts)).encode()).hexdigest()


def _blocks(findings: Iterable[Finding], accept_reason: str | None) -> bool:
    severities = {finding.severity for finding in findings}
    if Severity.FORMAT in severities:
        return True
    return Severity.INCONSISTENCY in severities and accept_reason is None


# --- from rows to lines --------------------------------------------------------------------------


class SourceRecorder(EntryRecorder):
    """Adds the lines of entries that no report states yet: without number and status.

    Parameters
    ----------
    batches : BatchBook
        Shared by all recorders of one area and act, so that a batch that one of them begins is
        known to the next.
    """

    def __init__(
        self,
        connection: Connection,
        metadata: MetaData,
        place: MaterialBalanceArea,
        report: Report,
        draft: Draft,
        batches: BatchBook,
    ) -> None:
        super().__init__(connection, metadata, place, report, draft)
        self.batches = batches

    def add(self, entry: Entry) -> None:
        """Add the lines of one entry and take the report's numbers out of them."""
        before = len(self.draft.lines)
        super().add(entry)
        for name, values in self.draft.lines[before:]:
            if name == self.table:
                values.update(report_no=None, entry_no=None, entry_total=None)
                if values["status"] != "U":
                    values["status"] = None


def _add_entries(
    connection: Connection,
    metadata: MetaData,
    draft: Draft,
    reports: Sequence[Report],
    registered: dict[str, MaterialBalanceArea],
    clock: Clock,
) -> None:
    """Add all entries: areas in order, changes by day, then listings by day."""
    books: dict[str, BatchBook] = {}
    for report in sorted(reports, key=_order):
        place = registered[report.mba or ""]
        book = books.setdefault(place.code, BatchBook(connection, metadata, place, draft))
        whole = completed(report, place, clock)
        if whole.type == "I":
            by_day = sorted(whole.entries, key=lambda entry: entry.date or datetime.date.min)
            whole = replace(whole, entries=tuple(by_day))
        elif not whole.entries:
            whole = replace(whole, entries=(Entry(number=1, status="U"),))
        SourceRecorder(connection, metadata, place, whole, draft, book).add_all()


def _order(report: Report) -> tuple[str, str, datetime.date]:
    return (report.mba or "", report.type, report.period_to or datetime.date.min)
