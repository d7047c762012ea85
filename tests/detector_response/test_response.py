"""The response of a scintillator: worked numbers, and simulated spectra it was not made from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from keiryo.detector_response.generic import GENERIC, LARGE_NAI, SMALL_NAI, generic_set, nearest
from keiryo.detector_response.response import (
    Response,
    compton_edge,
    escape_share,
    scattered_kev,
    spectrum_of,
)
from keiryo.nuclides.lines import Line, photon_lines
from keiryo.templates.template_set import load_templates, rebinned

TEMPLATES = Path(__file__).parent.parent / "data" / "templates"
EDGES = np.arange(30.0, 3001.0, 3.0)


@pytest.mark.parametrize(
    ("energy", "share"), [(40, 0.177356), (59.54, 0.097876), (80, 0.054258), (122.06, 0.020761)]
)
def test_x_rays_of_iodine_escape(energy: float, share: float) -> None:
    ((kev, found),) = escape_share("NaI", energy)
    assert (kev, round(found, 6)) == (28.6, share)


def test_below_its_edge_no_x_ray_escapes() -> None:
    assert escape_share("NaI", 30.0) == []


def test_edges_and_backscatter() -> None:
    assert compton_edge(661.657) == pytest.approx(477.33401832986027, rel=1e-12)
    assert compton_edge(1332.49) == pytest.approx(1118.099098295346, rel=1e-12)
    back = scattered_kev(661.657, np.array([-1.0]))[0]
    assert back == pytest.approx(184.32298168, rel=1e-8)
    assert scattered_kev(1332.49, np.array([-1.0]))[0] == pytest.approx(214.3909, rel=1e-5)


def unlike(one: Response, archive: str, nuclide: str, label: str) -> float:
    """Return half the sum of differences between a template of ours and a simulated spectrum."""
    given = load_templates(TEMPLATES / archive)
    at = [each.label for each in given.templates].index(label)
    theirs = rebinned(given.rates[at], given.edges_kev, EDGES)
    lines = photon_lines(nuclide)
    ours = spectrum_of(one, lines, np.array([each.per_decay for each in lines]), EDGES)
    return float(0.5 * np.abs(ours / ours.sum() - theirs / theirs.sum()).sum())


@pytest.mark.parametrize("nuclide", ["Mn-54", "Na-22", "Eu-152", "I-131", "Y-88", "Co-57"])
def test_sources_that_the_fit_had_not_seen(nuclide: str) -> None:
    label = f"{nuclide.replace('-', '')}_Unshielded"
    assert unlike(LARGE_NAI, "gadras_2x4x16_nai.zip", nuclide, label) < 0.07
    assert unlike(SMALL_NAI, "gadras_identifinder_r500_nai.zip", nuclide, label) < 0.1


def test_a_line_keeps_its_place_and_width() -> None:
    quiet = Response("NaI", 5, 0, 1e9, 1, 0, 0, 0, 0, 0, 40, 0.5, 0, 0, 0)
    found = spectrum_of(quiet, [Line(700.0, 1.0, "X-1", "gamma")], np.array([1.0]), EDGES)
    middle = (EDGES[1:] + EDGES[:-1]) / 2
    mean = (found * middle).sum() / found.sum()
    width = np.sqrt((found * (middle - mean) ** 2).sum() / found.sum()) * 2.35482
    assert mean == pytest.approx(700.0, abs=0.2)
    assert width == pytest.approx(40 * (700 / 661.7) ** 0.5, rel=0.02)


def test_usual_detectors() -> None:
    assert [nearest(one) for one in (12, 20, 45, 53)] == ["czt", "labr3", "csi-small", "nai-small"]
    with pytest.raises(KeyError):
        generic_set("no such detector")
    assert all(one.crystal in ("NaI", "CsI", "LaBr3", "CdZnTe") for one in GENERIC.values())
