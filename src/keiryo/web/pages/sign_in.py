"""Signing in and out: a name and a password, the second factor, and the way back to the page.

The words never tell whether an account exists. What was typed when a session ended comes along
sealed, and stands in its form again afterwards.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import quote

from litestar import Response, get, post
from litestar.datastructures import FormMultiDict
from litestar.response import Redirect

from keiryo.people import sign_in as people_sign_in
from keiryo.people.accounts import account
from keiryo.people.errors import SignInError, TryLaterError
from keiryo.people.joining import register_first_key
from keiryo.people.oidc_accounts import key_by_server, seal_key_for_server
from keiryo.people.permissions import keys_in_force, people_are_set_up
from keiryo.people.sessions import PASSWORD, end_session, session_of
from keiryo.web.addresses import address_of
from keiryo.web.confirming import waiting_words
from keiryo.web.cookies import agent_of, drop_session, put_session, put_visitor, welcome_visitor
from keiryo.web.rendering import render
from keiryo.web.saved_forms import open_ticket, safe_path, server_providers
from keiryo.web.sections import Section
from keiryo.web.server import Server
from keiryo.web.speaking import gettext as _
from keiryo.web.viewer import AnyRequest, Asking, Viewer

MOST_TICKET = 1_200_000
OPEN = {"open": True}
STEP = {"step": PASSWORD}


@get("/sign-in", opt=OPEN, sync_to_thread=True)
def sign_in_page(request: AnyRequest) -> Response[Any]:
    """Show the form for name and password, and the ways to sign in elsewhere."""
    wanted = next_path(request.query_params.get("next", "/"))
    viewer: Viewer | None = request.scope["state"].get("viewer")
    if viewer is not None:
        return Redirect(_after(viewer_step(viewer), wanted), status_code=303)
    notices = []
    if "ready" in request.query_params:
        notices.append(("done", _("Your password is set. Sign in with it now.")))
    if "out" in request.query_params:
        notices.append(("done", _("You are signed out.")))
    if "changed" in request.query_params:
        notices.append(("done", _("Your new key is registered. Sign in again to use it.")))
    request.scope["state"]["notices"] = notices
    return shown_sign_in(request, wanted)


@post("/sign-in", status_code=200, opt=OPEN, sync_to_thread=True)
def give_password(request: AnyRequest) -> Response[Any]:
    """Open a session for who has this name and password."""
    state, server = request.scope["state"], server_of(request)
    form: FormMultiDict = state["form"]
    wanted, ticket = next_path(_text(form, "next")), _text(form, "ticket")[:MOST_TICKET]
    viewer: Viewer | None = state.get("viewer")
    if viewer is not None:
        return Redirect(_after(viewer_step(viewer), wanted), status_code=303)
    name = _text(form, "name")
    try:
        done = people_sign_in.sign_in(
            server.database,
            name,
            _text(form, "password"),
            address=address_of(request),
            agent=agent_of(request),
            now=server.now(),
            lifetime=timedelta(hours=server.settings.session_hours),
        )
    except SignInError:
        problem = _("This name and this password do not belong together, or may not sign in.")
        return shown_sign_in(request, wanted, ticket, problem, 401, name)
    except TryLaterError as error:
        words = waiting_words(error.seconds)
        answer = shown_sign_in(request, wanted, ticket, words, 429, name)
        answer.headers["Retry-After"] = str(error.seconds)
        return answer
    return enter(request, done.person, done.token, done.step, wanted, ticket)


@get("/sign-in/second", opt=STEP, sync_to_thread=True)
def second_page(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Ask for the code of the authenticator."""
    wanted = next_path(request.query_params.get("next", "/"))
    if viewer_step(viewer) != PASSWORD:
        return Redirect(wanted, status_code=303)
    return _shown_second(request, wanted)


@post("/sign-in/second", status_code=200, opt=STEP, sync_to_thread=True)
def give_second_factor(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Complete the session with a code of the authenticator or a recovery code."""
    server, wanted = viewer.server, next_path(viewer.field("next"))
    if viewer_step(viewer) != PASSWORD:
        return Redirect(wanted, status_code=303)
    try:
        token = people_sign_in.second_factor(
            viewer.whole,
            viewer.token,
            viewer.field("one_time_password"),
            address=address_of(request),
            now=server.now(),
            lifetime=timedelta(hours=server.settings.session_hours),
        )
    except SignInError as error:
        return _shown_second(request, wanted, f"{_(error.message)} {_(error.advice)}", 401)
    except TryLaterError as error:
        answer = _shown_second(request, wanted, waiting_words(error.seconds), 429)
        answer.headers["Retry-After"] = str(error.seconds)
        return answer
    return enter(request, viewer.person.person, token, "full", wanted)


@post("/sign-out", status_code=200, opt=STEP, sync_to_thread=True)
def sign_out(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """End the session, here and in the browser."""
    if viewer.session is not None:
        end_session(viewer.whole, viewer.session.session_id, viewer.server.now())
        viewer.server.stores.close(viewer.session.session_id)
    answer = Redirect("/sign-in?out=1", status_code=303)
    drop_session(request, answer)
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


def shown_sign_in(
    request: AnyRequest,
    wanted: str,
    ticket: str = "",
    problem: str | None = None,
    http_status: int = 200,
    name: str = "",
) -> Response[Any]:
    """Return the sign-in page for a visitor, with what was wrong."""
    server = server_of(request)
    visitor = welcome_visitor(request)
    with server.database.reading() as connection:
        set_up = people_are_set_up(connection, server.database.metadata)
    answer = render(
        request,
        "sign_in.html",
        http_status=http_status,
        next_path=wanted,
        ticket=ticket,
        expired=False,
        problem=problem,
        providers=server_providers(request, wanted, ticket),
        sign_in_name=name[:320],
        nobody_yet=not set_up,
    )
    put_visitor(request, answer, visitor)
    return answer


def enter(
    request: AnyRequest, person: str, token: str, step: str, wanted: str, ticket: str = ""
) -> Response[Any]:
    """Let the browser have a session that was opened, and lead to where it wanted to go."""
    server = server_of(request)
    if ticket:
        kept = open_ticket(server, person, ticket, server.now())
        if kept is not None:
            wanted = f"{kept}{'&' if '?' in kept else '?'}kept=1"
    if step != PASSWORD:
        _complete_key(server, person, token)
    answer = Redirect(_after(step, wanted), status_code=303)
    put_session(request, answer, token)
    return answer


def next_path(given: str) -> str:
    """Return the page that somebody wanted, if it is one of this server and no step of signing in.

    A backslash or a tab, which browsers read as something else, leads to the overview.
    """
    try:
        path = safe_path(given[:2_000])
    except ValueError:  # no address at all, such as //[
        return "/"
    ways = ("/sign-in", "/sign-out", "/set-up", "/invitation", "/reset")
    return "/" if path.split("?")[0].startswith(ways) else path


def viewer_step(viewer: Viewer) -> str:
    """Return the step of the session; a program's token is no step at all."""
    return "full" if viewer.session is None else viewer.session.step


def server_of(request: AnyRequest) -> Server:
    """Return what all requests share."""
    server: Server = request.app.state.server
    return server


def _shown_second(
    request: AnyRequest, wanted: str, problem: str | None = None, http_status: int = 200
) -> Response[Any]:
    return render(
        request,
        "sign_in/second.html",
        http_status=http_status,
        next_path=wanted,
        problem=problem,
    )


def _after(step: str, wanted: str) -> str:
    if step != PASSWORD:
        return wanted
    return "/sign-in/second" + ("" if wanted == "/" else f"?next={quote(wanted, safe='')}")


def _complete_key(server: Server, person: str, token: str) -> None:
    """Register the key that was opened if none is in force, and keep it for sign-in elsewhere.

    So what an interruption left undone, or a new key, is made whole at the next sign-in.
    """
    now = server.now()
    session = session_of(server.database, token, now)
    key = None if session is None else session.signing_key(token)
    if key is None:
        return
    with server.database.reading() as connection:
        known = keys_in_force(connection, server.database.metadata, person)
    if not known:
        register_first_key(server.database, server.state, person, key, now)
    found = account(server.database, person)
    if found is not None and found.oidc_subject is not None:
        kept = key_by_server(server.database, person, secret=server.secret)
        if kept is None and found.public_key in (None, key.key):
            seal_key_for_server(server.database, person, key, secret=server.secret)


def _text(form: FormMultiDict, name: str) -> str:
    value = form.get(name)
    return value if isinstance(value, str) else ""


SECTION = Section(
    "sign-in",
    handlers=(sign_in_page, give_password, second_page, give_second_factor, sign_out),
)
