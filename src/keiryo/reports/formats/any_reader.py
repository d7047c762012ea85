"""Reads files of reports of any kind as one set: labelled text, XLSX, CSV and JSON.

The kind is recognised by the content, not by the name. Labelled text and JSON may be told from
their first signs, workbooks by their magic number; what is left is CSV if a row of titles of a
template stands in it or its name says so, and labelled text otherwise.

Source: choice of keiryo.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from keiryo.errors import Finding, Severity
from keiryo.reports.formats import code10_reader, report_json
from keiryo.reports.formats.code10_reader import MAX_FILE_BYTES, ReadResult
from keiryo.reports.formats.csv_reader import decode, read_csv
from keiryo.reports.formats.table_layout import MIN_TITLES, titles_in
from keiryo.reports.formats.table_places import Address, EntryPlace, located
from keiryo.reports.formats.table_reader import read_csv_table, read_workbook
from keiryo.reports.formats.table_rules import Collected
from keiryo.reports.formats.table_rules import finding as table_finding
from keiryo.reports.model import Report
from keiryo.reports.rule_table import finding

Kind = Literal["code10", "xlsx", "csv", "json", "old-excel", "encrypted", "other"]

_LABELLED = re.compile(r"(?:\A|[#\n\r]|\ufeff)\s*001\s*:\s*(?:[OØ0]I|NC)\s*/", re.IGNORECASE)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_PARTS = ("EncryptedPackage".encode("utf-16-le"), "EncryptionInfo".encode("utf-16-le"))
_OTHERS = (
    (b"%PDF", "a PDF file"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"{\\rtf", "a text document (RTF)"),
    (b"<!DOCTYPE", "a web page"),
    (b"<html", "a web page, perhaps saved as if it were a workbook"),
    (b"<?xml", "an XML file"),
)
_CSV_NAMES = (".csv", ".tsv", ".tab")
_SAMPLE = 200_000
_MOST_NAMED = 8


def kind_of(data: bytes, file: str = "") -> Kind:
    """Return what kind of file this is.

    Parameters
    ----------
    data : bytes
    file : str, optional
        Its name; asked only where the content leaves it open.

    Examples
    --------
    >>> kind_of(b"001:OI/XA;1#"), kind_of(b'{"format": "keiryo-report"}')
    ('code10', 'json')
    """
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "xlsx"
    if data.startswith(_OLE):
        return "encrypted" if any(part in data for part in _ENCRYPTED_PARTS) else "old-excel"
    if file.casefold().endswith((".xlsx", ".xlsm")):
        return "xlsx"
    start = data[:_SAMPLE]
    if len(start) < len(data):
        start = start[: start.rfind(b"\n") + 1] or start[: len(start) // 2 * 2]
    made = decode(start)
    text = made[0] if made is not None else data[:_SAMPLE].decode("latin-1")
    if _LABELLED.search(text):
        return "code10"
    head = text.lstrip("\ufeff \t\r\n")
    if head[:1] in ("{", "[") and not head.startswith("{\\rtf"):
        return "json"
    if any(head.casefold().startswith(magic.decode("latin-1").casefold()) for magic, _ in _OTHERS):
        return "other"
    if made is not None and file.casefold().endswith(_CSV_NAMES):
        return "csv"
    if made is not None and _has_titles(start):
        return "csv"
    return "json" if file.casefold().endswith(".json") else "code10"


def _has_titles(data: bytes) -> bool:
    grid = read_csv(data, Collected(""), titles_in)
    rows = [] if grid is None else list(grid.rows.values())[:100]
    return any(titles_in(row) >= MIN_TITLES for row in rows)


def read_any(
    files: Sequence[tuple[str, bytes]],
    *,
    max_bytes: int = MAX_FILE_BYTES,
    source_lines: bool = False,
) -> ReadResult:
    """Read several files of any kinds, given as name and bytes, as one set.

    Parameters
    ----------
    files : sequence of (str, bytes)
    max_bytes : int, optional
        Larger files are not read.
    source_lines : bool, optional
        Tables without report number are wanted: their rows come as a report of number 0, which
        is no report but lines of the facility's own books. Otherwise they are left out, with a
        finding of severity F.

    Returns
    -------
    ReadResult
        Never raises on bad data. If two files hold a report of the same
        MBA and number, both are returned, with a finding.
    """
    kinds = [kind_of(data, file) if len(data) <= max_bytes else "code10" for file, data in files]
    if all(kind == "code10" for kind in kinds):
        return code10_reader.read_files(files, max_bytes=max_bytes)
    reports: list[Report] = []
    found: list[Finding] = []
    places: dict[Address, EntryPlace] = {}
    for (file, data), kind in zip(files, kinds, strict=True):
        result = _read_one(data, file, kind, max_bytes)
        if not source_lines:
            result = _without_source_lines(result)
        reports += result.reports
        found += result.findings
        places |= result.places
        found += _twice(reports, len(reports) - len(result.reports), file)
    return ReadResult(tuple(reports), tuple(located(found, places)), places)


def _without_source_lines(result: ReadResult) -> ReadResult:
    return ReadResult(
        tuple(report for report in result.reports if report.number),
        tuple(
            replace(one, severity=Severity.FORMAT) if one.code == "TABLE-SOURCE" else one
            for one in result.findings
        ),
        result.places,
    )


def _read_one(data: bytes, file: str, kind: str, max_bytes: int) -> ReadResult:
    if kind == "code10":
        return code10_reader.read(data, file, max_bytes=max_bytes)
    if kind == "json":
        return report_json.read_json(data, file)
    if kind in ("xlsx", "csv"):
        read = (read_workbook if kind == "xlsx" else read_csv_table)(data, file)
        return ReadResult(tuple(read.reports), read.found.all(), read.places)
    if kind == "old-excel":
        message = "the file is a workbook in the old binary format (.xls)"
        return ReadResult((), (table_finding("FILE-OLD-EXCEL", message, file),))
    if kind == "encrypted":
        message = "the workbook is protected by a password"
        return ReadResult((), (table_finding("FILE-ENCRYPTED", message, file),))
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    name = next((n for magic, n in _OTHERS if start.startswith(magic.lower())), "not known")
    return ReadResult((), (table_finding("FILE-KIND", f"the file is {name}", file),))


def _twice(reports: Sequence[Report], before: int, file: str) -> list[Finding]:
    """Return a finding for each new report that was there before."""
    seen: dict[str, Report] = {}
    made = []
    for position, report in enumerate(reports):
        first = seen.setdefault(report.key, report)
        if first is not report and position >= before and report.number:
            earlier = first.file or file
            made.append(
                finding(
                    "SEQ-DUP",
                    f"report {report.key} is in {earlier} and again in {file}, "
                    f"{_difference(first, report)}",
                    file=file,
                    line=report.line or None,
                    mba=report.mba,
                    report=str(report.number),
                    found=file,
                    expected=earlier,
                )
            )
    return made


def _difference(one: Report, other: Report) -> str:
    """Return in words how far two reports of the same number differ in what they say."""
    words = []
    if len(one.entries) != len(other.entries):
        words.append(f"{len(one.entries)} and {len(other.entries)} entries")
    else:
        pairs = zip(one.entries, other.entries, strict=True)
        numbers = [str(a.number) for a, b in pairs if a != b or a.unreadable != b.unreadable]
        if numbers:
            more = f" and {len(numbers) - _MOST_NAMED} more" if len(numbers) > _MOST_NAMED else ""
            words.append(f"other in entry {', '.join(numbers[:_MOST_NAMED])}{more}")
    if replace(one, entries=(), notes=()) != replace(other, entries=(), notes=()):
        words.append("another head")
    if one.notes != other.notes:
        words.append("other notes")
    if not words:
        return "with the same content"
    return f"with different content ({'; '.join(words)})"
