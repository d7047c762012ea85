"""Who asks: the person, their roles, and what their session or token may do."""

from __future__ import annotations

from typing import Annotated

from litestar import Response
from msgspec import Meta

from keiryo.dates import utc_text
from keiryo.web.api.answering import answered_by_content, reading
from keiryo.web.api.documents import Document
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking


class GrantDocument(Document, frozen=True, kw_only=True):
    """A role that was granted."""

    role: Annotated[str, Meta(description="the role", examples=["State officer"])]
    scope: Annotated[str, Meta(description="State, State/facility or State/facility/MBA")]
    agreement: Annotated[str | None, Meta(description="only under this agreement")]
    caveats: Annotated[list[str], Meta(description="handling caveats that may be seen")]


class TokenDocument(Document, frozen=True, kw_only=True):
    """The token with which this was asked."""

    name: Annotated[str, Meta(description="what its owner calls it")]
    abilities: Annotated[list[str], Meta(description="read, write, metrics")]
    scope: Annotated[str | None, Meta(description="no more than this part of the State")]
    expires_at: Annotated[str, Meta(description="UTC time")]


class MeDocument(Document, frozen=True, kw_only=True):
    """Who asks."""

    person: Annotated[str, Meta(description="pseudonym, as it stands in acts")]
    name: Annotated[str, Meta(description="how the person is called on pages")]
    state: Annotated[str, Meta(description="country code of the books")]
    language: Annotated[str, Meta(description="en or ja")]
    grants: Annotated[list[GrantDocument], Meta(description="roles in force")]
    token: Annotated[TokenDocument | None, Meta(description="null with a session")]


@reading("/me", "me")
def get_me(request: AnyRequest, viewer: Asking) -> Response[MeDocument]:
    """Return who you are here, and what you may do."""
    token = viewer.api_token
    shown = None
    if token is not None:
        shown = TokenDocument(
            name=token.name,
            abilities=sorted(token.abilities),
            scope=token.scope,
            expires_at=utc_text(token.expires_at),
        )
    grants = [
        GrantDocument(role=g.role, scope=g.scope, agreement=g.agreement, caveats=sorted(g.caveats))
        for g in viewer.person.grants
    ]
    made = MeDocument(
        person=viewer.person.person,
        name=viewer.name,
        state=viewer.state,
        language=viewer.language,
        grants=grants,
        token=shown,
    )
    return answered_by_content(request, viewer, made)


SECTION = Section("api me", api=(get_me,))
