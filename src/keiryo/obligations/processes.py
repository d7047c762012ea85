"""How labels pass through enrichment, irradiation and decay: in proportion to the element.

What comes out of a process is obligated in the proportion of the obligated material that went in
(ASNO Annual Report 2021-22, Appendix C). All answers are exact fractions of what was given; a
decay is as exact as its exponential.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import log

from keiryo.errors import UsageError
from keiryo.obligations.apportion import Exact
from keiryo.obligations.cells import ExactCells, exact_share, total
from keiryo.obligations.labels import with_labels

HALF_LIFE_PU241_YEARS = Fraction("14.35")
"""As in the worked example of decay; a facility may name another one."""


@dataclass(frozen=True, slots=True)
class Enrichment:
    """An enrichment: what goes in and what comes out.

    Attributes
    ----------
    product, feed, tails : Fraction
        Uranium, in the unit of the product.
    product_u235, feed_u235, tails_u235 : Fraction
    work_swu : float
        Separative work in the unit of the product (kg: kg SWU).
    """

    product: Fraction
    feed: Fraction
    tails: Fraction
    product_u235: Fraction
    feed_u235: Fraction
    tails_u235: Fraction
    work_swu: float


def enrichment(product: Exact, of_product: Exact, of_tails: Exact, of_feed: Exact) -> Enrichment:
    """Return feed, tails and separative work of an enrichment.

    Parameters
    ----------
    product : int or Fraction
        Uranium of the product.
    of_product, of_tails, of_feed : int or Fraction
        Mass fractions of U-235.

    Raises
    ------
    UsageError
        Unless 0 < tails < feed < product < 1.
    """
    top, low, base = Fraction(of_product), Fraction(of_tails), Fraction(of_feed)
    if not 0 < low < base < top < 1:
        raise UsageError(
            "enrichments must rise from tails over feed to product, between 0 and 1",
            "Give mass fractions: 0.711 % is 0.00711.",
        )
    made = Fraction(product)
    feed = made * (top - low) / (base - low)
    tails = feed - made
    work = float(made) * _value(top) + float(tails) * _value(low) - float(feed) * _value(base)
    return Enrichment(made, feed, tails, made * top, feed * base, tails * low, work)


def _value(fraction: Fraction) -> float:
    """Return the value function of separation."""
    x = float(fraction)
    return (2 * x - 1) * log(x / (1 - x))


def enriched_cells(
    feed: ExactCells, product: Exact, tails: Exact, attached: Iterable[str] = ()
) -> tuple[dict[str, Fraction], dict[str, Fraction]]:
    """Return the cells of product and tails; both stay obligated in the proportion of the feed.

    `attached` are labels that the place of enrichment adds to both.
    """
    labels = list(attached)
    return (
        _with(exact_share(feed, product), labels),
        _with(exact_share(feed, tails), labels),
    )


@dataclass(frozen=True, slots=True)
class Irradiation:
    """An assembly after irradiation, by label set.

    Attributes
    ----------
    uranium, u235, plutonium : dict of str to Fraction
        What is discharged.
    loss : dict of str to Fraction
        Uranium that was consumed (nuclear loss, LN).
    """

    uranium: Mapping[str, Fraction]
    u235: Mapping[str, Fraction]
    plutonium: Mapping[str, Fraction]
    loss: Mapping[str, Fraction]


def irradiated(
    loaded: ExactCells,
    uranium: Exact,
    u235: Exact,
    plutonium: Exact,
    equipment: Iterable[str] = (),
) -> Irradiation:
    """Return the cells of a discharged assembly by the shares of its initial uranium.

    Parameters
    ----------
    loaded : mapping
        Cells of the assembly's initial uranium: of the assembly, not of the core.
    uranium, u235, plutonium : int or Fraction
        At discharge, in the unit of the cells.
    equipment : iterable of str
        Labels that the reactor carries; they are added to the plutonium that it produces.

    Raises
    ------
    UsageError
        If there is more uranium at discharge than at loading, or more U-235 than uranium.
    """
    lost = total(loaded) - Fraction(uranium)
    if lost < 0 or Fraction(u235) > Fraction(uranium):
        raise UsageError(
            "an assembly cannot hold more uranium at discharge than at loading, nor more U-235 "
            "than uranium",
            "Check the quantities and their units.",
        )
    return Irradiation(
        exact_share(loaded, uranium),
        exact_share(loaded, u235),
        _with(exact_share(loaded, plutonium), list(equipment)),
        exact_share(loaded, lost),
    )


def decayed(
    plutonium: ExactCells,
    pu241: Exact,
    years: Exact,
    half_life_years: Exact = HALF_LIFE_PU241_YEARS,
) -> tuple[dict[str, Fraction], Fraction]:
    """Return the loss of each cell by the decay of Pu-241, and the loss in all.

    Right within one batch only, which has one composition and one reference date.

    Parameters
    ----------
    plutonium : mapping
        Cells of the batch.
    pu241 : int or Fraction
        Pu-241 in it at the beginning, in the same unit.
    years : int or Fraction
    half_life_years : int or Fraction, optional
    """
    left = 0.5 ** (float(years) / float(half_life_years))
    lost = Fraction(pu241) * (1 - Fraction(left))
    return exact_share(plutonium, lost), lost


@dataclass(frozen=True, slots=True)
class DownBlend:
    """High enriched uranium mixed down: the diluent that it takes, and the product."""

    diluent: Fraction
    product: Fraction
    product_u235: Fraction


def down_blend(heu: Exact, of_heu: Exact, of_product: Exact, of_diluent: Exact) -> DownBlend:
    """Return the diluent and the product of a down-blending.

    Parameters
    ----------
    heu : int or Fraction
        Uranium to be mixed down.
    of_heu, of_product, of_diluent : int or Fraction
        Mass fractions of U-235.

    Raises
    ------
    UsageError
        Unless diluent < product < what is mixed down.
    """
    high, wanted, low = Fraction(of_heu), Fraction(of_product), Fraction(of_diluent)
    if not 0 <= low < wanted < high <= 1:
        raise UsageError(
            "the product of a down-blending lies between the diluent and what is mixed down",
            "Give mass fractions of U-235 between 0 and 1.",
        )
    diluent = Fraction(heu) * (high - wanted) / (wanted - low)
    product = Fraction(heu) + diluent
    return DownBlend(diluent, product, product * wanted)


def _with(cells: Mapping[str, Fraction], labels: list[str]) -> dict[str, Fraction]:
    found: dict[str, Fraction] = {}
    for key, value in cells.items():
        whole = with_labels(key, labels)
        found[whole] = found.get(whole, Fraction(0)) + value
    return dict(sorted(found.items()))
