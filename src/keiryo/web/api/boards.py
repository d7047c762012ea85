"""The boards by programs: what is on its way, and what is due.

Both are worked out on the books as a whole and narrowed to the areas of which you read reports.
"""

from __future__ import annotations

import datetime
from typing import Annotated

from litestar import Response
from litestar.params import QueryParameter
from msgspec import Meta

from keiryo.web.api.answering import AsOf, answered, reading
from keiryo.web.api.asking import On, plain_name, sound_day
from keiryo.web.api.documents import Document
from keiryo.web.pages import deadlines as deadlines_board
from keiryo.web.pages import transit as transit_board
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking


class TransitDocument(Document, frozen=True, kw_only=True):
    """One category of a batch on its way, received without shipment, or received otherwise."""

    sender: Annotated[str, Meta(description="area or State that ships")]
    receiver: Annotated[str, Meta(description="area or State that receives")]
    batch: Annotated[str, Meta(description="batch name of the shipper")]
    shipped: Annotated[str | None, Meta(description="day of the shipment")]
    received: Annotated[str | None, Meta(description="day of the receipt")]
    age_days: Annotated[int, Meta(description="days on its way")]
    category: Annotated[str, Meta(description="element category")]
    element_mg: Annotated[int, Meta(description="element weight on the shipper's data")]
    fissile_mg: Annotated[int | None, Meta(description="fissile weight on the shipper's data")]
    state: Annotated[
        str, Meta(description="open, late, overdue, received, in parts, unmatched, difference")
    ]
    source: Annotated[str, Meta(description="the entry behind it: MBA/report/entry")]
    may_be: Annotated[list[str], Meta(description="shipments that it may belong to")]


class TransitBoard(Document, frozen=True, kw_only=True):
    """The transit board in the evening of a day."""

    on: Annotated[datetime.date, Meta(description="day")]
    as_of_act: Annotated[int, Meta(description="last act that it takes into account")]
    items: Annotated[list[TransitDocument], Meta(description="by day of shipment")]


class DutyDocument(Document, frozen=True, kw_only=True):
    """Something that is due from an area."""

    mba: Annotated[str, Meta(description="area")]
    kind: Annotated[str, Meta(description="kind of duty", examples=["ICR"])]
    period: Annotated[str, Meta(description="month, day, year, or first/last day")]
    due: Annotated[datetime.date, Meta(description="the last good day")]
    state: Annotated[str, Meta(description="done, done late, open, due soon, overdue")]
    title: Annotated[str, Meta(description="what it is, in words")]
    report: Annotated[str | None, Meta(description="what fulfilled it")]
    dated: Annotated[datetime.date | None, Meta(description="when it was fulfilled")]
    days_left: Annotated[int, Meta(description="days to the due day; negative if past")]
    form: Annotated[str | None, Meta(description="form on which it is made")]
    subject: Annotated[str | None, Meta(description="what it is about")]
    in_books: Annotated[bool, Meta(description="whether the books show that it was done")]


class DeadlineBoard(Document, frozen=True, kw_only=True):
    """The deadlines board as of a day."""

    on: Annotated[datetime.date, Meta(description="day")]
    profile: Annotated[str, Meta(description="profile whose rules count")]
    as_of_act: Annotated[int, Meta(description="last act that it takes into account")]
    items: Annotated[list[DutyDocument], Meta(description="by due day")]


@reading("/transit", "boards", opt={"reads": "reports"})
def get_transit(
    request: AnyRequest,
    viewer: Asking,
    on: On = None,
    every: Annotated[bool, QueryParameter(description="Received shipments, too.")] = False,
    differences: Annotated[
        bool, QueryParameter(description="Shipper/receiver differences, too.")
    ] = False,
) -> Response[TransitBoard]:
    """Return what is on its way inside the State on a day, and what does not fit."""
    sound_day(on)
    day = on or viewer.today
    standing = transit_board.BOARDS.get(viewer, day, every, differences, None)

    def build() -> TransitBoard:
        rows = transit_board.narrowed_rows(viewer, standing.answer)
        items = []
        for row in transit_board.listed(viewer, rows):
            values = {name: row[name] for name in TransitDocument.__struct_fields__}
            items.append(TransitDocument(**{**values, "may_be": (row["may_be"] or "").split()}))
        return TransitBoard(on=day, as_of_act=standing.as_of_act, items=items)

    return answered(request, viewer, AsOf(standing.as_of_act, day), build)


@reading("/deadlines", "boards", opt={"reads": "reports"})
def get_deadlines(
    request: AnyRequest,
    viewer: Asking,
    on: On = None,
    profile: Annotated[
        str, QueryParameter(max_length=60, description="Name of the profile.")
    ] = deadlines_board.MODEL,
) -> Response[DeadlineBoard]:
    """Return what is due, done and undone under a profile, as of a day."""
    sound_day(on)
    day, name = on or viewer.today, plain_name(profile, "profile")
    standing = deadlines_board.BOARDS.get(viewer, day, name, None)

    def build() -> DeadlineBoard:
        names = DutyDocument.__struct_fields__
        items = [
            DutyDocument(**{name: getattr(duty, name) for name in names})
            for duty in deadlines_board.duties_seen(viewer, standing.answer)
        ]
        return DeadlineBoard(on=day, profile=name, as_of_act=standing.as_of_act, items=items)

    return answered(request, viewer, AsOf(standing.as_of_act, day), build)


SECTION = Section("api boards", api=(get_transit, get_deadlines))
