"""Records of the log of an electronic seal, as a file holds them: CSV or JSON lines.

Columns or names: ``seq``, ``t``, ``code``, ``value``. A time is an instant with its offset, or a
number of seconds of the seal's clock. Codes are those of docs/theory/surveillance.md; the
names that messages of unattended sensors use (``type``, ``data``) are taken as well.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from keiryo.containment.instants import instant, shown
from keiryo.errors import Finding, Severity, UsageError
from keiryo.seals.findings import BASIS

CODES = (
    *("POWER_ON", "CLOCK_SET", "FIBRE_OPEN", "FIBRE_CLOSE", "FIBRE_ATTENUATION", "CASE_TAMPER"),
    *("MAG_SWITCH", "BATTERY", "BATTERY_LOW", "TEMP", "TEMP_LIMIT", "SOH", "INTERROGATED"),
    *("KEY_CHANGE", "MEMORY_WRAP", "SELF_TEST_FAIL", "AUTH_FAIL"),
)
"""Event codes; those of a vendor are mapped to them."""

SECOND = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WITH_VALUE = re.compile(r"([A-Za-z_]+)\((.*)\)")
_MAX_SEQ = 2**63 - 1


@dataclass(frozen=True, slots=True)
class LogRecord:
    """A record of a log.

    Attributes
    ----------
    seq : int
        Its sequence number.
    at : int
        Time of the seal's clock in microseconds: since 1970 UTC, or since its own zero.
    absolute : bool
        Whether `at` is an instant.
    code : str
    value : str
        E.g. volts of a battery; empty if there is none.
    row : int
        Line of the file, from 1.
    """

    seq: int
    at: int
    absolute: bool
    code: str
    value: str = ""
    row: int = 0


def utc_of(microseconds: int) -> datetime:
    """Return the instant of a number of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=microseconds)


def microseconds_of(moment: datetime) -> int:
    """Return an instant as microseconds since 1970."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def time_shown(at: int, absolute: bool) -> str:
    """Return a time for people: an instant in UTC, or seconds."""
    if absolute:
        return shown(utc_of(at))
    whole, rest = divmod(at, SECOND)
    return f"{whole} s" if rest == 0 else f"{Decimal(at) / SECOND} s"


def time_of(text: str) -> tuple[int, bool]:
    """Return a time as microseconds, and whether it is an instant.

    Raises
    ------
    UsageError
        If it is neither a number of seconds nor an instant with its offset.
    """
    told = text.strip()
    try:
        seconds = Decimal(told)
    except InvalidOperation:
        return microseconds_of(instant(told)), True
    if not seconds.is_finite() or abs(seconds) > 10**12:
        raise UsageError(f"{told[:40]!r} is no time", "Write seconds, or an instant with offset.")
    return int((seconds * SECOND).to_integral_value()), False


def read_log(name: str, content: bytes) -> tuple[list[LogRecord], list[Finding]]:
    """Return the records of a log, in the order of the file, and what could not be read.

    Parameters
    ----------
    name, content
        The file: CSV with a header, or JSON lines, or a JSON list (UTF-8).
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return [], [_unreadable(name, 1, "is no text in UTF-8")]
    records: list[LogRecord] = []
    findings: list[Finding] = []
    for row, given in _rows(name, text, findings):
        try:
            records.append(_record(given, row))
        except (UsageError, ValueError) as error:
            words = error.message if isinstance(error, UsageError) else str(error)
            findings.append(_unreadable(name, row, words))
    if not records and not findings:
        findings.append(_unreadable(name, 1, "holds no record"))
    for one in records:
        if one.code not in CODES:
            findings.append(_code_finding(name, one))
    return records, findings


def _rows(name: str, text: str, findings: list[Finding]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield the rows of a file with their numbers."""
    head = text.lstrip()[:1]
    if head == "[":
        try:
            listed = json.loads(text)
        except (ValueError, RecursionError):
            findings.append(_unreadable(name, 1, "is no JSON"))
            return
        for number, one in enumerate(listed, start=1):
            yield from _mapping(name, number, one, findings)
    elif head == "{":
        for number, line in enumerate(text.splitlines(), start=1):
            if line.strip():
                try:
                    one = json.loads(line)
                except (ValueError, RecursionError):
                    findings.append(_unreadable(name, number, "is no JSON"))
                    continue
                yield from _mapping(name, number, one, findings)
    else:
        yield from _csv_rows(name, text, findings)


def _mapping(
    name: str, number: int, one: Any, findings: list[Finding]
) -> Iterator[tuple[int, Mapping[str, Any]]]:
    if isinstance(one, Mapping):
        record = one.get("record")
        yield number, record if isinstance(record, Mapping) else one
    else:
        findings.append(_unreadable(name, number, "is no record with names"))


def _csv_rows(
    name: str, text: str, findings: list[Finding]
) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        reader = csv.reader(io.StringIO(text), strict=True)
        header = [cell.strip().lower() for cell in next(reader, [])]
        missing = [one for one in ("seq", "t", "code") if one not in header]
        if missing:
            findings.append(_unreadable(name, 1, f"has no column {', '.join(missing)}"))
            return
        for cells in reader:
            if any(cell.strip() for cell in cells):
                if len(cells) > len(header):
                    words = "has more cells than the header"
                    findings.append(_unreadable(name, reader.line_num, words))
                    continue
                yield reader.line_num, dict(zip(header, cells, strict=False))
    except csv.Error as error:
        findings.append(_unreadable(name, 1, f"is no CSV: {error}"))


def _record(given: Mapping[str, Any], row: int) -> LogRecord:
    seq = given.get("seq")
    if isinstance(seq, str) and seq.strip().lstrip("+").isdecimal():
        seq = int(seq)
    if type(seq) is not int or not 0 <= seq <= _MAX_SEQ:
        raise ValueError(f"has no sequence number: {seq!r}")
    told = given.get("t")
    if told is None or isinstance(told, bool | list | dict):
        raise ValueError("has no time")
    at, absolute = time_of(str(told))
    code = given.get("code", given.get("type"))
    if not isinstance(code, str) or not code.strip():
        raise ValueError("has no code")
    value = given.get("value", given.get("data"))
    match = _WITH_VALUE.fullmatch(code.strip())
    if match is not None:
        code, value = match[1], match[2] if value in (None, "") else value
    name = code.strip().upper().replace("-", "_").replace(" ", "_")
    return LogRecord(seq, at, absolute, name, _text(value), row)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ",".join(str(one) for one in value)
    if isinstance(value, dict):
        return ",".join(str(one) for one in value.values())
    return str(value).strip()


def _unreadable(name: str, row: int, words: str) -> Finding:
    return Finding(
        "SEAL-LOG-UNREADABLE",
        Severity.FORMAT,
        f"the record {words}",
        "Read the log out again; a record needs seq, t, code and, where there is one, value.",
        file=name,
        line=row,
        basis=BASIS,
    )


def _code_finding(name: str, one: LogRecord) -> Finding:
    return Finding(
        "SEAL-LOG-CODE",
        Severity.WARNING,
        f"{one.code[:40]!r} is no known event of a seal",
        "Map the vendor's code to one of: " + ", ".join(CODES) + ".",
        file=name,
        line=one.row,
        basis=BASIS,
    )
