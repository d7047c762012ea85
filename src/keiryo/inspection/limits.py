"""What may be asked about: the largest weights and populations, false-alarm probabilities, names.

No nuclear facility holds a million tonnes of an element or a thousand million items. A number
beyond these limits is a mistake of units or of typing, and is refused with its place.
"""

from __future__ import annotations

import math
import re

from keiryo.errors import UsageError

MAX_ITEMS = 10**9
"""Most items of one population; more would be a mistake of units."""

MAX_KG = 1e9
"""Largest weight, kg: a million tonnes."""

MIN_ITEM_KG = 1e-12
"""Smallest content of an item from which something is to be diverted, kg: a nanogram."""

MIN_ALPHA, MAX_ALPHA = 1e-9, 0.5
"""Between these a false-alarm probability has a meaning, and limits are computed without loss."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def check_alpha(alpha: float) -> None:
    """Refuse a false-alarm probability that is none.

    Raises
    ------
    UsageError
        If it is not between `MIN_ALPHA` and `MAX_ALPHA`.
    """
    if not MIN_ALPHA <= alpha <= MAX_ALPHA:
        words = f"a false-alarm probability alpha of {alpha} cannot be tested with"
        advice = f"Give a probability from {MIN_ALPHA:g} to {MAX_ALPHA:g}, e.g. 0.05."
        raise UsageError(words, advice)


def check_weight(name: str, weight_kg: float, least_kg: float = -MAX_KG) -> None:
    """Refuse a weight that is not finite, too small or too large.

    Raises
    ------
    UsageError
        If it is not between `least_kg` and `MAX_KG`.
    """
    if not (math.isfinite(weight_kg) and least_kg <= weight_kg <= MAX_KG):
        words = f"{name} is {weight_kg:g} kg"
        raise UsageError(words, f"Give a weight in kg, from {least_kg:g} to {MAX_KG:g}.")


def has_control(text: str) -> bool:
    """Whether a text has characters that steer a terminal, or that cannot be written at all."""
    return _CONTROL.search(text) is not None


def printable(text: str) -> str:
    r"""Return a text with control characters as escapes, e.g. ``\x1b``."""
    return _CONTROL.sub(lambda m: m[0].encode("unicode_escape").decode(), text)
