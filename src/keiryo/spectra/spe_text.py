"""SPE files of IAEA and ORTEC: text in sections that begin with ``$``, with the variants in use.

Where variants differ, what the file says more plainly counts, and a finding says what was taken.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np

from keiryo.spectra.n42_parts import MOST_CHANNELS, numbers_of
from keiryo.spectra.spe_points import listed_scale
from keiryo.spectra.spectrum import (
    FILE,
    INVALID,
    NONE,
    Calibration,
    Problem,
    Spectrum,
    SpectrumFileError,
    checked,
    stated_scale,
)
from keiryo.spectra.start_times import dated

_SECTION = re.compile(r"\$([A-Za-z0-9_]+):?[ \t]*(.*)$")
_DATA = re.compile(r"\$DATA:?(?=[\s:])[ \t:]*[\r\n]*", re.I)
_LIMITS = re.compile(r"(\d+)[ \t,]+(\d+)[ \t]*(?:\r\n?|\n|\Z)", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d+[.,]?\d*|[.,]\d+)(?:[EeDd][+-]?\d+)?\Z", re.ASCII)


def refuse(code: str, place: str, message: str) -> SpectrumFileError:
    """Return the error of one problem."""
    return SpectrumFileError([Problem(code, place, message)])


def parse_spe(text: str) -> list[Spectrum]:
    """Read an SPE file.

    The quadratic or cubic scale of ``$MCA_CAL`` counts before the energies of ``$ENER_TABLE``,
    those before the straight line of ``$ENER_FIT``; the points of ``$ENER_DATA`` count where no
    scale is stated.
    Dates are month/day/year, as the format has them, local to the instrument.

    Raises
    ------
    SpectrumFileError
    """
    found = [one for one in _DATA.finditer(text) if begins_line(text, one.start())]
    if len(found) != 1:
        told = "no section" if not found else f"{len(found)} sections"
        raise refuse("DATA" if found else "NO_DATA", "$DATA", f"The file has {told} $DATA.")
    end = text.find("$", found[0].end())
    data = text[found[0].end() : end if end >= 0 else None]
    last = end < 0 or text.startswith("$ENDRECORD", end)
    sections = _sections(text[: found[0].start()] + "\n" + (text[end:] if end >= 0 else ""))
    counts, problems = _spe_counts(data.strip("\x1a\0 \t\r\n"), last=last)
    if not text.endswith(("\n", "\r", "\x1a", "\0")):
        told = "The last line has no end: the file may have been cut off after it."
        problems.append(Problem("CUT", "end", told))
    live, real = _times(sections)
    array, told_too = checked(counts, live, real, "$DATA", whole=False)
    calibration, more = _spe_calibration(sections, len(array))
    start, about = _start(sections)
    title = " ".join(line.strip() for line in sections.get("SPEC_ID", ()) if line.strip())
    return [
        Spectrum(
            detector=_spe_detector(sections),
            counts=array,
            live_s=live,
            real_s=real,
            start=start,
            calibration=calibration,
            fwhm_coefficients=tuple(counted(sections.get("SHAPE_CAL", []))[0]),
            title=title[:200],
            problems=(*problems, *told_too, *more, *about),
        )
    ]


def begins_line(text: str, at: int) -> bool:
    """Tell whether a line begins at a place of a text, blanks aside."""
    while at and text[at - 1] in " \t":
        at -= 1
    return not at or text[at - 1] in "\r\n\ufeff"


def _sections(text: str) -> dict[str, list[str]]:
    """Return the lines of each section; the first of a name counts."""
    found: dict[str, list[str]] = {}
    here: list[str] | None = None
    for line in text.strip("\x1a\0 \t\r\n\ufeff").splitlines():
        stripped = line.strip()
        match = _SECTION.match(stripped) if stripped.startswith("$") else None
        if match is not None:
            here = [match[2]] if match[2] else []
            found.setdefault(match[1].upper(), here)
        elif here is not None and stripped:
            here.append(line)
    return found


def _times(sections: dict[str, list[str]]) -> tuple[float | None, float | None]:
    if "MEAS_TIM" not in sections:
        return None, None
    times = numbers(sections["MEAS_TIM"], 2)
    if len(times) != 2:
        raise refuse("TIME", "$MEAS_TIM", "Live and real time cannot be read.")
    return times[0], times[1]


def _start(sections: dict[str, list[str]]) -> tuple[str | None, list[Problem]]:
    if not sections.get("DATE_MEA"):
        return None, []
    return dated(sections["DATE_MEA"][0], "$DATE_MEA")


def _spe_counts(data: str, *, last: bool) -> tuple[np.ndarray, list[Problem]]:
    """Return the counts, from channel 0 on, and what is not as the first line says."""
    limits = _LIMITS.match(data)
    begin, end = (int(limits[1][:9]), int(limits[2][:9])) if limits else (0, -1)
    if limits is None or end < begin or end >= MOST_CHANNELS:
        raise refuse("DATA", "$DATA", "The first and the last channel cannot be read.")
    try:
        values = numbers_of(data[limits.end() :])
    except ValueError:
        raise refuse("COUNTS", "$DATA", "A count is no number.") from None
    wanted = end - begin + 1
    problems = []
    if len(values) == wanted - 1 and not last and begin == 0:
        told = f"The file states channels 0 to {end}, and has one less: it has {end} channels."
        problems.append(Problem("CHANNELS", "$DATA", told))
        wanted, end = wanted - 1, end - 1
    elif len(values) < wanted:
        told = f"The file has {len(values)} of {wanted} channels: it was cut off."
        raise refuse("INCOMPLETE", "$DATA", told)
    if len(values) > wanted:
        told = f"The file has {len(values)} counts for {wanted} channels; the first are taken."
        problems.append(Problem("DATA", "$DATA", told))
    if begin == 1:
        told = "Channels are numbered from 1 in the file; they are numbered from 0 here."
        return values[:wanted], [*problems, Problem("FIRST_CHANNEL", "$DATA", told)]
    counts = np.zeros(end + 1, dtype=values.dtype)
    counts[begin:] = values[:wanted]
    if begin:
        told = f"The file begins with channel {begin}: the channels before it are 0 here."
        problems.append(Problem("FIRST_CHANNEL", "$DATA", told))
    return counts, problems


def _spe_calibration(
    sections: dict[str, list[str]], channels: int
) -> tuple[Calibration, list[Problem]]:
    """Return the scale, and what is wrong with it."""
    cubic, problems = counted(sections.get("MCA_CAL", []))
    candidates = [("$MCA_CAL", cubic), ("$ENER_FIT", numbers(sections.get("ENER_FIT", []), 4))]
    stated = [
        (stated_scale(given, channels, place)) for place, given in candidates if len(given) >= 2
    ]
    usable = next((one[0] for one in stated if one[0].state == FILE), None)
    if usable is None or len(usable.coefficients) == 2:
        broken = any(one[0].state == INVALID for one in stated)
        listed = None if broken else listed_scale(sections, usable, channels, number_of)
        if listed is not None:
            return listed[0], [*problems, *listed[1]]
    if usable is not None:
        return usable, problems
    if not stated:
        return Calibration(NONE), problems
    return stated[0][0], [*problems, *stated[0][1]]


def _spe_detector(sections: dict[str, list[str]]) -> str:
    for line in sections.get("SPEC_REM", ()):
        name, _, value = line.partition("#")
        if name.strip().upper() == "DETDESC" and value.strip():
            return value.strip()[:64]
    return ""


def counted(lines: Sequence[str]) -> tuple[list[float], list[Problem]]:
    """Return numbers after their count, as ``$MCA_CAL`` has them, in keV where a unit follows."""
    number = numbers(lines[:1], 1)
    if len(number) != 1 or not 0 < number[0] <= 10:
        return [], []
    words = " ".join(lines[1:]).split() if len(lines) > 1 else lines[0].split()[1:]
    values: list[float] = []
    for word in words[: int(number[0])]:
        value = number_of(word)
        if value is None:
            break
        values.append(value)
    unit = next((one for one in words[len(values) :] if number_of(one) is None), "")
    if unit.lower() == "mev":
        told = "The scale is stated in MeV; it is in keV here."
        return [one * 1000 for one in values], [Problem("UNIT", "$MCA_CAL", told)]
    if len(values) < int(number[0]):
        told = f"The section states {int(number[0])} coefficients, and has {len(values)}."
        return values, [Problem("CALIBRATION", "$MCA_CAL", told)]
    return values, []


def number_of(word: str) -> float | None:
    """Return the number that a word is, with point or comma, or None.

    Examples
    --------
    >>> number_of("1,5"), number_of("2.5E+001"), number_of("1_000"), number_of("nan")
    (1.5, 25.0, None, None)
    """
    if _NUMBER.match(word) is None:
        return None
    found = float(word.replace(",", ".").replace("D", "E").replace("d", "e"))
    return found if math.isfinite(found) else None


def numbers(lines: Sequence[str], most: int) -> list[float]:
    """Return the numbers of some lines, up to so many; empty where something else stands there."""
    found: list[float] = []
    for word in " ".join(lines).split()[:most]:
        value = number_of(word.removesuffix(",") if word.count(",") == 1 else word)
        if value is None:
            return []
        found.append(value)
    return found
