"""Files of calibrating a response: the list of measurements, and the response itself.

The list is TOML: `detector`, `crystal`, `background` (a spectrum file), and for each source a table
``[[source]]`` with `nuclide`, `file`, and where wanted `spectrum` (which one of its file) and
`age_years`. Files lie beside the list.
"""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keiryo.detector_response.fit import LIMITS, MODEL_VERSION, Calibration
from keiryo.detector_response.response import ESCAPES, Response
from keiryo.nuclides.lines import YEAR_S, UnknownNuclideError, photon_lines
from keiryo.nuclides.names import nuclide_name
from keiryo.spectra.reading import read_spectra
from keiryo.spectra.spectrum import FILE, Problem, Spectrum, SpectrumFileError
from keiryo.templates.template_set import rebinned

LARGEST_FILE = 4 * 1024**2
KEYS = frozenset({"detector", "crystal", "background", "source"})
SOURCE_KEYS = frozenset({"nuclide", "file", "spectrum", "age_years"})


@dataclass(frozen=True, slots=True, eq=False)
class Measurements:
    """Measurements of known sources with one detector, ready for a fit.

    Attributes
    ----------
    detector, crystal : str
    sources : tuple of Calibration
    sha256 : mapping of str to str
        By name of file.
    """

    detector: str
    crystal: str
    sources: tuple[Calibration, ...]
    sha256: Mapping[str, str]


def load_measurements(path: Path) -> Measurements:
    """Read a list of calibration measurements and their spectra.

    Raises
    ------
    SpectrumFileError
        With everything that is wrong.
    """
    told = _toml(path)
    problems = [
        Problem("KEY", str(key), "The list of measurements has no such key.")
        for key in sorted(set(told) - KEYS)
    ]
    crystal = told.get("crystal", "NaI")
    if crystal not in ESCAPES:
        known = ", ".join(sorted(ESCAPES))
        problems.append(Problem("CRYSTAL", "crystal", f"The crystal is none of {known}."))
    rows = told.get("source")
    if not isinstance(rows, list) or len(rows) < 2 or not all(isinstance(x, dict) for x in rows):
        needed = "Two sources or more are needed, each a table [[source]]."
        raise SpectrumFileError([*problems, Problem("SOURCES", "source", needed)])
    digests: dict[str, str] = {}
    quiet = _spectrum(path, told.get("background"), 1, "background", digests, problems)
    sources = []
    for number, row in enumerate(rows, 1):
        made = _source(path, row, number, quiet, digests, problems)
        if made is not None:
            sources.append(made)
    if problems:
        raise SpectrumFileError(problems)
    return Measurements(str(told.get("detector", path.stem)), crystal, tuple(sources), digests)


def _toml(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise SpectrumFileError([Problem("FILE", path.name, "The file is too large.")])
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        told = f"The file cannot be read: {error.strerror}."
    except (ValueError, RecursionError) as error:
        if isinstance(error, SpectrumFileError):
            raise
        told = f"The file is no TOML: {error}."
    raise SpectrumFileError([Problem("FILE", path.name, told)])


def _source(
    path: Path,
    row: Mapping[str, Any],
    number: int,
    quiet: Spectrum | None,
    digests: dict[str, str],
    problems: list[Problem],
) -> Calibration | None:
    """Return a source less background; None: something is wrong with it, which is told."""
    place, before = f"source {number}", len(problems)
    for key in sorted(set(row) - SOURCE_KEYS):
        problems.append(Problem("KEY", f"{place}: {key}", "A source has no such key."))
    nuclide = nuclide_name(str(row.get("nuclide", "")))
    age = row.get("age_years")
    number_like = isinstance(age, int | float) and not isinstance(age, bool)
    if age is not None and not (number_like and 0 <= age < 1e10):
        problems.append(Problem("AGE", place, "An age is a number of years of 0 or more."))
        age = None
    try:
        photon_lines(str(row.get("nuclide", "")), None if age is None else age * YEAR_S)
    except (UnknownNuclideError, ValueError) as error:
        problems.append(Problem("NUCLIDE", place, str(error)))
    which = row.get("spectrum", 1)
    one = _spectrum(path, row.get("file"), which, place, digests, problems)
    if len(problems) > before or one is None or quiet is None or nuclide is None:
        return None
    edges, others = _edges(one), _edges(quiet)
    assert one.live_s is not None
    assert quiet.live_s is not None
    net = one.counts / one.live_s - rebinned(quiet.counts, others, edges) / quiet.live_s
    if net[edges[:-1] >= 30].sum() <= 0:
        problems.append(Problem("NO_SOURCE", place, "It is no stronger than the background."))
        return None
    return Calibration(nuclide, edges, net, None if age is None else age * YEAR_S)


def _edges(one: Spectrum) -> np.ndarray:
    return one.calibration.energies(np.arange(one.channels + 1))


def _spectrum(
    path: Path,
    name: object,
    which: object,
    place: str,
    digests: dict[str, str],
    problems: list[Problem],
) -> Spectrum | None:
    """Return a spectrum with energies and a live time, or tell what it lacks."""
    if not isinstance(name, str) or not name:
        problems.append(Problem("FILE", place, "The name of its spectrum file is missing."))
        return None
    try:
        found = read_spectra(path.parent / name)
    except SpectrumFileError as error:
        problems += [Problem(one.code, f"{place}: {name}", one.message) for one in error.problems]
        return None
    digests[name] = found.sha256
    if not isinstance(which, int) or not 1 <= which <= len(found.spectra):
        told = f"The file has {len(found.spectra)} spectra."
        problems.append(Problem("SPECTRUM", f"{place}: {name}", told))
        return None
    one = found.spectra[which - 1]
    if one.calibration.state != FILE:
        told = "The spectrum has no energy scale; a response cannot be fitted without one."
        problems.append(Problem("NO_SCALE", f"{place}: {name}", told))
        return None
    if not one.live_s:
        problems.append(Problem("NO_TIME", f"{place}: {name}", "It has no live time."))
        return None
    return one


def load_response(path: Path) -> tuple[str, Response, dict[str, Any]]:
    """Read a response file: name of the detector, response, and everything that the file says.

    Raises
    ------
    SpectrumFileError
    """
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise SpectrumFileError([Problem("FILE", path.name, "The file is too large.")])
        told = json.loads(path.read_text("utf-8"))
        if told["schema"] != "keiryo.response/1" or told["model"] != MODEL_VERSION:
            form = f"The file is no response of version {MODEL_VERSION} of the model."
            raise SpectrumFileError([Problem("FORM", path.name, form)])
        given = dict(told["response"])
        crystal = given.pop("crystal")
        values = {name: float(given[name]) for name in LIMITS}
    except SpectrumFileError:
        raise
    except OSError as error:
        why = f"The file cannot be read: {error.strerror}."
        raise SpectrumFileError([Problem("FILE", path.name, why)]) from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        why = "The file is no response: keiryo templates fit makes one."
        raise SpectrumFileError([Problem("FILE", path.name, why)]) from None
    problems = [
        Problem("PARAMETER", name, f"It is not between {least:g} and {most:g}.")
        for name, (least, most) in LIMITS.items()
        if not (math.isfinite(values[name]) and 0.99 * least <= values[name] <= 1.01 * most)
    ]
    if crystal not in ESCAPES:
        problems.append(Problem("CRYSTAL", "crystal", "The crystal is not known."))
    if problems:
        raise SpectrumFileError(problems)
    return str(told.get("detector", path.stem)), Response(crystal=crystal, **values), told
