"""Tables of record of reporting: reports received, their notes, and what came before them."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, MetaData, select

from keiryo.journal.model import LineKind, integer, text
from keiryo.journal.registry import Capability, Link

REPORT = LineKind(
    "report",
    "A report as received: its header, and whether it was accepted.",
    (
        text("country", "country code, label 001", required=True),
        integer("report_no", "report number, label 001", required=True),
        text("mba", "material balance area, label 307; null in a textual report"),
        text("facility", "label 207"),
        text("report_type", "I, P, M or T, label 010"),
        integer("report_date", "label 003"),
        text("encoder", "label 006"),
        integer("period_from", "label 015"),
        integer("period_to", "label 015"),
        integer("period_single", "1 if label 015 gives one date"),
        integer("entry_count", "number of entries in the report", required=True),
        text("outcome", "accepted or refused", required=True),
        text("digest", "SHA-256 of the report's canonical text", required=True),
        text("evidence", "digest of the file it came in", required=True),
    ),
    checks=("outcome IN ('accepted', 'refused')",),
    indexes=((("mba", "report_no"), None),),
)

NOTE = LineKind(
    "note",
    "A concise note, or a page of a textual report (NC record).",
    (
        integer("report_no", "report number", required=True),
        integer("note_no", "number of the record among the notes, label 002", required=True),
        integer("note_total", "number of notes, label 002"),
        text("mba", "material balance area"),
        text("reference", "label 099 as written"),
        text("report_type", "label 010 as written"),
        text("non_latin", "label 445"),
        text("note_text", "label 391"),
    ),
    indexes=((("mba", "report_no"), None),),
)

REPORTING_CONTEXT = LineKind(
    "reporting_context",
    "What came before the first report of an area: the last number used, the last inventory.",
    (
        text("mba", "material balance area", required=True),
        integer("as_of", "day on which the context was drawn up"),
        integer("prior_pit", "day of the last physical inventory before", required=True),
        integer("last_report_no", "last report number used before"),
        integer("transit_limit_days", "days after which a transit is open too long"),
    ),
)

EARLIER_REPORT = LineKind(
    "earlier_report",
    "A report sent before the books begin, to which a correction may still refer.",
    (
        text("mba", "material balance area", required=True),
        integer("report_no", "report number", required=True),
        integer("entry_count", "number of its entries", required=True),
    ),
)


def explain_report(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield the lines of a report's header and of its notes."""
    kind, _, name = node.partition(":")
    mba, _, number = name.partition("/")
    if kind != "report" or not number.isdecimal():
        return
    for table in (metadata.tables[REPORT.name], metadata.tables[NOTE.name]):
        query = select(table.c.act_id, table.c.line_no).where(
            table.c.mba == mba, table.c.report_no == int(number)
        )
        for act_id, line_no in connection.execute(query):
            yield Link(node, "recorded as", f"line:{act_id}/{line_no}")


REPORTS = Capability(
    "reports",
    line_kinds=(REPORT, NOTE, REPORTING_CONTEXT, EARLIER_REPORT),
    explainers=(explain_report,),
)
