"""Where MAPIT 1.5.13-beta gives another number: the peer's form gives it, keiryo the right one.

One section for each item of docs/theory/differences-from-mapit.md. The forms in tests/peer_forms.py
are our own; `peer_1.5.13` of the data set holds what the program itself prints.
"""

from __future__ import annotations

import importlib
import itertools
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import peer_forms
from keiryo.errors import UsageError
from keiryo.material_balance import detection, statistics, thresholds
from keiryo.material_balance.simulation import simulated_power, simulated_threshold
from keiryo.process_data.balances import ProcessBalances, read_process

TOP = Path(__file__).resolve().parent.parent.parent
EXPECTED = json.loads(
    (TOP / "tests" / "data" / "material-balance" / "expected.json").read_text("utf-8")
)
CASES = ("normal", "abrupt", "protracted")


def script(name: str) -> ModuleType:
    """Return a module of the folder scripts."""
    folder = str(TOP / "scripts")
    if folder not in sys.path:
        sys.path.insert(0, folder)
    return importlib.import_module(name)


examples = script("theory_examples")
peer = script("peer_numbers")

NO_ERRORS = '[[source]]\nid = "none"\nkind = "random"\nrelative_sd = 0.0\nlocations = ["*"]\n'


def process(
    folder: Path,
    period: float,
    *,
    flows: dict[str, dict[float, float]],
    inventory: dict[float, float],
    sources: str = NO_ERRORS,
    mode: str = "amount",
) -> ProcessBalances:
    """Return the balances of locations named in_... and out_... and one inventory."""
    rows = ["location,role,mode"]
    rows += [f"{n},{'input' if n.startswith('in') else 'output'},{mode}" for n in flows]
    (folder / "locations.csv").write_text("\n".join([*rows, "store,inventory,"]) + "\n")
    moved = [f"{h:g},{n},{kg:g}" for n, at in flows.items() for h, kg in at.items()]
    held = [f"{h:g},store,{kg:g}" for h, kg in inventory.items()]
    (folder / "flows.csv").write_text("\n".join(["hour,location,kg", *moved]) + "\n")
    (folder / "inventories.csv").write_text("\n".join(["hour,location,kg", *held]) + "\n")
    (folder / "sources.toml").write_text(sources)
    found = read_process(folder, folder / "sources.toml", period)
    assert not found.rejected, [f.message for f in found.findings]
    return found


def near(values: Any) -> Any:
    return pytest.approx(np.asarray(values, dtype=float), rel=1e-9, abs=1e-9)


# The forms are those of the program: all numbers it prints for the simulated fuel fabrication.


@pytest.mark.parametrize("case", CASES)
def test_forms_reproduce_what_the_peer_prints(case: str) -> None:
    plant, printed = examples.campaign(case), EXPECTED[case]["peer_1.5.13"]
    muf, covariance = peer_forms.muf(plant), peer_forms.covariance(plant)
    y = peer_forms.sitmuf(muf, covariance)
    for name, values in {
        "MUF": muf,
        "CUMUF": peer_forms.cumuf(muf),
        "AI": peer_forms.active_inventory(plant),
        "SEMUF": peer_forms.sigma_muf(plant),
        "SITMUF": y,
        "Page": peer_forms.page(y),
        "GEMUF_V1": peer_forms.gemuf_v1(y),
        "cov_diag": np.append(np.diag(covariance), 0.0),  # a slot that is never filled
        "cov_row2": np.append(covariance[2], 0.0),
    }.items():
        assert values == pytest.approx(printed[name], rel=1e-12, abs=1e-10), name


@pytest.mark.parametrize("case", CASES)
def test_reference_of_the_same_data(case: str) -> None:
    plant, right = examples.campaign(case), EXPECTED[case]["reference"]
    muf, covariance = examples.muf(plant), examples.error_variables(plant).covariance()
    y = statistics.sitmuf(muf, statistics.factor(covariance))
    for name, values, relative in (
        ("MUF", muf, 1e-9),
        ("CUMUF", statistics.cumuf(muf), 1e-9),
        ("sigma", np.sqrt(np.diag(covariance)), 1e-9),
        ("sdCUMUF", statistics.sigma_cumuf(covariance), 1e-9),
        ("SITMUF", y, 1e-6),
        ("Page", statistics.page(y), 1e-6),
        ("GEMUF", statistics.gemuf_v1(y), 1e-6),
        ("active_inventory", peer.active_inventory(plant), 1e-9),
    ):
        assert values == pytest.approx(right[name], rel=relative, abs=1e-9), name


# Item 1: covariance window


@pytest.mark.parametrize(("transfers", "right"), [(10, 2.7), (1, 4.5)])
def test_diagonal_takes_one_period(transfers: int, right: float) -> None:
    plant = examples.constant_facility(transfers=transfers)
    theirs = np.diag(peer_forms.covariance(plant))
    assert theirs == near([3.75] + [12.0] * 7)
    assert np.diag(examples.error_variables(plant).covariance()) == near([right] * 8)


def test_standard_deviation_of_sitmuf_is_one() -> None:
    for name, spread in (("Example B, ten transfers", 0.47), ("Example B, one transfer", 0.61)):
        plant, corrected = peer.plants()[name]
        assert peer.mean_sd(peer.sitmuf_sd(plant, **corrected)) == pytest.approx(spread, abs=0.006)
        covariance = examples.error_variables(plant).covariance()
        y = statistics.standardise(covariance, statistics.factor(covariance))  # L⁻¹Σ = Lᵀ
        assert statistics.standardise(y.T, statistics.factor(covariance)) == near(np.eye(8))
    plant, corrected = peer.plants()["one transfer, window corrected"]
    assert (abs(peer.sitmuf_sd(plant, **corrected)[1:] - 1.01) < 0.01).all()
    ten = peer.sitmuf_sd(examples.constant_facility())
    assert (ten[1:7] ** 2).sum() == pytest.approx(1.3, abs=0.05)  # GEMUF V1 after six balances
    assert (peer.sitmuf_sd(examples.campaign())[1:] < 0.34).all()


@pytest.mark.parametrize(("transfers", "spread"), [(10, 0.47), (1, 0.61)])
def test_simulated_sitmuf_with_a_covariance_of_each_campaign(transfers: int, spread: float) -> None:
    """As its users see it: errors on every sample, covariance from the observed amounts."""
    plant = examples.constant_facility(transfers=transfers)
    random = np.random.Generator(np.random.Philox(11))
    found = []
    for _ in range(600):
        flows = [observed(x, plant.flow_sd, random) for x in (plant.inputs, plant.outputs)]
        held = observed(plant.inventories, plant.inventory_sd, random)
        seen = peer_forms.Plant(*flows, held, plant.period, plant.flow_sd, plant.inventory_sd)
        found.append(peer_forms.sitmuf(peer_forms.muf(seen), peer_forms.covariance(seen)))
    assert (np.array(found)[:, 0] == 0).all()
    assert np.array(found)[:, 1:].std() == pytest.approx(spread, abs=0.02)


def observed(true: Any, sds: tuple[float, float], random: np.random.Generator) -> Any:
    systematic = 1.0 + sds[1] * random.standard_normal((len(true), 1))
    return true * (systematic + sds[0] * random.standard_normal(true.shape))


# Item 2: pairing


def test_every_balance_is_tested_with_its_own_variance() -> None:
    plant = examples.constant_facility(
        (10.0, 1000.0, 10.0, 10.0, 10.0), transfers=1, inventory_kg=0.0
    )
    spread = peer.sitmuf_sd(plant)
    assert spread[0] == pytest.approx(0.0, abs=1e-12)
    assert spread[1:4] == pytest.approx([0.010, 0.994, 0.506], rel=0.02)
    covariance = examples.error_variables(plant).covariance()
    lower = statistics.factor(covariance).lower
    assert lower @ lower.T == near(covariance)


def test_a_loss_in_the_last_balance_is_seen() -> None:
    plant = examples.constant_facility()
    loss = detection.abrupt(8, 12.0, 8)
    assert not peer_forms.paired_by_slot(loss).any()
    assert not (peer.operator(plant) @ loss).any()
    covariance = examples.error_variables(plant).covariance()
    assert statistics.sitmuf(loss, statistics.factor(covariance))[7] > 8
    assert detection.detection(loss, covariance, "page").probability == pytest.approx(1, abs=1e-6)


# Item 3: random error of a total, opening inventory


def test_random_errors_are_of_single_transfers() -> None:
    for transfers, right in ((10, 2.7**0.5), (1, 4.5**0.5)):
        plant = examples.constant_facility(transfers=transfers)
        assert peer_forms.sigma_muf(plant) == near([3.75**0.5] + [5.0**0.5] * 7)
        errors = examples.error_variables(plant)
        assert np.sqrt(np.diag(errors.covariance())) == near([right] * 8)


def test_per_sample_and_per_period_are_declared(tmp_path: Path) -> None:
    at = {float(h): 10.0 for h in range(1, 20, 2)}
    for per, variance in (("sample", 10 * 0.1**2), ("period", 1.0)):
        source = (
            '[[source]]\nid = "scale"\nkind = "random"\nrelative_sd = 0.01\n'
            f'locations = ["in"]\nper = "{per}"\n'
        )
        found = process(
            tmp_path, 20, flows={"in": at}, inventory={0.0: 0.0, 20.0: 100.0}, sources=source
        )
        assert found.errors is not None
        assert found.errors.covariance() == near([[variance]])


def test_opening_inventory_counts(tmp_path: Path) -> None:
    source = '[[source]]\nid = "tank"\nkind = "random"\nrelative_sd = 0.02\nlocations = ["store"]\n'
    found = process(
        tmp_path, 10, flows={"in": {5.0: 1.0}}, inventory={0.0: 50.0, 10.0: 51.0}, sources=source
    )
    assert found.errors is not None
    assert found.errors.covariance() == near([[0.02**2 * (50.0**2 + 51.0**2)]])


# Item 4: thresholds and detection


@pytest.mark.parametrize(
    ("threshold", "alarm"),
    [(0.4, 0.9497044107590696), (0.5, 0.9263618768433236), (1.5, 0.48703534895018874)],
)
def test_tutorial_thresholds_alarm_far_too_often(threshold: float, alarm: float) -> None:
    assert thresholds.page_false_alarm(14, threshold, 0.5) == pytest.approx(alarm, rel=1e-9)


def test_right_threshold_and_the_start_without_k() -> None:
    right = thresholds.page_threshold(14, 0.05, 0.5).threshold
    assert right == pytest.approx(3.5440215192613076, rel=1e-9)
    other = thresholds.page_threshold(14, 0.05, 0.5, start=0.5).threshold
    assert other == pytest.approx(3.650585505465645, rel=1e-9)
    assert peer_forms.page(np.array([0.7, 0.6])) == near([0.7, 0.8])
    assert statistics.page(np.array([0.7, 0.6]), 0.5) == near([0.2, 0.3])


def test_detection_with_thresholds_tuned_to_five_per_cent() -> None:
    found = [(p.theirs, p.right) for p in peer.power()]
    assert [theirs for theirs, _ in found] == pytest.approx([0.41, 0.39, 0.05, 0.79], abs=0.006)
    exact = [0.5263395939082822, 0.49651718650731835]
    assert [right for _, right in found[:2]] == pytest.approx(exact, rel=1e-9)
    assert [right for _, right in found[2:]] == pytest.approx([1.0, 0.73], abs=0.005)


# Item 5: transfers at a closing


def test_transfer_at_a_closing_counts_once(tmp_path: Path) -> None:
    flow = np.zeros((1, 23))
    flow[0, 10] = 7.0
    nothing = np.zeros_like(flow)
    plant = peer_forms.Plant(flow, nothing, nothing, 10)
    assert peer_forms.muf(plant) == near([7.0, 7.0])
    closings = {0.0: 0.0, 10.0: 0.0, 20.0: 0.0}
    right = process(tmp_path, 10, flows={"in": {10.0: 7.0}}, inventory=closings)
    assert right.muf_kg == near([7.0, 0.0])

    booked = peer_forms.Plant(flow, nothing, np.where(np.arange(23) >= 10, 7.0, 0.0)[None], 10)
    assert peer_forms.muf(booked) == near([0.0, 7.0])
    closings = {0.0: 0.0, 10.0: 7.0, 20.0: 7.0}
    right = process(tmp_path, 10, flows={"in": {10.0: 7.0}}, inventory=closings)
    assert right.muf_kg == near([0.0, 0.0])


# Item 6: number of balances


@pytest.mark.parametrize(("last", "theirs", "right"), [(600, 5, 6), (601, 6, 6), (670, 6, 6)])
def test_a_period_that_has_ended_counts(tmp_path: Path, last: int, theirs: int, right: int) -> None:
    assert peer_forms.balances_computed(last, 100) == theirs
    readings = {float(h): 5.0 for h in (*range(0, last + 1, 100), last)}
    found = process(
        tmp_path,
        100,
        flows={"in": {50.0: 1.0, float(last): 1.0}, "out": {50.0: 1.0, float(last): 1.0}},
        inventory=readings,
    )
    assert found.balances == right
    assert found.closings_h[-1] == 100.0 * right


# Item 7: CUMUF


def test_equal_values_add_up() -> None:
    muf = np.array([5.0, 5.0, 5.0])
    assert peer_forms.cumuf(muf) == near([5.0, 5.0, 5.0])
    assert statistics.cumuf(muf) == near([5.0, 10.0, 15.0])


# Item 8: active inventory


def test_active_inventory_has_all_outputs(tmp_path: Path) -> None:
    assert peer_forms.active_inventory(peer.constant_outputs()) == near([53.0, 0.0])
    found = process(
        tmp_path,
        10,
        flows={"out_a": {5.0: 7.0}, "out_b": {5.0: 3.0}},
        inventory={0.0: 50.0, 10.0: 50.0, 20.0: 50.0},
    )
    assert found.active_inventory_kg == near([110.0, 100.0])


# Item 9: recalibration


def test_the_last_epoch_lasts_to_the_end(tmp_path: Path) -> None:
    hours = np.arange(1.0, 31.0)
    theirs = peer_forms.recalibration_factor(hours, np.array([10.0, 20.0]), np.zeros(2))
    assert (theirs[hours <= 20] == 1).all() and (theirs[hours > 20] == 2).all()
    source = (
        '[[source]]\nid = "scale"\nkind = "epoch"\nrelative_sd = 0.01\nlocations = ["in"]\n'
        "epochs_h = [0, 10, 20]\n"
    )
    found = process(
        tmp_path,
        10,
        flows={"in": {5.0: 8.0, 15.0: 8.0, 25.0: 8.0}},
        inventory={0.0: 0.0, 10.0: 8.0, 20.0: 16.0, 30.0: 24.0},
        sources=source,
    )
    assert found.muf_kg == near([0.0, 0.0, 0.0])
    assert found.errors is not None
    assert found.errors.covariance() == near(np.diag([0.08**2] * 3))


# Item 10: exactly as many realizations as asked for, and the same from the same seed


@pytest.mark.parametrize("chunk", [1, 7])
def test_any_number_of_realizations_is_reproducible(chunk: int) -> None:
    covariance = examples.error_variables(examples.constant_facility()).covariance()
    given = {"realizations": 2_500, "seed": 3}
    first = simulated_threshold(covariance, "cumuf", 0.05, **given)
    again = simulated_threshold(covariance, "cumuf", 0.05, blocks_per_task=chunk, **given)
    assert first == again and first.realizations == 2_500
    loss = detection.uniform(8, 12.0)
    for count in (1, 10, 25):
        found = simulated_power(covariance, loss, first, realizations=count, seed=3)
        whole = found.detection_probability * count
        assert whole == pytest.approx(round(whole), abs=1e-9)


# Item 11: a matrix that is no covariance


def test_daily_balances_have_a_covariance() -> None:
    theirs, right = peer.smallest_eigenvalues()
    assert theirs == pytest.approx(-2047.84, abs=0.01)
    assert right > 0
    plant = peer.daily_campaign()
    wrong = peer_forms.covariance(plant)
    with pytest.raises(np.linalg.LinAlgError):
        np.linalg.cholesky(wrong)
    with pytest.raises(UsageError, match=r"not positive semidefinite.*eigenvalue"):
        statistics.factor(wrong)
    factor = statistics.factor(examples.error_variables(plant).covariance())
    assert factor.count == 264  # nothing moves before hour 129: five balances without variance


# Item 12: rates whose samples do not fall on the closings


def test_rates_are_interpolated_at_the_closings(tmp_path: Path) -> None:
    closings = np.array([0.0, 10.0, 20.0, 30.0])
    for step, theirs in ((3, [90.0, 60.0, 90.0]), (1, [100.0] * 3), (2, [100.0] * 3)):
        hours = np.arange(0.0, 31.0, step)
        constant = np.full(len(hours), 10.0)
        assert peer_forms.rate_integral(hours, constant, closings) == near(theirs)
        found = process(
            tmp_path,
            10,
            flows={"in": dict(zip(hours.tolist(), constant.tolist(), strict=True))},
            inventory={c: 10.0 * c for c in closings.tolist()},
            mode="rate",
        )
        assert found.muf_kg == near([0.0, 0.0, 0.0])


# Item 13: GEMUF V5B3


@pytest.mark.parametrize("balances", [4, 5, 8, 15])
def test_gemuf_v5_exists_where_its_window_does(balances: int) -> None:
    theirs = peer_forms.gemuf_v5b3_defined(balances)
    factor = statistics.factor(np.eye(balances))
    found = statistics.gemuf_v5(np.ones(balances), factor)
    defined = [int(i) + 1 for i in np.flatnonzero(np.isfinite(found))]
    assert defined == list(range(3, balances - 1))
    assert theirs == [i - 1 for i in defined]
    assert all(b > a for a, b in itertools.pairwise(found[np.isfinite(found)]))
