"""Advance notices of transfers between States by programs: the register, its clock, recording.

You see the notices of the areas whose oversight records you read. Weights are whole milligrams;
effective kilograms are exact decimals in a text (INFCIRC/153, paragraphs 92 to 97 and 104).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Literal

from litestar import Response
from litestar.params import JSONBody, PathParameter, QueryParameter

from keiryo.errors import ConflictError, RefusedError, UsageError
from keiryo.journal.model import Posted
from keiryo.oversight.notice_intake import MAX_NAME, wrong_notice
from keiryo.oversight.notices import (
    clock_dict,
    confirm_notice,
    register_notices,
    shipment_dict,
    withdraw_notice,
)
from keiryo.quantities import Category
from keiryo.reports.rules_notices import AdvanceNotice, NoticeClock, Shipment
from keiryo.storage.engine import Database
from keiryo.web.api.answering import (
    AsOf,
    answer_of,
    answered,
    area_tag,
    changing,
    done_once,
    entity_tag,
    json_only,
    reading,
    require_current,
    still_current,
)
from keiryo.web.api.asking import MbaCode, On, sound_day
from keiryo.web.api.cursors import NEXT_LINK, Cursor, Limit, asked_page, paged
from keiryo.web.api.documents import posted_document
from keiryo.web.api.journal import LARGEST
from keiryo.web.api.notice_documents import (
    BareTransfer,
    BareTransferPage,
    ConfirmationSent,
    NoticeDocument,
    NoticeEvent,
    NoticeOnClock,
    NoticePage,
    NoticeSent,
    NoticesRegistered,
    NoticesSent,
    WholeNotice,
    WithdrawalSent,
)
from keiryo.web.once import Answer
from keiryo.web.pages.boards import areas_reading
from keiryo.web.pages.notices import BOARDS, notice_history
from keiryo.web.pages.notices_typed import (
    REGISTER,
    acts_about_notice,
    areas_of,
    may_be_withdrawn,
    name_problems,
)
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking, NotPermittedError, Viewer

ActNumber = Annotated[
    int, PathParameter(ge=1, le=LARGEST, description="Act of any line about the notice.")
]
LineNumber = Annotated[int, PathParameter(ge=1, le=LARGEST, description="That line in the act.")]


@reading("/notices", "notices", opt={"reads": "oversight"}, headers=[NEXT_LINK])
def list_notices(
    request: AnyRequest,
    viewer: Asking,
    limit: Limit = 100,
    cursor: Cursor = None,
    on: On = None,
    mba: Annotated[
        str | None, QueryParameter(max_length=40, description="Only of this area.")
    ] = None,
    notice: Annotated[
        str | None, QueryParameter(max_length=MAX_NAME, description="Only the one of this name.")
    ] = None,
    to_do: Annotated[
        Literal["notify", "confirm"] | None, QueryParameter(description="Only where this is due.")
    ] = None,
) -> Response[NoticePage]:
    """List the advance notices that you see, with what is due next and by when."""
    sound_day(on)
    day = on or viewer.today
    asked = asked_page(request, viewer, limit, cursor)
    standing = BOARDS.get(viewer, day)

    def build() -> Response[NoticePage]:
        board, places = standing.answer
        mine = areas_reading(viewer, "oversight")
        rows = sorted(
            (
                clock
                for clock in board.clocks
                if clock.notice.mba in mine
                and mba in (None, clock.notice.mba)
                and notice in (None, clock.notice.notice)
                and to_do in (None, clock.what)
            ),
            key=_order,
        )
        if asked.after is not None:
            rows = [one for one in rows if _order(one) > asked.after]
        return paged(
            *(request, viewer, asked, rows[: limit + 1], _order),
            lambda shown, more: NoticePage(
                on=day,
                as_of_act=standing.as_of_act,
                register_kept=board.kept,
                items=[_on_clock(one, places[one.notice.notice]) for one in shown],
                next=more,
            ),
        )

    return answered(request, viewer, AsOf(standing.as_of_act, day), build)


def _order(one: NoticeClock) -> list[str]:
    return [one.due_on.isoformat() if one.due_on else "none", one.notice.notice]


@reading("/transfers-without-notice", "notices", opt={"reads": "oversight"}, headers=[NEXT_LINK])
def list_transfers_without_notice(
    request: AnyRequest,
    viewer: Asking,
    limit: Limit = 100,
    cursor: Cursor = None,
    on: On = None,
) -> Response[BareTransferPage]:
    """List the transfers that ask for an advance notice and have none."""
    sound_day(on)
    day = on or viewer.today
    asked = asked_page(request, viewer, limit, cursor)
    standing = BOARDS.get(viewer, day)

    def build() -> Response[BareTransferPage]:
        mine = areas_reading(viewer, "accounts")
        bare = (one for one in standing.answer[0].without_notice if one.mba in mine)
        rows = sorted(bare, key=_place)
        if asked.after is not None:
            rows = [one for one in rows if _place(one) > asked.after]
        return paged(
            *(request, viewer, asked, rows[: limit + 1], _place),
            lambda shown, more: BareTransferPage(
                on=day,
                as_of_act=standing.as_of_act,
                items=[BareTransfer(**shipment_dict(one)) for one in shown],
                next=more,
            ),
        )

    return answered(request, viewer, AsOf(standing.as_of_act, day), build)


def _place(one: Shipment) -> list[str]:
    return [one.day.isoformat(), one.direction, one.partner, one.mba]


@reading("/notices/{act:int}/{line:int}", "notices", opt={"reads": "oversight"})
def get_notice(
    request: AnyRequest, viewer: Asking, act: ActNumber, line: LineNumber
) -> Response[WholeNotice]:
    """Return an advance notice and its history. Send its entity tag as If-Match to change it."""
    notice, rows = notice_history(viewer, (act, line))
    same = ("kind", "recorded_at", "state", "reason")
    made = WholeNotice(
        **_values(clock_dict(NoticeClock(notice, None, "", None, notice.state)), notice),
        state=notice.state,
        history=[
            NoticeEvent(act=r["act_id"], line=r["line_no"], **{name: r[name] for name in same})
            for r in rows
        ],
    )
    return answered(request, viewer, AsOf(0), lambda: made, tag=_tag(viewer, notice.notice))


def _tag(viewer: Viewer, name: str) -> str:
    return entity_tag(viewer, ("notice", name), AsOf(max(acts_about_notice(viewer, name, 0))))


def _on_clock(clock: NoticeClock, place: tuple[int, int]) -> NoticeOnClock:
    shown = clock_dict(clock)
    more = ("state", "needed", "recorded", "to_do", "due", "days_left")
    return NoticeOnClock(
        **_values(shown, clock.notice),
        **{name: shown[name] for name in more},
        act=place[0],
        line=place[1],
    )


def _values(shown: dict[str, Any], notice: AdvanceNotice) -> dict[str, Any]:
    """Return the fields of a notice, weights in milligrams."""
    weights = {"element_mg": notice.element_mg, "fissile_mg": notice.fissile_mg}
    names = [name for name in NoticeDocument.__struct_fields__ if name not in weights]
    return {**{name: shown[name] for name in names}, **weights}


@changing("/areas/{mba:str}/notices", "notices", opt={"reads": "oversight"}, guards=[json_only])
def post_notices(
    request: AnyRequest, viewer: Asking, mba: MbaCode, data: JSONBody[NoticesSent]
) -> Response[NoticesRegistered]:
    """Register advance notices of an area as one act that you sign: all of them, or none.

    What stands in the register in the same words is left alone. If-Match takes the entity tag of
    the area.
    """
    area = viewer.area(mba)
    viewer.require_post(REGISTER, area.scope)
    if area.code not in areas_of(viewer):
        raise NotPermittedError(
            f"you do not see the notices of {area.code}", "An administrator grants roles."
        )
    notices = [_notice(area.code, one) for one in data.notices]

    def do() -> Answer:
        current = partial(area_tag, viewer, area)
        require_current(request, current)
        _check_names(viewer, notices, data.revise)
        books = still_current(request, viewer, current)
        posted = register_notices(books, viewer.actor(), notices, revise=data.revise)
        return _answer([one.notice for one in notices], posted)

    return done_once(request, viewer, {"notices": repr(data)}, do)


def _check_names(viewer: Viewer, notices: list[AdvanceNotice], revise: bool) -> None:
    """Refuse names that stand twice, or belong to other notices."""
    names = [one.notice for one in notices]
    twice = [one for n, one in enumerate(notices) if one.notice in names[:n]]
    if twice:
        raise RefusedError(
            "the notices were refused; nothing was recorded",
            [
                wrong_notice(one, "it stands there twice", "Give each notice a name of its own.")
                for one in twice
            ],
        )
    problems = name_problems(viewer, notices, revise=revise)
    if problems:
        raise ConflictError(
            " ".join(problems.values()), "Nothing was recorded. Choose names of your own."
        )


def _notice(mba: str, sent: NoticeSent) -> AdvanceNotice:
    for day in (sent.contract, sent.notified, sent.prepared, sent.transfer):
        sound_day(day)
    return AdvanceNotice(
        notice=sent.notice.strip(),
        direction=sent.direction,
        mba=mba,
        partner=sent.partner,
        category=None if sent.category is None else Category(sent.category),
        element_mg=sent.element_mg,
        fissile_mg=sent.fissile_mg,
        contract_on=sent.contract,
        notified_on=sent.notified,
        prepared_on=sent.prepared,
        transfer_on=sent.transfer,
        safeguarded=sent.safeguarded,
    )


@changing(
    "/notices/{act:int}/{line:int}/confirmation",
    "notices",
    opt={"reads": "oversight"},
    guards=[json_only],
)
def post_confirmation(
    request: AnyRequest,
    viewer: Asking,
    act: ActNumber,
    line: LineNumber,
    data: JSONBody[ConfirmationSent],
) -> Response[NoticesRegistered]:
    """Record that the receiver confirmed receipt, as an act that you sign.

    If-Match takes the entity tag of the notice.
    """
    sound_day(data.confirmed)

    def change(books: Database, notice: AdvanceNotice) -> Posted | None:
        return confirm_notice(books, viewer.actor(), notice.notice, data.confirmed)

    return _changed(request, viewer, (act, line), "notice.confirm", repr(data), change)


@changing(
    "/notices/{act:int}/{line:int}/withdrawal",
    "notices",
    opt={"reads": "oversight"},
    guards=[json_only],
)
def post_notice_withdrawal(
    request: AnyRequest,
    viewer: Asking,
    act: ActNumber,
    line: LineNumber,
    data: JSONBody[WithdrawalSent],
) -> Response[NoticesRegistered]:
    """Record that nothing comes of an announced transfer, as an act that you sign.

    If-Match takes the entity tag of the notice.
    """
    reason = data.reason.strip()
    if not reason:
        raise UsageError("no reason is given", "Say why nothing comes of it.")

    def change(books: Database, notice: AdvanceNotice) -> Posted:
        if not may_be_withdrawn(notice):
            raise ConflictError(
                f"notice {notice.notice} is {notice.state}; nothing was done",
                "Only a notice that is open can be withdrawn.",
            )
        return withdraw_notice(books, viewer.actor(), notice.notice, reason)

    return _changed(request, viewer, (act, line), "notice.withdraw", repr(data), change)


def _changed(
    request: AnyRequest,
    viewer: Viewer,
    place: tuple[int, int],
    kind: str,
    asked: str,
    change: Callable[[Database, AdvanceNotice], Posted | None],
) -> Response[NoticesRegistered]:
    """Change a notice once, if it is what the sender saw."""
    found, _rows = notice_history(viewer, place)
    viewer.require_post(kind, viewer.area(found.mba).scope)

    def do() -> Answer:
        current = partial(_tag, viewer, found.notice)
        require_current(request, current)
        notice, _rows = notice_history(viewer, place)
        return _answer([notice.notice], change(still_current(request, viewer, current), notice))

    return done_once(request, viewer, {"asked": asked}, do)


def _answer(names: list[str], posted: Posted | None) -> Answer:
    act = None if posted is None else posted_document(posted.act, posted.repeated)
    place = None if posted is None else f"/api/v1/acts/{posted.act.act_id}"
    return answer_of(NoticesRegistered(notices=names, posted=act), 201, place)


SECTION = Section(
    "api notices",
    api=(
        *(list_notices, list_transfers_without_notice, get_notice),
        *(post_notices, post_confirmation, post_notice_withdrawal),
    ),
)
