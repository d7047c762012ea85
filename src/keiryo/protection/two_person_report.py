"""The result of the two-person rule as data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from keiryo.protection.instants import NS
from keiryo.protection.two_person import TwoPersonResult, ZoneResult
from keiryo.protection.two_person_findings import Finding

SCHEMA = "keiryo.pp.two-person-result/1"


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
