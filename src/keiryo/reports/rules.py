"""Checks one Code 10 report for what can be seen in it alone.

`check_report` asks for everything that the model of a report can show: that the labels asked for
are there, that codes and names are right, that notes and entries agree, that a balance adds up.
What only the text shows (a label twice, not a number, disagreeing headers) was found while
reading, by `formats.code10_reader`. Rules on one entry are in `entry_rules`, sums over entries in
`balance_rules`; the table of codes, severities and sources is `RULES`.

What looks strange and is right gives no finding: a negative shipper/receiver difference, more
U-235 than uranium in a nuclear loss, corrections outside the period of their report, bulk batches
of 0 items, plutonium without isotopes, a balance without BE or without 770 and 780, an empty area
that reports status U, one batch in several entries of a day.

Source: IAEA SG-FM-1172, Model Subsidiary Arrangement Code 10, labelled format, sections 3 and 4.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from keiryo.errors import Finding, Severity
from keiryo.reports.balance_rules import balance_findings, rebatching_findings
from keiryo.reports.entry_rules import AREA_CODE, Record, entry_findings
from keiryo.reports.formats.code10_writer import note_elements, record_length
from keiryo.reports.model import REPORT_TYPES, Entry, Note, Report
from keiryo.reports.rule_table import RULES, Limited, Rule, finding, shown

__all__ = ["MAX_NOTE_LENGTH", "RULES", "Rule", "check_report"]

MAX_NOTE_LENGTH = 2000
"""Characters in a note; also in a whole record of a textual report."""

_MAX_ENCODER_LENGTH = 30
_NOT_PLAIN = re.compile(r"[^ -~\ufffd]|[a-z#]")
_LOWER_OR_SEPARATOR = re.compile(r"[a-z#]")
_REFERENCE = re.compile(r"R|E/[0-9]{1,9}|R/[0-9]{1,9}|E/[0-9]{1,9}/[0-9]{1,9}")


def check_report(report: Report, *, limited: bool = True) -> list[Finding]:
    """Return what is wrong with one report, as far as the report alone shows it.

    Parameters
    ----------
    report : Report
    limited : bool, optional
        Show at most `rule_table.MAX_SAME_FINDINGS` of one code; of the others only the number.

    Returns
    -------
    list of Finding
        All at once: about the header, then the entries, the notes, and the sums. Labels that the
        reader could not make out are not called missing.
    """
    found = Limited() if limited else Limited(most=sys.maxsize)
    meant = as_meant(report)
    if meant.type != report.type:
        if all(label != "010" for label, _ in report.unreadable):
            found.add(_other_type(report, meant))
        report = meant
    found.extend(_header_findings(report))
    found.extend(_numbering_findings(report, report.entries, "OI"))
    found.extend(_numbering_findings(report, report.notes, "NC"))
    for entry in report.entries:
        found.extend(entry_findings(report, entry))
    found.extend(_note_findings(report))
    found.extend(_note_reference_findings(report))
    if report.type == "I":
        found.extend(rebatching_findings(report))
    if report.type == "M":
        found.extend(balance_findings(report))
    return list(found.all())


def as_meant(report: Report) -> Report:
    """Return the report with the type that its entries show, where label 010 says another.

    Changes have a code and a date, lines of a balance a code and no batch, batches on hand
    neither code nor date. If the entries do not all show the same, the report stays as it is.
    """
    shapes = {_shape(entry) for entry in report.entries if entry.status in ("N", "C", "A")}
    if len(shapes) != 1 or report.type not in ("I", "P", "M", ""):
        return report
    (shape,) = shapes
    return report if shape is None or shape == report.type else replace(report, type=shape)


def _shape(entry: Entry) -> str | None:
    given = {label for label, _ in entry.unreadable}
    code = entry.code is not None or "411" in given
    day = entry.date is not None or "412" in given
    batch, kmp = entry.batch is not None, entry.kmp is not None
    if code and day and batch:
        return "I"
    if code and not day and not batch and not kmp:
        return "M"
    return "P" if batch and kmp and not code and not day else None


def _other_type(report: Report, meant: Report) -> Finding:
    said = REPORT_TYPES[meant.type]
    return _about(
        report,
        "LABEL-FORMAT" if report.type else "LABEL-MISSING",
        f"label 010 says {report.type or 'nothing'}, but the entries are those of a {said}; it "
        "was checked as such",
        "010",
        found=report.type or None,
        expected=meant.type,
    )


def _about(
    report: Report,
    code: str,
    message: str,
    label: str | None = None,
    *,
    found: str | None = None,
    expected: str | None = None,
    severity: Severity | None = None,
) -> Finding:
    return finding(
        code,
        message,
        severity=severity,
        file=report.file or None,
        line=report.line or None,
        mba=report.mba,
        report=str(report.number),
        label=label,
        found=found,
        expected=expected,
    )


def _header_findings(report: Report) -> Iterator[Finding]:
    """Yield what is wrong with the labels that all records share."""
    unreadable = {label for label, _ in report.unreadable}
    asked: list[tuple[str, str, object]] = [("003", "report date", report.date)]
    if report.entries:
        asked += [
            ("006", "encoder", report.encoder),
            ("010", "report type", report.type or None),
            ("015", "period", report.period_to),
            ("207", "facility", report.facility),
            ("307", "MBA", report.mba),
        ]
    for label, name, value in asked:
        if value is None and label not in unreadable:
            said = f"label {label} ({name}) is missing"
            if len(report.records) == 1:
                yield Record(report, report.records[0]).finding("LABEL-MISSING", said, label)
            else:
                yield _about(report, "LABEL-MISSING", said, label)
    if report.type and report.type not in REPORT_TYPES:
        message = f"{shown(report.type)} is not a report type"
        yield _about(report, "LABEL-FORMAT", message, "010", found=report.type)
    if report.type == "T" and report.entries:
        message = "a textual report has notes only, but this one has entries"
        yield _about(report, "LABEL-FORMAT", message, "010", found="T", expected="I, P or M")
    for label, name, area in (("207", "facility", report.facility), ("307", "MBA", report.mba)):
        if area is not None and AREA_CODE.fullmatch(area) is None:
            message = f"{shown(area)} is not a code of four characters for the {name}"
            yield _about(report, "LABEL-FORMAT", message, label, found=area)
    encoder = report.encoder or ""
    if len(encoder) > _MAX_ENCODER_LENGTH:
        message = f"the encoder's name has {len(encoder)} characters; {_MAX_ENCODER_LENGTH} fit"
        yield _about(report, "LABEL-FORMAT", message, "006", found=encoder)
    non_latin = any(entry.non_latin for entry in report.entries)
    bad = (_LOWER_OR_SEPARATOR if non_latin else _NOT_PLAIN).search(encoder)
    if bad is not None:
        message = f"the encoder's name holds {shown(bad[0])}; capital Latin letters are asked for"
        yield _about(report, "LABEL-FORMAT", message, "006", found=encoder)
    yield from _period_findings(report)


def _period_findings(report: Report) -> Iterator[Finding]:
    start, end = report.period_from, report.period_to
    if start is None or end is None:
        return
    if start > end:
        message = f"the period ends ({end}) before it starts ({start})"
        yield _about(report, "LABEL-FORMAT", message, "015", found=f"{start}/{end}")
    if report.period_single and report.type in ("I", "M"):
        name = REPORT_TYPES[report.type]
        message = f"the {name} names one day instead of a period"
        yield _about(
            report, "LABEL-FORMAT", message, "015", found=str(end), expected="first/last day"
        )
    if report.date is not None and end > report.date:
        message = f"the period ends on {end}, after the date of the report, {report.date}"
        yield _about(
            report, "DATE-FUTURE", message, "015", found=str(end), expected=f"<= {report.date}"
        )


def _numbering_findings(
    report: Report, records: Sequence[Entry | Note], kind: str
) -> Iterator[Finding]:
    """Yield what is wrong with label 002 over the OI (or NC) records of a report."""
    unread = [record for record in records if record.number == 0]
    for record in unread:
        if all(label != "002" for label, _ in record.unreadable):
            yield Record(report, record).finding(
                "LABEL-MISSING", "label 002 (entry number) is missing", "002"
            )
    if not records or unread:
        return
    count = len(records)
    for total in sorted({record.total for record in records if record.total is not None}):
        if total != count:
            yield _about(
                report,
                "ENTRY-COUNT",
                f"{total} {kind} records are announced, but the report has {count}",
                "002",
                found=str(count),
                expected=str(total),
            )
    first = next((record for record in records if record.number == 1), None)
    if first is not None and first.total is None:
        yield Record(report, first).finding(
            "ENTRY-COUNT",
            f"the first {kind} record does not say how many there are",
            "002",
            found="1",
            expected=f"1/{count}",
        )
    yield from _sequence_findings(report, records, kind)


def _sequence_findings(
    report: Report, records: Sequence[Entry | Note], kind: str
) -> Iterator[Finding]:
    times = Counter(record.number for record in records)
    seen: set[int] = set()
    for record in records:
        number = record.number
        if number in seen:
            message = f"{kind} record {number} comes {times[number]} times"
            yield Record(report, record).finding("ENTRY-SEQ", message, "002", found=str(number))
        seen.add(number)
    last = min(max(times), len(records))
    gaps = [number for number in range(1, last + 1) if number not in times]
    if len(times) == len(records) and (gaps or max(times) > len(records)):
        named = ", ".join(map(str, gaps[:5])) + (" ..." if len(gaps) > 5 else "")
        yield _about(
            report,
            "ENTRY-SEQ",
            f"{kind} records run up to {max(times)}, but {named} is missing"
            if gaps
            else f"{kind} records run up to {max(times)}, but the report has {len(records)}",
            "002",
            found=str(max(times)),
            expected=f"1 to {len(records)}",
        )


def _note_findings(report: Report) -> Iterator[Finding]:
    """Yield what is wrong with each note by itself."""
    for note in report.notes:
        record = Record(report, note)
        unreadable = {label for label, _ in note.unreadable}
        if note.text is None and "391" not in unreadable:
            yield record.finding("LABEL-MISSING", "label 391 (text of the note) is missing", "391")
        if note.reference is not None and _REFERENCE.fullmatch(note.reference) is None:
            yield record.finding(
                "LABEL-FORMAT",
                f"{shown(note.reference)} is not a reference of a note",
                "099",
                found=note.reference,
                expected="E/entry, R, R/report or E/report/entry",
            )
        text = note.text or ""
        pattern = _LOWER_OR_SEPARATOR if note.non_latin else _NOT_PLAIN
        bad = pattern.search(text)
        if bad is not None:
            yield record.finding(
                "NOTE-CHARSET",
                f"the note holds {shown(bad[0])} at character {bad.start() + 1}; "
                "capitals, digits and plain signs are asked for",
                "391",
                found=bad[0],
            )
        yield from _length_findings(report, note, record)


def _length_findings(report: Report, note: Note, record: Record) -> Iterator[Finding]:
    text = note.text or ""
    if len(text) > MAX_NOTE_LENGTH:
        yield record.finding(
            "NOTE-LEN",
            f"the note has {len(text)} characters; {MAX_NOTE_LENGTH} fit",
            "391",
            found=str(len(text)),
            expected=f"<= {MAX_NOTE_LENGTH}",
        )
    elif report.type == "T":
        length = record_length(note_elements(report, note))
        if length > MAX_NOTE_LENGTH:
            yield record.finding(
                "NOTE-LEN",
                f"the record has {length} characters, labels included; records of a textual "
                f"report should not exceed {MAX_NOTE_LENGTH}",
                "391",
                severity=Severity.WARNING,
                found=str(length),
                expected=f"<= {MAX_NOTE_LENGTH}",
            )


def _note_reference_findings(report: Report) -> Iterator[Finding]:
    """Yield where entries that announce a note and notes that speak of an entry disagree."""
    announced = {entry.number: entry.note_indicator for entry in report.entries}
    for note in report.notes:
        number = note.on_entry
        if number is None:
            continue
        record = Record(report, note)
        if number not in announced:
            yield finding(
                "NOTE-MISSING",
                f"the note speaks of entry {number}, which this report does not have",
                file=note.file or None,
                line=note.line or None,
                mba=report.mba,
                report=str(report.number),
                label="099",
                found=note.reference,
            )
        elif not announced[number]:
            yield record.finding(
                "NOTE-INDICATOR",
                f"the note speaks of entry {number}, but that entry has no 390:Y",
                "099",
                found=note.reference,
                expected=f"390:Y in entry {number}",
            )
    if any(note.on_report for note in report.notes):
        return
    noted = {note.on_entry for note in report.notes}
    for entry in report.entries:
        if entry.note_indicator and entry.number not in noted:
            yield Record(report, entry).finding(
                "NOTE-MISSING",
                "the entry announces a note (390:Y), but no note of the report speaks of it",
                "390",
                found="Y",
                expected=f"an NC record with 099:E/{entry.number}",
            )
