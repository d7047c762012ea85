"""Weights as a report states them: rounded entries, and the balance that goes with them.

Every entry is rounded on its own, after the items of its batch were added, half away from zero
and never coarser than the unit. A line of the balance is rounded after its terms were added as
measured; the difference to the sum of the entries *as they were reported* is stated as ``RAxx``
(Code 10, labels 411 and 600 to 800)::

    RAxx = (sum of the terms as reported in ICRs or PIL) - (rounded sum in the MBR)
    RABE = PB + IC - BE     RABA = PB + IC - DI - BA     RAMF = BA - PE - MF

Rebatching stands in no balance, so nothing could adjust it there; its two sides are rounded so
that they stay equal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from keiryo.accounts.balance import assembled, in_order
from keiryo.accounts.equations import BALANCE_LINES
from keiryo.accounts.model import ZERO, Amount, Lines, total
from keiryo.accounts.rounding import adjust, adjust_results, rounded
from keiryo.quantities import Category, round_mg
from keiryo.reports.model import ELEMENT_LABELS, WEIGHT_LABELS, Entry, Weight, weight_unit
from keiryo.vocabulary import Profile

Sums = Mapping[str, Mapping[Category, Amount]]
"""By code, by category."""

_BALANCED_FISSILE = (Category.ENRICHED, Category.UNIFIED)


def step_mg(rules: Profile, label: str) -> int:
    """Return to how many milligrams a weight is rounded; 1 means not at all.

    Isotopes are rounded to the gram where their element is rounded.
    """
    steps = rules.rounding_step_mg
    if label in ELEMENT_LABELS:
        return steps[weight_unit(label)]
    element_unit = "kg" if label in ("770", "780") else "g"
    return 1000 if steps[element_unit] > 1 else 1


def rounded_entries(entries: Sequence[Entry], rules: Profile) -> list[Entry]:
    """Return entries with the weights that a report states under a profile."""
    rounded = [
        replace(
            entry,
            weights=tuple(Weight(w.label, round_mg(w.mg, step_mg(rules, w.label)))
                          for w in entry.weights),
        )
        for entry in entries
    ]  # fmt: skip
    for label in WEIGHT_LABELS:
        step = step_mg(rules, label)
        if step > 1:
            _keep_rebatching_equal(entries, rounded, label, step)
    return rounded


def _keep_rebatching_equal(
    exact: Sequence[Entry], rounded: list[Entry], label: str, step: int
) -> None:
    """Let RM and RP of one label stay equal: the side of more entries follows the other.

    What it has to take or give goes, a step each, to the entries that rounding moved farthest
    the other way, so that no entry is more than one step off what was measured.
    """
    places = {
        code: [
            n
            for n, e in enumerate(exact)
            if e.code == code and e.status == "N" and label in e.weights_mg()
        ]
        for code in ("RM", "RP")
    }

    def weighed(entries: Sequence[Entry], code: str) -> int:
        return sum(entries[n].weights_mg()[label] for n in places[code])

    if weighed(exact, "RM") != weighed(exact, "RP"):
        return
    follower = "RM" if len(places["RM"]) > len(places["RP"]) else "RP"
    leader = "RP" if follower == "RM" else "RM"
    missing = (weighed(rounded, leader) - weighed(rounded, follower)) // step
    one = step if missing > 0 else -step

    def moved_away(n: int) -> int:
        return (rounded[n].weights_mg()[label] - exact[n].weights_mg()[label]) * one

    for n in sorted(places[follower], key=moved_away)[: abs(missing)]:
        weights = tuple(
            Weight(w.label, w.mg + one) if w.label == label else w for w in rounded[n].weights
        )
        if all(weight.mg >= 0 for weight in weights):
            rounded[n] = replace(rounded[n], weights=weights)


@dataclass(frozen=True, slots=True)
class BalanceTerms:
    """What a material balance is made of: as measured, and as it was reported.

    Attributes
    ----------
    opening, ending : mapping of Category to Amount
        Inventories as the books have them.
    changes : sums by code and category
        Changes and DI as the books have them.
    stated_opening : mapping of Category to Amount
        Ending inventory of the balance before, as reported.
    stated_changes, stated_ending
        Sums of the entries as reports state them.
    """

    opening: Mapping[Category, Amount]
    changes: Sums
    ending: Mapping[Category, Amount]
    stated_opening: Mapping[Category, Amount]
    stated_changes: Sums
    stated_ending: Mapping[Category, Amount]


def stated_balance(terms: BalanceTerms, rules: Profile) -> Lines:
    """Return the lines of a balance as reported, with the adjustments that are not zero.

    PB, increases, category changes, decreases, BE, DI, BA, PE and MF; then RAxx.
    """
    opening = {**dict.fromkeys(terms.stated_opening, ZERO), **terms.opening}
    unrounded = assembled(opening, {c: dict(by) for c, by in terms.changes.items()}, terms.ending)
    lines: Lines = {
        code: {c: rounded(amount, rules.rounding_step_mg[c.unit]) for c, amount in by.items()}
        for code, by in unrounded.items()
    }
    for category in lines["PB"]:
        stated = terms.stated_opening.get(category, ZERO)
        lines["PB"][category] = _balanced(category, stated)
    for code in [c for c in lines if c not in BALANCE_LINES or c == "DI"]:
        _adjust_line(lines, code, terms.stated_changes.get(code, {}))
    _adjust_line(lines, "PE", terms.stated_ending)
    adjust_results(lines)
    return in_order(lines)


def _balanced(category: Category, amount: Amount) -> Amount:
    """Drop a fissile weight that is optional in reports and so cannot be balanced."""
    return amount if category in _BALANCED_FISSILE else Amount(amount.element_mg, None)


def _adjust_line(lines: Lines, code: str, stated: Mapping[Category, Amount]) -> None:
    for category in list(lines[code]):
        expected = _balanced(category, total([stated.get(category, ZERO)]))
        adjust(lines, code, category, expected)
