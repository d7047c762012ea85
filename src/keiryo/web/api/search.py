"""Search by programs, over everything that you see: by the providers of all sections."""

from __future__ import annotations

from typing import Annotated

from litestar import Response
from litestar.params import QueryParameter
from msgspec import Meta

from keiryo.web.api.answering import answered, as_of_seen, reading
from keiryo.web.api.documents import Document
from keiryo.web.searching import hits_of
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking

MOST_HITS = 20
"""Most hits of one kind."""


class HitDocument(Document, frozen=True, kw_only=True):
    """Something that a search found."""

    kind: Annotated[str, Meta(description="what it is", examples=["act"])]
    title: Annotated[str, Meta(description="how it is called")]
    page: Annotated[str, Meta(description="address of its page on this server")]
    detail: Annotated[str, Meta(description="what else helps to recognise it")]


class HitList(Document, frozen=True, kw_only=True):
    """What a search found."""

    items: Annotated[list[HitDocument], Meta(description="at most 20 of each kind")]


@reading("/search", "search")
def search(
    request: AnyRequest,
    viewer: Asking,
    q: Annotated[
        str, QueryParameter(min_length=1, max_length=200, description="What is searched for.")
    ],
) -> Response[HitList]:
    """Search in everything that you see."""

    def build() -> HitList:
        hits = [
            HitDocument(kind=h.kind, title=h.title, page=h.href, detail=str(h.detail or ""))
            for h in hits_of(viewer, q, MOST_HITS)
        ]
        return HitList(items=hits)

    return answered(request, viewer, as_of_seen(viewer, viewer.language), build)


SECTION = Section("api search", api=(search,))
