"""Forms of spectra that the library SpecUtils reads, each chosen by what the file holds.

What the library makes up is taken away: a scale that it invents where a file states none is no
scale here, and its starts, which have no offset, stay without one. It prints to standard error
while it tries; that is kept from the user.
"""

from __future__ import annotations

import datetime
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from keiryo.spectra.spectrum import (
    INVALID,
    NONE,
    Calibration,
    Problem,
    Spectrum,
    SpectrumFileError,
    calibration_of_edges,
    checked,
    short,
    stated_scale,
)

if TYPE_CHECKING:
    import SpecUtils

FORMS = {
    "uri": ("Uri", "a RADDATA:// URI"),
    "tka": ("Tka", "a TKA file"),
    "radiacode": ("RadiaCode", "a RadiaCode file"),
    "mca": ("AmptekMca", "an Amptek MCA file"),
    "lsrm": ("LsrmSpe", "an SPE file of LSRM"),
    "spc_text": ("Spc", "an SPC file in text"),
    "mps": ("TracsMps", "an MPS file of TRACS"),
    "phd": ("Phd", "a PHD file"),
    "listmode": ("OrtecListMode", "a list-mode file of ORTEC"),
    "gr135": ("Exploranium", "a file of an Exploranium GR-135 or GR-130"),
    "gxml": ("CaenHexagonGXml", "a GXml file of CAEN"),
    "lzs": ("Lzs", "an LZS file"),
    "aram": ("Aram", "an ARAM file"),
    "scan": ("ScanDataXml", "a scan file in XML"),
}
"""Our name of a form: the library's name of its parser, and what the form is called."""
LARGEST_URI = 1024**2
"""In bytes: it is packed, and unpacks to many times its length."""
UNKNOWN_START = datetime.datetime(1970, 1, 1)
"""What the library says where a file states no start."""
_ROLES = {
    "Foreground": "foreground",
    "Background": "background",
    "Calibration": "calibration",
    "IntrinsicActivity": "intrinsic",
}


@contextmanager
def quiet() -> Iterator[None]:
    """Keep what the library prints from standard error and standard output."""
    saved = [os.dup(1), os.dup(2)]
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(saved[0], 1)
        os.dup2(saved[1], 2)
        for one in (*saved, nowhere):
            os.close(one)


def parse_by_library(content: bytes, form: str) -> list[Spectrum]:
    """Read a file by the library, by one parser alone.

    Parameters
    ----------
    content : bytes
    form : str
        One of `FORMS`.

    Raises
    ------
    SpectrumFileError
    """
    import SpecUtils

    name, called = FORMS[form]
    if form == "uri" and len(content) > LARGEST_URI:
        raise SpectrumFileError([Problem("LARGE", "", "A URI of a spectrum is never so long.")])
    parser = getattr(SpecUtils.ParserType, name)
    found = SpecUtils.SpecFile()
    ending = {"tka": ".tka", "spc_text": ".spc", "mps": ".mps"}.get(form, ".txt")
    with tempfile.TemporaryDirectory(prefix="keiryo-") as folder, quiet():
        path = os.path.join(folder, "spectrum" + ending)
        with open(path, "wb") as out:
            out.write(content)
        try:
            found.loadFile(path, parser)
        except (RuntimeError, ValueError, TypeError):
            told = f"The file looks like {called}, and cannot be read as one."
            raise SpectrumFileError([Problem("FORM", "", told)]) from None
    spectra: list[Spectrum] = []
    wrong: list[Problem] = []
    for number, one in enumerate(found.measurements(), 1):
        try:
            if one.numGammaChannels():
                spectra.append(_spectrum(one, f"spectrum {number}"))
        except SpectrumFileError as error:
            wrong += error.problems
        except UnicodeDecodeError:
            wrong.append(Problem("TEXT", f"spectrum {number}", "Its texts cannot be read."))
    if not spectra:
        raise SpectrumFileError(wrong or [Problem("NO_DATA", "", "The file has no spectrum.")])
    try:
        said = list(found.parseWarnings())
    except UnicodeDecodeError:
        said = ["The library warns in words that cannot be read."]
    warnings = list(said)
    with suppress(UnicodeDecodeError):
        warnings += found.remarks()
    assumed = any("default" in one.lower() and "calib" in one.lower() for one in warnings)
    if form == "radiacode":
        spectra = [_one_time(one) for one in spectra]
    if assumed:  # the library says so in words alone
        spectra = [replace(one, calibration=Calibration(NONE)) for one in spectra]
    warned = [Problem("READER", "", " ".join(one.split())[:300]) for one in said]
    if wrong or warned:
        kept = (*spectra[0].problems, *wrong, *warned)
        spectra[0] = replace(spectra[0], problems=kept)
    return spectra


def _one_time(one: Spectrum) -> Spectrum:
    """Return a spectrum without the dead time that the library makes up for RadiaCode."""
    if one.real_s is None:
        return one
    told = "The file states one time; it stands for the live and the real time."
    return replace(one, live_s=one.real_s, problems=(*one.problems, Problem("ONE_TIME", "", told)))


def _spectrum(given: SpecUtils.Measurement, place: str) -> Spectrum:
    """Return what the library holds of one measurement."""
    stored = np.array(given.gammaCounts(), dtype=np.float64)
    live, real = short(given.liveTime()), short(given.realTime())
    problems: list[Problem] = []
    times: list[float | None] = [live, real]
    for at, name in enumerate(("live", "real")):
        if times[at] == 0:
            times[at] = None
            told = f"The file states no {name} time, or 0."
            problems.append(Problem("NO_TIME", place, told))
    counts, told_too = checked(stored, times[0], times[1], place, whole=False)
    calibration, more = _calibration(given, len(counts), place)
    at_start = given.startTime()
    start = None if at_start is None or at_start <= UNKNOWN_START else at_start.isoformat()
    neutrons = given.neutronCountsSum() if given.containedNeutron() else None
    return Spectrum(
        *(given.detectorName().strip()[:64], counts, times[0], times[1], start, calibration),
        *((), given.title().strip()[:200], _ROLES.get(given.sourceType().name)),
        *((*problems, *told_too, *more), {} if neutrons is None else {"neutron_counts": neutrons}),
    )


def _calibration(
    given: SpecUtils.Measurement, channels: int, place: str
) -> tuple[Calibration, list[Problem]]:
    """Return the scale, without what the library makes up."""
    kind = given.energyCalibrationModel().name
    if kind == "UnspecifiedUsingDefaultPolynomial":
        return Calibration(NONE), []
    if kind == "InvalidEquationType":
        return Calibration(NONE), []
    coefficients = [short(one) for one in given.calibrationCoeffs()]
    edges = np.array(given.channelEnergies(), dtype=np.float64)[: channels + 1]
    if kind == "FullRangeFraction" and not any(coefficients[4:]):
        coefficients = [one / channels**power for power, one in enumerate(coefficients[:4])]
        kind = "Polynomial"
    if kind == "Polynomial":
        along = np.polynomial.polynomial.polyval(np.arange(len(edges)), coefficients)
        if np.allclose(along, edges, rtol=1e-4, atol=0.05):  # no deviation pairs
            return stated_scale(coefficients, channels, place)
    found = calibration_of_edges(edges, channels)
    if found.state != INVALID:
        return found, []
    return found, [Problem("CALIBRATION", place, "The energy scale of the file does not rise.")]
