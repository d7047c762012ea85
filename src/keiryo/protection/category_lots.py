"""What a lot counts with in the table of categories: its class, and its mass by row.

A lot is a batch or item with its materials. Material that is not irradiated counts with what it
holds; so does fuel whose dose rate at 1 m unshielded is no longer above 1 Gy/h, because the table
then calls it unirradiated. Where the table gives no single reading, nothing is reduced and the lot
is left for the State to decide.

References
----------
IAEA INFCIRC/225/Rev.5 (Nuclear Security Series 13), Table 1 and its notes.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from fractions import Fraction

from keiryo.protection.inputs import Problem

NATURAL_ENRICHMENT = Fraction(711, 100_000)
"""Mass fraction of uranium-235 in natural uranium."""
LOW_FROM, HIGH_FROM = Fraction(1, 10), Fraction(1, 5)
"""Enrichments from which on uranium counts in the rows U5M and U5H."""
EXEMPT_ABOVE = Fraction(4, 5)
"""Plutonium with a larger fraction of plutonium-238 is not in the table."""
UNIRRADIATED_UP_TO_GY_H = Fraction(1)
"""Dose rate at 1 m unshielded up to which irradiated material counts as unirradiated."""

DEPLETED, NATURAL, THORIUM, LEU, OTHER = "depleted", "natural", "thorium", "leu", "other"
ORIGINAL_FORMS = (DEPLETED, NATURAL, THORIUM, LEU, OTHER)
"""What fuel was before it was irradiated."""
MATERIALS = ("plutonium", "natural", "depleted", "enriched", "unified", "thorium")
"""What the books call a material; of natural and depleted uranium the name decides."""


class Row(StrEnum):
    """Rows of the table for unirradiated material."""

    PU = "PU"
    U5H = "U5H"
    U5M = "U5M"
    U5L = "U5L"
    U3 = "U3"


ROWS = tuple(Row)


class Standing(Enum):
    """How a lot counts at its place."""

    UNREDUCED = "F"
    REDUCED = "H"
    LOW = "L"


@dataclass(frozen=True, slots=True)
class Material:
    """One material of a lot, in kilograms.

    Attributes
    ----------
    kind : str
        One of `MATERIALS`.
    element_kg : Fraction
    u235_kg, u233_kg : Fraction or None
    fissile_kg : Fraction or None
        Uranium-233 and uranium-235 together, where no more is stated.
    enrichment : Fraction or None
        Mass fraction of uranium-235, where its mass is not stated.
    """

    kind: str
    element_kg: Fraction
    u235_kg: Fraction | None = None
    u233_kg: Fraction | None = None
    fissile_kg: Fraction | None = None
    enrichment: Fraction | None = None

    @property
    def is_uranium(self) -> bool:
        """Whether it is uranium of any kind."""
        return self.kind not in ("plutonium", "thorium")


@dataclass(frozen=True, slots=True)
class Attributes:
    """What is recorded about a lot for its protection; kilograms are before irradiation."""

    irradiated: bool | None = None
    dose_rate_gy_h: Fraction | None = None
    original_form: str | None = None
    original_pu_kg: Fraction | None = None
    original_u233_kg: Fraction | None = None
    original_u235_kg: Fraction | None = None
    original_enrichment: Fraction | None = None
    pu238_fraction: Fraction | None = None
    reduction_decision_ref: str | None = None
    review_on: datetime.date | None = None


@dataclass(frozen=True, slots=True)
class Lot:
    """A batch or item with its materials, where it is, and what is recorded about it."""

    batch: str
    materials: tuple[Material, ...] = ()
    place: str = ""
    attributes: Attributes = field(default_factory=Attributes)

    @property
    def pointer(self) -> str:
        """The lot as a warning names it."""
        return f"/batches/{self.batch.replace('~', '~0').replace('/', '~1')}"


@dataclass(frozen=True, slots=True)
class Counted:
    """A lot as it counts.

    Attributes
    ----------
    lot : Lot
    irradiated_class : str
        ``F``, ``L`` or ``H``.
    standing : Standing
        A lot of class ``H`` without a decision counts with those of class ``F``.
    masses : mapping of Row to Fraction
        Kilograms by row of the table.
    undecided, exempt : str or None
        ``NEEDS_STATE_DECISION`` or ``NEEDS_SPLIT``; ``EXEMPT_PU238``.
    warnings : tuple of Problem
    """

    lot: Lot
    irradiated_class: str
    standing: Standing
    masses: Mapping[Row, Fraction]
    undecided: tuple[str, ...] = ()
    exempt: str | None = None
    warnings: tuple[Problem, ...] = ()


def row_of_enrichment(enrichment: Fraction) -> Row | None:
    """Return the row in which uranium-235 counts; None at or below natural enrichment."""
    if enrichment >= HIGH_FROM:
        return Row.U5H
    if enrichment >= LOW_FROM:
        return Row.U5M
    return Row.U5L if enrichment > NATURAL_ENRICHMENT else None


def added(parts: Iterable[Mapping[Row, Fraction]]) -> dict[Row, Fraction]:
    """Return masses by row added up; rows with mass only."""
    total: dict[Row, Fraction] = {}
    for part in parts:
        for row, mass in part.items():
            if mass:
                total[row] = total.get(row, Fraction(0)) + mass
    return {row: total[row] for row in ROWS if row in total}


def lot_problems(lot: Lot) -> Iterator[Problem]:
    """Yield why a lot cannot be: each with the code ``LOT_INVALID``."""
    for material in lot.materials:
        for told in _material_problems(material):
            yield Problem("LOT_INVALID", lot.pointer, f"{lot.batch}, {material.kind}: {told}")
    known = lot.attributes
    for name in ("original_enrichment", "pu238_fraction"):
        value = getattr(known, name)
        if value is not None and not 0 <= value <= 1:
            told = f"{name.replace('_', ' ')} lies outside 0 to 1"
            yield Problem("LOT_INVALID", lot.pointer, f"{lot.batch}: {told}")
    for name in ("original_pu_kg", "original_u233_kg", "original_u235_kg", "dose_rate_gy_h"):
        value = getattr(known, name)
        if value is not None and value < 0:
            told = f"{name.replace('_', ' ')} is negative"
            yield Problem("LOT_INVALID", lot.pointer, f"{lot.batch}: {told}")


def _material_problems(material: Material) -> Iterator[str]:
    if material.kind not in MATERIALS:
        yield "it is no kind of material"
        return
    stated = (material.u235_kg, material.u233_kg, material.fissile_kg)
    masses = [mass for mass in stated if mass is not None]
    if material.element_kg < 0 or any(mass < 0 for mass in masses):
        yield "its mass is negative"
    elif sum(masses, Fraction(0)) > material.element_kg:
        yield "its fissile mass is larger than the mass of the element"
    enrichment = material.enrichment
    if enrichment is not None and not 0 <= enrichment <= 1:
        yield "its enrichment lies outside 0 to 1"
    if material.kind in ("enriched", "unified") and not masses and enrichment is None:
        yield "neither its enrichment nor its fissile mass is stated"


def counted(lot: Lot, on: datetime.date | None = None) -> Counted:
    """Return how a lot counts.

    Parameters
    ----------
    lot : Lot
        One without `lot_problems`.
    on : datetime.date, optional
        The day; a reduction whose review was due before it is not applied. Default: no review is
        overdue.
    """
    present, undecided, exempt, told = _present(lot)
    known, warnings = lot.attributes, []
    if not known.irradiated:
        return Counted(lot, "F", Standing.UNREDUCED, present, undecided, exempt, told)
    if known.dose_rate_gy_h is None:
        warnings.append(_warning(lot, "DOSE_RATE_MISSING", "is irradiated, its dose rate unknown"))
    if known.dose_rate_gy_h is None or known.dose_rate_gy_h <= UNIRRADIATED_UP_TO_GY_H:
        if known.dose_rate_gy_h is not None:
            words = "no longer exceeds 1 Gy/h at 1 m; it counts as unirradiated"
            warnings.append(_warning(lot, "SELF_PROTECTION_LAPSED", words))
        masses = present if _was_low(known) else _larger(present, original_masses(known))
        unreduced = (Standing.UNREDUCED, masses, undecided, exempt, (*told, *warnings))
        return Counted(lot, "F", *unreduced)
    if _was_low(known):
        return Counted(lot, "L", Standing.LOW, {}, (), exempt)
    if _needs_state_decision(lot):
        reasons = ("NEEDS_STATE_DECISION", *undecided)
        masses = _larger(present, original_masses(known))
        return Counted(lot, "H", Standing.UNREDUCED, masses, reasons, exempt, told)
    overdue = known.review_on is not None and on is not None and known.review_on < on
    if known.reduction_decision_ref and not overdue:
        return Counted(lot, "H", Standing.REDUCED, original_masses(known), (), exempt)
    if known.reduction_decision_ref:
        words = f"was to be reviewed by {known.review_on}; the reduction is not applied"
        warnings.append(_warning(lot, "REVIEW_OVERDUE", words))
    masses = _larger(present, original_masses(known))
    return Counted(lot, "H", Standing.UNREDUCED, masses, undecided, exempt, (*told, *warnings))


def original_masses(known: Attributes) -> dict[Row, Fraction]:
    """Return the fissile content before irradiation by row.

    Uranium-235 of unknown enrichment counts as high enriched, the strictest reading.
    """
    zero = Fraction(0)
    found = {Row.PU: known.original_pu_kg or zero, Row.U3: known.original_u233_kg or zero}
    u235, enrichment = known.original_u235_kg or zero, known.original_enrichment
    row = Row.U5H if enrichment is None else row_of_enrichment(enrichment)
    if row is not None:
        found[row] = u235
    return added([found])


def _present(
    lot: Lot,
) -> tuple[dict[Row, Fraction], tuple[str, ...], str | None, tuple[Problem, ...]]:
    """Return what a lot holds now by row, what is undecided or exempt, and warnings."""
    parts: list[dict[Row, Fraction]] = []
    exempt, split, warnings = None, False, []
    for material in lot.materials:
        if material.kind == "plutonium":
            fraction = lot.attributes.pu238_fraction
            if fraction is not None and fraction > EXEMPT_ABOVE:
                exempt = "EXEMPT_PU238"
                continue
            if fraction is None and material.element_kg:
                words = "does not state its plutonium-238; none is assumed, so it is not exempt"
                warnings.append(_warning(lot, "PU238_ASSUMED_0", words))
            parts.append({Row.PU: material.element_kg})
        elif material.kind in ("enriched", "unified"):
            parts.append(_uranium(material))
            split = split or bool(material.fissile_kg)
    undecided = ("NEEDS_SPLIT",) if split else ()
    return added(parts), undecided, exempt, tuple(warnings)


def _uranium(material: Material) -> dict[Row, Fraction]:
    """Return the mass by row of enriched or unified uranium; mixed fissile counts as U-233."""
    found = {Row.U3: (material.u233_kg or Fraction(0)) + (material.fissile_kg or Fraction(0))}
    mass = material.u235_kg
    if mass is None:
        mass = material.element_kg * (material.enrichment or 0)
    enrichment = mass / material.element_kg if material.element_kg else Fraction(0)
    row = row_of_enrichment(enrichment)
    if row is not None:
        found[row] = mass
    return found


def _was_low(known: Attributes) -> bool:
    """Return whether fuel was depleted or natural uranium, thorium, or enriched below 10 %."""
    if known.original_pu_kg or known.original_u233_kg:
        return False
    if known.original_form == LEU:
        return known.original_enrichment is not None and known.original_enrichment < LOW_FROM
    if known.original_form == THORIUM:
        return not known.original_u235_kg
    return known.original_form in (DEPLETED, NATURAL)


def _needs_state_decision(lot: Lot) -> bool:
    """Return whether the table gives no single reading for fuel that was not low enriched.

    So it is for mixed fuel of plutonium and uranium or thorium, for low enriched fuel of unknown
    enrichment, and where the original fissile content is not stated.
    """
    known = lot.attributes
    originals = (known.original_pu_kg, known.original_u233_kg, known.original_u235_kg)
    if not any(originals) or (known.original_form == LEU and known.original_enrichment is None):
        return True
    uranium = known.original_u233_kg or known.original_u235_kg
    with_uranium = uranium or any(material.is_uranium for material in lot.materials)
    mixed = with_uranium or known.original_form in (DEPLETED, NATURAL, LEU, THORIUM)
    return bool(known.original_pu_kg and mixed)


def _larger(one: Mapping[Row, Fraction], other: Mapping[Row, Fraction]) -> dict[Row, Fraction]:
    zero = Fraction(0)
    return added([{row: max(one.get(row, zero), other.get(row, zero)) for row in ROWS}])


def _warning(lot: Lot, code: str, words: str) -> Problem:
    return Problem(code, lot.pointer, f"{lot.batch} {words}")
