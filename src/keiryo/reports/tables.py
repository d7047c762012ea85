"""Tables of record of reporting: reports received and issued, notes, and what came before.

The books keep weights as measured; a report that is issued may round them. What was sent is kept
word for word beside the books and changes nothing in them.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, MetaData, select

from keiryo.journal.dependents import LINK_LIMIT, line_of
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
    issued = metadata.tables[ISSUED_RECORD.name]
    stated = select(issued.c.act_id, issued.c.line_no, issued.c.source_act, issued.c.source_line)
    stated = stated.where(issued.c.mba == mba, issued.c.report_no == int(number))
    for act_id, line_no, source_act, source_line in connection.execute(stated):
        yield Link(node, "issued as", f"line:{act_id}/{line_no}")
        if source_act is not None:
            yield Link(f"line:{act_id}/{line_no}", "states", f"line:{source_act}/{source_line}")


def dependents_of_report(connection: Connection, metadata: MetaData, node: str) -> Iterator[Link]:
    """Yield the reports that a line is the header or a note of, or that state it as issued."""
    place = line_of(node)
    if place is None:
        return
    act_id, line_no = place
    for table in (metadata.tables[REPORT.name], metadata.tables[NOTE.name]):
        query = select(table.c.mba, table.c.report_no).where(
            table.c.act_id == act_id, table.c.line_no == line_no, table.c.mba.is_not(None)
        )
        for mba, number in connection.execute(query):
            yield Link(f"report:{mba}/{number}", "recorded as", node)
    issued = metadata.tables[ISSUED_RECORD.name]
    query = select(issued.c.mba, issued.c.report_no).where(
        issued.c.act_id == act_id, issued.c.line_no == line_no
    )
    for mba, number in connection.execute(query):
        yield Link(f"report:{mba}/{number}", "issued as", node)
    stating = (
        select(issued.c.act_id, issued.c.line_no)
        .where(issued.c.source_act == act_id, issued.c.source_line == line_no)
        .order_by(issued.c.act_id, issued.c.line_no)
    )
    for record_act, record_line in connection.execute(stating.limit(LINK_LIMIT)):
        yield Link(f"line:{record_act}/{record_line}", "states", node)


REPORTS = Capability(
    "reports",
    line_kinds=(REPORT, NOTE, REPORTING_CONTEXT, EARLIER_REPORT, ISSUED_REPORT, ISSUED_RECORD),
    explainers=(explain_report,),
    dependents=(dependents_of_report,),
)
