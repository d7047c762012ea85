"""The result of the two-person rule as data, and as JSON written zone by zone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any, TextIO

import numpy as np
import polars as pl

from keiryo.protection.two_person import TwoPersonResult, ZoneResult
from keiryo.protection.two_person_findings import Finding
from keiryo.protection.two_person_rule import NS

SCHEMA = "keiryo.pp.two-person-result/1"
AT_ONCE = 100_000
"""Intervals that are made into text at a time."""


def two_person_result(found: TwoPersonResult) -> dict[str, Any]:
    """Return everything that was found, ready to be written as JSON."""
    return {
        "schema": SCHEMA,
        "classification": found.classification,
        "zones": [
            {**zone_summary(zone), "intervals": list(intervals(zone))} for zone in found.zones
        ],
        "findings": [_finding(one) for one in found.findings],
        "violations": found.violations,
        "warnings": [one.to_dict() for one in found.warnings],
    }


def write_json(found: TwoPersonResult, stream: TextIO) -> None:
    """Write the result, without ever holding the text of all intervals."""
    head = {"schema": SCHEMA, "classification": found.classification}
    stream.write(json.dumps(head)[:-1] + ', "zones": [')
    lines = _json_lines(found)
    for number, zone in enumerate(found.zones):
        stream.write(",\n" if number else "\n")
        stream.write(json.dumps(zone_summary(zone))[:-1] + ', "intervals": [')
        left, ending = len(zone.start_ns), "\n"
        while left:
            some = list(islice(lines, min(left, AT_ONCE)))
            stream.write(ending + ",\n".join(some))
            left, ending = left - len(some), ",\n"
        stream.write("]}")
    tail = {
        "findings": [_finding(one) for one in found.findings],
        "violations": found.violations,
        "warnings": [one.to_dict() for one in found.warnings],
    }
    stream.write("],\n" + json.dumps(tail, indent=1)[1:] + "\n")


def _json_lines(found: TwoPersonResult) -> Iterator[str]:
    """Yield each interval of each zone as JSON; zones are written together, by columns."""
    batch: list[_Part] = []
    size = 0
    for zone in found.zones:
        first = 0
        while first < len(zone.start_ns):
            after = min(len(zone.start_ns), first + AT_ONCE - size)
            batch.append((zone, first, after))
            size, first = size + after - first, after
            if size == AT_ONCE:
                yield from _lines_of(batch)
                batch, size = [], 0
    if batch:
        yield from _lines_of(batch)


_Part = tuple[ZoneResult, int, int]
"""A zone, and from which to before which of its intervals."""


def _lines_of(batch: list[_Part]) -> list[str]:
    def column(name: str) -> np.ndarray:
        return np.concatenate([getattr(zone, name)[a:b] for zone, a, b in batch])

    start, end, suspended = column("start_ns"), column("end_ns"), column("suspended_ns")
    frame = pl.DataFrame(
        {
            "start": _time_column(start),
            "end": _time_column(end),
            "duration_s": _second_column(end - start),
            "suspended_s": _second_column(suspended),
            "counted_s": _second_column(end - start - suspended),
            "persons": _person_column(batch),
            "reasons": pl.Series(column("too_few") + 2 * column("not_a_set").astype(np.int8)),
            "open": column("open"),
            "violation": column("violation"),
            "confidence": np.where(column("low_confidence"), "low", "normal"),
        }
    )
    reasons = pl.Series([["TOO_FEW"], ["NOT_A_SET"], ["TOO_FEW", "NOT_A_SET"]])
    told = frame.with_columns(reasons.gather(frame["reasons"] - 1).alias("reasons"))
    return told.write_ndjson().splitlines()


def _person_column(batch: list[_Part]) -> pl.Series:
    """Return who was inside, a list for each interval."""
    names: list[str] = []
    ranks, counts = [], []
    for zone, first, after in batch:
        inside = zone.persons
        ranks.append(inside.rank[int(inside.cuts[first]) : int(inside.cuts[after])] + len(names))
        counts.append(np.diff(inside.cuts[first : after + 1]))
        names += inside.names
    many = np.concatenate(counts)
    frame = pl.DataFrame(
        {
            "at": np.repeat(np.arange(len(many)), many),
            "name": pl.Series(names).gather(np.concatenate(ranks)),
        }
    )
    return frame.group_by("at", maintain_order=True).agg("name")["name"]


def _time_column(instants_ns: np.ndarray) -> pl.Series:
    if (instants_ns % NS).any():
        return pl.Series(times(instants_ns))
    return pl.Series(instants_ns).cast(pl.Datetime("ns")).dt.strftime("%Y-%m-%dT%H:%M:%SZ")


def _second_column(durations_ns: np.ndarray) -> pl.Series:
    if (durations_ns % NS).any():
        return pl.Series(
            [seconds(one) for one in durations_ns.tolist()], dtype=pl.Float64, strict=False
        )
    return pl.Series(durations_ns // NS)


def zone_summary(zone: ZoneResult) -> dict[str, Any]:
    """Return the figures of a zone without its intervals."""
    counted = zone.counted_ns
    return {
        "zone": zone.rule.zone,
        "min_persons": zone.rule.min_persons,
        "grace_s": _plain(float(zone.rule.grace_s)),
        "events": zone.events,
        "violations": int(zone.violation.sum()),
        "longest_counted_s": seconds(int(counted.max())) if len(counted) else 0,
        "total_counted_s": seconds(sum(counted.tolist())),
    }


def intervals(
    zone: ZoneResult, first: int = 0, after: int | None = None
) -> Iterator[dict[str, Any]]:
    """Yield the intervals of a zone, or some of them, as data."""
    after = len(zone.start_ns) if after is None else min(after, len(zone.start_ns))
    some = slice(first, after)
    start, end, suspended = zone.start_ns[some], zone.end_ns[some], zone.suspended_ns[some]
    columns = zip(
        times(start),
        times(end),
        (end - start).tolist(),
        suspended.tolist(),
        zone.too_few[some].tolist(),
        zone.not_a_set[some].tolist(),
        zone.open[some].tolist(),
        zone.violation[some].tolist(),
        zone.low_confidence[some].tolist(),
        zone.persons.lists(first, after),
        strict=True,
    )
    for begin, stop, lasted, held, few, no_set, is_open, violation, low, persons in columns:
        yield {
            "start": begin,
            "end": stop,
            "duration_s": seconds(lasted),
            "suspended_s": seconds(held),
            "counted_s": seconds(lasted - held),
            "persons": persons,
            "reasons": [*(["TOO_FEW"] if few else []), *(["NOT_A_SET"] if no_set else [])],
            "open": is_open,
            "violation": violation,
            "confidence": "low" if low else "normal",
        }


def seconds(duration_ns: int) -> int | float:
    """Return a duration in seconds; whole ones as whole numbers."""
    whole, rest = divmod(duration_ns, NS)
    return whole if not rest else duration_ns / NS


def _plain(value: float) -> int | float:
    return int(value) if value.is_integer() else value


def times(instants_ns: np.ndarray) -> list[str]:
    """Return instants as texts in UTC; parts of a second only where there are any."""
    whole = np.datetime_as_string(instants_ns.view("datetime64[ns]"), unit="s").tolist()
    parts = (instants_ns % NS).tolist()
    return [
        f"{text}Z" if not part else f"{text}.{part:09d}".rstrip("0") + "Z"
        for text, part in zip(whole, parts, strict=True)
    ]


def _finding(one: Finding) -> dict[str, Any]:
    return {
        "code": one.code,
        "severity": one.severity,
        "zone": one.zone,
        "person": one.person,
        "time": times(np.array([one.time_ns], dtype=np.int64))[0],
        "line": one.line,
        "message": one.message,
    }
