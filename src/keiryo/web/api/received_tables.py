"""Tables that programs send: CSV as it is, or its text within JSON; described the same everywhere.

What the file is called and what else there is to say about it are parameters of the address, so
that both ways of sending say the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import msgspec
from litestar.exceptions import HTTPException
from litestar.openapi.spec import OpenAPIMediaType, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import QueryParameter
from msgspec import Meta

from keiryo.errors import UsageError
from keiryo.web.api.answering import Change, Described, content_kind
from keiryo.web.api.asking import PLAIN
from keiryo.web.api.documents import Request
from keiryo.web.pages.reports_kept import safe_name
from keiryo.web.viewer import AnyRequest

CSV, JSON = "text/csv", "application/json"
MOST_NAME = 200

FileName = Annotated[
    str | None,
    QueryParameter(
        name="file", max_length=MOST_NAME, pattern=PLAIN, description="What the file is called."
    ),
]


class SentTable(Request, frozen=True, kw_only=True):
    """A table within JSON."""

    content: Annotated[str, Meta(description="the text of the file")]


@dataclass
class TableChange(Change):
    """A request with a table that records it."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.request_body = _body()


@dataclass
class TableCheck(Described):
    """A request with a table that records nothing."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.request_body = _body()


def _body() -> RequestBody:
    text = Schema(type=OpenAPIType.STRING, description="the text of the file")
    sent = Schema(
        type=OpenAPIType.OBJECT,
        properties={"content": text},
        required=["content"],
        additional_properties=False,
    )
    return RequestBody(
        content={
            CSV: OpenAPIMediaType(schema=Schema(content_media_type=CSV)),
            JSON: OpenAPIMediaType(schema=sent),
        },
        description="The table as CSV in UTF-8; or its text within JSON.",
        required=True,
    )


async def table_sent(request: AnyRequest) -> bytes:
    """Return the table that was sent, as CSV or within JSON.

    Raises
    ------
    UsageError
        If the JSON is not as described.
    HTTPException
        If it is something else.
    """
    kind = content_kind(request)
    if kind == CSV:
        return await request.body()
    if kind != JSON:
        raise HTTPException(status_code=415, detail=f"send {CSV} or {JSON}")
    try:
        return msgspec.json.decode(await request.body(), type=SentTable).content.encode()
    except (msgspec.DecodeError, UnicodeError) as error:
        raise UsageError(f"the content is not as described: {error}") from None


def name_of_file(given: str | None, otherwise: str) -> str:
    """Return what a file is called, as it may be shown and recorded."""
    return safe_name(given or otherwise)
