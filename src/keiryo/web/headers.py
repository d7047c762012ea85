"""Headers of every answer: what a browser may do with it, and who asked under which number.

Sources: W3C Content Security Policy Level 3; OWASP Secure Headers. No page has script or style of
its own in it; nothing is loaded from elsewhere; no other site may frame a page or see where its
visitors come from; answers with data are not kept by caches that others could read.
"""

from __future__ import annotations

import secrets

from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
DRAWING_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""For charts and other drawings that are shown as images."""

FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}


def with_headers(app: ASGIApp, *, secure: bool) -> ASGIApp:
    """Return the application with these headers on every answer."""

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        number = secrets.token_hex(8)
        scope["state"]["request_id"] = number

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableScopeHeaders.from_message(message)
                for name, value in FIXED.items():
                    headers.setdefault(name, value)
                headers.setdefault("Content-Security-Policy", POLICY)
                headers.setdefault("Cache-Control", "no-store")
                headers["X-Request-Id"] = number
                if secure:
                    headers["Strict-Transport-Security"] = "max-age=31536000"
            await send(message)

        await app(scope, receive, sending)

    return answered
