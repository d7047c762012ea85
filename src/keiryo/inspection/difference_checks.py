"""What operator–inspector pairs may be wrong about, and what their evaluation says, in words."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from keiryo.errors import Finding, Severity
from keiryo.inspection.difference_model import members
from keiryo.inspection.limits import MAX_KG
from keiryo.inspection.list_files import list_finding, shortened

if TYPE_CHECKING:
    from keiryo.inspection.difference_model import Floats, Stratum, Variances
    from keiryo.inspection.joint_test import JointTest
    from keiryo.inspection.single_items import ItemTests

BASIS = "MUF−D evaluation"

_SIZE_RATIO = 5.0
_MAX_ITEM_FINDINGS = 200


def checked_pairs(
    operator: Floats,
    inspector: Floats,
    stratum: Sequence[str],
    strata: Sequence[Stratum] | None,
    items: Sequence[str],
    file: str | None = None,
    lines: Sequence[int] | None = None,
) -> list[Finding]:
    """Return everything that is wrong with pairs of results; of severity F if nothing holds."""
    count = len(stratum)
    if operator.shape != (count,) or inspector.shape != (count,) or len(items) != count:
        words = (
            f"{operator.size} operator's and {inspector.size} inspector's results, {count} strata "
            f"and {len(items)} item names do not belong together"
        )
        return [list_finding("LIST-ROW", words, "Give one of each for every item.", file)]
    if count == 0:
        words = "there is no pair of results"
        return [list_finding("LIST-EMPTY", words, "Give the verified items.", file)]
    found: list[Finding] = []
    for name, values in (("operator", operator), ("inspector", inspector)):
        for n in np.flatnonzero(~((values >= 0) & (values <= MAX_KG))).tolist():  # NaN is neither
            words = f"the {name}'s result for item {items[n]} is {values[n]:g} kg"
            advice = (
                f"Give a content in kg, from 0 to {MAX_KG:g}; leave the pair out if there is no "
                "result."
            )
            found.append(list_finding("LIST-NUMBER", words, advice, file, _line(lines, n)))
    if len(set(zip(stratum, items, strict=True))) < count:
        seen: set[tuple[str, str]] = set()
        for n, key in enumerate(zip(stratum, items, strict=True)):
            if key in seen:
                words = f"item {key[1]} of stratum {key[0]} is there already"
                advice = "Give one pair for each item; replace repeated results by their mean."
                found.append(list_finding("LIST-TWICE", words, advice, file, _line(lines, n)))
            seen.add(key)
    if strata is not None:
        found += _strata_findings(operator, stratum, strata, file, lines)
    return list(shortened(found, file or ""))


def _strata_findings(
    operator: Floats,
    stratum: Sequence[str],
    strata: Sequence[Stratum],
    file: str | None,
    lines: Sequence[int] | None,
) -> list[Finding]:
    known = {s.name: s for s in strata}
    found: list[Finding] = []
    for name in sorted(n for n, times in Counter(s.name for s in strata).items() if times > 1):
        words = f"the stratum {name} is described twice"
        found.append(list_finding("LIST-TWICE", words, "Describe every stratum once.", None))
    found += unknown_strata(stratum, strata, file, lines)
    places = members(stratum)
    for s in known.values():
        verified = places[s.name].size if s.name in places else 0
        if verified > s.items:
            words = f"{verified} items of stratum {s.name} are verified, but it has {s.items}"
            advice = "Correct the number of items of the stratum, or the stratum of the pairs."
            found.append(
                list_finding(
                    "SAMPLE-ABOVE-STRATUM",
                    words,
                    advice,
                    file,
                    found=str(verified),
                    expected=str(s.items),
                )
            )
        elif verified and s.item_kg > 0:
            mean = float(operator[places[s.name]].mean())
            apart = mean / s.item_kg
            if apart < 1 / _SIZE_RATIO or apart > _SIZE_RATIO:  # neither is true of NaN
                found.append(_size_differs(s, mean, file))
    return found


def unknown_strata(
    stratum: Sequence[str],
    strata: Sequence[Stratum],
    file: str | None = None,
    lines: Sequence[int] | None = None,
) -> list[Finding]:
    """Return a finding for each pair of results whose stratum is not described."""
    known = dict.fromkeys(s.name for s in strata)
    words = f"is not among the strata: {', '.join(known)}"
    advice = "Correct the name, or describe the stratum in the list of strata."
    return [
        list_finding(
            "STRATUM-UNKNOWN", f"the stratum {name!r} {words}", advice, file, _line(lines, n)
        )
        for n, name in enumerate(stratum)
        if name not in known
    ]


def _size_differs(stratum: Stratum, mean: float, file: str | None) -> Finding:
    return Finding(
        "STRATUM-SIZE",
        Severity.INCONSISTENCY,
        f"the verified items of stratum {stratum.name} hold {mean:.6g} kg on the average, the "
        f"stratum is described with {stratum.item_kg:.6g} kg",
        "Look whether both are in kg of the same element or isotope; if sizes vary so much, "
        "divide the stratum.",
        file=file,
        found=f"{mean:.6g}",
        expected=f"{stratum.item_kg:.6g}",
        basis=BASIS,
    )


def _line(lines: Sequence[int] | None, number: int) -> int | None:
    return None if lines is None else lines[number]


def not_verified(stratum: Stratum) -> Finding:
    """Say that a stratum brings its declared value only."""
    return Finding(
        "STRATUM-NOT-VERIFIED",
        Severity.INFORMATION,
        f"nothing was verified in stratum {stratum.name}; MUF − D holds its declared value and "
        "the operator's errors",
        "Nothing, if that was planned.",
        basis=BASIS,
    )


def model_missing(strata: Sequence[Stratum]) -> Finding:
    """Say that standard deviations cannot be computed."""
    names = [s.name for s in strata if s.operator is None or s.inspector is None]
    return Finding(
        "ERROR-MODEL-MISSING",
        Severity.INFORMATION,
        "the standard deviations of operator and inspector are not known for "
        f"{', '.join(names)}; differences are shown, but not tested",
        "Give them in the list of strata: operator_random, operator_systematic, "
        "inspector_random, inspector_systematic.",
        basis=BASIS,
    )


def strata_missing() -> Finding:
    """Say that MUF − D cannot be formed without knowing the strata."""
    return Finding(
        "STRATA-MISSING",
        Severity.INCONSISTENCY,
        "MUF − D is not computed: without a list of strata neither their signs in MUF are known "
        "nor how many items they have",
        "Describe all strata of the balance, with sign and number of items (--strata).",
        basis=BASIS,
    )


def not_computable(what: Sequence[str], *, nothing: bool) -> Finding:
    """Say that tests have no standard deviation to go by; `nothing` if D itself has none."""
    return Finding(
        "TESTS-NOT-COMPUTABLE",
        Severity.INCONSISTENCY if nothing else Severity.WARNING,
        f"the standard deviation of {', '.join(what)} is 0, so there is no test of it: by these "
        "errors any difference at all would be too large",
        "Give the standard deviations of both parties; 0 is right only for items that are counted "
        "and not measured.",
        basis=BASIS,
    )


def sigma_muf_differs(names: Sequence[str], modelled: Variances, used: Variances) -> Finding:
    """Say to which strata the difference between a given σ_MUF and theirs is charged."""
    given, theirs = math.sqrt(used.muf), math.sqrt(modelled.muf)
    rest = used.muf_verified < modelled.muf_verified
    return Finding(
        "SIGMA-MUF-DIFFERS",
        Severity.INFORMATION,
        f"the sigma of MUF given is {given:.6g} kg, that of the strata {theirs:.6g} kg; the "
        f"difference of the variances is charged to what was not verified ({', '.join(names)})"
        f"{' and, beyond its errors, to the verified strata' if rest else ''}; the sigma of "
        f"MUF − D is {used.sigma_muf_minus_d:.6g} kg with it, {modelled.sigma_muf_minus_d:.6g} kg "
        "without",
        "If it belongs to verified strata, correct their standard deviations.",
        found=f"{given:.6g}",
        expected=f"{theirs:.6g}",
        basis=BASIS,
    )


def muf_d_negative(sigma_muf: float, sigma_d: float, *, too_small: bool) -> Finding:
    """Say that a given σ_MUF cannot stand beside the errors of the verified strata."""
    words = (
        f"sigma of MUF is {sigma_muf:.6g} kg, which is less than the strata and the errors that "
        "they share allow"
        if too_small
        else f"the variance of MUF − D is negative: sigma of MUF is {sigma_muf:.6g} kg, sigma of "
        f"D {sigma_d:.6g} kg, but D contains the operator's errors and the inspector's besides"
    )
    return Finding(
        "MUF-D-NEGATIVE",
        Severity.INCONSISTENCY,
        words,
        "One of the two is wrong: compare the operator's standard deviations in the strata with "
        "those behind the sigma of MUF.",
        found=f"{sigma_muf:.6g}",
        expected="more" if too_small else f"at most {sigma_d:.6g}",
        basis=BASIS,
    )


def item_findings(tests: ItemTests, file: str | None, lines: Sequence[int] | None) -> list[Finding]:
    """Return a finding for each outlier, of very many the first ones and how many more."""
    flagged = np.flatnonzero(tests.flagged).tolist()
    found = [
        Finding(
            "DIFFERENCE-ITEM",
            Severity.INCONSISTENCY,
            f"item {tests.item[n]} of stratum {tests.stratum[n]}: declared "
            f"{tests.operator_kg[n]:.6g} kg, measured {tests.inspector_kg[n]:.6g} kg, "
            f"{abs(tests.ratio[n]):.2f} standard deviations apart (limit {tests.limit:g}, "
            f"two-sided, alpha {tests.alpha_each:.2g} for each item)",
            "Measure it again, with a better method if there is one, and look into its records. "
            f"By chance {tests.expected_false or 0:.2g} of the {len(tests.item)} items would be "
            "expected here.",
            file=file,
            line=_line(lines, n),
            found=f"{tests.inspector_kg[n]:.6g}",
            expected=f"{tests.operator_kg[n]:.6g}",
            basis=BASIS,
        )
        for n in flagged[:_MAX_ITEM_FINDINGS]
    ]
    if len(flagged) > _MAX_ITEM_FINDINGS:
        more = len(flagged) - _MAX_ITEM_FINDINGS
        found.append(
            Finding(
                "DIFFERENCE-ITEM",
                Severity.INCONSISTENCY,
                f"{more} more items are beyond the limit",
                "So many point to a wrong error model or unit. The CSV output marks them all.",
                file=file,
                basis=BASIS,
            )
        )
    return found


def sum_finding(d: float, sigma: float | None, alpha: float) -> list[Finding]:
    """Say that D is larger than the errors explain."""
    if not sigma:
        return []
    limit = NormalDist().inv_cdf(1 - alpha / 2)
    if abs(d) <= limit * sigma:
        return []
    return [
        Finding(
            "DIFFERENCE-SUM",
            Severity.INCONSISTENCY,
            f"D is {d:.6g} kg, {abs(d) / sigma:.2f} standard deviations from 0 (limit {limit:.2f}, "
            f"two-sided, alpha {alpha:g})",
            "Look which stratum it comes from: a falsification, or a bias of one of the two "
            "parties' methods. Compare standards and calibrations.",
            found=f"{d:.6g}",
            expected=f"within ±{limit * sigma:.6g}",
            basis=BASIS,
        )
    ]


def verdict_findings(
    muf_minus_d: float | None, sigma: float | None, joint: JointTest | None, alpha: float
) -> list[Finding]:
    """Say that MUF − D, or MUF and D together, point to a loss."""
    found: list[Finding] = []
    limit = NormalDist().inv_cdf(1 - alpha)
    if muf_minus_d is not None and sigma and muf_minus_d > limit * sigma:
        found.append(
            Finding(
                "MUF-D-LIMIT",
                Severity.INCONSISTENCY,
                f"MUF − D is {muf_minus_d:.6g} kg, {muf_minus_d / sigma:.2f} standard deviations "
                f"above 0 (limit {limit:.2f}, one-sided, alpha {alpha:g}): the inspector's "
                "estimate points to a loss",
                "Look for measurement mistakes first, then for material that left unrecorded.",
                found=f"{muf_minus_d:.6g}",
                expected=f"at most {limit * sigma:.6g}",
                basis=BASIS,
            )
        )
    if joint is not None and joint.alarm and math.isfinite(joint.limit):
        which = "MUF" if joint.muf_ratio >= joint.concealed_ratio else "−D"
        worst = max(joint.muf_ratio, joint.concealed_ratio)
        found.append(
            Finding(
                "MUF-D-JOINT",
                Severity.INCONSISTENCY,
                f"{which} is {worst:.2f} standard deviations above 0; the limit for MUF and −D "
                f"together is {joint.limit:.3f} (one-sided, overall alpha {alpha:g})",
                "MUF points to material missing openly, −D to a loss concealed by declarations.",
                found=f"{worst:.4f}",
                expected=f"at most {joint.limit:.4f}",
                basis="MUF−D problem (Avenhaus)",
            )
        )
    return found
