"""Answers to design questions: published tables, simulation against exact, sensible orders."""

from __future__ import annotations

import numpy as np
import pytest

from keiryo.design.case import Campaign, covariance_campaign, independent_campaign
from keiryo.design.questions import (
    Effort,
    campaign_threshold,
    detectable_loss,
    power,
    power_curve,
    what_if,
)
from keiryo.errors import UsageError
from keiryo.material_balance.error_variables import Part, put_together

SMALL = Effort(realizations=40_000, seed=7)


def constant_facility() -> Campaign:
    """Eight balances: input and output 10 batches of 10 kg, 50 kg in the store at each closing.

    Random and systematic 0.01 and 0.005 for the flows, 0.02 and 0.01 for the store; sigma 2.7.
    """
    covariance = np.full((8, 8), 0.5)
    np.fill_diagonal(covariance, 2.7)
    for i in range(7):
        covariance[i, i + 1] = covariance[i + 1, i] = -0.5
    return Campaign(covariance, np.arange(0.0, 90.0, 10.0))


UNIFORM = np.full(8, 1.5)
FOURTH = np.eye(8)[3] * 12
WORST = np.array([1.752808988764045] + [1.4157303370786518] * 6 + [1.752808988764045])


@pytest.mark.parametrize(
    ("statistic", "uniform", "fourth", "worst"),
    [
        ("neyman_pearson", 0.6515665816127718, 0.9999999999986287, 0.6429483894407714),
        ("cumuf_end", 0.6429483894407714, 0.6429483894407714, 0.6429483894407714),
        ("page", 0.5263395939082822, 0.9999996735651955, 0.49651718650731835),
        ("gemuf_v1_end", 0.24561901960240004, 0.9999999377794014, 0.24019175963499495),
        ("sitmuf", 0.27634932764960307, 0.9999999634131281, 0.2735160031345262),
    ],
)
def test_detection_probabilities_of_the_constant_facility(
    statistic: str, uniform: float, fourth: float, worst: float
) -> None:
    campaign = constant_facility()
    for loss, expected in ((UNIFORM, uniform), (FOURTH, fourth), (WORST, worst)):
        found = power(campaign, loss, statistic)
        assert found.method == "exact" and found.interval is None
        assert found.probability == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("statistic", ["page", "sitmuf"])
def test_simulated_and_exact_agree(statistic: str) -> None:
    from keiryo.material_balance.simulation import simulated_power

    campaign = constant_facility()
    limit = campaign_threshold(campaign, statistic)
    exact = power(campaign, UNIFORM, statistic)
    simulated = simulated_power(campaign.covariance, UNIFORM, limit, realizations=40_000, seed=11)
    error = max(simulated.standard_error, 1e-3)
    assert abs(simulated.detection_probability - exact.probability) < 5 * error
    shares = np.array(simulated.first_alarms) / 40_000
    assert np.abs(shares - exact.first_alarm).max() < 0.01


def test_thresholds_of_correlated_statistics_are_simulated_with_an_interval() -> None:
    campaign = constant_facility()
    for statistic, expected in (("muf", 2.476), ("cumuf", 2.149)):
        found = campaign_threshold(campaign, statistic, effort=Effort(100_000, seed=3))
        assert found.method == "simulated" and found.interval is not None
        low, high = found.interval
        assert low < found.threshold < high
        assert abs(found.threshold - expected) < 2.5 * (high - low)


def test_time_to_detection_counts_from_the_beginning_of_the_loss() -> None:
    campaign = constant_facility()
    early = power(campaign, np.eye(8)[0] * 40, "page", begin_h=4.0)
    assert early.time_to_detection_h == pytest.approx(6.0, abs=1e-6)
    assert early.median_time_h == 6.0 and early.false_before == 0.0
    late = power(campaign, np.eye(8)[5] * 40, "page")
    assert late.time_to_detection_h == pytest.approx(10.0, abs=1e-3)
    assert 0 < late.false_before < 0.05


def test_detectable_loss_is_detected_with_just_that_probability() -> None:
    campaign = constant_facility()
    for statistic in ("page", "cumuf_end"):
        least = detectable_loss(campaign, UNIFORM, statistic, probability=0.9)
        found = power(campaign, UNIFORM / UNIFORM.sum() * least, statistic)
        assert found.probability == pytest.approx(0.9, abs=1e-9)
    least = detectable_loss(campaign, UNIFORM, "muf", probability=0.9, effort=SMALL)
    found = power(campaign, UNIFORM / UNIFORM.sum() * least, "muf", effort=SMALL)
    assert found.probability == pytest.approx(0.9, abs=0.005)


def test_power_curves_rise_from_alpha() -> None:
    curves = power_curve(
        constant_facility(), UNIFORM, [0.0, 5.0, 10.0, 20.0], ["page", "cumuf"], effort=SMALL
    )
    for name, rows in curves.items():
        values = [row.probability for row in rows]
        assert values == sorted(values), name
        assert values[0] == pytest.approx(0.05, abs=0.01) and values[-1] > 0.85


def plant_of_two_sources() -> Campaign:
    one, both = np.zeros(2, dtype=np.intp), np.arange(2, dtype=np.intp)
    parts = [
        Part("scale", one, both, one, np.array([3.0, 3.0])),
        Part("laboratory", both, both, one, np.array([1.0, 1.0])),
    ]
    errors = put_together(parts, balances=2)
    return Campaign(errors.covariance(), np.array([0.0, 1.0, 2.0]), errors)


def test_what_if_puts_the_best_improvement_first() -> None:
    found = what_if(plant_of_two_sources(), np.array([5.0, 5.0]), "cumuf_end", factor=0.5)
    assert [row.source for row in found] == ["as it is", "scale", "laboratory"]
    as_it_is, scale, laboratory = found
    assert as_it_is.sigma_cumuf_kg == pytest.approx(np.sqrt(36 + 2))
    assert scale.sigma_cumuf_kg == pytest.approx(np.sqrt(9 + 2))
    assert laboratory.sigma_cumuf_kg == pytest.approx(np.sqrt(36 + 0.5))
    assert scale.detection_probability > laboratory.detection_probability
    assert scale.detectable_kg is not None and laboratory.detectable_kg is not None
    assert scale.detectable_kg < laboratory.detectable_kg


def test_what_if_needs_sources() -> None:
    with pytest.raises(UsageError, match="error sources"):
        what_if(constant_facility(), UNIFORM)


@pytest.mark.parametrize("statistic", ["", "Page", "everything"])
def test_an_unknown_statistic_is_named(statistic: str) -> None:
    with pytest.raises(UsageError, match="statistic"):
        power(constant_facility(), UNIFORM, statistic)


@pytest.mark.parametrize("balances", [0, -1, 10**6])
def test_too_few_or_too_many_independent_balances(balances: int) -> None:
    with pytest.raises(UsageError):
        independent_campaign(balances)


def test_covariances_are_read_from_files(tmp_path) -> None:
    matrix = constant_facility().covariance
    np.save(tmp_path / "c.npy", matrix)
    np.savetxt(tmp_path / "c.csv", matrix, delimiter=",", fmt="%.17g")
    for name in ("c.npy", "c.csv"):
        assert np.array_equal(covariance_campaign(tmp_path / name).covariance, matrix)
    (tmp_path / "bad.csv").write_text("1,2\n3,4\n5,6\n")
    (tmp_path / "worse.json").write_text('{"covariance": "no"}')
    for name in ("bad.csv", "worse.json", "missing.npy"):
        with pytest.raises(UsageError):
            covariance_campaign(tmp_path / name)


def test_curves_are_drawn(tmp_path) -> None:
    from keiryo.design.pictures import draw_power_curves

    losses = [0.0, 10.0, 30.0]
    found = power_curve(constant_facility(), UNIFORM, losses, ["page", "muf"], effort=SMALL)
    for name in ("curves.svg", "curves.png"):
        draw_power_curves(tmp_path / name, losses, found)
        assert (tmp_path / name).stat().st_size > 5000
    with pytest.raises(UsageError, match="neither"):
        draw_power_curves(tmp_path / "curves.pdf", losses, found)


def test_a_loss_where_nothing_is_uncertain_is_certain_to_show() -> None:
    campaign = Campaign(np.diag([1.0, 0.0, 1.0]), np.arange(4.0))
    for statistic in ("page", "cumuf_end", "muf"):
        found = power(campaign, np.array([0.0, 5.0, 0.0]), statistic, effort=SMALL)
        assert found.probability == 1.0 and found.contradicts and found.interval is None
        assert found.first_alarm.sum() == pytest.approx(1.0)
    assert not power(campaign, np.array([5.0, 0.0, 5.0]), "page").contradicts
    shared = Campaign(np.full((3, 3), 0.01), np.arange(4.0))
    assert power(shared, np.array([0.0, 0.15, 0.0]), "page").probability == 1.0
    assert not power(shared, np.array([0.1, 0.1, 0.1]), "page").contradicts


@pytest.mark.parametrize(
    "content",
    [b"", b"1,x\n2,3\n"],
    ids=["empty", "text"],
)
def test_covariance_files_that_are_none(tmp_path, content: bytes) -> None:
    (tmp_path / "c.csv").write_bytes(content)
    np.save(tmp_path / "complex.npy", np.eye(2) * 1j)
    for name in ("c.csv", "complex.npy", "."):
        with pytest.raises(UsageError):
            covariance_campaign(tmp_path / name)
