"""A fuel-fabrication campaign and published worked examples, from files to statistics."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from keiryo.process_data.service import evaluate_process
from process_data.plants import DATA, Plant, both

PERIOD_H = 416
EXPECTED = json.loads((DATA / "expected.json").read_text())
ROLES = {"cylinder": "input", "drums": "input", "uf6_heel": "output", "scrap_loss": "output"}


@pytest.fixture(scope="module")
def campaign() -> Plant:
    """Return the campaign of normal operation as process data."""
    plant = Plant({**ROLES, "fuel_pins": "output"})
    for name in ("inputs", "outputs"):
        with (DATA / f"{name}.csv").open() as stream:
            plant.flows += [(r["hour"], r["location"], r["kg_u"]) for r in csv.DictReader(stream)]
    with gzip.open(DATA / "inventories.csv.gz", "rt") as stream:
        for row in csv.DictReader(stream):
            hour = row.pop("hour")
            if int(hour) % PERIOD_H == 0:
                plant.inventories += [(hour, name, kg) for name, kg in row.items()]
    for _, name, _ in plant.inventories:
        plant.locations[name] = "inventory"
    plant.sources = both(0.005, 0.005)
    return plant


def with_loss(plant: Plant, factor: float, last_hour: int) -> Plant:
    flows = [
        (h, n, repr(float(kg) * factor) if n == "fuel_pins" and 1011 <= int(h) <= last_hour else kg)
        for h, n, kg in plant.flows
    ]
    return Plant(plant.locations, flows, plant.inventories, plant.sources)


@pytest.mark.parametrize(
    ("case", "factor", "last_hour"),
    [("normal", 1.0, 0), ("abrupt", 0.9, 1110), ("protracted", 0.99, 6240)],
)
def test_campaign_gives_the_reference_values(
    campaign: Plant, tmp_path: Path, case: str, factor: float, last_hour: int
) -> None:
    done = evaluate_process(*with_loss(campaign, factor, last_hour).write(tmp_path), PERIOD_H)
    found, reference = done.to_dict(), EXPECTED[case]["reference"]
    assert found["balances"] == [
        {"from_h": PERIOD_H * n, "to_h": PERIOD_H * (n + 1)} for n in range(15)
    ]
    pairs = {
        "muf": ("MUF", 1e-9), "sigma_muf": ("sigma", 1e-9), "cumuf": ("CUMUF", 1e-9),
        "sigma_cumuf": ("sdCUMUF", 1e-9), "sitmuf": ("SITMUF", 1e-6), "page": ("Page", 1e-6),
        "gemuf_v1": ("GEMUF", 1e-6), "active_inventory": ("active_inventory", 1e-9),
    }  # fmt: skip
    for key, (name, tolerance) in pairs.items():
        np.testing.assert_allclose(found[key], reference[name], rtol=tolerance, err_msg=key)
    covariance = np.array(found["covariance"])
    for name, at in {"S01": (0, 1), "S12": (1, 2), "S02": (0, 2), "S0_14": (0, 14)}.items():
        assert covariance[at] == pytest.approx(reference[name], rel=1e-9)
    shares = np.array(list(found["variance_shares"].values()))
    np.testing.assert_allclose(shares.sum(axis=0), 1, rtol=1e-12)


def test_bias_of_the_campaign_is_reported(campaign: Plant, tmp_path: Path) -> None:
    done = evaluate_process(*campaign.write(tmp_path), PERIOD_H)
    codes = {finding.code for finding in done.findings}
    assert "MUF-BIAS" in codes
    assert "PROCESS-TRANSFER-LATE" in codes  # hours 6241 to 6480 are in no closed balance
    assert not done.questions


def test_losses_raise_alarms_and_normal_operation_does_not(campaign: Plant, tmp_path: Path) -> None:
    normal = evaluate_process(*campaign.write(tmp_path / "normal"), PERIOD_H)
    assert normal.sequence is not None
    assert not normal.sequence.alarms
    folder = with_loss(campaign, 0.9, 1110).write(tmp_path / "abrupt")
    abrupt = evaluate_process(*folder, PERIOD_H)
    assert abrupt.sequence is not None
    assert ("sitmuf", 3) in {(a.statistic, a.balance) for a in abrupt.sequence.alarms}


def constant_plant(balances: int) -> Plant:
    """Return ten batches of 10 kg in and out per balance of 10 h, and 50 kg at every closing."""
    plant = Plant({"feed": "input", "product": "output", "tank": "inventory"})
    for hour in range(1, 10 * balances + 1):
        plant.flows += [(hour, "feed", 10), (hour, "product", 10)]
    plant.inventories = [(10 * n, "tank", 50) for n in range(balances + 1)]
    return plant


def test_worked_example_of_a_constant_facility(tmp_path: Path) -> None:
    plant = constant_plant(8)
    plant.sources = [*both(0.01, 0.005, "feed", "product"), *both(0.02, 0.01, "tank")]
    covariance = np.array(evaluate_process(*plant.write(tmp_path), 10).to_dict()["covariance"])
    expected = np.full((8, 8), 0.5)
    expected[np.arange(8), np.arange(8)] = 2.7
    expected[np.arange(7), np.arange(1, 8)] = expected[np.arange(1, 8), np.arange(7)] = -0.5
    np.testing.assert_allclose(covariance, expected, rtol=1e-9)


def test_worked_example_of_recalibration(tmp_path: Path) -> None:
    plant = constant_plant(4)
    plant.sources = [*both(0.01, 0.005, "feed", "product"), *both(0.02, 0.01, "tank")]
    for source in plant.sources:
        if source["kind"] == "long":
            source.update(kind="epoch", epochs_h=[0, 20, 40])
    found = evaluate_process(*plant.write(tmp_path), 10).to_dict()
    expected = [
        [2.7, -0.5, 0, 0],
        [-0.5, 3.2, -1, -0.25],
        [0, -1, 2.7, -0.5],
        [0, -0.25, -0.5, 3.2],
    ]
    np.testing.assert_allclose(found["covariance"], expected, rtol=1e-9, atol=1e-12)
    deviations = [1.6431676725154984, 2.2135943621178655, 2.3664319132398464, 2.701851217221259]
    np.testing.assert_allclose(found["sigma_cumuf"], deviations, rtol=1e-9)


def test_worked_example_of_the_mixed_model(tmp_path: Path) -> None:
    plant = Plant({"drums": "input"}, [(1, "drums", 0.5), (2, "drums", 2), (3, "drums", 8)])
    plant.flows.append((10, "drums", 0))
    common = {"locations": ["drums"], "absolute_sd_kg": 0.02}
    plant.sources = [
        {"id": "nda random", "kind": "random", "relative_sd": 0.03, **common},
        {"id": "nda", "kind": "long", "relative_sd": 0.01, **common, "absolute_sd_kg": 0.01},
    ]
    found = evaluate_process(*plant.write(tmp_path), 10).to_dict()
    assert found["muf"] == [10.5]
    assert found["sigma_muf"] == [pytest.approx(0.27303845882952094, rel=1e-9)]


def test_answer_has_the_keys_that_programs_rely_on(tmp_path: Path) -> None:
    plant = constant_plant(3)
    plant.sources = both(0.01, 0.005)
    found = evaluate_process(*plant.write(tmp_path), "10").to_dict()
    first = (
        "balances muf cumuf sigma_muf sigma_cumuf sitmuf page gemuf_v1 active_inventory covariance "
        "variance_shares alarms findings"
    )
    assert list(found)[:13] == first.split()
    assert set(found["input_digests"]) == {
        "locations.csv", "flows.csv", "inventories.csv", "sources.toml"
    }  # fmt: skip
    assert found["gemuf_v5"][0] is None
    json.dumps(found, allow_nan=False)
    again = evaluate_process(*plant.write(tmp_path), 10.0).to_dict()
    assert again == found
