"""Tables of record of oversight: advance notices, book statements, owners of findings.

Nothing is overwritten: a notice that is confirmed, or a finding that changes hands, is a new line
of the same name, and the last one counts.
"""

from __future__ import annotations

from keiryo.journal.model import LineKind, integer, text
from keiryo.journal.registry import Capability

ADVANCE_NOTICE = LineKind(
    "advance_notice",
    "An advance notice of a transfer out of or into the State (INFCIRC/153 paragraphs 92 to 97).",
    (
        text("notice", "name of the notice, unique in the State", required=True),
        text("direction", "export or import", required=True),
        text("mba", "material balance area that ships or receives", required=True),
        text("partner", "country code of the other State", required=True),
        text("category", "element category"),
        integer("element_mg", "element weight expected, in milligrams"),
        integer("fissile_mg", "fissile weight expected, in milligrams"),
        integer("contract_on", "day on which the contract was concluded"),
        integer("notified_on", "day on which the notice was given"),
        integer("prepared_on", "day on which the material is to be prepared for shipping"),
        integer("transfer_on", "day of the transfer, planned or actual"),
        integer("safeguarded", "1 if the receiver holds it under safeguards, 0 if not"),
        integer("confirmed_on", "day on which the receiver confirmed receipt"),
        text("state", "open, confirmed or withdrawn", required=True),
    ),
    checks=(
        "direction IN ('export', 'import')",
        "state IN ('open', 'confirmed', 'withdrawn')",
    ),
    indexes=((("notice",), None), (("mba",), None)),
)

BOOK_STATEMENT = LineKind(
    "book_statement",
    "A line of a statement of book inventory as the inspectorate keeps it (paragraph 66).",
    (
        text("statement", "name of the statement", required=True),
        text("mba", "material balance area", required=True),
        integer("stated_on", "day on which the book inventory is stated", required=True),
        text("kind", "book: a sum; entry: an entry that the statement knows", required=True),
        text("category", "element category"),
        integer("element_mg", "element weight in milligrams"),
        integer("fissile_mg", "fissile weight in milligrams"),
        integer("report_no", "report number of an entry"),
        integer("entry_no", "entry number within the report"),
        text("code", "type of change of an entry, label 411"),
        integer("event_date", "day of the change of an entry, label 412"),
        text("batch", "batch name of an entry, label 446"),
    ),
    checks=("kind IN ('book', 'entry')",),
    indexes=((("mba", "stated_on"), None),),
)

FINDING_OWNER = LineKind(
    "finding_owner",
    "Who is to answer a finding, and by when; the last line about a finding counts.",
    (
        integer("finding_act", "act that holds the finding", required=True),
        integer("finding_line", "its line number", required=True),
        text("owner", "who is to answer: a role or a pseudonym", required=True),
        integer("due_on", "day by which an answer is expected"),
    ),
    indexes=((("finding_act", "finding_line"), None),),
)

OVERSIGHT = Capability("oversight", line_kinds=(ADVANCE_NOTICE, BOOK_STATEMENT, FINDING_OWNER))
