"""The two-person rule, checked: when was a zone occupied and not sufficiently staffed.

Staffing is judged once after the last event of each instant. A zone is sufficiently staffed when
it is empty, or when the least number of distinct qualified persons can be chosen of whom no two
are of one group or a forbidden pair. An interval runs while it is not, whoever is inside; less
what is suspended, it is a violation if it is longer than the grace (strictly). Everything is
computed in whole nanoseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

import numpy as np

from keiryo.protection.access_log import AccessLog
from keiryo.protection.inputs import InputError, Problem, Warning
from keiryo.protection.instants import NS
from keiryo.protection.orders import stable_order
from keiryo.protection.two_person_clocks import Clocks, note_regressions
from keiryo.protection.two_person_findings import ERROR, Collected, Findings, Warnings
from keiryo.protection.two_person_moves import Inside, Moves, Roster, moves_of
from keiryo.protection.two_person_rule import TwoPersonRule, ZoneRule
from keiryo.protection.two_person_staffing import Groups, staffing

_ALWAYS = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class ZoneResult:
    """What was found in a zone; arrays have one value for each interval.

    Attributes
    ----------
    rule : ZoneRule
    events : int
    start_ns, end_ns, suspended_ns : ndarray of int64
    open, violation, low_confidence, too_few, not_a_set : ndarray of bool
    persons : Inside
        Everyone inside at any time of each interval.
    """

    rule: ZoneRule
    events: int
    start_ns: np.ndarray
    end_ns: np.ndarray
    suspended_ns: np.ndarray
    open: np.ndarray
    violation: np.ndarray
    low_confidence: np.ndarray
    too_few: np.ndarray
    not_a_set: np.ndarray
    persons: Inside

    @property
    def counted_ns(self) -> np.ndarray:
        """How long each interval counts."""
        counted: np.ndarray = self.end_ns - self.start_ns - self.suspended_ns
        return counted


@dataclass(frozen=True, slots=True)
class TwoPersonResult:
    """What was found in all zones that have a rule, in the order of the rules."""

    classification: str
    zones: list[ZoneResult]
    findings: Findings
    warnings: Warnings

    @property
    def violations(self) -> int:
        """How many intervals are violations."""
        return sum(int(zone.violation.sum()) for zone in self.zones)

    @property
    def is_clean(self) -> bool:
        """Whether there is neither a violation nor a finding of an error."""
        return not self.violations and not self.findings.has_errors


def check_two_persons(log: AccessLog, rule: TwoPersonRule) -> TwoPersonResult:
    """Check the two-person rule of each zone.

    Parameters
    ----------
    log : AccessLog
    rule : TwoPersonRule

    Raises
    ------
    InputError
        ``LOG_END`` if the log goes on after the end that the rule names.
    """
    if rule.log_end_ns is not None and log.last_ns is not None and rule.log_end_ns < log.last_ns:
        told = "The log has events after this end."
        raise InputError([Problem("LOG_END", "/log_end", told)])
    end = rule.log_end_ns if rule.log_end_ns is not None else log.last_ns
    places = stable_order(log.zone, len(log.zones))
    bounds = np.searchsorted(log.zone[places], np.arange(len(log.zones) + 1))
    by_name = {name: places[bounds[code] : bounds[code + 1]] for code, name in enumerate(log.zones)}
    roster, clocks = Roster(log, rule), Clocks(log, rule)
    groups = Groups(roster.names, rule)
    findings = Collected()
    zones = []
    for name, zone in rule.zones.items():
        events = by_name.get(name, np.empty(0, dtype=np.int64))
        moves = moves_of(log, zone, events, roster, findings)
        if not events.size:
            zones.append(_nothing(zone))
            continue
        assert end is not None
        zones.append(_zone(log, zone, events, end, roster, groups, clocks, moves, findings))
    note_regressions(
        log, np.array([name in rule.zones for name in log.zones], dtype=bool), findings
    )
    told = "There is no rule for this zone; its events were not evaluated."
    unknown = sorted(
        int(log.line[events].min())
        for name, events in by_name.items()
        if name not in rule.zones and events.size
    )
    last = [Warning("ZONE_WITHOUT_RULE", f"line {line}", told) for line in unknown]
    return TwoPersonResult(
        rule.classification,
        zones,
        findings.finished(roster.names, roster.rank),
        Warnings(list(log.warnings), log.again, last),
    )


def _zone(
    log: AccessLog,
    zone: ZoneRule,
    events: np.ndarray,
    end_ns: int,
    roster: Roster,
    groups: Groups,
    clocks: Clocks,
    moves: Moves,
    findings: Collected,
) -> ZoneResult:
    """Check one zone; `events` are the places of its records, in order of time."""
    state = staffing(log, zone, events, moves, roster, groups)
    begins, ends = state.begins(), state.ends()
    is_open = np.zeros(len(begins), dtype=bool)
    if len(ends) < len(begins):
        is_open[-1] = True
    start = state.time_ns[begins]
    stop = np.full(len(begins), end_ns, dtype=np.int64)
    stop[: len(ends)] = state.time_ns[ends]
    suspended, touched = _suspended(zone, start, stop)
    counted = stop - start - suspended
    result = ZoneResult(
        *(zone, len(events), start, stop, suspended, is_open),
        *(counted > floor(zone.grace_s * NS),),
        clocks.low_confidence(zone, log.reader[events], state.last, begins, ends, counted),
        *(_any_in(state.too_few, begins, ends), _any_in(state.not_a_set, begins, ends)),
        persons=moves.persons_in(roster, begins, ends),
    )
    lines = log.line[events[state.last[begins]]]
    for places, review in touched:
        told = f"The interval was touched by a suspension; its review is {review}."
        kind = ("REVIEW_REQUIRED", ERROR, told)
        findings.add(kind, zone.zone, start[places], lines[places])
    told = "The interval was not over at the end of the log; it is measured to that end."
    findings.add(("OPEN_INTERVAL", ERROR, told), zone.zone, start[is_open], lines[is_open])
    return result


def _nothing(zone: ZoneRule) -> ZoneResult:
    none, never = np.empty(0, dtype=np.int64), np.empty(0, dtype=bool)
    return ZoneResult(
        zone,
        0,
        none,
        none,
        none,
        never,
        never,
        never,
        never,
        never,
        Inside([], none, np.zeros(1, dtype=np.int64)),
    )


def _any_in(flags: np.ndarray, begins: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return whether a flag is set at any instant of each interval."""
    stops = np.full(len(begins), len(flags))
    stops[: len(ends)] = ends
    total = np.r_[0, np.cumsum(flags)]
    return np.asarray(total[stops] > total[begins])


def _suspended(
    zone: ZoneRule, start: np.ndarray, stop: np.ndarray
) -> tuple[np.ndarray, list[tuple[np.ndarray, str]]]:
    """Return how long each interval is suspended, and which suspension touches which."""
    suspended = np.zeros(len(start), dtype=np.int64)
    touched: list[tuple[np.ndarray, str]] = []
    until = -_ALWAYS
    for window in zone.suspensions:  # by start; what overlaps counts once
        touches = (start < window.end_ns) & (np.maximum(stop, start + 1) > window.start_ns)
        touched.append((np.flatnonzero(touches), window.review_ref))
        first = max(window.start_ns, until)
        if first < window.end_ns:
            inside = np.minimum(stop, window.end_ns) - np.maximum(start, first)
            suspended += np.maximum(inside, 0)
            until = window.end_ns
    return suspended, touched
