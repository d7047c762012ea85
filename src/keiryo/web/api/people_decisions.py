"""Deciding about people by programs: admitted, empowered, renamed, suspended, let go; four eyes.

The same services as the pages of administration. There a session has to prove within ten minutes
who is at the keyboard; here there is nobody to ask, and so it is held as at the command line: a
token that may write decides, if its person administers the State and it is not narrowed to a part.
Such a token is only made by giving the password, and every decision is an act signed with the key
that it carries. A session that was not confirmed lately is refused, and told where to do it. What
hands over somebody's access (a reset, a key revoked, a link with an account elsewhere) is left to
the page and the command line. The link of an invitation is in the first answer only, and is not
kept for repetitions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import msgspec
from litestar import Response
from litestar.params import JSONBody
from msgspec import Meta

from keiryo.journal.model import Posted
from keiryo.people import administration
from keiryo.people.administration_checks import GrantWanted
from keiryo.people.displayed_names import rename
from keiryo.storage.engine import Database
from keiryo.web.api.answering import answer_of, changing, done_once, json_only, still_current
from keiryo.web.api.asking import PLAIN, plain_name
from keiryo.web.api.documents import Document, PostedDocument, Request, posted_document
from keiryo.web.api.people import (
    PersonId,
    WholePerson,
    everybody,
    policies,
    require_administrator,
    tag_of,
    whole_person,
)
from keiryo.web.confirming import is_confirmed
from keiryo.web.once import Answer
from keiryo.web.pages.administration import ADMIN
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking, NotPermittedError, Viewer

MOST_GRANTS, MOST_CAVEATS = 50, 50

_Text = Annotated[str, Meta(max_length=400, pattern=PLAIN)]
_Scope = Annotated[
    str,
    Meta(
        pattern=r"^[A-Z]{2}(/[A-Z0-9-]{4}){0,2}$",
        max_length=12,
        description="State, State/facility or State/facility/MBA",
        examples=["XA/XAF-/XAFA"],
    ),
]
_Agreement = Annotated[_Text, Meta(description="only lines under this agreement")] | None


class AdmittedDocument(Document, frozen=True, kw_only=True):
    """Somebody who was admitted, and how they come in."""

    person: Annotated[str, Meta(description="their pseudonym")]
    invitation: Annotated[
        str | None,
        Meta(
            description="link that works once, for 72 hours; hand it over so that nobody else "
            "reads it. Null where the request is repeated: it is told once. If it was lost, "
            "an administrator resets their sign-in."
        ),
    ] = None


class GrantContent(Request, frozen=True, kw_only=True):
    """A role that is to be granted."""

    role: Annotated[_Text, Meta(description="a name of /roles", examples=["inspector"])]
    scope: _Scope
    agreement: _Agreement = None
    caveats: Annotated[
        list[_Text],
        Meta(max_length=MOST_CAVEATS, description="handling caveats that may be seen; *: all"),
    ] = msgspec.field(default_factory=list)

    def wanted(self) -> GrantWanted:
        """Return it as the service takes it."""
        return GrantWanted(self.role, self.scope, self.agreement, frozenset(self.caveats))


class Admission(Request, frozen=True, kw_only=True):
    """Who is to be admitted, with which roles."""

    sign_in_name: Annotated[_Text, Meta(description="as hanako.sato")]
    name: Annotated[_Text, Meta(description="as colleagues know them; not in the record")]
    grants: Annotated[
        list[GrantContent],
        Meta(max_length=MOST_GRANTS, description="roles to begin with"),
    ] = msgspec.field(default_factory=list)


class Withdrawal(Request, frozen=True, kw_only=True):
    """A role that is to be withdrawn."""

    role: Annotated[_Text, Meta(description="as it was granted")]
    scope: _Scope
    agreement: _Agreement = None


class Departure(Request, frozen=True, kw_only=True):
    """How somebody leaves."""

    erase: Annotated[
        bool, Meta(description="whether it is forgotten who it was; cannot be taken back")
    ] = False


class NewName(Request, frozen=True, kw_only=True):
    """How somebody is called from now on."""

    name: Annotated[_Text, Meta(description="as colleagues know them; not in the record")]


class NothingMore(Request, frozen=True, kw_only=True):
    """The address says it all."""


class PolicyDecision(Request, frozen=True, kw_only=True):
    """Whether a kind of act takes a second person."""

    act_kind: Annotated[_Text, Meta(description="one of those listed", examples=["report.issue"])]
    four_eyes: Annotated[bool, Meta(description="whether another person releases it")]


@changing("/people", "people", opt=ADMIN, guards=[json_only])
def post_admission(
    request: AnyRequest, viewer: Asking, data: JSONBody[Admission]
) -> Response[AdmittedDocument]:
    """Admit a person with roles, as an act that you sign, and get the link of their invitation.

    If-Match takes the entity tag of the list of people.
    """
    _require_deciding(viewer)
    books = still_current(request, viewer, lambda: tag_of(viewer, everybody(viewer)))
    told: list[AdmittedDocument] = []

    def do() -> Answer:
        person, token = administration.admit(
            books,
            viewer.actor(),
            sign_in_name=data.sign_in_name,
            display_name=data.name,
            grants=[one.wanted() for one in data.grants],
            now=viewer.server.now(),
        )
        link = f"{viewer.server.settings.address}/invitation?token={token}"
        told.append(AdmittedDocument(person=person, invitation=link))
        kept = AdmittedDocument(person=person)  # what is kept for repetitions tells no secret
        return answer_of(kept, 201, f"/api/v1/people/{person}")

    made = done_once(request, viewer, {"admission": repr(data)}, do)
    if told:
        made.content = msgspec.json.encode(told[0])
    return made


@changing("/people/{person:str}/grant", "people", opt=ADMIN, guards=[json_only])
def post_grant(
    request: AnyRequest, viewer: Asking, person: PersonId, data: JSONBody[GrantContent]
) -> Response[PostedDocument]:
    """Grant a role, as an act that you sign; granted again with other caveats, they replace."""

    def decide(books: Database, who: str) -> Posted:
        actor, now = viewer.actor(), viewer.server.now()
        return administration.grant(books, actor, who, data.wanted(), now)

    return _decided(request, viewer, person, data, decide)


@changing("/people/{person:str}/withdraw", "people", opt=ADMIN, guards=[json_only])
def post_role_withdrawal(
    request: AnyRequest, viewer: Asking, person: PersonId, data: JSONBody[Withdrawal]
) -> Response[PostedDocument]:
    """Withdraw a role, as an act that you sign."""

    def decide(books: Database, who: str) -> Posted:
        return administration.withdraw(
            *(books, viewer.actor(), who, data.role, data.scope, viewer.server.now()),
            agreement=data.agreement,
        )

    return _decided(request, viewer, person, data, decide)


@changing("/people/{person:str}/suspend", "people", opt=ADMIN, guards=[json_only])
def post_suspension(
    request: AnyRequest, viewer: Asking, person: PersonId, data: JSONBody[NothingMore]
) -> Response[PostedDocument]:
    """Suspend a person: they and their programs are out at once, until they are readmitted."""

    def decide(books: Database, who: str) -> Posted:
        return administration.suspend(books, viewer.actor(), who, viewer.server.now())

    return _decided(request, viewer, person, data, decide)


@changing("/people/{person:str}/readmit", "people", opt=ADMIN, guards=[json_only])
def post_readmission(
    request: AnyRequest, viewer: Asking, person: PersonId, data: JSONBody[NothingMore]
) -> Response[PostedDocument]:
    """Readmit a person; who had left begins without roles."""

    def decide(books: Database, who: str) -> Posted:
        return administration.readmit(books, viewer.actor(), who, viewer.server.now())

    return _decided(request, viewer, person, data, decide)


@changing("/people/{person:str}/leave", "people", opt=ADMIN, guards=[json_only])
def post_departure(
    request: AnyRequest, viewer: Asking, person: PersonId, data: JSONBody[Departure]
) -> Response[PostedDocument]:
    """Record that a person has left: roles, keys and access end by an act that you sign."""

    def decide(books: Database, who: str) -> Posted:
        actor, now = viewer.actor(), viewer.server.now()
        return administration.leave(books, actor, who, now, erase=data.erase)

    return _decided(request, viewer, person, data, decide)


@changing("/people/{person:str}/rename", "people", 200, guards=[json_only])
def post_name(
    request: AnyRequest, viewer: Asking, person: PersonId, data: JSONBody[NewName]
) -> Response[WholePerson]:
    """Change how a person is called: yourself, or others as administrator. It is no act."""
    _require_confirmed(viewer)
    if person != viewer.person.person:
        viewer.require("administer")
        require_administrator(viewer)
    who = plain_name(person, "person")
    books = still_current(request, viewer, lambda: tag_of(viewer, whole_person(viewer, who)))

    def do() -> Answer:
        rename(books, viewer.actor(), who, data.name)
        return answer_of(whole_person(viewer, who), 200)

    return done_once(request, viewer, {"name": repr(data)}, do)


@changing("/policies", "people", opt=ADMIN, guards=[json_only])
def post_policy(
    request: AnyRequest, viewer: Asking, data: JSONBody[PolicyDecision]
) -> Response[PostedDocument]:
    """Decide whether a kind of act takes a second person, as an act that you sign."""
    _require_deciding(viewer)
    books = still_current(request, viewer, lambda: tag_of(viewer, policies(viewer)))

    def do() -> Answer:
        actor, now = viewer.actor(), viewer.server.now()
        posted = administration.set_policy(books, actor, data.act_kind, data.four_eyes, now)
        return _posted(posted)

    return done_once(request, viewer, {"policy": repr(data)}, do)


def _require_confirmed(viewer: Viewer) -> None:
    """Refuse a session that did not prove lately whose it is; a token was made by proving it."""
    if viewer.session is not None and not is_confirmed(viewer):
        raise NotPermittedError(
            "you gave your password more than ten minutes ago; nothing was done",
            "Do this on the page of the person under Administration, or on your own page, where "
            "you are asked for it again; or send a token that may write.",
        )


def _require_deciding(viewer: Viewer) -> None:
    require_administrator(viewer)
    _require_confirmed(viewer)


def _decided(
    request: AnyRequest,
    viewer: Viewer,
    person: str,
    data: Request,
    decide: Callable[[Database, str], Posted],
) -> Response[PostedDocument]:
    """Decide about a person once, if they are what the sender saw."""
    _require_deciding(viewer)
    who = plain_name(person, "person")
    books = still_current(request, viewer, lambda: tag_of(viewer, whole_person(viewer, who)))
    return done_once(request, viewer, {"decision": repr(data)}, lambda: _posted(decide(books, who)))


def _posted(posted: Posted) -> Answer:
    made = posted_document(posted.act, posted.repeated)
    return answer_of(made, 201, f"/api/v1/acts/{posted.act.act_id}")


SECTION = Section(
    "api people decisions",
    api=(
        *(post_admission, post_grant, post_role_withdrawal, post_suspension),
        *(post_readmission, post_departure, post_name, post_policy),
    ),
)
