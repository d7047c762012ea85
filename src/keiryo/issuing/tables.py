"""Tables of record of issuing: reports made here from the books, with their records as sent.

The books keep weights as measured; a report may round them. What was sent is therefore kept word
for word beside the books and changes nothing in them.
"""

from __future__ import annotations

from keiryo.journal.model import LineKind, integer, text
from keiryo.journal.registry import Capability

ISSUED_REPORT = LineKind(
    "issued_report",
    "A report made from the books and issued: its header, its profile and its digest.",
    (
        text("country", "country code, label 001", required=True),
        text("mba", "material balance area, label 307", required=True),
        text("facility", "label 207", required=True),
        integer("report_no", "report number, label 001", required=True),
        text("report_type", "I, P or M, label 010", required=True),
        integer("report_date", "label 003", required=True),
        text("encoder", "label 006", required=True),
        integer("period_from", "label 015", required=True),
        integer("period_to", "label 015", required=True),
        integer("through_act", "last act that the report takes into account", required=True),
        text("profile", "profile under which weights were rounded", required=True),
        integer("entry_count", "number of entries in the report", required=True),
        text("digest", "SHA-256 of the labelled text", required=True),
    ),
    checks=("report_type IN ('I', 'P', 'M')",),
    indexes=((("mba", "report_no"), None),),
)

ISSUED_RECORD = LineKind(
    "issued_record",
    "One record of an issued report as sent, and the line of the books that it states.",
    (
        text("mba", "material balance area", required=True),
        integer("report_no", "report number", required=True),
        text("record_kind", "OI or NC, label 001", required=True),
        integer("record_no", "number of the record, label 002", required=True),
        text("content", "the record as labelled text", required=True),
        integer("source_act", "act of the entry in the books that it states"),
        integer("source_line", "first line of that entry"),
    ),
    checks=("record_kind IN ('OI', 'NC')", "(source_act IS NULL) = (source_line IS NULL)"),
    indexes=(
        (("mba", "report_no"), None),
        (("source_act", "source_line"), "source_act IS NOT NULL"),
    ),
)

ISSUING = Capability("issuing", line_kinds=(ISSUED_REPORT, ISSUED_RECORD))
