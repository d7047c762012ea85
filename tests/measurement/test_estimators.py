"""Estimates from arrays: published numbers, and simulated measurements that give back their errors.

The numbers are worked examples of the variance analysis of repeated differences and of the Grubbs
split of two instruments, to be met to nine digits.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keiryo.measurement.control_charts import control_chart, outlier
from keiryo.measurement.estimation import (
    TooFewError,
    bias_of_standards,
    grouped,
    one_way,
    repeatability,
    variance_interval,
)
from keiryo.measurement.pairs import paired_differences, two_instruments
from keiryo.measurement.quoted import one_sigma

GROUPS = (
    (0.004, 0.001, -0.002, 0.003),
    (-0.005, -0.001, -0.003, -0.006),
    (0.002, 0.005, 0.001, 0.0),
)
OPERATOR = (10.02, 9.97, 10.10, 9.88, 10.05, 9.93, 10.01, 10.08)
INSPECTOR = (10.10, 9.90, 10.25, 9.80, 10.02, 10.00, 9.91, 10.20)


def near(value: float) -> object:
    return pytest.approx(value, rel=1e-9, abs=0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mean_square_within", 5.527777777777778e-06),
        ("mean_square_between", 4.058333333333334e-05),
        ("random_sd", 0.0023511226632776474),
        ("systematic_sd", 0.0029603866113886023),
        ("random_variance", 5.527777777777778e-06),
        ("effective_size", 4.0),
    ],
)
def test_one_way_worked_example(name: str, value: float) -> None:
    assert getattr(one_way(GROUPS), name) == near(value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("variance_first", 0.0056285714285713995),
        ("variance_second", 0.023849999999999896),
        ("covariance", 0.009885714285714213),
        ("first", -0.0042571428571428135),
        ("second", 0.013964285714285683),
    ],
)
def test_two_instruments_worked_example(name: str, value: float) -> None:
    found = two_instruments(OPERATOR, INSPECTOR)
    assert getattr(found, name) == near(value)
    assert not found.first_estimable and found.second_estimable
    assert found.constrained_first == 0
    # Where the operator is taken as free of error, the differences are the inspector's errors.
    assert found.constrained_second == near(np.var(np.subtract(OPERATOR, INSPECTOR), ddof=1))


def test_variance_interval_against_tables() -> None:
    # Chi-square quantiles of 10 degrees as tables print them: 3.247 and 20.483.
    low, high = variance_interval(1.0, 10)
    assert low == pytest.approx(10 / 20.483, rel=1e-4)
    assert high == pytest.approx(10 / 3.247, rel=1e-4)


def test_unbalanced_groups_have_their_own_n0() -> None:
    # Sizes 4, 2, 3: n0 = (9 − 29/9)/2 = 26/9.
    found = one_way([(1.0, 2.0, 3.0, 2.0), (5.0, 7.0), (2.0, 2.0, 5.0)])
    assert found.effective_size == near(26 / 9)
    assert found.mean_square_within == near((2 + 2 + 6) / 6)
    between = (4 * (2 - 29 / 9) ** 2 + 2 * (6 - 29 / 9) ** 2 + 3 * (3 - 29 / 9) ** 2) / 2
    assert found.mean_square_between == near(between)
    assert found.systematic_variance == near((between - 10 / 6) / (26 / 9))


def test_negative_systematic_variance_is_clipped_and_said() -> None:
    found = one_way([(1.0, -1.0), (1.0, -1.0)])
    assert found.clipped and found.systematic_variance == 0 and found.systematic_raw == -1.0
    assert found.systematic_interval[0] == 0


@settings(max_examples=8)
@given(st.integers(0, 2**32), st.floats(0.0005, 0.01), st.floats(0.0, 0.01))
def test_simulated_sessions_give_back_their_errors(seed: int, random: float, long: float) -> None:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(3, 9, 400)
    groups = [rng.normal(0, long) + rng.normal(0, random, n) for n in sizes]
    found = one_way(groups)
    assert found.random_sd == pytest.approx(random, rel=0.12)
    spread = 6 * found.mean_square_between * math.sqrt(2 / 399) / found.effective_size
    assert found.systematic_raw == pytest.approx(long**2, abs=spread)


@settings(max_examples=8)
@given(st.integers(0, 2**32), st.floats(0.001, 0.01), st.floats(0.001, 0.01))
def test_simulated_pairs_give_back_both_instruments(seed: int, one: float, two: float) -> None:
    rng = np.random.default_rng(seed)
    true = rng.uniform(5, 20, 20_000)  # items of very different sizes: the errors are relative
    first = true * (1 + one * rng.standard_normal(true.size))
    second = true * (1 + two * rng.standard_normal(true.size))
    found = two_instruments(first, second, relative=True)
    worst = 6 * (one + two) * 0.4 / math.sqrt(true.size)
    assert found.first == pytest.approx(one**2, abs=worst)
    assert found.second == pytest.approx(two**2, abs=worst)
    assert found.difference_variance == pytest.approx(one**2 + two**2, rel=0.1)


def test_intervals_hold_what_they_promise() -> None:
    rng = np.random.default_rng(7)
    held = {"random": 0, "systematic": 0}
    for _ in range(400):
        found = one_way(rng.normal(0, 2, (6, 1)) + rng.normal(0, 1, (6, 5)))
        held["random"] += found.random_interval[0] <= 1 <= found.random_interval[1]
        held["systematic"] += found.systematic_interval[0] <= 4 <= found.systematic_interval[1]
    assert 365 <= held["random"] <= 395 and 360 <= held["systematic"] <= 396


@given(st.lists(st.lists(st.floats(-1, 1), min_size=2, max_size=5), min_size=2, max_size=5))
def test_no_variance_is_negative_and_order_does_not_count(groups: list[list[float]]) -> None:
    found, turned = one_way(groups), one_way(groups[::-1])
    assert found.random_variance >= 0 and found.systematic_variance >= 0
    assert found.mean_square_within == pytest.approx(turned.mean_square_within, abs=1e-12)
    assert found.mean_square_between == pytest.approx(turned.mean_square_between, abs=1e-12)
    assert repeatability(groups).variance == pytest.approx(found.random_variance, abs=1e-15)


@given(
    st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9)), min_size=3, max_size=20),
)
def test_constrained_estimates_are_never_negative(pairs: list[tuple[float, float]]) -> None:
    found = two_instruments([p[0] for p in pairs], [p[1] for p in pairs])
    parts = (found.constrained_first, found.constrained_second, found.constrained_items)
    assert min(parts) >= 0
    if min(found.first, found.second, found.items) > 0:
        assert parts == (found.first, found.second, found.items)


def test_items_taken_as_equal_where_the_covariance_is_negative() -> None:
    found = two_instruments([1.0, 2.0, 3.0], [3.0, 2.0, 1.0])
    assert (found.constrained_items, found.constrained_first) == (0, found.variance_first)
    second = two_instruments(INSPECTOR, OPERATOR)
    assert not second.second_estimable and second.constrained_second == 0


def test_pairs_are_grouped_by_session() -> None:
    groups = paired_differences([10, 20, 10], [9, 22, 10], ["a", "b", "a"])
    assert [g.tolist() for g in groups] == [[0.1, 0.0], [-0.1]]
    absolute = paired_differences([10, 20], [9, 22], ["a", "a"], relative=False)
    assert absolute[0].tolist() == [1.0, -2.0]
    with pytest.raises(ValueError, match="not zero"):
        paired_differences([0.0], [1.0], ["a"])
    with pytest.raises(ValueError, match="length"):
        paired_differences([1.0], [1.0, 2.0], ["a"])


def test_known_bias_is_corrected_and_its_uncertainty_stays() -> None:
    measured = [10.02, 10.03, 10.01, 10.03, 10.02, 10.04]
    found = bias_of_standards(measured, [10.0] * 6, [1] * 6, standard_sd=0.0003)
    sd = np.std(measured, ddof=1) / 10
    assert found.bias == near(0.0025)
    assert found.bias_sd == near(sd / math.sqrt(6))
    assert found.correction_sd == near(math.hypot(sd / math.sqrt(6), 0.0003))
    assert found.significant and found.factor == near(1 / 1.0025) and found.offset is None
    absolute = bias_of_standards(measured, [10.0] * 6, [1] * 6, relative=False)
    assert absolute.offset == near(-0.025) and absolute.factor is None


def test_bias_that_may_be_chance_is_not_corrected() -> None:
    found = bias_of_standards([9.9, 10.2], [10.0, 10.0], [1, 1])
    assert not found.significant and found.factor is None and found.correction_sd > 0


def test_bias_of_sessions_does_not_shrink_with_repetitions() -> None:
    rng = np.random.default_rng(3)
    sessions = np.repeat(np.arange(5), 200)
    measured = 10 * (1 + np.repeat(rng.normal(0, 0.01, 5), 200) + rng.normal(0, 1e-4, 1000))
    found = bias_of_standards(measured, np.full(1000, 10.0), sessions)
    assert found.components is not None and found.degrees == 4
    assert found.bias_sd == pytest.approx(found.components.systematic_sd / math.sqrt(5), rel=0.01)


@pytest.mark.parametrize(
    "ask",
    [
        lambda: one_way([(1.0, 2.0)]),
        lambda: one_way([(1.0,), (2.0,)]),
        lambda: repeatability([(1.0,), (2.0,)]),
        lambda: two_instruments([1.0, 2.0], [1.0, 2.0]),
        lambda: bias_of_standards([1.0], [1.0], ["a"]),
        lambda: control_chart([1.0]),
    ],
)
def test_too_few_measurements_are_said(ask: object) -> None:
    with pytest.raises(TooFewError, match="at least"):
        ask()  # type: ignore[operator]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_values_that_are_no_numbers_are_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        one_way([(1.0, bad), (1.0, 2.0)])
    with pytest.raises(ValueError, match="finite"):
        two_instruments([1.0, bad, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="level"):
        variance_interval(1.0, 0)


@pytest.mark.parametrize(
    ("quoted_as", "value"),
    [("u", 0.1), ("95/1.96", 0.1 / 1.96), ("95/2", 0.05), ("rectangular", 0.1 / math.sqrt(3))],
)
def test_quoted_uncertainties(quoted_as: str, value: float) -> None:
    assert one_sigma(0.1, quoted_as) == near(value)


def test_95_per_cent_alone_does_not_say_enough() -> None:
    with pytest.raises(ValueError, match="by what to divide"):
        one_sigma(0.1, "95 %")


# --- state of control ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "rule", "index"),
    [
        ([0.5, -0.5, 3.1, 0], "3 sigma", 2),
        ([0.5, -0.5, 2.1, 0, 2.2, -1], "2 of 3 outside 2 sigma", 4),
        ([0.5, -0.1, -2.1, -2.3, 1], "2 of 3 outside 2 sigma", 3),
        ([-1, *[0.1] * 9], "same side", 9),
        ([-0.6, -0.4, -0.1, 0.1, 0.3, 0.5], "trend", 5),
        ([0.9, 0.6, 0.3, 0.1, -0.1, -0.3], "trend", 5),
    ],
)
def test_signals_of_a_control_chart(values: list[float], rule: str, index: int) -> None:
    found = control_chart(values, centre=0, sd=1)
    assert [(s.rule, s.index) for s in found.signals] == [(rule, index)]
    assert not found.in_control


@pytest.mark.parametrize(
    "values",
    [[2.5, 0, -1, 1], [2.1, -2.1, 0], [-1, *[0.1] * 8], [0.1, 0.2, 0.3, 0.4, 0.5], [1, 1, 1]],
)
def test_charts_in_control(values: list[float]) -> None:
    assert control_chart(values, centre=0, sd=1).in_control


def test_limits_come_from_moving_ranges() -> None:
    found = control_chart([1.0, 2.0, 1.0, 3.0])
    assert found.sd == near((4 / 3) * math.sqrt(math.pi) / 2) and found.sd_from == "moving range"
    assert control_chart([5.0, 5.0, 5.0]).in_control
    assert control_chart([2.5, 0, 0.1], centre=0, sd=1).outside_two == (0,)


def test_outlier_against_the_published_table() -> None:
    # Critical value of Grubbs for ten values, 5 % two-sided: 2.290.
    values = [9.9, 10.1, 10.0, 10.2, 9.8, 10.0, 10.1, 9.9, 10.0, 13.0]
    found = outlier(values)
    assert found is not None and found.outlying and found.index == 9
    assert found.critical == pytest.approx(2.290, abs=5e-4)
    clean = outlier(values[:9])
    assert clean is not None and not clean.outlying
    assert outlier([1.0, 1.0, 1.0]) is None and outlier([1.0, 2.0]) is None


def test_outliers_are_flagged_as_often_as_alpha_says() -> None:
    rng = np.random.default_rng(11)
    flagged = sum(outlier(rng.standard_normal(12)).outlying for _ in range(2000))  # type: ignore[union-attr]
    assert 70 <= flagged <= 130


def test_grouping_keeps_the_order_of_sessions() -> None:
    assert [g.tolist() for g in grouped([1, 2, 3], ["b", "a", "b"])] == [[1, 3], [2]]
