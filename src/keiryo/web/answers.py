"""Answers when something cannot be done: a page for people, a problem document for programs.

Both say what is wrong and what to do; neither says anything about how the program works inside.
Problem documents are those of RFC 9457.
"""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import Any

from litestar import Response
from litestar.exceptions import HTTPException

from keiryo.errors import (
    ClockError,
    ConflictError,
    Finding,
    FullError,
    KeiryoError,
    NotFoundError,
    ReadOnlyError,
    RefusedError,
    StorageError,
    UsageError,
)
from keiryo.people.errors import SignInError, TryLaterError
from keiryo.storage.engine import BusyError
from keiryo.web.viewer import AnyRequest, NotPermittedError

log = logging.getLogger("keiryo.web")

STATUS: tuple[tuple[type[KeiryoError], int], ...] = (
    (NotFoundError, 404),
    (NotPermittedError, 403),
    (RefusedError, 422),
    (ConflictError, 409),
    (UsageError, 400),
    (ClockError, 503),
    (StorageError, 503),
    (TryLaterError, 429),
    (SignInError, 401),
)
_WORDS = {
    400: ("this cannot be asked so", "Check what was sent."),
    401: ("nobody is signed in", "Sign in, or send a token."),
    403: ("this is not for you", "Ask an administrator for the role that it takes."),
    404: ("there is no such page", "The menu leads to all pages."),
    405: ("this address does not take that", "Go there by a link or a form."),
    412: ("somebody was there in between", "Read it again, then decide."),
    413: ("this is larger than may be sent", "Send it in parts, or ask for a higher limit."),
    415: ("this kind of content is not taken here", "Send what the page or the API asks for."),
    429: ("too many requests", "Wait a little and try again."),
}


def status_of(error: KeiryoError) -> int:
    """Return the HTTP status of an error."""
    given = getattr(error, "http_status", None)
    if given is not None:
        return int(given)
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)


def answer_error(request: AnyRequest, error: KeiryoError) -> Response[Any]:
    """Answer an error of the product: it says itself what is wrong and what to do."""
    findings = list(getattr(error, "findings", ()))
    if isinstance(error, StorageError):
        _note(request, error)
        error = told_outside(error)
    answer = problem(request, status_of(error), error.message, error.advice, findings)
    if isinstance(error, TryLaterError | BusyError):
        answer.headers["Retry-After"] = str(error.seconds)
    return answer


def in_words(said: Finding | KeiryoError) -> str:
    """Return what is wrong and what to do, as sentences for a page."""
    return f"{said.message[:1].upper()}{said.message[1:]}. {said.advice or ''}".strip()


def told_outside(error: KeiryoError) -> KeiryoError:
    """Return an error as people may read it: where the books lie is not for everybody."""
    if not isinstance(error, StorageError) or not _of_driver(error.__cause__):
        return error
    if isinstance(error, FullError):
        return FullError(
            "the disk that holds the books is full: what was being posted left no trace",
            "Tell the administrator, then send the same again.",
        )
    if isinstance(error, ReadOnlyError):
        return ReadOnlyError(
            "the books can only be read: nothing was posted", "Tell the administrator."
        )
    return StorageError(
        "the books could not be read or written just now; nothing half-done is left",
        "Try again in a while; if it stays so, tell the administrator.",
    )


def _of_driver(cause: BaseException | None) -> bool:
    """Return whether the driver of the database said it, with places and names of its own."""
    names = {base.__module__.partition(".")[0] for base in type(cause).__mro__}
    return bool(names & {"sqlite3", "sqlalchemy", "psycopg"})


def answer_http_error(request: AnyRequest, error: HTTPException) -> Response[Any]:
    """Answer an error of the protocol: an unknown path, a wrong method, too much content."""
    status = error.status_code
    message, advice = _WORDS.get(status, ("this cannot be done", "Try again."))
    if status == 400 and request.url.path.startswith("/api/"):
        message = str(error.detail)
        extra = getattr(error, "extra", None)
        if isinstance(extra, list):
            message += ": " + "; ".join(
                f"{one.get('key', '')} {one.get('message', '')}".strip()
                for one in extra
                if isinstance(one, dict)
            )
    answer = problem(request, status, message, advice, [])
    if error.headers:
        answer.headers.update(error.headers)
    return answer


def answer_unexpected(request: AnyRequest, error: Exception) -> Response[Any]:
    """Answer what nobody foresaw: it is noted with its number, and nothing is told of it."""
    if isinstance(error, HTTPException):
        return answer_http_error(request, error)
    if isinstance(error, RecursionError):  # content in content in content
        return problem(request, 400, "this is nested too deeply", "Send it less deeply nested.", [])
    number = _note(request, error)
    return problem(
        request,
        500,
        "something went wrong here",
        f"It was noted as {number}; nothing half-done is left. Tell the administrator.",
        [],
    )


def _note(request: AnyRequest, error: Exception) -> str:
    """Note an error in the log and return the number under which it stands there."""
    number = str(request.scope["state"].get("request_id", ""))
    log.error(
        "a request failed",
        exc_info=error,
        extra={"request_id": number, "route": request.scope.get("path_template", "")},
    )
    return number


def problem(
    request: AnyRequest, status: int, message: str, advice: str, findings: list[Any]
) -> Response[Any]:
    """Return what cannot be done, as a page or as a problem document."""
    if request.url.path.startswith(("/api/", "/metrics", "/health")):
        content = {"type": "about:blank", "title": message, "status": status}
        content |= {"detail": advice}
        content["request_id"] = request.scope["state"].get("request_id", "")
        if findings:
            content["findings"] = [
                {k: v for k, v in asdict(f).items() if v is not None} for f in findings
            ]
        return Response(content, media_type="application/problem+json", status_code=status)
    from keiryo.web.rendering import choose_looks, render

    if "language" not in request.scope["state"]:  # no route matched: nobody was at the door
        choose_looks(request)
    return render(
        request,
        "error.html",
        http_status=status,
        status=status,
        title=message,
        message=message,
        advice=advice,
        findings=findings,
    )
