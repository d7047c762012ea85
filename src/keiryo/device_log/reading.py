"""Reads the log of a device: a record in each line, and what lies beside it.

A file has one record as JSON in each line. Chain values and signatures stand in the record, in the
fields ``chain`` and ``sig`` (which are no part of what is hashed), or in files beside it::

    CAM-01.jsonl         a record in each line
    CAM-01.jsonl.chain   a chain value in each line, or only the one after the last record
    CAM-01.jsonl.sig     a signature in each line, hexadecimal: SIGNATURE or KID SIGNATURE
    CAM-01.jsonl.head    a signed head as JSON, or a list of heads

An empty line beside a record means that it has none; ``-`` does so too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from keiryo.device_log.canonical import MAX_RECORD_BYTES, RecordError, canonical, parse
from keiryo.device_log.heads import Head, head_from
from keiryo.device_log.keys import DeviceKey, Signature, keys_from
from keiryo.device_log.record import inconsistent
from keiryo.errors import Finding, UsageError

CHAIN_FILE, SIGNATURE_FILE, HEAD_FILE = ".chain", ".sig", ".head"
MAX_HEAD_BYTES = 1 << 20


@dataclass(slots=True)
class LogFile:
    """A log as it was read.

    Attributes
    ----------
    records : list of dict or None
        Without chain values and signatures; None stands for a line that is no record.
    chain : list of str or None, str, or None
        As `keiryo.device_log.verification.verify` takes it.
    signatures : list of Signature or None, or None
    heads : list of Head
    findings : list of Finding
        What could not be read, with file and line.
    """

    records: list[dict[str, Any] | None] = field(default_factory=list)
    chain: list[str | None] | str | None = None
    signatures: list[Signature | None] | None = None
    heads: list[Head] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def readable(self) -> list[dict[str, Any]]:
        """The records, if every line is one.

        Raises
        ------
        UsageError
            If a line is none.
        """
        found = [one for one in self.records if one is not None]
        if len(found) < len(self.records):
            raise UsageError(
                "the log has lines that are no records",
                "Verify it first; a root over the other lines would be that of another log.",
            )
        return found


def read_log(path: Path) -> LogFile:
    """Read a log and the files beside it.

    Raises
    ------
    UsageError
        If the file cannot be read, or a head beside it is none.
    """
    found, inside = LogFile(), _Inside()
    for number, line in _lines(path):
        _take(found, inside, path.name, number, line)
    if any(value is not None for value in inside.chain):
        found.chain = inside.chain
    if any(value is not None for value in inside.signatures):
        found.signatures = inside.signatures
    beside = Path(f"{path}{CHAIN_FILE}")
    if beside.exists():
        values = [line or None for line in _beside(beside)]
        whole = len(values) == 1 and len(found.records) > 1
        found.chain = values[0] if whole else values
    beside = Path(f"{path}{SIGNATURE_FILE}")
    if beside.exists():
        found.signatures = [_signature(line) for line in _beside(beside)]
    beside = Path(f"{path}{HEAD_FILE}")
    if beside.exists():
        found.heads = read_heads(beside)
    return found


@dataclass(slots=True)
class _Inside:
    chain: list[str | None] = field(default_factory=list)
    signatures: list[Signature | None] = field(default_factory=list)


def _take(found: LogFile, inside: _Inside, name: str, number: int, line: bytes) -> None:
    chain = signature = None
    try:
        record: dict[str, Any] | None = parse(line)
        assert record is not None
        chain, signature = record.pop("chain", None), record.pop("sig", None)
    except RecordError as error:
        record = None
        found.findings.append(
            inconsistent(
                "DEVICE-LOG-LINE",
                f"the line is no record: {error}",
                "Ask for the log again as the device wrote it; the line is kept and not relied on.",
                file=name,
                line=number,
            )
        )
    found.records.append(record)
    inside.chain.append(chain if chain is None else str(chain))
    inside.signatures.append(None if signature is None else _signature(str(signature)))


def _signature(told: str) -> Signature | None:
    kid, _space, value = told.strip().rpartition(" ")
    return Signature(kid.strip() or None, value) if value else None


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(MAX_RECORD_BYTES + 2):
                number += 1
                whole = line
                while not line.endswith(b"\n") and (line := file.readline(MAX_RECORD_BYTES)):
                    whole = whole[: MAX_RECORD_BYTES + 2] + line[:1]  # too long: say so, go on
                told = whole.rstrip(b"\r\n")
                if number == 1:
                    told = told.removeprefix(b"\xef\xbb\xbf")
                if told.strip():
                    yield number, told
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}", "Name a file of records.") from None


def _beside(path: Path) -> list[str]:
    try:
        told = path.read_text("ascii")
    except (OSError, UnicodeDecodeError):
        raise UsageError(
            f"{path.name} is no file of lines", "Give one value in each line."
        ) from None
    return ["" if line.strip() == "-" else line.strip() for line in told.splitlines()]


def read_heads(path: Path) -> list[Head]:
    """Return the heads in a file: one as JSON, or a list.

    Raises
    ------
    UsageError
        If the file cannot be read or holds something else.
    """
    told = read_json(path)
    return [head_from(one) for one in (told if isinstance(told, list) else [told])]


def read_keys(path: Path) -> dict[str, DeviceKey]:
    """Return the keys in a file, see `keiryo.device_log.keys.keys_from`; raises `UsageError`."""
    return keys_from(read_json(path))


def read_json(path: Path) -> object:
    """Return what a small file of JSON holds; raises `UsageError` if it cannot be read."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_HEAD_BYTES + 1)
        if len(content) > MAX_HEAD_BYTES:
            raise ValueError
        return json.loads(content)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}", "Name a file of JSON.") from None
    except (ValueError, RecursionError):
        raise UsageError(f"{path.name} is no JSON, or is too long", "Give it as JSON.") from None


def read_messages(path: Path) -> Iterator[tuple[bytes, str | None, str | None]]:
    """Yield content, signature and stated time of receipt of the messages in a file.

    Parameters
    ----------
    path : Path
        In each line ``{"message": {...}, "sig": HEX, "received_at": MOMENT}``, or a message with
        its signature in ``sig``. What cannot be read is yielded as it stands.

    Raises
    ------
    UsageError
        If the file cannot be read.
    """
    for _number, line in _lines(path):
        try:
            told = parse(line)
            received, signature = told.pop("received_at", None), told.pop("sig", None)
            message = told.get("message")
            content = canonical(message if isinstance(message, dict) else told)
        except RecordError:
            yield line, None, None
            continue
        yield content, _text_or_none(signature), _text_or_none(received)


def _text_or_none(value: object) -> str | None:
    return None if value is None else str(value)
