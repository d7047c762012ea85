"""Balances that come one at a time, and results that come late."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from keiryo.errors import UsageError
from keiryo.material_balance.running import RunningSequence
from keiryo.material_balance.sequence import evaluate_sequence
from keiryo.material_balance.thresholds import page_threshold, shewhart_threshold
from material_balance.worked_cases import B_COVARIANCE, B_MUF, covariances

COLUMNS = (
    "muf", "sigma_muf", "cumuf", "sigma_cumuf", "itmuf", "sigma_itmuf", "sitmuf", "page", "ewma",
    "gemuf_v1",
)  # fmt: skip


def run(muf: np.ndarray, covariance: np.ndarray) -> RunningSequence:
    running = RunningSequence()
    for i, value in enumerate(muf):
        running.add(value, covariance[i, : i + 1])
    return running


def same_as_batch(running: RunningSequence, tolerance: float = 1e-12) -> None:
    batch = evaluate_sequence(running.column("muf"), None, covariance=running.covariance())
    for name in COLUMNS:
        np.testing.assert_allclose(
            running.column(name), getattr(batch, name), rtol=tolerance, atol=tolerance
        )


def test_one_at_a_time_gives_the_same_as_all_at_once() -> None:
    running = run(B_MUF, B_COVARIANCE)
    same_as_batch(running)
    assert running.column("sitmuf")[-1] == pytest.approx(1.2496794437893697, rel=1e-12)
    assert running.column("gemuf_v1_probability")[-1] == pytest.approx(0.5218943866367189)
    assert running.points() == running.published
    assert running.changed_since_published() == ()


@settings(deadline=None, max_examples=40)
@given(covariances())
def test_same_for_any_covariance(covariance: np.ndarray) -> None:
    same_as_batch(run(np.linspace(-1, 2, len(covariance)), covariance), 1e-9)


def test_many_balances() -> None:
    rng = np.random.default_rng(0)
    root = rng.standard_normal((60, 60))
    same_as_batch(run(rng.standard_normal(60), root @ root.T + 10 * np.eye(60)), 1e-9)


def test_gaps() -> None:
    covariance = B_COVARIANCE.copy()
    covariance[2] = covariance[:, 2] = 0
    muf = B_MUF.copy()
    muf[5] = np.nan
    muf[2] = 0
    running = run(muf, covariance)
    same_as_batch(running)
    assert np.isnan(running.column("sitmuf")[[2, 5]]).all()


def test_determined_balance() -> None:
    covariance = np.array([[1.0, 1.0, 0.5], [1.0, 1.0, 0.5], [0.5, 0.5, 1.0]])
    same_as_batch(run(np.array([1.0, 1.0, 2.0]), covariance))
    wrong = covariance.copy()
    wrong[1, 2] = wrong[2, 1] = -0.5
    with pytest.raises(UsageError, match="no longer positive semidefinite"):
        run(np.array([1.0, 1.0, 2.0]), wrong)


def test_named_error_variables() -> None:
    rng = np.random.default_rng(1)
    running = RunningSequence()
    direct = np.zeros((5, 12))
    for i in range(5):
        value = {"scale": rng.normal(), f"closing {i}": 2.0, f"closing {i + 1}": -2.0}
        running.add_sensitivities(rng.normal(), value)
        direct[i, 0] = value["scale"]
        direct[i, 1 + i] += 2.0
        direct[i, 2 + i] -= 2.0
    np.testing.assert_allclose(running.covariance(), direct @ direct.T)
    same_as_batch(running)
    value = {"scale": 3.0, "closing 2": 2.5, "closing 3": -2.0}
    running.correct(3, value_kg=value)
    direct[2] = 0
    direct[2, 0], direct[2, 3], direct[2, 4] = 3.0, 2.5, -2.0
    np.testing.assert_allclose(running.covariance(), direct @ direct.T)
    running.add_sensitivities(0.1, {"closing 3": 1.0, "scale": 1.0})
    assert running.covariance()[5, 2] == pytest.approx(3.0 - 2.0)


def test_a_late_result_changes_what_follows_and_keeps_what_was_published() -> None:
    running = run(B_MUF, B_COVARIANCE)
    published = running.published
    row = B_COVARIANCE[4].copy()
    row[4] = 3.0
    correction = running.correct(
        5, muf_kg={5: 0.9, 6: 1.0}, covariance_row=row, reason="assay of tank 2, 14 May"
    )
    assert running.published == published
    assert running.points()[:4] == published[:4]
    same_as_batch(running)
    assert correction.balance == 5
    assert correction.reason == "assay of tank 2, 14 May"
    first = correction.changes[0]
    assert (first.balance, first.statistic) == (5, "muf")
    assert (first.published, first.recomputed) == (-1.1, 0.9)
    assert {c.balance for c in correction.changes} == {5, 6, 7, 8}
    assert running.changed_since_published() == correction.changes
    # and on it goes
    running.add(0.5, [0.5] * 7 + [-0.5, 2.7])
    same_as_batch(running)
    assert running.corrections == (correction,)


def test_correcting_back_leaves_no_difference() -> None:
    running = run(B_MUF, B_COVARIANCE)
    running.correct(2, muf_kg=5.0)
    running.correct(2, muf_kg=-0.8)
    assert running.changed_since_published() == ()
    assert len(running.corrections) == 2


def test_a_refused_row_leaves_the_sequence_as_it_was() -> None:
    running = run(B_MUF[:3], B_COVARIANCE[:3, :3])
    before = running.points()
    with pytest.raises(UsageError, match="no longer positive semidefinite"):
        running.add(1.0, [9.0, 0.0, 0.0, 1.0])
    with pytest.raises(UsageError, match="no longer positive semidefinite"):
        running.correct(2, covariance_row=[9.0, 2.7, 0.0])
    assert running.points() == before
    running.add(2.0, B_COVARIANCE[3, :4])
    same_as_batch(running)


def test_alarms() -> None:
    limits = {"sitmuf": shewhart_threshold(8), "page": page_threshold(8)}
    running = RunningSequence(thresholds=limits)
    for i in range(8):
        running.add(B_MUF[i] + 9 * (i == 3), B_COVARIANCE[i, : i + 1])
        new = {a.statistic for a in running.alarms(first=running.count)}
        assert (new == {"sitmuf", "page"}) == (i == 3)
    assert running.alarms()[0].balance == 4
    assert "11.00 kg" in running.alarms()[0].reason


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda r: r.add(1.0, [1.0]), "has 1 entries, not 2"),
        (lambda r: r.add(1.0, [0.0, -1.0]), "negative variance"),
        (lambda r: r.add(1.0, [np.nan, 1.0]), "not finite"),
        (lambda r: r.add(np.inf, [0.0, 1.0]), "infinite"),
        (lambda r: r.add_sensitivities(1.0, {"scale": 1.0}), "mixes"),
        (lambda r: r.correct(2, muf_kg=1.0), "no balance 2"),
        (lambda r: r.correct(1, muf_kg=np.inf), "infinite"),
        (lambda r: r.correct(1, value_kg={"scale": 1.0}), "mixes"),
        (lambda r: r.correct(1, covariance_row=[-1.0]), "negative variance"),
        (lambda r: r.column("cusum"), "no statistic"),
        (lambda r: RunningSequence(page_k=-1), "reference value"),
        (lambda r: RunningSequence(ewma_weight=0), "EWMA"),
    ],
)
def test_nonsense_is_refused_with_advice(call, words: str) -> None:
    running = RunningSequence()
    running.add(1.0, [1.0])
    with pytest.raises(UsageError, match=words) as caught:
        call(running)
    assert caught.value.advice
