"""Cells: a quantity divided by label set, and how it divides when it is drawn, mixed or lost.

Cells are disjoint: they add up to the quantity. What is under one partner is the sum of the cells
whose set has its label; over all partners that is more than the quantity where sets have several
labels, and less where some of it is under none. Proportions are those of the element weight
(equivalence, fungibility, proportionality: ASNO Annual Report 2021-22, Appendix C).

The functions with ``exact`` in their name answer in exact fractions; the others in whole units of
the ledger (milligrams), rounded once by `keiryo.obligations.apportion.apportioned`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

from keiryo.errors import UsageError
from keiryo.obligations.apportion import Exact, apportioned, half_away
from keiryo.obligations.labels import labels_of, with_labels

Cells = Mapping[str, int]
"""Element weight in milligrams by key of the label set."""

ExactCells = Mapping[str, Exact]


def total(cells: Mapping[str, Exact]) -> Fraction:
    """Return the quantity that some cells make up."""
    return sum((Fraction(value) for value in cells.values()), Fraction(0))


def blended(*pools: Cells) -> dict[str, int]:
    """Return the cells of what is mixed: equal sets are added, sets are never united.

    Examples
    --------
    >>> blended({"AU+US": 600, "CA": 300}, {"CA": 350})
    {'AU+US': 600, 'CA': 650}
    """
    found: dict[str, int] = {}
    for pool in pools:
        for key, value in pool.items():
            found[key] = found.get(key, 0) + value
    return {key: found[key] for key in sorted(found)}


def exact_share(cells: ExactCells, amount: Exact) -> dict[str, Fraction]:
    """Return the proportional share of each cell in an amount.

    Raises
    ------
    UsageError
        If there is nothing to share by.
    """
    whole = total(cells)
    if whole == 0:
        raise UsageError(
            "nothing can be drawn from, or shared over, an empty pool",
            "Look whether the receipt was recorded, and in which area and category.",
        )
    return {key: Fraction(value) * Fraction(amount) / whole for key, value in cells.items()}


def shared(cells: Cells, amount: int) -> dict[str, int]:
    """Return an amount shared over cells in whole units; negative for a gain shared as a loss."""
    if amount == 0:
        return {}
    return _without_nothing(apportioned(exact_share(cells, amount).items(), amount))


def drawn(cells: Cells, amount: int) -> dict[str, int]:
    """Return the cells of a draw: each in proportion, none more than it holds.

    Raises
    ------
    UsageError
        If the amount is negative, or more than there is.

    Examples
    --------
    >>> drawn({"AU+US": 700, "CA": 650, "KZ": 50, "-": 100}, 400)
    {'-': 27, 'AU+US': 187, 'CA': 173, 'KZ': 13}
    """
    _require_enough(cells, amount)
    return shared(cells, amount)


def designated(cells: Cells, wanted: Cells, amount: int) -> dict[str, int]:
    """Return the cells that an operator names for a draw, after looking whether they can be drawn.

    Where national rules allow pool accounting, labels of a draw may be named instead of taking
    the proportional share (fungibility).

    Raises
    ------
    UsageError
        If the named cells are not in the pool in that quantity, or do not add up to the draw.
    """
    _require_enough(cells, amount)
    for key, value in wanted.items():
        if value < 0 or value > cells.get(key, 0):
            raise UsageError(
                f"the pool holds {cells.get(key, 0)} mg under {key}, not {value} mg",
                "Name at most what the pool holds of each label set.",
            )
    if sum(wanted.values()) != amount:
        raise UsageError(
            f"the named cells add up to {sum(wanted.values())} mg, the draw is {amount} mg",
            "Name cells for the whole draw.",
        )
    return _without_nothing(wanted)


def remaining(cells: Cells, taken: Cells) -> dict[str, int]:
    """Return what is left in each cell.

    Raises
    ------
    UsageError
        If more is taken from a cell than it holds.
    """
    left = {key: cells.get(key, 0) - taken.get(key, 0) for key in {*cells, *taken}}
    if any(value < 0 for value in left.values()):
        short = ", ".join(sorted(key for key, value in left.items() if value < 0))
        raise UsageError(f"more is taken than there is under {short}", "Correct the quantity.")
    return _without_nothing(left)


def fissile_by_cell(cells: Cells, fissile_mg: int) -> dict[str, int]:
    """Return the fissile weight of each cell, derived by share: a pool has one composition.

    Raises
    ------
    UsageError
        If the fissile weight is larger than the element weight.
    """
    if fissile_mg == 0:
        return dict.fromkeys(sorted(cells), 0)
    return apportioned(exact_share(cells, fissile_mg).items(), fissile_mg, at_most=cells)


def relabelled(cells: Cells, more: Iterable[str]) -> dict[str, int]:
    """Return cells that some labels were added to; cells that become equal are merged.

    Examples
    --------
    >>> relabelled({"AU": 600, "AU+US": 50, "-": 7}, ["US"])
    {'AU+US': 650, 'US': 7}
    """
    labels = list(more)
    return blended(*({with_labels(key, labels): value} for key, value in cells.items()))


def by_partner(cells: Mapping[str, Exact]) -> dict[str, Fraction]:
    """Return how much is under each partner; never to be compared with the quantity itself.

    Examples
    --------
    >>> {p: int(v) for p, v in by_partner({"AU+US": 700, "CA": 650, "-": 100}).items()}
    {'AU': 700, 'CA': 650, 'US': 700}
    """
    found: dict[str, Fraction] = {}
    for key, value in cells.items():
        for label in labels_of(key):
            found[label] = found.get(label, Fraction(0)) + Fraction(value)
    return dict(sorted(found.items()))


def in_unit(cells: Cells, unit_mg: int) -> dict[str, int]:
    """Return cells in whole units of a statement, which add up to the quantity in that unit."""
    exact = {key: Fraction(value, unit_mg) for key, value in cells.items()}
    return apportioned(exact.items(), half_away(total(exact)))


def _require_enough(cells: Cells, amount: int) -> None:
    held = sum(cells.values())
    if amount < 0:
        raise UsageError(f"a draw of {amount} mg is negative", "Give the quantity as it is taken.")
    if amount > held:
        raise UsageError(
            f"{amount} mg are drawn from a pool of {held} mg",
            "Correct the quantity, or record first what is missing in the pool.",
        )


def _without_nothing(cells: Cells) -> dict[str, int]:
    return {key: value for key, value in sorted(cells.items()) if value}
