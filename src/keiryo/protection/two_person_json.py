"""The result of the two-person rule written as JSON, by columns: it may have millions of intervals.

An interval or a finding is a line. Its text is put together from tables of texts: days, times of
day, names, and what all lines of one kind have in common.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from typing import Any, TextIO

import numpy as np
import polars as pl

from keiryo.protection.instants import NS
from keiryo.protection.two_person import TwoPersonResult, ZoneResult
from keiryo.protection.two_person_findings import NOBODY, Findings, Warnings
from keiryo.protection.two_person_report import SCHEMA, zone_summary

AT_ONCE = 100_000
"""Lines that are made at a time."""
_DAY_S = 86_400
_CLOCK = pl.Series(
    [f"T{s // 3_600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in range(_DAY_S)], dtype=pl.String
)
_Part = tuple[ZoneResult, int, int]
"""A zone, and from which to before which of its intervals."""


def write_json(found: TwoPersonResult, stream: TextIO) -> None:
    """Write the result, without ever holding the text of all intervals."""
    head = {"schema": SCHEMA, "classification": found.classification}
    stream.write(json.dumps(head)[:-1] + ', "zones": [')
    texts = _zone_lines(found)
    for number, zone in enumerate(found.zones):
        stream.write(",\n" if number else "\n")
        stream.write(json.dumps(zone_summary(zone))[:-1] + ', "intervals": [')
        _write_lines(stream, texts, len(zone.start_ns))
        stream.write("]}")
    stream.write('],\n"findings": [')
    _write_lines(stream, _finding_lines(found.findings), len(found.findings))
    stream.write(f'],\n"violations": {found.violations},\n"warnings": [')
    _write_lines(stream, _warning_lines(found.warnings), len(found.warnings))
    stream.write("]}\n")


def _write_lines(stream: TextIO, texts: Iterator[pl.Series], left: int) -> None:
    """Write so many lines; `texts` has them in pieces that end where a list ends."""
    before = "\n"
    while left > 0:
        some = next(texts)
        stream.write(before)
        stream.write(some.str.join(",\n").item())
        left, before = left - len(some), ",\n"


def _zone_lines(found: TwoPersonResult) -> Iterator[pl.Series]:
    """Yield the intervals of each zone; the text of several zones is made together."""
    names = next((zone.persons.names for zone in found.zones if len(zone.start_ns)), [])
    quoted = _quoted(names)  # all zones share one list of names
    batch: list[_Part] = []
    size = 0
    for zone in found.zones:
        first = 0
        while first < len(zone.start_ns):
            after = min(len(zone.start_ns), first + AT_ONCE - size)
            batch.append((zone, first, after))
            size, first = size + after - first, after
            if size == AT_ONCE:
                yield from _cut(batch, quoted)
                batch, size = [], 0
    if batch:
        yield from _cut(batch, quoted)


def _cut(batch: list[_Part], quoted: pl.Series) -> Iterator[pl.Series]:
    lines, at = _interval_lines(batch, quoted), 0
    for _, first, after in batch:
        yield lines[at : at + after - first]
        at += after - first


def _interval_lines(batch: list[_Part], quoted: pl.Series) -> pl.Series:
    def column(name: str) -> np.ndarray:
        return np.concatenate([getattr(zone, name)[a:b] for zone, a, b in batch])

    start, end, suspended = column("start_ns"), column("end_ns"), column("suspended_ns")
    kind = np.zeros(len(start), dtype=np.int8)
    for name in _FLAGS:
        kind = kind * 2 + column(name)
    parts: list[Any] = ['{"start": "', *_instants(start), '", "end": "', *_instants(end)]
    parts += ['", "duration_s": ', _seconds(end - start)]
    parts += [', "suspended_s": ', _seconds(suspended)]
    parts += [', "counted_s": ', _seconds(end - start - suspended)]
    parts += [', "persons": [', _persons(batch, quoted), _TAILS.gather(kind)]
    return _joined(parts)


_FLAGS = ("too_few", "not_a_set", "open", "violation", "low_confidence")


def _tail(few: bool, no_set: bool, is_open: bool, violation: bool, low: bool) -> str:
    """Return the end of the line of an interval."""
    rest = {
        "reasons": [*(["TOO_FEW"] if few else []), *(["NOT_A_SET"] if no_set else [])],
        "open": is_open,
        "violation": violation,
        "confidence": "low" if low else "normal",
    }
    return "], " + json.dumps(rest)[1:]


_TAILS = pl.Series([_tail(*flags) for flags in product((False, True), repeat=len(_FLAGS))])


def _persons(batch: list[_Part], quoted: pl.Series) -> pl.Series:
    """Return who was inside, the names of each interval with commas between them."""
    cuts = [zone.persons.cuts[first : after + 1] for zone, first, after in batch]
    many = np.concatenate([np.diff(some) for some in cuts])
    ranks = np.concatenate(
        [
            zone.persons.rank[some[0] : some[-1]]
            for (zone, _, _), some in zip(batch, cuts, strict=True)
        ]
    )
    begins = np.cumsum(many) - many
    several = np.flatnonzero(many > 1)
    place = ranks[begins]
    if not several.size:
        return quoted.gather(place)
    place[several] = len(quoted) + np.arange(len(several))
    ends = np.zeros(len(ranks), dtype=np.int8)
    ends[begins + many - 1] = 1
    some = np.repeat(many > 1, many)
    joined = pl.DataFrame(
        {"name": quoted.gather(ranks[some]), "end": pl.Series([", ", "\n"]).gather(ends[some])}
    ).select(pl.concat_str("name", "end").str.join(""))
    lists = joined.to_series().str.split("\n").explode()  # no name has a line end in it
    return pl.concat([quoted, lists[:-1]]).gather(place)


def _finding_lines(findings: Findings) -> Iterator[pl.Series]:
    heads, tails = [], []
    for code, severity, message in findings.kinds:
        heads.append(json.dumps({"code": code, "severity": severity})[:-1] + ', "zone": ')
        tails.append(', "message": ' + json.dumps(message) + "}")
    head, tail = pl.Series(heads, dtype=pl.String), pl.Series(tails, dtype=pl.String)
    zones, persons = _quoted(findings.zones), _quoted([*findings.persons, None])
    for first in range(0, len(findings), AT_ONCE):
        part = slice(first, first + AT_ONCE)
        kind, person, line = findings.kind[part], findings.person[part], findings.line[part]
        who = np.where(person == NOBODY, len(persons) - 1, person)
        number = pl.Series(line).cast(pl.String)
        parts: list[Any] = [head.gather(kind), zones.gather(findings.zone[part])]
        parts += [', "person": ', persons.gather(who)]
        parts += [', "time": "', *_instants(findings.time_ns[part]), '", "line": ']
        parts += [number.set(pl.Series(line == 0), "null"), tail.gather(kind)]
        yield _joined(parts)


def _warning_lines(warnings: Warnings) -> Iterator[pl.Series]:
    if warnings.first:
        yield _quoted([one.to_dict() for one in warnings.first])
    for first in range(0, len(warnings.again), AT_ONCE):
        some = Warnings([], warnings.again[first : first + AT_ONCE], [])
        yield _quoted([one.to_dict() for one in some])
    if warnings.last:
        yield _quoted([one.to_dict() for one in warnings.last])


def _quoted(values: list[Any]) -> pl.Series:
    """Return values as JSON."""
    return pl.Series([json.dumps(one) for one in values], dtype=pl.String)


def _joined(parts: list[Any]) -> pl.Series:
    """Return columns and constant texts, put together row by row."""
    columns = {f"c{at}": part for at, part in enumerate(parts) if not isinstance(part, str)}
    wanted = [
        pl.lit(part) if isinstance(part, str) else pl.col(f"c{at}") for at, part in enumerate(parts)
    ]
    return pl.DataFrame(columns).select(text=pl.concat_str(wanted))["text"]


def _instants(instants_ns: np.ndarray) -> list[pl.Series]:
    """Return the parts of instants in UTC; parts of a second only where there are any."""
    whole = instants_ns // NS
    day = whole // _DAY_S
    low = int(day.min())
    days = np.arange(low, int(day.max()) + 1).astype("datetime64[D]")
    texts = pl.Series(np.datetime_as_string(days).tolist())
    zulu = _fraction(instants_ns - whole * NS) + "Z"
    return [texts.gather(day - low), _CLOCK.gather(whole - day * _DAY_S), zulu]


def _seconds(durations_ns: np.ndarray) -> pl.Series:
    """Return durations in seconds; whole ones as whole numbers."""
    whole = durations_ns // NS
    rest = durations_ns - whole * NS
    text = pl.Series(whole).cast(pl.String)
    return text + _fraction(rest) if rest.any() else text


def _fraction(rest_ns: np.ndarray) -> pl.Series:
    """Return what stands behind the seconds: nothing, or a point and digits."""
    if not rest_ns.any():
        return pl.repeat("", len(rest_ns), dtype=pl.String, eager=True)
    digits = pl.Series(rest_ns + NS).cast(pl.String).str.slice(1).str.strip_chars_end("0")
    return ("." + digits).set(pl.Series(rest_ns == 0), "")
