"""How far the probability of interruption is uncertain because its inputs are estimates.

Probabilities of detection are drawn from Beta distributions, mean times from log-normal or
truncated normal ones with the standard error of the mean. Standard deviations of the delays stay
as they are: EASI already spreads each delay with them, and to draw whole delays as well would
count that spread twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from keiryo.protection.task import Mode, Response, Task, weight

Shape: TypeAlias = Literal["log_normal", "truncated_normal"]
GENERATOR = "numpy PCG64"
_ROWS_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class BetaDistribution:
    """A probability of detection: Beta with its two parameters, both above 0."""

    alpha: float
    beta: float


@dataclass(frozen=True, slots=True)
class MeanTime:
    """A mean time around the given one, with the standard error of the mean.

    Attributes
    ----------
    standard_error_s : float
    shape : {"log_normal", "truncated_normal"}
        The log-normal distribution has the given mean and this standard deviation. The normal
        one is cut off at 0, which moves its mean up if the standard error is large.
    """

    standard_error_s: float
    shape: Shape = "log_normal"


@dataclass(frozen=True, slots=True)
class UncertainInputs:
    """The inputs that are drawn; all others stay as given. Tasks by their position from 0."""

    detection: Mapping[int, BetaDistribution] = field(default_factory=dict)
    delay: Mapping[int, MeanTime] = field(default_factory=dict)
    response: MeanTime | None = None


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """Statistics of the drawn probabilities of interruption."""

    draws: int
    seed: int
    mean: float
    sd: float
    p05: float
    median: float
    p95: float

    def to_dict(self) -> dict[str, Any]:
        """Return them as plain data, with the name of the generator and a note."""
        return {
            "draws": self.draws,
            "seed": self.seed,
            "generator": GENERATOR,
            "mean": self.mean,
            "sd": self.sd,
            "p05": self.p05,
            "median": self.median,
            "p95": self.p95,
            "note": "The inputs are drawn independently of each other.",
        }


def draw(
    tasks: Sequence[Task],
    communication: Fraction,
    response: Response,
    mode: Mode,
    inputs: UncertainInputs,
    *,
    draws: int = 10_000,
    seed: int = 0,
) -> Uncertainty:
    """Return the statistics of the probability of interruption over random inputs.

    Parameters
    ----------
    tasks : sequence of Task
    communication : Fraction
    response : Response
    mode : {"A", "B"}
    inputs : UncertainInputs
    draws, seed : int
        The same seed gives the same draws.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    values = np.empty(draws)
    for first in range(0, draws, _ROWS_AT_ONCE):
        rows = min(_ROWS_AT_ONCE, draws - first)
        values[first : first + rows] = _values(
            random, rows, tasks, float(communication), response, mode, inputs
        )
    p05, median, p95 = (float(one) for one in np.quantile(values, (0.05, 0.5, 0.95)))
    spread = float(np.std(values, ddof=1)) if draws > 1 else 0.0
    return Uncertainty(draws, seed, float(np.mean(values)), spread, p05, median, p95)


def _values(
    random: np.random.Generator,
    rows: int,
    tasks: Sequence[Task],
    communication: float,
    response: Response,
    mode: Mode,
    inputs: UncertainInputs,
) -> NDArray[np.float64]:
    # What is not drawn is summed exactly, so that a tie stays a tie.
    fixed, drawn = _times(random, rows, response.mean_s, inputs.response)
    due, due_drawn = fixed, drawn
    after, after_drawn, found = Fraction(0), np.zeros(rows), np.zeros(rows)
    variance_after = response.sd_s**2
    for position in range(len(tasks) - 1, -1, -1):
        task = tasks[position]
        share = weight(task.where)
        p = _probabilities(random, rows, task, inputs.detection.get(position))
        fixed, drawn = _times(random, rows, task.mean_s, inputs.delay.get(position))
        margin = float(after + share * fixed - due) + (
            after_drawn + float(share) * drawn - due_drawn
        )
        variance = variance_after + (share * task.sd_s) ** 2
        r = ndtr(margin / float(variance) ** 0.5) if variance else (margin > 0).astype(float)
        missed = 1.0 - p if mode == "A" else 1.0 - p * communication
        found = p * communication * r + missed * found
        after += fixed
        after_drawn += drawn
        variance_after += task.sd_s**2
    return np.minimum(found, 1.0)


def _probabilities(
    random: np.random.Generator, rows: int, task: Task, shape: BetaDistribution | None
) -> NDArray[np.float64]:
    if shape is None:
        return np.full(rows, float(task.p_detection))
    return random.beta(shape.alpha, shape.beta, rows)


def _times(
    random: np.random.Generator, rows: int, mean_s: Fraction, shape: MeanTime | None
) -> tuple[Fraction, NDArray[np.float64]]:
    """Return a time as its exact and its drawn part, of which one is 0."""
    mean, nothing = float(mean_s), Fraction(0)
    if shape is None or not shape.standard_error_s or not mean:
        return mean_s, np.zeros(rows)
    ratio = shape.standard_error_s / mean
    if shape.shape == "log_normal":
        variance = np.log1p(ratio**2)
        return nothing, random.lognormal(np.log(mean) - variance / 2, variance**0.5, rows)
    below = ndtr(-1.0 / ratio)  # what is cut off; the rest is drawn by its quantiles
    chance = below + (1.0 - below) * random.random(rows)
    drawn = mean + shape.standard_error_s * ndtri(np.clip(chance, 1e-300, 1.0 - 2.0**-53))
    return nothing, np.asarray(np.maximum(drawn, 0.0), dtype=np.float64)
