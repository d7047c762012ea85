"""Reading a spectrum file: its content says what it is, its ending only where content does not."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

from keiryo.spectra.binary_files import LOADERS, parse_binary
from keiryo.spectra.n42 import N42File, parse_n42
from keiryo.spectra.spectrum import Problem, Spectrum, SpectrumFileError
from keiryo.spectra.text_files import parse_csv, parse_iec, parse_spe

LARGEST_BYTES = 512 * 1024**2


def _text(content: bytes) -> str:
    """Return content as text: UTF-8 or UTF-16 with a mark, else byte by byte; any line ends."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            found = content.decode("utf-16")
        except UnicodeDecodeError:
            found = content.decode("latin-1")
    else:
        found = content.removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    return found.replace("\r\n", "\n").replace("\r", "\n")


def _of_text(parse: Callable[[str], list[Spectrum]]) -> Callable[[bytes], list[Spectrum]]:
    return lambda content: parse(_text(content))


N42 = "N42"
READERS: dict[str, Callable[[bytes], list[Spectrum]]] = {
    "SPE": _of_text(parse_spe),
    "IEC 1455": _of_text(parse_iec),
    "CSV": _of_text(parse_csv),
    **{form: partial(parse_binary, form=form) for form in LOADERS},
}
"""By form; N42 holds more than spectra and has a reader of its own."""
ENDINGS = {
    ".spe": "SPE",
    ".iec": "IEC 1455",
    ".csv": "CSV",
    ".txt": "CSV",
    ".n42": "N42",
    ".xml": "N42",
    ".spc": "SPC",
    ".chn": "CHN",
    ".cnf": "CNF",
    ".pcf": "PCF",
    ".tka": "TKA",
    ".uri": "URI",
    ".mps": "MPS",
}
"""Forms by the ending of a file name, in small letters."""
PACKED = {b"PK\x03\x04": "a ZIP archive", b"\x1f\x8b": "packed by gzip", b"BZh": "packed by bzip2"}


@dataclasses.dataclass(frozen=True, slots=True)
class SpectrumFile:
    """The spectra of a file.

    Attributes
    ----------
    spectra : tuple of Spectrum
    sha256 : str
    form : str
        One of `READERS`, or `N42`.
    problems : tuple of Problem
        Of the file as a whole, and of what in it is no usable spectrum.
    n42 : N42File or None
        What an N42 file holds besides.
    """

    spectra: tuple[Spectrum, ...]
    sha256: str
    form: str = ""
    problems: tuple[Problem, ...] = ()
    n42: N42File | None = None


def form_of(content: bytes) -> str | None:
    """Return the form that the content of a file shows; None: it shows none."""
    head = content[:4096]
    text = _text(head).lstrip()
    if text.startswith("<") and "RadiaCode" not in text[:600]:
        return "N42"
    if text.startswith("<"):
        return "RADIACODE"
    if text.startswith(("RADDATA://", "raddata://")):
        return "URI"
    if text.startswith("$") or "\n$DATA:" in _text(content[:65536]):
        return "SPE"
    if text.startswith("A004"):
        return "IEC 1455"
    if text.startswith("SHIFR="):
        return "LSRM"
    if text.startswith("SpectrumName"):
        return "SPC text"
    if head.startswith(b"\xff\xff") and len(content) > 32:
        return "CHN"
    if head[2:5] == b"DHS":
        return "PCF"
    if head[:2] == b"\x01\x00" and head[2:4] in (b"\x01\x00", b"\x05\x00"):
        return "SPC"
    if head[:2] == b"\x00\x04" and b"\x00" in head[2:32]:
        return "CNF"
    first = text.split("\n", 1)[0].lower() if text else ""
    return "CSV" if "counts" in first or text.startswith("#") else None


def read_spectra(path: Path | str) -> SpectrumFile:
    """Read a spectrum file.

    Raises
    ------
    SpectrumFileError
        With what is wrong: the file cannot be read, its form is not known, or what it says cannot
        be a spectrum.
    """
    path = Path(path)
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
    return parse_spectra(content, path.name)


def parse_spectra(content: bytes, name: str = "") -> SpectrumFile:
    """Read the content of a spectrum file; raises as `read_spectra`.

    Parameters
    ----------
    content : bytes
    name : str
        Of the file; its ending counts where the content does not tell the form.
    """
    for mark, what in PACKED.items():
        if content.startswith(mark):
            told = f"The file is {what}. Unpack it, and give the file that is in it."
            raise SpectrumFileError([Problem("PACKED", "", told)])
    ending = Path(name).suffix.lower()
    named, shown = ENDINGS.get(ending), form_of(content)
    form = shown or named
    if form is not None and not content.strip(b"\0 \r\n\t"):
        raise SpectrumFileError([Problem("NO_DATA", "", "The file is empty.")])
    if form is None:
        told = f"The form of the file is not known. Known are: {', '.join((N42, *READERS))}."
        raise SpectrumFileError([Problem("FORM", "", told)])
    problems: list[Problem] = []
    if named is not None and shown is not None and named != shown:
        told = f"The ending {ending} is that of {named}, the content that of {shown}."
        problems.append(Problem("FORM", "", told))
    n42 = parse_n42(content) if form == N42 else None
    spectra = READERS[form](content) if n42 is None else n42.spectra
    if n42 is not None:
        problems += n42.problems
        if not (spectra or n42.gross_counts or n42.doses):
            nothing = Problem("NO_DATA", "", "The file holds no spectrum and no counts.")
            raise SpectrumFileError(problems or [nothing])
    digest = hashlib.sha256(content).hexdigest()
    return SpectrumFile(tuple(spectra), digest, form, tuple(problems), n42)
