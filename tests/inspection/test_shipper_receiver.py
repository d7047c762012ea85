"""Shipper–receiver differences: worked numbers, shared errors, a simulation, bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest

from keiryo.errors import UsageError
from keiryo.inspection.difference_model import Errors
from keiryo.inspection.shipper_receiver import evaluate_shipments

SHIPPER, RECEIVER = Errors(0.0006, 0.0005), Errors(0.0008, 0.0007)


def close(value: float) -> object:
    return pytest.approx(value, rel=1e-9)


def test_worked_batch_and_its_cumulation() -> None:
    found = evaluate_shipments([1521.30] * 12, [1519.85] * 12, SHIPPER, RECEIVER, items=[10] * 12)
    assert found.difference_kg[0] == close(1.45)
    assert found.sigma_kg[0] == close(1.3934181510964323)
    assert found.ratio[0] == close(1.040606510586281)
    assert found.cumulative_sigma_kg[-1] == close(15.782275528926744)
    assert math.sqrt((found.sigma_kg**2).sum()) == close(4.8269420677754145)  # not shared: wrong
    assert found.to_dict()["cumulative_kg"] == close(17.4)
    assert found.rows()[0]["better"] == "shipper"
    assert not found.findings


def test_shared_standard_cancels() -> None:
    found = evaluate_shipments([100.0], [99.0], SHIPPER, RECEIVER, shared_sd=0.0004)
    own = found.sigma_shipper_kg[0] ** 2 + found.sigma_receiver_kg[0] ** 2
    assert found.sigma_kg[0] ** 2 == close(own - 2 * 100.0 * 99.0 * 0.0004**2)


def test_recalibration_makes_errors_independent() -> None:
    together = evaluate_shipments([100.0] * 2, [100.0] * 2, Errors(0, 0.01), Errors(0, 0))
    apart = evaluate_shipments(
        [100.0] * 2, [100.0] * 2, Errors(0, 0.01), Errors(0, 0), shipper_epoch=["a", "b"]
    )
    assert together.cumulative_sigma_kg[1] == close(2.0)
    assert apart.cumulative_sigma_kg[1] == close(math.sqrt(2))


def test_cumulated_differences_in_a_simulation() -> None:
    runs, rng = 30_000, np.random.default_rng(5)
    s, r, n = np.array([50.0, 80, 30]), np.array([51.0, 79, 30]), np.array([4, 8, 1])
    found = evaluate_shipments(
        s, r, SHIPPER, RECEIVER, items=[4, 8, 1], shared_sd=0.0004, shipper_epoch=["a", "a", "b"]
    )
    shared = rng.normal(0, 0.0004, runs)
    own_s = rng.normal(0, math.sqrt(0.0005**2 - 0.0004**2), (runs, 2))[:, [0, 0, 1]]
    own_r = rng.normal(0, math.sqrt(0.0007**2 - 0.0004**2), (runs, 1))
    noise_s = rng.normal(0, 0.0006, (runs, 3)) / np.sqrt(n)
    noise_r = rng.normal(0, 0.0008, (runs, 3)) / np.sqrt(n)
    d = s * (own_s + noise_s + shared[:, None]) - r * (own_r + noise_r + shared[:, None])
    error = 4 * math.sqrt(2 / runs)
    assert np.var(d, axis=0) == pytest.approx(found.sigma_kg**2, rel=error)
    assert np.var(d.cumsum(axis=1), axis=0) == pytest.approx(
        found.cumulative_sigma_kg**2, rel=error
    )


def test_differences_that_errors_do_not_explain() -> None:
    found = evaluate_shipments([100.0, 100.0], [100.0, 98.0], SHIPPER, RECEIVER, lines=[2, 3])
    assert [f.code for f in found.findings] == ["SHIPMENT-DIFFERENCE", "SHIPMENT-TREND"]
    assert found.findings[0].line == 3


def test_no_errors_at_all() -> None:
    found = evaluate_shipments([100.0], [99.0], Errors(0, 0), Errors(0, 0))
    assert found.rows()[0]["ratio"] is None
    assert [(f.code, f.severity) for f in found.findings] == [("TESTS-NOT-COMPUTABLE", "E")]
    partly = evaluate_shipments([100.0, 0.0], [100.0, 0.0], SHIPPER, RECEIVER)
    assert [(f.code, f.severity) for f in partly.findings] == [("TESTS-NOT-COMPUTABLE", "W")]


def test_shipments_that_cannot_be_used() -> None:
    found = evaluate_shipments(
        [math.nan, -1, 1, 1], [1, 1, 1, 1], SHIPPER, RECEIVER,
        items=[1, 1, 0, 1], batches=["A", "B", "C", "A"],
    )  # fmt: skip
    assert [f.code for f in found.findings] == ["LIST-NUMBER"] * 3 + ["LIST-TWICE"]
    assert not found.batch
    assert found.to_dict()["cumulative_kg"] is None
    for s, r, code in [([], [], "LIST-EMPTY"), ([1.0], [1.0, 2.0], "LIST-ROW")]:
        assert [f.code for f in evaluate_shipments(s, r, SHIPPER, RECEIVER).findings] == [code]


@pytest.mark.parametrize(
    ("shipper", "shared", "alpha"),
    [(Errors(-0.1, 0), 0.0, 0.05), (Errors(math.nan, 0), 0.0, 0.05), (SHIPPER, 0.1, 0.05),
     (SHIPPER, 0.0, 0.0), (SHIPPER, 0.0, math.nan)],
)  # fmt: skip
def test_errors_that_make_no_sense(shipper: Errors, shared: float, alpha: float) -> None:
    with pytest.raises(UsageError):
        evaluate_shipments([1.0], [1.0], shipper, RECEIVER, shared_sd=shared, alpha=alpha)


def test_epochs_for_all_shipments_or_for_none() -> None:
    three = ([1521.0] * 3, [1520.0] * 3, SHIPPER, RECEIVER)
    found = evaluate_shipments(*three, shipper_epoch=["", None, "e1"], lines=[2, 3, 4])
    assert [(f.code, f.line) for f in found.findings] == [
        ("LIST-VALUE-MISSING", 2), ("LIST-VALUE-MISSING", 3)
    ]  # fmt: skip
    assert not found.batch
    none = evaluate_shipments(*three, receiver_epoch=[None, None, None])
    assert none.cumulative_sigma_kg[-1] == close(evaluate_shipments(*three).cumulative_sigma_kg[-1])
    few = evaluate_shipments(*three, shipper_epoch=["a"])
    assert [f.code for f in few.findings] == ["LIST-ROW"]


def test_level_and_side_are_said() -> None:
    found = evaluate_shipments([100.0, 100.0], [100.0, 98.0], SHIPPER, RECEIVER, alpha=0.01)
    assert all("limit 2.58, two-sided, alpha 0.01" in f.message for f in found.findings)
    assert found.to_dict()["side"] == "two-sided"
    for alpha in (1e-300, 0.9999999999999999):
        with pytest.raises(UsageError):
            evaluate_shipments([1.0], [1.0], SHIPPER, RECEIVER, alpha=alpha)
    heavy = evaluate_shipments([1e200], [1.0], SHIPPER, RECEIVER)
    assert [f.code for f in heavy.findings] == ["LIST-NUMBER"]
