"""Setup of a plastic radiation portal monitor, as its records SG1 to SG3 and SN1 tell it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

INTERVAL_S = 0.2
"""Length of a gamma interval."""
PANELS = 4
DEFAULT_INTERVALS = 5
DEFAULT_FLAGS = "1010"
"""Sums that are compared where no setup says which: all panels, and the pairs [inferred from
field data, see docs/theory/radiation-detection.md]."""
VERTICAL = ((0, 1), (2, 3))
"""The panels of a pillar, one above the other."""
HORIZONTAL = ((0, 2), (1, 3))
"""The panels of one height."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What is known of how a portal decides; None: no record told it.

    Attributes
    ----------
    n_sigma : float or None
    intervals : int or None
        Gamma intervals in the sliding window.
    hold_in : int or None
        Gamma intervals that are kept after the vehicle left.
    panels : tuple of bool or None
        Which panels are switched on.
    flags : str or None
        SUM, HORIZONTAL, VERTICAL, SINGLE, each 0 or 1.
    background_s : float or None
        Over how long the gamma background is averaged.
    gamma_high, gamma_low, neutron_high : int or None
        Limits of background faults.
    neutron_background_s : float or None
    firmware : str or None
    """

    n_sigma: float | None = None
    intervals: int | None = None
    hold_in: int | None = None
    panels: tuple[bool, ...] | None = None
    flags: str | None = None
    background_s: float | None = None
    gamma_high: int | None = None
    gamma_low: int | None = None
    neutron_high: int | None = None
    neutron_background_s: float | None = None
    firmware: str | None = None

    @property
    def window(self) -> int:
        """Intervals in the sliding window, the usual five where nothing is told."""
        return self.intervals or DEFAULT_INTERVALS

    def groups(self, alive: tuple[bool, ...] = (True,) * PANELS) -> dict[str, tuple[int, ...]]:
        """Return the sums of panels that are compared, by name, without those that do not count.

        Parameters
        ----------
        alive : tuple of bool
            Which panels give counts.
        """
        on = tuple(a and b for a, b in zip(self.panels or (True,) * PANELS, alive, strict=True))
        flags = self.flags or DEFAULT_FLAGS
        wanted: dict[str, tuple[int, ...]] = {}
        if flags[0] == "1":
            wanted["all"] = tuple(range(PANELS))
        if flags[2] == "1":
            wanted |= _named(VERTICAL)
        if flags[1] == "1":
            wanted |= _named(HORIZONTAL)
        if flags[3] == "1":
            wanted |= _named(tuple((one,) for one in range(PANELS)))
        kept = {name: tuple(one for one in of if on[one]) for name, of in wanted.items()}
        found: dict[str, tuple[int, ...]] = {}
        for name, of in kept.items():
            if of and of not in found.values():
                found[name] = of
        return found


def _named(pairs: tuple[tuple[int, ...], ...]) -> dict[str, tuple[int, ...]]:
    return {"+".join(str(one + 1) for one in pair): pair for pair in pairs}


def with_record(setup: Setup, code: str, fields: list[str]) -> tuple[Setup, list[str]]:
    """Return a setup with what a setup record tells, and the names of what could not be read.

    What a field does not tell is kept from before only where it was not given again: a field that
    cannot be read makes its value unknown.
    """
    wrong, told = [], {}
    for name, at, reading in _FIELDS.get(code, ()):
        try:
            told[name] = reading(fields[at].strip())
        except (ValueError, IndexError):
            told[name] = None
            wrong.append(name)
    return replace(setup, **told), wrong


def _bits(text: str) -> str:
    if len(text) != PANELS or set(text) - {"0", "1"}:
        raise ValueError("four digits 0 or 1 belong here")
    return text


def _panels(text: str) -> tuple[bool, ...]:
    return tuple(one == "1" for one in _bits(text))


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise ValueError("no count")
    return int(text)


def _intervals(text: str) -> int:
    number = _count(text)
    if not 1 <= number <= 1000:
        raise ValueError("no number of intervals")
    return number


def _above_zero(text: str) -> float:
    number = float(text)
    if not 0 < number < 1e6:
        raise ValueError("no number above 0")
    return number


_FIELDS: dict[str, tuple[tuple[str, int, Callable[[str], Any]], ...]] = {
    "SG1": (
        ("gamma_high", 0, _count),
        ("gamma_low", 1, _count),
        ("intervals", 2, _intervals),
        ("hold_in", 3, _count),
        ("n_sigma", 4, _above_zero),
    ),
    "SG2": (("panels", 0, _panels), ("flags", 4, _bits)),
    "SG3": (("background_s", 2, _above_zero), ("firmware", 4, str)),
    "SN1": (("neutron_high", 0, _count), ("neutron_background_s", 5, _above_zero)),
}
"""By record: what a field tells, which field it is, and how it is read."""
