"""The category of an area and of each place in it, as the command writes it."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from keiryo.protection.category import (
    EDITION,
    TABLE,
    Category,
    LotCategory,
    PlaceCategory,
    Policy,
    category_of_lot,
    category_of_place,
    category_of_row,
    mass_by_row,
    sum_of_fractions,
)
from keiryo.protection.category_lots import Counted, Lot, counted, lot_problems
from keiryo.protection.inputs import InputError, Problem

SCHEMA = "keiryo.pp.category-result/1"
CLASSIFICATION = "restricted"
_DECIMALS = 12


@dataclass(frozen=True, slots=True)
class AreaCategory:
    """The category of an area at the end of a day.

    Attributes
    ----------
    mba : str
    on : datetime.date
    policy : Policy
    whole : PlaceCategory
        The area as one place: an upper bound.
    by_policy : dict of Policy to Category
    places : dict of str to PlaceCategory
    lots : tuple of Counted
    irradiated : tuple of LotCategory
        Lots above 1 Gy/h, each alone.
    """

    mba: str
    on: datetime.date
    policy: Policy
    whole: PlaceCategory
    by_policy: dict[Policy, Category]
    places: dict[str, PlaceCategory]
    lots: tuple[Counted, ...]
    irradiated: tuple[LotCategory, ...]

    @property
    def undecided(self) -> list[tuple[str, str]]:
        """Batches for which something has to be decided, and what."""
        return [(one.lot.batch, code) for one in self.lots for code in one.undecided]

    @property
    def warnings(self) -> list[Problem]:
        """What is told of the lots, then of the area, then of its places."""
        told = [warning for one in self.lots for warning in one.warnings]
        told += self.whole.warnings
        return [*told, *(warning for place in self.places.values() for warning in place.warnings)]


def area_category(
    mba: str,
    on: datetime.date,
    lots: Sequence[Lot],
    policy: Policy = Policy.PER_ROW_MAX,
) -> AreaCategory:
    """Return the category of an area and of its places.

    Raises
    ------
    InputError
        If a lot cannot be (``LOT_INVALID``); all that is wrong is told.
    """
    problems = [problem for lot in lots for problem in lot_problems(lot)]
    if problems:
        raise InputError(problems)
    every = [counted(lot, on) for lot in lots]
    at: dict[str, list[Counted]] = {}
    for one in every:
        at.setdefault(one.lot.place, []).append(one)
    return AreaCategory(
        mba=mba,
        on=on,
        policy=policy,
        whole=category_of_place(every, policy),
        by_policy={one: category_of_place(every, one).category for one in Policy},
        places={
            place: category_of_place(at[place], policy, pointer=f"/places/{_escaped(place)}")
            for place in sorted(at)
        },
        lots=tuple(every),
        irradiated=tuple(
            category_of_lot(one, policy) for one in every if one.irradiated_class != "F"
        ),
    )


def category_report(found: AreaCategory) -> dict[str, Any]:
    """Return what the command prints, masses as decimal texts."""
    masses = found.whole.masses
    return {
        "schema": SCHEMA,
        "mba": found.mba,
        "on": found.on.isoformat(),
        "edition": EDITION,
        "policy": str(found.policy),
        "category": str(found.whole.category),
        "base_category": str(found.whole.base_category),
        "by_policy": {str(one): str(category) for one, category in found.by_policy.items()},
        "rows": [
            {
                "row": str(row),
                "mass_kg": decimal_text(mass),
                "category": str(category_of_row(row, mass)),
            }
            for row, mass in mass_by_row(masses)
        ],
        "sums": {str(one): str(sum_of_fractions(masses, one)) for one in TABLE},
        "irradiated": [_irradiated(one) for one in found.irradiated],
        "places": [
            {
                "place": place,
                "category": str(one.category),
                "base_category": str(one.base_category),
            }
            for place, one in found.places.items()
        ],
        "undecided": [{"batch": batch, "code": code} for batch, code in found.undecided],
        "exempt": [
            {"batch": one.lot.batch, "code": one.exempt} for one in found.lots if one.exempt
        ],
        "classification": CLASSIFICATION,
        "warnings": [
            {"code": one.code, "pointer": one.pointer, "message": one.message}
            for one in found.warnings
        ],
    }


def _irradiated(one: LotCategory) -> dict[str, Any]:
    known = one.lot.attributes
    rate = known.dose_rate_gy_h
    return {
        "batch": one.lot.batch,
        "class": one.irradiated_class,
        "dose_rate_gy_h": None if rate is None else float(rate),
        "base_category": str(one.base_category),
        "category": str(one.category),
        "reduction_decision_ref": known.reduction_decision_ref,
    }


def decimal_text(value: Fraction) -> str:
    """Return a fraction as a decimal text: exact if it has one, else to twelve places.

    Examples
    --------
    >>> decimal_text(Fraction("10.0485")), decimal_text(Fraction(1, 3))
    ('10.0485', '0.333333333333')
    """
    places = next((n for n in range(31) if (value * 10**n).denominator == 1), _DECIMALS)
    scaled = round(value * 10**places)
    digits = f"{abs(scaled):0{places + 1}d}"
    text = f"{digits[:-places]}.{digits[-places:]}" if places else digits
    return f"-{text}" if scaled < 0 else text


def _escaped(text: str) -> str:
    return text.replace("~", "~0").replace("/", "~1")
