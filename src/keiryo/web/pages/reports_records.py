"""What the record says about a report: its header, its findings, its act, what corrects it.

Everything is asked of the books as the viewer sees them, and narrowed to one report by the indexes
that the tables have, so that a page does not become slower as the books grow.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData, Select, and_, func, literal, select

from keiryo.errors import Finding, Severity
from keiryo.journal.tables import FINDING
from keiryo.oversight.finding_state import is_open
from keiryo.people.tables import RELEASE
from keiryo.reports.entries import TABLE_OF_TYPE
from keiryo.reports.tables import ISSUED_RECORD, ISSUED_REPORT, REPORT
from keiryo.storage.schema import SIGNATURE

ASKING = ("F", "E", "W")
"""Severities of findings that want an answer."""


@dataclass(frozen=True, slots=True)
class RecordedFinding:
    """A finding as it is recorded, and whether it is open."""

    finding: Finding
    act_id: int
    line_no: int
    open: bool


@dataclass(frozen=True, slots=True)
class Superseding:
    """An entry that corrects or deletes another."""

    report_no: int
    entry_no: int
    status: str


def headers(metadata: MetaData) -> Select[Any]:
    """Return the query for the headers of all reports, received and issued."""
    received, issued = metadata.tables[REPORT.name], metadata.tables[ISSUED_REPORT.name]
    names = ("mba", "report_no", "report_date", "period_from", "period_to", "entry_count", "act_id")
    both = (
        select(
            *(received.c[name] for name in names),
            func.coalesce(received.c.report_type, "T").label("report_type"),
            received.c.outcome.label("state"),
        )
        .union_all(
            select(
                *(issued.c[name] for name in names),
                issued.c.report_type,
                literal("issued").label("state"),
            )
        )
        .subquery("headers")
    )
    return select(both)


def open_counts(
    connection: Connection, metadata: MetaData, reports: Collection[tuple[str, int]]
) -> dict[tuple[str, int], int]:
    """Return how many findings want an answer about each of some reports, where there are any."""
    table = metadata.tables[FINDING.name]
    query = (
        select(table.c.mba, table.c.report, func.count())
        .where(
            table.c.mba.in_({mba for mba, _number in reports}),
            table.c.report.in_({str(number) for _mba, number in reports}),
            table.c.severity.in_(ASKING),
            is_open(metadata, table),
        )
        .group_by(table.c.mba, table.c.report)
    )
    found = {(str(mba), str(report)): int(n) for mba, report, n in connection.execute(query)}
    return {one: found[one[0], str(one[1])] for one in reports if (one[0], str(one[1])) in found}


def findings_of(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    number: int,
    others: Collection[int] = (),
) -> list[RecordedFinding]:
    """Return the findings about a report, in the order in which they were recorded.

    Parameters
    ----------
    others : collection of int
        Acts of other reports of the same number; what was found about those is left out.
    """
    table = metadata.tables[FINDING.name]
    query = (
        select(table, is_open(metadata, table).label("is_open"))
        .where(table.c.mba == mba, table.c.report == str(number))
        .order_by(table.c.act_id, table.c.line_no)
    )
    if others:
        query = query.where(table.c.act_id.not_in(others))
    return [_recorded(row) for row in connection.execute(query).mappings()]


def _recorded(row: Mapping[Any, Any]) -> RecordedFinding:
    return RecordedFinding(
        finding_of_row(row), int(row["act_id"]), int(row["line_no"]), bool(row["is_open"])
    )


def finding_of_row(row: Mapping[Any, Any]) -> Finding:
    """Return the finding that a line of the record holds."""
    names = ("code", "message", "file", "cell", "mba", "report", "label", "category")
    more = ("found", "expected", "basis")
    return Finding(
        severity=Severity(row["severity"]),
        advice=row["advice"] or "",
        line=row["file_line"],
        entry=row["entry_no"],
        **{name: row[name] for name in (*names, *more)},
    )


def superseding(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    number: int,
    kind: str,
    act_id: int | None = None,
) -> dict[int, list[Superseding]]:
    """Return for the entries of a report which later entries correct or delete them.

    Parameters
    ----------
    act_id : int, optional
        The act of the report, where its number was used more than once.
    """
    if kind not in TABLE_OF_TYPE:
        return {}
    table = metadata.tables[TABLE_OF_TYPE[kind]]
    record = metadata.tables[ISSUED_RECORD.name]
    old, new, sent = table.alias("old"), table.alias("new"), record.alias("sent")
    joined = and_(new.c.supersedes_act == old.c.act_id, new.c.supersedes_line == old.c.line_no)
    said = and_(sent.c.source_act == new.c.act_id, sent.c.source_line == new.c.line_no)
    later = (
        func.coalesce(new.c.report_no, sent.c.report_no),
        func.coalesce(new.c.entry_no, sent.c.record_no),
        new.c.status,
    )
    received = (
        select(old.c.entry_no, *later)
        .join_from(old, new, joined)
        .join(sent, said, isouter=True)
        .where(old.c.mba == mba, old.c.report_no == number)
    )
    first = record.alias("first")
    issued = (
        select(first.c.record_no, *later)
        .join_from(
            first,
            new,
            and_(
                new.c.supersedes_act == first.c.source_act,
                new.c.supersedes_line == first.c.source_line,
            ),
        )
        .join(sent, said, isouter=True)
        .where(first.c.mba == mba, first.c.report_no == number, first.c.source_act.is_not(None))
    )
    if act_id is not None:
        received = received.where(old.c.act_id == act_id)
        issued = issued.where(first.c.act_id == act_id)
    found: dict[int, list[Superseding]] = {}
    for query in (received, issued):
        for entry, report_no, entry_no, status in connection.execute(query.distinct()):
            if report_no is not None:
                one = Superseding(int(report_no), int(entry_no), str(status or "C"))
                if one not in found.setdefault(int(entry), []):
                    found[int(entry)].append(one)
    return found


def signature_of(
    connection: Connection, metadata: MetaData, act_id: int
) -> Mapping[Any, Any] | None:
    """Return with which key an act is signed, or None."""
    table = metadata.tables[SIGNATURE]
    return connection.execute(select(table).where(table.c.act_id == act_id)).mappings().first()


def release_of(connection: Connection, metadata: MetaData, act_id: int) -> Mapping[Any, Any] | None:
    """Return who prepared what an act released, or None if one person did both."""
    table = metadata.tables[RELEASE.name]
    return connection.execute(select(table).where(table.c.act_id == act_id)).mappings().first()


def refused_acts(connection: Connection, metadata: MetaData, mba: str, number: int) -> list[int]:
    """Return the acts in which a report of this number was refused."""
    table = metadata.tables[REPORT.name]
    query = (
        select(table.c.act_id)
        .where(table.c.mba == mba, table.c.report_no == number, table.c.outcome == "refused")
        .order_by(table.c.act_id)
    )
    return [int(act) for act in connection.execute(query).scalars()]


def stated_entries(
    connection: Connection, metadata: MetaData, mba: str, number: int, act_id: int | None = None
) -> int | None:
    """Return how many entries the header of a report states, or None if there is no such report.

    Parameters
    ----------
    act_id : int, optional
        The act that accepted or issued it; by default the latest that did.
    """
    found = []
    for name, accepted in ((ISSUED_REPORT.name, False), (REPORT.name, True)):
        table = metadata.tables[name]
        query = select(table.c.act_id, table.c.entry_count).where(
            table.c.mba == mba, table.c.report_no == number
        )
        if accepted:
            query = query.where(table.c.outcome == "accepted")
        if act_id is not None:
            query = query.where(table.c.act_id == act_id)
        found += [(int(act), int(count)) for act, count in connection.execute(query)]
    return max(found)[1] if found else None
