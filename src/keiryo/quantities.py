"""Quantities of nuclear material: element categories, exact weights, effective kilograms.

A weight in the books is an integer number of milligrams, whatever unit a report uses; this module
turns the decimal text of a report into milligrams and back without ever rounding behind the
reader's back. On top of weights stand the quantities that safeguards agreements count in:
the effective kilogram (INFCIRC/153 paragraph 104), the significant quantity, and the enrichment
class of a batch (depleted, natural, low enriched, high enriched).

Sources: IAEA SG-FM-1172, Model Subsidiary Arrangement Code 10, labels 600 to 800 (categories,
units, precision); INFCIRC/153 (Corrected) paragraphs 104 and 105. What is a choice of keiryo is
said in the notes of each function.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from fractions import Fraction
from typing import Literal, NamedTuple

MAX_MG = 2**63 - 1
"""The largest weight the books can hold, in milligrams (about 9.2 million tonnes)."""

MG_PER_UNIT = {"g": 1000, "kg": 1_000_000}
"""Milligrams in one reporting unit."""

NATURAL_ENRICHMENT = Fraction(711, 100_000)
"""Mass fraction of U-235 in natural uranium, by default."""

HIGH_ENRICHMENT = Fraction(1, 5)
"""Mass fraction at and above which uranium is high enriched."""

NUCLIDES = (
    *(f"U-{mass}" for mass in range(232, 239)),
    *(f"Pu-{mass}" for mass in range(238, 243)),
    "Np-237",
    "Am-241",
    "Th-232",
)
"""Nuclides whose weights a batch may state."""

FISSILE_BASES = ("U-233", "U-233+U-235", "U-235")
"""What the fissile weight of enriched or unified uranium may stand for."""

LABEL_OF_FISSILE_BASE = {"U-233": "640", "U-233+U-235": "660", "U-235": "670"}
FISSILE_BASE_OF_LABEL = {label: base for base, label in LABEL_OF_FISSILE_BASE.items()}

EnrichmentClass = Literal["D", "N", "L", "H"]

_DECIMAL = re.compile(r"([+-]?)([0-9]+)(?:\.([0-9]+))?")
_DECIMALS_OF_UNIT = {"g": 3, "kg": 6}
_MAX_DIGITS = len(str(MAX_MG))
_MG_PER_KG = MG_PER_UNIT["kg"]


class Category(StrEnum):
    """Element category of nuclear material (Code 10 labels 600 to 630, 700, 800)."""

    NATURAL = "N"
    DEPLETED = "D"
    ENRICHED = "E"
    UNIFIED = "U"
    PLUTONIUM = "P"
    THORIUM = "T"

    @property
    def unit(self) -> str:
        """Unit in which reports state the element weight: ``"g"`` or ``"kg"``."""
        return "kg" if self in "NDT" else "g"

    @property
    def label(self) -> str:
        """Code 10 label of the element weight, e.g. ``"630"``."""
        return _LABEL_OF_CATEGORY[self.value]

    @property
    def element(self) -> str:
        """Chemical symbol: ``"U"``, ``"Pu"`` or ``"Th"``."""
        return {"P": "Pu", "T": "Th"}.get(self.value, "U")

    @classmethod
    def from_label(cls, label: str) -> Category | None:
        """Return the category whose element weight `label` carries, or None."""
        letter = _CATEGORY_OF_LABEL.get(label)
        return None if letter is None else cls(letter)


_LABEL_OF_CATEGORY = {"N": "610", "D": "620", "E": "630", "U": "600", "P": "700", "T": "800"}
_CATEGORY_OF_LABEL = {label: letter for letter, label in _LABEL_OF_CATEGORY.items()}


class WeightError(ValueError):
    """A weight that cannot stand in the books; the message says why in plain words."""


class NotANumber(WeightError):
    """The text is not a plain decimal number."""


class TooFine(WeightError):
    """The number has digits below one milligram."""


class TooLarge(WeightError):
    """The number is beyond what the books can hold."""


def parse_weight_mg(text: str, unit: str) -> int:
    """Return the weight that a decimal text states, in milligrams, exactly.

    Parameters
    ----------
    text : str
        An optional sign, digits, and optionally a point and digits; nothing else. Zeros beyond
        the milligram are welcome.
    unit : str
        ``"g"`` or ``"kg"``.

    Raises
    ------
    NotANumber
        If `text` is anything else: exponents, commas, blanks, digits that are not ASCII.
    TooFine
        If a digit other than zero stands below one milligram.
    TooLarge
        If the weight is beyond `MAX_MG`.
    ValueError
        If `unit` is neither.

    Examples
    --------
    >>> parse_weight_mg("1541260.25", "g")
    1541260250
    """
    decimals = _decimals(unit)
    match = _DECIMAL.fullmatch(text)
    if match is None:
        raise NotANumber(
            f"{_shown(text)} is not a number we can read: write digits with '.' as decimal sign, "
            "without blanks, commas or an exponent"
        )
    sign, whole, part = match.groups()
    part = (part or "").rstrip("0")
    if len(part) > decimals:
        raise TooFine(
            f"{_shown(text)} {unit} is finer than one milligram: "
            f"round to at most {decimals} decimals"
        )
    digits = (whole + part.ljust(decimals, "0")).lstrip("0")
    if len(digits) > _MAX_DIGITS or int(digits or "0") > MAX_MG:
        raise TooLarge(f"{_shown(text)} {unit} is beyond what the books can hold; check the unit")
    amount_mg = int(digits or "0")
    return -amount_mg if sign == "-" else amount_mg


def round_weight_mg(text: str, unit: str) -> int:
    """Return a decimal text rounded to the nearest milligram, halves away from zero.

    For weights that `parse_weight_mg` finds too fine; the text itself is kept elsewhere.

    Raises
    ------
    NotANumber, TooLarge
        As `parse_weight_mg`.

    Examples
    --------
    >>> round_weight_mg("4.5005", "g"), round_weight_mg("-0.0000005", "kg")
    (4501, -1)
    """
    match = _DECIMAL.fullmatch(text)
    if match is None:
        return parse_weight_mg(text, unit)  # which says what is wrong
    sign, whole, part = match.groups()
    decimals = _decimals(unit)
    kept = f"{sign}{whole}.{(part or '')[:decimals] or '0'}"
    amount_mg = abs(parse_weight_mg(kept, unit))
    if (part or "")[decimals : decimals + 1] >= "5":
        amount_mg += 1
    if amount_mg > MAX_MG:
        raise TooLarge(f"{_shown(text)} {unit} is beyond what the books can hold; check the unit")
    return -amount_mg if sign == "-" else amount_mg


def format_weight(mg: int, unit: str) -> str:
    """Return a weight of `mg` milligrams as exact decimal text in `unit`.

    There are no trailing zeros; zero is ``"0"``; negatives begin with ``"-"``.

    Examples
    --------
    >>> format_weight(436_212_400, "kg")
    '436.2124'
    """
    decimals = _decimals(unit)
    whole, part = divmod(abs(mg), 10**decimals)
    text = f"{whole}.{part:0{decimals}d}".rstrip("0").rstrip(".") if part else str(whole)
    return f"-{text}" if mg < 0 else text


def sum_mg(values: Iterable[int]) -> int:
    """Return the exact sum of weights in milligrams.

    Raises
    ------
    OverflowError
        If the sum does not fit the books (its size is beyond `MAX_MG`). Partial sums may be
        larger, so that the answer does not depend on the order of the values.
    """
    total_mg = sum(values)
    if abs(total_mg) > MAX_MG:
        raise OverflowError(f"a sum of {total_mg} mg is beyond what the books can hold")
    return total_mg


def round_mg(mg: int, step_mg: int) -> int:
    """Round `mg` to a multiple of `step_mg`, halves away from zero.

    Examples
    --------
    >>> round_mg(601_200, 1000), round_mg(-500, 1000), round_mg(499, 1000)
    (601000, -1000, 0)
    """
    if step_mg <= 0:
        raise ValueError(f"the rounding step must be positive, not {step_mg} mg")
    size_mg = (2 * abs(mg) + step_mg) // (2 * step_mg) * step_mg
    return -size_mg if mg < 0 else size_mg


def ratio(fissile_mg: int | None, element_mg: int) -> Fraction | None:
    """Return fissile over element weight, or None where it is not known or not defined."""
    if fissile_mg is None or element_mg == 0:
        return None
    return Fraction(fissile_mg, element_mg)


class EffectiveKg(NamedTuple):
    """Effective kilograms of a batch.

    Attributes
    ----------
    value : Fraction
    assumed : bool
        True if the enrichment of depleted uranium was not known and taken as 0.5 % or less.
    """

    value: Fraction
    assumed: bool


class EffectiveKgRule(NamedTuple):
    """Numbers of INFCIRC/153 paragraph 104."""

    square_from: Fraction = Fraction(1, 100)
    """Enrichment from which weight times enrichment squared counts."""
    low_up_to: Fraction = Fraction(5, 1000)
    """Enrichment up to and including which `low_factor` counts."""
    middle_factor: Fraction = Fraction(1, 10_000)
    low_factor: Fraction = Fraction(5, 100_000)
    thorium_factor: Fraction = Fraction(5, 100_000)
    natural_enrichment: Fraction = NATURAL_ENRICHMENT


EFFECTIVE_KG_RULE = EffectiveKgRule()


def effective_kg(
    category: Category,
    element_mg: int,
    fissile_mg: int | None,
    *,
    enrichment: Fraction | None = None,
    rule: EffectiveKgRule = EFFECTIVE_KG_RULE,
) -> EffectiveKg:
    """Return the effective kilograms of one batch (INFCIRC/153 paragraph 104).

    Compute it per batch and add: the average enrichment of an area gives another number.

    Parameters
    ----------
    category : Category
    element_mg, fissile_mg : int, int or None
        Weight of the element and of its U-233 + U-235, in milligrams.
    enrichment : Fraction, optional
        What is known of the batch otherwise; goes before `fissile_mg`.
    rule : EffectiveKgRule, optional

    Raises
    ------
    ValueError
        If neither fissile weight nor enrichment is given for enriched or unified uranium.

    Notes
    -----
    Natural uranium of unstated enrichment has the natural one by definition. Depleted uranium
    of unstated enrichment is taken as 0.5 % or less, and the answer says so (our choice).
    """
    weight_kg = Fraction(element_mg, _MG_PER_KG)
    if category is Category.PLUTONIUM:
        return EffectiveKg(weight_kg, False)
    if category is Category.THORIUM:
        return EffectiveKg(weight_kg * rule.thorium_factor, False)
    known = enrichment if enrichment is not None else ratio(fissile_mg, element_mg)
    assumed = False
    if known is None:
        if element_mg == 0:
            return EffectiveKg(Fraction(0), False)
        if category is Category.NATURAL:
            known = rule.natural_enrichment
        elif category is Category.DEPLETED:
            known, assumed = rule.low_up_to, True
        else:
            raise ValueError(
                f"the fissile weight of {category.name.lower()} uranium is needed to count "
                "effective kilograms"
            )
    if known >= rule.square_from:
        return EffectiveKg(weight_kg * known * known, assumed)
    factor = rule.middle_factor if known > rule.low_up_to else rule.low_factor
    return EffectiveKg(weight_kg * factor, assumed)


def effective_kg_text(value: Fraction) -> str:
    """Return a fraction as decimal text: up to 12 decimals, halves away from zero.

    Examples
    --------
    >>> effective_kg_text(Fraction(2, 3)), effective_kg_text(Fraction(1, 10))
    ('0.666666666667', '0.1')
    """
    scaled = abs(value) * 10**12
    units = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    whole, part = divmod(units, 10**12)
    text = f"{whole}.{part:012d}".rstrip("0").rstrip(".")
    return f"-{text}" if value < 0 and units else text


class SignificantQuantities(NamedTuple):
    """Kilograms that make one significant quantity (SQ) of each material.

    The weights of plutonium, natural and depleted uranium and thorium are element weights, the
    others weights of the fissile isotope.
    """

    plutonium_kg: Fraction = Fraction(8)
    uranium_233_kg: Fraction = Fraction(8)
    high_enriched_kg: Fraction = Fraction(25)
    low_enriched_kg: Fraction = Fraction(75)
    natural_kg: Fraction = Fraction(10_000)
    depleted_kg: Fraction = Fraction(20_000)
    thorium_kg: Fraction = Fraction(20_000)
    high_enriched_from: Fraction = HIGH_ENRICHMENT


SIGNIFICANT_QUANTITIES = SignificantQuantities()


def significant_quantities(
    category: Category,
    element_mg: int,
    fissile_mg: int | None,
    *,
    fissile_base: str = "U-235",
    table: SignificantQuantities = SIGNIFICANT_QUANTITIES,
    natural: Fraction = NATURAL_ENRICHMENT,
) -> Fraction:
    """Return how many significant quantities one batch is.

    Parameters
    ----------
    category : Category
    element_mg, fissile_mg : int, int or None
        Weights in milligrams; natural and depleted uranium count by the element.
    fissile_base : {"U-235", "U-233", "U-233+U-235"}
        What `fissile_mg` stands for. A weight of U-233 and U-235 together counts as U-233, the
        stricter of the two, because it cannot be split (our choice).
    table : SignificantQuantities, optional
    natural : Fraction, optional
        Natural enrichment, for uranium accounted as one category.

    Raises
    ------
    ValueError
        If enriched or unified uranium comes without fissile weight, or the base is unknown.
    """
    if fissile_base not in FISSILE_BASES:
        raise ValueError(f"{fissile_base!r} is not one of {', '.join(FISSILE_BASES)}")
    weight_kg = Fraction(element_mg, _MG_PER_KG)
    by_element = {
        Category.PLUTONIUM: table.plutonium_kg,
        Category.NATURAL: table.natural_kg,
        Category.DEPLETED: table.depleted_kg,
        Category.THORIUM: table.thorium_kg,
    }
    if category in by_element:
        return weight_kg / by_element[category]
    if fissile_mg is None:
        raise ValueError(
            f"the fissile weight of {category.name.lower()} uranium is needed to count "
            "significant quantities"
        )
    fissile_kg = Fraction(fissile_mg, _MG_PER_KG)
    if fissile_base != "U-235":
        return fissile_kg / table.uranium_233_kg
    enrichment = ratio(fissile_mg, element_mg)
    if category is Category.UNIFIED and enrichment is not None and enrichment <= natural:
        return weight_kg / (table.natural_kg if enrichment == natural else table.depleted_kg)
    high = enrichment is not None and enrichment >= table.high_enriched_from
    return fissile_kg / (table.high_enriched_kg if high else table.low_enriched_kg)


def enrichment_class(
    element_mg: int,
    fissile_mg: int,
    *,
    natural: Fraction = NATURAL_ENRICHMENT,
    tolerance: Fraction = Fraction(0),
) -> EnrichmentClass:
    """Return D, N, L or H: depleted, natural, low (below 20 %) or high enriched uranium.

    Raises
    ------
    ValueError
        If `element_mg` is not positive: no uranium, no enrichment.
    """
    if element_mg <= 0:
        raise ValueError("an enrichment class needs a positive weight of uranium")
    enrichment = Fraction(fissile_mg, element_mg)
    if enrichment < natural - tolerance:
        return "D"
    if enrichment <= natural + tolerance:
        return "N"
    return "L" if enrichment < HIGH_ENRICHMENT else "H"


def enrichment_interval(
    element_mg: int,
    fissile_mg: int,
    *,
    element_step_mg: int = 1000,
    fissile_step_mg: int = 1000,
) -> tuple[Fraction, Fraction]:
    """Return the lowest and highest enrichment that rounded weights leave possible.

    Each weight may be half a rounding step off. Question a category only when the whole
    interval lies on the wrong side of the limit. The interval never leaves 0 to 1.

    Raises
    ------
    ValueError
        If a weight is negative: an interval is for content, not for differences.
    """
    if element_mg < 0 or fissile_mg < 0:
        raise ValueError("an enrichment interval needs weights that are not negative")
    one = Fraction(1)
    most_mg = Fraction(2 * element_mg + element_step_mg, 2)
    least_mg = Fraction(2 * element_mg - element_step_mg, 2)
    low_mg = max(Fraction(2 * fissile_mg - fissile_step_mg, 2), Fraction(0))
    high_mg = Fraction(2 * fissile_mg + fissile_step_mg, 2)
    low = min(low_mg / most_mg, one) if most_mg else Fraction(0)
    return low, (min(high_mg / least_mg, one) if least_mg > 0 else one)


def _decimals(unit: str) -> int:
    try:
        return _DECIMALS_OF_UNIT[unit]
    except KeyError:
        raise ValueError(f"a weight is in 'g' or 'kg', not {unit!r}") from None


def _shown(text: str) -> str:
    """Return `text` quoted and short enough for a message."""
    return repr(text if len(text) <= 40 else f"{text[:37]}...")
