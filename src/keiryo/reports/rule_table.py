"""The table of rules for one labelled Code 10 report: code, severity, where the rule comes from.

Every finding about the text or content of a single report is made here with `finding`, so that
code, severity, advice and basis agree with the table, and with the reference page made from it.
Which module finds what: codes with `found_by` "reader" are found while reading, in
`formats.code10_reader`, because the model of a report can no longer show them; all others in
`rules` and the modules that it calls. LABEL-MISSING, LABEL-MISPLACED, LABEL-FORMAT and NUM come
from both: from the reader where records of one report differ or a content cannot be made out.

Sources: IAEA SG-FM-1172, Model Subsidiary Arrangement Code 10, labelled format ("Code 10");
INFCIRC/153 (Corrected). "Choice of keiryo" marks what the sources leave open.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypedDict, Unpack

from keiryo.errors import Finding, Severity

MAX_SAME_FINDINGS = 100
"""Findings of one code about one report that are shown one by one."""

F, E, W = Severity.FORMAT, Severity.INCONSISTENCY, Severity.WARNING
_OURS = "Choice of keiryo"
_MISREAD = "The content as read is kept with the finding; correct it and send the report again."


class Rule(NamedTuple):
    """One rule: how serious a finding is, what it says in one line, and on what ground."""

    severity: Severity
    title: str
    basis: str
    advice: str
    found_by: str = "rules"

    @property
    def tag(self) -> str:
        """How far the source is known: verified, derived, or a choice of keiryo.

        Verified: the source named was read. Derived: it follows from definitions in it. What is a
        choice stays open to other choices.
        """
        basis = self.basis.casefold()
        if basis.startswith("choice of keiryo"):
            return "choice"
        if "choice of keiryo" in basis:
            return "verified, with a choice"
        return "derived" if "follows from" in basis else "verified"


def _read(severity: Severity, title: str, basis: str, advice: str) -> Rule:
    return Rule(severity, title, basis, advice, "reader")


RULES: dict[str, Rule] = {
    # What is wrong with a file.
    "FILE-TOO-LARGE": _read(F, "The file is larger than keiryo reads", _OURS,
        "Split the file between two reports and send the parts."),
    "FILE-EMPTY": _read(F, "The file holds no text", _OURS,
        "Check that the file was written out in full and send it again."),
    "NOT-CODE10": _read(F, "No record of Code 10 was found in the file", "Code 10 section 3",
        "Check that this is the right file; a record begins with 001:OI/ or 001:NC/."),
    "ENCODING": _read(F, "The text is not plain ASCII (or UTF-8)", _OURS,
        "Save the file as plain text (ASCII, or UTF-8 if non-Latin letters were agreed)."),
    "CONTROL-CHAR": _read(F, "A value holds NUL bytes or other control characters", _OURS,
        "The file was damaged on its way or is not text; send it again."),
    # What is wrong with a record as text.
    "STRAY-TEXT": _read(F, "Text that is no data element", "Code 10 section 3.3",
        "A data element is a label of three digits, ':', its content and '#'."),
    "RECORD-UNREADABLE": _read(F, "Label 001 of a record cannot be read", "Code 10 label 001",
        "Write 001:OI/ or 001:NC/ (letters, not zero), the State, ';' and the report number."),
    "RECORD-CUT": _read(F, "A record ends without '#'", "Code 10 section 3.3",
        "The last data element may be incomplete; send the report again in full."),
    "LABEL-DUP": _read(F, "The same label twice in one record", "Code 10 section 3",
        "Keep one of the two; also check that '#001:' of a following record is not missing."),
    "LABEL-UNKNOWN": _read(W, "A label that Code 10 does not know", "Code 10 section 3",
        "It is kept with the entry but plays no part; check the label for a typing error."),
    "LABEL-MISSING": Rule(F, "A mandatory label is missing", "Code 10 section 4",
        "Add the label and send the report again."),
    "LABEL-MISPLACED": Rule(W, "A label that this kind of report does not carry",
        "Code 10 section 4", "It is kept but plays no part; check the report type (label 010)."),
    "LABEL-FORMAT": Rule(F, "The content of a label does not have the form asked for",
        "Code 10 section 3", _MISREAD),
    "HEADER-MIX": _read(F, "Records of one report disagree about its header",
        "Code 10 section 3; date, type and period: follows from it",
        "All records of a report carry the same facility, MBA, date, type and period."),
    "DATE-INVALID": _read(F, "Not a date, or no such day", "Code 10 labels 003, 015, 412",
        _MISREAD),
    "NUM": Rule(F, "Not a number, or a negative weight where none can be",
        "Code 10 labels 600 to 800; signs: choice of keiryo",
        "Write digits with '.' as decimal sign; the type of change gives the sign."),
    "UNIT": _read(F, "The unit letter does not fit the label", "Code 10 labels 600 to 800",
        "The weight was read in the unit as written; write K for 610, 620 and 800, else G."),
    "PRECISION": _read(W, "More decimals than a milligram needs", "Code 10 labels 600 to 800",
        "What is finer than a milligram was rounded; write at most 3 decimals of a gram or 6 of a "
        "kilogram."),
    "TOO-LARGE": _read(F, "A weight beyond what the books can hold", _OURS,
        "Check the number and its unit."),
    # Rules on one entry.
    "MDC-INVALID": Rule(F, "The material description code is not valid", "Code 10 label 430",
        "Correct the code; mind letter O against digit 0."),
    "MBASIS": Rule(F, "The measurement basis is not N, L, M or T", "Code 10 label 469",
        "M or T: measured here; N or L: elsewhere; L or T: reported before."),
    "BATCH-LEN": Rule(F, "A batch name longer than 16 characters", "Code 10 labels 446, 447",
        "Shorten the name, and use the short one in all reports."),
    "IC-UNKNOWN": Rule(F, "Not a type of change or balance line that this report can carry",
        "Code 10 label 411",
        "Correct the code; PB, BE, BA, PE, MF and RAxx stand in material balance reports only."),
    "PARTY-MISSING": Rule(F, "Shipper or receiver is missing or cannot be right",
        "Code 10 labels 370, 372 and section 4.2",
        "Give both parties of a transfer; the reporting MBA is one of them."),
    "SHIPPER-BATCH": Rule(F, "A receipt without the shipper's batch name", "Code 10 label 447",
        "Give the name that the shipper used, or UNKNOWN."),
    "ISOTOPE-MISSING": Rule(F, "Enriched or unified uranium without its fissile weight",
        "Code 10 labels 600, 630", "Add one of the labels 640, 660 or 670."),
    "ELEMENT-MISSING": Rule(F, "An isotope weight without the weight of its element",
        "Code 10 labels 600 to 800; follows from it", "Add the weight of the element."),
    "CAT-LABELS": Rule(F, "The weight labels do not fit the category change",
        "Code 10 labels 411, 600 to 800",
        "The first letter of the code is the old category, the second the new one; give the "
        "element weight of both."),
    "ISO-GT-ELEM": Rule(E, "More isotope than element", "Follows from the definitions",
        "Compare both weights with the source data; digits or labels may be exchanged."),
    "DATE-OUT-OF-PERIOD": Rule(E, "A new change outside the period of its report",
        "Code 10 label 015", "Check both dates; only corrections may lie outside the period."),
    "DATE-FUTURE": Rule(E, "Something dated after the report itself", "Follows from label 003",
        "Check the year and the month of both dates."),
    "CORR-REF": Rule(E, "A correction without a reference that can be read",
        "Code 10 label 309; INFCIRC/153 paragraph 103",
        "Name the entry last reported by State, report and entry, as in C/XA;104/1."),
    # Rules on one report.
    "ENTRY-COUNT": Rule(F, "The number of records is not the one announced", "Code 10 label 002",
        "Records may have been lost; send the whole report again."),
    "ENTRY-SEQ": Rule(F, "Entries are not numbered from 1 without gaps", "Code 10 label 002",
        "Number the OI records from 1, and the NC records likewise."),
    "SEQ-DUP": _read(E, "The same report twice in one set of files", "Code 10 label 001",
        "Send each report once; corrections go into a new report."),
    "NOTE-CHARSET": Rule(F, "A note holds other than capitals, digits and plain signs",
        "Code 10 label 391", "Write the note in capital Latin letters."),
    "NOTE-LEN": Rule(F, "A note is longer than 2000 characters", "Code 10 label 391",
        "Split the text into several NC records."),
    "NOTE-MISSING": Rule(E, "A note is announced but not there, or speaks of no entry",
        "Code 10 labels 390, 099", "Add the note, or correct its reference (label 099)."),
    "NOTE-INDICATOR": Rule(E, "A note speaks of an entry that does not announce it",
        "Code 10 sections 4.1 to 4.3", "Add 390:Y# to the entry."),
    "REBATCH": Rule(E, "Rebatching takes out another amount than it puts in",
        "Code 10 label 411", "Within a report the sums of RM and RP agree for every weight."),
    "BE-ARITH": Rule(E, "The ending book inventory is not what the lines above it add up to",
        "Code 10 label 411; INFCIRC/153 paragraph 67",
        "BE + RABE = PB + increases - decreases +/- category changes."),
    "BA-ARITH": Rule(E, "The adjusted ending book inventory does not follow from the lines",
        "Code 10 label 411; INFCIRC/153 paragraph 67",
        "BA + RABA = PB + increases - decreases +/- category changes - DI."),
    "MF-ARITH": Rule(E, "The material unaccounted for is not BA - PE",
        "Code 10 label 411; INFCIRC/153 paragraph 67", "MF + RAMF = BA - PE."),
}  # fmt: skip
"""The rules by code, in the order in which the reference page shows them."""


class Place(TypedDict, total=False):
    """Where a finding is: the fields of `keiryo.errors.Finding` that say so."""

    file: str | None
    line: int | None
    mba: str | None
    report: str | None
    entry: int | None
    label: str | None
    category: str | None
    found: str | None
    expected: str | None


def finding(
    code: str, message: str, *, severity: Severity | None = None, **place: Unpack[Place]
) -> Finding:
    """Return a finding of a rule in `RULES`; severity, advice and basis come from the table."""
    rule = RULES[code]
    return Finding(code, severity or rule.severity, message, rule.advice, basis=rule.basis, **place)


def shown(text: str) -> str:
    """Return `text` quoted, on one line and short enough for a message."""
    return repr(text if len(text) <= 40 else f"{text[:37]}...")


_Kind = tuple[str, str, str | None, str | None, str | None]


@dataclass(slots=True)
class Limited:
    """Findings, of which very many of one kind about one report are cut to a bearable number.

    A damaged file of some hundred thousand records must not produce millions of findings. At
    least `MAX_SAME_FINDINGS` of each code and report are kept; of the others only the number,
    so that no report loses its last finding.
    """

    most: int
    kept: list[Finding]
    _count: Counter[_Kind]
    _first_cut: dict[_Kind, Finding]

    def __init__(self, most: int = MAX_SAME_FINDINGS) -> None:
        self.most = most
        self.kept = []
        self._count = Counter()
        self._first_cut = {}

    def add(self, new: Finding) -> None:
        """Keep a finding, or only count it."""
        key = (new.code, new.severity, new.file, new.mba, new.report)
        self._count[key] += 1
        if self._count[key] <= self.most:
            self.kept.append(new)
        else:
            self._first_cut.setdefault(key, new)

    def extend(self, new: Iterable[Finding]) -> None:
        """Keep several findings."""
        for one in new:
            self.add(one)

    def all(self) -> Sequence[Finding]:
        """Return the findings kept, and one for each kind that was cut."""
        cut = [
            finding(
                first.code,
                f"{self._count[key] - self.most} more findings like the ones shown",
                severity=first.severity,
                file=first.file,
                line=first.line,
                mba=first.mba,
                report=first.report,
            )
            for key, first in self._first_cut.items()
        ]
        return (*self.kept, *cut)
