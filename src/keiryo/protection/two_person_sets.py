"""Whether enough persons can be chosen of whom no two exclude each other.

A set of independent vertices of a given size in a small graph; exact. Persons whom nobody excludes
need no search, nor does a group none of whose members is in a forbidden pair: of it one counts.
Members of one group who are in no forbidden pair are as good as each other: they are one unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

SMALL = 62
"""Units that fit into the bits of a number."""


def can_choose(inside: frozenset[int], excluded: Mapping[int, frozenset[int]], size: int) -> bool:
    """Return whether `size` of the persons inside exclude none of each other.

    Parameters
    ----------
    inside : frozenset of int
    excluded : mapping of int to frozenset of int
        Whom each person excludes; symmetric.
    size : int
    """
    if size <= 0:
        return True
    if len(inside) < size:
        return False
    person = min(inside, key=lambda one: (len(excluded[one] & inside), one))
    others = excluded[person] & inside
    if len(others) <= 1:  # some largest choice has this person
        return can_choose(inside - others - {person}, excluded, size - 1)
    crowded = max(inside, key=lambda one: (len(excluded[one] & inside), one))
    without = inside - {crowded}
    return can_choose(without - excluded[crowded], excluded, size - 1) or can_choose(
        without, excluded, size
    )


@dataclass(frozen=True, slots=True)
class Ties:
    """Units that forbidden pairs tie together: groups, and persons of such a pair.

    Attributes
    ----------
    of : ndarray of int64
        The part that each unit belongs to; -1: it is not tied.
    bit : ndarray of int64
        The place of each unit in its part.
    members : list of list of int
        The units of each part.
    excluded : mapping of int to frozenset of int
        Which units each one excludes.
    is_clique, is_small, is_large : ndarray of bool
        Of each part: each excludes all others; or not, and whether there are many.
    """

    of: np.ndarray
    bit: np.ndarray
    members: list[list[int]]
    excluded: Mapping[int, frozenset[int]]
    is_clique: np.ndarray
    is_small: np.ndarray
    is_large: np.ndarray


def tied_units(
    pairs: frozenset[frozenset[str]], code: Mapping[str, int], unit_of: np.ndarray, groups: int
) -> Ties:
    """Return what forbidden pairs tie together; each person of a pair becomes a unit.

    Parameters
    ----------
    pairs : frozenset of frozenset of str
    code : mapping of str to int
        The place of each person.
    unit_of : ndarray of int64
        The unit of each person: a group, -1 alone, -2 does not count; changed.
    groups : int
        How many groups there are.
    """
    found = [[code[one] for one in pair if one in code] for pair in pairs]
    found = [pair for pair in found if len(pair) == 2 and (unit_of[pair] >= -1).all()]
    persons = sorted({one for pair in found for one in pair})
    own = {one: groups + place for place, one in enumerate(persons)}
    edges: dict[int, set[int]] = {unit: set() for unit in own.values()}
    by_group: dict[int, set[int]] = {}
    for one, unit in own.items():
        if unit_of[one] >= 0:
            by_group.setdefault(int(unit_of[one]), set()).add(unit)
    for group, units in by_group.items():
        alike = units | {group}
        for unit in alike:
            edges.setdefault(unit, set()).update(alike - {unit})
    for one, other in found:
        edges[own[one]].add(own[other])
        edges[own[other]].add(own[one])
    unit_of[persons] = [own[one] for one in persons]
    members = _parts(edges)
    of = np.full(groups + len(persons) + 2, -1, dtype=np.int64)  # also for -1 and -2
    bit = np.zeros(len(of), dtype=np.int64)
    for number, part in enumerate(members):
        of[part] = number
        bit[part] = np.arange(len(part))
    sizes = np.array([len(part) for part in members], dtype=np.int64)
    ends = np.array([sum(len(edges[one]) for one in part) for part in members], dtype=np.int64)
    clique = ends == sizes * (sizes - 1)
    excluded = {unit: frozenset(others) for unit, others in edges.items()}
    small = ~clique & (sizes <= SMALL)
    return Ties(of, bit, members, excluded, clique, small, ~clique & ~small)


def _parts(edges: Mapping[int, set[int]]) -> list[list[int]]:
    """Return the units that are tied together, directly or by others."""
    parts = []
    seen: set[int] = set()
    for unit in edges:
        if unit in seen:
            continue
        part, waiting = [], [unit]
        seen.add(unit)
        while waiting:
            one = waiting.pop()
            part.append(one)
            new = edges[one] - seen
            seen |= new
            waiting.extend(new)
        parts.append(sorted(part))
    return parts
