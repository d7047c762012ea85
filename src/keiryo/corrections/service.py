"""Corrections of the books: planned from what is recorded, posted, or written out as files.

A plan is posted as one act that holds the plan itself (why, and what follows from what), and then
one act for each of its reports. Everything is checked before the first of them: if one report
would be refused, nothing is posted. Should the machine stop between two acts, posting the same
plan again adds what is missing and nothing twice.

An operator posts only for the own area; the part of a partner is written to files and sent as a
proposal.

Source: INFCIRC/153 (Corrected), paragraph 103.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select, true

from keiryo.corrections.model import Choices, CorrectionPlan, Wanted
from keiryo.corrections.plan_data import file_name, plan_dict
from keiryo.corrections.planner import plan
from keiryo.dates import utc_text
from keiryo.errors import (
    Finding,
    NotFoundError,
    RefusedError,
    Severity,
    UsageError,
)
from keiryo.journal.evidence import add_evidence, keep_file
from keiryo.journal.model import Actor, Draft
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.reading import act_by_client_id
from keiryo.journal.tables import EVIDENCE
from keiryo.reports.entries import reference_findings
from keiryo.reports.filed import Filings
from keiryo.reports.filings_of_books import filings_of_books
from keiryo.reports.formats.code10_reader import read_files
from keiryo.reports.formats.code10_writer import write
from keiryo.reports.model import Report
from keiryo.reports.rules import check_report
from keiryo.reports.service import ImportSummary, import_reports
from keiryo.reports.tables import ISSUED_REPORT, REPORT
from keiryo.storage.engine import Database
from keiryo.vocabulary import Profile

PLAN_ROLE = "correction plan"
"""What the plan is to the act that records it."""

_BLOCKING = (Severity.FORMAT, Severity.INCONSISTENCY)


@dataclass(frozen=True, slots=True)
class PostedPlan:
    """What became of a plan.

    Attributes
    ----------
    plan_act : int
        The act that holds the plan.
    summary : ImportSummary
        The acts of its reports.
    proposals : tuple of Report
        Reports of partners that were not posted.
    """

    plan_act: int
    summary: ImportSummary
    proposals: tuple[Report, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every report is recorded."""
        return self.summary.complete


def filings_now(database: Database) -> Filings:
    """Return what all areas have filed, as recorded now."""
    with database.reading() as connection:
        return filings_of_books(connection, database.metadata)


def area_of_report(filings: Filings, report_no: int) -> str:
    """Return the one area that has a report of a number.

    Raises
    ------
    NotFoundError
        If no area has one.
    UsageError
        If several have.
    """
    found = sorted(
        code
        for code, area in filings.areas.items()
        if any(report.number == report_no for report in area.reports)
    )
    if not found:
        raise NotFoundError(f"no report {report_no} is recorded", "Look the number up again.")
    if len(found) > 1:
        raise UsageError(
            f"{', '.join(found)} each have a report {report_no}", "Say which with --mba."
        )
    return found[0]


def plan_correction(
    database: Database,
    mba: str | None,
    report_no: int,
    entry_no: int,
    wanted: Wanted,
    choices: Choices,
    *,
    rules: Profile | None = None,
) -> CorrectionPlan:
    """Plan a correction of what is recorded; nothing is posted.

    Parameters
    ----------
    database : Database
    mba : str or None
        The area; None if only one has a report of that number.
    report_no, entry_no, wanted, choices, rules
        As in `keiryo.corrections.planner.plan`.

    Raises
    ------
    NotFoundError, UsageError
        If `mba` is None and cannot be made out.
    """
    filings = filings_now(database)
    area = mba or area_of_report(filings, report_no)
    made = plan(filings, area, report_no, entry_no, wanted, choices, rules=rules)
    if again := used_again(database, area, report_no):
        return replace(made, reports=(), steps=(), findings=(*made.findings, again))
    return made


def used_again(database: Database, mba: str, report_no: int) -> Finding | None:
    """Return the finding that a number was used more than once, or None.

    A reference to an entry names the report by its number alone, so it would not say which of
    the reports is meant; such entries are not corrected.
    """
    received = database.metadata.tables[REPORT.name]
    issued = database.metadata.tables[ISSUED_REPORT.name]
    taken = received.c.outcome == "accepted"
    acts: list[int] = []
    with database.reading() as connection:
        for table, which in ((received, taken), (issued, true())):
            query = select(table.c.act_id).where(
                table.c.mba == mba, table.c.report_no == report_no, which
            )
            acts += [int(act) for act in connection.execute(query).scalars()]
    if len(acts) < 2:
        return None
    return Finding(
        "CORRECT-ENTRY",
        Severity.INCONSISTENCY,
        f"number {report_no} of {mba} was used more than once, in acts "
        f"{', '.join(map(str, sorted(acts)))}: a reference to it does not say which report is "
        "meant",
        "Ask who receives the reports how the two are to be told apart.",
        mba=mba,
        report=str(report_no),
        label="309",
        basis="Code 10, labels 001 and 309",
    )


def write_plan(reports: tuple[Report, ...], folder: Path) -> list[Path]:
    """Write reports of a plan as labelled text, one file each, and return the files.

    Raises
    ------
    UsageError
        If the folder cannot be written.
    """
    paths = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for report in reports:
            path = folder / file_name(report)
            path.write_text(write([report]), encoding="utf-8", newline="\n")
            paths.append(path)
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}") from error
    return paths


def post_plan(
    database: Database,
    correction: CorrectionPlan,
    actor: Actor,
    *,
    only_own: bool = False,
    clock: Clock = system_clock,
) -> PostedPlan:
    """Post a plan: the plan itself, then its reports, all or none.

    Parameters
    ----------
    database : Database
    correction : CorrectionPlan
    actor : Actor
    only_own : bool
        Post the reports of the corrected area only; those of partners are proposals.
    clock : callable

    Returns
    -------
    PostedPlan

    Raises
    ------
    RefusedError
        If the plan is not possible, or a report would be refused; nothing was posted.
    """
    if not correction.possible:
        raise RefusedError(
            "the correction cannot be posted", correction.findings, "Change what is wanted."
        )
    root = correction.root
    if again := used_again(database, root.mba, root.report):
        raise RefusedError("the correction cannot be posted", [again], "Look at the finding.")
    own = [r for r in correction.reports if not only_own or r.mba == correction.root.mba]
    files = [(file_name(report), write([report]).encode()) for report in own]
    problems = _problems(database, own, files)
    if problems:
        raise RefusedError(
            "a report of the correction would be refused, so nothing was posted",
            problems,
            "Plan the correction again: other reports may have come meanwhile.",
        )
    act = _post_plan_itself(database, correction, [name for name, _ in files], actor, clock)
    summary = import_reports(database, files, actor, clock=clock)
    proposals = tuple(r for r in correction.reports if r not in own)
    return PostedPlan(act, summary, proposals)


def _problems(
    database: Database, reports: list[Report], files: list[tuple[str, bytes]]
) -> list[Finding]:
    """Return why reports would be refused, looked up before the first is posted."""
    result = read_files(files)
    found = [f for f in result.findings if f.severity in _BLOCKING]
    with database.reading() as connection:
        for report in reports:
            if not _recorded(connection, database, report):
                found += _refusals(connection, database, report)
    return found


def _recorded(connection: Connection, database: Database, report: Report) -> bool:
    """Whether this very report is recorded already."""
    digest = hashlib.sha256(write([report]).encode()).hexdigest()
    client_id = f"report.accept:{report.key}:{digest}"
    return act_by_client_id(connection, database.metadata, client_id) is not None


def _refusals(connection: Connection, database: Database, report: Report) -> Iterator[Finding]:
    yield from (f for f in check_report(report) if f.severity in _BLOCKING)
    yield from reference_findings(connection, database.metadata, report)
    table = database.metadata.tables[REPORT.name]
    query = select(table.c.act_id).where(
        table.c.mba == report.mba,
        table.c.report_no == report.number,
        table.c.outcome == "accepted",
    )
    used = connection.execute(query).scalar()
    if used is not None:
        yield Finding(
            "SEQ-DUP",
            Severity.INCONSISTENCY,
            f"number {report.number} was used meanwhile, in act {used}",
            "Plan the correction again; it takes the next free number.",
            mba=report.mba,
            report=str(report.number),
            basis="Code 10, label 001",
        )


def _post_plan_itself(
    database: Database,
    correction: CorrectionPlan,
    posted: list[str],
    actor: Actor,
    clock: Clock,
) -> int:
    """Record the plan, so that the acts of its reports can be told together and explained."""
    data = {**plan_dict(correction), "posted": posted}
    content = json.dumps(data, ensure_ascii=False, sort_keys=True).encode()
    root = correction.root
    name = f"correction of {root.country}-{root.mba}-{root.report}-{root.entry}.json"
    kept = keep_file(database.evidence, name, content)
    client_id = f"correction.plan:{kept.digest}"
    with database.reading() as connection:
        before = act_by_client_id(connection, database.metadata, client_id)
    if before is not None:
        return before.act_id
    reason = correction.choices.reason or f"{root.text}: {correction.wanted}"
    draft = Draft("correction.plan", client_id, reason=reason)
    add_evidence(draft, kept, actor.on_behalf_of, PLAN_ROLE, utc_text(clock()))
    return post(database, draft, actor, clock=clock).act.act_id


def recorded_plans(
    connection: Connection, database: Database
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield every plan that was posted, with its act, in order."""
    table = database.metadata.tables[EVIDENCE.name]
    query = select(table.c.act_id, table.c.digest).where(table.c.role == PLAN_ROLE)
    for act_id, digest in connection.execute(query.order_by(table.c.act_id)):
        yield int(act_id), json.loads(database.evidence.get(str(digest)))


def finish_plans(
    database: Database, actor: Actor, *, clock: Clock = system_clock
) -> list[PostedPlan]:
    """Post the reports that are missing of plans whose posting was interrupted.

    Returns
    -------
    list of PostedPlan
        One for each plan that was not complete; empty if all were.
    """
    unfinished = []
    with database.reading() as connection:
        for act_id, data in recorded_plans(connection, database):
            files = [
                (str(report["file"]), str(report["text"]).encode())
                for report in data["reports"]
                if report["file"] in data["posted"]
            ]
            reports = read_files(files).reports
            if not all(_recorded(connection, database, report) for report in reports):
                unfinished.append((act_id, files))
    return [
        PostedPlan(act_id, import_reports(database, files, actor, clock=clock))
        for act_id, files in unfinished
    ]
