"""Laws that hold whatever the plant: sums, splits, scales, orders, and where a period ends."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from keiryo.process_data import files, hour_sums, series, sorting, transfers
from keiryo.process_data.service import ProcessBalances, evaluate_process, read_process
from process_data.plants import Plant


@pytest.fixture
def plant() -> Plant:
    """Return a plant of eight balances of 12.5 h, with every kind of source."""
    generator = np.random.Generator(np.random.PCG64(20260401))
    made = Plant({
        "feed": "input", "steam": "input:rate", "product": "output", "off-gas": "output:rate",
        "tank": "inventory", "vault": "inventory",
    })  # fmt: skip
    for name, role in made.locations.items():
        hours = np.arange(0.5, 100.25, 0.5) if "rate" in role else np.arange(1, 101)
        if role == "inventory":
            hours = np.arange(0, 101, 12.5)
        rows = [(float(h), name, float(generator.uniform(1, 9))) for h in hours]
        (made.inventories if role == "inventory" else made.flows).extend(rows)
    made.sources = [
        {"id": "scale", "kind": "random", "relative_sd": 0.01, "absolute_sd_kg": 0.1,
         "locations": ["feed", "product", "tank"]},
        {"id": "lab", "kind": "random", "relative_sd": 0.02, "shared": True, "locations": ["*"]},
        {"id": "shift", "kind": "random", "relative_sd": 0.02, "shared": True, "per": "period",
         "absolute_sd_kg": 0.2, "locations": ["*"]},
        {"id": "day", "kind": "random", "relative_sd": 0.01, "per": "period",
         "locations": ["feed", "off-gas"]},
        {"id": "calibration", "kind": "epoch", "relative_sd": 0.01, "shared": True,
         "epochs_h": [0, 25, 62.5], "locations": ["*"]},
        {"id": "standard", "kind": "long", "relative_sd": 0.005, "locations": ["*"]},
        {"id": "meter", "kind": "long", "relative_sd": 0.03, "locations": ["steam"],
         "valid_from_h": 30, "valid_to_h": 80},
    ]  # fmt: skip
    return made


def read(plant: Plant, folder: Path, period: float = 12.5) -> ProcessBalances:
    found = read_process(*plant.write(folder), period)
    assert found.errors is not None, found.findings
    return found


def covariance(found: ProcessBalances) -> np.ndarray:
    assert found.errors is not None
    return found.errors.covariance()


def without(plant: Plant, *names: str) -> Plant:
    return replace(plant, sources=[s for s in plant.sources if s["id"] not in names])


def test_balances_add_up(plant: Plant, tmp_path: Path) -> None:
    """Two periods together are the period twice as long: MUF, and its variance."""
    kept = without(plant, "shift", "day")  # errors per period are others in longer periods
    short, long = read(kept, tmp_path, 12.5), read(kept, tmp_path, 25)
    add = np.kron(np.eye(4), np.ones((1, 2)))
    np.testing.assert_allclose(add @ short.muf_kg, long.muf_kg, rtol=1e-10)
    together = add @ covariance(short) @ add.T
    np.testing.assert_allclose(together, covariance(long), rtol=1e-10)


def test_order_of_locations_and_lines_changes_nothing(plant: Plant, tmp_path: Path) -> None:
    turned = replace(
        plant,
        locations=dict(reversed(plant.locations.items())),
        flows=plant.flows[::-1],
        inventories=plant.inventories[::-1],
        sources=plant.sources[::-1],
    )
    one, two = read(plant, tmp_path / "a"), read(turned, tmp_path / "b")
    np.testing.assert_allclose(one.muf_kg, two.muf_kg, rtol=1e-11)
    np.testing.assert_allclose(covariance(one), covariance(two), rtol=1e-11)


@pytest.mark.parametrize("order", ["by hour", "by location", "backwards"])
def test_how_much_is_read_at_a_time_changes_nothing(
    plant: Plant, tmp_path: Path, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = read(plant, tmp_path)
    if order != "by location":
        plant.flows.sort(key=lambda row: row[0], reverse=order == "backwards")
    for module, name, few in (
        (files, "BLOCK_BYTES", 170), (sorting, "ROWS_IN_MEMORY", 100), (series, "_ONE_IN", 9),
        (transfers, "_MERGE_FROM", 10), (hour_sums, "_MERGE_FROM", 10),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, few)
    found = read(plant, tmp_path)
    np.testing.assert_allclose(found.muf_kg, whole.muf_kg, rtol=1e-11)
    np.testing.assert_allclose(covariance(found), covariance(whole), rtol=1e-11)


def test_scaled_amounts_scale_everything(plant: Plant, tmp_path: Path) -> None:
    double = replace(
        plant,
        flows=[(h, n, kg * 2) for h, n, kg in plant.flows],
        inventories=[(h, n, kg * 2) for h, n, kg in plant.inventories],
        sources=[
            {k: v * 2 if k == "absolute_sd_kg" else v for k, v in s.items()} for s in plant.sources
        ],
    )
    one, two = read(plant, tmp_path / "a"), read(double, tmp_path / "b")
    np.testing.assert_allclose(2 * one.muf_kg, two.muf_kg, rtol=1e-12)
    np.testing.assert_allclose(4 * covariance(one), covariance(two), rtol=1e-12)


def test_split_location_with_shared_sources_changes_nothing(plant: Plant, tmp_path: Path) -> None:
    """One tank read as two halves, all errors common to both, is one tank."""
    shared = replace(
        plant,
        sources=[{**s, "shared": True} for s in plant.sources if "absolute_sd_kg" not in s],
    )
    shared = without(shared, "standard", "day")
    split = replace(
        shared,
        locations={**shared.locations, "tank b": "inventory", "feed b": "input"},
        flows=[(h, n, kg / 4 if n == "feed" else kg) for h, n, kg in shared.flows]
        + [(h, "feed b", kg * 3 / 4) for h, n, kg in shared.flows if n == "feed"],
        inventories=[(h, n, kg / 2 if n == "tank" else kg) for h, n, kg in shared.inventories]
        + [(h, "tank b", kg / 2) for h, n, kg in shared.inventories if n == "tank"],
    )
    one, two = read(shared, tmp_path / "a"), read(split, tmp_path / "b")
    np.testing.assert_allclose(one.muf_kg, two.muf_kg, rtol=1e-10)
    np.testing.assert_allclose(covariance(one), covariance(two), rtol=1e-10)


def test_later_balances_change_nothing_of_earlier_ones(plant: Plant, tmp_path: Path) -> None:
    shorter = replace(
        plant,
        flows=[row for row in plant.flows if row[0] <= 51],  # rates need the sample after
        inventories=[row for row in plant.inventories if row[0] <= 50],
    )
    whole = evaluate_process(*plant.write(tmp_path / "a"), 12.5).to_dict()
    part = evaluate_process(*shorter.write(tmp_path / "b"), 12.5).to_dict()
    for name in ("muf", "cumuf", "sigma_muf", "sigma_cumuf", "sitmuf", "page", "gemuf_v1"):
        np.testing.assert_allclose(part[name], whole[name][:4], rtol=1e-9, err_msg=name)


@pytest.mark.parametrize("period", [0.1, 0.3, 0.7, 1.1, 416])
def test_transfer_at_a_closing_belongs_to_the_period_that_ends_there(
    tmp_path: Path, period: float
) -> None:
    """Hours written as decimals, or added up in binary: each closing is hit exactly."""
    written = [f"{round(period * 10 * n) / 10:.1f}" for n in range(1, 31)]
    added = np.cumsum(np.full(30, period)).tolist()
    for hours in (written, added):
        plant = Plant({"feed": "input"}, [(h, "feed", n + 1) for n, h in enumerate(hours)])
        plant.sources = [{"id": "r", "kind": "random", "relative_sd": 0.01, "locations": ["feed"]}]
        found = read(plant, tmp_path, period)
        assert found.inputs_kg.tolist() == list(range(1, 31))


def test_transfer_at_a_recalibration_is_measured_with_what_ends_there(tmp_path: Path) -> None:
    plant = Plant({"feed": "input"}, [(10, "feed", 1), (10.5, "feed", 1), (20, "feed", 1)])
    plant.sources = [
        {"id": "e", "kind": "epoch", "relative_sd": 1e-2, "locations": ["*"], "epochs_h": [0, 10]}
    ]
    found = covariance(read(plant, tmp_path, 10))
    np.testing.assert_allclose(found, [[1e-4, 0], [0, 4e-4]], rtol=1e-12)


@pytest.mark.parametrize("closing", ["new", "old"])
def test_inventory_at_a_recalibration_is_measured_as_declared(tmp_path: Path, closing: str) -> None:
    """Closing 1 of 50 kg: with the new calibration it shares its error with closing 2."""
    plant = Plant({"tank": "inventory", "feed": "input"})
    plant.inventories = [(10 * n, "tank", 50) for n in range(3)]
    plant.sources = [
        {"id": "e", "kind": "epoch", "relative_sd": 0.01, "locations": ["tank"],
         "epochs_h": [-10, 10], "closing": closing}
    ]  # fmt: skip
    plant.flows = [(1, "feed", 0)]
    found = covariance(read(plant, tmp_path, 10))
    # new: e0 on +50 (balance 1); e1 on -50 (1), 0 (2). old: e0 on 0 (1), +50 (2); e1 on -50 (2)
    expected = [[0.5, 0], [0, 0]] if closing == "new" else [[0, 0], [0, 0.5]]
    np.testing.assert_allclose(found, expected, atol=1e-15)
