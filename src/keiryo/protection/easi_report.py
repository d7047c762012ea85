"""The result for one path, as data and as plain sentences."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from keiryo.protection.easi import ASSUMPTIONS, Step, path_value
from keiryo.protection.easi_file import EasiInput
from keiryo.protection.sensitivity import Sensitivity, Swing, sensitivity
from keiryo.protection.task import GIVEN

SCHEMA = "keiryo.pp.easi-result/1"
RESPONSE_SD_ASSUMED = "The standard deviation of the response time is 30 % of its mean."


def easi_result(given: EasiInput) -> dict[str, Any]:
    """Return everything that is computed for one path, ready to be written as JSON.

    Examples
    --------
    >>> from keiryo.protection.inputs import Node
    >>> from keiryo.protection.easi_file import read_easi
    >>> step = {"p_detection": 1, "where": "B", "delay": {"mean_s": 300, "sd_s": 0}}
    >>> path = {"communication": 1, "response": {"mean_s": 240, "sd_s": 0}, "steps": [step]}
    >>> easi_result(read_easi(Node(path)))["p_interruption"]
    1.0
    """
    by_mode = {
        mode: path_value(given.tasks, given.communication, given.response, mode)
        for mode in ("A", "B")
    }
    value = by_mode[given.mode]
    stress = path_value(
        given.tasks, given.communication, given.response, given.mode, correlation=Fraction(1)
    )
    cdp = value.cdp
    return {
        "schema": SCHEMA,
        "classification": given.classification,
        "communication_mode": given.mode,
        "p_interruption": value.p_interruption,
        "p_interruption_by_mode": {mode: one.p_interruption for mode, one in by_mode.items()},
        "deterministic": {
            "p_interruption": value.p_interruption_deterministic,
            "cdp": None if cdp is None else {"index": cdp + 1, "name": given.tasks[cdp].name},
        },
        "steps": [_step(number, step) for number, step in enumerate(value.steps, 1)],
        "sensitivity": _sensitivity(sensitivity(value, given.communication, given.response)),
        "stress_correlated": stress.p_interruption,
        "assumptions": _assumptions(given),
        "warnings": [one.to_dict() for one in given.warnings],
    }


def _assumptions(given: EasiInput) -> list[str]:
    if given.response.sd_source == GIVEN:
        return list(ASSUMPTIONS)
    return [*ASSUMPTIONS, RESPONSE_SD_ASSUMED]


def _step(number: int, step: Step) -> dict[str, Any]:
    return {
        "index": number,
        "name": step.task.name,
        "p_detection": float(step.task.p_detection),
        "where": step.task.where,
        "remaining_mean_s": float(step.remaining_mean_s),
        "remaining_variance_s2": float(step.remaining_variance_s2),
        "z": step.z,
        "r": step.r,
        "term": step.term,
        "sd_source": step.task.sd_source,
    }


def _sensitivity(found: Sensitivity) -> dict[str, Any]:
    return {
        "communication": found.communication,
        "response_mean_s": found.response_mean_s,
        "steps": [
            {"index": n, "p_detection": one.p_detection, "delay_mean_s": one.delay_mean_s}
            for n, one in enumerate(found.steps, 1)
        ],
    }


def tornado_rows(given: EasiInput, swings: list[Swing]) -> list[dict[str, Any]]:
    """Return a tornado table as data: which input, of which step, and what its change does."""
    return [
        {
            "input": one.input,
            "index": None if one.step is None else one.step + 1,
            "name": None if one.step is None else given.tasks[one.step].name,
            "low": one.low,
            "high": one.high,
            "change_low": one.change_low,
            "change_high": one.change_high,
        }
        for one in swings
    ]


def step_rows(result: dict[str, Any]) -> list[dict[str, str]]:
    """Return the steps of a result for a table that people read: rounded, with sensitivities."""
    rows = []
    for step, slope in zip(result["steps"], result["sensitivity"]["steps"], strict=True):
        variance = step["remaining_variance_s2"]
        rows.append(
            {
                "step": str(step["index"]),
                "name": step["name"],
                "P_D": f"{step['p_detection']:.4g}",
                "where": step["where"],
                "remaining s": f"{step['remaining_mean_s']:.1f}",
                "sd s": f"{variance**0.5:.1f}",
                "in time": f"{step['r']:.4f}",
                "term": f"{step['term']:.4f}",
                "per 0.1 P_D": signed(slope["p_detection"] / 10),
                "per 10 s": _per_ten(slope["delay_mean_s"]),
            }
        )
    return rows


def _per_ten(slope: float | None) -> str:
    return "a step" if slope is None else signed(slope * 10)


def signed(change: float) -> str:
    """Return a change with its sign and four decimals; none is +0.0000.

    Examples
    --------
    >>> signed(-0.00001)
    '+0.0000'
    """
    return f"{round(change, 4) + 0.0:+.4f}"


def sentences(result: dict[str, Any]) -> list[str]:
    """Return the result in a few plain sentences."""
    mode = result["communication_mode"]
    other = "B" if mode == "A" else "A"
    by_mode = result["p_interruption_by_mode"]
    told = [
        f"The probability of interruption is {by_mode[mode]:.4f} in mode {mode} "
        f"({by_mode[other]:.4f} in mode {other}).",
        _about_cdp(result),
        _about_response(result),
        "If one common error moved all delays together, the probability of interruption would be "
        f"{result['stress_correlated']:.4f}: a stress value, not the result.",
    ]
    assumed = [str(s["index"]) for s in result["steps"] if s["sd_source"] != "given"]
    if assumed:
        told.append(
            "The standard deviation is assumed to be 30 % of the mean at "
            f"{'step' if len(assumed) == 1 else 'steps'} {', '.join(assumed)}."
        )
    return told


def _about_cdp(result: dict[str, Any]) -> str:
    cdp = result["deterministic"]["cdp"]
    if cdp is None:
        return "No detection on this path leaves more delay than the response takes on average."
    return (
        f"Step {cdp['index']} ({cdp['name']}) is the last detection that leaves more delay than "
        "the response takes on average; counted to there, without communication and spread, the "
        f"probability of detection is {result['deterministic']['p_interruption']:.4f}."
    )


def _about_response(result: dict[str, Any]) -> str:
    slope = result["sensitivity"]["response_mean_s"]
    if slope is None:
        return (
            "The response time equals a remaining delay exactly: a second less changes the value."
        )
    return (
        "A response 10 s faster would change the probability of interruption by about "
        f"{signed(-slope * 10)}."
    )
