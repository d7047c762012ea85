"""Keys of devices, collectors and reviewers: what each may sign, and from when until when.

A device signs at the source, a collector what it received, a reviewer a conclusion. A signature
counts if its key was in force at the time of the signature: from the day it is valid on, before it
ends, and before it was revoked. What was signed before a revocation stays valid.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from keiryo.device_log.canonical import Record, canonical
from keiryo.device_log.chain import is_value
from keiryo.device_log.record import inconsistent, instant, shown
from keiryo.errors import Finding, UsageError
from keiryo.journal.signatures import is_signed

DEVICE, COLLECTOR, REVIEWER = "device", "collector", "reviewer"
PURPOSES = (DEVICE, COLLECTOR, REVIEWER)
ALGORITHMS = ("Ed25519",)
"""Algorithms that are verified; each key names its own, so that others can follow."""


@dataclass(frozen=True, slots=True)
class DeviceKey:
    """A public key and what it is for.

    Attributes
    ----------
    kid : str
        Key id, as records and heads name it.
    public : str
        Ed25519 public key, 64 hexadecimal digits.
    purpose : str
        ``device``, ``collector`` or ``reviewer``.
    owner : str
        The device as its records name it in ``src``, or who collects or reviews.
    valid_from, valid_to : datetime
        Half-open; `valid_to` None: no end is set.
    revoked_at : datetime or None
        From this instant on it signs nothing.
    algorithm : str
    line : str
        Its line in the record; empty if it is not from the books.
    """

    kid: str
    public: str
    purpose: str
    owner: str
    valid_from: datetime.datetime
    valid_to: datetime.datetime | None = None
    revoked_at: datetime.datetime | None = None
    algorithm: str = "Ed25519"
    line: str = ""

    def invalid_at(self, at: datetime.datetime | None) -> str | None:
        """Return why a signature of this time does not count, in words; None if it does.

        Parameters
        ----------
        at : datetime or None
            Trusted time of the signature; None: nobody knows it.
        """
        if at is None:
            return "nobody knows when it was made"
        if at < self.valid_from:
            return f"the key is valid from {shown(self.valid_from)} on"
        if self.revoked_at is not None and at >= self.revoked_at:
            return f"the key was revoked at {shown(self.revoked_at)}"
        if self.valid_to is not None and at >= self.valid_to:
            return f"the key was valid until {shown(self.valid_to)}"
        return None

    def owns(self, source: object) -> bool:
        """Return whether the key may sign for a source as records name it."""
        if self.purpose != DEVICE or not isinstance(source, str) or not source:
            return True
        return source in (self.owner, self.owner.rpartition(":")[2], self.owner.rpartition("/")[2])

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        ends = {"valid_to": self.valid_to, "revoked_at": self.revoked_at}
        return {
            **{name: getattr(self, name) for name in ("kid", "public", "purpose", "owner")},
            "algorithm": self.algorithm,
            "valid_from": shown(self.valid_from),
            **{name: shown(at) if at is not None else None for name, at in ends.items()},
            "line": self.line or None,
        }


Keys = Mapping[str, DeviceKey]
"""Keys by key id."""


def by_id(keys: Iterable[DeviceKey]) -> dict[str, DeviceKey]:
    """Return keys by key id."""
    return {key.kid: key for key in keys}


def keys_from(told: object) -> dict[str, DeviceKey]:
    """Return the keys that a file of keys names: a list of objects, or ``{"keys": [...]}``.

    Parameters
    ----------
    told : object
        Parsed JSON; each key has ``kid``, ``public``, ``purpose``, ``valid_from`` and, where they
        are known, ``owner``, ``valid_to``, ``revoked_at`` and ``algorithm``.

    Raises
    ------
    UsageError
        If a key is incomplete or stands twice.
    """
    listed = told.get("keys") if isinstance(told, dict) else told
    if not isinstance(listed, list):
        raise UsageError("the file of keys is no list of keys", _FORM)
    found: dict[str, DeviceKey] = {}
    for number, one in enumerate(listed, 1):
        key = _key(one, number)
        if key.kid in found:
            raise UsageError(f"the key {key.kid[:40]!r} stands twice in the file", _FORM)
        found[key.kid] = key
    return found


def _key(told: object, number: int) -> DeviceKey:
    if not isinstance(told, dict):
        raise UsageError(f"key {number} of the file is no object", _FORM)
    words = {name: told.get(name) for name in ("kid", "public", "purpose", "valid_from")}
    bad = [name for name, value in words.items() if not isinstance(value, str) or not value]
    if not is_value(words["public"]):
        bad.append("public")
    if words["purpose"] not in PURPOSES:
        bad.append("purpose")
    if told.get("algorithm", "Ed25519") not in ALGORITHMS:
        bad.append("algorithm")
    if bad:
        raise UsageError(
            f"key {number} of the file: {', '.join(dict.fromkeys(bad))} is missing or wrong", _FORM
        )
    ends = [told.get(name) for name in ("valid_to", "revoked_at")]
    valid_to, revoked_at = (None if end is None else instant(str(end)) for end in ends)
    begin = instant(str(told["valid_from"]))
    owner = str(told.get("owner") or "")
    return DeviceKey(
        told["kid"], told["public"], told["purpose"], owner, begin, valid_to, revoked_at
    )


_FORM = (
    'Write [{"kid": "K-1", "public": 64 hexadecimal digits, "purpose": "device", "owner": '
    '"CAM-01", "valid_from": "2026-01-01T00:00:00Z", "valid_to": null, "revoked_at": null}].'
)


@dataclass(frozen=True, slots=True)
class Signature:
    """A detached signature and the key that it names.

    Attributes
    ----------
    kid : str or None
        Key id.
    value : str
        64 bytes, hexadecimal.
    """

    kid: str | None
    value: str


def signature_findings(
    record: Record,
    signature: Signature,
    keys: Keys,
    *,
    at: datetime.datetime | None,
    what: str,
    purposes: tuple[str, ...] = (DEVICE, COLLECTOR),
    line: int | None = None,
) -> list[Finding]:
    """Return why a signature does not count; empty if it does.

    Parameters
    ----------
    record : mapping
        What is signed: its canonical bytes.
    signature : Signature
    keys : mapping
        The register.
    at : datetime or None
        Trusted time of the signature.
    what : str
        What is signed, in words, for messages: ``record 7``.
    purposes : tuple of str
        What the key must be for.
    line : int, optional
        Line of the file.
    """
    key = keys.get(signature.kid) if signature.kid is not None else None
    if key is None:
        return [_unknown(signature.kid, what, line)]
    if not is_signed(key.public, canonical(record), signature.value):
        return [_wrong(key, what, line)]
    found = []
    why = key.invalid_at(at)
    if why is not None:
        found.append(
            inconsistent(
                "DEVICE-KEY-NOT-IN-FORCE",
                f"{what}: the signature with the key {key.kid} does not count: {why}",
                "Find out who had the key at that time; treat the content as unsigned.",
                line=line,
            )
        )
    if key.purpose not in purposes or not key.owns(record.get("src")):
        found.append(
            inconsistent(
                "DEVICE-KEY-PURPOSE",
                f"{what}: the key {key.kid} is that of {key.purpose} {key.owner or 'nobody'}, "
                "not one that signs this",
                "A device signs its own records. Correct the register, or find out why another key "
                "signed.",
                line=line,
            )
        )
    return found


def _unknown(kid: str | None, what: str, line: int | None) -> Finding:
    named = f"the key {kid[:60]!r}, which is not in the register" if kid else "no key"
    return inconsistent(
        "DEVICE-KEY-UNKNOWN",
        f"{what}: the signature names {named}",
        "Ask whoever installed the device for its key and register it; until then nothing shows "
        "who signed.",
        line=line,
    )


def _wrong(key: DeviceKey, what: str, line: int | None) -> Finding:
    return inconsistent(
        "DEVICE-SIGNATURE",
        f"{what}: the signature was not made over this content with the key {key.kid}",
        "The content or the signature was changed after signing. Ask for the original from the "
        "device and keep both.",
        line=line,
    )
