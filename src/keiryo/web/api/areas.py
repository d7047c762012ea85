"""Material balance areas by programs: the register, balances and book inventories."""

from __future__ import annotations

import datetime
from functools import partial
from typing import Annotated, Any

from litestar import Response
from msgspec import Meta

from keiryo.accounts.balance import balance
from keiryo.accounts.inventory import inventory
from keiryo.accounts.model import Amount, Balance, Knowledge
from keiryo.places.model import MaterialBalanceArea
from keiryo.quantities import Category
from keiryo.web.api.answering import AsOf, answered, area_tag, as_of_area, as_of_seen, reading
from keiryo.web.api.asking import AsKnown, From, MbaCode, On, RecordedBy, To, known, sound_day
from keiryo.web.api.documents import Document, FoundDocument, WeightDocument, found_document
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking, Viewer


class AreaDocument(Document, frozen=True, kw_only=True):
    """A material balance area as registered."""

    mba: Annotated[str, Meta(description="code, label 307", examples=["XAFA"])]
    facility: Annotated[str, Meta(description="facility code, label 207")]
    state: Annotated[str, Meta(description="country code")]
    scope: Annotated[str, Meta(description="State/facility/MBA")]
    type: Annotated[str | None, Meta(description="item, bulk or LOF; null: not stated")]
    batch_follow_up: Annotated[bool, Meta(description="whether batches keep their identity")]
    zone: Annotated[str, Meta(description="time zone in which event dates are days")]
    name: Annotated[str | None, Meta(description="name in words")]


class AreaList(Document, frozen=True, kw_only=True):
    """The areas that you see."""

    items: Annotated[list[AreaDocument], Meta(description="by code")]


class BalanceLine(WeightDocument, frozen=True, kw_only=True):
    """A line of a material balance, of one category."""

    code: Annotated[
        str, Meta(description="PB, a change, BE, DI, BA, PE, MF or RAxx", examples=["MF"])
    ]


class BalanceDocument(Document, frozen=True, kw_only=True):
    """The material balance of an area over a period."""

    mba: Annotated[str, Meta(description="area")]
    period_from: Annotated[datetime.date, Meta(description="first day")]
    period_to: Annotated[datetime.date, Meta(description="last day")]
    as_known: Annotated[str | None, Meta(description="state of knowledge; null: everything")]
    source: Annotated[
        str, Meta(description="books: computed; report: as reported, agreeing with the books")
    ]
    lines: Annotated[list[BalanceLine], Meta(description="in the order of a balance report")]
    findings: Annotated[list[FoundDocument], Meta(description="where a reported balance disagrees")]


class BatchOnHandDocument(WeightDocument, frozen=True, kw_only=True):
    """What the book holds of one batch in one category."""

    batch: Annotated[str, Meta(description="batch name, or (pool)")]
    batch_uid: Annotated[str | None, Meta(description="identity beyond the name")]
    kmp: Annotated[str | None, Meta(description="key measurement point")]
    mdc: Annotated[str | None, Meta(description="material description code")]
    items: Annotated[int, Meta(description="number of items")]


class InventoryDocument(Document, frozen=True, kw_only=True):
    """The book inventory of an area at the end of a day."""

    mba: Annotated[str, Meta(description="area")]
    on: Annotated[datetime.date, Meta(description="day")]
    as_known: Annotated[str | None, Meta(description="state of knowledge; null: everything")]
    physical_inventory_of: Annotated[
        datetime.date | None, Meta(description="the taking that it begins with")
    ]
    batches: Annotated[list[BatchOnHandDocument], Meta(description="by batch and category")]
    totals: Annotated[list[WeightDocument], Meta(description="the book by category")]


@reading("/areas", "areas", opt={"reads": "places"})
def list_areas(request: AnyRequest, viewer: Asking) -> Response[AreaList]:
    """List the material balance areas that you see."""
    return answered(
        *(request, viewer, as_of_seen(viewer)),
        lambda: AreaList(items=[_area(area) for area in viewer.areas.values()]),
    )


@reading("/areas/{mba:str}", "areas", opt={"reads": "places"})
def get_area(request: AnyRequest, viewer: Asking, mba: MbaCode) -> Response[AreaDocument]:
    """Return an area. Its entity tag changes with every act about it: send it as If-Match."""
    area = viewer.area(mba)
    tag = area_tag(viewer, area)
    return answered(request, viewer, AsOf(0), lambda: _area(area), tag=tag)


def _area(area: MaterialBalanceArea) -> AreaDocument:
    return AreaDocument(
        mba=area.code,
        facility=area.facility,
        state=area.state,
        scope=area.scope,
        type=area.type,
        batch_follow_up=area.batch_follow_up,
        zone=area.zone,
        name=area.name,
    )


@reading("/areas/{mba:str}/balance", "areas", opt={"reads": "accounts"})
def get_balance(
    request: AnyRequest,
    viewer: Asking,
    mba: MbaCode,
    start: From = None,
    end: To = None,
    as_known: AsKnown = None,
    recorded_by: RecordedBy = None,
) -> Response[BalanceDocument]:
    """Return the material balance of an area, as known now or at an earlier time."""
    area = viewer.area(mba)
    sound_day(start)
    sound_day(end)
    with viewer.books.reading() as connection:
        seen = known(viewer, connection, as_known, recorded_by)
    as_of = as_of_area(viewer, area, seen)
    key = ("api balance", area.code, viewer.sight, seen, start, end)
    found = partial(_balance, viewer, area.code, start, end, seen)
    return answered(
        *(request, viewer, as_of),
        lambda: balance_document(viewer.server.remembered.get(key, as_of, found)),
    )


def _balance(
    viewer: Viewer,
    mba: str,
    start: datetime.date | None,
    end: datetime.date | None,
    seen: Knowledge,
) -> Balance:
    with viewer.books.reading() as connection:
        return balance(connection, viewer.metadata, mba, start=start, end=end, knowledge=seen)


def balance_document(found: Balance) -> BalanceDocument:
    """Return a balance as a document."""
    return BalanceDocument(
        mba=found.place,
        period_from=found.period.start,
        period_to=found.period.end,
        as_known=found.knowledge.text,
        source=found.source,
        lines=[
            BalanceLine(code=code, **_weights(category, amount))
            for code, by_category in found.lines.items()
            for category, amount in by_category.items()
        ],
        findings=[found_document(one) for one in found.findings],
    )


def _weights(category: Category, amount: Amount) -> dict[str, Any]:
    return {
        "category": str(category),
        "element_mg": amount.element_mg,
        "fissile_mg": amount.fissile_mg,
        "fissile_bases": sorted(amount.bases),
    }


@reading("/areas/{mba:str}/inventory", "areas", opt={"reads": "accounts"})
def get_inventory(
    request: AnyRequest,
    viewer: Asking,
    mba: MbaCode,
    on: On = None,
    as_known: AsKnown = None,
) -> Response[InventoryDocument]:
    """Return the book inventory of an area by batch at the end of a day."""
    area = viewer.area(mba)
    sound_day(on)
    day = on or viewer.today_at(mba)
    with viewer.books.reading() as connection:
        seen = known(viewer, connection, as_known)
    as_of = as_of_area(viewer, area, (day, seen))
    key = ("api inventory", area.code, viewer.sight, day, seen)
    found = partial(_inventory, viewer, area.code, day, seen)
    return answered(request, viewer, as_of, lambda: viewer.server.remembered.get(key, as_of, found))


def _inventory(viewer: Viewer, mba: str, day: datetime.date, seen: Knowledge) -> InventoryDocument:
    with viewer.books.reading() as connection:
        found = inventory(connection, viewer.metadata, mba, day, seen)
    return InventoryDocument(
        mba=mba,
        on=day,
        as_known=seen.text,
        physical_inventory_of=found.physical_inventory_of,
        batches=[
            BatchOnHandDocument(
                batch=row.batch,
                batch_uid=row.batch_uid,
                kmp=row.kmp,
                mdc=row.mdc,
                items=row.items,
                **_weights(row.category, row.amount),
            )
            for row in found.batches
        ],
        totals=[WeightDocument(**_weights(c, amount)) for c, amount in found.totals.items()],
    )


SECTION = Section("api areas", api=(list_areas, get_area, get_balance, get_inventory))
