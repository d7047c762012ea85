"""The least protected path by each of four measures.

The measures are cumulative detection, delay, deterministic probability of interruption and
probability of interruption (EASI). Each names another path in general; none of them is *the*
answer. The first three are worked out exactly here; the fourth by enumeration of all paths, or by
labels (`keiryo.protection.labels`) where there are too many.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, NamedTuple

import numpy as np

from keiryo.protection.graph import Graph
from keiryo.protection.graph_paths import (
    EveryPath,
    Leg,
    PathFigures,
    Route,
    Step,
    every_path,
    figures,
    routes,
)
from keiryo.protection.labels import least_interruption

MEASURES = (
    "min_cumulative_detection",
    "min_delay_s",
    "min_p_interruption_deterministic",
    "min_p_interruption",
)
PATHS_ENUMERATED = 100_000
WORK_ENUMERATED = 500_000_000
"""Most paths of a graph, and most paths of all its areas together, that are enumerated."""
TIES_SHOWN = 100
SAME = 1e-12
"""Probabilities of interruption that differ by less than this, relatively, are tied."""
Method = Literal["enumeration", "labels"]


@dataclass(frozen=True, slots=True)
class Minimum:
    """The least value of a measure, the first path that has it, and the other paths that do.

    `order` is what values of several targets are compared by: exact where the measure is.
    """

    value: float
    order: Fraction | float
    figures: PathFigures
    ties: tuple[tuple[str, ...], ...] = ()
    exact: bool = True
    all_ties: bool = True


@dataclass(frozen=True, slots=True)
class TargetMinima:
    """The four minima of one target; with `enumeration`, all its paths as well."""

    route: Route
    measures: dict[str, Minimum]
    every: EveryPath | None = field(default=None, repr=False)
    cdp_names: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Minima:
    """The four minima of a facility and of each of its targets."""

    algorithm: Method
    path_count: int
    measures: dict[str, Minimum]
    targets: tuple[TargetMinima, ...]

    @property
    def exact(self) -> bool:
        """Whether every minimum is one for certain."""
        return all(minimum.exact for minimum in self.measures.values())


class Product(NamedTuple):
    """A product of chances of not being detected: `parts` / whole ** `factors`."""

    parts: int
    factors: int

    def times(self, step: Step, whole: int) -> Product:
        """Return the product with one more task."""
        if step.missed == whole:
            return self
        return Product(self.parts * step.missed, self.factors + 1)

    def joined(self, other: Product) -> Product:
        """Return the product of two products."""
        return Product(self.parts * other.parts, self.factors + other.factors)

    def exceeds(self, other: Product, whole: int) -> int:
        """Return a positive number if this is greater, 0 if equal, else a negative one."""
        if self.factors == other.factors:
            return self.parts - other.parts
        if self.factors < other.factors:
            more: int = whole ** (other.factors - self.factors)
            return self.parts * more - other.parts
        fewer: int = whole ** (self.factors - other.factors)
        return self.parts - other.parts * fewer


NOTHING_MISSED = Product(1, 0)


class Way:
    """The beginning of a path, from the start: what is needed to judge any continuation."""

    def __init__(self, route: Route) -> None:
        self.units = route.units
        self.legs: list[Leg] = []
        self.passed = [0]
        self.parts: list[int] = []
        self.products = [NOTHING_MISSED]
        self.steps: list[Step] = []

    def add(self, leg: Leg) -> None:
        """Go one leg further."""
        self.legs.append(leg)
        for step in leg.steps:
            self.steps.append(step)
            self.passed.append(self.passed[-1] + step.delay)
            self.products.append(self.products[-1].times(step, self.units.whole))

    def drop(self) -> None:
        """Go one leg back."""
        count = len(self.legs.pop().steps)
        del self.steps[-count:], self.passed[-count:], self.products[-count:]

    def in_time(self, behind: int) -> Product:
        """Return the product over the tasks in time when `behind` is the delay after the way."""
        low, high = 0, len(self.steps)
        total = self.passed[-1] + behind
        while low < high:  # the delay that remains never rises along a path
            middle = (low + high) // 2
            if self.steps[middle].part + total - self.passed[middle + 1] > self.units.response:
                low = middle + 1
            else:
                high = middle
        return self.products[low]


class Rest(NamedTuple):
    """The best continuation from an area to the target: its delay and its product."""

    delay: int
    product: Product


def _rests(route: Route, measure: str) -> list[Rest]:
    """Return the best continuation from every area, by one of the three exact measures.

    Notes
    -----
    For the deterministic measure one continuation of each area is enough: as long as some
    continuation has no more delay than the response time, nothing on it is in time and the one of
    least delay is best for every beginning; otherwise every earlier task is in time whatever the
    continuation, and only the product counts.
    """
    units = route.units
    whole, response = units.whole, units.response
    timely = measure == "min_p_interruption_deterministic"

    def before(rest: Rest, steps: Sequence[Step]) -> Rest:
        delay, product = rest
        for step in reversed(steps):
            if not timely or delay + step.part > response:
                product = product.times(step, whole)
            delay += step.delay
        return Rest(delay, product)

    def better(one: Rest, other: Rest) -> bool:
        if measure == "min_delay_s" or (timely and min(one.delay, other.delay) <= response):
            return one.delay < other.delay
        return one.product.exceeds(other.product, whole) > 0

    rests: list[Rest] = [Rest(0, NOTHING_MISSED)] * len(route.legs)
    rests[route.end] = before(rests[route.end], (route.last,))
    for area in reversed(range(len(route.legs))):
        if area == route.end:
            continue
        best: Rest | None = None
        for leg in route.legs[area]:
            rest = before(rests[leg.to], leg.steps)
            if best is None or better(rest, best):
                best = rest
        assert best is not None
        rests[area] = best
    return rests


def least_paths(route: Route, measure: str) -> Iterator[list[Leg]]:
    """Give every path with the exact minimum of a measure, in the order of ids.

    Only beginnings that can be completed to such a path are followed, so the first path costs no
    more than its own length.
    """
    rests, way = _rests(route, measure), Way(route)
    whole, response = route.units.whole, route.units.response

    def least(area: int) -> bool:
        rest = rests[area]
        if measure == "min_delay_s":
            return way.passed[-1] + rest.delay == rests[0].delay
        if measure == "min_cumulative_detection" or rest.delay > response:
            product = way.products[-1].joined(rest.product)
        else:
            product = way.in_time(rest.delay)
        return product.exceeds(rests[0].product, whole) == 0

    if not route.end:
        yield []
        return
    open_legs = [iter(route.legs[0])]
    while open_legs:
        leg = next(open_legs[-1], None)
        if leg is None:
            open_legs.pop()
            if way.legs:
                way.drop()
            continue
        way.add(leg)
        if not least(leg.to):
            way.drop()
        elif leg.to == route.end:
            yield list(way.legs)
            way.drop()
        else:
            open_legs.append(iter(route.legs[leg.to]))


def _exact_minimum(route: Route, measure: str) -> Minimum:
    """Return the minimum of one of the three exact measures."""
    found: list[tuple[str, ...]] = []
    first: PathFigures | None = None
    for legs in least_paths(route, measure):
        if first is None:
            first = figures(route, legs)
        found.append(route.ids(legs))
        if len(found) > TIES_SHOWN + 1:
            break
    assert first is not None
    rest = _rests(route, measure)[0]
    if measure == "min_delay_s":
        order, value = rest.delay * route.units.time_s, first.delay_mean_s
    else:
        order = 1 - Fraction(rest.product.parts, route.units.whole**rest.product.factors)
        value = float(order)
    ties = tuple(found[1 : TIES_SHOWN + 1])
    return Minimum(value, order, first, ties, all_ties=len(found) <= TIES_SHOWN + 1)


def _enumerated(route: Route, every: EveryPath) -> Minimum:
    """Return the minimum of the probability of interruption over all paths."""
    least = float(every.chance.min())
    ranks = np.flatnonzero(every.chance <= least * (1 + SAME))
    first = figures(route, route.path(int(ranks[0])))
    shown = ranks[1 : TIES_SHOWN + 1]
    ties = tuple(route.ids(route.path(int(rank))) for rank in shown)
    whole = len(ranks) <= TIES_SHOWN + 1
    return Minimum(first.p_interruption, first.p_interruption, first, ties, all_ties=whole)


def _labelled(route: Route) -> Minimum:
    """Return the minimum of the probability of interruption by labels."""
    found = least_interruption(route, same=SAME, ties=TIES_SHOWN)
    first = figures(route, found.paths[0])
    ties = tuple(route.ids(legs) for legs in found.paths[1:])
    return Minimum(
        first.p_interruption, first.p_interruption, first, ties, found.exact, found.all_ties
    )


def _together(minima: Sequence[Minimum], measure: str) -> Minimum:
    """Return the strictest of the minima of several targets."""
    near = 1 + SAME if measure == "min_p_interruption" else 1
    least = min(one.order for one in minima)
    tied = sorted(
        (one for one in minima if one.order <= least * near), key=lambda one: one.figures.path
    )
    paths = sorted(
        [*(one.figures.path for one in tied[1:]), *(tie for one in tied for tie in one.ties)]
    )
    return Minimum(
        value=tied[0].value,
        order=tied[0].order,
        figures=tied[0].figures,
        ties=tuple(paths[:TIES_SHOWN]),
        exact=all(one.exact for one in minima),
        all_ties=all(one.all_ties for one in tied) and len(paths) <= TIES_SHOWN,
    )


def enumerable(found: Sequence[Route]) -> bool:
    """Return whether the paths of a graph are few enough to be enumerated."""
    paths = sum(route.path_count for route in found)
    work = sum(sum(route.counts) for route in found)
    return paths <= PATHS_ENUMERATED and work <= WORK_ENUMERATED


def minima(graph: Graph, method: Method | None = None) -> Minima:
    """Return the least protected paths of a facility by the four measures.

    Parameters
    ----------
    graph : Graph
        A graph without cycle whose targets can all be reached.
    method : str, optional
        How the fourth measure is found. Default: ``enumeration`` up to 100,000 paths, else
        ``labels``.
    """
    found = routes(graph)
    chosen: Method = method or ("enumeration" if enumerable(found) else "labels")
    targets = []
    for route in found:
        measures = {measure: _exact_minimum(route, measure) for measure in MEASURES[:3]}
        every, names = every_path(route) if chosen == "enumeration" else (None, [])
        measures[MEASURES[3]] = _labelled(route) if every is None else _enumerated(route, every)
        targets.append(TargetMinima(route, measures, every, names))
    together = {
        measure: _together([target.measures[measure] for target in targets], measure)
        for measure in MEASURES
    }
    count = sum(route.path_count for route in found)
    return Minima(chosen, count, together, tuple(targets))


def least_chance(graph: Graph, method: Method | None = None) -> Minimum:
    """Return the least probability of interruption of a facility, without the other measures."""
    found = routes(graph)
    chosen: Method = method or ("enumeration" if enumerable(found) else "labels")
    each = [
        _enumerated(route, every_path(route)[0]) if chosen == "enumeration" else _labelled(route)
        for route in found
    ]
    return _together(each, MEASURES[3])
