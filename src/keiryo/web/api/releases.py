"""Four eyes by programs: what waits for release, and releasing it.

A request shows word for word what was prepared and signed for. Releasing does exactly that, or
nothing: if the books changed so that it would be something else now, the answer is 409.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, Literal

from litestar import Response
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import Meta

from keiryo.dates import utc_text
from keiryo.errors import UsageError
from keiryo.people.model import Person
from keiryo.people.releases import (
    ReleaseRequest,
    release,
    requests,
    return_to_preparer,
    withdraw,
)
from keiryo.people.releases import request as release_request
from keiryo.web.api.answering import (
    AsOf,
    answer_of,
    answered,
    answered_by_content,
    changing,
    done_once,
    entity_tag,
    json_only,
    reading,
    require_current,
)
from keiryo.web.api.cursors import NEXT_LINK, Cursor, Limit, asked_page, paged
from keiryo.web.api.documents import Document, Request
from keiryo.web.once import Answer
from keiryo.web.pages.reports_releases import RELEASABLE
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking, NotPermittedError, Viewer

ReleaseName = Annotated[str, PathParameter(max_length=60, description="Name of the request.")]


class ReleaseDocument(Document, frozen=True, kw_only=True):
    """Something that one person prepared and another releases."""

    request: Annotated[str, Meta(description="its name")]
    act_kind: Annotated[str, Meta(description="kind of the act that will be posted")]
    scope: Annotated[str, Meta(description="what it is about")]
    title: Annotated[str, Meta(description="in words")]
    content_digest: Annotated[str, Meta(description="SHA-256 of what was signed, hexadecimal")]
    prepared_by: Annotated[str, Meta(description="pseudonym")]
    prepared_at: Annotated[str, Meta(description="UTC time")]
    state: Annotated[str, Meta(description="waiting, releasing, released, returned or withdrawn")]
    decided_by: Annotated[str | None, Meta(description="pseudonym")]
    decided_at: Annotated[str | None, Meta(description="UTC time")]
    words: Annotated[str | None, Meta(description="what was said about it")]
    act: Annotated[int | None, Meta(description="the act that came of it")]


class WholeRelease(ReleaseDocument, frozen=True, kw_only=True):
    """A request with what was prepared, word for word."""

    content: Annotated[dict[str, Any], Meta(description="what is to be done")]


class ReleasePage(Document, frozen=True, kw_only=True):
    """A page of requests, those that wait first, then the newest."""

    items: Annotated[list[ReleaseDocument], Meta(description="requests that concern you")]
    next: Annotated[str | None, Meta(description="cursor of the next page; null after the last")]


class ReleaseDecision(Request, frozen=True, kw_only=True):
    """What is said about a release."""

    words: Annotated[str, Meta(max_length=2_000, description="stands in the record")] | None = None


@reading("/releases", "releases", opt={"reads": "reports"}, headers=[NEXT_LINK])
def list_releases(
    request: AnyRequest,
    viewer: Asking,
    limit: Limit = 100,
    cursor: Cursor = None,
    standing: Annotated[
        Literal["waiting", "releasing", "released", "returned", "withdrawn"] | None,
        QueryParameter(name="state", description="Only those that stand so."),
    ] = None,
) -> Response[ReleasePage]:
    """List the requests that concern you."""
    asked = asked_page(request, viewer, limit, cursor)
    found = requests(viewer.whole, _narrowed(viewer), state=standing, now=viewer.server.now())
    rows = sorted(found, key=_order)
    if asked.after is not None:
        rows = [one for one in rows if _order(one) > tuple(asked.after)]
    page = paged(
        *(request, viewer, asked, rows, _order),
        lambda shown, more: ReleasePage(items=[release_document(one) for one in shown], next=more),
    )
    link = {name: page.headers[name] for name in page.headers if name.lower() == "link"}
    made: Response[ReleasePage] = answered_by_content(request, viewer, page.content)
    if made.status_code != 304:
        made.headers.update(link)
    return made


def _order(one: ReleaseRequest) -> tuple[int, float, str]:
    waits = one.state in ("waiting", "releasing")
    return (0 if waits else 1, -one.prepared_at.timestamp(), one.request_id)


@reading("/releases/{name:str}", "releases", opt={"reads": "reports"})
def get_release(request: AnyRequest, viewer: Asking, name: ReleaseName) -> Response[WholeRelease]:
    """Return a request with what was prepared. Send its entity tag as If-Match to release it."""
    found = release_request(viewer.whole, _narrowed(viewer), name.replace("\0", ""))
    if not viewer.sight.sees("reports", found.scope):
        raise NotPermittedError("what was prepared is not for you to see")
    made = WholeRelease(**_values(found), content=dict(found.content))
    return answered(request, viewer, AsOf(0), lambda: made, tag=_tag(viewer, found))


@changing(
    "/releases/{name:str}/release",
    "releases",
    200,
    opt={"reads": "reports"},
    guards=[json_only],
)
def post_release(
    request: AnyRequest, viewer: Asking, name: ReleaseName, data: JSONBody[ReleaseDecision]
) -> Response[ReleaseDocument]:
    """Release what another person prepared, as an act that you sign. It has your name on it."""
    person, key = _narrowed(viewer), name.replace("\0", "")
    found = release_request(viewer.whole, person, key)
    viewer.require("release")
    viewer.require_post(found.act_kind, found.scope)
    kind = RELEASABLE.get(found.act_kind)
    if kind is None:
        raise UsageError(
            f"nobody here knows how to do {found.act_kind}", "Release it where it was prepared."
        )

    def do() -> Answer:
        current = partial(release_request, viewer.whole, person, key)
        require_current(request, lambda: _tag(viewer, current()))
        done = release(
            viewer.whole,
            viewer.actor(),
            person,
            key,
            partial(kind.execute, viewer),
            words=data.words,
            now=viewer.server.now(),
        )
        return answer_of(release_document(done), 200, f"/api/v1/acts/{done.act_id}")

    return done_once(request, viewer, {"words": data.words}, do)


@changing(
    "/releases/{name:str}/return",
    "releases",
    200,
    opt={"reads": "reports"},
    guards=[json_only],
)
def post_return(
    request: AnyRequest, viewer: Asking, name: ReleaseName, data: JSONBody[ReleaseDecision]
) -> Response[ReleaseDocument]:
    """Return what another person prepared, saying what is to be put right."""
    viewer.require("release")

    def decided(person: Person, key: str) -> ReleaseRequest:
        return return_to_preparer(
            *(viewer.whole, viewer.actor(), person, key),
            words=data.words or "",
            now=viewer.server.now(),
        )

    return _decided(request, viewer, name, data, decided)


@changing(
    "/releases/{name:str}/withdraw",
    "releases",
    200,
    opt={"reads": "reports"},
    guards=[json_only],
)
def post_withdrawal(
    request: AnyRequest, viewer: Asking, name: ReleaseName, data: JSONBody[ReleaseDecision]
) -> Response[ReleaseDocument]:
    """Withdraw what you prepared yourself."""

    def decided(person: Person, key: str) -> ReleaseRequest:
        return withdraw(
            *(viewer.whole, viewer.actor(), person, key),
            words=data.words,
            now=viewer.server.now(),
        )

    return _decided(request, viewer, name, data, decided)


def _decided(
    request: AnyRequest,
    viewer: Viewer,
    name: str,
    data: ReleaseDecision,
    decide: Callable[[Person, str], ReleaseRequest],
) -> Response[ReleaseDocument]:
    """Decide about a request once, if it is what the sender saw."""
    person, key = _narrowed(viewer), name.replace("\0", "")
    release_request(viewer.whole, person, key)

    def do() -> Answer:
        current = partial(release_request, viewer.whole, person, key)
        require_current(request, lambda: _tag(viewer, current()))
        return answer_of(release_document(decide(person, key)), 200, f"/api/v1/releases/{key}")

    return done_once(request, viewer, {"words": data.words}, do)


def _narrowed(viewer: Viewer) -> Person:
    """Return the person, with no more than the token of the program allows."""
    token = viewer.api_token
    return viewer.person.within(token.scope) if token and token.scope else viewer.person


def _tag(viewer: Viewer, found: ReleaseRequest) -> str:
    stands = (found.request_id, found.state, found.decided_by, found.decided_at, found.act_id)
    return entity_tag(viewer, ("release", *stands), AsOf(0))


def _values(found: ReleaseRequest) -> Mapping[str, Any]:
    same = ("act_kind", "scope", "title", "content_digest", "prepared_by", "state", "decided_by")
    return {
        **{name: getattr(found, name) for name in (*same, "words")},
        "request": found.request_id,
        "prepared_at": utc_text(found.prepared_at),
        "decided_at": utc_text(found.decided_at) if found.decided_at else None,
        "act": found.act_id,
    }


def release_document(found: ReleaseRequest) -> ReleaseDocument:
    """Return a request as a program reads it, without its content."""
    return ReleaseDocument(**_values(found))


SECTION = Section(
    "api releases", api=(list_releases, get_release, post_release, post_return, post_withdrawal)
)
