"""Amounts, knowledge and balances: what the books answer with.

A material balance of an MBA and category is, for the element and for the fissile weight
(INFCIRC/153, paragraphs 67, 98 and 102; Code 10, label 411)::

    BE = PB + increases - decreases ± category changes
    BA = BE - DI
    MF = BA - PE
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from keiryo.dates import Period
from keiryo.errors import Finding
from keiryo.quantities import MAX_MG, Category, format_weight

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class Amount:
    """An element weight with its fissile weight, in milligrams.

    Attributes
    ----------
    element_mg : int
    fissile_mg : int or None
        None where some of the material has no stated fissile weight.
    bases : frozenset of str
        What the fissile weight stands for, e.g. ``{"U-235"}``.
    """

    element_mg: int = 0
    fissile_mg: int | None = 0
    bases: frozenset[str] = frozenset()

    def __add__(self, other: Amount) -> Amount:
        """Add two amounts; the fissile weight is known only if both are."""
        fissile = None
        if self.fissile_mg is not None and other.fissile_mg is not None:
            fissile = _checked(self.fissile_mg + other.fissile_mg)
        return Amount(
            _checked(self.element_mg + other.element_mg), fissile, self.bases | other.bases
        )

    def __sub__(self, other: Amount) -> Amount:
        """Take an amount away; the fissile weight is known only if both are."""
        return self + other.times(-1)

    def times(self, sign: int) -> Amount:
        """Return the amount with a sign."""
        fissile = None if self.fissile_mg is None else sign * self.fissile_mg
        return replace(self, element_mg=sign * self.element_mg, fissile_mg=fissile)

    @property
    def is_zero(self) -> bool:
        """Whether nothing is there."""
        return self.element_mg == 0 and not self.fissile_mg


def _checked(value_mg: int) -> int:
    if abs(value_mg) > MAX_MG:
        raise OverflowError(f"{value_mg} mg is beyond what the books can hold")
    return value_mg


ZERO = Amount()


def total(amounts: Iterable[Amount]) -> Amount:
    """Return the checked sum of amounts."""
    result = ZERO
    for amount in amounts:
        result = result + amount
    return result


@dataclass(frozen=True, slots=True)
class Knowledge:
    """From when the books are seen: everything recorded, or what was known earlier.

    Attributes
    ----------
    through_act : int or None
        Only acts up to this number.
    known_on : datetime.date or None
        Only what was known on this day: a report counts from its date (label 003).
    recorded_by : str or None
        Only what was recorded by this UTC time; it is resolved to an act.
    """

    through_act: int | None = None
    known_on: datetime.date | None = None
    recorded_by: str | None = None

    @property
    def text(self) -> str | None:
        """The knowledge in the words in which it was asked for; None for everything."""
        if self.recorded_by is not None:
            return self.recorded_by
        if self.known_on is not None:
            return self.known_on.isoformat()
        return None if self.through_act is None else str(self.through_act)


NOW = Knowledge()

Lines = dict[str, dict[Category, Amount]]
"""Balance lines: by code, by category."""


@dataclass(frozen=True, slots=True)
class Balance:
    """The material balance of an MBA (or a State) over a period.

    Attributes
    ----------
    place : str
        MBA code, or country code for a State.
    period : Period
    knowledge : Knowledge
    lines : mapping of code to mapping of Category to Amount
        PB, changes, BE, DI, BA and, if a physical inventory taking ended the period, PE and MF;
        RAxx where rounding adjustments were reported or made.
    source : str
        ``"books"``: computed; ``"report"``: as reported, after a check against the books.
    findings : tuple of Finding
        Where a reported balance disagrees with the books.
    """

    place: str
    period: Period
    knowledge: Knowledge
    lines: Mapping[str, Mapping[Category, Amount]]
    source: str = "books"
    findings: tuple[Finding, ...] = field(default=())

    @property
    def categories(self) -> tuple[Category, ...]:
        """The categories that occur, in the order of `Category`."""
        present = {c for by_category in self.lines.values() for c in by_category}
        return tuple(c for c in Category if c in present)

    def frame(self) -> pl.DataFrame:
        """Return the balance as a frame: code, category, element and fissile weight in mg."""
        import polars as pl

        rows = [
            (code, str(category), amount.element_mg, amount.fissile_mg)
            for code, by_category in self.lines.items()
            for category, amount in by_category.items()
        ]
        names = dict.fromkeys(("code", "category"), pl.String())
        weights = dict.fromkeys(("element_mg", "fissile_mg"), pl.Int64())
        return pl.DataFrame(rows, schema={**names, **weights}, orient="row")

    def to_dict(self) -> dict[str, object]:
        """Return the balance as plain data, weights as exact decimals in the report's unit."""
        return {
            "mba": self.place,
            "from": self.period.start.isoformat(),
            "to": self.period.end.isoformat(),
            "as_known": self.knowledge.text,
            "lines": {
                code: {str(c): amount_dict(c, a) for c, a in by_category.items()}
                for code, by_category in self.lines.items()
            },
            "source": self.source,
        }


def amount_dict(category: Category, amount: Amount) -> dict[str, str]:
    """Return an amount as exact decimal texts: element in the category's unit, fissile in g."""
    shown = {"element": format_weight(amount.element_mg, category.unit)}
    if amount.fissile_mg is not None and category in (Category.ENRICHED, Category.UNIFIED):
        shown["fissile"] = format_weight(amount.fissile_mg, "g")
    return shown
