"""Trees over the records of a log: that a record is in it, and that a log only grew.

The tree is the one of the journal (`keiryo.journal.merkle`, RFC 6962, section 2.1); the leaves are
SHA-256(0x00 ‖ canonical bytes of the record). Added here is the proof of **consistency** (RFC 6962,
section 2.1.2; RFC 9162, section 2.1.4): that the first m records of a log of n are those of which
an earlier root was made. A proof that is longer or shorter than the two sizes call for is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from keiryo.device_log.canonical import Record, canonical
from keiryo.journal.merkle import inclusion_path, node, root, root_from_path

__all__ = [
    "consistency_path",
    "inclusion_length",
    "inclusion_path",
    "is_consistent",
    "is_included",
    "leaf",
    "leaves",
    "root",
]


def leaf(record: bytes) -> bytes:
    """Return the leaf of a record, given its canonical bytes."""
    return hashlib.sha256(b"\x00" + record).digest()


def leaves(records: Iterable[Record]) -> list[bytes]:
    """Return the leaves of records."""
    return [leaf(canonical(record)) for record in records]


def inclusion_length(index: int, size: int) -> int:
    """Return how many digests a proof of inclusion has.

    Parameters
    ----------
    index : int
        Position of the record, from 0, below `size`.
    size : int
        Number of records, at least 1.
    """
    length, last = 0, size - 1
    while last:
        if index % 2 or index < last:
            length += 1
        index, last = index >> 1, last >> 1
    return length


def is_included(
    record_leaf: bytes, index: int, size: int, path: Sequence[bytes], expected: bytes
) -> bool:
    """Return whether a proof shows that a record is at a place of the log with a root.

    Parameters
    ----------
    record_leaf : bytes
        Leaf of the record.
    index, size : int
        Its position from 0, and the number of records; a place that is not below the size, and a
        size of 0, show nothing.
    path : sequence of bytes
        From the leaf upwards.
    expected : bytes
        Root of the log.

    References
    ----------
    RFC 9162, section 2.1.3.2.
    """
    if not 0 <= index < size or len(path) != inclusion_length(index, size):
        return False
    return root_from_path(record_leaf, index, size, path) == expected


def consistency_path(log: Sequence[bytes], earlier: int) -> list[bytes]:
    """Return the proof that a log begins with its first `earlier` records.

    Parameters
    ----------
    log : sequence of bytes
        Leaves of all records.
    earlier : int
        From 1 to the number of records; for all of them the proof is empty.

    Raises
    ------
    ValueError
        If `earlier` is 0 (an empty log proves nothing) or more than there are records.

    References
    ----------
    RFC 6962, section 2.1.2.
    """
    if not 0 < earlier <= len(log):
        raise ValueError(f"there is no proof from {earlier} records to {len(log)}")
    return _subproof(earlier, log, whole=True)


def _subproof(earlier: int, log: Sequence[bytes], *, whole: bool) -> list[bytes]:
    if earlier == len(log):
        return [] if whole else [root(log)]
    split = 1 << (len(log) - 1).bit_length() - 1
    if earlier <= split:
        return [*_subproof(earlier, log[:split], whole=whole), root(log[split:])]
    return [*_subproof(earlier - split, log[split:], whole=False), root(log[:split])]


def is_consistent(
    earlier: int, earlier_root: bytes, later: int, later_root: bytes, path: Sequence[bytes]
) -> bool:
    """Return whether a proof shows that a log with one root continues that with another.

    Parameters
    ----------
    earlier, later : int
        Numbers of records. Of 0 records nothing is shown, nor by more records than later.
    earlier_root, later_root : bytes
    path : sequence of bytes
        Empty if both sizes are equal.

    References
    ----------
    RFC 9162, section 2.1.4.2.
    """
    if not 0 < earlier <= later:
        return False
    if earlier == later:
        return not path and earlier_root == later_root
    digests = list(path)
    if earlier & (earlier - 1) == 0:  # a full tree of its own: its root begins the proof
        digests.insert(0, earlier_root)
    if not digests:
        return False
    position, last = earlier - 1, later - 1
    while position % 2:
        position, last = position >> 1, last >> 1
    old = new = digests[0]
    for one in digests[1:]:
        if last == 0:
            return False
        if position % 2 or position == last:
            old, new = node(one, old), node(one, new)
            while position % 2 == 0 and position:
                position, last = position >> 1, last >> 1
        else:
            new = node(new, one)
        position, last = position >> 1, last >> 1
    return last == 0 and old == earlier_root and new == later_root
