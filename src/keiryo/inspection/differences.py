"""Operator–inspector differences: single items, D per stratum and in total, and MUF − D.

What the inspector verified is compared with what the operator declares. A single item that
differs by more than the measurements explain is an outlier; many small differences in one
direction show in D; and MUF − D is the inspector's own estimate of the material unaccounted for.

Source: MUF−D evaluation of international safeguards; see `keiryo.inspection.difference_model` for
the variances and `keiryo.inspection.joint_test` for the test of both at one alpha.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from keiryo.errors import Finding, Severity, UsageError
from keiryo.inspection.difference_checks import (
    checked_pairs,
    item_findings,
    model_missing,
    muf_d_negative,
    not_verified,
    sum_finding,
    verdict_findings,
)
from keiryo.inspection.difference_model import (
    Floats,
    Sample,
    Stratum,
    Variances,
    members,
    stratum_variance_d,
    stratum_variance_free,
    variances,
)
from keiryo.inspection.joint_test import JointTest, joint_test, power_of_d

Places = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class ItemTests:
    """The differences of single items, as arrays in the order of the input.

    Attributes
    ----------
    item, stratum : tuple of str
    operator_kg, inspector_kg, difference_kg, sigma_kg, ratio : array of float
        Sigma and ratio are NaN where no error model is known.
    flagged : array of bool
        Whether the absolute ratio is above `limit`.
    limit : float
        t, in standard deviations.
    expected_false : float
        How many of these items are flagged by chance, on the average.
    overall_limit : float
        The limit that flags any of them by chance with probability alpha only (Šidák).
    """

    item: tuple[str, ...]
    stratum: tuple[str, ...]
    operator_kg: Floats
    inspector_kg: Floats
    difference_kg: Floats
    sigma_kg: Floats
    ratio: Floats
    flagged: npt.NDArray[np.bool_]
    limit: float
    expected_false: float
    overall_limit: float

    def rows(self) -> list[dict[str, Any]]:
        """Return one row for each item."""
        names = ("operator_kg", "inspector_kg", "difference_kg", "sigma_kg", "ratio")
        found: list[dict[str, Any]] = []
        for n, item in enumerate(self.item):
            values = {name: number(getattr(self, name)[n]) for name in names}
            declared = self.operator_kg[n]
            relative = float(self.difference_kg[n] / declared) if declared else None
            head = {"stratum": self.stratum[n], "item": item}
            found.append({**head, **values, "relative": relative, "flagged": bool(self.flagged[n])})
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return the tests as plain data."""
        return {
            "limit": self.limit,
            "expected_false": self.expected_false,
            "overall_limit": self.overall_limit,
            "flagged": int(self.flagged.sum()),
            "rows": self.rows(),
        }


@dataclass(frozen=True, slots=True)
class StratumDifference:
    """D of one stratum.

    Attributes
    ----------
    stratum : Stratum
    sample : Sample
    d_kg : float
        N d̄, without the sign that the stratum has in MUF.
    sigma_kg, sigma_free_kg : float or None
        By the error model, and without assumptions on the operator's errors.
    """

    stratum: Stratum
    sample: Sample
    d_kg: float
    sigma_kg: float | None
    sigma_free_kg: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return the stratum as plain data."""
        verified = self.sample.verified
        return {
            "stratum": self.stratum.name,
            "sign": self.stratum.sign,
            "items": self.stratum.items,
            "verified": verified,
            "total_kg": self.stratum.total_kg,
            "mean_difference_kg": self.sample.sum_kg / verified if verified else None,
            "d_kg": self.d_kg if verified else None,
            "sigma_kg": self.sigma_kg,
            "ratio": self.d_kg / self.sigma_kg if self.sigma_kg else None,
            "sigma_free_kg": self.sigma_free_kg,
        }


@dataclass(frozen=True, slots=True)
class DifferencesEvaluation:
    """D and MUF − D of a verified balance.

    Attributes
    ----------
    strata : tuple of StratumDifference
    items : ItemTests or None
        None if only sums are known.
    d_kg : float or None
        Σ a_k D_k; None if the input was refused.
    sigma_d_kg, sigma_d_free_kg : float or None
    sigma_muf_kg : float or None
        Of the operator's errors in these strata, or as it was given.
    muf_kg, muf_minus_d_kg, sigma_muf_minus_d_kg : float or None
    alpha : float
    joint : JointTest or None
    falsification_kg, power_d : float or None
        Probability that D detects a falsification of that size.
    findings : tuple of Finding
    """

    strata: tuple[StratumDifference, ...]
    items: ItemTests | None
    d_kg: float | None
    sigma_d_kg: float | None
    sigma_d_free_kg: float | None
    sigma_muf_kg: float | None
    muf_kg: float | None
    muf_minus_d_kg: float | None
    sigma_muf_minus_d_kg: float | None
    alpha: float
    joint: JointTest | None
    falsification_kg: float | None
    power_d: float | None
    findings: tuple[Finding, ...]

    @property
    def refused(self) -> bool:
        """Whether the input was too wrong to compute anything from it."""
        return self.d_kg is None

    def to_dict(self) -> dict[str, Any]:
        """Return the evaluation as plain data, without its findings."""
        names = ("d_kg", "sigma_d_kg", "sigma_d_free_kg", "muf_kg", "sigma_muf_kg")
        more = ("muf_minus_d_kg", "sigma_muf_minus_d_kg", "alpha", "falsification_kg", "power_d")
        return {
            **{name: getattr(self, name) for name in (*names, *more)},
            "joint": self.joint.to_dict() if self.joint else None,
            "strata": [s.to_dict() for s in self.strata],
            "items": self.items.to_dict() if self.items else None,
        }


def evaluate_differences(
    operator_kg: npt.ArrayLike,
    inspector_kg: npt.ArrayLike,
    stratum: Sequence[str],
    strata: Sequence[Stratum] | None = None,
    *,
    items: Sequence[str] | None = None,
    muf_kg: float | None = None,
    sigma_muf_kg: float | None = None,
    alpha: float = 0.05,
    item_limit: float = 3.0,
    falsification_kg: float | None = None,
    file: str | None = None,
    lines: Sequence[int] | None = None,
) -> DifferencesEvaluation:
    """Compare pairs of operator's and inspector's results.

    Parameters
    ----------
    operator_kg, inspector_kg : array of float, shape (n,)
        Declared and measured content of each verified item, kg.
    stratum, items : sequence of str
        The stratum of each item, and its name.
    strata : sequence of Stratum, optional
        All strata of the balance, the unverified too. Without it, the items given are taken as
        all there are, and no error model is known.
    muf_kg, sigma_muf_kg : float, optional
        MUF of the balance as closed, and its standard deviation where it was evaluated with more
        detail than the strata have. Otherwise the strata give it.
    alpha : float
        Overall of the joint test; two-sided of D; one-sided of MUF − D.
    item_limit : float
        t of the test of single items.
    falsification_kg, file, lines : optional
        A falsification whose detection is asked for; where the pairs stand, for findings.

    Returns
    -------
    DifferencesEvaluation
        If the pairs cannot be used, only the findings that say why.

    Raises
    ------
    UsageError
        If alpha, the limit or the errors make no sense.
    """
    _check_options(alpha, item_limit, muf_kg, sigma_muf_kg, falsification_kg)
    operator = np.asarray(operator_kg, dtype=np.float64)
    inspector = np.asarray(inspector_kg, dtype=np.float64)
    names = tuple(items) if items is not None else tuple(str(n + 1) for n in range(len(stratum)))
    findings = checked_pairs(operator, inspector, stratum, strata, names, file, lines)
    if any(f.severity is Severity.FORMAT for f in findings):
        return _refused(alpha, tuple(findings))
    difference = operator - inspector
    places = members(stratum)
    known = tuple(strata) if strata is not None else _strata_of(operator, places)
    samples = [_sample(operator, difference, places.get(s.name)) for s in known]
    sigma = _item_sigma(operator, inspector, places, known)
    tests = _item_tests(operator, inspector, sigma, tuple(stratum), names, item_limit, alpha)
    findings += item_findings(tests.rows(), item_limit, tests.expected_false, file, lines)
    summary = evaluate_sums(
        known,
        samples,
        muf_kg=muf_kg,
        sigma_muf_kg=sigma_muf_kg,
        alpha=alpha,
        falsification_kg=falsification_kg,
    )
    return replace(summary, items=tests, findings=(*findings, *summary.findings))


def evaluate_sums(
    strata: Sequence[Stratum],
    samples: Sequence[Sample],
    *,
    muf_kg: float | None = None,
    sigma_muf_kg: float | None = None,
    alpha: float = 0.05,
    falsification_kg: float | None = None,
) -> DifferencesEvaluation:
    """Evaluate D and MUF − D from the sums of differences of each stratum.

    Parameters
    ----------
    strata : sequence of Stratum
    samples : sequence of Sample
        One for each stratum; ``Sample(0, 0.0)`` where nothing was verified.
    muf_kg, sigma_muf_kg, alpha, falsification_kg
        As in `evaluate_differences`.

    Raises
    ------
    UsageError
        If more items were verified than there are, or the errors make no sense.
    """
    _check_options(alpha, 3.0, muf_kg, sigma_muf_kg, falsification_kg)
    for s, m in zip(strata, samples, strict=True):
        if m.verified > s.items:
            words = f"{m.verified} of {s.items} items of the stratum {s.name} cannot be verified"
            raise UsageError(words, "Correct the number of items.")
    findings = [not_verified(s) for s, m in zip(strata, samples, strict=True) if not m.verified]
    rows = [_stratum_difference(s, m) for s, m in zip(strata, samples, strict=True)]
    d = math.fsum(r.stratum.sign * r.d_kg for r in rows)
    free = [r.sigma_free_kg for r in rows if r.sample.verified]
    sigma_free = None
    if free and None not in free:
        sigma_free = math.hypot(*(x for x in free if x is not None))
    found = variances(strata, samples)
    if found is None:
        findings.append(model_missing(strata))
    sigma_d = math.sqrt(found.d) if found else None
    sigma_muf = sigma_muf_kg if sigma_muf_kg is not None or not found else math.sqrt(found.muf)
    rest = _variance_muf_minus_d(found, sigma_muf_kg)
    if rest is not None and _contradicts(found, sigma_muf, rest):
        findings.append(muf_d_negative(sigma_muf or 0.0, sigma_d or 0.0))
        rest = None
    sigma_rest = None if rest is None else math.sqrt(max(0.0, rest))
    muf_minus_d = None if muf_kg is None else muf_kg - d
    joint = None
    if found and muf_kg is not None and rest is not None and sigma_muf and sigma_d:
        covariance = found.muf_and_d + (sigma_muf**2 - found.muf)
        joint = joint_test(muf_kg, d, sigma_muf, sigma_d, covariance, alpha)
    findings += sum_finding(d, sigma_d, alpha)
    findings += verdict_findings(muf_minus_d, sigma_rest, joint, alpha)
    power = None
    if falsification_kg is not None and sigma_d:
        power = power_of_d(falsification_kg, sigma_d, alpha)
    return DifferencesEvaluation(
        tuple(rows), None, d, sigma_d, sigma_free, sigma_muf, muf_kg, muf_minus_d, sigma_rest,
        alpha, joint, falsification_kg, power, tuple(findings),
    )  # fmt: skip


def number(value: float) -> float | None:
    """Return a float, or None for NaN."""
    return None if math.isnan(value) else float(value)


def _check_options(
    alpha: float, item_limit: float, muf: float | None, sigma: float | None, size: float | None
) -> None:
    if not 0 < alpha < 1:
        raise UsageError(f"alpha is {alpha}", "Give a probability between 0 and 1, e.g. 0.05.")
    if not (item_limit > 0 and math.isfinite(item_limit)):
        words = f"{item_limit} is no limit for single items"
        raise UsageError(words, "Give a limit in standard deviations, e.g. 3.")
    for name, value in (("MUF", muf), ("sigma of MUF", sigma), ("falsification", size)):
        if value is not None and not math.isfinite(value):
            raise UsageError(f"the {name} is {value}", "Give a number of kg.")
    if sigma is not None and sigma < 0:
        raise UsageError(f"the sigma of MUF is {sigma}", "Give a number of kg, 0 or more.")


def _sample(operator: Floats, difference: Floats, places: Places | None) -> Sample:
    if places is None:
        return Sample(0, 0.0)
    ours = difference[places]
    return Sample(ours.size, math.fsum(ours), operator[places], ours)


def _strata_of(operator: Floats, places: dict[str, Places]) -> tuple[Stratum, ...]:
    """Return strata that hold just the items given, without an error model."""
    return tuple(Stratum(k, v.size, float(operator[v].mean())) for k, v in places.items())


def _stratum_difference(stratum: Stratum, sample: Sample) -> StratumDifference:
    model = stratum_variance_d(stratum, sample)
    free = stratum_variance_free(stratum, sample)
    return StratumDifference(
        stratum,
        sample,
        sample.scale(stratum) * sample.sum_kg,
        None if model is None else math.sqrt(model),
        None if free is None else math.sqrt(free),
    )


def _variance_muf_minus_d(found: Variances | None, sigma_muf: float | None) -> float | None:
    """Return Var(MUF − D); below 0 where a given σ_MUF contradicts the strata."""
    if found is None or sigma_muf is None:
        return found.muf_minus_d if found else None
    return found.d + 2 * (found.muf - found.muf_and_d) - sigma_muf**2


def _contradicts(found: Variances | None, sigma_muf: float | None, rest: float) -> bool:
    """Whether a given σ_MUF cannot be together with the errors of the strata."""
    if found is None or sigma_muf is None:
        return False
    covariance = found.muf_and_d + (sigma_muf**2 - found.muf)
    most = sigma_muf * math.sqrt(found.d) * (1 + 1e-9)
    return rest < -1e-12 * found.d or abs(covariance) > most


def _item_sigma(
    operator: Floats, inspector: Floats, places: dict[str, Places], strata: Sequence[Stratum]
) -> Floats:
    """Return the standard deviation of each difference; NaN where no error model is known."""
    variance: Floats = np.full(operator.shape, np.nan)
    for s in strata:
        if s.operator is None or s.inspector is None or s.name not in places:
            continue
        here = places[s.name]
        ours = s.operator.random**2 + s.operator.systematic**2
        theirs = s.inspector.random**2 + s.inspector.systematic**2
        variance[here] = operator[here] ** 2 * ours + inspector[here] ** 2 * theirs
    return np.sqrt(variance)


def _item_tests(
    operator: Floats, inspector: Floats, sigma: Floats, stratum: tuple[str, ...],
    names: tuple[str, ...], limit: float, alpha: float,
) -> ItemTests:  # fmt: skip
    difference = operator - inspector
    ratio = np.divide(difference, sigma, out=np.full(sigma.shape, np.nan), where=sigma > 0)
    tested = int(np.isfinite(ratio).sum())
    each = -math.expm1(math.log1p(-alpha) / max(tested, 1))
    return ItemTests(
        names, stratum, operator, inspector, difference, sigma, ratio,
        np.abs(np.nan_to_num(ratio)) > limit, limit, tested * 2 * float(special.ndtr(-limit)),
        float(-special.ndtri(each / 2)),
    )  # fmt: skip


def _refused(alpha: float, findings: tuple[Finding, ...]) -> DifferencesEvaluation:
    return DifferencesEvaluation(
        (), None, None, None, None, None, None, None, None, alpha, None, None, None, findings
    )
