"""The paths of a facility graph: routes to a target in whole numbers, counting, one path, all.

Times, variances and probabilities of a graph are brought to common denominators, so that sums,
products and comparisons of the exact values are those of integers. A path of a route has a rank:
its place among all paths in the order of their lists of ids.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfc

from keiryo.protection.graph import Graph, Target, reached
from keiryo.protection.task import Task, weight

Numbers = NDArray[Any]
"""Whole numbers: of 64 bits where every sum fits, else Python's."""
INT64_ROOM = 2**61


class Step(NamedTuple):
    """One task in the units of its graph.

    Attributes
    ----------
    id : str
        The element, area or target the task belongs to.
    p : float
        Probability of detection.
    missed : int
        Probability that it is not detected, in parts of `Units.whole`.
    delay, part : int
        Mean delay, and what of it remains after detection, in units of time.
    variance, part_variance : int
        The same for the variance.
    """

    id: str
    p: float
    missed: int
    delay: int
    part: int
    variance: int
    part_variance: int


class Leg(NamedTuple):
    """An element of a route with what follows it: the transit of the area entered, if any."""

    id: str
    to: int
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Units:
    """The units in which a graph's values are whole numbers, and the response in them."""

    time_s: Fraction
    spread_s: Fraction
    variance_s2: Fraction
    whole: int
    response: int
    response_variance: int
    communication: float
    exact_communication: Fraction
    mode: str
    fits: bool

    @classmethod
    def of(cls, graph: Graph, *others: Graph) -> Units:
        """Return the units that fit all values of a graph, and of others like it."""
        graphs = (graph, *others)
        tasks = [element.task for one in graphs for element in one.elements]
        tasks += [area.transit for one in graphs for area in one.areas.values() if area.transit]
        tasks += [target.task for one in graphs for target in one.targets]
        times = [task.mean_s for task in tasks] + [one.response_mean_s for one in graphs]
        spreads = [task.sd_s for task in tasks] + [one.response_sd_s for one in graphs]
        time_s = Fraction(1, 2 * math.lcm(*(value.denominator for value in times)))
        spread_s = Fraction(1, 2 * math.lcm(*(value.denominator for value in spreads)))
        # A path passes each element and each area at most once.
        most = max(
            sum(_whole(value, time_s) for value in times),
            sum(_whole(value, spread_s) ** 2 for value in spreads),
        )
        return cls(
            time_s=time_s,
            spread_s=spread_s,
            variance_s2=spread_s**2,
            whole=math.lcm(*(task.p_detection.denominator for task in tasks)),
            response=int(graph.response_mean_s / time_s),
            response_variance=int((graph.response_sd_s / spread_s) ** 2),
            communication=float(graph.communication),
            exact_communication=graph.communication,
            mode=graph.mode,
            fits=most < INT64_ROOM,
        )

    @property
    def ending(self) -> float:
        """The share of a detection that ends the chance of a later one."""
        return 1.0 if self.mode == "A" else self.communication

    @property
    def kind(self) -> type:
        """The type of arrays of whole numbers."""
        return np.int64 if self.fits else object

    def step(self, name: str, task: Task) -> Step:
        """Return a task in these units."""
        halves = int(2 * weight(task.where))
        delay = _whole(task.mean_s, self.time_s)
        variance = _whole(task.sd_s, self.spread_s) ** 2
        return Step(
            id=name,
            p=float(task.p_detection),
            missed=self.whole - _whole(task.p_detection, Fraction(1, self.whole)),
            delay=delay,
            part=delay * halves // 2,
            variance=variance,
            part_variance=variance * halves**2 // 4,
        )

    def in_time(self, remaining: Numbers, variance: Numbers) -> NDArray[np.float64]:
        """Return the probability that the response is in time, for each entry.

        Notes
        -----
        R = Phi((mu - T_G) / sqrt(v + s_G^2)); where nothing varies, 1 if mu > T_G, else 0.
        """
        left = remaining - self.response
        spread = variance + self.response_variance
        with np.errstate(divide="ignore", invalid="ignore"):
            z = _floats(left, self.time_s)
            z /= np.sqrt(_floats(spread, 2 * self.variance_s2))
            chance = erfc(-z) / 2.0
        return np.where(spread == 0, left > 0, chance).astype(float)

    def one_in_time(self, remaining: int, variance: int) -> float:
        """Return what `in_time` does, for one task."""
        left, spread = remaining - self.response, variance + self.response_variance
        if not spread:
            return float(left > 0)
        seconds = left / self.time_s.denominator  # the numerators of the units are 1
        return math.erfc(-seconds / math.sqrt(2 * spread / self.variance_s2.denominator)) / 2


def _whole(value: Fraction, unit: Fraction) -> int:
    """Return how many units (of which one has a whole number) a value is."""
    return value.numerator * (unit.denominator // value.denominator)


def _floats(values: Numbers, unit: Fraction) -> NDArray[np.float64]:
    """Return whole numbers times a unit as floating numbers, also where the former have none."""
    if values.dtype == np.int64:
        return values.astype(float) * float(unit)
    return np.array([int(value) * unit.numerator / unit.denominator for value in values])


@dataclass(frozen=True, slots=True)
class Route:
    """All that leads from the start to one target, as numbered areas in an order of passage.

    Attributes
    ----------
    legs : tuple of tuple of Leg
        The legs that leave each area, in the order of their ids; area 0 is the start.
    end : int
        The number of the target's area.
    last : Step
        The target's task.
    counts : tuple of int
        How many paths lead from each area to the target.
    """

    target: Target
    units: Units
    legs: tuple[tuple[Leg, ...], ...]
    end: int
    last: Step
    counts: tuple[int, ...]

    @property
    def path_count(self) -> int:
        """How many paths lead from the start to the target."""
        return self.counts[0]

    def path(self, rank: int) -> list[Leg]:
        """Return the legs of the path with a rank, the first being 0."""
        area, legs = 0, []
        while area != self.end:
            for leg in self.legs[area]:
                if rank < self.counts[leg.to]:
                    break
                rank -= self.counts[leg.to]
            legs.append(leg)
            area = leg.to
        return legs

    def ids(self, legs: Sequence[Leg]) -> tuple[str, ...]:
        """Return a path as it is shown: its elements and the target."""
        return (*(leg.id for leg in legs), self.target.id)

    def steps(self, legs: Sequence[Leg]) -> list[Step]:
        """Return the tasks of a path in order."""
        return [*(step for leg in legs for step in leg.steps), self.last]


def routes(graph: Graph, units: Units | None = None) -> list[Route]:
    """Return the route to each target; the graph has no cycle and reaches every target."""
    units = units or Units.of(graph)
    transits = {
        area.id: (units.step(area.id, area.transit),)
        for area in graph.areas.values()
        if area.transit is not None
    }
    tasks = [(units.step(element.id, element.task), element) for element in graph.elements]
    leaving: dict[str, list[tuple[str, str, tuple[Step, ...]]]] = {area: [] for area in graph.areas}
    for step, element in sorted(tasks, key=lambda pair: pair[1].id):
        following = (step, *transits.get(element.destination, ()))
        leaving[element.origin].append((element.id, element.destination, following))
    passage = _passage(leaving)
    back = [(element.destination, element.origin) for element in graph.elements]
    return [_route(graph, target, units, passage, leaving, back) for target in graph.targets]


def _passage(leaving: dict[str, list[tuple[str, str, tuple[Step, ...]]]]) -> list[str]:
    """Return the areas so that every element leads onwards."""
    waiting = dict.fromkeys(leaving, 0)
    for legs in leaving.values():
        for _, destination, _ in legs:
            waiting[destination] += 1
    ordered = [area for area, count in waiting.items() if not count]
    for area in ordered:  # grows while it is read
        for _, destination, _ in leaving[area]:
            waiting[destination] -= 1
            if not waiting[destination]:
                ordered.append(destination)
    assert len(ordered) == len(leaving), "the graph has a cycle"
    return ordered


def _route(
    graph: Graph,
    target: Target,
    units: Units,
    passage: list[str],
    leaving: dict[str, list[tuple[str, str, tuple[Step, ...]]]],
    back: list[tuple[str, str]],
) -> Route:
    """Return the route to one target."""
    forth = [(after, before) for before, after in back]
    alive = reached(graph.start, forth) & reached(target.area, back)
    assert graph.start in alive, "the target cannot be reached"
    named = [graph.start, *(one for one in passage if one in alive and one != graph.start)]
    number = {area: place for place, area in enumerate(named)}
    end = number[target.area]
    legs = [
        tuple(Leg(name, number[to], steps) for name, to, steps in leaving[area] if to in number)
        if area != target.area
        else ()
        for area in named
    ]
    counts = [0] * len(named)
    counts[end] = 1
    for place in reversed(range(len(named))):
        if place != end:
            counts[place] = sum(counts[leg.to] for leg in legs[place])
    last = units.step(target.id, target.task)
    return Route(target, units, tuple(legs), end, last, tuple(counts))


class PathFigures(NamedTuple):
    """What is told of one path."""

    path: tuple[str, ...]
    target: str
    cumulative_detection: float
    delay_mean_s: float
    delay_sd_s: float
    p_interruption_deterministic: float
    p_interruption: float
    cdp: str | None


def figures(route: Route, legs: Sequence[Leg]) -> PathFigures:
    """Return the figures of one path.

    Notes
    -----
    Sums and products are exact; only the probability of interruption is a floating number, by the
    backward recursion V_i = P_D,i P_C R_i + (1 - P_D,i) V_(i+1) (mode A; in mode B the second term
    has 1 - P_D,i P_C).
    """
    units = route.units
    delay = variance = 0
    chance, cdp = 0.0, None
    missed, missed_in_time, tasks = 1, 1, 0
    steps = route.steps(legs)
    for step in reversed(steps):
        if step.p:
            remaining, varying = delay + step.part, variance + step.part_variance
            reply = units.one_in_time(remaining, varying)
            chance = step.p * units.communication * reply + (1 - step.p * units.ending) * chance
            tasks += 1
            missed *= step.missed
            if remaining > units.response:
                cdp = cdp or step.id
                missed_in_time *= step.missed
            else:
                missed_in_time *= units.whole
        delay += step.delay
        variance += step.variance
    if not variance + units.response_variance:  # certain times: no rounding either
        chance = _certain(units, steps)
    whole = units.whole**tasks
    return PathFigures(
        path=route.ids(legs),
        target=route.target.id,
        cumulative_detection=(whole - missed) / whole,
        delay_mean_s=float(delay * units.time_s),
        delay_sd_s=math.sqrt(variance * units.variance_s2),
        p_interruption_deterministic=(whole - missed_in_time) / whole,
        p_interruption=chance,
        cdp=cdp,
    )


def _certain(units: Units, steps: Sequence[Step]) -> float:
    """Return the probability of interruption where no time varies: exact until it is rounded."""
    reached, of = units.exact_communication.as_integer_ratio()
    parts, whole, delay = 0, 1, 0  # the probability is parts / whole
    for step in reversed(steps):
        if step.p:
            told = (units.whole - step.missed) * reached
            later = step.missed * of if units.mode == "A" else units.whole * of - told
            in_time = delay + step.part > units.response
            parts = told * whole * in_time + later * parts
            whole *= units.whole * of
        delay += step.delay
    return parts / whole


@dataclass(slots=True)
class EveryPath:
    """All paths of a route from an area to the target, one entry of each array for each rank."""

    delay: Numbers
    variance: Numbers
    chance: NDArray[np.float64]
    missed: NDArray[np.float64]
    missed_in_time: NDArray[np.float64]
    cdp: NDArray[np.int64]

    @classmethod
    def empty(cls, kind: type) -> EveryPath:
        """Return the one path on which nothing is left to do."""
        nothing: Numbers = np.zeros(1, dtype=kind)
        one = np.ones(1)
        return cls(nothing, nothing, np.zeros(1), one, one, np.full(1, -1))

    @classmethod
    def joined(cls, parts: Sequence[EveryPath]) -> EveryPath:
        """Return the paths of several legs, one after another."""
        if len(parts) == 1:
            return parts[0]
        columns = ("delay", "variance", "chance", "missed", "missed_in_time", "cdp")
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in columns))

    def after(self, step: Step, place: int, units: Units) -> EveryPath:
        """Return these paths with a task before them; `place` marks the task in `cdp`."""
        delay, variance = self.delay + step.delay, self.variance + step.variance
        if not step.p:
            return EveryPath(
                delay, variance, self.chance, self.missed, self.missed_in_time, self.cdp
            )
        remaining = self.delay + step.part
        timely = (remaining > units.response).astype(bool)
        reply = units.in_time(remaining, self.variance + step.part_variance)
        return EveryPath(
            delay=delay,
            variance=variance,
            chance=step.p * units.communication * reply + (1 - step.p * units.ending) * self.chance,
            missed=self.missed * (1 - step.p),
            missed_in_time=np.where(timely, self.missed_in_time * (1 - step.p), 1.0),
            cdp=np.where(timely & (self.cdp < 0), place, self.cdp),
        )


def every_path(route: Route) -> tuple[EveryPath, list[str]]:
    """Return all paths of a route in order of rank, and the ids that `cdp` counts in.

    Areas share what lies behind them: each leg is worked out once for all paths that continue
    after it.
    """
    units = route.units
    names: list[str] = []
    numbers: dict[str, int] = {}

    def before(paths: EveryPath, step: Step) -> EveryPath:
        place = numbers.setdefault(step.id, len(names))
        if place == len(names):
            names.append(step.id)
        return paths.after(step, place, units)

    waiting = [0] * len(route.legs)
    for leaving in route.legs:
        for leg in leaving:
            waiting[leg.to] += 1
    done: dict[int, EveryPath] = {}
    done[route.end] = before(EveryPath.empty(units.kind), route.last)
    for area in reversed(range(len(route.legs))):
        if area == route.end:
            continue
        parts = []
        for leg in route.legs[area]:
            paths = done[leg.to]
            for step in reversed(leg.steps):
                paths = before(paths, step)
            parts.append(paths)
            waiting[leg.to] -= 1
            if not waiting[leg.to]:
                del done[leg.to]
        done[area] = EveryPath.joined(parts)
    return done[0], names
