"""Evaluates closed balances of an area: from lines of the books to a verdict.

One balance is a sequence of one. Several are put together with all that they share: a closing
inventory that is measured once and stands in two balances, calibrations that last, reference
standards. The tests of the sequence are those of `keiryo.material_balance`.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from sqlalchemy import Connection, MetaData, func, select

from keiryo.accounts.balance import computed_lines
from keiryo.accounts.model import Knowledge
from keiryo.accounts.tables import (
    INVENTORY_CHANGE,
    PHYSICAL_INVENTORY,
    REPORTED_BALANCE,
    known,
    resolved,
)
from keiryo.dates import Period
from keiryo.errors import Finding, Severity, UsageError
from keiryo.evaluation.conclusion import Question, amount, conclude
from keiryo.evaluation.items import AreaItems, by_balance, closed_periods, read_items
from keiryo.evaluation.limits import Limit, expected_fraction, recorded_limits, shipped_limits
from keiryo.evaluation.model import (
    CONVENTION,
    ELEMENT,
    BalanceEvaluation,
    Evaluation,
    Measurement,
    QuantityEvaluation,
)
from keiryo.evaluation.origins import batches_of
from keiryo.evaluation.propagation import MG_PER_KG, Propagated, Uncovered, propagate
from keiryo.evaluation.recorded import recorded_digest
from keiryo.evaluation.strata import Coverage, MeasurementModel
from keiryo.evaluation.tables import EVALUATION_LIMIT
from keiryo.material_balance.error_variables import MAX_BALANCES
from keiryo.measurement.in_force import (
    calibrations,
    error_sources,
    measurement_results,
    stratum_methods,
)
from keiryo.measurement.tables import (
    CALIBRATION,
    ERROR_SOURCE,
    MEASUREMENT_RESULT,
    STRATUM_METHOD,
)
from keiryo.places.tables import area
from keiryo.quantities import Category
from keiryo.storage.engine import Database

_FIRST = (Category.ENRICHED,)


@dataclass(frozen=True, slots=True)
class Options:
    """How to evaluate.

    Attributes
    ----------
    alpha : float
        Probability of a false alarm: of one balance, and of a whole sequence.
    rules : tuple of str
        Shipped sets of limits.
    expected : str or None
        Type of facility whose expected uncertainty stands in where there is no error model.
    """

    alpha: float = 0.05
    rules: tuple[str, ...] = ("general",)
    expected: str | None = None


def evaluate_balance(
    database: Database,
    mba: str,
    *,
    category: str | None = None,
    start: datetime.date | None = None,
    end: datetime.date | None = None,
    knowledge: Knowledge | None = None,
    options: Options | None = None,
) -> tuple[Evaluation, ...]:
    """Evaluate the closed balances of an area.

    Parameters
    ----------
    database : Database
    mba : str
    category : str, optional
        Default: all that the balances have, the main one first (enriched uranium if present).
    start, end : datetime.date, optional
        Only balances within these days; default: all that a taking ended.
    knowledge : Knowledge, optional
        Default: everything recorded.
    options : Options, optional

    Returns
    -------
    tuple of Evaluation
        One for each category.

    Raises
    ------
    NotFoundError
        If the area is not registered.
    UsageError
        If there is no closed balance, or the category or a rule is none.
    """
    with database.reading() as connection:
        return evaluate_area(
            connection,
            database.metadata,
            mba,
            category=category,
            start=start,
            end=end,
            knowledge=knowledge,
            options=options,
        )


def evaluate_area(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    *,
    category: str | None = None,
    start: datetime.date | None = None,
    end: datetime.date | None = None,
    knowledge: Knowledge | None = None,
    options: Options | None = None,
) -> tuple[Evaluation, ...]:
    """Evaluate the closed balances of an area within an open transaction."""
    chosen = options or Options()
    if not 0.0 < chosen.alpha < 1.0:
        raise UsageError(f"{chosen.alpha} is no probability", "Give alpha between 0 and 1.")
    asked = knowledge or Knowledge()
    seen = resolved(connection, metadata, asked)
    place = area(connection, metadata, mba)
    periods = closed_periods(connection, metadata, mba, start, end, seen)
    if len(periods) > MAX_BALANCES:
        raise UsageError(f"{mba} has {len(periods)} balances", "Give --from and --to.")
    model = measurement_model(connection, metadata, mba, place.type, seen)
    present = _categories(connection, metadata, mba, periods, seen)
    wanted = present if category is None else [_category(category, present, mba)]
    frame = _Frame(connection, metadata, mba, periods, seen, asked, model, chosen)
    return tuple(frame.evaluate(letter) for letter in wanted)


def measurement_model(
    connection: Connection, metadata: MetaData, mba: str, kind: str | None, knowledge: Knowledge
) -> MeasurementModel:
    """Return what is known of the measurements of an area."""
    methods = stratum_methods(connection, metadata, mba, knowledge)
    results = sorted(
        measurement_results(connection, metadata, mba, knowledge),
        key=lambda r: (r.batch, r.measured_on, r.act, r.line),
    )
    dated = calibrations(connection, metadata, knowledge)
    by_method = groupby(sorted(dated, key=lambda c: c.method), key=lambda c: c.method)
    return MeasurementModel(
        error_sources(connection, metadata, knowledge),
        methods,
        {batch: tuple(found) for batch, found in groupby(results, key=lambda r: r.batch)},
        {method: tuple(found) for method, found in by_method},
        all(m.items_only for m in methods) if methods else kind == "item",
    )


@dataclass(frozen=True, slots=True)
class _Frame:
    """What the evaluations of all categories of an area have in common."""

    connection: Connection
    metadata: MetaData
    mba: str
    periods: tuple[Period, ...]
    seen: Knowledge
    asked: Knowledge
    model: MeasurementModel
    options: Options

    def evaluate(self, category: Category) -> Evaluation:
        """Evaluate one category."""
        items = read_items(
            self.connection, self.metadata, self.mba, category, self.periods, self.seen,
            self.model.result_days(),
        )  # fmt: skip
        coverage = Coverage(self.model, items.measurements, items.uses, items.pits[0])
        element = self._quantity(items, coverage, ELEMENT)
        isotopes = sorted({name for name in items.isotopes if name is not None})
        isotope = self._quantity(items, coverage, isotopes[0]) if len(isotopes) == 1 else None
        balances = []
        digests = inputs_digests(items, coverage)
        for number in range(len(self.periods)):
            has = isotope is not None and items.isotopes[number] is not None
            balances.append(
                BalanceEvaluation(
                    self.mba,
                    category,
                    self.periods[number],
                    element.balances[number],
                    isotope.balances[number] if isotope is not None and has else None,
                    tuple(self._findings(items, element, isotope if has else None, number)),
                    digests[number],
                )
            )
        findings = [f for balance in balances for f in balance.findings]
        findings += self._outdated(category, balances)
        sequence = _with_isotope(element.sequence, isotope)
        for each in (element, isotope):
            findings += each.findings if each is not None else ()
        return Evaluation(
            self.mba, category, tuple(balances), sequence, tuple(findings), self.asked.text,
            self._through_act(),
        )  # fmt: skip

    def _quantity(self, items: AreaItems, coverage: Coverage, quantity: str) -> _Evaluated:
        errors = propagate(items, coverage, quantity)
        covariance = errors.errors.covariance()
        uses = by_balance(items.uses, len(self.periods))
        found, muf = [], []
        for number, period in enumerate(self.periods):
            total = items.muf[number]
            mg = total.element_mg if quantity == ELEMENT else (total.fissile_mg or 0)
            muf.append(mg)
            question = Question(
                self.mba, items.category, quantity, period, mg, tuple(uses[number]),
                self.options.alpha, tuple(self._limits(period, items.category, quantity)),
                self._expected(period), self.model.items_only,
            )  # fmt: skip
            found.append(conclude(question, errors, number, float(covariance[number, number])))
        sequence, findings = self._sequence(errors, muf, items)
        return _Evaluated(errors, tuple(found), sequence, findings)

    def _limits(self, period: Period, category: Category, quantity: str) -> Iterator[Limit]:
        limits = shipped_limits(self.options.rules, period.end)
        limits += recorded_limits(self.connection, self.metadata, period.end, self.seen)
        return (limit for limit in limits if limit.applies(self.mba, category, quantity))

    def _expected(self, period: Period) -> tuple[float, str, bool] | None:
        if self.options.expected is None:
            return None
        return expected_fraction(self.options.expected, period.end)

    def _sequence(
        self, errors: Propagated, muf_mg: Sequence[int], items: AreaItems
    ) -> tuple[dict[str, Any] | None, tuple[Finding, ...]]:
        """Return the statistics of several balances together, as plain data."""
        if len(muf_mg) < 2 or any(errors.uncovered) or self.model.items_only:
            return None, ()
        if not any(muf_mg) and not any(a.active_kg for a in errors.amounts):
            return None, ()  # nothing is there, or nothing was measured anew
        from keiryo.material_balance.sequence import evaluate_sequence

        found = evaluate_sequence(
            np.array(muf_mg, dtype=np.float64) / MG_PER_KG,
            errors.errors,
            alpha=self.options.alpha,
            active_inventory_kg=np.array([a.active_kg for a in errors.amounts]),
            labels=[f"{p.start} to {p.end}" for p in items.periods],
        )
        return found.to_dict(), tuple(found.findings)

    def _findings(
        self, items: AreaItems, element: _Evaluated, isotope: _Evaluated | None, number: int
    ) -> Iterator[Finding]:
        yield from items.findings[number]
        period = items.periods[number]
        for each in (element, isotope):
            if each is None:
                continue
            for bare in each.errors.uncovered[number]:
                yield _uncovered(self.mba, items.category, period, each.errors.quantity, bare)
        if items.isotopes[number] is None and items.category in (
            Category.ENRICHED,
            Category.UNIFIED,
        ):
            yield Finding(
                "ISOTOPE-NOT-EVALUATED", Severity.WARNING,
                f"the balance to {period.end} is not evaluated for the isotope: some of its lines "
                "state no fissile weight",
                "Give the fissile weight of every line, by corrections.",
                mba=self.mba, category=str(items.category), basis="Code 10, labels 640 to 670",
            )  # fmt: skip
        if self.model.items_only and items.muf[number].element_mg:
            muf = amount(items.muf[number].element_mg / MG_PER_KG)
            yield Finding(
                "ITEM-AREA-MUF", Severity.INCONSISTENCY,
                f"the balance to {period.end} of sealed items has a MUF of {muf}; it must be "
                "exactly zero",
                "Compare the items listed with those on the book, by name and weight: one is "
                "missing, listed twice, or was given another weight.",
                mba=self.mba, category=str(items.category), found=muf, expected="0",
                basis="REGDOC-2.13.1, section 7.4",
            )  # fmt: skip

    def _outdated(
        self, category: Category, balances: Iterable[BalanceEvaluation]
    ) -> Iterator[Finding]:
        for balance in balances:
            recorded = recorded_digest(
                self.connection, self.metadata, self.mba, balance.period, category, self.seen
            )
            if recorded is not None and recorded[1] != balance.inputs_digest:
                yield Finding(
                    "EVALUATION-OUTDATED", Severity.WARNING,
                    f"the balance to {balance.period.end} was evaluated by act {recorded[0]}; "
                    "since then its lines or their measurements have changed",
                    "Record the evaluation again (--record): it corrects the earlier one.",
                    mba=self.mba, category=str(category),
                    basis="an evaluation holds for what was known when it was made",
                )  # fmt: skip

    def _through_act(self) -> int:
        """Return the last act that could have changed the answer."""
        found = [0]
        mine = (INVENTORY_CHANGE, PHYSICAL_INVENTORY, REPORTED_BALANCE)
        others = (STRATUM_METHOD, MEASUREMENT_RESULT, ERROR_SOURCE, CALIBRATION, EVALUATION_LIMIT)
        for kind in (*mine, *others):
            table = self.metadata.tables[kind.name]
            query = select(func.max(table.c.act_id))
            if kind in (*mine, STRATUM_METHOD, MEASUREMENT_RESULT):
                query = query.where(table.c.mba == self.mba)
            if kind in mine:
                query = query.where(known(table, self.seen))
            elif self.seen.through_act is not None:
                query = query.where(table.c.act_id <= self.seen.through_act)
            found.append(int(self.connection.execute(query).scalar() or 0))
        return max(found)


def outdated_evaluations(
    connection: Connection, metadata: MetaData, recorded: Iterable[dict[str, Any]]
) -> set[tuple[int, int]]:
    """Return act and line of those recorded evaluations whose inputs have changed since."""
    rows = list(recorded)
    now: dict[tuple[str, str, str, str], str] = {}
    for mba in sorted({row["mba"] for row in rows}):
        try:
            found = evaluate_area(connection, metadata, mba)
        except UsageError:  # its takings were withdrawn
            continue
        for evaluation in found:
            for b in evaluation.balances:
                key = (mba, str(b.period.start), str(b.period.end), str(b.category))
                now[key] = b.inputs_digest
    return {
        (row["act"], row["line"])
        for row in rows
        if now.get((row["mba"], row["from"], row["to"], row["category"])) != row["inputs_digest"]
    }


@dataclass(frozen=True, slots=True)
class _Evaluated:
    """One quantity over all balances."""

    errors: Propagated
    balances: tuple[QuantityEvaluation, ...]
    sequence: dict[str, Any] | None
    findings: tuple[Finding, ...]


def _with_isotope(
    sequence: dict[str, Any] | None, isotope: _Evaluated | None
) -> dict[str, Any] | None:
    if sequence is None:
        return None
    return {**sequence, "isotope": None if isotope is None else isotope.sequence}


def _categories(
    connection: Connection,
    metadata: MetaData,
    mba: str,
    periods: Iterable[Period],
    knowledge: Knowledge,
) -> list[Category]:
    """Return the categories that the balances have, the main one first."""
    present: set[Category] = set()
    for period in periods:
        lines = computed_lines(connection, metadata, mba, period, knowledge)
        present |= {c for by in lines.values() for c, a in by.items() if not a.is_zero}
    rest = [c for c in Category if c in present and c not in _FIRST]
    return [c for c in _FIRST if c in present] + rest


def _category(text: str, present: Sequence[Category], mba: str) -> Category:
    if text not in list(Category):
        raise UsageError(f"{text!r} is no category", "Give N, D, E, U, P or T.")
    if Category(text) not in present:
        listed = ", ".join(present) or "none"
        raise UsageError(f"the balances of {mba} have no category {text}", f"They have {listed}.")
    return Category(text)


def inputs_digests(items: AreaItems, coverage: Coverage) -> list[str]:
    """Return for each balance the digest of its amounts and of what their errors rest on."""
    behind: dict[int, str] = {}
    digests = [hashlib.sha256(CONVENTION.encode()) for _ in items.periods]
    for use in items.uses:
        number = use.measurement
        if number not in behind:
            behind[number] = repr(_behind(items.measurements[number], coverage))
        content = (
            use.term, use.code, use.sign, use.element_mg, use.fissile_mg, use.line[2:4],
            coverage.stratum(use), behind[number],
        )  # fmt: skip
        digests[use.balance].update(repr(content).encode())
    return [digest.hexdigest() for digest in digests]


def _behind(measurement: Measurement, coverage: Coverage) -> list[Any]:
    """Return what the errors of a measurement rest on."""
    content: list[Any] = [measurement.line[2:4], measurement.original]
    for quantity in (ELEMENT, "isotope"):
        cover = coverage.cover(measurement.number, quantity)
        if cover is None:
            continue
        content.append((cover.samples, cover.analyses, cover.items_only, cover.missing))
        for source in cover.sources:
            result = coverage.result(measurement.number, source.source)
            content.append((source.act, source.line))
            content.append(None if result is None else (result.act, result.line))
            if source.kind == "epoch":
                content.append(coverage.epoch(measurement.number, source))
    return content


_REASONS = {
    "no stratum": (
        "EVALUATION-NO-STRATUM",
        "fit no stratum of the area",
        "Record a stratum that they fit, with its error sources, or with items_only if they "
        "are sealed items.",
    ),
    "no sources": (
        "EVALUATION-NO-SOURCES",
        "are in a stratum without error sources",
        "Give the stratum the error sources of its measurements, or items_only if they are "
        "sealed items.",
    ),
    "not in force": (
        "EVALUATION-SOURCE-NOT-IN-FORCE",
        "were measured on days on which an error source of their stratum is not in force",
        "Record the source for these days, or take it out of the stratum.",
    ),
}


def _uncovered(
    mba: str, category: Category, period: Period, quantity: str, bare: Uncovered
) -> Finding:
    code, words, advice = _REASONS[bare.reason]
    total = amount(sum(use.mg(quantity) for use in bare.uses) / MG_PER_KG)
    what = f" ({bare.what})" if bare.what else ""
    return Finding(
        code, Severity.WARNING,
        f"{len(bare.uses)} lines with {total} ({quantity}) in the balance to {period.end} {words}"
        f"{what}: {batches_of(use.line for use in bare.uses)}",
        advice, mba=mba, category=str(category), found=total,
        basis="the standard deviation of MUF counts every measurement error",
    )  # fmt: skip
