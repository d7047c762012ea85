"""Sets of templates: what each source gives in one detector, by itself and without background.

Read from an archive or a folder in the layout of GADRAS and InterSpec: a file for each source, its
name the source and its shielding, and one of the background, which is taken off by live time.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from keiryo.nuclides.names import nuclide_name
from keiryo.spectra.reading import read_content
from keiryo.spectra.spectrum import FILE, Problem, Spectrum, SpectrumFileError

MOST_FILES, LARGEST_FILE, LARGEST_WHOLE = 5000, 4 * 1024**2, 512 * 1024**2
BACKGROUND = "background"
SPECIAL = {
    "Uore": "Ra-226",
    "Am241Li": "Am-241",
    "Tl201wTl202": "Tl-201",
    "Tl201woTl202": "Tl-201",
}
"""Labels of sources that are not the name of a nuclide alone."""


@dataclass(frozen=True, slots=True)
class Template:
    """What a source is: nuclide, shielding, and the label of its file."""

    label: str
    nuclide: str
    shielding: str


@dataclass(frozen=True, slots=True, eq=False)
class TemplateSet:
    """The templates of a detector.

    Attributes
    ----------
    detector : str
    edges_kev : ndarray of float, shape (channels + 1,)
    rates : ndarray of float, shape (templates, channels)
        Counts a second without background; never negative.
    background : ndarray of float, shape (channels,), or None
        Counts a second.
    templates : tuple of Template
    problems : tuple of Problem
    model_error : float
        Share of a source by which its template may be wrong in a bin.
    caution : float
        By how much less they tell nuclides apart than templates of the detector itself: 1.
    """

    detector: str
    edges_kev: np.ndarray
    rates: np.ndarray
    background: np.ndarray | None
    templates: tuple[Template, ...]
    problems: tuple[Problem, ...] = ()
    model_error: float = 0.05
    caution: float = 1.0


def rebinned(counts: np.ndarray, edges: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return counts in other bins, shared by overlap; sums are kept where bins cover.

    Parameters
    ----------
    counts : ndarray, shape (..., channels)
    edges : ndarray, shape (channels + 1,)
        Rising.
    wanted : ndarray, shape (bins + 1,)
        Rising.
    """
    whole = np.concatenate(
        [np.zeros((*counts.shape[:-1], 1)), np.cumsum(counts, axis=-1, dtype=np.float64)], axis=-1
    )
    at = np.interp(wanted, edges, np.arange(len(edges)))
    low = np.minimum(at.astype(np.int64), len(edges) - 2)
    share = at - low
    sums = whole[..., low] * (1 - share) + whole[..., low + 1] * share
    found: np.ndarray = np.diff(sums, axis=-1)
    return found


def template_of(label: str) -> Template | None:
    """Return what a label as ``Cs137_Shielded`` names; None: no source."""
    source, _, shielding = label.partition("_")
    nuclide = SPECIAL.get(source) or nuclide_name(source)
    return None if nuclide is None else Template(label, nuclide, shielding or "Unshielded")


def load_templates(path: Path | str) -> TemplateSet:
    """Read a set of templates from an archive or a folder.

    Raises
    ------
    SpectrumFileError
        With everything that is wrong: no set there, no background, no template that can be used.
    """
    path = Path(path)
    problems: list[Problem] = []
    spectra: dict[str, Spectrum] = {}
    detector = path.stem
    for name, content in _contents(path):
        parts = PurePosixPath(name)
        label = parts.stem
        if parts.suffix.lower() == ".xml" or label.lower() == "readme":
            continue
        detector = parts.parent.name or detector
        try:
            spectra[label] = read_content(content, parts.suffix).spectra[0]
        except SpectrumFileError as error:
            problems += [Problem(one.code, name, one.message) for one in error.problems]
    background = spectra.pop(BACKGROUND, None)
    if background is None or background.calibration.state != FILE or not background.live_s:
        told = "The set has no file `background` with energies and a live time."
        raise SpectrumFileError([*problems, Problem("NO_BACKGROUND", str(path.name), told)])
    edges = _edges(background)
    quiet = background.counts / background.live_s
    templates, rates = [], []
    for label in sorted(spectra):
        one, source = spectra[label], template_of(label)
        if source is None or one.calibration.state != FILE or not one.live_s:
            told = "It names no nuclide, or has no energies or live time; it is left out."
            problems.append(Problem("TEMPLATE", label, told))
            continue
        own = rebinned(one.counts, _edges(one), edges) / one.live_s
        templates.append(source)
        rates.append(np.maximum(own - quiet, 0.0))
    if not templates:
        told = "The set has no template that can be used."
        raise SpectrumFileError([*problems, Problem("NO_TEMPLATES", str(path.name), told)])
    made = np.array(rates)
    return TemplateSet(detector, edges, made, quiet, tuple(templates), tuple(problems))


def _edges(one: Spectrum) -> np.ndarray:
    return one.calibration.energies(np.arange(one.channels + 1))


def _contents(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield names and contents of the files of a set."""
    try:
        if path.is_dir():
            files = sorted(one for one in path.rglob("*") if one.is_file())[:MOST_FILES]
            for one in files:
                if one.stat().st_size <= LARGEST_FILE:
                    yield str(one.relative_to(path)), one.read_bytes()
            return
        if path.stat().st_size > LARGEST_WHOLE:
            raise SpectrumFileError([Problem("FILE", path.name, "The file is too large.")])
        with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
            yield from _of_archive(archive)
    except OSError as error:
        told = f"The templates cannot be read: {error.strerror}."
        raise SpectrumFileError([Problem("FILE", path.name, told)]) from None
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError):
        told = "The templates are no archive and no folder, or the archive is damaged."
        raise SpectrumFileError([Problem("FILE", path.name, told)]) from None


def _of_archive(archive: zipfile.ZipFile) -> Iterator[tuple[str, bytes]]:
    """Yield the members of an archive, none larger than it may be."""
    members = [one for one in archive.infolist() if not one.is_dir()]
    if len(members) > MOST_FILES or sum(one.file_size for one in members) > LARGEST_WHOLE:
        raise SpectrumFileError([Problem("FILE", "", "The archive holds too much.")])
    for one in members:
        if one.file_size > LARGEST_FILE:
            raise SpectrumFileError([Problem("FILE", one.filename, "A file of it is too large.")])
        with archive.open(one) as opened:
            content = opened.read(LARGEST_FILE + 1)
        yield one.filename, content
