"""Coverage by programs: what was sealed or seen, what is to be re-measured, and anomalies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from litestar import Response
from litestar.params import QueryParameter
from msgspec import Meta

from keiryo.containment.instants import instant, shown
from keiryo.containment.recording import batch_uid
from keiryo.coverage.anomalies import Anomaly, anomalies
from keiryo.coverage.item import ItemCoverage, coverage_at
from keiryo.coverage.remeasure import Mass, coverage_of_area, remeasure_list
from keiryo.errors import NotFoundError, UsageError
from keiryo.web.api.answering import answered, as_of_head, reading
from keiryo.web.api.asking import MbaCode, plain_name
from keiryo.web.api.documents import Document, FoundDocument, found_document
from keiryo.web.pages.boards import areas_reading
from keiryo.web.remembered import head_of
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking, Viewer

TAG, CAPABILITY = "coverage", "coverage"
READING = {"reads": CAPABILITY}
MOST_ACTS = 2**53

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
ThroughAct = Annotated[
    int | None,
    QueryParameter(ge=1, le=MOST_ACTS, description="Only what this act and those before recorded."),
]
From = Annotated[
    str,
    QueryParameter(name="from", max_length=60, description="From when, with offset or Z."),
]
To = Annotated[str, QueryParameter(name="to", max_length=60, description="Until when; half-open.")]
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


class MassDocument(Document, frozen=True, kw_only=True):
    """What the book holds of an item, or of all of a list, in one category."""

    category: Annotated[str, Meta(description="element category")]
    element_mg: Annotated[int, Meta(description="element weight in milligrams")]
    fissile_mg: Annotated[int | None, Meta(description="fissile weight; null: not stated")]
    element: Annotated[str, Meta(description="element weight in the unit of reports")]
    unit: Annotated[str, Meta(description="g or kg")]


class RemeasuredItem(Document, frozen=True, kw_only=True):
    """An item whose continuity of knowledge was lost and that nothing made good since."""

    batch: Annotated[str, Meta(description="identity of the batch")]
    name: Annotated[str, Meta(description="name of the batch")]
    lost_since: Annotated[str, Meta(description="UTC")]
    value: _Value
    held_in: Annotated[list[str], Meta(description="containments in which it is at the end")]
    masses: Annotated[list[MassDocument], Meta(description="what the book holds of it")]


class RemeasureDocument(Document, frozen=True, kw_only=True):
    """The items of an area that are to be re-measured or re-verified for a period."""

    mba: Annotated[str, Meta(description="material balance area")]
    begin: Annotated[str, Meta(description="of the period, UTC")]
    end: Annotated[str, Meta(description="of the period, UTC; not in it any more")]
    known_at: Annotated[str | None, Meta(description="as known at, UTC; null: everything")]
    through_act: Annotated[int | None, Meta(description="as recorded with; null: everything")]
    items: Annotated[list[RemeasuredItem], Meta(description="what is to be re-measured")]
    totals: Annotated[list[MassDocument], Meta(description="masses of all items by category")]
    never_in_containment: Annotated[
        list[str], Meta(description="batches that had no continuity to lose")
    ]


class ResolutionDocument(Document, frozen=True, kw_only=True):
    """That the material was verified after an anomaly."""

    at: Annotated[str, Meta(description="when it was verified, UTC")]
    result: Annotated[str, Meta(description="verified or discrepant")]
    by: Annotated[str, Meta(description="who verified it")]
    reason: Annotated[str, Meta(description="what happened, in words")]
    evidence: Annotated[list[str], Meta(description="acts, lines and digests that show it")]
    line: Annotated[str, Meta(description="line of the record")]


class AnomalyDocument(Document, frozen=True, kw_only=True):
    """A conclusive negative result of a device: no evidence by itself of a removal."""

    anomaly: Annotated[str | None, Meta(description="as MBA/NAME; null: not recorded yet")]
    state: Annotated[str, Meta(description="found (not recorded yet), open or resolved")]
    mba: Annotated[str, Meta(description="material balance area")]
    device: Annotated[str, Meta(description="seal:BODY/NUMBER or camera:NAME")]
    containment: Annotated[str | None, Meta(description="name of the containment")]
    reason: Annotated[str, Meta(description="code of the reason, e.g. SEAL-OPENED")]
    begin: Annotated[str, Meta(description="from when the result is negative, UTC")]
    end: Annotated[str | None, Meta(description="until when, UTC; null: still")]
    line: Annotated[str | None, Meta(description="line of the record; null: not recorded yet")]
    items: Annotated[list[str], Meta(description="batches or items that were inside then")]
    resolution: Annotated[
        ResolutionDocument | None, Meta(description="null: nobody has verified the material")
    ]


class AnomalyList(Document, frozen=True, kw_only=True):
    """The anomalies of an area, in the order of time."""

    mba: Annotated[str, Meta(description="material balance area")]
    known_at: Annotated[str | None, Meta(description="as known at, UTC; null: everything")]
    through_act: Annotated[int | None, Meta(description="as recorded with; null: everything")]
    items: Annotated[list[AnomalyDocument], Meta(description="recorded or only found")]


@reading("/coverage/{mba:str}", TAG, opt=READING)
def get_area_coverage(
    request: AnyRequest,
    viewer: Asking,
    mba: MbaCode,
    on: At = None,
    known: KnownAt = None,
    through_act: ThroughAct = None,
) -> Response[AreaCoverageDocument]:
    """Return how the items of an area are covered at an instant, as known at another."""
    _require_area(viewer, mba)
    at = instant(on) if on else viewer.server.now()
    wanted = _knowledge(viewer, known, through_act)

    def build() -> AreaCoverageDocument:
        with viewer.books.reading() as connection:
            found = coverage_of_area(connection, viewer.metadata, mba, at, **wanted)
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
    through_act: ThroughAct = None,
) -> Response[WholeItemCoverage]:
    """Return how an item is covered at an instant, as known at another."""
    _require_area(viewer, mba)
    at = instant(on) if on else viewer.server.now()
    wanted = _knowledge(viewer, known, through_act)
    name = plain_name(batch, "batch")

    def build() -> WholeItemCoverage:
        with viewer.books.reading() as connection:
            uid = batch_uid(connection, viewer.metadata, mba, name)
            if not uid.startswith(f"{mba}/"):
                raise NotFoundError(f"the books of {mba} know no batch {name[:60]!r}")
            found = coverage_at(connection, viewer.metadata, uid, at, **wanted)
        return WholeItemCoverage(
            **_item(found), findings=[found_document(f) for f in found.findings]
        )

    return answered(request, viewer, as_of_head(viewer, shown(at)), build)


@reading("/coverage/{mba:str}/remeasure", TAG, opt=READING)
def get_remeasure_list(
    request: AnyRequest,
    viewer: Asking,
    mba: MbaCode,
    begin: From,
    end: To,
    known: KnownAt = None,
    through_act: ThroughAct = None,
) -> Response[RemeasureDocument]:
    """Return the items whose continuity was lost in a period and that nothing made good since."""
    _require_area(viewer, mba)
    first, last = instant(begin), instant(end)
    wanted = _knowledge(viewer, known, through_act)

    def build() -> RemeasureDocument:
        with viewer.books.reading() as connection:
            found = remeasure_list(connection, viewer.metadata, mba, first, last, **wanted)
        items = [
            RemeasuredItem(**{**one.to_dict(), "masses": _masses(one.masses)})
            for one in found.items
        ]
        return RemeasureDocument(
            mba=mba,
            begin=shown(found.begin),
            end=shown(found.end),
            **_as_asked(wanted),
            items=items,
            totals=_masses(found.totals()),
            never_in_containment=list(found.never),
        )

    return answered(request, viewer, as_of_head(viewer), build)


@reading("/coverage/{mba:str}/anomalies", TAG, opt=READING)
def list_anomalies(
    request: AnyRequest,
    viewer: Asking,
    mba: MbaCode,
    resolved: Annotated[
        bool, QueryParameter(description="Whether resolved ones are listed too.")
    ] = True,
    known: KnownAt = None,
    through_act: ThroughAct = None,
) -> Response[AnomalyList]:
    """List the anomalies of an area, recorded or only found, with what resolved each."""
    _require_area(viewer, mba)
    wanted = _knowledge(viewer, known, through_act)

    def build() -> AnomalyList:
        with viewer.books.reading() as connection:
            every = anomalies(connection, viewer.metadata, mba, **wanted)
        items = [_anomaly(one) for one in every if resolved or one.resolution is None]
        return AnomalyList(mba=mba, **_as_asked(wanted), items=items)

    return answered(request, viewer, as_of_head(viewer), build)


def _masses(masses: Iterable[Mass]) -> list[MassDocument]:
    return [MassDocument(**one.to_dict()) for one in masses]


def _anomaly(one: Anomaly) -> AnomalyDocument:
    told = one.to_dict()
    begin, end, resolution = told.pop("from"), told.pop("to"), told.pop("resolution")
    made = None if resolution is None else ResolutionDocument(**resolution)
    return AnomalyDocument(**told, begin=begin, end=end, resolution=made)


def _require_area(viewer: Viewer, mba: str) -> None:
    viewer.area(mba)
    if mba not in areas_reading(viewer, CAPABILITY):
        raise NotFoundError(f"there is no coverage of {mba} that you may see")


def _knowledge(viewer: Viewer, known: str | None, through_act: int | None) -> dict[str, Any]:
    """Return the state of knowledge that is asked for.

    Raises
    ------
    UsageError
        If there is no such act.
    """
    if through_act is not None:
        with viewer.whole.reading() as connection:
            head = head_of(connection, viewer.metadata).act_id
        if through_act > head:
            raise UsageError(
                f"there is no act {through_act} to know the books by", f"Acts run from 1 to {head}."
            )
    return {"known_at": instant(known) if known else None, "through_act": through_act}


def _as_asked(wanted: Mapping[str, Any]) -> dict[str, Any]:
    known = wanted["known_at"]
    return {**wanted, "known_at": None if known is None else shown(known)}


def _item(one: ItemCoverage) -> dict[str, Any]:
    told = one.to_dict()
    told["paths"] = [_way(way) for way in told["paths"]]
    return told


def _way(told: Mapping[str, Any]) -> WayCoverage:
    devices = [DeviceCoverage(**each) for each in told["devices"]]
    return WayCoverage(**{**told, "devices": devices})


SECTION = Section(
    "api coverage",
    api=(get_area_coverage, get_item_coverage, get_remeasure_list, list_anomalies),
)
