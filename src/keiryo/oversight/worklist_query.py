"""The work list as one query: for lists that are sorted, filtered and paged by the database.

The same findings, states and owners as `keiryo.oversight.worklist.work_list`, a page at a time: the
last answer and the last owner of a finding count. It is asked through the books as somebody sees
them, and so shows the findings that they see.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    MetaData,
    Select,
    Subquery,
    Table,
    and_,
    case,
    func,
    literal,
    or_,
    select,
)

from keiryo.dates import date_number
from keiryo.journal.tables import FINDING, FINDING_ANSWER
from keiryo.oversight.tables import FINDING_OWNER
from keiryo.oversight.worklist import CLOSED, OPEN, Place
from keiryo.storage.schema import ACT

VIEWS = ("open", "overdue", "unowned", "mine", "all")
"""Parts of the list: what is open, and of that what is overdue, nobody's, one's own; everything."""


def work_items(
    metadata: MetaData, on: datetime.date, mbas: Iterable[str] | None = None
) -> Select[Any]:
    """Return the SELECT of all findings with their last answer and owner.

    Parameters
    ----------
    metadata : MetaData
    on : datetime.date
        The day from which ``overdue`` is seen.
    mbas : iterable of str, optional
        Only findings about these areas; default: all, also those about none.

    Returns
    -------
    Select
        Columns act, line, scope, state, overdue (0 or 1), severity, code, mba, report, entry_no,
        message, owner, due_on (YYYYMMDD), raised_at (UTC text), answer.
    """
    finding, act = metadata.tables[FINDING.name], metadata.tables[ACT]
    answer = _latest(metadata.tables[FINDING_ANSWER.name], "state", "answer")
    owner = _latest(metadata.tables[FINDING_OWNER.name], "owner", "due_on")
    state = func.coalesce(answer.c.state, OPEN)
    late = and_(state == OPEN, owner.c.due_on.is_not(None), owner.c.due_on < date_number(on))
    query = (
        select(
            finding.c.act_id.label("act"),
            finding.c.line_no.label("line"),
            finding.c.scope,
            state.label("state"),
            case((late, 1), else_=0).label("overdue"),
            *(finding.c[name] for name in ("severity", "code", "mba", "report", "entry_no")),
            finding.c.message,
            owner.c.owner,
            owner.c.due_on,
            act.c.recorded_at.label("raised_at"),
            answer.c.answer,
        )
        .join(act, act.c.act_id == finding.c.act_id)
        .outerjoin(answer, _about(answer, finding))
        .outerjoin(owner, _about(owner, finding))
    )
    return query if mbas is None else query.where(finding.c.mba.in_(list(mbas)))


def is_open(metadata: MetaData, finding: FromClause) -> ColumnElement[bool]:
    """Return the condition that the last answer to a finding, if any, did not close it.

    Parameters
    ----------
    metadata : MetaData
    finding : FromClause
        The table of findings, or an alias of it, in the query that the condition is for.
    """
    answer = metadata.tables[FINDING_ANSWER.name]
    last = (
        select(answer.c.state)
        .where(answer.c.finding_act == finding.c.act_id, answer.c.finding_line == finding.c.line_no)
        .order_by(answer.c.act_id.desc(), answer.c.line_no.desc())
        .limit(1)
        .scalar_subquery()
    )
    return func.coalesce(last, OPEN) != CLOSED


def open_by_area(connection: Connection, metadata: MetaData) -> dict[str | None, int]:
    """Return how many findings are open about each area that has any; None: about no area."""
    finding = metadata.tables[FINDING.name]
    query = (
        select(finding.c.mba, func.count())
        .where(is_open(metadata, finding))
        .group_by(finding.c.mba)
    )
    return {mba: int(count) for mba, count in connection.execute(query)}


def _latest(table: Table, *names: str) -> Subquery:
    """Return the last line about each finding that has one."""
    about = (table.c.finding_act, table.c.finding_line)
    newest = (table.c.act_id.desc(), table.c.line_no.desc())
    number = func.row_number().over(partition_by=about, order_by=newest).label("number")
    inner = select(*about, *(table.c[name] for name in names), number).subquery()
    outer = select(*(c for c in inner.c if c.name != "number")).where(inner.c.number == 1)
    return outer.subquery()


def _about(latest: Subquery, finding: Table) -> ColumnElement[bool]:
    return and_(
        latest.c.finding_act == finding.c.act_id, latest.c.finding_line == finding.c.line_no
    )


def in_view(items: Select[Any], view: str, own_names: Iterable[str] = ()) -> Select[Any]:
    """Return the part of the list that a view shows; see `VIEWS`.

    Parameters
    ----------
    items : Select
        Of `work_items`.
    view : str
    own_names : iterable of str
        What the viewer is called as an owner: pseudonym and roles.
    """
    inner = items.subquery()
    return select(inner).where(_condition(inner, view, own_names))


def _condition(inner: Subquery, view: str, own_names: Iterable[str]) -> ColumnElement[bool]:
    still_open = inner.c.state != CLOSED
    if view == "open":
        return still_open
    if view == "overdue":
        return inner.c.overdue == 1
    if view == "unowned":
        return and_(still_open, inner.c.owner.is_(None))
    if view == "mine":
        mine = [name.lower() for name in own_names]
        return and_(still_open, func.lower(inner.c.owner).in_(mine))
    return literal(True)


def counts_of_views(
    connection: Connection, items: Select[Any], own_names: Iterable[str] = ()
) -> dict[str, int]:
    """Return how many findings each view shows, counted with the views' own conditions."""
    inner = items.subquery()
    names = list(own_names)
    query = select(
        *(
            func.coalesce(func.sum(case((_condition(inner, view, names), 1), else_=0)), 0)
            for view in VIEWS
        )
    )
    row = connection.execute(query).one()
    return {view: int(count) for view, count in zip(VIEWS, row, strict=True)}


def acts_since(
    connection: Connection, metadata: MetaData, places: Iterable[Place], act_id: int
) -> list[int]:
    """Return the acts after an act that answered or assigned one of some findings, in order."""
    found: set[int] = set()
    wanted = list(dict.fromkeys(places))
    for name in (FINDING_ANSWER.name, FINDING_OWNER.name):
        table = metadata.tables[name]
        for start in range(0, len(wanted), 200):
            same = [
                and_(table.c.finding_act == act, table.c.finding_line == line)
                for act, line in wanted[start : start + 200]
            ]
            query = select(table.c.act_id).where(table.c.act_id > act_id, or_(*same))
            found.update(int(number) for number in connection.execute(query).scalars())
    return sorted(found)
