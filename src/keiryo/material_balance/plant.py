"""Error variables of a plant from period totals: transfers and inventories at locations.

For questions of design and for planned campaigns: each location (a measured stream, or a tank that
is measured at every closing) has a random and a systematic relative error. With F the signed total
of the transfers of a balance, q = Σx² of its single transfers, C the content at a closing and D
its change, one epoch of calibration gives

- Σ_ii = Σ_flows (δ_s² F² + δ_r² q) + Σ_inventories (δ_s² D_i² + δ_r² (C_{i−1}² + C_i²))
- Σ_{i,i+1} = Σ_flows δ_s² F_i F_{i+1} + Σ_inventories (δ_s² D_i D_{i+1} − δ_r² C_i²)
- Σ_ij = Σ_flows δ_s² F_i F_j + Σ_inventories δ_s² D_i D_j for other pairs.

Each recalibration begins an epoch with a systematic error of its own. The epoch of a closing is
stored with the closing: was it measured with the old or the new calibration?

Source: Burr et al., EPJ Nuclear Sci. Technol. 2 (2016) 36; Bowen and Bennett, NUREG/CR-4604.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from keiryo.errors import UsageError
from keiryo.material_balance.error_variables import ErrorVariables, Part, put_together

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]
_Shared = tuple[Indices, Indices, int, Floats]
"""Epoch and balance of each amount, number of the location, sensitivity."""


@dataclass(frozen=True, slots=True)
class Flow:
    """A measured stream of transfers.

    Attributes
    ----------
    name : str
    sign : int
        +1 for an input, −1 for an output.
    total_kg : array_like, shape (P,)
        Sum of the transfers of each balance, F.
    squares_kg2 : array_like, shape (P,)
        Sum of the squares of its single transfers, q.
    random_sd, systematic_sd : float
        Relative.
    source : str, optional
        Streams with the same source share the systematic error; default: the name.
    """

    name: str
    sign: int
    total_kg: npt.ArrayLike
    squares_kg2: npt.ArrayLike
    random_sd: float
    systematic_sd: float
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Inventory:
    """A location whose content is measured at every closing.

    Attributes
    ----------
    name : str
    content_kg : array_like, shape (P + 1,)
        Content at closings 0..P.
    random_sd, systematic_sd : float
        Relative.
    source : str, optional
        As in `Flow`.
    """

    name: str
    content_kg: npt.ArrayLike
    random_sd: float
    systematic_sd: float
    source: str | None = None


def plant(
    flows: Sequence[Flow],
    inventories: Sequence[Inventory],
    *,
    flow_epochs: npt.ArrayLike | None = None,
    closing_epochs: npt.ArrayLike | None = None,
) -> ErrorVariables:
    """Return the error variables of a sequence of balances.

    Parameters
    ----------
    flows : sequence of Flow
    inventories : sequence of Inventory
    flow_epochs : array_like of int, shape (P,), optional
        Calibration epoch of the transfers of each balance; default: one epoch for all.
    closing_epochs : array_like of int, shape (P + 1,), optional
        Calibration epoch with which each closing was measured.

    Raises
    ------
    UsageError
        If the shapes do not fit, or an amount or standard deviation is negative or not finite.
    """
    balances = _balances(flows, inventories)
    f_epochs = _epochs(flow_epochs, balances, "flow_epochs")
    c_epochs = _epochs(closing_epochs, balances + 1, "closing_epochs")
    shared: dict[str, list[_Shared]] = {}
    parts: list[Part] = []
    every = np.arange(balances, dtype=np.intp)
    for number, flow in enumerate(flows):
        total = _amounts(flow.total_kg, balances, flow.name)
        squares = _amounts(flow.squares_kg2, balances, flow.name)
        _check_sds(flow.name, flow.random_sd, flow.systematic_sd)
        if flow.sign not in (1, -1):
            raise UsageError(
                f"{flow.name} has sign {flow.sign}", "The sign is 1 (input) or -1 (output)."
            )
        parts.append(
            Part(
                f"{flow.name} random",
                every,
                every,
                np.full(balances, number, dtype=np.intp),
                flow.sign * flow.random_sd * np.sqrt(squares),
            )
        )
        shared.setdefault(flow.source or flow.name, []).append(
            (f_epochs, every, number, flow.sign * flow.systematic_sd * total)
        )
    _inventories(inventories, len(flows), c_epochs, parts, shared)
    parts.extend(_systematic(source, entries) for source, entries in shared.items())
    names = [f.name for f in flows] + [i.name for i in inventories]
    return put_together(parts, balances=balances, strata=names or ("",))


def constant_plant(
    balances: int,
    *,
    batches: int = 10,
    batch_kg: float = 10.0,
    flow_random_sd: float = 0.01,
    flow_systematic_sd: float = 0.005,
    inventory_kg: float = 50.0,
    inventory_random_sd: float = 0.02,
    inventory_systematic_sd: float = 0.01,
    balances_per_calibration: int | None = None,
) -> ErrorVariables:
    """Return the error variables of a plant that runs steadily: one input, one output, one tank.

    With `balances_per_calibration` n, closings 0, n, 2n, … are recalibrations, and such a closing
    is measured with the epoch that begins there.
    """
    if balances < 1 or (balances_per_calibration is not None and balances_per_calibration < 1):
        raise UsageError(
            "a plant needs at least one balance, and at least one between calibrations",
            "Give the number of balances of the campaign.",
        )
    ones = np.ones(balances)
    total, squares = batches * batch_kg * ones, batches * batch_kg**2 * ones
    each = balances_per_calibration or balances + 1
    return plant(
        [
            Flow("input", 1, total, squares, flow_random_sd, flow_systematic_sd),
            Flow("output", -1, total, squares, flow_random_sd, flow_systematic_sd),
        ],
        [
            Inventory(
                "inventory",
                np.full(balances + 1, inventory_kg),
                inventory_random_sd,
                inventory_systematic_sd,
            )
        ],
        flow_epochs=np.arange(balances) // each,
        closing_epochs=np.arange(balances + 1) // each,
    )


def _inventories(
    inventories: Sequence[Inventory],
    begun: int,
    epochs: Indices,
    parts: list[Part],
    shared: dict[str, list[_Shared]],
) -> None:
    """Add the errors of the closings: minus in the balance that one ends, plus in the next."""
    balances = epochs.size - 1
    every = np.arange(balances, dtype=np.intp)
    closings = np.concatenate([every + 1, every])
    entered = np.concatenate([every, every])
    signs = np.concatenate([np.full(balances, -1.0), np.ones(balances)])
    for number, inventory in enumerate(inventories, start=begun):
        content = _amounts(inventory.content_kg, balances + 1, inventory.name)
        _check_sds(inventory.name, inventory.random_sd, inventory.systematic_sd)
        value = signs * content[closings]
        stratum = np.full(closings.size, number, dtype=np.intp)
        random = inventory.random_sd * value
        parts.append(Part(f"{inventory.name} random", closings, entered, stratum, random))
        shared.setdefault(inventory.source or inventory.name, []).append(
            (epochs[closings], entered, number, inventory.systematic_sd * value)
        )


def _systematic(source: str, entries: list[_Shared]) -> Part:
    epoch = np.concatenate([e[0] for e in entries])
    _, variable = np.unique(epoch, return_inverse=True)
    return Part(
        f"{source} systematic",
        variable.astype(np.intp),
        np.concatenate([e[1] for e in entries]),
        np.concatenate([np.full(e[1].size, e[2], dtype=np.intp) for e in entries]),
        np.concatenate([e[3] for e in entries]),
    )


def _balances(flows: Sequence[Flow], inventories: Sequence[Inventory]) -> int:
    if flows:
        size = int(np.atleast_1d(np.asarray(flows[0].total_kg)).size)
    elif inventories:
        size = int(np.atleast_1d(np.asarray(inventories[0].content_kg)).size) - 1
    else:
        raise UsageError("the plant has no flow and no inventory", "Give at least one.")
    if size < 1:
        raise UsageError("the plant has no balance", "Give at least two closings.")
    return size


def _epochs(given: npt.ArrayLike | None, size: int, name: str) -> Indices:
    if given is None:
        return np.zeros(size, dtype=np.intp)
    found = np.asarray(given, dtype=np.intp)
    if found.shape != (size,):
        raise UsageError(
            f"{name} has shape {found.shape}, not ({size},)",
            "Give one epoch number for each balance (flows) or closing (inventories).",
        )
    return found


def _amounts(given: npt.ArrayLike, size: int, name: str) -> Floats:
    found = np.asarray(given, dtype=np.float64)
    if found.shape != (size,):
        raise UsageError(
            f"{name} has {found.size} amounts, not {size}",
            "Give one total for each balance, and one content for each closing.",
        )
    wrong = np.flatnonzero(~(np.isfinite(found) & (found >= 0)))
    if wrong.size:
        raise UsageError(
            f"{name}: amount {int(wrong[0]) + 1} is {found[wrong[0]]}, not a number of at least 0",
            "Amounts are kilograms, never negative; the sign says whether they come or go.",
        )
    return found


def _check_sds(name: str, *sds: float) -> None:
    if not all(np.isfinite(sd) and sd >= 0 for sd in sds):
        raise UsageError(
            f"{name} has a standard deviation that is negative or no number",
            "Give one relative standard deviation as a fraction: 0.001 is 0.1 %.",
        )
