"""For whoever runs the server: is it alive, is it ready, and figures about it."""

from __future__ import annotations

from typing import Any

from litestar import Response, get

from keiryo.errors import KeiryoError
from keiryo.storage.engine import Database
from keiryo.storage.revision import check_schema
from keiryo.web.remembered import head_of
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking, NotPermittedError


@get("/health/live", opt={"open": True, "static": True}, sync_to_thread=False)
def live() -> Response[dict[str, str]]:
    """Say that the process answers."""
    return Response({"status": "alive"})


@get("/health/ready", opt={"open": True, "static": True}, sync_to_thread=True)
def ready(request: AnyRequest) -> Response[dict[str, str]]:
    """Say whether the books can be read and have the schema of this program."""
    database = request.app.state.server.database
    # A file that was taken away can still be read by whoever has it open.
    fits = (database.path is None or database.path.is_file()) and _has_schema(database)
    return Response({"status": "ready" if fits else "not ready"}, status_code=200 if fits else 503)


def _has_schema(database: Database) -> bool:
    try:
        with database.reading() as connection:
            return check_schema(connection)
    except KeiryoError:
        return False


@get("/metrics", opt={"open": True}, sync_to_thread=True)
def metrics(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Return figures for Prometheus to who has a token with the ability "metrics"."""
    token = None if viewer is None else viewer.api_token
    if token is None or "metrics" not in token.abilities:
        raise NotPermittedError("figures are for tokens with the ability metrics")
    figures = request.app.state.metrics
    with viewer.whole.reading() as connection:
        figures.head.set(head_of(connection, viewer.metadata).act_id)
    return Response(figures.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


SECTION = Section("operation", handlers=(live, ready, metrics))
