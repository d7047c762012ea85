"""Simulated campaigns of material balances, against the same in plain NumPy.

The campaign is that of a fuel fabrication with 31 locations and 6481 hourly samples, in balances of
416 h (15) or 24 h (269). Every statistic is computed for every realization: MUF, CUMUF, ITMUF,
SITMUF, Page, EWMA, GEMUF V1 and V5.

The limits are written here with NumPy and SciPy alone, as one would by hand who knows the error
model, and measured in the same run:

period      one normal deviate per location and period, per closing and per location; MUF from it.
sample      one per location and sample (201 million for 1000 realizations), summed by period.
balance     one per balance, MUF = L y: what the product does, for 269 balances.
observed    as period, and every realization has the covariance of what it measured.

The product draws one number per balance for all of the first three, because the distribution is the
same (`keiryo.material_balance.simulation_draws` proves it).
"""

from __future__ import annotations

import argparse
import csv
import gzip
import importlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from measuring import Clock, best, fresh, peak_mb, tell
from scipy import linalg, signal

from keiryo.material_balance.simulation_amounts import PeriodAmounts, SampledAmounts
from keiryo.material_balance.simulation_campaign import campaign

DATA = Path(__file__).resolve().parent.parent / "tests" / "data" / "material-balance"
FLOWS = ("cylinder", "drums", "uf6_heel", "scrap_loss", "fuel_pins")
HOURS, DEVIATION, REALIZATIONS = 6480, 0.005, 1000
Floats = np.ndarray[Any, Any]


def amounts(period_h: int, balances: int) -> SampledAmounts:
    """Read the true amounts; a transfer at a closing belongs to the period that ends there."""
    flow = np.zeros((HOURS + 1, len(FLOWS)))
    for name, sign in (("inputs", 1.0), ("outputs", -1.0)):
        with (DATA / f"{name}.csv").open(newline="") as file:
            for row in csv.DictReader(file):
                flow[int(row["hour"]), FLOWS.index(row["location"])] += sign * float(row["kg_u"])
    with gzip.open(DATA / "inventories.csv.gz", "rt") as file:
        stock = np.loadtxt(file, delimiter=",", skiprows=1)[:, 1:]
    hour = np.arange(1, balances * period_h + 1)
    flows, places = np.full(len(FLOWS), DEVIATION), np.full(stock.shape[1], DEVIATION)
    return SampledAmounts(
        flow[hour], (hour - 1) // period_h, stock[:: period_h][: balances + 1],
        flows, flows, places, places,
    )  # fmt: skip


# --- the limits: plain NumPy ---------------------------------------------------------------------


def plain_covariance(model: PeriodAmounts) -> Floats:
    change = -np.diff(model.inventory_kg, axis=0)
    systematic = np.hstack([model.flow_kg, change]) * DEVIATION
    flow = (model.flow_root_kg**2).sum(axis=1) * DEVIATION**2
    stock = (model.inventory_kg**2).sum(axis=1) * DEVIATION**2
    inner = np.arange(len(flow) - 1)
    found = systematic @ systematic.T
    found[np.arange(len(flow)), np.arange(len(flow))] += flow + stock[:-1] + stock[1:]
    found[inner, inner + 1] -= stock[1:-1]
    found[inner + 1, inner] -= stock[1:-1]
    return found


def plain_statistics(muf: Floats, y: Floats, smooth: Floats, residual: Floats) -> list[Floats]:
    """Return all statistics of MUF, its residuals y and those of the smoothed losses."""
    page, state = np.empty_like(y), np.zeros(len(y))
    for i in range(y.shape[1]):
        state = np.maximum(0.0, state + y[:, i] - 0.5)
        page[:, i] = state
    used = np.arange(1, y.shape[1] + 1)
    ewma = signal.lfilter([0.2], [1.0, -0.8], y, axis=1) / np.sqrt((1 - 0.8 ** (2 * used)) / 9)
    v5 = np.cumsum(smooth * y, axis=1)
    v5[:, :2] = v5[:, -2:] = np.nan
    return [muf, np.cumsum(muf, axis=1), y * residual, y, page, ewma, np.cumsum(y * y, axis=1), v5]


def smoothed(muf: Floats) -> Floats:
    found = np.zeros_like(muf)
    sides = muf[:, :-4] + muf[:, 1:-3] + muf[:, 3:-1] + muf[:, 4:]
    found[:, 2:-2] = (sides + 3 * muf[:, 2:-2]) / 7
    return found


def plain_sequence(muf: Floats, covariance: Floats) -> list[Floats]:
    usable = np.diagonal(covariance) > 0
    lower = np.linalg.cholesky(covariance[np.ix_(usable, usable)])
    muf = muf[:, usable]
    both = np.vstack([muf, smoothed(muf)]).T
    solved = linalg.solve_triangular(lower, both, lower=True, check_finite=False).T
    return plain_statistics(muf, solved[: len(muf)], solved[len(muf) :], np.diagonal(lower))


def plain_measured(model: PeriodAmounts, rows: int) -> tuple[Floats, Floats]:
    draw = np.random.default_rng(1).standard_normal
    (balances, flows), places = model.flow_kg.shape, model.inventory_kg.shape[1]
    flow = draw((rows, balances, flows)) * (model.flow_root_kg * DEVIATION)
    flow += model.flow_kg * (1 + DEVIATION * draw((rows, 1, flows)))
    stock = draw((rows, balances + 1, places)) * DEVIATION
    stock += 1 + DEVIATION * draw((rows, 1, places))
    stock *= model.inventory_kg
    return flow, stock


def limit_period(model: SampledAmounts, rows: int) -> list[Floats]:
    totals = model.by_period()
    flow, stock = plain_measured(totals, rows)
    muf = flow.sum(axis=2) - np.diff(stock, axis=1).sum(axis=2)
    return plain_sequence(muf, plain_covariance(totals))


def limit_sample(model: SampledAmounts, rows: int) -> list[Floats]:
    """Draw an error for every location and sample, in chunks that stay in the cache."""
    totals, generator = model.by_period(), np.random.default_rng(1)
    period = len(model.balance) // model.balances
    systematic = generator.standard_normal((rows, 1, 31)) * DEVIATION
    first = np.unique(model.balance, return_index=True)[1]
    muf = np.empty((rows, model.balances))
    numbers = np.empty((HOURS + 1, 31))
    for r in range(rows):
        generator.standard_normal(out=numbers)  # also for samples of inventories between closings
        error = numbers[1 : len(model.balance) + 1, :5] * DEVIATION
        error += 1 + systematic[r, :, :5]
        error *= model.sample_kg
        flow = np.add.reduceat(error, first, axis=0).sum(axis=1)
        at = numbers[::period][: model.balances + 1, 5:] * DEVIATION
        stock = model.inventory_kg * (1 + systematic[r, :, 5:] + at)
        muf[r] = flow - np.diff(stock, axis=0).sum(axis=1)
    return plain_sequence(muf, plain_covariance(totals))


def limit_balance(model: SampledAmounts, rows: int) -> list[Floats]:
    totals = model.by_period()
    covariance = plain_covariance(totals)
    usable = np.diagonal(covariance) > 0
    lower = np.linalg.cholesky(covariance[np.ix_(usable, usable)])
    drawn = np.random.default_rng(1).standard_normal((rows, len(lower)))
    true = (totals.flow_kg.sum(axis=1) - np.diff(totals.inventory_kg, axis=0).sum(axis=1))[usable]
    y = drawn + linalg.solve_triangular(lower, true, lower=True)
    muf = drawn @ lower.T + true
    smooth = linalg.solve_triangular(lower, smoothed(muf).T, lower=True, check_finite=False).T
    return plain_statistics(muf, y, smooth, np.diagonal(lower))


def limit_observed(model: SampledAmounts, rows: int) -> list[Floats]:
    totals = model.by_period()
    parts = []
    usable = np.diagonal(plain_covariance(totals)) > 0
    size = int(usable.sum())
    with np.errstate(invalid="ignore"):
        per_kg = np.nan_to_num((totals.flow_root_kg / totals.flow_kg) ** 2)
    flows, stocks = plain_measured(totals, rows)
    at, inner, step = np.arange(size), np.arange(size - 1), 64
    for begin in range(0, rows, step):
        flow, stock = flows[begin : begin + step], stocks[begin : begin + step]
        change = -np.diff(stock, axis=1)
        muf = (flow.sum(axis=2) + change.sum(axis=2))[:, usable]
        systematic = (np.concatenate([flow, change], axis=2) * DEVIATION)[:, usable]
        covariance = systematic @ systematic.transpose(0, 2, 1)
        flow_variance = (flow * flow * per_kg).sum(axis=2) * DEVIATION**2
        closing = (stock * stock).sum(axis=2) * DEVIATION**2
        covariance[:, at, at] += (flow_variance + closing[:, :-1] + closing[:, 1:])[:, usable]
        covariance[:, inner + 1, inner] -= closing[:, 1:-1][:, usable[:-1]]
        lower = np.linalg.cholesky(covariance)
        both = np.stack([muf, smoothed(muf)], axis=2)
        y = np.array([
            linalg.solve_triangular(one, two, lower=True, check_finite=False)
            for one, two in zip(lower, both, strict=True)
        ])  # fmt: skip
        parts.append(plain_statistics(muf, y[..., 0], y[..., 1], lower[:, at, at]))
    return [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]


LIMITS = {
    "period": limit_period, "sample": limit_sample, "balance": limit_balance,
    "observed": limit_observed,
}  # fmt: skip


# --- the product and its peer --------------------------------------------------------------------


def product(way: str, model: SampledAmounts, rows: int) -> list[Floats]:
    """Return the statistics as the product gives them; `way` is a level or a covariance."""
    found = campaign(
        model, realizations=rows, seed=1, errors="period" if way == "period" else "balance",
        covariance="observed" if way == "observed" else "nominal",
    )  # fmt: skip
    return [
        *(found.muf, found.cumuf, found.itmuf, found.sitmuf, found.page, found.ewma),
        *(found.gemuf_v1, found.gemuf_v5),
    ]


PEER_STEPS = ("calcMUF", "calcCUMUF", "calcSEMUF", "calcSITMUF", "calcPageTT")


def peer_version(folder: Path) -> str:
    """Return the version that the peer's own files give, or "unknown"."""
    for name in ("pyproject.toml", "setup.py"):
        file = folder / name
        text = file.read_text(encoding="utf-8") if file.is_file() else ""
        found = re.search(r"""^\s*version\s*=\s*["']([^"']+)["']""", text, re.MULTILINE)
        if found:
            return found[1]
    return "unknown"


def peer(folder: Path, rows: int) -> dict[str, Any]:
    """Time MAPIT's own code, found in `folder`, on the same amounts as "discrete" flows.

    Its `MBArea` (module ``MAPIT.core.StatsProcessor``) takes a list of arrays (samples, 1) for each
    side; what is timed are its calculations, without import and reading. It computes one balance
    fewer, since the data ends with a closing, and no EWMA or ITMUF.
    """
    sys.path.insert(0, str(folder))
    area = importlib.import_module("MAPIT.core.StatsProcessor").MBArea
    model = amounts(416, 15)
    flow = np.vstack([np.zeros((1, 5)), model.sample_kg])  # from hour 0 on
    with gzip.open(DATA / "inventories.csv.gz", "rt") as file:
        stock = np.loadtxt(file, delimiter=",", skiprows=1)[: len(flow), 1:]
    hours = np.arange(len(flow), dtype=np.float64)[:, None]
    sides = {
        "Input": [flow[:, [n]] for n in (0, 1)],
        "Inventory": [stock[:, [n]] for n in range(stock.shape[1])],
        "Output": [-flow[:, [n]] for n in (2, 3, 4)],
    }
    given: dict[str, Any] = {f"raw{side}": arrays for side, arrays in sides.items()}
    for side, arrays in sides.items():
        given[f"raw{side}Times"] = [hours.copy() for _ in arrays]
        given[f"{side.lower()}ErrorMatrix"] = np.full((len(arrays), 2), DEVIATION)
    with Clock() as clock:
        balance = area(
            **given, mbaTime=416, iterations=rows, inputTypes=["discrete"] * 2,
            outputTypes=["discrete"] * 3, doTQDM=False,
        )  # fmt: skip
        gemuf = [name for name in dir(balance) if name.startswith("calcGEMUF")]
        for step in (*PEER_STEPS, *gemuf):
            getattr(balance, step)()
    figures = {"seconds": clock.seconds, "processor_seconds": clock.processor_seconds}
    return {**figures, "version": peer_version(folder), "steps": [*PEER_STEPS, *gemuf]}


CASES = {
    "15": ((416, 15), ("period", "sample", "observed")),
    "269": ((24, 269), ("balance", "period", "observed")),
}


def measure(
    realizations: int, *, times: int = 3, peer_folder: Path | None = None
) -> dict[str, Any]:
    """Return the figures of every case, by the product and by its limit."""
    found: dict[str, Any] = {"realizations": realizations}
    for balances, (_, ways) in CASES.items():
        found[balances] = {}
        for way in ways:
            found[balances][way] = {
                who: best(1 if (who, way) == ("limit", "sample") else times,
                          "campaign.py", who, way, balances, realizations)
                for who in ("limit", "product")
            }  # fmt: skip
    words = ("campaign.py", "same-draws", "period", "15", realizations)
    found["15"]["period"]["same_draws"] = best(times, *words)
    if peer_folder is not None:
        try:
            found["peer"] = fresh("campaign.py", "peer", peer_folder, "15", realizations)
        except subprocess.CalledProcessError as error:
            found["peer"] = f"could not be run in {peer_folder}: exit code {error.returncode}"
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("who", choices=("limit", "product", "same-draws", "peer"))
    parser.add_argument("way")
    parser.add_argument("balances", choices=tuple(CASES))
    parser.add_argument("realizations", type=int)
    asked = parser.parse_args()
    if asked.who == "peer":
        found = peer(Path(asked.way).resolve(), asked.realizations)
        print(json.dumps({**found, "peak_mb": peak_mb()}))
        return
    period_h, balances = CASES[asked.balances][0]
    model = amounts(period_h, balances)
    with Clock() as clock:
        if asked.who == "limit":
            found = LIMITS[asked.way](model, asked.realizations)
        elif asked.who == "same-draws":
            found = product("period", model, asked.realizations)
        else:
            found = product(
                "observed" if asked.way == "observed" else "balance", model, asked.realizations
            )
    spread = found[3].std(axis=0)  # NaN for balances in which nothing was measured
    spread = spread[np.isfinite(spread)]
    assert abs(float(spread.mean()) - 1) < 0.05, "not the same statistics"
    tell(clock)


if __name__ == "__main__":
    main()
