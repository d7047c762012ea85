"""How a zone is staffed after the last event of each instant.

Who counts is a sum over units that do not touch each other: a qualified person by themselves, a
group of which somebody is inside, and, where forbidden pairs tie persons together, the largest set
that can be chosen of those who are tied. Only the last needs a search; it is done once for each
set of them that ever is inside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from keiryo.protection.access_log import AccessLog
from keiryo.protection.orders import stable_order
from keiryo.protection.two_person_moves import Moves, Roster
from keiryo.protection.two_person_rule import TwoPersonRule, ZoneRule
from keiryo.protection.two_person_sets import Ties, can_choose, tied_units

_ALONE, _NOBODY = -1, -2
"""The unit of a person in no group, and of one who does not count."""


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

    def begins(self) -> np.ndarray:
        """Return the instants at which intervals begin."""
        return np.flatnonzero(self.wrong & ~np.r_[False, self.wrong[:-1]])

    def ends(self) -> np.ndarray:
        """Return the instants at which intervals end."""
        return np.flatnonzero(~self.wrong & np.r_[False, self.wrong[:-1]])


class Groups:
    """The group of everybody, as numbers; no group is -1."""

    def __init__(self, names: list[str], rule: TwoPersonRule) -> None:
        number = {name: place for place, name in enumerate(sorted(set(rule.groups.values())))}
        self.size = len(number)
        self.of = np.full(len(names), _ALONE, dtype=np.int64)
        if number:
            told = (rule.groups.get(name) for name in names)
            self.of[:] = [_ALONE if one is None else number[one] for one in told]


def staffing(
    log: AccessLog,
    zone: ZoneRule,
    events: np.ndarray,
    moves: Moves,
    roster: Roster,
    groups: Groups,
) -> Staffing:
    """Return how a zone is staffed.

    Parameters
    ----------
    log, zone
    events : ndarray
        Places of the records of the zone, in order; not empty.
    moves : Moves
        What each does.
    roster, groups
    """
    instant = moves.instant
    last = np.flatnonzero(np.r_[instant[1:] != instant[:-1], True])
    initial = np.array([roster.code[one] for one in zone.initial], dtype=np.int64)
    before = len(initial)
    change = np.r_[np.ones(before, dtype=np.int8), moves.change]  # who was inside came in before
    count = np.cumsum(change, dtype=np.int32)[last + before]
    chosen = count
    if groups.size or zone.forbidden_pairs or zone.authorised is not None:
        person = np.r_[initial, log.person[events]]
        steps = _steps(zone, person, change, roster, groups)
        chosen = np.cumsum(steps, dtype=np.int32)[last + before]
    too_few = (count > 0) & (count < zone.min_persons)
    wrong = (count > 0) & (chosen < zone.min_persons)
    not_a_set = wrong & (count >= zone.min_persons)
    return Staffing(log.time_ns[events[last]], last, wrong, too_few, not_a_set)


def _steps(
    zone: ZoneRule, person: np.ndarray, change: np.ndarray, roster: Roster, groups: Groups
) -> np.ndarray:
    """Return by how much each event changes the number of persons who can be chosen."""
    unit_of = groups.of.copy()
    if zone.authorised is not None:
        qualified = np.zeros(len(unit_of), dtype=bool)
        qualified[[roster.code[one] for one in zone.authorised if one in roster.code]] = True
        unit_of[~qualified] = _NOBODY
    ties = tied_units(zone.forbidden_pairs, roster.code, unit_of, groups.size)
    unit = unit_of[person]
    steps = np.where(unit == _NOBODY, np.int8(0), change)
    shared = np.flatnonzero((unit >= 0) & (unit < groups.size))
    if shared.size:
        steps[shared] = _occupied(unit[shared], change[shared], groups.size)
    if not ties.members:
        return steps
    tied = np.flatnonzero((ties.of[unit] >= 0) & (unit >= 0) & (steps != 0))
    which = ties.of[unit[tied]]
    found = np.zeros(len(tied), dtype=np.int8)
    for kind, function in (
        (ties.is_clique, None),
        (ties.is_small, _by_masks),
        (ties.is_large, _one_by_one),
    ):
        some = np.flatnonzero(kind[which])
        if not some.size:
            continue
        parts, units, moved = which[some], unit[tied[some]], steps[tied[some]]
        if function is None:
            found[some] = _occupied(parts, moved, len(ties.members))
        else:
            found[some] = function(parts, units, moved, ties, zone.min_persons)
    steps[tied] = found
    return steps


def _running(codes: np.ndarray, values: np.ndarray, size: int) -> np.ndarray:
    """Return the sum of the values of the same code up to each place."""
    order = stable_order(codes, size)
    ordered, total = codes[order], np.cumsum(values[order])
    begins = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    lengths = np.diff(np.append(begins, len(order)))
    total -= np.repeat(total[begins] - values[order[begins]], lengths)
    found = np.empty_like(total)
    found[order] = total
    return found


def _occupied(codes: np.ndarray, moved: np.ndarray, size: int) -> np.ndarray:
    """Return where a unit begins to be occupied (1) and where it is empty again (-1)."""
    inside = _running(codes, moved.astype(np.int32), size)
    steps: np.ndarray = (inside > 0).astype(np.int8) - (inside - moved > 0)
    return steps


def _by_masks(
    parts: np.ndarray, units: np.ndarray, moved: np.ndarray, ties: Ties, least: int
) -> np.ndarray:
    """Return the steps of units that are tied in small numbers: who is inside is a number."""
    bits = moved.astype(np.int64) << ties.bit[units]
    after = _running(parts, bits, len(ties.members))
    states = pl.DataFrame({"part": np.r_[parts, parts], "mask": np.r_[after, after - bits]})
    every = states.unique(maintain_order=True)
    values = [
        _chosen(
            frozenset(one for place, one in enumerate(ties.members[part]) if mask >> place & 1),
            ties.excluded,
            least,
        )
        for part, mask in every.iter_rows()
    ]
    every = every.with_columns(value=pl.Series(values, dtype=pl.Int8))
    told = states.join(every, on=["part", "mask"], how="left", maintain_order="left")
    value = told["value"].to_numpy()
    steps: np.ndarray = value[: len(parts)] - value[len(parts) :]
    return steps


def _one_by_one(
    parts: np.ndarray, units: np.ndarray, moved: np.ndarray, ties: Ties, least: int
) -> np.ndarray:
    """Return the steps of units of which very many are tied together."""
    known: dict[frozenset[int], int] = {}
    inside: dict[int, set[int]] = {}
    value: dict[int, int] = {}
    steps = np.zeros(len(parts), dtype=np.int8)
    columns = zip(parts.tolist(), units.tolist(), moved.tolist(), strict=True)
    for place, (part, unit, step) in enumerate(columns):
        current = inside.setdefault(part, set())
        (current.add if step > 0 else current.discard)(unit)
        state = frozenset(current)
        if state not in known:
            known[state] = _chosen(state, ties.excluded, least)
        steps[place] = known[state] - value.get(part, 0)
        value[part] = known[state]
    return steps


def _chosen(inside: frozenset[int], excluded: Mapping[int, frozenset[int]], least: int) -> int:
    """Return how many can be chosen; `least` at most."""
    size = 0
    while size < least and can_choose(inside, excluded, size + 1):
        size += 1
    return size
