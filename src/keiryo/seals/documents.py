"""Seals of a shipment: those that its document states against those found on receipt."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, MetaData

from keiryo.dates import utc_text
from keiryo.errors import Finding, RefusedError, UsageError
from keiryo.journal.evidence import add_evidence, keep_file
from keiryo.journal.model import Actor, Draft, Posted, Value
from keiryo.journal.posting import Clock, post, system_clock
from keiryo.journal.registry import Check, Posting
from keiryo.places.tables import area
from keiryo.seals.findings import anomaly, refusing
from keiryo.seals.numbers import SealKey, difference, is_sound, seal_key
from keiryo.seals.register import key_of, standings
from keiryo.seals.standing import State
from keiryo.seals.tables import SEAL_DOCUMENT
from keiryo.sheet_text import SheetTextError, column_name, csv_lines, text_of
from keiryo.storage.engine import Database

File = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class ShippingDocument:
    """A shipping document and what was found.

    Attributes
    ----------
    document : str
        Its reference.
    mba : str
        The area that received the shipment.
    at : str
        When it was received, UTC.
    stated, found : tuple of SealKey
    """

    document: str
    mba: str
    at: str
    stated: tuple[SealKey, ...]
    found: tuple[SealKey, ...]


def keys_in(name: str, content: bytes) -> tuple[SealKey, ...]:
    """Return the seals of a table: a column ``seal``, or ``body`` and ``number``; or one a line.

    Raises
    ------
    UsageError
        If a row names no seal; the first one is told with its line.
    """
    try:
        lines = csv_lines(text_of(content))
    except SheetTextError as error:
        raise UsageError(f"{name}: {error.message}", error.advice) from None
    header = [column_name(cell) for cell in lines[0][1]]
    rows = lines[1:]
    if "seal" in header:
        place = header.index("seal")
        told = [(number, cells[place] if place < len(cells) else "") for number, cells in rows]
    elif "body" in header and "number" in header:
        both = (header.index("body"), header.index("number"))
        told = [
            (number, "/".join(cells[one] if one < len(cells) else "" for one in both))
            for number, cells in rows
        ]
    else:
        told = [(number, cells[0] if cells else "") for number, cells in lines]
    found = []
    for number, text in told:
        try:
            found.append(seal_key(text))
        except UsageError as error:
            raise UsageError(f"{name}:{number}: {error.message}", error.advice) from None
    return tuple(found)


def compared(
    connection: Connection, metadata: MetaData, document: ShippingDocument
) -> list[Finding]:
    """Return how the seals that were found differ from those stated."""
    stated, found = set(document.stated), set(document.found)
    every = standings(connection, metadata, stated | found)
    told = [
        anomaly(
            "SEAL-DOCUMENT-MISSING",
            f"{document.document} states seal {key}, and it was not found{_like(key, found)}",
            "Read the numbers again with the shipper's document; verify the material.",
            mba=document.mba,
        )
        for key in sorted(stated - found)
    ]
    told += [
        anomaly(
            "SEAL-DOCUMENT-EXTRA",
            f"seal {key} was found, and {document.document} does not state it{_like(key, stated)}",
            "Ask the shipper which seals were attached; until that is clear, verify the material.",
            mba=document.mba,
        )
        for key in sorted(found - stated)
    ]
    for key in sorted(found):
        standing = every.get(key)
        if standing is not None and standing.state is not State.ATTACHED:
            told.append(
                anomaly(
                    "SEAL-DOCUMENT-STATE",
                    f"seal {key} was found on the shipment, and it is {standing.state} in the "
                    "register",
                    "Read the number again, and look for an attachment that was not recorded. If "
                    "there was none, one of two seals with this number is not genuine: have it "
                    "examined.",
                    mba=document.mba,
                )
            )
    return told


def _like(key: SealKey, others: set[SealKey]) -> str:
    """Return that a number of the other side is much like this one."""
    for other in sorted(others):
        if other.body == key.body and len(other.number) == len(key.number):
            words = difference(key.number, other.number)
            if words.startswith("character"):
                return f"; {other} is there: {words}"
    return ""


def record_document(
    database: Database,
    actor: Actor,
    document: ShippingDocument,
    *,
    files: Sequence[File] = (),
    clock: Clock = system_clock,
) -> Posted:
    """Record what a shipping document states and what was found: one act, with the differences.

    Raises
    ------
    RefusedError
        If the receipt lies in the future, or a key is none.
    NotFoundError
        If the area is not registered.
    """
    now = utc_text(clock())
    wrong = []
    if document.at > now:
        wrong.append(
            refusing(
                "SEAL-FUTURE",
                f"{document.document}: it was received at {document.at[:16]}Z, which is not yet",
                "Correct the day, the time or the offset.",
            )
        )
    for key in (*document.stated, *document.found):
        if not is_sound(key):
            wrong.append(
                refusing("SEAL-NUMBER", f"{key} names no seal", "Write issuing body and number.")
            )
    if wrong:
        raise RefusedError("the document was refused; nothing was recorded", wrong)
    kept = [keep_file(database.evidence, *one) for one in files]

    def draft(connection: Connection) -> Draft:
        scope = area(connection, database.metadata, document.mba).scope
        made = Draft("seal.document", f"seals:{uuid.uuid4()}")
        for one in kept:
            add_evidence(made, one, scope, "shipping document", now)
        for side, keys in (("stated", document.stated), ("found", document.found)):
            for key in dict.fromkeys(keys):
                values: dict[str, Value] = {"body": key.body, "number": key.number}
                values |= {"document": document.document, "side": side}
                values |= {"mba": document.mba, "at": document.at}
                made.add(SEAL_DOCUMENT.name, values, scope=scope)
        return made

    return post(database, draft, actor, clock=clock)


def check_documents(posting: Posting) -> Iterator[Finding]:
    """Tell how the seals found on receipt differ from those of the document."""
    rows = list(posting.lines(SEAL_DOCUMENT.name))
    for name in dict.fromkeys(row["document"] for row in rows):
        mine = [row for row in rows if row["document"] == name]
        sides = {
            side: tuple(key_of(row) for row in mine if row["side"] == side)
            for side in ("stated", "found")
        }
        document = ShippingDocument(
            name, mine[0]["mba"], mine[0]["at"], sides["stated"], sides["found"]
        )
        yield from compared(posting.connection, posting.metadata, document)


DOCUMENTS_AGREE = Check(
    "seals of shipping documents", frozenset({SEAL_DOCUMENT.name}), check_documents
)
