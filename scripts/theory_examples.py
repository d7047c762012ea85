"""The worked examples of the theory pages: plants, their error variables and balances.

The pages, their figures and the tests of both take the examples from here, so that one number
stands for one thing everywhere. Amounts are written as sampled hours, as in tests/peer_forms.py;
that folder must be on the path.
"""

from __future__ import annotations

import csv
import gzip
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from keiryo.material_balance.error_variables import ErrorVariables, Part, put_together
from peer_forms import Plant

TOP = Path(__file__).resolve().parent.parent
CAMPAIGN = TOP / "tests" / "data" / "material-balance"

Floats = npt.NDArray[np.float64]

OBSERVED_MUF = np.array([1.2, -0.8, 0.5, 2.0, -1.1, 3.0, 0.4, 1.9])
"""MUF of the eight balances of the constant facility, kg."""


def constant_facility(
    throughputs: tuple[float, ...] = (100.0,) * 8,
    *,
    transfers: int = 10,
    inventory_kg: float = 50.0,
) -> Plant:
    """Return the facility of Example B: equal transfers in, the same out, a constant inventory.

    A balance is 20 hours long; transfers lie at odd hours, never at a closing.
    """
    period = 20
    flow = np.zeros((1, len(throughputs) * period + 2))
    for number, total in enumerate(throughputs):
        for transfer in range(transfers):
            flow[0, number * period + 1 + 2 * (transfer % 10)] += total / transfers
    inventory = np.full_like(flow, inventory_kg)
    return Plant(flow, flow.copy(), inventory, period, (0.01, 0.005), (0.02, 0.01))


@cache
def campaign(case: str = "normal") -> Plant:
    """Return the simulated fuel-fabrication campaign: 31 locations, 6481 hours, 15 balances."""
    inputs, outputs = _flows("inputs.csv"), _flows("outputs.csv")
    pins = outputs["fuel_pins"]
    if case == "abrupt":
        pins[1011:1111] *= 0.9
    elif case == "protracted":
        pins[1011:6241] *= 0.99
    with gzip.open(CAMPAIGN / "inventories.csv.gz", "rt", encoding="utf-8") as file:
        content = np.loadtxt(file, delimiter=",", skiprows=1)[:, 1:].T
    return Plant(np.array(list(inputs.values())), np.array(list(outputs.values())), content, 416)


def _flows(name: str) -> dict[str, Floats]:
    found: dict[str, Floats] = {}
    with (CAMPAIGN / name).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            amounts = found.setdefault(row["location"], np.zeros(6481))
            amounts[int(row["hour"])] += float(row["kg_u"])
    return found


def period_amounts(amounts: Floats, plant: Plant) -> Floats:
    """Return amounts by balance, shape (P, locations, hours): hours (i−1)T < h <= iT."""
    end = plant.count * plant.period
    return amounts[:, 1 : end + 1].reshape(len(amounts), plant.count, -1).transpose(1, 0, 2)


def muf(plant: Plant) -> Floats:
    """Return the true MUF of each balance, kg; loss positive."""
    flow = period_amounts(plant.inputs, plant).sum(axis=(1, 2))
    flow -= period_amounts(plant.outputs, plant).sum(axis=(1, 2))
    return np.asarray(flow - np.diff(plant.contents().sum(axis=1)))


def error_variables(plant: Plant) -> ErrorVariables:
    """Return the error variables: one systematic error a location, a random one a measurement."""
    size = plant.count
    signed = np.concatenate([plant.inputs, -plant.outputs])
    moved = period_amounts(signed, plant)
    change = -np.diff(plant.contents(), axis=0)
    parts = []
    for name, totals, (_, systematic) in (
        ("flows, systematic", moved.sum(axis=2), plant.flow_sd),
        ("inventories, systematic", change, plant.inventory_sd),
    ):
        balance, location = np.divmod(np.arange(totals.size), totals.shape[1])
        parts.append(part(name, location, balance, systematic * totals.ravel()))
    balance, location, hour = np.nonzero(moved)
    single = plant.flow_sd[0] * moved[balance, location, hour]
    parts.append(part("flows, random", np.arange(single.size), balance, single))
    held = plant.inventory_sd[0] * plant.contents()
    closing, location = np.nonzero(held)
    value, number = held[closing, location], np.arange(closing.size)
    begins, ends = closing < size, closing > 0
    parts.append(
        part(
            "inventories, random",
            np.concatenate([number[begins], number[ends]]),
            np.concatenate([closing[begins], closing[ends] - 1]),
            np.concatenate([value[begins], -value[ends]]),
        )
    )
    return put_together(parts, balances=size)


def recalibrated_facility() -> ErrorVariables:
    """Return Example C: four balances of Example B, recalibrated at closings 2 and 4.

    Closing b is measured with the epoch that starts there, b div 2.
    """
    plant = constant_facility((100.0,) * 4)
    random = error_variables(plant)
    names = [n for n in random.sources if n.endswith("random")]
    kept = np.isin(random.source_of[random.variable], [random.sources.index(n) for n in names])
    parts = [
        part("random", random.variable[kept], random.balance[kept], random.value_kg[kept]),
    ]
    balances = np.arange(4)
    for sign in (1.0, -1.0):
        flow = np.full(4, sign * 100.0 * 0.005)
        parts.append(part("flows, systematic", balances // 2, balances, flow))
    epoch = np.concatenate([balances, balances + 1]) // 2
    held = 50.0 * 0.01 * np.repeat([1.0, -1.0], 4)
    parts.append(part("inventory, systematic", epoch, np.tile(balances, 2), held))
    return put_together(parts, balances=4)


def part(name: str, variable: Floats, balance: Floats, value_kg: Floats) -> Part:
    """Return error variables of one source, numbered from 0."""
    number = np.unique(variable, return_inverse=True)[1]
    return Part(name, number, np.asarray(balance), np.zeros_like(number), np.asarray(value_kg))
