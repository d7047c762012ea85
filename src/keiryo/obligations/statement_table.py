"""What is under a partner's label over a year: opening, causes, closing, by kind of material.

Pure arithmetic over moves. Every followed holding stands in one row: the kind of its material and
the kind of place it is in. What passes between two rows is a decrease of one and an increase of
the other; what only changes hands within a row is no change of it.

A statement holds whole units. Openings, closings and each cause are apportioned by themselves
over *all* cells of the row, so that the statements to all partners come from one table that adds
up; the partner's figure is the sum of the cells that carry its label. Because each of them is
rounded by itself, a row may miss its closing by some units: that is a line of its own,
``rounding``, and in milligrams it is nothing.

Kinds of material: what ASNO reports of Australian obligated nuclear material (Annual Report
2021-22, Appendix C). That uranium waiting to be enriched counts as uranium in enrichment plants,
and depleted and enriched uranium there by their own kind, is a choice of keiryo.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from keiryo.errors import UsageError
from keiryo.obligations.cells import in_unit
from keiryo.obligations.holdings import (
    BOOK,
    EXEMPT_QUANTITY,
    EXEMPT_USE,
    FOLLOWED,
    TRANSIT,
    WASTE,
    Holding,
    Move,
)
from keiryo.obligations.labels import labels_of

UNITS_MG = {"mg": 1, "g": 1000, "kg": 1_000_000, "t": 1_000_000_000}
"""Units of a statement in milligrams."""

NATURAL, IN_ENRICHMENT, DEPLETED = (
    "natural uranium",
    "uranium in enrichment plants",
    "depleted uranium",
)
LEU, HEU, ENRICHED = "low enriched uranium", "high enriched uranium", "enriched uranium"
UNIFIED, THORIUM = "unified uranium", "thorium"
IRRADIATED_PU, SEPARATED_PU, PLUTONIUM = "irradiated plutonium", "separated plutonium", "plutonium"
CATEGORIES = (
    *(NATURAL, IN_ENRICHMENT, DEPLETED, LEU, HEU, ENRICHED, UNIFIED),
    *(IRRADIATED_PU, SEPARATED_PU, PLUTONIUM, THORIUM),
)
"""Kinds of material, in the order of a statement; enriched uranium and plutonium without more
where the books do not tell the enrichment, or whether it is irradiated."""

_OF_LETTER = {
    "N": NATURAL,
    "D": DEPLETED,
    "E": ENRICHED,
    "U": UNIFIED,
    "P": PLUTONIUM,
    "T": THORIUM,
}
ELEMENT_OF = {
    **dict.fromkeys(CATEGORIES[:7], "U"),
    **dict.fromkeys(CATEGORIES[7:10], "Pu"),
    THORIUM: "Th",
}

ENRICHMENT_PLANTS, REPROCESSING_PLANTS = "enrichment plants", "reprocessing plants"
ITEM_AREAS, BULK_AREAS = "item areas", "bulk areas"
OUTSIDE_FACILITIES, OTHER_AREAS = "locations outside facilities", "other areas"
ON_ITS_WAY, RETAINED_WASTE, EXEMPTED = "on its way", "retained waste", "exempted"
GROUPS = (
    *(ENRICHMENT_PLANTS, REPROCESSING_PLANTS, ITEM_AREAS, BULK_AREAS, OUTSIDE_FACILITIES),
    *(OTHER_AREAS, ON_ITS_WAY, RETAINED_WASTE, EXEMPTED),
)
"""Kinds of places; retained waste and what is exempted keep their labels and stand apart."""

OPENING, CLOSING, ROUNDING, CORRECTION = "opening", "closing", "rounding", "correction"
FROM_ABROAD, TO_ABROAD, DOMESTIC = "receipts from abroad", "shipments abroad", "domestic transfers"
STARTING_POINT, NON_SAFEGUARDED = "starting point of safeguards", "non-safeguarded activity"
PRODUCTION, NUCLEAR_LOSS = "nuclear production", "nuclear loss"
DISCARDS, ACCIDENTS, UNACCOUNTED = "measured discards", "accidents", "material unaccounted for"
DIFFERENCE, TO_WASTE = "shipper/receiver difference", "transfers to retained waste"
RECOVERED, EXEMPTION, TERMINATION = "taken back into the accounts", "exemption", "termination"
CATEGORY_CHANGE, REBATCHING = "category changes", "rebatching"
RECLASSED = "change of form or enrichment"
EXCHANGES, LABELS = "exchanges", "labels that begin or end"
SETTLED_LATER, NOT_RECORDED, BEGINS = (
    "settled later",
    "not recorded before",
    "labels begin to be kept",
)
CAUSES = (
    *(BEGINS, FROM_ABROAD, STARTING_POINT, NON_SAFEGUARDED, PRODUCTION, DOMESTIC, CATEGORY_CHANGE),
    *(RECLASSED, REBATCHING, EXCHANGES, LABELS, RECOVERED, TO_ABROAD, NUCLEAR_LOSS, DISCARDS),
    *(TO_WASTE, EXEMPTION, TERMINATION, ACCIDENTS, DIFFERENCE, UNACCOUNTED, SETTLED_LATER),
    *(NOT_RECORDED,),
)
"""Why a row changes, in the order of a statement."""

_OF_KIND = {
    "OPENING": BEGINS,
    "IRRADIATE": PRODUCTION,
    "MUF": UNACCOUNTED,
    "DIFFERENCE": DIFFERENCE,
    "CATEGORY": CATEGORY_CHANGE,
    "BLEND": REBATCHING,
    "SPLIT": REBATCHING,
    "WASTE": TO_WASTE,
    "RECOVER": RECOVERED,
    "EXEMPT": EXEMPTION,
    "TERMINATE": TERMINATION,
    "EXCHANGE": EXCHANGES,
    "RELABEL": LABELS,
    "SETTLED": SETTLED_LATER,
    "RECEIPT": DOMESTIC,
    "SHIPMENT": DOMESTIC,
}
_OF_OUTSIDE = {
    "starting_point": STARTING_POINT,
    "non_safeguarded": NON_SAFEGUARDED,
    "nuclear_production": PRODUCTION,
    "nuclear_loss": NUCLEAR_LOSS,
    "measured_discard": DISCARDS,
    "accidental": ACCIDENTS,
    "terminated": TERMINATION,
    "shipper_receiver_difference": DIFFERENCE,
    "other_category": CATEGORY_CHANGE,
    "unaccounted": UNACCOUNTED,
    "opening": BEGINS,
    "not_recorded": NOT_RECORDED,
    "rebatching_difference": REBATCHING,
}

ChangesOfKind = Mapping[tuple[str, str, str], Sequence[tuple[int, str]]]
"""By area, batch and Code 10 category: from which day on it is which of `CATEGORIES`."""


class RowKey(NamedTuple):
    """A row of a statement: the kind of material and the kind of place."""

    category: str
    place_group: str


@dataclass(frozen=True, slots=True)
class Kinds:
    """In which row a holding stands.

    Attributes
    ----------
    groups : mapping of area to str
        One of `GROUPS`.
    told : mapping
        What the books tell of batches beyond their Code 10 category; see `ChangesOfKind`.
    """

    groups: Mapping[str, str] = field(default_factory=dict)
    told: ChangesOfKind = field(default_factory=dict)

    def row(self, holding: Holding, day: int) -> RowKey:
        """Return the row of a holding on a day (YYYYMMDD)."""
        return RowKey(self._category(holding, day), self._group(holding))

    def changes(self, holding: Holding, after: int, to: int) -> list[int]:
        """Return the days, later than one and up to another, on which its row changes."""
        own = self.told.get(_told_of(holding), ())
        days = [day for day, _ in own if after < day <= to]
        return [d for d in days if self._category(holding, d) != self._category(holding, d - 1)]

    def _category(self, holding: Holding, day: int) -> str:
        own = self.told.get(_told_of(holding), ())
        if own:
            place = bisect_right(own, day, key=lambda one: one[0])
            return own[max(place - 1, 0)][1]
        category = _OF_LETTER[holding.category]
        if category == NATURAL and self.groups.get(holding.mba) == ENRICHMENT_PLANTS:
            return IN_ENRICHMENT if holding.account == BOOK else NATURAL
        return category

    def _group(self, holding: Holding) -> str:
        if holding.account == TRANSIT:
            return ON_ITS_WAY
        if holding.account == WASTE:
            return RETAINED_WASTE
        if holding.account in (EXEMPT_USE, EXEMPT_QUANTITY):
            return EXEMPTED
        return self.groups.get(holding.mba, OTHER_AREAS)


def _told_of(holding: Holding) -> tuple[str, str, str]:
    name = holding.name.partition("/")[2] if holding.account == TRANSIT else holding.name
    return holding.mba, name, holding.category


_Cells = dict[str, int]


@dataclass(slots=True)
class CellRow:
    """A row in milligrams, by label set.

    Attributes
    ----------
    opening, closing : dict of str to int
        All cells of the row, also those without the partner's label.
    increases, decreases : dict of cause to dict of str to int
        All cells of a cause; both positive.
    """

    opening: _Cells = field(default_factory=dict)
    closing: _Cells = field(default_factory=dict)
    increases: dict[str, _Cells] = field(default_factory=dict)
    decreases: dict[str, _Cells] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StatementRow:
    """A row of a statement in whole units.

    Attributes
    ----------
    category, place_group : str
    opening, closing : int
    changes : tuple of (cause, int)
        Positive: increase. A cause may stand twice, once for each direction.
    rounding : int
        What the changes miss to the closing because each is rounded by itself.
    opening_mg, closing_mg : int
        The same exactly.
    cells : int
        Cells with the partner's label at the closing: its rounding is below one unit for each.
    """

    category: str
    place_group: str
    opening: int
    closing: int
    changes: tuple[tuple[str, int], ...]
    rounding: int
    opening_mg: int
    closing_mg: int
    cells: int

    @property
    def key(self) -> RowKey:
        """Its kind of material and of place."""
        return RowKey(self.category, self.place_group)


def cause_of(move: Move) -> str:
    """Return why a move changes a row, one of `CAUSES`."""
    for side, words in ((move.source, FROM_ABROAD), (move.target, TO_ABROAD)):
        if side.account == "abroad":
            return words
        if side.account in _OF_OUTSIDE:
            return _OF_OUTSIDE[side.account]
    return _OF_KIND.get(move.kind, REBATCHING)


def year_rows(
    moves: Iterable[Move], partner: str, first: int, last: int, kinds: Kinds
) -> dict[RowKey, CellRow]:
    """Return the rows of a year for a partner, in milligrams.

    Parameters
    ----------
    moves : iterable of Move
        Of all areas, from the first that is recorded; those after the year are left out.
    partner : str
        Label.
    first, last : int
        First and last day (YYYYMMDD).
    kinds : Kinds
    """
    rows: dict[RowKey, CellRow] = {}
    held: dict[Holding, _Cells] = {}
    in_year: list[Move] = []
    for move in moves:
        if move.day < first:
            _carry(held, move)
        elif move.day <= last:
            in_year.append(move)
    for holding, cells in held.items():
        _add(rows.setdefault(kinds.row(holding, first - 1), CellRow()).opening, cells)
    reclassed = _reclassed_on(kinds, {*held, *_followed(in_year)}, first - 1, last)
    for move in sorted(in_year, key=lambda one: one.day):
        while reclassed and reclassed[-1][0] <= move.day:
            _reclass(rows, held, kinds, *reclassed.pop())
        _change(rows, move, partner, kinds)
        _carry(held, move)
    while reclassed:
        _reclass(rows, held, kinds, *reclassed.pop())
    for holding, cells in held.items():
        _add(rows.setdefault(kinds.row(holding, last), CellRow()).closing, cells)
    for row in rows.values():
        _net(row, REBATCHING)
    return rows


def whole_units(cells: Mapping[str, int], unit_mg: int) -> dict[str, int]:
    """Return cells in whole units that add up; what a holding owes is rounded by itself."""
    owed = {key: value for key, value in cells.items() if value < 0}
    held = {key: value for key, value in cells.items() if value > 0}
    return {**in_unit(held, unit_mg), **in_unit(owed, unit_mg)}


def partner_sum(cells: Mapping[str, int], partner: str) -> int:
    """Return what is under a label."""
    return sum(value for key, value in cells.items() if partner in labels_of(key))


def statement_rows(
    rows: Mapping[RowKey, CellRow], partner: str, unit_mg: int
) -> tuple[StatementRow, ...]:
    """Return the rows of a statement in whole units, those with nothing left out."""
    found = []
    for key in sorted(rows, key=_order):
        row = rows[key]
        figures = _figures(row, partner, unit_mg)
        opening, closing = figures[OPENING], figures[CLOSING]
        changes = _changes(row, partner, unit_mg)
        exact = [partner_sum(cells, partner) for cells in (row.opening, row.closing)]
        if not (any(exact) or any(amount for _, amount in changes)):
            continue
        rounding = closing - opening - sum(amount for _, amount in changes)
        cells = sum(partner in labels_of(one) for one, value in row.closing.items() if value)
        found.append(
            StatementRow(
                key.category,
                key.place_group,
                opening,
                closing,
                changes,
                rounding,
                exact[0],
                exact[1],
                cells,
            )
        )
    return tuple(found)


def unit_of(name: str) -> int:
    """Return a unit in milligrams.

    Raises
    ------
    UsageError
        If statements are not made in it.
    """
    if name not in UNITS_MG:
        raise UsageError(
            f"a statement is not made in {name[:20]!r}", f"Units are {', '.join(UNITS_MG)}."
        )
    return UNITS_MG[name]


def decimal_in(mg: int, unit_mg: int) -> str:
    """Return a weight in a unit exactly, as a decimal without zeros at its end.

    Examples
    --------
    >>> decimal_in(1_500_000, 1_000_000), decimal_in(-72, 1000), decimal_in(2000, 1000)
    ('1.5', '-0.072', '2')
    """
    whole, rest = divmod(abs(mg), unit_mg)
    digits = len(str(unit_mg)) - 1
    decimals = f"{rest:0{digits}d}".rstrip("0") if digits else ""
    return f"{'-' if mg < 0 else ''}{whole}{'.' if decimals else ''}{decimals}"


def _figures(row: CellRow, partner: str, unit_mg: int) -> dict[str, int]:
    return {
        OPENING: partner_sum(whole_units(row.opening, unit_mg), partner),
        CLOSING: partner_sum(whole_units(row.closing, unit_mg), partner),
    }


def _changes(row: CellRow, partner: str, unit_mg: int) -> tuple[tuple[str, int], ...]:
    found = []
    for cause in CAUSES:
        for sign, causes in ((1, row.increases), (-1, row.decreases)):
            cells = causes.get(cause, {})
            amount = sign * partner_sum(whole_units(cells, unit_mg), partner)
            if amount:
                found.append((cause, amount))
    return tuple(found)


def _order(key: RowKey) -> tuple[int, int]:
    return CATEGORIES.index(key.category), GROUPS.index(key.place_group)


def _add(cells: _Cells, more: Mapping[str, int]) -> None:
    for key, value in more.items():
        cells[key] = cells.get(key, 0) + value


def _net(row: CellRow, cause: str) -> None:
    """Take what came and went for one cause against each other, cell by cell."""
    came, went = row.increases.pop(cause, {}), row.decreases.pop(cause, {})
    rest = {key: came.get(key, 0) - went.get(key, 0) for key in {*came, *went}}
    for sign, causes in ((1, row.increases), (-1, row.decreases)):
        own = {key: sign * value for key, value in rest.items() if sign * value > 0}
        if own:
            causes[cause] = own


def _carry(held: dict[Holding, _Cells], move: Move) -> None:
    for holding, key, mg in (
        (move.source, move.labels_from, -move.element_mg),
        (move.target, move.labels_to, move.element_mg),
    ):
        if holding.account in FOLLOWED:
            _add(held.setdefault(holding, {}), {key: mg})


def _followed(moves: Iterable[Move]) -> Iterable[Holding]:
    for move in moves:
        for holding in (move.source, move.target):
            if holding.account in FOLLOWED:
                yield holding


def _reclassed_on(
    kinds: Kinds, holdings: Iterable[Holding], after: int, to: int
) -> list[tuple[int, Holding]]:
    """Return when holdings pass to another row, the last first."""
    found = [(day, one) for one in holdings for day in kinds.changes(one, after, to)]
    return sorted(found, reverse=True)


def _reclass(
    rows: dict[RowKey, CellRow],
    held: Mapping[Holding, _Cells],
    kinds: Kinds,
    day: int,
    holding: Holding,
) -> None:
    cells = held.get(holding, {})
    before, after = kinds.row(holding, day - 1), kinds.row(holding, day)
    _add(rows.setdefault(before, CellRow()).decreases.setdefault(RECLASSED, {}), cells)
    _add(rows.setdefault(after, CellRow()).increases.setdefault(RECLASSED, {}), cells)


def _change(rows: dict[RowKey, CellRow], move: Move, partner: str, kinds: Kinds) -> None:
    sides = (move.source, move.target)
    source, target = (
        kinds.row(one, move.day) if one.account in FOLLOWED else None for one in sides
    )
    under = partner in labels_of(move.labels_from), partner in labels_of(move.labels_to)
    cause = cause_of(move)
    if source is not None and target is not None and under[0] != under[1]:
        cause = cause if cause in (EXCHANGES, SETTLED_LATER) else LABELS
    elif source == target:
        return
    if source is not None:
        cells = rows.setdefault(source, CellRow()).decreases.setdefault(cause, {})
        _add(cells, {move.labels_from: move.element_mg})
    if target is not None:
        cells = rows.setdefault(target, CellRow()).increases.setdefault(cause, {})
        _add(cells, {move.labels_to: move.element_mg})
