"""Checking files of reports without recording anything: one set, all findings at once."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from keiryo.errors import Finding, RefusedError, Severity
from keiryo.reports.context import Context, read_context
from keiryo.reports.formats.any_reader import read_any
from keiryo.reports.formats.table_places import located
from keiryo.reports.questions.check import check_set, in_order
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


def _context(context: File | None) -> tuple[Context | None, list[Finding]]:
    if context is None:
        return None, []
    name, content = context
    before, found = read_context(content, name)
    if before is None or any(f.severity is Severity.FORMAT for f in found):
        raise RefusedError("the context cannot be used, so nothing was checked", found)
    return before, found
