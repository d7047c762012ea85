"""The least probability of interruption where there are too many paths to enumerate.

A label stands for one continuation from an area to the target: the delay and the variance that
remain, and the probability of interruption on it. Labels are made backwards from the target, all
areas at the same distance at once. A label is dropped when another of the same area is certain to
give no more on every path that leads there:

* equal variance, no more delay, no more probability;
* delay above the response time, and no more delay, no less variance, no more probability: more
  variance then only lowers the chance that the response is in time.

Where the labels outnumber `LABELS_KEPT`, they are dropped by delay and probability alone and
thinned. What is then found is a path, and its value is told, but a lower one may exist: the
result is marked as not exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keiryo.protection.graph_paths import Leg, Numbers, Route, Step, Units

LABELS_KEPT = 150_000
"""Most labels of a route before they are dropped by delay and probability alone."""
LABELS_OF_AREA = 8
"""Labels of one area that are then kept at most."""
TIE_WORK = 4_000
"""Most tasks that are worked out in the search for the first of the tied paths."""

Floats = NDArray[np.float64]
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LeastInterruption:
    """The paths with the least probability of interruption; the first is the one to report."""

    paths: tuple[list[Leg], ...]
    exact: bool
    all_ties: bool


class _Steps:
    """One task of each of many legs, as arrays."""

    def __init__(self, steps: Sequence[Step | None], units: Units) -> None:
        def column(name: str, kind: type) -> Numbers:
            values = [0 if step is None else getattr(step, name) for step in steps]
            return np.array(values, dtype=kind)

        self.p: Floats = column("p", float)
        self.delay = column("delay", units.kind)
        self.part = column("part", units.kind)
        self.variance = column("variance", units.kind)
        self.part_variance = column("part_variance", units.kind)


@dataclass(slots=True)
class _Labels:
    """Labels, one entry of each array for each; `leg` and `next` lead to the continuation."""

    delay: Numbers
    variance: Numbers
    chance: Floats
    leg: Places
    next: Places

    def take(self, places: Places) -> _Labels:
        """Return some of the labels."""
        return _Labels(
            self.delay[places],
            self.variance[places],
            self.chance[places],
            self.leg[places],
            self.next[places],
        )

    def pass_before(self, steps: _Steps, which: Places, units: Units) -> None:
        """Put before each label the task of its leg."""
        p = steps.p[which]
        seen = np.flatnonzero(p)
        if len(seen):
            felt, legs = p[seen], which[seen]
            reply = units.in_time(
                self.delay[seen] + steps.part[legs],
                self.variance[seen] + steps.part_variance[legs],
            )
            self.chance[seen] = (
                felt * units.communication * reply + (1 - felt * units.ending) * self.chance[seen]
            )
        self.delay = self.delay + steps.delay[which]
        self.variance = self.variance + steps.variance[which]


def _groups(*keys: Numbers) -> Places:
    """Return a number for each row of keys that are sorted already: 0, 0, 1, 2, 2, ..."""
    change = np.zeros(len(keys[0]), dtype=bool)
    for key in keys:
        change[1:] |= (key[1:] != key[:-1]).astype(bool)
    return np.cumsum(change)


def _ranks(values: Numbers) -> Places:
    """Return whole numbers in the order of the values, equal for equal values."""
    if values.dtype == np.int64:
        return values
    return np.unique(values, return_inverse=True)[1].reshape(-1)


def _undercut(chance: Places, group: Places) -> NDArray[np.bool_]:
    """Return whether each row is less than all rows before it in its group."""
    keyed = chance - group * (int(chance.max()) + 1)
    lowest = np.minimum.accumulate(keyed)
    kept = np.ones(len(keyed), dtype=bool)
    kept[1:] = keyed[1:] < lowest[:-1]
    return kept


def _undominated(labels: _Labels, area: Places, units: Units) -> Places:
    """Return the places of the labels that no other makes superfluous, sorted by area."""
    chance = np.unique(labels.chance, return_inverse=True)[1].reshape(-1)
    delay, variance = _ranks(labels.delay), _ranks(labels.variance)
    by = np.lexsort((chance, delay, variance, area))
    kept = by[_undercut(chance[by], _groups(area[by], variance[by]))]
    # Of what is left, labels that are late enough are compared across variances, with the best
    # label of their area among those: least delay, most variance, least probability.
    late = kept[(labels.delay[kept] > units.response).astype(bool)]
    if len(late) < 2:
        return kept
    gone = np.zeros(len(area), dtype=bool)
    for keys in (
        (delay[late], chance[late], area[late]),
        (-variance[late], chance[late], area[late]),
        (-variance[late], delay[late], area[late]),
    ):
        sorted_late = late[np.lexsort(keys)]
        group = _groups(area[sorted_late])
        first = sorted_late[np.searchsorted(group, group)]
        gone[sorted_late] |= (
            (first != sorted_late)
            & (chance[first] <= chance[sorted_late])
            & (delay[first] <= delay[sorted_late])
            & (variance[first] >= variance[sorted_late])
        )
    return kept[~gone[kept]]


def _thinned(labels: _Labels, area: Places, places: Places) -> Places:
    """Return the places of labels kept by delay and probability alone, few for each area."""
    chance = np.unique(labels.chance[places], return_inverse=True)[1].reshape(-1)
    delay = _ranks(labels.delay[places])
    by = np.lexsort((chance, delay, area[places]))
    front = by[_undercut(chance[by], _groups(area[places][by]))]
    group = _groups(area[places][front])
    first = np.searchsorted(group, group)
    count = np.searchsorted(group, group, side="right") - first
    row = np.arange(len(front)) - first
    # Both ends of each front and places at even distances between them.
    slot = row * (LABELS_OF_AREA - 1) // np.maximum(count - 1, 1)
    kept = np.ones(len(front), dtype=bool)
    kept[1:] = (slot[1:] != slot[:-1]) | (group[1:] != group[:-1])
    return np.sort(places[front[kept | (count <= LABELS_OF_AREA)]])


class _Search:
    """The labels of all areas of a route."""

    def __init__(self, route: Route) -> None:
        self.route, self.units = route, route.units
        self.exact = True
        self.made = 0
        kind = self.units.kind
        self.first = np.zeros(len(route.legs), dtype=np.int64)
        self.count = np.zeros(len(route.legs), dtype=np.int64)
        end = _Labels(
            np.zeros(1, dtype=kind),
            np.zeros(1, dtype=kind),
            np.zeros(1),
            np.full(1, -1),
            np.full(1, -1),
        )
        end.pass_before(_Steps([route.last], self.units), np.zeros(1, dtype=np.int64), self.units)
        self.size = 1
        self.count[route.end] = 1
        self.all = end
        self.room = 1

    def distances(self) -> list[list[int]]:
        """Return the areas by the most legs that lead from them to the target."""
        far = [0] * len(self.route.legs)
        rows: list[list[int]] = []
        for area in reversed(range(len(self.route.legs))):
            if area != self.route.end:
                far[area] = 1 + max(far[leg.to] for leg in self.route.legs[area])
                while len(rows) < far[area]:
                    rows.append([])
                rows[far[area] - 1].append(area)
        return rows

    def store(self, labels: _Labels) -> None:
        """Add labels to those of all areas, with room for as many again when it runs out."""
        size, more = self.size, len(labels.chance)
        if size + more > self.room:
            self.room = 2 * (size + more)
            for name in ("delay", "variance", "chance", "leg", "next"):
                old = getattr(self.all, name)
                new = np.empty(self.room, dtype=old.dtype)
                new[:size] = old[:size]
                setattr(self.all, name, new)
        for name in ("delay", "variance", "chance", "leg", "next"):
            getattr(self.all, name)[size : size + more] = getattr(labels, name)
        self.size += more

    def run(self) -> None:
        """Make the labels of every area."""
        for areas in self.distances():
            self.label(areas)

    def label(self, areas: list[int]) -> None:
        """Make the labels of areas whose continuations are all labelled."""
        legs = [
            (area, place, leg) for area in areas for place, leg in enumerate(self.route.legs[area])
        ]
        to = np.array([leg.to for _, _, leg in legs])
        counts = self.count[to]
        which = np.repeat(np.arange(len(legs)), counts)
        begins = np.cumsum(counts) - counts
        following = np.arange(len(which)) + np.repeat(self.first[to] - begins, counts)
        labels = self.all.take(following)
        labels.leg = np.array([place for _, place, _ in legs])[which]
        labels.next = following
        for task in reversed(range(max(len(leg.steps) for _, _, leg in legs))):
            steps = [leg.steps[task] if task < len(leg.steps) else None for _, _, leg in legs]
            labels.pass_before(_Steps(steps, self.units), which, self.units)
        area = np.array([area for area, _, _ in legs])[which]
        kept = _undominated(labels, area, self.units)
        if self.made + len(kept) > LABELS_KEPT:
            fewer = _thinned(labels, area, kept)
            self.exact &= len(fewer) == len(kept)
            kept = fewer
        kept = kept[np.argsort(area[kept], kind="stable")]
        self.made += len(kept)
        found, starts, sizes = np.unique(area[kept], return_index=True, return_counts=True)
        self.first[found] = self.size + starts
        self.count[found] = sizes
        self.store(labels.take(kept))

    def continuation(self, place: int) -> list[Leg]:
        """Return the path of a label of the start area."""
        area, legs = 0, []
        while area != self.route.end:
            leg = self.route.legs[area][int(self.all.leg[place])]
            place = int(self.all.next[place])
            legs.append(leg)
            area = leg.to
        return legs

    def completed(self, way: Sequence[Step], area: int) -> float:
        """Return the least probability of interruption of a beginning with any continuation."""
        rows = slice(int(self.first[area]), int(self.first[area] + self.count[area]))
        delay, variance = self.all.delay[rows], self.all.variance[rows]
        chance, units = self.all.chance[rows], self.units
        for step in reversed(way):
            if step.p:
                reply = units.in_time(delay + step.part, variance + step.part_variance)
                chance = step.p * units.communication * reply + (1 - step.p * units.ending) * chance
            delay, variance = delay + step.delay, variance + step.variance
        return float(chance.min())

    def tied(self, most: float) -> Iterator[list[Leg] | None]:
        """Give the paths with no more than a value in order of ids; None when it takes too long."""
        legs: list[Leg] = []
        open_legs = [iter(self.route.legs[0])]
        work = 0
        while open_legs:
            leg = next(open_legs[-1], None)
            if leg is None:
                open_legs.pop()
                if legs:
                    legs.pop()
                continue
            way = [step for one in (*legs, leg) for step in one.steps]
            work += len(way)
            if work > TIE_WORK:
                yield None
                return
            if self.completed(way, leg.to) > most:
                continue
            if leg.to == self.route.end:
                yield [*legs, leg]
            else:
                legs.append(leg)
                open_legs.append(iter(self.route.legs[leg.to]))


def least_interruption(route: Route, *, same: float, ties: int) -> LeastInterruption:
    """Return the least protected paths by the probability of interruption, by labels.

    Parameters
    ----------
    route : Route
        The route to a target.
    same : float
        Relative difference below which two values are tied.
    ties : int
        Most tied paths to return besides the first.

    Returns
    -------
    LeastInterruption
        With `exact`, the first path by ids and those tied with it, as far as they were sought;
        else one path.
    """
    if not route.end:
        return LeastInterruption(([],), exact=True, all_ties=True)
    search = _Search(route)
    search.run()
    rows = search.all.chance[int(search.first[0]) :][: int(search.count[0])]
    best = int(rows.argmin())
    plain = search.continuation(int(search.first[0]) + best)
    if not search.exact:
        return LeastInterruption((plain,), exact=False, all_ties=False)
    found: list[list[Leg]] = []
    for legs in search.tied(float(rows[best]) * (1 + same)):
        if legs is None or len(found) > ties:
            paths = found[: ties + 1] or [plain]
            return LeastInterruption(tuple(paths), exact=True, all_ties=False)
        found.append(legs)
    return LeastInterruption(tuple(found), exact=True, all_ties=True)
