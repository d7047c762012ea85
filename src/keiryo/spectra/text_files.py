"""Spectra in files of IEC 1455, read strictly; columns and SPE have modules of their own."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from keiryo.spectra.column_text import parse_csv
from keiryo.spectra.n42_parts import MOST_CHANNELS
from keiryo.spectra.spe_text import numbers, parse_spe, refuse
from keiryo.spectra.spectrum import (
    NONE,
    Calibration,
    Problem,
    Spectrum,
    checked,
    stated_scale,
)
from keiryo.spectra.start_times import dated

__all__ = ["parse_csv", "parse_iec", "parse_spe"]
_FLOAT = re.compile(r"[+-]?\d*\.\d+(?:[EeDd][+-]?(?:\d{3}(?=[\s+-]|\d\.|$)|\d{2}))?")
"""A number of a column; the next one may touch it, after an exponent of two or three digits."""


def parse_iec(text: str) -> list[Spectrum]:
    """Read a file in the form of IEC 1455: lines that begin with ``A004``.

    Raises
    ------
    SpectrumFileError
    """
    lines = [line[4:] for line in text.splitlines() if line.startswith("A004")]
    if len(lines) < 6:
        raise refuse("NO_DATA", "line 1", "The file has no lines of IEC 1455.")
    times = numbers(lines[1:2], 3)
    if len(times) != 3 or not 0 < times[2] <= MOST_CHANNELS:
        raise refuse("TIME", "line 2", "Live time, real time and channels cannot be read.")
    live, real, channels = times[0], times[1], int(times[2])
    counts = np.full(channels, -1, dtype=np.int64)
    for number, line in enumerate(lines[58:], 59):
        words = [line[:6], *(line[at : at + 10] for at in range(6, len(line), 10))]
        try:
            first, *values = (int(word) for word in words if word.strip())
        except ValueError:
            raise refuse("COUNTS", f"line {number}", "The counts cannot be read.") from None
        end = min(first + len(values), channels)
        if 0 <= first < channels:
            counts[first:end] = values[: end - first]
    if (counts < 0).any():
        told = f"{int((counts < 0).sum())} channels are missing or negative."
        raise refuse("INCOMPLETE", "line 59", told)
    array, told_too = checked(counts, live, real, "line 59")
    calibration, more = _scale(lines, channels)
    start, about = dated(" ".join(lines[2].split()[:2]), "line 3")
    problems = [*told_too, *more, *about]
    return [
        Spectrum(
            detector=lines[0].split()[0][:64] if lines[0].split() else "",
            counts=array,
            live_s=live,
            real_s=real,
            start=start,
            calibration=calibration,
            fwhm_coefficients=tuple(_columns(lines[4])),
            title=" ".join(" ".join(line.split()) for line in lines[5:9]).strip()[:200],
            problems=tuple(problems),
        )
    ]


def _columns(line: str) -> list[float]:
    """Return the numbers of a line of columns that may touch each other."""
    plain = [re.sub("[Dd]", "E", word) for word in _FLOAT.findall(line)]
    return [float(word) for word in plain]


def _scale(lines: Sequence[str], channels: int) -> tuple[Calibration, list[Problem]]:
    """Return the scale of the coefficients, or that of the pairs of energy and channel."""
    coefficients = _columns(lines[3])
    while len(coefficients) > 2 and coefficients[-1] == 0:
        coefficients.pop()
    if any(coefficients):
        return stated_scale(coefficients, channels, "line 4")
    values = [one for line in lines[10:22] for one in _columns(line)]
    pairs = [(x, y) for y, x in zip(values[::2], values[1::2], strict=False) if y > 0 and x > 0]
    if len({x for x, _energy in pairs}) < 2:
        return Calibration(NONE), []
    at, energies = np.array(pairs).T
    made = np.polynomial.Polynomial.fit(at, energies, 1 if len(pairs) < 4 else 2).convert()
    scale, wrong = stated_scale(made.coef.tolist(), channels, "line 11")
    told = f"The file states {len(pairs)} energies with their channels, and no coefficients: "
    return scale, [Problem("SCALE_OF_POINTS", "line 11", told + "the scale goes by them."), *wrong]
