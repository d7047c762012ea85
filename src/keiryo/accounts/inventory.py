"""The itemised list and the book inventory by batch on a date.

Where batches keep their identity, each is followed from the last physical inventory through the
changes since. In a bulk area they merge: between two takings, what is counted in items (a
cylinder, a box of rods) is followed by name, all else is in the pool of the area, from which what
leaves under a new name is drawn. The rows always add up to the book.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, MetaData, select

from keiryo.accounts import books
from keiryo.accounts.model import Amount, Knowledge
from keiryo.accounts.tables import (
    INVENTORY_CHANGE,
    PHYSICAL_INVENTORY,
    effective,
    entry_line,
    resolved,
)
from keiryo.dates import date_number, next_day
from keiryo.places.model import MaterialBalanceArea
from keiryo.places.tables import area
from keiryo.quantities import Category, effective_kg, format_weight, significant_quantities
from keiryo.vocabulary import entry_code

if TYPE_CHECKING:
    import polars as pl

POOL = "(pool)"
"""Name of the row for material that is not followed by batch."""

NO_ITEM_EFFECT = ("LN", "NP", "DI", "EN", "ED", "NE", "ND", "DE", "DN", "LD")


@dataclass(frozen=True, slots=True)
class BatchOnHand:
    """What the book holds of one batch in one category."""

    batch: str
    batch_uid: str | None
    kmp: str | None
    mdc: str | None
    category: Category
    items: int
    amount: Amount
    known_enrichment: Fraction | None = None

    @property
    def enrichment(self) -> Fraction | None:
        """Fissile to element weight, from the listing or from what the ledger knows."""
        if self.amount.bases and self.amount.fissile_mg is not None and self.amount.element_mg:
            return Fraction(self.amount.fissile_mg, self.amount.element_mg)
        return self.known_enrichment


@dataclass(frozen=True, slots=True)
class Inventory:
    """The book inventory of an MBA at the end of a day."""

    mba: str
    on: datetime.date
    knowledge: Knowledge
    physical_inventory_of: datetime.date | None
    batches: tuple[BatchOnHand, ...]
    totals: dict[Category, Amount]

    def frame(self) -> pl.DataFrame:
        """Return the itemised list as a frame, one row per batch and category, weights in mg."""
        import polars as pl

        rows = [
            (
                *(b.batch, b.batch_uid, b.kmp, b.mdc, str(b.category), b.items),
                *(b.amount.element_mg, b.amount.fissile_mg if b.amount.bases else None),
            )
            for b in self.batches
        ]
        texts = ("batch", "batch_uid", "kmp", "mdc", "category")
        numbers = ("items", "element_mg", "fissile_mg")
        schema = {**dict.fromkeys(texts, pl.String()), **dict.fromkeys(numbers, pl.Int64())}
        return pl.DataFrame(rows, schema=schema, orient="row")

    def effective_kg(self) -> tuple[Fraction, bool]:
        """Return the effective kilograms per batch added up, and whether any was assumed.

        References
        ----------
        INFCIRC/153 (Corrected), paragraph 104.
        """
        total, assumed = Fraction(0), False
        for row in self.batches:
            fissile = row.amount.fissile_mg if row.amount.bases else None
            if row.category in (Category.ENRICHED, Category.UNIFIED) and fissile is None:
                continue
            part = effective_kg(
                row.category, row.amount.element_mg, fissile, enrichment=row.known_enrichment
            )
            total, assumed = total + part.value, assumed or part.assumed
        return total, assumed

    def significant_quantities(self) -> dict[Category, Fraction]:
        """Return the significant quantities on hand by category."""
        counts: dict[Category, Fraction] = {}
        for row in self.batches:
            fissile = row.amount.fissile_mg if row.amount.bases else None
            if row.category in (Category.ENRICHED, Category.UNIFIED) and fissile is None:
                continue
            part = significant_quantities(row.category, row.amount.element_mg, fissile)
            counts[row.category] = counts.get(row.category, Fraction(0)) + part
        return counts


def inventory(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    on: datetime.date,
    knowledge: Knowledge | None = None,
) -> Inventory:
    """Return the book inventory of an MBA by batch at the end of a day.

    Parameters
    ----------
    connection, metadata
        An open reading transaction and the tables.
    mba : str
    on : datetime.date
    knowledge : Knowledge, optional
        Default: everything recorded.

    Raises
    ------
    NotFoundError
        If the MBA is not registered.
    """
    place = area(connection, metadata, mba)
    seen = resolved(connection, metadata, knowledge or Knowledge())
    pits = [p for p in books.pit_dates(connection, metadata, mba, seen) if p <= on]
    pit = pits[-1] if pits else None
    followed = Followed(place)
    if pit is not None:
        for row in _listing(connection, metadata, mba, pit, seen):
            followed.listed(row)
    first = next_day(pit) if pit is not None else datetime.date(1900, 1, 1)
    for row in _changes(connection, metadata, mba, first, on, seen):
        followed.changed(row)
    known = _known_enrichments(connection, metadata, mba, on, seen)
    rows = followed.rows(known)
    return Inventory(mba, on, seen, pit, rows, followed.totals())


class Followed:
    """Contents by batch while changes are applied in order."""

    def __init__(self, place: MaterialBalanceArea) -> None:
        self.place = place
        self.amounts: dict[tuple[str, Category], Amount] = {}
        self.items: dict[str, int] = {}
        self.latest: dict[str, Any] = {}
        self.merged = False

    def listed(self, row: Any) -> None:
        """Take a line of a listing into account."""
        category = Category(row["category"])
        self._add(row["batch"] or POOL, category, _amount(row), row)
        if row["line_no"] == row["first_line"]:
            self.items[row["batch"]] = self.items.get(row["batch"], 0) + (row["items"] or 0)

    def changed(self, row: Any) -> None:
        """Take a line of a change into account."""
        entry, category = entry_code(row["code"]), Category(row["category"])
        sign = entry.batch_sign
        if entry.old_category is not None:
            sign = -1 if category == entry.old_category else 1
        name = row["batch"] or POOL
        if row["code"] == "DI":
            sign = -1
        if not self.place.batch_follow_up:
            self.merged = True
            if sign < 0 and name not in self.latest:
                name = POOL
        self._add(name, category, _amount(row).times(sign), row)
        moves_items = row["code"] not in NO_ITEM_EFFECT and row["line_no"] == row["first_line"]
        if moves_items:
            self.items[name] = self.items.get(name, 0) + sign * (row["items"] or 0)

    def _add(self, name: str, category: Category, amount: Amount, row: Any) -> None:
        key = (name, category)
        self.amounts[key] = self.amounts.get(key, Amount()) + amount
        if name != POOL:
            self.latest[name] = row

    def _pour_into_pool(self) -> None:
        """Bulk material of a bulk area is in the pool; what is counted in items keeps its name."""
        for name, category in list(self.amounts):
            amount = self.amounts[name, category]
            if name != POOL and (self.items.get(name, 0) <= 0 or amount.element_mg < 0):
                pool = (POOL, category)
                self.amounts[pool] = self.amounts.get(pool, Amount()) + amount
                del self.amounts[name, category]

    def totals(self) -> dict[Category, Amount]:
        """The book by category."""
        sums: dict[Category, Amount] = {}
        for (_, category), amount in self.amounts.items():
            sums[category] = sums.get(category, Amount()) + amount
        return {c: sums[c] for c in Category if c in sums and (not sums[c].is_zero)}

    def rows(self, known: dict[tuple[str, Category], Fraction]) -> tuple[BatchOnHand, ...]:
        """One row per batch and category that is not zero."""
        if self.merged:
            self._pour_into_pool()
        result = []
        for (name, category), amount in sorted(self.amounts.items()):
            if amount.is_zero:
                continue
            last = self.latest.get(name)
            result.append(
                BatchOnHand(
                    batch=name,
                    batch_uid=last["batch_uid"] if last is not None else None,
                    kmp=last["kmp"] if last is not None else None,
                    mdc=last["mdc"] if last is not None else None,
                    category=category,
                    items=self.items.get(name, 0) if name != POOL else 0,
                    amount=amount,
                    known_enrichment=known.get((name, category)),
                )
            )
        return tuple(result)


def _amount(row: Any) -> Amount:
    basis = row["fissile_basis"]
    fissile = row["fissile_mg"]
    return Amount(
        int(row["element_mg"]),
        None if fissile is None else int(fissile),
        frozenset({basis}) if basis else frozenset(),
    )


def _listing(
    connection: Connection, metadata: MetaData, mba: str, pit: datetime.date, knowledge: Knowledge
) -> Iterable[Any]:
    table = metadata.tables[PHYSICAL_INVENTORY.name]
    query = (
        select(table, entry_line(table).label("first_line"))
        .where(
            table.c.mba == mba, table.c.pit_date == date_number(pit), effective(table, knowledge)
        )
        .order_by(table.c.act_id, table.c.line_no)
    )
    return connection.execute(query).mappings()


def _changes(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    first: datetime.date,
    last: datetime.date,
    knowledge: Knowledge,
) -> list[Any]:
    """Return effective changes in the order of the books: by day, what adds before what takes."""
    table = metadata.tables[INVENTORY_CHANGE.name]
    query = select(table, entry_line(table).label("first_line")).where(
        table.c.mba == mba,
        table.c.event_date.between(date_number(first), date_number(last)),
        effective(table, knowledge),
    )
    rows = connection.execute(query).mappings().all()
    return sorted(
        rows,
        key=lambda r: (r["event_date"], entry_code(r["code"]).day_rank, r["act_id"], r["line_no"]),
    )


def _known_enrichments(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    on: datetime.date,
    knowledge: Knowledge,
) -> dict[tuple[str, Category], Fraction]:
    """Return what entries once said of the enrichment of natural and depleted batches.

    A listing need not repeat label 770 or 780; the entry that made the batch depleted did.
    """
    table = metadata.tables[INVENTORY_CHANGE.name]
    query = (
        select(table.c.batch, table.c.category, table.c.element_mg, table.c.fissile_mg)
        .where(
            table.c.mba == mba,
            table.c.event_date <= date_number(on),
            table.c.category.in_(("N", "D")),
            table.c.fissile_mg.is_not(None),
            table.c.element_mg > 0,
            effective(table, knowledge),
        )
        .order_by(table.c.event_date, table.c.act_id)
    )
    return {
        (str(batch), Category(letter)): Fraction(int(fissile), int(element))
        for batch, letter, element, fissile in connection.execute(query)
    }


def to_dict(found: Inventory) -> dict[str, object]:
    """Return an inventory as plain data, weights as exact decimals in the report's unit."""
    total_ekg, assumed = found.effective_kg()
    counts = found.significant_quantities()
    return {
        "mba": found.mba,
        "on": found.on.isoformat(),
        "as_known": found.knowledge.text,
        "batches": [
            {
                "batch": row.batch,
                "kmp": row.kmp,
                "mdc": row.mdc,
                "category": str(row.category),
                "items": row.items,
                "element": format_weight(row.amount.element_mg, row.category.unit),
                "fissile": _fissile(row.amount),
                "enrichment": None if row.enrichment is None else _decimal(row.enrichment, 6),
            }
            for row in found.batches
        ],
        "totals": {
            str(category): {
                "element": format_weight(amount.element_mg, category.unit),
                **({"fissile": text} if (text := _fissile(amount)) is not None else {}),
                **({"sq": _decimal(counts[category], 6)} if category in counts else {}),
            }
            for category, amount in found.totals.items()
        },
        "effective_kg": _decimal(total_ekg, 12),
        "effective_kg_assumed": assumed,
        "physical_inventory_of": (
            None if found.physical_inventory_of is None else found.physical_inventory_of.isoformat()
        ),
    }


def _fissile(amount: Amount) -> str | None:
    if amount.fissile_mg is None or not amount.bases:
        return None
    return format_weight(amount.fissile_mg, "g")


def _decimal(value: Fraction, places: int) -> str:
    scaled = round(abs(value) * 10**places)
    text = f"{scaled // 10**places}.{scaled % 10**places:0{places}d}".rstrip("0").rstrip(".")
    return f"-{text}" if value < 0 and scaled else text
