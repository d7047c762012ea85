"""What MUF and its standard deviation mean: tests, a verdict, and the words for it.

One balance is tested one-sided for loss at the level alpha, two-sided for gain (a large negative
MUF is an anomaly, too), and held against limits. The probability to see the loss of one
significant quantity says what the verdict is worth.

Source: MUF is normally distributed with mean zero if nothing is missing; detection probability
of a loss L at false-alarm probability alpha: Φ(L/σ - z(1-α)).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from scipy.special import ndtr, ndtri

from keiryo.dates import Period
from keiryo.evaluation.limits import OF_SIGMA, Limit, held_against
from keiryo.evaluation.model import (
    ELEMENT,
    VERDICT_WORDS,
    Amounts,
    LimitTest,
    QuantityEvaluation,
    Use,
)
from keiryo.evaluation.propagation import MG_PER_KG, Propagated
from keiryo.limits import natural_enrichment, significant_quantity_table
from keiryo.quantities import Category, significant_quantities

NAMES = {
    Category.NATURAL: "natural uranium",
    Category.DEPLETED: "depleted uranium",
    Category.ENRICHED: "enriched uranium",
    Category.UNIFIED: "uranium",
    Category.PLUTONIUM: "plutonium",
    Category.THORIUM: "thorium",
}
_TARGET = re.compile(r"target|\bITV\b|STR-368", re.IGNORECASE)
_PROBABLE = 1e-12
"""A σ below this part of the amounts is rounding of the computer: no measurement error at all."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about one quantity of one balance.

    Attributes
    ----------
    mba : str
    category : Category
    quantity : str
    period : Period
    muf_mg : int
    uses : tuple of Use
        What enters the balance.
    alpha : float
    limits : tuple of Limit
    expected : tuple of (float, str, bool) or None
        Relative standard deviation expected of the facility, its source, whether it was verified.
    item_only : bool
        Whether all that the area holds are sealed items.
    isotope : str or None
        The isotope of the fissile weights of the balance, if it is known.
    balances : int
        How many balances are evaluated together.
    items_differ : bool
        Whether names or weights of sealed items differ from the book.
    said : frozenset of str
        Assumptions that stand with the element already.
    notes : tuple of str
        Further assumptions.
    """

    mba: str
    category: Category
    quantity: str
    period: Period
    muf_mg: int
    uses: tuple[Use, ...]
    alpha: float
    limits: tuple[Limit, ...]
    expected: tuple[float, str, bool] | None
    item_only: bool
    isotope: str | None = None
    balances: int = 1
    items_differ: bool = False
    said: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Goal:
    """One significant quantity of the material of a balance, kg, and why it is that one."""

    kg: float
    note: str = ""


def conclude(
    asked: Question, errors: Propagated, number: int, variance_kg2: float
) -> QuantityEvaluation:
    """Return what is concluded about one quantity of one balance.

    Parameters
    ----------
    asked : Question
    errors : Propagated
        The errors of the quantity.
    number : int
        The balance, from 0.
    variance_kg2 : float
        Variance of MUF by the error model.
    """
    amounts = errors.amounts[number]
    muf_kg = asked.muf_mg / MG_PER_KG
    covered = not errors.uncovered[number]
    sigma: float | None = None
    planned = not covered and asked.expected is not None and not asked.item_only
    if covered:
        sigma = variance_kg2**0.5
        if sigma <= _PROBABLE * amounts.active_kg:
            sigma = 0.0
    elif planned:
        assert asked.expected is not None
        sigma = asked.expected[0] * max(amounts.throughput_kg, amounts.inventory_kg)
    goal = goal_quantity(asked)
    goal_kg = None if goal is None else goal.kg
    z = muf_kg / sigma if sigma else None
    tests = tuple(held_against(asked.limits, muf_kg, sigma, amounts))
    verdict = _verdict(asked, sigma, z, tests)
    detection = None
    if sigma and goal_kg is not None:
        detection = float(ndtr(goal_kg / sigma + ndtri(asked.alpha)))
    p_loss = None if z is None else float(ndtr(-z))
    statement = " ".join(
        _sentences(asked, sigma, z, p_loss, verdict, tests, goal, detection, planned)
    )
    return QuantityEvaluation(
        quantity=asked.quantity,
        muf_mg=asked.muf_mg,
        sigma_kg=sigma,
        planned=planned,
        z=z,
        p_loss=p_loss,
        p_two_sided=None if z is None else float(2.0 * ndtr(-abs(z))),
        verdict=verdict,
        statement=statement,
        assumptions=tuple(_assumptions(asked, errors, number, amounts, tests, covered)),
        shares=errors.shares(number) if covered else (),
        term_shares=errors.term_shares(number) if covered else {},
        tests=tests,
        amounts=amounts,
        goal_kg=goal_kg,
        detection_probability=detection,
    )


def goal_quantity(asked: Question) -> Goal | None:
    """Return one significant quantity of the material of a balance, or None if it is not known.

    The element counts by the fraction of its isotope. Where only a part of the material is
    high-enriched uranium, the smaller quantity of that part is taken, and said.
    """
    table = significant_quantity_table(asked.period.end)
    natural = natural_enrichment(asked.period.end)[0]
    uses, note = asked.uses, ""
    high = tuple(use for use in uses if high_enriched(use, table.high_enriched_from))
    by_isotope = asked.category in (Category.ENRICHED, Category.UNIFIED)
    if by_isotope and "U-233" not in (asked.isotope or "") and 0 < len(high) < len(uses):
        uses = high
        note = (
            "A part of the material is high-enriched uranium, so its smaller significant "
            f"quantity is taken ({float(table.high_enriched_kg):g} kg U-235)."
        )
    element_mg = sum(use.element_mg for use in uses) or 1
    fissile: int | None = None
    if all(use.fissile_mg is not None for use in uses):
        fissile = sum(use.fissile_mg or 0 for use in uses)
    base = asked.quantity if asked.quantity != ELEMENT else asked.isotope or "U-235"
    try:
        count = significant_quantities(
            asked.category, element_mg, fissile, fissile_base=base, table=table, natural=natural
        )
    except ValueError:
        return None
    amount_mg = element_mg if asked.quantity == ELEMENT else fissile
    if not count or amount_mg is None:
        return None
    return Goal(float(Fraction(amount_mg, MG_PER_KG) / count), note)


def high_enriched(use: Use, threshold: Fraction = Fraction(1, 5)) -> bool:
    """Return whether the uranium of a line is high-enriched, by its fissile weight."""
    return bool(use.fissile_mg) and (use.fissile_mg or 0) >= threshold * use.element_mg


def _verdict(
    asked: Question, sigma: float | None, z: float | None, tests: Sequence[LimitTest]
) -> str:
    if asked.item_only:
        return "ITEMS-DIFFER" if asked.muf_mg or asked.items_differ else "ITEMS-AGREE"
    failed = [t for t in tests if t.passed is False]
    if any(t.form not in OF_SIGMA for t in failed):
        return "LIMIT-EXCEEDED"
    if sigma is None or (z is None and asked.muf_mg):
        return "NOT-EVALUATED"
    if z is not None and ndtr(-z) < asked.alpha:
        return "LOSS-INDICATED"
    if z is not None and ndtr(z) < asked.alpha / 2.0:
        return "GAIN-INDICATED"
    return "SIGMA-TOO-LARGE" if failed else "WITHIN-ERROR"


def _sentences(
    asked: Question,
    sigma: float | None,
    z: float | None,
    p_loss: float | None,
    verdict: str,
    tests: Sequence[LimitTest],
    goal: Goal | None,
    detection: float | None,
    planned: bool,
) -> Iterator[str]:
    muf_kg = asked.muf_mg / MG_PER_KG
    of = f"{NAMES[asked.category]} ({asked.quantity})"
    direction = "missing" if muf_kg > 0 else "found in excess"
    size = f"{amount(abs(muf_kg))} {direction}" if asked.muf_mg else "zero"
    words = VERDICT_WORDS[verdict]
    if sigma == 0.0 and verdict in ("NOT-EVALUATED", "WITHIN-ERROR"):
        words = "not evaluated: it has no measurement error" if asked.muf_mg else "nothing differs"
    yield f"{asked.mba}, {asked.period.start} to {asked.period.end}, {of}: MUF is {size}; {words}."
    if asked.item_only:
        yield "The items are compared by name and weight; no measurement error enters."
    elif sigma is None:
        yield "No standard deviation is known, so nothing can be said about chance."
    elif z is None or p_loss is None:
        yield (
            "By the declared errors nothing that enters was measured (or its standard deviation "
            "is zero), so no test can be computed"
            + ("; then MUF must be exactly zero." if asked.muf_mg else ".")
        )
    else:
        kind = "expected of such a facility" if planned else "of MUF"
        yield f"The standard deviation {kind} is {amount(sigma)}; MUF is {z:.2f} of it."
        if muf_kg >= 0:
            yield (
                "With nothing missing, chance alone gives as much or more in "
                f"{percent(p_loss)} of balances."
            )
        else:
            yield (
                "With nothing wrong, chance alone gives as little or less in "
                f"{percent(1.0 - p_loss)} of balances."
            )
    for test in tests:
        if test.passed is False:
            doubt = "" if test.verified else " (a limit not checked against its source)"
            yield (
                f"The limit {test.name!r} is exceeded: {test.value:.4g} against "
                f"{test.limit:.4g}{doubt}."
            )
    if sigma and detection is not None and goal is not None:
        yield _power(asked.alpha, goal, detection)


def _power(alpha: float, goal: Goal, detection: float) -> str:
    """Return what the test is worth: the loss of one significant quantity.

    The standard deviation needed for a detection probability of 95 % is L/(z(1-α) + z(0.95)).
    """
    quantiles = float(ndtri(0.95) - ndtri(alpha))
    needed = ""
    if quantiles > 0.0:
        needed = f"; 95 % needs a standard deviation of at most {amount(goal.kg / quantiles)}"
    note = f" {goal.note}" if goal.note else ""
    return (
        f"A loss of one significant quantity, here {amount(goal.kg)}, would be seen with a "
        f"probability of {percent(detection)} at {100.0 * alpha:.4g} % false alarms{needed}.{note}"
    )


def _assumptions(
    asked: Question,
    errors: Propagated,
    number: int,
    amounts: Amounts,
    tests: Iterable[LimitTest],
    covered: bool,
) -> Iterator[str]:
    yield from _level(asked)
    here = errors.errors.balance == number
    owners = set(errors.errors.source_of[errors.errors.variable[here]].tolist())
    used = [name for n, name in enumerate(errors.errors.sources) if n in owners]
    if used and covered:
        entries = [f"Error source {_source_words(errors, name)}." for name in used]
        new = [entry for entry in entries if entry not in asked.said]
        if len(new) < len(entries):
            yield "The error sources of the element count here, too."
        yield from new
        yield (
            "Errors of different sources are independent, of mean zero and small: they are "
            "propagated to first order."
        )
    targets = [n for n in used if _TARGET.search(errors.names[n].reference or "")]
    if targets and covered:
        yield (
            "Taken from target values and not from measurements of the facility: "
            + ", ".join(targets) + "."
        )  # fmt: skip
    if asked.expected is not None and not covered:
        fraction, source, verified = asked.expected
        doubt = "" if verified else "; not checked against its source"
        yield (
            f"The standard deviation is a planning value: {fraction:g} of the larger of "
            f"throughput and inventory ({source}{doubt})."
        )
    if amounts.cancelled_lines:
        yield (
            f"{amounts.cancelled_lines} lines rest on measurements that stand on both sides of "
            "the balance with the same weight: they cancel and bring no uncertainty."
        )
    if amounts.exact_kg:
        yield (
            f"{amount(amounts.exact_kg)} count as exact: sealed items that are counted, and "
            "differences of rounding."
        )
    if asked.quantity != ELEMENT and errors.strata_without_isotope and covered:
        listed = ", ".join(sorted(errors.strata_without_isotope))
        yield f"The isotope fraction counts as exact in: {listed}."
    yield "Nothing is missing from the books: hold-up that no line states is part of MUF."
    doubtful = [test.name for test in tests if not test.verified]
    if doubtful:
        yield "Limits not checked against their source: " + ", ".join(doubtful) + "."


def _level(asked: Question) -> Iterator[str]:
    if not asked.item_only:
        yield (
            f"Tests use a false-alarm probability of {100.0 * asked.alpha:.4g} % for each balance: "
            "all of it for a loss, half of it for a gain."
        )
    if asked.balances > 1 and not asked.item_only:
        yield (
            f"So with {asked.balances} balances a false alarm of some balance is more likely than "
            "that. Each statistic of the sequence keeps to it for all balances together."
        )
    yield from asked.notes


def _source_words(errors: Propagated, name: str) -> str:
    source = errors.names[name]
    sizes = []
    if source.relative_sd is not None:
        sizes.append(f"{100.0 * source.relative_sd:.6g} %")
    if source.absolute_sd_kg is not None:
        sizes.append(amount(source.absolute_sd_kg))
    method = f"{source.method}, " if source.method else ""
    reference = f", {source.reference}" if source.reference else ""
    return f"{name} ({method}{source.basis}, {source.kind}, {' and '.join(sizes)}{reference})"


def amount(kg: float) -> str:
    """Return an amount for people: four digits, in kilograms or grams."""
    if abs(kg) >= 1000.0:
        return f"{kg:,.0f} kg"
    return f"{kg:.4g} kg" if abs(kg) >= 1.0 or kg == 0.0 else f"{1000.0 * kg:.4g} g"


def percent(probability: float) -> str:
    """Return a probability for people."""
    if probability > 0.999:
        return "more than 99.9 %"
    if probability < 0.001:
        return "less than 0.1 %"
    return f"{100.0 * probability:.3g} %"
