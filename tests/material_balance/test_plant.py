"""Covariance of a sequence of balances: worked examples, closed formulas and laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keiryo.errors import UsageError
from keiryo.material_balance.plant import Flow, Inventory, constant_plant, plant
from keiryo.material_balance.statistics import sigma_cumuf
from material_balance.worked_cases import B_COVARIANCE

CLOSE = {"rtol": 1e-9, "atol": 1e-12}


def test_steady_plant() -> None:
    np.testing.assert_allclose(constant_plant(8).covariance(), B_COVARIANCE, **CLOSE)


def test_steady_plant_with_recalibration() -> None:
    covariance = constant_plant(4, balances_per_calibration=2).covariance()
    expected = [
        [2.7, -0.5, 0, 0],
        [-0.5, 3.2, -1, -0.25],
        [0, -1, 2.7, -0.5],
        [0, -0.25, -0.5, 3.2],
    ]
    np.testing.assert_allclose(covariance, expected, **CLOSE)
    np.testing.assert_allclose(
        sigma_cumuf(covariance),
        [1.6431676725154984, 2.2135943621178655, 2.3664319132398464, 2.701851217221259],
        **CLOSE,
    )


def test_all_errors_zero() -> None:
    flow = Flow("input", 1, [1.0, 2.0], [1.0, 4.0], 0.0, 0.0)
    assert plant([flow], []).covariance().tolist() == [[0, 0], [0, 0]]


amounts = st.floats(0, 100, allow_nan=False)
sds = st.floats(0, 0.1)


@st.composite
def plants(draw: st.DrawFn) -> tuple[list[Flow], list[Inventory]]:
    balances = draw(st.integers(1, 5))

    def some(count: int) -> list[float]:
        return draw(st.lists(amounts, min_size=count, max_size=count))

    flows = [
        Flow(f"flow {n}", draw(st.sampled_from([1, -1])), some(balances), some(balances),
             draw(sds), draw(sds))
        for n in range(draw(st.integers(1, 3)))
    ]  # fmt: skip
    inventories = [
        Inventory(f"tank {n}", some(balances + 1), draw(sds), draw(sds))
        for n in range(draw(st.integers(0, 3)))
    ]
    return flows, inventories


def by_formula(flows: list[Flow], inventories: list[Inventory]) -> np.ndarray:
    """Return the covariance by the closed formulas for one epoch."""
    size = len(flows[0].total_kg)
    found = np.zeros((size, size))
    for flow in flows:
        total = np.array(flow.total_kg)
        found += flow.systematic_sd**2 * np.outer(total, total)
        found += flow.random_sd**2 * np.diag(flow.squares_kg2)
    for tank in inventories:
        content = np.array(tank.content_kg)
        change = np.diff(content)
        found += tank.systematic_sd**2 * np.outer(change, change)
        found += tank.random_sd**2 * np.diag(content[:-1] ** 2 + content[1:] ** 2)
        for i in range(size - 1):
            found[i, i + 1] -= tank.random_sd**2 * content[i + 1] ** 2
            found[i + 1, i] -= tank.random_sd**2 * content[i + 1] ** 2
    return found


@settings(deadline=None, max_examples=50)
@given(plants(), st.randoms(use_true_random=False), st.floats(0.1, 10))
def test_laws(case, random, scale: float) -> None:
    flows, inventories = case
    errors = plant(flows, inventories)
    covariance = errors.covariance()
    close = {"rtol": 1e-9, "atol": 1e-9}
    np.testing.assert_allclose(covariance, by_formula(flows, inventories), **close)
    # symmetric and positive semidefinite
    np.testing.assert_allclose(covariance, covariance.T, **close)
    assert np.linalg.eigvalsh(covariance).min() >= -1e-9 * max(1.0, np.trace(covariance))
    # shares add up
    np.testing.assert_allclose(
        errors.variance_by_source().sum(axis=0), np.diagonal(covariance), **close
    )
    # the order of locations changes nothing
    shuffled = random.sample(flows, len(flows)), random.sample(inventories, len(inventories))
    np.testing.assert_allclose(plant(*shuffled).covariance(), covariance, **close)
    # amounts in another unit
    larger = (
        [
            Flow(f.name, f.sign, np.array(f.total_kg) * scale, np.array(f.squares_kg2) * scale**2,
                 f.random_sd, f.systematic_sd)
            for f in flows
        ],
        [
            Inventory(t.name, np.array(t.content_kg) * scale, t.random_sd, t.systematic_sd)
            for t in inventories
        ],
    )  # fmt: skip
    np.testing.assert_allclose(plant(*larger).covariance(), scale**2 * covariance, **close)


@settings(deadline=None, max_examples=25)
@given(plants(), st.floats(0.05, 0.95))
def test_splitting_a_stream_with_one_instrument_changes_nothing(case, share: float) -> None:
    flows, inventories = case
    first = flows[0]
    total, squares = np.array(first.total_kg), np.array(first.squares_kg2)
    split = [
        Flow("a", first.sign, total * share, squares * share, first.random_sd,
             first.systematic_sd, source="shared"),
        Flow("b", first.sign, total * (1 - share), squares * (1 - share), first.random_sd,
             first.systematic_sd, source="shared"),
    ]  # fmt: skip
    np.testing.assert_allclose(
        plant([*split, *flows[1:]], inventories).covariance(),
        plant(flows, inventories).covariance(),
        rtol=1e-9,
        atol=1e-9,
    )


@settings(deadline=None, max_examples=25)
@given(plants())
def test_two_periods_as_one(case) -> None:
    flows, inventories = case
    covariance = plant(flows, inventories).covariance()
    merged = plant(
        [
            Flow(f.name, f.sign, [np.sum(f.total_kg)], [np.sum(f.squares_kg2)], f.random_sd,
                 f.systematic_sd)
            for f in flows
        ],
        [
            Inventory(t.name, [t.content_kg[0], t.content_kg[-1]], t.random_sd, t.systematic_sd)
            for t in inventories
        ],
    )  # fmt: skip
    assert merged.covariance()[0, 0] == pytest.approx(covariance.sum(), rel=1e-9, abs=1e-9)
    assert sigma_cumuf(covariance)[-1] ** 2 == pytest.approx(covariance.sum(), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: plant([], []), "no flow and no inventory"),
        (lambda: plant([], [Inventory("t", [1.0], 0.1, 0.1)]), "no balance"),
        (lambda: plant([Flow("f", 1, [1.0], [-1.0], 0.1, 0.1)], []), "amount 1 is -1.0"),
        (lambda: plant([Flow("f", 1, [np.nan], [1.0], 0.1, 0.1)], []), "amount 1 is nan"),
        (lambda: plant([Flow("f", 1, [1.0], [1.0, 2.0], 0.1, 0.1)], []), "2 amounts, not 1"),
        (lambda: plant([Flow("f", 2, [1.0], [1.0], 0.1, 0.1)], []), "sign 2"),
        (lambda: plant([Flow("f", 1, [1.0], [1.0], -0.1, 0.1)], []), "negative or no number"),
        (
            lambda: plant([Flow("f", 1, [1.0], [1.0], 0.1, 0.1)], [], flow_epochs=[0, 1]),
            "flow_epochs",
        ),
        (lambda: constant_plant(0), "at least one balance"),
    ],
)
def test_nonsense_is_refused_with_advice(call, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        call()
    assert caught.value.advice
