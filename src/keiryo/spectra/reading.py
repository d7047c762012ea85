"""Reading a spectrum file: its form is told from what stands in it, and each form has one reader.

Nothing is tried in turn until something fits: a file of a form that is not known is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from keiryo.spectra.becquerel_hdf5 import parse_hdf5
from keiryo.spectra.genie_binary import parse_cnf
from keiryo.spectra.library_forms import FORMS, parse_by_library
from keiryo.spectra.n42 import parse_n42
from keiryo.spectra.ortec_binary import parse_chn, parse_spc
from keiryo.spectra.pcf_binary import parse_pcf
from keiryo.spectra.recognition import ending_problem, form_of, text_of
from keiryo.spectra.spectrum import Problem, Spectrum, SpectrumFileError
from keiryo.spectra.spm_daily import parse_spm
from keiryo.spectra.text_files import parse_csv, parse_iec, parse_spe

LARGEST_BYTES = 512 * 1024**2
LARGEST_TEXT = 64 * 1024**2
"""Of XML and of other text: no measurement needs more."""


def _of_text(parse: Callable[[str], list[Spectrum]]) -> Callable[[bytes], list[Spectrum]]:
    return lambda content: parse(text_of(content))


READERS: dict[str, Callable[[bytes], list[Spectrum]]] = {
    **{form: partial(parse_by_library, form=form) for form in FORMS},
    "spe": _of_text(parse_spe),
    "iec": _of_text(parse_iec),
    "csv": _of_text(parse_csv),
    "chn": parse_chn,
    "spc": parse_spc,
    "cnf": parse_cnf,
    "pcf": parse_pcf,
    "hdf5": parse_hdf5,
}
"""By the form of the file; N42 and daily files of spectroscopic portals have more to tell."""
BINARY = ("chn", "spc", "cnf", "pcf", "listmode", "gr135", "hdf5")


@dataclass(frozen=True, slots=True)
class SpectrumFile:
    """The spectra of a file.

    Attributes
    ----------
    spectra : tuple of Spectrum
    sha256 : str
    form : str
        As `keiryo.spectra.recognition` names it.
    problems : tuple of Problem
        Of the file, and of the spectra in it that were not taken.
    more : mapping
        What else the file states, as plain data: see the form.
    """

    spectra: tuple[Spectrum, ...]
    sha256: str
    form: str = ""
    problems: tuple[Problem, ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)


def read_spectra(path: Path | str) -> SpectrumFile:
    """Read a spectrum file.

    Raises
    ------
    SpectrumFileError
        With what is wrong: the file cannot be read, its form is not known, or what it says cannot
        be a spectrum.
    """
    return read_content(content_of(path), Path(path).suffix)


def content_of(path: Path | str) -> bytes:
    """Return the bytes of a spectrum file.

    Raises
    ------
    SpectrumFileError
        If it is not there, no regular file, too large, or cannot be read.
    """
    path = Path(path)
    try:
        if not path.is_file():
            told = "The file is not there, or it is no regular file."
            raise SpectrumFileError([Problem("FILE", "", told)])
        if path.stat().st_size > LARGEST_BYTES:
            raise SpectrumFileError([Problem("FILE", "", "The file is larger than 512 MiB.")])
        return path.read_bytes()
    except (OSError, ValueError) as error:
        if isinstance(error, SpectrumFileError):
            raise
        told = f"The file cannot be read: {getattr(error, 'strerror', error)}."
        raise SpectrumFileError([Problem("FILE", "", told)]) from None


def read_content(content: bytes, ending: str) -> SpectrumFile:
    """Read the content of a spectrum file; its ending decides where the content does not.

    Raises
    ------
    SpectrumFileError
    """
    form = form_of(content, ending)
    if form not in BINARY and len(content) > LARGEST_TEXT:
        told = "A text or XML file of spectra is not read beyond 64 MiB."
        raise SpectrumFileError([Problem("LARGE", "", told)])
    problems = ending_problem(form, ending)
    digest = hashlib.sha256(content).hexdigest()
    if form == "n42":
        held = parse_n42(content)
        problems += held.problems
        if not held.spectra and held.problems and not held.gross_counts and not held.doses:
            raise SpectrumFileError(problems)
        if not held.spectra:
            told = "The file has no spectrum; what else it has is told."
            problems.append(Problem("NO_SPECTRUM", "", told))
        return SpectrumFile(tuple(held.spectra), digest, form, tuple(problems), held.more())
    if form == "spm":
        daily = parse_spm(text_of(content))
        problems += daily.problems
        return SpectrumFile(tuple(daily.spectra()), digest, form, tuple(problems), daily.more())
    spectra = tuple(READERS[form](content))
    return SpectrumFile(spectra, digest, form, tuple(problems))
