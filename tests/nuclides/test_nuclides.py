"""Names, lines, decay and attenuation: worked numbers, and the traps of the libraries."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keiryo.nuclides.attenuation import UnknownMaterialError, mass_attenuation, transmission
from keiryo.nuclides.categories import LIBRARY, categories_of, category_of
from keiryo.nuclides.lines import (
    WITHOUT_LINES,
    UnknownNuclideError,
    decayed_activities,
    default_age_s,
    half_life_s,
    photon_lines,
)
from keiryo.nuclides.names import SYMBOLS, material_of, nuclide_name

YEAR_S = 365.2422 * 86_400


@pytest.mark.parametrize(
    ("text", "name"),
    [
        *(("Cs137", "Cs-137"), ("137Cs", "Cs-137"), ("CS-137", "Cs-137"), ("cs 137", "Cs-137")),
        *(("cesium-137", "Cs-137"), ("Tc99m", "Tc-99m"), ("99mTc", "Tc-99m"), ("TC-99M", "Tc-99m")),
        *(("Pa234m1", "Pa-234m"), ("U235", "U-235"), ("K-40", "K-40"), ("131I", "I-131")),
        *(("WGPu", None), ("Unknown", None), ("", None), ("Cs-999", None), ("Xx-12", None)),
        *(("Cs", None), ("137", None), ("Cs137 and Co60", None)),
    ],
)
def test_names_in_one_form(text: str, name: str | None) -> None:
    assert nuclide_name(text) == name


@given(st.sampled_from(SYMBOLS), st.integers(1, 300), st.sampled_from(["", "m", "n", "m2"]))
def test_a_name_is_its_own_form(symbol: str, mass: int, state: str) -> None:
    written = f"{symbol}-{mass}{state}"
    found = nuclide_name(written)
    assert found in (None, written)
    if found is not None:
        assert nuclide_name(found) == found
        assert nuclide_name(f"{mass}{state}{symbol.upper()}") == found


def test_words_for_materials() -> None:
    assert [material_of(one) for one in ("wgpu", "Depleted_Uranium", "tin")] == ["WGPu", "DU", None]


@pytest.mark.parametrize(
    ("nuclide", "energy", "share"),
    [
        ("Cs-137", 661.657, 0.944 * 0.9007),  # of its daughter
        ("Na-22", 510.999, 1.79784),  # filed as an X-ray
        ("F-18", 510.999, 1.9372),
        ("Zr-89", 908.96, 0.9916 * 0.9916),  # of a daughter that the chains leave out
        ("Cd-109", 88.03, 0.0366),
        ("Co-60", 1332.49, 0.999826),
        ("U-235", 185.714, 0.571),
        ("K-40", 1460.82, 0.1066),
        ("Th-232", 2614.55, 0.359 * 0.9983),
        ("Ra-226", 609.318, 0.469),
        ("U-238", 1001.02, 0.0084),
    ],
)
def test_lines_with_what_has_grown_in(nuclide: str, energy: float, share: float) -> None:
    near = [one for one in photon_lines(nuclide) if abs(one.energy_kev - energy) < 0.2]
    assert sum(one.per_decay for one in near) == pytest.approx(share, rel=0.02)


def test_half_lives_and_ages() -> None:
    assert half_life_s("Cs-137") == pytest.approx(9.4799e8)
    assert default_age_s("U-235") == pytest.approx(30 * 365.25 * 86_400)
    assert default_age_s("I-131") == pytest.approx(2 * 6.93213e5)


@pytest.mark.parametrize("nuclide", ["Sr-90", "Xx-1", "C-14", "Cs-137 x"])
def test_what_has_no_lines_is_refused(nuclide: str) -> None:
    with pytest.raises(UnknownNuclideError):
        photon_lines(nuclide, least_kev=40)


def test_decay_to_full_precision() -> None:
    after = decayed_activities("Cs-137", 1e6, 30 * YEAR_S)
    assert after["Cs-137"] == pytest.approx(501923.4120998708, rel=1e-12)
    assert after["Ba-137m"] == pytest.approx(473810.7579975639, rel=1e-12)
    assert decayed_activities("Am-241", 37_000, 10 * YEAR_S)["Am-241"] == pytest.approx(
        36411.33997346886, rel=1e-12
    )
    after = decayed_activities("Mo-99", 1e9, 86_400)
    assert after["Mo-99"] == pytest.approx(777024911.2903582, rel=1e-12)
    assert after["Tc-99m"] == pytest.approx(689354726.4231611, rel=1e-12)


def test_attenuation_to_full_precision() -> None:
    cesium, cobalt = np.array([661.657]), np.array([1332.49])
    assert mass_attenuation("Fe", cesium)[0] == pytest.approx(0.07346220758457092, rel=1e-9)
    assert transmission("Fe", 2.0, cesium)[0] == pytest.approx(0.3144648904879312, rel=1e-9)
    assert mass_attenuation("Pb", cesium)[0] == pytest.approx(0.11015892448096032, rel=1e-9)
    assert transmission("Pb", 1.0, cesium)[0] == pytest.approx(0.28641777196830315, rel=1e-9)
    assert mass_attenuation("Pb", cobalt)[0] == pytest.approx(0.056379321914966106, rel=1e-12)
    assert transmission("Pb", 1.0, cobalt)[0] == pytest.approx(0.5273423590305303, rel=1e-12)
    with pytest.raises(UnknownMaterialError):
        mass_attenuation("Unobtainium", cesium)
    with pytest.raises(UnknownMaterialError):
        transmission("Sn", 1.0, cesium)


def test_both_tables_meet() -> None:
    """At 800 keV, where one library ends and the other table goes on."""
    for element in ("Na", "I", "Fe", "Pb", "O"):
        low, high = mass_attenuation(element, np.array([799.99, 800.01]))
        assert low == pytest.approx(high, rel=0.01)


def test_every_nuclide_of_the_library_has_lines() -> None:
    silent = []
    for one in LIBRARY:
        try:
            photon_lines(one)
        except UnknownNuclideError:
            silent.append(one)
        assert categories_of(one)
    assert {*silent} <= WITHOUT_LINES


@pytest.mark.parametrize(
    ("nuclide", "beside", "category"),
    [
        ("K-40", {}, "NORM"),
        ("U-238", {"Ra-226": 1.0}, "NORM"),
        ("U-238", {}, "nuclear"),
        ("U-235", {"U-238": 21.7, "Ra-226": 21.7}, "NORM"),
        ("U-235", {"U-238": 21.7, "K-40": 10.0}, "NORM"),
        ("U-235", {"U-238": 21.7, "K-40": 1.0}, "nuclear"),
        ("U-238", {"U-235": 0.013, "K-40": 10.0}, "nuclear"),
        ("U-238", {"Ra-226": 0.3}, "nuclear"),
        ("U-235", {"U-238": 1.0}, "nuclear"),
        ("U-235", {}, "nuclear"),
        ("Ra-226", {"K-40": 1.0}, "NORM"),
        ("Ra-226", {"K-40": 0.001}, "industrial"),
        ("Tc-99m", {}, "medical"),
        ("Co-60", {}, "industrial"),
        ("Pu-239", {}, "nuclear"),
        ("Am-241", {"Pu-239": 1.0}, "nuclear"),
        ("Pb-210", {"Ra-226": 1.0}, "NORM"),
    ],
)
def test_a_category_follows_from_what_is_there(
    nuclide: str, beside: dict[str, float], category: str
) -> None:
    found, reason = category_of(nuclide, {nuclide: 1.0, **beside})
    assert found == category
    assert reason.endswith(".")
