"""What happens to material, as it moves labels: transfers, mixing, production, takings, exchanges.

A flow says from which holdings it takes and to which it gives, so that the flows of a day can be
put in an order (`keiryo.obligations.replay`), and how: `run` makes its moves.

Proportionality, equivalence and fungibility: ASNO Annual Report 2021-22, Appendix C. A flow of
the same content makes the same moves in whatever order the record got to know of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Protocol

from keiryo.obligations.holdings import (
    BOOK,
    DESIGNATION_SHORT,
    EXCHANGE_SHORT,
    FOLLOWED,
    GAIN,
    NOT_RECORDED,
    SHORT,
    TRANSIT,
    UNSHIPPED,
    UNSTATED,
    Holding,
    Holdings,
    Line,
    Move,
    Noted,
    by_shares,
    draw_of,
    in_ratio,
)
from keiryo.obligations.labels import UNOBLIGATED, labels_of, with_labels

URANIUM = ("E", "N", "D", "U")
"""Element categories that are uranium."""

Key = tuple[str, ...]


class Flow(Protocol):
    """What happens on a day.

    Attributes
    ----------
    rank : int
        Place within a day, if nothing else decides.
    key : tuple
        Content, for an order that does not depend on when it was recorded.
    takes, gives, changes : tuple of Holding
        Holdings from which it takes, to which it gives, and whose labels it reads or changes in
        between.
    """

    rank: int
    key: Key

    @property
    def takes(self) -> tuple[Holding, ...]:
        """Holdings from which it takes."""
        ...

    @property
    def gives(self) -> tuple[Holding, ...]:
        """Holdings to which it gives."""
        ...

    @property
    def changes(self) -> tuple[Holding, ...]:
        """Holdings that it reads, or changes, between what gives and what takes."""
        ...

    def has_enough(self, holdings: Holdings) -> bool:
        """Return whether all is there that it takes."""
        ...

    def run(self, day: int, holdings: Holdings) -> None:
        """Make its moves."""
        ...


@dataclass(slots=True)
class Transfer:
    """A quantity goes from one holding, or from outside, to another, or outside.

    Attributes
    ----------
    origin : mapping of label set to Fraction, or None
        Of what comes from outside, or was on its way or in retained waste before labels were
        kept: its shares; None: nobody said.
    designated : mapping of label set to int
        Cells that were named for it.
    attached : tuple of str
        Labels that it adds.
    """

    rank: int
    key: Key
    mba: str
    kind: str
    source: Holding
    target: Holding
    amount_mg: int
    line: Line
    origin: Mapping[str, Fraction] | None = None
    designated: Mapping[str, int] = field(default_factory=dict)
    attached: tuple[str, ...] = ()
    stated_by_rule: bool = False

    @property
    def takes(self) -> tuple[Holding, ...]:
        """The holding from which it takes, if that is followed."""
        return (self.source,) if self.source.account in FOLLOWED else ()

    @property
    def gives(self) -> tuple[Holding, ...]:
        """The holding to which it gives, if that is followed."""
        return (self.target,) if self.target.account in FOLLOWED else ()

    @property
    def changes(self) -> tuple[Holding, ...]:
        """Nothing."""
        return ()

    def has_enough(self, holdings: Holdings) -> bool:
        """Return whether all is there that it takes."""
        return self.source.account not in FOLLOWED or (
            holdings.amount(self.source) >= self.amount_mg
        )

    def run(self, day: int, holdings: Holdings) -> None:
        """Make its moves."""
        if self.source.account in FOLLOWED:
            cells, missing = self._taken(day, holdings)
        else:
            cells, missing = self._from_outside(day, holdings), 0
        arrived = holdings.moved(
            *(self.mba, day, self.kind, self.source, self.target, cells, self.line, self.attached)
        )
        if missing and self.source.account != BOOK:
            nowhere = self.source._replace(account=NOT_RECORDED)
            cells = by_shares(self.origin or {}, missing)
            more = holdings.moved(self.mba, day, self.kind, nowhere, self.target, cells, self.line)
            for key, value in more.items():
                arrived[key] = arrived.get(key, 0) + value
        holdings.give(self.mba, day, self.target, arrived, self.line)

    def _taken(self, day: int, holdings: Holdings) -> tuple[dict[str, int], int]:
        held = holdings.held(self.source)
        if self.designated:
            fits = all(held.get(key, 0) >= value for key, value in self.designated.items())
            if fits and sum(self.designated.values()) == self.amount_mg:
                holdings.add(self.source, {k: -v for k, v in self.designated.items()})
                return dict(self.designated), 0
            self._note(DESIGNATION_SHORT, day, holdings, sum(self.designated.values()))
        cells, missing = holdings.take(self.source, self.amount_mg)
        if missing and (self.origin is None or self.source.account == BOOK):
            self._note(
                UNSHIPPED if self.source.account == TRANSIT else SHORT, day, holdings, missing
            )
        return cells, missing

    def _from_outside(self, day: int, holdings: Holdings) -> dict[str, int]:
        if self.origin is None:
            if self.kind == "RECEIPT":
                self._note(UNSTATED, day, holdings, self.amount_mg, self.target)
            return {UNOBLIGATED: self.amount_mg} if self.amount_mg else {}
        return by_shares(self.origin, self.amount_mg)

    def _note(
        self, what: str, day: int, holdings: Holdings, mg: int, where: Holding | None = None
    ) -> None:
        holdings.noted.append(Noted(what, self.mba, day, where or self.source, mg, self.line))


@dataclass(slots=True)
class Production:
    """Material that comes of other material in the same batch: by the shares of its uranium."""

    rank: int
    key: Key
    mba: str
    kind: str
    source: Holding
    target: Holding
    amount_mg: int
    line: Line
    attached: tuple[str, ...] = ()

    @property
    def takes(self) -> tuple[Holding, ...]:
        """Nothing: what is produced was nowhere before."""
        return ()

    @property
    def gives(self) -> tuple[Holding, ...]:
        """Where it is produced."""
        return (self.target,)

    @property
    def changes(self) -> tuple[Holding, ...]:
        """The uranium of the batch, which it reads."""
        own = (self.target._replace(category=letter) for letter in URANIUM)
        return tuple(holding for holding in own if holding != self.target)

    def has_enough(self, holdings: Holdings) -> bool:
        """Return whether there is uranium by which it is shared."""
        return any(holdings.amount(holding) > 0 for holding in self.changes)

    def run(self, day: int, holdings: Holdings) -> None:
        """Make its moves."""
        uranium: dict[str, int] = {}
        for holding in self.changes:
            for key, value in holdings.held(holding).items():
                uranium[key] = uranium.get(key, 0) + max(value, 0)
        if not any(uranium.values()):
            holdings.noted.append(
                Noted(GAIN, self.mba, day, self.target, self.amount_mg, self.line)
            )
        cells = in_ratio(uranium, self.amount_mg)
        arrived = holdings.moved(
            *(self.mba, day, self.kind, self.source, self.target, cells, self.line, self.attached)
        )
        holdings.give(self.mba, day, self.target, arrived, self.line)


@dataclass(slots=True)
class Difference:
    """A loss or gain that is shared by the cells of a holding: what is there in another amount."""

    rank: int
    key: Key
    mba: str
    kind: str
    holding: Holding
    outside: Holding
    gain_mg: int
    line: Line

    @property
    def takes(self) -> tuple[Holding, ...]:
        """The holding, if it loses."""
        return (self.holding,) if self.gain_mg < 0 else ()

    @property
    def gives(self) -> tuple[Holding, ...]:
        """Nothing to wait for: a gain is shared by what is there already."""
        return ()

    @property
    def changes(self) -> tuple[Holding, ...]:
        """The holding, if it gains."""
        return (self.holding,) if self.gain_mg >= 0 else ()

    def has_enough(self, holdings: Holdings) -> bool:
        """Return whether what is lost, or what shares in a gain, is there."""
        held = holdings.amount(self.holding)
        return held >= -self.gain_mg if self.gain_mg < 0 else held > 0

    def run(self, day: int, holdings: Holdings) -> None:
        """Make its moves."""
        share_gain_or_loss(
            *(holdings, self.mba, day, self.kind, self.holding, self.outside),
            self.gain_mg,
            self.line,
        )


def share_gain_or_loss(
    holdings: Holdings,
    mba: str,
    day: int,
    kind: str,
    holding: Holding,
    outside: Holding,
    gain_mg: int,
    line: Line,
) -> None:
    """Raise or lower the cells of a holding, in their ratio."""
    if gain_mg < 0:
        cells, missing = holdings.take(holding, -gain_mg)
        if missing:
            holdings.noted.append(Noted(SHORT, mba, day, holding, missing, line))
        holdings.moved(mba, day, kind, holding, outside, cells, line)
    elif gain_mg:
        if holdings.amount(holding) <= 0:
            holdings.noted.append(Noted(GAIN, mba, day, holding, gain_mg, line))
        cells = in_ratio(holdings.held(holding), gain_mg)
        arrived = holdings.moved(mba, day, kind, outside, holding, cells, line)
        holdings.give(mba, day, holding, arrived, line)


@dataclass(slots=True)
class Rebatching:
    """Batches become others: all that leaves is mixed, and each new batch is drawn from that."""

    rank: int
    key: Key
    mba: str
    out: tuple[tuple[Holding, int, Line], ...]
    into: tuple[tuple[Holding, int, Line], ...]

    @property
    def takes(self) -> tuple[Holding, ...]:
        """The batches that material leaves."""
        return tuple(holding for holding, _, _ in self.out)

    @property
    def gives(self) -> tuple[Holding, ...]:
        """The batches that it becomes."""
        return tuple(holding for holding, _, _ in self.into)

    @property
    def changes(self) -> tuple[Holding, ...]:
        """Nothing."""
        return ()

    def has_enough(self, holdings: Holdings) -> bool:
        """Return whether all is there that it takes."""
        return all(holdings.amount(holding) >= mg for holding, mg, _ in self.out)

    def run(self, day: int, holdings: Holdings) -> None:
        """Make its moves; several batches into several go through a holding between them."""
        lines = [line for _, _, line in (*self.out, *self.into)]
        category = (self.out or self.into)[0][0].category
        between = Holding(self.mba, "rebatching", f"{min(lines).act}/{min(lines).line}", category)
        direct = len(self.out) == 1 or len(self.into) == 1
        kind = "BLEND" if len(self.out) > 1 else "SPLIT"
        mixed: list[tuple[Holding, dict[str, int], Line]] = []
        for holding, amount_mg, line in sorted(self.out):
            cells, missing = holdings.take(holding, amount_mg)
            if missing:
                holdings.noted.append(Noted(SHORT, self.mba, day, holding, missing, line))
            if not direct:
                holdings.moved(self.mba, day, "BLEND", holding, between, cells, line)
            mixed.append((holding, cells, line))
        if not direct:
            together: dict[str, int] = {}
            for _, cells, _ in mixed:
                for key, value in cells.items():
                    together[key] = together.get(key, 0) + value
            mixed = [(between, together, min(lines))]
            kind = "SPLIT"
        self._give(day, holdings, kind, mixed)

    def _give(
        self,
        day: int,
        holdings: Holdings,
        kind: str,
        mixed: list[tuple[Holding, dict[str, int], Line]],
    ) -> None:
        left = Holdings({holding: dict(cells) for holding, cells, _ in mixed})
        category = (self.out or self.into)[0][0].category
        outside = Holding(self.mba, "rebatching_difference", "", category)
        for target, amount_mg, line in sorted(self.into):
            arrived: dict[str, int] = {}
            rest = amount_mg
            for source, _, of in mixed:
                wanted = rest if len(mixed) == 1 else min(rest, left.amount(source))
                cells, missing = draw_of(left, source, wanted)
                rest -= wanted - missing
                used = of if source.account == BOOK else line
                for key, value in holdings.moved(
                    self.mba, day, kind, source, target, cells, used
                ).items():
                    arrived[key] = arrived.get(key, 0) + value
            if rest > 0:
                more = holdings.moved(
                    self.mba, day, "GAIN", outside, target, {UNOBLIGATED: rest}, line
                )
                arrived[UNOBLIGATED] = arrived.get(UNOBLIGATED, 0) + more[UNOBLIGATED]
                holdings.noted.append(Noted(GAIN, self.mba, day, target, rest, line))
            holdings.give(self.mba, day, target, arrived, line)
        for source, _, of in mixed:
            over = {key: value for key, value in left.held(source).items() if value > 0}
            holdings.moved(self.mba, day, "LOSS", source, outside, over, of)


@dataclass(slots=True)
class Exchanging:
    """Labels change places between two holdings; nothing moves."""

    rank: int
    key: Key
    mba: str
    one: Holding
    labels: str
    moved: frozenset[str]
    other: Holding
    other_labels: str
    other_moved: frozenset[str]
    amount_mg: int
    line: Line

    @property
    def takes(self) -> tuple[Holding, ...]:
        """Nothing."""
        return ()

    @property
    def gives(self) -> tuple[Holding, ...]:
        """Nothing."""
        return ()

    @property
    def changes(self) -> tuple[Holding, ...]:
        """Both sides."""
        return (self.one, self.other)

    def has_enough(self, holdings: Holdings) -> bool:
        """Return whether both sides hold as much under their label set."""
        one = holdings.held(self.one).get(self.labels, 0)
        return self.amount_mg <= min(one, holdings.held(self.other).get(self.other_labels, 0))

    def run(self, day: int, holdings: Holdings) -> None:
        """Make its moves; if a side holds less by now, of as much as there is."""
        both = (
            max(holdings.held(self.one).get(self.labels, 0), 0),
            max(holdings.held(self.other).get(self.other_labels, 0), 0),
        )
        amount = min(self.amount_mg, *both)
        if amount < self.amount_mg:
            short = self.one if both[0] < self.amount_mg else self.other
            missing = self.amount_mg - amount
            holdings.noted.append(Noted(EXCHANGE_SHORT, short.mba, day, short, missing, self.line))
        if not amount:
            return
        sides = (
            (self.one, self.labels, self.moved, self.other_moved),
            (self.other, self.other_labels, self.other_moved, self.moved),
        )
        for holding, key, gone, come in sides:
            after = with_labels(_without(key, gone), come)
            relabel(holdings, holding.mba, day, "EXCHANGE", holding, key, after, amount, self.line)


@dataclass(slots=True)
class Relabelling:
    """A label begins or ends on material that is there, before anything else of the day."""

    key: Key
    areas: frozenset[str]
    where: Mapping[str, str]
    removes: str | None
    adds: frozenset[str]
    line: Line

    def run(self, day: int, holdings: Holdings) -> None:
        """Make its moves in every holding that it is about."""
        gone = frozenset({self.removes}) if self.removes else frozenset[str]()
        for holding in sorted(holdings.cells):
            if holding.mba not in self.areas or not self._is_about(holding):
                continue
            for key, value in sorted(holdings.held(holding).items()):
                if value <= 0 or (self.removes and self.removes not in labels_of(key)):
                    continue
                after = with_labels(_without(key, gone), self.adds)
                relabel(
                    holdings, holding.mba, day, "RELABEL", holding, key, after, value, self.line
                )

    def _is_about(self, holding: Holding) -> bool:
        own = {
            "mba": holding.mba,
            "batch": holding.name,
            "category": holding.category,
            "account": holding.account,
        }
        return all(own[name] == value for name, value in self.where.items())


def _without(key: str, gone: frozenset[str]) -> str:
    return "+".join(sorted(labels_of(key) - gone)) or UNOBLIGATED


def relabel(
    holdings: Holdings,
    mba: str,
    day: int,
    kind: str,
    holding: Holding,
    before: str,
    after: str,
    amount_mg: int,
    line: Line,
) -> None:
    """Put a quantity of a holding under another label set."""
    if before == after:
        return
    holdings.moves.append(Move(mba, day, kind, holding, before, holding, after, amount_mg, line))
    holdings.add(holding, {before: -amount_mg, after: amount_mg})
