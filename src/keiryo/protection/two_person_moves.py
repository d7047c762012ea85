"""Who comes into a zone and who goes out of it, and who was inside at any time of an interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keiryo.protection.access_log import AccessLog
from keiryo.protection.orders import stable_order
from keiryo.protection.two_person_findings import WARNING, Collected
from keiryo.protection.two_person_rule import TwoPersonRule, ZoneRule

_BEFORE = -1
"""The instant before the first event."""


class Roster:
    """Everybody who is named by a log, or inside before it begins.

    Attributes
    ----------
    names : list of str
        In the order of the log.
    code : dict of str to int
        The place of each in `names`.
    ordered : list of str
        By name.
    rank : ndarray of int64
        The place in `ordered` of each of `names`.
    """

    def __init__(self, log: AccessLog, rule: TwoPersonRule) -> None:
        code = {name: place for place, name in enumerate(log.persons)}
        for zone in rule.zones.values():
            for name in zone.initial:
                code.setdefault(name, len(code))
        self.code = code
        self.names = list(code)
        self.ordered = sorted(self.names)
        self.rank = np.empty(len(code), dtype=np.int64)
        self.rank[[code[name] for name in self.ordered]] = np.arange(len(code))


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
class Moves:
    """What the events of a zone do.

    Attributes
    ----------
    change : ndarray of int8
        For each event: 1 in, -1 out, 0 nothing.
    instant : ndarray of int64
        For each event: the number of its instant; events of one time are one instant.
    span_person, span_start, span_end : ndarray of int64
        Who was inside from after which instant to after which one.
    """

    change: np.ndarray
    instant: np.ndarray
    span_person: np.ndarray
    span_start: np.ndarray
    span_end: np.ndarray

    def persons_in(self, roster: Roster, begins: np.ndarray, ends: np.ndarray) -> Inside:
        """Return who was inside at any time of intervals that follow each other.

        Parameters
        ----------
        roster : Roster
        begins, ends : ndarray of int64
            Instants; the last interval may have no end.
        """
        size = int(self.instant[-1]) + 2
        begun = np.cumsum(np.bincount(begins + 1, minlength=size))  # before each instant
        ended = np.cumsum(np.bincount(ends + 1, minlength=size))  # up to each instant
        first = ended[self.span_start + 1]
        many = np.maximum(begun[self.span_end] - first, 0)
        present = np.flatnonzero(many)
        first, many = first[present], many[present]
        rank = np.repeat(roster.rank[self.span_person[present]], many)
        offset = np.arange(len(rank)) - np.repeat(np.cumsum(many) - many, many)
        width = np.int64(len(roster.names) + 1)
        key = np.sort((np.repeat(first, many) + offset) * width + rank)
        if len(key):
            key = key[np.r_[True, key[1:] != key[:-1]]]
        counts = np.bincount(key // width, minlength=len(begins))
        return Inside(roster.ordered, key % width, np.r_[0, np.cumsum(counts)])


def moves_of(
    log: AccessLog, zone: ZoneRule, events: np.ndarray, roster: Roster, findings: Collected
) -> Moves:
    """Return what the events of a zone do, each person by themselves."""
    person, entering, time = log.person[events], log.entering[events], log.time_ns[events]
    line = log.line[events]
    instant = np.cumsum(np.r_[False, time[1:] != time[:-1]][: len(time)], dtype=np.int64)
    by_person = stable_order(person, len(log.persons))
    owner, came = person[by_person], entering[by_person]
    first = np.r_[True, owner[1:] != owner[:-1]][: len(owner)]
    before = np.r_[False, came[:-1]][: len(came)]
    initial = np.array([roster.code[one] for one in zone.initial], dtype=np.int64)
    before = np.where(first, np.isin(owner, initial) if len(initial) else False, before)
    step = np.where(came == before, 0, np.where(came, 1, -1)).astype(np.int8)
    change = np.empty(len(events), dtype=np.int8)
    change[by_person] = step
    nothing = np.flatnonzero(change == 0)
    for code, twice, told in (
        ("ENTRY_TWICE", True, "Came in while inside already; the exit before may be missing."),
        ("EXIT_WITHOUT_ENTRY", False, "Went out without having come in; the entry may be missing."),
    ):
        odd = nothing[entering[nothing] == twice]
        findings.add((code, WARNING, told), zone.zone, time[odd], line[odd], person[odd])
    real = np.flatnonzero(step)
    at, owner, came = by_person[real], owner[real], step[real] > 0
    follows = np.r_[owner[1:] == owner[:-1], False][: len(owner)]
    starts = np.flatnonzero(came & follows)
    left = np.flatnonzero(~came & ~np.r_[False, follows[:-1]][: len(owner)])  # was inside before
    stays = np.flatnonzero(came & ~follows)
    waits = np.setdiff1d(initial, owner)  # was inside before, and never left
    never = int(instant[-1]) + 1 if len(instant) else 0
    told = "Still inside at the end of the log."
    kind = ("OPEN_OCCUPANCY", WARNING, told)
    findings.add(kind, zone.zone, time[at[stays]], line[at[stays]], owner[stays])
    since = np.full(len(waits), time[0] if len(time) else 0, dtype=np.int64)
    findings.add(kind, zone.zone, since, np.zeros(len(waits), dtype=np.int64), waits)
    span_person = np.r_[owner[starts], owner[left], owner[stays], waits].astype(np.int64)
    span_start = np.r_[
        instant[at[starts]], np.full(len(left), _BEFORE), instant[at[stays]], waits * 0 + _BEFORE
    ]
    span_end = np.r_[
        instant[at[starts + 1]], instant[at[left]], np.full(len(stays) + len(waits), never)
    ]
    lasting = span_end > span_start
    return Moves(change, instant, span_person[lasting], span_start[lasting], span_end[lasting])
