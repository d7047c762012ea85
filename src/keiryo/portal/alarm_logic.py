"""The alarm logic of a plastic portal, replayed: N sigma on sliding sums, and neutrons.

Gamma: the sum over a sliding window of intervals, for each sum of panels, is compared with the
background of the same time: alarm if S > B + N √B, strictly. Neutrons: one second at a time,
against the smallest count of which the background has a chance of alpha at most. Occupancies with
the same window and sums are taken together, as one long row of intervals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from keiryo.counting.poisson import on_off_threshold, poisson_threshold
from keiryo.portal.occupancy import Occupancy, Problem
from keiryo.portal.setup_records import PANELS
from keiryo.portal.sliding_windows import Batch, Excess, excesses

DEFAULT_N_SIGMA = 5.0
"""Where neither the file nor the user tells it; said with every occupancy."""
NEUTRON_ALPHA = 1e-6
"""Chance of a false neutron alarm in a second."""
NEUTRON_BACKGROUND_S = 120.0
"""Over how long the neutron background is averaged where no setup tells it."""
OLD_BACKGROUND_S = 60.0
LONG_OCCUPANCY_S = 600.0
"""Older than this a background is at the end of a longer occupancy."""
QUIET_COUNTS = 20.0
"""A panel of which so many counts were expected and none came is dead."""

NeutronTest = Literal["poisson", "finite"]


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
    panels : tuple of int
        The panels that were summed, from 0.
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
    panels: tuple[int, ...]
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
            "evaluated": self.evaluated,
            "intervals": len(one.gamma),
            "length_s": round(one.length_s, 3),
            "complete": one.complete,
            "lowest_share_of_background": self.lowest_share,
            "suppression": None if self.lowest_share is None else max(0.0, 1 - self.lowest_share),
            "background_cps": None if one.background is None else list(one.background),
            "background_age_s": one.background_age_s,
            "neutron_background_cps": one.neutron_background_cps,
            "neutron_limit": self.neutron_limit,
            "max_neutrons": self.max_neutrons,
            "speed_kmh": one.speed_kmh,
            "findings": [problem.to_dict() for problem in self.problems],
        }


def replay(one: Occupancy, n_sigma: float | None = None) -> Replayed:
    """Return what the alarm logic says of an occupancy.

    Parameters
    ----------
    one : Occupancy
    n_sigma : float, optional
        Instead of what the setup says.
    """
    return replay_all([one], n_sigma)[0]


def replay_all(
    many: Sequence[Occupancy],
    n_sigma: float | None = None,
    *,
    neutron_alpha: float = NEUTRON_ALPHA,
    neutron_test: NeutronTest = "poisson",
) -> list[Replayed]:
    """Return what the alarm logic says of occupancies, in their order.

    Parameters
    ----------
    many : sequence of Occupancy
    n_sigma : float, optional
        Instead of what the setups say.
    neutron_alpha : float
        Chance of a false neutron alarm in a second.
    neutron_test : {"poisson", "finite"}
        Whether the neutron background is taken as exact, or as counted for a finite time.
    """
    problems: list[list[Problem]] = []
    wanted: list[float] = []
    batch = Batch()
    for index, one in enumerate(many):
        told = list(one.problems)
        limit = n_sigma if n_sigma is not None else one.setup.n_sigma
        if limit is None:
            limit = DEFAULT_N_SIGMA
            told.append(_threshold_unknown(one))
        groups, live = _can_be_evaluated(one, told)
        if groups:
            assert one.background is not None
            batch.add(index, one.gamma, one.background, limit, one.setup.window, groups, live)
        problems.append(told)
        wanted.append(limit)
    found = excesses(batch)
    return [
        _replayed(
            one,
            wanted[index],
            found.get(index),
            problems[index],
            _neutrons(one, problems[index], neutron_alpha, neutron_test),
        )
        for index, one in enumerate(many)
    ]


def _replayed(
    one: Occupancy,
    n_sigma: float,
    excess: Excess | None,
    problems: list[Problem],
    neutrons: tuple[bool | None, int | None, int | None],
) -> Replayed:
    return Replayed(
        occupancy=one,
        n_sigma=n_sigma,
        evaluated=excess is not None,
        interval_alarm=np.zeros(len(one.gamma), dtype=bool) if excess is None else excess.alarm,
        max_sigma=None if excess is None else excess.sigma,
        group=None if excess is None else excess.group,
        lowest_share=None if excess is None else excess.lowest_share,
        neutron_alarm=neutrons[0],
        neutron_limit=neutrons[1],
        max_neutrons=neutrons[2],
        panels=() if excess is None else excess.panels,
        problems=tuple(problems),
    )


def _threshold_unknown(one: Occupancy) -> Problem:
    told = f"The instrument threshold is unknown: the file does not tell N; {DEFAULT_N_SIGMA:g} "
    return Problem(
        "THRESHOLD_UNKNOWN", one.first_line, told + "is used. Give --n-sigma if you know it."
    )


def _can_be_evaluated(
    one: Occupancy, problems: list[Problem]
) -> tuple[dict[str, tuple[int, ...]], tuple[int, ...]]:
    """Return the sums to compare and the panels that count; none: it cannot be evaluated."""
    at, window = one.first_line, one.setup.window
    nothing: tuple[dict[str, tuple[int, ...]], tuple[int, ...]] = ({}, ())
    if one.background is None:
        told = "There is no background before this occupancy; it is not evaluated."
        problems.append(Problem("NO_BACKGROUND", at, told))
        return nothing
    if len(one.gamma) < window:
        told = f"It has {len(one.gamma)} intervals and the window {window}; it is not evaluated."
        problems.append(Problem("NOT_EVALUATED", at, told))
        return nothing
    on = one.setup.panels or (True,) * PANELS
    alive = _alive(one, on, problems)
    live = tuple(n for n in range(PANELS) if on[n] and alive[n])
    groups = one.setup.groups(alive)
    if not groups:
        why = "No panel gives counts" if not live else "The setup compares no sum of panels"
        problems.append(Problem("NOT_EVALUATED", at, f"{why}; it is not evaluated."))
        return nothing
    if not all(on):
        off = ", ".join(str(n + 1) for n in range(PANELS) if not on[n])
        told = f"Panel {off} is switched off by the setup; the sums are taken without it."
        problems.append(Problem("PANEL_OFF", at, told))
    if one.background_age_s is not None and one.background_age_s > OLD_BACKGROUND_S:
        told = f"The background was {one.background_age_s:.0f} s old when the occupancy began."
        problems.append(Problem("BACKGROUND_OLD", at, told))
    if one.length_s > LONG_OCCUPANCY_S:
        told = f"It lasted {one.length_s / 60:.0f} min with one background, which is old at its end"
        problems.append(Problem("OCCUPANCY_LONG", at, told + "."))
    return groups, live


def _alive(one: Occupancy, on: tuple[bool, ...], problems: list[Problem]) -> tuple[bool, ...]:
    """Return which panels give counts, before and during the occupancy; tell of the others."""
    assert one.background is not None
    counted = one.gamma[0].tolist()
    if 0 in counted:
        counted = [bool(one.gamma[:, n].any()) for n in range(PANELS)]
    silent = [
        n
        for n, cps in enumerate(one.background)
        if cps > 0 and not counted[n] and cps * len(one.gamma) / 5 >= QUIET_COUNTS
    ]
    dark = [n for n, cps in enumerate(one.background) if cps == 0]
    if without := [n for n in dark if on[n]]:
        told = f"Panel {_named(without)} has no background; the sums are taken without it."
        problems.append(Problem("PANEL_DEAD", one.first_line, told))
    if quiet := [n for n in silent if on[n]]:
        told = f"Panel {_named(quiet)} gave no count during the occupancy; the sums are taken "
        problems.append(Problem("PANEL_DEAD", one.first_line, told + "without it."))
    return tuple(n not in dark and n not in silent for n in range(PANELS))


def _named(panels: list[int]) -> str:
    return ", ".join(str(n + 1) for n in panels)


@lru_cache(maxsize=4096)
def neutron_limit(cps: float, alpha: float, test: NeutronTest, background_s: float) -> int:
    """Return from how many counts a second on there is a neutron alarm.

    A background of 0 is always taken as counted for a finite time: taken as exact, a single count
    would be an alarm.
    """
    if test == "finite" or cps == 0:
        return on_off_threshold(round(cps * background_s), background_s, 1.0, alpha)
    return poisson_threshold(cps, alpha)


def _neutrons(
    one: Occupancy, problems: list[Problem], alpha: float, test: NeutronTest
) -> tuple[bool | None, int | None, int | None]:
    """Return whether neutrons alarmed, from how many counts on they do, and the most of them."""
    if not len(one.neutron):
        return None, None, None
    most = int(one.neutron.sum(axis=1).max())
    if one.neutron_background_cps is None:
        told = "There is no neutron background; neutrons are not evaluated."
        problems.append(Problem("NO_NEUTRON_BACKGROUND", one.first_line, told))
        return None, None, most
    time_s = one.setup.neutron_background_s or NEUTRON_BACKGROUND_S
    if one.neutron_background_cps == 0:
        told = f"The neutron background is 0; it is taken as no count in {time_s:g} s."
        problems.append(Problem("NEUTRON_BACKGROUND_ZERO", one.first_line, told))
    limit = neutron_limit(one.neutron_background_cps, alpha, test, time_s)
    return most >= limit, limit, most
