"""Signed heads: who holds one can show which records a log had, and that it only grew since.

A head states the size of a log and its root at a time; the device or a collector signs it over its
canonical bytes. It is worth what it is worth because copies lie outside the reach of whoever holds
the log: with the other party, printed in a document of inspection. Each side keeps the last head
that it accepted and asks for a proof of consistency with every new one. Two heads of one log and
one size with different roots show by themselves that somebody keeps two logs: equivocation.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keiryo.dates import DateError, parse_utc
from keiryo.device_log import tree
from keiryo.device_log.canonical import INTEGER_LIMIT, canonical
from keiryo.device_log.chain import is_value
from keiryo.device_log.keys import COLLECTOR, DEVICE, Keys, Signature, signature_findings
from keiryo.device_log.record import BASIS, inconsistent
from keiryo.errors import Finding, Severity, UsageError

EMPTY_ROOT = tree.root([]).hex()


@dataclass(frozen=True, slots=True)
class Head:
    """Size and root of a log at a time.

    Attributes
    ----------
    log : str
        Name of the log.
    size : int
        Number of records.
    root : str
        Root of their tree (RFC 6962), 64 hexadecimal digits.
    t : str
        When it was made, RFC 3339 in UTC, as it is signed.
    kid, signature : str or None
        Key id, and the Ed25519 signature over the canonical bytes, hexadecimal.
    """

    log: str
    size: int
    root: str
    t: str
    kid: str | None = None
    signature: str | None = None

    @property
    def body(self) -> dict[str, Any]:
        """What is signed."""
        return {"log": self.log, "size": self.size, "root": self.root, "t": self.t}

    @property
    def at(self) -> datetime.datetime:
        """The time that it states."""
        return parse_utc(self.t)

    def message(self) -> bytes:
        """Return the bytes over which it is signed."""
        return canonical(self.body)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data, as `head_from` reads it."""
        return {**self.body, "kid": self.kid, "sig": self.signature}


def head_from(told: object) -> Head:
    """Return the head that an object of JSON means.

    Parameters
    ----------
    told : object
        With ``log``, ``size``, ``root`` and ``t``; ``kid`` and ``sig`` beside them if signed.

    Raises
    ------
    UsageError
        If it is none.
    """
    if not isinstance(told, Mapping):
        raise UsageError("a head is an object with log, size, root and t", _FORM)
    bad = [name for name in ("log", "t") if not isinstance(told.get(name), str) or not told[name]]
    size, kid, signature = told.get("size"), told.get("kid"), told.get("sig")
    if type(size) is not int or not 0 <= size < INTEGER_LIMIT:
        bad.append("size")
    if not is_value(told.get("root")):
        bad.append("root")
    try:
        parse_utc(str(told.get("t")))
    except DateError:
        bad.append("t")
    bad += [
        n for n, v in (("kid", kid), ("sig", signature)) if v is not None and type(v) is not str
    ]
    if bad:
        named = ", ".join(dict.fromkeys(bad))
        raise UsageError(f"the head has no {named}, or not of the right form", _FORM)
    assert isinstance(size, int)
    return Head(told["log"], size, told["root"], told["t"], kid, signature)


_FORM = (
    'Write {"log": "CAM-01", "size": 144, "root": 64 hexadecimal digits, '
    '"t": "2026-01-02T00:00:00Z", "kid": "K-1", "sig": 128 hexadecimal digits}.'
)


def head_findings(head: Head, keys: Keys, *, line: int | None = None) -> list[Finding]:
    """Return what is wrong with a head by itself: its signature, its key, an empty log."""
    what = f"head of {head.log[:60]} with {head.size} records"
    found = []
    if head.size == 0 and head.root != EMPTY_ROOT:
        found.append(
            inconsistent(
                "DEVICE-HEAD-EMPTY",
                f"{what}: its root is not that of an empty log",
                "Ask the device for its head again; this one cannot be right.",
            )
        )
    if head.signature is None:
        found.append(
            Finding(
                "DEVICE-HEAD-UNSIGNED",
                Severity.WARNING,
                f"{what} bears no signature: nothing shows whose statement it is",
                "Use the signed head of the device, or compare the root with a printed copy.",
            )
        )
        return found
    signature = Signature(head.kid, head.signature)
    return found + signature_findings(
        head.body, signature, keys, at=head.at, what=what, purposes=(DEVICE, COLLECTOR), line=line
    )


def is_equivocation(one: Head, other: Head) -> bool:
    """Return whether two heads say of one log, at one size, different things."""
    return one.log == other.log and one.size == other.size and one.root != other.root


def equivocation(one: Head, other: Head) -> Finding:
    """Return the finding that two heads contradict each other."""
    return inconsistent(
        "DEVICE-HEAD-EQUIVOCATION",
        f"{one.log[:60]}: two heads of {one.size} records have different roots: "
        f"{one.root[:16]}… of {one.t} and {other.root[:16]}… of {other.t}",
        "Keep both heads with their signatures: together they show that two logs were kept. "
        "Report an anomaly; trust neither beyond what an earlier head covers.",
        found=other.root,
        expected=one.root,
    )


def succession_findings(
    last: Head | None, new: Head, proof: Sequence[str] | None = None
) -> list[Finding]:
    """Return why a head does not continue the last one that was accepted; empty if it does.

    Parameters
    ----------
    last : Head or None
        The last accepted head of the log; None: this is the first.
    new : Head
    proof : sequence of str, optional
        Proof of consistency between the two, each digest as 64 hexadecimal digits. Needed if the
        log grew; an empty log (size 0) proves nothing and is not asked for one.
    """
    if last is None:
        return []
    if is_equivocation(last, new):
        return [equivocation(last, new)]
    found = []
    if new.size < last.size:
        found.append(
            inconsistent(
                "DEVICE-HEAD-SHRUNK",
                f"{new.log[:60]}: the head has {new.size} records, and {last.size} were accepted "
                f"on {last.t}",
                "Is it an old head? Then ask for the current one. A log never loses records: if "
                "the device has no more, they were taken away: report an anomaly.",
                found=str(new.size),
                expected=f"at least {last.size}",
            )
        )
    elif new.size > last.size > 0 and not _is_proved(last, new, proof):
        words = "there is no proof" if proof is None else "the proof does not show"
        found.append(
            inconsistent(
                "DEVICE-HEAD-CONSISTENCY",
                f"{new.log[:60]}: {words} that the log of {new.size} records continues the one of "
                f"{last.size}",
                f"Ask the device for the proof from {last.size} records on, or give the log "
                "itself; until it holds, keep the last head and treat newer records as unproved.",
            )
        )
    if new.at < last.at and new.size >= last.size:
        found.append(
            Finding(
                "DEVICE-HEAD-TIME",
                Severity.WARNING,
                f"{new.log[:60]}: the head is of {new.t}, before the last accepted one of {last.t}",
                "The clock of the device ran backwards: record the readings of the clock.",
                basis=BASIS,
            )
        )
    return found


def _is_proved(last: Head, new: Head, proof: Sequence[str] | None) -> bool:
    if proof is None or not all(is_value(one) for one in proof):
        return False
    path = [bytes.fromhex(one) for one in proof]
    roots = bytes.fromhex(last.root), bytes.fromhex(new.root)
    return tree.is_consistent(last.size, roots[0], new.size, roots[1], path)
