"""Errors that strata or parties share, a σ_MUF given from elsewhere, and tests without any."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from keiryo.errors import UsageError
from keiryo.inspection.difference_model import Errors, Sample, Stratum, variance_free, variances
from keiryo.inspection.differences import evaluate_differences, evaluate_sums
from keiryo.inspection.joint_test import joint_limit, power_of_d

OPERATOR = [10.0] * 10
INSPECTOR = [10.0, 10.01, 9.99, 10.0, 10.01, 9.99, 10.0, 10.0, 10.01, 9.99]


def close(value: float) -> object:
    return pytest.approx(value, rel=1e-9)


def two_strata(second_sign: int) -> list[Stratum]:
    ours, theirs = Errors(0.001, 0.001), Errors(0.001, 0.01, "I")
    return [
        Stratum("a", 100, 10.0, 1, ours, theirs),
        Stratum("b", 100, 10.0, second_sign, ours, theirs),
    ]


def test_free_sigma_adds_what_strata_share_before_squaring() -> None:
    names = ["a"] * 10 + ["b"] * 10
    spread = float(np.var(np.subtract(OPERATOR, INSPECTOR), ddof=1))
    rest = 2 * (100**2 * 0.9 * spread / 10 + 10 * 1000 * 0.001**2)
    for sign, shared in ((1, 20.0), (-1, 0.0)):
        found = evaluate_differences(OPERATOR * 2, INSPECTOR * 2, names, two_strata(sign))
        assert found.sigma_d_free_kg == close(math.sqrt(rest + shared**2))
    assert found.sigma_d_kg == close(math.sqrt(2.4))


def test_free_sigma_in_a_simulation() -> None:
    rng = np.random.default_rng(11)
    strata = [replace(s, operator=None) for s in two_strata(1)]
    true = np.where(np.arange(100) < 15, 0.4, 0.0)
    d, estimates = [], []
    for _ in range(3000):
        systematic, total, samples = rng.normal(0, 0.01), 0.0, []
        for stratum in strata:
            chosen = rng.choice(100, 20, replace=False)
            each = true[chosen] - 10 * (systematic + rng.normal(0, 0.001, 20))
            samples.append(Sample(20, float(each.sum()), np.full(20, 10.0), each))
            total += samples[-1].scale(stratum) * samples[-1].sum_kg
        d.append(total)
        estimates.append(variance_free(strata, samples))
    assert np.mean(estimates) == pytest.approx(np.var(d), rel=0.12)


def test_an_error_that_both_parties_share_cancels_everywhere() -> None:
    both = Errors(0.0001, 0.01, "X")
    strata = [Stratum("a", 2, 10.0, 1, both, both)]
    found = evaluate_differences([10.0, 10.0], [9.9, 9.9], ["a", "a"], strata)
    (row,) = found.strata
    assert row.sigma_kg == found.sigma_d_kg == close(0.002)
    assert row.sigma_free_kg == found.sigma_d_free_kg == close(10 * 0.0001 * math.sqrt(2))
    assert found.items is not None
    expected = math.sqrt(0.0001**2 * (100 + 9.9**2) + (0.1 * 0.01) ** 2)
    assert found.items.sigma_kg[0] == close(expected)
    assert found.items.flagged.all()


# 120 cans verified with 30, 400 pellets with 25, scrap not verified.
STRATA = [
    Stratum("cans", 120, 17.5, 1, Errors(0.002, 0.001), Errors(0.01, 0.005)),
    Stratum("pellets", 400, 4.4, -1, Errors(0.0015, 0.001), Errors(0.015, 0.01)),
    Stratum("scrap", 60, 1.2, -1, Errors(0.03, 0.02), Errors(0.08, 0.05)),
]
SAMPLES = [Sample(30, 0.9), Sample(25, -0.25), Sample(0, 0.0)]


@pytest.mark.parametrize("given", [3.2, 10.0, 30.0, 300.0])
def test_excess_of_a_given_sigma_belongs_to_unverified_strata(given: float) -> None:
    """Var(MUF − D) = Var_v(D) − Var_v(MUF) + Var_unv(MUF): more in MUF is more here."""
    modelled = variances(STRATA, SAMPLES)
    assert modelled is not None
    found = evaluate_sums(STRATA, SAMPLES, muf_kg=2.0, sigma_muf_kg=given)
    excess = given**2 - modelled.muf
    assert found.sigma_muf_minus_d_kg == close(math.sqrt(modelled.muf_minus_d + excess))
    assert [f.code for f in found.findings] == ["STRATUM-NOT-VERIFIED", "SIGMA-MUF-DIFFERS"]
    assert "(scrap)" in found.findings[1].message
    assert found.joint is not None
    assert found.to_dict()["sigma_muf_strata_kg"] == close(math.sqrt(modelled.muf))


def test_a_given_sigma_below_that_of_the_strata() -> None:
    modelled = variances(STRATA, SAMPLES)
    assert modelled is not None
    of_unverified = evaluate_sums(STRATA, SAMPLES, sigma_muf_kg=2.9)
    less = 2.9**2 - modelled.muf  # more than minus what scrap has
    assert less > -modelled.muf_unverified
    assert of_unverified.sigma_muf_minus_d_kg == close(math.sqrt(modelled.muf_minus_d + less))
    both = evaluate_sums(STRATA, SAMPLES, sigma_muf_kg=1.0)
    assert both.sigma_muf_minus_d_kg == close(math.sqrt(modelled.d - 1.0))
    assert "to the verified strata" in both.findings[-1].message


def test_negative_only_where_the_verified_part_contradicts() -> None:
    every = [*SAMPLES[:2], Sample(20, 0.4)]
    found = evaluate_sums(STRATA, every, muf_kg=2.0, sigma_muf_kg=300.0)
    assert [f.code for f in found.findings] == ["MUF-D-NEGATIVE"]
    assert (found.sigma_muf_minus_d_kg, found.joint) == (None, None)


def test_muf_minus_d_needs_strata() -> None:
    found = evaluate_differences([1.0, 2.0], [1.0, 2.0], ["a", "b"], muf_kg=5.0, sigma_muf_kg=3.0)
    assert (found.muf_kg, found.muf_minus_d_kg, found.sigma_muf_minus_d_kg) == (5.0, None, None)
    assert [f.code for f in found.findings] == ["ERROR-MODEL-MISSING", "STRATA-MISSING"]


def test_power_is_of_the_test_that_is_made() -> None:
    """A falsification just at the limit of DIFFERENCE-SUM is detected in half of all cases."""
    samples = [Sample(30, 0.0), *SAMPLES[1:]]
    found = evaluate_sums(STRATA, samples, falsification_kg=-8.0)
    assert found.sigma_d_kg is not None and found.power_d is not None
    test = found.to_dict()["tests"]["d"]
    assert (test["side"], test["alpha"]) == ("two-sided", 0.05)
    draws = np.random.default_rng(2).normal(-8.0, found.sigma_d_kg, 200_000)
    share = (np.abs(draws) > test["limit_kg"]).mean()
    assert found.power_d == pytest.approx(share, abs=4 * math.sqrt(0.06 / 200_000))
    assert power_of_d(test["limit_kg"], found.sigma_d_kg) == pytest.approx(0.5, abs=1e-4)


def test_limits_say_level_and_side() -> None:
    samples = [Sample(30, -20.0), *SAMPLES[1:]]
    found = evaluate_sums(STRATA, samples, muf_kg=1.0, alpha=0.01)
    words = {f.code: f.message for f in found.findings}
    assert "limit 2.58, two-sided, alpha 0.01" in words["DIFFERENCE-SUM"]
    assert "limit 2.33, one-sided, alpha 0.01" in words["MUF-D-LIMIT"]
    assert "one-sided, overall alpha 0.01" in words["MUF-D-JOINT"]


def test_errors_that_are_all_zero() -> None:
    zero = [Stratum("a", 2, 10.0, 1, Errors(0, 0), Errors(0, 0))]
    found = evaluate_differences(
        [10.0, 10.0], [5.0, 10.0], ["a", "a"], zero, muf_kg=5.0, falsification_kg=8.0
    )
    assert [(f.code, f.severity) for f in found.findings] == [("TESTS-NOT-COMPUTABLE", "E")]
    assert (found.joint, found.power_d) == (None, None)
    answer = found.to_dict()
    assert answer["items"]["expected_false"] is answer["items"]["overall_limit"] is None
    assert answer["strata"][0]["ratio"] is answer["tests"]["d"]["limit_kg"] is None
    some = [*zero, Stratum("b", 2, 10.0, 1, Errors(0.1, 0), Errors(0.1, 0))]
    partly = evaluate_differences([10.0] * 2, [10.0] * 2, ["a", "b"], some)
    assert [(f.code, f.severity) for f in partly.findings] == [("TESTS-NOT-COMPUTABLE", "W")]


def test_numbers_beyond_all_measure() -> None:
    heavy = evaluate_differences([1e200], [1e200], ["cans"], STRATA)
    assert [f.code for f in heavy.findings][:2] == ["LIST-NUMBER"] * 2 and heavy.refused
    for options in ({"alpha": 1e-300}, {"alpha": 0.9999999999999999}, {"muf_kg": 1e200}):
        with pytest.raises(UsageError):
            evaluate_differences([17.5], [17.5], ["cans"], STRATA, **options)  # type: ignore[arg-type]
    for correlation in (-1.0, -0.999999, 0.3, 0.999999, 1.0):
        assert 5.9 < joint_limit(correlation, 1e-9) < 6.2
        assert 0 <= joint_limit(correlation, 0.5) < 0.68


def test_no_negative_zero() -> None:
    found = evaluate_sums(STRATA[1:2], [Sample(25, 0.0)], muf_kg=0.0)
    assert found.joint is not None and found.d_kg is not None
    assert math.copysign(1, found.joint.concealed_ratio) == math.copysign(1, found.d_kg) == 1


def test_very_many_items() -> None:
    count = 20_000
    inspector = np.full(count, 17.5)
    inspector[:300] = 1.0
    cans = replace(STRATA[0], items=count)
    found = evaluate_differences([17.5] * count, inspector, ["cans"] * count, [cans])
    outliers = [f for f in found.findings if f.code == "DIFFERENCE-ITEM"]
    assert (len(outliers), outliers[-1].message) == (201, "100 more items are beyond the limit")
    answer = found.to_dict()["items"]
    assert (len(answer["rows"]), answer["rows_left_out"], answer["flagged"]) == (300, 19_700, 300)
