"""Reads Code 10 reports in the labelled format; bad data becomes findings, never an exception.

Records are put together to reports by State, MBA and report number, wherever they stand in the
file. Every finding about a report carries its MBA and number, so that the caller knows which
report to refuse; findings without a report are about text outside any report.

The reader finds what the model can no longer show; which codes these are is said in
`rule_table`. Everything else about a report is found by `rules.check_report`.

Source: IAEA SG-FM-1172, Model Subsidiary Arrangement Code 10, labelled format, section 3. Where
the model is silent: choice of keiryo, said with the function.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from keiryo.errors import Finding
from keiryo.reports.formats import code10_content as content
from keiryo.reports.formats import code10_text
from keiryo.reports.formats.code10_content import Contents, Unreadable, Where
from keiryo.reports.formats.code10_text import Record
from keiryo.reports.formats.table_places import NO_PLACES, Places
from keiryo.reports.model import REPORT_TYPES, Entry, Note, Report
from keiryo.reports.rule_table import Limited, finding, shown

T = TypeVar("T")

MAX_FILE_BYTES = 64 * 1024 * 1024
"""Larger files are not read."""

_REFERENCE_NUMBER = re.compile(r"([OØ0]I|NC) ?/ ?([A-Z0-9]{2}) ?; ?([0-9]{1,9})")
_REPORT_NUMBER = re.compile(r"([A-Z0-9]{2}) ?; ?([0-9]{1,9})\Z")
_ENTRY_HEADER = ("003", "006", "010", "015", "207")
_NOTE_HEADER = ("003", "207")
_ON_OWN_REPORT = re.compile(r"R|E/[0-9]+")


class ReadResult(NamedTuple):
    """What was read, what was wrong with it, and where in tables the entries stand."""

    reports: tuple[Report, ...]
    findings: tuple[Finding, ...]
    places: Places = NO_PLACES


class _Key(NamedTuple):
    country: str
    number: int
    mba: str | None
    copy: int = 0  # from 1 for a report whose number another one of the file has


@dataclass(slots=True)
class _Pile:
    """The records of one report, in the order of the file."""

    entries: list[Record] = field(default_factory=list)
    notes: list[Record] = field(default_factory=list)
    strays: set[int] = field(default_factory=set)
    positions: set[int] = field(default_factory=set)

    def first(self) -> int:
        """Return where in the file the report begins."""
        return min(record.index for record in (*self.entries[:1], *self.notes[:1]))


def read(data: bytes, file: str, *, max_bytes: int = MAX_FILE_BYTES) -> ReadResult:
    """Read the reports of one file.

    Parameters
    ----------
    data : bytes
        The file as it came.
    file : str
        Its name, for findings.
    max_bytes : int, optional
        Larger files are not read.

    Returns
    -------
    ReadResult
        Reports in the order of their first records, and findings. Never raises on bad data.
    """
    found = Limited()
    reports = _read(data, file, max_bytes, found)
    return ReadResult(tuple(reports), tuple(found.all()))


def read_files(
    files: Sequence[tuple[str, bytes]], *, max_bytes: int = MAX_FILE_BYTES
) -> ReadResult:
    """Read several files, given as name and bytes, as one set.

    A report must lie in one file. If two files hold a report of the same MBA and number, both
    are returned, with a finding.
    """
    found = Limited()
    reports: list[Report] = []
    first_file: dict[str, str] = {}
    for file, data in files:
        for report in _read(data, file, max_bytes, found):
            reports.append(report)
            other = first_file.get(report.key)
            first_file.setdefault(report.key, file)
            if other is not None:
                found.add(
                    finding(
                        "SEQ-DUP",
                        f"report {report.key} is in {other} and again in {file}",
                        file=file,
                        line=report.line,
                        mba=report.mba,
                        report=str(report.number),
                        found=file,
                        expected=other,
                    )
                )
    return ReadResult(tuple(reports), tuple(found.all()))


def _read(data: bytes, file: str, max_bytes: int, found: Limited) -> list[Report]:
    if len(data) > max_bytes:
        found.add(
            finding(
                "FILE-TOO-LARGE",
                f"the file has {len(data)} bytes; up to {max_bytes} are read",
                file=file,
                found=str(len(data)),
                expected=str(max_bytes),
            )
        )
        return []
    source = code10_text.decode(data)
    piles = _piles(code10_text.records(source), file, found)
    nowhere = Where(file, None, None, found.add)
    for problem in source.problems:
        found.add(nowhere.from_problem(problem))
    # Give the records of each report free when it is made: a large file fills the memory.
    return [_report(key, piles.pop(key), file, found) for key in list(piles)]


def _piles(records: Iterable[Record], file: str, found: Limited) -> dict[_Key, _Pile]:
    """Put records together to reports.

    A record without MBA belongs to the report of that number in the file if there is only one;
    an NC record only if its label 099 speaks of its own report, else it is a textual report of
    the State. A record of another MBA that carries on the numbering of the record before it,
    where its MBA has no such report, belongs to the report before (with a finding).
    """
    piles: dict[_Key, _Pile] = {}
    without_mba: list[tuple[_Key, str, Record]] = []
    before: tuple[_Key, str, int] | None = None
    for index, record in enumerate(records):
        record.index = index
        match = _REFERENCE_NUMBER.fullmatch(record.contents.get("001", ""))
        if match is None:
            _unreadable(record, file, found)
            continue
        kind, country, number = match[1].replace("Ø", "O"), match[2], int(match[3])
        if kind == "0I":
            kind = "OI"
            where = Where(file, record.contents.get("307") or None, str(number), found.add)
            Contents(record, where).note(
                "LABEL-FORMAT",
                "001",
                "the record begins with a digit zero; it was read as the letter O",
                expected="OI",
            )
        key = _Key(country, number, record.contents.get("307") or None)
        position = _position(record)
        if key.mba is None:
            without_mba.append((key, kind, record))
            continue
        stray = before is not None and (
            _carries_on(before, key, kind, position, piles)
            or _note_of(before, key, kind, record, piles)
        )
        if stray and before is not None:
            key = before[0]
        if not stray:
            key = _copy_of(key, kind, record, piles)
        pile = piles.setdefault(key, _Pile())
        (pile.entries if kind == "OI" else pile.notes).append(record)
        if kind == "OI":
            pile.positions.add(position)
        if stray:
            pile.strays.add(id(record))
        before = (key, kind, position)
    _place_without_mba(without_mba, piles)
    return dict(sorted(piles.items(), key=lambda item: item[1].first()))


_OF_A_REPORT = ("003", "010", "015")
"""Labels that tell one report from another of the same number."""


def _copy_of(key: _Key, kind: str, record: Record, piles: dict[_Key, _Pile]) -> _Key:
    """Return the report that a record belongs to, where a file has several of one number.

    An entry whose number is taken, and which has another date, type or period or begins the
    numbering of several entries anew, begins another report. Notes follow the last one.
    """
    copies = [key]
    while key._replace(copy=len(copies)) in piles:
        copies.append(key._replace(copy=len(copies)))
    if kind == "NC" or key not in piles or not piles[key].entries:
        return copies[-1]
    header = [record.contents.get(label) for label in _OF_A_REPORT]
    number = record.contents.get("002", "")
    for known in reversed(copies):
        entries = piles[known].entries
        same = [entries[0].contents.get(label) for label in _OF_A_REPORT] == header
        taken = _position(record) in piles[known].positions
        again = number.startswith("1/") and number.strip() != "1/1"
        if (not taken or (same and not again)) and (same or len(copies) == 1):
            return known
    return key._replace(copy=len(copies))


def _position(record: Record) -> int:
    try:
        return content.count(record.contents.get("002", ""))[0]
    except Unreadable:
        return 0


def _carries_on(
    before: tuple[_Key, str, int], key: _Key, kind: str, position: int, piles: dict[_Key, _Pile]
) -> bool:
    last_key, last_kind, last_position = before
    same = key.number == last_key.number and key not in piles
    same = same and (key.country == last_key.country) != (key.mba == last_key.mba)
    return same and (kind, position) == (last_kind, last_position + 1) and position > 1


def _note_of(
    before: tuple[_Key, str, int], key: _Key, kind: str, record: Record, piles: dict[_Key, _Pile]
) -> bool:
    """Whether a note of another MBA speaks of the report before, which it follows."""
    own = _ON_OWN_REPORT.fullmatch(record.contents.get("099", ""))
    same = key[:2] == before[0][:2] and key.mba != before[0].mba and key not in piles
    return kind == "NC" and own is not None and same and bool(piles[before[0]].entries)


def _place_without_mba(records: list[tuple[_Key, str, Record]], piles: dict[_Key, _Pile]) -> None:
    candidates: dict[tuple[str, int], list[_Pile]] = {}
    for key, pile in piles.items():
        if pile.entries:
            candidates.setdefault(key[:2], []).append(pile)
    for key, kind, record in records:
        reference = record.contents.get("099", "")
        of_report = kind == "OI" or _ON_OWN_REPORT.fullmatch(reference) is not None
        places = candidates.get(key[:2], []) if of_report else []
        pile = places[0] if len(places) == 1 else piles.setdefault(key, _Pile())
        (pile.entries if kind == "OI" else pile.notes).append(record)
    for places in candidates.values():
        for pile in places:
            pile.entries.sort(key=lambda record: record.index)
            pile.notes.sort(key=lambda record: record.index)


def _unreadable(record: Record, file: str, found: Limited) -> None:
    """Report a record whose report is not known; its number is named if it can be made out."""
    text = record.contents.get("001", "")
    match = _REPORT_NUMBER.search(text)
    where = Where(
        file,
        record.contents.get("307") or None,
        str(int(match[2])) if match else None,
        found.add,
    )
    Contents(record, where).note(
        "RECORD-UNREADABLE",
        "001",
        f"{shown(text)} does not name a record and its report; the whole record was passed over",
        expected="as in OI/XA;102",
    )
    where.problems(record, None)


def _report(key: _Key, pile: _Pile, file: str, found: Limited) -> Report:
    where = Where(file, key.mba, str(key.number), found.add)
    entries = [content.entry(record, where) for record in pile.entries]
    notes = [content.note(record, where) for record in pile.notes]
    header = _Header(entries[0][1] if entries else notes[0][1])
    of_records: list[tuple[Contents, tuple[str, ...]]]
    of_records = [(contents, _ENTRY_HEADER) for _, contents in entries]
    of_records += [(contents, _NOTE_HEADER) for _, contents in notes]
    for contents, labels in of_records:
        header.take(contents, labels)
        header.check_mba(contents, key, stray=id(contents.record) in pile.strays)
    for contents, labels in of_records:
        header.missing(contents, labels)
    start, end, single = header.read("015", content.period) or (None, None, False)
    report_type = header.read("010", _type) or ""
    day = header.read("003", content.day)
    encoder, facility = header.read("006", str), header.read("207", str)
    if key.number == 0:
        header.contents["001"].note("LABEL-FORMAT", "001", "report numbers count from 1")
    return Report(
        country=key.country,
        number=key.number,
        type=report_type if entries else "T",
        date=day,
        encoder=encoder,
        period_from=start,
        period_to=end,
        period_single=single,
        facility=facility,
        mba=key.mba,
        entries=tuple(sorted((entry for entry, _ in entries), key=_place)),
        notes=tuple(sorted((note for note, _ in notes), key=_place)),
        unreadable=tuple(header.unreadable),
    )


def _place(record: Entry | Note) -> int:
    """Return where a record stands in its report; those without a number come last."""
    return record.number or sys.maxsize


def _type(text: str) -> str:
    if text not in REPORT_TYPES:
        raise Unreadable("LABEL-FORMAT", f"{shown(text)} is not a report type", "I, P, M or T")
    return text


class _Header:
    """The header of a report: the first content of each label, which all records must share."""

    def __init__(self, first: Contents) -> None:
        self.contents: dict[str, Contents] = {"001": first}
        self.unreadable: list[tuple[str, str]] = []

    def take(self, contents: Contents, labels: tuple[str, ...]) -> None:
        """Take the labels of one record, and compare them with what was taken before."""
        for label in labels:
            text = contents.record.contents.get(label)
            if text is None:
                continue
            taken = self.contents.get(label)
            if taken is None:
                self.contents[label] = contents
                continue
            expected = taken.record.contents[label]
            if label != "006" and text != expected and not _same(label, text, expected):
                contents.note(
                    "HEADER-MIX",
                    label,
                    f"label {label} is {shown(text)} here, but {shown(expected)} "
                    "elsewhere in the report",
                    expected=expected,
                )

    def check_mba(self, contents: Contents, key: _Key, *, stray: bool) -> None:
        """Report a record that names no MBA, or another MBA or State than its report."""
        mba = key.mba
        if mba is None:
            return
        if stray:
            label, expected = "307", mba
            if contents.record.contents["307"] == mba:
                label, expected = "001", f"OI/{key.country};{key.number}"
            found = contents.record.contents[label]
            contents.note(
                "HEADER-MIX",
                label,
                f"label {label} is {shown(found)} here, but {shown(expected)} in the record before",
                expected=expected,
            )
        elif not contents.record.contents.get("307") and "307" not in contents.record.cut:
            contents.note("LABEL-MISSING", "307", "label 307 (MBA) is missing", expected=mba)

    def missing(self, contents: Contents, labels: tuple[str, ...]) -> None:
        """Report labels that a record lacks and other records of the report have."""
        record = contents.record
        for label in labels:
            taken = self.contents.get(label)
            if taken is not None and label not in record.contents and label not in record.cut:
                contents.note(
                    "LABEL-MISSING",
                    label,
                    f"label {label} is missing, though other records of the report have it",
                    expected=taken.record.contents[label],
                )

    def read(self, label: str, how: Callable[[str], T]) -> T | None:
        """Return the value of a header label, or None."""
        contents = self.contents.get(label)
        if contents is None:
            return None
        before = len(contents.unreadable)
        value = contents.value(label, how)
        self.unreadable += contents.unreadable[before:]
        return value


def _same(label: str, one: str, other: str) -> bool:
    """Return whether two contents say the same: dates may be written with six digits."""
    try:
        if label == "003":
            return content.day(one) == content.day(other)
        return label == "015" and content.period(one) == content.period(other)
    except Unreadable:
        return False
