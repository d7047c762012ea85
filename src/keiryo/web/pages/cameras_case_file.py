"""Making a case file of a camera and a period from its page, as a job whose file is fetched."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from keiryo.containment.instants import instant, shown
from keiryo.journal.reading import rows_of
from keiryo.surveillance.cameras import Camera
from keiryo.surveillance.case_file import MAKE, MAX_IMAGES, make_case_file
from keiryo.surveillance.tables import CASE_FILE
from keiryo.web.jobs import Jobs, Tell
from keiryo.web.pages.boards import Entered, first_shown, typed_again
from keiryo.web.pages.cameras_asked import CASE, ONE, crumbs_of, form_address
from keiryo.web.pages.cameras_known import (
    READING,
    Standing,
    camera_address,
    instant_in,
    moment,
    require_camera,
)
from keiryo.web.pages.meetings_asked import sent_once
from keiryo.web.rendering import render
from keiryo.web.sections import JobKind
from keiryo.web.speaking import gettext as _
from keiryo.web.speaking import instant_text
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

JOB = "surveillance.case_file"
TITLE = sentence("Case file")
MOST_LISTED = 50


@get(f"{ONE}/{CASE}", sync_to_thread=True, opt=READING)
def case_page(request: AnyRequest, viewer: Asking, name: FromPath[str]) -> Response[Any]:
    """Show the form in which a case file is asked for, and those that were made."""
    one = require_camera(viewer, name)
    viewer.require_post(MAKE, one.camera.scope)
    return _show(request, viewer, one, first_shown(viewer, form_address(name, CASE)))


@post(f"{ONE}/{CASE}", status_code=200, sync_to_thread=True, opt=READING)
def make_case(request: AnyRequest, viewer: Asking, name: FromPath[str]) -> Response[Any] | Redirect:
    """Start the job that writes a case file."""
    one = require_camera(viewer, name)
    viewer.require_post(MAKE, one.camera.scope)
    entered = typed_again(viewer)
    begin, end = (instant_in(viewer, entered, field) for field in ("begin", "end"))
    if begin is not None and end is not None and not begin < end:
        entered.errors["end"] = _("Give an end after the beginning.")

    def do() -> str:
        assert begin is not None and end is not None
        jobs: Jobs = request.app.state.jobs
        asked = {"camera": name, "from": shown(begin), "to": shown(end)}
        asked["folder"] = str(Path(jobs.folder).parent)
        return f"/jobs/{jobs.start(viewer, JOB, TITLE, asked)}"

    return sent_once(
        *(viewer, entered, form_address(name, CASE), do),
        lambda typed: _show(request, viewer, one, typed),
    )


def _show(request: AnyRequest, viewer: Viewer, one: Standing, entered: Entered) -> Response[Any]:
    camera: Camera = one.camera
    table = viewer.metadata.tables[CASE_FILE.name]
    with viewer.books.reading() as connection:
        rows = rows_of(connection, viewer.metadata, CASE_FILE.name, table.c.camera == camera.name)
    first, last = moment(one.first_at), moment(one.last_at)
    title = _("Make a case file")
    return render(
        request,
        "cameras/case_file.html",
        http_status=entered.status,
        title=title,
        camera=camera.name,
        made=[
            {
                "name": row["name"],
                "begin": instant_text(row["begin_at"]),
                "end": instant_text(row["end_at"]),
                "images": row["images"],
                "digest": row["digest"],
                "act": row["act_id"],
            }
            for row in rows[: -MOST_LISTED - 1 : -1]
        ],
        begin="" if first is None else shown(first),
        end="" if last is None else shown(last),
        most=MAX_IMAGES,
        entered=entered,
        here=form_address(camera.name, CASE),
        back=camera_address(camera.name),
        crumbs=crumbs_of(camera.name, title),
    )


def run_case_file(viewer: Viewer, parameters: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Write a case file and record that it was made."""
    name = str(parameters["camera"])
    one = require_camera(viewer, name).camera
    viewer.require_post(MAKE, one.scope)
    begin, end = (instant(str(parameters[key])) for key in ("from", "to"))
    told = f"case-{name}-{begin:%Y%m%dT%H%M%SZ}-{end:%Y%m%dT%H%M%SZ}.zip"
    folder = Path(tempfile.mkdtemp(prefix="case-file-", dir=parameters["folder"]))
    try:
        made = make_case_file(
            *(viewer.whole, viewer.actor(), name, begin, end, folder / told), progress=tell
        )
        handed = folder.with_suffix(".zip")
        made.path.replace(handed)
    finally:
        (folder / told).unlink(missing_ok=True)
        folder.rmdir()
    assert made.act is not None
    return {
        "camera": name,
        "name": told,
        "sha256": made.digest,
        "images": made.images,
        "missing": made.missing,
        "lines": made.lines,
        "act": made.act.act_id,
        "checkpoint": made.checkpoint.act_id,
        "file": str(handed),
        "file_name": told,
        "template": "cameras/case_job.html",
    }


CASE_JOB = JobKind(JOB, run_case_file)
"""Making a case file as the server knows it."""
