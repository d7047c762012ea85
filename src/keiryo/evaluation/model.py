"""What an evaluation says about a closed balance, and the lines and measurements behind it.

Amounts of the books are exact milligrams. What follows from measurement errors (standard
deviations, probabilities, shares of the variance) is floating-point numbers in kilograms. MUF is
positive when material is missing: PB + increases - decreases - PE (IAEA Safeguards Glossary;
Canada's REGDOC-2.13.1, section 7).
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from keiryo.dates import Period
from keiryo.errors import Finding
from keiryo.evaluation.false_alarms import STANDARD_ALPHA
from keiryo.quantities import Category, format_weight

ELEMENT = "element"
"""Name of the quantity that every category has; the other is the isotope of its fissile weight."""

LISTED = "PIL"
"""Stands for the code of a line of a listing."""

BETWEEN = "between strata"
TERMS = ("PB", "increases", "decreases", "DI", "PE")

CONVENTION = "2"
"""Version of the conventions of the computation; it is recorded with each evaluation."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to evaluate.

    Attributes
    ----------
    alpha : float
        Probability of a false alarm: of each balance by itself, and of each statistic of a
        sequence for the sequence as a whole. From 0.0001 to 0.5; a verdict at another one than
        the standard does not stand for its balance (`keiryo.evaluation.false_alarms`).
    rules : tuple of str
        Shipped sets of limits.
    expected : str or None
        Type of facility whose expected uncertainty stands in where there is no error model.
    realizations : int
        Simulated sequences for the thresholds of MUF, CUMUF and EWMA; 0: conservative ones.
    """

    alpha: float = STANDARD_ALPHA
    rules: tuple[str, ...] = ("general",)
    expected: str | None = None
    realizations: int = 0


class BookLine(NamedTuple):
    """An effective line of one category, as the evaluation reads it from the books.

    `code` is the code of the change, or PIL for a line of a listing; `day` the day of the change
    or of the taking, `reference` the result that gave the weights, if the line names it.
    """

    day: int
    code: str
    act: int
    line: int
    batch: str | None
    uid: str | None
    kmp: str | None
    mdc: str | None
    items: int
    basis: str | None
    element_mg: int
    fissile_mg: int | None
    reference: str | None = None


class Measurement(NamedTuple):
    """One measurement: what two lines must share for their weights to have the same errors.

    Attributes
    ----------
    number : int
    line : BookLine
        The line that first stated it, or the first line seen of a batch that was measured
        before the books knew it.
    original : bool
        Whether that line was measured for itself (basis M or N); otherwise the measurement is
        older than the first line seen.
    after, before : int
        The days of the measurements of the batch before and after this one (YYYYMMDD).
    """

    number: int
    line: BookLine
    original: bool
    after: int
    before: int


class Use(NamedTuple):
    """An amount that enters a balance with a sign, and the measurement that it rests on.

    A shipper/receiver difference makes two of them: the shipper's weight goes out of the book,
    the receiver's comes in.
    """

    balance: int
    term: str
    code: str
    sign: int
    element_mg: int
    fissile_mg: int | None
    measurement: int
    line: BookLine

    def mg(self, quantity: str) -> int:
        """Return the weight of the element, or of the isotope (which must be known)."""
        if quantity == ELEMENT:
            return self.element_mg
        assert self.fissile_mg is not None
        return self.fissile_mg


@dataclass(frozen=True, slots=True)
class Share:
    """The part of the variance of MUF that a source brings in a stratum, or between strata.

    `act` and `line` name the line of the error source in force.
    """

    source: str
    component: str
    stratum: str
    share: float
    act: int | None = None
    line: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the share as plain data."""
        return {
            "source": self.source,
            "component": self.component,
            "stratum": self.stratum,
            "share": self.share,
        }


@dataclass(frozen=True, slots=True)
class LimitTest:
    """A balance held against a limit; `passed` is None where it cannot be computed."""

    name: str
    form: str
    value: float | None
    limit: float | None
    passed: bool | None
    basis: str
    verified: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Return the test as plain data."""
        return {
            "test": self.name,
            "form": self.form,
            "value": self.value,
            "limit": self.limit,
            "passed": self.passed,
            "basis": self.basis,
            "verified": self.verified,
        }


@dataclass(frozen=True, slots=True)
class Amounts:
    """Sums of a balance for one quantity, kg, and what is left when shared measurements cancel.

    `active_kg` is the sum of all amounts that do not cancel, whatever their sign;
    `cancelled_lines` counts those that do.
    """

    by_term_kg: Mapping[str, float]
    active_kg: float
    cancelled_lines: int
    cancelled_kg: float
    exact_kg: float

    @property
    def throughput_kg(self) -> float:
        """The larger of the sums of increases and of decreases."""
        return max(self.by_term_kg["increases"], self.by_term_kg["decreases"])

    @property
    def inventory_kg(self) -> float:
        """The larger of the beginning and the ending inventory."""
        return max(self.by_term_kg["PB"], self.by_term_kg["PE"])


@dataclass(frozen=True, slots=True)
class QuantityEvaluation:
    """MUF of one quantity (the element, or its fissile isotope) and what it means.

    Attributes
    ----------
    quantity : str
        ``"element"``, or the isotope, e.g. ``"U-235"``.
    muf_mg : int
    sigma_kg : float or None
        Standard deviation of MUF; None where the error model does not cover the balance.
    planned : bool
        Whether `sigma_kg` is only what is expected of a facility of its type.
    z, p_loss, p_two_sided : float or None
        MUF in standard deviations; the probability of as much or more without any loss; of as
        much in either direction.
    verdict, statement : str
    assumptions : tuple of str
    shares : tuple of Share
        They add to 1.
    term_shares : mapping of str to float
        The same variance by term of the balance, with what lies between terms; adds to 1.
    tests : tuple of LimitTest
    amounts : Amounts
    goal_kg : float or None
        One significant quantity.
    detection_probability : float or None
        With which a loss of that much would be seen, at the same probability of false alarm.
    """

    quantity: str
    muf_mg: int
    sigma_kg: float | None
    planned: bool
    z: float | None
    p_loss: float | None
    p_two_sided: float | None
    verdict: str
    statement: str
    assumptions: tuple[str, ...]
    shares: tuple[Share, ...]
    term_shares: Mapping[str, float]
    tests: tuple[LimitTest, ...]
    amounts: Amounts
    goal_kg: float | None
    detection_probability: float | None

    @property
    def muf_kg(self) -> float:
        """MUF in kilograms."""
        return self.muf_mg / 1_000_000

    def to_dict(self) -> dict[str, Any]:
        """Return the evaluation as plain data, kilograms as floats and milligrams exact."""
        return {
            "quantity": self.quantity,
            "unit": "kg",
            "muf": self.muf_kg,
            "muf_mg": self.muf_mg,
            "sigma_muf": self.sigma_kg,
            "sigma_is_planning_value": self.planned,
            "z": self.z,
            "p_loss": self.p_loss,
            "p_two_sided": self.p_two_sided,
            "verdict": self.verdict,
            "statement": self.statement,
            "assumptions": list(self.assumptions),
            "shares": [share.to_dict() for share in self.shares],
            "shares_by_term": dict(self.term_shares),
            "tests": [test.to_dict() for test in self.tests],
            "amounts": dict(self.amounts.by_term_kg),
            "active_inventory": self.amounts.active_kg,
            "cancelled_lines": self.amounts.cancelled_lines,
            "cancelled": self.amounts.cancelled_kg,
            "goal_quantity": self.goal_kg,
            "detection_probability": self.detection_probability,
        }


@dataclass(frozen=True, slots=True)
class BalanceEvaluation:
    """What was concluded about one closed balance of a category."""

    mba: str
    category: Category
    period: Period
    element: QuantityEvaluation
    isotope: QuantityEvaluation | None
    findings: tuple[Finding, ...]
    inputs_digest: str

    @property
    def quantities(self) -> tuple[QuantityEvaluation, ...]:
        """The element and, if there is one, the isotope."""
        return (self.element,) if self.isotope is None else (self.element, self.isotope)

    @property
    def worst(self) -> QuantityEvaluation:
        """The quantity with the more serious verdict; of equal ones the element."""
        return min(self.quantities, key=lambda q: VERDICTS.index(q.verdict))

    def to_dict(self) -> dict[str, Any]:
        """Return the evaluation as plain data; the verdict is the worse of both quantities."""
        return {
            "mba": self.mba,
            "category": str(self.category),
            "from": self.period.start.isoformat(),
            "to": self.period.end.isoformat(),
            **self.element.to_dict(),
            "verdict": self.worst.verdict,
            "element_verdict": self.element.verdict,
            "isotope": None if self.isotope is None else self.isotope.to_dict(),
            "inputs_digest": self.inputs_digest,
        }

    def words(self) -> str:
        """Return MUF in the unit of reports, e.g. ``"812.346 g"``."""
        unit = self.category.unit
        return f"{format_weight(self.element.muf_mg, unit)} {unit}"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The closed balances of a category of an area, one after the other.

    `through_act` is the last act that could have changed the answer; `sequence` holds the
    statistics of the sequence as plain data, None for one balance. `sequence_verdict` and
    `sequence_statement` say what its alarms mean.
    """

    mba: str
    category: Category
    balances: tuple[BalanceEvaluation, ...]
    sequence: Mapping[str, Any] | None
    findings: tuple[Finding, ...]
    as_known: str | None
    through_act: int
    sequence_verdict: str | None = None
    sequence_statement: str | None = None

    @property
    def verdict(self) -> str:
        """The most serious of the last balance and the sequence."""
        found = (self.last.worst.verdict, self.sequence_verdict or VERDICTS[-1])
        return min(found, key=VERDICTS.index)

    @property
    def last(self) -> BalanceEvaluation:
        """The last balance, which the verdict is about."""
        return self.balances[-1]

    def to_dict(self) -> dict[str, Any]:
        """Return the evaluation as plain data: the last balance, then all of them."""
        last = self.last
        return {
            "mba": self.mba,
            "category": str(self.category),
            "period": {"from": str(last.period.start), "to": str(last.period.end)},
            "as_known": self.as_known,
            "through_act": self.through_act,
            "balances": [balance.to_dict() for balance in self.balances],
            **last.element.to_dict(),
            "verdict": self.verdict,
            "element_verdict": last.element.verdict,
            "sequence_verdict": self.sequence_verdict,
            "sequence_statement": self.sequence_statement,
            "isotope": None if last.isotope is None else last.isotope.to_dict(),
            "sequence": None if self.sequence is None else dict(self.sequence),
        }


VERDICTS = (
    "ITEMS-DIFFER",
    "LIMIT-EXCEEDED",
    "LOSS-INDICATED",
    "GAIN-INDICATED",
    "SIGMA-TOO-LARGE",
    "NOT-EVALUATED",
    "WITHIN-ERROR",
    "ITEMS-AGREE",
)
"""Codes of the verdict, the most serious first."""

VERDICT_WORDS = {
    "ITEMS-DIFFER": "the sealed items listed are not those on the book, or have other weights",
    "LIMIT-EXCEEDED": "a limit is exceeded",
    "LOSS-INDICATED": "more is missing than is likely by measurement error alone",
    "GAIN-INDICATED": "more was found than is likely by measurement error alone",
    "SIGMA-TOO-LARGE": "nothing indicates a loss, but the measurements are not good enough",
    "NOT-EVALUATED": "not evaluated: the standard deviation of MUF is not known",
    "WITHIN-ERROR": "the difference is within measurement error",
    "ITEMS-AGREE": "the items listed are those on the book, with the same weights",
}


def day_text(number: int) -> str:
    """Return a day YYYYMMDD as ISO text."""
    return f"{number // 10_000:04d}-{number // 100 % 100:02d}-{number % 100:02d}"


def number_day(number: int) -> datetime.date:
    """Return a day YYYYMMDD as a date."""
    return datetime.date(number // 10_000, number // 100 % 100, number % 100)
