"""MAT files in the layout of MAPIT give the balances of the same data as CSV."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from keiryo.process_data.service import evaluate_process
from process_data.plants import Plant, both


def plant_of() -> Plant:
    plant = Plant({"a": "input", "b": "input", "out": "output:rate", "t": "inventory"})
    plant.flows = [(3, "a", 4), (14, "a", 5), (7, "b", 2), (20, "b", 1)]
    plant.flows += [(n, "out", 0.5 + n % 3) for n in range(21)]
    plant.inventories = [(10 * n, "t", 3 + n) for n in range(3)]
    plant.sources = both(0.01, 0.005)
    return plant


def struct(plant: Plant, *names: str, cells: bool = False, elements: int = 1) -> Any:
    rows = plant.flows + plant.inventories
    times = [np.array([[h] for h, n, _ in rows if n == name], dtype=float) for name in names]
    data = [np.array([[kg] for _, n, kg in rows if n == name], dtype=float) for name in names]
    data = [np.hstack([d, *[0 * d] * (elements - 1)]) for d in data]
    if cells:
        boxed = {"data": np.empty(len(names), dtype=object), "time": np.empty(len(names), object)}
        for n in range(len(names)):
            boxed["data"][n], boxed["time"][n] = data[n], times[n]
        return boxed
    made = np.empty((1, len(names)), dtype=[("data", object), ("time", object)])
    for n in range(len(names)):
        made[0, n] = (data[n], times[n])
    return made


@pytest.mark.parametrize("layout", ["struct array", "cells", "several files", "several elements"])
def test_mat_files_give_the_same_balances(tmp_path: Path, layout: str) -> None:
    plant = plant_of()
    expected = evaluate_process(*plant.write(tmp_path / "csv"), 10).to_dict()
    folder, sources = plant.write(tmp_path / "mat")
    (folder / "flows.csv").unlink()
    (folder / "inventories.csv").unlink()
    options: dict[str, Any] = {
        "cells": layout == "cells", "elements": 5 if layout == "several elements" else 1
    }  # fmt: skip
    content = {
        "in": struct(plant, "a", "b", **options),
        "outn": struct(plant, "out", **options),
        "invn": struct(plant, "t", **options),
    }
    if layout == "several files":
        for name, value in content.items():
            savemat(folder / f"{name}.mat", {name: value})
    else:
        savemat(folder / "data.mat", content)
    found = evaluate_process(folder, sources, 10).to_dict()
    assert not found["findings"]
    for name in ("balances", "muf", "covariance", "sitmuf", "active_inventory"):
        np.testing.assert_equal(found[name], expected[name], err_msg=name)


def test_structs_that_do_not_fit_locations_are_told(tmp_path: Path) -> None:
    plant = plant_of()
    folder, sources = plant.write(tmp_path)
    savemat(folder / "data.mat", {
        "in": struct(plant, "a"), "outn": {"data": 1.0}, "invn": struct(plant, "t"),
    })  # fmt: skip
    told = [f.message for f in evaluate_process(folder, sources, 10).findings]
    assert any("holds 1 series and locations.csv names 2" in message for message in told)
    assert any("no struct with the fields data and time" in message for message in told)
