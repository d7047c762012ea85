"""Detection probabilities, against a worked example and limits that are known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from keiryo.errors import UsageError
from keiryo.material_balance import detection as d
from keiryo.material_balance.factoring import factor
from keiryo.material_balance.robustness import robustness
from keiryo.material_balance.statistics import standardise
from keiryo.material_balance.thresholds import Threshold
from material_balance.worked_cases import B_COVARIANCE

STATISTICS = ("neyman_pearson", "cumuf_end", "page", "gemuf_v1_end", "sitmuf")
PATTERNS = {
    "uniform": d.uniform(8, 12),
    "balance 4": d.abrupt(8, 12, 4),
    "worst case": d.worst_case(B_COVARIANCE, 12),
}
WORKED = {
    "uniform": [
        0.6515665816127718, 0.6429483894407714, 0.5263395939082822, 0.24561901960240004,
        0.27634932764960307,
    ],
    "balance 4": [
        0.9999999999986287, 0.6429483894407714, 0.9999996735651955, 0.9999999377794014,
        0.9999999634131281,
    ],
    "worst case": [
        0.6429483894407714, 0.6429483894407714, 0.49651718650731835, 0.24019175963499495,
        0.2735160031345262,
    ],
}  # fmt: skip


@pytest.mark.parametrize("pattern", list(WORKED))
@pytest.mark.parametrize("number", range(5))
def test_worked_example(pattern: str, number: int) -> None:
    found = d.detection(PATTERNS[pattern], B_COVARIANCE, STATISTICS[number])
    assert found.probability == pytest.approx(WORKED[pattern][number], rel=1e-9)
    assert found.first_alarm.sum() == pytest.approx(found.probability, rel=1e-12)


def test_worst_case_pattern() -> None:
    found = d.worst_case(B_COVARIANCE, 12)
    np.testing.assert_allclose(found[[0, 7]], 1.752808988764045, rtol=1e-12)
    np.testing.assert_allclose(found[1:7], 1.4157303370786518, rtol=1e-12)


def test_mean_of_sitmuf_under_a_uniform_loss() -> None:
    mean = standardise(d.uniform(8, 12), factor(B_COVARIANCE))
    expected = [0.912871, 1.100964, 0.940490, 0.722308, 0.550639, 0.429481, 0.344643, 0.284026]
    np.testing.assert_allclose(mean, expected, atol=5e-7)


@pytest.mark.parametrize(
    ("loss", "sigma", "expected"),
    [
        (8, 8, 0.2595110228414442),
        (8, 80, 0.06119083621334439),
        (75, 36, 0.6694807110199548),
    ],
)
def test_single_balance(loss: float, sigma: float, expected: float) -> None:
    assert d.single_balance_power(loss, sigma) == pytest.approx(expected, rel=1e-9)
    by_sequence = d.detection([loss], [[sigma**2]], "single")
    assert by_sequence.probability == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("statistic", STATISTICS)
def test_no_loss_is_detected_with_alpha(statistic: str) -> None:
    found = d.detection(np.zeros(8), B_COVARIANCE, statistic, alpha=0.03)
    assert found.probability == pytest.approx(0.03, rel=1e-8)
    assert found.first_loss == 0


@pytest.mark.parametrize("statistic", STATISTICS)
def test_detectable_loss_is_detected(statistic: str) -> None:
    pattern = d.uniform(8, 1)
    loss = d.detectable_loss(pattern, B_COVARIANCE, statistic, probability=0.95)
    again = d.detection(pattern * loss, B_COVARIANCE, statistic)
    assert again.probability == pytest.approx(0.95, rel=1e-9)


def test_needed_loss_of_one_balance() -> None:
    loss = d.detectable_loss([1.0], [[4.0]], "single", probability=0.9)
    assert loss == pytest.approx(2 * (1.6448536269514722 + 1.2815515655446004), rel=1e-9)


def test_first_alarms_against_simulation() -> None:
    loss = d.abrupt(8, 4, 3)
    page = d.detection(loss, B_COVARIANCE, "page")
    shewhart = d.detection(loss, B_COVARIANCE, "sitmuf")
    mean = standardise(loss, factor(B_COVARIANCE))
    rng = np.random.default_rng(5)
    y = rng.standard_normal((100_000, 8)) + mean
    state, first = np.zeros(len(y)), np.full(len(y), -1)
    for i in range(8):
        state = np.maximum(0, state + y[:, i] - 0.5)
        first[(first < 0) & (state > page.threshold)] = i
    seen = [(first == i).mean() for i in range(8)]
    np.testing.assert_allclose(page.first_alarm, seen, atol=0.006)
    over = y > shewhart.threshold
    once = np.where(over.any(axis=1), over.argmax(axis=1), -1)
    np.testing.assert_allclose(
        shewhart.first_alarm, [(once == i).mean() for i in range(8)], atol=0.006
    )


def test_time_to_detection_counts_from_the_loss() -> None:
    found = d.detection(d.abrupt(8, 100, 4), B_COVARIANCE, "page")
    assert found.first_loss == 4
    assert found.time_to_detection == pytest.approx(1.0, abs=1e-9)
    at_end = d.detection(d.abrupt(8, 100, 4), B_COVARIANCE, "cumuf_end")
    assert at_end.time_to_detection == 5.0
    assert at_end.to_dict()["time_to_detection"] == 5.0


def test_loss_in_the_last_balance_is_seen() -> None:
    found = d.detection(d.abrupt(8, 12, 8), B_COVARIANCE, "page")
    assert found.probability > 0.999


def test_power_report() -> None:
    found = d.power_report(B_COVARIANCE, 12, "page")
    assert len(found.abrupt) == 8
    assert found.uniform.probability == pytest.approx(0.5263395939082822, rel=1e-9)
    assert found.worst_case.probability == pytest.approx(0.49651718650731835, rel=1e-9)
    assert found.abrupt_least <= found.abrupt_mean <= 1


def test_neyman_pearson_is_the_upper_bound() -> None:
    for pattern in PATTERNS.values():
        best = d.detection(pattern, B_COVARIANCE, "neyman_pearson").probability
        for statistic in STATISTICS[1:]:
            assert d.detection(pattern, B_COVARIANCE, statistic).probability <= best + 1e-12


def test_a_given_threshold_is_used() -> None:
    given = Threshold(5.0, 0.01, 8, "page", "exact", k=0.25)
    found = d.detection(PATTERNS["uniform"], B_COVARIANCE, "page", threshold=given)
    assert (found.threshold, found.k, found.alpha) == (5.0, 0.25, 0.01)


def test_a_balance_without_error_is_skipped() -> None:
    covariance = np.zeros((9, 9))
    kept = [0, 1, 2, 4, 5, 6, 7, 8]
    covariance[np.ix_(kept, kept)] = B_COVARIANCE
    loss = np.zeros(9)
    loss[kept] = PATTERNS["uniform"]
    for statistic in STATISTICS:
        with_gap = d.detection(loss, covariance, statistic).probability
        without = d.detection(PATTERNS["uniform"], B_COVARIANCE, statistic).probability
        assert with_gap == pytest.approx(without, rel=1e-12)


@pytest.mark.parametrize("statistic", STATISTICS)
def test_robustness(statistic: str) -> None:
    loss = PATTERNS["uniform"]
    low, right, high = robustness(loss, B_COVARIANCE, statistic)
    expected = d.detection(loss, B_COVARIANCE, statistic).probability
    assert right.false_alarm_probability == pytest.approx(0.05, rel=1e-8)
    assert right.detection_probability == pytest.approx(expected, rel=1e-9)
    assert right.detection_probability_known == pytest.approx(expected, rel=1e-9)
    assert low.false_alarm_probability < 0.05 < high.false_alarm_probability
    assert low.detection_probability_known > expected > high.detection_probability_known


def test_robustness_against_simulation() -> None:
    loss = PATTERNS["uniform"]
    found = robustness(loss, B_COVARIANCE, "page", factors=[1.4])[0]
    mean = standardise(loss, factor(B_COVARIANCE))
    y = 1.4 * np.random.default_rng(11).standard_normal((100_000, 8)) + mean
    state, most = np.zeros(len(y)), np.zeros(len(y))
    for i in range(8):
        state = np.maximum(0, state + y[:, i] - 0.5)
        most = np.maximum(most, state)
    assert (most > 2.933520140296973).mean() == pytest.approx(
        found.detection_probability, abs=0.006
    )


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: d.detection([1.0], B_COVARIANCE, "page"), "8 balances"),
        (lambda: d.detection([np.nan] * 8, B_COVARIANCE, "page"), "balance 1 is not"),
        (lambda: d.detection([1.0] * 8, B_COVARIANCE, "muf"), "cannot be computed exactly"),
        (lambda: d.detection([1.0], [[0.0]], "page"), "no balance has a measurement error"),
        (lambda: d.detection([1.0] * 2, [[1.0, -1.0], [-1.0, 1.0]], "cumuf_end"), "no variance"),
        (lambda: d.uniform(8, 1, first=3, last=2), "not within"),
        (lambda: d.abrupt(8, 1, 9), "not within"),
        (lambda: d.worst_case([[0.0]], 1), "no variance"),
        (lambda: d.single_balance_power(math.nan, 1), "not a number"),
        (lambda: d.single_balance_power(1, 0), "not a positive number"),
        (lambda: d.detectable_loss([0.0], [[1.0]], "page"), "does not add up"),
        (lambda: d.detectable_loss([1.0], [[1.0]], "page", probability=0.01), "must lie"),
        (lambda: d.detectable_loss([1.0], [[0.0]], "page"), "cannot be tested"),
        (lambda: robustness([1.0], [[1.0]], "page", factors=[0.0]), "not a positive"),
    ],
)
def test_nonsense_is_refused_with_advice(call, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        call()
    assert caught.value.advice
