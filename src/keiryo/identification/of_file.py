"""Which spectrum of a file is identified, and which background goes with it."""

from __future__ import annotations

from collections.abc import Sequence

from keiryo.spectra.spectrum import Spectrum

QUIET = ("background", "calibration", "intrinsic")
"""Roles of spectra that are no foreground."""


def foreground(found: Sequence[Spectrum]) -> Spectrum:
    """Return the foreground with the most counts; of a file without one, any spectrum.

    Parameters
    ----------
    found : sequence of Spectrum
        At least one.
    """
    front = [one for one in found if one.role not in QUIET] or [*found]
    return max(front, key=lambda one: one.total)


def beside(found: Sequence[Spectrum], chosen: Spectrum) -> Spectrum | None:
    """Return the background that the file of a spectrum holds itself, or None."""
    quiet = [one for one in found if one.role == "background" and one is not chosen]
    return of_detector(quiet, chosen)


def of_detector(found: Sequence[Spectrum], chosen: Spectrum) -> Spectrum | None:
    """Return the background of the same detector, else the first, or None."""
    same = [one for one in found if one.detector == chosen.detector]
    return next(iter([*same, *found]), None)
