"""The application: sections, door, headers, errors and files put together, once per process."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import tempfile
import weakref
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

from litestar import Litestar
from litestar.concurrency import sync_to_thread
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.static_files import create_static_files_router
from litestar.types import ControllerRouterHandler
from litestar.utils.sync import AsyncCallable

from keiryo.errors import KeiryoError, UsageError
from keiryo.people.sessions import sweep
from keiryo.storage.engine import Database
from keiryo.storage.migrate import ready
from keiryo.version import __version__
from keiryo.web.answers import answer_error, answer_http_error, answer_unexpected
from keiryo.web.asked_names import NotingRequest
from keiryo.web.door import TOKEN_HEADER, door
from keiryo.web.head_requests import with_head
from keiryo.web.headers import with_headers
from keiryo.web.jobs import Jobs
from keiryo.web.logs import with_notes
from keiryo.web.metrics import Metrics
from keiryo.web.own_acts import with_own_acts
from keiryo.web.pauses import short_pauses
from keiryo.web.rendering import WEB, Pages
from keiryo.web.sections import Section, installed_sections
from keiryo.web.server import Clock, Server, system_clock
from keiryo.web.settings import Settings
from keiryo.web.viewer import AnyRequest, Viewer

FOLDER = "KEIRYO_SERVER_FOLDER"
"""Names the folder that all processes of a server share, and whoever started them removes."""
UPKEEP_EVERY_S = 3_600.0

log = logging.getLogger("keiryo.web")


def create_app(
    settings: Settings,
    *,
    sections: tuple[Section, ...] | None = None,
    now: Clock = system_clock,
) -> Litestar:
    """Return the application over the books that `settings` name.

    Parameters
    ----------
    settings : Settings
    sections : tuple of Section, optional
        Default: keiryo's own and those of installed packages.
    now : callable
        The clock.

    Raises
    ------
    NotInitialisedError
        If there are no books.
    """
    from keiryo.capabilities import installed_registry

    database = Database(settings.books, installed_registry())
    ready(database)
    chosen = installed_sections() if sections is None else sections
    server = Server(database, settings, chosen, now)
    if not server.state:
        raise UsageError("the books were never opened", "Run 'keiryo init --state XX' first.")
    metrics = Metrics()
    folder = _folder()
    # At the stop, or when the server is let go of without ever having run.
    finish = weakref.finalize(server, _tidied, folder)
    jobs = Jobs(server, folder / "jobs", metrics.jobs.set)
    handlers: list[ControllerRouterHandler] = [_static_files()]
    for section in chosen:
        handlers += [*section.handlers, *section.api]

    app = Litestar(
        handlers,
        before_request=door,
        request_class=NotingRequest,
        dependencies={"viewer": Provide(_viewer, sync_to_thread=False)},
        exception_handlers={
            KeiryoError: answer_error,
            404: answer_http_error,
            Exception: answer_unexpected,
        },
        lifespan=[partial(_lifetime, server, jobs, metrics, finish)],
        openapi_config=_openapi(),
        include_in_schema=False,
        request_max_body_size=settings.upload_mb * 1024 * 1024,
        multipart_form_part_limit=settings.upload_files + 200,
        logging_config=None,
    )
    # Around all of it, not around each route: what leads nowhere is noted and has headers as well.
    around = with_own_acts(with_head(app.asgi_handler), server)
    around = with_headers(around, secure=settings.secure, names=settings.names)
    app.asgi_handler = with_notes(around, metrics)
    _wrap_once(app)
    app.state.server, app.state.jobs, app.state.pages = server, jobs, Pages(chosen)
    app.state.metrics = metrics
    app.state.parameters = _parameters(app)
    return app


@asynccontextmanager
async def _lifetime(
    server: Server, jobs: Jobs, metrics: Metrics, finish: Callable[[], object], app: Litestar
) -> AsyncGenerator[None, None]:
    """Do what has to be done between the start and the stop of a process."""
    del app
    metrics.forget_the_dead()
    await sync_to_thread(_upkeep, server, jobs)
    upkeep = asyncio.create_task(_upkeep_for_ever(server, jobs))
    tidying = asyncio.create_task(short_pauses())
    log.info("started", extra={"worker": server.worker, "version": __version__})
    try:
        yield
    finally:
        for task in (upkeep, tidying):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        try:
            await sync_to_thread(jobs.close)
            server.close()
        finally:
            finish()
        log.info("stopped", extra={"worker": server.worker})


def _folder() -> Path:
    """Return a folder for what lies on the disk only while the server runs."""
    shared = os.environ.get(FOLDER)
    return Path(shared) if shared else Path(tempfile.mkdtemp(prefix="keiryo-server-"))


def _tidied(folder: Path) -> None:
    if str(folder) != os.environ.get(FOLDER):
        shutil.rmtree(folder, ignore_errors=True)


def _upkeep(server: Server, jobs: Jobs) -> None:
    """Clear away what is over: sessions, tokens, forms, files of jobs."""
    sweep(server.database, server.now())
    jobs.sweep()


async def _upkeep_for_ever(server: Server, jobs: Jobs) -> None:
    while True:
        await asyncio.sleep(UPKEEP_EVERY_S)
        try:
            await sync_to_thread(_upkeep, server, jobs)
        except Exception:  # the database is away or full; the next time it is tried again
            log.warning("what is over could not be cleared away", exc_info=True)


def _wrap_once(app: Litestar) -> None:
    """Undo what Litestar does twice to handlers that share a path (seen in 2.25).

    A function that runs in a thread is wrapped when its route is registered; where a path has
    a GET and a POST the first is registered again, and its wrapper wrapped once more.
    """
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            while isinstance(getattr(handler.fn, "func", None), AsyncCallable):
                handler._fn = handler.fn.func


def _parameters(app: Litestar) -> dict[int, frozenset[str]]:
    """Return the parameters that each route of the API knows, by the identity of its handler."""
    found: dict[int, frozenset[str]] = {}
    for route in app.routes:
        for handler, model in getattr(route, "route_handler_map", {}).values():
            if handler.include_in_schema is True:
                named = frozenset(one.field_alias for one in model.expected_query_params)
                found[id(handler)] = named
    return found


def _viewer(request: AnyRequest) -> Viewer | None:
    """Return who asks; None on open pages where nobody is signed in."""
    viewer: Viewer | None = request.scope["state"].get("viewer")
    return viewer


def _static_files() -> ControllerRouterHandler:
    return create_static_files_router(
        path="/static",
        directories=[Path(str(WEB.joinpath("static")))],
        opt={"open": True, "static": True},
        include_in_schema=False,
        cache_control=None,
        send_as_attachment=False,
    )


def _openapi() -> OpenAPIConfig:
    """Return how the API is described; the document is JSON, and no page comes with it."""
    token = SecurityScheme(
        type="http",
        scheme="bearer",
        description="A token that a person made on their own page; it may read, or also write, "
        "and may be narrowed to a part of the State.",
    )
    session = SecurityScheme(
        type="apiKey",
        name="keiryo_session",
        security_scheme_in="cookie",
        description="The session of somebody signed in (__Host-keiryo where served by https).",
    )
    form = SecurityScheme(
        type="apiKey",
        name=TOKEN_HEADER,
        security_scheme_in="header",
        description="With a session, whatever changes something carries its form token.",
    )
    return OpenAPIConfig(
        title="keiryo",
        version=__version__,
        description="Nuclear material accounting: the services of the pages as JSON. Weights are "
        "whole milligrams, days YYYY-MM-DD, times UTC. What you may not see is not there.",
        path="/api/v1/schema",
        render_plugins=[JsonRenderPlugin(path="/openapi.json")],  # none: a page from elsewhere
        use_handler_docstrings=True,
        components=Components(security_schemes={"token": token, "session": session, "form": form}),
        operation_id_creator=lambda handler, method, path: handler.handler_name,
    )
