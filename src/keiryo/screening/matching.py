"""Matching declared operations with what sensors saw.

A declaration names the sensors that must see the operation. Its window at a sensor is widened by
the uncertainty of the clocks and by the sensor's interval between pictures, since an operation
can begin that long before the first picture of it. What was seen inside the declared time
confirms; inside the window, before or after it, confirms early or late. Where nothing was seen,
the operation is missing only if the window was covered: a gap or a bad view that is longer than
the operation needs to be visible leaves it open.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

_FORBIDDEN = 1e7  # above every sum of gaps inside windows, so that more matches beat nearer ones
_TIE_OPERATION, _TIE_ORDER = 1e-4, 1e-7


class State(StrEnum):
    """What became of a declared operation, or of something seen."""

    CONFIRMED = "CONFIRMED"
    CONFIRMED_EARLY = "CONFIRMED_EARLY"
    CONFIRMED_LATE = "CONFIRMED_LATE"
    COUNT_MISMATCH = "COUNT_MISMATCH"
    ORDER_VIOLATION = "ORDER_VIOLATION"
    DECLARED_NO_COVERAGE = "DECLARED_NO_COVERAGE"
    DECLARED_NOT_SEEN = "DECLARED_NOT_SEEN"
    SEEN_NOT_DECLARED = "SEEN_NOT_DECLARED"


_WORSE = list(State)  # from the best to the worst


@dataclass(frozen=True, slots=True)
class Sensor:
    """A device that sees operations.

    Attributes
    ----------
    name : str
    interval_s : float
        Time between two looks, T; 0 for one that logs continuously, such as an electronic seal.
    tolerance_s : float
        Tolerance of its schedule, e.
    clock_s : float
        Uncertainty of its clock against that of the declarations.
    """

    name: str = ""
    interval_s: float = 0.0
    tolerance_s: float = 0.0
    clock_s: float = 0.0

    @property
    def margin_s(self) -> float:
        """By how much a declared time is widened on both sides."""
        return self.clock_s + self.interval_s


@dataclass(frozen=True, slots=True)
class Operation:
    """A declared operation.

    Attributes
    ----------
    name : str
    from_s, to_s : float
        When it was done as far as that was declared, else when it was planned.
    sensors : tuple of str
        Each of them must see it.
    min_visible_s : float or None
        How long it must be visible at least; None: not declared.
    count : int or None
        How many observations it must give at each sensor; None: any number from one.
    capacity : int
        With how many other operations, itself counted, it may share one observation.
    kind, direction : str
        What observations must agree with; empty: anything.
    process : str
        The process whose steps have an order; empty: none.
    step : int
        Its place in the process.
    """

    name: str
    from_s: float
    to_s: float
    sensors: tuple[str, ...] = ("",)
    min_visible_s: float | None = None
    count: int | None = None
    capacity: int = 1
    kind: str = ""
    direction: str = ""
    process: str = ""
    step: int = 0


@dataclass(frozen=True, slots=True)
class Observation:
    """Something that a sensor saw, from `from_s` to `to_s`."""

    from_s: float
    to_s: float
    sensor: str = ""
    kind: str = ""
    direction: str = ""


@dataclass(frozen=True, slots=True)
class Blind:
    """A time in which a sensor saw nothing that can be relied on: a gap, or a bad view."""

    from_s: float
    to_s: float
    sensor: str = ""


@dataclass(frozen=True, slots=True)
class Matched:
    """What became of one operation.

    Attributes
    ----------
    operation : Operation
    state : State
        The worst of its sensors.
    by_sensor : dict of str to State
    observations : tuple of int
        Positions of the observations that support it.
    """

    operation: Operation
    state: State
    by_sensor: Mapping[str, State]
    observations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Matching:
    """Operations in the order of declaration, and what was seen and not declared.

    Attributes
    ----------
    operations : tuple of Matched
    undeclared : tuple of int
        Positions of the observations that support no operation.
    """

    operations: tuple[Matched, ...]
    undeclared: tuple[int, ...]


def match(
    declared: Sequence[Operation],
    observations: Sequence[Observation],
    gaps: Iterable[Blind] = (),
    *,
    sensors: Iterable[Sensor] = (Sensor(),),
    mismatch_s: float | None = None,
) -> Matching:
    """Match declared operations with observations.

    Parameters
    ----------
    declared : sequence of Operation
    observations : sequence of Observation
    gaps : iterable of Blind
    sensors : iterable of Sensor
        Those of which anything is known. A sensor that an operation names and that is not here
        has not looked at all: the operation is not covered.
    mismatch_s : float, optional
        What a kind or direction other than declared costs, in seconds of distance; by default
        such observations do not support the operation at all.
    """
    known = {sensor.name: sensor for sensor in sensors}
    blind: dict[str, list[Blind]] = defaultdict(list)
    for gap in gaps:
        blind[gap.sensor].append(gap)
    order = sorted(range(len(declared)), key=lambda n: (declared[n].from_s, declared[n].name, n))
    supports: dict[str, dict[int, list[int]]] = {}
    used: set[int] = set()
    for name, sensor in known.items():
        mine = [n for n in order if name in declared[n].sensors]
        seen = sorted(
            (k for k, o in enumerate(observations) if o.sensor == name),
            key=lambda k: (observations[k].from_s, observations[k].to_s, k),
        )
        supports[name] = _supports(declared, mine, observations, seen, sensor, mismatch_s)
        used.update(k for group in supports[name].values() for k in group)
    disordered = _disordered(declared, order, observations, supports)
    matched = []
    for n, operation in enumerate(declared):
        states = {}
        for name in operation.sensors:
            found = supports.get(name, {}).get(n, [])
            states[name] = (
                State.DECLARED_NO_COVERAGE
                if name not in known
                else _state(operation, [observations[k] for k in found], blind[name], known[name])
            )
        worst = max(states.values(), key=_WORSE.index, default=State.DECLARED_NO_COVERAGE)
        if n in disordered and _WORSE.index(worst) < _WORSE.index(State.ORDER_VIOLATION):
            worst = State.ORDER_VIOLATION
        every = sorted(k for name in operation.sensors for k in supports.get(name, {}).get(n, []))
        matched.append(Matched(operation, worst, states, tuple(every)))
    undeclared = tuple(k for k in range(len(observations)) if k not in used)
    return Matching(tuple(matched), undeclared)


def _distance(
    operation: Operation, seen: Observation, sensor: Sensor, mismatch_s: float | None
) -> float | None:
    """Return the time between an operation and an observation; None outside the window."""
    early = max(0.0, operation.from_s - seen.to_s)
    late = max(0.0, seen.from_s - operation.to_s)
    if max(early, late) > sensor.margin_s:
        return None
    cost = early + late
    for wanted, found in (
        (operation.kind, seen.kind),
        (operation.direction, seen.direction),
    ):
        if wanted and found and wanted != found:
            if mismatch_s is None:
                return None
            cost += mismatch_s
    return cost


def _supports(
    declared: Sequence[Operation],
    mine: Sequence[int],
    observations: Sequence[Observation],
    seen: Sequence[int],
    sensor: Sensor,
    mismatch_s: float | None,
) -> dict[int, list[int]]:
    """Return for each operation the observations of one sensor that support it."""
    costs: dict[tuple[int, int], float] = {}
    start = 0
    longest = max((declared[n].to_s - declared[n].from_s for n in mine), default=0.0)
    for k in seen:
        one = observations[k]
        while start < len(mine) and (
            declared[mine[start]].from_s + longest + sensor.margin_s < one.from_s
        ):
            start += 1
        for position in range(start, len(mine)):
            n = mine[position]
            if declared[n].from_s - sensor.margin_s > one.to_s:
                break
            cost = _distance(declared[n], one, sensor, mismatch_s)
            if cost is not None:
                costs[n, k] = cost
    result: dict[int, list[int]] = defaultdict(list)
    for rows, columns in _connected(costs, mine, seen):
        for n, k in _assigned(costs, rows, columns):
            result[n].append(k)
    rank = {n: position for position, n in enumerate(mine)}
    taken = {k for group in result.values() for k in group}
    by_observation: dict[int, list[int]] = defaultdict(list)
    for n, k in costs:
        by_observation[k].append(n)
    for k in seen:  # several observations may support one operation
        if k not in taken and by_observation[k]:
            best = min(by_observation[k], key=lambda n: (costs[n, k], rank[n]))
            result[best].append(k)
    _share(declared, mine, costs, result)
    return {n: sorted(group) for n, group in result.items()}


def _share(
    declared: Sequence[Operation],
    mine: Sequence[int],
    costs: Mapping[tuple[int, int], float],
    result: dict[int, list[int]],
) -> None:
    """Let operations that nothing supports share what supports others, as far as they may."""
    for n in mine:
        if result.get(n) or declared[n].capacity < 2:
            continue
        for k in sorted((k for m, k in costs if m == n), key=lambda k: (costs[n, k], k)):
            sharing = [m for m in mine if k in result.get(m, ())]
            room = min(declared[m].capacity for m in [n, *sharing])
            if len(sharing) < room:
                result[n].append(k)
                break


def _connected(
    costs: Mapping[tuple[int, int], float], mine: Sequence[int], seen: Sequence[int]
) -> list[tuple[list[int], list[int]]]:
    """Return groups of operations and observations that have to be decided together."""
    of_operation: dict[int, list[int]] = defaultdict(list)
    of_observation: dict[int, list[int]] = defaultdict(list)
    for n, k in costs:
        of_operation[n].append(k)
        of_observation[k].append(n)
    rank = {n: position for position, n in enumerate(mine)}
    place = {k: position for position, k in enumerate(seen)}
    done: set[int] = set()
    groups = []
    for first in mine:
        if first in done or first not in of_operation:
            continue
        rows, columns, waiting = {first}, set[int](), [first]
        while waiting:
            for k in of_operation[waiting.pop()]:
                if k not in columns:
                    columns.add(k)
                    new = set(of_observation[k]) - rows
                    rows |= new
                    waiting += sorted(new)
        done |= rows
        groups.append((sorted(rows, key=rank.__getitem__), sorted(columns, key=place.__getitem__)))
    return groups


def _assigned(
    costs: Mapping[tuple[int, int], float], rows: Sequence[int], columns: Sequence[int]
) -> list[tuple[int, int]]:
    """Return the cheapest one-to-one assignment; ties: the earlier operation, then its name."""
    from scipy.optimize import linear_sum_assignment

    table = np.full((len(rows), len(columns)), _FORBIDDEN)
    for i, n in enumerate(rows):
        for j, k in enumerate(columns):
            if (n, k) in costs:
                table[i, j] = costs[n, k] + _TIE_OPERATION * i + _TIE_ORDER * (i - j) ** 2
    first, second = linear_sum_assignment(table)
    chosen = zip(first.tolist(), second.tolist(), strict=True)
    return [(rows[i], columns[j]) for i, j in chosen if table[i, j] < _FORBIDDEN]


def _state(
    operation: Operation, seen: Sequence[Observation], blind: Sequence[Blind], sensor: Sensor
) -> State:
    """Return what one sensor says of an operation."""
    covered = _covered(operation, blind, sensor)
    if not seen:
        return State.DECLARED_NOT_SEEN if covered else State.DECLARED_NO_COVERAGE
    if operation.count is not None and len(seen) != operation.count:
        if len(seen) < operation.count and not covered:
            return State.DECLARED_NO_COVERAGE
        return State.COUNT_MISMATCH
    if any(o.from_s <= operation.to_s and o.to_s >= operation.from_s for o in seen):
        return State.CONFIRMED
    early = any(o.to_s < operation.from_s for o in seen)
    late = any(o.from_s > operation.to_s for o in seen)
    if early and late and not sensor.interval_s:  # a log: opened before it, closed after it
        return State.CONFIRMED
    if early:
        return State.CONFIRMED_EARLY
    return State.CONFIRMED_LATE


def _covered(operation: Operation, blind: Sequence[Blind], sensor: Sensor) -> bool:
    """Whether no blind time inside the window is longer than the operation can hide in."""
    least = operation.min_visible_s
    if least is None:
        least = sensor.interval_s + sensor.tolerance_s
    begin, end = operation.from_s - sensor.margin_s, operation.to_s + sensor.margin_s
    return all(min(gap.to_s, end) - max(gap.from_s, begin) <= least for gap in blind)


def _disordered(
    declared: Sequence[Operation],
    order: Sequence[int],
    observations: Sequence[Observation],
    supports: Mapping[str, Mapping[int, Sequence[int]]],
) -> set[int]:
    """Return the operations that were seen before a step that comes before them."""
    steps: dict[str, list[tuple[int, int, float]]] = defaultdict(list)
    for n in order:
        starts = [observations[k].from_s for by in supports.values() for k in by.get(n, ())]
        if declared[n].process and starts:
            steps[declared[n].process].append((declared[n].step, n, min(starts)))
    found: set[int] = set()
    for run in steps.values():
        for step, n, start in run:
            if any(other < step and begin > start for other, _, begin in run):
                found.add(n)
    return found
