"""Levels of detail with one distribution, and campaigns with all statistics."""

from __future__ import annotations

import dataclasses
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from keiryo.compute import streams
from keiryo.compute.processes import LocalProcesses
from keiryo.errors import UsageError
from keiryo.material_balance import simulation_campaign
from keiryo.material_balance.simulation import simulated_covariance, simulated_threshold
from keiryo.material_balance.simulation_amounts import PeriodAmounts, SampledAmounts
from keiryo.material_balance.simulation_campaign import (
    CampaignArrays,
    ObservedCampaign,
    campaign,
    campaign_blocks,
    campaign_summary,
)
from keiryo.material_balance.statistics import (
    cumuf,
    ewma,
    factor,
    gemuf_v1,
    gemuf_v5,
    itmuf,
    page,
    sigma_cumuf,
    sitmuf,
)


def constant_facility(balances: int = 8, batches: int = 10) -> SampledAmounts:
    """Return the worked example: 10 batches of 10 kg in and out per balance, 50 kg inventory."""
    sample = np.tile([10.0, -10.0], (balances * batches, 1))
    return SampledAmounts(
        sample, np.repeat(np.arange(balances), batches), np.full((balances + 1, 1), 50.0),
        np.full(2, 0.01), np.full(2, 0.005), np.array([0.02]), np.array([0.01]),
    )  # fmt: skip


def varied_facility(scale: float = 1.0) -> SampledAmounts:
    """Return three flows and two inventories that change all the time, with idle samples."""
    draw = np.random.default_rng(77)
    sample = draw.gamma(2.0, 5.0, (60, 3)) * (draw.random((60, 3)) < 0.6) * [1.0, -0.7, -0.3]
    return SampledAmounts(
        sample, np.repeat(np.arange(6), 10), draw.uniform(10.0, 40.0, (7, 2)),
        scale * np.array([0.03, 0.02, 0.05]), scale * np.array([0.01, 0.02, 0.03]),
        scale * np.array([0.02, 0.03]), scale * np.array([0.01, 0.02]),
    )  # fmt: skip


def test_covariance_of_the_worked_example() -> None:
    expected = np.full((8, 8), 0.5) + 2.2 * np.eye(8) - np.eye(8, k=1) - np.eye(8, k=-1)
    found = constant_facility().by_period().error_variables().covariance()
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_one_error_per_period_is_larger() -> None:
    """n errors of x each make √n x δ; one error of the total makes n x δ."""
    found = constant_facility().by_period("period").error_variables().covariance()
    assert found[0, 0] == pytest.approx(4.5)


@pytest.mark.parametrize("make", [constant_facility, varied_facility])
@pytest.mark.parametrize("errors", ["balance", "period", "sample"])
def test_each_level_has_the_analytic_covariance(errors: Any, make: Any) -> None:
    model = make()
    found = simulated_covariance(model, realizations=20_000, seed=31, errors=errors)
    exact = model.by_period().error_variables().covariance()
    assert np.abs((found.covariance - exact) / found.standard_error).max() < 5


@pytest.mark.parametrize("statistic", ["muf", "cumuf", "page", "gemuf_v1", "gemuf_v5"])
def test_levels_have_the_same_thresholds(statistic: str) -> None:
    """Not only the covariance is the same: the distribution of each statistic is."""
    found = [
        simulated_threshold(
            varied_facility(), statistic, 0.1, realizations=20_000, seed=17, errors=errors
        )
        for errors in ("balance", "period", "sample")
    ]
    reference, spread = found[2], [np.ptp(f.interval or (0, 0)) / 2 / 1.96 for f in found]
    for other, error in zip(found[:2], spread[:2], strict=True):
        allowed = 5 * np.hypot(error, spread[2])
        assert abs(other.threshold - reference.threshold) < allowed


def test_sums_over_samples() -> None:
    model = varied_facility()
    expected = model.sample_kg.reshape(6, 10, 3).sum(axis=1)
    np.testing.assert_allclose(model.by_period().flow_kg, expected)
    first = dataclasses.replace(model, balance=np.repeat([0, 1, 3, 4, 5], 12))
    assert not first.sums(first.sample_kg)[2].any()  # a period without any sample


@pytest.mark.parametrize("errors", ["balance", "period", "sample"])
def test_campaign_has_the_statistics_of_its_muf(errors: Any) -> None:
    model, loss = varied_facility(), np.array([0, 1.0, 0, 0, 2.0, 0])
    found = campaign(model, realizations=1100, seed=3, errors=errors, loss_kg=loss, k=0.25)
    amounts = model.by_period()
    covariance = amounts.error_variables().covariance()
    known = factor(covariance)
    y = sitmuf(found.muf, known)
    expected = CampaignArrays(
        found.muf, cumuf(found.muf), itmuf(found.muf, known), y, page(y, 0.25), ewma(y),
        gemuf_v1(y), gemuf_v5(found.muf, known), np.sqrt(np.diagonal(covariance)),
        sigma_cumuf(covariance),
    )  # fmt: skip
    for field in fields(CampaignArrays):
        np.testing.assert_allclose(
            getattr(found, field.name), getattr(expected, field.name), rtol=1e-9, atol=1e-9
        )
    error = found.muf.mean(axis=0) - amounts.muf_kg - loss
    assert (np.abs(error) < 5 * expected.sigma_muf / np.sqrt(1100)).all()


def test_observed_covariance_is_that_of_the_measured_amounts() -> None:
    """Every campaign is computed once more, by itself, from what it measured."""
    amounts, loss = varied_facility().by_period(), np.array([0, 1.0, 0, 0, 2.0, 0])
    found = campaign(amounts, realizations=25, seed=5, covariance="observed", loss_kg=loss)
    plan = ObservedCampaign(amounts, loss, np.ones(6, dtype=bool), 0.5, 0.2)
    numbers = next(streams.normal_slices(5, plan.width, 0, 25))
    flows, stocks = plan._measured(numbers)
    for number, (flow, stock) in enumerate(zip(flows, stocks, strict=True)):
        root = amounts.flow_root_kg * np.abs(flow / amounts.flow_kg)
        own = dataclasses.replace(amounts, flow_kg=flow, flow_root_kg=root, inventory_kg=stock)
        muf, covariance = own.muf_kg + loss, own.error_variables().covariance()
        known = factor(covariance)
        y = sitmuf(muf, known)
        expected = CampaignArrays(
            muf, cumuf(muf), itmuf(muf, known), y, page(y), ewma(y), gemuf_v1(y),
            gemuf_v5(muf, known), np.sqrt(np.diagonal(covariance)), sigma_cumuf(covariance),
        )  # fmt: skip
        for field in fields(CampaignArrays):
            np.testing.assert_allclose(
                getattr(found, field.name)[number], getattr(expected, field.name), rtol=1e-9
            )


def test_measured_amounts_have_the_declared_errors() -> None:
    amounts = varied_facility().by_period()
    found = campaign(amounts, realizations=20_000, seed=6, covariance="observed")
    exact = amounts.error_variables().covariance()
    error = found.muf - amounts.muf_kg
    standard = np.sqrt((np.outer(np.diagonal(exact), np.diagonal(exact)) + exact**2) / 20_000)
    assert np.abs((error.T @ error / 20_000 - exact) / standard).max() < 5
    # Estimating the covariance changes little when errors are a few per cent.
    true = (amounts.muf_kg,)
    spread = (found.sitmuf - sitmuf(*true, factor(exact))).std(axis=0)
    assert np.abs(spread - 1).max() < 0.25


def test_observed_covariance_comes_near_the_nominal_one() -> None:
    amounts = varied_facility(0.001).by_period()
    nominal = campaign(amounts, realizations=10, seed=6, errors="period")
    observed = campaign(amounts, realizations=10, seed=6, covariance="observed")
    expected = np.broadcast_to(nominal.sigma_cumuf, observed.sigma_cumuf.shape)
    np.testing.assert_allclose(observed.sigma_cumuf, expected, rtol=1e-3)


def test_balance_without_amounts() -> None:
    model = varied_facility()
    still = dataclasses.replace(
        model, sample_kg=model.sample_kg * (model.balance > 0)[:, None],
        inventory_kg=model.inventory_kg * (np.arange(7) > 1)[:, None],
    )  # fmt: skip
    for covariance in ("nominal", "observed"):
        found = campaign(still, realizations=50, seed=5, covariance=covariance)
        assert np.isnan(found.sitmuf[:, 0]).all() and np.isfinite(found.sitmuf[:, 1:]).all()
        assert not found.muf[:, 0].any()
        assert np.isfinite(found.gemuf_v5).sum(axis=0).tolist() == [0, 0, 0, 50, 0, 0]


def test_observed_covariance_that_is_singular() -> None:
    amounts = varied_facility().by_period()
    still = dataclasses.replace(
        amounts, inventory_kg=0 * amounts.inventory_kg, flow_kg=0 * amounts.flow_kg
    )
    plan = ObservedCampaign(still, np.zeros(6), np.ones(6, dtype=bool), 0.5, 0.2)
    with pytest.raises(UsageError, match="not positive definite"):
        plan.arrays(np.zeros((3, plan.width)))


@pytest.mark.parametrize("covariance", ["nominal", "observed"])
def test_chunks_and_processes_change_nothing(covariance: Any) -> None:
    options: dict[str, Any] = {"realizations": 7000, "seed": 8, "covariance": covariance}
    model = varied_facility().by_period()
    expected = campaign_summary(model, **options)
    processes = LocalProcesses(2) if covariance == "observed" else None
    for runner, blocks in ((None, 1), (None, 3), (processes, 2)):
        found = campaign_summary(model, runner=runner, blocks_per_task=blocks, **options)
        assert found.provenance == expected.provenance
        for name, mean in expected.mean.items():
            np.testing.assert_array_equal(found.mean[name], mean)
            np.testing.assert_array_equal(
                found.standard_deviation[name], expected.standard_deviation[name]
            )


def test_summary_of_the_blocks() -> None:
    options: dict[str, Any] = {"realizations": 3000, "seed": 8}
    arrays, summary = (
        campaign(varied_facility(), **options),
        campaign_summary(varied_facility(), **options),
    )
    assert sum(len(b.muf) for b in campaign_blocks(varied_facility(), **options)) == 3000
    np.testing.assert_allclose(summary.mean["cumuf"], arrays.cumuf.mean(axis=0), rtol=1e-8)
    np.testing.assert_allclose(
        summary.standard_deviation["page"], arrays.page.std(axis=0), rtol=1e-6
    )


def test_arrays_that_do_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulation_campaign, "MAX_BYTES", 10**6)
    with pytest.raises(UsageError, match=r"need 0\.0 GB|need") as caught:
        campaign(varied_facility(), realizations=10_000, seed=1)
    assert "campaign_summary" in caught.value.advice


def test_campaign_of_a_covariance() -> None:
    muf = np.array([1.0, -1.0, 0.0])
    found = campaign(np.eye(3), muf_kg=muf, realizations=40_000, seed=2)
    assert np.abs(found.muf.mean(axis=0) - muf).max() < 5 / np.sqrt(40_000)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"realizations": 10**9}, "more than"),
        ({"seed": 2**64}, "out of range"),
        ({"covariance": "true"}, "no covariance called"),
        ({"covariance": "observed", "errors": "sample"}, "measured amounts"),
        ({"covariance": "observed", "muf_kg": np.zeros(6)}, "measured amounts"),
        ({"model": np.eye(6), "covariance": "observed"}, "measured amounts"),
        ({"loss_kg": np.zeros(5)}, "loss must be 6 finite"),
        ({"muf_kg": np.full(6, np.nan)}, "MUF must be 6 finite"),
    ],
)
def test_refused_campaign(change: dict[str, Any], told: str) -> None:
    request: dict[str, Any] = {"model": varied_facility(), "realizations": 10, "seed": 1} | change
    with pytest.raises(UsageError, match=told):
        list(campaign_blocks(request.pop("model"), **request))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"sample_kg": np.full((60, 3), np.nan)}, "sample_kg holds a number that is not finite"),
        ({"balance": np.repeat([1, 0, 2, 3, 4, 5], 10)}, "not in the order"),
        ({"balance": np.repeat([0, 1, 2, 3, 4, 6], 10)}, "outside the balances"),
        ({"flow_random": np.array([0.1, -0.1, 0.1])}, "none negative"),
        ({"inventory_systematic": np.array([0.1])}, "2 standard deviations"),
    ],
)
def test_refused_amounts(change: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        dataclasses.replace(varied_facility(), **change)


def test_refused_period_amounts() -> None:
    amounts = varied_facility().by_period()
    with pytest.raises(UsageError, match="do not fit together"):
        dataclasses.replace(amounts, inventory_kg=amounts.inventory_kg[:-1])
    assert isinstance(amounts, PeriodAmounts) and amounts.balances == 6
