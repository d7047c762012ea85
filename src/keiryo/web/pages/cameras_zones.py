"""Zones of a view: drawn over an image of the camera, written as text, recorded all at once.

The form works by text alone; a script of its own lets corners be set by clicking on the image.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from keiryo.errors import NotFoundError, RefusedError
from keiryo.surveillance.cameras import Camera
from keiryo.surveillance.tables import CAMERA_VIEW, CAMERA_ZONE
from keiryo.surveillance.views import View, views
from keiryo.surveillance.zones import (
    RECORD_ZONES,
    TYPES,
    UNITS,
    Corner,
    RecordedZone,
    ZoneEntry,
    parse_polygon,
    record_zones,
    zone_findings,
    zones_of,
)
from keiryo.web.pages.boards import Entered, first_shown, typed_again
from keiryo.web.pages.cameras_asked import (
    ONE,
    VIEW,
    ZONES,
    crumbs_of,
    form_address,
    say_findings,
)
from keiryo.web.pages.cameras_known import (
    READING,
    asked_instant,
    camera_address,
    require_camera,
)
from keiryo.web.pages.cameras_overlay import base_of, drawing, told_zone
from keiryo.web.pages.cameras_words import ZONE_WORDS
from keiryo.web.pages.meetings_asked import sent_once
from keiryo.web.pages.seals_asked import acts_with
from keiryo.web.pictures.zone_overlay import DrawnZone
from keiryo.web.rendering import render
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import instant_text
from keiryo.web.typed_numbers import whole_number
from keiryo.web.viewer import AnyRequest, Asking, Viewer

MOST_ROWS = 40
FREE_ROWS = 3
"""Empty rows below the zones that stand."""
PARTS = ("name", "type", "polygon", "reason")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the form.

    Attributes
    ----------
    number : int
    name, type, polygon, reason : str
        As they are written.
    """

    number: int
    name: str = ""
    type: str = TYPES[0]
    polygon: str = ""
    reason: str = ""

    def field(self, part: str) -> str:
        """Return the name of a field of this row."""
        return f"{part}_{self.number}"

    @property
    def is_empty(self) -> bool:
        """Whether nobody wrote anything into it."""
        return not (self.name or self.polygon or self.reason)

    def corners(self) -> tuple[Corner, ...]:
        """Return its corners; none while they cannot be read."""
        try:
            return parse_polygon(self.polygon)
        except RefusedError:
            return ()


@get(f"{ONE}/{ZONES}", sync_to_thread=True, opt=READING)
def zones_page(request: AnyRequest, viewer: Asking, name: FromPath[str]) -> Response[Any]:
    """Show the zones of a view over an image, with the form in which they are recorded."""
    one = require_camera(viewer, name).camera
    viewer.require_post(RECORD_ZONES, one.scope)
    view = _view(viewer, one, str(request.query_params.get("view", "")))
    entered = first_shown(viewer, _form(one, view))
    return _show(request, viewer, one, view, entered)


@post(f"{ONE}/{ZONES}", status_code=200, sync_to_thread=True, opt=READING)
def record_view_zones(
    request: AnyRequest, viewer: Asking, name: FromPath[str]
) -> Response[Any] | Redirect:
    """Record the zones of a view, in place of those recorded for it before."""
    one = require_camera(viewer, name).camera
    viewer.require_post(RECORD_ZONES, one.scope)
    view = _view(viewer, one, viewer.field("view"))
    entered = typed_again(viewer)
    if view is None:
        entered.errors[""] = _("Record a view of the camera first: zones belong to a view.")
    rows = [row for row in _rows(entered, ()) if not row.is_empty]
    entries = [_entry(entered, row) for row in rows]
    if not rows:
        entered.errors["name_1"] = _(
            "Draw one zone at least: the zones that stand hold until others take their place."
        )
    _say_same_names(entered, rows)

    def do() -> str:
        assert view is not None
        every = [entry for entry in entries if entry is not None]
        done = record_zones(viewer.whole, viewer.actor(), name, every, version=view.version)
        return f"{camera_address(name)}?done={done.act.act_id}#views"

    return sent_once(
        *(viewer, entered, _form(one, view), do),
        lambda typed: _show(request, viewer, one, view, typed),
        lambda head: acts_with(viewer, (CAMERA_ZONE, CAMERA_VIEW), head, camera=name),
    )


def _view(viewer: Viewer, one: Camera, asked: str) -> View | None:
    """Return the view that is asked for, or the last one; None if there is none yet.

    Raises
    ------
    NotFoundError
        If there is no view of that number.
    """
    with viewer.books.reading() as connection:
        every = views(connection, viewer.metadata, one.name)
    if not asked:
        return every[-1] if every else None
    found = next((view for view in every if view.version == whole_number(asked, 9)), None)
    if found is None:
        raise NotFoundError("there is no such view", "The page of the camera shows all.")
    return found


def _form(one: Camera, view: View | None) -> str:
    address = form_address(one.name, ZONES)
    return address if view is None else f"{address}?view={view.version}"


def _entry(entered: Entered, row: Row) -> ZoneEntry | None:
    """Return the zone that a row states; what is wrong with it goes to its fields."""
    wrong, corners = [], None
    try:
        corners = parse_polygon(row.polygon)
    except RefusedError as error:
        wrong += list(error.findings)
    # The form of a triangle stands in where the corners cannot be read: all else is said as well.
    shape = corners or ((0, 0), (UNITS, 0), (0, UNITS))
    wrong += list(zone_findings(row.name, row.type, shape, row.reason))
    fields = {
        "ZONE-NAME": row.field("name"),
        "ZONE-TYPE": row.field("type"),
        "ZONE-POLYGON": row.field("polygon"),
        "ZONE-REASON": row.field("reason"),
    }
    say_findings(entered, wrong, fields, listed=False)
    if wrong or corners is None:
        return None
    return ZoneEntry(row.name, row.type, corners, row.reason or None)


def _say_same_names(entered: Entered, rows: Sequence[Row]) -> None:
    seen: set[str] = set()
    for row in rows:
        if row.name and row.name in seen:
            entered.errors[row.field("name")] = _("Another zone has this name already.")
        seen.add(row.name)


def _rows(entered: Entered, standing: Sequence[RecordedZone]) -> list[Row]:
    """Return the rows of the form: what was typed, or else the zones that stand, and free ones."""
    typed = [n for n in range(1, MOST_ROWS + 1) if f"polygon_{n}" in entered.fields]
    if typed:
        return [
            Row(n, *(str(entered.value(f"{part}_{n}")).strip() for part in PARTS)) for n in typed
        ]
    rows = [
        Row(n, one.zone.name, one.zone.type, _shares(one.corners), one.reason or "")
        for n, one in enumerate(standing[:MOST_ROWS], 1)
    ]
    free = range(len(rows) + 1, min(MOST_ROWS, len(rows) + FREE_ROWS) + 1)
    return rows + [Row(n) for n in free]


def _shares(corners: Sequence[Corner]) -> str:
    """Return corners as people write them: in shares of width and height."""
    return " ".join(f"{x / UNITS:g},{y / UNITS:g}" for x, y in corners)


def _show(
    request: AnyRequest, viewer: Viewer, one: Camera, view: View | None, entered: Entered
) -> Response[Any]:
    until = asked_instant(request, "at")
    with viewer.books.reading() as connection:
        base = base_of(connection, viewer, one.name, view, until)
        standing = (
            [] if view is None else zones_of(connection, viewer.metadata, one.name, view.version)
        )
        every = views(connection, viewer.metadata, one.name)
    rows = _rows(entered, standing)
    drawn = [
        DrawnZone(row.number, row.type, row.corners(), told_zone(row.name, row.type, None))
        for row in rows
        if row.corners()
    ]
    title = _("Zones of a view")
    return render(
        request,
        "cameras/zones.html",
        http_status=entered.status,
        title=title,
        camera=one.name,
        view=view,
        since="" if view is None else instant_text(view.begin),
        others=[each.version for each in every if view is None or each.version != view.version],
        base=base,
        taken="" if base.at is None else instant_text(base.at),
        at="" if until is None else str(request.query_params.get("at", "")),
        drawing=drawing(drawn, base.ratio),
        rows=rows,
        types=[(type_, f"{type_}: {_(ZONE_WORDS[type_])}") for type_ in TYPES],
        entered=entered,
        here=form_address(one.name, ZONES),
        form=_form(one, view),
        view_form=form_address(one.name, VIEW),
        back=camera_address(one.name),
        crumbs=crumbs_of(one.name, title),
    )
