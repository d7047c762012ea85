"""Containments by programs: their ways, what they hold, what watches them, their inspections."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Response
from litestar.params import PathParameter, QueryParameter
from msgspec import Meta

from keiryo.containment.register import Containment, Content
from keiryo.web.api.answering import AsOf, answered, reading
from keiryo.web.api.asking import MbaCode
from keiryo.web.api.cursors import NEXT_LINK, Cursor, Limit, asked_page, paged
from keiryo.web.api.documents import Document
from keiryo.web.pages.containments_known import CAPABILITY, READING, known, require_containment
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking, Viewer

TAG = "containment"

_Begin = Annotated[str, Meta(description="from when, UTC")]
_End = Annotated[str | None, Meta(description="until when, half-open; null: still")]
_Line = Annotated[str | None, Meta(description="line of the record", examples=["line:3/2"])]


class WayDocument(Document, frozen=True, kw_only=True):
    """A way by which material could leave a containment."""

    path: Annotated[str, Meta(description="name of the way", examples=["hatch"])]
    begin: _Begin
    end: _End
    note: Annotated[str | None, Meta(description="note")]
    line: _Line


class WatchDocument(Document, frozen=True, kw_only=True):
    """That a camera watches a way."""

    path: Annotated[str, Meta(description="name of the way")]
    device: Annotated[str, Meta(description="the device", examples=["camera:CAM-11"])]
    mechanism: Annotated[str, Meta(description="how it works")]
    depends_on: Annotated[list[str], Meta(description="feeds, links, mountings and clocks")]
    begin: _Begin
    end: _End
    function: Annotated[str | None, Meta(description="which statement it can confirm")]
    note: Annotated[str | None, Meta(description="note")]
    line: _Line


class InspectionDocument(Document, frozen=True, kw_only=True):
    """That a containment was looked over."""

    at: Annotated[str, Meta(description="UTC")]
    inspectors: Annotated[list[str], Meta(description="who looked it over")]
    result: Annotated[str, Meta(description="intact, damaged or not-conclusive")]
    note: Annotated[str | None, Meta(description="note")]
    evidence: Annotated[list[str], Meta(description="digests of files")]
    line: _Line


class ContentDocument(Document, frozen=True, kw_only=True):
    """That an item is or was in a containment."""

    batch: Annotated[str, Meta(description="identity of the batch", examples=["XARA/F-1#1"])]
    begin: _Begin
    end: _End
    note: Annotated[str | None, Meta(description="note")]
    line: _Line


class ContainmentDocument(Document, frozen=True, kw_only=True):
    """A containment as it stands."""

    mba: Annotated[str, Meta(description="material balance area")]
    name: Annotated[str, Meta(description="name within the area", examples=["fresh-store"])]
    kind: Annotated[str, Meta(description="vessel, rack, room, pond, cask, …")]
    kmp: Annotated[str | None, Meta(description="key measurement point")]
    location: Annotated[str | None, Meta(description="where it is, in words")]
    note: Annotated[str | None, Meta(description="note")]
    paths: Annotated[list[WayDocument], Meta(description="ways into it")]
    watches: Annotated[list[WatchDocument], Meta(description="which cameras watch which ways")]
    inspections: Annotated[list[InspectionDocument], Meta(description="in the order of time")]
    line: _Line


class ContainmentPage(Document, frozen=True, kw_only=True):
    """A page of containments."""

    items: Annotated[list[ContainmentDocument], Meta(description="containments that you see")]
    next: Annotated[str | None, Meta(description="cursor of the next page; null after the last")]


class WholeContainment(ContainmentDocument, frozen=True, kw_only=True):
    """A containment with what it holds and held."""

    contents: Annotated[list[ContentDocument], Meta(description="in the order of time")]


@reading("/containments", TAG, opt=READING, headers=[NEXT_LINK])
def list_containments(
    request: AnyRequest,
    viewer: Asking,
    limit: Limit = 100,
    cursor: Cursor = None,
    mba: Annotated[
        str | None, QueryParameter(max_length=40, description="Only those of an area.")
    ] = None,
) -> Response[ContainmentPage]:
    """List containments by area and name, with their ways, watches and inspections."""
    asked = asked_page(request, viewer, limit, cursor)

    def build() -> Response[ContainmentPage]:
        rows = [
            one
            for one in known(viewer).places.values()
            if mba in (None, one.mba) and (asked.after is None or _place(one) > asked.after)
        ]
        rows.sort(key=_place)
        return paged(
            *(request, viewer, asked, rows[: limit + 1], _place),
            lambda some, more: ContainmentPage(
                items=[ContainmentDocument(**_told(one)) for one in some], next=more
            ),
        )

    return answered(request, viewer, _as_of(viewer), build)


@reading("/containments/{mba:str}/{containment:str}", TAG, opt=READING)
def get_containment(
    request: AnyRequest,
    viewer: Asking,
    mba: MbaCode,
    containment: Annotated[
        str, PathParameter(max_length=200, description="Its name within the area.")
    ],
) -> Response[WholeContainment]:
    """Return a containment with what it holds and held."""
    one = require_containment(viewer, mba, containment)

    def build() -> WholeContainment:
        held = known(viewer).held.get(f"{mba}/{containment}", [])
        return WholeContainment(**_told(one), contents=[_content(item) for item in held])

    return answered(request, viewer, _as_of(viewer), build)


def _as_of(viewer: Viewer) -> AsOf:
    return AsOf(viewer.server.last_acts.by(CAPABILITY, viewer.head))


def _place(one: Containment) -> list[str]:
    return [one.mba, one.name]


def _times(told: dict[str, Any]) -> dict[str, Any]:
    """Return a statement with the names of its times as the answers have them."""
    times = {"begin": told.pop("from"), "end": told.pop("to")}
    return {**told, **times}


def _told(one: Containment) -> dict[str, Any]:
    told = one.to_dict()
    told["paths"] = [WayDocument(**_times(way)) for way in told["paths"]]
    told["watches"] = [WatchDocument(**_times(watch)) for watch in told["watches"]]
    told["inspections"] = [InspectionDocument(**each) for each in told["inspections"]]
    return told


def _content(one: Content) -> ContentDocument:
    told = _times(one.to_dict())
    told.pop("containment")
    return ContentDocument(**told)


SECTION = Section("api containment", api=(list_containments, get_containment))
