"""Evaluates closed balances of an area: from lines of the books to a verdict.

One balance is a sequence of one. Several are put together with all that they share: a closing
inventory that is measured once and stands in two balances, calibrations that last, reference
standards. The tests of the sequence are those of `keiryo.material_balance`.
"""

from __future__ import annotations

import datetime
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
from keiryo.evaluation import anomalies
from keiryo.evaluation.conclusion import Question, conclude, high_enriched
from keiryo.evaluation.false_alarms import require_alpha
from keiryo.evaluation.items import AreaItems, by_balance, closed_periods, read_items
from keiryo.evaluation.limits import Limit, expected_fraction, recorded_limits, shipped_limits
from keiryo.evaluation.model import (
    ELEMENT,
    BalanceEvaluation,
    Evaluation,
    Options,
    QuantityEvaluation,
    Use,
)
from keiryo.evaluation.propagation import MG_PER_KG, Propagated, propagate
from keiryo.evaluation.recorded import amounts_digests, inputs_digest, options_of, recorded_digest
from keiryo.evaluation.sealed_items import ItemComparison, compare_items, rebatched_lines
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

__all__ = ["Options", "evaluate_area", "evaluate_balance", "outdated_evaluations"]

_FIRST = (Category.ENRICHED,)


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
        If there is no closed balance, the category or a rule is none, or the false-alarm
        probability is out of bounds (`false_alarms.require_alpha`).
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
    require_alpha(chosen.alpha)
    asked = knowledge or Knowledge()
    _require_act(connection, metadata, asked.through_act)
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


def _require_act(connection: Connection, metadata: MetaData, act: int | None) -> None:
    """Refuse to go back to an act that was never recorded."""
    if act is None:
        return
    table = metadata.tables["act"]
    last = int(connection.execute(select(func.max(table.c.act_id))).scalar() or 0)
    if act > last:
        raise UsageError(f"there is no act {act}", f"The last act is {last}.")


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
        count = range(len(self.periods))
        compared = [self._compared(items, coverage, number) for number in count]
        element = self._quantity(items, coverage, ELEMENT, compared)
        isotopes = sorted({name for name in items.isotopes if name is not None})
        isotope = None
        if len(isotopes) == 1:
            isotope = self._quantity(items, coverage, isotopes[0], compared, element)
        balances = []
        amounts = amounts_digests(items, coverage)
        for number, period in enumerate(self.periods):
            has = isotope if isotope is not None and items.isotopes[number] is not None else None
            evaluated = [element] if has is None else [element, has]
            balances.append(
                BalanceEvaluation(
                    self.mba,
                    category,
                    period,
                    element.balances[number],
                    None if has is None else has.balances[number],
                    tuple(self._findings(items, evaluated, number, compared[number])),
                    self._digest(amounts[number], period, category, self.options),
                )
            )
        findings = [f for balance in balances for f in balance.findings]
        findings += self._outdated(category, amounts, balances)
        sequence = _with_isotope(element.sequence, isotope)
        for each in (element, isotope):
            if each is not None:
                findings += each.findings
                alarms = () if each.sequence is None else each.sequence["alarms"]
                findings += anomalies.of_sequence(
                    self.mba, category, self.periods, each.errors.quantity, alarms
                )
        verdict = anomalies.sequence_verdict(self.mba, category, self.periods, sequence)
        return Evaluation(
            self.mba, category, tuple(balances), sequence, tuple(findings), self.asked.text,
            self._through_act(), *(verdict or (None, None)),
        )  # fmt: skip

    def _quantity(
        self,
        items: AreaItems,
        coverage: Coverage,
        quantity: str,
        compared: Sequence[ItemComparison | None],
        element: _Evaluated | None = None,
    ) -> _Evaluated:
        errors = propagate(items, coverage, quantity)
        covariance = errors.errors.covariance()
        uses = by_balance(items.uses, len(self.periods))
        found, muf = [], []
        for number, period in enumerate(self.periods):
            total = items.muf[number]
            mg = total.element_mg if quantity == ELEMENT else (total.fissile_mg or 0)
            muf.append(mg)
            limits, skipped = self._limits(period, items.category, quantity, uses[number])
            each = compared[number]
            said = () if element is None else element.balances[number].assumptions
            question = Question(
                self.mba, items.category, quantity, period, mg, tuple(uses[number]),
                self.options.alpha, limits, self._expected(period), self.model.items_only,
                isotope=items.isotopes[number], balances=len(self.periods),
                items_differ=each is not None and each.differ, said=frozenset(said),
                notes=(*skipped, *(() if each is None else each.assumed)),
            )  # fmt: skip
            found.append(conclude(question, errors, number, float(covariance[number, number])))
        sequence, findings = self._sequence(errors, muf, items)
        return _Evaluated(errors, tuple(found), sequence, findings)

    def _limits(
        self, period: Period, category: Category, quantity: str, uses: Sequence[Use]
    ) -> tuple[tuple[Limit, ...], tuple[str, ...]]:
        """Return the limits of a balance, and a note on those of another enrichment."""
        limits = shipped_limits(self.options.rules, period.end)
        limits += recorded_limits(self.connection, self.metadata, period.end, self.seen)
        own = [limit for limit in limits if limit.applies(self.mba, category, quantity)]
        heu = [high_enriched(use) or "U-233" in quantity for use in uses]
        fits = {x: x.fits(category, high=any(heu), low=not all(heu)) for x in own}
        skipped = [x for x in own if not fits[x]]
        notes = tuple(
            f"Not applied, because no uranium of the balance is {x.enrichment}-enriched: {x.name}."
            for x in skipped
        )
        return tuple(x for x in own if fits[x]), notes

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
        from keiryo.material_balance.simulated_thresholds import simulated_thresholds

        found = evaluate_sequence(
            np.array(muf_mg, dtype=np.float64) / MG_PER_KG,
            errors.errors,
            alpha=self.options.alpha,
            thresholds=simulated_thresholds(
                errors.errors.covariance(),
                self.options.alpha,
                realizations=self.options.realizations,
            ),
            active_inventory_kg=np.array([a.active_kg for a in errors.amounts]),
            labels=[f"{p.start} to {p.end}" for p in items.periods],
        )
        other = [f for f in found.findings if f.code != "MUF-WITHOUT-ERROR"]  # said by balance
        plain = found.to_dict()
        plain["findings"] = [f for f in plain["findings"] if f["code"] != "MUF-WITHOUT-ERROR"]
        return plain, tuple(other)

    def _findings(
        self,
        items: AreaItems,
        evaluated: Sequence[_Evaluated],
        number: int,
        compared: ItemComparison | None,
    ) -> Iterator[Finding]:
        yield from items.findings[number]
        period, category = items.periods[number], items.category
        place = (self.mba, category, period)
        for each in evaluated:
            for bare in each.errors.uncovered[number]:
                yield anomalies.uncovered(*place, each.errors.quantity, bare)
        if items.isotopes[number] is None and category in (Category.ENRICHED, Category.UNIFIED):
            yield anomalies.isotope_not_evaluated(*place)
        quantities = [each.balances[number] for each in evaluated]
        if self.model.items_only:
            yield from anomalies.of_items(*place, quantities, compared)
            return
        if compared is not None:
            yield from anomalies.sealed_among_bulk(*place, compared)
        differences = [
            use
            for use in items.uses
            if use.balance == number and use.measurement in items.differences
        ]
        for quantity in quantities:
            yield from anomalies.of_verdict(*place, quantity)
            yield from anomalies.without_error(*place, quantity, differences)

    def _compared(self, items: AreaItems, coverage: Coverage, number: int) -> ItemComparison | None:
        """Compare the sealed items of a balance; None if it has none."""
        own = [
            use
            for use in items.uses
            if use.balance == number and use.measurement not in items.differences
        ]

        def sealed(use: Use) -> bool:
            cover = coverage.cover(use.measurement, ELEMENT)
            return cover is not None and cover.items_only

        mixed = not self.model.items_only
        if mixed and not any(sealed(use) for use in own):
            return None
        rebatched = rebatched_lines(
            self.connection, self.metadata, self.mba, items.category, items.periods[number],
            self.seen,
        )  # fmt: skip
        return compare_items(own, rebatched, items.category, sealed=sealed if mixed else None)

    def _digest(self, amounts: str, period: Period, category: Category, how: Options) -> str:
        """Return the digest of what goes into the evaluation of a balance, made in some way."""
        limits = shipped_limits(how.rules, period.end)
        limits += recorded_limits(self.connection, self.metadata, period.end, self.seen)
        own = (x for x in limits if x.mba in (None, self.mba) and str(category) in x.categories)
        expected = None if how.expected is None else expected_fraction(how.expected, period.end)
        return inputs_digest(amounts, own, how, expected)

    def _outdated(
        self, category: Category, amounts: Iterable[str], balances: Iterable[BalanceEvaluation]
    ) -> Iterator[Finding]:
        for own, balance in zip(amounts, balances, strict=True):
            recorded = recorded_digest(
                self.connection, self.metadata, self.mba, balance.period, category, self.seen
            )
            if recorded is None:
                continue
            act, digest, how = recorded
            try:
                now = self._digest(own, balance.period, category, how)
            except UsageError:  # rules or a type of facility that are no longer shipped
                now = ""
            if now != digest:
                yield Finding(
                    "EVALUATION-OUTDATED", Severity.WARNING,
                    f"the balance to {balance.period.end} was evaluated by act {act}; since then "
                    "its lines, their measurements, the limits or the way of computing have "
                    "changed",
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
    made = options_of(connection, metadata, [(row["act"], row["line"]) for row in rows])
    now: dict[tuple[Any, ...], str] = {}
    asked = {(row["mba"], made[row["act"], row["line"]]) for row in rows}
    for mba, how in sorted(asked, key=repr):
        try:
            found = evaluate_area(connection, metadata, mba, options=how)
        except UsageError:  # its takings were withdrawn, or rules are no longer shipped
            continue
        for evaluation in found:
            for b in evaluation.balances:
                key = (mba, how, str(b.period.start), str(b.period.end), str(b.category))
                now[key] = b.inputs_digest
    stale = set()
    for row in rows:
        line = (row["act"], row["line"])
        key = (row["mba"], made[line], row["from"], row["to"], row["category"])
        if now.get(key) != row["inputs_digest"]:
            stale.add(line)
    return stale


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
