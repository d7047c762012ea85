"""How matter attenuates photons: mass attenuation coefficients with coherent scattering.

Up to 800 keV those of xraydb (Elam, Ravel, Sieber 2002), which stop there; above, the tables of
Hubbell and Seltzer (NISTIR 5632) for the elements that detectors and shields are made of, by
log-log interpolation.
"""

from __future__ import annotations

import numpy as np

TABLE_KEV = (600.0, 800.0, 1000.0, 1250.0, 1500.0, 2000.0, 3000.0)
HIGH_KEV = 800.0
_TABLE = """
H 0.1599 0.1405 0.1263 0.1129 0.1027 0.08769 0.06921
C 0.08058 0.07076 0.06361 0.0569 0.05179 0.04442 0.03562
N 0.08063 0.07081 0.06364 0.05693 0.0518 0.0445 0.03579
O 0.0807 0.07087 0.06372 0.05697 0.05185 0.04459 0.03597
Na 0.07736 0.06788 0.061 0.05454 0.04968 0.04282 0.03487
Al 0.07802 0.06841 0.06146 0.05496 0.05006 0.04324 0.03541
Si 0.08077 0.07082 0.06361 0.05688 0.05183 0.0448 0.03678
Ca 0.08148 0.07122 0.06388 0.05709 0.05207 0.04524 0.0378
Fe 0.07704 0.06699 0.05995 0.0535 0.04883 0.04265 0.03621
Cu 0.07625 0.06605 0.05901 0.05261 0.04803 0.04205 0.03599
Ge 0.07452 0.06426 0.05727 0.05101 0.04657 0.04086 0.03524
Br 0.07515 0.06443 0.05728 0.05094 0.0465 0.04089 0.03552
Cd 0.08064 0.0667 0.05826 0.05129 0.04673 0.04139 0.03698
Sn 0.08113 0.06662 0.058 0.05095 0.04638 0.04112 0.03686
Te 0.08022 0.06538 0.05669 0.04967 0.04518 0.04009 0.03606
I 0.08313 0.06749 0.05841 0.05111 0.04647 0.04124 0.03716
Cs 0.08431 0.06789 0.05854 0.05108 0.04641 0.04121 0.03725
La 0.0857 0.06843 0.05876 0.0511 0.0464 0.04122 0.03737
W 0.1093 0.08066 0.06618 0.05577 0.05 0.04433 0.04075
Pb 0.1248 0.0887 0.07102 0.05876 0.05222 0.04606 0.04234
U 0.149 0.1016 0.07896 0.0637 0.05587 0.04878 0.04447
"""
TABLE = {
    words[0]: tuple(float(one) for one in words[1:])
    for words in (line.split() for line in _TABLE.strip().splitlines())
}
"""Coefficients in cm²/g at `TABLE_KEV`."""
COMPOUNDS = {
    "NaI": {"Na": 0.15337, "I": 0.84663},
    "CsI": {"Cs": 0.51155, "I": 0.48845},
    "LaBr3": {"La": 0.36688, "Br": 0.63312},
    "CdZnTe": {"Cd": 0.4685, "Te": 0.5315},
    "water": {"H": 0.11190, "O": 0.88810},
}
"""Shares by mass."""
DENSITY_G_CM3 = {
    "NaI": 3.667,
    "CsI": 4.51,
    "LaBr3": 5.08,
    "CdZnTe": 5.78,
    "water": 1.0,
    "Fe": 7.874,
    "Pb": 11.35,
    "Al": 2.699,
    "W": 19.3,
    "U": 18.95,
    "Cu": 8.96,
    "Ge": 5.323,
}


class UnknownMaterialError(ValueError):
    """Nothing is known of the attenuation of a material."""


def mass_attenuation(material: str, energy_kev: np.ndarray) -> np.ndarray:
    """Return mass attenuation coefficients in cm²/g.

    Parameters
    ----------
    material : str
        An element, or one of `COMPOUNDS`.
    energy_kev : ndarray of float
        From 1 to 3000.

    Raises
    ------
    UnknownMaterialError
    """
    energy = np.asarray(energy_kev, dtype=np.float64)
    if material in COMPOUNDS:
        parts = [share * _element(one, energy) for one, share in COMPOUNDS[material].items()]
        whole: np.ndarray = np.sum(parts, axis=0)
        return whole
    return _element(material, energy)


def transmission(material: str, thickness_cm: float, energy_kev: np.ndarray) -> np.ndarray:
    """Return the share of photons that pass a thickness without touching it.

    Raises
    ------
    UnknownMaterialError
    """
    if material not in DENSITY_G_CM3:
        raise UnknownMaterialError(f"The density of {material} is not known.")
    depth = DENSITY_G_CM3[material] * thickness_cm
    found: np.ndarray = np.exp(-mass_attenuation(material, energy_kev) * depth)
    return found


def _element(symbol: str, energy: np.ndarray) -> np.ndarray:
    import xraydb

    if symbol not in TABLE:
        raise UnknownMaterialError(f"{symbol} is in no table of attenuation.")
    flat = np.atleast_1d(energy)
    found = np.exp(np.interp(np.log(flat), np.log(TABLE_KEV), np.log(TABLE[symbol])))
    low = flat <= HIGH_KEV
    if low.any():
        found[low] = xraydb.mu_elam(symbol, flat[low] * 1000.0)
    shaped: np.ndarray = found.reshape(energy.shape)
    return shaped
