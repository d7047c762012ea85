"""Whether enough persons can be chosen of whom no two exclude each other.

A set of independent vertices of a given size in a small graph; exact. Persons whom nobody excludes
need no search, nor does a group none of whose members is in a forbidden pair: of it one counts.
"""

from __future__ import annotations

from collections.abc import Mapping


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
