"""Registering material balance areas and key measurement points by programs of State officers.

What was registered stays in the record; registering a code again says what counts from then on.
"""

from __future__ import annotations

import uuid
from functools import partial
from typing import Annotated, Literal

from litestar import Response
from litestar.params import JSONBody
from msgspec import Meta

from keiryo.journal.posting import DraftSource, post
from keiryo.places.model import MaterialBalanceArea
from keiryo.places.registration import KIND, point_draft
from keiryo.places.tables import key_measurement_points
from keiryo.storage.engine import Database
from keiryo.web.api.answering import (
    PreconditionError,
    answer_of,
    answered,
    area_tag,
    as_of_area,
    changing,
    done_once,
    json_only,
    reading,
    require_current,
    still_current,
)
from keiryo.web.api.asking import PLAIN, MbaCode
from keiryo.web.api.documents import Document, PostedDocument, Request, posted_document
from keiryo.web.once import Answer
from keiryo.web.pages.areas_register import (
    MOST_TEXT,
    batches_are_followed,
    place_draft,
    require_registering,
)
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking, NotPermittedError, Viewer

PlaceCode = Annotated[str, Meta(min_length=4, max_length=4, pattern="^[A-Z0-9-]{4}$")]
PlainName = Annotated[str, Meta(max_length=MOST_TEXT, pattern=PLAIN)]


class AreaRegistration(Request, frozen=True, kw_only=True):
    """What is registered of an area, as a whole; what is left out is not stated any more."""

    facility: Annotated[PlaceCode, Meta(description="facility code, label 207")]
    type: Annotated[
        Literal["item", "bulk", "LOF"] | None, Meta(description="item, bulk or LOF; null: not said")
    ] = None
    batch_follow_up: Annotated[
        bool | None,
        Meta(description="whether batches keep their identity; null: unless it is a bulk area"),
    ] = None
    zone: Annotated[
        PlainName,
        Meta(description="time zone in which event dates are days", examples=["Asia/Tokyo"]),
    ] = "UTC"
    name: Annotated[PlainName, Meta(description="name in words")] | None = None


class NewArea(AreaRegistration, frozen=True, kw_only=True):
    """An area that is not registered yet."""

    mba: Annotated[PlaceCode, Meta(description="code, label 307", examples=["XAFA"])]


class NewPoint(Request, frozen=True, kw_only=True):
    """A key measurement point; a code that is registered says something new from then on."""

    kmp: Annotated[
        str,
        Meta(min_length=1, max_length=2, pattern="^[A-Z0-9&]{1,2}$", description="code, label 407"),
    ]
    purpose: Annotated[Literal["flow", "inventory"], Meta(description="what is measured there")]
    name: Annotated[PlainName, Meta(description="name in words")] | None = None


class RegisteredDocument(Document, frozen=True, kw_only=True):
    """What was registered."""

    mba: Annotated[str, Meta(description="area")]
    scope: Annotated[str, Meta(description="State/facility/MBA")]
    posted: Annotated[PostedDocument, Meta(description="the act")]


class PointDocument(Document, frozen=True, kw_only=True):
    """A key measurement point as registered."""

    kmp: Annotated[str, Meta(description="code, label 407")]
    purpose: Annotated[str, Meta(description="flow or inventory")]
    name: Annotated[str | None, Meta(description="name in words")]


class PointList(Document, frozen=True, kw_only=True):
    """The key measurement points of an area."""

    items: Annotated[list[PointDocument], Meta(description="by code")]


@changing("/areas", "areas", opt={"reads": "places"}, guards=[json_only])
def post_area(
    request: AnyRequest, viewer: Asking, data: JSONBody[NewArea]
) -> Response[RegisteredDocument]:
    """Register an area that is not registered yet, as an act that you sign.

    A code that is taken is answered 400. There is nothing yet that If-Match could name: it is
    answered 412.
    """
    place = _place(viewer, data.mba, data)
    _require(viewer, place, None)
    do = partial(_registered, request, viewer, place, None)
    return done_once(request, viewer, {"area": repr(data)}, do)


@changing("/areas/{mba:str}/registration", "areas", opt={"reads": "places"}, guards=[json_only])
def post_registration(
    request: AnyRequest, viewer: Asking, mba: MbaCode, data: JSONBody[AreaRegistration]
) -> Response[RegisteredDocument]:
    """Change what is registered of an area, from now on; what was registered stays in the record.

    If-Match takes the entity tag of the area.
    """
    known = viewer.area(mba)
    place = _place(viewer, known.code, data)
    _require(viewer, place, known)
    do = partial(_registered, request, viewer, place, known)
    return done_once(request, viewer, {"area": repr(data)}, do)


@reading("/areas/{mba:str}/points", "areas", opt={"reads": "places"})
def list_points(request: AnyRequest, viewer: Asking, mba: MbaCode) -> Response[PointList]:
    """List the key measurement points of an area."""
    area = viewer.area(mba)

    def build() -> PointList:
        with viewer.books.reading() as connection:
            found = key_measurement_points(connection, viewer.metadata, area.code)
        return PointList(
            items=[PointDocument(kmp=k, purpose=p, name=name) for k, (p, name) in found.items()]
        )

    return answered(request, viewer, as_of_area(viewer, area), build)


@changing("/areas/{mba:str}/points", "areas", opt={"reads": "places"}, guards=[json_only])
def post_point(
    request: AnyRequest, viewer: Asking, mba: MbaCode, data: JSONBody[NewPoint]
) -> Response[RegisteredDocument]:
    """Register a key measurement point of an area, or change what is registered of it.

    If-Match takes the entity tag of the area.
    """
    area = viewer.area(mba)
    viewer.require_post(KIND, area.scope)

    def do() -> Answer:
        books = _books(request, viewer, area)
        source = point_draft(area, data.kmp, data.purpose, _words(data.name), _client_id())
        return _posted(viewer, books, source, area)

    return done_once(request, viewer, {"point": repr(data)}, do)


def _place(viewer: Viewer, code: str, data: AreaRegistration) -> MaterialBalanceArea:
    follow = data.batch_follow_up
    return MaterialBalanceArea(
        viewer.state,
        data.facility,
        code,
        data.type,
        batches_are_followed(data.type) if follow is None else follow,
        data.zone.strip() or "UTC",
        _words(data.name),
    )


def _words(text: str | None) -> str | None:
    return (text or "").strip() or None


def _require(viewer: Viewer, place: MaterialBalanceArea, known: MaterialBalanceArea | None) -> None:
    """Refuse what the viewer may not register, or a token of a part of the State outside it."""
    require_registering(viewer, place, known)
    if not viewer.sight.sees("places", place.scope):
        raise NotPermittedError(
            f"you do not see {place.scope}, and so may not register it",
            "Use a token that is not narrowed to another part of the State.",
        )


def _registered(
    request: AnyRequest,
    viewer: Viewer,
    place: MaterialBalanceArea,
    known: MaterialBalanceArea | None,
) -> Answer:
    if known is None:
        if "If-Match" in request.headers:
            raise PreconditionError(
                "what is not registered yet has no entity tag; nothing was done",
                "Send it without If-Match.",
            )
        books = viewer.whole
    else:
        books = _books(request, viewer, known)
    return _posted(viewer, books, place_draft(viewer, place, known, _client_id()), place)


def _books(request: AnyRequest, viewer: Viewer, area: MaterialBalanceArea) -> Database:
    """Return the books, to be posted to only if the area is what the sender saw."""
    require_current(request, lambda: area_tag(viewer, area))
    return still_current(request, viewer, lambda: area_tag(viewer, area))


def _posted(
    viewer: Viewer, books: Database, source: DraftSource, place: MaterialBalanceArea
) -> Answer:
    posted = post(books, source, viewer.actor())
    made = RegisteredDocument(
        mba=place.code,
        scope=place.scope,
        posted=posted_document(posted.act, posted.repeated),
    )
    return answer_of(made, 201, f"/api/v1/acts/{posted.act.act_id}")


def _client_id() -> str:
    return f"{KIND}:{uuid.uuid4()}"


SECTION = Section("api registering", api=(post_area, post_registration, list_points, post_point))
