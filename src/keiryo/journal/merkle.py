"""Merkle trees over the lines of an act, split as in RFC 6962, section 2.1.

A tree of n leaves splits at the largest power of two below n. The root stands for all lines; a
path of at most log2(n) digests proves that one line is among them without showing the others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

_CHUNK = 1 << 14


def node(left: bytes, right: bytes) -> bytes:
    """Return the digest of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over `leaves`; of no leaves, the SHA-256 of nothing (RFC 6962)."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    sha256 = hashlib.sha256
    level = list(leaves)
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        above = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
        if len(level) % 2:
            above.append(level[-1])
        level = above
    return level[0]


class GrowingTree:
    """A tree that takes leaves in any number of portions and remembers only O(log n) digests."""

    def __init__(self) -> None:
        self.size = 0
        self._pending: list[bytes] = []
        self._stack: list[tuple[int, bytes]] = []

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Append `leaves`."""
        before = len(self._pending)
        self._pending.extend(leaves)
        self.size += len(self._pending) - before
        while len(self._pending) >= _CHUNK:
            chunk, self._pending = self._pending[:_CHUNK], self._pending[_CHUNK:]
            self._push(_CHUNK, root(chunk))

    def root(self) -> bytes:
        """Return the root over all leaves so far."""
        if not self._stack:
            return root(self._pending)
        digests = [digest for _, digest in self._stack]
        if self._pending:
            digests.append(root(self._pending))
        result = digests.pop()
        while digests:
            result = node(digests.pop(), result)
        return result

    def _push(self, width: int, digest: bytes) -> None:
        while self._stack and self._stack[-1][0] == width:
            digest = node(self._stack.pop()[1], digest)
            width *= 2
        self._stack.append((width, digest))


def inclusion_path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the audit path of the leaf at `index` (from 0), from the leaf upwards.

    References
    ----------
    RFC 6962, section 2.1.1.
    """
    if len(leaves) == 1:
        return []
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if index < split:
        return [*inclusion_path(leaves[:split], index), root(leaves[split:])]
    return [*inclusion_path(leaves[split:], index - split), root(leaves[:split])]


def root_from_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """Return the root that `path` gives for `leaf`, or None if the path cannot fit the tree.

    References
    ----------
    RFC 9162, section 2.1.3.2.
    """
    if not 0 <= index < size:
        return None
    digest, position, last = leaf, index, size - 1
    for sibling in path:
        if last == 0:
            return None
        if position % 2 or position == last:
            digest = node(sibling, digest)
            while position % 2 == 0 and position:
                position, last = position >> 1, last >> 1
        else:
            digest = node(digest, sibling)
        position, last = position >> 1, last >> 1
    return digest if last == 0 else None
