"""The evidence chain by programs: what something rests on, and what rests on it."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Response
from litestar.params import QueryParameter
from msgspec import Meta

from keiryo.accounts.explain import node_of
from keiryo.errors import UsageError
from keiryo.journal.dependents import dependents
from keiryo.journal.registry import Link
from keiryo.journal.why import why
from keiryo.web.api.answering import answered, as_of_seen, reading
from keiryo.web.api.documents import Document
from keiryo.web.api.journal import LineDocument, Values
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking, Viewer

MOST_NODES = 5_000

Of = Annotated[
    str,
    QueryParameter(
        min_length=1,
        max_length=300,
        description="XAFA/MF/E, XAFA/NAME of a batch, report:XAFA/102, entry:XAFA/106/4, act:12, "
        "line:12/3, evidence:DIGEST.",
    ),
]
MostNodes = Annotated[
    int, QueryParameter(ge=1, le=MOST_NODES, description="Most nodes (links) to follow.")
]


class LinkDocument(Document, frozen=True, kw_only=True):
    """One thing rests on another."""

    source: Annotated[str, Meta(description="node that rests on the other")]
    relation: Annotated[str, Meta(description="how", examples=["recorded in"])]
    target: Annotated[str, Meta(description="node that it rests on")]


class ChainAct(Document, frozen=True, kw_only=True):
    """An act of a chain."""

    act: Annotated[int, Meta(description="number of the act")]
    kind: Annotated[str, Meta(description="kind of act")]
    recorded_at: Annotated[str, Meta(description="UTC time")]
    person: Annotated[str, Meta(description="who answers for it, by pseudonym")]
    on_behalf_of: Annotated[str, Meta(description="country code")]
    reason: Annotated[str | None, Meta(description="why, in words")]
    corrects: Annotated[int | None, Meta(description="act that it corrects")]
    digest: Annotated[str, Meta(description="its digest, hexadecimal")]


class ChainEvidence(Document, frozen=True, kw_only=True):
    """A file of evidence of a chain."""

    digest: Annotated[str, Meta(description="SHA-256 of the content, hexadecimal")]
    name: Annotated[str, Meta(description="file name as received")]
    size_bytes: Annotated[int, Meta(description="size of the content")]
    role: Annotated[str, Meta(description="what it is to the act")]
    received_at: Annotated[str, Meta(description="UTC time")]
    kept: Annotated[int | None, Meta(description="1 if the content is in the evidence store")]
    act: Annotated[int, Meta(description="act that it came with")]


class ChainDocument(Document, frozen=True, kw_only=True):
    """What something rests on, back to first receipt."""

    node: Annotated[str, Meta(description="where the walk began")]
    acts: Annotated[list[ChainAct], Meta(description="acts on the way")]
    lines: Annotated[list[LineDocument], Meta(description="lines on the way")]
    reports: Annotated[list[Values], Meta(description="headers of reports on the way")]
    evidence: Annotated[list[ChainEvidence], Meta(description="files on the way")]
    links: Annotated[list[LinkDocument], Meta(description="the steps")]
    truncated: Annotated[bool, Meta(description="whether the walk stopped at its limit")]


class DependentsDocument(Document, frozen=True, kw_only=True):
    """What rests directly on something."""

    node: Annotated[str, Meta(description="what was asked about")]
    links: Annotated[list[LinkDocument], Meta(description="each with the node as its target")]
    truncated: Annotated[bool, Meta(description="whether there are more")]


@reading("/why", "chain")
def get_why(
    request: AnyRequest, viewer: Asking, of: Of, limit: MostNodes = 1_000
) -> Response[ChainDocument]:
    """Return the acts, lines, reports and files that a figure, batch, line or report rests on."""
    _require_plain(of)

    def build() -> ChainDocument:
        metadata, registry = viewer.metadata, viewer.whole.registry
        with viewer.books.reading() as connection:
            node = node_of(connection, metadata, of)
            found = why(connection, metadata, registry, node, limit=limit).to_dict()
        return _chain(found)

    return answered(request, viewer, as_of_seen(viewer), build)


def _chain(found: dict[str, Any]) -> ChainDocument:
    return ChainDocument(
        node=found["node"],
        acts=msgspec.convert(found["acts"], list[ChainAct]),
        lines=[
            LineDocument(act=x["act"], line=x["line"], kind=x["kind"], values=x["values"])
            for x in found["lines"]
        ],
        reports=found["reports"],
        evidence=msgspec.convert(found["evidence"], list[ChainEvidence]),
        links=[
            LinkDocument(source=x["from"], relation=x["relation"], target=x["to"])
            for x in found["links"]
        ],
        truncated=found["truncated"],
    )


@reading("/dependents", "chain")
def get_dependents(
    request: AnyRequest, viewer: Asking, of: Of, limit: MostNodes = 1_000
) -> Response[DependentsDocument]:
    """Return what rests directly on a figure, batch, line, act, report or file."""
    _require_plain(of)

    def build() -> DependentsDocument:
        node, links = _dependents(viewer, of, limit + 1)
        shown = [
            LinkDocument(source=link.source, relation=link.relation, target=link.target)
            for link in links[:limit]
        ]
        return DependentsDocument(node=node, links=shown, truncated=len(links) > limit)

    return answered(request, viewer, as_of_seen(viewer), build)


def _dependents(viewer: Viewer, of: str, most: int) -> tuple[str, list[Link]]:
    metadata, registry = viewer.metadata, viewer.whole.registry
    with viewer.books.reading() as connection:
        node = node_of(connection, metadata, of)
        return node, dependents(connection, metadata, registry, node, most)


def _require_plain(of: str) -> None:
    if "\0" in of:
        raise UsageError("nothing is named like this", "Write e.g. XAFA/MF/E or report:XAFA/102.")


SECTION = Section("api chain", api=(get_why, get_dependents))
