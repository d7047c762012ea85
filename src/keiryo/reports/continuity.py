"""Between reports: numbers without gaps, balances that continue, transfers that arrive.

These findings never block a report: they are recorded and stay open until they are answered, or
until a later report settles them.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import suppress

from sqlalchemy import Connection, MetaData, RowMapping, func, select

from keiryo.dates import number_date
from keiryo.errors import Finding, Severity
from keiryo.journal.model import Actor, Draft
from keiryo.journal.posting import Clock, system_clock
from keiryo.journal.tables import FINDING, FINDING_ANSWER, finding_values
from keiryo.limits import FIRST_DAY
from keiryo.places.tables import areas
from keiryo.reports.filings_of_books import filings_of_books
from keiryo.reports.preparing import post_prepared
from keiryo.reports.questions.check import questions_between
from keiryo.reports.tables import REPORT, REPORTING_CONTEXT
from keiryo.storage.engine import Database
from keiryo.storage.evidence import EvidenceStore
from keiryo.vocabulary import profile

RECORDING = "findings.record"
SETTLED = "settled by what was recorded since"
"""The answer to a question that later reports have made superfluous."""

_AGEING = ("TRANSIT-OPEN",)


def record_open_findings(
    database: Database, actor: Actor, *, clock: Clock = system_clock
) -> list[Finding]:
    """Look at everything between reports, record what is new, settle what is gone.

    Returns
    -------
    list of Finding
        What is open now.
    """
    current: list[Finding] = []

    def draft(connection: Connection) -> Draft:
        answered = answered_by_person(connection, database.metadata)
        current[:] = [
            one
            for one in between_reports(connection, database.metadata, database.evidence)
            if (_key(one), None if one.code in _AGEING else one.found) not in answered
        ]
        known = open_between_reports(connection, database.metadata)
        made = Draft(RECORDING, _client_id(connection, database.metadata))
        scopes = {code: a.scope for code, a in areas(connection, database.metadata).items()}
        for finding in current:
            if _key(finding) not in known:
                scope = scopes.get(finding.mba or "", actor.on_behalf_of)
                made.add(FINDING.name, finding_values(finding, scope))
        present = {_key(finding) for finding in current}
        for key, (act_id, line_no, scope) in known.items():
            if key not in present:
                made.add(
                    FINDING_ANSWER.name,
                    scope=scope,
                    finding_act=act_id,
                    finding_line=line_no,
                    answer=SETTLED,
                    state="closed",
                )
        if not made.lines:
            raise _NothingNew
        return made

    with suppress(_NothingNew):
        post_prepared(database, draft, actor, clock=clock)
    return current


class _NothingNew(Exception):
    """Nothing was found that is not recorded."""


def _client_id(connection: Connection, metadata: MetaData) -> str:
    last = connection.execute(select(func.max(metadata.tables["act"].c.act_id))).scalar()
    return open_findings_id(last or 0)


def open_findings_id(act: int) -> str:
    """Return what the act is called that records what is open between reports after an act."""
    return f"{RECORDING}:after-act-{act}"


Key = tuple[str | int | None, ...]


def _key(finding: Finding) -> Key:
    # Ages and weights may change while the question stays the same.
    return (
        *(finding.code, str(finding.severity), finding.mba, finding.report, finding.entry),
        *(finding.label, finding.category),
    )


def open_between_reports(
    connection: Connection, metadata: MetaData
) -> dict[Key, tuple[int, int, str]]:
    """Return the findings between reports that are open, with their act, line and scope."""
    table, act = metadata.tables[FINDING.name], metadata.tables["act"]
    closed = closed_findings(connection, metadata)
    query = (
        select(table)
        .join(act, act.c.act_id == table.c.act_id)
        .where(act.c.kind == RECORDING)
        .order_by(table.c.act_id, table.c.line_no)
    )
    found: dict[Key, tuple[int, int, str]] = {}
    for row in connection.execute(query).mappings():
        if (row["act_id"], row["line_no"]) not in closed:
            found[_row_key(row)] = (int(row["act_id"]), int(row["line_no"]), str(row["scope"]))
    return found


def _row_key(row: RowMapping) -> Key:
    return (
        *(row["code"], row["severity"], row["mba"], row["report"], row["entry_no"]),
        *(row["label"], row["category"]),
    )


def answered_by_person(connection: Connection, metadata: MetaData) -> set[tuple[Key, str | None]]:
    """Return what was found between reports and answered by a person, with the value found.

    It is not asked again as long as the value stays the same; an age may grow.
    """
    table, answer = metadata.tables[FINDING.name], metadata.tables[FINDING_ANSWER.name]
    act = metadata.tables["act"]
    closed = closed_findings(connection, metadata)
    query = (
        select(table)
        .join(act, act.c.act_id == table.c.act_id)
        .join(
            answer,
            (answer.c.finding_act == table.c.act_id) & (answer.c.finding_line == table.c.line_no),
        )
        .where(act.c.kind == RECORDING, answer.c.answer != SETTLED)
    )
    return {
        (_row_key(row), None if row["code"] in _AGEING else row["found"])
        for row in connection.execute(query).mappings()
        if (row["act_id"], row["line_no"]) in closed
    }


def closed_findings(connection: Connection, metadata: MetaData) -> set[tuple[int, int]]:
    """Return (act, line) of the findings whose latest answer closes them."""
    table = metadata.tables[FINDING_ANSWER.name]
    query = select(table.c.finding_act, table.c.finding_line, table.c.state).order_by(
        table.c.act_id, table.c.line_no
    )
    latest = {(int(a), int(n)): str(state) for a, n, state in connection.execute(query)}
    return {key for key, state in latest.items() if state == "closed"}


def settled_by(
    connection: Connection, metadata: MetaData, mba: str | None, report_no: int
) -> list[tuple[int, int, str]]:
    """Return the open findings of a report that was refused and is now accepted.

    Each as (act, line, scope): the accepted report answers them.
    """
    table, act = metadata.tables[FINDING.name], metadata.tables["act"]
    closed = closed_findings(connection, metadata)
    query = (
        select(table.c.act_id, table.c.line_no, table.c.scope)
        .join(act, act.c.act_id == table.c.act_id)
        .where(
            act.c.kind == "report.refuse",
            table.c.mba == mba,
            table.c.report == str(report_no),
        )
        .order_by(table.c.act_id, table.c.line_no)
    )
    rows = [(int(a), int(n), str(scope)) for a, n, scope in connection.execute(query)]
    return [row for row in rows if row[:2] not in closed]


def between_reports(
    connection: Connection, metadata: MetaData, evidence: EvidenceStore
) -> list[Finding]:
    """Return everything that stands between the reports as recorded now.

    What a correction changes and the like is information for whoever looks, no open question;
    of the informations only shipments on their way are kept track of.
    """
    filings = filings_of_books(connection, metadata, evidence)
    for mba, number in _refused(connection, metadata):
        if mba in filings.areas:
            filings.areas[mba].refused.add(number)
    on = _looked_at(connection, metadata)
    found = questions_between(filings, on, profile("code10", max(on, FIRST_DAY)))
    return [
        one
        for one in found
        if one.severity is not Severity.INFORMATION or one.code == "TRANSIT-OPEN"
    ]


def _refused(connection: Connection, metadata: MetaData) -> Iterator[tuple[str, int]]:
    """Yield area and number of reports that came and were refused: they are not missing."""
    table = metadata.tables[REPORT.name]
    query = select(table.c.mba, table.c.report_no).where(
        table.c.outcome == "refused", table.c.mba.is_not(None)
    )
    for mba, number in connection.execute(query):
        yield str(mba), int(number)


def _looked_at(connection: Connection, metadata: MetaData) -> datetime.date:
    """Return the day that ages are counted to: of the context or of the last report."""
    context, report = metadata.tables[REPORTING_CONTEXT.name], metadata.tables[REPORT.name]
    stated = connection.execute(select(func.max(context.c.as_of))).scalar()
    latest = connection.execute(select(func.max(report.c.report_date))).scalar()
    return number_date(max(int(stated or 0), int(latest or 0)) or 20000101)
