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
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from keiryo.errors import Finding, Severity, UsageError
from keiryo.inspection.difference_checks import (
    checked_pairs,
    item_findings,
    model_missing,
    muf_d_negative,
    not_computable,
    not_verified,
    sigma_muf_differs,
    strata_missing,
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
    variance_free,
    variances,
)
from keiryo.inspection.joint_test import JointTest, joint_test, limit_of_d, power_of_d
from keiryo.inspection.limits import MAX_KG, check_alpha
from keiryo.inspection.single_items import ItemTests, Places, tested_items


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
    sigma_muf_strata_kg : float or None
        Of the operator's errors in these strata.
    muf_kg, muf_minus_d_kg, sigma_muf_minus_d_kg : float or None
        MUF − D is None where the strata are not described.
    alpha : float
        Two-sided of D, one-sided of MUF − D, overall and one-sided of the joint test.
    joint : JointTest or None
    falsification_kg, power_d : float or None
        Probability that the two-sided test of D detects a falsification of that size.
    findings : tuple of Finding
    """

    strata: tuple[StratumDifference, ...]
    items: ItemTests | None
    d_kg: float | None
    sigma_d_kg: float | None
    sigma_d_free_kg: float | None
    sigma_muf_kg: float | None
    sigma_muf_strata_kg: float | None
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
        names = (
            *("d_kg", "sigma_d_kg", "sigma_d_free_kg", "muf_kg", "sigma_muf_kg"),
            *("sigma_muf_strata_kg", "muf_minus_d_kg", "sigma_muf_minus_d_kg", "alpha"),
            *("falsification_kg", "power_d"),
        )
        return {
            **{name: getattr(self, name) for name in names},
            "tests": self.tests(),
            "joint": self.joint.to_dict() if self.joint else None,
            "strata": [s.to_dict() for s in self.strata],
            "items": self.items.to_dict() if self.items else None,
        }

    def tests(self) -> dict[str, dict[str, Any]]:
        """Return side, alpha and limit of the tests of D and of MUF − D."""
        one_sided = -NormalDist().inv_cdf(self.alpha)
        given = {
            "d": ("two-sided", limit_of_d(self.alpha), self.sigma_d_kg),
            "muf_minus_d": ("one-sided", one_sided, self.sigma_muf_minus_d_kg),
        }
        return {
            name: {
                "side": side,
                "alpha": self.alpha,
                "limit_sigma": limit,
                "limit_kg": limit * sigma if sigma else None,
            }
            for name, (side, limit, sigma) in given.items()
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
    strata : sequence of Stratum, optional
        All strata of the balance, the unverified too. Without it, D is the sum of the differences
        given, nothing is tested, and MUF − D is not computed.
    muf_kg, sigma_muf_kg : float, optional
        MUF of the balance as closed, and its standard deviation where it was evaluated with more
        detail than the strata have. Otherwise the strata give it. What a given one has more than
        the strata is taken as errors of unverified strata, if there are any.
    alpha : float
        Overall of the joint test; two-sided of D; one-sided of MUF − D.
    item_limit : float
        t of the test of single items.
    falsification_kg, file, lines : optional
        What D should detect; where the pairs stand, for findings.

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
    places = members(stratum)
    known = tuple(strata) if strata is not None else _strata_of(operator, places)
    samples = [_sample(operator, inspector, places.get(s.name)) for s in known]
    tests = tested_items(
        operator, inspector, (tuple(stratum), names), places, known, limit=item_limit, alpha=alpha
    )
    findings += item_findings(tests, file, lines)
    summary = evaluate_sums(
        known, samples, muf_kg=None if strata is None else muf_kg, sigma_muf_kg=sigma_muf_kg,
        alpha=alpha, falsification_kg=falsification_kg,
    )  # fmt: skip
    findings += summary.findings
    if strata is None and muf_kg is not None:
        findings.append(strata_missing())
    return replace(summary, items=tests, muf_kg=muf_kg, findings=tuple(findings))


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
    d = math.fsum(r.stratum.sign * r.d_kg for r in rows) + 0.0  # and not −0.0
    free = variance_free(strata, samples)
    modelled = variances(strata, samples)
    if modelled is None:
        findings.append(model_missing(strata))
    found = modelled
    if found is not None and sigma_muf_kg is not None:
        found, said = _with_given_muf(found, sigma_muf_kg, strata, samples)
        findings += said
    sigma_d = math.sqrt(modelled.d) if modelled else None
    of_strata = math.sqrt(modelled.muf) if modelled else None
    sigma_muf = of_strata if sigma_muf_kg is None else sigma_muf_kg
    sigma_rest = found.sigma_muf_minus_d if found else None
    muf_minus_d = None if muf_kg is None else muf_kg - d
    joint = None
    if found and muf_kg is not None and sigma_muf and sigma_d:
        joint = joint_test(muf_kg, d, sigma_muf, sigma_d, found.muf_and_d, alpha)
    if modelled is not None and any(m.verified for m in samples):
        zero = [f"D of {r.stratum.name}" for r in rows if r.sample.verified and r.sigma_kg == 0]
        several = {"D": sigma_d}
        if muf_kg is not None:
            several |= {"MUF": sigma_muf, "MUF − D": sigma_rest}
        zero += [name for name, sigma in several.items() if sigma == 0]
        if zero:
            findings.append(not_computable(zero, nothing=sigma_d == 0))
    findings += sum_finding(d, sigma_d, alpha)
    findings += verdict_findings(muf_minus_d, sigma_rest, joint, alpha)
    power = None
    if falsification_kg is not None and sigma_d:
        power = power_of_d(falsification_kg, sigma_d, alpha)
    return DifferencesEvaluation(
        tuple(rows), None, d, sigma_d, None if free is None else math.sqrt(free), sigma_muf,
        of_strata, muf_kg, muf_minus_d, sigma_rest, alpha, joint, falsification_kg, power,
        tuple(findings),
    )  # fmt: skip


def _with_given_muf(
    modelled: Variances, sigma_muf: float, strata: Sequence[Stratum], samples: Sequence[Sample]
) -> tuple[Variances | None, list[Finding]]:
    """Return the variances for a given σ_MUF; None, with a finding, where it contradicts them."""
    unverified = [
        s.name for s, m in zip(strata, samples, strict=True) if not m.verified and s.total_kg
    ]
    found = modelled.with_muf(sigma_muf, all_verified=not unverified)
    if not found.possible:
        too_small = found.muf_minus_d > 0 and sigma_muf**2 < modelled.muf
        negative = muf_d_negative(sigma_muf, math.sqrt(modelled.d), too_small=too_small)
        return None, [negative]
    if unverified and not math.isclose(sigma_muf**2, modelled.muf, rel_tol=1e-6):
        return found, [sigma_muf_differs(unverified, modelled, found)]
    return found, []


def _check_options(
    alpha: float, item_limit: float, muf: float | None, sigma: float | None, size: float | None
) -> None:
    check_alpha(alpha)
    if not (item_limit > 0 and math.isfinite(item_limit)):
        words = f"{item_limit} is no limit for single items"
        raise UsageError(words, "Give a limit in standard deviations, e.g. 3.")
    for name, value in (("MUF", muf), ("sigma of MUF", sigma), ("falsification", size)):
        if value is not None and not abs(value) <= MAX_KG:
            raise UsageError(f"the {name} is {value}", f"Give kg, at most {MAX_KG:g}.")
    if sigma is not None and sigma < 0:
        raise UsageError(f"the sigma of MUF is {sigma}", "Give a number of kg, 0 or more.")


def _sample(operator: Floats, inspector: Floats, places: Places | None) -> Sample:
    if places is None:
        return Sample(0, 0.0)
    ours = operator[places] - inspector[places]
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


def _refused(alpha: float, findings: tuple[Finding, ...]) -> DifferencesEvaluation:
    return DifferencesEvaluation(
        (), None, None, None, None, None, None, None, None, None, alpha, None, None, None, findings
    )
