"""Flows put in the order in which they happen, day by day, and run.

Within a day what gives to a holding comes before what changes its labels, and that before what
takes from it; where that goes round in a circle (two areas that ship to each other on one day)
a flow goes first for which there is enough already, and of several the one of the smallest
content. The order depends on what the flows say and never on when the record got to know of them,
so that posting order within a day does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

from keiryo.obligations.flows import Flow, Relabelling, share_gain_or_loss
from keiryo.obligations.holdings import BOOK, Holding, Holdings, Line, in_ratio
from keiryo.obligations.labels import UNOBLIGATED


@dataclass(slots=True)
class Taking:
    """A physical inventory: what was found in an area at the end of a day.

    Attributes
    ----------
    found : mapping of Holding to (int, Line)
        Element weight by batch (or pool) and category, and the line that states it.
    line : Line
        The first line of the listing.
    """

    mba: str
    found: Mapping[Holding, tuple[int, Line]]
    line: Line

    def run(self, day: int, holdings: Holdings) -> None:
        """Bring every holding of the area to what was found.

        Losses of batches are pooled, and batches in which more was found take their part of it;
        what is left over is material unaccounted for: a loss by the shares of what was lost, a
        gain by the shares of all that is there.
        """
        present = {h for h in holdings.cells if h.mba == self.mba and h.account == BOOK}
        for category in sorted({h.category for h in (*present, *self.found)}):
            own = sorted(h for h in {*present, *self.found} if h.category == category)
            self._of_category(day, holdings, own, category)

    def _of_category(
        self, day: int, holdings: Holdings, own: Sequence[Holding], category: str
    ) -> None:
        nowhere = (0, self.line)
        gains = {h: self.found.get(h, nowhere)[0] - holdings.amount(h) for h in own}
        lost = {h: -gain for h, gain in gains.items() if gain < 0}
        raised = {h: gain for h, gain in gains.items() if gain > 0}
        if not lost and not raised:
            return
        if len(own) > 1 and lost and raised:
            self._rename(day, holdings, lost, raised, category)
        outside = Holding(self.mba, "unaccounted", "", category)
        total: dict[str, int] = {}
        for holding in own:
            for key, value in holdings.held(holding).items():
                total[key] = total.get(key, 0) + max(value, 0)
        for holding, amount in sorted(lost.items()):
            line = self.found.get(holding, nowhere)[1]
            share_gain_or_loss(holdings, self.mba, day, "MUF", holding, outside, -amount, line)
        for holding, amount in sorted(raised.items()):
            line = self.found.get(holding, nowhere)[1]
            if amount and holdings.amount(holding) <= 0 and any(total.values()):
                cells = in_ratio(total, amount)
                arrived = holdings.moved(self.mba, day, "MUF", outside, holding, cells, line)
                holdings.give(self.mba, day, holding, arrived, line)
            else:
                share_gain_or_loss(holdings, self.mba, day, "MUF", holding, outside, amount, line)

    def _rename(
        self,
        day: int,
        holdings: Holdings,
        lost: dict[Holding, int],
        raised: dict[Holding, int],
        category: str,
    ) -> None:
        """Let what was found elsewhere be what is missing; `lost` and `raised` keep the rest."""
        whole_lost, whole_raised = sum(lost.values()), sum(raised.values())
        passed = min(whole_lost, whole_raised)
        between = Holding(self.mba, "rebatching", f"taking {day}", category)
        mixed: dict[str, int] = {}
        gone = in_ratio_of(lost, passed)
        for holding, amount in sorted(gone.items()):
            cells, _ = holdings.take(holding, amount)
            line = self.found.get(holding, (0, self.line))[1]
            holdings.moved(self.mba, day, "BLEND", holding, between, cells, line)
            for key, value in cells.items():
                mixed[key] = mixed.get(key, 0) + value
            lost[holding] -= amount
        left = Holdings({between: mixed})
        for holding, amount in sorted(in_ratio_of(raised, passed).items()):
            cells, missing = left.take(between, amount)
            if missing:
                cells[UNOBLIGATED] = cells.get(UNOBLIGATED, 0) + missing
            line = self.found.get(holding, (0, self.line))[1]
            arrived = holdings.moved(self.mba, day, "SPLIT", between, holding, cells, line)
            holdings.give(self.mba, day, holding, arrived, line)
            raised[holding] -= amount


def in_ratio_of(amounts: Mapping[Holding, int], total_mg: int) -> dict[Holding, int]:
    """Divide a total over holdings in the ratio of amounts, in whole milligrams."""
    keys = {"\0".join(holding): holding for holding in amounts}
    parts = in_ratio({key: amounts[holding] for key, holding in keys.items()}, total_mg)
    return {keys[key]: value for key, value in parts.items() if key in keys}


@dataclass(slots=True)
class Fixed:
    """What the record says of another area's part of a transit: taken as it stands.

    Attributes
    ----------
    holding : Holding
    cells : mapping of label set to int
        What comes, or (negative) goes.
    relabelled : bool
        Whether a label began or ended on it, which is before anything else of the day.
    """

    holding: Holding
    cells: Mapping[str, int]
    relabelled: bool = False


@dataclass(slots=True)
class Day:
    """All that happens on a day."""

    fixed: list[Fixed] = field(default_factory=list)
    relabellings: list[Relabelling] = field(default_factory=list)
    flows: list[Flow] = field(default_factory=list)
    takings: list[Taking] = field(default_factory=list)


def replay(days: Mapping[int, Day], holdings: Holdings) -> None:
    """Run everything that happens, in order; the moves are gathered in `holdings`."""
    for number in sorted(days):
        day = days[number]
        for one in sorted(day.relabellings, key=lambda some: some.key):
            one.run(number, holdings)
        leaving: list[Fixed] = []
        for fixed in sorted(day.fixed, key=lambda some: not some.relabelled):
            if fixed.relabelled or all(value >= 0 for value in fixed.cells.values()):
                holdings.add(fixed.holding, fixed.cells)
            else:
                leaving.append(fixed)
        for flow in in_order(day.flows, holdings):
            flow.run(number, holdings)
        for fixed in leaving:
            holdings.add(fixed.holding, fixed.cells)
        for taking in sorted(day.takings, key=lambda some: some.mba):
            taking.run(number, holdings)


def in_order(flows: Sequence[Flow], holdings: Holdings) -> Iterable[Flow]:
    """Return the flows of a day in the order in which they happen.

    Each has to be run before the next one is asked for.
    """
    if len(flows) < 2:
        return flows
    ordered = sorted(flows, key=lambda flow: (flow.rank, flow.key))
    giving: dict[Holding, int] = {}
    changing: dict[Holding, int] = {}
    for flow in ordered:
        own = set(flow.takes)
        for holding in flow.gives:
            if holding not in own:
                giving[holding] = giving.get(holding, 0) + 1
        for holding in flow.changes:
            changing[holding] = changing.get(holding, 0) + 1
    waits = _Waits(ordered, giving, changing, holdings)
    return waits.run()


class _Waits:
    """Which flow waits for which holding: what gives, what changes, what takes."""

    def __init__(
        self,
        flows: Sequence[Flow],
        giving: dict[Holding, int],
        changing: dict[Holding, int],
        holdings: Holdings,
    ) -> None:
        self.flows, self.giving, self.changing = flows, giving, changing
        self.holdings = holdings
        self.open: list[int] = []
        self.waiting: dict[Holding, list[int]] = {}
        self.blocked: dict[int, int] = {}
        for number, flow in enumerate(flows):
            count = 0
            for holding in {*flow.takes, *flow.changes}:
                if self._closed(holding, flow):
                    self.waiting.setdefault(holding, []).append(number)
                    count += 1
            if count:
                self.blocked[number] = count
            else:
                self.open.append(number)
        heapify(self.open)

    def _closed(self, holding: Holding, flow: Flow) -> bool:
        if self.giving.get(holding, 0):
            return True
        return holding in flow.takes and bool(self.changing.get(holding, 0))

    def run(self) -> Iterable[Flow]:
        """Yield the flows in order; where they wait for each other the first one goes."""
        while self.open or self.blocked:
            number = heappop(self.open) if self.open else self._first_in_circle()
            self.blocked.pop(number, None)
            flow = self.flows[number]
            yield flow
            own = set(flow.takes)
            touched: set[Holding] = set()
            for holding in flow.gives:
                if holding not in own:
                    self.giving[holding] -= 1
                    touched.add(holding)
            for holding in flow.changes:
                self.changing[holding] -= 1
                touched.add(holding)
            for holding in touched:
                if not self.giving.get(holding, 0):
                    self._release(holding)

    def _first_in_circle(self) -> int:
        """Return the first flow for which there is enough, or else the first."""
        for number in sorted(self.blocked):
            if self.flows[number].has_enough(self.holdings):
                return number
        return min(self.blocked)

    def _release(self, holding: Holding) -> None:
        """Let flows go that waited for a holding and need not wait any more."""
        still: list[int] = []
        for number in self.waiting.pop(holding, []):
            if number not in self.blocked:
                continue
            flow = self.flows[number]
            if holding in flow.takes and self.changing.get(holding, 0):
                still.append(number)
                continue
            self.blocked[number] -= 1
            if not self.blocked[number]:
                del self.blocked[number]
                heappush(self.open, number)
        if still:
            self.waiting[holding] = still
