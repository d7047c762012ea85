"""Taking in the images of a camera from its page: an archive, a video or an image, as a job.

What was sent lies beside the jobs until its job has run; the job unpacks it into a folder of its
own and takes it in as one act, or not at all. Where that is refused, what was typed is kept.
"""

from __future__ import annotations

import hashlib
import secrets
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath
from litestar.response import Redirect

from keiryo.containment.instants import instant, shown
from keiryo.errors import KeiryoError
from keiryo.surveillance.cameras import Camera
from keiryo.surveillance.ingest import INGEST, MEDIA, Delivery, ingest
from keiryo.web.jobs import Jobs, Tell
from keiryo.web.once import Answer, once
from keiryo.web.pages.boards import Entered, explain_error, first_shown, own_conflict, typed_again
from keiryo.web.pages.cameras_asked import ONE, TAKE_IN, crumbs_of, form_address, seconds_in
from keiryo.web.pages.cameras_known import READING, camera_address, instant_in, require_camera
from keiryo.web.pages.cameras_unpacking import (
    BLOCK,
    bounds_of,
    kind_of,
    problems_of,
    taken_of,
    unpack,
)
from keiryo.web.pages.cameras_words import MEDIUM_WORDS
from keiryo.web.pages.evaluation_asked import plain_finding
from keiryo.web.pages.meetings_asked import text_in
from keiryo.web.pages.reports_kept import safe_name
from keiryo.web.rendering import render
from keiryo.web.saved_forms import forget_fields, save_fields
from keiryo.web.sections import JobKind
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

JOB = "surveillance.ingest"
TITLE = sentence("Taking in images")
MOST_LISTS = 5
MOST_INTERVAL_S = 10**9
MOST_SET_NAME = 120


@dataclass(frozen=True, slots=True)
class Sent:
    """A file that was sent.

    Attributes
    ----------
    name : str
        Safe to show and to record.
    file : file
    """

    name: str
    file: IO[bytes]

    def digest(self) -> str:
        """Return the SHA-256 of its content."""
        self.file.seek(0)
        found = hashlib.sha256()
        while block := self.file.read(BLOCK):
            found.update(block)
        return found.hexdigest()

    def put(self, path: Path) -> None:
        """Write it to a place."""
        self.file.seek(0)
        with path.open("xb") as target:
            shutil.copyfileobj(self.file, target, BLOCK)


@get(f"{ONE}/{TAKE_IN}", sync_to_thread=True, opt=READING)
def take_in_page(request: AnyRequest, viewer: Asking, name: FromPath[str]) -> Response[Any]:
    """Show the form in which images are sent."""
    one = require_camera(viewer, name).camera
    viewer.require_post(INGEST, one.scope)
    return _show(request, viewer, one, first_shown(viewer, form_address(name, TAKE_IN)))


@post(f"{ONE}/{TAKE_IN}", status_code=200, sync_to_thread=True, opt=READING)
def take_in(request: AnyRequest, viewer: Asking, name: FromPath[str]) -> Response[Any] | Redirect:
    """Keep what was sent and start the job that takes it in."""
    one = require_camera(viewer, name).camera
    viewer.require_post(INGEST, one.scope)
    entered, here = typed_again(viewer), form_address(name, TAKE_IN)
    sent, lists = _sent(viewer, "images"), _sent(viewer, "lists")
    _look_over(viewer, entered, sent, lists)
    asked = _delivery(viewer, entered)
    if entered.refused:
        return _show(request, viewer, one, entered)
    jobs: Jobs = request.app.state.jobs

    def do() -> Answer:
        kept = _kept(jobs, [*sent, *lists])
        told = {"camera": name, "files": kept, "upload_mb": viewer.server.settings.upload_mb}
        # Until the images are in the record: a refusal by the job costs nothing that was typed.
        save_fields(viewer.whole, viewer.person.person, here, typed, viewer.server.now())
        try:
            number = jobs.start(viewer, JOB, TITLE, {**asked, **told})
        except BaseException:
            _let_go(kept)
            raise
        return Answer(303, f"/jobs/{number}")

    digests = repr([(one_file.name, one_file.digest()) for one_file in (*sent, *lists)])
    typed = {n: v for n, v in entered.fields.items() if not n.startswith("_")}
    try:
        answer = once(viewer, viewer.field("_form_id"), {**typed, "": here, "files": digests}, do)
    except KeiryoError as error:
        if own_conflict(error):
            raise
        return _show(request, viewer, one, explain_error(entered, error))
    return Redirect(answer.location or here, status_code=303)


def _sent(viewer: Viewer, field: str) -> list[Sent]:
    """Return the files that were sent in a field, under names that are safe and differ."""
    every = [] if viewer.form is None else viewer.form.getall(field, [])
    names: list[str] = []
    found = []
    for one in every:
        if isinstance(one, UploadFile) and one.filename:
            names.append(safe_name(one.filename, names))
            found.append(Sent(names[-1], one.file))
    return found


def _look_over(viewer: Viewer, entered: Entered, sent: list[Sent], lists: list[Sent]) -> None:
    """Say what is wrong with the files before anything is kept."""
    if len(sent) != 1:
        entered.errors["images"] = _("Choose one file: an archive, a video or an image.")
    elif (kind := kind_of(sent[0].name, sent[0].file)) is None:
        entered.errors["images"] = _(
            "%(name)s is no ZIP file, image or video that is taken here.", name=sent[0].name
        )
    elif kind == "archive":
        bounds = bounds_of(viewer.server.settings.upload_mb)
        if wrong := problems_of(sent[0].file, bounds):
            entered.errors["images"] = _(
                "%(name)s cannot be unpacked: %(problems)s.",
                name=sent[0].name,
                problems="; ".join(wrong),
            )
    if len(lists) > MOST_LISTS:
        entered.errors["lists"] = _("Send %(most)s files at most.", most=MOST_LISTS)


def _delivery(viewer: Viewer, entered: Entered) -> dict[str, Any]:
    """Return how the images came in, as plain data; what is wrong goes into the form."""
    set_name = text_in(viewer, entered, "set_name")
    if set_name is not None and (len(set_name) > MOST_SET_NAME or "|" in set_name):
        entered.errors["set_name"] = _("Give a name of up to 120 characters, without |.")
    medium = viewer.field("medium")
    if medium not in MEDIA:
        entered.errors["medium"] = _("Choose how they came.")
    start = instant_in(viewer, entered, "start", required=False)
    interval = seconds_in(viewer, entered, "interval_s")
    if interval is not None and not 0 < interval < MOST_INTERVAL_S:
        entered.errors["interval_s"] = _("Give seconds above zero, e.g. 600.")
    custody = viewer.field("custody").replace("\n", " | ")
    return {
        "set_name": set_name,
        "medium": medium,
        "custody": custody or None,
        "start": None if start is None else shown(start),
        "interval_s": None if interval is None else float(interval),
    }


def _kept(jobs: Jobs, files: list[Sent]) -> list[dict[str, str]]:
    """Keep files beside the jobs, and return where; all of them, or none."""
    made: list[dict[str, str]] = []
    try:
        for one in files:
            path = Path(jobs.folder) / f"take-in-{secrets.token_hex(12)}"
            made.append({"name": one.name, "path": str(path)})
            one.put(path)
    except BaseException:
        _let_go(made)
        raise
    return made


def _let_go(kept: list[dict[str, str]]) -> None:
    for one in kept:
        with suppress(OSError):
            Path(one["path"]).unlink()


def _show(request: AnyRequest, viewer: Viewer, one: Camera, entered: Entered) -> Response[Any]:
    title, mb = _("Take in images"), viewer.server.settings.upload_mb
    return render(
        request,
        "cameras/take_in.html",
        http_status=entered.status,
        title=title,
        camera=one.name,
        zone=one.zone,
        media=[(medium, _(MEDIUM_WORDS[medium])) for medium in MEDIA],
        most_mb=mb,
        unpacked_mb=bounds_of(mb).all_bytes >> 20,
        entered=entered,
        here=form_address(one.name, TAKE_IN),
        back=camera_address(one.name),
        crumbs=crumbs_of(one.name, title),
    )


# --- the job ---------------------------------------------------------------------------------


def run_taking_in(viewer: Viewer, parameters: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Take in what was sent, as one act or not at all; its files are gone afterwards."""
    name, kept = str(parameters["camera"]), list(parameters["files"])
    folder = None
    try:
        standing = require_camera(viewer, name)
        viewer.require_post(INGEST, standing.camera.scope)
        # Beside the folder of the jobs, where only files lie that are swept away.
        folder = Path(tempfile.mkdtemp(prefix="taking-in-", dir=Path(kept[0]["path"]).parents[1]))
        path, manifest = _laid_out(folder, kept, int(parameters["upload_mb"]), tell)
        start = parameters["start"]
        delivery = Delivery(
            parameters["set_name"],
            str(parameters["medium"]),
            parameters["custody"],
            manifest,
            None if start is None else instant(str(start)),
            parameters["interval_s"],
        )
        done = ingest(viewer.whole, viewer.actor(), name, path, delivery, progress=tell)
    finally:
        _let_go(kept)
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
    forget_fields(viewer, form_address(name, TAKE_IN))
    return {
        **done.to_dict(),
        "camera": name,
        "findings": [plain_finding(one) for one in done.findings],
        "href": f"{camera_address(name)}#sets",
        "template": "cameras/taken_in_job.html",
    }


def _laid_out(
    folder: Path, kept: list[dict[str, str]], upload_mb: int, tell: Tell
) -> tuple[Path, Path | None]:
    """Lay out what was sent in a folder; return what is taken in, and the list that came along."""
    lists = folder / "lists"
    for each in (lists, folder / "sent"):
        each.mkdir()
    for one in kept[1:]:
        shutil.move(one["path"], lists / one["name"])
    names = [one["name"] for one in kept[1:]]
    # The list is the one whose name the others begin with: its chain and signatures lie beside it.
    manifest = min(names, key=len, default=None)
    place = Path(kept[0]["path"])
    with place.open("rb") as content:
        kind = kind_of(kept[0]["name"], content)
    if kind == "archive":
        path = folder / "sent" / (Path(kept[0]["name"]).stem or "images")
        path.mkdir()
        unpack(place, path, bounds_of(upload_mb), tell)
        path = taken_of(path)
    else:
        path = folder / "sent" / kept[0]["name"]
        shutil.move(place, path)
    return path, None if manifest is None else lists / manifest


INGEST_JOB = JobKind(JOB, run_taking_in)
"""Taking in as the server knows it."""
