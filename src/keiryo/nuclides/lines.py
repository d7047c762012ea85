"""Photon lines of nuclides with what has grown in: per decay of the nuclide itself.

Lines are those of the UK decay library of 2012 (actigamma), activities of the chains those of
ICRP 107 (radioactivedecay). The two libraries cut chains differently and file annihilation quanta
as X-rays; both is set right here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from keiryo.nuclides.names import nuclide_name

YEAR_S = 365.25 * 86_400.0
LEAST_KEV, MOST_KEV, LEAST_SHARE = 10.0, 3050.0, 2e-5
ANNIHILATION_KEV = 510.999
OLD = frozenset(
    {"Ra-226", "Th-232", "U-232", "U-233", "U-234", "U-235", "U-238", "Np-237"}
    | {"Pu-238", "Pu-239", "Pu-240", "Pu-241", "Pu-242"}
)
"""Nuclides whose usual age is 30 years."""
AGES_YEARS = {"Th-228": 2.0, "Th-232": 60.0}
MISSING_DAUGHTERS = {"Zr-89": {"Y-89m": 0.9916}, "Cd-109": {"Ag-109m": 1.0}}
"""What the library of chains leaves out: activity of the daughter by that of the parent."""
WITHOUT_LINES = frozenset({"Sr-89", "Sr-90", "Y-90", "P-32", "Tl-204", "Cf-252", "H-3", "C-14"})
"""Bremsstrahlung and fission only: no lines to go by."""


class UnknownNuclideError(ValueError):
    """Nothing is known of the lines of a nuclide."""


@dataclass(frozen=True, slots=True)
class Line:
    """A photon line.

    Attributes
    ----------
    energy_kev : float
    per_decay : float
        Photons for each decay of the nuclide asked for, its chain included.
    emitter : str
        The member of the chain that emits it.
    kind : str
        gamma or x-ray; annihilation quanta are ``annihilation``.
    """

    energy_kev: float
    per_decay: float
    emitter: str
    kind: str


def default_age_s(nuclide: str) -> float:
    """Return the age at which the lines of a nuclide are usually seen, in seconds."""
    if nuclide in AGES_YEARS:
        return AGES_YEARS[nuclide] * YEAR_S
    if nuclide in OLD:
        return 30 * YEAR_S
    return min(2 * half_life_s(nuclide), YEAR_S)


def half_life_s(nuclide: str) -> float:
    """Return the half-life of a nuclide in seconds (actigamma, UK decay library 2012).

    Raises
    ------
    UnknownNuclideError
    """
    key = _key(_named(nuclide))
    library = _library()
    if key not in library.allnuclides:
        raise UnknownNuclideError(f"{nuclide} is not in the library of lines.")
    return float(library.gethalflife(key))


def photon_lines(
    nuclide: str,
    age_s: float | None = None,
    *,
    least_kev: float = LEAST_KEV,
    most_kev: float = MOST_KEV,
    least_share: float = LEAST_SHARE,
) -> tuple[Line, ...]:
    """Return the lines of a nuclide and of what has grown in, by energy.

    Parameters
    ----------
    nuclide : str
    age_s : float, optional
        Since it was pure; without it `default_age_s`.
    least_kev, most_kev : float
    least_share : float
        Weaker lines than this share of the strongest are left out.

    Raises
    ------
    UnknownNuclideError
        If the nuclide is not known, or has no lines to go by.
    """
    name = _named(nuclide)
    if name in WITHOUT_LINES:
        raise UnknownNuclideError(f"{nuclide} has no photon lines to go by.")
    age = default_age_s(name) if age_s is None else age_s
    if not 0 <= age < 1e20:
        raise ValueError("an age is a time in seconds of 0 or more")
    found = [
        line for line in _all_lines(name, round(age)) if least_kev <= line.energy_kev <= most_kev
    ]
    if not found:
        raise UnknownNuclideError(f"{nuclide} has no photon lines to go by.")
    least = least_share * max(line.per_decay for line in found)
    return tuple(line for line in found if line.per_decay >= least)


def chain_activities(nuclide: str, age_s: float) -> dict[str, float]:
    """Return the activities of a nuclide and of its chain at an age, by that of the nuclide then.

    Raises
    ------
    UnknownNuclideError
    """
    name = _named(nuclide)
    found = _decayed(name, 1.0, age_s)
    own = found.get(name, 0.0)
    if own <= 0:
        raise UnknownNuclideError(f"After {age_s:g} s nothing is left of {nuclide}.")
    shares = {one: value / own for one, value in found.items() if value > 0}
    for daughter, share in MISSING_DAUGHTERS.get(name, {}).items():
        shares.setdefault(daughter, share)
    return shares


def decayed_activities(nuclide: str, activity_bq: float, time_s: float) -> dict[str, float]:
    """Return the activities in Bq of a nuclide and its chain a time after it was pure.

    Raises
    ------
    UnknownNuclideError

    Examples
    --------
    >>> round(decayed_activities("Am-241", 37_000, 10 * 365.2422 * 86_400)["Am-241"], 3)
    36411.34
    """
    return _decayed(_named(nuclide), activity_bq, time_s)


@cache
def _all_lines(name: str, age_s: int) -> tuple[Line, ...]:
    library, found = _library(), []
    for emitter, share in chain_activities(name, float(age_s)).items():
        key = _key(emitter)
        if share < 1e-9 or key not in library.allnuclides:
            continue
        for energy, intensity, kind in _raw_lines(key):
            found.append(Line(energy, intensity * share, emitter, kind))
    return tuple(sorted(found, key=lambda line: (line.energy_kev, line.emitter)))


def _raw_lines(key: str) -> Iterator[tuple[float, float, str]]:
    """Yield energy in keV, photons per decay and kind of the lines of one nuclide."""
    library = _library()
    for kind in ("gamma", "x-ray"):
        if not library.hastype(key, kind):
            continue
        energies = library.getenergies(key, spectype=kind)
        shares = library.getintensities(key, spectype=kind)
        for energy, share in zip(energies, shares, strict=True):
            kev = float(energy) / 1000
            annihilation = kind == "x-ray" and abs(kev - ANNIHILATION_KEV) < 0.01
            yield kev, float(share), "annihilation" if annihilation else kind


@cache
def _library() -> Any:
    import actigamma

    return actigamma.Decay2012Database()


@cache
def _decayed(name: str, activity: float, time_s: float) -> dict[str, float]:
    import radioactivedecay

    try:
        start = radioactivedecay.Inventory({name: activity}, "Bq")
    except ValueError:
        if _key(name) in _library().allnuclides:  # a nuclide without a chain in that library
            return {name: activity * 0.5 ** (time_s / float(_library().gethalflife(_key(name))))}
        raise UnknownNuclideError(f"{name} is not in the library of chains.") from None
    after = start.decay(time_s, "s") if time_s else start
    return {str(one): float(value) for one, value in after.activities("Bq").items() if value > 0}


def _named(nuclide: str) -> str:
    name = nuclide_name(nuclide)
    if name is None:
        raise UnknownNuclideError(f"{nuclide} is no name of a nuclide.")
    return name


def _key(name: str) -> str:
    """Return how the library of lines writes a name."""
    return name.replace("-", "")
