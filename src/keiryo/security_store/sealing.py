"""The cryptography of a store: passphrases, keys of members and of compartments, sealed content.

Content is sealed with AES-256-GCM (NIST SP 800-38D) under a random key for each version of a
record. That key is sealed under the key of its compartment, which is wrapped for each member who
may read the compartment (X25519, RFC 7748, and HKDF, RFC 5869). The keys of a member, X25519 to
read and Ed25519 (RFC 8032) to sign, are sealed under a passphrase (Argon2id, RFC 9106).

All that is sealed is bound to its place by the associated data: what was sealed for one record,
version, kind, compartment and store opens nowhere else.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import unicodedata
from dataclasses import dataclass, field
from itertools import pairwise
from threading import BoundedSemaphore
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from keiryo.errors import Finding, RefusedError, Severity

KEY_BYTES, NONCE_BYTES, SALT_BYTES = 32, 12, 16
SHORTEST, LONGEST = 12, 256
"""Characters of a passphrase, after Unicode normalisation."""
DISTINCT = 5
"""A passphrase has at least so many different characters."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one guess at a passphrase costs: passes, memory and lanes of Argon2id."""

    passes: int
    memory_kib: int
    lanes: int

    def reaches(self, floor: Cost) -> bool:
        """Return whether a guess costs at least as much as the floor says."""
        return self.passes >= floor.passes and self.memory_kib >= floor.memory_kib


COST = Cost(3, 65_536, 4)
"""The second recommended choice of RFC 9106 section 4. Keys sealed for less are refused."""
CEILING = Cost(20, 1_048_576, 64)
"""More is refused: a changed file could stop the computer with it."""

_at_work = BoundedSemaphore(2)


class SealError(Exception):
    """Something sealed does not open: another key, another place, or changed bytes."""


@dataclass(frozen=True, slots=True)
class MemberKeys:
    """The private keys of a member, in memory while a store is open."""

    reading: bytes = field(repr=False)
    signing: bytes = field(repr=False)

    @classmethod
    def new(cls) -> MemberKeys:
        """Return new random keys."""
        return cls(os.urandom(KEY_BYTES), os.urandom(KEY_BYTES))

    @property
    def public(self) -> PublicKeys:
        """The public halves."""
        reading = X25519PrivateKey.from_private_bytes(self.reading).public_key()
        signing = Ed25519PrivateKey.from_private_bytes(self.signing).public_key()
        return PublicKeys(reading.public_bytes_raw().hex(), signing.public_bytes_raw().hex())

    def sign(self, message: bytes) -> str:
        """Return the signature over a message, hexadecimal."""
        return Ed25519PrivateKey.from_private_bytes(self.signing).sign(message).hex()


@dataclass(frozen=True, slots=True)
class PublicKeys:
    """The public keys of a member, hexadecimal."""

    reading: str
    signing: str

    @property
    def fingerprint(self) -> str:
        """What two persons read to each other to be sure of these keys: 8 groups of 4 signs."""
        told = hashlib.sha256(f"keiryo-store-1 keys\n{self.reading}\n{self.signing}".encode())
        digits = told.hexdigest()[:32]
        return "-".join(digits[place : place + 4] for place in range(0, 32, 4))

    def signed(self, message: bytes, signature: str) -> bool:
        """Return whether a signature over a message was made with these keys."""
        try:
            public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.signing))
            public.verify(bytes.fromhex(signature), message)
        except (InvalidSignature, ValueError):
            return False
        return True


def digest(*parts: bytes) -> str:
    """Return the SHA-256 of some parts, each with its length before it; hexadecimal."""
    told = hashlib.sha256()
    for part in parts:
        told.update(len(part).to_bytes(8, "big") + part)
    return told.hexdigest()


def place(*words: str | int) -> bytes:
    """Return the associated data of something that is kept at one place only."""
    return json.dumps(["keiryo-store-1", *words], separators=(",", ":")).encode()


def seal(key: bytes, content: bytes, at: bytes) -> bytes:
    """Return content sealed under a key, for one place."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, content, at)


def unseal(key: bytes, sealed: bytes, at: bytes) -> bytes:
    """Return what was sealed.

    Raises
    ------
    SealError
        If it was sealed under another key or for another place, or was changed.
    """
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], at)
    except (InvalidTag, ValueError):
        raise SealError from None


# --- keys of compartments ------------------------------------------------------------------------


def commitment(key: bytes, at: bytes) -> str:
    """Return a value that tells this key from any other and nothing else about it."""
    return hmac.new(key, b"commitment\n" + at, hashlib.sha256).hexdigest()


def wrap(key: bytes, reading: str, at: bytes) -> bytes:
    """Return a key wrapped for the member with a public key."""
    once = X25519PrivateKey.generate()
    public = once.public_key().public_bytes_raw()
    shared = once.exchange(X25519PublicKey.from_public_bytes(bytes.fromhex(reading)))
    return public + seal(_wrapping(shared, public, bytes.fromhex(reading), at), key, at)


def unwrap(wrapped: bytes, reading: bytes, at: bytes) -> bytes:
    """Return the key that was wrapped for the holder of a private key; raises as `unseal`."""
    private = X25519PrivateKey.from_private_bytes(reading)
    public, sealed = wrapped[:KEY_BYTES], wrapped[KEY_BYTES:]
    try:
        shared = private.exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError:
        raise SealError from None
    own = private.public_key().public_bytes_raw()
    return unseal(_wrapping(shared, public, own, at), sealed, at)


def _wrapping(shared: bytes, once: bytes, reading: bytes, at: bytes) -> bytes:
    info = b"keiryo-store-1 wrap\n" + once + reading + at
    return HKDF(SHA256(), length=KEY_BYTES, salt=None, info=info).derive(shared)


# --- passphrases ---------------------------------------------------------------------------------


def normalised(passphrase: str) -> str:
    """Return a passphrase as it is used: Unicode normalisation form KC, never cut."""
    return unicodedata.normalize("NFKC", passphrase)


def check_passphrase(passphrase: str, person: str) -> None:
    """Refuse a passphrase that would be guessed soon.

    Raises
    ------
    RefusedError
        With everything that speaks against it.
    """
    text = normalised(passphrase)
    problems = []
    if len(text) < SHORTEST:
        problems.append(
            ("STORE-PASSPHRASE-SHORT", f"the passphrase is shorter than {SHORTEST} characters")
        )
    if len(text) > LONGEST or len(passphrase) > LONGEST:
        problems.append(
            ("STORE-PASSPHRASE-LONG", f"the passphrase is longer than {LONGEST} characters")
        )
    if any(unicodedata.category(sign) in {"Cc", "Cs"} for sign in text):
        problems.append(("STORE-PASSPHRASE-SIGNS", "the passphrase has control characters"))
    if len(set(text.casefold())) < DISTINCT or _counts(text):
        problems.append(
            ("STORE-PASSPHRASE-REPETITIVE", "the passphrase repeats itself or counts up or down")
        )
    named = re.sub(r"[\W_]", "", normalised(person).casefold())
    left = re.sub(r"[\W_]", "", text.casefold())
    if named and named in left and len(left.replace(named, "")) < SHORTEST - 4:
        problems.append(
            ("STORE-PASSPHRASE-NAME", "the passphrase is hardly more than the member's name")
        )
    if problems:
        advice = "Use several words that only you would put together; spaces are welcome."
        found = [Finding(code, Severity.FORMAT, told, advice) for code, told in problems]
        raise RefusedError("this passphrase will not do", found)


def _counts(text: str) -> bool:
    steps = {ord(after) - ord(before) for before, after in pairwise(text)}
    return steps in ({1}, {-1})


def seal_keys(keys: MemberKeys, passphrase: str, at: bytes, cost: Cost) -> str:
    """Return the private keys of a member sealed under a passphrase, as JSON."""
    salt = os.urandom(SALT_BYTES)
    box = seal(_from_passphrase(passphrase, salt, cost), keys.reading + keys.signing, at)
    told = {
        "kdf": "argon2id",
        "cost": [cost.passes, cost.memory_kib, cost.lanes],
        "salt": salt.hex(),
        "box": box.hex(),
    }
    return json.dumps(told, sort_keys=True, separators=(",", ":"))


def unseal_keys(sealed: str, passphrase: str, at: bytes, floor: Cost) -> MemberKeys:
    """Return the keys that were sealed under a passphrase.

    Raises
    ------
    SealError
        If the passphrase is another, or guessing at it would be cheaper than the floor allows.
    """
    try:
        told: dict[str, Any] = json.loads(sealed)
        cost = Cost(*told["cost"])
        salt, box = bytes.fromhex(told["salt"]), bytes.fromhex(told["box"])
    except (ValueError, TypeError, KeyError):
        raise SealError from None
    within = CEILING.passes >= cost.passes and CEILING.memory_kib >= cost.memory_kib
    if not (cost.reaches(floor) and within and 1 <= cost.lanes <= CEILING.lanes):
        raise SealError
    both = unseal(_from_passphrase(passphrase, salt, cost), box, at)
    return MemberKeys(both[:KEY_BYTES], both[KEY_BYTES:])


def spend(passphrase: str, cost: Cost) -> None:
    """Do the work of one try for nothing, so that the time tells nothing."""
    _from_passphrase(passphrase, bytes(SALT_BYTES), cost)


def _from_passphrase(passphrase: str, salt: bytes, cost: Cost) -> bytes:
    from argon2.low_level import Type, hash_secret_raw

    secret = normalised(passphrase[: LONGEST + 1]).encode("utf-8", "surrogatepass")
    with _at_work:
        return hash_secret_raw(
            secret, salt, cost.passes, cost.memory_kib, cost.lanes, KEY_BYTES, Type.ID
        )
