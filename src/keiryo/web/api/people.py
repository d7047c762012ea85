"""People by programs: who is admitted, with which roles, and what takes a second person.

What the pages of administration show to administrators, and to nobody else: a token of theirs may
read it, if it is not narrowed to a part of the State. Deciding is in
`keiryo.web.api.people_decisions`.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated, Any, Literal

import msgspec
from litestar import Response
from litestar.params import PathParameter, QueryParameter
from msgspec import Meta

from keiryo.dates import utc_text
from keiryo.errors import NotFoundError
from keiryo.people.model import ROLES
from keiryo.people.permissions import keys_in_force
from keiryo.web.api.answering import AsOf, answered, answered_by_content, entity_tag, reading
from keiryo.web.api.cursors import NEXT_LINK, Cursor, Limit, asked_page, paged
from keiryo.web.api.documents import Document
from keiryo.web.api.me import GrantDocument
from keiryo.web.pages.administration import KnownPerson, known_people, policies_in_force
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking, NotPermittedError, Viewer

PEOPLE = {"reads": "people"}

PersonId = Annotated[str, PathParameter(max_length=60, description="Pseudonym, P-...")]


class HeldGrant(GrantDocument, frozen=True, kw_only=True):
    """A role that a person holds."""

    act: Annotated[int, Meta(description="the act that granted it")]


class PersonDocument(Document, frozen=True, kw_only=True):
    """Somebody who was ever admitted."""

    person: Annotated[str, Meta(description="pseudonym, as it stands in acts")]
    sign_in_name: Annotated[str | None, Meta(description="null if erased")]
    name: Annotated[str | None, Meta(description="displayed name; null if erased")]
    state: Annotated[str, Meta(description="admitted, suspended or left")]
    invited: Annotated[bool, Meta(description="whether the invitation was not taken up yet")]
    grants: Annotated[list[HeldGrant], Meta(description="roles in force")]
    second_factor: Annotated[bool, Meta(description="whether an authenticator is in use")]
    made_at: Annotated[str, Meta(description="UTC time at which the account was made")]
    last_sign_in: Annotated[
        str | None, Meta(description="UTC time of the last one that is still known")
    ]


class WholePerson(PersonDocument, frozen=True, kw_only=True):
    """A person with the keys that sign for them."""

    keys: Annotated[
        dict[str, int], Meta(description="public keys in force, each with the act that says so")
    ]


class PeoplePage(Document, frozen=True, kw_only=True):
    """A page of people, by pseudonym."""

    items: Annotated[list[PersonDocument], Meta(description="people")]
    next: Annotated[str | None, Meta(description="cursor of the next page; null after the last")]


class RoleDocument(Document, frozen=True, kw_only=True):
    """What somebody in a role does."""

    role: Annotated[str, Meta(description="its name")]
    job: Annotated[str, Meta(description="in one sentence")]
    reads: Annotated[list[str], Meta(description="whose records may be read; *: all")]
    posts: Annotated[list[str], Meta(description="kinds of act that may be posted")]
    abilities: Annotated[list[str], Meta(description="administer, release, back up, audit")]


class RoleList(Document, frozen=True, kw_only=True):
    """All roles."""

    items: Annotated[list[RoleDocument], Meta(description="roles")]


class PolicyDocument(Document, frozen=True, kw_only=True):
    """Whether acts of a kind are prepared by one person and released by another."""

    act_kind: Annotated[str, Meta(description="kind of act")]
    four_eyes: Annotated[bool, Meta(description="whether it takes a second person")]
    act: Annotated[int | None, Meta(description="the act that decided it; null: nobody did")]


class PolicyList(Document, frozen=True, kw_only=True):
    """What takes a second person."""

    items: Annotated[list[PolicyDocument], Meta(description="by kind of act")]


@reading("/people", "people", opt=PEOPLE, headers=[NEXT_LINK])
def list_people(
    request: AnyRequest,
    viewer: Asking,
    limit: Limit = 100,
    cursor: Cursor = None,
    standing: Annotated[
        Literal["admitted", "suspended", "left"] | None,
        QueryParameter(name="state", description="Only those that stand so."),
    ] = None,
) -> Response[PeoplePage]:
    """List everybody who was ever admitted, with their roles. For administrators."""
    require_administrator(viewer)
    asked = asked_page(request, viewer, limit, cursor)
    every = everybody(viewer)
    rows = [one for one in every if standing in (None, one.state)]
    if asked.after is not None:
        rows = [one for one in rows if one.person > asked.after[0]]

    def build() -> Response[PeoplePage]:
        return paged(
            *(request, viewer, asked, rows, lambda one: [one.person]),
            lambda shown, more: PeoplePage(items=list(shown), next=more),
        )

    return answered(request, viewer, AsOf(0), build, tag=tag_of(viewer, every))


@reading("/people/{person:str}", "people", opt=PEOPLE)
def get_person(request: AnyRequest, viewer: Asking, person: PersonId) -> Response[WholePerson]:
    """Return a person. Its entity tag is that of what is decided about them. For administrators."""
    require_administrator(viewer)
    made = whole_person(viewer, person)
    return answered(request, viewer, AsOf(0), lambda: made, tag=tag_of(viewer, made))


@reading("/roles", "people", opt=PEOPLE)
def list_roles(request: AnyRequest, viewer: Asking) -> Response[RoleList]:
    """List the roles, and what each may read and post. For administrators."""
    require_administrator(viewer)
    items = [
        RoleDocument(
            role=one.name,
            job=one.doc,
            reads=list(one.reads),
            posts=list(one.posts),
            abilities=list(one.abilities),
        )
        for one in ROLES.values()
    ]
    return answered_by_content(request, viewer, RoleList(items=items))


@reading("/policies", "people", opt=PEOPLE)
def list_policies(request: AnyRequest, viewer: Asking) -> Response[PolicyList]:
    """List which kinds of act are prepared by one person and released by another.

    For administrators. Send its entity tag as If-Match to decide about it.
    """
    require_administrator(viewer)
    made = policies(viewer)
    return answered(request, viewer, AsOf(0), lambda: made, tag=tag_of(viewer, made))


def require_administrator(viewer: Viewer) -> None:
    """Refuse who does not administer the State, and a token that is narrowed to a part of it.

    Raises
    ------
    NotPermittedError
    """
    token = viewer.api_token
    person = viewer.person.within(token.scope) if token and token.scope else viewer.person
    if not person.may_at("administer", viewer.state):
        raise NotPermittedError(
            "this is for administrators of the State, and for tokens of theirs that are not "
            "narrowed to a part of it",
            "Ask an administrator.",
        )


def everybody(viewer: Viewer) -> list[PersonDocument]:
    """Return everybody who was ever admitted, by pseudonym."""
    found = [PersonDocument(**_values(one)) for one in known_people(viewer.server)]
    return sorted(found, key=lambda one: one.person)


def whole_person(viewer: Viewer, person: str) -> WholePerson:
    """Return a person with their keys.

    Raises
    ------
    NotFoundError
        If nobody of that pseudonym was ever admitted.
    """
    known = {one.account.person: one for one in known_people(viewer.server)}
    if person not in known:
        raise NotFoundError("there is no such person", "GET /api/v1/people lists them.")
    with viewer.whole.reading() as connection:
        keys = keys_in_force(connection, viewer.metadata, person)
    return WholePerson(**_values(known[person]), keys=keys)


def _values(known: KnownPerson) -> dict[str, Any]:
    account, person = known.account, known.person
    grants = [
        HeldGrant(
            role=one.role,
            scope=one.scope,
            agreement=one.agreement,
            caveats=sorted(one.caveats),
            act=one.act_id,
        )
        for one in person.grants
    ]
    return {
        "person": account.person,
        "sign_in_name": account.sign_in_name,
        "name": account.display_name,
        "state": person.state,
        "invited": known.invited and person.state == "admitted",
        "grants": grants,
        "second_factor": account.totp_confirmed,
        "made_at": utc_text(account.made_at),
        "last_sign_in": known.last_sign_in,
    }


def policies(viewer: Viewer) -> PolicyList:
    """Return what takes a second person."""
    items = [
        PolicyDocument(act_kind=one["kind"], four_eyes=one["four"], act=one["act"])
        for one in policies_in_force(viewer.server)
    ]
    return PolicyList(items=items)


def tag_of(viewer: Viewer, made: Any) -> str:
    """Return the entity tag of what is no matter of acts alone: it follows from the content."""
    return entity_tag(viewer, "people", AsOf(0, sha256(msgspec.json.encode(made)).hexdigest()))


SECTION = Section("api people", api=(list_people, get_person, list_roles, list_policies))
