"""A copy of a report, received or issued, with the act that stands behind it.

The act is what a paper copy can be traced by: its digest covers all acts before it, so that the
act number, the digest and the identifier of the journal together are the checkpoint at issuing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.dates import number_date
from keiryo.errors import NotFoundError
from keiryo.journal.model import Act
from keiryo.journal.proofs import Checkpoint, journal_uid
from keiryo.journal.reading import act as read_act
from keiryo.places.model import MaterialBalanceArea
from keiryo.places.tables import KEY_MEASUREMENT_POINT, areas
from keiryo.reports.export import recorded_reports
from keiryo.reports.formats.code10_writer import entry_elements, note_elements, write
from keiryo.reports.issued import issued_reports
from keiryo.reports.model import Report
from keiryo.reports.tables import ISSUED_REPORT, REPORT


@dataclass(frozen=True, slots=True)
class ReportCopy:
    """A report as it is written out.

    Attributes
    ----------
    report : Report
    act : Act
        The act that issued or accepted it.
    checkpoint : Checkpoint
        The head of the chain when that act was recorded.
    issued : bool
        Whether it was made here (or received).
    profile : str or None
        Profile under which it was made.
    place : MaterialBalanceArea or None
        The area as registered.
    points : mapping of str to (purpose, name)
        Its key measurement points.
    """

    report: Report
    act: Act
    checkpoint: Checkpoint
    issued: bool
    profile: str | None
    place: MaterialBalanceArea | None
    points: dict[str, tuple[str, str | None]]

    @property
    def name(self) -> str:
        """Name for a file, e.g. ``XA-XAFA-102-I``."""
        report = self.report
        return f"{report.country}-{report.mba or ''}-{report.number}-{report.type or 'T'}"

    def text(self) -> str:
        """Return the report as labelled text, as it is sent."""
        return write([self.report])

    def to_json(self) -> str:
        """Return the report as JSON: its records by label, and the act behind it."""
        report, act = self.report, self.act
        data: dict[str, Any] = {
            "report": report.key,
            "type": report.type or "T",
            "issued": self.issued,
            "profile": self.profile,
            "entries": [dict(entry_elements(report, entry)) for entry in report.entries],
            "notes": [dict(note_elements(report, note)) for note in report.notes],
            "act": {
                "act": act.act_id,
                "kind": act.kind,
                "digest": act.digest,
                "recorded_at": act.recorded_at,
                "person": act.person,
            },
            "journal": self.checkpoint.journal_uid,
        }
        return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def report_copy(connection: Connection, metadata: MetaData, mba: str, number: int) -> ReportCopy:
    """Return a report of an area, issued here or received and accepted.

    Raises
    ------
    NotFoundError
        If there is none with that number.
    """
    issued = metadata.tables[ISSUED_REPORT.name]
    query = select(issued.c.act_id, issued.c.profile).where(
        issued.c.mba == mba, issued.c.report_no == number
    )
    row = connection.execute(query).first()
    if row is not None:
        found = (r for r in issued_reports(connection, metadata, mba) if r.number == number)
        return _copy(connection, metadata, next(found), int(row[0]), str(row[1]))
    received = metadata.tables[REPORT.name]
    query = select(received.c.act_id).where(
        received.c.mba == mba,
        received.c.report_no == number,
        received.c.outcome == "accepted",
    )
    act_id = connection.execute(query).scalar()
    if act_id is None:
        raise NotFoundError(
            f"there is no report {number} of {mba}, neither issued nor accepted",
            f"See what there is with 'keiryo reports list --mba {mba}'.",
        )
    found = (r for r in recorded_reports(connection, metadata, mba) if r.number == number)
    return _copy(connection, metadata, next(found), int(act_id), None)


def _copy(
    connection: Connection, metadata: MetaData, report: Report, act_id: int, profile: str | None
) -> ReportCopy:
    act = read_act(connection, metadata, act_id)
    uid = journal_uid(connection, metadata)
    mba = report.mba or ""
    return ReportCopy(
        report,
        act,
        Checkpoint(uid, act.act_id, act.digest, act.recorded_at),
        profile is not None,
        profile,
        areas(connection, metadata, through_act=act_id).get(mba),
        _points(connection, metadata, mba, act_id),
    )


def _points(
    connection: Connection, metadata: MetaData, mba: str, act_id: int
) -> dict[str, tuple[str, str | None]]:
    """Return the key measurement points as registered then: a copy does not change later."""
    table = metadata.tables[KEY_MEASUREMENT_POINT.name]
    query = (
        select(table.c.kmp, table.c.purpose, table.c.name)
        .where(table.c.mba == mba, table.c.act_id <= act_id)
        .order_by(table.c.act_id, table.c.line_no)
    )
    return {str(kmp): (str(p), name) for kmp, p, name in connection.execute(query)}


def list_reports(
    connection: Connection, metadata: MetaData, mba: str | None = None
) -> Iterator[dict[str, Any]]:
    """Yield the headers of all reports, issued and received, by area and number."""
    rows = []
    received, issued = metadata.tables[REPORT.name], metadata.tables[ISSUED_REPORT.name]
    for table, way in ((received, None), (issued, "issued")):
        query = select(table)
        if mba is not None:
            query = query.where(table.c.mba == mba)
        rows += [(way or row["outcome"], row) for row in connection.execute(query).mappings()]
    for state, row in sorted(rows, key=lambda r: (r[1]["mba"] or "", r[1]["report_no"], r[0])):
        yield {
            "mba": row["mba"],
            "report": int(row["report_no"]),
            "type": row["report_type"] or "T",
            "date": _day(row["report_date"]),
            "from": _day(row["period_from"]),
            "to": _day(row["period_to"]),
            "entries": int(row["entry_count"]),
            "state": state,
            "profile": row.get("profile"),
            "act": int(row["act_id"]),
        }


def _day(number: int | None) -> str | None:
    return None if number is None else number_date(int(number)).isoformat()
