"""The line kinds that belong to the journal itself: its opening, evidence, findings, the clock."""

from __future__ import annotations

from keiryo.errors import Finding
from keiryo.journal.model import LineKind, Value, integer, text
from keiryo.journal.registry import Capability

JOURNAL_OPENED = LineKind(
    "journal_opened",
    "The first line of a journal: which journal this is and for which State it is kept.",
    (
        text("journal_uid", "random identifier of this journal", required=True),
        text("state", "country code", required=True),
        text("software", "name and version of the program that opened it", required=True),
    ),
)

EVIDENCE = LineKind(
    "evidence",
    "A file that was received or produced, by the digest under which its content is stored.",
    (
        text("digest", "SHA-256 of the content, hexadecimal", required=True),
        text("name", "file name as received", required=True),
        integer("size_bytes", "size of the content", required=True),
        text("role", "what it is to the act: report, context, source data ...", required=True),
        text("received_at", "UTC time at which it was received", required=True),
        integer("kept", "1 if the content is in the evidence store, 0 if it was too large"),
    ),
    checks=("size_bytes >= 0",),
    indexes=((("digest",), None),),
)

FINDING = LineKind(
    "finding",
    "A finding that came up while an act was prepared or posted, recorded with it.",
    (
        text("code", "rule code", required=True),
        text("severity", "F, E, W or I", required=True),
        text("message", "what is wrong", required=True),
        text("advice", "what to do"),
        text("file", "input file"),
        integer("file_line", "line in the input file, from 1"),
        text("mba", "material balance area"),
        text("report", "report number"),
        integer("entry_no", "entry number"),
        text("label", "Code 10 label"),
        text("category", "element category"),
        text("found", "value found"),
        text("expected", "value expected"),
        text("basis", "source paragraph of the rule"),
        text("cell", "sheet, row and column in a spreadsheet or table"),
    ),
    checks=("severity IN ('F', 'E', 'W', 'I')",),
    indexes=((("mba", "report"), "mba IS NOT NULL"),),
)

FINDING_ANSWER = LineKind(
    "finding_answer",
    "What was answered to a finding; a finding stays open until it is answered.",
    (
        integer("finding_act", "act that holds the finding", required=True),
        integer("finding_line", "its line number", required=True),
        text("answer", "the answer in words", required=True),
        text("state", "closed, or open again", required=True),
    ),
    checks=("state IN ('closed', 'open')",),
    indexes=((("finding_act", "finding_line"), None),),
)

CLOCK_CHANGE = LineKind(
    "clock_change",
    "The computer's clock was found behind the last act and a person accepted its time.",
    (
        text("last_recorded_at", "time of the act before", required=True),
        text("clock_time", "time the clock shows now", required=True),
    ),
)

JOURNAL = Capability(
    "journal", line_kinds=(JOURNAL_OPENED, EVIDENCE, FINDING, FINDING_ANSWER, CLOCK_CHANGE)
)


def finding_values(finding: Finding, scope: str) -> dict[str, Value]:
    """Return the fields of a finding line."""
    return {
        "scope": scope,
        "code": finding.code,
        "severity": str(finding.severity),
        "message": finding.message,
        "advice": finding.advice or None,
        "file": finding.file,
        "file_line": finding.line,
        "cell": finding.cell,
        "mba": finding.mba,
        "report": finding.report,
        "entry_no": finding.entry,
        "label": finding.label,
        "category": finding.category,
        "found": finding.found,
        "expected": finding.expected,
        "basis": finding.basis,
    }
