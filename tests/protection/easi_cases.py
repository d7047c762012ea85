"""Paths of the published and computed EASI examples; all numbers are placeholders."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from keiryo.protection.task import Response, Task

Row = tuple[Any, Any, Any, Any]

EX1: list[Row] = [
    ("0", "B", "10", "3.0"),
    ("0", "B", "12", "3.6"),
    ("0.9", "B", "90", "27"),
    ("0", "B", "10", "3"),
    ("0.9", "B", "90", "27"),
    ("0", "B", "120", "36"),
]


def number(value: object) -> Fraction:
    """Return the exact value of a number in text."""
    return Fraction(str(value))


def tasks_of(rows: list[Row]) -> list[Task]:
    """Return tasks of rows (P_D, where, mean, standard deviation)."""
    return [Task(number(p), where, number(t), number(s)) for p, where, t, s in rows]


def response_of(mean: object, sd: object) -> Response:
    return Response(number(mean), number(sd))


def ex1_file() -> dict[str, Any]:
    """Return EX-1 as the content of an input file."""
    return {
        "communication": 0.95,
        "communication_mode": "A",
        "response": {"mean_s": 300, "sd_s": 90},
        "steps": [
            {
                "name": f"T{n}",
                "p_detection": float(p),
                "where": where,
                "delay": {"mean_s": float(t), "sd_s": float(s)},
            }
            for n, (p, where, t, s) in enumerate(EX1, 1)
        ],
    }
