"""Categories of nuclear material for physical protection: the table, and the category of a place.

A category follows from the mass in each row of the table: plutonium, uranium-235 in three ranges
of enrichment, uranium-233. Irradiated fuel above 1 Gy/h at 1 m unshielded is Category II if it was
depleted, natural or low enriched uranium or thorium; other such fuel may be lowered one level, if
the State decided so. Masses are exact fractions of kilograms: the limits are sharp. What each lot
counts with is worked out in `keiryo.protection.category_lots`.

References
----------
IAEA INFCIRC/225/Rev.5 (Nuclear Security Series 13), Table 1 and its notes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

from keiryo.protection.category_lots import (
    ROWS,
    Counted,
    Lot,
    Row,
    Standing,
    added,
    counted,
)
from keiryo.protection.inputs import Problem

EDITION = "INFCIRC/225/Rev.5"
"""The edition of the table that is used."""


class Category(StrEnum):
    """Category of a lot or a place, strictest first."""

    I = "I"  # noqa: E741
    II = "II"
    III = "III"
    PMP = "PMP"
    NONE = "NONE"

    @property
    def rank(self) -> int:
        """0 for the strictest."""
        return list(Category).index(self)

    def is_stricter_than(self, other: Category) -> bool:
        """Return whether more is asked of the protection than for the other."""
        return self.rank < other.rank

    @property
    def lowered(self) -> Category:
        """One level lower; Category III and what is below it are not reduced."""
        return {Category.I: Category.II, Category.II: Category.III}.get(self, self)


TABLE: Sequence[Category] = (Category.I, Category.II, Category.III)
"""The columns of the table; ``PMP`` (prudent management practice) lies below it."""


class Policy(StrEnum):
    """How the masses of different rows are taken together."""

    PER_ROW_MAX = "per_row_max"
    SUM_OF_FRACTIONS = "sum_of_fractions"


@dataclass(frozen=True, slots=True)
class Limit:
    """The lower limit of a cell of the table; closed: the limit itself belongs to the cell."""

    kg: Fraction
    closed: bool

    def reached_by(self, mass_kg: Fraction) -> bool:
        """Return whether a mass lies in the cell or above it."""
        return mass_kg > self.kg or (self.closed and mass_kg == self.kg)


def _limits(first: str, second: str, third: str) -> dict[Category, Limit]:
    """Return the limits of a row as read from texts such as ``>=2``, ``>0.5``; empty: no cell."""
    found = {}
    for category, text in zip(TABLE, (first, second, third), strict=True):
        if text:
            closed = text.startswith(">=")
            found[category] = Limit(Fraction(text.lstrip(">=")), closed)
    return found


LIMITS: Mapping[Row, Mapping[Category, Limit]] = {
    Row.PU: _limits(">=2", ">0.5", ">0.015"),
    Row.U5H: _limits(">=5", ">1", ">0.015"),
    Row.U5M: _limits("", ">=10", ">1"),
    Row.U5L: _limits("", "", ">=10"),
    Row.U3: _limits(">=2", ">0.5", ">0.015"),
}
"""Lower limits of the cells of the table, in kg of plutonium, uranium-235 or uranium-233."""

Masses = Mapping[Row, Fraction]


def category_of_row(row: Row, mass_kg: Fraction) -> Category:
    """Return the category of a mass in one row of the table."""
    reached = (c for c in TABLE if c in LIMITS[row] and LIMITS[row][c].reached_by(mass_kg))
    return next(reached, Category.PMP)


def sum_of_fractions(masses: Masses, category: Category) -> Fraction:
    """Return the masses as fractions of the limits of a category, added up."""
    cells = {row: LIMITS[row].get(category) for row in masses}
    parts = (masses[row] / limit.kg for row, limit in cells.items() if limit is not None)
    return sum(parts, Fraction(0))


def category_of_masses(masses: Masses, policy: Policy) -> Category:
    """Return the category of masses by row.

    Notes
    -----
    By the sum of fractions a category is reached above 1; at exactly 1 only if one of the rows
    that are present reaches that category at its limit.
    """
    if policy is Policy.PER_ROW_MAX:
        return strictest(category_of_row(row, mass) for row, mass in masses.items())
    for category in TABLE:
        total = sum_of_fractions(masses, category)
        closed = any(
            mass > 0 and category in LIMITS[row] and LIMITS[row][category].closed
            for row, mass in masses.items()
        )
        if total > 1 or (total == 1 and closed):
            return category
    return Category.PMP


def strictest(categories: Iterable[Category], otherwise: Category = Category.PMP) -> Category:
    """Return the strictest of some categories."""
    return min(categories, key=lambda one: one.rank, default=otherwise)


@dataclass(frozen=True, slots=True)
class PlaceCategory:
    """The category of all lots at a place, taken together.

    Attributes
    ----------
    category, base_category : Category
        With the reductions that the State decided, and with nothing reduced.
    masses : mapping of Row to Fraction
        Kilograms of the lots of which nothing is reduced; rows with mass only.
    warnings : tuple of Problem
    """

    category: Category
    base_category: Category
    masses: Masses
    warnings: tuple[Problem, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class LotCategory:
    """The category of an irradiated lot above 1 Gy/h, alone."""

    lot: Lot
    irradiated_class: str
    base_category: Category
    category: Category


def category_of_place(
    lots: Sequence[Counted], policy: Policy, *, pointer: str = ""
) -> PlaceCategory:
    """Return the category of lots that are at one place.

    Parameters
    ----------
    lots : sequence of Counted
        As `keiryo.protection.category_lots.counted` returns them.
    policy : Policy
    pointer : str
        Names the place in a warning.

    Notes
    -----
    What is irradiated is added up before it is reduced: three reduced elements of 2 kg of
    uranium-235 each are 6 kg, hence Category I and, lowered, II.
    """
    plain = [one for one in lots if one.standing is Standing.UNREDUCED]
    reduced = [one for one in lots if one.standing is Standing.REDUCED]
    low = Category.II if any(one.standing is Standing.LOW for one in lots) else Category.NONE
    masses = added(one.masses for one in plain)
    fresh = category_of_masses(masses, policy) if plain else Category.NONE
    heavy = category_of_masses(added(one.masses for one in reduced), policy)
    lowered = heavy.lowered if reduced else Category.NONE
    category = strictest((fresh, lowered, low), Category.NONE)
    together = added(one.masses for one in (*plain, *reduced))
    unlowered = category_of_masses(together, policy) if plain or reduced else Category.NONE
    base = strictest((unlowered, low), Category.NONE)
    warnings: tuple[Problem, ...] = ()
    if base.is_stricter_than(category) and reduced and any(_adds(one) for one in plain):
        warnings = (
            Problem(
                "MIXED_REDUCTION",
                pointer,
                "fuel whose category was lowered lies with material that counts in full: the "
                f"category is {category}, without the reduction {base}; the State has to decide "
                "on the whole place",
            ),
        )
    return PlaceCategory(category, base, masses, warnings)


def _adds(one: Counted) -> bool:
    """Return whether a lot is more than exempt plutonium, which adds nothing to any place."""
    return bool(one.masses) or one.exempt is None


def category_of_lot(one: Counted, policy: Policy) -> LotCategory:
    """Return the category of a lot alone."""
    alone = category_of_place([one], policy)
    return LotCategory(one.lot, one.irradiated_class, alone.base_category, alone.category)


def category_of_lots(lots: Iterable[Lot], policy: Policy = Policy.PER_ROW_MAX) -> PlaceCategory:
    """Return the category of lots at one place, of which every one holds.

    Examples
    --------
    >>> from keiryo.protection.category_lots import Lot, Material
    >>> lot = Lot("B-1", materials=(Material("plutonium", Fraction("1.999")),))
    >>> str(category_of_lots([lot]).category)
    'II'
    """
    return category_of_place([counted(lot) for lot in lots], policy)


def mass_by_row(masses: Masses) -> list[tuple[Row, Fraction]]:
    """Return rows with mass, in the order of the table."""
    return [(row, masses[row]) for row in ROWS if masses.get(row)]
