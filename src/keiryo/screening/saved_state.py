"""The state of a screening as bytes, so that it goes on exactly where it stopped.

MessagePack of the state's dataclasses; planes as their type, shape and bytes. There is no code
in it.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
import numpy as np

from keiryo.errors import UsageError

T = TypeVar("T")
KINDS = {"|u1", "<f4", "<f8", "<u4", "<u8", "<c8"}


def to_bytes(state: Any) -> bytes:
    """Return a state as bytes."""
    return msgspec.msgpack.encode(state, enc_hook=_write)


def from_bytes(data: bytes, kind: type[T]) -> T:
    """Return the state that was written.

    Parameters
    ----------
    data : bytes
    kind : type
        What it must be.

    Raises
    ------
    UsageError
        The bytes are not a state of this version.
    """
    try:
        return msgspec.msgpack.decode(data, type=kind, dec_hook=_read)
    except (msgspec.DecodeError, ValueError, KeyError, TypeError) as wrong:
        raise UsageError(
            "The saved state of the screening cannot be read.",
            "Screen the images again from the first one.",
        ) from wrong


def _write(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        whole = np.ascontiguousarray(value)
        return {"type": whole.dtype.str, "shape": list(value.shape), "bytes": whole.tobytes()}
    raise TypeError(f"cannot be saved: {type(value)}")


def _read(kind: Any, value: Any) -> Any:
    if value["type"] not in KINDS:
        raise ValueError(f"unknown type of numbers: {value['type']}")
    plane = np.frombuffer(value["bytes"], value["type"])
    return plane.reshape(value["shape"]).copy()
