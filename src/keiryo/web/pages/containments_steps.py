"""What is recorded of a containment, each with a form: ways, what goes in and out, what watches.

Nothing is ever taken away: a way that is closed, and a camera that stopped, are stated anew with
their beginning and with the end. What went in or out lies in the past.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from keiryo.containment.recording import (
    ADD,
    HOLD,
    PATH,
    RELEASE,
    WATCH,
    add_containment,
    add_path,
    hold,
    release,
    watch,
)
from keiryo.containment.register import Containment
from keiryo.containment.tables import (
    CONTAINMENT,
    CONTAINMENT_CONTENT,
    CONTAINMENT_INSPECTION,
    CONTAINMENT_PATH,
    CONTAINMENT_WATCH,
    KINDS,
)
from keiryo.containment.values import MECHANISMS
from keiryo.errors import NotFoundError
from keiryo.journal.model import Posted
from keiryo.web.pages.boards import Entered, first_shown
from keiryo.web.pages.containments_known import (
    HOME,
    READING,
    known,
    require_containment,
    ways_now,
)
from keiryo.web.pages.equipment_items import moment_context
from keiryo.web.pages.seals_asked import AskedForm, acts_with, asked_form
from keiryo.web.pages.seals_fields import Field, Kind, Options, read, shown
from keiryo.web.pages.seals_known import containment_address
from keiryo.web.pages.seals_words import KIND_WORDS
from keiryo.web.rendering import render
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import instant_text
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

STEP = HOME + "/{mba:str}/{containment:str}/record/{what:str}"
MECHANISM_WORDS: Mapping[str, str] = {
    "optical-camera": sentence("camera"),
    "laser": sentence("laser"),
    "radiation": sentence("radiation"),
}
"""How devices work that watch a way; seals say themselves which ways they close."""

NOTE = Field("note", Kind.LINE, sentence("Note"))
DEPENDS_ON = Field(
    "depends_on",
    Kind.LINES,
    sentence("Depends on"),
    sentence("Power feeds, links, mountings, clocks, one a line."),
)
DESCRIPTION = (
    Field(
        "kind",
        Kind.CHOICE,
        sentence("Kind"),
        missing=sentence("Choose the kind."),
        choices={name: KIND_WORDS[name] for name in KINDS},
    ),
    Field("kmp", Kind.LINE, sentence("Key measurement point")),
    Field("location", Kind.LINE, sentence("Where it is")),
    NOTE,
)


@dataclass(frozen=True, slots=True)
class Step:
    """The form of something that is recorded of a containment.

    Attributes
    ----------
    act : str
        Kind of the act.
    title, submit : str
    fields : tuple of Field
    at : str
        How the moment is called; empty if none is asked for.
    needs : str
        What must be there: an open way, an item inside or a camera that watches; else empty.
    """

    act: str
    title: str
    submit: str
    fields: tuple[Field, ...]
    at: str = ""
    needs: str = ""


_WHICH_WAY = Field("way", Kind.CHOICE, sentence("Way"), missing=sentence("Choose the way."))
STEPS: Mapping[str, Step] = {
    "way": Step(
        PATH,
        sentence("Record a way into it"),
        sentence("Record the way"),
        (
            Field(
                "path",
                Kind.LINE,
                sentence("Name of the way"),
                sentence("E.g. lid, door or hatch."),
                missing=sentence("Name the way."),
            ),
            NOTE,
        ),
        at=sentence("From when"),
    ),
    "way-closed": Step(
        PATH,
        sentence("Record that a way is closed for good"),
        sentence("Record the end"),
        (_WHICH_WAY, NOTE),
        at=sentence("From when it is no way any more"),
        needs="way",
    ),
    "in": Step(
        HOLD,
        sentence("Record what went in"),
        sentence("Record what went in"),
        (
            Field(
                "items",
                Kind.LINES,
                sentence("Batches or items"),
                sentence("Names in the area, or identities, one a line; all of them, or none."),
                missing=sentence("Name what went in."),
            ),
            NOTE,
        ),
        at=sentence("When it went in"),
    ),
    "out": Step(
        RELEASE,
        sentence("Record what left"),
        sentence("Record what left"),
        (
            Field("items", Kind.TICKS, sentence("What left")),
            Field("everything", Kind.TICK, sentence("Everything that was in it")),
            NOTE,
        ),
        at=sentence("When it left"),
        needs="item",
    ),
    "watch": Step(
        WATCH,
        sentence("Record that a camera watches a way"),
        sentence("Record the camera"),
        (
            _WHICH_WAY,
            Field(
                "device",
                Kind.LINE,
                sentence("Camera"),
                sentence("Its name, e.g. CAM-01."),
                missing=sentence("Name the camera."),
            ),
            Field(
                "mechanism",
                Kind.CHOICE,
                sentence("How it works"),
                missing=sentence("Choose how it works."),
                choices={
                    name: word for name, word in MECHANISM_WORDS.items() if name in MECHANISMS
                },
            ),
            DEPENDS_ON,
            Field("function", Kind.LINE, sentence("Which operator statement it can confirm")),
            NOTE,
        ),
        at=sentence("From when"),
        needs="way",
    ),
    "watch-ended": Step(
        WATCH,
        sentence("Record that a camera watches a way no more"),
        sentence("Record the end"),
        (
            Field(
                "watch",
                Kind.CHOICE,
                sentence("Camera and way"),
                missing=sentence("Choose camera and way."),
            ),
            NOTE,
        ),
        at=sentence("From when it no longer watches"),
        needs="watch",
    ),
    "description": Step(
        ADD, sentence("Describe it anew"), sentence("Record the description"), DESCRIPTION
    ),
}
PLACES: Mapping[str, str] = {
    "CONTAINMENT-NAME": "path",
    "CONTAINMENT-KIND": "kind",
    "CONTAINMENT-BATCH": "items",
    "CONTAINMENT-BATCH-AREA": "items",
    "CONTAINMENT-NOT-HELD": "items",
    "CONTAINMENT-FUTURE": "at",
    "CONTAINMENT-INTERVAL": "at",
    "CONTAINMENT-TIME": "at",
    "CONTAINMENT-OVERLAP": "at",
    "CONTAINMENT-PATH": "way",
    "CONTAINMENT-DEVICE": "device",
    "CONTAINMENT-MECHANISM": "mechanism",
}
"""At which field a finding is shown."""


def step_address(name: str, what: str) -> str:
    """Return the form of something that is recorded of a containment."""
    return f"{containment_address(name)}/record/{what}"


def steps_offered(viewer: Viewer, one: Containment) -> list[dict[str, str]]:
    """Return what the viewer may record of a containment, as far as there is anything to record."""
    scope, there = viewer.area(one.mba).scope, _there(viewer, one)
    return [
        {"title": _(step.title), "href": step_address(f"{one.mba}/{one.name}", what)}
        for what, step in STEPS.items()
        if viewer.may_post(step.act, scope) and (not step.needs or there[step.needs])
    ]


def _there(viewer: Viewer, one: Containment) -> dict[str, bool]:
    now = viewer.server.now()
    return {
        "way": bool(ways_now(one, now)),
        "item": bool(known(viewer).inside(f"{one.mba}/{one.name}", now)),
        "watch": any(each.time.holds(now) for each in one.watches),
    }


def _options(viewer: Viewer, one: Containment) -> Options:
    """Return what can be chosen: ways, cameras that watch, items; those that are there now."""
    now = viewer.server.now()
    inside = [item.batch_uid for item in known(viewer).inside(f"{one.mba}/{one.name}", now)]
    return {
        "way": [
            (way.path, _("%(way)s, since %(at)s", way=way.path, at=instant_text(way.time.begin)))
            for way in ways_now(one, now)
        ],
        "watch": [
            (f"{each.device} | {each.path}", f"{each.device}, {each.path}")
            for each in one.watches
            if each.time.holds(now)
        ],
        "items": [(uid, uid) for uid in inside],
    }


def _require_step(viewer: Viewer, one: Containment, what: str) -> Step:
    step = STEPS.get(what)
    if step is None:
        raise NotFoundError(_("there is no such form"))
    viewer.require_post(step.act, viewer.area(one.mba).scope)
    return step


@get(STEP, sync_to_thread=True, opt=READING)
def containment_step_page(
    request: AnyRequest,
    viewer: Asking,
    mba: FromPath[str],
    containment: FromPath[str],
    what: FromPath[str],
) -> Response[Any]:
    """Show the form in which something is recorded of a containment."""
    one = require_containment(viewer, mba, containment)
    _require_step(viewer, one, what)
    here = step_address(f"{mba}/{containment}", what)
    return _show(request, viewer, one, what, first_shown(viewer, here))


def _show(
    request: AnyRequest, viewer: Viewer, one: Containment, what: str, entered: Entered
) -> Response[Any]:
    step, name = STEPS[what], f"{one.mba}/{one.name}"
    ticked = [] if viewer.form is None else [str(v) for v in viewer.form.getall("step_items", [])]
    before: dict[str, Any] = {}
    if what == "description":
        before = {f: getattr(one, f) for f in ("kind", "kmp", "location", "note")}
    back, title = containment_address(name), _(step.title)
    return render(
        request,
        "containments/step.html",
        http_status=entered.status,
        name=name,
        title=title,
        submit=_(step.submit),
        at_label=_(step.at) if step.at else "",
        fields=shown(
            *(step.fields, "step", entered),
            sent=viewer.form is not None,
            before=before,
            options=_options(viewer, one),
            ticked={"items": ticked},
        ),
        anew=what == "description",
        **moment_context(viewer),
        entered=entered,
        here=step_address(name, what),
        back=back,
        crumbs=[(_("Containments"), HOME), (name, back), (title, None)],
    )


@post(STEP, status_code=200, sync_to_thread=True, opt=READING)
def record_containment_step(
    request: AnyRequest,
    viewer: Asking,
    mba: FromPath[str],
    containment: FromPath[str],
    what: FromPath[str],
) -> Response[Any] | Redirect:
    """Record something of a containment."""
    one = require_containment(viewer, mba, containment)
    step, name = _require_step(viewer, one, what), f"{mba}/{containment}"

    def show(entered: Entered, _which: str) -> Response[Any]:
        return _show(request, viewer, one, what, entered)

    named = {field.name for field in step.fields} | {"at"}
    asked = asked_form(
        *(request, viewer, "step", step_address(name, what), show),
        lambda head: acts_about(viewer, mba, containment, head),
        then=containment_address(name),
        places={code: place for code, place in PLACES.items() if place in named},
    )
    at = asked.moment() if step.at else viewer.server.now()
    told = read(asked, step.fields, _all_options(viewer, one))
    if what == "out" and bool(told["items"]) == told["everything"]:
        asked.wrong("items", _("Tick what left, or that everything did."))
    return asked.done(_doing(asked, one, what, at, told))


def acts_about(viewer: Viewer, mba: str, name: str, head: int) -> list[int]:
    """Return the acts about a containment that were posted after one."""
    named = acts_with(viewer, [CONTAINMENT], head, mba=mba, name=name)
    kinds = (CONTAINMENT_PATH, CONTAINMENT_CONTENT, CONTAINMENT_WATCH, CONTAINMENT_INSPECTION)
    return sorted({*named, *acts_with(viewer, kinds, head, mba=mba, containment=name)})


def _all_options(viewer: Viewer, one: Containment) -> Options:
    """Return what a form that was sent may name: also what is there no more since.

    A form that is sent twice was answered already; what no longer holds is refused where it is
    recorded.
    """
    found = {name: list(some) for name, some in _options(viewer, one).items()}
    held = known(viewer).held.get(f"{one.mba}/{one.name}", [])
    found["way"] += [(way.path, way.path) for way in one.ways]
    found["watch"] += [(f"{each.device} | {each.path}", each.device) for each in one.watches]
    found["items"] += [(item.batch_uid, item.batch_uid) for item in held]
    return found


def _doing(
    asked: AskedForm, one: Containment, what: str, at: datetime, told: Mapping[str, Any]
) -> Callable[[], Posted]:
    """Return what records what a form states."""
    database, actor = asked.viewer.whole, asked.viewer.actor()
    place, note = (database, actor, one.mba, one.name), told.get("note")

    def do() -> Posted:
        if what == "way":
            return add_path(*place, told["path"], at, note=note)
        if what == "way-closed":
            every = [each for each in one.ways if each.path == told["way"]]
            way = max(every, key=lambda each: each.time.begin)
            kept = note or way.note
            return add_path(*place, way.path, way.time.begin, end=at, note=kept)
        if what == "in":
            return hold(*place, told["items"], at, note=note)
        if what == "out":
            return release(*place, told["items"], at, note=note)
        if what == "watch":
            device = told["device"] if ":" in told["device"] else f"camera:{told['device']}"
            more = {n: told[n] for n in ("mechanism", "depends_on", "function")}
            return watch(*place, told["way"], device, at, note=note, **more)
        if what == "watch-ended":
            return _ended(asked, one, told, at)
        more = {name: told[name] for name in ("kmp", "location", "note")}
        return add_containment(*place, told["kind"], **more)

    return do


def _ended(asked: AskedForm, one: Containment, told: Mapping[str, Any], at: datetime) -> Posted:
    """Record that a camera watches a way no more: what was stated of it, with the end."""
    device, _bar, path = told["watch"].partition(" | ")
    every = [each for each in one.watches if (each.device, each.path) == (device, path)]
    last = max(every, key=lambda each: each.time.begin)
    return watch(
        *(asked.viewer.whole, asked.viewer.actor(), one.mba, one.name, path, device),
        last.time.begin,
        mechanism=last.mechanism,
        depends_on=sorted(last.depends_on),
        end=at,
        function=last.function,
        note=told["note"] or last.note,
    )
