"""The input of a calculation with uncertain inputs: which of them are drawn, and from what.

A file beside the one of the path, because the path itself says nothing about distributions::

    draws = 10000                 # default 10000; 100 to 1000000
    seed = 7                      # default 0
    shape = "log_normal"          # of mean times; or "truncated_normal"
    [response]
    mean_standard_error_s = 20
    [[steps]]
    index = 3                     # from 1, as in the result
    beta = { alpha = 9, beta = 1 }
    mean_standard_error_s = 10
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from keiryo.protection.inputs import Fields, Node, load, raise_problems
from keiryo.protection.task import Task
from keiryo.protection.uncertainty import BetaDistribution, MeanTime, Shape, UncertainInputs

DRAWS, FEWEST, MOST = 10_000, 100, 1_000_000
SEED_LIMIT = 2**63


@dataclass(frozen=True, slots=True)
class UncertaintyInput:
    """What is drawn, how often, and from which seed."""

    inputs: UncertainInputs
    draws: int
    seed: int


def read_uncertainty_file(path: Path | str, tasks: Sequence[Task] | None) -> UncertaintyInput:
    """Read which inputs of a path are drawn.

    Parameters
    ----------
    path : Path
    tasks : sequence of Task, optional
        Those of the path; without them the step numbers are not compared with it.

    Raises
    ------
    InputError
        With everything that is wrong in it.
    """
    return read_uncertainty(load(path), tasks)


def read_uncertainty(node: Node, tasks: Sequence[Task] | None) -> UncertaintyInput:
    """Read which inputs of a path are drawn; raises as `read_uncertainty_file`."""
    top = node.fields(("draws", "seed", "shape", "response", "steps"))
    top.flag("placeholder")
    draws = _whole(top, "draws", FEWEST, MOST, DRAWS)
    seed = _whole(top, "seed", 0, SEED_LIMIT, 0)
    shape = _shape(top)
    response = top.object("response", ("mean_standard_error_s",), required=False)
    drawn_response = None if response is None else _mean_time(response, shape, required=True)
    detection: dict[int, BetaDistribution] = {}
    delay: dict[int, MeanTime] = {}
    seen: set[int] = set()
    for step in top.objects("steps", ("index", "beta", "mean_standard_error_s"), required=False):
        index = _index(step, tasks, seen)
        beta, mean_time = _beta(step), _mean_time(step, shape, required=False)
        if index is not None and beta is not None:
            detection[index] = beta
        if index is not None and mean_time is not None:
            delay[index] = mean_time
    raise_problems(top.problems)
    return UncertaintyInput(UncertainInputs(detection, delay, drawn_response), draws, seed)


def _whole(fields: Fields, name: str, low: int, high: int, default: int) -> int:
    value = fields.number(name, low=low, high=high, code="RANGE", required=False)
    if value is None:
        return default
    if value.denominator != 1:
        fields.note("TYPE", "A whole number belongs here.", name)
    return int(value)


def _shape(top: Fields) -> Shape:
    value = top.optional("shape", "log_normal")
    if value not in ("log_normal", "truncated_normal"):
        top.note("SHAPE", "It must be log_normal or truncated_normal.", "shape")
    return "truncated_normal" if value == "truncated_normal" else "log_normal"


def _index(step: Fields, tasks: Sequence[Task] | None, seen: set[int]) -> int | None:
    value = step.number("index", low=1, code="STEP_UNKNOWN")
    if value is None:
        return None
    if value.denominator != 1 or (tasks is not None and value > len(tasks)):
        step.note("STEP_UNKNOWN", "The path has no step with this number.", "index")
        return None
    if value in seen:
        step.note("DUPLICATE_ID", "This step is named twice.", "index")
    seen.add(int(value))
    return int(value) - 1


def _beta(step: Fields) -> BetaDistribution | None:
    fields = step.object("beta", ("alpha", "beta"), required=False)
    if fields is None:
        return None
    alpha, beta = (
        fields.number(name, low=0, low_open=True, code="RANGE") for name in ("alpha", "beta")
    )
    return None if alpha is None or beta is None else BetaDistribution(float(alpha), float(beta))


def _mean_time(fields: Fields, shape: Shape, *, required: bool) -> MeanTime | None:
    error = fields.number("mean_standard_error_s", low=0, code="TIME_RANGE", required=required)
    return None if error is None else MeanTime(float(error), shape)
