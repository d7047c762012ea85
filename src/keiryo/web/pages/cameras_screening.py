"""Screening the images of a camera from its page: as a job, since months of images take long."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from litestar import Response, post
from litestar.params import FromPath
from litestar.response import Redirect

from keiryo.containment.instants import instant, shown
from keiryo.surveillance.screening_run import SCREEN
from keiryo.web.jobs import Tell
from keiryo.web.pages.boards import typed_again
from keiryo.web.pages.cameras_known import READING, camera_address, instant_in, require_camera
from keiryo.web.pages.cameras_shown import show_camera
from keiryo.web.pages.meetings_asked import sent_once
from keiryo.web.sections import JobKind
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

JOB = "surveillance.screen"
TITLE = sentence("Screening of images")


@post("/surveillance/cameras/{name:str}/screen", status_code=200, sync_to_thread=True, opt=READING)
def start_screening(
    request: AnyRequest, viewer: Asking, name: FromPath[str]
) -> Response[Any] | Redirect:
    """Start the screening of a period of a camera as a job."""
    standing = require_camera(viewer, name)
    viewer.require_post(SCREEN, standing.camera.scope)
    entered = typed_again(viewer)
    begin, end = (instant_in(viewer, entered, field) for field in ("screen_from", "screen_to"))
    if begin is not None and end is not None and not begin < end:
        entered.errors["screen_to"] = _("Give an end after the beginning.")
    if end is not None and end > viewer.server.now():
        entered.errors["screen_to"] = _(
            "Give an end that has passed: images still to come would count as missing."
        )

    def do() -> str:
        assert begin is not None and end is not None
        asked = {"camera": name, "from": shown(begin), "to": shown(end)}
        make = partial(request.app.state.jobs.start, viewer, JOB, TITLE, asked)
        return f"/jobs/{make()}"

    here = camera_address(name)
    return sent_once(viewer, entered, here, do, lambda one: show_camera(request, viewer, name, one))


def run_screening(viewer: Viewer, parameters: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Screen the images of a camera and record the result; an interrupted one goes on."""
    from keiryo.surveillance.screening_run import screen

    name = str(parameters["camera"])
    standing = require_camera(viewer, name)
    viewer.require_post(SCREEN, standing.camera.scope)
    done = screen(
        viewer.whole,
        viewer.actor(),
        name,
        instant(str(parameters["from"])),
        instant(str(parameters["to"])),
        resume=True,
        progress=lambda count, total: tell(count, total, ""),
    )
    return {
        "camera": name,
        "act": done.posted.act.act_id,
        "screenings": [
            {
                "name": one.name,
                "received": one.result.images.count,
                "presented": one.result.counted("event"),
                "quiet": one.result.counted("quiet"),
                "unhealthy": one.result.counted("unhealthy"),
                "events": len(one.result.events),
                "missing": one.result.schedule.missing,
            }
            for one in done.parts
        ],
        "href": f"{camera_address(name)}#screenings",
        "template": "cameras/job.html",
    }


SCREENING_JOB = JobKind(JOB, run_screening)
"""Screening as the server knows it."""
