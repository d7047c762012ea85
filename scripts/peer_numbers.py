"""Numbers of the page about MAPIT 1.5.13-beta: its forms and keiryo's results side by side."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

import peer_forms
import theory_examples as examples
from keiryo.material_balance import detection, statistics, thresholds

Floats = npt.NDArray[np.float64]

TUTORIAL_THRESHOLDS = (0.4, 0.5, 1.5)
CAMPAIGN_BALANCES = 14
RUNS, SEED = 400_000, 20260222


def operator(plant: peer_forms.Plant, *, window_periods: int = 2, paired: bool = False) -> Floats:
    """Return the matrix A with SITMUF = A·MUF; `paired` corrects the shift by one balance."""
    covariance = peer_forms.covariance(plant, window_periods=window_periods)
    inverse = np.linalg.inv(np.linalg.cholesky(covariance))
    return inverse if paired else inverse @ np.eye(plant.count, k=-1)


def sitmuf_sd(plant: peer_forms.Plant, **corrected: int) -> Floats:
    """Return the standard deviation of each value of that SITMUF when nothing is missing."""
    a = operator(plant, **corrected)
    covariance = examples.error_variables(plant).covariance()
    return np.sqrt(np.maximum(0.0, np.diag(a @ covariance @ a.T)))


def mean_sd(values: Floats) -> float:
    """Return the root mean square over the balances after the first."""
    return float(np.sqrt((values[1:] ** 2).mean()))


@cache
def plants() -> dict[str, tuple[peer_forms.Plant, dict[str, int]]]:
    """Return what the standard deviations are shown for, with what is corrected."""
    ten, one = examples.constant_facility(), examples.constant_facility(transfers=1)
    return {
        "Example B, ten transfers": (ten, {}),
        "Example B, one transfer": (one, {}),
        "fuel fabrication, 15 balances": (examples.campaign(), {}),
        "one transfer, window corrected": (one, {"window_periods": 1}),
    }


def peer_covariance() -> str:
    rows = []
    for transfers, words in ((10, "ten transfers a balance"), (1, "one transfer a balance")):
        plant = examples.constant_facility(transfers=transfers)
        right = examples.error_variables(plant).covariance()[1, 1]
        theirs = np.diag(peer_forms.covariance(plant))
        rows.append((words, *(f"{v:.2f}" for v in (right, *theirs[:2]))))
    head = ("diagonal, kg²", "correct", "1.5.13-beta, balance 1", "1.5.13-beta, from balance 2")
    return _table(head, rows)


def peer_sitmuf_sd() -> str:
    rows = []
    for name, (plant, corrected) in plants().items():
        sd = sitmuf_sd(plant, **corrected)
        gemuf = float((sd[1:7] ** 2).sum())
        rows.append((name, f"{mean_sd(sd):.2f}", f"{sd[1]:.2f}", f"{sd[-1]:.2f}", f"{gemuf:.1f}"))
    rows.append(("keiryo, any of them", "1.00", "1.00", "1.00", "6.0"))
    head = (
        "standard deviation of SITMUF",
        "mean",
        "slot 1",
        "last slot",
        "GEMUF V1 after six values",
    )
    return _table(head, rows)


def peer_pairing() -> str:
    plant = examples.constant_facility(
        (10.0, 1000.0, 10.0, 10.0, 10.0), transfers=1, inventory_kg=0.0
    )
    sd, aligned = sitmuf_sd(plant), sitmuf_sd(plant, window_periods=1)
    rows = [
        ("1.5.13-beta", *(f"{v:.3f}" for v in sd[1:4])),
        ("window corrected, pairing not", *(f"{v:.3f}" for v in aligned[1:4])),
        ("keiryo", "1.000", "1.000", "1.000"),
    ]
    head = ("throughput 10, 1000, 10, 10, ...: standard deviation of", "balance 1", "2", "3")
    return _table(head, rows)


def peer_thresholds() -> str:
    count = CAMPAIGN_BALANCES
    rows = [
        (f"{h:g}", f"{100 * thresholds.page_false_alarm(count, h):.2f} %")
        for h in TUTORIAL_THRESHOLDS
    ]
    right = thresholds.page_threshold(count).threshold
    rows.append((f"**{right:.6f}**", "5 %"))
    return _table(("threshold", "false-alarm probability"), rows, first="---:")


class Power(NamedTuple):
    """Detection probabilities of Page's test at 5 % false alarms."""

    loss: str
    theirs: float
    right: float


@cache
def power() -> tuple[Power, ...]:
    """Return the comparison for Example B; the peer form is simulated, keiryo exact."""
    plant = examples.constant_facility()
    errors = examples.error_variables(plant)
    covariance = errors.covariance()
    factor = statistics.factor(covariance)
    a = operator(plant)
    draws = np.random.Generator(np.random.Philox(SEED)).standard_normal((RUNS, 8))
    scaled = draws @ (a @ factor.lower).T
    threshold = np.quantile(peer_forms.page(scaled).max(axis=1), 0.95)
    found = []
    for name, loss in {
        "12 kg, the same in every balance": detection.uniform(8, 12.0),
        "12 kg, worst case": detection.worst_case(covariance, 12.0),
        "12 kg, all in balance 8": detection.abrupt(8, 12.0, 8),
        "5 kg, all in balance 4": detection.abrupt(8, 5.0, 4),
    }.items():
        theirs = (peer_forms.page(scaled + a @ loss).max(axis=1) > threshold).mean()
        right = detection.detection(loss, covariance, "page", factored=factor).probability
        found.append(Power(name, float(theirs), right))
    return tuple(found)


def peer_power() -> str:
    rows = [(p.loss, f"{p.theirs:.2f}", f"{p.right:.4f}") for p in power()]
    head = ("loss", f"1.5.13-beta ({RUNS:,} runs)".replace(",", "\u202f"), "keiryo (exact)")
    return _table(head, rows)


def constant_outputs() -> peer_forms.Plant:
    """Return two balances of a constant inventory of 50 kg; outputs of 7 and 3 kg in the first."""
    outputs = np.zeros((2, 22))
    outputs[:, 5] = 7.0, 3.0
    return peer_forms.Plant(np.zeros((1, 22)), outputs, np.full((1, 22), 50.0), 10)


def active_inventory(plant: peer_forms.Plant) -> Floats:
    """Return begin + end + inputs + outputs of each balance, kg."""
    held = plant.contents().sum(axis=1)
    return held[:-1] + held[1:] + examples.period_amounts(plant.flows(), plant).sum(axis=(1, 2))


def peer_active() -> str:
    plant = constant_outputs()
    rows = [
        (name, *(f"{v:.0f}" for v in values))
        for name, values in (
            ("1.5.13-beta", peer_forms.active_inventory(plant)),
            ("begin + end + inputs + outputs", active_inventory(plant)),
        )
    ]
    return _table(("active inventory, kg", "balance 1", "balance 2"), rows)


def daily_campaign() -> peer_forms.Plant:
    """Return the fuel fabrication closed every 24 hours."""
    plant = examples.campaign()
    return peer_forms.Plant(plant.inputs, plant.outputs, plant.inventories, 24)


@cache
def smallest_eigenvalues() -> tuple[float, float]:
    """Return the smallest eigenvalue of the daily covariance: the peer form's, and the right one.

    Without the first five balances, in which nothing moves.
    """
    plant = daily_campaign()
    right = examples.error_variables(plant).covariance()
    moved = np.flatnonzero(np.diag(right))
    both = (c[np.ix_(moved, moved)] for c in (peer_forms.covariance(plant), right))
    theirs, own = (float(np.linalg.eigvalsh(c)[0]) for c in both)
    return theirs, own


def peer_eigenvalue() -> str:
    theirs, right = smallest_eigenvalues()
    rows = [("1.5.13-beta", f"{theirs:.1f}".replace("-", "−")), ("keiryo", f"{right:.1f}")]
    return _table(("264 balances of 24 h", "smallest eigenvalue, kg²"), rows)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]], *, first: str = "---") -> str:
    """Return a Markdown table, numbers to the right."""
    lines = [head, (first, *("---:",) * (len(head) - 1)), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


BLOCKS: dict[str, Callable[[], str]] = {
    "peer_active": peer_active,
    "peer_covariance": peer_covariance,
    "peer_eigenvalue": peer_eigenvalue,
    "peer_pairing": peer_pairing,
    "peer_power": peer_power,
    "peer_sitmuf_sd": peer_sitmuf_sd,
    "peer_thresholds": peer_thresholds,
}
VALUES: dict[str, Callable[[], float]] = {
    "campaign.muf2": lambda: float(examples.muf(examples.campaign())[1]),
    "example_b.sigma_one": lambda: float(
        examples.error_variables(examples.constant_facility(transfers=1)).covariance()[0, 0] ** 0.5
    ),
    "peer.campaign_muf2": lambda: float(peer_forms.muf(examples.campaign())[1]),
    "peer.sigma_muf": lambda: float(peer_forms.sigma_muf(examples.constant_facility())[1]),
    "peer.sigma_muf_first": lambda: float(peer_forms.sigma_muf(examples.constant_facility())[0]),
    "peer.threshold_start": lambda: (
        thresholds.page_threshold(CAMPAIGN_BALANCES, start=0.5).threshold
    ),
}
