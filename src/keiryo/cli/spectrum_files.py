"""Files that the commands of spectra write: pictures and other forms; none is overwritten."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keiryo.charts.spectrum_chart import Trace
    from keiryo.spectra.reading import SpectrumFile
    from keiryo.spectra.spectrum import Problem, Spectrum


def write_new(file: Path, content: bytes) -> list[Problem]:
    """Write a new file that only its owner can read; return why it was not written."""
    from keiryo.spectra.spectrum import Problem

    try:
        handle = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        return [Problem("OUT", str(file), "The file exists, and nothing is overwritten.")]
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        return [Problem("OUT", str(file), f"The file cannot be written: {why}.")]
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
    except OSError as error:
        file.unlink(missing_ok=True)
        return [Problem("OUT", str(file), f"The file cannot be written: {error.strerror}.")]
    return []


def _no_such(found: SpectrumFile) -> list[Problem]:
    from keiryo.spectra.spectrum import Problem

    return [Problem("SPECTRUM", "--spectrum", f"The file has {len(found.spectra)} spectra.")]


def converted(
    found: SpectrumFile, spectrum: int | None, out: Path
) -> tuple[list[Problem], list[Problem]]:
    """Write spectra in another form; return what stands against it, and what is not held."""
    from keiryo.spectra.spectrum import SpectrumFileError
    from keiryo.spectra.writing import write_spectra

    chosen = found.spectra if spectrum is None else found.spectra[spectrum - 1 : spectrum]
    if not chosen:
        return _no_such(found), []
    try:
        content, told = write_spectra(chosen, out.suffix)
    except SpectrumFileError as error:
        return list(error.problems), []
    return write_new(out, content), told


def draw(found: SpectrumFile, spectrum: int, out: Path) -> list[Problem]:
    """Draw a spectrum, over it the background of its detector if the file has one."""
    from keiryo.charts.spectrum_chart import spectrum_chart
    from keiryo.spectra.spectrum import Problem

    if out.suffix.lower() not in (".svg", ".png"):
        return [Problem("PICTURE", "--picture", "The name of a picture ends in .svg or .png.")]
    if spectrum > len(found.spectra):
        return _no_such(found)
    shown = found.spectra[spectrum - 1]
    background = next((one for one in found.spectra if _is_background(one, shown)), None)
    title = " ".join(filter(None, (shown.detector, shown.start))) or "Spectrum"
    chart = spectrum_chart(
        _trace(shown, shown.role or "Spectrum"),
        None if background is None else _trace(background, "background"),
        energies=shown.calibration.state == "file",
        title=title,
    )
    svg = out.suffix.lower() == ".svg"
    return write_new(out, chart.svg().encode() if svg else chart.png())


def _is_background(one: Spectrum, shown: Spectrum) -> bool:
    same_axis = one.calibration.state == shown.calibration.state == "file" or (
        one.channels == shown.channels
    )
    same = one.detector == shown.detector and same_axis
    return one is not shown and one.role == "background" and same


def _trace(given: Spectrum, name: str) -> Trace:
    import numpy as np

    from keiryo.charts.spectrum_chart import Trace

    places = np.arange(given.channels + 1)
    edges = given.calibration.energies(places) if given.calibration.state == "file" else places
    return Trace(name.capitalize(), edges, given.counts, given.live_s)
