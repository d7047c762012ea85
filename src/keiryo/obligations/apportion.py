"""Whole units out of exact shares, so that a table adds up: largest remainder.

Shares of mixed material are fractions; books and reports hold whole milligrams. Each share is
rounded down, and the units that are missing to the total go, one each, to the largest parts that
were cut off. Rounding each share by itself would let totals drift: three thirds of 1000 g would
add up to 999 g. Remainders are compared as exact fractions; float noise would break ties at random.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import floor

from keiryo.errors import UsageError

Exact = int | Fraction
"""A number without rounding."""


def half_away(value: Exact) -> int:
    """Return a value rounded to a whole number, halves away from zero.

    Examples
    --------
    >>> half_away(Fraction(5, 2)), half_away(Fraction(-5, 2)), half_away(Fraction(7, 5))
    (3, -3, 1)
    """
    exact = Fraction(value)
    size = floor(abs(exact) + Fraction(1, 2))
    return -size if exact < 0 else size


def apportioned(
    values: Iterable[tuple[str, Exact]],
    total: int,
    at_most: Mapping[str, int] | None = None,
) -> dict[str, int]:
    """Return whole numbers that add up to a total, as near to some values as can be.

    Parameters
    ----------
    values : iterable of (key, rational)
        All of one sign, in the unit of the total; values of the same key are added first.
    total : int
        The sum of the values, rounded to a whole unit.
    at_most : mapping of key to int, optional
        What a key may get at most (fissile weight: the element weight of its cell); a key at its
        most is passed over.

    Raises
    ------
    UsageError
        If values have different signs, if they do not add up to the total but for rounding, or
        if the total does not fit under what each may get.

    Notes
    -----
    Ties go to the smaller key. The method is not monotone: a key may lose a unit when the total
    grows, so a change of one unit between two reports is no movement.

    Examples
    --------
    >>> third = Fraction(1000, 3)
    >>> apportioned([("AU", third), ("US", third), ("CA", third)], 1000)
    {'AU': 334, 'CA': 333, 'US': 333}
    """
    merged: dict[str, Fraction] = {}
    for key, value in values:
        merged[key] = merged.get(key, Fraction(0)) + Fraction(value)
    exact = sum(merged.values(), Fraction(0))
    if any(v < 0 for v in merged.values()):
        if any(v > 0 for v in merged.values()):
            raise UsageError(
                "shares with different signs cannot be rounded together",
                "Round what comes and what goes by themselves.",
            )
        made = apportioned([(k, -v) for k, v in merged.items()], -total, at_most)
        return {key: -value for key, value in made.items()}
    if abs(exact - total) >= 1:
        raise UsageError(
            f"the shares add up to {float(exact):.6g}, not to {total}",
            "Shares must add up to what is shared out, but for rounding.",
        )
    made = {key: floor(value) for key, value in sorted(merged.items())}
    order = sorted(made, key=lambda key: (made[key] - merged[key], key))
    missing = total - sum(made.values())
    while missing:
        open_keys = [k for k in order if at_most is None or made[k] < at_most.get(k, 0)]
        if not open_keys:
            raise UsageError(
                f"{missing} units do not fit under what each share may hold",
                "The fissile weight cannot be larger than the element weight.",
            )
        for key in open_keys[:missing]:
            made[key] += 1
        missing -= min(missing, len(open_keys))
    return made
