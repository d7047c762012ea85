"""Strata of a verified balance, and the variances of MUF and D that follow from their errors.

D compares what the operator declares with what the inspector measures: D_k = N_k d̄_k for a
stratum with N_k items, where d̄_k is the mean of operator minus inspector over the verified ones,
and D = Σ a_k D_k with the sign a_k that the stratum has in MUF. D above 0 in a stratum that
counts positive: the operator overstates.

Source: MUF−D evaluation of international safeguards; Jaech, Statistical Methods in Nuclear
Material Control (1973), for variances under shared systematic errors.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from keiryo.errors import UsageError

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Errors:
    """Relative standard deviations of one party's measurements in a stratum.

    Attributes
    ----------
    random, systematic : float
    source : str or None
        Name of the systematic error. Strata with the same name share it; None is one of its own.
    """

    random: float
    systematic: float
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Stratum:
    """A stratum of the balance.

    Attributes
    ----------
    name : str
    items : int
        N.
    item_kg : float
        Mean declared content of its items, kg.
    sign : int
        +1 where it counts positive in MUF (beginning inventory, increases), otherwise −1.
    operator, inspector : Errors or None
        None where they are not known.
    """

    name: str
    items: int
    item_kg: float
    sign: int = 1
    operator: Errors | None = None
    inspector: Errors | None = None

    @property
    def total_kg(self) -> float:
        """Declared content of the stratum."""
        return self.items * self.item_kg


@dataclass(frozen=True, slots=True)
class Sample:
    """What was verified in a stratum.

    Attributes
    ----------
    verified : int
        n; 0 for a stratum that was not verified.
    sum_kg : float
        Sum of operator minus inspector.
    sizes_kg : array of float, shape (n,), or None
        Declared contents of the verified items, where they vary.
    differences_kg : array of float, shape (n,), or None
        The single differences.
    """

    verified: int
    sum_kg: float
    sizes_kg: Floats | None = None
    differences_kg: Floats | None = None

    def scale(self, stratum: Stratum) -> float:
        """Return N/n, or 0 if nothing was verified."""
        return stratum.items / self.verified if self.verified else 0.0

    def square_kg2(self, stratum: Stratum) -> float:
        """Return Σx² of the verified items."""
        if self.sizes_kg is None:
            return self.verified * stratum.item_kg**2
        return float(np.dot(self.sizes_kg, self.sizes_kg))

    def content_kg(self, stratum: Stratum) -> float:
        """Return Σx of the verified items."""
        if self.sizes_kg is None:
            return self.verified * stratum.item_kg
        return math.fsum(self.sizes_kg)


@dataclass(frozen=True, slots=True)
class Variances:
    """Variances of the operator's MUF and of D when nothing is falsified, kg².

    Attributes
    ----------
    d : float
    muf_verified, muf_unverified : float
        Of the operator's errors in the verified strata, and in the others.
    muf : float
        Of all strata; not the sum of the two where an error is shared between the groups.
    muf_and_d : float
        Covariance of MUF and D; the variance of MUF if all strata are verified.
    """

    d: float
    muf_verified: float
    muf_unverified: float
    muf: float
    muf_and_d: float

    @property
    def muf_minus_d(self) -> float:
        """Variance of MUF − D.

        Var(D) − Var(MUF) over the verified strata, plus Var(MUF) of the others.
        """
        return self.d + self.muf - 2 * self.muf_and_d

    @property
    def sigma_muf_minus_d(self) -> float:
        """Standard deviation of MUF − D; 0 where only rounding errors are left."""
        variance = self.muf_minus_d
        return math.sqrt(variance) if variance > 1e-12 * (self.d + self.muf) else 0.0

    def with_muf(self, sigma_muf_kg: float, *, all_verified: bool) -> Variances:
        """Return the variances for a standard deviation of MUF that was evaluated elsewhere.

        What it has more than the strata belongs to the unverified strata, and so does what it has
        less, down to nothing; the rest, or all if every stratum is verified, to the verified ones,
        whose errors are in MUF and D alike.
        """
        excess = sigma_muf_kg**2 - self.muf
        ours = 0.0 if all_verified else max(excess, -self.muf_unverified)
        rest = excess - ours
        return Variances(
            self.d,
            self.muf_verified + rest,
            self.muf_unverified + ours,
            sigma_muf_kg**2,
            self.muf_and_d + rest,
        )

    @property
    def possible(self) -> bool:
        """Whether MUF and D can have these variances together."""
        most = math.sqrt(self.muf * self.d) * (1 + 1e-9)
        slack = 1e-12 * (self.d + self.muf)
        return self.muf_minus_d >= -slack and abs(self.muf_and_d) <= most + slack


def members(stratum: Sequence[str]) -> dict[str, npt.NDArray[np.intp]]:
    """Return the positions of the items of each stratum."""
    number: dict[str, int] = {}
    codes = np.fromiter(
        (number.setdefault(name, len(number)) for name in stratum), np.intp, len(stratum)
    )
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=len(number)))[:-1]
    return dict(zip(number, np.split(order, ends), strict=True)) if number else {}


def shared_by_parties(stratum: Stratum) -> bool:
    """Whether operator and inspector share their systematic error: one reference standard."""
    operator, inspector = stratum.operator, stratum.inspector
    if operator is None or inspector is None:
        return False
    return bool(operator.source) and operator.source == inspector.source


def stratum_variance_d(stratum: Stratum, sample: Sample) -> float | None:
    """Return Var(D_k) by the error model, kg²; None if nothing is verified or errors are unknown.

    Notes
    -----
    (N/n)² Σx² (δ_or² + δ_ir²) + (N x̄)² (δ_os² + δ_is²), with Σx² and x̄ of the verified items. A
    systematic error that operator and inspector share cancels.
    """
    operator, inspector = stratum.operator, stratum.inspector
    if not sample.verified or operator is None or inspector is None:
        return None
    scale = sample.scale(stratum)
    random = sample.square_kg2(stratum) * (operator.random**2 + inspector.random**2)
    systematic = (
        0.0 if shared_by_parties(stratum) else operator.systematic**2 + inspector.systematic**2
    )
    return scale**2 * (random + sample.content_kg(stratum) ** 2 * systematic)


def stratum_variance_free(stratum: Stratum, sample: Sample) -> float | None:
    """Return Var(D_k) without any assumption on the operator's errors, kg².

    Returns
    -------
    float or None
        None if fewer than two items were verified one by one, or the inspector's errors are
        unknown.

    Notes
    -----
    N²(1 − n/N) s_d²/n, the sampling of a finite population, plus N x̃² δ_ir² + (N x̄)² δ_is², what
    the inspector's measurements add to the mean (x̃² the mean square). s_d² contains the
    inspector's random errors already, so only 1/N of them remains to be added, not 1/n. After
    M. Franklin, EUR 9230.
    """
    return variance_free([stratum], [sample])


def variance_free(strata: Sequence[Stratum], samples: Sequence[Sample]) -> float | None:
    """Return Var(D) over the verified strata without assumptions on the operator's errors, kg².

    Returns
    -------
    float or None
        None if nothing was verified, or one of the verified strata has no such variance.

    Notes
    -----
    Sampling and the inspector's random errors add up as squares. Systematic errors of the
    inspector that strata share are added with the signs of the strata first, and squared then; one
    that the operator shares, by its name, cancels as it does in D.
    """
    total, any_verified = 0.0, False
    shared: defaultdict[str, float] = defaultdict(float)
    theirs: set[str] = set()
    for number, (stratum, sample) in enumerate(zip(strata, samples, strict=True)):
        if not sample.verified:
            continue
        any_verified = True
        if sample.verified < 2 or sample.differences_kg is None or stratum.inspector is None:
            return None
        n, scale, inspector = sample.verified, sample.scale(stratum), stratum.inspector
        spread = float(np.var(sample.differences_kg, ddof=1))
        total += stratum.items**2 * (1 - n / stratum.items) * spread / n
        total += scale * sample.square_kg2(stratum) * inspector.random**2
        content = stratum.sign * scale * sample.content_kg(stratum)
        name = inspector.source or f"\0inspector {number}"
        theirs.add(name)
        shared[name] -= content * inspector.systematic
        if stratum.operator is not None and stratum.operator.source:
            shared[stratum.operator.source] += content * stratum.operator.systematic
    return total + math.fsum(shared[name] ** 2 for name in theirs) if any_verified else None


def variances(strata: Sequence[Stratum], samples: Sequence[Sample]) -> Variances | None:
    """Return the variances of MUF and D together; None where an error model is missing.

    Parameters
    ----------
    strata : sequence of Stratum
    samples : sequence of Sample
        One for each stratum; `Sample` (0, 0.0) where it was not verified.

    Notes
    -----
    Shared systematic errors are added with their signs first and squared then. In MUF − D the
    operator's errors of the verified strata are replaced by the inspector's, so an operator's
    error that verified and unverified strata share adds nothing there. An error that operator and
    inspector share (one reference standard) has the same source name in both and cancels in D.

    Raises
    ------
    UsageError
        If strata share a systematic error but state it with different standard deviations.
    """
    if any(
        s.operator is None or (m.verified and s.inspector is None)
        for s, m in zip(strata, samples, strict=True)
    ):
        return None
    _check_shared(strata)
    random = _Random()
    verified, unverified, inspected = (defaultdict[str, float](float) for _ in range(3))
    for number, (stratum, sample) in enumerate(zip(strata, samples, strict=True)):
        operator, inspector = stratum.operator, stratum.inspector
        assert operator is not None
        name = operator.source or f"\0operator {number}"
        if not sample.verified or inspector is None:
            unverified[name] += stratum.sign * stratum.total_kg * operator.systematic
            random.unverified += stratum.total_kg * stratum.item_kg * operator.random**2
            continue
        scale, square = sample.scale(stratum), sample.square_kg2(stratum)
        found = stratum.sign * scale * sample.content_kg(stratum)
        random.d += scale**2 * square * (operator.random**2 + inspector.random**2)
        # The operator's error of a verified item is in MUF once, in D N/n times.
        random.verified += scale * square * operator.random**2
        verified[name] += found * operator.systematic
        inspected[inspector.source or f"\0inspector {number}"] += found * inspector.systematic
    names = sorted({*verified, *unverified, *inspected})
    v, u, i = (
        np.array([group[n] for n in names], dtype=np.float64)
        for group in (verified, unverified, inspected)
    )
    return Variances(
        d=random.d + float((v - i) @ (v - i)),
        muf_verified=random.verified + float(v @ v),
        muf_unverified=random.unverified + float(u @ u),
        muf=random.verified + random.unverified + float((v + u) @ (v + u)),
        muf_and_d=random.verified + float((v + u) @ (v - i)),
    )


@dataclass(slots=True)
class _Random:
    """Random parts while they are added up, kg²."""

    d: float = 0.0
    verified: float = 0.0
    unverified: float = 0.0


def _check_shared(strata: Sequence[Stratum]) -> None:
    """Refuse strata that share an error and state it differently."""
    known: dict[str, tuple[float, str]] = {}
    for stratum in strata:
        for errors in (stratum.operator, stratum.inspector):
            if errors is None or not errors.source:
                continue
            size, first = known.setdefault(errors.source, (errors.systematic, stratum.name))
            if size != errors.systematic:
                raise UsageError(
                    f"the strata {first} and {stratum.name} share the error {errors.source!r} but "
                    f"state it as {size} and {errors.systematic}",
                    "Give it once, or give the strata different sources.",
                )
