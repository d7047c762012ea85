"""Receiving reports: a set of files becomes one act per report, accepted or refused.

What stands between reports (transit, continuity) is looked at when all are in, and recorded as
open findings; it never blocks a report. A report that was recorded before is recognised and left
alone, so an interrupted import is simply run again.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection, select

from keiryo.dates import date_number, utc_text
from keiryo.errors import Finding, NotAllowedError, RefusedError, Severity
from keiryo.journal.evidence import MAX_KEPT_BYTES, KeptFile, add_evidence, keep_file
from keiryo.journal.model import Act, Actor, Draft
from keiryo.journal.posting import Clock, LineProgress, post, system_clock
from keiryo.journal.reading import act_by_client_id
from keiryo.journal.tables import FINDING, FINDING_ANSWER, finding_values
from keiryo.places.model import MaterialBalanceArea
from keiryo.places.tables import AREA, area_values, areas
from keiryo.reports.context import (
    Context,
    add_context,
    contradictions,
    divided,
    read_context,
)
from keiryo.reports.continuity import record_open_findings, settled_by
from keiryo.reports.entries import EntryProgress, EntryRecorder, add_notes, reference_findings
from keiryo.reports.filing import in_order_of_date
from keiryo.reports.formats.any_reader import read_any
from keiryo.reports.formats.code10_writer import write
from keiryo.reports.formats.table_places import located
from keiryo.reports.model import Report
from keiryo.reports.opening import add_opening, require_new_books
from keiryo.reports.preparing import post_prepared
from keiryo.reports.rules import check_report
from keiryo.reports.tables import REPORT
from keiryo.storage.engine import Database

ENTRY_MARK = b"001:OI"
"""What an entry begins with in labelled text."""
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class ReportOutcome:
    """What became of one report.

    Attributes
    ----------
    report : str
        ``State/MBA/number``; the file name for a file that held no report.
    outcome : str
        ``"accepted"``, ``"refused"`` or ``"recorded before"``.
    act_id : int
    findings : tuple of Finding
    """

    report: str
    outcome: str
    act_id: int
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """What became of a set of files.

    Attributes
    ----------
    outcomes : tuple of ReportOutcome
    context_act : int or None
    context_findings : tuple of Finding
    open_findings : tuple of Finding
        What stands open between reports after the import.
    """

    outcomes: tuple[ReportOutcome, ...] = ()
    context_act: int | None = None
    context_findings: tuple[Finding, ...] = ()
    open_findings: tuple[Finding, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether nothing was refused."""
        blocked = any(f.severity in _BLOCKING for f in self.context_findings)
        refused = any(o.outcome == "refused" for o in self.outcomes)
        return not refused and (self.context_act is not None or not blocked)


_BLOCKING = (Severity.FORMAT, Severity.INCONSISTENCY)


@dataclass(slots=True)
class _Import:
    database: Database
    actor: Actor
    accept_reason: str | None
    clock: Clock
    received_at: str
    evidence: dict[str, KeptFile] = field(default_factory=dict)
    contradicting: dict[tuple[str, str], list[Finding]] = field(default_factory=dict)
    progress: Progress | None = None
    entries: int = 0
    done: float = 0

    def say(self, report: Report, share: float = 0) -> None:
        """Say how many entries are done, with a share of those of one report."""
        if self.progress is not None:
            done = self.done + share * len(report.entries)
            self.progress(min(int(done), self.entries), self.entries, report.key)

    def prepared(self, report: Report) -> EntryProgress:
        """Return whom to tell how many entries of a report are prepared: half of the work."""
        count = max(1, len(report.entries))
        return lambda number: self.say(report, 0.5 * number / count)

    def recorded(self, report: Report, draft: list[Draft]) -> LineProgress:
        """Return whom to tell how many lines of a draft are recorded: the other half."""

        def lines_recorded(number: int) -> None:
            self.say(report, 0.5 + 0.5 * min(1, number / max(1, len(draft[-1].lines))))

        return lines_recorded


def import_reports(
    database: Database,
    files: Sequence[tuple[str, bytes]],
    actor: Actor,
    *,
    context: tuple[str, bytes] | None = None,
    accept_reason: str | None = None,
    clock: Clock = system_clock,
    progress: Progress | None = None,
) -> ImportSummary:
    """Import files with labelled Code 10 reports as one set.

    Parameters
    ----------
    database : Database
    files : sequence of (name, content)
    actor : Actor
    context : (name, content), optional
        What came before the files.
    accept_reason : str, optional
        Accept reports with findings of severity E (not F) for this reason, which is recorded.
    progress : callable, optional
        Called with (entries done, entries in all, report) at the beginning, with each report, and
        now and then within a large one. Whatever it raises ends the import; reports that were
        recorded by then stay recorded.

    Returns
    -------
    ImportSummary
        Findings are data; only what the computer cannot do raises.
    """
    if progress:  # before the files are read, as far as their text shows it
        progress(0, sum(content.count(ENTRY_MARK) for _, content in files), "")
    result = read_any(files)
    run = _Import(database, actor, accept_reason, clock, utc_text(clock()), progress=progress)
    context_act: int | None = None
    context_findings: list[Finding] = []
    if context is not None:
        context_act, context_findings = _post_context(run, context, result.reports)
        if context_act is None:
            return ImportSummary(context_findings=tuple(context_findings))
    for name, content in files:
        run.evidence[name] = _keep(database, name, content)
    outcomes = []
    by_report, by_file = _assigned(result.findings, result.reports)
    for name, findings in by_file.items():
        if any(f.severity is Severity.FORMAT for f in findings):
            outcomes.append(_refuse_file(run, name, findings))
    ordered = in_order_of_date(result.reports)  # a correction follows what it corrects
    run.entries = sum(len(report.entries) for report in ordered)
    for report in ordered:
        run.say(report)
        findings = [*by_report.get(_address(report), []), *check_report(report)]
        findings = located(findings, result.places)
        findings += run.contradicting.get((report.mba or "", str(report.number)), [])
        outcomes.append(_post_report(run, report, findings))
        run.done += len(report.entries)
        run.say(report)
    nobody_prepared = replace(actor, endorsement=())
    open_findings = record_open_findings(database, nobody_prepared, clock=clock)
    return ImportSummary(
        tuple(outcomes), context_act, tuple(context_findings), tuple(open_findings)
    )


Address = tuple[str, str, str]


def _address(report: Report) -> Address:
    return (report.file, report.mba or "", str(report.number))


def _assigned(
    findings: Iterable[Finding], reports: Sequence[Report]
) -> tuple[dict[Address, list[Finding]], dict[str, list[Finding]]]:
    """Give each finding to its report, or to its file if it belongs to none."""
    known = {_address(report) for report in reports}
    by_report: dict[Address, list[Finding]] = {}
    by_file: dict[str, list[Finding]] = {}
    for finding in findings:
        address = (finding.file or "", finding.mba or "", finding.report or "")
        if address in known:
            by_report.setdefault(address, []).append(finding)
        else:
            by_file.setdefault(finding.file or "", []).append(finding)
    return by_report, by_file


def _keep(database: Database, name: str, content: bytes) -> KeptFile:
    """Store a file as evidence; of one that is too large only the digest is kept."""
    return keep_file(database.evidence, name, content, up_to_bytes=MAX_KEPT_BYTES)


def _add_evidence(run: _Import, draft: Draft, name: str, scope: str, role: str) -> str:
    file = run.evidence[name]
    add_evidence(draft, file, scope, role, run.received_at)
    return file.digest


def _stop_if_recorded(connection: Connection, run: _Import, client_id: str) -> None:
    before = act_by_client_id(connection, run.database.metadata, client_id)
    if before is not None:
        raise _RecordedBefore(before)


def _post_once(run: _Import, client_id: str, build: Callable[[Connection], Draft]) -> Act:
    """Post what `build` makes, unless it is recorded under the client id already."""

    def source(connection: Connection) -> Draft:
        _stop_if_recorded(connection, run, client_id)
        return build(connection)

    try:
        return post(run.database, source, run.actor, clock=run.clock).act
    except _RecordedBefore as before:
        return before.act


def _refuse_file(run: _Import, name: str, findings: list[Finding]) -> ReportOutcome:
    digest = run.evidence[name].digest
    draft = Draft("report.refuse", f"file.refuse:{digest}", reason="no report could be read")
    scope = run.actor.on_behalf_of
    _add_evidence(run, draft, name, scope, "refused file")
    for finding in findings:
        draft.add(FINDING.name, finding_values(finding, scope))
    act = _post_once(run, draft.client_id, lambda _: draft)
    return ReportOutcome(name, "refused", act.act_id, tuple(findings))


def _post_context(
    run: _Import, context: tuple[str, bytes], reports: Sequence[Report]
) -> tuple[int | None, list[Finding]]:
    name, content = context
    parsed, findings = read_context(content, name)
    if parsed is not None:
        against_context, run.contradicting = divided(contradictions(parsed, reports, name), reports)
        findings += against_context
        if parsed.country != run.actor.on_behalf_of:
            findings.append(_foreign_context(run, parsed, name))
    if parsed is None or _blocks(run, findings):
        return None, findings
    run.evidence[name] = _keep(run.database, name, content)
    client_id = f"context:{run.evidence[name].digest}"

    def draft(connection: Connection) -> Draft:
        require_new_books(connection, run.database.metadata, parsed, name)
        made = Draft("context.accept", client_id, reason=run.accept_reason)
        registered = areas(connection, run.database.metadata)
        add_context(made, parsed, registered)
        _add_evidence(run, made, name, parsed.country, "context")
        for finding in findings:
            made.add(FINDING.name, finding_values(finding, parsed.country))
        for area_context in parsed.areas.values():
            add_opening(connection, run.database.metadata, made, parsed, area_context)
        return made

    try:
        act = _post_once(run, client_id, draft)
    except RefusedError as error:
        return None, [*findings, *error.findings]
    return act.act_id, findings


def _foreign_context(run: _Import, context: Context, name: str) -> Finding:
    return Finding(
        "CONTEXT-CONTRADICTS",
        Severity.INCONSISTENCY,
        f"the context is of {context.country}, these are the books of {run.actor.on_behalf_of}",
        "Name the right books with --db, or correct the country of the context.",
        file=name,
        found=context.country,
        expected=run.actor.on_behalf_of,
        basis="Code 10, label 001",
    )


def _blocks(run: _Import, findings: Iterable[Finding]) -> bool:
    severities = {f.severity for f in findings}
    if Severity.FORMAT in severities:
        return True
    return Severity.INCONSISTENCY in severities and run.accept_reason is None


def _post_report(run: _Import, report: Report, findings: list[Finding]) -> ReportOutcome:
    digest = hashlib.sha256(write([report]).encode()).hexdigest()
    accepted_id = f"report.accept:{report.key}:{digest}"
    every: list[Finding] = []
    drafts: list[Draft] = []

    def draft(connection: Connection) -> Draft:
        _stop_if_recorded(connection, run, accepted_id)
        every[:] = [*findings, *_book_findings(connection, run, report)]
        return judged(connection)

    def judged(connection: Connection) -> Draft:
        _stop_if_recorded(connection, run, accepted_id)
        made = _report_draft(connection, run, report, digest, every)
        _stop_if_recorded(connection, run, made.client_id)
        drafts[:] = [made]
        return made

    said = run.recorded(report, drafts)
    try:
        try:
            act = post_prepared(run.database, draft, run.actor, clock=run.clock, progress=said).act
        except NotAllowedError:  # it is not the report that is refused
            raise
        except RefusedError as error:
            known_now = [f for f in every if f not in error.findings]
            every[:] = known_now + [replace(f, severity=Severity.FORMAT) for f in error.findings]
            act = post(run.database, judged, run.actor, clock=run.clock).act
    except _RecordedBefore as before:
        act = before.act
        if act.client_id == accepted_id:
            return ReportOutcome(report.key, "recorded before", act.act_id, tuple(findings))
    outcome = "refused" if act.kind == "report.refuse" else "accepted"
    return ReportOutcome(report.key, outcome, act.act_id, tuple(every))


class _RecordedBefore(Exception):
    """The same content is recorded already; found out when nobody else can be posting."""

    def __init__(self, act: Act) -> None:
        super().__init__(act.client_id)
        self.act = act


def _book_findings(connection: Connection, run: _Import, report: Report) -> list[Finding]:
    """Findings inside a report that only the books can tell."""
    found = list(reference_findings(connection, run.database.metadata, report))
    table = run.database.metadata.tables[REPORT.name]
    if report.mba is not None:
        used = connection.execute(
            select(table.c.act_id).where(
                table.c.mba == report.mba,
                table.c.report_no == report.number,
                table.c.outcome == "accepted",
            )
        ).scalar()
        if used is not None and not any(f.code == "SEQ-DUP" for f in found):
            found.append(
                _about(
                    report,
                    "SEQ-DUP",
                    f"number {report.number} was used before, in act {used}, with other content",
                    "Give the report the next free number.",
                )
            )
        registered = areas(connection, run.database.metadata).get(report.mba)
        if registered is None:
            found.append(
                _about(
                    report,
                    "MBA-UNKNOWN",
                    f"{report.mba} is not registered",
                    "Give the context of the area with --context, or correct label 307.",
                )
            )
        elif report.facility not in (None, registered.facility):
            found.append(
                _about(
                    report,
                    "FACILITY-UNKNOWN",
                    f"{report.mba} lies in facility "
                    f"{registered.facility}, the report says {report.facility}",
                    "Correct label 207.",
                )
            )
        elif report.country != registered.state:
            found.append(
                _about(
                    report,
                    "STATE-UNKNOWN",
                    f"{report.mba} belongs to "
                    f"{registered.state}, the report is of {report.country}",
                    "Correct label 001.",
                )
            )
    return found


def _about(report: Report, code: str, message: str, advice: str) -> Finding:
    return Finding(
        code,
        Severity.INCONSISTENCY,
        message,
        advice,
        file=report.file,
        line=report.line,
        mba=report.mba,
        report=str(report.number),
        basis="Code 10, labels 001, 207 and 307",
    )


def _report_draft(
    connection: Connection, run: _Import, report: Report, digest: str, findings: list[Finding]
) -> Draft:
    refused = _blocks(run, findings)
    outcome = "refused" if refused else "accepted"
    kind = "report.refuse" if refused else "report.accept"
    reason = run.accept_reason if findings and not refused else None
    client_id = f"{kind}:{report.key}:{digest}"
    if refused:  # refused again for other reasons, it is another act
        why = repr([(f.code, f.entry, f.message) for f in findings])
        client_id += f":{hashlib.sha256(why.encode()).hexdigest()[:16]}"
    draft = Draft(kind, client_id, reason=reason)
    place = _place(connection, run, report, draft, register=not refused)
    scope = place.scope if place else run.actor.on_behalf_of
    evidence = _add_evidence(run, draft, report.file, scope, "report")
    draft.add(
        REPORT.name,
        scope=scope,
        country=report.country or "?",
        report_no=report.number,
        mba=report.mba,
        facility=report.facility,
        report_type=report.type or None,
        report_date=_number(report.date),
        encoder=report.encoder,
        period_from=_number(report.period_from),
        period_to=_number(report.period_to),
        period_single=int(report.period_single),
        entry_count=len(report.entries),
        outcome=outcome,
        digest=digest,
        evidence=evidence,
    )
    if not refused:
        add_notes(draft, report, scope)
        if place is not None and report.type in ("I", "P", "M"):
            recorder = EntryRecorder(connection, run.database.metadata, place, report, draft)
            recorder.add_all(run.prepared(report))
        settled = settled_by(connection, run.database.metadata, report.mba, report.number)
        for act_id, line_no, finding_scope in settled:
            draft.add(
                FINDING_ANSWER.name,
                scope=finding_scope,
                finding_act=act_id,
                finding_line=line_no,
                answer="the report was sent again and accepted",
                state="closed",
            )
    for finding in findings:
        draft.add(FINDING.name, finding_values(finding, scope))
    return draft


def _place(
    connection: Connection, run: _Import, report: Report, draft: Draft, *, register: bool
) -> MaterialBalanceArea | None:
    """Return the area of a report; one that was accepted though unknown is registered."""
    if report.mba is None:
        return None
    known = areas(connection, run.database.metadata).get(report.mba)
    if known is not None or not register or report.facility is None:
        return known
    place = MaterialBalanceArea(report.country, report.facility, report.mba)
    draft.add(AREA.name, area_values(place))
    return place


def _number(day: datetime.date | None) -> int | None:
    return None if day is None else date_number(day)
