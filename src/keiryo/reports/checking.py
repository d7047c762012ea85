"""Checking files of reports without recording anything: one set, all findings at once."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence

from keiryo.errors import Finding, RefusedError, Severity
from keiryo.places.tables import areas
from keiryo.reports.context import Context, read_context
from keiryo.reports.export import recorded_reports
from keiryo.reports.filings_of_books import context_of_books
from keiryo.reports.formats.any_reader import read_any
from keiryo.reports.formats.code10_reader import ReadResult
from keiryo.reports.formats.table_places import located
from keiryo.reports.issued import issued_reports
from keiryo.reports.questions.check import check_set, in_order, looked_at
from keiryo.reports.questions.table import question
from keiryo.storage.engine import Database
from keiryo.vocabulary import Profile

File = tuple[str, bytes]
"""Name and content."""


def check_files(
    files: Sequence[File],
    *,
    context: File | None = None,
    on: datetime.date | None = None,
    rules: Profile | None = None,
) -> list[Finding]:
    """Check files of reports as one set; nothing is recorded.

    Parameters
    ----------
    files : sequence of (name, content)
        Labelled text, spreadsheets, tables or JSON.
    context : (name, content), optional
        What came before the reports.
    on : date, optional
        The day on which the set is looked at; see `questions.check.check_set`.
    rules : Profile, optional

    Returns
    -------
    list of Finding

    Raises
    ------
    RefusedError
        If the context cannot be used; its findings say why.
    """
    before, about_context = _context(context)
    result = read_any(files)
    found = [*result.findings, *check_set(result.reports, before, on=on, rules=rules)]
    return [*about_context, *located(in_order(found), result.places)]


def check_against_books(
    database: Database,
    files: Sequence[File],
    *,
    on: datetime.date | None = None,
    rules: Profile | None = None,
    read: ReadResult | None = None,
    progress: Callable[[float], None] | None = None,
) -> list[Finding]:
    """Check files as they would stand in the books; nothing is recorded.

    Parameters
    ----------
    database : Database
        The books: what was received and issued before, and what came before that.
    files, on, rules
        As in `check_files`.
    read : ReadResult, optional
        What was read from the files, if they were read already.
    progress : callable, optional
        Told which share of the work is done; what it raises ends the check.

    Returns
    -------
    list of Finding
        What is found about the files, and what they change: a question that the books raise
        without them is not repeated.
    """
    say = progress or (lambda _share: None)
    result = read_any(files) if read is None else read
    say(0)
    with database.reading() as connection:
        metadata = database.metadata
        before = context_of_books(connection, metadata, database.evidence)
        known = [*recorded_reports(connection, metadata), *issued_reports(connection, metadata)]
        registered = areas(connection, metadata)
    fresh = [report for report in result.reports if report not in known]
    say(0.1)
    day = on or looked_at([*known, *fresh], before)
    old = {_question(one) for one in check_set(known, before, on=day, rules=rules)}
    say(0.2)
    found = check_set([*known, *fresh], before, on=day, rules=rules)
    say(0.9)
    new = [one for one in found if one.file is not None or _question(one) not in old]
    if before is None:  # without a context nobody asked
        new += [
            question("MBA-UNKNOWN", f"{report.mba} is not registered in the books", about=report)
            for report in fresh
            if report.mba is not None and report.mba not in registered
        ]
    return located(in_order([*result.findings, *new]), result.places)


def _question(one: Finding) -> tuple[object, ...]:
    return (one.code, one.mba, one.report, one.entry, one.label, one.category, one.message)


def _context(context: File | None) -> tuple[Context | None, list[Finding]]:
    if context is None:
        return None, []
    name, content = context
    before, found = read_context(content, name)
    if before is None or any(f.severity is Severity.FORMAT for f in found):
        raise RefusedError("the context cannot be used, so nothing was checked", found)
    return before, found
