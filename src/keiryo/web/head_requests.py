"""HEAD: what GET would be answered, without the content, under the same rules for who may ask.

There are no routes of their own for it: the application is asked as by GET, so that status, headers
and refusals are the same (RFC 9110, section 9.3.2), and the content is left out on its way.
"""

from __future__ import annotations

from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPReceiveMessage, Message, Receive, Scope, Send


def with_head(app: ASGIApp) -> ASGIApp:
    """Return the application that answers HEAD wherever it answers GET, and says so."""

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
        elif scope["method"] == "HEAD":
            await _without_content(app, scope, receive, send)
        else:
            await app(scope, receive, _allowing(send))

    return answered


async def _without_content(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    started = False

    async def sending(message: Message) -> None:
        nonlocal started
        if message["type"] == "http.response.start" and not started:
            started = True
            await _allowing(send)(message)
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def receiving() -> HTTPReceiveMessage:
        # What is made piece by piece is not made to its end, as when a browser goes away.
        if started:
            return {"type": "http.disconnect"}
        return await receive()  # type: ignore[return-value]  # of a request, nothing else comes

    asked: Scope = {**scope, "method": "GET"}  # type: ignore[assignment]
    try:
        await app(asked, receiving, sending)
    finally:
        if "path_template" in asked:  # for whoever notes the request
            scope["path_template"] = asked["path_template"]


def _allowing(send: Send) -> Send:
    """Return what sends an answer with HEAD named where it says that GET is allowed."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableScopeHeaders.from_message(message)
            allowed = [one.strip() for one in headers.get("Allow", "").split(",")]
            if "GET" in allowed and "HEAD" not in allowed:
                headers["Allow"] = ", ".join(sorted({*allowed, "HEAD"}))
        await send(message)

    return sending
