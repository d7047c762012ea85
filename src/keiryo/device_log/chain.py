"""Chains: each value hashes the one before it and the record, so that an edit inside shows.

    c_i = SHA-256(c_{i-1} ‖ canonical bytes of record i),   c_{-1} = 32 zero bytes

A chain shows edits, insertions and records taken out of the middle. It does not show that records
were cut off at the end, nor that somebody wrote the whole log and its chain anew: for that, a
signed head must lie outside the reach of whoever holds the log (see `keiryo.device_log.heads`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from keiryo.device_log.canonical import Record, canonical

START = "0" * 64
"""The value before the first record."""


def next_value(previous: str, record: bytes) -> str:
    """Return the chain value after a record.

    Parameters
    ----------
    previous : str
        Value before it, hexadecimal.
    record : bytes
        Canonical bytes.
    """
    return hashlib.sha256(bytes.fromhex(previous) + record).hexdigest()


def values(records: Iterable[Record], *, start: str = START) -> list[str]:
    """Return the chain values of records, hexadecimal; `start` is the value before the first."""
    found, last = [], start
    for record in records:
        last = next_value(last, canonical(record))
        found.append(last)
    return found


def is_value(text: object) -> bool:
    """Return whether a text can be a chain value or a root: 64 hexadecimal digits."""
    return isinstance(text, str) and len(text) == 64 and all(c in "0123456789abcdef" for c in text)
