"""The items of closed balances as the books hold them, line by line.

Every effective line that enters MUF is read with its sign: the listing of the beginning
inventory, changes, shipper/receiver differences, the listing of the ending inventory. Rebatching
does not change the book of the area, but tells what a batch was measured as. Whatever separates
the sum of the lines from the balance of the books, such as a rounded ending inventory that the
next balance began with, is an amount of its own and is said.

Source: INFCIRC/153 (Corrected), paragraphs 67, 98 and 107; Code 10, labels 411 and 469.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, MetaData, select

from keiryo.accounts import books
from keiryo.accounts.balance import REBATCHING, balance, computed_lines
from keiryo.accounts.equations import book_sign
from keiryo.accounts.model import Amount, Knowledge
from keiryo.accounts.tables import GENEALOGY, INVENTORY_CHANGE, PHYSICAL_INVENTORY, effective
from keiryo.dates import Period, date_number, next_day, previous_day
from keiryo.errors import Finding, Severity, UsageError
from keiryo.evaluation.model import LISTED, BookLine, Measurement, Use
from keiryo.evaluation.origins import Part, measured_parts
from keiryo.quantities import Category, format_weight
from keiryo.vocabulary import entry_code


@dataclass(frozen=True, slots=True)
class AreaItems:
    """What enters the balances of one category of an area.

    Attributes
    ----------
    mba : str
    category : Category
    periods : tuple of Period
        One after the other.
    pits : tuple of int
        The takings (YYYYMMDD) up to the end of the last period.
    uses : tuple of Use
    measurements : tuple of Measurement
        By number.
    muf : tuple of Amount
        MUF of each balance as the books compute it; equal to the sum of the uses.
    differences : tuple of Use
        Those uses that no line stands behind.
    isotopes : tuple of (str or None)
        The isotope of the fissile weight of each balance; None where it is not known throughout.
    findings : tuple of tuple of Finding
        By balance.
    measured_items : mapping of tuple of int to int
        How many items the errors are of, by act, line and measurement, where the line itself
        states no such number.
    """

    mba: str
    category: Category
    periods: tuple[Period, ...]
    pits: tuple[int, ...]
    uses: tuple[Use, ...]
    measurements: tuple[Measurement, ...]
    muf: tuple[Amount, ...]
    differences: frozenset[int]
    isotopes: tuple[str | None, ...]
    findings: tuple[tuple[Finding, ...], ...]
    measured_items: Mapping[tuple[int, int, int], int] = field(default_factory=dict)


def closed_periods(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    start: datetime.date | None,
    end: datetime.date | None,
    knowledge: Knowledge,
) -> tuple[Period, ...]:
    """Return the periods of an area that a physical inventory taking ended, within two days.

    Raises
    ------
    UsageError
        If there is none.
    """
    pits = books.pit_dates(connection, metadata, mba, knowledge)
    every = [Period(next_day(a), b) for a, b in pairwise(pits)]
    found = [
        p for p in every if (start is None or start <= p.start) and (end is None or p.end <= end)
    ]
    if not found:
        listed = ", ".join(f"{p.start} to {p.end}" for p in every) or "none"
        raise UsageError(
            f"{mba} has no balance that a physical inventory taking ended"
            + ("" if start is None and end is None else " between these days"),
            f"Balances known: {listed}. A balance needs a taking at its beginning and at its end.",
        )
    return tuple(found)


def read_items(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    category: Category,
    periods: tuple[Period, ...],
    knowledge: Knowledge,
    result_days: dict[str, list[int]],
) -> AreaItems:
    """Return what enters the balances of a category.

    Parameters
    ----------
    connection, metadata
        An open reading transaction and the tables.
    mba : str
    category : Category
    periods : tuple of Period
        Closed periods, one after the other.
    knowledge : Knowledge
        Resolved.
    result_days : dict of str to list of int
        Days (YYYYMMDD) on which measured values of a batch are recorded, ascending.
    """
    last = date_number(periods[-1].end)
    pits = [
        date_number(day)
        for day in books.pit_dates(connection, metadata, mba, knowledge)
        if date_number(day) <= last
    ]
    lines = _lines(connection, metadata, mba, category, knowledge)
    parents = _parents(connection, metadata, mba, lines, knowledge)
    parts, measurements = measured_parts(lines, category, parents, result_days)
    uses = list(_uses(lines, parts, periods, category))
    measured_items = {
        (line.act, line.line, part.measurement): part.measured
        for line, own in zip(lines, parts, strict=True)
        for part in own
        if part.measured != part.items
    }
    muf, differences, isotopes, findings = [], set(), [], []
    entered = by_balance(uses, len(periods))
    for number, period in enumerate(periods):
        terms = _computed(connection, metadata, mba, category, period, knowledge)
        own, said = entered[number], []
        for term, amount in (("PB", terms["PB"]), ("PE", terms["PE"])):
            missing = _difference(own, term, amount)
            if missing is not None:
                use, finding = _unlisted(mba, category, period, number, term, missing, own)
                measurements.append(Measurement(len(measurements), use.line, True, 0, 99991231))
                uses.append(use._replace(measurement=len(measurements) - 1))
                own.append(use)
                said.append(finding)
                if any(u.term == term and u is not use for u in own):
                    differences.add(len(measurements) - 1)
        muf.append(terms["MF"])
        isotopes.append(_isotope(category, terms, own))
        said += _reported(connection, metadata, mba, category, period, knowledge, terms["MF"])
        findings.append(tuple(said))
    return AreaItems(
        mba, category, periods, tuple(pits), tuple(uses), tuple(measurements), tuple(muf),
        frozenset(differences), tuple(isotopes), tuple(findings), measured_items,
    )  # fmt: skip


def by_balance(uses: Iterable[Use], count: int) -> list[list[Use]]:
    """Return what enters each balance."""
    found: list[list[Use]] = [[] for _ in range(count)]
    for use in uses:
        found[use.balance].append(use)
    return found


def _lines(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    category: Category,
    knowledge: Knowledge,
) -> list[BookLine]:
    """Return all lines in order of time; a listing stands at the end of its day."""
    found = []
    for kind, day in ((INVENTORY_CHANGE, "event_date"), (PHYSICAL_INVENTORY, "pit_date")):
        table = metadata.tables[kind.name]
        listed = kind is PHYSICAL_INVENTORY
        wanted = [
            table.c[name]
            for name in (day, *(() if listed else ("code",)), "act_id", "line_no", "batch",
                         "batch_uid", "kmp", "mdc", "items", "basis", "element_mg", "fissile_mg",
                         "measurement")
        ]  # fmt: skip
        query = select(*wanted).where(
            table.c.mba == mba,
            table.c.category == str(category),
            table.c[day].is_not(None),
            effective(table, knowledge),
        )
        for row in connection.execute(query):
            values = (row[0], LISTED, *row[1:]) if listed else tuple(row)
            line = BookLine._make(values)
            found.append(line if line.items is not None else line._replace(items=0))
    found.sort(key=_time)
    return found


def _time(line: BookLine) -> tuple[int, int, int, int]:
    rank = 9 if line.code == LISTED else entry_code(line.code).day_rank
    return line.day, rank, line.act, line.line


def _parents(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    lines: Iterable[BookLine],
    knowledge: Knowledge,
) -> dict[str, tuple[str, ...]]:
    """Return the batches that each rebatched batch was made from.

    A rebatching counts as long as what was taken out and what was put in are effective lines.
    """
    taken: set[str] = set()
    made: set[str] = set()
    for line in lines:
        if line.code in REBATCHING and line.uid is not None:
            (taken if entry_code(line.code).batch_sign < 0 else made).add(line.uid)
    if not made:
        return {}
    table = metadata.tables[GENEALOGY.name]
    query = select(table.c.child_uid, table.c.parent_uid).where(
        table.c.relation == "rebatched", table.c.child_uid.like(f"{mba}/%")
    )
    if knowledge.through_act is not None:
        query = query.where(table.c.act_id <= knowledge.through_act)
    found: dict[str, tuple[str, ...]] = {}
    for child, parent in connection.execute(query.order_by(table.c.act_id, table.c.line_no)):
        if child in made and parent in taken and parent not in found.get(child, ()):
            found[child] = (*found.get(child, ()), parent)
    return found


def _uses(
    lines: list[BookLine],
    parts: list[tuple[Part, ...]],
    periods: tuple[Period, ...],
    category: Category,
) -> Iterator[Use]:
    """Put lines into the balances that they enter; a listing enters two."""
    opened = {date_number(previous_day(p.start)): n for n, p in enumerate(periods)}
    ended = {date_number(p.end): n for n, p in enumerate(periods)}
    first, last = date_number(periods[0].start), date_number(periods[-1].end)
    ends = sorted(ended)
    for line, own in zip(lines, parts, strict=True):
        if line.code == LISTED:
            for days, term, sign in ((ended, "PE", -1), (opened, "PB", 1)):
                if line.day in days:
                    yield from _made(days[line.day], term, term, sign, line, own)
        elif line.code not in REBATCHING and first <= line.day <= last:
            number = ended[next(day for day in ends if line.day <= day)]
            sign = -1 if line.code == "DI" else book_sign(line.code, category)
            if sign:
                term = "DI" if line.code == "DI" else "increases" if sign > 0 else "decreases"
                yield from _made(number, term, line.code, sign, line, own)


def _made(
    number: int, term: str, code: str, sign: int, line: BookLine, parts: tuple[Part, ...]
) -> Iterator[Use]:
    for part in parts:
        own = line if part.items == line.items else line._replace(items=part.items)
        yield Use(
            number, term, code, sign * part.sign, part.element_mg, part.fissile_mg,
            part.measurement, own,
        )  # fmt: skip


def _computed(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    category: Category,
    period: Period,
    knowledge: Knowledge,
) -> dict[str, Amount]:
    found = computed_lines(connection, metadata, mba, period, knowledge)
    none = Amount(0, 0 if category in (Category.ENRICHED, Category.UNIFIED) else None)
    return {code: found.get(code, {}).get(category, none) for code in ("PB", "PE", "MF")}


def _difference(uses: list[Use], term: str, amount: Amount) -> Amount | None:
    """Return what a balance states beyond the sum of the listed lines, or None if nothing."""
    listed = [use for use in uses if use.term == term]
    element_mg = amount.element_mg - sum(use.element_mg for use in listed)
    fissile: int | None = None
    if amount.fissile_mg is not None and all(use.fissile_mg is not None for use in listed):
        fissile = amount.fissile_mg - sum(use.fissile_mg or 0 for use in listed)
    if element_mg == 0 and not fissile:
        return None
    return Amount(element_mg, fissile)


def _unlisted(
    mba: str,
    category: Category,
    period: Period,
    number: int,
    term: str,
    missing: Amount,
    own: list[Use],
) -> tuple[Use, Finding]:
    """Return an amount that no line stands behind, and what to say about it."""
    day = previous_day(period.start) if term == "PB" else period.end
    line = BookLine(
        date_number(day), LISTED, 0, 0, None, None, None, None, 0, None,
        missing.element_mg, missing.fissile_mg,
    )  # fmt: skip
    use = Use(
        number, term, term, 1 if term == "PB" else -1, missing.element_mg, missing.fissile_mg,
        -1, line,
    )  # fmt: skip
    unit = category.unit
    shown = f"{format_weight(missing.element_mg, unit)} {unit}"
    if missing.fissile_mg:
        shown += f" with {format_weight(missing.fissile_mg, 'g')} g fissile"
    if any(u.term == term for u in own):
        message = (
            f"the inventory of {day} in the balance to {period.end} differs from its listing by "
            f"{shown}; the difference enters MUF as an amount without measurement error"
        )
        advice = "It is usually rounding. Otherwise correct the listing or the balance report."
        code = "INVENTORY-UNLISTED"
    else:
        message = (
            f"the inventory of {day} in the balance to {period.end} is one sum of {shown}: its "
            "listing is not in the books"
        )
        advice = "Import the listing, so that what was not measured again can cancel."
        code = "INVENTORY-LUMP"
    return use, Finding(
        code, Severity.WARNING, message, advice, mba=mba, category=str(category), found=shown,
        basis="Code 10, label 411: PB is the PE of the balance before",
    )  # fmt: skip


def _isotope(category: Category, terms: dict[str, Amount], own: list[Use]) -> str | None:
    """Return the isotope of the fissile weight, if all of the balance states it."""
    if category not in (Category.ENRICHED, Category.UNIFIED):
        return None
    if any(use.fissile_mg is None for use in own):
        return None
    bases = set().union(*(amount.bases for amount in terms.values()))
    if any(amount.fissile_mg is None for amount in terms.values()):
        return None
    return "+".join(sorted(bases)) or "U-235"


def _reported(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    category: Category,
    period: Period,
    knowledge: Knowledge,
    computed: Amount,
) -> Iterator[Finding]:
    """Yield what the balance that was reported says otherwise."""
    found: Any = balance(
        connection, metadata, mba, start=period.start, end=period.end, knowledge=knowledge
    )
    yield from (f for f in found.findings if f.category in (None, str(category)))
    stated = found.lines.get("MF", {}).get(category)
    if stated is not None and stated.element_mg != computed.element_mg:
        unit = category.unit
        pair = [f"{format_weight(a.element_mg, unit)} {unit}" for a in (stated, computed)]
        yield Finding(
            "MUF-ROUNDED", Severity.INFORMATION,
            f"the report of {period.end} states a rounded MUF of {pair[0]}; evaluated is {pair[1]}",
            "Nothing to do: only the report is rounded, never what is computed with.",
            mba=mba, category=str(category), found=pair[0], expected=pair[1],
            basis="Code 10, label 411: rounding adjustments",
        )  # fmt: skip
