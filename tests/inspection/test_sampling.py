"""Attribute sampling: worked plans, exactness, laws, and agreement with a simulation."""

from __future__ import annotations

import math
import time
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keiryo.errors import UsageError
from keiryo.inspection.exact_numbers import ceiling
from keiryo.inspection.sampling import (
    attribute_plan,
    defects_needed,
    detectable_defects,
    detection,
    nondetection,
    nondetection_exact,
    plan_for_goal,
)


def close(value: float) -> object:
    return pytest.approx(value, rel=1e-9)


# Worked plans: N, x, M, P, d, usual formula, n, Jaech, n, exact n, Q(n), Q(n-1).
PLANS = [
    (300, 0.5, 8, 0.9, 16, 40.2107029919804, 41, 39.20543541718089, 40, 40,
     0.0950326796959688, 0.10123889551284841),
    (300, 0.5, 8, 0.5, 16, 12.719015790427889, 13, 12.401040395667193, 13, 13,
     0.4830731396988687, 0.5114892067399787),
    (300, 0.5, 8, 0.95, 16, 51.224916894744275, 52, 49.94429397237567, 50, 50,
     0.04977155480664681, 0.053160256410503606),
    (120, 2, 8, 0.9, 4, 52.51904097715811, 53, 51.86255296494363, 52, 52,
     0.0991390906645144, 0.10523995778233064),
    (50, 8, 8, 0.9, 1, 45, 45, 45, 45, 45, 0.1, 0.12),
    (1000, 0.25, 25, 0.8, 100, 15.965556636542422, 16, 15.175261583033572, 16, 16,
     0.18282080308388857, 0.20347852094647487),
    (40, 20, 75, 0.9, 4, 18.353218938141453, 19, 16.84985898017156, 17, 17,
     0.09689243899770215, 0.11627092679724259),
]  # fmt: skip


@pytest.mark.parametrize("case", PLANS, ids=lambda c: f"{c[0]} items, {c[3]}")
def test_worked_plans(case: tuple[float, ...]) -> None:
    items, item_kg, goal_kg, wanted, defects, formula, of_formula, jaech, of_jaech, size = case[:10]
    plan = plan_for_goal(int(items), item_kg, goal_kg, wanted)
    assert plan.defects == defects
    assert (plan.formula.value, plan.formula.sample_size) == (close(formula), of_formula)
    assert (plan.jaech.value, plan.jaech.sample_size) == (close(jaech), of_jaech)
    assert plan.sample_size == size
    assert plan.nondetection == close(case[10])
    assert plan.nondetection_one_fewer == close(case[11])
    assert plan.achieved == close(1 - case[10])
    assert plan.reached
    assert not plan.findings


def test_imperfect_method() -> None:
    plan = attribute_plan(300, 16, 0.9, per_item=0.9)
    assert plan.sample_size == 44
    assert plan.nondetection == close(0.09820861851103421)


def test_rounding_up_tolerates_rounding_errors() -> None:
    assert ceiling(45.000000000000007) == 45
    assert ceiling(45.0001) == 46
    assert defects_needed(0.3, 0.1) == 3  # 2.9999999999999996
    assert defects_needed(8, 0.5, 0.06) == 267


def test_whole_populations() -> None:
    assert defects_needed(8, 20) == 1  # x > M
    assert defects_needed(0, 20) == 1
    assert plan_for_goal(50, 20, -1, 0.9).findings[0].code == "GOAL-NOT-POSITIVE"
    above = attribute_plan(10, 20, 0.9)
    assert (above.sample_size, above.defects) == (1, 10)
    assert above.findings[0].code == "GOAL-ABOVE-STRATUM"
    certain = attribute_plan(100, 7, 1.0)
    assert (certain.sample_size, certain.achieved) == (94, 1.0)
    assert attribute_plan(1, 1, 0.9).sample_size == 1


def test_unreachable_detection_is_said() -> None:
    plan = attribute_plan(10, 2, 0.9, per_item=0.2)
    assert (plan.sample_size, plan.reached) == (10, False)
    assert plan.achieved == close(1 - 0.8**2)
    (finding,) = plan.findings
    assert finding.code == "DETECTION-UNREACHABLE"
    assert "0.36" in finding.message
    assert not attribute_plan(10, 10, 1.0, per_item=0.99).reached


@pytest.mark.parametrize("wanted", [0.0, 1.5, -0.1, math.nan, math.inf])
def test_probability_that_is_none(wanted: float) -> None:
    with pytest.raises(UsageError):
        attribute_plan(10, 2, wanted)
    with pytest.raises(UsageError):
        attribute_plan(10, 2, 0.9, per_item=wanted)


@pytest.mark.parametrize("numbers", [(0, 1), (-5, 1), (10, 0), (10, -1), (10**12, 5)])
def test_numbers_that_make_no_sense(numbers: tuple[int, int]) -> None:
    with pytest.raises(UsageError):
        attribute_plan(*numbers, 0.9)


@pytest.mark.parametrize("size", [(-1, 1.0, 1.0), (11, 1.0, 1.0)])
def test_samples_that_make_no_sense(size: tuple[int, float, float]) -> None:
    with pytest.raises(UsageError):
        nondetection(10, 2, size[0])
    with pytest.raises(UsageError):
        detectable_defects(10, size[0], 0.9)


@pytest.mark.parametrize(
    "weights", [(math.nan, 1, 1), (8, 0, 1), (8, -1, 1), (8, 1, 0), (8, 1, 1.1), (8, math.inf, 1)]
)
def test_weights_that_make_no_sense(weights: tuple[float, float, float]) -> None:
    with pytest.raises(UsageError):
        defects_needed(*weights)


populations = st.integers(1, 120).flatmap(
    lambda n: st.tuples(st.just(n), st.integers(1, n), st.integers(0, n))
)
chances = st.sampled_from([1.0, 0.999, 0.9, 0.5, 0.03, 1e-6])


@given(populations, chances)
@settings(max_examples=200, deadline=None)
def test_agrees_with_exact_fractions(numbers: tuple[int, int, int], per_item: float) -> None:
    exact = nondetection_exact(*numbers, per_item)
    assert nondetection(*numbers, per_item) == pytest.approx(float(exact), rel=1e-11, abs=1e-300)
    assert detection(*numbers, per_item) == pytest.approx(float(1 - exact), rel=1e-9, abs=1e-300)


@given(populations, chances, st.sampled_from([0.5, 0.9, 0.95, 0.99, 0.2]))
@settings(max_examples=150, deadline=None)
def test_the_smallest_sample(numbers: tuple[int, int, int], per_item: float, wanted: float) -> None:
    items, defects, _ = numbers
    plan = attribute_plan(items, defects, wanted, per_item=per_item)
    beta = 1 - Fraction(repr(wanted))
    if not plan.reached:
        assert nondetection_exact(items, defects, items, per_item) > beta
        return
    assert nondetection_exact(items, defects, plan.sample_size, per_item) <= beta
    assert nondetection_exact(items, defects, plan.sample_size - 1, per_item) > beta


@given(populations)
@settings(max_examples=100, deadline=None)
def test_a_limit_that_is_met_exactly(numbers: tuple[int, int, int]) -> None:
    """Where a wanted probability is exactly that of some sample, rounding must not add an item."""
    items, _, size = numbers
    tenth = items * 10
    plan = attribute_plan(tenth, 1, 0.1 * (size % 10) or 0.7)
    beta = 1 - Fraction(repr(0.1 * (size % 10) or 0.7))
    assert Fraction(tenth - plan.sample_size, tenth) <= beta
    assert Fraction(tenth - plan.sample_size + 1, tenth) > beta


@given(populations, chances)
@settings(max_examples=100, deadline=None)
def test_more_finds_more(numbers: tuple[int, int, int], per_item: float) -> None:
    items, defects, size = numbers
    q = nondetection(items, defects, size, per_item)
    slack = 1 + 1e-12
    if size < items:
        assert nondetection(items, defects, size + 1, per_item) <= q * slack
    if defects < items:
        assert nondetection(items, defects + 1, size, per_item) <= q * slack
    assert nondetection(items, defects, size, 1.0) <= q * slack
    assert nondetection(items, size, defects, per_item) == pytest.approx(q, rel=1e-11, abs=1e-300)


@given(populations, chances)
@settings(max_examples=100, deadline=None)
def test_detectable_defects_are_the_fewest(numbers: tuple[int, int, int], per_item: float) -> None:
    items, _, size = numbers
    fewest = detectable_defects(items, size, 0.9, per_item=per_item)
    limit = Fraction(1, 10)
    if fewest is None:
        assert nondetection_exact(items, items, size, per_item) > limit
        return
    assert nondetection_exact(items, fewest, size, per_item) <= limit
    assert nondetection_exact(items, fewest - 1, size, per_item) > limit


def test_exact_sample_lies_close_below_the_formula() -> None:
    for items, defects, wanted in [(500, 9, 0.9), (80, 5, 0.95), (2000, 60, 0.5), (3000, 2, 0.8)]:
        plan = attribute_plan(items, defects, wanted)
        assert 0 <= plan.formula.sample_size - plan.sample_size <= 3


def test_agrees_with_a_simulation() -> None:
    runs = 200_000
    random = np.random.default_rng(20)
    met = random.hypergeometric(16, 284, 44, size=runs)
    missed = (random.random(runs) < 0.1**met).mean()
    q = nondetection(300, 16, 44, 0.9)
    assert abs(missed - q) < 4 * math.sqrt(q * (1 - q) / runs)


@pytest.mark.parametrize(
    ("items", "defects", "per_item"),
    [(10**6, 10, 1.0), (10**6, 1000, 0.5), (10**7, 3000, 0.3), (10**7, 5_000_000, 1e-6),
     (10**7, 10**7, 0.5), (10**9, 1, 1.0)],
)  # fmt: skip
def test_large_populations_are_quick(items: int, defects: int, per_item: float) -> None:
    begun = time.perf_counter()
    plan = attribute_plan(items, defects, 0.95, per_item=per_item)
    assert time.perf_counter() - begun < (0.1 if items == 10**6 else 2.0) * 5  # a loaded machine
    assert plan.nondetection <= 0.05 * (1 + 1e-12)
    assert plan.nondetection_one_fewer is not None
    assert plan.nondetection_one_fewer > 0.05 * (1 - 1e-12)


def test_large_population_against_exact_fractions() -> None:
    exact = nondetection_exact(20_000, 37, 1500)
    assert nondetection(20_000, 37, 1500) == pytest.approx(float(exact), rel=1e-12)
    exact = nondetection_exact(20_000, 37, 1500, 0.3)
    assert nondetection(20_000, 37, 1500, 0.3) == pytest.approx(float(exact), rel=1e-12)


@pytest.mark.parametrize("chance", [0.97, 0.99997, 0.99999997, 0.99999999999997])
def test_a_method_as_sure_as_what_is_wanted(chance: float) -> None:
    """1 − p is formed in decimals: a method that finds a defect with p reaches p."""
    assert attribute_plan(1, 1, chance, per_item=chance).reached
    assert attribute_plan(10, 10, chance, per_item=chance).sample_size == 1
    assert attribute_plan(10**7, 10**7, chance, per_item=chance).sample_size == 1
    assert attribute_plan(10**7, 1, 0.7, per_item=0.7).sample_size == 10**7
    assert nondetection(10, 10, 1, chance) == close(float(1 - Fraction(repr(chance))))


def test_rounding_up_keeps_real_fractions() -> None:
    assert defects_needed(123456789.01, 1) == 123456790
    assert ceiling(123456789.01) == 123456790
    assert defects_needed(0.1 * 3, 0.1) == 3  # 0.30000000000000004
    assert defects_needed(8.0000000005, 8) == 2


def test_no_negative_zero() -> None:
    assert math.copysign(1, detection(10, 2, 0)) == 1
    plan = attribute_plan(10, 3, 1e-320)
    assert all(math.copysign(1, v) == 1 for v in (plan.formula.value, plan.jaech.value))
    assert (plan.sample_size, attribute_plan(10**6, 1, 1e-13).sample_size) == (1, 1)


@pytest.mark.parametrize("weights", [(1e308, 1e-300), (8, 1e-300), (1e10, 1.0), (-1e300, 1.0)])
def test_weights_beyond_all_measure(weights: tuple[float, float]) -> None:
    with pytest.raises(UsageError):
        plan_for_goal(300, weights[1], weights[0], 0.9)


def test_goal_above_only_where_all_items_hold_less() -> None:
    small = plan_for_goal(300, 0.5, 8, 0.9, falsified=0.01)
    assert [f.code for f in small.findings] == ["FALSIFICATION-BELOW-GOAL"]
    assert "1.5 kg" in small.findings[0].message
    assert small.defects == 300
    above = plan_for_goal(3, 0.5, 8, 0.9)
    assert [f.code for f in above.findings] == ["GOAL-ABOVE-STRATUM"]
    assert "hold 1.5 kg" in above.findings[0].message
    assert not plan_for_goal(16, 0.5, 8, 0.9).findings
    assert plan_for_goal(5, 1.0, 8.0, 0.9, falsified=5e-324).defects == 5


def test_a_probability_near_one_is_not_called_one() -> None:
    plan = attribute_plan(10, 10, 1.0, per_item=0.99)
    (finding,) = plan.findings
    assert "missed with probability 1e-20; at most 0 was wanted" in finding.message
    near = attribute_plan(10, 1, 0.99999999, per_item=0.9999999)
    assert "1e-07; at most 1e-08" in near.findings[0].message
    other = attribute_plan(10, 1, 0.9000001, per_item=0.9)
    assert "0.9 only; 0.9000001 was wanted" in other.findings[0].message
