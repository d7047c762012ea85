"""Names of nuclides, however they are written, in one form: ``Cs-137``, ``Ba-137m``."""

from __future__ import annotations

import re

_SYMBOLS = """
H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr
Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm
Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No
Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og
"""
SYMBOLS = tuple(_SYMBOLS.split())
"""By atomic number, from hydrogen on."""
ELEMENTS = {
    "americium": "Am",
    "barium": "Ba",
    "caesium": "Cs",
    "californium": "Cf",
    "cesium": "Cs",
    "cobalt": "Co",
    "europium": "Eu",
    "gallium": "Ga",
    "indium": "In",
    "iodine": "I",
    "iridium": "Ir",
    "lutetium": "Lu",
    "neptunium": "Np",
    "plutonium": "Pu",
    "potassium": "K",
    "radium": "Ra",
    "selenium": "Se",
    "sodium": "Na",
    "strontium": "Sr",
    "technetium": "Tc",
    "thallium": "Tl",
    "thorium": "Th",
    "uranium": "U",
    "xenon": "Xe",
    "yttrium": "Y",
}
MATERIALS = {
    "heu": "HEU",
    "leu": "LEU",
    "du": "DU",
    "nu": "NU",
    "wgpu": "WGPu",
    "rgpu": "RGPu",
    "reactor grade pu": "RGPu",
    "weapons grade pu": "WGPu",
    "depleted uranium": "DU",
    "natural uranium": "NU",
    "mox": "MOX",
    "norm": "NORM",
    "unknown": "Unknown",
}
"""Words of instruments for materials; they are no nuclides."""
_BY_NAME = {one.lower(): one for one in SYMBOLS}
_ELEMENT, _MASS, _STATE = r"(?P<element>[a-z]+)", r"(?P<mass>\d{1,3})", r"(?P<state>m\d?|n)"
_FORMS = tuple(
    re.compile(form + r"\*?$", re.ASCII)
    for form in (
        rf"{_ELEMENT}[\s_-]*{_MASS}[\s_-]*{_STATE}?",
        rf"{_MASS}[\s_-]*{_ELEMENT}",
        rf"{_MASS}[\s_-]*{_STATE}[\s_-]*{_ELEMENT}",
    )
)


def nuclide_name(text: str) -> str | None:
    """Return the name of a nuclide in the form ``Cs-137``; None where the text names none.

    Parameters
    ----------
    text : str
        As ``Cs137``, ``137Cs``, ``CS-137``, ``Tc-99M`` or ``cesium-137``.

    Examples
    --------
    >>> nuclide_name("cs137"), nuclide_name("99mTc"), nuclide_name("PA-234M"), nuclide_name("WGPu")
    ('Cs-137', 'Tc-99m', 'Pa-234m', None)
    """
    plain = " ".join(text.split()).lower()
    for pattern in _FORMS:
        match = pattern.match(plain)
        if match is None:
            continue
        element, mass = match["element"], match["mass"]
        state = match["state"] if "state" in match.groupdict() else None
        symbol = _BY_NAME.get(element) or ELEMENTS.get(element)
        if symbol is None:
            continue
        number, least = int(mass), SYMBOLS.index(symbol) + 1
        if least <= number <= 3 * least + 3:
            return f"{symbol}-{number}{(state or '').removesuffix('1')}"
    return None


def material_of(text: str) -> str | None:
    """Return the material that a word of an instrument names, as ``HEU``; None: it names none."""
    return MATERIALS.get(" ".join(text.replace("_", " ").replace("-", " ").split()).lower())
