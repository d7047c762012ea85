"""The retained-waste register: measured, deemed irrecoverable, stored at the area, off its book.

Retained waste stays a safeguards matter. It goes in by TW and comes back by FW, also when it is
removed in order to ship it; per area and category no more can come back than went in, and what is
held there is not part of a physical inventory.

Source: Code 10, label 411 (TW, FW).
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.accounts import books
from keiryo.accounts.model import ZERO, Amount, Knowledge
from keiryo.accounts.tables import PHYSICAL_INVENTORY, effective, resolved
from keiryo.dates import Period, date_number, number_date
from keiryo.errors import Finding, Severity
from keiryo.oversight.register_entries import (
    RegisterEntry,
    overdrawn,
    register_entries,
    weights_dict,
)
from keiryo.places.tables import area, areas
from keiryo.quantities import Category

BEGINNING = datetime.date(1900, 1, 1)


@dataclass(frozen=True, slots=True)
class WasteBatch:
    """What was put into retained waste under one batch name, and what came back."""

    batch: str | None
    transferred: Amount
    returned: Amount
    entries: tuple[RegisterEntry, ...]

    @property
    def held(self) -> Amount:
        """What is there now."""
        return self.transferred + self.returned.times(-1)


@dataclass(frozen=True, slots=True)
class WasteAccount:
    """Retained waste of one area and category; `transferred` is TW, `returned` FW."""

    mba: str
    category: Category
    transferred: Amount
    returned: Amount
    batches: tuple[WasteBatch, ...]

    @property
    def held(self) -> Amount:
        """What is held now."""
        return self.transferred + self.returned.times(-1)


@dataclass(frozen=True, slots=True)
class RetainedWaste:
    """The board: all accounts at the end of a day, and what is wrong with them."""

    on: datetime.date
    knowledge: Knowledge
    accounts: tuple[WasteAccount, ...]
    findings: tuple[Finding, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the board as plain data, weights as exact decimals in the report's unit."""
        return {
            "on": self.on.isoformat(),
            "as_known": self.knowledge.text,
            "accounts": [
                {
                    "mba": account.mba,
                    "category": str(account.category),
                    "unit": account.category.unit,
                    "transferred": _shown(account.category, account.transferred),
                    "returned": _shown(account.category, account.returned),
                    "held": _shown(account.category, account.held),
                    "batches": [
                        {
                            "batch": b.batch,
                            "transferred": _shown(account.category, b.transferred),
                            "returned": _shown(account.category, b.returned),
                            "held": _shown(account.category, b.held),
                            "entries": [e.to_dict() for e in b.entries],
                        }
                        for b in account.batches
                    ],
                }
                for account in self.accounts
            ],
        }


def retained_waste(
    connection: Connection,
    metadata: MetaData,
    on: datetime.date,
    *,
    mba: str | None = None,
    knowledge: Knowledge | None = None,
    openings: Sequence[RegisterEntry] = (),
) -> RetainedWaste:
    """Return the retained-waste board at the end of a day.

    Parameters
    ----------
    connection, metadata
        An open reading transaction and the tables.
    on : datetime.date
    mba : str, optional
        Default: all areas of the State.
    knowledge : Knowledge, optional
        Default: everything recorded.
    openings : sequence of RegisterEntry, optional
        What was there before the books begin; see `register_openings`.

    Raises
    ------
    NotFoundError
        If the MBA is not registered.
    """
    seen = resolved(connection, metadata, knowledge or Knowledge())
    wanted = list(areas(connection, metadata)) if mba is None else [mba]
    if mba is not None:
        area(connection, metadata, mba)
    entries = [e for e in openings if e.code == "TW" and e.day <= on]
    before = list(entries)
    entries += register_entries(
        connection, metadata, ("TW", "FW"), mbas=wanted, until=on, knowledge=seen
    )
    accounts: list[WasteAccount] = []
    findings: list[Finding] = []
    for code in wanted:
        own = [e for e in entries if e.mba == code]
        if not own:
            continue
        sums = books.changes(connection, metadata, [code], Period(BEGINNING, on), seen)
        for category in [c for c in Category if any(e.category is c for e in own)]:
            of_category = [e for e in own if e.category is category]
            into, out = sums.get("TW", {}), sums.get("FW", {})
            opening = (e.amount for e in before if (e.mba, e.category) == (code, category))
            accounts.append(
                WasteAccount(
                    code,
                    category,
                    sum(opening, into.get(category, ZERO)),
                    out.get(category, ZERO),
                    _by_batch(of_category),
                )
            )
            findings += _overdrawn(of_category)
        findings += _listed(connection, metadata, code, own, on, seen)
    return RetainedWaste(on, seen, tuple(accounts), tuple(findings))


def _by_batch(entries: Sequence[RegisterEntry]) -> tuple[WasteBatch, ...]:
    by_name: dict[str | None, list[RegisterEntry]] = {}
    for entry in entries:
        by_name.setdefault(entry.batch, []).append(entry)
    result = []
    for name, own in sorted(by_name.items(), key=lambda item: item[0] or ""):
        into = sum((e.amount for e in own if e.sign > 0), ZERO)
        out = sum((e.amount for e in own if e.sign < 0), ZERO)
        result.append(WasteBatch(name, into, out, tuple(own)))
    return tuple(result)


def _overdrawn(entries: Sequence[RegisterEntry]) -> Iterator[Finding]:
    below = overdrawn(entries)
    if below is None:
        return
    category, entry = below.entry.category, below.entry
    left = weights_dict(category, below.book)
    fissile = f" with {left['fissile']} g fissile" if left["fissile"] else ""
    yield Finding(
        "RETAINED-WASTE",
        Severity.INCONSISTENCY,
        f"{entry.mba} took back more from retained waste than it had put there: on {entry.day} "
        f"{left['element']} {left['unit']} {category}{fissile} are left",
        "Look for a transfer to retained waste (TW) that was not reported, or correct the weight "
        "of the retransfer (FW).",
        mba=entry.mba,
        report=None if entry.report is None else str(entry.report),
        entry=entry.entry,
        category=str(category),
        found=f"{left['element']} {left['unit']}",
        expected=f"0 {left['unit']} or more",
        basis="Code 10, label 411 (TW, FW)",
    )


def _listed(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    entries: Sequence[RegisterEntry],
    on: datetime.date,
    knowledge: Knowledge,
) -> Iterator[Finding]:
    """Find waste that is listed as physical inventory while it is held as retained waste.

    A name alone says little, for a batch may go to waste in part. Listed with the very weights
    that went to retained waste, of which nothing came back, it is the waste.
    """
    returned = {(e.batch, e.category) for e in entries if e.sign < 0}
    table = metadata.tables[PHYSICAL_INVENTORY.name]
    query = (
        select(table)
        .where(
            table.c.mba == mba,
            table.c.pit_date <= date_number(on),
            table.c.batch.in_([e.batch for e in entries if e.sign > 0 and e.batch]),
            effective(table, knowledge),
        )
        .order_by(table.c.pit_date, table.c.act_id, table.c.line_no)
    )
    for row in connection.execute(query).mappings():
        pit = number_date(int(row["pit_date"]))
        for entry in entries:
            same = (entry.batch, str(entry.category), entry.amount.element_mg) == (
                row["batch"],
                row["category"],
                row["element_mg"],
            )
            if (
                not same
                or entry.day > pit
                or entry.sign < 0
                or entry.amount.is_zero
                or (entry.batch, entry.category) in returned
            ):
                continue
            shown = weights_dict(entry.category, entry.amount)
            yield Finding(
                "RETAINED-WASTE",
                Severity.INCONSISTENCY,
                f"{mba} lists batch {entry.batch} ({shown['element']} {shown['unit']} "
                f"{entry.category}) in its inventory of {pit}, but transferred it to retained "
                f"waste on {entry.day}",
                "Take it out of the listing: retained waste is off the book. If it was brought "
                "back, report the retransfer (FW).",
                mba=mba,
                report=None if row["report_no"] is None else str(row["report_no"]),
                entry=row["entry_no"],
                category=str(entry.category),
                found=f"{shown['element']} {shown['unit']}",
                expected="not listed",
                basis="Code 10, label 411 (TW)",
            )
            break


def _shown(category: Category, amount: Amount) -> dict[str, Any]:
    shown = weights_dict(category, amount)
    return {"element": shown["element"], "fissile": shown["fissile"]}
