"""EASI: the probability that an adversary on one path is interrupted in time.

A detection is timely if the delay that remains after it exceeds the response time. EASI (Estimate
of Adversary Sequence Interruption, Sandia 1970s; Garcia, *Design and Evaluation of Physical
Protection Systems*) takes remaining delay and response time as normal and sums over the tasks::

    mu_i = w_i t_i + sum of t_k, k > i          v_i = (w_i s_i)^2 + sum of s_k^2, k > i
    R_i  = Phi((mu_i - T_G) / sqrt(v_i + s_G^2))
    P_I  = sum over i of P_D,i P_C R_i times the probability that no task before i was detected

In mode A an alarm that is not communicated ends the chance of interruption; in mode B each alarm
has its own chance of communication. Times are summed and compared as exact fractions: a remaining
delay that equals the response time is not timely, and 0.1 + 0.2 equals 0.3.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from keiryo.protection.task import Mode, Response, Task, weight

ASSUMPTIONS = (
    "Detections are independent of each other and of the delays.",
    "Delays are independent of each other and of the response time.",
    "Delays and response time are normally distributed; with a large standard deviation they "
    "could be negative.",
    "Detection happens in an instant: at the beginning, in the middle or at the end of a task.",
    "There is one response.",
    "The route is fixed beforehand.",
    "Earlier tasks take nothing away from the protection of later ones.",
    "Probabilities of detection do not change with time.",
)
NO_TASK = -1
"""In a matrix of paths: no task here, because this path is shorter than others."""

_LARGEST_WHOLE = 2**62
_ROWS_AT_ONCE = 65_536


@dataclass(frozen=True, slots=True)
class Step:
    """What detection at one task of a path is worth.

    Attributes
    ----------
    task : Task
    remaining_mean_s, remaining_variance_s2 : Fraction
        Of the delay that remains after the detection.
    z : float or None
        Margin over the response time in standard deviations; None if there is no spread.
    r : float
        Probability that the response is in time after an alarm here.
    term : float
        What the task adds to the probability of interruption.
    timely : bool
        The mean remaining delay exceeds the mean response time.
    tie : bool
        There is no spread, and the remaining delay equals the response time.
    """

    task: Task
    remaining_mean_s: Fraction
    remaining_variance_s2: Fraction
    z: float | None
    r: float
    term: float
    timely: bool
    tie: bool


@dataclass(frozen=True, slots=True)
class PathValue:
    """The measures of one path.

    Attributes
    ----------
    mode : {"A", "B"}
    p_interruption : float
        By EASI.
    p_interruption_deterministic : float
        By the critical detection point: without communication and without spread.
    cdp : int or None
        The critical detection point: position of the last task with timely detection, from 0.
    steps : tuple of Step
    """

    mode: Mode
    p_interruption: float
    p_interruption_deterministic: float
    cdp: int | None
    steps: tuple[Step, ...]


def path_value(
    tasks: Sequence[Task],
    communication: Fraction,
    response: Response,
    mode: Mode = "A",
    *,
    correlation: Fraction | int = 0,
) -> PathValue:
    """Return the measures of one path.

    Parameters
    ----------
    tasks : sequence of Task
        In the order of the path.
    communication : Fraction
        Probability that an alarm reaches the response force.
    response : Response
    mode : {"A", "B"}
    correlation : Fraction
        One correlation from 0 to 1 between all delays of the path; 0 is EASI. 1 is a stress
        value: it shows what a common error of all delays would do, and is never the result.
    """
    reached = float(communication)
    remaining = remaining_delays(tasks, Fraction(correlation))
    response_variance = response.sd_s**2
    steps, missed, terms = [], 1.0, []
    for task, (mean, variance) in zip(tasks, remaining, strict=True):
        z, r = timeliness(mean - response.mean_s, variance + response_variance)
        p = float(task.p_detection)
        term = p * reached * r * missed
        missed *= float(1 - task.p_detection) if mode == "A" else 1.0 - p * reached
        timely = mean > response.mean_s
        tie = z is None and mean == response.mean_s
        steps.append(Step(task, mean, variance, z, r, term, timely, tie))
        terms.append(term)
    timely_at = [n for n, step in enumerate(steps) if step.timely and step.task.p_detection > 0]
    cdp = timely_at[-1] if timely_at else None
    certain = cumulative_detection(tasks[: cdp + 1]) if cdp is not None else 0.0
    return PathValue(mode, min(1.0, math.fsum(terms)), certain, cdp, tuple(steps))


def remaining_delays(
    tasks: Sequence[Task], correlation: Fraction = Fraction(0)
) -> list[tuple[Fraction, Fraction]]:
    """Return mean and variance of the delay that remains after detection at each task, exactly."""
    mean_after = variance_after = sd_after = Fraction(0)
    found = []
    for task in reversed(tasks):
        share = weight(task.where)
        sd = share * task.sd_s
        variance = variance_after + sd**2
        if correlation:
            variance = (1 - correlation) * variance + correlation * (sd_after + sd) ** 2
        found.append((mean_after + share * task.mean_s, variance))
        mean_after += task.mean_s
        variance_after += task.sd_s**2
        sd_after += task.sd_s
    return found[::-1]


def timeliness(margin: Fraction, variance: Fraction) -> tuple[float | None, float]:
    """Return z and the probability that the response is in time.

    Parameters
    ----------
    margin : Fraction
        Mean remaining delay less mean response time.
    variance : Fraction
        Of both together. If it is 0, z is None and the probability is 1 or 0; a tie is not in
        time.
    """
    if not variance:
        return None, 1.0 if margin > 0 else 0.0
    z = float(margin) / math.sqrt(variance)
    return z, math.erfc(-z / math.sqrt(2.0)) / 2.0


def cumulative_detection(tasks: Sequence[Task]) -> float:
    """Return the probability that at least one of the tasks is detected, timely or not."""
    found = 0.0
    for task in reversed(tasks):  # no difference of nearly equal numbers: small values stay exact
        found = float(task.p_detection) + float(1 - task.p_detection) * found
    return found


# --- many paths ----------------------------------------------------------------------------------


def p_interruption_of_many(
    tasks: Sequence[Task],
    paths: NDArray[np.integer],
    communication: Fraction,
    response: Response,
    mode: Mode = "A",
) -> NDArray[np.float64]:
    """Return the probability of interruption of many paths by EASI.

    Parameters
    ----------
    tasks : sequence of Task
        Every task that occurs.
    paths : array of int, (paths, length)
        One path a row: the positions of its tasks in `tasks`; `NO_TASK` where a path is shorter.
    communication : Fraction
    response : Response
    mode : {"A", "B"}

    Notes
    -----
    Means are summed as whole numbers of a common unit, so that ties are exact here too.
    """
    padded = [*tasks, Task(Fraction(0), "B", Fraction(0), Fraction(0))]  # reached by NO_TASK
    table = _TaskTable.of(padded, response, paths.shape[1])
    found = np.empty(len(paths))
    for first in range(0, len(paths), _ROWS_AT_ONCE):
        rows = slice(first, first + _ROWS_AT_ONCE)
        found[rows] = table.p_interruption(paths[rows], float(communication), mode)
    return found


@dataclass(frozen=True, slots=True)
class _TaskTable:
    """Tasks as arrays: times as whole numbers of one unit, the rest in double precision."""

    p: NDArray[np.float64]
    missed: NDArray[np.float64]
    whole: NDArray[Any]
    share: NDArray[Any]
    variance: NDArray[np.float64]
    variance_share: NDArray[np.float64]
    response: int
    response_variance: float
    unit: int

    @classmethod
    def of(cls, tasks: Sequence[Task], response: Response, length: int) -> _TaskTable:
        shares = [weight(one.where) for one in tasks]
        unit = 2 * math.lcm(response.mean_s.denominator, *{one.mean_s.denominator for one in tasks})
        whole = [int(one.mean_s * unit) for one in tasks]
        share = [int(one.mean_s * unit * part) for one, part in zip(tasks, shares, strict=True)]
        wanted = int(response.mean_s * unit)
        # Longer numbers than a machine word are kept as Python's whole numbers: slow and exact.
        largest = max(max(whole) * length, wanted)
        kind: type = np.int64 if largest < _LARGEST_WHOLE else object
        sd = np.array([float(one.sd_s) for one in tasks])
        return cls(
            p=np.array([float(one.p_detection) for one in tasks]),
            missed=np.array([float(1 - one.p_detection) for one in tasks]),
            whole=np.array(whole, dtype=kind),
            share=np.array(share, dtype=kind),
            variance=sd**2,
            variance_share=(sd * np.array([float(part) for part in shares])) ** 2,
            response=wanted,
            response_variance=float(response.sd_s**2),
            unit=unit,
        )

    def p_interruption(
        self, paths: NDArray[np.integer], communication: float, mode: Mode
    ) -> NDArray[np.float64]:
        rows, length = paths.shape
        after: NDArray[Any] = np.zeros(rows, dtype=self.whole.dtype)
        spread = np.full(rows, self.response_variance)
        found = np.zeros(rows)
        for column in range(length - 1, -1, -1):
            task = paths[:, column]
            margin = after + self.share[task] - self.response
            variance = spread + self.variance_share[task]
            r = self._timeliness(margin, variance)
            p = self.p[task]
            missed = self.missed[task] if mode == "A" else 1.0 - p * communication
            found = p * communication * r + missed * found
            after = after + self.whole[task]
            spread = spread + self.variance[task]
        return np.minimum(found, 1.0)

    def _timeliness(
        self, margin: NDArray[Any], variance: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        in_time = np.asarray(margin > 0, dtype=np.float64)
        if margin.dtype == object:
            seconds = np.array([float(Fraction(one, self.unit)) for one in margin])
        else:
            seconds = margin.astype(np.float64) / self.unit
        spread = variance > 0
        z = np.divide(seconds, np.sqrt(variance), out=np.zeros_like(seconds), where=spread)
        return np.where(spread, ndtr(z), in_time)
