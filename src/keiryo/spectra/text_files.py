"""Spectra in text files: IEC 1455 and columns of channels or energies and counts, read strictly."""

from __future__ import annotations

import datetime
import re

import numpy as np

from keiryo.spectra.n42_parts import MOST_CHANNELS
from keiryo.spectra.spe_text import american, number_of, numbers, parse_spe, refuse
from keiryo.spectra.spectrum import (
    NONE,
    Calibration,
    Problem,
    Spectrum,
    SpectrumFileError,
    calibration_of_edges,
    checked,
    stated_scale,
)

__all__ = ["parse_csv", "parse_iec", "parse_spe"]
_FLOAT = re.compile(r"[+-]?\d+\.\d+(?:[Ee][+-]\d+)?")


# --- IEC 1455 ------------------------------------------------------------------------------------


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
    coefficients = _columns(lines[3])
    while coefficients and coefficients[-1] == 0 and len(coefficients) > 2:
        coefficients.pop()
    calibration = Calibration(NONE)
    more: list[Problem] = []
    if any(coefficients):
        calibration, more = stated_scale(coefficients, channels, "line 4")
    problems = [*told_too, *more]
    return [
        Spectrum(
            detector=lines[0].split()[0][:64] if lines[0].split() else "",
            counts=array,
            live_s=live,
            real_s=real,
            start=american(" ".join(lines[2].split()[:2])),
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
    rows: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if match := _NAMED.match(line):
            stated[match[1].lower()] = match[2]
        elif line.strip() and not line.startswith("#"):
            rows.append((number, line))
    separator = _separator(rows[0][1]) if rows else ","
    split = [(number, _cells(line, separator)) for number, line in rows]
    header = [_column(cell) for cell in split[0][1]] if split else []
    axis = next((name for name in ("energy_kev", "channel") if name in header), None)
    if axis is None or "counts" not in header:
        told = "The first row names the columns: channel or energy_keV, and counts."
        raise refuse("HEADER", f"line {rows[0][0] if rows else 1}", told)
    at, counted = header.index(axis), header.index("counts")
    if len(set(header)) < len(header):
        raise refuse("HEADER", f"line {rows[0][0]}", "Two columns have the same name.")
    both = header.index("channel") if axis != "channel" and "channel" in header else None
    wrong: list[Problem] = []
    places: list[float] = []
    counts: list[int] = []
    for number, cells in split[1:]:
        if len(cells) != len(header):
            wrong.append(Problem("FIELDS", f"line {number}", "The row has other fields."))
            continue
        place, count = number_of(cells[at]), number_of(cells[counted])
        if place is None or count is None or count < 0 or count != int(count):
            told = "A number and a count of 0 or more belong here."
            wrong.append(Problem("COUNTS", f"line {number}", told))
            continue
        if places and place <= places[-1]:
            wrong.append(Problem("ORDER", f"line {number}", f"The {axis} does not rise."))
        places.append(place)
        counts.append(int(count))
        if both is not None and cells[both] != str(len(counts) - 1):
            wrong.append(
                Problem("ORDER", f"line {number}", "Channels are 0, 1, 2 … without a gap.")
            )
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


def _separator(line: str) -> str | None:
    """Return what separates the columns of a header; None: blanks."""
    return next((one for one in (";", "\t", ",") if one in line), None)


def _cells(line: str, separator: str | None) -> list[str]:
    cells = [one.strip() for one in line.split(separator)]
    comma = separator == ","
    return [one if not comma else one.replace('"', "") for one in cells]


def _column(name: str) -> str:
    """Return our name of a column: channel, energy_kev, counts, or what stands there."""
    plain = re.sub(r"[^a-z]+", "_", name.lower()).strip("_")
    return {"chan": "channel", "ch": "channel", "kev": "energy_kev", "count": "counts"}.get(
        plain, plain
    )


def _stated_number(stated: dict[str, str], name: str) -> float | None:
    if name not in stated:
        return None
    try:
        found = number_of(stated[name])
        if found is None:
            raise ValueError
        return found
    except ValueError:
        raise refuse("TIME", f"# {name}", f"The {name} is no number.") from None


def _iso(text: str | None) -> str | None:
    """Return a time in UTC where it has an offset, else as it is written."""
    if text is None:
        return None
    try:
        found = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise refuse("DATE", "# start", "The start is no time as 2027-05-31T08:00:00Z.") from None
    if found.utcoffset() is None:
        return found.isoformat()
    return found.astimezone(datetime.UTC).replace(tzinfo=None).isoformat() + "Z"
