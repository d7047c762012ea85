"""A material balance against the changes, the listing and the balance before it.

For each code and weight the entries of the period add up to what the balance states plus its
rounding adjustment. Isotopes that need not be reported (labels 650, 680, 690 and 710 to 780) are
compared only where the balance gives them. A weight that cannot be read, or an entry whose code
cannot be read, is a finding of its own; sums that hang on it are not questioned.

Sources: Code 10, label 411; INFCIRC/153 (Corrected), paragraph 67.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Iterator

from keiryo.dates import days_later
from keiryo.errors import Finding
from keiryo.quantities import Category
from keiryo.reports.balance_rules import BALANCED, OPTIONAL, arithmetic
from keiryo.reports.filed import AreaFile, FiledBalance, FiledEntry
from keiryo.reports.model import FISSILE_LABELS
from keiryo.reports.questions.reporting import (
    absent_categories,
    meant_period,
    near_listing,
)
from keiryo.reports.questions.table import question
from keiryo.reports.rule_table import finding
from keiryo.reports.weight_rules import element_of, grams, name_of
from keiryo.vocabulary import ENTRY_CODES

Sums = dict[str, Counter[str]]
"""Milligrams by code, then by label."""

_LINES = ("PB", "BE", "DI", "BA", "PE", "MF")


class _Side:
    """Sums of entries by code and label, and what about them cannot be read."""

    def __init__(self, entries: Iterable[FiledEntry]) -> None:
        self.sums: Sums = {}
        self.unreadable: set[tuple[str, str]] = set()
        self.unknown: list[FiledEntry] = []
        for filed in entries:
            code = filed.entry.code
            if code is None or filed.code is None:
                self.unknown.append(filed)
                continue
            for weight in filed.entry.weights:
                self.sums.setdefault(code, Counter())[weight.label] += weight.mg
            self.unreadable |= {(code, label) for label in filed.unreadable_labels()}

    def explains(self, label: str, difference_mg: int) -> bool:
        """Whether an entry whose code cannot be read may be the difference."""
        return any(abs(difference_mg) == f.entry.weights_mg().get(label) for f in self.unknown)


def balance_questions(area: AreaFile) -> Iterator[Finding]:
    """Yield where the balances of an area disagree with its changes, listings and each other."""
    for balance in sorted(area.balances.values(), key=lambda b: b.end):
        yield from _Comparison(area, balance).findings()


class _Comparison:
    """One balance beside everything that it sums up."""

    def __init__(self, area: AreaFile, balance: FiledBalance) -> None:
        self.area = area
        self.balance = balance
        self.stated = _Side(balance.lines)
        self.absent = absent_categories(area, balance.end)
        self.left_out: set[tuple[str, str]] = set()

    def findings(self) -> Iterator[Finding]:
        """Yield every disagreement."""
        yield from self._beginning()
        start, end = meant_period(self.area, self.balance)
        if start is not None:
            yield from self._changes(start, end)
        yield from self._ending()
        yield from self._arithmetic()

    def _changes(self, start: datetime.date, end: datetime.date) -> Iterator[Finding]:
        filed = [f for f in self.area.changes if start <= f.day <= end]
        terms = _Side(filed)
        codes = [
            name
            for name, code in ENTRY_CODES().items()
            if code.is_inventory_change and (name in terms.sums or name in self.stated.sums)
        ]
        for name in codes:
            yield from self._compared("ICR-MBR", name, terms)
        if "DI" in terms.sums or "DI" in self.stated.sums:
            yield from self._compared("DI-MBR", "DI", terms)

    def _compared(self, rule: str, name: str, terms: _Side) -> Iterator[Finding]:
        """Compare one code of the balance with the sum of its terms."""
        none: Counter[str] = Counter()
        stated = self.stated.sums.get(name, none)
        adjusted = self.stated.sums.get(f"RA{name}", none)
        given = terms.sums.get(name, none)
        for label in sorted({*stated, *adjusted, *given}):
            if label in OPTIONAL and label not in stated:
                continue
            if (name, label) in terms.unreadable or self._unreadable(name, label):
                continue
            if self._category(label) in self.absent:
                continue
            found_mg, expected_mg = stated[label] + adjusted[label], given[label]
            difference_mg = found_mg - expected_mg
            if difference_mg and not (
                terms.explains(label, difference_mg) or self.stated.explains(label, difference_mg)
            ):
                if label not in stated:
                    self.left_out.add((name, label))
                yield self._differs(rule, name, label, found_mg, expected_mg)

    def _unreadable(self, name: str, label: str) -> bool:
        return bool({(name, label), (f"RA{name}", label)} & self.stated.unreadable)

    def _rests_on_absent(self, rule: str, label: str) -> bool:
        """Whether an equation fails only because a line that it rests on was left out.

        That the line is missing is asked once, where it is compared.
        """
        rests_on = {"BE-ARITH": ("PB",), "BA-ARITH": ("PB",), "MF-ARITH": ("BA", "PE")}[rule]
        return any((name, label) in self.left_out for name in rests_on)

    def _category(self, label: str) -> str | None:
        for element in (label, *element_of(label)):
            category = Category.from_label(element)
            if category is not None and (element == label or self._states(element)):
                return str(category)
        return None

    def _states(self, label: str) -> bool:
        return label == "630" or any(label in sums for sums in self.stated.sums.values())

    def _differs(
        self, rule: str, name: str, label: str, found_mg: int, expected_mg: int
    ) -> Finding:
        words = {
            "ICR-MBR": "the entries of the period add up to",
            "DI-MBR": "the entries of the period add up to",
            "PIL-PE": "the listing adds up to",
            "PB-CONT": "the ending inventory before was",
        }[rule]
        line = self._line(name, label)
        found, expected = grams(found_mg, label), grams(expected_mg, label)
        if f"RA{name}" in self.stated.sums:
            stated = f"{name} with RA{name} is {found}"
        else:
            stated = f"{name} is {found}"
        return question(
            rule,
            f"{name_of(label)}: {stated}, but {words} {expected}",
            about=line or self.balance.report,
            label=label,
            category=self._category(label),
            found=found,
            expected=expected,
        )

    def _line(self, name: str, label: str) -> FiledEntry | None:
        lines = [line for line in self.balance.lines if line.entry.code == name]
        stating = [line for line in lines if label in line.entry.weights_mg()]
        return next(iter(stating or lines), None)

    def _beginning(self) -> Iterator[Finding]:
        """PB repeats the ending inventory before, of the balance before or of the opening."""
        start, _ = meant_period(self.area, self.balance)
        last = None if start is None else days_later(start, -1)
        if last in self.area.balances:
            lines = self.area.balances[last].lines
            terms = self._beginning_from(line for line in lines if line.entry.code == "PE")
        elif last in self.area.listings:
            terms = self._beginning_from(self.area.listings[last].entries)
        elif self.area.opening is not None:
            terms = _Side(())
            terms.sums["PB"] = self._opening_sums()
        else:
            return
        yield from self._compared("PB-CONT", "PB", terms)

    def _beginning_from(self, entries: Iterable[FiledEntry]) -> _Side:
        terms = _Side(())
        sums = terms.sums["PB"] = Counter()
        for filed in entries:
            for weight in filed.entry.weights:
                sums[weight.label] += weight.mg
            terms.unreadable |= {("PB", label) for label in filed.unreadable_labels()}
        return terms

    def _opening_sums(self) -> Counter[str]:
        """Return the ending inventory of the opening by label; isotopes only as far as listed."""
        sums: Counter[str] = Counter()
        fissile = self._fissile_label()
        for category, (element_mg, fissile_mg) in self.area.opening_ending().items():
            sums[category.label] += element_mg
            if category in "EU" and fissile_mg is not None:
                sums[fissile] += fissile_mg
        return sums

    def _fissile_label(self) -> str:
        """Return the label under which the fissile weight is balanced here."""
        stated = self.stated.sums.get("PB", Counter())
        return next((label for label in FISSILE_LABELS if label in stated), "670")

    def _ending(self) -> Iterator[Finding]:
        listing = self.area.listings.get(self.balance.end)
        if listing is None:
            near = near_listing(self.area, self.balance.end)
            listing = self.area.listings.get(near) if near is not None else None
        if listing is None:
            return
        terms = _Side(())
        sums = terms.sums["PE"] = Counter()
        for filed in listing.entries:
            for weight in filed.entry.weights:
                sums[weight.label] += weight.mg
            terms.unreadable |= {("PE", label) for label in filed.unreadable_labels()}
        yield from self._compared("PIL-PE", "PE", terms)

    def _arithmetic(self) -> Iterator[Finding]:
        """The equations of the balance, over its effective lines."""
        if not self.balance.lines or self.stated.unknown:
            return
        unreadable = {label for _, label in self.stated.unreadable}
        if "BA" not in self.stated.sums:
            self.left_out |= {("BA", label) for label in BALANCED}
        for label in BALANCED:
            if label in unreadable:
                continue
            for rule, name, found_mg, expected_mg, message in arithmetic(self.stated.sums, label):
                if self._rests_on_absent(rule, label):
                    continue
                line = self._line(name, label)
                report = line.report if line else self.balance.report
                record = line.entry if line else report
                yield finding(
                    rule,
                    message,
                    file=record.file or None,
                    line=record.line or None,
                    mba=report.mba,
                    report=str(report.number),
                    entry=line.entry.number if line else None,
                    label=label,
                    category=self._category(label),
                    found=grams(found_mg, label),
                    expected=grams(expected_mg, label),
                )
