"""Recording a camera, a camera anew, a view of it, and a reading of its clock."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from keiryo.containment.instants import instant, shown
from keiryo.containment.recording import WATCH
from keiryo.errors import Finding, KeiryoError
from keiryo.surveillance.camera_record import known_camera
from keiryo.surveillance.cameras import (
    MAX_RETENTION_DAYS,
    REGISTER,
    Camera,
    camera_findings,
    joined,
    register_camera,
    split_list,
)
from keiryo.surveillance.clocks import READ_CLOCK, readings, record_reading
from keiryo.surveillance.tables import CAMERA, CAMERA_VIEW
from keiryo.surveillance.views import RECORD_VIEW, record_view, views
from keiryo.web.pages.boards import Entered, explain_error, first_shown, typed_again
from keiryo.web.pages.cameras_asked import (
    CHANGE,
    CLOCK,
    ONE,
    REGISTER_PAGE,
    VIEW,
    WAYS,
    crumbs_of,
    form_address,
    milliseconds,
    placed,
    say_findings,
    seconds_in,
)
from keiryo.web.pages.cameras_known import (
    CAMERAS,
    READING,
    TIMELINE,
    camera_address,
    instant_in,
    require_camera,
)
from keiryo.web.pages.cameras_words import seconds_text
from keiryo.web.pages.meetings_asked import File, sent_once, text_in, uploads
from keiryo.web.pages.seals_asked import acts_with
from keiryo.web.rendering import render
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import instant_text
from keiryo.web.typed_numbers import whole_number
from keiryo.web.viewer import AnyRequest, Asking, Viewer

CAMERA_FIELDS: Mapping[str, str] = {
    "CAMERA-NAME": "camera",
    "CAMERA-AREA": "mba",
    "CAMERA-AREA-CHANGED": "mba",
    "CAMERA-INTERVAL": "interval_s",
    "CAMERA-TOLERANCE": "tolerance_s",
    "CAMERA-CLOCK-ZONE": "clock",
    "CAMERA-RETENTION": "retention_days",
}
VIEW_FIELDS: Mapping[str, str] = {"VIEW-BEGIN": "begin", "VIEW-EMPTY": "words"}
CLOCK_FIELDS: Mapping[str, str] = {"CLOCK-OFFSET": "offset_s"}
PICTURES = ("mask", "reference")


# --- the camera ------------------------------------------------------------------------------


@get(REGISTER_PAGE, sync_to_thread=True, opt=READING)
def new_camera_page(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Show the form in which a camera is recorded."""
    _require_registering(viewer)
    return _new_camera(request, viewer, first_shown(viewer, REGISTER_PAGE))


@post(REGISTER_PAGE, status_code=200, sync_to_thread=True, opt=READING)
def record_new_camera(request: AnyRequest, viewer: Asking) -> Response[Any] | Redirect:
    """Record a camera."""
    _require_registering(viewer)
    entered = typed_again(viewer)
    areas = {area.code for area in viewer.areas_to_post(REGISTER)}
    if viewer.field("mba") not in areas:
        entered.errors["mba"] = _("Choose the area.")
    name = viewer.field("camera")
    values = _values(viewer, entered, name, viewer.field("mba"))
    with viewer.whole.reading() as connection:
        taken = known_camera(connection, viewer.metadata, name) is not None
    if taken:
        entered.errors["camera"] = _("This name is taken already.")
    say_findings(entered, camera_findings(values, None), CAMERA_FIELDS)

    def do() -> str:
        done = register_camera(viewer.whole, viewer.actor(), values)
        return f"{camera_address(name)}?done={done.act.act_id}"

    def show(typed: Entered) -> Response[Any]:
        return _new_camera(request, viewer, placed(typed, CAMERA_FIELDS))

    return sent_once(viewer, entered, REGISTER_PAGE, do, show)


def _require_registering(viewer: Viewer) -> None:
    if not viewer.may_post_in_an_area(REGISTER):
        viewer.require_post(REGISTER, viewer.state)


def _new_camera(request: AnyRequest, viewer: Viewer, entered: Entered) -> Response[Any]:
    found = sorted(viewer.areas_to_post(REGISTER), key=lambda one: one.code)
    title = _("Register a camera")
    return render(
        request,
        "cameras/camera_form.html",
        http_status=entered.status,
        title=title,
        areas=[(one.code, f"{one.code} {one.name or ''}".strip()) for one in found],
        before={},
        most_days=MAX_RETENTION_DAYS,
        entered=entered,
        here=REGISTER_PAGE,
        back=CAMERAS,
        crumbs=[(_("Time line"), TIMELINE), (_("Cameras"), CAMERAS), (title, None)],
    )


@get(f"{ONE}/{CHANGE}", sync_to_thread=True, opt=READING)
def change_page(request: AnyRequest, viewer: Asking, name: FromPath[str]) -> Response[Any]:
    """Show the form in which a camera is recorded anew, with what stands now."""
    one = require_camera(viewer, name).camera
    viewer.require_post(REGISTER, one.scope)
    return _change(request, one, first_shown(viewer, form_address(name, CHANGE)))


@post(f"{ONE}/{CHANGE}", status_code=200, sync_to_thread=True, opt=READING)
def change_camera(
    request: AnyRequest, viewer: Asking, name: FromPath[str]
) -> Response[Any] | Redirect:
    """Record a camera anew: all that the form says stands from now on."""
    one = require_camera(viewer, name).camera
    viewer.require_post(REGISTER, one.scope)
    entered = typed_again(viewer)
    values = _values(viewer, entered, name, one.mba)
    say_findings(entered, camera_findings(values, one.values), CAMERA_FIELDS)

    def do() -> str:
        done = register_camera(viewer.whole, viewer.actor(), values)
        return f"{camera_address(name)}?done={done.act.act_id}"

    return sent_once(
        *(viewer, entered, form_address(name, CHANGE), do),
        lambda typed: _change(request, one, placed(typed, CAMERA_FIELDS)),
        lambda head: acts_with(viewer, (CAMERA,), head, camera=name),
    )


def _change(request: AnyRequest, one: Camera, entered: Entered) -> Response[Any]:
    values, title = one.values, _("Change the camera")

    def seconds(field: str) -> str:
        given = values[field]
        return "" if given is None else f"{(Decimal(given) / 1000).normalize():f}"

    before = {
        **{field: values[field] or "" for field in ("place", "model", "clock", "key_id", "note")},
        "interval_s": seconds("interval_ms"),
        "tolerance_s": seconds("tolerance_ms"),
        "depends_on": "\n".join(split_list(values["depends_on"])),
        "retention_days": "" if values["retention_days"] is None else values["retention_days"],
    }
    return render(
        request,
        "cameras/camera_form.html",
        http_status=entered.status,
        title=title,
        areas=[],
        camera=one.name,
        mba=one.mba,
        before=before,
        most_days=MAX_RETENTION_DAYS,
        entered=entered,
        here=form_address(one.name, CHANGE),
        back=camera_address(one.name),
        crumbs=crumbs_of(one.name, title),
    )


def _values(viewer: Viewer, entered: Entered, name: str, mba: str) -> dict[str, Any]:
    """Return the line of a camera that the form states; what is wrong goes into the form."""
    interval = milliseconds(seconds_in(viewer, entered, "interval_s")) or None
    tolerance = milliseconds(seconds_in(viewer, entered, "tolerance_s"))
    days, told = None, viewer.field("retention_days")
    if told:
        days = whole_number(told, 9)
        if days is None:
            entered.errors["retention_days"] = _("Write a whole number of days.")
    texts = {
        field: text_in(viewer, entered, field)
        for field in ("place", "model", "clock", "key_id", "note")
    }
    return {
        "camera": name,
        "mba": mba,
        **texts,
        "interval_ms": interval,
        "tolerance_ms": tolerance,
        "depends_on": joined(viewer.field("depends_on").replace("\n", "|").split("|")),
        "retention_days": days,
    }


# --- a view ----------------------------------------------------------------------------------


@get(f"{ONE}/{VIEW}", sync_to_thread=True, opt=READING)
def view_form_page(request: AnyRequest, viewer: Asking, name: FromPath[str]) -> Response[Any]:
    """Show the form in which a view of a camera is recorded."""
    one = require_camera(viewer, name).camera
    viewer.require_post(RECORD_VIEW, one.scope)
    return _view_form(request, viewer, one, first_shown(viewer, form_address(name, VIEW)))


@post(f"{ONE}/{VIEW}", status_code=200, sync_to_thread=True, opt=READING)
def record_new_view(
    request: AnyRequest, viewer: Asking, name: FromPath[str]
) -> Response[Any] | Redirect:
    """Record that a camera has a new view from an instant on."""
    one = require_camera(viewer, name).camera
    viewer.require_post(RECORD_VIEW, one.scope)
    entered = typed_again(viewer)
    words = text_in(viewer, entered, "words", _("Say in a few words what the camera sees."))
    begin = instant_in(viewer, entered, "begin")
    pictures = {field: _picture(viewer, field) for field in PICTURES}

    def do() -> str:
        assert begin is not None
        done = record_view(
            *(viewer.whole, viewer.actor(), name, words or "", begin),
            mask=pictures["mask"],
            reference=pictures["reference"],
        )
        return f"{camera_address(name)}?done={done.act.act_id}#views"

    def show(typed: Entered) -> Response[Any]:
        for one_finding in typed.findings:
            _at_its_picture(typed, one_finding, pictures)
        return _view_form(request, viewer, one, placed(typed, VIEW_FIELDS))

    return sent_once(
        *(viewer, entered, form_address(name, VIEW), do, show),
        lambda head: acts_with(viewer, (CAMERA_VIEW,), head, camera=name),
    )


def _picture(viewer: Viewer, field: str) -> File | None:
    return next(iter(uploads(viewer, field)), None)


def _at_its_picture(entered: Entered, one: Finding, pictures: Mapping[str, File | None]) -> None:
    """Put what is wrong with a picture to the field in which it was sent."""
    if one.code == "VIEW-PICTURE":
        for field, sent in pictures.items():
            if sent is not None and sent[0] == one.file:
                say_findings(entered, [one], {one.code: field}, listed=False)


def _view_form(request: AnyRequest, viewer: Viewer, one: Camera, entered: Entered) -> Response[Any]:
    title = _("Record a view")
    with viewer.books.reading() as connection:
        every = views(connection, viewer.metadata, one.name)
    return render(
        request,
        "cameras/view_form.html",
        http_status=entered.status,
        title=title,
        camera=one.name,
        last=None
        if not every
        else {"version": every[-1].version, "begin": instant_text(every[-1].begin)},
        now=shown(viewer.server.now()),
        ways_href=form_address(one.name, WAYS) if viewer.may_post_in_an_area(WATCH) else None,
        entered=entered,
        here=form_address(one.name, VIEW),
        back=camera_address(one.name),
        crumbs=crumbs_of(one.name, title),
    )


# --- its clock -------------------------------------------------------------------------------


@get(f"{ONE}/{CLOCK}", sync_to_thread=True, opt=READING)
def clock_page(request: AnyRequest, viewer: Asking, name: FromPath[str]) -> Response[Any]:
    """Show the form in which a reading of a camera's clock is recorded."""
    one = require_camera(viewer, name).camera
    viewer.require_post(READ_CLOCK, one.scope)
    return _clock_form(request, viewer, one, first_shown(viewer, form_address(name, CLOCK)))


@post(f"{ONE}/{CLOCK}", status_code=200, sync_to_thread=True, opt=READING)
def read_clock(
    request: AnyRequest, viewer: Asking, name: FromPath[str]
) -> Response[Any] | Redirect:
    """Record how far a camera's clock was off."""
    one = require_camera(viewer, name).camera
    viewer.require_post(READ_CLOCK, one.scope)
    entered = typed_again(viewer)
    at, offset = instant_in(viewer, entered, "at"), None
    seen = viewer.field("shown")
    seconds = seconds_in(viewer, entered, "offset_s", signed=True)
    if bool(seen) == bool(viewer.field("offset_s")):
        entered.errors["shown"] = _("Give either what the camera showed, or the offset.")
    elif seen and at is not None:
        try:
            offset = round((at - instant(seen)).total_seconds() * 1000)
        except KeiryoError as error:
            explain_error(entered, error, "shown")
    else:
        offset = milliseconds(seconds)
    note = text_in(viewer, entered, "note")

    def do() -> str:
        assert at is not None and offset is not None
        done = record_reading(viewer.whole, viewer.actor(), name, at, offset, note=note)
        return f"{camera_address(name)}?done={done.act.act_id}#clock-title"

    def show(typed: Entered) -> Response[Any]:
        return _clock_form(request, viewer, one, placed(typed, CLOCK_FIELDS))

    return sent_once(viewer, entered, form_address(name, CLOCK), do, show)


def _clock_form(
    request: AnyRequest, viewer: Viewer, one: Camera, entered: Entered
) -> Response[Any]:
    title = _("Record a reading of the clock")
    with viewer.books.reading() as connection:
        every = readings(connection, viewer.metadata, one.name)
    return render(
        request,
        "cameras/clock_form.html",
        http_status=entered.status,
        title=title,
        camera=one.name,
        zone=one.zone,
        last=None
        if not every
        else {
            "at": instant_text(every[-1].at),
            "offset": seconds_text(every[-1].offset_ms / 1000),
        },
        entered=entered,
        here=form_address(one.name, CLOCK),
        back=camera_address(one.name),
        crumbs=crumbs_of(one.name, title),
    )
