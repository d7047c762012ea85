"""The overview: what needs the viewer today, put together from parts of the capabilities."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import File, Redirect

from keiryo.web.jobs import Job
from keiryo.web.listing import download_headers
from keiryo.web.own_acts import put_own_acts
from keiryo.web.pages.overview_parts import overview_parts
from keiryo.web.rendering import LANGUAGE_COOKIE, THEME_COOKIE, render
from keiryo.web.saved_forms import WAITING, forget_fields, safe_path, save_fields, take_waiting
from keiryo.web.searching import exact_hit, hits_of
from keiryo.web.sections import Hit, MenuEntry, Section
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import LANGUAGES
from keiryo.web.viewer import AnyRequest, Asking, Viewer

MAX_WORDS = 200
HITS_OF_EACH = 10
FORM_LENGTH = 300


@get("/", sync_to_thread=True)
def overview_page(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Show the parts that have something to say, in order."""
    parts, behind = overview_parts(request, viewer)
    return render(request, "overview.html", parts=parts, behind=behind)


@get("/search", sync_to_thread=True)
def search_page(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Show what was found in everything that the viewer may see."""
    words = str(request.query_params.get("q", "")).strip()[:MAX_WORDS]
    hits = hits_of(viewer, words, HITS_OF_EACH)
    exact = exact_hit(hits, words)
    if exact is not None and request.headers.get("HX-Request") is None:
        return Redirect(exact.href, status_code=303)
    groups: dict[str, list[Hit]] = {}
    for hit in hits:
        groups.setdefault(hit.kind, []).append(hit)
    crumbs = [(_("Search"), None)]
    return render(request, "search.html", words=words, groups=groups, crumbs=crumbs)


@get("/jobs/{number:str}", sync_to_thread=True)
def job_page(request: AnyRequest, viewer: Asking, number: FromPath[str]) -> Response[Any]:
    """Show how far a job is, and what came of it."""
    job: Job = request.app.state.jobs.job(viewer, number)
    result = dict(job.result or {})
    shown = {
        "job_id": job.job_id,
        "title": _(job.title),
        "state": job.state,
        "done": job.done,
        "total": job.total or None,
        "detail": job.detail or result.get("message"),
        "result": result,
    }
    answer = render(
        request,
        "job.html",
        job=shown,
        ended=job.ended,
        failed=job.state == "failed",
        result=result,
        file_name=job.file_name,
        crumbs=[(_("Jobs"), "/me"), (_(job.title), None)],
    )
    if job.ended:
        put_own_acts(request, answer)
    return answer


@post("/jobs/{number:str}/cancel", status_code=200, sync_to_thread=True)
def cancel_job(request: AnyRequest, viewer: Asking, number: FromPath[str]) -> Response[Any]:
    """Ask a job of the viewer to stop."""
    request.app.state.jobs.cancel(viewer, number)
    return Redirect(f"/jobs/{number}", status_code=303)


@get("/jobs/{number:str}/file", sync_to_thread=True)
def job_file(request: AnyRequest, viewer: Asking, number: FromPath[str]) -> File:
    """Hand out the file that a job of the viewer made."""
    jobs = request.app.state.jobs
    job: Job = jobs.job(viewer, number)
    path = jobs.file_of(job)
    headers = download_headers(job.file_name or "file")
    return File(path, media_type="application/octet-stream", headers=headers)


@post("/forms/save", status_code=200, sync_to_thread=True)
def save_form(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Keep what is being typed; nothing typed clears it."""
    json = request.scope["state"].get("json")
    sent = json if isinstance(json, dict) else {}
    form, fields = str(sent.get("form", ""))[:FORM_LENGTH], sent.get("fields", {})
    if not isinstance(fields, dict) or not form:
        return Response({"saved": False}, status_code=400)
    typed = {
        str(name): str(value)
        for name, value in fields.items()
        if not str(name).startswith("_") and "password" not in str(name)
    }
    person, now = viewer.person.person, viewer.server.now()
    if not any(typed.values()):
        forget_fields(viewer, form)
        return Response({"saved": True})
    return Response({"saved": save_fields(viewer.whole, person, form, typed, now)})


@get("/forms/waiting/{number:str}", sync_to_thread=True)
def waiting_form(viewer: Asking, number: FromPath[str]) -> Response[Any]:
    """Lead whoever signed in elsewhere to the form that waited for them, as they left it."""
    page = take_waiting(viewer, f"{WAITING}/{number}")
    if page is None:  # taken already, or it is somebody else's
        return Redirect("/", status_code=303)
    return Redirect(f"{page}{'&' if '?' in page else '?'}kept=1", status_code=303)


@post("/me/language", status_code=200, sync_to_thread=True, opt={"open": True, "step": "password"})
def choose_page_language(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Speak another language from now on."""
    return _preference(request, viewer, "language", LANGUAGE_COOKIE, LANGUAGES)


@post("/me/theme", status_code=200, sync_to_thread=True, opt={"open": True, "step": "password"})
def choose_theme(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Look light, dark, or as the system does, from now on."""
    return _preference(request, viewer, "theme", THEME_COOKIE, ("light", "dark", "system"))


def _preference(
    request: AnyRequest, viewer: Viewer | None, name: str, cookie: str, choices: tuple[str, ...]
) -> Response[Any]:
    from keiryo.people.accounts import set_preferences

    form = request.scope["state"].get("form")
    given = form.get(name) if form is not None else None
    chosen = given if given in choices else choices[0]
    back = form.get("next") if form is not None else None
    answer = Redirect(safe_path(back if isinstance(back, str) else "/"), status_code=303)
    secure = request.app.state.server.settings.secure
    answer.set_cookie(
        cookie, chosen, max_age=31_536_000, httponly=True, secure=secure, samesite="lax"
    )
    if viewer is not None and viewer.session is not None:
        kept = "auto" if chosen == "system" else chosen
        set_preferences(viewer.whole, viewer.person.person, **{name: kept})
    return answer


SECTION = Section(
    "overview",
    handlers=(
        *(overview_page, search_page, job_page, cancel_job, job_file),
        *(save_form, waiting_form, choose_page_language, choose_theme),
    ),
    menu=(MenuEntry("Overview", "/", "Today", 0, lambda viewer: True, key="h"),),
)
