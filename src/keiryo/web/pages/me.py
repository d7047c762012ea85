"""One's own page: who one is here, what was granted and by which act, programs, recent jobs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from litestar import Response, get, post
from litestar.response import Redirect

from keiryo.errors import RefusedError, UsageError
from keiryo.people import tokens
from keiryo.people.displayed_names import rename
from keiryo.people.model import ROLES, Grant
from keiryo.web.answers import in_words
from keiryo.web.confirming import ask_again, said_once
from keiryo.web.jobs import Jobs
from keiryo.web.pages.joining import MOST_NAME, by_field
from keiryo.web.rendering import render
from keiryo.web.saved_forms import forget_fields, saved_fields
from keiryo.web.sections import OverviewPart, Section
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.typed_numbers import whole_number
from keiryo.web.viewer import AnyRequest, Asking, Viewer

LIFETIMES_DAYS = (7, 30, 90, 180, 366)
ABILITIES = ("read", "write", "metrics")
JOBS_SHOWN = 10
OWN, PROGRAMS = "/me", "/me/programs"
TOKEN_FIELDS = ("name", "scope", "days")


def tabs(here: str) -> list[tuple[str, str, bool]]:
    """Return the parts of one's own page."""
    parts = [(_("About me"), "/me"), (_("Sign-in and keys"), "/me/access")]
    parts.append((_("Programs"), PROGRAMS))
    return [(title, href, href == here) for title, href in parts]


def grant_row(grant: Grant, *, act_is_seen: bool) -> dict[str, Any]:
    """Return a grant as a row of a table."""
    caveats = ", ".join(sorted(grant.caveats)) if "*" not in grant.caveats else _("all")
    number = str(grant.act_id)
    return {
        "role": _(grant.role),
        "doc": _(ROLES[grant.role].doc),
        "scope": grant.scope,
        "agreement": grant.agreement or _("any"),
        "caveats": caveats or _("none"),
        "act": (number, f"/journal/acts/{number}") if act_is_seen else number,
        "grant": grant,
    }


def grant_columns() -> list[dict[str, Any]]:
    """Return the columns of a table of grants."""
    return [
        {"key": "role", "title": _("Role")},
        {"key": "scope", "title": _("Where"), "kind": "code"},
        {"key": "agreement", "title": _("Agreement")},
        {"key": "caveats", "title": _("Caveats that may be seen")},
        {"key": "act", "title": _("Granted by act"), "kind": "number"},
        {"key": "doc", "title": _("What it is for")},
    ]


@get(OWN, sync_to_thread=True)
def own_page(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Show who one is here, the roles with the acts that granted them, and recent jobs."""
    if "renamed" in request.query_params:
        request.scope["state"]["notices"] = [("done", _("Your name is changed."))]
    return _shown_about(request, viewer, saved_fields(viewer, OWN).get("display_name"))


@post(f"{OWN}/name", status_code=200, sync_to_thread=True)
def change_own_name(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Change how one is called."""
    asked = ask_again(request, viewer, _("You are about to change how you are called."))
    if asked is not None:
        return asked
    name = viewer.field("display_name")[:MOST_NAME]
    try:
        rename(viewer.whole, viewer.actor(), viewer.person.person, name)
    except RefusedError as error:
        return _shown_about(request, viewer, name, by_field(error.findings, "display_name"))
    forget_fields(viewer, OWN)
    return Redirect(f"{OWN}?renamed=1", status_code=303)


@get(PROGRAMS, sync_to_thread=True)
def programs_page(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Show the tokens of one's programs, and the form for a new one."""
    if "shown" in request.query_params:
        words = _("This token was made and shown already. If you lost it, revoke it; make another.")
        request.scope["state"]["notices"] = [("info", words)]
    return _shown_programs(request, viewer)


@post("/me/programs/new", status_code=200, sync_to_thread=True)
def make_program_token(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Make a token for a program, and show it this once."""
    asked = ask_again(request, viewer, _("You are about to make a token for a program."))
    if asked is not None:
        return asked
    typed: dict[str, Any] = {name: viewer.field(name) for name in TOKEN_FIELDS}
    given = [] if viewer.form is None else viewer.form.getall("abilities", [])
    typed["abilities"] = sorted({one for one in given if isinstance(one, str)})
    lifetime = timedelta(days=whole_number(typed["days"], 5) or 0)
    key = None if viewer.session is None else viewer.session.signing_key(viewer.token)

    def make() -> str:
        token, _made = tokens.make_token(
            viewer.whole,
            viewer.person.person,
            name=str(typed["name"]),
            abilities=typed["abilities"],
            scope=_own_scope(viewer, str(typed["scope"])),
            lifetime=lifetime,
            signing_key=key,
            now=viewer.server.now(),
        )
        return token

    try:
        token = said_once(viewer, {"program": repr(typed)}, make, f"{PROGRAMS}?shown=1")
    except UsageError as error:
        return _shown_programs(request, viewer, typed, in_words(error), 422)
    forget_fields(viewer, PROGRAMS)
    if token is None:
        return Redirect(f"{PROGRAMS}?shown=1", status_code=303)
    return render(
        request,
        "me/token.html",
        token=token,
        name=typed["name"],
        crumbs=[(_("My page"), "/me"), (_("Programs"), PROGRAMS), (_("New token"), None)],
    )


@post("/me/programs/revoke", status_code=200, sync_to_thread=True)
def revoke_program_token(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Revoke a token of one's own."""
    person, now = viewer.person.person, viewer.server.now()
    tokens.revoke_token(viewer.whole, viewer.field("token_id"), now, person=person)
    return Redirect(PROGRAMS, status_code=303)


def _shown_about(
    request: AnyRequest,
    viewer: Viewer,
    name: str | None = None,
    errors: dict[str, str] | None = None,
) -> Response[Any]:
    jobs: Jobs = request.app.state.jobs
    seen = viewer.reads("people")
    return render(
        request,
        "me/about.html",
        http_status=422 if errors else 200,
        display_name=viewer.account.display_name or "" if name is None else name,
        errors=errors or {},
        columns=grant_columns(),
        grants=[grant_row(grant, act_is_seen=seen) for grant in viewer.person.grants],
        jobs=jobs.jobs_of(viewer, JOBS_SHOWN),
        tabs=tabs(OWN),
        crumbs=[(_("My page"), None)],
    )


def _own_scope(viewer: Viewer, given: str) -> str | None:
    """Return the scope of a token: one of those that are offered, or no narrower than oneself."""
    if given and given not in _scopes(viewer):
        raise UsageError("this is no place of yours", "Choose one from the list.")
    return given or None


def _scopes(viewer: Viewer) -> list[str]:
    granted = {grant.scope for grant in viewer.person.grants}
    places = {area.scope for area in viewer.areas.values()} if viewer.reads("places") else set()
    return sorted(granted | places)


def _waiting(viewer: Viewer) -> dict[str, Any]:
    """Return what was typed before the session ended, or what a new form begins with."""
    kept: dict[str, Any] = {**saved_fields(viewer, PROGRAMS)}
    return {"days": "90", **kept, "abilities": [kept.get("abilities", "read")]}


def _shown_programs(
    request: AnyRequest,
    viewer: Viewer,
    typed: dict[str, Any] | None = None,
    problem: str | None = None,
    http_status: int = 200,
) -> Response[Any]:
    return render(
        request,
        "me/programs.html",
        http_status=http_status,
        tokens=tokens.tokens_of(viewer.whole, viewer.person.person),
        now=viewer.server.now(),
        typed=typed or _waiting(viewer),
        problem=problem,
        scopes=[("", _("wherever I may")), *((s, s) for s in _scopes(viewer))],
        lifetimes=LIFETIMES_DAYS,
        abilities=[
            ("read", _("Read what I may read")),
            ("write", _("Post what I may post, signed with my key")),
            ("metrics", _("Get the metrics of the server, and nothing else")),
        ],
        tabs=tabs(PROGRAMS),
        crumbs=[(_("My page"), "/me"), (_("Programs"), None)],
    )


def lacks_second_factor(viewer: Viewer) -> bool:
    """Return whether somebody signed in with a password and nothing else protects that."""
    return viewer.session is not None and not viewer.account.totp_confirmed


SECTION = Section(
    "me",
    handlers=(
        *(own_page, change_own_name),
        *(programs_page, make_program_token, revoke_program_token),
    ),
    overview=(
        OverviewPart(
            "second-factor",
            sentence("Your sign-in"),
            900,
            lacks_second_factor,
            lambda viewer: {},
            "me/overview.html",
        ),
    ),
)
