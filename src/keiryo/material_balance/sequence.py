"""Evaluation of a sequence of closed balances: all statistics, alarms with reasons, model check.

The covariance comes from error variables (which also say how much of the variance of each balance
each source brings) or is given. A balance that is missing, or has no measurement error, is left
out of the sequential tests and named in a finding.

Source: Picard 1987 (SITMUF); Page, Biometrika 41 (1954); Seifert 1986 (GEMUF); Avenhaus and Jaech
(CUMUF).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from keiryo.errors import Finding, Severity, UsageError
from keiryo.material_balance import statistics
from keiryo.material_balance.alarms import TESTED, Alarm, Observed, find_alarms
from keiryo.material_balance.error_variables import ErrorVariables
from keiryo.material_balance.factoring import Factor, checked_covariance, contradictions, factor
from keiryo.material_balance.model_check import ModelCheck, check_model
from keiryo.material_balance.thresholds import (
    Threshold,
    check_campaign,
    conservative_threshold,
    gemuf_v1_threshold,
    page_threshold,
    shewhart_threshold,
)

__all__ = ["Alarm", "SequenceEvaluation", "evaluate_sequence"]

Floats = npt.NDArray[np.float64]

_BALANCES_NAMED = 20
_NOISE_KG = 1e-9
_OBSERVED = (
    "muf", "cumuf", "sigma_muf", "sigma_cumuf", "itmuf", "sigma_itmuf", "sitmuf", "page", "ewma",
    "gemuf_v1", "gemuf_v5",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SequenceEvaluation:
    """What a sequence of P balances shows.

    Attributes
    ----------
    muf, cumuf, sigma_muf, sigma_cumuf, itmuf, sigma_itmuf : array of float, shape (P,)
        kg.
    sitmuf, page, ewma, gemuf_v1, gemuf_v5 : array of float, shape (P,)
        NaN where undefined: balances without measurement error or missing; for `gemuf_v5` also
        the first two and last two.
    active_inventory : array of float, shape (P,)
        kg; NaN if not given.
    covariance : array of float, shape (P, P)
        kg².
    variance_shares : mapping of source to array of float, shape (P,)
        Share of the variance of each balance; sums to 1 over sources, NaN where there is none.
    thresholds : mapping of statistic to Threshold
    alarms : tuple of Alarm
    model : ModelCheck
    findings : tuple of Finding
    """

    muf: Floats
    cumuf: Floats
    sigma_muf: Floats
    sigma_cumuf: Floats
    itmuf: Floats
    sigma_itmuf: Floats
    sitmuf: Floats
    page: Floats
    ewma: Floats
    gemuf_v1: Floats
    gemuf_v5: Floats
    active_inventory: Floats
    covariance: Floats
    variance_shares: Mapping[str, Floats]
    thresholds: Mapping[str, Threshold]
    alarms: tuple[Alarm, ...]
    model: ModelCheck
    findings: tuple[Finding, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the evaluation as plain data in full double precision, NaN as None."""
        arrays = (*_OBSERVED, "active_inventory", "covariance")
        found: dict[str, Any] = {name: _plain(getattr(self, name)) for name in arrays}
        found["variance_shares"] = {s: _plain(v) for s, v in self.variance_shares.items()}
        found["thresholds"] = {s: asdict(t) for s, t in self.thresholds.items()}
        found["alarms"] = [{**asdict(a), "unit": a.unit} for a in self.alarms]
        model = {n: v for n, v in asdict(self.model).items() if n != "findings"}
        found["model"] = {
            n: None if isinstance(v, float) and math.isnan(v) else v for n, v in model.items()
        }
        found["findings"] = [plain_finding(f) for f in self.findings]
        return found


def evaluate_sequence(
    muf_kg: npt.ArrayLike,
    errors: ErrorVariables | None,
    *,
    covariance: npt.ArrayLike | None = None,
    alpha: float = 0.05,
    page_k: float = 0.5,
    ewma_weight: float = 0.2,
    thresholds: Mapping[str, Threshold] | None = None,
    active_inventory_kg: npt.ArrayLike | None = None,
    labels: Sequence[str] | None = None,
) -> SequenceEvaluation:
    """Return all statistics of a sequence of balances, its alarms and the check of its model.

    Parameters
    ----------
    muf_kg : array_like, shape (P,)
        kg, loss positive; NaN for a balance that is missing.
    errors : ErrorVariables or None
        The independent errors of the sequence.
    covariance : array_like, shape (P, P), optional
        Used instead of that of `errors`, kg²; needed if `errors` is None.
    alpha : float
        False-alarm probability of the whole campaign, for each statistic *separately*: whoever
        watches several at once accepts up to the sum. Choose the test before looking.
    page_k : float
        Reference value of Page's test.
    ewma_weight : float
    thresholds : mapping of statistic to Threshold, optional
        Thresholds to be used instead of the default ones. By default: exact for ``"sitmuf"``,
        ``"page"`` and ``"gemuf_v1"`` (up to 120 balances), conservative for ``"muf"``,
        ``"cumuf"`` and ``"ewma"`` (Šidák; Bonferroni where correlations are negative), none for
        ``"gemuf_v5"``.
    active_inventory_kg : array_like, shape (P,), optional
    labels : sequence of str, optional
        Names of the balances for messages; default ``"balance 1"`` and so on.

    Raises
    ------
    UsageError
        If shapes do not fit, a value is infinite, or the covariance is none (see `factor`).
    """
    muf = _checked_muf(muf_kg)
    size = muf.size
    sigma = _covariance(errors, covariance, size)
    names = _names(labels, size)
    missing = np.isnan(muf)
    factored = factor(sigma, leave_out=missing)
    given = _checked_thresholds(thresholds, page_k)
    observed = _observe(muf, sigma, factored, page_k, ewma_weight)
    limits = _thresholds(sigma, missing, factored, alpha, page_k, given)
    model = check_model(muf, observed.sitmuf)
    return SequenceEvaluation(
        **{name: getattr(observed, name) for name in _OBSERVED},
        active_inventory=_active(active_inventory_kg, size),
        covariance=sigma,
        variance_shares=_shares(errors),
        thresholds=limits,
        alarms=tuple(find_alarms(observed, limits, names)),
        model=model,
        findings=(*_findings(muf, sigma, factored, names), *model.findings),
    )


def plain_finding(finding: Finding) -> dict[str, Any]:
    """Return a finding as plain data, without the places that it does not have."""
    return {
        n: str(v) if n == "severity" else v for n, v in asdict(finding).items() if v is not None
    }


def _observe(
    muf: Floats, sigma: Floats, factored: Factor, page_k: float, ewma_weight: float
) -> Observed:
    y = statistics.sitmuf(muf, factored)
    gemuf = statistics.gemuf_v1(y)
    probability = np.where(np.isnan(gemuf), np.nan, statistics.gemuf_v1_probability(gemuf))
    sigma_itmuf = statistics.sigma_itmuf(factored)
    return Observed(
        muf=muf,
        sigma_muf=np.sqrt(np.diagonal(sigma)),
        cumuf=statistics.cumuf(muf),
        sigma_cumuf=statistics.sigma_cumuf(sigma),
        itmuf=y * sigma_itmuf,
        sigma_itmuf=sigma_itmuf,
        sitmuf=y,
        page=statistics.page(y, page_k),
        ewma=statistics.ewma(y, ewma_weight),
        gemuf_v1=gemuf,
        gemuf_v1_probability=np.asarray(probability, dtype=np.float64),
        gemuf_v5=statistics.gemuf_v5(muf, factored),
    )


def _thresholds(
    sigma: Floats,
    missing: npt.NDArray[np.bool_],
    factored: Factor,
    alpha: float,
    page_k: float,
    given: Mapping[str, Threshold],
) -> dict[str, Threshold]:
    """Return the thresholds in force: the given ones, and default ones for the others."""
    check_campaign(max(factored.count, 1), alpha)
    found: dict[str, Threshold] = {}
    tested = int(((np.diagonal(sigma) > 0) & ~missing).sum())
    count = factored.count
    for statistic in TESTED:
        if statistic in given:
            found[statistic] = given[statistic]
        elif statistic == "muf" and tested:
            positive = bool(sigma.min() >= 0)
            found["muf"] = conservative_threshold(
                tested, alpha, "muf", positively_correlated=positive
            )
        elif statistic == "cumuf" and tested:
            positive = _cumulated_positive(sigma)
            found["cumuf"] = conservative_threshold(
                tested, alpha, "cumuf", positively_correlated=positive
            )
        elif statistic == "sitmuf" and count:
            found["sitmuf"] = shewhart_threshold(count, alpha)
        elif statistic == "page" and count:
            found["page"] = page_threshold(count, alpha, page_k)
        elif statistic == "ewma" and count:
            found["ewma"] = conservative_threshold(count, alpha, "ewma")
        elif statistic == "gemuf_v1" and count:
            found["gemuf_v1"] = gemuf_v1_threshold(count, alpha)
    return found


def _cumulated_positive(sigma: Floats) -> bool:
    """Tell whether no two cumulated MUF are negatively correlated; memory of one row only."""
    running = np.zeros(sigma.shape[0])
    for row in sigma:
        running += row
        if np.cumsum(running).min() < 0:
            return False
    return True


def _shares(errors: ErrorVariables | None) -> dict[str, Floats]:
    if errors is None:
        return {}
    parts = errors.variance_by_source()
    total = parts.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(total > 0, parts / total, np.nan)
    return {source: shares[n] for n, source in enumerate(errors.sources)}


def _findings(
    muf: Floats, sigma: Floats, factored: Factor, names: tuple[str, ...]
) -> list[Finding]:
    """Return the findings about balances that are missing or cannot be tested."""
    missing = np.flatnonzero(np.isnan(muf))
    found = [
        Finding(
            code="BALANCE-MISSING",
            severity=Severity.WARNING,
            message=f"There is no MUF for {names[int(i)]}, so it is left out of the tests; CUMUF"
            " ends before it.",
            advice="Close this balance, or merge it with the next one: MUF of the two together is"
            " the sum, and nothing between them is lost.",
            cell=names[int(i)],
            basis="Picard 1987",
        )
        for i in missing[:_BALANCES_NAMED]
    ]
    found += _without_error(muf, sigma, factored, names)
    if factored.count == 0:
        found.append(
            Finding(
                code="TESTS-NOT-COMPUTABLE",
                severity=Severity.WARNING,
                message="No balance has a measurement error and a MUF, so no test of the sequence"
                " can be computed; MUF and CUMUF are given as they are.",
                advice="Declare the error sources of the measurements.",
                basis="Picard 1987",
            )
        )
        return found
    found += _contradicted(muf, sigma, factored, names)
    return found + list(factored.findings[:_BALANCES_NAMED])


def _contradicted(
    muf: Floats, sigma: Floats, factored: Factor, names: tuple[str, ...]
) -> list[Finding]:
    """Return the findings about balances whose MUF is not what the earlier ones determine."""
    rest = contradictions(muf, sigma, factored)
    wrong = np.flatnonzero((np.diagonal(sigma) > 0) & (np.nan_to_num(rest) != 0.0))
    return [
        Finding(
            code="MUF-CONTRADICTED",
            severity=Severity.INCONSISTENCY,
            message=f"By the declared errors the balances before {names[int(i)]} determine its MUF:"
            f" it must be {muf[i] - rest[i]:.9g} kg. It is {muf[i]:.9g} kg, and no measurement"
            f" error can explain the {abs(rest[i]):.9g} kg that"
            f" {'are missing' if rest[i] > 0 else 'were gained'}.",
            advice="Either material is missing or was gained, or an error source is not declared:"
            " usually the random errors.",
            cell=names[int(i)],
            found=f"{float(muf[i]):.9g}",
            expected=f"{float(muf[i] - rest[i]):.9g}",
            basis="Picard 1987",
        )
        for i in wrong[:_BALANCES_NAMED]
    ]


def _without_error(
    muf: Floats, sigma: Floats, factored: Factor, names: tuple[str, ...]
) -> list[Finding]:
    """Return the findings about a MUF where nothing was measured: it must be exactly 0."""
    wrong = np.flatnonzero((np.diagonal(sigma) == 0) & (np.abs(muf) > _NOISE_KG))
    if not wrong.size:
        return []
    groups = [wrong] if factored.count == 0 else list(wrong[:_BALANCES_NAMED, None])
    found = []
    for group in groups:
        told = ", ".join(f"{muf[i]:.9g} kg in {names[int(i)]}" for i in group[:5])
        more = f" and {group.size - 5} more" if group.size > 5 else ""
        found.append(
            Finding(
                code="MUF-WITHOUT-ERROR",
                severity=Severity.INCONSISTENCY,
                message=f"MUF is {told}{more}; but by the declared errors nothing was measured"
                " there, and then it must be exactly 0.",
                advice="For an area of sealed items this is a mistake in the records: look into"
                " it. Otherwise declare the errors of what was measured.",
                cell=names[int(group[0])],
                found=f"{float(muf[group[0]]):.9g}",
                expected="0",
                basis="MUF of an area of items only is zero by definition",
            )
        )
    return found


def _checked_muf(muf_kg: npt.ArrayLike) -> Floats:
    muf = np.array(muf_kg, dtype=np.float64)
    if muf.ndim != 1 or muf.size == 0:
        raise UsageError(
            f"MUF has shape {muf.shape}; one value for each balance is needed",
            "Give a list of at least one MUF, in order of time.",
        )
    if np.isinf(muf).any():
        first = int(np.flatnonzero(np.isinf(muf))[0])
        raise UsageError(
            f"the MUF of balance {first + 1} is infinite",
            "Give its value in kg, or leave it missing (NaN).",
        )
    return muf


def _covariance(
    errors: ErrorVariables | None, covariance: npt.ArrayLike | None, size: int
) -> Floats:
    if covariance is None and errors is None:
        raise UsageError(
            "neither error sources nor a covariance were given",
            "Without measurement errors nothing can be said about a MUF.",
        )
    if errors is not None and errors.balances != size:
        raise UsageError(
            f"there are {size} values of MUF, but error sources of {errors.balances} balances",
            "Give one MUF for each balance of the error sources, in the same order.",
        )
    if covariance is None:
        assert errors is not None
        covariance = errors.covariance()
    sigma = checked_covariance(covariance)
    if sigma.shape[0] != size:
        raise UsageError(
            f"there are {size} values of MUF, but a covariance of {sigma.shape[0]} balances",
            "Give one MUF for each balance of the covariance, in the same order.",
        )
    return sigma


def _names(labels: Sequence[str] | None, size: int) -> tuple[str, ...]:
    if labels is None:
        return tuple(f"balance {i + 1}" for i in range(size))
    if len(labels) != size:
        raise UsageError(
            f"there are {size} balances, but {len(labels)} labels", "Give one label each."
        )
    return tuple(labels)


def _checked_thresholds(
    thresholds: Mapping[str, Threshold] | None, page_k: float
) -> Mapping[str, Threshold]:
    given = thresholds or {}
    for statistic, threshold in given.items():
        if statistic not in TESTED:
            raise UsageError(
                f"there is no statistic called {statistic!r}", f"Known: {', '.join(TESTED)}."
            )
        if not math.isfinite(threshold.threshold):
            raise UsageError(
                f"the threshold of {statistic} is not a finite number",
                "Compute it, or leave it out.",
            )
        if statistic == "page" and threshold.k is not None and threshold.k != page_k:
            raise UsageError(
                f"the threshold of Page's test is for k = {threshold.k:g}, but k = {page_k:g} is"
                " used",
                "Evaluate with the k that the threshold was computed for.",
            )
    return given


def _active(given: npt.ArrayLike | None, size: int) -> Floats:
    if given is None:
        return np.full(size, np.nan)
    active = np.array(given, dtype=np.float64)
    if active.shape != (size,):
        raise UsageError(
            f"the active inventory has shape {active.shape}, not ({size},)",
            "Give one value for each balance.",
        )
    return active


def _plain(values: Floats) -> list[Any]:
    if not np.isnan(values).any():
        return list(values.tolist())
    plain = values.astype(object)
    plain[np.isnan(values)] = None
    return list(plain.tolist())
