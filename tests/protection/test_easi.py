"""EASI against the textbook case, computed vectors, closed forms and what holds for all paths."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keiryo.protection.easi import NO_TASK, cumulative_detection, p_interruption_of_many, path_value
from keiryo.protection.effectiveness import conditional_risk, p_effectiveness
from keiryo.protection.sensitivity import sensitivity, tornado
from keiryo.protection.task import Response, Task
from keiryo.protection.uncertainty import BetaDistribution, MeanTime, UncertainInputs, draw
from protection.easi_cases import EX1, Row, number, response_of, tasks_of

ONE = Fraction(1)


def value(rows: list[Row], pc: object, tg: object, sg: object, mode: str = "A") -> float:
    found = path_value(tasks_of(rows), number(pc), response_of(tg, sg), mode)  # type: ignore[arg-type]
    return found.p_interruption


def changed(rows: list[Row], at: int, row: Row) -> list[Row]:
    return [*rows[:at], row, *rows[at + 1 :]]


def test_textbook_case() -> None:
    found = path_value(tasks_of(EX1), number("0.95"), response_of(300, 90))
    assert found.p_interruption == pytest.approx(0.4760407299690303, rel=1e-12)
    assert (found.cdp, found.p_interruption_deterministic) == (2, pytest.approx(0.9))
    assert [float(s.remaining_mean_s) for s in found.steps] == [332, 322, 310, 220, 210, 120]
    assert [float(s.remaining_variance_s2) for s in found.steps] == [
        *(2784.96, 2775.96, 2763, 2034, 2025, 1296)
    ]
    z = (0.306716090279, 0.210954541762, 0.095945610417, -0.794693273443, -0.894427191)
    assert [s.z for s in found.steps] == pytest.approx([*z, -1.856953381771], abs=1e-12)
    r = (0.62047025927, 0.583538628263, 0.538218115113, 0.213395973066, 0.185546684761)
    assert [s.r for s in found.steps] == pytest.approx([*r, 0.031658893415], abs=1e-11)
    terms = [0, 0, 0.460176488422, 0, 0.015864241547, 0]
    assert [s.term for s in found.steps] == pytest.approx(terms, abs=1e-12)
    assert value(EX1, "0.95", 300, 90, "B") == pytest.approx(0.4831796386652232, rel=1e-12)


EX2A = changed(EX1, 0, ("0.9", "B", "10", "3"))
EX2B = changed(EX1, 4, ("0.9", "B", "180", "54"))


@pytest.mark.parametrize(
    ("rows", "response", "easi", "deterministic", "cdp"),
    [
        (EX2A, (300, 90), 0.5781061446726635, 0.99, 2),
        (EX2B, (300, 90), 0.7347146521035346, 0.9, 2),
        (EX1, (200, 60), 0.8305084310235926, 0.99, 4),
    ],
)
def test_variants_of_textbook_case(
    rows: list[Row], response: tuple[int, int], easi: float, deterministic: float, cdp: int
) -> None:
    found = path_value(tasks_of(rows), number("0.95"), response_of(*response))
    assert found.p_interruption == pytest.approx(easi, rel=1e-12)
    assert found.p_interruption_deterministic == pytest.approx(deterministic, rel=1e-14)
    assert found.cdp == cdp


@pytest.mark.parametrize(
    ("where", "mode", "expected"),
    [
        ("B", "A", 0.7374755454151409),
        ("B", "B", 0.7692995863898238),
        ("M", "A", 0.6839163147243117),
        ("M", "B", 0.7103844326299116),
        ("E", "A", 0.5992351356683130),
        ("E", "B", 0.6172351356683130),
    ],
)
def test_place_of_detection(where: str, mode: str, expected: float) -> None:
    rows = [("0.5", "M", 30, 9), ("0.8", where, 60, 18), ("0", "B", 120, 36)]
    assert value(rows, "0.9", 120, 30, mode) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("tg", "expected"), [("150", 0.5), ("100", 0.5), ("99.999", 0.9)])
def test_no_spread_and_tie(tg: str, expected: float) -> None:
    rows = [("0.5", "B", 100, 0), ("0.8", "B", 100, 0)]
    assert value(rows, 1, tg, 0) == pytest.approx(expected, rel=1e-15)


def test_decimal_tie_is_exact() -> None:
    tasks = tasks_of([("0.5", "B", "0.1", 0), ("0", "B", "0.2", 0)])
    response = response_of("0.3", 0)
    found = path_value(tasks, ONE, response)
    assert (found.p_interruption, found.cdp, found.p_interruption_deterministic) == (0, None, 0)
    assert found.steps[0].tie and found.steps[0].z is None
    assert p_interruption_of_many(tasks, np.array([[0, 1]]), ONE, response).tolist() == [0.0]
    slopes = sensitivity(found, ONE, response)
    assert slopes.response_mean_s is None
    assert [one.delay_mean_s for one in slopes.steps] == [None, None]


@pytest.mark.parametrize(
    ("response", "rho", "expected"),
    [
        ((300, 90), "0.5", 0.4732914409184675),
        ((300, 90), "1", 0.4714708958973293),
        ((200, 60), "0.5", 0.7932812715387609),
        ((200, 60), "1", 0.7647457803803323),
    ],
)
def test_correlated_delays(response: tuple[int, int], rho: str, expected: float) -> None:
    found = path_value(
        tasks_of(EX1), number("0.95"), response_of(*response), correlation=number(rho)
    )
    assert found.p_interruption == pytest.approx(expected, rel=1e-12)


def test_sensitivities_of_textbook_case() -> None:
    response = response_of(300, 90)
    found = sensitivity(
        path_value(tasks_of(EX1), number("0.95"), response), number("0.95"), response
    )
    by_detection = (0.113406016, 0.078320967, 0.352664794, 0.004408376, 0.017626935, 0.000300759)
    by_delay = (0, 0, 0.003257634, 0.003257634, 0.003484862, 0.003484862)
    assert [one.p_detection for one in found.steps] == pytest.approx(by_detection, abs=1e-9)
    assert [one.delay_mean_s for one in found.steps] == pytest.approx(by_delay, abs=1e-9)
    assert found.response_mean_s == pytest.approx(-0.003484862, abs=1e-9)
    assert found.communication == pytest.approx(0.501095505, abs=1e-9)


def test_step_in_one_term_only() -> None:
    tasks = tasks_of([("0.5", "B", 100, 0), ("0.8", "B", 100, 0)])
    response = response_of(100, 0)
    found = sensitivity(path_value(tasks, ONE, response), ONE, response)
    assert [one.delay_mean_s for one in found.steps] == [0.0, None]
    assert found.response_mean_s is None


@pytest.mark.parametrize(
    ("rows", "values", "expected"),
    [
        ("detection", ("0.2", "0.5", "0.8"), (0.8435819984, 0.7589549960, 0.6743279936)),
        ("communication", ("0.8", "1"), (0.6543279936, 0.6179099920)),
        ("delay", ("50", "100"), (0.8999999869, 0.8999990544)),
    ],
)
def test_tempting_laws_do_not_hold(
    rows: str, values: tuple[str, ...], expected: tuple[float, ...]
) -> None:
    found = []
    for one in values:
        if rows == "detection":
            path: list[Row] = [(one, "B", 10, 200), ("0.9", "B", 150, 1)]
            found.append(value(path, 1, 100, 0))
        elif rows == "communication":
            path = [("1", "B", 10, 200), ("1", "B", 150, 1)]
            found.append(value(path, one, 100, 0, "B"))
        else:
            path = [("0.9", "B", one, number(one) * 3 / 10), ("0", "B", 150, 0)]
            found.append(value(path, 1, 100, 10))
    assert found == pytest.approx(expected, abs=1e-10)


def test_tornado_keeps_signs_and_is_sorted() -> None:
    tasks = tasks_of([("0.5", "B", 10, 200), ("0.9", "B", 150, 1)])
    found = tornado(tasks, ONE, response_of(100, 0))
    sizes = [max(abs(one.change_low), abs(one.change_high)) for one in found]
    assert sizes == sorted(sizes, reverse=True) and len(found) == 9
    swing = next(one for one in found if (one.input, one.step) == ("p_detection", 0))
    assert swing.change_low > 0 > swing.change_high  # more detection lowers this one
    chance = next(one for one in found if one.input == "communication")
    assert (chance.high, chance.change_high) == (1.0, 0.0)  # clipped


def test_effectiveness_and_risk() -> None:
    found = p_effectiveness(0.4760407299690303, 0.85)
    assert found == pytest.approx(0.4046346204736758, rel=1e-12)
    assert conditional_risk(found) == pytest.approx(0.5953653795263243, rel=1e-12)


# --- uncertainty ---------------------------------------------------------------------------------


def test_uncertain_detection_has_the_mean_of_easi() -> None:
    inputs = UncertainInputs({2: BetaDistribution(9, 1), 4: BetaDistribution(9, 1)})
    task = tasks_of(EX1)
    found = draw(task, number("0.95"), response_of(300, 90), "A", inputs, draws=100_000, seed=11)
    error = 0.0319720963296915 / 100_000**0.5
    assert found.mean == pytest.approx(0.4760407299690303, abs=5 * error)
    assert found.sd == pytest.approx(0.0319720963296915, rel=0.03)
    points = (0.411347844, 0.485200772, 0.509306773)
    assert (found.p05, found.median, found.p95) == pytest.approx(points, abs=1.5e-3)
    again = draw(task, number("0.95"), response_of(300, 90), "A", inputs, draws=100_000, seed=11)
    assert again == found and found.to_dict()["generator"] == "numpy PCG64"


@pytest.mark.parametrize("shape", ["log_normal", "truncated_normal"])
def test_uncertain_means(shape: str) -> None:
    mean_time = MeanTime(10.0, shape)  # type: ignore[arg-type]
    inputs = UncertainInputs(delay={4: mean_time}, response=mean_time)
    found = draw(tasks_of(EX1), number("0.95"), response_of(300, 90), "B", inputs, draws=5000)
    assert found.mean == pytest.approx(0.483, abs=0.01)
    assert found.p05 < found.median < found.p95
    certain = draw(
        tasks_of(EX1), number("0.95"), response_of(300, 90), "B", UncertainInputs(), draws=100
    )
    assert certain.p05 == certain.p95 == pytest.approx(0.4831796386652232, rel=1e-12)


def test_whole_delays_drawn_without_spread_in_easi_average_to_easi() -> None:
    random = np.random.default_rng(5)
    rows = 200_000
    times = random.normal([float(t) for _, _, t, _ in EX1], [float(s) for *_, s in EX1], (rows, 6))
    margin = times[:, ::-1].cumsum(axis=1)[:, ::-1] - random.normal(300, 90, rows)[:, None]
    left = np.zeros(rows)
    for n in range(5, -1, -1):
        p = float(EX1[n][0])
        left = p * 0.95 * (margin[:, n] > 0) + (1 - p) * left
    assert left.mean() == pytest.approx(0.4760407299690303, abs=5 * left.std() / rows**0.5)


# --- what holds for every path -------------------------------------------------------------------

CHANCES = st.integers(0, 20).map(lambda n: Fraction(n, 20))
TIMES = st.integers(0, 400).map(lambda n: Fraction(n, 2))
SPREADS = st.one_of(st.just(Fraction(0)), st.integers(1, 60).map(Fraction))
TASKS = st.builds(Task, CHANCES, st.sampled_from("BME"), TIMES, SPREADS)
PATHS = st.lists(TASKS, min_size=1, max_size=6)
RESPONSES = st.builds(Response, TIMES.map(lambda t: t + Fraction(1, 2)), SPREADS)
SLACK = 1e-12


@settings(max_examples=60, deadline=None)
@given(PATHS, CHANCES, RESPONSES)
def test_bounds_and_modes(tasks: list[Task], chance: Fraction, response: Response) -> None:
    a = path_value(tasks, chance, response, "A").p_interruption
    b = path_value(tasks, chance, response, "B").p_interruption
    assert -SLACK <= a <= float(chance) * cumulative_detection(tasks) + SLACK
    missed = 1.0
    for task in tasks:
        missed *= 1 - float(chance * task.p_detection)
    assert b <= 1 - missed + SLACK and b >= a - SLACK
    route = np.array([[*range(len(tasks)), NO_TASK]])
    for mode, one in (("A", a), ("B", b)):
        many = p_interruption_of_many(tasks, route, chance, response, mode)  # type: ignore[arg-type]
        assert many[0] == pytest.approx(one, abs=1e-13)
    at_one = path_value(tasks, ONE, response, "A").p_interruption
    assert a == pytest.approx(float(chance) * at_one, abs=SLACK)  # mode A is linear in it
    assert path_value(tasks, ONE, response, "B").p_interruption == pytest.approx(at_one, abs=SLACK)


@settings(max_examples=60, deadline=None)
@given(PATHS, CHANCES, RESPONSES, st.sampled_from("AB"), st.data())
def test_time_has_a_direction(
    tasks: list[Task], chance: Fraction, response: Response, mode: str, data: st.DataObject
) -> None:
    def at(path: list[Task], force: Response) -> float:
        return path_value(path, chance, force, mode).p_interruption  # type: ignore[arg-type]

    base, more = at(tasks, response), data.draw(TIMES)
    slower = Response(response.mean_s + more, response.sd_s)
    assert at(tasks, slower) <= base + SLACK
    n = data.draw(st.integers(0, len(tasks) - 1))
    one = tasks[n]
    longer = Task(one.p_detection, one.where, one.mean_s + more, one.sd_s)
    assert at([*tasks[:n], longer, *tasks[n + 1 :]], response) >= base - SLACK
    nothing = Task(Fraction(0), "E", Fraction(0), Fraction(0))
    assert at([*tasks[:n], nothing, *tasks[n:]], response) == pytest.approx(base, abs=SLACK)
    whole = Task(Fraction(0), "M", one.mean_s, Fraction(5))
    parts = [
        Task(Fraction(0), "B", one.mean_s / 3, Fraction(3)),
        Task(Fraction(0), "B", one.mean_s * 2 / 3, Fraction(4)),
    ]
    joined, split = [*tasks[:n], whole, *tasks[n:]], [*tasks[:n], *parts, *tasks[n:]]
    assert at(joined, response) == pytest.approx(at(split, response), abs=SLACK)


@settings(max_examples=40, deadline=None)
@given(PATHS, st.integers(1, 19), st.integers(1, 60), st.sampled_from("AB"))
def test_derivatives_are_differences(tasks: list[Task], chance: int, sd: int, mode: str) -> None:
    response, reached = Response(Fraction(100), Fraction(sd)), Fraction(chance, 20)
    step = Fraction(1, 10_000)

    def at(path: list[Task], pc: Fraction = reached, force: Response = response) -> float:
        return path_value(path, pc, force, mode).p_interruption  # type: ignore[arg-type]

    found = sensitivity(path_value(tasks, reached, response, mode), reached, response)  # type: ignore[arg-type]
    slope = (at(tasks, reached + step) - at(tasks, reached - step)) / float(2 * step)
    assert found.communication == pytest.approx(slope, abs=1e-6)
    later, sooner = (Response(response.mean_s + s, response.sd_s) for s in (step, -step))
    slope = (at(tasks, force=later) - at(tasks, force=sooner)) / float(2 * step)
    assert found.response_mean_s == pytest.approx(slope, abs=1e-6)
    for n, task in enumerate(tasks):
        ends = []
        for sign in (1, -1):
            t = Task(task.p_detection, task.where, task.mean_s + sign * step, task.sd_s)
            ends.append(at([*tasks[:n], t, *tasks[n + 1 :]]))
        assert found.steps[n].delay_mean_s == pytest.approx(
            (ends[0] - ends[1]) / float(2 * step), abs=1e-6
        )
        always, never = (
            at([*tasks[:n], Task(p, task.where, task.mean_s, task.sd_s), *tasks[n + 1 :]])
            for p in (Fraction(1), Fraction(0))
        )
        assert found.steps[n].p_detection == pytest.approx(always - never, abs=1e-11)  # linear


def test_long_decimals_stay_exact_in_many_paths() -> None:
    long = "0." + "1" * 60
    tasks = tasks_of([("0.5", "B", long, 0), ("0.5", "E", long, 0), ("0.5", "M", long, "0.01")])
    response = Response(number(long), Fraction(0))
    paths = np.array([[0, NO_TASK, NO_TASK], [0, 1, NO_TASK], [0, 1, 2]])
    found = p_interruption_of_many(tasks, paths, ONE, response)
    singly = [
        path_value([tasks[n] for n in row if n >= 0], ONE, response).p_interruption for row in paths
    ]
    assert found.tolist() == pytest.approx(singly, abs=1e-15) and found[0] == 0.0


def test_tornado_of_long_path_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    given_path = (tasks_of(EX1), number("0.95"), response_of(300, 90))
    whole = tornado(*given_path)
    monkeypatch.setattr("keiryo.protection.sensitivity._CELLS_AT_ONCE", 24)
    assert tornado(*given_path) == whole


def test_derivatives_that_are_small_differences() -> None:
    # Both answers are nearly in time for certain: R_1 - R_2 is far below the rounding of either.
    rows: list[Row] = [("0.5", "B", 10, 0), ("1", "B", 200, 10)]
    response = response_of(100, 0)
    found = sensitivity(path_value(tasks_of(rows), ONE, response), ONE, response)
    assert found.steps[0].p_detection == pytest.approx(7.6196619582030762e-24, rel=1e-10)


def test_draws_of_detection_alone_keep_a_tie_in_decimals() -> None:
    tasks = tasks_of([("0.5", "B", "0.1", 0), ("0", "B", "0.2", 0)])
    inputs = UncertainInputs({0: BetaDistribution(9, 1)}, {}, None)
    assert draw(tasks, ONE, response_of("0.3", 0), "A", inputs, draws=10).mean == 0
