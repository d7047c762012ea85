"""The ways into containments that a camera watches, and the form in which one is recorded.

A camera covers a way only from the moment at which that is recorded; its images say nothing about
a containment before. With the same beginning a statement is made anew, e.g. with its end.
"""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from keiryo.containment.instants import shown
from keiryo.containment.recording import WATCH, watch
from keiryo.containment.register import Watch
from keiryo.surveillance.cameras import MECHANISM, Camera
from keiryo.web.pages.boards import Entered, first_shown, typed_again
from keiryo.web.pages.cameras_asked import ONE, WAYS, crumbs_of, form_address
from keiryo.web.pages.cameras_known import (
    READING,
    camera_address,
    instant_in,
    require_camera,
)
from keiryo.web.pages.containments_known import CAPABILITY as CONTAINMENT
from keiryo.web.pages.containments_known import known as known_containments
from keiryo.web.pages.meetings_asked import sent_once, text_in
from keiryo.web.pages.seals_known import containment_address
from keiryo.web.rendering import render
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import instant_text
from keiryo.web.viewer import AnyRequest, Asking, Viewer

_JOINED = " | "


def watched_ways(viewer: Viewer, camera: str) -> list[dict[str, Any]]:
    """Return the ways that a camera watches or watched, the last ones first, as far as seen."""
    if not viewer.reads(CONTAINMENT):
        return []
    every: list[Watch] = [
        one
        for place in known_containments(viewer).places.values()
        for one in place.watches
        if one.device == f"camera:{camera}"
    ]
    return [
        {
            "containment": f"{one.mba}/{one.containment}",
            "href": containment_address(f"{one.mba}/{one.containment}"),
            "way": one.path,
            "begin": instant_text(one.time.begin),
            "end": "" if one.time.end is None else instant_text(one.time.end),
        }
        for one in sorted(every, key=lambda one: one.time.begin, reverse=True)
    ]


def ways_to_watch(viewer: Viewer) -> list[tuple[str, str, str]]:
    """Return the ways of which the viewer may say that a camera watches them."""
    if not viewer.reads(CONTAINMENT):
        return []
    mine = {area.code for area in viewer.areas_to_post(WATCH)}
    return sorted(
        {
            (place.mba, place.name, way.path)
            for place in known_containments(viewer).places.values()
            for way in place.ways
            if place.mba in mine
        }
    )


@get(f"{ONE}/{WAYS}", sync_to_thread=True, opt=READING)
def ways_page(request: AnyRequest, viewer: Asking, name: FromPath[str]) -> Response[Any]:
    """Show which ways a camera watches, and the form in which one more is recorded."""
    one = require_camera(viewer, name).camera
    _require_watching(viewer)
    return _show(request, viewer, one, first_shown(viewer, form_address(name, WAYS)))


@post(f"{ONE}/{WAYS}", status_code=200, sync_to_thread=True, opt=READING)
def watch_way(request: AnyRequest, viewer: Asking, name: FromPath[str]) -> Response[Any] | Redirect:
    """Record that a camera watches a way into a containment."""
    one = require_camera(viewer, name).camera
    _require_watching(viewer)
    entered, here = typed_again(viewer), form_address(name, WAYS)
    chosen = viewer.field("way")
    known = {_JOINED.join(way): way for way in ways_to_watch(viewer)}
    if chosen not in known:
        entered.errors["way"] = _("Choose the way.")
    begin = instant_in(viewer, entered, "begin")
    end = instant_in(viewer, entered, "end", required=False)
    if begin is not None and end is not None and not begin < end:
        entered.errors["end"] = _("Give an end after the beginning.")
    note = text_in(viewer, entered, "note")

    def do() -> str:
        assert begin is not None
        done = watch(
            *(viewer.whole, viewer.actor(), *known[chosen], f"camera:{name}", begin),
            mechanism=MECHANISM,
            depends_on=one.depends_on,
            end=end,
            note=note,
        )
        return f"{camera_address(name)}?done={done.act.act_id}#ways"

    return sent_once(*(viewer, entered, here, do), lambda typed: _show(request, viewer, one, typed))


def _require_watching(viewer: Viewer) -> None:
    if not viewer.may_post_in_an_area(WATCH):
        viewer.require_post(WATCH, viewer.state)


def _show(request: AnyRequest, viewer: Viewer, one: Camera, entered: Entered) -> Response[Any]:
    title = _("Ways that it watches")
    return render(
        request,
        "cameras/ways.html",
        http_status=entered.status,
        title=title,
        camera=one.name,
        watched=watched_ways(viewer, one.name),
        ways=[(_JOINED.join(way), f"{way[0]}/{way[1]}: {way[2]}") for way in ways_to_watch(viewer)],
        now=shown(viewer.server.now()),
        entered=entered,
        here=form_address(one.name, WAYS),
        back=camera_address(one.name),
        crumbs=crumbs_of(one.name, title),
    )
