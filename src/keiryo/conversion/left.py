"""What may be left of high enriched uranium that no longer stands on the book of its area.

It may be on its way to another area, held there as retained waste, exempted from safeguards, lost,
or merged into the pool of a bulk area, where only an average is known. Each is a finding with the
entry behind it, and stands against the statement that nothing is left.

Source: Code 10, label 411 (TW and FW, EU and DU, EQ and DQ, LA, SD and RD); INFCIRC/153
(Corrected), paragraphs 36 and 37.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData, or_, select

from keiryo.accounts.inventory import POOL, BatchOnHand
from keiryo.accounts.model import ZERO, Amount, Knowledge
from keiryo.accounts.tables import INVENTORY_CHANGE, effective
from keiryo.conversion.high_enriched import Step, amount_of, counted, is_high
from keiryo.dates import date_number, number_date
from keiryo.errors import Finding, Severity
from keiryo.places.tables import areas
from keiryo.quantities import Category, effective_kg_text, format_weight

BACK = {"TW": ("FW",), "EU": ("DU",), "EQ": ("DQ",)}
"""Codes that take off the book, with those that bring back."""

BASIS = "INFCIRC/153 (Corrected), paragraph 37; Code 10, label 411"


@dataclass(frozen=True, slots=True)
class OffTheBook:
    """High enriched uranium beside the book: `code` tells how it went there.

    Attributes
    ----------
    mba, code, batch : str
    day : datetime.date
        Of the entry that took it off the book; the last, where there are several.
    amount : Amount
        What has not come back.
    partner : str or None
        Where it was shipped to.
    report, entry : int or None
    """

    mba: str
    code: str
    batch: str
    day: datetime.date
    amount: Amount
    partner: str | None
    report: int | None
    entry: int | None


def off_the_book(
    connection: Connection,
    metadata: MetaData,
    mbas: Sequence[str],
    on: datetime.date,
    knowledge: Knowledge,
) -> tuple[OffTheBook, ...]:
    """Return the high enriched uranium that left the books of some areas and may be there still."""
    table = metadata.tables[INVENTORY_CHANGE.name]
    codes = [*BACK, *(code for codes in BACK.values() for code in codes), "SD", "RD", "LA", "SN"]
    query = (
        select(table)
        .where(
            table.c.code.in_(codes),
            table.c.category.in_(("E", "U")),
            table.c.event_date <= date_number(on),
            or_(table.c.mba.in_(list(mbas)), table.c.code.in_(("SD", "RD"))),
            effective(table, knowledge),
        )
        .order_by(table.c.event_date, table.c.act_id, table.c.line_no)
    )
    rows = [
        row
        for row in connection.execute(query).mappings()
        if is_high(Category(row["category"]), amount_of(row))
    ]
    return (*_registers(rows, mbas), *_on_the_way(rows, mbas))


def _registers(rows: Iterable[Any], mbas: Sequence[str]) -> Iterator[OffTheBook]:
    """Yield what went into a register and did not come back, by area, code and batch."""
    home = {code: into for into, codes in BACK.items() for code in codes}
    left: dict[tuple[str, str, str], tuple[Any, Amount]] = {}
    for row in rows:
        if row["mba"] not in mbas or row["code"] in ("SD", "RD"):
            continue
        key = (row["mba"], home.get(row["code"], row["code"]), row["batch"] or "")
        amount = amount_of(row).times(-1 if row["code"] in home else 1)
        known = left.get(key, (row, ZERO))
        left[key] = (row if row["code"] not in home else known[0], known[1] + amount)
    for (mba, code, batch), (row, amount) in left.items():
        if not amount.is_zero:
            yield _off(row, mba, code, batch, amount)


def _on_the_way(rows: Sequence[Any], mbas: Sequence[str]) -> Iterator[OffTheBook]:
    """Yield domestic shipments from or to the areas that nobody received by then."""
    receipts = [row for row in rows if row["code"] == "RD"]
    for row in rows:
        receiver = (row["receiver"] or "").rpartition("/")[2]
        if row["code"] != "SD" or not {row["mba"], receiver} & set(mbas):
            continue
        answer = next(
            (
                receipt
                for receipt in receipts
                if receipt["mba"] == receiver
                and (receipt["shipper"] or "").rpartition("/")[2] == row["mba"]
                and (receipt["shipper_batch"] or receipt["batch"]) == row["batch"]
                and receipt["event_date"] >= row["event_date"]
            ),
            None,
        )
        if answer is None:
            yield _off(row, row["mba"], "SD", row["batch"] or "", amount_of(row))
        else:
            receipts.remove(answer)


def _off(row: Any, mba: str, code: str, batch: str, amount: Amount) -> OffTheBook:
    return OffTheBook(
        mba,
        code,
        batch,
        number_date(int(row["event_date"])),
        amount,
        row["receiver"],
        row["report_no"],
        row["entry_no"],
    )


def findings_of(
    held: Iterable[tuple[str, BatchOnHand]],
    unclear: Iterable[tuple[str, BatchOnHand]],
    steps: Sequence[Step],
    beside: Iterable[OffTheBook],
    connection: Connection,
    metadata: MetaData,
) -> Iterator[Finding]:
    """Yield everything that stands against the statement that nothing is left."""
    for mba, row in held:
        yield Finding(
            "CONVERSION-LEFT",
            Severity.INCONSISTENCY,
            f"{mba} holds {_words(row.amount)} in batch {row.batch}",
            "Ship it, blend it down, or correct the entry if it is not there.",
            mba=mba,
            category=str(row.category),
            found=_grams(row.amount),
            expected="0 g",
            basis=BASIS,
        )
    for mba, row in unclear:
        yield Finding(
            "CONVERSION-UNKNOWN",
            Severity.INCONSISTENCY,
            f"the enrichment of batch {row.batch} of {mba} "
            f"({format_weight(row.amount.element_mg, 'g')} g uranium) does not follow from the "
            "books",
            "State its fissile weight in the next report, or correct the entry that makes its "
            "book impossible.",
            mba=mba,
            category=str(row.category),
            found=f"{format_weight(row.amount.element_mg, 'g')} g",
            basis=BASIS,
        )
    yield from _pools(steps, connection, metadata)
    for one in beside:
        yield _beside(one)


def _pools(steps: Sequence[Step], connection: Connection, metadata: MetaData) -> Iterator[Finding]:
    """Find high enriched uranium that came into an area where batches merge."""
    known = areas(connection, metadata)
    for mba in sorted({step.mba for step in steps}):
        mine = [step for step in steps if step.mba == mba and step.batch != POOL]
        merged = {step.batch: step for step in mine if step.change.element_mg > 0}
        if known[mba].batch_follow_up or not merged:
            continue
        left = sum(step.change.element_mg for step in mine)
        if left > 0:
            yield Finding(
                "CONVERSION-POOL",
                Severity.WARNING,
                f"{mba} merges its batches into a pool: {format_weight(left, 'g')} g of high "
                f"enriched uranium went in ({', '.join(sorted(merged)[:5])}) and did not leave "
                "under its name",
                "Have the area take an inventory by batch, so that the enrichment of each is "
                "known.",
                mba=mba,
                found=f"{format_weight(left, 'g')} g",
                expected="0 g",
                basis=BASIS,
            )


def _beside(one: OffTheBook) -> Finding:
    what, batch = _words(one.amount), one.batch or "(no name)"
    if one.code == "SD":
        return _finding(
            "CONVERSION-TRANSIT",
            one,
            f"{one.mba} shipped {what} in batch {batch} to {one.partner or 'an unnamed receiver'} "
            f"on {one.day}, and no receipt is known",
            "Ask the receiver for the receipt; until then it is on its way.",
        )
    if one.code == "TW":
        return _finding(
            "CONVERSION-WASTE",
            one,
            f"{one.mba} holds {what} of batch {batch} as retained waste since {one.day}",
            "Bring it back to the book (FW) and ship it, or have safeguards on it terminated.",
        )
    if one.code in ("EU", "EQ"):
        kind, back = ("use", "DU") if one.code == "EU" else ("quantity", "DQ")
        return _finding(
            "CONVERSION-EXEMPT",
            one,
            f"{what} of batch {batch} of {one.mba} is exempted on {kind} since {one.day}",
            f"De-exempt it ({back}) and ship it.",
        )
    how = "lost by accident" if one.code == "LA" else "given to a use without safeguards"
    return _finding(
        "CONVERSION-LOST",
        one,
        f"{what} of batch {batch} of {one.mba} was {how} on {one.day}",
        "Say where it is, or where it was looked for; while it is out of sight, nothing can be "
        "confirmed.",
    )


def _finding(code: str, one: OffTheBook, message: str, advice: str) -> Finding:
    return Finding(
        code,
        Severity.INCONSISTENCY,
        message,
        advice,
        mba=one.mba,
        report=None if one.report is None else str(one.report),
        entry=one.entry,
        found=_grams(one.amount),
        expected="0 g",
        basis=BASIS,
    )


def _words(amount: Amount) -> str:
    quantities = effective_kg_text(counted(amount)) if amount.element_mg > 0 else "-"
    return f"{_grams(amount)} high enriched uranium ({quantities} SQ)"


def _grams(amount: Amount) -> str:
    return f"{format_weight(amount.element_mg, 'g')} g"
