"""The door: before any page or answer, who asks, whether they may, and whether they meant to.

Every route is closed unless it says otherwise: ``opt`` of a handler may have

- ``open=True``: for everybody, signed in or not;
- ``step="password"``: also while the second factor is still missing;
- ``reads="accounts"``: only for who may read something of that capability;
- ``ability="administer"``: only for who holds a role with that ability;
- ``hidden=True``: for programs with a token it does not exist.

A request that changes anything must come from a form of this server (OWASP, Cross-Site Request
Forgery Prevention): it carries the form token of its session, and no header that says it came
from elsewhere. Programs with a token in the Authorization header have no cookie and need none.
"""

from __future__ import annotations

import datetime
from functools import partial
from typing import Any
from urllib.parse import quote, urlsplit

from litestar import Response
from litestar.concurrency import sync_to_thread
from litestar.datastructures import FormMultiDict
from litestar.exceptions import ClientException, HTTPException, SerializationException
from litestar.response import Redirect
from sqlalchemy import Connection

from keiryo.errors import UsageError
from keiryo.people.accounts import find_account
from keiryo.people.model import Person
from keiryo.people.permissions import person_of
from keiryo.people.sessions import Session, find_session, form_token, is_form_token, note_use
from keiryo.people.tokens import ApiToken, find_token
from keiryo.people.tokens import note_use as note_token_use
from keiryo.people.views import PEOPLE
from keiryo.web.addresses import address_of
from keiryo.web.api.answering import require_writing
from keiryo.web.remembered import Head, head_of
from keiryo.web.rendering import choose_looks
from keiryo.web.saved_forms import NEVER_KEPT, kept_for_later
from keiryo.web.server import Server, cookie_name, visitor_cookie_name
from keiryo.web.speaking import speak_on
from keiryo.web.typed_numbers import whole_number
from keiryo.web.viewer import AnyRequest, NotPermittedError, Viewer

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
TOKEN_HEADER = "X-Form-Token"
TOKEN_FIELD = "_form_token"
API = "/api/"
TYPED = "application/x-www-form-urlencoded"
MOST_FIELDS = 20_000
"""Fields that a typed form may have."""
STRANGERS_BYTES = 1024 * 1024
"""How large a form of nobody in particular may be; what was typed into one is kept up to less.
As large as a file may be that the framework holds in memory, and so for sealed stores too."""
_TOO_MUCH = "Request Entity Too Large"
"""What the framework says of a form with too many parts, or with too long a heading of one."""


async def door(request: AnyRequest) -> Response[Any] | None:
    """Let a request in, or answer it here."""
    server: Server = request.app.state.server
    state, opt = request.scope["state"], request.route_handler.opt
    choose_looks(request)
    if opt.get("static"):
        return None
    viewer = await sync_to_thread(_viewer, server, request)
    _keep_to_the_rate(request, server, viewer)
    if viewer is not None:
        state["viewer"], state["language"] = viewer, viewer.language
        speak_on(viewer.language)
        state["theme"] = viewer.theme or state["theme"]
        if viewer.session is not None:
            state["form_token"] = form_token(viewer.token)
    else:
        visitor = request.cookies.get(visitor_cookie_name(server), "")
        state["form_token"] = form_token(visitor) if visitor else ""
    if request.method not in SAFE_METHODS:
        form = await _form(request, viewer)
        refused = await _meant(request, server, viewer, form)
        if refused is not None:
            return refused
        state["form"] = form
        if request.url.path == "/forms/save":
            state["json"] = await _json(request)
        if viewer is not None:
            viewer.form = form
    if opt.get("open"):
        return None
    return _enter(request, viewer)


def _keep_to_the_rate(request: AnyRequest, server: Server, viewer: Viewer | None) -> None:
    """Refuse what comes too fast: to the API, and to the sign-in from who is not signed in."""
    path = request.url.path
    if not path.startswith(API) and (viewer is not None or not path.startswith("/sign-in")):
        return
    asker = None
    if viewer is not None and viewer.api_token is not None:
        asker = viewer.api_token.token_id
    elif viewer is not None and viewer.session is not None:
        asker = viewer.session.session_id
    if wait := server.rates.wait_s(asker, address_of(request)):
        raise HTTPException(status_code=429, headers={"Retry-After": str(wait)})


def _enter(request: AnyRequest, viewer: Viewer | None) -> Response[Any] | None:
    opt, path = request.route_handler.opt, request.url.path
    if viewer is None:
        if path.startswith(API):
            told = {"WWW-Authenticate": 'Bearer realm="keiryo"'}
            raise HTTPException(status_code=401, detail="sign in, or send a token", headers=told)
        target = path + (f"?{request.url.query}" if request.url.query else "")
        return Redirect(f"/sign-in?next={quote(target, safe='')}", status_code=303)
    session = viewer.session
    if session is not None and session.step != "full" and opt.get("step") != session.step:
        if path.startswith(API):
            raise NotPermittedError("the second factor is still missing", "Give it first.")
        return Redirect("/sign-in/second", status_code=303)
    if viewer.api_token is not None and opt.get("hidden"):
        raise HTTPException(status_code=404)
    if viewer.api_token is not None and not path.startswith((API, "/metrics")):
        raise NotPermittedError("a token is for the API", "Sign in to see pages.")
    if request.method not in SAFE_METHODS:
        require_writing(viewer)
    if "ability" in opt:
        viewer.require(opt["ability"])
    if "reads" in opt and not viewer.reads(opt["reads"]):
        raise NotPermittedError(
            "this page is not for you", "Ask an administrator for the role that it takes."
        )
    _require_known_parameters(request)
    return None


def _require_known_parameters(request: AnyRequest) -> None:
    """Refuse a question to the API with a parameter that would be ignored: it may be misspelt.

    Raises
    ------
    UsageError
        If there is one; it names those that are known.
    """
    known = request.app.state.parameters.get(id(request.route_handler))
    if known is None:
        return
    unknown = [name for name in dict.fromkeys(request.query_params) if name not in known]
    if unknown:
        shown = ", ".join(repr(name[:40]) for name in unknown[:8])
        listed = ", ".join(sorted(known)) or "none"
        raise UsageError(f"there is no parameter {shown} here", f"Known here: {listed}.")


def _viewer(server: Server, request: AnyRequest) -> Viewer | None:
    """Return who asks, or None; a person who was suspended is nobody from that moment."""
    now, state = server.now(), request.scope["state"]
    database, metadata = server.database, server.database.metadata
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    token = given.strip() if scheme else request.cookies.get(cookie_name(server), "")
    if not token or scheme.lower() not in ("", "bearer"):
        return None
    idle = datetime.timedelta(minutes=server.settings.idle_minutes)
    session: Session | None = None
    api_token: ApiToken | None = None
    with database.reading() as connection:  # one moment for all that decides who asks
        if scheme:
            api_token = find_token(connection, metadata, token, now)
        else:
            session = find_session(connection, metadata, token, now, idle=idle)
        found = api_token or session
        if found is None:
            return None
        head = head_of(connection, metadata)
        person = _person(server, connection, head, found.person)
        known = find_account(connection, metadata, found.person)
    if person.state != "admitted":
        return None
    if api_token is not None:
        note_token_use(database, api_token, now)
        plain = {"read", "write"} & set(api_token.abilities)
        if not plain and not request.url.path.startswith("/metrics"):
            return None
    elif session is not None:
        note_use(database, session, now)
    if known is None:
        return None
    state["head"] = head
    language = known.language or state["language"]
    # Whoever posts looks again what is the newest.
    newest = head if request.method in SAFE_METHODS else None
    return Viewer(server, person, known, token, session, api_token, language, head=newest)


def _person(server: Server, connection: Connection, head: Head, person: str) -> Person:
    """Return a person with the grants in force, remembered as of the last act about people."""
    metadata = server.database.metadata
    last = server.last_acts.of_capability(PEOPLE, connection, head)
    if last is None:
        return person_of(connection, metadata, person)
    read = partial(person_of, connection, metadata, person)
    return server.remembered.get(("person", person), last, read)


async def _form(request: AnyRequest, viewer: Viewer | None) -> FormMultiDict:
    """Return the form that was sent; an empty one for any other content.

    Forms are taken apart before anybody knows whether they were meant, so nobody gets to send
    much: of a stranger a large form is not read at all.
    """
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind not in (TYPED, "multipart/form-data"):
        return FormMultiDict([])
    if viewer is None and not _is_small(request):
        return FormMultiDict([])
    if request.url.path.startswith(NEVER_KEPT) and not _is_small(request):
        raise HTTPException(status_code=413)  # the framework writes a larger file to the disk
    if kind == TYPED and (await request.body()).count(b"&") >= MOST_FIELDS:
        raise HTTPException(status_code=413)
    try:
        return await request.form()
    except (LookupError, UnicodeError):  # a charset that does not exist or does not fit
        raise HTTPException(status_code=400, detail="the form cannot be read") from None
    except ClientException as error:
        if error.status_code != 400:
            raise
        if str(error.detail) == _TOO_MUCH:
            raise UsageError(
                "a file that was sent has too long a name, or too many were sent; nothing was done",
                "Give each file a name of at most 200 signs, or send fewer at once.",
            ) from None
        raise UsageError(
            "what was sent cannot be read as a form; nothing was done",
            "Load the page again and choose the files once more.",
        ) from None


def _is_small(request: AnyRequest) -> bool:
    """Return whether a request says that it brings no more than a stranger may send."""
    given = request.headers.get("Content-Length", "")
    size_bytes = whole_number(given, 9)
    return size_bytes is not None and size_bytes <= STRANGERS_BYTES


async def _json(request: AnyRequest) -> Any:
    try:
        return await request.json()
    except (SerializationException, RecursionError):
        return None


async def _meant(
    request: AnyRequest, server: Server, viewer: Viewer | None, form: FormMultiDict
) -> Response[Any] | None:
    """Refuse a request that another site may have made the browser send."""
    if viewer is not None and viewer.api_token is not None:
        return None
    if not viewer and request.url.path.startswith(API):
        return None  # nobody: refused by the door itself, or open to all
    own = {urlsplit(server.settings.address).netloc, request.headers.get("Host", "")}
    origin = request.headers.get("Origin")
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    if site not in ("same-origin", "none") or (origin and _host_of(origin) not in own):
        raise NotPermittedError("this was sent from another site; nothing was done")
    given = request.headers.get(TOKEN_HEADER) or form.get(TOKEN_FIELD) or ""
    given = given if isinstance(given, str) else ""
    if viewer is not None:
        if is_form_token(viewer.token, given):
            return None
        if form and not request.url.path.startswith(API):  # typed before signing in anew
            return await _signed_out_meanwhile(request, form)
    else:
        visitor = request.cookies.get(visitor_cookie_name(server), "")
        if visitor and is_form_token(visitor, given):
            return None
        if not request.route_handler.opt.get("open"):
            return await _signed_out_meanwhile(request, form)
    raise NotPermittedError(
        "this form does not belong to your session; nothing was done",
        "Go back, load the page again and send it once more.",
    )


def _host_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:  # no address at all, such as http://[
        return None


async def _signed_out_meanwhile(request: AnyRequest, form: FormMultiDict) -> Response[Any]:
    """Do nothing, but keep what was typed: it is there again after signing in."""
    return await sync_to_thread(kept_for_later, request, form)
