"""Shipper–receiver differences: one batch at a time, and their sum under shared errors.

S − R of a batch is compared with the errors of both parties. The sum over many shipments grows
with the systematic errors, which all of them share: twelve like shipments have nearly twelve
times the standard deviation of one, not √12 times. Where both parties weigh or calibrate against
one standard, its error is in both values and cancels.

Source: shipper-receiver evaluation of international safeguards; propagation of shared errors.
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
from keiryo.inspection.difference_model import Errors, Floats
from keiryo.inspection.limits import MAX_KG, check_alpha
from keiryo.inspection.list_files import list_finding, shortened

BASIS = "Shipper-receiver difference"


@dataclass(frozen=True, slots=True)
class ShipperReceiver:
    """Differences of shipments, each and cumulated in the order given.

    Attributes
    ----------
    batch : tuple of str
    shipper_kg, receiver_kg, difference_kg, sigma_kg, ratio, p_value : array of float, shape (B,)
        The p value is two-sided.
    sigma_shipper_kg, sigma_receiver_kg : array of float, shape (B,)
    cumulative_kg, cumulative_sigma_kg, cumulative_ratio : array of float, shape (B,)
    alpha, limit : float
        |ratio| above the limit has probability alpha if only measurement errors are at work.
    findings : tuple of Finding
    """

    batch: tuple[str, ...]
    shipper_kg: Floats
    receiver_kg: Floats
    difference_kg: Floats
    sigma_shipper_kg: Floats
    sigma_receiver_kg: Floats
    sigma_kg: Floats
    ratio: Floats
    p_value: Floats
    cumulative_kg: Floats
    cumulative_sigma_kg: Floats
    cumulative_ratio: Floats
    alpha: float
    limit: float
    findings: tuple[Finding, ...]

    def rows(self) -> list[dict[str, Any]]:
        """Return one row for each shipment."""
        names = [n for n in self.__slots__ if n not in ("batch", "alpha", "limit", "findings")]
        return [
            {
                "batch": batch,
                **{name: _number(getattr(self, name)[n]) for name in names},
                "flagged": bool(abs(self.ratio[n]) > self.limit),
                "better": self._better(n),
            }
            for n, batch in enumerate(self.batch)
        ]

    def _better(self, n: int) -> str:
        """Say whose value is the better measured one."""
        receiver = self.sigma_receiver_kg[n] < self.sigma_shipper_kg[n]
        return "receiver" if receiver else "shipper"

    def to_dict(self) -> dict[str, Any]:
        """Return the evaluation as plain data, without its findings."""
        last = len(self.batch) - 1
        return {
            "alpha": self.alpha,
            "side": "two-sided",
            "limit": self.limit,
            "cumulative_kg": float(self.cumulative_kg[last]) if self.batch else None,
            "cumulative_sigma_kg": _number(self.cumulative_sigma_kg[last]) if self.batch else None,
            "cumulative_ratio": _number(self.cumulative_ratio[last]) if self.batch else None,
            "shipments": self.rows(),
        }


def evaluate_shipments(
    shipper_kg: npt.ArrayLike,
    receiver_kg: npt.ArrayLike,
    shipper: Errors,
    receiver: Errors,
    *,
    items: Sequence[int] | None = None,
    batches: Sequence[str] | None = None,
    shared_sd: float = 0.0,
    shipper_epoch: Sequence[str | None] | None = None,
    receiver_epoch: Sequence[str | None] | None = None,
    alpha: float = 0.05,
    file: str | None = None,
    lines: Sequence[int] | None = None,
) -> ShipperReceiver:
    """Evaluate the differences between shippers' and receivers' values.

    Parameters
    ----------
    shipper_kg, receiver_kg : array of float, shape (B,)
        Content of each shipment by both parties, kg.
    shipper, receiver : Errors
        Relative standard deviations of one item's measurement.
    items : sequence of int, optional
        Items of each shipment, measured one by one and of about one size. 1 without it.
    batches : sequence of str, optional
    shared_sd : float
        Relative standard deviation of an error that is in both values (one reference standard),
        a part of both systematic errors.
    shipper_epoch, receiver_epoch : sequence of str, optional
        Calibration epoch, within which shipments share the systematic error; for all or for none.
    alpha : float
        Two-sided, of one shipment.
    file, lines : optional
        Where the shipments stand, for findings.

    Returns
    -------
    ShipperReceiver
        Without shipments, and with findings that say why, if the input cannot be used.

    Raises
    ------
    UsageError
        If alpha or an error makes no sense, or `shared_sd` is larger than a systematic error.
    """
    _check_errors(shipper, receiver, shared_sd, alpha)
    s, r = np.asarray(shipper_kg, np.float64), np.asarray(receiver_kg, np.float64)
    names = tuple(batches) if batches is not None else tuple(str(n + 1) for n in range(s.size))
    count = np.asarray(items if items is not None else np.ones(s.size), dtype=np.float64)
    epochs = (("shipper", shipper_epoch), ("receiver", receiver_epoch))
    findings = _checked(s, r, count, names, epochs, file, lines)
    if findings:
        s, r, count, names = np.zeros(0), np.zeros(0), np.zeros(0), ()
    random_s, random_r = (s * shipper.random) ** 2 / count, (r * receiver.random) ** 2 / count
    own_s, own_r = (max(0.0, e.systematic**2 - shared_sd**2) for e in (shipper, receiver))
    difference = s - r
    own = s**2 * own_s + r**2 * own_r
    sigma = np.sqrt(random_s + random_r + own + (difference * shared_sd) ** 2)
    ratio, running = _ratio(difference, sigma), np.cumsum(difference)
    total = np.cumsum(random_s + random_r) + (running * shared_sd) ** 2
    total += own_s * _shared_square(s, shipper_epoch if names else None)
    total += own_r * _shared_square(r, receiver_epoch if names else None)
    evaluated = ShipperReceiver(
        names, s, r, difference, np.sqrt(random_s + (s * shipper.systematic) ** 2),
        np.sqrt(random_r + (r * receiver.systematic) ** 2), sigma, ratio,
        2 * special.ndtr(-np.abs(ratio)), running, np.sqrt(total),
        _ratio(running, np.sqrt(total)), alpha, -float(special.ndtri(alpha / 2)), tuple(findings),
    )  # fmt: skip
    return _with_verdict(evaluated, file, lines)


def _shared_square(values: Floats, epoch: Sequence[str | None] | None) -> Floats:
    """Return after each shipment Σ over epochs of (Σ x)²."""
    if epoch is None or not any(epoch):
        found: Floats = np.cumsum(values) ** 2
        return found
    sums: dict[str | None, float] = {}
    total, squares = 0.0, np.zeros(values.size)
    for n, (value, name) in enumerate(zip(values, epoch, strict=True)):
        before = sums.get(name, 0.0)
        sums[name] = before + value
        total += sums[name] ** 2 - before**2
        squares[n] = total
    return squares


def _ratio(values: Floats, sigma: Floats) -> Floats:
    found: Floats = np.divide(values, sigma, out=np.full(sigma.shape, np.nan), where=sigma > 0)
    return found


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _check_errors(shipper: Errors, receiver: Errors, shared: float, alpha: float) -> None:
    check_alpha(alpha)
    given = (shipper.random, shipper.systematic, receiver.random, receiver.systematic, shared)
    for value in given:
        if not 0 <= value <= 1:
            words = f"{value} is no relative standard deviation"
            raise UsageError(words, "Give it as a fraction, e.g. 0.0005 for 0.05 %.")
    if shared > min(shipper.systematic, receiver.systematic):
        words = f"the shared error {shared} is larger than a systematic error that contains it"
        raise UsageError(words, "The systematic errors include what both parties share.")


def _checked(
    shipper: Floats,
    receiver: Floats,
    count: Floats,
    names: Sequence[str],
    epochs: Sequence[tuple[str, Sequence[str | None] | None]],
    file: str | None,
    lines: Sequence[int] | None,
) -> list[Finding]:
    if not (shipper.shape == receiver.shape == count.shape == (len(names),)):
        words = "shippers' values, receivers' values, items and names differ in number"
        return [list_finding("LIST-ROW", words, "Give one of each for every shipment.", file)]
    if not names:
        return [list_finding("LIST-EMPTY", "there is no shipment", "Give at least one.", file)]
    found: list[Finding] = []
    seen: set[str] = set()
    for n, name in enumerate(names):
        line = lines[n] if lines is not None else None
        for party, values in (("shipper", shipper), ("receiver", receiver)):
            if not 0 <= values[n] <= MAX_KG:
                words = f"the {party}'s value of {name} is {values[n]:g} kg"
                advice = f"Give a content in kg, from 0 to {MAX_KG:g}."
                found.append(list_finding("LIST-NUMBER", words, advice, file, line))
        if not count[n] >= 1:
            words = f"{name} has {count[n]:g} items"
            advice = "Give the number of items that were measured, at least 1."
            found.append(list_finding("LIST-NUMBER", words, advice, file, line))
        if name in seen:
            words = f"the shipment {name} is there already"
            found.append(list_finding("LIST-TWICE", words, "Give it once.", file, line))
        seen.add(name)
    for party, given in epochs:
        found += _unnamed_epochs(party, given, names, file, lines)
    return list(shortened(found, file or ""))


def _unnamed_epochs(
    party: str,
    epochs: Sequence[str | None] | None,
    names: Sequence[str],
    file: str | None,
    lines: Sequence[int] | None,
) -> list[Finding]:
    """Say which shipments have no epoch where others have one."""
    if epochs is None or not any(epochs):
        return []
    if len(epochs) != len(names):
        words = f"{len(epochs)} {party}'s epochs and {len(names)} shipments differ in number"
        return [list_finding("LIST-ROW", words, "Give one for every shipment.", file)]
    words = f"{party}_epoch is empty, while other shipments have one"
    advice = "Name the calibration epoch of every shipment, or of none."
    return [
        list_finding(
            "LIST-VALUE-MISSING", words, advice, file, lines[n] if lines is not None else None
        )
        for n, epoch in enumerate(epochs)
        if not epoch
    ]


def _not_computable(untested: Sequence[str], count: int, file: str | None) -> Finding:
    all_of_them = len(untested) == count
    which = "any shipment" if all_of_them else ", ".join(untested[:5])
    more = "" if all_of_them or len(untested) <= 5 else f" and {len(untested) - 5} more"
    return Finding(
        "TESTS-NOT-COMPUTABLE",
        Severity.INCONSISTENCY if all_of_them else Severity.WARNING,
        f"there is no standard deviation above 0 for the difference of {which}{more}, so it is not "
        "tested",
        "Give the standard deviations of both parties, and weights above 0.",
        file=file,
        basis=BASIS,
    )


def _with_verdict(
    evaluated: ShipperReceiver, file: str | None, lines: Sequence[int] | None
) -> ShipperReceiver:
    found = list(evaluated.findings)
    limit = evaluated.limit
    said = f"limit {limit:.2f}, two-sided, alpha {evaluated.alpha:g}"
    untested = [b for n, b in enumerate(evaluated.batch) if not evaluated.sigma_kg[n] > 0]
    if untested:
        found.append(_not_computable(untested, len(evaluated.batch), file))
    for n, batch in enumerate(evaluated.batch):
        if abs(evaluated.ratio[n]) > limit:
            words = (
                f"shipper and receiver of {batch} differ by {evaluated.difference_kg[n]:.6g} kg, "
                f"{abs(evaluated.ratio[n]):.2f} standard deviations ({said})"
            )
            advice = (
                "Both parties look into weighing, sampling and analysis of this shipment. Of "
                f"{len(evaluated.batch)} shipments, {evaluated.alpha * len(evaluated.batch):.2g} "
                "are expected here by chance."
            )
            line = lines[n] if lines is not None else None
            found.append(
                Finding(
                    "SHIPMENT-DIFFERENCE",
                    Severity.INCONSISTENCY,
                    words,
                    advice,
                    file=file,
                    line=line,
                    basis=BASIS,
                )
            )
    if evaluated.batch and abs(evaluated.cumulative_ratio[-1]) > limit:
        words = (
            f"the differences add up to {evaluated.cumulative_kg[-1]:.6g} kg, "
            f"{abs(evaluated.cumulative_ratio[-1]):.2f} standard deviations ({said})"
        )
        advice = "Compare standards: a lasting bias between the parties, or a continuing loss."
        found.append(
            Finding("SHIPMENT-TREND", Severity.INCONSISTENCY, words, advice, file=file, basis=BASIS)
        )
    return replace(evaluated, findings=tuple(found))
