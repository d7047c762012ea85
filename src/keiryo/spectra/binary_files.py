"""Spectra in binary files of instrument makers: SPC, CHN, CNF, PCF, and a few small forms.

SandiaSpecUtils reads what the makers never described. What its binding makes up is not taken over:
a scale that the file does not have, the foreground that it takes every record for. What it does not
check is checked here: whether the file is as long as its head says.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import os
import struct
import sys
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

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

LOADERS = {
    "SPC": "loadFromBinarySpc",
    "CHN": "loadFromChn",
    "CNF": "loadFromCnf",
    "PCF": "loadFromPcf",
    "TKA": "loadFromTka",
    "SPC text": "loadFromIaeaSpc",
    "URI": "loadFile",
    "MPS": "loadFromTracsMps",
    "LSRM": "loadFromLsrmSpe",
    "RADIACODE": "loadFromRadiacode",
}
"""What the library calls the reader of each form."""
MOST_RECORDS = 1_000_000
_ROLES = {
    "Foreground": "foreground",
    "Background": "background",
    "Calibration": "calibration",
    "IntrinsicActivity": "intrinsic",
}


def parse_binary(content: bytes, form: str) -> list[Spectrum]:
    """Read a file of a form of `LOADERS`.

    Parameters
    ----------
    content : bytes
    form : str

    Raises
    ------
    SpectrumFileError
        If it is not of that form, cut off, or holds no spectrum that can be used.
    """
    measure = _LENGTHS.get(form)
    cut = measure(content) if measure is not None else []
    file, records = _loaded(content, form)
    if not records:
        told = f"The file is not of the form {form}, or it was cut off."
        raise SpectrumFileError(cut or [Problem("FORM", "", told)])
    found: list[Spectrum] = []
    wrong: list[Problem] = list(cut)
    for number, record in enumerate(records[:MOST_RECORDS], 1):
        place = f"spectrum {number}"
        if not record.numGammaChannels():
            continue
        try:
            found.append(_spectrum(record, place, file))
        except SpectrumFileError as error:
            wrong += error.problems
    if not found:
        nothing = [Problem("NO_DATA", "", "The file holds no gamma spectrum.")]
        raise SpectrumFileError(wrong or nothing)
    if wrong:
        found[0] = _with_problems(found[0], wrong)
    return found


def _loaded(content: bytes, form: str) -> tuple[Any, list[Any]]:
    """Return the library's file and its records; none where it cannot read it."""
    import SpecUtils

    library: Any = SpecUtils
    file: Any = library.SpecFile()
    try:
        with _quiet():
            if form == "URI":  # its reader of streams does not read these
                with tempfile.NamedTemporaryFile(suffix=".txt") as place:
                    place.write(content)
                    place.flush()
                    file.loadFile(place.name, library.ParserType.Uri)
            else:
                getattr(file, LOADERS[form])(io.BytesIO(content))
        return file, list(file.measurements())
    except (RuntimeError, ValueError, MemoryError):
        return file, []


def _with_problems(one: Spectrum, problems: list[Problem]) -> Spectrum:
    return dataclasses.replace(one, problems=(*problems, *one.problems))


def _spectrum(record: Any, place: str, file: Any) -> Spectrum:
    """Return a record of the library as a spectrum."""
    counts = np.asarray(record.gammaCounts(), dtype=np.float64)
    live, real = (_seconds(one) for one in (record.liveTime(), record.realTime()))
    array, told = checked(counts, live, real, place)
    calibration = _calibration(record, len(array))
    if calibration.state == "invalid":
        told.append(Problem("CALIBRATION", place, "The energy scale of the file is none."))
    start = record.startTime()
    stated = start is not None and start.year > 1970
    name = _words(record.detectorName) or _words(file.instrumentId)
    return Spectrum(
        detector=name[:64],
        counts=array,
        live_s=live,
        real_s=real,
        start=start.isoformat() if stated else None,
        calibration=calibration,
        title=_words(record.title)[:200],
        role=_ROLES.get(str(record.sourceType()).rsplit(".", 1)[-1]),
        problems=tuple(told),
    )


def _words(given: Callable[[], object]) -> str:
    """Return a text of the library in single blanks; nothing where it is no text."""
    try:
        return " ".join(str(given()).split())
    except UnicodeDecodeError:
        return ""


def _seconds(given: float) -> float | None:
    """Return a time as the file has it; the library holds it in single precision."""
    if not given > 0:
        return None
    return float(str(np.float32(given)))


def _calibration(record: Any, channels: int) -> Calibration:
    """Return the scale that the file states; what the library makes up is none."""
    model = str(record.energyCalibrationModel()).rsplit(".", 1)[-1]
    stated = [float(one) for one in record.calibrationCoeffs()]
    if model == "Polynomial":
        meaningless = not any(stated) or (stated[:2] == [0.0, 1.0] and not any(stated[2:]))
        return Calibration(NONE) if meaningless else calibration_of(stated, channels)
    if model in ("FullRangeFraction", "LowerChannelEdge"):
        edges = np.asarray(record.channelEnergies(), dtype=np.float64)
        if len(edges) == channels:
            edges = np.append(edges, 2 * edges[-1] - edges[-2])
        return calibration_of_edges(edges.tolist(), channels)
    return Calibration(NONE)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what the library prints by itself away from the user."""
    sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(nowhere)
        os.close(kept)


# --- what the head says of the length ------------------------------------------------------------


def _short(has: int, wants: int) -> list[Problem]:
    told = f"The file has {has} of {wants} bytes that its head announces: it was cut off."
    return [Problem("INCOMPLETE", "", told)]


def _chn_length(content: bytes) -> list[Problem]:
    if len(content) < 32:
        return _short(len(content), 32)
    wants = 32 + 4 * struct.unpack_from("<H", content, 30)[0]
    if len(content) < wants:
        raise SpectrumFileError(_short(len(content), wants))
    return []


def _spc_length(content: bytes) -> list[Problem]:
    """Check the records of spectrum data; addresses and numbers of records are in the head."""
    if len(content) < 128:
        raise SpectrumFileError(_short(len(content), 128))
    first, records = struct.unpack_from("<hh", content, 60)
    wants = 128 * (max(first, 1) - 1 + records)
    if 0 < wants < 2**31 and len(content) < wants:
        raise SpectrumFileError(_short(len(content), wants))
    return []


def _pcf_length(content: bytes) -> list[Problem]:
    """Mark a file that ends within a record; the whole ones before it are kept."""
    if len(content) < 256:
        raise SpectrumFileError(_short(len(content), 256))
    size = 256 * struct.unpack_from("<h", content)[0]
    if size <= 0 or content[256:262] == b"Deviat":
        return []
    rest = (len(content) - 256) % size
    if not rest:
        return []
    told = "The file ends within a record: it was cut off. Whole records are kept."
    return [Problem("INCOMPLETE", "", told)]


def _tka_length(content: bytes) -> list[Problem]:
    """Mark a list of channels that is no power of two; it says nothing of its length itself."""
    lines = len(content.split())
    powers = (lines & (lines - 1) == 0, (lines - 2) & (lines - 3) == 0)
    if any(powers) and content.endswith((b"\n", b"\r")):
        return []
    told = f"The file has {lines} lines, and its channels are no power of two: it was cut off."
    return [Problem("INCOMPLETE", "", told)]


_LENGTHS: dict[str, Callable[[bytes], list[Problem]]] = {
    "CHN": _chn_length,
    "SPC": _spc_length,
    "PCF": _pcf_length,
    "TKA": _tka_length,
}
