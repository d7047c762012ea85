"""Templates of usual scintillators, made from lines and the response model.

For a spectrum of a detector of which nobody has templates: the nearest in resolution is taken,
with its width set to that of the spectrum. Parameters of the two sodium iodide detectors were
fitted to simulated reference spectra of such detectors; the others follow from them by material
and resolution, and have not been checked on measurements.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from keiryo.detector_response.response import Response, spectrum_of
from keiryo.nuclides.attenuation import transmission
from keiryo.nuclides.categories import LIBRARY
from keiryo.nuclides.lines import UnknownNuclideError, photon_lines
from keiryo.templates.template_set import Template, TemplateSet

LARGE_NAI = Response(
    *("NaI", 3.50, 0.056, 1135.0, 1.19, 0.00, 0.079, 0.232, 0.039, 0.107),
    *(48.12, 0.704, 0.098, 0.092, 0.024),
)
SMALL_NAI = Response(
    *("NaI", 1.28, 0.19, 573.0, 1.90, 0.07, 0.055, 0.080, 0.005, 0.076),
    *(52.04, 0.753, 0.00, 0.40, 0.032),
)
GENERIC = {
    "nai-large": LARGE_NAI,
    "nai-small": SMALL_NAI,
    "csi-small": replace(SMALL_NAI, crystal="CsI", fwhm_kev=46.0, fwhm_power=0.65),
    "labr3": replace(SMALL_NAI, crystal="LaBr3", depth_cm=1.8, fwhm_kev=19.9, fwhm_power=0.55),
    "czt": replace(SMALL_NAI, crystal="CdZnTe", depth_cm=0.8, fwhm_kev=13.0, fwhm_power=0.5),
}
SHIELDS: dict[str, tuple[tuple[str, float], ...]] = {
    "Unshielded": (),
    "Steel": (("Fe", 1.0),),
    "Thick steel": (("Fe", 4.0),),
    "Lead": (("Pb", 0.5),),
    "Thick lead": (("Pb", 1.6),),
    "Body": (("water", 8.0),),
    "Thick body": (("water", 18.0),),
}
"""Materials and thicknesses in cm."""
MORE_SCATTER = {
    "Steel": 1.6,
    "Thick steel": 3.0,
    "Lead": 1.2,
    "Thick lead": 1.5,
    "Body": 3.0,
    "Thick body": 6.0,
}
"""By how much a shield adds to what is scattered towards the detector."""
MODEL_ERROR = 0.15
"""Share of a source by which a template of a usual detector may be wrong in a bin."""
CAUTION = 8.0
"""By how much less such templates tell nuclides apart than those of the detector itself."""
NATURAL = {"K-40": 1.0, "Ra-226": 0.16, "Th-232": 0.14}
"""Usual activities of the ground and of walls, by that of potassium."""


def generic_set(name: str, fwhm_kev: float | None = None, channels: int = 512) -> TemplateSet:
    """Return the templates of a usual detector.

    Parameters
    ----------
    name : str
        One of `GENERIC`.
    fwhm_kev : float, optional
        At 661.7 keV, instead of the usual one.
    channels : int

    Raises
    ------
    KeyError
        If there is no such detector.
    """
    one = GENERIC[name]
    width = one.fwhm_kev if fwhm_kev is None else round(float(fwhm_kev), 1)
    return _made(name, width, channels)


def nearest(fwhm_kev: float) -> str:
    """Return the usual detector whose resolution at 661.7 keV is nearest."""
    return min(GENERIC, key=lambda name: abs(np.log(GENERIC[name].fwhm_kev / fwhm_kev)))


@lru_cache(maxsize=8)
def _made(name: str, fwhm_kev: float, channels: int) -> TemplateSet:
    one = replace(GENERIC[name], fwhm_kev=fwhm_kev)
    edges = np.linspace(0.0, 3000.0, channels + 1)
    templates, rates = [], []
    for nuclide in LIBRARY:
        for shield, layers in SHIELDS.items():
            counts = _template(one, nuclide, shield, layers, edges)
            if counts is not None:
                templates.append(Template(f"{nuclide}_{shield}", nuclide, shield))
                rates.append(counts)
    background = natural_background(one, edges)
    made = np.array(rates)
    return TemplateSet(name, edges, made, background, tuple(templates), (), MODEL_ERROR, CAUTION)


def _template(
    one: Response,
    nuclide: str,
    shield: str,
    layers: Sequence[tuple[str, float]],
    edges: np.ndarray,
) -> np.ndarray | None:
    """Return the counts of a nuclide behind a shield; None: hardly any come through."""
    try:
        lines = photon_lines(nuclide, least_kev=20.0, least_share=1e-3)
    except UnknownNuclideError:
        return None
    energy = np.array([line.energy_kev for line in lines])
    weights = np.array([line.per_decay for line in lines])
    for material, thickness in layers:
        weights = weights * transmission(material, thickness, energy)
    if weights.sum() < 1e-4 * sum(line.per_decay for line in lines):
        return None
    more = MORE_SCATTER.get(shield, 1.0)
    forward, soft, flat = (more * one.forward, more * one.soft, more * one.flat)
    detector = replace(one, forward=forward, soft=soft, flat=flat)
    return spectrum_of(detector, lines, weights, edges)


def natural_background(one: Response, edges: np.ndarray) -> np.ndarray:
    """Return the background of a usual place: potassium, radium, thorium, and what they scatter."""
    wide = replace(one, forward=4 * one.forward, soft=8 * one.soft + 1.5, flat=3 * one.flat)
    found = np.zeros(len(edges) - 1)
    for nuclide, activity in NATURAL.items():
        lines = photon_lines(nuclide, least_kev=40.0, least_share=5e-3)
        weights = np.array([line.per_decay for line in lines]) * activity
        found += spectrum_of(wide, lines, weights, edges)
    return found
