"""The campaign of a conversion: high enriched uranium held, moved, mixed down, and what is left.

A campaign is a set of areas (the reactor, its stores, its critical assemblies) seen together:
what they held over time in significant quantities, which acts brought it there and took it away,
and at its end the statement that nothing is left, with the acts that it rests on. What would make
that statement wrong is a finding: material on the book, on its way, in retained waste, exempted,
lost, of unknown enrichment, or merged into a pool whose average hides it.

Source: INFCIRC/153 (Corrected), paragraphs 36, 37, 98 and 107; a significant quantity of high
enriched uranium is 25 kg of U-235 (dated table of `keiryo.limits`).
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.accounts.inventory import BatchOnHand, inventory
from keiryo.accounts.model import ZERO, Amount, Knowledge, total
from keiryo.accounts.tables import resolved
from keiryo.conversion.high_enriched import Blend, Step, counted, history, is_high
from keiryo.conversion.left import findings_of, off_the_book
from keiryo.errors import Finding, UsageError
from keiryo.journal.reading import head
from keiryo.limits import significant_quantity_table
from keiryo.places.tables import area
from keiryo.quantities import SignificantQuantities, effective_kg_text, format_weight

TAKEN_BACK, SHIPPED = "SF", "SD"


@dataclass(frozen=True, slots=True)
class Level:
    """High enriched uranium of the campaign at the end of a day on which it changed."""

    day: datetime.date
    held: Amount


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign at the end of a day.

    Attributes
    ----------
    mbas : tuple of str
    on : datetime.date
    knowledge : Knowledge
    held : tuple of (str, BatchOnHand)
        High enriched uranium on hand by area and batch.
    low : Amount
        Low enriched uranium on hand.
    steps : tuple of Step
    blends : tuple of Blend
    levels : tuple of Level
    findings : tuple of Finding
    last_act, digest : int, str
        The record up to which this was looked at.
    table : SignificantQuantities
    """

    mbas: tuple[str, ...]
    on: datetime.date
    knowledge: Knowledge
    held: tuple[tuple[str, BatchOnHand], ...]
    low: Amount
    steps: tuple[Step, ...]
    blends: tuple[Blend, ...]
    levels: tuple[Level, ...]
    findings: tuple[Finding, ...]
    last_act: int
    digest: str
    table: SignificantQuantities

    @property
    def on_hand(self) -> Amount:
        """All high enriched uranium on the books of the areas."""
        return total(row.amount for _, row in self.held)

    @property
    def nothing_left(self) -> bool:
        """Whether it can be confirmed that no high enriched uranium is left."""
        return not self.findings and not self.held

    @property
    def acts(self) -> tuple[int, ...]:
        """The acts that brought the material and took it away, in order."""
        return tuple(sorted({step.act for step in self.steps if step.act}))

    def gone(self, *codes: str) -> Amount:
        """Return what left by entries with these codes."""
        return total(step.change for step in self.steps if step.code in codes).times(-1)

    @property
    def statement(self) -> str:
        """The confirmation, or why there is none, in a sentence."""
        places = ", ".join(self.mbas)
        if not self.nothing_left:
            return (
                f"It cannot be confirmed that {places} is free of high enriched uranium at the end "
                f"of {self.on}: {len(self.findings)} findings stand against it."
            )
        if not self.steps:
            return (
                f"{places} never had high enriched uranium on the books up to the end of {self.on}."
            )
        return (
            f"No high enriched uranium is left at {places} at the end of {self.on}: none on the "
            f"book, on its way, in retained waste or exempted. The last of it went on "
            f"{self.steps[-1].day}. This rests on the record up to act {self.last_act}; the acts "
            f"that moved it: {', '.join(map(str, self.acts))}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the campaign as plain data: weights in grams as exact decimals, SQ as decimals."""
        removed = {"taken_back": self.gone(TAKEN_BACK), "shipped": self.gone(SHIPPED)}
        return {
            "mbas": list(self.mbas),
            "on": self.on.isoformat(),
            "as_known": self.knowledge.text,
            "nothing_left": self.nothing_left,
            "statement": self.statement,
            "acts": list(self.acts),
            "last_act": self.last_act,
            "digest": self.digest,
            "on_hand": self._shown(self.on_hand),
            "low_enriched_on_hand": self._shown(self.low),
            **{name: self._shown(amount) for name, amount in removed.items()},
            "blended_down": self._shown(total(blend.mixed for blend in self.blends)),
            "held": [
                {"mba": mba, "batch": row.batch, "category": str(row.category), "items": row.items}
                | self._shown(row.amount)
                for mba, row in self.held
            ],
            "levels": [
                {"date": level.day.isoformat(), **self._shown(level.held)} for level in self.levels
            ],
            "steps": [self._step(step) for step in self.steps],
            "blends": [
                {
                    "mba": blend.mba,
                    "date": blend.day.isoformat(),
                    "high_enriched": self._shown(blend.mixed),
                    "product": self._shown(blend.product),
                    "acts": list(blend.acts),
                }
                for blend in self.blends
            ],
        }

    def _step(self, step: Step) -> dict[str, Any]:
        return {
            "mba": step.mba,
            "date": step.day.isoformat(),
            "what": step.kind,
            "code": step.code,
            "batch": step.batch,
            "category": str(step.category),
            **self._shown(step.change),
            "with": step.partner,
            "act": step.act,
            "line": step.line,
            "report": step.report,
            "entry": step.entry,
        }

    def _shown(self, amount: Amount) -> dict[str, str | None]:
        fissile = amount.fissile_mg
        return {
            "element_g": format_weight(amount.element_mg, "g"),
            "fissile_g": None if fissile is None else format_weight(fissile, "g"),
            "sq": effective_kg_text(_signed(amount, self.table)),
        }


def _signed(amount: Amount, table: SignificantQuantities) -> Fraction:
    size = amount if amount.element_mg >= 0 else amount.times(-1)
    return counted(size, table) * (1 if amount.element_mg >= 0 else -1)


def campaign(
    connection: Connection,
    metadata: MetaData,
    mbas: Sequence[str],
    on: datetime.date,
    knowledge: Knowledge | None = None,
) -> Campaign:
    """Return the campaign of some areas at the end of a day.

    Parameters
    ----------
    connection, metadata
        An open reading transaction and the tables.
    mbas : sequence of str
        The areas that are converted together.
    on : datetime.date
    knowledge : Knowledge, optional
        Default: everything recorded.

    Raises
    ------
    UsageError
        If no area is named.
    NotFoundError
        If one is not registered.
    """
    codes = tuple(dict.fromkeys(mbas))
    if not codes:
        raise UsageError("a campaign needs an area", "Name the areas that are converted.")
    seen = resolved(connection, metadata, knowledge or Knowledge())
    steps: list[Step] = []
    blends: list[Blend] = []
    held: list[tuple[str, BatchOnHand]] = []
    low: list[Amount] = []
    unclear: list[tuple[str, BatchOnHand]] = []
    for code in codes:
        place = area(connection, metadata, code)
        done, mixed = history(connection, metadata, place, on, seen)
        steps += done
        blends += mixed
        for row in inventory(connection, metadata, code, on, seen).batches:
            if is_high(row.category, row.amount):
                held.append((code, row))
            elif str(row.category) in "EU" and (row.amount.fissile_mg is None or _odd(row.amount)):
                unclear.append((code, row))
            elif str(row.category) in "EU":
                low.append(row.amount)
    steps.sort(key=lambda step: step.day)
    beside = off_the_book(connection, metadata, codes, on, seen)
    last = head(connection, metadata)
    return Campaign(
        codes,
        on,
        seen,
        tuple(held),
        total(low),
        tuple(steps),
        tuple(sorted(blends, key=lambda blend: blend.day)),
        _levels(steps),
        tuple(findings_of(held, unclear, steps, beside, connection, metadata)),
        last.act_id,
        last.digest,
        significant_quantity_table(on),
    )


def _odd(amount: Amount) -> bool:
    """Return whether the weights of a batch are no content, so that they have no enrichment."""
    return amount.element_mg <= 0 or not amount.bases


def _levels(steps: Sequence[Step]) -> tuple[Level, ...]:
    by_day: dict[datetime.date, Amount] = {}
    held = ZERO
    for step in steps:
        held = held + step.change
        by_day[step.day] = held
    return tuple(Level(day, amount) for day, amount in by_day.items())
