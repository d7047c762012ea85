"""Containers and trusted traders: the check digit of a container, and who is looked at first.

A trusted trader's consignment waits shorter for the commercial kind of inspection. It never passes
the radiation screening unseen, and never lowers the response to an alarm: with an alarm, a seal
that does not match, a status that is not in force, or a listed commodity there is no credit. The
score orders a queue; it opens no gate.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from keiryo.errors import UsageError

_CONTAINER = re.compile(r"[A-Z]{4}[0-9]{7}")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_VALUES = dict(zip(_LETTERS, (n for n in range(10, 39) if n % 11), strict=True))

CREDITS = {0: 0, 1: 5, 2: 15, 3: 20}
"""By tier: none, certified, validated, exceeding the criteria."""

ROUTE = {"low": 0, "usual": 8, "high": 15}
ORIGIN = {"low": 0, "usual": 5, "high": 10}
COMMODITY = {"low": 0, "unknown": 8, "high": 15}
DOCUMENTS = {"none": 0, "one": 10, "more": 20}
HISTORY = {"clean": 0, "unknown": 10, "finding": 20}
DENSITY_ANOMALY = 20


def container_check_digit(owner_and_serial: str) -> int:
    """Return the check digit of a container number (ISO 6346).

    Parameters
    ----------
    owner_and_serial : str
        Four letters and six digits.

    Examples
    --------
    >>> container_check_digit("CSQU305438")
    3
    """
    if not re.fullmatch(r"[A-Z]{4}[0-9]{6}", owner_and_serial):
        raise UsageError(
            f"{owner_and_serial!r} is no container number", "Write four letters and six digits."
        )
    values = (_VALUES[c] if c in _VALUES else int(c) for c in owner_and_serial)
    return sum(value << place for place, value in enumerate(values)) % 11 % 10


def is_container_number(text: str) -> bool:
    """Return whether a container number is well formed and its check digit right."""
    return bool(_CONTAINER.fullmatch(text)) and container_check_digit(text[:10]) == int(text[10])


@dataclass(frozen=True, slots=True)
class Consignment:
    """What is known of a consignment at a portal."""

    route: str = "usual"
    origin: str = "usual"
    commodity: str = "unknown"
    documents: str = "none"
    history: str = "unknown"
    density_anomaly: bool = False
    tier: int = 0
    status_in_force: bool = True
    radiation_alarm: bool = False
    seal_mismatch: bool = False
    listed_commodity: bool = False


@dataclass(frozen=True, slots=True)
class Priority:
    """A score from 0 to 100, and how it came about."""

    score: int
    points: tuple[tuple[str, int], ...]
    no_credit_because: tuple[str, ...] = ()


def priority(one: Consignment) -> Priority:
    """Return how soon a consignment is to be inspected, with the reasons.

    Raises
    ------
    UsageError
        If a grade or a tier is unknown.
    """
    points = (
        ("route", _points(ROUTE, one.route)),
        ("origin", _points(ORIGIN, one.origin)),
        ("commodity", _points(COMMODITY, one.commodity)),
        ("density anomaly", DENSITY_ANOMALY if one.density_anomaly else 0),
        ("documents", _points(DOCUMENTS, one.documents)),
        ("history", _points(HISTORY, one.history)),
    )
    against = {
        "a radiation alarm": one.radiation_alarm,
        "a seal that does not match": one.seal_mismatch,
        "a status that is not in force": not one.status_in_force,
        "a listed commodity": one.listed_commodity,
    }
    reasons = tuple(words for words, holds in against.items() if holds)
    if one.tier not in CREDITS:
        raise UsageError(f"there is no tier {one.tier}", f"Tiers are {sorted(CREDITS)}.")
    credit = 0 if reasons else CREDITS[one.tier]
    whole = sum(value for _, value in points)
    return Priority(max(0, whole - credit), (*points, ("trusted trader", -credit)), reasons)


def _points(table: dict[str, int], grade: str) -> int:
    if grade not in table:
        raise UsageError(f"{grade!r} is no grade here", f"Grades are: {', '.join(table)}.")
    return table[grade]
