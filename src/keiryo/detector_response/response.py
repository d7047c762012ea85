"""The answer of a scintillator to photons, by a model with few parameters.

Full-energy peak, escape of X-rays, Compton continuum with multiple scatter, pair escape, and what
the surroundings scatter back. Parameters are effective: they are fitted to measurements, and no
size of a crystal can be read from them. Not in the model: coincidence summing, non-proportional
light, pile-up, sources that absorb themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache, lru_cache
from typing import Any

import numpy as np
from scipy import special

from keiryo.nuclides.attenuation import DENSITY_G_CM3, mass_attenuation
from keiryo.nuclides.lines import Line

REST_KEV = 510.99895
STEP_KEV = 3.0
"""Deposits are gathered on a grid of this width before they are smeared."""
HIGHEST_KEV = 3060.0
ESCAPES = {
    "NaI": ((28.6, 33.17, 0.893357, 0.834410, "I"),),
    "CsI": ((28.6, 33.17, 0.893357, 0.834410, "I"), (31.0, 35.98, 0.90, 0.83, "Cs")),
    "LaBr3": ((33.4, 38.92, 0.91, 0.83, "La"),),
    "CdZnTe": ((23.2, 26.71, 0.84, 0.84, "Cd"),),
}
"""X-ray energy and edge in keV, fluorescence yield, share of the K shell, element."""
SOFTEST_KEV = 45.0
_ROOT2 = np.sqrt(2.0)


@dataclass(frozen=True, slots=True)
class Response:
    """Parameters of a detector.

    Attributes
    ----------
    crystal : str
        One of `keiryo.nuclides.attenuation.COMPOUNDS`.
    depth_cm, housing_g_cm2 : float
        Effective thickness, and what lies before it, as iron.
    photo_kev, photo_power : float
        The photofraction is 1 / (1 + (E / photo_kev) ** photo_power).
    multiple : float
        Share of the continuum that scattered more than once.
    back, forward, soft, flat : float
        Photons that the surroundings add, by one of the source.
    fwhm_kev, fwhm_power : float
        Full width at 661.7 keV, and the power of the energy with which it grows.
    single, double, annihilation : float
        Pair escape, and 511 keV from the surroundings.
    """

    crystal: str
    depth_cm: float
    housing_g_cm2: float
    photo_kev: float
    photo_power: float
    multiple: float
    back: float
    forward: float
    soft: float
    flat: float
    fwhm_kev: float
    fwhm_power: float
    single: float
    double: float
    annihilation: float

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)

    def fwhm(self, energy_kev: np.ndarray) -> np.ndarray:
        """Return the full width at half maximum in keV."""
        energy = np.maximum(np.asarray(energy_kev, dtype=np.float64), 1.0)
        found: np.ndarray = self.fwhm_kev * (energy / 661.7) ** self.fwhm_power
        return found


def interaction(one: Response, energy_kev: np.ndarray) -> np.ndarray:
    """Return the share of photons that deposit something in the crystal."""
    mu = mass_attenuation(one.crystal, energy_kev) * DENSITY_G_CM3[one.crystal]
    through = np.exp(-mass_attenuation("Fe", energy_kev) * one.housing_g_cm2)
    found: np.ndarray = -np.expm1(-mu * one.depth_cm) * through
    return found


def photofraction(one: Response, energy_kev: np.ndarray) -> np.ndarray:
    """Return the share of the interactions that leave their whole energy."""
    found: np.ndarray = 1 / (1 + (energy_kev / one.photo_kev) ** one.photo_power)
    return found


def escape_share(crystal: str, energy_kev: float) -> list[tuple[float, float]]:
    """Return energy and share of the X-rays that leave the crystal after a photon was absorbed.

    Examples
    --------
    >>> [(kev, round(share, 6)) for kev, share in escape_share("NaI", 59.54)]
    [(28.6, 0.097846)]
    """
    found = []
    for x_ray, edge, fluorescence, shell, _element in ESCAPES.get(crystal, ()):
        if energy_kev <= edge:
            continue
        of_x, of_it = mass_attenuation(crystal, np.array([x_ray, energy_kev]))
        ratio = float(of_x / of_it)
        share = 0.5 * fluorescence * shell * (1 - ratio * np.log(1 + 1 / ratio))
        found.append((x_ray, float(share)))
    return found


def compton_edge(energy_kev: float) -> float:
    """Return the largest deposit of one scatter in keV.

    Examples
    --------
    >>> round(compton_edge(661.657), 6)
    477.334018
    """
    alpha = energy_kev / REST_KEV
    return energy_kev * 2 * alpha / (1 + 2 * alpha)


def scattered_kev(energy_kev: float, cosine: np.ndarray) -> np.ndarray:
    """Return the energy of a photon after a scatter."""
    found: np.ndarray = energy_kev / (1 + energy_kev / REST_KEV * (1 - cosine))
    return found


@cache
def _grid() -> tuple[np.ndarray, np.ndarray]:
    edges = np.arange(0.0, HIGHEST_KEV + STEP_KEV, STEP_KEV)
    return edges, (edges[1:] + edges[:-1]) / 2


def _continuum(energy: float, multiple: float) -> np.ndarray:
    """Return the shape of the continuum of a photon on the grid; it adds up to 1."""
    edges, middle = _grid()
    alpha, last = energy / REST_KEV, compton_edge(energy)
    s = np.clip(middle / energy, 1e-6, 1 - 1e-6)
    one = 2 + s**2 / (alpha**2 * (1 - s) ** 2) + s / (1 - s) * (s - 2 / alpha)
    part = np.clip((last - edges[:-1]) / STEP_KEV, 0, 1)
    one = np.where(part > 0, np.maximum(one, 0), 0) * part
    rising = np.where(middle <= 0.75 * energy, middle / (0.75 * energy), 0.0)
    fall = np.sqrt(np.clip((energy - middle) / (0.25 * energy), 0, None))
    more = np.where(middle <= 0.75 * energy, rising, fall) * (middle < energy)
    total = np.zeros(len(middle))
    for shape, share in ((one, 1 - multiple), (more, multiple)):
        if shape.sum() > 0:
            total += share * shape / shape.sum()
    return total


def _put(deposits: np.ndarray, energy: float, amount: float) -> None:
    """Add an amount at an energy, shared between two bins so that the mean is right."""
    if amount <= 0 or not STEP_KEV < energy < HIGHEST_KEV - STEP_KEV:
        return
    at = energy / STEP_KEV - 0.5
    low = int(at)
    share = at - low
    deposits[low] += amount * (1 - share)
    deposits[low + 1] += amount * share


@lru_cache(maxsize=16)
def _kernel(one: Response) -> np.ndarray:
    """Return what photons of each energy of the grid leave, shape (energies, deposits)."""
    _edges, middle = _grid()
    made = np.zeros((len(middle), len(middle)))
    seen, photo = interaction(one, middle), photofraction(one, middle)
    for row, energy in enumerate(middle):
        if energy < 10:
            continue
        _deposit(one, made[row], float(energy), float(seen[row]), float(photo[row]))
    return made


def _deposit(one: Response, row: np.ndarray, energy: float, seen: float, photo: float) -> None:
    """Add what a photon leaves: peak, X-ray escape, continuum, pair escape."""
    peak = seen * photo
    for x_ray, share in escape_share(one.crystal, energy):
        _put(row, energy - x_ray, peak * share)
        peak -= peak * share
    _put(row, energy, peak)
    row += (seen - seen * photo) * _continuum(energy, one.multiple)
    if energy > 2 * REST_KEV:
        rise = min(((energy - 1022.0) / 1000) ** 1.2, 2.0)
        _put(row, energy - 511.0, one.single * rise * seen * photo)
        _put(row, energy - 1022.0, one.double * rise * seen * photo)


_PARTS = ("back", "forward", "soft", "flat", "annihilation")


def photons_at_detector(one: Response, energy_kev: float) -> np.ndarray:
    """Return the photons that one photon of a source sends to the detector, on the grid."""
    found = np.zeros(len(_grid()[1]))
    _put(found, energy_kev, 1.0)
    for name in _PARTS:
        found += getattr(one, name) * _surroundings(name, energy_kev)
    return found


def _surroundings(name: str, energy_kev: float) -> np.ndarray:
    """Return what one photon makes of a part of the surroundings, before its amount."""
    _edges, middle = _grid()
    alpha = energy_kev / REST_KEV
    found = np.zeros(len(middle))
    if name in ("back", "forward"):
        cosine = np.linspace(*((-1.0, -0.2) if name == "back" else (-0.2, 1.0)), 200)
        energies = scattered_kev(energy_kev, cosine)
        ratio = energies / energy_kev
        weight = ratio**2 * (ratio + 1 / ratio - 1 + cosine**2)
        at = np.minimum((energies / STEP_KEV).astype(np.int64), len(middle) - 1)
        kept = energies > SOFTEST_KEV
        made: np.ndarray = np.bincount(at[kept], weight[kept], len(middle)) / weight.sum()
        return made
    if name == "annihilation":
        if energy_kev > 2 * REST_KEV:
            _put(found, REST_KEV, (energy_kev - 1022.0) / 1000)
        return found
    if name == "soft":
        shape = np.where((middle > 35) & (middle < 0.75 * energy_kev), 1.0, 0.0)
        shape = shape * np.exp(-middle / (0.35 * energy_kev + 40))
    else:
        highest = 1.1 * energy_kev / (1 + 2 * alpha)
        shape = np.where((middle > SOFTEST_KEV) & (middle < highest), 1.0, 0.0)
    total = float(shape.sum())
    return shape / total if total > 0 else found


@cache
def _all_surroundings(name: str) -> np.ndarray:
    """Return a part of the surroundings for every energy of the grid."""
    _edges, middle = _grid()
    return np.array([_surroundings(name, max(float(at), 10.0)) for at in middle])


def spectrum_of(
    one: Response, lines: Sequence[Line], weights: np.ndarray, edges_kev: np.ndarray
) -> np.ndarray:
    """Return counts in channels by decay, in a detector that sees every photon.

    Parameters
    ----------
    one : Response
    lines : sequence of Line
    weights : ndarray, shape (lines,)
        Photons of each line that leave the source, by decay; shields are taken off already.
    edges_kev : ndarray, shape (channels + 1,)
    """
    photons = np.zeros(len(_grid()[1]))
    for line, weight in zip(lines, weights.tolist(), strict=True):
        if line.energy_kev > 10:
            _put(photons, line.energy_kev, weight)
    found: np.ndarray = photons @ matrix_of(one, tuple(edges_kev.tolist()))
    return found


@lru_cache(maxsize=16)
def matrix_of(one: Response, edges_kev: tuple[float, ...]) -> np.ndarray:
    """Return the counts in channels by photon of each energy of the grid.

    Returns
    -------
    ndarray, shape (energies, channels)
    """
    photons = np.eye(len(_grid()[1]))
    for name in _PARTS:
        photons = photons + getattr(one, name) * _all_surroundings(name)
    crystal = replace(one, back=0.0, forward=0.0, soft=0.0, flat=0.0, annihilation=0.0)
    made: np.ndarray = photons @ (_kernel(crystal) @ _smearing(crystal, edges_kev))
    return made


@lru_cache(maxsize=16)
def _smearing(one: Response, edges_kev: tuple[float, ...]) -> np.ndarray:
    """Return which channels a deposit falls into, by the resolution of the detector."""
    _edges, at = _grid()
    sigma = one.fwhm(at) / (2 * np.sqrt(2 * np.log(2)))
    steps = special.erf((np.array(edges_kev)[None, :] - at[:, None]) / (sigma[:, None] * _ROOT2))
    made: np.ndarray = 0.5 * np.diff(steps, axis=1)
    return made
