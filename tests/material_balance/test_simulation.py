"""Simulated thresholds and detection probabilities, against published and exact values.

Tolerances are five standard errors of the simulation; seeds are fixed.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest

from keiryo.compute import streams
from keiryo.compute.processes import LocalProcesses
from keiryo.errors import UsageError
from keiryo.material_balance.error_variables import Part, put_together
from keiryo.material_balance.simulation import (
    STATISTICS,
    _wilson,
    simulated_covariance,
    simulated_power,
    simulated_threshold,
)
from keiryo.material_balance.thresholds import Threshold, page_threshold

# Worked example of a constant facility: 8 balances, 10 batches in and out, a constant inventory.
EXAMPLE = np.full((8, 8), 0.5) + 2.2 * np.eye(8) - np.eye(8, k=1) - np.eye(8, k=-1)
UNIFORM = np.full(8, 1.5)
IN_BALANCE_4 = np.array([0, 0, 0, 12.0, 0, 0, 0, 0])


def limit(statistic: str, value: float, k: float | None = None, balances: int = 8) -> Threshold:
    return Threshold(value, 0.05, balances, statistic, "exact", k)


@pytest.mark.parametrize(
    ("statistic", "published", "rounding"),
    [
        ("muf", 2.476, 0.0015),
        ("cumuf", 2.149, 0.0015),
        ("sitmuf", 2.489777694388014, 0.0),
        ("page", 2.933520140296973, 0.0),
        ("gemuf_v1", 0.0160, 0.0001),
    ],
)
def test_threshold(statistic: str, published: float, rounding: float) -> None:
    found = simulated_threshold(EXAMPLE, statistic, 0.05, realizations=500_000, seed=1)
    assert found.interval is not None
    low, high = found.interval
    assert low < found.threshold < high
    error = (high - low) / 2 / 1.96
    assert abs(found.threshold - published) < 5 * error + rounding
    assert (found.method, found.seed, found.realizations) == ("simulated", 1, 500_000)
    assert (found.alpha, found.balances, found.statistic) == (0.05, 8, statistic)


@pytest.mark.parametrize(
    ("balances", "k", "exact"),
    [(1, 0.5, 1.1448536269514722), (15, 1.0, 2.029534237068753), (24, 0.0, 9.93333298540442)],
)
def test_threshold_of_page(balances: int, k: float, exact: float) -> None:
    found = simulated_threshold(
        np.eye(balances), "page", 0.05, k=k, realizations=200_000, seed=balances
    )
    assert found.interval is not None and found.k == k
    error = (found.interval[1] - found.interval[0]) / 2 / 1.96
    assert abs(found.threshold - exact) < 5 * error


def test_threshold_of_gemuf_v1_for_15_balances() -> None:
    found = simulated_threshold(np.eye(15), "gemuf_v1", 0.05, realizations=200_000, seed=3)
    assert found.interval is not None
    error = (found.interval[1] - found.interval[0]) / 2 / 1.96
    assert abs(found.threshold - 0.0120) < 5 * error + 0.0001


@pytest.mark.parametrize("statistic", STATISTICS)
def test_threshold_gives_its_alpha(statistic: str) -> None:
    """With other random numbers, the threshold is exceeded as often as was asked for."""
    found = simulated_threshold(EXAMPLE, statistic, 0.1, realizations=150_000, seed=21)
    checked = simulated_power(EXAMPLE, np.zeros(8), found, realizations=150_000, seed=22)
    error = math.sqrt(2 * 0.1 * 0.9 / 150_000)
    assert abs(checked.detection_probability - 0.1) < 5 * error
    assert checked.time_to_detection_mean is None


@pytest.mark.parametrize(
    ("threshold", "loss", "exact"),
    [
        (limit("page", 2.933520140296973, 0.5), np.zeros(8), 0.05),
        (limit("page", 2.933520140296973, 0.5), UNIFORM, 0.5263395939082822),
        (limit("sitmuf", 2.489777694388014), UNIFORM, 0.27634932764960307),
        (limit("page", 2.933520140296973, 0.5), IN_BALANCE_4, 0.9999996735651955),
    ],
)
def test_power_of_exact_tests(threshold: Threshold, loss: np.ndarray, exact: float) -> None:
    found = simulated_power(EXAMPLE, loss, threshold, realizations=400_000, seed=8)
    error = math.sqrt(exact * (1 - exact) / 400_000)
    assert abs(found.detection_probability - exact) < max(5 * error, 5e-6)
    assert found.interval[0] <= found.detection_probability <= found.interval[1]
    assert sum(found.first_alarms) + found.undetected == 400_000
    assert found.provenance.seed == 8 and found.threshold is threshold


def test_power_of_one_balance() -> None:
    """Needed σ for a detection probability of 0.95 of 8 kg: 2.4318273276470768 kg."""
    covariance = np.array([[2.4318273276470768**2]])
    found = simulated_power(
        covariance, [8.0], limit("muf", 1.6448536269514722, None, 1), realizations=300_000, seed=2
    )
    assert abs(found.detection_probability - 0.95) < 5 * math.sqrt(0.95 * 0.05 / 300_000)
    assert found.time_to_detection_mean == found.time_to_detection_median == 1.0


def test_times_and_alarms_before_the_loss() -> None:
    found = simulated_power(
        EXAMPLE, IN_BALANCE_4, limit("sitmuf", 1.0), realizations=20_000, seed=5
    )
    before = 1 - 0.8413447460685429**3
    assert abs(found.alarms_before_loss / 20_000 - before) < 5 * math.sqrt(before / 20_000)
    assert found.alarms_before_loss == sum(found.first_alarms[:3])
    assert found.time_to_detection_median == 1.0
    assert found.time_to_detection_mean is not None and found.time_to_detection_mean < 1.01
    assert found.detection_probability > 0.999 and found.undetected < 20


@pytest.mark.parametrize(("found", "total"), [(5, 50), (0, 10), (10, 10), (1, 10**6)])
def test_interval_of_a_detection_probability(found: int, total: int) -> None:
    expected = binomtest(found, total).proportion_ci(method="wilson")
    assert _wilson(found, total) == pytest.approx((expected.low, expected.high), rel=1e-9)


@pytest.mark.parametrize("blocks_per_task", [1, 3, 100])
@pytest.mark.parametrize("statistic", STATISTICS)
def test_chunks_change_nothing(statistic: str, blocks_per_task: int) -> None:
    options: dict[str, Any] = {"realizations": 67_500, "seed": 6}
    expected = simulated_threshold(EXAMPLE, statistic, 0.05, **options)
    found = simulated_threshold(
        EXAMPLE, statistic, 0.05, blocks_per_task=blocks_per_task, **options
    )
    assert found == expected
    options["realizations"] = 5_500
    one = simulated_power(EXAMPLE, UNIFORM, expected, **options)
    other = simulated_power(EXAMPLE, UNIFORM, expected, blocks_per_task=blocks_per_task, **options)
    assert one == other


@pytest.mark.parametrize(("processes", "blocks_per_task"), [(1, 100), (2, 1)])
def test_processes_change_nothing(processes: int, blocks_per_task: int) -> None:
    options: dict[str, Any] = {"realizations": 67_500, "seed": 6}
    runner = LocalProcesses(processes)
    expected = simulated_threshold(EXAMPLE, "cumuf", 0.05, **options)
    found = simulated_threshold(
        EXAMPLE, "cumuf", 0.05, runner=runner, blocks_per_task=blocks_per_task, **options
    )
    assert found == expected


def test_chunks_do_not_change_a_covariance() -> None:
    options: dict[str, Any] = {"realizations": 20_500, "seed": 6, "errors": "balance"}
    one = simulated_covariance(EXAMPLE, **options)
    for blocks_per_task in (1, 7):
        other = simulated_covariance(EXAMPLE, blocks_per_task=blocks_per_task, **options)
        np.testing.assert_array_equal(one.covariance, other.covariance)


def test_bracket_gives_the_exact_order_statistic() -> None:
    """With 100 000 realizations two thirds come from the pilot; all values at once say the same."""
    found = simulated_threshold(np.eye(3), "sitmuf", 0.05, realizations=100_000, seed=12)
    largest = np.concatenate(
        [
            next(streams.normal_slices(12, 3, block, streams.rows_of(block, 100_000))).max(axis=1)
            for block in range(streams.block_count(100_000))
        ]
    )
    assert found.threshold == streams.significant(float(np.sort(largest)[95_000 - 1]))


def test_progress_counts_blocks() -> None:
    told: list[tuple[int, int]] = []
    simulated_threshold(
        EXAMPLE, "muf", 0.05, realizations=100_000, seed=1, blocks_per_task=9,
        progress=lambda *seen: told.append(seen),
    )  # fmt: skip
    assert told == sorted(told) and told[-1] == (98, 98)


# --- covariance that is not a plain one ----------------------------------------------------------


def test_balance_without_error_is_left_out() -> None:
    covariance = np.zeros((9, 9))
    covariance[1:, 1:] = EXAMPLE
    for statistic in STATISTICS:
        inner = simulated_threshold(EXAMPLE, statistic, 0.05, realizations=20_000, seed=1)
        found = simulated_threshold(covariance, statistic, 0.05, realizations=20_000, seed=1)
        assert found.threshold == inner.threshold and found.balances == 9
    loss = np.concatenate([[0.0], UNIFORM])
    power = simulated_power(covariance, loss, found, realizations=5_000, seed=1)
    assert power.first_alarms[0] == 0


def test_determined_balance_follows_the_others() -> None:
    """Only systematic errors: the second balance is twice the first, always."""
    systematic = np.array([1.0, 2.0, 3.0])
    covariance = np.outer(systematic, systematic)
    covariance[2, 2] += 1.0
    found = simulated_covariance(covariance, realizations=40_000, seed=3, errors="balance")
    assert np.abs((found.covariance - covariance) / found.standard_error).max() < 5
    assert found.covariance[0, 1] == pytest.approx(2 * found.covariance[0, 0], rel=1e-9)
    threshold = simulated_threshold(covariance, "muf", 0.05, realizations=40_000, seed=3)
    assert 1.6 < threshold.threshold < 2.2


def test_many_balances() -> None:
    covariance = np.eye(1000) * 2.7
    found = simulated_threshold(covariance, "page", 0.05, realizations=2_000, seed=3)
    assert found.interval is not None
    error = (found.interval[1] - found.interval[0]) / 2 / 1.96
    assert abs(found.threshold - page_threshold(1000, 0.05, 0.5).threshold) < 5 * error


def test_sparse_error_variables() -> None:
    """Ten thousand variables, drawn one by one, have the covariance that they say."""
    generator = np.random.default_rng(5)
    number = np.arange(10_000)
    numbers = np.concatenate([number, number])
    balance = np.concatenate([number % 8, (number + 1) % 8])
    part = Part("scale", numbers, balance, np.zeros_like(numbers), generator.normal(size=20_000))
    model = put_together([part], balances=8)
    found = simulated_covariance(model, realizations=2_000, seed=3, errors="period")
    z = (found.covariance - model.covariance()) / found.standard_error
    assert np.abs(z).max() < 5


# --- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"realizations": 10**9}, "more than the 100,000,000"),
        ({"realizations": 0}, "tell nothing"),
        ({"realizations": 50}, "too few"),
        ({"realizations": 1e6}, "not a whole number"),
        ({"seed": -1}, "out of range"),
        ({"alpha": 0.0}, "not a probability"),
        ({"alpha": math.nan}, "not a probability"),
        ({"statistic": "cusum"}, "no statistic called 'cusum'"),
        ({"errors": "period"}, "only a covariance"),
        ({"errors": "sample"}, "single samples"),
        ({"errors": "hour"}, "no level of errors"),
        ({"model": np.zeros((4, 4))}, "no value in any of the 4 balances"),
        ({"model": np.eye(4), "statistic": "gemuf_v5"}, "no value in any of the 4 balances"),
        ({"model": np.array([[1.0, 2.0], [2.0, 1.0]])}, "not positive semidefinite"),
        ({"model": np.array([[math.nan]])}, "not a finite number"),
    ],
)
def test_refused_threshold(change: dict[str, Any], told: str) -> None:
    request: dict[str, Any] = {
        "model": EXAMPLE, "statistic": "muf", "alpha": 0.05, "realizations": 1000, "seed": 1
    }  # fmt: skip
    request.update(change)
    model, statistic, alpha = (request.pop(name) for name in ("model", "statistic", "alpha"))
    with pytest.raises(UsageError, match=told) as caught:
        simulated_threshold(model, statistic, alpha, **request)
    assert caught.value.advice


@pytest.mark.parametrize(
    ("loss", "balances", "told"),
    [
        ([1.0, 2.0], 8, "must be 8 finite numbers"),
        ([math.nan] * 8, 8, "must be 8 finite numbers"),
        (UNIFORM, 9, "for 9 balances, the campaign has 8"),
    ],
)
def test_refused_power(loss: Any, balances: int, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        simulated_power(
            EXAMPLE, loss, limit("muf", 2.476, None, balances), realizations=1000, seed=1
        )
