"""What the log of an electronic seal shows: openings, gaps, tampering, the state of its clock.

Rules (docs/theory/surveillance.md): sequence numbers follow one another; time never runs
backwards except where the clock was set; what opens is closed or still open; a missed report of
health is no contact; a battery is changed before it is empty. A gap is never taken for quiet.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from keiryo.errors import Finding, Severity
from keiryo.seals.drift import ClockReading, Drift
from keiryo.seals.findings import BASIS
from keiryo.seals.log_records import SECOND, LogRecord, time_shown

DAY = 86_400 * SECOND
BATTERY_MARGIN = 90 * DAY
"""A battery must last this much longer than to the next planned visit."""
BATTERY_LIMIT_V = Decimal("3.0")
"""Voltage at which a battery is changed where the vendor's limit is not stated."""


@dataclass(frozen=True, slots=True)
class LogSpan:
    """An interval of a log, in microseconds of true time.

    Attributes
    ----------
    code : str
        ``opening``, ``gap``, ``no-soh``, ``tamper``, ``self-test`` or ``clock``.
    begin, end : int
        `end` None: it does not end within the log.
    first, last : int
        Sequence numbers of the records between which it lies.
    missing : int
        Of a gap: records that are not there.
    """

    code: str
    begin: int
    end: int | None
    first: int
    last: int | None
    missing: int = 0


@dataclass(frozen=True, slots=True)
class LogTerms:
    """What the log is held against.

    Attributes
    ----------
    readings : tuple of ClockReading
    soh_interval, margin : int or None
        How often the seal reports its health, and what is allowed beyond, in microseconds.
    battery_limit : Decimal
        In volts.
    next_visit, now : int or None
        Instants, in microseconds of true time.
    """

    readings: tuple[ClockReading, ...] = ()
    soh_interval: int | None = None
    margin: int = 0
    battery_limit: Decimal = BATTERY_LIMIT_V
    next_visit: int | None = None
    now: int | None = None


@dataclass(slots=True)
class LogResult:
    """What a log shows.

    Attributes
    ----------
    records : int
    absolute : bool
        Whether its times are instants.
    first_seq, last_seq : int or None
    first, last : int or None
        True times of the first and last record.
    spans : list of LogSpan
        In the order of their begin.
    findings : list of Finding
    battery_empty : int or None
        When the battery reaches its limit, extrapolated in a straight line.
    """

    records: int
    absolute: bool
    first_seq: int | None = None
    last_seq: int | None = None
    first: int | None = None
    last: int | None = None
    spans: list[LogSpan] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    battery_empty: int | None = None

    def of(self, code: str) -> list[LogSpan]:
        """Return the intervals of a code."""
        return [one for one in self.spans if one.code == code]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data; times as instants, or as seconds where the log has seconds."""
        return {
            "records": self.records,
            "first_seq": self.first_seq,
            "last_seq": self.last_seq,
            "from": self._time(self.first),
            "to": self._time(self.last),
            "openings": [self._span(one) for one in self.of("opening")],
            "still_open": any(one.end is None for one in self.of("opening")),
            "gaps": [{**self._span(one), "missing": one.missing} for one in self.of("gap")],
            "no_contact": [self._span(one) for one in self.of("no-soh")],
            "tamper": [self._span(one) for one in self.of("tamper")],
            "self_test_failures": [self._span(one) for one in self.of("self-test")],
            "battery_at_limit": self._time(self.battery_empty),
        }

    def _span(self, one: LogSpan) -> dict[str, Any]:
        told = {"from": self._time(one.begin), "to": self._time(one.end)}
        return {**told, "first_seq": one.first, "last_seq": one.last}

    def _time(self, at: int | None) -> str | int | float | None:
        if at is None:
            return None
        if self.absolute:
            return time_shown(at, True)
        return at // SECOND if at % SECOND == 0 else at / SECOND


def examine_log(records: Sequence[LogRecord], terms: LogTerms | None = None) -> LogResult:
    """Return what a log shows.

    Parameters
    ----------
    records : sequence of LogRecord
        In the order of the file, which is that of the sequence numbers.
    terms : LogTerms, optional
    """
    terms = terms or LogTerms()
    kinds = {one.absolute for one in records}
    result = LogResult(len(records), kinds == {True})
    if len(kinds) > 1:
        result.findings.append(
            _finding(
                "SEAL-LOG-CLOCK",
                "some times are instants and some are seconds of the seal's clock",
                "Read the log out again with one kind of time.",
            )
        )
        return result
    if not records:
        return result
    reader = _Reader(Drift(terms.readings), terms, result)
    for before, record in zip((None, *records[:-1]), records, strict=True):
        if reader.follows(before, record):
            reader.take(record)
    reader.end(records[-1])
    result.spans.sort(key=lambda one: (one.begin, one.first))
    return result


class _Reader:
    """Goes through the records of a log in order."""

    def __init__(self, drift: Drift, terms: LogTerms, result: LogResult) -> None:
        self.drift = drift
        self.terms = terms
        self.result = result
        self.opened: LogRecord | None = None
        self.wrapped = False
        self.soh: LogRecord | None = None
        self.failed: LogRecord | None = None
        self.volts: list[tuple[int, Fraction]] = []
        self.low = False
        self.seen = False

    def follows(self, before: LogRecord | None, record: LogRecord) -> bool:
        """Look at the number and the time of a record; return whether it is new."""
        result = self.result
        if before is None:
            result.first_seq, result.first = record.seq, self.drift.true(record.at)
            result.last_seq, result.last = record.seq, result.first
            return True
        assert result.last_seq is not None
        if record.seq <= result.last_seq:
            self._tell(
                "SEAL-LOG-GAP",
                f"number {record.seq} follows {result.last_seq}: the sequence runs backwards",
                "Numbers grow by one; the record is left out. Read the log out again.",
                record,
            )
            return False
        if record.seq != result.last_seq + 1:
            self._gap(before, record)
        backwards = record.at < before.at
        if backwards and "CLOCK_SET" not in (record.code, before.code):
            begin = self.drift.true(record.at)
            result.spans.append(LogSpan("clock", begin, None, before.seq, record.seq))
            self._tell(
                "SEAL-LOG-CLOCK",
                f"time runs backwards from {self._shown(before.at)} to {self._shown(record.at)} "
                "and the clock was not set",
                "Times from there on are not to be relied on until the clock is explained.",
                record,
            )
        result.last_seq = record.seq
        result.last = max(result.last or 0, self.drift.true(record.at))
        return True

    def _gap(self, before: LogRecord, record: LogRecord) -> None:
        assert self.result.last_seq is not None
        missing = record.seq - self.result.last_seq - 1
        begin, end = sorted((self.drift.true(before.at), self.drift.true(record.at)))
        self.result.spans.append(LogSpan("gap", begin, end, before.seq, record.seq, missing))
        why = " (the memory wrapped)" if self._wraps(before, record) else ""
        self._tell(
            "SEAL-LOG-GAP",
            f"{missing} record{'' if missing == 1 else 's'} missing between numbers "
            f"{self.result.last_seq} and {record.seq}{why}: {self._shown(before.at)} to "
            f"{self._shown(record.at)} is inconclusive",
            "Nothing is known of that time. Read the log out before its memory wraps.",
            record,
        )

    def _wraps(self, before: LogRecord, record: LogRecord) -> bool:
        return self.wrapped or "MEMORY_WRAP" in (before.code, record.code)

    def take(self, record: LogRecord) -> None:
        """Look at what a record says."""
        code = record.code
        switch = record.value.lower() if code == "MAG_SWITCH" else ""
        if code == "FIBRE_OPEN" or switch in ("open", "opened", "1", "on"):
            self.opened = self.opened or record
        elif code == "FIBRE_CLOSE" or switch in ("closed", "close", "0", "off"):
            if self.opened is not None:
                self._opening(self.opened, record)
            self.opened = None
        elif code == "CASE_TAMPER":
            at = self.drift.true(record.at)
            self.result.spans.append(LogSpan("tamper", at, None, record.seq, None))
            self._tell(
                "SEAL-LOG-TAMPER",
                f"the case was tampered with at {self._shown(record.at)}",
                "Nothing that the seal says afterwards counts. Examine it and the containment.",
                record,
            )
        elif code in ("BATTERY", "BATTERY_LOW"):
            self._battery(record)
        elif code == "MEMORY_WRAP":
            self.wrapped = True
            self._tell(
                "SEAL-LOG-WRAP",
                f"the memory wrapped at {self._shown(record.at)}: older records are overwritten",
                "Read out more often, so that nothing is lost.",
                record,
                Severity.WARNING,
            )
        elif code == "SELF_TEST_FAIL":
            self.failed = self.failed or record
            self._tell(
                "SEAL-LOG-SELF-TEST",
                f"the self test failed at {self._shown(record.at)}",
                "Until the next good report of health nothing is known. Replace the seal.",
                record,
            )
        elif code == "AUTH_FAIL":
            self._tell(
                "SEAL-LOG-AUTH",
                f"somebody failed to authenticate at {self._shown(record.at)}",
                "Ask who tried to read or set the seal then.",
                record,
            )
        if code in ("SOH", "INTERROGATED"):
            self._health(record)

    def _opening(self, opened: LogRecord, closed: LogRecord) -> None:
        begin, end = self.drift.true(opened.at), self.drift.true(closed.at)
        end = max(begin, end)
        self.result.spans.append(LogSpan("opening", begin, end, opened.seq, closed.seq))
        self._tell(
            "SEAL-OPENED",
            f"opened at {time_shown(begin, self.result.absolute)}, closed at "
            f"{time_shown(end, self.result.absolute)}",
            "Lay it beside the declared openings; an opening that nobody declared is an anomaly.",
            opened,
        )

    def _battery(self, record: LogRecord) -> None:
        if record.code == "BATTERY_LOW":
            self.low = True
        try:
            volts = Decimal(record.value.removesuffix("V").strip())
        except InvalidOperation:
            return
        if volts.is_finite():
            self.volts.append((self.drift.true(record.at), Fraction(volts)))

    def _health(self, record: LogRecord) -> None:
        if self.failed is not None:
            begin, end = self.drift.true(self.failed.at), self.drift.true(record.at)
            seqs = (self.failed.seq, record.seq)
            self.result.spans.append(LogSpan("self-test", begin, max(begin, end), *seqs))
            self.failed = None
        if record.code == "SOH":
            if self.soh is not None:
                self._contact(self.soh, self.drift.true(record.at), record)
            self.soh = record

    def _contact(self, since: LogRecord, until: int, record: LogRecord) -> None:
        if self.terms.soh_interval is None:
            return
        begin, allowed = self.drift.true(since.at), 2 * self.terms.soh_interval + self.terms.margin
        if until - begin <= allowed:
            return
        last = None if record is since else record.seq
        self.result.spans.append(LogSpan("no-soh", begin, until, since.seq, last))
        self._tell(
            "SEAL-LOG-NO-CONTACT",
            f"no report of health from {time_shown(begin, self.result.absolute)} to "
            f"{time_shown(until, self.result.absolute)}: longer than twice the interval of such "
            "reports",
            "These records do not say what happened in that time: read out the seal's own log.",
            record,
        )

    def end(self, last: LogRecord) -> None:
        """Look at what the log leaves open."""
        if self.opened is not None:
            begin = self.drift.true(self.opened.at)
            self.result.spans.append(LogSpan("opening", begin, None, self.opened.seq, None))
            self._tell(
                "SEAL-LOG-STILL-OPEN",
                f"opened at {time_shown(begin, self.result.absolute)} and not closed within the "
                "log",
                "Go there: the seal closes nothing at present.",
                self.opened,
            )
        if self.failed is not None:
            begin = self.drift.true(self.failed.at)
            self.result.spans.append(LogSpan("self-test", begin, None, self.failed.seq, None))
        if self.soh is not None and self.terms.now is not None:
            self._contact(self.soh, self.terms.now, self.soh)
        self._battery_left(last)

    def _battery_left(self, last: LogRecord) -> None:
        limit = Fraction(self.terms.battery_limit)
        empty = _reaches(self.volts, limit)
        self.result.battery_empty = empty
        now_low = self.low or (bool(self.volts) and self.volts[-1][1] <= limit)
        visit = self.terms.next_visit
        needed = None if visit is None else visit + BATTERY_MARGIN
        if now_low:
            words = f"the battery is at or below {self.terms.battery_limit} V"
        elif empty is not None and needed is not None and empty <= needed:
            words = (
                f"the battery reaches {self.terms.battery_limit} V at "
                f"{time_shown(empty, self.result.absolute)}, within 90 days of the next visit"
            )
        else:
            return
        advice = "Change it at the next visit, or go there before."
        self._tell("SEAL-LOG-BATTERY", words, advice, last, Severity.WARNING)

    def _shown(self, at: int) -> str:
        return time_shown(self.drift.true(at), self.result.absolute)

    def _tell(
        self,
        code: str,
        message: str,
        advice: str,
        record: LogRecord,
        severity: Severity = Severity.INCONSISTENCY,
    ) -> None:
        found = Finding(code, severity, message, advice, line=record.row or None, basis=BASIS)
        self.result.findings.append(found)


def _reaches(volts: Iterable[tuple[int, Fraction]], limit: Fraction) -> int | None:
    """Return when a straight line through readings falls to a limit; None if it does not fall."""
    points = list(volts)
    if len({at for at, _ in points}) < 2:
        return None
    count = len(points)
    mean_t = Fraction(sum(at for at, _ in points), count)
    mean_v = sum((v for _, v in points), Fraction(0)) / count
    spread = sum(((at - mean_t) ** 2 for at, _ in points), Fraction(0))
    slope = sum(((at - mean_t) * (v - mean_v) for at, v in points), Fraction(0)) / spread
    if slope >= 0:
        return None
    return round(mean_t + (limit - mean_v) / slope)


def _finding(code: str, message: str, advice: str) -> Finding:
    return Finding(code, Severity.INCONSISTENCY, message, advice, basis=BASIS)
