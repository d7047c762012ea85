"""Numbers as text made exact integers, a whole column at once.

Weights become micrograms, mass fractions parts per thousand million, and element weights whole
milligrams: the exact product, rounded half away from zero. No binary fraction is ever computed
with. Where a file is finer than that, the mapping must say ``rounding = "milligram"``.
"""

from __future__ import annotations

import re
from decimal import Decimal

import polars as pl

PPB = 10**9
UG_PER_MG = 1000
MAX_UG = 10**18
"""A thousand tonnes; no item weighs more."""

_PLAIN = re.compile(r"([+-]?)([0-9]+)(?:\.([0-9]*))?")

GOOD, UNREADABLE, NEGATIVE, FINER, TOO_LARGE, BLANK = range(6)
"""What a text is: the states of `integers`."""


def integer_of(text: str, decimals: int) -> tuple[int | None, int]:
    """Return the number that a text states, times ``10**decimals``, and what was wrong with it.

    A number with more decimals is rounded half away from zero and marked `FINER`.

    Examples
    --------
    >>> integer_of("399.978917", 9), integer_of("-1", 0), integer_of("1,5", 0)
    ((399978917000, 0), (-1, 2), (None, 1))
    """
    stripped = text.strip()
    if not stripped:
        return None, BLANK
    match = _PLAIN.fullmatch(stripped)
    if match is None:
        plain = _without_exponent(stripped)
        match = _PLAIN.fullmatch(plain) if plain else None
        if match is None:
            return None, UNREADABLE
    sign, whole, part = match.group(1), match.group(2), (match.group(3) or "").rstrip("0")
    if len(whole.lstrip("0")) > 19:
        return None, TOO_LARGE
    value = int(whole + part[:decimals].ljust(decimals, "0"))
    state = GOOD
    if len(part) > decimals:
        state = FINER
        value += part[decimals] >= "5"
    if value > MAX_UG:
        return None, TOO_LARGE
    if sign == "-" and (value or state == FINER):
        return -value, NEGATIVE
    return value, state


def _without_exponent(text: str) -> str | None:
    """Return ``1.2e-3`` as ``0.0012``; None if it is no such number, or absurdly long."""
    if not re.fullmatch(r"[+-]?[0-9]+(\.[0-9]*)?[eE][+-]?[0-9]{1,2}", text):
        return None
    return format(Decimal(text), "f")


def integers(column: pl.Series, decimals: int) -> tuple[pl.Series, pl.Series]:
    """Return a column of texts as integers times ``10**decimals``, and the state of each.

    Each distinct text is looked at once.
    """
    distinct = column.unique()
    parsed = [integer_of(text, decimals) for text in distinct.to_list()]
    table = pl.DataFrame(
        {
            "text": distinct,
            "value": pl.Series([value for value, _ in parsed], dtype=pl.Int64),
            "state": pl.Series([state for _, state in parsed], dtype=pl.Int8),
        }
    )
    joined = column.to_frame("text").join(table, on="text", how="left", maintain_order="left")
    return joined["value"], joined["state"]


def product_mg(weight_ug: pl.Expr, fraction_ppb: pl.Expr) -> pl.Expr:
    """Return gross weight times mass fraction in whole milligrams, halves away from zero."""
    exact = weight_ug.cast(pl.Int128) * fraction_ppb.cast(pl.Int128)
    unit = PPB * UG_PER_MG
    half = pl.lit(unit // 2, dtype=pl.Int128)
    return ((exact + half) // pl.lit(unit, dtype=pl.Int128)).cast(pl.Int64)


def whole_mg(weight_ug: pl.Expr) -> pl.Expr:
    """Return a weight in micrograms as whole milligrams, halves away from zero."""
    return (weight_ug + UG_PER_MG // 2) // UG_PER_MG
