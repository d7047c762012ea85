"""Numbers that nuclear material is counted and limited by, on a day.

Natural enrichment, effective kilograms, significant quantities, and the limits of material
exempted on quantity, read from the dated tables of ``keiryo/data/limits.toml``.

Sources: INFCIRC/153 (Corrected) paragraphs 37, 104 and 105; each table names its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from keiryo.data import read_table, valid_on
from keiryo.quantities import Category, EffectiveKgRule, SignificantQuantities, ratio


@dataclass(frozen=True, slots=True)
class ExemptionLimits:
    """State-wide limits of material exempted on quantity (INFCIRC/153 paragraph 37)."""

    special_fissionable_kg: Fraction
    natural_kg: Fraction
    depleted_kg: Fraction
    thorium_kg: Fraction
    high_enriched_from: Fraction
    low_enriched_factor: Fraction
    depleted_up_to: Fraction


@dataclass(frozen=True, slots=True)
class ExemptionTotal:
    """Exempted material as paragraph 37 counts it, in kilograms.

    `special_fissionable_kg` is the sum of (a), `natural_kg` natural uranium and depleted above
    0.5 % of (b), `depleted_kg` of (c), `thorium_kg` of (d).
    """

    special_fissionable_kg: Fraction = Fraction(0)
    natural_kg: Fraction = Fraction(0)
    depleted_kg: Fraction = Fraction(0)
    thorium_kg: Fraction = Fraction(0)

    def exceeded(self, limits: ExemptionLimits) -> tuple[str, ...]:
        """Return the letters of paragraph 37 whose limit is exceeded, e.g. ``("a",)``."""
        pairs = (
            ("a", self.special_fissionable_kg, limits.special_fissionable_kg),
            ("b", self.natural_kg, limits.natural_kg),
            ("c", self.depleted_kg, limits.depleted_kg),
            ("d", self.thorium_kg, limits.thorium_kg),
        )
        return tuple(letter for letter, total_kg, limit_kg in pairs if total_kg > limit_kg)


FIRST_DAY = date(1972, 6, 1)
"""From when the shipped limits hold; what is dated earlier is judged as if it were of this day."""


def natural_enrichment(on: date) -> tuple[Fraction, Fraction]:
    """Return the mass fraction of U-235 in natural uranium and its tolerance."""
    row = _on("natural_enrichment", on)
    return Fraction(row["enrichment"]), Fraction(row["tolerance"])


def effective_kg_rule(on: date) -> EffectiveKgRule:
    """Return the numbers of the effective kilogram (INFCIRC/153 paragraph 104)."""
    row = _on("effective_kilogram", on)
    return EffectiveKgRule(*(Fraction(row[field]) for field in EffectiveKgRule._fields))


def significant_quantity_table(on: date) -> SignificantQuantities:
    """Return the significant quantities on a day."""
    row = _on("significant_quantity", on)
    return SignificantQuantities(*(Fraction(row[field]) for field in SignificantQuantities._fields))


def exemption_limits(on: date) -> ExemptionLimits:
    """Return the limits of exemption on quantity on a day (INFCIRC/153 paragraph 37)."""
    row = _on("exemption_limit", on)
    return ExemptionLimits(
        **{field: Fraction(row[field]) for field in ExemptionLimits.__dataclass_fields__}
    )


def transfer_uncertainty(on: date, *, scrap_or_waste: bool) -> Fraction:
    """Return the relative uncertainty by which a shipper/receiver difference is judged."""
    row = _on("transfer_difference", on)
    return Fraction(row["scrap_and_waste" if scrap_or_waste else "pure"])


def exemption_total(
    batches: Iterable[tuple[Category, int, int | None]], on: date
) -> ExemptionTotal:
    """Return exempted material as INFCIRC/153 paragraph 37 counts it.

    Parameters
    ----------
    batches : iterable of (category, element_mg, fissile_mg)
        Per batch, because enrichment counts squared; give released material with minus signs.
    on : date
        The day whose limits count.

    Raises
    ------
    ValueError
        If enriched or unified uranium comes without fissile weight.

    Notes
    -----
    Depleted uranium of unstated enrichment counts as 0.5 % or less. Uranium in the enriched
    category that burn-up took to natural enrichment or below counts by its enrichment.
    """
    limits = exemption_limits(on)
    natural, tolerance = natural_enrichment(on)
    total = {"a": Fraction(0), "b": Fraction(0), "c": Fraction(0), "d": Fraction(0)}
    for category, element_mg, fissile_mg in batches:
        weight_kg = Fraction(element_mg, 1_000_000)
        if category is Category.PLUTONIUM:
            total["a"] += weight_kg
        elif category is Category.THORIUM:
            total["d"] += weight_kg
        elif category is Category.NATURAL:
            total["b"] += weight_kg
        elif element_mg != 0:
            enrichment = ratio(fissile_mg, element_mg)
            if category is Category.DEPLETED:
                low = enrichment is None or enrichment <= limits.depleted_up_to
                total["c" if low else "b"] += weight_kg
            elif enrichment is None:
                raise ValueError(f"exempted {category.name.lower()} uranium needs fissile weight")
            elif enrichment >= limits.high_enriched_from:
                total["a"] += weight_kg * enrichment
            elif enrichment > natural + tolerance:
                total["a"] += weight_kg * limits.low_enriched_factor * enrichment**2
            else:
                total["b" if enrichment > limits.depleted_up_to else "c"] += weight_kg
    return ExemptionTotal(total["a"], total["b"], total["c"], total["d"])


def _on(table: str, on: date) -> Mapping[str, Any]:
    return valid_on(read_table("limits")[table], table.replace("_", " "), on)
