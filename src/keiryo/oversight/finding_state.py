"""How a finding stands: whether it is open, whose it is, and what was answered last.

The last line about a finding counts, in the order of the acts. It is asked of the index for each
finding, so that a finding costs the same however much was answered to others.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, MetaData, Select, func, select

from keiryo.journal.tables import FINDING, FINDING_ANSWER
from keiryo.oversight.tables import FINDING_OWNER
from keiryo.storage.schema import ACT

OPEN, CLOSED = "open", "closed"


def last_said(metadata: MetaData, kind: str, column: str, finding: FromClause) -> Any:
    """Return what the last line about a finding says; null: there is none.

    Parameters
    ----------
    metadata : MetaData
    kind : str
        Line kind: answers to findings, or owners of them.
    column : str
        What is wanted of its last line.
    finding : FromClause
        The table of findings in the query that this is for, or an alias of it.
    """
    table = metadata.tables[kind]
    return (
        select(table.c[column])
        .where(table.c.finding_act == finding.c.act_id, table.c.finding_line == finding.c.line_no)
        .order_by(table.c.act_id.desc(), table.c.line_no.desc())
        .limit(1)
        .scalar_subquery()
    )


def state_now(metadata: MetaData, finding: FromClause) -> ColumnElement[str]:
    """Return the state of a finding: open, unless its last answer closed it."""
    return func.coalesce(last_said(metadata, FINDING_ANSWER.name, "state", finding), OPEN)


def is_open(metadata: MetaData, finding: FromClause) -> ColumnElement[bool]:
    """Return the condition that a finding is open."""
    return state_now(metadata, finding) != CLOSED


def findings_now(metadata: MetaData) -> Select[Any]:
    """Return the SELECT of all findings as they stand, in the order in which they were recorded.

    Returns
    -------
    Select
        The columns of a finding, without its salt, and recorded_at (UTC text), state_now,
        answer_now, owner_now, due_now (YYYYMMDD).
    """
    finding, acts = metadata.tables[FINDING.name], metadata.tables[ACT]
    answers, owners = FINDING_ANSWER.name, FINDING_OWNER.name
    return (
        select(
            *(column for column in finding.c if column.name != "salt"),
            acts.c.recorded_at,
            state_now(metadata, finding).label("state_now"),
            last_said(metadata, answers, "answer", finding).label("answer_now"),
            last_said(metadata, owners, "owner", finding).label("owner_now"),
            last_said(metadata, owners, "due_on", finding).label("due_now"),
        )
        .join(acts, acts.c.act_id == finding.c.act_id)
        .order_by(finding.c.act_id, finding.c.line_no)
    )


def open_by_area(connection: Connection, metadata: MetaData) -> dict[str | None, int]:
    """Return how many findings are open about each area that has any; None: about no area."""
    finding = metadata.tables[FINDING.name]
    query = (
        select(finding.c.mba, func.count())
        .where(is_open(metadata, finding))
        .group_by(finding.c.mba)
    )
    return {mba: int(count) for mba, count in connection.execute(query)}
