"""Options to strengthen a facility, ranked by what they do to its weakest path.

The value of a set of options is the least probability of interruption over all paths and targets
after the change: the weakest path moves, so all paths are looked at again for every set. The value
is not monotone in the options, and a gain may be negative; it is told as it is.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfc

from keiryo.protection.graph import Graph
from keiryo.protection.graph_paths import PathFigures, Route, Step, Units, routes
from keiryo.protection.minima import SAME, enumerable, least_chance
from keiryo.protection.task import Task

WORK_EXHAUSTIVE = 100_000_000
"""Sets of options times paths up to which all sets are tried."""
WORK_LONG = 10 * WORK_EXHAUSTIVE
"""The same with the paths of every area, where paths are very long."""
WORK_TOGETHER = 5_000_000
"""Most paths of all areas with which sets are worked out together."""
ENTRIES_AT_ONCE = 200_000
SETS_AT_ONCE = 10_000
RESPONSE, COMMUNICATION = "response", "communication"
TASK_FIELDS = {
    "p_detection": "p_detection",
    "where": "where",
    "delay.mean_s": "mean_s",
    "delay.sd_s": "sd_s",
}
Set = tuple[int, ...]
"""A set of options by their places in the file, ascending."""


@dataclass(frozen=True, slots=True)
class Change:
    """One new value: of a field of an element, area or target, or of the response."""

    object: str
    field: str
    value: Fraction | str


@dataclass(frozen=True, slots=True)
class Option:
    """A change that can be bought; of the options of one group at most one is taken."""

    id: str
    cost: Fraction
    changes: tuple[Change, ...]
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A set of options with the least protected path that is left after it."""

    options: tuple[str, ...]
    cost: Fraction
    min_p_interruption: float
    gain: float
    figures: PathFigures

    @property
    def gain_per_cost(self) -> float | None:
        """The gain for each unit of cost; None at no cost."""
        return self.gain / float(self.cost) if self.cost else None


@dataclass(frozen=True, slots=True)
class Ranking:
    """What the options are worth.

    Attributes
    ----------
    exact : bool
        Whether `best` is the best of all sets within the budget for certain; else it is the set
        that the greedy search found.
    """

    budget: Fraction | None
    exact: bool
    evaluated_sets: int
    baseline: Upgrade
    singles: tuple[Upgrade, ...]
    best: Upgrade
    greedy: Upgrade


def conflicts(options: Sequence[Option]) -> Iterator[tuple[int, int]]:
    """Give each option that changes a field which an earlier one changes too, with that one.

    Options of one group do not conflict: at most one of them is taken.
    """
    changing: dict[tuple[str, str], list[int]] = {}
    for place, option in enumerate(options):
        earlier = []
        for key in {(change.object, change.field) for change in option.changes}:
            places = changing.setdefault(key, [])
            groups = [options[one].group for one in places]
            earlier += [
                one
                for one, group in zip(places, groups, strict=True)
                if group is None or group != option.group
            ]
            # Two of different groups, or one without a group, stand for all that follow.
            if option.group not in groups and None not in groups and len(places) < 2:
                places.append(place)
        if earlier:
            yield min(earlier), place


def applied(graph: Graph, options: Iterable[Option]) -> Graph:
    """Return the graph after some options."""
    new: dict[str, dict[str, Any]] = {}
    for option in options:
        for change in option.changes:
            field = TASK_FIELDS.get(change.field, change.field)
            new.setdefault(change.object, {})[field] = change.value
    if not new:
        return graph

    def changed(name: str, task: Task) -> Task:
        return replace(task, **new[name]) if name in new else task

    areas = dict(graph.areas)
    for name, area in areas.items():
        if name in new and area.transit is not None:
            areas[name] = replace(area, transit=changed(name, area.transit))
    response = new.get(RESPONSE, {})
    return replace(
        graph,
        areas=areas,
        elements=tuple(replace(one, task=changed(one.id, one.task)) for one in graph.elements),
        targets=tuple(replace(one, task=changed(one.id, one.task)) for one in graph.targets),
        communication=new.get(COMMUNICATION, {}).get("", graph.communication),
        response_mean_s=response.get("mean_s", graph.response_mean_s),
        response_sd_s=response.get("sd_s", graph.response_sd_s),
    )


class _Sets:
    """Works out many sets of options at once: a row for each set, a column for each path."""

    def __init__(self, graph: Graph, options: Sequence[Option]) -> None:
        self.graph, self.options = graph, options
        alone = [applied(graph, [option]) for option in options]
        self.units = Units.of(graph, *alone)
        self.routes = routes(graph, self.units)
        self.paths = sum(route.path_count for route in self.routes)
        self.work = sum(sum(route.counts) for route in self.routes)
        self.together = self.units.fits and enumerable(self.routes) and self.work <= WORK_TOGETHER
        self.exact = True
        self.tasks = {one.id: one.task for one in graph.elements}
        self.tasks |= {one.id: one.task for one in graph.targets}
        self.tasks |= {one.id: one.transit for one in graph.areas.values() if one.transit}
        self.changing: dict[str, list[int]] = {}
        for place, option in enumerate(options):
            for name in {change.object for change in option.changes}:
                self.changing.setdefault(name, []).append(place)

    def values(self, sets: Sequence[Set]) -> NDArray[np.float64]:
        """Return the least probability of interruption after each set."""
        if not self.together:
            found = [least_chance(applied(self.graph, self.chosen(one))) for one in sets]
            self.exact &= all(one.exact for one in found)
            return np.array([one.value for one in found])
        rows = max(1, ENTRIES_AT_ONCE // self.paths)
        parts = [self._values(sets[at : at + rows]) for at in range(0, len(sets), rows)]
        return np.concatenate(parts)

    def chosen(self, one: Set) -> list[Option]:
        """Return the options of a set."""
        return [self.options[place] for place in one]

    def _column(self, name: str, sets: Sequence[Set]) -> list[Graph | Step]:
        """Return an object as it is after each set."""
        concerned = set(self.changing[name])
        made: dict[Set, Graph | Step] = {}
        column = []
        for one in sets:
            key = tuple(place for place in one if place in concerned)
            if key not in made:
                made[key] = self._after(name, key)
            column.append(made[key])
        return column

    def _after(self, name: str, key: Set) -> Graph | Step:
        if name in (RESPONSE, COMMUNICATION):
            return applied(self.graph, self.chosen(key))
        task = self.tasks[name]
        for option in self.chosen(key):
            for change in option.changes:
                if change.object == name:
                    value: dict[str, Any] = {TASK_FIELDS[change.field]: change.value}
                    task = replace(task, **value)
        return self.units.step(name, task)

    def _values(self, sets: Sequence[Set]) -> NDArray[np.float64]:
        units = self.units

        def down(values: Iterable[Any], kind: type) -> NDArray[Any]:
            return np.array(list(values), dtype=kind).reshape(-1, 1)

        response: Any = units.response
        varying: Any = units.response_variance
        communication: Any = units.communication
        if RESPONSE in self.changing:
            graphs: list[Any] = self._column(RESPONSE, sets)
            response = down((int(one.response_mean_s / units.time_s) for one in graphs), np.int64)
            squares = (int(one.response_sd_s**2 / units.variance_s2) for one in graphs)
            varying = down(squares, np.int64)
        if COMMUNICATION in self.changing:
            told: list[Any] = self._column(COMMUNICATION, sets)
            communication = down((float(one.communication) for one in told), float)
        ending = 1.0 if units.mode == "A" else communication
        steps: dict[str, Any] = {}
        for name in self.changing:
            if name not in (RESPONSE, COMMUNICATION):
                rows: list[Any] = self._column(name, sets)
                kinds = (float, object, *[np.int64] * 4)
                columns = zip(*(one[1:] for one in rows), strict=True)
                pairs = zip(columns, kinds, strict=True)
                parts: list[Any] = [down(values, kind) for values, kind in pairs]
                steps[name] = Step(name, *parts)

        def before(state: tuple[Any, Any, Any], step: Step) -> tuple[Any, Any, Any]:
            delay, variance, chance = state
            step = steps.get(step.id, step)
            if np.any(step.p):
                left = delay + (step.part - response)
                spread = variance + (step.part_variance + varying)
                with np.errstate(divide="ignore", invalid="ignore"):
                    z = left * float(units.time_s) / np.sqrt(spread * float(2 * units.variance_s2))
                    reply = np.where(spread == 0, left > 0, erfc(-z) / 2.0)
                chance = step.p * communication * reply + (1 - step.p * ending) * chance
            return delay + step.delay, variance + step.variance, chance

        each = [_backwards(route, len(sets), before).min(axis=1) for route in self.routes]
        least: NDArray[np.float64] = np.minimum.reduce(each)
        return least


def _backwards(route: Route, rows: int, before: Any) -> NDArray[np.float64]:
    """Return the probability of interruption of every path, for each row."""
    nothing = np.zeros((rows, 1), dtype=np.int64)
    done = {route.end: before((nothing, nothing, np.zeros((rows, 1))), route.last)}
    for area in reversed(range(len(route.legs))):
        if area == route.end:
            continue
        parts = []
        for leg in route.legs[area]:
            state = done[leg.to]
            for step in reversed(leg.steps):
                state = before(state, step)
            parts.append(state)
        done[area] = tuple(np.hstack(column) for column in zip(*parts, strict=True))
    chances: NDArray[np.float64] = done[0][2]
    return chances


def feasible(options: Sequence[Option], budget: Fraction | None) -> Iterator[Set]:
    """Give the sets of options within a budget, with at most one option of each group."""
    waiting: list[tuple[Set, int, Fraction, frozenset[str]]] = [((), 0, Fraction(0), frozenset())]
    while waiting:
        taken, after, cost, groups = waiting.pop()
        yield taken
        for place in range(after, len(options)):
            option = options[place]
            total = cost + option.cost
            if (budget is None or total <= budget) and option.group not in groups:
                held = groups if option.group is None else groups | {option.group}
                waiting.append(((*taken, place), place + 1, total, held))


def rank(graph: Graph, options: Sequence[Option], budget: Fraction | None = None) -> Ranking:
    """Return what options are worth: alone, as the best set, and by the greedy search.

    Parameters
    ----------
    graph : Graph
    options : sequence of Option
        Without conflicts (`conflicts`).
    budget : Fraction, optional
        The most that a set may cost; None for no limit.

    Notes
    -----
    All sets are tried while (sets x paths) is 10^8 at most; above that the greedy set is all there
    is, and the ranking is not exact. There is no branch and bound: more options may be worth less.
    """
    worth = _Sets(graph, options)
    most = max(1, min(WORK_EXHAUSTIVE // worth.paths, WORK_LONG // worth.work))
    count = sum(1 for _ in itertools.islice(feasible(options, budget), most + 1))
    tried: dict[Set, float] = {(): float(worth.values([()])[0])}
    singles: list[Set] = [(place,) for place in range(len(options))]
    if singles:
        tried |= zip(singles, worth.values(singles).tolist(), strict=True)
    taken = _greedy(worth, options, budget, tried)
    best, exhaustive = taken, count <= most
    if exhaustive:
        best = _best(worth, options, budget)

    baseline = least_chance(graph).value

    def upgrade(one: Set) -> Upgrade:
        least = least_chance(applied(graph, worth.chosen(one)))
        cost = sum((options[place].cost for place in one), Fraction(0))
        ids = tuple(sorted(options[place].id for place in one))
        gain = least.value - baseline
        return Upgrade(ids, cost, least.value, gain, least.figures)

    return Ranking(
        budget=budget,
        exact=exhaustive and worth.exact,
        evaluated_sets=count if exhaustive else len(tried),
        baseline=upgrade(()),
        singles=tuple(upgrade(one) for one in singles),
        best=upgrade(best),
        greedy=upgrade(taken),
    )


def _best(worth: _Sets, options: Sequence[Option], budget: Fraction | None) -> Set:
    """Return the set of greatest value; then of lowest cost, fewest options, first ids."""
    best: tuple[float, Any, Set] | None = None
    waiting = feasible(options, budget)
    while sets := list(itertools.islice(waiting, SETS_AT_ONCE)):
        values = worth.values(sets)
        for row in np.flatnonzero(values >= float(values.max()) * (1 - SAME)):
            value, one = float(values[row]), sets[row]
            cost = sum((options[place].cost for place in one), Fraction(0))
            key = (cost, len(one), sorted(options[place].id for place in one))
            better = best is None or value > best[0] * (1 + SAME)
            if better or (best and value >= best[0] * (1 - SAME) and key < best[1]):
                best = (value, key, one)
    assert best is not None
    return best[2]


def _greedy(
    worth: _Sets, options: Sequence[Option], budget: Fraction | None, tried: dict[Set, float]
) -> Set:
    """Return the set made by adding, time after time, what gains most for its cost."""
    taken: Set = ()
    while True:
        cost = sum((options[place].cost for place in taken), Fraction(0))
        groups = {options[place].group for place in taken} - {None}
        sets = {
            place: tuple(sorted((*taken, place)))
            for place, option in enumerate(options)
            if place not in taken
            and option.group not in groups
            and (budget is None or cost + option.cost <= budget)
        }
        new = [one for one in sets.values() if one not in tried]
        if new:
            tried |= zip(new, worth.values(new).tolist(), strict=True)
        choices = []
        for place, one in sets.items():
            gain, price = tried[one] - tried[taken], options[place].cost
            if gain > SAME * tried[taken]:
                each = gain / float(price) if price else math.inf
                choices.append((each, options[place].id, one))
        if not choices:
            return taken
        most = max(each for each, _, _ in choices)
        taken = min(choice[1:] for choice in choices if choice[0] >= most * (1 - SAME))[1]
