"""What somebody typed is not lost: forms are kept while they are typed, and when they come late.

A form names itself by the path of its page. Its fields are kept in the books' database for the
person who typed them, filled in again when the page is opened, and forgotten once the form was
accepted. Where nobody is signed in (the session ended meanwhile), what was sent travels sealed in
a ticket through the sign-in, and is there again afterwards. A sign-in elsewhere takes no ticket
along: there it waits for its person at the server, under a path of its own.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from litestar import Request, Response
from litestar.datastructures import FormMultiDict
from litestar.response import Redirect
from sqlalchemy import delete, insert, select

from keiryo.dates import utc_text
from keiryo.people.keys import seal, unseal
from keiryo.people.secret import keyed_digest
from keiryo.people.sessions import token_hash
from keiryo.people.tables import SAVED_FORM, SESSION
from keiryo.storage.engine import Database
from keiryo.web.server import Server, cookie_name
from keiryo.web.viewer import NotPermittedError, Viewer

MAX_BYTES = 256 * 1024
FORM_FIELD = "_form"
"""Hidden field: the path of the page that has the form."""

NEVER_KEPT = "/protection/stores"
"""What is typed into forms below this path is kept nowhere but in a sealed store."""
PURPOSE = "typed form"
WAITING = "/forms/waiting"
"""Path below which a form waits for who signs in elsewhere."""


def saved_fields(viewer: Viewer, form: str) -> dict[str, str]:
    """Return what the viewer typed into a form and did not send yet; empty if nothing."""
    table = viewer.metadata.tables[SAVED_FORM]
    query = select(table.c.content).where(
        table.c.person == viewer.person.person, table.c.form == form
    )
    with viewer.whole.reading() as connection:
        content = connection.execute(query).scalar()
    return {} if content is None else dict(json.loads(content))


def save_fields(
    database: Database, person: str, form: str, fields: Mapping[str, str], now: datetime.datetime
) -> bool:
    """Keep what somebody typed; return whether it was small enough to be kept."""
    content = json.dumps(dict(fields), ensure_ascii=False)
    if len(content.encode()) > MAX_BYTES or not 0 < len(form) <= 300:
        return False
    _put(database, person, form, content, now)
    return True


def _put(database: Database, person: str, form: str, content: str, now: datetime.datetime) -> None:
    table = database.metadata.tables[SAVED_FORM]
    key = (table.c.person == person, table.c.form == form)
    values = {"person": person, "form": form, "saved_at": utc_text(now), "content": content}
    with database.writing() as connection:
        connection.execute(delete(table).where(*key))
        connection.execute(insert(table).values(**values))


def forget_fields(viewer: Viewer, form: str) -> None:
    """Forget what was typed, because it was accepted or given up."""
    _forget(viewer.whole, viewer.person.person, form)


def _forget(database: Database, person: str, form: str) -> None:
    table = database.metadata.tables[SAVED_FORM]
    with database.writing() as connection:
        connection.execute(delete(table).where(table.c.person == person, table.c.form == form))


def typed(form: FormMultiDict) -> dict[str, str]:
    """Return the fields that a person typed: texts, but none of ours and no password."""
    return {
        name: value
        for name, value in form.multi_items()
        if isinstance(value, str) and not name.startswith("_") and "password" not in name
    }


def form_path(request: Request[Any, Any, Any], form: FormMultiDict) -> str:
    """Return the path of the page that a form came from; only a path of this server."""
    given = form.get(FORM_FIELD) or _path_of(request.headers.get("Referer", ""))
    return safe_path(given if isinstance(given, str) else "")


def _path_of(address: str) -> str:
    try:
        return urlsplit(address).path
    except ValueError:  # no address at all, such as http://[
        return ""


def safe_path(given: str) -> str:
    """Return a path and query of this server, or ``"/"`` for anything else (open redirect)."""
    try:
        parts = urlsplit(given)
    except ValueError:
        return "/"
    plain = given.isprintable() and "\\" not in given and not parts.scheme and not parts.netloc
    return given if plain and given.startswith("/") and not given.startswith("//") else "/"


def kept_for_later(request: Request[Any, Any, Any], form: FormMultiDict) -> Response[Any]:
    """Keep what was sent without doing it, and lead to the form or to the sign-in.

    Raises
    ------
    NotPermittedError
        If somebody else is signed in by now than who typed it; it is kept for who did.
    """
    from keiryo.web.cookies import who_left

    server: Server = request.app.state.server
    viewer: Viewer | None = request.scope["state"].get("viewer")
    path, fields = form_path(request, form), typed(form)
    if request.url.path.startswith(NEVER_KEPT):
        path, fields = NEVER_KEPT, {}
    token = request.headers.get("X-Form-Token") or form.get("_form_token")
    whose = who_left(request, token if isinstance(token, str) else "")
    if viewer is not None and whose in (None, viewer.person.person):
        save_fields(server.database, viewer.person.person, path, fields, server.now())
        return Redirect(f"{path}{'&' if '?' in path else '?'}kept=1", status_code=303)
    if viewer is not None and whose is not None:
        save_fields(server.database, whose, path, fields, server.now())
        raise NotPermittedError(
            "this form was filled in by somebody who has signed out; nothing was done",
            "What was typed is kept for them. Load the page again for a form of your own.",
        )
    whose = whose or _last_person(server, request)
    ticket = ""
    content = json.dumps({"form": path, "fields": fields, "person": whose}, ensure_ascii=False)
    if fields and whose and len(content.encode()) <= MAX_BYTES:
        ticket = seal(content.encode(), server.secret, PURPOSE).hex()
        if server.settings.oidc:
            waiting = _waiting_path(server, whose, path)
            _put(server.database, whose, waiting, content, server.now())
    return expired_page(request, path, ticket)


def expired_page(request: Request[Any, Any, Any], path: str, ticket: str) -> Response[Any]:
    """Return the sign-in page that carries a sealed form through the sign-in."""
    from keiryo.web.cookies import put_visitor, welcome_visitor
    from keiryo.web.rendering import render

    visitor = welcome_visitor(request)
    answer = render(
        request,
        "sign_in.html",
        http_status=401,
        next_path=path,
        ticket=ticket,
        expired=True,
        problem=None,
        providers=server_providers(request, path, ticket),
        sign_in_name="",
    )
    put_visitor(request, answer, visitor)
    return answer


def _last_person(server: Server, request: Request[Any, Any, Any]) -> str | None:
    """Return whose the session was that the browser still names, ended or not."""
    table = server.database.metadata.tables[SESSION]
    digest = token_hash(request.cookies.get(cookie_name(server), ""))
    with server.database.reading() as connection:
        found = connection.execute(select(table.c.person).where(table.c.token_hash == digest))
        person = found.scalar()
    return None if person is None else str(person)


def server_providers(
    request: Request[Any, Any, Any], wanted: str = "/", ticket: str = ""
) -> list[dict[str, str]]:
    """Return the single sign-on providers as the sign-in page shows them.

    Parameters
    ----------
    wanted : str
        The page to be shown in the end.
    ticket : str
        What was typed, sealed: whoever signs in elsewhere finds it again as well.
    """
    server: Server = request.app.state.server
    data = _opened(server, ticket) if ticket and server.settings.oidc else None
    if data is not None:
        wanted = _waiting_path(server, str(data["person"]), str(data["form"]))
    query = "" if wanted == "/" else f"?next={quote(wanted)}"
    return [
        {"name": one.name, "href": f"/sign-in/with/{quote(one.name, safe='')}{query}"}
        for one in server.settings.oidc
    ]


def _opened(server: Server, ticket: str) -> dict[str, Any] | None:
    """Return what a ticket holds; None if it is none of this server."""
    try:
        content = unseal(bytes.fromhex(ticket), server.secret, PURPOSE)
    except ValueError:
        return None
    return None if content is None else dict(json.loads(content))


def open_ticket(server: Server, person: str, ticket: str, now: datetime.datetime) -> str | None:
    """Keep a form that waited through the sign-in for the person; return the path of its page."""
    data = _opened(server, ticket)
    if data is None or data.get("person") != person:  # somebody else signed in at the same machine
        return None
    form = str(data["form"])
    save_fields(server.database, person, form, data["fields"], now)
    _forget(server.database, person, _waiting_path(server, person, form))
    return safe_path(form)


def _waiting_path(server: Server, person: str, form: str) -> str:
    """Return where a form waits for its person while they sign in elsewhere; one for each form."""
    number = keyed_digest(server.secret, f"waiting form\n{person}\n{form}")
    return f"{WAITING}/{number}"


def take_waiting(viewer: Viewer, waiting: str) -> str | None:
    """Put a form that waited for the viewer where it belongs; return the path of its page."""
    kept = saved_fields(viewer, waiting)
    if not kept:
        return None
    fields: Any = kept["fields"]
    form = kept["form"]
    save_fields(viewer.whole, viewer.person.person, form, fields, viewer.server.now())
    forget_fields(viewer, waiting)
    return safe_path(form)
