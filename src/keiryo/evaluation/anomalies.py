"""What an evaluation must have answered: verdicts, alarms, what has no error, items that differ.

A verdict alone is easily read past. Each that says that material may be missing, or that was
found in excess, is a finding too, so that whoever runs the evaluation by a script hears of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from keiryo.dates import Period
from keiryo.errors import Finding, Severity
from keiryo.evaluation.conclusion import amount
from keiryo.evaluation.model import VERDICT_WORDS, QuantityEvaluation, Use
from keiryo.evaluation.origins import batches_of
from keiryo.evaluation.propagation import MG_PER_KG, Uncovered
from keiryo.evaluation.sealed_items import ItemComparison
from keiryo.quantities import Category

TO_BE_ANSWERED = ("LIMIT-EXCEEDED", "LOSS-INDICATED", "GAIN-INDICATED")
_BOTH_WAYS = ("gemuf_v1",)
"""Statistics that react to gains as to losses."""

_REASONS = {
    "no stratum": (
        "EVALUATION-NO-STRATUM",
        "fit no stratum of the area",
        "Record a stratum that they fit, with its error sources, or with items_only if they "
        "are sealed items.",
    ),
    "no sources": (
        "EVALUATION-NO-SOURCES",
        "are in a stratum without error sources",
        "Give the stratum the error sources of its measurements, or items_only if they are "
        "sealed items.",
    ),
    "not in force": (
        "EVALUATION-SOURCE-NOT-IN-FORCE",
        "were measured on days on which an error source of their stratum is not in force",
        "Record the source for these days, or take it out of the stratum.",
    ),
}


def uncovered(
    mba: str, category: Category, period: Period, quantity: str, bare: Uncovered
) -> Finding:
    """Return what to say about lines that have no error model."""
    code, words, advice = _REASONS[bare.reason]
    total = amount(sum(use.mg(quantity) for use in bare.uses) / MG_PER_KG)
    what = f" ({bare.what})" if bare.what else ""
    return Finding(
        code, Severity.WARNING,
        f"{len(bare.uses)} lines with {total} ({quantity}) in the balance to {period.end} {words}"
        f"{what}: {batches_of(use.line for use in bare.uses)}",
        advice, mba=mba, category=str(category), found=total,
        basis="the standard deviation of MUF counts every measurement error",
    )  # fmt: skip


def isotope_not_evaluated(mba: str, category: Category, period: Period) -> Finding:
    """Return what to say about a balance that is evaluated for the element only."""
    return Finding(
        "ISOTOPE-NOT-EVALUATED", Severity.WARNING,
        f"the balance to {period.end} is not evaluated for the isotope: some of its lines state "
        "no fissile weight",
        "Give the fissile weight of every line, by corrections.",
        mba=mba, category=str(category), basis="Code 10, labels 640 to 670",
    )  # fmt: skip


def of_items(
    mba: str,
    category: Category,
    period: Period,
    quantities: Iterable[QuantityEvaluation],
    compared: ItemComparison | None,
) -> Iterator[Finding]:
    """Yield the findings about a balance of sealed items only."""
    for quantity in quantities:
        if quantity.muf_mg:
            muf = amount(quantity.muf_kg)
            yield Finding(
                "ITEM-AREA-MUF", Severity.INCONSISTENCY,
                f"the balance to {period.end} of sealed items has a MUF of {muf} "
                f"({quantity.quantity}); it must be exactly zero",
                "Compare the items listed with those on the book, by name and weight: one is "
                "missing, listed twice, or was given another weight.",
                mba=mba, category=str(category), found=muf, expected="0",
                basis="REGDOC-2.13.1, section 7.4",
            )  # fmt: skip
    if compared is not None and compared.differ:
        yield Finding(
            "ITEM-NAMES-DIFFER", Severity.INCONSISTENCY,
            f"the sealed items of the balance to {period.end} are not those of the book: "
            f"{compared.words()}",
            "Look for these items. Correct the listing, or record the change that is missing.",
            mba=mba, category=str(category), basis="REGDOC-2.13.1, section 7.4",
        )  # fmt: skip


def sealed_among_bulk(
    mba: str, category: Category, period: Period, compared: ItemComparison
) -> Iterator[Finding]:
    """Yield the finding about sealed items that stand beside measured material."""
    if compared.differ:
        yield Finding(
            "SEALED-ITEMS-DIFFER", Severity.INCONSISTENCY,
            f"sealed items (strata with items_only) in the balance to {period.end}: "
            f"{compared.words()}. Measurement error says nothing about them",
            "Look for these items. If they were opened, record it: rebatching (RM, RP), or a "
            "listing in a stratum that is measured.",
            mba=mba, category=str(category), basis="REGDOC-2.13.1, section 7.4",
        )  # fmt: skip


def of_verdict(
    mba: str, category: Category, period: Period, quantity: QuantityEvaluation
) -> Iterator[Finding]:
    """Yield the finding about a verdict that must be answered."""
    if quantity.verdict not in TO_BE_ANSWERED:
        return
    size = "" if quantity.z is None else f", {quantity.z:.2f} standard deviations"
    failed = [t for t in quantity.tests if t.passed is False]
    held = "".join(f"; {t.name!r}: {t.value:.4g} against {t.limit:.4g}" for t in failed)
    yield Finding(
        "EVALUATION-VERDICT", Severity.INCONSISTENCY,
        f"the balance to {period.end}, {quantity.quantity}: {VERDICT_WORDS[quantity.verdict]}; "
        f"MUF is {amount(quantity.muf_kg)}{size}{held}",
        "Look for a mistake first: a line missing, booked twice or in the wrong period, a "
        "measurement that is out of control. What remains is to be investigated and reported.",
        mba=mba, category=str(category), found=quantity.verdict,
        basis="probability of a false alarm and limits, as stated with the verdict",
    )  # fmt: skip


def without_error(
    mba: str,
    category: Category,
    period: Period,
    quantity: QuantityEvaluation,
    differences: Sequence[Use],
) -> Iterator[Finding]:
    """Yield what to say about a MUF that no measurement error can explain.

    `differences` are the amounts of the balance by which its inventories differ from their
    listings; they may be all of its MUF.
    """
    if quantity.sigma_kg != 0.0 or not quantity.muf_mg:
        return
    muf = amount(quantity.muf_kg)
    where = f"the balance to {period.end}, {quantity.quantity}"
    if sum(use.sign * use.mg(quantity.quantity) for use in differences) == quantity.muf_mg:
        unit_mg = MG_PER_KG if category.unit == "kg" else 1000
        rounding = abs(quantity.muf_mg) <= unit_mg
        words = "is rounding of a reported inventory" if rounding else (
            "is all because a reported inventory and its listing differ"
        )  # fmt: skip
        yield Finding(
            "MUF-OF-LISTING", Severity.INFORMATION if rounding else Severity.WARNING,
            f"{where}: MUF of {muf} {words}; nothing was measured anew",
            "Nothing to do." if rounding else "Correct the listing or the balance report.",
            mba=mba, category=str(category), found=muf, expected="0",
            basis="Code 10, label 411: PB is the PE of the balance before",
        )  # fmt: skip
        return
    yield Finding(
        "MUF-WITHOUT-ERROR", Severity.INCONSISTENCY,
        f"{where}: MUF is {muf}, but by the declared errors nothing was measured there (or its "
        "standard deviation is zero), and then it must be exactly 0",
        "For sealed items this is a mistake in the records: look into it. Otherwise declare the "
        "errors of what was measured.",
        mba=mba, category=str(category), found=muf, expected="0",
        basis="MUF of what is not measured anew is zero by definition",
    )  # fmt: skip


def of_sequence(
    mba: str, category: Category, periods: Sequence[Period], quantity: str, alarms: Any
) -> Iterator[Finding]:
    """Yield one finding for each statistic of a sequence that passed its threshold."""
    first: dict[str, Mapping[str, Any]] = {}
    count: dict[str, int] = {}
    for alarm in alarms:
        first.setdefault(alarm["statistic"], alarm)
        count[alarm["statistic"]] = count.get(alarm["statistic"], 0) + 1
    for statistic, alarm in first.items():
        more = count[statistic] - 1
        again = f" (and at {more} more)" if more else ""
        end = periods[alarm["balance"] - 1].end
        yield Finding(
            "EVALUATION-ALARM", Severity.INCONSISTENCY,
            f"the balances to {periods[-1].end}, {quantity}: {statistic} alarms at balance "
            f"{alarm['balance']}, to {end}{again}: {alarm['reason']}",
            "Look for a mistake in this balance and those before it first, then for a loss that "
            "goes on.",
            mba=mba, category=str(category), found=f"{alarm['value']:.6g}",
            expected=f"{alarm['threshold']:.6g}",
            basis="probability of a false alarm of the whole sequence, for each statistic",
        )  # fmt: skip


def sequence_verdict(
    mba: str, category: Category, periods: Sequence[Period], sequence: Mapping[str, Any] | None
) -> tuple[str, str] | None:
    """Return verdict and statement of a sequence, None where there is none.

    Parameters
    ----------
    mba, category, periods
    sequence : mapping or None
        Statistics of the element, with those of the isotope under ``isotope``.
    """
    if sequence is None:
        return None
    of = f"{mba}, category {category}, {len(periods)} balances to {periods[-1].end}"
    each = {"element": sequence, "isotope": sequence.get("isotope") or {"alarms": ()}}
    alarms = [(name, alarm) for name, found in each.items() for alarm in found["alarms"]]
    if not alarms:
        return "WITHIN-ERROR", f"{of}: no statistic of the sequence passed its threshold."
    gain = all(
        alarm["statistic"] in _BOTH_WAYS
        and (each[name]["cumuf"][alarm["balance"] - 1] or 0.0) < 0.0
        for name, alarm in alarms
    )
    verdict = "GAIN-INDICATED" if gain else "LOSS-INDICATED"
    told = sorted({(alarm["statistic"], alarm["balance"], name) for name, alarm in alarms})
    listed = ", ".join(f"{s} at balance {b} ({name})" for s, b, name in told[:10])
    more = f" and {len(told) - 10} more" if len(told) > 10 else ""
    return verdict, f"{of}: {VERDICT_WORDS[verdict]}. Alarms: {listed}{more}."
