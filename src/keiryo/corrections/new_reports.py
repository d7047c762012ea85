"""The reports that carry a chain of corrections: numbers, references, concise notes.

Each area gets one inventory change report, one listing and one balance report a period as far as
they are needed, under the next numbers of its series. A report of corrections states the period of
the report that it corrects; only new entries must lie in it. Each entry carries the mark 390:Y and
a concise note with the reason.

Sources: Code 10, labels 001, 002, 015, 309, 390 and 391.
"""

from __future__ import annotations

import datetime
from dataclasses import replace
from itertools import groupby

from keiryo.corrections.chain import Amendment, Chain
from keiryo.corrections.note_text import note_words, sayable
from keiryo.dates import end_of_month
from keiryo.reports.filed import AreaFile, FiledEntry
from keiryo.reports.model import Entry, Note, Reference, Report
from keiryo.reports.questions.corrections import changes
from keiryo.reports.rules import MAX_NOTE_LENGTH

Written = list[tuple[Report, list[Amendment]]]
"""New reports with the amendments that their entries state, in the same order."""

ROOT_REASON = "This is the entry that was wrong."
_ORDER = "IPM"


def write_reports(chain: Chain) -> Written:
    """Return the reports that state the amendments of a chain."""
    written: Written = []
    for area in chain.areas():
        mine = [a for a in chain.amendments if a.area is area]
        number = next_number(area)
        ordered = sorted(mine, key=_group)
        for _, same in groupby(ordered, key=_group):
            amendments = list(same)
            written.append((_report(chain, area, number, amendments), amendments))
            number += 1
    return written


def next_number(area: AreaFile) -> int:
    """Return the next report number of an area."""
    used = [report.number for report in area.reports]
    if area.opening is not None:
        used += [area.opening.last_report_no or 0, *area.opening.earlier_reports]
    return max(used, default=0) + 1


def _group(amendment: Amendment) -> tuple[object, ...]:
    """What must stand in one report: a type and, but for changes corrected, a period."""
    start, end = _period(amendment)
    order = _ORDER.index(amendment.report_type)
    if amendment.report_type == "I" and amendment.status != "N":
        return (order, 0, datetime.date.min, datetime.date.min)
    return (order, 1, end, start)


def _period(amendment: Amendment) -> tuple[datetime.date, datetime.date]:
    host = amendment.host
    if host is not None and host.period_from is not None and host.period_to is not None:
        return host.period_from, host.period_to
    entry = amendment.entry
    day = (entry.date if entry else None) or datetime.date(1900, 1, 1)
    return day.replace(day=1), end_of_month(day)


def _report(chain: Chain, area: AreaFile, number: int, amendments: list[Amendment]) -> Report:
    first, choices = amendments[0], chain.choices
    host = first.host
    start, end = _period(first)
    if first.status == "N":
        end = min(end, max(choices.report_date, start))
    anyone = area.reports[-1].encoder if area.reports else None
    entries: list[Entry] = []
    notes: list[Note] = []
    for index, amendment in enumerate(amendments, start=1):
        entries.append(_entry(chain, amendment, index, len(amendments)))
        for text in _note_texts(chain, amendment):
            notes.append(Note(number=len(notes) + 1, text=text, reference=f"E/{index}"))
    if notes:
        notes[0] = replace(notes[0], total=len(notes))
    facility = host.facility if host is not None else None
    if facility is None and area.place is not None:
        facility = area.place.facility
    return Report(
        country=area.country,
        number=number,
        type=first.report_type,
        date=choices.report_date,
        encoder=choices.encoder or (host.encoder if host else None) or anyone,
        period_from=start,
        period_to=end,
        period_single=host.period_single if host is not None else False,
        facility=facility,
        mba=area.code,
        entries=tuple(entries),
        notes=tuple(notes),
    )


def _entry(chain: Chain, amendment: Amendment, number: int, count: int) -> Entry:
    content = amendment.entry or Entry(number=0)
    return replace(
        content,
        number=number,
        total=count if number == 1 else None,
        status=amendment.status,
        refers=_reference(chain, amendment),
        note_indicator=True,
        unreadable=(),
        file="",
        line=0,
    )


def _reference(chain: Chain, amendment: Amendment) -> Reference | None:
    if amendment.target is None:
        return amendment.added_as
    target = amendment.target
    return address_of(target if chain.choices.refer_to_last else target.origin)


def address_of(filed: FiledEntry) -> Reference:
    """Return how later reports refer to an entry; one that was added has its number there."""
    if filed.entry.status == "A" and filed.entry.refers is not None:
        return filed.entry.refers
    return Reference(filed.report.country, filed.report.number, filed.entry.number)


def _note_texts(chain: Chain, amendment: Amendment) -> list[str]:
    """Return the concise note of an entry; a long one goes on in further records.

    A reason that a note cannot hold is refused before (`keiryo.corrections.note_text`). Names in
    an agreed alphabet stay where they are reported; the note says that they were corrected.
    """
    given = chain.choices.reason.strip()
    follows = "" if given and amendment.reason == ROOT_REASON else amendment.reason
    words = [given, follows if sayable(follows) else "This follows from another correction."]
    if amendment.target is not None and amendment.entry is not None:
        said = [
            f"{label} WAS {before}" if sayable(before) else f"{label} CORRECTED"
            for label, before, _ in changes(amendment.target.entry, amendment.entry)
        ]
        words.append(", ".join(said))
    text = " ".join(word.rstrip(".") + "." for word in words if word)
    return _split(note_words(text)) or ["CORRECTION."]


def _split(text: str) -> list[str]:
    parts = []
    while len(text) > MAX_NOTE_LENGTH:
        cut = text.rfind(" ", 0, MAX_NOTE_LENGTH) + 1 or MAX_NOTE_LENGTH
        parts.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [*parts, text] if text else parts
