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
from collections.abc import Mapping

import numpy as np

from keiryo.spectra.deviation_pairs import Pair, with_deviations
from keiryo.spectra.ortec_binary import plain
from keiryo.spectra.spectrum import (
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
_MOST_PAIRS = 20
"""Of a detector; what is not used is filled up with zeros."""
_DETECTOR = re.compile(r"Det=(\S+)", re.I)
_PLACE = re.compile(r"([A-H])([a-d])([1-8])", re.I)
_ROLES = {"background": "background", "foreground": "foreground", "calibration": "calibration"}


def _refuse(code: str, place: str, message: str) -> SpectrumFileError:
    return SpectrumFileError([Problem(code, place, message)])


def _begin_of_records(content: bytes) -> tuple[int, dict[int, list[Pair]]]:
    """Return where the records begin, and the deviation pairs that stand before them."""
    name = content[BLOCK : BLOCK + 40]
    if not name.startswith(b"DeviationPairs"):
        return BLOCK, {}
    if b"Expanded" in name:
        told = "The file has deviation pairs of a kind that is not read."
        raise _refuse("FORM", "deviation pairs", told)
    begin = BLOCK + BLOCK + _PAIRS
    return begin, _pairs_in(content[2 * BLOCK : begin], "<i2" if b"Int16" in name else "<f4")


def _pairs_in(content: bytes, form: str) -> dict[int, list[Pair]]:
    """Return the deviation pairs of detectors by their place in the table, where there are any."""
    size = np.dtype(form).itemsize
    values = np.frombuffer(content, form, len(content) // size).astype(np.float64)
    whole = values[: len(values) // (2 * _MOST_PAIRS) * 2 * _MOST_PAIRS]
    rows = whole.reshape(-1, _MOST_PAIRS, 2)
    return {
        place: [(short(energy), short(offset)) for energy, offset in row.tolist()]
        for place, row in enumerate(rows)
        if row.any()
    }


def _pairs_of(pairs: Mapping[int, list[Pair]], detector: str) -> list[Pair] | None:
    """Return the deviation pairs of a detector; None: it is not told which are its own.

    A detector goes by panel, column and number, as ``Ba1``; one with another name has those of the
    file if there are no others.
    """
    name = _PLACE.fullmatch(detector)
    if name is not None:
        panel, column, number = name[1].upper(), name[2].lower(), int(name[3])
        place = (ord(column) - ord("a")) * 64 + (ord(panel) - ord("A")) * 8 + number - 1
        return pairs.get(place, [])
    return next(iter(pairs.values()), []) if len(pairs) < 2 else None


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
    begin, pairs = _begin_of_records(content)
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
            one = _record(content[at : at + length], f"record {number}", pairs)
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


def _record(content: bytes, place: str, pairs: Mapping[int, list[Pair]]) -> Spectrum | None:
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
    titles = content[:180]
    parts = titles[1:].split(b"\xff") if titles[:1] == b"\xff" else [titles]
    title = " ".join(filter(None, map(plain, parts)))
    detector = _DETECTOR.search(title)
    own = _pairs_of(pairs, detector[1] if detector else "")
    calibration, more = with_deviations(calibration, own, channels, place)
    problems += more
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
