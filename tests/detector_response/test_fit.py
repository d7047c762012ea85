"""A response from calibration measurements, and templates made of it, by function and command."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from keiryo.cli.app import app
from keiryo.detector_response.fit import Calibration, deposits, distance, fit_response
from keiryo.detector_response.generic import LARGE_NAI
from keiryo.detector_response.making import SLAB, Slab, make_set, slab_share, source_spectrum
from keiryo.detector_response.measurements import load_measurements
from keiryo.detector_response.response import _grid, _kernel
from keiryo.nuclides.attenuation import mass_attenuation
from keiryo.spectra.spectrum import SpectrumFileError
from keiryo.templates.template_set import load_templates

EDGES = np.linspace(0.0, 3000.0, 513)
TRUE = replace(LARGE_NAI, multiple=0.05)
SOURCES = ("Am-241", "Cs-137", "Co-60", "Th-228")


def seen(nuclide: str) -> np.ndarray:
    found = source_spectrum(TRUE, nuclide, "Unshielded", EDGES)
    assert found is not None
    return found * 1e4


def run(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(one) for one in words])
    return done.exit_code, done.output


def spe(file: Path, counts: np.ndarray, live_s: int = 100) -> None:
    rows = "\n".join(str(int(one)) for one in counts)
    file.write_text(
        f"$SPEC_ID:\na test\n$MEAS_TIM:\n{live_s} {live_s}\n$DATA:\n0 {len(counts) - 1}\n{rows}\n"
        f"$MCA_CAL:\n2\n0.0 {3000 / len(counts)} keV\n"
    )


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, chance = tmp_path_factory.mktemp("measured"), np.random.default_rng(5)
    quiet = np.full(512, 20.0)
    spe(folder / "quiet.spe", chance.poisson(quiet * 10), 1000)
    listed = 'detector = "ours"\ncrystal = "NaI"\nbackground = "quiet.spe"\n'
    for one in SOURCES:
        spe(folder / f"{one}.spe", chance.poisson(100 * seen(one) / seen(one).sum() * 5e3 + quiet))
        listed += f'[[source]]\nnuclide = "{one}"\nfile = "{one}.spe"\n'
    (folder / "list.toml").write_text(listed)
    return folder


def test_parts_of_the_fit_are_those_of_the_model() -> None:
    photons = np.random.default_rng(1).uniform(0, 1, len(_grid()[1]))
    bare = replace(TRUE, back=0.0, forward=0.0, soft=0.0, flat=0.0, annihilation=0.0)
    assert deposits(TRUE, photons) == pytest.approx(photons @ _kernel(bare), abs=1e-12)


def test_a_response_is_found_again() -> None:
    given = [Calibration(one, EDGES, seen(one)) for one in SOURCES]
    found = fit_response(given, start=replace(TRUE, fwhm_kev=52.0))
    assert found.good
    assert max(found.distances.values()) < 0.005
    assert found.response.fwhm_kev == pytest.approx(TRUE.fwhm_kev, rel=0.01)
    assert found.response.fwhm_power == pytest.approx(TRUE.fwhm_power, rel=0.02)
    assert found.covariance.shape == (14, 14)
    with pytest.raises(ValueError, match="two sources"):
        fit_response(given[:1])


def test_a_slab_is_the_mean_over_its_depth() -> None:
    energy = np.array([100.0, 185.7, 1001.0])
    depths = (np.arange(20_000) + 0.5) / 20_000 * 0.3 * 18.95
    slow = np.exp(-np.outer(mass_attenuation("U", energy), depths)).mean(axis=1)
    assert slab_share(Slab("U", 0.3), energy) == pytest.approx(slow, rel=1e-6)


def test_goods_with_potassium_are_nearer_to_the_simulation_than_a_point() -> None:
    archive = Path(__file__).parent.parent / "data/templates/gadras_2x4x16_nai.zip"
    theirs = load_templates(archive)
    at = [one.label for one in theirs.templates].index("K40_Unshielded")
    edges = theirs.edges_kev
    high = edges[:-1] > 30

    def far(shielding: str) -> float:
        ours = source_spectrum(LARGE_NAI, "K-40", shielding, edges)
        assert ours is not None
        return distance(ours[high], theirs.rates[at][high])

    assert far(SLAB) < 0.1 < far("Unshielded")


def test_made_templates_say_what_they_are() -> None:
    made = make_set(TRUE, "ours", EDGES, ("Cs-137", "Sr-90", "K-40"), ("Unshielded", SLAB))
    assert [one.label for one in made.templates] == [
        *("Cs137_Unshielded", "K40_Unshielded", "K40_Slab")
    ]
    assert [one.place for one in made.problems] == ["Sr-90"]
    assert made.templates[0].age_s == pytest.approx(365.25 * 86_400)
    with pytest.raises(ValueError, match="no template"):
        make_set(TRUE, "ours", EDGES, ("Sr-90",))


def test_from_measurements_to_templates(measured: Path) -> None:
    out, made = measured / "response.json", measured / "set.npz"
    code, told = run("templates", "fit", measured / "list.toml", "--out", out, "--format", "json")
    assert code == 0, told
    kept = json.loads(out.read_text())
    assert kept["good"]
    assert kept["detector"] == "ours"
    assert kept["response"]["fwhm_kev"] == pytest.approx(TRUE.fwhm_kev, rel=0.03)
    assert len(kept["sha256"]) == 5
    code, told = run("templates", "make", out, "--out", made, "--nuclides", "cs137,K-40")
    assert (code, "templates of ours" in told) == (0, True)
    assert run("templates", "make", out, "--out", made)[0] == 2  # nothing is overwritten
    code, told = run("templates", "show", made, "--format", "json")
    assert {one["nuclide"] for one in json.loads(told)["templates"]} == {"Cs-137", "K-40"}
    assert run("templates", "show", made, "--picture", measured / "one.svg")[0] == 0
    assert (measured / "one.svg").read_text().startswith("<svg")


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('crystal = "NaI"', 'crystal = "ice"', "CRYSTAL"),
        ('"quiet.spe"', '"none.spe"', "FILE"),
        ('nuclide = "Cs-137"', 'nuclide = "Sr-90"', "NUCLIDE"),
        ('nuclide = "Cs-137"', 'nuclide = "Cs-137"\nage_years = -1', "AGE"),
        ('nuclide = "Cs-137"', 'nuclide = "Cs-137"\nwhat = 1', "KEY"),
        ('file = "Cs-137.spe"', 'file = "quiet.spe"', "NO_SOURCE"),
        ('file = "Cs-137.spe"', 'file = "Cs-137.spe"\nspectrum = 9', "SPECTRUM"),
        ("detector =", "detector", "FILE"),
        ("[[source]]", "[[other]]", "SOURCES"),
    ],
)
def test_measurements_that_cannot_be_used(measured: Path, old: str, new: str, code: str) -> None:
    given = (measured / "list.toml").read_text()
    assert old in given
    bad = measured / "bad.toml"
    bad.write_text(given.replace(old, new))
    with pytest.raises(SpectrumFileError) as found:
        load_measurements(bad)
    assert code in {one.code for one in found.value.problems}


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"schema": "keiryo.response/1", "model": 1}', '{"schema": 3}']
)
def test_what_is_no_response_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "response.json"
    file.write_text(content)
    assert run("templates", "make", file, "--out", tmp_path / "x.npz")[0] == 2


def test_a_nuclide_is_shown(tmp_path: Path) -> None:
    code, told = run("nuclide", "show", "cs137", "--format", "json")
    shown = json.loads(told)
    assert (code, shown["nuclide"], shown["categories"]) == (0, "Cs-137", ["industrial"])
    assert any(one["emitter"] == "Ba-137m" for one in shown["lines"])
    assert run("nuclide", "show", "cs137", "--format", "table")[0] == 0
    for words in (("Xx-1",), ("Sr-90",), ("Cs-137", "--age", "-5"), ("Cs-137", "--age", "nan")):
        assert run("nuclide", "show", *words)[0] == 2
    for words in (("--nuclides", "what"), ("--shielding", "wood")):
        assert run("templates", "make", "nai-small", "--out", tmp_path / "x", *words)[0] == 2
    assert run("templates", "make", "no-such", "--out", tmp_path / "x")[0] == 2
    assert run("templates", "show", tmp_path / "none")[0] == 2
