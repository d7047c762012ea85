"""Spectra in columns of text: a row that names channel or energy and counts, and rows of numbers.

Before the columns may stand lines that tell times, start and detector, in ``#`` lines or plainly,
as ``Live Time (s): 300``. A file may hold several spectra, each with its own columns. Nothing is
guessed: without a row that names the columns there is no spectrum.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass, field

import numpy as np

from keiryo.spectra.n42_parts import MOST_CHANNELS
from keiryo.spectra.spe_text import number_of, refuse
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

_STATED = re.compile(
    r"[\s#;!%\"']*(?P<name>(?:live|real)(?:[ _-]*time)?(?:[ _]*s)?|start(?:[ _-]*(?:time|date))?"
    r"|det(?:ector)?(?:[ _-]*name)?|equation ?type|coefficients|neutron ?counts?|title)"
    r"\s*(?P<unit>[(\[]\s*(?:s|sec|seconds)\s*[)\]])?[\"']?\s*[:=,;\t]"
    r"\s*(?P<value>\S.*?)[\s,;\"']*",
    re.I,
)
_SECONDS = re.compile(r"\s*(?:s|sec|secs|second|seconds)\.?$", re.I)
_NO_HEADER = "A row names the columns before the numbers: channel or energy_keV, and counts."
_AXES = ("energy_kev", "channel")
LEAST_KEV = 20.0
"""Energies without a unit that end below this may be in MeV."""
MOST_TOLD = 1000


@dataclass(slots=True)
class _Block:
    """The rows of one spectrum, and what was stated before them."""

    stated: dict[str, str]
    header: list[str]
    line: int
    separator: str | None
    unit_told: bool = True
    rows: list[tuple[int, list[str]]] = field(default_factory=list)


def parse_csv(text: str) -> list[Spectrum]:
    """Read columns: ``channel`` or ``energy_keV``, and ``counts``.

    Energies are lower edges. Counts are whole numbers of 0 or more. Energies without a unit are
    in keV, which a finding says. Counts alone are those of channels 0, 1, 2 …

    Raises
    ------
    SpectrumFileError
        With everything that is wrong.
    """
    blocks = _blocks(text)
    found: list[Spectrum] = []
    wrong: list[Problem] = []
    for one in blocks:
        try:
            found.append(_spectrum(one))
        except SpectrumFileError as error:
            wrong += error.problems
    if wrong:
        raise SpectrumFileError(wrong[:MOST_TOLD])
    return found


def _blocks(text: str) -> list[_Block]:
    """Return the spectra of a text as rows."""
    blocks: list[_Block] = []
    stated: dict[str, str] = {}
    first = 0
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        if not line.strip():
            continue
        if match := _STATED.fullmatch(line):
            stated[_name(match["name"])] = match["value"]
            continue
        if line.lstrip().startswith("#"):
            continue
        first = first or number
        header = _header(line)
        if header is not None:
            blocks.append(_Block(stated, header[0], number, header[1], header[2]))
            stated = {}
        elif blocks and not stated:
            blocks[-1].rows.append((number, _cells(line, blocks[-1].separator)))
        elif all(number_of(one) is not None for one in _cells(line, _separator(line))):
            raise refuse("HEADER", f"line {number if blocks else first}", _NO_HEADER)
    if not blocks:
        raise refuse("HEADER", f"line {first or 1}", _NO_HEADER)
    blocks[-1].stated = {**stated, **blocks[-1].stated}
    return blocks


def _name(given: str) -> str:
    plain = re.sub(r"[^a-z]", "", given.lower())
    for known in ("live", "real", "start", "det", "equation", "coefficients", "neutron", "title"):
        if plain.startswith(known):
            return known
    return plain


def _separator(line: str) -> str | None:
    """Return what separates the columns of a header; None: blanks."""
    return next((one for one in (";", "\t", ",") if one in line), None)


def _cells(line: str, separator: str | None) -> list[str]:
    cells = [one.strip().strip("\"'").strip() for one in line.split(separator)]
    if separator is not None and len(cells) > 1 and not cells[-1]:
        cells.pop()
    return cells


def _header(line: str) -> tuple[list[str], str | None, bool] | None:
    """Return the columns that a line names, what separates them, whether the unit is named."""
    separator = _separator(line)
    cells = _cells(line, separator)
    header = [_column(cell) for cell in cells]
    if separator is None and "counts" in header and not {*_AXES, "energy"} & {*header}:
        header = ["counts"] if len(cells) == 1 else header  # blanks within a name
    told = "energy" not in header
    if not told and "energy_kev" not in header:
        header = ["energy_kev" if one == "energy" else one for one in header]
    if "counts" in header and (header == ["counts"] or {*_AXES} & {*header}):
        return header, separator, told
    return None


_NAMES = {
    "chan": "channel",
    "ch": "channel",
    "channel_number": "channel",
    "kev": "energy_kev",
    "e_kev": "energy_kev",
    "lower_energy_kev": "energy_kev",
    "energy_lower_kev": "energy_kev",
    "count": "counts",
    "data": "counts",
}


def _column(name: str) -> str:
    """Return our name of a column: channel, energy_kev, counts, or what stands there."""
    plain = re.sub(r"[^a-z]+", "_", name.lower()).strip("_")
    return _NAMES.get(plain, plain)


def _spectrum(block: _Block) -> Spectrum:
    """Return the spectrum of a block, or everything that is wrong with it."""
    header, place = block.header, f"line {block.line}"
    if len(set(header)) < len(header):
        raise refuse("HEADER", place, "Two columns have the same name.")
    axis = next((name for name in _AXES if name in header), None)
    places, counts, wrong = _numbers(block, axis)
    if wrong:
        raise SpectrumFileError(wrong[:MOST_TOLD])
    if len(counts) > MOST_CHANNELS:
        raise refuse("LARGE", place, "The spectrum has more channels than any has.")
    live, real = (_stated_seconds(block.stated, name) for name in ("live", "real"))
    array, problems = checked(np.array(counts, dtype=np.int64), live, real, place)
    calibration, more = _scale(block, axis, places)
    start, about = _start(block.stated.get("start"))
    neutrons = number_of(block.stated.get("neutron", ""))
    return Spectrum(
        detector=block.stated.get("det", "").strip()[:64],
        counts=array,
        live_s=live,
        real_s=real,
        start=start,
        calibration=calibration,
        title=block.stated.get("title", "")[:200],
        problems=(*problems, *more, *about),
        more={} if neutrons is None else {"neutron_counts": neutrons},
    )


def _numbers(block: _Block, axis: str | None) -> tuple[list[float], list[int], list[Problem]]:
    """Return places on the axis, counts, and what is wrong with the rows."""
    header = block.header
    counted = header.index("counts")
    at = None if axis is None else header.index(axis)
    both = header.index("channel") if axis != "channel" and "channel" in header else None
    wrong: list[Problem] = []
    places: list[float] = []
    counts: list[int] = []
    for number, cells in block.rows:
        if len(cells) != len(header):
            wrong.append(Problem("FIELDS", f"line {number}", "The row has other fields."))
            continue
        place = float(len(counts)) if at is None else number_of(cells[at])
        count = number_of(cells[counted])
        if place is None or count is None or count < 0 or count != int(count):
            told = "A number and a count of 0 or more belong here."
            wrong.append(Problem("COUNTS", f"line {number}", told))
            continue
        if count > 1e15:
            wrong.append(Problem("COUNTS", f"line {number}", "A count is beyond all counting."))
            continue
        if places and place <= places[-1]:
            wrong.append(Problem("ORDER", f"line {number}", f"The {axis} does not rise."))
        places.append(place)
        counts.append(int(count))
        if both is not None and number_of(cells[both]) != len(counts) - 1:
            told = "Channels are 0, 1, 2 … without a gap."
            wrong.append(Problem("ORDER", f"line {number}", told))
    if axis == "channel" and not wrong and places != [float(n) for n in range(len(places))]:
        told = "Channels are 0, 1, 2 … without a gap."
        wrong.append(Problem("ORDER", f"line {block.line + 1}", told))
    return places, counts, wrong


def _scale(
    block: _Block, axis: str | None, places: list[float]
) -> tuple[Calibration, list[Problem]]:
    """Return the scale of the energies; coefficients that the file states go before them."""
    if not block.unit_told and places and places[-1] < LEAST_KEV:
        told = f"The energies have no unit and end at {places[-1]:g}: they may be in MeV."
        raise refuse("UNIT", f"line {block.line}", told)
    if axis != "energy_kev" or len(places) < 2:
        return Calibration(NONE), []
    edges = [*places, 2 * places[-1] - places[-2]]
    found = calibration_of_edges(edges, len(places))
    if block.stated.get("equation", "").strip().lower() == "polynomial":
        words = [number_of(one) for one in block.stated.get("coefficients", "").split()]
        known = [one for one in words if one is not None]
        if len(known) == len(words) >= 2:
            stated, _wrong = stated_scale(known, len(places), f"line {block.line}")
            if stated.state == FILE:
                along = stated.energies(np.arange(len(places)))
                if np.allclose(along, places, rtol=1e-4, atol=0.05):
                    return stated, []
    if block.unit_told:
        return found, []
    told = "The energies have no unit; they are taken for keV."
    return found, [Problem("UNIT", f"line {block.line}", told)]


def _stated_seconds(stated: dict[str, str], name: str) -> float | None:
    if name not in stated:
        return None
    found = number_of(_SECONDS.sub("", stated[name].strip()))
    if found is None:
        raise refuse("TIME", f"# {name}_s", f"The {name} time is no number.")
    return found


def _start(text: str | None) -> tuple[str | None, list[Problem]]:
    """Return a time in UTC where it has an offset, else as it is written."""
    if text is None:
        return None, []
    try:
        found = datetime.datetime.fromisoformat(text.strip())
        if found.utcoffset() is None:
            return found.isoformat(), []
        return found.astimezone(datetime.UTC).replace(tzinfo=None).isoformat() + "Z", []
    except (ValueError, OverflowError):
        told = "The start is no time as 2027-05-31T08:00:00Z, and is not taken."
        return None, [Problem("DATE", "start", told)]
