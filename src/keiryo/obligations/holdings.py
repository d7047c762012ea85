"""Who holds how much under which labels, and what passes from one holding to another.

A holding is a batch where batches are followed, and otherwise the pool of a category of an area;
what is on its way, retained as waste or exempted keeps its labels in a holding of its own.
Everything else is outside: it gives without limit, and what it takes is not followed further.
The cells of a holding always add up to what the ledger says is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from keiryo.obligations.apportion import apportioned
from keiryo.obligations.labels import UNOBLIGATED, with_labels

BOOK, TRANSIT, WASTE = "book", "domestic_transit", "retained_waste"
EXEMPT_USE, EXEMPT_QUANTITY = "exempt_use", "exempt_quantity"
FOLLOWED = frozenset({BOOK, TRANSIT, WASTE, EXEMPT_USE, EXEMPT_QUANTITY})
"""Accounts in which labels are followed."""

SETTLED = "SETTLED"
"""Kind of a move by which a holding that owed settles it with what it gets."""

POOL = "(pool)"
NOT_RECORDED = "not_recorded"
"""Account of what came out of a holding that did not hold it."""

SHORT, UNSTATED, UNSHIPPED = "short", "unstated", "unshipped"
GAIN, EXCHANGE_SHORT, DESIGNATION_SHORT = "gain", "exchange short", "designation short"
OPENING_SHORT = "opening short"
"""What is noted while labels are followed."""


class Holding(NamedTuple):
    """Where material is: area, account, batch (or pool, or other side), element category."""

    mba: str
    account: str
    name: str
    category: str


class Line(NamedTuple):
    """A line of the record."""

    act: int
    line: int


@dataclass(frozen=True, slots=True)
class Move:
    """A quantity under a label set that goes from one holding to another.

    Attributes
    ----------
    mba : str
        Area whose ledger it belongs to.
    day : int
        YYYYMMDD.
    kind : str
    source, target : Holding
    labels_from, labels_to : str
    element_mg : int
    line : Line
        The line from which it follows.
    """

    mba: str
    day: int
    kind: str
    source: Holding
    labels_from: str
    target: Holding
    labels_to: str
    element_mg: int
    line: Line

    @property
    def key(self) -> tuple[object, ...]:
        """Everything but the quantity."""
        return (
            *(self.mba, self.day, self.kind, self.source, self.labels_from),
            *(self.target, self.labels_to, self.line),
        )


@dataclass(frozen=True, slots=True)
class Noted:
    """Something that a person should know about a move."""

    what: str
    mba: str
    day: int
    holding: Holding
    element_mg: int
    line: Line


CellsOfHolding = dict[Holding, dict[str, int]]


@dataclass(slots=True)
class Holdings:
    """The cells of all holdings while moves are made, and the moves."""

    cells: CellsOfHolding = field(default_factory=dict)
    moves: list[Move] = field(default_factory=list)
    noted: list[Noted] = field(default_factory=list)

    def held(self, holding: Holding) -> Mapping[str, int]:
        """Return the cells of a holding; empty if nothing is there."""
        return self.cells.get(holding, {})

    def amount(self, holding: Holding) -> int:
        """Return what a holding holds in milligrams."""
        return sum(self.cells.get(holding, {}).values())

    def take(self, holding: Holding, amount_mg: int) -> tuple[dict[str, int], int]:
        """Take a quantity out of a followed holding in proportion to its cells.

        Returns
        -------
        cells : dict of str to int
            What was there. Of a batch or pool what is missing is among it, under no label: it
            then owes it, so that its cells still add up to the ledger.
        missing : int
            Milligrams that were not there.
        """
        drawn, missing = draw(self.cells.get(holding, {}), amount_mg)
        if missing and holding.account == BOOK:
            drawn[UNOBLIGATED] = drawn.get(UNOBLIGATED, 0) + missing
        self.add(holding, {key: -value for key, value in drawn.items()})
        return drawn, missing

    def give(
        self, mba: str, day: int, target: Holding, cells: Mapping[str, int], line: Line
    ) -> None:
        """Put cells into a followed holding; what it owes is settled first."""
        if target.account not in FOLLOWED:
            return
        self.add(target, cells)
        own = self.cells.get(target, {})
        owed = -own.get(UNOBLIGATED, 0)
        if owed > 0:
            settling, _ = draw(own, min(owed, sum(v for v in own.values() if v > 0)))
            for key, value in settling.items():
                self.moves.append(
                    Move(mba, day, SETTLED, target, key, target, UNOBLIGATED, value, line)
                )
                self.add(target, {key: -value, UNOBLIGATED: value})

    def add(self, holding: Holding, cells: Mapping[str, int]) -> None:
        """Change the cells of a holding."""
        own = self.cells.setdefault(holding, {})
        for key, value in cells.items():
            left = own.get(key, 0) + value
            if left:
                own[key] = left
            else:
                own.pop(key, None)
        if not own:
            del self.cells[holding]

    def moved(
        self,
        mba: str,
        day: int,
        kind: str,
        source: Holding,
        target: Holding,
        cells: Mapping[str, int],
        line: Line,
        attached: Iterable[str] = (),
    ) -> dict[str, int]:
        """Record the moves of some cells, and return them as they arrive."""
        more = tuple(attached)
        arrived: dict[str, int] = {}
        for key, value in cells.items():
            if value:
                to = with_labels(key, more) if more else key
                arrived[to] = arrived.get(to, 0) + value
                self.moves.append(Move(mba, day, kind, source, key, target, to, value, line))
        return arrived


def draw(cells: Mapping[str, int], amount_mg: int) -> tuple[dict[str, int], int]:
    """Return a proportional draw in whole milligrams, and what is missing for it.

    Each cell gives its share rounded down, and the milligrams left over come, one each, from
    the largest remainders (ties: the smaller key), never more than a cell holds. The same as
    `keiryo.obligations.cells.drawn`, in plain integers.
    """
    held = {key: value for key, value in cells.items() if value > 0}
    whole = sum(held.values())
    if amount_mg >= whole:
        return held, amount_mg - whole
    if len(held) == 1:
        return {next(iter(held)): amount_mg}, 0
    drawn: dict[str, int] = {}
    rests: list[tuple[int, str]] = []
    for key, value in held.items():
        drawn[key], rest = divmod(value * amount_mg, whole)
        rests.append((-rest, key))
    missing = amount_mg - sum(drawn.values())
    for _, key in sorted(rests)[:missing]:
        drawn[key] += 1
    return drawn, 0


def draw_of(left: Holdings, source: Holding, wanted: int) -> tuple[dict[str, int], int]:
    """Draw from what is left of mixed material, never more than there is."""
    amount = min(wanted, max(left.amount(source), 0))
    cells, _ = left.take(source, amount)
    return cells, wanted - amount


def by_shares(shares: Mapping[str, Fraction], amount_mg: int) -> dict[str, int]:
    """Return an amount divided by shares that add up to 1, in whole milligrams."""
    if not shares:
        return {UNOBLIGATED: amount_mg} if amount_mg else {}
    if len(shares) == 1 and amount_mg and 1 in shares.values():
        return dict.fromkeys(shares, amount_mg)
    values = [(key, share * amount_mg) for key, share in shares.items()]
    return {key: value for key, value in apportioned(values, amount_mg).items() if value}


def in_ratio(cells: Mapping[str, int], amount_mg: int) -> dict[str, int]:
    """Return an amount divided in the ratio of some cells; nothing to divide by: no label."""
    held = {key: value for key, value in cells.items() if value > 0}
    whole = sum(held.values())
    if not whole:
        return {UNOBLIGATED: amount_mg} if amount_mg else {}
    return by_shares({key: Fraction(value, whole) for key, value in held.items()}, amount_mg)
