"""Containments registered, with the ways into each; and tables of what is held where."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.response import Redirect

from keiryo.containment.checks import NAME
from keiryo.containment.files import COLUMNS, import_contents
from keiryo.containment.recording import ADD, HOLD, PATH, add_containment, add_path
from keiryo.errors import UsageError
from keiryo.journal.model import Posted
from keiryo.web.pages.boards import Entered, first_shown
from keiryo.web.pages.containments_known import HOME, READING, known
from keiryo.web.pages.containments_steps import DESCRIPTION, acts_about
from keiryo.web.pages.equipment_items import moment_context
from keiryo.web.pages.seals_asked import asked_form
from keiryo.web.pages.seals_fields import Field, Kind, Options, read, shown
from keiryo.web.pages.seals_known import containment_address
from keiryo.web.rendering import render
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

REGISTER_PAGE, IMPORT_PAGE = f"{HOME}/register", f"{HOME}/import"
FIELDS = (
    Field("mba", Kind.CHOICE, sentence("Area"), missing=sentence("Choose the area.")),
    Field(
        "name",
        Kind.LINE,
        sentence("Name"),
        sentence("Letters, digits, blanks, point, hyphen, underscore, plus and brackets."),
        missing=sentence("Name the containment."),
    ),
    *DESCRIPTION,
    Field(
        "ways",
        Kind.LINES,
        sentence("Ways into it"),
        sentence("One a line, e.g. lid, door or hatch: every way by which material can leave."),
    ),
)
TABLE = (
    Field(
        "table",
        Kind.FILE,
        sentence("Table"),
        sentence("CSV (UTF-8) with the columns mba, containment, batch, from, to, note."),
        missing=sentence("Choose the file of the table."),
    ),
)
PLACES = {"CONTAINMENT-NAME": "name", "CONTAINMENT-KIND": "kind", "CONTAINMENT-AREA": "mba"}


def may_register(viewer: Viewer) -> bool:
    """Return whether the viewer may register containments anywhere."""
    return viewer.may_post_in_an_area(ADD)


def may_import(viewer: Viewer) -> bool:
    """Return whether the viewer may record what is held where, in any area."""
    return viewer.may_post_in_an_area(HOLD)


# --- a containment ---------------------------------------------------------------------------


@get(REGISTER_PAGE, sync_to_thread=True, opt=READING)
def register_page(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Show the form in which a containment is registered."""
    if not may_register(viewer):
        viewer.require_post(ADD, viewer.state)
    return _show(request, viewer, first_shown(viewer, REGISTER_PAGE))


def _areas(viewer: Viewer) -> Options:
    every = sorted(viewer.areas_to_post(ADD), key=lambda one: one.code)
    return {"mba": [(one.code, f"{one.code} {one.name or ''}".strip()) for one in every]}


def _show(request: AnyRequest, viewer: Viewer, entered: Entered) -> Response[Any]:
    title = _("Register a containment")
    return render(
        request,
        "containments/register.html",
        http_status=entered.status,
        title=title,
        fields=shown(
            *(FIELDS, "register", entered), sent=viewer.form is not None, options=_areas(viewer)
        ),
        **moment_context(viewer),
        entered=entered,
        here=REGISTER_PAGE,
        back=HOME,
        crumbs=[(_("Containments"), HOME), (title, None)],
    )


@post(REGISTER_PAGE, status_code=200, sync_to_thread=True, opt=READING)
def register_containment(request: AnyRequest, viewer: Asking) -> Response[Any] | Redirect:
    """Register a containment, and the ways into it."""
    if not may_register(viewer):
        viewer.require_post(ADD, viewer.state)
    mba, name = viewer.field("register_mba"), viewer.field("register_name")

    def show(entered: Entered, _which: str) -> Response[Any]:
        return _show(request, viewer, entered)

    asked = asked_form(
        *(request, viewer, "register", REGISTER_PAGE, show),
        lambda head: acts_about(viewer, mba, name, head),
        then=containment_address(f"{mba}/{name}"),
        places=PLACES,
    )
    at, told = asked.moment(), read(asked, FIELDS, _areas(viewer))
    if name and not NAME.fullmatch(name):
        asked.wrong("name", _("This is no name of a containment."))
    wrong = [one for one in told["ways"] if not NAME.fullmatch(one)]
    if wrong:
        asked.wrong("ways", _("These are no names of ways: %(told)s.", told=", ".join(wrong[:5])))
    if told["ways"] and mba in viewer.areas:
        viewer.require_post(PATH, viewer.area(mba).scope)

    def do() -> Posted:
        if f"{mba}/{name}" in known(viewer).places:
            raise UsageError(
                _("there is a containment %(name)s already", name=f"{mba}/{name}"),
                _("Describe it anew on its own page, or choose another name."),
            )
        more = {field: told[field] for field in ("kmp", "location", "note")}
        place = (viewer.whole, viewer.actor(), mba, name)
        done = add_containment(*place, told["kind"], **more)
        for way in dict.fromkeys(told["ways"]):
            add_path(*place, way, at)
        return done

    return asked.done(do)


# --- a table of what is held where -----------------------------------------------------------


@get(IMPORT_PAGE, sync_to_thread=True, opt=READING)
def import_page(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Show the form in which a table of what is held where is sent."""
    if not may_import(viewer):
        viewer.require_post(HOLD, viewer.state)
    return _show_import(request, viewer, first_shown(viewer, IMPORT_PAGE))


def _show_import(request: AnyRequest, viewer: Viewer, entered: Entered) -> Response[Any]:
    title = _("Send a table of what is held where")
    return render(
        request,
        "containments/import.html",
        http_status=entered.status,
        title=title,
        columns=COLUMNS,
        fields=shown(TABLE, "import", entered, sent=viewer.form is not None),
        entered=entered,
        here=IMPORT_PAGE,
        back=HOME,
        crumbs=[(_("Containments"), HOME), (title, None)],
    )


@post(IMPORT_PAGE, status_code=200, sync_to_thread=True, opt=READING)
def import_table(request: AnyRequest, viewer: Asking) -> Response[Any] | Redirect:
    """Record a table of what is held where: all of it that is new, or nothing."""
    if not may_import(viewer):
        viewer.require_post(HOLD, viewer.state)

    def show(entered: Entered, _which: str) -> Response[Any]:
        return _show_import(request, viewer, entered)

    def nobody_else(_head: int) -> list[int]:
        return []  # rows that were recorded in between stand there already, and are left alone

    asked = asked_form(
        *(request, viewer, "import", IMPORT_PAGE, show, nobody_else),
        then=HOME,
        places={"CONTAINMENT-TABLE": "table"},
    )
    table = read(asked, TABLE)["table"]

    def do() -> Posted:
        done = import_contents(viewer.whole, viewer.actor(), *table)
        if done.act is None:
            raise UsageError(
                _("nothing in it is new: all its rows stand in the record"),
                _("Nothing has to be done."),
            )
        return Posted(done.act)

    return asked.done(do, [] if table is None else [table])
