"""Surveillance by programs: cameras, sets, screenings, declared operations, the time line."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from litestar import Response
from litestar.params import PathParameter, QueryParameter
from sqlalchemy import Connection

from keiryo.containment.instants import instant
from keiryo.dates import utc_text
from keiryo.errors import UsageError
from keiryo.journal.reading import line_node, rows_of
from keiryo.surveillance.clocks import readings
from keiryo.surveillance.declared_operations import DeclaredOperation
from keiryo.surveillance.image_lists import set_rows
from keiryo.surveillance.tables import SCREENING
from keiryo.surveillance.timeline import Row
from keiryo.surveillance.views import views
from keiryo.surveillance.zones import zones_of
from keiryo.web.api.answering import AsOf, answered, reading
from keiryo.web.api.asking import PLAIN
from keiryo.web.api.cursors import NEXT_LINK, Cursor, Limit, asked_page, paged
from keiryo.web.api.surveillance_documents import (
    CameraDocument,
    CameraPage,
    ClockReadingDocument,
    ImageSetDocument,
    ImageSetPage,
    OperationDocument,
    OperationPage,
    ScreeningDocument,
    ScreeningPage,
    TimelineDocument,
    TimelineInterval,
    TimelineRowDocument,
    ViewDocument,
    WholeCamera,
    ZoneDocument,
)
from keiryo.web.pages.cameras_known import (
    CAPABILITY,
    READING,
    Period,
    Standing,
    known_cameras,
    known_operations,
    require_camera,
    reviews_by_screening,
)
from keiryo.web.pages.watch_timeline import rows_known
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking, Viewer

TAG = "surveillance"
MOST_NAME = 60

CameraName = Annotated[
    str, PathParameter(max_length=MOST_NAME, description="Name of the camera, e.g. CAM-01.")
]
OfCamera = Annotated[
    str | None,
    QueryParameter(
        name="camera", max_length=MOST_NAME, pattern=PLAIN, description="Only of a camera."
    ),
]
OfArea = Annotated[
    str | None,
    QueryParameter(name="mba", max_length=40, pattern=PLAIN, description="Only of an area."),
]
_INSTANT = "with its offset, as 2026-07-24T09:00+09:00 or with Z"
From = Annotated[
    str | None, QueryParameter(name="from", max_length=60, description=f"From when, {_INSTANT}.")
]
To = Annotated[
    str | None, QueryParameter(name="to", max_length=60, description=f"Until when, {_INSTANT}.")
]


def _as_of(viewer: Viewer) -> AsOf:
    return AsOf(viewer.server.last_acts.by(CAPABILITY, viewer.head))


def _instant(text: str | None) -> datetime | None:
    return None if text is None else instant(text)


def _require_period(begin: datetime | None, end: datetime | None) -> None:
    if begin is not None and end is not None and not begin < end:
        raise UsageError(
            "the period ends before it begins", "Give an earlier beginning or a later end."
        )


# --- cameras ---------------------------------------------------------------------------------


@reading("/surveillance/cameras", TAG, opt=READING, headers=[NEXT_LINK])
def list_cameras(
    request: AnyRequest,
    viewer: Asking,
    limit: Limit = 100,
    cursor: Cursor = None,
    mba: OfArea = None,
) -> Response[CameraPage]:
    """List cameras by name, with what is still to be screened, looked at and concluded about."""
    asked = asked_page(request, viewer, limit, cursor)

    def build() -> Response[CameraPage]:
        rows = [
            one
            for one in known_cameras(viewer).values()
            if mba in (None, one.camera.mba) and (asked.after is None or _place(one) > asked.after)
        ]
        return paged(
            *(request, viewer, asked, rows[: limit + 1], _place),
            lambda shown, more: CameraPage(
                items=[CameraDocument(**_camera(one)) for one in shown], next=more
            ),
        )

    return answered(request, viewer, _as_of(viewer), build)


def _place(one: Standing) -> list[str]:
    return [one.camera.name]


def _camera(one: Standing) -> dict[str, Any]:
    since = one.not_concluded_since
    return {
        **one.camera.to_dict(),
        "first_at": one.first_at,
        "last_at": one.last_at,
        "not_screened": one.not_screened,
        "to_look_at": one.to_look_at,
        "not_concluded_since": None if since is None else utc_text(since),
        "conditions": dict(one.conditions),
        "open_conditions": one.open_conditions,
    }


@reading("/surveillance/cameras/{name:str}", TAG, opt=READING)
def get_camera(request: AnyRequest, viewer: Asking, name: CameraName) -> Response[WholeCamera]:
    """Return a camera with its views, zones and clock readings."""
    one = require_camera(viewer, name)

    def build() -> WholeCamera:
        with viewer.books.reading() as connection:
            return WholeCamera(
                **_camera(one),
                views=_views(connection, viewer, name),
                clock_readings=[
                    ClockReadingDocument(**each.to_dict())
                    for each in readings(connection, viewer.metadata, name)
                ],
            )

    return answered(request, viewer, _as_of(viewer), build)


def _views(connection: Connection, viewer: Viewer, camera: str) -> list[ViewDocument]:
    metadata = viewer.metadata
    return [
        ViewDocument(
            **view.to_dict(),
            zones=[
                ZoneDocument(**zone.to_dict())
                for zone in zones_of(connection, metadata, camera, view.version)
            ],
        )
        for view in views(connection, metadata, camera)
    ]


# --- sets and screenings ---------------------------------------------------------------------


@reading("/surveillance/sets", TAG, opt=READING, headers=[NEXT_LINK])
def list_sets(
    request: AnyRequest,
    viewer: Asking,
    limit: Limit = 100,
    cursor: Cursor = None,
    camera: OfCamera = None,
) -> Response[ImageSetPage]:
    """List sets of images as they came in, with custody and authenticity."""
    asked = asked_page(request, viewer, limit, cursor)

    def build() -> Response[ImageSetPage]:
        with viewer.books.reading() as connection:
            rows = set_rows(connection, viewer.metadata, camera=camera)
        rows = [row for row in rows if asked.after is None or _line(row) > asked.after]
        return paged(
            *(request, viewer, asked, rows[: limit + 1], _line),
            lambda shown, more: ImageSetPage(
                items=[ImageSetDocument(**one) for one in shown], next=more
            ),
        )

    return answered(request, viewer, _as_of(viewer), build)


def _line(row: dict[str, Any]) -> list[int]:
    return [int(part) for part in str(row["line"]).removeprefix("line:").split("/")]


@reading("/surveillance/screenings", TAG, opt=READING, headers=[NEXT_LINK])
def list_screenings(
    request: AnyRequest,
    viewer: Asking,
    limit: Limit = 100,
    cursor: Cursor = None,
    camera: OfCamera = None,
    begin: From = None,
    end: To = None,
) -> Response[ScreeningPage]:
    """List screenings that touch a period, with their counts and reviews."""
    first, last = _instant(begin), _instant(end)
    _require_period(first, last)
    asked = asked_page(request, viewer, limit, cursor)

    def build() -> Response[ScreeningPage]:
        table = viewer.metadata.tables[SCREENING.name]
        conditions = [] if camera is None else [table.c.camera == camera]
        if last is not None:
            conditions.append(table.c.begin_at < utc_text(last))
        if first is not None:
            conditions.append(table.c.end_at > utc_text(first))
        known = reviews_by_screening(viewer)
        with viewer.books.reading() as connection:
            lines = rows_of(connection, viewer.metadata, SCREENING.name, *conditions)
        rows = [{**one, "line": line_node(one)} for one in lines]
        rows = [row for row in rows if asked.after is None or _line(row) > asked.after]
        return paged(
            *(request, viewer, asked, rows[: limit + 1], _line),
            lambda shown, more: ScreeningPage(
                items=[_screening(one, known) for one in shown], next=more
            ),
        )

    return answered(request, viewer, _as_of(viewer), build)


def _screening(row: dict[str, Any], known: dict[str, list[str]]) -> ScreeningDocument:
    names = [one for one in ScreeningDocument.__struct_fields__ if one != "reviews"]
    values = {name: row[name] for name in names}
    return ScreeningDocument(**values, reviews=known.get(row["screening"], []))


# --- declared operations and the time line ---------------------------------------------------


@reading("/surveillance/operations", TAG, opt=READING, headers=[NEXT_LINK])
def list_operations(
    request: AnyRequest,
    viewer: Asking,
    limit: Limit = 100,
    cursor: Cursor = None,
    mba: OfArea = None,
    begin: From = None,
    end: To = None,
    withdrawn: Annotated[
        bool, QueryParameter(description="Whether withdrawn ones are listed too.")
    ] = False,
) -> Response[OperationPage]:
    """List declared operations that touch a period, by beginning and name."""
    first, last = _instant(begin), _instant(end)
    _require_period(first, last)
    asked = asked_page(request, viewer, limit, cursor)

    def build() -> Response[OperationPage]:
        rows = [
            one
            for one in known_operations(viewer)
            if mba in (None, one.values["mba"])
            and (withdrawn or one.stands)
            and (last is None or one.begin < last)
            and (first is None or one.end >= first)
            and (asked.after is None or _operation_place(one) > asked.after)
        ]
        return paged(
            *(request, viewer, asked, rows[: limit + 1], _operation_place),
            lambda shown, more: OperationPage(
                items=[OperationDocument(**one.to_dict()) for one in shown], next=more
            ),
        )

    return answered(request, viewer, _as_of(viewer), build)


def _operation_place(one: DeclaredOperation) -> list[str]:
    return [str(one.values["begin_at"]), one.name]


@reading("/surveillance/timeline", TAG, opt=READING)
def get_timeline(
    request: AnyRequest,
    viewer: Asking,
    mba: Annotated[
        str, QueryParameter(name="mba", max_length=40, pattern=PLAIN, description="Area.")
    ],
    begin: Annotated[
        str, QueryParameter(name="from", max_length=60, description=f"From when, {_INSTANT}.")
    ],
    end: Annotated[
        str, QueryParameter(name="to", max_length=60, description=f"Until when, {_INSTANT}.")
    ],
    known: Annotated[
        str | None, QueryParameter(max_length=60, description=f"As known when, {_INSTANT}.")
    ] = None,
) -> Response[TimelineDocument]:
    """Return cameras, seals, declared operations and reviews of an area on one axis of time."""
    viewer.area(mba)
    first, last = instant(begin), instant(end)
    _require_period(first, last)
    period = Period(first, last, _instant(known))

    def build() -> TimelineDocument:
        with viewer.books.reading() as connection:
            rows = rows_known(connection, viewer.metadata, mba, period)
        return TimelineDocument(
            mba=mba,
            begin=utc_text(period.begin),
            end=utc_text(period.end),
            known_at=None if period.known_at is None else utc_text(period.known_at),
            rows=[_row(one) for one in rows],
        )

    last_acts = viewer.server.last_acts
    names = ("seals", "device_log", "containment")
    more = tuple(last_acts.by(name, viewer.head) for name in names)
    as_of = AsOf(last_acts.by(CAPABILITY, viewer.head), more)
    return answered(request, viewer, as_of, build)


def _row(one: Row) -> TimelineRowDocument:
    intervals = [TimelineInterval(**each.to_dict()) for each in one.intervals]
    return TimelineRowDocument(kind=one.kind, name=one.name, node=one.node, intervals=intervals)


SECTION = Section(
    "api surveillance",
    api=(
        *(list_cameras, get_camera, list_sets, list_screenings),
        *(list_operations, get_timeline),
    ),
)
"""What surveillance brings to the API."""
