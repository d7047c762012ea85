"""Records of evidence from a file that somebody keeps: CSV, JSON or TOML, in UTF-8.

A file holds records of one kind; the column with their names says which: ``test``,
``maintenance``, ``measure`` or ``alarm``. In CSV the first row names the columns; JSON is a list
of objects, TOML has tables ``[[row]]``. All that is wrong is told at once with its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from keiryo.errors import Finding, Severity
from keiryo.security_evidence.kinds import ALARM, BASIS, KINDS, Kind, moment
from keiryo.sheet_rows import SheetTable, read_sheet
from keiryo.sheet_text import SheetTextError

SENSITIVE = frozenset(
    {"trials", "successes", "p_detection", "delay", "mean_s", "sd_s", "delay_mean_s", "delay_sd_s"}
)
"""Columns whose content has no place in the books."""


@dataclass(frozen=True, slots=True)
class FileOfRecords:
    """What a file holds: records of one kind, and everything that is wrong with it."""

    kind: Kind
    rows: tuple[Mapping[str, Any], ...]
    findings: tuple[Finding, ...]


def read_file(
    name: str, content: bytes, *, facility: str | None = None, zone: str | None = None
) -> FileOfRecords:
    """Read a file of records.

    Parameters
    ----------
    name : str
        Its ending says what it is: ``.json``, ``.toml``, anything else is CSV.
    content : bytes
    facility : str, optional
        The facility of rows that name none.
    zone : str, optional
        IANA name of the time zone of moments without an offset.
    """
    try:
        sheet = read_sheet(name, content)
    except SheetTextError as error:
        found = _finding("EVIDENCE-TABLE", error.message, error.advice, name, error.line)
        return FileOfRecords(ALARM, (), (found,))
    columns = dict.fromkeys(column for one in sheet for column in one.values)
    kinds = [one for one in KINDS.values() if one.id in columns]
    if len(kinds) != 1 or not sheet:
        words = "the file has no rows" if not sheet else "no one column says what the records are"
        advice = "One column is named test, maintenance, measure or alarm and names the records."
        found = _finding("EVIDENCE-TABLE", words, advice, name)
        return FileOfRecords(ALARM, (), (found,))
    kind = kinds[0]
    findings = [_sensitive(one, name) for one in columns if one in SENSITIVE]
    known = [
        replace(one, values={k: v for k, v in one.values.items() if k not in SENSITIVE})
        for one in sheet
    ]
    read, wrong = _table(kind).read_rows(name, known)
    rows = []
    for row in read:
        row["facility"] = row["facility"] or facility
        if row["facility"] is None:
            advice = "Fill in the facility, or name one for all."
            told = ("facility is missing", advice, name, row["line"])
            wrong.append(_finding("EVIDENCE-CELL", *told))
            continue
        times = {one: moment(row[one], zone) for one in kind.moments if row[one] is not None}
        rows.append(row | times)
    return FileOfRecords(kind, tuple(rows), (*findings, *wrong))


def _table(kind: Kind) -> SheetTable:
    return SheetTable(
        ("facility", *kind.fields, "reason"),
        (kind.id,),
        lambda words, advice: _finding("EVIDENCE-TABLE", words, advice),
        lambda words, advice: _finding("EVIDENCE-CELL", words, advice),
        days=frozenset(kind.days),
        lists=frozenset(kind.lists),
        flags=frozenset({"two_person"}),
    )


def _sensitive(column: str, name: str) -> Finding:
    return _finding(
        "EVIDENCE-SENSITIVE",
        f"the column {column} has no place in the books",
        "Take it out: numbers from which the value of an element follows are kept in the "
        "sealed store; name its record in counts_ref or values_ref.",
        name,
    )


def _finding(
    code: str, message: str, advice: str, file: str | None = None, line: int | None = None
) -> Finding:
    return Finding(code, Severity.FORMAT, message, advice, file=file, line=line, basis=BASIS)
