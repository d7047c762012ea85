"""Long work by programs: how far it is, what came of it, its file, and asking it to stop.

A job is of the person who began it. A token that is narrowed to a part of the State is told how
far the jobs of its person are; what came of them it is told, and given, only where a token with the
same limit began them.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Annotated, Any

import msgspec
from litestar import Response
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import PathParameter
from litestar.response import File
from msgspec import Meta
from sqlalchemy import and_, or_, select

from keiryo.errors import NotFoundError
from keiryo.web.api.answering import (
    API,
    AsOf,
    answer_of,
    answered,
    answered_by_content,
    cancelling,
    reading,
    require_writing,
)
from keiryo.web.api.cursors import NEXT_LINK, Asked, Cursor, Limit, asked_page, paged
from keiryo.web.api.documents import Document
from keiryo.web.jobs import Job, Jobs
from keiryo.web.listing import download_headers
from keiryo.web.once import Answer
from keiryo.web.pages.areas_audit import AUDIT_PACK
from keiryo.web.pages.areas_inventory import INVENTORY_JOB
from keiryo.web.pages.journal import VERIFYING
from keiryo.web.pages.measurements import IMPORT_JOB
from keiryo.web.pages.system import BACKING_UP
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking, Viewer

BINARY = "application/octet-stream"
WITHIN = "within"
"""Parameter of a job: the part of the State that the token was narrowed to which began it."""

OUTCOMES: Mapping[str, tuple[str, ...]] = {
    VERIFYING: ("sound", "acts", "lines", "evidence", "head", "problems"),
    AUDIT_PACK.name: ("act", "digest", "lines"),
    INVENTORY_JOB.name: ("batches",),
    IMPORT_JOB: ("recorded", "unchanged", "left"),
    BACKING_UP: ("act_id", "digest", "rows", "evidence", "missing", "size_bytes"),
}
"""What is told of a job's result, by kind; the rest is for pages."""


class JobDocument(Document, frozen=True, kw_only=True):
    """Long work that you asked for."""

    job_id: Annotated[str, Meta(description="its name")]
    kind: Annotated[str, Meta(description="what it does")]
    title: Annotated[str, Meta(description="what it does, in words")]
    state: Annotated[
        str, Meta(description="waiting, running, done, failed, cancelled or interrupted")
    ]
    done: Annotated[int, Meta(description="steps that are done")]
    total: Annotated[int, Meta(description="steps in all; 0: not known")]
    made_at: Annotated[str, Meta(description="UTC time at which it was asked for")]
    ended_at: Annotated[str | None, Meta(description="UTC time at which it ended")]
    acts: Annotated[list[int], Meta(description="acts that it posted")]
    outcome: Annotated[
        dict[str, Any] | None,
        Meta(description="what came of it, in figures"),
    ]
    file: Annotated[str | None, Meta(description="address of the file that it made")]
    file_name: Annotated[str | None, Meta(description="what that file is called")]
    findings: Annotated[
        list[dict[str, Any]],
        Meta(description="what a check found: why it failed, or what is worth a look"),
    ]
    message: Annotated[str | None, Meta(description="why it failed")]
    advice: Annotated[str | None, Meta(description="what to do about it")]


class JobPage(Document, frozen=True, kw_only=True):
    """A page of jobs, the newest first."""

    items: Annotated[list[JobDocument], Meta(description="jobs of yours")]
    next: Annotated[str | None, Meta(description="cursor of the next page; null after the last")]


ANSWER_AS_JOB = ResponseSpec(
    JobDocument,
    generate_examples=False,
    description="It takes longer, as a job: Location is the job, its file is the answer as JSON.",
)
"""What a question about a large area is answered with, besides the answer itself."""

JobName = Annotated[str, PathParameter(max_length=60, description="Name of the job.")]


def begun(
    request: AnyRequest, viewer: Viewer, kind: str, title: str, parameters: Mapping[str, Any]
) -> Answer:
    """Begin a job, and return what is answered: 202 with the job as Location.

    Raises
    ------
    ConflictError
        If too many jobs of the viewer run or wait.
    """
    jobs: Jobs = request.app.state.jobs
    token = viewer.api_token
    narrowed = {WITHIN: token.scope} if token is not None and token.scope else {}
    number = jobs.start(viewer, kind, title, {**parameters, **narrowed})
    made = job_document(jobs.job(viewer, number), whole=True)
    return answer_of(made, 202, f"{API}/jobs/{number}")


def written(document: msgspec.Struct, file_name: str) -> dict[str, Any]:
    """Return the result of a job whose file is a document as JSON."""
    with tempfile.NamedTemporaryFile("wb", prefix="keiryo-", delete=False) as target:
        target.write(msgspec.json.encode(document))
    return {"file": target.name, "file_name": file_name}


def job_document(job: Job, *, whole: bool) -> JobDocument:
    """Return a job as a document.

    Parameters
    ----------
    whole : bool
        Also what came of it.
    """
    result = job.result or {}
    acts = result.get("acts", []) if whole else []
    told = OUTCOMES.get(job.kind) if whole and job.state == "done" else None
    file_name = job.file_name if whole else None
    found = (result.get("findings") or []) if whole and job.ended else []
    return JobDocument(
        job_id=job.job_id,
        kind=job.kind,
        title=job.title,
        state=job.state,
        done=job.done,
        total=job.total,
        made_at=job.made_at,
        ended_at=job.ended_at,
        acts=acts if isinstance(acts, list) else [],
        outcome=None if told is None else {n: result[n] for n in told if n in result},
        file=file_name and f"{API}/jobs/{job.job_id}/file",
        file_name=file_name,
        findings=[one for one in found if isinstance(one, dict)],
        message=result.get("message") if job.state == "failed" else None,
        advice=result.get("advice") if job.state == "failed" else None,
    )


def _shown(request: AnyRequest, viewer: Viewer, job: Job) -> JobDocument:
    return job_document(job, whole=_may_have(request.app.state.jobs, viewer, job))


def _may_have(jobs: Jobs, viewer: Viewer, job: Job) -> bool:
    """Return whether what came of a job is for the token with which it is asked for."""
    token = viewer.api_token
    if token is None or not token.scope:
        return True
    query = select(jobs.table.c.parameters).where(jobs.table.c.job_id == job.job_id)
    with viewer.whole.reading() as connection:
        text = connection.execute(query).scalar()
    return bool(json.loads(text or "{}").get(WITHIN) == token.scope)


@reading("/jobs", "jobs", headers=[NEXT_LINK])
def list_jobs(
    request: AnyRequest, viewer: Asking, limit: Limit = 100, cursor: Cursor = None
) -> Response[JobPage]:
    """List your jobs, the newest first; they are kept for 30 days after their end."""
    asked = asked_page(request, viewer, limit, cursor)
    found = _jobs(request.app.state.jobs, viewer, asked)

    def build(shown: Sequence[Job], more: str | None) -> JobPage:
        return JobPage(items=[_shown(request, viewer, one) for one in shown], next=more)

    page = paged(request, viewer, asked, found, lambda job: [job.made_at, job.job_id], build)
    made: Response[JobPage] = answered_by_content(request, viewer, page.content)
    if made.status_code != 304:
        made.headers.update({n: page.headers[n] for n in page.headers if n.lower() == "link"})
    return made


def _jobs(jobs: Jobs, viewer: Viewer, asked: Asked) -> list[Job]:
    """Return the jobs of a page and one more, as they stand now."""
    table = jobs.table
    query = (
        select(table.c.job_id)
        .where(table.c.person == viewer.person.person)
        .order_by(table.c.made_at.desc(), table.c.job_id.desc())
        .limit(asked.limit + 1)
    )
    if asked.after is not None:
        at, name = asked.after
        same = and_(table.c.made_at == at, table.c.job_id < name)
        query = query.where(or_(table.c.made_at < at, same))
    with viewer.whole.reading() as connection:
        names = list(connection.execute(query).scalars())
    found = []
    for name in names:
        with suppress(NotFoundError):  # it was cleared away in between
            found.append(jobs.job(viewer, name))
    return found


@reading("/jobs/{name:str}", "jobs")
def get_job(request: AnyRequest, viewer: Asking, name: JobName) -> Response[JobDocument]:
    """Return how far a job of yours is, and what came of it."""
    job = request.app.state.jobs.job(viewer, name.replace("\0", ""))
    return answered_by_content(request, viewer, _shown(request, viewer, job))


@reading("/jobs/{name:str}/file", "jobs", media_type=BINARY)
def get_job_file(request: AnyRequest, viewer: Asking, name: JobName) -> Response[bytes]:
    """Return the file that a job of yours made; it is kept for a day."""
    jobs: Jobs = request.app.state.jobs
    job = jobs.job(viewer, name.replace("\0", ""))
    if not _may_have(jobs, viewer, job):
        raise NotFoundError(
            "this job has no file that this token may have",
            "A token that is narrowed to a part of the State gets the files of jobs that it began.",
        )
    path = jobs.file_of(job)

    def build() -> File:
        headers = download_headers(job.file_name or "file")
        return File(path, media_type=BINARY, headers=headers)

    made = answered(request, viewer, AsOf(0, job.ended_at), build)
    if made.status_code == 304:
        made.content = b""  # nothing, as bytes
    return made


@cancelling("/jobs/{name:str}", "jobs", status_code=202)
def cancel_job(request: AnyRequest, viewer: Asking, name: JobName) -> Response[JobDocument]:
    """Ask a job of yours to stop; it does where it next reports how far it is."""
    require_writing(viewer)
    jobs: Jobs = request.app.state.jobs
    key = name.replace("\0", "")
    jobs.cancel(viewer, key)
    made = _shown(request, viewer, jobs.job(viewer, key))
    return Response(made, status_code=202, media_type="application/json")


SECTION = Section("api jobs", api=(list_jobs, get_job, get_job_file, cancel_job))
