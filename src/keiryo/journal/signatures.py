"""Signatures of acts: each made by the person who answers, with a key that was theirs at the time.

A signature lies beside the chain, in the table ``signature``, over the digest of its act (and so
over its lines and all acts before). The keys are in the chain: lines of the kind ``person_key``
register and revoke them, each from its act on. A person's first key signs the very act that
registers it; a key that is revoked signs for the last time the act that says so. Once people were
admitted (``person_state``), nobody registers a key for another: such a line gives no key. From
then on every act is signed, and before then every act of a person with a key in force; one without
a signature was put there by other means. What one person prepared and another released (lines of
the kind ``release``) bears the preparer's signature over the digest of the content as well.

Signatures are Ed25519, checked as in RFC 8032, section 5.1.7, without the cofactor: a second half
that is not below the order of the base point is refused, and so is every encoding of a point but
its one canonical one (section 5.1.3).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, text

from keiryo.journal.canonical import signed_bytes
from keiryo.storage.revision import VERSION_TABLE
from keiryo.storage.schema import ACT, SIGNATURE

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

# Lines of people, read by their names: the journal is verified without whoever declared them.
PERSON_KEY, PERSON_STATE, RELEASE = "person_key", "person_state", "release"
SIGNED_SINCE = "0004"
"""The schema from which on books have a table of signatures."""

RELEASE_MARK = b"keiryo-release-1 signature\n"
READ_ROWS = 10_000
KEYS_AT_HAND = 4096

Found = Callable[[str, int | None, str], None]
"""Takes code, act and words of a problem."""


def is_signed(key: str, message: bytes, signature: str) -> bool:
    """Return whether a signature over `message` was made with a key.

    Parameters
    ----------
    key, signature : str
        Hexadecimal, of 32 and 64 bytes; what is of another form has signed nothing.
    message : bytes
    """
    from cryptography.exceptions import InvalidSignature

    try:
        public = _public_key(key)
        if public is None:
            return False
        public.verify(bytes.fromhex(signature), message)
    except (InvalidSignature, TypeError, ValueError):
        return False
    return True


@lru_cache(maxsize=KEYS_AT_HAND)
def _public_key(key: str) -> Ed25519PublicKey | None:
    """Return the key of 64 hexadecimal digits, or None if they are not the canonical encoding."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    encoded = bytes.fromhex(key)
    sign, y = divmod(int.from_bytes(encoded, "little"), 2**255)
    prime = 2**255 - 19
    if y >= prime or (sign and y in (1, prime - 1)):  # of these two points x is 0, never odd
        return None
    return Ed25519PublicKey.from_public_bytes(encoded)


def is_signed_act(key: str, digest: str, signature: str) -> bool:
    """Return whether an act with `digest` was signed with a key; all three are hexadecimal."""
    try:
        return is_signed(key, signed_bytes(digest), signature)
    except (TypeError, ValueError):  # the digest is none
        return False


class _Keys:
    """The keys that sign for each person, asked for one act after the other."""

    def __init__(self, connection: Connection, present: Collection[str]) -> None:
        query = (
            f"SELECT k.act_id, k.person, k.key, k.state FROM {PERSON_KEY} AS k "
            f"JOIN {ACT} AS a ON a.act_id = k.act_id "
            "WHERE k.state = 'revoked' OR k.person = a.person OR k.act_id <= "
            f"COALESCE((SELECT min(act_id) FROM {PERSON_STATE}), k.act_id) "
            "ORDER BY k.act_id, k.line_no"
        )
        rows = connection.execute(text(query)) if PERSON_KEY in present else ()
        self.coming = [tuple(row) for row in rows][::-1]
        self.in_force: dict[str, set[str]] = {}

    def of(self, person: str, act_id: int) -> tuple[set[str], set[str]]:
        """Return the keys in force for a person before an act, and those that it registers."""
        while self.coming and self.coming[-1][0] < act_id:
            _, whose, key, state = self.coming.pop()
            _take(self.in_force.setdefault(whose, set()), key, state)
        own: set[str] = set()
        for number, whose, key, state in reversed(self.coming):
            if number != act_id:
                break
            if whose == person:
                _take(own, key, state)
        return self.in_force.get(person, set()), own


def _take(keys: set[str], key: str, state: str) -> None:
    keys.add(key) if state == "registered" else keys.discard(key)


def older_than_signatures(connection: Connection, present: Collection[str]) -> bool:
    """Return whether books say that their schema is one without signatures."""
    if VERSION_TABLE not in present:
        return False
    version = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
    return version is not None and str(version) < SIGNED_SINCE


def check_signatures(connection: Connection, present: Collection[str], found: Found) -> int:
    """Check the signatures of all acts, and those of whoever prepared what another released.

    Parameters
    ----------
    connection : Connection
    present : collection of str
        The tables that the database has.
    found : callable
        Called with code, act and words of each problem.

    Returns
    -------
    int
        How many acts bear a signature.
    """
    if SIGNATURE not in present:
        return 0
    signed = _check_acts(connection, present, found)
    strays = f"SELECT act_id FROM {SIGNATURE} WHERE act_id NOT IN (SELECT act_id FROM {ACT})"
    for (act_id,) in _rows(connection, f"{strays} ORDER BY act_id"):
        found(
            "SIGNATURE-OF-NO-ACT",
            act_id,
            f"there is a signature of act {act_id}, which does not exist",
        )
    if RELEASE in present:
        _check_releases(connection, _Keys(connection, present), found)
    return signed


def _check_acts(connection: Connection, present: Collection[str], found: Found) -> int:
    keys, signed = _Keys(connection, present), 0
    first = f"SELECT min(act_id) FROM {PERSON_STATE}"
    admitted = connection.execute(text(first)).scalar() if PERSON_STATE in present else None
    query = (
        "SELECT a.act_id, a.person, a.digest, s.person, s.key, s.signature "
        f"FROM {ACT} AS a LEFT JOIN {SIGNATURE} AS s ON s.act_id = a.act_id ORDER BY a.act_id"
    )
    for act_id, person, digest, signer, key, signature in _rows(connection, query):
        before, own = keys.of(person, act_id)
        if signature is None:
            if before or (admitted is not None and admitted < act_id):
                found(
                    "SIGNATURE-MISSING",
                    act_id,
                    f"act {act_id} of {person} is not signed, though acts of theirs had to be",
                )
            continue
        signed += 1
        if signer != person:
            found(
                "SIGNATURE-OF-ANOTHER",
                act_id,
                f"act {act_id} of {person} bears a signature of {signer}",
            )
        elif key not in (before or own):  # only the first key vouches for itself
            found(
                "SIGNATURE-KEY-UNKNOWN",
                act_id,
                f"act {act_id} is signed with a key that did not sign for {person} then",
            )
        elif not is_signed_act(key, digest, signature):
            found(
                "SIGNATURE-WRONG",
                act_id,
                f"the signature of act {act_id} is not one of {person} over this act",
            )
    return signed


def _check_releases(connection: Connection, keys: _Keys, found: Found) -> None:
    query = (
        "SELECT r.act_id, a.person, r.prepared_by, r.content_digest, r.preparer_key, "
        f"r.preparer_signature FROM {RELEASE} AS r JOIN {ACT} AS a ON a.act_id = r.act_id "
        "ORDER BY r.act_id, r.line_no"
    )
    for act_id, person, preparer, digest, key, signature in _rows(connection, query):
        before, _ = keys.of(preparer, act_id)
        if preparer == person:
            found(
                "RELEASE-BY-PREPARER",
                act_id,
                f"act {act_id} was prepared and released by one person, {person}",
            )
        elif key not in before or not _is_signed_content(key, digest, signature):
            found(
                "RELEASE-WRONG",
                act_id,
                f"{preparer} did not sign for the content that act {act_id} releases",
            )


def _is_signed_content(key: str, digest: str, signature: str) -> bool:
    try:
        return is_signed(key, RELEASE_MARK + bytes.fromhex(digest), signature)
    except (TypeError, ValueError):
        return False


def _rows(connection: Connection, query: str) -> Iterator[Any]:
    """Yield the rows of a query; memory stays bounded."""
    yield from connection.execute(text(query), execution_options={"yield_per": READ_ROWS})
