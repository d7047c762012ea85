"""Sets of templates made for one detector: nuclides behind shields, and in bulk.

Sources that are large or dense absorb part of what they emit: they are taken as a slab of their
own material, of which a photon leaves with (1 - exp(-µX)) / (µX) (the mean over its thickness).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from keiryo.detector_response.generic import MORE_SCATTER, SHIELDS, natural_background
from keiryo.detector_response.response import Response, spectrum_of
from keiryo.nuclides.attenuation import DENSITY_G_CM3, mass_attenuation, transmission
from keiryo.nuclides.categories import LIBRARY
from keiryo.nuclides.lines import UnknownNuclideError, default_age_s, photon_lines
from keiryo.spectra.spectrum import Problem
from keiryo.templates.template_set import Template, TemplateSet

SLAB = "Slab"
"""The name of the shielding of sources that absorb themselves."""
SLABS: dict[str, tuple[str, float, float]] = {
    **dict.fromkeys(("K-40", "Th-232", "Ra-226", "Lu-176", "La-138"), ("water", 30.0, 4.0)),
    **dict.fromkeys(("U-233", "U-235", "U-238"), ("U", 0.3, 1.3)),
    **dict.fromkeys(("Np-237", "Pu-238", "Pu-239", "Pu-240", "Pu-241"), ("U", 0.3, 1.3)),
}
"""Material of a slab, its thickness in cm, and by how much more it scatters.

Potassium, thorium and radium lie in goods, which scatter as water does; metals of the actinides
absorb as uranium.
"""
FAINT = 1e-4
"""A template that lets through less than this share of its photons is left out."""
SHIELDINGS = (*SHIELDS, SLAB)


@dataclass(frozen=True, slots=True)
class Slab:
    """A source of which the emitters are spread through its own matter."""

    material: str
    thickness_cm: float


def slab_share(slab: Slab, energy_kev: np.ndarray) -> np.ndarray:
    """Return the share of photons that leave a slab without touching it.

    Parameters
    ----------
    slab : Slab
    energy_kev : ndarray of float

    Examples
    --------
    >>> slab_share(Slab("U", 0.0), np.array([186.0])).tolist()
    [1.0]
    """
    mu = mass_attenuation(slab.material, energy_kev) * DENSITY_G_CM3[slab.material]
    depth = np.asarray(mu * slab.thickness_cm)
    found: np.ndarray = np.where(depth < 1e-9, 1.0, -np.expm1(-depth) / np.maximum(depth, 1e-9))
    return found


def source_spectrum(
    one: Response, nuclide: str, shielding: str, edges_kev: np.ndarray, age_s: float | None = None
) -> np.ndarray | None:
    """Return counts in channels by decay of a source behind a shield; None: hardly any.

    Raises
    ------
    UnknownNuclideError
    KeyError
        If there is no such shielding.
    """
    lines = photon_lines(nuclide, age_s)
    energy = np.array([line.energy_kev for line in lines])
    emitted = np.array([line.per_decay for line in lines])
    weights, more = emitted.copy(), MORE_SCATTER.get(shielding, 1.0)
    if shielding == SLAB:
        if nuclide not in SLABS:
            return None
        material, thickness, more = SLABS[nuclide]
        weights *= slab_share(Slab(material, thickness), energy)
    else:
        for material, thickness in SHIELDS[shielding]:
            weights *= transmission(material, thickness, energy)
    if weights.sum() < FAINT * emitted.sum():
        return None
    wide = replace(one, forward=more * one.forward, soft=more * one.soft, flat=more * one.flat)
    return spectrum_of(wide, lines, weights, edges_kev)


def make_set(
    one: Response,
    name: str,
    edges_kev: np.ndarray,
    nuclides: Sequence[str] = LIBRARY,
    shieldings: Sequence[str] = SHIELDINGS,
    *,
    ages_s: Mapping[str, float] | None = None,
    provenance: str = "",
) -> TemplateSet:
    """Return a set of templates for a detector; what cannot be made is told.

    Parameters
    ----------
    one : Response
    name : str
        Of the detector.
    edges_kev : ndarray, shape (channels + 1,)
    nuclides, shieldings : sequence of str
    ages_s : mapping, optional
        Ages of nuclides; without one the usual age.
    provenance : str
        What the response is, written into every template.

    Raises
    ------
    ValueError
        If not one template can be made.
    """
    ages = dict(ages_s or {})
    templates, rates, problems = [], [], []
    for nuclide in nuclides:
        try:
            age = ages.get(nuclide, default_age_s(nuclide))
            for shielding in shieldings:
                counts = source_spectrum(one, nuclide, shielding, edges_kev, age)
                if counts is None:
                    continue
                label = f"{nuclide.replace('-', '')}_{shielding.replace(' ', '')}"
                templates.append(Template(label, nuclide, shielding, age, provenance))
                rates.append(np.maximum(counts, 0.0))
        except UnknownNuclideError as error:
            problems.append(Problem("NO_LINES", nuclide, str(error)))
    if not templates:
        raise ValueError("no template can be made of these nuclides and shieldings")
    quiet = natural_background(one, edges_kev)
    return TemplateSet(name, edges_kev, np.array(rates), quiet, tuple(templates), tuple(problems))
