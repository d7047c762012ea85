"""Triage of an N42 file of a portal with energy windows: its rise against its own background."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keiryo.portal.energy_windows import MIDDLE_KEV, gross_windows, window_ratio
from keiryo.spectra.n42 import GrossCount


def triage_of(given: Sequence[GrossCount], middle_kev: float = MIDDLE_KEV) -> dict[str, Any]:
    """Return the ratio of the windows, occupied against not, as plain data; it closes nothing.

    Parameters
    ----------
    given : sequence of GrossCount
    middle_kev : float
        Between the lower and the higher window.
    """
    sums = {True: [0.0, 0.0], False: [0.0, 0.0]}
    findings: list[dict[str, str]] = []
    told: set[str] = set()
    for one in given:
        if one.category == "Neutron" or len(one.counts) < 2 or one.occupied is None:
            continue
        try:
            found = gross_windows(one.counts, one.windows, middle_kev)
        except ValueError as error:
            if one.detector not in told:
                told.add(one.detector)
                message = f"Detector {one.detector}: {error}; its windows are not used."
                findings.append({"code": "WINDOWS", "message": message})
            continue
        for n in (0, 1):
            sums[one.occupied][n] += found[n]
    (low, high), (quiet_low, quiet_high) = sums[True], sums[False]
    ratio = window_ratio(low, high, quiet_low, quiet_high)
    if ratio is None:
        message = "Both windows need counts with and without a vehicle; nothing is ranked."
        findings.append({"code": "NOT_RANKED", "message": message})
    return {
        "schema": "keiryo.portal-triage/1",
        "middle_kev": middle_kev,
        "occupied": sums[True],
        "background": sums[False],
        "ratio": None if ratio is None else ratio.to_dict(),
        "closes": False,
        "findings": findings,
    }
