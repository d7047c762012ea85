"""PCF files of GADRAS with any number of records, read by ourselves.

The layout is that of the GADRAS manual: a head of 256 bytes, blocks of deviation pairs where there
are some, then records of equal length, each with 256 bytes of its own head and single-precision
counts. Its energy scale is a full-range fraction: a polynomial of channel over number of channels,
and a term C/(1 + 60 x) for the lowest energies.
"""

from __future__ import annotations

import dataclasses
import datetime
import re
import struct

import numpy as np

from keiryo.spectra.ortec_binary import plain
from keiryo.spectra.spectrum import (
    NONE,
    Problem,
    Spectrum,
    SpectrumFileError,
    checked,
    full_range_fraction,
    short,
)

BLOCK = 256
_PAIRS = 20_480
"""Bytes of the deviation pairs of all detectors, whether compressed or not."""
_DETECTOR = re.compile(r"Det=(\S+)", re.I)
_ROLES = {"background": "background", "foreground": "foreground", "calibration": "calibration"}


def _refuse(code: str, place: str, message: str) -> SpectrumFileError:
    return SpectrumFileError([Problem(code, place, message)])


def _begin_of_records(content: bytes) -> tuple[int, bool]:
    """Return where the records begin, and whether deviation pairs stand before them."""
    name = content[BLOCK : BLOCK + 40]
    if not name.startswith(b"DeviationPairs"):
        return BLOCK, False
    if b"Expanded" in name:
        told = "The file has deviation pairs of a kind that is not read."
        raise _refuse("FORM", "deviation pairs", told)
    begin = BLOCK + BLOCK + _PAIRS
    return begin, any(content[2 * BLOCK : begin])


def parse_pcf(content: bytes) -> list[Spectrum]:
    """Read a PCF file.

    Raises
    ------
    SpectrumFileError
        ``INCOMPLETE`` where the file ends within its first record.
    """
    if len(content) < 2 * BLOCK:
        raise _refuse("INCOMPLETE", "head", "The file ends before its first record.")
    (blocks,) = struct.unpack("<h", content[:2])
    if blocks < 2:
        raise _refuse("FORM", "head", "The file does not say how long its records are.")
    begin, paired = _begin_of_records(content)
    length = BLOCK * blocks
    found: list[Spectrum] = []
    wrong: list[Problem] = []
    whole = max(len(content) - begin, 0) // length
    if len(content) != begin + whole * length:
        there = max(len(content) - begin, 0) / length
        told = f"The file has {there:.2f} records where whole ones belong: it was cut off."
        wrong.append(Problem("INCOMPLETE", "records", told))
    for number, at in enumerate(range(begin, begin + whole * length, length), 1):
        try:
            one = _record(content[at : at + length], f"record {number}", paired)
        except SpectrumFileError as error:
            wrong += error.problems
        else:
            if one is not None:
                found.append(one)
    if not found:
        raise SpectrumFileError(wrong or [Problem("NO_DATA", "", "The file has no spectrum.")])
    if wrong:
        kept = (*found[0].problems, *wrong)
        found[0] = dataclasses.replace(found[0], problems=kept)
    return found


def _record(content: bytes, place: str, paired: bool) -> Spectrum | None:
    """Return the spectrum of a record; None where it holds neutrons alone."""
    (channels,) = struct.unpack_from("<i", content, 252)
    live, real, *rest = (short(one) for one in struct.unpack_from("<12f", content, 204))
    neutrons = rest[9]
    if channels < 0 or BLOCK + 4 * channels > len(content):
        raise _refuse("FORM", place, f"The record has no room for its {channels} channels.")
    if not channels:
        return None
    stored = np.frombuffer(content, "<f4", channels, BLOCK).astype(np.float64)
    counts, problems = checked(stored, live, real, place, whole=False)
    coefficients = rest[3:8]
    calibration, more = full_range_fraction(coefficients, channels, place)
    problems += more
    if paired and calibration.state != NONE:
        told = "The file has deviation pairs, which are not applied: energies may be off."
        problems.append(Problem("DEVIATION_PAIRS", place, told))
    titles = content[:180]
    parts = titles[1:].split(b"\xff") if titles[:1] == b"\xff" else [titles]
    title = " ".join(filter(None, map(plain, parts)))
    detector = _DETECTOR.search(title)
    start = _start(plain(content[180:203]))
    if start is None and plain(content[180:203]):
        problems.append(Problem("DATE", place, "The start of the measurement is no date."))
    words = title.lower().split()
    role = next((role for word, role in _ROLES.items() if word in words), None)
    return Spectrum(
        *(detector[1] if detector else "", counts, live, real, start, calibration, (), title),
        *(role, tuple(problems), {"neutron_counts": neutrons} if neutrons > 0 else {}),
    )


def _start(text: str) -> str | None:
    for form in ("%d-%b-%Y %H:%M:%S.%f", "%d-%b-%Y %H:%M:%S"):
        try:
            return datetime.datetime.strptime(text, form).isoformat()
        except ValueError:
            continue
    return None
