"""Rounded material balances and their rounding adjustments.

Figures are best reported unrounded. Where a State rounds, every term is rounded on its own, after
the items of a batch were added, and the balance carries the difference as ``RAxx`` (Code 10,
labels 411 and 600 to 800)::

    RAxx = (sum of the rounded terms as reported in ICRs or PIL) - (rounded sum in the MBR)
    RABE = PB + IC - BE     RABA = PB + IC - DI - BA     RAMF = BA - PE - MF

Decrease lines carry magnitudes, so their adjustment applies to the magnitude.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from keiryo.accounts.balance import assembled, in_order
from keiryo.accounts.equations import book_of, results
from keiryo.accounts.model import ZERO, Amount, Lines, total
from keiryo.quantities import Category, round_mg

Terms = Mapping[str, Mapping[Category, Sequence[Amount]]]
"""Unrounded terms by code and category: each change entry, PB, each batch of the listing (PE)."""


def rounded_balance(terms: Terms, element_steps_mg: Mapping[Category, int]) -> Lines:
    """Return the lines of a rounded balance with its rounding adjustments.

    Parameters
    ----------
    terms : mapping of code to mapping of Category to sequence of Amount
        The unrounded weights, one per entry as it is reported (per batch).
    element_steps_mg : mapping of Category to int
        To what element weights are rounded, in milligrams; fissile weights to the gram where
        elements are rounded, too.

    Returns
    -------
    Lines
        PB, changes, BE, DI, BA, PE, MF and those RAxx that are not zero.

    Examples
    --------
    >>> g = lambda *values: {Category.ENRICHED: [Amount(round(v * 1000)) for v in values]}
    >>> lines = rounded_balance(
    ...     {"PB": g(1000.4), "RF": g(500.4), "SD": g(200.4, 200.4, 200.4), "PE": g(898.9)},
    ...     {Category.ENRICHED: 1000},
    ... )
    >>> {code: lines[code][Category.ENRICHED].element_mg // 1000 for code in lines}
    {'PB': 1000, 'RF': 500, 'SD': 601, 'BE': 900, 'BA': 900, 'PE': 899, 'MF': 1, 'RABA': -1, \
'RABE': -1, 'RASD': -1}
    """
    exact = {code: {c: total(parts) for c, parts in by.items()} for code, by in terms.items()}
    opening, ending = exact.pop("PB", {}), exact.pop("PE", None)
    unrounded = assembled(opening, exact, ending)
    lines: Lines = {
        code: {c: rounded(a, element_steps_mg.get(c, 1)) for c, a in by.items()}
        for code, by in unrounded.items()
    }
    for code, by in unrounded.items():
        if code in terms:
            for category in by:
                reported = total(
                    rounded(a, element_steps_mg.get(category, 1))
                    for a in terms[code].get(category, ())
                )
                adjust(lines, code, category, reported)
    adjust_results(lines)
    return in_order(lines)


def rounded(amount: Amount, step_mg: int) -> Amount:
    """Return an amount rounded; the fissile weight to the gram where the element is rounded."""
    fissile = amount.fissile_mg
    if fissile is not None:
        fissile = round_mg(fissile, 1000 if step_mg > 1 else 1)
    return Amount(round_mg(amount.element_mg, step_mg), fissile, amount.bases)


def adjust(lines: Lines, code: str, category: Category, expected: Amount) -> None:
    """Book ``expected - line`` as rounding adjustment, if it is not zero."""
    difference = expected - lines[code][category]
    if not difference.is_zero:
        lines.setdefault(f"RA{code}", {})[category] = difference


def adjust_results(lines: Lines) -> None:
    """Book the rounding adjustments of BE, BA and MF."""
    for category in list(lines["BE"]):
        terms = [lines.get(code, {}).get(category, ZERO) for code in ("DI", "BA", "PE")]
        for code, expected in results(book_of(lines, category), *terms):
            if code in lines:
                adjust(lines, code, category, expected)
