"""The page of a camera: its views and zones, what came in, what was screened, what it covers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from litestar import Response, get
from litestar.params import FromPath
from litestar.response import Stream
from sqlalchemy import Connection

from keiryo.containment.instants import shown
from keiryo.errors import NotFoundError
from keiryo.surveillance.clocks import readings
from keiryo.surveillance.image_lists import set_rows
from keiryo.surveillance.marks import marks
from keiryo.surveillance.screening_run import SCREEN
from keiryo.surveillance.values import camera_spans
from keiryo.surveillance.views import View, views
from keiryo.surveillance.zones import RECORD_ZONES, RecordedZone, zones_of
from keiryo.web.listing import ListColumn, Row, RowList, ShownList, shown_list
from keiryo.web.pages.boards import Entered, first_shown
from keiryo.web.pages.cameras_asked import (
    KEEPING,
    ZONES,
    findings_of,
    form_address,
    forms_for,
)
from keiryo.web.pages.cameras_known import (
    CAMERAS,
    READING,
    TIMELINE,
    Line,
    Period,
    Standing,
    asked_period,
    camera_address,
    day_after,
    known_reviews,
    moment,
    require_camera,
    review_address,
    reviews_by_screening,
    screenings_of,
    standing_conditions,
    standing_events,
    timeline_address,
)
from keiryo.web.pages.cameras_overlay import base_of, overlay
from keiryo.web.pages.cameras_picture import (
    camera_leads,
    condition_bars,
    drawn,
    event_marks,
    in_lanes,
    intervals_of,
    review_bar,
    told_text,
    value_bars,
)
from keiryo.web.pages.cameras_ways import watched_ways
from keiryo.web.pages.cameras_words import (
    AUTHENTIC_BADGES,
    AUTHENTIC_WORDS,
    MEDIUM_WORDS,
    ZONE_WORDS,
    condition_text,
    seconds_text,
    share_text,
    word,
)
from keiryo.web.pages.containments_known import CAPABILITY as CONTAINMENT
from keiryo.web.pages.meetings_asked import done_act, why
from keiryo.web.pictures.watch_line import WatchBar, WatchRow
from keiryo.web.rendering import render
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import instant_text, number_text
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

LONGEST = timedelta(days=90)
SETS, SCREENINGS = "set-", "scr-"
"""Before the names of what the lists of the page are asked for."""

SET_COLUMNS = (
    ListColumn("set_name", sentence("Set"), "code", href=lambda row: why(f"set:{row['set_name']}")),
    ListColumn("received_at", sentence("Came in"), "time"),
    ListColumn("medium", sentence("By"), choices=tuple(MEDIUM_WORDS.values())),
    ListColumn("source", sentence("Received as"), hidden=True),
    ListColumn("custody", sentence("Through whose hands")),
    ListColumn("authentic", sentence("Authenticity"), choices=tuple(AUTHENTIC_WORDS.values())),
    ListColumn("first_at", sentence("First image"), "time"),
    ListColumn("last_at", sentence("Last image"), "time"),
    ListColumn("images", sentence("New images"), "number", filterable=False),
    ListColumn("duplicates", sentence("In the record before"), "number", filterable=False),
    ListColumn("unreadable", sentence("Unreadable"), "number", filterable=False),
    ListColumn("sequence_gaps", sentence("Missing numbers"), "number", filterable=False),
    ListColumn("act", sentence("Act"), "act"),
)


def _review_of(row: Row) -> str | None:
    return review_address(row["review"]) if row["review"] else None


SCREENING_COLUMNS = (
    ListColumn(
        "screening",
        sentence("Screening"),
        "code",
        href=lambda row: why(f"screening:{row['screening']}"),
    ),
    ListColumn("begin_at", sentence("From"), "time"),
    ListColumn("end_at", sentence("Until"), "time"),
    ListColumn("version", sentence("View"), "number", filterable=False),
    ListColumn("received", sentence("Images"), "number", filterable=False),
    ListColumn("presented", sentence("To be looked at"), "number", filterable=False),
    ListColumn("quiet", sentence("Quiet"), "number", filterable=False),
    ListColumn("unhealthy", sentence("Bad view"), "number", filterable=False),
    ListColumn("missing", sentence("Missing"), "number", filterable=False),
    ListColumn("valid", sentence("Valid coverage"), filterable=False),
    ListColumn("recorded", sentence("Recorded coverage"), filterable=False, hidden=True),
    ListColumn("method", sentence("Method"), hidden=True),
    ListColumn("review", sentence("Review"), href=_review_of),
    ListColumn("act", sentence("Act"), "act"),
)


@get(CAMERAS + "/{name:str}", sync_to_thread=True, opt=READING)
def camera_page(request: AnyRequest, viewer: Asking, name: FromPath[str]) -> Response[Any] | Stream:
    """Show a camera: views, zones, clock, sets, screenings, and what it covers."""
    require_camera(viewer, name)
    return show_camera(request, viewer, name, first_shown(viewer, camera_address(name)))


def show_camera(
    request: AnyRequest, viewer: Viewer, name: str, entered: Entered
) -> Response[Any] | Stream:
    """Return the page of a camera; with what was typed, where a form comes back."""
    standing = require_camera(viewer, name)
    period = _period(request, viewer, standing)
    with viewer.books.reading() as connection:
        metadata = viewer.metadata
        sets = set_rows(connection, metadata, camera=name)
        screenings = screenings_of(connection, metadata, name)
        clocks = readings(connection, metadata, name)
        every_view = [
            _view(connection, viewer, name, one) for one in views(connection, metadata, name)
        ]
    lists = _lists(request, viewer, name, sets, screenings)
    if not isinstance(lists, tuple):
        return lists
    camera = standing.camera
    return render(
        request,
        "cameras/camera.html",
        http_status=entered.status,
        one=standing,
        values=camera.values,
        interval=_interval(standing),
        depends=", ".join(sorted(camera.depends_on)),
        conditions=_conditions(standing),
        views=every_view[::-1],
        clocks=[
            {
                "at": instant_text(one.at),
                "offset": seconds_text(one.offset_ms / 1000),
                "note": one.note or "",
            }
            for one in clocks[::-1]
        ],
        sets=lists[0],
        screenings=lists[1],
        picture=_picture(viewer, standing, period, sets),
        asked=period.fields(),
        timeline=timeline_address(camera.mba, period.begin, period.end, period.known_at),
        may_screen=viewer.may_post(SCREEN, camera.scope),
        **_doing(request, viewer, standing),
        screen_from=shown(_screen_from(standing, period, screenings)),
        screen_to=shown(_screen_to(standing, period)),
        entered=entered,
        here=camera_address(name),
        why=why(f"camera:{name}"),
        crumbs=[(_("Time line"), TIMELINE), (_("Cameras"), CAMERAS), (name, None)],
    )


def _period(request: AnyRequest, viewer: Viewer, standing: Standing) -> Period:
    """Return the period of the picture: by default all that came in, at most three months."""
    first, last = moment(standing.first_at), moment(standing.last_at)
    if first is None or last is None:
        last = viewer.server.now()
        first = last - timedelta(days=7)
    end = day_after(last)
    return asked_period(request, max(first, end - LONGEST), end)


def _screen_from(standing: Standing, period: Period, screenings: list[Line]) -> Any:
    """Return from when on it is to be screened: where the last screening ended."""
    ends = [moment(row["end_at"]) for row in screenings]
    last = max((one for one in ends if one is not None), default=None)
    first = moment(standing.first_at)
    return last or first or period.begin


def _screen_to(standing: Standing, period: Period) -> Any:
    last = moment(standing.last_at)
    interval = timedelta(seconds=standing.camera.interval_s or 1)
    return period.end if last is None else last + interval


def _doing(request: AnyRequest, viewer: Viewer, standing: Standing) -> dict[str, Any]:
    """Return what can be done with a camera, and what was just done."""
    name, done = standing.camera.name, done_act(request)
    draws = viewer.may_post(RECORD_ZONES, standing.camera.scope)
    return {
        "forms": forms_for(viewer, standing),
        "keeping": form_address(name, KEEPING),
        "zones_href": form_address(name, ZONES) if draws else None,
        "shows_ways": viewer.reads(CONTAINMENT),
        "watched": watched_ways(viewer, name),
        "done": done,
        "done_findings": findings_of(viewer, done),
    }


def _view(connection: Connection, viewer: Viewer, name: str, one: View) -> dict[str, Any]:
    """Return a view as the page shows it, with its zones."""
    zones = zones_of(connection, viewer.metadata, name, one.version)
    place = f"{camera_address(name)}/views/{one.version}"
    return {
        "version": one.version,
        "begin": instant_text(one.begin),
        "end": "" if one.end is None else instant_text(one.end),
        "words": one.values["words"],
        "act": one.values["act_id"],
        "picture": f"{place}/zones.png",
        **_over_image(connection, viewer, name, one, zones),
        "mask": one.mask and f"{place}/mask.png",
        "zones": [_zone(number, zone.to_dict()) for number, zone in enumerate(zones, 1)],
    }


def _over_image(
    connection: Connection, viewer: Viewer, name: str, view: View, zones: Sequence[RecordedZone]
) -> dict[str, Any]:
    """Return the last image of a view that can be shown, with the zones to be laid over it."""
    base = base_of(connection, viewer, name, view)
    if base.src is None:
        return {"src": None}
    return {"src": base.src, "taken": base.at, "drawing": overlay(zones, base.ratio)}


def _interval(standing: Standing) -> str:
    seconds = standing.camera.interval_s
    return _("video") if seconds is None else seconds_text(seconds)


def _conditions(standing: Standing) -> list[dict[str, Any]]:
    return [
        {"text": condition_text(code), "count": count}
        for code, count in standing.conditions.items()
    ]


def _zone(number: int, told: dict[str, Any]) -> dict[str, Any]:
    return {
        "number": number,
        "name": told["zone"],
        "type": word(ZONE_WORDS, told["type"]),
        "reason": told["reason"] or "",
    }


# --- lists -----------------------------------------------------------------------------------


def _lists(
    request: AnyRequest, viewer: Viewer, name: str, sets: list[Line], screenings: list[Line]
) -> tuple[ShownList, ShownList] | Response[Any] | Stream:
    rows = [
        {
            **one,
            "medium": MEDIUM_WORDS.get(one["medium"], one["medium"]),
            "authentic": AUTHENTIC_WORDS.get(one["authentic"], one["authentic"]),
            "badge": AUTHENTIC_BADGES.get(one["authentic"], "plain"),
            "act": int(one["line"].removeprefix("line:").partition("/")[0]),
        }
        for one in sets[::-1]
    ]
    first = shown_list(request, RowList(rows, SET_COLUMNS), f"sets-{name}", prefix=SETS)
    if not isinstance(first, ShownList):
        return first
    for cells, row in zip(first.rows, first.found.rows, strict=True):
        cells["medium"] = _(row["medium"])
        cells["authentic"] = {"text": _(row["authentic"]), "badge": row["badge"]}
    known = reviews_by_screening(viewer)
    rows = [
        {
            **{column.name: one.get(column.name) for column in SCREENING_COLUMNS},
            "valid": share_text(one["valid_ppm"]),
            "recorded": share_text(one["recorded_ppm"]),
            "review": next(iter(known.get(one["screening"], [])[-1:]), None),
            "act": one["act_id"],
        }
        for one in screenings[::-1]
    ]
    second = shown_list(
        request, RowList(rows, SCREENING_COLUMNS), f"screenings-{name}", prefix=SCREENINGS
    )
    return (first, second) if isinstance(second, ShownList) else second


# --- what it covers --------------------------------------------------------------------------


def _picture(viewer: Viewer, standing: Standing, period: Period, sets: list[Line]) -> str:
    """Return its values with events, gaps and bad views, sets, screenings and reviews."""
    name, here = standing.camera.name, camera_address(standing.camera.name)
    with viewer.books.reading() as connection:
        metadata = viewer.metadata
        told = camera_spans(
            *(connection, metadata, name),
            known_at=period.known_at,
            begin=period.begin,
            end=period.end,
        )
        known = period.known_at
        screenings = screenings_of(connection, metadata, name, known)
        found = standing_conditions(connection, metadata, name, screenings, known)
        events = standing_events(connection, metadata, name, screenings, known)
        said = marks(
            connection,
            metadata,
            screenings=sorted({row["screening"] for row in events}),
            known_at=period.known_at,
        )
    verdicts = {key: every[-1].verdict for key, every in said.items() if every}
    bars = value_bars(intervals_of(told, period), camera_leads(viewer, here), viewer.server.now())
    rows = [
        WatchRow(name, tuple(bars), tuple(event_marks(viewer, events, verdicts, here)), here),
        *in_lanes(_("Gaps, bad views"), list(condition_bars(found))),
        *in_lanes(_("Images that came in"), list(_set_bars(sets))),
        *in_lanes(_("Screenings"), list(_screening_bars(screenings))),
    ]
    reviewed = []
    for one in known_reviews(viewer):
        begin, end = moment(one.begin), moment(one.end)
        if name in one.cameras and begin is not None and end is not None:
            reviewed.append(review_bar(one.name, begin, end))
    rows += in_lanes(_("Reviews"), reviewed)
    return drawn([row for row in rows if row.bars or row.marks], period, _("What it covers"))


def _set_bars(sets: list[Line]) -> list[WatchBar]:
    bars = []
    for one in sets:
        begin, end = moment(one["first_at"]), moment(one["last_at"])
        if begin is not None and end is not None:
            count = _("%(number)s images", number=number_text(one["images"]))
            told = told_text(one["set_name"], begin, end, count)
            href = why(f"set:{one['set_name']}")
            bars.append(WatchBar("declared", begin, end, told, one["set_name"], href))
    return bars


def _screening_bars(screenings: list[Line]) -> list[WatchBar]:
    bars = []
    for one in screenings:
        begin, end = moment(one["begin_at"]), moment(one["end_at"])
        if begin is not None and end is not None:
            count = _("%(number)s images", number=number_text(one["received"]))
            told = told_text(one["screening"], begin, end, count)
            href = why(f"screening:{one['screening']}")
            bars.append(WatchBar("review", begin, end, told, count, href))
    return bars


# --- pictures of a view ----------------------------------------------------------------------


@get(CAMERAS + "/{name:str}/views/{version:int}/{which:str}", sync_to_thread=True, opt=READING)
def view_picture(
    viewer: Asking, name: FromPath[str], version: FromPath[int], which: FromPath[str]
) -> Response[bytes]:
    """Hand out the picture of a view with its zones, or its mask, as PNG."""
    from keiryo.web.pictures.camera_view import mask_png, view_png

    require_camera(viewer, name)
    with viewer.books.reading() as connection:
        metadata = viewer.metadata
        every = views(connection, metadata, name)
        one = next((each for each in every if each.version == version), None)
        zones = zones_of(connection, metadata, name, version)
        if one is None or which not in ("zones.png", "mask.png"):
            raise NotFoundError("there is no such picture", "The page of the camera shows all.")
        if which == "mask.png":
            content = mask_png(viewer.whole, one)
        else:
            content = view_png(connection, viewer.whole, name, one, zones)
    return Response(content, media_type="image/png")
