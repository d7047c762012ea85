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


def standing_acts(
    connection: Connection, metadata: MetaData, mba: str, number: int
) -> list[tuple[int, bool]]:
    """Return the acts that accepted or issued a report of a number, oldest first.

    A number is used once; a report that uses it again may be accepted with a reason all the same
    (SEQ-DUP). Each is known by its act, and the number alone means the one of the latest act.

    Returns
    -------
    list of (int, bool)
        The act, and whether it issued the report here.
    """
    found = []
    for name, issued in ((REPORT.name, False), (ISSUED_REPORT.name, True)):
        table = metadata.tables[name]
        query = select(table.c.act_id).where(table.c.mba == mba, table.c.report_no == number)
        if not issued:
            query = query.where(table.c.outcome == "accepted")
        found += [(int(act_id), issued) for act_id in connection.execute(query).scalars()]
    return sorted(found)


def report_copy(
    connection: Connection, metadata: MetaData, mba: str, number: int, act_id: int | None = None
) -> ReportCopy:
    """Return a report of an area, issued here or received and accepted.

    Parameters
    ----------
    connection, metadata
        An open reading transaction and the tables.
    mba : str
    number : int
    act_id : int, optional
        The act that issued or accepted it; by default the latest that did.

    Raises
    ------
    NotFoundError
        If there is none with that number, or that act is not one of it.
    """
    acts = standing_acts(connection, metadata, mba, number)
    meant = acts[-1:] if act_id is None else [one for one in acts if one[0] == act_id]
    if not meant:
        which = "" if act_id is None else f" in act {act_id}"
        raise NotFoundError(
            f"there is no report {number} of {mba}, neither issued nor accepted{which}",
            f"See what there is with 'keiryo reports list --mba {mba}'.",
        )
    act, is_issued = meant[0]
    place = [one for one, issued in acts if issued is is_issued].index(act)
    every = issued_reports if is_issued else recorded_reports
    same = [r for r in every(connection, metadata, mba) if r.number == number]
    profile = None
    if is_issued:
        table = metadata.tables[ISSUED_REPORT.name]
        query = select(table.c.profile).where(table.c.act_id == act, table.c.report_no == number)
        profile = str(connection.execute(query).scalar())
    return _copy(connection, metadata, same[place], act, profile)


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
