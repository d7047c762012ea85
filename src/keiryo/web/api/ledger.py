"""The general ledger of an area, and its batches, page by page.

All pages of a walk show the books as they were known when it began: what is posted in between
neither shifts the lines nor mixes two states of the books, and the next walk shows it.
"""

from __future__ import annotations

import datetime
from typing import Annotated, Literal

from litestar import Response
from litestar.params import PathParameter, QueryParameter
from msgspec import Meta
from sqlalchemy import Connection, select, tuple_

from keiryo.accounts.balance import last_period
from keiryo.accounts.ledger import batch_history
from keiryo.accounts.ledger_pages import Ledger, LedgerFilter, LedgerLine, line_counts
from keiryo.accounts.model import NOW, Knowledge
from keiryo.accounts.tables import BATCH
from keiryo.dates import Period
from keiryo.quantities import Category
from keiryo.web.api.answering import answered, as_of_area, as_of_head, reading
from keiryo.web.api.asking import AsKnown, From, MbaCode, To, known, plain_name, sound_day
from keiryo.web.api.cursors import NEXT_LINK, Cursor, Limit, asked_page, paged
from keiryo.web.api.documents import Document
from keiryo.web.remembered import head_of, last_act_about
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking, Viewer


class LedgerLineDocument(Document, frozen=True, kw_only=True):
    """A line of the general ledger and the book of its category after it."""

    date: Annotated[datetime.date, Meta(description="day of the change")]
    report: Annotated[int | None, Meta(description="report number")]
    entry: Annotated[int | None, Meta(description="entry number")]
    code: Annotated[str, Meta(description="type of change, label 411", examples=["RF"])]
    batch: Annotated[str | None, Meta(description="batch name")]
    category: Annotated[str, Meta(description="element category")]
    element_change_mg: Annotated[int, Meta(description="change of the element weight")]
    fissile_change_mg: Annotated[int | None, Meta(description="change of the fissile weight")]
    element_book_mg: Annotated[
        int | None, Meta(description="element weight on the book after it; null under a filter")
    ]
    fissile_book_mg: Annotated[int | None, Meta(description="fissile weight after it")]
    act: Annotated[int, Meta(description="act of the line")]
    line: Annotated[int, Meta(description="its number in the act")]


class LedgerPage(Document, frozen=True, kw_only=True):
    """A page of the general ledger of an area."""

    mba: Annotated[str, Meta(description="area")]
    period_from: Annotated[datetime.date, Meta(description="first day")]
    period_to: Annotated[datetime.date, Meta(description="last day")]
    through_act: Annotated[int, Meta(description="last act that the walk takes into account")]
    items: Annotated[list[LedgerLineDocument], Meta(description="by day")]
    next: Annotated[str | None, Meta(description="cursor of the next page; null after the last")]


class BatchDocument(Document, frozen=True, kw_only=True):
    """A batch, item or pool of an area."""

    batch_uid: Annotated[str, Meta(description="identity beyond the name")]
    name: Annotated[str, Meta(description="batch name")]
    kind: Annotated[str, Meta(description="batch, item or pool")]
    since: Annotated[int, Meta(description="day from which it exists, YYYYMMDD")]
    act: Annotated[int, Meta(description="act of the line")]
    line: Annotated[int, Meta(description="its number in the act")]


class BatchPage(Document, frozen=True, kw_only=True):
    """A page of the batches of an area."""

    items: Annotated[list[BatchDocument], Meta(description="by name")]
    next: Annotated[str | None, Meta(description="cursor of the next page; null after the last")]


class StatementDocument(Document, frozen=True, kw_only=True):
    """Something that was stated about a batch."""

    date: Annotated[datetime.date | None, Meta(description="day of the event")]
    what: Annotated[str, Meta(description="code of a change, or physical inventory")]
    report: Annotated[int | None, Meta(description="report number")]
    entry: Annotated[int | None, Meta(description="entry number")]
    status: Annotated[str | None, Meta(description="label 309")]
    effective: Annotated[bool, Meta(description="false if a later line superseded it")]
    category: Annotated[str | None, Meta(description="element category")]
    element_mg: Annotated[int | None, Meta(description="element weight in milligrams")]
    fissile_mg: Annotated[int | None, Meta(description="fissile weight in milligrams")]
    items: Annotated[int | None, Meta(description="number of items")]
    kmp: Annotated[str | None, Meta(description="key measurement point")]
    mdc: Annotated[str | None, Meta(description="material description code")]
    known_on: Annotated[datetime.date, Meta(description="day from which it was known")]
    act: Annotated[int, Meta(description="act of the line")]
    line: Annotated[int, Meta(description="its number in the act")]


class BatchHistory(Document, frozen=True, kw_only=True):
    """Everything that was stated about a batch name in an area, superseded lines too."""

    mba: Annotated[str, Meta(description="area")]
    batch: Annotated[str, Meta(description="batch name")]
    statements: Annotated[list[StatementDocument], Meta(description="by day")]


@reading("/areas/{mba:str}/ledger", "areas", opt={"reads": "accounts"}, headers=[NEXT_LINK])
def list_ledger(
    request: AnyRequest,
    viewer: Asking,
    mba: MbaCode,
    limit: Limit = 100,
    cursor: Cursor = None,
    start: From = None,
    end: To = None,
    as_known: AsKnown = None,
    category: Annotated[
        Literal["N", "D", "E", "U", "P", "T"] | None,
        QueryParameter(description="Only this element category."),
    ] = None,
    code: Annotated[
        str | None, QueryParameter(max_length=10, description="Only this type of change.")
    ] = None,
    batch: Annotated[
        str | None, QueryParameter(max_length=100, description="Only batches named like this.")
    ] = None,
    report: Annotated[
        int | None, QueryParameter(ge=1, le=999_999_999, description="Only this report.")
    ] = None,
) -> Response[LedgerPage]:
    """List the general ledger of an area over a period, with the running book."""
    area = viewer.area(mba)
    sound_day(start)
    sound_day(end)
    asked = asked_page(request, viewer, limit, cursor)
    wanted = LedgerFilter(
        None if category is None else Category(category),
        None if code is None else code.replace("\0", "") or None,
        None if batch is None else batch.replace("\0", "") or None,
        report,
    )

    def build() -> Response[LedgerPage]:
        with viewer.books.reading() as connection:
            head = head_of(connection, viewer.metadata).act_id  # of the same state of the books
            through, offset = (int(n) for n in asked.after or (head, 0))
            last = last_act_about(connection, viewer.metadata, area.scope)
            seen = _pinned(known(viewer, connection, as_known), through, last)
            period = _period(viewer, connection, area.code, start, end, seen)
            counts = tuple(line_counts(connection, viewer.metadata, area.code, period, seen))
            ledger = Ledger(area.code, period, wanted, seen, counts)
            rows = ledger.page(connection, viewer.metadata, offset, limit + 1)
        return paged(
            *(request, viewer, asked, rows, lambda _: [through, offset + limit]),
            lambda shown, more: LedgerPage(
                mba=area.code,
                period_from=period.start,
                period_to=period.end,
                through_act=through,
                items=[_ledger_line(line) for line in shown],
                next=more,
            ),
        )

    as_of = as_of_area(viewer, area, as_known)
    if asked.after is None:  # a walk says as of which act it is
        as_of = as_of_head(viewer, as_known)
    return answered(request, viewer, as_of, build)


def _pinned(seen: Knowledge, through: int, last_act: int) -> Knowledge:
    """Return the knowledge as of the beginning of the walk."""
    if seen == NOW and last_act <= through:  # nobody posted about the area since
        return NOW
    limit = through if seen.through_act is None else min(through, seen.through_act)
    return Knowledge(limit, seen.known_on, seen.recorded_by)


def _period(
    viewer: Viewer,
    connection: Connection,
    mba: str,
    start: datetime.date | None,
    end: datetime.date | None,
    seen: Knowledge,
) -> Period:
    if start is not None and end is not None:
        return Period(start, end)
    last = last_period(connection, viewer.metadata, mba, seen)
    return Period(start or last.start, end or last.end)


def _ledger_line(line: LedgerLine) -> LedgerLineDocument:
    return LedgerLineDocument(**{**line._asdict(), "category": str(line.category)})


@reading("/areas/{mba:str}/batches", "areas", opt={"reads": "accounts"}, headers=[NEXT_LINK])
def list_batches(
    request: AnyRequest, viewer: Asking, mba: MbaCode, limit: Limit = 100, cursor: Cursor = None
) -> Response[BatchPage]:
    """List the batches, items and pools of an area by name."""
    area = viewer.area(mba)
    asked = asked_page(request, viewer, limit, cursor)
    table = viewer.metadata.tables[BATCH.name]
    order = (table.c.name, table.c.act_id, table.c.line_no)
    query = (
        select(*order, table.c.batch_uid, table.c.kind, table.c.event_date)
        .where(table.c.mba == area.code)
        .order_by(*order)
        .limit(limit + 1)
    )
    if asked.after is not None:
        query = query.where(tuple_(*order) > tuple_(*asked.after))

    def build() -> Response[BatchPage]:
        with viewer.books.reading() as connection:
            rows = connection.execute(query).mappings().all()
        return paged(
            *(request, viewer, asked, rows, lambda r: [r["name"], r["act_id"], r["line_no"]]),
            lambda shown, more: BatchPage(
                items=[
                    BatchDocument(
                        batch_uid=row["batch_uid"],
                        name=row["name"],
                        kind=row["kind"],
                        since=row["event_date"],
                        act=row["act_id"],
                        line=row["line_no"],
                    )
                    for row in shown
                ],
                next=more,
            ),
        )

    return answered(request, viewer, as_of_area(viewer, area), build)


@reading("/areas/{mba:str}/batches/{name:path}", "areas", opt={"reads": "accounts"})
def get_batch(
    request: AnyRequest,
    viewer: Asking,
    mba: MbaCode,
    name: Annotated[str, PathParameter(description="Batch name; / in it may stand as it is.")],
    as_known: AsKnown = None,
) -> Response[BatchHistory]:
    """Return everything that was stated about a batch name, superseded lines too."""
    area = viewer.area(mba)
    batch = plain_name(name.removeprefix("/"), "batch")
    with viewer.books.reading() as connection:
        seen = known(viewer, connection, as_known)
        rows = batch_history(connection, viewer.metadata, area.code, batch, seen)

    def build() -> BatchHistory:
        made = [StatementDocument(**row) for row in rows.iter_rows(named=True)]
        return BatchHistory(mba=area.code, batch=batch, statements=made)

    return answered(request, viewer, as_of_area(viewer, area, seen), build)


SECTION = Section("api ledger", api=(list_ledger, list_batches, get_batch))
