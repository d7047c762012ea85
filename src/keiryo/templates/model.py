"""What templates are: a source, and what it gives in one detector without background."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keiryo.spectra.spectrum import Problem


@dataclass(frozen=True, slots=True)
class Template:
    """What a source is: nuclide, shielding, label of its file; age and origin where known."""

    label: str
    nuclide: str
    shielding: str
    age_s: float | None = None
    provenance: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class TemplateSet:
    """The templates of a detector.

    Attributes
    ----------
    detector : str
    edges_kev : ndarray of float, shape (channels + 1,)
    rates : ndarray of float, shape (templates, channels)
        Counts a second without background; never negative.
    background : ndarray of float, shape (channels,), or None
        Counts a second.
    templates : tuple of Template
    problems : tuple of Problem
    model_error : float
        Share of a source by which its template may be wrong in a bin.
    caution : float
        By how much less they tell nuclides apart than templates of the detector itself: 1.
    """

    detector: str
    edges_kev: np.ndarray
    rates: np.ndarray
    background: np.ndarray | None
    templates: tuple[Template, ...]
    problems: tuple[Problem, ...] = ()
    model_error: float = 0.05
    caution: float = 1.0
