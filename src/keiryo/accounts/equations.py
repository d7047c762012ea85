"""The equations of a material balance, for whatever weighs: amounts, or milligrams of one label.

With what entries do to the book (INFCIRC/153 (Corrected), paragraphs 67, 98 and 102;
IAEA SG-FM-1172, Model Subsidiary Arrangement Code 10, label 411)::

    BE = PB + increases - decreases ± category changes
    BA = BE - DI
    MF = BA - PE
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from keiryo.accounts.model import ZERO, Amount
from keiryo.quantities import Category
from keiryo.vocabulary import entry_code

BALANCE_LINES = ("PB", "BE", "DI", "BA", "PE", "MF")
"""Lines of a balance that are no changes; the others are, but for rounding adjustments."""

Weighed = TypeVar("Weighed", int, Amount)


def is_change(code: str) -> bool:
    """Return whether a line of a balance states changes of the book."""
    return code not in BALANCE_LINES and not code.startswith("RA")


def book_sign(code: str, category: Category) -> int:
    """Return what an entry does to the book of a category: 1 raises, -1 lowers, 0 neither."""
    entry = entry_code(code)
    if entry.old_category is not None:
        if category == entry.old_category:
            return -1
        return 1 if category == entry.new_category else 0
    return entry.sign


def book_of(lines: Mapping[str, Mapping[Category, Amount]], category: Category) -> Amount:
    """Return the beginning inventory of a category with all changes, as the lines state them."""
    book = lines.get("PB", {}).get(category, ZERO)
    for code, by_category in lines.items():
        if is_change(code) and category in by_category:
            book = book + by_category[category].times(book_sign(code, category))
    return book


def results(
    book: Weighed, difference: Weighed, adjusted: Weighed, physical: Weighed
) -> tuple[tuple[str, Weighed], ...]:
    """Return what the lines BE, BA and MF must come to, with their rounding adjustments.

    Parameters
    ----------
    book
        The beginning inventory with all changes.
    difference, adjusted, physical
        The lines DI, BA and PE.
    """
    return ("BE", book), ("BA", book - difference), ("MF", adjusted - physical)
