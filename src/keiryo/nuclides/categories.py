"""What nuclides are met as: naturally occurring, medical, industrial, nuclear material.

A nuclide may be several: what it is in a given case follows from what is there besides it.
"""

from __future__ import annotations

from collections.abc import Mapping

NORM, MEDICAL, INDUSTRIAL, NUCLEAR, INNOCENT = (
    *("NORM", "medical", "industrial", "nuclear"),
    "innocent",
)
CATEGORIES = (NUCLEAR, INDUSTRIAL, MEDICAL, NORM, INNOCENT)
"""The gravest first."""

_TABLE = {
    NORM: "K-40 Ra-226 Th-232 Th-228 U-238 U-235 Lu-176 La-138 Be-7 Pb-210",
    MEDICAL: (
        "F-18 Ga-67 Ga-68 Cr-51 Se-75 Sr-89 Mo-99 Tc-99m Pd-103 In-111 I-123 I-124 I-125 I-131"
        " Sm-153 Lu-177 Lu-177m Tl-201 Tl-202 Xe-133 Xe-131m Ra-223 Ac-225 Cu-64 Cu-67 Zr-89 Rb-82"
        " Sr-82 Sr-85 Y-88 Re-186 Re-188 Ho-166 Er-169 Ir-192 Co-57 Na-22 Ge-68 Yb-169 Au-198"
    ),
    INDUSTRIAL: (
        "Co-57 Co-60 Ba-133 Cs-137 Ir-192 Am-241 Ra-226 Eu-152 Eu-154 Eu-155 Na-22 Se-75 Cd-109"
        " Ge-68 Yb-169 Sb-124 Sb-125 Mn-54 Zn-65 Cs-134 Ag-110m Sc-46 Co-58 Fe-59 Y-88 Sn-113"
        " Bi-207 Ta-182 Hf-181 Zr-95 Nb-95 Ru-103 Ru-106 Ce-139 Ce-141 Ce-144 La-140 Ba-140 Ti-44"
        " Cr-51 Na-24 Br-82 Hg-203 Kr-85 Tm-170 Pa-233 Rb-86 Pb-210 Th-228 Co-56 Au-198 As-76"
    ),
    NUCLEAR: (
        "U-233 U-235 U-232 Np-237 Pu-238 Pu-239 Pu-240 Pu-241 Pu-242 Am-243 Cm-243 Cm-244 U-238"
        " Th-232 Pa-233"
    ),
}
_OF = {
    one: frozenset(k for k, v in _TABLE.items() if one in v.split())
    for k in _TABLE
    for one in _TABLE[k].split()
}
LIBRARY = tuple(sorted(_OF))
"""The nuclides that an identification considers."""
_COMMON = """
Cs-137 Co-60 Am-241 I-131 Tc-99m F-18 Ir-192 Ba-133 Co-57 Lu-177 Tl-201 In-111 Ga-67 Se-75 Eu-152
Na-22 U-235 U-238 Pu-239 Cs-134 Mn-54
"""
COMMON = frozenset(_COMMON.split())
"""Nuclides that are met far more often than others."""
NATURAL_U235_SHARE = 0.0461
"""Activity of U-235 by that of U-238 in natural uranium (0.720 % by number of atoms)."""
BACKGROUND_URANIUM = 5.0
"""Uranium as in nature is called natural up to so many times the strongest natural nuclide."""
RADIUM_OF_ORE = 0.5
"""Activity of radium by that of U-238 above which uranium may be in equilibrium, as in ore."""


def categories_of(nuclide: str) -> frozenset[str]:
    """Return the categories that a nuclide may have; none: it is not in the table."""
    return _OF.get(nuclide, frozenset())


def category_of(nuclide: str, activities: Mapping[str, float]) -> tuple[str, str]:
    """Return the category of a nuclide in a case, and why.

    Parameters
    ----------
    nuclide : str
    activities : mapping of str to float
        Of all nuclides that the spectrum shows, by each other: only ratios count.
    """
    known = categories_of(nuclide)
    if nuclide == "K-40":
        return NORM, "Potassium is everywhere."
    if nuclide in ("U-238", "U-235"):
        return _uranium(activities)
    if nuclide == "Pb-210" and "Ra-226" in activities:
        return NORM, "Lead-210 of the natural series that is there as well."
    if nuclide in ("Ra-226", "Th-232", "Th-228"):
        return _series(nuclide, activities)
    if nuclide == "Am-241" and any(one.startswith("Pu-") for one in activities):
        return NUCLEAR, "Americium grows into plutonium, which is there as well."
    if nuclide == "Am-241":
        return INDUSTRIAL, "Americium alone is met in industry; plutonium is not excluded by it."
    for category in (NUCLEAR, MEDICAL, INDUSTRIAL, NORM):
        if known == {category}:
            return category, f"{nuclide} is met as {category} alone."
    if INDUSTRIAL in known and MEDICAL in known:
        return INDUSTRIAL, f"{nuclide} is met in industry and in medicine; the graver is taken."
    if known:
        worst = next(one for one in CATEGORIES if one in known)
        return worst, f"{nuclide} is met as {', '.join(sorted(known))}; the gravest is taken."
    return INDUSTRIAL, f"{nuclide} is in no table of common sources."


def _uranium(activities: Mapping[str, float]) -> tuple[str, str]:
    """Return the category of uranium: natural only with the radium that grows in ore."""
    u238, u235 = activities.get("U-238", 0.0), activities.get("U-235", 0.0)
    radium = activities.get("Ra-226", 0.0)
    if u235 and not u238:
        return NUCLEAR, "U-235 without U-238 beside it: not as in nature."
    if u235 and not NATURAL_U235_SHARE / 2.5 < u235 / u238 < NATURAL_U235_SHARE * 2.5:
        return NUCLEAR, "U-235 and U-238 do not stand as in nature."
    if radium > RADIUM_OF_ORE * u238:
        told = "Uranium with its natural daughters: ore, soil, or goods made of them."
        return NORM, told
    quiet = max(activities.get(one, 0.0) for one in ("K-40", "Th-232", "Ra-226"))
    if u235 and u238 < BACKGROUND_URANIUM * quiet:
        told = "U-235 and U-238 stand as in nature, no stronger than the natural background;"
        return NORM, told + " a little refined natural uranium is not excluded."
    if radium:
        return NUCLEAR, "Uranium with less radium than it has in nature: processed uranium."
    return NUCLEAR, "Uranium without the daughters that it has in nature: processed uranium."


def _series(nuclide: str, activities: Mapping[str, float]) -> tuple[str, str]:
    """Return the category of radium and thorium: natural unless it stands out of the rest."""
    names = ("K-40", "Ra-226", "Th-232", "Th-228")
    others = [activities[one] for one in names if one != nuclide and activities.get(one)]
    own = activities.get(nuclide, 0.0)
    if nuclide == "Ra-226" and own > 50 * max(others, default=0.0) > 0:
        return INDUSTRIAL, "Radium far beyond what stands beside it in nature: perhaps a source."
    if nuclide == "Ra-226":
        told = "A natural series, or a radium source: lines do not tell; the dose rate decides."
        return NORM, told
    return NORM, "A natural series with its daughters."
