"""Binary spectra of ORTEC: CHN, and SPC with whole numbers or floats, read by ourselves.

The layouts are those of the ORTEC Software File Structure Manual: CHN is a head of 32 bytes, the
counts and a tail of 512 bytes; SPC is a file of records of 128 bytes, the first of which points to
the others. A file that ends before its last count is refused.
"""

from __future__ import annotations

import datetime
import struct

import numpy as np

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

CHN_HEAD, RECORD = 32, 128
FIRST_YEAR = 70
"""Of the last century: no file of this kind is older, whatever its mark of the century."""
MOST_CHANNELS = 1_048_576
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


def _refuse(code: str, place: str, message: str) -> SpectrumFileError:
    return SpectrumFileError([Problem(code, place, message)])


def plain(content: bytes) -> str:
    """Return a text of fixed length without its padding."""
    text = content.split(b"\0", 1)[0].decode("latin-1")
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


def ortec_time(day: str, month: str, year: str, century: str, clock: str) -> str | None:
    """Return a time from the parts that ORTEC writes; ``1`` after the year stands for 20.."""
    try:
        number = int(year) + (2000 if century == "1" or int(year) < FIRST_YEAR else 1900)
        hours, minutes, *rest = (int(one) for one in clock.split(":"))
        at = (number, _MONTHS.index(month.upper()) + 1, int(day), hours, minutes)
        return datetime.datetime(*at, rest[0] if rest else 0).isoformat()
    except ValueError:
        return None


def _no_date(start: str | None, place: str) -> list[Problem]:
    if start is not None:
        return []
    return [Problem("DATE", place, "The start of the measurement is no date.")]


def parse_chn(content: bytes) -> list[Spectrum]:
    """Read a CHN file.

    Raises
    ------
    SpectrumFileError
        ``INCOMPLETE`` where counts are missing.
    """
    if len(content) < CHN_HEAD or content[:2] != b"\xff\xff":
        raise _refuse("FORM", "head", "The file is no CHN file, or it ends inside its head.")
    mca, _, seconds, real, live = struct.unpack("<hh2sII", content[2:16])
    first, channels = struct.unpack("<HH", content[28:32])
    if not channels:
        raise _refuse("NO_CHANNELS", "head", "The spectrum has no channels.")
    end = CHN_HEAD + 4 * channels
    if len(content) < end:
        told = f"The file has {(len(content) - CHN_HEAD) // 4} of {channels} channels."
        raise _refuse("INCOMPLETE", "counts", f"{told} It was cut off.")
    stored = np.frombuffer(content, "<i4", channels, CHN_HEAD)
    counts, problems = checked(stored, live / 50, real / 50, "counts")
    date, clock = plain(content[16:24]).ljust(8), plain(content[24:28]).ljust(4)
    start = ortec_time(
        *(date[:2], date[2:5], date[5:7], date[7:8]),
        f"{clock[:2]}:{clock[2:]}:{plain(seconds) or '0'}",
    )
    problems += _no_date(start, "head")
    if first:
        told = f"The first channel stored is {first}: channels are counted from it."
        problems.append(Problem("FIRST_CHANNEL", "head", told))
    tail = content[end : end + 512]
    calibration, detector, title = Calibration(NONE), f"MCA {mca}" if mca else "", ""
    fwhm: tuple[float, ...] = ()
    kind = struct.unpack("<h", tail[:2])[0] if len(tail) >= 2 else 0
    if kind in (-101, -102) and len(tail) >= 28:
        number = 3 if kind == -102 else 2
        coefficients = [short(one) for one in struct.unpack_from(f"<{number}f", tail, 4)]
        if any(coefficients):
            calibration, more = stated_scale(coefficients, channels, "tail")
            problems += more
        fwhm = tuple(short(one) for one in struct.unpack_from(f"<{number}f", tail, 16))
    if len(tail) < 512:
        told = "The file ends inside its tail: scale and descriptions may be missing."
        problems.append(Problem("INCOMPLETE", "tail", told))
    else:
        detector = plain(tail[257 : 257 + min(tail[256], 63)]) or detector
        title = plain(tail[321 : 321 + min(tail[320], 63)])
    times = (live / 50, real / 50, start)
    return [Spectrum(detector, counts, *times, calibration, fwhm, title, None, tuple(problems))]


def parse_spc(content: bytes) -> list[Spectrum]:
    """Read a binary SPC file of ORTEC.

    Raises
    ------
    SpectrumFileError
        ``INCOMPLETE`` where counts are missing.
    """
    if len(content) < RECORD or struct.unpack("<hh", content[:4]) not in ((1, 1), (1, 5)):
        raise _refuse("FORM", "record 1", "The file is no binary SPC file, or it was cut off.")
    floats = content[2] == 5
    words = struct.unpack("<34H", content[:68])
    spectrum, records, channels = words[30], words[31], words[32]
    real, live = (short(one) for one in struct.unpack("<2f", content[90:98]))
    begin = (spectrum - 1) * RECORD
    if not spectrum or not channels or records * 32 < channels:
        raise _refuse("FORM", "record 1", "The head does not say where the counts are.")
    if begin + 4 * channels > len(content):
        there = max(len(content) - begin, 0) // 4
        told = f"The file has {there} of {channels} channels: it was cut off."
        raise _refuse("INCOMPLETE", f"record {spectrum}", told)
    stored = np.frombuffer(content, "<f4" if floats else "<i4", channels, begin)
    place = f"record {spectrum}"
    counts, problems = checked(
        stored.astype(np.float64) if floats else stored, live, real, place, whole=False
    )
    missing: list[Problem] = []

    def record(number: int) -> bytes:
        found = content[(number - 1) * RECORD : number * RECORD] if number else b""
        if number and len(found) < RECORD:
            told = f"The head names record {number}, which the file does not have."
            missing.append(Problem("INCOMPLETE", "record 1", told))
        return found.ljust(RECORD, b"\0")

    acquired, sample, detector = (record(words[at]) for at in (4, 5, 6))
    scale = record(words[17])
    problems += missing
    date = plain(acquired[16:28]).ljust(10)
    start = ortec_time(date[:2], date[3:6], date[7:9], date[9:10], plain(acquired[28:38]))
    problems += _no_date(start, "acquisition record")
    calibration = Calibration(NONE)
    fwhm: tuple[float, ...] = ()
    if words[17]:
        energy = [short(one) for one in struct.unpack_from("<3f", scale, 20)]
        if any(energy):
            calibration, more = stated_scale(energy, channels, f"record {words[17]}")
            problems += more
            fwhm = tuple(short(one) for one in struct.unpack_from("<3f", scale, 32))
    return [
        Spectrum(
            *(plain(detector)[:64], counts, live, real, start, calibration, fwhm),
            *(plain(sample)[:200], None, tuple(problems)),
        )
    ]
