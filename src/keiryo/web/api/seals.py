"""Seals by programs: how each stands, its periods and what it says, its history, what waits."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Response
from litestar.params import PathParameter, QueryParameter
from msgspec import Meta

from keiryo.containment.instants import shown
from keiryo.errors import UsageError
from keiryo.seals.history import history
from keiryo.seals.numbers import SealKey
from keiryo.seals.overdue import DAYS, overdue
from keiryo.seals.register import period_rows, standing_dict
from keiryo.seals.seal_types import SEAL_TYPES
from keiryo.seals.standing import Standing, State
from keiryo.seals.values import seal_spans
from keiryo.web.api.answering import AsOf, answered, as_of_head, reading
from keiryo.web.api.cursors import NEXT_LINK, Cursor, Limit, asked_page, paged
from keiryo.web.api.documents import Document
from keiryo.web.pages.seals_known import CAPABILITY, READING, books_of, known, require_seal
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking, Viewer

TAG = "seals"
MOST_NAME = 200

Issuer = Annotated[
    str, PathParameter(max_length=40, description="Who issued the seal, e.g. INT.IAEA.")
]
Number = Annotated[str, PathParameter(max_length=40, description="Its number, with leading zeros.")]


class SealDocument(Document, frozen=True, kw_only=True):
    """A seal as it stands."""

    seal: Annotated[str, Meta(description="issuing body and number", examples=["XA/0042"])]
    type: Annotated[str, Meta(description="type of the seal", examples=["metal-cap"])]
    state: Annotated[str | None, Meta(description="state in its life", examples=["attached"])]
    since: Annotated[str | None, Meta(description="time of its last event, UTC")]
    holder: Annotated[str | None, Meta(description="to whom it is issued")]
    containment: Annotated[str | None, Meta(description="what it closes now, as MBA/NAME")]
    ways: Annotated[list[str], Meta(description="ways that it closes now")]
    items: Annotated[list[str], Meta(description="identities of the batches that it holds")]
    result: Annotated[str | None, Meta(description="result of its last period")]
    quarantined: Annotated[bool, Meta(description="whether it must not be issued any more")]
    delivery: Annotated[str | None, Meta(description="delivery or batch of manufacture")]
    key_id: Annotated[str | None, Meta(description="key with which it signs")]
    soh_interval_s: Annotated[
        int | None, Meta(description="how often it reports its state of health, in seconds")
    ]
    battery_limit_mv: Annotated[int | None, Meta(description="when to change the battery, in mV")]
    note: Annotated[str | None, Meta(description="note")]
    line: Annotated[str, Meta(description="line of the record", examples=["line:32/1"])]


class SealPage(Document, frozen=True, kw_only=True):
    """A page of seals as they stand."""

    items: Annotated[list[SealDocument], Meta(description="seals that you see")]
    next: Annotated[str | None, Meta(description="cursor of the next page; null after the last")]


class SealPeriod(Document, frozen=True, kw_only=True):
    """A period for which a seal was attached."""

    containment: Annotated[str, Meta(description="as MBA/NAME")]
    ways: Annotated[list[str], Meta(description="ways that it closed")]
    items: Annotated[list[str], Meta(description="identities of the batches that it held")]
    attached_at: Annotated[str, Meta(description="UTC")]
    attached_by: Annotated[list[str], Meta(description="who attached it")]
    closed_at: Annotated[str | None, Meta(description="UTC; null while the period is open")]
    closed_by: Annotated[str | None, Meta(description="detach, broken or missing")]
    checks: Annotated[int, Meta(description="how many checks there were")]
    result: Annotated[str, Meta(description="PENDING, POSITIVE, NEGATIVE or INCONCLUSIVE")]
    finding: Annotated[str | None, Meta(description="finding of the examination or verification")]
    line: Annotated[str, Meta(description="line of the attachment")]


class SealSays(Document, frozen=True, kw_only=True):
    """What a seal says of an interval of time."""

    begin: Annotated[str, Meta(description="UTC")]
    end: Annotated[str | None, Meta(description="UTC, half-open; null: it still goes on")]
    value: Annotated[str, Meta(description="PENDING, POSITIVE, NEGATIVE or INCONCLUSIVE")]
    reason: Annotated[str, Meta(description="code of the reason", examples=["CHECKED"])]


class WholeSeal(SealDocument, frozen=True, kw_only=True):
    """A seal with its periods and what it says of every instant of them."""

    periods: Annotated[list[SealPeriod], Meta(description="in the order of time")]
    says: Annotated[list[SealSays], Meta(description="intervals in the order of time")]


class SealHappening(Document, frozen=True, kw_only=True):
    """Something that is recorded of a seal."""

    when: Annotated[str, Meta(description="UTC")]
    what: Annotated[str, Meta(description="the event, and whether it was corrected or refused")]
    who: Annotated[str, Meta(description="who did or reported it")]
    words: Annotated[str, Meta(description="what it states")]
    line: Annotated[str, Meta(description="line of the record")]


class SealHistory(Document, frozen=True, kw_only=True):
    """Everything that is recorded of a seal."""

    seal: Annotated[str, Meta(description="issuing body and number")]
    items: Annotated[list[SealHappening], Meta(description="in the order of time")]


class SealWaiting(Document, frozen=True, kw_only=True):
    """A seal that waits too long."""

    code: Annotated[str, Meta(description="code", examples=["SEAL-OVERDUE"])]
    seal: Annotated[str, Meta(description="issuing body and number")]
    type: Annotated[str, Meta(description="type of the seal")]
    state: Annotated[str, Meta(description="state in its life")]
    since: Annotated[str, Meta(description="since when it waits, UTC")]
    days: Annotated[int, Meta(description="for how many days")]
    message: Annotated[str, Meta(description="what is wrong")]
    advice: Annotated[str, Meta(description="what to do")]


class SealsWaiting(Document, frozen=True, kw_only=True):
    """Seals that wait too long at an instant."""

    at: Annotated[str, Meta(description="UTC")]
    items: Annotated[list[SealWaiting], Meta(description="the longest first")]


@reading("/seals", TAG, opt=READING, headers=[NEXT_LINK])
def list_seals(
    request: AnyRequest,
    viewer: Asking,
    limit: Limit = 100,
    cursor: Cursor = None,
    state_: Annotated[
        str | None,
        QueryParameter(name="state", max_length=40, description=f"Only: {', '.join(State)}."),
    ] = None,
    type_: Annotated[
        str | None,
        QueryParameter(name="type", max_length=40, description=f"Only: {', '.join(SEAL_TYPES)}."),
    ] = None,
    containment: Annotated[
        str | None,
        QueryParameter(max_length=MOST_NAME, description="Only those ever on it, MBA/NAME."),
    ] = None,
    batch: Annotated[
        str | None,
        QueryParameter(max_length=MOST_NAME, description="Only those ever over it, MBA/NAME#n."),
    ] = None,
) -> Response[SealPage]:
    """List seals by issuing body and number."""
    for given, every in ((state_, list(State)), (type_, list(SEAL_TYPES))):
        if given is not None and given not in every:
            raise UsageError(f"there is no {given!r}", f"One of {', '.join(every)}.")
    asked = asked_page(request, viewer, limit, cursor)

    def build() -> Response[SealPage]:
        rows = [
            one
            for one in known(viewer).seals.values()
            if state_ in (None, one.state)
            and type_ in (None, one.type.name)
            and (containment is None or containment in _places(one))
            and (batch is None or any(batch in p.attached.items for p in one.periods))
            and (asked.after is None or _place(one) > asked.after)
        ]
        rows.sort(key=_place)
        return paged(
            *(request, viewer, asked, rows[: limit + 1], _place),
            lambda shown_rows, more: SealPage(
                items=[SealDocument(**_seal(viewer, one)) for one in shown_rows], next=more
            ),
        )

    return answered(request, viewer, _as_of(viewer), build)


@reading("/seals/overdue", TAG, opt=READING)
def list_overdue_seals(
    request: AnyRequest,
    viewer: Asking,
    days: Annotated[
        int,
        QueryParameter(ge=1, le=3_650, description="Within which a detached seal is verified."),
    ] = DAYS,
) -> Response[SealsWaiting]:
    """List seals that wait: taken off and not verified, late on the way, without contact."""
    now = viewer.server.now()

    def build() -> SealsWaiting:
        with books_of(viewer).reading() as connection:
            found = overdue(connection, viewer.metadata, now, days=days)
        seen = {str(key) for key in known(viewer).seals}
        rows = [SealWaiting(**row) for row, _finding in found if row["seal"] in seen]
        return SealsWaiting(at=shown(now), items=rows)

    return answered(request, viewer, _as_of(viewer, shown(now)), build)


@reading("/seals/{issuer:str}/{seal:str}", TAG, opt=READING)
def get_seal(
    request: AnyRequest, viewer: Asking, issuer: Issuer, seal: Number
) -> Response[WholeSeal]:
    """Return a seal with its periods, and what it says of every instant of them."""
    one = require_seal(viewer, issuer, seal)

    def build() -> WholeSeal:
        with books_of(viewer).reading() as connection:
            covers = seal_spans(connection, viewer.metadata, keys=[one.key])
        says = [
            SealSays(
                begin=shown(span.begin),
                end=None if span.end is None else shown(span.end),
                value=span.value.name,
                reason=span.reason,
            )
            for cover in covers.values()
            for span in cover.spans.spans
        ]
        periods = [SealPeriod(**row) for row in period_rows(one)]
        return WholeSeal(**_seal(viewer, one), periods=periods, says=says)

    return answered(request, viewer, as_of_head(viewer), build)


@reading("/seals/{issuer:str}/{seal:str}/history", TAG, opt=READING)
def get_seal_history(
    request: AnyRequest, viewer: Asking, issuer: Issuer, seal: Number
) -> Response[SealHistory]:
    """Return everything that is recorded of a seal; corrected events and refused reports, too."""
    one = require_seal(viewer, issuer, seal)

    def build() -> SealHistory:
        with books_of(viewer).reading() as connection:
            rows = history(connection, viewer.metadata, one.key)
        return SealHistory(seal=str(one.key), items=[SealHappening(**row) for row in rows])

    return answered(request, viewer, _as_of(viewer), build)


def _as_of(viewer: Viewer, more: Any = None) -> AsOf:
    return AsOf(viewer.server.last_acts.by(CAPABILITY, viewer.head), more)


def _place(one: Standing) -> list[str]:
    return list(one.key)


def _places(one: Standing) -> set[str]:
    return {f"{p.attached.mba}/{p.attached.containment}" for p in one.periods}


def _seal(viewer: Viewer, one: Standing) -> dict[str, Any]:
    return standing_dict(one, known(viewer).lines[SealKey(*one.key)])


SECTION = Section("api seals", api=(list_seals, list_overdue_seals, get_seal, get_seal_history))
