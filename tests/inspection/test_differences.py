"""D, MUF − D, single items and the joint test: worked example, laws, and a simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keiryo.errors import UsageError
from keiryo.inspection.difference_model import (
    Errors,
    Sample,
    Stratum,
    stratum_variance_d,
    stratum_variance_free,
    variances,
)
from keiryo.inspection.differences import evaluate_differences, evaluate_sums
from keiryo.inspection.joint_test import both_below, joint_limit, power_of_both, power_of_d


def close(value: float) -> object:
    return pytest.approx(value, rel=1e-9)


# Worked example: stratum, N, n, x kg, operator's and inspector's errors, sum of differences.
STRATA = [
    Stratum("cans", 120, 17.5, 1, Errors(0.002, 0.001), Errors(0.01, 0.005)),
    Stratum("pellets", 400, 4.4, 1, Errors(0.0015, 0.001), Errors(0.015, 0.01)),
    Stratum("scrap", 60, 1.2, 1, Errors(0.03, 0.02), Errors(0.08, 0.05)),
]
SAMPLES = [Sample(30, 0.9), Sample(25, -0.25), Sample(20, 0.4)]


def test_worked_example() -> None:
    found = evaluate_sums(STRATA, SAMPLES, muf_kg=2.0, falsification_kg=40.0)
    assert [s.d_kg for s in found.strata] == [close(3.6), close(-4.0), close(1.2)]
    assert [s.sigma_kg for s in found.strata] == [
        close(11.399473672060479), close(18.466585607523665), close(4.114092852622557)
    ]  # fmt: skip
    assert found.d_kg == close(0.8)
    assert found.sigma_d_kg == close(22.088199202288994)
    assert found.sigma_muf_kg == close(3.1342278155871184)
    assert found.sigma_muf_minus_d_kg == close(21.86470123280902)
    assert found.muf_minus_d_kg == close(1.2)
    assert found.power_d == close(power_of_d(40.0, 22.088199202288994))
    assert found.joint is not None and not found.joint.alarm
    assert not found.findings


def test_worked_example_from_single_items() -> None:
    rng = np.random.default_rng(1)
    operator, inspector, names = [], [], []
    for stratum, sample in zip(STRATA, SAMPLES, strict=True):
        differences = rng.normal(0, 0.001, sample.verified)
        differences += (sample.sum_kg - differences.sum()) / sample.verified
        operator += [stratum.item_kg] * sample.verified
        inspector += list(stratum.item_kg - differences)
        names += [stratum.name] * sample.verified
    found = evaluate_differences(operator, inspector, names, STRATA)
    assert found.d_kg == close(0.8)
    assert found.sigma_d_kg == close(22.088199202288994)
    assert found.sigma_d_free_kg is not None
    assert found.items is not None
    assert not found.items.flagged.any()


def test_one_item_test() -> None:
    (stratum,) = STRATA[:1]
    found = evaluate_differences(
        [17.5, 17.5], [17.5, 16.0], ["cans"] * 2, [stratum], items=["C1", "C2"], lines=[2, 3]
    )
    assert found.items is not None
    sigma = math.sqrt(17.5**2 * (0.002**2 + 0.001**2) + 16.0**2 * (0.01**2 + 0.005**2))
    assert found.items.sigma_kg[1] == close(sigma)
    assert found.items.ratio[1] == close(1.5 / sigma)
    assert found.items.flagged.tolist() == [False, True]
    assert found.items.expected_false == close(2 * 2 * 0.0013498980316300933)
    (finding,) = [f for f in found.findings if f.code == "DIFFERENCE-ITEM"]
    assert (finding.line, "item C2" in finding.message) == (3, True)
    row = found.items.rows()[1]
    assert row["relative"] == close(1.5 / 17.5)


def test_sampled_sizes_that_vary() -> None:
    stratum = Stratum("a", 10, 2.0, 1, Errors(0.01, 0.002), Errors(0.03, 0.004))
    sizes = np.array([1.0, 2.0, 4.0])
    sample = Sample(3, 0.1, sizes)
    expected = (10 / 3) ** 2 * (21 * (0.01**2 + 0.03**2) + 49 * (0.002**2 + 0.004**2))
    assert stratum_variance_d(stratum, sample) == close(expected)


def test_shared_errors_are_added_with_their_signs() -> None:
    scale = Errors(0.0, 0.001, "scale")
    nda = Errors(0.0, 0.01, "nda")
    strata = [Stratum("in", 10, 5.0, 1, scale, nda), Stratum("out", 20, 2.0, -1, scale, nda)]
    found = variances(strata, [Sample(5, 0.0), Sample(5, 0.0)])
    assert found is not None
    assert found.muf == close((50 - 40) ** 2 * 0.001**2)
    assert found.d == close((50 - 40) ** 2 * (0.001**2 + 0.01**2))
    common = [Stratum("in", 10, 5.0, 1, scale, scale)]
    cancels = variances(common, [Sample(5, 0.0)])
    assert cancels is not None and cancels.d == 0.0
    with pytest.raises(UsageError):
        variances([*strata, Stratum("x", 1, 1.0, 1, Errors(0, 0.5, "scale"))], [Sample(0, 0)] * 3)


errors = st.builds(
    Errors, st.floats(0, 0.1), st.just(0.01), st.sampled_from([None, "scale", "balance"])
)
strata_lists = st.lists(
    st.tuples(st.integers(1, 50), st.floats(0.1, 20), st.sampled_from([1, -1]), errors, errors),
    min_size=1,
    max_size=5,
)


@given(strata_lists, st.data())
@settings(max_examples=100, deadline=None)
def test_variance_of_muf_minus_d(described: list[tuple], data: st.DataObject) -> None:
    """Var(MUF − D) = Var(D) − Var(MUF) over the verified, plus Var(MUF) of the others."""
    strata = [
        Stratum(str(n), items, kg, sign, ours, Errors(theirs.random, 0.02, None))
        for n, (items, kg, sign, ours, theirs) in enumerate(described)
    ]
    samples = [Sample(data.draw(st.integers(0, s.items)), 0.0) for s in strata]
    found = variances(strata, samples)
    assert found is not None
    expected = found.d - found.muf_verified + found.muf_unverified
    size = found.d + found.muf_verified + found.muf_unverified
    assert found.muf_minus_d == pytest.approx(expected, abs=1e-10 * (size + 1e-30))
    assert found.muf_minus_d >= -1e-10 * size
    if all(m.verified for m in samples):
        assert found.muf_and_d == close(found.muf)


def test_muf_minus_d_in_a_simulation() -> None:
    """With a shared scale, an unverified stratum, and signs."""
    scale, inspector = Errors(0.004, 0.003, "scale"), Errors(0.02, 0.01, "nda")
    strata = [
        Stratum("in", 40, 5.0, 1, scale, inspector),
        Stratum("out", 25, 6.0, -1, scale, inspector),
        Stratum("waste", 30, 3.0, -1, scale, inspector),
    ]
    samples = [Sample(10, 0.0), Sample(5, 0.0), Sample(0, 0.0)]
    found = variances(strata, samples)
    assert found is not None
    runs = 40_000
    rng = np.random.default_rng(8)
    common, nda = rng.normal(0, 0.003, runs), rng.normal(0, 0.01, runs)
    muf, d = np.zeros(runs), np.zeros(runs)
    for stratum, sample in zip(strata, samples, strict=True):
        items = rng.normal(0, 0.004, (runs, stratum.items)) + common[:, None]
        muf += stratum.sign * stratum.item_kg * items.sum(axis=1)
        if sample.verified:
            theirs = rng.normal(0, 0.02, (runs, sample.verified)) + nda[:, None]
            mean = stratum.item_kg * (items[:, : sample.verified] - theirs).mean(axis=1)
            d += stratum.sign * stratum.items * mean
    error = 4 * math.sqrt(2 / runs)
    assert np.var(muf) == pytest.approx(found.muf, rel=error)
    assert np.var(d) == pytest.approx(found.d, rel=error)
    assert np.var(muf - d) == pytest.approx(found.muf_minus_d, rel=error)
    spread = math.sqrt((found.muf * found.d + found.muf_and_d**2) / runs)
    assert np.cov(muf, d)[0, 1] == pytest.approx(found.muf_and_d, abs=4 * spread)


def test_distribution_free_variance_in_a_simulation() -> None:
    """The mean of the estimate is the variance of D, whatever the true differences are."""
    rng = np.random.default_rng(3)
    stratum = Stratum("a", 40, 5.0, 1, None, Errors(0.01, 0.0))
    true = np.where(np.arange(40) < 6, 1.5, 0.0)  # six items are falsified by 1.5 kg
    found, estimates = [], []
    for _ in range(4000):
        chosen = rng.choice(40, 12, replace=False)
        differences = true[chosen] - rng.normal(0, 0.05, 12)
        sample = Sample(12, float(differences.sum()), np.full(12, 5.0), differences)
        found.append(sample.scale(stratum) * sample.sum_kg)
        estimates.append(stratum_variance_free(stratum, sample))
    assert np.mean(estimates) == pytest.approx(np.var(found), rel=0.1)
    assert np.mean(found) == pytest.approx(9.0, abs=0.3)


def test_distribution_free_variance_needs_single_items() -> None:
    assert stratum_variance_free(STRATA[0], Sample(5, 0.1)) is None
    assert stratum_variance_free(STRATA[0], Sample(1, 0.1, np.ones(1), np.ones(1))) is None


def test_sigma_of_muf_that_contradicts_the_strata() -> None:
    found = evaluate_sums(STRATA, SAMPLES, muf_kg=2.0, sigma_muf_kg=30.0)
    assert found.sigma_muf_minus_d_kg is None
    assert found.joint is None
    assert [f.code for f in found.findings] == ["MUF-D-NEGATIVE"]
    given_sigma = evaluate_sums(STRATA, SAMPLES, sigma_muf_kg=3.0)
    assert given_sigma.sigma_muf_minus_d_kg == close(math.sqrt(22.088199202288994**2 - 9.0))


def test_strata_that_are_not_verified() -> None:
    samples = [*SAMPLES[:2], Sample(0, 0.0)]
    found = evaluate_sums(STRATA, samples)
    assert [f.code for f in found.findings] == ["STRATUM-NOT-VERIFIED"]
    assert found.sigma_muf_minus_d_kg is not None and found.sigma_d_kg is not None
    cans, pellets = 120 * 17.5, 400 * 4.4
    muf = 120 * 17.5**2 * 0.002**2 + (cans * 0.001) ** 2
    muf += 400 * 4.4**2 * 0.0015**2 + (pellets * 0.001) ** 2
    rest = 60 * 1.2**2 * 0.03**2 + (72 * 0.02) ** 2
    assert found.sigma_muf_minus_d_kg**2 == close(found.sigma_d_kg**2 - muf + rest)


def test_without_error_model() -> None:
    found = evaluate_differences([1, 2, 3], [1, 2, 2.5], ["a", "a", "b"])
    assert (found.d_kg, found.sigma_d_kg) == (close(0.5), None)
    assert [f.code for f in found.findings] == ["ERROR-MODEL-MISSING"]


def test_a_loss_is_said() -> None:
    found = evaluate_sums(STRATA, [Sample(30, -20.0), *SAMPLES[1:]], muf_kg=1.0)
    codes = [f.code for f in found.findings]
    assert codes == ["DIFFERENCE-SUM", "MUF-D-LIMIT", "MUF-D-JOINT"]
    assert "−D" in found.findings[-1].message
    assert found.joint is not None and found.joint.alarm


@pytest.mark.parametrize("correlation", [-0.95, -0.5, 0.0, 0.14, 0.7, 0.999])
def test_joint_limit_holds_the_overall_alpha(correlation: float) -> None:
    limit = joint_limit(correlation, 0.05)
    rng = np.random.default_rng(6)
    runs = 400_000
    muf = rng.normal(size=runs)
    d = correlation * muf + math.sqrt(1 - correlation**2) * rng.normal(size=runs)
    alarms = (np.maximum(muf, -d) > limit).mean()
    assert alarms == pytest.approx(0.05, abs=4 * math.sqrt(0.05 * 0.95 / runs))


def test_joint_limits_that_are_known() -> None:
    assert joint_limit(0.0, 0.05) == close(1.9545083272139865)  # Φ⁻¹(√0.95)
    assert joint_limit(-1.0, 0.05) == close(1.6448536269514722)
    assert joint_limit(1.0, 0.05) == close(1.959963984540054)
    assert both_below(0.0, 0.0, 0.5) == close(1 / 3)
    assert both_below(0.0, 0.0, -0.5) == close(1 / 6)
    for alpha in (0.0, 1.0, math.nan):
        with pytest.raises(UsageError):
            joint_limit(0.0, alpha)


def test_power() -> None:
    assert power_of_d(0.0, 5.0) == close(0.05)
    limit = 1.959963984540054  # of the two-sided test that DIFFERENCE-SUM is
    assert power_of_d(limit * 5, 5.0) == pytest.approx(0.5 + 4.4e-5, abs=1e-6)
    assert power_of_d(-8.0, 5.0) == power_of_d(8.0, 5.0)
    assert power_of_both(0.0, 0.0, 3.0, 5.0, 9.0) == close(0.05)
    assert power_of_both(9.0, 0.0, 3.0, 5.0, 9.0) > power_of_both(0.0, 9.0, 3.0, 5.0, 9.0)
    with pytest.raises(UsageError):
        power_of_d(1.0, 0.0)
    with pytest.raises(UsageError):
        power_of_both(1.0, 1.0, 3.0, 5.0, 16.0)


@pytest.mark.parametrize(
    ("code", "operator", "inspector", "strata", "items"),
    [
        ("LIST-NUMBER", [math.nan], [17.0], ["cans"], ["C1"]),
        ("LIST-NUMBER", [17.0], [-1.0], ["cans"], ["C1"]),
        ("LIST-NUMBER", [17.0], [math.inf], ["cans"], ["C1"]),
        ("LIST-TWICE", [17.0, 17.0], [17.0, 17.0], ["cans", "cans"], ["C1", "C1"]),
        ("STRATUM-UNKNOWN", [17.0], [17.0], ["tins"], ["C1"]),
        ("LIST-ROW", [17.0], [17.0, 17.0], ["cans"], ["C1"]),
        ("LIST-EMPTY", [], [], [], []),
        ("SAMPLE-ABOVE-STRATUM", [17.5] * 121, [17.5] * 121, ["cans"] * 121, None),
    ],
)
def test_pairs_that_cannot_be_used(
    code: str, operator: list, inspector: list, strata: list, items: list | None
) -> None:
    found = evaluate_differences(operator, inspector, strata, STRATA, items=items)
    assert found.refused
    assert [f.code for f in found.findings] == [code]
    assert found.to_dict()["d_kg"] is None


def test_everything_wrong_is_said_at_once() -> None:
    found = evaluate_differences([math.nan, 17, 17], [17, -1, 17], ["cans", "x", "y"], STRATA)
    codes = [f.code for f in found.findings]
    assert codes == ["LIST-NUMBER", "LIST-NUMBER", "STRATUM-UNKNOWN", "STRATUM-UNKNOWN"]


def test_grams_among_kilograms() -> None:
    found = evaluate_differences([17500.0], [17500.0], ["cans"], STRATA[:1])
    assert "STRATUM-SIZE" in [f.code for f in found.findings]


@pytest.mark.parametrize(
    "options",
    [{"alpha": 0.0}, {"alpha": 1.5}, {"item_limit": -1}, {"muf_kg": math.nan},
     {"sigma_muf_kg": -1.0}, {"falsification_kg": math.inf}],
)  # fmt: skip
def test_options_that_make_no_sense(options: dict) -> None:
    with pytest.raises(UsageError):
        evaluate_differences([17.0], [17.0], ["cans"], STRATA, **options)


def test_more_verified_than_there_are() -> None:
    with pytest.raises(UsageError):
        evaluate_sums(STRATA[:1], [Sample(121, 0.0)])
