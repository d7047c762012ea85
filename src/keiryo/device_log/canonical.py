"""The one way to write a record in bytes, so that two who hash it agree.

The form is a part of RFC 8785 (JSON Canonicalization Scheme): objects with sorted keys, no spaces,
UTF-8. Records hold texts, integers, true, false, null, lists and objects; numbers with a fraction
are refused, since no two machines need write them alike, and so are integers of 2^53 and more,
which other readers of JSON round. Keys are ASCII, for which the orders by UTF-16 and by code point
are one. A key that stands twice is refused: readers differ in which of the two they take.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

INTEGER_LIMIT = 2**53
MAX_RECORD_BYTES = 1 << 20
MAX_DEPTH = 32

Record = Mapping[str, Any]


class RecordError(ValueError):
    """What was given is no record that can be written in one way; the message says why."""


def canonical(record: Record) -> bytes:
    r"""Return the canonical bytes of a record.

    Parameters
    ----------
    record : mapping
        Texts, integers below 2^53, true, false, null, lists and objects with ASCII keys.

    Raises
    ------
    RecordError
        If it holds anything else.

    References
    ----------
    RFC 8785, sections 3.2.2 and 3.2.3.

    Examples
    --------
    >>> canonical({"t": "Ω", "seq": 7})
    b'{"seq":7,"t":"\xce\xa9"}'
    """
    if not isinstance(record, Mapping):
        raise RecordError("a record is an object with named fields")
    told = json.dumps(
        _allowed(record, 0), ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )
    try:
        return told.encode()
    except UnicodeEncodeError:
        raise RecordError("a text holds half a surrogate pair, which is no character") from None


def parse(text: str | bytes) -> dict[str, Any]:
    """Return the record that JSON text means.

    Raises
    ------
    RecordError
        If it is not JSON, no object, longer than `MAX_RECORD_BYTES`, names a key twice, or holds
        what `canonical` refuses.
    """
    if len(text) > MAX_RECORD_BYTES:
        raise RecordError(f"it is longer than {MAX_RECORD_BYTES} bytes")
    try:
        decoded = text.decode() if isinstance(text, bytes) else text
        found = json.loads(
            decoded, object_pairs_hook=_once, parse_float=_no_fraction, parse_constant=_no_fraction
        )
    except RecordError:
        raise
    except (ValueError, RecursionError):
        raise RecordError("it is not JSON in UTF-8") from None
    if not isinstance(found, dict):
        raise RecordError("it is no object with named fields")
    canonical(found)
    return found


def digest(record: Record) -> str:
    """Return the SHA-256 of the canonical bytes of a record, hexadecimal."""
    return hashlib.sha256(canonical(record)).hexdigest()


def _allowed(value: Any, depth: int) -> Any:
    """Return a value as json writes it canonically; refuse what cannot be."""
    if depth > MAX_DEPTH:
        raise RecordError(f"it is nested more than {MAX_DEPTH} deep")
    if value is None or isinstance(value, str | bool):
        return value
    if type(value) is int:
        if abs(value) >= INTEGER_LIMIT:
            raise RecordError(f"{value} is an integer of 2^53 or more; write it as text")
        return value
    if isinstance(value, float):
        raise RecordError(f"{value} is a fraction; write an integer of a smaller unit, or text")
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str) or not key.isascii():
                raise RecordError(f"the key {str(key)[:40]!r} is not ASCII text")
        return {key: _allowed(part, depth + 1) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_allowed(part, depth + 1) for part in value]
    raise RecordError(f"a record cannot hold {type(value).__name__}")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for name in names if names.count(name) > 1)
        raise RecordError(f"the key {double[:40]!r} stands twice")
    return found


def _no_fraction(told: str) -> Any:
    raise RecordError(f"{told[:40]} is not a whole number; write an integer, or text")
