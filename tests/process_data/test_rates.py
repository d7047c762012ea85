"""Rates that are sampled: their integral over the balances, and the errors of the samples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from keiryo.process_data.service import ProcessBalances, read_process
from process_data.plants import Plant, both


def inputs_of(
    folder: Path, samples: list[tuple[float, float]], closings: int, period: float = 10
) -> ProcessBalances:
    plant = Plant({"pipe": "input:rate", "tank": "inventory"})
    plant.flows = [(h, "pipe", kg) for h, kg in samples]
    plant.inventories = [(period * n, "tank", 0) for n in range(closings + 1)]
    plant.sources = both(0.01, 0.01)
    return read_process(*plant.write(folder), period)


@pytest.mark.parametrize("step", [0.5, 1, 2, 3, 4, 5, 7])
def test_constant_rate_gives_the_same_balance_whatever_the_step(
    tmp_path: Path, step: float
) -> None:
    samples = [(n * step, 10) for n in range(int(42 / step) + 1)]
    read = inputs_of(tmp_path, samples, 3)
    np.testing.assert_allclose(read.inputs_kg[:3], 100, rtol=1e-12)


def test_pulse_across_a_closing_is_divided(tmp_path: Path) -> None:
    pulse = {9.5: 0, 9.75: 20, 10: 20, 10.25: 20, 10.5: 0}
    samples = [(n / 4, pulse.get(n / 4, 0)) for n in range(81)]
    read = inputs_of(tmp_path, samples, 2)
    np.testing.assert_allclose(read.inputs_kg, [7.5, 7.5], rtol=1e-12)


def test_sparse_file_gives_the_integral_of_the_dense_one(tmp_path: Path) -> None:
    hours = np.arange(0, 40.5, 0.5)
    rate = np.where((hours % 10 > 3) & (hours % 10 < 6.6), 4 + np.sin(hours), 0)
    rate[5] = 3.0  # an isolated sample
    dense = list(zip(hours.tolist(), rate.tolist(), strict=True))
    full = inputs_of(tmp_path / "dense", dense, 4)
    sparse = inputs_of(tmp_path / "sparse", [s for s in dense if s[1]], 4)
    for n in range(4):
        part = (hours >= 10 * n) & (hours <= 10 * n + 10)
        area = np.trapezoid(rate[part], hours[part])
        assert full.inputs_kg[n] == pytest.approx(area, rel=1e-12)
    np.testing.assert_allclose(sparse.inputs_kg, full.inputs_kg, rtol=1e-12)
    assert "PROCESS-RATE-GAP" in {f.code for f in sparse.findings}
    assert sparse.errors is not None
    assert full.errors is not None
    np.testing.assert_allclose(sparse.errors.covariance(), full.errors.covariance(), rtol=1e-12)


def test_isolated_sample_counts_for_one_step(tmp_path: Path) -> None:
    samples = [(1, 2), (2, 2), (3, 2), (15, 6), (25, 1), (26, 1)]
    read = inputs_of(tmp_path, samples, 3)
    np.testing.assert_allclose(read.inputs_kg, [6, 6, 2], rtol=1e-12)


def test_sample_at_a_closing_ties_two_balances(tmp_path: Path) -> None:
    read = inputs_of(tmp_path, [(n, 10) for n in range(21)], 2)
    assert read.errors is not None
    random = read.errors.scaled({"s *": 0.0}).covariance()
    # nine whole samples, and half of one at each closing
    np.testing.assert_allclose(random[0, 0], 0.1**2 * (9 + 0.25 + 0.25), rtol=1e-12)
    np.testing.assert_allclose(random[0, 1], 0.1**2 * 0.25, rtol=1e-12)


def test_rate_that_begins_or_ends_flowing_is_told(tmp_path: Path) -> None:
    read = inputs_of(tmp_path, [(n, 10) for n in range(3, 16)], 2)
    told = [f.message for f in read.findings if f.code == "PROCESS-RATE-CUT"]
    assert ["begins at hour 3" in told[0], "ends at hour 15" in told[1]] == [True, True]


def test_stated_step_is_used(tmp_path: Path) -> None:
    plant = Plant({"pipe": "input:rate,2"}, [(5, "pipe", 3)], [], both(0.01, 0))
    folder, sources = plant.write(tmp_path)
    text = (folder / "locations.csv").read_text().replace("mode", "mode,step_h")
    (folder / "locations.csv").write_text(text)
    (folder / "flows.csv").write_text("hour,location,kg\n5,pipe,3\n20,pipe,0\n")
    read = read_process(folder, sources, 10)
    np.testing.assert_allclose(read.inputs_kg, [6, 0])


def steady(folder: Path, source: dict[str, Any], period: float = 10) -> ProcessBalances:
    """Return the balances of 1 kg/h, sampled at hours 0, 5, ... 40, with one source."""
    plant = Plant({"pipe": "input:rate", "tank": "inventory"})
    plant.flows = [(5 * n, "pipe", 1) for n in range(9)]
    plant.inventories = [(10 * n, "tank", 5) for n in range(5)]
    common = {"id": "x", "relative_sd": 0.01, "locations": ["pipe"], "shared": False}
    plant.sources = [{**common, **source}]
    return read_process(*plant.write(folder), period)


def covariance_of(read: ProcessBalances) -> np.ndarray:
    assert read.errors is not None, read.findings
    return read.errors.covariance()


@pytest.mark.parametrize(
    "source",
    [
        {"kind": "long"},
        {"kind": "epoch", "epochs_h": [0]},
        {"kind": "epoch", "epochs_h": [-1]},
        {"kind": "epoch", "epochs_h": [-1], "closing": "old"},
        {"kind": "long", "valid_from_h": 0},
        {"kind": "long", "valid_to_h": 40, "closing": "old", "valid_from_h": -1},
    ],
)
def test_one_calibration_from_the_first_sample_on_is_one_error(
    tmp_path: Path, source: dict[str, Any]
) -> None:
    """A sample at the very hour of a calibration is a reading, taken with that calibration."""
    read = steady(tmp_path, source)
    np.testing.assert_allclose(covariance_of(read), np.full((4, 4), 0.01), rtol=1e-12)
    told = {f.code for f in read.findings}
    assert not told & {"SOURCE-EPOCH-BEFORE", "SOURCE-VALID-PARTLY"}


@pytest.mark.parametrize(
    ("closing", "before", "after"),
    [("new", [17.5, 0], [2.5, 20]), ("old", [20, 2.5], [0, 17.5])],
)
def test_sample_at_a_recalibration(
    tmp_path: Path, closing: str, before: list[float], after: list[float]
) -> None:
    """The sample of hour 20 brings 2.5 kg to either of two balances of 20 h."""
    source = {"kind": "epoch", "epochs_h": [-10, 20], "closing": closing}
    found = covariance_of(steady(tmp_path, source, 20))
    expected = 1e-4 * (np.outer(before, before) + np.outer(after, after))
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)


def test_first_sample_before_the_first_calibration_is_told(tmp_path: Path) -> None:
    read = steady(tmp_path, {"kind": "epoch", "epochs_h": [0], "closing": "old"})
    assert "SOURCE-EPOCH-BEFORE" in {f.code for f in read.findings}


def test_gap_tells_the_kilograms_it_leaves_out(tmp_path: Path) -> None:
    read = inputs_of(tmp_path, [(0, 0), (5, 2), (6, 2), (7, 2), (19, 4), (20, 0)], 2)
    (told,) = (f for f in read.findings if f.code == "PROCESS-RATE-GAP")
    assert str(told.severity) == "W"
    # hours 0 to 5: 1 kg/h on average for 4 h beyond a step; 7 to 19: 3 kg/h for 11 h
    assert told.found == "37 kg"


@pytest.mark.parametrize(
    ("samples", "words"),
    [([(0, 1), (20, 1)], "20 h apart"), ([(1, 1), (2, 1)], "2 samples of its rate")],
)
def test_too_few_samples_are_told(
    tmp_path: Path, samples: list[tuple[float, float]], words: str
) -> None:
    read = inputs_of(tmp_path, samples, 2)
    (told,) = (f for f in read.findings if f.code == "PROCESS-RATE-SPARSE")
    assert words in told.message
    assert not read.rejected
