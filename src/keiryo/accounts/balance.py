"""The material balance, computed from the books and never typed.

References
----------
INFCIRC/153 (Corrected), paragraphs 67, 98, 102 and 113; Code 10, label 411.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, MetaData

from keiryo.accounts import books
from keiryo.accounts.equations import book_of, results
from keiryo.accounts.model import ZERO, Amount, Balance, Knowledge, Lines, total
from keiryo.accounts.reported import disagreements
from keiryo.accounts.tables import resolved
from keiryo.dates import Period, next_day, previous_day
from keiryo.errors import UsageError
from keiryo.places.tables import area, areas
from keiryo.quantities import Category
from keiryo.vocabulary import ENTRY_CODES

REBATCHING = ("RM", "RP")


def last_period(
    connection: Connection, metadata: MetaData, mba: str, knowledge: Knowledge
) -> Period:
    """Return the last period of an MBA that a physical inventory taking ended.

    If nothing was known of such a period yet, the period that had begun by then and is known to
    have ended since.

    Raises
    ------
    UsageError
        If the MBA has had fewer than two physical inventories.
    """
    seen = books.pit_dates(connection, metadata, mba, knowledge)
    if len(seen) >= 2:
        return Period(next_day(seen[-2]), seen[-1])
    every = books.pit_dates(connection, metadata, mba, Knowledge())
    begun = seen[-1:] or every[:1]
    if later := [pit for pit in every if pit > begun[-1]] if begun else []:
        return Period(next_day(begun[-1]), later[0])
    raise UsageError(
        f"{mba} has no period that a physical inventory taking ended",
        "Say which period you mean with --from and --to.",
    )


def balance(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    *,
    start: datetime.date | None = None,
    end: datetime.date | None = None,
    knowledge: Knowledge | None = None,
) -> Balance:
    """Return the material balance of an MBA.

    Parameters
    ----------
    connection, metadata
        An open reading transaction and the tables.
    mba : str
        MBA code.
    start, end : datetime.date, optional
        First and last day; default: the last period that a physical inventory taking ended.
    knowledge : Knowledge, optional
        Default: everything recorded.

    Returns
    -------
    Balance
        PB, changes, BE, DI and BA; PE and MF if a physical inventory was taken on `end`. Where
        the balance was reported with rounding adjustments and agrees with the books, its lines.

    Raises
    ------
    NotFoundError
        If the MBA is not registered.
    UsageError
        If no period can be made out, or it ends before it begins.
    """
    area(connection, metadata, mba)
    seen = resolved(connection, metadata, knowledge or Knowledge())
    period = _period(connection, metadata, mba, start, end, seen)
    lines = computed_lines(connection, metadata, mba, period, seen)
    reported = books.reported_balance(connection, metadata, mba, period, seen)
    findings = disagreements(
        mba,
        lines,
        reported,
        physical=books.physical_inventory(connection, metadata, mba, period.end, seen),
        previous=books.reported_ending(connection, metadata, mba, previous_day(period.start), seen),
    )
    if not findings and any(code.startswith("RA") for code in reported):
        return Balance(mba, period, seen, in_order(reported), "report")
    return Balance(mba, period, seen, lines, "books", tuple(findings))


def computed_lines(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    period: Period,
    knowledge: Knowledge,
) -> Lines:
    """Return the lines of a balance from effective changes and physical inventories."""
    opening = opening_inventory(connection, metadata, mba, period.start, knowledge)
    changed = books.changes(connection, metadata, [mba], period, knowledge)
    ending = None
    if period.end in books.pit_dates(connection, metadata, mba, knowledge):
        ending = books.physical_inventory(connection, metadata, mba, period.end, knowledge)
    return assembled(opening, changed, ending)


def opening_inventory(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    start: datetime.date,
    knowledge: Knowledge,
) -> dict[Category, Amount]:
    """Return what was on the book when a period began.

    After a physical inventory taking that is what its balance reported as ending inventory
    (PE = PB of the next, Code 10 label 411), or the sum of the listing if none was reported;
    otherwise the book of the day before.
    """
    day_before = previous_day(start)
    pits = [p for p in books.pit_dates(connection, metadata, mba, knowledge) if p <= day_before]
    if not pits:
        return book_since(connection, metadata, mba, None, day_before, {}, knowledge)
    base = books.physical_inventory(connection, metadata, mba, pits[-1], knowledge)
    reported = books.reported_ending(connection, metadata, mba, pits[-1], knowledge)
    if reported:
        base = {c: _with_fissile(reported[c], base.get(c)) for c in reported} | {
            c: a for c, a in base.items() if c not in reported
        }
    return book_since(connection, metadata, mba, pits[-1], day_before, base, knowledge)


def _with_fissile(reported: Amount, listed: Amount | None) -> Amount:
    """Take the reported weights; where only the listing states the fissile weight, its own."""
    if reported.fissile_mg is None and listed is not None and listed.fissile_mg is not None:
        return Amount(reported.element_mg, listed.fissile_mg, listed.bases)
    return reported


def book_since(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    pit: datetime.date | None,
    on: datetime.date,
    base: Mapping[Category, Amount],
    knowledge: Knowledge,
) -> dict[Category, Amount]:
    """Return the book at the end of a day: the inventory of `pit` and all changes since."""
    first = next_day(pit) if pit is not None else datetime.date(1900, 1, 1)
    if first > on:
        return dict(base)
    changed = books.changes(connection, metadata, [mba], Period(first, on), knowledge)
    return dict(assembled(base, changed, None)["BA"])


def assembled(
    opening: Mapping[Category, Amount],
    changed: Lines,
    ending: Mapping[Category, Amount] | None,
) -> Lines:
    """Put PB, changes and PE together and compute BE, BA and MF.

    The fissile weight is balanced for enriched and unified uranium only: for the others it is
    optional in reports, and a sum over those that state it would be wrong.
    """
    moved = {code: dict(lines) for code, lines in changed.items() if code not in REBATCHING}
    terms: Lines = {"PB": dict(opening), **moved}
    if ending is not None:
        terms["PE"] = dict(ending)
    present = {c for by_category in terms.values() for c in by_category}
    for category in present:
        _balance_category(terms, category, with_ending=ending is not None)
    _drop_optional_fissile(terms)
    if not any(terms.get("DI", {}).values()):
        terms.pop("DI", None)
    for code in ("PB", "BE", "BA", *(("PE", "MF") if ending is not None else ())):
        terms.setdefault(code, {})
    return in_order(terms)


def _balance_category(terms: Lines, category: Category, *, with_ending: bool) -> None:
    for code in ("PB", "PE") if with_ending else ("PB",):
        terms[code].setdefault(category, ZERO)
    book, difference = book_of(terms, category), terms.get("DI", {}).get(category, ZERO)
    physical = terms["PE"][category] if with_ending else ZERO
    for code, amount in results(book, difference, book - difference, physical):
        if code != "MF" or with_ending:
            terms.setdefault(code, {})[category] = amount


def _drop_optional_fissile(terms: Lines) -> None:
    for lines in terms.values():
        for category, amount in lines.items():
            if category not in (Category.ENRICHED, Category.UNIFIED):
                lines[category] = Amount(amount.element_mg, None)


def in_order(lines: Mapping[str, Mapping[Category, Amount]]) -> Lines:
    """Return lines in the order of a material balance report, rounding adjustments last."""
    rank = {code: number for number, code in enumerate(ENTRY_CODES())}
    ordered = sorted(lines, key=lambda code: (code.startswith("RA"), rank.get(code, 999), code))
    return {code: {c: lines[code][c] for c in Category if c in lines[code]} for code in ordered}


def _period(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    start: datetime.date | None,
    end: datetime.date | None,
    knowledge: Knowledge,
) -> Period:
    if start is None and end is None:
        return last_period(connection, metadata, mba, knowledge)
    pits = books.pit_dates(connection, metadata, mba, Knowledge())
    if start is None:
        assert end is not None
        earlier = [pit for pit in pits if pit < end]
        if not earlier:
            raise UsageError(f"{mba} has no physical inventory before {end}", "Add --from.")
        start = next_day(earlier[-1])
    if end is None:
        later = [pit for pit in pits if pit >= start]
        if not later:
            raise UsageError(f"{mba} has no physical inventory after {start}", "Add --to.")
        end = later[0]
    if end < start:
        raise UsageError(f"the period ends ({end}) before it begins ({start})")
    return Period(start, end)


def state_balance(
    connection: Connection,
    metadata: MetaData,
    state: str,
    *,
    start: datetime.date | None = None,
    end: datetime.date | None = None,
    knowledge: Knowledge | None = None,
) -> Balance:
    """Return the balance of a whole State: transfers between its MBAs cancel.

    What was shipped and not yet received (or received first) remains as ``TRANSIT``, the
    material that is on no MBA's book.

    Raises
    ------
    UsageError
        If the MBAs have different periods and none was given.
    """
    codes = [code for code, a in areas(connection, metadata).items() if a.state == state]
    if not codes:
        raise UsageError(f"no MBA of {state} is registered")
    parts = _common_parts(connection, metadata, codes, start, end, knowledge)
    lines: Lines = {}
    for part in parts:
        for code, by_category in part.lines.items():
            for category, amount in by_category.items():
                slot = lines.setdefault(code, {})
                slot[category] = slot.get(category, ZERO) + amount
    if transit := _in_transit(lines):
        lines["TRANSIT"] = transit
    ordered = in_order(lines)
    findings = tuple(f for part in parts for f in part.findings)
    return Balance(state, parts[0].period, parts[0].knowledge, ordered, "books", findings)


def _in_transit(lines: Lines) -> dict[Category, Amount]:
    """Take transfers out of the lines; return what was shipped and not received.

    Rounded lines count with their adjustments: a difference of rounding is in no lorry.
    """
    transit: dict[Category, Amount] = {}
    for code, sign in (("SD", 1), ("RASD", 1), ("RD", -1), ("RARD", -1)):
        for category, amount in lines.pop(code, {}).items():
            transit[category] = transit.get(category, ZERO) + amount.times(sign)
    return {category: amount for category, amount in transit.items() if not amount.is_zero}


def _common_parts(
    connection: Connection,
    metadata: MetaData,
    codes: Sequence[str],
    start: datetime.date | None,
    end: datetime.date | None,
    knowledge: Knowledge | None,
) -> list[Balance]:
    parts = [
        balance(connection, metadata, code, start=start, end=end, knowledge=knowledge)
        for code in codes
    ]
    periods = {part.period for part in parts}
    if len(periods) > 1:
        listed = ", ".join(f"{p.place} {p.period.start}..{p.period.end}" for p in parts)
        raise UsageError(f"the MBAs have different last periods: {listed}", "Give --from and --to.")
    return parts


def book_total(lines: Lines, code: str) -> Amount:
    """Return the sum of a line over categories (for display only)."""
    return total(lines.get(code, {}).values())
