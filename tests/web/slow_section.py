"""A section of somebody else's package, for tests of the server: pages and jobs that take long,
and an act that anybody can post who administers."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import asdict
from tempfile import NamedTemporaryFile
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from keiryo.journal.model import Draft
from keiryo.journal.posting import post as post_act
from keiryo.web.jobs import JobKind, Tell
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking, Viewer

STEP_S = 0.05


@get("/slow/answer/{tenths:int}", opt={"open": True}, sync_to_thread=True)
def slow_answer(tenths: FromPath[int]) -> Response[Any]:
    """Answer after some tenths of a second."""
    time.sleep(tenths / 10)
    return Response({"done": True})


@get("/slow/worker", opt={"open": True}, sync_to_thread=False)
def which_worker(request: AnyRequest) -> Response[Any]:
    """Say which process answers."""
    return Response({"worker": request.app.state.server.worker, "pid": os.getpid()})


@get("/slow/fault", opt={"open": True}, sync_to_thread=True)
def fault(request: AnyRequest) -> Response[Any]:
    """Fail with an error whose words hold what was asked."""
    raise ValueError(f"cannot: {request.url} {dict(request.headers)}")


@get("/slow/start/{steps:int}", sync_to_thread=True)
def start(request: AnyRequest, viewer: Asking, steps: FromPath[int]) -> Response[Any]:
    """Start a job of so many steps."""
    jobs = request.app.state.jobs
    return Response({"job": jobs.start(viewer, "slow", "Something slow", {"steps": steps})})


@get("/slow/job/{number:str}", sync_to_thread=True)
def look(request: AnyRequest, viewer: Asking, number: FromPath[str]) -> Response[Any]:
    """Show a job as it stands."""
    return Response(asdict(request.app.state.jobs.job(viewer, number)))


@post("/slow/post", status_code=200, sync_to_thread=True)
def post_something(viewer: Asking) -> Response[Any]:
    """Post an act of an administrator, with as long a reason as is asked for."""
    number, letters = viewer.field("number"), int(viewer.field("letters") or 4)
    draft = Draft("policy.decide", f"slow:{number}", reason="x" * letters)
    policy = {"act_kind": f"test.kind{number}", "state": "two eyes"}
    draft.add("release_policy", policy, scope=viewer.state)
    return Response({"act": post_act(viewer.whole, draft, viewer.actor()).act.act_id})


@get("/slow/cancel/{number:str}", sync_to_thread=True)
def cancel(request: AnyRequest, viewer: Asking, number: FromPath[str]) -> Response[Any]:
    """Ask a job to stop."""
    request.app.state.jobs.cancel(viewer, number)
    return Response({})


def run(viewer: Viewer, parameters: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Go on for some steps and leave a file, or fail as asked."""
    if parameters.get("fail"):
        raise ValueError("batch F25-FA-001 with 461201.4 g")
    steps = int(parameters["steps"])
    for step in range(steps):
        tell(step, steps, f"step {step}")
        time.sleep(STEP_S)
    with NamedTemporaryFile("w", prefix="slow-", delete=False) as file:
        file.write("made")
    return {"file": file.name, "file_name": "made.txt"}


SECTION = Section(
    "slow",
    handlers=(slow_answer, which_worker, fault, start, look, cancel, post_something),
    jobs=(JobKind("slow", run),),
)
