"""Identification by templates: matching against slow references, sources and their absence."""

from __future__ import annotations

import dataclasses
import json
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from typer.testing import CliRunner

from keiryo.cli.app import app
from keiryo.detector_response.generic import generic_set
from keiryo.identification.by_templates import identify_by_templates
from keiryo.identification.choosing import fwhm_at_661, identify
from keiryo.identification.template_match import deviance, fit
from keiryo.spectra.spectrum import (
    Calibration,
    Spectrum,
    SpectrumFileError,
    calibration_of_edges,
)
from keiryo.templates.template_set import TemplateSet, load_templates, rebinned, template_of

DATA = Path(__file__).parent.parent / "data"
SMALL = DATA / "templates" / "gadras_identifinder_r500_nai.zip"


@cache
def templates() -> TemplateSet:
    return load_templates(SMALL)


def drawn(
    sources: dict[str, float], seed: int, gain: float = 1.0, seconds: float = 60.0
) -> tuple[Spectrum, Spectrum]:
    """Return a spectrum of labelled sources by their counts, and a background of ten times."""
    one, random = templates(), np.random.default_rng(seed)
    quiet = one.background * 115 / one.background.sum()
    expected = quiet * seconds
    labels = [each.label for each in one.templates]
    for label, counts in sources.items():
        shape = one.rates[labels.index(label)]
        expected = expected + counts * shape / shape.sum()
    scale = calibration_of_edges((one.edges_kev * gain).tolist(), len(expected))
    made = [
        Spectrum("", random.poisson(mean).astype(np.int64), live, live, None, scale)
        for mean, live in ((expected, seconds), (quiet * 600, 600.0))
    ]
    return made[0], made[1]


def test_a_set_is_read_from_an_archive_and_from_a_folder(tmp_path: Path) -> None:
    one = templates()
    assert (one.detector, len(one.templates), one.problems) == ("IdentiFINDER-R500-NaI", 223, ())
    assert one.rates.min() >= 0
    with zipfile.ZipFile(SMALL) as archive:
        archive.extractall(tmp_path)
    again = load_templates(tmp_path)
    assert [each.label for each in again.templates] == [each.label for each in one.templates]
    assert np.array_equal(again.rates, one.rates)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no archive"])
def test_what_is_no_set_of_templates(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(content)
    for place in (tmp_path / "x.zip", tmp_path / "none.zip", tmp_path):
        with pytest.raises(SpectrumFileError):
            load_templates(place)


def test_labels() -> None:
    told = [template_of(one) for one in ("Cs137_Shielded", "Tc99m_Phantom", "Uore_Unshielded")]
    found = [(one.nuclide, one.shielding) for one in told if one is not None]
    assert found == [("Cs-137", "Shielded"), ("Tc-99m", "Phantom"), ("Ra-226", "Unshielded")]
    assert template_of("readme") is None


@settings(max_examples=60)
@given(st.lists(st.integers(0, 1000), min_size=3, max_size=40), st.integers(2, 60))
def test_other_bins_keep_all_counts(counts: list[int], bins: int) -> None:
    edges = np.linspace(0.0, 10.0, len(counts) + 1) ** 1.3
    wanted = np.linspace(0.0, edges[-1], bins + 1)
    found = rebinned(np.array(counts), edges, wanted)
    assert found.sum() == pytest.approx(sum(counts))
    assert (found >= -1e-9).all()


def test_amounts_are_the_most_likely_ones() -> None:
    """Against a general minimiser."""
    random = np.random.default_rng(2)
    parts = random.random((3, 60)) ** 3
    parts /= parts.sum(axis=1, keepdims=True)
    counts = random.poisson(np.array([400.0, 90.0, 0.0]) @ parts).astype(float)
    trust = np.ones(60)
    amounts, value = fit(counts, parts, trust, steps=3000)

    def cost(logs: np.ndarray) -> float:
        return float(deviance(counts, np.exp(logs) @ parts, trust))

    slow = minimize(
        cost, np.log([200.0, 200.0, 50.0]), method="Nelder-Mead", options={"maxfev": 9000}
    )
    assert value == pytest.approx(slow.fun, abs=1e-3)
    assert amounts.sum() == pytest.approx(counts.sum(), rel=1e-6)


@pytest.mark.parametrize(
    ("label", "nuclide", "category"),
    [
        ("Cs137_Unshielded", "Cs-137", "industrial"),
        ("Co60_Shielded", "Co-60", "industrial"),
        ("I131_Phantom", "I-131", "medical"),
        ("Tc99m_Phantom", "Tc-99m", "medical"),
        ("Am241_Unshielded", "Am-241", "industrial"),
        ("Pu239_Shielded", "Pu-239", "nuclear"),
        ("K40_Unshielded", "K-40", "NORM"),
    ],
)
@pytest.mark.parametrize("gain", [0.99, 1.0, 1.012])
def test_single_sources(label: str, nuclide: str, category: str, gain: float) -> None:
    found = identify_by_templates(*_both(drawn({label: 6000.0}, 4, gain)))
    first = found.nuclides[0]
    assert (first.nuclide, first.category) == (nuclide, category)
    assert first.probability > 0.9
    assert float(str(found.unexplained["chi2_reduced"])) < 1.6


def _both(pair: tuple[Spectrum, Spectrum]) -> tuple[Spectrum, TemplateSet, Spectrum]:
    return pair[0], templates(), pair[1]


def test_nuclear_material_behind_a_patient_is_not_lost() -> None:
    given = drawn({"Tc99m_Phantom": 9000.0, "Pu239_Shielded": 5000.0}, 8)
    found = identify_by_templates(*_both(given))
    assert {"Tc-99m", "Pu-239"} <= {one.nuclide for one in found.nuclides if one.probability > 0.9}
    assert "nuclear" in {one.category for one in found.nuclides}


@pytest.mark.parametrize(
    "label", ["U235_Unshielded_0400", "U235_Unshielded_9330", "U238_Unshielded"]
)
def test_uranium_is_never_called_natural_by_counts_of_templates(label: str) -> None:
    found = identify_by_templates(*_both(drawn({label: 20_000.0}, 5)))
    named = {one.nuclide: one.category for one in found.nuclides if one.probability > 0.5}
    assert {"U-235", "U-238"} & set(named)
    assert all(named[one] == "nuclear" for one in ("U-235", "U-238") if one in named)


def test_nothing_but_background() -> None:
    for seed in range(12):
        found = identify_by_templates(*_both(drawn({}, seed, 1 + 0.002 * seed)))
        assert (found.nuclides, found.undecided) == ((), False)


def test_what_is_said_with_confidence_is_right() -> None:
    """Sources of any kind, few counts, a gain that is off: a short form of the published trial."""
    random, said = np.random.default_rng(1), []
    labels = [one.label for one in templates().templates]
    for seed in range(40):
        label = str(random.choice(labels))
        given = drawn({label: float(random.choice([500, 3000]))}, seed, 1 + random.normal(0, 0.008))
        source = template_of(label)
        assert source is not None
        found = identify_by_templates(*_both(given))
        said += [(one.probability, one.nuclide == source.nuclide) for one in found.nuclides]
    surely = [right for value, right in said if value >= 0.95]
    assert len(surely) > 8
    assert np.mean(surely) >= 0.9


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"calibration": Calibration("none")}, "UNCALIBRATED"),
        ({"counts": np.zeros(1024, dtype=np.int64)}, "FEW_COUNTS"),
    ],
)
def test_what_tells_nothing_is_undecided(change: dict[str, object], code: str) -> None:
    one = dataclasses.replace(drawn({}, 1)[0], **change)  # type: ignore[arg-type]
    found = identify_by_templates(one, templates())
    assert (found.nuclides, found.undecided) == ((), True)
    assert [problem.code for problem in found.findings] == [code]


def test_without_templates_those_of_a_usual_detector_are_made() -> None:
    one, quiet = drawn({"Cs137_Unshielded": 8000.0}, 3)
    width = fwhm_at_661(one)
    assert width == pytest.approx(52, rel=0.25)
    found = identify(one, quiet)
    assert found.nuclides[0].nuclide == "Cs-137"
    assert "GENERIC_TEMPLATES" in [problem.code for problem in found.findings]


@pytest.mark.parametrize(("kind", "method"), [("HPGe", "peaks"), ("", "templates")])
def test_what_the_file_says_of_the_detector_counts(kind: str, method: str) -> None:
    """With few counts no peak shows how sharp a detector is."""
    random, scale = np.random.default_rng(2), calibration_of_edges(np.linspace(0, 3000, 8193), 8192)
    counts = random.poisson(0.02, 8192).astype(np.int64)
    one = Spectrum("", counts, 1.0, 1.0, None, scale, more={"detector_kind": kind})
    assert identify(one).method == method


def test_usual_detectors_hold_every_common_source() -> None:
    made = generic_set("nai-small")
    names = {one.nuclide for one in made.templates}
    assert {"Cs-137", "Co-60", "U-235", "Pu-239", "I-131", "K-40", "Ra-226"} <= names
    assert np.isfinite(made.rates).all()
    assert made.rates.min() > -1e-9


def test_command(tmp_path: Path) -> None:
    def run(*words: str) -> dict[str, object]:
        done = CliRunner().invoke(app, ["spectrum", "identify", *words, "--format", "json"])
        told: dict[str, object] = json.loads(done.stdout or done.stderr)
        return told

    spectra = DATA / "spectra"
    told = run(str(spectra / "alcatraz_field_2012.spc"))
    assert set(told) >= {"nuclides", "unexplained", "undecided"}
    assert (told["method"], told["undecided"]) == ("peaks", False)
    told = run(str(spectra / "d3s_csi_ba133_cs137_uncalibrated.spe"))
    assert (told["nuclides"], told["undecided"]) == ([], True)
    with zipfile.ZipFile(SMALL) as archive:
        name = next(one for one in archive.namelist() if one.endswith("I131_Phantom.txt"))
        (tmp_path / "x.txt").write_bytes(archive.read(name))
    told = run(str(tmp_path / "x.txt"), "--templates", str(SMALL))
    assert [one["nuclide"] for one in told["nuclides"]][:1] == ["I-131"]  # type: ignore[attr-defined, index]
    for bad in (["--templates", str(tmp_path / "x.txt")], ["--detector", "x"], ["--spectrum", "9"]):
        assert "errors" in run(str(tmp_path / "x.txt"), *bad)
    table = ["spectrum", "identify", str(spectra / "alcatraz_field_2012.spc"), "--format", "table"]
    assert "K-40" in CliRunner().invoke(app, table).stdout
