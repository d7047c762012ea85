"""Reading a spectrum file by its ending: each form by its own reader, none by a guess."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from keiryo.spectra.n42 import parse_n42
from keiryo.spectra.spectrum import Problem, Spectrum, SpectrumFileError
from keiryo.spectra.text_files import parse_csv, parse_iec, parse_spe

LARGEST_BYTES = 512 * 1024**2


def _of_text(parse: Callable[[str], list[Spectrum]]) -> Callable[[bytes], list[Spectrum]]:
    return lambda content: parse(content.decode("latin-1"))


def _of_n42(content: bytes) -> list[Spectrum]:
    found = parse_n42(content)
    if not found.spectra and found.problems:
        raise SpectrumFileError(found.problems)
    return found.spectra


READERS: dict[str, Callable[[bytes], list[Spectrum]]] = {
    ".spe": _of_text(parse_spe),
    ".iec": _of_text(parse_iec),
    ".csv": _of_text(parse_csv),
    ".n42": _of_n42,
    ".xml": _of_n42,
}
"""By the ending of the file name, in small letters."""


@dataclass(frozen=True, slots=True)
class SpectrumFile:
    """The spectra of a file.

    Attributes
    ----------
    spectra : tuple of Spectrum
    sha256 : str
    """

    spectra: tuple[Spectrum, ...]
    sha256: str


def read_spectra(path: Path | str) -> SpectrumFile:
    """Read a spectrum file.

    Raises
    ------
    SpectrumFileError
        With what is wrong: the file cannot be read, its form is not known, or what it says cannot
        be a spectrum.
    """
    path = Path(path)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        told = (
            f"The form {path.suffix or 'without an ending'} is not read; {', '.join(READERS)} are."
        )
        raise SpectrumFileError([Problem("FORM", "", told)])
    try:
        if not path.is_file():
            told = "The file is not there, or it is no regular file."
            raise SpectrumFileError([Problem("FILE", "", told)])
        if path.stat().st_size > LARGEST_BYTES:
            raise SpectrumFileError([Problem("FILE", "", "The file is larger than 512 MiB.")])
        content = path.read_bytes()
    except OSError as error:
        told = f"The file cannot be read: {error.strerror}."
        raise SpectrumFileError([Problem("FILE", "", told)]) from None
    return SpectrumFile(tuple(reader(content)), hashlib.sha256(content).hexdigest())
