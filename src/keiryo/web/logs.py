"""Logs as JSON, one line for each event, without material data.

A request is noted by its method, the pattern of its route (never the path itself, which may name
a batch), its status, how long it took, who asked (by pseudonym) and its number. What is said in
forms, queries and answers is not in the log.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from datetime import UTC, datetime
from typing import Any

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from keiryo.web.metrics import Metrics, known_method

FIELDS = (
    *("method", "route", "status", "duration_ms", "person", "request_id", "worker", "version"),
    *("job", "kind", "part", "act"),
)
log = logging.getLogger("keiryo.requests")


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
        }
        entry |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        if record.exc_info and record.exc_info[0] is not None:
            entry["error"] = record.exc_info[0].__name__
            entry["where"] = _places(record)
        return json.dumps(entry, default=str)  # ASCII: no sign that begins a line anywhere


def _places(record: logging.LogRecord) -> list[str]:
    """Return where an error came from: files and lines, not the values that were there."""
    import traceback

    assert record.exc_info is not None
    frames = traceback.extract_tb(record.exc_info[2])[-8:]
    return [f"{f.filename.rpartition('keiryo/')[2]}:{f.lineno} {f.name}" for f in frames]


def set_up_logs(level: str) -> None:
    """Send all logs of this process to the standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    quiet = ("uvicorn.access", "httpx", "httpcore")  # they would log whole addresses
    for name in quiet:
        logging.getLogger(name).disabled = True


def with_notes(app: ASGIApp, metrics: Metrics) -> ASGIApp:
    """Return the application with every request noted and counted."""

    async def noted(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        began, status = time.perf_counter(), [500]

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                status[0] = message["status"]
            await send(message)

        metrics.in_progress.inc()
        try:
            await app(scope, receive, sending)
        finally:
            metrics.in_progress.dec()
            seconds = time.perf_counter() - began
            route = scope.get("path_template") or "(none)"
            method = known_method(str(scope.get("method")))
            metrics.note(method, route, status[0], seconds)
            if not route.startswith(("/static", "/health")):
                viewer = scope["state"].get("viewer")
                log.info(
                    "request",
                    extra={
                        "method": method,
                        "route": route,
                        "status": status[0],
                        "duration_ms": round(1000 * seconds, 2),
                        "person": viewer.person.person if viewer is not None else None,
                        "request_id": scope["state"].get("request_id"),
                    },
                )

    return noted
