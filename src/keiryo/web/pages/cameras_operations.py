"""Declared operations: what the operator says will happen or happened, declared and withdrawn.

An operator declares for the areas whose books they keep, and sees what is declared there, without
reading what cameras saw. A name that stands already is declared anew: the last word counts, what
was said before stays in the record.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Stream

from keiryo.errors import Finding, NotFoundError, RefusedError
from keiryo.people.accounts import names_of
from keiryo.places.tables import areas
from keiryo.surveillance.cameras import split_list
from keiryo.surveillance.declared_files import COLUMNS, MAX_BYTES, REQUIRED, import_operations
from keiryo.surveillance.declared_operations import (
    DECLARE,
    DeclaredOperation,
    OperationEntry,
    declare,
    withdraw,
)
from keiryo.surveillance.review_record import rows_of
from keiryo.surveillance.tables import DECLARED_OPERATION, MARK
from keiryo.web.listing import ListColumn, RowList, shown_list
from keiryo.web.pages.boards import Entered, first_shown, typed_again
from keiryo.web.pages.cameras_known import (
    CAPABILITY,
    OPERATIONS,
    TIMELINE,
    camera_address,
    instant_in,
    known_cameras,
    known_operations,
    operation_address,
    operations_areas,
    review_address,
    seal_address,
    timeline_address,
)
from keiryo.web.pages.cameras_words import STATE_BADGES, STATE_WORDS, VERDICT_WORDS, word
from keiryo.web.pages.meetings_asked import (
    done_act,
    narrowed_findings,
    sent_once,
    text_in,
    uploads,
    why,
)
from keiryo.web.rendering import render
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import instant_text
from keiryo.web.translation import sentence
from keiryo.web.typed_numbers import whole_number
from keiryo.web.viewer import AnyRequest, Asking, NotPermittedError, Viewer

DECLARE_PAGE = "/surveillance/declare"
_COUNTS = ("events", "step", "min_visible_s")

OPERATION_COLUMNS = (
    ListColumn(
        "operation",
        sentence("Operation"),
        "code",
        href=lambda row: operation_address(row["operation"]),
    ),
    ListColumn("mba", sentence("Area"), "code"),
    ListColumn("type", sentence("Type")),
    ListColumn("begin_at", sentence("From"), "time"),
    ListColumn("end_at", sentence("Until"), "time"),
    ListColumn("items", sentence("Items")),
    ListColumn("sensors", sentence("Should be seen by")),
    ListColumn("state", sentence("Status"), choices=tuple(STATE_WORDS.values())),
    ListColumn("declared_at", sentence("Declared"), "time"),
    ListColumn("events", sentence("Events expected"), "number", hidden=True),
    ListColumn("process", sentence("Process"), hidden=True),
    ListColumn("step", sentence("Step"), "number", hidden=True),
    ListColumn("act", sentence("Act"), "act"),
)


def may_see_operations(viewer: Viewer) -> bool:
    """Return whether anything that is declared is seen, or may be declared."""
    return viewer.reads(CAPABILITY) or viewer.may_post_in_an_area(DECLARE)


def _require(viewer: Viewer) -> None:
    if not may_see_operations(viewer):
        raise NotPermittedError(
            "this page is not for you", "Ask an administrator for the role that it takes."
        )


# --- the list --------------------------------------------------------------------------------


@get(OPERATIONS, sync_to_thread=True)
def operations_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """List declared operations, those that begin last first, with the forms to declare."""
    _require(viewer)
    return _list(request, viewer, first_shown(viewer, OPERATIONS))


def _list(
    request: AnyRequest, viewer: Viewer, entered: Entered, which: str = ""
) -> Response[Any] | Stream:
    rows = [
        {
            **{column.name: one.values.get(column.name) for column in OPERATION_COLUMNS},
            "state": STATE_WORDS[one.values["state"]],
            "declared_at": one.declared_at,
            "act": one.values["act_id"],
            "badge": STATE_BADGES[one.values["state"]],
        }
        for one in known_operations(viewer)[::-1]
    ]
    table = shown_list(request, RowList(rows, OPERATION_COLUMNS), "operations")
    if isinstance(table, Response | Stream):
        return table
    for cells, row in zip(table.rows, table.found.rows, strict=True):
        cells["state"] = {"text": _(row["state"]), "badge": row["badge"]}
    return render(
        request,
        "cameras/operations.html",
        http_status=entered.status,
        listed=table,
        total=len(rows),
        areas=_area_choices(viewer),
        sensors=_sensors(viewer),
        columns=", ".join(COLUMNS),
        required=", ".join(REQUIRED),
        entered=entered,
        which=which,
        done=done_act(request),
        unchanged=whole_number(str(request.query_params.get("unchanged", ""))) or 0,
        here=OPERATIONS,
        crumbs=[(_("Time line"), TIMELINE), (_("Declared operations"), None)],
    )


def _area_choices(viewer: Viewer) -> list[tuple[str, str]]:
    found = sorted(viewer.areas_to_post(DECLARE), key=lambda one: one.code)
    return [(one.code, f"{one.code} {one.name or ''}".strip()) for one in found]


def _cameras_seen(viewer: Viewer) -> set[str] | None:
    """Return the names of the cameras that are seen; None for who sees none, as operators do."""
    return set(known_cameras(viewer)) if viewer.reads(CAPABILITY) else None


def _sensors(viewer: Viewer) -> list[str]:
    """Return the cameras that are seen, as an operation names them."""
    every = known_cameras(viewer) if viewer.reads(CAPABILITY) else {}
    return [f"camera:{name}" for name in every]


# --- one operation ---------------------------------------------------------------------------


@get(OPERATIONS + "/{name:str}", sync_to_thread=True)
def operation_page(request: AnyRequest, viewer: Asking, name: FromPath[str]) -> Response[Any]:
    """Show a declared operation: what was declared when, and which events it explains."""
    _require(viewer)
    name = str(request.query_params.get("name", "")) or name
    one = _require_operation(viewer, name)
    return _show(request, viewer, one, first_shown(viewer, operation_address(name)))


def _require_operation(viewer: Viewer, name: str) -> DeclaredOperation:
    found = next((one for one in known_operations(viewer) if one.name == name), None)
    if found is None:
        raise NotFoundError(
            f"no operation {name[:60]!r} was declared that you may see", "The list shows all."
        )
    return found


def _show(
    request: AnyRequest, viewer: Viewer, one: DeclaredOperation, entered: Entered
) -> Response[Any]:
    values, state = one.values, one.values["state"]
    area = viewer.areas.get(values["mba"])
    visible = values["min_visible_ms"]
    versions = _versions(viewer, one.name)
    return render(
        request,
        "cameras/operation.html",
        http_status=entered.status,
        one=one,
        values=values,
        state={"text": word(STATE_WORDS, state), "badge": STATE_BADGES[state]},
        begin=instant_text(one.begin),
        end=instant_text(one.end),
        min_visible=None if visible is None else f"{visible / 1000:g} s",
        sensors=[(device, _device_address(viewer, device)) for device in one.sensors],
        versions=versions,
        explained=_explained(viewer, one.name),
        timeline=timeline_address(values["mba"], *_around(one), None)
        if viewer.reads(CAPABILITY)
        else None,
        may_withdraw=one.stands and area is not None and viewer.may_post(DECLARE, area.scope),
        entered=entered,
        done=done_act(request),
        here=operation_address(one.name),
        why=why(f"operation:{one.name}") if viewer.reads(CAPABILITY) else None,
        crumbs=[
            (_("Time line"), TIMELINE),
            (_("Declared operations"), OPERATIONS),
            (one.name, None),
        ],
    )


def _around(one: DeclaredOperation) -> tuple[Any, Any]:
    """Return a period with room on both sides of an operation."""
    room = (one.end - one.begin) / 2
    try:
        return one.begin - room, one.end + room
    except OverflowError:
        return one.begin, one.end


def _device_address(viewer: Viewer, device: str) -> str | None:
    kind, _colon, name = device.partition(":")
    if kind == "camera":
        seen = viewer.reads(CAPABILITY) and name in known_cameras(viewer)
        return camera_address(name) if seen else None
    return seal_address(device) if kind == "seal" and viewer.reads("seals") else None


def _versions(viewer: Viewer, name: str) -> list[dict[str, Any]]:
    """Return what was declared under a name, the last one first."""
    metadata = viewer.metadata
    table = metadata.tables[DECLARED_OPERATION.name]
    with viewer.whole.reading() as connection:
        rows = rows_of(connection, metadata, DECLARED_OPERATION.name, table.c.operation == name)
    seen = operations_areas(viewer)
    rows = [row for row in rows if row["mba"] in seen]
    who = names_of(viewer.whole, {str(row["declared_by"]) for row in rows})
    return [
        {
            "act": row["act_id"],
            "state": word(STATE_WORDS, row["state"]),
            "begin": instant_text(row["begin_at"]),
            "end": instant_text(row["end_at"]),
            "sensors": ", ".join(split_list(row["sensors"])),
            "who": who.get(str(row["declared_by"]), row["declared_by"]),
        }
        for row in rows[::-1]
    ]


def _explained(viewer: Viewer, name: str) -> list[dict[str, Any]]:
    """Return the events that reviewers explain by an operation, as far as they are seen."""
    metadata = viewer.metadata
    table = metadata.tables[MARK.name]
    with viewer.books.reading() as connection:
        rows = rows_of(connection, metadata, MARK.name, table.c.operation == name)
    return [
        {
            "event": f"{row['screening']}:{row['event']}",
            "verdict": word(VERDICT_WORDS, row["verdict"]),
            "review": row["review"],
            "href": review_address(row["review"]),
            "act": row["act_id"],
        }
        for row in rows
    ]


# --- declaring and withdrawing ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Asked:
    """A form that was sent from the list, and which one it is."""

    request: AnyRequest
    viewer: Viewer
    entered: Entered
    which: str

    def done(self, do: Callable[[], str]) -> Response[Any] | Redirect:
        """Do it once, or show the list again with what is wrong."""
        return sent_once(
            *(self.viewer, self.entered, OPERATIONS, lambda: _told(self.viewer, do)),
            lambda one: _again(self.request, self.viewer, one, self.which),
        )


def _again(request: AnyRequest, viewer: Viewer, entered: Entered, which: str) -> Response[Any]:
    shown_again = _list(request, viewer, entered, which)
    assert not isinstance(shown_again, Stream)
    return shown_again


def _told(viewer: Viewer, do: Callable[[], str]) -> str:
    """Do something; of areas that are not seen, what is refused says nothing."""
    try:
        return do()
    except RefusedError as error:
        with viewer.whole.reading() as connection:
            hidden = set(areas(connection, viewer.metadata)) - set(viewer.areas)
        told = _("This name is taken already.")
        found: list[Finding] = narrowed_findings(error.findings, hidden, told)
        raise RefusedError(error.message, found, error.advice) from error


def _area_in(viewer: Viewer, entered: Entered, name: str) -> str:
    code = viewer.field(name)
    if code not in {area.code for area in viewer.areas_to_post(DECLARE)}:
        entered.errors[name] = _("Choose the area.")
        return ""
    return code


@post(DECLARE_PAGE, status_code=200, sync_to_thread=True)
def declare_operation(request: AnyRequest, viewer: Asking) -> Response[Any] | Redirect:
    """Declare an operation."""
    _require_declaring(viewer)
    entered = typed_again(viewer)
    asked = _Asked(request, viewer, entered, "declare")
    entry = _entry(viewer, entered)

    def do() -> str:
        assert entry is not None
        seen = _cameras_seen(viewer)
        done = declare(viewer.whole, viewer.actor(), [entry], cameras_seen=seen)
        return f"{OPERATIONS}?done={done.act.act_id}"

    return asked.done(do)


def _require_declaring(viewer: Viewer) -> None:
    if not viewer.may_post_in_an_area(DECLARE):
        viewer.require_post(DECLARE, viewer.state)


def _entry(viewer: Viewer, entered: Entered) -> OperationEntry | None:
    """Return what the form declares; what is wrong with it goes into the form."""
    missing = _("Name the operation, e.g. D-2026-017.")
    name = text_in(viewer, entered, "operation", missing) or ""
    mba = _area_in(viewer, entered, "mba")
    begin, end = (instant_in(viewer, entered, one) for one in ("begin", "end"))
    if begin is not None and end is not None and not begin < end:
        entered.errors["end"] = _("Give an end after the beginning.")
    devices = split_list(viewer.field("sensors").replace("\n", "|").replace(",", "|"))
    if not devices:
        entered.errors["sensors"] = _("Name the cameras and seals that should see it.")
    counts = {one: _count(viewer, entered, one) for one in _COUNTS}
    if entered.refused or begin is None or end is None:
        return None
    seconds = counts["min_visible_s"]
    return OperationEntry(
        *(name, mba, begin, end, tuple(devices)),
        type=text_in(viewer, entered, "type"),
        items=tuple(split_list(viewer.field("items").replace("\n", "|").replace(",", "|"))),
        events=counts["events"],
        min_visible_ms=None if seconds is None else seconds * 1000,
        process=text_in(viewer, entered, "process"),
        step=counts["step"],
    )


def _count(viewer: Viewer, entered: Entered, name: str) -> int | None:
    text = viewer.field(name)
    number = whole_number(text, 9) if text else None
    if text and not number:
        entered.errors[name] = _("Write a whole number above zero, or leave it out.")
    return number


@post(DECLARE_PAGE + "-file", status_code=200, sync_to_thread=True)
def declare_file(request: AnyRequest, viewer: Asking) -> Response[Any] | Redirect:
    """Declare the operations of a table (CSV): all of them, or none."""
    _require_declaring(viewer)
    entered = typed_again(viewer)
    asked = _Asked(request, viewer, entered, "file")
    mba = _area_in(viewer, entered, "file_mba")
    files = uploads(viewer, "table")
    if not files:
        entered.errors["table"] = _("Choose a file.")
    elif len(files[0][1]) > MAX_BYTES:
        entered.errors["table"] = _("The file is too large; split the table.")

    def do() -> str:
        seen = _cameras_seen(viewer)
        made = import_operations(*(viewer.whole, viewer.actor(), mba, *files[0]), cameras_seen=seen)
        if made.act is None:
            return f"{OPERATIONS}?unchanged={made.unchanged}"
        return f"{OPERATIONS}?done={made.act.act_id}"

    return asked.done(do)


@post("/surveillance/withdraw-operation", status_code=200, sync_to_thread=True)
def withdraw_operation(request: AnyRequest, viewer: Asking) -> Response[Any] | Redirect:
    """Withdraw a declared operation: it stays in the record and explains nothing any more."""
    _require(viewer)
    one = _require_operation(viewer, viewer.field("operation"))
    viewer.require_post(DECLARE, viewer.area(one.values["mba"]).scope)
    entered = typed_again(viewer)
    reason = text_in(viewer, entered, "reason", _("Give the reason; it stands in the record."))
    here = operation_address(one.name)
    joint = "&" if "?" in here else "?"

    def do() -> str:
        done = withdraw(viewer.whole, viewer.actor(), one.name, reason or "")
        return f"{here}{joint}done={done.act.act_id}"

    return sent_once(viewer, entered, here, do, lambda typed: _show(request, viewer, one, typed))
