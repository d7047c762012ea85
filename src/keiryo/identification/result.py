"""What an identification says: nuclides with probabilities and evidence, what is left over."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from keiryo.spectra.spectrum import Problem

SCHEMA = "keiryo.identification/1"


@dataclass(frozen=True, slots=True)
class Found:
    """A nuclide that a spectrum shows.

    Attributes
    ----------
    nuclide : str
        As ``Cs-137``.
    probability : float
        That it is there, from 0 to 1; calibrated: of what is said with 0.95, 95 % is right.
    category : str
        innocent, NORM, medical, industrial or nuclear.
    reason : str
        Why this category.
    evidence : dict
        What speaks for it: lines with energies, areas and errors, or a template with its score.
    basis : object or None
        The numbers from which the probability follows, for trials of it; not told.
    """

    nuclide: str
    probability: float
    category: str
    reason: str
    evidence: dict[str, Any]
    basis: Any = field(default=None, compare=False, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "basis"}


@dataclass(frozen=True, slots=True, eq=False)
class MixtureFit:
    """What a spectrum is made of, for a picture.

    Attributes
    ----------
    edges_kev : ndarray, shape (bins + 1,)
    counts : ndarray, shape (bins,)
        Of the spectrum, its energies at the gain that was found.
    parts : tuple of (str, ndarray)
        Name and expected counts of each part, shape (bins,); the background first.
    model_error : float
        Share of a source by which its template may be wrong in a bin.
    """

    edges_kev: np.ndarray
    counts: np.ndarray
    parts: tuple[tuple[str, np.ndarray], ...]
    model_error: float


@dataclass(frozen=True, slots=True)
class Identification:
    """The answer for a spectrum.

    Attributes
    ----------
    method : str
        ``peaks``, ``templates``, or ``none`` where nothing could be done.
    nuclides : tuple of Found
        The most probable first.
    unexplained : dict
        What the nuclides do not explain: peaks, or the rest of the fit, with a test of it.
    undecided : bool
        True where the evidence does not carry an answer.
    why_undecided : str
    findings : tuple of Problem
    fit : MixtureFit or None
        Only where templates were used.
    """

    method: str
    nuclides: tuple[Found, ...]
    unexplained: dict[str, Any]
    undecided: bool
    why_undecided: str = ""
    findings: tuple[Problem, ...] = field(default=())
    fit: MixtureFit | None = field(default=None, compare=False, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "schema": SCHEMA,
            "method": self.method,
            "nuclides": [one.to_dict() for one in self.nuclides],
            "unexplained": self.unexplained,
            "undecided": self.undecided,
            "why_undecided": self.why_undecided,
            "findings": [one.to_dict() for one in self.findings],
        }
