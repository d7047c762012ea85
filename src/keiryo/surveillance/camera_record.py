"""What cameras, images and declared operations do with the record: lines, areas, files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.dates import utc_text
from keiryo.errors import Finding, NotFoundError, Severity
from keiryo.journal.evidence import add_evidence, keep_file
from keiryo.journal.model import Draft
from keiryo.journal.posting import Clock
from keiryo.journal.registry import Posting, Refusal
from keiryo.journal.tables import EVIDENCE
from keiryo.places.tables import areas
from keiryo.storage.engine import Database
from keiryo.storage.schema import ACT
from keiryo.surveillance.tables import CAMERA

BASIS = "docs/theory/surveillance.md"

File = tuple[str, bytes]
"""Name and content."""


def scope_of_area(connection: Connection, metadata: MetaData, mba: str) -> str:
    """Return whose the lines about an area are.

    Raises
    ------
    NotFoundError
        If no such area is registered.
    """
    known = areas(connection, metadata)
    if mba not in known:
        raise NotFoundError(
            f"the material balance area {mba[:20]!r} is not registered",
            "Register it first: 'keiryo place register'; 'keiryo place list' lists them.",
        )
    return known[mba].scope


def known_camera(
    connection: Connection, metadata: MetaData, camera: str, *, before_act: int | None = None
) -> dict[str, Any] | None:
    """Return the last line of a camera, or None if there is none (before an act)."""
    table = metadata.tables[CAMERA.name]
    query = select(table).where(table.c.camera == camera)
    if before_act is not None:
        query = query.where(table.c.act_id < before_act)
    query = query.order_by(table.c.act_id.desc(), table.c.line_no.desc()).limit(1)
    row = connection.execute(query).mappings().first()
    return None if row is None else dict(row)


def scope_of_camera(connection: Connection, metadata: MetaData, camera: str) -> str:
    """Return whose the lines about a camera are.

    Raises
    ------
    NotFoundError
        If no such camera is registered.
    """
    row = known_camera(connection, metadata, camera)
    if row is None:
        raise NotFoundError(
            f"there is no camera {camera[:60]!r}",
            "'keiryo surveillance camera list' lists what there is.",
        )
    return scope_of_area(connection, metadata, str(row["mba"]))


def keep_picture(
    database: Database, draft: Draft, file: File, scope: str, role: str, clock: Clock
) -> str:
    """Keep a file, name it in a draft, and return its digest."""
    kept = keep_file(database.evidence, *file)
    add_evidence(draft, kept, scope, role, utc_text(clock()))
    return kept.digest


def content_key(*parts: object) -> str:
    """Return a short digest of parts, for the client id of an act that states them."""
    digest = hashlib.sha256()
    for part in parts:
        told = str(part).encode()
        digest.update(f"{len(told)}:".encode() + told)
    return digest.hexdigest()[:32]


def in_evidence(posting: Posting, digest: str) -> bool:
    """Return whether the record names a file of evidence with a digest."""
    files = posting.table(EVIDENCE.name)
    query = select(files.c.act_id).where(files.c.digest == digest).limit(1)
    return posting.connection.execute(query).first() is not None


def recorded_at(
    connection: Connection, metadata: MetaData, act_ids: Iterable[int]
) -> dict[int, str]:
    """Return when acts were recorded, UTC, by their numbers."""
    table, wanted, found = metadata.tables[ACT], sorted(set(act_ids)), {}
    for start in range(0, len(wanted), 500):
        some = wanted[start : start + 500]
        query = select(table.c.act_id, table.c.recorded_at).where(table.c.act_id.in_(some))
        found.update({int(a): str(at) for a, at in connection.execute(query)})
    return found


def refused(findings: Iterable[Finding]) -> Iterator[Refusal]:
    """Yield findings as refusals."""
    for one in findings:
        yield Refusal(one)


def bad(code: str, message: str, advice: str, **where: Any) -> Finding:
    """Return a finding because of which an act is refused."""
    return Finding(code, Severity.FORMAT, message, advice, basis=BASIS, **where)


def unknown_camera(camera: str) -> Finding:
    """Return the finding that there is no such camera."""
    return bad(
        "CAMERA-UNKNOWN",
        f"there is no camera {camera[:60]!r}",
        "Register it first: 'keiryo surveillance camera register'.",
    )
