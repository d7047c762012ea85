"""Spectra in HDF5 files as becquerel writes them: counts by channel, times, an energy scale."""

from __future__ import annotations

import datetime
import re

import numpy as np

from keiryo.spectra.hdf5_layout import Group, Hdf5Error, Value, read_hdf5
from keiryo.spectra.n42_parts import instant
from keiryo.spectra.spectrum import (
    FILE,
    NONE,
    Calibration,
    Problem,
    Spectrum,
    SpectrumFileError,
    calibration_of_edges,
    checked,
    stated_scale,
)

_TERM = re.compile(r"p\[(\d)\](\*x(?:\*\*(\d))?)?\Z")


def _refuse(code: str, message: str) -> SpectrumFileError:
    return SpectrumFileError([Problem(code, "", message)])


def parse_hdf5(content: bytes) -> list[Spectrum]:
    """Read a spectrum that becquerel wrote.

    Raises
    ------
    SpectrumFileError
    """
    try:
        root = read_hdf5(content)
    except Hdf5Error as error:
        told = str(error)
        raise _refuse("FORM", f"{told[:1].upper()}{told[1:]}.") from None
    counts = root.values.get("counts")
    if isinstance(counts, str) or counts is None or counts.ndim != 1:
        more = " It holds rates, no counts." if "cps" in root.values else ""
        raise _refuse("NO_DATA", f"The file has no data set of counts.{more}")
    live, real, start = (root.attributes.get(one) for one in ("livetime", "realtime", "start_time"))
    begun = instant(start) if isinstance(start, str) else None
    ended = root.attributes.get("stop_time")
    problems: list[Problem] = []
    real_s = _seconds(real)
    if real_s is None and begun is not None and isinstance(ended, str):
        real_s = _between(begun, instant(ended))
    live_s = _seconds(live)
    if real_s is not None and live_s is not None and live_s > real_s > live_s * (1 - 1e-6):
        real_s = live_s
    if isinstance(start, str) and begun is None:
        problems.append(Problem("DATE", "start_time", "The start of the measurement is no time."))
    array, told_too = checked(np.asarray(counts), live_s, real_s, "counts", whole=False)
    calibration, more_told = _scale(root, len(array))
    return [
        Spectrum(
            *("", array, live_s, real_s, begun, calibration),
            problems=(*problems, *told_too, *more_told),
        )
    ]


def _seconds(value: Value | None) -> float | None:
    if value is None or isinstance(value, str) or value.size != 1:
        return None
    found = float(value.ravel()[0])
    return found if np.isfinite(found) else None


def _between(begun: str, ended: str | None) -> float | None:
    if ended is None or begun.endswith("Z") != ended.endswith("Z"):
        return None
    one, two = (datetime.datetime.fromisoformat(text.removesuffix("Z")) for text in (begun, ended))
    apart = (two - one).total_seconds()
    return apart if apart > 0 else None


def _scale(root: Group, channels: int) -> tuple[Calibration, list[Problem]]:
    """Return the polynomial of the scale where it is one, else its edges."""
    given = root.groups.get("energy_cal")
    edges = root.values.get("bin_edges_kev")
    if given is not None:
        parameters, expression = given.values.get("params"), given.values.get("expression")
        if isinstance(expression, str) and isinstance(parameters, np.ndarray):
            coefficients = _polynomial(expression, [float(one) for one in parameters.ravel()])
            if coefficients:
                found, told = stated_scale(coefficients, channels, "energy_cal")
                if found.state == FILE or not isinstance(edges, np.ndarray):
                    return found, told
    if not isinstance(edges, np.ndarray):
        return Calibration(NONE), []
    made = calibration_of_edges(edges, channels)
    if made.state == FILE:
        return made, []
    return made, [Problem("CALIBRATION", "bin_edges_kev", "The energies do not rise.")]


def _polynomial(expression: str, parameters: list[float]) -> list[float]:
    """Return the coefficients of a polynomial of the channel; empty: it is another function."""
    found = [0.0] * 10
    for term in expression.replace(" ", "").split("+"):
        match = _TERM.match(term)
        if match is None or int(match[1]) >= len(parameters):
            return []
        power = 0 if match[2] is None else int(match[3] or 1)
        found[power] += parameters[int(match[1])]
    while len(found) > 2 and found[-1] == 0:
        found.pop()
    return found
