"""What if the measurements were better, or more of them, or the test another one.

The balances of an area are propagated once more with standard deviations, numbers of samples and
analyses, and a false-alarm probability that somebody wants to try; a hypothetical loss is held
against the errors as they are and as they would be. Nothing is recorded, and nothing is computed
in another way than in the evaluation itself.

Source: error propagation of `keiryo.evaluation.propagation` (NUREG/CR-4604); detection probability
of one balance Φ(L/σ - z(1-α)) and of Page's test for a sequence (`keiryo.material_balance`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from sqlalchemy import Connection, MetaData

from keiryo.accounts.model import Knowledge
from keiryo.accounts.tables import resolved
from keiryo.errors import Finding, Severity, UsageError
from keiryo.evaluation.conclusion import Question, conclude
from keiryo.evaluation.false_alarms import LEAST_ALPHA, MOST_ALPHA, STANDARD_ALPHA
from keiryo.evaluation.items import AreaItems, by_balance, closed_periods, read_items
from keiryo.evaluation.model import ELEMENT, QuantityEvaluation, Use
from keiryo.evaluation.propagation import Propagated, propagate
from keiryo.evaluation.service import measurement_model
from keiryo.evaluation.strata import Coverage, MeasurementModel
from keiryo.material_balance.detection import detectable_loss, detection
from keiryo.material_balance.error_variables import Floats
from keiryo.measurement.model import ErrorSource, StratumMethod
from keiryo.places.tables import area
from keiryo.quantities import Category

Line = tuple[int, int]
"""Act and line of what is in force."""

ISOTOPE = "isotope"
"""The quantity that is not the element, whichever isotope it is."""

TARGET = 0.95
"""Detection probability for which the smallest loss is told."""

MOST_REPEATS = 1_000
MOST_SEQUENCE = 400
"""Balances of the longest sequence for which Page's test is computed at once."""

UNLIKELY_SD = 0.5
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{0,12})?|\.[0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class Basis:
    """The balances of a category of an area, and what is known of their measurements.

    Attributes
    ----------
    model : MeasurementModel
    items : AreaItems
    quantities : tuple of str
        The element and, where the last balance states it throughout, the isotope.
    as_it_is : tuple of Propagated
        The errors as they are, of each quantity.
    """

    model: MeasurementModel
    items: AreaItems
    quantities: tuple[str, ...]
    as_it_is: tuple[Propagated, ...]

    @property
    def sources(self) -> tuple[ErrorSource, ...]:
        """The lines of error sources that count in any balance, by name and first day."""
        found = {(s.act, s.line): s for errors in self.as_it_is for s in errors.names.values()}
        return tuple(sorted(found.values(), key=lambda s: (s.source, s.act, s.line)))

    @property
    def strata(self) -> tuple[StratumMethod, ...]:
        """The strata whose number of samples and analyses counts: those that are measured."""
        used = {stratum for errors in self.as_it_is for stratum in errors.errors.strata}
        return tuple(m for m in self.model.methods if m.stratum in used and not m.items_only)

    def coverage(self, model: MeasurementModel) -> Coverage:
        """Return which stratum and sources each measurement has by a model."""
        items = self.items
        return Coverage(model, items.measurements, items.uses, items.pits[0])


@dataclass(frozen=True, slots=True)
class Change:
    """What would be otherwise.

    Attributes
    ----------
    relative_sd, absolute_sd_kg : mapping
        Standard deviations, one sigma, by act and line of the error source.
    samples, analyses : mapping
        Numbers by act and line of the stratum.
    alpha : float
        Probability of a false alarm.
    loss_kg : mapping
        Loss from each balance, of ``"element"`` and of ``"isotope"``; where there is none, one
        significant quantity.
    """

    relative_sd: Mapping[Line, float] = field(default_factory=dict)
    absolute_sd_kg: Mapping[Line, float] = field(default_factory=dict)
    samples: Mapping[Line, int] = field(default_factory=dict)
    analyses: Mapping[Line, int] = field(default_factory=dict)
    alpha: float = STANDARD_ALPHA
    loss_kg: Mapping[str, float] = field(default_factory=dict)

    def loss(self, quantity: str) -> float | None:
        """Return the loss of a quantity, kg; None: one significant quantity."""
        return self.loss_kg.get(ELEMENT if quantity == ELEMENT else ISOTOPE)

    def applied(self, model: MeasurementModel) -> MeasurementModel:
        """Return the model of the measurements as it would be."""

        def source(one: ErrorSource) -> ErrorSource:
            at = (one.act, one.line)
            return replace(
                one,
                relative_sd=self.relative_sd.get(at, one.relative_sd),
                absolute_sd_kg=self.absolute_sd_kg.get(at, one.absolute_sd_kg),
            )

        def method(one: StratumMethod) -> StratumMethod:
            at = (one.act, one.line)
            return replace(
                one,
                samples=self.samples.get(at, one.samples),
                analyses=self.analyses.get(at, one.analyses),
            )

        return replace(
            model,
            sources={name: tuple(map(source, lines)) for name, lines in model.sources.items()},
            methods=tuple(map(method, model.methods)),
        )


@dataclass(frozen=True, slots=True)
class Judged:
    """What can be said of one quantity of one balance with certain measurements.

    Attributes
    ----------
    sigma_kg : float or None
        Standard deviation of MUF; None where the error model does not cover the balance.
    z : float or None
        MUF in standard deviations.
    threshold_kg : float or None
        The MUF above which a loss is indicated.
    loss_kg : float or None
        The loss that is held against it.
    detection_probability : float or None
        With which that loss is seen in this balance.
    detectable_kg : float or None
        Loss that is seen with a probability of 95 %.
    goal_kg, goal_probability : float or None
        One significant quantity, and with which probability its loss is seen.
    sequence_probability, sequence_threshold : float or None
        Of Page's test, if that much is lost from each balance of a sequence.
    """

    sigma_kg: float | None
    z: float | None
    threshold_kg: float | None
    loss_kg: float | None
    detection_probability: float | None
    detectable_kg: float | None
    goal_kg: float | None
    goal_probability: float | None
    sequence_probability: float | None
    sequence_threshold: float | None


@dataclass(frozen=True, slots=True)
class Compared:
    """One quantity of one balance, as it is and as it would be.

    Attributes
    ----------
    quantity : str
    muf_mg : int
    before, after : Judged
        Both for the same loss; `before` at the false-alarm probability of the evaluation.
    """

    quantity: str
    muf_mg: int
    before: Judged
    after: Judged


def read_basis(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    category: str,
    *,
    knowledge: Knowledge | None = None,
) -> Basis:
    """Read the closed balances of a category of an area, with their measurements.

    Raises
    ------
    NotFoundError
        If the area is not registered.
    UsageError
        If there is no closed balance, or no such category.
    """
    if category not in list(Category):
        raise UsageError(f"{category!r} is no category", "Give N, D, E, U, P or T.")
    seen = resolved(connection, metadata, knowledge or Knowledge())
    place = area(connection, metadata, mba)
    periods = closed_periods(connection, metadata, mba, None, None, seen)
    model = measurement_model(connection, metadata, mba, place.type, seen)
    items = read_items(
        connection, metadata, mba, Category(category), periods, seen, model.result_days()
    )
    isotopes = {name for name in items.isotopes if name is not None}
    quantities = (ELEMENT, *isotopes) if len(isotopes) == 1 else (ELEMENT,)
    coverage = Coverage(model, items.measurements, items.uses, items.pits[0])
    errors = tuple(propagate(items, coverage, quantity) for quantity in quantities)
    return Basis(model, items, quantities, errors)


def what_if(
    basis: Basis, change: Change, *, number: int = -1, alpha: float = 0.05
) -> tuple[Compared, ...]:
    """Return what a change of the measurements or of the test would buy.

    Parameters
    ----------
    basis : Basis
    change : Change
    number : int
        The balance; default: the last.
    alpha : float
        Probability of a false alarm as it is.

    Returns
    -------
    tuple of Compared
        The element, and the isotope if the balance states it.
    """
    place = number % len(basis.items.periods)
    model = change.applied(basis.model)
    coverage = basis.coverage(model)
    found = []
    for quantity, errors in zip(basis.quantities, basis.as_it_is, strict=True):
        if quantity != ELEMENT and basis.items.isotopes[place] is None:
            continue
        loss = change.loss(quantity)
        changed = propagate(basis.items, coverage, quantity)
        before = _judged(basis, errors, place, alpha, loss)
        after = _judged(basis, changed, place, change.alpha, loss)
        found.append(Compared(quantity, _muf_mg(basis.items, quantity, place), before, after))
    return tuple(found)


def _judged(
    basis: Basis, errors: Propagated, number: int, alpha: float, loss_kg: float | None
) -> Judged:
    covariance = errors.errors.covariance()
    told = _concluded(basis, errors, number, alpha, float(covariance[number, number]))
    loss = told.goal_kg if loss_kg is None else loss_kg
    sigma = told.sigma_kg
    if not sigma:
        return Judged(
            sigma, None, None, loss, None, None, told.goal_kg, None, None, None
        )  # fmt: skip
    variance = np.array([[sigma**2]])
    single = detection([loss or 0.0], variance, "single", alpha=alpha)
    detectable = None
    if alpha < TARGET:
        detectable = detectable_loss(
            [1.0], variance, "single", probability=TARGET, alpha=alpha
        )  # fmt: skip
    sequence = None if loss is None else _sequence(errors, covariance, loss, alpha)
    return Judged(
        sigma,
        told.z,
        single.threshold * sigma,
        loss,
        None if loss is None else single.probability,
        detectable,
        told.goal_kg,
        told.detection_probability,
        *(sequence or (None, None)),
    )


def _sequence(
    errors: Propagated, covariance: Floats, loss_kg: float, alpha: float
) -> tuple[float, float] | None:
    """Return detection probability and threshold of Page's test, if there is a sequence."""
    count = covariance.shape[0]
    if not 2 <= count <= MOST_SEQUENCE or any(errors.uncovered):
        return None
    try:
        found = detection(np.full(count, loss_kg), covariance, "page", alpha=alpha)
    except UsageError:  # a balance has no error of its own: nothing can be tested
        return None
    return found.probability, found.threshold


def _concluded(
    basis: Basis, errors: Propagated, number: int, alpha: float, variance_kg2: float
) -> QuantityEvaluation:
    """Return what the evaluation says of a balance by itself, without any limits."""
    items = basis.items
    uses: tuple[Use, ...] = tuple(by_balance(items.uses, len(items.periods))[number])
    question = Question(
        items.mba, items.category, errors.quantity, items.periods[number],
        _muf_mg(items, errors.quantity, number), uses, alpha, (), None, basis.model.items_only,
        isotope=items.isotopes[number], balances=len(items.periods),
    )  # fmt: skip
    return conclude(question, errors, number, variance_kg2)


def _muf_mg(items: AreaItems, quantity: str, number: int) -> int:
    total = items.muf[number]
    return total.element_mg if quantity == ELEMENT else total.fissile_mg or 0


# --- what somebody typed --------------------------------------------------------------------------


def field_name(what: str, at: Line) -> str:
    """Return the name of a field: ``sd``, ``absolute``, ``samples`` or ``analyses`` of a line."""
    return f"{what}-{at[0]}-{at[1]}"


def read_change(basis: Basis, texts: Mapping[str, str]) -> tuple[Change, list[Finding]]:
    """Return the change that somebody typed, and what makes no sense in it.

    Parameters
    ----------
    basis : Basis
    texts : mapping
        By field (`field_name`; ``alpha``, ``loss-element``, ``loss-isotope``): relative standard
        deviations and alpha in per cent, absolute ones in grams, losses in kg. What is empty stays
        as it is.

    Returns
    -------
    Change
        Without the values that cannot be used.
    list of Finding
        The field is named by ``cell``; those of severity F were left out.
    """
    findings: list[Finding] = []
    relative: dict[Line, float] = {}
    absolute: dict[Line, float] = {}
    for source in basis.sources:
        at = (source.act, source.line)
        name = field_name("sd", at)
        value = _number(texts, name, findings)
        if value is not None and _below(value, 100.0, name, findings):
            relative[at] = value / 100.0
            if relative[at] >= UNLIKELY_SD:
                findings.append(_unlikely(name, f"{value:g} % is half of the amount or more"))
        grams = _number(texts, field_name("absolute", at), findings)
        if grams is not None:
            absolute[at] = grams / 1_000.0
    counts: dict[str, dict[Line, int]] = {"samples": {}, "analyses": {}}
    for method in basis.strata:
        at = (method.act, method.line)
        for what, found in counts.items():
            count = _count(texts, field_name(what, at), findings)
            if count is not None:
                found[at] = count
    alpha = _alpha(texts, findings)
    loss: dict[str, float] = {}
    for quantity, errors in zip((ELEMENT, ISOTOPE), basis.as_it_is, strict=False):
        name = f"loss-{quantity}"
        kg = _number(texts, name, findings)
        held = max((a.active_kg for a in errors.amounts), default=0.0)
        if kg is not None:
            loss[quantity] = kg
            if held and kg > held:
                findings.append(_unlikely(name, f"{kg:g} kg is more than any balance held"))
    change = Change(relative, absolute, counts["samples"], counts["analyses"], alpha, loss)
    return change, findings


def usable(findings: Iterable[Finding]) -> bool:
    """Return whether everything that was typed can be computed with."""
    return all(f.severity is not Severity.FORMAT for f in findings)


def _number(texts: Mapping[str, str], name: str, findings: list[Finding]) -> float | None:
    text = texts.get(name, "").strip()
    if not text:
        return None
    if text.startswith("-") and _NUMBER.fullmatch(text[1:].strip()):
        findings.append(_wrong(name, f"{text[:20]} is less than nothing", "zero or more"))
        return None
    if _NUMBER.fullmatch(text) is None:
        findings.append(_wrong(name, f"{text[:20]!r} is no number that can be used", "e.g. 0.05"))
        return None
    return float(text)


def _count(texts: Mapping[str, str], name: str, findings: list[Finding]) -> int | None:
    text = texts.get(name, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text[:9]) <= MOST_REPEATS:
        findings.append(
            _wrong(name, f"{text[:20]!r} is no number of measurements", f"1 to {MOST_REPEATS}")
        )
        return None
    return int(text)


def _alpha(texts: Mapping[str, str], findings: list[Finding]) -> float:
    value = _number(texts, "alpha", findings)
    if value is None:
        return Change().alpha
    least, most = 100.0 * LEAST_ALPHA, 100.0 * MOST_ALPHA
    if not least <= value <= most:
        said = f"{value:g} % is no probability of a false alarm"
        findings.append(_wrong("alpha", said, f"per cent from {least:g} to {most:g}, e.g. 5"))
        return Change().alpha
    if value >= most:
        findings.append(_unlikely("alpha", f"with {value:g} % every second alarm is false"))
    return value / 100.0


def _below(value: float, limit: float, name: str, findings: list[Finding]) -> bool:
    if value < limit:
        return True
    said = f"a relative standard deviation of {value:g} % is not below {limit:g} %"
    findings.append(_wrong(name, said, "per cent of the amount, one sigma, e.g. 0.05"))
    return False


def _wrong(name: str, message: str, expected: str) -> Finding:
    return Finding(
        "WHAT-IF-VALUE", Severity.FORMAT, message, f"Give {expected}; or leave it as it is.",
        cell=name, expected=expected, basis="Choice of keiryo",
    )  # fmt: skip


def _unlikely(name: str, message: str) -> Finding:
    return Finding(
        "WHAT-IF-UNLIKELY", Severity.WARNING, message,
        "It is computed as it was asked; look whether the unit is the right one.",
        cell=name, basis="Choice of keiryo",
    )  # fmt: skip
