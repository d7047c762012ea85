"""Headers of every answer: what a browser may do with it, and who asked under which number.

Sources: W3C Content Security Policy Level 3; OWASP Secure Headers. No page has script or style of
its own in it; nothing is loaded from elsewhere; no other site may frame a page or see where its
visitors come from; answers with data are not kept by caches that others could read.
"""

from __future__ import annotations

import re
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


_HOST = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?")
_CHARSET = re.compile(r"\s*;\s*charset=", re.IGNORECASE)
_MISDIRECTED = 421


def with_headers(app: ASGIApp, *, secure: bool, names: frozenset[str]) -> ASGIApp:
    """Return the application with these headers on every answer.

    Parameters
    ----------
    secure : bool
        Whether browsers come by ``https``.
    names : frozenset of str
        Names under which the server is known; a request under another one is refused (a page
        elsewhere could have led its own name to this machine: DNS rebinding). Empty: any.
    """

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
                kind, *charsets = _CHARSET.split(headers.get("Content-Type", ""))
                if len(charsets) > 1:  # the framework adds its own to any text
                    headers["Content-Type"] = f"{kind}; charset={charsets[0]}"
                if secure:
                    headers["Strict-Transport-Security"] = "max-age=31536000"
            await send(message)

        if _is_own(scope, names):
            await app(scope, receive, sending)
            return
        headers = [(b"content-type", b"text/plain; charset=utf-8")]
        start = {"type": "http.response.start", "status": _MISDIRECTED, "headers": headers}
        await sending(start)  # type: ignore[arg-type]
        words = b"This server has another name: use the address that you were given.\n"
        await sending({"type": "http.response.body", "body": words, "more_body": False})

    return answered


def _is_own(scope: Scope, names: frozenset[str]) -> bool:
    given = next((value for name, value in scope["headers"] if name == b"host"), b"")
    found = _HOST.fullmatch(given)
    if found is None:
        return False
    return not names or found[1].strip(b"[]").decode("ascii").lower() in names
