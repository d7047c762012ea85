"""Energies of channels that an SPE file lists: a table of all channels, or the points of a fit.

``$ENER_TABLE`` has the energy of every channel, where ``$ENER_FIT`` may be no more than the
straight line from the first to the last. ``$ENER_DATA``, ``$ENER_DATA_X`` and ``$MCA_CAL_DATA``
have the points that somebody calibrated with. Each has its number of lines first, then a channel
and an energy in keV a line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from keiryo.spectra.spectrum import (
    FILE,
    Calibration,
    Problem,
    calibration_of_edges,
    stated_scale,
)

TABLE = "ENER_TABLE"
POINTS = ("ENER_DATA", "ENER_DATA_X", "MCA_CAL_DATA")
MOST_DEGREE = 4
"""The highest power that programs fit a scale with."""
ROUNDED_KEV = 0.01
"""A polynomial that meets each energy of a table to this is what the table was made with."""
MOST_POINTS_DEGREE = 2
"""A scale through points is no higher than this: between few points a cubic swings."""

Pairs = tuple[np.ndarray, np.ndarray]


def pairs_of(lines: Sequence[str], number_of: Callable[[str], float | None]) -> Pairs | None:
    """Return the channels and energies of a section, or None where it has something else.

    Parameters
    ----------
    lines : sequence of str
        The number of pairs, then a pair in each line.
    number_of : callable
        Reads a number, with point or comma.

    Returns
    -------
    channels, energies_kev : ndarray of float, shape (n,)
    """
    if not lines:
        return None
    stated = number_of(lines[0].split()[0]) if lines[0].split() else None
    found = [[number_of(word) for word in line.split()] for line in lines[1:]]
    pairs = [(one[0], one[1]) for one in found if len(one) == 2]
    if stated is None or len(pairs) != len(found) or len(pairs) != stated or len(pairs) < 2:
        return None
    if any(channel is None or energy is None for channel, energy in pairs):
        return None
    values = np.array(pairs, dtype=np.float64)
    return values[:, 0], values[:, 1]


def scale_of_table(pairs: Pairs, channels: int) -> Calibration | None:
    """Return the scale of a table of all channels, or None where it is none of this spectrum.

    It is the polynomial that the table was made with, if one of degree up to 4 meets it, else the
    energies as they stand, the last channel as wide as the one before.
    """
    numbers, energies = pairs
    if len(numbers) < channels or not (numbers == np.arange(len(numbers))).all():
        return None
    along, kept = numbers[:channels], energies[:channels]
    for degree in range(1, min(MOST_DEGREE, channels - 2) + 1):
        made = np.polynomial.Polynomial.fit(along, kept, degree)
        if np.abs(made(along) - kept).max() <= ROUNDED_KEV:
            scale, _told = stated_scale(_tidy(made.convert().coef), channels, f"${TABLE}")
            return scale if scale.state == FILE else None
    last = kept[-1] + (kept[-1] - kept[-2])
    scale = calibration_of_edges(np.append(kept, last), channels)
    return scale if scale.state == FILE else None


def scale_of_points(pairs: Pairs, channels: int, place: str) -> tuple[Calibration, list[Problem]]:
    """Return the scale through the points of a calibration, and what is to be known of it.

    Two points make a straight line; more of them a parabola, by least squares.
    """
    numbers, energies = pairs
    apart = len(np.unique(numbers))
    if apart < 2:
        return stated_scale([], channels, place)
    degree = min(MOST_POINTS_DEGREE, apart - 1)
    made = np.polynomial.Polynomial.fit(numbers, energies, degree).convert().coef
    scale, told = stated_scale(_tidy(made), channels, place)
    if scale.state == FILE:
        kind = "straight line" if degree == 1 else "parabola"
        rest = float(np.abs(np.polynomial.polynomial.polyval(numbers, made) - energies).max())
        told = [
            Problem(
                "SCALE_OF_POINTS",
                place,
                f"The file states no scale; a {kind} through its {len(numbers)} points is taken,"
                f" which misses none by more than {rest:.2f} keV.",
            )
        ]
    return scale, told


def listed_scale(
    sections: Mapping[str, Sequence[str]],
    stated: Calibration | None,
    channels: int,
    number_of: Callable[[str], float | None],
) -> tuple[Calibration, list[Problem]] | None:
    """Return the scale that the lists of a file make, where it counts before the stated one.

    Parameters
    ----------
    sections : mapping of str to sequence of str
    stated : Calibration, optional
        The straight line of ``$ENER_FIT``, if there is one that can be used.
    channels : int
    number_of : callable
    """
    table = pairs_of(sections.get(TABLE, ()), number_of)
    scale = None if table is None else scale_of_table(table, channels)
    if scale is not None:
        if stated is None:
            return scale, []
        along = np.arange(channels)
        apart = float(np.abs(scale.energies(along) - stated.energies(along)).max())
        if apart <= ROUNDED_KEV:
            return None
        told = f"$ENER_FIT differs from the energies of $ENER_TABLE by up to {apart:.2f} keV;"
        return scale, [Problem("SCALE_OF_TABLE", f"${TABLE}", f"{told} those of the table count.")]
    if stated is not None:
        return None
    for name in POINTS:
        points = pairs_of(sections.get(name, ()), number_of)
        if points is not None:
            return scale_of_points(points, channels, f"${name}")
    return None


def _tidy(coefficients: np.ndarray) -> list[float]:
    """Return coefficients without the noise of the arithmetic."""
    return [float(f"{one:.12g}") for one in coefficients]
