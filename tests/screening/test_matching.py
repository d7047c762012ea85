"""Declared operations and observations: the worked example of section 3.6, and each outcome."""

from __future__ import annotations

import itertools

import pytest

from keiryo.screening.matching import (
    Blind,
    Matched,
    Observation,
    Operation,
    Sensor,
    State,
    match,
)

CAMERA = Sensor("A", 300, 10, 10)
SEAL = Sensor("S", 0, 0, 10)
DECLARED = [
    Operation("D1", 1000, 1600, ("A", "S")),
    Operation("D2", 5000, 5400, ("A",)),
    Operation("D3", 9000, 9300, ("A",)),
]
SEEN = [
    Observation(1200, 1500, "A"),
    Observation(5600, 5600, "A"),
    Observation(7000, 7300, "A"),
    Observation(990, 990, "S"),
    Observation(1610, 1610, "S"),
]


def states(*arguments: object, **named: object) -> list[str]:
    told = match(*arguments, **named)  # type: ignore[arg-type]
    return [one.state.value for one in told.operations]


def test_the_worked_example() -> None:
    assert (CAMERA.margin_s, SEAL.margin_s) == (310, 10)
    told = match(DECLARED, SEEN, [Blind(8800, 9800, "A")], sensors=[CAMERA, SEAL])
    d1, d2, d3 = told.operations
    assert d1.state is State.CONFIRMED
    assert d1.by_sensor == {"A": State.CONFIRMED, "S": State.CONFIRMED}
    assert d1.observations == (0, 3, 4)
    assert d2.state is State.CONFIRMED_LATE
    assert d3.state is State.DECLARED_NO_COVERAGE
    assert told.undeclared == (2,)


def test_the_opening_of_the_seal_as_one_observation() -> None:
    seen = [*SEEN[:3], Observation(990, 1610, "S")]
    told = match(DECLARED, seen, [Blind(8800, 9800, "A")], sensors=[CAMERA, SEAL])
    assert [one.state for one in told.operations] == [
        State.CONFIRMED,
        State.CONFIRMED_LATE,
        State.DECLARED_NO_COVERAGE,
    ]
    assert set(told.operations[0].by_sensor.values()) == {State.CONFIRMED}


def test_only_a_continuous_sensor_brackets() -> None:
    around = [Observation(990, 990), Observation(1610, 1610)]
    operation = [Operation("x", 1000, 1600)]
    assert states(operation, around, sensors=[Sensor(clock_s=10)]) == ["CONFIRMED"]
    assert states(operation, around, sensors=[Sensor(interval_s=10)]) == ["CONFIRMED_EARLY"]


def test_a_short_gap_hides_nothing() -> None:
    window = (9000 - 310, 9300 + 310)
    assert 1 - 100 / (window[1] - window[0]) == pytest.approx(0.8913043478260869, abs=1e-15)
    told = states(DECLARED[2:], [], [Blind(8800, 8900, "A")], sensors=[CAMERA])
    assert told == ["DECLARED_NOT_SEEN"]
    short = [Operation("D3", 9000, 9300, ("A",), min_visible_s=60)]
    assert states(short, [], [Blind(8800, 8900, "A")], sensors=[CAMERA]) == ["DECLARED_NO_COVERAGE"]


@pytest.mark.parametrize(
    ("begin", "end", "state"),
    [
        (100, 200, "CONFIRMED"),
        (0, 100, "CONFIRMED"),
        (200, 300, "CONFIRMED"),
        (80, 99, "CONFIRMED_EARLY"),
        (201, 230, "CONFIRMED_LATE"),
        (70, 90, "CONFIRMED_EARLY"),
        (70, 89, "DECLARED_NOT_SEEN"),
        (210, 210, "CONFIRMED_LATE"),
        (211, 220, "DECLARED_NOT_SEEN"),
    ],
)
def test_where_it_was_seen(begin: float, end: float, state: str) -> None:
    sensor = Sensor(interval_s=10)
    assert states([Operation("x", 100, 200)], [Observation(begin, end)], sensors=[sensor]) == [
        state
    ]


def test_the_worst_sensor_decides() -> None:
    both = [Operation("x", 0, 10, ("A", "S"))]
    told = match(both, [Observation(5, 6, "A")], sensors=[CAMERA, SEAL])
    assert told.operations[0].state is State.DECLARED_NOT_SEEN
    assert told.operations[0].by_sensor == {
        "A": State.CONFIRMED,
        "S": State.DECLARED_NOT_SEEN,
    }
    told = match(both, [Observation(5, 6, "A")], [Blind(-50, 50, "S")], sensors=[CAMERA, SEAL])
    assert told.operations[0].state is State.DECLARED_NO_COVERAGE


def test_a_sensor_that_is_not_known_covers_nothing() -> None:
    assert states([Operation("x", 0, 10, ("B",))], [], sensors=[CAMERA]) == ["DECLARED_NO_COVERAGE"]
    assert states([Operation("x", 0, 10, ())], [], sensors=[CAMERA]) == ["DECLARED_NO_COVERAGE"]


def test_one_observation_supports_one_operation() -> None:
    declared = [Operation("late", 100, 110), Operation("early", 100, 110)]
    told = match(declared, [Observation(105, 106)], sensors=[Sensor(interval_s=10)])
    assert [one.state.value for one in told.operations] == ["DECLARED_NOT_SEEN", "CONFIRMED"]
    shared = [Operation(o.name, o.from_s, o.to_s, capacity=2) for o in declared]
    assert states(shared, [Observation(105, 106)], sensors=[Sensor(interval_s=10)]) == [
        "CONFIRMED",
        "CONFIRMED",
    ]
    three = [*shared, Operation("third", 100, 110, capacity=2)]
    assert (
        states(three, [Observation(105, 106)], sensors=[Sensor(interval_s=10)]).count("CONFIRMED")
        == 2
    )


def test_as_many_as_possible_are_matched() -> None:
    """The nearest pair first would leave the second operation without its only observation."""
    declared = [Operation("a", 0, 10), Operation("b", 30, 40)]
    seen = [Observation(20, 21), Observation(-9, -8)]
    told = match(declared, seen, sensors=[Sensor(interval_s=10)])
    assert [one.observations for one in told.operations] == [(1,), (0,)]
    assert [one.state.value for one in told.operations] == ["CONFIRMED_EARLY", "CONFIRMED_EARLY"]


def test_several_observations_support_one_operation() -> None:
    told = match([Operation("a", 0, 100)], [Observation(n, n + 1) for n in (5, 50, 300)])
    assert told.operations[0].observations == (0, 1)
    assert told.undeclared == (2,)


def test_a_count() -> None:
    two = [Operation("a", 0, 100, count=2)]
    assert states(two, [Observation(5, 6)]) == ["COUNT_MISMATCH"]
    assert states(two, [Observation(5, 6), Observation(8, 9)]) == ["CONFIRMED"]
    assert states(two, [Observation(n, n) for n in (1, 2, 3)]) == ["COUNT_MISMATCH"]
    assert states(two, [Observation(5, 6)], [Blind(20, 90)]) == ["DECLARED_NO_COVERAGE"]
    assert states(two, []) == ["DECLARED_NOT_SEEN"]


def test_an_order() -> None:
    apart = [
        Operation("lift", 0, 20, process="cask", step=2),
        Operation("arrive", 40, 60, process="cask", step=1),
    ]
    assert states(apart, [Observation(10, 11), Observation(50, 51)]) == [
        "ORDER_VIOLATION",
        "CONFIRMED",
    ]
    assert states(apart[::-1], [Observation(50, 51)]) == ["CONFIRMED", "DECLARED_NOT_SEEN"]


def test_kind_and_direction() -> None:
    declared = [Operation("a", 0, 10, kind="state-change", direction="in")]
    out = Observation(5, 6, kind="state-change", direction="out")
    assert states(declared, [out]) == ["DECLARED_NOT_SEEN"]
    assert states(declared, [out], mismatch_s=5) == ["CONFIRMED"]
    assert states(declared, [Observation(5, 6, kind="state-change")]) == ["CONFIRMED"]


def test_what_is_out_of_sight_is_not_covered() -> None:
    nothing = [Operation("a", 50, 60)]
    everything = Blind(float("-inf"), float("inf"))
    assert states(nothing, [], [everything]) == ["DECLARED_NO_COVERAGE"]
    assert states(nothing, [], [Blind(0, 50)]) == ["DECLARED_NOT_SEEN"]


def test_ties_do_not_hang_on_the_order_of_input() -> None:
    declared = [Operation(name, 0, 100) for name in "abc"]
    seen = [Observation(10, 20), Observation(30, 40)]

    def told(order: tuple[Operation, ...]) -> dict[str, tuple[int, ...]]:
        found: tuple[Matched, ...] = match(order, seen).operations
        return {one.operation.name: one.observations for one in found}

    answers = [told(order) for order in itertools.permutations(declared)]
    assert all(answer == {"a": (0,), "b": (1,), "c": ()} for answer in answers)


def test_many_operations() -> None:
    declared = [Operation(f"{n:04d}", 100.0 * n, 100.0 * n + 50) for n in range(3000)]
    seen = [Observation(100.0 * n + 20, 100.0 * n + 30) for n in range(3000)]
    told = match(declared, seen, sensors=[Sensor(interval_s=40)])
    assert all(one.state is State.CONFIRMED for one in told.operations)
    assert not told.undeclared
