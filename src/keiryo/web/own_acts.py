"""What a browser has posted: its next pages are never older than that.

Where others post all the time, some pages are shown a little behind. Whoever has just done
something in this browser must find it there, whichever process answers: so the browser keeps the
number of the act that was the last one when its request was done. It is no secret and no right;
a wrong number makes its own browser wait, and nothing else.
"""

from __future__ import annotations

from http.cookies import Morsel, SimpleCookie
from typing import TYPE_CHECKING, Any

from litestar import Response
from litestar.concurrency import sync_to_thread
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from keiryo.web.remembered import Head, head_of
from keiryo.web.server import Server
from keiryo.web.typed_numbers import whole_number

if TYPE_CHECKING:
    from keiryo.web.viewer import AnyRequest


def own_acts_cookie_name(server: Server) -> str:
    """Return the name of the cookie with the last act of what was done in a browser."""
    return "__Host-keiryo-known" if server.settings.secure else "keiryo_known"


def last_own_act(request: AnyRequest) -> int:
    """Return the act that pages for this browser must know; 0: any will do."""
    server: Server = request.app.state.server
    given = request.cookies.get(own_acts_cookie_name(server), "")
    return whole_number(given) or 0


def put_own_acts(request: AnyRequest, answer: Response[Any]) -> None:
    """Let the browser know that what was done for it, by a job, has been done by now."""
    server: Server = request.app.state.server
    morsel = _cookie(server, _head(server).act_id)
    answer.set_cookie(
        morsel.key,
        morsel.value,
        path="/",
        secure=server.settings.secure,
        httponly=True,
        samesite="lax",
    )


def with_own_acts(app: ASGIApp, server: Server) -> ASGIApp:
    """Return the application, its answers telling a browser the last act of what it has done."""

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                state: dict[str, Any] = dict(scope["state"])
                viewer, before = state.get("viewer"), state.get("head")
                if viewer is not None and viewer.session is not None and before is not None:
                    after = await sync_to_thread(_head, server)
                    if after.act_id > before.act_id:
                        headers = MutableScopeHeaders.from_message(message)
                        headers.add("Set-Cookie", _cookie(server, after.act_id).OutputString())
            await send(message)

        await app(scope, receive, sending)

    return answered


def _head(server: Server) -> Head:
    with server.database.reading() as connection:
        return head_of(connection, server.database.metadata)


def _cookie(server: Server, act: int) -> Morsel[str]:
    name = own_acts_cookie_name(server)
    jar: SimpleCookie = SimpleCookie({name: str(act)})
    morsel = jar[name]
    morsel["path"], morsel["samesite"], morsel["httponly"] = "/", "Lax", True
    if server.settings.secure:
        morsel["secure"] = True
    return morsel
