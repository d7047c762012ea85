"""Reading a spectrum file by its ending: each form by its own reader, none by a guess."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from keiryo.spectra.spectrum import Problem, Spectrum, SpectrumFileError
from keiryo.spectra.text_files import parse_csv, parse_iec, parse_spe

LARGEST_BYTES = 512 * 1024**2
READERS: dict[str, Callable[[str], list[Spectrum]]] = {
    ".spe": parse_spe,
    ".iec": parse_iec,
    ".csv": parse_csv,
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
    spectra = reader(content.decode("latin-1"))
    return SpectrumFile(tuple(spectra), hashlib.sha256(content).hexdigest())
