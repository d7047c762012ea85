"""How an entry came to be what it is: its chain of corrections, and what followed from each.

The chain is read from the record: the reports as they came, the acts that took them in, the
concise notes, and the plans of those corrections that were planned here.

Source: INFCIRC/153 (Corrected), paragraph 103; Code 10, labels 309 and 391.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.corrections.chain import place_text
from keiryo.corrections.model import Address
from keiryo.corrections.planner import reported_entry
from keiryo.corrections.service import recorded_plans
from keiryo.errors import NotFoundError
from keiryo.journal.reading import act
from keiryo.reports.filed import AreaFile, FiledEntry
from keiryo.reports.filings_of_books import filings_of_books
from keiryo.reports.model import Report
from keiryo.reports.questions.corrections import changes
from keiryo.reports.tables import ISSUED_REPORT, REPORT
from keiryo.storage.engine import Database

Plans = list[tuple[int, dict[str, Any]]]
"""Plans that were posted, each with its act."""


def explained(database: Database, mba: str, report_no: int, entry_no: int) -> list[dict[str, Any]]:
    """Return the chain of an entry, from what was first reported to what counts now.

    Parameters
    ----------
    database : Database
    mba : str
    report_no, entry_no : int
        Any entry of the chain.

    Returns
    -------
    list of dict
        One for each entry of the chain: where it stands, when it was reported and recorded, by
        whom and why, what it changes, and what followed from it.

    Raises
    ------
    NotFoundError
        If there is no such entry.
    """
    with database.reading() as connection:
        filings = filings_of_books(connection, database.metadata)
        area = filings.areas.get(mba)
        found = None
        if area is not None:
            found = reported_entry(area, Address(area.country, mba, report_no, entry_no))
        if area is None or found is None:
            raise NotFoundError(
                f"{mba} has no entry {report_no}/{entry_no}", "Look it up in the reports."
            )
        plans = list(recorded_plans(connection, database))
        return [
            _link(connection, database.metadata, area, filed, plans)
            for filed in _whole_chain(area, found)
        ]


def _whole_chain(area: AreaFile, filed: FiledEntry) -> Iterator[FiledEntry]:
    after = {id(f.replaces): f for f in area.filed if f.replaces is not None}
    current: FiledEntry | None = filed.origin
    while current is not None:
        yield current
        current = after.get(id(current))


def _act_of_report(connection: Connection, metadata: MetaData, report: Report) -> int:
    """Return the act in which a report was accepted, or issued."""
    received, issued = metadata.tables[REPORT.name], metadata.tables[ISSUED_REPORT.name]
    accepted = select(received.c.act_id).where(
        received.c.mba == report.mba,
        received.c.report_no == report.number,
        received.c.outcome == "accepted",
    )
    sent = select(issued.c.act_id).where(
        issued.c.mba == report.mba, issued.c.report_no == report.number
    )
    query = accepted.union_all(sent).order_by("act_id").limit(1)
    return int(connection.execute(query).scalar_one())


def _link(
    connection: Connection, metadata: MetaData, area: AreaFile, filed: FiledEntry, plans: Plans
) -> dict[str, Any]:
    report, entry = filed.report, filed.entry
    recorded = act(connection, metadata, _act_of_report(connection, metadata, report))
    changed = []
    if filed.replaces is not None and entry.status == "C":
        changed = [
            {"label": label, "before": before, "after": after}
            for label, before, after in changes(filed.replaces.entry, entry)
        ]
    notes = [n.text or "" for n in area.notes_on(filed)] if entry.note_indicator else []
    plan_act, follows_from, followed = _followed(filed, plans)
    return {
        "entry": place_text(filed),
        "status": entry.status,
        "corrects": None if filed.replaces is None else place_text(filed.replaces),
        "code": entry.code,
        "batch": entry.batch,
        "event_date": None if entry.date is None else entry.date.isoformat(),
        "report_date": None if report.date is None else report.date.isoformat(),
        "act": recorded.act_id,
        "recorded_at": recorded.recorded_at,
        "person": recorded.person,
        "note": " ".join(notes) or None,
        "changes": changed,
        "plan_act": plan_act,
        "follows_from": follows_from,
        "followed": followed,
    }


def _followed(
    filed: FiledEntry, plans: Plans
) -> tuple[int | None, str | None, list[dict[str, Any]]]:
    """Return the plan that brought an entry, what it follows from, and what followed from it."""
    report = filed.report
    name = f"{report.country}/{report.mba}/{report.number}/{filed.entry.number}"
    for act_id, plan in plans:
        names = [step["entry"] for step in plan["steps"]]
        if name in names:
            if names[0] != name:
                return act_id, str(plan["entry"]), []
            kept = ("entry", "status", "refers", "code", "batch", "changes", "reason")
            return act_id, None, [{key: step[key] for key in kept} for step in plan["steps"][1:]]
    return None, None, []
