"""Pages of long answers: a signed mark says after which line the next page begins.

A page begins after the last line of the page before it, whatever was posted in between: nothing is
shown twice and nothing is left out, and the hundredth page costs what the first one does. The mark
is signed and holds for the question that it was given for only.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl, urlencode

from litestar import Response
from litestar.datastructures import ResponseHeader
from litestar.params import QueryParameter

from keiryo.errors import UsageError
from keiryo.people.secret import keyed_digest
from keiryo.web.viewer import AnyRequest, Viewer

MOST = 1_000
_SIGNED = 32
_Document = TypeVar("_Document")

Limit = Annotated[
    int, QueryParameter(ge=1, le=MOST, description=f"Most items of the page, 1 to {MOST}.")
]
Cursor = Annotated[
    str | None,
    QueryParameter(max_length=2_000, description="The `next` of the page before this one."),
]
NEXT_LINK = ResponseHeader(
    name="Link",
    value='<…>; rel="next"',
    documentation_only=True,
    description='Address of the next page with rel="next" (RFC 8288); none after the last page.',
)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which page is asked for.

    Attributes
    ----------
    limit : int
    after : list or None
        The place after which it begins, as the page before gave it; None: the first.
    question : str
        What is asked for, without limit and cursor.
    """

    limit: int
    after: list[Any] | None
    question: str


def asked_page(request: AnyRequest, viewer: Viewer, limit: int, cursor: str | None) -> Asked:
    """Return which page is asked for.

    Raises
    ------
    UsageError
        If the cursor is none that was given for this question.
    """
    named = parse_qsl(request.url.query, keep_blank_values=True)
    kept = sorted((n, v) for n, v in named if n not in ("limit", "cursor"))
    question = json.dumps([request.url.path, kept])
    if cursor is None:
        return Asked(limit, None, question)
    try:
        text = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        signed, place = text[:_SIGNED], text[_SIGNED:].decode()
    except (binascii.Error, ValueError):
        signed, place = b"", ""
    if not hmac.compare_digest(signed, _signature(viewer, question, place)):
        raise UsageError(
            "this cursor was not given for this question",
            "Take the `next` of the page before, with the same parameters; or begin anew.",
        )
    return Asked(limit, json.loads(place), question)


def _signature(viewer: Viewer, question: str, place: str) -> bytes:
    text = f"cursor\n{question}\n{place}"
    return keyed_digest(viewer.server.secret, text)[:_SIGNED].encode()


def next_cursor(viewer: Viewer, asked: Asked, place: Sequence[Any]) -> str:
    """Return the cursor of the page that begins after a place."""
    text = json.dumps(list(place), separators=(",", ":"))
    signed = _signature(viewer, asked.question, text) + text.encode()
    return base64.urlsafe_b64encode(signed).decode().rstrip("=")


def paged(
    request: AnyRequest,
    viewer: Viewer,
    asked: Asked,
    rows: Sequence[Any],
    place: Callable[[Any], Sequence[Any]],
    build: Callable[[Sequence[Any], str | None], _Document],
) -> Response[_Document]:
    """Return a page of rows, of which one more than the limit was read.

    Parameters
    ----------
    place : callable
        Returns the place of a row in the order of the list.
    build : callable
        Makes the document of rows and the cursor of the next page.
    """
    shown = rows[: asked.limit]
    more = None
    if len(rows) > asked.limit:
        more = next_cursor(viewer, asked, place(shown[-1]))
    made: Response[_Document] = Response(build(shown, more), media_type="application/json")
    if more is not None:
        query = [(n, v) for n, v in parse_qsl(request.url.query) if n != "cursor"]
        address = f"{request.url.path}?{urlencode([*query, ('cursor', more)])}"
        made.headers["Link"] = f'<{address}>; rel="next"'
    return made
