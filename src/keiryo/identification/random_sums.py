"""Random sums: two gammas that a busy detector takes for one, at the sum of their energies.

Their number is 2 τ A B / t for areas A and B in a time t (the same peak twice: half of it), with τ
the time in which two pulses are not told apart. A nuclide that stands on such a peak alone is not
known to be there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from keiryo.identification.result import Found, Identification
from keiryo.spectra.energy_drift import Drift
from keiryo.spectra.peak_fit import Peak
from keiryo.spectra.spectrum import Problem

NOT_TOLD_APART_S = 1e-5
"""No spectrometer for gammas takes longer to tell two pulses apart."""
ENOUGH = 0.3
"""A peak may be a sum if sums make this share of its area at most rates."""
SUM_PROBABILITY = 0.5
NEAR_KEV = 1.5


def without_random_sums(
    found: Identification, peaks: Sequence[Peak], drift: Drift, live_s: float | None
) -> Identification:
    """Return an answer in which nuclides on a random sum alone are said with 0.5 at most.

    Parameters
    ----------
    found : Identification
    peaks : sequence of Peak
        Of the spectrum.
    drift : Drift
    live_s : float, optional
        Without it rates are not known, and nothing is changed.
    """
    if not live_s or len(peaks) < 1:
        return found
    energy = drift.true_kev(np.array([one.energy_kev for one in peaks], dtype=np.float64))
    area = np.array([max(one.area, 0.0) for one in peaks])
    a, b = np.triu_indices(len(peaks))
    sums = energy[a] + energy[b]
    most = np.where(a == b, 1.0, 2.0) * NOT_TOLD_APART_S * area[a] * area[b] / live_s
    kept, told = [], []
    for one in found.nuclides:
        line = _only_line(one)
        near = np.zeros(0, dtype=bool) if line is None else np.abs(sums - line[0]) < NEAR_KEV
        if line is None or float(most[near].sum()) < ENOUGH * line[1]:
            kept.append(one)
            continue
        kept.append(replace(one, probability=min(one.probability, SUM_PROBABILITY)))
        words = f"The only line of {one.nuclide}, {line[0]:.1f} keV, may be a random sum."
        told.append(Problem("RANDOM_SUM", one.nuclide, words))
    if not told:
        return found
    kept.sort(key=lambda one: -one.probability)
    undecided = found.undecided or all(one.probability < 0.95 for one in kept)
    why = found.why_undecided or ("No nuclide is sure to 95 %." if undecided else "")
    return replace(
        found,
        nuclides=tuple(kept),
        undecided=undecided,
        why_undecided=why,
        findings=(*found.findings, *told),
    )


def _only_line(one: Found) -> tuple[float, float] | None:
    """Return energy and area of the one line that speaks for a nuclide; None: several, or none."""
    lines = [
        (float(line["found_kev"]), float(line["area"]))
        for line in one.evidence.get("lines", ())
        if line.get("found_kev") is not None
        and line["area"] > 3 * line["area_sigma"]
        and line.get("expected", 0.0) > line.get("of_others", 0.0)
    ]
    return lines[0] if len(lines) == 1 else None
