"""A task on a path: where it is detected, how likely, and how long it delays.

Steps of one path and elements, transits and targets of a facility graph are all tasks; they are
read here, with the same rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

from keiryo.protection.inputs import (
    SMALLEST_PROBABILITY_POWER,
    Fields,
    Warning,
    pointer_to,
)

Where: TypeAlias = Literal["B", "M", "E"]
SdPolicy: TypeAlias = Literal["require", "assume_30pct"]
Mode: TypeAlias = Literal["A", "B"]

TASK_KEYS = ("p_detection", "where", "delay")
STEP_KEYS = (*TASK_KEYS, "name", "detection")
GIVEN, ASSUMED_30PCT = "given", "assumed_30pct"
ASSUMED_SHARE = Fraction(3, 10)
"""The convention where a standard deviation is not known: this share of the mean."""
NORMAL_SHARE = Fraction(1, 2)
"""Of a greater share a normal time would too often be negative."""
DAY_S = 86_400

_WEIGHTS: dict[Where, Fraction] = {"B": Fraction(1), "M": Fraction(1, 2), "E": Fraction(0)}


@dataclass(frozen=True, slots=True)
class Task:
    """One task of a path.

    Attributes
    ----------
    p_detection : Fraction
        Probability that it is detected and assessed.
    where : {"B", "M", "E"}
        Where in the task it is detected: at its beginning, middle or end.
    mean_s, sd_s : Fraction
        Mean and standard deviation of its delay in seconds.
    name : str
    sd_source : str
        ``"given"`` or ``"assumed_30pct"``.
    """

    p_detection: Fraction
    where: Where
    mean_s: Fraction
    sd_s: Fraction
    name: str = ""
    sd_source: str = GIVEN


@dataclass(frozen=True, slots=True)
class Response:
    """The response time: from the alarm until a force able to interrupt is in place.

    Attributes
    ----------
    mean_s, sd_s : Fraction
        Mean and standard deviation in seconds.
    sd_source : str
        ``"given"`` or ``"assumed_30pct"``.
    """

    mean_s: Fraction
    sd_s: Fraction
    sd_source: str = GIVEN


def weight(where: Where) -> Fraction:
    """Return the share of a task's delay that remains after its detection."""
    return _WEIGHTS[where]


def read_probability(fields: Fields, name: str, *, required: bool = True) -> Fraction | None:
    """Return a probability; ``PROB_RANGE`` outside 0 to 1: per cent are never divided."""
    return fields.number(
        name,
        low=0,
        high=1,
        code="PROB_RANGE",
        smallest=SMALLEST_PROBABILITY_POWER,
        required=required,
    )


def read_where(fields: Fields) -> Where | None:
    """Return where a task is detected; ``WHERE_MISSING`` or ``WHERE_UNKNOWN`` if it says not."""
    value = fields.required("where", code="WHERE_MISSING")
    if "where" not in fields:
        return None
    if not isinstance(value, str):
        fields.note("TYPE", "A text belongs here: B, M or E.", "where")
        return None
    for known in _WEIGHTS:
        if value.upper() == known:
            return known
    code = "WHERE_UNKNOWN" if value else "WHERE_MISSING"
    fields.note(code, "It must be B (beginning), M (middle) or E (end).", "where")
    return None


def read_delay(
    fields: Fields, sd_policy: SdPolicy = "require"
) -> tuple[Fraction, Fraction, str] | None:
    """Return mean, standard deviation and source of the latter from ``delay`` of a task."""
    delay = fields.object("delay", ("mean_s", "sd_s"))
    if delay is None:
        return None
    mean = delay.number("mean_s", low=0, code="TIME_RANGE")
    return _with_sd(delay, mean, sd_policy)


def _with_sd(
    fields: Fields, mean: Fraction | None, sd_policy: SdPolicy
) -> tuple[Fraction, Fraction, str] | None:
    if "sd_s" not in fields and sd_policy == "assume_30pct":
        return None if mean is None else (mean, mean * ASSUMED_SHARE, ASSUMED_30PCT)
    sd = fields.number("sd_s", low=0, code="TIME_RANGE", missing_code="SD_MISSING")
    return None if mean is None or sd is None else (mean, sd, GIVEN)


def read_detection(fields: Fields) -> Fraction | None:
    """Return the probability of detection, given as one or by its three parts.

    With both the problem is ``CONFLICT``.
    """
    if "detection" not in fields or "detection" not in fields.allowed:
        return read_probability(fields, "p_detection")
    parts = fields.object("detection", ("sense", "transmit", "assess"))
    if parts is None:
        return None
    found = [read_probability(parts, name) for name in ("sense", "transmit", "assess")]
    if "p_detection" in fields:
        read_probability(fields, "p_detection")
        fields.note("CONFLICT", "Give either p_detection or detection.", "detection")
        return None
    product = Fraction(1)
    for part in found:
        if part is None:
            return None
        product *= part
    return product


def read_task(fields: Fields, name: str, sd_policy: SdPolicy = "require") -> Task | None:
    """Return the task that an object describes, or None with its problems noted.

    Parameters
    ----------
    fields : Fields
        The object's reader; which keys it may have is for the caller to say (`TASK_KEYS`,
        `STEP_KEYS`, or these with others).
    name : str
        What the task is called in results.
    sd_policy : {"require", "assume_30pct"}
        Whether a standard deviation must be given, or is 30 % of the mean where it is not.
    """
    p_detection = read_detection(fields)
    where = read_where(fields)
    delay = read_delay(fields, sd_policy)
    if p_detection is None or where is None or delay is None:
        return None
    return Task(p_detection, where, delay[0], delay[1], name, delay[2])


def read_response(top: Fields, sd_policy: SdPolicy = "require") -> Response | None:
    """Return the response time under ``response``, or None with its problems noted."""
    fields = top.object("response", ("mean_s", "sd_s"))
    if fields is None:
        return None
    mean = fields.number("mean_s", low=0, low_open=True, code="RESPONSE_RANGE")
    found = _with_sd(fields, mean, sd_policy)
    return None if found is None else Response(*found)


def read_mode(top: Fields) -> Mode:
    """Return ``communication_mode``: A (default) or B; ``MODE`` if it is something else."""
    value = top.optional("communication_mode", "A")
    if not isinstance(value, str):
        top.note("TYPE", "A text belongs here: A or B.", "communication_mode")
    elif value not in ("A", "B"):
        top.note("MODE", "It must be A or B.", "communication_mode")
    return "B" if value == "B" else "A"


def time_warnings(
    tasks: Sequence[tuple[str, Task]], response: Response | None = None
) -> list[Warning]:
    """Return the warnings ``UNIT`` and ``NORMALITY`` about times.

    Parameters
    ----------
    tasks : sequence of (pointer, Task)
        Each task with the pointer of the object that describes it.
    response : Response, optional
    """
    times = [(pointer_to(at, "delay"), one.mean_s, one.sd_s) for at, one in tasks]
    if response is not None:
        times.append(("/response", response.mean_s, response.sd_s))
    warnings = []
    if times and all(mean < 1 for _, mean, _ in times):
        told = "All mean times are below 1 s. Are they given in seconds?"
        warnings.append(Warning("UNIT", "", told))
    for pointer, mean, sd in times:
        if mean > DAY_S:
            told = "The mean time is longer than a day. Is it given in seconds?"
            warnings.append(Warning("UNIT", pointer_to(pointer, "mean_s"), told))
        if sd > NORMAL_SHARE * mean:
            told = (
                "The standard deviation is more than half of the mean: "
                "a normal time would too often be negative."
            )
            warnings.append(Warning("NORMALITY", pointer_to(pointer, "sd_s"), told))
    return warnings
