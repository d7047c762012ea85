"""How long images stay: holds on them, and the removal of those whose time of retention is over.

What would go is listed before it goes, with why the rest stays. What is removed is what was listed:
if that changed meanwhile, nothing goes, and the list is shown anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Stream

from keiryo.coverage.kept_images import unresolved_times
from keiryo.errors import UsageError
from keiryo.surveillance.cameras import Camera
from keiryo.surveillance.holds import HOLD, Hold, hold, holds, release_hold
from keiryo.surveillance.retention import (
    ANOMALY,
    HELD,
    NAMED,
    NO_PERIOD,
    NOT_REVIEWED,
    REMOVE,
    TOO_EARLY,
    Retention,
    apply_retention,
    retention,
)
from keiryo.surveillance.tables import IMAGE_HOLD
from keiryo.web.confirming import ask_again
from keiryo.web.jobs import Tell
from keiryo.web.listing import ListColumn, RowList, shown_list
from keiryo.web.pages.boards import Entered, first_shown, typed_again
from keiryo.web.pages.cameras_asked import KEEPING, ONE, crumbs_of, form_address, placed
from keiryo.web.pages.cameras_known import READING, camera_address, instant_in, require_camera
from keiryo.web.pages.meetings_asked import done_act, sent_once, text_in
from keiryo.web.pages.seals_asked import acts_with
from keiryo.web.rendering import render
from keiryo.web.sections import JobKind
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import instant_text
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

JOB = "surveillance.remove"
TITLE = sentence("Removal of images")
KEPT_WORDS: Mapping[str, str] = {
    NO_PERIOD: sentence("The camera has no time of retention: its images are kept for good."),
    NOT_REVIEWED: sentence("No review has concluded about their time."),
    TOO_EARLY: sentence("Their time of retention is not over."),
    HELD: sentence("They are held."),
    NAMED: sentence("A conclusion, a mark, a case file or another record names them."),
    ANOMALY: sentence("They are an anomaly, or lie in the time of one."),
}
HOLD_FIELDS: Mapping[str, str] = {
    "HOLD-PERIOD": "hold_to",
    "HOLD-EMPTY": "hold",
    "HOLD-CAMERA": "hold",
}
RELEASE_FIELDS: Mapping[str, str] = {"HOLD-EMPTY": "why"}
STATE_WORDS: Mapping[str, tuple[str, str]] = {
    "held": ("warning", sentence("held")),
    "released": ("plain", sentence("released")),
}
REMOVABLE_COLUMNS = (
    ListColumn("name", sentence("File")),
    ListColumn("images", sentence("Images"), "number"),
    ListColumn("first_at", sentence("From"), "time"),
    ListColumn("last_at", sentence("Until"), "time"),
    ListColumn("rule", sentence("Rule of retention")),
    ListColumn("digest", sentence("SHA-256"), "code", hidden=True),
)


@get(f"{ONE}/{KEEPING}", sync_to_thread=True, opt=READING)
def keeping_page(
    request: AnyRequest, viewer: Asking, name: FromPath[str]
) -> Response[Any] | Stream:
    """Show the holds on images of a camera, what may be removed, and why the rest stays."""
    one = require_camera(viewer, name).camera
    return _show(request, viewer, one, first_shown(viewer, form_address(name, KEEPING)))


def _show(
    request: AnyRequest, viewer: Viewer, one: Camera, entered: Entered, which: str = ""
) -> Response[Any] | Stream:
    found = _found(viewer, one)
    rows = [file.to_dict() for file in found.removable]
    table = shown_list(request, RowList(rows, REMOVABLE_COLUMNS), f"removable-{one.name}")
    if isinstance(table, Response | Stream):
        return table
    every = _holds(viewer, one)
    title = _("Holds and removal of images")
    return render(
        request,
        "cameras/keeping.html",
        http_status=entered.status,
        title=title,
        camera=one.name,
        days=one.retention_days,
        holds=[_hold_row(each) for each in every],
        standing=[(each.name, each.name) for each in every if each.stands],
        listed=table,
        removable=len(rows),
        seen=_digest(found),
        kept=[
            {"why": _(KEPT_WORDS[reason]), "files": count}
            for reason, count in sorted(found.kept.items(), key=lambda pair: -pair[1])
        ],
        may_hold=viewer.may_post(HOLD, one.scope),
        may_remove=viewer.may_post(REMOVE, one.scope),
        entered=entered,
        which=which,
        done=done_act(request),
        here=form_address(one.name, KEEPING),
        crumbs=crumbs_of(one.name, title),
    )


def _again(
    request: AnyRequest, viewer: Viewer, one: Camera, entered: Entered, which: str
) -> Response[Any]:
    answer = _show(request, viewer, one, entered, which)
    assert not isinstance(answer, Stream)
    return answer


# --- holds -----------------------------------------------------------------------------------


def _holds(viewer: Viewer, one: Camera) -> list[Hold]:
    with viewer.books.reading() as connection:
        return holds(connection, viewer.metadata, camera=one.name)


def _name_taken(viewer: Viewer, one: Camera, name: str) -> str:
    """Return why a hold cannot have a name; of cameras that are not seen nothing is said."""
    with viewer.whole.reading() as connection:
        found = next((h for h in holds(connection, viewer.metadata) if h.name == name), None)
    if found is None or (found.camera == one.name and not found.stands):
        return ""
    if found.camera == one.name:
        return _("A hold of this name stands; release it first, or give another name.")
    return _("This name is taken already.")


def _hold_row(one: Hold) -> dict[str, Any]:
    badge, text = STATE_WORDS[one.state]
    return {
        "name": one.name,
        "begin": instant_text(one.begin_at),
        "end": instant_text(one.end_at),
        "reason": one.reason,
        "state": {"badge": badge, "text": _(text)},
        "act": int(one.line.removeprefix("line:").partition("/")[0]),
    }


@post(f"{ONE}/holds", status_code=200, sync_to_thread=True, opt=READING)
def place_hold(
    request: AnyRequest, viewer: Asking, name: FromPath[str]
) -> Response[Any] | Redirect:
    """Record that images of a period must be kept, whatever their time of retention."""
    one = require_camera(viewer, name).camera
    viewer.require_post(HOLD, one.scope)
    entered, here = typed_again(viewer), form_address(name, KEEPING)
    hold_name = text_in(viewer, entered, "hold", _("Give the hold a name.")) or ""
    begin, end = (instant_in(viewer, entered, field) for field in ("hold_from", "hold_to"))
    if begin is not None and end is not None and end < begin:
        entered.errors["hold_to"] = _("Give an end after the beginning.")
    reason = text_in(viewer, entered, "reason", _("Say why the images are kept.")) or ""
    if wrong := _name_taken(viewer, one, hold_name.strip()):
        entered.errors["hold"] = wrong

    def do() -> str:
        assert begin is not None and end is not None
        done = hold(viewer.whole, viewer.actor(), hold_name, name, begin, end, reason)
        return f"{here}?done={done.act.act_id}"

    return sent_once(
        *(viewer, entered, here, do),
        lambda typed: _again(request, viewer, one, placed(typed, HOLD_FIELDS), "hold"),
    )


@post(f"{ONE}/release-hold", status_code=200, sync_to_thread=True, opt=READING)
def release(request: AnyRequest, viewer: Asking, name: FromPath[str]) -> Response[Any] | Redirect:
    """Record that images need be held no longer."""
    one = require_camera(viewer, name).camera
    viewer.require_post(HOLD, one.scope)
    entered, here = typed_again(viewer), form_address(name, KEEPING)
    chosen = viewer.field("release")
    if not any(each.name == chosen and each.stands for each in _holds(viewer, one)):
        entered.errors["release"] = _("Choose a hold that stands.")
    why = text_in(viewer, entered, "why", _("Say why the images need be held no longer.")) or ""

    def do() -> str:
        done = release_hold(viewer.whole, viewer.actor(), chosen, why)
        return f"{here}?done={done.act.act_id}"

    return sent_once(
        *(viewer, entered, here, do),
        lambda typed: _again(request, viewer, one, placed(typed, RELEASE_FIELDS), "release"),
        lambda head: acts_with(viewer, (IMAGE_HOLD,), head, hold=chosen),
    )


# --- removal ---------------------------------------------------------------------------------


def _found(viewer: Viewer, one: Camera) -> Retention:
    """Return what may be removed of a camera now, and why the rest is kept."""
    with viewer.whole.reading() as connection:
        return retention(
            *(connection, viewer.metadata, viewer.server.now()),
            camera=one.name,
            contested=unresolved_times,
        )


def _digest(found: Retention) -> str:
    every = "\n".join(sorted(file.digest for file in found.removable))
    return hashlib.sha256(every.encode()).hexdigest()


@post(f"{ONE}/remove-images", status_code=200, sync_to_thread=True, opt=READING)
def remove_images(
    request: AnyRequest, viewer: Asking, name: FromPath[str]
) -> Response[Any] | Redirect:
    """Start the job that removes what was listed; who asks for it proves who they are."""
    one = require_camera(viewer, name).camera
    viewer.require_post(REMOVE, one.scope)
    words = _("You are about to remove images of %(camera)s for good.", camera=name)
    asked = ask_again(request, viewer, words)
    if asked is not None:
        return asked
    entered, here = typed_again(viewer), form_address(name, KEEPING)
    found, seen = _found(viewer, one), viewer.field("seen")
    if not found.removable:
        entered.errors[""] = _("Nothing may be removed.")
    elif _digest(found) != seen:
        entered.errors[""] = _(
            "What may be removed changed since the list was shown. Look at it again; nothing was "
            "removed."
        )
    if viewer.field("looked") != "yes":
        entered.errors["looked"] = _("Look at the list, and say so.")

    def do() -> str:
        jobs = request.app.state.jobs
        return f"/jobs/{jobs.start(viewer, JOB, TITLE, {'camera': name, 'seen': seen})}"

    return sent_once(
        *(viewer, entered, here, do),
        lambda typed: _again(request, viewer, one, typed, "remove"),
    )


def run_removal(viewer: Viewer, parameters: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Remove the images that were listed; what the record says of them stays."""
    name = str(parameters["camera"])
    one = require_camera(viewer, name).camera
    viewer.require_post(REMOVE, one.scope)
    tell(0, 1, "")
    if _digest(_found(viewer, one)) != parameters["seen"]:
        raise UsageError(
            "what may be removed changed since the list was shown",
            "Look at the list again; nothing was removed.",
        )
    done = apply_retention(
        *(viewer.whole, viewer.actor()),
        camera=name,
        contested=unresolved_times,
        progress=tell,
        clock=viewer.server.now,
    )
    return {
        "camera": name,
        "act": None if done.act is None else done.act.act_id,
        "files": done.files,
        "removed": done.finished,
        "href": camera_address(name),
        "template": "cameras/removed_job.html",
    }


REMOVAL_JOB = JobKind(JOB, run_removal)
"""Removal as the server knows it."""
