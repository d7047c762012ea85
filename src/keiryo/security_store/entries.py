"""The trail of a store: one entry for each thing done, reads too, chained and signed.

An entry carries the digest of the entry before it and is signed by the person who did it. It names
records and says who did what, when and why; it holds nothing of what is sealed. An entry for a
wrong passphrase alone has no signature, since nobody was there to sign it.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from keiryo.errors import UsageError

GENESIS = "0" * 64
UNSIGNED = frozenset({"wrong_passphrase"})
COLUMNS = (
    *("seq", "at", "person", "action", "compartment", "record", "version", "reason", "detail"),
    *("digest", "previous", "hash", "signature"),
)
NAME_LENGTH, REASON_LENGTH = 64, 200
_NOT_IN_TEXT = {"Cc", "Cs", "Cf", "Co", "Cn", "Zl", "Zp"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the trail.

    Attributes
    ----------
    seq : int
        From 1, without gaps.
    at : str
        When, UTC.
    detail : str
        What else belongs to it, as JSON in one fixed form.
    digest : str or None
        The digest of what was sealed with this entry.
    """

    seq: int
    at: str
    person: str
    action: str
    compartment: str | None = None
    record: str | None = None
    version: int | None = None
    reason: str | None = None
    detail: str = "{}"
    digest: str | None = None
    previous: str = GENESIS
    hash: str = ""
    signature: str = ""

    @property
    def told(self) -> dict[str, Any]:
        """The detail as data."""
        found: dict[str, Any] = json.loads(self.detail)
        return found

    @property
    def instant(self) -> datetime:
        """When it was done."""
        return parse_instant(self.at)

    def own_hash(self, store: str) -> str:
        """Return the digest that this entry must have in the store with an id."""
        parts = [
            *("keiryo-store-1 entry", store, self.seq, self.at, self.person, self.action),
            *(self.compartment, self.record, self.version, self.reason, self.detail),
            *(self.digest, self.previous),
        ]
        return hashlib.sha256(plain_json(parts).encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data, without the signature."""
        return {
            "seq": self.seq,
            "at": self.at,
            "person": self.person,
            "action": self.action,
            "compartment": self.compartment,
            "record": self.record,
            "version": self.version,
            "reason": self.reason,
            "detail": self.told,
            "hash": self.hash,
        }


def plain_json(value: object) -> str:
    """Return JSON in the one form that is hashed."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def signed_bytes(hash_: str) -> bytes:
    """Return what a person signs."""
    return b"keiryo-store-1 entry\n" + hash_.encode()


def instant_text(instant: datetime) -> str:
    """Return an instant as it is kept: UTC with milliseconds."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + (
        f"{instant.microsecond // 1000:03d}Z"
    )


def parse_instant(text: str) -> datetime:
    """Return the instant that a kept text means; raises ValueError."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def insert(connection: sqlite3.Connection, entry: Entry) -> None:
    """Add an entry to the file."""
    marks = ", ".join("?" * len(COLUMNS))
    values = tuple(getattr(entry, name) for name in COLUMNS)
    connection.execute(f"INSERT INTO entry ({', '.join(COLUMNS)}) VALUES ({marks})", values)


def after(connection: sqlite3.Connection, seq: int) -> Iterator[Entry]:
    """Return the entries behind one, in their order."""
    chosen = f"SELECT {', '.join(COLUMNS)} FROM entry WHERE seq > ? ORDER BY seq"
    for row in connection.execute(chosen, (seq,)):
        yield Entry(*row)


# --- texts of persons ----------------------------------------------------------------------------


def check_name(text: str, what: str) -> str:
    """Return a name or title without blanks around it.

    Raises
    ------
    UsageError
        If it is empty, longer than 64 characters, or has control characters.
    """
    return _checked(text, what, NAME_LENGTH)


def check_reason(text: str) -> str:
    """Return a reason, at most 200 characters; raises as `check_name`."""
    return _checked(text, "the reason", REASON_LENGTH)


def _checked(text: str, what: str, longest: int) -> str:
    kept = unicodedata.normalize("NFC", text.strip())
    if not kept:
        raise UsageError(f"{what} is missing", "Nothing is opened or changed without one.")
    if len(kept) > longest:
        raise UsageError(f"{what} is longer than {longest} characters")
    if any(unicodedata.category(sign) in _NOT_IN_TEXT for sign in kept):
        raise UsageError(f"{what} has control characters")
    return kept
