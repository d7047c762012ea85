"""Tables of record of device logs: keys, and the heads that were accepted with who has a copy.

A key goes by its key id and is registered once; a revocation follows it. Of a log's heads the last
accepted one counts: the next must continue it. A head that contradicts an accepted one is recorded
too, as evidence. Instants are texts in UTC as `keiryo.dates.utc_text` writes them, which sort as
texts; the time of a head is the text that is signed.
"""

from __future__ import annotations

from keiryo.journal.model import LineKind, integer, text

ACCEPTED, CONTRADICTING = "accepted", "contradicting"
ANCHORS = ("copy", "printed", "time-stamp", "witness")
"""How a head lies outside the reach of whoever holds the log."""

DEVICE_KEY = LineKind(
    "device_key",
    "A public key of a device, a collector or a reviewer.",
    (
        text("kid", "key id, as records and heads name it", required=True),
        text("public_key", "public key, hexadecimal", required=True),
        text("algorithm", "algorithm of the signature, e.g. Ed25519", required=True),
        text("purpose", "device, collector or reviewer", required=True),
        text("owner", "the device as its records name it, or who collects or reviews"),
        text("valid_from", "from when it signs, UTC", required=True),
        text("valid_to", "until when; null: no end is set"),
        text("store", "where its secret half is kept, with the level of the module"),
        text("note", "note"),
    ),
    checks=("purpose IN ('device', 'collector', 'reviewer')",),
    indexes=((("kid",), None), (("public_key",), None)),
)

DEVICE_KEY_REVOCATION = LineKind(
    "device_key_revocation",
    "That a key signs nothing from an instant on; of several the earliest instant counts.",
    (
        text("kid", "key id", required=True),
        text("revoked_at", "from when, UTC", required=True),
        text("reason", "why", required=True),
    ),
    indexes=((("kid",), None),),
)

DEVICE_HEAD = LineKind(
    "device_head",
    "A signed head of a log: that it had these records then.",
    (
        text("log", "name of the log", required=True),
        integer("size", "number of records", required=True),
        text("root", "root of their tree (RFC 6962), hexadecimal", required=True),
        text("made_at", "when it was made, as it is signed", required=True),
        text("kid", "key with which it is signed", required=True),
        text("signature", "Ed25519 signature, hexadecimal", required=True),
        text("standing", "accepted, or contradicting one that was accepted", required=True),
        integer("previous_size", "size of the accepted head before it; null: it is the first"),
        text("proof", "proof of consistency with that one, digests joined by one space"),
        text("note", "note"),
    ),
    checks=("size >= 0", "standing IN ('accepted', 'contradicting')"),
    indexes=((("log", "size"), None), (("kid",), None)),
)

DEVICE_HEAD_ANCHOR = LineKind(
    "device_head_anchor",
    "That a head lies outside the reach of whoever holds the log: who has it, in what form.",
    (
        text("log", "name of the log", required=True),
        integer("size", "number of records of the head", required=True),
        text("root", "root of the head, hexadecimal", required=True),
        text("form", "copy, printed, time-stamp or witness", required=True),
        text("holder", "who has it, or the document in which it is printed", required=True),
        text("at", "since when, UTC", required=True),
        text("note", "note"),
    ),
    checks=("form IN ('copy', 'printed', 'time-stamp', 'witness')",),
    indexes=((("log", "size"), None),),
)

LINE_KINDS: tuple[LineKind, ...] = (
    *(DEVICE_KEY, DEVICE_KEY_REVOCATION, DEVICE_HEAD, DEVICE_HEAD_ANCHOR),
)
"""What device logs bring to the journal."""
