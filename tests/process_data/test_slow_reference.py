"""The balances and their covariance against a slow reference, on plants of every kind."""

from __future__ import annotations

import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from keiryo.process_data import files, hour_sums, inventories, series, sorting, transfers
from keiryo.process_data.service import read_process
from process_data.plants import Plant, naive

ROLES = st.sampled_from(["input", "output", "inventory", "input:rate", "output:rate"])
KG = st.sampled_from([0, 0.25, 1, 3, 7.5, 12])
SD = st.sampled_from([0.0, 0.01, 0.03, 0.2])


@st.composite
def sources_for(draw: Any, names: list[str], rates: set[str], end: Fraction) -> list[dict]:
    hours = st.sampled_from([float(end * n / 8) for n in range(1, 8)])
    found = []
    for n in range(draw(st.integers(1, 4))):
        places = draw(st.one_of(st.just(["*"]), st.lists(st.sampled_from(names), min_size=1)))
        touched = set(names) if "*" in places else set(places)
        kind = draw(st.sampled_from(["random", "epoch", "long"]))
        source: dict[str, Any] = {
            "id": f"s{n}", "kind": kind, "locations": places, "relative_sd": draw(SD),
            "shared": draw(st.booleans()), "closing": draw(st.sampled_from(["new", "old"])),
        }  # fmt: skip
        if kind == "random":
            source["per"] = draw(st.sampled_from(["sample", "period"]))
        if kind == "epoch":
            source["epochs_h"] = sorted({0.0, *draw(st.lists(hours, max_size=3))})
            if draw(st.booleans()) and len(source["epochs_h"]) > 1:
                source["epochs_h"] = source["epochs_h"][1:]
        if not rates & touched or source.get("per") == "period":
            source["absolute_sd_kg"] = draw(SD)
        if draw(st.integers(0, 3)) == 0:
            source["valid_from_h"] = draw(hours)
        elif draw(st.integers(0, 3)) == 0:
            source["valid_to_h"] = draw(hours)
        found.append(source)
    return found


@st.composite
def plants(draw: Any) -> tuple[Plant, Fraction, int]:
    period = draw(st.sampled_from([Fraction(1, 10), Fraction(5, 2), Fraction(8)]))
    balances = draw(st.integers(1, 4))
    names = [f"place {n}" for n in range(draw(st.integers(2, 5)))]
    plant = Plant({name: draw(ROLES) for name in names})
    end = period * balances
    for name, role in plant.locations.items():
        if role == "inventory":
            plant.inventories += [
                (float(period * n), name, draw(KG)) for n in range(balances + 1)
            ]  # fmt: skip
        else:
            least = 2 if role.endswith("rate") else 0
            ticks = draw(st.lists(st.integers(0, 8 * balances), unique=True, min_size=least))
            shift = 0 if role.endswith("rate") else 1  # amounts at hour 0 are in no balance
            hours = sorted({min(t + shift, 8 * balances) for t in ticks})
            plant.flows += [(float(period * t / 8), name, draw(KG)) for t in hours]
    first = next(iter(plant.locations))
    if plant.locations[first] == "inventory":
        plant.locations["feed"] = "input"
        plant.flows.append((float(end), "feed", 2))
    else:
        plant.locations["tank"] = "inventory"
        plant.inventories += [(float(period * n), "tank", 1 + n) for n in range(balances + 1)]
        plant.flows.append((float(end), "tank 2", 5))
        plant.locations["tank 2"] = "output"
    rates = {name for name, role in plant.locations.items() if role.endswith("rate")}
    plant.sources = draw(sources_for(list(plant.locations), rates, end))
    order = draw(st.permutations(range(len(plant.flows)))) if draw(st.booleans()) else None
    if order is not None:
        plant.flows = [plant.flows[n] for n in order]
    elif draw(st.booleans()):
        plant.flows.sort(key=lambda row: row[0])
    return plant, period, balances


BLOCKS = st.sampled_from([30, 100, 8_000_000])


@settings(max_examples=80, deadline=None)
@given(plants(), BLOCKS)
def test_muf_and_covariance_are_those_of_the_slow_reference(made: Any, block: int) -> None:
    """Whatever is read at a time: a line, a few, or the whole file."""
    plant, period, balances = made
    few = max(block // 10, 2)
    with (
        tempfile.TemporaryDirectory() as name,
        patch.object(files, "BLOCK_BYTES", block),
        patch.object(sorting, "ROWS_IN_MEMORY", few),
        patch.object(transfers, "_MERGE_FROM", few),
        patch.object(hour_sums, "_MERGE_FROM", few),
        patch.object(inventories, "_MERGE_FROM", few),
        patch.object(series, "_ONE_IN", 2),
    ):
        read = read_process(*plant.write(Path(name)), float(period))
    assert not read.rejected, read.findings
    muf, covariance = naive(plant, period, balances)
    assert read.balances == balances
    assert read.errors is not None
    np.testing.assert_allclose(read.muf_kg, muf, rtol=1e-12, atol=1e-11)
    np.testing.assert_allclose(read.errors.covariance(), covariance, rtol=1e-11, atol=1e-12)
    assert set(read.errors.sources) == {s["id"] for s in plant.sources}
