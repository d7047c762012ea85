"""Spectra in text files: SPE (IAEA, ORTEC), IEC 1455 and two-column CSV, read strictly."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence

import numpy as np

from keiryo.spectra.spectrum import (
    NONE,
    Calibration,
    Problem,
    Spectrum,
    SpectrumFileError,
    calibration_of,
    calibration_of_edges,
    checked,
)

MOST_CHANNELS = 1_048_576
_FLOAT = re.compile(r"[+-]?\d+\.\d+(?:[Ee][+-]\d+)?")
_SECTION = re.compile(r"\$([A-Z0-9_]+):?\s*$")


def _refuse(code: str, place: str, message: str) -> SpectrumFileError:
    return SpectrumFileError([Problem(code, place, message)])


# --- SPE -----------------------------------------------------------------------------------------


def parse_spe(text: str) -> list[Spectrum]:
    """Read an SPE file.

    The quadratic or cubic scale of ``$MCA_CAL`` counts before the straight one of ``$ENER_FIT``.
    Dates are month/day/year, as the format has them, local to the instrument.

    Raises
    ------
    SpectrumFileError
    """
    sections = _sections(text)
    if "DATA" not in sections:
        raise _refuse("NO_DATA", "$DATA", "The file has no section $DATA.")
    counts, problems = _spe_counts(sections["DATA"])
    times = _numbers(sections.get("MEAS_TIM", []), 2)
    live, real = (times[0], times[1]) if len(times) == 2 else (None, None)
    if "MEAS_TIM" in sections and len(times) != 2:
        raise _refuse("TIME", "$MEAS_TIM", "Live and real time cannot be read.")
    array, told = checked(counts, live, real, "$DATA")
    calibration, more = _spe_calibration(sections, len(array))
    start = None
    if sections.get("DATE_MEA"):
        start = _american(sections["DATE_MEA"][0].strip())
        if start is None:
            more.append(Problem("DATE", "$DATE_MEA", "The start of the measurement is no date."))
    title = " ".join(line.strip() for line in sections.get("SPEC_ID", ()) if line.strip())
    return [
        Spectrum(
            detector=_spe_detector(sections),
            counts=array,
            live_s=live,
            real_s=real,
            start=start,
            calibration=calibration,
            fwhm_coefficients=tuple(_counted(sections.get("SHAPE_CAL", []))),
            title=title[:200],
            problems=(*problems, *told, *more),
        )
    ]


def _sections(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    here: list[str] | None = None
    for line in text.splitlines():
        match = _SECTION.match(line.strip())
        if match is not None:
            here = found.setdefault(match[1], [])
        elif here is not None and line.strip():
            here.append(line)
    return found


def _spe_counts(lines: Sequence[str]) -> tuple[np.ndarray, list[Problem]]:
    """Return the counts, from channel 0 on, and what is not as the first line says."""
    limits = _numbers(lines[:1], 2)
    if len(limits) != 2 or limits[0] < 0 or limits[1] < limits[0] or limits[1] >= MOST_CHANNELS:
        raise _refuse("DATA", "$DATA", "The first and the last channel cannot be read.")
    first, last = int(limits[0]), int(limits[1])
    try:
        values = np.array([int(word) for line in lines[1:] for word in line.split()])
    except ValueError:
        raise _refuse("COUNTS", "$DATA", "A count is no whole number.") from None
    wanted = last - first + 1
    problems = []
    if len(values) < wanted:
        told = f"The file has {len(values)} of {wanted} channels: it was cut off."
        raise _refuse("INCOMPLETE", "$DATA", told)
    if len(values) > wanted:
        told = f"The file has {len(values)} counts for {wanted} channels; the first are taken."
        problems.append(Problem("DATA", "$DATA", told))
    counts = np.zeros(last + 1, dtype=np.int64)
    counts[first:] = values[:wanted]
    return counts, problems


def _spe_calibration(
    sections: dict[str, list[str]], channels: int
) -> tuple[Calibration, list[Problem]]:
    """Return the scale, and what is wrong with it."""
    candidates = [_counted(sections.get("MCA_CAL", [])), _numbers(sections.get("ENER_FIT", []), 4)]
    stated = [one for one in candidates if one]
    if not stated:
        return Calibration(NONE), []
    found = [calibration_of(one, channels) for one in stated]
    usable = next((one for one in found if one.state == "file"), None)
    if usable is not None:
        return usable, []
    told = "The energy scale of the file is none: energies do not rise from channel to channel."
    return found[0], [Problem("CALIBRATION", "$MCA_CAL", told)]


def _spe_detector(sections: dict[str, list[str]]) -> str:
    for line in sections.get("SPEC_REM", ()):
        name, _, value = line.partition("#")
        if name.strip() == "DETDESC" and value.strip():
            return value.strip()[:64]
    return ""


def _counted(lines: Sequence[str]) -> list[float]:
    """Return numbers after their count, as ``$MCA_CAL`` has them."""
    number = _numbers(lines[:1], 1)
    if len(number) != 1 or not 0 < number[0] <= 10:
        return []
    values = _numbers(lines[1:], int(number[0]))
    return values if len(values) == int(number[0]) else []


def _numbers(lines: Sequence[str], most: int) -> list[float]:
    """Return the numbers of some lines, up to so many; empty where something else stands there."""
    found: list[float] = []
    for word in " ".join(lines).split()[:most]:
        try:
            found.append(float(word))
        except ValueError:
            return []
    return found


def _american(text: str) -> str | None:
    """Return a time of the form month/day/year as ISO 8601 without offset."""
    for form in ("%m/%d/%Y %H:%M:%S", "%m/%d/%y %H:%M:%S", "%m-%d-%Y %H:%M:%S"):
        try:
            return datetime.datetime.strptime(text, form).isoformat()
        except ValueError:
            continue
    return None


# --- IEC 1455 ------------------------------------------------------------------------------------


def parse_iec(text: str) -> list[Spectrum]:
    """Read a file in the form of IEC 1455: lines that begin with ``A004``.

    Raises
    ------
    SpectrumFileError
    """
    lines = [line[4:] for line in text.splitlines() if line.startswith("A004")]
    if len(lines) < 6:
        raise _refuse("NO_DATA", "line 1", "The file has no lines of IEC 1455.")
    times = _numbers(lines[1:2], 3)
    if len(times) != 3 or not 0 < times[2] <= MOST_CHANNELS:
        raise _refuse("TIME", "line 2", "Live time, real time and channels cannot be read.")
    live, real, channels = times[0], times[1], int(times[2])
    counts = np.full(channels, -1, dtype=np.int64)
    for number, line in enumerate(lines[58:], 59):
        words = [line[:6], *(line[at : at + 10] for at in range(6, len(line), 10))]
        try:
            first, *values = (int(word) for word in words if word.strip())
        except ValueError:
            raise _refuse("COUNTS", f"line {number}", "The counts cannot be read.") from None
        end = min(first + len(values), channels)
        if 0 <= first < channels:
            counts[first:end] = values[: end - first]
    if (counts < 0).any():
        told = f"{int((counts < 0).sum())} channels are missing or negative."
        raise _refuse("INCOMPLETE", "line 59", told)
    array, told_too = checked(counts, live, real, "line 59")
    coefficients = _columns(lines[3])
    while coefficients and coefficients[-1] == 0 and len(coefficients) > 2:
        coefficients.pop()
    calibration = calibration_of(coefficients, channels)
    problems = list(told_too)
    if calibration.state == "invalid":
        told = "The energy scale of the file is none: energies do not rise."
        problems.append(Problem("CALIBRATION", "line 4", told))
    return [
        Spectrum(
            detector=lines[0].split()[0][:64] if lines[0].split() else "",
            counts=array,
            live_s=live,
            real_s=real,
            start=_american(" ".join(lines[2].split()[:2])),
            calibration=calibration,
            fwhm_coefficients=tuple(_columns(lines[4])),
            title=" ".join(" ".join(line.split()) for line in lines[5:9]).strip()[:200],
            problems=tuple(problems),
        )
    ]


def _columns(line: str) -> list[float]:
    """Return the numbers of a line of columns that may touch each other."""
    return [float(word) for word in _FLOAT.findall(line)]


# --- CSV -----------------------------------------------------------------------------------------

_NAMED = re.compile(r"#\s*(live_s|real_s|start|detector)\s*[:=]\s*(.+?)\s*$", re.I)


def parse_csv(text: str) -> list[Spectrum]:
    """Read two columns: ``channel`` or ``energy_keV``, and ``counts``; ``#`` lines name the rest.

    Energies are lower edges. Counts are whole numbers of 0 or more; nothing is guessed.

    Raises
    ------
    SpectrumFileError
        With everything that is wrong.
    """
    stated: dict[str, str] = {}
    rows: list[tuple[int, list[str]]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if match := _NAMED.match(line):
            stated[match[1].lower()] = match[2]
        elif line.strip() and not line.startswith("#"):
            rows.append((number, [cell.strip() for cell in line.split(",")]))
    header = [cell.lower() for cell in rows[0][1]] if rows else []
    axis = next((name for name in ("channel", "energy_kev") if name in header), None)
    if axis is None or "counts" not in header:
        told = "The first row names the columns: channel or energy_keV, and counts."
        raise _refuse("HEADER", f"line {rows[0][0] if rows else 1}", told)
    at, counted = header.index(axis), header.index("counts")
    wrong: list[Problem] = []
    places: list[float] = []
    counts: list[int] = []
    for number, cells in rows[1:]:
        if len(cells) != len(header):
            wrong.append(Problem("FIELDS", f"line {number}", "The row has other fields."))
            continue
        try:
            place, count = float(cells[at]), int(cells[counted])
            if not np.isfinite(place) or count < 0:
                raise ValueError
        except ValueError:
            told = "A number and a count of 0 or more belong here."
            wrong.append(Problem("COUNTS", f"line {number}", told))
            continue
        if places and place <= places[-1]:
            wrong.append(Problem("ORDER", f"line {number}", f"The {axis} does not rise."))
        places.append(place)
        counts.append(count)
    if axis == "channel" and not wrong and places != list(range(len(places))):
        wrong.append(Problem("ORDER", "line 2", "Channels are 0, 1, 2 … without a gap."))
    if wrong:
        raise SpectrumFileError(wrong[:1000])
    live, real = (_stated_number(stated, name) for name in ("live_s", "real_s"))
    array, told_too = checked(np.array(counts, dtype=np.int64), live, real, "line 2")
    calibration = Calibration(NONE)
    if axis == "energy_kev" and len(places) > 1:
        step = places[-1] - places[-2]
        calibration = calibration_of_edges([*places, places[-1] + step], len(places))
    return [
        Spectrum(
            detector=stated.get("detector", "")[:64],
            counts=array,
            live_s=live,
            real_s=real,
            start=_iso(stated.get("start")),
            calibration=calibration,
            problems=tuple(told_too),
        )
    ]


def _stated_number(stated: dict[str, str], name: str) -> float | None:
    if name not in stated:
        return None
    try:
        return float(stated[name])
    except ValueError:
        raise _refuse("TIME", f"# {name}", f"The {name} is no number.") from None


def _iso(text: str | None) -> str | None:
    """Return a time in UTC where it has an offset, else as it is written."""
    if text is None:
        return None
    try:
        found = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise _refuse("DATE", "# start", "The start is no time as 2027-05-31T08:00:00Z.") from None
    if found.utcoffset() is None:
        return found.isoformat()
    return found.astimezone(datetime.UTC).replace(tzinfo=None).isoformat() + "Z"
