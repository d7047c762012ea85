"""Three methods, variables mode, strata, draws proportional to size."""

from __future__ import annotations

import math

import numpy as np
import pytest

from keiryo.errors import UsageError
from keiryo.inspection.methods import (
    Method,
    methods_plan,
    per_item_detection,
    proportional_draws,
    variables_plan,
)
from keiryo.inspection.stratum_plan import plan_strata, stratify_items
from keiryo.inspection.verification_lists import PlanStratum


def close(value: float) -> object:
    return pytest.approx(value, rel=1e-9)


def test_three_methods_worked_example() -> None:
    plan = methods_plan(300, 0.5, 8, 0.9)
    sizes = {m.method.name: m for m in plan.methods}
    assert {n: m.plan.defects for n, m in sizes.items()} == {"H": 16, "F": 54, "B": 267}
    assert {n: m.own for n, m in sizes.items()} == {"H": 28, "F": 10, "B": 2}
    assert {n: m.plan.sample_size for n, m in sizes.items()} == {"H": 40, "F": 12, "B": 2}
    of_formula = {n: m.plan.formula for n, m in sizes.items()}
    assert {n: f.sample_size for n, f in of_formula.items()} == {"H": 41, "F": 13, "B": 3}
    values = [round(of_formula[n].value, 4) for n in "HFB"]
    assert values == [40.2107, 12.6764, 2.5793]
    q = [sizes[n].plan.nondetection for n in "HFB"]
    assert q == [close(0.0950326796959688), close(0.0879383870483486), close(0.01177257525083612)]
    assert plan.sample_size == 40


def test_a_better_method_serves_the_weaker_one() -> None:
    """If the better method already measures more than the weaker needs, nothing is left for it."""
    plan = methods_plan(300, 0.5, 8, 0.9, [Method("quick", 1.0), Method("slow", 0.9, 0.05)])
    quick, slow = plan.methods
    assert (quick.own, slow.own) == (0, slow.plan.sample_size)


def test_methods_that_cannot() -> None:
    plan = methods_plan(10, 8, 8, 0.9, [Method("F", 1.0, 0.5)])
    assert [f.code for f in plan.findings] == ["DETECTION-UNREACHABLE"]
    assert "method F" in plan.findings[0].message
    with pytest.raises(UsageError):
        methods_plan(10, 8, 8, 0.9, [])
    with pytest.raises(UsageError):
        methods_plan(10, 8, 8, 0.9, [Method("F", 1.0), Method("F", 0.5)])


def test_instrument_used_as_go_or_no_go() -> None:
    assert per_item_detection(0.3, 0.1) == pytest.approx(0.5, abs=1e-8)
    assert per_item_detection(1.0, 0.05) == pytest.approx(1.0)
    assert per_item_detection(0.5, 0.0) == 1.0
    runs = 100_000
    noise = np.random.default_rng(4).normal(0.1, 0.05, runs)
    found = (np.abs(noise) > 0.15).mean()
    p = per_item_detection(0.1, 0.05)
    assert abs(found - p) < 4 * math.sqrt(p * (1 - p) / runs)


@pytest.mark.parametrize("numbers", [(0, 0.1, 3), (1.1, 0.1, 3), (0.5, -1, 3), (0.5, 0.1, 0)])
def test_go_or_no_go_nonsense(numbers: tuple[float, float, float]) -> None:
    with pytest.raises(UsageError):
        per_item_detection(*numbers)


def test_variables_mode() -> None:
    plan = variables_plan(300, 0.5, 8, 0.9, random_sd=0.1, systematic_sd=0.01)
    assert plan.sigma_wanted_kg == close(2.7337294303993542)
    assert plan.reached
    assert plan.sigma_d_kg <= plan.sigma_wanted_kg
    one_fewer = math.sqrt((150 * 0.1) ** 2 / (plan.sample_size - 1) + 1.5**2)
    assert one_fewer > plan.sigma_wanted_kg
    assert plan.achieved >= 0.9


def test_systematic_error_that_no_sample_overcomes() -> None:
    plan = variables_plan(300, 0.5, 8, 0.9, random_sd=0.1, systematic_sd=0.05)
    assert (plan.reached, plan.sample_size) == (False, 300)
    assert plan.achieved < 0.9
    assert plan.findings[0].code == "DETECTION-UNREACHABLE"


@pytest.mark.parametrize(("place", "value"), [(0, 0), (1, 0.0), (2, math.nan), (3, 1.0), (3, 0.01)])
def test_variables_nonsense(place: int, value: float) -> None:
    numbers = [300, 0.5, 8.0, 0.9]
    numbers[place] = value
    with pytest.raises(UsageError):
        variables_plan(*numbers, random_sd=0.1, systematic_sd=0.0)  # type: ignore[arg-type]
    with pytest.raises(UsageError):
        variables_plan(300, 0.5, 8, 0.9, random_sd=-0.1, systematic_sd=0.0)


def test_draws_proportional_to_size() -> None:
    draws = proportional_draws(150, 8, 0.9)
    assert (1 - 8 / 150) ** draws <= 0.1 < (1 - 8 / 150) ** (draws - 1)
    assert proportional_draws(5, 8, 0.9) == 1
    with pytest.raises(UsageError):
        proportional_draws(150, 0, 0.9)
    with pytest.raises(UsageError):
        proportional_draws(150, 8, 1.0)


def test_plan_of_strata() -> None:
    strata = [PlanStratum("cans", 300, 0.5, None), PlanStratum("none", 0, 1.0, None),
              PlanStratum("drums", 40, 20.0, 75.0)]  # fmt: skip
    planned = plan_strata(strata, 0.9, goal_kg=8)
    rows = planned.rows()
    assert [r["own"] for r in rows[:3]] == [28, 10, 2]
    assert rows[3]["sample_size"] == 17
    assert planned.sample_size == sum(r["own"] for r in rows)
    assert planned.to_dict()["strata"][1]["items"] == 0


def test_strata_of_like_items() -> None:
    rows = stratify_items(["a", "a", "b", "a"], [1.0, 1.4, 5.0, 3.0], 1.5)
    assert [(r["stratum"], r["items"], r["item_kg"]) for r in rows] == [
        ("a-1", 1, 3.0), ("a-2", 2, 1.4), ("b-1", 1, 5.0)
    ]  # fmt: skip
    assert sum(r["total_kg"] for r in rows) == close(10.4)
    with pytest.raises(UsageError):
        stratify_items(["a"], [0.0])
    with pytest.raises(UsageError):
        stratify_items(["a"], [1.0], 0.5)


def test_the_method_is_named() -> None:
    plan = methods_plan(300, 0.5, 8, 0.9, [Method("H", 1.0), Method("B", 0.01)])
    (finding,) = plan.findings
    assert (finding.code, finding.message[:9]) == ("FALSIFICATION-BELOW-GOAL", "method B:")


@pytest.mark.parametrize("weights", [(1e308, 1e-300), (150, 1e-20), (1e9, 1e-9), (1e10, 8)])
def test_draws_beyond_all_measure(weights: tuple[float, float]) -> None:
    with pytest.raises(UsageError):
        proportional_draws(*weights, 0.9)


def test_draws_that_meet_the_limit_exactly() -> None:
    assert proportional_draws(10, 9, 0.9) == 1
    assert proportional_draws(10, 9, 0.99) == 2
    assert proportional_draws(10, 9, 0.9999999) == 7


def test_variables_say_what_is_too_large() -> None:
    above = variables_plan(300, 0.5, 800, 0.9, random_sd=0.1, systematic_sd=0)
    assert [f.code for f in above.findings] == ["GOAL-ABOVE-STRATUM"]
    random = variables_plan(300, 0.5, 8, 0.9, random_sd=5, systematic_sd=0.001)
    systematic = variables_plan(300, 0.5, 8, 0.9, random_sd=0.1, systematic_sd=0.1)
    assert "random errors" in random.findings[0].advice
    assert "systematic errors" in systematic.findings[0].advice
    assert random.to_dict()["side"] == "one-sided"
    for alpha in (1e-300, 0.9999999999999999):
        with pytest.raises(UsageError):
            variables_plan(300, 0.5, 8, 0.9, alpha=alpha, random_sd=0.1, systematic_sd=0)


def test_strata_without_a_name_beside_one_called_size() -> None:
    rows = stratify_items(["size", None, "size", "size-of-others"], [1.0, 2.0, 4.0, 8.0])
    names = [r["stratum"] for r in rows]
    assert len(set(names)) == len(names) == 4
