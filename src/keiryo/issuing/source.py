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
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, MetaData, select

from keiryo.accounts.batches import BatchBook
from keiryo.accounts.model import Knowledge
from keiryo.accounts.tables import INVENTORY_CHANGE, PHYSICAL_INVENTORY, effective
from keiryo.dates import date_number, facility_date, utc_text
from keiryo.errors import Finding, RefusedError, Severity
from keiryo.journal.model import Act, Actor, Draft
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.reading import act_by_client_id
from keiryo.journal.tables import EVIDENCE, FINDING, finding_values
from keiryo.places.model import MaterialBalanceArea
from keiryo.places.tables import areas
from keiryo.reports.entries import EntryRecorder
from keiryo.reports.entry_rules import entry_findings
from keiryo.reports.formats.code10_writer import write
from keiryo.reports.model import Entry, Report
from keiryo.storage.engine import Database

RECORDING = "source.record"
_BLOCKING = (Severity.FORMAT, Severity.INCONSISTENCY)
_LISTING = "P"
_NOT_IN_RECORDS = re.compile(r"[#\x00-\x1f\x7f]")
_TEXTS = (("310", "state_record_id"), ("436", "description"), ("446", "batch"),
          ("447", "shipper_batch"), ("469", "basis_method"))  # fmt: skip


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
    client_id = f"{RECORDING}:{_digest(reports)}"
    total = sum(max(1, len(report.entries)) for report in reports)
    every: list[Finding] = []

    def draft(connection: Connection) -> Draft:
        known = act_by_client_id(connection, database.metadata, client_id)
        if known is not None:
            raise _RecordedBeforeError(known)
        every[:] = [*findings, *_set_findings(connection, database.metadata, reports, clock)]
        if _blocks(every, accept_reason):
            raise RefusedError("the source lines were refused; nothing was posted", every)
        reason = accept_reason if any(f.severity in _BLOCKING for f in every) else None
        made = Draft(RECORDING, client_id, reason=reason)
        _add_evidence(database, made, files, actor.on_behalf_of, clock)
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


def _add_evidence(
    database: Database,
    draft: Draft,
    files: Sequence[tuple[str, bytes]],
    scope: str,
    clock: Clock,
) -> None:
    for name, content in files:
        draft.add(
            EVIDENCE.name,
            scope=scope,
            digest=database.evidence.put(content),
            name=name,
            size_bytes=len(content),
            role="source data",
            received_at=utc_text(clock()),
            kept=1,
        )


# --- what is wrong with the set ------------------------------------------------------------------


def _set_findings(
    connection: Connection, metadata: MetaData, reports: Sequence[Report], clock: Clock
) -> list[Finding]:
    registered = areas(connection, metadata)
    found: list[Finding] = []
    if not reports:
        found.append(
            Finding(
                "SOURCE-EMPTY",
                Severity.FORMAT,
                "there are no rows to record",
                "Fill in at least one row below the headings, save the file and give it again.",
            )
        )
    for report in reports:
        place = registered.get(report.mba or "")
        if report.number:
            found.append(_numbered(report))
        elif place is None:
            found.append(_unknown_area(report, registered))
        elif report.type not in ("I", _LISTING):
            found.append(_unknown_type(report))
        elif report.type == _LISTING and report.period_to is None:
            found.append(_no_taking_day(report))
        else:
            found += _report_findings(_completed(report, place, clock))
            found += _duplicates(connection, metadata, report)
            if report.notes:
                found.append(_notes_left_out(report))
    return found


def _numbered(report: Report) -> Finding:
    return Finding(
        "SOURCE-NUMBERED",
        Severity.FORMAT,
        f"this is report {report.number} of {report.mba or 'no MBA'}, not rows without a report",
        "Take it in with 'keiryo reports import', or leave the report number out if keiryo is to "
        "make the report from these rows.",
        file=report.file or None,
        line=report.line or None,
        mba=report.mba,
        report=str(report.number),
        label="001",
        found=str(report.number),
        basis="Code 10, label 001",
    )


def _notes_left_out(report: Report) -> Finding:
    return Finding(
        "SOURCE-NOTE",
        Severity.WARNING,
        f"{len(report.notes)} concise note(s) are not recorded: a note belongs to a report",
        "Give the notes when the report is issued, with --note.",
        file=report.file or None,
        mba=report.mba,
        label="391",
        found=str(len(report.notes)),
        basis="Code 10, labels 099 and 391",
    )


def _unknown_area(report: Report, registered: dict[str, MaterialBalanceArea]) -> Finding:
    named = f"{report.mba} is not registered" if report.mba else "no MBA is named"
    return Finding(
        "MBA-UNKNOWN",
        Severity.FORMAT,
        f"{named}; these rows belong to no material balance area of the books",
        f"Correct the code of the area. Registered are: {', '.join(registered) or 'none yet'}.",
        file=report.file or None,
        line=report.line or None,
        mba=report.mba,
        found=report.mba,
        basis="Code 10, label 307",
    )


def _unknown_type(report: Report) -> Finding:
    return Finding(
        "SOURCE-TYPE",
        Severity.FORMAT,
        "source lines are inventory changes (I) or a physical inventory listing (P), "
        f"not {report.type or 'rows without a type'}",
        "Leave material balances out: keiryo computes them from changes and listings.",
        file=report.file or None,
        line=report.line or None,
        mba=report.mba,
        label="010",
        found=report.type or None,
        expected="I or P",
        basis="INFCIRC/153 paragraph 67",
    )


def _no_taking_day(report: Report) -> Finding:
    return Finding(
        "LABEL-MISSING",
        Severity.FORMAT,
        "the day of the physical inventory taking is missing",
        "Give the day at whose end (24:00) the inventory was taken.",
        file=report.file or None,
        line=report.line or None,
        mba=report.mba,
        label="015",
        basis="Code 10, label 015",
    )


def _completed(report: Report, place: MaterialBalanceArea, clock: Clock) -> Report:
    """Return the rows with the header that a report would have, numbered from 1."""
    entries = tuple(
        replace(entry, number=number, note_indicator=False)
        for number, entry in enumerate(report.entries, start=1)
    )
    days = sorted(entry.date for entry in entries if entry.date is not None)
    first, last = (days[0], days[-1]) if days else (None, None)
    return replace(
        report,
        country=place.state,
        facility=place.facility,
        date=report.date or _today(place, clock),
        period_from=report.period_to if report.type == _LISTING else first,
        period_to=report.period_to if report.type == _LISTING else last,
        entries=entries,
        notes=(),
    )


def _today(place: MaterialBalanceArea, clock: Clock) -> datetime.date:
    return facility_date(clock(), place.zone)


def _report_findings(report: Report) -> Iterator[Finding]:
    """Yield what a report of these rows would be refused for, row by row."""
    taken = report.period_to if report.type == _LISTING else None
    if taken and report.date and taken > report.date:
        yield Finding(
            "DATE-FUTURE",
            Severity.INCONSISTENCY,
            f"the physical inventory is dated {taken}, after {report.date}",
            "Check the year and the month.",
            file=report.file or None,
            mba=report.mba,
            label="015",
            found=str(taken),
            basis="Follows from label 003",
        )
    for entry in report.entries:
        for finding in entry_findings(report, entry):
            yield replace(finding, report=None)
        yield from _text_findings(report, entry)
        if entry.status not in ("N", "U", "") or entry.refers is not None:
            yield Finding(
                "SOURCE-STATUS",
                Severity.FORMAT,
                f"a source line is new, but row {entry.number} has the status {entry.status}",
                "Leave the status out. What is recorded already is put right with "
                "'keiryo correct'.",
                file=entry.file or None,
                line=entry.line or None,
                mba=report.mba,
                entry=entry.number,
                label="309",
                found=entry.status,
                basis="INFCIRC/153 paragraph 103",
            )


def _text_findings(report: Report, entry: Entry) -> Iterator[Finding]:
    """Yield texts that no record can carry: ``#`` ends a data element, a line feed a record."""
    for label, name in _TEXTS:
        text = getattr(entry, name) or ""
        bad = _NOT_IN_RECORDS.search(text)
        if bad is not None:
            yield Finding(
                "LABEL-FORMAT",
                Severity.FORMAT,
                f"{text[:40]!r} holds {bad[0]!r}, which ends a data element",
                "Write it without this sign, in all reports alike.",
                file=entry.file or None,
                line=entry.line or None,
                mba=report.mba,
                entry=entry.number,
                label=label,
                found=text,
                basis="Code 10, section 3",
            )


Content = tuple[tuple[str, int, int | None], ...]


def _content(entry: Entry) -> Content:
    return tuple(sorted((str(g.category), g.element_mg, g.fissile_mg) for g in entry.groups()))


def _duplicates(connection: Connection, metadata: MetaData, report: Report) -> Iterator[Finding]:
    """Yield rows that say the same as another row, or as an entry that the books hold."""
    seen: dict[tuple[object, ...], int] = {}
    for number, entry in enumerate(report.entries, start=1):
        key = (entry.code, entry.date, entry.batch, entry.kmp, _content(entry))
        if not entry.groups():
            continue
        if key in seen:
            yield _duplicate(report, entry, number, f"says the same as row {seen[key]}")
        elif act := _recorded(connection, metadata, report, entry):
            yield _duplicate(report, entry, number, f"is recorded already, in act {act}")
        seen.setdefault(key, number)


def _recorded(
    connection: Connection, metadata: MetaData, report: Report, entry: Entry
) -> int | None:
    """Return the act that holds an effective entry of the same content, or None."""
    listing = report.type == _LISTING
    table = metadata.tables[PHYSICAL_INVENTORY.name if listing else INVENTORY_CHANGE.name]
    where = [table.c.mba == report.mba, table.c.batch == entry.batch]
    if listing:
        assert report.period_to is not None
        where += [table.c.pit_date == date_number(report.period_to), table.c.kmp == entry.kmp]
    elif entry.date is None:
        return None
    else:
        where += [table.c.event_date == date_number(entry.date), table.c.code == entry.code]
    query = select(table).where(*where, effective(table, Knowledge()))
    groups: dict[tuple[int, int], list[tuple[str, int, int | None]]] = {}
    for row in connection.execute(query).mappings():
        key = (int(row["act_id"]), int(row["entry_line"] or row["line_no"]))
        content = (str(row["category"]), int(row["element_mg"]), row["fissile_mg"])
        groups.setdefault(key, []).append(content)
    wanted = _content(entry)
    same = (act for (act, _), content in groups.items() if tuple(sorted(content)) == wanted)
    return next(same, None)


def _duplicate(report: Report, entry: Entry, number: int, words: str) -> Finding:
    return Finding(
        "DUPLICATE",
        Severity.INCONSISTENCY,
        f"row {number} ({' '.join(filter(None, (entry.code, entry.batch, str(entry.date or ''))))})"
        f" {words}: same day, code, batch and weights",
        "Leave the row out if it is the same event. If it happened twice, tell the two apart by "
        "their batch names, or record them with a reason.",
        file=entry.file or None,
        line=entry.line or None,
        mba=report.mba,
        entry=number,
        label="446",
        found=entry.batch,
        basis="Follows from label 446",
    )


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
        whole = _completed(report, place, clock)
        if whole.type == "I":
            by_day = sorted(whole.entries, key=lambda entry: entry.date or datetime.date.min)
            whole = replace(whole, entries=tuple(by_day))
        elif not whole.entries:
            whole = replace(whole, entries=(Entry(number=1, status="U"),))
        SourceRecorder(connection, metadata, place, whole, draft, book).add_all()


def _order(report: Report) -> tuple[str, str, datetime.date]:
    return (report.mba or "", report.type, report.period_to or datetime.date.min)
