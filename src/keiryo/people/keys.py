"""Keys with which people sign: Ed25519 (RFC 8032), the private half always sealed at rest.

A private key lies in the database only as ciphertext (AES-256-GCM, NIST SP 800-38D): under a key
derived from the person's password (Argon2id, RFC 9106), or under the content of a session cookie
or API token, of which the database holds no more than a digest. Who takes the database can
therefore sign for nobody.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SALT_BYTES = 16
NONCE_BYTES = 12
ARGON2_TIME, ARGON2_MEMORY_KIB, ARGON2_LANES = 3, 65_536, 4


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key in use: signs for a person as long as the process needs it.

    Attributes
    ----------
    secret : bytes
        32 bytes; never written anywhere unsealed.
    key : str
        The public key, hexadecimal.
    """

    secret: bytes = field(repr=False)
    key: str

    @classmethod
    def from_secret(cls, secret: bytes) -> SigningKey:
        """Return the key whose 32 secret bytes are given."""
        public = Ed25519PrivateKey.from_private_bytes(secret).public_key()
        return cls(secret, public.public_bytes_raw().hex())

    @classmethod
    def new(cls) -> SigningKey:
        """Return a new random key."""
        return cls.from_secret(os.urandom(32))

    def sign(self, message: bytes) -> bytes:
        """Return the signature over `message`, 64 bytes."""
        return Ed25519PrivateKey.from_private_bytes(self.secret).sign(message)


def is_signed_by(key: str, message: bytes, signature: str) -> bool:
    """Return whether a hexadecimal signature over `message` was made with a key."""
    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
        public.verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def released_bytes(content_digest: str) -> bytes:
    """Return what a person signs who submits prepared content for release by another."""
    return b"keiryo-release-1 signature\n" + bytes.fromhex(content_digest)


def content_digest(content: str) -> str:
    """Return the digest of prepared content, hexadecimal."""
    return hashlib.sha256(content.encode()).hexdigest()


def seal(secret: bytes, token: bytes, purpose: str) -> bytes:
    """Return `secret` sealed under a random token of at least 32 bytes.

    Parameters
    ----------
    purpose : str
        What it is for; it opens for this purpose only.
    """
    salt, nonce = os.urandom(SALT_BYTES), os.urandom(NONCE_BYTES)
    key = _from_token(token, salt, purpose)
    return salt + nonce + AESGCM(key).encrypt(nonce, secret, purpose.encode())


def unseal(sealed: bytes, token: bytes, purpose: str) -> bytes | None:
    """Return what was sealed, or None if the token or the purpose is another."""
    salt, nonce, rest = _parts(sealed)
    try:
        return AESGCM(_from_token(token, salt, purpose)).decrypt(nonce, rest, purpose.encode())
    except (InvalidTag, ValueError):
        return None


def seal_by_password(secret: bytes, password: str) -> bytes:
    """Return `secret` sealed under a password."""
    salt, nonce = os.urandom(SALT_BYTES), os.urandom(NONCE_BYTES)
    key = _from_password(password, salt)
    return salt + nonce + AESGCM(key).encrypt(nonce, secret, b"password")


def unseal_by_password(sealed: bytes, password: str) -> bytes | None:
    """Return what was sealed, or None if the password is another."""
    salt, nonce, rest = _parts(sealed)
    try:
        return AESGCM(_from_password(password, salt)).decrypt(nonce, rest, b"password")
    except (InvalidTag, ValueError):
        return None


def _parts(sealed: bytes) -> tuple[bytes, bytes, bytes]:
    end = SALT_BYTES + NONCE_BYTES
    return sealed[:SALT_BYTES], sealed[SALT_BYTES:end], sealed[end:]


def _from_token(token: bytes, salt: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), length=32, salt=salt, info=f"keiryo {purpose}".encode()).derive(token)


def _from_password(password: str, salt: bytes) -> bytes:
    from argon2.low_level import Type, hash_secret_raw

    return hash_secret_raw(
        password.encode(), salt, ARGON2_TIME, ARGON2_MEMORY_KIB, ARGON2_LANES, 32, Type.ID
    )
