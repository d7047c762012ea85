"""Writes Code 10 reports in the labelled format.

The model arrangement leaves open how a file looks. Our choice: one record per line, LF, ASCII
(but for non-Latin letters that were agreed, label 445), labels ascending, ``.`` as decimal sign,
a leading ``-`` for negative weights; first the OI records of a report, then its NC records.
Reading what was written gives the same reports again.

Source: IAEA SG-FM-1172, Model Subsidiary Arrangement Code 10, labelled format, sections 3 and 4.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from keiryo.quantities import format_weight
from keiryo.reports.model import Entry, Note, Report, Weight, weight_unit

Element = tuple[str, str]
"""A label and its content."""


def write(reports: Iterable[Report]) -> str:
    r"""Return reports as labelled text, in the order given.

    Parameters
    ----------
    reports : iterable of Report
        Without findings of severity F: what could not be read is not written. Label 445 of
        material balance reports is left out, because section 4.3 of the model does not have it.

    Examples
    --------
    >>> write([Report(country="XA", number=5, type="T", notes=(Note(number=1, text="NONE."),))])
    '001:NC/XA;5#002:1#391:NONE.#\n'
    """
    lines = []
    for report in reports:
        lines += [_line(entry_elements(report, entry)) for entry in report.entries]
        lines += [_line(note_elements(report, note)) for note in report.notes]
    return "".join(lines)


def entry_elements(report: Report, entry: Entry) -> list[Element]:
    """Return the data elements of an OI record, labels ascending."""
    elements = [
        ("001", f"OI/{report.country};{report.number}"),
        ("002", _count(entry)),
        ("003", _day(report.date)),
        ("006", report.encoder),
        ("010", report.type),
        ("015", _period(report)),
        ("207", report.facility),
        ("307", report.mba),
        ("309", _status(entry)),
        ("310", entry.state_record_id),
        ("370", entry.shipper),
        ("372", entry.receiver),
        ("390", "Y" if entry.note_indicator else None),
        ("407", entry.kmp),
        ("411", entry.code),
        ("412", _day(entry.date)),
        ("430", entry.mdc),
        ("435", entry.operator_mdc),
        ("436", entry.description),
        ("445", None if report.type == "M" else entry.non_latin),
        ("446", entry.batch),
        ("447", entry.shipper_batch),
        ("469", _basis(entry)),
        ("470", None if entry.items is None else str(entry.items)),
        *((weight.label, weight_text(weight)) for weight in entry.weights),
        *entry.unknown,
    ]
    return _present(elements)


def note_elements(report: Report, note: Note) -> list[Element]:
    """Return the data elements of an NC record, labels ascending."""
    elements = [
        ("001", f"NC/{report.country};{report.number}"),
        ("002", _count(note)),
        ("003", _day(report.date)),
        ("010", note.report_type),
        ("099", note.reference),
        ("207", report.facility),
        ("307", report.mba),
        ("391", note.text),
        ("445", note.non_latin),
        *note.unknown,
    ]
    return _present(elements)


def weight_text(weight: Weight) -> str:
    """Return a weight as a report states it, e.g. ``"12.5K"``; exact, without idle zeros."""
    unit = weight_unit(weight.label)
    return format_weight(weight.mg, unit) + ("K" if unit == "kg" else "G")


def record_length(elements: Iterable[Element]) -> int:
    """Return the length of a record in characters, labels and separators included."""
    return len(_line(elements)) - 1


def _present(elements: Iterable[tuple[str, str | None]]) -> list[Element]:
    """Return the elements that have a content, labels ascending."""
    return sorted(
        ((label, content) for label, content in elements if content),
        key=lambda element: element[0],
    )


def _line(elements: Iterable[Element]) -> str:
    return "".join(f"{label}:{content}#" for label, content in elements) + "\n"


def _count(record: Entry | Note) -> str | None:
    if not record.number:
        return None
    return f"{record.number}" if record.total is None else f"{record.number}/{record.total}"


def _day(day: date | None) -> str | None:
    return None if day is None else f"{day.year:04d}{day.month:02d}{day.day:02d}"


def _period(report: Report) -> str | None:
    if report.period_from is None or report.period_to is None:
        return None
    if report.period_single:
        return _day(report.period_to)
    return f"{_day(report.period_from)}/{_day(report.period_to)}"


def _status(entry: Entry) -> str:
    refers = entry.refers
    if refers is None:
        return entry.status
    return f"{entry.status}/{refers.country};{refers.report}/{refers.entry}"


def _basis(entry: Entry) -> str | None:
    if entry.basis is None and entry.basis_kmp is None and entry.basis_method is None:
        return None
    items = (entry.basis or "", entry.basis_kmp or "", entry.basis_method or "")
    return "/".join(items).rstrip("/") or None
