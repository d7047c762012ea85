"""Reading out an electronic seal: its log is kept, and what it shows is recorded as intervals.

Openings inside the period are NEGATIVE, gaps INCONCLUSIVE. What happens within ten seconds of the
attachment or the detachment is the attachment or the detachment itself. A log that begins later
than the last one ended leaves a gap, however quiet it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from keiryo.dates import parse_utc, utc_text
from keiryo.device_log.keys import DeviceKey
from keiryo.device_log.reading import read_log as read_device_log
from keiryo.device_log.verification import verify
from keiryo.errors import Finding, RefusedError, UsageError
from keiryo.journal.model import Actor, Posted
from keiryo.journal.posting import Clock, system_clock
from keiryo.seals.events import SealEvent
from keiryo.seals.log_records import SECOND, LogRecord, microseconds_of, read_log, utc_of
from keiryo.seals.log_rules import LogResult, LogSpan, LogTerms, examine_log
from keiryo.seals.recording import File, Interval, SealReport, record
from keiryo.seals.register import standing
from keiryo.seals.standing import Period, Standing
from keiryo.storage.engine import Database

TOLERANCE = 10 * SECOND
"""Uncertainty of clocks: what opens so near to the detachment is the detachment."""
SIGNED, READER, UNSIGNED, BROKEN = "signed", "reader", "unsigned", "broken"


@dataclass(frozen=True, slots=True)
class LogToRead:
    """A log, and how it is to be read.

    Attributes
    ----------
    path : Path
    terms : LogTerms
    zero : datetime or None
        Of a log in seconds: the instant at which they begin.
    reader : str or None
        How the reader authenticated the log, in words, where it bears no signatures.
    keys : mapping
        Keys of devices by key id, for a log that is signed.
    key_id : str or None
        Key of this seal.
    """

    path: Path
    terms: LogTerms = field(default_factory=LogTerms)
    zero: datetime | None = None
    reader: str | None = None
    keys: Mapping[str, DeviceKey] = field(default_factory=dict)
    key_id: str | None = None


@dataclass(frozen=True, slots=True)
class ReadLog:
    """A log as it was read.

    Attributes
    ----------
    file : File
    records : tuple of LogRecord
    result : LogResult
    state : str
        signed, reader, unsigned or broken.
    findings : tuple of Finding
        About the file, its signatures and what it shows.
    """

    file: File
    records: tuple[LogRecord, ...]
    result: LogResult
    state: str
    findings: tuple[Finding, ...]


def read(log: LogToRead) -> ReadLog:
    """Read a log and hold it against the rules; nothing is recorded.

    Raises
    ------
    UsageError
        If the file cannot be read at all.
    """
    try:
        content = log.path.read_bytes()
    except OSError as error:
        raise UsageError(f"{log.path} cannot be read: {error.strerror}", "Name a file.") from None
    records, findings = read_log(log.path.name, content)
    if log.zero is not None:
        shift = microseconds_of(log.zero)
        records = [
            one if one.absolute else replace(one, at=one.at + shift, absolute=True)
            for one in records
        ]
    result = examine_log(records, log.terms)
    state, doubts = _authenticity(log, content)
    every = (*findings, *doubts, *result.findings)
    return ReadLog((log.path.name, content), tuple(records), result, state, every)


def _authenticity(log: LogToRead, content: bytes) -> tuple[str, tuple[Finding, ...]]:
    """Return how far a log can be relied on, and what is against it."""
    otherwise = UNSIGNED if not (log.reader or "").strip() else READER
    if content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] != b"{":
        return otherwise, ()
    device = read_device_log(log.path)
    if device.chain is None and device.signatures is None and not device.heads:
        return otherwise, ()
    verified = verify(
        device.records,
        keys=dict(log.keys),
        head=device.heads or None,
        chain=device.chain,
        signatures=device.signatures,
        kid=log.key_id,
        sequences=False,
    )
    counts = verified.counts
    found = (*device.findings, *verified.findings)
    if counts.get(BROKEN):
        return BROKEN, found
    if set(counts) == {SIGNED}:
        return SIGNED, found
    return otherwise, found


def read_out(
    database: Database,
    actor: Actor,
    event: SealEvent,
    log: LogToRead,
    *,
    photos: Sequence[File] = (),
    clock: Clock = system_clock,
) -> tuple[Posted, ReadLog]:
    """Record that a seal was read out, or checked together with its log.

    Parameters
    ----------
    database, actor
    event : SealEvent
        ``read-out``, or ``check`` of a seal that stays attached.
    log : LogToRead

    Raises
    ------
    RefusedError
        If the event cannot be; the report and the log are kept.
    UsageError
        If the times of the log are no instants.
    NotFoundError
        If there is no such seal.
    """
    told = read(log)
    with database.reading() as connection:
        before = standing(connection, database.metadata, event.key)
    if not told.records:
        raise RefusedError("the log holds nothing that can be read", told.findings)
    if not told.result.absolute:
        raise UsageError(
            "the times of the log are seconds of the seal's own clock",
            "State the instant at which they begin: --zero 2026-01-01T00:00:00Z.",
        )
    logged = replace(
        event,
        log_state=told.state,
        log_first=told.result.first_seq,
        log_last=told.result.last_seq,
        remark=" | ".join(one for one in (event.remark, log.reader) if one) or None,
    )
    shown = tuple(intervals(before, told.result))
    report = SealReport(logged, photos=tuple(photos), log=told.file, intervals=shown)
    return record(database, actor, [report], clock=clock), told


def intervals(before: Standing, result: LogResult) -> Iterator[Interval]:
    """Yield what a log shows of a period, as it is recorded.

    Parameters
    ----------
    before : Standing
        The seal before the log was read.
    result : LogResult
        With instants as times.
    """
    period = before.period
    if period is None or result.first is None:
        return
    first_gap = _head_gap(before, period, result)
    if first_gap is not None:
        yield first_gap
    for one in result.spans:
        if one.code == "opening" and _is_handling(one, period):
            continue
        value = "NEGATIVE" if one.code in ("opening", "tamper") else "INCONCLUSIVE"
        end = None if one.end is None else _text(one.end)
        yield Interval(one.code, _text(one.begin), end, value)


def _head_gap(before: Standing, period: Period, result: LogResult) -> Interval | None:
    """Return the time before a log of which nothing is known."""
    assert result.first is not None
    if result.first_seq in (0, 1):
        return None
    earlier = [one for one in before.events if one.log_last is not None]
    if earlier and result.first_seq is not None:
        last = earlier[-1].log_last
        assert last is not None
        if result.first_seq <= last + 1:
            return None
    since = period.attached.at
    inside = [one for one in earlier if one.at > since]
    begin = inside[-1].at if inside else since
    end = _text(result.first)
    return Interval("gap", begin, end, "INCONCLUSIVE") if begin < end else None


def _is_handling(one: LogSpan, period: Period) -> bool:
    """Return whether an opening is the attachment or the detachment itself."""
    begin = microseconds_of(parse_utc(period.attached.at))
    if one.end is not None and one.end <= begin + TOLERANCE and one.begin <= begin:
        return True
    if period.closed is None or period.failed:
        return False
    end = microseconds_of(parse_utc(period.closed.at))
    return one.begin >= end - TOLERANCE and (one.end is None or one.end >= end)


def _text(at: int) -> str:
    return utc_text(utc_of(at))
