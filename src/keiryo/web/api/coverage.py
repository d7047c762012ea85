"""Coverage by programs: what of an area, or of an item, was sealed or seen at an instant."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from litestar import Response
from litestar.params import QueryParameter
from msgspec import Meta

from keiryo.containment.instants import instant, shown
from keiryo.containment.recording import batch_uid
from keiryo.coverage.item import ItemCoverage, coverage_at
from keiryo.coverage.remeasure import coverage_of_area
from keiryo.errors import NotFoundError
from keiryo.web.api.answering import answered, as_of_head, reading
from keiryo.web.api.asking import MbaCode, plain_name
from keiryo.web.api.documents import Document, FoundDocument, found_document
from keiryo.web.pages.boards import areas_reading
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking, Viewer

TAG, CAPABILITY = "coverage", "coverage"
READING = {"reads": CAPABILITY}

At = Annotated[
    str | None,
    QueryParameter(name="on", max_length=60, description="Instant with offset or Z; default: now."),
]
KnownAt = Annotated[
    str | None,
    QueryParameter(
        name="known",
        max_length=60,
        description="Only what had been seen, examined or concluded by then; default: all.",
    ),
]
_Value = Annotated[
    str, Meta(description="POSITIVE, PENDING, INCONCLUSIVE, NEGATIVE or NOT_COVERED")
]


class DeviceCoverage(Document, frozen=True, kw_only=True):
    """What a device of a way says."""

    device: Annotated[str, Meta(description="seal:BODY/NUMBER or camera:NAME")]
    value: _Value
    reason: Annotated[str, Meta(description="code of the reason")]
    mechanism: Annotated[str, Meta(description="how it works")]
    depends_on: Annotated[list[str], Meta(description="what it shares with others")]


class WayCoverage(Document, frozen=True, kw_only=True):
    """What the devices of a way say."""

    containment: Annotated[str, Meta(description="as MBA/NAME")]
    path: Annotated[str, Meta(description="name of the way")]
    value: _Value
    devices: Annotated[list[DeviceCoverage], Meta(description="its devices")]
    level: Annotated[str, Meta(description="none, single, backup or dual")]
    result: Annotated[str, Meta(description="result of the devices together")]
    consequence: Annotated[str, Meta(description="what follows from it")]
    inherited_from: Annotated[
        str | None, Meta(description="the batch that was there then, if another")
    ]


class ItemCoverageDocument(Document, frozen=True, kw_only=True):
    """The coverage of an item at an instant, as known."""

    batch: Annotated[str, Meta(description="identity of the batch")]
    mba: Annotated[str, Meta(description="material balance area")]
    name: Annotated[str, Meta(description="name of the batch")]
    at: Annotated[str, Meta(description="UTC")]
    known_at: Annotated[str | None, Meta(description="as known at, UTC; null: everything")]
    through_act: Annotated[int | None, Meta(description="as recorded with; null: everything")]
    value: _Value
    held_in: Annotated[list[str], Meta(description="containments in which it is")]
    paths: Annotated[list[WayCoverage], Meta(description="ways, with their devices")]
    continuity: Annotated[str, Meta(description="held, lost or none")]
    lost_since: Annotated[str | None, Meta(description="UTC")]
    re_verify: Annotated[bool, Meta(description="whether it is to be verified again")]


class WholeItemCoverage(ItemCoverageDocument, frozen=True, kw_only=True):
    """The coverage of an item, with what is worth a look about its devices."""

    findings: Annotated[list[FoundDocument], Meta(description="what devices share")]


class AreaCoverageDocument(Document, frozen=True, kw_only=True):
    """The coverage of the items of an area at an instant."""

    mba: Annotated[str, Meta(description="material balance area")]
    at: Annotated[str, Meta(description="UTC")]
    known_at: Annotated[str | None, Meta(description="as known at, UTC; null: everything")]
    through_act: Annotated[int | None, Meta(description="as recorded with; null: everything")]
    items: Annotated[int, Meta(description="how many items there are")]
    totals: Annotated[dict[str, int], Meta(description="how many items have each value")]
    continuity: Annotated[dict[str, int], Meta(description="how many are held, lost or none")]
    batches: Annotated[list[ItemCoverageDocument], Meta(description="every item")]


@reading("/coverage/{mba:str}", TAG, opt=READING)
def get_area_coverage(
    request: AnyRequest, viewer: Asking, mba: MbaCode, on: At = None, known: KnownAt = None
) -> Response[AreaCoverageDocument]:
    """Return how the items of an area are covered at an instant, as known at another."""
    _require_area(viewer, mba)
    at, known_at = _instants(viewer, on, known)

    def build() -> AreaCoverageDocument:
        with viewer.books.reading() as connection:
            found = coverage_of_area(connection, viewer.metadata, mba, at, known_at=known_at)
        told = found.to_dict()
        told["batches"] = [ItemCoverageDocument(**_item(one)) for one in found.items]
        return AreaCoverageDocument(**told)

    return answered(request, viewer, as_of_head(viewer, shown(at)), build)


@reading("/coverage/{mba:str}/item", TAG, opt=READING)
def get_item_coverage(
    request: AnyRequest,
    viewer: Asking,
    mba: MbaCode,
    batch: Annotated[
        str, QueryParameter(min_length=1, max_length=200, description="Name or identity of it.")
    ],
    on: At = None,
    known: KnownAt = None,
) -> Response[WholeItemCoverage]:
    """Return how an item is covered at an instant, as known at another."""
    _require_area(viewer, mba)
    at, known_at = _instants(viewer, on, known)
    name = plain_name(batch, "batch")

    def build() -> WholeItemCoverage:
        with viewer.books.reading() as connection:
            uid = batch_uid(connection, viewer.metadata, mba, name)
            if not uid.startswith(f"{mba}/"):
                raise NotFoundError(f"the books of {mba} know no batch {name[:60]!r}")
            found = coverage_at(connection, viewer.metadata, uid, at, known_at=known_at)
        return WholeItemCoverage(
            **_item(found), findings=[found_document(f) for f in found.findings]
        )

    return answered(request, viewer, as_of_head(viewer, shown(at)), build)


def _require_area(viewer: Viewer, mba: str) -> None:
    viewer.area(mba)
    if mba not in areas_reading(viewer, CAPABILITY):
        raise NotFoundError(f"there is no coverage of {mba} that you may see")


def _instants(
    viewer: Viewer, on: str | None, known: str | None
) -> tuple[datetime, datetime | None]:
    at = instant(on) if on else viewer.server.now()
    return at, instant(known) if known else None


def _item(one: ItemCoverage) -> dict[str, Any]:
    told = one.to_dict()
    told["paths"] = [_way(way) for way in told["paths"]]
    return told


def _way(told: Mapping[str, Any]) -> WayCoverage:
    devices = [DeviceCoverage(**each) for each in told["devices"]]
    return WayCoverage(**{**told, "devices": devices})


SECTION = Section("api coverage", api=(get_area_coverage, get_item_coverage))
