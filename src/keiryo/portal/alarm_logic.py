"""The alarm logic of a plastic portal, replayed: N sigma on sliding sums, and neutrons.

Gamma: the sum over a sliding window of intervals, for each sum of panels, is compared with the
background of the same time: alarm if S > B + N √B, strictly. Neutrons: one second at a time,
against the smallest count of which the background has a chance of alpha at most.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from keiryo.counting.poisson import poisson_threshold
from keiryo.portal.daily_file import Occupancy, Problem
from keiryo.portal.setup_records import INTERVAL_S, PANELS

DEFAULT_N_SIGMA = 5.0
"""Where neither the file nor the user tells it; said with every occupancy."""
NEUTRON_ALPHA = 1e-6
"""Chance of a false neutron alarm in a second."""
OLD_BACKGROUND_S = 60.0
LONG_OCCUPANCY_S = 3600.0


@dataclass(frozen=True, slots=True)
class Replayed:
    """What the logic says of an occupancy.

    Attributes
    ----------
    occupancy : Occupancy
    n_sigma : float
    evaluated : bool
        False where there is no window or no background: that is no "no alarm".
    interval_alarm : ndarray of bool, shape (n,)
        By interval; the first ones before a window is full are False.
    max_sigma : float or None
        The largest excess of any sum in square roots of its background.
    group : str or None
        The sum with it.
    lowest_share : float or None
        The lowest sum of all panels by its background: how much the vehicle shadows.
    neutron_alarm : bool or None
        None: no neutron second, or no background.
    neutron_limit : int or None
        Counts a second that are an alarm.
    max_neutrons : int or None
    problems : tuple of Problem
    """

    occupancy: Occupancy
    n_sigma: float
    evaluated: bool
    interval_alarm: np.ndarray
    max_sigma: float | None
    group: str | None
    lowest_share: float | None
    neutron_alarm: bool | None
    neutron_limit: int | None
    max_neutrons: int | None
    problems: tuple[Problem, ...]

    @property
    def gamma_alarm(self) -> bool | None:
        """Whether there was a gamma alarm; None: not evaluated."""
        return bool(self.interval_alarm.any()) if self.evaluated else None

    @property
    def instrument_alarm(self) -> bool:
        """Whether the instrument itself was in alarm."""
        return bool(self.occupancy.gamma_flag.any() or self.occupancy.neutron_flag.any())

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        one = self.occupancy
        return {
            "number": one.number,
            "start": one.start,
            "end": one.end,
            "gamma_alarm": self.gamma_alarm,
            "neutron_alarm": self.neutron_alarm,
            "instrument_alarm": self.instrument_alarm,
            "max_sigma": self.max_sigma,
            "group": self.group,
            "n_sigma": self.n_sigma,
            "intervals": len(one.gamma),
            "length_s": one.length_s,
            "complete": one.complete,
            "lowest_share_of_background": self.lowest_share,
            "background_cps": None if one.background is None else list(one.background),
            "background_age_s": one.background_age_s,
            "neutron_background_cps": one.neutron_background_cps,
            "neutron_limit": self.neutron_limit,
            "max_neutrons": self.max_neutrons,
            "speed_kmh": one.speed_kmh,
            "findings": [problem.to_dict() for problem in self.problems],
        }


def sliding_sums(counts: np.ndarray, window: int) -> np.ndarray:
    """Return the sums over a sliding window, shape (n - window + 1, panels)."""
    if len(counts) < window:
        return np.zeros((0, counts.shape[1]), dtype=np.int64)
    whole = np.zeros((len(counts) + 1, counts.shape[1]), dtype=np.int64)
    np.cumsum(counts, axis=0, out=whole[1:])
    return whole[window:] - whole[:-window]


def replay(one: Occupancy, n_sigma: float | None = None) -> Replayed:
    """Return what the alarm logic says of an occupancy.

    Parameters
    ----------
    one : Occupancy
    n_sigma : float, optional
        Instead of what the setup says.
    """
    problems = list(one.problems)
    wanted = n_sigma if n_sigma is not None else one.setup.n_sigma
    if wanted is None:
        told = (
            f"The file does not tell N; {DEFAULT_N_SIGMA:g} is used. Give --n-sigma if you know it."
        )
        problems.append(Problem("THRESHOLD_UNKNOWN", one.first_line, told))
        wanted = DEFAULT_N_SIGMA
    window = one.setup.window
    flags = np.zeros(len(one.gamma), dtype=bool)
    best: tuple[float, str] | None = None
    share = None
    evaluated = _can_be_evaluated(one, window, problems)
    if evaluated:
        flags, best, share = _gamma(one, wanted, window)
    neutron_alarm, limit, most = _neutrons(one, problems)
    return Replayed(
        occupancy=one,
        n_sigma=wanted,
        evaluated=evaluated,
        interval_alarm=flags,
        max_sigma=None if best is None else best[0],
        group=None if best is None else best[1],
        lowest_share=share,
        neutron_alarm=neutron_alarm,
        neutron_limit=limit,
        max_neutrons=most,
        problems=tuple(problems),
    )


def _can_be_evaluated(one: Occupancy, window: int, problems: list[Problem]) -> bool:
    at = one.first_line
    if one.background is None:
        told = "There is no background before this occupancy; it is not evaluated."
        problems.append(Problem("NO_BACKGROUND", at, told))
        return False
    if len(one.gamma) < window:
        told = f"It has {len(one.gamma)} intervals and the window {window}; it is not evaluated."
        problems.append(Problem("NOT_EVALUATED", at, told))
        return False
    dead = [str(n + 1) for n, counts in enumerate(one.background) if counts == 0]
    if dead:
        told = f"Panel {', '.join(dead)} has no background; the sums are taken without it."
        problems.append(Problem("PANEL_DEAD", at, told))
    if not _groups(one):
        problems.append(Problem("NOT_EVALUATED", at, "No panel gives counts; it is not evaluated."))
        return False
    if one.background_age_s is not None and one.background_age_s > OLD_BACKGROUND_S:
        told = f"The background was {one.background_age_s:.0f} s old when the occupancy began."
        problems.append(Problem("BACKGROUND_OLD", at, told))
    if one.length_s > LONG_OCCUPANCY_S:
        told = f"It lasted {one.length_s / 3600:.1f} h with one background."
        problems.append(Problem("OCCUPANCY_LONG", at, told))
    return True


def _groups(one: Occupancy) -> dict[str, tuple[int, ...]]:
    assert one.background is not None
    return one.setup.groups(tuple(counts > 0 for counts in one.background))


def _gamma(
    one: Occupancy, n_sigma: float, window: int
) -> tuple[np.ndarray, tuple[float, str], float | None]:
    """Return which intervals are in alarm, the largest excess and its sum, and the shadow."""
    assert one.background is not None
    sums = sliding_sums(one.gamma, window)
    expected = np.array(one.background, dtype=np.float64) * (window * INTERVAL_S)
    alarm = np.zeros(len(sums), dtype=bool)
    best = (-np.inf, "")
    for name, panels in _groups(one).items():
        quiet = float(expected[list(panels)].sum())
        excess = (sums[:, list(panels)].sum(axis=1) - quiet) / np.sqrt(quiet)
        alarm |= excess > n_sigma
        best = max(best, (float(excess.max()), name), key=lambda pair: pair[0])
    flags = np.concatenate([np.zeros(window - 1, dtype=bool), alarm])
    live = [n for n in range(PANELS) if one.background[n] > 0]
    whole = float(expected[live].sum())
    share = float(sums[:, live].sum(axis=1).min() / whole) if whole else None
    return flags, best, share


def _neutrons(
    one: Occupancy, problems: list[Problem]
) -> tuple[bool | None, int | None, int | None]:
    """Return whether neutrons alarmed, from how many counts on they do, and the most of them."""
    if not len(one.neutron):
        return None, None, None
    most = int(one.neutron.sum(axis=1).max())
    if one.neutron_background_cps is None:
        told = "There is no neutron background; neutrons are not evaluated."
        problems.append(Problem("NO_NEUTRON_BACKGROUND", one.first_line, told))
        return None, None, most
    limit = poisson_threshold(one.neutron_background_cps, NEUTRON_ALPHA)
    return most >= limit, limit, most
