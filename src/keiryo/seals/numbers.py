"""Numbers of seals: the issuing body and a text that is never shortened, padded or corrected."""

from __future__ import annotations

import re
from typing import NamedTuple

from keiryo.errors import UsageError

_BODY = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,39}")
_NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,39}")


class SealKey(NamedTuple):
    """By what a seal goes: who issued it, and its number."""

    body: str
    number: str

    def __str__(self) -> str:
        return f"{self.body}/{self.number}"

    @property
    def node(self) -> str:
        """Its node in the evidence chain, e.g. ``seal:XA/0042``."""
        return f"seal:{self.body}/{self.number}"


def is_sound(key: SealKey) -> bool:
    """Return whether body and number are written as the register writes them."""
    return bool(_BODY.fullmatch(key.body)) and bool(_NUMBER.fullmatch(key.number))


def seal_key(text: str) -> SealKey:
    """Return the key that somebody writes as ``XA/0042`` or ``seal:XA/0042``.

    Raises
    ------
    UsageError
        If it is none.

    Examples
    --------
    >>> seal_key("INT.IAEA/0042")
    SealKey(body='INT.IAEA', number='0042')
    """
    body, _slash, number = text.strip().removeprefix("seal:").partition("/")
    key = SealKey(body, number)
    if not is_sound(key):
        raise UsageError(
            f"{text[:80]!r} names no seal",
            "Write the issuing body and the number as they stand in the register: XA/0042.",
        )
    return key


def difference(recorded: str, read: str) -> str:
    """Return in words how a number that was read differs from the one of the record.

    Examples
    --------
    >>> difference("0042", "0024")
    'characters 3 and 4 are exchanged'
    >>> difference("0042", "42")
    'it is shorter'
    """
    if len(recorded) != len(read):
        return "it is shorter" if len(read) < len(recorded) else "it is longer"
    unlike = [n for n, (a, b) in enumerate(zip(recorded, read, strict=True)) if a != b]
    if (
        len(unlike) == 2
        and unlike[1] == unlike[0] + 1
        and recorded[unlike[0]] == read[unlike[1]]
        and recorded[unlike[1]] == read[unlike[0]]
    ):
        return f"characters {unlike[0] + 1} and {unlike[1] + 1} are exchanged"
    if len(unlike) == 1:
        return f"character {unlike[0] + 1} is another"
    return f"{len(unlike)} characters are others"
