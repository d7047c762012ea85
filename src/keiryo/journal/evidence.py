"""Files that an act names: kept in the evidence store, and the line that says what each one is.

A file is kept before the act that names it is posted, so that no act names a file that is not
there. Of a file that is too large to be kept, the act holds digest and size only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, text

from keiryo.journal.model import Draft, Value
from keiryo.journal.tables import EVIDENCE
from keiryo.storage.evidence import EvidenceStore

MAX_KEPT_BYTES = 64 << 20
MAX_NAME = 255
REMOVALS = "surveillance_removal"
"""Table of record whose lines say which evidence was removed under a rule of retention."""


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file by its content.

    Attributes
    ----------
    name : str
        As received.
    digest : str
        SHA-256 of the content, hexadecimal.
    size_bytes : int
    kept : bool
        Whether the content is in the evidence store.
    """

    name: str
    digest: str
    size_bytes: int
    kept: bool = True


def keep_file(
    store: EvidenceStore, name: str, content: bytes, *, up_to_bytes: int | None = None
) -> KeptFile:
    """Put a file into the evidence store.

    Parameters
    ----------
    store : EvidenceStore
    name : str
        As received.
    content : bytes
    up_to_bytes : int, optional
        Content that is larger is not kept, only its digest; by default everything is kept.

    Returns
    -------
    KeptFile
        For `evidence_values` and `add_evidence`.
    """
    if up_to_bytes is not None and len(content) > up_to_bytes:
        return KeptFile(name, hashlib.sha256(content).hexdigest(), len(content), kept=False)
    return KeptFile(name, store.put(content), len(content))


def evidence_values(file: KeptFile, scope: str, role: str, received_at: str) -> dict[str, Value]:
    """Return the fields of the line that names a file.

    Parameters
    ----------
    file : KeptFile
    scope : str
    role : str
        What the file is to the act, e.g. ``"report"``.
    received_at : str
        In UTC, as `keiryo.dates.utc_text` writes it.
    """
    return {
        "scope": scope,
        "digest": file.digest,
        "name": file.name.encode(errors="replace").decode()[:MAX_NAME] or "(no name)",
        "size_bytes": file.size_bytes,
        "role": role,
        "received_at": received_at,
        "kept": int(file.kept),
    }


def add_evidence(draft: Draft, file: KeptFile, scope: str, role: str, received_at: str) -> int:
    """Add the line that names a file to a draft; see `evidence_values`.

    Returns
    -------
    int
        Number of the line within the act.
    """
    values = evidence_values(file, scope, role, received_at)
    return draft.add(EVIDENCE.name, values)


def removed_evidence(connection: Connection, tables: Collection[str]) -> set[str]:
    """Return the digests of evidence of which the record says that its content was removed.

    Parameters
    ----------
    connection
        An open transaction.
    tables : collection of str
        Tables that the database has; older ones know no removal.
    """
    if REMOVALS not in tables:
        return set()
    return {str(row[0]) for row in connection.execute(text(f"SELECT digest FROM {REMOVALS}"))}
