"""Messages of unattended devices: what is wrong with one, which is kept whatever it is.

A message is a record ``{v, src, seq, t, type, data, prev, kid}`` with a detached Ed25519 signature
over its canonical bytes; ``prev`` is the SHA-256 of the source's message before it (null in the
first). Who carries a message is not trusted: messages come twice, late, or changed. Nothing is
dropped: a message that is not in order is stored and flagged, since it may be all that is left.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from keiryo.device_log.canonical import INTEGER_LIMIT, RecordError, canonical, parse
from keiryo.device_log.chain import is_value
from keiryo.device_log.keys import Keys, Signature, signature_findings
from keiryo.device_log.record import BASIS, device_time, inconsistent, shown
from keiryo.errors import Finding, Severity

VERSION = 1
TYPES = ("image", "soh", "event", "counts", "clock", "key")
FIELDS = ("v", "src", "seq", "t", "type", "data", "prev", "kid")


@dataclass(frozen=True, slots=True)
class Limits:
    """What is tolerated; the values are ours.

    Attributes
    ----------
    future_s : int
        A device's time may lie so far after the receipt, in seconds.
    step_back_s : int
        A message's time may lie so far before that of the one before it, in seconds.
    message_bytes : int
        Largest message, without its payload.
    payload_bytes : mapping
        Largest payload by type of message; of types that are not named, `other_bytes`.
    other_bytes : int
    """

    future_s: int = 300
    step_back_s: int = 60
    message_bytes: int = 64 << 10
    payload_bytes: Mapping[str, int] = field(
        default_factory=lambda: {"image": 32 << 20, "counts": 4 << 20}
    )
    other_bytes: int = 1 << 20


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that came in.

    Attributes
    ----------
    content : bytes
        As received.
    signature : str or None
        Hexadecimal.
    received_at : datetime
    message : dict or None
        What it says; None if it cannot be read.
    findings : tuple of Finding
        Why it is flagged.
    duplicate : bool
        Whether the same message came before; it counts once.
    """

    content: bytes
    signature: str | None
    received_at: datetime.datetime
    message: dict[str, Any] | None
    findings: tuple[Finding, ...]
    duplicate: bool = False

    @property
    def flagged(self) -> bool:
        """Whether somebody must look at it before it is relied on."""
        return bool(self.findings)

    @property
    def digest(self) -> str:
        """SHA-256 of the content as received, hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(slots=True)
class _Source:
    seq: int = -1
    at: datetime.datetime | None = None
    digest: str | None = None
    seen: dict[int, str] = field(default_factory=dict)


class Intake:
    """Looks at messages as they come in, and remembers the last one of each source.

    Parameters
    ----------
    keys : mapping
        The register of keys by key id.
    limits : Limits
    """

    def __init__(self, keys: Keys, limits: Limits | None = None) -> None:
        self.keys = keys
        self.limits = limits or Limits()
        self._sources: dict[str, _Source] = {}

    def take(
        self,
        content: bytes,
        signature: str | None,
        received_at: datetime.datetime,
        *,
        payload: bytes | None = None,
    ) -> Taken:
        """Look at a message.

        Parameters
        ----------
        content : bytes
            JSON as received.
        signature : str or None
            Hexadecimal.
        received_at : datetime
            When it came in, by the clock of whoever collects.
        payload : bytes, optional
            The file that it announces in ``data`` by ``sha256``.
        """
        size = len(content)
        if size > self.limits.message_bytes:
            large = _oversize("the message", size, self.limits.message_bytes)
            return Taken(content, signature, received_at, None, (large,))
        try:
            message = parse(content)
        except RecordError as error:
            return Taken(content, signature, received_at, None, (_form(str(error)),))
        bad = _bad_fields(message)
        if bad:
            words = f"missing or wrong: {', '.join(bad)}"
            return Taken(content, signature, received_at, message, (_form(words),))
        source = self._sources.setdefault(message["src"], _Source())
        own = hashlib.sha256(canonical(message)).hexdigest()
        if source.seen.get(message["seq"]) == own:
            return Taken(content, signature, received_at, message, (), duplicate=True)
        found = [
            *self._signed(message, signature),
            *self._timed(message, source, received_at),
            *self._carried(message, payload),
            *_placed(message, source, own),
        ]
        if message["seq"] not in source.seen and not any(_is_foreign(one) for one in found):
            source.seen[message["seq"]] = own
            if message["seq"] > source.seq:
                source.seq, source.at, source.digest = message["seq"], device_time(message), own
        return Taken(content, signature, received_at, message, tuple(found))

    def _signed(self, message: Mapping[str, Any], signature: str | None) -> list[Finding]:
        what = f"message {message['seq']} of {message['src'][:60]}"
        if signature is None:
            return [
                inconsistent(
                    "DEVICE-MESSAGE-UNSIGNED",
                    f"{what} bears no signature",
                    "Nothing shows that the device sent it. Ask the device for it again.",
                )
            ]
        one = Signature(message["kid"], signature)
        return signature_findings(message, one, self.keys, at=device_time(message), what=what)

    def _timed(
        self, message: Mapping[str, Any], source: _Source, received_at: datetime.datetime
    ) -> Iterator[Finding]:
        at = device_time(message)
        assert at is not None
        what = f"message {message['seq']} of {message['src'][:60]}"
        if at > received_at + datetime.timedelta(seconds=self.limits.future_s):
            yield inconsistent(
                "DEVICE-MESSAGE-FUTURE",
                f"{what} is of {shown(at)} and came in at {shown(received_at)}, before that",
                "The clock of the device is ahead, or that of the collector behind: compare both "
                "and record the readings.",
            )
        back = datetime.timedelta(seconds=self.limits.step_back_s)
        newer = message["seq"] > source.seq and message["type"] != "clock"
        if newer and source.at is not None and at < source.at - back:
            yield inconsistent(
                "DEVICE-MESSAGE-CLOCK",
                f"{what} is of {shown(at)}, before message {source.seq} of {shown(source.at)}",
                "The clock ran backwards without a message that it was set: record the readings "
                "of the clock and treat the times between as not conclusive.",
            )

    def _carried(self, message: Mapping[str, Any], payload: bytes | None) -> Iterator[Finding]:
        stated = message["data"].get("sha256")
        what = f"message {message['seq']} of {message['src'][:60]}"
        if message["type"] not in TYPES:
            yield Finding(
                "DEVICE-MESSAGE-TYPE",
                Severity.WARNING,
                f"{what} is of the unknown type {message['type'][:40]!r}",
                "It is stored. Find out what the device means by it.",
                basis=BASIS,
            )
        if payload is None:
            return
        limit = self.limits.payload_bytes.get(message["type"], self.limits.other_bytes)
        if len(payload) > limit:
            yield _oversize(f"the payload of {what}", len(payload), limit)
        if hashlib.sha256(payload).hexdigest() != stated:
            yield inconsistent(
                "DEVICE-MESSAGE-PAYLOAD",
                f"{what}: the payload is not the one that the message announces",
                "It was changed or exchanged on the way. Ask the device for it again; keep both.",
                expected=str(stated) if stated else None,
            )


def _is_foreign(finding: Finding) -> bool:
    """Return whether a finding means that the message may not be of its source at all."""
    return finding.code in (
        *("DEVICE-KEY-UNKNOWN", "DEVICE-SIGNATURE", "DEVICE-KEY-PURPOSE"),
        *("DEVICE-KEY-NOT-IN-FORCE", "DEVICE-MESSAGE-UNSIGNED"),
    )


def _bad_fields(message: Mapping[str, Any]) -> list[str]:
    good = {
        "v": message.get("v") == VERSION and type(message.get("v")) is int,
        "src": _is_word(message.get("src")),
        "seq": type(message.get("seq")) is int and 0 <= message["seq"] < INTEGER_LIMIT,
        "t": device_time(message) is not None,
        "type": _is_word(message.get("type")),
        "data": isinstance(message.get("data"), Mapping),
        "prev": "prev" in message and (message["prev"] is None or is_value(message["prev"])),
        "kid": _is_word(message.get("kid")),
    }
    return [name for name, fine in good.items() if not fine]


def _is_word(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 120


def _placed(message: Mapping[str, Any], source: _Source, own: str) -> Iterator[Finding]:
    what = f"message {message['seq']} of {message['src'][:60]}"
    before = source.seen.get(message["seq"])
    if before is not None and before != own:
        yield inconsistent(
            "DEVICE-MESSAGE-EQUIVOCATION",
            f"{what} came before with other content",
            "Keep both with their signatures: a device gives each number once. Report an anomaly.",
            found=own,
            expected=before,
        )
        return
    if source.seq < 0 or message["seq"] <= source.seq:
        return
    if message["seq"] > source.seq + 1:
        yield Finding(
            "DEVICE-MESSAGE-GAP",
            Severity.WARNING,
            f"{what}: {message['seq'] - source.seq - 1} messages before it have not come in",
            "They may be late. Ask the device for them; until they are there the time between is "
            "not conclusive.",
            basis=BASIS,
        )
    elif message["prev"] != source.digest:
        yield inconsistent(
            "DEVICE-MESSAGE-PREVIOUS",
            f"{what}: its hash of the message before it is not that of message {source.seq}",
            "One of the two is not what the device wrote. Ask it for both.",
        )


def _form(words: str) -> Finding:
    return Finding(
        "DEVICE-MESSAGE-FORM",
        Severity.FORMAT,
        f"the message is none of version {VERSION}: {words}",
        "It is stored. Ask whoever runs the device which version it sends.",
        basis=BASIS,
    )


def _oversize(what: str, size: int, limit: int) -> Finding:
    return inconsistent(
        "DEVICE-MESSAGE-OVERSIZE",
        f"{what} has {size} bytes; {limit} are allowed",
        "It is stored and not read. Find out what sent it.",
        found=str(size),
        expected=f"at most {limit}",
    )
