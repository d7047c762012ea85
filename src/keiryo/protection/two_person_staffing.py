"""How a zone is staffed after the last event of each instant.

Who counts is a sum: qualified persons without any tie, groups of which somebody is inside, and,
where forbidden pairs tie persons together, the largest set that can be chosen of them. Only the
last needs a search; it is done once for each set of such persons that ever is inside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from keiryo.protection.access_log import AccessLog
from keiryo.protection.two_person_rule import TwoPersonRule, ZoneRule
from keiryo.protection.two_person_sets import can_choose

_NOBODY = -1


@dataclass(frozen=True, slots=True)
class Staffing:
    """The staffing of a zone at each instant at which something happened.

    Attributes
    ----------
    time_ns : ndarray of int64
    last : ndarray of int64
        The last event of the instant, as a place among the events of the zone.
    wrong : ndarray of bool
        Occupied and not sufficiently staffed.
    too_few, not_a_set : ndarray of bool
        Why.
    """

    time_ns: np.ndarray
    last: np.ndarray
    wrong: np.ndarray
    too_few: np.ndarray
    not_a_set: np.ndarray


def staffing(
    log: AccessLog,
    rule: TwoPersonRule,
    zone: ZoneRule,
    events: np.ndarray,
    change: np.ndarray,
    initial: list[str],
) -> Staffing:
    """Return how a zone is staffed.

    Parameters
    ----------
    log, rule, zone
    events : ndarray
        Places of the records of the zone, in order; not empty.
    change : ndarray of int8
        What each does to the number of persons inside.
    initial : list of str
        Who was inside before.
    """
    time = log.time_ns[events]
    last = np.flatnonzero(np.r_[time[1:] != time[:-1], True])
    person = log.person[events]
    count = len(initial) + np.cumsum(change, dtype=np.int64)[last]
    units = _Units(rule, zone, log.persons, initial)
    free = units.kind[person] == _Units.FREE
    chosen = units.free_initial + np.cumsum(np.where(free, change, 0), dtype=np.int64)
    chosen = chosen + _groups_inside(person, change, units)
    chosen = chosen[last]
    if units.tied:
        chosen = chosen + _tied_inside(person, change, units, last, zone.min_persons)
    too_few = (count > 0) & (count < zone.min_persons)
    wrong = (count > 0) & (chosen < zone.min_persons)
    not_a_set = wrong & (count >= zone.min_persons)
    return Staffing(time[last], last, wrong, too_few, not_a_set)


class _Units:
    """What each person counts as: nothing, one, one of a group, or somebody who is tied."""

    NONE, FREE, GROUPED, TIED = range(4)

    def __init__(
        self, rule: TwoPersonRule, zone: ZoneRule, persons: list[str], initial: list[str]
    ) -> None:
        if not rule.groups and not zone.forbidden_pairs and zone.authorised is None:
            self.kind = np.full(len(persons), self.FREE, dtype=np.int8)
            self.group = np.full(len(persons), _NOBODY, dtype=np.int32)
            self.initial, self.free_initial, self.group_count = [], len(initial), 0
            self.tied: dict[int, frozenset[int]] = {}
            return
        every = [*persons, *(one for one in initial if one not in set(persons))]
        code = {name: place for place, name in enumerate(every)}
        paired = {one for pair in zone.forbidden_pairs for one in pair}
        tied_groups = {rule.groups[one] for one in paired if one in rule.groups}
        groups = {name: place for place, name in enumerate(sorted(set(rule.groups.values())))}
        kinds, members = [], []
        for name in every:
            group = rule.groups.get(name)
            members.append(_NOBODY if group is None else groups[group])
            if not zone.qualifies(name):
                kinds.append(self.NONE)
            elif name in paired or group in tied_groups:
                kinds.append(self.TIED)
            else:
                kinds.append(self.FREE if group is None else self.GROUPED)
        self.kind = np.array(kinds, dtype=np.int8)
        self.group = np.array(members, dtype=np.int32)
        self.initial = [code[one] for one in initial]
        self.free_initial = sum(self.kind[one] == self.FREE for one in self.initial)
        self.group_count = len(groups)
        self.tied = self._exclusions(rule, zone, code)

    def _exclusions(
        self, rule: TwoPersonRule, zone: ZoneRule, code: Mapping[str, int]
    ) -> dict[int, frozenset[int]]:
        tied = [(name, place) for name, place in code.items() if self.kind[place] == self.TIED]
        found: dict[int, set[int]] = {place: set() for _, place in tied}
        by_group: dict[str, set[int]] = {}
        for name, place in tied:
            if name in rule.groups:
                by_group.setdefault(rule.groups[name], set()).add(place)
        for members in by_group.values():
            for place in members:
                found[place] |= members - {place}
        for pair in zone.forbidden_pairs:
            one, other = (code.get(name) for name in pair)
            if one in found and other in found and one is not None and other is not None:
                found[one].add(other)
                found[other].add(one)
        return {place: frozenset(others) for place, others in found.items()}


def _groups_inside(person: np.ndarray, change: np.ndarray, units: _Units) -> np.ndarray:
    """Return of how many groups somebody is inside, after each event."""
    grouped = np.flatnonzero(units.kind[person] == _Units.GROUPED)
    before = np.zeros(units.group_count, dtype=np.int64)
    for one in units.initial:
        if units.kind[one] == _Units.GROUPED:
            before[units.group[one]] += 1
    steps = np.zeros(len(person), dtype=np.int64)
    if grouped.size:
        group = units.group[person[grouped]]
        by_group = np.argsort(group, kind="stable")
        places, group = grouped[by_group], group[by_group]
        moved = change[places].astype(np.int64)
        first = np.r_[True, group[1:] != group[:-1]]
        total = np.cumsum(moved)
        offset = np.where(first, total - moved, 0)
        offset = offset[np.maximum.accumulate(np.where(first, np.arange(len(first)), 0))]
        inside = before[group] + total - offset
        steps[places] = (inside > 0).astype(np.int64) - ((inside - moved) > 0)
    return int((before > 0).sum()) + np.cumsum(steps)


def _tied_inside(
    person: np.ndarray, change: np.ndarray, units: _Units, last: np.ndarray, least: int
) -> np.ndarray:
    """Return how many of those who are tied can be chosen, at each instant; `least` at most."""
    known: dict[frozenset[int], int] = {}

    def chosen(inside: frozenset[int]) -> int:
        if inside not in known:
            size = 0
            while size < least and can_choose(inside, units.tied, size + 1):
                size += 1
            known[inside] = size
        return known[inside]

    inside = frozenset(one for one in units.initial if one in units.tied)
    moving = np.flatnonzero((units.kind[person] == _Units.TIED) & (change != 0))
    instants = np.searchsorted(last, moving)
    values = np.full(len(last) + 1, 0, dtype=np.int64)
    steps: list[tuple[int, frozenset[int]]] = [(0, inside)]
    current = set(inside)
    for place, instant in zip(moving.tolist(), instants.tolist(), strict=True):
        one = int(person[place])
        (current.add if change[place] > 0 else current.discard)(one)
        if steps[-1][0] == instant and len(steps) > 1:
            steps.pop()
        steps.append((instant, frozenset(current)))
    for at, (instant, group) in enumerate(steps):
        until = steps[at + 1][0] if at + 1 < len(steps) else len(last)
        values[instant:until] = chosen(group)
    return values[: len(last)]
