"""The exemption registers of a State: what was exempted, against what limit, and what fits still.

Material exempted on quantity (EQ, back by DQ) is counted over the whole State, batch by batch,
and its running total must never exceed (a) 1 kg of special fissionable material, counted by
enrichment, (b) 10 t natural uranium and depleted above 0.5 %, (c) 20 t depleted uranium of 0.5 %
or less, (d) 20 t thorium, unless the Board of Governors set more. Material exempted on use (EU,
back by DU) has no limit of quantity, but no more can come back than was exempted.

Source: INFCIRC/153 (Corrected), paragraphs 36 to 38; the numbers are dated data
(`keiryo.limits`).
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.accounts.ledger import counter_accounts
from keiryo.accounts.model import ZERO, Amount, Knowledge
from keiryo.accounts.tables import resolved
from keiryo.errors import Finding, Severity
from keiryo.limits import ExemptionTotal, exemption_limits, exemption_total
from keiryo.oversight.register_entries import (
    RegisterEntry,
    overdrawn,
    register_entries,
    weights_dict,
)
from keiryo.places.tables import areas
from keiryo.quantities import Category, effective_kg_text

LETTERS = ("a", "b", "c", "d")
MATERIAL = {
    "a": "special fissionable material, counted by enrichment",
    "b": "natural uranium, and depleted above 0.5 %",
    "c": "depleted uranium of 0.5 % or less",
    "d": "thorium",
}
"""What the letters of INFCIRC/153 paragraph 37 stand for."""

Kilograms = dict[str, Fraction]
"""Counted kilograms by letter of paragraph 37."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit of paragraph 37 and how far it is used.

    Attributes
    ----------
    letter : str
    counted_kg, limit_kg : Fraction
        At the end of the day asked for.
    worst_kg, worst_on : Fraction, datetime.date or None
        The highest total so far and its first day; None if nothing was ever exempted.
    """

    letter: str
    counted_kg: Fraction
    limit_kg: Fraction
    worst_kg: Fraction
    worst_on: datetime.date | None

    @property
    def room_kg(self) -> Fraction:
        """What is left below the limit; negative when it is exceeded."""
        return self.limit_kg - self.counted_kg

    def to_dict(self) -> dict[str, Any]:
        """Return the limit as plain data, kilograms as exact decimals."""
        return {
            "letter": self.letter,
            "material": MATERIAL[self.letter],
            "counted_kg": effective_kg_text(self.counted_kg),
            "limit_kg": effective_kg_text(self.limit_kg),
            "used_percent": percent(self.counted_kg, self.limit_kg),
            "room_kg": effective_kg_text(self.room_kg),
            "worst_kg": effective_kg_text(self.worst_kg),
            "worst_percent": percent(self.worst_kg, self.limit_kg),
            "worst_on": None if self.worst_on is None else self.worst_on.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class CountedEntry:
    """An entry on quantity with what it counts by paragraph 37; None if it cannot be counted.

    `assumed` is true where depleted uranium of unstated enrichment counts as 0.5 % or less.
    """

    entry: RegisterEntry
    letter: str | None
    counted_kg: Fraction
    assumed: bool

    def to_dict(self) -> dict[str, Any]:
        """Return the entry as plain data."""
        return {
            **self.entry.to_dict(),
            "letter": self.letter,
            "counted_kg": effective_kg_text(self.counted_kg),
            "assumed": self.assumed,
        }


@dataclass(frozen=True, slots=True)
class Trial:
    """Whether further material may be exempted on quantity; `after` by letter, in kilograms.

    What is recorded for later days counts too: the running total must never exceed a limit.
    """

    added: tuple[tuple[Category, int, int | None], ...]
    after: tuple[Limit, ...]

    @property
    def exceeded(self) -> tuple[str, ...]:
        """The letters of paragraph 37 whose limit would be exceeded by what is added."""
        return tuple(limit.letter for limit in self.after if limit.room_kg < 0)

    @property
    def fits(self) -> bool:
        """Whether it may be exempted."""
        return not self.exceeded

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as plain data."""
        return {
            "fits": self.fits,
            "exceeded": list(self.exceeded),
            "added": [
                {"category": str(c), **weights_dict(c, Amount(element, fissile))}
                for c, element, fissile in self.added
            ],
            "after": [
                {
                    "letter": limit.letter,
                    "counted_kg": effective_kg_text(limit.counted_kg),
                    "limit_kg": effective_kg_text(limit.limit_kg),
                    "used_percent": percent(limit.counted_kg, limit.limit_kg),
                    "room_kg": effective_kg_text(limit.room_kg),
                }
                for limit in self.after
            ],
        }


@dataclass(frozen=True, slots=True)
class Exemptions:
    """The board of exemptions of a State at the end of a day.

    Attributes
    ----------
    on, knowledge
    limits : tuple of Limit
        Paragraph 37 (a) to (d).
    on_quantity, on_use : dict of Category to Amount
        What is exempted now.
    quantity_entries : tuple of CountedEntry
    use_entries : tuple of RegisterEntry
    later : dict
        Highest total by letter from the day on, with what is recorded for later days.
    findings : tuple of Finding
    """

    on: datetime.date
    knowledge: Knowledge
    limits: tuple[Limit, ...]
    on_quantity: dict[Category, Amount]
    on_use: dict[Category, Amount]
    quantity_entries: tuple[CountedEntry, ...]
    use_entries: tuple[RegisterEntry, ...]
    later: Kilograms
    findings: tuple[Finding, ...]

    def trial(self, batches: Iterable[tuple[Category, int, int | None]]) -> Trial:
        """Return whether further batches fit, each as category, element and fissile weight in mg.

        Raises
        ------
        ValueError
            If enriched or unified uranium comes without fissile weight.
        """
        added = tuple(batches)
        more = _by_letter(exemption_total(added, self.on))
        after = tuple(
            Limit(
                limit.letter,
                self.later[limit.letter] + more[limit.letter],
                limit.limit_kg,
                limit.worst_kg,
                limit.worst_on,
            )
            for limit in self.limits
            if more[limit.letter]
        )
        return Trial(added, after)

    def to_dict(self) -> dict[str, Any]:
        """Return the board as plain data, weights as exact decimals in the report's unit."""
        return {
            "on": self.on.isoformat(),
            "as_known": self.knowledge.text,
            "limits": [limit.to_dict() for limit in self.limits],
            "quantity": _register(self.on_quantity),
            "use": _register(self.on_use),
            "quantity_entries": [e.to_dict() for e in self.quantity_entries],
            "use_entries": [e.to_dict() for e in self.use_entries],
        }


def exemptions(
    connection: Connection,
    metadata: MetaData,
    on: datetime.date,
    *,
    knowledge: Knowledge | None = None,
    openings: Sequence[RegisterEntry] = (),
) -> Exemptions:
    """Return the board of exemptions of the State at the end of a day.

    Parameters
    ----------
    connection, metadata
        An open reading transaction and the tables.
    on : datetime.date
    knowledge : Knowledge, optional
        Default: everything recorded.
    openings : sequence of RegisterEntry, optional
        What was exempted before the books begin; see `register_openings`.

    References
    ----------
    INFCIRC/153 (Corrected), paragraphs 36 and 37.
    """
    seen = resolved(connection, metadata, knowledge or Knowledge())
    quantity = [e for e in openings if e.code == "EQ"]
    use = [e for e in openings if e.code == "EU" and e.day <= on]
    held = counter_accounts(connection, metadata, list(areas(connection, metadata)), on, seen)
    on_quantity = _with_openings(held.get("exempt_quantity", {}), quantity, on)
    on_use = _with_openings(held.get("exempt_use", {}), use, on)
    quantity += register_entries(connection, metadata, ("EQ", "DQ"), knowledge=seen)
    quantity.sort(key=lambda e: e.day)
    use += register_entries(connection, metadata, ("EU", "DU"), until=on, knowledge=seen)
    counted = [_counted(entry) for entry in quantity]
    past = [c for c in counted if c.entry.day <= on]
    totals = _totals(past)
    now = totals[-1][1] if totals else _zero()
    limits = _by_letter_limits(on)
    later = dict(now)
    for _, total in _totals(counted)[len(totals) :]:
        later = {letter: max(later[letter], total[letter]) for letter in LETTERS}
    return Exemptions(
        on=on,
        knowledge=seen,
        limits=tuple(
            Limit(letter, now[letter], limits[letter], *_worst(letter, totals))
            for letter in LETTERS
        ),
        on_quantity=on_quantity,
        on_use=on_use,
        quantity_entries=tuple(past),
        use_entries=tuple(use),
        later=later,
        findings=(
            *_exceeded(past),
            *_not_counted(past),
            *_overdrawn([c.entry for c in past], "on quantity", "EQ"),
            *_overdrawn(use, "on use", "EU"),
        ),
    )


def _with_openings(
    held: dict[Category, Amount], openings: Sequence[RegisterEntry], on: datetime.date
) -> dict[Category, Amount]:
    sums = dict(held)
    for entry in openings:
        if entry.day <= on:
            sums[entry.category] = sums.get(entry.category, ZERO) + entry.amount
    return {c: sums[c] for c in Category if c in sums}


def percent(part: Fraction, whole: Fraction) -> str:
    """Return a share in per cent with one decimal, halves up."""
    if not whole:
        return "0.0"
    tenths = (2000 * part / whole + 1) // 2
    return f"{'-' if tenths < 0 else ''}{abs(tenths) // 10}.{abs(tenths) % 10}"


def _counted(entry: RegisterEntry) -> CountedEntry:
    signed = entry.signed
    fissile_mg = signed.fissile_mg
    try:
        total = _by_letter(
            exemption_total([(entry.category, signed.element_mg, fissile_mg)], entry.day)
        )
    except ValueError:
        return CountedEntry(entry, None, Fraction(0), False)
    letter = next((letter for letter in LETTERS if total[letter]), None)
    assumed = entry.category is Category.DEPLETED and fissile_mg is None
    return CountedEntry(entry, letter, total[letter] if letter else Fraction(0), assumed)


def _by_letter(total: ExemptionTotal) -> Kilograms:
    return dict(
        zip(
            LETTERS,
            (total.special_fissionable_kg, total.natural_kg, total.depleted_kg, total.thorium_kg),
            strict=True,
        )
    )


def _by_letter_limits(on: datetime.date) -> Kilograms:
    limits = exemption_limits(on)
    numbers = (
        limits.special_fissionable_kg,
        limits.natural_kg,
        limits.depleted_kg,
        limits.thorium_kg,
    )
    return dict(zip(LETTERS, numbers, strict=True))


def _zero() -> Kilograms:
    return dict.fromkeys(LETTERS, Fraction(0))


def _totals(counted: Sequence[CountedEntry]) -> list[tuple[datetime.date, Kilograms]]:
    """Return the running totals at the end of each day on which something changed."""
    running, by_day = _zero(), dict[datetime.date, Kilograms]()
    for item in counted:  # in order of day
        if item.letter is not None:
            running[item.letter] += item.counted_kg
        by_day[item.entry.day] = dict(running)
    return list(by_day.items())


def _worst(
    letter: str, totals: Sequence[tuple[datetime.date, Kilograms]]
) -> tuple[Fraction, datetime.date | None]:
    worst, worst_on = Fraction(0), None
    for day, total in totals:
        if total[letter] > worst:
            worst, worst_on = total[letter], day
    return worst, worst_on


def _exceeded(counted: Sequence[CountedEntry]) -> Iterator[Finding]:
    """Find each day on which a running total comes to exceed its limit."""
    over = dict.fromkeys(LETTERS, False)
    for day, total in _totals(counted):
        limits = _by_letter_limits(day)
        for letter in LETTERS:
            beyond = total[letter] > limits[letter]
            if beyond and not over[letter]:
                that_day = [c for c in counted if c.entry.day == day]
                into = [c for c in that_day if c.letter == letter and c.entry.sign > 0]
                last = (into or that_day)[-1].entry
                yield _limit_finding(letter, total[letter], limits[letter], last)
            over[letter] = beyond


def _limit_finding(
    letter: str, total_kg: Fraction, limit_kg: Fraction, entry: RegisterEntry
) -> Finding:
    total, limit = effective_kg_text(total_kg), effective_kg_text(limit_kg)
    return Finding(
        "EXEMPT-LIMIT",
        Severity.INCONSISTENCY,
        f"with the exemption of {entry.day} the State has exempted {total} kg of "
        f"{MATERIAL[letter]}; the limit of paragraph 37 ({letter}) is {limit} kg",
        "Take the exemption back (DQ) in whole or part, or ask the IAEA for a greater amount.",
        mba=entry.mba or None,
        report=None if entry.report is None else str(entry.report),
        entry=entry.entry,
        category=str(entry.category),
        found=f"{total} kg",
        expected=f"{limit} kg at most",
        basis=f"INFCIRC/153 para 37 ({letter})",
    )


def _not_counted(counted: Sequence[CountedEntry]) -> Iterator[Finding]:
    for item in counted:
        if item.letter is None and item.entry.amount.element_mg:
            entry = item.entry
            yield Finding(
                "EXEMPT-LIMIT",
                Severity.WARNING,
                f"the exemption of batch {entry.batch} on {entry.day} cannot be counted: its "
                "fissile weight is not stated",
                "Correct the entry: the limit of special fissionable material is counted by "
                "enrichment.",
                mba=entry.mba or None,
                report=None if entry.report is None else str(entry.report),
                entry=entry.entry,
                category=str(entry.category),
                basis="INFCIRC/153 para 37 (a)",
            )


def _overdrawn(entries: Sequence[RegisterEntry], words: str, code: str) -> Iterator[Finding]:
    for category in Category:
        below = overdrawn(e for e in entries if e.category is category)
        if below is None:
            continue
        entry, left = below.entry, weights_dict(category, below.book)
        fissile = f" with {left['fissile']} g fissile" if left["fissile"] else ""
        yield Finding(
            "EXEMPT-LIMIT",
            Severity.INCONSISTENCY,
            f"by {entry.day} more was de-exempted ({entry.code}) than the State had exempted "
            f"{words} ({code}): {left['element']} {left['unit']} {category}{fissile} are left",
            f"Look for an exemption ({code}) that was not reported, or correct the weight or the "
            "code of the de-exemption.",
            mba=entry.mba or None,
            report=None if entry.report is None else str(entry.report),
            entry=entry.entry,
            category=str(category),
            found=f"{left['element']} {left['unit']}",
            expected=f"0 {left['unit']} or more",
            basis="INFCIRC/153 paras 36 to 38",
        )


def _register(held: dict[Category, Amount]) -> list[dict[str, Any]]:
    return [{"category": str(c), **weights_dict(c, amount)} for c, amount in held.items()]
