"""Statements of book inventory from the inspectorate by programs: recorded, compared with the book.

Source: INFCIRC/153 (Corrected), paragraph 66.
"""

from __future__ import annotations

import datetime
import hashlib
from functools import partial
from typing import Annotated, Any

from litestar import Response
from litestar.concurrency import sync_to_thread
from litestar.params import QueryParameter
from msgspec import Meta

from keiryo.accounts.model import Amount
from keiryo.errors import RefusedError
from keiryo.oversight.statement_comparison import BookRow, OwnEntry, StatementComparison
from keiryo.oversight.statements import StatedEntry, Statement, record_statements
from keiryo.quantities import Category
from keiryo.web.api.answering import (
    answer_of,
    answered,
    as_of_area,
    as_of_seen,
    changing,
    done_once,
    entity_tag,
    reading,
    require_current,
    require_writing,
    still_current,
)
from keiryo.web.api.asking import PLAIN, sound_day
from keiryo.web.api.cursors import NEXT_LINK, Cursor, Limit, asked_page, paged
from keiryo.web.api.documents import (
    Document,
    FoundDocument,
    PostedDocument,
    WeightDocument,
    found_document,
    posted_document,
)
from keiryo.web.api.received_tables import (
    FileName,
    TableChange,
    TableCheck,
    name_of_file,
    table_sent,
)
from keiryo.web.once import Answer
from keiryo.web.pages.statements import (
    comparison_of,
    latest_of,
    read_sent,
    require_recording,
    require_recording_of,
    statements_seen,
)
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking, Viewer

HOME = "/statements"
READS = {"reads": "oversight"}
MOST_NAME = 100

NewName = Annotated[
    str | None,
    QueryParameter(
        name="statement",
        max_length=MOST_NAME,
        pattern=PLAIN,
        description="Name of the statement; default: that of the file.",
    ),
]
OfArea = Annotated[
    str | None, QueryParameter(max_length=40, pattern=PLAIN, description="Only of this area.")
]


class StatedWeight(Document, frozen=True, kw_only=True):
    """What a statement has of one element category."""

    category: Annotated[str, Meta(description="element category", examples=["E"])]
    element_mg: Annotated[int, Meta(description="element weight in milligrams")]
    fissile_mg: Annotated[int | None, Meta(description="fissile weight, if it is stated")]


class BookStatement(Document, frozen=True, kw_only=True):
    """A statement about the book of one area at the end of a day."""

    statement: Annotated[str, Meta(description="its name")]
    mba: Annotated[str, Meta(description="area")]
    date: Annotated[datetime.date, Meta(description="day of the book")]
    books: Annotated[list[StatedWeight], Meta(description="the book by category")]
    entries: Annotated[int, Meta(description="how many entries it lists")]
    act: Annotated[int | None, Meta(description="act that recorded it; null: none")]


class BookStatementPage(Document, frozen=True, kw_only=True):
    """A page of the statements that were recorded."""

    items: Annotated[list[BookStatement], Meta(description="the latest book first")]
    next: Annotated[str | None, Meta(description="cursor of the next page; null after the last")]


class CheckedBookStatements(Document, frozen=True, kw_only=True):
    """What a file states; nothing was recorded."""

    acceptable: Annotated[bool, Meta(description="whether it would be recorded as it is")]
    statements: Annotated[list[BookStatement], Meta(description="as far as it can be read")]
    findings: Annotated[list[FoundDocument], Meta(description="with row and column")]


class RecordedBookStatements(Document, frozen=True, kw_only=True):
    """Statements that were recorded."""

    posted: Annotated[PostedDocument, Meta(description="the act")]
    statements: Annotated[list[BookStatement], Meta(description="by area and day")]


class ComparedBook(Document, frozen=True, kw_only=True):
    """One category: what is stated, and the own book."""

    category: Annotated[str, Meta(description="element category")]
    stated: Annotated[StatedWeight | None, Meta(description="null: nothing is stated")]
    own: Annotated[WeightDocument, Meta(description="the book as it is known now")]
    own_as_known: Annotated[
        WeightDocument, Meta(description="with what had been reported by the day of the statement")
    ]
    equal: Annotated[bool, Meta(description="whether it agrees with the book as known now")]
    equal_as_known: Annotated[
        bool, Meta(description="whether it agrees with what had been reported by then")
    ]


class StatedEntryDocument(StatedWeight, frozen=True, kw_only=True):
    """An entry as the inspectorate knows it."""

    report: Annotated[int, Meta(description="report number")]
    entry: Annotated[int, Meta(description="entry number")]
    code: Annotated[str | None, Meta(description="type of change, label 411")]
    date: Annotated[datetime.date | None, Meta(description="day of the change")]
    batch: Annotated[str | None, Meta(description="batch name")]


class OwnEntryDocument(WeightDocument, frozen=True, kw_only=True):
    """An entry as it stands in the own books."""

    report: Annotated[int, Meta(description="report number")]
    entry: Annotated[int, Meta(description="entry number")]
    code: Annotated[str, Meta(description="type of change, label 411")]
    date: Annotated[datetime.date, Meta(description="day of the change")]
    batch: Annotated[str | None, Meta(description="batch name")]
    reported: Annotated[datetime.date, Meta(description="day from which it was known")]
    act: Annotated[int, Meta(description="act of the line")]
    line: Annotated[int, Meta(description="its number in the act")]


class DifferentEntry(Document, frozen=True, kw_only=True):
    """An entry that both sides know, with other content."""

    stated: StatedEntryDocument
    own: OwnEntryDocument


class BookStatementComparison(Document, frozen=True, kw_only=True):
    """A statement beside the own book, with every difference."""

    statement: Annotated[str, Meta(description="its name")]
    mba: Annotated[str, Meta(description="area")]
    date: Annotated[datetime.date, Meta(description="day of the book")]
    act: Annotated[int | None, Meta(description="act that recorded it")]
    books: Annotated[list[ComparedBook], Meta(description="by category")]
    entries_since: Annotated[
        datetime.date | None,
        Meta(description="first day of the entries compared; null: it lists none"),
    ]
    stated_only: Annotated[
        list[StatedEntryDocument], Meta(description="that do not count in the own books")
    ]
    own_only: Annotated[list[OwnEntryDocument], Meta(description="that it does not know")]
    different: Annotated[list[DifferentEntry], Meta(description="known to both, but different")]
    findings: Annotated[list[FoundDocument], Meta(description="what differs, in words")]


@reading(HOME, "statements", opt=READS, headers=[NEXT_LINK])
def list_statements(
    request: AnyRequest,
    viewer: Asking,
    mba: OfArea = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response[BookStatementPage]:
    """List the statements that were recorded, the latest book first.

    Asked for without parameters, its entity tag is the one to send as If-Match with a new one.
    """
    asked = asked_page(request, viewer, limit, cursor)
    if mba is not None:
        viewer.area(mba)

    def build() -> Response[BookStatementPage]:
        rows = [s for s in statements_seen(viewer) if mba in (None, s.mba)]
        rows.sort(key=_place)
        if asked.after is not None:
            rows = [one for one in rows if _place(one) > asked.after]
        return paged(
            *(request, viewer, asked, rows[: limit + 1], _place),
            lambda shown, more: BookStatementPage(
                items=[_statement(one) for one in shown], next=more
            ),
        )

    return answered(request, viewer, as_of_seen(viewer), build)


def _place(one: Statement) -> list[Any]:
    return [-one.on.toordinal(), one.mba, one.name]


def _tag(viewer: Viewer) -> str:
    """Return the entity tag of the list of statements, asked for without parameters."""
    return entity_tag(viewer, (f"/api/v1{HOME}", "", "json"), as_of_seen(viewer))


@changing(f"{HOME}/check", "statements", 200, threaded=False, opt=READS, operation_class=TableCheck)
async def check_statement(
    request: AnyRequest, viewer: Asking, file: FileName = None, statement: NewName = None
) -> Response[CheckedBookStatements]:
    """Read a file with statements as if you were to record it; nothing is recorded.

    It takes what recording takes.
    """
    content = await _sent(request, viewer)
    name = name_of_file(file, "statement.csv")

    def build() -> Response[CheckedBookStatements]:
        stated, table = read_sent(viewer, name, content, statement or None)
        if not table.findings:
            require_recording_of(viewer, stated)
        made = CheckedBookStatements(
            acceptable=not table.findings,
            statements=[_statement(one) for one in stated],
            findings=[found_document(one) for one in table.findings],
        )
        return Response(made, media_type="application/json")

    return await sync_to_thread(build)


@changing(HOME, "statements", threaded=False, opt=READS, operation_class=TableChange)
async def post_statement(
    request: AnyRequest, viewer: Asking, file: FileName = None, statement: NewName = None
) -> Response[RecordedBookStatements]:
    """Record the statements of a file as one act that you sign, with the file as evidence.

    If-Match takes the entity tag of the list of statements, asked for without parameters. The same
    file under the same name is recorded once.
    """
    content = await _sent(request, viewer)
    name = name_of_file(file, "statement.csv")
    return await sync_to_thread(
        partial(_recorded, request, viewer, name, content, statement or None)
    )


async def _sent(request: AnyRequest, viewer: Viewer) -> bytes:
    """Return the table that was sent, by somebody who may record statements."""
    require_writing(viewer)
    require_recording(viewer)
    return await table_sent(request)


def _recorded(
    request: AnyRequest, viewer: Viewer, file: str, content: bytes, statement: str | None
) -> Response[Any]:
    def do() -> Answer:
        require_current(request, lambda: _tag(viewer))
        stated, table = read_sent(viewer, file, content, statement)
        if table.findings:
            raise RefusedError(
                "the statement was refused; nothing was recorded",
                table.findings,
                "Put right what the findings say and send the file again.",
            )
        require_recording_of(viewer, stated)
        books = still_current(request, viewer, lambda: _tag(viewer))
        done = record_statements(books, viewer.actor(), file, content, statement=statement)
        act = done.act.act_id
        made = RecordedBookStatements(
            posted=posted_document(done.act, done.repeated),
            statements=[_statement(one, act) for one in done.statements],
        )
        return answer_of(made, 201, f"/api/v1/acts/{act}")

    digest = hashlib.sha256(content).hexdigest()
    return done_once(request, viewer, {"statement": digest}, do)


@reading(f"{HOME}/comparison", "statements", opt=READS)
def get_statement_comparison(
    request: AnyRequest,
    viewer: Asking,
    statement: Annotated[
        str,
        QueryParameter(max_length=500, pattern=PLAIN, description="Name of the statement."),
    ],
    mba: Annotated[str, QueryParameter(max_length=40, pattern=PLAIN, description="Area.")],
    date: Annotated[
        datetime.date | None, QueryParameter(description="Day of the book; default: the latest.")
    ] = None,
) -> Response[BookStatementComparison]:
    """Return a statement beside the own book, with every difference."""
    sound_day(date)
    seen = statements_seen(viewer)
    chosen = latest_of([s for s in seen if (s.name, s.mba) == (statement, mba)], date)

    def build() -> BookStatementComparison:
        return _comparison(comparison_of(viewer, chosen))

    return answered(request, viewer, as_of_area(viewer, viewer.area(chosen.mba)), build)


def _statement(one: Statement, act: int | None = None) -> BookStatement:
    return BookStatement(
        statement=one.name,
        mba=one.mba,
        date=one.on,
        books=[_stated(b.category, b.element_mg, b.fissile_mg) for b in one.books],
        entries=len(one.entries),
        act=one.act if act is None else act,
    )


def _comparison(found: StatementComparison) -> BookStatementComparison:
    one = found.statement
    return BookStatementComparison(
        statement=one.name,
        mba=one.mba,
        date=one.on,
        act=one.act,
        books=[_book(row) for row in found.rows],
        entries_since=found.since,
        stated_only=[_stated_entry(entry) for entry in found.stated_only],
        own_only=[_own_entry(entry) for entry in found.own_only],
        different=[
            DifferentEntry(stated=_stated_entry(theirs), own=_own_entry(own))
            for theirs, own in found.different
        ],
        findings=[found_document(one) for one in found.findings],
    )


def _book(row: BookRow) -> ComparedBook:
    stated = row.stated
    return ComparedBook(
        category=str(row.category),
        stated=None
        if stated is None
        else _stated(row.category, stated.element_mg, stated.fissile_mg),
        own=WeightDocument(**_weights(row.category, row.own)),
        own_as_known=WeightDocument(**_weights(row.category, row.own_as_known)),
        equal=row.equal,
        equal_as_known=row.equal_as_known,
    )


def _stated(category: Category, element_mg: int, fissile_mg: int | None) -> StatedWeight:
    return StatedWeight(category=str(category), element_mg=element_mg, fissile_mg=fissile_mg)


def _weights(category: Category, amount: Amount) -> dict[str, Any]:
    return {
        "category": str(category),
        "element_mg": amount.element_mg,
        "fissile_mg": amount.fissile_mg,
        "fissile_bases": sorted(amount.bases),
    }


def _stated_entry(entry: StatedEntry) -> StatedEntryDocument:
    return StatedEntryDocument(
        category=str(entry.category),
        element_mg=entry.element_mg,
        fissile_mg=entry.fissile_mg,
        report=entry.report,
        entry=entry.entry,
        code=entry.code,
        date=entry.day,
        batch=entry.batch,
    )


def _own_entry(entry: OwnEntry) -> OwnEntryDocument:
    return OwnEntryDocument(
        **_weights(entry.category, entry.amount),
        report=entry.report,
        entry=entry.entry,
        code=entry.code,
        date=entry.day,
        batch=entry.batch,
        reported=entry.known_on,
        act=entry.act,
        line=entry.line,
    )


SECTION = Section(
    "api statements",
    api=(list_statements, get_statement_comparison, check_statement, post_statement),
)
