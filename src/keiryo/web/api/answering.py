"""How every answer of the API is given: conditional, described, done once, refused in one form.

Each route says in one place what it may answer, so that the OpenAPI document is complete. Entity
tags are strong (RFC 9110, section 8.8.3): they follow from the last act that the viewer sees about
the resource, the question and the viewer's sight, and so are known before anything is computed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

import msgspec
from litestar import Response, delete, get, post
from litestar.connection import ASGIConnection
from litestar.datastructures import ResponseHeader
from litestar.exceptions import HTTPException
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIMediaType, Operation, Parameter, Schema
from litestar.openapi.spec.enums import OpenAPIType
from sqlalchemy import Connection, select

from keiryo.errors import KeiryoError, UsageError
from keiryo.places.model import MaterialBalanceArea
from keiryo.storage.engine import Database
from keiryo.storage.schema import CHAIN_HEAD
from keiryo.version import __version__
from keiryo.web.api.documents import Problem
from keiryo.web.once import Answer, once
from keiryo.web.remembered import head_of, last_act_about, last_act_seen
from keiryo.web.viewer import AnyRequest, NotPermittedError, Viewer

API = "/api/v1"
PROBLEM = "application/problem+json"
ENTITY_TAG, REPLAYED = "ETag", "Idempotent-Replayed"
MAX_KEY = 160

STATUSES: Mapping[int, str] = {
    304: "Nothing changed since the entity tag in If-None-Match.",
    400: "This cannot be asked so: a parameter, the cursor or the content is wrong.",
    401: "No token, or one that is not good any more.",
    403: "No role of yours allows it, or the token may not.",
    404: "There is none that you may see; whether there is one at all is not told.",
    409: "The Idempotency-Key was used for another request or is at work, or someone was first.",
    412: "Somebody posted about it in between: the entity tag in If-Match is not current.",
    413: "The content is larger than may be sent.",
    415: "The content is of a kind that is not taken here.",
    422: "A check refused it; nothing was posted. The findings say why.",
    428: "An If-Match header is required. No route asks for it in this version.",
    429: "Too many requests; Retry-After says when to try again.",
    503: "The books cannot be used at this moment; try again later.",
}
READING = (304, 400, 401, 403, 404, 429, 503)
CHANGING = (400, 401, 403, 404, 409, 412, 413, 415, 422, 428, 429, 503)
_Decorator = Callable[[Callable[..., Any]], HTTPRouteHandler]


class PreconditionError(KeiryoError):
    """Somebody posted in between: the resource is not what the sender saw."""

    http_status = 412


@dataclass
class Described(Operation):
    """An operation whose summary is the first sentence of its description."""

    def __post_init__(self) -> None:
        self.summary = (self.description or "").partition("\n")[0].partition(". ")[0].rstrip(".")


@dataclass
class ConditionalRead(Described):
    """A question that may be asked with an entity tag."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.parameters = [
            *(self.parameters or ()),
            _header(
                "If-None-Match",
                "Entity tags of earlier answers; if one is current, the answer is 304 and empty.",
            ),
        ]


@dataclass
class TextOrJson(ConditionalRead):
    """A question whose answer comes as JSON or as labelled text."""

    def __post_init__(self) -> None:
        super().__post_init__()
        content = getattr((self.responses or {}).get("200"), "content", None)
        if content is not None:
            content["text/plain"] = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING))


@dataclass
class Change(Described):
    """A request that may post an act: done once under a key, and only on what was seen."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.parameters = [
            *(self.parameters or ()),
            _header(
                "Idempotency-Key",
                "Chosen by the sender, best a UUID: sent again with the same content, the request "
                "is not done again but answered as it was.",
                max_length=MAX_KEY,
            ),
            _header(
                "If-Match",
                "Entity tag of the resource as it was read; if somebody posted about it since, "
                "nothing is done and the answer is 412.",
            ),
        ]


def _header(name: str, words: str, max_length: int | None = None) -> Parameter:
    schema = Schema(type=OpenAPIType.STRING, max_length=max_length)
    return Parameter(name=name, param_in="header", schema=schema, required=False, description=words)


def _described(statuses: tuple[int, ...]) -> dict[int, ResponseSpec]:
    return {
        status: ResponseSpec(
            None if status == 304 else Problem,
            generate_examples=False,
            description=STATUSES[status],
            media_type=PROBLEM,
        )
        for status in sorted(statuses)
    }


_TAGGED = ResponseHeader(
    name=ENTITY_TAG,
    value='"…"',
    documentation_only=True,
    description="Entity tag, for If-None-Match.",
)
_BY_TOKEN: list[dict[str, list[str]]] = [{"token": []}, {"session": []}]
_BY_TOKEN_OR_FORM: list[dict[str, list[str]]] = [{"token": []}, {"session": [], "form": []}]


def reading(path: str, tag: str, **more: Any) -> _Decorator:
    """Return the decorator of a route that reads, in a thread."""
    route = get(
        API + path,
        tags=[tag],
        include_in_schema=True,
        security=_BY_TOKEN,
        responses=_described(READING),
        response_headers=[_TAGGED, *more.pop("headers", ())],
        operation_class=more.pop("operation_class", ConditionalRead),
        sync_to_thread=True,
        **more,
    )
    return route


def changing(
    path: str,
    tag: str,
    status_code: int = 201,
    *,
    threaded: bool = True,
    also: Mapping[int, ResponseSpec] = MappingProxyType({}),
    **more: Any,
) -> _Decorator:
    """Return the decorator of a route that posts; in a thread, unless it sees to that itself.

    `also` describes what else it may answer.
    """
    route = post(
        API + path,
        tags=[tag],
        status_code=status_code,
        include_in_schema=True,
        security=_BY_TOKEN_OR_FORM,
        responses={**_described(CHANGING), **also},
        operation_class=more.pop("operation_class", Change),
        sync_to_thread=True if threaded else None,
        **more,
    )
    return route


def cancelling(path: str, tag: str, **more: Any) -> _Decorator:
    """Return the decorator of a route that asks for an end, in a thread."""
    route = delete(
        API + path,
        tags=[tag],
        include_in_schema=True,
        security=_BY_TOKEN_OR_FORM,
        responses=_described((400, 401, 403, 404, 429, 503)),
        operation_class=Described,
        sync_to_thread=True,
        **more,
    )
    return route


def json_only(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Refuse content that does not say that it is JSON."""
    if content_kind(connection) != "application/json":
        raise HTTPException(status_code=415, detail="send application/json")


def content_kind(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """Return the media type of what was sent, without parameters."""
    return connection.headers.get("Content-Type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class AsOf:
    """What an answer depends on: the last act about it, and what else."""

    last_act: int
    more: Hashable = None


def as_of_area(viewer: Viewer, area: MaterialBalanceArea, more: Hashable = None) -> AsOf:
    """Return what an answer about an area depends on: the last act about it that is seen."""
    with viewer.books.reading() as connection:
        return AsOf(last_act_about(connection, viewer.metadata, area.scope), more)


def as_of_seen(viewer: Viewer, more: Hashable = None) -> AsOf:
    """Return what an answer about everything that is seen depends on."""
    return AsOf(last_act_seen(viewer.books, viewer.metadata), more)


def as_of_head(viewer: Viewer, more: Hashable = None) -> AsOf:
    """Return what an answer computed on the books as a whole depends on."""
    with viewer.whole.reading() as connection:
        return AsOf(head_of(connection, viewer.metadata).act_id, more)


def entity_tag(viewer: Viewer, of: Hashable, as_of: AsOf) -> str:
    """Return the strong entity tag of a resource as a viewer sees it."""
    basis = (__version__, of, as_of.last_act, as_of.more, viewer.sight, viewer.person.person)
    return f'"{hashlib.sha256(repr(basis).encode()).hexdigest()[:40]}"'


def area_tag(viewer: Viewer, area: MaterialBalanceArea) -> str:
    """Return the entity tag of an area, for those who post about it."""
    return entity_tag(viewer, ("area", area.code), as_of_area(viewer, area))


def answered(
    request: AnyRequest,
    viewer: Viewer,
    as_of: AsOf,
    build: Callable[[], Any],
    *,
    tag: str | None = None,
) -> Response[Any]:
    """Answer a question, or say that nothing changed since the asker last saw the answer.

    Parameters
    ----------
    as_of : AsOf
        What the answer depends on.
    build : callable
        Makes the document, or the whole response, if it is needed.
    tag : str, optional
        The entity tag, where it does not follow from the question.
    """
    url = request.url
    current = tag or entity_tag(viewer, (url.path, url.query, _accepted(request)), as_of)
    headers = {ENTITY_TAG: current, "Vary": "Accept, Authorization, Cookie"}
    given = _given(request, "If-None-Match")
    if given is not None and _names(given, current, weakly=True):
        return Response(None, status_code=304, headers=headers)
    made = build()
    if isinstance(made, Response):
        made.headers.update(headers)
        return made
    return Response(made, headers=headers, media_type="application/json")


def answered_by_content(request: AnyRequest, viewer: Viewer, made: msgspec.Struct) -> Response[Any]:
    """Answer with what is no matter of acts: its entity tag follows from the content."""
    content = hashlib.sha256(msgspec.json.encode(made)).hexdigest()
    return answered(request, viewer, AsOf(0, content), lambda: made)


def _accepted(request: AnyRequest) -> str:
    return "text" if wants_text(request) else "json"


def wants_text(request: AnyRequest) -> bool:
    """Return whether the asker prefers plain text to JSON."""
    accepted = request.headers.get("Accept", "*/*")
    return "text/plain" in accepted and "json" not in accepted


_ONE_TAG = re.compile(r'[ \t]*(?:(W/)?("[!#-~\x80-\xff]*"))?[ \t]*(?:,|$)')
"""An element of a list of entity tags, perhaps empty, and what separates it from the next."""


def _given(request: AnyRequest, name: str) -> str | None:
    """Return a conditional header, its lines joined; None if it was not sent."""
    lines = request.headers.getall(name, [])
    return ", ".join(lines) if lines else None


def _names(given: str, current: str, *, weakly: bool) -> bool:
    """Return whether a conditional header names the entity tag of what there is.

    ``*`` alone names whatever there is; a weak tag is the same only where weak comparison will do
    (RFC 9110, sections 8.8.3.2, 13.1.1 and 13.1.2). What is no list of tags names nothing.
    """
    if given.strip(" \t") == "*":
        return True
    place, listed = 0, []
    while place < len(given):
        one = _ONE_TAG.match(given, place)
        if one is None:
            return False
        if one[2] and (weakly or not one[1]):
            listed.append(one[2])
        place = one.end()
    return current in listed


def require_current(request: AnyRequest, current: Callable[[], str]) -> None:
    """Refuse a change if the sender saw the resource before somebody posted about it.

    What is posted at once asks again with `still_current`. Of a job this is asked when it is
    begun; a request for release is used once, whatever was seen of it.

    Raises
    ------
    PreconditionError
        If an If-Match header names none but older entity tags (RFC 9110, section 13.1.1).
    """
    given = _given(request, "If-Match")
    if given is not None and not _names(given, current(), weakly=False):
        raise PreconditionError(
            "somebody posted about this since you read it; nothing was done",
            "Read it again, and send the change with the new ETag if it is still right.",
        )


def still_current(request: AnyRequest, viewer: Viewer, current: Callable[[], str]) -> Database:
    """Return the books, to be posted to only if the sender saw what there is.

    `require_current` is asked inside the transaction that posts, where nobody else can come first:
    of two who send one entity tag, one posts. Where several acts are posted one after the other it
    is asked with the first.

    Parameters
    ----------
    current : callable
        Returns the entity tag as of what is posted; it reads in a transaction of its own.
    """
    if _given(request, "If-Match") is None:
        return viewer.whole
    return _Conditional(viewer.whole, partial(require_current, request, current))


class _Conditional(Database):
    """Books whose first writing transaction begins with a condition."""

    def __init__(self, books: Database, require: Callable[[], None]) -> None:
        self.__dict__.update(books.__dict__)
        self._require: Callable[[], None] | None = require

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction as ever, once nothing stands against it."""
        with super().writing() as connection:
            if self._require is not None:
                # Whoever posts waits for this row: from here on the head stays what it is.
                head = self.metadata.tables[CHAIN_HEAD]
                connection.execute(select(head.c.act_id).with_for_update())
                self._require()
                self._require = None
            yield connection


def require_writing(viewer: Viewer) -> None:
    """Refuse a token that may only read.

    Raises
    ------
    NotPermittedError
    """
    if viewer.api_token is not None and "write" not in viewer.api_token.abilities:
        raise NotPermittedError("this token may only read", "Use one that may write.")


def done_once(
    request: AnyRequest, viewer: Viewer, asked: Mapping[str, Any], do: Callable[[], Answer]
) -> Response[Any]:
    """Do something once under the sender's key, and answer as it was answered first.

    Raises
    ------
    ConflictError
        If the key was used for something else, or is being used at this moment.
    UsageError
        If the key is none.
    """
    key = request.headers.get("Idempotency-Key", "")
    if key and not (len(key) <= MAX_KEY and key.isascii() and key.isprintable()):
        raise UsageError("the Idempotency-Key is no key", f"At most {MAX_KEY} signs; use a UUID.")
    sent = {"method": request.method, "path": request.url.path, "query": request.url.query}
    answer = once(viewer, f"api:{key}" if key else "", {**sent, **asked}, do)
    headers = {REPLAYED: "true"} if answer.repeated else {}
    if answer.location:
        headers["Location"] = answer.location
    content = (answer.content or "null").encode()
    return Response(
        content, status_code=answer.status, media_type="application/json", headers=headers
    )


def answer_of(document: msgspec.Struct, status: int = 201, location: str | None = None) -> Answer:
    """Return what is answered to a change, as it is kept for repetitions."""
    return Answer(status, location, msgspec.json.encode(document).decode(), "application/json")
