"""The contents of labels: from the text of a record to an `Entry` or a `Note`.

Everything that can be said in the model is taken over, even if it is wrong; `rules` asks whether
it makes sense. What cannot be said in the model (no such day, not a number, letters in a
reference) is kept in ``unreadable`` and named in a finding.

Source: IAEA SG-FM-1172, Model Subsidiary Arrangement Code 10, labelled format, section 3.2.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any, TypeVar

from keiryo import vocabulary
from keiryo.dates import DateError, parse_code10_date
from keiryo.errors import Finding, Severity
from keiryo.quantities import (
    NotANumber,
    TooFine,
    TooLarge,
    format_weight,
    parse_weight_mg,
    round_weight_mg,
)
from keiryo.reports.formats.code10_text import Problem, Record
from keiryo.reports.model import WEIGHT_LABELS, Entry, Note, Reference, Weight, weight_unit
from keiryo.reports.rule_table import finding, shown

T = TypeVar("T")

_COUNT = re.compile(r"([0-9]{1,9})(?: ?/ ?([0-9]{1,9}))?")
_STATUS = re.compile(r"([NUCDA])(?:/([A-Z0-9]{2});([0-9]{1,9})/([0-9]{1,9}))?")
_INTEGER = re.compile(r"[0-9]{1,9}")
_UNIT_OF_LETTER = {"G": "g", "K": "kg"}
_DECIMALS = {"g": 3, "kg": 6}
_FREE_TEXT = frozenset({"391", "436"})

_HEADER = frozenset({"001", "003", "006", "010", "015", "207", "307"})
_IN_NOTES = frozenset({"001", "002", "003", "010", "099", "207", "307", "391", "445"})
_ONLY_IN_NOTES = frozenset({"099", "391"})
_TEXT_FIELDS = {
    "310": "state_record_id",
    "370": "shipper",
    "372": "receiver",
    "407": "kmp",
    "411": "code",
    "435": "operator_mdc",
    "436": "description",
    "445": "non_latin",
    "446": "batch",
    "447": "shipper_batch",
}
KNOWN_LABELS = frozenset(
    {*_HEADER, *_IN_NOTES, *_TEXT_FIELDS, *WEIGHT_LABELS, "309", "390", "412", "430", "469", "470"}
)
"""Every label that Code 10 knows."""


class Unreadable(ValueError):
    """A content that the model cannot say; ``code`` is the rule that it breaks."""

    def __init__(self, code: str, message: str, expected: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.expected = expected


@dataclass(slots=True)
class Where:
    """The report that a record belongs to, for findings about the record."""

    file: str
    mba: str | None
    report: str | None
    add: Callable[[Finding], None]

    def problems(self, record: Record, entry: int | None) -> None:
        """Report what was wrong with the text of a record."""
        for problem in record.problems:
            self.add(self.from_problem(problem, entry))

    def from_problem(self, problem: Problem, entry: int | None = None) -> Finding:
        """Return the finding of a problem with the text."""
        code, severity = problem.code, None
        if code == "BOM":
            code, severity = "ENCODING", Severity.WARNING
        return finding(
            code,
            problem.message,
            severity=severity,
            file=self.file,
            line=problem.line,
            mba=self.mba,
            report=self.report,
            entry=entry,
            label=problem.label,
            found=problem.found,
        )


@dataclass(slots=True)
class Contents:
    """The contents of one record, taken out one by one; findings go to `where`."""

    record: Record
    where: Where
    entry: int | None = None
    unreadable: list[tuple[str, str]] = field(default_factory=list)

    def note(
        self,
        code: str,
        label: str,
        message: str,
        *,
        severity: Severity | None = None,
        expected: str | None = None,
    ) -> None:
        """Report a finding about a label of this record."""
        where, record = self.where, self.record
        self.where.add(
            finding(
                code,
                message,
                severity=severity,
                file=where.file,
                line=record.lines.get(label, record.line),
                mba=where.mba,
                report=where.report,
                entry=self.entry,
                label=label,
                found=record.contents.get(label),
                expected=expected,
            )
        )

    def text(self, label: str) -> str | None:
        """Return a content as text; None if it is missing, empty or not to be trusted."""
        content = self.record.contents.get(label)
        if content is None:
            if label in self.record.cut:
                self.unreadable.append((label, self.record.cut[label]))
            return None
        if not content:
            self.note("LABEL-FORMAT", label, f"label {label} is empty", severity=Severity.WARNING)
            return None
        if ":" in content and label not in _FREE_TEXT:
            self.refuse(
                label,
                Unreadable(
                    "LABEL-FORMAT",
                    f"{shown(content)} holds ':'; the '#' before a following label seems to "
                    "be missing",
                ),
            )
            return None
        return content

    def value(self, label: str, read: Callable[[str], T]) -> T | None:
        """Return what `read` makes of a content, or None with a finding."""
        content = self.text(label)
        if content is None:
            return None
        try:
            return read(content)
        except Unreadable as error:
            self.refuse(label, error)
            return None

    def refuse(self, label: str, error: Unreadable) -> None:
        """Report a content that cannot be taken over, and keep it aside."""
        self.note(error.code, label, error.message, expected=error.expected)
        self.unreadable.append((label, self.record.contents[label]))


def count(content: str) -> tuple[int, int | None]:
    """Read label 002: the number of the entry, and how many there are."""
    match = _COUNT.fullmatch(content)
    if match is None or int(match[1]) == 0:
        raise Unreadable(
            "LABEL-FORMAT", f"{shown(content)} is not an entry number", "a number from 1, as in 1/3"
        )
    return int(match[1]), None if match[2] is None else int(match[2])


@lru_cache(maxsize=4096)
def day(content: str) -> date:
    """Read labels 003 and 412."""
    try:
        return parse_code10_date(content)
    except DateError as error:
        raise Unreadable("DATE-INVALID", str(error), "YYYYMMDD") from error


def period(content: str) -> tuple[date, date, bool]:
    """Read label 015: first day, last day, and whether only one was given."""
    first, slash, last = (part.strip() for part in content.partition("/"))
    if not slash:
        return day(first), day(first), True
    return day(first), day(last), False


def _status(content: str) -> tuple[str, Reference | None]:
    match = _STATUS.fullmatch(content.replace(" ", ""))
    if match is None:
        raise Unreadable(
            "CORR-REF" if content[:2] in ("C/", "D/", "A/") else "LABEL-FORMAT",
            f"{shown(content)} is not a status with its reference",
            "N, U, or C, D, A with a reference, as in C/XA;104/1",
        )
    letter, country, report, entry = match.groups()
    refers = Reference(country, int(report), int(entry)) if country else None
    return letter, refers


def _yes(content: str) -> bool:
    if content != "Y":
        raise Unreadable("LABEL-FORMAT", f"{shown(content)} is not Y", "Y")
    return True


def _basis(content: str) -> tuple[str | None, str | None, str | None]:
    basis, kmp, method, *more = (item.strip() or None for item in f"{content}//".split("/"))
    if any(more):
        raise Unreadable(
            "LABEL-FORMAT", f"{shown(content)} has more than three items", "basis/KMP/method"
        )
    return basis, kmp, method


def _items(content: str) -> int:
    if _INTEGER.fullmatch(content) is None:
        raise Unreadable(
            "NUM", f"{shown(content)} is not a number of items", "an integer; 0 for bulk"
        )
    return int(content)


def entry(record: Record, where: Where) -> tuple[Entry, Contents]:
    """Return the entry that an OI record states; header labels are left to the report."""
    contents = Contents(record, where)
    number, total = contents.value("002", count) or (0, None)
    contents.entry = number or None
    where.problems(record, number or None)
    values: dict[str, Any] = {
        name: contents.text(label)
        for label, name in _TEXT_FIELDS.items()
        if label in record.contents or label in record.cut
    }
    status, refers = contents.value("309", _status) or ("", None)
    basis, basis_kmp, basis_method = contents.value("469", _basis) or (None, None, None)
    made = Entry(
        number=number,
        total=total,
        status=status,
        refers=refers,
        note_indicator=contents.value("390", _yes) or False,
        date=contents.value("412", day),
        mdc=contents.value("430", vocabulary.normal_mdc),
        basis=basis,
        basis_kmp=basis_kmp,
        basis_method=basis_method,
        items=contents.value("470", _items),
        weights=_weights(contents),
        unknown=_others(contents, _ONLY_IN_NOTES),
        unreadable=tuple(contents.unreadable),
        file=where.file,
        line=record.line,
        **values,
    )
    return made, contents


def note(record: Record, where: Where) -> tuple[Note, Contents]:
    """Return the note that an NC record states."""
    contents = Contents(record, where)
    number, total = contents.value("002", count) or (0, None)
    where.problems(record, None)
    made = Note(
        number=number,
        total=total,
        text=contents.text("391"),
        reference=contents.text("099"),
        report_type=contents.text("010"),
        non_latin=contents.text("445"),
        unknown=_others(contents, KNOWN_LABELS - _IN_NOTES),
        unreadable=tuple(contents.unreadable),
        file=where.file,
        line=record.line,
    )
    return made, contents


def _others(contents: Contents, misplaced: frozenset[str]) -> tuple[tuple[str, str], ...]:
    """Return labels that the record cannot take into the model, with their findings."""
    others = []
    for label, content in contents.record.contents.items():
        if label not in KNOWN_LABELS:
            message = f"Code 10 has no label {label}"
            contents.note("LABEL-UNKNOWN", label, message)
        elif label in misplaced:
            message = f"label {label} does not belong in this record"
            contents.note("LABEL-MISPLACED", label, message)
        else:
            continue
        others.append((label, content))
    return tuple(sorted(others))


def _weights(contents: Contents) -> tuple[Weight, ...]:
    weights = []
    for label in WEIGHT_LABELS:
        if label in contents.record.contents or label in contents.record.cut:
            content = contents.text(label)
            if content is not None:
                weight = _weight(contents, label, content)
                if weight is not None:
                    weights.append(weight)
    return tuple(weights)


def _weight(contents: Contents, label: str, content: str) -> Weight | None:
    """Read a weight; a wrong unit is converted, so that further checks make sense."""
    right_unit = weight_unit(label)
    right_letter = "K" if right_unit == "kg" else "G"
    letter = content[-1]
    number = content[:-1].rstrip() if letter.isalpha() else content
    unit = _UNIT_OF_LETTER.get(letter.upper()) if letter.isalpha() else right_unit
    if unit is None:
        error = Unreadable("UNIT", f"{shown(content)} is in no known unit", right_letter)
        contents.refuse(label, error)
        return None
    try:
        mg = parse_weight_mg(number, unit)
    except TooFine:
        mg = round_weight_mg(number, unit)
    except TooLarge as error:
        contents.refuse(label, Unreadable("TOO-LARGE", str(error)))
        return None
    except NotANumber as error:
        contents.refuse(label, Unreadable("NUM", str(error)))
        return None
    if letter != right_letter:
        contents.note(
            "UNIT",
            label,
            f"the unit here is {right_letter}, but {shown(content)} "
            + ("has no unit letter" if not letter.isalpha() else f"ends in {letter}"),
            expected=right_letter,
        )
    if len(number.partition(".")[2]) > _DECIMALS[unit]:
        said = f"{shown(content)} has more decimals than a milligram needs"
        if number.partition(".")[2][_DECIMALS[unit] :].strip("0"):
            said += f"; it was read as {format_weight(mg, unit)} {unit}"
        contents.note("PRECISION", label, said)
    return Weight(label, mg, content)
