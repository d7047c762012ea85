"""Binary spectra of Genie and of Canberra instruments (CNF), read by ourselves.

The layout has not been published by its maker; it is known from open readers (xylib, becquerel,
SpecUtils) and from files. From byte 112 on stand heads of 48 bytes, one for each section, with its
kind and place. Times are in units of 100 ns, floats are those of a PDP-11.
"""

from __future__ import annotations

import datetime
import struct
from dataclasses import dataclass

import numpy as np

from keiryo.spectra.ortec_binary import plain
from keiryo.spectra.spectrum import (
    NONE,
    Calibration,
    Problem,
    Spectrum,
    SpectrumFileError,
    checked,
    short,
    stated_scale,
)

FIRST_HEAD, HEAD = 112, 48
ACQUISITION, SAMPLE, COUNTS = 0x12000, 0x12001, 0x12005
LEAST_FLOAT = 0x2F000000
"""Floats of 1e-10 and more, read as whole numbers, are not below this."""
_DAY_ZERO = datetime.datetime(1858, 11, 17)


def _refuse(code: str, place: str, message: str) -> SpectrumFileError:
    return SpectrumFileError([Problem(code, place, message)])


def is_cnf(content: bytes) -> bool:
    """Tell whether a file begins as CNF files do."""
    return content[FIRST_HEAD + 1 : FIRST_HEAD + 4] == b"\x20\x01\x00"


def pdp11_float(content: bytes) -> float:
    """Return a number of 4 bytes in the form of the PDP-11: words swapped, excess of 128.

    Examples
    --------
    >>> pdp11_float(bytes.fromhex("80400000"))
    1.0
    """
    (found,) = struct.unpack("<f", content[2:4] + content[:2])
    return short(found / 4)


@dataclass(frozen=True, slots=True)
class _Head:
    """Where the acquisition section and the counts are, and where a scale may be.

    Some files have a second acquisition section, whose scale counts before that of the first.
    """

    acquisition: int
    counts: int
    sample: int | None
    scales: tuple[int, ...]


def _head(content: bytes) -> _Head:
    sections: dict[int, int] = {}
    scales: list[int] = []
    at = FIRST_HEAD
    while at + HEAD <= len(content):
        kind, place = struct.unpack_from("<I", content, at)[0], content[at + 10 : at + 14]
        if kind == 0:
            break
        sections.setdefault(kind, struct.unpack("<I", place)[0])
        if kind == ACQUISITION:
            scales.insert(0, struct.unpack("<I", place)[0])
        at += HEAD
    acquisition, counts = sections.get(ACQUISITION), sections.get(COUNTS)
    if acquisition is None or counts is None:
        raise _refuse("INCOMPLETE", "head", "The file names no acquisition, or no counts.")
    for place_, kind in ((acquisition, ACQUISITION), (counts, COUNTS)):
        if place_ + 512 > len(content):
            raise _refuse("INCOMPLETE", "head", "A section lies beyond the end of the file.")
        if struct.unpack_from("<I", content, place_)[0] != kind:
            raise _refuse("FORM", f"byte {place_}", "No section begins where the head says.")
    return _Head(acquisition, counts, sections.get(SAMPLE), tuple(scales))


def parse_cnf(content: bytes) -> list[Spectrum]:
    """Read a CNF file.

    Raises
    ------
    SpectrumFileError
        ``INCOMPLETE`` where counts are missing.
    """
    if not is_cnf(content):
        raise _refuse("FORM", "head", "The file is no CNF file, or it was cut off in its head.")
    head = _head(content)
    base = head.acquisition + HEAD
    scale_at, time_at = struct.unpack_from("<HH", content, head.acquisition + 34)
    if content[base + 128 : base + 131] != b"PHA":
        raise _refuse("FORM", f"byte {base + 128}", "The file holds no pulse-height spectrum.")
    channels = 256 * struct.unpack_from("<H", content, base + 138)[0]
    begin = head.counts + 512
    if not channels or begin + 4 * channels > len(content):
        told = f"The file has {max(len(content) - begin, 0) // 4} of {channels} channels."
        raise _refuse("INCOMPLETE", "counts", told + " It was cut off.")
    if base + time_at + 25 > len(content) or base + 32 + scale_at + 52 > len(content):
        raise _refuse("INCOMPLETE", "acquisition", "Times or scale lie beyond the end.")
    began, real_ticks, live_ticks = struct.unpack_from("<3q", content, base + time_at + 1)
    real, live = (-one / 1e7 for one in (real_ticks, live_ticks))
    stored, problems = _channels(content[begin : begin + 4 * channels])
    problems += _times_among_counts(stored, live, real)
    counts, told_too = checked(stored, live, real, "counts", whole=False)
    start = None
    if began > 0:
        try:
            start = (_DAY_ZERO + datetime.timedelta(microseconds=began // 10)).isoformat()
        except OverflowError:
            problems.append(Problem("DATE", "acquisition", "The start is no date."))
    calibration, more = _scale(content, head.scales, scale_at, channels)
    title = "" if head.sample is None else plain(content[head.sample + 48 : head.sample + 112])
    all_told = (*problems, *told_too, *more)
    detector = plain(content[base + 1215 : base + 1231])[:64]
    return [Spectrum(detector, counts, live, real, start, calibration, (), title, None, all_told)]


def _times_among_counts(counts: np.ndarray, live: float, real: float) -> list[Problem]:
    """Clear the first two channels of the times that Genie may keep there."""
    problems = []
    for channel in (0, 1):
        if counts[channel] > 0 and counts[channel] in (int(live), int(real)):
            counts[channel] = 0
            told = f"Channel {channel} held the live or the real time, no counts; it is 0 here."
            problems.append(Problem("TIME_IN_CHANNEL", f"channel {channel}", told))
    return problems


def _channels(content: bytes) -> tuple[np.ndarray, list[Problem]]:
    """Return the counts: whole numbers, or single-precision floats where they can be nothing else.

    As whole numbers such floats would all be above 500 million counts.
    """
    stored = np.frombuffer(content, "<i4").astype(np.int64)
    some = stored[stored != 0]
    if len(some) < 8 or some.min() < LEAST_FLOAT:
        return stored, []
    told = "The channels are single-precision floats, though the form has whole numbers."
    return np.frombuffer(content, "<f4").astype(np.float64), [
        Problem("FLOAT_CHANNELS", "counts", told)
    ]


def _scale(
    content: bytes, sections: tuple[int, ...], offset: int, channels: int
) -> tuple[Calibration, list[Problem]]:
    """Return the scale of the first place of those where files have it."""
    for section in sections:
        base = section + HEAD + 32
        for begin in (base + offset + 36, base + 36):
            words = [content[begin + 4 * at : begin + 4 * at + 4] for at in range(4)]
            if all(len(one) == 4 for one in words):
                found = [pdp11_float(one) for one in words]
                if found[1] != 0:
                    return stated_scale(found, channels, "acquisition")
    return Calibration(NONE), []
