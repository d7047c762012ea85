"""High enriched uranium in the books: which batches hold it, and what each entry did to it.

Uranium of 20 % and more is high enriched; exactly 20 % is. Code 10 has one category for all
enriched uranium, so it is told from the weights of each batch. A batch whose uranium is burnt or
diluted to below 20 % is no longer high enriched from that day: the whole of it goes at once. What a
physical inventory taking lists takes the place of the book.

Source: INFCIRC/153 (Corrected), paragraph 37 (20 %); Code 10, label 411. That mixing is told from
the re-batching and category changes of a day is a choice of keiryo.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.accounts import books
from keiryo.accounts.inventory import POOL, Followed
from keiryo.accounts.model import ZERO, Amount, Knowledge, total
from keiryo.accounts.tables import INVENTORY_CHANGE, PHYSICAL_INVENTORY, effective, entry_line
from keiryo.dates import date_number, number_date
from keiryo.places.model import MaterialBalanceArea
from keiryo.quantities import (
    HIGH_ENRICHMENT,
    SIGNIFICANT_QUANTITIES,
    Category,
    SignificantQuantities,
    significant_quantities,
)
from keiryo.vocabulary import entry_code

MIXING_CODES = ("RM", "RP", "NE", "DE", "EN", "ED", "ND", "DN")
"""Entries by which uranium is mixed inside an area."""

_IN_PLACE = ("LN", "NP", "NE", "DE", "EN", "ED", "ND", "DN", "DI")
"""Entries about material that stays in its batch."""

BLENDED, REBATCHED, BURNT, FELL = (
    *("blended down", "re-batched", "nuclear loss", "fell below 20 %"),
)
OPENING, LISTED = "in the first inventory taking", "restated by the inventory taking"
_KIND_OF_CODE = {
    "RF": "imported",
    "RD": "received",
    "SF": "exported",
    "SD": "shipped",
    "RM": REBATCHED,
    "RP": REBATCHED,
    "LN": BURNT,
    "TW": "to retained waste",
    "FW": "from retained waste",
    "EU": "exempted",
    "EQ": "exempted",
    "DU": "de-exempted",
    "DQ": "de-exempted",
    "LD": "discarded",
    "TU": "terminated",
    "LA": "lost",
    "SN": "to non-safeguarded use",
}


@dataclass(frozen=True, slots=True)
class Step:
    """What one line of the books did to the high enriched uranium of an area.

    Attributes
    ----------
    mba : str
    day : datetime.date
    code : str
        Of the entry; ``"PE"`` where a physical inventory taking restated the book.
    kind : str
        What it was, in words.
    batch : str
    change : Amount
        What it added to the high enriched uranium, or took from it (negative).
    partner : str or None
        The other side of a transfer, as State/MBA.
    act, line : int
    report, entry : int or None
    """

    mba: str
    day: datetime.date
    code: str
    kind: str
    batch: str
    category: Category
    change: Amount
    partner: str | None
    act: int
    line: int
    report: int | None = None
    entry: int | None = None


@dataclass(frozen=True, slots=True)
class Blend:
    """High enriched uranium that became low enriched on one day in one area.

    Attributes
    ----------
    mixed : Amount
        High enriched uranium that is no longer.
    product : Amount
        Low enriched uranium that stands in the batches made on that day.
    acts : tuple of int
    """

    mba: str
    day: datetime.date
    mixed: Amount
    product: Amount
    acts: tuple[int, ...]


def share(amount: Amount) -> Fraction | None:
    """Return the enrichment of a batch, or None where the books do not know it."""
    if amount.fissile_mg is None or not amount.bases or amount.element_mg == 0:
        return None
    return Fraction(amount.fissile_mg, amount.element_mg)


def is_high(category: Category, amount: Amount) -> bool:
    """Return whether a batch is high enriched uranium; exactly 20 % is."""
    enrichment = share(amount)
    uranium = category in (Category.ENRICHED, Category.UNIFIED) and amount.element_mg > 0
    return uranium and enrichment is not None and enrichment >= HIGH_ENRICHMENT


def counted(amount: Amount, table: SignificantQuantities = SIGNIFICANT_QUANTITIES) -> Fraction:
    """Return the significant quantities of enriched uranium, by its fissile weight.

    Parameters
    ----------
    amount : Amount
        Of one batch, or of several that are all high, or all low enriched.
    table : SignificantQuantities, optional
    """
    if amount.fissile_mg is None or amount.element_mg == 0:
        return Fraction(0)
    base = next(iter(amount.bases)) if len(amount.bases) == 1 else "U-233+U-235"
    return significant_quantities(
        Category.ENRICHED, amount.element_mg, amount.fissile_mg, fissile_base=base, table=table
    )


def amount_of(row: Any) -> Amount:
    """Return the amount of a line of the books."""
    basis, fissile = row["fissile_basis"], row["fissile_mg"]
    return Amount(
        int(row["element_mg"]),
        None if fissile is None else int(fissile),
        frozenset({basis}) if basis else frozenset(),
    )


def change_rows(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    on: datetime.date,
    knowledge: Knowledge,
) -> list[Any]:
    """Return the effective changes of an area, by day, what adds before what takes."""
    table = metadata.tables[INVENTORY_CHANGE.name]
    query = select(table, entry_line(table).label("first_line")).where(
        table.c.mba == mba, table.c.event_date <= date_number(on), effective(table, knowledge)
    )
    rows = connection.execute(query).mappings().all()
    return sorted(
        rows,
        key=lambda r: (r["event_date"], entry_code(r["code"]).day_rank, r["act_id"], r["line_no"]),
    )


def history(
    connection: Connection,
    metadata: MetaData,
    place: MaterialBalanceArea,
    on: datetime.date,
    knowledge: Knowledge,
) -> tuple[list[Step], list[Blend]]:
    """Return what happened to the high enriched uranium of an area up to the end of a day."""
    takings = [p for p in books.pit_dates(connection, metadata, place.code, knowledge) if p <= on]
    ahead = [date_number(pit) for pit in takings]
    followed = Followed(place)
    steps: list[Step] = []
    blends: list[Blend] = []
    rows = change_rows(connection, metadata, place.code, on, knowledge)
    for number, of_day in groupby(rows, key=lambda row: int(row["event_date"])):
        while ahead and ahead[0] < number:
            followed, restated = _taken(
                connection, metadata, place, followed, ahead.pop(0), knowledge
            )
            steps += restated
        done, blend = _one_day(place.code, followed, list(of_day))
        steps += done
        blends += blend
    for number in ahead:
        followed, restated = _taken(connection, metadata, place, followed, number, knowledge)
        steps += restated
    return steps, blends


def _one_day(mba: str, followed: Followed, rows: Sequence[Any]) -> tuple[list[Step], list[Blend]]:
    """Apply the lines of a day; what is done to a batch where it lies counts as one change.

    Burn-up is told in several lines (the element lost, a change of category, plutonium made): in
    between, the weights of the batch are no composition that it ever had.
    """
    within = [row for row in rows if row["code"] in _IN_PLACE]
    others = [[row] for row in rows if row["code"] not in _IN_PLACE]
    arrivals = [one for one in others if entry_code(one[0]["code"]).day_rank == 0]
    rest = [one for one in others if entry_code(one[0]["code"]).day_rank > 0]
    steps: list[Step] = []
    morning: dict[tuple[str, Category], Amount] = {}
    for group in (*arrivals, within, *rest):
        behind: dict[tuple[str, Category], Any] = {}
        for row in group:
            category = Category(row["category"])
            for key in ((POOL, category), (row["batch"] or POOL, category)):
                if key not in behind or behind[key]["code"] != "LN":
                    behind[key] = row
        before = {key: followed.amounts.get(key, ZERO) for key in behind}
        mixes = {key: before[key] for key, row in behind.items() if row["code"] in MIXING_CODES}
        morning = {**mixes, **morning}
        for row in group:
            followed.changed(row)
        for key, row in sorted(behind.items(), key=lambda item: item[0]):
            after = followed.amounts.get(key, ZERO)
            if after != before[key]:
                steps += _step(row, key[0], key[1], before[key], after)
    made = (
        _made(key[1], before, followed.amounts.get(key, ZERO)) for key, before in morning.items()
    )
    return _with_blends(mba, steps, total(made))


def _made(category: Category, before: Amount, after: Amount) -> Amount:
    """Return the low enriched uranium that a batch has more in the evening."""
    low = category in (Category.ENRICHED, Category.UNIFIED) and share(after) is not None
    if not low or is_high(category, after) or after.element_mg <= before.element_mg:
        return ZERO
    return after if is_high(category, before) else after - before


def _step(
    row: Any, batch: str, category: Category, before: Amount, after: Amount
) -> Iterator[Step]:
    was, now = is_high(category, before), is_high(category, after)
    if not was and not now:
        return
    change = (after if now else ZERO) - (before if was else ZERO)
    kind = _KIND_OF_CODE.get(row["code"], entry_code(row["code"]).meaning)
    if was and not now and after.element_mg > 0:
        kind = BLENDED if row["code"] in MIXING_CODES else FELL
    yield Step(
        mba=row["mba"],
        day=number_date(int(row["event_date"])),
        code=row["code"],
        kind=kind,
        batch=batch,
        category=category,
        change=change,
        partner=row["receiver"] if entry_code(row["code"]).sign < 0 else row["shipper"],
        act=int(row["act_id"]),
        line=int(row["line_no"]),
        report=row["report_no"],
        entry=row["entry_no"],
    )


def _with_blends(mba: str, steps: list[Step], product: Amount) -> tuple[list[Step], list[Blend]]:
    """Tell mixing that leaves less high enriched uranium from mere re-batching."""
    mixing = [step for step in steps if step.code in MIXING_CODES]
    net = total(step.change for step in mixing)
    if net.element_mg >= 0:
        return steps, []
    acts = tuple(sorted({step.act for step in mixing}))
    blend = Blend(mba, mixing[0].day, net.times(-1), product, acts)
    told = [_renamed(step) if step in mixing and step.kind == REBATCHED else step for step in steps]
    return told, [blend]


def _renamed(step: Step) -> Step:
    values = {name: getattr(step, name) for name in Step.__slots__}
    return Step(**{**values, "kind": BLENDED if step.change.element_mg < 0 else REBATCHED})


def _taken(
    connection: Connection,
    metadata: MetaData,
    place: MaterialBalanceArea,
    followed: Followed,
    pit: int,
    knowledge: Knowledge,
) -> tuple[Followed, list[Step]]:
    """Put the listing of an inventory taking into the place of the book."""
    table = metadata.tables[PHYSICAL_INVENTORY.name]
    query = (
        select(table, entry_line(table).label("first_line"))
        .where(table.c.mba == place.code, table.c.pit_date == pit, effective(table, knowledge))
        .order_by(table.c.act_id, table.c.line_no)
    )
    anew = Followed(place)
    rows = connection.execute(query).mappings().all()
    behind: dict[tuple[str, Category], Any] = {}
    for row in rows:
        anew.listed(row)
        behind[row["batch"] or POOL, Category(row["category"])] = row
    steps = list(_restated(place.code, pit, followed, anew, behind, rows))
    return anew, steps


def _restated(
    mba: str,
    pit: int,
    book: Followed,
    listed: Followed,
    behind: dict[tuple[str, Category], Any],
    rows: Iterable[Any],
) -> Iterator[Step]:
    any_row = next(iter(rows), None)
    for key in sorted({*book.amounts, *listed.amounts}):
        before, after = (side.amounts.get(key, ZERO) for side in (book, listed))
        was, now = is_high(key[1], before), is_high(key[1], after)
        change = (after if now else ZERO) - (before if was else ZERO)
        if change.is_zero:
            continue
        row = behind.get(key, any_row)
        yield Step(
            mba,
            number_date(pit),
            "PE",
            _kind_of_listing(was and not now and after.element_mg > 0, not book.amounts),
            *(key[0], key[1], change, None),
            0 if row is None else int(row["act_id"]),
            0 if row is None else int(row["line_no"]),
            None if row is None else row["report_no"],
            None if row is None else row["entry_no"],
        )


def _kind_of_listing(fell: bool, first: bool) -> str:
    return FELL if fell else OPENING if first else LISTED
