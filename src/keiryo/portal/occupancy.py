"""What a daily file of a portal holds: occupancies, background, faults, and what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from keiryo.portal.setup_records import INTERVAL_S, Setup

FASTEST_KMH = 60.0
"""Faster than this nobody drives through a lane; such a record is kept and not believed."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a file: a code, the line, and what it is."""

    code: str
    line: int
    message: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {"code": self.code, "line": self.line, "message": self.message}


@dataclass(slots=True)
class Occupancy:
    """A passage, or whatever was in the lane.

    Attributes
    ----------
    number : int or None
        The counter of the instrument, which starts again; never a key.
    first_line, last_line : int
    start, end : str or None
        As the records state it: ISO 8601, or the time alone where a file has no day.
    gamma : ndarray of int32, shape (n, 4)
        Counts in 0.2 s by panel.
    gamma_flag : ndarray of bool, shape (n,)
        Whether the instrument was in gamma alarm.
    neutron : ndarray of int32, shape (m, 4)
        Counts in 1 s.
    neutron_flag : ndarray of bool, shape (m,)
    background : tuple of int or None
        Gamma background before it in counts a second by panel; None: the file has none.
    background_age_s : float or None
        How old it was when the occupancy began, by the time stamps.
    neutron_background_cps : float or None
    speeds_kmh : tuple of float
        All that were recorded, plausible or not.
    setup : Setup
    complete : bool
        Whether its end was recorded.
    problems : list of Problem
    """

    number: int | None
    first_line: int
    last_line: int
    start: str | None
    end: str | None
    gamma: np.ndarray
    gamma_flag: np.ndarray
    neutron: np.ndarray
    neutron_flag: np.ndarray
    background: tuple[int, ...] | None
    background_age_s: float | None
    neutron_background_cps: float | None
    speeds_kmh: tuple[float, ...]
    setup: Setup
    complete: bool
    problems: list[Problem] = field(default_factory=list)

    @property
    def length_s(self) -> float:
        """How long it lasted, by the number of intervals."""
        return len(self.gamma) * INTERVAL_S

    @property
    def speed_kmh(self) -> float | None:
        """The median of the plausible speeds; None: there is none."""
        fit = [one for one in self.speeds_kmh if 0 < one <= FASTEST_KMH]
        return float(np.median(fit)) if fit else None


@dataclass(frozen=True, slots=True)
class DailyFile:
    """What a daily file holds.

    Attributes
    ----------
    occupancies : tuple of Occupancy
        In the order of the file.
    background : ndarray of int32, shape (k, 4)
        Gamma background records, counts a second.
    background_days : tuple of (str, int)
        The days of the background records and with which record each begins; a day is ``""``
        where records have none.
    records : dict of str to int
        How many of each code.
    faults : tuple of Problem
        State of health: high and low background, tamper.
    tampers : tuple of (int, str or None, str or None)
        Spans of tamper: line, time on, time cleared (None: not cleared, or no time).
    problems : tuple of Problem
        What could not be read.
    setup : Setup
        The last one.
    sha256 : str
    midnights_to_first : int
        How often the clock passed midnight from the first record with a time to the first
        occupancy, where records have no day.
    """

    occupancies: tuple[Occupancy, ...]
    background: np.ndarray
    background_days: tuple[tuple[str, int], ...]
    records: dict[str, int]
    faults: tuple[Problem, ...]
    tampers: tuple[tuple[int, str | None, str | None], ...]
    problems: tuple[Problem, ...]
    setup: Setup
    sha256: str
    midnights_to_first: int


class DailyFileError(ValueError):
    """A file is no daily file of a portal; `problems` says why."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("; ".join(one.message for one in problems))
