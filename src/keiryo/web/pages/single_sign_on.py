"""Signing in elsewhere: to a provider of the State and back, and linking one's account there.

Only somebody whom an account at the provider is linked to comes in, and with what was granted here.
The cookie that waits is deleted at every return, whatever comes of it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import quote

from litestar import Response, get
from litestar.params import FromPath
from litestar.response import Redirect

from keiryo.errors import KeiryoError, NotFoundError
from keiryo.people.accounts import account
from keiryo.people.oidc import SIGN_IN, Claims, OidcError, OidcProvider, begin, finish
from keiryo.people.oidc_accounts import (
    key_by_server,
    link,
    person_of_subject,
    seal_key_for_server,
)
from keiryo.people.permissions import person_of
from keiryo.people.sessions import FULL, PASSWORD, STEP_LIFETIME, open_session
from keiryo.web.addresses import address_of
from keiryo.web.answers import answer_error, in_words
from keiryo.web.confirming import is_confirmed
from keiryo.web.cookies import agent_of, drop_sign_on, put_sign_on, sign_on_cookie_name
from keiryo.web.pages.sign_in import OPEN, enter, next_path, server_of, shown_sign_in, viewer_step
from keiryo.web.sections import Section
from keiryo.web.server import Server
from keiryo.web.speaking import gettext as _
from keiryo.web.viewer import AnyRequest, Asking, NotPermittedError, Viewer

STRONG = frozenset({"mfa", "otp", "hwk"})
"""Ways of proving who one is that stand for a second factor here (RFC 8176)."""

BACK_FROM_LINKING = "/me/access?linked=1"


@get("/sign-in/with/{name:str}", opt=OPEN, sync_to_thread=True)
def go_to_provider(request: AnyRequest, name: FromPath[str]) -> Response[Any]:
    """Send the browser to a provider to sign in there."""
    wanted = next_path(request.query_params.get("next", "/"))
    provider = _provider(server_of(request), name)
    try:
        return _away(request, provider, wanted, SIGN_IN)
    except OidcError as error:
        return shown_sign_in(request, wanted, problem=in_words(error), http_status=502)


@get("/me/link/{name:str}", sync_to_thread=True)
def go_and_link(request: AnyRequest, viewer: Asking, name: FromPath[str]) -> Response[Any]:
    """Send the browser to a provider to link the account there; the password was just given."""
    provider = _provider(viewer.server, name)
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise NotPermittedError("this was asked from another site; nothing was done")
    if not is_confirmed(viewer):
        return Redirect("/me/access#elsewhere", status_code=303)
    purpose = _linking(viewer)
    return _away(request, provider, BACK_FROM_LINKING, purpose, fresh=True)


@get("/sign-in/with/{name:str}/back", opt=OPEN, sync_to_thread=True)
def come_back(request: AnyRequest, name: FromPath[str]) -> Response[Any]:
    """Take what the provider says, once, and do what it was asked for."""
    server = server_of(request)
    viewer: Viewer | None = request.scope["state"].get("viewer")
    provider = _provider(server, name)
    try:
        claims = finish(
            provider,
            secret=server.secret,
            browser_value=request.cookies.get(sign_on_cookie_name(server), ""),
            query={key: str(value) for key, value in request.query_params.items()},
            redirect_uri=_return_address(server, provider),
            now=server.now(),
        )
        if claims.purpose == SIGN_IN:
            answer = _signed_in(request, claims)
        else:
            answer = _linked(viewer, claims)
    except OidcError as error:
        if viewer is None:
            answer = shown_sign_in(request, "/", problem=in_words(error), http_status=401)
        else:
            answer = answer_error(request, error)
            answer.status_code = 401
    except KeiryoError as error:
        answer = answer_error(request, error)
    drop_sign_on(request, answer)
    return answer


def _away(
    request: AnyRequest, provider: OidcProvider, wanted: str, purpose: str, *, fresh: bool = False
) -> Response[Any]:
    server = server_of(request)
    begun = begin(
        provider,
        secret=server.secret,
        redirect_uri=_return_address(server, provider),
        return_to=wanted,
        now=server.now(),
        purpose=purpose,
        fresh=fresh,
    )
    answer = Redirect(begun.url, status_code=303)
    put_sign_on(request, answer, begun.browser_value)
    return answer


def _signed_in(request: AnyRequest, claims: Claims) -> Response[Any]:
    """Open a session for whom the account is linked to, if they are admitted."""
    server = server_of(request)
    person = person_of_subject(server.database, claims.issuer, claims.subject)
    known = None if person is None else account(server.database, person)
    if person is not None:
        with server.database.reading() as connection:
            found = person_of(connection, server.database.metadata, person)
    if person is None or known is None or found.state != "admitted":
        problem = _(
            "This account is linked to nobody who may sign in here. Sign in with your name and "
            "password and link it on your own page, or ask an administrator."
        )
        return shown_sign_in(request, next_path(claims.return_to), "", problem, 401)
    strong = not known.totp_confirmed or bool(STRONG.intersection(claims.amr))
    step = FULL if strong else PASSWORD
    hours = timedelta(hours=server.settings.session_hours)
    token = open_session(
        server.database,
        person,
        signing_key=key_by_server(server.database, person, secret=server.secret),
        step=step,
        address=address_of(request),
        agent=agent_of(request),
        now=server.now(),
        lifetime=hours if step == FULL else STEP_LIFETIME,
    )
    return enter(request, person, token, step, next_path(claims.return_to))


def _linked(viewer: Viewer | None, claims: Claims) -> Response[Any]:
    """Link the account, for the person who began it and nobody else."""
    if viewer is None or viewer_step(viewer) != FULL or claims.purpose != _linking(viewer):
        raise NotPermittedError(
            "this link was begun by somebody else; nothing was linked",
            "Sign in, and begin again on your own page.",
        )
    person = viewer.person.person
    link(viewer.whole, person, claims.issuer, claims.subject)
    if viewer.session is not None:
        key = viewer.session.signing_key(viewer.token)
        if key is not None and viewer.account.public_key in (None, key.key):
            seal_key_for_server(viewer.whole, person, key, secret=viewer.server.secret)
    return Redirect(BACK_FROM_LINKING, status_code=303)


def _linking(viewer: Viewer) -> str:
    return f"link {viewer.person.person}"


def _provider(server: Server, name: str) -> OidcProvider:
    for one in server.settings.oidc:
        if one.name == name:
            return one
    raise NotFoundError(
        "there is no such way to sign in", "The sign-in page shows those there are."
    )


def _return_address(server: Server, provider: OidcProvider) -> str:
    return f"{server.settings.address}/sign-in/with/{quote(provider.name, safe='')}/back"


SECTION = Section("single sign-on", handlers=(go_to_provider, go_and_link, come_back))
