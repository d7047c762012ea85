"""A partner's statement beside ours: why closings differ, until nothing is unexplained.

Every difference is put under one of five causes, looked for in this order: what one side counts
in another year, rounding, changes of category, documents that one side does not have, and what
is left: unexplained. Only what is unexplained stays open.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, MetaData

from keiryo.errors import NotFoundError
from keiryo.obligations.annual_statement import annual_statement, partner_cells
from keiryo.obligations.partner_movements import OurMovement, our_movements
from keiryo.obligations.partner_statements import (
    COLUMNS,
    LINES,
    PartnerLine,
    categories_of,
    partner_statement,
)
from keiryo.obligations.reconciliation import (
    CATEGORY,
    UNEXPLAINED,
    Explained,
    Movement,
    explained,
    rounding_bound,
)
from keiryo.obligations.statement_table import (
    CATEGORY_CHANGE,
    CLOSING,
    CORRECTION,
    OPENING,
    ROUNDING,
    UNITS_MG,
    StatementRow,
    statement_rows,
)

_LATER = datetime.date.max
"""Day of what a side has not counted yet."""


@dataclass(frozen=True, slots=True)
class ReconciledCategory:
    """A category of a partner's statement beside ours.

    Attributes
    ----------
    category : str
        As the partner names it.
    ours_of : tuple of str
        Our categories that it stands for.
    ours, theirs : Fraction
        Closings in milligrams; ours in whole units of the partner's statement.
    why : Explained
        In milligrams.
    bound_mg : Fraction
        What rounding may explain.
    lines : tuple of (line, ours, theirs)
        Sums of openings and causes in milligrams, of what at least one side states.
    """

    category: str
    ours_of: tuple[str, ...]
    ours: Fraction
    theirs: Fraction
    why: Explained
    bound_mg: Fraction
    lines: tuple[tuple[str, Fraction, Fraction], ...]


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """A partner's statement about a year compared with ours."""

    partner: str
    year: int
    unit: str
    categories: tuple[ReconciledCategory, ...]

    @property
    def open(self) -> tuple[ReconciledCategory, ...]:
        """The categories in which something is unexplained."""
        return tuple(one for one in self.categories if not one.why.settled)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values for JSON; amounts as decimals in the unit."""
        per = UNITS_MG[self.unit]

        def told(mg: Fraction) -> str:
            text = f"{Decimal(mg.numerator) / Decimal(mg.denominator) / per:f}"
            return text.rstrip("0").rstrip(".") if "." in text else text

        return {
            "partner": self.partner,
            "year": self.year,
            "unit": self.unit,
            "settled": not self.open,
            "categories": [
                {
                    "category": one.category,
                    "stands_for": list(one.ours_of),
                    "ours": told(one.ours),
                    "theirs": told(one.theirs),
                    "difference": told(one.why.difference),
                    "rounding_may_explain": told(one.bound_mg),
                    "causes": [
                        {
                            "cause": cause,
                            "amount": told(amount),
                            "references": list(one.why.references.get(cause, ())),
                        }
                        for cause, amount in one.why.by_cause.items()
                    ],
                    "settled": one.why.settled,
                    "lines": [
                        {
                            "line": line,
                            "ours": told(a),
                            "theirs": told(b),
                            "difference": told(b - a),
                        }
                        for line, a, b in one.lines
                    ],
                }
                for one in self.categories
            ],
        }


def reconcile(
    connection: Connection,
    metadata: MetaData,
    partner: str,
    year: int,
    lines: Sequence[PartnerLine] | None = None,
) -> Reconciliation:
    """Compare a partner's statement with ours.

    Parameters
    ----------
    lines : sequence of PartnerLine, optional
        A statement that is not recorded; default: the last one that is.

    Raises
    ------
    NotFoundError
        If there is no such label, or no statement of the partner about the year.
    """
    theirs = list(lines) if lines is not None else partner_statement(
        connection, metadata, partner, year
    )  # fmt: skip
    annual_statement(connection, metadata, partner, year)
    if not theirs:
        raise NotFoundError(
            f"no statement of {partner} about {year} is recorded",
            "Give it with --file: a CSV with the columns " + ", ".join(COLUMNS) + ".",
        )
    earlier = partner_statement(connection, metadata, partner, year - 1)
    later = partner_statement(connection, metadata, partner, year + 1)
    cells = partner_cells(connection, metadata, partner, year)
    ours = our_movements(connection, metadata, partner, year)
    return compared(
        *(partner, year, theirs, [*earlier, *later]),
        lambda unit_mg: statement_rows(cells, partner, unit_mg),
        ours,
    )


def compared(
    partner: str,
    year: int,
    theirs: Sequence[PartnerLine],
    around: Sequence[PartnerLine],
    rows_in: Callable[[int], Sequence[StatementRow]],
    ours: Sequence[OurMovement],
) -> Reconciliation:
    """Return why a partner's closings are not ours.

    Parameters
    ----------
    theirs : sequence of PartnerLine
        The partner's statement.
    around : sequence of PartnerLine
        Its statements about the years before and after: of these, the movements.
    rows_in : callable
        Takes a unit in milligrams, returns our `StatementRow` s in it.
    ours : sequence of OurMovement
        What we count in the year and around it.
    """
    names = list(dict.fromkeys(one.category for one in theirs))
    resolution = min(_resolution_mg(one) for one in theirs)
    rows = rows_in(resolution)
    named = {ours_of for name in names for ours_of in categories_of(name)}
    for row in rows:
        if row.category not in named and (row.closing or row.opening):
            names.append(row.category)
            named.add(row.category)
    unit = max((one.unit for one in theirs), key=lambda one: UNITS_MG[one])
    found = [
        _category(
            *(name, year, [t for t in theirs if t.category == name]),
            [t for t in around if t.category == name],
            [row for row in rows if row.category in categories_of(name)],
            [one for one in ours if one.category in categories_of(name)],
            resolution,
        )
        for name in names
    ]
    return Reconciliation(partner, year, unit, tuple(found))


def _resolution_mg(line: PartnerLine) -> int:
    """Return the last decimal of an amount in milligrams, at least one."""
    exponent = line.amount.as_tuple().exponent
    assert isinstance(exponent, int)
    return max(1, UNITS_MG[line.unit] // int(10 ** max(0, -exponent)))


def _category(
    name: str,
    year: int,
    theirs: Sequence[PartnerLine],
    around: Sequence[PartnerLine],
    rows: Sequence[StatementRow],
    ours: Sequence[OurMovement],
    resolution: int,
) -> ReconciledCategory:
    lines = tuple(_lines(theirs, rows, resolution))
    own = Fraction(sum(row.closing for row in rows) * resolution)
    closing = sum((t.amount_mg for t in theirs if t.line == CLOSING), Fraction(0))
    if not any(t.line == CLOSING for t in theirs):
        stated = [t for t in theirs if t.line != CORRECTION]
        closing = sum((t.amount_mg for t in stated), Fraction(0))
    count = max(1, len(theirs))
    bound = rounding_bound(count, [sum(row.cells for row in rows)]) * resolution
    movements = _movements([*theirs, *around], ours, bound)
    movements += _category_totals(theirs, lines, movements, year, bound)
    why = explained(own, closing, year, movements, bound)
    return ReconciledCategory(name, categories_of(name), own, closing, why, bound, lines)


def _lines(
    theirs: Sequence[PartnerLine], rows: Sequence[StatementRow], resolution: int
) -> Iterable[tuple[str, Fraction, Fraction]]:
    own: dict[str, Fraction] = {}
    for row in rows:
        told = [(OPENING, row.opening), *row.changes, (ROUNDING, row.rounding)]
        for line, amount in told:
            own[line] = own.get(line, Fraction(0)) + amount * resolution
    other: dict[str, Fraction] = {}
    for one in theirs:
        if one.line != CLOSING:
            other[one.line] = other.get(one.line, Fraction(0)) + one.amount_mg
    for line in LINES:
        pair = own.get(line, Fraction(0)), other.get(line, Fraction(0))
        if line != CLOSING and any(pair):
            yield (line, *pair)


def _movements(
    theirs: Sequence[PartnerLine], ours: Sequence[OurMovement], bound: Fraction
) -> list[Movement]:
    """Match what both sides state one by one; what one side does not itemise is left out."""
    itemised = [t for t in theirs if t.reference and t.line not in (OPENING, CLOSING)]
    lines = {one.line for one in itemised}
    left = [one for one in ours if one.line in lines]
    found = []
    for one in itemised:
        reference = str(one.reference)
        match = next((o for o in left if o.is_named(reference)), None)
        if match is not None:
            left.remove(match)
        kind = CATEGORY if one.line == CATEGORY_CHANGE else "movement"
        day = None if match is None else match.on
        amount = one.amount_mg
        if match is not None and abs(amount - match.amount_mg) > bound:
            found.append(Movement(reference, amount - match.amount_mg, None, one.on))
            amount = Fraction(match.amount_mg)
        found.append(Movement(reference, amount, day, one.on, kind))
    for own in left:
        kind = CATEGORY if own.line == CATEGORY_CHANGE else "movement"
        found.append(Movement(own.name, own.amount_mg, own.on, None, kind))
    return found


def _category_totals(
    theirs: Sequence[PartnerLine],
    lines: Sequence[tuple[str, Fraction, Fraction]],
    movements: Sequence[Movement],
    year: int,
    bound: Fraction,
) -> list[Movement]:
    """Return the difference in changes of category where the partner does not itemise them."""
    causes = {t.line for t in theirs} - {OPENING, CLOSING, CORRECTION, ROUNDING}
    if not causes or any(one.kind == CATEGORY for one in movements):
        return []
    for line, own, other in lines:
        if line == CATEGORY_CHANGE and abs(other - own) > bound:
            day = datetime.date(year, 12, 31)
            return [Movement(CATEGORY_CHANGE, other - own, _LATER, day, CATEGORY)]
    return []


def open_lines(found: Reconciliation) -> list[dict[str, Any]]:
    """Return what is left unexplained, by category."""
    told = found.to_dict()["categories"]
    return [
        {"category": one["category"], "amount": cause["amount"], "unit": found.unit}
        for one in told
        for cause in one["causes"]
        if cause["cause"] == UNEXPLAINED
    ]
