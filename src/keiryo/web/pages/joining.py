"""Coming in: the first administrator, an invitation, a new password after a reset.

Whoever opens these pages has a link that works once and is in nobody's way otherwise. The token
in it goes on in the form, not in an address; from the page nothing is told where it was opened.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from litestar import Response, get, post
from litestar.datastructures import FormMultiDict
from litestar.response import Redirect

from keiryo.errors import Finding, NotFoundError, RefusedError
from keiryo.people import accounts, joining, one_time
from keiryo.people.administration_checks import name_problems
from keiryo.people.errors import SignInError
from keiryo.people.passwords import LONGEST, SHORTEST, password_problems
from keiryo.people.permissions import people_are_set_up
from keiryo.web.answers import in_words
from keiryo.web.cookies import put_visitor, welcome_visitor
from keiryo.web.pages.sign_in import OPEN, server_of
from keiryo.web.rendering import render
from keiryo.web.sections import Section
from keiryo.web.speaking import gettext as _
from keiryo.web.viewer import AnyRequest

MOST_TOKEN, MOST_NAME = 100, 400
FIELD_OF = {"SIGN-IN-NAME": "sign_in_name", "DISPLAY-NAME": "display_name", "PASSWORD": "password"}
"""The field to which findings belong, by how their code begins."""

SET_UP, INVITATION, RESET = "/set-up", "/invitation", "/reset"
PURPOSES = {
    SET_UP: one_time.FIRST_ADMINISTRATOR,
    INVITATION: one_time.INVITATION,
    RESET: one_time.RESET,
}


@get(SET_UP, opt=OPEN, sync_to_thread=True)
def set_up_page(request: AnyRequest) -> Response[Any]:
    """Ask who the first administrator is, while nobody was ever admitted."""
    _require_nobody(request)
    return _opened(request, SET_UP)


@post(SET_UP, status_code=200, opt=OPEN, sync_to_thread=True)
def set_up(request: AnyRequest) -> Response[Any]:
    """Admit the first administrator."""
    _require_nobody(request)
    return _chosen(request, SET_UP)


@get(INVITATION, opt=OPEN, sync_to_thread=True)
def invitation_page(request: AnyRequest) -> Response[Any]:
    """Ask somebody who was admitted for a password."""
    return _opened(request, INVITATION)


@post(INVITATION, status_code=200, opt=OPEN, sync_to_thread=True)
def accept_invitation(request: AnyRequest) -> Response[Any]:
    """Take up an invitation."""
    return _chosen(request, INVITATION)


@get(RESET, opt=OPEN, sync_to_thread=True)
def reset_page(request: AnyRequest) -> Response[Any]:
    """Ask somebody who lost the password for a new one."""
    return _opened(request, RESET)


@post(RESET, status_code=200, opt=OPEN, sync_to_thread=True)
def accept_reset(request: AnyRequest) -> Response[Any]:
    """Take a new password."""
    return _chosen(request, RESET)


def password_rules() -> list[str]:
    """Return what a password has to be, said beforehand."""
    return [
        _(
            "From %(shortest)s to %(longest)s characters; any are welcome, spaces too.",
            shortest=SHORTEST,
            longest=LONGEST,
        ),
        _("None that is tried first, no pattern, not just your name or the name of the program."),
        _("No digits or signs are required, and it never has to be changed for its age."),
    ]


def by_field(findings: Iterable[Finding], default: str = "") -> dict[str, str]:
    """Return findings as texts beside the fields of a form."""
    found: dict[str, str] = {}
    for one in findings:
        name = next((f for code, f in FIELD_OF.items() if one.code.startswith(code)), default)
        text = in_words(one)
        found[name] = f"{found[name]} {text}" if name in found else text
    return found


def _require_nobody(request: AnyRequest) -> None:
    database = server_of(request).database
    with database.reading() as connection:
        if people_are_set_up(connection, database.metadata):
            raise NotFoundError("there is no such page", "The menu leads to all pages.")


def _opened(request: AnyRequest, way: str) -> Response[Any]:
    return _shown(request, way, str(request.query_params.get("token", ""))[:MOST_TOKEN], {})


def _shown(
    request: AnyRequest,
    way: str,
    token: str,
    typed: dict[str, str],
    errors: dict[str, str] | None = None,
    http_status: int = 200,
) -> Response[Any]:
    """Return the form, or the page that says that the link is of no use any more."""
    server = server_of(request)
    person = one_time.look(server.database, token, PURPOSES[way], server.now())
    if person is None:
        return _void(request, way)
    return _answered(
        request,
        "sign_in/choose_password.html",
        http_status,
        way=way,
        token=token,
        typed=typed,
        errors=errors or {},
        account=None if way == SET_UP else accounts.account(server.database, person),
        rules=password_rules(),
    )


def _void(request: AnyRequest, way: str) -> Response[Any]:
    return _answered(request, "sign_in/void_link.html", 410, first=way == SET_UP)


def _answered(
    request: AnyRequest, template: str, http_status: int, **shown: object
) -> Response[Any]:
    """Return a page for a visitor; its address, which may hold the token, is told to no other."""
    visitor = welcome_visitor(request)
    answer = render(request, template, http_status=http_status, **shown)
    put_visitor(request, answer, visitor)
    answer.headers["Referrer-Policy"] = "strict-origin"
    return answer


def _chosen(request: AnyRequest, way: str) -> Response[Any]:
    form: FormMultiDict = request.scope["state"]["form"]
    server = server_of(request)
    token = _text(form, "password_token", MOST_TOKEN)
    typed = {n: _text(form, n, MOST_NAME).strip() for n in ("sign_in_name", "display_name")}
    password, again = (_text(form, n, 10_000) for n in ("password", "password_again"))
    person = one_time.look(server.database, token, PURPOSES[way], server.now())
    if person is None:
        return _void(request, way)
    errors: dict[str, str] = {}
    if password != again:
        errors = by_field(_problems(request, way, person, typed, password))
        errors["password_again"] = _("The two passwords are not the same. Type it twice.")
        return _shown(request, way, token, typed, errors, 422)
    now = server.now()
    try:
        if way == SET_UP:
            joining.first_administrator(
                server.database, server.state, token, password=password, now=now, **typed
            )
        else:
            accept = joining.accept_invitation if way == INVITATION else joining.accept_reset
            accept(server.database, server.state, token, password=password, now=now)
    except RefusedError as error:
        return _shown(request, way, token, typed, by_field(error.findings, "password"), 422)
    except SignInError:
        return _void(request, way)
    return Redirect("/sign-in?ready=1", status_code=303)


def _problems(
    request: AnyRequest, way: str, person: str, typed: dict[str, str], password: str
) -> list[Finding]:
    """Return what else is wrong, so that everything is said at once."""
    database = server_of(request).database
    if way == SET_UP:
        with database.reading() as connection:
            found = list(name_problems(connection, database.metadata, **typed))
        return found + password_problems(password, names=list(typed.values()))
    known = accounts.account(database, person)
    names = [] if known is None else [known.sign_in_name or "", known.display_name or ""]
    return password_problems(password, names=names)


def _text(form: FormMultiDict, name: str, most: int) -> str:
    value = form.get(name)
    return value[:most] if isinstance(value, str) else ""


SECTION = Section(
    "joining",
    handlers=(
        *(set_up_page, set_up, invitation_page, accept_invitation),
        *(reset_page, accept_reset),
    ),
)
