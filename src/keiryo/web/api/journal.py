"""The record by programs: acts, their lines, proofs of lines, the checkpoint."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Response
from litestar.params import PathParameter, QueryParameter
from msgspec import Meta
from sqlalchemy import func, select

from keiryo.journal import proofs
from keiryo.journal.reading import act as read_act
from keiryo.journal.reading import act_from_row
from keiryo.storage.schema import ACT, SIGNATURE
from keiryo.web.api.answering import answered, as_of_head, as_of_seen, reading
from keiryo.web.api.cursors import NEXT_LINK, Asked, Cursor, Limit, asked_page, paged
from keiryo.web.api.documents import ActDocument, Document, act_document
from keiryo.web.pages.journal import kinds_in_act, require_line_seen
from keiryo.web.sections import Section
from keiryo.web.viewer import AnyRequest, Asking, Viewer

LARGEST = 2**53 - 1
"""Largest number that every program reads exactly from JSON."""

ActNumber = Annotated[int, PathParameter(ge=1, le=LARGEST, description="Number of the act.")]
LineNumber = Annotated[int, PathParameter(ge=1, le=LARGEST, description="Number of the line.")]
Values = dict[str, int | str | None]


class ActPage(Document, frozen=True, kw_only=True):
    """A page of acts, in the order in which they were posted."""

    items: Annotated[list[ActDocument], Meta(description="the acts that you see")]
    next: Annotated[str | None, Meta(description="cursor of the next page; null after the last")]


class KindCount(Document, frozen=True, kw_only=True):
    """How many lines of a kind an act has that you see."""

    kind: Annotated[str, Meta(description="kind of line", examples=["inventory_change"])]
    lines: Annotated[int, Meta(description="how many of them you see")]


class SignatureDocument(Document, frozen=True, kw_only=True):
    """Who signed an act, with which key (Ed25519)."""

    person: Annotated[str, Meta(description="pseudonym")]
    key: Annotated[str, Meta(description="public key, hexadecimal")]
    signature: Annotated[str, Meta(description="signature over the digest, hexadecimal")]


class WholeAct(ActDocument, frozen=True, kw_only=True):
    """An act with what you see of it."""

    kinds: Annotated[list[KindCount], Meta(description="lines that you see, by kind")]
    hidden_lines: Annotated[int, Meta(description="lines that you do not see")]
    signatures: Annotated[list[SignatureDocument], Meta(description="who signed it")]


class LineDocument(Document, frozen=True, kw_only=True):
    """A line of an act."""

    act: Annotated[int, Meta(description="number of the act")]
    line: Annotated[int, Meta(description="number of the line in the act, from 1")]
    kind: Annotated[str, Meta(description="kind of line", examples=["inventory_change"])]
    values: Annotated[Values, Meta(description="its fields, those without a value left out")]


class LinePage(Document, frozen=True, kw_only=True):
    """A page of the lines of an act, in their order."""

    items: Annotated[list[LineDocument], Meta(description="the lines that you see")]
    next: Annotated[str | None, Meta(description="cursor of the next page; null after the last")]


class ProvenLine(Document, frozen=True, kw_only=True):
    """The line that a proof shows."""

    kind: Annotated[str, Meta(description="kind of line")]
    line_no: Annotated[int, Meta(description="number of the line in the act")]
    salt: Annotated[str, Meta(description="salt of the line, hexadecimal")]
    values: Annotated[Values, Meta(description="its fields")]


class ProofLink(Document, frozen=True, kw_only=True):
    """A later act, on the way to the head of the chain."""

    act_id: Annotated[int, Meta(description="number of the act")]
    header_digest: Annotated[str, Meta(description="digest of its header, hexadecimal")]
    lines_root: Annotated[str, Meta(description="Merkle root of its lines, hexadecimal")]
    digest: Annotated[str, Meta(description="digest of the act, hexadecimal")]


class ProofDocument(Document, frozen=True, kw_only=True):
    """The proof that a line is part of the journal; it shows no other line."""

    format: Annotated[str, Meta(description="keiryo-proof-1")]
    journal_uid: Annotated[str, Meta(description="which journal it is of")]
    act: Annotated[Values, Meta(description="header of the act")]
    line: ProvenLine
    path: Annotated[list[str], Meta(description="sibling digests up to the root, hexadecimal")]
    links: Annotated[list[ProofLink], Meta(description="acts that follow, up to the head")]
    signatures: Annotated[list[SignatureDocument], Meta(description="who signed the act")]


class CheckpointDocument(Document, frozen=True, kw_only=True):
    """The head of the chain, to be kept elsewhere."""

    format: Annotated[str, Meta(description="keiryo-checkpoint-1")]
    journal_uid: Annotated[str, Meta(description="which journal it is of")]
    act_id: Annotated[int, Meta(description="the last act")]
    digest: Annotated[str, Meta(description="its digest, hexadecimal")]
    recorded_at: Annotated[str, Meta(description="UTC time")]


@reading("/acts", "journal", headers=[NEXT_LINK])
def list_acts(
    request: AnyRequest,
    viewer: Asking,
    limit: Limit = 100,
    cursor: Cursor = None,
    kind: Annotated[
        str | None, QueryParameter(max_length=100, description="Only acts of this kind.")
    ] = None,
    person: Annotated[
        str | None, QueryParameter(max_length=40, description="Only acts of this pseudonym.")
    ] = None,
    since: Annotated[
        int | None, QueryParameter(ge=0, le=LARGEST, description="Only acts after this number.")
    ] = None,
) -> Response[ActPage]:
    """List the acts that you see, in the order in which they were posted."""
    asked = asked_page(request, viewer, limit, cursor)
    table = viewer.metadata.tables[ACT]
    query = select(table).order_by(table.c.act_id).limit(limit + 1)
    after = max([since or 0, *(asked.after or ())])
    query = query.where(table.c.act_id > after)
    if kind is not None:
        query = query.where(table.c.kind == kind.replace("\0", ""))
    if person is not None:
        query = query.where(table.c.person == person.replace("\0", ""))

    def build() -> Response[ActPage]:
        with viewer.books.reading() as connection:
            rows = [act_from_row(row) for row in connection.execute(query).mappings()]
        return paged(
            *(request, viewer, asked, rows, lambda act: [act.act_id]),
            lambda shown, more: ActPage(items=[act_document(a) for a in shown], next=more),
        )

    return answered(request, viewer, as_of_seen(viewer), build)


@reading("/acts/{number:int}", "journal")
def get_act(request: AnyRequest, viewer: Asking, number: ActNumber) -> Response[WholeAct]:
    """Return one act: who answers for it, who signed, which lines of it you see."""
    with viewer.books.reading() as connection:
        found = read_act(connection, viewer.metadata, number)

    def build() -> WholeAct:
        kinds, metadata = [], viewer.metadata
        with viewer.books.reading() as connection:
            for name in kinds_in_act(viewer, number):
                table = metadata.tables[name]
                count = select(func.count()).where(table.c.act_id == number)
                if lines := int(connection.execute(count).scalar_one()):
                    kinds.append(KindCount(kind=name, lines=lines))
            signed = metadata.tables[SIGNATURE]
            query = select(signed.c.person, signed.c.key, signed.c.signature)
            rows = connection.execute(query.where(signed.c.act_id == number)).mappings().all()
        header = {n: getattr(act_document(found), n) for n in ActDocument.__struct_fields__}
        return WholeAct(
            **header,
            kinds=kinds,
            hidden_lines=found.line_count - sum(one.lines for one in kinds),
            signatures=[SignatureDocument(**dict(row)) for row in rows],
        )

    return answered(request, viewer, as_of_seen(viewer), build)


@reading("/acts/{number:int}/lines", "journal", headers=[NEXT_LINK])
def list_lines(
    request: AnyRequest,
    viewer: Asking,
    number: ActNumber,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response[LinePage]:
    """List the lines of an act that you see, whatever their kind, in their order."""
    asked = asked_page(request, viewer, limit, cursor)
    with viewer.books.reading() as connection:
        read_act(connection, viewer.metadata, number)

    def build() -> Response[LinePage]:
        return paged(
            *(request, viewer, asked, _lines(viewer, number, asked), lambda line: [line.line]),
            lambda shown, more: LinePage(items=list(shown), next=more),
        )

    return answered(request, viewer, as_of_seen(viewer), build)


def _lines(viewer: Viewer, number: int, asked: Asked) -> Sequence[LineDocument]:
    """Return the lines of a page and one more, merged from the tables of all kinds."""
    after = int(asked.after[0]) if asked.after else 0
    streams: list[list[LineDocument]] = []
    with viewer.books.reading() as connection:
        for name, kind in kinds_in_act(viewer, number).items():
            table = viewer.metadata.tables[name]
            query = (
                select(table.c.line_no, *(table.c[f.name] for f in kind.fields))
                .where(table.c.act_id == number, table.c.line_no > after)
                .order_by(table.c.line_no)
                .limit(asked.limit + 1)
            )
            rows = [dict(row) for row in connection.execute(query).mappings()]
            streams.append([_line(number, name, row) for row in rows])
    return list(heapq.merge(*streams, key=lambda line: line.line))[: asked.limit + 1]


def _line(number: int, name: str, row: dict[str, Any]) -> LineDocument:
    line = int(row.pop("line_no"))
    values = {field: value for field, value in row.items() if value is not None}
    return LineDocument(act=number, line=line, kind=name, values=values)


@reading("/acts/{number:int}/lines/{line:int}/proof", "journal")
def prove_line(
    request: AnyRequest, viewer: Asking, number: ActNumber, line: LineNumber
) -> Response[ProofDocument]:
    """Return the proof that a line which you see is part of the journal; it shows no other."""
    require_line_seen(viewer, number, line)

    def build() -> ProofDocument:
        import msgspec

        with viewer.whole.reading() as connection:  # the path needs the digests of all lines
            proof = proofs.prove(connection, viewer.metadata, number, line)
        return msgspec.convert(proof, ProofDocument)

    return answered(request, viewer, as_of_head(viewer), build)


@reading("/checkpoint", "journal")
def get_checkpoint(request: AnyRequest, viewer: Asking) -> Response[CheckpointDocument]:
    """Return the head of the chain, to be kept elsewhere."""

    def build() -> CheckpointDocument:
        with viewer.whole.reading() as connection:
            made = proofs.checkpoint(connection, viewer.metadata)
        return CheckpointDocument(
            format=proofs.CHECKPOINT_FORMAT,
            journal_uid=made.journal_uid,
            act_id=made.act_id,
            digest=made.digest,
            recorded_at=made.recorded_at,
        )

    return answered(request, viewer, as_of_head(viewer), build)


SECTION = Section("api journal", api=(list_acts, get_act, list_lines, prove_line, get_checkpoint))
