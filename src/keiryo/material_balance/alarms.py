"""Alarms of a sequence of balances, each with its reason in plain words.

An alarm says what was seen, against which limit, and where to look first; the reader need not know
the statistics.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from keiryo.material_balance.thresholds import Threshold

Floats = npt.NDArray[np.float64]

TESTED = ("muf", "cumuf", "sitmuf", "page", "ewma", "gemuf_v1", "gemuf_v5")
"""The statistics that raise alarms, in this order within a balance."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """A statistic that passed its threshold at one balance.

    Attributes
    ----------
    balance : int
        From 1.
    statistic : str
        ``"muf"``, ``"cumuf"``, ``"sitmuf"``, ``"page"``, ``"ewma"``, ``"gemuf_v1"`` or
        ``"gemuf_v5"``.
    value, threshold : float
        For ``"muf"`` and ``"cumuf"`` in units of their standard deviation. For ``"gemuf_v1"`` the
        chi-square probability, which is below the threshold.
    reason : str
        In plain words.
    """

    balance: int
    statistic: str
    value: float
    threshold: float
    reason: str

    @property
    def unit(self) -> str:
        """What value and threshold are: standard deviations, a probability, or a plain number."""
        if self.statistic == "gemuf_v1":
            return "probability: alarm below the threshold"
        return "number" if self.statistic == "gemuf_v5" else "standard deviations"


@dataclass(frozen=True, slots=True)
class Observed:
    """The statistics of a sequence that alarms are looked for in; arrays of shape (P,)."""

    muf: Floats
    sigma_muf: Floats
    cumuf: Floats
    sigma_cumuf: Floats
    itmuf: Floats
    sigma_itmuf: Floats
    sitmuf: Floats
    page: Floats
    ewma: Floats
    gemuf_v1: Floats
    gemuf_v1_probability: Floats
    gemuf_v5: Floats


def find_alarms(
    observed: Observed,
    thresholds: Mapping[str, Threshold],
    names: tuple[str, ...],
    *,
    first: int = 0,
) -> Iterator[Alarm]:
    """Yield the alarms from balance `first` (counted from 0) on, in order of balances."""
    ratio = {
        "muf": _ratio(observed.muf, observed.sigma_muf),
        "cumuf": _ratio(observed.cumuf, observed.sigma_cumuf),
        "sitmuf": observed.sitmuf,
        "page": observed.page,
        "ewma": observed.ewma,
        "gemuf_v1": observed.gemuf_v1_probability,
        "gemuf_v5": observed.gemuf_v5,
    }
    raised = {}
    for statistic, values in ratio.items():
        if statistic in thresholds:
            limit = thresholds[statistic].threshold
            raised[statistic] = values < limit if statistic == "gemuf_v1" else values > limit
    for balance in range(first, observed.muf.size):
        for statistic in TESTED:
            if statistic in raised and raised[statistic][balance]:
                value = float(ratio[statistic][balance])
                limit = thresholds[statistic].threshold
                told = _REASONS[statistic](observed, balance, value, limit, names)
                yield Alarm(balance + 1, statistic, value, limit, told)


def _ratio(value: Floats, sigma: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(sigma > 0, value / sigma, np.nan), dtype=np.float64)


def _kg(value: float) -> str:
    """Return an amount for a sentence: at least its kilograms, and four figures."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g} kg"
    digits = max(0, 3 - math.floor(math.log10(abs(value))))
    return f"{value:.{min(digits, 9)}f} kg"


def _figures(value: float, limit: float) -> str:
    """Return the value, with as many digits as it takes to see that it is not the limit."""
    for digits in range(2, 12):
        if f"{value:.{digits}f}" != f"{limit:.{digits}f}":
            return f"{value:.{digits}f}"
    return repr(value)


def _muf(o: Observed, i: int, value: float, limit: float, names: tuple[str, ...]) -> str:
    return (
        f"MUF of {names[i]} is {_kg(o.muf[i])}, {_figures(value, limit)} times its standard"
        f" deviation of {_kg(o.sigma_muf[i])}; above {limit:.2f} times is significant. This balance"
        " by itself shows more missing than its measurement errors explain."
    )


def _cumuf(o: Observed, i: int, value: float, limit: float, names: tuple[str, ...]) -> str:
    return (
        f"CUMUF up to {names[i]} is {_kg(o.cumuf[i])}, {_figures(value, limit)} times its standard"
        f" deviation of {_kg(o.sigma_cumuf[i])}; above {limit:.2f} times is significant. All"
        " balances so far together show more missing than the measurement errors explain."
    )


def _sitmuf(o: Observed, i: int, value: float, limit: float, names: tuple[str, ...]) -> str:
    if i == 0 or not np.isfinite(o.sitmuf[:i]).any():
        expected = "with no earlier balance to go by, a MUF of 0 kg was to be expected"
    else:
        expected = (
            f"after what the earlier balances showed, a MUF of {_kg(o.muf[i] - o.itmuf[i])} was"
            " to be expected"
        )
    return (
        f"SITMUF {_figures(value, limit)} is above {limit:.2f}: {expected}, give or take"
        f" {_kg(o.sigma_itmuf[i])}, but MUF of {names[i]} is {_kg(o.muf[i])},"
        f" {_kg(o.itmuf[i])} more. Look at the measurements and transfers of this balance first."
    )


def _page(o: Observed, i: int, value: float, limit: float, names: tuple[str, ...]) -> str:
    quiet = np.flatnonzero(o.page[:i] == 0)
    begin = int(quiet[-1]) + 1 if quiet.size else 0
    while begin < i and math.isnan(o.page[begin]):
        begin += 1
    excess = float(np.nansum(o.itmuf[begin : i + 1]))
    if begin == i:
        return (
            f"Page's sum jumps to {_figures(value, limit)} in {names[i]}, above {limit:.2f}: its"
            f" MUF is {_kg(excess)} more than was to be expected after the earlier balances."
        )
    return (
        f"Page's sum {_figures(value, limit)} is above {limit:.2f}: from {names[begin]} to"
        f" {names[i]} the balances together show {_kg(excess)} more than was to be expected after"
        " each one's earlier balances. No single one need stand out; look at what they share."
    )


def _ewma(o: Observed, i: int, value: float, limit: float, names: tuple[str, ...]) -> str:
    return (
        f"The weighted mean of the recent residuals is {_figures(value, limit)} standard"
        f" deviations at {names[i]}, above {limit:.2f}: the last balances lie together above what"
        " was to be expected, the latest count most."
    )


def _gemuf_v1(o: Observed, i: int, value: float, limit: float, names: tuple[str, ...]) -> str:
    squares = np.nan_to_num(o.sitmuf[: i + 1] ** 2)
    largest = int(np.argmax(squares))
    side = "more" if o.itmuf[largest] > 0 else "less"
    share = squares[largest] / squares.sum()
    return (
        f"GEMUF V1 of {names[i]} is {o.gemuf_v1[i]:.2f}; when nothing is missing so much is"
        f" reached with probability {value:.2g}, below {limit:.2g}. {share:.0%} of it comes from"
        f" {names[largest]}, with {_kg(abs(o.itmuf[largest]))} {side} than was to be expected. This"
        " test reacts to gains as well as to losses."
    )


def _gemuf_v5(o: Observed, i: int, value: float, limit: float, names: tuple[str, ...]) -> str:
    return (
        f"GEMUF V5 {_figures(value, limit)} at {names[i]} is above {limit:.2f}: the MUF smoothed"
        " over five balances and the MUF itself agree in showing more missing than the errors"
        " explain."
    )


_REASONS = {
    "muf": _muf,
    "cumuf": _cumuf,
    "sitmuf": _sitmuf,
    "page": _page,
    "ewma": _ewma,
    "gemuf_v1": _gemuf_v1,
    "gemuf_v5": _gemuf_v5,
}
