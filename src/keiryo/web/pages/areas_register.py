"""Registering material balance areas and key measurement points, for State officers.

What was registered stays in the record; registering a code again says what counts from then on.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy import Connection

from keiryo.errors import ConflictError, KeiryoError, RefusedError, UsageError
from keiryo.journal.model import Draft
from keiryo.journal.posting import DraftSource
from keiryo.journal.posting import post as post_act
from keiryo.places.model import MBA_CODE, MBA_TYPES, MaterialBalanceArea
from keiryo.places.registration import KIND, PURPOSES, area_draft, point_draft
from keiryo.places.tables import areas, key_measurement_points
from keiryo.web.answers import status_of
from keiryo.web.once import Answer, once
from keiryo.web.pages.areas_frame import address
from keiryo.web.remembered import head_of, last_act_about
from keiryo.web.rendering import render
from keiryo.web.saved_forms import forget_fields, saved_fields, typed
from keiryo.web.speaking import gettext as _
from keiryo.web.typed_numbers import whole_number
from keiryo.web.viewer import AnyRequest, Asking, NotPermittedError, Viewer

MOST_TEXT = 200


class OvertakenError(Exception):
    """Somebody recorded something about the area since the form was opened."""

    def __init__(self, act: int) -> None:
        super().__init__(act)
        self.act = act


def may_register(viewer: Viewer, area: MaterialBalanceArea) -> bool:
    """Return whether the viewer may change what is registered of an area."""
    return viewer.may_post(KIND, area.scope)


@get("/areas/register", sync_to_thread=True, opt={"reads": "places"})
def new_area_page(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Show the form for a new area."""
    if not viewer.may_post_somewhere(KIND):
        raise NotPermittedError(
            "you hold no role that may register areas", "Ask a State officer for it."
        )
    return _form(request, viewer, None, saved_fields(viewer, "/areas/register"))


@get("/areas/{mba:str}/register", sync_to_thread=True, opt={"reads": "places"})
def register_page(request: AnyRequest, viewer: Asking, mba: FromPath[str]) -> Response[Any]:
    """Show what is registered of an area, to be changed, and its key measurement points."""
    area = viewer.area(mba)
    viewer.require_post(KIND, area.scope)
    return _form(request, viewer, area, saved_fields(viewer, _path(area)))


@post("/areas/register/save", status_code=200, sync_to_thread=True, opt={"reads": "places"})
def register_area(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Register an area, or change what is registered of it."""
    given = _given(viewer)
    known = viewer.areas.get(viewer.field("_area"))
    code = known.code if known is not None else given.get("mba", "").upper()
    facility = given.get("facility", "").upper()
    if not (MBA_CODE.fullmatch(code) and MBA_CODE.fullmatch(facility)):
        problem = UsageError(
            _("A code has four characters: A to Z, 0 to 9 or a hyphen."),
            _("Use the codes of the Facility Attachment."),
        )
        return _form(request, viewer, known, given, problem=problem)
    follow = {"yes": True, "no": False}.get(
        given.get("follow", ""), batches_are_followed(given.get("type"))
    )
    place = MaterialBalanceArea(
        viewer.state,
        facility,
        code,
        given.get("type") if given.get("type") in MBA_TYPES else None,
        follow,
        given.get("zone") or "UTC",
        given.get("name") or None,
    )
    require_registering(viewer, place, known)
    return _posted(request, viewer, known, given, partial(place_draft, viewer, place, known))


def batches_are_followed(kind: str | None) -> bool:
    """Return whether batches keep their identity in an area of a type, unless somebody says."""
    return kind != "bulk"


def require_registering(
    viewer: Viewer, place: MaterialBalanceArea, known: MaterialBalanceArea | None
) -> None:
    """Refuse unless the viewer may register an area as it shall be, and as it was known.

    Raises
    ------
    NotPermittedError
    """
    viewer.require_post(KIND, place.scope)
    if known is not None:
        viewer.require_post(KIND, known.scope)


def place_draft(
    viewer: Viewer, place: MaterialBalanceArea, known: MaterialBalanceArea | None, client_id: str
) -> DraftSource:
    """Return the act that registers an area, or changes what is registered of it.

    Parameters
    ----------
    place : MaterialBalanceArea
        As it shall be.
    known : MaterialBalanceArea or None
        As it is registered; None: it shall be a new one.

    Raises
    ------
    UsageError
        If there is no such time zone; where it is posted, if a new code is taken.
    """
    made = area_draft(place, client_id)

    def draft(connection: Connection) -> Draft:
        if known is None and place.code in areas(connection, viewer.metadata):
            raise UsageError(
                _("The area %(mba)s is registered already.", mba=place.code),
                _("Change its registration on its own page."),
            )
        return made

    return draft


@post("/areas/{mba:str}/points", status_code=200, sync_to_thread=True, opt={"reads": "places"})
def register_point(request: AnyRequest, viewer: Asking, mba: FromPath[str]) -> Response[Any]:
    """Register a key measurement point of an area."""
    area, given = viewer.area(mba), _given(viewer)
    viewer.require_post(KIND, area.scope)
    code, purpose = given.get("kmp", "").upper(), given.get("purpose", "")
    name = given.get("kmp_name") or None
    return _posted(
        request,
        viewer,
        area,
        given,
        lambda client_id: point_draft(area, code, purpose, name, client_id),
    )


def _given(viewer: Viewer) -> dict[str, str]:
    form = viewer.form
    fields = {} if form is None else typed(form)
    return {name: value.strip()[:MOST_TEXT] for name, value in fields.items()}


def _path(area: MaterialBalanceArea | None) -> str:
    return "/areas/register" if area is None else address("/areas", area.code, "register")


def _posted(
    request: AnyRequest,
    viewer: Viewer,
    area: MaterialBalanceArea | None,
    given: Mapping[str, str],
    draft: Callable[[str], DraftSource],
) -> Response[Any]:
    """Post once, and go back to the area; what is refused is shown with everything typed."""
    goal = address("/areas", area.code, "register") if area is not None else "/areas"

    def post_it() -> Answer:
        between = None if area is None else _between(viewer, area)
        if between is not None:
            raise OvertakenError(between)
        post_act(viewer.whole, draft(f"{KIND}:{uuid.uuid4()}"), viewer.actor())
        return Answer(303, goal)

    try:
        answer = once(viewer, viewer.field("_form_id"), {"path": _path(area), **given}, post_it)
    except OvertakenError as overtaken:
        return _form(request, viewer, area, given, between=overtaken.act)
    except (RefusedError, UsageError, ConflictError) as error:
        return _form(request, viewer, area, given, problem=error)
    forget_fields(viewer, _path(area))
    return Redirect(answer.location or goal, status_code=303)


def _between(viewer: Viewer, area: MaterialBalanceArea) -> int | None:
    """Return the act that came in between, if the form is older and was not pressed twice."""
    made, pressed = whole_number(viewer.field("_head")), viewer.field("_between")
    if made is None:
        return None
    with viewer.whole.reading() as connection:
        last = last_act_about(connection, viewer.metadata, area.scope)
    if last > made and pressed != str(last):
        return last
    return None


def _form(
    request: AnyRequest,
    viewer: Viewer,
    area: MaterialBalanceArea | None,
    given: Mapping[str, str],
    *,
    problem: KeiryoError | None = None,
    between: int | None = None,
) -> Response[Any]:
    points: dict[str, tuple[str, str | None]] = {}
    with viewer.books.reading() as connection:
        if area is not None:
            points = key_measurement_points(connection, viewer.metadata, area.code)
        head = head_of(connection, viewer.metadata)
    values = {**_registered(area), **given}
    crumbs: list[tuple[str, str | None]] = [(_("Areas"), "/areas")]
    if area is not None:
        crumbs.append((area.code, address("/areas", area.code)))
    crumbs.append((_("Registration"), None))
    status = 200 if problem is None and between is None else 409
    return render(
        request,
        "area_register.html",
        http_status=status if problem is None else status_of(problem),
        area=area,
        values=values,
        kept=bool(given) and problem is None and between is None,
        problem=problem,
        findings=list(getattr(problem, "findings", ())),
        between=between,
        points=points,
        purposes=PURPOSES,
        types=MBA_TYPES,
        head=head,
        form_path=_path(area),
        crumbs=crumbs,
    )


def _registered(area: MaterialBalanceArea | None) -> dict[str, str]:
    if area is None:
        return {"zone": "UTC"}
    return {
        "mba": area.code,
        "facility": area.facility,
        "type": area.type or "",
        "follow": "yes" if area.batch_follow_up else "no",
        "zone": area.zone,
        "name": area.name or "",
    }
