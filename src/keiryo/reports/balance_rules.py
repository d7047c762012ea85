"""Sums over the entries of one report: rebatching, and the equations of a material balance.

Called by `rules.check_report`. Findings: REBATCH, BE-ARITH, BA-ARITH, MF-ARITH. The equations
hold for every element, and for the fissile weight of enriched (or unified) uranium::

    BE + RABE = PB + increases - decreases +/- category changes
    BA + RABA = PB + increases - decreases +/- category changes - DI
    MF + RAMF = BA - PE

Lines of one code are added up, whether a report gives one line for all categories or several.
A line that is missing counts as zero, but for BE, which is optional. A report that corrects lines
of an earlier one can only be judged together with it; this is for the ledger.

Sources: INFCIRC/153 (Corrected) paragraph 67; IAEA SG-FM-1172, Model Subsidiary Arrangement
Code 10, label 411.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from keiryo.accounts.equations import results
from keiryo.errors import Finding
from keiryo.reports.entry_rules import Record, known_code
from keiryo.reports.model import (
    ELEMENT_LABELS,
    FISSILE_LABELS,
    OTHER_FISSILE_LABELS,
    PLUTONIUM_ISOTOPE_LABELS,
    URANIUM_ISOTOPE_LABELS,
    WEIGHT_LABELS,
    Entry,
    Report,
)
from keiryo.reports.rule_table import finding
from keiryo.reports.weight_rules import element_of, grams, name_of
from keiryo.vocabulary import EntryCode

Sums = dict[str, Counter[str]]
"""Milligrams by code, then by label."""

BALANCED = (*ELEMENT_LABELS, *FISSILE_LABELS)
"""Labels that a balance is drawn for."""

OPTIONAL = frozenset(
    {*URANIUM_ISOTOPE_LABELS, *PLUTONIUM_ISOTOPE_LABELS, *OTHER_FISSILE_LABELS}
).difference(FISSILE_LABELS)
"""Labels of isotopes that need not be reported."""

_GIVES = {
    "BE": "PB with all changes gives",
    "BA": "PB with all changes, less DI, gives",
    "MF": "BA less PE gives",
}


def rebatching_findings(report: Report) -> Iterator[Finding]:
    """Yield weights for which new RM and RP entries of an inventory change report disagree.

    Isotope labels that need not be given (650, 680, 690, 710 to 780) are compared only where
    both sides give them.
    """
    new = [entry for entry in report.entries if entry.status == "N"]
    if any(entry.unreadable for entry in new if entry.code in ("RM", "RP")):
        return
    sums = _sums(new)
    out, into = sums.get("RM", Counter()), sums.get("RP", Counter())
    for label in WEIGHT_LABELS:
        if label in OPTIONAL and not (label in out and label in into):
            continue
        if out[label] != into[label]:
            yield _about(
                report,
                "REBATCH",
                f"{name_of(label)}: rebatching takes out {grams(out[label], label)} (RM) and puts "
                f"in {grams(into[label], label)} (RP)",
                label,
                grams(into[label], label),
                grams(out[label], label),
            )


def balance_findings(report: Report) -> Iterator[Finding]:
    """Yield where the lines of a material balance report do not add up."""
    entries = report.entries
    if not entries or any(entry.status != "N" for entry in entries):
        return
    if any(entry.unreadable or not entry.code or not known_code(entry.code) for entry in entries):
        return
    sums = _sums(entries)
    for label in BALANCED:
        for rule, name, found_mg, expected_mg, message in arithmetic(sums, label):
            found, expected = grams(found_mg, label), grams(expected_mg, label)
            yield _about(report, rule, message, label, found, expected, name)


def change_mg(code: EntryCode, weights_mg: Mapping[str, int], label: str) -> int:
    """Return what a line of a balance adds to the book under a label, in milligrams.

    Shipper/receiver differences, balances, rounding adjustments and rebatching add nothing here.
    """
    if code.kind == "category_change":
        return _direction(code, label) * weights_mg.get(label, 0)
    return code.sign * weights_mg.get(label, 0) if code.is_inventory_change else 0


def _direction(code: EntryCode, label: str) -> int:
    elements = element_of(label) or (label,)
    if code.new_category is not None and code.new_category.label in elements:
        return 1
    return -1 if code.old_category is not None and code.old_category.label in elements else 0


def _sums(entries: list[Entry] | tuple[Entry, ...]) -> Sums:
    sums: Sums = defaultdict(Counter)
    for entry in entries:
        if entry.code is not None:
            for weight in entry.weights:
                sums[entry.code][weight.label] += weight.mg
    return dict(sums)


def arithmetic(sums: Sums, label: str) -> Iterator[tuple[str, str, int, int, str]]:
    """Yield which equations of a balance do not hold for a label.

    Parameters
    ----------
    sums : mapping of code to mapping of label to milligrams
        The lines of the balance.
    label : str

    Yields
    ------
    rule, line, found_mg, expected_mg, message
    """

    def line(code: str) -> int:
        return sums.get(code, Counter())[label]

    if all(label not in of_code for of_code in sums.values()):
        return
    book_mg = line("PB")
    for name, weights_mg in sums.items():
        code = known_code(name)
        assert code is not None, name
        book_mg += change_mg(code, weights_mg, label)
    for name, expected_mg in results(book_mg, line("DI"), line("BA"), line("PE")):
        rounding = f"RA{name}"
        stated_mg, rounding_mg = line(name), line(rounding)
        if (name == "BE" and "BE" not in sums) or stated_mg + rounding_mg == expected_mg:
            continue
        stated = grams(stated_mg, label)
        if rounding in sums:
            stated += f" and {rounding} {grams(rounding_mg, label)}"
        message = (
            f"{name_of(label)}: {name} is {stated}, but {_GIVES[name]} {grams(expected_mg, label)}"
        )
        yield f"{name}-ARITH", name, stated_mg + rounding_mg, expected_mg, message


def _about(
    report: Report,
    code: str,
    message: str,
    label: str,
    found: str,
    expected: str,
    line_code: str | None = None,
) -> Finding:
    """Return a finding about a sum, at the line of the balance that states it if there is one."""
    entry = next((e for e in report.entries if line_code and e.code == line_code), None)
    if entry is not None:
        return Record(report, entry).finding(code, message, label, found=found, expected=expected)
    return finding(
        code,
        message,
        file=report.file or None,
        line=report.line or None,
        mba=report.mba,
        report=str(report.number),
        label=label,
        found=found,
        expected=expected,
    )
