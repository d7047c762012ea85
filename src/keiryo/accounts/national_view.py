"""The national view of an inventory: high and low enriched uranium told apart, or all in one.

Code 10 has one category for all enriched uranium. Regional and national systems tell high (from
20 % upward, H) from low enriched uranium (L), others unify all uranium (U). Both are derived here
from the books, batch by batch, and change nothing in them: L and H together are always the
enriched uranium of the books. Diluting high enriched uranium is no category change of Code 10,
but one in this view; such movements are listed.

The letters and the derivation by batch are a choice of keiryo; the limit of 20 % stands in
INFCIRC/153 (Corrected), paragraph 37.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.accounts import books
from keiryo.accounts.inventory import (
    POOL,
    BatchOnHand,
    Followed,
    _amount,
    _changes,
    _listing,
    inventory,
)
from keiryo.accounts.model import ZERO, Amount, Knowledge
from keiryo.dates import next_day, number_date
from keiryo.limits import natural_enrichment
from keiryo.places.tables import area
from keiryo.profiles import Profile
from keiryo.quantities import (
    HIGH_ENRICHMENT,
    MG_PER_UNIT,
    Category,
    enrichment_class,
    enrichment_interval,
    format_weight,
)

ORDER = "NDELHUPT"
_URANIUM = (Category.NATURAL, Category.DEPLETED, Category.ENRICHED, Category.UNIFIED)
_SPLIT = (Category.ENRICHED, Category.UNIFIED)


@dataclass(frozen=True, slots=True)
class NationalBatch:
    """A batch as the national view shows it.

    Attributes
    ----------
    batch : BatchOnHand
        What the books hold.
    category : str
        Letter of the national category. Enriched uranium of unstated enrichment stays ``"E"``.
    interval : tuple of Fraction or None
        Lowest and highest enrichment that the rounding of the weights leaves possible.
    straddles : bool
        Whether 20 % lies within the interval, so that rounding decides between H and L.
    remark : str
        What a person should know about the derivation; empty if nothing.
    """

    batch: BatchOnHand
    category: str
    interval: tuple[Fraction, Fraction] | None = None
    straddles: bool = False
    remark: str = ""


@dataclass(frozen=True, slots=True)
class CategoryMovement:
    """Enriched uranium that passed 20 % without a category change of Code 10.

    Attributes
    ----------
    day : datetime.date
    batch, code, report : str or None
        The batch, and the entry that moved it; several batches of a day for a rebatching.
    old, new : str
        ``"H"`` and ``"L"``, or the reverse.
    amount : Amount
        What changed its national category.
    before, after : Fraction or None
        Enrichment of the batch before and after.
    """

    day: datetime.date
    batch: str
    code: str
    report: str | None
    old: str
    new: str
    amount: Amount
    before: Fraction | None = None
    after: Fraction | None = None


@dataclass(frozen=True, slots=True)
class NationalInventory:
    """The inventory of an area in national categories; weights in milligrams."""

    mba: str
    on: datetime.date
    profile: str
    knowledge: Knowledge
    batches: tuple[NationalBatch, ...]
    totals: Mapping[str, Amount]
    code10_totals: Mapping[Category, Amount]
    movements: tuple[CategoryMovement, ...]


def national_inventory(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    on: datetime.date,
    profile: Profile,
    knowledge: Knowledge | None = None,
) -> NationalInventory:
    """Return the book inventory of an area in the categories of a profile.

    Parameters
    ----------
    connection, metadata
        An open reading transaction and the tables.
    mba : str
    on : datetime.date
        End of this day.
    profile : Profile
        Its categories, and the rounding of its reports.
    knowledge : Knowledge, optional
        Default: everything recorded.

    Raises
    ------
    NotFoundError
        If the area is not registered.

    Notes
    -----
    A pool holds what bulk batches became and has one enrichment, the average; its remark says so.
    Whole grams are taken to be rounded to the gram, anything finer to the step of the profile.
    """
    found = inventory(connection, metadata, mba, on, knowledge)
    natural, tolerance = natural_enrichment(on)
    rows = tuple(_national(row, profile, natural, tolerance) for row in found.batches)
    totals: dict[str, Amount] = {}
    for row in rows:
        totals[row.category] = totals.get(row.category, ZERO) + row.batch.amount
    moved: tuple[CategoryMovement, ...] = ()
    if profile.splits_enriched:
        moved = tuple(_movements(connection, metadata, mba, on, found.knowledge))
    return NationalInventory(
        mba=mba,
        on=on,
        profile=profile.name,
        knowledge=found.knowledge,
        batches=rows,
        totals={letter: totals[letter] for letter in ORDER if letter in totals},
        code10_totals=found.totals,
        movements=moved,
    )


def national_category(
    category: Category, element_mg: int, fissile_mg: int | None, categories: Sequence[str]
) -> str:
    """Return the letter under which a view shows uranium, plutonium or thorium.

    Parameters
    ----------
    category : Category
        As booked.
    element_mg, fissile_mg : int, int or None
    categories : sequence of str
        The letters that the view has, as in `Profile.categories`.
    """
    if category in _URANIUM and "U" in categories:
        return "U"
    if category not in _SPLIT or "H" not in categories:
        return str(category)
    if not element_mg or fissile_mg is None or (element_mg < 0) != (fissile_mg < 0):
        return str(category)
    derived = enrichment_class(abs(element_mg), abs(fissile_mg))
    if category is Category.ENRICHED and derived != "H":
        return "L"  # whatever is booked as enriched stays so: L and H are the E of the books
    return derived


def _national(
    row: BatchOnHand, profile: Profile, natural: Fraction, tolerance: Fraction
) -> NationalBatch:
    amount = row.amount
    fissile_mg = amount.fissile_mg if amount.bases else None
    letter = national_category(row.category, amount.element_mg, fissile_mg, profile.categories)
    if row.category not in _SPLIT or not profile.splits_enriched:
        return NationalBatch(row, letter)
    if fissile_mg is None or amount.element_mg <= 0 or fissile_mg < 0:
        return NationalBatch(row, letter, remark="the enrichment is not known from the books")
    steps = [_step_mg(mg, profile) for mg in (amount.element_mg, fissile_mg)]
    interval = enrichment_interval(
        amount.element_mg, fissile_mg, element_step_mg=steps[0], fissile_step_mg=steps[1]
    )
    straddles = interval[0] < HIGH_ENRICHMENT <= interval[1]
    remarks = []
    if straddles:
        remarks.append("20 % lies within the rounding of the weights")
    derived = enrichment_class(amount.element_mg, fissile_mg, natural=natural, tolerance=tolerance)
    if derived in ("N", "D") and row.category is Category.ENRICHED:
        words = {"N": "natural", "D": "depleted"}[derived]
        remarks.append(f"booked as enriched, {words} by its weights")
    if row.batch == POOL:
        remarks.append("average of the pool")
    return NationalBatch(row, letter, interval, straddles, "; ".join(remarks))


def _step_mg(mg: int, profile: Profile) -> int:
    """Return the step to which a weight looks rounded."""
    whole = MG_PER_UNIT["g"] if mg % MG_PER_UNIT["g"] == 0 else 1
    return max(whole, profile.rounding_step_mg["g"])


# --- movements over 20 % --------------------------------------------------------------------------


def _movements(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    on: datetime.date,
    knowledge: Knowledge,
) -> Iterator[CategoryMovement]:
    """Yield what passed 20 % within batches, and from batches into others, in the order of days."""
    place = area(connection, metadata, mba)
    pits = [p for p in books.pit_dates(connection, metadata, mba, knowledge) if p <= on]
    starts = [None, *pits]
    ends = [*pits, on]
    crossings: list[CategoryMovement] = []
    for pit, end in zip(starts, ends, strict=True):
        followed = Followed(place)
        first = datetime.date(1900, 1, 1)
        if pit is not None:
            first = next_day(pit)
            for row in _listing(connection, metadata, mba, pit, knowledge):
                followed.listed(row)
        if first <= end:
            rows = _changes(connection, metadata, mba, first, end, knowledge)
            crossings += _moved(followed, rows)
    yield from sorted(crossings, key=lambda movement: movement.day)


def _moved(followed: Followed, rows: Iterable[Any]) -> Iterator[CategoryMovement]:
    rebatched: dict[datetime.date, list[Any]] = {}
    for row in rows:
        if row["category"] not in ("E", "U"):
            continue
        day = number_date(row["event_date"])
        key = (row["batch"] or POOL, Category(row["category"]))
        before = followed.amounts.get(key, ZERO)
        followed.changed(row)
        if row["code"] in ("RM", "RP"):
            rebatched.setdefault(day, []).append(row)
        if key[0] != POOL:
            yield from _crossing(row, day, before, followed.amounts.get(key, ZERO))
    for day, of_day in rebatched.items():
        yield from _rebatching(day, of_day)


def _crossing(
    row: Any, day: datetime.date, before: Amount, after: Amount
) -> Iterable[CategoryMovement]:
    """Return the movement if the content of a batch passed 20 %.

    What was in the batch before and after changes its category; what an entry adds or takes has
    its own.
    """
    old, new = _share(before), _share(after)
    if old is None or new is None or (old >= HIGH_ENRICHMENT) == (new >= HIGH_ENRICHMENT):
        return ()
    letters = ("H", "L") if old >= HIGH_ENRICHMENT else ("L", "H")
    kept = before if before.element_mg <= after.element_mg else after
    return (
        CategoryMovement(
            *(day, str(row["batch"]), str(row["code"]), _report(row), *letters),
            amount=kept,
            before=old,
            after=new,
        ),
    )


def _rebatching(day: datetime.date, rows: Sequence[Any]) -> Iterable[CategoryMovement]:
    """Return what went from batches of one class into batches of the other on a day."""
    left: dict[str, Amount] = {"H": ZERO, "L": ZERO}
    for row in rows:
        amount = _amount(row)
        share = _share(amount)
        if share is None:
            continue
        letter = "H" if share >= HIGH_ENRICHMENT else "L"
        left[letter] = left[letter] + amount.times(-1 if row["code"] == "RP" else 1)
    for old, new in (("H", "L"), ("L", "H")):
        if left[old].element_mg > 0 > left[new].element_mg:
            size = left[old] if left[old].element_mg <= -left[new].element_mg else left[new]
            moved = size if size is left[old] else size.times(-1)
            names = dict.fromkeys(str(row["batch"]) for row in rows)
            reports = dict.fromkeys(filter(None, map(_report, rows)))
            yield CategoryMovement(
                *(day, ", ".join(names), "RM/RP", ", ".join(reports) or None, old, new),
                amount=moved,
            )


def _share(amount: Amount) -> Fraction | None:
    if amount.fissile_mg is None or not amount.bases or amount.element_mg <= 0:
        return None
    return None if amount.fissile_mg < 0 else Fraction(amount.fissile_mg, amount.element_mg)


def _report(row: Any) -> str | None:
    if row["report_no"] is None:
        return None
    return f"{row['report_no']}/{row['entry_no']}" if row["entry_no"] else str(row["report_no"])


# --- plain data -----------------------------------------------------------------------------------


def to_dict(found: NationalInventory) -> dict[str, object]:
    """Return a national inventory as plain data, weights as exact decimals with their unit."""
    return {
        "mba": found.mba,
        "on": found.on.isoformat(),
        "as_known": found.knowledge.text,
        "profile": found.profile,
        "batches": [
            {
                "batch": row.batch.batch,
                "kmp": row.batch.kmp,
                "mdc": row.batch.mdc,
                "code10": str(row.batch.category),
                "category": row.category,
                **_weights(row.category, row.batch.amount),
                "enrichment": _percent(row.batch.enrichment),
                "lowest": _percent(row.interval[0]) if row.interval else None,
                "highest": _percent(row.interval[1]) if row.interval else None,
                "straddles": row.straddles,
                "remark": row.remark,
            }
            for row in found.batches
        ],
        "totals": {letter: _weights(letter, amount) for letter, amount in found.totals.items()},
        "code10_totals": {
            str(category): _weights(str(category), amount)
            for category, amount in found.code10_totals.items()
        },
        "movements": [
            {
                "day": one.day.isoformat(),
                "batch": one.batch,
                "code": one.code,
                "report": one.report,
                "from": one.old,
                "to": one.new,
                **_weights(one.new, one.amount),
                "before": _percent(one.before),
                "after": _percent(one.after),
            }
            for one in found.movements
        ],
    }


def _weights(letter: str, amount: Amount) -> dict[str, str | None]:
    unit = "kg" if letter in "NDT" else "g"
    fissile = None
    if letter in "ELHU" and amount.fissile_mg is not None and amount.bases:
        fissile = format_weight(amount.fissile_mg, "g")
    return {"element": format_weight(amount.element_mg, unit), "fissile": fissile, "unit": unit}


def _percent(share: Fraction | None) -> str | None:
    """Return a share in per cent with three decimals, cut off: 19.9999 is not shown as 20."""
    if share is None:
        return None
    thousandths = abs(share.numerator) * 100_000 // share.denominator
    return f"{'-' if share < 0 else ''}{thousandths // 1000}.{thousandths % 1000:03d}"
