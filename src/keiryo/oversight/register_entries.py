"""Entries that stand in a register beside the books: retained waste, exempted material.

What leaves the book of an area by one code (TW, EU, EQ) comes back by another (FW, DU, DQ). The
register is made of these effective entries and of nothing else; its sums are those of the account
that stands against the book (Code 10, label 411).
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.accounts.model import ZERO, Amount, Knowledge, amount_dict
from keiryo.accounts.tables import INVENTORY_CHANGE, effective, resolved
from keiryo.dates import date_number, number_date
from keiryo.errors import UsageError
from keiryo.journal.tables import EVIDENCE
from keiryo.quantities import Category, WeightError, format_weight, parse_weight_mg
from keiryo.reports.context import read_context
from keiryo.reports.tables import REPORTING_CONTEXT
from keiryo.storage.evidence import EvidenceStore

BEFORE_THE_BOOKS = "(before the books)"
"""Stands for the batch names of what was in a register when the books began."""

IN_CODES = {"FW": "TW", "DU": "EU", "DQ": "EQ"}
"""Codes that take out of a register, with the code that puts in."""


@dataclass(frozen=True, slots=True)
class RegisterEntry:
    """One effective entry and category that puts into a register or takes out of it.

    `sign` is 1 where the register grows (the book of the area shrinks), -1 where it shrinks.
    """

    mba: str
    category: Category
    code: str
    day: datetime.date
    batch: str | None
    items: int | None
    amount: Amount
    report: int | None
    entry: int | None
    act: int
    line: int

    @property
    def sign(self) -> int:
        """1 into the register, -1 out of it."""
        return -1 if self.code in IN_CODES else 1

    @property
    def signed(self) -> Amount:
        """The amount with the sign of the register."""
        return self.amount.times(self.sign)

    def to_dict(self) -> dict[str, Any]:
        """Return the entry as plain data, weights as exact decimals in the report's unit."""
        return {
            "mba": self.mba,
            "category": str(self.category),
            "code": self.code,
            "date": self.day.isoformat(),
            "batch": self.batch,
            "items": self.items,
            **weights_dict(self.category, self.amount),
            "report": self.report,
            "entry": self.entry,
            "act": self.act,
            "line": self.line,
        }


def weights_dict(category: Category, amount: Amount) -> dict[str, Any]:
    """Return element and fissile weight as texts, and the unit of the element."""
    shown = amount_dict(category, amount)
    fissile = shown.get("fissile")
    if fissile is None and amount.fissile_mg:  # label 770 or 780 was stated
        fissile = format_weight(amount.fissile_mg, "g")
    return {"element": shown["element"], "unit": category.unit, "fissile": fissile}


def register_entries(
    connection: Connection,
    metadata: MetaData,
    codes: Sequence[str],
    *,
    mbas: Iterable[str] | None = None,
    until: datetime.date | None = None,
    knowledge: Knowledge | None = None,
) -> list[RegisterEntry]:
    """Return the effective entries with some codes, in order of day.

    Parameters
    ----------
    connection, metadata
        An open reading transaction and the tables.
    codes : sequence of str
    mbas : iterable of str, optional
        Default: all.
    until : datetime.date, optional
        Last day; default: all.
    knowledge : Knowledge, optional
    """
    seen = resolved(connection, metadata, knowledge or Knowledge())
    table = metadata.tables[INVENTORY_CHANGE.name]
    query = select(table).where(table.c.code.in_(list(codes)), effective(table, seen))
    if mbas is not None:
        query = query.where(table.c.mba.in_(list(mbas)))
    if until is not None:
        query = query.where(table.c.event_date <= date_number(until))
    query = query.order_by(table.c.event_date, table.c.act_id, table.c.line_no)
    return [_entry(row) for row in connection.execute(query).mappings()]


def _entry(row: Any) -> RegisterEntry:
    basis, fissile = row["fissile_basis"], row["fissile_mg"]
    amount = Amount(
        int(row["element_mg"]),
        None if fissile is None else int(fissile),
        frozenset({basis}) if basis else frozenset(),
    )
    return RegisterEntry(
        mba=str(row["mba"]),
        category=Category(row["category"]),
        code=str(row["code"]),
        day=number_date(int(row["event_date"])),
        batch=row["batch"],
        items=row["items"],
        amount=amount,
        report=row["report_no"],
        entry=row["entry_no"],
        act=int(row["act_id"]),
        line=int(row["line_no"]),
    )


def register_openings(
    connection: Connection, metadata: MetaData, evidence: EvidenceStore
) -> list[RegisterEntry]:
    """Return what stood in the registers before the books begin, as entries of that day.

    The contexts with which areas began say so (``retained_waste``, ``exempted_on_use``,
    ``exempted_on_quantity``); they are kept as evidence. Of an area the context counts with
    which its books began, of the State's exemptions the first one that states any.

    Raises
    ------
    NotFoundError
        If a context is not in the evidence store.
    """
    table, began = metadata.tables[EVIDENCE.name], metadata.tables[REPORTING_CONTEXT.name]
    areas_of: dict[int, set[str]] = {}
    for act, mba in connection.execute(select(began.c.act_id, began.c.mba)):
        areas_of.setdefault(int(act), set()).add(str(mba))
    query = (
        select(table)
        .where(table.c.role == "context", table.c.act_id.in_(areas_of))
        .order_by(table.c.act_id, table.c.line_no)
    )
    found: list[RegisterEntry] = []
    seen: set[str] = set()
    for row in connection.execute(query).mappings():
        content = evidence.get(row["digest"]) if row["kept"] else b""
        if not any(word in content for word in (b"retained_waste", b"exempted_on")):
            continue
        context, _ = read_context(content, row["name"])
        if context is None:
            continue
        where = (int(row["act_id"]), int(row["line_no"]))
        for mba in sorted(areas_of[where[0]] - seen):
            own = context.areas.get(mba)
            waste = own.retained_waste if own is not None else {}
            for category, (element_mg, fissile_mg) in waste.items():
                amount = Amount(element_mg, fissile_mg, _basis(category))
                found.append(_opening(mba, "TW", context.prior_pit, category, amount, where))
        seen |= areas_of[where[0]]
        if not any(e.code in ("EU", "EQ") for e in found):
            for kind, category, element_mg, fissile_mg in context.exempted:
                amount = Amount(element_mg, fissile_mg, _basis(category))
                code = "EU" if kind == "use" else "EQ"
                found.append(_opening("", code, context.prior_pit, category, amount, where))
    return found


def _basis(category: Category) -> frozenset[str]:
    """Return what the fissile weight of a context stands for."""
    fissile = category in (Category.ENRICHED, Category.UNIFIED)
    return frozenset({"U-235"}) if fissile else frozenset()


def _opening(
    mba: str,
    code: str,
    day: datetime.date,
    category: Category,
    amount: Amount,
    where: tuple[int, int],
) -> RegisterEntry:
    return RegisterEntry(
        mba, category, code, day, BEFORE_THE_BOOKS, None, amount, None, None, *where
    )


@dataclass(frozen=True, slots=True)
class Overdrawn:
    """A day at the end of which more had come out of a register than had gone in."""

    entry: RegisterEntry
    book: Amount


def overdrawn(entries: Iterable[RegisterEntry]) -> Overdrawn | None:
    """Return the first day on which a register of one category falls below zero, or None.

    Only ends of days count: within a day the order of entries is not stated.
    """
    book, by_day = ZERO, dict[datetime.date, list[RegisterEntry]]()
    for entry in entries:
        by_day.setdefault(entry.day, []).append(entry)
    for day in sorted(by_day):
        for entry in by_day[day]:
            book = book + entry.signed
        if book.element_mg < 0 or (book.fissile_mg is not None and book.fissile_mg < 0):
            out = [e for e in by_day[day] if e.sign < 0]
            return Overdrawn(out[-1], book)
    return None


def parse_amount(text: str) -> tuple[Category, int, int | None]:
    """Return category, element and fissile weight in mg from e.g. ``"E:30000:1200"``.

    The element is in the unit of the report (kg for N, D and T, g otherwise), the fissile weight
    in g; it may be left out where the category needs none.

    Raises
    ------
    UsageError
        If the text has another form; the message says how to write it.
    """
    advice = (
        "Write CATEGORY:ELEMENT or CATEGORY:ELEMENT:FISSILE, e.g. E:30000:1200 for 30 kg uranium "
        "with 1.2 kg U-235; the element in kg for N, D and T, in g for E, U and P."
    )
    letter, _, rest = text.partition(":")
    if letter not in list(Category) or not rest or rest.count(":") > 1:
        raise UsageError(f"{text!r} is no amount of nuclear material", advice)
    category = Category(letter)
    element_text, _, fissile_text = rest.partition(":")
    try:
        element_mg = parse_weight_mg(element_text, category.unit)
        fissile_mg = parse_weight_mg(fissile_text, "g") if fissile_text else None
    except WeightError as error:
        raise UsageError(f"{text!r}: {error}", advice) from None
    if element_mg < 0 or (fissile_mg is not None and not 0 <= fissile_mg <= element_mg):
        raise UsageError(f"{text!r}: a weight is negative, or fissile exceeds element", advice)
    if fissile_mg is None and category in (Category.ENRICHED, Category.UNIFIED):
        raise UsageError(f"{text!r}: the fissile weight is needed", advice)
    return category, element_mg, fissile_mg
