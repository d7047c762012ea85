"""Cameras: where each is, what came in, and what nobody screened, looked at or concluded about.

The page of a camera shows its views and zones, what came in through whose hands, what screening
found and what it covers; operations that the operator declares have pages of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from litestar import Response, get
from litestar.response import Stream

from keiryo.surveillance.cameras import REGISTER
from keiryo.web.listing import ListColumn, RowList, shown_list
from keiryo.web.pages.cameras_asked import REGISTER_PAGE
from keiryo.web.pages.cameras_case_file import CASE_JOB, case_page, make_case
from keiryo.web.pages.cameras_keeping import (
    REMOVAL_JOB,
    keeping_page,
    place_hold,
    release,
    remove_images,
)
from keiryo.web.pages.cameras_known import (
    CAMERAS,
    CAPABILITY,
    OPERATIONS,
    READING,
    TIMELINE,
    Standing,
    camera_address,
    known_cameras,
    known_operations,
    operation_address,
)
from keiryo.web.pages.cameras_operations import (
    declare_file,
    declare_operation,
    may_see_operations,
    operation_page,
    operations_page,
    withdraw_operation,
)
from keiryo.web.pages.cameras_registering import (
    change_camera,
    change_page,
    clock_page,
    new_camera_page,
    read_clock,
    record_new_camera,
    record_new_view,
    view_form_page,
)
from keiryo.web.pages.cameras_screening import SCREENING_JOB, start_screening
from keiryo.web.pages.cameras_shown import camera_page, view_picture
from keiryo.web.pages.cameras_taking_in import INGEST_JOB, take_in, take_in_page
from keiryo.web.pages.cameras_ways import watch_way, ways_page
from keiryo.web.pages.cameras_words import condition_text, seconds_text
from keiryo.web.pages.cameras_zones import record_view_zones, zones_page
from keiryo.web.rendering import render
from keiryo.web.sections import Hit, MenuEntry, OverviewPart, Section, reads
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import number_text
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

SHOWN_ON_OVERVIEW = 8

CAMERA_COLUMNS = (
    ListColumn("name", sentence("Camera"), "code", href=lambda row: camera_address(row["name"])),
    ListColumn("mba", sentence("Area"), "code"),
    ListColumn("place", sentence("Place")),
    ListColumn("model", sentence("Model"), hidden=True),
    ListColumn("interval", sentence("Interval"), filterable=False, sortable=False),
    ListColumn("interval_s", sentence("Interval in s"), "number", hidden=True),
    ListColumn("last_at", sentence("Last image"), "time"),
    ListColumn("not_screened", sentence("Images not screened"), "number", filterable=False),
    ListColumn("to_look_at", sentence("Events to look at"), "number", filterable=False),
    ListColumn("not_concluded_since", sentence("Not concluded since"), "time"),
    ListColumn("conditions", sentence("Gaps and bad views")),
    ListColumn("open_conditions", sentence("Of these, open"), "number", filterable=False),
    ListColumn("retention_days", sentence("Kept for, days"), "number", hidden=True),
    ListColumn("depends_on", sentence("Depends on"), hidden=True),
)


@get(CAMERAS, sync_to_thread=True, opt=READING)
def cameras_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """List cameras with what came in last and what is still to be done."""
    rows = [_row(one) for one in known_cameras(viewer).values()]
    table = shown_list(request, RowList(rows, CAMERA_COLUMNS), "cameras")
    if isinstance(table, Response | Stream):
        return table
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        for name in ("to_look_at", "open_conditions"):
            if row[name]:
                cells[name] = {"text": number_text(row[name]), "badge": "warning"}
    return render(
        request,
        "cameras/cameras.html",
        listed=table,
        total=len(rows),
        register=REGISTER_PAGE if viewer.may_post_in_an_area(REGISTER) else None,
        crumbs=[(_("Time line"), TIMELINE), (_("Cameras"), None)],
    )


def _row(one: Standing) -> dict[str, Any]:
    camera, since = one.camera, one.not_concluded_since
    seconds = camera.interval_s
    told = ", ".join(
        f"{condition_text(code)} {number_text(count)}" for code, count in one.conditions.items()
    )
    return {
        "name": camera.name,
        "mba": camera.mba,
        "place": camera.values["place"],
        "model": camera.values["model"],
        "interval": _("video") if seconds is None else seconds_text(seconds),
        "interval_s": seconds,
        "last_at": one.last_at,
        "not_screened": one.not_screened,
        "to_look_at": one.to_look_at,
        "not_concluded_since": since,
        "conditions": told or None,
        "open_conditions": one.open_conditions,
        "retention_days": camera.retention_days,
        "depends_on": camera.values["depends_on"],
    }


# --- overview and search ---------------------------------------------------------------------


def overview_part(viewer: Viewer) -> dict[str, Any] | None:
    """Return the cameras with events nobody looked at, or gaps that nobody concluded about."""
    every = known_cameras(viewer)
    if not every:
        return None
    found = [one for one in every.values() if one.needs_a_look]
    return {
        "all": len(every),
        "count": len(found),
        "cameras": [
            {
                "name": one.camera.name,
                "href": camera_address(one.camera.name),
                "mba": one.camera.mba,
                "to_look_at": one.to_look_at,
                "open_conditions": one.open_conditions,
            }
            for one in found[:SHOWN_ON_OVERVIEW]
        ],
    }


def find_cameras(viewer: Viewer, words: str, most: int) -> Iterator[Hit]:
    """Yield cameras by name, place or model, and declared operations by name, type or items."""
    wanted, count = words.casefold(), 0
    every = known_cameras(viewer) if viewer.reads(CAPABILITY) else {}
    for camera in (one.camera for one in every.values()):
        values = camera.values
        text = "\n".join(str(values[name] or "") for name in ("camera", "place", "model"))
        if wanted in text.casefold() and count < most:
            count += 1
            detail = "; ".join(str(one) for one in (camera.mba, values["place"]) if one)
            yield Hit(sentence("camera"), camera.name, camera_address(camera.name), detail)
    for one in known_operations(viewer):
        values = one.values
        text = "\n".join(str(values[name] or "") for name in ("operation", "type", "items"))
        if wanted in text.casefold() and count < most:
            count += 1
            detail = "; ".join(str(part) for part in (values["mba"], values["type"]) if part)
            kind = sentence("declared operation")
            yield Hit(kind, one.name, operation_address(one.name), detail)


GROUP = sentence("Surveillance")

SECTION = Section(
    "cameras",
    handlers=(
        *(cameras_page, camera_page, view_picture, start_screening),
        *(new_camera_page, record_new_camera, change_page, change_camera),
        *(view_form_page, record_new_view, clock_page, read_clock),
        *(zones_page, record_view_zones, take_in_page, take_in, ways_page, watch_way),
        *(keeping_page, place_hold, release, remove_images, case_page, make_case),
        *(operations_page, operation_page, declare_operation, declare_file, withdraw_operation),
    ),
    menu=(
        MenuEntry(sentence("Cameras"), CAMERAS, GROUP, 30, reads(CAPABILITY)),
        MenuEntry(sentence("Declared operations"), OPERATIONS, GROUP, 40, may_see_operations),
    ),
    overview=(
        OverviewPart(
            "cameras",
            sentence("Cameras"),
            52,
            reads(CAPABILITY),
            overview_part,
            "cameras/overview.html",
        ),
    ),
    search=(find_cameras,),
    jobs=(SCREENING_JOB, INGEST_JOB, REMOVAL_JOB, CASE_JOB),
)
"""What cameras bring to the pages."""
