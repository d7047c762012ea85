"""What programs record about labels: the names and texts of a register file, checked alike."""

from __future__ import annotations

import json
from collections.abc import Callable

import msgspec
from litestar import Response
from litestar.params import JSONBody

from keiryo.errors import UsageError
from keiryo.journal.model import Posted
from keiryo.obligations.annual_statement import STATEMENT, issue_statement
from keiryo.obligations.recording import (
    WITHDRAWN,
    RecordedStatements,
    begin_labels,
    read_rows,
    record_register,
    set_consent_rule,
    withdraw,
)
from keiryo.obligations.stated_acts import ACT_OF_LIST
from keiryo.storage.engine import Database
from keiryo.web.api.answering import (
    answer_of,
    changing,
    done_once,
    json_only,
    require_current,
    still_current,
)
from keiryo.web.api.asking import sound_day
from keiryo.web.api.documents import PostedDocument, found_document, posted_document
from keiryo.web.api.obligations import TAG, LabelCode, Year, labels_tag
from keiryo.web.api.obligations_documents import (
    BeginningSent,
    ConsentRuleSent,
    IssueSent,
    RegisterSent,
    StatedDocument,
    WithdrawalSent,
)
from keiryo.web.once import Answer
from keiryo.web.pages.obligations_forms import WITHDRAWING
from keiryo.web.pages.obligations_known import READING
from keiryo.web.pages.obligations_statements import require_state
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking, Viewer


@changing("/obligations/record", TAG, opt=READING, guards=[json_only])
def post_statements(
    request: AnyRequest, viewer: Asking, data: JSONBody[RegisterSent]
) -> Response[StatedDocument]:
    """Record statements about labels as one act that you sign, or nothing of them.

    Sent again in the same words, nothing is recorded. If-Match takes the entity tag of the labels.
    """
    lists = {name: some for name, some in msgspec.structs.asdict(data).items() if some}
    if not lists:
        raise UsageError("nothing is stated", "Send at least one list with an object.")
    kind = "obligations.record"
    if len(lists) == 1:
        kind = ACT_OF_LIST.get(next(iter(lists)), kind)
    if not viewer.may_post_in_an_area(kind):
        viewer.require_post(kind, viewer.state)
    content = json.dumps(lists, ensure_ascii=False, indent=1).encode()

    def do(books: Database) -> RecordedStatements:
        return record_register(books, viewer.actor(), "statements.json", content)

    return _stated(request, viewer, content.decode(), do)


@changing("/obligations/begin", TAG, opt=READING, guards=[json_only])
def post_beginning(
    request: AnyRequest, viewer: Asking, data: JSONBody[BeginningSent]
) -> Response[StatedDocument]:
    """Begin to keep labels at the end of a day, with the labels that holdings then are under."""
    sound_day(data.on_day)
    viewer.require_post("obligations.begin", viewer.state)
    rows = [dict(one) for one in data.openings]

    def do(books: Database) -> RecordedStatements:
        file = read_rows("openings", rows)
        return begin_labels(books, viewer.actor(), file, data.on_day, data.reason)

    return _stated(request, viewer, repr(data), do)


@changing("/obligations/consent-rule", TAG, opt=READING, guards=[json_only])
def post_consent_rule(
    request: AnyRequest, viewer: Asking, data: JSONBody[ConsentRuleSent]
) -> Response[PostedDocument]:
    """Record what happens to a step without consent."""
    sound_day(data.from_day)
    viewer.require_post("obligations.rule", viewer.state)

    def do(books: Database) -> Posted:
        return set_consent_rule(
            books, viewer.actor(), data.mode, data.reason, from_day=data.from_day
        )

    return _posted(request, viewer, repr(data), do)


@changing("/obligations/withdrawals", TAG, opt=READING, guards=[json_only])
def post_obligation_withdrawal(
    request: AnyRequest, viewer: Asking, data: JSONBody[WithdrawalSent]
) -> Response[PostedDocument]:
    """Let an exchange, a decision about a label or a consent not count any more."""
    if data.kind not in WITHDRAWN:
        raise UsageError(
            f"no {data.kind[:40]!r} can be withdrawn", f"One of {', '.join(WITHDRAWN)}."
        )
    viewer.require_post(WITHDRAWING.get(data.kind, "obligations.record"), viewer.state)

    def do(books: Database) -> Posted:
        return withdraw(books, viewer.actor(), data.kind, data.name, data.reason)

    return _posted(request, viewer, repr(data), do)


@changing("/obligations/statements/{label:str}/{year:int}/issues", TAG, opt=READING,
          guards=[json_only])  # fmt: skip
def post_issue(
    request: AnyRequest,
    viewer: Asking,
    label: LabelCode,
    year: Year,
    data: JSONBody[IssueSent],
) -> Response[PostedDocument]:
    """Issue the annual statement to a partner: its lines stand in the record from then on."""
    require_state(viewer)
    viewer.require_post(STATEMENT, viewer.state)

    def do(books: Database) -> Posted:
        posted, _made = issue_statement(
            *(books, viewer.actor(), label, year, data.unit),
            peaceful_use=data.peaceful_use,
        )
        return posted

    return _posted(request, viewer, repr(data), do)


def _stated(
    request: AnyRequest,
    viewer: Viewer,
    asked: str,
    record: Callable[[Database], RecordedStatements],
) -> Response[StatedDocument]:
    """Record statements once, if the sender saw what there is."""

    def do() -> Answer:
        def current() -> str:
            return labels_tag(viewer)

        require_current(request, current)
        done = record(still_current(request, viewer, current))
        act = None if done.act is None else done.act.act_id
        made = StatedDocument(
            act=act,
            recorded=done.recorded,
            unchanged=done.unchanged,
            findings=[found_document(one) for one in done.findings],
        )
        return answer_of(made, 201, None if act is None else f"/api/v1/acts/{act}")

    return done_once(request, viewer, {"asked": asked}, do)


def _posted(
    request: AnyRequest, viewer: Viewer, asked: str, change: Callable[[Database], Posted]
) -> Response[PostedDocument]:
    """Do something once, if the sender saw what there is."""

    def do() -> Answer:
        def current() -> str:
            return labels_tag(viewer)

        require_current(request, current)
        posted = change(still_current(request, viewer, current))
        made = posted_document(posted.act, posted.repeated)
        return answer_of(made, 201, f"/api/v1/acts/{posted.act.act_id}")

    return done_once(request, viewer, {"asked": asked}, do)


SECTION = Section(
    "api obligations recording",
    api=(
        *(post_statements, post_beginning, post_consent_rule),
        *(post_obligation_withdrawal, post_issue),
    ),
)
