"""Which way to identify a spectrum: by peaks where lines stand apart, else by templates.

The resolution decides: detectors that part lines are read by their lines, scintillators by what
whole sources look like. Without templates of the user's own those of a usual detector are made, of
the resolution that the spectrum shows.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from keiryo.detector_response.generic import GENERIC, generic_set, nearest
from keiryo.identification.by_peaks import identify_by_peaks
from keiryo.identification.by_templates import identify_by_templates
from keiryo.identification.result import Identification
from keiryo.spectra.peak_search import find_peaks
from keiryo.spectra.spectrum import FILE, Problem, Spectrum
from keiryo.templates.template_set import load_templates

SHARP_SHARE = 0.008
"""Full widths at 661.7 keV below this share of the energy part lines."""
SHARP_KINDS = ("HPGe", "HPXe", "SiLi", "GeLi")
WIDE_KINDS = {"LaBr3": "labr3", "LaCl3": "labr3", "CZT": "czt", "CdTe": "czt"}
"""Kinds of detectors as N42 names them; those of the second part lines only in part."""
LEAST_FWHM_KEV, MOST_FWHM_KEV = 8.0, 90.0
FEWEST_COUNTS = 50


def identify(
    spectrum: Spectrum,
    background: Spectrum | None = None,
    *,
    templates: Path | None = None,
    detector: str | None = None,
) -> Identification:
    """Return which nuclides a spectrum shows.

    Parameters
    ----------
    spectrum : Spectrum
    background : Spectrum, optional
    templates : Path, optional
        A set of templates of the detector; then they are used whatever the resolution.
    detector : str, optional
        One of `keiryo.detector_response.generic.GENERIC`.

    Raises
    ------
    SpectrumFileError
        If the templates cannot be read.
    """
    problems = []
    if background is not None and not background.total:
        problems.append(Problem("BACKGROUND", "", "The background has no counts; it is not used."))
        background = None
    own = None if templates is None else load_templates(templates)
    if spectrum.calibration.state != FILE:
        return _with(identify_by_peaks(spectrum), problems)
    if spectrum.total < FEWEST_COUNTS:
        told = f"The spectrum has fewer than {FEWEST_COUNTS} counts: too few to tell anything."
        few = Problem("FEW_COUNTS", "", told)
        return Identification("none", (), {}, True, told, (*problems, few))
    if own is not None:
        problems += own.problems
        return _with(identify_by_templates(spectrum, own, background), problems)
    width = fwhm_at_661(spectrum)
    kind = str(spectrum.more.get("detector_kind", ""))
    sharp = width is None or width < SHARP_SHARE * 661.7
    if detector is None and (kind in SHARP_KINDS or (sharp and kind not in WIDE_KINDS)):
        return _with(identify_by_peaks(spectrum, background), problems)
    detector = detector or WIDE_KINDS.get(kind)
    name = detector or nearest(width or 50.0)
    wanted = float(np.clip(width or GENERIC[name].fwhm_kev, LEAST_FWHM_KEV, MOST_FWHM_KEV))
    told = (
        f"Templates of a usual detector ({name}) with {wanted:.0f} keV at 662 keV are used;"
        " those of the detector itself tell more."
    )
    problems.append(Problem("GENERIC_TEMPLATES", "", told))
    made = generic_set(name, round(wanted / 2) * 2.0)
    return _with(identify_by_templates(spectrum, made, background), problems)


def fwhm_at_661(spectrum: Spectrum) -> float | None:
    """Return the full width at 661.7 keV in keV as the peaks show it; None: no channel there."""
    energies = spectrum.calibration.energies(np.arange(spectrum.channels + 1))
    if not energies[0] < 661.7 < energies[-1]:
        return None
    at = float(np.interp(661.7, energies, np.arange(spectrum.channels + 1)))
    _places, _significances, widths = find_peaks(spectrum.counts)
    low, high = at - float(widths.fwhm(at)) / 2, at + float(widths.fwhm(at)) / 2
    ends = np.interp([low, high], np.arange(spectrum.channels + 1), energies)
    return float(ends[1] - ends[0])


def _with(found: Identification, problems: list[Problem]) -> Identification:
    return replace(found, findings=(*problems, *found.findings))
