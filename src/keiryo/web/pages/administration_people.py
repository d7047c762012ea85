"""One person, as administrators see and decide about them: roles, access, coming and going."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from keiryo.errors import ConflictError, KeiryoError, NotFoundError, RefusedError, UsageError
from keiryo.people import accounts, administration, oidc_accounts, sessions, tokens
from keiryo.people.displayed_names import rename
from keiryo.people.permissions import keys_in_force, person_of
from keiryo.web.answers import status_of
from keiryo.web.confirming import ask_again, said_once
from keiryo.web.pages.administration import (
    ADMIN,
    MOST_NAME,
    grant_typed,
    is_waiting,
    role_choices,
    scope_choices,
    shown_link,
)
from keiryo.web.pages.me import grant_row
from keiryo.web.rendering import render
from keiryo.web.sections import Section
from keiryo.web.speaking import gettext as _
from keiryo.web.viewer import AnyRequest, Asking, Viewer

PERSON = "/admin/people/{person:str}"


@get(PERSON, opt=ADMIN, sync_to_thread=True)
def person_page(request: AnyRequest, viewer: Asking, person: FromPath[str]) -> Response[Any]:
    """Show a person: roles with their acts, keys, sessions, programs."""
    done = {
        "shown": ("info", _("The link was made and shown already. If it was lost, make another.")),
        "sessions": ("done", _("Their sessions are ended.")),
    }
    notices = [said for name, said in done.items() if name in request.query_params]
    request.scope["state"]["notices"] = notices
    return _shown(request, viewer, person)


@post(f"{PERSON}/grant", status_code=200, opt=ADMIN, sync_to_thread=True)
def grant_role(request: AnyRequest, viewer: Asking, person: FromPath[str]) -> Response[Any]:
    """Grant a role."""

    def do() -> object:
        wanted = grant_typed(viewer)
        if wanted is None:
            raise UsageError("no role was chosen", "Choose one.")
        actor, now = viewer.actor(), viewer.server.now()
        return administration.grant(viewer.whole, actor, person, wanted, now)

    return _decided(request, viewer, person, _("You are about to grant a role."), do)


@post(f"{PERSON}/withdraw", status_code=200, opt=ADMIN, sync_to_thread=True)
def withdraw_role(request: AnyRequest, viewer: Asking, person: FromPath[str]) -> Response[Any]:
    """Withdraw a role."""

    def do() -> object:
        return administration.withdraw(
            viewer.whole,
            viewer.actor(),
            person,
            viewer.field("role"),
            viewer.field("scope"),
            viewer.server.now(),
            agreement=viewer.field("agreement") or None,
        )

    return _decided(request, viewer, person, _("You are about to withdraw a role."), do)


@post(f"{PERSON}/rename", status_code=200, opt=ADMIN, sync_to_thread=True)
def rename_person(request: AnyRequest, viewer: Asking, person: FromPath[str]) -> Response[Any]:
    """Change how a person is called."""

    def do() -> object:
        name = viewer.field("display_name")[:MOST_NAME]
        return rename(viewer.whole, viewer.actor(), person, name)

    what = _("You are about to change how a person is called.")
    return _decided(request, viewer, person, what, do)


@post(f"{PERSON}/suspend", status_code=200, opt=ADMIN, sync_to_thread=True)
def suspend_person(request: AnyRequest, viewer: Asking, person: FromPath[str]) -> Response[Any]:
    """Suspend a person; they are out at once."""
    what = _("You are about to suspend a person.")
    return _decided(request, viewer, person, what, _step(viewer, person, administration.suspend))


@post(f"{PERSON}/readmit", status_code=200, opt=ADMIN, sync_to_thread=True)
def readmit_person(request: AnyRequest, viewer: Asking, person: FromPath[str]) -> Response[Any]:
    """Readmit a person."""
    what = _("You are about to readmit a person.")
    return _decided(request, viewer, person, what, _step(viewer, person, administration.readmit))


@post(f"{PERSON}/leave", status_code=200, opt=ADMIN, sync_to_thread=True)
def person_leaves(request: AnyRequest, viewer: Asking, person: FromPath[str]) -> Response[Any]:
    """Record that a person has left, and forget who it was if that is asked for."""
    erase = viewer.field("erase") == "yes"

    def do() -> object:
        actor, now = viewer.actor(), viewer.server.now()
        return administration.leave(viewer.whole, actor, person, now, erase=erase)

    what = _("You are about to record that a person has left.")
    if erase:
        what = _("You are about to erase who a person is. This cannot be taken back.")
    return _decided(request, viewer, person, what, do)


@post(f"{PERSON}/revoke-key", status_code=200, opt=ADMIN, sync_to_thread=True)
def revoke_key(request: AnyRequest, viewer: Asking, person: FromPath[str]) -> Response[Any]:
    """Revoke a key of a person."""

    def do() -> object:
        key, now = viewer.field("key")[:MOST_NAME], viewer.server.now()
        return administration.revoke_key(viewer.whole, viewer.actor(), person, key, now)

    return _decided(request, viewer, person, _("You are about to revoke a key."), do)


@post(f"{PERSON}/end-sessions", status_code=200, opt=ADMIN, sync_to_thread=True)
def end_sessions(request: AnyRequest, viewer: Asking, person: FromPath[str]) -> Response[Any]:
    """End all sessions of a person; if it is oneself, all but this one."""
    here = None if viewer.session is None else viewer.session.session_id
    sessions.end_all(viewer.whole, person, viewer.server.now(), but=here)
    viewer.server.stores.close_person(person, but=here)
    return Redirect(f"/admin/people/{person}?sessions=1", status_code=303)


@post(f"{PERSON}/unlink", status_code=200, opt=ADMIN, sync_to_thread=True)
def unlink_person(request: AnyRequest, viewer: Asking, person: FromPath[str]) -> Response[Any]:
    """End the link of a person with an account elsewhere."""

    def do() -> None:
        oidc_accounts.unlink(viewer.whole, person, even_if_last=True)

    return _decided(request, viewer, person, _("You are about to end a link."), do)


@post(f"{PERSON}/reset", status_code=200, opt=ADMIN, sync_to_thread=True)
def reset_person(request: AnyRequest, viewer: Asking, person: FromPath[str]) -> Response[Any]:
    """Let a person begin anew, and show the link this once."""
    asked = ask_again(request, viewer, _("You are about to reset a person's sign-in."))
    if asked is not None:
        return asked
    factor = viewer.field("second_factor") == "yes"

    def make() -> str:
        actor, now = viewer.actor(), viewer.server.now()
        return administration.reset(viewer.whole, actor, person, now, second_factor=factor)

    after = f"/admin/people/{person}?shown=1"
    try:
        token = said_once(viewer, {"reset": person, "factor": factor}, make, after)
    except (RefusedError, UsageError) as error:
        return _shown(request, viewer, person, error)
    if token is None:
        return Redirect(after, status_code=303)
    known = accounts.account(viewer.whole, person)
    name = person if known is None else known.shown_name
    return shown_link(request, viewer, "/reset", token, person, name)


def _step(viewer: Viewer, person: str, service: Callable[..., object]) -> Callable[[], object]:
    return lambda: service(viewer.whole, viewer.actor(), person, viewer.server.now())


def _decided(
    request: AnyRequest, viewer: Viewer, person: str, what: str, do: Callable[[], object]
) -> Response[Any]:
    """Do something about a person, and show them again with what came of it."""
    asked = ask_again(request, viewer, what)
    if asked is not None:
        return asked
    try:
        do()
    except (RefusedError, UsageError, ConflictError) as error:
        return _shown(request, viewer, person, error)
    viewer.server.stores.close_person(person)  # who is suspended has no store open
    return Redirect(f"/admin/people/{person}", status_code=303)


def _shown(
    request: AnyRequest, viewer: Viewer, person: str, problem: KeiryoError | None = None
) -> Response[Any]:
    """Return the page of a person, with what could not be done."""
    database, now = viewer.whole, viewer.server.now()
    idle = timedelta(minutes=viewer.server.settings.idle_minutes)
    known = accounts.account(database, person)
    with database.reading() as connection:
        found = person_of(connection, viewer.metadata, person)
        keys = keys_in_force(connection, viewer.metadata, person)
    if known is None or found.state == "unknown":
        raise NotFoundError("there is no such person", "All of them are under Administration.")
    own = {} if viewer.form is None or problem is None else dict(viewer.form.items())
    programs = [one for one in tokens.tokens_of(database, person) if not one.is_over(now)]
    return render(
        request,
        "administration/person.html",
        http_status=200 if problem is None else status_of(problem),
        account=known,
        person=found,
        is_self=person == viewer.person.person,
        waiting=is_waiting(known) and found.state == "admitted",
        grants=[grant_row(grant, act_is_seen=True) for grant in found.grants],
        keys=keys,
        sessions=sessions.sessions_of(database, person, now, idle=idle),
        programs=programs,
        problem=problem,
        findings=list(getattr(problem, "findings", ())),
        typed={name: value for name, value in own.items() if isinstance(value, str)},
        roles=role_choices(),
        scopes=scope_choices(viewer),
        crumbs=[(_("Administration"), "/admin"), (known.shown_name, None)],
    )


SECTION = Section(
    "administration of people",
    handlers=(
        *(person_page, grant_role, withdraw_role, rename_person, suspend_person),
        *(readmit_person, person_leaves, revoke_key, end_sessions),
        *(unlink_person, reset_person),
    ),
)
