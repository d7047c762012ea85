"""The cookies of the pages: of a session, of a visitor, of who left, of a sign-in elsewhere.

All of them are for this server only, invisible to scripts, sent along when somebody follows a link
from elsewhere but not with what another site sends by itself (``SameSite=Lax``), and end with the
browser. Over ``https`` their names begin with ``__Host-``: no other host can set them (RFC 6265bis
section 4.1.3).
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
from typing import Any

from litestar import Response

from keiryo.people.keys import seal, unseal
from keiryo.people.oidc import LIFETIME_S
from keiryo.people.sessions import form_token
from keiryo.web.server import Server, cookie_name, visitor_cookie_name
from keiryo.web.viewer import AnyRequest, Viewer

_VISITOR = re.compile(r"[A-Za-z0-9_-]{43}")
_LEFT = "who signed out"
AGENT_LENGTH = 200


def sign_on_cookie_name(server: Server) -> str:
    """Return the name of the cookie that waits while somebody signs in elsewhere."""
    return "__Host-keiryo-elsewhere" if server.settings.secure else "keiryo_elsewhere"


def left_cookie_name(server: Server) -> str:
    """Return the name of the cookie that says, sealed, whose forms may still be open here."""
    return "__Host-keiryo-left" if server.settings.secure else "keiryo_left"


def put_session(request: AnyRequest, answer: Response[Any], token: str) -> None:
    """Let the browser keep the token of a session, and make it a new visitor."""
    server: Server = request.app.state.server
    _put(server, answer, cookie_name(server), token)
    _put(server, answer, visitor_cookie_name(server), secrets.token_urlsafe(32))


def drop_session(request: AnyRequest, answer: Response[Any]) -> None:
    """Let the browser forget everything that it kept for somebody.

    Sealed for the server alone it keeps whose session it was, and by which token its forms are
    known: one that is still open in another window loses nothing.
    """
    server: Server = request.app.state.server
    for name in (cookie_name(server), visitor_cookie_name(server), sign_on_cookie_name(server)):
        _put(server, answer, name, "", max_age=0)
    viewer: Viewer | None = request.scope["state"].get("viewer")
    if viewer is not None and viewer.session is not None:
        left = json.dumps([viewer.person.person, form_token(viewer.token)]).encode()
        sealed = seal(left, server.secret, _LEFT).hex()
        _put(server, answer, left_cookie_name(server), sealed)


def who_left(request: AnyRequest, token: str) -> str | None:
    """Return who signed out in this browser, if a form carries the token of their session.

    Parameters
    ----------
    token : str
        The form's token. Without it a form could be taken for that of somebody else who sat at
        the same machine.
    """
    server: Server = request.app.state.server
    try:
        sealed = bytes.fromhex(request.cookies.get(left_cookie_name(server), ""))
    except ValueError:
        return None
    content = unseal(sealed, server.secret, _LEFT) if sealed else None
    if content is None:
        return None
    person, known = json.loads(content)
    same = hmac.compare_digest(str(known).encode(), token.encode("utf-8", "replace"))
    return str(person) if same else None


def put_sign_on(request: AnyRequest, answer: Response[Any], value: str) -> None:
    """Let the browser keep what it needs when it comes back from a provider."""
    server: Server = request.app.state.server
    _put(server, answer, sign_on_cookie_name(server), value, max_age=LIFETIME_S)


def drop_sign_on(request: AnyRequest, answer: Response[Any]) -> None:
    """Let the browser forget that a sign-in elsewhere was begun."""
    server: Server = request.app.state.server
    _put(server, answer, sign_on_cookie_name(server), "", max_age=0)


def welcome_visitor(request: AnyRequest) -> str | None:
    """Make sure that the forms of a page for visitors carry a token.

    Returns
    -------
    str or None
        The new visitor's number, to be kept by the browser with `put_visitor`; None if it brought
        one, or somebody is signed in.
    """
    server: Server = request.app.state.server
    state = request.scope["state"]
    if state.get("viewer") is not None:
        return None
    if _VISITOR.fullmatch(request.cookies.get(visitor_cookie_name(server), "")):
        return None
    visitor = secrets.token_urlsafe(32)
    state["form_token"] = form_token(visitor)
    return visitor


def put_visitor(request: AnyRequest, answer: Response[Any], visitor: str | None) -> None:
    """Let the browser keep the number of a new visitor."""
    if visitor is not None:
        server: Server = request.app.state.server
        _put(server, answer, visitor_cookie_name(server), visitor)


def agent_of(request: AnyRequest) -> str:
    """Return what the browser calls itself."""
    return str(request.headers.get("User-Agent", ""))[:AGENT_LENGTH]


def _put(
    server: Server, answer: Response[Any], name: str, value: str, max_age: int | None = None
) -> None:
    answer.set_cookie(
        name,
        value,
        max_age=max_age,
        path="/",
        secure=server.settings.secure,
        httponly=True,
        samesite="lax",
    )
