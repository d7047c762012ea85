r"""Canonical bytes of lines and acts, and the digests made of them.

The bytes of a line are, in UTF-8::

    keiryo-line-1 <kind>
    <name>=i<decimal integer>
    <name>=t<length in bytes>:<text>

one row per field that is not null, in ASCII order of the names, each ended by a line feed; the
line's number is the field ``line_no``. A null field is left out, so null and the empty text
differ, and a later nullable field leaves the bytes of older lines as they were. Texts carry their
length, so that no text can imitate a field.

    leaf   = SHA-256(0x00 ‖ salt ‖ line bytes)           salt: 16 random bytes per line
    node   = SHA-256(0x01 ‖ left ‖ right)                RFC 6962, section 2.1
    digest = SHA-256(0x02 ‖ previous digest ‖ SHA-256(header bytes) ‖ lines root)

The header bytes of an act have the same form under ``keiryo-act-1``. Since the chain takes only
their digest, the way from an act to a later checkpoint can be shown without telling what the
acts in between were. A person's signature
is made over ``b"keiryo-act-1 signature\n" + digest`` and kept in a table of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from keiryo.journal.model import Act, Value

if TYPE_CHECKING:
    import polars as pl

SALT_BYTES = 16
GENESIS = "0" * 64
"""``previous_digest`` of the first act."""


def line_bytes(kind: str, line_no: int, values: Mapping[str, Value]) -> bytes:
    r"""Return the canonical bytes of one line.

    Examples
    --------
    >>> line_bytes("seal", 1, {"scope": "XA", "number": 7, "note": None})
    b'keiryo-line-1 seal\nline_no=i1\nnumber=i7\nscope=t2:XA\n'
    """
    return _fields(f"keiryo-line-1 {kind}\n", {**values, "line_no": line_no})


def header_bytes(act: Act) -> bytes:
    """Return the canonical bytes of an act's header, without its chain fields."""
    values: dict[str, Value] = {
        "act_id": act.act_id,
        "client_id": act.client_id,
        "corrects": act.corrects,
        "kind": act.kind,
        "line_count": act.line_count,
        "on_behalf_of": act.on_behalf_of,
        "person": act.person,
        "reason": act.reason,
        "recorded_at": act.recorded_at,
    }
    return _fields("keiryo-act-1\n", values)


def act_digest(act: Act) -> str:
    """Return the digest of an act from its header, ``previous_digest`` and ``lines_root``."""
    previous, root = bytes.fromhex(act.previous_digest), bytes.fromhex(act.lines_root)
    return chain_digest(previous, header_digest(act), root).hex()


def header_digest(act: Act) -> bytes:
    """Return the SHA-256 of an act's header bytes."""
    return hashlib.sha256(header_bytes(act)).digest()


def chain_digest(previous: bytes, header: bytes, lines_root: bytes) -> bytes:
    """Return the digest of an act from the one before, its header's digest and its lines."""
    return hashlib.sha256(b"\x02" + previous + header + lines_root).digest()


def leaf_digest(salt: bytes, line: bytes) -> bytes:
    """Return the salted leaf of one line."""
    return hashlib.sha256(b"\x00" + salt + line).digest()


def leaf_digests(salts: Sequence[bytes], lines: Sequence[bytes]) -> list[bytes]:
    """Return the salted leaves of many lines."""
    sha256 = hashlib.sha256
    return [sha256(b"\x00" + salt + line).digest() for salt, line in zip(salts, lines, strict=True)]


def frame_bytes(kind: str, frame: pl.DataFrame) -> list[bytes]:
    """Return the canonical bytes of every row of `frame`, which has a column ``line_no``.

    The same bytes as `line_bytes` row by row, computed column by column.
    """
    import polars as pl

    if frame.is_empty():
        return []
    pieces: list[str | pl.Expr] = [f"keiryo-line-1 {kind}\n"]
    for name in sorted(frame.columns):
        column = frame[name]
        nulls = column.null_count()
        if nulls == len(column):
            continue
        parts: list[str | pl.Expr]
        if column.dtype == pl.String:
            sizes = column.str.len_bytes()
            least, most = sizes.min(), sizes.max()
            if isinstance(least, int) and least == most:
                parts = [f"{name}=t{least}:", pl.col(name), "\n"]
            else:
                size = pl.col(name).str.len_bytes().cast(pl.String)
                parts = [f"{name}=t", size, ":", pl.col(name), "\n"]
        else:
            parts = [f"{name}=i", pl.col(name).cast(pl.String), "\n"]
        pieces += [pl.concat_str(_joined(parts)).fill_null("")] if nulls else parts
    lines = frame.select(pl.concat_str(_joined(pieces)).cast(pl.Binary).alias("line"))
    result: list[bytes] = lines["line"].to_list()
    return result


def _joined(pieces: Sequence[str | pl.Expr]) -> list[pl.Expr]:
    """Return the pieces as expressions, neighbouring constant ones put together."""
    import polars as pl

    result: list[pl.Expr] = []
    for constant, group in groupby(pieces, key=lambda piece: isinstance(piece, str)):
        if constant:
            result.append(pl.lit("".join(str(piece) for piece in group)))
        else:
            result += [piece for piece in group if not isinstance(piece, str)]
    return result


def _fields(first: str, values: Mapping[str, Value]) -> bytes:
    parts = [first]
    for name in sorted(values):
        value = values[name]
        if value is None:
            continue
        if isinstance(value, int):
            parts.append(f"{name}=i{value}\n")
        else:
            parts.append(f"{name}=t{len(value.encode())}:{value}\n")
    return "".join(parts).encode()


def signed_bytes(digest: str) -> bytes:
    """Return what a person signs when they post an act: a mark, a line feed, and its digest.

    Parameters
    ----------
    digest : str
        Digest of the act, hexadecimal.
    """
    return b"keiryo-act-1 signature\n" + bytes.fromhex(digest)
