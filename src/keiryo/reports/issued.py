"""Reports that were issued here: read back from the records that were sent."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, MetaData, select

from keiryo.reports.formats.code10_reader import read
from keiryo.reports.model import Report
from keiryo.reports.tables import ISSUED_RECORD, ISSUED_REPORT

Source = tuple[int, int]
"""Where an entry lies in the books: its act and its first line."""


def issued_reports(
    connection: Connection, metadata: MetaData, mba: str | None = None
) -> Iterator[Report]:
    """Yield the issued reports of an MBA (None: of all) as they were sent, oldest first.

    They are read from the text of their records, not made anew from the books.
    """
    for report, _ in reports_with_sources(connection, metadata, mba):
        yield report


def reports_with_sources(
    connection: Connection, metadata: MetaData, mba: str | None = None
) -> Iterator[tuple[Report, tuple[Source | None, ...]]]:
    """Yield issued reports, each with the entry of the books behind every entry of it."""
    table = metadata.tables[ISSUED_REPORT.name]
    query = select(table.c.act_id, table.c.mba, table.c.report_no).order_by(
        table.c.act_id, table.c.line_no
    )
    if mba is not None:
        query = query.where(table.c.mba == mba)
    for act_id, area, number in connection.execute(query).all():
        content, sources = _records(connection, metadata, int(act_id), int(number))
        result = read(content.encode(), f"{area} report {number}")
        assert len(result.reports) == 1, f"act {act_id} holds one report"
        yield result.reports[0], sources


def _records(
    connection: Connection, metadata: MetaData, act_id: int, number: int
) -> tuple[str, tuple[Source | None, ...]]:
    table = metadata.tables[ISSUED_RECORD.name]
    query = (
        select(table)
        .where(table.c.act_id == act_id, table.c.report_no == number)
        .order_by(table.c.line_no)
    )
    rows = connection.execute(query).mappings().all()
    sources = tuple(
        None if row["source_act"] is None else (int(row["source_act"]), int(row["source_line"]))
        for row in rows
        if row["record_kind"] == "OI"
    )
    return "".join(f"{row['content']}\n" for row in rows), sources
