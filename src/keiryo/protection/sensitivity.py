"""What the probability of interruption of one path reacts to: derivatives and a tornado table.

Standard deviations are held fixed. None of the signs goes without saying: more detection or more
delay can lower the value, because a task detected earlier takes the chance of a better timed
detection later. Every change is therefore given with its sign.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import MAX_EMAX, MIN_EMIN, Decimal, localcontext
from fractions import Fraction
from typing import Any

import numpy as np

from keiryo.protection.easi import PathValue, Step, p_interruption_of_many
from keiryo.protection.task import Mode, Response, Task, weight

TENTH = Fraction(1, 10)
_CELLS_AT_ONCE = 2_000_000
DIGITS = 60


@dataclass(frozen=True, slots=True)
class StepSensitivity:
    """Derivatives with respect to one task's probability of detection and mean delay (per s).

    `delay_mean_s` is None where the value makes a step: at a tie without any spread.
    """

    p_detection: float
    delay_mean_s: float | None


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """Derivatives of the probability of interruption of one path.

    Attributes
    ----------
    communication : float
    response_mean_s : float or None
        Per second; None where the value makes a step.
    steps : tuple of StepSensitivity
    """

    communication: float
    response_mean_s: float | None
    steps: tuple[StepSensitivity, ...]


def sensitivity(value: PathValue, communication: Fraction, response: Response) -> Sensitivity:
    """Return the derivatives at a path's value, in the mode of that value.

    Parameters
    ----------
    value : PathValue
        Without correlation.
    communication : Fraction
    response : Response
        Those that the value was computed with.
    """
    with localcontext() as context:
        # Derivatives are differences, often of nearly equal numbers.
        context.prec, context.Emin, context.Emax = DIGITS, MIN_EMIN, MAX_EMAX
        reached = _decimal(communication)
        p = [_decimal(step.task.p_detection) for step in value.steps]
        r = [_in_time(step) for step in value.steps]
        missed = [1 - (one if value.mode == "A" else one * reached) for one in p]
        arrived = [Decimal(1)]  # no task before was detected
        for one in missed:
            arrived.append(arrived[-1] * one)
        following = [Decimal(0)]  # the value of the rest of the path, from its end
        for chance, in_time, miss in zip(p[:0:-1], r[:0:-1], missed[:0:-1], strict=True):
            following.append(chance * reached * in_time + miss * following[-1])
        by_detection, by_communication = [], []
        for n, after in enumerate(reversed(following)):
            if value.mode == "A":
                by_detection.append(float(arrived[n] * (reached * r[n] - after)))
                by_communication.append(p[n] * r[n] * arrived[n])
            else:
                by_detection.append(float(reached * arrived[n] * (r[n] - after)))
                by_communication.append(p[n] * arrived[n] * (r[n] - after))
        total_by_communication = float(sum(by_communication))
        factors = [
            float(chance * reached * before) for chance, before in zip(p, arrived[:-1], strict=True)
        ]
    density = _densities(value, factors, response)
    by_delay = _by_delay(value, density)
    total = _sum(density)
    return Sensitivity(
        communication=total_by_communication,
        response_mean_s=None if total is None else -total + 0.0,
        steps=tuple(map(StepSensitivity, by_detection, by_delay)),
    )


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


def _in_time(step: Step) -> Decimal:
    """Return the probability that the response is in time; its distance from 1/2 and 1 counts."""
    if step.z is not None and abs(step.z) < 0.5:
        return (1 + Decimal(math.erf(step.z / math.sqrt(2.0)))) / 2
    if step.z is None or step.z < 0:
        return Decimal(step.r)
    return 1 - Decimal(math.erfc(step.z / math.sqrt(2.0)) / 2.0)


def _densities(
    value: PathValue, factors: Sequence[float], response: Response
) -> list[float | None]:
    """Return what one second more of remaining delay adds to each term; None at a step."""
    found: list[float | None] = []
    for step, factor in zip(value.steps, factors, strict=True):
        if step.z is None:
            found.append(None if step.tie and factor else 0.0)
            continue
        sd = math.sqrt(step.remaining_variance_s2 + response.sd_s**2)
        bell = math.exp(-step.z * step.z / 2) / math.sqrt(2 * math.pi) if abs(step.z) < 1e3 else 0.0
        found.append(factor * bell / sd if factor and bell else 0.0)
    return found


def _by_delay(value: PathValue, density: list[float | None]) -> list[float | None]:
    found: list[float | None] = []
    before: float | None = 0.0
    for step, own in zip(value.steps, density, strict=True):
        share = float(weight(step.task.where))
        own_part = 0.0 if not share else None if own is None else share * own
        found.append(_sum([before, own_part]))
        before = _sum([before, own])
    return found


def _sum(parts: Sequence[float | None]) -> float | None:
    known = [one for one in parts if one is not None]
    return math.fsum(known) if len(known) == len(parts) else None


# --- tornado table -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Swing:
    """What the value becomes when one input is lowered and raised and all others stay.

    Attributes
    ----------
    input : str
        ``p_detection``, ``delay.mean_s``, ``delay.sd_s``, ``response.mean_s``,
        ``response.sd_s`` or ``communication``.
    step : int or None
        Position of the task, from 0; None for response and communication.
    low, high : float
        The input lowered and raised, in its legal range.
    change_low, change_high : float
        Changes of the probability of interruption, with their sign.
    """

    input: str
    step: int | None
    low: float
    high: float
    change_low: float
    change_high: float


def tornado(
    tasks: Sequence[Task],
    communication: Fraction,
    response: Response,
    mode: Mode = "A",
    *,
    share: Fraction = TENTH,
) -> list[Swing]:
    """Return the changes of the value, the greatest first, as each input moves by a share.

    Parameters
    ----------
    tasks : sequence of Task
    communication : Fraction
    response : Response
    mode : {"A", "B"}
    share : Fraction
        By which an input is lowered and raised; 10 % by default. Probabilities stop at 1.
    """
    route = np.arange(len(tasks))

    def one(chance: Fraction, force: Response) -> float:
        return float(p_interruption_of_many(tasks, route[None, :], chance, force, mode)[0])

    base = one(communication, response)
    found = list(_task_swings(tasks, communication, response, mode, share, base))
    for name in ("mean_s", "sd_s"):
        low, high = _moved(getattr(response, name), share)
        changes = [
            one(communication, _changed_response(response, name, moved)) - base
            for moved in (low, high)
        ]
        found.append(Swing(f"response.{name}", None, float(low), float(high), *changes))
    low, high = _moved(communication, share, most=1)
    changes = [one(moved, response) - base for moved in (low, high)]
    found.append(Swing("communication", None, float(low), float(high), *changes))
    found.sort(key=lambda swing: -max(abs(swing.change_low), abs(swing.change_high)))
    return found


def _moved(value: Fraction, share: Fraction, most: int | None = None) -> tuple[Fraction, Fraction]:
    high = value * (1 + share)
    return value * (1 - share), high if most is None else min(high, Fraction(most))


def _changed_response(response: Response, name: str, value: Fraction) -> Response:
    changed: dict[str, Any] = {name: value}
    return replace(response, **changed)


def _changed_task(task: Task, name: str, value: Fraction) -> Task:
    changed: dict[str, Any] = {name: value}
    return replace(task, **changed)


def _task_swings(
    tasks: Sequence[Task],
    communication: Fraction,
    response: Response,
    mode: Mode,
    share: Fraction,
    base: float,
) -> Iterator[Swing]:
    fields = (("p_detection", "p_detection", 1), ("mean_s", "delay.mean_s", None))
    block = max(1, _CELLS_AT_ONCE // (2 * len(tasks)))
    for field, name, most in (*fields, ("sd_s", "delay.sd_s", None)):
        for first in range(0, len(tasks), block):
            moved = [
                _moved(getattr(task, field), share, most) for task in tasks[first : first + block]
            ]
            # Each path is the given one with one task exchanged for its changed copy.
            copies = [
                _changed_task(tasks[first + n], field, to)
                for n, ends in enumerate(moved)
                for to in ends
            ]
            paths = np.tile(np.arange(len(tasks)), (len(copies), 1))
            row = np.arange(len(copies))
            paths[row, first + row // 2] = len(tasks) + row
            values = p_interruption_of_many([*tasks, *copies], paths, communication, response, mode)
            for n, (low, high) in enumerate(moved):
                down, up = (float(one) - base for one in values[2 * n : 2 * n + 2])
                yield Swing(name, first + n, float(low), float(high), down, up)
