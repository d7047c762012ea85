"""Administration: who is here, admitting somebody, what roles may do, what takes four eyes.

Administrators admit and empower people; they read no material data. Each decision is an act, signed
by whoever took it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from litestar import Response, get, post
from litestar.response import Redirect, Stream
from sqlalchemy import func, select

from keiryo.errors import Finding, RefusedError
from keiryo.people import administration
from keiryo.people.accounts import Account, accounts
from keiryo.people.administration import FOUR_EYES
from keiryo.people.administration_checks import GrantWanted
from keiryo.people.model import ROLES, Person
from keiryo.people.permissions import people, release_policies
from keiryo.people.tables import JOB, RELEASE_POLICY, SESSION
from keiryo.places.tables import areas
from keiryo.web.confirming import ask_again, said_once
from keiryo.web.listing import ListColumn, RowList, shown_list
from keiryo.web.pages.joining import by_field
from keiryo.web.rendering import render
from keiryo.web.saved_forms import forget_fields, saved_fields
from keiryo.web.sections import Hit, MenuEntry, OverviewPart, Section
from keiryo.web.server import Server
from keiryo.web.speaking import gettext as _
from keiryo.web.translation import sentence
from keiryo.web.viewer import AnyRequest, Asking, Viewer

ADMIN: dict[str, Any] = {"ability": "administer"}
ADMIT = "/admin/admit"
GRANTS_AT_ONCE = 3
MOST_NAME = 400
STATES = ("admitted", "suspended", "left")

COLUMNS = (
    ListColumn("name", "Name", href=lambda row: f"/admin/people/{row['person']}"),
    ListColumn("sign_in_name", "Sign-in name"),
    ListColumn("person", "In the record", "code"),
    ListColumn("state", "State", choices=STATES),
    ListColumn("roles", "Roles"),
    ListColumn("last_sign_in", "Last sign-in", "time", filterable=False),
    ListColumn("second_factor", "Second factor", choices=("yes", "no")),
    ListColumn("password", "Password", choices=("set", "invited")),
)


@get("/admin", opt=ADMIN, sync_to_thread=True)
def people_page(request: AnyRequest, viewer: Asking) -> Response[Any] | Stream:
    """Show everybody who was ever admitted."""
    listed = shown_list(request, RowList(_people_rows(viewer.server), COLUMNS), "people")
    if isinstance(listed, Response | Stream):
        return listed
    for row in listed.rows:
        for name in ("state", "second_factor", "password"):
            row[name] = _(str(row[name]))
    return render(
        request,
        "administration/people.html",
        people=listed,
        tabs=tabs("/admin"),
        crumbs=[(_("Administration"), None)],
    )


@get(ADMIT, opt=ADMIN, sync_to_thread=True)
def admit_page(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Show the form for a new person with some roles."""
    return _shown_admit(request, viewer, saved_fields(viewer, ADMIT))


@post(ADMIT, status_code=200, opt=ADMIN, sync_to_thread=True)
def admit_person(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Admit a person, and show the link of the invitation this once."""
    asked = ask_again(request, viewer, _("You are about to admit a person."))
    if asked is not None:
        return asked
    names = ("sign_in_name", "display_name")
    typed = {name: viewer.field(name)[:MOST_NAME] for name in names}
    numbers = range(1, GRANTS_AT_ONCE + 1)
    grants = [grant_typed(viewer, str(number)) for number in numbers]
    for number in numbers:
        for name in ("role", "scope", "agreement", "caveats"):
            typed[f"{name}{number}"] = viewer.field(f"{name}{number}")[:MOST_NAME]
    admitted: list[str] = []

    def make() -> str:
        person, token = administration.admit(
            viewer.whole,
            viewer.actor(),
            sign_in_name=typed["sign_in_name"],
            display_name=typed["display_name"],
            grants=[grant for grant in grants if grant is not None],
            now=viewer.server.now(),
        )
        admitted.append(person)
        return token

    try:
        token = said_once(viewer, {"admit": repr(typed)}, make, "/admin")
    except RefusedError as error:
        return _shown_admit(request, viewer, typed, error.findings)
    forget_fields(viewer, ADMIT)
    if token is None:
        return Redirect("/admin", status_code=303)
    return shown_link(request, viewer, "/invitation", token, admitted[0], typed["display_name"])


@get("/admin/roles", opt=ADMIN, sync_to_thread=True)
def roles_page(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Show what each role may do and read."""
    return render(
        request,
        "administration/roles.html",
        roles=list(ROLES.values()),
        held=_held_by(viewer.server),
        tabs=tabs("/admin/roles"),
        crumbs=[(_("Administration"), "/admin"), (_("Roles"), None)],
    )


@get("/admin/policies", opt=ADMIN, sync_to_thread=True)
def policies_page(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Show which kinds of act are prepared by one person and released by another."""
    return _shown_policies(request, viewer)


@post("/admin/policies", status_code=200, opt=ADMIN, sync_to_thread=True)
def set_policy(request: AnyRequest, viewer: Asking) -> Response[Any]:
    """Decide for a kind of act whether it takes four eyes."""
    asked = ask_again(request, viewer, _("You are about to decide what takes a second person."))
    if asked is not None:
        return asked
    kind, four = viewer.field("act_kind")[:80], viewer.field("eyes") == "four"
    try:
        administration.set_policy(viewer.whole, viewer.actor(), kind, four, viewer.server.now())
    except RefusedError as error:
        return _shown_policies(request, viewer, error.findings, 422)
    return Redirect("/admin/policies", status_code=303)


def tabs(here: str) -> list[tuple[str, str, bool]]:
    """Return the parts of the administration."""
    parts = [(_("People"), "/admin"), (_("Roles"), "/admin/roles")]
    parts += [(_("Four eyes"), "/admin/policies"), (_("System"), "/admin/system")]
    return [(title, href, href == here) for title, href in parts]


def grant_typed(viewer: Viewer, number: str = "") -> GrantWanted | None:
    """Return a grant as it was typed; None if no role was chosen."""
    role = viewer.field(f"role{number}")
    if not role:
        return None
    caveats = viewer.field(f"caveats{number}")[:MOST_NAME].split(";")
    return GrantWanted(
        role,
        viewer.field(f"scope{number}"),
        viewer.field(f"agreement{number}") or None,
        frozenset(text for one in caveats if (text := one.strip())),
    )


def scope_choices(viewer: Viewer) -> list[tuple[str, str]]:
    """Return the State, its facilities and its areas, to choose from."""
    with viewer.whole.reading() as connection:
        known = areas(connection, viewer.metadata)
    facilities = sorted({f"{a.state}/{a.facility}" for a in known.values()})
    choices = [(viewer.state, _("%(scope)s, the whole State", scope=viewer.state))]
    for facility in facilities:
        choices.append((facility, _("%(scope)s, the facility", scope=facility)))
        inside = [a for a in known.values() if f"{a.state}/{a.facility}" == facility]
        choices += [(a.scope, f"{a.scope}{f' {a.name}' if a.name else ''}") for a in inside]
    return choices


def role_choices() -> list[tuple[str, str]]:
    """Return the roles to choose from."""
    return [("", _("none")), *((name, _(name)) for name in ROLES)]


def shown_link(
    request: AnyRequest, viewer: Viewer, way: str, token: str, person: str, name: str
) -> Response[Any]:
    """Show a link that works once, this once."""
    return render(
        request,
        "administration/link.html",
        link=f"{viewer.server.settings.address}{way}?token={token}",
        way=way,
        person=person,
        name=name,
        crumbs=[(_("Administration"), "/admin"), (_("Link"), None)],
    )


def is_waiting(known: Account) -> bool:
    """Return whether somebody was invited and has not come yet."""
    return not known.has_password and known.oidc_subject is None and bool(known.display_name)


def _shown_admit(
    request: AnyRequest, viewer: Viewer, typed: Mapping[str, str], findings: Iterable[Finding] = ()
) -> Response[Any]:
    found = list(findings)
    errors = by_field(found)
    return render(
        request,
        "administration/admit.html",
        http_status=422 if found else 200,
        typed=typed,
        errors=errors,
        numbers=range(1, GRANTS_AT_ONCE + 1),
        roles=role_choices(),
        scopes=scope_choices(viewer),
        crumbs=[(_("Administration"), "/admin"), (_("Admit a person"), None)],
    )


def _shown_policies(
    request: AnyRequest, viewer: Viewer, findings: Iterable[Finding] = (), http_status: int = 200
) -> Response[Any]:
    return render(
        request,
        "administration/policies.html",
        http_status=http_status,
        rows=policies_in_force(viewer.server),
        findings=list(findings),
        tabs=tabs("/admin/policies"),
        crumbs=[(_("Administration"), "/admin"), (_("Four eyes"), None)],
    )


def policies_in_force(server: Server) -> list[dict[str, Any]]:
    """Return for each kind of act whether it takes four eyes, and the act that decided it last."""
    database = server.database
    table = database.metadata.tables[RELEASE_POLICY.name]
    query = select(table.c.act_kind, func.max(table.c.act_id)).group_by(table.c.act_kind)
    with database.reading() as connection:
        policies = release_policies(connection, database.metadata)
        acts = {str(kind): int(act) for kind, act in connection.execute(query)}
    return [
        {"kind": kind, "four": policies.get(kind) == "four eyes", "act": acts.get(kind)}
        for kind in FOUR_EYES
    ]


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """Somebody who was ever admitted: account, state and roles, and when they last signed in."""

    account: Account
    person: Person
    last_sign_in: str | None

    @property
    def invited(self) -> bool:
        """Whether they were invited and have not come yet."""
        return is_waiting(self.account)


def known_people(server: Server) -> list[KnownPerson]:
    """Return everybody who was ever admitted, by displayed name."""
    database = server.database
    session = database.metadata.tables[SESSION]
    latest = select(session.c.person, func.max(session.c.made_at)).group_by(session.c.person)
    with database.reading() as connection:
        known = people(connection, database.metadata)
        signed_in = {str(p): str(at) for p, at in connection.execute(latest)}
    return [
        KnownPerson(one, known[one.person], signed_in.get(one.person))
        for one in accounts(database)
        if one.person in known  # otherwise a set-up that was interrupted
    ]


def _people_rows(server: Server) -> list[dict[str, Any]]:
    return [
        {
            "name": one.account.shown_name,
            "sign_in_name": one.account.sign_in_name,
            "person": one.account.person,
            "state": one.person.state,
            "roles": ", ".join(dict.fromkeys(_(grant.role) for grant in one.person.grants)),
            "last_sign_in": one.last_sign_in,
            "second_factor": "yes" if one.account.totp_confirmed else "no",
            "password": "invited" if one.invited else "set",
        }
        for one in known_people(server)
    ]


def _held_by(server: Server) -> dict[str, int]:
    """Return how many admitted people hold each role."""
    held = dict.fromkeys(ROLES, 0)
    with server.database.reading() as connection:
        known = people(connection, server.database.metadata)
    for person in known.values():
        if person.state == "admitted":
            for role in {grant.role for grant in person.grants}:
                held[role] += 1
    return held


def last_backup(server: Server) -> str | None:
    """Return when the last backup that was made here was ready, in UTC; None: there is none."""
    table = server.database.metadata.tables[JOB]
    query = select(func.max(table.c.ended_at)).where(
        table.c.kind == "backup", table.c.state == "done"
    )
    with server.database.reading() as connection:
        found = connection.execute(query).scalar()
    return None if found is None else str(found)


def state_of_people(server: Server) -> dict[str, Any]:
    """Return what an administrator looks at first; accounts change without any act."""
    rows = _people_rows(server)
    admitted = [row for row in rows if row["state"] == "admitted"]
    return {
        "waiting": sum(row["password"] == "invited" for row in admitted),
        "suspended": sum(row["state"] == "suspended" for row in rows),
        "one_factor": sum(
            row["second_factor"] == "no" and row["password"] == "set" for row in admitted
        ),
        "last_backup": last_backup(server),
    }


def find_people(viewer: Viewer, words: str, most: int) -> Iterable[Hit]:
    """Yield people whose names or pseudonym have the words in them; of others, for administrators.

    Everybody else finds their own page by their own names.
    """
    wanted, found = words.casefold(), 0
    if not viewer.may("administer"):
        own = (viewer.name, viewer.account.sign_in_name or "", viewer.person.person)
        if len(wanted) > 1 and any(wanted in text.casefold() for text in own):
            yield Hit("person", viewer.name, "/me", viewer.person.person)
        return
    for row in _people_rows(viewer.server):
        texts = (row["name"], row["sign_in_name"] or "", row["person"])
        if any(wanted in text.casefold() for text in texts):
            yield Hit("person", row["name"], f"/admin/people/{row['person']}", row["roles"])
            found += 1
            if found == most:
                return


def administers(viewer: Viewer) -> bool:
    """Return whether the viewer administers."""
    return viewer.may("administer")


SECTION = Section(
    "administration",
    handlers=(
        *(people_page, admit_page, admit_person, roles_page),
        *(policies_page, set_policy),
    ),
    menu=(MenuEntry(sentence("Administration"), "/admin", "System", 10, administers, key="a"),),
    overview=(
        OverviewPart(
            "people",
            sentence("People and system"),
            100,
            administers,
            lambda viewer: {"now": partial(state_of_people, viewer.server)},
            "administration/overview.html",
        ),
    ),
    search=(find_people,),
)
