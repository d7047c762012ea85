"""Is a measurement method in control? Limits of two and three sigma, runs, trends, outliers.

A control measurement that lies outside three sigma, or several that lie together on one side, say
that the method has changed: what was estimated before does not hold any more. An outlier test says
whether one value fits with the others at all; what it flags is looked into, never dropped by a
program.

Sources: Shewhart charts with runs rules, e.g. ISO 7870-2 and Nelson, *J. Quality Technology* 16
(1984) 237; Grubbs, *Ann. Math. Stat.* 21 (1950) 27 and ISO 5725-2 (outliers).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from keiryo.measurement.estimation import Floats, TooFewError, Values, finite

MOVING_RANGE_FACTOR = 2 / math.sqrt(math.pi)
"""Expected range of two normal values in standard deviations, 1.128."""

SAME_SIDE = 9
TREND = 6


@dataclass(frozen=True, slots=True)
class ChartSignal:
    """Something on a control chart that calls for an explanation.

    Attributes
    ----------
    rule : str
        ``"3 sigma"``, ``"2 of 3 outside 2 sigma"``, ``"same side"`` or ``"trend"``.
    index : int
        Number of the measurement with which it shows, from 0.
    words : str
    """

    rule: str
    index: int
    words: str


@dataclass(frozen=True, slots=True)
class ControlChart:
    """A series of control measurements against its centre and limits.

    Attributes
    ----------
    centre, sd : float
    sd_from : str
        ``"given"`` or ``"moving range"``.
    standardized : tuple of float
        (value − centre)/sd; empty if sd is 0.
    outside_two, outside_three : tuple of int
        Numbers of the measurements outside two (warning) and three sigma (action), from 0.
    signals : tuple of ChartSignal
    in_control : bool
        Whether there is no signal.
    """

    centre: float
    sd: float
    sd_from: str
    standardized: tuple[float, ...]
    outside_two: tuple[int, ...]
    outside_three: tuple[int, ...]
    signals: tuple[ChartSignal, ...]
    in_control: bool


def control_chart(
    values: Values, *, centre: float | None = None, sd: float | None = None
) -> ControlChart:
    """Judge a series in order of time.

    Parameters
    ----------
    values : array
    centre : float, optional
        Where it should lie; default: the mean.
    sd : float, optional
        Standard deviation of one value; default: mean moving range of neighbours divided by 1.128.

    Raises
    ------
    TooFewError
        With fewer than two values.

    Notes
    -----
    Signals: one value outside three sigma; two of three in a row outside two sigma on one side;
    nine in a row on one side of the centre; six in a row rising, or falling. One value of twenty
    lies outside two sigma by chance, so that alone is no signal.
    """
    array = finite(values)
    if array.size < 2:
        raise TooFewError("a control chart needs at least two measurements")
    middle = float(array.mean()) if centre is None else centre
    width = float(np.abs(np.diff(array)).mean()) / MOVING_RANGE_FACTOR if sd is None else sd
    scale = max(1e-300, float(np.abs(array).max()) * 1e-15)
    standardized = (array - middle) / width if width > scale else np.zeros(0)
    signals = [] if standardized.size == 0 else _signals(standardized)
    if standardized.size:
        signals += _trends(array)
    return ControlChart(
        centre=middle,
        sd=width,
        sd_from="moving range" if sd is None else "given",
        standardized=tuple(float(z) for z in standardized),
        outside_two=tuple(int(n) for n in np.flatnonzero(np.abs(standardized) > 2)),
        outside_three=tuple(int(n) for n in np.flatnonzero(np.abs(standardized) > 3)),
        signals=tuple(sorted(signals, key=lambda s: (s.index, s.rule))),
        in_control=not signals,
    )


def _signals(z: Floats) -> list[ChartSignal]:
    found = [
        ChartSignal("3 sigma", int(n), f"{z[n]:.2f} sigma from the centre")
        for n in np.flatnonzero(np.abs(z) > 3)
    ]
    for n in range(2, z.size):
        window = z[n - 2 : n + 1]
        for side in (1.0, -1.0):
            if (side * window > 2).sum() >= 2 and side * z[n] > 2:
                words = "two of three in a row outside two sigma on one side"
                found.append(ChartSignal("2 of 3 outside 2 sigma", n, words))
    run = 0
    for n, value in enumerate(z):
        same = n > 0 and value * z[n - 1] > 0
        run = run + 1 if same else 1
        if run == SAME_SIDE:
            words = f"{SAME_SIDE} in a row on one side of the centre"
            found.append(ChartSignal("same side", n, words))
    return found


def _trends(values: Floats) -> list[ChartSignal]:
    found, run, before = [], 1, 0.0
    for n, step in enumerate(np.diff(values), start=1):
        run = run + 1 if step * before > 0 else 2
        before = float(step)
        if run == TREND and step != 0:
            word = "rising" if step > 0 else "falling"
            found.append(ChartSignal("trend", n, f"{TREND} in a row {word}"))
    return found


@dataclass(frozen=True, slots=True)
class Outlier:
    """The value furthest from the mean, tested.

    Attributes
    ----------
    index : int
        Number of the value, from 0.
    statistic, critical : float
        Largest |value − mean|/s, and what it does not exceed with probability 1 − alpha.
    alpha : float
    outlying : bool
    """

    index: int
    statistic: float
    critical: float
    alpha: float
    outlying: bool


def outlier(values: Values, *, alpha: float = 0.05) -> Outlier | None:
    """Test the value furthest from the mean (Grubbs, two-sided).

    Parameters
    ----------
    values : array
        Normal, if none outlies.
    alpha : float
        Probability to flag a value where none outlies.

    Returns
    -------
    Outlier or None
        None where there is nothing to test: fewer than three values, or all equal.

    Notes
    -----
    Critical value (n − 1)/√n · √(t²/(n − 2 + t²)), t the quantile of Student's distribution with
    n − 2 degrees at 1 − alpha/(2n).
    """
    from scipy.stats import t as student

    array = finite(values)
    count = array.size
    if count < 3:
        return None
    spread = float(array.std(ddof=1))
    if spread <= float(np.abs(array).max()) * 1e-15:
        return None
    distance = np.abs(array - array.mean()) / spread
    index = int(distance.argmax())
    quantile = float(student.ppf(1 - alpha / (2 * count), count - 2))
    critical = (count - 1) / math.sqrt(count) * math.sqrt(quantile**2 / (count - 2 + quantile**2))
    statistic = float(distance[index])
    return Outlier(index, statistic, critical, alpha, statistic > critical)
