"""A spectrum as a file states it: counts, times, energy scale; what it does not state is not there.

An energy scale is ``file`` (stated and usable), ``none`` (not stated) or ``invalid`` (stated, and
no energy scale). A scale is never made up: without one there are channels and no energies.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

FILE, NONE, INVALID = "file", "none", "invalid"
STATES = (FILE, NONE, INVALID)
LARGEST_COUNT = 1e12
"""A channel that holds more was not counted; sums of a million such channels still fit."""
LARGEST_KEV = 100_000.0
"""No gamma detector measures beyond this; a scale that reaches further is none."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong or worth a look: a code, where, and what it is."""

    code: str
    place: str
    message: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {"code": self.code, "place": self.place, "message": self.message}


class SpectrumFileError(ValueError):
    """A file holds no spectrum that can be used; `problems` says why."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(one.message for one in self.problems))


@dataclass(frozen=True, slots=True)
class Calibration:
    """The energy scale of a spectrum.

    Attributes
    ----------
    state : str
        ``file``, ``none`` or ``invalid``.
    coefficients : tuple of float
        Of a polynomial of the channel in keV, as the file has them.
    edges : ndarray or None
        Energies of the lower edges and of the last upper one, where the file lists those.
    """

    state: str
    coefficients: tuple[float, ...] = ()
    edges: np.ndarray | None = field(default=None, compare=False)

    def energies(self, channels: np.ndarray) -> np.ndarray:
        """Return the energies of channels in keV; whole numbers are lower edges.

        Raises
        ------
        ValueError
            If there is no usable scale.
        """
        if self.state != FILE:
            raise ValueError("the spectrum is not calibrated")
        given = np.asarray(channels, dtype=np.float64)
        if self.edges is not None:
            along: np.ndarray = np.interp(given, np.arange(len(self.edges)), self.edges)
            return along
        made: np.ndarray = np.polynomial.polynomial.polyval(given, self.coefficients)
        return made


def calibration_of(coefficients: Sequence[float], channels: int) -> Calibration:
    """Return the scale that coefficients make over so many channels.

    It is one if energies rise from channel to channel and stay within what detectors measure.
    """
    return _polynomial(tuple(float(one) for one in coefficients), channels)


@functools.lru_cache(maxsize=256)
def _polynomial(given: tuple[float, ...], channels: int) -> Calibration:
    """Return the scale of `calibration_of`; records of one file mostly share one."""
    if not given:
        return Calibration(NONE)
    energies = np.polynomial.polynomial.polyval(np.arange(channels + 1, dtype=np.float64), given)
    rises = bool(np.isfinite(energies).all() and (energies[1:] > energies[:-1]).all())
    fits = rises and energies[-1] <= LARGEST_KEV and energies[0] > -LARGEST_KEV
    return Calibration(FILE if fits else INVALID, given)


def stated_scale(
    coefficients: Sequence[float], channels: int, place: str, *, trimmed: bool = True
) -> tuple[Calibration, list[Problem]]:
    """Return the scale that a file states, with what is wrong with it; `trimmed` of end zeros.

    A gain of exactly 1 with an offset of 0 is what software writes where nobody calibrated: such
    a scale is taken for none, and a finding says so.
    """
    given = [float(one) for one in coefficients]
    if not given:
        return Calibration(NONE), []
    if not np.isfinite(given).all():
        told = "The energy scale of the file is none: a coefficient is no number."
        return Calibration(INVALID), [Problem("CALIBRATION", place, told)]
    while len(given) > 2 and given[-1] == 0:
        given.pop()
    if given == [0.0, 1.0]:
        told = "The scale is 0 and 1 keV a channel, as software writes it without a calibration."
        return Calibration(NONE), [Problem("IDENTITY_SCALE", place, told + " It is not used.")]
    found = calibration_of(given if trimmed else coefficients, channels)
    if found.state != INVALID:
        return found, []
    told = "The energy scale of the file is none: energies do not rise from channel to channel."
    return found, [Problem("CALIBRATION", place, told)]


def short(value: float) -> float:
    """Return the decimal number that a value of single precision stands for.

    Examples
    --------
    >>> short(905.4199829101562)
    905.42
    """
    return float(str(np.float32(value)))


def calibration_of_edges(edges: Sequence[float] | np.ndarray, channels: int) -> Calibration:
    """Return the scale that a list of edges makes: one more than there are channels."""
    given = np.asarray(edges, dtype=np.float64)
    sound = len(given) == channels + 1 and bool(np.isfinite(given).all())
    if not sound or not (np.diff(given) > 0).all() or given[-1] > LARGEST_KEV:
        return Calibration(INVALID, (), None)
    return Calibration(FILE, (), given)


def full_range_fraction(
    fraction: Sequence[float], channels: int, place: str
) -> tuple[Calibration, list[Problem]]:
    """Return the scale of a full-range fraction, with what is wrong with it.

    Parameters
    ----------
    fraction : sequence of float
        Up to four coefficients of the channel over the number of channels, in keV, then C of the
        term C/(1 + 60 x) for the lowest energies; all zeros: none is stated.
    channels : int
    place : str
    """
    if not any(fraction):
        return Calibration(NONE), []
    if not any(fraction[4:]):
        made = [one / channels**power for power, one in enumerate(fraction[:4])]
        return stated_scale(made, channels, place)
    along = np.arange(channels + 1) / channels
    edges = np.polynomial.polynomial.polyval(along, fraction[:4]) + fraction[4] / (1 + 60 * along)
    found = calibration_of_edges(edges, channels)
    if found.state != INVALID:
        return found, []
    return found, [Problem("CALIBRATION", place, "The energy scale of the file does not rise.")]


@dataclass(frozen=True, slots=True)
class Spectrum:
    """One spectrum of one detector.

    Attributes
    ----------
    detector : str
    counts : ndarray of int64, shape (channels,)
        Of float64 in a scaled or simulated spectrum, which has the finding ``NOT_WHOLE``.
    live_s, real_s : float or None
    start : str or None
        ISO 8601 as the file states it: in UTC with ``Z`` if it has an offset, else without one.
    calibration : Calibration
    fwhm_coefficients : tuple of float
        Widths as the file states them, in its own form.
    title : str
    role : str or None
        foreground, background, calibration, intrinsic; None: not stated.
    problems : tuple of Problem
    more : mapping
        What else the file states of this spectrum, by names that `to_dict` shows.
    """

    detector: str
    counts: np.ndarray
    live_s: float | None
    real_s: float | None
    start: str | None
    calibration: Calibration
    fwhm_coefficients: tuple[float, ...] = ()
    title: str = ""
    role: str | None = None
    problems: tuple[Problem, ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def channels(self) -> int:
        """Number of channels."""
        return len(self.counts)

    @property
    def total(self) -> int | float:
        """All counts; whole unless the file has parts of counts."""
        return self.counts.sum().item()  # type: ignore[no-any-return]

    @property
    def dead_share(self) -> float | None:
        """Share of the real time in which the detector was dead."""
        if self.live_s is None or not self.real_s:
            return None
        return 1 - self.live_s / self.real_s

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data, without the counts of each channel."""
        return {
            "detector": self.detector,
            "start": self.start,
            "live_s": self.live_s,
            "real_s": self.real_s,
            "counts": self.total,
            "channels": self.channels,
            "calibration": {
                "state": self.calibration.state,
                "coefficients": list(self.calibration.coefficients),
            },
            "title": self.title,
            "role": self.role,
            **self.more,
            "findings": [one.to_dict() for one in self.problems],
        }


def checked(
    counts: Sequence[int] | np.ndarray,
    live_s: float | None,
    real_s: float | None,
    place: str,
    *,
    whole: bool = True,
) -> tuple[np.ndarray, list[Problem]]:
    """Return counts as an array, and what is worth a look; refuse what cannot be.

    Parts of counts are refused where counts are `whole`, else kept and told.

    Raises
    ------
    SpectrumFileError
        For counts that are negative or no numbers, no channels, times that are negative, a live
        time of 0, or one longer than the real time.
    """
    wrong: list[Problem] = []
    given = np.asarray(counts)
    if given.ndim != 1 or not len(given):
        raise SpectrumFileError([Problem("NO_CHANNELS", place, "The spectrum has no channels.")])
    parts = False
    if given.dtype.kind not in "iuf":
        wrong.append(Problem("COUNTS", place, "A count is no number, or beyond all counting."))
    elif given.dtype.kind == "f" and not np.isfinite(given).all():
        wrong.append(Problem("COUNTS", place, "A count is no number."))
    elif (given < 0).any():
        wrong.append(Problem("COUNTS", place, "A count is negative."))
    elif (given > LARGEST_COUNT).any():
        wrong.append(Problem("COUNTS", place, "A count is beyond all counting."))
    elif given.dtype.kind == "f" and (given != np.floor(given)).any():
        parts = not whole
        if whole:
            wrong.append(Problem("COUNTS", place, "Counts are whole numbers."))
    for name, value in (("live", live_s), ("real", real_s)):
        if value is not None and not 0 <= value < 1e12:
            wrong.append(Problem("TIME", place, f"The {name} time is no time."))
    if live_s == 0:
        wrong.append(Problem("TIME", place, "The live time is 0: there are no rates."))
    if live_s is not None and real_s is not None and live_s > real_s * (1 + 1e-9):
        wrong.append(Problem("TIME", place, "The live time is longer than the real time."))
    if wrong:
        raise SpectrumFileError(wrong)
    told = []
    if live_s is None:
        told.append(Problem("NO_LIVE_TIME", place, "The file states no live time: no rates."))
    if live_s is not None and real_s and 1 - live_s / real_s > 0.2:
        share = 1 - live_s / real_s
        told.append(Problem("DEAD_TIME", place, f"The detector was dead {share:.0%} of the time."))
    if parts:
        words = "Counts are not whole: the spectrum is scaled, subtracted or simulated."
        told.append(Problem("NOT_WHOLE", place, words))
    return given.astype(np.float64 if parts else np.int64), told
