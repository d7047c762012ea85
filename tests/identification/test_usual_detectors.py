"""Templates of usual detectors at many counts: what is said with 95 % stays right."""

from __future__ import annotations

import numpy as np
import pytest

from identification.test_by_templates import drawn, templates
from keiryo.detector_response.generic import generic_set
from keiryo.identification.by_templates import _calibrated, _shared, identify_by_templates
from keiryo.nuclides.categories import LIBRARY
from keiryo.templates.template_set import template_of

MISLABELLED = "Tl201woTl202_Unshielded"
"""The set has the line of Tl-202 in it, and none in the one that is called with Tl-202."""
SAME_RADIATION = {("Zr-95", "Nb-95"), ("Np-237", "Pa-233"), ("U-232", "Th-232")}
"""A source and what grows in it."""


def test_a_bad_fit_and_sources_that_look_alike_are_never_sure() -> None:
    assert _calibrated(0.99, 1.9) == 0.99
    assert _calibrated(0.99, 3.0) == pytest.approx(0.891)
    assert _calibrated(0.99, 50.0) == pytest.approx(0.693)
    assert _shared({"U-233": 1.0, "Ac-225": 1e-9, "Cs-137": 0.1}) == {
        "U-233": 0.5, "Ac-225": 0.5, "Cs-137": 0.1,
    }  # fmt: skip
    assert _shared({"U-233": 1.0}) == {"U-233": 1.0}


def test_an_alpha_emitter_in_a_patient_is_not_called_uranium_for_sure() -> None:
    one, quiet = drawn({"Ac225_Phantom": 30_000.0}, 5)
    found = identify_by_templates(one, generic_set("nai-small"), quiet)
    named = {one.nuclide: one.probability for one in found.nuclides}
    assert {"Ac-225", "U-233"} <= set(named) and max(named.values()) < 0.95
    assert found.undecided


def test_many_counts_make_no_wrong_answer_sure() -> None:
    """Before, two alike sources were told apart by which template happened to fit better."""
    random, said = np.random.default_rng(4), []
    labels = [
        one.label
        for one in templates().templates
        if one.nuclide in LIBRARY and one.label != MISLABELLED
    ]
    for seed in range(40):
        label = str(random.choice(labels))
        counts = float(random.choice([10_000, 50_000]))
        one, quiet = drawn({label: counts}, seed, 1 + random.normal(0, 0.005))
        found = identify_by_templates(one, generic_set("nai-small"), quiet)
        source = template_of(label)
        assert source is not None
        true = source.nuclide
        said += [
            (each.probability, each.nuclide == true or (true, each.nuclide) in SAME_RADIATION)
            for each in found.nuclides
        ]
    surely = [right for value, right in said if value >= 0.95]
    assert len(surely) >= 4
    assert np.mean(surely) >= 0.93
