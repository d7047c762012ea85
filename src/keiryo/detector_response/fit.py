"""The response of a detector fitted to calibration measurements of known sources.

Needed are a background and four or five sources between 60 and 2600 keV. Activities need not be
known: each source has a free amplitude. The parameters are effective, and trade off against each
other: the result says which of them the measurements do not tell apart, and which ended at a
limit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from keiryo.detector_response.response import (
    _PARTS,
    REST_KEV,
    Response,
    _all_surroundings,
    _continuum,
    _grid,
    _put,
    _smearing,
    escape_share,
    photofraction,
)
from keiryo.nuclides.attenuation import DENSITY_G_CM3, mass_attenuation
from keiryo.nuclides.lines import photon_lines

MODEL_VERSION = 1
LIMITS = {
    "depth_cm": (0.3, 15.0),
    "housing_g_cm2": (0.01, 10.0),
    "photo_kev": (60.0, 4000.0),
    "photo_power": (0.4, 4.0),
    "multiple": (1e-3, 0.95),
    "back": (1e-3, 2.0),
    "forward": (1e-3, 2.0),
    "soft": (1e-3, 3.0),
    "flat": (1e-3, 2.0),
    "fwhm_kev": (3.0, 200.0),
    "fwhm_power": (0.2, 1.0),
    "single": (1e-4, 1.0),
    "double": (1e-4, 1.0),
    "annihilation": (1e-4, 1.0),
}
"""Between what each parameter is sought."""
START = Response(
    *("NaI", 6.0, 0.6, 420.0, 1.3, 0.35, 0.12, 0.12, 0.15, 0.10),
    *(48.0, 0.55, 0.06, 0.03, 0.02),
)
GOOD_DISTANCE = 0.10
"""Half the sum of differences of unit-sum spectra up to which a source is well described."""
SAME = 0.99
"""Parameters correlated more than this cannot be told apart."""
LEAST_KEV, MOST_KEV, BINS = 30.0, 3000.0, 256


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """A measurement of a known source.

    Attributes
    ----------
    nuclide : str
    edges_kev : ndarray, shape (channels + 1,)
    net : ndarray, shape (channels,)
        Counts a second without background; they may be negative.
    age_s : float, optional
        Without it the usual age.
    """

    nuclide: str
    edges_kev: np.ndarray
    net: np.ndarray
    age_s: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A response fitted to measurements.

    Attributes
    ----------
    response : Response
    names : tuple of str
        Of the parameters, in the order of the covariance.
    covariance : ndarray, shape (parameters, parameters)
        Of the logarithms of the parameters.
    distances : mapping of str to float
        By nuclide: half the sum of differences of unit-sum spectra above 30 keV.
    at_limit : tuple of str
    alike : tuple of tuple
        Pairs of parameters that the measurements do not tell apart, and their correlation.
    """

    response: Response
    names: tuple[str, ...]
    covariance: np.ndarray
    distances: Mapping[str, float]
    at_limit: tuple[str, ...] = ()
    alike: tuple[tuple[str, str, float], ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        """Whether every source is well described."""
        return max(self.distances.values()) <= GOOD_DISTANCE

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data: the content of a response file."""
        return {
            "schema": "keiryo.response/1",
            "model": MODEL_VERSION,
            "response": self.response.to_dict(),
            "parameters": list(self.names),
            "covariance_of_logarithms": np.asarray(self.covariance).tolist(),
            "distances": dict(self.distances),
            "good": self.good,
            "at_limit": list(self.at_limit),
            "alike": [list(one) for one in self.alike],
            **self.more,
        }


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """Return half the sum of differences of two spectra of sum 1; 0: equal, 1: nothing in common.

    Examples
    --------
    >>> distance(np.array([1.0, 1.0]), np.array([2.0, 0.0]))
    0.5
    """
    return float(0.5 * np.abs(one / one.sum() - other / other.sum()).sum())


def fit_response(
    measured: Sequence[Calibration], crystal: str = "NaI", start: Response = START
) -> Fit:
    """Fit the parameters of a response to measurements of known sources.

    Parameters
    ----------
    measured : sequence of Calibration
        At least two, of different energies.
    crystal : str
        One of `keiryo.nuclides.attenuation.COMPOUNDS`.
    start : Response
        Where the search begins.

    Raises
    ------
    ValueError
        If there are fewer than two sources, or one has no counts.
    UnknownNuclideError
    """
    from scipy.optimize import least_squares

    if len(measured) < 2:
        raise ValueError("a response is fitted to two sources or more")
    names = tuple(LIMITS)
    low, high = np.log(np.array(list(LIMITS.values()))).T
    sources = [_Source(one) for one in measured]
    first = np.log([max(getattr(start, name), LIMITS[name][0]) for name in names])
    inside = np.clip(first, low + 1e-6, high - 1e-6)

    def residuals(logs: np.ndarray) -> np.ndarray:
        one = _response(crystal, names, logs)
        made = _models(one, sources)
        each = [of.residuals(row) for of, row in zip(sources, made, strict=True)]
        return np.concatenate(each)

    step = np.full(len(names), 1e-4)
    found: Any = least_squares(residuals, inside, bounds=(low, high), diff_step=step, ftol=1e-6)
    free = len(found.fun) - len(names) - len(sources)
    variance = 2 * found.cost / max(free, 1)
    covariance = variance * np.linalg.pinv(found.jac.T @ found.jac, rcond=1e-12)
    best = _response(crystal, names, found.x)
    limits = tuple(
        name
        for name, at, least, most in zip(names, found.x, low, high, strict=True)
        if min(at - least, most - at) < 0.01
    )
    distances = {
        one.nuclide: distance(made, np.maximum(source.net, 0.0))
        for one, source, made in zip(measured, sources, _models(best, sources), strict=True)
    }
    alike = _alike(names, covariance)
    return Fit(best, names, covariance, distances, limits, alike, {"converged": found.success})


def _response(crystal: str, names: Sequence[str], logs: np.ndarray) -> Response:
    values = dict(zip(names, np.exp(logs).tolist(), strict=True))
    return Response(crystal=crystal, **values)


def _alike(names: Sequence[str], covariance: np.ndarray) -> tuple[tuple[str, str, float], ...]:
    """Return pairs of parameters that are correlated too much to be told apart."""
    sigma = np.sqrt(np.maximum(np.diag(covariance), 1e-300))
    correlation = covariance / np.outer(sigma, sigma)
    return tuple(
        (names[i], names[j], round(float(correlation[i, j]), 4))
        for i in range(len(names))
        for j in range(i)
        if SAME < abs(correlation[i, j]) <= 1.001
    )


class _Source:
    """A measurement in the bins of the fit, with its photons on the grid."""

    def __init__(self, one: Calibration) -> None:
        from keiryo.templates.template_set import rebinned

        last = min(MOST_KEV, float(one.edges_kev[-1]))
        roots = np.linspace(max(LEAST_KEV, float(one.edges_kev[0])) ** 0.5, last**0.5, BINS + 1)
        at = np.searchsorted(one.edges_kev, roots**2)  # whole channels, so that none is shared
        edges = np.unique(one.edges_kev[np.minimum(at, len(one.edges_kev) - 1)])
        self.edges = tuple(edges.tolist())
        self.net = rebinned(one.net, one.edges_kev, edges)
        if self.net.sum() <= 0:
            raise ValueError(f"{one.nuclide} has no counts above background")
        self.photons = np.zeros(len(_grid()[1]))
        for line in photon_lines(one.nuclide, one.age_s):
            _put(self.photons, line.energy_kev, line.per_decay)
        self.around = {name: self.photons @ _all_surroundings(name) for name in _PARTS}
        weights = 1 / (np.maximum(self.net, 0) + 0.002 * self.net.max())
        self.weights = weights / (self.net**2 * weights).sum()

    def residuals(self, made: np.ndarray) -> np.ndarray:
        """Return weighted differences from a spectrum at its best amplitude."""
        amplitude = (self.weights * made * self.net).sum() / (self.weights * made**2).sum()
        found: np.ndarray = np.sqrt(self.weights) * (amplitude * made - self.net)
        return found


def _models(one: Response, sources: Sequence[_Source]) -> list[np.ndarray]:
    """Return the spectra that a response makes of sources, before their amplitudes."""
    photons = np.array([source.photons for source in sources])
    for name in _PARTS:
        around = np.array([source.around[name] for source in sources])
        photons = photons + getattr(one, name) * around
    left = deposits(one, photons)
    width = _of_width(one)
    return [row @ _smearing(width, of.edges) for row, of in zip(left, sources, strict=True)]


def _of_width(one: Response) -> Response:
    """Return a response that has the width of another and is otherwise the usual one."""
    values = {**START.to_dict(), "fwhm_kev": one.fwhm_kev, "fwhm_power": one.fwhm_power}
    return Response(**values)


def deposits(one: Response, photons: np.ndarray) -> np.ndarray:
    """Return what photons at the detector leave in it, both on the grid of the model.

    Parameters
    ----------
    one : Response
    photons : ndarray, shape (..., energies)

    Notes
    -----
    The same as the rows of the response, by parts that do not depend on its parameters.
    """
    _edges, middle = _grid()
    shapes = _shapes(one.crystal)
    live = np.where(middle >= 10, photons, 0.0)
    crystal, iron = _attenuation(one.crystal)
    seen = -np.expm1(-crystal * one.depth_cm) * np.exp(-iron * one.housing_g_cm2)
    photo = photofraction(one, middle)
    peak, rest = live * seen * photo, live * seen * (1 - photo)
    found: np.ndarray = peak @ shapes["peak"]
    found = found + peak @ (one.single * shapes["single"] + one.double * shapes["double"])
    found += (1 - one.multiple) * (rest @ shapes["once"])
    found += one.multiple * (rest @ shapes["more"])
    return found


@lru_cache(maxsize=4)
def _attenuation(crystal: str) -> tuple[np.ndarray, np.ndarray]:
    """Return attenuation on the grid: of the crystal by cm, of iron by g/cm²."""
    middle = _grid()[1]
    return (
        mass_attenuation(crystal, middle) * DENSITY_G_CM3[crystal],
        mass_attenuation("Fe", middle),
    )


@lru_cache(maxsize=4)
def _shapes(crystal: str) -> dict[str, Any]:
    """Return what a photon of each energy leaves by each process, for a whole share of it."""
    from scipy import sparse

    _edges, middle = _grid()
    size = len(middle)
    made = {name: np.zeros((size, size)) for name in ("peak", "single", "double", "once", "more")}
    for row, energy in enumerate(middle.tolist()):
        if energy < 10:
            continue
        left = 1.0
        for x_ray, share in escape_share(crystal, energy):
            _put(made["peak"][row], energy - x_ray, left * share)
            left -= left * share
        _put(made["peak"][row], energy, left)
        made["once"][row] = _continuum(energy, 0.0)
        made["more"][row] = _continuum(energy, 1.0)
        if energy > 2 * REST_KEV:
            rise = min(((energy - 1022.0) / 1000) ** 1.2, 2.0)
            _put(made["single"][row], energy - 511.0, rise)
            _put(made["double"][row], energy - 1022.0, rise)
    few = {name: sparse.csr_array(made[name]) for name in ("peak", "single", "double")}
    return {**made, **few}
