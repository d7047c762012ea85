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
    MetaData,
    Select,
    Subquery,
    and_,
    case,
    func,
    literal,
    or_,
    select,
)

from keiryo.dates import date_number
from keiryo.journal.tables import FINDING, FINDING_ANSWER
from keiryo.oversight.finding_state import CLOSED, OPEN, findings_now
from keiryo.oversight.tables import FINDING_OWNER
from keiryo.oversight.worklist import Place

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
    now = findings_now(metadata).order_by(None)
    if mbas is not None:
        now = now.where(metadata.tables[FINDING.name].c.mba.in_(list(mbas)))
    one = now.subquery().c
    late = and_(one.state_now == OPEN, one.due_now.is_not(None), one.due_now < date_number(on))
    return select(
        one.act_id.label("act"),
        one.line_no.label("line"),
        one.scope,
        one.state_now.label("state"),
        case((late, 1), else_=0).label("overdue"),
        *(one[name] for name in ("severity", "code", "mba", "report", "entry_no", "message")),
        one.owner_now.label("owner"),
        one.due_now.label("due_on"),
        one.recorded_at.label("raised_at"),
        one.answer_now.label("answer"),
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
