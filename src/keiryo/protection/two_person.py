"""The two-person rule, checked: when was a zone occupied and not sufficiently staffed.

Staffing is judged once after the last event of each instant. A zone is sufficiently staffed when
it is empty, or when the least number of distinct qualified persons can be chosen of whom no two
are of one group or a forbidden pair. An interval runs while it is not, whoever is inside; less
what is suspended, it is a violation if it is longer than the grace (strictly). Everything is
computed in whole nanoseconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor

import numpy as np

from keiryo.protection.access_log import AccessLog
from keiryo.protection.inputs import InputError, Problem, Warning
from keiryo.protection.two_person_rule import NS, TwoPersonRule, ZoneRule
from keiryo.protection.two_person_staffing import Staffing, staffing

_ALWAYS = np.iinfo(np.int64).max
_NO_READER, _SEVERAL = -1, -2
"""What stands for the end of the log, and for several readers of one instant."""
ERROR, WARNING = "E", "W"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to look at besides the intervals."""

    code: str
    severity: str
    zone: str
    person: str | None
    time_ns: int
    line: int | None
    message: str


@dataclass(frozen=True, slots=True)
class Inside:
    """Who was inside at any time of each interval, sorted by name.

    Attributes
    ----------
    names : list of str
    rank : ndarray of int64
        Places in `names`, interval by interval.
    cuts : ndarray of int64
        Where the persons of each interval begin; one more than there are intervals.
    """

    names: list[str]
    rank: np.ndarray
    cuts: np.ndarray

    def lists(self, first: int, after: int) -> list[list[str]]:
        """Return the names for intervals from `first` to before `after`."""
        begin = int(self.cuts[first])
        names = [self.names[one] for one in self.rank[begin : self.cuts[after]].tolist()]
        cuts = (self.cuts[first : after + 1] - begin).tolist()
        return [names[cuts[at] : cuts[at + 1]] for at in range(after - first)]


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
    findings: list[Finding]
    warnings: list[Warning]

    @property
    def violations(self) -> int:
        """How many intervals are violations."""
        return sum(int(zone.violation.sum()) for zone in self.zones)

    @property
    def is_clean(self) -> bool:
        """Whether there is neither a violation nor a finding of an error."""
        return not self.violations and all(one.severity != ERROR for one in self.findings)


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
    findings: list[Finding] = []
    zones = []
    for name, zone_rule in rule.zones.items():
        events = by_name.get(name, np.empty(0, dtype=np.int64))
        zones.append(_zone(log, rule, zone_rule, events, end, findings))
    known = np.array([name in rule.zones for name in log.zones], dtype=bool)
    findings += _regressions(log, known)
    findings.sort(key=lambda one: (one.time_ns, one.line or 0, one.code, one.person or ""))
    warnings = [*log.warnings]
    for name, events in by_name.items():
        if name not in rule.zones and events.size:
            told = "There is no rule for this zone; its events were not evaluated."
            line = int(log.line[events].min())
            warnings.append(Warning("ZONE_WITHOUT_RULE", f"line {line}", told))
    return TwoPersonResult(rule.classification, zones, findings, warnings)


def _zone(
    log: AccessLog,
    rule: TwoPersonRule,
    zone: ZoneRule,
    events: np.ndarray,
    end_ns: int | None,
    findings: list[Finding],
) -> ZoneResult:
    """Check one zone; `events` are the places of its records, in order of time."""
    moves = moves_of(log, zone, events)
    findings += moves.findings
    if not events.size:
        return _nothing(zone)
    assert end_ns is not None
    state = staffing(log, rule, zone, events, moves.change, moves.initial)
    wrong = state.wrong
    begins = np.flatnonzero(wrong & ~np.r_[False, wrong[:-1]])
    ends = np.flatnonzero(~wrong & np.r_[False, wrong[:-1]])
    is_open = np.zeros(len(begins), dtype=bool)
    if len(ends) < len(begins):
        is_open[-1] = True
    start = state.time_ns[begins]
    stop = np.full(len(begins), end_ns, dtype=np.int64)
    stop[: len(ends)] = state.time_ns[ends]
    suspended, touched = _suspended(zone, start, stop)
    counted = stop - start - suspended
    low = _low_confidence(log, rule, zone, events, state, begins, ends, counted)
    result = ZoneResult(
        *(zone, len(events), start, stop, suspended, is_open),
        *(counted > floor(zone.grace_s * NS), low),
        *(_any_in(state.too_few, begins, ends), _any_in(state.not_a_set, begins, ends)),
        persons=moves.persons_in(start, stop + is_open),  # who is there at the end of the log, is
    )
    lines = log.line[events[state.last[begins]]] if len(begins) else begins
    for at, review in touched:
        told = f"The interval was touched by a suspension; its review is {review}."
        place = (zone.zone, None, int(start[at]), int(lines[at]))
        findings.append(Finding("REVIEW_REQUIRED", ERROR, *place, told))
    if len(begins) and is_open[-1]:
        told = "The interval was not over at the end of the log; it is measured to that end."
        place = (zone.zone, None, int(start[-1]), int(lines[-1]))
        findings.append(Finding("OPEN_INTERVAL", ERROR, *place, told))
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
) -> tuple[np.ndarray, list[tuple[int, str]]]:
    """Return how long each interval is suspended, and which suspension touches which."""
    suspended = np.zeros(len(start), dtype=np.int64)
    touched: list[tuple[int, str]] = []
    until = -_ALWAYS
    for window in zone.suspensions:  # by start; what overlaps counts once
        touches = (start < window.end_ns) & (np.maximum(stop, start + 1) > window.start_ns)
        touched += [(int(at), window.review_ref) for at in np.flatnonzero(touches)]
        first = max(window.start_ns, until)
        if first < window.end_ns:
            inside = np.minimum(stop, window.end_ns) - np.maximum(start, first)
            suspended += np.maximum(inside, 0)
            until = window.end_ns
    return suspended, touched


# --- who is inside -------------------------------------------------------------------------------


@dataclass(slots=True)
class Moves:
    """What the events of a zone do: who comes in, who goes out, who is there twice or never was.

    Attributes
    ----------
    change : ndarray of int8
        For each event: 1 in, -1 out, 0 nothing.
    initial : list of str
    findings : list of Finding
    """

    change: np.ndarray
    initial: list[str]
    findings: list[Finding] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    span_person: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    span_start: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    span_end: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def persons_in(self, start: np.ndarray, stop: np.ndarray) -> Inside:
        """Return who was inside at any time of intervals that follow each other."""
        first = np.searchsorted(stop, self.span_start, side="right")
        after = np.searchsorted(start, self.span_end, side="left")
        many = np.maximum(after - first, 0)
        rank = np.repeat(self.span_person, many)
        offset = np.arange(len(rank)) - np.repeat(np.cumsum(many) - many, many)
        interval = np.repeat(first, many) + offset
        key = np.sort(interval * np.int64(len(self.names) + 1) + rank)
        key = key[np.r_[True, key[1:] != key[:-1]]] if len(key) else key
        interval, rank = key // (len(self.names) + 1), key % (len(self.names) + 1)
        return Inside(self.names, rank, np.searchsorted(interval, np.arange(len(start) + 1)))


def moves_of(log: AccessLog, zone: ZoneRule, events: np.ndarray) -> Moves:
    """Return what the events of a zone do, each person by themselves."""
    person, entering, time = log.person[events], log.entering[events], log.time_ns[events]
    by_person = stable_order(person, len(log.persons))
    owner, came = person[by_person], entering[by_person]
    first = np.r_[True, owner[1:] != owner[:-1]] if len(owner) else np.empty(0, dtype=bool)
    before = np.r_[False, came[:-1]] if len(came) else np.empty(0, dtype=bool)
    at_first = list(_codes(log, zone.initial).values())
    inside_at_first = np.isin(owner, at_first) if at_first else False
    before = np.where(first, inside_at_first, before)
    change = np.zeros(len(events), dtype=np.int8)
    change[by_person] = np.where(came == before, 0, np.where(came, 1, -1))
    moves = Moves(change, list(zone.initial))
    for at in np.flatnonzero(change == 0).tolist():
        twice = bool(entering[at])
        code = "ENTRY_TWICE" if twice else "EXIT_WITHOUT_ENTRY"
        told = (
            "Came in while inside already; the exit before may be missing."
            if twice
            else "Went out without having come in; the entry may be missing."
        )
        who, line = log.persons[int(person[at])], int(log.line[events[at]])
        moves.findings.append(Finding(code, WARNING, zone.zone, who, int(time[at]), line, told))
    _spans(log, zone, events, moves)
    return moves


def _codes(log: AccessLog, names: tuple[str, ...]) -> dict[str, int]:
    """Return the places of some persons among those of the log."""
    if not names:
        return {}
    return {name: code for code, name in enumerate(log.persons) if name in names}


def _spans(log: AccessLog, zone: ZoneRule, events: np.ndarray, moves: Moves) -> None:
    """Work out from when to when each person was inside, and who still is."""
    real = np.flatnonzero(moves.change)
    person, time = log.person[events][real], log.time_ns[events][real]
    line, came = log.line[events][real], moves.change[real] > 0
    codes = _codes(log, zone.initial)
    strangers = [one for one in zone.initial if one not in codes]
    codes |= {name: len(log.persons) + at for at, name in enumerate(strangers)}
    began = np.array([codes[one] for one in zone.initial], dtype=np.int64)
    owner = np.r_[began, person.astype(np.int64)]
    at = np.r_[np.full(len(began), -_ALWAYS), time]
    enters = np.r_[np.ones(len(began), dtype=bool), came]
    lines = np.r_[np.zeros(len(began), dtype=np.int64), line]
    order = stable_order(owner, len(log.persons) + len(strangers))
    owner, at, enters, lines = owner[order], at[order], enters[order], lines[order]
    starts = np.flatnonzero(enters)
    followed = np.zeros(len(starts), dtype=bool)
    after = starts + 1
    there = after < len(owner)
    followed[there] = owner[after[there]] == owner[starts[there]]
    ends = np.full(len(starts), _ALWAYS)
    ends[followed] = at[after[followed]]
    every = [*log.persons, *strangers]
    for place in starts[~followed].tolist():
        told = "Still inside at the end of the log."
        number = int(lines[place]) or None
        when = int(at[place]) if number else int(log.time_ns[events[0]]) if events.size else 0
        name = every[int(owner[place])]
        moves.findings.append(
            Finding("OPEN_OCCUPANCY", WARNING, zone.zone, name, when, number, told)
        )
    lasting = ends > at[starts]
    present = owner[np.r_[True, owner[1:] != owner[:-1]]] if len(owner) else owner
    ordered = sorted(present.tolist(), key=lambda code: every[code])
    rank = {code: place for place, code in enumerate(ordered)}
    ranks = np.array([rank[code] for code in present.tolist()], dtype=np.int64)
    moves.names = [every[code] for code in ordered]
    if present.size:
        moves.span_person = ranks[np.searchsorted(present, owner[starts[lasting]])]
    moves.span_start, moves.span_end = at[starts[lasting]], ends[lasting]


def stable_order(codes: np.ndarray, size: int) -> np.ndarray:
    """Return the order of codes below `size`, equal ones as they stand; small ones go faster."""
    if size < np.iinfo(np.int16).max:
        codes = codes.astype(np.int16)
    return np.argsort(codes, kind="stable")


# --- clocks --------------------------------------------------------------------------------------


def _low_confidence(
    log: AccessLog,
    rule: TwoPersonRule,
    zone: ZoneRule,
    events: np.ndarray,
    state: Staffing,
    begins: np.ndarray,
    ends: np.ndarray,
    counted: np.ndarray,
) -> np.ndarray:
    """Return which intervals may be longer or shorter than the grace for all that is known."""
    readers = log.reader[events].astype(np.int64)
    first = np.r_[0, state.last[:-1] + 1]
    alone = first == state.last
    here = np.where(alone[begins], readers[state.last[begins]], _SEVERAL)
    there = np.full(len(begins), _NO_READER, dtype=np.int64)
    there[: len(ends)] = np.where(alone[ends], readers[state.last[ends]], _SEVERAL)
    low = np.zeros(len(begins), dtype=bool)
    pairs, which = np.unique(np.stack([here, there]), axis=1, return_inverse=True)
    for number, (one, other) in enumerate(pairs.T.tolist()):
        places = np.flatnonzero(which.reshape(-1) == number) if len(pairs.T) > 1 else slice(None)
        if _SEVERAL in (one, other):
            continue
        ending: frozenset[int] = frozenset() if other == _NO_READER else frozenset([other])
        limit = _limits(log, rule, zone, frozenset([one]), ending)
        low[places] = (
            True if limit is None else (limit[0] <= counted[places]) & (counted[places] <= limit[1])
        )
    for place in np.flatnonzero((here == _SEVERAL) | (there == _SEVERAL)).tolist():
        begun = _readers(readers, first, state, int(begins[place]))
        over = _readers(readers, first, state, int(ends[place])) if place < len(ends) else ()
        limit = _limits(log, rule, zone, begun, frozenset(over))
        low[place] = limit is None or limit[0] <= counted[place] <= limit[1]
    return low


def _readers(
    readers: np.ndarray, first: np.ndarray, state: Staffing, instant: int
) -> frozenset[int]:
    """Return the readers that told of an instant."""
    return frozenset(readers[int(first[instant]) : int(state.last[instant]) + 1].tolist())


def _limits(
    log: AccessLog,
    rule: TwoPersonRule,
    zone: ZoneRule,
    here: frozenset[int],
    there: frozenset[int],
) -> tuple[int, int] | None:
    """Return between which times in nanoseconds clocks decide; None: a clock is unknown.

    The end of the log is read from no reader's clock.
    """
    bounds = []
    for readers in (here, there):
        known = [rule.max_offset_s.get(log.readers[one]) for one in readers]
        if None in known:
            return None
        bounds.append(max((one for one in known if one is not None), default=Fraction(0)))
    same = len(here) == 1 and here == there
    both = Fraction(0) if same else sum(bounds, Fraction(0))
    return ceil((zone.grace_s - both) * NS), floor((zone.grace_s + both) * NS)


def _regressions(log: AccessLog, known: np.ndarray) -> Iterator[Finding]:
    """Yield where the clock of a reader ran back: a higher number with an earlier time."""
    events = np.flatnonzero(known[log.zone]) if len(log.zone) else np.empty(0, dtype=np.int64)
    by_reader = events[stable_order(log.reader[events], len(log.readers))]
    reader, seq = log.reader[by_reader], log.seq[by_reader]
    same = reader[1:] == reader[:-1]
    back = same & (seq[1:] < seq[:-1])
    if not back.any():
        return
    suspects = np.isin(reader, np.unique(reader[1:][back]))
    places = by_reader[suspects]
    places = places[np.lexsort((log.time_ns[places], log.seq[places], log.reader[places]))]
    reader, seq, time = log.reader[places], log.seq[places], log.time_ns[places]
    same = (reader[1:] == reader[:-1]) & (seq[1:] > seq[:-1]) & (time[1:] < time[:-1])
    for at in (np.flatnonzero(same) + 1).tolist():
        event = int(places[at])
        told = "The clock of the reader ran back: a higher number has an earlier time."
        yield Finding(
            *("CLOCK_REGRESSION", ERROR, log.zones[int(log.zone[event])]),
            *(log.persons[int(log.person[event])], int(log.time_ns[event])),
            *(int(log.line[event]), told),
        )
