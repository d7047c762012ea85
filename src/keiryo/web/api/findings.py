"""Findings by programs: what is open, what was answered, and an answer to one."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from litestar import Response
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import Meta

from keiryo.dates import number_date, parse_utc
from keiryo.errors import NotFoundError
from keiryo.oversight.finding_state import CLOSED, OPEN, findings_now
from keiryo.oversight.worklist import answer
from keiryo.web.api.answering import (
    AsOf,
    answer_of,
    answered,
    as_of_seen,
    changing,
    done_once,
    entity_tag,
    json_only,
    reading,
    still_current,
)
from keiryo.web.api.cursors import NEXT_LINK, Cursor, Limit, asked_page, paged
from keiryo.web.api.documents import (
    Document,
    FoundDocument,
    PostedDocument,
    Request,
    posted_document,
)
from keiryo.web.api.journal import LARGEST
from keiryo.web.once import Answer
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking, Viewer

ANSWERING = "finding.answer"

FindingAct = Annotated[
    int, PathParameter(ge=1, le=LARGEST, description="Act that holds the finding.")
]
FindingLine = Annotated[int, PathParameter(ge=1, le=LARGEST, description="Its line in the act.")]


class RecordedFindingDocument(Document, frozen=True, kw_only=True):
    """A finding as recorded, and how it stands."""

    act: Annotated[int, Meta(description="act that holds it")]
    line_no: Annotated[int, Meta(description="its line in the act")]
    state: Annotated[str, Meta(description="open or closed, as its last answer says")]
    raised: Annotated[datetime.date, Meta(description="day (UTC) on which it was recorded")]
    owner: Annotated[str | None, Meta(description="role or pseudonym that is to answer")]
    due: Annotated[datetime.date | None, Meta(description="day by which an answer is expected")]
    overdue: Annotated[bool, Meta(description="open, and that day has passed")]
    answer: Annotated[str | None, Meta(description="the last answer")]
    finding: FoundDocument


class FindingPage(Document, frozen=True, kw_only=True):
    """A page of findings, in the order in which they were recorded."""

    items: Annotated[list[RecordedFindingDocument], Meta(description="findings that you see")]
    next: Annotated[str | None, Meta(description="cursor of the next page; null after the last")]


class FindingAnswer(Request, frozen=True, kw_only=True):
    """An answer to a finding."""

    words: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=4_000,
            pattern=r"^[^\x00]*[^\s\x00][^\x00]*$",
            description="what was found out or decided; stands in the record",
        ),
    ]
    state: Annotated[
        Literal["open", "closed"], Meta(description="what the finding is afterwards")
    ] = "closed"


@reading("/findings", "findings", opt={"reads": "journal"}, headers=[NEXT_LINK])
def list_findings(
    request: AnyRequest,
    viewer: Asking,
    limit: Limit = 100,
    cursor: Cursor = None,
    standing: Annotated[
        Literal["open", "closed", "all"],
        QueryParameter(name="state", description="How they stand."),
    ] = "open",
    mba: Annotated[
        str | None, QueryParameter(max_length=40, description="Only about this area.")
    ] = None,
    code: Annotated[
        str | None, QueryParameter(max_length=80, description="Only of this rule.")
    ] = None,
    severity: Annotated[
        Literal["F", "E", "W", "I"] | None, QueryParameter(description="Only so serious.")
    ] = None,
) -> Response[FindingPage]:
    """List the findings that you see, those that are open unless you ask otherwise."""
    asked = asked_page(request, viewer, limit, cursor)
    query = findings_now(viewer.metadata).limit(limit + 1)
    place, now = query.selected_columns, query.selected_columns["state_now"]
    if asked.after is not None:
        act, line = (int(number) for number in asked.after)
        later = (place["act_id"] == act) & (place["line_no"] > line)
        query = query.where(place["act_id"] >= act, (place["act_id"] > act) | later)
    if standing == CLOSED:
        query = query.where(now == CLOSED)
    elif standing == OPEN:
        query = query.where(now.is_(None) | (now != CLOSED))
    for name, value in (("mba", mba), ("code", code), ("severity", severity)):
        if value is not None:
            query = query.where(place[name] == value.replace("\0", ""))

    def build() -> Response[FindingPage]:
        with viewer.books.reading() as connection:
            rows = connection.execute(query).mappings().all()
        return paged(
            *(request, viewer, asked, rows, lambda row: [row["act_id"], row["line_no"]]),
            lambda shown, more: FindingPage(
                items=[_finding(row, viewer.today) for row in shown], next=more
            ),
        )

    return answered(request, viewer, as_of_seen(viewer, viewer.today), build)


@reading("/findings/{act:int}/{line:int}", "findings", opt={"reads": "journal"})
def get_finding(
    request: AnyRequest, viewer: Asking, act: FindingAct, line: FindingLine
) -> Response[RecordedFindingDocument]:
    """Return a finding and how it stands. Send its entity tag as If-Match with an answer."""
    row = _row(viewer, act, line)
    made = _finding(row, viewer.today)
    return answered(request, viewer, AsOf(0), lambda: made, tag=_tag(viewer, row))


@changing("/findings/{act:int}/{line:int}/answer", "findings", guards=[json_only])
def answer_finding(
    request: AnyRequest,
    viewer: Asking,
    act: FindingAct,
    line: FindingLine,
    data: JSONBody[FindingAnswer],
) -> Response[PostedDocument]:
    """Answer, close or reopen a finding, as an act that you sign."""
    row = _row(viewer, act, line)
    viewer.require_post(ANSWERING, str(row["scope"]))

    def do() -> Answer:
        books = still_current(request, viewer, lambda: _tag(viewer, _row(viewer, act, line)))
        posted = answer(books, viewer.actor(), (act, line), data.words, data.state)
        location = f"/api/v1/acts/{posted.act.act_id}"
        return answer_of(posted_document(posted.act, posted.repeated), 201, location)

    return done_once(request, viewer, {"words": data.words, "state": data.state}, do)


def _row(viewer: Viewer, act: int, line: int) -> Mapping[Any, Any]:
    query = findings_now(viewer.metadata)
    place = query.selected_columns
    query = query.where(place["act_id"] == act, place["line_no"] == line)
    with viewer.books.reading() as connection:
        row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFoundError(f"there is no finding in line {line} of act {act} that you may see")
    return row


def _tag(viewer: Viewer, row: Mapping[Any, Any]) -> str:
    return entity_tag(viewer, ("finding", tuple(row.values())), AsOf(0, viewer.today))


def _finding(row: Mapping[Any, Any], today: datetime.date) -> RecordedFindingDocument:
    due = None if row["due_now"] is None else number_date(int(row["due_now"]))
    state = row["state_now"]
    same = ("code", "severity", "message", "file", "cell", "mba", "report", "label", "category")
    values = {name: row[name] for name in (*same, "found", "expected", "basis")}
    return RecordedFindingDocument(
        act=row["act_id"],
        line_no=row["line_no"],
        state=state,
        raised=parse_utc(str(row["recorded_at"])).date(),
        owner=row["owner_now"],
        due=due,
        overdue=state == OPEN and due is not None and due < today,
        answer=row["answer_now"],
        finding=FoundDocument(
            **values, advice=row["advice"] or "", line=row["file_line"], entry=row["entry_no"]
        ),
    )


SECTION = Section("api findings", api=(list_findings, get_finding, answer_finding))
